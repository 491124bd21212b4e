"""Which files next, on which terms, and what after a failure. A pure state machine: no clock, no Ray, no I/O.

Late binding: nothing waits inside Ray; a batch is cut when a parse actor is free. One batch holds files of one priority
and about 50 ms of estimated work, so that a CRITICAL file waits at most that long for a free actor (and less where an actor
can be told to come back); where none can come, it is up to twenty times as much (what takes 50 ms at rest takes a second on a
busy machine, and a batch costs something there, too), but never a large part of what is left for all lanes. A class that has
something to start is passed over seven times at most, whatever its priority, so that none starves. A path is idle, waiting,
or in flight, and while in flight it may be marked dirty (done again once it is back) or forgotten; it is never cut a second
time meanwhile.

Queues hold paths, and one that moved up or was forgotten leaves a dead entry behind, skipped when it comes to the head; a
queue with more dead entries than live ones is swept. So each event costs the same however much waits.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from ray_lineage.model import Priority, SourceFile
from ray_lineage.runtime.parse import Meta, Task

TARGET_SECONDS: Final = 0.05
PATIENT_SECONDS: Final = 1.0
_SHARES: Final = 4  # batches a lane, at least, of what is left
PER_FILE_SECONDS: Final = 0.0003
MAX_FILES: Final = 64
MAX_BYTES: Final = 256_000
GUARD_EVERY: Final = 8
MAX_ATTEMPTS: Final = 3
LONG_SECONDS: Final = 1.0
"""A file estimated above this is big: big files never hold all lanes."""
CLOSED: Final = -1.0
"""Room for CRITICAL work alone: not even an empty file of another class fits."""
_SWEEP_FROM: Final = 64
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
    """See the module. ``lanes`` is the number of actors, and may be changed at any time. ``patient``: nobody saves files
    meanwhile."""

    def __init__(self, lanes: int = 1, *, patient: bool = False) -> None:
        self.lanes = lanes
        self.patient = patient
        self.rate = _FIRST_RATE
        self.lacks_room = False
        """Did the last cut find a file that may start but for the room?"""
        self._queues: dict[int, deque[str]] = {int(p): deque() for p in Priority}
        self._put_by: dict[int, deque[str]] = {int(p): deque() for p in Priority}  # big files that could not start
        self._counts: dict[int, int] = {int(p): 0 for p in Priority}
        self._turn: dict[int, int] = {int(p): 0 for p in Priority}  # the cut at which it was served or began to wait
        self._bytes = 0  # of what waits
        self._in_flight: dict[str, int] = {}  # path -> number of its batch
        self._running: dict[int, Batch] = {}
        self._waiting: dict[str, Task] = {}
        self._again: dict[str, Task] = {}
        self._forgotten: set[str] = set()  # while in flight
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
            elif waiting is None:
                self._push(task)
            elif task.file.priority < waiting.file.priority:
                self._drop(waiting)
                self._push(task)
            else:
                self._bytes += task.file.size - waiting.file.size
                self._waiting[path] = _most_urgent(task, waiting)

    def forget(self, path: str) -> None:
        """The file is gone. If it waits it does no longer; if it is in flight its result is stale (see :meth:`finished`)
        and it is not done again, unless it is added again."""
        waiting = self._waiting.get(path)
        if waiting is not None:
            self._drop(waiting)
        if path in self._in_flight:
            self._again.pop(path, None)
            self._forgotten.add(path)
        self._attempts.pop(path, None)

    def retry(self, path: str) -> None:
        """What a file did to its actors is forgiven: it has all its attempts again. Without this one that was set aside
        and is added again, because it changed, is tried once and alone."""
        self._attempts.pop(path, None)

    def _push(self, task: Task, *, first: bool = False) -> None:
        path, priority = task.file.path, task.file.priority
        if not self._counts[priority]:
            self._turn[priority] = self._cuts
        if len(self._queues[priority]) + len(self._put_by[priority]) > 2 * self._counts[priority] + _SWEEP_FROM:
            for queues in (self._queues, self._put_by):
                queues[priority] = deque(p for p in dict.fromkeys(queues[priority]) if self._waits(p, priority))
        queue = self._queues[priority]
        queue.appendleft(path) if first else queue.append(path)
        self._waiting[path] = task
        self._counts[priority] += 1
        self._bytes += task.file.size

    def _drop(self, task: Task) -> None:
        """It waits no longer. Its entry in the queue is dead from now on."""
        del self._waiting[task.file.path]
        self._counts[task.file.priority] -= 1
        self._bytes -= task.file.size

    def _waits(self, path: str, priority: int) -> bool:
        task = self._waiting.get(path)
        return task is not None and task.file.priority == priority

    # ------------------------------------------------------------------ out

    @property
    def waiting(self) -> int:
        """Files waiting to be cut."""
        return len(self._waiting)

    @property
    def paths(self) -> set[str]:
        """Of all files that wait or are in flight."""
        return {*self._waiting, *self._in_flight}

    @property
    def in_flight(self) -> int:
        """Files cut and not finished."""
        return len(self._in_flight)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is in flight."""
        return not self._waiting and not self._in_flight

    def by_priority(self) -> dict[int, int]:
        """Files waiting to be cut, by priority."""
        return dict(self._counts)

    def backlog_seconds(self) -> float:
        """CPU seconds that what waits is expected to take."""
        return self._bytes / self.rate + PER_FILE_SECONDS * len(self._waiting)

    def priority(self, path: str) -> int | None:
        """The most urgent priority with which a path waits, is in flight, or will be done again; None for none of these."""
        waiting = self._waiting.get(path)
        if waiting is not None:
            return waiting.file.priority
        number = self._in_flight.get(path)
        if number is None:
            return None
        again = self._again.get(path)
        known = [again.file.priority] if again is not None else []
        if path not in self._forgotten:
            known.append(self._running[number].priority)
        return min(known, default=None)

    def holds(self, file: SourceFile) -> bool:
        """Is this very state of the file (size, times, inode) waiting, or being worked on?"""
        path = file.path
        number = self._in_flight.get(path)
        running = self._running[number].tasks if number is not None and path not in self._forgotten else ()
        known = [t for t in (self._waiting.get(path), self._again.get(path)) if t is not None]
        known.extend(t for t in running if t.file.path == path)
        return any(same_state(t.file, file) for t in known)

    def estimate(self, task: Task) -> float:
        """Seconds that a file is expected to take."""
        return task.file.size / self.rate + PER_FILE_SECONDS

    def _target(self) -> float:
        """Seconds of work in one batch. Each costs some milliseconds, whatever is in it."""
        share = self.backlog_seconds() / (_SHARES * max(1, self.lanes)) if self.patient else 0.0
        return min(PATIENT_SECONDS, max(TARGET_SECONDS, share))

    def cut(self, room: float = math.inf) -> Batch | None:
        """The next batch of at most ``room`` bytes (CRITICAL work needs no room), or None if nothing may start now."""
        self.lacks_room = False
        ready = {p: queue for p, count in self._counts.items() if count and (queue := self._ready(p))}
        if not ready:
            return None
        priority = self._whose_turn(list(ready))
        if priority != Priority.CRITICAL and self._waiting[ready[priority][0]].file.size > room:
            self.lacks_room = True
            if Priority.CRITICAL not in ready:
                return None  # what is less urgent must not use up the room that this waits for
            priority = int(Priority.CRITICAL)
        self._cuts += 1
        self._turn[priority] = self._cuts
        return self._take(priority, ready[priority], math.inf if priority == Priority.CRITICAL else room)

    def _whose_turn(self, classes: Sequence[int]) -> int:
        """The most urgent class (they come in that order), unless one was passed over so often that all of them can keep
        their limit only if the oldest comes now."""
        oldest_first = sorted(classes, key=self._turn.__getitem__)
        due = any(self._cuts - self._turn[p] >= GUARD_EVERY - 1 - i for i, p in enumerate(oldest_first))
        return oldest_first[0] if due else classes[0]

    def _ready(self, priority: int) -> deque[str]:
        """The queue of a priority whose head may start now, empty if nothing may. A big file that may not is put by, and
        comes first as soon as it may."""
        queue, put_by = self._queues[priority], self._put_by[priority]
        big_may_start = self._big_may_start()
        task = self._head(put_by, priority)
        if task is not None and (big_may_start or not self._is_big(task)):
            return put_by
        while (task := self._head(queue, priority)) is not None and not big_may_start and self._is_big(task):
            put_by.append(queue.popleft())
        return queue

    def _head(self, queue: deque[str], priority: int) -> Task | None:
        """The first that waits, without the dead entries before it."""
        while queue:
            task = self._waiting.get(queue[0])
            if task is not None and task.file.priority == priority:
                return task
            queue.popleft()
        return None

    def _is_big(self, task: Task) -> bool:
        return self.estimate(task) > LONG_SECONDS

    def _big_may_start(self) -> bool:
        running = sum(b.big for b in self._running.values())
        return self.lanes <= 1 or running < self.lanes - 1

    def _take(self, priority: int, queue: deque[str], room: float) -> Batch:
        tasks: list[Task] = []
        seconds, size = 0.0, 0
        most, target = min(room, MAX_BYTES), self._target()
        while len(tasks) < MAX_FILES and (task := self._head(queue, priority)) is not None:
            cost = self.estimate(task)
            alone = self._attempts.get(task.file.path, 0) > 0
            if tasks and (seconds + cost > target or size + task.file.size > most or alone):
                break
            queue.popleft()
            self._drop(task)
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

    def stale(self, batch: Batch) -> set[str]:
        """Paths of a batch in flight whose result no longer counts: they were added again meanwhile, or forgotten."""
        return {t.file.path for t in batch.tasks if t.file.path in self._again or t.file.path in self._forgotten}

    def finished(self, batch: Batch, metas: Sequence[Meta]) -> set[str]:
        """The batch came back whole. Returns the paths whose result is :meth:`stale`: what was added again waits now."""
        stale = self.stale(batch)
        self._release(batch)
        if self._attempts:
            for task in batch.tasks:
                self._attempts.pop(task.file.path, None)
        read = [m for m in metas if m.outcome == "facts" and not m.hit]
        seconds = sum(m.seconds for m in read) - PER_FILE_SECONDS * len(read)
        size = sum(m.size for m in read)
        if size > 2_000 and seconds > 0:
            self.rate += _SMOOTHING * (size / seconds - self.rate)
        return stale

    def shortened(self, batch: Batch, paths: Collection[str]) -> Batch:
        """Only these files of a batch in flight were worked on: the others wait again, before all that wait. Returns the batch
        without them."""
        kept = tuple(t for t in batch.tasks if t.file.path in paths)
        size = sum(t.file.size for t in kept)
        short = msgspec.structs.replace(batch, tasks=kept, size=size)
        self._running[batch.number] = short
        for task in reversed(batch.tasks):
            if task.file.path in paths:
                continue
            stale = task.file.path in self._again or task.file.path in self._forgotten
            self._land(task)
            if not stale:
                self._push(task, first=True)
        return short

    def failed(self, batch: Batch, culprit: str | None, *, surely: bool = False) -> list[Task]:
        """The batch's actor died. Everything is queued again, except what was forgotten, and a culprit that did it for the
        third time, or would ``surely`` do it again: that is returned, to be set aside. One that changed meanwhile is tried once more. ``culprit`` is None
        where nobody is to blame (a lost node)."""
        stale = self.stale(batch)
        for task in batch.tasks:  # what is done again is as urgent as what failed
            path = task.file.path
            if path in self._again and path not in self._forgotten:
                self._again[path] = _most_urgent(self._again[path], task)
        self._release(batch)
        set_aside: list[Task] = []
        for task in reversed(batch.tasks):
            path = task.file.path
            if path == culprit and (path in self._waiting or path not in stale):
                self._attempts[path] = self._attempts.get(path, 0) + 1
            if path in stale:
                continue
            if path == culprit and (surely or self._attempts[path] >= MAX_ATTEMPTS):
                set_aside.append(task)
            else:
                self._push(task, first=path != culprit)
        return set_aside

    def blame(self, path: str, *, surely: bool = False) -> Task | None:
        """It came out later that an actor died on this file, after its batch :meth:`failed` for want of a culprit. Returned
        if it was the third time, or it ``surely`` ends the same, and it waits: to be set aside."""
        task = self._waiting.get(path)
        if task is None and path not in self._in_flight:
            return None  # it was finished since, or is gone
        self._attempts[path] = self._attempts.get(path, 0) + 1
        if task is None or not (surely or self._attempts[path] >= MAX_ATTEMPTS):
            return None
        self._drop(task)
        return task

    def hold(self, task: Task) -> Batch:
        """A file that is set aside is in flight until :meth:`finished`, so that what happens to it meanwhile is not missed."""
        self._cuts += 1
        batch = Batch(self._cuts, task.file.priority, (task,), 0.0, task.file.size, False)
        self._in_flight[task.file.path] = batch.number
        self._running[batch.number] = batch
        return batch

    def _release(self, batch: Batch) -> None:
        del self._running[batch.number]
        for task in batch.tasks:
            self._land(task)

    def _land(self, task: Task) -> None:
        """It is not in flight any more. What was added again meanwhile waits now."""
        path = task.file.path
        del self._in_flight[path]
        self._forgotten.discard(path)
        again = self._again.pop(path, None)
        if again is not None:
            self._push(again)


def _most_urgent(task: Task, other: Task | None) -> Task:
    """``task`` with the more urgent priority of the two."""
    if other is None or task.file.priority <= other.file.priority:
        return task
    file = msgspec.structs.replace(task.file, priority=other.file.priority)
    return msgspec.structs.replace(task, file=file)


def same_state(a: SourceFile, b: SourceFile) -> bool:
    """Does ``stat`` say the same of both?"""
    return (a.size, a.mtime_ns, a.ctime_ns, a.inode) == (b.size, b.mtime_ns, b.ctime_ns, b.inode)
