"""What a change reaches: downstream by values, and by what shapes rows to every column of the dataset that is shaped. Pure.

The graph is loaded as the walk comes to it: of a dataset those files that mention it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from ray_lineage.diff.rows import Column, FileRows
from ray_lineage.model import STAR

SOME_FILES: Final = 200
"""Files that are linked on the way, of all changes together; where there are many changes, LEAST_FILES for each."""
LEAST_FILES: Final = 15
ALL_FILES: Final = 1 << 62


class Reached(msgspec.Struct, frozen=True):
    """``datasets``: by name the distance. ``columns`` counts columns of them. ``files`` write what is reached. ``cut``: there is
    more, which was not looked at."""

    datasets: dict[str, int]
    columns: int
    files: tuple[str, ...]
    cut: bool


class Seeds(msgspec.Struct):
    """Where a walk begins: single columns, and datasets whose rows are other ones. ``readers`` are datasets one step away."""

    columns: set[Column] = msgspec.field(default_factory=set)
    rows: set[str] = msgspec.field(default_factory=set)
    readers: set[str] = msgspec.field(default_factory=set)


class _Edges:
    """What leads away from one dataset, and the files that say so."""

    __slots__ = ("feeds", "flows", "influences")

    def __init__(self) -> None:
        self.flows: dict[str, dict[Column, dict[str, None]]] = {}
        self.influences: dict[str, dict[str, dict[str, None]]] = {}
        self.feeds: dict[str, dict[str, None]] = {}


class Downstream:
    """The graph of one side. ``mentioning``: paths of the files that mention a dataset; ``rows``: those of a file; ``listed``: the
    columns of a dataset, as far as they are known."""

    def __init__(
        self,
        mentioning: Callable[[str], Iterable[str]],
        rows: Callable[[str], FileRows],
        listed: Callable[[str], Iterable[str]],
    ) -> None:
        self._mentioning, self._rows, self._listed = mentioning, rows, listed
        self._left = 0
        self._files: set[str] = set()
        self._whole: set[str] = set()
        self._edges: dict[str, _Edges] = {}
        self._columns: dict[str, set[str]] = {}

    def load(self, paths: Iterable[str]) -> None:
        """Take in the rows of files."""
        for path in paths:
            if path not in self._files:
                self._files.add(path)
                self._add(path, self._rows(path))

    def _add(self, path: str, rows: FileRows) -> None:
        for flow, _ in rows.flows:
            edges = self._from(flow.source[0])
            edges.flows.setdefault(flow.source[1], {}).setdefault(flow.target, {})[path] = None
            self._columns.setdefault(flow.target[0], set()).add(flow.target[1])
        for influence, _ in rows.influences:
            edges = self._from(influence.source[0])
            edges.influences.setdefault(influence.source[1], {}).setdefault(influence.target, {})[path] = None
        for feed, _ in rows.feeds:
            self._from(feed.source).feeds.setdefault(feed.target, {})[path] = None

    def _from(self, dataset: str) -> _Edges:
        return self._edges.setdefault(dataset, _Edges())

    def _open(self, dataset: str) -> bool:
        """Load what mentions a dataset; False if that is too much."""
        if dataset in self._whole:
            return True
        new = sorted(set(self._mentioning(dataset)) - self._files)
        if len(new) <= self._left:
            self._whole.add(dataset)
        some = new[: self._left]
        self._left -= len(some)
        self.load(some)
        return len(some) == len(new)

    def columns_of(self, dataset: str) -> set[str]:
        """All columns that are known of it."""
        return {*self._listed(dataset), *self._columns.get(dataset, ())} or {STAR}

    def all_columns_of(self, dataset: str) -> set[str]:
        """The same, with whatever a file that mentions it says."""
        self.load(sorted(self._mentioning(dataset)))
        edges = self._edges.get(dataset)
        read = {*edges.flows, *edges.influences} if edges is not None else set()
        return self.columns_of(dataset) | read

    def walk(self, seeds: Seeds, most: int = ALL_FILES) -> Reached:
        """Everything downstream, without what the walk began with; no more than so many files are loaded for it."""
        self._left = most
        return _Walk(self, seeds).result()


class _Walk:
    def __init__(self, graph: Downstream, seeds: Seeds) -> None:
        self.graph = graph
        self.datasets: dict[str, int] = {}
        self.columns: set[Column] = set()
        self.whole: set[str] = set()
        self.files: dict[str, None] = {}
        self.cut = False
        self._ahead: list[tuple[str, str | None]] = []
        self._begun = {*seeds.rows, *(d for d, _ in seeds.columns)}
        for dataset in sorted(seeds.rows):
            self._reach_rows(dataset, 0)
        for column in sorted(seeds.columns):
            self._reach(column, 0)
        self._readers = sorted(seeds.readers)

    def result(self) -> Reached:
        distance = 0
        while self._ahead or (self._readers and not distance):
            distance += 1
            now, self._ahead = self._ahead, []
            for dataset in self._readers if distance == 1 else ():
                self._reach_rows(dataset, 1)
            for dataset, column in now:
                self._step(dataset, column, distance)
        found = {d: n for d, n in self.datasets.items() if n}
        columns = sum(1 for dataset, column in self.columns if dataset in found)
        return Reached(found, columns, tuple(self.files), self.cut)

    def _step(self, dataset: str, column: str | None, distance: int) -> None:
        if not self.graph._open(dataset):
            self.cut = True
        edges = self.graph._edges.get(dataset)
        if edges is None:
            return
        if column is None:
            for target, paths in edges.feeds.items():
                self._reach_rows(target, distance, paths)
            return
        for name in (column, STAR) if column != STAR else tuple(edges.flows):
            for target_column, paths in edges.flows.get(name, {}).items():
                self._reach(target_column, distance, paths)
        for name in (column, STAR) if column != STAR else tuple(edges.influences):
            for target, paths in edges.influences.get(name, {}).items():
                self._reach_rows(target, distance, paths)

    def _reach(self, column: Column, distance: int, paths: Iterable[str] = ()) -> None:
        dataset, name = column
        self._note(dataset, distance, paths)
        for each in self.graph.columns_of(dataset) if name == STAR and distance else (name,):
            if (dataset, each) not in self.columns:
                self.columns.add((dataset, each))
                self._ahead.append((dataset, each))

    def _reach_rows(self, dataset: str, distance: int, paths: Iterable[str] = ()) -> None:
        self._note(dataset, distance, paths)
        if dataset in self.whole:
            return
        self.whole.add(dataset)
        self._ahead.append((dataset, None))
        for name in self.graph.columns_of(dataset):
            self._reach((dataset, name), distance)

    def _note(self, dataset: str, distance: int, paths: Iterable[str]) -> None:
        self.datasets.setdefault(dataset, 0 if dataset in self._begun else distance)
        self.files.update(dict.fromkeys(paths))
