"""How batches are cut, and how a batch that fails is taken apart until only the bad file is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.errors import StoreUnavailable
from ray_lineage.graph.base import BaseStore, Permanent, Transient
from ray_lineage.graph.batching import RETRIES, batches, pause, smaller
from ray_lineage.graph.deadletters import DeadLetters
from ray_lineage.graph.delta import Batch, Delta
from ray_lineage.graph.store import Rejected
from ray_lineage.model import Contribution


def contribution(number: int, rows: int = 1) -> Contribution:
    return Contribution(
        f"p:{number:04}", f"{number:04}", "f", {"CONTAINS": [(f"p:{number:04}", f"s{i}") for i in range(rows)]}, [], []
    )


class Recorder(BaseStore):
    """Notes what it is asked to write; refuses the files of ``bad``, and the first ``away`` transactions."""

    transaction_rows = 1_000  # type: ignore[misc]

    def __init__(self, bad: set[str], away: int = 0) -> None:
        self.slept: list[float] = []
        super().__init__(self.slept.append)
        self.bad = bad
        self.away = away
        self.transactions = 0
        self.written: list[str] = []

    def _read(self, query: str, **parameters: Any) -> list[Sequence[Any]]:
        return []

    def _replace(self, project: str, epoch: int, batch: Batch, rows: int) -> int:
        self.transactions += 1
        if self.away:
            self.away -= 1
            raise Transient("away")
        if any(c.path in self.bad for c in batch.contributions):
            raise Permanent("RL501", "bad value")
        self.written.extend(c.path for c in batch.contributions)
        return batch.rows

    def _write(self, project: str, epoch: int, delta: Delta) -> None:
        raise AssertionError("nothing here is too large for one transaction")

    def _away(self) -> Exception:
        return StoreUnavailable("RL219", "away")


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 60))
def test_batches_hold_whole_files_within_the_bound(sizes: list[int], bound: int) -> None:
    files = [contribution(i, n) for i, n in enumerate(sizes)]
    cut = list(batches(files, bound))
    assert [c for b in cut for c in b] == files
    assert all(len(b) == 1 or sum(c.row_count for c in b) <= bound for b in cut)


def test_one_bad_file_among_a_thousand() -> None:
    store = Recorder({"0437"})
    result = store.apply("p", 1, [contribution(i) for i in range(1_000)])
    assert [r.path for r in result.rejected] == ["0437"]
    assert len(store.written) == len(set(store.written)) == 999
    assert store.transactions < 40


def test_the_ladder_of_a_hundred() -> None:
    steps = [100]
    while step := smaller(steps[-1], 100):
        steps.append(step)
    assert steps == [100, 50, 10, 1]


def test_transient_faults_are_waited_out() -> None:
    store = Recorder(set(), away=3)
    result = store.apply("p", 1, [contribution(1)])
    assert (result.retries, store.written) == (3, ["0001"])
    assert [round(s) for s in store.slept] == [1, 2, 4] or all(
        a < b for a, b in zip(store.slept, store.slept[1:], strict=False)
    )


def test_an_outage_without_end() -> None:
    store = Recorder(set(), away=100)
    with pytest.raises(StoreUnavailable):
        store.apply("p", 1, [contribution(1)])
    assert len(store.slept) == RETRIES


def test_pauses() -> None:
    assert [pause(n, 0.0) for n in range(RETRIES)] == [1, 2, 4, 8, 16]
    assert pause(0, 1.0) == 1.25


def test_dead_letters(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "data" / "failed.jsonl")
    assert letters.replace("p", [], []) == 0
    assert not letters.path.exists()
    assert letters.replace("p", [], [Rejected("a.sql", "RL501", "x"), Rejected("b.sql", "RL501", "y")]) == 2
    assert letters.replace("q", [], [Rejected("a.sql", "RL501", "z")]) == 1
    with letters.path.open("ab") as file:
        file.write(b'{"project": "p", "pa')  # a crash while writing
    assert [(d.project, d.path) for d in letters.read()] == [("p", "a.sql"), ("p", "b.sql"), ("q", "a.sql")]
    assert letters.replace("p", ["a.sql"], []) == 1
    assert [(d.project, d.path) for d in letters.read()] == [("p", "b.sql"), ("q", "a.sql")]
    assert letters.path.stat().st_mode & 0o777 == 0o600
