"""Who does the work of a session: workers that parse, and the graph that links and writes.

Two crews implement this: :mod:`.local` (child processes) and :mod:`.remote` (Ray actors). What a session decides
is the same for both.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from ray_lineage.runtime.linking import LinkPlan, LinkReport
from ray_lineage.runtime.load import Begun, Committed, Prepare, Settled
from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.runtime.remembered import Known
from ray_lineage.runtime.summary import IngestSummary


class WorkerLost(Exception):
    """A batch did not come back. ``died``: the worker's process is gone (or was ended), so that one of the batch's files
    may be to blame. ``reason`` is one line."""

    def __init__(self, reason: str, *, died: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.died = died


class Death(NamedTuple):
    """What a worker died on: the path of a file, empty if it was at none. ``overtime``: because that took its limit, so that
    another try would end the same."""

    path: str
    overtime: bool = False


class PayloadLost(Exception):
    """Facts were lost on their way to the graph (with their node): nobody is to blame."""


class GraphLost(Exception):
    """The graph's owner died or its link broke: what was put since the last commit is lost. A new session repairs all."""


class Calls:
    """Calls of a graph that are under way, and for how long."""

    def __init__(self) -> None:
        self._began: dict[object, float] = {}

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """While it is under way."""
        key = object()
        self._began[key] = time.monotonic()
        try:
            yield
        finally:
            del self._began[key]

    def waited(self) -> float:
        """Seconds since the oldest of them began; 0 if there is none."""
        return time.monotonic() - next(iter(self._began.values())) if self._began else 0.0


class Turnstile:
    """Facts go through to the graph, but not while somebody is alone with it: what a commit links must not change."""

    def __init__(self) -> None:
        self._free = asyncio.Event()
        self._free.set()
        self._alone = asyncio.Lock()

    async def through(self) -> None:
        """Wait until nobody is alone."""
        while not self._free.is_set():
            await self._free.wait()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody goes through meanwhile."""
        async with self._alone:
            self._free.clear()
            try:
                yield
            finally:
                self._free.set()


class Report(msgspec.Struct, frozen=True, array_like=True):
    """What a worker answers for a batch, or for the first of its files, if it was hurried. ``memory`` is the share of its
    machine's memory in use (0..1). ``worker``: who keeps the facts for linking, empty for nobody."""

    metas: list[Meta]
    node: str
    memory: float
    rss: int
    worker: str = ""


Payload = Any
"""Encoded facts, one an entry of ``metas``: a list of bytes, or a reference to one that only the graph resolves."""


class Worker(Protocol):
    """Parses one batch at a time."""

    name: str

    async def ready(self) -> None:
        """Return when it can work. Raises RayLineageError if it does not come up in time."""
        ...

    async def parse(self, tasks: Sequence[Task], seconds: float) -> tuple[Report, Payload]:
        """Work on a batch; after ``seconds`` of doing nothing it is ended. Raises WorkerLost."""
        ...

    async def link(
        self, plan: LinkPlan, catalog: Payload, facts: Payload, seconds: float
    ) -> tuple[LinkReport, Payload]:
        """Link the files of a (partial) plan with a settled catalog; no ``facts``: with those that it made. Raises
        WorkerLost."""
        ...

    def hurry(self) -> None:
        """Something urgent waits: come back after the file at hand, if that can be told. The report lacks what was left."""
        ...

    async def alive(self) -> bool:
        """Is it the process that came up? To be asked while it is idle; if not, ``ready`` makes it so again."""
        ...

    async def post_mortem(self, seconds: float) -> Death | None:
        """After a death: what it died on, None if nobody could say within so many seconds."""
        ...

    def dismiss(self) -> None:
        """End it."""
        ...


class Graph(Protocol):
    """Linker and store. Calls are carried out in their order."""

    uri: str
    rebuilt: str
    rows: int
    """Of a first load that is under way: so many are stored."""

    async def begin(self, *, again: bool, anew: bool, reads: bool) -> Begun:
        """Open the store: what it holds per file, and, but for ``anew``, what is remembered. ``again``: a predecessor may still be dying with the store's lock.
        ``reads``: nothing will be written, and who writes it goes on.
        Raises StoreUnavailable, StoreRefused, GraphLost."""
        ...

    async def put(self, metas: Sequence[Meta], payload: Payload, *, more: bool = False) -> None:
        """Facts of one batch. ``more`` will follow at once, so that this one may wait for others. Raises PayloadLost or
        GraphLost."""
        ...

    async def prepare(self, order: Prepare) -> LinkPlan:
        """Begin a commit: what is to be linked for it, with which catalog. Nothing may be put from here to its end."""
        ...

    async def catalog(self) -> Payload:
        """The settled catalog of the plan, for workers."""
        ...

    async def facts(self, paths: Sequence[str]) -> Payload:
        """Facts of files, for a worker that has not got them."""
        ...

    async def linked(self, share: Payload) -> None:
        """What a worker linked for the commit. Raises PayloadLost or GraphLost."""
        ...

    async def commit(self) -> Committed:
        """Link what no worker did, and write what differs. Raises what a store raises, or GraphLost."""
        ...

    async def finish(
        self, order: Finish, summary: IngestSummary, progress: Callable[[str, int], None]
    ) -> IngestSummary:
        """:meth:`commit`, and settle; the filled summary. ``progress(phase, done)``."""
        ...

    async def look(self) -> None:
        """Is the store still there, and what was written to it? Raises StoreUnavailable, or GraphLost."""
        ...

    async def settle(self, digest: str) -> Settled:
        """Record the settled state."""
        ...

    async def remember(self, known: dict[str, Known]) -> None:
        """Leave what the next run needs to go on from the settled state, if this is one."""
        ...

    async def close(self) -> None:
        """Release the store."""
        ...

    def waited(self) -> float:
        """For how many seconds a call has been under way; 0 if none is."""
        ...

    def give_up(self) -> None:
        """End it at once; a transaction under way is undone as a whole. Calls that wait raise GraphLost."""
        ...


class Finish(msgspec.Struct, frozen=True):
    """Terms of :meth:`Graph.finish`, see ``Loader.finish``."""

    digest: str
    settle: bool
    kept: frozenset[str]
    total: int


class Crew(Protocol):
    """Makes workers and the graph."""

    kind: str
    """``local`` or ``ray``."""
    most: int
    """There will never be more workers."""
    note: str
    """What a user should know about their number (empty: nothing)."""
    object_store_bytes: int
    """Of the whole cluster; 0: there is none."""

    def cap(self) -> int:
        """So many workers have a CPU now; at least 1."""
        ...

    def worker(self, number: int) -> Worker:
        """A new worker; it may not be up yet."""
        ...

    def graph(self, project: str) -> Graph:
        """The graph's owner."""
        ...

    def want(self, workers: int) -> None:
        """Tell the cluster's autoscaler how many workers are wanted (0: none)."""
        ...

    def memory(self) -> tuple[str, float]:
        """Name of this machine, and the share (0..1) of its memory in use."""
        ...

    def store_free(self) -> float | None:
        """Free share (0..1) of the object store, None if there is none."""
        ...

    def close(self) -> None:
        """End what is left."""
        ...


def this_machine() -> tuple[str, float]:
    """Name and share of memory in use."""
    import psutil

    return socket.gethostname(), psutil.virtual_memory().percent / 100


async def happens(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, so long at most. (``asyncio.wait_for`` can swallow a cancellation before Python 3.12.)"""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
