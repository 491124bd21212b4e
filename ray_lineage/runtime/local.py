"""The local crew: child processes that parse, and the graph in this process. With no workers, everything here.

Children can be killed and limited, so that nothing that hangs in native code holds up a run; they come from a :mod:`.nursery`,
within milliseconds each. A worker's death is seen by the end of its stream, its culprit by its breadcrumb.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import msgspec

from ray_lineage.cache import ParseCache, left_idle
from ray_lineage.errors import Interrupted, RayLineageError
from ray_lineage.link.shared import SharedCatalog
from ray_lineage.model import SourceFile
from ray_lineage.patience import Patience, seen
from ray_lineage.runtime import sentry
from ray_lineage.runtime.bench import Breadcrumb, Terms
from ray_lineage.runtime.cradle import Cradle
from ray_lineage.runtime.crew import Calls, Death, Finish, GraphLost, Report, Worker, WorkerLost, this_machine
from ray_lineage.runtime.linking import LinkPlan, LinkReport, encode_share, link_share
from ray_lineage.runtime.load import Begun, Committed, FactsLost, Loader, Prepare, Settled, open_cache
from ray_lineage.runtime.nodecache import cache_path_for
from ray_lineage.runtime.nursery import (
    HEAD_BYTES,
    SAID,
    Birth,
    KnowOrder,
    Linked,
    LinkOrder,
    Parsed,
    encode,
    length_of,
    parse_order,
)
from ray_lineage.runtime.parse import Meta, Task, parse_batch
from ray_lineage.runtime.remembered import Known
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.settings import Settings

_T = TypeVar("_T")
_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 1.0
_NURSERY_STARTS: Final = 4
MakeLoader = Callable[[Settings, str, bool], Loader]
"""Of settings, a project, and whether the store is only read."""
_LOG_BYTES: Final = 2_000  # of the workers' last words that are looked at


class Nursery:
    """The process that forks workers, seen from the command. Its log holds what workers say on stderr."""

    def __init__(self, cradle: Cradle) -> None:
        """It has begun already."""
        self._cradle = cradle
        self._starts = 1
        self._said = 0  # bytes of the log that were passed on
        self._told: set[str] = set()
        self._asking = asyncio.Lock()

    async def birth(self, birth: Birth) -> Child:
        """A new worker. Raises RayLineageError (RL232) if there is none to be had."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                pid = await self._forked(birth, theirs.fileno())
        except BaseException:
            ours.close()
            raise
        reader, writer = await asyncio.open_connection(sock=ours)
        return Child(pid, reader, writer)

    async def _forked(self, birth: Birth, descriptor: int) -> int:
        async with self._asking:
            while True:
                with contextlib.suppress(OSError, TimeoutError):
                    async with asyncio.timeout(_START_SECONDS):
                        socket.send_fds(self._cradle.socket, [msgspec.msgpack.encode(birth)], [descriptor])
                        answer = await asyncio.get_running_loop().sock_recv(self._cradle.socket, 4)
                        if answer:
                            return int.from_bytes(answer, "little")
                if self._starts >= _NURSERY_STARTS:
                    break
                self._starts += 1
                self._cradle.end()  # something killed it: one more
                self._cradle.begin()
        raise RayLineageError(
            "RL232",
            f"a parse worker did not start{self.last_words()}",
            help="run with --workers 0, and please report it",
        )

    def pass_on(self) -> None:
        """What workers log is logged here, each line once, however many say it."""
        with contextlib.suppress(OSError):
            if os.stat(self._cradle.log).st_size == self._said:
                return
            with open(self._cradle.log, encoding="utf-8", errors="replace") as log:
                log.seek(self._said)
                lines = log.read().splitlines()
                self._said = log.tell()
            for line in lines:
                name, colon, text = line.removeprefix(SAID).partition(": ")
                if line.startswith(SAID) and colon and line not in self._told:
                    self._told.add(line)
                    logging.getLogger(name).warning("%s", text)

    def last_words(self) -> str:
        """The last line that a worker left on stderr, empty if there is none."""
        with contextlib.suppress(OSError), open(self._cradle.log, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - _LOG_BYTES))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
            return f": {lines[-1].strip()}" if lines else ""
        return ""

    def close(self) -> None:
        """End it, and all that it made."""
        self.pass_on()
        self._cradle.close()


