"""The scheduler under any order of events: nothing lost, nothing twice in flight, the budget kept."""

from __future__ import annotations

import math

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


BUDGET = 2_500_000


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(lanes=3)
        self.ledger = Ledger(BUDGET)
        self.held: dict[int, int] = {}
        self.running: list[Batch] = []
        self.wanted: dict[str, int] = {}  # the most urgent priority asked for since the path was last cut
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
        self.wanted[path] = min(priority, self.wanted.get(path, priority))

    @rule()
    def cut(self) -> None:
        if len(self.running) < 3:
            alone = not self.running
            batch = self.scheduler.cut(self.ledger.room())
            assert batch is not None or not alone or not self.scheduler.waiting  # nothing waits for ever
            if batch is not None:
                self.held[batch.number] = self.ledger.take(batch.size)
                if batch.priority != Priority.CRITICAL and not alone:
                    assert self.ledger.in_flight <= BUDGET
                for t in batch.tasks:
                    assert t.file.priority == self.wanted.pop(t.file.path)
                assert len({t.file.priority for t in batch.tasks}) == 1
                assert len(batch.tasks) <= MAX_FILES
                assert len(batch.tasks) == 1 or batch.size <= MAX_BYTES
                self.running.append(batch)

    def _back(self, batch: Batch) -> None:
        """The batch leaves the ledger, and what will be done again is wanted with the priority it had or has by now."""
        self.ledger.give_back(self.held.pop(batch.number))
        for t in batch.tasks:
            if t.file.path in self.scheduler._waiting:
                waiting = self.scheduler._waiting[t.file.path].file.priority
                self.wanted[t.file.path] = min(waiting, self.wanted.get(t.file.path, waiting))

    def _paths(self) -> list[str]:
        return [t.file.path for b in self.running for t in b.tasks]

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        batch = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        self.scheduler.finished(batch, metas(batch))
        self._back(batch)
        waiting = set(self.scheduler._waiting)
        self.open -= {t.file.path for t in batch.tasks} - waiting

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        batch = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        culprit = data.draw(st.sampled_from([None, *(t.file.path for t in batch.tasks)]))
        aside = [t.file.path for t in self.scheduler.failed(batch, culprit)]
        assert set(aside) <= {culprit}
        self._back(batch)
        self.open -= set(aside) - set(self.scheduler._waiting)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        paths = self._paths()
        assert len(paths) == len(set(paths)) == self.scheduler.in_flight
        waiting = set(self.scheduler._waiting)
        assert set(paths) | waiting >= self.open - self.aside
        assert not set(paths) & waiting
        queued = {p for q in self.scheduler._queues.values() for p in q}
        assert waiting <= queued

    @invariant()
    def the_ledger_adds_up(self) -> None:
        assert self.ledger.batches == len(self.running)
        assert self.ledger.in_flight == sum(self.held.values())

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
    ledger = Ledger(150)
    assert ledger.room() == math.inf  # one batch always fits
    held = ledger.take(80)
    assert (held, ledger.room()) == (120, 20)
    held = ledger.settle(held, 80, 120)
    assert (held, ledger.in_flight) == (120, 120)
    ledger.give_back(held)
    assert (ledger.in_flight, ledger.batches, ledger.peak) == (0, 0, 120)


def test_the_ledger_learns_how_large_facts_are() -> None:
    ledger = Ledger(10_000)
    for _ in range(30):
        ledger.give_back(ledger.settle(ledger.take(100), 100, 500))
    ledger.take(100)
    assert 1_850 < ledger.room() < 1_950  # (10,000 - 500) / 5


def test_urgent_work_needs_no_room_and_nothing_smaller_overtakes_what_waits_for_room() -> None:
    scheduler = Scheduler(lanes=4)
    scheduler.add([task("n", Priority.NORMAL, 5_000), task("b", Priority.BATCH, 10)])
    assert scheduler.cut(room=100) is None
    scheduler.add([task("c", Priority.CRITICAL, 50_000)])
    urgent = scheduler.cut(room=0)
    assert urgent is not None and [t.file.path for t in urgent.tasks] == ["c"]
    assert scheduler.cut(room=5_000) is not None


def test_a_waiting_file_that_becomes_urgent_moves_up_and_is_done_once() -> None:
    scheduler = Scheduler()
    scheduler.add([task(f"b{i}", size=100_000) for i in range(5)])
    scheduler.add([task("b4", Priority.CRITICAL, 200_000)])
    order = []
    while (batch := scheduler.cut()) is not None:
        order += [(t.file.path, t.file.size) for t in batch.tasks]
        scheduler.finished(batch, metas(batch))
    assert order == [("b4", 200_000), *((f"b{i}", 100_000) for i in range(4))]


def test_a_file_that_changes_in_flight_is_done_again_with_what_is_known_then() -> None:
    scheduler = Scheduler()
    scheduler.add([task("a", size=10)])
    first = scheduler.cut()
    scheduler.add([task("a", Priority.CRITICAL, 20)])
    scheduler.add([task("a", Priority.BATCH, 30)])
    assert scheduler.cut() is None
    assert first is not None
    scheduler.finished(first, metas(first))
    again = scheduler.cut()
    assert again is not None
    assert [(t.file.priority, t.file.size) for t in again.tasks] == [(Priority.CRITICAL, 30)]


def test_big_files_leave_a_lane_to_less_urgent_ones() -> None:
    scheduler = Scheduler(lanes=2)
    scheduler.add([task(f"big{i}", Priority.NORMAL, 2_000_000) for i in range(2)])
    scheduler.add([task("small", Priority.BATCH)])
    cuts = [scheduler.cut(), scheduler.cut(), scheduler.cut()]
    assert [[t.file.path for t in b.tasks] if b else None for b in cuts] == [["big0"], ["small"], None]
