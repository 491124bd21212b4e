-- case: scripting with loops and set
DECLARE d DATE DEFAULT CURRENT_DATE();
DECLARE n, m INT64;
SET n = (SELECT MAX(a) FROM ds.t);
SET (m, d) = (SELECT AS STRUCT b, c FROM ds.s);
IF n > 1 THEN
  INSERT INTO ds.o (x, y) SELECT n, m;
ELSEIF n = 0 THEN
  INSERT ds.o (x) VALUES (m);
ELSE
  SELECT 1;
END IF;
WHILE n > 0 DO
  SET n = n - 1;
  INSERT INTO ds.p (x) SELECT a FROM ds.t WHERE b = n;
END WHILE;
LOOP
  BREAK;
END LOOP;
FOR r IN (SELECT a, b FROM ds.t) DO
  INSERT INTO ds.q (x) VALUES (r.b);
END FOR;
BEGIN
  INSERT INTO ds.w (x) SELECT a FROM ds.t;
EXCEPTION WHEN ERROR THEN
  SELECT @@error.message;
END;
-- pairs: ds.t.a > ds.o.x a, ds.s.b > ds.o.y i, ds.s.b > ds.o.x i, ds.t.a > ds.p.x i, ds.t.b > ds.q.x i, ds.t.a > ds.w.x i
-- case: names in backticks of all kinds
INSERT INTO `my-proj.ds.o` (x) SELECT a FROM `my-proj`.ds.t;
INSERT INTO my-proj.ds.p (x) SELECT a FROM `my-proj.ds`.`t`;
-- pairs: my-proj.ds.t.a > my-proj.ds.o.x i, my-proj.ds.t.a > my-proj.ds.p.x i
-- case: wildcard table and suffix
INSERT INTO ds.o (x) SELECT a FROM `proj.ds.events_*` WHERE _TABLE_SUFFIX BETWEEN '20240101' AND '20240131';
-- pairs: proj.ds.events_*.a > ds.o.x i
-- influences: proj.ds.events_*._table_suffix > ds.o filter
-- case: struct and array
CREATE TABLE ds.o AS SELECT STRUCT(a AS p, b AS q) AS s, ARRAY_AGG(STRUCT(a, b) ORDER BY id LIMIT 1)[OFFSET(0)] AS f, [a, b] AS arr FROM t GROUP BY 1;
-- pairs: t.a > ds.o.s t, t.b > ds.o.s t, t.a > ds.o.f a, t.b > ds.o.f a, t.id > ds.o.f w, t.a > ds.o.arr t, t.b > ds.o.arr t
-- case: struct fields
INSERT INTO ds.o (x, y) SELECT t.a.city, b.geo.lat FROM t;
-- pairs: t.a > ds.o.x t, t.b > ds.o.y t
-- case: struct star
CREATE VIEW ds.v AS SELECT id, a.* FROM t;
-- pairs: t.id > ds.v.id i, t.a > ds.v.* t
-- case: unnest with offset
INSERT INTO ds.o (x, y, z) SELECT id, e, off FROM t, UNNEST(a) AS e WITH OFFSET AS off;
-- pairs: t.id > ds.o.x i, t.a > ds.o.y t
-- case: unnest of structs
INSERT INTO ds.o (x, y) SELECT h.page, p.key FROM t, UNNEST(t.a) AS h, UNNEST(h.params) p;
-- pairs: t.a > ds.o.x t, t.a > ds.o.y t
-- case: implicit unnest
INSERT INTO ds.o (x) SELECT h.page FROM t, t.a AS h;
-- pairs: t.a > ds.o.x t
-- case: scalar subquery over unnest
INSERT INTO ds.o (x) SELECT (SELECT value.string_value FROM UNNEST(a) WHERE key = 'page') FROM t;
-- pairs: t.a > ds.o.x t
-- influences: t.a > ds.o filter
-- case: array subquery
INSERT INTO ds.o (x) SELECT ARRAY(SELECT AS STRUCT e.p, e.q FROM UNNEST(a) e WHERE e.p > 1) FROM t;
-- pairs: t.a > ds.o.x t
-- case: except and replace
CREATE VIEW ds.v AS SELECT * EXCEPT (b) REPLACE (a + 1 AS a) FROM t;
-- pairs: t.id > ds.v.id i, t.a > ds.v.a t
-- case: merge with insert row
CREATE TABLE ds.o (id INT64, a INT64, b INT64);
MERGE ds.o T USING (SELECT id, a, b FROM ds.s) S ON T.id = S.id
WHEN MATCHED THEN UPDATE SET a = S.a, b = S.b
WHEN NOT MATCHED BY TARGET THEN INSERT ROW
WHEN NOT MATCHED BY SOURCE THEN DELETE;
-- pairs: ds.s.a > ds.o.a i, ds.s.b > ds.o.b i, ds.s.id > ds.o.id i
-- case: merge on false
MERGE INTO ds.o USING t ON FALSE WHEN NOT MATCHED THEN INSERT (x) VALUES (a) WHEN NOT MATCHED BY SOURCE AND d > 1 THEN DELETE;
-- pairs: t.a > ds.o.x i
-- case: create model
CREATE OR REPLACE MODEL ds.m OPTIONS (model_type = 'linear_reg', input_label_cols = ['b']) AS SELECT a, b FROM t WHERE id > 1;
-- pairs: t.a > ds.m.a i, t.b > ds.m.b i
-- influences: t.id > ds.m filter
-- case: predict with a model
INSERT INTO ds.o (x) SELECT predicted_b FROM ML.PREDICT(MODEL ds.m, (SELECT a FROM t));
-- pairs: t.a > ds.o.x t
-- reads: ds.m, t
-- case: export data
EXPORT DATA OPTIONS (uri = 'gs://b/f*.csv', format = 'CSV', overwrite = true) AS SELECT a, b AS k FROM t;
-- pairs: t.a > external."gs://b/f*.csv".a i, t.b > external."gs://b/f*.csv".k i
-- case: load data
LOAD DATA INTO ds.o (x INT64, y STRING) FROM FILES (format = 'CSV', uris = ['gs://b/p/*.csv']);
-- pairs: external."gs://b/p/*.csv".* > ds.o.x i?, external."gs://b/p/*.csv".* > ds.o.y i?
-- case: external table
CREATE EXTERNAL TABLE ds.e (x INT64) OPTIONS (format = 'CSV', uris = ['gs://b/x.csv']);
INSERT INTO ds.o (y) SELECT x FROM ds.e;
-- pairs: external."gs://b/x.csv".* > ds.e.* i, ds.e.x > ds.o.y i
-- case: pipe syntax
CREATE VIEW ds.v AS
FROM t
|> WHERE b > 1
|> JOIN u USING (id)
|> EXTEND a + c AS k
|> AGGREGATE SUM(k) AS s GROUP BY d
|> ORDER BY s DESC
|> LIMIT 10;
-- pairs: t.a > ds.v.s a, u.c > ds.v.s a, u.d > ds.v.d i
-- case: pipe select, set, drop, rename
CREATE VIEW ds.v AS FROM t |> SET a = a + 1 |> DROP b |> RENAME id AS k;
-- pairs: t.id > ds.v.k i, t.a > ds.v.a t
-- case: procedures
CREATE OR REPLACE PROCEDURE ds.p(IN x INT64, OUT y INT64)
BEGIN
  DECLARE z INT64;
  SET z = (SELECT MAX(a) FROM ds.t WHERE b = x);
  INSERT INTO ds.o (c) VALUES (z);
  CREATE TEMP TABLE w AS SELECT a AS k FROM ds.t;
  INSERT INTO ds.q (c) SELECT k FROM w;
  SET y = z;