class Child:
    """A worker's process and the stream to it."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._pid = pid
        self._reader = reader
        self._writer = writer
        self._busy = False
        self.catalog = 0
        """Number of the settled catalog that it knows, 0 for none."""

    def tell(self, order: object) -> None:
        """Send an order that has no answer."""
        self._writer.write(encode(order))

    async def ask(self, order: object) -> bytes:
        """Send an order; its answer. Raises what a stream raises when the process is gone."""
        self._busy = True
        self.tell(order)
        await self._writer.drain()
        answer = await self._reader.readexactly(length_of(await self._reader.readexactly(HEAD_BYTES)))
        self._busy = False
        return answer

    @property
    def is_gone(self) -> bool:
        """Has its stream ended, and so its process?"""
        return self._reader.at_eof()

    async def hangs(self, seconds: float) -> None:
        """Returns when it has done nothing for so long."""
        patience = Patience(seconds, _LOOK_SECONDS, time.monotonic())
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if patience.is_over(seen(self._pid), time.monotonic()):
                return

    def end(self, cache: str) -> None:
        """Kill it, which has that ``cache`` open. As long as its stream is open its process id is its own."""
        if not self.is_gone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            if not self._busy:
                left_idle(cache, self._pid)
        self._writer.close()


class LocalWorker:
    """See :class:`ray_lineage.runtime.crew.Worker`: one child process at a time."""

    def __init__(self, nursery: Nursery, terms: Terms, folder: str, name: str) -> None:
        self.name = name
        self._nursery = nursery
        self._birth = Birth(terms, os.path.join(folder, name))
        self._crumb = Breadcrumb(self._birth.crumb)
        self._child: Child | None = None
        self._hung = False

    async def ready(self) -> None:
        """See the protocol."""
        if self._child is None:
            self._child = await self._nursery.birth(self._birth)

    async def alive(self) -> bool:
        """See the protocol."""
        if self._child is not None and self._child.is_gone:
            self.dismiss()
        return self._child is not None

    async def parse(self, tasks: Sequence[Task], seconds: float) -> tuple[Report, list[bytes]]:
        """See the protocol."""
        answer = msgspec.msgpack.decode(await self._ask(parse_order(tasks), seconds), type=Parsed)
        self._nursery.pass_on()
        return msgspec.structs.replace(answer.report, worker=self.name), answer.payload

    async def link(
        self, plan: LinkPlan, catalog: bytes, facts: Sequence[bytes], seconds: float
    ) -> tuple[LinkReport, bytes]:
        """See the protocol."""
        assert self._child is not None
        if self._child.catalog != plan.catalog:
            self._child.tell(KnowOrder(plan.catalog, catalog))
            self._child.catalog = plan.catalog
        answer = msgspec.msgpack.decode(await self._ask(LinkOrder(plan, list(facts)), seconds), type=Linked)
        return answer.report, answer.share

    async def _ask(self, order: object, seconds: float) -> bytes:
        assert self._child is not None
        answered = self._hung = False
        hanging = asyncio.create_task(self._child.hangs(seconds))
        asking = asyncio.create_task(self._child.ask(order))
        try:
            await asyncio.wait([hanging, asking], return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                self._hung = True
                raise WorkerLost(f"it did nothing for {seconds:.0f} s and was ended", died=True)
            answer = asking.result()
            answered = True
            return answer
        except (OSError, EOFError) as error:
            raise WorkerLost(f"its process ended{self._nursery.last_words()}", died=True) from error
        finally:
            hanging.cancel()
            asking.cancel()
            if not answered:  # a stream that was left half-way is of no use
                self.dismiss()

    def hurry(self) -> None:
        """See the protocol."""
        self._crumb.hurried = True

    async def post_mortem(self, seconds: float) -> Death:
        """Its breadcrumb outlives it."""
        path, overtime = self._crumb.death()
        return Death(path, overtime or self._hung)

    def dismiss(self) -> None:
        """See the protocol."""
        if self._child is not None:
            self._child.end(self._birth.terms.cache_path)
            self._child = None


class InlineWorker:
    """A worker in this process, for debugging. It cannot die alone: what kills it kills this process. If that was begun again
    (see :mod:`.sentry`), a file that it died on before kills it no more, and still is what it dies on."""

    name = "parse-0"

    def __init__(self, settings: Settings, turn: asyncio.Lock) -> None:
        self._settings = settings
        self._turn = turn
        self._cache = open_cache(settings) or _spare_cache(settings)
        self._catalog: tuple[int, SharedCatalog] | None = None
        self._death = Death("")

    async def ready(self) -> None:
        """At once."""

    async def alive(self) -> bool:
        """Always."""
        return True

    async def parse(self, tasks: Sequence[Task], seconds: float) -> tuple[Report, list[bytes]]:
        """Parse here and now; the soft limits per file apply."""
        files = {t.file.path: t.file for t in tasks}
        self._spare((path, _version(file)) for path, file in files.items())

        def on_file(path: str) -> None:
            sentry.at(path, files[path].size, _version(files[path])) if path else sentry.at("", 0)

        metas: list[Meta] = []
        payload: list[bytes] = []
        # after a harm each file is kept at once, not with its batch: there may be more of them
        batches = [[task] for task in tasks] if sentry.spare_cache() else [tasks]
        async with self._turn:
            for batch in batches:
                found, facts = parse_batch(batch, self._cache, on_file)
                metas += found
                payload += facts
        await asyncio.sleep(0)
        return Report(metas, "", 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024), payload

    async def link(
        self, plan: LinkPlan, catalog: bytes, facts: Sequence[bytes], seconds: float
    ) -> tuple[LinkReport, bytes]:
        """Link here and now; facts are always sent, since this worker keeps none."""
        self._spare((t.path, sentry.LINKING) for t in plan.tasks)
        async with self._turn:
            if self._catalog is None or self._catalog[0] != plan.catalog:
                self._catalog = (plan.catalog, SharedCatalog(catalog))
            sent = {t.path: f for t, f in zip(plan.tasks, facts, strict=True)}
            known = self._catalog[1]
            share, missing, faults = link_share(plan, plan.tasks, lambda t: sent[t.path], known, sentry.limit)
        await asyncio.sleep(0)
        return LinkReport(len(share.files), missing, faults, False, "", 0.0), encode_share(share)

    def _spare(self, files: Iterable[tuple[str, str]]) -> None:
        """Raises WorkerLost for a file that is not to be tried again, in that version of it."""
        for path, version in files:
            death = sentry.fatal(path, version)
            if death is not None:
                self._death = death
                raise WorkerLost("its process was ended at this file before, and begun again", died=True)

    def hurry(self) -> None:
        """Nobody can say so while it parses."""

    async def post_mortem(self, seconds: float) -> Death:
        """As it was found before."""
        return self._death

    def dismiss(self) -> None:
        """Close the cache."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None


