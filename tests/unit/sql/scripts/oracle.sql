-- case: insert all
INSERT ALL
  INTO o (x) VALUES (a)
  INTO p (y, z) VALUES (b, id + 1)
SELECT id, a, b FROM t;
-- pairs: t.a > o.x i, t.b > p.y i, t.id > p.z t
-- writes: o, p
-- case: insert first with conditions
INSERT FIRST
  WHEN a > 10 THEN INTO big (x) VALUES (a)
  WHEN a > 5 THEN INTO mid (x) VALUES (a) INTO mid_log (y) VALUES (b)
  ELSE INTO small (x) VALUES (a)
SELECT a, b FROM t;
-- pairs: t.a > big.x i, t.a > mid.x i, t.b > mid_log.y i, t.a > small.x i
-- influences: t.a > big filter, t.a > mid filter, t.a > mid_log filter, t.a > small filter
-- case: merge with delete clause
MERGE INTO o d USING (SELECT id, a, b FROM t WHERE b > 0) s ON (d.id = s.id)
WHEN MATCHED THEN UPDATE SET d.x = s.a WHERE s.b > 1 DELETE WHERE (d.x = 0)
WHEN NOT MATCHED THEN INSERT (d.id, d.x) VALUES (s.id, s.a) WHERE s.b > 2;
-- pairs: t.a > o.x i, t.id > o.id i
-- influences: o.id > o join, t.id > o join, t.b > o filter, o.x > o filter
-- case: connect by
INSERT INTO o (x, y, z)
SELECT id, SYS_CONNECT_BY_PATH(a, '/'), LEVEL FROM t START WITH b IS NULL CONNECT BY PRIOR id = b;
-- pairs: t.id > o.x i, t.a > o.y t
-- influences: t.b > o filter, t.id > o filter
-- case: connect by root
INSERT INTO o (x, y) SELECT CONNECT_BY_ROOT a, PRIOR a FROM t CONNECT BY NOCYCLE PRIOR id = b;
-- pairs: t.a > o.x t, t.a > o.y t
-- case: old outer join
INSERT INTO o (x, y) SELECT t.a, u.c FROM t, u WHERE t.id = u.id(+);
-- pairs: t.a > o.x i, u.c > o.y i
-- case: pivot
CREATE VIEW v AS SELECT * FROM (SELECT id, a, b FROM t) PIVOT (SUM(b) FOR a IN ('N' AS n, 'S' AS s));
-- pairs: t.id > v.id i, t.b > v.n a, t.a > v.n c, t.b > v.s a, t.a > v.s c
-- case: unpivot
CREATE VIEW v AS SELECT * FROM t UNPIVOT (val FOR k IN (a AS 'A', b AS 'B'));
-- pairs: t.id > v.id i, t.a > v.val i, t.b > v.val i
-- case: dual and sequence
CREATE SEQUENCE s START WITH 1;
INSERT INTO o (k, x) SELECT s.NEXTVAL, a FROM t;
INSERT INTO p (k) VALUES (s.CURRVAL);
-- pairs: t.a > o.x i
-- reads: s, t
-- case: select from dual
INSERT INTO o (x) SELECT SYSDATE FROM dual;
-- pairs:
-- reads:
-- case: dual beside a table and in a merge
INSERT INTO o (x) SELECT a FROM SYS.DUAL, t;
MERGE INTO p USING (SELECT 1 AS id FROM dual) s ON (p.id = s.id) WHEN MATCHED THEN UPDATE SET p.k = s.id;
-- pairs: t.a > o.x i
-- reads: p, t
-- case: sqlplus directives
SET DEFINE OFF
SET SERVEROUTPUT ON SIZE UNLIMITED
PROMPT Creating table; it's fun
WHENEVER SQLERROR EXIT SQL.SQLCODE
SPOOL load.log
DEFINE tbs = users
@@other_file.sql
@load.sql arg1
CREATE TABLE o (x NUMBER(10), y VARCHAR2(30 CHAR)) TABLESPACE &tbs
/
INSERT INTO o (x) SELECT a FROM t
/
COLUMN x FORMAT a20 HEADING 'It''s'
EXEC dbms_stats.gather_table_stats('A', 'O');
SHOW ERRORS
EXIT
-- pairs: t.a > o.x i
-- case: remarks
REM this is a remark; it's not SQL
REMARK INSERT INTO z SELECT 1
INSERT INTO o (x) SELECT a FROM t;
-- pairs: t.a > o.x i
-- case: package with types, cursors and constants
CREATE OR REPLACE PACKAGE BODY etl AS
  g_batch CONSTANT NUMBER := 100;
  TYPE t_rows IS TABLE OF t%ROWTYPE INDEX BY PLS_INTEGER;
  CURSOR c_src (p_id NUMBER) IS SELECT a, b FROM t WHERE id = p_id;

  FUNCTION get_max RETURN NUMBER IS
    v NUMBER;
  BEGIN
    SELECT MAX(a) INTO v FROM t;
    RETURN v;
  END get_max;

  PROCEDURE load_one (p_id IN NUMBER) IS
    v_a t.a%TYPE;
    v_b t.b%TYPE;
  BEGIN
    OPEN c_src(p_id);
    LOOP
      FETCH c_src INTO v_a, v_b;
      EXIT WHEN c_src%NOTFOUND;
      INSERT INTO o (x, y) VALUES (v_a, v_b);
    END LOOP;
    CLOSE c_src;
    COMMIT;
  EXCEPTION
    WHEN OTHERS THEN
      INSERT INTO err (msg) VALUES (SQLERRM);
      RAISE;
  END load_one;

  PROCEDURE run_all IS
  BEGIN
    FOR r IN (SELECT id, a FROM t) LOOP
      load_one(r.id);
      UPDATE z SET w = r.a WHERE k = r.id;
    END LOOP;
  END;
