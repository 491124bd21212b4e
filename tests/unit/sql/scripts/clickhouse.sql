-- case: materialized view to a table
CREATE TABLE raw (ts DateTime, k String, v Float64 CODEC(Gorilla)) ENGINE = MergeTree() PARTITION BY toYYYYMM(ts) ORDER BY (k, ts) TTL ts + INTERVAL 1 MONTH SETTINGS index_granularity = 8192;
CREATE MATERIALIZED VIEW mv TO agg AS SELECT k, sumState(v) AS s FROM raw GROUP BY k;
-- pairs: raw.k > agg.k i, raw.v > agg.s a
-- case: materialized view with an engine
CREATE MATERIALIZED VIEW mv ENGINE = SummingMergeTree ORDER BY k POPULATE AS SELECT a AS k, count() AS n FROM t GROUP BY k;
-- pairs: t.a > mv.k i
-- influences: t.a > mv group_by
-- case: array join
INSERT INTO o (x, y) SELECT id, e FROM t ARRAY JOIN a AS e;
-- pairs: t.id > o.x i, t.a > o.y t
-- case: insert into function
INSERT INTO FUNCTION s3('https://b/f.csv', 'CSV') SELECT a, b FROM t;
INSERT INTO FUNCTION file('out.tsv', 'TSV', 'x Int32') SELECT a AS x FROM t;
-- pairs: t.a > external."https://b/f.csv".a i, t.b > external."https://b/f.csv".b i, t.a > external."out.tsv".x i
-- case: table functions
INSERT INTO o (x) SELECT c1 FROM s3('https://b/f.parquet', 'Parquet');
INSERT INTO o (y) SELECT number FROM numbers(10);
-- pairs: external."https://b/f.parquet".c1 > o.x i
-- case: into outfile
SELECT a FROM t INTO OUTFILE 'x.csv' FORMAT CSV;
-- pairs: t.a > external."x.csv".a i
-- case: format and settings
INSERT INTO o (x) SELECT a FROM t SETTINGS max_threads = 1;
INSERT INTO o (x, y) FORMAT Values (1, 2);
SELECT a FROM t FORMAT JSONEachRow;
-- pairs: t.a > o.x i, t.a > a i
-- case: dictionary
CREATE DICTIONARY d (id UInt64, name String DEFAULT '') PRIMARY KEY id SOURCE(CLICKHOUSE(TABLE 'src' DB 'db')) LAYOUT(FLAT()) LIFETIME(300);
INSERT INTO o (x) SELECT dictGet('d', 'name', a) FROM t;
-- pairs: db.src.id > d.id i, db.src.name > d.name i, t.a > o.x t, d.name > o.x t
-- case: aliases used in where and by later items
INSERT INTO o (x, y) SELECT a + 1 AS k, k * 2 AS m FROM t WHERE k > 3;
-- pairs: t.a > o.x t, t.a > o.y t
-- influences: t.a > o filter
-- case: with expression
WITH 5 AS n, (SELECT max(c) FROM u) AS m INSERT INTO o (x) SELECT a + n + m FROM t;
-- pairs: t.a > o.x t, u.c > o.x a
-- case: with expression in a select
INSERT INTO o (x) WITH (SELECT max(c) FROM u) AS m SELECT a + m FROM t;
-- pairs: t.a > o.x t, u.c > o.x a
-- case: final, sample, prewhere, limit by
INSERT INTO o (x) SELECT a FROM t FINAL SAMPLE 0.1 PREWHERE b = 1 WHERE id > 1 ORDER BY a LIMIT 1 BY b;
-- pairs: t.a > o.x i
-- influences: t.b > o filter, t.id > o filter, t.a > o sort
-- case: any join and global in
INSERT INTO o (x, y) SELECT a, c FROM t ANY LEFT JOIN u USING (id) WHERE b GLOBAL IN (SELECT d FROM u);
-- pairs: t.a > o.x i, u.c > o.y i
-- case: asof join
INSERT INTO o (x, y) SELECT t.a, u.c FROM t ASOF JOIN u ON t.id = u.id AND t.b >= u.d;
-- pairs: t.a > o.x i, u.c > o.y i
-- case: combinators
INSERT INTO o (x, y, z) SELECT sumIf(a, b > 1), argMax(a, id), uniqExactMerge(b) FROM t;
-- pairs: t.a > o.x a, t.b > o.x a, t.a > o.y a, t.id > o.y a, t.b > o.z a
-- case: parametric aggregates
INSERT INTO o (x, y) SELECT quantile(0.9)(a), topK(3)(b) FROM t;
-- pairs: t.a > o.x a, t.b > o.y a
-- case: tuples and lambdas
INSERT INTO o (x, y) SELECT arrayMap(v -> v + b, a), tupleElement(a, 1) FROM t;
-- pairs: t.a > o.x t, t.b > o.x t, t.a > o.y t
-- case: columns with aliases, materialized and default expressions
CREATE TABLE o (x Int32, y Int32 MATERIALIZED x + 1, z Int32 ALIAS x * 2, w Int32 DEFAULT x) ENGINE = Memory;
-- pairs: o.x > o.y t, o.x > o.z t
-- case: alter mutations, exchange and partitions
ALTER TABLE o UPDATE x = y + 1 WHERE z = 1;
ALTER TABLE o DELETE WHERE x = 1;
EXCHANGE TABLES a AND b;
RENAME TABLE c TO d, e TO f;
ALTER TABLE g REPLACE PARTITION 1 FROM h;
ALTER TABLE i ATTACH PARTITION 1 FROM j;
ALTER TABLE k MOVE PARTITION 1 TO TABLE l;
OPTIMIZE TABLE o FINAL;
SYSTEM RELOAD DICTIONARIES;
-- pairs: o.y > o.x t, a.* > b.* i, b.* > a.* i, c.* > d.* i, e.* > f.* i, h.* > g.* i, j.* > i.* i, k.* > l.* i
-- case: distributed tables and create as
CREATE TABLE dist AS loc ENGINE = Distributed(cl, db, loc, rand());
CREATE TABLE cp ENGINE = Memory AS SELECT a FROM t;
-- pairs: db.loc.* > dist.* i, t.a > cp.a i
-- case: live and window views, projections
CREATE VIEW v AS SELECT a FROM t WHERE b = {p:UInt32};
INSERT INTO o (x) SELECT a FROM v(p = 3);
INSERT INTO o (y) SELECT a FROM other.w(p = 3);
-- pairs: t.a > v.a i, v.a > o.x i, other.w.a > o.y i
-- case: except and apply
CREATE VIEW v AS SELECT * EXCEPT (b) FROM t;
CREATE VIEW w AS SELECT * EXCEPT a REPLACE (b + 1 AS b) FROM t;
-- pairs: t.id > v.id i, t.a > v.a i, t.id > w.id i, t.b > w.b t
-- case: insert without a column list passes over what the table computes itself
CREATE TABLE o (x Int32, y Int32 MATERIALIZED x + 1, z Int32, w Int32 ALIAS z * 2) ENGINE = MergeTree ORDER BY x;
INSERT INTO o SELECT a, b FROM t;
-- pairs: o.x > o.y t, o.z > o.w t, t.a > o.x i, t.b > o.z i
-- case: array joins have names of their own
INSERT INTO o (x, y, z) SELECT t.id, arr, n.k FROM t LEFT ARRAY JOIN a AS arr, b AS n;
INSERT INTO p (x, y) SELECT arr, id FROM s ARRAY JOIN arrayEnumerate(k) AS arr;
-- pairs: t.id > o.x i, t.a > o.y t, t.b > o.z t, s.k > p.x t, s.id > p.y i
-- case: joinGet and inline data
INSERT INTO o (x) SELECT joinGet('db.j', 'v', a) FROM t;
INSERT INTO q (x, y) FORMAT JSONEachRow {"x": 1, "y": 2};
-- pairs: db.j.v > o.x t, t.a > o.x t
-- writes: o, q
-- case: mv to, with engine
CREATE MATERIALIZED VIEW db.mv TO db.o AS SELECT id, sumState(a) AS s, toStartOfDay(b) AS d FROM db.t GROUP BY id, d;
CREATE MATERIALIZED VIEW mv2 ENGINE = SummingMergeTree ORDER BY id POPULATE AS SELECT id, count() AS n FROM db.t GROUP BY id;
CREATE MATERIALIZED VIEW mv3 REFRESH EVERY 1 HOUR TO o3 AS SELECT a FROM t;
-- pairs: db.t.id > db.o.id i, db.t.a > db.o.s a, db.t.b > db.o.d t, db.t.id > mv2.id i, t.a > o3.a i
-- case: kafka, distributed, buffer, dictionary
CREATE TABLE q (x Int32, y String) ENGINE = Kafka SETTINGS kafka_broker_list = 'b:9092', kafka_topic_list = 'tp', kafka_format = 'JSONEachRow';
CREATE TABLE d ON CLUSTER '{cluster}' AS db.loc ENGINE = Distributed('{cluster}', db, loc, rand());
CREATE TABLE r (x Int32 CODEC(Delta, ZSTD), y LowCardinality(String) DEFAULT 'a', z Nullable(DateTime64(3, 'UTC')), n Nested(k Int32, v String), INDEX ix y TYPE minmax GRANULARITY 1, PROJECTION p (SELECT x ORDER BY y), CONSTRAINT c CHECK x > 0) ENGINE = ReplicatedMergeTree('/x', '{r}') PARTITION BY toYYYYMM(z) ORDER BY (x, y) TTL z + INTERVAL 1 MONTH SETTINGS index_granularity = 8192;
-- pairs: db.loc.* > d.* i, external.kafka:tp.* > q.* i
-- case: array join, limit by, prewhere, final, sample, global in
INSERT INTO o (x, y, z) SELECT id, arr, n.k FROM t FINAL SAMPLE 0.1 ARRAY JOIN a AS arr, b AS n PREWHERE id > 1 WHERE id GLOBAL IN (SELECT id FROM u) LIMIT 2 BY id SETTINGS max_threads = 1;
-- pairs: t.id > o.x i, t.a > o.y t, t.b > o.z t
-- case: with expression, aliases, tuples, any join, asof
WITH 5 AS k, (SELECT max(c) FROM u) AS mx SELECT a + k AS x, mx AS y, x * 2 AS z FROM t ANY LEFT JOIN u USING id;
SELECT t.a, u.c FROM t ASOF JOIN u ON t.id = u.id AND t.b >= u.d;
-- pairs: t.a > x t, u.c > y a, t.a > z t, t.a > a i, u.c > c i
-- case: insert odds
INSERT INTO o (* EXCEPT (z)) SELECT a, b FROM t;
INSERT INTO TABLE o (x) VALUES (1), (2);
INSERT INTO o SELECT * EXCEPT (b) APPLY(toString) FROM t;
INSERT INTO o SELECT COLUMNS('a|b') FROM t;
INSERT INTO o SETTINGS async_insert = 1 SELECT a AS x FROM t;
-- pairs: t.a > o.a i, t.b > o.b i, t.id > o.tostring(id) t, t.a > o.tostring(a) t, t.a > o.x i
-- writes: o
-- case: mutations and misc
ALTER TABLE o UPDATE x = y + 1 WHERE z = 1; ALTER TABLE o DELETE WHERE x IN (SELECT c FROM u); DELETE FROM o WHERE x = 1; OPTIMIZE TABLE o FINAL DEDUPLICATE; SYSTEM RELOAD DICTIONARY d; EXCHANGE TABLES a AND b; RENAME TABLE c TO e; DETACH TABLE f; ATTACH TABLE f; SHOW CREATE TABLE o; DESCRIBE TABLE o; EXISTS TABLE o; KILL QUERY WHERE 1; SET x = 1; USE db; CHECK TABLE o; CREATE QUOTA q1; CREATE USER u1; GRANT SELECT ON *.* TO u1; ALTER TABLE o ADD COLUMN w Int32 AFTER x, MATERIALIZE COLUMN w; ALTER TABLE o REPLACE PARTITION '1' FROM o2; ALTER TABLE o MOVE PARTITION '1' TO TABLE o3; TRUNCATE TABLE IF EXISTS o; DROP TABLE o SYNC; EXPLAIN PIPELINE SELECT a FROM t; CREATE FUNCTION lf AS (x) -> x + 1; WATCH v; UNDROP TABLE z; BACKUP TABLE o TO Disk('d', 'x');
-- pairs: db.o.y > db.o.x t, a.* > b.* i, b.* > a.* i, c.* > e.* i, db.o2.* > db.o.* i, db.o.* > db.o3.* i
-- case: window view, live view, join get, dictget
SELECT dictGet('db.dict', 'name', toUInt64(id)) AS nm, joinGet('j', 'v', a) AS jv FROM t;
-- pairs: db.dict.name > nm t, t.id > nm t, j.v > jv t, t.a > jv t
-- reads: t, db.dict, j
-- case: insert into all columns but some
CREATE TABLE o (z Int32, x Int32, y Int32) ENGINE = Memory;
INSERT INTO o (* EXCEPT (z)) SELECT a, b FROM t;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: functions are applied to all columns
CREATE TABLE o ENGINE = Memory AS SELECT * EXCEPT (b) APPLY(toString) FROM t;
CREATE TABLE p (x Int32, y Int32) ENGINE = Memory;
INSERT INTO p SELECT COLUMNS('a|b') APPLY(toString) APPLY(max) FROM t;
SELECT t.COLUMNS('id'), u.* EXCEPT id FROM t JOIN u ON t.id = u.id;
-- pairs: t.id > o.tostring(id) t, t.a > o.tostring(a) t, t.a > p.x a, t.b > p.y a, t.id > id i, u.c > c i, u.d > d i
-- case: a function of an expression ends with its statement
CREATE FUNCTION f AS (x, k) -> x + k;
SELECT x FROM k;
CREATE FUNCTION g AS x -> x + 1;
INSERT INTO o (y) SELECT x FROM k;
-- pairs: k.x > x i, k.x > o.y i
-- case: tables of other servers
INSERT INTO o (x, y) SELECT a, b FROM mysql('h:3306', 'd1', 't', 'me', 'secret');
INSERT INTO o (z) SELECT c FROM postgresql('h:5432', 'd1', 'u', 'me', 'secret', 's1') AS q;
INSERT INTO p (x) SELECT a FROM remote('h', d1.t);
INSERT INTO p (y) SELECT a FROM remoteSecure('h', 'd1', 't');
INSERT INTO p (z) SELECT b FROM cluster('c', d1.t) WHERE a > 1;
INSERT INTO TABLE FUNCTION remote('h', d1.w) SELECT a AS x FROM t;
INSERT INTO q (x) SELECT a FROM mysql(creds, table = 't');
-- pairs: h:3306.d1.t.a > o.x i, h:3306.d1.t.b > o.y i, h:5432.d1.s1.u.c > o.z i, h.d1.t.a > p.x i, h.d1.t.a > p.y i, d1.t.b > p.z i, t.a > h.d1.w.x i, creds.t.a > q.x i
-- case: engines that show other tables
CREATE TABLE m (a Int, engine String) ENGINE = MySQL('h:3306', 'd1', 't', 'me', 'secret');
CREATE TABLE k (a Int) ENGINE = Kafka('h:9092', 'topic', 'g', 'JSONEachRow');
CREATE TABLE l (a Int) ENGINE = Kafka SETTINGS kafka_broker_list = 'h:9092', kafka_topic_list = 'other';
CREATE TABLE f (a Int) ENGINE = S3('https://b/x.csv', 'CSV');
CREATE TABLE n (a Int) ENGINE = PostgreSQL(creds, table = 't');
-- pairs: h:3306.d1.t.* > m.* i, external.kafka:topic.* > k.* i, external.kafka:other.* > l.* i, external."https://b/x.csv".* > f.* i, creds.t.* > n.* i
-- case: files of clusters and containers, dictionaries, loops and views in FROM
INSERT INTO o (x) SELECT a FROM s3Cluster('c', 's3://b/x.csv');
INSERT INTO o (y) SELECT b FROM azureBlobStorage('AccountKey=secret', 'c1', 'x.csv');
INSERT INTO o (z) SELECT q.a FROM t JOIN dictionary('d1.d') AS q ON q.id = t.id;
INSERT INTO p (x) SELECT a FROM loop(t) LIMIT 9;
INSERT INTO p (y) SELECT n FROM view(SELECT b AS n FROM t);
INSERT INTO FUNCTION s3('https://me:secret@b/x.csv?sig=secret', 'CSV') SELECT a FROM t;
CREATE TABLE m (a Int) ENGINE = Dictionary(e);
CREATE TABLE n (a Int) ENGINE = AzureBlobStorage('AccountKey=secret', 'c1', 'y.csv', 'CSV');
CREATE TABLE l (a Int) ENGINE = File(CSV);
-- pairs: external."s3://b/x.csv".a > o.x i, external."c1/x.csv".b > o.y i, d1.d.a > o.z i, t.a > p.x i, t.b > p.y i, t.a > external."https://b/x.csv".a i, e.* > m.* i, external."c1/y.csv".* > n.* i
-- case: elements of tuples are told apart
INSERT INTO o (x, y) SELECT q.1, q.2 FROM (SELECT (t.a, t.b) AS q FROM t);
SELECT (t.a, t.b).2 AS z, tuple(t.a, t.id).1 AS w FROM t;
-- pairs: t.a > o.x t, t.b > o.y t, t.b > z t, t.a > w t
