-- case: volatile table
CREATE VOLATILE TABLE w AS (SELECT a AS k, b FROM t) WITH DATA PRIMARY INDEX (k) ON COMMIT PRESERVE ROWS;
INSERT INTO o (x) SELECT k FROM w;
COLLECT STATISTICS COLUMN (k) ON w;
-- pairs: t.a > o.x i
-- case: the name of an expanded period
CREATE VIEW v AS SELECT p, k.id FROM k EXPAND ON dur AS p BY INTERVAL '1' DAY;
INSERT INTO o (x, y) SELECT k.p, BEGIN(p) FROM k EXPAND ON dur AS p;
-- pairs: k.dur > v.p i, k.id > v.id i, k.p > o.x i, k.dur > o.y t
-- case: begin of a period in a join condition
INSERT INTO o (x) SELECT t.a FROM t JOIN u ON BEGIN(t.b) = u.d;
-- pairs: t.a > o.x i
-- influences: t.b > o join, u.d > o join
-- case: multiset and volatile with options
CREATE MULTISET VOLATILE TABLE w, NO FALLBACK, NO LOG (k INTEGER, m VARCHAR(10) CHARACTER SET LATIN NOT CASESPECIFIC) UNIQUE PRIMARY INDEX (k) ON COMMIT PRESERVE ROWS;
INSERT INTO w SELECT a, b FROM t;
INS INTO o (x) SEL k FROM w;
-- pairs: t.a > o.x i
-- case: sel and qualify
INSERT INTO o (x) SEL a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY id DESC) = 1;
-- pairs: t.a > o.x i
-- influences: t.b > o filter, t.id > o filter
-- case: create table as with data
CREATE MULTISET TABLE db.o AS (SELECT a, b AS k FROM db.t) WITH DATA AND STATS NO PRIMARY INDEX;
CREATE TABLE db.p AS db.t WITH NO DATA;
CREATE SET TABLE db.q AS db.t WITH DATA;
-- pairs: db.t.a > db.o.a i, db.t.b > db.o.k i, db.t.* > db.q.* i
-- case: update from
UPDATE o FROM (SELECT id, a AS k FROM t) s SET x = s.k WHERE o.id = s.id;
UPD p FROM t SET y = t.b WHERE p.id = t.id;
-- pairs: t.a > o.x i, t.b > p.y i
-- case: update else insert
UPDATE o SET x = 1 WHERE k = 2 ELSE INSERT INTO o (k, x) VALUES (2, 1);
-- pairs:
-- case: merge
MERGE INTO o AS d USING t AS s ON d.id = s.id WHEN MATCHED THEN UPDATE SET x = s.a WHEN NOT MATCHED THEN INSERT (id, x) VALUES (s.id, s.a);
-- pairs: t.a > o.x i, t.id > o.id i
-- case: delete all
DELETE FROM o ALL;
DEL FROM p;
-- pairs:
-- writes: o, p
-- case: replace view and locking
REPLACE VIEW v AS LOCKING ROW FOR ACCESS SELECT a, b (TITLE 'B') FROM t;
LOCKING TABLE t FOR ACCESS SELECT a FROM t;
-- pairs: t.a > v.a i, t.b > v.b i, t.a > a i
-- case: casts with format
INSERT INTO o (x, y) SELECT CAST(a AS DATE FORMAT 'YYYY-MM-DD'), b (INTEGER) FROM t;
-- pairs: t.a > o.x t, t.b > o.y t
-- case: named expressions and lateral aliases
INSERT INTO o (x, y) SELECT a + 1 (NAMED k), k * 2 FROM t;
-- pairs: t.a > o.x t, t.a > o.y t
-- case: top, sample, normalize
INSERT INTO o (x) SELECT TOP 5 a FROM t ORDER BY b;
INSERT INTO o (y) SELECT b FROM t SAMPLE 10;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: bteq commands
.LOGON tdpid/user,pass;
.SET WIDTH 200
.IF ERRORCODE <> 0 THEN .QUIT 8
DATABASE sales;
INSERT INTO o (x) SELECT a FROM t;
.LOGOFF
.QUIT 0
-- pairs: sales.t.a > sales.o.x i
-- case: macro
CREATE MACRO m (n INTEGER) AS (INSERT INTO o (x) SELECT a FROM t WHERE b = :n; UPDATE p SET y = 1;);
EXEC m(1);
-- pairs: t.a > o.x i
-- case: procedure
REPLACE PROCEDURE p (IN n INTEGER)
BEGIN
  DECLARE v INTEGER;
  SELECT MAX(a) INTO :v FROM t;
  INSERT INTO o (x) VALUES (:v);
  FOR c AS cur CURSOR FOR SELECT id, a FROM t DO
    UPDATE z SET w = c.a WHERE k = c.id;
  END FOR;
  CALL DBC.SysExecSQL('INSERT INTO q (x) SELECT a FROM t;');
