"""The writing side of a run: the linker and the store together. Lives in this process, or in the writer actor under Ray."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from ray_lineage.errors import StoreRefused, StoreUnavailable
from ray_lineage.graph.deadletters import DeadLetters
from ray_lineage.graph.open import open_store
from ray_lineage.graph.store import ApplyResult, Rejected
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, Diagnostic, FileState
from ray_lineage.runtime.parse import Meta, Task, shown
from ray_lineage.runtime.summary import MAX_FINDINGS, FileDiagnostic, IngestSummary
from ray_lineage.runtime.votes import Votes, in_dialect
from ray_lineage.settings import Settings

if TYPE_CHECKING:
    from ray_lineage.cache import ParseCache

_GUARD_FILES: Final = 20
"""So many files may vanish whatever their share of the project."""
_FINDINGS_TOLD: Final = 50  # of one commit
_SEVERITY: Final = {"error": 0, "warning": 1, "info": 2}
_diagnostics = msgspec.json.Decoder(list[Diagnostic])


class Settled(msgspec.Struct, frozen=True):
    """What is kept in the graph with a settled state, so that an unchanged run has something to show."""

    digest: str
    by_status: dict[str, int]
    diagnostics: dict[str, int]
    severities: dict[str, int]
    statements: int
    datasets: int
    columns: int
    edges: int
    example: str


class Committed(msgspec.Struct, frozen=True):
    """What one commit did. Times in seconds; ``rejected`` files went to the dead letters, of which the project has
    ``dead_letters`` now."""

    written: tuple[str, ...]
    removed: int
    rejected: tuple[Rejected, ...]
    dead_letters: int
    rows: int
    transactions: int
    retries: int
    link_seconds: float
    write_seconds: float
    findings: tuple[FileDiagnostic, ...]


def decode_settled(text: str) -> Settled | None:
    """Inverse of how :meth:`Loader.finish` records a settled state."""
    try:
        return msgspec.json.decode(text, type=Settled) if text else None
    except msgspec.DecodeError:
        return None


@contextlib.contextmanager
def _with_disks() -> Iterator[None]:
    """What a disk or the system refuses, in words. Raises StoreUnavailable: a later try may succeed."""
    try:
        yield
    except BrokenPipeError:  # whoever hears of the progress went away
        raise
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        raise StoreUnavailable(
            "RL238", f"the graph could not be written: {error.strerror or error}{place}",
            help="the facts of all files lie in the temporary folder (TMPDIR): is a disk full, or too many files open? "
            "What is in the graph stays",
        ) from error  # fmt: skip


class Loader:
    """Open, :meth:`put` facts, :meth:`finish`."""

    @_with_disks()
    def __init__(self, settings: Settings, project: str) -> None:
        """Open the store. Raises StoreUnavailable or StoreRefused."""
        self.settings = settings
        self.project = project
        self.store = open_store(settings)
        self.linker = Linker(project)
        self.epoch = 0
        self._linked = 0
        self._example = ""
        self._best = 0
        self._states: dict[str, FileState] = {}
        self._refused: set[str] = set()  # files whose last contribution went to the dead letters

    @property
    def uri(self) -> str:
        """Of the store, without credentials."""
        return self.store.uri

    @property
    def rebuilt(self) -> str:
        """Why the store was begun anew, if it was."""
        return self.store.rebuilt

    def settled(self) -> str:
        """The record of the settled state (empty: not settled)."""
        return self.store.digest(self.project)

    @_with_disks()
    def begin(self) -> dict[str, FileState]:
        """Fence off older writers; what the store holds per file."""
        self.epoch = self.store.acquire(self.project)
        self._states = self.store.state(self.project).files
        return dict(self._states)  # the caller may take from it what it has no more use for

    @_with_disks()
    def put(self, path: str, sha256: str, facts: bytes) -> None:
        """Facts of one file."""
        self.linker.put(path, sha256, facts)

    def check_removal(self, gone: list[str], present: int) -> None:
        """Raise StoreRefused if so much vanished that it is more likely a mistake."""
        percent = self.settings.max_delete_percent
        known = len(self._states)
        if len(gone) > _GUARD_FILES and len(gone) * 100 > percent * known:
            raise StoreRefused(
                "RL223",
                f"{len(gone):,} of the {known:,} files of project {self.project} are not where they were ({present:,} are there); "
                "nothing was removed",
                help="is the folder mounted? Were other folders given than last time (with several, the paths in the graph begin "
                "with the folder's name)? A graph keeps other projects beside this one: --project NAME. If this is meant, run "
                f"again with --max-delete-percent 100 (now {percent})",
            )

    @_with_disks()
    def finish(
        self,
        digest: str,
        gone: list[str],
        *,
        full: bool,
        settle: bool,
        summary: IngestSummary,
        dry_run: bool = False,
        kept: frozenset[str] = frozenset(),
        on_linked: Callable[[int], None] | None = None,
        on_stored: Callable[[int], None] | None = None,
    ) -> None:
        """Link everything, write what differs, remove what is gone, and record the settled state. Fills the summary.

        ``kept`` are files that cannot be read now and take part with their old facts; they are counted by the caller.
        """
        if dry_run:
            pending = sum(1 for _ in self._changes(summary, kept, full=full, on_linked=on_linked))
            summary.notes.append(f"dry run: {pending:,} files would be written, {len(gone):,} removed; nothing was")
            return
        done = self.commit(gone, full=full, summary=summary, kept=kept, on_linked=on_linked, on_stored=on_stored)
        if self._linked != len(self.linker):
            raise AssertionError(f"{len(self.linker)} files were given to the linker but {self._linked} linked")
        summary.rows_written = done.rows
        summary.removed = len(gone)
        summary.dead_letters = done.dead_letters
        summary.files_written = len(done.written)
        counts = self.store.counts(self.project)
        summary.statements, summary.datasets = counts["Statement"], counts["Dataset"]
        summary.columns, summary.edges = counts["Column"], counts["FLOWS_TO"]
        self._settle(digest if settle else "", summary)

    @_with_disks()
    def commit(
        self,
        gone: list[str],
        *,
        full: bool = False,
        summary: IngestSummary | None = None,
        kept: frozenset[str] = frozenset(),
        on_linked: Callable[[int], None] | None = None,
        on_stored: Callable[[int], None] | None = None,
    ) -> Committed:
        """Link what was put since the last time, write what differs from the store, remove ``gone``. When this returns it
        is in the store.

        If it raises, the linker's knowledge of what is stored is lost: begin with a new Loader."""
        summary = summary if summary is not None else IngestSummary()
        found_before = len(summary.findings)
        for path in gone:
            self.linker.remove(path)
        removed, gone = gone, [p for p in gone if p in self._states]
        fresh = not self._states
        written: dict[str, FileState] = {}
        linking = 0.0

        def noted() -> Iterator[Contribution]:
            nonlocal linking
            started = time.perf_counter()
            for contribution in self._changes(summary, kept, full=full, on_linked=on_linked):
                linking += time.perf_counter() - started
                written[contribution.path] = _state(contribution)
                yield contribution
                started = time.perf_counter()
            linking += time.perf_counter() - started

        stored = 0

        def counted(files: int) -> None:
            nonlocal stored
            stored += files
            if on_stored is not None:
                on_stored(files)

        started = time.perf_counter()
        changes = noted()
        first = next(changes, None)
        result = ApplyResult(rejected=[])
        if first is not None or gone:
            ahead = _chain(first, changes)
            result = self.store.apply(self.project, self.epoch, ahead, gone, fresh=fresh, on_stored=counted)
        if stored != len(written):
            raise AssertionError(f"{len(written)} files differed from the store but {stored} were stored or rejected")
        seconds = time.perf_counter() - started
        letters = self._dead_letters(result, list(written), gone, summary)
        self._refused.difference_update(written, removed)
        for rejected in result.rejected:  # the store may hold older rows of it
            written[rejected.path] = FileState(rejected.path, "", "", "failed")
            self._refused.add(rejected.path)
        self._states.update(written)
        for path in gone:
            self._states.pop(path, None)
        for path in self._refused:
            written.pop(path, None)
        return Committed(
            tuple(written), len(gone), tuple(result.rejected), letters, result.rows_written, result.transactions,
            result.retries, linking, seconds - linking, tuple(summary.findings[found_before:][:_FINDINGS_TOLD]),
        )  # fmt: skip

    @_with_disks()
    def settle(self, digest: str) -> Settled:
        """Record that all that is on disk is in the graph; the counts come from the graph itself. While files are refused it
        is not, and the digest stays empty: the next start tries them again."""
        summary = IngestSummary(example=self._example)
        for _, status, diagnostics, _ in self.store.files_overview(self.project):
            summary.by_status[str(status)] = summary.by_status.get(str(status), 0) + 1
            for d in _diagnostics.decode(diagnostics or "[]"):
                _count(summary, d.code, d.severity)
        counts = self.store.counts(self.project)
        summary.statements, summary.datasets = counts["Statement"], counts["Dataset"]
        summary.columns, summary.edges = counts["Column"], counts["FLOWS_TO"]
        return self._settle(digest, summary)

    def _settle(self, digest: str, summary: IngestSummary) -> Settled:
        if self._refused:
            digest = ""
        settled = Settled(
            digest, summary.by_status, summary.diagnostics, summary.severities, summary.statements, summary.datasets,
            summary.columns, summary.edges, summary.example,
        )  # fmt: skip
        self.store.settle(self.project, self.epoch, msgspec.json.encode(settled).decode() if digest else "")
        summary.settled = bool(digest)
        return settled

    def _dead_letters(self, result: ApplyResult, written: list[str], gone: list[str], summary: IngestSummary) -> int:
        letters = DeadLetters(os.path.join(self.settings.data_dir, "failed_ingestion.jsonl"))
        for rejected in result.rejected:
            summary.findings.append(FileDiagnostic(rejected.path, 0, 0, rejected.code, "error", rejected.reason))
            _count(summary, rejected.code, "error")
        refused = {r.path for r in result.rejected}
        try:
            return letters.replace(self.project, [p for p in (*written, *gone) if p not in refused], result.rejected)
        except OSError as error:
            summary.notes.append(
                f"the dead letters could not be written ({error.strerror}); their files are tried again next time"
            )
            return len(result.rejected)

    def _changes(
        self,
        summary: IngestSummary,
        kept: frozenset[str],
        *,
        full: bool,
        on_linked: Callable[[int], None] | None,
    ) -> Iterator[Contribution]:
        self._linked = 0
        for number, contribution in enumerate(self.linker.link(), 1):
            self._linked = number
            row = contribution.rows["File"][0]
            status, diagnostics = str(row[6]), str(row[7])
            if contribution.path not in kept:
                summary.by_status[status] = summary.by_status.get(status, 0) + 1
            if diagnostics != "[]" and contribution.path not in kept:
                note(summary, contribution.path, _diagnostics.decode(diagnostics))
            flows = contribution.rows.get("FLOWS_TO", [])
            if len(flows) > self._best:
                self._best = len(flows)
                self._example = str(flows[0][1]).partition(":")[2].rpartition(".")[0]
            if on_linked is not None and number % 200 == 0:
                on_linked(number)
            known = self._states.get(contribution.path)
            if full or known is None or known.fingerprint != contribution.fingerprint:
                yield contribution
        summary.example = self._example

    def close(self) -> None:
        """Release store and linker; idempotent."""
        with contextlib.suppress(OSError):
            self.linker.close()
        self.store.close()


