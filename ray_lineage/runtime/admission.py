"""May a batch be cut now? One object that asks all who have a say. A pure state machine: no clock, no Ray.

Asked are, in this order: the memory of the machines, the object store, the writer (what it has not acknowledged, in batches
and in files), and the budget of bytes. CRITICAL work waits for none of them; one batch may start whatever they say when
nothing is in flight, so that a run on a machine that others keep full is slow but not stuck. Only memory at its hard limit
stops everything: one more batch there may cost the machine.

Whoever parses may not be stopped half-way, so what is handed over to the writer can exceed its limits by one batch a lane.
"""

from __future__ import annotations

import math
from typing import Final

from ray_lineage.runtime.gate import FRESH_SECONDS, MemoryGate, said
from ray_lineage.runtime.ledger import Ledger
from ray_lineage.runtime.scheduler import CLOSED, Batch, Scheduler

HARD_MEMORY: Final = 0.95
STORE_FREE: Final = 0.15
STORE_RESUME: Final = 0.20
QUEUE_FILES: Final = 200
UNACKNOWLEDGED: Final = 8


class Admission:
    """See the module. Every batch from :meth:`cut` goes through :meth:`parsed` to :meth:`done`, or straight to the latter
    if it failed. Times are seconds of any clock that never goes back."""

    def __init__(
        self, ledger: Ledger, gate: MemoryGate, *, queue_files: int = QUEUE_FILES, unacknowledged: int = UNACKNOWLEDGED
    ) -> None:
        """``queue_files`` and ``unacknowledged`` (batches) are what may be handed over to the writer and not acknowledged
        for a further batch to start."""
        self.ledger = ledger
        self.gate = gate
        self.queue_files = queue_files
        self.unacknowledged = unacknowledged
        self.reason = ""
        """Why only CRITICAL work may start (or none), as of the last :meth:`cut`; empty if any may."""
        self._held: dict[int, int] = {}  # batch -> bytes in the ledger
        self._handed_over: dict[int, int] = {}  # batch -> files
        self._files = 0  # of those
        self._store: tuple[float, float, bool] = (1.0, -math.inf, False)  # free share, seen at, shut
        self._closed_seconds: dict[str, float] = {}
        self._kind = ""
        self._since = 0.0

    # ------------------------------------------------------------------ events

    def observe_store(self, free_share: float, now: float) -> None:
        """So much of the object store is free now, 0 to 1. Like that of memory, an observation counts for 30 s."""
        shut = free_share < (STORE_RESUME if self._store_shut(now) else STORE_FREE)
        self._store = (free_share, now, shut)

    def cut(self, scheduler: Scheduler, now: float) -> Batch | None:
        """The next batch for a free lane, or None if nothing may start now or nothing waits."""
        if not scheduler.waiting:
            self._note(now, "", "")
            return None
        share, node = self.gate.fullest(now)
        if share >= max(HARD_MEMORY, self.gate.limit):
            self._note(now, "memory", said(share, node))
            return None
        kind, reason = self._closed(now)
        batch = scheduler.cut(self._room(kind))
        if not kind and scheduler.lacks_room:
            kind, reason = "bytes", f"{self.ledger.in_flight:,} bytes are in flight, of {self.ledger.budget:,}"
        self._note(now, kind, reason)
        if batch is not None:
            self._held[batch.number] = self.ledger.take(batch.size)
        return batch

    def parsed(self, batch: Batch, facts_bytes: int) -> None:
        """The batch is back, and its facts, so many bytes, are handed over to the writer."""
        self._held[batch.number] = self.ledger.settle(self._held[batch.number], batch.size, facts_bytes)
        self._handed_over[batch.number] = len(batch.tasks)
        self._files += len(batch.tasks)

    def done(self, batch: Batch) -> None:
        """The writer acknowledged the batch, or it failed anywhere on the way."""
        self.ledger.give_back(self._held.pop(batch.number))
        self._files -= self._handed_over.pop(batch.number, 0)

    def closed_seconds(self, now: float) -> dict[str, float]:
        """For how long work waited for what: ``memory``, ``object store``, ``writer``, ``queue``, ``bytes``. Seconds."""
        self._note(now, self._kind, self.reason)
        return dict(self._closed_seconds)

    # ------------------------------------------------------------------ decisions

    def _closed(self, now: float) -> tuple[str, str]:
        """Who closes, and why in words; empty if nobody does."""
        if not self.gate.open(now):
            return "memory", self.gate.reason
        if self._store_shut(now):
            return "object store", f"only {self._store[0] * 100:.0f} % of the object store is free"
        if len(self._handed_over) >= self.unacknowledged:
            return "writer", f"the writer has not acknowledged {len(self._handed_over)} batches"
        if self._files >= self.queue_files:
            return "queue", f"{self._files} files wait for the writer"
        return "", ""

    def _room(self, kind: str) -> float:
        """Bytes of source that may start, other than CRITICAL."""
        if not self._held:
            return math.inf
        return CLOSED if kind else self.ledger.room()

    def _store_shut(self, now: float) -> bool:
        _, at, shut = self._store
        return shut and now - at <= FRESH_SECONDS

    def _note(self, now: float, kind: str, reason: str) -> None:
        """What was closed until now was closed for this long."""
        if self._kind:
            self._closed_seconds[self._kind] = self._closed_seconds.get(self._kind, 0.0) + now - self._since
        self._kind, self.reason, self._since = kind, reason, now
