"""Two states of a repository in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from ray_lineage.diff.changes import Change
from ray_lineage.diff.owners import Owners
from ray_lineage.diff.report import Found
from ray_lineage.diff.run import Comparing, Side
from ray_lineage.model import Priority, SourceFile
from ray_lineage.runtime.plan import Rules
from ray_lineage.settings import Settings


class InMemory(Side):
    """Files as texts."""

    def __init__(self, files: Mapping[str, str], rules: Rules) -> None:
        super().__init__()
        self.files = files
        for path in files:
            task = rules.task(SourceFile(path, "/dev/null", path, 0, 0, 0, 0, int(Priority.BATCH)), "")
            if task is not None:
                self.tasks[path] = task

    def filled(self, paths: Iterable[str]) -> Iterator[msgspec.Struct]:  # type: ignore[override]
        return (msgspec.structs.replace(self.tasks[p], content=self.files[p].encode()) for p in paths)

    def contents(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {p: self.files[p].encode() for p in paths if p in self.files}

    def text(self, path: str) -> str:
        return self.files[path]


class InMemoryComparing(Comparing):
    """Compares them by their texts."""

    def _differs(self, path: str) -> bool:
        assert isinstance(self.before, InMemory) and isinstance(self.after, InMemory)
        return self.before.files[path] != self.after.files[path]


def compared(base: Mapping[str, str], head: Mapping[str, str], dialect: str = "postgres") -> InMemoryComparing:
    rules = Rules(Settings(dialect=dialect))
    return InMemoryComparing(InMemory(base, rules), InMemory(head, rules), None)


def changes(base: Mapping[str, str], head: Mapping[str, str], dialect: str = "postgres") -> list[Change]:
    comparing = compared(base, head, dialect)
    try:
        return comparing.changes()
    finally:
        comparing.pair.close()


def found(
    base: Mapping[str, str], head: Mapping[str, str], owners: str = "", dialect: str = "postgres"
) -> tuple[Found, ...]:
    comparing = compared(base, head, dialect)
    try:
        return comparing.found(comparing.changes(), Owners(owners), "")
    finally:
        comparing.pair.close()
