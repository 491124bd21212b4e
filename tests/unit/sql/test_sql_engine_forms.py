"""Forms that one engine's grammar has, or has otherwise, with what its manual says they do: a table by engine and construct.

A row is a script, its pairs as in ``cases.py``, without what is done to the columns; ``->`` names datasets that are written,
``<-`` those that are read, where there are no pairs that say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

import ray_lineage

Row = tuple[str, str]
SCHEMA: Mapping[str, Sequence[str]] = {
    "k.t": ["id", "a", "b"],
    "k.u": ["id", "b", "c"],
    "k.w": ["id", "jan", "feb", "mar"],
}

TSQL: list[Row] = [
    # DELETE without FROM (https://learn.microsoft.com/en-us/sql/t-sql/statements/delete-transact-sql)
    ("WITH q AS (SELECT k FROM d.t) DELETE q WHERE k > 1", "<- d.t; -> d.t"),
    ("WITH q AS (SELECT k FROM d.t) DELETE TOP (1) q OUTPUT deleted.k INTO d.l (k)", "d.t.k > d.l.k; -> d.t"),
    ("WITH q AS (SELECT k FROM d.t) DELETE x FROM q AS x JOIN d.u u ON u.k = x.k", "<- d.t; <- d.u; -> d.t"),
    # a cursor's query may begin with WITH
    ("DECLARE c CURSOR LOCAL FOR WITH q AS (SELECT a FROM d.t) SELECT a FROM q FOR READ ONLY OPEN c FETCH NEXT FROM c INTO @v UPDATE d.o SET x = @v",
     "d.t.a > d.o.x"),
    ("SET @c = CURSOR FOR WITH q AS (SELECT a FROM d.t), r AS (SELECT a FROM q) SELECT a FROM r OPEN @c FETCH @c INTO @v INSERT d.o (x) VALUES (@v)",
     "d.t.a > d.o.x"),
    # computed columns: commas and comparisons in their expressions
    ("CREATE TABLE d.t (a int, b AS ISNULL(CASE WHEN a > 0 THEN 'x' ELSE 'y' END, 'e'), c int)", "d.t.a > d.t.b"),
    ("CREATE TABLE d.t (a int, c int, b AS IIF(a < c, a, CASE WHEN c > 1 THEN c END) PERSISTED NOT NULL)", "d.t.a > d.t.b; d.t.c > d.t.b"),
    # RETURN in a function's block has a value; a statement follows
    ("CREATE FUNCTION d.f(@x int) RETURNS int AS BEGIN DECLARE @r int IF @x IS NULL RETURN 0 SELECT @r = MAX(a) FROM d.t RETURN @r END",
     "d.t.a > d.f._col0"),
    ("CREATE FUNCTION d.f() RETURNS int AS BEGIN DECLARE @r int IF 1 = 1 RETURN NULL WITH q AS (SELECT a FROM d.t) SELECT @r = a FROM q RETURN @r END",
     "d.t.a > d.f._col0"),
    ("CREATE FUNCTION d.f() RETURNS TABLE AS RETURN WITH q AS (SELECT a FROM d.t) SELECT a FROM q", "d.t.a > d.f.a"),
    # static methods and properties of CLR types
    ("SELECT geometry::Parse(a) AS g, [sys].[geography]::Point(b, c, 4326) AS p, d.my::Make(e) AS m, hierarchyid::[Null] AS n INTO d.o FROM d.t",
     "d.t.a > d.o.g; d.t.b > d.o.p; d.t.c > d.o.p; d.t.e > d.o.m"),
    ("SELECT PARSE(a AS date USING 'en-US') AS x INTO d.o FROM d.t", "d.t.a > d.o.x"),
    ("SELECT a INTO d.o FROM d.t WHERE a LIKE @f + '%' ESCAPE N'|' COLLATE Latin1_General_CI_AS AND b = 1", "d.t.a > d.o.a"),
    ("SELECT CASE WHEN a NOT LIKE 'x' ESCAPE @e COLLATE Latin1_General_BIN THEN b END AS x INTO d.o FROM d.t", "d.t.a > d.o.x; d.t.b > d.o.x"),
    # Synapse's RENAME OBJECT begins a statement; what had the name before had columns of its own
    ("CREATE TABLE d.n WITH (HEAP) AS SELECT a FROM d.t RENAME OBJECT d.t TO t_old RENAME OBJECT d.n TO t",
     "d.t.a > d.n.a; d.t.* > d.t_old.*; d.n.a > d.t.a"),
    ("RENAME OBJECT::d.a TO b", "d.a.* > d.b.*"),
    # named arguments, old and new rowset functions
    ("INSERT INTO d.o (x, y) SELECT t.a, s.distance FROM VECTOR_SEARCH(TABLE = d.t AS t, COLUMN = v, SIMILAR_TO = @q, METRIC = 'cosine', TOP_N = 9) AS s",
     "d.t.a > d.o.x; d.t.v > d.o.y"),
    ("SELECT t.a, s.distance INTO d.o FROM d.q q CROSS APPLY VECTOR_SEARCH(TABLE = [d].[t] AS t, COLUMN = [v], SIMILAR_TO = q.w, METRIC = 'dot', TOP_N = 1) AS s",
     "d.t.a > d.o.a; d.t.v > d.o.distance; d.q.w > d.o.distance"),
    ("SELECT c.chunk INTO d.o FROM d.t AS t CROSS APPLY AI_GENERATE_CHUNKS(SOURCE = t.a, CHUNK_TYPE = FIXED, CHUNK_SIZE = 9) AS c", "d.t.a > d.o.chunk"),
    ("SELECT AI_GENERATE_EMBEDDINGS(a USE MODEL m PARAMETERS '{}') AS e INTO d.o FROM d.t", "d.t.a > d.o.e"),
    ("SELECT e.name INTO d.o FROM sys.traces t CROSS APPLY ::fn_trace_geteventinfo(t.id) e", "fn_trace_geteventinfo.name > d.o.name; <- sys.traces"),
    # names without a schema, and those of system views, which every database has
    ("USE sales; INSERT INTO o (x) SELECT a FROM t", "sales.dbo.t.a > sales.dbo.o.x"),
    ("SELECT name INTO d.o FROM msdb.sys.stats; SELECT name INTO d.p FROM sys.stats",
     "msdb.sys.stats.name > d.o.name; sys.stats.name > d.p.name"),
    # what is put in for a name at run time is none
    ("EXEC sp_MSforeachdb 'INSERT INTO d.o (a) SELECT name FROM ?.sys.objects'", "sys.objects.name > d.o.a ?"),
    ("SET @s = N'INSERT INTO d.o (a) SELECT name FROM ' + @x + '.dbo.t'; EXEC (@s)", "dbo.t.name > d.o.a ?"),
]  # fmt: skip
_UNPIVOT = "INSERT INTO d.o (p, q, r, s) SELECT * FROM k.w UNPIVOT (v FOR m IN (jan, feb))"
_UNPIVOT_TWO = (
    "INSERT INTO d.o (p, q, r) SELECT * FROM k.w UNPIVOT ((v, w) FOR m IN ((jan, feb) AS 'x', (mar, id) AS 'y'))"
)
_NAMES_FIRST = "k.w.id > d.o.p; k.w.mar > d.o.q; k.w.jan > d.o.s; k.w.feb > d.o.s"
_VALUES_FIRST = "k.w.id > d.o.p; k.w.mar > d.o.q; k.w.jan > d.o.r; k.w.feb > d.o.r"
_BY_NAME = "k.t.id > d.o.id; k.u.id > d.o.id; k.t.b > d.o.b; k.u.b > d.o.b"
ORDER: list[tuple[str, Row]] = [
    # a star over UNPIVOT: the engines' manuals show the column of names in front of those of values, or behind them
    *((engine, (_UNPIVOT, _NAMES_FIRST)) for engine in ("snowflake", "oracle", "databricks", "spark", "redshift", "duckdb", "")),
    *((engine, (_UNPIVOT + " AS x", _VALUES_FIRST)) for engine in ("tsql", "bigquery", "fabric")),
    *((engine, (_UNPIVOT_TWO, "k.w.jan > d.o.q; k.w.mar > d.o.q; k.w.feb > d.o.r; k.w.id > d.o.r"))
      for engine in ("oracle", "databricks", "spark", "duckdb")),
    ("bigquery", (_UNPIVOT_TWO, "k.w.jan > d.o.p; k.w.mar > d.o.p; k.w.feb > d.o.q; k.w.id > d.o.q")),
    ("oracle", ("INSERT INTO d.o (p, q, r, s, x) SELECT * FROM k.w UNPIVOT (v FOR (m, n) IN (jan AS ('a', 1), feb AS ('b', 2)))",
                "k.w.id > d.o.p; k.w.mar > d.o.q; k.w.jan > d.o.x; k.w.feb > d.o.x")),
    # UNION BY NAME, also in a CTE of an engine where WITH RECURSIVE need not be said
    *((engine, ("CREATE TABLE d.o AS WITH z AS (SELECT * FROM k.t UNION ALL BY NAME SELECT * FROM k.u) SELECT id, b, c FROM z",
                _BY_NAME + "; k.u.c > d.o.c")) for engine in ("snowflake", "duckdb", "bigquery", "databricks", "")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT * FROM k.t INNER UNION ALL BY NAME SELECT * FROM k.u", _BY_NAME)),
    ("bigquery", ("CREATE TABLE d.o AS SELECT * FROM k.t UNION ALL CORRESPONDING SELECT * FROM k.u", _BY_NAME)),
    ("bigquery", ("CREATE TABLE d.o AS SELECT * FROM k.t LEFT OUTER UNION ALL BY NAME SELECT * FROM k.u", _BY_NAME + "; k.t.a > d.o.a")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT * FROM k.t FULL OUTER UNION ALL BY NAME SELECT * FROM k.u",
                  _BY_NAME + "; k.t.a > d.o.a; k.u.c > d.o.c")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT * FROM k.t UNION ALL BY NAME ON (b) SELECT * FROM k.u", "k.t.b > d.o.b; k.u.b > d.o.b")),
    ("duckdb", ("CREATE TABLE d.o AS SELECT b AS x, id FROM k.t UNION ALL BY NAME SELECT id, b AS x FROM k.t UNION ALL SELECT b, c FROM k.u",
                "k.t.b > d.o.x; k.t.id > d.o.id; k.u.b > d.o.x; k.u.c > d.o.id")),
    # what a statement puts out, as a relation: by position, also where two columns have one name
    ("tsql", ("INSERT INTO d.o (p, q) SELECT x.o, x.n FROM (UPDATE d.t SET a = b OUTPUT deleted.a, inserted.a) AS x (o, n)",
              "d.t.b > d.t.a; d.t.a > d.o.p; d.t.a > d.o.q")),
    ("tsql", (("INSERT INTO d.o (p, q, r) SELECT * FROM (MERGE d.t AS t USING d.s AS s ON s.id = t.id WHEN MATCHED THEN UPDATE SET a = s.a "
              "OUTPUT deleted.a, inserted.a, s.a) AS x (i, j, l)"), "d.s.a > d.t.a; d.t.a > d.o.p; d.t.a > d.o.q; d.s.a > d.o.r")),
    ("tsql", ("DECLARE c CURSOR FOR SELECT t.a, u.a FROM d.t t, d.u u FETCH c INTO @x, @y INSERT d.o (p, q) VALUES (@x, @y)",
              "d.t.a > d.o.p; d.u.a > d.o.q")),
    ("oracle", ("DECLARE CURSOR c IS SELECT t.a, u.a FROM d.t t, d.u u; x int; y int; BEGIN FETCH c INTO x, y; INSERT INTO d.o (p, q) VALUES (x, y); END;",
                "d.t.a > d.o.p; d.u.a > d.o.q")),
    ("oracle", ("CREATE PROCEDURE d.f IS x int; y int; BEGIN UPDATE d.t SET a = b RETURNING OLD a, NEW a INTO x, y; INSERT INTO d.o (p, q) VALUES (x, y); END;",
                "d.t.b > d.t.a; d.t.a > d.o.p; d.t.a > d.o.q")),
    ("postgres", ("WITH ch (was, is1) AS (UPDATE d.t SET a = b RETURNING old.a, new.a) INSERT INTO d.o (p, q) SELECT was, is1 FROM ch",
                  "d.t.b > d.t.a; d.t.a > d.o.p; d.t.a > d.o.q")),
    ("postgres", ("WITH ch AS (DELETE FROM d.t RETURNING WITH (OLD AS o) o.a AS x) INSERT INTO d.o (p) SELECT x FROM ch", "d.t.a > d.o.p; -> d.t")),
    ("postgres", (("WITH ch AS (MERGE INTO d.t t USING d.s s ON s.id = t.id WHEN MATCHED THEN UPDATE SET a = s.a RETURNING merge_action(), old.a, new.a AS n) "
                  "INSERT INTO d.o (p, q, r) SELECT * FROM ch"), "d.s.a > d.t.a; d.t.a > d.o.q; d.t.a > d.o.r")),
    ("postgres", (("CREATE FUNCTION d.f() RETURNS void AS $$ DECLARE x int; y int; BEGIN UPDATE d.t SET a = b RETURNING old.a, new.a INTO x, y; "
                  "INSERT INTO d.o (p, q) VALUES (x, y); END $$ LANGUAGE plpgsql"), "d.t.b > d.t.a; d.t.a > d.o.p; d.t.a > d.o.q")),
]  # fmt: skip
NAMES_IN_DATABASES: list[tuple[str, Row]] = [
    ("snowflake", ("USE DATABASE db; INSERT INTO o (x) SELECT a FROM t", "db.public.t.a > db.public.o.x")),
    ("snowflake", ("USE DATABASE db; USE SCHEMA s; USE DATABASE e; INSERT INTO o (x) SELECT a FROM x..t", "x.public.t.a > e.public.o.x")),
    ("databricks", ("USE CATALOG c; INSERT INTO o (x) SELECT a FROM t", "c.default.t.a > c.default.o.x")),
    ("databricks", ("USE c.s; SET CATALOG e; INSERT INTO o (x) SELECT a FROM u.t", "e.u.t.a > e.default.o.x")),
    ("spark", ("USE CATALOG c; USE NAMESPACE n; INSERT INTO o (x) SELECT a FROM t", "c.n.t.a > c.n.o.x")),
    ("redshift", ("USE db; INSERT INTO o (x) SELECT a FROM t", "db.public.t.a > db.public.o.x")),
    ("mysql", ("USE db; INSERT INTO o (x) SELECT a FROM t", "db.t.a > db.o.x")),
]  # fmt: skip


def wrong_answers(engine: str, rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """The rows whose answers are others than expected, with what was found."""
    wrong: list[tuple[str, str, str]] = []
    for sql, expected in rows:
        found = ray_lineage.lineage(sql, engine or None, SCHEMA)
        said = {f"{c.source} > {c.target}" + " ?" * (c.certainty == "possible") for c in found.columns}
        wanted = {text for text in expected.split("; ") if text}
        pairs = {text for text in wanted if " > " in text}
        read = {text[3:] for text in wanted if text.startswith("<- ")} <= set(found.sources)
        written = {text[3:] for text in wanted if text.startswith("-> ")} <= set(found.targets)
        errors = [d.message for d in found.diagnostics if d.severity == "error"]
        if said != pairs or not read or not written or errors:
            wrong.append((engine, sql, "; ".join([*sorted(said), *errors, f"{found.sources} {found.targets}"])))
    return wrong


@pytest.mark.parametrize(("engine", "rows"), [("tsql", TSQL)])
def test_forms_of_an_engine(engine: str, rows: list[Row]) -> None:
    assert wrong_answers(engine, rows) == []


@pytest.mark.parametrize("rows", [NAMES_IN_DATABASES, ORDER], ids=["names in databases", "order of columns"])
def test_forms_of_several_engines(rows: list[tuple[str, Row]]) -> None:
    assert [w for engine, row in rows for w in wrong_answers(engine, [row])] == []
