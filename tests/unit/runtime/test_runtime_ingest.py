"""A run in one process on the embedded store: exactness after edits, guards, what cannot be read, and stopping."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from benchmarks.generate import generate
from benchmarks.truth import compare
from ray_lineage.errors import StoreRefused
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.ownfolder import own_folder
from ray_lineage.query.projects import list_projects
from ray_lineage.runtime import parse
from ray_lineage.runtime.datadir import prepare_data_dir
from ray_lineage.runtime.here import run_here
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.runtime.supervise import Job, Order
from ray_lineage.runtime.verify import verify
from ray_lineage.settings import Settings, load_settings


def settings(folder: Path, **more: object) -> Settings:
    return load_settings(
        {
            "data_dir": str(folder / "data"),
            "executor": "local",
            "ingest_workers": 0,
            "project": "p",
            "dialect": "postgres",
            **more,
        },
        environ={},
    ).settings


def write(root: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        path = root / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def dump(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    store = SqliteStore(str(folder / "data" / "graph.db"), read_only=True)
    found = store.dump("p")
    store.close()
    return found


def accounted(summary: IngestSummary) -> None:
    assert sum(summary.by_status.values()) == summary.files
    aside = summary.by_status.get("unreadable", 0)
    assert summary.files_written + summary.unchanged + aside == summary.files


FILES: dict[str, str | None] = {
    "t.sql": "CREATE TABLE t (a int, b int)",
    "v.sql": "CREATE VIEW v AS SELECT * FROM t",
    "w.sql": "INSERT INTO w SELECT a, b FROM v",
    "f/bad.sql": "SELECT FROM WHERE; DELETE FROM w WHERE a = 1",
}


def test_edits_give_what_a_clean_ingest_gives(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, FILES)
    first = ingest(settings(tmp_path), [str(root)])
    accounted(first)
    assert (first.files, first.compiled, first.by_status) == (4, 4, {"ok": 3, "partial": 1})
    write(
        root,
        {"t.sql": "CREATE TABLE t (a int, b int, c int)", "w.sql": None, "n.sql": "CREATE VIEW n AS SELECT c FROM v"},
    )
    again = ingest(settings(tmp_path), [str(root)])
    accounted(again)
    assert again.removed == 1
    clean = tmp_path / "clean"
    ingest(settings(clean), [str(root)])
    assert dump(tmp_path) == dump(clean)


def test_nothing_changed_means_nothing_is_done(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, FILES)
    for path in root.rglob("*.sql"):  # old enough for the stat index to trust it
        os.utime(path, (1_700_000_000, 1_700_000_000))
    ingest(settings(tmp_path), [str(root)])
    index = next((tmp_path / "data" / ".cache").glob("stat_index.*"))
    again = ingest(settings(tmp_path), [str(root)])
    if (
        again.unchanged != 4
    ):  # the change time is that of the write, so the first runs may be racy: not ours to wait for
        assert again.rows_written == 0
    assert index.exists()
    assert (again.rows_written, again.removed) == (0, 0)
    assert again.diagnostics == {"RL102": 1}
    assert again.by_status == {"ok": 3, "partial": 1}


def test_the_cache_never_changes_the_result(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, FILES)
    ingest(settings(tmp_path), [str(root)])
    graphs = [dump(tmp_path)]
    for name, change in (("warm", {}), ("without", {"enable_parse_cache": False})):
        other = tmp_path / name
        if name == "warm":  # moved: a copy is not ours, and would not be used
            own_folder(str(other / "data")).close()
            (tmp_path / "data" / ".cache").rename(other / "data" / ".cache")
        summary = ingest(settings(other, **change), [str(root)])
        assert summary.cache_hits == (4 if name == "warm" else 0)
        graphs.append(dump(other))
    assert graphs[0] == graphs[1] == graphs[2]


def test_mass_removal_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, {f"{i}.sql": "SELECT 1" for i in range(50)})
    ingest(settings(tmp_path), [str(root)])
    before = dump(tmp_path)
    write(root, {f"{i}.sql": None for i in range(40)})
    with pytest.raises(StoreRefused) as caught:
        ingest(settings(tmp_path), [str(root)])
    assert caught.value.code == "RL223"
    assert dump(tmp_path) == before
    assert ingest(settings(tmp_path, max_delete_percent=100), [str(root)]).removed == 40


def test_an_unreadable_file_keeps_its_contribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "sql"
    write(root, FILES)
    ingest(settings(tmp_path), [str(root)])
    before = dump(tmp_path)
    real = parse.read_bytes

    def refuse(file: object, limit: int) -> bytes:
        if getattr(file, "path", "") == "v.sql":
            raise parse.SourceFault("unreadable", parse.Diagnostic("RL004", "error", "cannot be read"))
        return real(file, limit)  # type: ignore[arg-type]

    monkeypatch.setattr(parse, "read_bytes", refuse)  # tests may run as root, who may read everything
    summary = ingest(settings(tmp_path), [str(root)])
    accounted(summary)
    assert summary.by_status["unreadable"] == 1
    assert not summary.settled
    assert dump(tmp_path) == before


def test_an_unreadable_file_stays_in_the_dialect_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "sql"
    strong = "CREATE PROCEDURE [dbo].[p{0}] AS BEGIN SET NOCOUNT ON; SELECT TOP 1 a INTO #x FROM [dbo].[t{0}] WITH (NOLOCK) END\nGO\n"
    write(root, {**{f"s{n}.sql": strong.format(n) for n in range(4)}, "weak.sql": "CREATE VIEW v AS SELECT a FROM t"})
    ingest(settings(tmp_path, dialect=None), [str(root)])
    before = dump(tmp_path)
    assert {row[2]: row[4] for row in before["File"]}["weak.sql"] == "tsql"
    real = parse.read_bytes

    def refuse(file: object, limit: int) -> bytes:
        if getattr(file, "path", "") == "weak.sql":
            raise parse.SourceFault("unreadable", parse.Diagnostic("RL004", "error", "cannot be read"))
        return real(file, limit)  # type: ignore[arg-type]

    monkeypatch.setattr(parse, "read_bytes", refuse)
    monkeypatch.setattr("ray_lineage.sources.statindex.StatIndex.lookup", lambda self, file: "")
    assert ingest(settings(tmp_path, dialect=None), [str(root)]).by_status["unreadable"] == 1
    assert dump(tmp_path) == before


def test_garbage_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(
        root,
        {
            "good.sql": "CREATE VIEW v AS SELECT a FROM t",
            "empty.sql": "",
            "words.sql": "this is no SQL at all, sorry",
            "deep.sql": "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        },
    )
    (root / "binary.sql").write_bytes(b"\x7fELF\0\0\0" * 10)
    (root / "large.sql").write_text("SELECT 1;" * 100)
    summary = ingest(settings(tmp_path, max_file_size=300), [str(root)])
    accounted(summary)
    assert summary.by_status["skipped"] >= 2
    assert summary.edges == 1
    assert {"RL005", "RL010"} <= set(summary.diagnostics)


def test_renamed_and_copied_files_are_hits(tmp_path: Path) -> None:
    """Five renamed, five copied: the text is known. What names itself (a dbt model) is compiled anew."""
    root = tmp_path / "sql"
    write(root, {f"f{n}.sql": f"CREATE VIEW v{n} AS SELECT a{n} FROM t" for n in range(5)})
    write(root, {"model.sql": "SELECT a FROM {{ ref('t') }}"})
    ingest(settings(tmp_path), [str(root)])
    for n in range(5):
        (root / f"f{n}.sql").rename(root / f"renamed{n}.sql")
        shutil.copy(root / f"renamed{n}.sql", root / f"copy{n}.sql")
    shutil.copy(root / "model.sql", root / "other.sql")
    summary = ingest(settings(tmp_path), [str(root)])
    assert (summary.compiled, summary.cache_hits) == (1, 11)


@pytest.mark.parametrize("files", [{}, {"package.json": "{}", "tool.py": "print(1)"}])
def test_where_there_is_nothing_to_read_that_is_said_and_no_project_made(
    tmp_path: Path, files: dict[str, str | None]
) -> None:
    root = tmp_path / "sql"
    root.mkdir()
    write(root, files)
    summary = ingest(settings(tmp_path), [str(root)])
    assert (summary.files, summary.silent) == (0, len(files))
    assert [".sql" in n and "`suffixes`" in n for n in summary.notes] == [True]
    assert (tmp_path / "data").exists() == bool(files)
    assert not files or [p.name for p in list_projects(settings(tmp_path))] == []


def test_an_empty_data_folder_is_taken_as_a_volume_is(tmp_path: Path) -> None:
    write(tmp_path / "sql", FILES)
    (tmp_path / "data").mkdir(mode=0o700)
    assert ingest(settings(tmp_path), [str(tmp_path / "sql")]).files == 4


def test_a_known_project_stays_when_nothing_of_a_part_is_found(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, FILES)
    (root / "part").mkdir()
    ingest(settings(tmp_path), [str(root)])
    before = dump(tmp_path)
    part = ingest(settings(tmp_path), [str(root / "part")])
    assert (part.files, len(part.notes)) == (4, 1)
    for path in root.rglob("*.sql"):
        path.unlink()
    with pytest.raises(StoreRefused, match="4 of the 4 files"):
        ingest(settings(tmp_path), [str(root)])
    assert dump(tmp_path) == before


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, FILES)
    summary = ingest(settings(tmp_path), [str(root)], dry_run=True)
    accounted(summary)
    assert "4 files would be written" in " ".join(summary.notes)
    assert not any(dump(tmp_path).values())
    assert list_projects(settings(tmp_path)) == []


EDITS: tuple[dict[str, str | None], ...] = (
    {},
    {"t.sql": "CREATE TABLE t (a int, b int, c int)"},  # others are linked anew, and written
    {"w.sql": None, "n.sql": "CREATE VIEW n AS SELECT c FROM v", "f/bad.sql": "SELECT FROM"},
    {"f/bad.sql": "SELECT 1 AS a", "notes.py": "print(1)"},
)


@pytest.mark.parametrize("edit", EDITS)
def test_a_dry_run_tells_what_the_run_will_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: dict[str, str | None]
) -> None:
    root = tmp_path / "sql"
    write(root, {**FILES, "models.py": "print(2)"})
    ingest(settings(tmp_path), [str(root)])
    write(root, edit)

    def told(summary: IngestSummary) -> tuple[object, ...]:
        accounted(summary)
        figures = (summary.files, summary.files_written, summary.unchanged, summary.removed, summary.silent)
        return *figures, summary.by_status, summary.diagnostics, summary.severities, summary.findings

    before = dump(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "acquire", pytest.fail)  # a watch may write it meanwhile
        foretold = told(ingest(settings(tmp_path), [str(root)], dry_run=True))
    assert dump(tmp_path) == before
    assert foretold == told(ingest(settings(tmp_path), [str(root)]))


def test_a_soft_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "SOFT_SECONDS", 0.05)
    # many statements: the alarm may fall where the interpreter swallows it (a collector's callback) and must come again
    found = parse.compile_bytes(b"SELECT a + b AS c FROM t;\n" * 30_000, parse.CompileOptions("postgres"))
    assert found.given_up is not None
    assert (found.given_up.code, found.keep) == ("RL190", False)


@pytest.mark.parametrize("dialect", ["tsql", "postgres"])
def test_the_true_lineage_is_found_exactly(tmp_path: Path, dialect: str) -> None:
    truth = generate(tmp_path, 250, 42, dialect)
    found = load_settings(
        {"data_dir": str(tmp_path / "data"), "executor": "local", "ingest_workers": 0, "dialect": dialect}, environ={}
    ).settings
    missing, extra = compare(truth, found)
    assert (missing, extra) == (set(), set())


def test_full_writes_every_file_and_mends_a_damaged_row(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, FILES)
    ingest(settings(tmp_path), [str(root)])
    before = dump(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "graph.db")) as graph, graph:
        assert graph.execute("DELETE FROM flows_to").rowcount > 0
    assert dump(tmp_path) != before
    ingest(settings(tmp_path), [str(root)], full=True)
    assert dump(tmp_path) == before


@pytest.mark.parametrize(("first", "then"), [(30, 1_000_000), (1_000_000, 30)], ids=["raised", "lowered"])
def test_another_size_limit_counts_at_once(tmp_path: Path, first: int, then: int) -> None:
    root = tmp_path / "sql"
    write(root, {"a.sql": "CREATE VIEW v AS SELECT a FROM some_long_name", "b.sql": "SELECT 1"})
    for path in root.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    ingest(settings(tmp_path, max_file_size=first), [str(root)])
    ingest(settings(tmp_path, max_file_size=then), [str(root)])
    found = dump(tmp_path)
    ingest(settings(tmp_path / "clean", max_file_size=then), [str(root)])
    assert found == dump(tmp_path / "clean")


def test_a_remembered_linker_that_is_not_the_stores_is_not_believed(tmp_path: Path) -> None:
    """A digest is over contents: what was understood of them may be something else."""
    root = tmp_path / "sql"
    write(root, {"a.sql": "CREATE VIEW v AS SELECT a, b FROM t", "b.sql": "INSERT INTO z SELECT * FROM v"})
    ingest(settings(tmp_path), [str(root)])
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "graph.db")) as graph, graph:
        assert graph.execute("UPDATE file SET fingerprint = 'another' WHERE path = 'a.sql'").rowcount == 1
    write(root, {"b.sql": "INSERT INTO z SELECT * FROM v WHERE 1 = 1"})
    summary = ingest(settings(tmp_path), [str(root)])
    assert summary.cache_hits + summary.compiled == 2  # both were read
    ingest(settings(tmp_path / "clean"), [str(root)])
    assert dump(tmp_path) == dump(tmp_path / "clean")


def test_a_pass_leaves_the_figures_of_its_commit(tmp_path: Path) -> None:
    """For the dashboard: what a pass did to the store counts as what a watch does."""
    write(tmp_path / "sql", FILES)
    jobs: list[Job] = []
    chosen = settings(tmp_path, root=str(tmp_path / "sql"))
    prepare_data_dir(chosen.data_dir)  # before anything is put into it, as every command does
    with StopSignals() as stop:
        summary = run_here(chosen, [str(tmp_path / "sql")], Order(), stop, jobs.append)
    assert (summary.settled, summary.transactions, summary.store_retries) == (True, 1, 0)
    found = jobs[0].telemetry.registry.snapshot()
    assert found["ray_lineage_transactions_total"] == 1
    assert found["ray_lineage_rows_written_total"] == summary.rows_written > 0
    assert (found["ray_lineage_link_seconds_count"], found["ray_lineage_write_seconds_count"]) == (1, 1)
    assert (found["ray_lineage_dead_letters"], found["ray_lineage_lag_seconds"]) == (0, 0)
    assert found["ray_lineage_last_settled_timestamp_seconds"] == pytest.approx(time.time(), abs=60)


def test_a_file_that_says_nothing_is_in_no_graph(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    speaks = 'import sqlite3\nsqlite3.connect("x").execute("INSERT INTO u SELECT a FROM t")\n'
    write(root, {"t.sql": "CREATE TABLE t (a int)", "a.py": "x = 1\n", "b.json": "{}"})

    def look() -> tuple[int, int, set[str], bool]:
        summary = ingest(settings(tmp_path), [str(root)])
        accounted(summary)
        equal = verify(settings(tmp_path), [str(root)], deep=True).equal and summary.settled
        return summary.files, summary.silent, {str(row[2]) for row in dump(tmp_path)["File"]}, equal

    assert look() == (1, 2, {"t.sql"}, True)
    assert look() == (1, 2, {"t.sql"}, True)  # as it is remembered
    write(root, {"a.py": speaks})
    assert look() == (2, 1, {"t.sql", "a.py"}, True)
    write(root, {"a.py": "y = 2\n"})
    assert look() == (1, 2, {"t.sql"}, True)
    write(root, {"t.sql": "CREATE TABLE t (a int, b int)"})
    assert look() == (1, 2, {"t.sql"}, True)
    write(root, {"a.py": None})
    assert look() == (1, 1, {"t.sql"}, True)


def test_a_rule_for_no_folder_that_there_is_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"etl/a.sql": "SELECT 1 AS a", "old/b.sql": "SELECT 2 AS b"})
    rules = [
        {"path": "etl", "dialect": "postgres"}, {"path": "e?l/*.sql", "default_schema": "s"}, {"path": "old", "ignore": True},
        {"path": "ELT", "dialect": "tsql"},
    ]  # fmt: skip
    found = settings(tmp_path, root=str(tmp_path), folders=rules)
    summary = ingest(found, [str(tmp_path)])
    assert [note for note in summary.notes if "[[folders]]" in note] == [
        "no file lies below the path 'ELT' of [[folders]]: its settings change nothing"
    ]
    again = ingest(found, [str(tmp_path)])
    assert again.notes == summary.notes
    assert not [note for note in ingest(found, [str(tmp_path / "etl")]).notes if "[[folders]]" in note]
