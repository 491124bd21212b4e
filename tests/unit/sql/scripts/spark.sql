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
-- pairs: t.a > o.x t, t.b > o.x t, t.a > o.y t, t.b > o.y t
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
-- pairs: t.a > o.* t
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
