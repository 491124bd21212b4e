"""Which other files is a file compiled with? Those that its facts ask for, as they are now.

Facts may name other files that decide about what they say: a module whose constants are imported, a file of SQL that is read
(``FileFacts.needs``). The file is compiled once without them, and again with those that are there; again whenever one of them
changes, comes or goes. That depends on the files alone, not on the order in which they were read. A pure state machine.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from ray_lineage.model import SourceFile
from ray_lineage.runtime.parse import Given, Task


class _Asker(msgspec.Struct):
    task: Task
    needs: tuple[str, ...]
    given: tuple[Given, ...]
    indexed: set[str] = msgspec.field(default_factory=set)
    """Keys of all that decides about what is given, also what given files pass on."""


class Needs:
    """See the module."""

    def __init__(self) -> None:
        self._askers: dict[str, _Asker] = {}
        self._by_name: dict[str, set[str]] = {}  # askers by the last part of what they ask for
        self._touched: dict[str, None] = {}
        self._provided: dict[str, tuple[str, ...]] = {}  # by path
        self._providers: dict[str, set[str]] = {}

    def note(
        self,
        task: Task,
        needs: tuple[str, ...],
        given: tuple[Given, ...] | None = None,
        provides: tuple[str, ...] = (),
    ) -> None:
        """A file was read, ``given`` these (by default those of the task); others may ask for what it ``provides``."""
        path = task.file.path
        self.discard(path)
        if provides:
            self._provided[path] = provides
            for name in provides:
                self._providers.setdefault(name, set()).add(path)
            self._touch(provides)
        if needs:
            plain = msgspec.structs.replace(task, content=None, read_at_ns=0, given=())
            self._askers[path] = _Asker(plain, needs, task.given if given is None else given)
            self._touched[path] = None
            self._index(path, needs)

    def _index(self, path: str, needs: Iterable[str]) -> None:
        keys = set(map(_key, needs)) - self._askers[path].indexed
        self._askers[path].indexed |= keys
        for key in keys:
            self._by_name.setdefault(key, set()).add(path)

    def _touch(self, names: Iterable[str]) -> None:
        for name in names if self._by_name else ():
            self._touched.update(dict.fromkeys(self._by_name.get(_key(name), ())))

    def discard(self, path: str) -> None:
        """The file is gone, or about to be noted anew: those that ask for it are looked at again."""
        provided = self._provided.pop(path, ())
        for name in provided:
            self._providers[name].discard(path)
            if not self._providers[name]:
                del self._providers[name]
        self._touch((path, *provided))
        asker = self._askers.pop(path, None)
        for name in asker.indexed if asker is not None else ():
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
            given = tuple(self._found(asker.needs, path, hashes, at))
            if [g.content_of for g in given] != [g.content_of for g in asker.given]:
                asker.given = given
                out.append(msgspec.structs.replace(asker.task, given=given))
        return out

    def _found(
        self, needs: tuple[str, ...], path: str, hashes: Mapping[str, str], at: Callable[[str], SourceFile | None]
    ) -> Iterator[Given]:
        todo, seen = list(needs), set(needs)
        found: dict[str, Given] = {}
        while todo:
            need = todo.pop()
            where = self._where(need, path, hashes)
            file = at(where) if where is not None else None
            if where is None or file is None:
                continue
            found[need] = Given(need, msgspec.structs.replace(file, sha256=hashes[where]))
            more = [n[1:] for n in self._provided.get(where, ()) if n[0] == _ALSO and n[1:] not in seen]
            seen.update(more)
            self._index(path, more)
            todo.extend(more)
        return (found[need] for need in sorted(found))

    def _where(self, need: str, path: str, hashes: Mapping[str, str]) -> str | None:
        if need.startswith(_EXACTLY):
            return need[1:] if need[1:] in hashes else None
        if _MARK not in need:
            return next((p for p in _places(need, path) if p in hashes and p != path), None)
        providers = self._providers.get(_key(need), ())
        return _nearest((p for p in providers if p in hashes and p != path), path, _owner(need))


_ALSO: Final = "+"
"""In front of what one needs as well that is given the file."""

_EXACTLY: Final = "/"
"""In front of a path of the project: that file, and none around the one that asks."""

_MARK: Final = ":"
"""In names of what files provide: ``kind:[owner/]name``."""


def _key(need: str) -> str:
    """What is looked up: of what files provide the name without its owner, of a path the last part."""
    kind, mark, name = need.partition(_MARK)
    return f"{kind}{mark}{name.rpartition('/')[2]}" if mark else posixpath.basename(need)


def _owner(need: str) -> str:
    return need.partition(_MARK)[2].rpartition("/")[0]


def _nearest(found: Iterable[str], path: str, owner: str) -> str | None:
    """The file that is meant: one below a folder of the owner's name, if there is one, else the one with which the path has most
    folders in common; of several the first."""
    parts = path.split("/")

    def distance(other: str) -> tuple[bool, int, str]:
        folders = other.split("/")[:-1]
        common = next(
            (k for k, (a, b) in enumerate(zip(parts, folders, strict=False)) if a != b), min(len(parts), len(folders))
        )
        return owner not in folders, -common, other

    return min(found, key=distance, default=None)


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
