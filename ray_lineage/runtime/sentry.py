"""Watches over a command that does everything in one process (``--workers 0``): who begins it stays behind, and forks who works.

What hangs in native code hears no signal and no limit. So the work is done in a child, which tells in shared memory at which
file it is, and writes each signal that it gets to a pipe, by the interpreter's own handler, which needs no lock. Where a file
takes its limit, or kills the child, the child is ended and the work begun again, by another one that knows of that file; what
was done before is in the cache (without one, in a folder for this run, from the first harm on) and in the graph. Where a signal is not obeyed, all ends.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import termios
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

from ray_lineage import patience
from ray_lineage.killable import die_with
from ray_lineage.logs import one_line
from ray_lineage.patience import Patience, seen
from ray_lineage.runtime.bench import RUN_PREFIX
from ray_lineage.runtime.crew import Death
from ray_lineage.runtime.linking import soft_limit
from ray_lineage.runtime.parse import hard_seconds

STOP_SECONDS: Final = 3.0
"""After a signal, at one and the same file."""
_LOOK_SECONDS: Final = 0.25
_HEARD_SECONDS: Final = 0.2
"""So soon the worker hears of a signal that was sent to the whole group."""
_DEATHS: Final = 3
"""So often a file may kill who works before it is not tried any more; as with other workers."""
_CRASHES: Final = 12  # of one run, at whatever files
_HEAD: Final = struct.Struct(
    "<QdH"
)  # number of the place, CPU seconds of the process at which it ends, length of what follows
_BYTES: Final = 4096
_STOPS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PASSED_ON: Final = (*_STOPS, signal.SIGUSR1)
_ENDING_SECONDS: Final = 0.005

_marks: mmap.mmap | None = None
_fatal: dict[bytes, Death] = {}
"""What killed who worked before, by place."""
_spare = ""


class Place(NamedTuple):
    """Where who works is: ``number`` in the order of places, ``ends`` at so many CPU seconds; ``name`` is empty for no file."""

    number: int
    ends: float
    name: bytes

    @property
    def path(self) -> str:
        """Of the file."""
        return self.name.partition(b"\0")[0].decode("utf-8", "replace")


def at(path: str, size: int, version: str = "") -> None:
    """This file is at hand, of so many bytes, in that version of it; empty: none. Nothing if nobody watches."""
    if _marks is None:
        return
    name = _name(path, version)
    number = _HEAD.unpack_from(_marks)[0] + 1
    ends = time.process_time() + hard_seconds(size) if path else float("inf")
    _marks[: _HEAD.size + len(name)] = _HEAD.pack(number, ends, len(name)) + name


def fatal(path: str, version: str) -> Death | None:
    """What that version of a file did to who worked before, if it is not to be tried again."""
    return _fatal.get(_name(path, version))


def spare_cache() -> str:
    """Where who works keeps what it parsed for who comes next, though there is no cache; empty: nobody came to harm yet, and
    nothing is kept."""
    return _spare


@contextlib.contextmanager
def limit(path: str, size: int) -> Iterator[None]:
    """The limit of linking a file, with the sentry told."""
    at(path, size, LINKING)
    try:
        with soft_limit(path, size):
            yield
    finally:
        at("", 0)


LINKING: Final = "linking"
"""In place of a version: what is linked depends on all files."""


def _name(path: str, version: str) -> bytes:
    """Longer ones are cut: then files that begin the same share their fate."""
    tail = b"\0" + version.encode() if path else b""
    return path.encode("utf-8", "replace")[: _BYTES - _HEAD.size - len(tail)] + tail


# ---------------------------------------------------------------------- who stays behind


@contextlib.contextmanager
def watched_over() -> Iterator[None]:
    """Watched over meanwhile, and to the end of the process: it is a child that goes on here. Who began it never returns, and
    ends as the child does. To be called on the main thread of a command, before others begin."""
    global _marks, _spare
    _marks = mmap.mmap(-1, _BYTES)
    sys.stdout.flush()
    sys.stderr.flush()
    signals, terminal, lives = _Signals(), _Terminal(), _Lives()
    while True:
        theirs, ours = socket.socketpair()
        me, pid = os.getpid(), os.fork()
        if not pid:
            break
        theirs.close()
        with ours:
            lives.ended(_Sentry(pid, ours, signals, _marks).watch())
        _spare = _spare or tempfile.mkdtemp(prefix=RUN_PREFIX)
        terminal.restore()
    ours.close()
    die_with(me)
    theirs.setblocking(False)
    signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    signals.give_back()
    yield


class _Signals:
    """Those that are sent to who stays behind. What is ignored (under ``nohup``) stays so."""

    def __init__(self) -> None:
        self.pipe, ours = socket.socketpair()
        self._writes = ours  # kept open
        ours.setblocking(False)
        signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
        self._before = {
            signum: signal.signal(signum, lambda *_: None)
            for signum in _PASSED_ON
            if signal.getsignal(signum) != signal.SIG_IGN
        }

    def give_back(self) -> None:
        """To who works: what comes between its birth and this is written to the pipe, and passed on to it."""
        for signum, handler in self._before.items():
            signal.signal(signum, handler)


class _Terminal:
    """As it was: who was ended could not give it back."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None
        with contextlib.suppress(OSError, ValueError, termios.error):
            self._before = termios.tcgetattr(sys.stdin.fileno())

    def restore(self) -> None:
        """Again so."""
        if self._before is not None:
            with contextlib.suppress(OSError, ValueError, termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._before)


