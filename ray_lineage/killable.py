"""Work that may hang where nothing can be raised, in a child process that can be killed.

Compiled parsers hear of no signal until they are done. The child is a fork: it has everything that its parent has loaded, and
gives its answer through a pipe.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

from ray_lineage.patience import Patience, seen

_PR_SET_PDEATHSIG: Final = 1
_LOOK_SECONDS: Final = 0.5
_CHUNK: Final = 1 << 20
_EVERY_SIGNAL: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
_BROKEN: Final = 1
_SPENT: Final = 2


class Killed(Exception):
    """The work took its limit (of memory, too), hung, or killed its process."""


def killable(work: Callable[[], bytes], seconds: float) -> bytes:
    """What ``work`` returns, done in a child that may use so many CPU seconds (rounded up) and do nothing for as long. Raises
    Killed, and RuntimeError if ``work`` raised, which the child has told on stderr. Whatever is raised here meanwhile
    (KeyboardInterrupt), and however this process ends, ends the child."""
    out, into = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        os.close(out)
        _live(work, into, parent, seconds)
    os.close(into)
    try:
        answer = _read(out, pid, seconds)
    finally:
        os.close(out)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    if not answer and os.WIFEXITED(status) and os.WEXITSTATUS(status) == _BROKEN:
        raise RuntimeError("the work in a child failed, as told above")
    if not answer:
        raise Killed(f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "no answer")
    return answer[1:]


def _live(work: Callable[[], bytes], into: int, parent: int, seconds: float) -> None:
    """The child's life; never returns. A byte before the answer tells an empty one from none."""
    code = _BROKEN
    try:
        die_with(parent)
        for signum in _EVERY_SIGNAL:
            signal.signal(signum, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        spent = math.ceil(time.process_time() + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (spent, spent))
        answer = b"\0" + work()
        with os.fdopen(into, "wb") as stream:
            stream.write(answer)
        code = 0
    except MemoryError:
        code = _SPENT
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _read(out: int, pid: int, seconds: float) -> bytes:
    """All that the child writes; what it wrote until it hung is no answer."""
    parts: list[bytes] = []
    patience = Patience(seconds, _LOOK_SECONDS, time.monotonic())
    while True:
        if select.select([out], [], [], _LOOK_SECONDS)[0]:
            part = os.read(out, _CHUNK)
            if not part:
                return b"".join(parts)
            parts.append(part)
        elif patience.is_over(seen(pid), time.monotonic()):
            return b""


def die_with(parent: int) -> None:
    """Whatever it is in, this process ends with the one that made it (Linux; elsewhere when it next talks to it)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before we asked
        os._exit(1)