END etl;
/
-- pairs: t.a > o.x i, t.b > o.y i, t.a > z.w i, t.a > etl.get_max.v a
-- case: bulk collect and forall
CREATE OR REPLACE PROCEDURE p IS
  TYPE tab IS TABLE OF t%ROWTYPE;
  l_tab tab;
BEGIN
  SELECT * BULK COLLECT INTO l_tab FROM t;
  FORALL i IN 1 .. l_tab.COUNT
    INSERT INTO o (x, y) VALUES (l_tab(i).a, l_tab(i).b);
END;
/
-- pairs: t.a > o.x i, t.b > o.y i
-- case: fetch bulk collect limit
DECLARE
  CURSOR c IS SELECT id, a FROM t;
  TYPE ids IS TABLE OF NUMBER;
  l_ids ids; l_as ids;
BEGIN
  OPEN c;
  FETCH c BULK COLLECT INTO l_ids, l_as LIMIT 100;
  FORALL i IN l_ids.FIRST .. l_ids.LAST
    UPDATE o SET x = l_as(i) WHERE k = l_ids(i);
  CLOSE c;
END;
/
-- pairs: t.a > o.x i
-- case: record variable of a cursor
DECLARE
  CURSOR c IS SELECT a, b FROM t;
  r c%ROWTYPE;
BEGIN
  OPEN c; FETCH c INTO r; CLOSE c;
  INSERT INTO o (x, y) VALUES (r.a, r.b);
END;
/
-- pairs: t.a > o.x i, t.b > o.y i
-- case: select into rowtype
DECLARE r t%ROWTYPE;
BEGIN
  SELECT * INTO r FROM t WHERE id = 1;
  INSERT INTO o (x) VALUES (r.b);
END;
/
-- pairs: t.b > o.x i
-- case: returning into
DECLARE v NUMBER;
BEGIN
  INSERT INTO o (x) VALUES (1) RETURNING id INTO v;
  INSERT INTO child (parent) VALUES (v);
END;
/
-- pairs: o.id > child.parent i
-- case: execute immediate with concatenation and using
CREATE OR REPLACE PROCEDURE p (p_tab VARCHAR2) IS
  v_sql VARCHAR2(4000);
  n NUMBER;
BEGIN
  v_sql := 'INSERT INTO o (x) ';
  v_sql := v_sql || 'SELECT a FROM t WHERE b = :1';
  EXECUTE IMMEDIATE v_sql USING p_tab;
  EXECUTE IMMEDIATE 'SELECT MAX(a) FROM t' INTO n;
  UPDATE z SET w = n;
  EXECUTE IMMEDIATE 'TRUNCATE TABLE stage';
END;
/
-- pairs: t.a > o.x i, t.a > z.w a
-- case: q-quoted strings
BEGIN
  EXECUTE IMMEDIATE q'[INSERT INTO o (x) SELECT a FROM t WHERE b = 'it']';
