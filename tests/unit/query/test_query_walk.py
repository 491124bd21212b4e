"""What a walk reaches: values, and what shapes rows."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.query.lineage import walk
from ray_lineage.query.select import Selector, selector
from ray_lineage.query.walk import Direction, reach
from tests.unit.query.graphs import PROJECT, Graph

ORDERS = Graph(
    flows=[
        ("raw.orders.amount", "core.orders.amount"),
        ("raw.orders.customer_id", "core.orders.customer_id"),
        ("core.orders.amount", "mart.total.total"),
        ("mart.total.total", "rep.top.total"),
    ],
    influences=[("raw.orders.status", "core.orders"), ("core.orders.customer_id", "mart.total")],
)


def test_upstream_what_shapes_the_rows_of_each_dataset_is_told_from_values() -> None:
    found = walk(ORDERS, "mart.total.total", "upstream")  # type: ignore[arg-type]
    assert found.nodes == {
        "core.orders.amount": 1, "raw.orders.amount": 2, "core.orders.customer_id": 1,
        "raw.orders.customer_id": 2, "raw.orders.status": 2,
    }  # fmt: skip
    assert found.shaping == ["core.orders.customer_id", "raw.orders.customer_id", "raw.orders.status"]
    assert found.ends == ["raw.orders.amount", "raw.orders.customer_id", "raw.orders.status"]
    assert found.stopped == []


def test_where_the_walk_stopped_is_no_sure_end() -> None:
    found = walk(ORDERS, "mart.total.total", "upstream", depth=1)  # type: ignore[arg-type]
    assert found.ends == found.stopped == ["core.orders.amount", "core.orders.customer_id"]
    found = walk(ORDERS, "rep.top.total", "upstream", depth=2, influences=False)  # type: ignore[arg-type]
    assert (found.ends, found.stopped) == (["core.orders.amount"], ["core.orders.amount"])
    assert walk(ORDERS, "rep.top.total", "upstream", depth=9, influences=False).stopped == []  # type: ignore[arg-type]


def test_downstream_a_filter_reaches_every_column_of_what_it_filters_and_on() -> None:
    found = walk(ORDERS, "raw.orders.status", "downstream")  # type: ignore[arg-type]
    assert found.nodes == {"core.orders": 1, "mart.total.total": 2, "mart.total": 2, "rep.top.total": 3}
    assert found.datasets == ["core.orders", "mart.total"]


def test_without_what_shapes_rows() -> None:
    assert walk(ORDERS, "raw.orders.status", "downstream", influences=False).nodes == {}  # type: ignore[arg-type]
    assert set(walk(ORDERS, "mart.total.total", "upstream", influences=False).nodes) == {  # type: ignore[arg-type]
        "core.orders.amount", "raw.orders.amount",
    }  # fmt: skip


@pytest.mark.parametrize(("depth", "reached"), [(1, 2), (2, 5), (None, 5)])
def test_depth_counts_what_shapes_rows_as_well(depth: int | None, reached: int) -> None:
    assert len(walk(ORDERS, "mart.total.total", "upstream", depth=depth).nodes) == reached  # type: ignore[arg-type]


COLUMNS = [f"s.t{t}.c{c}" for t in range(4) for c in range(3)]
DATASETS = [f"s.t{t}" for t in range(4)]


@given(
    st.lists(st.tuples(st.sampled_from(COLUMNS), st.sampled_from(COLUMNS)), max_size=20),
    st.lists(st.tuples(st.sampled_from(COLUMNS), st.sampled_from(DATASETS)), max_size=8),
    st.sampled_from(["upstream", "downstream"]),
)
def test_what_is_reached_is_the_closure(
    flows: list[tuple[str, str]], influences: list[tuple[str, str]], direction: Direction
) -> None:
    """Against the plain definition: a column depends on what flows into it, and on what shapes its dataset's rows."""
    graph = Graph([*flows, (COLUMNS[0], COLUMNS[0])], influences)
    depends = set(flows) | {(s, c) for s, d in influences for c in graph.columns if c.rpartition(".")[0] == d}
    closure, fresh = set[str](), {COLUMNS[0]}
    while fresh:
        near = 1 if direction == "upstream" else 0
        fresh = {pair[1 - near] for pair in depends if pair[near] in fresh} - closure
        closure |= fresh
    found = reach(graph, [f"{PROJECT}:{COLUMNS[0]}"], direction)  # type: ignore[arg-type]
    names = {n[len(PROJECT) + 1 :] for n in found.nodes if n not in found.datasets}
    of_datasets = {c["id"][2:] for d in found.datasets for c in graph.columns_of(d)}
    assert (names | of_datasets) - {COLUMNS[0]} == closure - {COLUMNS[0]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b", Selector("a.b")), ("+a.b", Selector("a.b", None, 0)), ("a.b+", Selector("a.b", 0, None)),
        ("2+a.b+1", Selector("a.b", 2, 1)), ("+a+", Selector("a", None, None)), ("2+a", Selector("a", 2, 0)),
        ('"c+"', Selector('"c+"')), ("+", Selector("+")), ("a+b", Selector("a+b")), ("1a.b", Selector("1a.b")),
    ],
)  # fmt: skip
def test_selectors(text: str, expected: Selector) -> None:
    assert selector(text) == expected


def test_a_selector_is_taken_apart_in_one_way() -> None:
    for up, down in itertools.product(["", "+", "3+"], ["", "+", "+4"]):
        assert selector(f"{up}dbo.t{down}").name == "dbo.t"
