"""What a job tells of itself: figures, rates, the last files and errors; and all of it as a ``Status``.

It outlives a session, so that counters do not begin anew when a store was away.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from ray_lineage.errors import StoreUnavailable
from ray_lineage.model import Diagnostic, Priority
from ray_lineage.runtime.crew import Crew, Graph
from ray_lineage.runtime.lag import Lag
from ray_lineage.runtime.load import Committed
from ray_lineage.runtime.metrics import Registry
from ray_lineage.runtime.parse import Meta
from ray_lineage.runtime.pool import Pool
from ray_lineage.runtime.scheduler import Batch
from ray_lineage.runtime.status import MAX_ERRORS, MAX_FILES, ErrorEvent, FileEvent, Lane, Phase, Rate, Status
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.sources.scan import Tree

_AWAY: Final = "RL219"
SLOW_SECONDS: Final = 5.0
"""A call of the graph that takes longer is told while it lasts."""


class Tells(Protocol):
    """Following, as it is seen from here."""

    @property
    def is_on(self) -> bool:
        """Is the first pass over?"""
        ...

    def tell(self, out: Status) -> None:
        """Fill in what is known there."""
        ...


class Shown(Protocol):
    """A session, as it is seen from here."""

    project: str
    tree: Tree
    pool: Pool
    graph: Graph
    crew: Crew

    @property
    def following(self) -> Tells | None:
        """None in a single pass."""
        ...

    @property
    def present(self) -> int:
        """Files that are on disk, as far as is known."""
        ...


class Telemetry:
    """See the module."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.registry = Registry()
        self.lag = Lag()
        self.started_at = time.time()
        self.files = Rate(clock())
        self.rows = Rate(clock())
        self.last_files: deque[FileEvent] = deque(maxlen=MAX_FILES)
        self.errors: deque[ErrorEvent] = deque(maxlen=MAX_ERRORS)
        self.notes: dict[str, str] = {}  # by what it is about
        self.dead_letters = 0
        self.quarantined: set[str] = set()
        self._clock = clock
        self._of_pool: tuple[Pool | None, dict[str, float]] = (None, {})
        self._rows_told = 0  # of the first pass
        self._lost: Shown | None = None  # a session under which the store went away
        self._store = ""  # which one that was
        self._waits = ""  # why, until it is there again
        self._settled_at = 0.0  # by a pass that nothing follows

    # ------------------------------------------------------------------ what happens

    def started(self, batch: Batch, waits: Sequence[float]) -> None:
        """A batch goes to a parse actor; for how many seconds each of its files waited."""
        priority = Priority(batch.priority).name.lower()
        self.registry.observe("ray_lineage_wait_seconds", *waits, priority=priority)

    def batch(self, batch: Batch, metas: Sequence[Meta]) -> None:
        """A batch was parsed and handed to the graph."""
        registry, priority = self.registry, Priority(batch.priority).name.lower()
        self.quarantined.difference_update([m.path for m in metas])
        facts = [m for m in metas if m.outcome == "facts"]
        hits = sum(m.hit for m in facts)
        others = Counter(m.outcome for m in metas if m.outcome != "facts")
        for status, count in (("cached", hits), ("compiled", len(facts) - hits), *others.items()):
            if count:
                registry.add("ray_lineage_files_total", count, status=status, priority=priority)
        for result, count in (("hit", hits), ("miss", len(facts) - hits)):
            if count:
                registry.add("ray_lineage_cache_lookups_total", count, result=result)
        registry.observe("ray_lineage_parse_seconds", *(m.seconds for m in facts))
        self.files.add(len(metas), self._clock())

    def rows_stored(self, rows: int) -> None:
        """A pass has so many rows in the graph by now."""
        if rows > self._rows_told:
            self.rows_written(rows - self._rows_told)
            self._rows_told = rows

    def passed(self, summary: IngestSummary) -> None:
        """A pass is over: what its one commit did."""
        self.rows_stored(summary.rows_written)
        registry = self.registry
        registry.observe("ray_lineage_link_seconds", summary.link_seconds)
        registry.observe("ray_lineage_write_seconds", summary.write_seconds)
        registry.add("ray_lineage_transactions_total", summary.transactions)
        registry.add("ray_lineage_store_retries_total", summary.store_retries)
        self.dead_letters = summary.dead_letters
        self._settled_at = time.time() if summary.settled else 0.0

    def rows_written(self, rows: int) -> None:
        """So many came into the graph."""
        self.registry.add("ray_lineage_rows_written_total", rows)
        self.rows.add(rows, self._clock())

    def committed(self, done: Committed, saved: dict[str, float | None], gone: Sequence[str]) -> None:
        """A commit; ``saved`` are its files with the Unix time at which each was saved, if that is known. Of those that were
        only read again, and were as before, nothing is told."""
        registry, now = self.registry, time.time()
        registry.observe("ray_lineage_link_seconds", done.link_seconds)
        registry.observe("ray_lineage_write_seconds", done.write_seconds)
        self.rows_written(done.rows)
        registry.add("ray_lineage_transactions_total", done.transactions)
        registry.add("ray_lineage_store_retries_total", done.retries)
        refused, written = {r.path for r in done.rejected}, set(done.written)
        for path, at in saved.items():
            latency = None if at is None else max(0.0, now - at)
            if latency is not None:
                registry.observe("ray_lineage_save_to_commit_seconds", latency)
            if path not in refused and (path in written or latency is not None):
                self.file(path, "committed", latency)
        for path in gone:
            self.file(path, "removed", None)
        for rejected in done.rejected:
            self.file(rejected.path, "dead letter", None)
            self.error(rejected.code, rejected.reason, rejected.path)
        self.dead_letters = done.dead_letters

    def set_aside(self, path: str) -> None:
        """A file killed its worker once too often; so it stays until it changes."""
        self.quarantined.add(path)
        self.file(path, "quarantined", None)

    def restarted(self, actor: str) -> None:
        """An actor was started again: ``parse``, ``writer``, ``driver``."""
        self.registry.add("ray_lineage_actor_restarts_total", actor=actor)

    def store_lost(self, session: Shown | None, error: StoreUnavailable) -> None:
        """The store went away under this session; another one tries again."""
        self._lost = session
        self._store = (session.graph.uri if session is not None else "") or self._store
        self._waits = f"{self._store} has not answered" if error.code == _AWAY else error.message
        self.registry.add("ray_lineage_store_retries_total")

    def file(self, path: str, what: str, latency: float | None) -> None:
        """Something happened to a file."""
        self.last_files.append(FileEvent(path, what, latency, time.time()))

    def finding(self, path: str, diagnostic: Diagnostic) -> None:
        """A file's diagnostic, where it is an error."""
        if diagnostic.severity == "error":
            where = f"{path}:{diagnostic.line}" if diagnostic.line else path
            self.error(diagnostic.code, diagnostic.message, where, counted=False)

    def error(self, code: str, message: str, where: str = "", *, counted: bool = True) -> None:
        """An error; ``counted`` are the job's own."""
        if counted:
            self.registry.add("ray_lineage_errors_total", code=code)
        self.errors.append(ErrorEvent(code, message, where, time.time()))

    def note(self, text: str, about: str = "") -> None:
        """Something that a user should know; said once, until something else is said ``about`` the same."""
        if text and self.notes.get(about or text) != text:
            self.notes.pop(about or text, None)
            self.notes[about or text] = text
            while len(self.notes) > MAX_ERRORS:
                del self.notes[next(iter(self.notes))]

    def mended(self, about: str) -> None:
        """What was noted about this is over."""
        self.notes.pop(about, None)

    # ------------------------------------------------------------------ what is

    def status(self, session: Shown | None, phase: Phase) -> Status:
        """This moment."""
        now = self._clock()
        out = Status(
            pid=os.getpid(), project=session.project if session is not None else "", started_at=self.started_at, phase=phase,
            files_per_second=self.files.per_second(now), rows_per_second=self.rows.per_second(now),
            last_files=list(self.last_files), errors=list(self.errors), dead_letters=self.dead_letters,
            quarantined=len(self.quarantined), watcher_notes=list(self.notes.values()),
        )  # fmt: skip
        if session is not None:
            out.roots, out.store, out.executor = session.tree.roots, session.graph.uri, session.crew.kind
            out.files, out.settled_at = session.present, self._settled_at
            self._pool(out, session.pool, now)
            self.rows_stored(session.graph.rows)
            if session.following is not None:
                session.following.tell(out)
                if session.following.is_on and session.graph.waited() > SLOW_SECONDS:
                    out.admission = f"{out.store} has not answered for over {SLOW_SECONDS:.0f} s"
        self._gauges(out)
        up = session is not self._lost and _answers(session)
        self._waits = "" if up else self._waits
        out.admission = self._waits or out.admission
        if phase != "starting" or session is not None:
            self.registry.set("ray_lineage_store_up", float(up))
        out.metrics = self.registry.snapshot()
        return out

    def _pool(self, out: Status, pool: Pool, now: float) -> None:
        waiting = pool.scheduler.by_priority()
        out.waiting = {Priority(p).name.lower(): n for p, n in sorted(waiting.items())}
        out.in_flight = pool.scheduler.in_flight
        out.admission = pool.admission.reason
        for lane in pool.lanes:
            file = lane.batch.tasks[0].file.path if lane.batch is not None else ""
            out.lanes.append(Lane(lane.name, lane.state, file, now - lane.since))
        registry = self.registry
        up = sum(lane.state in ("idle", "busy") for lane in pool.lanes)
        for state, count in (
            ("target", pool.target), ("up", up), ("busy", sum(lane.state == "busy" for lane in pool.lanes)),
        ):  # fmt: skip
            registry.set("ray_lineage_lanes", count, state=state)
        for _ in range(int(self._more(pool, "restarts", pool.restarts))):
            self.restarted("parse")
        for reason, seconds in pool.admission.closed_seconds(now).items():
            closed = self._more(pool, reason, seconds)
            registry.add("ray_lineage_admission_closed_seconds_total", closed, reason=reason)
        ledger = pool.admission.ledger
        registry.set("ray_lineage_in_flight_bytes", ledger.in_flight)
        registry.set("ray_lineage_in_flight_budget_bytes", ledger.budget)
        for node, share in pool.admission.gate.shares(now).items():
            registry.set("ray_lineage_node_memory_share", share, node=node)

    def _more(self, pool: Pool, what: str, total: float) -> float:
        """By how much a total of the pool rose since the last time; each session has a new pool, which begins at 0."""
        if self._of_pool[0] is not pool:
            self._of_pool = (pool, {})
        before = self._of_pool[1].get(what, 0.0)
        self._of_pool[1][what] = total
        return max(0.0, total - before)

    def _gauges(self, out: Status) -> None:
        registry = self.registry
        registry.set("ray_lineage_heartbeat_timestamp_seconds", time.time())
        for priority, count in out.waiting.items():
            registry.set("ray_lineage_queue_files", count, priority=priority)
        registry.set("ray_lineage_in_flight_files", out.in_flight)
        registry.set("ray_lineage_lag_seconds", out.lag_seconds)
        registry.set("ray_lineage_dead_letters", out.dead_letters)
        registry.set("ray_lineage_quarantined_files", out.quarantined)
        registry.set("ray_lineage_last_settled_timestamp_seconds", out.settled_at)


def _answers(session: Shown | None) -> bool:
    """Has the store been opened, and does it answer?"""
    return session is not None and session.graph.uri != "" and session.graph.waited() <= SLOW_SECONDS
