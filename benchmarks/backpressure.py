"""An object store of 80 MB, and 400 MB of results on their way through it: is anything spilled to disk?

``python -m benchmarks.backpressure``. Files of many short statements on long names, whose facts are three times as large as
their text, are compiled by two parse actors without a cache. The writer is stopped (SIGSTOP) for ``--stall`` seconds again
and again, as a slow store would stop it, so that results pile up. The run is ended when the last file's facts are handed over:
linking a million statements says nothing of the object store.

``spilled`` is what Ray itself counts (its raylet's internal statistics; read here only). ``pinned`` is the most that was in
use at once, ``budget`` what the job allows itself. ``memory`` is the peak of all processes together (PSS), ``at start`` is
before the first file.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.job import Sampler, by_role, keep, place, settings_of, table
from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.model import encode_facts
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.ledger import budget_of
from ray_lineage.runtime.summary import Progress

MB: Final = 10**6
_FILE_BYTES: Final = 100_000
_NAMES: Final = 20


class Enough(Exception):
    """All facts were handed over."""


def text_of(number: int) -> str:
    """About 100 kB of statements."""
    lines = [f"DELETE s.t_{number % 7}_{n % _NAMES}_{'n' * 90};\n" for n in range(_FILE_BYTES // 100)]
    return "".join(lines)


def write(root: Path, result_bytes: int) -> int:
    """Files whose facts are so large together; how many."""
    facts = len(encode_facts(compile_source(text_of(0), CompileOptions("tsql"))))
    files = -(-result_bytes // facts)
    for number in range(files):
        target = root / f"area_{number % 50:02}" / f"file_{number:05}.sql"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"{text_of(number)}-- {number}\n")
    return files


class Pressure:
    """Stops the writer again and again, and looks at how much of the store is pinned. Use as a context manager."""

    def __init__(self, ray: Any, stall: float) -> None:
        self._ray, self._stall = ray, stall
        self.peak = 0.0
        self.stalls = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._look, self._stop_writer)]

    def _look(self) -> None:
        total = self._ray.cluster_resources()["object_store_memory"]
        while not self._over.wait(0.05):
            free = self._ray.available_resources().get("object_store_memory", 0.0)
            self.peak = max(self.peak, total - free)

    def _stop_writer(self) -> None:
        while not self._over.wait(self._stall):
            for writer in by_role(os.getpid(), "writer"):
                with contextlib.suppress(psutil.Error):
                    writer.suspend()
                    self._over.wait(self._stall)
                    writer.resume()
                    self.stalls += 1

    def __enter__(self) -> Pressure:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def spilled(ray: Any) -> int:
    """Bytes that Ray spilled since it started."""
    from ray._private.internal_api import node_stats

    node = ray.nodes()[0]
    stats = node_stats(node["NodeManagerAddress"], node["NodeManagerPort"], include_memory_info=False)
    return int(stats.store_stats.spilled_bytes_total)


def measure(store_bytes: int, result_bytes: int, stall: float) -> dict[str, Any]:
    """One run."""
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    told: list[Progress] = []

    def hear(progress: Progress) -> None:
        told.append(progress)
        if progress.phase in ("link", "load"):
            raise Enough

    with place() as folder:
        files = write(folder / "repo", result_bytes)
        ray.init(address="local", num_cpus=2, object_store_memory=store_bytes, include_dashboard=False, namespace="ray_lineage",
                 log_to_driver=False, logging_level="ERROR")  # fmt: skip
        try:
            settings = settings_of(folder, executor="ray", ingest_workers=2, enable_parse_cache=False)
            began = time.monotonic()
            with Sampler(os.getpid()) as sampler, Pressure(ray, stall) as pressure, contextlib.suppress(Enough):
                ingest(settings, [str(folder / "repo")], progress=hear)
            seconds = time.monotonic() - began
            bytes_spilled = spilled(ray)
        finally:
            ray.shutdown()
    pss = [s.pss for s in sampler.samples]
    whole = told[-1].phase in ("link", "load")  # which begins when the last batch was taken
    return {"store MB": store_bytes / MB, "results MB": result_bytes / MB, "files": files,
            "handed over": files if whole else max(p.done for p in told), "seconds": seconds, "stalls": pressure.stalls,
            "spilled bytes": bytes_spilled, "pinned MB": pressure.peak / MB,
            "budget MB": budget_of(store_bytes, settings.object_store_share) / MB,
            "memory MB": max(pss) / MB, "at start MB": pss[0] / MB, "nothing spilled": bytes_spilled == 0}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=int, default=80, help="MB (Ray takes no less than 79)")
    parser.add_argument("--results", type=int, default=400, help="MB")
    parser.add_argument("--stall", type=float, default=2.0, help="seconds")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    row = measure(options.store * MB, options.results * MB, options.stall)
    table([row])
    keep(options.json, row)
    raise SystemExit(0 if row["nothing spilled"] else 1)


if __name__ == "__main__":
    main()
