"""For how long is a worker waited for that does not answer? Pure: what is seen of it comes in.

Its work is limited in its own process, in CPU time. What is left is a worker that does nothing: blocked for ever, in native
code or by somebody else's lock. One that is stopped, that gets no CPU or waits for a disk, is not; and if whoever waits was
stopped meanwhile, or the machine was asleep, that is not the worker's time either.
"""

from __future__ import annotations

from typing import Final, NamedTuple

HANGS_SECONDS = 20.0
"""A worker that does nothing for so long is ended; its work is limited in its own process."""
_OVERSLEPT: Final = 2.0
"""Looks that are further apart than so many intervals: whoever looks was stopped."""


class Sight(NamedTuple):
    """A process at one moment: ``cpu`` seconds used so far; ``waits``: it sleeps, and not for a disk."""

    cpu: float
    waits: bool


class Patience:
    """See the module. Times are seconds of a clock that never goes back."""

    def __init__(self, seconds: float, interval: float, now: float) -> None:
        """``seconds`` on end of doing nothing are too much; there will be a look every ``interval``."""
        self._seconds = seconds
        self._interval = interval
        self._looked = now
        self._last: Sight | None = None
        self._idle = 0.0

    def is_over(self, sight: Sight | None, now: float) -> bool:
        """What was seen now, None if nothing could be: the process, or its whole machine, does not answer either."""
        step = min(now - self._looked, _OVERSLEPT * self._interval)
        last, self._looked, self._last = self._last, now, sight
        if sight is None or (last is not None and sight.waits and sight.cpu == last.cpu):
            self._idle += step
        else:
            self._idle = 0.0
        return self._idle >= self._seconds


def seen(pid: int) -> Sight | None:
    """A process of this machine, None if it is gone."""
    import psutil

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            return Sight(times.user + times.system, process.status() == psutil.STATUS_SLEEPING)
    except psutil.Error:
        return None
