"""CPU of compile on Python, without that of the SQL in it, against CPU of ``ast.parse`` alone; and of files without SQL.

``python -m benchmarks.python FOLDER ...`` prints a line for all files: those that say something (``with SQL``: the ratio is
(all of ``compile_source`` - what ``compile_fragment`` of its texts takes) / ``ast.parse`` of the same files), those that only may
call what does in other modules (``leading``: the same ratio), and those that are left after a look at their bytes (``without``:
files/s). Files that ask for others get none. Of each piece of ten files the least
of the rounds counts; the two sides alternate in one run. ``--profile`` prints what the numerator is spent on instead.
"""

from __future__ import annotations

import argparse
import ast
import cProfile
import gc
import json
import math
import pstats
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.python import runner
from ray_lineage.compile.python.candidates import may_lead_on, may_say_something
from ray_lineage.compile.python.reading import decoded, parsed

_PIECE = 10  # files
_OPTIONS = CompileOptions(formats=("python",), model="m")


class Spent:
    """CPU of the SQL, taken apart from the rest."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._compile = runner.compile_fragment

    def __call__(self, *given: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return self._compile(*given, **named)
        finally:
            self.seconds += time.process_time() - start


def read(folders: list[Path]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """The files that may say something, those that may lead on, both if they can be read, and what is left after a look at bytes."""
    found: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])
    for path in sorted(p for folder in folders for p in folder.rglob("*.py") if p.is_file()):
        data = path.read_bytes()
        kind = 0 if may_say_something(data) else 1 if may_lead_on(data, _OPTIONS.model) else 2
        if kind == 2 or parsed(decoded(data) or "(") is not None:
            found[kind].append(data)
    return found


def compile_all(files: list[bytes]) -> None:
    for data in files:
        compile_source(data, _OPTIONS)


def parse_all(files: list[bytes]) -> None:
    for data in files:
        ast.parse(data)


def seconds(work: Callable[[list[bytes]], None], files: list[bytes], spent: Spent) -> float:
    """CPU of one pass without that of SQL; each side pays for its own garbage."""
    gc.collect()
    spent.seconds = 0.0
    start = time.process_time()
    work(files)
    gc.collect()
    return time.process_time() - start - spent.seconds


def ratio(files: list[bytes], rounds: int, spent: Spent) -> tuple[float, float]:
    """CPU of compile and of parse."""
    pieces = [files[i : i + _PIECE] for i in range(0, len(files), _PIECE)]
    ours, theirs = [math.inf] * len(pieces), [math.inf] * len(pieces)
    for _ in range(rounds):
        for i, piece in enumerate(pieces):
            theirs[i] = min(theirs[i], seconds(parse_all, piece, spent))
            ours[i] = min(ours[i], seconds(compile_all, piece, spent))
    return sum(ours), sum(theirs)


def measure(with_sql: list[bytes], leading: list[bytes], without: list[bytes], rounds: int) -> dict[str, Any]:
    spent = Spent()
    gc.collect()
    gc.freeze()
    with mock.patch.object(runner, "compile_fragment", spent):
        cpu, parsing = ratio(with_sql, rounds, spent)
        leads, leads_parsing = ratio(leading, rounds, spent)
        left = min(seconds(compile_all, without, spent) for _ in range(rounds))
    gc.unfreeze()
    return {"with SQL": len(with_sql), "compile_s": round(cpu, 3), "parse_s": round(parsing, 3), "ratio": round(cpu / parsing, 3),
            "leading": len(leading), "leading_ratio": round(leads / leads_parsing, 3),
            "without": len(without), "files_per_s": round(len(without) / left)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with_sql, leading, without = read(options.folders)
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(compile_all, with_sql)
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)
        return
    row = measure(with_sql, leading, without, options.rounds)
    print("  ".join(f"{k} {v}" for k, v in row.items()))
    if options.json:
        options.json.write_text(json.dumps(row, indent=2))


if __name__ == "__main__":
    main()
