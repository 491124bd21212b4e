"""Following a session's folders: hints become looks, looks become work, results become commits.

Nothing here believes an event. A hint says where to look; what a look or a scan finds against what is known decides. After
every burst, after a change of branch, and every minute everything is compared with what is known, because events get lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from ray_lineage.errors import RayLineageError
from ray_lineage.model import Diagnostic, FileState, Priority, SourceFile
from ray_lineage.runtime.crew import Graph, happens
from ray_lineage.runtime.guard import is_too_much
from ray_lineage.runtime.load import Committed
from ray_lineage.runtime.parse import GIVEN_UP, Meta
from ray_lineage.runtime.plan import Rules, below_any
from ray_lineage.runtime.pool import Pool
from ray_lineage.runtime.scheduler import Batch
from ray_lineage.runtime.status import Status
from ray_lineage.runtime.telemetry import Telemetry
from ray_lineage.settings import Settings
from ray_lineage.sources.debounce import Debouncer
from ray_lineage.sources.scan import Tree
from ray_lineage.sources.statindex import StatIndex
from ray_lineage.sources.watch import follow

_LOG: Final = logging.getLogger("ray_lineage.watch")
_BURST: Final = 50
_BURST_SECONDS: Final = 0.5
"""More changes within so long are no save by a person: they go behind those that are."""
_LOOKS: Final = 5_000  # paths; to compare everything is cheaper than to look at more of them
_BREATHE: Final = 100  # files looked at without letting others run
_FLOOD_SECONDS: Final = 60.0
"""Delivered and not committed: commit in the middle of a flood of changes. Not sooner: a large commit costs by what is stored, not
only by what changed, and no result is delivered meanwhile."""
_FLOOD_SHARE: Final = 4  # times as long as the last commit took
_JUST_SECONDS: Final = 30.0  # in which a file was read "just now"
_GONE_SECONDS: Final = 0.5  # after the last of several removals
_GOING_SECONDS: Final = 5.0  # after the first of removals that go on
_CALM_SECONDS: Final = 1.0  # after a burst, before everything is compared
_SETTLE_SECONDS: Final = 3.0  # of quiet before the settled state is recorded
_TICK_SECONDS: Final = 0.5
_STORE_SECONDS: Final = 3.0
"""The store is looked at so often: it may be taken away while nothing changes."""
_LAST_SECONDS: Final = 1.0  # for what was saved just before the end
_HELD: Final = "held"  # what a note on files that are gone, and not believed to be, is about
_OLD_SECONDS: Final = 600.0  # a file's time of change that is older says nothing about a save


class Followed(Protocol):
    """What is followed: a session, as it is seen from here."""

    settings: Settings
    clock: Callable[[], float]
    tree: Tree
    rules: Rules
    index: StatIndex
    pool: Pool
    graph: Graph
    states: dict[str, FileState]
    hashes: dict[str, str]
    unreadable: set[str]
    unlisted: list[str]
    draining: bool

    @property
    def present(self) -> int:
        """Files that are on disk, as far as is known."""
        ...

    def known(self) -> list[str]:
        """Paths of all files that are known of, some twice."""
        ...

    def forget(self, path: str) -> None:
        """A file is gone."""
        ...

    def vote(self) -> bool:
        """Have files read again in the dialect of their folder; False if there is none."""
        ...

    def save_index(self) -> None:
        """Remember the contents of unchanged files."""
        ...

    async def commit(self, gone: list[str]) -> Committed:
        """Link and write what was delivered, and take out what is gone."""
        ...

    async def digest(self) -> str:
        """Of all that is known."""
        ...


class Following:
    """See the module. Runs beside the session's first pass and after it; commits only after it."""

    def __init__(self, session: Followed, telemetry: Telemetry) -> None:
        settings = session.settings
        self._session = session
        self._telemetry = telemetry
        self._findings: dict[str, Diagnostic] = {}  # of the last look at the folders
        self._unread: dict[str, Diagnostic] = {}  # of files
        self._clock: Callable[[], float] = session.clock
        self._debouncer = Debouncer(
            settings.debounce_window_seconds, settings.batch_size_threshold, enabled=settings.enable_batching
        )
        self._realtime = not settings.enable_batching or settings.debounce_window_seconds == 0
        self._flushed: list[str] = []
        self._recent: deque[tuple[float, int]] = deque()  # when so many paths were hinted
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._folders: dict[str, None] = {}  # project paths of folders to compare
        self._named: set[str] = set()  # absolute paths that events named, of which nothing was looked at yet
        self._compare_at: float | None = None
        self._compared_at = self._stored_at = self._clock()
        self._busy: dict[str, asyncio.Task[None]] = {}  # at most one comparison, and one call of the graph
        self._loading = True
        self._pending: dict[str, float | None] = {}  # delivered and not committed, with the time of the save
        self._pending_since = 0.0
        self._commit_seconds = 0.0  # of the last commit
        self._committing: dict[str, float | None] = {}  # taken from pending and removed, and not committed yet
        self._lag = telemetry.lag
        self._versions: dict[str, float] = {}  # of what was delivered and is not in the graph: when it was changed
        self._passing: dict[str, float] = {}  # of these, what the first pass is writing
        self._scanned_at = time.time()
        self._removed: dict[str, None] = {}  # proven gone, not committed
        self._removed_at = self._removed_since = 0.0
        self._held: dict[str, None] = {}  # gone, but too many to be believed
        self._urgent = False
        self._saved: dict[str, float] = {}  # saves that are under way, with their time
        self._touched_at = self._clock()
        self._unsettled = True
        self._began_at = self._reconciled_at = self._settled_at = 0.0
        self._mode = ""
        self.baseline: dict[str, tuple[int, int, int, int]] = {}
        """Files that are left as the graph has them until their stat changes (``--no-initial``)."""

    # ------------------------------------------------------------------ the loop

    async def run(self) -> None:
        """Until the session drains. Raises what ends the session."""
        listening = asyncio.create_task(self._listen())
        try:
            while not self._session.draining:
                now = self._clock()
                hinted, self._flushed = [*self._flushed, *self._debouncer.due(now)], []
                await self._look(hinted)
                self._compare_if_due(now)
                self._commit_if_due(now)
                self._settle_if_due(now)
                self._look_at_store_if_due(now)
                await self._rest(now)
                self._reap(listening)
            if not self._loading:
                await self._drain()
        finally:
            self._stop.set()
            for task in (listening, *self._busy.values()):
                task.cancel()
            await asyncio.gather(listening, *self._busy.values(), return_exceptions=True)

    async def _rest(self, now: float) -> None:
        """Until something happens, or something is due."""
        deadline = self._debouncer.deadline()
        seconds = _TICK_SECONDS if deadline is None else min(_TICK_SECONDS, max(0.0, deadline - now))
        await happens(self._wake, seconds)
        self._wake.clear()

    def _reap(self, listening: asyncio.Task[None]) -> None:
        """Errors of what runs beside the loop."""
        if listening.done():
            listening.result()
        for name, task in list(self._busy.items()):
            if task.done():
                del self._busy[name]
                task.result()

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = self._busy[name] = asyncio.create_task(work, name=name)
        task.add_done_callback(lambda _: self._wake.set())

    async def _drain(self) -> None:
        """What is in flight is finished and committed; then nothing is left to do."""
        await self._take_the_last()
        self._session.pool.drain()
        await self._session.pool.quiet()
        writing = self._busy.pop("graph", None)
        if writing is not None:
            await writing
        if self._pending or self._removed:
            await self._commit(removing=True)
        self._session.vote()  # whoever is to be read again keeps it from being settled
        if self._quiet():
            await self._settle()
        self._session.save_index()

    async def _take_the_last(self) -> None:
        """What was saved just before the end, if that is a matter of a moment."""
        looked = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await self._look([*self._flushed, *self._debouncer.flush()])
                await self._compare([""], ())
                looked = True
                await self._session.pool.quiet()
                self._session.vote()
                await self._session.pool.quiet()
        if not (looked and self._session.pool.idle) or self._debouncer or self._busy.get("compare"):
            _LOG.warning("stopped before every change was taken: the next start takes the others")

    @property
    def is_on(self) -> bool:
        """Is the first pass over?"""
        return not self._loading

    def note(self, text: str) -> None:
        """Something that a user should know."""
        self._telemetry.note(text)

    def wake(self) -> None:
        """Look at what changed."""
        self._wake.set()

    def flush(self) -> None:
        """Do not wait for anything: look at what was hinted, and compare everything."""
        now = self._clock()
        self._flushed.extend(self._debouncer.flush())
        self._folders[""] = None
        self._compare_at = now
        self._wake.set()

    # ------------------------------------------------------------------ hints and looks

    async def _listen(self) -> None:
        session = self._session
        registry = self._telemetry.registry
        hints = follow(
            session.tree.roots,
            session.tree.options.suffixes,
            poll=session.settings.poll,
            fast=self._realtime,
            stop=self._stop,
        )
        async for hint in hints:
            now = self._clock()
            self._mode = "polling" if hint.polling else "events"
            for note in hint.notes:
                self._telemetry.note(note.text, note.about)
            before = len(self._debouncer)
            for path in hint.paths:
                self._debouncer.note(path, now)
            if hint.paths:
                registry.add("ray_lineage_watch_events_total", len(hint.paths))
                registry.add("ray_lineage_watch_debounced_total", len(hint.paths) - (len(self._debouncer) - before))
            if hint.rescan:
                self._compare_soon("", now)
            self._wake.set()

    def _compare_soon(self, folder: str, now: float) -> None:
        self._folders[folder] = None
        self._compare_at = now + _CALM_SECONDS if folder == "" else min(self._compare_at or now, now)

    async def _look(self, paths: Sequence[str]) -> None:
        """Look at what was hinted. A burst is compared as a whole once it is over."""
        if not paths:
            return
        now = self._clock()
        burst = self._is_burst(now, len(paths))
        if burst:
            self._compare_soon("", now)
        if len(paths) > _LOOKS:
            self._named.update(paths)
            return
        priority = Priority.BATCH if burst else Priority.CRITICAL
        for start in range(0, len(paths), _BREATHE):
            found = self._session.tree.look(paths[start : start + _BREATHE])
            for file in found.files:
                self._consider(file, priority)
            self._remove(found.gone)
            # what is gone and was no file may have been a folder, of which one event alone tells when it is moved away
            for folder in (*found.folders, *(p for p in found.gone if p not in self._removed)):
                self._compare_soon(folder, now)
            if burst:
                await asyncio.sleep(0)

    def _is_burst(self, now: float, count: int) -> bool:
        self._recent.append((now, count))
        while self._recent[0][0] < now - _BURST_SECONDS:
            self._recent.popleft()
        return sum(c for _, c in self._recent) > _BURST

    def _consider(self, file: SourceFile, priority: Priority) -> bool:
        """Is a file that is there different from what is known? Then there is work."""
        session, path = self._session, file.path
        stat = (file.size, file.mtime_ns, file.ctime_ns, file.inode)
        if self.baseline and self.baseline.get(path) == stat:
            return False
        self.baseline.pop(path, None)
        sha256 = session.index.lookup(file)
        if priority != Priority.CRITICAL:  # a comparison leaves what is at hand, or was read just now, to the next one
            just = session.index.recent(file, _JUST_SECONDS, time.time_ns())
            if session.pool.scheduler.holds(file) or (just and session.hashes.get(path) == just):
                return False
        if sha256 and session.hashes.get(path) == sha256:
            return False
        task = session.rules.task(file, sha256, priority)
        if task is None:
            self._remove((path,))
            return False
        self._removed.pop(path, None)
        self._held.pop(path, None)
        if priority == Priority.CRITICAL:
            self._saved[path] = max(file.mtime_ns, file.ctime_ns) / 1e9  # a copy may keep its old mtime
        self.waits(file)
        session.pool.scheduler.retry(path)
        session.pool.add((task,))
        self._touched_at = self._clock()
        return True

    def waits(self, file: SourceFile) -> None:
        """What is in a file is not in the graph, or not known to be."""
        self._lag.changed(file.path, _changed_at(file))

    async def look_on(self) -> None:
        """For a session that is over: what changed since is not in the graph, though nobody can do anything about it now."""
        session = self._session
        missing = set(session.hashes)
        walk = session.tree.subtree("")
        for number, file in enumerate(walk, 1):
            missing.discard(file.path)
            if file.path not in session.unreadable and self._differs(file):
                self.waits(file)
            if number % _BREATHE == 0:
                await asyncio.sleep(0)
        for path in missing:
            if not below_any(path, walk.unlisted):
                self._lag.changed(path, time.time())

    def _differs(self, file: SourceFile) -> bool:
        if self.baseline.get(file.path) == (file.size, file.mtime_ns, file.ctime_ns, file.inode):
            return False
        session = self._session
        task = session.rules.task(file, session.index.recent(file, float("inf"), 0))
        return task is not None and session.hashes.get(file.path) != task.file.sha256

    def _remove(self, paths: Iterable[str]) -> None:
        """Files or folders that are proven gone."""
        session = self._session
        folders: set[str] = set()
        for path in paths:
            known = path in session.hashes or path in session.unreadable or path in session.states
            if known or session.pool.has(path):
                self._remove_file(path)
            else:
                folders.add(path)
        if folders:
            for path in [p for p in session.known() if _is_below(p, folders)]:
                self._remove_file(path)

    def _remove_file(self, path: str) -> None:
        self._session.forget(path)
        self._pending.pop(path, None)
        self._saved.pop(path, None)
        self.baseline.pop(path, None)
        self._removed_at = self._clock()
        if not self._removed:
            self._removed_since = self._removed_at
        self._removed[path] = None
        self._lag.changed(path, time.time())
        self._touched_at = self._clock()

    # ------------------------------------------------------------------ comparing everything

    def _compare_if_due(self, now: float) -> None:
        if "compare" in self._busy or self._loading:
            return
        if now - self._compared_at >= self._session.settings.rescan_seconds:
            self._folders[""] = None
            self._compare_at = now
        if self._folders and self._compare_at is not None and now >= self._compare_at:
            named, folders = [f for f in self._folders if f], sorted(self._folders)
            folders = folders if folders[0] else [""]
            self._folders, self._compare_at = {}, None
            self._begin("compare", self._compare(folders, named))

    async def _compare(self, folders: Sequence[str], named: Sequence[str]) -> None:
        """``named``: folders of which an event told."""
        began, found = time.time(), 0
        paths, self._named = self._named, set()
        for folder in folders:
            different = await self._compare_folder(folder)
            found += sum(not self._is_named(p, paths, named) for p in different)
        self._telemetry.registry.add("ray_lineage_reconciles_total")
        self._telemetry.registry.add("ray_lineage_reconcile_found_files_total", found)
        if "" in folders:
            self._believe_what_was_held()
            if not self._held:
                self._telemetry.mended(_HELD)
            self._compared_at = self._clock()
            self._began_at, self._reconciled_at = began, time.time()

    def _is_named(self, path: str, paths: Collection[str], folders: Sequence[str]) -> bool:
        """Did an event name the file, or a folder around it?"""
        absolute = self._session.tree.absolute(path)
        return absolute in paths or absolute in self._debouncer or below_any(path, folders)

    async def _compare_folder(self, folder: str) -> list[str]:
        """One scan against what is known; returns what differs."""
        session = self._session
        known = {p for p in session.known() if (not folder or below_any(p, (folder,))) and session.tree.covers(p)}
        walk = session.tree.subtree(folder)
        found: list[str] = []
        for number, file in enumerate(walk, 1):
            known.discard(file.path)
            # a handful of changes is somebody at work; more is a branch or a copy
            if self._consider(file, Priority.NORMAL if len(found) < _BURST else Priority.BATCH):
                found.append(file.path)
            if number % _BREATHE == 0:
                await asyncio.sleep(0)
                await session.pool.room()
        missing = sorted(p for p in known if not below_any(p, walk.unlisted))
        for start in range(0, len(missing), _BREATHE):
            found.extend(self._confirm(missing[start : start + _BREATHE]))
            await asyncio.sleep(0)
        findings = dict(walk.diagnostics)
        for path, diagnostic in findings.items():
            if self._findings.get(path) != diagnostic:  # it is told once, not with every look
                self._telemetry.finding(path or session.tree.roots[0], diagnostic)
        if folder:
            self._findings.update(findings)
        else:
            self._findings = findings
            session.unlisted = list(walk.unlisted)
        return found

    def _confirm(self, missing: Sequence[str]) -> list[str]:
        """What the scan did not see may have come while it ran: look once more. Returns what is gone."""
        tree = self._session.tree
        places = {p: tree.absolute(p) for p in missing}
        look = tree.look([a for a in places.values() if a is not None])
        for file in look.files:
            self._consider(file, Priority.NORMAL)
        # a folder where a file was: what is in it was scanned, but the file is gone
        gone = [p for p, a in places.items() if a is None or p in look.gone or p in look.folders]
        self._remove(gone)
        return gone

    # ------------------------------------------------------------------ results and commits

    def delivered(self, batch: Batch, metas: Sequence[Meta]) -> None:
        """The pool delivered a batch: the graph's owner has its facts."""
        files = {t.file.path: t.file for t in batch.tasks}
        if not self._pending:
            self._pending_since = self._clock()
        for meta in metas:
            saved = self._saved.pop(meta.path, None)
            if (
                meta.outcome == "gone"
            ):  # the graph's owner may have older facts of it, though nobody else knows it any more
                self._remove_file(meta.path)
            elif meta.outcome == "facts":
                self._pending[meta.path] = saved if saved and time.time() - saved < _OLD_SECONDS else None
                self._versions[meta.path] = _changed_at(files[meta.path])
            elif meta.diagnostic is not None and self._unread.get(meta.path) != meta.diagnostic:  # told once
                self._unread[meta.path] = meta.diagnostic
                self._telemetry.finding(meta.path, meta.diagnostic)
            if meta.outcome in ("facts", "gone"):
                self._unread.pop(meta.path, None)
            elif meta.outcome == GIVEN_UP:  # the same again would end the same: until it changes, or the next session
                file = files[meta.path]
                self.baseline[meta.path] = (file.size, file.mtime_ns, file.ctime_ns, file.inode)
                self._lag.stored(meta.path, _changed_at(file))  # there is nothing to wait for
        self._urgent = self._urgent or batch.priority == Priority.CRITICAL
        self._touched_at = self._clock()
        self._wake.set()

    def set_aside(self, path: str) -> None:
        """A file killed its worker once too often (after it was delivered as such)."""
        self._telemetry.set_aside(path)

    @property
    def held(self) -> set[str]:
        """Files that are no longer on disk, but too many at once to be believed."""
        return set(self._held)

    def hold(self, paths: Iterable[str], why: RayLineageError) -> None:
        """Do not believe that these files are gone."""
        self._held.update(dict.fromkeys(paths))
        self._telemetry.note(f"{why.code}: {why.message}. {why.help}", _HELD)

    def loading(self) -> list[str]:
        """The first pass is being linked and written: what is delivered from now on is new. Returns what went since it
        was delivered: the graph's owner has its facts."""
        removed, self._removed = self._removed, {}
        self._pending.clear()
        now = time.time()
        self._passing, self._versions = {**self._versions, **dict.fromkeys(removed, now)}, {}
        return list(removed)

    def loaded(self, *, settled: bool, removed: Collection[str], began: float) -> None:
        """The first pass, whose end ``began`` then, is in the graph, and what it ``removed`` is not: from now on there are
        commits. What events missed meanwhile is looked for."""
        self._loading = False
        self._stored(dict.fromkeys(removed, began))
        self._stored(self._passing)
        self._lag.all_stored(self._scanned_at, {*self._session.unreadable, *self._held, *self._removed})
        # settling is also when the organizer runs, whose output may be older than this job
        self._unsettled = not settled or bool(self._session.settings.organize_to)
        if settled:
            self._settled_at = time.time()
        self._compare_soon("", self._clock() - _CALM_SECONDS)
        self._wake.set()

    def _commit_if_due(self, now: float) -> None:
        gathered = self._is_gathered(now)
        if self._loading or "graph" in self._busy or not (self._pending or gathered):
            return
        if self._session.pool.idle:
            self._session.vote()
        flood = now - self._pending_since >= max(_FLOOD_SECONDS, _FLOOD_SHARE * self._commit_seconds)
        if self._urgent or flood or self._session.pool.idle:
            self._begin("graph", self._commit(removing=gathered))

    def _is_gathered(self, now: float) -> bool:
        """A folder that goes is noticed in parts: whether it is too much to be believed is asked of all of it."""
        if len(self._removed) < 2:
            return bool(self._removed)
        return now - self._removed_at >= _GONE_SECONDS or now - self._removed_since >= _GOING_SECONDS

    async def _commit(self, *, removing: bool) -> None:
        pending, self._pending = self._pending, {}
        gone = self._believed() if removing else []
        self._urgent = False
        self._unsettled = True
        self._committing = {**pending, **dict.fromkeys(gone)}
        versions = {p: self._versions.pop(p) for p in pending if p in self._versions}
        versions.update(dict.fromkeys(gone, time.time()))
        began = self._clock()
        done = await self._session.commit(gone)
        self._commit_seconds = self._clock() - began
        for path in gone:
            self._session.states.pop(path, None)
        self._stored(versions)
        self._telemetry.committed(done, pending, gone)
        self._committing = {}
        self._believe_what_was_held()
        for finding in done.findings:
            if finding.severity == "error":
                where = f"{finding.path}:{finding.line}" if finding.line else finding.path
                self._telemetry.error(finding.code, finding.message, where, counted=False)
        self._touched_at = self._clock()

    def _stored(self, versions: Mapping[str, float]) -> None:
        for path, changed_at in versions.items():
            self._lag.stored(path, changed_at)

    def _believed(self) -> list[str]:
        """What may be removed. If more than the allowed share of everything vanished at once, nothing is, until it is back
        or the user says that it is meant: an unmounted folder looks like this."""
        gone = {**self._held, **self._removed}
        self._removed, self._held = {}, {}
        if self._is_believable(gone):
            return sorted(gone)
        self._held = gone
        known = self._session.present + len(gone)
        text = f"{len(gone):,} of {known:,} files are no longer on disk; nothing of them was removed from the graph"
        hint = "is the folder mounted? If this is meant: `ray_lineage ingest --max-delete-percent 100`"
        self._telemetry.note(f"RL223: {text}. {hint}", _HELD)
        return []

    def _believe_what_was_held(self) -> None:
        """The root is back, or enough of the others."""
        if self._held and self._is_believable(self._held):
            self._removed.update(self._held)

    def _is_believable(self, gone: Collection[str]) -> bool:
        session = self._session
        known = session.present + len(gone)
        return (
            not is_too_much(len(gone), known, session.settings.max_delete_percent) and not session.tree.missing_roots()
        )

    def _look_at_store_if_due(self, now: float) -> None:
        if not self._loading and "graph" not in self._busy and now - self._stored_at >= _STORE_SECONDS:
            self._stored_at = now
            self._begin("graph", self._session.graph.look())

    # ------------------------------------------------------------------ settling

    def _quiet(self) -> bool:
        """Is everything that is known of in the graph?"""
        session = self._session
        waiting = self._pending or self._removed or self._held or self.baseline or len(self._debouncer)
        unknown = session.unreadable or session.unlisted or session.states or session.tree.missing_roots()
        return not waiting and not unknown and session.pool.idle

    def _settle_if_due(self, now: float) -> None:
        if self._loading or not self._unsettled or self._busy or now - self._touched_at < _SETTLE_SECONDS:
            return
        if self._quiet():
            self._begin("graph", self._settle())

    async def _settle(self) -> None:
        self._unsettled = False  # a commit that comes meanwhile says otherwise
        session, began = self._session, time.time()
        settled = await session.graph.settle(await session.digest())
        if settled.digest:  # else some files were refused
            self._settled_at = time.time()
            self._lag.all_stored(began)
        session.save_index()
        if session.settings.organize_to:
            self._begin("organize", self._organize())

    async def _organize(self) -> None:
        """The organizer's output follows, when everything is quiet."""
        from ray_lineage.organize.run import organize

        settings = self._session.settings
        try:
            await asyncio.to_thread(organize, self._session.tree.roots, settings.organize_to, settings)
        except RayLineageError as error:
            self._telemetry.error(error.code, error.message, settings.organize_to)
        except OSError as error:
            text = f"cannot write below {settings.organize_to}: {error.strerror}"
            self._telemetry.error("RL235", text, settings.organize_to)

    # ------------------------------------------------------------------ status

    def tell(self, out: Status) -> None:
        """Fill in what is known here."""
        out.watcher = self._mode
        out.reconcile_began_at, out.reconciled_at, out.settled_at = (
            self._began_at,
            self._reconciled_at,
            self._settled_at,
        )
        out.lag_seconds = self._lag.seconds(time.time())
        out.in_flight += len(self._pending) + len(self._removed) + len(self._committing)
        registry = self._telemetry.registry
        missing = self._session.tree.missing_roots()
        out.missing_roots, out.held_back = missing, len(self._held)
        registry.set("ray_lineage_watch_degraded", float(bool(missing)), reason="missing_root")
        registry.set("ray_lineage_watch_degraded", float(self._mode == "polling"), reason="polling")


def _changed_at(file: SourceFile) -> float:
    """Unix time of the last change of what is there; a copy may keep its old mtime, and a clock that is ahead counts as now."""
    return min(time.time(), max(file.mtime_ns, file.ctime_ns) / 1e9)


def _is_below(path: str, folders: set[str]) -> bool:
    at = path.rfind("/")
    while at > 0:
        if path[:at] in folders:
            return True
        at = path.rfind("/", 0, at)
    return False
