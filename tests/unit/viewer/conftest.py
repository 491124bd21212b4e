"""A small graph with all that a picture shows, names that want to be markup among it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.viewer.picture import Picture, read_picture
from tests.factory import contributions, load

HOSTILE = "</script><img src=x onerror=alert(1)>"
FILES = {
    "raw.sql": "CREATE TABLE raw.orders (id int, amount numeric, status text);\nCREATE TABLE raw.people (id int, name text);\nCOMMENT ON TABLE raw.people IS 'who they are'; COMMENT ON COLUMN raw.people.name IS 'in full'",
    "core/orders.sql": "CREATE VIEW core.orders AS\nSELECT o.id, o.amount * 2 AS amount\nFROM raw.orders o\nWHERE o.status = 'x'",
    "mart/total.sql": "CREATE TABLE mart.total AS\nSELECT SUM(amount) AS total, other\nFROM core.orders, ext.a, ext.b GROUP BY id",
    "mart/far.sql": "INSERT INTO mart.far SELECT total FROM mart.total",
    "odd.sql": f'CREATE TABLE odd.t AS SELECT name AS "{HOSTILE}" FROM raw.people',
}


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    store = SqliteStore(str(tmp_path_factory.mktemp("viewer") / "g.db"))
    for project in ("one", "two"):
        load(store, project, store.acquire(project), contributions(project, FILES).values())
    yield store
    store.close()


@pytest.fixture(scope="package")
def picture(store: SqliteStore) -> Picture:
    return read_picture(store, ["one"])
