"""Statements that write: INSERT, UPDATE, MERGE, DELETE, CREATE ... AS, SELECT INTO, OUTPUT."""

from typing import Any

import pytest

import ray_lineage
from tests.unit.sql.cases import Case, check

CASES: list[Case] = [
    ("", "INSERT INTO g (x, y) SELECT a, b + 1 FROM t", ["t.a > g.x i", "t.b > g.y t"]),
    ("", "INSERT INTO g (x) VALUES (1)", []),
    ("", "INSERT INTO g (x) SELECT a FROM t UNION ALL SELECT c FROM u", ["t.a > g.x i", "u.c > g.x i"]),
    ("", "WITH q AS (SELECT a FROM t) INSERT INTO g (x) SELECT a FROM q", ["t.a > g.x i"]),
    ("postgres", "INSERT INTO g (x) WITH q AS (SELECT a FROM t) SELECT a FROM q", ["t.a > g.x i"]),
    (
        "postgres",
        "INSERT INTO g (k, x) SELECT id, a FROM t ON CONFLICT (k) DO UPDATE SET x = excluded.x + g.x",
        ["t.id > g.k i", "t.a > g.x t", "g.x > g.x t"],
    ),
    ("", "UPDATE g SET x = y + 1 WHERE z = 1", ["g.y > g.x t"]),
    ("postgres", "UPDATE g SET x = t.a FROM t WHERE t.id = g.id", ["t.a > g.x i"]),
    (
        "postgres",
        "UPDATE g SET (x, y) = (SELECT a, b FROM t WHERE t.id = g.id)",
        ["t.a > g.x i", "t.b > g.y i"],
    ),
    ("mysql", "UPDATE g JOIN t ON t.id = g.id SET g.x = t.a", ["t.a > g.x i"]),
    ("tsql", "UPDATE z SET x = t.a FROM dbo.g z JOIN t ON t.id = z.id", ["t.a > dbo.g.x i"]),
    ("tsql", "UPDATE dbo.g SET x += t.a FROM dbo.g JOIN t ON t.id = g.id", ["t.a > dbo.g.x t", "dbo.g.x > dbo.g.x t"]),
    ("tsql", "WITH q AS (SELECT id, x FROM dbo.g) UPDATE q SET x = 1 + id", ["dbo.g.id > dbo.g.x t"]),
    (
        "tsql",
        "MERGE dbo.g AS z USING t ON z.id = t.id WHEN MATCHED THEN UPDATE SET z.x = t.a WHEN NOT MATCHED THEN INSERT (id, x) VALUES (t.id, t.b);",
        ["t.a > dbo.g.x i", "t.b > dbo.g.x i", "t.id > dbo.g.id i"],
    ),
    (
        "snowflake",
        "MERGE INTO g USING (SELECT id, a + 1 AS n FROM t) s ON g.id = s.id WHEN MATCHED AND s.n > 1 THEN UPDATE SET x = s.n",
        ["t.a > g.x t"],
    ),
    ("", "DELETE FROM g WHERE x IN (SELECT a FROM t)", []),
    ("", "CREATE TABLE g AS SELECT a, b AS c FROM t", ["t.a > g.a i", "t.b > g.c i"]),
    ("", "CREATE VIEW g (x, y) AS SELECT a, b FROM t", ["t.a > g.x i", "t.b > g.y i"]),
    ("postgres", "CREATE MATERIALIZED VIEW g AS SELECT a FROM t WITH NO DATA", ["t.a > g.a i"]),
    (
        "tsql",
        "CREATE OR ALTER VIEW dbo.g WITH SCHEMABINDING AS SELECT a FROM dbo.t WITH CHECK OPTION",
        ["dbo.t.a > dbo.g.a i"],
    ),
    ("tsql", "SELECT a, b INTO dbo.g FROM t", ["t.a > dbo.g.a i", "t.b > dbo.g.b i"]),
    ("tsql", "DELETE dbo.g OUTPUT deleted.x INTO dbo.log (x) WHERE x = 1", ["dbo.g.x > dbo.log.x i"]),
    (
        "tsql",
        "UPDATE dbo.g SET x = 1 OUTPUT inserted.x, deleted.y INTO dbo.log",
        ["dbo.g.x > dbo.log.x i", "dbo.g.y > dbo.log.y i"],
    ),
    ("tsql", "INSERT dbo.g WITH (TABLOCK) (x) SELECT a FROM t OPTION (MAXDOP 1)", ["t.a > dbo.g.x i"]),
    ("tsql", "CREATE TABLE dbo.g (x int, y AS (x * 2) PERSISTED)", ["dbo.g.x > dbo.g.y t"]),
    # temporary tables are looked through
    ("tsql", "SELECT a, b INTO #w FROM t\nINSERT INTO g (x) SELECT a + b FROM #w", ["t.a > g.x t", "t.b > g.x t"]),
    (
        "tsql",
        "CREATE TABLE #w (p int, q int)\nINSERT #w SELECT a, b FROM t\nINSERT INTO g (x) SELECT q FROM #w",
        ["t.b > g.x i"],
    ),
    (
        "tsql",
        "DECLARE @w TABLE (p int)\nINSERT @w (p) SELECT a FROM t\nUPDATE g SET x = w.p FROM g JOIN @w w ON w.p = g.id",
        ["t.a > g.x i"],
    ),
    ("postgres", "CREATE TEMP TABLE w AS SELECT a FROM t; INSERT INTO g (x) SELECT a FROM w", ["t.a > g.x i"]),
    # recursion
    (
        "postgres",
        "WITH RECURSIVE r (n, p) AS (SELECT id, a FROM t UNION ALL SELECT t.id, r.n FROM t JOIN r ON t.a = r.n) INSERT INTO g (x, y) SELECT n, p FROM r",
        ["t.id > g.x i", "t.a > g.y i", "t.id > g.y i"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[1][:70])
def test_write(case: Case) -> None:
    check(case)


def test_rows_are_influenced_not_columns() -> None:
    found = ray_lineage.lineage(
        "INSERT INTO g SELECT a FROM t JOIN u ON t.id = u.id WHERE t.b > 1 GROUP BY a HAVING MAX(u.c) > 1", "postgres"
    )
    assert {(str(i.source), i.target, i.how) for i in found.influences} == {
        ("t.id", "g", "join"), ("u.id", "g", "join"), ("t.b", "g", "filter"), ("u.c", "g", "filter"), ("t.a", "g", "group_by"), ("u.a", "g", "group_by"),
    }  # fmt: skip
    assert found.sources == ["t", "u"]
    assert found.targets == ["g"]


def test_order_counts_only_with_a_limit() -> None:
    assert not ray_lineage.lineage("SELECT a FROM t ORDER BY b").influences
    limited = ray_lineage.lineage("SELECT a FROM t ORDER BY b LIMIT 1").influences
    assert [(str(i.source), i.how) for i in limited] == [("t.b", "sort")]


def test_temporary_tables_are_no_sources() -> None:
    found = ray_lineage.lineage("SELECT a INTO #w FROM t\nINSERT INTO g SELECT a FROM #w", "tsql")
    assert (found.sources, found.targets) == (["t"], ["g"])


def test_a_cte_that_hides_a_table() -> None:
    found = ray_lineage.lineage("WITH t AS (SELECT a FROM t) SELECT a FROM t", "postgres")
    assert found.sources == ["t"]


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match="tsql"):
        ray_lineage.lineage("SELECT 1", "tsqll")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((None,), "not NoneType"), ((b"SELECT 1",), "not bytes"), (("SELECT 1", None, [("t", "a")]), "schema has to map"),
        (("SELECT 1", None, {"t": "abc"}), "lists of their columns"),
    ],
)  # fmt: skip
def test_what_is_no_text_or_no_schema_is_said(arguments: tuple[Any, ...], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        ray_lineage.lineage(*arguments)
