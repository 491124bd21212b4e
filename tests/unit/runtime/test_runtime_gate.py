"""The memory gate: shut from the limit until below the other mark, per node, by fresh observations alone."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ray_lineage.runtime.gate import FRESH_SECONDS, MemoryGate

NODES = st.sampled_from(["head", "a", "b"])


class Machine(RuleBasedStateMachine):
    """Beside the gate all that was observed: whether it has to be shut is read from that."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = MemoryGate(0.8)
        self.now = 1_000.0
        self.seen: dict[str, list[tuple[float, float]]] = {}

    @rule(node=NODES, share=st.sampled_from([0.0, 0.5, 0.74, 0.75, 0.77, 0.79, 0.8, 0.9, 1.0]))
    def observe(self, node: str, share: float) -> None:
        self.gate.observe(node, share, self.now)
        self.seen.setdefault(node, []).append((self.now, share))

    @rule(seconds=st.sampled_from([0.1, 1.0, 29.0, 30.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    def _shut(self, node: str) -> bool:
        """Going back in time, without a gap: is the limit reached before a share below the other mark?"""
        later = self.now
        for at, share in reversed(self.seen.get(node, [])):
            if later - at > FRESH_SECONDS or share < self.gate.resume:
                return False
            if share >= self.gate.limit:
                return True
            later = at
        return False

    @invariant()
    def it_is_shut_by_what_was_observed(self) -> None:
        shut = {n for n in self.seen if self._shut(n)}
        assert self.gate.open(self.now) == (not shut)
        assert bool(self.gate.reason) == bool(shut)
        assert not shut or any(f"node {n} is" in self.gate.reason for n in shut)

    @invariant()
    def the_fullest_is_fresh(self) -> None:
        last = {n: s[-1] for n, s in self.seen.items() if self.now - s[-1][0] <= FRESH_SECONDS}
        assert self.gate.fullest(self.now)[0] == max((share for _, share in last.values()), default=0.0)


TestGate = Machine.TestCase
TestGate.settings = settings(max_examples=100, stateful_step_count=40)


def test_it_says_which_node_is_full() -> None:
    gate = MemoryGate()
    gate.observe("10.0.0.7", 0.70, 0.0)
    gate.observe("10.0.0.8", 0.838, 0.0)
    assert not gate.open(1.0)
    assert gate.reason == "memory of node 10.0.0.8 is at 84 %"
    gate.observe("10.0.0.8", 0.76, 2.0)
    assert not gate.open(2.0)
    gate.observe("10.0.0.8", 0.74, 3.0)
    assert gate.open(3.0)
    assert gate.reason == ""


def test_a_node_that_fell_silent_holds_nobody_up() -> None:
    gate = MemoryGate()
    gate.observe("lost", 0.99, 0.0)
    assert not gate.open(FRESH_SECONDS)
    assert gate.open(FRESH_SECONDS + 0.1)


def test_a_node_that_was_silent_starts_afresh() -> None:
    gate = MemoryGate()
    gate.observe("head", 0.85, 0.0)
    gate.observe("head", 0.78, FRESH_SECONDS + 1)
    assert gate.open(FRESH_SECONDS + 1)


def test_marks_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot open it again at"):
        MemoryGate(0.8, 0.9)
