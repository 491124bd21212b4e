"""A job on this machine, seen from the command: the session runs in this process's loop, its workers are child processes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ray_lineage.compile import few_collections
from ray_lineage.errors import Interrupted
from ray_lineage.runtime.cradle import Cradle
from ray_lineage.runtime.load import Loader
from ray_lineage.runtime.local import LocalCrew, MakeLoader
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.runtime.supervise import Job, Order
from ray_lineage.settings import Settings

logger = logging.getLogger("ray_lineage.metrics")

_POLL_SECONDS: Final = 0.1
_PASS_DRAIN_SECONDS: Final = 3.0
"""So long what is in flight may take to end after a signal, where nothing but a pass is left undone."""


def run_here(
    settings: Settings,
    roots: Sequence[str],
    order: Order,
    stop: StopSignals,
    look: Callable[[Job], None],
    plan: Plan | None = None,
    loader: MakeLoader = Loader,
    cradle: Cradle | None = None,
) -> IngestSummary:
    """Run a job to its end; ``look`` hears a few times a second. ``plan``: a scan of just now. ``cradle``: where its first
    session's workers come from, if that was begun. Raises what the job raises, or Interrupted after a signal."""

    crews: list[LocalCrew] = []

    def crew() -> LocalCrew:
        crews.append(LocalCrew(settings, lambda: stop.received, loader, None if crews else cradle))
        return crews[-1]

    job = Job(settings, roots, order, crew, plan=plan)
    try:
        with few_collections(), _exporting(job, settings.metrics_port):
            return asyncio.run(_run(job, order, stop, look, exports=settings.metrics_port is not None))
    finally:
        for each in crews:  # a session that was abandoned may not have come to it
            each.close()


@contextlib.contextmanager
def _exporting(job: Job, port: int | None) -> Iterator[None]:
    """Serve the job's metrics meanwhile, if there is a port for them. Raises UsageError (RL209)."""
    if port is None:
        yield
        return
    from ray_lineage.runtime.metrics import LocalExporter

    exporter = LocalExporter(job.telemetry.registry, job.project, port)
    logger.warning("metrics: http://127.0.0.1:%d/metrics", exporter.port)
    try:
        yield
    finally:
        exporter.close()


async def _run(
    job: Job, order: Order, stop: StopSignals, look: Callable[[Job], None], *, exports: bool
) -> IngestSummary:
    running = asyncio.create_task(job.run())
    stopping_since = 0.0
    while not running.done():
        await asyncio.wait([running], timeout=_POLL_SECONDS)
        if stop.received and not job.draining:
            job.drain()
            stopping_since = time.monotonic()
        if stop.flush:
            stop.flush = False
            job.flush()
        if exports and not order.follow:
            job.status()  # sets the gauges; who looks at a job that follows, asks for it
        look(job)
        if job.draining and not order.follow and time.monotonic() - stopping_since > _PASS_DRAIN_SECONDS:
            await _abandon(running)
    try:
        return running.result()
    except (Interrupted, asyncio.CancelledError):
        raise Interrupted(stop.received or 15) from None


async def _abandon(running: asyncio.Task[IngestSummary]) -> None:
    """Workers are killed; a transaction that hangs is undone with this process."""
    running.cancel()
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait([running], timeout=1.0)
