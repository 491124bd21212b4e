"""Which dialect is a file in that does not say so itself? That of its folder.

Every file without a configured dialect votes with what its own text shows (:mod:`ray_lineage.compile.detect`). Files whose
evidence is weak are read in the dialect of the nearest folder around them in which a clear majority shows one. That depends on
the files alone, not on the order in which they were read. A pure state machine.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

import msgspec

from ray_lineage.runtime.parse import Meta, Task

STRONG: Final = 0.75
"""Confidence from which a file's own evidence counts for its folder."""
WEAK: Final = 0.6
"""Confidence below which a file's own evidence gives way to its folder's."""
MAJORITY: Final = 0.8
"""Share of a folder's strong votes that its dialect needs."""
LEAST: Final = 2
"""Strong votes for a dialect that a folder needs."""


class Votes:
    """See the module. Only files whose dialect is detected take part."""

    def __init__(self) -> None:
        self._folders: dict[str, Counter[str]] = {}  # strong votes at and below a folder
        self._strong: dict[str, str] = {}
        self._weak: dict[str, tuple[Task, str, str]] = {}  # the task, its own dialect, the one it was read in

    def note(self, task: Task, meta: Meta) -> None:
        """A file was read. Where it was in a dialect that was given, that is no vote."""
        if meta.confidence < 0:
            return
        path = task.file.path
        self.discard(path)
        if meta.confidence >= STRONG and meta.dialect:
            self._strong[path] = meta.dialect
            self._count(path, meta.dialect, 1)
        elif meta.confidence < WEAK:
            self._weak[path] = (task, meta.dialect, meta.dialect)

    def discard(self, path: str) -> None:
        """The file is gone, or about to be noted anew."""
        self._weak.pop(path, None)
        dialect = self._strong.pop(path, None)
        if dialect is not None:
            self._count(path, dialect, -1)

    def _count(self, path: str, dialect: str, by: int) -> None:
        folder = path
        while folder:
            folder = os.path.dirname(folder)
            votes = self._folders.setdefault(folder, Counter())
            votes[dialect] += by
            if not votes[dialect]:
                del votes[dialect]
            if not votes:
                del self._folders[folder]

    def due(self) -> list[tuple[Task, str]]:
        """Weak files that were read in another dialect than they should be, each with the right one; they count as read in
        it from now on."""
        out: list[tuple[Task, str]] = []
        chosen: dict[str, str] = {}
        for path, (task, own, read_in) in self._weak.items():
            folder = os.path.dirname(path)
            if folder not in chosen:
                chosen[folder] = self._of(folder)
            wanted = chosen[folder] or own
            if wanted != read_in:
                out.append((task, wanted))
                self._weak[path] = (task, own, wanted)
        return out

    def _of(self, folder: str) -> str:
        """The dialect of the nearest folder with a clear majority; empty if there is none."""
        while True:
            votes = self._folders.get(folder)
            if votes:
                dialect, count = max(votes.items(), key=lambda v: (v[1], v[0]))
                if count >= LEAST and count >= MAJORITY * votes.total():
                    return dialect
            if not folder:
                return ""
            folder = os.path.dirname(folder)


def in_dialect(task: Task, dialect: str) -> Task:
    """The same work in a dialect (empty: in the one that the file shows itself)."""
    return msgspec.structs.replace(task, options=msgspec.structs.replace(task.options, dialect=dialect))
