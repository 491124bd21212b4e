"""The server store against a real Neo4j."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ray_lineage.errors import StoreRefused, StoreUnavailable
from ray_lineage.graph import cypher
from ray_lineage.graph.neo4j import Neo4jStore
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.graph.store import Origin
from tests.conftest import ServerAddress
from tests.factory import contributions, load, wide
from tests.neo4j_server.server import Neo4jServer
from tests.unit.graph.graph_model import DIALECT, Edit, clean, histories, replay, replay_with_crashes, rounds
from tests.unit.graph.test_graph_sqlite import HOSTILE

pytestmark = pytest.mark.neo4j


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_any_history_gives_the_graph_of_a_clean_ingest_in_the_other_store(
    neo4j_store: Neo4jStore, project: str, history: list[list[Edit]]
) -> None:
    neo4j_store.remove_project(project)
    files = replay(neo4j_store, project, history)
    with tempfile.TemporaryDirectory() as folder:
        embedded = SqliteStore(f"{folder}/g.db")
        clean(embedded, project, files)
        assert neo4j_store.dump(project) == embedded.dump(project)
        assert neo4j_store.counts(project) == embedded.counts(project)
        for label in ("Dataset", "Column"):
            ids = [row[0] for row in embedded.rows(project, label)]
            assert neo4j_store.spelled(ids, label) == embedded.spelled(ids, label)
        embedded.close()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=rounds, rows=st.integers(1, 12))
def test_crashes_between_the_pieces_of_a_large_file_leave_nothing_behind(
    neo4j_server: ServerAddress, neo4j_store: Neo4jStore, project: str, history: list[tuple[list[Edit], int]], rows: int
) -> None:
    neo4j_store.remove_project(project)
    files = replay_with_crashes(neo4j_server.store, project, history, rows)
    assert neo4j_store.dump(project) == _clean_dump(project, files)


def _clean_dump(project: str, files: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    with tempfile.TemporaryDirectory() as folder:
        embedded = SqliteStore(f"{folder}/g.db")
        clean(embedded, project, files)
        dump = embedded.dump(project)
        embedded.close()
    return dump


def test_a_file_larger_than_a_transaction(neo4j_server: ServerAddress, project: str) -> None:
    store = Neo4jStore(neo4j_server.uri, neo4j_server.username, neo4j_server.password, None, batch_size=1_000)
    epoch = store.acquire(project)
    for flows, shift in ((4_000, 0), (4_500, 1), (10, 0)):
        wanted = wide(project, "big", flows, shift)
        result = store.apply(project, epoch, [wanted, wide(project, "small", 5)])
        assert not result.rejected
        assert result.transactions > 4_000 / 1_000
        with tempfile.TemporaryDirectory() as folder:
            embedded = SqliteStore(f"{folder}/g.db")
            load(embedded, project, embedded.acquire(project), [wanted, wide(project, "small", 5)])
            assert store.dump(project) == embedded.dump(project)
            embedded.close()
    store.remove_project(project)
    store.close()


def test_a_server_with_little_memory_gets_smaller_transactions(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Neo4jServer(tmp_path_factory.mktemp("little"), db__memory__transaction__max="8m")
    server.start()
    try:
        store = Neo4jStore(server.uri, server.username, server.password, None)
        epoch = store.acquire("p")
        started = time.monotonic()
        for number, shift in enumerate((0, 1)):
            wanted = [wide("p", "big", 12_000, shift), *(wide("p", f"small{i}", 300, shift) for i in range(20))]
            result = store.apply("p", epoch, wanted)
            assert not result.rejected
            assert number or result.retries
        assert time.monotonic() - started < 120
        store.apply("p", epoch, [], ["big"])
        assert store.counts("p")["FLOWS_TO"] == 20 * 300
        store.close()
    finally:
        server.stop()


@pytest.mark.parametrize("query", [cypher.read_for_change(), cypher.change()])
def test_what_is_planned_once_finds_everything_by_index(neo4j_store: Neo4jStore, project: str, query: str) -> None:
    """Even if it is planned in an empty graph, where a scan would cost nothing."""
    neo4j_store.acquire(project)
    explained = query.replace("replan=skip", "replan=force EXPLAIN")
    assert explained != query
    with neo4j_store._session() as session:
        plan = session.run(explained, id=project, files=[f"{project}:a"], p={}).consume().plan
    kinds = set(operators(plan))
    assert any("IndexSeek" in kind for kind in kinds)
    assert not [kind for kind in kinds if "Scan" in kind]


def operators(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["operatorType"]
    for child in plan.get("children", ()):
        yield from operators(child)


def test_hostile_names_come_back_as_they_are(neo4j_store: Neo4jStore, project: str) -> None:
    columns = ", ".join('"{}" int'.format(n.replace('"', '""')) for n in HOSTILE)
    neo4j_store.apply(
        project, neo4j_store.acquire(project), contributions(project, {"a.sql": f"CREATE TABLE t ({columns})"}).values()
    )
    assert {c["name"] for c in neo4j_store.columns_of(f"{project}:t")} == set(HOSTILE)


def test_kinds_are_labels(neo4j_store: Neo4jStore, project: str) -> None:
    files = {"a.sql": "CREATE VIEW v AS SELECT x FROM t"}
    epoch = neo4j_store.acquire(project)
    neo4j_store.apply(project, epoch, contributions(project, files).values())
    query = "MATCH (d:`Dataset` {id: $id}) RETURN labels(d)"
    assert set(neo4j_store._read(query, id=f"{project}:v")[0][0]) == {"Dataset", "View"}
    files = {"a.sql": "INSERT INTO v (x) SELECT x FROM t"}
    neo4j_store.apply(project, epoch, contributions(project, files).values())
    assert set(neo4j_store._read(query, id=f"{project}:v")[0][0]) == {"Dataset", "Table"}


def test_an_older_writer_is_refused(neo4j_store: Neo4jStore, project: str) -> None:
    old = neo4j_store.acquire(project)
    neo4j_store.acquire(project)
    with pytest.raises(StoreRefused):
        neo4j_store.apply(project, old, contributions(project, {"a.sql": "SELECT 1"}).values())


def test_writers_that_come_at_once_have_an_epoch_each(neo4j_server: ServerAddress, project: str) -> None:
    stores = [neo4j_server.store() for _ in range(4)]
    for _ in range(5):
        with ThreadPoolExecutor(len(stores)) as threads:
            epochs = list(threads.map(lambda s: s.acquire(project), stores))
        assert len(set(epochs)) == len(stores)
    last = stores[epochs.index(max(epochs))]
    for store, epoch in zip(stores, epochs, strict=True):
        if store is not last:
            with pytest.raises(StoreRefused):
                store.settle(project, epoch, "settled")
    last.settle(project, max(epochs), "settled")
    assert last.digest(project) == "settled"
    assert last.acquire(project) > max(epochs)
    assert last.digest(project) == "settled"  # it is unsettled by what writes
    last.remove_project(project)
    for store in stores:
        store.close()


def test_a_wrong_password_is_said_once_and_not_shown(neo4j_server: ServerAddress) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Neo4jStore(neo4j_server.uri, neo4j_server.username, "canary-wrong", None)
    assert caught.value.code == "RL215"
    assert "canary-wrong" not in f"{caught.value}{caught.value.help}{caught.value.where}"


def test_nobody_listens() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Neo4jStore("bolt://127.0.0.1:9", "neo4j", "x", None)
    assert caught.value.code == "RL219"
    assert "127.0.0.1:9" in caught.value.message


def test_a_password_in_the_address_is_never_shown() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Neo4jStore("bolt://user:canary@127.0.0.1:9", "neo4j", "x", None)
    assert "canary" not in f"{caught.value.message}{caught.value.help}{caught.value.where}"


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Neo4jServer(tmp_path_factory.mktemp("killed"))
    server.start()
    try:
        store = Neo4jStore(server.uri, server.username, server.password, None, batch_size=200)
        files = {
            f"{i:03}.sql": f"INSERT INTO t{i} (a, b) SELECT x, y + z FROM u{i % 7} WHERE k = 1" for i in range(300)
        }
        linked = contributions("p", files, DIALECT)
        epoch = store.acquire("p")
        stored = 0
        killed = threading.Event()

        def on_stored(files: int) -> None:
            nonlocal stored
            stored += files
            if stored > 60 and not killed.is_set():
                killed.set()
                server.kill()
                threading.Thread(target=server.start, daemon=True).start()

        result = store.apply("p", epoch, [linked[p] for p in sorted(linked)], on_stored=on_stored)
        assert killed.is_set()
        assert not result.rejected
        assert stored == 300
        fresh = {p: s.fingerprint for p, s in store.state("p").files.items()}
        assert fresh == {p: c.fingerprint for p, c in linked.items()}
        with tempfile.TemporaryDirectory() as folder:
            embedded = SqliteStore(f"{folder}/g.db")
            clean(embedded, "p", files)
            assert store.dump("p") == embedded.dump("p")
            embedded.close()
        store.close()
    finally:
        server.stop()


def test_a_project_is_known_by_where_it_came_from_renamed_and_forgotten(neo4j_store: Neo4jStore, project: str) -> None:
    """The same as in the embedded store: equal rows under the new name, nothing under the old one."""
    files = {
        "a.sql": "CREATE VIEW v AS SELECT x FROM t WHERE y > 1",
        "b.sql": "CREATE PROCEDURE p() LANGUAGE sql AS $$ DELETE FROM v $$",
    }
    old, new = project, f"{project}-renamed"
    epoch = neo4j_store.acquire(old)
    neo4j_store.apply(old, epoch, contributions(old, files, DIALECT).values())
    neo4j_store.settle(old, epoch, "digest", Origin("/w/sql", "host", "2026-01-01T00:00:00Z"))
    assert neo4j_store.state(old).origin == Origin("/w/sql", "host", "2026-01-01T00:00:00Z")
    neo4j_store.rename_project(old, new)
    assert old not in neo4j_store.projects()
    assert [p.origin.root for p in neo4j_store.project_infos() if p.name == new] == ["/w/sql"]
    assert [p.files for p in neo4j_store.project_infos() if p.name == new] == [2]
    assert (neo4j_store.digest(new), {s.fingerprint for s in neo4j_store.state(new).files.values()}) == ("", {""})
    with pytest.raises(StoreRefused):  # who wrote it before is fenced off, and it is no longer there
        neo4j_store.apply(new, 0, [])
        neo4j_store.settle(new, 0, "late")
    neo4j_store.apply(new, neo4j_store.acquire(new), contributions(new, files, DIALECT).values())
    assert neo4j_store.dump(new) == _clean_dump(new, files)
    assert not any(neo4j_store.dump(old).values())
    neo4j_store.remove_project(new)
    assert not any(neo4j_store.dump(new).values())
    assert new not in neo4j_store.projects()


# --------------------------------------------------------------------------- what of its users' survives


def marked(store: Neo4jStore, pattern: str) -> list[Any]:
    return [r[0] for r in store._read(f"MATCH {pattern} WHERE x.mine IS NOT NULL RETURN x.mine ORDER BY x.mine")]


def test_what_users_wrote_survives_what_moves(neo4j_store: Neo4jStore, project: str) -> None:
    """As docs/graph-schema.md promises."""
    epoch = neo4j_store.acquire(project)
    view = "CREATE VIEW v AS SELECT a, SUM(b) AS s FROM t WHERE c > 1 GROUP BY a;\n"
    load(neo4j_store, project, epoch, contributions(project, {"a.sql": view, "b.sql": "SELECT a FROM t"}).values())
    everything = {
        "nodes": "(x)",
        "flows": "()-[x:FLOWS_TO]->()",
        "shapes": "()-[x:INFLUENCES]->()",
        "calls": "()-[x:DECLARES]->()",
    }
    for name, pattern in everything.items():
        neo4j_store._plain(f"MATCH {pattern} SET x.mine = $name", name=name)
    neo4j_store._plain("MATCH (d:Dataset {name: 'v'}), (c:Column {name: 'b'}) SET d:Certified CREATE (d)-[:MINE]->(c)")
    before = {name: marked(neo4j_store, pattern) for name, pattern in everything.items()}
    with neo4j_store._session() as session:
        ids = session.run("MATCH ()-[r]->() WHERE r.mine IS NOT NULL RETURN collect(elementId(r))").single()[0]
    for text in (
        f"-- why\n{view}",
        f"/* b\n*/\n{view}",
        view.replace("c > 1", "c > 2").replace("SUM(b)", "SUM(b + 1)"),
    ):
        neo4j_store.apply(project, epoch, contributions(project, {"a.sql": text}).values())
        assert {name: marked(neo4j_store, pattern) for name, pattern in everything.items()} == before
    with neo4j_store._session() as session:
        assert sorted(
            session.run("MATCH ()-[r]->() WHERE r.mine IS NOT NULL RETURN collect(elementId(r))").single()[0]
        ) == sorted(ids)
    assert len(neo4j_store._read("MATCH (:Certified)-[:MINE]->(:Column) RETURN 1")) == 1
    with tempfile.TemporaryDirectory() as folder:
        embedded = SqliteStore(f"{folder}/g.db")
        files = {"a.sql": text, "b.sql": "SELECT a FROM t"}
        load(embedded, project, embedded.acquire(project), contributions(project, files).values())
        assert neo4j_store.dump(project) == embedded.dump(project)
        embedded.close()
    neo4j_store.rename_project(project, f"{project}-2")
    assert {name: marked(neo4j_store, pattern) for name, pattern in everything.items()} == before
    neo4j_store.remove_project(f"{project}-2")


def test_columns_know_their_project_and_files_when_they_changed(neo4j_store: Neo4jStore, project: str) -> None:
    epoch = neo4j_store.acquire(project)
    load(neo4j_store, project, epoch, contributions(project, {"a.sql": "CREATE VIEW v AS SELECT a FROM t"}).values())
    neo4j_store.apply(project, epoch, contributions(project, {"b.sql": "CREATE VIEW w AS SELECT q FROM u"}).values())
    neo4j_store.apply(project, epoch, contributions(project, {"c.sql": "CREATE TABLE u (q int, r int)"}).values())

    def answers(of: str) -> list[tuple[Any, ...]]:
        query = (
            "MATCH (c:Column) WHERE c.id STARTS WITH $of + ':' WITH count(c) AS all, count(CASE c.project WHEN $of THEN 1 END) AS own "
            "MATCH (f:File {project: $of}) RETURN all, own, count(f), count(f.changed_at)"
        )
        return [tuple(r) for r in neo4j_store._read(query, of=of)]

    assert answers(project) == [(5, 5, 3, 3)]
    times = "MATCH (f:File {project: $of}) RETURN f.path, f.changed_at"
    before = dict(neo4j_store._read(times, of=project))
    assert before["a.sql"] < before["b.sql"] < before["c.sql"]
    neo4j_store.apply(project, epoch, contributions(project, {"b.sql": "CREATE VIEW w AS SELECT r FROM u"}).values())
    after = dict(neo4j_store._read(times, of=project))
    assert after["b.sql"] > before["c.sql"]
    assert after["a.sql"] == before["a.sql"]
    neo4j_store.rename_project(project, f"{project}-2")
    assert answers(f"{project}-2") == [(5, 5, 3, 3)]
    neo4j_store.remove_project(f"{project}-2")
