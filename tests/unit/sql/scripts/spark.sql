-- case: lateral view posexplode outer [spark, databricks, hive]
INSERT INTO o SELECT id AS x, e.p AS y, e.v AS z FROM t LATERAL VIEW OUTER posexplode(a) e AS p, v;
-- pairs: t.id > o.x i, t.a > o.y t, t.a > o.z t
-- case: lateral view json_tuple [spark, databricks, hive]
INSERT INTO o SELECT j.p AS x FROM t LATERAL VIEW json_tuple(t.a, 'p', 'q') j AS p, q;
-- pairs: t.a > o.x t
-- case: nested lateral views [spark, databricks, hive]
INSERT INTO o SELECT k AS x FROM t LATERAL VIEW explode(a) e AS m LATERAL VIEW explode(m) f AS k;
-- pairs: t.a > o.x t
-- case: explode in the select list
INSERT INTO o (x) SELECT explode(split(a, ',')) AS e FROM t;
-- pairs: t.a > o.x t
-- case: inline and stack with several aliases [spark, databricks]
INSERT INTO o (x, y) SELECT inline(a) AS (p, q) FROM t;
-- pairs: t.a > o.x t, t.a > o.y t
-- case: lateral view stack [spark, databricks, hive]
INSERT INTO o SELECT s.k AS x, s.v AS y FROM t LATERAL VIEW stack(2, 'a', a, 'b', b) s AS k, v;
-- pairs: t.a > o.y i, t.b > o.y i
-- case: insert overwrite partition [spark, databricks, hive]
INSERT OVERWRITE TABLE o PARTITION (dt = '2024-01-01', region) SELECT a AS x, b AS region FROM t;
-- pairs: t.a > o.x i, t.b > o.region i
-- case: insert overwrite partition of a known table [spark, hive]
CREATE TABLE o (x INT, y STRING) PARTITIONED BY (dt STRING) STORED AS PARQUET;
INSERT OVERWRITE TABLE o PARTITION (dt) SELECT id, a, b FROM t;
-- pairs: t.id > o.x i, t.a > o.y i, t.b > o.dt i
-- case: insert overwrite directory [spark, databricks, hive]
INSERT OVERWRITE DIRECTORY '/out/p' SELECT a, b AS k FROM t;
-- pairs: t.a > external./out/p.a i, t.b > external./out/p.k i
-- case: insert overwrite local directory with a row format [spark, hive]
INSERT OVERWRITE LOCAL DIRECTORY '/out/p' ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' SELECT a FROM t;
-- pairs: t.a > external./out/p.a i
-- case: insert overwrite directory using [spark, databricks]
INSERT OVERWRITE DIRECTORY '/out/p' USING parquet OPTIONS (compression 'snappy') SELECT a FROM t;
-- pairs: t.a > external./out/p.a i
-- case: multi insert [spark, hive]
FROM (SELECT id, a, b FROM t WHERE id > 1) q
INSERT OVERWRITE TABLE o PARTITION (dt = '1') SELECT q.a AS x WHERE q.b = 1
INSERT INTO TABLE p SELECT q.b AS y GROUP BY q.b;
-- pairs: t.a > o.x i, t.b > p.y i
-- case: multi insert with a lateral view and a join [hive]
FROM t JOIN u ON t.id = u.id LATERAL VIEW explode(t.a) e AS k
INSERT INTO TABLE o SELECT k AS x, u.c AS y
INSERT INTO TABLE p SELECT t.b AS z;
-- pairs: t.a > o.x t, u.c > o.y i, t.b > p.z i
-- case: merge with star [databricks, spark]
MERGE INTO o USING t ON o.id = t.id
WHEN MATCHED AND t.a IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET *
WHEN NOT MATCHED THEN INSERT *;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i
-- case: merge with star of an unknown source [databricks, spark]
MERGE INTO o USING raw.s AS s ON o.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *;
-- pairs: raw.s.* > o.* i
-- case: merge with star of a query [databricks, spark]
MERGE INTO o USING (SELECT id, a + 1 AS x FROM t) s ON o.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *;
-- pairs: t.id > o.id i, t.a > o.x t
-- case: merge not matched by source [databricks, spark]
MERGE INTO o USING t ON o.id = t.id WHEN NOT MATCHED BY SOURCE THEN UPDATE SET o.active = false WHEN NOT MATCHED BY TARGET THEN INSERT (id, x) VALUES (t.id, t.a);
-- pairs: t.id > o.id i, t.a > o.x i
-- case: temp view looked through [spark, databricks]
CREATE OR REPLACE TEMP VIEW w AS SELECT a AS k FROM t;
INSERT INTO o (x) SELECT k FROM w;
-- pairs: t.a > o.x i
-- case: global temp view [spark, databricks]
CREATE GLOBAL TEMPORARY VIEW w AS SELECT a AS k FROM t;
INSERT INTO o (x) SELECT k FROM global_temp.w;
-- pairs: t.a > o.x i
-- case: temp view using a source [spark, databricks]
CREATE TEMPORARY VIEW w USING csv OPTIONS (path '/data/f.csv', header 'true');
INSERT INTO o (x) SELECT k FROM w;
-- pairs: external."/data/f.csv".k > o.x i
-- case: cache table [spark, databricks]
CACHE LAZY TABLE w OPTIONS ('storageLevel' 'DISK_ONLY') AS SELECT a AS k FROM t;
INSERT INTO o (x) SELECT k FROM w;
UNCACHE TABLE w;
-- pairs: t.a > o.x i
-- case: ctas with options [spark, databricks]
CREATE OR REPLACE TABLE o USING DELTA PARTITIONED BY (a) LOCATION '/d/o' TBLPROPERTIES ('k' = 'v; w') COMMENT 'it' AS SELECT a, b FROM t;
-- pairs: t.a > o.a i, t.b > o.b i
-- case: hive ctas [hive, spark]
CREATE TABLE o ROW FORMAT DELIMITED FIELDS TERMINATED BY '\001' STORED AS ORC LOCATION '/d' AS SELECT a FROM t;
-- pairs: t.a > o.a i
-- case: files as tables [spark, databricks]
INSERT INTO o (x) SELECT a FROM parquet.`/data/p`;
INSERT INTO o (y) SELECT b FROM delta.`s3://bucket/d`;
-- pairs: external./data/p.a > o.x i, external.s3://bucket/d.b > o.y i
-- case: write to a path [databricks, spark]
MERGE INTO delta.`/d/o` o USING t ON o.id = t.id WHEN MATCHED THEN UPDATE SET x = t.a;
-- pairs: t.a > external./d/o.x i
-- case: load data inpath [spark, hive, databricks]
LOAD DATA INPATH '/in/f' OVERWRITE INTO TABLE o PARTITION (dt = '1');
-- pairs: external./in/f.* > o.* i
-- case: external table with a location [hive, spark]
CREATE EXTERNAL TABLE e (x INT, y STRING) ROW FORMAT SERDE 'org.s' WITH SERDEPROPERTIES ('a' = 'b') STORED AS TEXTFILE LOCATION 'hdfs://n/p' TBLPROPERTIES ('skip' = '1');
INSERT INTO o SELECT x FROM e;
-- pairs: external.hdfs://n/p.* > e.* i, e.x > o.x i
-- case: copy into [databricks]
COPY INTO o FROM '/in/p' FILEFORMAT = JSON FORMAT_OPTIONS ('mergeSchema' = 'true');
COPY INTO o FROM (SELECT k AS x, v + 1 AS y FROM 's3://b/q') FILEFORMAT = CSV;
-- pairs: external./in/p.* > o.* i, external.s3://b/q.k > o.x i, external.s3://b/q.v > o.y t
-- case: struct access and maps [spark, databricks, hive]
INSERT INTO o SELECT a.city AS x, b['k'] AS y, named_struct('p', a, 'q', id) AS z FROM t;
-- pairs: t.a > o.x t, t.b > o.y t, t.a > o.z t, t.id > o.z t
-- case: struct star [spark, databricks]
INSERT INTO o SELECT s.* FROM (SELECT named_struct('p', a) AS s FROM t);
-- pairs: t.a > o.p t
-- case: json paths of databricks [databricks]
INSERT INTO o (x) SELECT a:items[0].price::double FROM t;
-- pairs: t.a > o.x t
-- case: star except [databricks]
CREATE VIEW v AS SELECT * EXCEPT (a), a AS k FROM t;
-- pairs: t.id > v.id i, t.b > v.b i, t.a > v.k i
-- case: lateral alias, qualify [databricks]
INSERT INTO o (x, y) SELECT a + 1 AS k, k * 2 FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY id) = 1;
-- pairs: t.a > o.x t, t.a > o.y t
-- case: higher-order functions [spark, databricks]
INSERT INTO o (x) SELECT transform(a, (v, i) -> v + i + b) FROM t;
-- pairs: t.a > o.x t, t.b > o.x t
-- case: aggregate with a lambda [spark, databricks]
INSERT INTO o (x) SELECT aggregate(a, 0, (acc, v) -> acc + v) FROM t;
-- pairs: t.a > o.x t
-- case: pivot [spark, databricks]
CREATE VIEW v AS SELECT * FROM t PIVOT (SUM(b) AS s, MAX(b) AS m FOR a IN ('N' AS n, 'S' AS s));
-- pairs: t.id > v.id i, t.b > v.n_s a, t.a > v.n_s c, t.b > v.n_m a, t.a > v.n_m c, t.b > v.s_s a, t.a > v.s_s c, t.b > v.s_m a, t.a > v.s_m c
-- case: distribute, sort and cluster by [spark, databricks, hive]
INSERT OVERWRITE TABLE o SELECT a AS x FROM t DISTRIBUTE BY b SORT BY id;
-- pairs: t.a > o.x i
-- case: hints and semi joins [spark, databricks, hive]
INSERT INTO o SELECT /*+ BROADCAST(u) */ t.a AS x FROM t LEFT SEMI JOIN u ON t.id = u.id;
-- pairs: t.a > o.x i
-- influences: t.id > o join, u.id > o join
-- case: values and inline tables [spark, databricks]
INSERT INTO o (x) SELECT v.n + t.a FROM VALUES (1, 2), (3, 4) AS v (n, m) JOIN t ON t.id = v.m;
-- pairs: t.a > o.x t
-- case: range and table functions [spark, databricks]
INSERT INTO o (x) SELECT id FROM range(10);
-- pairs:
-- case: transform with a script [hive, spark]
INSERT INTO o SELECT TRANSFORM (a, b) USING 'python m.py' AS (x, y) FROM t;
-- pairs: t.a > o.x t, t.b > o.x t, t.a > o.y t, t.b > o.y t
-- case: variables of hive [hive]
set hivevar:db=prod;
set hive.exec.dynamic.partition.mode=nonstrict;
use ${hivevar:db};
add jar /x.jar;
INSERT INTO TABLE s.o SELECT a AS x FROM s.t;
-- pairs: s.t.a > s.o.x i
-- case: live tables [databricks]
CREATE OR REFRESH STREAMING TABLE st COMMENT 'x' AS SELECT a, b FROM STREAM(live.src);
CREATE LIVE TABLE lt (CONSTRAINT c EXPECT (a > 0) ON VIOLATION DROP ROW) AS SELECT a FROM live.st;
CREATE OR REFRESH MATERIALIZED VIEW mv AS SELECT SUM(a) AS s FROM lt;
-- pairs: src.a > st.a i, src.b > st.b i, st.a > lt.a i, lt.a > mv.s a
-- case: read files [databricks]
CREATE STREAMING TABLE st AS SELECT k, v AS w FROM STREAM read_files('s3://b/p', format => 'json');
-- pairs: external.s3://b/p.k > st.k i, external.s3://b/p.v > st.w i
-- case: apply changes [databricks]
APPLY CHANGES INTO live.o FROM stream(live.s) KEYS (id) SEQUENCE BY ts COLUMNS * EXCEPT (ts) STORED AS SCD TYPE 2;
-- pairs: s.* > o.* i
-- case: clone and time travel [databricks]
CREATE OR REPLACE TABLE c SHALLOW CLONE t VERSION AS OF 3;
INSERT INTO o (x) SELECT a FROM t VERSION AS OF 5;
INSERT INTO o (y) SELECT a FROM t@v3;
RESTORE TABLE t TO VERSION AS OF 1;
OPTIMIZE t ZORDER BY (a);
VACUUM t RETAIN 168 HOURS;
-- pairs: t.id > c.id i, t.a > c.a i, t.b > c.b i, t.a > o.x i, t.a > o.y i
-- case: replace where [databricks]
INSERT INTO TABLE o REPLACE WHERE dt = '2024-01-01' SELECT a AS x FROM t;
-- pairs: t.a > o.x i
-- case: insert by name [databricks, spark]
CREATE TABLE o (x INT, y INT);
INSERT INTO o BY NAME SELECT a AS y, b AS x FROM t;
-- pairs: t.a > o.y i, t.b > o.x i
-- case: session variables and sql scripting [databricks]
DECLARE VARIABLE m INT DEFAULT 0;
SET VAR m = (SELECT MAX(a) FROM t);
INSERT INTO o (x) SELECT m;
EXECUTE IMMEDIATE 'INSERT INTO p (x) SELECT a FROM t WHERE b = ?' USING 1;
-- pairs: t.a > o.x a, t.a > p.x i
-- case: identifier clause [databricks]
INSERT INTO IDENTIFIER('s.o') SELECT a AS x FROM IDENTIFIER('s.src');
-- pairs: s.src.a > s.o.x i
-- case: functions in sql [databricks]
CREATE FUNCTION f(n INT) RETURNS TABLE (k INT) RETURN SELECT a AS k FROM t WHERE id = n;
INSERT INTO o (x) SELECT k FROM f(1);
-- pairs: t.a > f.k i, f.k > o.x i
-- case: alter and analyze and describe [spark, databricks, hive]
ALTER TABLE o ADD COLUMNS (z INT COMMENT 'it''s', w STRING);
ALTER TABLE o ADD IF NOT EXISTS PARTITION (dt = '1') LOCATION '/p';
ALTER TABLE a RENAME TO b;
ANALYZE TABLE o COMPUTE STATISTICS FOR COLUMNS x;
DESCRIBE EXTENDED o;
REFRESH TABLE o;
MSCK REPAIR TABLE o;
SHOW PARTITIONS o;
-- pairs: a.* > b.* i
-- case: exchange partition [hive]
ALTER TABLE o EXCHANGE PARTITION (dt = '1') WITH TABLE s;
-- pairs: s.* > o.* i
-- case: update with a subquery [databricks, spark]
UPDATE o SET x = (SELECT MAX(a) FROM t WHERE t.id = o.id), y = upper(o.z) WHERE o.id IN (SELECT id FROM t);
-- pairs: t.a > o.x a, o.z > o.y t
-- case: pipe syntax of spark [spark, databricks]
INSERT INTO o FROM t |> WHERE b > 1 |> SELECT a + 1 AS x;
-- pairs: t.a > o.x t
-- case: hive acid and cte before insert [hive]
WITH q AS (SELECT a AS k FROM t)
INSERT OVERWRITE TABLE o SELECT k AS x FROM q;
-- pairs: t.a > o.x i
-- case: cte in front of from [hive, spark]
WITH q AS (SELECT a AS k, b FROM t)
FROM q INSERT OVERWRITE TABLE o SELECT k AS x WHERE b = 1 INSERT INTO TABLE p SELECT b AS y;
-- pairs: t.a > o.x i, t.b > p.y i
-- case: merge with schema evolution [databricks]
MERGE WITH SCHEMA EVOLUTION INTO o AS tgt USING (SELECT * FROM t) AS src ON tgt.id = src.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i
-- case: tables by their path [databricks]
COPY INTO delta.`/mnt/d` FROM '/mnt/src' FILEFORMAT = PARQUET;
CREATE OR REPLACE TABLE delta.`/mnt/e` AS SELECT a FROM t;
-- pairs: external./mnt/src.* > external./mnt/d.* i, t.a > external./mnt/e.a i
-- writes: external./mnt/d, external./mnt/e
-- reads: external./mnt/src, t
-- case: flows of a pipeline [databricks]
CREATE OR REFRESH STREAMING TABLE silver AS SELECT a, b FROM STREAM(LIVE.bronze);
CREATE FLOW f AS AUTO CDC INTO gold FROM stream(silver) KEYS (a) SEQUENCE BY b;
CREATE FLOW g AS INSERT INTO silver BY NAME SELECT c AS a FROM STREAM u;
-- pairs: bronze.a > silver.a i, bronze.b > silver.b i, silver.a > gold.a i, silver.b > gold.b i, u.c > silver.a i
-- case: insert a table [spark, mysql]
INSERT INTO o TABLE t;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i
-- case: export and import [hive]
EXPORT TABLE db.e PARTITION (dt='1') TO '/out';
IMPORT EXTERNAL TABLE db.f FROM '/out';
-- pairs: db.e.* > external./out.* i, external./out.* > db.f.* i
-- case: notebook [databricks]
-- Databricks notebook source
-- MAGIC %md
-- MAGIC # Title select * from x

