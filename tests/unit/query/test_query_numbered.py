"""A walk in numbers is the walk in words, to the letter: what it finds, and what is drawn of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.cli.tree import render, text
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.model import (
    CERTAINTIES,
    INFLUENCE_KINDS,
    TRANSFORMATIONS,
    Contribution,
    column_id,
    dataset_id,
    file_id,
    statement_id,
)
from ray_lineage.query import numbered as by_numbers
from ray_lineage.query.lineage import walk
from ray_lineage.query.numbered import numbered
from ray_lineage.query.traced import OfWalk, Traced
from ray_lineage.query.walk import Question, asked_for, in_words
from tests.factory import contributions, load

P = "p"
TABLES = ["a.t", "a.t.u", "a.t-x", "b.T"]
NAMES = ["c", "D", "e.f", "*"]
PATHS = ["z.sql", "a.sql", "m.json#node", "b.sql"]
table, name, number = st.sampled_from(TABLES), st.sampled_from(NAMES), st.integers(0, 2)
column = st.tuples(table, name)
flow = st.tuples(column, column, number, number, st.sampled_from(TRANSFORMATIONS[:3]), st.sampled_from(CERTAINTIES))
influence = st.tuples(column, table, number, number, st.sampled_from(INFLUENCE_KINDS[:2]))
feed = st.tuples(table, table, number)
file = st.tuples(st.lists(flow, max_size=12), st.lists(influence, max_size=6), st.lists(feed, max_size=6))


def contribution(path: str, said: tuple[list[Any], list[Any], list[Any]]) -> Contribution:
    """A file that says this; the first also how some names are written."""
    flows, influences, feeds = said
    whole = file_id(P, path)
    origin = "models/node.sql" if "#" in path else None
    columns = sorted({end for flow in flows for end in flow[:2]} | {i[0] for i in influences} | {("a.t", "c")})
    datasets = sorted({d for d, _ in columns} | {i[1] for i in influences} | {end for f in feeds for end in f[:2]})
    described: dict[str, list[Any]] = {}
    if path == PATHS[0]:
        described["Dataset"] = [
            (dataset_id(P, "a.t"), P, "a.t", None, "a", "t", "Table", True, whole, None, None, "A.T")
        ]
        described["Column"] = [
            (column_id(P, "a.t", "c"), dataset_id(P, "a.t"), "c", 1, "int", True, whole, None, "C"),
        ]
    rows = {
        "File": [(whole, P, path, "", "tsql", f"print-{path}", "ok", "[]", 3, origin)],
        "Statement": [(statement_id(whole, n), whole, n, "insert", 10 + n, 20, None, "INSERT") for n in range(3)],
        "CONTAINS": [(whole, statement_id(whole, n)) for n in range(3)],
        "FLOWS_TO": sorted({(column_id(P, *a), column_id(P, *b), s, at, how, sure, None) for a, b, s, at, how, sure in flows}, key=repr),
        "INFLUENCES": sorted({(column_id(P, *a), dataset_id(P, b), s, at, how) for a, b, s, at, how in influences}),
        "FEEDS": sorted({(dataset_id(P, a), dataset_id(P, b), s) for a, b, s in feeds}),
        **described,
    }  # fmt: skip
    return Contribution(whole, path, f"print-{path}", rows, datasets, columns)


@contextmanager
def stored(files: list[Any]) -> Iterator[SqliteStore]:
    """A graph of these files, and of another project beside it."""
    with tempfile.TemporaryDirectory() as folder, closing(SqliteStore(f"{folder}/graph.db")) as store:
        other = contributions("p2", {"x.sql": "CREATE VIEW a.t AS SELECT c FROM b.t WHERE d > 1"})
        load(store, "p2", store.acquire("p2"), other.values())
        said = [contribution(path, what) for path, what in zip(PATHS, files, strict=False)]
        load(store, P, store.acquire(P), said)
        yield store


def questions(store: SqliteStore, depth: int | None) -> Iterator[Question]:
    for root, level in (("a.t.c", "auto"), ("a.t", "column"), ("a.t", "table")):
        for way in ("upstream", "downstream"):
            for influences in (True, False):
                yield asked_for(store, root, way, depth, level, influences, P)  # type: ignore[arg-type]


def drawn(found: Traced, width: int, limit: int | None) -> list[str]:
    return [text(line) for line in render(found, width, limit)]


def counted(found: Traced) -> dict[str, object]:
    """What a picture's last lines and its sections hang on."""

    def named(numbers: Iterable[int]) -> list[str]:
        return sorted(found.names[n] for n in numbers)

    size = len(found.names)
    return {
        "edges": found.edges,
        "starts": named(found.starts),
        "shaping": named(found.shaping),
        "datasets": named(found.datasets),
        "pairs": [(found.names[pair // size], found.names[pair % size]) for pair in found.pairs],
        "sections": [(at, found.names[far]) for at, far in found.sections],
    }


@pytest.mark.parametrize("share", [0, 16])
@settings(max_examples=25, deadline=None)
@given(
    files=st.lists(file, min_size=1, max_size=4),
    depth=st.sampled_from([None, None, 1, 2]),
    width=st.sampled_from([60, 250]),
    limit=st.sampled_from([None, 6, 30]),
)
def test_in_numbers_as_in_words(share: int, files: list[Any], depth: int | None, width: int, limit: int | None) -> None:
    with stored(files) as store, patch.object(by_numbers, "_SHARE", share):
        for question in questions(store, depth):
            expected = in_words(store, question)
            with store.steady([]):
                found = numbered(store, question)
                assert found is not None
                lines = drawn(found, width, limit)
                words = found.walk()
            assert words == expected
            assert list(words.nodes) == list(expected.nodes)
            assert counted(found) == counted(OfWalk(expected))
            if expected.steps:
                assert lines == drawn(OfWalk(expected), width, limit)
            assert found.root_said == expected.said(expected.root)


def test_more_than_an_answer_may_have_is_cut_by_name() -> None:
    """Which nodes are left out is a matter of their names: the walk in words says so, whoever is asked."""
    flows = [(("a.t", "c"), ("b.T", f"x{n}"), 0, 1, "identity", "certain") for n in range(9)]
    with stored([(flows, [], [])]) as store, patch.object(by_numbers, "MAX_NODES", 5):
        question = asked_for(store, "a.t.c", "downstream", None, "auto", True, P)
        assert numbered(store, question) is None
        assert len(walk(store, "a.t.c", "downstream", project=P).nodes) == 9
