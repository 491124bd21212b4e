"""``status``, ``flush``, ``failures`` and ``stats`` against a job that writes a status as ``watch`` does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ray_lineage.graph.deadletters import DeadLetters
from ray_lineage.graph.store import Rejected
from ray_lineage.ownfolder import own_folder
from tests.e2e.test_cli_commands import run
from tests.environment import environ

JOB = """
import os, select, signal, sys, time
from ray_lineage.ownfolder import own_folder
from ray_lineage.runtime.status import Status, StatusFile
kind, project = sys.argv[1:]
if kind != "deaf":
    signal.signal(signal.SIGUSR1, lambda *_: os.write(2, b"asked\\n"))
reader, writer = os.pipe()
os.set_blocking(writer, False)
if kind != "deaf":
    signal.set_wakeup_fd(writer)
status = Status(pid=os.getpid(), project=project, started_at=time.time(), phase="following", waiting={"batch": 0})
status.metrics = {"ray_lineage_lag_seconds": 0.5}
own_folder("data").close()
file = StatusFile.of("data", project)
file.write(status)
print("up", flush=True)
while True:
    ready, _, _ = select.select([sys.stdin, reader], [], [])
    if reader in ready:
        os.read(reader, 100)
        if kind == "obedient":
            status.reconcile_began_at = time.time()
            file.write(status)
    if sys.stdin in ready:
        break
