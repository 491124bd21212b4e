"""A head that a user started with ``ray start --head`` is found, and its dashboard shows a watch."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.environment import environ
from tests.integration.test_watch_edits import fill
from tests.integration.watching import Watching
from tests.ports import free_port

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(200)]


@pytest.fixture
def head() -> Iterator[tuple[dict[str, str], str]]:
    """Its environment, and the address of its dashboard."""
    folder = Path(tempfile.mkdtemp(prefix="rl-dash-", dir=os.path.realpath("/tmp")))  # paths of sockets must be short
    env = {"RAY_TMPDIR": str(folder), "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "t" * 32, "RAY_USAGE_STATS_ENABLED": "0",
           "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # fmt: skip
    port, dashboard = free_port(), free_port()
    ray = str(Path(sys.executable).with_name("ray"))
    subprocess.run(
        [ray, "start", "--head", f"--port={port}", f"--dashboard-port={dashboard}", "--dashboard-host=127.0.0.1", "--num-cpus=2",
         "--object-store-memory=150000000", f"--dashboard-agent-listen-port={free_port()}"],
        env=environ(**env), check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    try:
        yield env, f"http://127.0.0.1:{dashboard}"
    finally:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if any(str(folder) in word for word in process.cmdline()):
                    process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def asked(url: str, token: str) -> dict[str, object]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def test_a_watch_of_a_relative_path_shows_in_the_dashboard_of_a_running_head(
    head: tuple[dict[str, str], str], tmp_path: Path
) -> None:
    env, dashboard = head
    fill(tmp_path / "sql")
    with Watching(tmp_path, "--realtime", named="sql", env=env) as watch:
        status = watch.rest()
        assert (status.executor, status.dashboard) == ("ray", dashboard)
        assert status.roots == [str(tmp_path / "sql")]
        found = asked(f"{dashboard}/api/v0/actors?limit=100", env["RAY_AUTH_TOKEN"])
        names = [actor["name"] for actor in found["data"]["result"]["result"]]  # type: ignore[index]
        assert sorted(name.rpartition("-")[0] for name in names if "watch" in name) == ["ray_lineage-watch-p"]
        assert {name.partition("-")[0] for name in names} == {"ray_lineage", "writer", "parse"}
        assert "-m ray_lineage --project p" in json.dumps(asked(f"{dashboard}/api/jobs/", env["RAY_AUTH_TOKEN"]))
        assert watch.end() == 143
