"""The scheduler under any order of events: nothing lost, nothing twice in flight, the budget kept."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ray_lineage.compile import CompileOptions
from ray_lineage.model import Priority, SourceFile
from ray_lineage.runtime.ledger import Ledger
from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.runtime.scheduler import (
    CLOSED,
    GUARD_EVERY,
    MAX_ATTEMPTS,
    MAX_BYTES,
    MAX_FILES,
    PER_FILE_SECONDS,
    Batch,
    Scheduler,
)


def task(path: str, priority: int = Priority.BATCH, size: int = 1_000) -> Task:
    return Task(SourceFile(path, "/", path, size, 0, 0, 0, int(priority)), CompileOptions())


def metas(batch: Batch) -> list[Meta]:
    return [Meta(t.file.path, "facts", size=t.file.size, seconds=t.file.size / 600_000) for t in batch.tasks]


BUDGET = 2_500_000
BIG = 2_000_000
FILES = 6
PATHS = st.sampled_from([f"{i}" for i in range(FILES)])


class Machine(RuleBasedStateMachine):
    """Beside the scheduler a model of what it owes: sets and dictionaries, without any order."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(lanes=3)
        self.ledger = Ledger(BUDGET)
        self.held: dict[int, int] = {}
        self.running: list[Batch] = []
        self.waiting: dict[str, tuple[int, int]] = {}  # path -> priority, size
        self.again: dict[str, tuple[int, int]] = {}
        self.forgotten: set[str] = set()
        self.attempts: dict[str, int] = {}
        self.passed = dict.fromkeys(map(int, Priority), 0)

    def flying(self) -> dict[str, int]:
        return {t.file.path: b.priority for b in self.running for t in b.tasks}

    @rule(path=PATHS, priority=st.sampled_from(list(Priority)), size=st.sampled_from([0, 10, 20_000, BIG]))
    def add(self, path: str, priority: Priority, size: int) -> None:
        self.scheduler.add([task(path, priority, size)])
        known = self.again if path in self.flying() else self.waiting
        known[path] = (min(int(priority), known.get(path, (9, 0))[0]), size)

    @rule(path=PATHS)
    def forget(self, path: str) -> None:
        self.scheduler.forget(path)
        self.waiting.pop(path, None)
        self.again.pop(path, None)
        self.attempts.pop(path, None)
        if path in self.flying():
            self.forgotten.add(path)

    @rule(path=PATHS)
    def retry(self, path: str) -> None:
        self.scheduler.retry(path)
        self.attempts.pop(path, None)

    @rule(lanes=st.integers(1, 4))
    def change_lanes(self, lanes: int) -> None:
        self.scheduler.lanes = lanes

    @rule()
    def cut(self) -> None:
        if len(self.running) >= self.scheduler.lanes:
            return
        alone = not self.running
        bigs = sum(b.big for b in self.running)
        batch = self.scheduler.cut(self.ledger.room())
        assert batch is not None or not alone or not self.waiting  # nothing waits for ever
        if batch is None:
            assert self.scheduler.lacks_room or all(size == BIG for _, size in self.waiting.values())
            return
        self.held[batch.number] = self.ledger.take(batch.size)
        if batch.priority != Priority.CRITICAL and not alone and batch.size:
            assert self.ledger.in_flight <= BUDGET
        assert not batch.big or self.scheduler.lanes == 1 or bigs < self.scheduler.lanes - 1
        assert len(batch.tasks) <= MAX_FILES
        assert len(batch.tasks) == 1 or batch.size <= MAX_BYTES
        assert len(batch.tasks) == 1 or not any(self.attempts.get(t.file.path) for t in batch.tasks)
        startable = self._startable()
        for t in batch.tasks:
            assert self.waiting.pop(t.file.path) == (batch.priority, t.file.size)
        for priority in self.passed:
            served = priority == batch.priority or priority not in startable or self.scheduler.lacks_room
            self.passed[priority] = 0 if served else self.passed[priority] + 1
        self.running.append(batch)

    def _startable(self) -> set[int]:
        """Classes with a file that may start, whatever runs."""
        return {p for p, size in self.waiting.values() if size < BIG}

    def _back(self, data: st.DataObject) -> Batch:
        batch = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        self.ledger.give_back(self.held.pop(batch.number))
        return batch

    def _stale(self, batch: Batch) -> set[str]:
        return {t.file.path for t in batch.tasks} & (self.again.keys() | self.forgotten)

    def _again(self, path: str) -> None:
        if path in self.again:
            self.waiting[path] = self.again.pop(path)
        self.forgotten.discard(path)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def shorten(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.running) - 1))
        batch = self.running[place]
        done = data.draw(st.integers(1, len(batch.tasks)))
        kept = {t.file.path for t in batch.tasks[:done]}
        self.running[place] = short = self.scheduler.shortened(batch, kept)
        assert short.number == batch.number
        assert short.tasks == batch.tasks[:done]
        for t in batch.tasks[done:]:
            if t.file.path not in self.again and t.file.path not in self.forgotten:
                self.waiting[t.file.path] = (batch.priority, t.file.size)
            self._again(t.file.path)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        batch = self._back(data)
        stale = self._stale(batch)
        assert self.scheduler.stale(batch) == stale
        assert self.scheduler.finished(batch, metas(batch)) == stale
        for t in batch.tasks:
            self._again(t.file.path)
            self.attempts.pop(t.file.path, None)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        batch = self._back(data)
        culprit = data.draw(st.sampled_from([None, "a file of an earlier batch", *(t.file.path for t in batch.tasks)]))
        aside = {t.file.path for t in self.scheduler.failed(batch, culprit)}
        expected = set()
        for t in batch.tasks:
            path = t.file.path
            count = self.attempts.get(path, 0) + (path == culprit)
            changed, gone = path in self.again, path in self.forgotten
            if changed and not gone:
                self.again[path] = (min(batch.priority, self.again[path][0]), self.again[path][1])
            self._again(path)
            self.attempts[path] = count if changed or not gone else 0
            if not changed and not gone:
                if path == culprit and count >= MAX_ATTEMPTS:
                    expected.add(path)
                else:
                    self.waiting[path] = (batch.priority, t.file.size)
        assert aside == expected

    @invariant()
    def it_owes_what_the_model_owes(self) -> None:
        assert self.scheduler.waiting == len(self.waiting)
        assert self.scheduler.in_flight == len(self.flying()) == sum(len(b.tasks) for b in self.running)
        assert not self.flying().keys() & self.waiting.keys()
        priorities = [p for p, _ in self.waiting.values()]
        assert self.scheduler.by_priority() == {int(p): priorities.count(int(p)) for p in Priority}
        size = sum(size for _, size in self.waiting.values())
        seconds = size / self.scheduler.rate + PER_FILE_SECONDS * len(self.waiting)
        assert math.isclose(self.scheduler.backlog_seconds(), seconds)

    @invariant()
    def blame_is_exact(self) -> None:
        assert self.scheduler._attempts == {p: count for p, count in self.attempts.items() if count}

    @invariant()
    def it_knows_how_urgent_each_is(self) -> None:
        flying = {p: priority for p, priority in self.flying().items() if p not in self.forgotten}
        for path in map(str, range(FILES)):
            known = [*(d[path][0] for d in (self.waiting, self.again) if path in d)]
            known += [flying[path]] if path in flying else []
            assert self.scheduler.priority(path) == min(known, default=None)

    @invariant()
    def no_class_starves(self) -> None:
        """One more than the rule says: a class that was long held up by big files comes before one whose turn it is."""
        for priority in self.passed.keys() - self._startable():
            self.passed[priority] = 0
        assert max(self.passed.values()) <= GUARD_EVERY

    @invariant()
    def the_ledger_adds_up(self) -> None:
        assert self.ledger.batches == len(self.running)
        assert self.ledger.in_flight == sum(self.held.values())

    def teardown(self) -> None:
        """Everything comes out in the end."""
        for batch in self.running:
            self.scheduler.finished(batch, metas(batch))
            self.waiting |= {t.file.path: self.again[t.file.path] for t in batch.tasks if t.file.path in self.again}
        while (batch := self.scheduler.cut()) is not None:
            for t in batch.tasks:
                del self.waiting[t.file.path]
            assert self.scheduler.finished(batch, metas(batch)) == set()
        assert not self.waiting
        assert self.scheduler.idle


