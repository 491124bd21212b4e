"""What no statement reads: whole datasets, and columns of those that are read otherwise."""

from __future__ import annotations

from typing import Final

import msgspec

from ray_lineage.frames import Table, Tabular, table_of
from ray_lineage.graph.store import GraphStore, Unread
from ray_lineage.model import STAR, split_text

SCHEMA: Final = 1
KINDS: Final = frozenset({"Table", "View", "MaterializedView", "External"})
"""What is there to be read."""
UNKNOWN: Final = "readers outside of these files (reports, applications, people) are unknown"


class Unused(Tabular, msgspec.Struct, frozen=True):
    """``datasets`` nobody reads at all; ``columns`` are those that nobody reads of the others. Filters, joins, groups and sorts
    read. ``unknown`` is what cannot be told."""

    schema: int
    datasets: list[Unread]
    columns: list[Unread]
    unknown: str = UNKNOWN

    def table(self) -> Table:
        """Datasets (their ``column`` is null), then columns."""
        return table_of(Unread, [*self.datasets, *self.columns])


def unused(store: GraphStore, project: str | None = None, schema: str | None = None) -> Unused:
    """``schema`` limits it to one, by its last parts, in any case."""
    found = [u for u in store.unread(project) if u.kind in KINDS and u.column != STAR and _is_in(schema, u.dataset)]
    datasets = [u for u in found if u.column is None]
    whole = {(u.project, u.dataset) for u in datasets}
    columns = [u for u in found if u.column is not None and (u.project, u.dataset) not in whole]
    return Unused(SCHEMA, datasets, columns)


def _is_in(schema: str | None, dataset: str) -> bool:
    if schema is None:
        return True
    wanted, parts = split_text(schema.lower()), split_text(dataset.lower())[:-1]
    return parts[-len(wanted) :] == wanted