END;
-- pairs: t.a > o.x a, t.a > z.w i, t.a > q.x i
-- case: rename and global temporary
RENAME TABLE a TO b;
CREATE GLOBAL TEMPORARY TABLE g (x INTEGER) ON COMMIT DELETE ROWS;
INSERT INTO g SELECT a FROM t;
-- pairs: a.* > b.* i, t.a > g.x i
-- case: ordered analytics
INSERT INTO o (x, y) SELECT CSUM(a, b), SUM(a) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM t;
-- pairs: t.a > o.x t, t.b > o.x t, t.a > o.y a, t.id > o.y w
-- case: recursive view and with recursive
WITH RECURSIVE h (id, p) AS (SELECT id, a FROM t WHERE a IS NULL UNION ALL SELECT t.id, t.a FROM t, h WHERE t.a = h.id) SELECT id FROM h;
-- pairs: t.id > id i
-- case: table functions with their columns
INSERT INTO o (x, y) SELECT s.id, d.tok FROM t AS s, TABLE (STRTOK_SPLIT_TO_TABLE(s.id, s.a, ',') RETURNS (k INTEGER, n INTEGER, tok VARCHAR(10) CHARACTER SET UNICODE)) AS d;
INSERT INTO o (z) SELECT d.w FROM t, TABLE (STRTOK_SPLIT_TO_TABLE(t.id, t.b, ',') RETURNS (k INTEGER, n INTEGER, tok VARCHAR(10))) AS d (u, v, w);
-- pairs: t.id > o.x i, t.id > o.y t, t.a > o.y t, t.id > o.z t, t.b > o.z t
-- case: windows that begin anew, expanded periods
INSERT INTO o (x) SELECT SUM(a) OVER (PARTITION BY id ORDER BY b RESET WHEN a > 1 ROWS UNBOUNDED PRECEDING) FROM t;
INSERT INTO o (y, z) SELECT id, BEGIN(pd) FROM t EXPAND ON PERIOD(a, b) AS pd BY INTERVAL '1' DAY WHERE id > 1;
-- pairs: t.a > o.x a, t.id > o.x w, t.b > o.x w, t.id > o.y i, t.a > o.z t, t.b > o.z t
-- case: volatile and qualify
CREATE VOLATILE MULTISET TABLE vt, NO FALLBACK, NO LOG AS (SEL id, a, b FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY b DESC) = 1) WITH DATA PRIMARY INDEX (id) ON COMMIT PRESERVE ROWS;
COLLECT STATISTICS COLUMN (id) ON vt;
INSERT INTO db.o (x, y) SEL id, a (NAMED nm) FROM vt WHERE b (FORMAT '999') > 1;
-- pairs: t.id > db.o.x i, t.a > db.o.y i
-- case: update from, del, ins values
UPD o FROM t AS s SET x = s.a, y = ZEROIFNULL(s.b) WHERE o.id = s.id;
DEL FROM o ALL; DEL o WHERE x = 1;
INS o (1, 'a'); INS INTO o (x) SEL a FROM t;
UPDATE o SET x = 5 WHERE id = 1 ELSE INSERT o (1, 5);
-- pairs: t.a > o.x i, t.b > o.y t
-- case: merge, locking, sample, top, expand
LOCKING ROW FOR ACCESS SELECT TOP 10 a FROM t SAMPLE 5;
LOCK TABLE t FOR ACCESS INSERT INTO o (x) SELECT a FROM t;
MERGE INTO o USING (SELECT id, a FROM t) s ON o.id = s.id WHEN MATCHED THEN UPD SET x = s.a WHEN NOT MATCHED THEN INS (id, x) VALUES (s.id, s.a);
INSERT INTO o (d) SELECT BEGIN(pd) FROM t EXPAND ON PERIOD(a, b) AS pd BY INTERVAL '1' DAY;
REPLACE VIEW v (x, y) AS LOCKING TABLE t FOR ACCESS SELECT a, b FROM t;
-- pairs: t.a > a i, t.a > o.x i, t.id > o.id i, t.a > o.d t, t.b > o.d t, t.a > v.x i, t.b > v.y i
-- case: macro, procedure
REPLACE MACRO m (p INTEGER) AS (INSERT INTO o (x) SELECT a FROM t WHERE id = :p; SELECT * FROM o;);
REPLACE PROCEDURE pr (IN p INTEGER, OUT n INTEGER) SQL SECURITY INVOKER
BEGIN
  DECLARE v INTEGER DEFAULT 0; DECLARE c CURSOR FOR SELECT a FROM t;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN SET n = -1; END;
  SELECT MAX(a) INTO v FROM t;
  INSERT INTO o (y) VALUES (:v);
  FOR r AS cr CURSOR FOR SELECT b FROM t DO INSERT INTO o (z) VALUES (r.b); END FOR;
  CALL DBC.SysExecSQL('INSERT INTO o (w) SELECT c FROM u');
