"""When to give a run up: it fails and fails, or nothing moves. A pure state machine: no clock, no Ray.

A single file cannot do it. The scheduler sets a file aside after its third failure, so only the first failure that is
blamed on it counts here; otherwise a few such files, whose retries all come last, would stop a run that is about to end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

MOST_FAILURES: Final = 5
"""Of a lane, and on average of all lanes, without a finished batch."""
WITHIN_SECONDS: Final = 60.0
STALL_SECONDS: Final = 600.0


class Breaker:
    """See the module. Times are seconds of any clock that never goes back. ``lanes`` may be changed at any time."""

    def __init__(self, lanes: int, *, stall_seconds: float = STALL_SECONDS) -> None:
        self.lanes = lanes
        self.stall_seconds = stall_seconds
        self.tripped = ""
        """Why the run has to stop, with the last worker's error; empty while it need not. Once set it stays."""
        self._by_lane: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()
        self._blamed: set[str] = set()
        self._moved_at: float | None = None
        self._last_error = ""

    def failed(self, lane: str, now: float, message: str, culprit: str | None = None) -> None:
        """A lane's batch failed. ``message`` is the worker's error; ``culprit`` the file it is blamed on, if any."""
        self._last_error = message
        if culprit is not None:
            if culprit in self._blamed:
                return
            self._blamed.add(culprit)
        self._by_lane = {n: f for n, f in self._by_lane.items() if now - f[-1] <= WITHIN_SECONDS}
        own = self._by_lane.setdefault(lane, deque())
        for failures in (own, self._all):
            failures.append(now)
            while now - failures[0] > WITHIN_SECONDS:
                failures.popleft()
        if len(own) > MOST_FAILURES:
            self._trip(f"{lane} failed {len(own)} times within {WITHIN_SECONDS:.0f} s and finished nothing")
        elif len(self._all) > MOST_FAILURES * max(1, self.lanes):
            self._trip(
                f"parse actors failed {len(self._all)} times within {WITHIN_SECONDS:.0f} s and none finished anything"
            )

    def forgive(self, paths: Iterable[str]) -> None:
        """Files that are done with: what they did is forgotten."""
        if self._blamed:
            self._blamed.difference_update(paths)

    def finished(self, lane: str, now: float) -> None:
        """A lane finished a batch: it works, and so does the run."""
        self._by_lane.pop(lane, None)
        self._all.clear()
        self._moved_at = now

    def tick(self, now: float, *, pending: int, why: str = "") -> None:
        """To be called every second or so. ``pending`` files wait or are in flight; ``why`` none may start, if so."""
        if not pending or self._moved_at is None:
            self._moved_at = now
        elif now - self._moved_at >= self.stall_seconds:
            because = f" ({why})" if why else ""
            self._trip(f"nothing was finished for {now - self._moved_at:.0f} s while {pending} files wait{because}")

    def _trip(self, text: str) -> None:
        if not self.tripped:
            self.tripped = f"{text}; the last error: {self._last_error}" if self._last_error else text
