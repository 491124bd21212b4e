-- case: insert by position into a known table [postgres, mysql, oracle, snowflake, bigquery, redshift, spark, databricks, duckdb, sqlite, trino, hive, clickhouse, teradata, exasol, starrocks]
CREATE TABLE o (x INT, y INT, z INT);
INSERT INTO o SELECT b, a FROM t;
-- pairs: t.b > o.x i, t.a > o.y i
-- case: insert by position into a table of a query [postgres, mysql, oracle, snowflake, bigquery, redshift, spark, duckdb, sqlite, trino, hive, clickhouse]
CREATE TABLE o AS SELECT c AS p, d AS q FROM u;
INSERT INTO o SELECT a, b FROM t;
-- pairs: u.c > o.p i, u.d > o.q i, t.a > o.p i, t.b > o.q i
-- case: correlated update with exists [postgres, mysql, oracle, snowflake, bigquery, redshift, databricks, duckdb, sqlite, teradata, exasol]
UPDATE o SET x = (SELECT a FROM t WHERE t.id = o.id) WHERE EXISTS (SELECT 1 FROM t WHERE t.id = o.id AND b > 1);
-- pairs: t.a > o.x i
-- influences: t.id > o filter, o.id > o filter, t.b > o filter
-- case: delete with a correlated subquery [postgres, mysql, oracle, snowflake, bigquery, redshift, databricks, duckdb, sqlite, teradata, exasol, trino]
DELETE FROM o WHERE x < (SELECT AVG(a) FROM t WHERE t.id = o.id);
-- pairs:
-- influences: o.x > o filter, t.a > o filter, t.id > o filter, o.id > o filter
-- case: nested ctes and shadowing [postgres, snowflake, bigquery, redshift, databricks, spark, duckdb, sqlite, trino, mysql, oracle]
CREATE VIEW v AS WITH q AS (WITH q AS (SELECT a AS k FROM t) SELECT k + 1 AS k FROM q), r AS (SELECT k FROM q) SELECT k FROM r;
-- pairs: t.a > v.k t
-- case: cte used twice and joined with itself [postgres, snowflake, bigquery, redshift, databricks, spark, duckdb, sqlite, trino, mysql, oracle, clickhouse, teradata, exasol]
CREATE VIEW v AS WITH q AS (SELECT id, a, b FROM t) SELECT l.a, r.b FROM q l JOIN q r ON l.id = r.id;
-- pairs: t.a > v.a i, t.b > v.b i
-- influences: t.id > v join
-- case: union of a parenthesised limit [postgres, mysql, snowflake, bigquery, databricks, duckdb, trino, clickhouse]
CREATE VIEW v AS (SELECT a FROM t ORDER BY b LIMIT 1) UNION ALL (SELECT c FROM u ORDER BY d LIMIT 2);
-- pairs: t.a > v.a i, u.c > v.a i
-- influences: t.b > v sort, u.d > v sort
-- case: set operations mixed [postgres, snowflake, duckdb, trino, databricks, spark, sqlite, redshift, oracle, mysql]
CREATE VIEW v AS SELECT a FROM t UNION SELECT c FROM u UNION ALL SELECT b FROM t;
-- pairs: t.a > v.a i, u.c > v.a i, t.b > v.a i
-- case: natural join star [postgres, mysql, oracle, sqlite, duckdb, snowflake, spark, databricks]
CREATE VIEW v AS SELECT * FROM t NATURAL JOIN u;
-- pairs: t.id > v.id i, u.id > v.id i, t.a > v.a i, t.b > v.b i, u.c > v.c i, u.d > v.d i
-- influences: t.id > v join, u.id > v join
-- case: using with three tables [postgres, mysql, oracle, sqlite, duckdb, snowflake, spark, trino, bigquery, redshift]
CREATE VIEW v AS SELECT id, a, c, e FROM t JOIN u USING (id) LEFT JOIN w USING (id);
-- pairs: t.id > v.id i, u.id > v.id i, w.id > v.id i, t.a > v.a i, u.c > v.c i, w.e > v.e i
-- case: named window [postgres, mysql, bigquery, duckdb, sqlite, trino, databricks, spark, clickhouse]
CREATE VIEW v AS SELECT SUM(a) OVER w AS s, RANK() OVER w AS r FROM t WINDOW w AS (PARTITION BY b ORDER BY id);
-- pairs: t.a > v.s a, t.b > v.s w, t.id > v.s w, t.b > v.r w, t.id > v.r w
-- case: within group [postgres, snowflake, redshift, duckdb, oracle, databricks, teradata]
CREATE VIEW v AS SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a) AS m FROM t GROUP BY b;
-- pairs: t.a > v.m a
-- case: grouping sets, cube and rollup [postgres, snowflake, redshift, duckdb, oracle, databricks, spark, trino, bigquery]
CREATE VIEW v AS SELECT a, b, SUM(id) AS s FROM t GROUP BY GROUPING SETS ((a, b), (a), ());
-- pairs: t.a > v.a i, t.b > v.b i, t.id > v.s a
-- influences: t.a > v group_by, t.b > v group_by
-- case: hive's grouping sets and with cube [hive, spark, databricks]
CREATE VIEW v AS SELECT a, b, SUM(id) AS s FROM t GROUP BY a, b GROUPING SETS ((a, b), a);
CREATE VIEW w AS SELECT a, SUM(b) AS s FROM t GROUP BY a WITH CUBE;
-- pairs: t.a > v.a i, t.b > v.b i, t.id > v.s a, t.a > w.a i, t.b > w.s a
-- case: subqueries in every place [postgres, mysql, snowflake, bigquery, redshift, databricks, duckdb, sqlite, trino, oracle]
CREATE VIEW v AS
SELECT (SELECT MAX(c) FROM u) AS m, CASE WHEN b > (SELECT MIN(d) FROM u) THEN a END AS k
FROM (SELECT id, a, b FROM t WHERE id > 0) q
WHERE a IN (SELECT c FROM u WHERE d > 1) AND NOT EXISTS (SELECT 1 FROM w WHERE w.e = q.id);
-- pairs: u.c > v.m a, t.b > v.k c, u.d > v.k c, t.a > v.k t
-- influences: t.id > v filter, t.a > v filter, u.c > v filter, u.d > v filter, w.e > v filter
-- case: having and order by an aggregate with limit [postgres, mysql, snowflake, bigquery, redshift, databricks, duckdb, sqlite, trino, clickhouse, spark]
CREATE VIEW v AS SELECT b, COUNT(*) AS n FROM t GROUP BY b HAVING MAX(a) > 1 ORDER BY SUM(id) DESC LIMIT 5;
-- pairs: t.b > v.b i
-- influences: t.b > v group_by, t.a > v filter, t.id > v sort
-- case: order by position and alias [postgres, mysql, snowflake, bigquery, redshift, databricks, duckdb, sqlite, trino, spark]
CREATE VIEW v AS SELECT a + b AS s, id FROM t ORDER BY s, 2 LIMIT 3;
-- pairs: t.a > v.s t, t.b > v.s t, t.id > v.id i
-- influences: t.a > v sort, t.b > v sort, t.id > v sort
-- case: quoted names where case matters [postgres, snowflake, oracle, exasol, materialize]
CREATE VIEW "My View" AS SELECT "s"."The Col" AS "Out Col" FROM "Sch"."My Table" "s";
-- pairs: Sch.My Table.The Col > My View.Out Col i
-- case: quoted names where case does not matter [redshift, duckdb, trino, sqlite, teradata]
CREATE VIEW "My View" AS SELECT "s"."The Col" AS "Out Col" FROM "Sch"."My Table" "s";
-- pairs: sch.my table.the col > my view.out col i
-- case: backticks [mysql, bigquery, spark, databricks, hive, clickhouse, starrocks]
CREATE VIEW `My View` AS SELECT `s`.`The Col` AS `Out Col` FROM `sch`.`My Table` `s`;
-- pairs: sch.my table.the col > my view.out col i
-- case: three-part names [snowflake, bigquery, redshift, databricks, trino, duckdb, spark, starrocks]
INSERT INTO c.s.o (x) SELECT t1.a FROM c.s.t1 AS t1 JOIN c.s2.t2 ON t1.id = t2.id;
-- pairs: c.s.t1.a > c.s.o.x i
-- influences: c.s.t1.id > c.s.o join, c.s2.t2.id > c.s.o join
-- case: columns qualified by the table's name [postgres, mysql, snowflake, redshift, oracle, databricks, duckdb, sqlite, trino, teradata]
CREATE VIEW v AS SELECT s.t1.a, t1.b FROM s.t1;
-- pairs: s.t1.a > v.a i, s.t1.b > v.b i
-- case: values as a table [postgres, snowflake, redshift, duckdb, trino, databricks, spark]
CREATE VIEW v AS SELECT t.a, x.n FROM t JOIN (VALUES (1, 'a'), (2, 'b')) AS x (k, n) ON x.k = t.id;
-- pairs: t.a > v.a i
-- influences: t.id > v join
-- case: lateral derived table [postgres, mysql, snowflake, duckdb, oracle, trino, databricks, starrocks, exasol]
CREATE VIEW v AS SELECT t.id, l.m FROM t CROSS JOIN LATERAL (SELECT MAX(c) AS m FROM u WHERE u.id = t.id) l;
-- pairs: t.id > v.id i, u.c > v.m a
-- case: merge from a cte-like query with conditions [postgres, snowflake, bigquery, databricks, oracle, teradata, redshift, duckdb, trino, spark, exasol]
MERGE INTO o USING (SELECT id, MAX(a) AS m FROM t GROUP BY id) s ON (o.id = s.id)
WHEN MATCHED THEN UPDATE SET x = s.m
WHEN NOT MATCHED THEN INSERT (id, x) VALUES (s.id, s.m);
-- pairs: t.a > o.x a, t.id > o.id i
-- influences: o.id > o join, t.id > o join, t.id > o group_by
-- case: coalesce, nullif, greatest and casts [postgres, mysql, snowflake, bigquery, redshift, databricks, duckdb, trino, spark, oracle]
CREATE VIEW v AS SELECT COALESCE(a, b, 0) AS p, NULLIF(a, b) AS q, GREATEST(a, b) AS r, CAST(a AS DECIMAL(10, 2)) AS s FROM t;
-- pairs: t.a > v.p t, t.b > v.p t, t.a > v.q t, t.b > v.q t, t.a > v.r t, t.b > v.r t, t.a > v.s t
-- case: interval, extract, trim, substring, position [postgres, mysql, snowflake, trino, oracle, duckdb]
CREATE VIEW v AS SELECT EXTRACT(YEAR FROM a) AS y, TRIM(b) AS s FROM t;
-- pairs: t.a > v.y t, t.b > v.s t
-- case: tpc-ds-like year over year [postgres, snowflake, bigquery, redshift, databricks, duckdb, trino, spark, mysql, clickhouse]
CREATE VIEW v AS
WITH yt AS (
  SELECT c_id, d_year AS dyear, SUM(price - disc) AS total, 's' AS kind FROM customer, sales, dates WHERE c_sk = s_cust AND s_date = d_sk GROUP BY c_id, d_year
  UNION ALL
  SELECT c_id, d_year AS dyear, SUM(wprice) AS total, 'w' AS kind FROM customer, web, dates WHERE c_sk = w_cust AND w_date = d_sk GROUP BY c_id, d_year
)
SELECT t1.c_id, CASE WHEN t1.total > 0 THEN t2.total / t1.total ELSE NULL END AS ratio
FROM yt t1, yt t2 WHERE t1.c_id = t2.c_id AND t1.kind = 's' AND t2.kind = 'w';
CREATE TABLE customer (c_id INT, c_sk INT);
CREATE TABLE sales (s_cust INT, s_date INT, price INT, disc INT);
CREATE TABLE web (w_cust INT, w_date INT, wprice INT);
CREATE TABLE dates (d_sk INT, d_year INT);
-- pairs: customer.c_id > v.c_id i, sales.price > v.ratio a, sales.disc > v.ratio a, web.wprice > v.ratio a
-- case: omop-like vocabulary map [postgres, redshift, snowflake, bigquery, duckdb, spark]
CREATE TABLE concept (concept_id INT, code INT, vocab INT);
CREATE TABLE rel (c1 INT, c2 INT, kind INT);
CREATE TABLE src (pid INT, code INT, start_date DATE);
INSERT INTO condition_occurrence (person_id, concept_id, start_date, source_value)
SELECT s.pid, COALESCE(c2.concept_id, 0), s.start_date, s.code
FROM src s
LEFT JOIN concept c1 ON c1.code = s.code AND c1.vocab = 1
LEFT JOIN rel r ON r.c1 = c1.concept_id AND r.kind = 2
LEFT JOIN concept c2 ON c2.concept_id = r.c2;
-- pairs: src.pid > condition_occurrence.person_id i, concept.concept_id > condition_occurrence.concept_id t, src.start_date > condition_occurrence.start_date i, src.code > condition_occurrence.source_value i
-- case: pivot by hand [postgres, mysql, oracle, snowflake, bigquery, redshift, spark, duckdb, sqlite, trino]
CREATE VIEW v AS SELECT id, SUM(CASE WHEN a = 1 THEN b ELSE 0 END) AS one, MAX(CASE a WHEN 2 THEN b END) AS two FROM t GROUP BY id;
-- pairs: t.id > v.id i, t.b > v.one a, t.a > v.one c, t.b > v.two a, t.a > v.two c
-- case: scalar subquery in from-less select and in values [postgres, mysql, snowflake, redshift, duckdb, sqlite]
INSERT INTO o (x, y) VALUES ((SELECT MAX(a) FROM t), (SELECT MIN(c) FROM u WHERE d = 1));
-- pairs: t.a > o.x a, u.c > o.y a
-- case: comments everywhere [postgres, mysql, oracle, snowflake, bigquery, redshift, spark, duckdb, sqlite, trino, hive, clickhouse, teradata]
/* head; 'quote */ INSERT /* x */ INTO o -- it's; a comment
  (x /* y; */) SELECT a -- from nowhere
