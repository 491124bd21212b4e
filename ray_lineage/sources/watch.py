"""Hints from the file system: where something may have changed.

Events get lost: the kernel's queue overflows silently, files that are copied into a new folder can be missed, a root that
is deleted and made again falls silent for ever. So an event only says where to look, a scan says what is there, and
whatever may have cost events asks for a look at everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import stat
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable, Sequence
from enum import Enum, auto
from typing import Final

import msgspec
from watchfiles import Change, awatch
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from ray_lineage.sources.mounts import is_within, mounted
from ray_lineage.sources.scan import IGNORE_FILES, MARKER, SKIPPED_FOLDERS

_TICK: Final = 1.0  # seconds between looks at the roots themselves and at .git/HEAD
_SETTLING: Final = 0.2  # seconds; while an editor saves, the file may be missing; folders come in groups
_BURST: Final = 2_500  # events; the kernel keeps 16,384, and up to six of its events make one of ours
_BURST_SPAN: Final = 2.0  # seconds
_REMEMBERED: Final = 10_000  # names of files that are no SQL
_MOUNTS: Final = "/proc/self/mountinfo"
_REMOTE: Final = re.compile(
    r"9p|afs|ceph|cifs|coda|drvfs|fuse(\..*)?|glusterfs|gpfs|lustre|ncpfs|nfs4?|prl_fs|smb3|smbfs|vboxsf|virtiofs|vmhgfs"
)

_LIMITS: Final = ("limit reached", "os error 28", "os error 24")  # watches (ENOSPC); instances (EMFILE)

_Event = tuple[Change, str]


class Note(msgspec.Struct, frozen=True):
    """What people should be told. A later one ``about`` the same root takes its place; empty: it stands."""

    text: str
    about: str = ""


class Hints(msgspec.Struct, frozen=True):
    """``paths``: absolute paths of SQL files, ignore files or folders that may have changed, sorted, each once.

    ``rescan``: events may have been lost; look at everything. ``notes``: what people should be told. ``polling``: is any root
    polled now?
    """

    paths: tuple[str, ...]
    rescan: bool
    notes: tuple[Note, ...]
    polling: bool = False


async def follow(
    tree_roots: Sequence[str], suffixes: tuple[str, ...], *, poll: bool | None, fast: bool, stop: asyncio.Event
) -> AsyncIterator[Hints]:
    """Hints until ``stop`` is set, which ends it within 0.1 s.

    ``tree_roots`` are real paths (``Tree.roots``); each may be missing for a while. ``poll``: True and False decide, None
    polls where the file system reports no events. ``fast``: a save is a hint within about 8 ms instead of 40 ms, at the
    price of waking up 300 instead of 50 times a second (half a percent of a core).

    The first hints come at once and ask for a rescan: the watch stands, and what changed before was not seen.
    """
    follower = _Follower(tree_roots, suffixes, poll, fast, stop)
    try:
        while not stop.is_set():
            hints = await follower.next()
            if hints is not None:
                yield hints
    finally:
        await follower.close()


def needs_polling(path: str, mounts: str = _MOUNTS) -> str | None:
    """The type of the file system at a path, or of one mounted below it, that reports no changes made elsewhere.

    None if events can be relied on, or if the system does not say (``mounts`` cannot be read).
    """
    path = os.path.realpath(path)
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError:
        return None
    at, here = "", ""
    below: list[str] = []
    for mount, kind in mounted(text):
        if is_within(path, mount):
            if len(mount) >= len(at):  # the last one mounted at a place covers the others
                at, here = mount, kind
        elif is_within(mount, path):
            below.append(kind)
    return next((kind for kind in (here, *below) if _REMOTE.fullmatch(kind)), None)


class _Follower:
    """Watches over all roots that are there; begun anew whenever a root comes, goes or is replaced."""

    def __init__(
        self, roots: Sequence[str], suffixes: tuple[str, ...], poll: bool | None, fast: bool, stop: asyncio.Event
    ) -> None:
        self._roots = [_Root(path) for path in roots]
        self._sieve = _Sieve(roots, suffixes)
        self._poll = poll
        self._fast = fast
        self._stop = stop
        self._wake = asyncio.Event()
        self._stopper: asyncio.Task[None] | None = None
        self._watches: list[_Watch] = []
        self._stale = True
        self._delay = 0.0  # before the watches are begun anew
        self._limited = False
        self._timed = False
        self._look_every = 2.0 if fast else 10.0  # seconds, where the watcher is known to miss changes
        self._told: set[str] = set()
        self._notes: list[Note] = []
        self._recent: deque[tuple[float, int]] = deque()
        self._next_tick = 0.0
        self._next_look = 0.0

    async def next(self) -> Hints | None:
        """The next hints, or None when there were none for a while."""
        if self._stopper is None:
            self._stopper = asyncio.create_task(self._wake_at_stop())
        rescan = False
        if self._stale:
            await self._begin()
            rescan = True
        else:
            await self._wait()
        now = asyncio.get_running_loop().time()
        paths: set[str] = set()
        if now >= self._next_tick:
            self._next_tick = now + _TICK
            rescan |= await asyncio.to_thread(self._tick, now, paths)  # a network's file system may not answer
        rescan |= self._collect(now, paths)
        notes, self._notes = self._notes, []
        if not (paths or rescan or notes) or self._stop.is_set():
            return None
        return Hints(() if rescan else tuple(sorted(paths)), rescan, tuple(notes), self._timed)

    async def close(self) -> None:
        """End all watches."""
        if self._stopper is not None:
            self._stopper.cancel()
        await self._end()

    async def _wake_at_stop(self) -> None:
        await self._stop.wait()
        self._wake.set()

    async def _wait(self, seconds: float | None = None) -> None:
        """Until an event, the next tick or the stop."""
        if seconds is None:
            seconds = max(0.0, self._next_tick - asyncio.get_running_loop().time())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        if not self._stop.is_set():
            self._wake.clear()

    async def _begin(self) -> None:
        await self._end()
        if self._delay and not self._stop.is_set():
            self._wake.clear()
            await self._wait(self._delay)
            self._delay = 0.0
        self._stale = False
        native, polled = await asyncio.to_thread(self._survey)
        self._timed = bool(polled)
        await self._watch_native(native)
        await self._watch_polled(polled)
        self._next_look = asyncio.get_running_loop().time() + self._look_every
        await asyncio.sleep(0)  # a watch stands after its task's first step

    def _survey(self) -> tuple[list[str], list[str]]:
        """The roots that are there: whose events can be relied on, and the others."""
        native: list[str] = []
        polled: list[str] = []
        for root in self._roots:
            self._notes.extend(Note(text, root.path) for text in root.survey())
            if root.identity is not None:
                (polled if self._polls(root.path) else native).append(root.path)
        return native, polled

    async def _watch_native(self, roots: list[str]) -> None:
        whole: list[str] = []
        single: list[str] = []
        for root in roots:
            folders, plain = await asyncio.to_thread(_folders, root)
            if plain:
                whole.append(root)
            else:
                single.extend(folders)
        for paths, kind in ((whole, _Kind.TREES), (single, _Kind.FOLDERS)):
            if paths:
                self._watches.append(_Watch(paths, kind, self._fast, self._wake))

    async def _watch_polled(self, roots: list[str]) -> None:
        plain = []
        for root in roots:
            if (await asyncio.to_thread(_folders, root))[1]:
                plain.append(root)
            else:
                why = "it holds links to folders, folders that cannot be listed, or folders like node_modules"
                self._tell(f"{root} is looked at as a whole every {self._look_every:.0f} s: {why}, so it is not polled")
        if plain:
            self._watches.append(_Watch(plain, _Kind.POLL, self._fast, self._wake))

    async def _end(self) -> None:
        watches, self._watches = self._watches, []
        for watch in watches:
            watch.stop.set()
        for watch in watches:
            await watch.task

    def _polls(self, root: str) -> bool:
        if self._poll is not None:
            return self._poll or self._limited
        kind = needs_polling(root)
        if kind is not None:
            self._tell(f"{root} is on {kind}, which does not report all changes: it is polled")
        return kind is not None or self._limited

    def _tell(self, note: str, once: str = "") -> None:
        """``once``: what is said one time only, if not the very note."""
        if (once or note) not in self._told:
            self._told.add(once or note)
            self._notes.append(Note(note))

    def _tick(self, now: float, paths: set[str]) -> bool:
        """Look at the roots themselves. True: look at everything."""
        rescan = False
        for root in self._roots:
            if root.is_replaced():
                self._stale = True
                if root.is_file:
                    paths.add(root.path)
            rescan |= root.head_moved()
        # a poll sees neither a second change within one second nor a file replaced by an older one
        if self._timed and now >= self._next_look:
            self._next_look = now + self._look_every
            rescan = True
        return rescan

    def _collect(self, now: float, paths: set[str]) -> bool:
        """What the watches found. True: look at everything."""
        count = 0
        for watch in self._watches:
            events = watch.take()
            count += len(events)
            for root in self._roots:
                if (Change.deleted, root.path) in events:
                    root.lost = self._stale = True
                    if root.is_file:
                        paths.add(root.path)
                        self._delay = _SETTLING
            if self._is_burst(now, len(events)):
                self._new_folder(watch, self._roots[0].path)  # there may be some
            else:
                found = self._sieve.sift(events, watch.kind is _Kind.POLL)
                paths |= found
                self._new_folder(watch, next((p for p in found if os.path.isdir(p)), ""))
            if watch.failure is not None:
                self._failed(watch, watch.failure)
                watch.failure = None
            elif watch.task.done():
                self._stale = True
        return bool(count) and self._is_burst(now, 0)

    def _new_folder(self, watch: _Watch, folder: str) -> None:
        if not folder:
            return
        if watch.kind is _Kind.FOLDERS:  # it is not watched yet
            self._stale = True
            self._delay = _SETTLING
        elif watch.kind is _Kind.TREES and watch.failure is None:
            watch.failure = _limit_is_reached(folder)

    def _is_burst(self, now: float, count: int) -> bool:
        if count:
            self._recent.append((now, count))
        while self._recent and self._recent[0][0] < now - _BURST_SPAN:
            self._recent.popleft()
        return sum(c for _, c in self._recent) > _BURST

    def _failed(self, watch: _Watch, error: BaseException) -> None:
        """Go on in the best way that is left."""
        self._stale = True
        text = str(error)
        if watch.kind is not _Kind.POLL and any(sign in text for sign in _LIMITS):
            limit = "max_user_instances" if "os error 24" in text else "max_user_watches"
            self._limited = True
            self._tell(
                "the system's limit of watched folders is reached, so changes are found by polling;"
                f" raise it with `sysctl fs.inotify.{limit}=...` and start again"
            )
        else:
            self._delay = _TICK
            if not isinstance(error, FileNotFoundError | PermissionError):  # the next try knows of them
                self._tell(f"the watcher ended ({text}); it is begun anew whenever that happens", "ended")


class _Kind(Enum):
    """Events of whole trees, or of single folders (a new one is not watched by itself), or polling of trees."""

    TREES = auto()
    FOLDERS = auto()
    POLL = auto()


class _Watch:
    """One run of the watcher in a task. ``failure``: why it ended by itself."""

    def __init__(self, paths: list[str], kind: _Kind, fast: bool, wake: asyncio.Event) -> None:
        self.kind = kind
        self.stop = asyncio.Event()
        self.failure: BaseException | None = None
        self._events: set[_Event] = set()
        self._wake = wake
        self.task = asyncio.create_task(self._run(paths, fast))

    def take(self) -> set[_Event]:
        """The events since last time."""
        events, self._events = self._events, set()
        return events

    async def _run(self, paths: list[str], fast: bool) -> None:
        try:
            async for events in awatch(
                *paths,
                watch_filter=None,  # bursts are recognised by all events
                debounce=50 if fast else 200,  # ms, at most, while events go on coming
                step=3 if fast else 20,  # ms between two looks; one that finds nothing new hands over what there is
                stop_event=self.stop,
                rust_timeout=0,
                force_polling=self.kind is _Kind.POLL,
                poll_delay_ms=300 if fast else 1_000,
                recursive=self.kind is not _Kind.FOLDERS,
                ignore_permission_denied=False,
            ):
                if len(self._events) <= _BURST:  # more of them would say no more
                    self._events |= events
                self._wake.set()
        except (OSError, RuntimeError, ExceptionGroup) as error:
            self.failure = _innermost(error)
        finally:
            self._wake.set()


def _limit_is_reached(folder: str) -> OSError | None:
    """Why no more folders can be watched: the watcher does not tell when it cannot watch a new one."""
    try:
        RustNotify([folder], False, False, 0, False, False).close()
    except OSError as error:
        return error if any(sign in str(error) for sign in _LIMITS[:2]) else None
    except WatchfilesRustInternalError:  # no further instance: the ones that there are go on
        return None
    return None


def _folders(root: str) -> tuple[list[str], bool]:
    """The folders that a scan may walk, and whether the watcher may walk the root by itself.

    It may not if there are links to folders, which it follows wherever they lead, or a folder that cannot be listed, at
    which it gives up whatever comes after, or big folders of other tools, which would use up the watches.
    """
    if not os.path.isdir(root):
        return [root], True
    folders: list[str] = []
    plain = True
    stack = [(root, True)]
    while stack:
        folder, scanned = stack.pop()
        try:
            with os.scandir(folder) as listing:
                entries = [e for e in listing if e.is_dir() or e.name == MARKER]
        except OSError:
            plain = False
            continue
        scanned = scanned and not any(e.name == MARKER for e in entries)
        if scanned:
            folders.append(folder)
        for entry in entries:
            if entry.is_symlink() or entry.name in SKIPPED_FOLDERS:
                plain = plain and entry.name == MARKER
            elif entry.is_dir(follow_symlinks=False):
                stack.append((entry.path, scanned and not entry.name.startswith(".")))
    return folders, plain


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Root:
    """A root, which may go, come back, or be another one of the same name."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.identity: tuple[int, int] | None = None
        self.is_file = os.path.isfile(path)
        self.lost = False
        self._head = _git_head(path)
        self._surveyed = False

    def survey(self) -> Iterable[str]:
        """Take note of what is there now; says what people should know."""
        before, self.identity = self.identity, _identity(self.path)
        if self.identity is not None:
            self.is_file = os.path.isfile(self.path)
        first, self._surveyed = not self._surveyed, True
        lost, self.lost = self.lost, False
        if self.identity is None:
            if first:
                yield f"{self.path} cannot be reached; it is watched as soon as it can"
            elif before is not None:
                yield f"{self.path} cannot be reached any more; what the graph holds of it stays until it is back"
        elif before is None:
            if not first:
                yield f"{self.path} is there; it is watched"
        elif (lost or before != self.identity) and not self.is_file:  # editors replace files all the time
            yield f"{self.path} was replaced; it is watched anew"

    def is_replaced(self) -> bool:
        return _identity(self.path) != self.identity

    def head_moved(self) -> bool:
        """Was another branch or commit checked out since the last call?"""
        before, self._head = self._head, _git_head(self.path)
        return before != self._head