END;
/
-- pairs: t.a > o.x i
-- case: trigger with referencing and predicates
CREATE OR REPLACE TRIGGER trg BEFORE INSERT OR UPDATE OF a, b ON t
REFERENCING NEW AS n OLD AS o FOR EACH ROW WHEN (n.a > 0)
BEGIN
  IF INSERTING THEN
    SELECT s.NEXTVAL INTO :n.id FROM dual;
  ELSIF UPDATING('A') THEN
    INSERT INTO hist (id, old_a, new_a) VALUES (:o.id, :o.a, :n.a);
  END IF;
END;
/
-- pairs: t.id > hist.id i, t.a > hist.old_a i, t.a > hist.new_a i
-- case: trigger assigns a column
CREATE OR REPLACE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW
BEGIN
  :new.b := UPPER(:new.a);
END;
/
-- pairs: t.a > t.b t
-- case: model clause
CREATE VIEW v AS SELECT id, a FROM t MODEL DIMENSION BY (id) MEASURES (a) RULES (a[3] = a[1] + a[2]);
-- pairs: t.id > v.id i, t.a > v.a i
-- case: flashback and partition
INSERT INTO o (x) SELECT a FROM t PARTITION (p1) AS OF TIMESTAMP SYSDATE - 1;
-- pairs: t.a > o.x i
-- case: partition extended insert
INSERT INTO o PARTITION (p1) (x) SELECT a FROM t;
-- pairs: t.a > o.x i
-- case: hints and append
INSERT /*+ APPEND PARALLEL(o, 4) */ INTO o (x) SELECT /*+ FULL(t) */ a FROM t;
-- pairs: t.a > o.x i
-- case: update inline view
UPDATE (SELECT o.x AS tgt, t.a AS src FROM o JOIN t ON o.id = t.id) SET tgt = src;
-- pairs: t.a > o.x i
-- case: update set row subquery
UPDATE o d SET (d.x, d.y) = (SELECT s.a, s.b FROM t s WHERE s.id = d.id) WHERE EXISTS (SELECT 1 FROM t s WHERE s.id = d.id);
-- pairs: t.a > o.x i, t.b > o.y i
-- case: listagg and keep
INSERT INTO o (x, y) SELECT LISTAGG(a, ',') WITHIN GROUP (ORDER BY b), MAX(a) KEEP (DENSE_RANK LAST ORDER BY id) FROM t;
-- pairs: t.a > o.x a, t.b > o.x w, t.a > o.y a, t.id > o.y w
-- case: decode and nvl2
INSERT INTO o (x, y) SELECT DECODE(a, 1, b, id), NVL2(a, b, id) FROM t;
-- pairs: t.a > o.x c, t.b > o.x t, t.id > o.x t, t.a > o.y c, t.b > o.y t, t.id > o.y t
-- case: database links
INSERT INTO o (x) SELECT a FROM hr.emp@prod_link;
-- pairs: hr.emp@prod_link.a > o.x i
-- case: materialized view
CREATE MATERIALIZED VIEW mv BUILD IMMEDIATE REFRESH FAST ON COMMIT ENABLE QUERY REWRITE AS SELECT a, SUM(b) AS s FROM t GROUP BY a;
-- pairs: t.a > mv.a i, t.b > mv.s a
-- case: force editionable view
CREATE OR REPLACE FORCE EDITIONABLE VIEW "HR"."V" ("A", "B") AS SELECT a, b FROM t WITH READ ONLY;
-- pairs: t.a > hr.v.a i, t.b > hr.v.b i
-- case: global temporary table
CREATE GLOBAL TEMPORARY TABLE gtt (x NUMBER) ON COMMIT PRESERVE ROWS;
INSERT INTO gtt SELECT a FROM t;
INSERT INTO o (y) SELECT x FROM gtt;
-- pairs: t.a > gtt.x i, gtt.x > o.y i
-- case: private temporary table
CREATE PRIVATE TEMPORARY TABLE ora$ptt_w ON COMMIT DROP DEFINITION AS SELECT a AS k FROM t;
INSERT INTO o (y) SELECT k FROM ora$ptt_w;
-- pairs: t.a > o.y i
-- case: exchange partition
ALTER TABLE sales EXCHANGE PARTITION p1 WITH TABLE sales_stage INCLUDING INDEXES;
-- pairs: sales.* > sales_stage.* i, sales_stage.* > sales.* i
-- case: rename and synonym
RENAME a TO b;
CREATE OR REPLACE PUBLIC SYNONYM s FOR hr.t;
-- pairs: a.* > b.* i, hr.t.* > s.* i
-- case: xmltable and json_table
INSERT INTO o (x, y) SELECT j.p, j.q FROM t, JSON_TABLE(t.a, '$[*]' COLUMNS (p NUMBER PATH '$.p', q VARCHAR2(10) PATH '$.q')) j;
INSERT INTO z (x) SELECT k.p FROM t, XMLTABLE('/r' PASSING t.b COLUMNS p NUMBER PATH 'p') k;
-- pairs: t.a > o.x t, t.a > o.y t, t.b > z.x t
-- case: match_recognize
CREATE VIEW v AS SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY id ORDER BY b MEASURES FIRST(a.a) AS st ONE ROW PER MATCH PATTERN (a b+) DEFINE b AS b.a > PREV(b.a)) mr;
-- pairs: t.id > v.id i, t.a > v.st a
-- case: virtual column
CREATE TABLE o (x NUMBER, y NUMBER GENERATED ALWAYS AS (x * 2) VIRTUAL, z AS (x + 1));
-- pairs: o.x > o.y t, o.x > o.z t
-- case: with function
WITH FUNCTION dbl(n NUMBER) RETURN NUMBER IS BEGIN RETURN n * 2; END;
SELECT dbl(a) AS d FROM t;
-- pairs: t.a > d t
-- case: fetch first and offset
INSERT INTO o (x) SELECT a FROM t ORDER BY b OFFSET 5 ROWS FETCH NEXT 10 ROWS ONLY;
-- pairs: t.a > o.x i
-- influences: t.b > o sort
-- case: rownum top n
INSERT INTO o (x) SELECT a FROM (SELECT a FROM t ORDER BY b) WHERE ROWNUM <= 5;
-- pairs: t.a > o.x i
-- case: multitable outer minus
INSERT INTO o (x) SELECT a FROM t MINUS SELECT c FROM u;
-- pairs: t.a > o.x i
-- influences: u.c > o filter
-- case: pipelined function
CREATE OR REPLACE FUNCTION f RETURN ty PIPELINED IS
BEGIN
  FOR r IN (SELECT a FROM t) LOOP
    PIPE ROW (r.a);
  END LOOP;
  RETURN;