TestScheduler = Machine.TestCase
TestScheduler.settings = settings(max_examples=150, stateful_step_count=40)


@given(st.lists(st.tuples(st.sampled_from(list(Priority)), st.integers(0, 3)), max_size=60))
def test_with_room_for_all_a_class_is_passed_over_seven_times_at_most(steps: list[tuple[Priority, int]]) -> None:
    scheduler = Scheduler(lanes=2)
    passed = dict.fromkeys(map(int, Priority), 0)
    added = 0
    for priority, cuts in steps:
        for _ in range(3):
            scheduler.add([task(f"{added}", priority, 100_000)])
            added += 1
        for _ in range(cuts):
            before = scheduler.by_priority()
            batch = scheduler.cut()
            if batch is None:
                break
            scheduler.finished(batch, metas(batch))
            for other in passed:
                passed[other] = passed[other] + 1 if before[other] and other != batch.priority else 0
            assert max(passed.values()) < GUARD_EVERY


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


def test_a_class_that_never_empties_does_not_starve_those_that_came_later() -> None:
    scheduler = Scheduler()
    scheduler.add(task(f"c{i:03}", Priority.CRITICAL, 100_000) for i in range(100))
    scheduler.cut()
    scheduler.add([task("n", Priority.NORMAL), task("b", Priority.BATCH)])
    cuts = [scheduler.cut() for _ in range(GUARD_EVERY)]
    assert [b.priority for b in cuts if b][-2:] == [Priority.NORMAL, Priority.BATCH]


