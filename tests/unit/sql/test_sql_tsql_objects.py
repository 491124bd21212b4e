"""T-SQL's objects besides tables: functions in expressions, sequences, table types, the engine's own tables, methods of types."""

from __future__ import annotations

import pytest

import ray_lineage
from ray_lineage.compile import CompileOptions, compile_text
from ray_lineage.model import FileFacts, dataset_text, default_kind, split_text
from tests.unit.sql.cases import check


def compiled(sql: str) -> FileFacts:
    facts = compile_text(sql, CompileOptions("tsql"))
    assert not facts.diagnostics
    return facts


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE VIEW dbo.v AS SELECT dbo.f(a) AS x FROM dbo.t WHERE d2.dbo.g(b) = 1", {"dbo.v > dbo.f", "dbo.v > d2.dbo.g"}),
        ("CREATE VIEW dbo.v AS SELECT f.x FROM dbo.t CROSS APPLY dbo.f(t.a) AS f", {"dbo.v > dbo.f"}),
        ("CREATE VIEW dbo.v AS SELECT f.x FROM dbo.f(1) AS f", {"dbo.v > dbo.f"}),
        ("CREATE PROC dbo.p AS INSERT INTO dbo.o (c) SELECT [dbo].[f]([a]) FROM dbo.t", {"dbo.p > dbo.f"}),
        ("CREATE PROC dbo.p @x int AS IF dbo.f(@x) = 1 SET @x = dbo.g(1) ELSE PRINT dbo.h(2)", {"dbo.p > dbo.f", "dbo.p > dbo.g", "dbo.p > dbo.h"}),
        ("CREATE FUNCTION dbo.f (@x int) RETURNS int AS BEGIN RETURN dbo.g(@x) + 1 END", {"dbo.f > dbo.g"}),
        ("CREATE FUNCTION dbo.f (@x int) RETURNS TABLE AS RETURN (SELECT dbo.g(a) AS c FROM dbo.t)", {"dbo.f > dbo.g"}),
        ("CREATE TRIGGER dbo.tr ON dbo.t AFTER INSERT AS UPDATE dbo.o SET c = dbo.f(i.a) FROM inserted i", {"dbo.tr > dbo.f"}),
        ("CREATE TABLE dbo.t (a int DEFAULT (dbo.f(1)), b AS (dbo.g(a)), c int CHECK (dbo.h(c) = 1))", {"dbo.t > dbo.f", "dbo.t > dbo.g", "dbo.t > dbo.h"}),
        ("ALTER TABLE dbo.t ADD CONSTRAINT d DEFAULT (dbo.f(1)) FOR a", {"dbo.t > dbo.f"}),
        ("CREATE PROC dbo.p AS SELECT sys.fn_x(a), LEFT(b, 1), c.value('x', 'int'), @y.exist('z') FROM dbo.t (NOLOCK) INSERT INTO dbo.o (x) VALUES (1)", set()),
        ("SELECT dbo.f(a) FROM dbo.t", set()),
    ],
)  # fmt: skip
def test_functions_in_expressions_are_calls(sql: str, expected: set[str]) -> None:
    assert {f"{dataset_text(c.caller)} > {dataset_text(c.callee)}" for c in compiled(sql).calls} == expected


def test_sequences() -> None:
    facts = compiled("CREATE SEQUENCE dbo.s AS int START WITH 1\nGO\nCREATE TYPE dbo.phone FROM nvarchar(20)")
    assert [(d.name, d.kind) for d in facts.declarations] == [(("dbo", "s"), "Sequence")]
    for sql in (
        "INSERT INTO dbo.o (a) VALUES (NEXT VALUE FOR dbo.s)",
        "CREATE TABLE dbo.o (a int CONSTRAINT d DEFAULT (NEXT VALUE FOR [dbo].[s]))",
        "ALTER TABLE dbo.o ADD CONSTRAINT d DEFAULT NEXT VALUE FOR dbo.s FOR a",
    ):
        found = ray_lineage.lineage(sql, "tsql")
        assert (found.sources, found.targets, found.columns) == (["dbo.s"], ["dbo.o"], [])


def test_table_types() -> None:
    sql = "CREATE TYPE dbo.ids AS TABLE (id int NOT NULL PRIMARY KEY, n nvarchar(10), INDEX ix (n))\nGO\n"
    [kind] = compiled(sql).declarations
    assert (kind.kind, [(c.name, c.type) for c in kind.columns]) == ("Type", [("id", "int"), ("n", "nvarchar(10)")])
    for declared in (
        "CREATE PROC p AS DECLARE @v AS dbo.ids",
        "DECLARE @v ids",
        "CREATE PROC p @x int, @v dbo.ids READONLY AS",
    ):
        check(
            (
                "tsql",
                f"{sql}{declared} INSERT INTO @v SELECT a, b FROM t; INSERT INTO o (c) SELECT n FROM @v",
                ["t.b > o.c i"],
            )
        )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sys.objects", "System"),
        ("db.sys.columns", "System"),
        ("information_schema.tables", "System"),
        ("pg_catalog.pg_class", "System"),
        ("snowflake.account_usage.query_history", "System"),
        ("master.dbo.sysdatabases", "System"),
        ("msdb.dbo.backupset", "System"),
        ("sysobjects", "System"),
        ("account_usage.query_history", "Table"),
        ("sales.sysobjects", "Table"),
        ("dbo.t", "Table"),
        ("sys", "Table"),
    ],
)
def test_the_engine_s_own_tables(name: str, kind: str) -> None:
    assert default_kind(split_text(name)) == kind


METHODS = [
    ("SELECT x.c.value('@id', 'int') AS v FROM t CROSS APPLY t.doc.nodes('/r') AS x(c)", ["t.doc > v t"]),
    ("SELECT y.d.value('.', 'int') AS v FROM t CROSS APPLY doc.nodes('/r') AS x(c) OUTER APPLY x.c.nodes('i') y(d)", ["t.doc > v t"]),
    ("SELECT doc.query('x').value('.', 'int') AS v FROM t", ["t.doc > v t"]),
    ("SELECT (SELECT b FROM u FOR XML PATH(''), TYPE).value('.', 'nvarchar(max)') AS v FROM t", ["u.b > v t"]),
    ("SELECT CAST(a AS xml).value('/b', 'int') AS v FROM t", ["t.a > v t"]),
    ("SELECT h.GetAncestor(1).ToString() AS v, geo.Lat AS w, t.geo.Long AS x FROM t", ["t.h > v t", "t.geo > w t", "t.geo > x t"]),
    ("SELECT p.STDistance(geography::Point(a, b, 4326)) AS v FROM t", ["t.p > v t", "t.a > v t", "t.b > v t"]),
    ("DECLARE @x xml = (SELECT doc FROM t); INSERT INTO o (c) SELECT n.value('.', 'int') FROM @x.nodes('/a') AS q(n)", ["t.doc > o.c t"]),
    ("UPDATE t SET doc.modify('delete /a'), txt.WRITE(b, 0, NULL)", ["t.doc > t.doc t", "t.txt > t.txt t", "t.b > t.txt t"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), METHODS)
def test_methods_of_types(sql: str, expected: list[str]) -> None:
    check(("tsql", sql, expected))
