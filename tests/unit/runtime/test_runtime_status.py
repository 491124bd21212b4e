"""The status of a running job: whole at every moment, and never believed of a process that is gone."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ray_lineage.errors import RayLineageError, UsageError
from ray_lineage.runtime.status import (
    ErrorEvent,
    FileEvent,
    Lane,
    Rate,
    Status,
    StatusFile,
    list_last,
    list_running,
)

JOB = """
import os, sys, time
from ray_lineage.runtime.status import Status, StatusFile
file = StatusFile.of(sys.argv[1], sys.argv[2])
file.write(Status(pid=os.getpid(), project=sys.argv[2], started_at=time.time(), phase="following"))
print("written", flush=True)
sys.stdin.read()
"""


def job(data: Path, project: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", JOB, str(data), project], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    return process


def full(project: str = "p") -> Status:
    return Status(
        pid=os.getpid(), project=project, started_at=1.5, roots=["/a"], store="data/graph.db", executor="ray", phase="following", files=3,
        waiting={"batch": 2}, in_flight=1, lanes=[Lane("parse-0", "busy", "a.sql", 0.5)], files_per_second=1.5,
        last_files=[FileEvent("a.sql", "compiled", 0.2, 3.0), FileEvent("b.sql", "gone")],
        errors=[ErrorEvent("RL219", "away", "bolt://h", 2.0)], metrics={"ray_lineage_lag_seconds": 1.0},
    )  # fmt: skip


def test_written_and_read(tmp_path: Path) -> None:
    file = StatusFile.of(str(tmp_path), "p")
    assert (file.read(), file.last()) == (None, None)
    status = full()
    file.write(status)
    assert StatusFile(file.path).read() == status
    assert abs(time.time() - status.written_at) < 60
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert sorted(p.name for p in file.path.parent.iterdir()) == [file.path.name, f"{file.path.name}.lock"]
    file.close()
    assert StatusFile(file.path).read() is None
    assert StatusFile(file.path).last() == status


def test_the_disk_is_left_alone_while_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    file, writes = StatusFile.of(str(tmp_path), "p"), 0
    before = b""
    for tick in range(100):  # 20 s
        clock[0] += 0.2
        status = full()
        status.lag_seconds, status.lanes, status.metrics = (
            tick,
            [Lane("parse-0", "busy", "a.sql", tick)],
            {"x": float(tick)},
        )
        file.write(status)
        writes += file.path.read_bytes() != before
        before = file.path.read_bytes()
    assert writes == 10
    for change in (
        {"phase": "draining"}, {"in_flight": 7}, {"waiting": {"batch": 9}}, {"reconcile_began_at": 1.0}, {"admission": "x"},
        {"errors": [ErrorEvent("RL219", "new")]}, {"last_files": [FileEvent("new", "gone")]}, {"watcher_notes": ["new"]},
        {"lanes": [Lane("parse-0", "idle")]}, {"settled_at": 1.0}, {"dead_letters": 1}, {"quarantined": 1}, {"files": 9},
        {"missing_roots": ["/x"]}, {"held_back": 1},
    ):  # fmt: skip
        status = full()
        for name, value in change.items():
            setattr(status, name, value)
        file.write(status)
        found = file.read()
        assert found is not None
        assert {name: getattr(found, name) for name in change} == change, "told at once"
    file.close()


def test_a_running_job_is_seen_and_a_killed_one_is_not(tmp_path: Path) -> None:
    one, two = job(tmp_path, "one"), job(tmp_path, "two")
    assert [(s.project, s.pid) for s in list_running(str(tmp_path))] == [("one", one.pid), ("two", two.pid)]
    one.kill()
    one.wait()
    assert [s.project for s in list_running(str(tmp_path))] == ["two"]
    file = StatusFile.of(str(tmp_path), "one")
    assert file.read() is None
    assert file.last() is not None
    two.communicate("")
    assert list_running(str(tmp_path)) == []
    assert {s.project for s in list_last(str(tmp_path))} == {"one", "two"}


def test_a_used_again_process_id_is_no_job(tmp_path: Path) -> None:
    file = StatusFile.of(str(tmp_path), "p")
    file.write(full())
    file.close()  # as if killed; the id of this process, which lives, stands in the file
    assert file.read() is None


def test_a_held_lock_of_a_dead_process_is_no_job(tmp_path: Path) -> None:
    """A forked child may go on holding the lock."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    file = StatusFile.of(str(tmp_path), "p")
    status = full()
    status.pid = dead.pid
    file.write(status)
    assert StatusFile(file.path).read() is None
    status.pid = -1
    file.write(status)
    assert StatusFile(file.path).read() is None
    file.close()


