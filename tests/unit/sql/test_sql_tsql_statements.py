"""T-SQL's own forms of statements, by the language's reference: rowset functions, files and other servers, output clauses, cursors,
queues, graph tables, quoted strings, labels and hints."""

from __future__ import annotations

import pytest

import ray_lineage
from ray_lineage.compile import CompileOptions, compile_source
from tests.unit.sql.cases import check, pairs

ROWSETS = [
    ("SELECT value AS v FROM t CROSS APPLY STRING_SPLIT(t.tags, ',')", ["t.tags > v t"]),
    ("SELECT [key] AS k, value AS v FROM t CROSS APPLY OPENJSON(doc, '$.a')", ["t.doc > k t", "t.doc > v t"]),
    ("SELECT j.id FROM t CROSS APPLY OPENJSON(t.doc) WITH (id int '$.id', x nvarchar(max) AS JSON) AS j", ["t.doc > id t"]),
    ("DECLARE @x xml = (SELECT doc FROM t); INSERT INTO o (c) SELECT a FROM OPENXML(@x, '/r', 2) WITH (a int '@a', b varchar(10))", ["t.doc > o.c t"]),
    ("SELECT k.[RANK] AS r, t.a FROM t JOIN CONTAINSTABLE(t, (b, c), 'x', 5) AS k ON k.[KEY] = t.id", ["t.b > r t", "t.c > r t", "t.a > a i"]),
    ("SELECT t.a FROM t JOIN FREETEXTTABLE(t, *, @x, LANGUAGE N'English', 2) AS k ON k.[KEY] = t.id", ["t.a > a i"]),
    ("SELECT c.id FROM CHANGETABLE(CHANGES dbo.t, @v) AS c", ["dbo.t.id > id i"]),
    ("SELECT f.x FROM dbo.f(1) AS f", ["dbo.f.x > x i"]),
    ("SELECT v.n, v.x FROM t CROSS APPLY (VALUES ('a', t.a), ('b', t.b)) AS v (n, x)", ["t.a > x i", "t.b > x i"]),
    ("SELECT q.m FROM t OUTER APPLY (SELECT TOP (1) u.c AS m FROM u WHERE u.id = t.id) AS q", ["u.c > m i"]),
    ("SELECT x.c AS v FROM t CROSS APPLY (SELECT a + 1 AS b) AS w CROSS APPLY (SELECT b + 1 AS c) AS x", ["t.a > v t"]),
]  # fmt: skip

ELSEWHERE = [
    ("SELECT x.a FROM OPENQUERY(srv, 'SELECT a FROM d.dbo.t WHERE b = ''c''') AS x", ["srv.d.dbo.t.a > a i"]),
    ("SELECT x.a FROM OPENROWSET('SQLNCLI', 'Server=s;Trusted_Connection=yes', 'SELECT a FROM d.dbo.t') AS x", ["s.d.dbo.t.a > a i"]),
    ("SELECT x.a FROM OPENROWSET('SQLNCLI', 'Server=s;Trusted_Connection=yes', d.dbo.t) AS x", ["s.d.dbo.t.a > a i"]),
    ("SELECT a FROM OPENDATASOURCE('SQLNCLI', 'Data Source=s;').d.dbo.t", ["s.d.dbo.t.a > a i"]),
    ("SELECT a FROM srv.d.dbo.t", ["srv.d.dbo.t.a > a i"]),
    ("EXEC ('INSERT INTO d.dbo.o (c) SELECT a FROM d.dbo.t') AT srv", ["srv.d.dbo.t.a > srv.d.dbo.o.c i"]),
    ("USE w\nSELECT BulkColumn AS b FROM OPENROWSET(BULK N'c:\\x.jpg', SINGLE_BLOB) AS x", ['external."c:\\x.jpg".bulkcolumn > b i']),
    ("SELECT r.a FROM OPENROWSET(BULK 'https://h/*.parquet', FORMAT = 'PARQUET') WITH (a int, b varchar(10)) AS r", ['external."https://h/*.parquet".a > a i']),
    ("USE w\nBULK INSERT dbo.o FROM 'c:\\f.csv' WITH (FIRSTROW = 2)", ['external."c:\\f.csv".* > w.dbo.o.* i']),
    ("CREATE EXTERNAL TABLE dbo.e WITH (LOCATION = '/x/', DATA_SOURCE = ds) AS SELECT a FROM dbo.t", ["dbo.t.a > dbo.e.a i"]),
    # what is copied between two names is two datasets
    ("INSERT INTO dbo.t (a) SELECT a FROM srv.d.dbo.t", ["srv.d.dbo.t.a > dbo.t.a i"]),
    ("INSERT INTO dbo.t (a) SELECT a FROM d.dbo.t", ["d.dbo.t.a > dbo.t.a i"]),
    ("INSERT INTO d.dbo.t (a) SELECT a FROM dbo.t", ["dbo.t.a > d.dbo.t.a i"]),
    ("CREATE TABLE dbo.t (a int)\nGO\nMERGE t USING stage.t AS s ON s.id = t.id WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a);", ["stage.t.a > dbo.t.a i"]),
]  # fmt: skip

