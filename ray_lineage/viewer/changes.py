"""The page of a change: both sides in one picture, with what is new, gone and other marked, and the list of what that means.

What is compared is handed in; who compares (``ray_lineage.diff``) is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import msgspec

from ray_lineage.viewer.packing import pack
from ray_lineage.viewer.page import page
from ray_lineage.viewer.picture import (
    Column,
    Feed,
    Flow,
    Influence,
    Picture,
    Source,
    Statement,
    Table,
    schema_and_name,
)

Name = tuple[str, str]
"""Dataset and column."""
Place = tuple[str, int]
"""File and line."""
ADDED: Final = 1
REMOVED: Final = 2
EDITED: Final = 3


class Rows(Protocol):
    """What one file says on one side. Flows are (source, target, how, certainty, expression) between columns, influences
    (source column, target dataset, how), feeds (source, target); each with its place. ``datasets``: kind and place of what it
    declares; ``columns``: type and place."""

    @property
    def datasets(self) -> Mapping[str, tuple[str, Place]]: ...
    @property
    def columns(self) -> Mapping[Name, tuple[str, Place]]: ...
    @property
    def flows(self) -> Sequence[tuple[tuple[Name, Name, str, str, str], Place]]: ...
    @property
    def influences(self) -> Sequence[tuple[tuple[Name, str, str], Place]]: ...
    @property
    def feeds(self) -> Sequence[tuple[tuple[str, str], Place]]: ...


class Change(msgspec.Struct, frozen=True):
    """One line of the list. ``level`` is error, warning or note; ``column`` is empty for all of a dataset, ``dataset`` for a file;
    ``reached``: how many datasets depend on it; ``follows``: of which other change it is a consequence, if of one."""

    level: str
    kind: str
    says: str
    dataset: str = ""
    column: str = ""
    file: str = ""
    line: int = 0
    reached: int = 0
    owners: tuple[str, ...] = ()
    follows: str = ""


class Sides(NamedTuple):
    """Rows of the files that differ, before and after; ``same``: of files that do not, for what is around."""

    base: Sequence[Rows]
    head: Sequence[Rows]
    same: Sequence[Rows] = ()


def changes_page(title: str, base: str, head: str, sides: Sides, changes: Iterable[Change]) -> str:
    """``base`` and ``head``: what the two sides are called."""
    picture, marks = both(sides)
    diff = {"base": base, "head": head, "changes": list(changes), **marks}
    return page(title, pack(picture, {"title": title, "diff": diff}))


def both(sides: Sides) -> tuple[Picture, dict[str, list[int]]]:
    """Both sides as one picture; and marks (0, or ADDED...) by table, column, flow, influence and feed."""
    found = _Both(sides)
    flows, flow_marks = found.flows()
    influences, influence_marks = found.influences()
    feeds, feed_marks = found.feeds()
    picture = Picture(
        [Source("", path, "") for path in found.files], found.statements(), found.tables(), found.columns(), flows, influences, feeds
    )  # fmt: skip
    columns = found.column_marks()
    touched = {picture.columns[n].table for n, mark in enumerate(columns) if mark}
    touched |= {picture.columns[f.target].table for f, mark in zip(flows, flow_marks, strict=True) if mark}
    touched |= {i.target for i, mark in zip(influences, influence_marks, strict=True) if mark}
    touched |= {f.target for f, mark in zip(feeds, feed_marks, strict=True) if mark}
    tables = [mark or (EDITED if n in touched else 0) for n, mark in enumerate(found.table_marks())]
    return picture, {"t": tables, "c": columns, "f": flow_marks, "i": influence_marks, "e": feed_marks}


_Edge = TypeVar("_Edge", bound=tuple[Any, ...])
Kept = tuple[list[_Edge], list[int]]


class _Both:
    def __init__(self, sides: Sides) -> None:
        self._base, self._head = [*sides.base, *sides.same], [*sides.head, *sides.same]
        everything = (*self._head, *sides.base)
        self._kinds = _first(rows.datasets.items() for rows in everything)
        self._types = _first(rows.columns.items() for rows in everything)
        names = set(self._types)
        names |= {end for rows in everything for flow, _ in rows.flows for end in flow[:2]}
        names |= {influence[0] for rows in everything for influence, _ in rows.influences}
        datasets = {dataset for dataset, _ in names} | set(self._kinds)
        datasets |= {influence[1] for rows in everything for influence, _ in rows.influences}
        datasets |= {end for rows in everything for feed, _ in rows.feeds for end in feed}
        order = {name: number for number, name in enumerate(self._types)}
        self._datasets = {name: number for number, name in enumerate(sorted(datasets))}
        listed = sorted(names, key=lambda n: (self._datasets[n[0]], order.get(n, len(order)), n))
        self._columns = {name: number for number, name in enumerate(listed)}
        self._places: dict[Place, int] = {}
        self.files: dict[str, int] = {}
        for _, (_, (file, _)) in chain(self._kinds.items(), self._types.items()):
            self._file(file)

    def _file(self, path: str) -> int:
        return self.files.setdefault(path, len(self.files))

    def _place(self, place: Place) -> int:
        self._file(place[0])
        return self._places.setdefault((place[0], place[1]), len(self._places))

    def statements(self) -> list[Statement]:
        """One for each place; asked for last."""
        return [Statement(self.files[file], line, "", "") for file, line in self._places]

    def tables(self) -> list[Table]:
        made = []
        for name in self._datasets:
            kind, (file, line) = self._kinds.get(name, ("Table", ("", 0)))
            made.append(Table("", *schema_and_name(name), kind, self.files.get(file, -1), line))
        return made

    def columns(self) -> list[Column]:
        return [
            Column(self._datasets[n[0]], n[1], self._types[n][0] if n in self._types else "") for n in self._columns
        ]

    def table_marks(self) -> list[int]:
        before, after = ({name for rows in side for name in rows.datasets} for side in (self._base, self._head))
        return [_mark(name in before, name in after) for name in self._datasets]

    def column_marks(self) -> list[int]:
        before, after = (_first(rows.columns.items() for rows in side) for side in (self._base, self._head))
        said = [(before.get(name), after.get(name)) for name in self._columns]
        return [
            EDITED if old and new and old[0] != new[0] else _mark(old is not None, new is not None) for old, new in said
        ]

    def flows(self) -> Kept[Flow]:
        number = self._columns
        found = self._compared((rows.flows for rows in self._base), (rows.flows for rows in self._head))
        made = [
            (Flow(number[a], number[b], self._place(place), place[1], how, certainty, text), mark)
            for (a, b, how, certainty, text), place, mark in found
        ]
        return _sorted(made)

    def influences(self) -> Kept[Influence]:
        found = self._compared((rows.influences for rows in self._base), (rows.influences for rows in self._head))
        made = [
            (Influence(self._columns[a], self._datasets[b], self._place(place), place[1], how), mark)
            for (a, b, how), place, mark in found
        ]
        return _sorted(made)

    def feeds(self) -> Kept[Feed]:
        found = self._compared((rows.feeds for rows in self._base), (rows.feeds for rows in self._head))
        made = [(Feed(self._datasets[a], self._datasets[b], self._place(place)), mark) for (a, b), place, mark in found]
        return _sorted(made)

    @staticmethod
    def _compared(
        base: Iterable[Sequence[tuple[Any, Place]]], head: Iterable[Sequence[tuple[Any, Place]]]
    ) -> list[Any]:
        """``(edge, place, mark)``, the place of HEAD where there is one."""
        before, after = _first(base), _first(head)
        return [(edge, place, _mark(edge in before, edge in after)) for edge, place in (before | after).items()]


def _first(groups: Iterable[Iterable[tuple[Any, Any]]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for group in groups:
        for key, value in group:
            found.setdefault(key, value)
    return found


def _mark(before: bool, after: bool) -> int:
    return 0 if before == after else ADDED if after else REMOVED


def _sorted(made: list[tuple[_Edge, int]]) -> Kept[_Edge]:
    """By target, as in every picture."""
    made.sort(key=lambda pair: (pair[0][1], pair[0][2], pair[0]))
    return [edge for edge, _ in made], [mark for _, mark in made]
