"""The soak of the benchmarks, shortened: edits and kills under a watch, and the graph is that of a clean ingest."""

from __future__ import annotations

import pytest

from benchmarks.soak import run

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(240)]


def test_edits_and_kills_leave_an_exact_graph_and_nothing_running() -> None:
    result = run(0.7, edits=5, kill_every=8, files=100, seed=4)  # driver, parse actor, writer, writer, parse actor
    assert result.exact, "\n".join(result.differences)
    assert result.left == []
    assert sum(result.kills.values()) >= 3  # who is on the way back from one is not killed again
    assert result.edits > 100
