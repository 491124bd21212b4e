"""The Ray actors, as plain classes: thin shells around the rooms that do the work. ``rayjob`` makes actors of them."""

from __future__ import annotations

import contextlib
import glob
import logging
import os
import shutil
import signal
import time
from collections.abc import Sequence
from typing import Any, Final

from ray_lineage import logs
from ray_lineage.compile import import_compiler
from ray_lineage.errors import Interrupted
from ray_lineage.runtime.bench import RUN_PREFIX, Bench, Breadcrumb, Terms
from ray_lineage.runtime.crew import Death, Finish, Report
from ray_lineage.runtime.linking import LinkPlan, LinkReport
from ray_lineage.runtime.load import Begun, Committed, Loader, Prepare, Settled
from ray_lineage.runtime.nodecache import cache_path_for
from ray_lineage.runtime.parse import Task
from ray_lineage.runtime.remembered import Known
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.settings import Settings

_STALE_SECONDS: Final = 30 * 86_400


class Parser:
    """One parse actor: a bench in an actor's process. ``head`` is the id of the driver's node."""

    def __init__(self, settings: Settings, run_dir: str, name: str, head: str) -> None:
        logs.configure_for(settings, logging.WARNING)
        os.makedirs(run_dir, mode=0o700, exist_ok=True)
        _sweep(os.path.dirname(run_dir))
        crumb = Breadcrumb(os.path.join(run_dir, name))
        self._death = crumb.death()
        self._bench = Bench(Terms.of(settings, cache_path_for(settings, on_head=_node() == head)), crumb)

    def ready(self) -> tuple[str, int]:
        """Node and process id; answers when the actor is up. The parser is loaded by now."""
        import_compiler()
        return _node(), os.getpid()

    def post_mortem(self) -> Death:
        """What the previous incarnation died on."""
        return self._death

    def parse(self, tasks: Sequence[Task]) -> tuple[Report, list[bytes]]:
        """See :meth:`Bench.parse`."""
        return self._bench.parse(tasks)

    def link(self, plan: LinkPlan, catalog: bytes | None, facts: Sequence[bytes]) -> tuple[LinkReport, bytes]:
        """See :meth:`Bench.link`. ``catalog`` is None where the actor should know it."""
        if catalog is not None:
            self._bench.know(plan.catalog, catalog)
        return self._bench.link(plan, facts)


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
        self._total = self._stored = 0  # files of a pass, and how many of them are stored

    @property
    def _open(self) -> Loader:
        if self._loader is None:
            raise RuntimeError("begin() comes first")
        return self._loader

    def begin(self, anew: bool, reads: bool) -> tuple[Begun, str, str]:
        """Open the store: what it knows, its address, and why it was begun anew (empty if it was not).

        Not in the constructor, because there a fault would arrive as the death of the actor, without its own words.
        """
        self._loader = Loader(self._settings, self._project, reads)
        return self._loader.begin(anew=anew), self._loader.uri, self._loader.rebuilt

    def put(self, batches: Sequence[Sequence[tuple[str, str] | None]], *payloads: Sequence[bytes]) -> None:
        """Facts of batches, straight from the parse actors. Of each of their files path and content hash; None for one
        without facts."""
        for files, payload in zip(batches, payloads, strict=True):
            for file, facts in zip(files, payload, strict=True):
                if file is not None:
                    self._open.put(*file, facts)

    def prepare(self, order: Prepare) -> LinkPlan:
        """See :meth:`Loader.prepare`."""
        self._total = self._stored = 0
        return self._open.prepare(order, self._on_stored)

    def _on_stored(self, files: int) -> None:
        """Raises Interrupted between two transactions of a pass if the driver drains."""
        self._stored += files
        if self._total:
            self._report("load", self._stored, self._total, self._open.rows)

    def catalog(self) -> bytes:
        """See :meth:`Loader.catalog`."""
        return self._open.catalog()

    def facts(self, paths: Sequence[str]) -> list[bytes]:
        """See :meth:`Loader.facts`."""
        return self._open.facts(paths)

    def linked(self, share: bytes) -> None:
        """A share, straight from a parse actor."""
        self._open.linked(share)

    def finish(self, order: Finish, summary: IngestSummary) -> IngestSummary:
        """Link what is left, write, settle."""
        self._total = order.total
        self._open.finish(order.digest, settle=order.settle, summary=summary, kept=order.kept)
        return summary

    def commit(self) -> Committed:
        """See :meth:`Loader.commit`."""
        return self._open.commit()

    def look(self) -> None:
        """See :meth:`Loader.look`."""
        self._open.look()

    def settle(self, digest: str) -> Settled:
        """See :meth:`Loader.settle`."""
        return self._open.settle(digest)

    def remember(self, known: dict[str, Known]) -> None:
        """See :meth:`Loader.remember`."""
        self._open.remember(known)

    def close(self) -> None:
        """Release the store."""
        if self._loader is not None:
            self._loader.close()

    def _report(self, phase: str, done: int, total: int, rows: int) -> None:
        import ray

        if ray.get(self._driver.progress.remote(phase, done, total, rows)):
            raise Interrupted(signal.SIGTERM)
