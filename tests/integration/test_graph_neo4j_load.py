"""A first load of a real Neo4j: equal to a clean ingest, whatever ends or breaks in the middle."""

from __future__ import annotations

import contextlib
import logging
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import neo4j
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ray_lineage.graph.neo4j
from ray_lineage.errors import StoreRefused
from ray_lineage.graph import cypher
from ray_lineage.graph.neo4j import Neo4jStore
from ray_lineage.graph.pack import Pack, decode_pack, encode_pack, pack
from ray_lineage.graph.schema import WRITES
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.model import Contribution
from tests.conftest import ServerAddress
from tests.factory import contributions, wide
from tests.neo4j_server.proxy import Break, Wire
from tests.neo4j_server.server import Neo4jServer
from tests.unit.graph.graph_model import DIALECT, Edit, clean, histories, replay

pytestmark = pytest.mark.neo4j

_DEADLINE_SECONDS = 60
Dump = dict[str, list[tuple[Any, ...]]]


def repository(files: int) -> dict[str, str]:
    """Files that mention one another's tables before and after they are declared."""
    out = {}
    for n in range(files):
        out[f"{n:04}a.sql"] = f"INSERT INTO t{n} (a, b) SELECT x, y + z FROM v{(n * 7) % files} WHERE k = 1"
        out[f"{n:04}b.sql"] = f"CREATE VIEW v{n} AS SELECT x, y, z, k FROM u{n % 7}"
        out[f"{n:04}c.sql"] = f"CREATE TABLE t{n} (a int, b text)" if n % 2 else f"DELETE FROM t{n} WHERE a > 1"
    return out


def linked(project: str, files: dict[str, str]) -> list[Contribution]:
    return [c for _, c in sorted(contributions(project, files, DIALECT).items())]


def packed(project: str, found: Sequence[Contribution], files: int = 20) -> list[Pack]:
    return [pack(project, found[i : i + files]) for i in range(0, len(found), files)]