OUTPUT = [
    ("UPDATE g SET x = 1 OUTPUT inserted.x, deleted.y AS z", ["g.x > x i", "g.y > z i"]),
    ("CREATE PROC p AS DELETE g OUTPUT deleted.x WHERE y = 1\nGO\nINSERT INTO l (a) EXEC p", ["g.x > p.x i", "p.x > l.a i"]),
    ("MERGE g AS t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET x = s.x OUTPUT $action AS act, inserted.id, s.y;", ["s.x > g.x i", "g.id > id i", "s.y > y i"]),
    ("INSERT INTO h (act, id, y) SELECT a, b, c FROM (MERGE g AS t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET x = s.x OUTPUT $action, inserted.id, s.y) AS m (a, b, c) WHERE a = 'UPDATE'", ["s.x > g.x i", "g.id > h.id i", "s.y > h.y i"]),
    ("INSERT INTO h SELECT * FROM (DELETE FROM g OUTPUT deleted.a, deleted.b WHERE c = 1) AS d", ["g.a > h.a i", "g.b > h.b i"]),
    ("UPDATE g SET @v = x = y + 1, @w = z; INSERT INTO o (c, d) VALUES (@v, @w)", ["g.y > g.x t", "g.y > o.c t", "g.z > o.d i"]),
    ("UPDATE g SET a = DEFAULT, b = [default]", ["g.default > g.b i"]),
]  # fmt: skip

