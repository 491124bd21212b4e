"""What the server store runs to change its graph by a difference. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ray_lineage.graph import cypher
from ray_lineage.graph.base import column_rows, dataset_rows
from ray_lineage.graph.delta import Delta
from ray_lineage.graph.schema import COLUMN, DATASET, FILE, RELS, STATEMENT
from ray_lineage.model import Row, default_kind, split_text

_KIND: Final = DATASET.columns.index("kind")


class Write(NamedTuple):
    """One statement; its parameters are columns. ``creates`` is the label of the shared nodes that it creates."""

    query: str
    columns: Mapping[str, Sequence[Any]]
    creates: str = ""

    @property
    def rows(self) -> int:
        """Of a statement whose columns are equally long."""
        return len(next(iter(self.columns.values())))

    def part(self, start: int, stop: int) -> Write:
        """Some of its rows."""
        return self._replace(columns={name: values[start:stop] for name, values in self.columns.items()})


def changes(project: str, delta: Delta) -> Iterator[Write]:
    """All but the collection of what lost its last mention, which needs answers. A saved file seldom takes more than two."""
    resets = [(i, default_kind(split_text(i[len(project) + 1 :]))) for i in delta.reset.get("Dataset", ())]
    yield from _by_kind(cypher.reset_datasets, ("id", "kind"), resets, 1)
    yield from _some(cypher.RESET_COLUMNS, ("id",), [(i,) for i in delta.reset.get("Column", ())])
    mentioned = dataset_rows(project, delta.datasets)
    yield from _by_kind(lambda kind: cypher.mention_nodes(DATASET, kind), DATASET.columns, mentioned, _KIND)
    yield from _some(cypher.mention_nodes(COLUMN), COLUMN.columns, column_rows(delta.columns))
    described = delta.describe.get("Dataset", [])
    yield from _by_kind(lambda kind: cypher.set_nodes(DATASET, kind), DATASET.columns, described, _KIND)
    yield from _some(cypher.set_nodes(COLUMN), COLUMN.columns, delta.describe.get("Column", []))
    dropped = [(handle,) for found in delta.drop.values() for _, handle in found]
    yield from _some(cypher.DELETE_BY_HANDLE, ("handle",), dropped)
    yield from _moves(delta)
    most = _most(delta)
    if any(most.values()):
        yield Write(cypher.change(), most)


def _moves(delta: Delta) -> Iterator[Write]:
    """Of all types in one statement."""
    names = {r.type: r.columns[2:] for r in RELS}
    rows = [
        (handle, dict(zip(names[kind], row[3:], strict=True)))
        for kind, found in delta.move.items()
        for row, handle in found
    ]
    yield from _some(cypher.SET_BY_HANDLE, ("handle", "properties"), rows)


def _most(delta: Delta) -> dict[str, Sequence[Any]]:
    """Parameters of ``cypher.change``."""
    out: dict[str, Sequence[Any]] = {"gone": delta.gone}
    out |= columns(FILE.columns, delta.files, "file_")
    out |= columns(STATEMENT.columns, delta.statements, "new_")
    out |= columns(STATEMENT.columns, delta.changed, "changed_")
    for rel in RELS:
        out |= columns(("source", "target", "file", *rel.columns[2:]), delta.add.get(rel.type, []), f"{rel.type}_")
    return out


def _by_kind(query: Callable[[str], str], names: Sequence[str], rows: Iterable[Row], at: int) -> Iterator[Write]:
    """A statement for each kind, because the kind is a label."""
    of: dict[str, list[Row]] = {}
    for row in rows:
        of.setdefault(str(row[at]), []).append(row)
    for kind, found in sorted(of.items()):
        yield Write(query(kind), columns(names, found))


def _some(query: str, names: Sequence[str], rows: Sequence[Row]) -> Iterator[Write]:
    if rows:
        yield Write(query, columns(names, rows))


def columns(names: Sequence[str], rows: Sequence[Row], part: str = "") -> dict[str, Sequence[Any]]:
    """Rows as columns."""
    values: Iterable[list[Any]] = map(list, zip(*rows, strict=True)) if rows else [[] for _ in names]
    return {f"{part}{name}": column for name, column in zip(names, values, strict=True)}
