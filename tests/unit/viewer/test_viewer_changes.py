"""Two sides in one picture: what only one of them says is marked."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.viewer.changes import ADDED, EDITED, REMOVED, Change, Name, Place, Sides, both, changes_page

AT = ("a.sql", 3)


class File(NamedTuple):
    datasets: dict[str, tuple[str, Place]]
    columns: dict[Name, tuple[str, Place]]
    flows: list[tuple[tuple[Name, Name, str, str, str], Place]]
    influences: list[tuple[tuple[Name, str, str], Place]]
    feeds: list[tuple[tuple[str, str], Place]]


def table(name: str, columns: dict[str, str], *flows: tuple[str, str, str], line: int = 3) -> File:
    """A file that makes a table; flows: source dataset, its column, own column."""
    return File(
        {name: ("Table", AT)},
        {(name, c): (type_, AT) for c, type_ in columns.items()},
        [(((dataset, a), (name, b), "identity", "certain", ""), ("a.sql", line)) for dataset, a, b in flows],
        [],
        [((dataset, name), ("a.sql", line)) for dataset in dict.fromkeys(f[0] for f in flows)],
    )


def marked(sides: Sides) -> dict[str, int]:
    """Names of tables, columns and flows with their marks, but for those without."""
    picture, marks = both(sides)
    tables = [f"{t.schema}.{t.name}" for t in picture.tables]
    columns = [f"{tables[c.table]}.{c.name}" for c in picture.columns]
    flows = [f"{columns[f.source]} > {columns[f.target]}" for f in picture.flows]
    names = [*tables, *columns, *flows]
    return {name: mark for name, mark in zip(names, [*marks["t"], *marks["c"], *marks["f"]], strict=True) if mark}


def test_what_one_side_says_is_marked() -> None:
    before = table("m.t", {"a": "int", "b": "int"}, ("r.s", "a", "a"), ("r.s", "b", "b"))
    after = table("m.t", {"a": "bigint", "c": "int"}, ("r.s", "a", "a"), ("r.s", "b", "c"), line=9)
    assert marked(Sides([before], [after])) == {
        "m.t": EDITED, "m.t.a": EDITED, "m.t.b": REMOVED, "m.t.c": ADDED, "r.s.b > m.t.b": REMOVED, "r.s.b > m.t.c": ADDED,
    }  # fmt: skip


def test_tables_come_and_go() -> None:
    found = marked(Sides([table("m.old", {"a": ""})], [table("m.new", {"a": ""})]))
    assert found == {"m.old": REMOVED, "m.old.a": REMOVED, "m.new": ADDED, "m.new.a": ADDED}


def test_lines_that_moved_are_no_change() -> None:
    one, other = (table("m.t", {"a": ""}, ("r.s", "a", "a"), line=line) for line in (3, 30))
    assert marked(Sides([one], [other])) == {}
    picture, _ = both(Sides([one], [other]))
    assert [f.line for f in picture.flows] == [30]


def test_what_is_around_is_there_without_a_mark() -> None:
    around = table("m.far", {"x": ""}, ("m.t", "a", "x"))
    sides = Sides([table("m.t", {"a": "int"})], [table("m.t", {"a": "text"})], [around])
    assert marked(sides) == {"m.t": EDITED, "m.t.a": EDITED}
    assert "far" in {t.name for t in both(sides)[0].tables}


names = st.sampled_from(["a.t", "a.u", "b.v"])
columns = st.tuples(names, st.sampled_from("xyz"))
flow = st.tuples(columns, columns, st.just("identity"), st.sampled_from(["certain", "possible"]), st.just(""))
places = st.tuples(st.sampled_from(["1.sql", "2.sql"]), st.integers(1, 5))
files = st.builds(
    File,
    st.dictionaries(names, st.tuples(st.just("View"), places)),
    st.dictionaries(columns, st.tuples(st.sampled_from(["", "int"]), places)),
    st.lists(st.tuples(flow, places), max_size=5),
    st.lists(st.tuples(st.tuples(columns, names, st.just("join")), places), max_size=3),
    st.lists(st.tuples(st.tuples(names, names), places), max_size=3),
)
sides = st.builds(Sides, *(st.lists(files, max_size=2) for _ in range(3)))


@given(sides)
def test_the_other_way_round_new_is_gone(given: Sides) -> None:
    swap = {ADDED: REMOVED, REMOVED: ADDED, EDITED: EDITED}
    there, back = marked(given), marked(Sides(given.head, given.base, given.same))
    assert back == {name: swap[mark] for name, mark in there.items()}


@given(sides)
def test_equal_sides_have_no_marks(given: Sides) -> None:
    assert marked(Sides(given.base, given.base, given.same)) == {}


@given(sides)
def test_every_row_of_both_sides_is_there(given: Sides) -> None:
    picture, marks = both(given)
    rows = [row for side in given for row in side]
    assert len(picture.flows) == len({flow for row in rows for flow, _ in row.flows})
    assert len(picture.feeds) == len({feed for row in rows for feed, _ in row.feeds})
    for held, kind in (
        (picture.tables, "t"),
        (picture.columns, "c"),
        (picture.flows, "f"),
        (picture.influences, "i"),
        (picture.feeds, "e"),
    ):
        assert len(held) == len(marks[kind])
    assert [c.table for c in picture.columns] == sorted(c.table for c in picture.columns)


def test_the_page_has_the_list() -> None:
    change = Change("error", "broken-reader", "</script> is read", "m.t", "b", "a.sql", 3, 2, ("@team",))
    text = changes_page("T", "main", "HEAD", Sides([table("m.t", {"b": ""})], [table("m.t", {})]), [change])
    held = re.search(r'id="data">([^<]*)<', text)
    assert held is not None
    diff: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(held[1])))["diff"]
    assert diff["changes"][0]["says"] == "</script> is read"
    assert (diff["base"], diff["head"], diff["c"]) == ("main", "HEAD", [REMOVED])
