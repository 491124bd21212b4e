"""The number of parse actors: quick up, slow down, never to and fro."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.runtime.scaling import START_SECONDS, Scaler

IDLE = 60.0

_STEP = st.tuples(
    st.sampled_from([0.2, 1.0, 5.0, 30.0, 59.0, 61.0]),  # seconds until then
    st.floats(0, 1),  # share of the lanes that are busy
    st.sampled_from([0.0, 0.5, 2.0, 10.0, 1_000.0]),  # backlog
    st.booleans(),  # memory open
)


@given(st.lists(_STEP, max_size=200), st.integers(0, 3), st.integers(3, 40))
def test_whatever_happens(steps: list[tuple[float, float, float, bool]], minimum: int, maximum: int) -> None:
    scaler = Scaler(minimum, maximum, idle_seconds=IDLE)
    now, lanes = 1_000.0, scaler.minimum
    turns: list[tuple[float, int]] = []
    for seconds, share, backlog, memory in steps:
        now += seconds
        target = scaler.target(now, lanes=lanes, busy=round(share * lanes), backlog_seconds=backlog, memory_open=memory)
        assert max(1, minimum) <= target <= maximum
        assert lanes - 1 <= target <= 2 * lanes
        if target > lanes:
            assert memory
            assert backlog > START_SECONDS * lanes
        direction = (target > lanes) - (target < lanes)
        if direction and (not turns or turns[-1][1] != direction):
            turns.append((now, direction))
        lanes = target
    for (earlier, _), (later, _) in itertools.pairwise(turns):
        assert later - earlier >= IDLE


@given(st.integers(0, 120), st.integers(1, 8), st.integers(1, 16))
def test_under_constant_load_the_target_settles(tenths: int, minimum: int, maximum: int) -> None:
    """So many tenths of a CPU second arrive each second; a lane works off a whole one. After half an hour nothing changes any more, and there
    are as many lanes as the load needs."""
    load, maximum = tenths / 10, max(minimum, maximum)
    scaler = Scaler(minimum, maximum, idle_seconds=IDLE)
    lanes, backlog, history = minimum, 0.0, []
    for second in range(4_000):
        backlog += load
        busy = min(lanes, math.ceil(backlog))
        backlog = max(0.0, backlog - lanes)
        lanes = scaler.target(float(second), lanes=lanes, busy=busy, backlog_seconds=backlog, memory_open=True)
        history.append(lanes)
    assert len(set(history[2_000:])) == 1
    assert lanes == min(maximum, max(minimum, math.ceil(load)))


def test_it_doubles_as_long_as_the_backlog_is_worth_it() -> None:
    scaler = Scaler(1, 16)
    targets, lanes = [], 1
    for second in range(0, 12, 2):
        lanes = scaler.target(float(second), lanes=lanes, busy=lanes, backlog_seconds=100.0, memory_open=True)
        targets.append(lanes)
    assert targets == [2, 4, 8, 16, 16, 16]


@pytest.mark.parametrize(
    ("backlog", "target"),
    [(0.0, 4), (6.0, 4), (6.1, 5), (9.0, 6), (12.0, 8), (1_000.0, 8)],
)
def test_how_many_the_backlog_is_worth(backlog: float, target: int) -> None:
    assert Scaler(1, 16).target(0.0, lanes=4, busy=4, backlog_seconds=backlog, memory_open=True) == target


def test_growth_waits_for_the_actors_that_start() -> None:
    scaler = Scaler(1, 16)
    targets = [
        scaler.target(now, lanes=lanes, busy=1, backlog_seconds=100.0, memory_open=True)
        for now, lanes in [(0.0, 1), (1.0, 2), (1.6, 2)]
    ]
    assert targets == [2, 2, 4]


def test_lanes_that_find_no_cpu_stay_wanted() -> None:
    scaler = Scaler(1, 16)
    times = [tick / 2 for tick in range(20)]
    targets = {scaler.target(t, lanes=3, busy=3, backlog_seconds=100.0, memory_open=True) for t in times}
    assert targets == {6}
    assert scaler.target(10.0, lanes=3, busy=3, backlog_seconds=6.5, memory_open=True) == 5


def test_a_lane_that_does_not_come_up_is_tried_again_with_the_next_growth() -> None:
    scaler = Scaler(1, 16)

    def target(now: float) -> int:
        return scaler.target(now, lanes=1, busy=1, backlog_seconds=100.0, memory_open=True)

    assert [target(0.0), target(0.5)] == [2, 2]
    scaler.failed(1)
    assert [target(1.0), target(1.4), target(1.5)] == [1, 1, 2]


def test_idle_lanes_go_one_after_the_other_and_the_last_stays() -> None:
    scaler = Scaler(0, 16, idle_seconds=10)
    lanes, at = 4, {}
    for second in range(100):
        target = scaler.target(float(second), lanes=lanes, busy=0, backlog_seconds=0.0, memory_open=True)
        if target != lanes:
            at[second] = target
        lanes = target
    assert at == {10: 3, 20: 2, 30: 1}


def test_lanes_that_were_needed_once_in_a_while_stay() -> None:
    scaler = Scaler(1, 16, idle_seconds=10)
    busy = [1, 1, 1, 3, 1, 0, 2]
    targets = {
        scaler.target(float(t), lanes=3, busy=busy[t % 7], backlog_seconds=0.0, memory_open=True) for t in range(200)
    }
    assert targets == {3}


def test_full_memory_stops_growth_and_lets_idle_lanes_go() -> None:
    scaler = Scaler(1, 16, idle_seconds=10)
    targets = [scaler.target(float(t), lanes=3, busy=1, backlog_seconds=1_000.0, memory_open=False) for t in range(11)]
    assert targets == [3] * 10 + [2]


def test_a_start_with_full_memory_has_one_lane() -> None:
    assert Scaler(4, 8).target(0.0, lanes=0, busy=0, backlog_seconds=9.0, memory_open=False) == 1
    assert Scaler(4, 8).target(0.0, lanes=0, busy=0, backlog_seconds=0.0, memory_open=True) == 4


def test_work_after_a_quiet_hour_finds_growth_at_once_but_not_right_after_a_turn() -> None:
    scaler = Scaler(1, 16, idle_seconds=10)

    def target(now: float, lanes: int, backlog: float) -> int:
        return scaler.target(now, lanes=lanes, busy=0, backlog_seconds=backlog, memory_open=True)

    assert [target(0.0, 8, 0.0), target(10.0, 8, 0.0)] == [8, 7]
    assert [target(11.0, 7, 100.0), target(19.9, 7, 100.0), target(20.0, 7, 100.0)] == [7, 7, 14]
    assert [target(30.0, 14, 0.0), target(40.0, 14, 0.0), target(50.0, 13, 0.0)] == [14, 13, 12]
    assert target(51.0, 12, 1_000.0) == 16


def test_fewer_machines_mean_fewer_lanes_at_once() -> None:
    scaler = Scaler(2, 16)
    scaler.maximum = 1
    assert scaler.target(0.0, lanes=9, busy=9, backlog_seconds=99.0, memory_open=True) == 1


@pytest.mark.parametrize(("minimum", "maximum"), [(-1, 4), (5, 4), (0, 0)])
def test_a_range_that_is_none_is_refused(minimum: int, maximum: int) -> None:
    with pytest.raises(ValueError, match="is no range"):
        Scaler(minimum, maximum)
