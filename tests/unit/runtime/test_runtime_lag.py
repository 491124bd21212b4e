"""Lag is the age of the oldest change that is not in the graph."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.runtime.lag import Lag

_paths = st.sampled_from("abc")
_times = st.integers(0, 6).map(float)
_steps = st.lists(
    st.tuples(st.just("changed"), _paths, _times) | st.tuples(st.just("stored"), _paths, _times), max_size=30
)


@given(_steps)
def test_it_is_that_of_a_list_of_all_changes(steps: list[tuple[str, str, float]]) -> None:
    lag = Lag()
    waiting: set[tuple[str, float]] = set()
    for what, path, at in steps:
        getattr(lag, what)(path, at)
        if what == "changed":
            waiting.add((path, at))
        else:
            waiting = {(p, t) for p, t in waiting if p != path or t > at}
        oldest = min((t for _, t in waiting), default=None)
        assert lag.oldest() == oldest
        assert lag.seconds(10.0) == (0.0 if oldest is None else 10.0 - oldest)
        assert len(lag) == len({p for p, _ in waiting})


def test_a_commit_of_an_older_version_leaves_the_newer_change() -> None:
    lag = Lag()
    lag.changed("a", 100)
    lag.changed("a", 130)  # saved again while the first version was being read
    lag.stored("a", 110)
    assert lag.seconds(140) == 10
    lag.stored("a", 135)
    assert lag.seconds(140) == 0


def test_an_outage_counts_from_the_first_edit_of_any_class() -> None:
    """200 edits in 60 s while nothing is stored; seen again by the next session, then all committed."""
    lag = Lag()
    for second in range(60):
        for n in range(4):
            lag.changed(f"{second}.{n}", 1_000 + second)
        assert lag.seconds(1_000 + second) == second
    for second in range(60):
        lag.changed(f"{second}.0", 1_000 + second)
    assert (lag.seconds(1_060), len(lag)) == (60, 240)
    for second in range(60):
        for n in range(4):
            lag.stored(f"{second}.{n}")
    assert (lag.seconds(2_000), len(lag), lag._oldest) == (0, 0, [])


def test_the_oldest_stays_exact_of_a_file_that_is_saved_all_the_time() -> None:
    lag = Lag()
    for second in range(1_000):
        lag.changed("hot", float(second))
    assert lag.oldest() == 0
    lag.stored("hot", 999)
    assert lag.oldest() is None


def test_what_a_pass_has_stored_waits_no_more() -> None:
    lag = Lag()
    for path, at in (("a", 10), ("b", 20), ("unreadable", 5), ("saved meanwhile", 40)):
        lag.changed(path, at)
    lag.all_stored(30, {"unreadable"})
    assert (len(lag), lag.oldest()) == (2, 5)
    lag.stored("unreadable")
    assert lag.oldest() == 40


def test_a_clock_that_is_wrong_gives_no_negative_age() -> None:
    lag = Lag()
    lag.changed("a", 100)
    assert lag.seconds(90) == 0


def test_it_costs_microseconds() -> None:
    lag = Lag()
    began = time.process_time()
    for n in range(100_000):
        lag.changed(str(n), float(n))
    for n in range(100_000):
        lag.stored(str(n))
        lag.seconds(200_000)
    assert time.process_time() - began < 5
