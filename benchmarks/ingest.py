"""Whole commands: an ingest cold, warm (cache known, graph new) and unchanged; with child processes and on Ray; both stores.

``python -m benchmarks.ingest FOLDER --dialect tsql``. Neo4j is measured when NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD
are set. Memory is the sum over all processes of the command (PSS: shared pages are counted once; sampled).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil


def run(command: list[str], cwd: Path, environ: dict[str, str]) -> dict[str, Any]:
    """Run one command: its summary, wall seconds, CPU seconds and peak memory of all its processes."""
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = 0
    over = threading.Event()

    def watch() -> None:
        nonlocal peak
        root = psutil.Process(process.pid)
        while not over.wait(0.1):
            try:
                family = [root, *root.children(recursive=True)]
                peak = max(peak, sum(p.memory_full_info().pss for p in family))
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue

    thread = threading.Thread(target=watch)
    thread.start()
    out, err = process.communicate()
    over.set()
    thread.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{err}")
    summary = json.loads(out)
    return {"wall_s": round(time.monotonic() - started, 2), "run_s": round(summary["seconds"], 2), "files": summary["files"],
            "files_per_s": round(summary["files_per_second"]), "rows_written": summary["rows_written"],
            "cache_hits": summary["cache_hits"], "peak_mb": round(peak / 1e6)}  # fmt: skip


def measure(folder: Path, dialect: str, executor: str, neo4j: bool) -> list[dict[str, Any]]:
    """Cold, unchanged, warm."""
    clean = {k: v for k, v in os.environ.items() if neo4j or not k.startswith("NEO4J_")}
    rows = []
    with tempfile.TemporaryDirectory() as place:
        cwd = Path(place)
        command = [sys.executable, "-m", "ray_lineage", "--no-progress", "--project", f"bench{os.getpid()}{executor}", "ingest",
                   str(folder.resolve()), "--dialect", dialect, "--executor", executor, "--json"]  # fmt: skip
        for name in ("cold", "unchanged", "warm"):
            if name == "warm":
                if neo4j:
                    command.append("--full")
                else:
                    for path in (cwd / "data").glob("graph.db*"):
                        path.unlink()
            if name == "unchanged":
                time.sleep(2.5)  # files younger than two seconds are read again, as git does
            found = run(command, cwd, clean)
            rows.append({"store": "neo4j" if neo4j else "sqlite", "executor": executor, "run": name, **found})
            print("  ".join(f"{k} {v}" for k, v in rows[-1].items()), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dialect", default="tsql")
    parser.add_argument("--executors", default="local,ray")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for neo4j in [False, True] if os.environ.get("NEO4J_URI") else [False]:
        for executor in options.executors.split(","):
            rows.extend(measure(options.folder, options.dialect, executor, neo4j))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