END;
-- pairs: t.a > o.x i, o.* > m.* i, t.a > o.y a, t.b > o.z i, u.c > o.w i
-- writes: m, o
-- case: bteq and fastload
.LOGON host/user,pw;
.SET WIDTH 200
.IF ERRORCODE <> 0 THEN .QUIT 8;
DATABASE dw;
INSERT INTO o (x) SELECT a FROM t;
.EXPORT FILE = x.txt
.LOGOFF
.QUIT
-- pairs: dw.t.a > dw.o.x i
-- case: ddl
CREATE MULTISET TABLE db.o, FALLBACK, CHECKSUM = DEFAULT, MAP = m1 (id INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 1), d DATE FORMAT 'YYYY-MM-DD' DEFAULT CURRENT_DATE, c VARCHAR(10) CHARACTER SET LATIN NOT CASESPECIFIC COMPRESS ('a','b'), p PERIOD(DATE)) UNIQUE PRIMARY INDEX (id) PARTITION BY RANGE_N(d BETWEEN DATE '2020-01-01' AND DATE '2021-01-01' EACH INTERVAL '1' MONTH, NO RANGE) INDEX (c);
CREATE TABLE o2 AS t WITH NO DATA; CREATE TABLE o3 AS t WITH DATA AND STATS; RENAME TABLE o2 TO o4; CREATE JOIN INDEX ji AS SELECT id, a FROM t PRIMARY INDEX (id); CREATE JOIN INDEX db.j2, NO FALLBACK AS SELECT t.id, COUNT(*)(FLOAT, NAMED CountStar), SUM(u.c)(FLOAT) AS s, (t.a || '')(VARCHAR(5), NAMED m) FROM t, u WHERE t.id = u.id GROUP BY t.id UNIQUE PRIMARY INDEX (id) PARTITION BY RANGE_N(id BETWEEN 1 AND 2); HELP TABLE t; SHOW VIEW v; EXPLAIN SEL a FROM t; GRANT SELECT ON t TO u; BT; ET; DIAGNOSTIC HELPSTATS ON FOR SESSION; SET SESSION DATABASE x; COMMENT ON TABLE t 'x'; DROP STATISTICS ON t; 
-- pairs: t.id > o3.id i, t.a > o3.a i, t.b > o3.b i, o2.id > o4.id i, o2.a > o4.a i, o2.b > o4.b i, t.id > ji.id i, t.a > ji.a i,
--  t.id > db.j2.id i, u.c > db.j2.s a, t.a > db.j2.m t
-- case: what a procedure puts into its OUT parameters goes on in who calls it
REPLACE PROCEDURE db.p (IN i INT, OUT o INT) BEGIN SELECT MAX(k) INTO :o FROM db.m; END;
-- pairs: db.m.k > db.p.o a
-- case: functions that sort by what they are given
INSERT INTO o (x, y) SELECT RANK(t.a DESC), CSUM(t.b, t.id ASC) FROM t;
-- pairs: t.a > o.x w, t.b > o.y t, t.id > o.y t
