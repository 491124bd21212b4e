"""A job on Ray, seen from the process that asked for it: start the driver actor, show progress, pass on signals."""

from __future__ import annotations

import contextlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import replace
from typing import Any, Final

from ray_lineage.errors import Interrupted, RayLineageError, StoreUnavailable, first_line
from ray_lineage.graph.open import is_server
from ray_lineage.runtime.cluster import cluster, dashboard_url, ended, meant, under_job
from ray_lineage.runtime.driver import Driver
from ray_lineage.runtime.jobfigures import JobFigures, figures_at_end, figures_of
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.status import Status, at_work
from ray_lineage.runtime.summary import IngestSummary, Progress
from ray_lineage.runtime.supervise import Order
from ray_lineage.settings import Settings

_POLL_SECONDS: Final = 0.2
_LOG: Final = logging.getLogger(__name__)
_DRAIN_SECONDS: Final = 20.0
_FOLLOWING_DRAIN_SECONDS: Final = 40.0
_ASK_SECONDS: Final = 0.5
_MEMORY_SECONDS: Final = 2.0
_GROWN: Final = 1.05  # times as large: there may be a new peak


def ingest_with_ray(
    settings: Settings,
    roots: Sequence[str],
    report: Callable[[Progress], None],
    stop: StopSignals,
    order: Order,
) -> IngestSummary:
    """Run one pass. Raises what it raised (StoreUnavailable, StoreRefused...), or Interrupted after a signal."""
    _say_that_ray_starts(settings)
    with cluster(settings.ray_address, settings.ingest_workers, dashboard=settings.dashboard) as ray:
        job = _Job(ray, settings, roots, order, stop, _DRAIN_SECONDS)
        figures = JobFigures(settings.project)
        watcher = _Watcher(ray, report, figures)
        while not job.ended():
            watcher.look(job.driver)
        summary = job.outcome()
        figures.tell(figures_at_end(summary), last=True)
        summary.peak_rss_bytes = watcher.peak
        return summary


def follow_with_ray(
    settings: Settings, roots: Sequence[str], look: Callable[[Status], None], stop: StopSignals, order: Order
) -> IngestSummary:
    """Follow until a signal. ``look`` hears the status a few times a second."""
    _say_that_ray_starts(settings)
    workers = settings.max_workers or settings.ingest_workers
    with cluster(settings.ray_address, workers, dashboard=settings.dashboard) as ray:
        job = _Job(ray, settings, roots, order, stop, _FOLLOWING_DRAIN_SECONDS)
        asked: Any = None
        figures = JobFigures(settings.project)
        dashboard = dashboard_url(ray)
        while not job.ended():
            if stop.flush:
                stop.flush = False
                job.driver.flush.remote()
            if asked is not None and asked.done():
                with contextlib.suppress(ray.exceptions.RayError):  # the driver is being restarted
                    status = asked.result()
                    status.dashboard = dashboard
                    look(status)
                    figures.tell(figures_of((status.phase, 0, 0), status))
                asked = None
            if asked is None:
                asked = job.driver.look.remote().future()
        return job.outcome()


def _say_that_ray_starts(settings: Settings) -> None:
    """It takes some seconds, in which nothing else is to be seen."""
    if not meant(settings.ray_address):
        with_what = "with its dashboard" if settings.dashboard else "without its dashboard and monitors (--dashboard)"
        _LOG.warning("starting a Ray of our own, %s", with_what)


