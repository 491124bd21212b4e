"""Watches over a command that does everything in one process (``--workers 0``), from a child of it.

What hangs in native code hears no signal and no limit. So each signal is written to a pipe, by the interpreter's own handler,
which needs no lock; the sentry reads it, and ends the process if that is still at the same file some seconds later, or if the
file took its hard limit.
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
import time
from collections.abc import Iterator
from typing import Final

from ray_lineage.killable import die_with
from ray_lineage.logs import one_line
from ray_lineage.patience import seen
from ray_lineage.runtime.linking import soft_limit
from ray_lineage.runtime.parse import hard_seconds

STOP_SECONDS: Final = 3.0
"""After a signal, at one and the same file."""
_LOOK_SECONDS: Final = 0.25
_HEAD: Final = struct.Struct(
    "<Qd H"
)  # which file of the run, CPU seconds of the process at which it ends, length of its path
_BYTES: Final = 4096
_STOPS: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_marks: mmap.mmap | None = None


@contextlib.contextmanager
def watched_over() -> Iterator[None]:
    """A sentry meanwhile. To be called on the main thread, before others begin."""
    global _marks
    _marks = mmap.mmap(-1, _BYTES)
    ours, theirs = socket.socketpair()
    me, pid = os.getpid(), os.fork()
    if not pid:
        ours.close()
        _stand(theirs, me, _marks)
    theirs.close()
    ours.setblocking(False)
    before = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        ours.close()
        os.waitpid(pid, 0)
        _marks = None


@contextlib.contextmanager
def limit(path: str, size: int) -> Iterator[None]:
    """The limit of linking a file, with the sentry told."""
    at(path, size)
    try:
        with soft_limit(path, size):
            yield
    finally:
        at("", 0)


def at(path: str, size: int) -> None:
    """This file is at hand, of so many bytes; empty: none. Nothing if there is no sentry."""
    if _marks is None:
        return
    name = path.encode("utf-8", "replace")[: _BYTES - _HEAD.size]
    number = _HEAD.unpack_from(_marks)[0] + 1
    ends = time.process_time() + hard_seconds(size) if path else float("inf")
    _marks[: _HEAD.size + len(name)] = _HEAD.pack(number, ends, len(name)) + name


def _stand(signals: socket.socket, parent: int, marks: mmap.mmap) -> None:
    """The sentry's life; never returns."""
    try:
        for signum in (*_STOPS, signal.SIGUSR1):
            signal.signal(signum, signal.SIG_IGN)  # those of a terminal come to the whole group
        die_with(parent)
        _watch(signals, parent, marks)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(0)


def _watch(signals: socket.socket, parent: int, marks: mmap.mmap) -> None:
    since: tuple[int, float] | None = None  # at which file a signal came, and when
    while True:
        if select.select([signals], [], [], _LOOK_SECONDS)[0]:
            heard = signals.recv(256)
            if not heard:
                return None
            if since is None and _STOPS.intersection(heard):
                since = (_HEAD.unpack_from(marks)[0], time.monotonic())
        number, ends, length = _HEAD.unpack_from(marks)
        if not length:
            since = since and (number, time.monotonic())
            continue
        path = bytes(marks[_HEAD.size : _HEAD.size + length]).decode("utf-8", "replace")
        if since is not None and number != since[0]:
            since = (number, time.monotonic())
        if since is not None and time.monotonic() - since[1] > STOP_SECONDS:
            return _end(parent, path, "it was being read when a signal came, and heard of none")
        sight = seen(parent)
        if sight is not None and sight.cpu > ends:
            return _end(
                parent, path, "it took its limit in native code; with workers it would be given up, and the run go on"
            )


def _end(parent: int, path: str, why: str) -> None:
    sys.stderr.write(f"error RL190 {one_line(path)}: {why}. The run was ended: what is in the graph stays\n")
    sys.stderr.flush()
    os.kill(parent, signal.SIGKILL)
