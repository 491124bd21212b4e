-- case: ctas with properties [trino, presto, athena]
CREATE TABLE o WITH (format = 'PARQUET', partitioned_by = ARRAY['b']) AS SELECT a, b FROM t;
-- pairs: t.a > o.a i, t.b > o.b i
-- case: unnest with ordinality [trino, presto, athena]
INSERT INTO o SELECT id AS x, e AS y, n AS z FROM t CROSS JOIN UNNEST(a) WITH ORDINALITY AS w (e, n);
-- pairs: t.id > o.x i, t.a > o.y t
-- case: unnest of a map and two arrays [trino]
INSERT INTO o (x, y, z) SELECT k, v, e FROM t, UNNEST(a) AS m (k, v), UNNEST(b) AS n (e);
-- pairs: t.a > o.x t, t.a > o.y t, t.b > o.z t
-- case: row fields and lambdas [trino]
INSERT INTO o (x, y, z) SELECT a.f, transform(b, v -> v + id), CAST(ROW(a, b) AS ROW(p INT, q INT)) FROM t;
-- pairs: t.a > o.x t, t.b > o.y t, t.id > o.y t, t.a > o.z t, t.b > o.z t
-- case: match_recognize [trino]
CREATE VIEW v AS SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY id ORDER BY b MEASURES LAST(up.a) AS top, MATCH_NUMBER() AS mn ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW PATTERN (strt up+) DEFINE up AS up.a > PREV(up.a)) m;
-- pairs: t.id > v.id i, t.a > v.top a
-- case: insert into values and query [trino]
INSERT INTO cat.sch.o (x) SELECT a FROM cat2.sch.t;
-- pairs: cat2.sch.t.a > cat.sch.o.x i
-- case: merge [trino, athena]
MERGE INTO o USING t ON o.id = t.id WHEN MATCHED AND t.b = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET x = t.a WHEN NOT MATCHED THEN INSERT (id, x) VALUES (t.id, t.a);
-- pairs: t.a > o.x i, t.id > o.id i
-- case: views and materialized views [trino]
CREATE OR REPLACE VIEW v SECURITY INVOKER AS SELECT a FROM t;
CREATE OR REPLACE MATERIALIZED VIEW mv GRACE PERIOD INTERVAL '1' HOUR WITH (format = 'ORC') AS SELECT COUNT(a) AS n FROM t;
-- pairs: t.a > v.a i, t.a > mv.n a
-- case: unload of athena [athena]
UNLOAD (SELECT a, b FROM t) TO 's3://b/p/' WITH (format = 'PARQUET');
-- pairs: t.a > external.s3://b/p/.a i, t.b > external.s3://b/p/.b i
-- case: external table of athena [athena]
CREATE EXTERNAL TABLE IF NOT EXISTS `db`.`e` (`x` int, `y` struct<p:string,q:array<int>>) PARTITIONED BY (`dt` string) ROW FORMAT SERDE 'org.s' WITH SERDEPROPERTIES ('serialization.format' = '1') LOCATION 's3://b/e/' TBLPROPERTIES ('has_encrypted_data'='false');
INSERT INTO o SELECT y.p AS k, dt AS m FROM db.e;
-- pairs: external.s3://b/e/.* > db.e.* i, db.e.y > o.k t, db.e.dt > o.m i
-- case: approx, filter, grouping sets [trino]
INSERT INTO o (x, y) SELECT approx_distinct(a) FILTER (WHERE b > 1), grouping(id) FROM t GROUP BY GROUPING SETS ((id), ());
-- pairs: t.a > o.x a, t.b > o.x c, t.id > o.y a
-- case: try, coalesce, at time zone, json [trino]
INSERT INTO o (x, y) SELECT TRY(CAST(a AS DATE)), json_extract_scalar(b, '$.k') FROM t;
-- pairs: t.a > o.x t, t.b > o.y t
-- case: table functions [trino]
INSERT INTO o SELECT a AS x FROM TABLE(exclude_columns(input => TABLE(t), columns => DESCRIPTOR(b)));
-- pairs: t.a > o.x i
-- case: table query pass-through [trino]
INSERT INTO o SELECT x FROM TABLE(pg.system.query(query => 'SELECT x FROM y'));
-- pairs: pg.y.x > o.x i
-- case: prepare and execute [trino]
PREPARE p FROM INSERT INTO o (x) SELECT a FROM t WHERE b = ?;
EXECUTE p USING 1;
-- pairs: t.a > o.x i
-- case: rename and schema [trino]
USE cat.sch;
ALTER TABLE a RENAME TO b;
-- pairs: cat.sch.a.* > cat.sch.b.* i
-- case: values and fetch with ties [trino]
INSERT INTO o (x) SELECT a FROM t ORDER BY b FETCH FIRST 3 ROWS WITH TIES;
-- pairs: t.a > o.x i
-- influences: t.b > o sort
-- case: functions of a query
WITH FUNCTION f(x bigint) RETURNS bigint RETURN x * 2 SELECT f(a) AS y FROM t;
-- pairs: t.a > y t
-- case: of statements that move nothing only the prepared query that is executed reads
SHOW TABLES FROM s LIKE 'x%'; DESCRIBE t; EXPLAIN ANALYZE SELECT a FROM t; SET SESSION x = 1; USE cat.sch; ANALYZE t; CALL system.sync('a', 'b'); PREPARE p FROM SELECT a FROM t WHERE id = ?; EXECUTE p USING 1; DEALLOCATE PREPARE p; ALTER TABLE t SET PROPERTIES x = 1; ALTER TABLE t EXECUTE optimize(file_size_threshold => '10MB'); COMMENT ON TABLE t IS 'x'; GRANT SELECT ON t TO u; CREATE SCHEMA s WITH (location = 'x'); START TRANSACTION; COMMIT; RESET SESSION x; SHOW STATS FOR t; TRUNCATE TABLE t; CREATE ROLE r; DENY SELECT ON t TO u;
-- pairs: cat.sch.t.a > a i
-- case: athena [athena]
UNLOAD (SELECT a FROM t) TO 's3://b/x/' WITH (format = 'PARQUET');
CREATE EXTERNAL TABLE e (x int) STORED AS PARQUET LOCATION 's3://b/e/' TBLPROPERTIES ('a'='b');
CREATE TABLE o WITH (external_location = 's3://b/o/', format = 'ORC') AS SELECT a FROM t;
MSCK REPAIR TABLE e; ALTER TABLE e ADD PARTITION (d='1') LOCATION 's3://b/e/1';
-- pairs: t.a > external.s3://b/x/.a i, external.s3://b/e/.* > e.* i, t.a > o.a i
-- writes: external.s3://b/x/, e, o
-- case: a query of another engine
INSERT INTO o (x, y) SELECT a, n FROM TABLE(mysql.system.query(query => 'SELECT a, b AS n FROM s1.t'));
INSERT INTO o (z) SELECT q.d FROM TABLE(pg.system.query('SELECT d FROM s1.u')) AS q;
-- pairs: mysql.s1.t.a > o.x i, mysql.s1.t.b > o.y i, pg.s1.u.d > o.z i
-- case: changes of a table [trino]
INSERT INTO o (x) SELECT a FROM TABLE(c1.system.table_changes(schema_name => 's1', table_name => 't', since_version => 0));
-- pairs: c1.s1.t.a > o.x i
-- case: unnested rows that are written down have columns of their own
INSERT INTO o (x, y) SELECT r.p, r.q FROM t CROSS JOIN UNNEST(ARRAY[ROW(t.a, t.b), ROW(t.id, 1)]) AS r (p, q);
INSERT INTO o (z) SELECT r.p FROM t CROSS JOIN UNNEST(ARRAY[t.a, t.b], t.id) AS r (p, q);
-- pairs: t.a > o.x t, t.id > o.x t, t.b > o.y t, t.a > o.z t, t.b > o.z t
