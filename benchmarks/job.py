"""What the benchmarks of the running job share: a watch seen from outside, what its processes use, what its graph holds.

A watch is started as a user starts it, as a command in a process group of its own. What it does is seen in the status file
that it writes for everybody, in the store (opened read-only), and in the kernel's figures of its processes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psutil

from ray_lineage.graph.open import open_store
from ray_lineage.graph.store import GraphStore
from ray_lineage.runtime.status import Status, StatusFile, ask_to_flush
from ray_lineage.settings import Settings, load_settings

PROJECT = "bench"
CHECKOUT = str(Path(__file__).parents[1])
"""What is measured is this code, whatever is installed."""
_POLL_SECONDS = 0.02
_ASK_SECONDS = 5.0
_T = TypeVar("_T")


class Late(AssertionError):
    """Something did not happen in time."""


def wait_for(what: str, look: Callable[[], _T | None], seconds: float) -> _T:
    """Poll until ``look`` gives something. Raises Late after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Late(f"{what}: not within {seconds:.0f} s")
        time.sleep(_POLL_SECONDS)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def save(path: Path, text: str) -> float:
    """As editors save: a new file beside it, renamed over it. Returns the Unix time just before the new text was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    began = time.time()
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return began


def table(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows of the same keys as a table."""
    if not rows:
        return
    lines = [list(rows[0]), *([_shown(v) for v in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)), flush=True)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def keep(path: Path | None, rows: Any) -> None:
    """Write the figures as JSON, if a file was named."""
    if path is not None:
        path.write_text(json.dumps(rows, indent=2, default=str))


# --------------------------------------------------------------------------- processes


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started, while they live."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    return []


def role(process: psutil.Process) -> str:
    """What a process of a job is: ``parse``, ``writer``, ``driver``, ``raylet``, ``gcs``, ``ray`` (others of Ray), ``caller``
    (the command itself). Raises psutil.Error if it is gone."""
    line = " ".join(process.cmdline()[:3])
    name = process.name()
    for prefix, found in (("ray::Parser", "parse"), ("ray::Writer", "writer"), ("ray::Driver", "driver")):
        if line.startswith(prefix):
            return found
    if "raylet" in name:
        return "raylet"
    if "gcs_server" in name:
        return "gcs"
    of_ray = line.startswith("ray::") or f"{os.sep}ray{os.sep}" in " ".join(process.cmdline())
    return "ray" if of_ray else "caller"


def by_role(pid: int, wanted: str) -> list[psutil.Process]:
    """Processes of a job with a role."""
    found = []
    for process in family(pid):
        with contextlib.suppress(psutil.Error):
            if role(process) == wanted:
                found.append(process)
    return found


class Usage(NamedTuple):
    """Of all processes of a job at one moment. ``pss`` counts pages that are shared once. Sizes in bytes."""

    at: float
    rss: int
    pss: int
    fds: int
    processes: int


def usage(pid: int) -> Usage:
    """This moment."""
    rss = pss = fds = count = 0
    for process in family(pid):
        with contextlib.suppress(psutil.Error):
            memory = process.memory_full_info()
            rss, pss = rss + memory.rss, pss + memory.pss
            fds += process.num_fds()
            count += 1
    return Usage(time.monotonic(), rss, pss, fds, count)