def test_urgent_work_does_not_wait_for_the_room_of_a_class_whose_turn_it_is() -> None:
    scheduler = Scheduler()
    scheduler.add([task("b"), *(task(f"c{i:03}", Priority.CRITICAL, 100_000) for i in range(40))])
    cuts = [scheduler.cut(room=0) for _ in range(3 * GUARD_EVERY)]
    assert [b.priority for b in cuts if b] == [Priority.CRITICAL] * 3 * GUARD_EVERY
    assert scheduler.lacks_room
    late = scheduler.cut()
    assert late is not None and late.priority == Priority.BATCH


def test_a_closed_door_lets_no_empty_file_through() -> None:
    scheduler = Scheduler()
    scheduler.add([task("empty", size=0)])
    assert scheduler.cut(room=CLOSED) is None
    assert scheduler.cut(room=0) is not None


def test_a_big_file_that_had_to_wait_comes_first_once_it_may() -> None:
    scheduler = Scheduler(lanes=2)
    scheduler.add([task("big0", size=BIG), task("big1", size=BIG), *(task(f"s{i}", size=100_000) for i in range(9))])
    first, second = scheduler.cut(), scheduler.cut()
    assert first is not None and second is not None
    assert [t.file.path for t in second.tasks] == ["s0"]
    scheduler.finished(first, metas(first))
    third = scheduler.cut()
    assert third is not None and [t.file.path for t in third.tasks] == ["big1"]


def test_a_big_file_that_had_to_wait_and_became_small_waits_no_longer() -> None:
    scheduler = Scheduler(lanes=2)
    scheduler.add([task("big0", size=BIG), task("big1", size=BIG)])
    assert scheduler.cut() is not None
    assert scheduler.cut() is None
    scheduler.add([task("big1", size=10)])
    batch = scheduler.cut()
    assert batch is not None and [t.file.path for t in batch.tasks] == ["big1"]


def test_a_killer_that_changed_meanwhile_is_tried_once_more_and_alone() -> None:
    scheduler = Scheduler()
    scheduler.add([task("killer", size=1)])
    for _ in range(MAX_ATTEMPTS - 1):
        batch = scheduler.cut()
        assert batch is not None and not scheduler.failed(batch, "killer")
    batch = scheduler.cut()
    assert batch is not None
    scheduler.add([task("killer", size=2), task("other")])
    assert not scheduler.failed(batch, "killer")
    last = []
    while (batch := scheduler.cut()) is not None:
        last.append([t.file.path for t in batch.tasks])
        aside = scheduler.failed(batch, "killer") if last[-1] == ["killer"] else scheduler.finished(batch, metas(batch))
    assert sorted(last) == [["killer"], ["other"]]
    assert not aside or [t.file.size for t in aside] == [2]
    assert scheduler.idle


