"""Names and the patterns that mean them."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.link.names import like


@given(st.text("abC_%", max_size=8), st.text("abC_%", max_size=6))
def test_a_pattern_is_that_of_like(name: str, pattern: str) -> None:
    with sqlite3.connect(":memory:") as engine:
        assert like(name, pattern) == bool(engine.execute("SELECT ? LIKE ?", (name, pattern)).fetchone()[0])


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [("~^a.*_id$", True), ("~^b", False), ("~(id|key)$", True), ("~(", True), ("~(a+)+b", True)],
    ids=["whole", "other", "choice", "broken", "hostile"],
)
def test_a_regular_expression(pattern: str, meant: bool) -> None:
    """DuckDB's ``COLUMNS('...')``. What is broken or may take for ever leaves no column out."""
    assert like("a_x_id", pattern) is meant


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pattern", ["~(x+)+$", "~x*x*x*x*x*x*x*y", "%x" * 60 + "y", "~" + "(x|x)*" * 9 + "y"])
def test_a_hostile_pattern_gives_up_soon(pattern: str) -> None:
    like("x" * 128, pattern)
