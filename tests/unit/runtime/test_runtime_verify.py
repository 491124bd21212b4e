"""The graph against the files: every way in which they can differ is told, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ray_lineage.cli.main import main
from ray_lineage.errors import StoreUnavailable, UsageError
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.model import TRANSFORMATIONS, Diagnostic, FileFacts, FileState, encode_facts
from ray_lineage.runtime import parse
from ray_lineage.runtime import verify as module
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.load import open_cache
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.verify import compare, differences, verify
from ray_lineage.settings import Settings, load_settings
from tests.environment import PROJECT

FILES = {
    "a.sql": "CREATE TABLE raw.t (a int, b int)",
    "b.sql": "CREATE VIEW core.v AS SELECT * FROM raw.t",
    "c.sql": "INSERT INTO mart.m (x) SELECT SUM(a) FROM core.v WHERE b = 1",
}


@pytest.fixture
def sql(tmp_path: Path) -> Path:
    folder = tmp_path / "sql"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def settings(tmp_path: Path, sql: Path) -> Settings:
    flags = {"data_dir": str(tmp_path / "data"), "dialect": "postgres", "executor": "local", "ingest_workers": 0}
    found = load_settings(flags, cwd=str(tmp_path), environ={}).settings
    ingest(found, [str(sql)])
    return found


def contents(folder: str) -> dict[str, bytes]:
    """Every file of the data folder but the cache's own."""
    files = (p for p in Path(folder).rglob("*") if p.is_file() and "parse_cache" not in str(p))
    return {str(p): p.read_bytes() for p in files}


@pytest.mark.parametrize("deep", [False, True])
def test_equal_and_nothing_is_written(settings: Settings, sql: Path, deep: bool) -> None:
    before = contents(settings.data_dir)
    found = verify(settings, [str(sql)], deep=deep)
    assert (found.equal, found.settled, found.files, found.deep, found.rows) == (True, True, 3, deep, {})
    assert contents(settings.data_dir) == before


def test_each_difference_has_its_list(settings: Settings, sql: Path) -> None:
    (sql / "c.sql").write_text("INSERT INTO mart.m (x) SELECT MAX(a) FROM core.v")
    (sql / "d.sql").write_text("SELECT 1")
    (sql / "b.sql").unlink()
    found = verify(settings, [str(sql)])
    assert (found.equal, found.missing, found.differing, found.extra) == (False, ["d.sql"], ["c.sql"], ["b.sql"])
    assert found.counts == {"missing": 1, "differing": 1, "extra": 1, "unreadable": 0}


def test_what_another_file_changes_is_seen(settings: Settings, sql: Path) -> None:
    (sql / "a.sql").write_text("CREATE TABLE raw.t (a int, b int, c int)")
    assert verify(settings, [str(sql)]).differing == ["a.sql", "b.sql"]


def test_a_change_that_keeps_size_and_times_is_seen(settings: Settings, sql: Path) -> None:
    info = (sql / "a.sql").stat()
    (sql / "a.sql").write_text("CREATE TABLE raw.t (a int, c int)")
    os.utime(sql / "a.sql", ns=(info.st_atime_ns, info.st_mtime_ns))
    assert "a.sql" in verify(settings, [str(sql)]).differing


def test_a_row_that_was_tampered_with_is_found_by_the_deep_comparison(settings: Settings, sql: Path) -> None:
    store = SqliteStore(os.path.join(settings.data_dir, "graph.db"))
    aggregation = TRANSFORMATIONS.index("aggregation")
    store._connection.execute("DELETE FROM flows_to WHERE transformation = ?", (aggregation,))
    store.close()
    assert verify(settings, [str(sql)]).equal
    found = verify(settings, [str(sql)], deep=True)
    assert not found.equal
    assert list(found.rows) == ["FLOWS_TO"]
    assert (found.rows["FLOWS_TO"].missing, found.rows["FLOWS_TO"].extra) == (1, 0)
    assert "mart.m.x" in found.rows["FLOWS_TO"].example_missing


def test_dialects_that_are_detected(tmp_path: Path) -> None:
    """The example has files of two dialects, some of which say so only by the folder that they are in."""
    example = PROJECT / "examples" / "lumen_books"
    flags = {"data_dir": str(tmp_path / "data"), "executor": "local", "ingest_workers": 0}
    found = load_settings(flags, cwd=str(tmp_path), environ={}).settings
    ingest(found, [str(example)])
    verdict = verify(found, [str(example)], deep=True)
    assert verdict.equal, verdict


