"""When hints are due: every one exactly once, not too early, never too late."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ray_lineage.sources.debounce import Debouncer


def test_a_batch_is_due_a_window_after_its_last_hint() -> None:
    debouncer = Debouncer(2.0, 100)
    debouncer.note("b", 10.0)
    debouncer.note("a", 11.0)
    debouncer.note("b", 11.5)
    assert debouncer.deadline() == 13.5
    assert debouncer.due(13.4) == []
    assert len(debouncer) == 2
    assert debouncer.due(13.5) == ["b", "a"]
    assert (debouncer.due(99.0), debouncer.deadline(), len(debouncer)) == ([], None, 0)


def test_constant_activity_does_not_starve() -> None:
    debouncer = Debouncer(2.0, 100)
    now = 0.0
    while not (due := debouncer.due(now)):
        debouncer.note("a", now)
        now += 1.0
    assert (due, now) == (["a"], 20.0)


def test_max_wait_is_at_least_a_second() -> None:
    debouncer = Debouncer(0.01, 100)
    debouncer.note("a", 0.0)
    for step in range(1, 110):
        debouncer.note("b", step * 0.009)
    assert debouncer.deadline() == pytest.approx(109 * 0.009 + 0.01)
    debouncer.note("b", 0.995)
    assert debouncer.deadline() == 1.0


def test_threshold_counts_distinct_paths() -> None:
    debouncer = Debouncer(60.0, 2)
    debouncer.note("a", 0.0)
    debouncer.note("a", 1.0)
    assert debouncer.due(1.0) == []
    debouncer.note("b", 2.0)
    assert debouncer.due(2.0) == ["a", "b"]


def test_flush_takes_what_waits() -> None:
    debouncer = Debouncer(60.0, 100)
    debouncer.note("b", 0.0)
    debouncer.note("a", 0.0)
    assert debouncer.flush() == ["b", "a"]
    assert debouncer.flush() == []


@pytest.mark.parametrize("debouncer", [Debouncer(0.0, 100), Debouncer(60.0, 100, enabled=False)])
def test_without_batching_every_hint_is_due_at_once(debouncer: Debouncer) -> None:
    debouncer.note("a", 5.0)
    assert debouncer.deadline() == 5.0
    assert debouncer.due(5.0) == ["a"]


@pytest.mark.parametrize(("window", "threshold", "max_wait"), [(-1.0, 1, None), (1.0, 0, None), (1.0, 1, -1.0)])
def test_values_that_make_no_sense(window: float, threshold: int, max_wait: float | None) -> None:
    with pytest.raises(ValueError, match="must be"):
        Debouncer(window, threshold, max_wait)


class Machine(RuleBasedStateMachine):
    """Against a model that keeps, per path, the times of its hints. Times are whole milliseconds / 1024: exact floats."""

    @initialize(
        window=st.integers(0, 3000), threshold=st.integers(1, 6), longest=st.integers(0, 9000), enabled=st.booleans()
    )
    def begin(self, window: int, threshold: int, longest: int, enabled: bool) -> None:
        self.window = window / 1024 if enabled else 0.0
        self.threshold, self.longest = threshold, longest / 1024
        self.debouncer = Debouncer(window / 1024, threshold, self.longest, enabled)
        self.now = 1000.0
        self.waiting: dict[str, list[float]] = {}

    @rule(path=st.sampled_from("abcdefgh"))
    def note(self, path: str) -> None:
        self.debouncer.note(path, self.now)
        self.waiting.setdefault(path, []).append(self.now)

    @rule(step=st.integers(1, 2000))
    def time_goes_on(self, step: int) -> None:
        """The caller asks at each deadline on the way, as it must."""
        end = self.now + step / 1024
        while (deadline := self.debouncer.deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            assert self.take(self.debouncer.due(self.now)), "a deadline without anything due"
        self.now = end

    @rule()
    def ask(self) -> None:
        self.take(self.debouncer.due(self.now))

    @precondition(lambda self: self.waiting)
    @rule()
    def flush(self) -> None:
        assert self.debouncer.flush() == list(self.waiting)
        self.waiting.clear()

    def take(self, paths: list[str]) -> bool:
        if not paths:
            return False
        assert paths == list(self.waiting), "each hint once, all of the batch, in the order of the first hints"
        hints = [t for times in self.waiting.values() for t in times]
        quiet = self.now - max(hints) >= self.window
        full = len(paths) >= self.threshold
        late = self.now - min(hints) >= self.longest
        assert quiet or full or late, "too early"
        assert self.now - min(hints) <= self.longest or min(hints) == self.now, "too late"
        self.waiting.clear()
        return True

    @invariant()
    def counts(self) -> None:
        if hasattr(self, "debouncer"):
            assert len(self.debouncer) == len(self.waiting)
            assert (self.debouncer.deadline() is None) == (not self.waiting)


Machine.TestCase.settings = settings(max_examples=80, stateful_step_count=40)
TestDebouncer = Machine.TestCase