def expected(project: str, files: dict[str, str]) -> Dump:
    """What the other store holds after a clean ingest."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(f"{folder}/g.db")
        clean(store, project, files)
        dump = store.dump(project)
        store.close()
    return dump


def settled(store: Neo4jStore, project: str) -> None:
    """Nothing is left of the load itself, and every file counts as whole."""
    assert not store._read(f"MATCH (l:`{cypher.LANE}`) RETURN l.id")
    assert all(s.fingerprint for s in store.state(project).files.values())


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories, after=histories, files=st.integers(1, 3), rows=st.integers(1, 30))
def test_a_load_and_the_edits_after_it_equal_a_clean_ingest(
    neo4j_store: Neo4jStore, project: str, history: list[list[Edit]], after: list[list[Edit]], files: int, rows: int
) -> None:
    neo4j_store.remove_project(project)
    first = {path: sql for edits in history for path, sql in edits if sql is not None}
    neo4j_store.transaction_rows = rows  # type: ignore[misc]
    told: list[int] = []
    result = neo4j_store.load(
        project, neo4j_store.acquire(project), packed(project, linked(project, first), files), told.append
    )
    assert not result.rejected and sum(told) == len(first)
    assert neo4j_store.dump(project) == expected(project, first)
    settled(neo4j_store, project)
    neo4j_store.transaction_rows = 10_000  # type: ignore[misc]
    then = replay(neo4j_store, project, [[(path, None) for path in first], *after])
    assert neo4j_store.dump(project) == expected(project, then)


def test_kinds_are_labels(neo4j_store: Neo4jStore, project: str) -> None:
    files = {"a.sql": "INSERT INTO t (x) SELECT y FROM v", "b.sql": "CREATE VIEW v AS SELECT y FROM sys.u"}
    neo4j_store.load(project, neo4j_store.acquire(project), packed(project, linked(project, files), 1))
    rows = neo4j_store._read("MATCH (d:`Dataset`) WHERE d.project = $p RETURN d.name, labels(d)", p=project)
    assert {name: set(labels) - {"Dataset"} for name, labels in rows} == {
        "t": {"Table"}, "v": {"View"}, "sys.u": {"System"},
    }  # fmt: skip


def test_a_load_into_a_project_that_has_files_is_a_difference(neo4j_store: Neo4jStore, project: str) -> None:
    files = repository(4)
    found = linked(project, files)
    epoch = neo4j_store.acquire(project)
    neo4j_store.load(project, epoch, packed(project, found[:6]))
    neo4j_store.load(project, epoch, packed(project, found))
    assert neo4j_store.dump(project) == expected(project, files)


def test_what_one_pack_cannot_have_does_not_stop_the_others(neo4j_store: Neo4jStore, project: str) -> None:
    files = repository(12)
    found = linked(project, files)
    bad = wide(project, "bad", 3)
    bad.rows["FLOWS_TO"][1] = (*bad.rows["FLOWS_TO"][1][:2], 2**70, *bad.rows["FLOWS_TO"][1][3:])  # no 64-bit number
    told: list[int] = []
    packs = packed(project, [*found[:10], bad, *found[10:]], 6)
    result = neo4j_store.load(project, neo4j_store.acquire(project), packs, told.append)
    assert [(r.path, r.code) for r in result.rejected] == [("bad", "RL502")]
    assert sum(told) == len(found) + 1
    states = neo4j_store.state(project).files
    assert {p for p, s in states.items() if not s.fingerprint} <= {"bad"}
    neo4j_store.apply(project, neo4j_store.acquire(project), [], ["bad"])
    assert neo4j_store.dump(project) == expected(project, files)


def test_an_older_run_that_loads_is_refused(neo4j_server: ServerAddress, project: str) -> None:
    old, new = neo4j_server.store(), neo4j_server.store()
    files = repository(10)
    found = packed(project, linked(project, files), 3)

    def overtaken() -> Iterator[Pack]:
        yield from found[:5]
        new.load(project, new.acquire(project), found)
        yield from found[5:]

    with pytest.raises(StoreRefused):
        old.load(project, old.acquire(project), overtaken())
    assert new.dump(project) == expected(project, files)
    new.remove_project(project)
    old.close()
    new.close()


# ------------------------------------------------------------------ what breaks


@pytest.mark.parametrize("kind", ["before", "after"])
def test_connections_lost_at_commit(neo4j_server: ServerAddress, project: str, kind: Break) -> None:
    """Nobody knows whether it was committed; nothing is lost and nothing is there twice."""
    breaking = threading.Event()
    wire = Wire(int(neo4j_server.uri.rpartition(":")[2]), lambda n: kind if breaking.is_set() and n % 5 == 0 else "")
    auth = (neo4j_server.username, neo4j_server.password)
    store = Neo4jStore(wire.uri, *auth, None, batch_size=150, sleep=lambda seconds: None)
    files = repository(40)
    packs = packed(project, linked(project, files))
    try:
        epoch = store.acquire(project)
        result = store.load(project, epoch, breaks_from(packs, breaking))
        breaking.clear()
        assert wire.broken > 3 and result.retries and not result.rejected
        assert store.dump(project) == expected(project, files)
        settled(store, project)
        changed = files | {"0001a.sql": "INSERT INTO t1 (a) SELECT k FROM v3"}
        breaking.set()
        for some in [changed, files] * 5 + [changed]:
            store.apply(project, epoch, [contributions(project, some, DIALECT)["0001a.sql"]])
        breaking.clear()
        assert store.dump(project) == expected(project, changed)
    finally:
        store.remove_project(project)
        store.close()
        wire.close()


def breaks_from(packs: list[Pack], breaking: threading.Event) -> Iterator[Pack]:
    """The load has begun."""
    breaking.set()
    yield from packs


def test_deadlocks_are_repeated(
    neo4j_server: ServerAddress, project: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else holds what a load needs, and wants what it holds: one gives way, and that is who has fewer locks: the load."""
    store = neo4j_server.store()
    files = {f"{n:03}.sql": f"INSERT INTO t (a) SELECT x FROM u{n % 5}" for n in range(10)}
    inside, waiting = threading.Event(), threading.Event()
    run = ray_lineage.graph.neo4j._done

    def pausing(tx: Any, query: str, parameters: Mapping[str, Any]) -> None:
        run(tx, query, parameters)
        if query == cypher.fill_rels(WRITES):
            inside.set()
            assert waiting.wait(_DEADLINE_SECONDS)

    def in_the_way(tx: neo4j.Transaction) -> None:
        assert inside.wait(_DEADLINE_SECONDS)
        lock(tx, "Dataset", f"{project}:u0")
        lock(tx, cypher.LANE, f"{project}:datasets")
        tx.rollback()

    def watching(session: neo4j.Session) -> None:
        until(lambda: any(s.startswith("Blocked") for s in session.run("SHOW TRANSACTIONS YIELD status").value()))
        waiting.set()

    monkeypatch.setattr(ray_lineage.graph.neo4j, "_done", pausing)
    auth = (neo4j_server.username, neo4j_server.password)
    with (
        neo4j.GraphDatabase.driver(neo4j_server.uri, auth=auth) as driver,
        driver.session() as session,
        driver.session() as other,
        caplog.at_level(logging.WARNING, "neo4j"),
        session.begin_transaction() as elder,
        ThreadPoolExecutor(2) as threads,
    ):
        elder.run("UNWIND range(1, 2000) AS i CREATE (:Scratch {id: i})").consume()
        others = [threads.submit(in_the_way, elder), threads.submit(watching, other)]
        result = store.load(project, store.acquire(project), packed(project, linked(project, files)))
        for done in others:
            done.result(_DEADLINE_SECONDS)
    assert "DeadlockDetected" in caplog.text and not result.rejected
    assert store.dump(project) == expected(project, files)
    store.remove_project(project)
    store.close()


