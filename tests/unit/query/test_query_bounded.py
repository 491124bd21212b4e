"""Answers of bounded size say what they leave out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

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


class Place(NamedTuple):
    file: str
    line: int


class Thing(msgspec.Struct):
    name: str
    at: Place
    uses: dict[str, int]
    places: tuple[Place, ...]


def test_records_stay_whole_and_what_is_inside_them_is_cut_and_counted() -> None:
    thing = Thing("t", Place("a.sql", 1), {"select": 1, "join": 2}, (Place("b.sql", 2), Place("c.sql", 3)))
    assert bounded({"things": [thing, thing]}, 1) == {
        "things": [{"name": "t", "at": ["a.sql", 1], "uses": {"select": 1}, "places": [["b.sql", 2]]}],
        "cut": True,
        "total": {"things": 2, "things.0.uses": 2, "things.0.places": 2},
    }
    assert bounded(thing, 9)["at"] == ["a.sql", 1]


NESTED = st.recursive(
    st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from("abcdefgh"), inner),
    max_leaves=40,
)


def lengths(value: object, path: str) -> Iterator[tuple[str, int]]:
    """Of each list and map, by where it is."""
    if isinstance(value, (list, dict)):
        yield path, len(value)
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from lengths(entry, f"{path}.{key}")


@given(NESTED, st.integers(1, 5))
def test_at_every_depth_what_is_left_out_is_counted(value: Any, limit: int) -> None:
    found = bounded({"it": value}, limit)
    whole = dict(lengths(value, "it"))
    kept = dict(lengths(found["it"], "it"))
    assert all(kept[path] == min(whole[path], limit) for path in kept)
    assert found.get("total", {}) == {path: whole[path] for path in kept if whole[path] > limit}
    assert found["cut"] == ("total" in found)