def _state(contribution: Contribution) -> FileState:
    row = contribution.rows["File"][0]
    return FileState(contribution.path, str(row[3]), contribution.fingerprint, str(row[6]))


def has_failed(state: FileState | None) -> bool:
    """Did nothing of the file come into the graph (set aside, too long, too deep)?"""
    return state is not None and state.status == "failed"


def _chain(first: Contribution | None, rest: Iterator[Contribution]) -> Iterator[Contribution]:
    if first is not None:
        yield first
        yield from rest


def note(summary: IngestSummary, path: str, diagnostics: list[Diagnostic]) -> None:
    """Count diagnostics, keep the most severe ones."""
    for d in diagnostics:
        _count(summary, d.code, d.severity)
        summary.findings.append(FileDiagnostic(path, d.line, d.column, d.code, d.severity, d.message))
    if len(summary.findings) > 2 * MAX_FINDINGS:
        trim(summary)


def _count(summary: IngestSummary, code: str, severity: str) -> None:
    summary.diagnostics[code] = summary.diagnostics.get(code, 0) + 1
    summary.severities[severity] = summary.severities.get(severity, 0) + 1


def trim(summary: IngestSummary) -> None:
    """Keep at most MAX_FINDINGS, the most severe first, then in path order."""
    summary.findings.sort(key=lambda f: (_SEVERITY.get(f.severity, 3), f.path, f.line, f.code))
    del summary.findings[MAX_FINDINGS:]


