"""What the pool makes of its machines, without a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from ray_lineage.compile import CompileOptions
from ray_lineage.model import Priority, SourceFile
from ray_lineage.runtime.crew import Death, Report, WorkerLost
from ray_lineage.runtime.parse import GIVEN_UP, Meta, Task
from ray_lineage.runtime.pool import Lane, Pool
from ray_lineage.runtime.scheduler import Batch
from ray_lineage.settings import Settings
from tests.unit.runtime.fakes import FakeCrew


def test_a_pool_with_nothing_to_do_is_not_held_up() -> None:
    now = 0.0
    pool = Pool(Settings(), FakeCrew(), cast(Any, None), clock=lambda: now)
    pool.add([Task(SourceFile("a", "/", "a", 10, 0, 0, 0, int(Priority.BATCH)), CompileOptions())])
    pool.admission.gate.observe("head", 0.9, now)
    batch = pool._next()
    assert batch is not None  # one may always start
    assert pool.admission.reason == "memory of node head is at 90 %"
    now = 2.0
    assert pool._next() is None
    assert pool.admission.reason == ""
    assert pool.admission.closed_seconds(1_000.0) == {"memory": 2.0}


def test_the_file_at_work_is_the_one_that_takes_longest() -> None:
    pool = Pool(Settings(), FakeCrew(), cast(Any, None), clock=lambda: 0.0)
    assert pool.at_work == ""
    pool.lanes = [Lane(cast(Any, _Lost()), since) for since in (1.0, 5.0, 3.0)]
    assert pool.at_work == ""
    for number, path in enumerate(("late", "early"), 1):
        pool.lanes[number].batch = Batch(number, Priority.BATCH, (_task(path, Priority.BATCH),), 0.0, 10, big=False)
    assert pool.at_work == "early"


class _Receiver:
    """Hears of starts."""

    def __init__(self) -> None:
        self.waited: list[tuple[int, list[float]]] = []

    def started(self, batch: Batch, waits: Sequence[float]) -> None:
        self.waited.append((batch.priority, list(waits)))

    async def prepare(self, batch: Batch) -> tuple[Sequence[Task], Sequence[Any]]:
        return batch.tasks, ()


class _Lost:
    """A worker that is lost with whatever it gets."""

    name = "parse-0"

    async def parse(self, tasks: Sequence[Task], seconds: float) -> tuple[Report, Any]:
        raise WorkerLost("its node is gone", died=False)


class _Gone(_Lost):
    """One that dies; its next incarnation comes late and knows the culprit."""

    knows: str | None = None

    async def parse(self, tasks: Sequence[Task], seconds: float) -> tuple[Report, Any]:
        raise WorkerLost("killed", died=True)

    async def post_mortem(self, seconds: float) -> Death | None:
        return Death(self.knows) if self.knows is not None else None


def test_a_batch_does_not_wait_for_blame_and_the_culprit_gets_it_later() -> None:
    class Receiver(_Receiver):
        aside: list[str] = []  # noqa: RUF012

        async def set_aside(self, batch: Batch) -> Sequence[Any]:
            self.aside.extend(t.file.path for t in batch.tasks)
            return ()

        def done(self, batch: Batch, metas: Sequence[Any]) -> None: ...

    receiver, worker = Receiver(), _Gone()
    pool = Pool(Settings(), FakeCrew(), cast(Any, receiver), clock=lambda: 0.0)
    lane = Lane(cast(Any, worker), 0.0)
    pool.add([_task(p, Priority.BATCH) for p in ("a", "killer", "b")])
    for death in range(3):
        while (batch := pool._next()) is not None and all(t.file.path != "killer" for t in batch.tasks):
            pool.scheduler.finished(batch, ())
            pool.admission.done(batch)
        assert batch is not None
        worker.knows = None
        asyncio.run(pool._work(lane, batch))
        assert all(pool.has(t.file.path) for t in batch.tasks)  # at once
        worker.knows = "killer"
        asyncio.run(pool._blame_late(lane))
        assert receiver.aside == (["killer"] if death == 2 else [])
    assert not pool.has("killer")


def test_a_file_that_took_its_limit_is_given_up_at_the_first_time() -> None:
    class Receiver(_Receiver):
        metas: list[Meta] = []  # noqa: RUF012

        def done(self, batch: Batch, metas: Sequence[Any]) -> None:
            self.metas.extend(metas)

    class Overtime(_Gone):
        async def post_mortem(self, seconds: float) -> Death | None:
            return Death("slow", True)

    receiver = Receiver()
    pool = Pool(Settings(), FakeCrew(), cast(Any, receiver), clock=lambda: 0.0)
    pool.add([_task(p, Priority.BATCH) for p in ("a", "slow", "b")])
    batch = pool._next()
    assert batch is not None
    asyncio.run(pool._work(Lane(cast(Any, Overtime()), 0.0), batch))
    assert [(m.path, m.outcome, m.diagnostic and m.diagnostic.code) for m in receiver.metas] == [
        ("slow", GIVEN_UP, "RL190")
    ]
    assert [pool.has(p) for p in ("a", "slow", "b")] == [True, False, True]


class _Hurried:
    """A worker that comes back after one file, because somebody saved another one meanwhile."""

    name = "parse-0"

    def __init__(self) -> None:
        self.pool: Pool | None = None
        self.hurries = 0

    def hurry(self) -> None:
        self.hurries += 1

    async def parse(self, tasks: Sequence[Task], seconds: float) -> tuple[Report, Any]:
        assert self.pool is not None
        if not self.hurries:
            self.pool.add([_task("urgent", Priority.CRITICAL)])
        return Report([Meta(tasks[0].file.path, "facts")], "", 0.0, 0), [b""]


class _Taker(_Receiver):
    """Takes what is delivered."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[list[str]] = []

    async def deliver(self, batch: Batch, report: Report, payload: Any) -> Sequence[Meta]:
        assert [t.file.path for t in batch.tasks] == [m.path for m in report.metas]
        return report.metas

    def done(self, batch: Batch, metas: Sequence[Meta]) -> None:
        self.taken.append([m.path for m in metas])


