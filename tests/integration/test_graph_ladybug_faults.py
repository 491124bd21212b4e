"""The embedded store under histories of edits, beside readers in other processes, and killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.graph import ladybug
from ray_lineage.graph.ladybug import LadybugStore
from ray_lineage.model import Contribution
from tests.factory import contributions, wide
from tests.unit.graph.graph_model import Edit, clean, histories, replay, replay_with_crashes, rounds


def assert_as_clean(store: LadybugStore, folder: str, files: dict[str, str]) -> None:
    """Project p is as one clean load of these files writes it into another store."""
    fresh = LadybugStore(f"{folder}/fresh.lbug")
    clean(fresh, "p", files)
    assert store.dump("p") == fresh.dump("p")
    fresh.close()


@settings(max_examples=20)
@given(histories)
def test_any_history_gives_the_graph_of_a_clean_ingest(history: list[list[Edit]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = LadybugStore(f"{folder}/a.lbug")
        assert_as_clean(store, folder, replay(store, "p", history))
        store.close()


@settings(max_examples=20)
@given(rounds, st.integers(1, 12))
def test_crashes_between_the_pieces_of_a_large_file_leave_nothing_behind(
    history: list[tuple[list[Edit], int]], rows: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = replay_with_crashes(lambda: LadybugStore(f"{folder}/a.lbug"), "p", history, rows)
        store = LadybugStore(f"{folder}/a.lbug")
        assert_as_clean(store, folder, files)
        store.close()


@settings(max_examples=12)
@given(histories)
def test_passes_over_the_tables_do_what_look_ups_do(history: list[list[Edit]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name in ("_FEW_FILES", "_SPREAD", "_DROPPED_ALONE", "_ASKED_ALONE", "_FROM_FILE"):
            patch.setattr(ladybug, name, 10**9 if name == "_SPREAD" else 0)
        store = LadybugStore(f"{folder}/a.lbug")
        assert_as_clean(store, folder, replay(store, "p", history))
        store.close()


@settings(max_examples=10)
@given(histories)
def test_a_store_that_is_built_anew_keeps_what_stays(history: list[list[Edit]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ladybug, "_SWEEP_FILES", 0)
        store = LadybugStore(f"{folder}/a.lbug")
        clean(store, "other", {"1.sql": "CREATE VIEW a AS SELECT x, y FROM b", "2.sql": "CREATE TABLE c (x int)"})
        store.settle("other", 1, "settled")
        before = store.dump("other")
        assert_as_clean(store, folder, replay(store, "p", history))
        assert (store.dump("other"), store.digest("other")) == (before, "settled")
        assert not {p.name for p in Path(folder).glob("*.new*")}
        store.close()


@pytest.mark.parametrize("moment", ["empty", "filled", "on disk", "in place"])
def test_killed_while_it_is_built_anew_a_store_is_the_old_or_the_new_one(tmp_path: Path, moment: str) -> None:
    path = str(tmp_path / "g.lbug")
    store = LadybugStore(path)
    store.apply("p", store.acquire("p"), [wide("p", f"f{i}", 50) for i in range(4)], fresh=True)
    store.apply("p", 1, [wide("p", "f3", 50, 1)])
    before = store.dump("p")
    store.close()
    code = """
import os, signal, sys
from ray_lineage.graph import ladybug
from tests.factory import wide
path, moment = sys.argv[1:]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

sync, fill = ladybug._sync, ladybug.LadybugStore._fill
if moment == "empty":
    ladybug.Spools.copy = die
elif moment == "filled":
    ladybug.LadybugStore._fill = lambda *a: (fill(*a), die())
elif moment == "on disk":
    ladybug._sync = lambda p: (sync(p), die())
else:
    ladybug._sync = lambda p: (sync(p), die() if os.path.isdir(p) else None)
