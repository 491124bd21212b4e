"""The writing side of a run: the linker and the store together. Lives in this process, or in the writer actor under Ray."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ray_lineage.errors import StoreUnavailable, UsageError
from ray_lineage.graph.deadletters import DEAD_LETTERS, DeadLetters
from ray_lineage.graph.open import open_store
from ray_lineage.graph.pack import Pack
from ray_lineage.graph.store import ApplyResult, GraphStore, Rejected
from ray_lineage.link import Linker
from ray_lineage.model import SILENT, Diagnostic, FileDiagnostic, FileState, container_of, decode_head
from ray_lineage.ownfolder import own_folder
from ray_lineage.query.diagnostics import Ignored, reported
from ray_lineage.runtime.linking import SHARE_FILES, LinkPlan, LinkTask, Share, decode_share, share_of
from ray_lineage.runtime.parse import Meta, Task, known_parts, part_key, shown
from ray_lineage.runtime.parts import Parts, is_container, whole_states
from ray_lineage.runtime.project import origin
from ray_lineage.runtime.remembered import Known, forget, leave, recall
from ray_lineage.runtime.summary import MAX_FINDINGS, IngestSummary
from ray_lineage.runtime.votes import Votes, in_dialect
from ray_lineage.runtime.writing import Writing
from ray_lineage.settings import Settings

if TYPE_CHECKING:
    from ray_lineage.cache import ParseCache

_FINDINGS_TOLD: Final = 50  # of one commit
_SEVERITY: Final = {"error": 0, "warning": 1, "info": 2}
_diagnostics = msgspec.json.Decoder(list[Diagnostic])


class Prepare(msgspec.Struct, frozen=True, array_like=True):
    """How a commit is begun. ``full``: every file is written again; ``dry_run``: none is."""

    gone: list[str]
    full: bool = False
    dry_run: bool = False


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
    best: int = 0
    """Column edges into the example."""
    root: str = ""
    whole: list[FileDiagnostic] = []
    """What is said of no file by itself, but of the project."""
    example_of: str = ""
    """The file that writes the example."""


class Begun(msgspec.Struct, frozen=True, array_like=True):
    """What a graph knows when it is opened: what the store holds per file, and of which files (by path) nothing needs to be
    put, because their facts are known, unless they changed."""

    states: dict[str, FileState]
    known: dict[str, Known]
    root: str = ""
    """The folder that the project was read from, as far as the store knows."""


class FactsLost(Exception):
    """Facts on which a remembered linker counted are gone."""


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
            help="is the disk full where the graph lies, or the temporary folder (TMPDIR), which holds the facts of all files? "
            "Or are too many files open? What is in the graph stays",
        ) from error  # fmt: skip


class Loader:
    """Open, :meth:`put` facts, :meth:`finish`."""

    @_with_disks()
    def __init__(self, settings: Settings, project: str, read_only: bool = False) -> None:
        """Open the store. ``read_only``: beside whoever writes it. Raises StoreUnavailable or StoreRefused."""
        self.settings = settings
        self.project = project
        self._read_only = read_only
        self.store = self._opened(read_only=read_only)
        self.linker = Linker(project, self._fetch)
        self._cache: ParseCache | None = None
        self._keys: dict[str, bytes] = {}
        self._settled_as = self._found_as = ""  # digest of what is settled now, and of what was left for it
        self.epoch = 0
        self._order = Prepare([])
        self._on_stored: Callable[[int], None] | None = None
        self._plans = 0
        self._counted = 0  # files that the store says it has stored, or refused, since the commit began
        self.rows = 0
        """Of the packs of a first load that are stored by now; what a commit wrote is in its result."""
        self._on_the_way: deque[tuple[int, int]] = (
            deque()
        )  # files and rows of packs that the store has, but has not stored
        self._counted_packs = 0  # files of the packs that are
        self._linking = 0.0  # seconds of linking here
        self._writing: Writing | None = None
        self._told, self._last = IngestSummary(), IngestSummary()  # of the files linked now, and for the last commit
        self._written: dict[str, FileState] = {}
        self._forget_example()
        self._states: dict[str, FileState] = {}
        self._foretold: dict[str, str] = {}  # of a dry run: the status of what was linked
        self._refused: set[str] = set()  # files whose last contribution went to the dead letters
        self._parts = Parts()
        self._gone: list[str] = []  # what the commit takes out: files that are gone, and parts

    def _opened(self, *, read_only: bool) -> GraphStore:
        return open_store(self.settings, read_only=read_only)

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
    def begin(self, *, anew: bool = False) -> Begun:
        """Fence off older writers, unless it is only read; what the store holds per file, and, but for ``anew``, what an earlier
        run left."""
        self.epoch = 0 if self._read_only else self.store.acquire(self.project)
        state = self.store.state(self.project)
        self._states = state.files
        settled = decode_settled(state.digest)
        if settled is not None:
            self._best, self._example, self._example_of = settled.best, settled.example, settled.example_of
        self._parts = Parts(self._states)
        recalled = self._recalled(settled.digest) if settled is not None and not anew else {}
        return Begun(whole_states(self._states), recalled, state.origin.root)

    def _recalled(self, digest: str) -> dict[str, Known]:
        """Of which files an earlier run left the outlines, so that they need not be put: those whose facts the cache has."""
        found = recall(self.settings.data_dir, self.project, digest) if self.settings.enable_parse_cache else None
        self._cache = open_cache(self.settings) if found is not None else None
        if found is None or self._cache is None:
            return {}
        if not self.linker.restore(found.linker, digest) or not self._is_as_stored():
            self.linker.close()
            self.linker = Linker(self.project, self._fetch)
            return {}
        self._found_as = digest
        there = self._cache.contains([k.read for k in found.known.values()])
        self._keys = {path: k.read for path, k in found.known.items()}
        return {path: k for (path, k), cached in zip(found.known.items(), there, strict=True) if cached}

    def _is_as_stored(self) -> bool:
        """Does the linker stand where the store does? A digest is over what files hold, not over what was understood of it."""
        return self.linker.fingerprints() == {path: state.fingerprint for path, state in self._states.items()}

    def _fetch(self, path: str) -> bytes:
        """Facts of a file that an earlier run put."""
        assert self._cache is not None
        key = self._keys[path] if not container_of(path) else part_key(self.linker.sha256(path))
        facts = self._cache.get_many([key])[0]
        if facts is None:
            forget(self.settings.data_dir, self.project)
            raise FactsLost(f"the parse cache lost the facts of {path}")
        return facts

    @_with_disks()
    def remember(self, known: dict[str, Known]) -> None:
        """Leave the settled state for the next run, unless it is as it was found."""
        if self._settled_as and self._settled_as != self._found_as and self.settings.enable_parse_cache:
            leave(self.settings.data_dir, self.project, self._settled_as, known, self.linker.save(self._settled_as))
            self._found_as = self._settled_as

    @_with_disks()
    def look(self) -> None:
        """Is the store still what was written to? Raises StoreUnavailable."""
        self.store.look(self.project, self.epoch, len(self._states))

    @_with_disks()
    def put(self, path: str, sha256: str, facts: bytes) -> None:
        """Facts of one file, or of a part of one: those come behind their file."""
        self._found_as = ""
        if self._parts.is_as_before(path):
            return
        if facts == SILENT:
            self._parts.drop(path)
            for gone in (path, *self._parts.take(path, (), self._stored_hash)):
                self.linker.remove(gone)
            return
        self._parts.keep(path)
        self.linker.put(path, sha256, facts)
        if is_container(path):
            for part in self._parts.take(path, decode_head(facts).parts, self._stored_hash):
                self.linker.remove(part)

    def _stored_hash(self, part: str) -> str:
        """Content hash of a part that is linked and stored as such; empty for others."""
        state = self._states.get(part)
        if state is None or state.status == "failed" or not state.fingerprint or part not in self.linker:
            return ""
        return state.sha256 if state.sha256 == self.linker.sha256(part) else ""

    @_with_disks()
    def prepare(self, order: Prepare, stored: Callable[[int], None] | None = None) -> LinkPlan:
        """Begin a commit: take out what is gone, settle the catalog, and say what has to be linked: by :meth:`commit` here, or
        by others (:meth:`linked`). Nothing may be put between this and the commit. ``stored(n)`` hears of files that were
        stored."""
        self._order, self._on_stored, self._settled_as = order, stored, ""
        self._counted = self._counted_packs = self.rows = 0
        self._on_the_way.clear()
        self._linking = 0.0
        self._gone = self._parts.gone(order.gone)
        self._put_awaited()
        for path in self._gone:
            self._found_as = ""
            self.linker.remove(path)
        if self._example_of in self._gone:
            self._forget_example()
        return self._plan()

    def _put_awaited(self) -> None:
        """Parts of which their file says that they are as they were, and which were not: the cache has what they say."""
        for path, sha256 in self._parts.awaited().items():
            facts = self._cache.get_many([part_key(sha256)])[0] if self._cache is not None else None
            if facts is None:
                forget(self.settings.data_dir, self.project)
                raise FactsLost(f"the parse cache lost the facts of {path}")
            self.linker.put(path, sha256, facts)

    def _forget_example(self) -> None:
        """Its file is gone, or says something else: what it wrote may not be there any more."""
        self._best, self._example, self._example_of = 0, "", ""

    def _plan(self) -> LinkPlan:
        self._plans += 1
        tasks = [
            LinkTask(p, self.linker.sha256(p), "" if self._order.full else self._stored(p))
            for p in self.linker.settle()
        ]
        return LinkPlan(self.project, self._plans, "differences" if self._states else "pack", tasks)

    def _stored(self, path: str) -> str:
        known = self._states.get(path)
        return known.fingerprint if known is not None else ""

    @_with_disks()
    def catalog(self) -> bytes:
        """The catalog that :meth:`prepare` settled, for others."""
        return self.linker.shared()

    @_with_disks()
    def facts(self, paths: Sequence[str]) -> list[bytes]:
        """Encoded facts of files, for who has not got them."""
        return [self.linker.facts_bytes(p) for p in paths]

    @_with_disks()
    def linked(self, encoded: bytes) -> None:
        """A share that others linked: it goes on to the store."""
        share = decode_share(encoded)
        if self._writing is None:
            self._writing = Writing(self._write)
        self._note(share)
        for file in share.files:
            self.linker.linked(file.path, file.fingerprint, file.uses)
        self._writing.add(share)

    def _here(self, plan: LinkPlan) -> Iterator[Share]:
        """What others did not link, linked here."""
        stored = {t.path: t.stored for t in plan.tasks}
        changes = ((c, b"") for c in self.linker.link())
        while True:
            began = time.perf_counter()
            some = list(itertools.islice(changes, SHARE_FILES))
            share = share_of(self.project, plan.rows, stored.__getitem__, some)
            self._linking += time.perf_counter() - began
            if not some:
                return
            self._note(share)
            yield share

    def _note(self, share: Share) -> None:
        for file in share.files:
            if file.path == self._example_of:
                self._forget_example()
            if file.flows > self._best:
                self._best, self._example, self._example_of = file.flows, file.example, file.path
            if self._order.full or self._stored(file.path) != file.fingerprint:
                self._written[file.path] = FileState(file.path, file.sha256, file.fingerprint, file.status)
            found = _diagnostics.decode(file.diagnostics) if file.diagnostics != "[]" else []
            note(self._told, file.path, found)
            if self._order.dry_run:
                self._foretold[file.path] = file.status

    def _write(self, shares: Iterator[Share]) -> ApplyResult:
        """What is done with linked shares."""
        if self._order.dry_run:
            for _ in shares:
                pass
            return ApplyResult(rejected=[])
        if not self._states:
            return self.store.load(self.project, self.epoch, self._packs(shares), self._stored_files)
        gone = [p for p in self._gone if p in self._states]
        changes = (c for s in shares for c in s.contributions)
        first = next(changes, None)
        if first is None and not gone:
            return ApplyResult(rejected=[])
        ahead = itertools.chain((first,) if first is not None else (), changes)
        return self.store.apply(self.project, self.epoch, ahead, gone, on_stored=self._stored_files)

    def _packs(self, shares: Iterator[Share]) -> Iterator[Pack]:
        for share in shares:
            if share.packed is not None and share.packed.files.path:
                self._on_the_way.append((len(share.packed.files.path), share.packed.rows))
                yield share.packed

    def _stored_files(self, files: int) -> None:
        self._counted += files
        while self._on_the_way and self._counted >= self._counted_packs + self._on_the_way[0][0]:
            packed, rows = self._on_the_way.popleft()
            self._counted_packs += packed
            self.rows += rows
        if self._on_stored is not None:
            self._on_stored(files)

    @_with_disks()
    def finish(self, digest: str, *, settle: bool, summary: IngestSummary, kept: frozenset[str] = frozenset()) -> None:
        """:meth:`commit`, and record the settled state. Fills the summary; ``kept`` are files that cannot be read now and
        take part with their old facts: they are counted by the caller."""
        order = self._order
        done = self.commit()
        summary.findings.extend(self._last.findings)
        summary.notes.extend(self._last.notes)
        summary.removed = len(order.gone)
        summary.files_written = len({container_of(path) or path for path in done.written})
        if order.dry_run:
            self._foretell(summary, kept)
            return
        if left := self.linker.settle():
            raise AssertionError(f"{len(left)} files were not linked, {left[0]} among them")
        summary.rows_written, summary.transactions, summary.store_retries = done.rows, done.transactions, done.retries
        summary.link_seconds, summary.write_seconds = done.link_seconds, done.write_seconds
        summary.dead_letters = done.dead_letters
        self._fill(summary, kept)
        summary.findings.extend(self.linker.clashes())
        for r in done.rejected:
            note(summary, r.path, [Diagnostic(r.code, "error", r.reason)])
        self._settle(digest if settle else "", summary)
        self.report(summary)

    def _foretell(self, summary: IngestSummary, kept: frozenset[str]) -> None:
        """What a dry run tells of all files: of those that it linked, and of the others what the graph holds."""
        summary.dry_run = True
        status, gone = dict(self._foretold), set(self._gone)
        for found in self.store.files_overview(self.project):
            path = str(found[4])
            if path not in gone and path not in self._foretold:
                status[path] = str(found[1])
                note(summary, path, _diagnostics.decode(found[2] or "[]"))
        summary.by_status = dict(
            Counter(s for path, s in status.items() if not container_of(path) and path not in kept)
        )
        self._count_graph(summary)
        ignored = Ignored(self.settings.ignore_diagnostics)
        summary.findings.extend(self.linker.clashes())
        tell(summary, sorted(f for f in set(summary.findings) if not ignored.hides(f.code, f.path)))
        summary.notes.append(
            f"dry run: {summary.files_written:,} files would be written, {summary.removed:,} removed; nothing was"
        )

    def report(self, summary: IngestSummary) -> None:
        """Let the summary tell of all files, also of those that this run did not look at."""
        tell(summary, reported(summary.findings, self.store, self.project, Ignored(self.settings.ignore_diagnostics)))

    @_with_disks()
    def commit(self) -> Committed:
        """Link what was put since the last time and others did not, write what differs from the store, remove what is gone.
        When this returns it is in the store.

        If it raises, the linker's knowledge of what is stored is lost: begin with a new Loader."""
        began = time.perf_counter()
        result, written = self.written_now()
        order, self._order = self._order, Prepare([])
        return self._committed(order, result, written, time.perf_counter() - began)

    def written_now(self) -> tuple[ApplyResult, dict[str, FileState]]:
        """Write what others linked and what is left; the result, and every file that was other than the store's."""
        plan = self._plan()
        writing, self._writing = self._writing, None
        if writing is None:
            result = self._write(self._here(plan))
        else:
            for share in self._here(plan):
                writing.add(share)
            result = writing.finish()
        self._last, self._told = self._told, IngestSummary()
        written, self._written = self._written, {}
        return result, written

    def _committed(
        self, order: Prepare, result: ApplyResult, written: dict[str, FileState], seconds: float
    ) -> Committed:
        gone = [p for p in self._gone if p in self._states]
        if order.dry_run:
            return Committed(tuple(written), 0, (), 0, 0, 0, 0, 0.0, 0.0, ())
        if self._counted != len(written):
            text = f"{len(written)} files differed from the store, but {self._counted} were stored or rejected"
            raise AssertionError(text)
        letters = self._dead_letters(result, list(written), gone)
        self._refused.difference_update(written, self._gone)
        self._parts.committed()
        for rejected in result.rejected:  # the store may hold older rows of it
            written[rejected.path] = FileState(rejected.path, "", "", "failed")
            self._refused.add(rejected.path)
        self._states.update(written)
        for path in gone:
            self._states.pop(path, None)
        stored = tuple(p for p in written if p not in self._refused)
        return Committed(
            stored, len(gone), tuple(result.rejected), letters, result.rows_written, result.transactions, result.retries,
            self._linking, seconds - self._linking, tuple(self._last.findings[:_FINDINGS_TOLD]),
        )  # fmt: skip

    @_with_disks()
    def settle(self, digest: str) -> Settled:
        """Record that all that is on disk is in the graph; the counts come from the graph itself. While files are refused it
        is not, and the digest stays empty: the next start tries them again."""
        summary = IngestSummary()
        self._fill(summary, frozenset())
        return self._settle(digest, summary)

    def _fill(self, summary: IngestSummary, kept: frozenset[str]) -> None:
        """What the graph holds now, from the graph itself: of files that were linked in earlier runs, too."""
        summary.example = self._example
        for path in kept & self._states.keys():
            status = self._states[path].status
            summary.by_status[status] = summary.by_status.get(status, 0) - 1
        for found in self.store.files_overview(self.project):
            status, diagnostics = str(found[1]), found[2]
            if not container_of(str(found[4])):
                summary.by_status[status] = summary.by_status.get(status, 0) + 1
            if diagnostics and diagnostics != "[]":
                for d in _diagnostics.decode(diagnostics):
                    _count(summary, d.code, d.severity)
        summary.by_status = {status: n for status, n in summary.by_status.items() if n}
        for clash in self.linker.clashes():
            _count(summary, clash.code, clash.severity)
        self._count_graph(summary)

    def _count_graph(self, summary: IngestSummary) -> None:
        counts = self.store.counts(self.project)
        summary.statements, summary.datasets = counts["Statement"], counts["Dataset"]
        summary.columns, summary.edges = counts["Column"], counts["FLOWS_TO"]

    def _settle(self, digest: str, summary: IngestSummary) -> Settled:
        if self._refused:
            digest = ""
        settled = Settled(
            digest, summary.by_status, summary.diagnostics, summary.severities, summary.statements, summary.datasets,
            summary.columns, summary.edges, summary.example, self._best, self.settings.root,
            self.linker.clashes(), self._example_of,
        )  # fmt: skip
        encoded = msgspec.json.encode(settled).decode() if digest else ""
        self.store.settle(self.project, self.epoch, encoded, origin(self.settings))
        summary.settled = bool(digest)
        self._settled_as = digest
        return settled

    def _dead_letters(self, result: ApplyResult, written: list[str], gone: list[str]) -> int:
        letters = DeadLetters(os.path.join(self.settings.data_dir, DEAD_LETTERS))
        refused = {r.path for r in result.rejected}
        try:
            return letters.replace(self.project, [p for p in (*written, *gone) if p not in refused], result.rejected)
        except OSError as error:
            text = f"the dead letters could not be written ({error.strerror}); their files are tried again next time"
            self._last.notes.append(text)
            return len(result.rejected)

    def close(self) -> None:
        """Release store and linker; idempotent."""
        if self._writing is not None:
            self._writing.abort()
            self._writing = None
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        with contextlib.suppress(OSError):
            self.linker.close()
        self.store.close()