FROM t; -- done
-- pairs: t.a > o.x i
-- case: explain [postgres, mysql, snowflake, spark, databricks, duckdb, trino, clickhouse, redshift, hive]
EXPLAIN SELECT a FROM t;
INSERT INTO o (x) SELECT a FROM t;
-- pairs: t.a > o.x i
-- case: nested cte shadowing [postgres, snowflake, bigquery, spark, duckdb, tsql, trino, redshift, databricks, mysql, oracle, hive, sqlite, clickhouse]
WITH q AS (SELECT a FROM t), t AS (SELECT a AS b FROM q) SELECT b FROM t;
-- pairs: t.a > b i
-- reads: t
-- case: inner cte shadows outer [postgres, snowflake, bigquery, spark, duckdb, trino, redshift, databricks, mysql, oracle, sqlite, clickhouse]
WITH q AS (SELECT a AS x FROM t) SELECT x FROM (WITH q AS (SELECT c AS x FROM u) SELECT x FROM q) z;
-- pairs: u.c > x i
-- case: cte same name as schema-qualified table [postgres, snowflake, bigquery, spark, duckdb, tsql, trino, redshift, databricks, mysql, oracle, sqlite]
WITH orders AS (SELECT id, amt FROM raw.orders) INSERT INTO o (x) SELECT amt FROM orders;
-- pairs: raw.orders.amt > o.x i
-- reads: raw.orders
-- case: cte same name unqualified [postgres, snowflake, bigquery, spark, duckdb, tsql, trino, redshift, databricks, mysql, sqlite]
WITH t AS (SELECT id, a FROM t WHERE b > 1) SELECT id, a FROM t;
-- pairs: t.id > id i, t.a > a i
-- case: with after insert [postgres, snowflake, spark, duckdb, trino, redshift, databricks, mysql, oracle, sqlite, hive, bigquery, clickhouse]
INSERT INTO o (x) WITH q AS (SELECT a FROM t) SELECT a FROM q;
-- pairs: t.a > o.x i
-- case: with before insert [postgres, tsql, snowflake, duckdb, redshift, sqlite, spark, hive, databricks]
WITH q AS (SELECT a FROM t) INSERT INTO o (x) SELECT a FROM q;
-- pairs: t.a > o.x i
-- case: with before update [postgres, sqlite, tsql, mysql]
WITH q AS (SELECT id, a FROM t) UPDATE o SET x = (SELECT MAX(q.a) FROM q WHERE q.id = o.id);
-- pairs: t.a > o.x a
-- case: with before delete [postgres, sqlite, tsql, mysql]
WITH q AS (SELECT id FROM t) DELETE FROM o WHERE id IN (SELECT id FROM q);
-- pairs:
-- reads: o, t
-- writes: o
-- case: column same name as alias of other [postgres, snowflake, bigquery, spark, duckdb, tsql, trino, redshift, databricks, mysql, oracle, sqlite, hive]
SELECT a AS b, b AS a FROM t;
-- pairs: t.a > b i, t.b > a i
-- case: alias equals table column, lateral not confused [snowflake, redshift, databricks, duckdb]
SELECT a + 1 AS a, a * 2 AS c2 FROM t;
-- pairs: t.a > a t, t.a > c2 t
-- case: case of names [tsql, mysql, bigquery, spark, hive, duckdb, trino, sqlite, postgres, snowflake, oracle, redshift]
INSERT INTO O (X) SELECT T1.A FROM T AS t1;
-- pairs: t.a > o.x i
-- case: schema star [postgres, snowflake, bigquery, spark, duckdb, tsql, trino, redshift, mysql, oracle, sqlite]
INSERT INTO o SELECT p.*, q.c FROM s.x p JOIN u q ON p.id = q.id;
-- pairs: s.x.* > o.* i, u.c > o.c i
-- case: table-name star [postgres, snowflake, spark, duckdb, tsql, trino, redshift, mysql, oracle, sqlite, bigquery]
CREATE VIEW v AS SELECT t.*, u.c AS z FROM t JOIN u ON t.id = u.id;
-- pairs: t.id > v.id i, t.a > v.a i, t.b > v.b i, u.c > v.z i
-- case: schema.table.column [postgres, snowflake, tsql, redshift, mysql, oracle, duckdb, trino]
SELECT s.x.a, s.y.b FROM s.x JOIN s.y ON s.x.id = s.y.id;
-- pairs: s.x.a > a i, s.y.b > b i
-- case: schema.table.star [postgres, snowflake, tsql, redshift, mysql, oracle, duckdb, trino]
SELECT s.x.* FROM s.x JOIN s.y ON s.x.id = s.y.id;
-- pairs: s.x.* > * i
-- case: insert values subquery [postgres, mysql, snowflake, duckdb, tsql, oracle, sqlite, trino, redshift, bigquery]
INSERT INTO o (x, y) VALUES ((SELECT MAX(a) FROM t), 'k');
-- pairs: t.a > o.x a
-- case: ctas parens [postgres, snowflake, bigquery, spark, duckdb, trino, redshift, databricks, mysql, hive, teradata]
CREATE TABLE o AS (SELECT a FROM t) WITH DATA;
-- pairs: t.a > o.a i
-- case: ctas set op parens [postgres, snowflake, bigquery, spark, duckdb, trino, redshift, databricks, hive]
CREATE TABLE o AS (SELECT a FROM t) UNION ALL (SELECT c FROM u);
-- pairs: t.a > o.a i, u.c > o.a i
-- case: nested set ops [postgres, snowflake, bigquery, spark, duckdb, trino, redshift, databricks, tsql, mysql]
INSERT INTO o (x) SELECT a FROM t UNION DISTINCT (SELECT b FROM t EXCEPT DISTINCT SELECT c FROM u);
-- pairs: t.a > o.x i, t.b > o.x i
-- case: scalar subqueries and exists [postgres, snowflake, spark, duckdb, trino, redshift, databricks, tsql, mysql, oracle, sqlite]
INSERT INTO o (x, y) SELECT (SELECT MAX(c) FROM u WHERE u.id = t.id) AS m, CASE WHEN EXISTS (SELECT 1 FROM w WHERE w.id = t.id) THEN a ELSE b END FROM t WHERE id IN (SELECT d FROM u) AND NOT EXISTS (SELECT 1 FROM z WHERE z.k = t.b);
-- pairs: u.c > o.x a, t.a > o.y t, t.b > o.y t
-- reads: t, u, w, z
-- case: derived join derived [postgres, snowflake, spark, duckdb, trino, redshift, databricks, tsql, mysql, oracle, sqlite, bigquery, hive]
INSERT INTO o SELECT x.k AS k1, y.m + x.k AS k2 FROM (SELECT id, a AS k FROM t) x LEFT OUTER JOIN (SELECT id, SUM(c) AS m FROM u GROUP BY id) y ON x.id = y.id;
-- pairs: t.a > o.k1 i, u.c > o.k2 a, t.a > o.k2 t
-- case: union of stars unknown [postgres, snowflake, spark, duckdb, trino, redshift, databricks, tsql, mysql, oracle, sqlite, bigquery, hive]
CREATE VIEW v AS SELECT * FROM x1 UNION ALL SELECT * FROM x2;
-- pairs: x1.* > v.* i, x2.* > v.* i
-- case: star through ctes unknown [postgres, snowflake, spark, duckdb, trino, redshift, databricks, tsql, mysql, oracle, sqlite, bigquery, hive]
CREATE VIEW v AS WITH p AS (SELECT * FROM x1), q AS (SELECT *, p.k + 1 AS k2 FROM p) SELECT q.j, q.k2 FROM q;
-- pairs: x1.j > v.j i, x1.k > v.k2 t
-- case: unqualified in join unknown [postgres, snowflake, spark, duckdb, trino, redshift, databricks, tsql, mysql, oracle, sqlite, bigquery, hive]
SELECT j, x1.k FROM x1 JOIN x2 ON x1.id = x2.id;
-- pairs: x1.j > j i?, x2.j > j i?, x1.k > k i
-- case: alias in group by, order by, having [postgres, snowflake, mysql, bigquery, spark, duckdb, redshift]
INSERT INTO o (x, y) SELECT a + 1 AS k, COUNT(*) AS n FROM t GROUP BY k ORDER BY n LIMIT 5;
-- pairs: t.a > o.x t
-- case: keywords as names [postgres, snowflake, mysql, bigquery, spark, duckdb, redshift, tsql, oracle, sqlite, trino]
SELECT x.date, x.type, x.name AS value, x.status, x.key, x.comment, x.year, x.level, x.role, x.data FROM s.x x;
-- pairs: s.x.date > date i, s.x.type > type i, s.x.name > value i, s.x.status > status i, s.x.key > key i, s.x.comment > comment i, s.x.year > year i, s.x.level > level i, s.x.role > role i, s.x.data > data i
-- case: unqualified keywords as names [postgres, snowflake, mysql, bigquery, spark, duckdb, redshift, tsql, sqlite, trino, databricks]
SELECT date, type, name, status, year, month, value, data, id, description, rank, location FROM x;
-- pairs: x.date > date i, x.type > type i, x.name > name i, x.status > status i, x.year > year i, x.month > month i, x.value > value i, x.data > data i, x.id > id i, x.description > description i, x.rank > rank i, x.location > location i
-- case: view with or replace column list [postgres, snowflake, mysql, spark, duckdb, redshift, oracle, bigquery, databricks]
CREATE OR REPLACE VIEW v (p, q) AS SELECT a, b + 1 FROM t;
-- pairs: t.a > v.p i, t.b > v.q t
-- case: union types and column names from first [postgres, snowflake, spark, duckdb, trino, tsql, mysql, oracle]
CREATE VIEW v AS SELECT a AS k, 1 AS n FROM t UNION SELECT c, d FROM u;
-- pairs: t.a > v.k i, u.c > v.k i, u.d > v.n i
-- case: multi-level window and filter [postgres, snowflake, spark, duckdb, trino, tsql, oracle, redshift, bigquery]
WITH r AS (SELECT id, a, ROW_NUMBER() OVER (PARTITION BY id ORDER BY b DESC) AS rn FROM t) INSERT INTO o (x) SELECT a FROM r WHERE rn = 1;
-- pairs: t.a > o.x i
-- case: full outer using coalesce [postgres, snowflake, spark, duckdb, trino, redshift, databricks, bigquery]
INSERT INTO o (k, x) SELECT id, COALESCE(a, c) FROM t FULL OUTER JOIN u USING (id);
-- pairs: t.id > o.k i, u.id > o.k i, t.a > o.x t, u.c > o.x t
-- case: non-lineage [postgres, snowflake, mysql, spark, duckdb, redshift, oracle, bigquery, tsql, trino, sqlite, hive, databricks, clickhouse, teradata]
GRANT SELECT ON t TO x;
REVOKE SELECT ON t FROM x;
DROP TABLE IF EXISTS o;
DROP VIEW v;
CREATE SCHEMA s1;
COMMIT;
-- pairs:
-- reads:
-- writes:
-- case: trailing comma missing semicolon [duckdb, bigquery, snowflake, databricks]
SELECT a, b, FROM t
-- pairs: t.a > a i, t.b > b i
-- case: case with subquery, between columns [postgres, snowflake, spark, duckdb, trino, tsql, oracle, mysql]
INSERT INTO o (x) SELECT CASE WHEN (SELECT COUNT(*) FROM u) > 0 THEN a WHEN b BETWEEN id AND 5 THEN 1 END FROM t;
-- pairs: t.a > o.x t, t.b > o.x c, t.id > o.x c
-- case: correlated update with join alias [postgres, snowflake, redshift, duckdb, sqlite]
UPDATE o SET x = s.m, y = s.n FROM (SELECT id, MAX(a) AS m, b AS n FROM t GROUP BY id, b) AS s WHERE s.id = o.id;
-- pairs: t.a > o.x a, t.b > o.y i
-- case: delete with alias and subquery [postgres, snowflake, duckdb, oracle, mysql, bigquery, databricks]
DELETE FROM o x WHERE EXISTS (SELECT 1 FROM t WHERE t.id = x.id);
-- pairs:
-- writes: o
-- reads: o, t
-- case: using star with three tables [postgres, snowflake, spark, duckdb, trino, mysql]
SELECT * FROM t JOIN u USING (id) JOIN t AS t2 USING (id);
-- pairs: t.id > id i, u.id > id i, t.a > a i, t.b > b i, u.c > c i, u.d > d i
-- case: recursive employee [postgres, snowflake, mysql, duckdb, sqlite, redshift, trino, databricks]
WITH RECURSIVE org AS (SELECT id, a AS mgr, 1 AS lvl FROM t WHERE a IS NULL UNION ALL SELECT t.id, t.a, org.lvl + 1 FROM t JOIN org ON t.a = org.id) INSERT INTO o (x, y, z) SELECT id, mgr, lvl FROM org;
-- pairs: t.id > o.x i, t.a > o.y i
-- case: databricks notebook [databricks]
-- Databricks notebook source
-- MAGIC %md
-- MAGIC # Title select * from x

