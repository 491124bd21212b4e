"""How long ``diff`` takes: ten changed files of a generated repository, with a warm cache.

``python -m benchmarks.diff REPO [--dialect tsql]`` copies REPO (see ``benchmarks.generate``), commits it, edits ten files, and
prints the CPU seconds of the command (its own and git's): without a cache, and with the one that an ingest left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

_SEED: Final = 7
_WHO: Final = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost", "-c", "commit.gpgsign=false")
_HOW: Final = ("-c", "gc.auto=0")  # else it may begin behind our back, and is in the way of our own
_EDITS: Final = (
    (r"(?m)^    \w+ int,\n", ""),
    (r"(?m)^    (\w+) int,\n", r"    \1 varchar(9),\n"),
    (r"(?m)^    (\w+) int,\n", r"    \1_renamed int,\n"),
    (r"(?m)^(CREATE TABLE \S+ \(\n)", r"\1    extra_column int,\n"),
    (r"SELECT", "SELECT /* a comment */"),
    (r"\bFROM\b", "\n  from"),
    (r"\Z", "\nGO\nCREATE TABLE raw.a_new_one (a int)\n"),
    (r"= ", "<> "),
)  # fmt: skip


def edit(repository: Path) -> None:
    """Change eight files, move one and delete one."""
    files = sorted(p for p in repository.rglob("*.sql"))
    random.Random(_SEED).shuffle(files)
    for pattern, text in _EDITS:
        path = next(p for p in files if re.search(pattern, p.read_text()))
        files.remove(path)
        path.write_text(re.sub(pattern, text, path.read_text(), count=1))
    files[0].rename(files[0].with_name("moved.sql"))
    files[1].unlink()


def measure(repository: Path, dialect: str) -> tuple[float, dict[str, object]]:
    """CPU seconds of one run, and what it found."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "ray_lineage", "diff", "--dialect", dialect, "--json", "--fail-on", "never"]
    done = subprocess.run(command, cwd=repository, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found: dict[str, object] = json.loads(done.stdout)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime), found


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--dialect", default="tsql")
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="ray_lineage-diff-") as folder:
        copy = Path(folder, "repository")
        shutil.copytree(given.repository, copy)
        for words in (("init", "-q", "-b", "main", "."), ("add", "-A"), ("commit", "-qm", "base"), ("gc", "-q")):
            subprocess.run(["git", *_WHO, *_HOW, *words], cwd=copy, check=True, stdout=subprocess.DEVNULL)
        (copy / ".git/info/exclude").write_text("/data/\n")
        print(f"cold: {measure(copy, given.dialect)[0]:.2f} s CPU, nothing to compare")
        command = (sys.executable, "-m", "ray_lineage", "--no-progress", "ingest", ".", "--dialect", given.dialect)
        subprocess.run(command, cwd=copy, check=True, stdout=subprocess.DEVNULL)  # who makes the folder with the cache
        edit(copy)
        for what in ("warm", "warm"):
            seconds, found = measure(copy, given.dialect)
            print(f"{what}: {seconds:.2f} s CPU, {found['linked']} files linked, {found['files']}, {found['counts']}")


if __name__ == "__main__":
    main()
