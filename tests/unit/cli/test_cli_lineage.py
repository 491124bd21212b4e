"""How an answer is printed: every node of it, whatever the width of the terminal."""

from __future__ import annotations

import os
import re
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.cli.output import cells, styled, write_table
from ray_lineage.cli.tree import Line, render, text
from ray_lineage.model import split_column
from ray_lineage.query.lineage import walk
from ray_lineage.query.walk import SCHEMA, Direction, Step, Walk
from tests.unit.query.graphs import Graph


def tables(root: str, direction: Direction, edges: list[tuple[str, str]]) -> Walk:
    """A walk over a graph of datasets."""
    return walk(Graph(feeds=edges), root, direction)  # type: ignore[arg-type]


def lines_of(found: Walk, width: int = 80, limit: int | None = None) -> list[str]:
    return [text(line) for line in render(found, width, limit)]


def names_of(lines: list[Line]) -> list[str]:
    return [span.text for line in lines for span in line if span.role == "name"]


# --------------------------------------------------------------------------- what holds for every graph

TABLES = [f"schema_{n % 3}.a_table_with_a_name_{n}" for n in range(12)]
COLUMNS = [f"s.t{t}.c{c}" for t in range(4) for c in range(4)]
WIDTHS = st.integers(60, 250)
WAYS = st.sampled_from(["upstream", "downstream"])


def pairs(of: list[str], to: list[str], most: int) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(st.sampled_from(of), st.sampled_from(to)), max_size=most)


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    """Over datasets or over columns, cycles and edges to themselves among them."""
    way = draw(WAYS)
    if draw(st.booleans()):
        edges = [*draw(pairs(TABLES, TABLES, 40)), (TABLES[0], TABLES[0])]
        return walk(Graph(feeds=edges), TABLES[0], way)  # type: ignore[arg-type]
    flows = [*draw(pairs(COLUMNS, COLUMNS, 30)), (COLUMNS[0], COLUMNS[0])]
    graph = Graph(flows, draw(pairs(COLUMNS, [c.rpartition(".")[0] for c in COLUMNS], 10)))
    root, level = draw(st.sampled_from([(COLUMNS[0], "auto"), ("s.t0", "column")]))
    return walk(graph, root, way, level=level)  # type: ignore[arg-type]


@settings(max_examples=200)
@given(walks(), WIDTHS)
def test_every_name_is_there_and_no_other(found: Walk, width: int) -> None:
    names = set(names_of(render(found, width)))
    assert names - {found.root, *found.starts} == set(found.nodes) - {found.root, *found.starts}


@settings(max_examples=200)
@given(walks(), WIDTHS)
def test_a_name_that_goes_on_elsewhere_does_so(found: Walk, width: int) -> None:
    """Each ``(*)`` is of a name that has branches, and these stand at one place: the only line with its name and no mark."""
    lines = render(found, width)
    goes_on = {s.target if found.direction == "upstream" else s.source for s in found.steps if s.source != s.target}
    owners = {split_column(name)[0] for name in goes_on} & set(found.datasets)
    for name in set(names_of(lines)) - {found.root}:
        own = [text(line) for line in lines if names_of([line]) == [name] and not text(line).startswith("[")]
        marked = [line for line in own if "  (*)" in line]
        if marked:
            assert name in goes_on | owners or split_column(name)[0] in owners
            assert len(own) - len(marked) == (0 if split_column(name)[0] in owners and len(own) == len(marked) else 1)
    assert any(text(line).startswith("(*) ") for line in lines) == any("  (*)" in text(line) for line in lines)


@settings(max_examples=200)
@given(walks(), WIDTHS, st.integers(4, 60))
def test_what_is_shown_and_what_is_below_make_the_whole(found: Walk, width: int, limit: int) -> None:
    lines = render(found, width, limit)
    shown = set(names_of(lines)) & (set(found.nodes) - set(found.starts))
    below = sum(
        int(m[1].replace(",", "")) for line in lines if (m := re.search(r"\+([\d,]+) below", text(line)))
    )  # fmt: skip
    assert len(shown) + below == len(found.nodes)


@given(walks(), WIDTHS)
def test_the_width_decides_about_line_ends_and_blocks_only(found: Walk, width: int) -> None:
    def shape(at: int) -> list[str]:
        lines = [re.sub(r"\[\d+\] |  continued at \[\d+\]|[^\w~.*()<>-]+", " ", line) for line in lines_of(found, at)]
        return sorted(" ".join(lines).split())

    def names(at: int) -> list[str]:
        blocks = [line for line in render(found, at) if not text(line).startswith("[")]
        return sorted(names_of(blocks))

    assert names(width) == names(1_000)
    assert [w for w in shape(width) if "sql" in w] == [w for w in shape(1_000) if "sql" in w]


