"""A real Ray head on loopback, with the jobs server, as tests start it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

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
        self.address = f"127.0.0.1:{port}"
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
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.kill()
        self.process.wait(10)
