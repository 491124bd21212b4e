"""Is the lineage that an ingest finds exactly the true one? Compares a generated repository's graph with its truth."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.generate import Truth, generate
from ray_lineage.graph.open import open_store
from ray_lineage.runtime.ingest import ingest
from ray_lineage.settings import Settings, load_settings


def compare(truth: Truth, settings: Settings) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
    """(missing, extra) edges as (file, source, target, transformation, certainty), after an ingest of the repository."""
    ingest(settings, [str(truth.root)])
    store = open_store(settings, read_only=True)
    try:
        rows = store.dump("repo")["FLOWS_TO"]
    finally:
        store.close()
    cut = len("repo:")
    found = {(r[2][cut:], r[0][cut:], r[1][cut:], r[5], r[6]) for r in rows}
    true = {
        (e.file, f"{e.source}.{e.source_column}", f"{e.target}.{e.target_column}", e.transformation, "certain")
        for e in truth.edges
    }
    return true - found, found - true


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dialect", choices=("tsql", "postgres"), default="tsql")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        truth = generate(Path(folder), options.files, options.seed, options.dialect)
        settings = load_settings({"data_dir": f"{folder}/data", "dialect": options.dialect}, environ={}).settings
        missing, extra = compare(truth, settings)
    print(f"{options.files} files, {len(truth.edges)} true edges: {len(missing)} missing, {len(extra)} extra")
    for name, rows in (("missing", missing), ("extra", extra)):
        for row in sorted(rows)[:10]:
            print(f"  {name}: {row}")
    return 1 if missing or extra else 0


if __name__ == "__main__":
    raise SystemExit(main())