END;
/
INSERT INTO o (x) SELECT COLUMN_VALUE FROM TABLE(f());
-- pairs: f.column_value > o.x i
-- reads: t, f
-- case: goto labels and nested blocks
BEGIN
  <<outer_loop>>
  FOR i IN REVERSE 1..10 LOOP
    DECLARE n NUMBER := i; BEGIN
      INSERT INTO o (x) SELECT a + n FROM t;
    EXCEPTION WHEN DUP_VAL_ON_INDEX THEN NULL;
    END;
    GOTO done;
  END LOOP outer_loop;
  <<done>>
  NULL;
END;
/
INSERT INTO z (x) SELECT a FROM t;
-- pairs: t.a > o.x t, t.a > z.x i
-- case: log errors
INSERT INTO o (x) SELECT a FROM t LOG ERRORS INTO err$_o ('load') REJECT LIMIT UNLIMITED;
-- pairs: t.a > o.x i
-- case: object type and collection table
INSERT INTO o (x) SELECT e.column_value FROM t, TABLE(t.a) e;
-- pairs: t.a > o.x t
-- case: comments, grants, anonymous blocks, types
COMMENT ON COLUMN o.x IS 'it''s; x';
GRANT SELECT ON o TO reader;
CREATE OR REPLACE TYPE addr AS OBJECT (street VARCHAR2(10), MEMBER FUNCTION full RETURN VARCHAR2);
/
CREATE INDEX i ON o (UPPER(x));
ALTER TABLE o ADD (z NUMBER, w DATE);
ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY';
INSERT INTO o (z) SELECT a FROM t;
-- pairs: t.a > o.z i
-- case: local procedures
CREATE PROCEDURE p IS
  n NUMBER;
  PROCEDURE q (x NUMBER) IS
    m NUMBER;
  BEGIN
    SELECT MAX(b) INTO m FROM t;
    INSERT INTO o (y) VALUES (m);
  END q;
BEGIN
  SELECT MAX(a) INTO n FROM t;
  q(n);
  INSERT INTO o (x) VALUES (n);
