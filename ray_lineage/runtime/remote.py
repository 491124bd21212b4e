"""The crew of Ray actors, as the driver actor owns it: they end with it. Every Ray error becomes one of ours here."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from ray_lineage.errors import RayLineageError, StoreUnavailable, first_line
from ray_lineage.patience import Patience, Sight, seen
from ray_lineage.runtime.actors import Parser, Writer
from ray_lineage.runtime.bench import RUN_PREFIX, Breadcrumb
from ray_lineage.runtime.crew import Calls, Death, Finish, GraphLost, PayloadLost, Report, WorkerLost, this_machine
from ray_lineage.runtime.linking import LinkPlan, LinkReport
from ray_lineage.runtime.load import Begun, Committed, Prepare, Settled
from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.runtime.remembered import Known
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.settings import Settings

READY_SECONDS: Final = 60.0
NODE_SECONDS: Final = 540.0
"""For which a cluster without a CPU may take to bring its first node: less than the breaker's patience, which says less."""
OPEN_SECONDS: Final = 180.0  # the store's own retries end before
KILLED_SECONDS: Final = 20.0
CLOSE_SECONDS: Final = 20.0
_LOCK_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.2
_LOOK_SECONDS: Final = 5.0
_COUNT_SECONDS: Final = 2.0  # for which the resources of a cluster count as known
_GATHER_SECONDS: Final = 0.1  # for which a batch may wait for others
_GATHER_BATCHES: Final = 4  # in one call of the writer
_LOG: Final = logging.getLogger(__name__)
_ALL: Final = 4096  # workers: more than any cluster of ours has
LOGS: Final = "see the worker logs of Ray"


class RayWorker:
    """See :class:`ray_lineage.runtime.crew.Worker`."""

    def __init__(
        self,
        actor: Any,
        name: str,
        crumb: str,
        dismissed: Callable[[RayWorker], None],
        has_cpus: Callable[[], bool] = lambda: True,
    ) -> None:
        """``dismissed`` is told when it is ended; ``has_cpus``: has the cluster a node that could run it?"""
        self._actor = actor
        self._has_cpus = has_cpus
        self._crumb = crumb
        self._hurries: Breadcrumb | None = None
        self._parse = actor.parse.options(num_returns=2)
        self._link = actor.link.options(num_returns=2)
        self._knows = 0  # number of the settled catalog that the actor has
        self._dismissed = dismissed
        self._place = ("", 0)  # node and process id
        self._hung = False
        self.name = name

    async def ready(self) -> None:
        """See the protocol."""
        from ray.exceptions import ActorUnavailableError, RayActorError

        began = time.monotonic()
        deadline = began + READY_SECONDS
        while True:
            try:
                self._place = await awaited(self._actor.ready.remote(), max(0.1, deadline - time.monotonic()))
                return
            except TimeoutError:
                waited = time.monotonic() - began
                if self._has_cpus() or waited > NODE_SECONDS:
                    raise RayLineageError(
                        "RL232", f"a parse actor did not start within {waited:.0f} s", help="are there enough free CPUs in the cluster?",
                    ) from None  # fmt: skip
                _LOG.warning("the cluster has no CPU yet: %s waits for its first node since %.0f s", self.name, waited)
                deadline = time.monotonic() + READY_SECONDS
            except ActorUnavailableError:  # it is being restarted
                if time.monotonic() > deadline:
                    raise RayLineageError("RL232", "a parse actor did not come back", help=LOGS) from None
                await asyncio.sleep(_POLL_SECONDS)
            except RayActorError as error:
                raise _not_started(error) from None

    async def alive(self) -> bool:
        """See the protocol. One that dies while it is idle is restarted by Ray without a word, maybe on another node."""
        from ray.exceptions import RayActorError

        try:
            return bool(self._place == await awaited(self._actor.ready.remote(), _LOOK_SECONDS))
        except TimeoutError:
            return True
        except RayActorError:
            return False

    async def parse(self, tasks: Sequence[Task], seconds: float) -> tuple[Report, Any]:
        """See the protocol."""
        from ray.exceptions import RayError, RayTaskError

        try:
            report, payload = self._parse.remote(list(tasks))
            found: Report = await self._answer(report, seconds)
            return msgspec.structs.replace(found, worker=self.name), payload
        except (RayError, TimeoutError) as error:
            raise WorkerLost(first_line(error), died=not isinstance(error, RayTaskError)) from error

    async def link(self, plan: LinkPlan, catalog: Any, facts: Any, seconds: float) -> tuple[LinkReport, Any]:
        """See the protocol. The catalog goes to an actor once; one that was restarted says that it lacks it."""
        from ray.exceptions import RayError, RayTaskError

        try:
            report, share = self._link.remote(plan, None if self._knows == plan.catalog else catalog, facts)
            found: LinkReport = await self._answer(report, seconds)
        except (RayError, TimeoutError) as error:
            self._knows = 0
            raise WorkerLost(first_line(error), died=not isinstance(error, RayTaskError)) from error
        self._knows = 0 if found.lacks_catalog else plan.catalog
        return found, share

    async def _answer(self, report: Any, seconds: float) -> Any:
        """What the actor answers; one that does nothing for so many seconds is ended."""
        import ray

        self._hung = False
        patience = Patience(seconds, _LOOK_SECONDS, time.monotonic())
        while True:
            with contextlib.suppress(TimeoutError):
                return await awaited(report, _LOOK_SECONDS)
            sight = await self._seen()
            if patience.is_over(sight, time.monotonic()):
                break
        self._hung = sight is not None  # a machine that does not answer says nothing of the file
        ray.kill(self._actor, no_restart=False)
        return await awaited(report, KILLED_SECONDS)

    async def _seen(self) -> Sight | None:
        """Its process, as somebody else on its node sees it. None if nobody there answers."""
        import ray

        node, pid = self._place
        there = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
        with contextlib.suppress(TimeoutError, ray.exceptions.RayError):
            found: Sight | None = await awaited(_look().options(scheduling_strategy=there).remote(pid), _LOOK_SECONDS)
            return found
        return None

    def hurry(self) -> None:
        """See the protocol. An actor on another machine is not told: its batches are short."""
        with contextlib.suppress(OSError):
            if self._hurries is None:
                self._hurries = Breadcrumb(self._crumb)
            self._hurries.hurried = True

    async def post_mortem(self, seconds: float) -> Death | None:
        """The next incarnation reads the breadcrumb."""
        from ray.exceptions import ActorUnavailableError, RayError

        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                path, overtime = await awaited(self._actor.post_mortem.remote(), left)
                return Death(path, overtime or self._hung)
            except ActorUnavailableError:  # a restart of over two seconds: the call does not wait for it
                await asyncio.sleep(_POLL_SECONDS)
            except (TimeoutError, RayError):
                break
        return None

    def dismiss(self) -> None:
        """See the protocol."""
        import ray

        self._dismissed(self)
        ray.kill(self._actor)


