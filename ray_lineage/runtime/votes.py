"""Which dialect is a file in that does not say so itself, and which encoding? That of its folder.

Every file without a configured dialect votes with what its own text shows, by how sure that is
(:mod:`ray_lineage.compile.sql.detect`). Files whose evidence is weak are read in the dialect of the nearest folder around them in
which a clear majority shows one. So, too, files that are not UTF-8 vote on the encoding of their folder
(:mod:`ray_lineage.sources.encodings`), which is the guess for those whose bytes say little. That depends on the files alone, not on the order in which they were read. A pure state
machine.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.sources.decode import FOLDERS, UNSURE

WEAK: Final = 0.6
"""Confidence below which a file's own evidence gives way to its folder's."""
MAJORITY: Final = 0.8
"""Share of a folder's evidence that its dialect needs."""
LEAST_FILES: Final = 2
LEAST_WEIGHT: Final = 100
"""Files that show the dialect, and the sum of their confidences (in hundredths), which a folder needs."""


class Tally:
    """Votes of files, counted in every folder around them. ``around``: a folder without a majority is as one around it."""

    def __init__(self, least_files: int, least_weight: int, *, around: bool) -> None:
        self._least = least_files, least_weight
        self._around = around
        # at and below a folder, by choice: weights (whole numbers, so that no order of sums matters), files
        self._weights: dict[str, Counter[str]] = {}
        self._files: dict[str, Counter[str]] = {}
        self._voted: dict[str, tuple[str, int]] = {}

    def add(self, path: str, choice: str, weight: int) -> None:
        """A file's vote, which it has not given yet."""
        self._voted[path] = (choice, weight)
        self._count(path, choice, weight, 1)

    def take_back(self, path: str) -> None:
        """The file's vote, if it gave one."""
        voted = self._voted.pop(path, None)
        if voted is not None:
            self._count(path, voted[0], -voted[1], -1)

    def vote(self, path: str) -> str:
        """What the file voted for, empty if it did not."""
        return self._voted.get(path, ("", 0))[0]

    def _count(self, path: str, choice: str, weight: int, files: int) -> None:
        folder = path
        while folder:
            folder = os.path.dirname(folder)
            for counters, by in ((self._weights, weight), (self._files, files)):
                counter = counters.setdefault(folder, Counter())
                counter[choice] += by
                if not counter[choice]:
                    del counter[choice]
                if not counter:
                    del counters[folder]

    def of(self, folder: str) -> str:
        """The choice of the folder, if it has a clear majority; else empty, or that of the nearest around it that has one."""
        files, least = self._least
        while True:
            weights = self._weights.get(folder)
            if weights:
                choice, weight = max(weights.items(), key=lambda v: (v[1], v[0]))
                enough = weight >= least and self._files[folder][choice] >= files
                if enough and weight >= MAJORITY * weights.total():
                    return choice
            if not folder or not self._around:
                return ""
            folder = os.path.dirname(folder)


class _Weak(msgspec.Struct):
    """A file that may be read otherwise than it shows itself: its task, its own choice, the one it was read in."""

    task: Task
    own: str
    read_in: str


class Votes:
    """See the module. Only files take part whose dialect is detected, or whose encoding is guessed."""

    def __init__(self) -> None:
        self._dialects = Tally(LEAST_FILES, LEAST_WEIGHT, around=True)
        self._encodings = Tally(1, 1, around=False)  # a folder beside others may well be of another country
        self._weak: dict[str, _Weak] = {}
        self._unsure: dict[str, _Weak] = {}

    def note(self, task: Task, meta: Meta) -> None:
        """A file was read. Where it was in a dialect or an encoding that was given, that is no vote."""
        if task.encoding.startswith(FOLDERS):
            task = msgspec.structs.replace(task, encoding="")
        if not meta.encoding.startswith(FOLDERS):
            self._note_encoding(task, meta.encoding)
        if meta.confidence >= 0:
            self._note_dialect(task, meta)

    def _note_dialect(self, task: Task, meta: Meta) -> None:
        path = task.file.path
        self._weak.pop(path, None)
        self._dialects.take_back(path)
        weight = round(meta.confidence * 100)
        if meta.dialect and weight:
            self._dialects.add(path, meta.dialect, weight)
        if meta.confidence < WEAK:
            self._weak[path] = _Weak(task, meta.dialect, meta.dialect)

    def _note_encoding(self, task: Task, encoding: str) -> None:
        path = task.file.path
        self._unsure.pop(path, None)
        self._encodings.take_back(path)
        if encoding.endswith(UNSURE):
            own = encoding.removesuffix(UNSURE)
            self._unsure[path] = _Weak(task, own, own)
        elif encoding:
            self._encodings.add(path, encoding, 1)

    def choices(self, path: str) -> tuple[str, str]:
        """The dialect and the encoding of its folder in which a file was read, empty where those are its own."""
        weak, unsure = self._weak.get(path), self._unsure.get(path)
        dialect = weak.read_in if weak is not None and weak.read_in != weak.own else ""
        return dialect, unsure.read_in if unsure is not None and unsure.read_in != unsure.own else ""

    def recall(self, task: Task, meta: Meta, dialect: str, encoding: str) -> None:
        """A file that was noted in an earlier run, and read in these :meth:`choices`."""
        self.note(task, meta)
        weak, unsure = self._weak.get(task.file.path), self._unsure.get(task.file.path)
        if weak is not None and dialect:
            weak.read_in = dialect
        if unsure is not None and encoding:
            unsure.read_in = encoding

    def discard(self, path: str) -> None:
        """The file is gone, or about to be noted anew."""
        self._weak.pop(path, None)
        self._unsure.pop(path, None)
        self._dialects.take_back(path)
        self._encodings.take_back(path)

    def due(self) -> list[tuple[Task, str]]:
        """Files that were read in another dialect or encoding than they should be, each with the right dialect; they count as
        read so from now on."""
        changed = dict.fromkeys([*_changes(self._weak, self._dialects), *_changes(self._unsure, self._encodings)])
        return [self._again(path) for path in changed]

    def _again(self, path: str) -> tuple[Task, str]:
        weak, unsure = self._weak.get(path), self._unsure.get(path)
        task = self._weak[path].task if weak is not None else self._unsure[path].task
        if unsure is not None and unsure.read_in != unsure.own:
            task = msgspec.structs.replace(task, encoding=FOLDERS + unsure.read_in)
        return task, weak.read_in if weak is not None else self._dialects.vote(path) or task.options.dialect

    def read_in(self, path: str) -> str:
        """The dialect of its folder in which a file should be read, empty if that is its own; it counts as read so."""
        weak = self._weak.get(path)
        wanted = self._dialects.of(os.path.dirname(path)) or weak.own if weak is not None else ""
        if weak is None or wanted == weak.own:
            return ""
        weak.read_in = wanted
        return wanted


def _changes(weak: dict[str, _Weak], tally: Tally) -> Iterator[str]:
    """Paths of those that should be read otherwise; they count as read so."""
    chosen: dict[str, str] = {}
    for path, entry in weak.items():
        folder = os.path.dirname(path)
        if folder not in chosen:
            chosen[folder] = tally.of(folder)
        wanted = chosen[folder] or entry.own
        if wanted != entry.read_in:
            entry.read_in = wanted
            yield path


def in_dialect(task: Task, dialect: str) -> Task:
    """The same work in a dialect (empty: in the one that the file shows itself)."""
    return msgspec.structs.replace(task, options=msgspec.structs.replace(task.options, dialect=dialect))
