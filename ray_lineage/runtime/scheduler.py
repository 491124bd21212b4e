"""Which files next, on which terms, and what after a failure. A pure state machine: no clock, no Ray, no I/O.

Late binding: nothing waits inside Ray; a batch is cut when a parse actor is free. One batch holds files of one priority
and about 50 ms of estimated work, so that a CRITICAL file waits at most that long for a free actor. Every eighth cut
takes the oldest waiting class whatever its priority, so that none starves. A file in flight is never cut a second time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ray_lineage.model import Priority
from ray_lineage.runtime.parse import Meta, Task

TARGET_SECONDS: Final = 0.05
PER_FILE_SECONDS: Final = 0.0003
MAX_FILES: Final = 64
MAX_BYTES: Final = 256_000
GUARD_EVERY: Final = 8
MAX_ATTEMPTS: Final = 3
LONG_SECONDS: Final = 1.0
"""A file estimated above this is big: big files never hold all lanes."""
_FIRST_RATE: Final = 600_000.0  # bytes/s until replies say better
_SMOOTHING: Final = 0.2


class Batch(msgspec.Struct, frozen=True):
    """Work for one actor. ``estimate`` in seconds, ``size`` in bytes of source."""

    number: int
    priority: int
    tasks: tuple[Task, ...]
    estimate: float
    size: int
    big: bool


class Scheduler:
    """See the module. ``lanes`` is the number of actors."""

    def __init__(self, lanes: int = 1) -> None:
        self.lanes = lanes
        self.rate = _FIRST_RATE
        self._queues: dict[int, deque[Task]] = {int(p): deque() for p in Priority}
        self._arrival: dict[int, int] = {}
        self._arrivals = 0
        self._in_flight: dict[str, int] = {}
        self._running: dict[int, Batch] = {}
        self._waiting: set[str] = set()
        self._again: dict[str, Task] = {}
        self._attempts: dict[str, int] = {}
        self._cuts = 0

    # ------------------------------------------------------------------ in

    def add(self, tasks: Iterable[Task]) -> None:
        """New work. A path that is waiting is not added twice; one in flight is done again after it comes back."""
        for task in tasks:
            path = task.file.path
            if path in self._in_flight:
                self._again[path] = task
            elif path not in self._waiting:
                self._push(task)

    def _push(self, task: Task, *, first: bool = False) -> None:
        priority = task.file.priority
        queue = self._queues[priority]
        if not queue:
            self._arrivals += 1
            self._arrival[priority] = self._arrivals
        queue.appendleft(task) if first else queue.append(task)
        self._waiting.add(task.file.path)

    # ------------------------------------------------------------------ out

    @property
    def waiting(self) -> int:
        """Files waiting to be cut."""
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """Files cut and not finished."""
        return len(self._in_flight)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is in flight."""
        return not self._waiting and not self._in_flight

    def estimate(self, task: Task) -> float:
        """Seconds that a file is expected to take."""
        return task.file.size / self.rate + PER_FILE_SECONDS

    def cut(self) -> Batch | None:
        """The next batch, or None if nothing may start now."""
        classes = [p for p, q in sorted(self._queues.items()) if q]
        if not classes:
            return None
        priority = classes[0]
        if (self._cuts + 1) % GUARD_EVERY == 0:
            priority = min(classes, key=lambda p: self._arrival[p])
        queue = self._queues[priority]
        if self._is_big(queue[0]) and not self._big_may_start() and not self._rotate_past_big(queue):
            return None
        self._cuts += 1
        return self._take(priority, queue)

    def _is_big(self, task: Task) -> bool:
        return self.estimate(task) > LONG_SECONDS

    def _big_may_start(self) -> bool:
        running = sum(b.big for b in self._running.values())
        return self.lanes == 1 or running < self.lanes - 1

    def _rotate_past_big(self, queue: deque[Task]) -> bool:
        for _ in range(len(queue)):
            if not self._is_big(queue[0]):
                return True
            queue.rotate(-1)
        return False

    def _take(self, priority: int, queue: deque[Task]) -> Batch:
        tasks: list[Task] = []
        seconds, size = 0.0, 0
        while queue and len(tasks) < MAX_FILES:
            task = queue[0]
            cost = self.estimate(task)
            alone = self._attempts.get(task.file.path, 0) > 0
            if tasks and (seconds + cost > TARGET_SECONDS or size + task.file.size > MAX_BYTES or alone):
                break
            queue.popleft()
            tasks.append(task)
            seconds += cost
            size += task.file.size
            if alone:  # it may have killed an actor: nobody else shall suffer with it
                break
        for task in tasks:
            self._waiting.discard(task.file.path)
            self._in_flight[task.file.path] = self._cuts
        batch = Batch(self._cuts, priority, tuple(tasks), seconds, size, seconds > LONG_SECONDS)
        self._running[batch.number] = batch
        return batch

    # ------------------------------------------------------------------ back

    def finished(self, batch: Batch, metas: Sequence[Meta]) -> None:
        """The batch came back whole."""
        self._release(batch)
        read = [m for m in metas if m.outcome == "facts" and not m.hit]
        seconds = sum(m.seconds for m in read) - PER_FILE_SECONDS * len(read)
        size = sum(m.size for m in read)
        if size > 2_000 and seconds > 0:
            self.rate += _SMOOTHING * (size / seconds - self.rate)

    def failed(self, batch: Batch, culprit: str | None) -> list[Task]:
        """The batch's actor died. Everything is queued again, except a culprit that did it for the third time: those
        are returned, to be set aside. ``culprit`` is None where nobody is to blame (a lost node)."""
        self._release(batch)
        set_aside: list[Task] = []
        for task in reversed(batch.tasks):
            path = task.file.path
            if path == culprit:
                self._attempts[path] = self._attempts.get(path, 0) + 1
                if self._attempts[path] >= MAX_ATTEMPTS:
                    set_aside.append(task)
                    continue
            if path not in self._waiting:
                self._push(task, first=path != culprit)
        return set_aside

    def _release(self, batch: Batch) -> None:
        del self._running[batch.number]
        for task in batch.tasks:
            path = task.file.path
            del self._in_flight[path]
            again = self._again.pop(path, None)
            if again is not None:
                self._push(again)