@functools.cache
def _look() -> Any:
    """:func:`seen`, for any node."""
    import ray

    return ray.remote(num_cpus=0, max_retries=0)(seen)


class _Parcel:
    """Batches on their way to the writer: paths and content hashes of their files, and the references to their facts."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.names: list[list[tuple[str, str] | None]] = []
        self.payloads: list[Any] = []
        self.taken: asyncio.Future[None] = loop.create_future()
        self.leaves: asyncio.TimerHandle | None = None
        self.carrier: asyncio.Task[None] | None = None
        self.taken.add_done_callback(lambda taken: taken.cancelled() or taken.exception())  # nobody may be left to hear


class RayGraph:
    """See :class:`ray_lineage.runtime.crew.Graph`: the writer actor."""

    def __init__(self, actor: Any, driver: Any) -> None:
        self._actor = actor
        self._driver = driver
        self._parcel: _Parcel | None = None
        self._calls = Calls()
        self.uri = ""
        self.rebuilt = ""
        self.rows = 0

    async def begin(self, *, again: bool, anew: bool, reads: bool) -> Begun:
        """Open the store. After a death its lock may stay for a moment with the writer that is still dying."""
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                begun, self.uri, self.rebuilt = await self._call(
                    within(
                        self._actor.begin.remote(anew, reads),
                        OPEN_SECONDS,
                        "RL234",
                        "the store did not open",
                        "is it reachable?",
                    )
                )
                return begun  # type: ignore[no-any-return]
            except StoreUnavailable as error:
                if not (again and error.code == "RL212") or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.5)

    async def _call(self, answer: Any) -> Any:
        """What the writer answers, its own errors as they are."""
        from ray.exceptions import RayError, RayTaskError

        try:
            with self._calls.one():
                return await answer
        except RayTaskError as error:
            if isinstance(error.cause, RayLineageError):
                raise error.cause from None
            raise
        except RayError as error:
            raise GraphLost(first_line(error)) from error

    async def put(self, metas: Sequence[Meta], payload: Any, *, more: bool = False) -> None:
        """See the protocol. A call costs a millisecond and more at either end, so batches of which ``more`` follow go
        together."""
        if self._parcel is None:
            self._parcel = _Parcel(asyncio.get_running_loop())
            if more:
                self._parcel.leaves = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._send)
        parcel = self._parcel
        parcel.names.append([(m.path, m.sha256) if m.outcome == "facts" else None for m in metas])
        parcel.payloads.append(payload)
        if not more or len(parcel.names) >= _GATHER_BATCHES:
            self._send()
        await asyncio.shield(parcel.taken)

    def _send(self) -> None:
        """What was gathered goes now: whatever the writer is asked to do comes after it."""
        parcel, self._parcel = self._parcel, None
        if parcel is None:
            return
        if parcel.leaves is not None:
            parcel.leaves.cancel()
        answer = self._actor.put.remote(parcel.names, *parcel.payloads)
        parcel.carrier = asyncio.create_task(self._acknowledge(parcel, answer))

    async def _acknowledge(self, parcel: _Parcel, answer: Any) -> None:
        from ray.exceptions import ObjectLostError, RayError

        try:
            with self._calls.one():
                await awaited(answer)
            parcel.taken.set_result(None)
        except RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(error, ObjectLostError) or isinstance(cause, ObjectLostError):
                parcel.taken.set_exception(PayloadLost(first_line(error)))
            elif isinstance(cause, RayLineageError):
                parcel.taken.set_exception(cause)
            else:
                parcel.taken.set_exception(GraphLost(first_line(error)))
        except Exception as error:  # whatever it is: somebody waits for it
            parcel.taken.set_exception(error)

    async def finish(
        self, order: Finish, summary: IngestSummary, progress: Callable[[str, int], None]
    ) -> IngestSummary:
        """See the protocol; progress is told to the driver by the writer itself."""
        self._send()
        found: IngestSummary = await self._call(awaited(self._actor.finish.remote(order, summary)))
        return found

    async def prepare(self, order: Prepare) -> LinkPlan:
        """See the protocol."""
        self._send()
        found: LinkPlan = await self._call(awaited(self._actor.prepare.remote(order)))
        return found

    async def catalog(self) -> Any:
        """See the protocol: a reference."""
        return self._actor.catalog.remote()

    async def facts(self, paths: Sequence[str]) -> Any:
        """See the protocol: a reference."""
        return self._actor.facts.remote(list(paths))

    async def linked(self, share: Any) -> None:
        """See the protocol."""
        from ray.exceptions import ObjectLostError

        try:
            await self._call(awaited(self._actor.linked.remote(share)))
        except GraphLost as error:
            if isinstance(error.__cause__, ObjectLostError):
                raise PayloadLost(str(error)) from error
            raise

    async def commit(self) -> Committed:
        """See the protocol."""
        found: Committed = await self._call(awaited(self._actor.commit.remote()))
        return found

    async def look(self) -> None:
        """See the protocol."""
        await self._call(awaited(self._actor.look.remote()))

    async def settle(self, digest: str) -> Settled:
        """See the protocol."""
        self._send()
        found: Settled = await self._call(awaited(self._actor.settle.remote(digest)))
        return found

    async def remember(self, known: dict[str, Known]) -> None:
        """See the protocol."""
        await self._call(awaited(self._actor.remember.remote(known)))

    async def close(self) -> None:
        """See the protocol."""
        self._send()
        with contextlib.suppress(Exception):
            await awaited(self._actor.close.remote(), CLOSE_SECONDS)
        self.give_up()

    def waited(self) -> float:
        """See the protocol."""
        return self._calls.waited()

    def give_up(self) -> None:
        """See the protocol."""
        import ray

        ray.kill(self._actor)


class RayCrew:
    """See :class:`ray_lineage.runtime.crew.Crew`. Made inside the driver actor, ``me`` is its handle."""

    kind = "ray"

    def __init__(self, settings: Settings, me: Any) -> None:
        import ray

        self._settings = settings
        self._me = me
        self._for_workers = replace(settings, neo4j_password=None)  # they have no use for it
        self._node = ray.get_runtime_context().get_node_id()
        self._here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(self._node, soft=False)
        self._counted: dict[str, float] = {}
        self._counted_at = float("-inf")
        resources = self._resources()
        cpus = int(resources.get("CPU", 0))
        wanted = settings.ingest_workers
        self._shared = bool(settings.ray_address)  # a cluster that may scale, and has others' jobs
        self._asked = 0
        # of a cluster all CPUs, those of nodes that come later, too
        self.most = settings.max_workers or (wanted or _ALL if self._shared else min(wanted or cpus, max(1, cpus)))
        self.note = _few(cpus, wanted)
        self.object_store_bytes = int(resources.get("object_store_memory", 0))
        self._run_dir = tempfile.mkdtemp(prefix=RUN_PREFIX)
        self._run = uuid.uuid4().hex[:6]
        self._alive: list[RayWorker] = []

    def cap(self) -> int:
        """See the protocol."""
        return max(1, int(self._resources().get("CPU", 1)))

    def _resources(self) -> dict[str, float]:
        """Of the whole cluster. Nodes do not come and go every moment, and to ask costs a millisecond."""
        import ray

        now = time.monotonic()
        if now - self._counted_at > _COUNT_SECONDS:
            self._counted, self._counted_at = ray.cluster_resources(), now
        return self._counted

    def worker(self, number: int) -> RayWorker:
        """A parse actor, restarted by Ray; every retry is the driver's."""
        import ray

        name = f"parse-{number}"
        actor = (
            ray.remote(Parser)
            .options(
                num_cpus=1,
                max_restarts=-1,
                max_task_retries=0,
                scheduling_strategy="SPREAD",
                name=f"{name}-{self._run}",
            )
            .remote(self._for_workers, self._run_dir, name, self._node)
        )
        worker = RayWorker(
            actor, name, os.path.join(self._run_dir, name), self._forget, lambda: self._resources().get("CPU", 0) >= 1
        )
        self._alive.append(worker)
        return worker

    def _forget(self, worker: RayWorker) -> None:
        if worker in self._alive:
            self._alive.remove(worker)

    def graph(self, project: str) -> RayGraph:
        """The writer actor, beside the driver."""
        import ray

        actor = (
            ray.remote(Writer)
            .options(num_cpus=0, max_restarts=0, scheduling_strategy=self._here, name=f"writer-{uuid.uuid4().hex[:6]}")
            .remote(self._settings, project, self._me)
        )
        return RayGraph(actor, self._me)

    def want(self, workers: int) -> None:
        """On a cluster that scales: ask for so many CPUs. What was asked for holds until something else is, even after the
        job."""
        import ray

        if workers == self._asked or not self._shared:
            return
        self._asked = workers
        with contextlib.suppress(Exception):  # a hint; a cluster without an autoscaler has no use for it
            ray.autoscaler.sdk.request_resources(bundles=[{"CPU": 1}] * workers)

    def memory(self) -> tuple[str, float]:
        """See the protocol."""
        return this_machine()

    def store_free(self) -> float | None:
        """See the protocol."""
        import ray

        total = self._resources().get("object_store_memory", 0)
        free = ray.available_resources().get("object_store_memory", 0)
        return free / total if total else None

    def close(self) -> None:
        """End the actors, and the run's folder with them; nodes that came for us may go."""
        self.want(0)
        for worker in [*self._alive]:
            worker.dismiss()
        shutil.rmtree(self._run_dir, ignore_errors=True)