def old_facts(
    unreadable: set[str], states: dict[str, FileState], tasks: dict[str, Task], cache: ParseCache | None, votes: Votes
) -> Iterator[tuple[str, str, bytes]]:
    """What cannot be read now keeps its old contribution; its old facts still take part in linking if they are cached, and in
    the vote on its folder's dialect: those are wanted that were read in it."""
    if cache is None:
        return
    known: dict[str, bytes] = {}
    for path in sorted(unreadable & states.keys()):
        facts = _cached(cache, tasks[path], states[path].sha256)
        if facts is not None:
            known[path] = facts
            votes.note(tasks[path], shown(tasks[path], Meta(path, "facts"), facts))
    for path, own in known.items():
        dialect = votes.read_in(path)
        voted = _cached(cache, in_dialect(tasks[path], dialect), states[path].sha256) if dialect else None
        yield path, states[path].sha256, voted if voted is not None else own


def _cached(cache: ParseCache, task: Task, sha256: str) -> bytes | None:
    from ray_lineage.cache import cache_key
    from ray_lineage.compile import COMPILER_VERSION

    return cache.get_many([cache_key(sha256, task.options, COMPILER_VERSION + task.encoding)])[0]


def open_cache(settings: Settings, *, on_head: bool = True) -> ParseCache | None:
    """The parse cache of the settings on this node, None if it is switched off. See :func:`cache_path_for`."""
    if not settings.enable_parse_cache:
        return None
    from ray_lineage.cache import ParseCache
    from ray_lineage.runtime.nodecache import cache_path_for

    path = cache_path_for(settings, on_head)
    return ParseCache.open(path, max_bytes=settings.cache_max_bytes, max_entries=settings.cache_max_entries)
