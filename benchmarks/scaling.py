"""Do two parse actors pay, and what does the rest of the job cost? Files of about 5 ms each, two cores.

``python -m benchmarks.scaling --files 2000``. The files are generated ones put together until one takes ``--cost`` ms of CPU.
Three runs of the same ingest without a cache, each into a new embedded graph:

- ``one process``: ``--executor inline`` (parse, driver and graph in one process);
- ``1 actor`` and ``2 actors``: ``--executor ray`` with so many parse actors.

``files/s`` is the rate of the compile phase alone, between 10 % and 90 % of the files: Ray's start, the actors' imports, linking
and loading have no part in it. CPU seconds are the kernel's, by process, between the same two moments: ``parse`` (the parse
actors), ``driver``, ``raylet`` (with GCS), ``ray`` (Ray's other helpers), ``writer`` (taking facts: what it does while files
are compiled), ``caller`` (the command itself, less this program's own sampling). ``overhead %`` is all but parse, over parse.
``link+write`` is the writer's CPU after the last file was compiled: the job's other half, and no overhead.

On a machine that others use, the rates fall with them; CPU seconds and their ratio hardly do.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from benchmarks.generate import generate
from benchmarks.job import family, keep, place, role, settings_of, table
from ray_lineage.compile import CompileOptions
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.parse import compile_bytes
from ray_lineage.runtime.summary import Progress

_SECONDS: Final = 0.1
BARS: Final = (1.7, 15.0)
"""Rate of two actors / one process; overhead in %."""
_OTHERS: Final = ("driver", "raylet", "ray", "writer", "caller")


class Moment(NamedTuple):
    """CPU seconds of every process so far, by process id, with what it is; and how far the job was."""

    at: float
    done: int
    cpu: dict[int, tuple[str, float]]


class Meter:
    """Samples a run in this process, in a thread."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self.phase, self.done = "", 0
        self.ended = 0
        """Index of the first moment after the compile phase."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def hear(self, progress: Progress) -> None:
        """For ``ingest``."""
        if progress.phase == "compile":
            self.done = progress.done
        elif progress.phase in ("link", "load") and not self.ended:
            self.ended = len(self.moments)

    def _run(self) -> None:
        while not self._over.wait(_SECONDS):
            cpu = {}
            for process in family(os.getpid()):
                with contextlib.suppress(psutil.Error):
                    kind = role(process)
                    times = process.cpu_times()
                    cpu[process.pid] = (kind, times.user + times.system)
            kind, own = cpu[os.getpid()]
            cpu[os.getpid()] = ("caller", own - time.thread_time())
            self.moments.append(Moment(time.monotonic(), self.done, cpu))

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def between(first: Moment, last: Moment) -> dict[str, float]:
    """CPU seconds by role between two moments."""
    spent: dict[str, float] = {}
    for pid, (kind, seconds) in last.cpu.items():
        kind = "raylet" if kind == "gcs" else kind
        spent[kind] = spent.get(kind, 0.0) + seconds - first.cpu.get(pid, ("", 0.0))[1]
    return spent


def files_of_cost(folder: Path, files: int, cost: float) -> tuple[Path, float]:
    """A repository whose files take about ``cost`` seconds of CPU each; and what a sample of them took."""
    options = CompileOptions("tsql")
    sample = sorted(generate(folder / "sample", 200, 8, "tsql").root.rglob("*.sql"))
    for _ in range(2):  # the first round pays for imports
        texts = [path.read_bytes() for path in sample]
        began = time.process_time()
        for text in texts:
            compile_bytes(text, options)
        spent = time.process_time() - began
    mean = sum(map(len, texts)) / len(texts)
    size = max(mean, cost / (spent / sum(map(len, texts))) - mean / 2)  # the last part goes over it by half a part
    parts = int(1.2 * files * (size / mean + 1)) + 100
    source = sorted(generate(folder / "parts", parts, 9, "tsql").root.rglob("*.sql"))
    root = folder / "repo"
    made, text = 0, b""
    measured: list[float] = []
    for path in source:
        text += path.read_bytes() + b"\nGO\n"
        if len(text) >= size and made < files:
            target = root / f"area_{made % 97:02}" / f"file_{made:06}.sql"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
            if made % 50 == 0:
                began = time.process_time()
                compile_bytes(text, options)
                measured.append(time.process_time() - began)
            made, text = made + 1, b""
    return root, sum(measured) / len(measured)


def measure(root: Path, name: str, executor: str, actors: int) -> dict[str, Any]:
    """One run."""
    with place() as folder, Meter() as meter:
        settings = settings_of(folder, executor=executor, ingest_workers=actors, enable_parse_cache=False)
        summary = ingest(settings, [str(root)], progress=meter.hear)
        time.sleep(2 * _SECONDS)
    compiling = meter.moments[: meter.ended]
    first = next(m for m in compiling if m.done >= 0.1 * summary.files)
    last = next(m for m in compiling if m.done >= 0.9 * summary.files)
    spent = between(first, last)
    after = between(compiling[-1], meter.moments[-1] if executor == "inline" else _last_of("writer", meter.moments))
    parse = spent.pop("parse", 0.0)
    others = {k: round(spent.get(k, 0.0), 2) for k in _OTHERS}
    return {"run": name, "files": summary.files, "files/s": (last.done - first.done) / (last.at - first.at), "parse": round(parse, 2),
            **others, "overhead %": 100 * sum(others.values()) / parse if parse else 0.0,
            "link+write": round(after.get("writer", after.get("caller", 0.0)), 2), "whole run s": round(summary.seconds, 2)}  # fmt: skip


def _last_of(kind: str, moments: list[Moment]) -> Moment:
    return next(m for m in reversed(moments) if any(k == kind for k, _ in m.cpu.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--cost", type=float, default=5.0, help="ms of CPU a file")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with place() as folder:
        root, cost = files_of_cost(folder, options.files, options.cost / 1000)
        runs = (("one process", "inline", 0), ("1 actor", "ray", 1), ("2 actors", "ray", 2))
        rows = [measure(root, *run) for run in runs]
    table(rows)
    ratio, overhead = rows[2]["files/s"] / rows[0]["files/s"], rows[2]["overhead %"]
    print(
        f"a file: {1000 * cost:.1f} ms of CPU; 2 actors / one process: {ratio:.2f} (bar {BARS[0]}); overhead {overhead:.1f} % (bar {BARS[1]:.0f} %)"
    )
    keep(options.json, {"cost_ms": 1000 * cost, "ratio": ratio, "overhead_percent": overhead, "runs": rows})


if __name__ == "__main__":
    main()