@pytest.mark.parametrize(("gone", "cuts"), [(False, [{"culprit"}, {"other"}]), (True, [{"culprit", "other"}])])
def test_blame_follows_a_file_that_changed_but_not_one_that_is_gone(gone: bool, cuts: list[set[str]]) -> None:
    scheduler = Scheduler()
    scheduler.add([task("culprit")])
    batch = scheduler.cut()
    assert batch is not None
    if gone:
        scheduler.forget("culprit")
    else:
        scheduler.add([task("culprit")])
    scheduler.failed(batch, "culprit")
    scheduler.add([task("culprit"), task("other")])
    found = []
    while (batch := scheduler.cut()) is not None:
        found.append({t.file.path for t in batch.tasks})
        scheduler.finished(batch, metas(batch))
    assert found == cuts


def test_one_set_aside_has_one_try_when_it_changes_and_three_when_it_is_retried() -> None:
    scheduler = Scheduler()

    def tries() -> int:
        scheduler.add([task("killer")])
        for count in range(1, 9):
            batch = scheduler.cut()
            assert batch is not None
            if scheduler.failed(batch, "killer"):
                return count
        raise AssertionError

    assert tries() == MAX_ATTEMPTS
    assert tries() == 1
    scheduler.retry("killer")
    assert tries() == MAX_ATTEMPTS


def test_a_file_that_goes_in_flight_is_not_done_again_unless_it_comes_back() -> None:
    scheduler = Scheduler()
    scheduler.add([task("gone"), task("back")])
    first = scheduler.cut()
    assert first is not None
    for path in ("gone", "back"):
        scheduler.forget(path)
    scheduler.add([task("back", Priority.NORMAL)])
    assert scheduler.finished(first, metas(first)) == {"gone", "back"}
    second = scheduler.cut()
    assert second is not None and [(t.file.path, t.file.priority) for t in second.tasks] == [("back", Priority.NORMAL)]
    assert scheduler.finished(second, metas(second)) == set()
    assert scheduler.idle


def test_what_fails_and_changed_meanwhile_stays_as_urgent_but_not_for_a_file_that_was_gone() -> None:
    scheduler = Scheduler()
    scheduler.add([task("changed", Priority.CRITICAL), task("replaced", Priority.CRITICAL)])
    batch = scheduler.cut()
    assert batch is not None
    scheduler.forget("replaced")
    scheduler.add([task("changed"), task("replaced")])
    scheduler.failed(batch, None)
    assert [scheduler.priority(p) for p in ("changed", "replaced")] == [Priority.CRITICAL, Priority.BATCH]


def test_files_that_come_and_go_leave_nothing_behind() -> None:
    scheduler = Scheduler()
    scheduler.add([task("stays")])
    for _ in range(5_000):
        scheduler.add([task("draft")])
        scheduler.forget("draft")
    assert len(scheduler._queues[Priority.BATCH]) < 200
    batch = scheduler.cut()
    assert batch is not None and [t.file.path for t in batch.tasks] == ["stays"]


def test_an_event_costs_the_same_however_much_waits() -> None:
    def calls(files: int) -> int:
        """Function calls to cut everything, each cut finding the queue's big files not startable."""
        scheduler = Scheduler(lanes=2)
        scheduler.add(task(f"big{i}", Priority.NORMAL, BIG) for i in range(files))
        scheduler.add(task(f"small{i}", Priority.BATCH, 100_000) for i in range(100))
        running = scheduler.cut()
        count = 0

        def tick(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(tick)
        try:
            for _ in range(100):
                batch = scheduler.cut()
                assert batch is not None
                scheduler.finished(batch, metas(batch))
        finally:
            sys.setprofile(None)
        assert running is not None
        return count

    assert calls(2_000) < calls(100) + 15 * 2_000  # each big file is put by once, not looked at in every cut


def test_a_state_at_hand_is_told_from_a_newer_one() -> None:
    scheduler = Scheduler(lanes=2)
    old, new = task("a", size=10).file, task("a", size=11).file
    assert not scheduler.holds(old)
    scheduler.add([task("a", size=10)])
    assert scheduler.holds(old)  # waits
    assert not scheduler.holds(new)
    batch = scheduler.cut()
    assert batch is not None
    assert scheduler.holds(old)  # in flight
    scheduler.add([task("a", size=11)])
    assert scheduler.holds(new)  # to be done again
    scheduler.forget("a")
    assert not scheduler.holds(old)
    assert not scheduler.holds(new)
    scheduler.finished(batch, metas(batch))
    assert not scheduler.holds(old)
