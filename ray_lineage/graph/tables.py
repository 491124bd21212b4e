"""Packs into the tables of the embedded store: added where nothing is stored of their files, else by what differs. To be
called inside a transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from ray_lineage.graph import sql
from ray_lineage.graph.keys import Shared, checked, default, difference, ends, first, places
from ray_lineage.graph.pack import PACKED, Files, Pack
from ray_lineage.model import Row

_SHARED: Final = ("Column", "Dataset")  # in this order they are collected: a column keeps its dataset
Numbers = dict[str, list[int]]
"""By label the numbers of a pack's files, datasets and columns."""


def add(connection: sqlite3.Connection, project: int, packed: Pack, shared: Shared) -> Counter[str]:
    """Add the rows of a pack. Returns how many of each kind are new."""
    many = connection.executemany
    files = _add_files(connection, project, packed.files)
    described = {label: _described(label, packed, files) for label in _SHARED}
    datasets, columns = shared.numbers(packed, described)
    numbers = {"File": files, "Dataset": datasets, "Column": columns}
    for label, rows in described.items():
        many(sql.DESCRIBE[label], [(*row, numbers[label][at]) for at, row in rows.items()])
    many(sql.insert("Statement"), _statements(packed, files))
    made: Counter[str] = Counter({"File": len(files), "Statement": len(packed.statements.file), **shared.made})
    for rel, values in zip(PACKED, cast("list[list[list[Any]]]", packed.rels), strict=True):
        many(sql.insert(rel.type), zip(places(files, values[2]), *ends(rel, values, numbers), *values[3:], strict=True))
        made[rel.type] = len(values[2])
    _count(connection, project, made)
    return made


def _add_files(connection: sqlite3.Connection, project: int, files: Files) -> list[int]:
    last = connection.execute(sql.last("File")).fetchone()[0] or 0
    numbers = list(range(last + 1, last + 1 + len(files.path)))
    rows = zip(numbers, [project] * len(numbers), *_values(files), strict=True)
    connection.executemany(sql.insert("File"), rows)
    return numbers


def _values(columns: Any) -> list[list[Any]]:
    """The columns of a part of a pack."""
    return [getattr(columns, name) for name in columns.__struct_fields__]


def _statements(packed: Pack, files: list[int]) -> Iterable[Row]:
    owners, ordinals, *values = _values(packed.statements)
    numbers = [first(files[f]) + o for f, o in zip(owners, ordinals, strict=True)]
    checked(max(ordinals, default=0))
    return zip(numbers, *values, strict=True)


def _described(label: str, packed: Pack, files: list[int]) -> dict[int, Row]:
    """What the pack's files describe: by the pack's numbers (description, file)."""
    nodes, *description, owners = _values(packed.described_datasets if label == "Dataset" else packed.described_columns)
    return dict(zip(nodes, zip(*description, map(files.__getitem__, owners), strict=True), strict=True))


def _count(connection: sqlite3.Connection, project: int, made: Counter[str]) -> None:
    connection.executemany(sql.ADD_TO_TOTAL, [(n, project, kind) for kind, n in made.items() if n])


