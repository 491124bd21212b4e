"""``ray job submit`` of jobs/ingest.py to a real head: success, failure, stop."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.generate import generate
from ray_lineage.runtime.dashboard import expressions
from ray_lineage.runtime.metrics import METRICS, PREFIX, companions
from tests.integration.head import Head, running_head

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with running_head() as head:
        yield head


def last_line(output: str) -> dict[str, Any]:
    lines = [line for line in output.splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def without_data(series: Mapping[str, float]) -> list[str]:
    """What the dashboard asks for and nobody says. Ray cannot say that a histogram is empty: its count beside it does."""
    values: dict[str, float] = defaultdict(float)
    for name, value in series.items():
        values[name.partition("{")[0]] += value
    return [
        name
        for metric in METRICS
        for expression, _ in expressions(metric)
        for name in re.findall(r"\b(ray_\w+)\{", expression)
        if name not in values
        and not (name.endswith("_bucket") and values.get(PREFIX + companions(metric.name)[1], 1) < 1)
    ]


def test_a_job_ingests_with_all_cpus_and_ends_with_its_summary(head: Head, tmp_path: Path) -> None:
    truth = generate(tmp_path, 150, 20, "tsql")
    done = head.submit("good", str(truth.root), "--store", str(tmp_path / "graph.db"), "--dialect", "tsql")
    assert done.returncode == 0, done.stdout + done.stderr
    summary = last_line(done.stdout)
    assert (summary["exit_code"], summary["files"], summary["by_status"]) == (0, 150, {"ok": 150})
    assert summary["executor"] == "ray"
    # both CPUs were asked for; one worker may be done with so few files before the other is up
    assert summary["workers"] == 2 or "1 of 2 workers were up before the work was done" in summary["notes"]
    assert (tmp_path / "graph.db").exists()


def test_a_job_that_cannot_run_says_why_and_with_which_code(head: Head, tmp_path: Path) -> None:
    done = head.submit("bad", str(tmp_path / "nowhere"), "--store", str(tmp_path / "graph.db"))
    assert done.returncode == 1  # Ray's own command always says 1
    assert "error[RL201]" in done.stdout + done.stderr
    assert last_line(done.stdout) == {"exit_code": 2}


def test_a_job_whose_graph_would_vanish_with_it_is_refused(head: Head, tmp_path: Path) -> None:
    truth = generate(tmp_path, 5, 21, "tsql")
    done = head.submit("lost", str(truth.root))
    assert "error[RL207]" in done.stdout + done.stderr
    assert last_line(done.stdout) == {"exit_code": 2}


def test_a_stopped_job_drains(head: Head, tmp_path: Path) -> None:
    truth = generate(tmp_path, 6_000, 22, "tsql")
    head.submit("long", str(truth.root), "--store", str(tmp_path / "graph.db"), "--dialect", "tsql", wait=False)
    deadline = time.monotonic() + 250
    while (head.job("long")["metadata"] or {}).get("ray_lineage.phase") != "compile":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    head.stop_job("long")
    while head.job("long")["status"] in ("PENDING", "RUNNING"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert head.job("long")["status"] == "STOPPED"
    assert last_line(head.job_logs("long")) == {"exit_code": 143}


def test_a_job_says_how_it_goes_while_it_runs(head: Head, tmp_path: Path) -> None:
    """As metadata, as metrics of all kinds, with a driver that can be told by its name; then the code changes, and what was
    parsed is known."""
    truth = generate(tmp_path, 2_000, 23, "tsql")
    arguments = (str(truth.root), "--store", str(tmp_path / "graph.db"), "--dialect", "tsql", "--project", "shown")
    head.submit("shown", *arguments, wait=False)
    deadline = time.monotonic() + 250
    found: dict[str, str] = {}
    while not {"ray_lineage.files_done", "ray_lineage.files_per_second"} <= set(found):
        assert time.monotonic() < deadline
        found = head.job("shown")["metadata"] or {}
    assert found["ray_lineage.project"] == "shown"
    assert found["ray_lineage.files_done"].endswith(" of 2000") or found["ray_lineage.phase"] == "scan"
    assert any(name.startswith("ray_lineage-ingest-shown-") for name in head.actor_names())
    series: dict[str, float] = {}
    while head.job("shown")["status"] in ("PENDING", "RUNNING"):
        assert time.monotonic() < deadline
        series |= head.metrics("shown")
        time.sleep(0.2)
    series |= head.metrics("shown")
    assert without_data(series) == []
    assert sum(v for s, v in series.items() if s.startswith("ray_ray_lineage_files_total")) > 0
    job = head.job("shown")
    told = {name: job["metadata"][f"ray_lineage.{name}"] for name in ("phase", "files_done", "queue", "store_retries")}
    assert job["status"] == "SUCCEEDED"
    assert told == {"phase": "ended", "files_done": "2000 of 2000", "queue": "0", "store_retries": "0"}
    assert int(job["metadata"]["ray_lineage.rows_written"]) > 2_000
    again = head.submit("again", *arguments, "--full", changed=True)
    assert last_line(again.stdout)["cache_hits"] == 2_000, again.stdout
