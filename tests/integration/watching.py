"""A real ``ray_lineage watch`` in a process group of its own, and what its graph must be: that of one clean ingest."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import psutil

from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.status import Status, StatusFile, ask_to_flush
from ray_lineage.settings import load_settings
from tests.environment import environ
from tests.integration.killing import END_SECONDS, actors, family, left
from tests.integration.runs import Dump, dump

_POLL_SECONDS = 0.01
DEADLINE_SECONDS = 120.0
"""Of a wait for what comes in a moment, on a machine that is slow and has other things to do."""


class Watching:
    """``ray_lineage --project p watch SQL`` in ``folder``, whose data folder is ``folder/data``. A context manager: nothing of
    it outlives the test."""

    def __init__(
        self, folder: Path, *flags: str, root: Path | None = None, env: Mapping[str, str] | None = None, named: str = ""
    ) -> None:
        """``named``: how the command is told the root, if not by its whole path."""
        self.folder = folder
        self.root = root or folder / "sql"
        self.root.mkdir(exist_ok=True)
        self.flags = flags
        self._named = named or str(self.root)
        self.env = environ(**(env or {}))
        self.file = StatusFile.of(str(folder / "data"), "p")
        self.log = folder / "watch.log"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "ray_lineage", "--project", "p", "--no-progress", "watch", self._named, *self.flags],
                cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # who runs the tests may ignore it (nohup)
            )  # fmt: skip

    def __enter__(self) -> Watching:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            print(self.said()[-4000:])
            print(self.file.last())
        started = self.family()
        self.process.kill()
        for process in started:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()

    # ------------------------------------------------------------------ what it says

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def status(self) -> Status:
        """The status of this process, as soon as there is one."""
        found: list[Status] = []

        def there() -> bool:
            status = self.file.read()
            if status is not None and status.pid == self.process.pid:
                found.append(status)
            return bool(found)

        self.until(there)
        return found[0]

    def until(self, condition: Callable[[], bool], seconds: float = DEADLINE_SECONDS) -> None:
        """Wait until it holds, for a watch that lives."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it did not come to that"
            time.sleep(_POLL_SECONDS)

    def until_status(self, condition: Callable[[Status], bool], seconds: float = DEADLINE_SECONDS) -> Status:
        """The status for which it holds: the next one may tell of something else."""
        found = self.status()

        def holds() -> bool:
            nonlocal found
            found = self.status()
            return condition(found)

        self.until(holds, seconds)
        return found

    def rest(self, seconds: float = DEADLINE_SECONDS) -> Status:
        """As ``status --wait``, without a process for it: every change made before the call is in the graph."""
        began, asked = time.time(), ""
        found = self.status()

        def quiet() -> bool:
            nonlocal asked, found
            found = self.status()
            if found.at_rest and found.reconcile_began_at >= began:
                return True
            if asked != found.phase and (not asked or found.phase == "following"):
                ask_to_flush(found)
                asked = found.phase
            return False

        self.until(quiet, seconds)
        return found

    def at_rest(self) -> Status:
        """At rest by itself, without being asked to look."""
        return self.until_status(lambda s: s.at_rest)

    # ------------------------------------------------------------------ what it is

    def family(self) -> list[psutil.Process]:
        """All that it started."""
        return family(self.process.pid)

    def actors(self, kind: str) -> list[psutil.Process]:
        """Its actors of a class."""
        return actors(kind, self.process.pid)

    def kill(self, kind: str) -> bool:
        """kill -9 of one actor of a class; False if there was none."""
        for process in self.actors(kind)[:1]:
            with contextlib.suppress(psutil.Error):
                process.kill()
                return True
        return False

    def end(self, signum: int = signal.SIGTERM, seconds: float = DEADLINE_SECONDS) -> int:
        """Its exit code after a signal; nothing that it started is left."""
        started = self.family()
        self.process.send_signal(signum)
        code = self.process.wait(seconds)
        assert left(started, END_SECONDS) == []
        return code

    # ------------------------------------------------------------------ what its graph holds

    def dump(self) -> Dump:
        """The embedded graph as it is now, while it is written."""
        return dump(self.folder / "data")

    def paths(self) -> set[str]:
        """Files in the embedded graph."""
        return {str(row[2]) for row in self.dump()["File"]}

    def has(self, *paths: str) -> Callable[[], bool]:
        return lambda: set(paths) <= self.paths()

    def assert_exact(self) -> None:
        """The graph is that of a clean ingest of what is on disk."""
        assert_same(self.dump(), clean(self.root))


def update(data: Path, root: Path) -> None:
    """One ingest of a folder in this process."""
    flags = {"data_dir": str(data), "executor": "local", "project": "p"}
    ingest(load_settings(flags, environ={}).settings, [str(root)])


def clean(root: Path) -> Dump:
    """What one clean ingest of a folder, in this process, writes into another store."""
    folder = Path(tempfile.mkdtemp(prefix="ray_lineage-clean-"))
    try:
        update(folder / "data", root)
        return dump(folder / "data")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def assert_same(found: Dump, wanted: Dump) -> None:
    for kind, rows in wanted.items():
        missing = sorted(set(rows) - set(found[kind]), key=repr)
        surplus = sorted(set(found[kind]) - set(rows), key=repr)
        assert not missing and not surplus, f"{kind}: missing {missing[:5]}, surplus {surplus[:5]}"
    assert found == wanted


@contextmanager
def watching(folder: Path, *flags: str, **more: object) -> Iterator[Watching]:
    """A watch whose first pass is over."""
    with Watching(folder, *flags, **more) as watch:  # type: ignore[arg-type]
        watch.rest()
        yield watch


def command(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, seconds: float = DEADLINE_SECONDS
) -> subprocess.CompletedProcess[str]:
    """``ray_lineage --project p ...`` in another process."""
    return subprocess.run(
        [sys.executable, "-m", "ray_lineage", "--project", "p", *arguments],
        cwd=folder, env=environ(**(env or {})), capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip


def view(name: str, source: str = "t") -> str:
    """SQL of a view that reads another relation."""
    return f"CREATE VIEW m.{name} AS SELECT a, b FROM m.{source} WHERE c = 1;\n"


def table(name: str = "t") -> str:
    return f"CREATE TABLE m.{name} (a int, b int, c int);\n"