-- COMMAND ----------

CREATE WIDGET TEXT env DEFAULT 'dev';
-- COMMAND ----------
INSERT INTO o (x) SELECT a FROM t
-- COMMAND ----------
-- MAGIC %python
-- MAGIC df = spark.sql("select 1")
-- COMMAND ----------
CREATE OR REPLACE TEMP VIEW tv AS SELECT b FROM t WHERE env = getArgument('env');
-- COMMAND ----------
INSERT INTO p (x) SELECT b FROM tv
-- codes: RL143
-- pairs: t.a > o.x i, t.b > p.x i
-- case: view over values with alias [postgres, duckdb, snowflake, tsql, databricks]
CREATE VIEW v AS SELECT q.k FROM (VALUES (1), (2)) AS q (k);
-- pairs:
-- case: insert select from multiple joins using subquery alias same as table [postgres, mysql, snowflake, tsql, oracle, bigquery]
INSERT INTO o (x) SELECT t.c FROM (SELECT c FROM u) t;
-- pairs: u.c > o.x i
-- reads: u
-- case: correlated alias hides outer [postgres, snowflake, tsql, oracle]
SELECT (SELECT t.c FROM u t WHERE t.id = 1) AS x FROM t;
-- pairs: u.c > x i
-- case: exists with alias star [postgres, snowflake, tsql, mysql, oracle, bigquery]
INSERT INTO o (x) SELECT a FROM t WHERE EXISTS (SELECT z.* FROM u z WHERE z.id = t.id);
-- pairs: t.a > o.x i
-- case: group by having subquery [postgres, snowflake, tsql, mysql]
INSERT INTO o (x) SELECT a FROM t GROUP BY a HAVING SUM(b) > (SELECT AVG(c) FROM u);
-- pairs: t.a > o.x i
-- influences: t.a > o group_by, t.b > o filter, u.c > o filter
-- case: order by subquery without limit [postgres, mysql, snowflake]
SELECT a FROM t ORDER BY (SELECT MAX(c) FROM u);
-- pairs: t.a > a i
-- reads: t, u
-- case: join on subquery, lateral cross [postgres, snowflake, tsql]
SELECT t.a, q.d FROM t JOIN (SELECT id, d FROM u WHERE c > 1) q ON q.id = t.id AND q.d > (SELECT MIN(b) FROM t);
-- pairs: t.a > a i, u.d > d i
-- case: cte unused [postgres, tsql, snowflake, bigquery, mysql]
WITH unused AS (SELECT * FROM zz), q AS (SELECT a FROM t) SELECT a FROM q;
-- pairs: t.a > a i
-- reads: t
-- case: insert into same table [postgres, tsql, mysql, snowflake, oracle]
INSERT INTO t (a) SELECT b FROM t WHERE id > 1;
-- pairs: t.b > t.a i
-- case: window over aggregate [postgres, tsql, snowflake, bigquery, oracle, mysql]
INSERT INTO o (x, y) SELECT a, SUM(SUM(b)) OVER (PARTITION BY a ORDER BY MAX(id)) FROM t GROUP BY a;
-- pairs: t.a > o.x i, t.b > o.y a, t.a > o.y w, t.id > o.y w
-- case: nested case and nullif and concat [postgres, snowflake, oracle, duckdb, redshift]
INSERT INTO o (x) SELECT CASE WHEN a = 1 THEN CASE b WHEN 2 THEN id ELSE NULLIF(a, 0) END END || '-' || COALESCE(b, 'x') FROM t;
-- pairs: t.a > o.x t, t.b > o.x t, t.id > o.x t
-- case: 3-level names create [snowflake, tsql, databricks, trino, redshift, bigquery]
CREATE TABLE c1.s1.o AS SELECT x.a FROM c2.s2.t2 AS x;
-- pairs: c2.s2.t2.a > c1.s1.o.a i
-- writes: c1.s1.o
-- case: select distinct top aggregate alias collisions [tsql]
SELECT DISTINCT TOP (3) WITH TIES a AS [Group], COUNT(*) [Count], MAX(b) 'Max b' INTO #r FROM t GROUP BY a ORDER BY COUNT(*) DESC
INSERT o ([Group], [Max b]) SELECT [Group], [Max b] FROM #r
-- pairs: t.a > o.group i, t.b > o.max b a
-- case: alter view & function & trigger [tsql]
ALTER VIEW dbo.v (p, q) WITH SCHEMABINDING AS SELECT a, b FROM dbo.t
GO
CREATE OR ALTER FUNCTION dbo.f () RETURNS TABLE AS RETURN WITH q AS (SELECT a FROM dbo.t) SELECT a FROM q
GO
ALTER TRIGGER dbo.tr ON dbo.v INSTEAD OF INSERT AS INSERT dbo.t (a) SELECT p FROM inserted
-- pairs: dbo.t.a > dbo.v.p i, dbo.t.b > dbo.v.q i, dbo.t.a > dbo.f.a i, dbo.v.p > dbo.t.a i
-- case: snowflake semi-structured insert [snowflake]
INSERT INTO o (x, y) SELECT PARSE_JSON(a):k::string, OBJECT_CONSTRUCT('m', b, 'n', t.a:z) FROM t;
INSERT INTO p SELECT t.a:x::int AS x, t.a:"Y z"[0]::date AS y, f.value:q AS q FROM t, LATERAL FLATTEN(t.a, 'items') AS f;
-- pairs: t.a > o.x t, t.b > o.y t, t.a > o.y t, t.a > p.x t, t.a > p.y t, t.a > p.q t
-- case: external functions and stages python [snowflake]
CREATE OR REPLACE FUNCTION pyf(x INT) RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.9' HANDLER = 'f' AS $$
def f(x):
    return "select * from t; "
