"""What no statement reads: whole datasets, and columns of those that are read otherwise."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.frames import Table, Tabular, table_of
from ray_lineage.graph.store import GraphStore, Unread
from ray_lineage.model import STAR, column_id, dataset_id, dataset_text, file_id, split_text
from ray_lineage.query.walk import origins, within

SCHEMA: Final = 1
KINDS: Final = frozenset({"Table", "View", "MaterializedView", "External"})
"""What is there to be read."""
_MOST_SCHEMAS: Final = 20
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
    """``schema`` limits it to one, by its last parts, in any case. Raises UsageError (RL204) if the graph has none of this name."""
    if schema is not None:
        _check_schema(schema, store.dataset_names(project))
    unread = [u for u in store.unread(project) if u.kind in KINDS and u.column != STAR and _is_in(schema, u.dataset)]
    written = origins(store, {file_id(u.project, u.file) for u in unread})
    found = [msgspec.structs.replace(u, file=within(u.project, written[file_id(u.project, u.file)])) for u in unread]
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


def _check_schema(schema: str, datasets: Iterable[str]) -> None:
    names = list(datasets)
    if any(_is_in(schema, name) for name in names):
        return
    schemas = {parts[:-1] for parts in map(split_text, names) if len(parts) > 1}
    known = [dataset_text(parts) for parts in sorted(schemas, key=lambda parts: (len(parts), parts))]
    by_last = {split_text(name)[-1].lower(): name for name in reversed(known)}
    close = [by_last[c] for c in difflib.get_close_matches(split_text(schema.lower())[-1], by_last)]
    listed = ", ".join(known[:_MOST_SCHEMAS]) + (" ..." if len(known) > _MOST_SCHEMAS else "")
    hint = f"did you mean {', '.join(close)}?" if close else f"there are: {listed}" if known else "no name has a schema"
    raise UsageError("RL204", f"no dataset of the graph is in a schema {schema!r}", where="--schema", help=hint)


def _is_in(schema: str | None, dataset: str) -> bool:
    if schema is None:
        return True
    wanted, parts = split_text(schema.lower()), split_text(dataset.lower())[:-1]
    return parts[-len(wanted) :] == wanted
