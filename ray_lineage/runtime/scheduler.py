"""Which files next, on which terms, and what after a failure. A pure state machine: no clock, no Ray, no I/O.

Late binding: nothing waits inside Ray; a batch is cut when a parse actor is free. One batch holds files of one priority
and about 50 ms of estimated work, so that a CRITICAL file waits at most that long for a free actor. Every eighth cut
takes the oldest waiting class whatever its priority, so that none starves. A path is idle, waiting, or in flight, and while
in flight it may be marked dirty (done again once it is back); it is never cut a second time meanwhile.
"""

from __future__ import annotations

import math
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
        self._queues: dict[int, deque[str]] = {int(p): deque() for p in Priority}
        self._arrival: dict[int, int] = {}
        self._arrivals = 0
        self._in_flight: dict[str, int] = {}
        self._running: dict[int, Batch] = {}
        self._waiting: dict[str, Task] = {}
        self._again: dict[str, Task] = {}
        self._attempts: dict[str, int] = {}
        self._cuts = 0

    # ------------------------------------------------------------------ in

    def add(self, tasks: Iterable[Task]) -> None:
        """New work. A path that waits already keeps its place, or moves up if this is more urgent; what is known of it now
        counts. One in flight is done again after it comes back."""
        for task in tasks:
            path = task.file.path
            waiting = self._waiting.get(path)
            if path in self._in_flight:
                self._again[path] = _most_urgent(task, self._again.get(path))
            elif waiting is None or task.file.priority < waiting.file.priority:
                self._push(task)
            else:
                self._waiting[path] = _most_urgent(task, waiting)

    def _push(self, task: Task, *, first: bool = False) -> None:
        priority = task.file.priority
        queue = self._live(priority)
        if not queue:
            self._arrivals += 1
            self._arrival[priority] = self._arrivals
        queue.appendleft(task.file.path) if first else queue.append(task.file.path)
        self._waiting[task.file.path] = task

    def _live(self, priority: int) -> deque[str]:
        """The queue of a priority, without entries at its head whose path moved up or was cut since."""
        queue = self._queues[priority]
        while queue and not self._waits(queue[0], priority):
            queue.popleft()
        return queue

    def _waits(self, path: str, priority: int) -> bool:
        task = self._waiting.get(path)
        return task is not None and task.file.priority == priority

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

    def cut(self, room: float = math.inf) -> Batch | None:
        """The next batch of at most ``room`` bytes (CRITICAL work needs no room), or None if nothing may start now."""
        classes = [p for p in sorted(self._queues) if self._live(p)]
        if (self._cuts + 1) % GUARD_EVERY == 0:
            classes.sort(key=lambda p: self._arrival[p])
        for priority in classes:
            if not self._startable(priority):
                continue
            space = math.inf if priority == Priority.CRITICAL else room
            if self._head(priority).file.size > space:
                return None  # what is less urgent must not use up the room that this waits for
            self._cuts += 1
            return self._take(priority, space)
        return None

    def _head(self, priority: int) -> Task:
        return self._waiting[self._live(priority)[0]]

    def _startable(self, priority: int) -> bool:
        """Is there, or can there be brought, a file at the head of this queue that may start?"""
        return not self._is_big(self._head(priority)) or self._big_may_start() or self._rotate_past_big(priority)

    def _is_big(self, task: Task) -> bool:
        return self.estimate(task) > LONG_SECONDS

    def _big_may_start(self) -> bool:
        running = sum(b.big for b in self._running.values())
        return self.lanes == 1 or running < self.lanes - 1

    def _rotate_past_big(self, priority: int) -> bool:
        for _ in range(len(self._queues[priority])):
            queue = self._live(priority)
            if not queue:
                return False
            if not self._is_big(self._waiting[queue[0]]):
                return True
            queue.rotate(-1)
        return False

    def _take(self, priority: int, room: float) -> Batch:
        tasks: list[Task] = []
        seconds, size = 0.0, 0
        while (queue := self._live(priority)) and len(tasks) < MAX_FILES:
            task = self._waiting[queue[0]]
            cost = self.estimate(task)
            alone = self._attempts.get(task.file.path, 0) > 0
            most = min(room, MAX_BYTES)
            if tasks and (seconds + cost > TARGET_SECONDS or size + task.file.size > most or alone):
                break
            del self._waiting[queue.popleft()]
            tasks.append(task)
            seconds += cost
            size += task.file.size
            if alone:  # it may have killed an actor: nobody else shall suffer with it
                break
        for task in tasks:
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


def _most_urgent(task: Task, other: Task | None) -> Task:
    """``task`` with the more urgent priority of the two."""
    if other is None or task.file.priority <= other.file.priority:
        return task
    file = msgspec.structs.replace(task.file, priority=other.file.priority)
    return msgspec.structs.replace(task, file=file)
