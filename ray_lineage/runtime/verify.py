"""Does the graph in the store say what the files on disk say? Reads both, writes neither.

Every file is compiled and linked from nothing, without the stat index and without cached results, and compared with the
store: per file by its fingerprint, and on demand row by row with the dump of a throw-away embedded store.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from ray_lineage.errors import StoreUnavailable
from ray_lineage.graph.open import open_embedded
from ray_lineage.graph.schema import KINDS
from ray_lineage.graph.store import ApplyResult, GraphStore
from ray_lineage.model import FileState, container_of
from ray_lineage.runtime.here import run_here
from ray_lineage.runtime.linking import LinkPlan, LinkTask, Share
from ray_lineage.runtime.load import Begun, Loader
from ray_lineage.runtime.parts import Parts, whole_states
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.project import located
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.runtime.supervise import Order
from ray_lineage.settings import Settings

MAX_LISTED: Final = 1_000
_EXAMPLE: Final = 300  # characters of a row that is shown


class Differences(msgspec.Struct, frozen=True):
    """Rows of one kind: how many only the files say (``missing``), how many only the store (``extra``), and one of each."""

    missing: int
    extra: int
    example_missing: str
    example_extra: str


class Verification(msgspec.Struct, frozen=True):
    """The verdict. Lists hold at most MAX_LISTED paths; the counts are of all. Times in seconds."""

    schema: int
    equal: bool
    settled: bool
    """Did the last run finish, with every file readable? While one is writing: False."""
    project: str
    store: str
    files: int
    counts: dict[str, int]
    missing: list[str]
    """On disk, but not (or not whole) in the store."""
    differing: list[str]
    extra: list[str]
    """In the store, but not on disk."""
    unreadable: list[str]
    """On disk, but not readable now: nothing can be said."""
    deep: bool
    rows: dict[str, Differences]
    """With ``deep``: per kind of node and edge, only where there are differences."""
    seconds: float


def verify(settings: Settings, roots: Sequence[str], *, deep: bool = False) -> Verification:
    """Compare. Raises UsageError for roots that are missing, StoreUnavailable (also if a run writes meanwhile: RL247),
    StoreRefused, or Interrupted after a signal."""
    started = time.monotonic()
    place = located(settings, roots)
    settings = place.settings
    plan = Plan(settings, place.parts)
    comparers: list[Comparer] = []

    def comparer(of: Settings, project: str, _: bool) -> Comparer:
        comparers.append(Comparer(of, project, deep=deep))
        return comparers[-1]

    with StopSignals() as stop:
        plan.read()
        run_here(settings, plan.roots, Order(compare=True), stop, lambda job: None, plan, comparer)
    found = comparers[-1].found
    return msgspec.structs.replace(found, seconds=round(time.monotonic() - started, 3))


class Comparer(Loader):
    """Takes facts and links as a loader does, and looks where a loader writes. ``found`` is the verdict in the end."""

    found: Verification

    def __init__(self, settings: Settings, project: str, *, deep: bool) -> None:
        """Open the store, to be read alone."""
        super().__init__(settings, project, True)
        self._deep = deep
        self._mark = ("", 0)
        self._rows: dict[str, Differences] = {}
        self._fingerprints: dict[str, str] = {}

    def begin(self, *, anew: bool = False) -> Begun:
        """What the store holds per file; nobody is fenced off, and nothing is believed that was left."""
        state = self.store.state(self.project)
        self._states, self._mark = state.files, (state.digest, state.epoch)
        self._parts = Parts(state.files)
        return Begun(whole_states(state.files), {})

    def _plan(self) -> LinkPlan:
        plan = super()._plan()
        tasks = [LinkTask(t.path, t.sha256, "") for t in plan.tasks]
        return LinkPlan(plan.project, plan.catalog, "pack" if self._deep else "none", tasks)

    def _note(self, share: Share) -> None:
        self._fingerprints.update((f.path, f.fingerprint) for f in share.files)

    def _write(self, shares: Iterator[Share]) -> ApplyResult:
        """Shares are looked at as they come; with ``deep`` they go into a store of their own."""
        if not self._deep:
            for _ in shares:
                pass
            return ApplyResult(rejected=[])
        with tempfile.TemporaryDirectory(prefix="ray_lineage-verify-") as folder:
            clean = open_embedded(os.path.join(folder, "graph"))
            try:
                packs = (s.packed for s in shares if s.packed is not None and s.packed.files.path)
                clean.load(self.project, clean.acquire(self.project), packs)
                self._compare_rows(clean)
            finally:
                clean.close()
        return ApplyResult(rejected=[])

    def _compare_rows(self, clean: GraphStore) -> None:
        with self.store.steady([self.project]):
            for kind in KINDS:
                rows = differences(clean.rows(self.project, kind), self.store.rows(self.project, kind))
                if rows is not None:
                    self._rows[kind] = rows

    def finish(self, digest: str, *, settle: bool, summary: IngestSummary, kept: frozenset[str] = frozenset()) -> None:
        """The verdict; ``kept`` are files that cannot be read now. Raises StoreUnavailable (RL247) if a run wrote meanwhile."""
        self.written_now()
        unknown = {path for path in self._states if path in kept or container_of(path) in kept}
        found = compare(self._fingerprints, self._states, unknown)
        counts = {name: len(paths) for name, paths in found.items()}
        state = self.store.state(self.project)
        if (any(counts.values()) or self._rows) and (state.digest, state.epoch) != self._mark:
            raise StoreUnavailable(
                "RL247", f"a run wrote to {self.store.uri} while it was verified", help="try again when the run is over"
            )
        self.found = Verification(
            schema=1,
            equal=not any(counts.values()) and not self._rows,
            settled=bool(state.digest),
            project=self.project,
            store=self.store.uri,
            files=len({*(container_of(path) or path for path in self._fingerprints), *kept}),
            counts=counts,
            **{name: paths[:MAX_LISTED] for name, paths in found.items()},
            deep=self._deep,
            rows=self._rows,
            seconds=0.0,
        )


def compare(fingerprints: dict[str, str], stored: dict[str, FileState], unreadable: set[str]) -> dict[str, list[str]]:
    """Sorted paths by what is wrong with them. A file whose fingerprint is empty is not whole in the store. Pure."""
    out: dict[str, list[str]] = {"missing": [], "differing": [], "extra": [], "unreadable": sorted(unreadable)}
    for path in sorted({*fingerprints, *stored} - unreadable):
        ours, state = fingerprints.get(path), stored.get(path)
        if ours is None:
            out["extra"].append(path)
        elif state is None or not state.fingerprint:
            out["missing"].append(path)
        elif state.fingerprint != ours:
            out["differing"].append(path)
    return out


def differences(clean: Sequence[tuple[Any, ...]], stored: Sequence[tuple[Any, ...]]) -> Differences | None:
    """Of two lists of rows, as multisets; None if they are equal. Pure."""
    ours, theirs = Counter(clean), Counter(stored)
    missing, extra = ours - theirs, theirs - ours
    if not missing and not extra:
        return None
    return Differences(missing.total(), extra.total(), _example(missing), _example(extra))


def _example(rows: Counter[tuple[Any, ...]]) -> str:
    return str(min(rows, key=repr))[:_EXAMPLE] if rows else ""
