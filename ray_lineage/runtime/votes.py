"""Which dialect is a file in that does not say so itself, and which encoding? That of its folder.

Every file without a configured dialect adds what its own text shows (:mod:`ray_lineage.compile.sql.detect`) to the evidence of the
folders around it. Files that are not sure enough themselves are read in the dialect of the nearest folder around them in which
the evidence clearly speaks for one; what follows there is tried where statements are lost. So, too, files that are not UTF-8 vote
on the encoding of their folder (:mod:`ray_lineage.sources.encodings`), which is the guess for those whose bytes say little. That
depends on the files alone, not on the order in which they were read. A pure state machine.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.sources.decode import FOLDERS, UNSURE

MARGIN: Final = 12
"""Evidence by which a file's own dialect has to be ahead of its folder's to be believed: two strong signs."""
SURE: Final = 2 * MARGIN
"""Evidence of a file that is believed in any case; no file adds more to its folder's."""
CLEAR: Final = 0.75
"""What is left to the second, of a folder's evidence for the first, where that is clear."""
LEAST_FILES: Final = 2
LEAST_WEIGHT: Final = 8
"""Files that show the dialect, and the sum of their evidence, which a folder needs."""
LEAST_SHARE: Final = 0.2
"""Of its files, to be of another dialect than the folder around it: words that engines share stand in a few of many files."""
AROUND: Final = 8
"""What the first of the folder around is worth."""
TRIED: Final = 0.2
"""Share of the first that the second needs, to be tried where a file has losses."""


