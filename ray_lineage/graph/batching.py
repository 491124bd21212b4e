"""How contributions are cut into transactions, and what is done when one fails. Pure: clock and randomness come in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ray_lineage.model import Contribution

RETRIES: Final = 5
LADDER: Final = (1, 2, 10, 100)
"""After a permanent error a batch of n files is tried again in pieces of n/2, n/10, n/100 files, then file by file."""


def batches(contributions: Iterable[Contribution], rows: int) -> Iterator[list[Contribution]]:
    """Whole files, at most ``rows`` rows a batch; a larger file is a batch of its own."""
    batch: list[Contribution] = []
    size = 0
    for contribution in contributions:
        count = contribution.row_count
        if batch and size + count > rows:
            yield batch
            batch, size = [], 0
        batch.append(contribution)
        size += count
    if batch:
        yield batch


def smaller(size: int, full: int) -> int:
    """The next step of the ladder below ``size`` for a batch that began with ``full`` files; 0 when it is at the end."""
    steps = sorted({max(1, full // divisor) for divisor in LADDER} | {1}, reverse=True)
    return next((s for s in steps if s < size), 0)


def pause(attempt: int, jitter: float) -> float:
    """Seconds to wait before retry ``attempt`` (from 0): 1, 2, 4, 8, 16, each plus up to a quarter. ``jitter`` is in 0..1."""
    return float(2**attempt) * (1.0 + 0.25 * jitter)
