"""Numbers in the embedded store: of a pack's shared nodes, and of the rows of a file. What decides is pure."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from typing import Any, Final

from ray_lineage.graph import sql
from ray_lineage.graph.base import Permanent
from ray_lineage.graph.pack import Pack
from ray_lineage.graph.schema import Rel
from ray_lineage.model import DATASET_KINDS, Row, default_kind, split_text

KIND: Final = {kind: number for number, kind in enumerate(DATASET_KINDS)}
_UNDESCRIBED: Final = (None, None, None, None, None)
Descriptions = dict[str, dict[int, Row]]
"""By label and the pack's number of a shared node what a file says of it, and the file's number."""
MOST_REMEMBERED: Final = 1_000_000
"""Columns, about 0.2 kB each."""
_ABSENT: Final = object()


def places(files: Sequence[int], owners: Iterable[int]) -> Iterator[int]:
    """Numbers for the rows of new files, where ``owners`` has a file of the pack for each row, those of one together.
    Raises Permanent for a file that has too many."""
    counted = Counter(owners)
    return chain.from_iterable(range(first(files[f]), first(files[f]) + checked(n)) for f, n in counted.items())


def first(file: int) -> int:
    """The number of a file's first row."""
    return file << sql.SHIFT


def checked(rows: int) -> int:
    """So many rows of one type has a file. Raises Permanent if they are more than there are numbers for."""
    if rows >= sql.MOST_PLACES:
        raise Permanent("RL504", f"a file with {rows:,} rows of one type is more than the embedded graph can hold")
    return rows


def difference(stored: Iterable[Row], wanted: Iterable[Row], file: int) -> tuple[list[Row], list[Row]]:
    """Which stored rows of a file (number, *values) have to go, and which come, with numbers that are free."""
    missing = dict.fromkeys(wanted)
    checked(len(missing))
    gone, kept = [], set()
    for row in stored:
        if missing.pop(row[1:], _ABSENT) is _ABSENT:
            gone.append(row)
        else:
            kept.add(row[0])
    free = (n for n in count(first(file)) if n not in kept)
    return gone, [(n, *row) for n, row in zip(free, missing, strict=False)]


def ends(
    rel: Rel, columns: Sequence[Sequence[Any]], numbers: dict[str, list[int]]
) -> tuple[Iterable[int], Iterable[int]]:
    """The numbers of a pack's sources and targets, given those of its files, datasets and columns; of statements it has
    their ordinals already."""
    source, target = numbers.get(rel.source), numbers.get(rel.target)
    return (
        columns[0] if source is None else map(source.__getitem__, columns[0]),
        columns[1] if target is None else map(target.__getitem__, columns[1]),
    )


def default(name: str) -> int:
    """Number of the kind of a dataset that nothing describes."""
    return KIND[default_kind(split_text(name))]


class Shared:
    """The datasets and columns of one project while it is written: those that are there are found once, others are made.

    ``complete``: what is not remembered is not there. That holds in a first load, and is given up when more than
    :data:`MOST_REMEMBERED` columns are remembered, which then are looked up.
    """

    def __init__(self, connection: sqlite3.Connection, project: int, *, complete: bool) -> None:
        self._run = connection.execute
        self._run_many = connection.executemany
        self._project = project
        self._complete = complete
        self._datasets: dict[str, int] = {}
        self._columns: dict[tuple[int, str], int] = {}
        self._next = self._free_numbers()
        self.made: Counter[str] = Counter()
        """How many :meth:`numbers` has made."""

    def _free_numbers(self) -> dict[str, int]:
        return {label: self._free(label) for label in ("Dataset", "Column")}

    def _free(self, label: str) -> int:
        found = self._run(sql.last(label)).fetchone()[0]
        return int(found or 0) + 1

    @property
    def is_full(self) -> bool:
        """Is it time for :meth:`forget`?"""
        return len(self._columns) > MOST_REMEMBERED

    def forget(self) -> None:
        """Remember nothing; from now on everything is looked up, by indexes that have to be there."""
        self._complete = False
        self._datasets.clear()
        self._columns.clear()
        self._next = self._free_numbers()

    def numbers(self, packed: Pack, described: Descriptions | None = None) -> tuple[list[int], list[int]]:
        """Of a pack's datasets and columns. What is made here gets its description, which is taken out of ``described``."""
        self.made.clear()
        described = described or {"Dataset": {}, "Column": {}}
        datasets = self._numbers_of_datasets(packed.datasets, described["Dataset"])
        owners = map(datasets.__getitem__, packed.columns.dataset)
        return datasets, self._numbers_of_columns(owners, packed.columns.name, described["Column"])

    def _numbers_of_datasets(self, names: Sequence[str], described: dict[int, Row]) -> list[int]:
        known, new = self._datasets, []
        for at, name in enumerate(names):
            if name in known:
                continue
            number = self._find(sql.FIND_DATASET, self._project, name)
            if not number:
                number = self._free_range("Dataset", 1).start
                new.append(self._dataset(number, name, described.pop(at, None)))
            known[name] = number
        self._run_many(sql.insert("Dataset"), new)
        return [known[n] for n in names]

    def _find(self, query: str, owner: int, name: str) -> int:
        row = None if self._complete else self._run(query, (owner, name)).fetchone()
        return row[0] if row else 0

    def _free_range(self, label: str, count: int) -> range:
        start = self._next[label]
        self._next[label] += count
        self.made[label] += count
        return range(start, start + count)

    def _dataset(self, number: int, name: str, described: Row | None) -> Row:
        parts = split_text(name)
        catalog = parts[-3] if len(parts) > 2 else None
        schema = parts[-2] if len(parts) > 1 else None
        described = described or (KIND[default_kind(parts)], None, None, None, None)
        return (number, self._project, name, catalog, schema, parts[-1], parts[-1].lower(), *described)

    def _numbers_of_columns(
        self, datasets: Iterable[int], names: Sequence[str], described: dict[int, Row]
    ) -> list[int]:
        known, columns = self._columns, list(zip(datasets, names, strict=True))
        new = {at: c for at, c in enumerate(columns) if c not in known}
        if not self._complete:
            for at, column in list(new.items()):
                number = self._find(sql.FIND_COLUMN, *column)
                if number:
                    known[new.pop(at)] = number
        numbers = self._free_range("Column", len(new))
        known.update(zip(new.values(), numbers, strict=True))
        pop = described.pop
        rows = ((n, *column, *pop(at, _UNDESCRIBED)) for n, (at, column) in zip(numbers, new.items(), strict=True))
        self._run_many(sql.insert("Column"), rows)
        return list(map(known.__getitem__, columns))
