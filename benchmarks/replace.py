"""How long a store takes to replace files of a large graph: one saved file at a time, and many at once.

``python -m benchmarks.replace --files 10000`` measures the embedded store; with NEO4J_URI, NEO4J_USERNAME and
NEO4J_PASSWORD set, Neo4j as well. A save is one of three edits of a random file: a comment line at its top (each row with
a line number changes), a statement more at its end, and the file as it was.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.generate import generate
from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.graph.base import BaseStore
from ray_lineage.graph.batching import batches
from ray_lineage.graph.neo4j import Neo4jStore
from ray_lineage.graph.pack import pack
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, encode_facts

_EDITS = ("line on top", "statement at the end", "as it was")


class Repository:
    """A generated repository that can be edited; remembers every contribution it was asked for."""

    def __init__(self, project: str, files: int) -> None:
        self.linker = Linker(project)
        self.texts: dict[str, str] = {}
        with tempfile.TemporaryDirectory() as folder:
            truth = generate(Path(folder), files, 7, "tsql")
            for path in sorted(truth.root.rglob("*.sql")):
                self.texts[path.relative_to(truth.root).as_posix()] = path.read_text()
        for path in self.texts:
            self._put(path, self.texts[path])

    def _put(self, path: str, text: str) -> None:
        self.linker.put(path, "", encode_facts(compile_source(text, CompileOptions("tsql"))))

    def edited(self, paths: list[str], edit: str) -> list[Contribution]:
        """Contributions that differ after the same edit of some files."""
        for path in paths:
            text = self.texts[path]
            if edit == "line on top":
                text = "-- saved\n" + text
            elif edit == "statement at the end":
                text += "\nGO\nINSERT INTO dbo.saved (note, total) SELECT n.note, n.a * n.b FROM dbo.notes AS n;\n"
            self._put(path, text)
        return list(self.linker.link())


class Work:
    """What every store gets to do."""

    def __init__(self, project: str, files: int, bulk: int, saves: int) -> None:
        repository = Repository(project, files)
        self.first = list(repository.linker.link())
        paths = sorted(repository.texts)
        some = random.Random(3).sample(paths, min(bulk, files))
        self.shifted = repository.edited(some, "line on top")
        self.back = repository.edited(some, "as it was")
        self.saves = [
            (edit, repository.edited([path], edit)) for path in random.Random(5).sample(paths, saves) for edit in _EDITS
        ]
        repository.linker.close()


def measure(name: str, store: BaseStore, project: str, work: Work) -> dict[str, Any]:
    """All figures of one store: seconds, and milliseconds where it says so."""
    figures: dict[str, Any] = {}
    epoch = store.acquire(project)

    def timed(what: str, contributions: list[Contribution], *, first: bool = False) -> None:
        started = time.perf_counter()
        if first:
            packs = (pack(project, batch) for batch in batches(contributions, store.transaction_rows))
            result = store.load(project, epoch, packs)
        else:
            result = store.apply(project, epoch, contributions)
        figures[what] = round(time.perf_counter() - started, 2)
        print(
            f"{name}: {what}, {len(contributions):,} files: {figures[what]} s, {result.rows_written:,} rows", flush=True
        )

    timed("first load", work.first, first=True)
    store.settle(project, epoch, "settled")
    timed("replaced, nothing differs", work.first)
    timed("replaced, every line differs", work.shifted)
    timed("replaced, as it was", work.back)
    times: dict[str, list[float]] = {e: [] for e in _EDITS}
    for edit, contributions in work.saves:
        started = time.perf_counter()
        store.apply(project, epoch, contributions)
        times[edit].append((time.perf_counter() - started) * 1000)
        store.settle(project, epoch, "settled")
    for edit, found in {**times, "any": [t for f in times.values() for t in f]}.items():
        figures[f"save, {edit}: ms"] = {
            "p50": round(statistics.median(found), 1),
            "p95": round(percentile(found, 0.95), 1),
            "most": round(max(found), 1),
        }
        print(f"{name}: save, {edit}: {figures[f'save, {edit}: ms']} ms", flush=True)
    return figures


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of them lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--bulk", type=int, default=5_000, help="files replaced at once")
    parser.add_argument("--saves", type=int, default=100, help="files saved one by one, three times each")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    project = f"replace{os.getpid()}"
    work = Work(project, options.files, options.bulk, options.saves)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        embedded = SqliteStore(str(Path(folder) / "graph.db"))
        figures["sqlite"] = measure("sqlite", embedded, project, work)
        embedded.close()
    if os.environ.get("NEO4J_URI"):
        username, password = os.environ.get("NEO4J_USERNAME", "neo4j"), os.environ["NEO4J_PASSWORD"]
        server = Neo4jStore(os.environ["NEO4J_URI"], username, password, None)
        figures["neo4j"] = measure("neo4j", server, project, work)
        server.remove_project(project)
        server.close()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
