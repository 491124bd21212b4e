"""Answers of bounded size say what they leave out."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.query.bounded import MOST_CHARACTERS, MOST_OF_A_TEXT, bounded


@given(st.lists(st.text(max_size=2_000), max_size=120), st.integers(1, 200))
def test_it_is_never_larger_and_counts_what_is_left_out(items: list[str], limit: int) -> None:
    found = bounded({"items": items, "root": "x"}, limit)
    assert len(msgspec.json.encode(found["items"])) <= max(MOST_CHARACTERS, 2 * 6 * MOST_OF_A_TEXT)
    assert len(found["items"]) <= limit
    assert found["cut"] == (len(found["items"]) < len(items))
    assert not found["cut"] or found["total"] == {"items": len(items)}


def test_what_fits_is_whole() -> None:
    assert bounded({"schema": 1, "nodes": {"a": 1}, "cut": False}, 5) == {"nodes": {"a": 1}, "cut": False}


def test_a_walk_that_was_cut_stays_cut() -> None:
    assert bounded({"nodes": {}, "cut": True}, 5)["cut"] is True
