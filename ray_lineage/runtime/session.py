"""One session: bring the graph up to date with what is on disk, and, when following, keep it so.

Level-triggered: the truth is the files on disk, the store says per file what it holds, the difference is the work. Events of
the file system only say where to look sooner (:mod:`.following`). A session keeps nothing that cannot be found out again;
when its graph is lost, a new session begins with a scan.

Everything here runs in one event loop: of the driver actor, or of the process itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

from ray_lineage.errors import Interrupted, StoreRefused
from ray_lineage.graph.open import is_new
from ray_lineage.model import Diagnostic, FileFacts, FileState, Priority, SourceFile, encode_facts
from ray_lineage.runtime.crew import Crew, Finish, Graph, Payload, Report, Turnstile
from ray_lineage.runtime.following import Following
from ray_lineage.runtime.guard import check_origin, check_removal, gone_for_good
from ray_lineage.runtime.linking import LinkFault, LinkPlan, LinkTask
from ray_lineage.runtime.load import Begun, Committed, Prepare, has_failed, note, old_facts, open_cache
from ray_lineage.runtime.needs import Needs
from ray_lineage.runtime.parse import Meta, Task, shown
from ray_lineage.runtime.plan import Plan, Rules, below_any, scan_options, stat_index
from ray_lineage.runtime.pool import Pool
from ray_lineage.runtime.project import is_inside, is_mostly_there, project_name
from ray_lineage.runtime.remembered import Known
from ray_lineage.runtime.scheduler import Batch, same_state
from ray_lineage.runtime.sharing import Sharing
from ray_lineage.runtime.shipping import choose, elsewhere, fill, refuted
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.runtime.telemetry import Telemetry
from ray_lineage.runtime.votes import ReadAs, Votes, in_dialect
from ray_lineage.settings import Settings
from ray_lineage.sources.scan import SourceFault, Tree, Walk, read_bytes

_ASIDE_TEXT: Final = (
    "it killed the parser three times and was set aside; it is tried again when it changes. Please report it"
)
_ASIDE: Final = encode_facts(FileFacts("", "failed", diagnostics=(Diagnostic("RL193", "error", _ASIDE_TEXT),)))
_BREATHE: Final = 100  # files looked at without letting others run
SHARED_FROM: Final = 256
"""So many files to link are worth giving the catalog to the workers."""
_TELL_SECONDS: Final = 0.2
_SAMPLES: Final = 64  # folders from which files are shown to all nodes

Told = Callable[[str, int, int], None]


class Session:
    """See the module. Call :meth:`run` once."""

    def __init__(
        self,
        settings: Settings,
        roots: Sequence[str],
        crew: Crew,
        *,
        follow: bool = False,
        initial: bool = True,
        full: bool = False,
        dry_run: bool = False,
        retry: bool = False,
        again: bool = False,
        told: Told | None = None,
        telemetry: Telemetry | None = None,
        clock: Callable[[], float] = time.monotonic,
        plan: Plan | None = None,
        compare: bool = False,
        whole: bool = False,
    ) -> None:
        """``follow``: go on after the first pass. Not ``initial``: what the graph holds is taken as it is until it changes.
        ``retry``: files that failed are read again, whatever the cache knows.
        ``again``: a predecessor may still hold the store. ``told(phase, done, total)`` hears of progress. ``plan``: a scan of
        just now, which is not done again. ``compare``: every file is read anew, and the graph only looked at. ``whole``: nothing but ``roots`` is part of the project. Raises UsageError for roots that are missing."""
        self._plan = plan
        self.settings = settings
        self.tree = Tree(roots, scan_options(settings), settings.root)
        self.rules = Rules(settings)
        self.project = settings.project or project_name(self.tree.base)
        self.index = plan.index if plan is not None else stat_index(settings, self.project, self.tree.base)
        self.initial, self.full, self.dry_run, self.retry, self.again = initial, full, dry_run, retry, again
        self.compare, self._whole = compare, whole
        self.clock = clock
        self.summary = IngestSummary(project=self.project, executor=crew.kind)
        self.crew = crew
        self.pool = Pool(settings, crew, self, clock, patient=not follow)
        self.graph: Graph = crew.graph(self.project)
        self.states: dict[str, FileState] = {}
        """Of files that the graph holds and that were not read yet."""
        self.hashes: dict[str, str] = {}
        """Content hash of every file whose facts the graph's owner has."""
        self.unreadable: set[str] = set()
        self.unlisted: list[str] = []
        """Folders that the last scan of everything could not list: what the graph holds of them stays."""
        self.gone: set[str] = set()
        self.draining = False
        self._opening: asyncio.Task[None] | None = None
        self.telemetry = telemetry or Telemetry(clock)
        self.following = Following(self, self.telemetry) if follow else None
        self._told: Told = told or (lambda *_: None)
        self._seen = 0
        self._paths: set[str] = set()
        self._sample: dict[str, Task] = {}  # by folder
        self._asking, self._asked = asyncio.Lock(), asyncio.Event()
        self._ships = False
        self._votes = Votes()
        self._read_as = ReadAs()
        self._needs = Needs()
        self.turnstile = Turnstile()
        self._known: dict[str, Known] = {}
        self._made_by: dict[str, str] = {}  # by path the worker that has its facts
        self._tried_again: set[str] = set()  # that could not be read, and then could
        self._silent: set[str] = set()  # files that say nothing, and are in no graph
        self._aside: set[str] = set()  # put into the graph as such, and not told yet
        self._root_before = ""  # where the graph has the project from
        self._known_before = self._same = self._new = 0  # files looked at: in the graph, unchanged in it, not in it
        self._come: set[str] = set()  # contents of files that were not in the graph

    # ------------------------------------------------------------------ the run

    async def run(self) -> IngestSummary:
        """One pass; when following, on until :meth:`drain`. Raises RayLineageError, GraphLost, or Interrupted if the first
        pass was drained."""
        self._opening = asyncio.create_task(self._begin(), name="opening")
        pool = asyncio.create_task(self.pool.run(), name="pool")
        try:
            work: list[Coroutine[Any, Any, None]] = [self._load()]
            if self.following is not None:
                work.append(self.following.run())
            await _beside(pool, work)
            await self._remember()
            return self.summary
        finally:
            self.pool.close()
            with contextlib.suppress(Exception):
                await pool
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
            await self.graph.close()
            self.crew.close()

    async def _remember(self) -> None:
        """What is settled is left for the next run. Across a cluster it is only worth it once."""
        if self.dry_run or self.compare or (self.following is not None and self.crew.kind == "ray"):
            return
        known: dict[str, Known] = {}
        for path, read in self._known.items():
            if path in self.hashes:
                dialect, encoding = self._votes.choices(path)
                needs, given = self._needs.of(path)
                known[path] = msgspec.structs.replace(
                    read, dialect_in=dialect, encoding_in=encoding, needs=needs, given=given
                )
        await self.graph.remember(known)

    async def _load(self) -> None:
        """Everything that is on disk into the graph, as one settled state."""
        await self._opened()
        await (self._scan_all() if self.initial else self._take_as_they_are())
        if not self.draining:  # else the scan may have ended half-way
            looked_at = [p for p in self.states if self._looks_at(p)]
            removed = [p for p in looked_at if p not in self._paths and not below_any(p, self.unlisted)]
            if not self._seen and len(looked_at) > len(removed):
                raise StoreRefused(
                    "RL223",
                    "no folder could be listed; nothing was removed",
                    help="check the permissions of the folder",
                )
            most = self._known_before - len(removed)
            self._guard(removed, gone=len(removed) - self._new, same=most, present=self._seen)
            await self._take_rest()
        await self.pool.quiet()
        while self.vote():
            await self.pool.quiet()
        if self.following is None and not self.draining:
            self._account()
        if not self.draining:
            self._look_at_roots()
            self._guard_what_was_read()
        await self._keep_unreadable()
        await self.pool.quiet()
        while self.vote():  # with those that cannot be read now
            await self.pool.quiet()
        if self.draining:  # what still waits would be missing
            raise Interrupted(signal.SIGTERM)
        await self._finish()

    def _is_laid_out_anew(self, begun: Begun) -> bool:
        """Are paths in the graph relative to a part of what they are relative to now, or to what an earlier version did not note?"""
        base, was = self.tree.base, begun.root
        if not self.settings.root or was == base or is_mostly_there(base, begun.states):
            return False
        return not was or (is_inside(was, base) and self.tree.project_path(was) is not None)

    def _looks_at(self, path: str) -> bool:
        """Is it for this run to say that a file is gone?"""
        return self._whole or self.compare or self.tree.covers(path)

    def _look_at_roots(self) -> None:
        """Files that are gone when they are to be read are proven gone, unless the folder that was named is. One that follows
        looks again."""
        if not self.gone or self.following is not None:
            return
        text = "the folder went away while it was read; what the graph holds of it stays"
        for root in self.tree.missing_roots():
            path = self.tree.project_path(root) or ""
            self.unlisted.append(path)
            note(self.summary, path or ".", [Diagnostic("RL001", "error", text)])

    def _guard_what_was_read(self) -> None:
        """More may have gone before it was read; what was only moved is known now."""
        removed = self._vanished()
        gone = gone_for_good({p: self.states[p].sha256 for p in removed}, self._come)
        self._guard(removed, gone=gone, same=self._same, present=len(self.hashes))
        self._come = set()

    def _guard(self, removed: list[str], *, gone: int, same: int, present: int) -> None:
        """Raises StoreRefused if this seems to be another project, or if so much vanished that it is more likely a mistake. A
        job under way does not end of that: it holds it back, as it would have while following."""
        if self.compare:
            return
        percent, known = self.settings.max_delete_percent, self._known_before
        try:
            check_origin(self.project, self._root_before, self.tree.base, same, known, percent)
            check_removal(self.project, gone, known, present, percent)
        except StoreRefused as error:
            if self.following is None or not self.again:
                raise
            self.following.hold(removed, error)

    def vote(self) -> bool:
        """Files that say little of their dialect are read in that of their folder, those that ask for others with these; False
        if there is none to read again."""
        due = self._asking_again() or [in_dialect(task, dialect) for task, dialect in self._votes.due()]
        for task in due:
            self.pool.add((task,))
        return bool(due) and not self.draining

    def _asking_again(self) -> list[Task]:
        return self._needs.due(self.hashes, self.tree.located)

    async def _opened(self) -> None:
        """Until the store is open: whoever has something for it may be faster. Raises what keeps it from opening."""
        assert self._opening is not None
        await asyncio.shield(self._opening)

    async def _begin(self) -> None:
        reads = self.dry_run and not is_new(self.settings)  # what is not there yet is made to be looked at
        begun = await self.graph.begin(again=self.again, anew=self.full, reads=reads)
        self.states, self._known, self._root_before = begun.states, begun.known, begun.root
        if self._is_laid_out_anew(begun):
            self._whole, self._root_before = True, ""
            text = f"paths of {self.project} are relative to {self.tree.base} now, and were relative to a part of it"
            self.summary.notes.append(text)
        self._known_before = sum(map(self._looks_at, self.states))
        self.summary.store = self.graph.uri
        if self.graph.rebuilt:
            self.summary.notes.append(self.graph.rebuilt)
            if self.following is not None:
                self.following.note(self.graph.rebuilt)
        if self.crew.note:
            self.summary.notes.append(self.crew.note)
            if self.following is not None:
                self.following.note(self.crew.note)

    async def _scan_all(self) -> None:
        self._tell("scan", 0, 0)
        scan: Walk = self._plan.scan if self._plan is not None else self.tree.subtree("")
        for number, task in enumerate(self._found(scan), 1):
            if task is not None:
                self._add(task)
            if number % _BREATHE == 0:
                await asyncio.sleep(0)
                await self.pool.room()
                if self.draining:
                    return
        self.unlisted = list(scan.unlisted)
        for path, diagnostic in scan.diagnostics:
            note(self.summary, path, [diagnostic])
        self._tell("compile", self.outcomes, self._seen)

    def _found(self, scan: Walk) -> Iterator[Task | None]:
        """The work on every file that is found, None where a rule leaves it out."""
        if self._plan is not None:
            yield from self._plan.tasks
            return
        priority = Priority[self.settings.priority.upper()]
        for file in scan:
            yield self.rules.task(file, self.index.lookup(file), priority)

    def _add(self, task: Task) -> None:
        path = task.file.path
        failed = has_failed(self.states.get(path))
        if (self.retry and failed) or (
            self.compare and not failed
        ):  # one that was set aside would end its workers again
            task = msgspec.structs.replace(task, fresh=True)
        task = self._holding(task)
        self._seen += 1
        self._new += path not in self.states and path not in self.hashes and path not in self._known
        self._paths.add(path)
        if len(self._sample) < _SAMPLES:
            self._sample.setdefault(os.path.dirname(path), task)
        if path not in self.hashes and not self._is_known(task):
            state = self.states.get(path)
            if self.following is not None and (state is None or state.sha256 != task.file.sha256):
                self.following.waits(task.file)
            self.pool.add((task,))

    def _holding(self, task: Task) -> Task:
        """With what the graph and its linker hold of a file that is cut into parts."""
        path = task.file.path
        state = self.states.get(path) if path in self._known and task.may_be_cut and not task.fresh else None
        if state is None or has_failed(state) or not state.fingerprint:
            return task
        return msgspec.structs.replace(task, held=state.sha256)

    def _is_known(self, task: Task) -> bool:
        """Is the file as an earlier run left it? Then the graph's owner knows all that it says."""
        path, sha256 = task.file.path, task.file.sha256
        known = self._known.get(path)
        if known is None or not sha256 or task.fresh or task.key(sha256) != known.own:
            return False
        self._has(path, sha256)
        self._note_silent(path, silent=known.silent)
        meta = Meta(
            path, "facts", sha256, dialect=known.dialect, confidence=known.confidence, encoding=known.encoding,
            evidence=known.evidence,
        )  # fmt: skip
        self._votes.recall(task, meta, known.dialect_in, known.encoding_in)
        self._note_dialect(path, known.dialect_in.partition("|")[0] or known.dialect)
        self._needs.note(task, known.needs, known.given, known.provides)
        return True

    def _has(self, path: str, sha256: str) -> None:
        """The graph's owner knows all that a file with this content says."""
        self.hashes[path] = sha256
        before = self.states.pop(path, None)
        self._same += before is not None and before.sha256 == sha256 and self._looks_at(path)

    async def _take_rest(self) -> None:
        """The files that are not looked at take part in linking as the graph has them. What they say is known from an earlier
        run, or from the cache; else they are read after all."""
        rest = [] if self._whole else [p for p in self.states if not self.tree.covers(p)]
        tasks = {p: task for p in rest if (task := self._stored_task(p)) is not None}
        if not self.compare:
            await self._take_known(tasks)
        for path, task in tasks.items():
            if path not in self.hashes and task.file.inode:  # it is there
                self._add(msgspec.structs.replace(task, file=msgspec.structs.replace(task.file, sha256="")))
        self.summary.files = self._seen
        self._tell("compile", self.outcomes, self._seen)

    async def _take_known(self, tasks: dict[str, Task]) -> None:
        left = [path for path, task in tasks.items() if not self._is_known(task)]
        self._seen += len(tasks) - len(left)
        cache = open_cache(self.settings) if left else None
        for start in range(0, len(left), _BREATHE):
            some = set(left[start : start + _BREATHE])
            for old in old_facts(some, self.states, tasks, cache, self._votes):
                path, sha256 = old.path, old.sha256
                self._has(path, sha256)
                self._needs.note(tasks[path], shown(tasks[path], Meta(path, "facts"), old.facts).needs)
                self._seen += 1
                await self.graph.put(*old.put)
            await asyncio.sleep(0)
        if cache is not None:
            cache.close()

    def _stored_task(self, path: str) -> Task | None:
        """How the file would be read, None if the settings leave it out now."""
        return self.rules.task(self.tree.elsewhere(path) or _nothing(path), self.states[path].sha256)

    async def _take_as_they_are(self) -> None:
        """Not ``initial``: files stay as the graph has them until they change. What the graph was made of comes from the
        cache; where the cache does not know it any more, the file is read."""
        cache = open_cache(self.settings)
        for number, file in enumerate(self.tree.subtree(""), 1):
            task = self.rules.task(file, "")
            if task is None:
                continue
            self._seen += 1
            self._paths.add(file.path)
            if file.path in self.hashes or self.pool.has(file.path):  # it changed meanwhile, and is read for that
                continue
            state = self.states.get(file.path)
            if state is not None and state.sha256:
                old = next(iter(old_facts({file.path}, self.states, {file.path: task}, cache, self._votes)), None)
                if old is None:
                    self.pool.add((task,))
                    continue
                self._has(file.path, state.sha256)
                said = shown(task, Meta(file.path, "facts"), old.facts)
                self._needs.note(task, said.needs, provides=said.provides)
                await self.graph.put(*old.put)
            assert self.following is not None
            self.following.baseline[file.path] = (file.size, file.mtime_ns, file.ctime_ns, file.inode)
            if number % _BREATHE == 0:
                await asyncio.sleep(0)
        if cache is not None:
            cache.close()

    @property
    def outcomes(self) -> int:
        """Files with an outcome."""
        return len(self.hashes) + len(self.gone) + len(self.unreadable)

    def _account(self) -> None:
        """Nothing may be dropped: every scanned file was linked, is gone, or is set aside with a diagnostic."""
        if self.outcomes != self._seen:
            raise AssertionError(f"{self._seen} files were scanned but {self.outcomes} accounted for")

    async def _keep_unreadable(self) -> None:
        """What cannot be read, or is not believed to be gone, keeps its old contribution; its old facts take part in linking
        where the cache has them."""
        kept = self._kept()
        cache = open_cache(self.settings) if kept else None
        if cache is None:
            return
        tasks = {p: Task(_nothing(p), *self.rules.options(p)) for p in kept}
        for old in old_facts(kept, self.states, tasks, cache, self._votes):
            if old.path in self._kept() and not self.pool.has(
                old.path
            ):  # else it is, or is about to be, read after all
                await self.graph.put(*old.put)
        cache.close()

    def _kept(self) -> set[str]:
        return self.unreadable | (self.following.held if self.following is not None else set())

    async def digest(self) -> str:
        """Of all that is known, computed beside the loop: of 100,000 files it takes 0.2 s."""
        hashes = dict(self.hashes)
        digest = await asyncio.to_thread(self.rules.digest, hashes)
        return digest if hashes == self.hashes else self.rules.digest(self.hashes)

    async def _finish(self) -> None:
        """Nothing is awaited between looking at what is known and telling the graph: what comes later comes after it."""
        digest, began = await self.digest(), time.time()
        present, kept = len(self.hashes), self._kept()
        unwritten = self.following.loading() if self.following is not None else []
        removed = sorted({*self._vanished(), *unwritten})
        unknown = any(p not in self.hashes and not self._looks_at(p) for p in self.states)
        settle = not (kept or self.gone or self.unlisted or unknown)
        self._note_workers()
        self._tell("link", 0, present)
        async with self.turnstile.alone():
            whole = await self._link(Prepare(removed, self.full, self.dry_run))
            if self.following is None:
                self.pool.close()  # the workers' memory is of better use to the graph now
            order = Finish(digest, settle and whole, frozenset({*kept, *self._unseen()}), present)
            self.summary = await self.graph.finish(
                order, self.summary, lambda phase, done: self._tell(phase, done, max(done, present))
            )
        if self.unreadable:
            self.summary.by_status["unreadable"] = len(self.unreadable)
        self.summary.silent = len(self._silent)
        self.summary.files = self._seen - self.summary.silent - len(self.gone)
        if self.gone and self.following is None:
            self.summary.notes.append(f"{len(self.gone):,} files went away before they were read")
        self.summary.unchanged = present - self.summary.silent - self.summary.files_written
        self.summary.read_as = self._read_as.counts()
        self.summary.folder_rules = self._read_as.rules() if len(self.summary.read_as) > 1 else []
        self.telemetry.passed(self.summary)
        self._paths = set()
        for path in removed:
            self.states.pop(path, None)
        self.save_index()
        if self.following is not None:
            self.following.loaded(settled=self.summary.settled, removed=removed, began=began)

    async def commit(self, gone: list[str]) -> Committed:
        """Link and write what was put since the last time, and take out what is gone. Raises what a store raises, or GraphLost."""
        async with self.turnstile.alone():
            await self._link(Prepare(gone))
            return await self.graph.commit()

    async def _link(self, order: Prepare) -> bool:
        """Begin a commit and have the workers link for it, where that pays. False if some files could not be linked for want
        of time or memory: they are in the graph as failed."""
        plan, whole = await self.graph.prepare(order), True
        while len(plan.tasks) >= SHARED_FROM:
            sharing = Sharing(plan, self._made_by)
            watching = asyncio.create_task(self._watch_linking(sharing))
            try:
                await self.pool.link(sharing, await self.graph.catalog())
            finally:
                watching.cancel()
            if not sharing.faults:
                break
            whole = False
            await self.graph.put(*_condemned(plan, sharing.faults))
            plan = await self.graph.prepare(order)
        return whole

    async def _watch_linking(self, sharing: Sharing) -> None:
        """Tell how far it is."""
        while True:
            self._tell("link", sharing.linked, len(sharing.plan.tasks))
            await asyncio.sleep(_TELL_SECONDS)

    async def linked(self, share: Payload) -> None:
        """A linked share goes on to the graph. A pass that is to stop does so here."""
        if self.draining and self.following is None:
            raise Interrupted(signal.SIGTERM)
        await self.graph.linked(share)

    async def facts(self, tasks: Sequence[LinkTask]) -> Payload:
        """Facts of files, for a worker that has not got them."""
        return await self.graph.facts([t.path for t in tasks])

    def _vanished(self) -> list[str]:
        """What the graph holds and is proven gone: its folder was listed without it."""
        kept = self._kept()
        found = [p for p in self.states if p not in self.hashes and p not in kept and self._looks_at(p)]
        return [p for p in found if not below_any(p, self.unlisted)]

    def _unseen(self) -> list[str]:
        """What the graph holds of folders that could not be listed: nothing can be said of it."""
        return [p for p in self.states if below_any(p, self.unlisted)] if self.unlisted else []

    def _note_workers(self) -> None:
        up, wanted = self.pool.ever_up, self.pool.opened
        self.summary.workers = up
        if up < wanted and self.summary.cache_hits + self.summary.cache_misses:
            self.summary.notes.append(f"{up} of {wanted} workers were up before the work was done")

    def save_index(self) -> None:
        """Remember the contents of unchanged files for the next start."""
        if self.compare:
            return
        self.index.keep_only(self.hashes.keys())
        self.index.save()

    @property
    def present(self) -> int:
        """Files that are on disk, of what is looked at and as far as is known."""
        more = {*self.unreadable, *self.pool.scheduler.paths}.difference(self.hashes)
        if self.tree.is_whole:
            return len(self.hashes) + len(more)
        return sum(map(self.tree.covers, chain(self.hashes, more)))

    def known(self) -> list[str]:
        """Paths of all files that are known of now, some twice: read, unreadable, or only in the graph."""
        return [*self.hashes, *self.unreadable, *self.states]

    def forget(self, path: str) -> None:
        """A file is gone."""
        self.pool.forget(path)
        self.hashes.pop(path, None)
        self._made_by.pop(path, None)
        self._known.pop(path, None)
        self._silent.discard(path)
        self.unreadable.discard(path)
        self.gone.discard(path)
        self.index.forget(path)
        self._votes.discard(path)
        self._read_as.discard(path)
        self._needs.discard(path)
        self._give()

    def _give(self) -> None:
        """While following, who asks for a file hears at once that it is another one."""
        if self.following is not None and self.following.is_on:
            for task in self._asking_again():
                self.pool.add((task,))

    def drain(self) -> None:
        """Stop as soon as what is in flight is done; who follows takes what was saved just before."""
        self.draining = True
        if self.following is not None and self.following.is_on:
            self.following.wake()
        else:
            self.pool.drain()

    def _tell(self, phase: str, done: int, total: int) -> None:
        self._told(phase, done, total)

    # ------------------------------------------------------------------ results (the pool's receiver)

    async def prepare(self, batch: Batch) -> tuple[Sequence[Task], Sequence[Meta]]:
        """Workers read the files themselves, unless some of them cannot see them: then their bytes are sent."""
        if self.crew.kind == "ray" and not self._asked.is_set():
            await self._ask_nodes(batch)
        if not self._ships:
            return batch.tasks, ()
        filled = await asyncio.to_thread(lambda: [fill(t) for t in batch.tasks])
        tasks = [f for f in filled if isinstance(f, Task)]
        unsent = [f for f in filled if not isinstance(f, Task)]
        if unsent:
            await self._opened()
            await self.turnstile.through()
            await self.graph.put([meta for meta, _ in unsent], [facts for _, facts in unsent])
        return tasks, [meta for meta, _ in unsent]

    async def _ask_nodes(self, batch: Batch) -> None:
        """Once: do all nodes see the files? Whoever comes meanwhile waits for the answer."""
        async with self._asking:
            if not self._asked.is_set():
                decision = await choose(self.settings, (*self._sample.values(), *batch.tasks))
                self._ships = decision.ship
                if decision.reason:
                    self.summary.notes.append(decision.reason)
                self._asked.set()

    async def deliver(self, batch: Batch, report: Report, payload: Payload) -> Sequence[Meta]:
        """Facts to the graph, except of files that changed or went meanwhile, and of what only one node has."""
        believed = metas = await self._believed(batch, report.metas)
        await self._opened()
        stale = self.pool.scheduler.stale(batch)
        if stale:
            metas = [
                msgspec.structs.replace(m, outcome="gone") if (m.container or m.path) in stale else m for m in metas
            ]
        more = batch.priority == Priority.BATCH and self.pool.scheduler.waiting > 0 and not self.draining
        await self.turnstile.through()
        await self.graph.put(metas, payload, more=more)
        self._made_by.update((m.path, report.worker) for m in metas if m.outcome == "facts")
        return [m for m in believed if not m.container]

    async def _believed(self, batch: Batch, metas: list[Meta]) -> list[Meta]:
        """What a node read from a clone of its own counts as not read: :meth:`done` has it sent."""
        if self.crew.kind != "ray" or not any(m.other for m in metas):
            return metas
        tasks = {t.file.path: t for t in batch.tasks}
        others = [m for m in metas if not m.container]
        strange = await asyncio.to_thread(lambda: {m.path for m in others if elsewhere(tasks[m.path], m)})
        return [
            msgspec.structs.replace(m, outcome="unreadable") if (m.container or m.path) in strange else m for m in metas
        ]

    def started(self, batch: Batch, waits: Sequence[float]) -> None:
        """A batch goes to a worker."""
        self.telemetry.started(batch, waits)

    def done(self, batch: Batch, metas: Sequence[Meta]) -> None:
        """What became of a batch's files."""
        tasks = {t.file.path: t for t in batch.tasks}
        for meta in metas:
            if meta.outcome == "facts":
                self._read(meta)
                self._votes.note(tasks[meta.path], meta)
                self._needs.note(tasks[meta.path], meta.needs, provides=meta.provides)
                self._know(tasks[meta.path], meta)
                self._note_dialect(meta.path, meta.dialect)
                if meta.read_at_ns and tasks[meta.path].file.size <= tasks[meta.path].limit:
                    self.index.record(tasks[meta.path].file, meta.sha256, meta.read_at_ns)
            elif self._may_be_read(tasks[meta.path], meta):
                self.pool.add((tasks[meta.path],))
            else:
                self._not_read(meta)
        self.telemetry.batch(batch, metas)
        if self.following is not None:
            self.following.delivered(batch, metas)
        for path in self._aside.intersection(m.path for m in metas):
            self.summary.quarantined += 1
            if self.following is not None:
                self.following.set_aside(path)
        self._aside.difference_update(tasks)
        self._give()
        self._tell("compile", self.outcomes, self._seen)

    def _note_dialect(self, path: str, dialect: str) -> None:
        if self.rules.guesses(path):
            self._read_as.note(path, dialect)

    def _know(self, task: Task, meta: Meta) -> None:
        """How the file was read, for the next run."""
        own, read = self._known.get(meta.path), task.key(meta.sha256)
        if own is not None and not self._shows(task):  # in its folder's dialect
            self._known[meta.path] = msgspec.structs.replace(own, read=read, silent=meta.silent)
            return
        self._known[meta.path] = Known(
            own.own if own is not None and task.given else read, read, meta.dialect, meta.confidence, meta.encoding,
            evidence=meta.evidence, provides=meta.provides, silent=meta.silent,
        )  # fmt: skip

    def _shows(self, task: Task) -> bool:
        """Was it read as it shows itself?"""
        return (task.options, task.encoding) == self.rules.options(task.file.path)

    def _may_be_read(self, task: Task, meta: Meta) -> bool:
        """Is it worth another try? On a node that joined later, with its bytes sent; on this machine, once: it came back."""
        if self.crew.kind == "ray":
            found = refuted(task, meta)
            self._ships = self._ships or found
            return found
        if meta.path in self._tried_again:
            return False
        self._tried_again.add(meta.path)
        return refuted(task, meta)

    def _read(self, meta: Meta) -> None:
        self._tried_again.discard(meta.path)
        again = meta.path in self.hashes  # in another dialect
        self._note_silent(meta.path, silent=meta.silent)
        if not again and meta.path not in self.states:
            self._come.add(meta.sha256)
        self._has(meta.path, meta.sha256)
        self.gone.discard(meta.path)
        self.unreadable.discard(meta.path)
        if again:
            return
        if meta.hit:
            self.summary.cache_hits += 1
        else:
            self.summary.compiled += 1
            self.summary.cache_misses += 1

    def _note_silent(self, path: str, *, silent: bool) -> None:
        (self._silent.add if silent else self._silent.discard)(path)

    def _not_read(self, meta: Meta) -> None:
        (self.gone if meta.outcome == "gone" else self.unreadable).add(meta.path)
        if meta.diagnostic is not None and self.following is None:
            note(self.summary, meta.path, [meta.diagnostic])

    async def set_aside(self, batch: Batch) -> Sequence[Meta]:
        """A file that killed its worker three times: a diagnostic instead of facts, in the cache too, so that it kills no
        later run (which may have no worker to lose) until it or the compiler changes."""
        (task,) = batch.tasks
        path, now = task.file.path, time.time_ns()
        outcome = await asyncio.to_thread(self._condemned, task)
        if isinstance(outcome, Meta):
            return [outcome]
        if isinstance(outcome, SourceFile):  # it changed since: what is there now has killed nobody
            self.pool.scheduler.retry(path)
            self.pool.add((msgspec.structs.replace(task, file=outcome),))
            return []
        await self._opened()
        meta = Meta(path, "facts", outcome, read_at_ns=now)
        if path not in self.pool.scheduler.stale(batch):
            await self.turnstile.through()
            await self.graph.put([meta], [_ASIDE])
            self._aside.add(path)
        return [meta]

    def _condemned(self, task: Task) -> str | SourceFile | Meta:
        """Content hash of a file that is set aside, once the cache knows; the file where it changed since; or what became of it.
        In a thread: it reads and writes disks."""
        path = task.file.path
        try:
            sha256 = hashlib.sha256(read_bytes(task.file, task.limit)).hexdigest()
        except SourceFault as fault:
            return Meta(path, "gone" if fault.status == "gone" else "unreadable", diagnostic=fault.diagnostic)
        now = _stat(task.file)
        if now is None:
            return Meta(path, "gone")
        if not same_state(now, task.file):
            return now
        cache = open_cache(self.settings)
        if cache is not None:
            cache.put_many([(task.key(sha256), _ASIDE)])
            cache.close()
        return sha256


