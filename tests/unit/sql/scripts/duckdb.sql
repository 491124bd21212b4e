-- case: files in from
INSERT INTO o (x) SELECT a FROM 'data/*.parquet';
INSERT INTO o (y) SELECT b FROM read_csv('x.csv', header = true) r;
INSERT INTO o (z) SELECT c FROM read_parquet(['a.parquet', 'b.parquet']);
-- pairs: external."data/*.parquet".a > o.x i, external."x.csv".b > o.y i, external."b.parquet".c > o.z i, external."a.parquet".c > o.z i
-- case: copy
COPY (SELECT a, b FROM t) TO 'out.parquet' (FORMAT parquet, COMPRESSION zstd);
COPY t TO 'dir' (FORMAT parquet, PARTITION_BY (a));
COPY o FROM 'in.csv' (AUTO_DETECT true);
-- pairs: t.a > external."out.parquet".a i, t.b > external."out.parquet".b i, t.id > external.dir.id i, t.a > external.dir.a i, t.b > external.dir.b i, external."in.csv".* > o.* i
-- case: from first
INSERT INTO o (x, y, z) FROM t;
CREATE TABLE p AS FROM t SELECT a WHERE b > 1;
-- pairs: t.id > o.x i, t.a > o.y i, t.b > o.z i, t.a > p.a i
-- case: insert by name
CREATE TABLE o (x INT, y INT);
INSERT INTO o BY NAME SELECT a AS y, b AS x FROM t;
-- pairs: t.a > o.y i, t.b > o.x i
-- case: insert or replace and ignore
INSERT OR REPLACE INTO o (x) SELECT a FROM t;
INSERT OR IGNORE INTO o (y) SELECT b FROM t;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: union by name
CREATE VIEW v AS SELECT a AS k FROM t UNION ALL BY NAME SELECT c AS m, d AS k FROM u;
-- pairs: t.a > v.k i, u.d > v.k i, u.c > v.m i
-- case: star modifiers
CREATE VIEW v AS SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) FROM t;
-- pairs: t.id > v.id i, t.b > v.b t
-- case: columns expression
CREATE VIEW v AS SELECT MAX(COLUMNS(*)) FROM t;
-- pairs: t.id > v.id a, t.a > v.a a, t.b > v.b a
-- case: list and struct functions
INSERT INTO o (x, y, z) SELECT struct_pack(k := a), {'p': b}.p, list_transform([a], v -> v + b) FROM t;
-- pairs: t.a > o.x t, t.b > o.y t, t.a > o.z t, t.b > o.z t
-- case: pivot statement
CREATE TABLE o AS PIVOT t ON a IN ('x', 'y') USING SUM(b) GROUP BY id;
-- pairs: t.id > o.id i, t.b > o.x a, t.a > o.x c, t.b > o.y a, t.a > o.y c
-- case: unpivot statement
CREATE TABLE o AS UNPIVOT t ON a, b INTO NAME k VALUE val;
-- pairs: t.id > o.id i, t.a > o.val i, t.b > o.val i
-- case: macros
CREATE MACRO add1(x) AS x + 1;
CREATE MACRO tab(n) AS TABLE SELECT a, b FROM t WHERE id = n;
INSERT INTO o (x) SELECT add1(a) FROM tab(3);
-- pairs: t.a > tab.a i, t.b > tab.b i, tab.a > o.x t
-- case: attach and use
ATTACH 'f.db' AS other;
INSERT INTO other.o (x) SELECT a FROM main.t2;
-- pairs: main.t2.a > other.o.x i
-- case: asof and positional joins
INSERT INTO o (x, y) SELECT t.a, u.c FROM t ASOF JOIN u ON t.id = u.id AND t.b >= u.d;
INSERT INTO p (x, y) SELECT t.a, u.c FROM t POSITIONAL JOIN u;
-- pairs: t.a > o.x i, u.c > o.y i, t.a > p.x i, u.c > p.y i
-- case: upsert and returning
INSERT INTO o (k, n) SELECT id, a FROM t ON CONFLICT (k) DO UPDATE SET n = excluded.n + 1 RETURNING *;
-- pairs: t.id > o.k i, t.a > o.n t
-- case: group by all and order by all
CREATE VIEW v AS SELECT b, SUM(a) AS s FROM t GROUP BY ALL ORDER BY ALL;
-- pairs: t.b > v.b i, t.a > v.s a
-- influences: t.b > v group_by
-- case: summarize, describe, pragma, export
PRAGMA database_list;
SUMMARIZE t;
DESCRIBE SELECT a FROM t;
EXPORT DATABASE 'dir';
INSTALL httpfs; LOAD httpfs;
SET memory_limit = '1GB';
INSERT INTO o (x) SELECT a FROM t;
-- pairs: t.a > o.x i
-- case: sequences and defaults
CREATE SEQUENCE s;
CREATE TABLE o (k INT DEFAULT nextval('s'), x INT, y AS (x + 1));
INSERT INTO o (k, x) SELECT nextval('s'), a FROM t;
-- pairs: o.x > o.y t, t.a > o.x i
-- reads: s, t, o
-- case: unnest with fields
INSERT INTO o (x) SELECT unnest(a) FROM t;
INSERT INTO o (y) SELECT e.k FROM t, unnest(t.b) AS u2(e);
-- pairs: t.a > o.x t, t.b > o.y t
-- case: semi and anti joins
INSERT INTO o (x) SELECT a FROM t ANTI JOIN u USING (id);
-- pairs: t.a > o.x i
-- influences: t.id > o join, u.id > o join
-- case: merge into
MERGE INTO o USING t ON o.id = t.id WHEN MATCHED THEN UPDATE SET x = t.a WHEN NOT MATCHED THEN INSERT (id, x) VALUES (t.id, t.a);
-- pairs: t.a > o.x i, t.id > o.id i
-- case: temp table and create or replace
CREATE OR REPLACE TEMP TABLE w AS SELECT a AS k FROM t;
CREATE OR REPLACE TABLE o AS SELECT k FROM w;
-- pairs: t.a > o.k i
-- case: merge by name
MERGE INTO o USING t USING (id) WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i
-- influences: o.id > o join, t.id > o join
-- case: from first in parentheses
CREATE TABLE o AS (FROM t SELECT a, b);
-- pairs: t.a > o.a i, t.b > o.b i
-- case: files
CREATE TABLE o AS FROM read_csv('x.csv', header = true);
INSERT INTO o BY NAME SELECT a AS x FROM 'dir/*.parquet';
COPY (SELECT a FROM t) TO 'o.parquet' (FORMAT PARQUET, PARTITION_BY (a));
COPY o FROM 'y.csv' (HEADER);
COPY o TO 's3://b/x.json';
EXPORT DATABASE 'd'; IMPORT DATABASE 'd'; ATTACH 'f.db' AS f (TYPE sqlite); DETACH f; USE f; INSTALL httpfs; LOAD httpfs; PRAGMA show_tables; SET x = 1; CALL f(); SUMMARIZE t; DESCRIBE t; CHECKPOINT; VACUUM; ANALYZE;
-- pairs: external."x.csv".* > o.* i, external."dir/*.parquet".a > o.x i, t.a > external."o.parquet".a i,
--  external."y.csv".* > o.* i, o.* > external."s3://b/x.json".* i
-- case: syntax
FROM t SELECT a WHERE b > 1;
SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) FROM t;
SELECT COLUMNS('a|b') FROM t;
SELECT MIN(COLUMNS(*)) FROM t;
SELECT a AS x, x + 1 AS y FROM t GROUP BY ALL ORDER BY ALL;
FROM t;
-- pairs: t.id > id i, t.a > a i, t.b > b i, t.b > b t, t.id > id a, t.a > a a, t.b > b a, t.a > x i, t.a > y t
-- case: pivot
PIVOT t ON a IN ('x', 'y') USING SUM(b) GROUP BY id;
UNPIVOT t ON a, b INTO NAME k VALUE v;
CREATE TABLE o AS PIVOT t ON a USING SUM(b);
INSERT INTO o SELECT * FROM (UNPIVOT t ON COLUMNS(* EXCLUDE id) INTO NAME k VALUE v);
-- pairs: t.id > id i, t.b > x a, t.a > x c, t.b > y a, t.a > y c, t.a > v i, t.b > v i, t.id > o.id i, t.b > o.* a, t.a > o.* c,
--  t.a > o.v i, t.b > o.v i
-- case: macro, types, sequences
CREATE MACRO m(x) AS x + 1; CREATE OR REPLACE TEMP MACRO tm(k) AS TABLE SELECT a FROM t WHERE id = k; CREATE TYPE ty AS ENUM ('a'); CREATE SEQUENCE s; 
INSERT INTO o (x, y) SELECT m(a), nextval('s') FROM t; INSERT INTO o (z) SELECT a FROM tm(1);
-- pairs: t.a > o.x t, t.a > tm.a i, tm.a > o.z i
-- influences: t.id > tm filter
-- case: asof, positional, lateral, semi, qualify, union by name
INSERT INTO o (x, y) SELECT t.a, u.c FROM t ASOF LEFT JOIN u ON t.id = u.id AND t.b >= u.d;
INSERT INTO o (x) SELECT a FROM t POSITIONAL JOIN u; INSERT INTO o (x) SELECT a FROM t SEMI JOIN u USING (id);
INSERT INTO o BY NAME (SELECT a AS x FROM t UNION ALL BY NAME SELECT c AS y FROM u);
INSERT OR REPLACE INTO o (x) SELECT a FROM t; INSERT OR IGNORE INTO o (x) SELECT a FROM t;
UPDATE o SET x = t.a FROM t WHERE o.id = t.id; DELETE FROM o USING t WHERE o.id = t.id;
MERGE INTO o USING t USING (id) WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT BY NAME;
-- pairs: t.a > o.x i, u.c > o.y i, t.id > o.id i, t.a > o.a i, t.b > o.b i
-- case: sqlite [sqlite]
PRAGMA foreign_keys = ON; ATTACH DATABASE 'x.db' AS x; CREATE TABLE IF NOT EXISTS o (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT COLLATE NOCASE, g INT AS (id + 1) STORED) STRICT, WITHOUT ROWID;
INSERT OR REPLACE INTO o (x) SELECT a FROM t; REPLACE INTO o (x) SELECT a FROM x.t2; INSERT INTO o (x) VALUES ('a') ON CONFLICT (x) DO UPDATE SET x = excluded.x || 'y' WHERE id > 1 RETURNING *;
CREATE TRIGGER tr AFTER UPDATE OF x ON o WHEN new.x > 1 BEGIN INSERT INTO aud (v) VALUES (old.x); UPDATE o SET y = new.x WHERE id = new.id; SELECT RAISE(ABORT, 'x'); END;
UPDATE OR IGNORE o SET (x, y) = (SELECT a, b FROM t) FROM u WHERE u.id = o.id; CREATE VIRTUAL TABLE ft USING fts5(a, b); CREATE TEMP VIEW tv AS SELECT a FROM t; INSERT INTO o (x) SELECT a FROM tv; VACUUM; REINDEX; ANALYZE; EXPLAIN QUERY PLAN SELECT a FROM t; SAVEPOINT s; RELEASE s; SELECT a FROM t INDEXED BY ix; SELECT value FROM t, json_each(t.a);
-- codes: RL143
-- pairs: o.id > o.g t, t.a > o.x i, x.t2.a > o.x i, o.x > aud.v i, o.x > o.y i, t.b > o.y i, t.a > a i, t.a > value t
-- case: pivot with several aggregates, each column has its own
PIVOT t ON a IN ('x', 'y') USING SUM(b) AS s, MAX(id) AS m;
-- pairs: t.b > x_s a, t.a > x_s c, t.id > x_m a, t.a > x_m c, t.b > y_s a, t.a > y_s c, t.id > y_m a, t.a > y_m c
-- case: pivot on two keys
PIVOT t ON a IN ('x'), id IN (1, 2) USING MIN(b), MAX(b);
-- pairs: t.b > x_1_min(b) a, t.a > x_1_min(b) c, t.id > x_1_min(b) c, t.b > x_1_max(b) a, t.a > x_1_max(b) c, t.id > x_1_max(b) c,
--  t.b > x_2_min(b) a, t.a > x_2_min(b) c, t.id > x_2_min(b) c, t.b > x_2_max(b) a, t.a > x_2_max(b) c, t.id > x_2_max(b) c
-- case: pivot without aggregates counts
PIVOT t ON a IN ('x');
-- pairs: t.id > id i, t.b > b i, t.a > x c
-- case: pivot of keys from a query
CREATE TABLE o AS PIVOT t ON a IN (SELECT c FROM u) USING SUM(b);
-- pairs: t.id > o.id i, t.b > o.* a, t.a > o.* c
-- case: pivot under other names
PIVOT_WIDER t ON a IN ('x') USING SUM(b);
PIVOT_LONGER t ON b INTO NAME k VALUE v;
-- pairs: t.id > id i, t.b > x a, t.a > x c, t.a > a i, t.b > v i
-- case: pivot in a cte, and of one
WITH p AS (PIVOT t ON a USING SUM(b) GROUP BY id) SELECT id AS i, x FROM p;
WITH p AS (SELECT id, a AS k, b FROM t) PIVOT p ON k IN ('y') USING SUM(b) GROUP BY id;
-- pairs: t.id > i i, t.b > x a, t.a > x c, t.id > id i, t.b > y a, t.a > y c
-- case: pivot in FROM with a group
INSERT INTO o BY NAME FROM t PIVOT (SUM(b) AS s, COUNT(*) AS n FOR a IN ('x' AS xx) GROUP BY id);
-- pairs: t.id > o.id i, t.b > o.xx_s a, t.a > o.xx_s c, t.a > o.xx_n c
-- influences: t.id > o group_by
-- case: unpivot names and values without INTO
UNPIVOT t ON a, b;
-- pairs: t.id > id i, t.a > value i, t.b > value i
-- case: unpivot of all columns but one of a table that nobody knows
CREATE TABLE o AS UNPIVOT k ON COLUMNS(* EXCLUDE (id)) INTO NAME n VALUE v;
-- pairs: k.id > o.id i, k.* > o.v i
-- case: unpivot of what a pattern finds
UNPIVOT t ON id, COLUMNS('b') INTO NAME k VALUE v;
-- pairs: t.a > a i, t.id > v i, t.b > v i
-- case: unpivot of several columns, each takes its own
UNPIVOT t ON (id, a) AS q1, (b, a) AS q2 INTO NAME k VALUE v1, v2;
-- pairs: t.id > v1 i, t.b > v1 i, t.a > v2 i
-- case: parameters of macros are no columns
CREATE OR REPLACE FUNCTION f4(k := 5) AS TABLE (SELECT a FROM t WHERE id = k);
-- pairs: t.a > f4.a i
-- influences: t.id > f4 filter
-- case: merge takes all columns by position, by name only where it says so
CREATE TABLE m (b INT, id INT, a VARCHAR);
CREATE TABLE n (b INT, id INT, a VARCHAR);
MERGE INTO m USING t ON m.id = t.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT BY POSITION;
MERGE INTO n USING t ON n.id = t.id WHEN MATCHED THEN UPDATE BY NAME WHEN NOT MATCHED THEN INSERT BY NAME *;
-- pairs: t.id > m.b i, t.a > m.id i, t.b > m.a i, t.id > n.id i, t.a > n.a i, t.b > n.b i
-- case: insert by position says so
CREATE TABLE m (b INT, id INT, a VARCHAR);
INSERT INTO m BY POSITION SELECT * FROM t;
-- pairs: t.id > m.b i, t.a > m.id i, t.b > m.a i
-- case: columns that are left out, listed, of one table, under one name
INSERT INTO o SELECT MIN(COLUMNS(* EXCLUDE (a)) + 1) FROM t;
CREATE TABLE p AS SELECT COLUMNS(['id', 'b']), MAX(COLUMNS(u.* EXCLUDE (id))) OVER () FROM t JOIN u USING (id);
CREATE TABLE q AS SELECT COLUMNS('b')::VARCHAR AS z, COLUMNS(* REPLACE (b + id AS a)) FROM t;
-- pairs: t.id > o.id a, t.b > o.b a, t.id > p.id i, u.id > p.id i, t.b > p.b i, u.c > p.c a, u.d > p.d a, t.b > q.z t, t.id > q.id i,
--  t.b > q.a t, t.id > q.a t, t.b > q.b i
-- case: a macro of a query in parentheses ends with its statement
CREATE FUNCTION f(x) AS (SELECT max(a) FROM t WHERE b = x);
SELECT x FROM k;
-- pairs: t.a > f._col0 a, k.x > x i
-- case: comments are no part of a pivot's names
PIVOT t ON a IN ('x') USING MIN(b) /* least */, MAX(b) -- most
GROUP BY id;
-- pairs: t.id > id i, t.b > x_min(b) a, t.a > x_min(b) c, t.b > x_max(b) a, t.a > x_max(b) c
-- case: tables and queries of other engines and in texts
INSERT INTO o (x) SELECT a FROM postgres_query('pg', 'SELECT a FROM s1.t');
INSERT INTO o (y) SELECT q.b FROM query('SELECT b FROM t') AS q;
INSERT INTO o (z) SELECT c FROM query_table(['v1', 'v2']);
INSERT INTO p (x) SELECT a FROM postgres_scan('dbname=x user=y', 's1', 't');
INSERT INTO p (y) SELECT b FROM sqlite_scan('f.db', 't');
-- pairs: pg.s1.t.a > o.x i, t.b > o.y i, v1.c > o.z i, v2.c > o.z i, x.s1.t.a > p.x i, "f.db".t.b > p.y i
-- case: several files
INSERT INTO o (x) SELECT a FROM read_parquet(['x.parquet', 'y.parquet'], union_by_name = true);
INSERT INTO o (y) SELECT b FROM read_csv('z.csv', header = true) AS q;
-- pairs: external."x.parquet".a > o.x i, external."y.parquet".a > o.x i, external."z.csv".b > o.y i
-- case: an unnested struct is its fields
CREATE TABLE o AS SELECT unnest({'p': t.a, 'q': t.b}), t.id FROM t;
-- pairs: t.a > o.p i, t.b > o.q i, t.id > o.id i
