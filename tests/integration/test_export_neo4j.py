"""Both stores export the same bytes, and a graph on the server is verified against the files."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ray_lineage.graph.neo4j import Neo4jStore
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.query.export import write_csv, write_jsonl, write_openlineage
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.verify import verify
from ray_lineage.settings import load_settings
from tests.conftest import ServerAddress
from tests.factory import contributions, load
from tests.unit.query.test_query_export import FILES

pytestmark = pytest.mark.neo4j


def test_the_same_bytes(neo4j_store: Neo4jStore, sqlite_store: SqliteStore, project: str, tmp_path: Path) -> None:
    stores = {"server": neo4j_store, "embedded": sqlite_store}
    found: dict[str, tuple[bytes, bytes, dict[str, bytes]]] = {}
    for name, store in stores.items():
        load(store, project, store.acquire(project), contributions(project, FILES).values())
        lines, events = io.BytesIO(), io.BytesIO()
        with store.steady([project]):
            write_jsonl(store, [project], lines)
            write_openlineage(store, [project], events, datetime(2026, 1, 2, tzinfo=UTC))
            write_csv(store, [project], str(tmp_path / name))
        files = {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()}
        found[name] = (lines.getvalue(), events.getvalue(), files)
    assert found["server"] == found["embedded"]


def test_verify(neo4j_server: ServerAddress, neo4j_store: Neo4jStore, project: str, tmp_path: Path) -> None:
    (tmp_path / "sql" / "b").mkdir(parents=True)
    for name, text in FILES.items():
        (tmp_path / "sql" / name).write_text(text)
    flags = {
        "project": project, "store": neo4j_server.uri, "neo4j_username": neo4j_server.username,
        "neo4j_password": neo4j_server.password, "data_dir": str(tmp_path / "data"), "executor": "local",
    }  # fmt: skip
    settings = load_settings(flags, cwd=str(tmp_path), environ={}).settings
    ingest(settings, [str(tmp_path / "sql")])
    assert verify(settings, [str(tmp_path / "sql")], deep=True).equal
    (tmp_path / "sql" / "a.sql").write_text("CREATE TABLE raw.o (id int, total int, region text, more text)")
    assert "a.sql" in verify(settings, [str(tmp_path / "sql")]).differing
