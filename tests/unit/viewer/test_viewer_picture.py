"""A picture holds what the graph holds, and a part of it what is within reach."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.errors import UsageError
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.viewer.picture import (
    Column,
    Feed,
    Flow,
    Focus,
    Influence,
    Picture,
    Source,
    Statement,
    Table,
    around,
    column_path,
    find_focus,
    read_picture,
    table_pairs,
)


def names(picture: Picture) -> set[str]:
    return {f"{t.schema}.{t.name}" for t in picture.tables}


def test_it_holds_every_row_of_the_graph(store: SqliteStore, picture: Picture) -> None:
    counts = store.counts("one")
    held = (
        picture.files,
        picture.statements,
        picture.tables,
        picture.columns,
        picture.flows,
        picture.influences,
        picture.feeds,
    )
    kinds = ("File", "Statement", "Dataset", "Column", "FLOWS_TO", "INFLUENCES", "FEEDS")
    assert [len(rows) for rows in held] == [counts[kind] for kind in kinds]


def test_it_says_where_things_are_written(picture: Picture) -> None:
    table = next(t for t in picture.tables if t.name == "orders" and t.schema == "core")
    assert (picture.files[table.file].path, table.line, table.kind) == ("core/orders.sql", 1, "View")
    flow = next(f for f in picture.flows if f.expression == "o.amount * ?")
    source, target = picture.columns[flow.source], picture.columns[flow.target]
    assert [(picture.tables[c.table].schema, c.name) for c in (source, target)] == [
        ("raw", "amount"),
        ("core", "amount"),
    ]
    said = picture.statements[flow.statement]
    assert (picture.files[said.file].path, said.line, flow.line) == ("core/orders.sql", 1, 2)
    shaped = {(picture.columns[i.source].name, picture.tables[i.target].name, i.how) for i in picture.influences}
    assert ("status", "orders", "filter") in shaped


def test_columns_stand_in_the_order_of_their_table(picture: Picture) -> None:
    orders = next(n for n, t in enumerate(picture.tables) if (t.schema, t.name) == ("raw", "orders"))
    assert [c.name for c in picture.columns if c.table == orders] == ["id", "amount", "status"]


def test_projects_stand_side_by_side(store: SqliteStore) -> None:
    both = read_picture(store, ["one", "two"])
    assert {t.project for t in both.tables} == {"one", "two"}
    assert all(both.tables[a].project == both.tables[b].project for a, b in table_pairs(both))


def test_the_focus_is_a_table_or_a_column(store: SqliteStore, picture: Picture) -> None:
    focus = find_focus(store, picture, "Mart.Total.total", "one")
    assert picture.tables[focus.table].name == "total"
    assert picture.columns[focus.column].name == "total"
    assert find_focus(store, picture, "mart.total", "one") == Focus(focus.table, -1)
    with pytest.raises(UsageError) as unknown:
        find_focus(store, picture, "nowhere", "one")
    assert unknown.value.code == "RL204"


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (1, {"raw.orders", "core.orders", "mart.total"}),
        (2, {"raw.orders", "core.orders", "mart.total", "mart.far"}),
        (None, {"raw.orders", "core.orders", "mart.total", "mart.far"}),
    ],
)
def test_depth_counts_steps_both_ways(
    store: SqliteStore, picture: Picture, depth: int | None, expected: set[str]
) -> None:
    part, focus = around(picture, find_focus(store, picture, "core.orders.amount", "one"), depth)
    assert names(part) == expected
    assert part.tables[focus.table].name == "orders"
    assert part.columns[focus.column].name == "amount"


def test_a_step_down_is_not_followed_up_again(store: SqliteStore, picture: Picture) -> None:
    """What feeds a reader of the focus has nothing to do with the focus."""
    part, _ = around(picture, find_focus(store, picture, "core.orders", "one"), None)
    assert "ext.a" not in names(part)


def places(picture: Picture) -> set[tuple[str, int]]:
    """Where its flows are written."""
    said = [picture.statements[flow.statement] for flow in picture.flows]
    return {(picture.files[statement.file].path, statement.line) for statement in said}


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    tables = draw(st.integers(1, 6))
    columns = [Column(t, f"c{n}", "") for t in range(tables) for n in range(draw(st.integers(0, 3)))]
    files = draw(st.integers(1, 3))
    statements = [Statement(draw(st.integers(0, files - 1)), n, "select", "") for n in range(draw(st.integers(1, 4)))]
    which = st.integers(0, len(statements) - 1)
    flows, influences = [], []
    if columns:
        column, to = st.integers(0, len(columns) - 1), st.integers(0, tables - 1)
        certain = st.sampled_from(["certain", "possible"])
        flows = draw(
            st.lists(
                st.builds(Flow, column, column, which, st.just(1), st.just("identity"), certain, st.just("")),
                max_size=8,
            )
        )
        influences = draw(st.lists(st.builds(Influence, column, to, which, st.just(1), st.just("join")), max_size=5))
    table = st.integers(0, tables - 1)
    feeds = draw(st.lists(st.builds(Feed, table, table, which), max_size=6))
    owner = st.integers(-1, files - 1)
    return Picture(
        [Source("p", f"{n}.sql", "") for n in range(files)],
        statements,
        [Table("p", "s", f"t{n}", "Table", draw(owner), 0) for n in range(tables)],
        columns, flows, influences, feeds,
    )  # fmt: skip


@given(pictures(), st.integers(1, 3) | st.none(), st.data())
def test_a_part_says_the_same_of_what_is_in_it(picture: Picture, depth: int | None, data: st.DataObject) -> None:
    focus = Focus(data.draw(st.integers(0, len(picture.tables) - 1)), -1)
    part, at = around(picture, focus, depth)
    assert part.tables[at.table].name == picture.tables[focus.table].name
    kept = {t.name for t in part.tables}
    inside = [p for p in table_pairs(picture) if {picture.tables[end].name for end in p} <= kept]
    assert [tuple(part.tables[end].name for end in p) for p in table_pairs(part)] == [
        tuple(picture.tables[end].name for end in p) for p in inside
    ]
    assert places(part) <= places(picture)
    assert [c.name for c in part.columns] == [c.name for c in picture.columns if picture.tables[c.table].name in kept]


@given(pictures())
def test_all_the_way_is_closed(picture: Picture) -> None:
    """Another step adds nothing."""
    part, at = around(picture, Focus(0, -1), None)
    assert len(around(part, at, None)[0].tables) == len(part.tables)


def test_the_path_of_a_column_goes_both_ways(store: SqliteStore, picture: Picture) -> None:
    focus = find_focus(store, picture, "core.orders.amount", "one")
    found = {
        (picture.tables[picture.columns[c].table].schema, picture.columns[c].name)
        for c in column_path(picture, focus.column)
    }
    assert found == {("raw", "amount"), ("core", "amount"), ("mart", "total")}
