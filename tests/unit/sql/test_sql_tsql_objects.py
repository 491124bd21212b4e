"""T-SQL's objects besides tables: functions in expressions, sequences, table types, the engine's own tables, methods of types."""

from __future__ import annotations

import pytest

import ray_lineage
from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.model import FileFacts, dataset_text, default_kind, split_text
from tests.factory import contributions
from tests.unit.sql.cases import check


def compiled(sql: str) -> FileFacts:
    facts = compile_source(sql, CompileOptions("tsql"))
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


PARAMETERS = [
    ("CREATE PROC p @x int, @m int OUTPUT AS SET @m = (SELECT MAX(a) FROM t)\nGO\nEXEC p 1, @v OUTPUT; INSERT INTO o (c) VALUES (@v)", ["t.a > p.@m a", "p.@m > o.c i"]),
    ("CREATE PROC p @x int, @m int OUT AS SET @m = (SELECT MAX(a) FROM t)\nGO\nEXEC @r = p @m = @v OUT WITH RECOMPILE; INSERT INTO o (c) VALUES (@v)", ["t.a > p.@m a", "p.@m > o.c i"]),
    ("CREATE PROC p @m int OUTPUT AS IF 1 = 1 BEGIN SET @m = (SELECT a FROM t); RETURN END SET @m = (SELECT b FROM t)", ["t.a > p.@m i", "t.b > p.@m i"]),
    ("CREATE PROC p @m int OUTPUT AS SET @m = (SELECT a FROM t); SET @m = 1", []),
    ("SET @v = (SELECT a FROM t); EXEC p @v OUTPUT; INSERT INTO o (c) VALUES (@v)", ["p.@1 > o.c i"]),
    ("EXEC sp_executesql N'SELECT @n = COUNT(a) FROM t WHERE b = @q', N'@q int, @n int OUTPUT', @q = 5, @n = @v OUTPUT; INSERT INTO o (c) VALUES (@v)", ["t.a > o.c a"]),
    ("SET @v = (SELECT a FROM t); EXEC sp_executesql N'INSERT INTO o (c) VALUES (@x)', N'@x int', @v", ["t.a > o.c i"]),
    ("DECLARE @x xml = (SELECT doc FROM t); EXEC sp_xml_preparedocument @h OUTPUT, @x; INSERT INTO o (c) SELECT a FROM OPENXML(@h, '/r') WITH (a int)", ["t.doc > o.c t"]),
    # several results: each has its own columns, in another branch too
    ("CREATE PROC p AS SELECT a FROM t; SELECT b, c FROM t", ["t.a > p.a i", "t.b > p.b i", "t.c > p.c i"]),
    ("CREATE PROC p AS IF 1 = 1 SELECT a AS x FROM t ELSE SELECT b AS x FROM t\nGO\nINSERT INTO o (c) EXEC p", ["t.a > p.x i", "t.b > p.x i", "p.x > o.c i"]),
    ("CREATE PROC p AS IF 1 = 1 SELECT a, b FROM t ELSE SELECT c, b AS z, a FROM t", ["t.a > p.a i", "t.b > p.b i", "t.c > p.c i", "t.b > p.z i"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), PARAMETERS)
def test_parameters_and_results(sql: str, expected: list[str]) -> None:
    check(("tsql", sql, expected))


def test_parameters_of_procedures_in_other_files() -> None:
    files = {
        "caller.sql": "EXEC dbo.p 1, @v OUTPUT; INSERT INTO dbo.o (c) VALUES (@v)",
        "p.sql": "CREATE PROC dbo.p @x int, @m int OUTPUT AS SET @m = (SELECT a FROM dbo.t)",
    }
    found = contributions("p", files, "tsql")
    assert {r[:2] for c in found.values() for r in c.rows["FLOWS_TO"]} == {
        ("p:dbo.t.a", "p:dbo.p.@m"),
        ("p:dbo.p.@m", "p:dbo.o.c"),
    }


def test_altered_columns() -> None:
    sql = """CREATE TABLE dbo.t (a int, b int, c int, d int)
        ALTER TABLE dbo.t ALTER COLUMN b bigint NOT NULL
        ALTER TABLE dbo.t ALTER COLUMN a ADD MASKED WITH (FUNCTION = 'default()')
        ALTER TABLE dbo.t WITH NOCHECK ADD e AS (a + b), f int
        ALTER TABLE dbo.t DROP COLUMN IF EXISTS c, COLUMN d"""
    [found] = contributions("p", {"t.sql": sql}, "tsql").values()
    columns = sorted((r[3], r[2], r[4]) for r in found.rows["Column"])
    assert [c[1:] for c in columns] == [("a", "int"), ("b", "bigint"), ("e", None), ("f", "int")]
    assert {r[:2] for r in found.rows["FLOWS_TO"]} == {("p:dbo.t.a", "p:dbo.t.e"), ("p:dbo.t.b", "p:dbo.t.e")}
    check(("tsql", "CREATE TABLE #w (a int); INSERT #w SELECT b FROM t; ALTER TABLE #w ADD z int; INSERT #w SELECT c, d FROM t; INSERT INTO o (x, y) SELECT a, z FROM #w",
           ["t.b > o.x i", "t.c > o.x i", "t.d > o.y i"]))  # fmt: skip
