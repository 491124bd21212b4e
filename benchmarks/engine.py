"""The account of the engine: where a cold run's CPU goes, what one core must do alone, what more cores would give, and peers.

``python -m benchmarks.engine`` prints every table for this checkout; ``--tree then=/path/of/another/checkout`` (again and again)
for others beside it, whatever their revision. ``--files 4000,50000`` are the sizes (generated T-SQL, 1.1 kB each, kept in
``--data``), ``--tables cold,edit,verify,peers`` says which, ``--executor local,ray`` how.

CPU is the kernel's user and system time of every process of a command (seen 50 times a second from outside, and told by each
Python process itself: :mod:`benchmarks.probe`). It counts what was done, so it may be compared although others use the
machine; wall times may not. Tables:

- **cold**: a first ingest, by process and by stage. *serial* is what only the graph's owner can do.
- **projection**: seconds of a cold run on 4, 16 and 64 cores, from those parts: ``start + max(taking, compile / workers) +
  settle + max(storing, link / workers)``, where the owner has a core of its own. Memory, disks and memory bandwidth are taken
  to keep up: it is a bound that only the serial part sets.
- **edit**: one file gets another comment; the whole command. **unchanged**: nothing did.
- **verify**: the graph against the files. **peak**: most memory of all processes at once (PSS: shared pages count once).
- **peers**: other tools on the same statements, each in one process, where they are at hand.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from benchmarks.generate import generate
from benchmarks.job import CHECKOUT, family, keep, role, table
from benchmarks.peers_statements import PEERS, compared

_LOOK_SECONDS: Final = 0.02
_MEMORY_SECONDS: Final = 0.25
_LEAST: Final = 0.005  # seconds that are shown
_CORES: Final = (4, 16, 64)
_TAKING: Final = ("scan", "stat index", "put", "compile")
_SETTLING: Final = ("settle", "share catalog")
_STORING: Final = ("store", "note linked", "link", "rows", "counts", "save linker", "restore linker")
THEN: Final = {
    ("cold", "local", 4_000): "one process 17.2 s wall, 16.5 s CPU; 2 children (prototype) 9.1 s, 15.2 s",
    ("cold", "ray", 4_000): "20.8-22.5 s wall, 21-29 s CPU",
    ("cold", "local", 50_000): "208 s wall, 1.53 GB",
    ("edit", "local", 50_000): "48-57 s for 1 row",
    ("unchanged", "local", 50_000): "1.4 s",
    ("verify", "local", 50_000): "480 s, twice the cold CPU",
}
"""Figures of November 2026, before the engine was rebuilt."""


class Tree(NamedTuple):
    """A checkout to measure."""

    name: str
    path: str


class Run(NamedTuple):
    """One command. ``cpu`` by role (``owner``, ``worker 1``, ``nursery``, ``ray ...``); ``stages`` of the owner and of all workers;
    ``peak`` in bytes."""

    wall: float
    cpu: dict[str, float]
    owner: dict[str, float]
    workers: dict[str, float]
    peak: int
    output: str
    code: int

    @property
    def total(self) -> float:
        """CPU seconds of all processes."""
        return sum(self.cpu.values())


# --------------------------------------------------------------------------- one command


class _Watch:
    """Sees the processes of a command from outside, in a thread: their CPU, what they are, and their memory."""

    def __init__(self, pid: int) -> None:
        self.cpu: dict[int, tuple[str, float]] = {}
        self.peak = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        looked = 0.0
        while not self._over.wait(_LOOK_SECONDS):
            processes = family(self._pid)
            for process in processes:
                with contextlib.suppress(psutil.Error):
                    used = process.cpu_times()
                    name = self.cpu[process.pid][0] if process.pid in self.cpu else self._role(process)
                    self.cpu[process.pid] = (name, used.user + used.system)
            if time.monotonic() - looked > _MEMORY_SECONDS:
                looked = time.monotonic()
                self.peak = max(self.peak, sum(map(_pss, processes)))

    def _role(self, process: psutil.Process) -> str:
        if process.pid == self._pid:
            return "owner"
        if "ray_lineage.runtime.nursery" in process.cmdline():
            parent = process.parent()
            return "nursery" if parent is not None and parent.pid == self._pid else "worker"
        return {"parse": "worker", "caller": "other"}.get(found := role(process), f"ray {found}")

    def end(self) -> None:
        self._over.set()
        self._thread.join()


def _pss(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return 0


def run(tree: Tree, python: str, cwd: Path, *arguments: str) -> Run:
    """A command of a tree, in a folder, with what it used."""
    with tempfile.TemporaryDirectory() as place:
        probes, site = Path(place, "probes"), Path(place, "site")
        probes.mkdir()
        site.mkdir()
        shutil.copy(Path(__file__).with_name("probe.py"), site / "sitecustomize.py")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("NEO4J_", "RAY_", "INGEST_", "PARSE_"))}
        environ = {**kept, "PYTHONPATH": f"{site}{os.pathsep}{tree.path}", "ENGINE_PROBE": str(probes)}
        began = time.monotonic()
        with subprocess.Popen(
            [python, "-m", "ray_lineage", "--no-progress", "--project", "engine", *arguments], cwd=cwd, env=environ,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        ) as process:  # fmt: skip
            watch = _Watch(process.pid)
            output, errors = process.communicate()
        wall = time.monotonic() - began
        watch.end()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.returncode not in (0, 1):
            raise SystemExit(f"{tree.name}: {' '.join(arguments)} failed:\n{errors[-2000:]}")
        told = {int(p.stem): json.loads(p.read_text()) for p in probes.glob("*.json")}
    return _summed(wall, watch, told, process.pid, output, process.returncode)


def _summed(wall: float, watch: _Watch, told: dict[int, Any], pid: int, output: str, code: int) -> Run:
    cpu: dict[str, float] = {}
    workers: dict[str, float] = {}
    number = 0
    for process, (name, seconds) in sorted(watch.cpu.items()):
        mine = told.get(process, {"stages": {}, "cpu": 0.0})
        if name == "worker":
            number += 1
            name = f"worker {number}"
            for stage, used in mine["stages"].items():
                workers[stage] = workers.get(stage, 0.0) + used
        cpu[name] = cpu.get(name, 0.0) + max(seconds, mine["cpu"])
    owner = told.get(pid, {"stages": {}})["stages"]
    return Run(wall, cpu, owner, workers, watch.peak, output, code)


# --------------------------------------------------------------------------- repositories and runs


def repository(data: Path, files: int) -> Path:
    """A generated repository of so many files, made if it is not there."""
    place = data / f"g{files}"
    if not (place / "repo").is_dir():
        generate(place, files, seed=1)
    return place / "repo"


@contextlib.contextmanager
def copied(root: Path) -> Iterator[tuple[Path, Path]]:
    """A folder to run in, and a copy of the repository in it, that may be edited; as old as the first."""
    with tempfile.TemporaryDirectory(prefix="engine-") as place:
        shutil.copytree(root, Path(place) / "repo", copy_function=shutil.copy2)
        yield Path(place), Path(place) / "repo"


def ingest(tree: Tree, python: str, cwd: Path, repo: Path, executor: str, *more: str) -> Run:
    """An ingest of a repository by a revision that may name its executors as it did earlier."""
    if executor == "local" and (Path(tree.path) / "ray_lineage/runtime/nursery.py").exists() is False:
        executor = "inline"
    return run(tree, python, cwd, "ingest", str(repo), "--dialect", "tsql", "--executor", executor, "--json", *more)


def edited(repo: Path, number: int) -> None:
    """Another comment on top of one file."""
    path = sorted(repo.rglob("*.sql"))[number]
    path.write_text(f"-- edited {number}\n" + path.read_text("utf-8"), "utf-8")


# --------------------------------------------------------------------------- tables


def account(found: Run, files: int) -> list[dict[str, Any]]:
    """Where the CPU went: a row for each process, then for each stage of the owner and of the workers."""
    rows = [_line(who, "all", seconds, files) for who, seconds in found.cpu.items()]
    of_workers = sum(s for n, s in found.cpu.items() if n.startswith("worker"))
    for who, stages, total in (
        ("owner", found.owner, found.cpu.get("owner", 0.0)),
        ("workers", found.workers, of_workers),
    ):
        rest = ("rest (start, messages)", total - sum(stages.values()))
        for stage, seconds in (*sorted(stages.items(), key=lambda i: -i[1]), rest):
            if abs(seconds) > _LEAST:
                rows.append(_line(who, stage, seconds, files))
    return rows


def _line(who: str, what: str, seconds: float, files: int) -> dict[str, Any]:
    return {"who": who, "what": what, "cpu s": f"{seconds:.2f}", "ms a file": f"{1000 * seconds / files:.3f}"}


class Parts(NamedTuple):
    """CPU seconds of a cold run, as the projection takes them."""

    start: float
    taking: float
    compiling: float
    settling: float
    storing: float
    linking: float

    @property
    def serial(self) -> float:
        """What the owner does alone, but for its start."""
        return self.taking + self.settling + self.storing

    def seconds(self, cores: int) -> float:
        """Of a run with so many cores, one of them the owner's."""
        workers = max(1, cores - 1)
        first = max(self.taking, self.compiling / workers)
        return self.start + first + self.settling + max(self.storing, self.linking / workers)


