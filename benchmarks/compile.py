"""CPU of compile against CPU of sqlglot's parse alone, of the same SQL, alternating in one run.

``python -m benchmarks.compile DIALECT=FOLDER ...`` prints a line for each of these sets of files; a set's ratio is
numerator / denominator. Both are sums over pieces of ten files, of each the least of the rounds: what else runs on the
machine only ever adds.

``plain``: files that the parser reads as they are, so that nothing needs splitting.
    Numerator: ``compile_source`` of each file, all of it. Denominator: ``sqlglot.parse`` of each file, all of it.
``procedures``: files with CREATE PROCEDURE, FUNCTION or TRIGGER and a body, most of which the parser alone does not read.
    Numerator: ``compile_source`` of each file, all of it: tokenizing, splitting, token rewrites, parsing, the relational
    programs, variables, calls, DDL and text in strings. Denominator: what the parser needs for the statements in it that
    compile hands to it, given their tokens: tokenizing each text once (the file, a body in dollar quotes, SQL in a
    string), and ``parser().parse`` of each statement's tokens as they are after the rewrites. Nothing stands in the
    denominator for statements that compile reads from tokens alone (CREATE TABLE, SET, EXEC...).

Files in which SQL in strings was compiled are in both sets' first figure; ``without SQL in strings`` is the same figure of
the other files: of a ``plain`` file the parser takes such a string for a constant, so its CPU is no measure there.
Every other file is ``rest``: no ratio, only speed.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.sql.engines import engine_of
from ray_lineage.compile.sql.lex.tokens import dialect_of, tokenize
from ray_lineage.compile.sql.script import compile_sql
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.sources.decode import decode

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
_PIECE = 10  # files
_LARGEST = 300_000  # characters: data scripts measure the skipping of rows, not the compiling


class Record(NamedTuple):
    """What one compile tokenizes and parses."""

    tokenized: list[str]
    slices: list[tuple[list[Token], str]]
    in_strings: bool
    kinds: set[str]


def record(text: str, dialect: str) -> Record:
    """Compile a text and look on."""
    tokenized: list[str] = []
    slices: list[tuple[list[Token], str]] = []
    nested: list[bool] = []

    class Recorder(Unit):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            tree = self.parser.tree
            self.parser.tree = lambda tokens, text: slices.append((tokens, text)) or tree(tokens, text)  # type: ignore[method-assign,func-returns-value]
            tokenized.append(self.text)

        def run(self, tokens: list[Token], verb: str = "") -> None:
            if not verb:
                nested.append(self.nested > 0)
                whole = self.nested or not tokens
                tokenized.append(self.text if whole else self.text[tokens[0].start : tokens[-1].end + 1])
            super().run(tokens, verb)

    facts = compile_sql(text, engine_of(dialect), CompileOptions(dialect), None, Recorder)
    return Record(tokenized, slices, any(nested), {d.kind for d in facts.declarations})


class Sample(NamedTuple):
    """One file. ``set`` is plain, procedures or rest."""

    text: str
    set: str
    tokenized: list[str]
    slices: list[tuple[list[Token], str]]
    in_strings: bool


def readable(text: str, dialect: str) -> bool:
    """Does the parser alone read the whole file, with nothing left opaque?"""
    try:
        trees = sqlglot.parse(text, dialect=dialect)
    except (SqlglotError, RecursionError):
        return False
    return not any(t is None or t.find(exp.Command) for t in trees)


def samples(folder: Path, dialect: str) -> list[Sample]:
    """The files of a folder. A procedure that the parser reads whole is in both sets."""
    out: list[Sample] = []
    for path in sorted(folder.rglob("*.sql")):
        text = decode(path.read_bytes()).text
        if not text or len(text) > _LARGEST:
            continue
        seen = record(text, dialect)
        sets = ["plain"] if readable(text, dialect) else []
        sets += ["procedures"] if seen.slices and {"Procedure", "Function", "Trigger"} & seen.kinds else []
        out += [Sample(text, s, seen.tokenized, seen.slices, seen.in_strings) for s in sets or ["rest"]]
    return out


def compile_all(files: list[Sample], dialect: str) -> None:
    for file in files:
        compile_source(file.text, CompileOptions(dialect))


def parse_files(files: list[Sample], dialect: str) -> None:
    for file in files:
        sqlglot.parse(file.text, dialect=dialect)


def parse_slices(files: list[Sample], dialect: str) -> None:
    for file in files:
        for text in file.tokenized:
            tokenize(text, engine_of(dialect))
        for tokens, text in file.slices:
            try:
                dialect_of(dialect).parser().parse(tokens, text)
            except (SqlglotError, ValueError, AttributeError, TypeError, IndexError, KeyError):
                continue  # compile makes a diagnostic of it


def seconds(work: Callable[[list[Sample], str], None], files: list[Sample], dialect: str) -> float:
    """CPU of one pass. Each side pays for its own garbage, all of it."""
    gc.collect()
    start = time.process_time()
    work(files, dialect)
    gc.collect()
    return time.process_time() - start


def measure(folder: Path, dialect: str, rounds: int) -> list[dict[str, Any]]:
    """The figures of each set of a folder's files."""
    known = samples(folder, dialect)
    gc.collect()
    gc.freeze()  # what the benchmark itself holds is no part of either side's garbage collection
    rows: list[dict[str, Any]] = []
    for name, parse in (("plain", parse_files), ("procedures", parse_slices), ("rest", None)):
        of_set = [s for s in known if s.set == name]
        without = [s for s in of_set if not s.in_strings]
        parts = [(name, of_set), (f"{name} without SQL in strings", without)]
        for title, files in parts if parse and without != of_set else parts[:1]:
            if not files:
                continue
            pieces = [files[i : i + _PIECE] for i in range(0, len(files), _PIECE)]
            ours, theirs = [math.inf] * len(pieces), [math.inf] * len(pieces)
            for _ in range(rounds):
                for i, piece in enumerate(pieces):
                    if parse is not None:
                        theirs[i] = min(theirs[i], seconds(parse, piece, dialect))
                    ours[i] = min(ours[i], seconds(compile_all, piece, dialect))
            row = {"folder": folder.name, "dialect": dialect, "set": title, "files": len(files)}
            cpu, parsing = sum(ours), sum(theirs)
            row |= {"compile_s": round(cpu, 4), "files_per_s": round(len(files) / cpu)}
            rows.append(row | ({"parse_s": round(parsing, 4), "ratio": round(cpu / parsing, 3)} if parse else {}))
    gc.unfreeze()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="DIALECT=FOLDER")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for given in options.folders:
        dialect, _, folder = given.partition("=")
        for row in measure(Path(folder), dialect, options.rounds):
            rows.append(row)
            print("  ".join(f"{k} {v}" for k, v in row.items()), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