-- COMMAND ----------
INSERT INTO o (x) SELECT a FROM t
-- COMMAND ----------

-- MAGIC %python
-- MAGIC df = spark.sql("select 1")

-- COMMAND ----------
CREATE OR REPLACE TEMP VIEW tv AS SELECT b FROM t;

-- COMMAND ----------
INSERT INTO p (x) SELECT b FROM tv
-- pairs: t.a > o.x i, t.b > p.x i
-- case: multi insert hive [hive]
FROM (SELECT id, a, b FROM t WHERE a > 1) src
INSERT OVERWRITE TABLE o1 PARTITION (dt='2020', hr) SELECT src.id, src.a, src.b WHERE src.a = 2
INSERT INTO TABLE o2 SELECT src.b GROUP BY src.b
INSERT OVERWRITE DIRECTORY '/tmp/x' ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' SELECT src.*;
-- pairs: t.id > o1.id i, t.a > o1.a i, t.b > o1.hr i, t.b > o2.b i, t.id > external./tmp/x.id i, t.a > external./tmp/x.a i,
--  t.b > external./tmp/x.b i
-- writes: o1, o2, external./tmp/x
-- reads: t
-- case: lateral views [hive, spark]
INSERT INTO o (x, y, z) SELECT t.id, e.k, p.item FROM t LATERAL VIEW explode(t.a) e AS k, v LATERAL VIEW OUTER posexplode(t.b) p AS pos, item;
-- pairs: t.id > o.x i, t.a > o.y t, t.b > o.z t
-- case: explode and stack, inline
INSERT INTO o (x) SELECT explode(a) FROM t;
INSERT INTO o (x, y) SELECT stack(2, 'a', a, 'b', b) AS (k, v) FROM t;
INSERT INTO o (x) SELECT col FROM t LATERAL VIEW explode(a) ex AS col;
-- pairs: t.a > o.x t, t.a > o.y i, t.b > o.y i
-- case: ctas using and options
CREATE OR REPLACE TABLE o USING delta PARTITIONED BY (dt) CLUSTER BY (x) LOCATION '/mnt/x' TBLPROPERTIES ('a' = 'b') COMMENT 'zz' AS SELECT a AS x, b AS dt FROM t;
-- pairs: t.a > o.x i, t.b > o.dt i
-- case: cache, refresh, temp view
CACHE LAZY TABLE w OPTIONS ('storageLevel' 'DISK_ONLY') AS SELECT a FROM t;
CREATE OR REPLACE TEMPORARY VIEW tv (k) AS SELECT a FROM w;
REFRESH TABLE t; UNCACHE TABLE w; CLEAR CACHE; MSCK REPAIR TABLE t; ANALYZE TABLE t COMPUTE STATISTICS FOR ALL COLUMNS;
INSERT INTO o (x) SELECT k FROM tv;
-- pairs: t.a > o.x i
-- case: merge star databricks [databricks]
MERGE WITH SCHEMA EVOLUTION INTO o AS tgt USING (SELECT * FROM t) AS src ON tgt.id = src.id WHEN MATCHED AND src.b = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE THEN UPDATE SET tgt.a = NULL;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i
-- case: copy into databricks [databricks]
COPY INTO cat.sch.o FROM (SELECT _c0::int AS x, _c1 AS y FROM 's3://b/p') FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true') COPY_OPTIONS ('mergeSchema' = 'true');
COPY INTO delta.`/mnt/d` FROM '/mnt/src' FILEFORMAT = PARQUET;
-- pairs: external.s3://b/p._c0 > cat.sch.o.x t, external.s3://b/p._c1 > cat.sch.o.y i, external./mnt/src.* > external./mnt/d.* i
-- reads: external.s3://b/p, external./mnt/src
-- writes: cat.sch.o, external./mnt/d
-- case: delta things [databricks]
OPTIMIZE o ZORDER BY (x); VACUUM o RETAIN 168 HOURS; DESCRIBE HISTORY o; RESTORE TABLE o TO VERSION AS OF 3; CREATE TABLE c1 SHALLOW CLONE t VERSION AS OF 2; CREATE TABLE c2 DEEP CLONE t;
SELECT a FROM t VERSION AS OF 3; SELECT a FROM t TIMESTAMP AS OF '2020-01-01'; SELECT a FROM t@v3; SELECT a FROM delta.`/x/y` ; SELECT * FROM table_changes('t', 2, 5); SELECT a FROM read_files('/x', format => 'csv'); SHOW TABLES IN s; SET x = 1; USE CATALOG c; USE SCHEMA s; GRANT SELECT ON TABLE t TO `g`; ALTER TABLE o ADD COLUMNS (z INT COMMENT 'x'), SET TBLPROPERTIES ('a'='b'); CREATE FUNCTION f(x INT) RETURNS INT RETURN x + 1; DECLARE VARIABLE v INT DEFAULT 5; SET VAR v = (SELECT MAX(a) FROM t); 
-- pairs: t.id > c1.id i, t.a > c1.a i, t.b > c1.b i, t.id > c2.id i, t.a > c2.a i, t.b > c2.b i, t.a > a i, external./x/y.a > a i,
--  external./x.a > a i, t.id > id i, t.b > b i
-- case: insert variants
INSERT INTO o BY NAME SELECT a AS x, b AS y FROM t;
INSERT INTO o REPLACE WHERE x = 1 SELECT a, b FROM t;
INSERT INTO TABLE p PARTITION (dt = '2020') (x) SELECT a FROM t;
INSERT INTO q TABLE t;
INSERT INTO r FROM t SELECT a;
INSERT OVERWRITE LOCAL DIRECTORY '/tmp/y' STORED AS parquet SELECT a FROM t;
-- pairs: t.a > o.x i, t.b > o.y i, t.a > o.a i, t.b > o.b i, t.a > p.x i, t.id > q.id i, t.a > q.a i, t.b > q.b i, t.a > r.a i, t.a > external./tmp/y.a i
-- case: window, transform, pivot, tablesample
SELECT TRANSFORM (a, b) USING 'cat' AS (x STRING, y INT) FROM t;
INSERT INTO o (i, x, y) SELECT * FROM (SELECT id, a, b FROM t) PIVOT (SUM(b) AS s FOR a IN ('q1' AS q1, 'q2' AS q2));
INSERT INTO o (i, v) SELECT id, v FROM t UNPIVOT EXCLUDE NULLS (v FOR k IN (a AS x, b)) TABLESAMPLE (10 PERCENT);
-- pairs: t.a > x t, t.b > x t, t.a > y t, t.b > y t, t.id > o.i i, t.b > o.x a, t.a > o.x c, t.b > o.y a, t.a > o.y c, t.a > o.v i, t.b > o.v i
-- case: hive ddl [hive]
CREATE EXTERNAL TABLE IF NOT EXISTS db.e (a STRING COMMENT 'x;y', m MAP<STRING,ARRAY<INT>>, s STRUCT<x:INT,y:STRING>) PARTITIONED BY (dt STRING) CLUSTERED BY (a) SORTED BY (a ASC) INTO 4 BUCKETS ROW FORMAT SERDE 'x' WITH SERDEPROPERTIES ('a'='b') STORED AS INPUTFORMAT 'x' OUTPUTFORMAT 'y' LOCATION 'hdfs://x' TBLPROPERTIES ('skip'='1');
ALTER TABLE db.e ADD IF NOT EXISTS PARTITION (dt='1') LOCATION '/x'; ALTER TABLE db.e DROP PARTITION (dt='1'); LOAD DATA INPATH '/in' OVERWRITE INTO TABLE db.e PARTITION (dt='1'); EXPORT TABLE db.e TO '/out'; SHOW PARTITIONS db.e; SET hive.exec.dynamic.partition=true; ADD JAR x.jar; CREATE TEMPORARY FUNCTION f AS 'x.Y'; set x; dfs -ls /; !ls;
INSERT INTO db.e PARTITION (dt) SELECT a, NULL, NULL, b FROM t;
-- pairs: external.hdfs://x.* > db.e.* i, external./in.* > db.e.* i, db.e.a > external./out.a i, db.e.m > external./out.m i,
--  db.e.s > external./out.s i, db.e.dt > external./out.dt i, t.a > db.e.a i, t.b > db.e.dt i
-- writes: db.e, external./out
-- reads: external.hdfs://x, external./in, db.e, t
-- case: distribute sort by, having, semi anti
INSERT OVERWRITE TABLE o SELECT a, count(*) c FROM t LEFT SEMI JOIN u ON t.id = u.id LEFT ANTI JOIN w ON w.id = t.id GROUP BY a HAVING c > 1 DISTRIBUTE BY a SORT BY c DESC;
-- pairs: t.a > o.a i
-- reads: t, u, w
-- case: pipe, qualify, named window [databricks]
SELECT a, rank() OVER w AS r FROM t QUALIFY r = 1 WINDOW w AS (PARTITION BY id ORDER BY b);
-- pairs: t.a > a i, t.id > r w, t.b > r w
-- case: sql scripting databricks [databricks]
BEGIN
  DECLARE v INT DEFAULT 0;
  SET v = (SELECT MAX(a) FROM t);
  IF v > 1 THEN INSERT INTO o (x) VALUES (v); END IF;
  FOR r AS SELECT id FROM u DO INSERT INTO p (x) VALUES (r.id); END FOR;
  EXECUTE IMMEDIATE 'INSERT INTO q (x) SELECT b FROM t';