def parts(found: Run, empty: Run) -> Parts:
    """The parts of a run; ``empty`` is one of a single file: what starting costs. Whatever the owner does is serial; what no
    stage tells is shared out by halves."""
    owner, workers = found.owner, found.workers
    start = empty.cpu.get("owner", 0.0)
    rest = max(0.0, found.cpu.get("owner", 0.0) - start - sum(owner.values()))
    of_workers = sum(s for n, s in found.cpu.items() if n.startswith("worker"))
    idle = max(0.0, of_workers - sum(workers.values()))
    return Parts(
        start, sum(owner.get(s, 0.0) for s in _TAKING) + rest / 2, workers.get("compile", 0.0) + idle / 2,
        sum(owner.get(s, 0.0) for s in _SETTLING), sum(owner.get(s, 0.0) for s in _STORING) + rest / 2,
        workers.get("link", 0.0) + workers.get("rows", 0.0) + idle / 2,
    )  # fmt: skip


def cold(tree: Tree, options: argparse.Namespace, files: int, executor: str) -> dict[str, Any]:
    """The account, the serial share and the projection of a first ingest."""
    with copied(repository(options.data, files)) as (place, repo), copied(repository(options.data, 1)) as (small, one):
        found = ingest(tree, options.python, place, repo, executor)
        empty = ingest(tree, options.python, small, one, executor)
    heading(f"{tree.name}: cold, {files:,} files, {executor}", THEN.get(("cold", executor, files)))
    table(account(found, files))
    split = parts(found, empty)
    row: dict[str, Any] = {
        "tree": tree.name, "files": files, "executor": executor, "wall s": found.wall, "cpu s": found.total,
        "files a cpu s": files / found.total, "peak MB": round(found.peak / 1e6), "serial ms a file": f"{1000 * split.serial / files:.3f}",
        **{f"{cores} cores s": split.seconds(cores) for cores in _CORES},
        **{f"files/s at {cores}": round(files / split.seconds(cores)) for cores in _CORES},
    }  # fmt: skip
    print(
        "start {:.2f}, taking {:.2f}, compile {:.2f}, settle {:.2f}, storing {:.2f}, link {:.2f} s of CPU".format(
            *split
        )
    )
    return row


