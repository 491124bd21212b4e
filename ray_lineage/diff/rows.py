"""What contributions say of the lineage, without what moves when lines do: rows that can be compared. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from ray_lineage.model import Contribution, Diagnostic, Row, quote_part

Column = tuple[str, str]
"""Dataset and column."""
_NO_COLUMN: Final = "RL143"
_decoder: Final = msgspec.json.Decoder(list[Diagnostic])


class Place(NamedTuple):
    """Where something is said."""

    file: str
    line: int


class Flow(NamedTuple):
    """A column takes part in another one's value."""

    source: Column
    target: Column
    how: str
    certainty: str
    expression: str


class Influence(NamedTuple):
    """A column shapes the rows of a dataset."""

    source: Column
    target: str
    how: str


class Feed(NamedTuple):
    """Rows of a dataset come from those of another one."""

    source: str
    target: str


class Described(NamedTuple):
    """What its declaration says of a column."""

    type: str
    place: Place


class FileRows(NamedTuple):
    """What one file is responsible for."""

    status: str
    datasets: dict[str, tuple[str, Place]]
    """By name the kind; those alone that the file describes."""
    columns: dict[Column, Described]
    flows: list[tuple[Flow, Place]]
    influences: list[tuple[Influence, Place]]
    feeds: list[tuple[Feed, Place]]
    targets: dict[int, str]
    """By a statement's number what it writes."""
    lacking: tuple[tuple[str, int], ...] = ()
    """What is said of columns that it reads or writes and that nothing has, with the line."""
    spelled: Mapping[str, str] = MappingProxyType({})
    """Datasets and columns (``dataset.column``) that it describes, as they are written, where letters' case differs."""


NOTHING = FileRows("", {}, {}, [], [], [], {})


def rows_of(contribution: Contribution) -> FileRows:
    """The rows of a contribution. Its project has the name "", so that ids are names after a colon."""
    rows, path = contribution.rows, contribution.path
    columns = {f":{dataset}.{quote_part(column)}": (dataset, column) for dataset, column in contribution.columns}
    first = {r[2]: r[4] for r in rows.get("Statement", ())}
    declared = {r[1][1:]: r[2] for r in rows.get("DECLARES", ())}
    return FileRows(
        rows["File"][0][6],
        {r[2]: (r[6], Place(path, declared.get(r[2], 0))) for r in rows.get("Dataset", ())},
        {columns[r[0]]: Described(r[4] or "", Place(path, declared.get(r[1][1:], 0))) for r in rows.get("Column", ())},
        [
            (Flow(columns[r[0]], columns[r[1]], r[4], r[5], r[6] or ""), Place(path, r[3]))
            for r in rows.get("FLOWS_TO", ())
        ],
        [(Influence(columns[r[0]], r[1][1:], r[4]), Place(path, r[3])) for r in rows.get("INFLUENCES", ())],
        [(Feed(r[0][1:], r[1][1:]), Place(path, first.get(r[2], 0))) for r in rows.get("FEEDS", ())],
        {int(r[0].rpartition("#")[2]): r[1][1:] for r in rows.get("WRITES", ())},
        tuple(_lacking(rows["File"][0][7])),
        dict(_spelled(rows)),
    )


def _spelled(rows: Mapping[str, list[Row]]) -> Iterator[tuple[str, str]]:
    datasets = {r[2]: r[11] or r[2] for r in rows.get("Dataset", ())}
    yield from ((name, written) for name, written in datasets.items() if name != written)
    for row in rows.get("Column", ()):
        dataset, column = row[1][1:], row[2]
        written = f"{datasets.get(dataset, dataset)}.{row[8] or column}"
        if written != f"{dataset}.{column}":
            yield f"{dataset}.{column}", written


def _lacking(diagnostics: str) -> Iterator[tuple[str, int]]:
    if _NO_COLUMN in diagnostics:
        yield from ((d.message, d.line) for d in _decoder.decode(diagnostics) if d.code == _NO_COLUMN)


class Rows:
    """The rows of several files, added up. Places are those of the first file that says it."""

    def __init__(self, files: Iterable[FileRows]) -> None:
        self.datasets: dict[str, tuple[str, Place]] = {}
        self.columns: dict[Column, Described] = {}
        self.flows: Counter[Flow] = Counter()
        self.influences: Counter[Influence] = Counter()
        self.feeds: Counter[Feed] = Counter()
        self.places: dict[Flow | Influence | Feed, Place] = {}
        self.lists: dict[str, list[str]] = {}
        for file in files:
            self._add(file)
        for dataset, column in self.columns:
            self.lists.setdefault(dataset, []).append(column)

    def _add(self, file: FileRows) -> None:
        self.datasets.update(file.datasets)
        self.columns.update(file.columns)
        for flow, place in file.flows:
            self.flows[flow] += 1
            self.places.setdefault(flow, place)
        for influence, place in file.influences:
            self.influences[influence] += 1
            self.places.setdefault(influence, place)
        for feed, place in file.feeds:
            self.feeds[feed] += 1
            self.places.setdefault(feed, place)


class Differences(NamedTuple):
    """What only one of two sides says."""

    base: Rows
    head: Rows
    flows: tuple[Counter[Flow], Counter[Flow]]
    """Gone, and new; as are the others."""
    influences: tuple[Counter[Influence], Counter[Influence]]
    feeds: tuple[Counter[Feed], Counter[Feed]]


def differences(base: Mapping[str, FileRows], head: Mapping[str, FileRows]) -> Differences:
    """Of the rows of the same files on two sides, by path."""
    a, b = Rows(base.values()), Rows(head.values())
    return Differences(
        a, b,
        (a.flows - b.flows, b.flows - a.flows),
        (a.influences - b.influences, b.influences - a.influences),
        (a.feeds - b.feeds, b.feeds - a.feeds),
    )  # fmt: skip
