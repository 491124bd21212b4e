"""The circuit breaker: it stops a run that only fails or does not move, and no other."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ray_lineage.runtime.breaker import MOST_FAILURES, STALL_SECONDS, WITHIN_SECONDS, Breaker

LANES = 2


class Machine(RuleBasedStateMachine):
    """Beside the breaker the whole history, from which the verdict is computed anew."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(LANES)
        self.now = 0.0
        self.failures: list[tuple[float, str]] = []  # those that count
        self.blamed: set[str] = set()
        self.finishes: list[tuple[float, str]] = []
        self.moved_at = 0.0
        self.must_trip = False
        self.breaker.tick(0.0, pending=0)

    @rule(lane=st.sampled_from(["p0", "p1", "p2"]), culprit=st.sampled_from([None, None, "a", "b", "c"]))
    def fail(self, lane: str, culprit: str | None) -> None:
        self.now += 0.001
        self.breaker.failed(lane, self.now, "killed by signal 9", culprit)
        if culprit is None or culprit not in self.blamed:
            self.failures.append((self.now, lane))
            recent = [(at, who) for at, who in self.failures if self.now - at <= WITHIN_SECONDS]
            own = max((at for at, who in self.finishes if who == lane), default=-1.0)
            any_lane = max((at for at, _ in self.finishes), default=-1.0)
            self.must_trip |= sum(who == lane and at > own for at, who in recent) > MOST_FAILURES
            self.must_trip |= sum(at > any_lane for at, _ in recent) > MOST_FAILURES * LANES
        if culprit:
            self.blamed.add(culprit)

    @rule(lane=st.sampled_from(["p0", "p1", "p2"]))
    def finish(self, lane: str) -> None:
        self.now += 0.001
        self.breaker.finished(lane, self.now)
        self.finishes.append((self.now, lane))
        self.moved_at = self.now

    @rule(seconds=st.sampled_from([1.0, 20.0, 70.0, 590.0, STALL_SECONDS]), pending=st.sampled_from([0, 5]))
    def tick(self, seconds: float, pending: int) -> None:
        self.now += seconds
        self.breaker.tick(self.now, pending=pending)
        if not pending:
            self.moved_at = self.now
        self.must_trip |= self.now - self.moved_at >= STALL_SECONDS

    @invariant()
    def the_verdict_is_that_of_the_history(self) -> None:
        assert bool(self.breaker.tripped) == self.must_trip

    @invariant()
    def it_remembers_no_more_than_it_needs(self) -> None:
        assert len(self.breaker._all) <= len(self.failures)
        assert len(self.breaker._by_lane) <= 3


TestBreaker = Machine.TestCase
TestBreaker.settings = settings(max_examples=100, stateful_step_count=50)


def test_a_lane_that_only_fails() -> None:
    breaker = Breaker(4)
    for second in range(MOST_FAILURES):
        breaker.failed("parse-3", second, "cannot import name 'Expr'")
    assert breaker.tripped == ""
    breaker.failed("parse-3", 30.0, "cannot import name 'Expression'")
    expected = (
        "parse-3 failed 6 times within 60 s and finished nothing; the last error: cannot import name 'Expression'"
    )
    assert breaker.tripped == expected
    breaker.finished("parse-3", 31.0)
    assert breaker.tripped == expected


def test_many_lanes_that_fail_a_little() -> None:
    breaker = Breaker(2)
    for number in range(2 * MOST_FAILURES + 1):
        breaker.failed(f"parse-{number}", 0.1 * number, "node lost")
    assert breaker.tripped == (
        "parse actors failed 11 times within 60 s and none finished anything; the last error: node lost"
    )


def test_few_failures_and_many_finished_batches_are_life() -> None:
    breaker = Breaker(1)
    for second in range(100):
        breaker.failed("parse-0", second, "killed")
        breaker.finished("parse-0", second + 0.5)
    for number in range(10):
        breaker.failed("parse-0", 100 + 13 * number, "killed")  # never more than five in a minute
    assert breaker.tripped == ""


def test_files_that_kill_and_are_retried_last_do_not_stop_a_run_that_is_about_to_end() -> None:
    breaker = Breaker(1)
    killers = [f"k{i}" for i in range(30)]
    for second, killer in enumerate(killers):
        breaker.failed("parse-0", second, "killed", killer)
        breaker.finished("parse-0", second + 0.5)
    for second, killer in enumerate(killers + killers):
        breaker.failed("parse-0", 100 + 0.5 * second, "killed", killer)
    assert breaker.tripped == ""


def test_an_environment_in_which_every_file_kills_stops_the_run() -> None:
    breaker = Breaker(1)
    for number in range(MOST_FAILURES + 1):
        breaker.failed("parse-0", number, "killed", f"file {number}")
    assert breaker.tripped


def test_a_file_that_is_done_with_is_forgotten() -> None:
    breaker = Breaker(1)
    for number in range(10_000):
        breaker.failed("parse-0", 0.1 * number, "killed", f"file {number}")
        breaker.finished("parse-0", 0.1 * number)
        breaker.forgive([f"file {number}"])
    assert breaker.tripped == ""
    assert not breaker._blamed


def test_nothing_moves() -> None:
    breaker = Breaker(1, stall_seconds=100)
    breaker.tick(0.0, pending=0)
    breaker.tick(500.0, pending=0)  # an idle watcher
    breaker.tick(501.0, pending=7)
    breaker.tick(599.0, pending=7)
    assert breaker.tripped == ""
    breaker.tick(600.0, pending=7, why="memory of node head is at 97 %")
    assert breaker.tripped == ("nothing was finished for 100 s while 7 files wait (memory of node head is at 97 %)")
