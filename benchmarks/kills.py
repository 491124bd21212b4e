"""kill -9 at random moments, with edits between: is the graph exact after each?

``python -m benchmarks.kills --rounds 100 --how ingest,one,ray,watch``. In each round some files of a generated repository are
created, changed, deleted or renamed; a command begins to bring the graph up to date (``ingest`` with two workers, ``one`` in one
process, ``ray`` on a private Ray, ``watch`` with two workers, which is edited on meanwhile), and at a random moment it is
killed (SIGKILL), or one of the processes that it started. Then the same command runs to its end, and the graph is compared row by
row with that of a clean ingest of the same files. What outlives a killed command is an error, too. Exit 1 if anything differs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import psutil

from benchmarks.generate import generate
from benchmarks.job import PROJECT, clean_dump, dump, family, keep, place, role, settings_of, table
from benchmarks.soak import Editor

HOW: Final = {
    "ingest": ("ingest", "--executor", "local", "--workers", "2"),
    "one": ("ingest", "--workers", "0"),
    "ray": ("ingest", "--executor", "ray", "--workers", "2"),
    "watch": ("watch", "--realtime", "--executor", "local", "--workers", "2"),
}
_EDITS: Final = 12  # between rounds, at most
_WHOLE: Final = 0.3  # share of rounds in which the command itself is killed
_GONE_SECONDS: Final = 15.0
_OF_RAY_SECONDS: Final = 75.0
"""A worker that Ray was just starting finds out late that there is no raylet."""
_AGENTS: Final = ("RuntimeEnvAgent", "DashboardAgent")
"""Of Ray: they look for their raylet once a minute."""
_SHOWN: Final = 200  # characters of a command line


class Round(msgspec.Struct, frozen=True):
    """One kill. ``after`` so many seconds; ``victim``: its name, empty if the command had ended before."""

    how: str
    after: float
    victim: str
    differs: str
    left: str


class Kills:
    """See the module."""

    def __init__(self, folder: Path, files: int, seed: int) -> None:
        self._folder = folder
        self._chance = random.Random(seed)
        self.root = generate(folder, files, seed, "tsql").root
        others = generate(folder / "other", files, seed + 1, "tsql").root
        self._editor = Editor(self.root, [p.read_text() for p in sorted(others.rglob("*.sql"))], self._chance)
        self._seconds = dict.fromkeys(HOW, 3.0)  # that a run took the last time

    def round(self, how: str) -> Round:
        """Edit, kill, finish, compare."""
        for _ in range(self._chance.randrange(_EDITS)):
            self._editor.edit()
        after = self._chance.uniform(0.1, 1.1 * self._seconds[how])
        process = self._begin(how)
        victim, started = self._kill(process, how, after)
        left = self._ended(process, started) if victim else ""
        self._finish(how)
        graph, clean = dump(settings_of(self._folder)), clean_dump(self.root)
        differs = ", ".join(kind for kind, rows in clean.items() if graph[kind] != rows)
        return Round(how, round(after, 2), victim or "(had ended)", differs, left)

    def _begin(self, how: str) -> subprocess.Popen[bytes]:
        verb, *flags = HOW[how]
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("NEO4J_", "RAY_", "INGEST_", "PARSE_"))}
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "ray_lineage", "--project", PROJECT, verb, str(self.root), "--dialect", "tsql", *flags],
                cwd=self._folder, env=environ, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _kill(self, process: subprocess.Popen[bytes], how: str, after: float) -> tuple[str, list[psutil.Process]]:
        """Who was killed, and all that the command had started then."""
        deadline = time.monotonic() + after
        while time.monotonic() < deadline and process.poll() is None:
            if how == "watch" and self._chance.random() < 0.1:
                self._editor.edit()
            time.sleep(0.02)
        found = family(process.pid)
        if process.poll() is not None or not found:
            return "", []
        victim = found[0] if self._chance.random() < _WHOLE else self._chance.choice(found)
        with contextlib.suppress(psutil.Error):
            name = "the command" if victim is found[0] else victim.name()
            victim.kill()
            return name, found
        return "", []

    def _ended(self, process: subprocess.Popen[bytes], started: Sequence[psutil.Process]) -> str:
        """What outlives the command. One whose part was killed goes on, and is told to end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5 * self._chance.random())
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)
        _, alive = psutil.wait_procs(started, timeout=_GONE_SECONDS)
        if alive and all(map(_is_of_ray, alive)):
            _, alive = psutil.wait_procs(alive, timeout=_OF_RAY_SECONDS - _GONE_SECONDS)
        return ", ".join(filter(None, map(_still, alive)))

    def _finish(self, how: str) -> None:
        """The same command, to its end; of a watch an ingest is enough."""
        began = time.monotonic()
        process = self._begin("ingest" if how == "watch" else how)
        code = process.wait(300)
        if code not in (0, 1):
            raise AssertionError(f"{how} ended with {code}: {(self._folder / 'log').read_text()[-2_000:]}")
        self._seconds[how] = min(20.0, time.monotonic() - began)


def _is_of_ray(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return role(process) == "ray"
    return True


def _still(process: psutil.Process) -> str:
    """What it is, if it runs on and should not."""
    with contextlib.suppress(psutil.Error):
        line = " ".join(process.cmdline())
        if process.status() != psutil.STATUS_ZOMBIE and not any(agent in line for agent in _AGENTS):
            return line[-_SHOWN:]
    return ""


def run(
    rounds: int, *, how: Sequence[str] = tuple(HOW), files: int = 300, seed: int = 1, tell: bool = False
) -> list[Round]:
    """So many rounds, of each way in turn."""
    found: list[Round] = []
    with place("rl-kills-") as folder:
        kills = Kills(folder, files, seed)
        for number in range(rounds):
            found.append(kills.round(how[number % len(how)]))
            if tell:
                print(number + 1, found[-1], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--how", default=",".join(HOW), help=f"of {', '.join(HOW)}")
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(given.rounds, how=given.how.split(","), files=given.files, seed=given.seed, tell=True)
    keep(given.json, [msgspec.to_builtins(r) for r in found])
    rows = []
    for how in given.how.split(","):
        ours = [r for r in found if r.how == how]
        rows.append({"how": how, "rounds": len(ours), "killed": sum(r.victim != "(had ended)" for r in ours),
                     "different": sum(bool(r.differs) for r in ours), "left running": sum(bool(r.left) for r in ours)})  # fmt: skip
    table(rows)
    sys.exit(any(r.differs or r.left for r in found))


if __name__ == "__main__":
    main()
