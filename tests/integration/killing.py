"""The processes of a run: who they are, how some of them die, and who is left."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

END_SECONDS = 45.0
"""In which all processes of a run are gone: a raylet goes on looking for a head that is gone for 30 s."""


def family(parent: int | None = None) -> list[psutil.Process]:
    """All that a process (this one, if none is named) started; of one that is gone nothing is known."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(parent or os.getpid()).children(recursive=True)
    return []


def actors(kind: str, parent: int | None = None) -> list[psutil.Process]:
    """Actor processes of a class, or in a method of it (``Parser.parse``), in that family."""
    found = []
    for process in family(parent):
        with contextlib.suppress(psutil.Error):
            if (process.cmdline() or [""])[0].startswith(f"ray::{kind}"):
                found.append(process)
    return found


def workers(parent: int | None = None) -> list[psutil.Process]:
    """Workers of a local crew in that family: children of the nursery."""
    found: list[psutil.Process] = []
    for process in family(parent):
        with contextlib.suppress(psutil.Error):
            if any("nursery" in word for word in process.cmdline()):
                found += process.children()
    return found


@contextmanager
def nemesis(attack: Callable[[], None]) -> Iterator[None]:
    """Attack every few milliseconds until the block ends."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.02):
            attack()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def deadly(name: str, parent: int | None = None) -> Iterator[set[int]]:
    """Every parse actor dies while it works on the file of this name. Their process ids: three, or more where an actor came
    back too late to say what its predecessor had died on."""
    deaths: set[int] = set()

    def attack() -> None:
        for process in actors(
            "Parser.parse", parent
        ):  # in no other method: the next incarnation begins with the same crumb
            with contextlib.suppress(psutil.Error, OSError):
                if _works_on(process) == name:
                    process.kill()
                    deaths.add(process.pid)

    with nemesis(attack):
        yield deaths


def _works_on(process: psutil.Process) -> str:
    """What a parse actor's breadcrumb says."""
    crumbs = [Path(m.path) for m in process.memory_maps() if "ray_lineage-run-" in m.path]
    data = crumbs[0].read_bytes() if crumbs else b""
    return data[4 : 4 + int.from_bytes(data[:4], "little")].decode("utf-8", "replace")


def left(processes: Iterable[psutil.Process], seconds: float = END_SECONDS) -> list[str]:
    """What still runs of them after so many seconds."""
    _, alive = psutil.wait_procs(list(processes), timeout=seconds)
    found = []
    for process in alive:
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()[:3]))
    return found