END;
CALL ds.p(1, res);
INSERT INTO ds.z (c) SELECT a FROM ds.t;
-- pairs: ds.t.a > ds.o.c a, ds.t.a > ds.q.c i, ds.t.a > ds.p.y a, ds.t.a > ds.z.c i
-- case: execute immediate
DECLARE tab STRING DEFAULT 'ds.o';
EXECUTE IMMEDIATE FORMAT('INSERT INTO `%s` (x) SELECT a FROM ds.t WHERE b = @v', tab) USING 1 AS v;
EXECUTE IMMEDIATE """
  INSERT INTO ds.p (x)
  SELECT a FROM ds.t
""";
-- pairs: ds.t.a > ds.o.x i, ds.t.a > ds.p.x i
-- case: execute immediate into
DECLARE n INT64;
EXECUTE IMMEDIATE 'SELECT MAX(a) FROM ds.t' INTO n;
INSERT INTO ds.o (x) VALUES (n);
-- pairs: ds.t.a > ds.o.x a
-- case: udfs
CREATE TEMP FUNCTION dbl(x INT64) AS (x * 2);
CREATE FUNCTION ds.f(x INT64) RETURNS INT64 LANGUAGE js AS r"""return x * 2; // it's""";
CREATE TABLE FUNCTION ds.tvf(n INT64) AS SELECT a, b FROM t WHERE id = n;
INSERT INTO ds.o (x, y) SELECT dbl(k), v FROM (SELECT a AS k, b AS v FROM ds.tvf(1));
-- pairs: t.a > ds.tvf.a i, t.b > ds.tvf.b i, ds.tvf.a > ds.o.x t, ds.tvf.b > ds.o.y i
-- codes: RL112
-- case: partitioned table with options
CREATE OR REPLACE TABLE ds.o (x INT64 OPTIONS (description = 'it''s'), y STRUCT<p STRING, q ARRAY<INT64>>, z TIMESTAMP) PARTITION BY DATE(z) CLUSTER BY x OPTIONS (expiration_timestamp = TIMESTAMP '2030-01-01 00:00:00 UTC');
INSERT ds.o SELECT a, b, id FROM t;
-- pairs: t.a > ds.o.x i, t.b > ds.o.y i, t.id > ds.o.z i
-- case: ctas partitioned
CREATE TABLE IF NOT EXISTS ds.o PARTITION BY dt OPTIONS (require_partition_filter = TRUE) AS SELECT DATE(a) AS dt, b FROM t;
-- pairs: t.a > ds.o.dt t, t.b > ds.o.b i
-- case: clone, copy, snapshot, like
CREATE TABLE ds.c CLONE ds.t;
CREATE TABLE ds.k COPY ds.t;
CREATE SNAPSHOT TABLE ds.n CLONE ds.t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP();
CREATE TABLE ds.l LIKE ds.t;
-- pairs: ds.t.* > ds.c.* i, ds.t.* > ds.k.* i, ds.t.* > ds.n.* i
-- case: qualify, windows, named windows
INSERT INTO ds.o (x) SELECT LAST_VALUE(a IGNORE NULLS) OVER w FROM t WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY b DESC) = 1 WINDOW w AS (PARTITION BY b ORDER BY id);
-- pairs: t.a > ds.o.x t, t.b > ds.o.x w, t.id > ds.o.x w
-- influences: t.id > ds.o filter, t.b > ds.o filter
-- case: update nested and from
UPDATE ds.o SET x.p = t.a, y = u.c FROM t JOIN u ON t.id = u.id WHERE o.id = t.id;
-- pairs: t.a > ds.o.x t, u.c > ds.o.y i
-- case: pivot and unpivot
CREATE VIEW ds.v AS SELECT * FROM t PIVOT (SUM(b) AS s FOR a IN ('N', 'S' AS south));
CREATE VIEW ds.w AS SELECT * FROM t UNPIVOT (val FOR k IN (a, b));
-- pairs: t.id > ds.v.id i, t.b > ds.v.s_n a, t.a > ds.v.s_n c, t.b > ds.v.s_south a, t.a > ds.v.s_south c, t.id > ds.w.id i, t.a > ds.w.val i, t.b > ds.w.val i
-- case: safe functions, json access, json value
INSERT INTO ds.o (x, y, z) SELECT SAFE.PARSE_DATE('%F', a), JSON_VALUE(b, '$.p'), a.p.q[0] FROM t;
-- pairs: t.a > ds.o.x t, t.b > ds.o.y t, t.a > ds.o.z t
-- case: recursive with and temp table
WITH RECURSIVE h AS (SELECT id, a FROM t UNION ALL SELECT t.id, h.a FROM t JOIN h ON t.b = h.id) SELECT id, a FROM h;
-- pairs: t.id > id i, t.a > a i
-- case: materialized view and search index and row access policy
CREATE MATERIALIZED VIEW ds.mv OPTIONS (enable_refresh = true) AS SELECT a, COUNT(*) AS n FROM t GROUP BY a;
CREATE ROW ACCESS POLICY p ON ds.o GRANT TO ('user:x') FILTER USING (x = 1);
CREATE SEARCH INDEX i ON ds.o (ALL COLUMNS);
CREATE SCHEMA IF NOT EXISTS ds OPTIONS (location = 'EU');
ASSERT (SELECT COUNT(*) FROM ds.t) > 0 AS 'it is empty';
-- pairs: t.a > ds.mv.a i
-- reads: t, ds.t
-- case: alter table rename
ALTER TABLE ds.a RENAME TO b;
ALTER TABLE ds.o ADD COLUMN IF NOT EXISTS z STRING, ADD COLUMN w INT64;
-- pairs: ds.a.* > ds.b.* i
-- case: transactions
BEGIN TRANSACTION;
INSERT INTO ds.o (x) SELECT a FROM t;
COMMIT TRANSACTION;
-- pairs: t.a > ds.o.x i
-- case: union by name and corresponding
INSERT INTO ds.o (x) SELECT a FROM t UNION DISTINCT SELECT c FROM u;
-- pairs: t.a > ds.o.x i, u.c > ds.o.x i
-- case: group by all, grouping sets, having alias
INSERT INTO ds.o (x, y) SELECT LOWER(a) AS k, SUM(b) AS s FROM t GROUP BY ALL HAVING s > 1;
-- pairs: t.a > ds.o.x t, t.b > ds.o.y a
-- influences: t.a > ds.o group_by, t.b > ds.o filter
-- case: table arguments
INSERT INTO ds.o (x, y) SELECT p.predicted_b, g.a FROM ML.PREDICT(MODEL ds.m, TABLE t) p, GAP_FILL(TABLE ds.t2, ts_column => 'ts', bucket_width => INTERVAL '1' DAY) g;
-- pairs: t.id > ds.o.x t, t.a > ds.o.x t, t.b > ds.o.x t, ds.t2.a > ds.o.y i
-- case: script with everything
DECLARE d DATE DEFAULT CURRENT_DATE();
DECLARE arr ARRAY<STRING>;
DECLARE i INT64 DEFAULT 0;
SET d = (SELECT MAX(a) FROM t);
SET (i, arr) = (1, ['x']);
CREATE TEMP TABLE tmp AS SELECT id, a FROM t WHERE b > d;
CREATE TEMP FUNCTION f(x INT64) AS (x * 2);
BEGIN TRANSACTION;
  INSERT INTO ds.o (x, y) SELECT f(a), d FROM tmp;