status.phase = "stopped"
file.write(status)
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a job of a kind: ``obedient`` reconciles when it is asked to, ``lazy`` never, ``deaf`` hears nothing."""
    started: list[subprocess.Popen[str]] = []

    def begin(kind: str, project: str = "p") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", JOB, kind, project], cwd=tmp_path,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_none_runs(tmp_path: Path) -> None:
    for command in (("status",), ("status", "--wait", "1"), ("flush",), ("status", "--watch")):
        done = run(tmp_path, *command)
        assert (done.returncode, "RL241" in done.stderr, done.stdout) == (1, True, ""), command
    assert not (tmp_path / "data").exists(), "looking leaves nothing behind"
    done = run(tmp_path, "status", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, {"schema": 1, "running": False, "last": None})


def test_one_runs(tmp_path: Path, start: Start) -> None:
    job = start("obedient")
    text = run(tmp_path, "status")
    assert (text.returncode, text.stderr) == (0, "")
    assert text.stdout.startswith("p  following  up ")
    assert f"process {job.pid}" in text.stdout
    found = json.loads(run(tmp_path, "status", "--json", "--project", "p").stdout)
    assert (found["schema"], found["running"], found["pid"], found["phase"]) == (1, True, job.pid, "following")
    assert run(tmp_path, "status", "--project", "other").returncode == 1


def test_flush_and_wait(tmp_path: Path, start: Start) -> None:
    job = start("obedient")
    assert json.loads(run(tmp_path, "status", "--wait", "30", "--json").stdout)["reconcile_began_at"] > 0
    assert run(tmp_path, "flush").returncode == 0
    _, heard = job.communicate("")
    assert heard.count("asked") == 2
    done = run(tmp_path, "status")
    assert "stopped" in done.stderr


def test_waiting_has_an_end(tmp_path: Path, start: Start) -> None:
    start("lazy")
    done = run(tmp_path, "status", "--wait", "0.5")
    assert (done.returncode, "RL242" in done.stderr) == (1, True)


def test_a_job_that_would_die_of_the_signal_is_left_alone(tmp_path: Path, start: Start) -> None:
    job = start("deaf")
    done = run(tmp_path, "flush")
    assert (done.returncode, "RL243" in done.stderr) == (3, True)
    assert job.poll() is None


def test_a_killed_job_is_not_running(tmp_path: Path, start: Start) -> None:
    job = start("obedient")
    job.kill()
    job.wait()
    done = run(tmp_path, "status")
    assert (done.returncode, "ended without a word" in done.stderr, str(job.pid) in done.stderr) == (1, True, True)


def test_several_projects_have_to_be_told_apart(tmp_path: Path, start: Start) -> None:
    start("obedient", "one")
    start("obedient", "two")
    done = run(tmp_path, "status")
    assert (done.returncode, "RL205" in done.stderr, "one, two" in done.stderr) == (2, True, True)
    assert json.loads(run(tmp_path, "status", "--json", "--project", "two").stdout)["project"] == "two"


def test_watching_the_status_ends_with_the_job(tmp_path: Path, start: Start) -> None:
    job = start("obedient")
    assert job.stdin is not None
    viewer = subprocess.Popen(
        [sys.executable, "-m", "ray_lineage", "status", "--watch", "--json"],
        cwd=tmp_path, env=environ(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert viewer.stdout is not None
    assert json.loads(viewer.stdout.readline())["pid"] == job.pid
    job.kill()
    viewer.communicate(timeout=120)
    assert viewer.returncode == 0


def test_stats_tell_the_job(tmp_path: Path, start: Start) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/a.sql").write_text("SELECT a FROM t")
    assert run(tmp_path, "ingest", "sql").returncode == 0
    assert json.loads(run(tmp_path, "stats", "--json").stdout)["job"] is None
    job = start("obedient", "sql")
    found = json.loads(run(tmp_path, "stats", "--json").stdout)
    assert found["files"] == 1
    assert (found["job"]["running"], found["job"]["metrics"]) == (True, {"ray_lineage_lag_seconds": 0.5})
    job.communicate("")
    found = json.loads(run(tmp_path, "stats", "--json").stdout)
    assert (found["job"]["running"], found["job"]["phase"]) == (False, "stopped")
    assert found["job"]["metrics"] == {"ray_lineage_lag_seconds": 0.5}


def test_failures_the_worst_first(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/good.sql").write_text("SELECT a FROM t")
    (tmp_path / "sql/bad.sql").write_text("SELECT FROM WHERE\n")
    assert run(tmp_path, "ingest", "sql").returncode == 0
    other = run(tmp_path, "failures", "--json", "--project", "other")
    assert (other.returncode, "it holds sql" in other.stderr) == (2, True)
    DeadLetters(tmp_path / "data/failed_ingestion.jsonl").replace("sql", (), [Rejected("x.sql", "RL220", "too\nlarge")])
    found = json.loads(run(tmp_path, "failures", "--json").stdout)["failures"]
    assert [(f["kind"], f["path"]) for f in found] == [("dead letter", "x.sql"), ("failed", "bad.sql")]
    assert (found[0]["code"], found[1]["line"]) == ("RL220", 1)
    text = run(tmp_path, "failures")
    assert text.returncode == 0
    assert "bad.sql:" in text.stdout


def test_failures_while_the_graph_cannot_be_read(tmp_path: Path, start: Start) -> None:
    own_folder(str(tmp_path / "data")).close()
    (tmp_path / "data/graph.db").write_bytes(b"torn")
    (tmp_path / "data/graph.db.lock").write_text("1")
    DeadLetters(tmp_path / "data/failed_ingestion.jsonl").replace("p", (), [Rejected("x.sql", "RL220", "large")])
    assert run(tmp_path, "failures").returncode == 3
    start("obedient")
    found = json.loads(run(tmp_path, "failures", "--json").stdout)
    assert [f["path"] for f in found["failures"]] == ["x.sql"]
    assert "the watch is writing it" in found["note"]


def test_log_lines_as_they_were_asked_for(tmp_path: Path) -> None:
    """A cache that cannot be used is a log line."""
    (tmp_path / "a.sql").write_text("SELECT 1")
    (tmp_path / "file").write_text("")
    for arguments, more in ((["--log-format", "json"], {}), ([], {"RAY_LINEAGE_LOG_FORMAT": "json"})):
        done = run(tmp_path, "ingest", "a.sql", "--full", "-q", *arguments, PARSE_CACHE_PATH="file/cache", **more)
        assert done.returncode == 0, done.stderr
        assert not done.stderr, "errors only"
        done = run(
            tmp_path, "ingest", "a.sql", "--full", "--no-progress", *arguments, PARSE_CACHE_PATH="file/cache", **more
        )
        lines = [json.loads(text) for text in done.stderr.splitlines()]
        assert {(line["level"], line["logger"]) for line in lines} == {("warning", "ray_lineage.cache")}
    wrong = run(tmp_path, "stats", "--log-format", "xml")
    assert (wrong.returncode, "--log-format" in wrong.stderr) == (2, True)
