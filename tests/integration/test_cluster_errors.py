"""A Ray head that is not there, is something else, or does not want us: one clear error each, in time, no traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ray_lineage.query.exposure import asks_for_token
from tests.environment import PROJECT, environ
from tests.integration.head import Head, running_head
from tests.ports import free_port

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(200)]

IN_TIME = 100.0  # seconds: the deadline of 20, and what imports cost on a slow and busy machine


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with running_head() as head:
        yield head


@pytest.fixture
def website() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def silence() -> Iterator[str]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def ingest(folder: Path, address: str, before: str = "", **more: str) -> tuple[int, str]:
    """Exit code and stderr of an ingest on the cluster at an address; ``before`` is run first in its process."""
    (folder / "sql").mkdir(exist_ok=True)
    (folder / "sql" / "a.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\nfrom ray_lineage.cli.main import main\nmain()", "ingest", "sql",
         "--executor", "ray", "--ray-address", address],
        cwd=folder, env=environ(PYTHONPATH=str(PROJECT), HOME=str(folder), **more), capture_output=True,
        text=True, timeout=150,
    )  # fmt: skip
    assert time.monotonic() - started < IN_TIME
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def token(head: Head) -> dict[str, str]:
    return {k: head.environ[k] for k in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}


def test_a_head_that_knows_us_is_used(head: Head, tmp_path: Path) -> None:
    code, output = ingest(tmp_path, head.address, **token(head))
    assert code == 0, output


@pytest.mark.parametrize(
    "more",
    [
        {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "u" * 32},
        {"RAY_AUTH_MODE": "token"},
        {"RAY_AUTH_MODE": "disabled"},
        {},
    ],
    ids=["another token", "no token", "disabled", "nothing set"],
)
def test_a_token_that_is_refused(head: Head, tmp_path: Path, more: dict[str, str]) -> None:
    code, output = ingest(tmp_path, head.address, **more)
    assert code == 2
    assert "error[RL246]" in output
    assert "RAY_AUTH_TOKEN_PATH" in output


def test_another_version_of_ray(head: Head, tmp_path: Path) -> None:
    code, output = ingest(tmp_path, head.address, "import os; os.environ['RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER'] = '0'\n"
                          "import ray; ray.__version__ = '2.0.1'", **token(head))  # fmt: skip
    assert code == 2
    assert "error[RL245]" in output
    assert "Ray 2.0.1" in output


def test_doctor_sees_that_the_head_asks_for_a_token(head: Head) -> None:
    for part, address in (("head", head.address), ("dashboard", head.jobs.removeprefix("http://"))):
        host, _, port = address.rpartition(":")
        assert asks_for_token(part, host, int(port)) is True


def test_nothing_listens(tmp_path: Path) -> None:
    code, output = ingest(tmp_path, f"127.0.0.1:{free_port()}")
    assert (code, "error[RL206]" in output) == (2, True), output
    assert "refused" in output


def test_a_website_listens(website: str, tmp_path: Path) -> None:
    code, output = ingest(tmp_path, website)
    assert (code, "error[RL206]" in output) == (2, True), output
    assert "no head of Ray" in output


def test_the_jobs_server_is_no_head(head: Head, tmp_path: Path) -> None:
    code, output = ingest(tmp_path, head.jobs, **token(head))
    assert (code, "error[RL206]" in output) == (2, True), output
    assert "ray job submit" in output


def test_something_listens_and_is_silent(silence: str, tmp_path: Path) -> None:
    code, output = ingest(tmp_path, silence)
    assert (code, "error[RL206]" in output) == (2, True), output
    assert "20 s" in output


def test_a_host_that_nobody_knows(tmp_path: Path) -> None:
    code, output = ingest(tmp_path, "nowhere.invalid:6379")
    assert (code, "error[RL206]" in output) == (2, True), output


STOPS_THE_RAYLET = """
import threading, time
import psutil

def stop():
    while True:
        for process in psutil.Process().children(recursive=True):
            try:
                if process.name() == "raylet":
                    return process.suspend()
            except psutil.Error:
                pass
        time.sleep(0.002)

threading.Thread(target=stop, daemon=True).start()
"""


def test_a_ray_of_our_own_that_does_not_come_up(tmp_path: Path) -> None:
    """Ray waits half a minute for it."""
    code, output = ingest(tmp_path, "local", STOPS_THE_RAYLET)
    assert (code, "error[RL230]: Ray could not be started: " in output) == (3, True), output
    assert "--executor local" in output
