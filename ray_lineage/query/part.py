"""The rows of a graph around one dataset: the graph as files is written of these as of a whole store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Final, Protocol

from ray_lineage.graph.schema import HAS_COLUMN, RELS
from ray_lineage.graph.store import GraphStore
from ray_lineage.query.walk import resolve

Row = tuple[Any, ...]
_ENDS: Final = {r.type: (r.source, r.target) for r in (*RELS, HAS_COLUMN)}
_OF_STATEMENTS: Final = ("FLOWS_TO", "INFLUENCES", "FEEDS")


class Rows(Protocol):
    """What is written: a whole store, or a part of it."""

    def rows(self, project: str, kind: str) -> Sequence[Row]:
        """See ``GraphStore.rows``."""
        ...


class Part:
    """Of the datasets (ids) it holds the columns and whatever is between them; the statements that say so, and the files of
    these and of what describes them."""

    def __init__(self, store: Rows, datasets: Iterable[str]) -> None:
        self._store = store
        self._datasets = frozenset(datasets)
        self._known: dict[tuple[str, str], Set[str]] = {}

    def rows(self, project: str, kind: str) -> list[Row]:
        """Those of a dump, in its order."""
        found = self._store.rows(project, kind)
        if kind not in _ENDS:
            ids = self._ids(project, kind)
            return [row for row in found if row[0] in ids]
        sources, targets = (self._ids(project, label) for label in _ENDS[kind])
        return [row for row in found if row[0] in sources and row[1] in targets]

    def _ids(self, project: str, label: str) -> Set[str]:
        if (project, label) not in self._known:
            self._known[project, label] = _IDS[label](self, project)
        return self._known[project, label]

    def _dataset_ids(self, project: str) -> Set[str]:
        return self._datasets

    def _column_ids(self, project: str) -> Set[str]:
        return {row[0] for row in self._store.rows(project, "Column") if row[1] in self._datasets}

    def _statement_ids(self, project: str) -> Set[str]:
        return {f"{row[2]}#{row[3]}" for kind in _OF_STATEMENTS for row in self.rows(project, kind)}

    def _file_ids(self, project: str) -> Set[str]:
        statements = self._ids(project, "Statement")
        files = {row[1] for row in self._store.rows(project, "Statement") if row[0] in statements}
        return files | {row[0] for row in self._store.rows(project, "DECLARES") if row[1] in self._datasets}


def around(store: GraphStore, projects: Sequence[str], name: str, depth: int | None) -> Part:
    """What a dataset (or the one of a column) comes from and what it feeds, in so many steps (None: all the way): the tables of
    a picture of it. Raises UsageError (RL204, RL205)."""
    found = resolve(store, name, projects[0] if len(projects) == 1 else None)
    feeds, fed_by = _neighbours(store, found.project)
    return Part(store, _reached(found.dataset_id, feeds, depth) | _reached(found.dataset_id, fed_by, depth))


def _neighbours(store: Rows, project: str) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    owners = {row[0]: row[1] for row in store.rows(project, "Column")}
    pairs = {(row[0], row[1]) for row in store.rows(project, "FEEDS")}
    pairs.update((owners[row[0]], owners[row[1]]) for row in store.rows(project, "FLOWS_TO"))
    feeds: dict[str, set[str]] = {}
    fed_by: dict[str, set[str]] = {}
    for source, target in pairs:
        feeds.setdefault(source, set()).add(target)
        fed_by.setdefault(target, set()).add(source)
    return feeds, fed_by


def _reached(start: str, neighbours: Mapping[str, Set[str]], depth: int | None) -> set[str]:
    seen, rim, steps = {start}, {start}, 0
    while rim and (depth is None or steps < depth):
        rim = {far for near in rim for far in neighbours.get(near, ())} - seen
        seen |= rim
        steps += 1
    return seen


_IDS: Final[dict[str, Callable[[Part, str], Set[str]]]] = {
    "Dataset": Part._dataset_ids, "Column": Part._column_ids, "Statement": Part._statement_ids, "File": Part._file_ids,
}  # fmt: skip