$$;
CREATE PROCEDURE js() RETURNS STRING LANGUAGE JAVASCRIPT EXECUTE AS OWNER AS $$ var s = snowflake.createStatement({sqlText: `INSERT INTO o SELECT 1`}); $$;
INSERT INTO o (x) SELECT pyf(a) FROM t;
-- pairs: t.a > o.x t
-- codes: RL112
-- case: oracle mviews synonyms sequences in insert [oracle]
INSERT INTO o (id, x) SELECT seq.NEXTVAL, a FROM (SELECT DISTINCT a FROM t ORDER BY a);
INSERT INTO o (id, x) VALUES (seq.NEXTVAL, (SELECT MAX(a) FROM t));
-- pairs: t.a > o.x i, t.a > o.x a
-- case: postgres materialized cte, lateral values [postgres]
WITH q AS MATERIALIZED (SELECT a FROM t), r AS NOT MATERIALIZED (SELECT c FROM u) INSERT INTO o (x, y) SELECT v.k, r.c FROM q, r, LATERAL (VALUES (q.a), (r.c)) AS v(k);
-- pairs: t.a > o.x i, u.c > o.x i, u.c > o.y i
-- case: mysql insert select on duplicate with subquery [mysql]
INSERT INTO o (id, n) SELECT id, cnt FROM (SELECT id, COUNT(a) cnt FROM t GROUP BY id) q ON DUPLICATE KEY UPDATE n = o.n + q.cnt, m = VALUES(n), k = (SELECT MAX(c) FROM u);
-- pairs: t.id > o.id i, t.a > o.n a, o.n > o.n t, t.a > o.m a, u.c > o.k a
-- case: presto style with values [trino]
INSERT INTO o (x) SELECT k FROM (VALUES (1, 'a')) AS q (k, v) CROSS JOIN t WHERE q.v = t.a;
-- pairs:
-- case: singlestore pipelines [singlestore]
CREATE PIPELINE p AS LOAD DATA S3 's3://b/x' CONFIG '{}' CREDENTIALS '{}' INTO TABLE o FIELDS TERMINATED BY ',';
CREATE OR REPLACE PIPELINE IF NOT EXISTS p1 AS LOAD DATA S3 'b/y' CONFIG '{}' INTO TABLE o (a <- k::l, @v <- m) FORMAT PARQUET SET b = UPPER(@v);
CREATE PIPELINE p2 AS LOAD DATA KAFKA 'h/topic' INTO PROCEDURE pr;
CREATE PIPELINE p3 AS LOAD DATA KAFKA 'h:9092/tp' INTO TABLE o (x);
START PIPELINE p;
-- pairs: external.s3://b/x.* > o.* i, external.s3://b/y.* > o.a i?, external.s3://b/y.* > o.b t?, external.kafka:tp.* > o.x i?
-- case: starrocks/doris load [starrocks, doris]
CREATE ROUTINE LOAD db.job ON o COLUMNS TERMINATED BY ",", COLUMNS (x, y, z = x + y) PROPERTIES ("a" = "b") FROM KAFKA ("kafka_broker_list" = "h", "kafka_topic" = "tp");
CREATE ROUTINE LOAD db.job2 ON p FROM KAFKA ("kafka_broker_list" = "h", "kafka_topic" = "t2");
INSERT OVERWRITE o SELECT a AS x FROM t;
CREATE MATERIALIZED VIEW mv REFRESH ASYNC EVERY (INTERVAL 1 HOUR) AS SELECT id, SUM(a) AS s FROM t GROUP BY id;
SUBMIT TASK AS INSERT INTO q (x) SELECT b FROM t;
SUBMIT TASK etl SCHEDULE EVERY(INTERVAL 1 DAY) PROPERTIES ("a" = "b") AS CREATE TABLE r AS SELECT a FROM t;
CREATE JOB j ON SCHEDULE EVERY 1 MINUTE DO INSERT INTO q (x) SELECT b FROM t;
-- pairs: external.kafka:tp.* > db.o.x i?, external.kafka:tp.* > db.o.y i?, external.kafka:tp.* > db.o.z t?, external.kafka:t2.* > db.p.* i,
--  t.a > db.o.x i, t.id > mv.id i, t.a > mv.s a, t.b > q.x i, t.a > r.a i
-- case: truncate of what may not be there [clickhouse, snowflake, databricks, mysql]
TRUNCATE TABLE IF EXISTS db.o;
-- pairs:
-- writes: db.o
-- case: truncate of several tables [postgres]
TRUNCATE ONLY a, b RESTART IDENTITY CASCADE;
TRUNCATE TABLE c *, d;
-- pairs:
-- writes: a, b, c, d
-- case: added partitions are no columns [mysql]
CREATE TABLE k (a INT);
ALTER TABLE k ADD PARTITION (PARTITION p3 VALUES LESS THAN (2005));
ALTER TABLE k ADD PARTITION PARTITIONS 6, ADD COLUMN q INT;
INSERT INTO p SELECT * FROM k;
-- pairs: k.a > p.a i, k.q > p.q i
-- case: added partitions are no columns [oracle]
CREATE TABLE k (a INT);
ALTER TABLE k ADD PARTITION p1 VALUES LESS THAN (5);
ALTER TABLE k ADD SUBPARTITION p1;
INSERT INTO p SELECT * FROM k;
-- pairs: k.a > p.a i
-- case: added partitions and rollups are no columns [starrocks, doris]
CREATE TABLE k (a INT);
ALTER TABLE k ADD PARTITION p1 VALUES LESS THAN ("2015");
ALTER TABLE k ADD TEMPORARY PARTITION tp1 VALUES [("2020"), ("2021"));
ALTER TABLE k ADD ROLLUP r (a);
INSERT INTO p SELECT * FROM k;
-- pairs: k.a > p.a i
-- case: added policies are no columns [snowflake]
CREATE TABLE k (a INT);
ALTER TABLE k ADD SEARCH OPTIMIZATION ON EQUALITY(a);
ALTER TABLE k ADD ROW ACCESS POLICY pp ON (a);
ALTER TABLE k ADD COLUMN IF NOT EXISTS x INT, y INT;
INSERT INTO p SELECT * FROM k;
-- pairs: k.a > p.a i, k.x > p.x i, k.y > p.y i
-- case: partitions and columns are added [hive, athena, spark, databricks]
CREATE TABLE k (a INT) PARTITIONED BY (dt STRING);
ALTER TABLE k ADD IF NOT EXISTS PARTITION (dt = '1') LOCATION '/x' PARTITION (dt = '2');
ALTER TABLE k ADD PARTITION (dt = '1');
ALTER TABLE k ADD COLUMNS (z INT COMMENT 'x', y INT);
INSERT INTO p SELECT * FROM k;
-- pairs: k.a > p.a i, k.dt > p.dt i, k.z > p.z i, k.y > p.y i
-- case: parts of a table are renamed, not the table [postgres, oracle]
ALTER TABLE k RENAME CONSTRAINT a TO b;
-- pairs:
-- case: parts of a table are renamed, not the table [mysql]
ALTER TABLE k RENAME INDEX a TO b, RENAME KEY c TO d;
-- pairs:
-- case: parts of a table are renamed, not the table [oracle]
ALTER TABLE k RENAME PARTITION a TO b;
-- pairs:
-- case: parts of a table are renamed, not the table [starrocks, doris]
ALTER TABLE k RENAME PARTITION a b;
ALTER TABLE k RENAME ROLLUP a b;
ALTER TABLE k RENAME m;
-- pairs: k.* > m.* i
-- case: a column is renamed without the word [postgres, sqlite, duckdb]
CREATE TABLE k (a INT, b INT);
ALTER TABLE k RENAME a TO c;
INSERT INTO p SELECT * FROM k;
-- pairs: k.c > p.c i, k.b > p.b i
-- case: a column is dropped without the word [postgres, sqlite, mysql]
CREATE TABLE k (a INT, b INT, d INT);
ALTER TABLE k DROP b;
INSERT INTO p SELECT * FROM k;
-- pairs: k.a > p.a i, k.d > p.d i
-- case: what is dropped is no column [mysql]
CREATE TABLE k (a INT, b INT, d INT);
ALTER TABLE k DROP PRIMARY KEY, DROP FOREIGN KEY a, DROP CHECK b, DROP INDEX d;
INSERT INTO p SELECT * FROM k;
-- pairs: k.a > p.a i, k.b > p.b i, k.d > p.d i
-- case: several changes of columns at once [mysql]
CREATE TABLE k (a INT, b INT, d INT, e INT);
ALTER TABLE k ADD COLUMN f INT, DROP b, DROP COLUMN d, CHANGE COLUMN e g INT NOT NULL, CHANGE a h INT;
INSERT INTO p SELECT * FROM k;
-- pairs: k.h > p.h i, k.g > p.g i, k.f > p.f i
-- case: a default is dropped, and a column [postgres]
CREATE TABLE k (a INT, b INT);
ALTER TABLE k ALTER COLUMN a DROP DEFAULT, DROP COLUMN b;
INSERT INTO p SELECT * FROM k;
-- pairs: k.a > p.a i
-- case: columns are dropped in parentheses [oracle]
CREATE TABLE k (a INT, b INT, d INT);
ALTER TABLE k DROP (a, b);
INSERT INTO p SELECT * FROM k;
-- pairs: k.d > p.d i
-- case: columns are dropped in parentheses [spark, databricks]
CREATE TABLE k (a INT, b INT, d INT);
ALTER TABLE k DROP COLUMNS (a, b);
INSERT INTO p SELECT * FROM k;
-- pairs: k.d > p.d i
-- case: columns change their names with their types [hive, mysql]
CREATE TABLE k (a INT, b INT, d INT);
ALTER TABLE k CHANGE a x BIGINT;
ALTER TABLE k CHANGE COLUMN b y BIGINT;
INSERT INTO p SELECT * FROM k;
-- pairs: k.x > p.x i, k.y > p.y i, k.d > p.d i
-- case: constraints are dropped without the word [tsql]
CREATE TABLE k (a int, b int, d int, e int);
ALTER TABLE k DROP a;
ALTER TABLE k DROP CONSTRAINT d, COLUMN b;
ALTER TABLE k DROP COLUMN IF EXISTS e;
INSERT INTO p SELECT * FROM k;
-- pairs: k.a > p.a i, k.d > p.d i
-- case: aggregates with names of their own [tsql]
SELECT VAR(a) AS x, STDEVP(b) AS y, CHECKSUM_AGG(id) AS z INTO o FROM t;
-- pairs: t.a > o.x a, t.b > o.y a, t.id > o.z a
-- case: aggregates with names of their own [spark, databricks]
CREATE TABLE o AS SELECT id, try_sum(a) AS x, some(b) AS y FROM t GROUP BY ALL;
-- pairs: t.id > o.id i, t.a > o.x a, t.b > o.y a
-- influences: t.id > o group_by
-- case: aggregates with names of their own [trino, athena]
CREATE TABLE o AS SELECT map_agg(a, b) AS x, geometric_mean(id) AS y FROM t;
-- pairs: t.a > o.x a, t.b > o.x a, t.id > o.y a
-- case: aggregates with names of their own [oracle]
CREATE TABLE o AS SELECT stats_mode(a) AS x, CAST(COLLECT(b) AS tab) AS y FROM t;
-- pairs: t.a > o.x a, t.b > o.y a
-- case: aggregates with names of their own [duckdb]
CREATE TABLE o AS SELECT id, product(a) AS x, json_group_array(b) AS y FROM t GROUP BY ALL;
-- pairs: t.id > o.id i, t.a > o.x a, t.b > o.y a
-- influences: t.id > o group_by
-- case: aggregates with names of their own [sqlite]
CREATE TABLE o AS SELECT total(a) AS x, json_group_array(b) AS y FROM t;
-- pairs: t.a > o.x a, t.b > o.y a
-- case: all columns of a json table [postgres, mysql, oracle]
CREATE TABLE o AS SELECT jt.* FROM t, JSON_TABLE(t.a, '$.x[*]' COLUMNS (k INT PATH '$.k', n FOR ORDINALITY, NESTED PATH '$.y[*]' COLUMNS (v INT PATH '$.v'))) jt;
-- pairs: t.a > o.k t, t.a > o.v t
-- case: two loops over a record of one name [oracle]
BEGIN
  FOR r IN (SELECT a FROM t) LOOP
    INSERT INTO o (x) VALUES (r.a);
  END LOOP;
  FOR r IN (SELECT c AS a FROM u) LOOP
    INSERT INTO p (x) VALUES (r.a);
  END LOOP;
END;
-- pairs: t.a > o.x i, u.c > p.x i
-- case: two loops over a record of one name in a body in quotes [postgres]
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT a FROM t LOOP INSERT INTO o (x) VALUES (r.a); END LOOP;
  FOR r IN EXECUTE 'SELECT c AS a FROM u' LOOP INSERT INTO p (x) VALUES (r.a); END LOOP;
END $$;
-- pairs: t.a > o.x i, u.c > p.x i
