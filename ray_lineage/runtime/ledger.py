"""Bytes in flight, counted by ourselves: from the cut of a batch until the writer has its facts. Pure."""

from __future__ import annotations

from typing import Final

from ray_lineage.model import Priority

SHARE: Final = 0.3
"""Of the cluster's object store."""
MOST: Final = 256 * 2**20


class Ledger:
    """Admission by a budget of bytes. One batch is always admitted; CRITICAL work passes."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.in_flight = 0
        self.batches = 0
        self.peak = 0

    def admits(self, size: int, priority: int) -> bool:
        """May a batch of this size start now?"""
        return self.batches == 0 or priority == Priority.CRITICAL or self.in_flight + size <= self.budget

    def take(self, size: int) -> None:
        """A batch starts."""
        self.in_flight += size
        self.batches += 1
        self.peak = max(self.peak, self.in_flight)

    def resize(self, before: int, after: int) -> None:
        """The estimate is replaced by what the batch really returned."""
        self.in_flight += after - before
        self.peak = max(self.peak, self.in_flight)

    def give_back(self, size: int) -> None:
        """The writer acknowledged the batch, or it failed."""
        self.in_flight -= size
        self.batches -= 1


def budget_of(object_store_bytes: float) -> int:
    """Budget for a cluster's object store."""
    return int(min(MOST, SHARE * object_store_bytes))
