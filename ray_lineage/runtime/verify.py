"""Does the graph in the store say what the files on disk say? Reads both, writes neither.

Every file is compiled and linked from nothing, without the stat index and without cached results, and compared with the
store: per file by its fingerprint, and on demand row by row with the dump of a throw-away embedded store.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ray_lineage.cache import cache_key
from ray_lineage.compile import COMPILER_VERSION
from ray_lineage.errors import StoreUnavailable
from ray_lineage.graph.open import open_store
from ray_lineage.graph.schema import KINDS
from ray_lineage.graph.store import GraphStore
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, FileState, decode_facts
from ray_lineage.runtime.load import old_facts, open_cache
from ray_lineage.runtime.parse import Meta, Task, parse_batch, shown
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.shipping import fill
from ray_lineage.runtime.votes import Votes, in_dialect
from ray_lineage.settings import Settings

if TYPE_CHECKING:
    from ray_lineage.cache import ParseCache

MAX_LISTED: Final = 1_000
_SET_ASIDE: Final = "RL193"
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
    """Compare. Raises UsageError for roots that are missing, StoreUnavailable (also if a run writes meanwhile: RL247) or
    StoreRefused."""
    started = time.monotonic()
    plan = Plan(settings, roots)
    plan.read()
    store = open_store(settings, read_only=True)
    try:
        state = store.state(plan.project)
        stored = state.files
        with store.steady([plan.project]), _Clean(settings, plan, stored) as clean:
            if deep:
                with tempfile.TemporaryDirectory(prefix="ray_lineage-verify-") as folder:
                    fingerprints, rows = _deep(clean, plan.project, store, folder)
            else:
                fingerprints, rows = {c.path: c.fingerprint for c in clean.contributions()}, {}
            unlisted = [p for p in stored if p not in plan.paths and plan.is_unlisted(p)]
            found = compare(fingerprints, stored, {*clean.unreadable, *unlisted})
        counts = {name: len(paths) for name, paths in found.items()}
        if (any(counts.values()) or rows) and store.state(plan.project) != state:
            raise StoreUnavailable(
                "RL247", f"a run wrote to {store.uri} while it was verified", help="try again when the run is over"
            )
        return Verification(
            schema=1,
            equal=not any(counts.values()) and not rows,
            settled=bool(state.digest),
            project=plan.project,
            store=store.uri,
            files=len(plan.tasks),
            counts=counts,
            **{name: paths[:MAX_LISTED] for name, paths in found.items()},
            deep=deep,
            rows=rows,
            seconds=round(time.monotonic() - started, 3),
        )
    finally:
        store.close()


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


class _Clean:
    """All files compiled and linked from nothing."""

    def __init__(self, settings: Settings, plan: Plan, stored: dict[str, FileState]) -> None:
        self.unreadable: set[str] = set()
        self._settings = settings
        self._plan = plan
        self._stored = stored
        self._linker = Linker(plan.project)
        self._votes = Votes()

    def __enter__(self) -> _Clean:
        cache = open_cache(self._settings)
        try:
            for task in self._plan.tasks:
                self._compile(task, cache)
            self._vote(cache)
            by_path = {t.file.path: t for t in self._plan.tasks}
            for path, sha256, facts in old_facts(self.unreadable, self._stored, by_path, cache, self._votes):
                self._linker.put(path, sha256, facts)
            self._vote(cache)
        except BaseException:
            self._linker.close()
            raise
        finally:
            if cache is not None:
                cache.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._linker.close()

    def _vote(self, cache: ParseCache | None) -> None:
        """Files that say little of their dialect are read in that of their folder."""
        while due := self._votes.due():
            for task, dialect in due:
                self._compile(in_dialect(task, dialect), cache)

    def _compile(self, task: Task, cache: ParseCache | None) -> None:
        """Read and compile, whatever is known of the file: only what kills the compiler is taken from the cache."""
        limit = self._settings.max_file_size
        full = fill(msgspec.structs.replace(task, file=msgspec.structs.replace(task.file, sha256="")), limit)
        if isinstance(full, Task):
            state = self._stored.get(task.file.path)
            facts = _set_aside(full, state, cache) if state is not None and state.status == "failed" else None
            if facts is not None:
                meta = shown(task, Meta(task.file.path, "facts", _sha256(full)), facts)
            else:
                (meta,), (facts,) = parse_batch([full], None, limit)
        else:
            meta, facts = full
        if meta.outcome == "facts":
            self._linker.put(meta.path, meta.sha256, facts)
            self._votes.note(task, meta)
        elif meta.outcome != "gone":
            self.unreadable.add(meta.path)

    def contributions(self) -> Iterator[Contribution]:
        """Of all files, those included that cannot be read now and take part with their old facts."""
        return self._linker.link()


def _sha256(task: Task) -> str:
    return hashlib.sha256(task.content or b"").hexdigest()


def _set_aside(task: Task, state: FileState, cache: ParseCache | None) -> bytes | None:
    """The facts of a file that killed its workers and was set aside: compiling it here would kill this process."""
    sha256 = _sha256(task)
    if cache is None or state.sha256 != sha256:
        return None
    facts = cache.get_many([cache_key(sha256, task.options, COMPILER_VERSION + task.encoding)])[0]
    if facts is None or all(d.code != _SET_ASIDE for d in decode_facts(facts).diagnostics):
        return None
    return facts


def _deep(clean: _Clean, project: str, store: GraphStore, folder: str) -> tuple[dict[str, str], dict[str, Differences]]:
    """Fingerprints, and where the store's rows differ from those of a store that holds nothing but the files' say."""
    from ray_lineage.graph.sqlite import SqliteStore

    fingerprints: dict[str, str] = {}

    def noted() -> Iterator[Contribution]:
        for contribution in clean.contributions():
            fingerprints[contribution.path] = contribution.fingerprint
            yield contribution

    fresh = SqliteStore(os.path.join(folder, "graph.db"))
    try:
        fresh.apply(project, fresh.acquire(project), noted(), fresh=True)
        rows = {kind: differences(fresh.rows(project, kind), store.rows(project, kind)) for kind in KINDS}
    finally:
        fresh.close()
    return fingerprints, {kind: d for kind, d in rows.items() if d is not None}


def differences(clean: Sequence[tuple[Any, ...]], stored: Sequence[tuple[Any, ...]]) -> Differences | None:
    """Of two lists of rows, as multisets; None if they are equal. Pure."""
    ours, theirs = Counter(clean), Counter(stored)
    missing, extra = ours - theirs, theirs - ours
    if not missing and not extra:
        return None
    return Differences(missing.total(), extra.total(), _example(missing), _example(extra))


def _example(rows: Counter[tuple[Any, ...]]) -> str:
    return str(min(rows, key=repr))[:_EXAMPLE] if rows else ""
