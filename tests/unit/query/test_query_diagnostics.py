"""What the graph holds of diagnostics, what a run reports of them, and what did not make it whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.cli.findings import print_found
from ray_lineage.graph.open import open_store
from ray_lineage.model import FileDiagnostic
from ray_lineage.query.diagnostics import Ignored, Stored, below, by_file, chosen, stored
from ray_lineage.query.failures import Failure, failed_files, note_unread, unread_files
from ray_lineage.runtime import parse
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.parse import SoftTimeout
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.settings import Settings, load_settings

FILES = {
    "good.sql": b"CREATE VIEW v AS SELECT a FROM t",
    "broken/part.sql": b"CREATE VIEW w AS SELECT a FROM v;\nSELECT FROM WHERE;\nSELECT a b c d FROM;",
    "broken/all.sql": b"SELECT FROM WHERE",
    "legacy/dynamic.sql": b"CREATE PROCEDURE p AS BEGIN EXEC(@x) END",
    "legacy/latin.sql": b"SELECT a FROM t -- a\xf1o",
    "binary.sql": b"\x7fELF\0\0\0\1",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, data in FILES.items():
        (tmp_path / "sql" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sql" / path).write_bytes(data)
    return tmp_path / "sql"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    flags = {"data_dir": str(tmp_path / "data"), "ingest_workers": 0, "dialect": "tsql"}
    return load_settings(flags, cwd=str(tmp_path), environ={}).settings


def told(summary: IngestSummary) -> list[tuple[str, int, str]]:
    return sorted((f.path, f.line, f.code) for f in summary.findings)


def test_every_run_reports_what_the_graph_holds(root: Path, settings: Settings) -> None:
    """The first, one that finds nothing to do, one that finds a single file to do, and one that writes all again."""
    first = ingest(settings, [str(root)])
    assert {f.path for f in first.findings} >= {"broken/part.sql", "broken/all.sql", "legacy/latin.sql", "binary.sql"}
    assert first.diagnostics == Counter(f.code for f in first.findings)
    unchanged = ingest(settings, [str(root)])
    assert unchanged.unchanged == len(FILES)
    (root / "good.sql").write_bytes(FILES["good.sql"] + b"\n")
    edited = ingest(settings, [str(root)])
    assert edited.files_written == 1
    full = ingest(settings, [str(root)], full=True)
    for other in (unchanged, edited, full):
        assert other.settled
        assert (told(other), other.diagnostics, other.severities) == (told(first), first.diagnostics, first.severities)


def test_what_is_mended_is_reported_no_more(root: Path, settings: Settings) -> None:
    ingest(settings, [str(root)])
    (root / "broken/all.sql").write_bytes(b"SELECT a FROM t")
    after = ingest(settings, [str(root)])
    assert "broken/all.sql" not in {f.path for f in after.findings}
    assert "broken/part.sql" in {f.path for f in after.findings}


def test_what_is_ignored_is_in_no_report_and_in_the_graph(root: Path, settings: Settings) -> None:
    first = ingest(settings, [str(root)])
    quiet = replace(settings, ignore_diagnostics=("RL013:legacy", "RL10*"))
    for _ in range(2):
        found = ingest(quiet, [str(root)])
        codes = {f.code for f in found.findings}
        assert "RL013" not in codes
        assert not any(code.startswith("RL10") for code in codes)
        assert set(found.diagnostics) == codes
    assert told(ingest(settings, [str(root)])) == told(first)


def test_the_graph_is_asked_by_file_code_and_severity(root: Path, settings: Settings) -> None:
    ingest(settings, [str(root)])
    store = open_store(settings, read_only=True)
    files = by_file(store, None)
    store.close()
    every = list(stored(files))
    nothing = Ignored(())

    def paths(paths: Sequence[str] = (), **asked: object) -> set[str]:
        wanted = {file for path in paths for file in below(path, files)} or set(files)
        found = stored({file: files[file] for file in wanted})
        return {s.found.path for s in chosen(found, nothing, **asked)}  # type: ignore[arg-type]

    assert paths(codes=["rl013"]) == {"legacy/latin.sql"}
    assert paths(paths=["broken"]) == {"broken/part.sql", "broken/all.sql"}
    assert paths(paths=["*/latin.sql"]) == {"legacy/latin.sql"}
    assert paths(least="error") == {"broken/part.sql", "broken/all.sql"}
    assert chosen(every, nothing) == sorted(chosen(every, nothing), key=lambda s: (s.project, s.found))
    assert chosen(every, Ignored(["RL*"])) == []


def test_a_path_means_files_of_the_graph_also_behind_the_folder_that_was_ingested() -> None:
    files = [("wwi", "Sales/a.sql"), ("wwi", "b.sql"), ("other", "Sales/a.sql")]
    assert below("Sales", files) == {("wwi", "Sales/a.sql"), ("other", "Sales/a.sql")}
    assert below("wwi", files) == {("wwi", "Sales/a.sql"), ("wwi", "b.sql")}
    assert below("/repos/wwi/Sales", files) == {("wwi", "Sales/a.sql")}
    assert below(".", files) == set(files)
    assert below("wwi/b.sq", files) == below("Sale", files) == set()


@given(
    st.text(alphabet="RL01*:/ab", max_size=8), st.text(alphabet="RL01", max_size=5), st.text(alphabet="ab/", max_size=4)
)
def test_any_rule_can_be_read(rule: str, code: str, path: str) -> None:
    assert Ignored([rule]).hides(code, path) in (True, False)


@pytest.mark.parametrize(
    ("rule", "code", "path", "hidden"),
    [
        ("RL110", "RL110", "a/b.sql", True),
        ("RL110", "RL111", "a/b.sql", False),
        ("RL1*", "RL111", "a/b.sql", True),
        ("RL110:a", "RL110", "a/b.sql", True),
        ("RL110:a", "RL110", "ab/b.sql", False),
        ("RL110:*/old", "RL110", "x/old/b.sql", True),
        ("*:legacy", "RL301", "legacy/x.sql", True),
    ],
)
def test_ignoring(rule: str, code: str, path: str, hidden: bool) -> None:
    assert Ignored([rule]).hides(code, path) == hidden


def test_failures_name_all_that_is_not_whole_with_what_to_do(root: Path, settings: Settings) -> None:
    ingest(settings, [str(root)])
    found = {f.path: f for f in failed_files(settings)}
    assert {p: f.kind for p, f in found.items()} == {
        "broken/all.sql": "failed",
        "broken/part.sql": "partial",
        "binary.sql": "skipped",
    }
    assert all(f.help and f.code and f.message for f in found.values())
    assert found["broken/part.sql"].line == 2


def test_failures_name_what_was_given_up_until_it_is_read(
    root: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(parse, "compile_source", lambda *_: (_ for _ in ()).throw(SoftTimeout()))
        ingest(settings, [str(root)])
    found = unread_files(settings.data_dir, "")
    assert {(f.kind, f.code) for f in found} == {("given up", "RL190")}
    assert "good.sql" in {f.path for f in found}
    assert unread_files(settings.data_dir, "other") == []
    ingest(settings, [str(root)])
    assert unread_files(settings.data_dir, "") == []


def test_the_notes_of_projects_do_not_mix(tmp_path: Path) -> None:
    folder = str(tmp_path)
    note_unread(
        folder,
        "p",
        [FileDiagnostic("a.sql", 0, 0, "RL004", "error", "no"), FileDiagnostic("b.sql", 1, 1, "RL102", "error", "x")],
    )
    note_unread(folder, "q", [FileDiagnostic("a.sql", 0, 0, "RL191", "error", "no")])
    assert [(f.project, f.path, f.kind) for f in sorted(unread_files(folder, ""))] == [
        ("q", "a.sql", "given up"),
        ("p", "a.sql", "unreadable"),
    ]
    note_unread(folder, "p", [])
    assert [f.project for f in unread_files(folder, "")] == ["q"]


def test_kinds_are_sorted_the_worst_first() -> None:
    kinds = ["skipped", "partial", "failed", "unreadable", "given up", "dead letter", "quarantined"]
    found = sorted(Failure(kind, "p", "a", "RL1", "m") for kind in kinds)
    assert [f.kind for f in found] == kinds[::-1]


def test_annotations_for_github_cannot_be_left(capsys: pytest.CaptureFixture[str]) -> None:
    found = FileDiagnostic("a,b:c%.sql", 3, 0, "RL102", "error", "bad\n::error::x 100 %")
    print_found([Stored("p", found)], "github")
    written = "::error file=a%2Cb%3Ac%25.sql,line=3,title=RL102::bad\\n::error::x 100 %25\n"
    assert capsys.readouterr().out == written


@pytest.mark.parametrize(
    ("line", "column", "place"), [(0, 0, "a.sql"), (3, 0, "a.sql:3"), (3, 7, "a.sql:3:7"), (0, 7, "a.sql")]
)
def test_a_place_is_as_exact_as_it_is_known(line: int, column: int, place: str) -> None:
    assert FileDiagnostic("a.sql", line, column, "RL102", "error", "m").place == place
