"""Work in a child that may be killed: what it gives back, and how it is told apart that it failed, hung or ran out of something."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import NoReturn

import pytest

from ray_lineage.killable import Killed, killable


def _raise(error: BaseException) -> NoReturn:
    raise error


def _spin() -> bytes:
    while True:
        pass


def _die() -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


@pytest.mark.parametrize("answer", [b"", b"x" * 3_000_000])
def test_the_answer_comes_back_whole(answer: bytes) -> None:
    assert killable(lambda: answer, 5) == answer


@pytest.mark.parametrize("work", [_spin, _die, lambda: _raise(MemoryError())], ids=["spins", "dies", "memory"])
def test_what_was_given_up_is_told_so(work: Callable[[], bytes]) -> None:
    with pytest.raises(Killed):
        killable(work, 1)


def test_a_fault_is_no_limit(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="failed"):
        killable(lambda: _raise(ValueError("our fault")), 5)
    assert "ValueError: our fault" in capfd.readouterr().err
