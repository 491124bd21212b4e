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
_P = "SELECT p.a, p.b FROM d.p p"
RECORDS: list[tuple[str, Row]] = [
    # fields are filled by position, whatever the query calls its columns
    *(("oracle", (f"DECLARE {declared} BEGIN {filled} INSERT INTO d.o (p, q) VALUES ({r}.k, {r}.m); END;", "d.p.a > d.o.p; d.p.b > d.o.q"))
      for declared, filled, r in (
        ("TYPE rt IS RECORD (k NUMBER, m NUMBER); r rt;", "SELECT p.a, p.b INTO r FROM d.p p;", "r"),
        ("TYPE rt IS RECORD (k NUMBER(9, 2), m VARCHAR2(9)); TYPE tt IS TABLE OF rt INDEX BY PLS_INTEGER; r tt;",
         "SELECT p.a, p.b BULK COLLECT INTO r FROM d.p p;", "r(i)"),
        (f"TYPE rt IS RECORD (k NUMBER, m NUMBER); r rt; CURSOR c IS {_P};", "OPEN c; FETCH c INTO r;", "r"),
        ("CURSOR c IS SELECT a AS k, b AS m FROM d.p; r c%ROWTYPE;", "FETCH c INTO r;", "r"),
        ("TYPE rt IS RECORD (k NUMBER, m NUMBER); r rt; s rt;", "SELECT p.a, p.b INTO s FROM d.p p; r := s;", "r"),
        ("TYPE rt IS RECORD (k NUMBER, m NUMBER); r rt;", f"EXECUTE IMMEDIATE '{_P}' INTO r;", "r"),
        ("TYPE rt IS RECORD (k NUMBER, m NUMBER); r rt;", "SELECT p.a, p.b INTO r.k, r.m FROM d.p p;", "r"),
      )),
    ("oracle", ("CREATE PROCEDURE d.f IS r k.t%ROWTYPE; BEGIN SELECT p.x, p.y, p.z INTO r FROM d.p p; INSERT INTO d.o (p, q) VALUES (r.id, r.b); INSERT INTO k.t VALUES r; END;",
                "d.p.x > d.o.p; d.p.z > d.o.q; d.p.x > k.t.id; d.p.y > k.t.a; d.p.z > k.t.b")),
    ("oracle", ("CREATE PROCEDURE d.f (r OUT NOCOPY k.t%ROWTYPE) IS BEGIN SELECT p.x, p.y INTO r.id, r.b FROM d.p p; INSERT INTO d.o (p) VALUES (r.b); END;",
                "d.p.x > d.f.r.id; d.p.y > d.f.r.b; d.p.y > d.o.p")),
    ("postgres", ("CREATE FUNCTION d.f() RETURNS SETOF k.t AS $$ DECLARE r k.t%ROWTYPE; BEGIN FOR r IN SELECT x, y, z FROM d.p LOOP RETURN NEXT r; END LOOP; END $$ LANGUAGE plpgsql",
                  "d.p.x > d.f.id; d.p.y > d.f.a; d.p.z > d.f.b")),
    ("postgres", ("CREATE TYPE d.ty AS (k int, m int); CREATE FUNCTION d.f() RETURNS void AS $$ DECLARE r d.ty; BEGIN SELECT p.a, p.b INTO r FROM d.p p; INSERT INTO d.o (p, q) VALUES (r.k, r.m); END $$ LANGUAGE plpgsql",
                  "d.p.a > d.o.p; d.p.b > d.o.q")),
    ("postgres", ("CREATE FUNCTION d.f(r k.t) RETURNS void AS $$ BEGIN SELECT p.x, p.y INTO r.id, r.b FROM d.p p; INSERT INTO d.o (p, q) VALUES (r.id, r.b); END $$ LANGUAGE plpgsql",
                  "d.p.x > d.o.p; d.p.y > d.o.q")),
    ("postgres", ("CREATE FUNCTION d.f() RETURNS void AS $$ DECLARE r record; BEGIN SELECT p.a, p.b AS y INTO r FROM d.p p; INSERT INTO d.o (p, q) VALUES (r.a, r.y); END $$ LANGUAGE plpgsql",
                  "d.p.a > d.o.p; d.p.b > d.o.q")),
]  # fmt: skip
_PACKED = {
    "bigquery": "STRUCT(p.a AS x, p.b AS y)", "duckdb": "{'x': p.a, 'y': p.b}", "spark": "named_struct('x', p.a, 'y', p.b)",
    "databricks": "struct(p.a AS x, p.b AS y)", "trino": "CAST(ROW(p.a, p.b) AS ROW(x int, y int))",
}  # fmt: skip
STRUCTS: list[tuple[str, Row]] = [
    # of a struct that is put together in the statement only the field that is read is a source
    *((engine, (f"CREATE TABLE d.o AS WITH s AS (SELECT {packed} AS st FROM d.p AS p) SELECT s.st.x AS q, st.y AS r FROM s", "d.p.a > d.o.q; d.p.b > d.o.r"))
      for engine, packed in _PACKED.items()),
    *((engine, (f"CREATE TABLE d.o AS SELECT s.st.*, 1 AS k FROM (SELECT {packed} AS st FROM d.p AS p) AS s", "d.p.a > d.o.x; d.p.b > d.o.y"))
      for engine, packed in _PACKED.items() if engine != "trino"),
    ("snowflake", ("CREATE TABLE d.o AS SELECT s.st:x::int AS q, st['y'] AS r FROM (SELECT OBJECT_CONSTRUCT('x', p.a, 'y', p.b) AS st FROM d.p AS p) AS s",
                   "d.p.a > d.o.q; d.p.b > d.o.r")),
    ("redshift", ("CREATE TABLE d.o AS SELECT s.st.x AS q FROM (SELECT object('x', p.a, 'y', p.b) AS st FROM d.p AS p) AS s", "d.p.a > d.o.q")),
    ("clickhouse", ("CREATE TABLE d.o AS SELECT t.1 AS q FROM (SELECT tuple(p.a, p.b) AS t FROM d.p AS p)", "d.p.a > d.o.q")),
    ("postgres", ("CREATE TABLE d.o AS SELECT (s.st).f1 AS q, (s.r).c, (s.r).* FROM (SELECT ROW(p.a, p.b) AS st, p AS r FROM d.p AS p) AS s",
                  "d.p.a > d.o.q; d.p.c > d.o.c; d.p.* > d.o.*")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT STRUCT(a AS x, b AS y).x AS q, (SELECT AS STRUCT c AS m, d AS n FROM d.r).m AS z FROM d.p",
                  "d.p.a > d.o.q; d.r.c > d.o.z")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT st.i.x FROM (SELECT STRUCT(STRUCT(p.a AS x, p.b AS y) AS i, p.c AS z) AS st FROM d.p AS p)", "d.p.a > d.o.x")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT st.* EXCEPT (x) FROM (SELECT STRUCT(p.a AS x, p.b, p.c AS z) AS st FROM d.p AS p)", "d.p.b > d.o.b; d.p.c > d.o.z")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT ARRAY_AGG(t ORDER BY b DESC LIMIT 1)[OFFSET(0)].* FROM k.t AS t GROUP BY t.id",
                  "k.t.id > d.o.id; k.t.a > d.o.a; k.t.b > d.o.b")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT l.a FROM (SELECT ANY_VALUE(t HAVING MAX b) AS l FROM k.t AS t GROUP BY id)", "k.t.a > d.o.a")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT o.id, i.sku FROM (SELECT id, ARRAY_AGG(STRUCT(sku, qty AS q)) AS items FROM d.l GROUP BY id) AS o, UNNEST(o.items) AS i",
                  "d.l.id > d.o.id; d.l.sku > d.o.sku")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT i.* FROM (SELECT ARRAY(SELECT AS STRUCT sku, qty AS q FROM d.l l) AS items FROM d.p p) AS o, UNNEST(o.items) AS i",
                  "d.l.sku > d.o.sku; d.l.qty > d.o.q")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT p.id, i.sku FROM d.p AS p, UNNEST(p.items) AS i", "d.p.id > d.o.id; d.p.items > d.o.sku")),
    ("databricks", ("CREATE TABLE d.o AS SELECT max(struct(ts, a, b)).a AS a, max_by(struct(b, c), ts).c AS c FROM d.p GROUP BY id", "d.p.a > d.o.a; d.p.c > d.o.c")),
    ("databricks", ("INSERT INTO d.o SELECT p.st.*, p.e FROM d.p AS p", "d.p.st > d.o.*; d.p.e > d.o.e")),
]  # fmt: skip
ORACLE: list[Row] = [
    # data mining (https://docs.oracle.com/en/database/oracle/oracle-database/23/sqlrf/PREDICTION.html and its family)
    ("CREATE VIEW d.v AS SELECT c.id, PREDICTION(m1 USING c.*) AS p FROM d.c c", "d.c.id > d.v.id; d.c.* > d.v.p"),
    ("CREATE VIEW d.v AS SELECT PREDICTION_PROBABILITY(s.m, 1 USING *) AS p, CLUSTER_ID(k USING a, b AS x, UPPER(c) AS y) AS q, PREDICTION(m COST MODEL USING e) AS r FROM d.c",
     "d.c.* > d.v.p; d.c.a > d.v.q; d.c.b > d.v.q; d.c.c > d.v.q; d.c.e > d.v.r"),
    ("CREATE VIEW d.v AS SELECT FEATURE_COMPARE(m USING a AS x AND USING b AS x) AS p, VECTOR_EMBEDDING(m USING c AS data) AS q FROM d.c", "d.c.a > d.v.p; d.c.b > d.v.p; d.c.c > d.v.q"),
    # XML and JSON
    ("CREATE VIEW d.v AS SELECT XMLSERIALIZE(CONTENT u.doc NO INDENT) AS x, XMLSERIALIZE(DOCUMENT u.b AS CLOB INDENT SIZE = 2) AS y, XMLCAST(XMLQUERY('/a' PASSING u.c RETURNING CONTENT) AS NUMBER) AS z FROM d.u u",
     "d.u.doc > d.v.x; d.u.b > d.v.y; d.u.c > d.v.z"),
    ("CREATE VIEW d.v AS SELECT EXTRACT(u.doc, '/a').getStringVal() AS x, EXTRACT(YEAR FROM u.dt) AS y, XMLPARSE(CONTENT u.b WELLFORMED) AS z, XMLROOT(u.c, VERSION '1.0') AS w FROM d.u u WHERE XMLEXISTS('/x' PASSING BY VALUE u.e)",
     "d.u.doc > d.v.x; d.u.dt > d.v.y; d.u.b > d.v.z; d.u.c > d.v.w"),
    ("CREATE VIEW d.v AS SELECT JSON_TRANSFORM(j.doc, SET '$.a' = j.n CREATE ON MISSING, KEEP '$.b', APPEND '$.l' = UPPER(j.m) FORMAT JSON, INSERT '$.z' = PATH '$v' PASSING j.p AS \"v\" RETURNING CLOB) AS x FROM d.j j",
     "d.j.doc > d.v.x; d.j.n > d.v.x; d.j.m > d.v.x; d.j.p > d.v.x"),
    ("CREATE VIEW d.v AS SELECT JSON_QUERY(doc, '$.a' WITH ARRAY WRAPPER) AS x, JSON_QUERY(b, '$' WITH CONDITIONAL ARRAY WRAPPER ERROR ON ERROR) AS y, JSON_OBJECT(KEY 'k' VALUE c FORMAT JSON, 'l' VALUE e ABSENT ON NULL STRICT) AS z FROM d.j WHERE JSON_EXISTS(f, '$?(@.a == $v)' PASSING g AS \"v\")",
     "d.j.doc > d.v.x; d.j.b > d.v.y; d.j.c > d.v.z; d.j.e > d.v.z"),
    ("CREATE JSON RELATIONAL DUALITY VIEW d.v AS SELECT JSON {'_id' : t.id, 'emps' : [SELECT JSON {'no' : e.no, 'n' : e.n} FROM d.emp e WITH INSERT UPDATE WHERE e.t = t.id]} FROM d.t t WITH INSERT UPDATE DELETE",
     "d.t.id > d.v.data; d.emp.no > d.v.data; d.emp.n > d.v.data"),
    ("INSERT INTO d.o (a) SELECT NEW d.food_t(s.n, s.g) FROM d.s s", "d.s.n > d.o.a; d.s.g > d.o.a"),
    # what stands behind a table's name
    ("INSERT INTO d.o (a) SELECT t.a FROM d.t VERSIONS BETWEEN TIMESTAMP SYSTIMESTAMP - INTERVAL '1' HOUR AND SYSTIMESTAMP t", "d.t.a > d.o.a"),
    ("INSERT INTO d.o (a) SELECT a FROM d.t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE versions_operation = 'I'", "d.t.a > d.o.a"),
    ("INSERT INTO d.o (a) SELECT t.a FROM d.t AS OF PERIOD FOR vt TO_DATE('2024', 'YYYY') t, d.u VERSIONS PERIOD FOR vt BETWEEN SYSDATE - 1 AND SYSDATE u", "d.t.a > d.o.a; <- d.u"),
    ("INSERT INTO d.o (a) SELECT t.a FROM d.t PARTITION FOR (DATE '2024-01-01') t JOIN d.u SUBPARTITION (p) u ON u.a = t.a", "d.t.a > d.o.a; <- d.u"),
    ("DELETE FROM d.t PARTITION FOR (1) WHERE a = 1", "-> d.t"),
    ("UPDATE ONLY (d.t) SET a = b", "d.t.b > d.t.a"),
    ("INSERT INTO d.o (a) SELECT t.a FROM ONLY (d.t) t", "d.t.a > d.o.a"),
    # recursive queries, MODEL
    ("INSERT INTO d.o (a) WITH r (a, l) AS (SELECT a, 1 FROM d.t UNION ALL SELECT t.a, r.l + 1 FROM d.t t JOIN r ON t.p = r.a) SEARCH DEPTH FIRST BY l DESC, a NULLS LAST SET o CYCLE a, l SET c TO 'Y' DEFAULT 'N', s AS (SELECT a FROM r) SELECT a FROM s ORDER BY o",
     "d.t.a > d.o.a"),
    ("INSERT INTO d.o (a, b, c) SELECT p, m, k FROM d.t WHERE z = 1 MODEL PARTITION BY (g) DIMENSION BY (a AS p, b) MEASURES (v AS m, 0 AS x, w k) RULES (m['x', ANY] = m['y', CV()] + k[CV(), 1], x[1, 2] = 3) ORDER BY p",
     "d.t.a > d.o.a; d.t.v > d.o.b; d.t.w > d.o.b; d.t.w > d.o.c"),
    ("INSERT INTO d.o (a) SELECT model FROM d.cars WHERE model = 'x' AND measures > 1", "d.cars.model > d.o.a"),
    # 23ai
    ("DELETE d.t t FROM d.u u JOIN d.w w ON w.a = u.a WHERE u.a = t.a", "<- d.u; <- d.w; -> d.t"),
    ("DELETE /*+ x */ FROM d.t WHERE a = 1", "-> d.t"),
    ("UPDATE d.t t SET t.a = u.b FROM d.u u WHERE u.a = t.a", "d.u.b > d.t.a"),
    # what belongs to a package, and binds whose names are words
    ("CREATE PACKAGE BODY d.pk IS TYPE rec IS RECORD (k NUMBER, m NUMBER); g rec; PROCEDURE a IS BEGIN SELECT x, y INTO g FROM d.s; END; PROCEDURE b IS BEGIN INSERT INTO d.o (p, q) VALUES (g.k, g.m); END; END;",
     "d.s.x > d.o.p; d.s.y > d.o.q"),
    ("INSERT INTO d.o (a) SELECT a FROM d.t WHERE b < :end AND c = :from AND e = :start", "d.t.a > d.o.a"),
    # SQL*Plus joins a line that ends in a hyphen with the next
    ("INSERT INTO d.o (a, b) -\nSELECT a-\n, b -\nFROM d.s -\n WHERE c = -\n 1;\nINSERT INTO d.p (a) SELECT a -\n b FROM d.s;", "d.s.a > d.o.a; d.s.b > d.o.b; d.s.a > d.p.a; d.s.b > d.p.a"),
]  # fmt: skip
TERADATA: list[Row] = [
    # phrases behind a value (https://docs.teradata.com/r/Enterprise_IntelliFlex_VMware/SQL-Data-Types-and-Literals/Data-Description-Definitions)
    ("INS INTO d.o (p, q) SEL x.a, DATE (FORMAT 'YYYY') (CHAR(12), UC) || x.b FROM d.x x", "d.x.a > d.o.p; d.x.b > d.o.q"),
    ("CREATE TABLE d.o AS (SELECT a (CHAR(12), UPPERCASE, NAMED p), b (DECIMAL(9, 2), FORMAT 'zz9', NAMED q), SUM(c) (FLOAT, NAMED r, TITLE 'x'), (e || f) (CHAR(9), UC) AS s FROM d.x) WITH DATA",
     "d.x.a > d.o.p; d.x.b > d.o.q; d.x.c > d.o.r; d.x.e > d.o.s; d.x.f > d.o.s"),
    ("CREATE TABLE d.o AS (SELECT TRIM(a (FORMAT '9(8)')) AS p, CASE WHEN b = 1 THEN c END (VARCHAR(9), NAMED q), e (NOT CS) AS r, COUNT(*) (INTEGER, NAMED n) FROM d.x) WITH DATA",
     "d.x.a > d.o.p; d.x.b > d.o.q; d.x.c > d.o.q; d.x.e > d.o.r"),
    ("CREATE TABLE d.o AS (WITH q (date_, time_) AS (SELECT a, b FROM d.x), r (date) AS (SELECT c FROM d.x) SELECT time_, r.date AS e FROM q, r) WITH DATA",
     "d.x.b > d.o.time_; d.x.c > d.o.e"),
    ("INSERT INTO d.o (p, q) SELECT NORMALIZE ON MEETS OR OVERLAPS id, dur FROM d.x", "d.x.id > d.o.p; d.x.dur > d.o.q"),
    ("CREATE VIEW d.o AS SELECT NORMALIZE id, dur FROM d.x", "d.x.id > d.o.id; d.x.dur > d.o.dur"),
    ("MERGE INTO k.t AS t USING d.x AS x ON t.id = x.id WHEN NOT MATCHED THEN INSERT (x.id, x.p + 1, x.q)", "d.x.id > k.t.id; d.x.p > k.t.a; d.x.q > k.t.b"),
]  # fmt: skip
_INSERT = "INSERT INTO d.o (o.p, d.o.q) SELECT a, b FROM d.t"
SEVERAL: list[tuple[str, Row]] = [
    # names of columns with their table's
    *((engine, (_INSERT, "d.t.a > d.o.p; d.t.b > d.o.q")) for engine in ("mysql", "tsql", "oracle", "teradata", "snowflake", "singlestore", "")),
    ("mysql", ("REPLACE INTO d.o (o.p) SELECT a FROM d.t", "d.t.a > d.o.p")),
    ("mysql", ("INSERT INTO d.o (o.p) SELECT a FROM d.t ON DUPLICATE KEY UPDATE o.p = VALUES(o.p)", "d.t.a > d.o.p")),
    ("oracle", ("INSERT INTO d.o x (x.p) SELECT a FROM d.t", "d.t.a > d.o.p")),
    # Databricks' change data capture
    ("databricks", ("APPLY CHANGES INTO d.o FROM STREAM(k.t) KEYS (id) SEQUENCE BY ts COLUMNS * EXCEPT (b) STORED AS SCD TYPE 2", "k.t.id > d.o.id; k.t.a > d.o.a")),
    ("databricks", ("CREATE FLOW f AS AUTO CDC INTO d.o FROM stream k.t KEYS (id) SEQUENCE BY (a, b) COLUMNS (id, b) STORED AS SCD TYPE 1", "k.t.id > d.o.id; k.t.b > d.o.b")),
    ("databricks", ("AUTO CDC INTO d.o FROM STREAM(k.t) KEYS (id) IGNORE NULL UPDATES SEQUENCE BY a", "k.t.id > d.o.id; k.t.a > d.o.a; k.t.b > d.o.b")),
    # LATERAL VIEW: a column of its alias's name, and columns that nobody names
    *((engine, ("INSERT INTO d.o (p, q, r) SELECT t.id, ci.name, ci.x.y FROM d.t t LATERAL VIEW OUTER EXPLODE(t.items) ci AS ci", "d.t.id > d.o.p; d.t.items > d.o.q; d.t.items > d.o.r"))
      for engine in ("spark", "hive", "databricks")),
    ("spark", ("INSERT INTO d.o (p, q) SELECT id, e.col.a FROM d.t LATERAL VIEW explode(arr) e", "d.t.id > d.o.p; d.t.arr > d.o.q")),
    ("hive", ("INSERT INTO d.o (p, q) SELECT a.a, b.b FROM d.t LATERAL VIEW explode(x) a AS a LATERAL VIEW explode(a.y) b AS b", "d.t.x > d.o.p; d.t.x > d.o.q")),
    ("snowflake", ("INSERT INTO d.o (p, q, r) SELECT id, value, f.index FROM d.t, TABLE(FLATTEN(input => d.t.j)) f", "d.t.id > d.o.p; d.t.j > d.o.q; d.t.j > d.o.r")),
    ("postgres", ("INSERT INTO d.o (p, q, r) SELECT id, e->>'a', n FROM d.t, jsonb_array_elements(d.t.j) e, generate_series(1, d.t.m) n", "d.t.id > d.o.p; d.t.j > d.o.q; d.t.m > d.o.r")),
    # Redshift's navigation: element and index are variables (https://docs.aws.amazon.com/redshift/latest/dg/query-super.html)
    ("redshift", ("INSERT INTO d.o (p, q, r) SELECT o.id, ix, l.sku FROM d.t AS o, o.lines AS l AT ix", "d.t.id > d.o.p; d.t.lines > d.o.q; d.t.lines > d.o.r")),
    ("redshift", ("INSERT INTO d.o (p, q, r) SELECT id, attr, val FROM d.t AS o, UNPIVOT o.props AS val AT attr", "d.t.id > d.o.p; d.t.props > d.o.q; d.t.props > d.o.r")),
    ("redshift", ("INSERT INTO d.o (p, q) SELECT l.sku, s.q FROM d.t o JOIN o.lines l ON l.x = 1 LEFT JOIN l.subs AS s AT i ON true", "d.t.lines > d.o.p; d.t.lines > d.o.q")),
    # ClickHouse's names of expressions, and its conditional operator
    ("clickhouse", ("CREATE VIEW d.o AS WITH upper(u) AS m, m || 'x' AS k SELECT m, k, k AS z, a FROM d.t", "d.t.u > d.o.m; d.t.u > d.o.k; d.t.u > d.o.z; d.t.a > d.o.a")),
    ("clickhouse", ("CREATE VIEW d.o AS SELECT sum(a ? b : 0) AS x FROM d.t WHERE c ? 1 : e GROUP BY f ? g : 2, h HAVING i ? j : k ORDER BY l ? m : n DESC LIMIT 1", "d.t.a > d.o.x; d.t.b > d.o.x")),
    # Greenplum spreads rows
    *((engine, ("CREATE TABLE d.o WITH (appendoptimized=true) AS SELECT a FROM d.t DISTRIBUTED BY (a); CREATE TABLE d.p AS (SELECT b FROM d.t) DISTRIBUTED RANDOMLY", "d.t.a > d.o.a; d.t.b > d.p.b"))
      for engine in ("greenplum", "postgres")),
    ("greenplum", ("CREATE EXTERNAL TABLE e.f (a int) LOCATION ('gpfdist://h:1/f.csv') FORMAT 'CSV' (HEADER) SEGMENT REJECT LIMIT 9 ROWS; INSERT INTO d.o SELECT a FROM e.f",
                   'external."gpfdist://h:1/f.csv".* > e.f.*; e.f.a > d.o.a')),
    ("greenplum", ("CREATE WRITABLE EXTERNAL TABLE e.f (a int) LOCATION ('gpfdist://h:1/f.csv') FORMAT 'CSV'", 'e.f.a > external."gpfdist://h:1/f.csv".a')),
    # functions of tables, and how their rows are handed over
    ("trino", ("INSERT INTO h.d.o (p, q) SELECT f.k, f.s FROM TABLE(ml.scorer(input => TABLE(h.d.t) PARTITION BY k ORDER BY a, mode => 'x')) AS f", "h.d.t.k > h.d.o.p; h.d.t.s > h.d.o.q")),
    ("trino", ("INSERT INTO h.d.o (p) SELECT x FROM TABLE(f(TABLE(SELECT a AS k FROM h.d.t) AS x (k) PARTITION BY (k, j) KEEP WHEN EMPTY ORDER BY (k DESC), DESCRIPTOR(a)))",
               "h.d.t.a > h.d.o.p")),
    ("databricks", ("INSERT INTO h.d.o (p) SELECT k FROM f(t => TABLE(SELECT a AS k FROM h.d.t) WITH SINGLE PARTITION, 3)", "h.d.t.a > h.d.o.p")),
    # BigQuery's models pass the columns of their rows through
    ("bigquery", ("CREATE TABLE d.o AS SELECT id, predicted_y FROM ML.PREDICT(MODEL d.m, (SELECT id, a FROM d.t))", "d.t.id > d.o.id; d.t.id > d.o.predicted_y; d.t.a > d.o.predicted_y; <- d.m")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT p.id, p.a AS x FROM ML.TRANSFORM(MODEL `d.m`, TABLE k.t) AS p", "k.t.id > d.o.id; k.t.a > d.o.x")),
    ("bigquery", ("CREATE TABLE d.o AS SELECT weight FROM ML.WEIGHTS(MODEL d.m)", "d.m.weight > d.o.weight")),
    ("", ("INSERT INTO d.o (p, q) SELECT CAST(IF(a, b, c) AS INT), IF(e = 1, f, g) FROM d.t", "d.t.a > d.o.p; d.t.b > d.o.p; d.t.c > d.o.p; d.t.e > d.o.q; d.t.f > d.o.q; d.t.g > d.o.q")),
    # where a column may be: not in a system view that has none of that name, nor in a table whose columns are known
    ("tsql", ("INSERT INTO d.o (p, q) SELECT x, name FROM d.t, sys.columns", "d.t.x > d.o.p; sys.columns.name > d.o.q")),
    ("tsql", ("INSERT INTO d.o (p) SELECT x FROM k.t, INFORMATION_SCHEMA.COLUMNS, d.v", "d.v.x > d.o.p")),
    ("tsql", ("INSERT INTO d.o (p) SELECT (SELECT COUNT(name) FROM sys.columns c WHERE c.object_id = oid) FROM d.t", "sys.columns.name > d.o.p")),
    ("tsql", ("INSERT INTO d.o (p) SELECT zz FROM k.t, k.u", "<- k.t; <- k.u")),
    ("postgres", ("INSERT INTO d.o (p, q) SELECT x, relname FROM d.t, pg_class", "d.t.x > d.o.p; pg_catalog.pg_class.relname > d.o.q")),
    # a text that was run is not run again where the next query has no row
    ("tsql", ("SELECT @s = N'SELECT a FROM d.t' FROM d.c INSERT d.o (p) EXEC (@s) SELECT @s = N'SELECT b FROM d.u' FROM d.c INSERT d.q (p) EXEC (@s)", "d.t.a > d.o.p; d.u.b > d.q.p")),
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


@pytest.mark.parametrize(("engine", "rows"), [("tsql", TSQL), ("oracle", ORACLE), ("teradata", TERADATA)])
def test_forms_of_an_engine(engine: str, rows: list[Row]) -> None:
    assert wrong_answers(engine, rows) == []


@pytest.mark.parametrize(
    "rows",
    [NAMES_IN_DATABASES, ORDER, RECORDS, STRUCTS, SEVERAL],
    ids=["names", "order", "records", "structs", "others"],
)
def test_forms_of_several_engines(rows: list[tuple[str, Row]]) -> None:
    assert [w for engine, row in rows for w in wrong_answers(engine, [row])] == []