END p;
/
INSERT INTO z (x) SELECT a FROM t;
-- pairs: t.b > o.y a, t.a > o.x a, t.a > z.x i
-- case: compound trigger
CREATE OR REPLACE TRIGGER trg FOR UPDATE ON t COMPOUND TRIGGER
  TYPE ids IS TABLE OF NUMBER;
  l_ids ids := ids();
  AFTER EACH ROW IS
  BEGIN
    INSERT INTO l (x) VALUES (:new.a);
  END AFTER EACH ROW;
  AFTER STATEMENT IS
  BEGIN
    INSERT INTO m (y) SELECT b FROM t;
  END AFTER STATEMENT;
END trg;
/
INSERT INTO z (x) SELECT a FROM t;
-- pairs: t.a > l.x i, t.b > m.y i, t.a > z.x i
-- case: bound values
DECLARE v NUMBER;
BEGIN
  SELECT a INTO v FROM t;
  EXECUTE IMMEDIATE 'INSERT INTO o (x, y) VALUES (:1, :val)' USING v, 5;
  EXECUTE IMMEDIATE 'UPDATE o SET y = :a WHERE k = :b' USING v, 1;
END;
/
-- pairs: t.a > o.x i, t.a > o.y i
-- case: whole records
DECLARE
  r t%ROWTYPE;
  TYPE rs IS TABLE OF t%ROWTYPE;
  l rs;
BEGIN
  SELECT * INTO r FROM t WHERE id = 1;
  r.a := r.b + 1;
  INSERT INTO o VALUES r;
  SELECT * BULK COLLECT INTO l FROM t;
  FORALL i IN 1 .. l.COUNT INSERT INTO p VALUES l(i);
END;
/
-- pairs: t.id > o.id i, t.b > o.a t, t.b > o.b i, t.id > p.id i, t.a > p.a i, t.b > p.b i
-- case: substitution variables
DEFINE owner = hr
INSERT INTO &owner..o (x) SELECT a FROM &&src_schema..t2 WHERE b = '&val';
-- pairs: src_schema.t2.a > hr.o.x i
-- case: ref cursors
CREATE PROCEDURE p (rc OUT SYS_REFCURSOR) IS
  c SYS_REFCURSOR; v NUMBER;
BEGIN
  OPEN c FOR SELECT a FROM t;
  FETCH c INTO v;
  INSERT INTO o (x) VALUES (v);
  OPEN rc FOR 'SELECT b FROM t';
END;
/
-- pairs: t.a > o.x i, t.b > p.b i
-- case: connect by and hints
INSERT /*+ APPEND */ INTO o (x, y, z) SELECT a, LEVEL, SYS_CONNECT_BY_PATH(b, '/') FROM t START WITH id IS NULL CONNECT BY NOCYCLE PRIOR id = a ORDER SIBLINGS BY b;
INSERT INTO o (w) SELECT CONNECT_BY_ROOT a FROM t CONNECT BY PRIOR id = b AND LEVEL < 5;
-- pairs: t.a > o.x i, t.b > o.z t, t.a > o.w t
-- case: old outer joins, minus, dual, rownum
INSERT INTO o (x, y) SELECT t.a, u.c FROM t, u WHERE t.id = u.id(+) AND ROWNUM < 10 MINUS SELECT id, a FROM t;
-- pairs: t.a > o.x i, u.c > o.y i
-- case: materialized view options
CREATE MATERIALIZED VIEW mv (k, n) TABLESPACE ts BUILD IMMEDIATE REFRESH FAST ON COMMIT ENABLE QUERY REWRITE AS SELECT a, COUNT(*) FROM t GROUP BY a;
CREATE MATERIALIZED VIEW LOG ON t WITH ROWID, SEQUENCE (a) INCLUDING NEW VALUES;
-- pairs: t.a > mv.k i
-- case: ctas and external
CREATE TABLE o NOLOGGING PARALLEL 4 COMPRESS FOR OLTP TABLESPACE x PARTITION BY RANGE (id) (PARTITION p1 VALUES LESS THAN (10)) AS SELECT id, a FROM t;
CREATE GLOBAL TEMPORARY TABLE g (x NUMBER) ON COMMIT PRESERVE ROWS;
INSERT INTO g SELECT a FROM t;
-- pairs: t.id > o.id i, t.a > o.a i, t.a > g.x i
-- case: update inline view and correlated
UPDATE (SELECT o.x AS ox, t.a AS ta FROM o JOIN t ON o.id = t.id) SET ox = ta;
UPDATE o SET (x, y) = (SELECT a, b FROM t WHERE t.id = o.id) WHERE EXISTS (SELECT 1 FROM t WHERE t.id = o.id);
-- pairs: t.a > o.x i, t.b > o.y i
-- case: json_table, xmltable, table()
INSERT INTO o (x, y) SELECT j.nm, x.v FROM t, JSON_TABLE(t.a, '$.items[*]' COLUMNS (nm VARCHAR2(10) PATH '$.n', NESTED PATH '$.s[*]' COLUMNS (k NUMBER PATH '$.k'))) j, XMLTABLE('/r/i' PASSING t.b COLUMNS v NUMBER PATH '@v', w XMLTYPE PATH 'w') x;
INSERT INTO o (z) SELECT column_value FROM TABLE(CAST(t_arr(1,2) AS tt));
-- pairs: t.a > o.x t, t.b > o.y t
-- case: pivot xml and unpivot
INSERT INTO o (i, x, y) SELECT * FROM (SELECT id, a, b FROM t) PIVOT (SUM(b) FOR a IN ('x' AS xx, 'y' AS yy));
INSERT INTO o (i, v) SELECT id, v FROM t UNPIVOT INCLUDE NULLS (v FOR k IN (a AS 'A', b AS 'B'));
-- pairs: t.id > o.i i, t.b > o.x a, t.a > o.x c, t.b > o.y a, t.a > o.y c, t.a > o.v i, t.b > o.v i
-- case: sqlplus
SET DEFINE OFF
WHENEVER SQLERROR EXIT FAILURE
PROMPT loading ...
DEFINE sch = stage
INSERT INTO o (x) SELECT a FROM &sch..src;
EXEC etl_pkg.load(:n)
SHOW ERRORS
@@other.sql
SPOOL off
EXIT
-- pairs: stage.src.a > o.x i
-- reads: stage.src
-- writes: o
-- case: trigger compound and instead of
CREATE OR REPLACE TRIGGER trg BEFORE INSERT OR UPDATE OF x ON o REFERENCING NEW AS n OLD AS ol FOR EACH ROW WHEN (n.x > 0)
DECLARE v NUMBER;
BEGIN
  :n.id := seq.NEXTVAL;
  SELECT MAX(a) INTO v FROM t;
  :n.y := v;
  INSERT INTO aud (ov, nv) VALUES (:ol.x, :n.x);
