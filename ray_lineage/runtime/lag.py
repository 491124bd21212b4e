"""How far is the graph behind the files? The age of the oldest change that is not in it, whatever is to become of it.

A change is a path and the time at which it was made (of a file: its own times; of a removal: when it was noticed). It counts
from when it was first seen until a version of the file that is at least as new is in the graph, through sessions and outages:
who waits for it, in which queue, and how urgent it is, does not matter. Pure: times come in as arguments.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Collection
from typing import Final

_MOST: Final = 8
"""Changes of one path that are told apart; of more the latest are joined, so that the oldest stays exact."""


class Lag:
    """See the module. Times are Unix times in seconds; seeing a change again changes nothing."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[float]] = {}  # by path, in order, each once
        self._oldest: list[tuple[float, str]] = []  # a heap; what is not the path's first any more is dropped when met

    def __len__(self) -> int:
        """Paths with changes that are not in the graph."""
        return len(self._waiting)

    def changed(self, path: str, at: float) -> None:
        """A change was seen that was made at this time."""
        times = self._waiting.setdefault(path, [])
        place = bisect_left(times, at)
        if place < len(times) and times[place] == at:
            return
        times.insert(place, at)
        if len(times) > _MOST:
            del times[-2]
        if place == 0:
            heapq.heappush(self._oldest, (at, path))

    def stored(self, path: str, upto: float = float("inf")) -> None:
        """The graph has the file as it was at that time (or without it): earlier changes wait no more."""
        times = self._waiting.get(path)
        if times is None:
            return
        del times[: bisect_right(times, upto)]
        if times:
            heapq.heappush(self._oldest, (times[0], path))
        else:
            del self._waiting[path]

    def all_stored(self, upto: float, but: Collection[str] = ()) -> None:
        """The graph has everything as it was at that time, but for these paths."""
        for path in [p for p in self._waiting if p not in but]:
            self.stored(path, upto)

    def oldest(self) -> float | None:
        """When the oldest change was made that is not in the graph."""
        while self._oldest:
            at, path = self._oldest[0]
            times = self._waiting.get(path)
            if times is not None and times[0] == at:
                return at
            heapq.heappop(self._oldest)
        return None

    def seconds(self, now: float) -> float:
        """Its age; 0 if nothing waits, or if a clock is wrong."""
        oldest = self.oldest()
        return 0.0 if oldest is None else max(0.0, now - oldest)
