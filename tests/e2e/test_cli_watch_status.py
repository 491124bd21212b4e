"""What a running ``watch`` tells, and that it is true: at rest means that every change made before is in the graph."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.runtime.status import Status, StatusFile, ask_to_flush
from tests.e2e.test_cli_commands import run
from tests.environment import environ


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/a.sql").write_text("CREATE VIEW m.v AS SELECT a FROM r.t")
    (tmp_path / "sql/bad.sql").write_text("SELECT FROM WHERE")
    process = subprocess.Popen(
        [sys.executable, "-m", "ray_lineage", "watch", "sql", "--executor", "local", "--log-format", "json"],
        cwd=tmp_path, env=environ(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while StatusFile.of(str(tmp_path / "data"), "sql").read() is None:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()


def files_in_graph(folder: Path) -> set[str]:
    store = SqliteStore(str(folder / "data/graph.db"), read_only=True)
    try:
        return set(store.state("sql").files)
    finally:
        store.close()


def at_rest(folder: Path) -> Status:
    """As ``status --wait``, without a process for it."""
    file, began, deadline = StatusFile.of(str(folder / "data"), "sql"), time.time(), time.monotonic() + 120
    found = file.read()
    assert found is not None
    ask_to_flush(found)
    while not (found.at_rest and found.reconcile_began_at >= began):
        assert time.monotonic() < deadline, found
        time.sleep(0.005)
        found = file.read()
        assert found is not None
    return found


def test_status_of_a_watch(tmp_path: Path, watch: subprocess.Popen[str]) -> None:
    done = run(tmp_path, "status", "--wait", "60", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["pid"], found["phase"], found["files"]) == (watch.pid, "following", 2)
    assert found["watcher"] == "events"

    for number in range(8):  # each may be caught at another moment of its way
        (tmp_path / f"sql/n{number}.sql").write_text(f"CREATE VIEW m.n{number} AS SELECT a FROM r.t")
        found_now = at_rest(tmp_path)
        assert f"n{number}.sql" in files_in_graph(tmp_path)
    metrics = found_now.metrics
    assert metrics['ray_lineage_lanes{state="up"}'] >= 1
    assert metrics["ray_lineage_save_to_commit_seconds_count"] >= 1
    assert metrics["ray_lineage_rows_written_total"] > 8
    assert metrics["ray_lineage_reconciles_total"] >= 9
    assert metrics["ray_lineage_lag_seconds"] == 0
    assert "n7.sql" in {e.path for e in found_now.last_files}

    assert [f["path"] for f in json.loads(run(tmp_path, "failures", "--json").stdout)["failures"]] == ["bad.sql"]
    job = json.loads(run(tmp_path, "stats", "--json").stdout)["job"]
    assert job["running"] is True
    assert set(job["metrics"]) >= set(metrics)

    watch.send_signal(signal.SIGINT)
    _, log = watch.communicate(timeout=120)
    events = [json.loads(line)["event"] for line in log.splitlines() if line.startswith("{")]
    assert {"watch is following", "committed"} <= set(events)
    gone = run(tmp_path, "status")
    assert (gone.returncode, "stopped" in gone.stderr) == (1, True)
