"""A job is sessions one after another: when the graph's owner dies or the store goes away, a new session repairs all.

A single pass gives up after three deaths, and at once when the store refuses it. A job that follows goes on: it tries again
with growing pauses, says what it waits for, and reads nothing meanwhile. What protects data (a newer run writes the project,
the store is of a newer version) ends every job.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from ray_lineage.errors import Interrupted, RayLineageError, StoreForbids, StoreRefused, StoreUnavailable, UsageError
from ray_lineage.runtime.crew import Crew, GraphLost, happens
from ray_lineage.runtime.datadir import prepare_data_dir
from ray_lineage.runtime.following import Following
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.project import project_name
from ray_lineage.runtime.session import Session
from ray_lineage.runtime.status import Phase, Status
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.runtime.telemetry import Telemetry
from ray_lineage.settings import Settings

TRIES: Final = 3
_PAUSES: Final = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before a following job's next session
_FORBIDDEN_PAUSE: Final = 60.0
"""After a refused password: a server locks an account that is tried more often."""
GIVE_UP_SECONDS: Final = 3.5
"""While draining no call of the graph is waited for any longer: a stop takes five seconds, whatever is under way."""
_POLL_SECONDS: Final = 0.1
_LOOK_ON_SECONDS: Final = 1.0
_LOOK_ON_SHARE: Final = 10  # pauses are so many times as long as a look took
_GOOD_SECONDS: Final = 120.0
"""A session that lived so long was no failure to start: pauses begin anew."""


logger = logging.getLogger("ray_lineage.watch")


class Order(msgspec.Struct, frozen=True):
    """What a job is to do. ``follow``: go on after the first pass, which is left out unless ``initial``. ``retry``: read files
    again that failed, whatever the cache knows of them. ``compare``: read every file anew, and write nothing. ``whole``: what
    is looked at is all of the project."""

    follow: bool = False
    initial: bool = True
    full: bool = False
    dry_run: bool = False
    retry: bool = False
    compare: bool = False
    whole: bool = False


class Job:
    """See the module."""

    def __init__(
        self,
        settings: Settings,
        roots: Sequence[str],
        order: Order,
        crew: Callable[[], Crew],
        reconstructed: Callable[[], bool] = lambda: False,
        plan: Plan | None = None,
    ) -> None:
        """``reconstructed``: did a process that did this job before die? ``plan``: a scan of just now, for the first session."""
        self._plan = plan
        self.settings = settings
        self.order = order
        self.telemetry = Telemetry()
        self.progress: tuple[str, int, int] = ("scan", 0, 0)
        self.draining = False
        self.session: Session | None = None
        self._roots = list(roots)
        self._crew = crew
        self._reconstructed = reconstructed
        self._phase: Phase = "starting"
        self._began = False  # a session opened the store once: what keeps the next ones from it may pass
        self._pause = asyncio.Event()
        self._patience: asyncio.Task[None] | None = None
        self._resting = False  # a session is over, and the next one not begun
        self._passed = False  # a first pass was done as ordered
        self._followed: Following | None = None  # of the last session that came so far

    @property
    def project(self) -> str:
        """Name of the project."""
        return self.session.project if self.session else self.settings.project or project_name(self.settings.root)

    async def run(self) -> IngestSummary:
        """Sessions until the work is done or the job drains. Raises RayLineageError."""
        looking_on = asyncio.create_task(self._look_on(), name="looking on")
        try:
            return await self._sessions()
        finally:
            looking_on.cancel()
            if self._patience is not None:
                self._patience.cancel()

    async def _look_on(self) -> None:
        """While no store is open the files change all the same, and the graph falls behind."""
        pause = _LOOK_ON_SECONDS
        while True:
            await asyncio.sleep(pause)
            if self._followed is None or self.phase != "starting":
                continue
            began = time.monotonic()
            with contextlib.suppress(OSError):
                await self._followed.look_on()
            pause = max(_LOOK_ON_SECONDS, _LOOK_ON_SHARE * (time.monotonic() - began))

    async def _sessions(self) -> IngestSummary:
        failures = 0
        reconstructed = self._reconstructed()
        if reconstructed:
            self._began = True  # so the store may be away just now
            self.telemetry.restarted("driver")
        while True:
            started = time.monotonic()
            if failures:  # somebody may have taken it away
                prepare_data_dir(self.settings.data_dir)
            self.session = session = self._session(again=failures > 0 or reconstructed)
            if self.draining:
                session.drain()
            try:
                summary = await session.run()
                self._phase = "stopped"
                self.status()  # the last figures are those of the end
                return summary
            except Exception as error:
                if session.following is not None and session.following.is_on:
                    self._passed, self._followed = True, session.following
                if time.monotonic() - started > _GOOD_SECONDS:
                    failures = 0
                failures += 1
                self._give_up_or_go_on(error, failures)
                pause = (
                    _FORBIDDEN_PAUSE if isinstance(error, StoreForbids) else _PAUSES[min(failures, len(_PAUSES)) - 1]
                )
            await self._rest(pause if self.order.follow else 0.0)

    def _session(self, *, again: bool) -> Session:
        order = self.order
        plan, self._plan = self._plan, None
        return Session(
            self.settings, self._roots, self._crew(), follow=order.follow, initial=order.initial or again,
            full=order.full and not self._passed, dry_run=order.dry_run, retry=order.retry and not self._passed, again=again, told=self._heard, telemetry=self.telemetry, plan=plan, compare=order.compare, whole=order.whole,
        )  # fmt: skip

    def _heard(self, phase: str, done: int, total: int) -> None:
        self.progress = (phase, done, total)

    def _give_up_or_go_on(self, error: Exception, failures: int) -> None:
        """Returns if another session may do better. Raises what ends the job."""
        if not isinstance(error, GraphLost | RayLineageError):
            if not self.order.follow or failures >= TRIES:
                raise error
            logger.error("a session ended by a fault of ray_lineage; a new one begins", exc_info=error)
            text = f"a fault of ray_lineage: {type(error).__name__}: {error}"
            error = RayLineageError("RL299", text, help="please report it; the log says where")
        lost = isinstance(error, GraphLost)
        if self.draining:
            raise Interrupted(15) from None
        if lost:
            self.telemetry.restarted("writer")
        if not self.order.follow and lost and failures < TRIES:
            return
        if lost:
            text = f"the writer was lost ({failures} in a row); the last time: {error}"
            error = RayLineageError("RL237", text, help="see the worker logs of Ray")
        assert isinstance(error, RayLineageError)
        self._began = self._began or (self.session is not None and self.session.graph.uri != "")
        if self.order.follow and (lost or (isinstance(error, StoreUnavailable) and self._began)):
            self.telemetry.error(error.code, error.message, error.where or "")
            if isinstance(error, StoreUnavailable):
                self.telemetry.store_lost(self.session, error)
            return
        if (
            isinstance(error, StoreRefused | UsageError | StoreUnavailable)
            or not self.order.follow
            or failures >= TRIES
        ):
            raise error
        self.telemetry.error(error.code, error.message, error.where or "")

    async def _rest(self, seconds: float) -> None:
        if seconds and not self.draining:
            self._phase, self._resting = "starting", True
            await happens(self._pause, seconds)
            self._resting = False

    # ------------------------------------------------------------------ from outside

    def status(self) -> Status:
        """This moment."""
        return self.telemetry.status(self.session, self.phase)

    @property
    def at_work(self) -> str:
        """The file that is being worked on for the longest time; empty if there is none. Cheap, where :meth:`status` adds up
        all figures."""
        return self.session.pool.at_work if self.session is not None else ""

    @property
    def phase(self) -> Phase:
        """Where the job is."""
        if self.draining and self._phase != "stopped":
            return "draining"
        session = self.session
        if session is None or self._resting or self._phase == "stopped":
            return self._phase
        if session.following is not None and session.following.is_on:
            return "following"
        return "ingesting" if session.graph.uri else "starting"

    def flush(self) -> None:
        """Look at every change now."""
        if self.session is not None and self.session.following is not None:
            self.session.following.flush()

    def drain(self) -> None:
        """Stop as soon as what is in flight is done. To be called in the job's event loop."""
        self.draining = True
        self._pause.set()
        if self.session is not None:
            self.session.drain()
        if self._patience is None:
            self._patience = asyncio.create_task(self._give_up_in_time(), name="patience")

    async def _give_up_in_time(self) -> None:
        """What is in flight may take its time; a store that does not answer is given up."""
        began = time.monotonic()
        while True:
            if time.monotonic() - began > GIVE_UP_SECONDS and self.session is not None and self.session.graph.waited():
                self.session.graph.give_up()
                return
            await asyncio.sleep(_POLL_SECONDS)
