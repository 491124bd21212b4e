"""What a running ``watch`` tells other commands: a file that it writes again and again, and a lock that says it lives.

A process that is killed cannot take its file away. So the writer holds a lock (``flock``) beside the file for as long as
it lives: the kernel releases it however the process ends, and a process id that was used again holds no such lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from ray_lineage.errors import RayLineageError, UsageError
from ray_lineage.logs import redact

Phase = Literal["starting", "ingesting", "following", "draining", "stopped"]
LaneState = Literal["starting", "idle", "busy", "restarting", "lost"]

MAX_FILES: Final = 20
MAX_ERRORS: Final = 20
RATE_SECONDS: Final = 10.0
_LOCK_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 0.02
_LISTEN_SECONDS: Final = 5.0
_SAME_SECONDS: Final = 2.0


class Lane(msgspec.Struct, frozen=True):
    """One parse actor: the file at hand (empty: none) and for how many seconds."""

    name: str
    state: LaneState
    file: str = ""
    seconds: float = 0.0


def at_work(lanes: Sequence[Lane]) -> str:
    """The file that is being worked on for the longest time; empty if there is none."""
    busy = [lane for lane in lanes if lane.file]
    return max(busy, key=lambda lane: lane.seconds).file if busy else ""


class FileEvent(msgspec.Struct, frozen=True):
    """What happened to one file. ``latency`` is from its change on disk to the commit, in seconds, None if not known;
    ``at`` is Unix time."""

    path: str
    what: str  # `committed`, `removed`, `quarantined`, `dead letter`
    latency: float | None = None
    at: float = 0.0


class ErrorEvent(msgspec.Struct, frozen=True):
    """One error: an RL code, its message, where (a file, a store; empty: nowhere in particular), and Unix time."""

    code: str
    message: str
    where: str = ""
    at: float = 0.0


class Status(msgspec.Struct):
    """A moment of a running job. Times are Unix times in seconds (0: not yet), durations are in seconds."""

    pid: int
    project: str
    started_at: float
    written_at: float = 0.0
    """Set by :meth:`StatusFile.write`."""
    roots: list[str] = []
    store: str = ""
    executor: str = ""
    dashboard: str = ""
    """Address of Ray's dashboard, if there is one."""
    phase: Phase = "starting"
    files: int = 0
    """Known files."""
    waiting: dict[str, int] = {}
    """Files by priority name."""
    in_flight: int = 0
    lanes: list[Lane] = []
    files_per_second: float = 0.0
    """Over the last :data:`RATE_SECONDS`, as the next."""
    rows_per_second: float = 0.0
    last_files: list[FileEvent] = []
    """Newest last, at most :data:`MAX_FILES`."""
    errors: list[ErrorEvent] = []
    """Newest last, at most :data:`MAX_ERRORS`."""
    dead_letters: int = 0
    quarantined: int = 0
    admission: str = ""
    """Why no new batch is cut, or what the graph waits for; empty: neither."""
    watcher: str = ""
    """How changes are found: ``inotify``, ``fsevents``, ``polling``...; empty: they are not followed."""
    watcher_notes: list[str] = []
    missing_roots: list[str] = []
    """Folders that are not there, or cannot be listed: what the graph holds of them stays."""
    held_back: int = 0
    """Files that are gone, but too many at once to be believed."""
    reconcile_began_at: float = 0.0
    """When the last *finished* reconcile began: a change made before is known."""
    reconciled_at: float = 0.0
    """When it was finished."""
    settled_at: float = 0.0
    """When the graph last equalled the files."""
    lag_seconds: float = 0.0
    metrics: dict[str, float] = {}
    """:meth:`ray_lineage.runtime.metrics.Registry.snapshot`."""

    @property
    def at_rest(self) -> bool:
        """Is everything that is known of committed?"""
        return self.phase == "following" and not self.in_flight and not any(self.waiting.values())


