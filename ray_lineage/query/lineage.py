"""Upstream and downstream, in numbers where a store can be asked so and in words where it cannot. The answers are the same."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

from ray_lineage.graph.store import Direction, GraphStore
from ray_lineage.query.numbered import numbered
from ray_lineage.query.traced import OfWalk, Traced
from ray_lineage.query.walk import Level, Walk, asked_for, in_words


def steadied(store: GraphStore) -> AbstractContextManager[None]:
    """Where a store is asked in numbers, these hold inside."""
    return contextlib.nullcontext() if store.numbers is None else store.steady([])


def traced(
    store: GraphStore,
    text: str,
    direction: Direction,
    *,
    depth: int | None = None,
    level: Level = "auto",
    influences: bool = True,
    project: str | None = None,
) -> Traced:
    """See :func:`ray_lineage.query.walk.walk`. What it is asked later it may read from the store, which has to be
    :func:`steadied`."""
    question = asked_for(store, text, direction, depth, level, influences, project)
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
    """See :func:`ray_lineage.query.walk.walk`."""
    with steadied(store):
        question = asked_for(store, text, direction, depth, level, influences, project)
        found = numbered(store, question)
        return found.walk() if found is not None else in_words(store, question)
