"""Which other files is a file compiled with? Those that its facts ask for, as they are now.

Facts may name other files that decide about what they say: a module whose constants are imported, a file of SQL that is read
(``FileFacts.needs``). The file is compiled once without them, and again with those that are there; again whenever one of them
changes, comes or goes. That depends on the files alone, not on the order in which they were read. A pure state machine.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping

import msgspec

from ray_lineage.model import SourceFile
from ray_lineage.runtime.parse import Given, Task


class _Asker(msgspec.Struct):
    task: Task
    needs: tuple[str, ...]
    given: tuple[Given, ...]


class Needs:
    """See the module."""

    def __init__(self) -> None:
        self._askers: dict[str, _Asker] = {}
        self._by_name: dict[str, set[str]] = {}  # askers by the last part of what they ask for
        self._touched: dict[str, None] = {}

    def note(self, task: Task, needs: tuple[str, ...], given: tuple[Given, ...] | None = None) -> None:
        """A file was read, ``given`` these (by default those of the task)."""
        path = task.file.path
        self.discard(path)
        if needs:
            plain = msgspec.structs.replace(task, content=None, read_at_ns=0, given=())
            self._askers[path] = _Asker(plain, needs, task.given if given is None else given)
            self._touched[path] = None
            for need in needs:
                self._by_name.setdefault(posixpath.basename(need), set()).add(path)

    def discard(self, path: str) -> None:
        """The file is gone, or about to be noted anew: those that ask for it are looked at again."""
        self._touched.update(dict.fromkeys(self._by_name.get(posixpath.basename(path), ())))
        asker = self._askers.pop(path, None)
        for need in asker.needs if asker is not None else ():
            name = posixpath.basename(need)
            self._by_name.get(name, set()).discard(path)
            if not self._by_name.get(name):
                self._by_name.pop(name, None)

    def of(self, path: str) -> tuple[tuple[str, ...], tuple[Given, ...]]:
        """What a file asked for and what it was given, for the next run."""
        asker = self._askers.get(path)
        return (asker.needs, asker.given) if asker is not None else ((), ())

    def due(self, hashes: Mapping[str, str], at: Callable[[str], SourceFile | None]) -> list[Task]:
        """Work on files that were given others than those that are there now; they count as given these from now on.
        ``hashes``: path -> content hash of every file that was read; ``at``: where the file of a path lies."""
        touched, self._touched = self._touched, {}
        out: list[Task] = []
        for path in touched:
            asker = self._askers.get(path)
            if asker is None:
                continue
            given = tuple(_found(asker.needs, path, hashes, at))
            if [g.content_of for g in given] != [g.content_of for g in asker.given]:
                asker.given = given
                out.append(msgspec.structs.replace(asker.task, given=given))
        return out


def _found(
    needs: tuple[str, ...], path: str, hashes: Mapping[str, str], at: Callable[[str], SourceFile | None]
) -> Iterator[Given]:
    for need in needs:
        found = next((p for p in _places(need, path) if p in hashes and p != path), None)
        file = at(found) if found is not None else None
        if found is not None and file is not None:
            yield Given(need, msgspec.structs.replace(file, sha256=hashes[found]))


def _places(need: str, path: str) -> Iterator[str]:
    """Where a file may be that another one calls so: beside it, or in a folder around that, the nearest first."""
    folder = posixpath.dirname(path)
    while True:
        found = posixpath.normpath(posixpath.join(folder, need))
        if not found.startswith(".."):
            yield found
        if not folder:
            return
        folder = posixpath.dirname(folder)
