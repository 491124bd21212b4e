"""What is wrong in files of SQL, with all of their project around them: compiled and linked in memory. No store is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.graph.store import ApplyResult, GraphStore
from ray_lineage.link import Linker
from ray_lineage.link.undeclared import Undeclared
from ray_lineage.model import FileDiagnostic, Resting
from ray_lineage.query.diagnostics import Ignored
from ray_lineage.runtime.here import run_here
from ray_lineage.runtime.linking import LinkPlan, Share
from ray_lineage.runtime.load import Begun, Loader, with_cache
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.project import Located, is_inside, located, parts_of
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.runtime.supervise import Order
from ray_lineage.settings import Settings
from ray_lineage.settings.trust import working_tree

Said = tuple[str, Resting]
"""The path of a file, and what is said of it."""
_diagnostics = msgspec.json.Decoder(list[Resting])


class Checked(msgspec.Struct, frozen=True):
    """``files`` were compiled, of which ``looked_at`` are those that were named; ``found`` is said of the latter, sorted."""

    files: int
    looked_at: int
    found: list[FileDiagnostic]


class Text(msgspec.Struct, frozen=True):
    """A text that is in no file: encoded facts, by the name that it is shown under."""

    name: str
    facts: bytes


def check(settings: Settings, paths: Sequence[str], text: Text | None = None) -> Checked:
    """What is to be said of the files of ``paths`` (all of the project, if there are none), or of a text that the project is
    the surroundings of. Raises UsageError for paths that are missing or lie outside of the root, Interrupted after a signal."""
    for path in paths:
        if not os.path.exists(path):
            raise UsageError("RL201", f"{path}: no such file or folder", where="PATH")
    place = located(settings, paths, stored=False)
    around = _surroundings(settings, place, named=bool(paths) or text is None)
    if text is not None and not around:
        return _alone(text)
    settings, known = with_cache(place.settings)
    plan = Plan(settings, around)
    checkers: list[Checker] = []

    def checker(of: Settings, project: str, _: bool) -> Checker:
        checkers.append(Checker(of, project, text))
        return checkers[-1]

    with StopSignals() as stop:
        plan.read()
        order = Order(dry_run=True, whole=True, compare=not known)
        summary = run_here(settings, plan.roots, order, stop, lambda job: None, plan, checker)
    found = [*checkers[-1].found, *summary.findings]
    return _chosen(settings, place.parts if paths else around, found, checkers[-1].paths, text)


def _surroundings(settings: Settings, place: Located, *, named: bool) -> list[str]:
    """All of the project, where something holds it together: a settings file, --root, a repository. Else what was named; for a
    text, nothing."""
    if settings.root or working_tree(Path(place.settings.root)) is not None:
        return parts_of(place.settings)
    return place.parts if named else []


def _alone(text: Text) -> Checked:
    linker = Linker("")
    try:
        linker.put(text.name, "", text.facts)
        said = [row for c in linker.link() for row in c.rows["File"]]
        found = [FileDiagnostic.of(text.name, d) for row in said for d in _diagnostics.decode(row[7])]
    finally:
        linker.close()
    return Checked(1, 1, sorted(found))


def _chosen(
    settings: Settings, parts: Sequence[str], found: Sequence[FileDiagnostic], paths: Sequence[str], text: Text | None
) -> Checked:
    """What is said of what was named."""
    if text is not None:
        own = [f for f in found if f.path == text.name]
        return Checked(len(paths), 1, sorted(set(own)))
    ignored = Ignored(settings.ignore_diagnostics)

    def named(path: str) -> bool:
        place = os.path.join(settings.root, path)
        return any(is_inside(place, part) for part in parts)

    said = {f for f in found if named(f.path) and not ignored.hides(f.code, f.path)}
    shown = sorted(said)
    return Checked(len(paths), sum(map(named, paths)), shown)


def without_agreed(found: Sequence[Said]) -> Iterator[Said]:
    """Columns that several files name and a list lacks are the list's fault: what makes the table is not all here. So are several
    that one file names: it means another table of that name, or another version of it. Pure."""
    files: dict[tuple[str, str], set[str]] = {}
    columns: dict[tuple[str, str], set[str]] = {}
    for path, d in found:
        if d.code in _OF_COLUMNS:
            for name in d.lists:
                files.setdefault((d.message, name), set()).add(path)
                columns.setdefault((path, name), set()).add(d.message)
    for path, d in found:
        agreed = any(len(files.get((d.message, name), ())) > 1 for name in d.lists)
        if not agreed and all(len(columns.get((path, name), ())) < _ANOTHER for name in d.lists):
            yield path, d


_OF_COLUMNS: Final = ("RL143", "RL302")
_ANOTHER: Final = 3
"""So many columns that a list lacks are not misspelt: another list is meant."""


class _Nowhere:
    """In place of a store: there is none to be closed."""

    uri = rebuilt = ""

    def close(self) -> None:
        """Nothing to do."""


class Checker(Loader):
    """Takes facts and links as a loader does, and keeps what is said where a loader writes."""

    def __init__(self, settings: Settings, project: str, text: Text | None) -> None:
        super().__init__(settings, project)
        self._text = text
        self._said: list[Said] = []
        self.found: list[FileDiagnostic] = []
        self.paths: list[str] = []

    def _opened(self, *, read_only: bool) -> GraphStore:
        return cast(GraphStore, _Nowhere())  # nothing but that is asked of it here

    def begin(self, *, anew: bool = False) -> Begun:
        """Nothing is stored."""
        return Begun({}, {})

    def look(self) -> None:
        """There is nothing to lose."""

    def _plan(self) -> LinkPlan:
        plan = super()._plan()
        return LinkPlan(plan.project, plan.catalog, "none", plan.tasks)

    def _note(self, share: Share) -> None:
        for file in share.files:
            self.paths.append(file.path)
            if file.diagnostics != "[]":
                self._said.extend((file.path, found) for found in _diagnostics.decode(file.diagnostics))

    def _write(self, shares: Iterator[Share]) -> ApplyResult:
        for _ in shares:
            pass
        return ApplyResult(rejected=[])

    def finish(self, digest: str, *, settle: bool, summary: IngestSummary, kept: frozenset[str] = frozenset()) -> None:
        """Link what is left, the text among it; then what all files together say."""
        if self._text is not None:
            self.linker.put(self._text.name, "", self._text.facts)
        self.written_now()
        paths = self.paths if self._text is None else [self._text.name]
        doubtful = self.linker.doubtful()
        certain = [(path, d) for path, d in self._said if doubtful.isdisjoint(d.named)]
        if self._text is None:  # it may be what is about to be one of the files
            certain = list(without_agreed(certain))
        self.found.extend(FileDiagnostic.of(path, d) for path, d in certain)
        undeclared = Undeclared(self.linker)
        self.found.extend(FileDiagnostic.of(path, d) for path in paths for d in undeclared.of(path))