END;
-- pairs: t.a > o.x a, u.id > p.x i, t.b > q.x i
-- case: changes of a table [databricks]
CREATE TABLE s.k (m INT);
INSERT INTO o (x, y, z) SELECT c.a, c._change_type, _commit_version FROM table_changes('t', 2) AS c WHERE b > 1;
INSERT INTO p SELECT * FROM table_changes('s.k', 1, 5);
INSERT INTO q (x) SELECT n FROM table_changes('`cat`.s2.k2', 1);
-- pairs: t.a > o.x i, s.k.m > p.m i, cat.s2.k2.n > q.x i
-- influences: t.b > o filter
-- reads: t, s.k, cat.s2.k2
-- case: dynamic partitions take the last columns [spark, databricks, hive]
INSERT OVERWRITE TABLE k PARTITION (dt = '2020', hr) SELECT id, NULL, b FROM t;
CREATE TABLE m (x INT, y INT, dt STRING, hr STRING);
INSERT INTO m PARTITION (dt = '2020', hr) SELECT id, a, b FROM t;
-- pairs: t.id > k.id i, t.b > k.hr i, t.id > m.x i, t.a > m.y i, t.b > m.hr i
-- case: stack in a lateral join [databricks]
INSERT INTO o (x, y) SELECT s.col0, s.col1 FROM t, LATERAL stack(2, a, id, b, id + 1) AS s;
INSERT INTO p (x, y) SELECT s.p, s.q FROM t, LATERAL stack(2, a, id, b, id + 1) AS s(p, q);
-- pairs: t.a > o.x i, t.b > o.x i, t.id > o.y t, t.a > p.x i, t.b > p.x i, t.id > p.y t
-- case: a column goes before a variable of its name [spark, databricks]
DECLARE a INT DEFAULT (SELECT MAX(c) FROM u);
INSERT INTO o (x) SELECT a FROM t;
INSERT INTO p (x) SELECT a FROM u;
INSERT INTO q (x) WITH z AS (SELECT b AS a FROM t) SELECT a FROM z;
INSERT INTO r (x) VALUES (a);
-- pairs: t.a > o.x i, u.c > p.x a, t.b > q.x i, u.c > r.x a
-- case: a query or a table of another engine [databricks]
INSERT INTO o (x) SELECT a FROM remote_query('pg', database => 'd1', query => 'SELECT a FROM s1.t');
INSERT INTO o (y) SELECT b FROM remote_query('pg', database => 'd1', dbtable => 's1.t');
-- pairs: pg.s1.t.a > o.x i, pg.s1.t.b > o.y i
-- case: tables of other engines [spark, databricks]
CREATE TEMPORARY VIEW v USING org.apache.spark.sql.jdbc OPTIONS (url 'jdbc:postgresql://me:secret@h/d1', dbtable 's1.t', user 'me', password 'secret');
INSERT INTO o (x) SELECT a FROM v;
CREATE TABLE p USING jdbc OPTIONS (url = 'jdbc:postgresql://h/d1', query = 'SELECT a, b AS c FROM s1.t WHERE d > 1');
CREATE TABLE q USING postgresql OPTIONS (dbtable '(SELECT a FROM s1.u) AS w', host 'h', database 'd2', user 'me', password 'secret');
-- pairs: d1.s1.t.a > o.x i, d1.s1.t.a > p.a i, d1.s1.t.b > p.c i, d2.s1.u.a > q.a i
-- case: topics and vectors [databricks]
INSERT INTO o (x) SELECT value FROM read_kafka(bootstrapServers => 'h', subscribe => 'topic');
INSERT INTO o (y) SELECT v.a FROM t, LATERAL vector_search(index => 'c.s.i', query_text => t.b) AS v;
-- pairs: external.kafka:topic.value > o.x i, c.s.i.a > o.y i
-- case: tables by storage handlers [hive]
CREATE EXTERNAL TABLE v (a int) STORED BY 'org.apache.hive.storage.jdbc.JdbcStorageHandler' TBLPROPERTIES ('hive.sql.jdbc.url' = 'jdbc:mysql://h/d1', 'hive.sql.table' = 't', 'hive.sql.dbcp.password' = 'secret');
CREATE EXTERNAL TABLE w (a int) STORED BY 'org.apache.hadoop.hive.kafka.KafkaStorageHandler' TBLPROPERTIES ('kafka.topic' = 'topic');
-- pairs: d1.t.* > v.* i, external.kafka:topic.* > w.* i
-- case: what a procedure puts into its OUT parameters goes on in who calls it [databricks]
CREATE PROCEDURE s.p(IN x INT, OUT y INT) LANGUAGE SQL AS BEGIN SET y = (SELECT max(v) FROM src); END;
BEGIN DECLARE k INT; CALL s.p(1, k); INSERT INTO dst (k) VALUES (k); END;
-- pairs: src.v > s.p.y a, s.p.y > dst.k i
