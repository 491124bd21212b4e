"""From a save to the commit: ``watch --realtime`` on an idle system, embedded and Neo4j, on Ray and in one process.

``python -m benchmarks.watch_latency --files 1000 --saves 100``. One file at a time gets a new text by an atomic save, after
the job has come to rest. The clock starts in this process just before the new text is written, and ends with the Unix time
that the job notes for the file when its commit has returned (``last_files`` of the status): both clocks are this machine's.
``told`` is the latency that the job itself says (from the file's time of change). With Neo4j the server is also asked by
this process every 2 ms until it holds the new content: ``seen`` owes nothing to the job. In the end the content hashes in the
store must be those of the files. Neo4j is the throw-away server of the tests (Java and Maven), unless NEO4J_URI is set.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.generate import generate
from benchmarks.job import PROJECT, Watch, in_graph, keep, on_disk, percentile, place, save, table, wait_for
from ray_lineage.runtime.status import FileEvent

_SAVE_SECONDS = 30.0
_PAUSE_SECONDS = 0.3
BARS = (100, 250)
"""ms, p50 and p95."""

Seen = Callable[[str, str], float]
"""Wait until the store holds a content for a path; the Unix time."""


@contextlib.contextmanager
def neo4j_server(folder: Path) -> Iterator[dict[str, str]]:
    """How to reach a server: that of the environment, or a throw-away one."""
    names = ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD")
    if os.environ.get("NEO4J_URI"):
        yield {n: os.environ[n] for n in names if n in os.environ}
        return
    from tests.neo4j_server.server import Neo4jServer

    server = Neo4jServer(folder / "neo4j")
    server.start()
    try:
        yield dict(zip(names, (server.uri, server.username, server.password), strict=True))
    finally:
        server.stop()


@contextlib.contextmanager
def asking(environ: dict[str, str]) -> Iterator[Seen | None]:
    """Ask the server itself; None where there is none (who opens the embedded store again and again disturbs the job)."""
    if not environ:
        yield None
        return
    import neo4j

    auth = (environ.get("NEO4J_USERNAME", "neo4j"), environ["NEO4J_PASSWORD"])
    with neo4j.GraphDatabase.driver(environ["NEO4J_URI"], auth=auth) as driver, driver.session() as session:

        def seen(path: str, sha256: str) -> float:
            deadline = time.monotonic() + _SAVE_SECONDS
            while time.monotonic() < deadline:
                found = session.run("MATCH (f:File {id: $id}) RETURN f.sha256", id=f"{PROJECT}:{path}").single()
                if found is not None and found[0] == sha256:
                    return time.time()
                time.sleep(0.002)
            raise AssertionError(f"{path} is not in the graph")

        yield seen


def one_save(watch: Watch, path: Path, text: str, seen: Seen | None) -> tuple[float, float, float]:
    """Save; seconds until the commit as seen from here, as told, and as seen in the server (0: not asked)."""
    name = path.relative_to(watch.root).as_posix()
    began = save(path, text)
    visible = seen(name, hashlib.sha256(text.encode()).hexdigest()) - began if seen is not None else 0.0

    def committed() -> FileEvent | None:
        status = watch.status()
        events = status.last_files if status is not None else []
        return next((e for e in events if e.path == name and e.what == "committed" and e.at >= began), None)

    event = wait_for(f"commit of {name}", committed, _SAVE_SECONDS)
    return event.at - began, event.latency or 0.0, visible


def measure(executor: str, files: int, saves: int, environ: dict[str, str], dialect: str = "tsql") -> dict[str, Any]:
    """One row of the table."""
    chance = random.Random(5)
    with place() as folder, asking(environ) as seen:
        truth = generate(folder, files, 5, dialect)
        arguments = ("--realtime", "--executor", executor, "--workers", "2")
        with Watch(folder, truth.root, *arguments, environ=environ) as watch:
            watch.settled(time.time(), 600)
            paths = sorted(truth.root.rglob("*.sql"))
            figures = []
            for number in range(saves):
                path = chance.choice(paths)
                text = f"{path.read_text()}\n-- save {number}\nSELECT {number} AS n{number}\n"
                figures.append(one_save(watch, path, text, seen))
                watch.wait("rest", lambda s: s.at_rest)
                time.sleep(
                    _PAUSE_SECONDS * chance.uniform(0.5, 1.5)
                )  # saves come at any moment of the job's own rounds
            exact = in_graph(watch.settings) == on_disk(truth.root)
        if environ:
            _forget(watch)
    taken, told, visible = ([1000 * f[n] for f in figures] for n in range(3))
    return {"store": "neo4j" if environ else "embedded", "executor": executor, "files": files, "saves": saves,
            "p50 ms": percentile(taken, 0.5), "p95 ms": percentile(taken, 0.95), "worst ms": max(taken),
            "told p50": percentile(told, 0.5), "told p95": percentile(told, 0.95),
            "seen p50": percentile(visible, 0.5), "seen p95": percentile(visible, 0.95), "exact": exact,
            "within the bars": percentile(taken, 0.5) <= BARS[0] and percentile(taken, 0.95) <= BARS[1]}  # fmt: skip


def _forget(watch: Watch) -> None:
    from ray_lineage.graph.open import open_store

    store = open_store(watch.settings)
    store.remove_project(PROJECT)
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--saves", type=int, default=100)
    parser.add_argument("--stores", default="embedded,neo4j")
    parser.add_argument("--executors", default="local,ray")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for store in options.stores.split(","):
        with place() as folder, neo4j_server(folder) if store == "neo4j" else contextlib.nullcontext({}) as environ:
            rows += [measure(e, options.files, options.saves, environ) for e in options.executors.split(",")]
    table(rows)
    keep(options.json, rows)


if __name__ == "__main__":
    main()
