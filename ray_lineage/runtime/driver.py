"""The driver actor: owns a session, its workers and its graph, begins anew when something is lost, and tells how it goes.

It holds nothing that cannot be found out again: if it dies, Ray starts it anew, whoever waits for it calls it again, and it
begins with a scan. Encoded facts go from the parse actors to the writer as object references and never pass through here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from ray_lineage import logs
from ray_lineage.errors import Interrupted, RayLineageError
from ray_lineage.runtime.crew import Crew
from ray_lineage.runtime.metrics import RayExporter
from ray_lineage.runtime.remote import RayCrew
from ray_lineage.runtime.status import Status
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.runtime.supervise import Job, Order
from ray_lineage.settings import Settings


class Driver:
    """One job. All methods may be called any number of times."""

    def __init__(self, settings: Settings, roots: Sequence[str], order: Order) -> None:
        logs.configure_for(settings, logging.WARNING)
        self._settings = settings
        self._job = Job(settings, roots, order, self._crew, reconstructed=self._reconstructed)
        self._task: asyncio.Task[IngestSummary] | None = None
        self._exporter: RayExporter | None = None

    def _crew(self) -> Crew:
        import ray

        return RayCrew(self._settings, ray.get_runtime_context().current_actor)

    @staticmethod
    def _reconstructed() -> bool:
        import ray

        return bool(ray.get_runtime_context().was_current_actor_reconstructed)

    async def run(self) -> IngestSummary:
        """The whole job. Waiting for it again, after the driver died or because an answer was lost, begins nothing twice."""
        if self._task is None:
            self._exporter = RayExporter(self._job.telemetry.registry, self._job.project)
            self._exporter.start()
            self._task = asyncio.create_task(self._job.run())
        try:
            return await asyncio.shield(self._task)
        except RayLineageError:
            raise
        except Exception as error:
            if self._job.draining:
                raise Interrupted(15) from None
            raise error
        finally:
            if self._exporter is not None and self._task.done():
                await asyncio.to_thread(self._exporter.stop)

    async def progress(self, phase: str, done: int, total: int, rows: int) -> bool:
        """Told by the writer, which stops if the answer is True."""
        self._job.progress = (phase, done, total)
        if self._job.session is not None:
            self._job.session.graph.rows = rows
        return self._job.draining

    async def status(self) -> tuple[tuple[str, int, int], Status]:
        """Of the first pass: phase, done, total; and all that is known now. The gauges are set with it."""
        return self._job.progress, self._job.status()

    async def look(self) -> Status:
        """All that is known now."""
        return self._job.status()

    async def flush(self) -> None:
        """Look at every change now."""
        self._job.flush()

    async def drain(self) -> None:
        """Stop as soon as what is in flight is done; a transaction that takes too long is given up whole."""
        self._job.drain()