@given(walks(), WIDTHS, st.integers(8, 60))
def test_a_terminal_is_not_flooded(found: Walk, width: int, limit: int) -> None:
    body = list(render(found, width, limit))[: -1 - 3]
    roots = len(found.starts) + 2
    assert len(body) <= limit + 2 * roots


# --------------------------------------------------------------------------- examples


def test_no_line_is_lost_or_cut() -> None:
    names = [f"core.a_rather_long_name_of_a_view_{i:03d}" for i in range(300)]
    edges = [(names[i - k], names[i]) for i in range(299, 1, -1) for k in (1, 2)]
    found = tables(names[-1], "upstream", edges)
    assert set(names_of(render(found, 80))) == set(names)
    assert lines_of(found)[-2] == f"299 datasets upstream in 150 steps, {len(edges):,} edges"


def test_a_chain_does_not_indent() -> None:
    edges = [(f"dw.t{i + 1:04}", f"dw.t{i:04}") for i in range(3_000)]
    lines = lines_of(tables("dw.t0000", "upstream", edges))
    assert lines[:3] == ["dw.t0000  dw.t0000.sql:1", "<- dw.t0001  dw.t0001.sql:1", "<- dw.t0002  dw.t0002.sql:1"]
    assert lines[-3:] == ["<- dw.t3000", "", "3,000 datasets upstream in 3,000 steps, 3,000 edges"]


def test_a_node_goes_on_at_its_smallest_distance() -> None:
    edges = [("a", "root"), ("b", "root"), ("c", "a"), ("b", "a"), ("c", "b"), ("d", "c")]
    assert lines_of(tables("root", "upstream", edges)) == [
        "root  root.sql:1",
        "├─ a  a.sql:1",
        "│  ├─ b  (*)",
        "│  └─ c  c.sql:1",
        "│     <- d",
        "└─ b  b.sql:1",
        "   └─ c  (*)",
        "",
        "4 datasets upstream in 3 steps, 6 edges",
        "(*) goes on where it stands at its smallest distance",
    ]


def test_a_cycle_ends_and_what_feeds_itself_is_a_mark() -> None:
    assert lines_of(tables("a", "upstream", [("b", "a"), ("a", "b"), ("b", "b")]))[:3] == [
        "a  a.sql:1", "<- b  also feeds itself  b.sql:1", "└─ a  (*)",
    ]  # fmt: skip


def test_a_place_that_is_that_of_an_edge_too_stands_once() -> None:
    """A partition has the columns of its table, and its rows are those of the table."""
    steps = [Step(1, "part", "t", "", "certain", "t.sql", 7), Step(2, "t", "part", "", "certain", "t.sql", 7)]
    steps += [Step(1, "other", "t", "", "certain", "t.sql", 9)]
    found = Walk(SCHEMA, "t", "upstream", "table", {"part": 1, "other": 1}, steps, starts=["t"])
    assert "├─ part  t.sql:7" in lines_of(found) or "└─ part  t.sql:7" in lines_of(found)


def test_a_line_ends_before_what_does_not_fit() -> None:
    found = tables("s." + "x" * 30, "downstream", [("s." + "x" * 30, "s." + "y" * 30), ("s." + "x" * 30, "s.z")])
    assert lines_of(found, 60)[:4] == [
        "s." + "x" * 30,
        "├─ s." + "y" * 30,
        "│       s." + "y" * 30 + ".sql:1",
        "└─ s.z  s.z.sql:1",
    ]


def test_deep_branches_go_on_in_blocks() -> None:
    edges = [e for i in range(20) for e in ((f"t{i + 1}", f"t{i}"), (f"u{i + 1}", f"t{i}"))]
    lines = lines_of(tables("t0", "upstream", edges), 60)
    block = next(i for i, line in enumerate(lines) if line.startswith("[1] "))
    assert sum("continued at [1]" in line for line in lines[:block]) == 1
    assert max(map(len, lines[:-2])) <= 60


