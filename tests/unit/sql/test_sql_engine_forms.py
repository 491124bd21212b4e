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


def test_names_in_a_database_without_a_schema() -> None:
    assert [w for engine, row in NAMES_IN_DATABASES for w in wrong_answers(engine, [row])] == []