END;
/
-- pairs: t.a > o.y a, o.x > aud.ov i, o.x > aud.nv i
-- case: with function and recursive, listagg
WITH FUNCTION f (p NUMBER) RETURN NUMBER IS BEGIN RETURN p * 2; END; SELECT f(a) AS x FROM t;
WITH r (id, p) AS (SELECT id, a FROM t UNION ALL SELECT t.id, r.p || t.a FROM t JOIN r ON t.b = r.id) SEARCH BREADTH FIRST BY id SET o1 SELECT id, p FROM r;
-- pairs: t.a > x t, t.id > id i, t.a > p t
-- case: no lineage
ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY'; GRANT SELECT ON t TO x WITH GRANT OPTION; CREATE PUBLIC SYNONYM s FOR hr.t; ANALYZE TABLE t COMPUTE STATISTICS; LOCK TABLE t IN EXCLUSIVE MODE NOWAIT; COMMENT ON TABLE t IS 'x'; CREATE SEQUENCE sq START WITH 1 CACHE 20 NOCYCLE; PURGE RECYCLEBIN; FLASHBACK TABLE t TO BEFORE DROP; CREATE DIRECTORY d AS '/x'; AUDIT SELECT ON t; EXPLAIN PLAN FOR SELECT a FROM t; CREATE INDEX ix ON t (UPPER(a)) LOCAL; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1) ENABLE NOVALIDATE; CREATE TYPE ob AS OBJECT (x NUMBER, MEMBER FUNCTION f RETURN NUMBER); SET TRANSACTION READ ONLY; CREATE DATABASE LINK l CONNECT TO u IDENTIFIED BY p USING 'x'; CREATE USER u IDENTIFIED BY p; DROP TABLE t CASCADE CONSTRAINTS PURGE; CREATE CONTEXT c USING p; ALTER TRIGGER tr DISABLE; CREATE OR REPLACE EDITIONABLE SYNONYM s2 FOR t;
-- pairs: hr.t.* > s.* i, t.id > s2.id i, t.a > s2.a i, t.b > s2.b i
-- case: ref cursor and returning bulk
CREATE OR REPLACE PROCEDURE p (rc OUT SYS_REFCURSOR) IS v_sql VARCHAR2(4000) := 'SELECT a FROM t'; TYPE nt IS TABLE OF NUMBER; ids nt;
BEGIN
  OPEN rc FOR SELECT a, b FROM t;
  OPEN rc FOR v_sql || ' WHERE id = :x' USING 1;
  DELETE FROM o WHERE x = 1 RETURNING id BULK COLLECT INTO ids;
  FORALL i IN INDICES OF ids UPDATE q SET x = ids(i);
