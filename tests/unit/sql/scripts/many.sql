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
