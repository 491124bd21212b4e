"""May more work start, as far as the machines' memory is concerned? A pure state machine: no clock, no I/O.

A node closes the gate from reaching the limit until it is below ``resume``: without the gap between the two, every batch
that ends would open the gate for the next one that fills the memory again.
"""

from __future__ import annotations

from typing import Final

import msgspec

LIMIT: Final = 0.80
GAP: Final = 0.05
FRESH_SECONDS: Final = 30.0
"""An older observation no longer counts: its node may be gone, or too busy to answer, and must not hold up the others."""


class _Seen(msgspec.Struct, frozen=True):
    share: float
    at: float
    shut: bool


class MemoryGate:
    """Admission by the memory of the machine(s). Shares are of the machine's whole memory, 0 to 1; times are seconds of
    any clock that never goes back."""

    def __init__(self, limit: float = LIMIT, resume: float | None = None) -> None:
        """``resume`` is by default 0.05 below the limit. Raises ValueError if it is above the limit."""
        self.limit = limit
        self.resume = limit - GAP if resume is None else resume
        if self.resume > self.limit:
            raise ValueError(f"memory that closes the gate at {limit} cannot open it again at {resume}")
        self.reason = ""
        self._nodes: dict[str, _Seen] = {}

    def observe(self, node: str, used_share: float, now: float) -> None:
        """So much of a node's memory is in use now. A node that was silent for too long starts afresh."""
        before = self._nodes.get(node)
        was_shut = before is not None and before.shut and now - before.at <= FRESH_SECONDS
        shut = used_share >= self.resume if was_shut else used_share >= self.limit
        self._nodes[node] = _Seen(used_share, now, shut)

    def open(self, now: float) -> bool:
        """May more work start? Sets :attr:`reason`, which is empty if so."""
        self.reason = said(*max(((s.share, n) for n, s in self._fresh(now) if s.shut), default=(0.0, "")))
        return not self.reason

    def fullest(self, now: float) -> tuple[float, str]:
        """Share and name of the node with the least memory left; (0, "") if nothing is known."""
        return max(((s.share, n) for n, s in self._fresh(now)), default=(0.0, ""))

    def shares(self, now: float) -> dict[str, float]:
        """What is known of each node."""
        return {name: seen.share for name, seen in self._fresh(now)}

    def _fresh(self, now: float) -> list[tuple[str, _Seen]]:
        old = [n for n, s in self._nodes.items() if now - s.at > FRESH_SECONDS]
        for node in old:
            del self._nodes[node]
        return list(self._nodes.items())


def said(share: float, node: str) -> str:
    """For people; empty for no node."""
    return f"memory of node {node} is at {share:.0%}".replace("%", " %") if node else ""