END;
/
-- pairs: o.id > q.x i, t.a > p.a i, t.b > p.b i
-- case: q quotes, nested comments and slash
INSERT INTO o (x, y) SELECT q'[it's; /* no */]', a /* ; */ FROM t -- ; x
;
/
-- pairs: t.a > o.y i
-- case: pivot xml
CREATE TABLE o AS SELECT * FROM t PIVOT XML (SUM(b) FOR a IN (ANY));
-- pairs: t.id > o.id i, t.b > o.* a, t.a > o.* c
-- case: pivot with several aggregates, each column has its own
CREATE TABLE o AS SELECT * FROM t PIVOT (SUM(b) AS s, MAX(id) AS m FOR a IN ('X' AS x));
-- pairs: t.b > o.x_s a, t.a > o.x_s c, t.id > o.x_m a, t.a > o.x_m c
-- case: unpivot of several columns, each takes its own
CREATE TABLE o AS SELECT * FROM t UNPIVOT ((v, w) FOR k IN ((id, a) AS 'x', (b, a) AS 'y'));
-- pairs: t.id > o.v i, t.b > o.v i, t.a > o.w i
-- case: parameters and variables are columns again after their program
CREATE PROCEDURE p (id NUMBER) IS a NUMBER; BEGIN SELECT MAX(c) INTO a FROM u; INSERT INTO o (x, y) VALUES (a, id); END;
/
CREATE VIEW v AS SELECT id, a FROM t;
DECLARE b NUMBER;
BEGIN
  SELECT MAX(d) INTO b FROM u;
  BEGIN INSERT INTO o (z) VALUES (b); END;
  INSERT INTO o (w) SELECT b FROM u;
END;
/
CREATE VIEW w AS SELECT b FROM t;
-- pairs: u.c > o.x a, t.id > v.id i, t.a > v.a i, u.d > o.z a, u.d > o.w a, t.b > w.b i
-- case: members of a package have their own variables, and the package's
CREATE PACKAGE BODY k AS
  g NUMBER := 1;
  PROCEDURE p (id NUMBER) IS a NUMBER; BEGIN SELECT b INTO a FROM t; INSERT INTO o (x, y, z) VALUES (a, id, g); END;
  PROCEDURE q IS BEGIN INSERT INTO m (x, y, z) SELECT a, id, g FROM t; END;
END;
-- pairs: t.b > o.x i, t.a > m.x i, t.id > m.y i
-- case: rows at a cursor
BEGIN
  FOR r IN (SELECT id, a FROM t FOR UPDATE) LOOP
    UPDATE o SET x = r.a WHERE CURRENT OF c;
    DELETE FROM m WHERE CURRENT OF c;
  END LOOP;
END;
-- pairs: t.a > o.x i
-- writes: o, m
-- case: a function in another language ends with its statement
CREATE FUNCTION f (x NUMBER) RETURN NUMBER AS LANGUAGE JAVA NAME 'k.f(int) return int';
/
SELECT x FROM k;
-- pairs: k.x > x i
-- case: variables, cursors and records of one block are not those of the next
DECLARE v NUMBER; r t%ROWTYPE; CURSOR cur IS SELECT a FROM t;
BEGIN SELECT MAX(a) INTO v FROM t; SELECT * INTO r FROM t; INSERT INTO o (x, y) VALUES (v, r.b); END;
/
DECLARE v NUMBER; r u%ROWTYPE; cur SYS_REFCURSOR; w NUMBER;
BEGIN SELECT MAX(c) INTO v FROM u; OPEN cur FOR SELECT d FROM u; FETCH cur INTO w; INSERT INTO p (x, y, z) VALUES (v, r.b, w); END;
/
-- pairs: t.a > o.x a, t.b > o.y i, u.c > p.x a, u.d > p.z i
-- case: overloads have variables of their own
CREATE PACKAGE BODY k AS
  n NUMBER;
  PROCEDURE q (id NUMBER) IS v NUMBER; BEGIN SELECT MAX(a) INTO v FROM t; SELECT MIN(b) INTO n FROM t; INSERT INTO o (x, y) VALUES (v, id); END;
  PROCEDURE q (i VARCHAR2) IS v NUMBER; BEGIN SELECT MAX(c) INTO v FROM u; INSERT INTO p (x, y, z) SELECT v, id, n FROM t; END;
