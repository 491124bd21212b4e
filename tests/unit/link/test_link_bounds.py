"""A few lines of SQL can mean more columns and edges than there is memory for: linking stays within bounds, and says so."""

from __future__ import annotations

import json
import time

import pytest

from ray_lineage.link import Linker
from ray_lineage.link.shared import SharedCatalog, link_file
from ray_lineage.link.work import TooMuch, Work
from ray_lineage.model import Contribution
from tests.factory import contributions, facts, sha

TABLE = {"t.sql": "CREATE TABLE t (a int, b int)"}


def _doubled(levels: int) -> str:
    ctes = "".join(f", c{i} AS (SELECT * FROM c{i - 1} x JOIN c{i - 1} y ON 1 = 1)" for i in range(1, levels + 1))
    return f"WITH c0 AS (SELECT * FROM t){ctes} SELECT * FROM c{levels}"


def _many(columns: int, tables: int) -> str:
    listed = ", ".join(f"c{i}" for i in range(columns))
    return f"SELECT {listed} FROM {', '.join(f't{i}' for i in range(tables))}"


def _aliases(levels: int) -> str:
    return f"SELECT a AS x0, b AS x1, {', '.join(f'x{i} + x{i + 1} AS x{i + 2}' for i in range(levels))} FROM t"


def _codes(contribution: Contribution) -> set[str]:
    return {found[0] for found in json.loads(contribution.rows["File"][0][7])}


BOMBS = {
    "self-joins": f"INSERT INTO o {_doubled(25)}",
    "self-joins of a new table": f"CREATE TABLE o AS {_doubled(25)}",
    "everything may come from everywhere": f"INSERT INTO o {_many(2_000, 2_000)}",
    "one value of everything": f"INSERT INTO o (z) SELECT concat({_many(2_000, 2_000)[7:]}".replace(" FROM", ") FROM"),
    "conditions": "INSERT INTO o SELECT 1 FROM "
    + ", ".join(f"t{i}" for i in range(2_000))
    + " WHERE "
    + " AND ".join(f"c{i} = 1" for i in range(2_000)),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_linked_by_its_tables(bomb: str) -> None:
    started = time.process_time()
    found = contributions("p", {**TABLE, "bomb.sql": bomb})["bomb.sql"]
    assert time.process_time() - started < 10
    assert "RL305" in _codes(found)
    reads = {row[1] for row in found.rows["READS"]}
    assert reads
    assert {row[0] for row in found.rows["FEEDS"]} == reads
    assert {row[:2] for row in found.rows["FLOWS_TO"]} == {(f"{d}.*", "p:o.*") for d in reads}
    assert {row[5] for row in found.rows["FLOWS_TO"]} == {"possible"}


@pytest.mark.timeout(60)
def test_aliases_of_aliases_of_one_select_are_bounded() -> None:
    sql = f"INSERT INTO o {_aliases(40)}"
    found = contributions("p", {**TABLE, "a.sql": sql}, "snowflake")["a.sql"]
    assert "RL305" in _codes(found)


@pytest.mark.timeout(60)
def test_views_of_views_with_ever_more_columns() -> None:
    views = {
        f"v{i}.sql": f"CREATE VIEW v{i} AS SELECT * FROM v{i - 1} x JOIN v{i - 1} y ON 1 = 1" for i in range(1, 40)
    }
    found = contributions("p", {**TABLE, "v0.sql": "CREATE VIEW v0 AS SELECT * FROM t", **views})
    assert len(found["v12.sql"].rows["Column"]) == 2**13
    assert "Column" not in found["v13.sql"].rows  # twice as many are not listed
    assert found["v39.sql"].rows["FEEDS"] == [("p:v38", "p:v39", 0)]


def test_what_is_large_but_not_too_large_is_followed() -> None:
    found = contributions("p", {"a.sql": f"INSERT INTO o {_many(300, 300)}"})["a.sql"]
    assert "RL305" not in _codes(found)
    assert len(found.rows["FLOWS_TO"]) == 90_000


def test_a_file_has_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray_lineage.link.work.FILE_STEPS", 100)
    sql = ";\n".join(f"INSERT INTO o{i} (a, b) SELECT a, b FROM t" for i in range(20))
    found = contributions("p", {**TABLE, "a.sql": sql})["a.sql"]
    targets = {row[1] for row in found.rows["FLOWS_TO"]}
    assert {"p:o0.a", "p:o0.b", "p:o19.*"} <= targets
    assert "p:o19.a" not in targets
    assert len(found.rows["FEEDS"]) == 20


def test_a_file_has_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray_lineage.link.contribute.FILE_ROWS", 5)
    sql = ";\n".join(f"CREATE VIEW o{i} AS SELECT * FROM t" for i in range(4))
    found = contributions("p", {**TABLE, "a.sql": sql})["a.sql"]
    assert {row[1] for row in found.rows["FLOWS_TO"]} == {"p:o0.a", "p:o0.b", "p:o1.a", "p:o1.b", "p:o2.*", "p:o3.*"}
    assert [f[3] for f in json.loads(found.rows["File"][0][7]) if f[0] == "RL305"] == [3]


def test_whoever_links_can_give_up() -> None:
    class Enough(Exception):
        pass

    def look() -> None:
        raise Enough

    linker = Linker("p")
    linker.put("a.sql", sha("a"), facts(BOMBS["self-joins"]))
    linker.settle()
    catalog = SharedCatalog(linker.shared())
    with pytest.raises(Enough):
        link_file("p", "a.sql", "", linker.facts_bytes("a.sql"), catalog, look)
    linker.close()


def test_it_is_looked_every_ten_thousand_steps() -> None:
    looks: list[int] = []
    work = Work(lambda: looks.append(1))
    work.begin()
    for _ in range(1_000):
        work.spend(101)
    assert len(looks) == 10
    with pytest.raises(TooMuch):
        work.spend(10**9)


def test_diagnostics_that_are_not_kept_are_counted() -> None:
    columns = ", ".join(f"t.c{i}" for i in range(300))
    files = {"t.sql": "CREATE TABLE t (a int)", "v.sql": f"CREATE VIEW v AS SELECT {columns} FROM t"}
    [*kept, last] = json.loads(contributions("p", files)["v.sql"].rows["File"][0][7])
    assert (len(kept), {d[0] for d in kept}) == (199, {"RL143"})
    assert (last[0], last[1]) == ("RL307", "warning")
    assert last[2] == "101 more diagnostics of this file are not listed: RL143 x 101"