def _identity(path: str) -> tuple[int, int] | None:
    """None: not there, or a folder that cannot be listed."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    if stat.S_ISDIR(info.st_mode) and not os.access(path, os.R_OK | os.X_OK):
        return None
    return info.st_dev, info.st_ino


def _git_head(path: str) -> bytes:
    """Content of HEAD in the repository that a path is in; empty if it is in none."""
    folder = path
    while True:
        git = os.path.join(folder, ".git")
        head = _head_of(git)
        if head or folder == os.path.dirname(folder):
            return head
        folder = os.path.dirname(folder)


def _head_of(git: str) -> bytes:
    try:
        if stat.S_ISREG(os.stat(git).st_mode):  # of a linked worktree or a submodule
            with open(git, "rb") as file:
                kind, _, target = file.read(4096).strip().partition(b": ")
            if kind != b"gitdir":
                return b""
            git = os.path.join(os.path.dirname(git), os.fsdecode(target))
        with open(os.path.join(git, "HEAD"), "rb") as file:
            return file.read(4096)
    except OSError:
        return b""


class _Sieve:
    """Events -> paths to look at."""

    def __init__(self, roots: Sequence[str], suffixes: tuple[str, ...]) -> None:
        self._roots = tuple(roots)
        self._suffixes = suffixes
        self._files: OrderedDict[str, None] = OrderedDict()  # no SQL, and no folder when they go

    def sift(self, events: set[_Event], polling: bool) -> set[str]:
        """The paths that matter, of one batch of events."""
        changes: dict[str, set[Change]] = {}
        for change, path in events:
            changes.setdefault(path, set()).add(change)
        ours: dict[str, bool] = {}
        return {p for p, kinds in changes.items() if self._matters(p, kinds, polling) and self._is_inside(p, ours)}

    def _matters(self, path: str, kinds: set[Change], polling: bool) -> bool:
        if path in self._roots:
            return os.path.isfile(path) or (not polling and Change.modified in kinds)
        name = os.path.basename(path)
        if name in IGNORE_FILES or name == MARKER:
            return True
        if name.startswith(".") or name in SKIPPED_FOLDERS:
            return False
        return name.lower().endswith(self._suffixes) or self._may_be_folder(path, kinds, polling)

    def _may_be_folder(self, path: str, kinds: set[Change], polling: bool) -> bool:
        """Folders that came, went or changed their mode. What a deleted path was, only memory can say."""
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            was_file = path in self._files
            self._files.pop(path, None)
            return not was_file and kinds == {Change.deleted}
        if stat.S_ISDIR(mode):
            self._files.pop(path, None)
            return not polling or kinds != {Change.modified}  # a poll calls a folder modified for each file in it
        if len(self._files) >= _REMEMBERED:
            self._files.popitem(last=False)
        self._files[path] = None
        return Change.deleted in kinds

    def _is_inside(self, path: str, known: dict[str, bool]) -> bool:
        """Not in a hidden or skipped folder, nor in one of ours."""
        root = next((r for r in self._roots if is_within(path, r)), None)
        if root is None:
            return False
        folder = root if path == root else os.path.dirname(path)
        if os.path.basename(path) == MARKER:
            return folder == root or self._is_inside(folder, known)
        return self._is_open(folder, root, known)

    def _is_open(self, folder: str, root: str, known: dict[str, bool]) -> bool:
        verdict = known.get(folder)
        if verdict is None:
            verdict = not os.path.lexists(os.path.join(folder, MARKER))
            if verdict and folder != root:
                outer, name = os.path.split(folder)
                verdict = not name.startswith(".") and name not in SKIPPED_FOLDERS and self._is_open(outer, root, known)
            known[folder] = verdict
        return verdict