END;
/
-- pairs: t.a > o.x a, u.c > p.x a, t.id > p.y i, t.b > p.z a
-- case: what a member puts into a variable or record of the package the others see
CREATE PACKAGE BODY k AS
  n NUMBER; r t%ROWTYPE;
  PROCEDURE q IS BEGIN SELECT MIN(b) INTO n FROM t; SELECT * INTO r FROM t; END;
  PROCEDURE s IS m NUMBER; BEGIN m := n + 1; INSERT INTO p (x, y) VALUES (m, r.a); END;
END;
/
-- pairs: t.b > p.x a, t.a > p.y i
-- case: a column goes before a variable of its name
CREATE PROCEDURE pr (id NUMBER) IS a NUMBER;
BEGIN
  SELECT MAX(c) INTO a FROM u WHERE u.id = pr.id;
  INSERT INTO o (x) SELECT a FROM t WHERE id = 1;
  INSERT INTO p (x) SELECT a FROM u;
  INSERT INTO q (x) SELECT z FROM (SELECT b AS a, a AS z FROM t) WHERE a > 0;
  INSERT INTO r (x) VALUES (a);
END;
/
-- pairs: t.a > o.x i, u.c > p.x a, t.a > q.x i, u.c > r.x a
-- influences: t.id > o filter, t.b > q filter, u.id > r filter, u.id > p filter
-- case: files as tables
CREATE TABLE e (x NUMBER) ORGANIZATION EXTERNAL (TYPE ORACLE_LOADER DEFAULT DIRECTORY d ACCESS PARAMETERS (RECORDS DELIMITED BY NEWLINE FIELDS TERMINATED BY ',') LOCATION ('f.csv', d2:'g.csv')) REJECT LIMIT UNLIMITED;
CREATE TABLE i (x NUMBER PRIMARY KEY) ORGANIZATION INDEX;
-- pairs: external."f.csv".* > e.* i, external."g.csv".* > e.* i
-- case: a cursor that goes out is a result
CREATE OR REPLACE PROCEDURE p (k IN NUMBER, rc OUT SYS_REFCURSOR) AS BEGIN OPEN rc FOR SELECT a, b FROM t WHERE id = k; END;
/
CREATE OR REPLACE PROCEDURE q (rc IN OUT pkg.cur) AS s VARCHAR2(99) := 'SELECT c FROM u'; BEGIN OPEN rc FOR s; END;
/
CREATE OR REPLACE FUNCTION f RETURN SYS_REFCURSOR AS rc SYS_REFCURSOR; BEGIN OPEN rc FOR SELECT b FROM t; RETURN rc; END;
/
-- pairs: t.a > p.a i, t.b > p.b i, u.c > q.c i, t.b > f.b i
-- case: translate into a character set
CREATE VIEW v AS SELECT TRANSLATE(a USING NCHAR_CS) AS x, TRANSLATE(b, 'a', 'b') AS y FROM t;
-- pairs: t.a > v.x t, t.b > v.y t
-- case: statements that are parted by blank lines
select a from t
order by 1 desc

-- as people run them by hand
insert into o (x, y)

select a, b

from t

declare
  v number;
begin
  select max(a)

  into v from t;
  insert into o (z) values (v);
end;

insert all
  into o (v) values (p)

select b as p from t

with w as (select a from t)

select a from w

merge into o using t on (o.x = t.a) when matched then update set o.w = t.b
-- pairs: t.a > a i, t.a > o.x i, t.b > o.y i, t.a > o.z a, t.b > o.v i, t.b > o.w i
-- case: blank lines in statements end none of them
create view v as
with w as (

  select a

  from t)

select a

from w

union all

select b from t

where a in (

  select b from t)

with read only;
create or replace procedure p is
  cursor c is

    select a from t;
begin
  for r in c loop

    insert into o (x) values (r.a);
  end loop;
  if 1 = 1 then

    update o set y = (select max(b)

    from t);
  end if;
end;
/
-- pairs: t.a > v.a i, t.b > v.a i, t.a > o.x i, t.b > o.y a
-- case: functions and queries in one WITH
WITH FUNCTION ff(p NUMBER) RETURN NUMBER IS BEGIN RETURN p * 2; END;
q AS (SELECT ff(t.a) AS fa FROM t) SELECT fa FROM q
/
-- pairs: t.a > fa t
