"""The lazy diff is the difference of two clean ingests: of all rows that can be compared, whatever happened to the files."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.diff.pair import Pair
from ray_lineage.diff.reading import Read
from ray_lineage.diff.rows import FileRows, rows_of
from tests.factory import contributions, facts, sha
from tests.unit.link.scripts import Edits, rounds_of

Files = dict[str, str]


def after(files: Files, edits: Edits) -> Files:
    out = dict(files)
    for path, sql in edits:
        if sql is None:
            out.pop(path, None)
        else:
            out[path] = sql
    return out


def read(files: Files, dialect: str) -> dict[str, Read]:
    return {path: Read(sha(sql), facts(sql, dialect)) for path, sql in files.items()}


def counted(files: dict[str, FileRows]) -> Counter[tuple[object, ...]]:
    return Counter(
        row
        for rows in files.values()
        for row in (
            *(("Dataset", name, kind) for name, (kind, _) in rows.datasets.items()),
            *(("Column", column, said.type) for column, said in rows.columns.items()),
            *(("FLOWS_TO", *flow) for flow, _ in rows.flows),
            *(("INFLUENCES", *influence) for influence, _ in rows.influences),
            *(("FEEDS", *feed) for feed, _ in rows.feeds),
        )
    )


def between(pair: Pair) -> tuple[Counter[tuple[object, ...]], Counter[tuple[object, ...]]]:
    """Rows that only BASE has, and those that only HEAD has."""
    base, head = counted(pair.base_rows), counted(pair.head_rows)
    return base - head, head - base


def clean(files: Files, dialect: str) -> Counter[tuple[object, ...]]:
    return counted({path: rows_of(c) for path, c in contributions("", files, dialect).items()})


def pair_of(base: Files, head: Files, dialect: str) -> Pair:
    before, now = read(base, dialect), read(head, dialect)
    pair = Pair(before.items())
    pair.change({p: r for p, r in now.items() if before.get(p) != r}, before.keys() - now.keys())
    return pair


@pytest.mark.parametrize("dialect", ["postgres", "tsql"])
@settings(max_examples=100)
@given(data=st.data())
def test_the_lazy_diff_is_the_difference_of_two_clean_ingests(data: st.DataObject, dialect: str) -> None:
    base: Files = {}
    for edits in data.draw(rounds_of(dialect)):
        head = after(base, edits)
        pair = pair_of(base, head, dialect)
        before, now = clean(base, dialect), clean(head, dialect)
        assert between(pair) == (before - now, now - before)
        base = head
        pair.close()


@settings(max_examples=60)
@given(data=st.data())
def test_what_is_asked_for_later_is_as_a_clean_ingest_has_it(data: st.DataObject) -> None:
    first, *others = data.draw(rounds_of("postgres"))
    base = after({}, first)
    head = base
    for edits in others:
        head = after(head, edits)
    pair = pair_of(base, head, "postgres")
    with pair.in_base():
        pass
    for files, of in ((base, pair.base_of), (head, pair.head_of)):
        for path, contribution in contributions("", files).items():
            assert counted({path: of(path)}) == counted({path: rows_of(contribution)})
    pair.close()
