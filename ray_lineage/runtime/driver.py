"""The driver actor: scans, cuts batches for the parse actors, counts bytes in flight, and owns every retry.

It holds nothing that cannot be read again: if it dies, Ray starts it anew and ``run`` begins with a scan. Encoded facts
go from the parse actors to the writer as object references and never pass through here.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Sequence
from typing import Any, Final

from ray_lineage.cache import cache_key
from ray_lineage.compile import COMPILER_VERSION
from ray_lineage.errors import Interrupted, RayLineageError
from ray_lineage.model import Diagnostic, FileFacts, FileState, encode_facts
from ray_lineage.runtime.actors import HARD_SECONDS, Parser, Writer
from ray_lineage.runtime.ledger import Ledger, budget_of
from ray_lineage.runtime.load import note, old_facts, open_cache
from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.scheduler import Batch, Scheduler
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.settings import Settings
from ray_lineage.sources.scan import SourceFault, read_bytes

READY_SECONDS: Final = 60.0
BLAME_SECONDS: Final = 20.0
_WRITER_TRIES: Final = 3
_OUT_PER_IN: Final = 1.5  # encoded facts per byte of source, an upper estimate for the ledger
_MAX_RESTARTS: Final = 5  # of one lane without a finished batch in between


class Driver:
    """One ingest run. All methods may be called any number of times."""

    def __init__(self, settings: Settings, roots: Sequence[str], full: bool, dry_run: bool) -> None:
        self.settings = settings
        self.roots = list(roots)
        self.full = full
        self.dry_run = dry_run
        self._phase: tuple[str, int, int] = ("scan", 0, 0)
        self._draining = False
        self._writer: Any = None
        self._parsers: list[Any] = []

    async def progress(self, phase: str, done: int, total: int) -> None:
        """Told by the writer."""
        self._phase = (phase, done, total)

    async def status(self) -> tuple[str, int, int]:
        """Phase, done, total."""
        return self._phase

    async def drain(self) -> None:
        """Stop as soon as what is in flight is done. A transaction that is being written is given up whole."""
        self._draining = True
        if self._phase[0] in ("link", "load") and self._writer is not None:
            import ray

            ray.kill(self._writer)

    async def run(self) -> tuple[IngestSummary, list[tuple[str, str, int]]]:
        """The whole run: the summary, and (path, sha256, read at) of what was read, for the stat index."""
        for attempt in range(_WRITER_TRIES):
            try:
                return await self._run()
            except Exception as error:
                from ray.exceptions import RayActorError, RayTaskError

                if self._draining:
                    raise Interrupted(15) from None
                cause = error.cause if isinstance(error, RayTaskError) else error
                if isinstance(cause, RayLineageError):
                    raise cause from None
                if not isinstance(error, RayActorError) or attempt == _WRITER_TRIES - 1:
                    raise
        raise AssertionError

    async def _run(self) -> tuple[IngestSummary, list[tuple[str, str, int]]]:
        import ray

        plan = Plan(self.settings, self.roots)
        plan.read()
        self._phase = ("compile", 0, len(plan.tasks))
        job = _Job(self, plan)
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        me = ray.get_runtime_context().current_actor
        self._writer = (
            ray.remote(Writer)
            .options(num_cpus=0, max_restarts=0, scheduling_strategy=here, name=f"writer-{uuid.uuid4().hex[:6]}")
            .remote(self.settings, plan.project, me)
        )
        try:
            states, job.summary.store, rebuilt = await self._writer.begin.remote()
            if rebuilt:
                job.summary.notes.append(rebuilt)
            removed = sorted(p for p in states if p not in plan.paths and not plan.is_unlisted(p))
            await self._writer.check_removal.remote(removed, len(plan.tasks))
            await job.parse_all()
            if self._draining:
                raise Interrupted(15)
            return await self._finish(job, plan, states, removed), job.read
        finally:
            for actor in (*self._parsers, self._writer):
                ray.kill(actor)
            self._parsers = []
            self._writer = None
            shutil.rmtree(job.run_dir, ignore_errors=True)

    async def _finish(self, job: _Job, plan: Plan, states: dict[str, FileState], removed: list[str]) -> IngestSummary:
        if job.done != len(plan.tasks):
            raise AssertionError(f"{len(plan.tasks)} files were scanned but {job.done} accounted for")
        self._phase = ("link", 0, len(plan.tasks))
        cache = open_cache(self.settings) if job.unreadable else None
        for path, sha256, facts in old_facts(job.unreadable, states, {t.file.path: t for t in plan.tasks}, cache):
            await self._writer.put.remote([Meta(path, "facts", sha256)], [facts])
        if cache is not None:
            cache.close()
        removed = [*removed, *sorted(p for p in job.gone if p in states)]
        settle = not job.unreadable and not job.gone and not plan.scan.unlisted
        summary: IngestSummary = await self._writer.finish.remote(
            plan.digest(job.hashes),
            removed,
            self.full,
            settle,
            self.dry_run,
            job.summary,
            len(plan.tasks),
            frozenset(job.unreadable),
        )
        for path, diagnostic in plan.diagnostics:
            note(summary, path, [diagnostic])
        if job.unreadable:
            summary.by_status["unreadable"] = len(job.unreadable)
        summary.unchanged = len(job.hashes) - summary.files_written
        return summary


class _Job:
    """The parsing of one run: lanes over a scheduler and a ledger."""

    def __init__(self, driver: Driver, plan: Plan) -> None:
        import ray

        self.driver = driver
        self.plan = plan
        self.summary = IngestSummary(project=plan.project, executor="ray", files=len(plan.tasks))
        self.hashes: dict[str, str] = {}
        self.read: list[tuple[str, str, int]] = []
        self.gone: set[str] = set()
        self.unreadable: set[str] = set()
        self.ledger = Ledger(budget_of(ray.cluster_resources().get("object_store_memory", 0) or 2**28))
        cpus = int(ray.cluster_resources().get("CPU", 1))
        wanted = driver.settings.ingest_workers or 1
        self.lanes = max(1, min(wanted, cpus) if not os.environ.get("RAY_JOB_ID") else cpus)
        self.scheduler = Scheduler(self.lanes)
        self.scheduler.add(plan.tasks)
        self.wake = asyncio.Event()
        self.run_dir = tempfile.mkdtemp(prefix="ray_lineage-run-")

    @property
    def done(self) -> int:
        """Files with an outcome."""
        return len(self.hashes) + len(self.gone) + len(self.unreadable)

    async def parse_all(self) -> None:
        """Run all lanes until every file has an outcome. Raises RayLineageError if no lane is left."""
        import ray

        remote = ray.remote(Parser).options(
            num_cpus=1, max_restarts=-1, max_task_retries=0, scheduling_strategy="SPREAD"
        )
        self.driver._parsers = [
            remote.remote(self.driver.settings, self.run_dir, f"parse-{i}") for i in range(self.lanes)
        ]
        self.summary.workers = self.lanes
        lanes = [asyncio.create_task(self._lane(actor)) for actor in self.driver._parsers]
        try:
            results = await asyncio.gather(*lanes, return_exceptions=True)
        finally:
            for lane in lanes:
                lane.cancel()
        failures = [r for r in results if isinstance(r, BaseException)]
        if not self.scheduler.idle and not self.driver._draining:
            raise (
                failures[0]
                if failures
                else RayLineageError("RL231", "no parse actor is left", help="see the worker logs of Ray")
            )

    async def _lane(self, actor: Any) -> None:
        """One actor's work: one batch in flight, so that blame and deadlines are exact."""
        await _within(actor.ready.remote(), READY_SECONDS, "RL232", "a parse actor did not start")
        restarts = 0
        while not self.driver._draining:
            batch = self._next()
            if batch is None:
                if self.scheduler.idle:
                    self.wake.set()
                    return
                self.wake.clear()
                await asyncio.wait([asyncio.create_task(self.wake.wait())], timeout=0.2)
                continue
            if await self._work(actor, batch):
                restarts = 0
                continue
            restarts += 1
            if restarts > _MAX_RESTARTS:
                raise RayLineageError(
                    "RL233", f"a parse actor died {restarts} times in a row", help="see the worker logs of Ray"
                )
            await _within(actor.ready.remote(), READY_SECONDS, "RL232", "a parse actor did not come back")

    def _next(self) -> Batch | None:
        if not self.ledger.admits(0, 1) and self.ledger.batches:
            return None
        batch = self.scheduler.cut()
        if batch is not None:
            self.ledger.take(int(batch.size * _OUT_PER_IN))
        return batch

    async def _work(self, actor: Any, batch: Batch) -> bool:
        """One batch through an actor and on to the writer. False if the actor died."""
        import ray
        from ray.exceptions import RayError

        taken = int(batch.size * _OUT_PER_IN)
        deadline = sum(HARD_SECONDS + 2e-6 * t.file.size for t in batch.tasks[:2]) + batch.estimate * 20 + 10
        try:
            meta_ref, payload_ref = actor.parse.options(num_returns=2).remote(list(batch.tasks))
            try:
                metas: list[Meta] = await asyncio.wait_for(asyncio.shield(_awaited(meta_ref)), deadline)
            except TimeoutError:
                ray.kill(actor, no_restart=False)
                metas = await _awaited(meta_ref)
        except RayError:
            self.ledger.give_back(taken)
            await self._blame(actor, batch)
            return False
        try:
            await self.driver._writer.put.remote(metas, payload_ref)
        finally:
            self.ledger.give_back(taken)
        self._note(metas)
        self.scheduler.finished(batch, metas)
        self.wake.set()
        return True

    async def _blame(self, actor: Any, batch: Batch) -> None:
        """Who killed the actor? Its next incarnation reads the breadcrumb; if there is none in time, nobody is blamed."""
        from ray.exceptions import RayError

        culprit: str | None
        try:
            culprit = await asyncio.wait_for(_awaited(actor.post_mortem.remote()), BLAME_SECONDS) or None
        except (TimeoutError, RayError):
            culprit = None
        for task in self.scheduler.failed(batch, culprit):
            await self._set_aside(task)
        self.wake.set()

    async def _set_aside(self, task: Task) -> None:
        """A file that killed its actor three times: a diagnostic instead of facts."""
        text = "it killed the parser three times and was set aside; it is tried again when it changes. Please report it"
        facts = FileFacts("", "failed", diagnostics=(Diagnostic("RL193", "error", text),))
        path = task.file.path
        try:
            sha256 = hashlib.sha256(read_bytes(task.file, self.driver.settings.max_file_size)).hexdigest()
        except SourceFault as fault:
            self._note([Meta(path, "gone" if fault.status == "gone" else "unreadable", diagnostic=fault.diagnostic)])
            return
        cache = open_cache(self.driver.settings)
        if cache is not None:  # not tried again before it, or the compiler, changes
            cache.put_many([(cache_key(sha256, task.options, COMPILER_VERSION + task.encoding), encode_facts(facts))])
            cache.close()
        meta = Meta(path, "facts", sha256)
        await self.driver._writer.put.remote([meta], [encode_facts(facts)])
        self.summary.quarantined += 1
        self._note([meta])

    def _note(self, metas: Sequence[Meta]) -> None:
        for meta in metas:
            if meta.outcome != "facts":
                (self.gone if meta.outcome == "gone" else self.unreadable).add(meta.path)
                if meta.diagnostic is not None:
                    note(self.summary, meta.path, [meta.diagnostic])
                continue
            self.hashes[meta.path] = meta.sha256
            if meta.read_at_ns:
                self.read.append((meta.path, meta.sha256, meta.read_at_ns))
            if meta.hit:
                self.summary.cache_hits += 1
            else:
                self.summary.compiled += 1
                self.summary.cache_misses += 1
        self.driver._phase = ("compile", self.done, len(self.plan.tasks))


async def _awaited(ref: Any) -> Any:
    return await ref


async def _within(ref: Any, seconds: float, code: str, message: str) -> Any:
    try:
        return await asyncio.wait_for(_awaited(ref), seconds)
    except TimeoutError:
        raise RayLineageError(
            code, f"{message} within {seconds:.0f} s", help="are there enough free CPUs in the cluster?"
        ) from None
