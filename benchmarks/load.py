"""Neo4j: rows/s of a first load through the store against a bare loop of CREATE over the very same rows, and a save.

``NEO4J_URI=... NEO4J_USERNAME=... NEO4J_PASSWORD=... python -m benchmarks.load --files 2500``. The bare loop creates nodes,
then relationships, 10,000 rows a transaction over one connection, from parameters that are ready, and does nothing else: no
packs, no ownership, nothing that a crash would need. The server is warmed first (its compiler takes two loads until it is
fast); the ways take turns. Client seconds are CPU time of this process, in which the store's include decoding the packs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import neo4j

from benchmarks.generate import generate
from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.graph import cypher
from ray_lineage.graph.base import column_rows, dataset_rows
from ray_lineage.graph.changes import Write, columns
from ray_lineage.graph.delta import Batch
from ray_lineage.graph.fill import cut
from ray_lineage.graph.neo4j import Neo4jStore
from ray_lineage.graph.pack import decode_pack, encode_pack, pack
from ray_lineage.graph.schema import COLUMN, DATASET, FILE, HAS_COLUMN, RELS, STATEMENT
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, encode_facts

_TRANSACTION_ROWS = 10_000
_PACK_FILES = 100
_WARMING = 2
_SAVES = 60


def linked(project: str, files: int) -> list[Contribution]:
    """Contributions of a generated repository."""
    linker = Linker(project)
    with tempfile.TemporaryDirectory() as folder:
        truth = generate(Path(folder), files, 3, "tsql")
        for path in sorted(truth.root.rglob("*.sql")):
            facts = compile_source(path.read_text(), CompileOptions("tsql"))
            linker.put(path.relative_to(truth.root).as_posix(), "", encode_facts(facts))
    return list(linker.link())


def writes(project: str, contributions: list[Contribution]) -> Iterator[Write]:
    """The rows that the store writes, as one statement a type. Each node with its description, and without its kind's label."""
    batch = Batch(project, contributions, ())
    shared = {
        "Dataset": [batch.nodes["Dataset"].get(str(r[0]), r) for r in dataset_rows(project, batch.datasets)],
        "Column": [batch.nodes["Column"].get(str(r[0]), r) for r in column_rows(batch.columns)],
    }
    for node in (FILE, STATEMENT, DATASET, COLUMN):
        rows = shared.get(node.label) or list(batch.nodes[node.label].values())
        yield Write(cypher.fill_nodes(node), columns(node.columns, rows))
    has_column = [(r[1], r[0]) for r in shared["Column"]]
    yield Write(cypher.fill_rels(HAS_COLUMN), columns(HAS_COLUMN.columns, has_column))
    for rel in RELS:
        yield Write(
            cypher.fill_rels(rel), columns(("source", "target", "file", *rel.columns[2:]), batch.rels[rel.type])
        )


class Bench:
    """One server, one repository, projects of different names."""

    def __init__(self, uri: str, auth: tuple[str, str], files: int) -> None:
        self._uri, self._auth = uri, auth
        self.project = f"load{os.getpid()}"
        self.contributions = linked(self.project, files)
        self._packs = [
            encode_pack(pack(self.project, self.contributions[i : i + _PACK_FILES]))
            for i in range(0, len(self.contributions), _PACK_FILES)
        ]
        self._bare = list(cut(writes(self.project, self.contributions), _TRANSACTION_ROWS))
        self.rows = sum(w.rows for transaction in self._bare for w in transaction)
        self.store = Neo4jStore(uri, *auth, None)

    def bare(self) -> dict[str, float]:
        """The loop."""
        self._empty()
        with neo4j.GraphDatabase.driver(self._uri, auth=self._auth) as driver, driver.session() as session:
            return self._timed(lambda: [session.execute_write(_run, transaction) for transaction in self._bare])

    def load(self) -> dict[str, float]:
        """The product."""
        epoch = self._empty()
        return self._timed(lambda: self.store.load(self.project, epoch, map(decode_pack, self._packs)))

    def saves(self) -> list[float]:
        """Milliseconds of an apply of one file of which every line moved."""
        epoch = self.store.acquire(self.project)
        out = []
        for number in range(_SAVES):
            file = self.contributions[number * len(self.contributions) // _SAVES]
            moved = msgspec.structs.replace(file, rows=_moved(file))
            began = time.perf_counter()
            self.store.apply(self.project, epoch, [moved])
            out.append((time.perf_counter() - began) * 1e3)
        return out

    def _empty(self) -> int:
        self.store.remove_project(self.project)
        return self.store.acquire(self.project)

    def _timed(self, work: Callable[[], Any]) -> dict[str, float]:
        cpu, began = time.process_time(), time.monotonic()
        work()
        seconds = time.monotonic() - began
        client = (time.process_time() - cpu) / self.rows * 1e6
        return {"seconds": seconds, "rows_a_second": round(self.rows / seconds), "client_us_a_row": round(client, 1)}


def _run(tx: neo4j.ManagedTransaction, transaction: list[Write]) -> None:
    for write in transaction:
        tx.run(write.query, {"p": write.columns}).consume()


def _moved(file: Contribution) -> dict[str, list[tuple[Any, ...]]]:
    """A comment on top: the lines of statements and relationships, and the fingerprint."""
    rows = dict(file.rows)
    rows["File"] = [(*r[:5], f"{r[5]}moved", *r[6:]) for r in rows["File"]]
    rows["Statement"] = [(*r[:4], r[4] + 1, r[5] + 1, *r[6:]) for r in rows.get("Statement", [])]
    for rel in RELS:
        names = [p.name for p in rel.props]
        if "line" in names and rel.type in rows:
            at = 2 + names.index("line")
            rows[rel.type] = [(*r[:at], r[at] + 1, *r[at + 1 :]) for r in rows[rel.type]]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2500)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    auth = (os.environ.get("NEO4J_USERNAME", "neo4j"), os.environ["NEO4J_PASSWORD"])
    bench = Bench(os.environ["NEO4J_URI"], auth, options.files)
    ways = {"bare": bench.bare, "store": bench.load}
    figures: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for turn in range(-_WARMING, options.turns):
        for way, run in ways.items():
            figure = run()
            if turn >= 0:
                figures[way].append(figure)
                print(f"{way}: {bench.rows:,} rows, {figure['rows_a_second']:,} rows/s, {figure['client_us_a_row']} us a row here", flush=True)  # fmt: skip
    ratio = round(
        max(f["rows_a_second"] for f in figures["store"]) / max(f["rows_a_second"] for f in figures["bare"]), 2
    )
    saves = sorted(bench.saves())
    p50, p95 = statistics.median(saves), saves[int(len(saves) * 0.95)]
    print(f"store / bare: {ratio}; a save: {p50:.0f} ms, p95 {p95:.0f} ms")
    bench.store.remove_project(bench.project)
    bench.store.close()
    if options.json:
        options.json.write_text(json.dumps({**figures, "ratio": ratio, "save_ms": {"p50": p50, "p95": p95}}, indent=2))


if __name__ == "__main__":
    main()
