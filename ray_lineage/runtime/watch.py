"""Follow folders until a signal: on Ray, or in this process. Keeps the status file that other commands read."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Sequence

from ray_lineage.errors import Interrupted, UsageError
from ray_lineage.logs import redact
from ray_lineage.runtime.cluster import NO_HEAD
from ray_lineage.runtime.datadir import prepare_data_dir
from ray_lineage.runtime.here import run_here
from ray_lineage.runtime.ingest import choose_executor
from ray_lineage.runtime.project import located
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.status import Status, StatusFile
from ray_lineage.runtime.supervise import Order
from ray_lineage.settings import Settings
from ray_lineage.sources.scan import check_kind, check_root

_LOG = logging.getLogger("ray_lineage.watch")


def watch(
    settings: Settings,
    roots: Sequence[str],
    look: Callable[[Status], None],
    *,
    initial: bool = True,
    retry: bool = False,
    whole: bool = False,
    wait_for_folders: bool = False,
) -> None:
    """Follow ``roots`` until SIGINT or SIGTERM, then raise Interrupted, with everything that was seen in the graph.

    ``look(status)`` is told a few times a second how it goes. ``wait_for_folders``: those that are not there at the start may
    come. Raises UsageError, StoreUnavailable, StoreRefused.
    """
    check = check_kind if wait_for_folders else check_root
    for root in roots:
        check(root)
    prepare_data_dir(settings.data_dir)
    order = Order(follow=True, initial=initial, retry=retry, whole=whole)
    place = located(settings, roots)
    for part in place.parts:
        check(part)
    settings, project = place.settings, place.settings.project
    for text in place.notes:
        _LOG.warning("%s", text)
    file = StatusFile.of(settings.data_dir, project)

    def told(status: Status) -> None:
        status.pid, status.project = os.getpid(), project
        if file.is_lost:  # with its folder
            file.close()
            prepare_data_dir(settings.data_dir)
        with contextlib.suppress(OSError):  # a full disk must not end the job
            file.write(status)
        look(status)

    with StopSignals(flush=True) as stop:
        file.acquire()
        try:
            _follow(settings, place.parts, told, look, stop, order)
        finally:
            last = file.last()
            if last is not None:
                last.phase = "stopped"
                with contextlib.suppress(OSError):
                    file.write(last)
                look(last)
            file.close()
        raise Interrupted(stop.received or 15)


def _follow(
    settings: Settings,
    roots: Sequence[str],
    told: Callable[[Status], None],
    look: Callable[[Status], None],
    stop: StopSignals,
    order: Order,
) -> None:
    where = choose_executor(settings)
    if where.kind == "ray":
        from ray_lineage.runtime.rayjob import follow_with_ray

        look(_waits_for_ray(where.settings, roots))
        try:
            follow_with_ray(where.settings, roots, told, stop, order)
            return
        except UsageError as error:
            if not where.found or error.code not in NO_HEAD:
                raise
            _LOG.warning("%s; the work is done without it", error.message)
    with contextlib.suppress(Interrupted):  # which signal it was is known to the caller
        run_here(settings, roots, order, stop, lambda job: told(job.status()))


def _waits_for_ray(settings: Settings, roots: Sequence[str]) -> Status:
    """What there is to look at before there is a job."""
    waits = f"Ray at {redact(settings.ray_address)}" if settings.ray_address else "Ray, which is starting"
    return Status(
        project=settings.project,
        pid=os.getpid(),
        started_at=time.time(),
        written_at=time.time(),
        roots=list(roots),
        executor="ray",
        admission=waits,
    )
