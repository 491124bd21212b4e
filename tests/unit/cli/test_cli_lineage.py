"""How an answer is printed: every node of it, whatever the width of the terminal."""

from __future__ import annotations

import os

import pytest

from ray_lineage.cli.lineage import _show
from ray_lineage.cli.output import cells, styled, write_table
from ray_lineage.query.walk import SCHEMA, Step, Walk


def upstream(root: str, edges: list[tuple[str, str]], level: str = "table") -> Walk:
    """A walk over edges (source, target), distances as they come."""
    steps = [Step(i + 1, source, target, "", "certain", "f.sql", 1) for i, (source, target) in enumerate(edges)]
    nodes = {s: 1 for s, _ in edges if s != root}
    return Walk(SCHEMA, root, "upstream", level, nodes, steps)


def test_no_line_is_lost_or_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"core.a_rather_long_name_of_a_view_{i:03d}" for i in range(300)]
    edges = [(names[i - k], names[i]) for i in range(299, 1, -1) for k in (1, 2)]
    _show(upstream(names[-1], edges))
    out = capsys.readouterr().out
    assert all(name in out for name in names)
    assert out.rstrip().endswith(f"299 datasets, {len(edges):,} edges")


def test_a_pointer_upwards_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    edges = [("a", "root"), ("b", "root"), ("c", "a"), ("b", "a"), ("c", "b"), ("d", "c")]
    _show(upstream("root", edges))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:-1] == [
        "root",
        "├── a  f.sql:1",
        "│   ├── c  f.sql:1",
        "│   │   └── d  f.sql:1",
        "│   └── b  f.sql:1",
        "│       └── c  f.sql:1  (see above)",
        "└── b  f.sql:1  (see above)",
    ]


def test_a_cycle_ends(capsys: pytest.CaptureFixture[str]) -> None:
    _show(upstream("a", [("b", "a"), ("a", "b")]))
    assert capsys.readouterr().out.splitlines()[:-1] == ["a", "└── b  f.sql:1", "    └── a  f.sql:1  (see above)"]


def test_a_long_chain_needs_no_recursion(capsys: pytest.CaptureFixture[str]) -> None:
    edges = [(f"t{i + 1}", f"t{i}") for i in range(3_000)]
    _show(upstream("t0", edges))
    assert "t3000" in capsys.readouterr().out


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


def shaped(direction: str, steps: list[Step]) -> Walk:
    far = {s.source if direction == "upstream" else s.target: s.distance for s in steps}
    return Walk(SCHEMA, "mart.total.total", direction, "column", far, steps)


def test_what_shapes_rows_is_drawn_at_the_first_column_of_its_dataset(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything that is counted stands there, and its own ways upstream."""
    steps = [
        Step(1, "core.orders.amount", "mart.total.total", "aggregation", "certain", "t.sql", 2),
        Step(1, "core.orders.customer", "mart.total", "group_by", "certain", "t.sql", 1),
        Step(2, "raw.orders.amount", "core.orders.amount", "identity", "certain", "o.sql", 2),
        Step(2, "raw.orders.customer", "core.orders.customer", "identity", "certain", "o.sql", 2),
        Step(2, "raw.orders.status", "core.orders", "filter", "certain", "o.sql", 1),
    ]
    _show(shaped("upstream", steps))
    assert capsys.readouterr().out.splitlines() == [
        "mart.total.total",
        "├── core.orders.amount  aggregation  t.sql:2",
        "│   ├── raw.orders.amount  o.sql:2",
        "│   └── ~ raw.orders.status  filter of core.orders  o.sql:1",
        "└── ~ core.orders.customer  group_by of mart.total  t.sql:1",
        "    └── raw.orders.customer  o.sql:2",
        "5 columns, 5 edges",
    ]


def test_a_column_that_only_has_what_shapes_it(capsys: pytest.CaptureFixture[str]) -> None:
    _show(shaped("upstream", [Step(1, "raw.o.status", "mart.total", "filter", "certain", "t.sql", 1)]))
    assert capsys.readouterr().out.splitlines()[:-1] == [
        "mart.total.total", "└── ~ raw.o.status  filter of mart.total  t.sql:1",
    ]  # fmt: skip


def test_what_a_column_shapes_is_drawn_downstream(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [Step(1, "mart.total.total", "rep.top", "filter", "certain", "r.sql", 3)]
    _show(shaped("downstream", steps))
    assert capsys.readouterr().out.splitlines()[:-1] == [
        "mart.total.total", "└── ~ rep.top  filter of rep.top  r.sql:3",
    ]  # fmt: skip