ladybug._SWEEP_FILES = 0
store = ladybug.LadybugStore(path)
store.apply("p", store.acquire("p"), [wide("p", f"f{i}", 50, 7) for i in range(4)], changing=4)
"""
    died = subprocess.run([sys.executable, "-c", code, path, moment], check=False, timeout=100)
    assert died.returncode == -signal.SIGKILL
    store = LadybugStore(path)
    assert not store.rebuilt
    expected = LadybugStore(str(tmp_path / "expected.lbug"))
    expected.apply("p", expected.acquire("p"), [wide("p", f"f{i}", 50, 7) for i in range(4)], fresh=True)
    assert store.dump("p") == (expected.dump("p") if moment == "in place" else before)
    assert not list(tmp_path.glob("g.lbug.new*"))
    store.close()
    expected.close()


def test_readers_go_on_while_a_store_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladybug, "_SWEEP_FILES", 0)
    path = str(tmp_path / "g.lbug")
    store = LadybugStore(path)
    epoch = store.acquire("p")
    store.apply("p", epoch, [wide("p", f"f{i}", 50) for i in range(4)], fresh=True)
    code = """
import sys
from ray_lineage.graph.ladybug import LadybugStore
reader = LadybugStore(sys.argv[1], read_only=True)
for line in sys.stdin:
    print(len(reader.state("p").files), reader.counts("p")["FLOWS_TO"], flush=True)
"""
    reader = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    try:
        for files in (4, 6, 8):
            store.apply("p", epoch, [wide("p", f"f{i}", 50, files) for i in range(files)], changing=files)
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert reader.stdout.readline().split() == [str(files), str(50 * files)]
    finally:
        reader.kill()
        reader.wait()
        reader.stdin.close()
        reader.stdout.close()
    store.close()


def _whole(store: LadybugStore, expected: dict[str, Contribution]) -> set[str]:
    """Files whose fingerprint is there; all their rows must be, too."""
    dump = store.dump("p")
    done: set[str] = set()
    for path, state in store.state("p").files.items():
        if not state.fingerprint:
            continue
        done.add(path)
        identity = expected[path].file
        stored = [r for r in dump["FLOWS_TO"] if r[2] == identity]
        assert len(stored) == len(expected[path].rows["FLOWS_TO"])
    return done


def test_reading_while_another_process_writes_and_checkpoints(tmp_path: Path) -> None:
    path = str(tmp_path / "g.lbug")
    store = LadybugStore(path)
    store.apply("p", store.acquire("p"), [wide("p", f"f{i}", 100) for i in range(5)], fresh=True)
    store.close()
    code = """
import sys
from ray_lineage.graph import ladybug
from tests.factory import wide
ladybug._CHECKPOINT_BYTES = 1_000_000
store = ladybug.LadybugStore(sys.argv[1])
epoch = store.acquire("p")
shift = 0
while True:
    shift += 1
    store.apply("p", epoch, [wide("p", f"f{shift % 5}", 100, shift)])
    store.settle("p", epoch, "digest")
    print(shift, flush=True)
    sys.stdin.readline()
"""
    writer = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdin is not None
    try:
        for _ in range(20):
            assert writer.stdout.readline()
            writer.stdin.write("\n" * 3)  # three more saves while we read
            writer.stdin.flush()
            reader = LadybugStore(path, read_only=True)
            assert reader.counts("p")["FLOWS_TO"] == 500
            assert len(reader.state("p").files) == 5
            reader.close()
    finally:
        writer.kill()
        writer.wait()
        writer.stdin.close()
        writer.stdout.close()


def test_kill_while_writing_leaves_whole_files(tmp_path: Path) -> None:
    code = """
import sys
from ray_lineage.graph.ladybug import LadybugStore
from tests.integration.test_graph_ladybug_faults import _files
from tests.factory import contributions
store = LadybugStore(sys.argv[1])
epoch = store.acquire("p")
linked = contributions("p", _files())
for path in sorted(linked):
    store.apply("p", epoch, [linked[path]])
    print(path, flush=True)
"""
    expected = contributions("p", _files())
    acknowledged: set[str] = set()
    for stop_after in (3, 7, 15, 20):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "g.lbug")], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(stop_after):
            acknowledged.add(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = LadybugStore(str(tmp_path / "g.lbug"))
        assert not store.rebuilt
        assert acknowledged <= _whole(store, expected)
        store.close()


def _files() -> dict[str, str]:
    long = " + ".join(f"c{i}" for i in range(60))
    return {f"{i:02}.sql": f"INSERT INTO t{i} (x) SELECT {long} FROM u{i}" for i in range(40)}