OTHERS = [
    ("SELECT (SELECT u.a, u.b FROM u WHERE u.id = t.id FOR JSON PATH) AS j FROM t", ["u.a > j t", "u.b > j t"]),
    ("SELECT p.c, p.x_v, p.x_w FROM (SELECT c, k, v, l, w FROM t) AS s PIVOT (SUM(v) FOR k IN ([x_v])) AS q PIVOT (MAX(w) FOR l IN (x_w)) AS p", ["t.c > c i", "t.v > x_v a", "t.k > x_v c", "t.w > x_w a", "t.l > x_w c"]),
    ("SELECT id, u.k, u.v FROM t UNPIVOT (v FOR k IN ([a], [b])) AS u", ["t.id > id i", "t.a > v i", "t.b > v i"]),
    ("SELECT COUNT(*) AS n FROM ::fn_helpcollations()", []),
    ("INSERT INTO o (c) SELECT a FROM t\nREVOKE SELECT ON t FROM x\nINSERT INTO o (d) SELECT b FROM t", ["t.a > o.c i", "t.b > o.d i"]),
    ("SELECT 'x' = a, b AS 'y', c 'z' FROM t", ["t.a > x i", "t.b > y i", "t.c > z i"]),
    ("SELECT SUM(a) OVER w AS s FROM t WINDOW w AS (PARTITION BY b ORDER BY c)", ["t.a > s a", "t.b > s w", "t.c > s w"]),
    ("SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a) OVER (PARTITION BY b) AS p, STRING_AGG(a, ',') WITHIN GROUP (ORDER BY b) AS s FROM t", ["t.a > p a", "t.b > p w", "t.a > s a", "t.b > s w"]),
    ("SELECT TRY_PARSE(a AS datetime2(7) USING 'en-US') AS x, PARSE(b AS money) AS y, DATE_BUCKET(WEEK, 2, c) AS z FROM t", ["t.a > x t", "t.b > y t", "t.c > z t"]),
    ("DECLARE k CURSOR LOCAL STATIC TYPE_WARNING FOR SELECT a FROM t ORDER BY b FOR READ ONLY FETCH NEXT FROM k INTO @v INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i"]),
    ("DECLARE k SCROLL CURSOR FOR SELECT a FROM t FOR UPDATE OF a FETCH ABSOLUTE 3 FROM GLOBAL k INTO @v UPDATE o SET c = @v WHERE CURRENT OF k", ["t.a > o.c i"]),
    ("DECLARE @k CURSOR; SET @k = CURSOR FAST_FORWARD FOR SELECT a FROM t; FETCH NEXT FROM @k INTO @v; INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i"]),
    ("DECLARE @m TABLE (h int, b int); WAITFOR (RECEIVE TOP (1) conversation_handle, message_body FROM q INTO @m), TIMEOUT 1; INSERT INTO o (c) SELECT b FROM @m", ["q.message_body > o.c i"]),
    ("RECEIVE TOP (1) @h = conversation_handle, @b = message_body FROM q\nINSERT INTO o (c) VALUES (@b)\nSEND ON CONVERSATION @h (@b)\nEND CONVERSATION @h", ["q.message_body > o.c i"]),
    ("SELECT p.name FROM person AS p, likes FOR PATH AS l, person FOR PATH AS q WHERE MATCH(SHORTEST_PATH(p(-(l)->q)+)) AND q.x = 1", ["person.name > name i"]),
    ("CREATE TABLE n (id int) AS NODE\nCREATE TABLE e AS EDGE\nINSERT INTO e ($from_id, $to_id) SELECT a.$node_id, b.$node_id FROM n AS a, n AS b", ["n.$node_id > e.$from_id i", "n.$node_id > e.$to_id i"]),
    ("SET QUOTED_IDENTIFIER OFF\nINSERT INTO o (c) SELECT \"it's\" + a FROM t\nSET ANSI_NULLS, QUOTED_IDENTIFIER ON\nINSERT INTO o (\"d\") SELECT \"b\" FROM t", ["t.a > o.c t", "t.b > o.d i"]),
    ("INSERT INTO o (c) SELECT a FROM t\nUPDATE STATISTICS t WITH FULLSCAN\nINSERT INTO o (d) SELECT b FROM t", ["t.a > o.c i", "t.b > o.d i"]),
    ("INSERT INTO o (c) SELECT a FROM t\ndone:\nINSERT INTO o (d) SELECT b FROM t", ["t.a > o.c i", "t.b > o.d i"]),
    ("INSERT INTO o (c) SELECT a FROM t\n:on error exit\nINSERT INTO o (d) SELECT b FROM t", ["t.a > o.c i", "t.b > o.d i"]),
    ("SELECT a FROM {oj t LEFT OUTER JOIN u ON t.id = u.id} WHERE t.d = {d '2020-01-01'}", ["t.a > a i?", "u.a > a i?"]),
    ("SELECT name FROM master..sysdatabases", ["master.dbo.sysdatabases.name > name i"]),
]  # fmt: skip


