"""Do two revisions find the same facts? The net under every move in ``compile``.

``python -m benchmarks.facts_equal REF [DIALECT=FOLDER ...]`` compiles with the code at hand and with that of the git revision
(or folder) REF, and compares the encoded facts byte for byte:

- every script and every SQL string of the tests, each in every dialect and with the dialect left to be detected;
- two synthetic repositories, one T-SQL, one Postgres (``benchmarks.generate``);
- the ``*.sql`` of each FOLDER, in the dialect given, detected and, with names' defaults, as dbt models.

Then it prints, of the folders' files, the CPU of compile here and there, and both against the parser's: pieces of ten files
in turns, of each piece the least of the rounds, because what else runs on the machine only ever adds. Exit code 1 if a fact
differs. ``--known FILE`` keeps REF's digests for the next run. ``--linked`` compares the rows of the graph that each text leads
to alone, for changes of how facts are written down.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import gc
import hashlib
import json
import logging
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

ROOT = Path(__file__).resolve().parent.parent
_LARGEST = 300_000  # characters: data scripts measure the skipping of rows, not the compiling
_PIECE = 10  # files
_SURROGATE = re.compile("[\ud800-\udfff]")  # cannot be sent
_SQL = re.compile(
    r"\b(select|create|insert|update|merge|declare|exec|call|copy|set|drop|with|delete|alter|use|load|begin|from)\b",
    re.I,
)


class Sample(NamedTuple):
    """One compile: where the text is from, the text, and the fields of ``CompileOptions``."""

    origin: str
    text: str
    options: tuple[str, str, str, str]


# --------------------------------------------------------------------------- what is compiled


def samples(dialects: Sequence[str], folders: Sequence[tuple[str, Path]]) -> list[Sample]:
    """All that both revisions compile."""
    out: dict[Sample, None] = {}
    for origin, text in [*scripts(), *strings()]:
        model = "m" if "{" in text else ""
        for dialect in ("", *dialects):
            out[Sample(origin, text, (dialect, "", "", model))] = None
    for dialect in ("tsql", "postgres"):
        with tempfile.TemporaryDirectory() as folder:
            out.update(dict.fromkeys(generated(Path(folder), dialect)))
    for dialect, folder in folders:
        for path, text in texts(folder):
            origin = str(path.relative_to(folder))
            out[Sample(origin, text, (dialect, "", "", ""))] = None
            out[Sample(origin, text, ("", "", "", ""))] = None
            out[Sample(origin, text, (dialect, "Some", "Default", path.stem))] = None
    return list(out)


def scripts() -> Iterator[tuple[str, str]]:
    """The cases of ``tests/unit/sql/scripts``."""
    from tests.unit.sql.test_sql_scripts import CASES

    yield from ((name, script.sql) for name, script in CASES)


def strings() -> Iterator[tuple[str, str]]:
    """Every string of the tests that may be SQL."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            text = node.value if isinstance(node, ast.Constant) else ""
            if isinstance(text, str) and " " in text and _SQL.search(text) and not _SURROGATE.search(text):
                yield f"{path.name}:{node.lineno}", text


def generated(folder: Path, dialect: str) -> Iterator[Sample]:
    from benchmarks.generate import generate

    generate(folder, 150, 7, dialect)
    for path, text in texts(folder):
        yield Sample(f"generated {path.name}", text, (dialect, "", "", ""))


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    from ray_lineage.sources.decode import decode

    for path in sorted(folder.rglob("*.sql")):
        text = decode(path.read_bytes()).text
        if text and len(text) <= _LARGEST:
            yield path, text


# --------------------------------------------------------------------------- a process with one revision's code


