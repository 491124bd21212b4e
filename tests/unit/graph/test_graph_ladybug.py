"""The embedded store: hostile text, what it refuses, and its log."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ray_lineage.errors import StoreRefused, StoreUnavailable
from ray_lineage.graph import ladybug
from ray_lineage.graph.ladybug import LadybugStore
from ray_lineage.graph.schema import HAS_COLUMN
from tests.factory import contributions, wide

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


def test_a_key_that_the_engine_lost_is_noticed(ladybug_store: LadybugStore) -> None:
    epoch = ladybug_store.acquire("p")
    ladybug_store.apply("p", epoch, [wide("p", "f", 5)], fresh=True)
    with pytest.raises(RuntimeError, match="corrupt"):
        ladybug_store._insert_rels(HAS_COLUMN, [("p:t_f", "nowhere")])


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


@pytest.mark.parametrize("flows", [5, 700])  # below and above where rows are read from a file
def test_the_log_holds_every_row_of_a_replacement(tmp_path: Path, flows: int) -> None:
    place, after = tmp_path / "a", tmp_path / "b"
    store = LadybugStore(str(place / "g.lbug"))
    epoch = store.acquire("p")
    store.apply("p", epoch, [wide("p", f"f{i}", flows) for i in range(3)], fresh=True)
    store._run("CALL auto_checkpoint=false")
    store.apply("p", epoch, [wide("p", f"f{i}", flows, 1) for i in range(2)], ["f2"])
    shutil.copytree(place, after)  # as a crash before the next checkpoint would leave it
    crashed = LadybugStore(str(after / "g.lbug"))
    assert crashed.dump("p") == store.dump("p")
    assert not crashed.rebuilt
    crashed.close()
    store.close()


def test_the_log_does_not_grow_without_bound(ladybug_store: LadybugStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladybug, "_CHECKPOINT_BYTES", 100_000)
    epoch = ladybug_store.acquire("p")
    for shift in range(20):
        ladybug_store.apply("p", epoch, [wide("p", "f", 100, shift)])
        ladybug_store.settle("p", epoch, "digest")
        assert ladybug._stamp(ladybug_store._log)[1] < 200_000


def test_a_file_that_grew_by_replacing_is_built_anew(
    ladybug_store: LadybugStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladybug, "_EMPTY_BYTES", 2**20)
    monkeypatch.setattr(ladybug, "_WASTE", 1)
    epoch = ladybug_store.acquire("p")
    ladybug_store.apply("p", epoch, [wide("p", "kept", 100, 0)])
    sizes = [0]
    while sizes[-1] >= sizes[-2 if len(sizes) > 1 else 0]:
        assert len(sizes) < 60
        ladybug_store.apply("p", epoch, [wide("p", "f", 2_000, len(sizes))])
        before = ladybug_store.dump("p")
        ladybug_store.settle("p", epoch, "digest")
        assert ladybug_store.digest("p") == "digest"
        assert ladybug_store.dump("p") == before
        sizes.append(ladybug._stamp(ladybug_store.path)[1])
    assert len(sizes) > 3  # not every time
    ladybug_store.apply("p", epoch, [wide("p", "f", 10, 0)])
    assert set(ladybug_store.state("p").files) == {"kept", "f"}


def test_a_file_that_cannot_be_built_anew_stays_as_it_is(
    ladybug_store: LadybugStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        tries.append(1)
        raise RuntimeError("Buffer manager exception: there is no memory")

    tries: list[int] = []
    monkeypatch.setattr(ladybug, "_EMPTY_BYTES", 0)
    monkeypatch.setattr(ladybug, "_STORED_BYTES", 0)
    monkeypatch.setattr(LadybugStore, "_fill", fails)
    epoch = ladybug_store.acquire("p")
    ladybug_store.apply("p", epoch, [wide("p", "f", 100, 0)])
    before = ladybug_store.dump("p")
    ladybug_store.settle("p", epoch, "digest")
    assert ladybug_store.digest("p") == "digest"
    assert ladybug_store.dump("p") == before
    ladybug_store.settle("p", epoch, "again")  # the attempt itself made a checkpoint, by which the file grew
    tried = len(tries)
    ladybug_store.settle("p", epoch, "and again")
    assert ladybug_store.digest("p") == "and again"
    assert len(tries) == tried > 0
