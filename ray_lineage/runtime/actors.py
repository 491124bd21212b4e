"""The Ray actors, as plain classes: thin shells around the rooms that do the work. ``rayjob`` makes actors of them."""

from __future__ import annotations

import contextlib
import faulthandler
import glob
import logging
import mmap
import os
import resource
import shutil
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from ray_lineage import logs
from ray_lineage.cache import ParseCache
from ray_lineage.compile import import_compiler
from ray_lineage.errors import Interrupted
from ray_lineage.model import FileState
from ray_lineage.runtime.crew import Finish, Report, this_machine
from ray_lineage.runtime.load import Committed, Loader, Settled
from ray_lineage.runtime.nodecache import cache_path_for
from ray_lineage.runtime.parse import HARD_SECONDS, HARD_SECONDS_PER_BYTE, Meta, Task, parse_batch
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.settings import Settings

_MEMORY_LIMIT: Final = 2 * 2**30  # RLIMIT_DATA: a clean MemoryError instead of the machine's OOM killer
_CRUMB_BYTES: Final = 4096
_MEMORY_SECONDS: Final = 0.5
RUN_PREFIX: Final = "ray_lineage-run-"
_STALE_SECONDS: Final = 30 * 86_400


class Breadcrumb:
    """Names the file that an actor is working on, in a small mapped file that outlives the actor's death. Its last byte is for
    the driver, if that is on the same machine: it hurries the actor."""

    def __init__(self, path: str) -> None:
        self._path = path
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, _CRUMB_BYTES)
            self._map = mmap.mmap(handle, _CRUMB_BYTES)
        finally:
            os.close(handle)

    def read(self) -> str:
        """The file being worked on, empty if none."""
        size = int.from_bytes(self._map[:4], "little")
        return self._map[4 : 4 + size].decode("utf-8", "replace")

    def write(self, path: str) -> None:
        """Now this file (empty: none)."""
        data = path.encode("utf-8", "replace")[: _CRUMB_BYTES - 5]
        self._map[: 4 + len(data)] = len(data).to_bytes(4, "little") + data

    @property
    def hurried(self) -> bool:
        """Something urgent waits for the actor."""
        return self._map[-1] != 0

    @hurried.setter
    def hurried(self, value: bool) -> None:
        self._map[-1] = value


class Parser:
    """One parse actor: synchronous, on its process's main thread (the alarm of the soft limit needs that). ``head`` is the id
    of the driver's node."""

    def __init__(self, settings: Settings, run_dir: str, name: str, head: str) -> None:
        logs.configure_for(settings, logging.WARNING)
        self._settings = settings
        os.makedirs(run_dir, mode=0o700, exist_ok=True)
        _sweep(os.path.dirname(run_dir))
        self._crumb = Breadcrumb(os.path.join(run_dir, name))
        self._died_on = self._crumb.read()
        self._crumb.write("")
        self._crumb.hurried = False
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_LIMIT, resource.RLIM_INFINITY))
        self._node = socket.gethostname()
        self._looked, self._memory, self._rss = 0.0, 0.0, 0
        self._cache: ParseCache | None = None
        if settings.enable_parse_cache:
            self._cache = ParseCache.open(
                cache_path_for(settings, on_head=_node() == head),
                max_bytes=settings.cache_max_bytes,
                max_entries=settings.cache_max_entries,
            )

    def ready(self) -> int:
        """The process id; answers when the actor is up. The parser is loaded by now."""
        import_compiler()
        return os.getpid()

    def post_mortem(self) -> str:
        """The file that the previous incarnation died on, empty if none."""
        return self._died_on

    def parse(self, tasks: Sequence[Task]) -> tuple[Report, list[bytes]]:
        """Facts of a batch. A file over the hard limit ends this process (its stack goes to the worker's log)."""
        sizes = {t.file.path: t.file.size for t in tasks}

        def on_file(path: str) -> None:
            self._crumb.write(path)
            seconds = HARD_SECONDS + HARD_SECONDS_PER_BYTE * sizes[path]
            faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or sys.stderr)

        try:
            metas, payload = parse_batch(
                tasks, self._cache, self._settings.max_file_size, on_file, lambda: self._crumb.hurried
            )
            return self._report(metas), payload
        finally:
            faulthandler.cancel_dump_traceback_later()
            self._crumb.write("")
            self._crumb.hurried = False

    def _report(self, metas: list[Meta]) -> Report:
        now = time.monotonic()
        if now - self._looked > _MEMORY_SECONDS:
            import psutil

            self._looked = now
            _, self._memory = this_machine()
            self._rss = psutil.Process().memory_info().rss
        return Report(metas, self._node, self._memory, self._rss)


def _sweep(folder: str) -> None:
    """Folders of runs long over: on the driver's node a run takes its own away, on others nobody does."""
    for entry in glob.glob(os.path.join(folder, RUN_PREFIX + "*")):
        with contextlib.suppress(OSError):
            used = max(os.lstat(path).st_mtime for path in (entry, *glob.glob(os.path.join(entry, "*"))))
            if os.lstat(entry).st_uid == os.getuid() and time.time() - used > _STALE_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)


def _node() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())


class Writer:
    """The writer actor: linker and store. ``driver`` is told about progress, and answers whether to stop."""

    def __init__(self, settings: Settings, project: str, driver: Any) -> None:
        logs.configure_for(settings, logging.WARNING)
        self._settings = settings
        self._project = project
        self._driver = driver
        self._loader: Loader | None = None

    @property
    def _open(self) -> Loader:
        if self._loader is None:
            raise RuntimeError("begin() comes first")
        return self._loader

    def begin(self) -> tuple[dict[str, FileState], str, str]:
        """Open the store: states per file, its address, and why it was begun anew (empty if it was not).

        Not in the constructor, because there a fault would arrive as the death of the actor, without its own words.
        """
        self._loader = Loader(self._settings, self._project)
        return self._loader.begin(), self._loader.uri, self._loader.rebuilt

    def check_removal(self, gone: list[str], present: int) -> None:
        """See :meth:`Loader.check_removal`."""
        self._open.check_removal(gone, present)

    def put(self, batches: Sequence[Sequence[tuple[str, str] | None]], *payloads: Sequence[bytes]) -> None:
        """Facts of batches, straight from the parse actors. Of each of their files path and content hash; None for one
        without facts."""
        for files, payload in zip(batches, payloads, strict=True):
            for file, facts in zip(files, payload, strict=True):
                if file is not None:
                    self._open.put(*file, facts)

    def finish(self, order: Finish, summary: IngestSummary) -> IngestSummary:
        """Link, write, settle. Raises Interrupted between two transactions if the driver drains."""
        stored = 0

        def on_stored(files: int) -> None:
            nonlocal stored
            stored += files
            self._report("load", stored, order.total)

        def on_linked(number: int) -> None:
            self._report("link", number, order.total)

        self._open.finish(
            order.digest, order.gone, full=order.full, settle=order.settle, summary=summary, dry_run=order.dry_run,
            kept=order.kept, on_linked=on_linked, on_stored=on_stored,
        )  # fmt: skip
        return summary

    def commit(self, gone: list[str]) -> Committed:
        """See :meth:`Loader.commit`."""
        return self._open.commit(gone)

    def settle(self, digest: str) -> Settled:
        """See :meth:`Loader.settle`."""
        return self._open.settle(digest)

    def close(self) -> None:
        """Release the store."""
        if self._loader is not None:
            self._loader.close()

    def _report(self, phase: str, done: int, total: int) -> None:
        import ray

        if ray.get(self._driver.progress.remote(phase, done, total)):
            raise Interrupted(signal.SIGTERM)
