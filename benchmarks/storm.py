"""Very many changes at once under a watch: how long from the end of the storm until every file is in the graph?

``python -m benchmarks.storm --files 10000``, each scenario with a watch of its own (``--realtime``):

- ``copy``: a tree of so many files is copied into the watched folder;
- ``frozen``: twice as many are created while all of the watch's own processes are stopped (SIGSTOP); the clock starts when
  they go on. The kernel's queue of events (16,384) overflows meanwhile;
- ``switch``: ``git switch`` to a branch in which every file has another text, one in a hundred is gone, and as many are new.

``seconds`` end with the status in which the job says that everything is committed, if the store, opened read-only, then holds
exactly the content hashes of the files on disk; else the wait goes on. ``compared`` are files that comparisons of the whole
tree took up, because they differed from what was known or were too young for their times to say so.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.generate import generate
from benchmarks.job import Late, Watch, by_role, in_graph, keep, on_disk, place, table
from ray_lineage.runtime.status import Status

BAR: Final = 60.0
"""Seconds."""
_DEADLINE: Final = 600.0
_OURS: Final = ("caller", "driver", "parse", "writer")


def copy(folder: Path, files: int) -> tuple[Path, Callable[[Watch], float]]:
    """The watched folder as it is before, and the storm, which returns when it ended (Unix time)."""
    source = generate(folder / "source", files, 21, "tsql").root
    root = folder / "sql"
    root.mkdir()
    (root / "first.sql").write_text("CREATE TABLE raw.first (a int)")

    def storm(watch: Watch) -> float:
        shutil.copytree(source, root / "copied", copy_function=shutil.copyfile)
        return time.time()

    return root, storm


def frozen(folder: Path, files: int) -> tuple[Path, Callable[[Watch], float]]:
    """See :func:`copy`."""
    root, _ = copy(folder, 2 * files)

    def storm(watch: Watch) -> float:
        stopped = [p for kind in _OURS for p in by_role(watch.pid, kind)]
        for process in stopped:
            process.suspend()
        shutil.copytree(folder / "source" / "repo", root / "copied", copy_function=shutil.copyfile)
        for process in reversed(stopped):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
        return time.time()

    return root, storm


def switch(folder: Path, files: int) -> tuple[Path, Callable[[Watch], float]]:
    """See :func:`copy`."""
    root = generate(folder, files, 22, "tsql").root

    def git(*arguments: str) -> None:
        names = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *names, *arguments], cwd=root, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "main")
    git("switch", "-qc", "other")
    paths = sorted(root.rglob("*.sql"))
    texts = [path.read_bytes() for path in paths]
    for number, path in enumerate(paths):
        path.write_bytes(texts[number - 1] + f"-- {number}\n".encode())
        if number % 100 == 0:
            path.rename(path.with_name(f"new_{number}.sql"))
    git("add", ".")
    git("commit", "-qm", "other")
    git("switch", "-q", "main")

    def storm(watch: Watch) -> float:
        git("switch", "-q", "other")
        return time.time()

    return root, storm


SCENARIOS: Final = {"copy": copy, "frozen": frozen, "switch": switch}


def complete(watch: Watch, expected: dict[str, str]) -> Status:
    """Until the graph holds what is on disk. Raises Late."""
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        status = watch.wait("rest", lambda s: s.at_rest and s.files == len(expected), _DEADLINE)
        if in_graph(watch.settings) == expected:
            return status
        time.sleep(0.2)
    raise Late("the graph does not hold what is on disk")


def measure(scenario: str, executor: str, files: int) -> dict[str, Any]:
    """One row."""
    with place() as folder:
        root, storm = SCENARIOS[scenario](folder, files)
        with Watch(folder, root, "--realtime", "--executor", executor, "--workers", "2") as watch:
            watch.settled(time.time(), _DEADLINE)
            before = watch.status()
            ended = storm(watch)
            expected = on_disk(root)
            after = complete(watch, expected)
            assert before is not None
            found = "ray_lineage_reconcile_found_files_total"
            return {"scenario": scenario, "executor": executor, "files": len(expected), "seconds": after.written_at - ended,
                    "compared": int(after.metrics.get(found, 0) - before.metrics.get(found, 0)),
                    "within the bar": after.written_at - ended <= BAR}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--scenarios", default="copy,frozen,switch")
    parser.add_argument("--executors", default="ray")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    signal.signal(
        signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt())
    )  # so that nothing stays stopped
    rows = [measure(s, e, options.files) for e in options.executors.split(",") for s in options.scenarios.split(",")]
    table(rows)
    keep(options.json, rows)


if __name__ == "__main__":
    main()
