"""What no statement reads: whole datasets, and columns of those that are read otherwise."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from ray_lineage.graph.store import GraphStore, Unread
from ray_lineage.model import STAR, column_id, dataset_id, split_text

SCHEMA: Final = 1
KINDS: Final = frozenset({"Table", "View", "MaterializedView", "External"})
"""What is there to be read."""
UNKNOWN: Final = "readers outside of these files (reports, applications, people) are unknown"


class Unused(msgspec.Struct, frozen=True):
    """``datasets`` nobody reads at all; ``columns`` are those that nobody reads of the others. Filters, joins, groups and sorts
    read. ``unknown`` is what cannot be told."""

    schema: int
    datasets: list[Unread]
    columns: list[Unread]
    unknown: str = UNKNOWN


def unused(store: GraphStore, project: str | None = None, schema: str | None = None) -> Unused:
    """``schema`` limits it to one, by its last parts, in any case."""
    found = [u for u in store.unread(project) if u.kind in KINDS and u.column != STAR and _is_in(schema, u.dataset)]
    datasets = [u for u in found if u.column is None]
    whole = {(u.project, u.dataset) for u in datasets}
    columns = [u for u in found if u.column is not None and (u.project, u.dataset) not in whole]
    return Unused(SCHEMA, _spelled(store, datasets), _spelled(store, columns))


def _spelled(store: GraphStore, found: list[Unread]) -> list[Unread]:
    ids = {
        u: dataset_id(u.project, u.dataset) if u.column is None else column_id(u.project, u.dataset, u.column)
        for u in found
    }
    label: Literal["Dataset", "Column"] = "Dataset" if any(u.column is None for u in found) else "Column"
    written = store.spelled(ids.values(), label)
    return [msgspec.structs.replace(u, display=written.get(i, i)[len(u.project) + 1 :]) for u, i in ids.items()]


def _is_in(schema: str | None, dataset: str) -> bool:
    if schema is None:
        return True
    wanted, parts = split_text(schema.lower()), split_text(dataset.lower())[:-1]
    return parts[-len(wanted) :] == wanted
