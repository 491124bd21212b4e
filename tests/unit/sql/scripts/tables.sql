What stands in FROM besides tables, and where a word of a clause was once taken for a table. Each case names its dialects.

-- case: a name for what comes through the pipe [bigquery]
CREATE VIEW v AS FROM t |> WHERE c > 3 |> AS p |> EXTEND a + 1 AS z |> SELECT p.b, z;
-- pairs: t.b > v.b i, t.a > v.z t
-- influences: t.c > v filter

-- case: a table's name is known along the pipe [bigquery]
CREATE VIEW v AS FROM t AS q |> EXTEND q.a + 1 AS z |> JOIN u AS r ON q.id = r.id |> SELECT q.b, r.c, z;
-- pairs: t.b > v.b i, u.c > v.c i, t.a > v.z t
-- influences: t.id > v join, u.id > v join

-- case: a function that reads a table and a model [bigquery]
CREATE VIEW v AS SELECT * FROM ML.FORECAST(MODEL d.m, TABLE t, STRUCT(2 AS horizon));
-- pairs: t.id > v.id i, t.a > v.a i, t.b > v.b i, t.id > v.* t, t.a > v.* t, t.b > v.* t
-- reads: d.m, t
-- writes: v

-- case: features as they were give the table's columns [bigquery]
CREATE VIEW v AS SELECT a, b FROM ML.FEATURES_AT_TIME(TABLE t, time => '2026-06-11 10:00:00+00');
-- pairs: t.a > v.a i, t.b > v.b i

-- case: a search gives two rows and their distance [bigquery]
CREATE VIEW v AS
SELECT base.a, query.c, distance AS far FROM VECTOR_SEARCH(TABLE t, 'b', TABLE u, 'd', top_k => 2);
-- pairs: t.a > v.a i, u.c > v.c i, t.b > v.far t, u.d > v.far t
-- reads: t, u

-- case: a search with a query [bigquery]
CREATE VIEW v AS SELECT r.query.c, r.distance FROM VECTOR_SEARCH(TABLE t, 'b', (SELECT c, d FROM u), 'd') AS r;
-- pairs: u.c > v.c t, u.d > v.c t, t.b > v.distance t, u.d > v.distance t

-- case: the rows of a table as they came [bigquery]
CREATE VIEW v AS SELECT a, _CHANGE_TYPE AS kind FROM APPENDS(TABLE t, NULL, NULL) AS c;
-- pairs: t.a > v.a i
-- reads: t

-- case: a function of the user's with a table [bigquery]
CREATE VIEW v AS SELECT * FROM d.tvf(TABLE t, (SELECT c FROM u), 3);
-- pairs: d.tvf.* > v.* i
-- reads: t, u, d.tvf

-- case: no rows are copied by a template [snowflake]
CREATE OR REPLACE TABLE o COPY GRANTS USING TEMPLATE (
  SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM TABLE(INFER_SCHEMA(LOCATION => '@mystage', FILE_FORMAT => 'f'))
);
-- pairs:
-- reads:

-- case: grants are no table [snowflake]
CREATE TABLE o COPY GRANTS LIKE t;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i
-- reads: t

-- case: joins in parentheses begin with rows of a function [snowflake]
CREATE VIEW v AS SELECT o.a FROM (TABLE(GENERATOR(ROWCOUNT => 5)) JOIN t o ON 1 = 1);
-- pairs: t.a > v.a i

-- case: joins in parentheses begin with values [postgres]
CREATE VIEW v AS SELECT x.k, o.a FROM ((VALUES (1)) AS x(k) LEFT JOIN t o ON x.k = o.id);
-- pairs: t.a > v.a i
-- influences: t.id > v join
-- reads: t

-- case: a semantic view is asked for metrics and dimensions [snowflake]
CREATE VIEW v AS
SELECT region, revenue FROM SEMANTIC_VIEW(sales METRICS o.revenue DIMENSIONS c.area AS region WHERE c.active = 1);
-- pairs: sales.area > v.region i, sales.revenue > v.revenue i
-- influences: sales.active > v filter

-- case: figures about a table [duckdb]
CREATE TABLE o AS SELECT column_name, min, null_percentage AS gone FROM (SUMMARIZE SELECT a, b FROM t);
-- pairs: t.a > o.min a, t.b > o.min a, t.a > o.gone a, t.b > o.gone a

-- case: what a table is made of is no value of it [duckdb]
CREATE TABLE o AS SELECT column_name FROM (DESCRIBE t);
-- pairs:
-- reads: t

-- case: the table behind DELETE need not be in FROM [tsql]
DELETE t FROM u WHERE u.c = t.a;
-- pairs:
-- reads: t, u
-- writes: t

-- case: joins in parentheses have a name [postgres, duckdb, spark, trino]
CREATE VIEW v AS SELECT * FROM (t JOIN u USING (id)) AS x;
-- pairs: t.id > v.id i, u.id > v.id i, t.a > v.a i, t.b > v.b i, u.c > v.c i, u.d > v.d i
-- influences: t.id > v join, u.id > v join

-- case: a cached query stands in parentheses or not [spark, databricks]
CACHE LAZY TABLE w OPTIONS ('storageLevel' = 'DISK_ONLY') AS (SELECT a AS y FROM t);
CACHE TABLE x FROM u SELECT c;
INSERT INTO o (p, q) SELECT w.y, x.c FROM w CROSS JOIN x;
-- pairs: t.a > o.p i, u.c > o.q i

-- case: a temporary table's name is a qualifier [postgres, mysql, snowflake, redshift, bigquery, duckdb, sqlite, hive]
CREATE TEMPORARY TABLE w AS SELECT id AS k, a AS y FROM t;
CREATE TEMPORARY TABLE x AS SELECT id AS k, c AS z FROM u;
INSERT INTO o (p, q) SELECT w.y, x.z FROM w JOIN x ON w.k = x.k WHERE w.y > 1;
-- pairs: t.a > o.p i, u.c > o.q i
-- influences: t.id > o join, u.id > o join, t.a > o filter

-- case: a temporary view's name is a qualifier [spark, databricks, postgres, duckdb, sqlite]
CREATE TEMPORARY VIEW w AS SELECT id AS k, a AS y FROM t;
INSERT INTO o (p) SELECT w.y FROM w ORDER BY w.k LIMIT 1;
-- pairs: t.a > o.p i
-- influences: t.id > o sort

-- case: a temporary table is updated by its name [postgres, snowflake, redshift]
CREATE TEMPORARY TABLE w (k INT, y INT);
INSERT INTO w (k, y) SELECT id, a FROM t;
UPDATE w SET y = u.c FROM u WHERE u.id = w.k;
DELETE FROM w WHERE w.y IS NULL;
INSERT INTO o (p) SELECT w.y FROM w;
-- pairs: t.a > o.p i, u.c > o.p i
