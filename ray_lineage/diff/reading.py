"""How the files of a project are read, as they change: each in the dialect of its folder, with the files that it asks for.

The facts are those that an ingest has of these files, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from ray_lineage.cache import ParseCache
from ray_lineage.model import Diagnostic, FileFacts, SourceFile, encode_facts
from ray_lineage.runtime.needs import Needs
from ray_lineage.runtime.parse import Given, Meta, Task, parse_batch
from ray_lineage.runtime.votes import Votes, in_dialect

_BATCH: Final = 256
Contents = Callable[[Iterable[str]], Mapping[str, bytes]]
"""By path what these files hold; those are missing that are read from the disk."""


class Read(NamedTuple):
    """What a file says now. ``facts`` are encoded; empty, if it was given up."""

    sha256: str
    facts: bytes


class Reading:
    """See the module. ``cache`` may be None."""

    def __init__(self, cache: ParseCache | None) -> None:
        self.tasks: dict[str, Task] = {}
        self.hashes: dict[str, str] = {}
        self.given_up: dict[str, Diagnostic] = {}
        self._cache = cache
        self._votes = Votes()
        self._needs = Needs()

    def take(self, tasks: Iterable[Task], gone: Iterable[str], contents: Contents) -> Iterator[tuple[str, Read]]:
        """These files came or changed, those are gone. What all files say that say something else since, by path; of one path
        the last counts."""
        for path in gone:
            self._forget(path)
        yield from self._read(tasks)
        while due := self._due():
            yield from self._read(self._filled(due, contents))

    def _forget(self, path: str) -> None:
        self.tasks.pop(path, None)
        self.hashes.pop(path, None)
        self.given_up.pop(path, None)
        self._votes.discard(path)
        self._needs.discard(path)

    def _due(self) -> list[Task]:
        return self._needs.due(self.hashes, self._at) or [in_dialect(t, dialect) for t, dialect in self._votes.due()]

    def _at(self, path: str) -> SourceFile | None:
        task = self.tasks.get(path)
        return task.file if task is not None else None

    def _read(self, tasks: Iterable[Task]) -> Iterator[tuple[str, Read]]:
        ahead = iter(tasks)
        while batch := list(islice(ahead, _BATCH)):
            metas, payload = parse_batch([_whole(task) for task in batch], self._cache)
            for task, meta, facts in zip(batch, metas, payload, strict=True):
                yield meta.path, self._noted(task, meta, facts)

    def _noted(self, task: Task, meta: Meta, facts: bytes) -> Read:
        path = task.file.path
        plain = msgspec.structs.replace(task, content=None, given=tuple(_emptied(task.given)))
        self.tasks[path] = self.tasks.get(path, plain) if task.given else plain
        self.hashes[path] = meta.sha256
        self.given_up.pop(path, None)
        if meta.outcome == "facts":
            self._votes.note(plain, meta)
            self._needs.note(plain, meta.needs, provides=meta.provides)
            return Read(meta.sha256, facts)
        said = meta.diagnostic or Diagnostic("RL004", "error", "it cannot be read")
        self.given_up[path] = said
        return Read(meta.sha256, encode_facts(FileFacts("", "failed", diagnostics=(said,))))

    def _filled(self, tasks: Iterable[Task], contents: Contents) -> Iterator[Task]:
        ahead = iter(tasks)
        while some := list(islice(ahead, _BATCH)):
            found = contents({p for t in some for p in (t.file.path, *(g.file.path for g in t.given))})
            for task in some:
                given = tuple(msgspec.structs.replace(g, content=found.get(g.file.path)) for g in task.given)
                yield msgspec.structs.replace(task, content=found.get(task.file.path), given=given)


def _whole(task: Task) -> Task:
    """A file is compared as one, whatever parts it has."""
    return msgspec.structs.replace(task, whole=True)


def _emptied(given: Iterable[Given]) -> Iterator[Given]:
    return (msgspec.structs.replace(g, content=None) for g in given)
