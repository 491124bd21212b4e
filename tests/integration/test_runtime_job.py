"""``ray job submit`` of jobs/ingest.py to a real head: success, failure, stop."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.generate import generate

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(400)]

PROJECT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Head:
    """A Ray head on loopback, with the jobs server, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port, self.jobs = free_port(), f"http://127.0.0.1:{free_port()}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("NEO4J_", "RAY_"))}
        self.environ = {
            **clean,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": "t" * 32,
            "RAY_JOB_STOP_WAIT_TIME_S": "20",
            "PYTHONPATH": str(PROJECT),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        self.process = subprocess.Popen(
            ["ray", "start", "--head", "--block", f"--port={port}", "--num-cpus=2", "--object-store-memory=150000000",
             "--dashboard-host=127.0.0.1", f"--dashboard-port={self.jobs.rpartition(':')[2]}", f"--temp-dir={folder}",
             f"--dashboard-agent-listen-port={free_port()}", "--include-dashboard=true"],
            env=self.environ, stdout=(folder / "head.log").open("w"), stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def ray(self, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ray", *arguments], env={**self.environ, "RAY_ADDRESS": self.jobs}, cwd=self.folder, capture_output=True,
            text=True, timeout=seconds,
        )  # fmt: skip

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + 60
        while self.ray("job", "list").returncode:
            assert time.monotonic() < deadline, (self.folder / "head.log").read_text()
            time.sleep(0.5)

    def submit(self, name: str, *arguments: str, wait: bool = True) -> subprocess.CompletedProcess[str]:
        flags = [] if wait else ["--no-wait"]
        return self.ray(
            "job", "submit", "--submission-id", name, *flags, "--working-dir", str(self.folder / "code"), "--",
            sys.executable, "jobs/ingest.py", *arguments, seconds=200,
        )  # fmt: skip

    def status(self, name: str) -> str:
        return self.ray("job", "status", name).stdout

    def stop(self) -> None:
        """End what this head started, and nothing else."""
        ours = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        self.process.terminate()
        for process in ours:
            process.kill()
        self.process.kill()
        self.process.wait(10)


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    folder = Path(os.path.realpath("/tmp")) / f"rl-head-{os.getpid()}"  # socket paths must be short
    folder.mkdir(mode=0o700)
    (folder / "code").mkdir()
    for name in ("ray_lineage", "jobs"):
        shutil.copytree(PROJECT / name, folder / "code" / name, ignore=shutil.ignore_patterns("__pycache__"))
    head = Head(folder)
    try:
        head.wait_until_up()
        yield head
    finally:
        head.stop()
        shutil.rmtree(folder, ignore_errors=True)


def last_line(output: str) -> dict[str, Any]:
    lines = [line for line in output.splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def test_a_job_ingests_with_all_cpus_and_ends_with_its_summary(head: Head, tmp_path: Path) -> None:
    truth = generate(tmp_path, 150, 20, "tsql")
    done = head.submit("good", str(truth.root), "--store", str(tmp_path / "graph.lbug"), "--dialect", "tsql")
    assert done.returncode == 0, done.stdout + done.stderr
    summary = last_line(done.stdout)
    assert (summary["exit_code"], summary["files"], summary["by_status"]) == (0, 150, {"ok": 150})
    assert (summary["executor"], summary["workers"]) == ("ray", 2)
    assert (tmp_path / "graph.lbug").exists()


def test_a_job_that_cannot_run_says_why_and_with_which_code(head: Head, tmp_path: Path) -> None:
    done = head.submit("bad", str(tmp_path / "nowhere"), "--store", str(tmp_path / "graph.lbug"))
    assert done.returncode == 1  # Ray's own command always says 1
    assert "error[RL201]" in done.stdout + done.stderr
    assert last_line(done.stdout) == {"exit_code": 2}


def test_a_job_whose_graph_would_vanish_with_it_is_refused(head: Head, tmp_path: Path) -> None:
    truth = generate(tmp_path, 5, 21, "tsql")
    done = head.submit("lost", str(truth.root))
    assert "error[RL207]" in done.stdout + done.stderr
    assert last_line(done.stdout) == {"exit_code": 2}


def test_a_stopped_job_drains(head: Head, tmp_path: Path) -> None:
    truth = generate(tmp_path, 3_000, 22, "tsql")
    head.submit("long", str(truth.root), "--store", str(tmp_path / "graph.lbug"), "--dialect", "tsql", wait=False)
    deadline = time.monotonic() + 90
    while "compile: " not in head.ray("job", "logs", "long").stdout:
        assert time.monotonic() < deadline
    head.ray("job", "stop", "long")
    assert "STOPPED" in head.status("long") or "stopped" in head.status("long")
    assert last_line(head.ray("job", "logs", "long").stdout) == {"exit_code": 143}