COMMIT TRANSACTION;
WHILE i < 10 DO SET i = i + 1; IF i = 5 THEN BREAK; ELSEIF i = 6 THEN CONTINUE; END IF; END WHILE;
FOR rec IN (SELECT c, d FROM u) DO INSERT ds.p (x) VALUES (rec.c); END FOR;
BEGIN SELECT 1/0; EXCEPTION WHEN ERROR THEN INSERT INTO ds.log (m) SELECT @@error.message; END;
EXECUTE IMMEDIATE FORMAT('INSERT INTO ds.q (x) SELECT a FROM %s WHERE id = ?', 't') USING i;
EXECUTE IMMEDIATE 'SELECT MAX(b) FROM t' INTO i;
INSERT INTO ds.r (x) VALUES (i);
CALL ds.proc(i, 'x');
RAISE USING MESSAGE = 'x';
-- pairs: t.a > ds.o.x t, t.a > ds.o.y a, u.c > ds.p.x i, t.a > ds.q.x i, t.b > ds.r.x a
-- case: unnest forms
INSERT INTO ds.o (x, y, z, w) SELECT t.id, item.sku, off, e FROM ds.t t, UNNEST(t.items) AS item WITH OFFSET AS off, UNNEST([1,2]) e, t.tags AS tag WHERE tag = 'x';
INSERT INTO ds.p (x) SELECT k.value FROM ds.t, UNNEST(params) k LEFT JOIN UNNEST(k.vals) v;
-- pairs: ds.t.id > ds.o.x i, ds.t.items > ds.o.y t, ds.t.params > ds.p.x t
-- case: struct building and dot star
CREATE VIEW ds.v AS SELECT id, STRUCT(a AS x, b AS y) AS s, ARRAY_AGG(STRUCT(a, b) ORDER BY id LIMIT 5) AS arr FROM t GROUP BY id, a, b;
CREATE VIEW ds.w AS SELECT s.*, q.s.x AS sx FROM ds.v q;
-- pairs: t.id > ds.v.id i, t.a > ds.v.s t, t.b > ds.v.s t, t.a > ds.v.arr a, t.b > ds.v.arr a, t.id > ds.v.arr w, ds.v.s > ds.w.* t, ds.v.s > ds.w.sx t
-- case: wildcards and decorators and backticks
SELECT event_name FROM `p-1.analytics_123.events_*` WHERE _TABLE_SUFFIX = '20200101';
SELECT a FROM `p.d.t$20200101`;
SELECT a FROM p-1.d.t2;
SELECT a FROM `p.d`.t3;
SELECT a FROM `p`.`d`.`t4`;
SELECT x FROM `region-us`.INFORMATION_SCHEMA.TABLES;
-- pairs: p-1.analytics_123.events_*.event_name > event_name i, p.d.t$20200101.a > a i, p-1.d.t2.a > a i, p.d.t3.a > a i, p.d.t4.a > a i,
--  region-us.information_schema.tables.x > x i
-- reads: p-1.analytics_123.events_*, p.d.t$20200101, p-1.d.t2, p.d.t3, p.d.t4, region-us.information_schema.tables
-- case: except replace
CREATE OR REPLACE TABLE ds.o AS SELECT * EXCEPT (b) REPLACE (UPPER(a) AS a), t.b AS bb FROM t;
-- pairs: t.id > ds.o.id i, t.a > ds.o.a t, t.b > ds.o.bb i
-- case: merge insert row and conditions
MERGE ds.o T USING (SELECT id, a FROM t) S ON T.id = S.id AND T.d > '2020' WHEN NOT MATCHED BY TARGET AND S.a > 0 THEN INSERT ROW WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN MATCHED THEN UPDATE SET a = S.a, n = T.n + 1;
-- pairs: t.id > ds.o.id i, t.a > ds.o.a i, ds.o.n > ds.o.n t
-- writes: ds.o
-- reads: t, ds.o
-- case: pivot unpivot
CREATE TABLE ds.o AS SELECT * FROM (SELECT id, a, b FROM t) PIVOT(SUM(b) AS s, COUNT(*) AS c FOR a IN ('q1' AS q1, 'q2'));
CREATE TABLE ds.p AS SELECT * FROM t UNPIVOT INCLUDE NULLS (v FOR k IN (a AS 'x', b AS 'y'));
-- pairs: t.id > ds.o.id i, t.b > ds.o.s_q1 a, t.a > ds.o.s_q1 c, t.a > ds.o.c_q1 c, t.b > ds.o.s_q2 a, t.a > ds.o.s_q2 c, t.a > ds.o.c_q2 c, t.id > ds.p.id i, t.a > ds.p.v i, t.b > ds.p.v i
-- case: qualify, window named, ignore nulls
INSERT ds.o (x) SELECT LAST_VALUE(a IGNORE NULLS) OVER w FROM t WHERE TRUE QUALIFY ROW_NUMBER() OVER w = 1 WINDOW w AS (PARTITION BY id ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);
-- pairs: t.a > ds.o.x t, t.id > ds.o.x w, t.b > ds.o.x w
-- case: procedures and tvf
CREATE OR REPLACE PROCEDURE ds.p(IN x INT64, OUT y INT64) OPTIONS (strict_mode = false)
BEGIN
  SET y = (SELECT MAX(a) FROM t WHERE id = x);
  INSERT INTO ds.o (v) VALUES (y);