class Sampler:
    """Looks at a job's processes again and again, in a thread. Use as a context manager."""

    def __init__(self, pid: int, seconds: float = 0.5) -> None:
        self.samples: list[Usage] = []
        self._pid, self._seconds = pid, seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.is_set():
            self.samples.append(usage(self._pid))
            self._over.wait(self._seconds)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def size_of(folder: Path) -> int:
    """Bytes on disk below a folder."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(place, name)).st_blocks * 512
    return total


# --------------------------------------------------------------------------- settings and stores


def settings_of(folder: Path, environ: dict[str, str] | None = None, **flags: Any) -> Settings:
    """Settings of a job whose local things lie in ``folder / "data"``."""
    values = {"data_dir": str(folder / "data"), "project": PROJECT, "dialect": "tsql", **flags}
    return load_settings(values, cwd=str(folder), environ=environ or {}).settings


@contextlib.contextmanager
def store_of(settings: Settings) -> Iterator[GraphStore]:
    """The store of a job, to read from."""
    store = open_store(settings, read_only=True)
    try:
        yield store
    finally:
        store.close()


def in_graph(settings: Settings) -> dict[str, str]:
    """Content hash of every file in the graph."""
    with store_of(settings) as store:
        return {path: state.sha256 for path, state in store.state(PROJECT).files.items()}


def on_disk(root: Path) -> dict[str, str]:
    """Content hash of every SQL file below a folder."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*.sql")
    }


def dump(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """The whole graph in canonical form."""
    with store_of(settings) as store:
        return store.dump(PROJECT)


def clean_dump(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The graph that one clean ingest of a folder writes, in this process."""
    from ray_lineage.runtime.ingest import ingest

    with tempfile.TemporaryDirectory() as place:
        settings = settings_of(Path(place), executor="local")
        ingest(settings, [str(root)])
        return dump(settings)


# --------------------------------------------------------------------------- a watch


class Watch:
    """``ray_lineage watch`` in a folder. Use as a context manager: nothing of it outlives that."""

    def __init__(self, folder: Path, root: Path, *arguments: str, environ: dict[str, str] | None = None) -> None:
        self.folder, self.root = folder, root
        self.environ = environ or {}
        self.arguments = arguments
        self.settings = settings_of(folder, self.environ)
        self.pid = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "watch.log"

    def __enter__(self) -> Watch:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("NEO4J_", "RAY_", "INGEST_", "PARSE_"))}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ray_lineage", "--project", PROJECT, "watch", str(self.root), "--dialect", "tsql", *self.arguments],
                cwd=self.folder, env={**clean, "PYTHONPATH": CHECKOUT, **self.environ}, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self.pid = self._process.pid
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, seconds: float = 60.0) -> None:
        """Interrupt it, wait until it drained, and end what is still there."""
        process = self._process
        if process is None:
            return
        self._process = None
        started = family(self.pid)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
        psutil.wait_procs(started, timeout=5)
        for left in started:
            with contextlib.suppress(psutil.Error):
                left.kill()
        process.wait(10)

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    def status(self) -> Status | None:
        """What it says now; None before it says anything. Raises Late with the end of its log if it is gone."""
        if self._process is None or self._process.poll() is not None:
            raise Late(f"the watch ended:\n{self._log.read_text(errors='replace')[-2000:]}")
        return StatusFile.of(str(self.data), PROJECT).last()

    def wait(self, what: str, holds: Callable[[Status], bool], seconds: float = 120.0) -> Status:
        """Until the status is so. Raises Late."""

        def look() -> Status | None:
            found = self.status()
            return found if found is not None and holds(found) else None

        return wait_for(what, look, seconds)

    def settled(self, since: float, seconds: float = 120.0) -> Status:
        """Ask for a comparison of everything, as ``status --wait`` does, until one began after ``since`` (Unix time) and
        nothing is left to do. A job whose driver is being restarted hears nothing, and is asked again. Raises Late."""
        asked = 0.0

        def rests(status: Status) -> bool:
            nonlocal asked
            if status.at_rest and status.reconcile_began_at >= since:
                return True
            if status.phase == "following" and time.monotonic() - asked > _ASK_SECONDS:
                asked = time.monotonic()
                ask_to_flush(status)
            return False

        return self.wait("rest", rests, seconds)


@contextlib.contextmanager
def place(prefix: str = "rl-bench-") -> Iterator[Path]:
    """A folder that goes in the end. (Its name is short: paths of sockets lie below it.)"""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        yield Path(os.path.realpath(name))
