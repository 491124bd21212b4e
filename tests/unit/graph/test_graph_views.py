"""The views that people read: as documented, as the dump says, and by index."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ray_lineage.graph.sqlite import SqliteStore
from tests.environment import PROJECT
from tests.factory import contributions

PAGE = (PROJECT / "docs" / "graph-schema.md").read_text("utf-8")
FILES = {
    "ddl/raw.sql": "CREATE TABLE raw.orders (id int, email text, total int)",
    "etl/core.sql": "CREATE VIEW core.dim_customer AS SELECT lower(email) AS email, sum(total) AS total FROM raw.orders "
    "WHERE id > 1 GROUP BY email",
    "etl/mart.sql": "INSERT INTO mart.top (email) SELECT email FROM core.dim_customer; SELECT FROM WHERE",
}


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    store = SqliteStore(str(tmp_path / "graph.db"))
    for project in ("shop", "other"):
        linked = contributions(project, FILES)
        store.apply(project, store.acquire(project), linked.values())
    store.close()
    connection = sqlite3.connect(f"file:{tmp_path}/graph.db?mode=ro", uri=True)
    yield connection
    connection.close()


def test_the_documented_views_are_there_and_no_others(graph: sqlite3.Connection) -> None:
    table = re.findall(
        r"^\| `(\w+)` \| (project, .*) \|$", PAGE.partition("## The embedded graph in SQL")[2], re.MULTILINE
    )
    documented = {name: [re.sub(r" \(.*", "", c) for c in columns.split(", ")] for name, columns in table}
    views = [r[0] for r in graph.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]
    assert documented == {v: [c[1] for c in graph.execute(f"PRAGMA table_info({v})")] for v in views}


def test_the_documented_queries_run(graph: sqlite3.Connection) -> None:
    block = re.findall(r"```sql\n(-- sqlite3.*?)```", PAGE, re.DOTALL)[0]
    answers = [graph.execute(q).fetchall() for q in block.split(";") if q.strip()]
    first, below, most, diagnostics = answers
    assert [r[:3] for r in first] == [("raw.orders", "email", "transformation")] * 2  # of both projects
    assert below == [("raw.orders",), ("core.dim_customer",), ("mart.top",)]
    assert most[0][2] >= most[-1][2] > 0
    assert diagnostics
    assert {r[0] for r in diagnostics} == {"etl/"}


def test_views_say_what_was_written(graph: sqlite3.Connection) -> None:
    def rows(query: str) -> list[tuple[object, ...]]:
        return graph.execute(query).fetchall()

    shop = "project = 'shop'"
    assert rows(f"SELECT name, kind, declared, file FROM datasets WHERE {shop} ORDER BY name") == [
        ("core.dim_customer", "View", 1, "etl/core.sql"),
        ("mart.top", "Table", 0, None),
        ("raw.orders", "Table", 1, "ddl/raw.sql"),
    ]
    assert rows(f"SELECT name, ordinal, declared FROM columns WHERE {shop} AND dataset = 'raw.orders' ORDER BY 2") == [
        ("id", 0, 1),
        ("email", 1, 1),
        ("total", 2, 1),
    ]
    assert rows(
        f"SELECT source_column, transformation, certainty, file, statement FROM column_lineage WHERE {shop} "
        "AND target_dataset = 'core.dim_customer' AND target_column = 'total'"
    ) == [("total", "aggregation", "certain", "etl/core.sql", 0)]
    assert sorted(rows(f"SELECT source_column, target, how FROM row_influences WHERE {shop}")) == [
        ("email", "core.dim_customer", "group_by"),
        ("id", "core.dim_customer", "filter"),
    ]
    assert rows(f"SELECT source, target FROM table_lineage WHERE {shop} AND file = 'etl/mart.sql'") == [
        ("core.dim_customer", "mart.top")
    ]
    assert rows(f"SELECT file, ordinal, kind FROM statements WHERE {shop} AND file = 'etl/core.sql'") == [
        ("etl/core.sql", 0, "create_view")
    ]
    assert rows(f"SELECT status, statements FROM files WHERE {shop} AND path = 'ddl/raw.sql'")[0][0] == "ok"


@pytest.mark.parametrize(
    "query",
    [
        "column_lineage WHERE target_dataset = 'a' AND target_column = 'b'",
        "column_lineage WHERE project = 'p' AND source_dataset = 'a'",
        "column_lineage WHERE file = 'a'",
        "row_influences WHERE target = 'a'",
        "table_lineage WHERE source = 'a'",
        "statements WHERE file = 'a'",
        "columns WHERE dataset = 'a'",
        "datasets WHERE name = 'a'",
        "diagnostics WHERE file = 'a'",
    ],
)
def test_what_is_asked_for_by_name_is_found_by_an_index(graph: sqlite3.Connection, query: str) -> None:
    steps = [r[3] for r in graph.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {query}")]
    assert [s for s in steps if s.startswith("SCAN") and not s.startswith(("SCAN p ", "SCAN j "))] == []
