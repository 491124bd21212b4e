"""Which dialect is a file in that does not say so itself? That of its folder.

Every file without a configured dialect votes with what its own text shows, by how sure that is
(:mod:`ray_lineage.compile.sql.detect`). Files whose evidence is weak are read in the dialect of the nearest folder around them in
which a clear majority shows one. That depends on
the files alone, not on the order in which they were read. A pure state machine.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

import msgspec

from ray_lineage.runtime.parse import Meta, Task

WEAK: Final = 0.6
"""Confidence below which a file's own evidence gives way to its folder's."""
MAJORITY: Final = 0.8
"""Share of a folder's evidence that its dialect needs."""
LEAST_FILES: Final = 2
LEAST_WEIGHT: Final = 100
"""Files that show the dialect, and the sum of their confidences (in hundredths), which a folder needs."""


class Votes:
    """See the module. Only files whose dialect is detected take part."""

    def __init__(self) -> None:
        # at and below a folder, by dialect: hundredths of confidence (whole numbers, so that no order of sums matters), files
        self._weights: dict[str, Counter[str]] = {}
        self._files: dict[str, Counter[str]] = {}
        self._voted: dict[str, tuple[str, int]] = {}
        self._weak: dict[str, tuple[Task, str, str]] = {}  # the task, its own dialect, the one it was read in

    def note(self, task: Task, meta: Meta) -> None:
        """A file was read. Where it was in a dialect that was given, that is no vote."""
        if meta.confidence < 0:
            return
        path = task.file.path
        self.discard(path)
        weight = round(meta.confidence * 100)
        if meta.dialect and weight:
            self._voted[path] = (meta.dialect, weight)
            self._count(path, meta.dialect, weight, 1)
        if meta.confidence < WEAK:
            self._weak[path] = (task, meta.dialect, meta.dialect)

    def discard(self, path: str) -> None:
        """The file is gone, or about to be noted anew."""
        self._weak.pop(path, None)
        voted = self._voted.pop(path, None)
        if voted is not None:
            self._count(path, voted[0], -voted[1], -1)

    def _count(self, path: str, dialect: str, weight: int, files: int) -> None:
        folder = path
        while folder:
            folder = os.path.dirname(folder)
            for counters, by in ((self._weights, weight), (self._files, files)):
                counter = counters.setdefault(folder, Counter())
                counter[dialect] += by
                if not counter[dialect]:
                    del counter[dialect]
                if not counter:
                    del counters[folder]

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

    def read_in(self, path: str) -> str:
        """The dialect of its folder in which a file should be read, empty if that is its own; it counts as read so."""
        task, own, _ = self._weak.get(path, (None, "", ""))
        wanted = self._of(os.path.dirname(path)) or own if task is not None else ""
        if task is None or wanted == own:
            return ""
        self._weak[path] = (task, own, wanted)
        return wanted

    def _of(self, folder: str) -> str:
        """The dialect of the nearest folder with a clear majority; empty if there is none."""
        while True:
            weights = self._weights.get(folder)
            if weights:
                dialect, weight = max(weights.items(), key=lambda v: (v[1], v[0]))
                enough = weight >= LEAST_WEIGHT and self._files[folder][dialect] >= LEAST_FILES
                if enough and weight >= MAJORITY * weights.total():
                    return dialect
            if not folder:
                return ""
            folder = os.path.dirname(folder)


def in_dialect(task: Task, dialect: str) -> Task:
    """The same work in a dialect (empty: in the one that the file shows itself)."""
    return msgspec.structs.replace(task, options=msgspec.structs.replace(task.options, dialect=dialect))
