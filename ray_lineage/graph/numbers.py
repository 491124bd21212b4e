"""The embedded graph asked in numbers, for answers that hold much of it: text is looked up of what is shown only.

A node is the number of its row. An edge of a walk has a near end, where the walk comes from, and a far end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from ray_lineage.graph import sql
from ray_lineage.graph.schema import RELS, Rel
from ray_lineage.model import CERTAINTIES, Row, container_of

_TYPES: Final = {r.type: r for r in RELS}
Read = Callable[[str, Mapping[str, Any]], list[Row]]
"""All rows of an answer. Raises StoreUnavailable."""


class Written(NamedTuple):
    """A file of the graph: its path, and that of the one whose lines are meant."""

    path: str
    file: str


class NumberedEdge(NamedTuple):
    """One edge; ``file`` is a number, too."""

    near: int
    far: int
    file: int
    statement: int
    line: int
    how: str
    certainty: str


class Numbers:
    """Questions in numbers. ``keys`` None: of all nodes there are."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.files: Mapping[int, Written] = _Files(read)
        """By number."""

    def amount(self, kind: str) -> int:
        """How many rows there are of a label or type."""
        return int(self._read(sql.AMOUNT, {"kind": kind})[0][0] or 0)

    def dataset(self, project: str, name: str) -> int:
        """Of one that exists."""
        return int(self._read(sql.DATASET_OF_PROJECT, {"project": project, "name": name})[0][0])

    def column(self, dataset: int, name: str) -> int:
        """Of one that exists."""
        return int(self._read(sql.COLUMN_OF_DATASET, {"dataset": dataset, "name": name})[0][0])

    def ends(self, rel: str, downstream: bool, keys: Sequence[int] | None = None) -> Iterable[tuple[int, int]]:
        """Near and far ends, in no order; as often as there are edges."""
        return self._pairs(sql.ends(_TYPES[rel], downstream, chosen=keys is not None), keys)

    def owners(self, keys: Sequence[int] | None = None) -> Iterable[tuple[int, int]]:
        """Columns, and their datasets."""
        return self._pairs(sql.owners(chosen=keys is not None), keys)

    def stars(self, datasets: Sequence[int] | None = None) -> Iterable[tuple[int, int]]:
        """Datasets, and the column that stands for those that could not be listed."""
        return self._pairs(sql.stars(chosen=datasets is not None), datasets)

    def columns_of(self, dataset: int) -> list[int]:
        """All columns of one."""
        return [row[0] for row in self._read(sql.NUMBERS_OF_COLUMNS, {"dataset": dataset})]

    def _pairs(self, query: str, keys: Sequence[int] | None) -> Iterable[tuple[int, int]]:
        ((first, second),) = self._read(
            query, {"keys": _given(keys)}
        )  # as lists: a row each would take longer than all the rest
        return zip(msgspec.json.decode(first, type=list[int]), msgspec.json.decode(second, type=list[int]), strict=True)

    def edges(self, rel: str, downstream: bool, keys: Sequence[int] | None = None) -> Iterable[NumberedEdge]:
        """With all that is said of them, in no order."""
        declared = _TYPES[rel]
        words = _words(declared)
        rows = self._read(sql.numbered(declared, downstream, chosen=keys is not None), {"keys": _given(keys)})
        for near, far, file, statement, line, how, certainty in rows:
            yield NumberedEdge(near, far, file, statement, line, words[how], CERTAINTIES[certainty])

    def columns(self, keys: Sequence[int] | None = None) -> list[Row]:
        """Number, dataset, name, and how that is written (None: so)."""
        return self._read(sql.named("Column", chosen=keys is not None), {"keys": _given(keys)})

    def datasets(self, keys: Sequence[int] | None = None) -> list[Row]:
        """Number, name, and how that is written (None: so)."""
        return self._read(sql.named("Dataset", chosen=keys is not None), {"keys": _given(keys)})


class _Files(dict[int, Written]):
    """By number; each looked up when it is asked for."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def __missing__(self, file: int) -> Written:
        ((path, origin),) = self._read(sql.WRITTEN, {"file": file})
        found = self[file] = Written(path, origin if origin and container_of(path) else path)
        return found


def _given(keys: Sequence[int] | None) -> str | None:
    return None if keys is None else json.dumps(keys)


def _words(rel: Rel) -> Sequence[str]:
    """What kinds of edges of a type are called."""
    return next((p.choices for p in rel.props if p.name in ("transformation", "how")), ("",))
