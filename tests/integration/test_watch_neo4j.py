"""A watch that writes to a Neo4j which is killed, frozen, or refuses the password."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ray_lineage.graph.neo4j import Neo4jStore
from tests.integration.runs import Dump
from tests.integration.test_watch_edits import INLINE, fill
from tests.integration.watching import Watching, assert_same, clean, command, view
from tests.neo4j_server.server import Neo4jServer

pytestmark = [pytest.mark.neo4j, pytest.mark.slow, pytest.mark.timeout(290)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """Of its own, because it is killed."""
    server = Neo4jServer(tmp_path_factory.mktemp("killed"))
    server.start()
    yield server
    server.stop()


def credentials(server: Neo4jServer, password: str = "") -> dict[str, str]:
    return {
        "NEO4J_URI": server.uri,
        "NEO4J_USERNAME": server.username,
        "NEO4J_PASSWORD": password or server.password,
    }


@pytest.fixture
def watch(server: Neo4jServer, tmp_path: Path) -> Iterator[Watching]:
    fill(tmp_path / "sql")
    store = Neo4jStore(server.uri, server.username, server.password, None)
    store.remove_project("p")
    store.close()
    with Watching(tmp_path, *INLINE, env=credentials(server)) as watch:
        watch.rest()
        yield watch


def stored(server: Neo4jServer) -> Dump:
    store = Neo4jStore(server.uri, server.username, server.password, None)
    try:
        return store.dump("p")
    finally:
        store.close()


def edit(root: Path, name: str) -> None:
    """Changed, new and deleted files."""
    (root / "core/v3.sql").write_text(view("v3", name))
    (root / f"mart/{name}.sql").write_text(view(name, "v2"))
    next(iter(sorted((root / "mart/deep").glob("*.sql")))).unlink()


def held_up(watch: Watching, server: Neo4jServer) -> None:
    """It says that it waits, and for whom."""
    watch.until_status(lambda s: server.uri in s.admission)
    watch.until(lambda: f"held up: {server.uri} has not answered" in watch.said())


def test_the_server_is_killed_and_comes_back(server: Neo4jServer, watch: Watching) -> None:
    server.kill()
    edit(watch.root, "first")
    held_up(watch, server)
    assert watch.status().lag_seconds > 0
    edit(watch.root, "second")
    server.start()
    watch.rest()  # the driver's own pauses are up to 20 s long
    assert watch.status().admission == ""
    assert_same(stored(server), clean(watch.root))
    assert watch.end() == 143


def test_the_server_is_frozen_and_goes_on(server: Neo4jServer, watch: Watching) -> None:
    with server.frozen():
        edit(watch.root, "first")
        held_up(watch, server)
        edit(watch.root, "second")
    watch.rest()
    assert_same(stored(server), clean(watch.root))


def test_a_frozen_server_does_not_keep_it_from_ending(server: Neo4jServer, watch: Watching) -> None:
    with server.frozen():
        edit(watch.root, "first")
        watch.until_status(lambda s: s.in_flight > 0)
        assert watch.end(signal.SIGINT, 25) == 130  # the driver's own patience is 30 s
    assert "Traceback" not in watch.said()


def test_a_dry_run_beside_it_only_reads(server: Neo4jServer, watch: Watching) -> None:
    """Who begins to write makes whoever wrote before stop."""
    before = stored(server)
    words = ("ingest", "sql", "--executor", "local", "--dry-run", "--full", "--json")
    dry = command(watch.root.parent, *words, env=credentials(server))
    assert (dry.returncode, json.loads(dry.stdout)["files_written"]) == (0, watch.status().files), dry.stderr
    assert_same(stored(server), before)
    edit(watch.root, "first")
    watch.rest()
    assert_same(stored(server), clean(watch.root))
    assert watch.end() == 143


def test_a_wrong_password(server: Neo4jServer, tmp_path: Path) -> None:
    fill(tmp_path / "sql")
    done = command(tmp_path, "watch", "sql", *INLINE, env=credentials(server, "canary-wrong"))
    assert done.returncode == 3
    assert f"error[RL215]: Neo4j at {server.uri} refused the user name or password" in done.stderr
    assert "Traceback" not in done.stderr and "canary" not in done.stderr + done.stdout


@pytest.mark.parametrize("query", ["MATCH (n) DETACH DELETE n", "MATCH (f:File) WITH f LIMIT 3 DETACH DELETE f"])
def test_a_graph_that_is_emptied_is_built_anew(server: Neo4jServer, watch: Watching, query: str) -> None:
    import neo4j

    with neo4j.GraphDatabase.driver(server.uri, auth=(server.username, server.password)) as driver:
        driver.execute_query(query)
    watch.until(lambda: "code=RL228" in watch.said())
    watch.rest()
    assert_same(stored(server), clean(watch.root))


def test_lag_is_the_age_of_the_oldest_change_while_the_server_is_away(server: Neo4jServer, watch: Watching) -> None:
    """Also of a change that nobody hears of, because no session listens just then."""
    server.kill()
    watch.until_status(lambda s: s.phase == "starting" and s.metrics["ray_lineage_store_up"] == 0)
    edit(watch.root, "first")
    changed = time.time()
    assert watch.until_status(lambda s: s.lag_seconds > 0).phase == "starting"
    for name in ("second", "third"):
        edit(watch.root, name)
        found = watch.status()
        assert abs(found.lag_seconds - (found.written_at - changed)) < 5
    assert found.metrics["ray_lineage_store_retries_total"] > 0
    server.start()
    watch.rest()
    assert watch.status().lag_seconds == 0
    assert_same(stored(server), clean(watch.root))
