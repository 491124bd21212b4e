"""The driver actor: scans, cuts batches for the parse actors, counts bytes in flight, and owns every retry.

It holds nothing that cannot be read again: if it dies, Ray starts it anew and ``run`` begins with a scan. Encoded facts
go from the parse actors to the writer as object references and never pass through here.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import tempfile
import time
import uuid
from collections.abc import Sequence
from typing import Any, Final

from ray_lineage.cache import cache_key
from ray_lineage.compile import COMPILER_VERSION
from ray_lineage.errors import Interrupted, RayLineageError, StoreUnavailable
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
OPEN_SECONDS: Final = 180.0  # the store's own retries end before
BLAME_SECONDS: Final = 20.0
DRAIN_SECONDS: Final = 8.0
_LOCK_SECONDS: Final = 15.0
_WRITER_TRIES: Final = 3
_MAX_FAILURES: Final = 5  # of one lane without a finished batch in between
_IDLE_SECONDS: Final = 0.2
_LOGS: Final = "see the worker logs of Ray"


class _WriterFault(Exception):
    """Something is wrong with the writer, not with the batch at hand: it ends the attempt."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Driver:
    """One ingest run. All methods may be called any number of times."""

    def __init__(self, settings: Settings, roots: Sequence[str], workers: int, full: bool, dry_run: bool) -> None:
        """``workers``: parse actors; 0: one a CPU of the cluster."""
        self.settings = settings
        self.workers = workers
        self.roots = list(roots)
        self.full = full
        self.dry_run = dry_run
        self._phase: tuple[str, int, int] = ("scan", 0, 0)
        self._draining = False
        self._writer: Any = None
        self._parsers: list[Any] = []

    async def progress(self, phase: str, done: int, total: int) -> bool:
        """Told by the writer, which stops if the answer is True."""
        self._phase = (phase, done, total)
        return self._draining

    async def status(self) -> tuple[str, int, int]:
        """Phase, done, total."""
        return self._phase

    async def drain(self) -> None:
        """Stop as soon as what is in flight is done; a transaction that takes too long is given up whole."""
        if not self._draining:
            self._draining = True
            asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._give_up)

    def _give_up(self) -> None:
        import ray

        if self._writer is not None:
            ray.kill(self._writer)

    async def run(self) -> tuple[IngestSummary, list[tuple[str, str, int]]]:
        """The whole run: the summary, and (path, sha256, read at) of what was read, for the stat index."""
        for attempt in range(_WRITER_TRIES):
            try:
                return await self._run(again=attempt > 0)
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

    async def _run(self, *, again: bool) -> tuple[IngestSummary, list[tuple[str, str, int]]]:
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
            states, job.summary.store, rebuilt = await self._begin(again=again)
            if rebuilt:
                job.summary.notes.append(rebuilt)
            removed = sorted(p for p in states if p not in plan.paths and not plan.is_unlisted(p))
            await self._writer.check_removal.remote(removed, len(plan.tasks))
            await job.parse_all()
            if self._draining:
                raise Interrupted(15)
            self._dismiss_parsers()  # their memory is of better use to the writer now
            return await self._finish(job, plan, states, removed), job.read
        finally:
            self._dismiss_parsers()
            ray.kill(self._writer)
            self._writer = None
            shutil.rmtree(job.run_dir, ignore_errors=True)

    async def _begin(self, *, again: bool) -> tuple[dict[str, FileState], str, str]:
        """Open the store. After a death its lock may stay for a moment with the writer that is still dying."""
        import ray

        again = again or ray.get_runtime_context().was_current_actor_reconstructed
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                found: tuple[dict[str, FileState], str, str] = await _within(
                    self._writer.begin.remote(), OPEN_SECONDS, "RL234", "the store did not open", "is it reachable?"
                )
                return found
            except ray.exceptions.RayTaskError as error:
                locked = isinstance(error.cause, StoreUnavailable) and error.cause.code == "RL212"
                if not (again and locked) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.5)

    def _dismiss_parsers(self) -> None:
        import ray

        for actor in self._parsers:
            ray.kill(actor)
        self._parsers = []

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
        cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
        self.lanes = min(driver.workers or cpus, cpus)
        if driver.workers > cpus:
            self.summary.notes.append(f"{cpus} workers instead of {driver.workers}: Ray has no more CPUs")
        self.up: list[Any] = []
        self.last_failure = ""
        self.scheduler = Scheduler(self.lanes)
        self.scheduler.add(plan.tasks)
        self.wake = asyncio.Event()
        self.run_dir = tempfile.mkdtemp(prefix="ray_lineage-run-")

    @property
    def done(self) -> int:
        """Files with an outcome."""
        return len(self.hashes) + len(self.gone) + len(self.unreadable)

    async def parse_all(self) -> None:
        """Run the lanes until every file has an outcome; they begin as their actors come up, and nobody waits for the rest.

        Raises RayLineageError if no lane is left, and what the writer raised.
        """
        import ray

        remote = ray.remote(Parser).options(
            num_cpus=1, max_restarts=-1, max_task_retries=0, scheduling_strategy="SPREAD"
        )
        self.driver._parsers = [
            remote.remote(self.driver.settings, self.run_dir, f"parse-{i}") for i in range(self.lanes)
        ]
        pending = {asyncio.create_task(self._lane(actor)) for actor in self.driver._parsers}
        lost: list[RayLineageError] = []
        try:
            while pending and not self._over():
                done, pending = await asyncio.wait(pending, timeout=_IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                lost.extend(e for e in (_lane_lost(lane) for lane in done) if e is not None)
        finally:
            for lane in pending:
                lane.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        self.summary.workers = len(self.up)
        if not self._over():
            raise lost[0] if lost else RayLineageError("RL231", "no parse actor is left", help=_LOGS)
        if len(self.up) < self.lanes and self.plan.tasks:
            self.summary.notes.append(f"{len(self.up)} of {self.lanes} parse actors were up before the work was done")

    def _over(self) -> bool:
        """Every file has an outcome; or the run drains and nothing is in flight any more."""
        return self.done == len(self.plan.tasks) or (self.driver._draining and not self.scheduler.in_flight)

    async def _lane(self, actor: Any) -> None:
        """One actor's work: one batch in flight, so that blame and deadlines are exact."""
        await _ready(actor, "a parse actor did not start")
        self.up.append(actor)
        failures = 0
        while not self.driver._draining:
            batch = self._next()
            if batch is None:
                if self.scheduler.idle:
                    self.wake.set()
                    return
                self.wake.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.wake.wait(), _IDLE_SECONDS)
                continue
            if await self._work(actor, batch):
                failures = 0
                continue
            failures += 1
            if failures > _MAX_FAILURES:
                text = f"a parse actor failed {failures} times in a row; the last time: {self.last_failure}"
                raise RayLineageError("RL233", text, help=_LOGS)
            await _ready(actor, "a parse actor did not come back")

    def _next(self) -> Batch | None:
        return self.scheduler.cut(self.ledger.room())

    async def _work(self, actor: Any, batch: Batch) -> bool:
        """One batch through an actor and on to the writer. False if it has to be done again."""
        from ray.exceptions import RayError

        held = self.ledger.take(batch.size)
        try:
            meta_ref, payload_ref = actor.parse.options(num_returns=2).remote(list(batch.tasks))
            metas = await self._reply(actor, batch, meta_ref)
            held = self.ledger.settle(held, batch.size, sum(m.facts_size for m in metas))
            stored = await self._hand_over(metas, payload_ref)
        except (RayError, TimeoutError) as error:
            self.last_failure = _first_line(error)
            await self._again(batch, await self._culprit(actor, error))
            return False
        finally:
            self.ledger.give_back(held)
        if not stored:  # the facts were lost with their node: nobody is to blame, and the cache may have them
            self.last_failure = "the facts were lost before the writer had them"
            await self._again(batch, None)
            return False
        self._note(metas)
        self.scheduler.finished(batch, metas)
        self.wake.set()
        return True

    async def _reply(self, actor: Any, batch: Batch, ref: Any) -> list[Meta]:
        """What the actor answers. One that is silent for longer than its own limits allow is killed."""
        import ray

        deadline = sum(HARD_SECONDS + 2e-6 * t.file.size for t in batch.tasks[:2]) + batch.estimate * 20 + 10
        try:
            metas: list[Meta] = await asyncio.wait_for(_awaited(ref), deadline)
        except TimeoutError:
            ray.kill(actor, no_restart=False)
            metas = await asyncio.wait_for(_awaited(ref), BLAME_SECONDS)
        return metas

    async def _hand_over(self, metas: list[Meta], payload: Any) -> bool:
        """Facts to the writer. False if they are lost; raises :class:`_WriterFault` for what is wrong with the writer."""
        from ray.exceptions import ObjectLostError, RayError

        try:
            await self.driver._writer.put.remote(metas, payload)
        except RayError as error:
            if isinstance(error, ObjectLostError) or isinstance(getattr(error, "cause", None), ObjectLostError):
                return False
            raise _WriterFault(error) from error
        return True

    async def _culprit(self, actor: Any, error: Exception) -> str | None:
        """Which file killed the actor? Its next incarnation reads the breadcrumb; if there is none in time, nobody is
        blamed. An actor that answered with an error did not die."""
        from ray.exceptions import ActorUnavailableError, RayError, RayTaskError

        deadline = time.monotonic() + BLAME_SECONDS
        while not isinstance(error, RayTaskError) and (left := deadline - time.monotonic()) > 0:
            try:
                return await asyncio.wait_for(_awaited(actor.post_mortem.remote()), left) or None
            except ActorUnavailableError:  # a restart of over two seconds: the call does not wait for it
                await asyncio.sleep(_IDLE_SECONDS)
            except (TimeoutError, RayError):
                break
        return None

    async def _again(self, batch: Batch, culprit: str | None) -> None:
        """Queue a failed batch again, before anybody waits for an actor that may never come back."""
        for task in self.scheduler.failed(batch, culprit):
            await self._set_aside(task)
        self.wake.set()

    async def _set_aside(self, task: Task) -> None:
        """A file that killed its actor three times: a diagnostic instead of facts, in the cache too, so that it kills no
        later run (which may have no actor to lose) until it or the compiler changes."""
        text = "it killed the parser three times and was set aside; it is tried again when it changes. Please report it"
        facts = encode_facts(FileFacts("", "failed", diagnostics=(Diagnostic("RL193", "error", text),)))
        path = task.file.path
        now = time.time_ns()
        try:
            sha256 = hashlib.sha256(read_bytes(task.file, self.driver.settings.max_file_size)).hexdigest()
        except SourceFault as fault:
            self._note([Meta(path, "gone" if fault.status == "gone" else "unreadable", diagnostic=fault.diagnostic)])
            return
        cache = open_cache(self.driver.settings)
        if cache is not None:
            cache.put_many([(cache_key(sha256, task.options, COMPILER_VERSION + task.encoding), facts)])
            cache.close()
        meta = Meta(path, "facts", sha256, read_at_ns=now)
        await self._hand_over([meta], [facts])
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


