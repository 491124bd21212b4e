"""What linking costs: first load, and one saved file in a large repository.

``python -m benchmarks.link --files 4000`` links a generated repository and prints CPU: milliseconds a file of each step that
the process with the linker does alone (put, settle, shared, noting what others linked, save, restore) and of those that workers do (opening
the shared catalog, linking). Then files are saved one after another: a comment line on top, a condition
more in WHERE, a column more in CREATE TABLE, a table renamed; each is put, linked, and taken back. For each kind of edit: CPU of put, settle and link
together, how many files were linked again, how many of them differ, how many column lists were computed.

``--facts FILE`` keeps the compiled facts, which take longest, for the next run; only then is the linker's memory its own, since
compiling leaves room behind.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.generate import generate
from ray_lineage.compile import CompileOptions, compile_source, version_of
from ray_lineage.link import Linker
from ray_lineage.link.shared import SharedCatalog, link_file
from ray_lineage.model import encode_facts

_FIGURES = (
    "p50 ms", "p95 ms", "mean ms", "linked p50", "linked p95", "linked most", "different most", "lists p95",
)  # fmt: skip
_CREATE = re.compile(r"CREATE TABLE (\w+\.\w+) \(")


def _edits(text: str, number: int) -> dict[str, str]:
    """The edits that can be made to a text."""
    found = {"comment": f"-- saved {number}\n{text}"}
    if "WHERE " in text:
        found["condition"] = text.replace("WHERE ", f"WHERE {number} = {number} AND ", 1)
    if _CREATE.search(text):
        found["column"] = _CREATE.sub(rf"CREATE TABLE \1 (added_{number} int, ", text, count=1)
        found["rename"] = _CREATE.sub(rf"CREATE TABLE \1_{number} (", text, count=1)
    return found


class Repository(msgspec.Struct):
    """Texts and facts by path. ``version`` of the compiler that made them."""

    version: str
    texts: dict[str, str]
    facts: dict[str, bytes]


def compiled(text: str) -> bytes:
    return encode_facts(compile_source(text, CompileOptions("tsql")))


def repository(files: int, kept: Path | None) -> Repository:
    if kept is not None and kept.exists():
        found = msgspec.msgpack.decode(kept.read_bytes(), type=Repository)
        if found.version == version_of(("sql",)) and len(found.texts) == files:
            return found
    with tempfile.TemporaryDirectory() as folder:
        truth = generate(Path(folder), files, 7, "tsql")
        texts = {p.relative_to(truth.root).as_posix(): p.read_text() for p in sorted(truth.root.rglob("*.sql"))}
    made = Repository(version_of(("sql",)), texts, {path: compiled(text) for path, text in texts.items()})
    if kept is not None:
        kept.write_bytes(msgspec.msgpack.encode(made))
    return made


class Clock:
    """CPU milliseconds of what is done."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}

    def __call__(self, what: str, files: int, run: Callable[[], Any]) -> Any:
        gc.collect()
        started = time.process_time()
        result = run()
        total = (time.process_time() - started) * 1000
        self.figures[what] = total / files
        print(f"{what:<28} {total / files:8.4f} ms a file {total / 1000:8.2f} s", flush=True)
        return result


def memory() -> int:
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def first_load(repository: Repository, clock: Clock) -> bytes:
    """Everything is put, settled, shared, linked as others would do it, and saved."""
    linker, files = Linker("p"), len(repository.facts)
    gc.collect()
    before = memory()
    clock("put", files, lambda: [linker.put(p, "0" * 64, f) for p, f in repository.facts.items()])
    paths = clock("settle", files, linker.settle)
    print(f"memory of the linker {(memory() - before) / files / 1000:.2f} kB a file")
    data = clock("shared", files, linker.shared)
    print(f"the shared catalog   {len(data) / files / 1000:.2f} kB a file")
    catalog = clock("open shared (worker)", files, lambda: SharedCatalog(data))
    done: list[tuple[str, str, bytes]] = []

    def share() -> None:
        for path in paths:
            contribution, uses = link_file("p", path, "0" * 64, repository.facts[path], catalog)
            done.append((path, contribution.fingerprint, uses))

    clock("link (worker)", files, share)
    clock("linked", files, lambda: [linker.linked(*d) for d in done])
    state = clock("save", files, lambda: linker.save("tag"))
    print(f"the saved state      {len(state) / files / 1000:.2f} kB a file")
    linker.close()
    return state


def restored(repository: Repository, state: bytes, clock: Clock) -> Linker:
    """A linker with that state."""
    linker = Linker("p", repository.facts.__getitem__)
    clock("restore", len(repository.facts), lambda: linker.restore(state, "tag"))
    return linker


class Save(NamedTuple):
    """What one save cost."""

    milliseconds: float
    linked: int
    different: int
    lists: int


def save(linker: Linker, path: str, facts: bytes) -> Save:
    before, started = linker.counts, time.process_time()
    linker.put(path, "1" * 64, facts)
    different = sum(1 for _ in linker.link())
    milliseconds = (time.process_time() - started) * 1000
    return Save(milliseconds, linker.counts.files - before.files, different, linker.counts.lists - before.lists)


def saves(linker: Linker, repository: Repository, count: int) -> dict[str, list[Save]]:
    """So many of each kind of edit, in random files, with each one's way back."""
    chosen = random.Random(5)
    paths = sorted(repository.texts)
    found: dict[str, list[Save]] = {"comment": [], "condition": [], "column": [], "rename": []}
    for number, path in enumerate(chosen.sample(paths, len(paths)), 1):
        if all(len(s) >= count for s in found.values()):
            break
        for kind, text in _edits(repository.texts[path], number).items():
            if len(found[kind]) < count:
                found[kind].append(save(linker, path, compiled(text)))
                found[kind].append(save(linker, path, repository.facts[path]))
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of them lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def shown(kind: str, found: list[Save]) -> dict[str, float]:
    times, linked = [s.milliseconds for s in found], [s.linked for s in found]
    values = (
        statistics.median(times), percentile(times, 0.95), statistics.mean(times), statistics.median(linked),
        percentile(linked, 0.95), max(linked), max(s.different for s in found), percentile([s.lists for s in found], 0.95),
    )  # fmt: skip
    print(f"{kind:<12} {len(found):5}", *(f"{v:14.2f}" for v in values), flush=True)
    return dict(zip(_FIGURES, values, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--files", type=int, default=4_000)
    parser.add_argument("--saves", type=int, default=150, help="of each kind of edit, and as many back")
    parser.add_argument("--facts", type=Path, help="keep the compiled facts here")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    made = repository(options.files, options.facts)
    clock = Clock()
    linker = restored(made, first_load(made, clock), clock)
    gc.collect()
    gc.freeze()
    found = saves(linker, made, options.saves)
    print(f"\n{'edit':<12} saves", *(f"{name:>14}" for name in _FIGURES))
    figures = {kind: shown(kind, s) for kind, s in found.items() if s}
    linker.close()
    if options.json:
        options.json.write_text(json.dumps({"ms a file": clock.figures, "saves": figures}, indent=2))


if __name__ == "__main__":
    main()
