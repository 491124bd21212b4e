"""A cluster of three nodes on one host, of which one is killed in the middle of an ingest: it finishes, and the graph is exact.

``python -m benchmarks.nodes --files 3000``. Ray's own test cluster: a head and two nodes, each with one CPU, an object store
of 80 MB and one parse actor. Each file ends in a long sum, so that it takes its actor some 8 ms. When a third of the files are compiled, the raylet of a node and all of its processes are killed,
with the actor and the results that they hold; with ``--join`` a new node takes its place at two thirds. The graph is compared
row by row with that of an ingest in one process. Exit 1 if they differ, or if no parse actor was lost. ``lost at`` and
``seconds`` are from the start of the ingest (the cluster is up by then); ``without loss`` is a run on the same cluster before,
in which nothing was killed (0.0: ``--compare`` was not asked for).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.generate import generate
from benchmarks.job import clean_dump, dump, keep, place, settings_of, table
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.summary import Progress

_SLOW: Final = f"SELECT {' + '.join(['a'] * 1_500)} AS x FROM raw.t"
_NODE: Final = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


@contextlib.contextmanager
def three_nodes() -> Iterator[tuple[Any, list[Any]]]:
    """The cluster, and its two nodes beside the head; this process is connected."""
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # on loopback alone
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**_NODE, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(**_NODE) for _ in range(2)]
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, namespace="ray_lineage", log_to_driver=False, logging_level="ERROR")
        yield cluster, nodes
    finally:
        ray.shutdown()
        cluster.shutdown()


def kill(cluster: Any, node: Any) -> int:
    """End a node with everything that runs on it, as a lost machine would; how many parse actors went with it."""
    raylets = [p.process.pid for p in node.all_processes["raylet"]]
    workers = [w for pid in raylets for w in psutil.Process(pid).children(recursive=True)]
    actors = 0
    for process in (*map(psutil.Process, raylets), *workers):
        with contextlib.suppress(psutil.Error):
            actors += process.cmdline()[:1] != [] and process.cmdline()[0].startswith("ray::Parser")
            process.kill()
    cluster.remove_node(node, allow_graceful=False)
    return actors


class Loss:
    """Kills a node when a run has come so far. For ``ingest``."""

    def __init__(self, cluster: Any, node: Any, files: int, *, join: bool) -> None:
        self.at = 0.0
        self.actors = 0
        self._steps: list[tuple[int, Callable[[], None]]] = [(files // 3, self._kill)]
        if join:
            self._steps.append((2 * files // 3, lambda: cluster.add_node(**_NODE)))
        self._cluster, self._node = cluster, node
        self._began = time.monotonic()

    def _kill(self) -> None:
        self.at = time.monotonic() - self._began
        self.actors = kill(self._cluster, self._node)

    def __call__(self, progress: Progress) -> None:
        if self._steps and progress.phase == "compile" and progress.done >= self._steps[0][0]:
            self._steps.pop(0)[1]()


def measure(files: int, *, join: bool = False, compare: bool = False) -> dict[str, Any]:
    """One row; ``compare`` with a run without a loss."""
    with place() as folder:
        root = generate(folder, files, 31, "tsql").root
        for path in root.rglob("*.sql"):
            path.write_text(f"{path.read_text()}\nGO\n{_SLOW}\n")
        flags = {"executor": "ray", "ingest_workers": 3, "enable_parse_cache": False}
        with three_nodes() as (cluster, nodes):
            whole = 0.0
            if compare:
                (folder / "whole").mkdir()
                whole = ingest(settings_of(folder / "whole", **flags), [str(root)]).seconds
            settings = settings_of(folder, **flags)
            loss = Loss(cluster, nodes[0], files, join=join)
            summary = ingest(settings, [str(root)], progress=loss)
        graph, clean = dump(settings), clean_dump(root)
    return {"files": summary.files, "workers": summary.workers, "lost at s": loss.at, "actors lost": loss.actors,
            "seconds": summary.seconds, "without loss s": whole, "settled": summary.settled, "exact": graph == clean}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=3_000)
    parser.add_argument("--join", action="store_true", help="a new node takes the place of the lost one")
    parser.add_argument("--compare", action="store_true", help="run it without a loss before")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    row = measure(options.files, join=options.join, compare=options.compare)
    table([row])
    keep(options.json, row)
    raise SystemExit(0 if row["exact"] and row["settled"] and row["actors lost"] else 1)


if __name__ == "__main__":
    main()