END;
CREATE TABLE FUNCTION ds.tf(n INT64) RETURNS TABLE<k INT64> AS SELECT a AS k FROM t WHERE id = n;
SELECT k FROM ds.tf(3);
CREATE FUNCTION ds.js(x FLOAT64) RETURNS FLOAT64 LANGUAGE js AS r"""return x;""";
-- pairs: t.a > ds.o.v a, t.a > ds.p.y a, t.a > ds.tf.k i, ds.tf.k > k i
-- codes: RL112
-- case: recursive and with in subquery
WITH RECURSIVE c AS (SELECT id, a FROM t UNION ALL SELECT c.id, c.a + 1 FROM c JOIN u ON u.id = c.id) SELECT id, a FROM c;
SELECT x FROM (WITH z AS (SELECT a AS x FROM t) SELECT x FROM z);
-- pairs: t.id > id i, t.a > a t, t.a > x i
-- case: using, natural star, cross join unnest
CREATE TABLE ds.o AS SELECT * FROM t JOIN u USING (id);
-- pairs: t.id > ds.o.id i, u.id > ds.o.id i, t.a > ds.o.a i, t.b > ds.o.b i, u.c > ds.o.c i, u.d > ds.o.d i
-- case: insert values subquery and select struct
INSERT INTO ds.o (x, y) VALUES ((SELECT MAX(a) FROM t), 1);
INSERT INTO ds.o (x) SELECT AS VALUE STRUCT(a, b) FROM t;
SELECT AS STRUCT a, b FROM t;
-- pairs: t.a > ds.o.x a, t.a > ds.o.x t, t.b > ds.o.x t, t.a > a i, t.b > b i
-- case: update from and delete
UPDATE ds.o o SET x = t.a, s.f = t.b FROM t WHERE o.id = t.id;
DELETE ds.o WHERE id NOT IN (SELECT id FROM t);
TRUNCATE TABLE ds.o;
-- pairs: t.a > ds.o.x i, t.b > ds.o.s t
-- case: trailing comma and comments
SELECT
  a, # hash comment
  b, -- dash
  /* block */
