"""Do two parse actors pay, and what does the rest of the job cost? Files of about 5 ms each, two cores.

``python -m benchmarks.scaling --files 2000 --rounds 3``. The files are generated ones put together until one takes ``--cost``
ms of CPU. In each round, one after the other, without a cache and each into a new embedded graph:

- ``one process``: ``--executor local`` (parse, driver and graph in one process);
- ``2 plain``: two processes that compile half of the files each and do nothing else: what this machine can give at that time;
- ``2 actors``: ``--executor ray`` with so many parse actors.

What counts is the compile phase, between 10 % and 90 % of the files: read, compile, encode, and hand over to the linker, on both
sides. Ray's start, the actors' imports, linking and loading have no part in it: they come after, in one process, and are the
same work with and without Ray. CPU seconds are the kernel's, by process, between the same two moments: ``parse`` (the parse
actors), ``driver``, ``raylet`` (with GCS), ``ray`` (Ray's other helpers), ``writer`` (what it does while files are compiled:
taking facts, which one process does as well, but counts as overhead here), ``caller`` (the command itself, less this program's
own sampling). ``overhead %`` is all but parse, over parse. ``link+write`` is the CPU after the last file was compiled: the
job's other half, and no overhead.

On a machine that others use, the rates fall with them, and so does their ratio, because two actors want a second core and
one process does not; ``2 plain / one`` in the same round says how much of a second core there was. ``by CPU`` does not
depend on it: CPU of a file in one process / half the CPU of a file of all processes of the job, which is the ratio of the
rates where two cores are at hand and busy.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import threading
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from benchmarks.generate import generate
from benchmarks.job import family, keep, place, role, settings_of, table
from ray_lineage.compile import CompileOptions
from ray_lineage.model import encode_facts
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.parse import compile_bytes
from ray_lineage.runtime.summary import Progress

_SECONDS: Final = 0.1
_SHARES: Final = (0.1, 0.9)
BARS: Final = (1.7, 15.0)
"""Rate of two actors / one process; overhead in %."""
_OTHERS: Final = ("driver", "raylet", "ray", "writer", "caller")


class Moment(NamedTuple):
    """CPU seconds of every process so far (one that is gone: when it was last seen), by process id, with what it is; and how
    far the job was."""

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
        cpu: dict[int, tuple[str, float]] = {}
        while not self._over.wait(_SECONDS):
            cpu = dict(cpu)
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


def _plain(paths: list[Path], ready: Any, rates: Any) -> None:
    """Compile these files, and nothing else."""
    options = CompileOptions("tsql")
    for path in paths[:20]:
        compile_bytes(path.read_bytes(), options)
    ready.wait()
    began = time.monotonic()
    for path in paths:
        encode_facts(compile_bytes(path.read_bytes(), options)[0])
    rates.put(len(paths) / (time.monotonic() - began))


def plain(root: Path, processes: int = 2) -> float:
    """Files/s of so many processes that have nothing to do with one another."""
    paths = sorted(root.rglob("*.sql"))
    context = multiprocessing.get_context("spawn")
    ready, rates = context.Barrier(processes), context.Queue()
    share = len(paths) // processes
    started = [
        context.Process(target=_plain, args=(paths[n * share : (n + 1) * share], ready, rates))
        for n in range(processes)
    ]
    for process in started:
        process.start()
    total = sum(rates.get() for _ in started)
    for process in started:
        process.join()
    return float(total)


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
    first, last = (next(m for m in compiling if m.done >= share * summary.files) for share in _SHARES)
    files = last.done - first.done
    spent = between(first, last)
    after = between(compiling[-1], meter.moments[-1])
    parse = spent.get("parse", 0.0)
    others = {k: round(1000 * spent.get(k, 0.0) / files, 2) for k in _OTHERS}
    return {"run": name, "files/s": files / (last.at - first.at), "CPU ms/file": 1000 * sum(spent.values()) / files,
            "parse": round(1000 * parse / files, 2), **others,
            "overhead %": 100 * (sum(spent.values()) - parse) / parse if parse else 0.0,
            "link+write": round(1000 * after.get("writer", after.get("caller", 0.0)) / summary.files, 2),
            "whole run s": round(summary.seconds, 2)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--cost", type=float, default=5.0, help="ms of CPU a file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rounds: list[dict[str, Any]] = []
    with place() as folder:
        root, cost = files_of_cost(folder, options.files, options.cost / 1000)
        print(f"a file: {1000 * cost:.1f} ms of CPU; CPU in ms a file")
        for _ in range(options.rounds):
            one, bare = measure(root, "one process", "local", 0), plain(root)
            two = measure(root, "2 actors", "ray", 2)
            table([one, two])
            ratios = _ratios(one, two, bare)
            print(", ".join(f"{k} {v:.2f}" for k, v in ratios.items()), flush=True)
            rounds.append({"runs": [one, two], **ratios})
    print(f"bars: 2 actors / one {BARS[0]}, overhead {BARS[1]:.0f} %")
    keep(options.json, {"cost_ms": 1000 * cost, "rounds": rounds})


def _ratios(one: dict[str, Any], two: dict[str, Any], bare: float) -> dict[str, float]:
    return {
        "2 actors / one": two["files/s"] / one["files/s"],
        "2 plain / one": bare / one["files/s"],
        "2 actors / one by CPU": 2 * one["CPU ms/file"] / two["CPU ms/file"],
        "overhead %": two["overhead %"],
    }


if __name__ == "__main__":
    main()