DYNAMIC = [
    ("DECLARE @s nvarchar(max); SELECT @s = N'INSERT INTO o (c) SELECT a FROM t'; EXEC (@s)", ["t.a > o.c i"]),
    ("DECLARE @s nvarchar(max) = N''; SELECT @s += N'INSERT INTO o (c) SELECT a FROM t WHERE n = ' + name FROM sys.objects; EXEC sp_executesql @s", ["t.a > o.c i?"]),
    ("EXEC ('INSERT INTO o (' + @c + ') SELECT ' + @c + ' FROM t')", ["t.* > o.* i?"]),
    ("EXEC ('INSERT INTO o (c, d) SELECT ' + @v + ', a FROM t')", ["t.a > o.d i?"]),
    ("EXEC ('INSERT INTO o SELECT * FROM (SELECT a, y, v FROM t) AS x PIVOT (SUM(v) FOR y IN (' + @years + ')) AS p')", ["t.a > o.a i?", "t.v > o.* a?", "t.y > o.* c?"]),
    ("EXEC ('INSERT INTO o (c) SELECT a FROM ' + QUOTENAME(@d) + '.dbo.t')", ["dbo.t.a > o.c i?"]),
    ("DECLARE @n sysname = 'Order Details'; EXEC ('INSERT INTO o (c) SELECT a FROM ' + QUOTENAME('dbo') + '.' + QUOTENAME(@n))", ["dbo.order details.a > o.c i"]),
    ("DECLARE @s nvarchar(max) = REPLACE(N'INSERT INTO o (c) SELECT a FROM {t}', '{T}', N't'); EXEC (@s)", ["t.a > o.c i"]),
    ("DECLARE @s nvarchar(max) = FORMATMESSAGE(N'INSERT INTO o (c) SELECT a FROM %s', N't'); EXEC (@s)", ["t.a > o.c i"]),
    ("DECLARE @s nvarchar(max) = CONVERT(nvarchar(max), N'INSERT INTO o (c) SELECT a FROM t'); EXEC (@s)", ["t.a > o.c i"]),
    ("EXEC ('INSERT INTO o (c) SELECT a FROM t WHERE b = ' + CHAR(39) + 'x' + CHAR(39))", ["t.a > o.c i"]),
    ("EXEC ('INSERT INTO o (c) SELECT a FROM t' + CASE WHEN @x = 1 THEN '' ELSE ' UNION SELECT b FROM u' END)", ["t.a > o.c i?", "u.b > o.c i?"]),
    ("DECLARE @p nvarchar(300) = QUOTENAME(@d) + N'.sys.sp_executesql'; EXEC @p N'INSERT INTO o (c) SELECT a FROM t'", ["t.a > o.c i"]),
    ("EXEC sp_MSforeachdb N'USE [?]; INSERT INTO w.dbo.o (c) SELECT a FROM dbo.t'", ["dbo.t.a > w.dbo.o.c i?"]),
    ("EXEC msdb.dbo.sp_add_jobstep @job_id = @j, @subsystem = N'TSQL', @command = N'INSERT INTO dbo.o (c) SELECT a FROM dbo.t', @database_name = N'w'", ["w.dbo.t.a > w.dbo.o.c i"]),
    ("EXEC ('USE w; INSERT INTO dbo.o (c) SELECT a FROM dbo.t'); INSERT INTO dbo.p (c) SELECT a FROM dbo.q", ["w.dbo.t.a > w.dbo.o.c i", "dbo.q.a > dbo.p.c i"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "expected"), [*DYNAMIC, *ROWSETS, *ELSEWHERE, *OUTPUT, *OTHERS], ids=lambda v: str(v)[:70]
)
def test_tsql(sql: str, expected: list[str]) -> None:
    check(("tsql", sql, expected))


def test_conditions_read() -> None:
    found = ray_lineage.lineage(
        "IF EXISTS (SELECT 1 FROM t WHERE a = 1) AND 1 < (SELECT COUNT(*) FROM u) PRINT 1", "tsql"
    )
    assert (found.sources, found.targets, found.columns) == (["t", "u"], [], [])


def test_of_exists_only_the_rows_count() -> None:
    sql = "INSERT INTO o (c) SELECT a FROM t WHERE EXISTS (SELECT * FROM u WHERE u.id = t.id) AND NOT EXISTS (SELECT t.b EXCEPT SELECT x FROM w)"
    found = ray_lineage.lineage(sql, "tsql").influences
    assert {str(i.source) for i in found} == {"u.id", "t.id", "t.b", "w.x"}


def test_a_query_for_another_server_that_is_no_sql_is_said() -> None:
    found = ray_lineage.lineage("SELECT a FROM OPENQUERY(srv, 'EVALUATE {1}') AS x", "tsql")
    assert [d.code for d in found.diagnostics] == ["RL111"]


def test_columns_of_a_table() -> None:
    sql = """CREATE TABLE t (a int primary key, [b c] [dbo].[mytype] not null, d as (a + 1) persisted not null, PRIMARY KEY (a),
        FOREIGN KEY (a) REFERENCES x (y), CONSTRAINT k CHECK (a > 0), UNIQUE CLUSTERED (a), INDEX ix NONCLUSTERED (a),
        e datetime2(7) GENERATED ALWAYS AS ROW START HIDDEN, f datetime2(7) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (e, f),
        g nvarchar(10) COLLATE Latin1_General_CI_AS MASKED WITH (FUNCTION = 'default()'), [primary] decimal(10, 2) DEFAULT ((0)) WITH VALUES,
        h national character varying(5), i xml COLUMN_SET FOR ALL_SPARSE_COLUMNS) ON [PRIMARY] WITH (SYSTEM_VERSIONING = ON)"""
    [table] = compile_source(sql, CompileOptions("tsql")).declarations
    assert [(c.name, c.type) for c in table.columns] == [
        ("a", "int"), ("b c", "dbo.mytype"), ("d", ""), ("e", "datetime2(7)"), ("f", "datetime2(7)"), ("g", "nvarchar(10)"),
        ("primary", "decimal(10, 2)"), ("h", "national character varying(5)"), ("i", "xml"),
    ]  # fmt: skip


def test_exists_in_a_lateral_item_sees_only_what_stands_before_it() -> None:
    sql = "SELECT y.d AS v FROM t CROSS APPLY (SELECT a AS c) AS x CROSS APPLY (SELECT c AS d) AS y"
    assert pairs(sql, "tsql") == {"t.a > v i"}


THROUGH = [
    ("WITH d AS (SELECT a AS x, b AS y FROM t) UPDATE d SET x = y + 1", ["t.b > t.a t"]),
    ("WITH d (x, y) AS (SELECT a, b FROM t) MERGE d USING s ON s.id = d.x WHEN MATCHED THEN UPDATE SET y = s.q;", ["s.q > t.b i"]),
    ("WITH d AS (SELECT a AS x, b AS y FROM t) INSERT INTO d (y, x) SELECT p, q FROM s", ["s.p > t.b i", "s.q > t.a i"]),
    ("WITH d AS (SELECT t.a AS x, u.b FROM u JOIN t ON t.id = u.id) UPDATE d SET x = b", ["u.b > t.a i"]),
    ("UPDATE x SET n = n + 1 FROM (SELECT a AS n FROM (SELECT * FROM t) AS z) AS x", ["t.a > t.a t"]),
    ("UPDATE x SET a = r FROM (SELECT a, ROW_NUMBER() OVER (ORDER BY b) AS r FROM t) AS x", ["t.b > t.a w"]),
    ("DECLARE @i int = (SELECT q FROM s), @u AS TABLE (b int); INSERT @u SELECT a FROM t; INSERT o (c, d) SELECT b, @i FROM @u", ["t.a > o.c i", "s.q > o.d i"]),
    ("CREATE FUNCTION f () RETURNS int AS BEGIN DECLARE @r int; SELECT @r = MAX(a) FROM t; RETURN ISNULL(@r, 0) END", ["t.a > f._col0 a"]),
    ("CREATE FUNCTION f () RETURNS @r TABLE (x int, y int) AS BEGIN INSERT @r SELECT a, b FROM t; UPDATE @r SET x = y; RETURN END", ["t.a > f.x i", "t.b > f.y i", "f.y > f.x i"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), THROUGH)
def test_written_through_a_query(sql: str, expected: list[str]) -> None:
    check(("tsql", sql, expected))