class _End(NamedTuple):
    """How one who worked ended: ``status`` as of ``waitpid``, at which ``place``; ``hung``: it was ended for that; ``stopped``:
    after this signal."""

    status: int
    place: Place
    hung: bool
    stopped: int


class _Sentry:
    """Watches over one who works."""

    def __init__(self, pid: int, heard: socket.socket, signals: _Signals, marks: mmap.mmap) -> None:
        self._pid, self._heard, self._signals, self._marks = pid, heard, signals, marks
        self._heard_at: dict[int, float] = {}
        self._stopped = 0
        self._place = self._look()
        self._here_since = time.monotonic()  # at this place, or stopped
        self._patience = Patience(patience.HANGS_SECONDS, _LOOK_SECONDS, self._here_since)

    def watch(self) -> _End:
        """Until it ended."""
        while True:
            ready = select.select([self._heard, self._signals.pipe], [], [], _LOOK_SECONDS)[0]
            if self._heard in ready:
                self._note(self._heard.recv(256))
            if self._signals.pipe in ready:
                for signum in self._signals.pipe.recv(256):
                    self._pass_on(signum)
            done, status = os.waitpid(self._pid, os.WNOHANG)
            if done:
                return _End(status, self._look(), False, self._stopped)
            if self._is_over():
                os.kill(self._pid, signal.SIGKILL)
                return _End(os.waitpid(self._pid, 0)[1], self._place, True, self._stopped)

    def _look(self) -> Place:
        number, ends, length = _HEAD.unpack_from(self._marks)
        return Place(number, ends, bytes(self._marks[_HEAD.size : _HEAD.size + length]))

    def _note(self, heard: bytes) -> None:
        """What it heard itself. Nothing: it is about to end."""
        now = time.monotonic()
        self._heard_at.update(dict.fromkeys(heard, now))
        stop = next((s for s in heard if s in _STOPS), 0)
        if stop and not self._stopped:
            self._stopped, self._here_since = stop, now
        if not heard:
            time.sleep(_ENDING_SECONDS)

    def _pass_on(self, signum: int) -> None:
        """A signal was sent to us; not if it was sent to all of the group (from a terminal)."""
        if time.monotonic() - self._heard_at.get(signum, -_HEARD_SECONDS) < _HEARD_SECONDS:
            return
        if select.select([self._heard], [], [], _HEARD_SECONDS)[0]:
            self._note(self._heard.recv(256))
        if time.monotonic() - self._heard_at.get(signum, -_HEARD_SECONDS) >= _HEARD_SECONDS:
            os.kill(self._pid, signum)

    def _is_over(self) -> bool:
        """Is it to be ended?"""
        place, now = self._look(), time.monotonic()
        if place.number != self._place.number or not place.name:
            self._place, self._here_since = place, now
            self._patience = Patience(patience.HANGS_SECONDS, _LOOK_SECONDS, now)
            return False
        if self._stopped:
            return now - self._here_since > STOP_SECONDS
        sight = seen(self._pid)
        return (sight is not None and sight.cpu > place.ends) or self._patience.is_over(sight, now)


class _Lives:
    """What becomes of the run when one who worked ended."""

    def __init__(self) -> None:
        self._crashes: Counter[bytes] = Counter()

    def ended(self, end: _End) -> None:
        """Returns if another is to go on, and ends this process if not."""
        name, path = end.place.name, end.place.path
        if end.stopped and end.hung:
            _say(path, "it was being read when a signal came, and heard of none")
            _leave(128 + end.stopped)
        if not (end.hung or os.WIFSIGNALED(end.status)):
            _leave(os.waitstatus_to_exitcode(end.status))
        self._crashes[name] += 1
        if end.stopped or not name or name in _fatal or self._crashes.total() > _CRASHES:
            _die_of(os.WTERMSIG(end.status))
        if end.hung or self._crashes[name] == _DEATHS:
            _fatal[name] = Death(path, end.hung)
        at("", 0)


def _say(path: str, why: str) -> None:
    sys.stderr.write(f"error RL190 {one_line(path)}: {why}. The run was ended: what is in the graph stays\n")
    sys.stderr.flush()


def _leave(code: int) -> NoReturn:
    _forget()
    os._exit(code)


def _forget() -> None:
    """What was kept for who comes next: nobody does."""
    if _spare:
        import shutil

        shutil.rmtree(_spare, ignore_errors=True)


def _die_of(signum: int) -> NoReturn:
    _forget()
    if signum != signal.SIGKILL:
        signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    os._exit(128 + signum)
