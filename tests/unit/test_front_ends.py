"""Which front end reads a file, and what that makes of settings, keys and limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ray_lineage.compile import CompileOptions, compile_source, needs_name, registry, version_of
from ray_lineage.compile.frontend import Content, FrontEnd, Source
from ray_lineage.compile.sqlfile import SQL
from ray_lineage.errors import SettingsError
from ray_lineage.model import FileFacts, SourceFile
from ray_lineage.runtime.plan import Rules, scan_options
from ray_lineage.settings import FolderRule, Settings


def _status(status: str) -> FrontEnd:
    def compile_(source: Source, options: CompileOptions) -> FileFacts:
        return FileFacts("", status, diagnostics=source.diagnostics)

    def claims(stem: str, content: Content) -> bool:
        return stem == status or (isinstance(content, bytes) and status.encode() in content)

    return FrontEnd(f"json-{status}", 1, (".json",), compile_, claims, binary=True, max_size=50_000_000, embeds=(SQL,))


@pytest.fixture
def more(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "FRONT_ENDS", (SQL, _status("partial"), _status("failed")))
    registry.with_suffix.cache_clear()
    yield
    registry.with_suffix.cache_clear()


@pytest.mark.parametrize("suffix", registry.suffixes_of(registry.FORMATS))
def test_what_a_format_is_known_by_is_one_ending(suffix: str) -> None:
    assert suffix == suffix.lower() and suffix.rfind(".") == 0
    assert registry.formats_of(f"models/a.b{suffix.upper()}") == registry.formats_of(f"models/x{suffix}") != ()


def read(content: bytes, stem: str = "x") -> str:
    formats = registry.formats_of("a/x.JSON", ("sql", "json-partial", "json-failed"))
    return compile_source(content, CompileOptions(model=stem, formats=formats)).status


@pytest.mark.usefixtures("more")
def test_of_several_front_ends_the_first_that_claims_a_file_reads_it() -> None:
    assert read(b"failed partial") == "partial"
    assert read(b"failed") == "failed"
    assert read(b"", stem="failed") == "failed"
    assert read(b"something else") == "skipped"


@pytest.mark.usefixtures("more")
def test_a_file_that_only_one_format_can_be_is_read_as_that() -> None:
    options = CompileOptions(formats=("json-failed",))
    assert compile_source(b"", options).status == "failed"
    assert not needs_name(b"", options)


@pytest.mark.usefixtures("more")
def test_a_format_is_known_by_its_suffix_and_anything_else_is_sql() -> None:
    every = ("sql", "json-partial", "json-failed")
    assert registry.formats_of("a.sql", every) == registry.formats_of("a.txt", every) == ("sql",)
    assert registry.formats_of("a.json", every) == every[1:]
    assert registry.formats_of("a.json", ("sql",)) == ()
    assert registry.suffixes_of(("json-failed",)) == (".json",)
    assert registry.max_size_of(("json-failed",), 10) == 50_000_000
    assert registry.max_size_of(("sql",), 10) == 10


@pytest.mark.usefixtures("more")
def test_a_version_names_all_that_facts_depend_on() -> None:
    assert SQL.version.startswith(f"sql{SQL.revision}+sqlglot")
    assert version_of(("json-partial",)) == f"json-partial1+{SQL.version}"


def test_front_ends_of_one_suffix_all_read_bytes_or_none() -> None:
    for suffix in registry.suffixes_of(registry.FORMATS):
        assert len({f.binary for f in registry.FRONT_ENDS if suffix in f.suffixes}) == 1


def found(path: str, size: int = 10) -> SourceFile:
    return SourceFile(path, "/", path, size, 0, 0, 0, 2)


def test_settings_say_which_files_are_looked_at() -> None:
    assert scan_options(Settings()).suffixes == registry.suffixes_of(registry.FORMATS)
    assert scan_options(Settings(inputs=("sql",))).suffixes == SQL.suffixes
    assert scan_options(Settings(suffixes=(".q",))).suffixes == (".q",)


def test_a_folder_may_leave_a_format_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray_lineage.runtime.plan.FORMATS", ("sql", "none"))
    rules = Rules(Settings(folders=(FolderRule(path="docs", inputs=("none",)),)))
    assert rules.task(found("docs/a.sql"), "") is None
    task = rules.task(found("a.sql"), "")
    assert task is not None and task.options.formats == ("sql",)


def test_a_format_that_nobody_reads_is_refused() -> None:
    with pytest.raises(SettingsError, match="no such format of input: 'cobol'"):
        Rules(Settings(inputs=("cobol",)))


def test_a_limit_that_is_set_holds_for_every_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray_lineage.runtime.plan.max_size_of", lambda formats, usual: 2_000_000)
    assert Rules(Settings()).limit(("python",)) == 2_000_000
    assert Rules(Settings(max_file_size=5, written=frozenset({"max_file_size"}))).limit(("python",)) == 5