class Rate:
    """Units a second over the last :data:`RATE_SECONDS`. Pure: the clock (seconds, monotonic) is passed in."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._events: deque[tuple[float, int]] = deque()
        self._sum = 0

    def add(self, units: int, now: float) -> None:
        """So many units were done."""
        self._sum += units
        if self._events and now - self._events[-1][0] < RATE_SECONDS / 100:  # bounds the length
            self._events[-1] = (self._events[-1][0], self._events[-1][1] + units)
        else:
            self._events.append((now, units))
        self._forget(now)

    def per_second(self, now: float) -> float:
        """The rate; in the first seconds over the time there was."""
        self._forget(now)
        return self._sum / min(RATE_SECONDS, max(1.0, now - self._began))

    def _forget(self, now: float) -> None:
        while self._events and now - self._events[0][0] > RATE_SECONDS:
            self._sum -= self._events.popleft()[1]


class StatusFile:
    """The status of one project's watch in a data folder: written by the job, read by everybody else.

    Nothing is held before the first :meth:`write`; from then on the lock, until :meth:`close` or the process's end.
    The job must handle SIGUSR1 before it writes first: others send that signal to the process that the file names.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = self.path.with_name(self.path.name + ".lock")
        self._held: int | None = None
        self._told: tuple[float, Any] = (0.0, None)  # when something was written last, and what was new in it

    @classmethod
    def of(cls, data_dir: str, project: str) -> StatusFile:
        """The file of a project: ``<data_dir>/watch/<hash of the project>.json``."""
        digest = hashlib.blake2b(_text(project).encode(), digest_size=8).hexdigest()
        return cls(Path(data_dir) / "watch" / f"{digest}.json")

    # ------------------------------------------------------------------ the job's side

    def acquire(self) -> None:
        """Take the lock. Raises RayLineageError (RL240) if another process watches the project, UsageError (RL202) if the
        folder cannot be written."""
        if self._held is not None:
            return
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UsageError(
                "RL202", f"cannot write {self._lock}: {error.strerror}", where="data_dir", help="set RAY_LINEAGE_DATA_DIR to a folder that can be written"
            ) from None  # fmt: skip
        if not _lock_within(handle, _LOCK_SECONDS):  # readers hold it for a moment
            os.close(handle)
            other = self.last()
            who = f" (process {other.pid})" if other and _lives(other.pid) else ""
            raise RayLineageError(
                "RL240", f"another process watches this project{who}", where=str(self.path), help="stop it first, or give another project"
            )  # fmt: skip
        self._held = handle

    def write(self, status: Status) -> None:
        """Replace the file, so that a reader sees the old or the new one whole; no password gets into it. Cuts the lists of
        ``status`` to what they may hold, and sets ``written_at``. May be called many times a second: where nothing happened,
        the disk is left alone for 2 s. Raises what :meth:`acquire` raises, and OSError if the disk is full."""
        self.acquire()
        news = _news(status)
        if news == self._told[1] and time.monotonic() - self._told[0] < _SAME_SECONDS:
            return
        status.written_at = time.time()
        status.last_files, status.errors = status.last_files[-MAX_FILES:], status.errors[-MAX_ERRORS:]
        data = msgspec.json.encode(_plain(msgspec.to_builtins(status)))
        temporary = self.path.with_name(f".{self.path.name}.new")  # nobody else writes: the lock is held
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        temporary.replace(self.path)
        self._told = (time.monotonic(), news)

    @property
    def is_lost(self) -> bool:
        """Was the lock that is held taken away?"""
        if self._held is None:
            return False
        try:
            there, ours = os.stat(self._lock, follow_symlinks=False), os.fstat(self._held)
        except OSError:
            return True
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)

    def close(self) -> None:
        """Release the lock; the file stays, for what was last known."""
        if self._held is not None:
            os.close(self._held)
            self._held, self._told = None, (0.0, None)

    # ------------------------------------------------------------------ everybody else's side

    def read(self) -> Status | None:
        """The status of a running job; None if there is none, whatever lies there."""
        found = self.last()
        if found is None or found.phase == "stopped" or not _lives(found.pid):
            return None
        return found if self._locked() else None

    def last(self) -> Status | None:
        """What was written last, by a running job or not; None if there is nothing that can be read."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Status)
        except (OSError, msgspec.DecodeError):  # none yet, or of another version
            return None

    def _locked(self) -> bool:
        if self._held is not None:
            return True
        try:
            handle = os.open(self._lock, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False


def _news(status: Status) -> Any:
    """What somebody may be waiting to see; figures that always change do not count."""
    return [
        (status.pid, status.project, status.phase, status.roots, status.files, status.waiting, status.in_flight, status.admission),
        (status.reconcile_began_at, status.reconciled_at, status.settled_at, status.dead_letters, status.quarantined),
        [(lane.name, lane.state, lane.file) for lane in status.lanes],
        [*status.last_files, *status.errors, *status.watcher_notes, *status.missing_roots, status.held_back],
    ]  # fmt: skip


def _plain(value: Any) -> Any:
    """Built-in values without passwords, and without what JSON cannot hold (parts of file names that are no text)."""
    if isinstance(value, str):
        return redact(_text(value))
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        # the name of the project is what its file is found by
        return {_text(k): _text(v) if k == "project" else _plain(v) for k, v in value.items()}
    return value


def _text(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _lock_within(handle: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_RETRY_SECONDS)


def _lives(pid: int) -> bool:
    if pid <= 0:  # would mean a whole group of processes
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def ask_to_flush(status: Status) -> None:
    """Ask a running job (SIGUSR1) to take what waits in its debouncer and to compare the folders with what it knows.

    Raises RayLineageError (RL243) if it does not listen: a process that does not handle the signal would die of it.
    """
    deadline = time.monotonic() + _LISTEN_SECONDS
    while not _handles(status.pid, signal.SIGUSR1):
        if time.monotonic() > deadline:
            raise RayLineageError(
                "RL243", f"the watch of {status.project} (process {status.pid}) does not take signals",
                help="it is only starting, or hangs: look at `ray_lineage status`, try again",
            )  # fmt: skip
        time.sleep(_RETRY_SECONDS)
    try:
        os.kill(status.pid, signal.SIGUSR1)
    except OSError as error:
        raise RayLineageError(
            "RL243", f"cannot signal process {status.pid}: {error.strerror}", help="run the command as the user who started the watch"
        ) from None  # fmt: skip


def _handles(pid: int, signum: int) -> bool:
    """Does the process handle the signal? Where the system does not say (no /proc), the lock must do as a proof."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return not Path("/proc/self/status").exists()
    caught = [int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:")]
    return not caught or bool(caught[0] >> (signum - 1) & 1)


def list_running(data_dir: str) -> list[Status]:
    """The running jobs of a data folder, by project."""
    return _statuses(data_dir, running=True)


def list_last(data_dir: str) -> list[Status]:
    """What was last known of every project that was ever watched, newest first."""
    return sorted(_statuses(data_dir, running=False), key=lambda s: -s.written_at)


def _statuses(data_dir: str, *, running: bool) -> list[Status]:
    files = [StatusFile(p) for p in Path(data_dir).glob("watch/*.json") if not p.name.startswith(".")]
    found = [f.read() if running else f.last() for f in files]
    return sorted((s for s in found if s is not None), key=lambda s: s.project)
