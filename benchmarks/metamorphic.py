"""Is what is written otherwise read as the same? Real SQL, written in other words (``rewordings``), has to have its lineage.

``python -m benchmarks.metamorphic FOLDER... [--dialect tsql] [--seed 1] [--seconds 600]`` prints each violation, as short as it
could be made, with what was lost and what came up. No expectation is written by hand: what the text says as it stands is what it
has to say.

Files are changed as texts, their queries as trees; then a folder's files are split into one for each object, and read in another
order (``folders``): neither changes what they make together.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import folders
from benchmarks.rewordings import OF_QUERIES, OF_TEXTS, Reword, is_plain, queries
from ray_lineage.api import lineage
from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.sources.decode import decode

_LARGEST: Final = 200_000  # bytes
_TOGETHER: Final = 200  # files that are linked
_STEPS: Final = 200  # of making one violation shorter


class Answer(NamedTuple):
    """What does not depend on how it is written: names without letter case."""

    columns: frozenset[tuple[str, str, str, str]]
    influences: frozenset[tuple[str, str, str]]
    lost: int
    """Statements that could not be read."""


def answer(sql: str, dialect: str) -> Answer:
    """The lineage of a text alone."""
    found = lineage(sql, dialect or None, seconds=None)
    columns = {(str(c.source).lower(), str(c.target).lower(), c.transformation, c.certainty) for c in found.columns}
    influences = {(str(i.source).lower(), (i.target or "").lower(), i.how) for i in found.influences}
    lost = sum(d.code in ("RL101", "RL102", "RL113") for d in found.diagnostics)
    return Answer(frozenset(columns), frozenset(influences), lost)


class Violation(NamedTuple):
    """Two texts that mean the same and are not read so."""

    way: str
    dialect: str
    sql: str
    other: str
    lost: list[str]
    new: list[str]


def violation(way: str, reword: Reword, sql: str, dialect: str, seed: int) -> Violation | None:
    """None: it is read as the same, or cannot be written so."""
    other = reword(sql, dialect, seed)
    if other is None or other == sql:
        return None
    before, after = answer(sql, dialect), answer(other, dialect)
    if before == after:
        return None
    was = {*before.columns, *before.influences, ("lost", str(before.lost))}
    now = {*after.columns, *after.influences, ("lost", str(after.lost))}
    return Violation(way, dialect, sql, other, sorted(map(str, was - now)), sorted(map(str, now - was)))


def shrunk(found: Violation, reword: Reword, seed: int) -> Violation:
    """The same with lines left out, then words, as long as something is read otherwise. Halves are left out first."""
    for pieces in (r"[^\n]*\n?", r"\w+\W*|\W+"):
        found = _without(re.findall(pieces, found.sql), found, reword, seed)
    return found


def _without(lines: list[str], found: Violation, reword: Reword, seed: int) -> Violation:
    size, steps = max(1, len(lines) // 2), 0
    while size:
        at = 0
        while at < len(lines) and steps < _STEPS:
            steps += 1
            less = lines[:at] + lines[at + size :]
            smaller = _violated("".join(less), found, reword, seed)
            lines, found, at = (less, smaller, at) if smaller else (lines, found, at + size)
        size //= 2
    return found


def _violated(sql: str, found: Violation, reword: Reword, seed: int) -> Violation | None:
    """A tree that is made smaller stays one that is written as it is read."""
    if found.way in OF_QUERIES:
        sql = next(queries(sql, found.dialect), "SELECT 1")
    smaller = violation(found.way, reword, sql, found.dialect, seed)
    return smaller if smaller and _is_lost(smaller) == _is_lost(found) else None


def _is_lost(found: Violation) -> bool:
    return any(x.startswith("('lost'") for x in found.lost)


# --------------------------------------------------------------------------- folders


def files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files of SQL that are no templates."""
    for path in sorted(folder.rglob("*.sql")):
        if path.is_file() and path.stat().st_size < _LARGEST:
            text = decode(path.read_bytes()).text
            if is_plain(text):
                yield path, text


def dialect_of(text: str) -> str:
    """What the text is read as."""
    return compile_source(text, CompileOptions()).dialect


def tried(text: str, dialect: str, seed: int) -> Iterator[tuple[str, Violation | None]]:
    """Every way, for the text and for each of its queries."""
    for way, reword in OF_TEXTS.items():
        yield way, _shortest(way, reword, text, dialect, seed)
    for sql in queries(text, dialect):
        for way, reword in OF_QUERIES.items():
            yield way, _shortest(way, reword, sql, dialect, seed)


def _shortest(way: str, reword: Reword, sql: str, dialect: str, seed: int) -> Violation | None:
    found = violation(way, reword, sql, dialect, seed)
    return shrunk(found, reword, seed) if found else None


def shown(found: Violation, where: object) -> str:
    """A violation to read."""
    marks = [*(f"  - {x}" for x in found.lost[:6]), *(f"  + {x}" for x in found.new[:6])]
    return "\n".join(
        [f"== {found.way}, {found.dialect}, {where}", found.sql.strip(), "-- as", found.other.strip(), *marks]
    )


def main() -> int:
    """Exit 1: there are violations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--dialect", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600.0, help="of all files together; they are taken at random")
    parser.add_argument("--printed", type=int, default=5, help="violations of one way in one folder")
    given = parser.parse_args()
    bad: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for folder in given.folders:
        _folder(folder, given, asked, bad)
    for way in asked:
        print(f"{way}: {asked[way]} texts, {bad[way]} read otherwise")
    return int(bool(bad))


def _folder(folder: Path, given: argparse.Namespace, asked: Counter[str], bad: Counter[str]) -> None:
    everything = list(files(folder))
    random.Random(given.seed).shuffle(everything)
    together(folder, everything, given, asked, bad)
    end, printed = time.monotonic() + given.seconds / len(given.folders), Counter[str]()
    for path, text in everything:
        dialect = given.dialect or dialect_of(text)
        for way, found in tried(text, dialect, given.seed):
            asked[way] += 1
            if found is None:
                continue
            bad[way] += 1
            printed[way] += 1
            if printed[way] <= given.printed:
                print(shown(found, path), flush=True)
        if time.monotonic() > end:
            return


def together(
    folder: Path, everything: list[tuple[Path, str]], given: argparse.Namespace, asked: Counter[str], bad: Counter[str]
) -> None:
    """The laws of the folder's files, of those of its most frequent dialect, two hundred at most."""
    some = everything[:_TOGETHER]
    read = {path: given.dialect or dialect_of(text) for path, text in some}
    dialect = Counter(read.values()).most_common(1)[0][0] if read else ""
    texts = folders.without_clashes({str(p): text for p, text in some if read[p] == dialect}, dialect)
    for law in folders.LAWS:
        asked[law] += 1
        if folders.broken(texts, dialect, law):
            bad[law] += 1
            left = folders.shortest(texts, dialect, law)
            print(f"== {law}, {dialect}, {folder}: {sorted(left)}")
            for edge in sorted(folders.broken(left, dialect, law))[:6]:
                print(f"  {edge}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
