"""A node is lost in the middle of an ingest, with its parse actor and the results that it holds: nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import PROJECT, environ

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_graph_is_exact_when_a_node_is_lost(tmp_path: Path) -> None:
    """In a process of its own, because the session's cluster holds this one."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.nodes", "--files", "400", "--json", str(tmp_path / "row.json")],
        cwd=PROJECT, env=environ(PYTHONPATH=str(PROJECT)), capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    row = json.loads((tmp_path / "row.json").read_text())
    assert (row["files"], row["actors lost"], row["settled"], row["exact"]) == (400, 1, True, True)