class _Job:
    """The driver actor and the answer it owes."""

    def __init__(
        self, ray: Any, settings: Settings, roots: Sequence[str], order: Order, stop: StopSignals, drain_seconds: float
    ) -> None:
        stop.install()  # starting Ray installs its own
        stop.check()
        self._ray, self._stop, self._drain_seconds = ray, stop, drain_seconds
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        doing = "watch" if order.follow else "ingest"
        self.driver = (
            ray.remote(Driver)
            .options(
                name=f"ray_lineage-{doing}-{settings.project}-{uuid.uuid4().hex[:6]}",
                num_cpus=0,
                max_restarts=-1,
                max_task_retries=-1,
                scheduling_strategy=here,
            )
            .remote(_absolute(settings), [os.path.abspath(r) for r in roots], order)
        )
        # futures, because Ray's own waiting has no end when its head dies meanwhile, whatever its limit
        self._result = self.driver.run.remote().future()
        self._deadline = float("inf")

    def ended(self) -> bool:
        """Wait a moment; is the job over? Passes on a stop. Raises Interrupted if that takes too long, RayLineageError if
        Ray itself is gone."""
        if gone := ended(self._ray):
            raise self._lost(f"its {gone} ended")
        if wait([self._result], _POLL_SECONDS).done:
            return True
        if self._stop.received and self._deadline == float("inf"):
            self._deadline = time.monotonic() + self._drain_seconds
            self.driver.drain.remote()
        if time.monotonic() > self._deadline:
            raise Interrupted(self._stop.received)
        return False

    def outcome(self) -> IngestSummary:
        """The answer. Raises what the job raised."""
        try:
            found: IngestSummary = self._result.result()
            return found
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause
            if self._stop.received:
                raise Interrupted(self._stop.received) from None
            if isinstance(cause, RayLineageError):
                raise cause from None
            raise
        except self._ray.exceptions.RayError as error:
            raise self._lost(first_line(error)) from error

    def _lost(self, why: str) -> RayLineageError:
        """Ray is gone: what a service manager that signals all processes at once does is a stop, too."""
        if self._stop.received:
            return Interrupted(self._stop.received)
        return StoreUnavailable("RL236", f"Ray is gone: {why}", help="start again: what is in the graph stays")


def _absolute(settings: Settings) -> Settings:
    """Settings that mean the same in an actor, whose current folder and environment may be others. ``ingest_workers`` 0
    there: all CPUs of the cluster, which is what a job that says nothing means; ``ray_address`` empty: Ray is ours alone."""
    paths: dict[str, Any] = {
        n: os.path.abspath(getattr(settings, n))
        for n in ("data_dir", "parse_cache_path", "organize_to")
        if getattr(settings, n)
    }
    if settings.store and not is_server(settings.store):
        paths["store"] = os.path.abspath(settings.store)
    workers = 0 if under_job() and "ingest_workers" not in settings.written else settings.ingest_workers
    return replace(settings, **paths, ingest_workers=workers, ray_address=meant(settings.ray_address))


class _Watcher:
    """Asks for the status without ever waiting for it: a busy driver must not hold up signals."""

    def __init__(self, ray: Any, report: Callable[[Progress], None], figures: JobFigures) -> None:
        self._ray = ray
        self._figures = figures
        self._report = report
        self._asked: Any = None
        self._asked_at = 0.0
        self._measured_at = 0.0
        self._resident = 0
        self.peak = 0

    def look(self, driver: Any) -> None:
        """Report the last answer, ask again; look at the memory now and then."""
        now = time.monotonic()
        if now - self._measured_at > _MEMORY_SECONDS:
            self._measured_at = now
            self._measure()
        if self._asked is not None:
            if not self._asked.done():
                return
            asked, self._asked = self._asked, None
            with contextlib.suppress(self._ray.exceptions.RayError):  # the driver is being restarted
                progress, status = asked.result()
                phase, done, total = progress
                self._report(Progress(phase, done, total, at_work(status.lanes)))
                self._figures.tell(figures_of(progress, status))
        if now - self._asked_at >= _ASK_SECONDS:
            self._asked_at = now
            self._asked = driver.status.remote().future()

    def _measure(self) -> None:
        """What is shared is costly to find out: only when there may be a new peak."""
        resident = family_memory(shared_once=False)
        if resident > _GROWN * self._resident:
            self._resident = resident
            self.peak = max(self.peak, family_memory())


def family_memory(*, shared_once: bool = True) -> int:
    """Bytes of this process and of all that it started on this machine. That pages shared among them count once costs the
    kernel some milliseconds a process."""
    import psutil

    total = 0
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            if shared_once:
                info = process.memory_full_info()
                total += getattr(info, "pss", 0) or info.uss
            else:
                total += process.memory_info().rss
    return total
