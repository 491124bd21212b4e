"""A crew of one: everything in this process. For small repositories, and where Ray is not wanted."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ray_lineage.errors import Interrupted
from ray_lineage.model import FileState
from ray_lineage.runtime.crew import Calls, Finish, GraphLost, Report, this_machine
from ray_lineage.runtime.load import Committed, Loader, Settled, open_cache
from ray_lineage.runtime.parse import Meta, Task, parse_batch
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.settings import Settings

_T = TypeVar("_T")


class LocalWorker:
    """See :class:`ray_lineage.runtime.crew.Worker`. It cannot die alone: what kills it kills this process."""

    name = "parse-0"

    def __init__(self, settings: Settings, turn: asyncio.Lock) -> None:
        self._settings = settings
        self._turn = turn
        self._cache = open_cache(settings)

    async def ready(self) -> None:
        """At once."""

    async def parse(self, tasks: Sequence[Task], seconds: float) -> tuple[Report, list[bytes]]:
        """Parse here and now; the limits per file apply."""
        async with self._turn:
            metas, payload = parse_batch(tasks, self._cache, self._settings.max_file_size)
        await asyncio.sleep(0)
        return Report(metas, "", 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024), payload

    def hurry(self) -> None:
        """Nobody can say so while it parses."""

    async def culprit(self, seconds: float) -> str:
        """Nobody."""
        return ""

    def dismiss(self) -> None:
        """Close the cache."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None


class LocalGraph:
    """See :class:`ray_lineage.runtime.crew.Graph`. Linker and store live on one thread of their own: the event loop goes on
    listening meanwhile, and a store may run a loop of its own."""

    def __init__(self, settings: Settings, project: str, stopping: Callable[[], int], turn: asyncio.Lock) -> None:
        self._settings = settings
        self._project = project
        self._stopping = stopping
        self._turn = turn
        self._thread = ThreadPoolExecutor(1, "graph")
        self._loader: Loader | None = None
        self._calls = Calls()
        self._under_way: asyncio.Future[Any] | None = None
        self._given_up = False
        self.uri = ""
        self.rebuilt = ""

    @property
    def _open(self) -> Loader:
        assert self._loader is not None
        return self._loader

    async def _there(self, work: Callable[[], _T]) -> _T:
        async with self._turn:
            if self._given_up:
                raise GraphLost("it was given up")
            self._under_way = running = asyncio.get_running_loop().run_in_executor(self._thread, work)
            try:
                with self._calls.one():
                    return await running
            except asyncio.CancelledError:
                if self._given_up:
                    raise GraphLost("it was given up") from None
                raise

    async def begin(self, *, again: bool) -> dict[str, FileState]:
        """Open the store."""

        def work() -> dict[str, FileState]:
            self._loader = Loader(self._settings, self._project)
            states = self._loader.begin()
            self.uri, self.rebuilt = self._loader.uri, self._loader.rebuilt
            return states

        return await self._there(work)

    async def check_removal(self, gone: list[str], present: int) -> None:
        """See the protocol."""
        await self._there(lambda: self._open.check_removal(gone, present))

    async def put(self, metas: Sequence[Meta], payload: list[bytes], *, more: bool = False) -> None:
        """See the protocol."""

        def work() -> None:
            for meta, facts in zip(metas, payload, strict=True):
                if meta.outcome == "facts":
                    self._open.put(meta.path, meta.sha256, facts)

        await self._there(work)

    async def finish(
        self, order: Finish, summary: IngestSummary, progress: Callable[[str, int], None]
    ) -> IngestSummary:
        """See the protocol. ``progress`` is told from the graph's thread."""
        stored = 0

        def tell(phase: str, done: int) -> None:
            progress(phase, done)
            signum = self._stopping()
            if signum:
                raise Interrupted(signum)

        def on_stored(files: int) -> None:
            nonlocal stored
            stored += files
            tell("load", stored)

        await self._there(
            lambda: self._open.finish(
                order.digest, order.gone, full=order.full, settle=order.settle, summary=summary, dry_run=order.dry_run,
                kept=order.kept, on_linked=lambda n: tell("link", n), on_stored=on_stored,
            )
        )  # fmt: skip
        return summary

    async def commit(self, gone: list[str]) -> Committed:
        """See the protocol."""
        return await self._there(lambda: self._open.commit(gone))

    async def settle(self, digest: str) -> Settled:
        """See the protocol."""
        return await self._there(lambda: self._open.settle(digest))

    async def close(self) -> None:
        """See the protocol."""
        if self._loader is not None and not self._given_up:
            await self._there(self._loader.close)
        self._thread.shutdown(wait=False)

    def waited(self) -> float:
        """See the protocol."""
        return self._calls.waited()

    def give_up(self) -> None:
        """Nobody waits for what is under way any more. It cannot be cut short: the process has to end without it."""
        self._given_up = True
        if self._under_way is not None:
            self._under_way.cancel()


class LocalCrew:
    """See :class:`ray_lineage.runtime.crew.Crew`."""

    kind = "inline"
    most = 1
    note = ""
    object_store_bytes = 0

    def __init__(self, settings: Settings, stopping: Callable[[], int] = lambda: 0) -> None:
        """``stopping``: the signal that asks for an end, 0 if none did."""
        self._settings = settings
        self._stopping = stopping
        self._turn = asyncio.Lock()
        """Parsing and the graph take turns: the parser's compiled modules do not bear being loaded beside other imports."""

    def cap(self) -> int:
        """This process."""
        return 1

    def worker(self, number: int) -> LocalWorker:
        """The only one."""
        return LocalWorker(self._settings, self._turn)

    def graph(self, project: str) -> LocalGraph:
        """In this process."""
        return LocalGraph(self._settings, project, self._stopping, self._turn)

    def want(self, workers: int) -> None:
        """There is no cluster."""

    def memory(self) -> tuple[str, float]:
        """See the protocol."""
        return this_machine()

    def store_free(self) -> float | None:
        """There is no object store."""
        return None

    def close(self) -> None:
        """Nothing is left."""