def edit(tree: Tree, options: argparse.Namespace, files: int, executor: str) -> list[dict[str, Any]]:
    """A cold run, then: nothing changed, one file did (three times), and verify."""
    rows = []
    with copied(repository(options.data, files)) as (place, repo):
        time.sleep(max(0.0, 2.5))  # files younger than two seconds are read again, as git does
        first = ingest(tree, options.python, place, repo, executor)
        kinds: list[tuple[str, Run]] = [
            ("cold", first),
            ("unchanged", ingest(tree, options.python, place, repo, executor)),
        ]
        edits = []
        for number in (files // 3, files // 2, files - 1):
            edited(repo, number)
            edits.append(ingest(tree, options.python, place, repo, executor))
        kinds.append(("edit", sorted(edits, key=lambda r: r.total)[1]))
        if "verify" in options.tables:
            kinds.append(
                ("verify", run(tree, options.python, place, "verify", str(repo), "--dialect", "tsql", "--json"))
            )
    for name, found in kinds:
        rows.append({
            "tree": tree.name, "files": files, "run": name, "wall s": found.wall, "cpu s": found.total,
            "of cold": f"{found.total / first.total:.3f}", "peak MB": round(found.peak / 1e6),
            "then": THEN.get((name, executor, files), ""),
        })  # fmt: skip
    return rows


def heading(text: str, then: str | None = None) -> None:
    """Of a table, with the old figure."""
    print(f"\n== {text}" + (f"   (before: {then})" if then else ""), flush=True)


# --------------------------------------------------------------------------- the program


def main() -> None:
    options = arguments().parse_args()
    trees = [Tree("this", CHECKOUT), *(Tree(*t.split("=", 1)) for t in options.tree)]
    if options.only_trees:
        trees = trees[1:]
    tables, sizes, executors = options.tables.split(","), numbers(options.files), options.executor.split(",")
    options.tables = tables
    kept: dict[str, Any] = {}
    if "cold" in tables:
        kept["cold"] = [cold(t, options, n, e) for n in sizes for e in executors for t in trees]
        heading("cold, and what more cores would give")
        table(kept["cold"])
    if "edit" in tables or "verify" in tables:
        kept["edit"] = [row for n in sizes for t in trees for row in edit(t, options, n, executors[0])]
        heading("unchanged, one edit, verify")
        table(kept["edit"])
    if "peers" in tables:
        heading(
            "peers, one process, the same statements", "this 853 statements a CPU second by lineage(), 152 with columns"
        )
        kept["peers"] = compared(
            repository(options.data, 200), options.peers.split(","), options.environments, options.install
        )
        table(kept["peers"])
    keep(options.json, kept)


def numbers(text: str) -> Sequence[int]:
    """``4000,50000``."""
    return [int(part) for part in text.split(",")]


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tree", action="append", default=[], metavar="NAME=PATH", help="another checkout, measured as well"
    )
    parser.add_argument("--only-trees", action="store_true", help="only those, not this checkout")
    parser.add_argument("--python", default=sys.executable, help="the interpreter, with all dependencies of the trees")
    parser.add_argument("--files", default="4000")
    parser.add_argument("--executor", default="local", help="local, ray or both")
    parser.add_argument("--tables", default="cold,edit,verify,peers")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "ray_lineage-engine")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "ray_lineage-peers")
    parser.add_argument(
        "--install", action="store_true", help="make a virtual environment for each peer that is not there"
    )
    parser.add_argument("--json", type=Path)
    return parser


if __name__ == "__main__":
    main()
