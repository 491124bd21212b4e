"""``lineage()`` in a program of somebody else: what it gives up, and what becomes of the process beside."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import psutil

from tests.environment import environ
from tests.integration.hanging import hanging
from tests.integration.killing import left

_PROGRAM = """
import os, signal, sys, threading, time
import psutil
import ray_lineage
from tests.integration.hanging import BLOCKS, BURNS, CRASHES

def codes(sql, **more):
    return [d.code for d in ray_lineage.lineage(sql, **more).diagnostics]

def beside():
    return [p for p in psutil.Process().children() if "ray_lineage.api" in p.cmdline()]

import multiprocessing

def in_fork(queue):
    queue.put(ray_lineage.lineage("SELECT a FROM forked").sources)

def main():
    assert "sqlglot" not in sys.modules
    assert ray_lineage.lineage("INSERT INTO x SELECT a FROM t", "tsql", {"t": ["a"]}).targets == ["x"]
    assert ray_lineage.lineage("SELECT a AS \\udc80 FROM t").sources == ["t"]
    first = beside()
    assert len(first) == 1
    assert "c4n4ry" not in "".join(first[0].environ().values())
    assert codes(BURNS, seconds=1) == ["RL190"]
    assert codes(BLOCKS, seconds=1) == ["RL190"]
    assert codes(CRASHES) == ["RL190"]
    assert not first[0].is_running()
    assert ray_lineage.lineage("SELECT a FROM t").sources == ["t"]

    answers = {}
    threads = [
        threading.Thread(target=lambda n=n: answers.update({n: ray_lineage.lineage(f"SELECT a FROM t{n}").sources}))
        for n in range(8)
    ]
    for each in threads: each.start()
    for each in threads: each.join()
    assert answers == {n: [f"t{n}"] for n in range(8)}
    assert len(beside()) == 1

    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    process = fork.Process(target=in_fork, args=(queue,))
    process.start()
    assert queue.get(timeout=120) == ["forked"]
    process.join()
    assert ray_lineage.lineage("SELECT a FROM t").sources == ["t"]

    def interrupt(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    began = time.monotonic()
    try:
        ray_lineage.lineage(BURNS)
    except KeyboardInterrupt:
        assert time.monotonic() - began < 60
    else:
        raise AssertionError
    assert ray_lineage.lineage("SELECT a FROM t").sources == ["t"]
    executable, sys.executable = sys.executable, "/bin/false"
    victim = beside()[0]
    victim.kill()
    victim.wait()
    try:
        ray_lineage.lineage("SELECT a FROM t")
    except RuntimeError as error:
        assert "/bin/false" in str(error)
    else:
        raise AssertionError
    sys.executable = executable
    ray_lineage.lineage("SELECT a FROM t")
    print(beside()[0].pid, flush=True)
    if "kill" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)

main()
"""


def test_a_text_that_hangs_or_crashes_costs_a_diagnostic_and_nothing_runs_on(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(_PROGRAM)
    env = environ(**hanging(tmp_path, 1_000), NEO4J_PASSWORD="c4n4ry")
    for how, code in (("end", 0), ("kill", -9)):
        done = subprocess.run(
            [sys.executable, "-W", "error", str(tmp_path / "program.py"), how], env=env, capture_output=True, text=True, timeout=140
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (code, "")
        with contextlib.suppress(psutil.NoSuchProcess):
            assert left([psutil.Process(int(done.stdout))]) == []
