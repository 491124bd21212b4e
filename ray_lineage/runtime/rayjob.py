"""An ingest on Ray, seen from the process that asked for it: start the driver actor, show progress, pass on signals."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from ray_lineage.errors import Interrupted, RayLineageError
from ray_lineage.graph.open import is_server
from ray_lineage.runtime.cluster import cluster, under_job
from ray_lineage.runtime.driver import Driver
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.summary import IngestSummary, Progress
from ray_lineage.settings import Settings

_POLL_SECONDS: Final = 0.2
_DRAIN_SECONDS: Final = 20.0
_MEMORY_SECONDS: Final = 2.0


def ingest_with_ray(
    settings: Settings,
    roots: Sequence[str],
    report: Callable[[Progress], None],
    stop: StopSignals,
    *,
    full: bool,
    dry_run: bool,
) -> tuple[IngestSummary, list[tuple[str, str, int]]]:
    """Run the job. Returns the summary and (path, sha256, read at) of the files that were read.

    Raises what the run raised (StoreUnavailable, StoreRefused...), or Interrupted after a signal.
    """
    with cluster(settings.ray_address, settings.ingest_workers) as ray:
        stop.install()  # starting Ray installs its own
        stop.check()
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        driver = (
            ray.remote(Driver)
            .options(num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here)
            .remote(_absolute(settings), list(roots), _workers(settings), full, dry_run)
        )
        watcher = _Watcher(ray, report)
        result = driver.run.remote()
        deadline = float("inf")
        while True:
            ready, _ = ray.wait([result], timeout=_POLL_SECONDS)
            if ready:
                summary, read = _outcome(ray, result, stop)
                summary.peak_rss_bytes = watcher.peak
                return summary, read
            if stop.received and deadline == float("inf"):
                deadline = time.monotonic() + _DRAIN_SECONDS
                driver.drain.remote()
            if time.monotonic() > deadline:
                raise Interrupted(stop.received)
            watcher.look(driver)


def _absolute(settings: Settings) -> Settings:
    """Settings that mean the same in an actor, whose current folder may be another one."""
    paths = {name: os.path.abspath(getattr(settings, name)) for name in ("data_dir", "parse_cache_path")}
    if settings.store and not is_server(settings.store):
        paths["store"] = os.path.abspath(settings.store)
    return settings.model_copy(update=paths)


def _workers(settings: Settings) -> int:
    """Parse actors as set; under a job that does not say, 0: all CPUs of the cluster."""
    return 0 if under_job() and "ingest_workers" not in settings.model_fields_set else settings.ingest_workers


class _Watcher:
    """Asks for the status without ever waiting for it: a busy driver must not hold up signals."""

    def __init__(self, ray: Any, report: Callable[[Progress], None]) -> None:
        self._ray = ray
        self._report = report
        self._asked: Any = None
        self._measured = 0.0
        self.peak = 0

    def look(self, driver: Any) -> None:
        """Report the last answer, ask again; look at the memory now and then."""
        if time.monotonic() - self._measured > _MEMORY_SECONDS:
            self._measured = time.monotonic()
            self.peak = max(self.peak, family_memory())
        if self._asked is not None:
            ready, _ = self._ray.wait([self._asked], timeout=0)
            if not ready:
                return
            with contextlib.suppress(self._ray.exceptions.RayError):  # the driver is being restarted
                self._report(Progress(*self._ray.get(self._asked)))
        self._asked = driver.status.remote()


def family_memory() -> int:
    """Bytes of this process and of all that it started on this machine; pages shared among them count once."""
    import psutil

    total = 0
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            info = process.memory_full_info()
            total += getattr(info, "pss", 0) or info.uss
    return total


def _outcome(ray: Any, result: Any, stop: StopSignals) -> tuple[IngestSummary, list[tuple[str, str, int]]]:
    try:
        found: tuple[IngestSummary, list[tuple[str, str, int]]] = ray.get(result)
        return found
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if stop.received:
            raise Interrupted(stop.received) from None
        if isinstance(cause, RayLineageError):
            raise cause from None
        raise
