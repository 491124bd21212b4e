-- case: triggers
CREATE TRIGGER tr AFTER UPDATE OF a ON t FOR EACH ROW WHEN NEW.a <> OLD.a BEGIN
  INSERT INTO l (x, y) VALUES (OLD.a, NEW.a);
  UPDATE o SET z = NEW.b WHERE id = NEW.id;
END;
INSERT INTO p (x) SELECT a FROM t;
-- pairs: t.a > l.x i, t.a > l.y i, t.b > o.z i, t.a > p.x i
-- case: instead of trigger on a view
CREATE VIEW v AS SELECT id, a FROM t;
CREATE TRIGGER tr INSTEAD OF INSERT ON v BEGIN INSERT INTO t (id, a) VALUES (NEW.id, NEW.a); END;
-- pairs: t.id > v.id i, t.a > v.a i, v.id > t.id i, v.a > t.a i
-- case: replace and or clauses
REPLACE INTO o (x) SELECT a FROM t;
INSERT OR REPLACE INTO o (y) SELECT b FROM t;
INSERT OR IGNORE INTO o (z) VALUES (1);
UPDATE OR IGNORE o SET w = (SELECT MAX(a) FROM t);
-- pairs: t.a > o.x i, t.b > o.y i, t.a > o.w a
-- case: upsert with where
INSERT INTO o (k, n) SELECT id, a FROM t WHERE true ON CONFLICT (k) DO UPDATE SET n = excluded.n, m = n + 1 WHERE excluded.n > n;
-- pairs: t.id > o.k i, t.a > o.n i, o.n > o.m t
-- case: update from
UPDATE o SET x = t.a FROM t WHERE o.id = t.id;
-- pairs: t.a > o.x i
-- case: dot commands
.mode csv
.import data.csv o
.headers on
.read other.sql
INSERT INTO o (x) SELECT a FROM t;
-- pairs: t.a > o.x i
-- case: rename by copying
PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE o_new (x INTEGER PRIMARY KEY AUTOINCREMENT, y TEXT NOT NULL);
INSERT INTO o_new (x, y) SELECT x, y FROM o;
DROP TABLE o;
ALTER TABLE o_new RENAME TO o;
COMMIT;
VACUUM;
-- pairs: o.x > o_new.x i, o.y > o_new.y i, o_new.x > o.x i, o_new.y > o.y i
-- case: without rowid, strict, generated
CREATE TABLE o (x INT, y INT GENERATED ALWAYS AS (x * 2) STORED, z AS (y + 1)) WITHOUT ROWID, STRICT;
-- pairs: o.x > o.y t, o.y > o.z t
-- case: json_each and json operators
INSERT INTO o (x, y) SELECT e.value, t.b ->> '$.k' FROM t, json_each(t.a) AS e;
-- pairs: t.a > o.x t, t.b > o.y t
-- case: group_concat, iif, glob
INSERT INTO o (x) SELECT group_concat(a, ',') FROM t WHERE b GLOB 'x*' GROUP BY id;
-- pairs: t.a > o.x a
-- influences: t.b > o filter, t.id > o group_by
-- case: virtual tables and fts
CREATE VIRTUAL TABLE f USING fts5(title, body, content='t');
INSERT INTO f (title) SELECT a FROM t;
-- pairs: t.a > f.title i
-- case: recursive with limit
WITH RECURSIVE c (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 10) INSERT INTO o (x) SELECT t.a + c.n FROM c, t;
-- pairs: t.a > o.x t
