"""CPU of compile against CPU of sqlglot's parse alone, on the same files, alternating in one run.

``python -m benchmarks.compile DIALECT=FOLDER ...``. The ratio counts files that the parser reads as they are; files that
need splitting are reported apart (they cannot be compared: the parser alone does not read them).
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ray_lineage.compile import CompileOptions, compile_text
from ray_lineage.sources.decode import decode

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
_LARGEST = 300_000  # characters: data scripts measure the skipping of rows, not the compiling


def readable(text: str, dialect: str) -> bool:
    """Does the parser alone read the whole file, with nothing left opaque?"""
    try:
        trees = sqlglot.parse(text, dialect=dialect)
    except (SqlglotError, RecursionError):
        return False
    return not any(t is None or isinstance(t, exp.Command) for t in trees)


def measure(folder: Path, dialect: str, rounds: int) -> dict[str, Any]:
    """CPU seconds of both, and their ratio."""
    texts = [decode(p.read_bytes()).text for p in sorted(folder.rglob("*.sql"))]
    texts = [t for t in texts if t and len(t) <= _LARGEST]
    plain = [t for t in texts if readable(t, dialect)]
    rest = [t for t in texts if not readable(t, dialect)]
    parse = ours = others = 0.0
    for _ in range(rounds):
        start = time.process_time()
        for text in plain:
            sqlglot.parse(text, dialect=dialect)
        parse += time.process_time() - start
        start = time.process_time()
        for text in plain:
            compile_text(text, CompileOptions(dialect))
        ours += time.process_time() - start
        start = time.process_time()
        for text in rest:
            compile_text(text, CompileOptions(dialect))
        others += time.process_time() - start
    return {
        "folder": folder.name, "dialect": dialect, "files": len(plain), "parse_s": round(parse / rounds, 4),
        "compile_s": round(ours / rounds, 4), "ratio": round(ours / parse, 3) if parse else None,
        "files_per_s": round(len(plain) * rounds / ours) if ours else None,
        "split_files": len(rest), "split_files_per_s": round(len(rest) * rounds / others) if others else None,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="DIALECT=FOLDER")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for given in options.folders:
        dialect, _, folder = given.partition("=")
        rows.append(measure(Path(folder), dialect, options.rounds))
        print("  ".join(f"{k} {v}" for k, v in rows[-1].items()), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
