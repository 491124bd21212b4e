"""The same questions to both stores give the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from ray_lineage.errors import UsageError
from ray_lineage.graph.base import BaseStore
from ray_lineage.graph.neo4j import Neo4jStore
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.query.find import find
from ray_lineage.query.lineage import walk
from ray_lineage.query.show import show
from ray_lineage.query.stats import stats
from ray_lineage.query.unused import unused
from ray_lineage.query.walk import resolve
from ray_lineage.query.why import path, why
from tests.conftest import ServerAddress
from tests.factory import contributions, load

pytestmark = pytest.mark.neo4j

FILES = {
    "a.sql": "CREATE TABLE raw.orders (id int, total int, region int); CREATE TABLE other.orders (id int)",
    "b.sql": "CREATE VIEW core.o AS SELECT * FROM raw.orders; CREATE VIEW core.u AS SELECT * FROM raw.unknown",
    "c.sql": "CREATE VIEW mart.s AS SELECT region, SUM(total) AS t FROM core.o GROUP BY region",
    "d.sql": "INSERT INTO mart.loop (x) SELECT x FROM mart.loop JOIN core.u USING (x) WHERE core.u.k = 1",
    "e.sql": "INSERT INTO mart.end (t, z) SELECT s.t, u.z FROM mart.s s JOIN core.u u ON s.region = u.k",
    "f.sql": "CREATE PROCEDURE dbo.p() LANGUAGE SQL AS $$ INSERT INTO mart.p (a) SELECT id FROM raw.orders $$",
}
NAMES = [
    "raw.orders",
    "core.o",
    "o.total",
    "mart.s.t",
    "mart.end",
    "mart.end.z",
    "core.u",
    "raw.unknown.z",
    "mart.loop.x",
    "MART.S",
    "dbo.p",
]


@pytest.fixture(scope="module")
def stores(
    neo4j_server: ServerAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SqliteStore, Neo4jStore]]:
    embedded = SqliteStore(str(Path(tmp_path_factory.mktemp("parity")) / "g.db"))
    server = neo4j_server.store()
    for store in (embedded, server):
        load(store, "parity", store.acquire("parity"), contributions("parity", FILES).values())
    yield embedded, server
    server.remove_project("parity")
    server.close()
    embedded.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("direction", ["upstream", "downstream"])
@pytest.mark.parametrize("influences", [False, True])
def test_walks(
    stores: tuple[BaseStore, BaseStore], name: str, direction: Literal["upstream", "downstream"], influences: bool
) -> None:
    embedded, server = (walk(s, name, direction, influences=influences, level="auto", project="parity") for s in stores)
    assert embedded == server


def test_what_a_walk_finds(stores: tuple[SqliteStore, Neo4jStore]) -> None:
    found = walk(stores[0], "mart.end.t", "upstream", influences=False, project="parity")
    assert found.nodes == {"mart.s.t": 1, "core.o.total": 2, "raw.orders.total": 3}
    star = walk(stores[0], "mart.end.z", "upstream", influences=False, project="parity")
    assert star.nodes == {"core.u.z": 1, "raw.unknown.*": 2}
    assert [s.certainty for s in star.steps] == ["certain", "possible"]
    tables = walk(stores[0], "raw.orders", "downstream", depth=2, project="parity")
    assert tables.nodes == {"core.o": 1, "mart.p": 1, "mart.s": 2}


def test_names(stores: tuple[SqliteStore, Neo4jStore]) -> None:
    for store in stores:
        assert resolve(store, "core.O", "parity").dataset == "core.o"
        with pytest.raises(UsageError) as caught:
            resolve(store, "orders", "parity")
        assert caught.value.code == "RL205"
        with pytest.raises(UsageError) as caught:
            resolve(store, "raw.orders.nope", "parity")
        assert "total" in (caught.value.help or "")


@pytest.mark.parametrize("name", ["core.o", "raw.orders", "dbo.p"])
def test_what_is_shown(stores: tuple[SqliteStore, Neo4jStore], name: str) -> None:
    embedded, server = (show(s, name, "parity") for s in stores)
    assert embedded == server


@pytest.mark.parametrize("words", [["o"], ["orders"], ["core.o", "total"], ["TOT"], ["ordres"], ["regon"], ["nothing"]])
def test_what_is_found(stores: tuple[SqliteStore, Neo4jStore], words: list[str]) -> None:
    embedded, server = (find(s, words, "parity") for s in stores)
    assert embedded == server


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("core.o.total", "mart.s.t"),
        ("core.o.region", "mart.s"),
        ("raw.orders", "mart.end"),
        ("core.u.k", "mart.loop.x"),
    ],
)
def test_why_and_by_which_way(stores: tuple[SqliteStore, Neo4jStore], source: str, target: str) -> None:
    embedded, server = (why(s, source, target, "parity") for s in stores)
    assert embedded == server
    embedded_way, server_way = (path(s, source, target, "parity") for s in stores)
    assert embedded_way == server_way
    assert embedded_way.steps


def test_what_nobody_reads(stores: tuple[SqliteStore, Neo4jStore]) -> None:
    embedded, server = (unused(s, "parity") for s in stores)
    assert embedded == server
    assert "other.orders" in [u.dataset for u in embedded.datasets]


def test_figures(stores: tuple[SqliteStore, Neo4jStore]) -> None:
    first, second = (stats(s, "parity") for s in stores)
    assert first.rows == second.rows
    assert (first.by_dialect, first.by_status, first.diagnostics) == (
        second.by_dialect,
        second.by_status,
        second.diagnostics,
    )
