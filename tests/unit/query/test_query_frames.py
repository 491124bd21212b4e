"""Answers as data frames and graphs: what stands in them is what the answer says, also when it is nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import networkx
import pandas
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ray_lineage
from ray_lineage.errors import UsageError
from ray_lineage.frames import HAS_COLUMN, Linked, Tabular
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.query.graph import Graph
from ray_lineage.query.lineage import walk
from ray_lineage.query.walk import Direction
from tests.factory import contributions, load
from tests.unit.query import graphs

FILES = {
    "raw.sql": "CREATE TABLE raw.o (id int, total int, status text, gone text)",
    "core.sql": "CREATE VIEW core.o AS SELECT id, total FROM raw.o WHERE status = 'x'",
    "mart.sql": "CREATE VIEW mart.t AS SELECT SUM(total) AS t FROM core.o GROUP BY id",
    "maybe.sql": "INSERT INTO s.t (x) SELECT x FROM s.one JOIN s.two ON s.one.k = s.two.k",
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    store = SqliteStore(str(tmp_path_factory.mktemp("frames") / "g.db"))
    load(store, "p", store.acquire("p"), contributions("p", FILES).values())
    yield Graph(store, "p")
    store.close()


def answers(graph: Graph) -> dict[str, Tabular]:
    return {
        "upstream": graph.upstream("mart.t.t"), "nothing upstream": graph.upstream("raw.o"),
        "downstream": graph.downstream("raw.o"), "find": graph.find("total"), "show": graph.show("core.o"),
        "why": graph.why("s.one.x", "s.t.x"), "no why": graph.why("raw.o", "mart.t"),
        "path": graph.path("raw.o.total", "mart.t.t"), "no path": graph.path("mart.t", "raw.o"),
        "unused": graph.unused(), "stats": graph.stats(),
        "lineage": ray_lineage.lineage("SELECT a, SUM(b) AS s FROM t WHERE c > 1 GROUP BY a", seconds=None),
        "no lineage": ray_lineage.lineage("", seconds=None),
    }  # fmt: skip


def test_both_libraries_have_the_rows_of_the_answer(graph: Graph) -> None:
    for name, answer in answers(graph).items():
        columns, rows = answer.table()
        ours = [dict(zip(columns, row, strict=True)) for row in rows]
        assert bool(ours) != name.startswith("no"), name
        assert answer.to_polars().to_dicts() == ours, name
        frame = answer.to_pandas()
        assert list(frame.columns) == list(columns), name
        assert frame.astype(object).where(frame.notna(), None).to_dict("records") == ours, name


def test_an_empty_answer_has_the_types_of_a_full_one(graph: Graph) -> None:
    full, empty = graph.upstream("mart.t.t"), graph.upstream("raw.o")
    assert empty.to_polars().schema == full.to_polars().schema
    numbers = ["distance", "line"]
    assert list(empty.to_pandas()[numbers].dtypes) == list(full.to_pandas()[numbers].dtypes)
    assert polars.concat([full.to_polars(), empty.to_polars()]).height == len(full.steps)
    assert pandas.concat([full.to_pandas(), empty.to_pandas()]).shape[0] == len(full.steps)


def test_uses_of_columns_are_columns(graph: Graph) -> None:
    frame = graph.show("core.o").to_pandas().set_index("name")
    assert frame.loc["total", "select"] == 1
    assert frame.loc["id", "group"] == 1
    assert frame.loc["id", "filter"] == 0


def test_an_edge_of_a_graph_has_what_is_said_of_it(graph: Graph) -> None:
    made = graph.why("s.one.x", "s.t.x").to_networkx()
    ((source, target, said),) = made.edges(data=True)
    assert (source, target) == ("s.one.x", "s.t.x")
    assert (said["certainty"], said["candidates"]) == ("possible", ["s.two"])
    assert list(graph.path("raw.o.total", "mart.t.t").to_networkx().nodes) == [
        "raw.o.total",
        "core.o.total",
        "mart.t.t",
    ]


def test_the_graph_of_a_script_leads_from_filters_to_all_columns() -> None:
    script = "INSERT INTO m.t (x, y) SELECT a, b FROM r.s WHERE c > 1"
    made = ray_lineage.lineage(script, seconds=None).to_networkx()
    assert networkx.descendants(made, "r.s.c") == {"m.t", "m.t.x", "m.t.y"}
    bare = ray_lineage.lineage("SELECT a FROM s WHERE c > 1", seconds=None).to_networkx()
    assert networkx.descendants(bare, "s.c") == {"(result)", "a"}


COLUMNS = st.sampled_from([f"s.{table}.{column}" for table in "abc" for column in "xy"])
TABLES = st.sampled_from(["s.a", "s.b", "s.c"])


@settings(max_examples=40)
@given(
    st.lists(st.tuples(COLUMNS, COLUMNS), min_size=1, max_size=8), st.lists(st.tuples(COLUMNS, TABLES), max_size=3),
    st.sampled_from(["upstream", "downstream"]), st.booleans(),
)  # fmt: skip
def test_what_follows_edges_gets_as_far_as_the_answer(
    flows: list[tuple[str, str]], influences: list[tuple[str, str]], direction: Direction, of_table: bool
) -> None:
    root = flows[0][0].rpartition(".")[0] if of_table else flows[0][0]
    store: Any = graphs.Graph(flows, influences)
    found = walk(store, root, direction, level="column", project=graphs.PROJECT)
    made = found.to_networkx()
    reach = networkx.ancestors if direction == "upstream" else networkx.descendants
    reached = set(found.starts).union(*(reach(made, start) for start in found.starts))
    assert reached >= set(found.nodes)
    real = [d["how"] for _, _, d in made.edges(data=True) if d["how"] != HAS_COLUMN]
    assert sorted(real) == sorted(s.how for s in found.steps)
    assert {n: d["distance"] for n, d in made.nodes(data=True) if d.get("distance")} == found.nodes


@pytest.mark.parametrize("library", ["pandas", "polars", "networkx"])
def test_a_library_that_is_not_there_is_named_with_its_extra(
    graph: Graph, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    answer: Linked = graph.upstream("mart.t.t")
    with pytest.raises(UsageError, match=f"{library} is not installed") as raised:
        getattr(answer, f"to_{library}")()
    assert raised.value.help == f"pip install 'ray-lineage[{library}]'"
