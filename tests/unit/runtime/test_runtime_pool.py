"""What the pool makes of its machines, without a worker."""

from __future__ import annotations

from typing import Any, cast

from ray_lineage.compile import CompileOptions
from ray_lineage.model import Priority, SourceFile
from ray_lineage.runtime.crew import Crew, Worker
from ray_lineage.runtime.parse import Task
from ray_lineage.runtime.pool import Pool
from ray_lineage.settings import Settings


class _Machine:
    """A crew of two CPUs that nobody has asked for a worker yet."""

    kind, most, note, object_store_bytes = "inline", 2, "", 0

    def cap(self) -> int:
        return 2

    def worker(self, number: int) -> Worker:
        raise NotImplementedError

    def graph(self, project: str) -> Any:
        raise NotImplementedError

    def want(self, workers: int) -> None: ...

    def memory(self) -> tuple[str, float]:
        return "head", 0.5

    def store_free(self) -> float | None:
        return None

    def close(self) -> None: ...


def test_a_pool_with_nothing_to_do_is_not_held_up() -> None:
    crew: Crew = _Machine()
    pool = Pool(Settings(), crew, cast(Any, None), clock=lambda: now)
    pool.add([Task(SourceFile("a", "/", "a", 10, 0, 0, 0, int(Priority.BATCH)), CompileOptions())])
    now = 0.0
    pool.admission.gate.observe("head", 0.9, now)
    batch = pool._next()
    assert batch is not None  # one may always start
    assert pool.admission.reason == "memory of node head is at 90 %"
    now = 2.0
    assert pool._next() is None
    assert pool.admission.reason == ""
    assert pool.admission.closed_seconds(1_000.0) == {"memory": 2.0}
