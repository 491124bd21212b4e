"""The embedded store under histories of edits, beside readers in other processes, and killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings

from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.model import Contribution
from tests.factory import contributions, load, wide
from tests.unit.graph.graph_model import DIALECT, Edit, clean, histories, replay


def assert_as_clean(store: SqliteStore, folder: str, files: dict[str, str]) -> None:
    """Project p is as one clean load of these files writes it into another store."""
    fresh = SqliteStore(f"{folder}/fresh.db")
    clean(fresh, "p", files)
    assert store.dump("p") == fresh.dump("p")
    assert store.counts("p") == {kind: len(rows) for kind, rows in store.dump("p").items()} == fresh.counts("p")
    fresh.close()


@settings(max_examples=60)
@given(histories)
def test_any_history_gives_the_graph_of_a_clean_ingest(history: list[list[Edit]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(f"{folder}/a.db")
        clean(store, "other", {"1.sql": "CREATE VIEW a AS SELECT x, y FROM b", "2.sql": "CREATE TABLE c (x int)"})
        store.settle("other", 1, "settled")
        before = store.dump("other")
        assert_as_clean(store, folder, replay(store, "p", history))
        assert (store.dump("other"), store.digest("other")) == (before, "settled")
        store.remove_project("other")
        assert not any(store.dump("other").values())
        assert_as_clean(store, f"{folder}", {}) if not store.counts("p")["File"] else store.check()
        store.close()


def _whole(store: SqliteStore, expected: dict[str, Contribution]) -> set[str]:
    """Files whose fingerprint is there; all their rows must be, too, and no rows of others."""
    dump = store.dump("p")
    done = {path for path, state in store.state("p").files.items() if state.fingerprint}
    assert store.check()
    for kind in ("Statement", "FLOWS_TO", "READS", "WRITES", "FEEDS"):
        wanted = sum(len(expected[path].rows.get(kind, ())) for path in done)
        assert len(dump[kind]) == wanted
    return done


_WRITER = """
import sys
from ray_lineage.graph.pack import pack
from ray_lineage.graph.sqlite import SqliteStore
from tests.integration.test_graph_sqlite_faults import files
path, how, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = SqliteStore(path)
print("rebuilt" if store.rebuilt else "open", flush=True)
epoch = store.acquire("p")
there = store.state("p").files
missing = [c for p, c in sorted(files(seed).items()) if p not in there or there[p].fingerprint != c.fingerprint]
if how == "load":
    at = 0
    def stored(n):
        global at
        print(*[c.path for c in missing[at : at + n]], flush=True)
        at += n
    store.load("p", epoch, (pack("p", missing[i : i + 5]) for i in range(0, len(missing), 5)), stored)
else:
    for contribution in missing:
        store.apply("p", epoch, [contribution])
        print(contribution.path, flush=True)
print("done", flush=True)
store.close()
"""


def files(seed: int) -> dict[str, Contribution]:
    return {f"{i:03}": wide("p", f"{i:03}", 20 + i % 7, seed) for i in range(120)}


@pytest.mark.parametrize("how", ["load", "apply"])
def test_killed_at_random_moments_it_loses_nothing_and_nothing_half_looks_whole(tmp_path: Path, how: str) -> None:
    """Every file that was said to be stored is, with all its rows; the next writer goes on from there."""
    path, dice = str(tmp_path / "g.db"), random.Random(how)
    expected = files(0)
    acknowledged: set[str] = set()
    for _ in range(8):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, path, how, "0"], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        for _ in range(dice.randrange(1, 8 if how == "load" else 20)):
            acknowledged.update(set(writer.stdout.readline().split()) - {"done"})
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        store = SqliteStore(path)
        assert not store.rebuilt
        assert acknowledged <= _whole(store, expected)
        store.close()
    last = subprocess.run([sys.executable, "-c", _WRITER, path, how, "0"], capture_output=True, text=True, check=True)
    assert last.stdout.endswith("done\n")
    store, fresh = SqliteStore(path), SqliteStore(str(tmp_path / "fresh.db"))
    load(fresh, "p", fresh.acquire("p"), expected.values())
    assert store.dump("p") == fresh.dump("p")
    assert store.counts("p") == fresh.counts("p")
    store.close()
    fresh.close()


@contextmanager
def writing(path: str) -> Iterator[subprocess.Popen[str]]:
    """A process that saves one of five files for each line that it is sent."""
    code = """
