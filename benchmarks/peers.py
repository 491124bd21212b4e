"""Peers on the same files: sqllineage and DataHub's SQL parser, each in a virtual environment of its own.

``python -m benchmarks.peers FOLDER --dialect tsql --sample 60``. Figures are files per second of CPU on one core.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.sources.decode import decode

_SQLLINEAGE = """
import json, sys, time
from sqllineage.runner import LineageRunner
paths, dialect = json.load(open(sys.argv[1])), sys.argv[2]
failed = 0
start = time.process_time()
for path in paths:
    text = open(path, encoding="utf-8").read()
    try:
        runner = LineageRunner(text, dialect=dialect)
        runner.get_column_lineage()
    except Exception:
        failed += 1
print(json.dumps({"files": len(paths), "failed": failed, "cpu_s": time.process_time() - start}))
"""
_DATAHUB = """
import json, sys, time, logging
logging.disable(logging.CRITICAL)
from datahub.sql_parsing.sqlglot_lineage import create_lineage_sql_parsed_result
paths, dialect = json.load(open(sys.argv[1])), sys.argv[2]
failed = 0
start = time.process_time()
for path in paths:
    text = open(path, encoding="utf-8").read()
    try:
        result = create_lineage_sql_parsed_result(
            text, default_db="db", default_schema="dbo", platform=dialect, platform_instance=None, env="PROD")
        failed += bool(result.debug_info.table_error)
    except Exception:
        failed += 1
print(json.dumps({"files": len(paths), "failed": failed, "cpu_s": time.process_time() - start}))
"""
_PEERS = {
    "sqllineage": (["sqllineage"], _SQLLINEAGE, {"tsql": "tsql", "postgres": "postgres"}),
    "datahub": (["acryl-datahub[sql-parser]"], _DATAHUB, {"tsql": "mssql", "postgres": "postgres"}),
}


def environment(folder: Path, packages: list[str]) -> Path:
    """A virtual environment with the packages; its Python."""
    if not (folder / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "-q", *packages], check=True)
    return folder / "bin" / "python"


def ours(paths: list[str], dialect: str) -> dict[str, Any]:
    """The same files, compiled here (the parser loaded before, as with the peers)."""
    compile_source("SELECT 1", CompileOptions(dialect))
    failed = 0
    start = time.process_time()
    for path in paths:
        facts = compile_source(Path(path).read_text("utf-8"), CompileOptions(dialect))
        failed += facts.status != "ok"
    return {"files": len(paths), "failed": failed, "cpu_s": time.process_time() - start}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dialect", choices=("tsql", "postgres"), default="tsql")
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--peers", default="sqllineage,datahub")
    parser.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "ray_lineage-peers")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = [p for p in sorted(options.folder.rglob("*.sql")) if p.stat().st_size < 20_000]
        paths = []
        for number, path in enumerate(random.Random(1).sample(files, min(options.sample, len(files)))):
            copy = Path(folder) / f"{number}.sql"  # in UTF-8, which is all that some peers read
            copy.write_text(decode(path.read_bytes()).text, encoding="utf-8")
            paths.append(str(copy))
        listed = Path(folder) / "paths.json"
        listed.write_text(json.dumps(paths))
        rows["ray_lineage"] = ours(paths, options.dialect)
        for name in options.peers.split(","):
            packages, code, dialects = _PEERS[name]
            python = environment(options.environments / name, packages)
            done = subprocess.run(
                [str(python), "-c", code, str(listed), dialects[options.dialect]], capture_output=True, text=True
            )
            if done.returncode:
                print(f"{name} failed: {done.stderr[-500:]}")
                continue
            rows[name] = json.loads(done.stdout.splitlines()[-1])
    for name, row in rows.items():
        row["files_per_s"] = round(row["files"] / row["cpu_s"], 1)
        row["ours_is_faster_by"] = round(
            rows["ray_lineage"]["files"] / rows["ray_lineage"]["cpu_s"] / row["files_per_s"], 1
        )
        print(f"{name:<12} {row}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
