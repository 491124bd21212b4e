"""How many parse actors there should be. A pure state machine: no clock, no Ray.

Growth is quick, since work waits: up to twice as many lanes, then a pause until those can have started. Lanes that have no
CPU yet stay wanted as long as there is work for them: a cluster that scales is asked for them all the time. Shrinking is slow,
since an idle actor costs only memory: one lane less after each ``idle_seconds`` in which not all were needed. After a first
shrink nothing grows for as long, so that the direction changes at most once within ``idle_seconds``; by then one lane is
missing, no more.

One lane always stays, even for a minimum of 0: a CRITICAL save has to start at once, and an actor takes 1.5 s to come up.
"""

from __future__ import annotations

import math
from typing import Final

START_SECONDS: Final = 1.5
"""What an actor costs before its first file: process, imports, cache."""


class Scaler:
    """See the module. Times are seconds of any clock that never goes back. ``maximum`` may be changed at any time (nodes
    come and go)."""

    def __init__(self, minimum: int, maximum: int, *, idle_seconds: float = 60.0) -> None:
        """Raises ValueError unless 0 <= minimum <= maximum and maximum >= 1."""
        if not 0 <= minimum <= maximum or maximum < 1:
            raise ValueError(f"between {minimum} and {maximum} parse actors is no range")
        self.minimum = max(1, minimum)
        self.maximum = maximum
        self.idle_seconds = idle_seconds
        self._grew_at = -math.inf
        self._grew_to = 0
        self._shrinking_since: float | None = None  # None: the last change was growth
        self._idle_since: float | None = None  # since when not all lanes are busy, or since the last change

    def target(self, now: float, *, lanes: int, busy: int, backlog_seconds: float, memory_open: bool) -> int:
        """How many lanes there should be. ``lanes`` exist (up or starting), ``busy`` of them have a batch;
        ``backlog_seconds`` are the estimated CPU seconds of what waits. To be called every second or so."""
        maximum = max(1, self.maximum)
        if lanes > maximum:
            return maximum
        least = min(self.minimum, maximum)
        if lanes < least:
            return least if memory_open else max(lanes, 1)
        wanted = min(maximum, 2 * lanes, math.ceil(backlog_seconds / START_SECONDS))
        if wanted > lanes and memory_open:
            self._idle_since = None
            return self._grow(now, lanes, wanted)
        return self._shrink(now, lanes, busy, least)

    def failed(self, lanes: int) -> None:
        """A lane was lost and so many are left: the next try is the next growth."""
        self._grew_to = min(self._grew_to, lanes)

    def _grow(self, now: float, lanes: int, wanted: int) -> int:
        if self._shrinking_since is not None and now - self._shrinking_since < self.idle_seconds:
            return lanes
        if now - self._grew_at < START_SECONDS:
            return max(lanes, min(wanted, self._grew_to))
        self._grew_at, self._grew_to = now, wanted
        self._shrinking_since = None
        return wanted

    def _shrink(self, now: float, lanes: int, busy: int, least: int) -> int:
        if busy >= lanes or lanes == least:
            self._idle_since = None
            return lanes
        if self._idle_since is None:
            self._idle_since = now
        if now - self._idle_since < self.idle_seconds:
            return lanes
        self._idle_since = now
        if self._shrinking_since is None:
            self._shrinking_since = now
        return lanes - 1
