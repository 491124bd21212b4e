"""Limits count a process's own work, and what they cut off is not taken for known."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from ray_lineage.cache import ParseCache
from ray_lineage.compile import CompileOptions
from ray_lineage.model import Priority, SourceFile
from ray_lineage.runtime import parse
from ray_lineage.runtime.bench import Bench, Breadcrumb, Terms
from ray_lineage.runtime.crew import Death
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.parse import GIVEN_UP, SoftTimeout, Task, parse_batch, time_limit
from ray_lineage.settings import Settings, load_settings

STOPPED_SECONDS = 2.0

_SCRIPT = """
import sys, time
from ray_lineage.runtime import parse
from ray_lineage.runtime.parse import parse_batch
import msgspec
parse.SOFT_SECONDS, parse.SOFT_SECONDS_PER_MB = float(sys.argv[1]), 0.0
tasks = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[parse.Task])
import ray_lineage.compile; ray_lineage.compile.import_compiler()
metas, _ = parse_batch(tasks, None, lambda path: path and print(path, flush=True))
print(metas[0].outcome, flush=True)
"""


def task(path: Path) -> Task:
    info = path.stat()
    file = SourceFile(
        path.name, str(path.parent), path.name, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino,
        int(Priority.BATCH),
    )  # fmt: skip
    return Task(file, CompileOptions("tsql"))


@pytest.fixture
def no_callbacks() -> Iterator[None]:
    """What others (hypothesis) do at each garbage collection swallows a limit that rings meanwhile, time and again."""
    found = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks.extend(found)


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A good file of 90 kB, which takes a third of a second; a few times that on a slow machine."""
    path = tmp_path / "big.sql"
    line = "INSERT INTO dbo.t (a, b) SELECT s.a + s.b AS a, s.c FROM dbo.s AS s WHERE s.d = 1;\n"
    path.write_text(line * (90_000 // len(line)))
    return path


def test_a_process_that_is_stopped_loses_no_file(big: Path) -> None:
    """As by Ctrl-Z, a debugger, or a host that gives its time to others: longer than the limit, and in the middle of a file."""
    import msgspec

    with subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(STOPPED_SECONDS * 0.9)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(msgspec.msgpack.encode([task(big)]))
        process.stdin.close()
        assert process.stdout.readline() == b"big.sql\n"
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(STOPPED_SECONDS)  # what is tested is that this passes
        os.kill(process.pid, signal.SIGCONT)
        assert process.stdout.readline() == b"facts\n"


def test_work_is_counted() -> None:
    began = time.process_time()
    with pytest.raises(SoftTimeout), time_limit(0.2):
        while True:
            pass
    assert 0.15 < time.process_time() - began < 5


class _Finalized:
    """Keeps whoever drops it busy."""

    def __del__(self) -> None:
        while True:
            pass


def _collecting() -> None:
    def busy(*_: object) -> None:
        while True:
            pass

    gc.callbacks.append(busy)
    try:
        gc.collect(0)
    finally:
        gc.callbacks.remove(busy)


@pytest.mark.parametrize("swallows", [_Finalized, _collecting], ids=["a finalizer", "a callback of the collector"])
def test_one_that_is_swallowed_is_raised_again_and_nobody_hears_of_it(
    swallows: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    parse._alarm.set()
    monkeypatch.setattr(parse._alarm, "_unraisable", lambda told: heard.append(str(told.exc_value)))
    monkeypatch.setattr(sys, "unraisablehook", parse._alarm._swallowed)
    reached = False
    began = time.process_time()
    with pytest.raises(SoftTimeout), time_limit(0.05):
        swallows()
        reached = True
        while True:
            pass
    assert (reached, heard) == (True, [])
    assert time.process_time() - began < 5


def test_what_others_swallow_is_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    parse._alarm.set()
    monkeypatch.setattr(parse._alarm, "_unraisable", lambda told: heard.append(str(told.exc_value)))
    monkeypatch.setattr(sys, "unraisablehook", parse._alarm._swallowed)

    class Faulty:
        def __del__(self) -> None:
            raise ValueError("a fault")

    Faulty()
    assert heard == ["a fault"]


def test_however_late_it_strikes_it_is_off_afterwards() -> None:
    """Also between the end of the work and the moment in which it is switched off."""
    for number in range(60):
        with contextlib.suppress(SoftTimeout), time_limit(0.0001):  # the kernel's clock ticks every few milliseconds
            for _ in range(10_000 * (number % 30)):
                pass
        assert (parse._alarm.rings, signal.getitimer(signal.ITIMER_PROF)) == (False, (0.0, 0.0))


@pytest.mark.parametrize("switch", [parse._Limit.__enter__, parse._Limit.__exit__], ids=["on", "off"])
def test_it_is_not_raised_where_it_is_switched(switch: Callable[..., None]) -> None:
    """By a signal that is heard at the first instruction of the function: a trace function stands in for it."""

    def trace(frame: FrameType, event: str, _: object) -> object:
        if frame.f_code is switch.__code__:
            parse._alarm._expire(signal.SIGPROF, frame)
        return trace

    sys.settrace(trace)
    try:
        with time_limit(5):
            done = True
    finally:
        sys.settrace(None)
    assert (done, parse._alarm.rings) == (True, False)


def test_waiting_is_not() -> None:
    with time_limit(0.2):
        time.sleep(0.25)  # what is tested is that this passes


@pytest.mark.usefixtures("no_callbacks")
def test_what_was_given_up_is_not_cached(big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ParseCache.open(str(tmp_path / "cache"))
    with monkeypatch.context() as patch:
        patch.setattr(parse, "SOFT_SECONDS", 0.02)
        patch.setattr(parse, "SOFT_SECONDS_PER_MB", 0.0)
        (meta,), (facts,) = parse_batch([task(big)], cache)
    assert (meta.outcome, facts, cache.stats().entries) == (GIVEN_UP, b"", 0)
    assert meta.diagnostic is not None and meta.diagnostic.code == "RL190"
    (meta,), _ = parse_batch([task(big)], cache)
    assert (meta.outcome, meta.hit) == ("facts", False)
    cache.close()


@pytest.mark.parametrize("step", ["read_bytes", "compile_source", "encode_facts"])
def test_for_want_of_memory_too(big: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def without(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(parse, step, without)
    (meta,), _ = parse_batch([task(big)], None)
    assert meta.diagnostic is not None
    assert (meta.outcome, meta.diagnostic.code) == (GIVEN_UP, "RL191")


def test_what_ends_a_worker_is_blamed_on_the_file_at_hand(
    big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be tried until the whole run is given up."""

    def fails(*_: object) -> None:
        raise AssertionError("a fault of ours")

    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)  # those are a worker's
    crumb = Breadcrumb(str(tmp_path / "crumb"))
    bench = Bench(Terms("", 0, None), crumb)
    assert [m.path for m in bench.parse([task(big)])[0].metas] == [big.name]
    assert crumb.death() == Death("")
    monkeypatch.setattr(parse, "_one", fails)
    with pytest.raises(AssertionError):
        bench.parse([task(big)])
    assert crumb.death() == Death(big.name)
    faulthandler.unregister(signal.SIGXCPU)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    flags = {"data_dir": str(tmp_path / "data"), "ingest_workers": 0}
    return load_settings(flags, cwd=str(tmp_path), environ={}).settings


def test_what_was_given_up_is_looked_at_again(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once understood, then a version that takes too long for a busy moment: its former rows stay, no run calls it done."""
    root = tmp_path / "sql"
    root.mkdir()
    (root / "v.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    first = ingest(settings, [str(root)])
    (root / "v.sql").write_text("CREATE VIEW v AS SELECT a, b FROM t")
    with monkeypatch.context() as patch:
        patch.setattr(parse, "compile_source", lambda *_: (_ for _ in ()).throw(SoftTimeout()))
        for _ in range(2):
            again = ingest(settings, [str(root)])
            assert [f.code for f in again.findings] == ["RL190"]
            assert (again.settled, again.columns) == (False, first.columns)
    last = ingest(settings, [str(root)])
    assert (last.settled, last.findings, last.files_written) == (True, [], 1)
    assert last.columns > first.columns