def _spare_cache(settings: Settings) -> ParseCache | None:
    """Of a run without a cache that was begun again: who comes next need not do all of it once more."""
    folder = sentry.spare_cache()
    if not folder:
        return None
    path = os.path.join(folder, "parse_cache.lmdb")
    return ParseCache.open(path, max_bytes=settings.cache_max_bytes, max_entries=settings.cache_max_entries)


def _version(file: SourceFile) -> str:
    return f"{file.size}:{file.mtime_ns}"


class LocalGraph:
    """See :class:`ray_lineage.runtime.crew.Graph`. Linker and store live on one thread of their own: the event loop goes on
    listening meanwhile, and a store may run a loop of its own."""

    def __init__(
        self,
        settings: Settings,
        project: str,
        stopping: Callable[[], int],
        turn: asyncio.Lock | None,
        loader: MakeLoader,
    ) -> None:
        self._settings = settings
        self._project = project
        self._stopping = stopping
        self._turn = turn
        self._make = loader
        self._thread = ThreadPoolExecutor(1, "graph")
        self._loader: Loader | None = None
        self._calls = Calls()
        self._under_way: asyncio.Future[Any] | None = None
        self._given_up = False
        self._progress: Callable[[str, int], None] | None = None
        self._stored = 0
        self.uri = ""
        self.rebuilt = ""
        self.rows = 0

    @property
    def _open(self) -> Loader:
        assert self._loader is not None
        return self._loader

    async def _there(self, work: Callable[[], _T]) -> _T:
        async with self._turn or contextlib.nullcontext():
            if self._given_up:
                raise GraphLost("it was given up")
            self._under_way = running = asyncio.get_running_loop().run_in_executor(self._thread, work)
            try:
                with self._calls.one():
                    return await running
            except FactsLost as error:
                raise GraphLost(str(error)) from error
            except asyncio.CancelledError:
                if self._given_up:
                    raise GraphLost("it was given up") from None
                raise

    async def begin(self, *, again: bool, anew: bool, reads: bool) -> Begun:
        """Open the store."""

        def work() -> Begun:
            self._loader = self._make(self._settings, self._project, reads)
            begun = self._loader.begin(anew=anew)
            self.uri, self.rebuilt = self._loader.uri, self._loader.rebuilt
            return begun

        return await self._there(work)

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
        self._progress = progress
        try:
            await self._there(
                lambda: self._open.finish(order.digest, settle=order.settle, summary=summary, kept=order.kept)
            )
        finally:
            self._progress = None
        return summary

    async def prepare(self, order: Prepare) -> LinkPlan:
        """See the protocol."""
        self._stored = 0
        return await self._there(lambda: self._open.prepare(order, self._on_stored))

    def _on_stored(self, files: int) -> None:
        """From the graph's thread. Raises Interrupted between two transactions of a pass that is to stop."""
        self._stored += files
        self.rows = self._open.rows
        if self._progress is not None:
            self._progress("load", self._stored)
            if signum := self._stopping():
                raise Interrupted(signum)

    async def catalog(self) -> bytes:
        """See the protocol."""
        return await self._there(lambda: self._open.catalog())

    async def facts(self, paths: Sequence[str]) -> list[bytes]:
        """See the protocol."""
        return await self._there(lambda: self._open.facts(paths))

    async def linked(self, share: bytes) -> None:
        """See the protocol."""
        await self._there(lambda: self._open.linked(share))

    async def commit(self) -> Committed:
        """See the protocol."""
        return await self._there(lambda: self._open.commit())

    async def look(self) -> None:
        """See the protocol."""
        await self._there(lambda: self._open.look())

    async def settle(self, digest: str) -> Settled:
        """See the protocol."""
        return await self._there(lambda: self._open.settle(digest))

    async def remember(self, known: dict[str, Known]) -> None:
        """See the protocol."""
        await self._there(lambda: self._open.remember(known))

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

    kind = "local"
    note = ""
    object_store_bytes = 0

    def __init__(
        self,
        settings: Settings,
        stopping: Callable[[], int] = lambda: 0,
        loader: MakeLoader = Loader,
        cradle: Cradle | None = None,
    ) -> None:
        """Starts nothing but the nursery, unless that was begun already (``cradle``); to be made in the loop that will run it.
        ``stopping``: the signal that asks for an end, 0 if none did. ``loader``: what the graph is held by."""
        self._settings = settings
        self._loader = loader
        self._stopping = stopping
        self._workers = (settings.max_workers or settings.ingest_workers) if settings.ingest_workers else 0
        self._turn = asyncio.Lock()
        """In one process parsing and the graph take turns: the parser's compiled modules do not bear being loaded beside
        other imports."""
        self.most = max(1, self._workers)
        self._cradle = (cradle or Cradle()) if self._workers else None
        self._nursery = Nursery(self._cradle) if self._cradle is not None else None

    def cap(self) -> int:
        """As many as were asked for."""
        return self.most

    def worker(self, number: int) -> Worker:
        """A child process."""
        if self._nursery is None or self._cradle is None:
            return InlineWorker(self._settings, self._turn)
        terms = Terms.of(self._settings, cache_path_for(self._settings, on_head=True))
        return LocalWorker(self._nursery, terms, self._cradle.folder, f"parse-{number}")

    def graph(self, project: str) -> LocalGraph:
        """In this process."""
        turn = None if self._nursery else self._turn
        return LocalGraph(self._settings, project, self._stopping, turn, self._loader)

    def want(self, workers: int) -> None:
        """There is no cluster."""

    def memory(self) -> tuple[str, float]:
        """See the protocol."""
        return this_machine()

    def store_free(self) -> float | None:
        """There is no object store."""
        return None

    def close(self) -> None:
        """End what is left."""
        nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.close()
