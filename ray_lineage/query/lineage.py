"""Upstream and downstream, in numbers where a store can be asked so and in words where it cannot. The answers are the same."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

from ray_lineage.graph.store import Direction, GraphStore
from ray_lineage.query.numbered import numbered
from ray_lineage.query.select import selector
from ray_lineage.query.traced import OfWalk, Traced
from ray_lineage.query.walk import Level, Question, Walk, asked_for, in_words, resolve


def steadied(store: GraphStore) -> AbstractContextManager[None]:
    """Where a store is asked in numbers, these hold inside."""
    return contextlib.nullcontext() if store.numbers is None else store.steady([])


def traced(store: GraphStore, question: Question) -> Traced:
    """The answer. What it is asked later it may read from the store, which has to be :func:`steadied`."""
    return numbered(store, question) or OfWalk(in_words(store, question))


def walk(
    store: GraphStore,
    text: str,
    direction: Direction,
    *,
    depth: int | None = None,
    level: Level = "auto",
    influences: bool = True,
    project: str | None = None,
) -> Walk:
    """Walk the graph. ``level`` ``column`` on a dataset walks all its columns; ``influences`` adds what shapes rows to a walk
    over columns (between datasets it is part of every edge). Raises UsageError."""
    with steadied(store):
        question = asked_for(store, text, direction, depth, level, influences, project)
        found = numbered(store, question)
        return found.walk() if found is not None else in_words(store, question)


def selection(store: GraphStore, text: str, project: str | None = None) -> list[tuple[str, str]]:
    """Project and name of the datasets that a selector (``2+orders+1``) means: what it names first, then by name."""
    chosen = selector(text)
    root = resolve(store, chosen.name, project)
    if chosen.is_plain:
        return [(root.project, chosen.name)]
    names: set[str] = set()
    sides: list[tuple[Direction, int | None]] = [("upstream", chosen.upstream), ("downstream", chosen.downstream)]
    for direction, depth in sides:
        if depth != 0:
            names |= set(walk(store, root.dataset, direction, depth=depth, level="table", project=root.project).nodes)
    return [(root.project, name) for name in (root.dataset, *sorted(names - {root.dataset}))]