class Evidence:
    """What files show, added up in every folder around them."""

    def __init__(self) -> None:
        self._weights: dict[str, Counter[str]] = {}
        self._files: dict[str, Counter[str]] = {}
        self._all: Counter[str] = Counter()
        self._shown: dict[str, dict[str, int]] = {}

    def add(self, path: str, shown: Mapping[str, int]) -> None:
        """A file's evidence, which it has not given yet."""
        self._all.update(_folders(path))
        most = max(shown.values(), default=0)
        scaled = {d: w * SURE // most if most > SURE else w for d, w in shown.items()}
        self._shown[path] = {d: w for d, w in scaled.items() if w > 0}
        self._count(path, self._shown[path], 1)

    def take_back(self, path: str) -> None:
        """The file's evidence, if it gave any."""
        if path in self._shown:
            self._all.subtract(_folders(path))
            self._count(path, self._shown.pop(path), -1)

    def _count(self, path: str, shown: Mapping[str, int], sign: int) -> None:
        for folder in _folders(path) if shown else ():
            weights, files = self._weights.setdefault(folder, Counter()), self._files.setdefault(folder, Counter())
            for dialect, weight in shown.items():
                weights[dialect] += sign * weight
                files[dialect] += sign
                if not files[dialect]:
                    del weights[dialect], files[dialect]
            if not weights:
                del self._weights[folder], self._files[folder]

    def of(self, folder: str) -> str:
        """The dialect of the nearest folder, this one or one around it, whose evidence is clear, and behind a bar the one to be tried
        next, if there is one; empty if there is none. What is shown around a folder counts in it as one sign more."""
        chosen, _ = self._weigh(folder)
        return chosen

    def _weigh(self, folder: str) -> tuple[str, dict[str, float]]:
        """The choice, and what speaks for each dialect in the folder."""
        around, prior = self._weigh(os.path.dirname(folder)) if folder else ("", {})
        shown = self._weights.get(folder)
        if not shown:
            return around, prior
        most = max(prior.values(), default=0)
        weights = {d: shown[d] + (AROUND * prior.get(d, 0) / most if most else 0) for d in {**shown, **prior}}
        first, second = (*sorted(weights, key=lambda d: (-weights[d], d)), "")[:2]
        enough = shown[first] >= LEAST_WEIGHT and self._files[folder][first] >= LEAST_FILES
        behind = weights.get(second, 0)
        differs = bool(around) and first != around.partition("|")[0]
        if differs and self._files[folder][first] < LEAST_SHARE * self._all[folder]:
            enough = False
        if not enough or behind > CLEAR * weights[first]:
            return around, weights
        return f"{first}|{second if behind >= TRIED * weights[first] else ''}", weights


def _folders(path: str) -> Iterator[str]:
    """All folders around a path, the nearest first."""
    while path:
        path = os.path.dirname(path)
        yield path


class Tally:
    """Votes of files, counted in every folder around them."""

    def __init__(self, least_files: int, least_weight: int) -> None:
        self._least = least_files, least_weight
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
        """The choice of the folder, if it has a clear majority; else empty."""
        files, least = self._least
        weights = self._weights.get(folder)
        if not weights:
            return ""
        choice, weight = max(weights.items(), key=lambda v: (v[1], v[0]))
        enough = weight >= least and self._files[folder][choice] >= files
        return choice if enough and weight >= MAJORITY * weights.total() else ""


MAJORITY: Final = 0.8
"""Share of a folder's votes that its encoding needs."""


class ReadAs:
    """What files without a configured dialect were read as, and what to set where that is wrong."""

    def __init__(self) -> None:
        self._by_path: dict[str, str] = {}

    def note(self, path: str, dialect: str) -> None:
        """A file was read in that dialect (empty: in none)."""
        self._by_path[path] = dialect

    def discard(self, path: str) -> None:
        """The file is gone."""
        self._by_path.pop(path, None)

    def counts(self) -> dict[str, int]:
        """Files by dialect, most first."""
        found = Counter(self._by_path.values())
        return {d: found[d] for d in sorted(found, key=lambda d: (-found[d], d))}

    def rules(self) -> list[tuple[str, str]]:
        """For each outermost folder the dialect that most of its files were read as."""
        folders: dict[str, Counter[str]] = {}
        for path, dialect in self._by_path.items():
            if dialect:
                head, slash, _ = path.partition("/")
                folders.setdefault(head if slash else "*", Counter())[dialect] += 1
        return [(f, max(found, key=lambda d: (found[d], d))) for f, found in sorted(folders.items())]


class _Weak(msgspec.Struct):
    """A file that may be read otherwise than it shows itself: its task, its own choice, the one it was read in, and what speaks for
    dialects."""

    task: Task
    own: str
    read_in: str
    shown: dict[str, int] = {}


class Votes:
    """See the module. Only files take part whose dialect is detected, or whose encoding is guessed."""

    def __init__(self) -> None:
        self._dialects = Evidence()
        self._encodings = Tally(1, 1)  # a folder beside others may well be of another country
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
        if meta.confidence == 1.0 and not meta.evidence:
            return  # of another format
        self._dialects.add(path, meta.evidence)
        if max(meta.evidence.values(), default=0) < SURE:
            self._weak[path] = _Weak(task, "", "", meta.evidence)

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
        dialects = _changes(self._weak, self._dialects.of, _wanted)
        encodings = _changes(self._unsure, self._encodings.of, lambda entry, choice: choice or entry.own)
        changed = dict.fromkeys([*dialects, *encodings])
        return [self._again(path) for path in changed]

    def _again(self, path: str) -> tuple[Task, str]:
        weak, unsure = self._weak.get(path), self._unsure.get(path)
        task = self._weak[path].task if weak is not None else self._unsure[path].task
        if unsure is not None and unsure.read_in != unsure.own:
            task = msgspec.structs.replace(task, encoding=FOLDERS + unsure.read_in)
        return task, weak.read_in if weak is not None else task.options.dialect

    def read_in(self, path: str) -> str:
        """The dialect of its folder in which a file should be read, empty if that is its own; it counts as read so."""
        weak = self._weak.get(path)
        wanted = _wanted(weak, self._dialects.of(os.path.dirname(path))) if weak is not None else ""
        if weak is None or not wanted:
            return ""
        weak.read_in = wanted
        return wanted


def _wanted(entry: _Weak, choice: str) -> str:
    """The dialect in which a file should be read, of a folder of that choice; empty: its own."""
    first = choice.partition("|")[0]
    ahead = max(entry.shown.values(), default=0) - entry.shown.get(first, 0)
    is_own = first == next(iter(entry.shown), "")
    return choice if first and not is_own and ahead < MARGIN else ""


def _changes(weak: dict[str, _Weak], of: Callable[[str], str], wanted: Callable[[_Weak, str], str]) -> Iterator[str]:
    """Paths of those that should be read otherwise; they count as read so."""
    chosen: dict[str, str] = {}
    for path, entry in weak.items():
        folder = os.path.dirname(path)
        if folder not in chosen:
            chosen[folder] = of(folder)
        choice = wanted(entry, chosen[folder])
        if choice != entry.read_in:
            entry.read_in = choice
            yield path


def in_dialect(task: Task, dialect: str) -> Task:
    """The same work in a dialect (empty: in the one that the file shows itself)."""
    return msgspec.structs.replace(task, options=msgspec.structs.replace(task.options, dialect=dialect))