async def _beside(pool: asyncio.Task[None], work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do all of it while the pool runs. The first error, of the pool or of any part, ends everything."""
    tasks = [asyncio.create_task(part) for part in work]
    try:
        waiting: set[asyncio.Task[None]] = {*tasks}
        while waiting:
            done, _ = await asyncio.wait(
                {*waiting, pool} if not pool.done() else waiting, return_when="FIRST_COMPLETED"
            )
            for task in done:
                task.result()
            waiting -= done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _condemned(plan: LinkPlan, faults: Sequence[LinkFault]) -> tuple[list[Meta], list[bytes]]:
    """Diagnostics in place of the facts of files that could not be linked."""
    hashes = {t.path: t.sha256 for t in plan.tasks}
    metas = [Meta(f.path, "facts", hashes[f.path]) for f in faults]
    help_ = "Split the file, or leave it out with `ignore`"
    found = [Diagnostic(f.code, "error", f"{f.message}. {help_}") for f in faults]
    return metas, [encode_facts(FileFacts("", "failed", diagnostics=(d,))) for d in found]


def _stat(file: SourceFile) -> SourceFile | None:
    """The file as it is now, None if it is not there."""
    try:
        found = os.stat(os.path.join(file.root, file.name), follow_symlinks=False)
    except OSError:
        return None
    return msgspec.structs.replace(
        file, size=found.st_size, mtime_ns=found.st_mtime_ns, ctime_ns=found.st_ctime_ns, inode=found.st_ino, sha256=""
    )


def _nothing(path: str) -> SourceFile:
    return SourceFile(path, "", "", 0, 0, 0, 0, int(Priority.BATCH))
