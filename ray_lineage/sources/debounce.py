"""Many hints of one save, or of one branch switch, become one batch of paths to look at. Pure: the clock is passed in."""

from __future__ import annotations

from typing import Final

_MAX_WAIT_WINDOWS: Final = 10
_LEAST_MAX_WAIT: Final = 1.0  # seconds


class Debouncer:
    """Hints by path -> when to look.

    A batch is due ``window`` seconds after its last hint, or at once when ``threshold`` distinct paths wait, or
    ``max_wait`` seconds after its first hint, so that constant activity cannot put it off for ever. Not ``enabled``,
    or with a window of 0, every hint is due at once. All times are seconds of one monotonic clock.
    """

    def __init__(self, window: float, threshold: int, max_wait: float | None = None, enabled: bool = True) -> None:
        """``max_wait``: default 10 windows, at least 1 s. Raises ValueError for values that make no sense."""
        if window < 0 or threshold < 1 or (max_wait is not None and max_wait < 0):
            raise ValueError("window and max_wait must be 0 or more, threshold 1 or more")
        self._window = window if enabled else 0.0
        self._threshold = threshold
        self._max_wait = max(_MAX_WAIT_WINDOWS * window, _LEAST_MAX_WAIT) if max_wait is None else max_wait
        self._waiting: dict[str, None] = {}  # a set that keeps the order of first hints
        self._first = 0.0
        self._last = 0.0

    def note(self, path: str, now: float) -> None:
        """A hint: something may have happened to ``path``. The same path counts once."""
        if not self._waiting:
            self._first = now
        self._last = now
        self._waiting[path] = None

    def flush(self) -> list[str]:
        """Everything that waits, now, in the order of the first hints."""
        paths = list(self._waiting)
        self._waiting.clear()
        return paths

    def due(self, now: float) -> list[str]:
        """The paths whose time has come, in the order of the first hints; none if it has not."""
        deadline = self.deadline()
        return self.flush() if deadline is not None and now >= deadline else []

    def deadline(self) -> float | None:
        """When ``due`` has something to give, at the latest hint's view; None if nothing waits."""
        if not self._waiting:
            return None
        if len(self._waiting) >= self._threshold:
            return self._first
        return min(self._last + self._window, self._first + self._max_wait)

    def __contains__(self, path: object) -> bool:
        """Does a hint of the path wait?"""
        return path in self._waiting

    def __len__(self) -> int:
        return len(self._waiting)