def test_a_limit_says_what_is_shown_of_what() -> None:
    edges = [(f"a.t{i}", "root") for i in range(10)] + [(f"b.t{i}.{j}", f"a.t{i}") for i in range(10) for j in range(9)]
    lines = lines_of(tables("root", "upstream", edges), 80, 20)
    assert lines[:2] == ["root  root.sql:1", "├─ a.t0  +9 below  a.t0.sql:1"]
    assert lines[-2:] == [
        "100 datasets upstream in 2 steps, 100 edges; shown: 10 of 100, up to step 1",
        "more: --depth N, --all; ends only: --ends; by schema: --by schema; data: --json",
    ]


def test_of_a_step_that_is_too_long_a_part_is_shown() -> None:
    lines = lines_of(tables("root", "downstream", [("root", f"t{i:03}") for i in range(200)]), 80, 20)
    assert lines[-4] == "└─ ...  +182 below"
    assert lines[-2].endswith("shown: 18 of 200, up to step 1")


@pytest.mark.parametrize("variable", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_styles_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: tuple[str, str]
) -> None:
    import sys

    assert styled("x", "bold red") == "x"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert styled("x", "bold red") == "\033[1;31mx\033[0m"
    assert "\033]" not in styled("a\033]8;;evil\033\\", "bold")
    monkeypatch.setenv(*variable)
    assert styled("x", "bold red") == "x"
    assert os.environ[variable[0]] == variable[1]


def test_a_table_is_aligned_by_cells(capsys: pytest.CaptureFixture[str]) -> None:
    write_table([("表", "1"), ("ab", "22"), ("a\u0301b", "\n3")], ("k", "value"))
    lines = capsys.readouterr().out.split("\n")
    assert lines[:3] == ["k   value", "表  1", "ab  22"]
    assert lines[3] == "a\u0301b  \\n3"
    assert cells("表a") == 3


def shaped(direction: Literal["upstream", "downstream"], steps: list[Step], shaping: list[str]) -> Walk:
    far = {s.source if direction == "upstream" else s.target: s.distance for s in steps}
    datasets = [s.target for s in steps if s.shapes] if direction == "downstream" else []
    root = "mart.total.total"
    return Walk(SCHEMA, root, direction, "column", far, steps, False, shaping, datasets, [root])


def test_what_shapes_rows_stands_behind_the_values() -> None:
    """Everything that is counted stands there, with its own ways upstream."""
    steps = [
        Step(1, "core.orders.amount", "mart.total.total", "aggregation", "certain", "t.sql", 2),
        Step(1, "core.orders.customer", "mart.total", "group_by", "certain", "t.sql", 1),
        Step(2, "raw.orders.amount", "core.orders.amount", "identity", "certain", "o.sql", 2),
        Step(2, "raw.orders.customer", "core.orders.customer", "identity", "certain", "o.sql", 2),
        Step(2, "raw.orders.status", "core.orders", "filter", "certain", "o.sql", 1),
    ]
    assert lines_of(
        shaped("upstream", steps, ["core.orders.customer", "raw.orders.customer", "raw.orders.status"])
    ) == [
        "mart.total.total  t.sql:2",
        "<- core.orders.amount  aggregation  o.sql:2",
        "<- raw.orders.amount",
        "~ core.orders.customer  group_by of mart.total  t.sql:1",
        "  <- raw.orders.customer  o.sql:2",
        "~ raw.orders.status  filter of core.orders  o.sql:1",
        "",
        "2 columns upstream in 2 steps, 2 edges; 3 more columns shape rows (~)",
    ]


def test_what_a_column_shapes_is_drawn_downstream_and_what_that_feeds() -> None:
    steps = [
        Step(1, "mart.total.total", "rep.top", "filter", "certain", "r.sql", 3),
        Step(2, "rep.top.name", "rep.all.name", "identity", "possible", "a.sql", 9),
    ]
    assert lines_of(shaped("downstream", steps, ["rep.top", "rep.all.name"])) == [
        "mart.total.total",
        "~ rep.top  filter  r.sql:3",
        "  -> rep.all.name  possible  a.sql:9",
        "",
        "0 columns downstream in 0 steps, 0 edges; the rows of 1 dataset (~) and 1 column beyond",
    ]


def test_several_ways_are_one_line() -> None:
    steps = [
        Step(1, "a.b.c", "mart.total.total", how, "certain", file, 1)
        for how, file in (("identity", "x.sql"), ("aggregation", "x.sql"), ("window", "y.sql"))
    ]
    assert lines_of(shaped("upstream", steps, []))[:2] == [
        "mart.total.total", "<- a.b.c  aggregation, window  x.sql:1 and 1 more",
    ]  # fmt: skip
