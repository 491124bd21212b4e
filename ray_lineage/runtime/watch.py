"""Follow folders until a signal: on Ray, or in this process. Keeps the status file that other commands read."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Final

from ray_lineage.errors import Interrupted
from ray_lineage.runtime.ingest import prepare_data_dir
from ray_lineage.runtime.local import LocalCrew
from ray_lineage.runtime.plan import project_name
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.status import Status, StatusFile
from ray_lineage.runtime.supervise import Job, Order
from ray_lineage.settings import Settings
from ray_lineage.sources.scan import check_kind

_POLL_SECONDS: Final = 0.2


def watch(
    settings: Settings,
    roots: Sequence[str],
    look: Callable[[Status], None],
    *,
    initial: bool = True,
    retry: bool = False,
) -> None:
    """Follow ``roots`` until SIGINT or SIGTERM, then raise Interrupted, with everything that was seen in the graph.

    ``look(status)`` is told a few times a second how it goes. Raises UsageError, StoreUnavailable, StoreRefused.
    """
    for root in roots:  # one that is not there may come
        check_kind(root)
    prepare_data_dir(settings.data_dir)
    order = Order(follow=True, initial=initial, retry=retry)
    project = settings.project or project_name([os.path.realpath(r) for r in roots])
    file = StatusFile.of(settings.data_dir, project)

    def told(status: Status) -> None:
        status.pid, status.project = os.getpid(), project
        with contextlib.suppress(OSError):  # a full disk must not end the job
            file.write(status)
        look(status)

    with StopSignals(flush=True) as stop:
        file.acquire()
        try:
            if settings.executor == "inline" or settings.ingest_workers == 0:
                asyncio.run(_here(settings, roots, told, stop, order))
            else:
                from ray_lineage.runtime.rayjob import follow_with_ray

                follow_with_ray(settings, roots, told, stop, order)
        finally:
            last = file.last()
            if last is not None:
                last.phase = "stopped"
                with contextlib.suppress(OSError):
                    file.write(last)
                look(last)
            file.close()
        raise Interrupted(stop.received or 15)


async def _here(
    settings: Settings, roots: Sequence[str], look: Callable[[Status], None], stop: StopSignals, order: Order
) -> None:
    """Everything in this process."""
    job = Job(settings, roots, order, lambda: LocalCrew(settings, lambda: stop.received))
    running = asyncio.create_task(job.run())
    while not running.done():
        await asyncio.wait([running], timeout=_POLL_SECONDS)
        if stop.received and not job.draining:
            job.drain()
        if stop.flush:
            stop.flush = False
            job.flush()
        look(job.status())
    with contextlib.suppress(Interrupted):  # which signal it was is known here
        running.result()
