"""Neo4j: rows/s of a first load through the store against a bare ``UNWIND ... MERGE`` loop of the very same rows.

``NEO4J_URI=... NEO4J_USERNAME=... NEO4J_PASSWORD=... python -m benchmarks.load --files 1000``. The bare loop merges nodes
by id and relationships between them, 5,000 rows a transaction, and does nothing else: no fingerprints, no ownership, no
files kept whole.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j

from benchmarks.generate import generate
from ray_lineage.compile import CompileOptions, compile_text
from ray_lineage.graph.base import column_rows, dataset_rows
from ray_lineage.graph.cypher import merge_rels, set_nodes
from ray_lineage.graph.delta import Batch, as_parameters
from ray_lineage.graph.neo4j import Neo4jStore
from ray_lineage.graph.schema import COLUMN, DATASET, FILE, HAS_COLUMN, RELS, STATEMENT
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, encode_facts

_SLICE = 5_000


def linked(project: str, files: int) -> list[Contribution]:
    """Contributions of a generated repository."""
    linker = Linker(project)
    with tempfile.TemporaryDirectory() as folder:
        truth = generate(Path(folder), files, 3, "tsql")
        for path in sorted(truth.root.rglob("*.sql")):
            facts = compile_text(path.read_text(), CompileOptions("tsql"))
            linker.put(path.relative_to(truth.root).as_posix(), "", encode_facts(facts))
    return list(linker.link())


def statements(project: str, contributions: list[Contribution]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The same rows as the store writes, as bare MERGE statements."""
    batch = Batch(project, contributions, ())
    datasets = [batch.nodes["Dataset"].get(r[0], r) for r in dataset_rows(project, batch.datasets)]
    columns = [batch.nodes["Column"].get(r[0], r) for r in column_rows(batch.columns)]
    nodes = {
        **{label: list(rows.values()) for label, rows in batch.nodes.items()},
        "Dataset": datasets,
        "Column": columns,
    }
    for node in (FILE, STATEMENT, DATASET, COLUMN):
        yield set_nodes(node), as_parameters(node.columns, nodes[node.label])
    yield merge_rels(HAS_COLUMN), as_parameters(HAS_COLUMN.columns, [(r[1], r[0]) for r in columns])
    for rel in RELS:
        yield merge_rels(rel), as_parameters(("source", "target", "file", *rel.columns[2:]), batch.rels[rel.type])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    uri, auth = os.environ["NEO4J_URI"], (os.environ.get("NEO4J_USERNAME", "neo4j"), os.environ["NEO4J_PASSWORD"])
    figures: dict[str, Any] = {}
    for turn in range(2):
        for way in ("bare", "store"):
            project = f"load{os.getpid()}{way}{turn}"
            contributions = linked(project, options.files)
            store = Neo4jStore(uri, *auth, None)
            epoch = store.acquire(project)
            work = list(statements(project, contributions))
            rows = sum(len(r) for _, r in work)
            started = time.monotonic()
            if way == "store":
                store.apply(project, epoch, contributions, fresh=True)
            else:
                with neo4j.GraphDatabase.driver(uri, auth=auth) as driver, driver.session() as session:
                    for query, parameters in work:
                        for at in range(0, len(parameters), _SLICE):
                            session.run(query, rows=parameters[at : at + _SLICE]).consume()
            seconds = time.monotonic() - started
            figures.setdefault(way, []).append(round(rows / seconds))
            print(f"{way}: {rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} rows/s", flush=True)
            store.remove_project(project)
            store.close()
    figures["ratio"] = round(max(figures["store"]) / max(figures["bare"]), 2)
    print(f"store / bare: {figures['ratio']}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