class Worker:
    """A Python that imports ``ray_lineage`` from ``tree``."""

    def __init__(self, tree: Path, *, linked: bool = False) -> None:
        self._linked = linked
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, "--work"],
            env={**os.environ, "PYTHONPATH": str(tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **question: Any) -> Any:
        """Raises RuntimeError if the process ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended with exit code {self._process.wait()}")
        return json.loads(line)

    def facts(self, asked: Sequence[Sample], *, whole: bool = False) -> list[Any]:
        """Digests of the samples' facts; ``whole``: the facts themselves, as text."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(msgspec.msgpack.encode(asked))
            file.flush()
            return list(self.ask(do="facts", samples=file.name, whole=whole, linked=self._linked))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def work() -> None:
    """What a worker does: a question a line, an answer a line."""
    import ray_lineage.compile as compiler

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    compiler.import_compiler()
    known: list[Sample] = []
    for line in sys.stdin:
        question = json.loads(line)
        if question["do"] == "facts":
            asked = _read(question["samples"])
            said = _rows if question["linked"] else _facts
            answer: Any = [said(compiler, s, question["whole"]) for s in asked]
        elif question["do"] == "load":
            known, answer = _read(question["samples"]), None
            gc.collect()
            gc.freeze()
        else:
            answer = _seconds(compiler, known[question["first"] : question["last"]], question["do"])
        print(json.dumps(answer), flush=True)


def _read(path: str) -> list[Sample]:
    return [
        Sample(*row)
        for row in msgspec.msgpack.decode(
            Path(path).read_bytes(), type=list[tuple[str, str, tuple[str, str, str, str]]]
        )
    ]


def _compile(compiler: Any) -> Any:
    """What compiles, by the name that it had in that revision."""
    return getattr(compiler, "compile_source", None) or compiler.compile_text


def _facts(compiler: Any, sample: Sample, whole: bool) -> Any:
    try:
        facts = _compile(compiler)(sample.text, compiler.CompileOptions(*sample.options))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if whole:
        return json.dumps(msgspec.to_builtins(facts), indent=1)
    return hashlib.sha1(msgspec.msgpack.encode(facts), usedforsecurity=False).hexdigest()


def _rows(compiler: Any, sample: Sample, whole: bool) -> Any:
    from ray_lineage.link import Linker
    from ray_lineage.model import encode_facts

    linker = Linker("p")
    try:
        facts = _compile(compiler)(sample.text, compiler.CompileOptions(*sample.options))
        linker.put("f", "", encode_facts(facts))
        (found,) = linker.link()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        linker.close()
    ((_, _, _, _, _, _, *status),) = found.rows.pop("File")
    said = (found.rows, found.datasets, found.columns, status)
    if whole:
        return json.dumps(msgspec.to_builtins(said), indent=1)
    return hashlib.sha1(msgspec.msgpack.encode(said), usedforsecurity=False).hexdigest()


def _seconds(compiler: Any, files: list[Sample], what: str) -> float:
    """CPU of compiling or parsing these. Each side pays for its own garbage, all of it."""
    import sqlglot

    compile_ = _compile(compiler)
    gc.collect()
    start = time.process_time()
    for file in files:
        if what == "compile":
            compile_(file.text, compiler.CompileOptions(*file.options))
        else:
            sqlglot.parse(file.text, dialect=file.options[0])
    gc.collect()
    return time.process_time() - start


# --------------------------------------------------------------------------- comparing


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """The code of a revision, or of a folder."""
    if (Path(revision) / "ray_lineage").is_dir():
        yield Path(revision).resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", revision, "ray_lineage"], cwd=ROOT, check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        yield Path(folder)


def code_of(tree: Path) -> str:
    """Digest of all that may decide what a compile gives."""
    digest = hashlib.sha1(usedforsecurity=False)
    rooms = [(tree / "ray_lineage" / room) for room in ("compile", "link", "model")]
    for path in sorted([*(p for room in rooms for p in room.rglob("*.py")), *(tree / "ray_lineage").glob("model*")]):
        if path.is_file():
            digest.update(str(path.relative_to(tree)).encode() + path.read_bytes())
    return digest.hexdigest()


def known_facts(worker: Worker, tree: Path, asked: list[Sample], file: Path | None) -> list[Any]:
    """REF's digests, out of the file where it holds them."""
    key = code_of(tree)
    wanted = [hashlib.sha1(repr(s[1:]).encode(), usedforsecurity=False).hexdigest() for s in asked]
    kept = json.loads(file.read_text()) if file is not None and file.exists() else {}
    held: dict[str, Any] = kept.get("facts", {}) if kept.get("key") == key else {}
    missing = [k for k, name in enumerate(wanted) if name not in held]
    for k, digest in zip(missing, worker.facts([asked[k] for k in missing]), strict=True):
        held[wanted[k]] = digest
    if file is not None:
        file.write_text(json.dumps({"key": key, "facts": held}))
    return [held[name] for name in wanted]


def show(theirs: Worker, ours: Worker, differing: list[Sample]) -> None:
    before, now = theirs.facts(differing, whole=True), ours.facts(differing, whole=True)
    for sample, a, b in zip(differing, before, now, strict=True):
        print(f"\n--- {sample.origin} {sample.options}\n{sample.text[:1500]}")
        lines = list(difflib.unified_diff(a.split("\n"), b.split("\n"), "before", "now", "", "", 6, ""))
        print("\n".join(lines[:60]))


def speed(theirs: Worker, ours: Worker, files: list[Sample], rounds: int) -> tuple[float, float, float]:
    """CPU seconds of the files: compiled there, compiled here, parsed alone (those that the parser reads)."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(msgspec.msgpack.encode(files))
        file.flush()
        for worker in (theirs, ours):
            worker.ask(do="load", samples=file.name)
        total = [0.0, 0.0, 0.0]
        for first in range(0, len(files), _PIECE):
            least = [math.inf] * 3
            for _ in range(rounds):
                for k, (worker, what) in enumerate(((theirs, "compile"), (ours, "compile"), (ours, "parse"))):
                    least[k] = min(least[k], worker.ask(do=what, first=first, last=first + _PIECE))
            total = [a + b for a, b in zip(total, least, strict=True)]
    return total[0], total[1], total[2]


def readable(asked: Iterable[Sample]) -> list[Sample]:
    """Those that the parser alone reads, so that both have the same work."""
    from benchmarks.compile import readable

    return [s for s in asked if readable(s.text, s.options[0])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ref", help="a git revision, or a folder with ray_lineage in it")
    parser.add_argument("folders", nargs="*", metavar="DIALECT=FOLDER")
    parser.add_argument("--known", type=Path, metavar="FILE", help="keep REF's digests here")
    parser.add_argument("--rounds", type=int, default=3, help="0: measure nothing")
    parser.add_argument("--show", type=int, default=5, help="differences shown whole")
    parser.add_argument("--linked", action="store_true", help="compare the graph's rows")
    options = parser.parse_args()
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    from ray_lineage.compile import DIALECTS

    folders = [(dialect, Path(folder)) for dialect, _, folder in (g.partition("=") for g in options.folders)]
    asked = samples(DIALECTS, folders)
    with tree_of(options.ref) as tree:
        theirs, ours = Worker(tree, linked=options.linked), Worker(ROOT, linked=options.linked)
        try:
            before, now = known_facts(theirs, tree, asked, options.known), ours.facts(asked)
            differing = [s for s, a, b in zip(asked, before, now, strict=True) if a != b]
            print(f"{len(asked)} compiles of {len({s.text for s in asked})} texts, {len(differing)} differ")
            for sample in differing[options.show :][:40]:
                print(f"  {sample.origin} {sample.options}")
            show(theirs, ours, differing[: options.show])
            for dialect, folder in folders if options.rounds else ():
                files = readable(Sample("", text, (dialect, "", "", "")) for _, text in texts(folder))
                there, here, parse = speed(theirs, ours, files, options.rounds)
                print(
                    f"{folder.name}: {len(files)} files, compile / parse {there / parse:.3f} before, {here / parse:.3f} now;"
                    f" now / before {here / there:.3f}"
                )
        finally:
            theirs.close()
            ours.close()
    return 1 if differing else 0


if __name__ == "__main__":
    if "--work" in sys.argv:
        work()
    else:
        sys.exit(main())
