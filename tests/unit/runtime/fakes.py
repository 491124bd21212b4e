"""A crew whose graph is two dictionaries and whose steps wait where a test says so: races happen in a chosen order."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from ray_lineage.graph.store import Rejected
from ray_lineage.model import FileState
from ray_lineage.runtime.crew import Death, Finish, Graph, Report, Worker, WorkerLost
from ray_lineage.runtime.linking import LinkFault, LinkPlan, LinkReport, LinkTask
from ray_lineage.runtime.load import Begun, Committed, Prepare, Settled
from ray_lineage.runtime.parse import Meta, Task, skipped
from ray_lineage.runtime.remembered import Known
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.sources.scan import SourceFault, read_bytes

_SECONDS: Final = 60.0
_SURE: Final = 10**10  # as if read so many ns later: then the stat index vouches for the content


class Gates:
    """Steps by name (``begin``, ``parse a.sql``, ``put a.sql``, ``finish``, ``commit``, ``settle``) that are held up."""

    def __init__(self) -> None:
        self._shut: dict[str, asyncio.Event] = {}
        self._waiting: set[str] = set()

    def shut(self, *steps: str) -> None:
        """From now on these steps wait."""
        for step in steps:
            self._shut[step] = asyncio.Event()

    def open(self, *steps: str) -> None:
        """Those that wait go on, and later ones too."""
        for step in steps:
            self._shut.pop(step).set()

    async def through(self, step: str) -> None:
        """Go through, or wait."""
        gate = self._shut.get(step)
        if gate is not None:
            self._waiting.add(step)
            await gate.wait()
            self._waiting.discard(step)

    async def reached(self, *steps: str) -> None:
        """Until these steps wait."""
        await until(lambda: self._waiting.issuperset(steps))


class FakeGraph:
    """What was put (``held``) and what is committed (``stored``): path -> content hash. As of an actor, calls have their
    effect in the order in which they are made; their answers come later."""

    uri = ""
    rebuilt = ""
    rows = 0

    def __init__(self, gates: Gates, stored: dict[str, str]) -> None:
        self.gates = gates
        self.held: dict[str, str] = {}
        self.stored = stored
        self.digest = ""
        self._gone: list[str] = []
        self.plans = 0
        self.shared: set[str] = set()  # what needs no linking any more
        self.facts_of: dict[str, bytes] = {}
        self.refused: set[str] = set()
        self.error: Exception | None = None
        self.max_delete = 20
        self.begun = False

    async def begin(self, *, again: bool, anew: bool, reads: bool) -> Begun:
        await self.gates.through("begin")
        if self.error is not None:
            raise self.error
        self.begun = True
        self.uri = "memory"
        return Begun({p: FileState(p, sha, "fingerprint", "ok") for p, sha in self.stored.items()}, {})

    async def put(self, metas: Sequence[Meta], payload: Sequence[bytes], *, more: bool = False) -> None:
        assert self.begun
        taken = [m for m in metas if m.outcome == "facts"]
        self.facts_of.update((m.path, f) for m, f in zip(metas, payload, strict=True) if m.outcome == "facts")
        self.held.update({m.path: m.sha256 for m in taken})
        for meta in taken:
            await self.gates.through(f"put {meta.path}")

    def _write(self, gone: list[str]) -> tuple[Rejected, ...]:
        for path in gone:
            self.held.pop(path, None)
            self.stored.pop(path, None)
        self.stored.update({p: s for p, s in self.held.items() if p not in self.refused})
        self.digest = ""
        return tuple(Rejected(p, "RL501", "refused") for p in sorted(self.refused & self.held.keys()))

    def _settle(self, digest: str) -> None:
        self.digest = digest if self.held == self.stored else ""

    async def prepare(self, order: Prepare) -> LinkPlan:
        self._gone = order.gone
        self.plans += 1
        tasks = [LinkTask(p, s, "") for p, s in self.held.items() if p not in self.shared]
        return LinkPlan("p", self.plans, "differences", tasks)

    async def catalog(self) -> bytes:
        return b""

    async def facts(self, paths: Sequence[str]) -> list[bytes]:
        return [b""] * len(paths)

    async def linked(self, share: bytes) -> None: ...

    async def finish(self, order: Finish, summary: IngestSummary, progress: Any) -> IngestSummary:
        gone = self._gone
        self._write(gone)
        self._settle(order.digest if order.settle else "")
        summary.settled = bool(self.digest)
        await self.gates.through("finish")
        return summary

    async def commit(self) -> Committed:
        gone = self._gone
        rejected = self._write(gone)
        await self.gates.through("commit")
        written = tuple(p for p in self.held if p not in self.refused)
        return Committed(written, len(gone), rejected, len(rejected), 0, 1, 0, 0.0, 0.0, ())

    async def settle(self, digest: str) -> Settled:
        self._settle(digest)
        await self.gates.through("settle")
        return Settled(self.digest, {}, {}, {}, 0, 0, 0, 0, "")

    async def remember(self, known: dict[str, Known]) -> None: ...

    async def look(self) -> None: ...

    async def close(self) -> None: ...

    def waited(self) -> float:
        return 0.0

    def give_up(self) -> None: ...


class FakeWorker:
    """Reads and hashes."""

    def __init__(self, crew: FakeCrew, number: int) -> None:
        self.name = f"parse-{number}"
        self._crew = crew
        self._gates = crew.gates
        self._unreadable = crew.unreadable
        self._died_on = ""

    async def ready(self) -> None: ...

    async def alive(self) -> bool:
        return True

    async def parse(self, tasks: Sequence[Task], seconds: float) -> tuple[Report, list[bytes]]:
        metas = []
        for task in tasks:
            await self._gates.through(f"parse {task.file.path}")
            if task.file.path in self._crew.deadly:
                self._died_on = task.file.path
                self._crew.deaths.append(task.file.path)
                self._crew.on_death()
                raise WorkerLost("killed", died=True)
            if task.file.path in self._unreadable:
                metas.append(Meta(task.file.path, "unreadable"))
                continue
            try:
                sha256 = hashlib.sha256(read_bytes(task.file, task.limit)).hexdigest()
                needs = self._crew.asking.get(task.file.path, ())
                self._crew.given[task.file.path] = [g.content_of for g in task.given]
                metas.append(Meta(task.file.path, "facts", sha256, read_at_ns=time.time_ns() + _SURE, needs=needs))
            except SourceFault as fault:
                metas.append(skipped(task, fault, 0)[0])
        await asyncio.sleep(0)
        return Report(metas, "", 0.0, 0), [b""] * len(metas)

    async def link(
        self, plan: LinkPlan, catalog: bytes, facts: Sequence[bytes], seconds: float
    ) -> tuple[LinkReport, bytes]:
        faults = [LinkFault(t.path, "RL195", "no time") for t in plan.tasks if t.path in self._crew.endless]
        await asyncio.sleep(0)
        return LinkReport(len(plan.tasks) - len(faults), [], faults, False, "", 0.0), b""

    def hurry(self) -> None: ...

    async def post_mortem(self, seconds: float) -> Death:
        return Death(self._died_on)

    def dismiss(self) -> None: ...


class FakeCrew:
    """One graph that outlives its sessions, and workers as many as wanted."""

    kind, note, object_store_bytes = "local", "", 0

    def __init__(self, most: int = 2, stored: dict[str, str] | None = None) -> None:
        self.most = most
        self.gates = Gates()
        self.unreadable: set[str] = set()
        self.deadly: set[str] = set()
        self.asking: dict[str, tuple[str, ...]] = {}  # what files ask for
        self.given: dict[str, list[tuple[str, str]]] = {}  # what each was read with
        self.endless: set[str] = set()
        self.deaths: list[str] = []
        self.on_death: Callable[[], None] = lambda: None
        self.memory_graph = FakeGraph(self.gates, stored if stored is not None else {})

    def cap(self) -> int:
        return self.most

    def worker(self, number: int) -> Worker:
        return FakeWorker(self, number)

    def graph(self, project: str) -> Graph:
        return self.memory_graph

    def want(self, workers: int) -> None: ...

    def memory(self) -> tuple[str, float]:
        return "head", 0.1

    def store_free(self) -> float | None:
        return None

    def close(self) -> None: ...


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition. Raises TimeoutError after a minute."""
    async with asyncio.timeout(_SECONDS):
        while not holds():
            await asyncio.sleep(0.005)


def sha(text: str) -> str:
    """Content hash of a file with this text."""
    return hashlib.sha256(text.encode()).hexdigest()


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine."""

    async def limited() -> None:
        async with asyncio.timeout(3 * _SECONDS):
            await story()

    asyncio.run(limited())
