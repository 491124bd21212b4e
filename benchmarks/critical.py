"""A file saved while 10,000 others are ingested: how long until its parse starts?

``python -m benchmarks.critical --files 10000``. A watch begins with its first pass over the generated files (BATCH); a few
times a second one new file is saved into the same tree (CRITICAL), as long as files of the pass still wait. Measured twice:

- ``opened``: from the moment just before the new text is written (this process's clock) until somebody opens the finished
  file, which only the parse actor does, to read it. The kernel says when (inotify). This is the way of the whole save: the
  event, the look, the queue, the way to the actor, and the files before it in the lane's batch.
- ``waited``: from the moment that the job queued the file until its batch went to an actor, as the job's own metric
  ``ray_lineage_wait_seconds{priority="critical"}`` says.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import select
import struct
import threading
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.generate import generate
from benchmarks.job import Late, Watch, keep, percentile, place, save, table
from ray_lineage.runtime.status import Status

BARS: Final = (30, 100)
"""ms, median and worst."""
_IN_OPEN: Final = 0x20
_EVENT: Final = struct.Struct("iIII")
_P50: Final = 'ray_lineage_wait_seconds_p50{priority="critical"}'
_P99: Final = 'ray_lineage_wait_seconds_p99{priority="critical"}'
_COUNT: Final = 'ray_lineage_wait_seconds_count{priority="critical"}'


class Opens:
    """When each file of a folder was opened first (Unix time, by name), from the kernel. Linux only."""

    def __init__(self, folder: Path) -> None:
        self.first: dict[str, float] = {}
        libc = ctypes.CDLL(None, use_errno=True)
        self._handle = libc.inotify_init()
        if self._handle < 0 or libc.inotify_add_watch(self._handle, os.fsencode(folder), _IN_OPEN) < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.is_set():
            if select.select([self._handle], [], [], 0.1)[0]:
                now, data, at = time.time(), os.read(self._handle, 65_536), 0
                while at < len(data):
                    size = _EVENT.unpack_from(data, at)[3]
                    at += _EVENT.size
                    self.first.setdefault(os.fsdecode(data[at : at + size].rstrip(b"\0")), now)
                    at += size

    def __enter__(self) -> Opens:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._handle)


def _still_batch(status: Status) -> bool:
    return status.phase == "ingesting" and status.waiting.get("batch", 0) > 0 and status.in_flight > 0


def measure(executor: str, files: int, gap: float) -> dict[str, Any]:
    """One row: saves every ``gap`` seconds or so until no file of the pass waits any more."""
    chance = random.Random(6)
    saved: dict[str, float] = {}
    with place() as folder:
        truth = generate(folder, files, 6, "tsql")
        urgent = truth.root / "urgent"
        urgent.mkdir()
        with (
            Opens(urgent) as opens,
            Watch(folder, truth.root, "--realtime", "--executor", executor, "--workers", "2") as watch,
        ):
            status = watch.wait("the first pass", _still_batch, 120)
            while _still_batch(status):
                name = f"save_{len(saved):04}.sql"
                saved[name] = save(urgent / name, f"CREATE VIEW m.save_{len(saved)} AS SELECT a FROM raw.t")
                time.sleep(gap * chance.uniform(0.5, 1.5))
                status = watch.status() or status
            end = watch.settled(time.time(), 600)
        lost = [name for name in saved if name not in opens.first]
        if lost:
            raise Late(f"never read: {lost[:5]}")
        taken = [1000 * (opens.first[name] - at) for name, at in saved.items()]
    metrics = end.metrics
    return {"executor": executor, "files": files, "saves": len(saved), "opened median ms": percentile(taken, 0.5),
            "p95 ms": percentile(taken, 0.95), "worst ms": max(taken), "waited median ms": 1000 * metrics[_P50],
            "waited p99 ms": 1000 * metrics[_P99], "waits": int(metrics[_COUNT]),
            "within the bars": percentile(taken, 0.5) <= BARS[0] and max(taken) <= BARS[1]}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--gap", type=float, default=0.2, help="seconds between two saves, on average")
    parser.add_argument("--executors", default="ray,local")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [measure(e, options.files, options.gap) for e in options.executors.split(",")]
    table(rows)
    keep(options.json, rows)


if __name__ == "__main__":
    main()
