"""Linking again after edits gives byte for byte what linking from nothing gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.link import Linker
from ray_lineage.link.spool import Spool
from ray_lineage.model import Contribution
from tests.factory import contributions, facts, sha
from tests.unit.link.scripts import apply, rounds_of


@pytest.mark.parametrize("dialect", ["postgres", "tsql"])
@settings(max_examples=100)
@given(data=st.data())
def test_incremental_equals_full(data: st.DataObject, dialect: str) -> None:
    linker = Linker("p")
    files: dict[str, str] = {}
    known: dict[str, Contribution] = {}
    for edited in data.draw(rounds_of(dialect)):
        apply(linker, files, edited, dialect)
        known = {path: c for path, c in known.items() if path in files}
        known.update({c.path: c for c in linker.link()})
        assert known == contributions("p", files, dialect)
    linker.close()


def test_an_edit_that_changes_no_name_and_no_column_links_only_itself() -> None:
    linker = Linker("p")
    files = {
        "t.sql": "CREATE TABLE t (x int)",
        "v.sql": "CREATE VIEW v AS SELECT * FROM t",
        "w.sql": "CREATE VIEW w AS SELECT x FROM v",
    }
    for path, sql in files.items():
        linker.put(path, sha(sql), facts(sql))
    assert len(list(linker.link())) == 3
    linker.put("v.sql", "other", facts("CREATE VIEW v AS SELECT x FROM t"))
    assert [c.path for c in linker.link()] == ["v.sql"]


def test_a_new_column_reaches_every_star_downstream() -> None:
    linker = Linker("p")
    files = {
        "t.sql": "CREATE TABLE t (x int)",
        "v.sql": "CREATE VIEW v AS SELECT * FROM t",
        "w.sql": "CREATE VIEW w AS SELECT * FROM v",
    }
    for path, sql in files.items():
        linker.put(path, sha(sql), facts(sql))
    list(linker.link())
    linker.put("t.sql", "other", facts("CREATE TABLE t (x int, y int)"))
    changed = {c.path: c for c in linker.link()}
    assert set(changed) == {"t.sql", "v.sql", "w.sql"}
    assert {r[:2] for r in changed["w.sql"].rows["FLOWS_TO"]} == {("p:v.x", "p:w.x"), ("p:v.y", "p:w.y")}


def test_a_column_added_in_another_file_is_known() -> None:
    files = {
        "a.sql": "CREATE TABLE t (x int)",
        "b.sql": "ALTER TABLE t ADD COLUMN y int",
        "v.sql": "CREATE VIEW v AS SELECT * FROM t",
    }
    found = contributions("p", files)
    assert {r[1] for r in found["v.sql"].rows["FLOWS_TO"]} == {"p:v.x", "p:v.y"}
    assert {r[2] for r in found["a.sql"].rows["Column"]} == {"x", "y"}


def test_a_short_declaration_that_goes_is_missed_by_the_dataset_it_meant() -> None:
    files = {
        "1.sql": "CREATE TABLE b (y int)",
        "2.sql": "CREATE TABLE dbo.b (x int);\nCREATE VIEW b AS SELECT * FROM a",
    }
    linker = Linker("p")
    for path, sql in files.items():
        linker.put(path, sha(sql), facts(sql))
    known = {c.path: c for c in linker.link()}
    linker.remove("1.sql")
    del files["1.sql"], known["1.sql"]
    known.update({c.path: c for c in linker.link()})
    linker.close()
    assert known == contributions("p", files)


def test_table_types_of_other_files() -> None:
    reads = "DECLARE @v dbo.ids; INSERT INTO @v SELECT a, b FROM t; INSERT INTO o (c) SELECT n FROM @v"
    made = {
        "type": "CREATE TYPE dbo.ids AS TABLE (id int, n int)",
        "other": "CREATE TYPE dbo.ids AS TABLE (n int, id int)",
        "table": "CREATE TABLE dbo.ids (id int, n int)",
    }
    linker = Linker("p")
    linker.put("p.sql", sha(reads), facts(reads, "tsql"))
    known = {c.path: c for c in linker.link()}
    flows = []
    for step in ("type", "other", "table", "type", ""):
        files = {"p.sql": reads}
        linker.remove("t.sql")
        if step:
            files["t.sql"] = made[step]
            linker.put("t.sql", sha(made[step]), facts(made[step], "tsql"))
        else:
            del known["t.sql"]
        known.update({c.path: c for c in linker.link()})
        assert known == contributions("p", files, "tsql")
        flows.append({r[:2] for r in known["p.sql"].rows.get("FLOWS_TO", ())})
    assert flows == [{("p:t.b", "p:o.c")}, {("p:t.a", "p:o.c")}, set(), {("p:t.b", "p:o.c")}, set()]


def test_the_spool_of_a_linker_that_is_fed_for_months_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray_lineage.link.linker._SPARE_BYTES", 1_000)
    linker = Linker("p")
    files = {f"{n}.sql": f"CREATE TABLE t{n} (x int)" for n in range(10)}
    for path, sql in files.items():
        linker.put(path, sha(sql), facts(sql))
    live = len(linker._spool)
    for number in range(300):
        files["3.sql"] = f"CREATE TABLE t3 (x{number} int)"
        linker.put("3.sql", sha(files["3.sql"]), facts(files["3.sql"]))
    assert len(linker._spool) < 3 * live + 1_000
    assert {c.path: c for c in linker.link()} == contributions("p", files)
    linker.close()


def test_names_that_come_and_go_for_months_are_forgotten() -> None:
    linker = Linker("p")
    for number in range(100):
        sql = f"CREATE TABLE t{number} (x int); CREATE VIEW s.v{number} AS SELECT * FROM t{number}"
        linker.put("a.sql", sha(sql), facts(sql))
        linker.put("b.sql", sha(sql), facts(f"CREATE VIEW w AS SELECT * FROM v{number}, hub"))
        linker.put("c.sql", sha(sql), facts("SELECT 1" if number % 2 else "SELECT * FROM hub"))
        list(linker.link())
    symbols = linker._catalog.symbols
    assert {s.text for s in symbols} == {"t99", "s.v99", "v99", "w", "hub"}
    assert set(symbols._longer) == {"v99"}
    assert all(len(s.users) < 50 and len(s.needed or ()) < 2 for s in symbols)
    linker.close()


def test_a_spool_that_cannot_be_compacted_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(Spool):
        def add(self, data: bytes) -> tuple[int, int]:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("ray_lineage.link.linker._SPARE_BYTES", 0)
    linker = Linker("p")
    files = {"a.sql": "CREATE TABLE a (x int)", "b.sql": "CREATE VIEW b AS SELECT * FROM a"}
    for path, sql in files.items():
        linker.put(path, sha(sql), facts(sql))
    with monkeypatch.context() as disk:
        disk.setattr("ray_lineage.link.linker.Spool", Full)
        for _ in range(5):
            linker.put("a.sql", sha(files["a.sql"]), facts(files["a.sql"]))
    assert {c.path: c for c in linker.link()} == contributions("p", files)
    linker.close()