def has_failed(state: FileState | None) -> bool:
    """Did nothing of the file come into the graph (set aside, too long, too deep)?"""
    return state is not None and state.status == "failed"


def note(summary: IngestSummary, path: str, diagnostics: list[Diagnostic]) -> None:
    """Count diagnostics, keep the most severe ones."""
    for d in diagnostics:
        _count(summary, d.code, d.severity)
        summary.findings.append(FileDiagnostic.of(path, d))
    if len(summary.findings) > 2 * MAX_FINDINGS:
        trim(summary)


def _count(summary: IngestSummary, code: str, severity: str) -> None:
    summary.diagnostics[code] = summary.diagnostics.get(code, 0) + 1
    summary.severities[severity] = summary.severities.get(severity, 0) + 1


def tell(summary: IngestSummary, findings: list[FileDiagnostic]) -> None:
    """These are all that is to be said."""
    summary.findings = findings
    summary.diagnostics = dict(Counter(f.code for f in findings))
    summary.severities = dict(Counter(f.severity for f in findings))


def trim(summary: IngestSummary) -> None:
    """Keep at most MAX_FINDINGS, the most severe first, then in path order."""
    # sorted twice, because keys of several parts would be garbage for the collector
    summary.findings.sort()
    summary.findings.sort(key=lambda f: _SEVERITY.get(f.severity, 3))
    del summary.findings[MAX_FINDINGS:]


