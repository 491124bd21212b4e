"""Who does nothing is not waited for; who cannot is."""

from __future__ import annotations

from ray_lineage.patience import Patience, Sight

IDLE, BUSY = True, False


def over(*looks: tuple[float, Sight | None], seconds: float = 3.0) -> list[bool]:
    """What is thought at each moment, with a look every second."""
    patience = Patience(seconds, 1.0, 0.0)
    return [patience.is_over(sight, now) for now, sight in looks]


def test_one_that_sleeps_for_ever() -> None:
    assert over(*((n, Sight(5.0, IDLE)) for n in range(1, 6))) == [False, False, False, True, True]


def test_one_that_works_is_limited_elsewhere() -> None:
    assert not any(over(*((n, Sight(n, BUSY)) for n in range(1, 100))))


def test_work_in_between_begins_anew() -> None:
    assert over(*((n, Sight(n // 3, IDLE)) for n in range(1, 30)))[-1] is False


def test_one_that_is_stopped_or_gets_no_cpu_is_not_idle() -> None:
    assert not any(over(*((n, Sight(5.0, BUSY)) for n in range(1, 100))))


def test_a_machine_that_does_not_answer() -> None:
    assert over(*((n, None) for n in range(1, 5))) == [False, False, True, True]


def test_whoever_looks_was_stopped_meanwhile() -> None:
    assert over((1, Sight(5.0, IDLE)), (3_600, Sight(5.0, IDLE)), (3_601, Sight(6.0, IDLE))) == [False, False, False]