import sys
from ray_lineage.graph.sqlite import SqliteStore
from tests.factory import wide
store = SqliteStore(sys.argv[1])
epoch = store.acquire("p")
for shift, _ in enumerate(sys.stdin, 1):
    store.apply("p", epoch, [wide("p", f"f{shift % 5}", 100, shift)])
    store.settle("p", epoch, f"digest {shift}")
    print(shift, flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_readers_are_never_in_the_way_and_see_one_state(tmp_path: Path) -> None:
    path = str(tmp_path / "g.db")
    store = SqliteStore(path)
    load(store, "p", store.acquire("p"), [wide("p", f"f{i}", 100) for i in range(5)])
    store.close()
    with writing(path) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        long = SqliteStore(path, read_only=True)
        with long.steady(["p"]):
            before = long.dump("p")
            for round_ in range(20):
                writer.stdin.write("\n" * 3)
                writer.stdin.flush()
                reader = SqliteStore(path, read_only=True)
                lines: dict[str, set[int]] = {}
                for row in reader.rows("p", "FLOWS_TO"):  # while files are being saved
                    lines.setdefault(row[2], set()).add(row[4] - int(row[0].rpartition("x")[2]))
                assert [len(shifts) for shifts in lines.values()] == [1] * 5, "a file is of one version"
                assert reader.counts("p")["FLOWS_TO"] == 500
                reader.close()
                for saved in range(3):
                    assert writer.stdout.readline() == f"{3 * round_ + saved + 1}\n"
            assert long.dump("p") == before
        assert long.dump("p") != before
        assert long.digest("p") == "digest 60"
        long.close()


def test_a_reader_after_a_kill_sees_what_was_committed(tmp_path: Path) -> None:
    """Nobody but the killed writer has ever looked after its log."""
    path = str(tmp_path / "g.db")
    with writing(path) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write("\n" * 7)
        writer.stdin.flush()
        for _ in range(7):
            assert writer.stdout.readline()
    assert Path(f"{path}-wal").stat().st_size
    reader = SqliteStore(path, read_only=True)
    assert reader.counts("p")["FLOWS_TO"] == 500
    assert reader.digest("p") == "digest 7"
    reader.close()


def test_real_files_killed_in_the_middle(tmp_path: Path) -> None:
    """The same with linked files that share columns, of which some go and some change meanwhile."""
    path = str(tmp_path / "g.db")
    store = SqliteStore(path)
    clean(store, "p", _scripts(""))
    store.close()
    code = """
import os, signal, sys
from ray_lineage.graph import tables
from ray_lineage.graph.sqlite import SqliteStore
from tests.factory import contributions
from tests.integration.test_graph_sqlite_faults import DIALECT, _scripts
path, step = sys.argv[1], int(sys.argv[2])
collect, left = tables.Replacement._collect, step

def dying(replacement):
    global left
    collect(replacement)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

tables.Replacement._collect = dying
store = SqliteStore(path)
epoch = store.acquire("p")
linked = contributions("p", _scripts(" + 1"), DIALECT)
for name in sorted(linked):
    store.apply("p", epoch, [linked[name]])
"""
    wanted = contributions("p", _scripts(" + 1"), DIALECT)
    for step in (1, 3, 6):
        died = subprocess.run([sys.executable, "-c", code, path, str(step)], check=False, timeout=100)
        assert died.returncode == -signal.SIGKILL
        store = SqliteStore(path)
        assert not store.rebuilt
        states = store.state("p").files
        assert sum(states[p].fingerprint == wanted[p].fingerprint for p in states) >= step - 1
        store.check()
        store.close()
    store = SqliteStore(path)
    epoch = store.acquire("p")
    store.apply("p", epoch, wanted.values())
    assert_as_clean(store, str(tmp_path), _scripts(" + 1"))
    store.close()


def _scripts(more: str) -> dict[str, str]:
    return {
        f"{i:02}.sql": f"CREATE VIEW v{i} AS SELECT a{more} AS a, b FROM v{i + 1} WHERE c > {i}; DELETE FROM w{i} WHERE a = 1"
        for i in range(8)
    }