def lock(tx: neo4j.Transaction, label: str, identity: str) -> None:
    tx.run(f"MATCH (n:`{label}` {{id: $id}}) SET n.x = 1 REMOVE n.x", id=identity).consume()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline


@pytest.mark.slow
def test_a_killed_server_loses_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Neo4jServer(tmp_path_factory.mktemp("killed"))
    server.start()
    try:
        store = Neo4jStore(server.uri, server.username, server.password, None, batch_size=200)
        files = repository(40)
        packs = packed("p", linked("p", files), 5)
        back: list[threading.Thread] = []

        def killed_twice() -> Iterator[Pack]:
            for number, packed in enumerate(packs):
                if number in (6, 15):
                    server.kill()
                    back.append(threading.Thread(target=server.start))
                    back[-1].start()
                    back[-1].join()
                yield packed

        result = store.load("p", store.acquire("p"), killed_twice())
        assert len(back) == 2 and not result.rejected
        assert store.dump("p") == expected("p", files)
        settled(store, "p")
        store.close()
    finally:
        server.stop()


_LOADING = """
import sys
from ray_lineage.graph.neo4j import Neo4jStore
from ray_lineage.graph.pack import decode_pack
uri, user, password, project, rows, *packs = sys.argv[1:]
store = Neo4jStore(uri, user, password, None, batch_size=int(rows))
epoch = store.acquire(project)
packs = (decode_pack(open(p, "rb").read()) for p in packs)

def stored(files):
    print(files, flush=True)
    sys.stdin.readline()

store.load(project, epoch, packs, stored)
"""


@pytest.mark.slow
def test_a_killed_client_leaves_nothing_that_looks_whole(
    neo4j_server: ServerAddress, project: str, tmp_path: Path
) -> None:
    """kill -9 at random moments; the next run has a clean graph to begin with."""
    files = repository(60)
    paths = []
    for number, one in enumerate(packed(project, linked(project, files), 5)):
        paths.append(str(tmp_path / f"{number:03}.pack"))
        Path(paths[-1]).write_bytes(encode_pack(one))
    arguments = [neo4j_server.uri, neo4j_server.username, neo4j_server.password, project, "40", *paths]
    store = neo4j_server.store()
    wanted = expected(project, files)
    moments = random.Random(5)
    rounds = [moments.randrange(len(files)) for _ in range(12)]
    halfway = 0
    for stored in rounds:
        store.remove_project(project)
        _killed_loading(arguments, stored, moments.uniform(0, 0.02))
        halfway += _looks_right(store, project, wanted, paths)
    assert halfway > 8
    store.remove_project(project)
    store.close()


def _killed_loading(arguments: list[str], stored: int, then: float) -> None:
    """Killed so many seconds after so many files were stored. It goes on when it is told to, and so is never done before."""
    command = [sys.executable, "-c", _LOADING, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None and process.stdout is not None
        told = 0
        while told < stored:
            told += int(process.stdout.readline())
            process.stdin.write("\n")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(then)
        process.kill()


def _looks_right(store: Neo4jStore, project: str, wanted: Dump, paths: list[str]) -> bool:
    """Was it killed halfway? Then it is as if nothing were there."""
    whole = bool(store.state(project).files)
    rest = store.counts(project)
    if whole:
        assert store.dump(project) == wanted
    epoch = store.acquire(project)
    if whole:
        return False
    assert not any(store.counts(project).values())
    store.load(project, epoch, [decode_pack(Path(p).read_bytes()) for p in paths])
    assert store.dump(project) == wanted
    settled(store, project)
    return any(rest.values())


def test_a_run_that_fails_in_the_middle_is_begun_anew(neo4j_store: Neo4jStore, project: str) -> None:
    files = repository(20)
    packs = packed(project, linked(project, files), 5)

    def failing(at: int) -> Callable[[], Iterator[Pack]]:
        def some() -> Iterator[Pack]:
            yield from packs[:at]
            raise KeyboardInterrupt

        return some

    for at in (0, 3, len(packs)):
        with pytest.raises(KeyboardInterrupt):
            neo4j_store.load(project, neo4j_store.acquire(project), failing(at)())
        assert not neo4j_store.state(project).files
    neo4j_store.load(project, neo4j_store.acquire(project), packs)
    assert neo4j_store.dump(project) == expected(project, files)
