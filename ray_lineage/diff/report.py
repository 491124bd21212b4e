"""The answer, whichever way it is written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ray_lineage.diff.changes import Change, Kind
from ray_lineage.diff.reach import Reached
from ray_lineage.frames import Table, Tabular, table_of

_OF_THEIR_OWN: Final = frozenset({Kind.BROKEN})
"""Never a mere consequence of another change."""

_BY_COLUMN: Final = frozenset({Kind.VALUES, Kind.ADDED, Kind.REMOVED, Kind.UNKNOWN})


class Found(msgspec.Struct, frozen=True):
    """A change, what it reaches and who owns what: the changed file's owners first, then those of what is reached."""

    change: Change
    reached: Reached
    owners: tuple[str, ...]


class Row(msgspec.Struct, frozen=True):
    """A change in a data frame. ``column`` is empty where all of a dataset is meant, ``dataset`` where a file is; ``reached``
    datasets are downstream of it; ``owners`` are divided by blanks."""

    kind: str
    level: str
    dataset: str
    column: str
    says: str
    file: str
    line: int
    reached: int
    owners: str
    follows: str


class Report(Tabular, msgspec.Struct, frozen=True):
    """The answer. ``files``: how many are ``changed``, of these ``added`` and ``removed``, and ``silent``: with the same tokens.
    ``counts``: changes by class, without those that follow from others, which are ``following``. ``models``: dbt models whose rows
    or columns are others. ``linked``: so many files were linked for it."""

    schema: int
    base: str
    head: str
    base_commit: str
    head_commit: str
    files: dict[str, int]
    counts: dict[str, int]
    changes: tuple[Found, ...]
    models: tuple[str, ...]
    linked: int
    folder: str = ""
    """In front of paths, to get those from the top of the repository."""
    display: dict[str, str] = {}
    """Datasets and columns as they are written, where letters' case differs."""

    def table(self) -> Table:
        """A row for each change, the worst first."""
        return table_of(Row, (_row(found) for found in self.changes))

    @property
    def own(self) -> list[Found]:
        """The changes that follow from no other."""
        return [f for f in self.changes if not f.change.follows]

    def is_bad(self, fail_on: str) -> bool:
        """Is there a change at or above that level (``broken``, ``warning``, ``never``)?"""
        levels = {"broken": {"error"}, "warning": {"error", "warning"}}.get(fail_on, set())
        return any(f.change.level in levels for f in self.changes)


def _row(found: Found) -> Row:
    at = found.change
    owners = " ".join(found.owners)
    return Row(
        at.kind.value, at.level, at.dataset, at.column, at.says, at.file, at.line, len(found.reached.datasets), owners, at.follows
    )  # fmt: skip


class Impact(msgspec.Struct, frozen=True):
    """What depends on ``of``: ``reached`` datasets by their distance, ``columns`` of them, and who owns the ``files`` that write
    them. ``cut``: there is more."""

    schema: int
    of: tuple[str, ...]
    reached: dict[str, int]
    columns: int
    models: tuple[str, ...]
    files: tuple[str, ...]
    owners: tuple[str, ...]
    cut: bool
    display: dict[str, str] = {}


def together(report: Report) -> Impact:
    """What all changes of a report reach."""
    reached: dict[str, int] = {}
    for found in report.changes:
        for dataset, distance in found.reached.datasets.items():
            reached[dataset] = min(distance, reached.get(dataset, distance))
    changes = report.changes
    return Impact(
        1,
        tuple(dict.fromkeys(f.change.name for f in report.own)),
        reached,
        max((f.reached.columns for f in changes), default=0),
        report.models,
        tuple(dict.fromkeys(path for f in changes for path in (*_broken(f.change), *f.reached.files))),
        tuple(dict.fromkeys(o for f in changes for o in f.owners)),
        any(f.reached.cut for f in changes),
        report.display,
    )


def _broken(change: Change) -> list[str]:
    """The files that write something by what is gone."""
    return [use.place.file for use in change.uses if use.target]


def counted(changes: Iterable[Change], silent: int) -> dict[str, int]:
    """How many there are of each class."""
    counts = {**dict.fromkeys((kind.value for kind in Kind), 0), "following": 0}
    for change in changes:
        counts["following" if change.follows else change.kind.value] += 1
    counts[Kind.NONE.value] = silent
    return counts


def grouped(found: Iterable[Found]) -> list[list[Found]]:
    """Changes of one class of columns of one dataset in one file stand together; others alone. In the order of the first."""
    groups: dict[tuple[object, ...], list[Found]] = {}
    for number, one in enumerate(found):
        change = one.change
        alone = (number,) if not change.column or change.kind not in _BY_COLUMN or change.renamed else ()
        groups.setdefault((change.kind, change.level, change.dataset, change.file, change.follows, *alone), []).append(
            one
        )
    return list(groups.values())


def is_own(change: Change) -> bool:
    """Does it follow from no other change, whatever these reach?"""
    return change.direct or change.kind in _OF_THEIR_OWN


def following(found: Sequence[Found]) -> tuple[Found, ...]:
    """The same, in which changes of files that nobody changed name the direct change that reaches them, if one does."""
    by_dataset: dict[str, str] = {}
    lost = {f.change.file for f in found if f.change.kind is Kind.UNKNOWN and not f.change.dataset}
    for one in found:
        if is_own(one.change):
            for dataset in (
                *one.reached.datasets,
                *((one.change.dataset,) if not one.change.direct or one.change.uses else ()),
            ):
                by_dataset.setdefault(dataset, one.change.name)
    return tuple(_named(one, by_dataset.get(one.change.dataset, ""), lost) for one in found)


def _named(found: Found, cause: str, lost: set[str]) -> Found:
    """``lost``: files that were not understood: what seems to be gone in them may be there."""
    change = found.change
    if change.kind in _OF_THEIR_OWN or not change.dataset:
        return found
    if change.direct:
        cause = change.file if change.file in lost else ""
    if not cause:
        return found
    return msgspec.structs.replace(found, change=msgspec.structs.replace(change, follows=cause))
