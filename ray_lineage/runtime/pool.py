"""The lanes of a session: one a worker, one batch with a worker each, so that blame for a death and deadlines are exact.

The pool cuts batches late, counts what is in flight, owns every retry, and grows and shrinks with the work. A batch that was
parsed goes on to the receiver while its lane takes the next one; what it means is the receiver's business.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import msgspec

from ray_lineage import patience
from ray_lineage.errors import Interrupted, RayLineageError
from ray_lineage.model import Priority
from ray_lineage.runtime.admission import Admission
from ray_lineage.runtime.breaker import Breaker
from ray_lineage.runtime.crew import Crew, Death, Payload, PayloadLost, Report, Worker, WorkerLost, happens
from ray_lineage.runtime.gate import MemoryGate
from ray_lineage.runtime.ledger import Ledger, budget_of
from ray_lineage.runtime.linking import LinkTask
from ray_lineage.runtime.parse import Meta, Task, overran
from ray_lineage.runtime.scaling import Scaler
from ray_lineage.runtime.scheduler import Batch, Scheduler
from ray_lineage.runtime.sharing import Lot, Sharing
from ray_lineage.runtime.status import LaneState
from ray_lineage.settings import Settings

_IDLE_SECONDS: Final = 0.2
_TICK_SECONDS: Final = 0.5
_ALIVE_SECONDS: Final = 5.0
_LOG: Final = logging.getLogger("ray_lineage.pool")
_DRAIN_SECONDS: Final = 2.0
"""While draining no worker is waited for any longer."""
_BLAME_SECONDS: Final = 3.0
"""A batch waits no longer for its culprit: where a node was lost, nobody can tell before another has room."""
_FULL: Final = 2_000
"""So many files waiting are enough: the scan rests until there are fewer."""
_ALL_LOST: Final = "no parse worker is left"


class Receiver(Protocol):
    """What a pool's owner does with results."""

    async def deliver(self, batch: Batch, report: Report, payload: Payload) -> Sequence[Meta]:
        """Hand facts on to the graph; returning acknowledges them: what is believed of the report. Several batches may be
        on their way at once. Raises PayloadLost; anything else ends the pool."""
        ...

    def started(self, batch: Batch, waits: Sequence[float]) -> None:
        """A batch goes to a worker; for how many seconds each of its files waited."""
        ...

    def done(self, batch: Batch, metas: Sequence[Meta]) -> None:
        """A batch was delivered: what became of each of its files (but those that changed meanwhile)."""
        ...

    async def set_aside(self, batch: Batch) -> Sequence[Meta]:
        """The only file of a batch killed its worker once too often: what became of it, to be told to ``done``."""
        ...

    async def linked(self, share: Payload) -> None:
        """Hand a linked share on to the graph."""
        ...

    async def facts(self, tasks: Sequence[LinkTask]) -> Payload:
        """Facts of files, for a worker that has not got them."""
        ...

    async def prepare(self, batch: Batch) -> tuple[Sequence[Task], Sequence[Meta]]:
        """The tasks as they are sent to a worker, and what became of those that are not."""
        ...


class Lane:
    """One worker and what it does; for the status."""

    __slots__ = (
        "batch", "born", "failures", "last_busy", "looked", "name", "retiring", "since", "state", "task", "unblamed", "was_up",
        "worker",
    )  # fmt: skip

    def __init__(self, worker: Worker, now: float) -> None:
        self.worker = worker
        self.name = worker.name
        self.state: LaneState = "starting"
        self.batch: Batch | None = None
        self.since = self.last_busy = self.looked = now
        self.failures = 0
        self.retiring = self.was_up = False
        self.unblamed: Batch | None = None
        self.task: asyncio.Task[None] | None = None