FROM t,;
-- pairs: t.a > a i, t.b > b i
-- case: unpivot of several columns, each takes its own
INSERT INTO ds.o (x, y) SELECT v, w FROM t UNPIVOT((v, w) FOR k IN ((id, a) AS 'q', (b, a)));
-- pairs: t.id > ds.o.x i, t.b > ds.o.x i, t.a > ds.o.y i
-- case: changes of a table
INSERT INTO ds.o (x) SELECT a FROM APPENDS(TABLE t, NULL, NULL);
INSERT INTO ds.p (x, y) SELECT a, _CHANGE_TYPE FROM CHANGES(TABLE `p-1.d`.k, NULL, NULL) AS c WHERE b > 1;
-- pairs: t.a > ds.o.x i, p-1.d.k.a > ds.p.x i
-- influences: p-1.d.k.b > ds.p filter
-- case: a star of an unknown table does not have what it leaves out
INSERT INTO ds.o (x, y) SELECT c, z FROM (SELECT * EXCEPT (c) FROM ds.k) JOIN ds.m USING (id);
INSERT INTO ds.p (x, y) WITH q AS (SELECT * EXCEPT (c) FROM ds.k), r AS (SELECT * EXCEPT (d) FROM q) SELECT d, e FROM r;
-- pairs: ds.m.c > ds.o.x i, ds.k.z > ds.o.y i?, ds.m.z > ds.o.y i?, ds.k.e > ds.p.y i
-- case: backticks around a project and dataset
CREATE TABLE `p-1.d`.o AS SELECT a FROM `p-1.d`.k;
INSERT `p-1.d`.o (a) SELECT b FROM t;
-- pairs: p-1.d.k.a > p-1.d.o.a i, t.b > p-1.d.o.a i
-- case: parameters and variables of a procedure are columns after it, those of the script are not
DECLARE m INT64 DEFAULT (SELECT MAX(a) FROM t);
CREATE PROCEDURE ds.p (id INT64) BEGIN DECLARE a INT64; SET a = id; END;
CREATE TABLE FUNCTION ds.tf(b INT64) AS SELECT a FROM t WHERE id = b;
BEGIN INSERT ds.o (x) VALUES (m); END;
INSERT ds.o (y, z, w, k) SELECT m, id, a, b FROM t;
-- pairs: t.a > ds.tf.a i, t.a > ds.o.x a, t.a > ds.o.y a, t.id > ds.o.z i, t.a > ds.o.w i, t.b > ds.o.k i
-- case: select as value has the columns of its struct or row
CREATE TABLE ds.o AS SELECT AS VALUE STRUCT(a AS x, b, id + 1 AS z) FROM t;
CREATE TABLE ds.p AS SELECT AS VALUE x FROM t AS x;
CREATE TABLE ds.q AS SELECT AS VALUE ARRAY_AGG(x ORDER BY x.b DESC LIMIT 1)[OFFSET(0)] FROM t AS x GROUP BY x.id;
-- pairs: t.a > ds.o.x i, t.b > ds.o.b i, t.id > ds.o.z t, t.id > ds.p.id i, t.a > ds.p.a i, t.b > ds.p.b i, t.id > ds.q.id a,
--  t.a > ds.q.a a, t.b > ds.q.b a
-- case: a function of an expression ends with its statement
CREATE TEMP FUNCTION dbl(x INT64) RETURNS INT64 AS (x * 2);
INSERT INTO ds.o (y) SELECT x FROM ds.k;
SELECT a FROM t;
-- pairs: ds.k.x > ds.o.y i, t.a > a i
-- case: loops and branches in no block
LOOP INSERT INTO ds.o (x) SELECT a FROM t; BREAK; END LOOP;
REPEAT INSERT INTO ds.o (y) SELECT b FROM t; UNTIL TRUE END REPEAT;
IF FALSE THEN SELECT 1; ELSE INSERT INTO ds.o (z) SELECT c FROM u; END IF;
CASE WHEN FALSE THEN SELECT 1; ELSE INSERT INTO ds.o (w) SELECT d FROM u; END CASE;
-- pairs: t.a > ds.o.x i, t.b > ds.o.y i, u.c > ds.o.z i, u.d > ds.o.w i
-- case: a column goes before a variable of its name
DECLARE a INT64 DEFAULT (SELECT MAX(c) FROM u);
INSERT INTO o (x) SELECT a FROM t;
INSERT INTO p (x) SELECT a FROM u;
INSERT INTO q (x) WITH z AS (SELECT b AS a FROM t) SELECT a FROM z;
INSERT INTO r (x) VALUES (a);
-- pairs: t.a > o.x i, u.c > p.x a, t.b > q.x i, u.c > r.x a
-- case: variables of a block end with it, those of the script do not
DECLARE n INT64 DEFAULT (SELECT MAX(c) FROM u);
FOR r IN (SELECT a FROM t) DO
  BEGIN DECLARE m INT64 DEFAULT (SELECT MIN(b) FROM t); INSERT INTO o (x, y) VALUES (m, n); END;
  INSERT INTO p (x) VALUES (r.a);
END FOR;
INSERT INTO q (x, y) SELECT m, n FROM k;
-- pairs: t.b > o.x a, u.c > o.y a, t.a > p.x i, k.m > q.x i, u.c > q.y a
-- case: a query of another engine
INSERT INTO o (x, y) SELECT q.a, q.b FROM EXTERNAL_QUERY('p.us.conn', '''SELECT a, b
FROM s.t WHERE c > 1''') AS q;
-- pairs: "p.us.conn".s.t.a > o.x i, "p.us.conn".s.t.b > o.y i
-- case: what a procedure puts into its OUT parameters goes on in who calls it
CREATE PROCEDURE ds.pr(IN x INT64, OUT y STRING) BEGIN SET y = (SELECT n.nm FROM ds.n n WHERE n.id = x); END;
DECLARE r STRING; CALL ds.pr(1, r); INSERT ds.z (r) VALUES (r);
-- pairs: ds.n.nm > ds.pr.y i, ds.pr.y > ds.z.r i
