"""Bytes in flight, counted by ourselves: from the cut of a batch until the writer has its facts. Pure.

Until a batch is back its facts are estimated from its source bytes; the ratio is learnt from what comes back.
"""

from __future__ import annotations

import math
from typing import Final

SHARE: Final = 0.3
"""Of the cluster's object store."""
MOST: Final = 256 * 2**20
_FIRST_EXPANSION: Final = 1.5  # encoded facts per byte of source, until replies say better
_SMOOTHING: Final = 0.2


class Ledger:
    """Admission by a budget of bytes. One batch always fits; what needs no room (CRITICAL) is taken all the same."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.expansion = _FIRST_EXPANSION
        self.in_flight = 0
        self.batches = 0
        self.peak = 0

    def room(self) -> float:
        """Bytes of source that may start now."""
        return max(0, self.budget - self.in_flight) / self.expansion if self.batches else math.inf

    def take(self, source_bytes: int) -> int:
        """A batch starts. Returns what it is held for, to be given to :meth:`settle` and :meth:`give_back`."""
        held = int(source_bytes * self.expansion)
        self.in_flight += held
        self.batches += 1
        self.peak = max(self.peak, self.in_flight)
        return held

    def settle(self, held: int, source_bytes: int, facts_bytes: int) -> int:
        """The batch is back: its facts are so large. Returns what it is held for from now on."""
        if source_bytes:
            self.expansion += _SMOOTHING * (max(facts_bytes / source_bytes, 0.1) - self.expansion)
        self.in_flight += facts_bytes - held
        self.peak = max(self.peak, self.in_flight)
        return facts_bytes

    def give_back(self, held: int) -> None:
        """The writer acknowledged the batch, or it failed."""
        self.in_flight -= held
        self.batches -= 1


def budget_of(object_store_bytes: float, share: float = SHARE) -> int:
    """Budget for a cluster's object store."""
    return int(min(MOST, share * object_store_bytes))
