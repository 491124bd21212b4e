"""Admission under any order of events: its limits are kept, it never gets stuck, and CRITICAL work waits for nothing but the
hard limit of memory."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ray_lineage.compile import CompileOptions
from ray_lineage.model import Priority, SourceFile
from ray_lineage.runtime.admission import HARD_MEMORY, Admission
from ray_lineage.runtime.gate import FRESH_SECONDS, MemoryGate
from ray_lineage.runtime.ledger import Ledger
from ray_lineage.runtime.parse import Task
from ray_lineage.runtime.scheduler import Batch, Scheduler

LANES = 3
BUDGET = 200_000
QUEUE_FILES = 4
UNACKNOWLEDGED = 2


def task(path: str, priority: int = Priority.BATCH, size: int = 1_000) -> Task:
    return Task(SourceFile(path, "/", path, size, 0, 0, 0, int(priority)), CompileOptions())


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(BUDGET)
        self.gate = MemoryGate()
        self.admission = Admission(self.ledger, self.gate, queue_files=QUEUE_FILES, unacknowledged=UNACKNOWLEDGED)
        self.scheduler = Scheduler(LANES)
        self.now = self.began = 100.0
        self.added = 0
        self.parsing: list[Batch] = []
        self.handed_over: list[Batch] = []
        self.memory = (0.0, 0.0)  # share, seen at
        self.store = (1.0, 0.0)

    @rule(
        priority=st.sampled_from(list(Priority)), size=st.sampled_from([0, 50, 25_000, 90_000]), files=st.integers(1, 3)
    )
    def add(self, priority: Priority, size: int, files: int) -> None:
        for _ in range(files):
            self.scheduler.add([task(f"{self.added}", priority, size)])
            self.added += 1

    @rule(share=st.sampled_from([0.5, 0.7, 0.78, 0.85, 0.96]))
    def observe_memory(self, share: float) -> None:
        self.gate.observe("head", share, self.now)
        self.memory = (share, self.now)

    @rule(free=st.sampled_from([0.05, 0.17, 0.25, 1.0]))
    def observe_store(self, free: float) -> None:
        self.admission.observe_store(free, self.now)
        self.store = (free, self.now)

    @rule(seconds=st.sampled_from([0.1, 5.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    def _memory(self) -> float:
        share, at = self.memory
        return share if self.now - at <= FRESH_SECONDS else 0.0

    def _free(self) -> float:
        free, at = self.store
        return free if self.now - at <= FRESH_SECONDS else 1.0

    @rule()
    def cut(self) -> None:
        if len(self.parsing) >= LANES:
            return
        before = self.scheduler.by_priority()
        files = sum(len(b.tasks) for b in self.handed_over)
        alone = not self.parsing and not self.handed_over
        batch = self.admission.cut(self.scheduler, self.now)
        if self._memory() >= HARD_MEMORY:
            assert batch is None
            assert not any(before.values()) or self.admission.reason == "memory of node head is at 96 %"
            return
        if before[Priority.CRITICAL]:
            assert batch is not None
        if batch is None:
            assert not any(before.values()) or not alone
            assert bool(any(before.values())) == bool(self.admission.reason)
            full = self._memory() >= self.gate.resume or self._free() < 0.20
            behind = len(self.handed_over) >= UNACKNOWLEDGED or files >= QUEUE_FILES
            assert not any(before.values()) or full or behind or self.scheduler.lacks_room
            return
        self.parsing.append(batch)
        if batch.priority == Priority.CRITICAL or alone:
            return
        assert self.admission.reason == ""
        assert self._memory() < self.gate.limit
        assert self._free() >= 0.15
        assert len(self.parsing) <= LANES
        assert len(self.handed_over) < UNACKNOWLEDGED
        assert files < QUEUE_FILES
        assert self.ledger.in_flight <= BUDGET or not batch.size

    @precondition(lambda self: self.parsing)
    @rule(data=st.data(), facts_bytes=st.sampled_from([0, 100, 60_000]))
    def parsed(self, data: st.DataObject, facts_bytes: int) -> None:
        batch = self.parsing.pop(data.draw(st.integers(0, len(self.parsing) - 1)))
        self.admission.parsed(batch, facts_bytes)
        self.handed_over.append(batch)

    @precondition(lambda self: self.handed_over)
    @rule(data=st.data())
    def acknowledged(self, data: st.DataObject) -> None:
        batch = self.handed_over.pop(data.draw(st.integers(0, len(self.handed_over) - 1)))
        self.admission.done(batch)
        self.scheduler.finished(batch, [])

    @precondition(lambda self: self.parsing or self.handed_over)
    @rule(data=st.data())
    def failed(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(self.parsing + self.handed_over))
        (self.parsing if batch in self.parsing else self.handed_over).remove(batch)
        self.admission.done(batch)
        self.scheduler.failed(batch, None)

    @invariant()
    def the_time_closed_adds_up(self) -> None:
        closed = self.admission.closed_seconds(self.now)
        assert closed.keys() <= {"memory", "object store", "writer", "queue", "bytes"}
        assert min(closed.values(), default=0.0) >= 0
        assert sum(closed.values()) <= self.now - self.began + 1e-6

    def teardown(self) -> None:
        """Memory and the store stay as full as they can without being at the hard limit: all the same everything ends."""
        for _ in range(10 * self.added + 20):
            for batch in [*self.parsing, *self.handed_over]:
                self.admission.done(batch)
                self.scheduler.finished(batch, [])
            self.gate.observe("head", 0.94, self.now)
            self.admission.observe_store(0.0, self.now)
            batch = self.admission.cut(self.scheduler, self.now)
            self.parsing, self.handed_over = [batch] if batch else [], []
        assert self.scheduler.idle
        assert self.ledger.batches == self.ledger.in_flight == 0
        assert self.admission.reason == ""


TestAdmission = Machine.TestCase
TestAdmission.settings = settings(max_examples=100, stateful_step_count=40)


def _with_work(lanes: int = 16) -> tuple[Admission, Scheduler]:
    scheduler = Scheduler(lanes)
    scheduler.add(task(f"{i:03}", size=100_000) for i in range(100))
    return Admission(Ledger(10**9), MemoryGate()), scheduler


def test_full_memory_lets_one_batch_through_at_a_time() -> None:
    admission, scheduler = _with_work()
    admission.gate.observe("head", 0.84, 0.0)
    first = admission.cut(scheduler, 0.0)
    assert first is not None
    assert admission.reason == "memory of node head is at 84 %"
    assert admission.cut(scheduler, 1.0) is None
    admission.parsed(first, 10)
    assert admission.cut(scheduler, 2.0) is None
    admission.done(first)
    assert admission.cut(scheduler, 3.0) is not None


def test_memory_at_the_hard_limit_stops_urgent_work_too() -> None:
    admission, scheduler = _with_work()
    scheduler.add([task("saved", Priority.CRITICAL)])
    admission.gate.observe("head", HARD_MEMORY, 0.0)
    assert admission.cut(scheduler, 0.0) is None
    admission.gate.observe("head", 0.9, 1.0)
    batch = admission.cut(scheduler, 1.0)
    assert batch is not None and batch.priority == Priority.CRITICAL


def test_the_object_store_closes_and_opens_at_two_marks() -> None:
    admission, scheduler = _with_work()
    assert admission.cut(scheduler, 0.0) is not None
    verdicts = []
    for second, free in enumerate([0.16, 0.149, 0.19, 0.21, 0.16]):
        admission.observe_store(free, float(second))
        verdicts.append(admission.cut(scheduler, float(second)) is not None)
    assert verdicts == [True, False, False, True, True]
    admission.observe_store(0.1, 10.0)
    assert admission.cut(scheduler, 10.0) is None
    assert admission.reason == "only 10 % of the object store is free"
    assert admission.cut(scheduler, 10.1 + FRESH_SECONDS) is not None


def test_a_writer_that_lags_behind_holds_up_the_lanes() -> None:
    admission, scheduler = _with_work()
    batches = []
    while (batch := admission.cut(scheduler, 0.0)) is not None:
        admission.parsed(batch, 10)
        batches.append(batch)
    assert len(batches) == 8
    assert admission.reason == "the writer has not acknowledged 8 batches"
    admission.done(batches[3])
    assert admission.cut(scheduler, 1.0) is not None


def test_files_that_wait_for_the_writer_hold_up_the_lanes() -> None:
    scheduler = Scheduler(16)
    scheduler.add(task(f"{i:03}", size=10) for i in range(1_000))
    admission = Admission(Ledger(10**9), MemoryGate(), queue_files=100)
    for _ in range(2):
        batch = admission.cut(scheduler, 0.0)
        assert batch is not None
        admission.parsed(batch, 10)
    assert admission.cut(scheduler, 0.0) is None
    assert admission.reason == "128 files wait for the writer"
    admission.queue_files = 128
    assert admission.cut(scheduler, 0.0) is None
    admission.queue_files = 129
    assert admission.cut(scheduler, 0.0) is not None


def test_what_is_acknowledged_is_no_longer_counted() -> None:
    scheduler = Scheduler(16)
    scheduler.add(task(f"{i:04}", size=10) for i in range(64 * 20))
    admission = Admission(Ledger(10**9), MemoryGate(), queue_files=100)
    running = admission.cut(scheduler, 0.0)
    for _ in range(19):
        batch = admission.cut(scheduler, 0.0)
        assert batch is not None and running is not None
        admission.parsed(running, 5_000)
        admission.done(running)
        running = batch
    assert scheduler.waiting == 0


def test_a_batch_is_held_for_its_facts_until_they_are_acknowledged() -> None:
    admission, scheduler = _with_work()
    batch = admission.cut(scheduler, 0.0)
    assert batch is not None
    assert admission.ledger.in_flight == 150_000  # the estimate: one and a half times the source
    admission.parsed(batch, 420_000)
    assert admission.ledger.in_flight == 420_000
    admission.done(batch)
    assert admission.ledger.in_flight == 0


def test_the_budget_of_bytes_says_so() -> None:
    scheduler = Scheduler(4)
    scheduler.add(task(f"{i}", size=100_000) for i in range(4))
    admission = Admission(Ledger(200_000), MemoryGate())
    assert admission.cut(scheduler, 0.0) is not None
    assert admission.cut(scheduler, 0.0) is None
    assert admission.reason == "150,000 bytes are in flight, of 200,000"


def test_the_time_closed_is_counted_by_reason_while_work_waits() -> None:
    admission, scheduler = _with_work()
    first = admission.cut(scheduler, 0.0)
    assert first is not None
    admission.gate.observe("head", 0.9, 10.0)
    assert admission.cut(scheduler, 10.0) is None
    admission.gate.observe("head", 0.5, 14.0)
    admission.observe_store(0.0, 14.0)
    assert admission.cut(scheduler, 14.0) is None
    assert admission.closed_seconds(15.0) == {"memory": 4.0, "object store": 1.0}
    for path in range(100):
        scheduler.forget(f"{path:03}")
    assert admission.cut(scheduler, 16.0) is None
    assert admission.closed_seconds(99.0) == {"memory": 4.0, "object store": 2.0}
    assert admission.reason == ""