async def _within(ref: Any, seconds: float, code: str, message: str, hint: str) -> Any:
    try:
        return await asyncio.wait_for(_awaited(ref), seconds)
    except TimeoutError:
        raise RayLineageError(code, f"{message} within {seconds:.0f} s", help=hint) from None


async def _ready(actor: Any, message: str) -> None:
    """Wait until the actor is up. Raises RayLineageError, which ends only its lane."""
    from ray.exceptions import ActorUnavailableError, RayActorError

    deadline = time.monotonic() + READY_SECONDS
    while True:
        left = max(0.1, deadline - time.monotonic())
        try:
            await _within(actor.ready.remote(), left, "RL232", message, "are there enough free CPUs in the cluster?")
            return
        except ActorUnavailableError:  # it is being restarted
            if time.monotonic() > deadline:
                raise RayLineageError("RL232", message, help=_LOGS) from None
            await asyncio.sleep(0.2)
        except RayActorError as error:
            raise RayLineageError("RL232", f"{message}: {_first_line(error)}", help=_LOGS) from None


def _lane_lost(lane: asyncio.Task[None]) -> RayLineageError | None:
    """The error that ended a lane, if it concerns that lane alone. Raises any other."""
    error = lane.exception()
    if isinstance(error, _WriterFault):
        raise error.error
    if error is not None and not isinstance(error, RayLineageError):
        raise error
    return error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