class Replacement:
    """What a pack's files should have against what is stored of them; ``removed`` are paths of files that go."""

    def __init__(self, connection: sqlite3.Connection, project: int, packed: Pack, removed: Sequence[str]) -> None:
        self._run = connection.execute
        self._many = connection.executemany
        self._connection = connection
        self._project = project
        self._packed = packed
        self._made: Counter[str] = Counter()
        self._changed = 0
        self._suspects: dict[str, set[int]] = {label: set() for label in _SHARED}
        self._removed = [n for p in removed if (n := self._file(p))]
        shared = Shared(connection, project, complete=False)
        datasets, columns = shared.numbers(packed)
        self._numbers: Numbers = {"File": self._put_files(), "Dataset": datasets, "Column": columns}
        self._files = self._numbers["File"] + self._removed
        self._made.update(shared.made)

    def write(self) -> int:
        """Write the difference. Returns how many rows came, went or changed."""
        come = {
            rel.type: self._take_out(rel.type, rel.source, rel.target, self._wanted(at))
            for at, rel in enumerate(PACKED)
        }
        self._replace_statements()
        described = {label: self._reset(label) for label in _SHARED}
        for label, rows in described.items():
            self._changed += len(rows)
            self._many(sql.DESCRIBE[label], rows)
        for kind, rows in come.items():
            self._made[kind] += len(rows)
            self._changed += len(rows)
            self._many(sql.insert(kind), rows)
        self._many(sql.delete("File"), [(f,) for f in self._removed])
        self._made["File"] -= len(self._removed)
        self._collect()
        _count(self._connection, self._project, self._made)
        return self._changed + self._made["Dataset"] + self._made["Column"] + len(self._files)

    def _file(self, path: str) -> int:
        row = self._run(sql.FIND_FILE, (self._project, path)).fetchone()
        return int(row[0]) if row else 0

    def _put_files(self) -> list[int]:
        numbers = []
        for path, *values in zip(*_values(self._packed.files), strict=True):
            number = self._file(path)
            if number:
                self._run(sql.UPDATE_FILE, (*values, number))
            else:
                row = (None, self._project, path, *values)
                number = int(self._run(sql.insert("File"), row).lastrowid or 0)
                self._made["File"] += 1
            numbers.append(number)
        return numbers

    def _wanted(self, at: int) -> dict[int, list[Row]]:
        """Rows of the type at a place of ``PACKED``, by file."""
        values: Sequence[Any] = self._packed.rels[at]
        out: dict[int, list[Row]] = {}
        rows = zip(*ends(PACKED[at], values, self._numbers), *values[3:], strict=True)
        for file, row in zip(map(self._numbers["File"].__getitem__, values[2]), rows, strict=True):
            out.setdefault(file, []).append(row)
        return out

    def _stored(self, kind: str, file: int) -> list[Row]:
        start = first(file)
        return self._run(sql.rows_between(kind), (start, start + sql.MOST_PLACES - 1)).fetchall()

    def _take_out(self, kind: str, source: str, target: str, wanted: dict[int, list[Row]]) -> list[Row]:
        """Delete what no file has any more. Returns the rows to be added."""
        out: list[Row] = []
        for file in self._files:
            gone, come = difference(self._stored(kind, file), wanted.get(file, ()), file)
            out += come
            self._many(sql.delete(kind), [r[:1] for r in gone])
            self._made[kind] -= len(gone)
            self._changed += len(gone)
            for end, label in ((1, source), (2, target)):
                if label in self._suspects:
                    self._suspects[label].update(r[end] for r in gone)
        return out

    def _replace_statements(self) -> None:
        wanted = {row[0]: row for row in _statements(self._packed, self._numbers["File"])}
        stored = {row[0]: row for file in self._files for row in self._stored("Statement", file)}
        gone = [(number,) for number in stored if number not in wanted]
        come = [row for number, row in wanted.items() if stored.get(number) != row]
        self._many(sql.delete("Statement"), gone)
        self._many(sql.insert("Statement").replace("INSERT", "INSERT OR REPLACE"), come)
        self._made["Statement"] += len(wanted) - len(stored)
        self._changed += len(gone) + len(come)

    def _reset(self, label: str) -> list[Row]:
        """Undescribe what its file describes no more. Returns the descriptions that are to be written."""
        described = _described(label, self._packed, self._numbers["File"])
        numbers = self._numbers[label]
        wanted = {(row[-1], numbers[at]): (*row, numbers[at]) for at, row in described.items()}
        stored = {
            (file, row[0]): (*row[1:], file, row[0])
            for file in self._files
            for row in self._run(sql.DESCRIBED[label], (file,))
        }
        gone = [number for file, number in stored if (file, number) not in wanted]
        self._suspects[label].update(gone)
        self._changed += len(gone)
        self._many(sql.DESCRIBE[label], [(*self._undescribed(label, n), None, n) for n in gone])
        return [row for key, row in wanted.items() if stored.get(key) != row]

    def _undescribed(self, label: str, number: int) -> Row:
        if label == "Column":
            return (None, None, None, None)
        return (default(self._run("SELECT name FROM dataset WHERE id = ?", (number,)).fetchone()[0]), None, None, None)

    def _collect(self) -> None:
        """Delete what nothing mentions any more."""
        for label in _SHARED:
            for number in self._suspects[label].difference(self._numbers[label]):
                found = self._run(sql.orphan(label), (number,)).fetchone()
                if found:
                    self._run(sql.delete(label), (number,))
                    self._made[label] -= 1
                    self._changed += 1
                    self._suspects["Dataset"].add(found[0])
