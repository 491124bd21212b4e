"""Reading a graph with several queries, while a run may be writing it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from ray_lineage.errors import StoreUnavailable
from ray_lineage.graph.store import GraphStore


@contextlib.contextmanager
def undisturbed(store: GraphStore, projects: Sequence[str]) -> Iterator[None]:
    """What is read inside is one state of the graph. Raises StoreUnavailable (RL247) if a run wrote it meanwhile."""

    def marks() -> list[tuple[int, str]]:
        return [(s.epoch, s.digest) for s in map(store.state, projects)]

    before = marks()
    try:
        yield
        disturbed = marks() != before
    except KeyError:  # an edge of the new state, a node of the old one; in a settled graph it is a fault of ours
        disturbed = marks() != before or not all(digest for _, digest in before)
        if not disturbed:
            raise
    if disturbed:
        raise StoreUnavailable(
            "RL247", f"a run wrote to {store.uri} while it was read", help="try again when the run is over"
        )
