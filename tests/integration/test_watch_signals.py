"""Signals to a watch while it has work: its exit code, that nothing of it or of Ray is left, and what the next start makes of it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.integration.killing import left
from tests.integration.runs import dump
from tests.integration.test_watch_edits import INLINE, fill
from tests.integration.test_watch_kills import storm
from tests.integration.watching import DEADLINE_SECONDS, Watching, assert_same, clean, update, view, watching

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

RAY = ("--realtime", "--executor", "ray", "--workers", "1")
_AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
"""Ray's own: without a raylet they spend a minute on telling a head of it that is gone as well."""

Send = Callable[[Watching], None]


def one(signum: int) -> Send:
    return lambda watch: watch.process.send_signal(signum)


def group(signum: int) -> Send:
    """As a terminal does, and ``kill -TERM -PGID``."""
    return lambda watch: os.killpg(watch.process.pid, signum)


def two(watch: Watching) -> None:
    """The second comes before the first is through."""
    for signum in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        watch.process.send_signal(signum)


def busy(watch: Watching) -> None:
    """New, changed and deleted files, and some of it is under way."""
    storm(watch.root, "new", 40)
    for path in sorted((watch.root / "core").glob("*.sql"))[:4]:
        path.unlink()
    (watch.root / "mart/w1.sql").write_text(view("w1", "t"))
    watch.until_status(lambda s: s.in_flight + sum(s.waiting.values()) > 0 or s.files > 50)


def names(family: list[psutil.Process]) -> set[str]:
    found = set()
    for process in family:
        with contextlib.suppress(psutil.Error):
            found.add(process.name())
    return found


def agent(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return (process.cmdline() or [""])[0].startswith(_AGENTS)
    return False


def exit_code(folder: Path, flags: tuple[str, ...], send: Send) -> tuple[int, list[psutil.Process], str]:
    fill(folder / "sql")
    with watching(folder, *flags) as watch:
        busy(watch)
        family = watch.family()
        assert flags is not RAY or {"raylet", "gcs_server"} <= names(family)
        send(watch)
        code = watch.process.wait(DEADLINE_SECONDS)
        return code, family, watch.said()


def assert_goes_on(folder: Path) -> None:
    """With the next start."""
    root = folder / "sql"
    update(folder / "data", root)
    assert_same(dump(folder / "data"), clean(root))


@pytest.mark.parametrize(
    ("send", "codes"),
    [
        (one(signal.SIGINT), {130}),
        (group(signal.SIGHUP), {129}),
        (two, {130, 143}),
        (one(signal.SIGKILL), {-signal.SIGKILL}),
    ],
    ids=["SIGINT", "SIGHUP to all", "two", "SIGKILL"],
)
def test_in_one_process(tmp_path: Path, send: Send, codes: set[int]) -> None:
    """Of two that are pending at once any thread may take the one that came second, and before the other."""
    found, _, said = exit_code(tmp_path, INLINE, send)
    assert (found in codes, "Traceback" in said) == (True, False), found
    assert_goes_on(tmp_path)


@pytest.mark.ray
def test_a_signal_to_the_group_leaves_ray_alive_to_drain(tmp_path: Path) -> None:
    found, family, said = exit_code(tmp_path, RAY, group(signal.SIGTERM))
    assert (found, "Traceback" in said, left(family)) == (143, False, [])
    assert_goes_on(tmp_path)


@pytest.mark.ray
@pytest.mark.parametrize(
    ("send", "codes"), [(two, {130, 143}), (one(signal.SIGKILL), {-signal.SIGKILL})], ids=["two", "SIGKILL"]
)
def test_ray_does_not_outlive_its_caller(tmp_path: Path, send: Send, codes: set[int]) -> None:
    found, family, _ = exit_code(tmp_path, RAY, send)
    assert found in codes
    assert left([p for p in family if not agent(p)]) == []
    assert_goes_on(tmp_path)


@pytest.mark.ray
def test_without_ray_it_ends_and_says_so(tmp_path: Path) -> None:
    def end(watch: Watching) -> None:
        next(p for p in watch.family() if p.name() == "gcs_server").kill()

    found, family, said = exit_code(tmp_path, RAY, end)
    assert (found, "Traceback" in said) == (3, False)
    assert "error[RL236]: Ray is gone: its gcs_server ended" in said
    assert left([p for p in family if not agent(p)]) == []
    assert_goes_on(tmp_path)