def test_a_save_ends_a_batch_after_the_file_at_hand() -> None:
    async def story() -> None:
        worker, taker = _Hurried(), _Taker()
        worker.pool = pool = Pool(Settings(), FakeCrew(), cast(Any, taker))
        lane = Lane(cast(Any, worker), 0.0)
        pool.lanes.append(lane)
        pool.add([_task(p, Priority.BATCH) for p in ("a", "b", "c")])
        order: list[list[str]] = []
        while (batch := pool._next()) is not None:
            lane.state, lane.batch = "busy", batch
            order.append([t.file.path for t in batch.tasks])
            assert await pool._work(lane, batch)
        await asyncio.gather(*pool._deliveries)
        assert worker.hurries == 1
        assert order == [["a", "b", "c"], ["urgent"], ["b", "c"], ["c"]]
        assert taker.taken == [["a"], ["urgent"], ["b"], ["c"]]
        assert pool.idle and pool._since == {} and not pool.admission.ledger.in_flight

    asyncio.run(story())


def _task(path: str, priority: Priority) -> Task:
    return Task(SourceFile(path, "/", path, 10, 0, 0, 0, int(priority)), CompileOptions())


def test_how_long_a_file_waited_is_told_by_its_priority() -> None:
    now = 0.0
    receiver = _Receiver()
    pool = Pool(Settings(), FakeCrew(), cast(Any, receiver), clock=lambda: now)
    lane = Lane(cast(Any, _Lost()), now)

    def start() -> tuple[int, list[float]]:
        batch = pool._next()
        assert batch is not None
        asyncio.run(pool._work(lane, batch))
        return receiver.waited[-1]

    pool.add([_task("a", Priority.BATCH), _task("b", Priority.BATCH), _task("c", Priority.BATCH)])
    now = 4.0
    pool.add([_task("a", Priority.BATCH)])  # known already
    pool.add([_task("b", Priority.CRITICAL)])  # more urgent: a new wait
    pool.forget("c")
    now = 5.0
    assert start() == (Priority.CRITICAL, [1.0])
    now = 7.0  # what was lost waits anew, since 5
    assert start() == (Priority.CRITICAL, [2.0])
    pool.forget("b")
    assert start() == (Priority.BATCH, [7.0])
    pool.forget("a")
    assert pool._since == {}