class OldFacts(NamedTuple):
    """What is known of a file without reading it, with its parts."""

    path: str
    sha256: str
    facts: bytes
    parts: list[tuple[Meta, bytes]]

    @property
    def put(self) -> tuple[list[Meta], list[bytes]]:
        """As the graph's owner takes it."""
        own = Meta(self.path, "facts", self.sha256)
        return [own, *(m for m, _ in self.parts)], [self.facts, *(facts for _, facts in self.parts)]


def old_facts(
    unreadable: set[str], states: dict[str, FileState], tasks: dict[str, Task], cache: ParseCache | None, votes: Votes
) -> Iterator[OldFacts]:
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
        facts = voted if voted is not None else own
        parts = known_parts(tasks[path], facts, cache)
        if parts is not None:
            yield OldFacts(path, states[path].sha256, facts, parts)


def _cached(cache: ParseCache, task: Task, sha256: str) -> bytes | None:
    return cache.get_many([task.key(sha256)])[0]


def open_cache(settings: Settings, *, on_head: bool = True) -> ParseCache | None:
    """The parse cache of the settings on this node, None if it is switched off. See :func:`cache_path_for`."""
    if not settings.enable_parse_cache:
        return None
    from ray_lineage.cache import ParseCache
    from ray_lineage.runtime.nodecache import cache_path_for

    path = cache_path_for(settings, on_head)
    return ParseCache.open(path, max_bytes=settings.cache_max_bytes, max_entries=settings.cache_max_entries)


def with_cache(settings: Settings) -> tuple[Settings, bool]:
    """For who makes no data folder: with the parse cache where an ingest left it, or where it lies elsewhere, else without. And
    may the hashes of unchanged files be believed, which lie there too?"""
    with contextlib.suppress(UsageError, OSError):
        own_folder(settings.data_dir, create=False).close()
        return settings, True
    inside = os.path.abspath(settings.parse_cache_path).startswith(os.path.abspath(settings.data_dir) + os.sep)
    return (replace(settings, enable_parse_cache=False) if inside else settings), False
