-- case: tables with keys and buckets [doris, starrocks]
CREATE TABLE o (x INT, y VARCHAR(10) REPLACE_IF_NOT_NULL NULL, s BIGINT SUM DEFAULT "0") ENGINE=OLAP AGGREGATE KEY (x) COMMENT "c" PARTITION BY RANGE (x) (PARTITION p1 VALUES LESS THAN ("10")) DISTRIBUTED BY HASH (x) BUCKETS 8 PROPERTIES ("replication_num" = "1");
INSERT INTO o SELECT id, a, b FROM t;
-- pairs: t.id > o.x i, t.a > o.y i, t.b > o.s i
-- case: asynchronous materialized view [doris, starrocks]
CREATE MATERIALIZED VIEW mv DISTRIBUTED BY HASH (a) REFRESH ASYNC START ("2024-01-01 00:00:00") EVERY (INTERVAL 1 DAY) PROPERTIES ("k" = "v") AS SELECT a, SUM(b) AS s FROM t GROUP BY a;
-- pairs: t.a > mv.a i, t.b > mv.s a
-- case: insert overwrite and labels [doris, starrocks]
INSERT OVERWRITE TABLE o SELECT a AS x FROM t;
INSERT INTO p (y) SELECT b FROM t;
-- pairs: t.a > o.x i, t.b > p.y i
-- case: load with label [doris, starrocks]
LOAD LABEL db.l1 (DATA INFILE("hdfs://n/f/*") INTO TABLE `o` COLUMNS TERMINATED BY "," (x, y)) WITH BROKER "b" PROPERTIES ("timeout" = "3600");
-- pairs: external.hdfs://n/f/*.* > o.x i?, external.hdfs://n/f/*.* > o.y i?
-- case: lateral and unnest [starrocks]
INSERT INTO o (x) SELECT e FROM t, unnest(split(a, ',')) AS w (e);
-- pairs: t.a > o.x t
-- case: lateral view [doris]
INSERT INTO o (x) SELECT e FROM t LATERAL VIEW explode_split(a, ',') w AS e;
-- pairs: t.a > o.x t
-- case: swap [doris, starrocks]
ALTER TABLE a REPLACE WITH TABLE b PROPERTIES ('swap' = 'true');
ALTER TABLE c SWAP WITH d;
-- pairs: b.* > a.* i, a.* > b.* i, c.* > d.* i, d.* > c.* i
-- case: ctas [doris, starrocks]
CREATE TABLE o DISTRIBUTED BY HASH (a) PROPERTIES ("replication_num" = "1") AS SELECT a, b FROM t;
-- pairs: t.a > o.a i, t.b > o.b i
-- case: a query of another engine [doris]
INSERT INTO o (x, y) SELECT q.a, q.b FROM query('catalog' = 'jdbc', 'query' = 'select a, b from s1.t') AS q;
-- pairs: jdbc.s1.t.a > o.x i, jdbc.s1.t.b > o.y i
-- case: files [doris]
INSERT INTO o (x) SELECT a FROM S3('uri' = 's3://b/x.csv', 'format' = 'csv', 's3.secret_key' = 'secret');
INSERT INTO o (y) SELECT b FROM LOCAL('file_path' = 'y.csv', 'backend_id' = '1', 'format' = 'csv');
-- pairs: external."s3://b/x.csv".a > o.x i, external."y.csv".b > o.y i
-- case: files [starrocks]
INSERT INTO o (x) SELECT a FROM FILES('path' = 's3://b/x.csv', 'format' = 'csv');
INSERT INTO FILES('path' = 's3://b/y/', 'format' = 'csv') SELECT a FROM t;
-- pairs: external."s3://b/x.csv".a > o.x i, t.a > external.s3://b/y/.a i