def _few(cpus: int, wanted: int) -> str:
    """What a user should know of the number of workers at the beginning."""
    if not cpus:
        return "the cluster had no CPUs when the job began: it waited for its first node"
    return f"{cpus} workers instead of {wanted}: Ray had no more CPUs when the job began" if wanted > cpus else ""


_RAISED: Final = re.compile(r"^[\w.]+(?:Error|Exception)\b.*", re.M)


def _not_started(error: Exception) -> RayLineageError:
    """Ray's message ends with the traceback of what a creation raised."""
    *_, reason = first_line(error), *_RAISED.findall(str(error))
    missing = reason.startswith(("ModuleNotFoundError", "ImportError"))
    hint = "install the same ray-lineage on every node of the cluster, or send it with the job (--working-dir)"
    return RayLineageError("RL232", f"a parse actor did not start: {reason}", help=hint if missing else LOGS)


async def awaited(ref: Any, seconds: float | None = None) -> Any:
    """What a reference stands for. Raises TimeoutError after so many seconds."""
    async with asyncio.timeout(seconds):
        return await ref


async def within(ref: Any, seconds: float, code: str, message: str, hint: str) -> Any:
    """The same with a limit that raises RayLineageError."""
    try:
        return await awaited(ref, seconds)
    except TimeoutError:
        raise RayLineageError(code, f"{message} within {seconds:.0f} s", help=hint) from None
