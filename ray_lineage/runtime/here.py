"""A job on this machine, seen from the command: the session runs in this process's loop, its workers are child processes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Final

from ray_lineage.errors import Interrupted
from ray_lineage.runtime.load import Loader
from ray_lineage.runtime.local import LocalCrew, MakeLoader
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.runtime.supervise import Job, Order
from ray_lineage.settings import Settings

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
) -> IngestSummary:
    """Run a job to its end; ``look`` hears a few times a second. ``plan``: a scan of just now. Raises what the job raises, or
    Interrupted after a signal."""

    def crew() -> LocalCrew:
        return LocalCrew(settings, lambda: stop.received, loader)

    return asyncio.run(_run(Job(settings, roots, order, crew, plan=plan), order, stop, look))


async def _run(job: Job, order: Order, stop: StopSignals, look: Callable[[Job], None]) -> IngestSummary:
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