def test_a_poisoned_cache_deceives_nobody(settings: Settings, sql: Path) -> None:
    cache = open_cache(settings)
    assert cache is not None
    plan = Plan(settings, [str(sql)])
    plan.read()
    lie = encode_facts(FileFacts("postgres", "ok"))
    for task in plan.tasks:
        sha256 = hashlib.sha256((sql / task.file.name).read_bytes()).hexdigest()
        cache.put_many([(task.key(sha256), lie)])
    cache.close()
    assert verify(settings, [str(sql)]).equal


def test_a_file_that_was_set_aside_is_not_compiled_here(
    settings: Settings, sql: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sql / "killer.sql").write_text("SELECT killer")
    plan = Plan(settings, [str(sql)])
    plan.read()
    task = next(t for t in plan.tasks if t.file.path == "killer.sql")
    sha256 = hashlib.sha256(b"SELECT killer").hexdigest()
    aside = FileFacts("", "failed", diagnostics=(Diagnostic("RL193", "error", "it killed the parser three times"),))
    cache = open_cache(settings)
    assert cache is not None
    cache.put_many([(task.key(sha256), encode_facts(aside))])
    cache.close()
    ingest(settings, [str(sql)])

    def compile_bytes(data: bytes, *rest: Any) -> Any:
        assert b"killer" not in data, "this would have killed the process"
        return real(data, *rest)

    real = parse.compile_bytes
    monkeypatch.setattr(parse, "compile_bytes", compile_bytes)
    assert verify(settings, [str(sql)], deep=True).equal


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is unreadable for root")
def test_of_what_cannot_be_read_nothing_is_said(settings: Settings, sql: Path) -> None:
    (sql / "b.sql").chmod(0)
    found = verify(settings, [str(sql)])
    assert (found.equal, found.unreadable, found.differing, found.extra) == (False, ["b.sql"], [], [])


def test_lists_are_bounded_and_counts_are_not(settings: Settings, sql: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LISTED", 2)
    for n in range(5):
        (sql / f"new{n}.sql").write_text("SELECT 1")
    found = verify(settings, [str(sql)])
    assert (found.missing, found.counts["missing"]) == (["new0.sql", "new1.sql"], 5)


def test_a_run_that_did_not_finish_is_told(settings: Settings, sql: Path) -> None:
    store = SqliteStore(os.path.join(settings.data_dir, "graph.db"))
    store.apply("sql", store.acquire("sql"), [], ["c.sql"])
    store.close()
    found = verify(settings, [str(sql)])
    assert (found.equal, found.settled, found.missing) == (False, False, ["c.sql"])


def test_what_is_not_there(settings: Settings, tmp_path: Path, sql: Path) -> None:
    with pytest.raises(UsageError):
        verify(settings, [str(tmp_path / "nowhere")])
    with pytest.raises(StoreUnavailable):
        verify(replace(settings, store=str(tmp_path / "none.db")), [str(sql)])


@pytest.mark.parametrize(
    ("fingerprints", "stored", "unreadable", "expected"),
    [
        ({}, {}, set(), ([], [], [], [])),
        ({"a": "1"}, {"a": "1"}, set(), ([], [], [], [])),
        ({"a": "1"}, {"a": ""}, set(), (["a"], [], [], [])),
        ({"a": "1"}, {"a": "2"}, set(), ([], ["a"], [], [])),
        ({"b": "1"}, {"a": "2"}, set(), (["b"], [], ["a"], [])),
        ({"a": "1"}, {"a": "2"}, {"a"}, ([], [], [], ["a"])),
        ({}, {"a": "2"}, {"a"}, ([], [], [], ["a"])),
    ],
)
def test_compare(
    fingerprints: dict[str, str], stored: dict[str, str], unreadable: set[str], expected: tuple[list[str], ...]
) -> None:
    states = {p: FileState(p, "", f, "ok") for p, f in stored.items()}
    found = compare(fingerprints, states, unreadable)
    assert tuple(found[k] for k in ("missing", "differing", "extra", "unreadable")) == expected


def test_differences_are_those_of_multisets() -> None:
    assert differences([("a",), ("b",)], [("b",), ("a",)]) is None
    found = differences([("a", None), ("a", None)], [("a", None), ("c", 1)])
    assert found is not None
    assert (found.missing, found.extra) == (1, 1)
    assert (found.example_missing, found.example_extra) == ("('a', None)", "('c', 1)")


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    return int(end.value.code or 0)


def test_the_command(
    settings: Settings, sql: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAY_LINEAGE_DIALECT", "postgres")
    assert run(tmp_path, monkeypatch, "verify", "--json", "--deep", "sql") == 0
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert json.loads(line)["equal"] is True
    (sql / "a.sql").write_text("CREATE TABLE raw.t (z int)")
    assert run(tmp_path, monkeypatch, "verify", "--deep", "sql") == 1
    assert "a.sql" in capsys.readouterr().out
    assert run(tmp_path, monkeypatch, "verify", "--store", "none.db", "sql") == 3