class Pool:
    """See the module. Run :meth:`run` as a task; it ends by :meth:`close` or with the error that ends the session."""

    def __init__(
        self,
        settings: Settings,
        crew: Crew,
        receiver: Receiver,
        clock: Callable[[], float] = time.monotonic,
        *,
        patient: bool = False,
    ) -> None:
        """``patient``: no file is ever urgent."""
        self._crew = crew
        self._receiver = receiver
        self._clock = clock
        self.limit = crew.most
        self.scheduler = Scheduler(max(1, min(self.limit, crew.cap())), patient=patient)
        budget = budget_of(crew.object_store_bytes or 2**28, settings.object_store_share)
        self.admission = Admission(
            Ledger(budget), MemoryGate(settings.memory_limit_percent / 100), queue_files=settings.queue_limit
        )
        self.scaler = Scaler(min(settings.min_workers or 1, self.limit), self.limit)
        self.breaker = Breaker(self.scheduler.lanes)
        self.lanes: list[Lane] = []
        self.ever_up = 0
        self.target = self.scheduler.lanes
        self.restarts = 0
        self.draining = False
        self._drained_at = 0.0
        self.last_failure = ""
        self.opened = 0
        self._since: dict[str, tuple[int, float]] = {}  # what waits: with which priority, since when
        self._deliveries: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None  # of a delivery
        self._faulty = asyncio.Event()
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._sharing: Sharing | None = None
        self._catalog: Payload = None

    @property
    def at_work(self) -> str:
        """The file that is being worked on for the longest time; empty if there is none."""
        busy = [(lane.since, lane.batch) for lane in self.lanes if lane.batch is not None]
        return min(busy, key=lambda b: b[0])[1].tasks[0].file.path if busy else ""

    # ------------------------------------------------------------------ work

    def add(self, tasks: Iterable[Task]) -> None:
        """New work."""
        tasks = tuple(tasks)
        self._waits_from_now(tasks)
        self.scheduler.add(tasks)
        self._wake.set()
        if any(t.file.priority == Priority.CRITICAL for t in tasks):
            self._hurry()

    def _hurry(self) -> None:
        """Something urgent waits: whoever comes back first takes it."""
        if any(lane.state == "idle" for lane in self.lanes):
            return
        for lane in self.lanes:
            if lane.batch is not None and lane.batch.priority != Priority.CRITICAL and len(lane.batch.tasks) > 1:
                lane.worker.hurry()

    def _waits_from_now(self, tasks: Iterable[Task]) -> None:
        """A path that waits already does so from then on, unless this is more urgent."""
        now = self._clock()
        for task in tasks:
            known = self._since.get(task.file.path)
            if known is None or task.file.priority < known[0]:
                self._since[task.file.path] = (task.file.priority, now)

    def forget(self, path: str) -> None:
        """The file is gone: it is not worked on any more."""
        self.scheduler.forget(path)
        self.breaker.forgive((path,))
        self._since.pop(path, None)

    def has(self, path: str) -> bool:
        """Does the file wait, or is it in flight?"""
        return self.scheduler.priority(path) is not None

    @property
    def idle(self) -> bool:
        """Nothing waits, and nothing is in flight or being set aside."""
        return self.scheduler.idle

    async def room(self) -> None:
        """Wait until more work may be added (a scan that runs ahead costs memory)."""
        while self.scheduler.waiting >= _FULL and not self._stop.is_set() and not self.draining:
            await self._change()

    async def quiet(self) -> None:
        """Wait until nothing waits and nothing is in flight; while draining, until nothing is in flight."""
        while not (self.idle or (self.draining and not self.scheduler.in_flight)):
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await happens(self._changed, _TICK_SECONDS)

    def drain(self) -> None:
        """Cut nothing more. What workers do not finish in time is left undone."""
        self.draining = True
        self._drained_at = self._clock()
        self._wake.set()
        self._changed.set()

    def close(self) -> None:
        """End :meth:`run`."""
        self._stop.set()

    async def link(self, sharing: Sharing, catalog: Payload) -> None:
        """Have everything linked that can be; what cannot is in ``sharing.faults``. Files that are to be parsed go first."""
        self._sharing, self._catalog = sharing, catalog
        self._wake.set()
        try:
            while not sharing.finished:
                if self.draining and self._clock() - self._drained_at > _DRAIN_SECONDS:
                    raise Interrupted(signal.SIGTERM)
                await self._change()
        finally:
            self._sharing = self._catalog = None

    # ------------------------------------------------------------------ lanes

    async def run(self) -> None:
        """Keep the lanes going. Raises what ends the session: a RayLineageError, or what ``deliver`` raised."""
        stop, faulty = asyncio.create_task(self._stop.wait()), asyncio.create_task(self._faulty.wait())
        for _ in range(self.target):
            self._open_lane()
        try:
            while not self._stop.is_set():
                running = [lane.task for lane in self.lanes if lane.task is not None]
                await asyncio.wait([stop, faulty, *running], timeout=_TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                self._reap()
                self._look_after()
        finally:
            stop.cancel()
            faulty.cancel()
            await self._close_lanes()

    def _reap(self) -> None:
        """Lanes that ended: retired ones, and ones whose worker does not come back, which is fatal only for the last. Raises
        what a delivery raised."""
        if self._fault is not None:
            raise self._fault
        lost: RayLineageError | None = None
        for lane in [lane for lane in self.lanes if lane.task is not None and lane.task.done()]:
            self.lanes.remove(lane)
            assert lane.task is not None
            if lane.task.cancelled():
                continue
            error = lane.task.exception()
            if isinstance(error, LaneLost):
                lost = error.error
                self.last_failure = lost.message
                self.scaler.failed(len(self.lanes))
            elif error is not None:
                raise error
        if lost is not None and not self.lanes and not (self.scheduler.idle and self._sharing is None):
            raise lost

    def _look_after(self) -> None:
        now = self._clock()
        if self.draining and now - self._drained_at > _DRAIN_SECONDS:
            self._abandon()
        self.admission.gate.observe(*self._crew.memory(), now)
        free = self._crew.store_free()
        if free is not None:
            self.admission.observe_store(free, now)
        pending = 0 if self.draining else self.scheduler.waiting + self.scheduler.in_flight
        pending += self._sharing is not None
        self.breaker.lanes = len(self.lanes)
        self.breaker.tick(now, pending=pending, why=self.admission.reason)
        if self.breaker.tripped:
            raise RayLineageError("RL233", self.breaker.tripped, help=LOGS_HELP)
        busy = sum(lane.state == "busy" for lane in self.lanes)
        self.target = self.scaler.target(
            now,
            lanes=len(self.lanes),
            busy=busy,
            backlog_seconds=self.scheduler.backlog_seconds(),
            memory_open=self.admission.gate.open(now),
        )
        cap = self._crew.cap()
        self._crew.want(self.target)
        for _ in range(min(self.target, cap) - len(self.lanes)):
            self._open_lane()
        for lane in self._idlest(len(self.lanes) - self.target):
            lane.retiring = True
            self._wake.set()
        self.scheduler.lanes = max(1, sum(not lane.retiring for lane in self.lanes))

    def _abandon(self) -> None:
        """Workers that are at something are ended; it is done another time."""
        for lane in self.lanes:
            if lane.state == "busy" and lane.task is not None and not lane.retiring:
                lane.retiring = True
                lane.task.cancel()
                if lane.batch is not None:
                    self.scheduler.failed(lane.batch, None)
        self._changed.set()

    def _idlest(self, count: int) -> list[Lane]:
        idle = [lane for lane in self.lanes if lane.state == "idle" and not lane.retiring]
        return sorted(idle, key=lambda lane: lane.last_busy)[: max(0, count)]

    def _open_lane(self) -> None:
        lane = Lane(self._crew.worker(self.opened), self._clock())
        self.opened += 1
        self.lanes.append(lane)
        lane.task = asyncio.create_task(self._lane(lane), name=lane.name)

    async def _close_lanes(self) -> None:
        tasks = [*self._deliveries, *(lane.task for lane in self.lanes if lane.task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self.lanes:
            lane.worker.dismiss()
        self.lanes.clear()

    async def _lane(self, lane: Lane) -> None:
        try:
            await self._serve(lane)
        finally:  # a worker that did not come up would take a CPU whenever there is one again
            lane.worker.dismiss()

    async def _serve(self, lane: Lane) -> None:
        await self._ready(lane)
        while not (lane.retiring or self._stop.is_set()):
            batch = self._next()
            lot = self._sharing.next(lane.name) if batch is None and self._sharing is not None else None
            if batch is None and lot is None:
                self._wake.clear()
                await happens(self._wake, _IDLE_SECONDS)
                await self._look_at_idle(lane)
                continue
            lane.state, lane.batch, lane.since = "busy", batch, self._clock()
            finished = await (self._work(lane, batch) if batch is not None else self._link(lane, lot))
            lane.batch, lane.since = None, self._clock()
            lane.last_busy = lane.since
            if finished:
                lane.state = "idle"
                continue
            self._lost(lane, self.last_failure)
            await self._ready(lane)
            await self._blame_late(lane)

    async def _look_at_idle(self, lane: Lane) -> None:
        """One that died though it had nothing to do is seen before it has."""
        if self._clock() - lane.looked < _ALIVE_SECONDS:
            return
        lane.looked = self._clock()
        if not await lane.worker.alive():
            self._lost(lane, "it died while it had nothing to do")
            await self._ready(lane)

    def _lost(self, lane: Lane, reason: str) -> None:
        self.restarts += 1
        lane.state = "restarting"
        _LOG.warning("%s was lost and is made again: %s", lane.name, reason)

    async def _ready(self, lane: Lane) -> None:
        try:
            await lane.worker.ready()
        except RayLineageError as error:
            raise LaneLost(error) from error
        lane.state, lane.since = "idle", self._clock()
        self.ever_up += not lane.was_up
        lane.was_up = True

    def _next(self) -> Batch | None:
        if self.draining:
            return None
        return self.admission.cut(self.scheduler, self._clock())

    # ------------------------------------------------------------------ one batch

    async def _work(self, lane: Lane, batch: Batch) -> bool:
        """One batch through a worker. False if it has to be done again."""
        self._receiver.started(batch, self._waited(batch))
        parsed = False
        try:
            tasks, unsent = await self._receiver.prepare(batch)
            report, payload = await lane.worker.parse(tasks, patience.HANGS_SECONDS) if tasks else (_NOTHING, [])
            parsed = True
        except WorkerLost as error:
            death = await lane.worker.post_mortem(_BLAME_SECONDS) if error.died else Death("")
            await self._again(lane, batch, error.reason, death or Death(""))
            lane.unblamed = batch if death is None else None
            return False
        finally:
            if not parsed:
                self.admission.done(batch)
        if report.node:  # this process itself is seen with every tick
            self.admission.gate.observe(report.node, report.memory, self._clock())
        if sum(not m.container for m in report.metas) < len(tasks):  # it was hurried
            batch = self._shortened(batch, {m.path for m in (*unsent, *report.metas)})
        self.admission.parsed(batch, sum(m.facts_size for m in report.metas))
        delivery = asyncio.create_task(self._deliver(lane, batch, unsent, report, payload))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._delivered)
        return True

    async def _link(self, lane: Lane, lot: Lot | None) -> bool:
        """A lot through a worker. False if the worker has to be made anew."""
        sharing, catalog = self._sharing, self._catalog
        assert lot is not None and sharing is not None
        plan = msgspec.structs.replace(sharing.plan, tasks=lot.tasks)
        try:
            facts = await self._receiver.facts(lot.tasks) if lot.sent else []
            report, share = await lane.worker.link(plan, catalog, facts, patience.HANGS_SECONDS)
            if report.linked:
                await self._receiver.linked(share)
            sharing.done(lot, report)
        except (WorkerLost, PayloadLost) as error:
            self.last_failure = str(error)
            self.breaker.failed(lane.name, self._clock(), str(error), None)
            sharing.failed(lot, str(error), await self._overran(lane, error))
            return not isinstance(error, WorkerLost)
        finally:
            self._wake.set()
            self._changed.set()
        self.breaker.finished(lane.name, self._clock())
        if report.node:
            self.admission.gate.observe(report.node, report.memory, self._clock())
        return True

    async def _overran(self, lane: Lane, error: Exception) -> str:
        """Which file took its limit, if that is what ended the worker."""
        if not isinstance(error, WorkerLost) or not error.died:
            return ""
        death = await lane.worker.post_mortem(_BLAME_SECONDS)
        return death.path if death is not None and death.overtime else ""

    def _shortened(self, batch: Batch, done: set[str]) -> Batch:
        """Without the files that wait again now."""
        short = self.scheduler.shortened(batch, done)
        left = [t for t in batch.tasks if t.file.path not in done]
        self._waits_from_now(t for t in left if self.scheduler.priority(t.file.path) is not None)
        return short

    async def _deliver(
        self, lane: Lane, batch: Batch, unsent: Sequence[Meta], report: Report, payload: Payload
    ) -> None:
        """What was parsed goes on to the graph; the lane goes on meanwhile."""
        try:
            believed = await self._receiver.deliver(batch, report, payload)
        except PayloadLost as error:  # with their node; the cache may have them
            await self._again(lane, batch, str(error), Death(""))
            return
        finally:
            self.admission.done(batch)
        self.breaker.finished(lane.name, self._clock())
        self.breaker.forgive(t.file.path for t in batch.tasks)
        metas = [*unsent, *believed]
        stale = self.scheduler.finished(batch, metas)
        self._receiver.done(batch, [m for m in metas if m.path not in stale])
        self._wake.set()
        self._changed.set()

    def _delivered(self, delivery: asyncio.Task[None]) -> None:
        self._deliveries.discard(delivery)
        if not delivery.cancelled() and delivery.exception() is not None:
            self._fault = self._fault or delivery.exception()
            self._faulty.set()

    def _waited(self, batch: Batch) -> list[float]:
        """Seconds for which each of its files waited, until now."""
        now = self._clock()
        return [now - self._since.pop(t.file.path, (0, now))[1] for t in batch.tasks]

    async def _again(self, lane: Lane, batch: Batch, reason: str, death: Death) -> None:
        """Queue a failed batch again, before anybody waits for a worker that may never come back."""
        culprit = death.path or None
        self.last_failure = reason
        self.breaker.failed(lane.name, self._clock(), reason, culprit)
        failed = self.scheduler.failed(batch, culprit, surely=death.overtime)
        aside = [self.scheduler.hold(task) for task in failed]
        self._waits_from_now(t for t in batch.tasks if self.scheduler.priority(t.file.path) is not None)
        self._wake.set()
        for held in aside:
            await self._set_aside(held, death)

    async def _blame_late(self, lane: Lane) -> None:
        """A worker that came back after its batch was queued again says what it had died on."""
        batch, lane.unblamed = lane.unblamed, None
        death = await lane.worker.post_mortem(_BLAME_SECONDS) if batch is not None else None
        if batch is None or death is None or all(t.file.path != death.path for t in batch.tasks):
            return
        task = self.scheduler.blame(death.path, surely=death.overtime)
        if task is not None:
            await self._set_aside(self.scheduler.hold(task), death)

    async def _set_aside(self, batch: Batch, death: Death) -> None:
        """The only file of a batch is not worked on again: it took its limit, or killed its workers."""
        file = batch.tasks[0].file
        metas = [overran(file.path, file.size)] if death.overtime else await self._receiver.set_aside(batch)
        stale = self.scheduler.finished(batch, metas)
        self.breaker.forgive(t.file.path for t in batch.tasks)
        self._receiver.done(batch, [m for m in metas if m.path not in stale])
        self._wake.set()
        self._changed.set()


class LaneLost(Exception):
    """A lane's worker does not come up or back: the others go on."""

    def __init__(self, error: RayLineageError) -> None:
        super().__init__(error.message)
        self.error = error


LOGS_HELP: Final = "see the worker logs of Ray"
_NOTHING: Final = Report([], "", 0.0, 0)