def test_one_job_a_project(tmp_path: Path) -> None:
    running = job(tmp_path, "p")
    with pytest.raises(RayLineageError) as caught:
        StatusFile.of(str(tmp_path), "p").write(full())
    assert (caught.value.code, str(running.pid) in caught.value.message) == ("RL240", True)
    running.send_signal(signal.SIGKILL)
    running.wait()
    file = StatusFile.of(str(tmp_path), "p")
    file.write(full())
    file.close()


def test_readers_do_not_keep_a_job_from_starting(tmp_path: Path) -> None:
    file = StatusFile.of(str(tmp_path), "p")
    file.write(full())
    file.close()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.0005):
            StatusFile(file.path).read()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        file.write(full())
        file.close()
    over.set()
    for thread in threads:
        thread.join()


def test_a_reader_never_sees_half_a_status(tmp_path: Path) -> None:
    file = StatusFile.of(str(tmp_path), "p")
    file.write(full())
    over = threading.Event()

    def write() -> None:
        status = full()
        while not over.is_set():
            status.roots = ["/x" * (status.files % 1_000)]
            status.files += 1
            file.write(status)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert all(StatusFile(file.path).read() is not None for _ in range(200))
    finally:
        over.set()
        thread.join()
        file.close()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff\xfe"])
def test_what_cannot_be_read_is_no_job(tmp_path: Path, content: bytes) -> None:
    file = StatusFile.of(str(tmp_path), "p")
    file.acquire()
    file.path.write_bytes(content)
    assert (file.read(), list_running(str(tmp_path)), list_last(str(tmp_path))) == (None, [], [])
    file.close()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(UsageError, match="data"):
        StatusFile.of(str(tmp_path / "data"), "p").write(full())


def test_secrets_do_not_get_into_the_file(tmp_path: Path) -> None:
    file = StatusFile.of(str(tmp_path), "p")
    status = full()
    status.store = "neo4j://u:canary@h"
    status.errors = [ErrorEvent("RL219", "password=canary", "bolt://u:canary@h")]
    status.watcher_notes = ["password: canary"]
    file.write(status)
    assert b"canary" not in file.path.read_bytes()
    file.close()


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A folder's or file's name may hold bytes that are no UTF-8; Python gives them as lone surrogates."""
    file = StatusFile.of(str(tmp_path), "p\udcff")
    status = full("p\udcff")
    status.roots = ["/a/b\udcff"]
    status.lanes = [Lane("parse-0", "busy", "日本\udcff.sql")]
    file.write(status)
    found = StatusFile.of(str(tmp_path), "p\udcff").read()
    assert found is not None
    assert (found.project, found.roots, found.lanes[0].file) == ("p\\udcff", ["/a/b\\udcff"], "日本\\udcff.sql")
    assert StatusFile.of(str(tmp_path), found.project).read() == found
    file.close()


def test_lists_are_bounded(tmp_path: Path) -> None:
    file = StatusFile.of(str(tmp_path), "p")
    status = full()
    status.errors = [ErrorEvent("RL219", str(n)) for n in range(100)]
    status.last_files = [FileEvent(str(n), "compiled") for n in range(100)]
    file.write(status)
    found = file.read()
    assert found is not None
    assert (len(found.errors), found.errors[-1].message, len(found.last_files)) == (20, "99", 20)
    file.close()


def test_at_rest() -> None:
    status = full()
    assert not status.at_rest
    status.waiting, status.in_flight = {"critical": 0, "batch": 0}, 0
    assert status.at_rest
    status.phase = "ingesting"
    assert not status.at_rest


def test_a_rate_is_that_of_the_last_ten_seconds() -> None:
    rate = Rate(now=100.0)
    assert rate.per_second(100.0) == 0
    rate.add(10, 100.0)
    assert rate.per_second(100.5) == 10  # over one second at least
    assert rate.per_second(105.0) == 2
    rate.add(10, 109.0)
    assert rate.per_second(110.0) == 2
    assert rate.per_second(115.0) == 1
    assert rate.per_second(130.0) == 0
    for number in range(100_000):
        rate.add(1, 130.0 + number / 10_000)
    assert len(rate._events) <= 101
