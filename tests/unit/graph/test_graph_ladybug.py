"""The embedded store: the invariant, hostile text, what it refuses, and real crashes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.errors import StoreRefused, StoreUnavailable
from ray_lineage.graph import ladybug
from ray_lineage.graph.ladybug import LadybugStore
from ray_lineage.model import Contribution
from tests.factory import contributions
from tests.unit.graph.graph_model import Edit, clean, histories, replay, replay_with_crashes, rounds

HOSTILE = [
    "it's",
    'quo"te',
    "back`tick",
    "new\nline",
    "tab\t",
    "}) DETACH DELETE n //",
    "é😀",
    "\u202eright",
    "back\\slash",
    "''",
    "NULL",
    "$rows",
    "a,b",
    " x ",
]


@settings(max_examples=40, deadline=None)
@given(histories)
def test_any_history_gives_the_graph_of_a_clean_ingest(history: list[list[Edit]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = LadybugStore(f"{folder}/a.lbug")
        files = replay(store, "p", history)
        fresh = LadybugStore(f"{folder}/b.lbug")
        clean(fresh, "p", files)
        assert store.dump("p") == fresh.dump("p")
        store.close()
        fresh.close()


@settings(max_examples=40, deadline=None)
@given(rounds, st.integers(1, 12))
def test_crashes_between_the_pieces_of_a_large_file_leave_nothing_behind(
    history: list[tuple[list[Edit], int]], rows: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = replay_with_crashes(lambda: LadybugStore(f"{folder}/a.lbug"), "p", history, rows)
        store, fresh = LadybugStore(f"{folder}/a.lbug"), LadybugStore(f"{folder}/b.lbug")
        clean(fresh, "p", files)
        assert store.dump("p") == fresh.dump("p")
        store.close()
        fresh.close()


@settings(max_examples=25, deadline=None)
@given(histories)
def test_passes_over_the_tables_do_what_look_ups_do(history: list[list[Edit]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name in ("_FEW_FILES", "_SPREAD", "_DROPPED_ALONE", "_ASKED_ALONE", "_COPY_FROM"):
            patch.setattr(ladybug, name, 10**9 if name == "_SPREAD" else 0)
        store, fresh = LadybugStore(f"{folder}/a.lbug"), LadybugStore(f"{folder}/b.lbug")
        files = replay(store, "p", history)
        clean(fresh, "p", files)
        assert store.dump("p") == fresh.dump("p")
        store.close()
        fresh.close()


def test_applying_twice_changes_nothing(ladybug_store: LadybugStore) -> None:
    linked = list(contributions("p", {"a.sql": "CREATE VIEW v AS SELECT x FROM t"}).values())
    epoch = ladybug_store.acquire("p")
    ladybug_store.apply("p", epoch, linked)
    before = ladybug_store.dump("p")
    ladybug_store.apply("p", epoch, linked)
    assert ladybug_store.dump("p") == before


@pytest.mark.parametrize("count", [1, 600])  # below and above where rows are copied instead of unwound
def test_hostile_names_come_back_as_they_are(ladybug_store: LadybugStore, count: int) -> None:
    quoted = [n.replace('"', '""') for n in HOSTILE]
    columns = ", ".join(f'"{q}" int' for q in quoted) + "".join(f', "c{i}" int' for i in range(count))
    linked = contributions("p", {"a.sql": f"CREATE TABLE t ({columns})"})
    epoch = ladybug_store.acquire("p")
    ladybug_store.apply("p", epoch, linked.values(), fresh=True)
    assert {c["name"] for c in ladybug_store.columns_of("p:t")} >= set(HOSTILE)


def test_projects_do_not_touch_one_another(ladybug_store: LadybugStore) -> None:
    for project in ("p", "q"):
        epoch = ladybug_store.acquire(project)
        ladybug_store.apply(
            project, epoch, contributions(project, {"a.sql": "CREATE VIEW v AS SELECT x FROM t"}).values()
        )
    before = ladybug_store.dump("q")
    ladybug_store.apply("p", ladybug_store.acquire("p"), [], ["a.sql"])
    assert ladybug_store.dump("q") == before
    assert not any(ladybug_store.dump("p").values())


def test_an_older_writer_is_refused(ladybug_store: LadybugStore) -> None:
    old = ladybug_store.acquire("p")
    ladybug_store.acquire("p")
    with pytest.raises(StoreRefused) as caught:
        ladybug_store.apply("p", old, contributions("p", {"a.sql": "SELECT 1"}).values())
    assert caught.value.code == "RL221"


def test_applying_unsettles(ladybug_store: LadybugStore) -> None:
    epoch = ladybug_store.acquire("p")
    ladybug_store.settle("p", epoch, "digest")
    assert ladybug_store.digest("p") == "digest"
    ladybug_store.apply("p", epoch, contributions("p", {"a.sql": "SELECT 1"}).values())
    assert ladybug_store.digest("p") == ""


def test_reading_a_graph_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        LadybugStore(str(tmp_path / "none.lbug"), read_only=True)
    assert caught.value.code == "RL210"


def test_a_foreign_file_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "graph.lbug"
    path.write_bytes(b"this is no database" * 1000)
    store = LadybugStore(str(path))
    assert "moved aside" in store.rebuilt
    assert store.counts("p")["File"] == 0
    store.close()
    assert [p for p in tmp_path.iterdir() if ".broken-" in p.name]


def test_a_second_process_is_told_who_holds_it(ladybug_store: LadybugStore) -> None:
    code = (
        "import sys; from ray_lineage.graph.ladybug import LadybugStore\n"
        "try: LadybugStore(sys.argv[1])\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, ladybug_store.uri], capture_output=True, text=True, timeout=60)
    assert str(os.getpid()) in done.stdout


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


def test_kill_while_writing_leaves_whole_files(tmp_path: Path) -> None:
    code = """
import sys
from ray_lineage.graph.ladybug import LadybugStore
from tests.unit.graph.test_graph_ladybug import _files
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
