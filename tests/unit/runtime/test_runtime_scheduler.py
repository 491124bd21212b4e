"""The scheduler under any order of events: nothing lost, nothing twice in flight, the budget kept."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ray_lineage.compile import CompileOptions
from ray_lineage.model import Priority, SourceFile
from ray_lineage.runtime.ledger import Ledger
from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.runtime.scheduler import GUARD_EVERY, MAX_ATTEMPTS, MAX_BYTES, MAX_FILES, Batch, Scheduler


def task(path: str, priority: int = Priority.BATCH, size: int = 1_000) -> Task:
    return Task(SourceFile(path, "/", path, size, 0, 0, 0, int(priority)), CompileOptions())


def metas(batch: Batch) -> list[Meta]:
    return [Meta(t.file.path, "facts", size=t.file.size, seconds=0.001) for t in batch.tasks]


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(lanes=3)
        self.running: list[Batch] = []
        self.open: set[str] = set()  # added and not finished
        self.aside: set[str] = set()

    @rule(
        path=st.sampled_from([f"{i}" for i in range(12)]),
        priority=st.sampled_from(list(Priority)),
        size=st.sampled_from([10, 20_000, 2_000_000]),
    )
    def add(self, path: str, priority: Priority, size: int) -> None:
        self.scheduler.add([task(path, priority, size)])
        self.open.add(path)
        self.aside.discard(path)

    @rule()
    def cut(self) -> None:
        if len(self.running) < 3:
            batch = self.scheduler.cut()
            if batch is not None:
                assert len({t.file.priority for t in batch.tasks}) == 1
                assert len(batch.tasks) <= MAX_FILES
                assert len(batch.tasks) == 1 or batch.size <= MAX_BYTES
                self.running.append(batch)

    def _paths(self) -> list[str]:
        return [t.file.path for b in self.running for t in b.tasks]

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        batch = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        self.scheduler.finished(batch, metas(batch))
        waiting = set(self.scheduler._waiting)
        self.open -= {t.file.path for t in batch.tasks} - waiting

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        batch = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        culprit = data.draw(st.sampled_from([None, *(t.file.path for t in batch.tasks)]))
        aside = [t.file.path for t in self.scheduler.failed(batch, culprit)]
        assert set(aside) <= {culprit}
        self.open -= set(aside) - self.scheduler._waiting

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        paths = self._paths()
        assert len(paths) == len(set(paths)) == self.scheduler.in_flight
        assert set(paths) | self.scheduler._waiting >= self.open - self.aside
        assert not set(paths) & self.scheduler._waiting

    @invariant()
    def a_lane_stays_free_of_big_files(self) -> None:
        assert sum(b.big for b in self.running) <= 2


TestScheduler = Machine.TestCase
TestScheduler.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_the_most_urgent_first_but_none_starves() -> None:
    scheduler = Scheduler()
    scheduler.add([task("b0"), *(task(f"c{i:03}", Priority.CRITICAL, 100_000) for i in range(40))])
    cuts = [scheduler.cut() for _ in range(GUARD_EVERY)]
    assert [b.priority for b in cuts if b] == [Priority.CRITICAL] * (GUARD_EVERY - 1) + [Priority.BATCH]


def test_a_killer_is_set_aside_alone() -> None:
    scheduler = Scheduler()
    scheduler.add([task("a"), task("killer"), task("b")])
    deaths = 0
    while True:
        batch = scheduler.cut()
        if batch is None:
            break
        paths = [t.file.path for t in batch.tasks]
        if "killer" in paths:
            deaths += 1
            assert deaths == 1 or paths == ["killer"]
            aside = scheduler.failed(batch, "killer")
            assert [t.file.path for t in aside] == (["killer"] if deaths == MAX_ATTEMPTS else [])
        else:
            scheduler.finished(batch, metas(batch))
    assert deaths == MAX_ATTEMPTS
    assert scheduler.idle


def test_the_rate_is_learnt() -> None:
    scheduler = Scheduler()
    before = scheduler.estimate(task("x", size=100_000))
    for number in range(20):
        scheduler.add([task(f"{number}", size=100_000)])
        batch = scheduler.cut()
        assert batch is not None
        scheduler.finished(batch, [Meta("x", "facts", size=100_000, seconds=1.0)])
    assert scheduler.estimate(task("x", size=100_000)) > 3 * before


def test_the_ledger_keeps_its_budget() -> None:
    ledger = Ledger(100)
    assert ledger.admits(1_000, Priority.BATCH)  # one is always admitted
    ledger.take(90)
    assert not ledger.admits(20, Priority.BATCH)
    assert ledger.admits(20, Priority.CRITICAL)
    assert ledger.admits(10, Priority.BATCH)
    ledger.resize(90, 50)
    assert ledger.admits(50, Priority.BATCH)
    ledger.give_back(50)
    assert (ledger.in_flight, ledger.batches) == (0, 0)
