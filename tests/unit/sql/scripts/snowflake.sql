-- case: merge from a stream
MERGE INTO o USING (SELECT id, a, METADATA$ACTION AS act FROM s WHERE METADATA$ISUPDATE = FALSE) q ON o.id = q.id
WHEN MATCHED AND q.act = 'DELETE' THEN DELETE
WHEN MATCHED THEN UPDATE SET o.x = q.a
WHEN NOT MATCHED THEN INSERT (id, x) VALUES (q.id, q.a);
-- pairs: s.a > o.x i, s.id > o.id i
-- case: a table named by a variable with a colon
EXECUTE IMMEDIATE $$ BEGIN LET t := 'tab'; INSERT INTO o (a) SELECT a FROM TABLE(:t); END $$;
-- pairs: tab.a > o.a i
-- case: stream reads its table
CREATE OR REPLACE STREAM s ON TABLE t APPEND_ONLY = TRUE;
INSERT INTO o (x) SELECT a FROM s;
-- pairs: t.id > s.id i, t.a > s.a i, t.b > s.b i, s.a > o.x i
-- case: task
CREATE OR REPLACE TASK load_o WAREHOUSE = wh SCHEDULE = '5 MINUTE' WHEN SYSTEM$STREAM_HAS_DATA('S') AS
INSERT INTO o (x) SELECT a FROM t;
ALTER TASK load_o RESUME;
-- pairs: t.a > o.x i
-- case: task calls a procedure
CREATE TASK tk WAREHOUSE = wh AFTER other AS CALL p();
-- pairs:
-- case: flatten with path and recursive
INSERT INTO o (x, y, z) SELECT f.value:name::string, f.index, t.a:city FROM t, LATERAL FLATTEN(INPUT => t.a:items, OUTER => TRUE) f;
-- pairs: t.a > o.x t, t.a > o.y t, t.a > o.z t
-- case: table flatten
INSERT INTO o (x) SELECT value:id FROM t, TABLE(FLATTEN(t.a));
-- pairs: t.a > o.x t
-- case: split to table
INSERT INTO o (x) SELECT s.value FROM t, LATERAL SPLIT_TO_TABLE(t.a, ',') s;
-- pairs: t.a > o.x t
-- case: copy into with transformation
COPY INTO o (x, y) FROM (SELECT $1:id::int, $1:name FROM @stg/path/ (FILE_FORMAT => 'ff')) ON_ERROR = CONTINUE;
-- pairs: external.stage:stg/path/.$1 > o.x t, external.stage:stg/path/.$1 > o.y t
-- case: copy into from a named stage, columns
CREATE TABLE o (x int, y int);
COPY INTO o FROM @db.sch.stg PATTERN = '.*csv' FILE_FORMAT = (TYPE = CSV SKIP_HEADER = 1);
-- pairs: external."stage:db.sch.stg".* > o.* i
-- case: copy into a location
COPY INTO @stg/out/ FROM (SELECT a, b FROM t) FILE_FORMAT = (TYPE = PARQUET) OVERWRITE = TRUE;
-- pairs: t.a > external.stage:stg/out/.a i, t.b > external.stage:stg/out/.b i
-- case: put and list and remove
PUT file:///tmp/x.csv @stg AUTO_COMPRESS=TRUE;
LIST @stg;
REMOVE @stg PATTERN = '.*';
GET @stg file:///tmp/;
-- pairs:
-- case: select from a stage
INSERT INTO o (x) SELECT t.$1 FROM @stg/file.csv (FILE_FORMAT => ff) t;
-- pairs: external."stage:stg/file.csv".$1 > o.x i
-- case: star exclude and rename
CREATE VIEW v AS SELECT * EXCLUDE (a) RENAME (b AS k) FROM t;
-- pairs: t.id > v.id i, t.b > v.k i
-- case: star exclude without parentheses
CREATE VIEW v AS SELECT t.* EXCLUDE a FROM t;
-- pairs: t.id > v.id i, t.b > v.b i
-- case: star ilike
CREATE VIEW v AS SELECT * ILIKE '%d%' FROM t;
-- pairs: t.id > v.id i
-- case: star replace
CREATE VIEW v AS SELECT * REPLACE (a || 'x' AS a) FROM t;
-- pairs: t.id > v.id i, t.a > v.a t, t.b > v.b i
-- case: qualify with an alias of a window
INSERT INTO o (x, y) SELECT a, ROW_NUMBER() OVER (PARTITION BY b ORDER BY id) AS rn FROM t QUALIFY rn = 1;
-- pairs: t.a > o.x i, t.b > o.y w, t.id > o.y w
-- influences: t.b > o filter, t.id > o filter
-- case: dynamic table
CREATE OR REPLACE DYNAMIC TABLE d TARGET_LAG = '1 minute' WAREHOUSE = wh REFRESH_MODE = AUTO AS SELECT a, SUM(b) AS s FROM t GROUP BY ALL;
-- pairs: t.a > d.a i, t.b > d.s a
-- case: transient clone
CREATE OR REPLACE TRANSIENT TABLE o CLONE t AT (OFFSET => -3600) COPY GRANTS;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i
-- case: insert overwrite and multi-table insert
INSERT OVERWRITE INTO o (x) SELECT a FROM t;
INSERT ALL WHEN a > 1 THEN INTO p (x) VALUES (a) WHEN a <= 1 THEN INTO q (y) VALUES (b) SELECT a, b FROM t;
-- pairs: t.a > o.x i, t.a > p.x i, t.b > q.y i
-- case: scripting with a cursor and a resultset
CREATE OR REPLACE PROCEDURE p()
RETURNS STRING
LANGUAGE SQL
EXECUTE AS CALLER
AS
$$
DECLARE
  total NUMBER DEFAULT 0;
  c1 CURSOR FOR SELECT id, a FROM t;
  res RESULTSET DEFAULT (SELECT b FROM t);
BEGIN
  FOR r IN c1 DO
    INSERT INTO o (x) VALUES (r.a);
    total := total + r.a;
  END FOR;
  LET c2 CURSOR FOR res;
  FOR q IN c2 DO
    INSERT INTO o (y) VALUES (q.b);
  END FOR;
  UPDATE z SET w = :total;
  RETURN 'done';
END;
$$;
-- pairs: t.a > o.x i, t.b > o.y i, t.a > z.w t
-- case: scripting without dollars
CREATE PROCEDURE p(tab VARCHAR) RETURNS INT LANGUAGE SQL AS
BEGIN
  LET n INT := (SELECT MAX(a) FROM t);
  INSERT INTO o (x) SELECT :n;
  IF (n > 1) THEN
    UPDATE o SET y = (SELECT MIN(b) FROM t);
  END IF;
  RETURN n;
END;
INSERT INTO z (x) SELECT a FROM t;
-- pairs: t.a > o.x a, t.b > o.y a, t.a > z.x i
-- case: execute immediate
EXECUTE IMMEDIATE $$
BEGIN
  LET q VARCHAR := 'INSERT INTO o (x) SELECT a FROM t';
  EXECUTE IMMEDIATE :q;
  EXECUTE IMMEDIATE 'INSERT INTO p (x) SELECT b FROM ' || 't';
END;
$$;
-- pairs: t.a > o.x i, t.b > p.x i
-- case: anonymous block
BEGIN
  INSERT INTO o (x) SELECT a FROM t;
EXCEPTION
  WHEN STATEMENT_ERROR THEN
    INSERT INTO err (m) SELECT b FROM t;
END;
-- pairs: t.a > o.x i, t.b > err.m i
-- case: javascript and python procedures
CREATE PROCEDURE p() RETURNS STRING LANGUAGE JAVASCRIPT AS 'snowflake.execute({sqlText: "SELECT 1"}); return "x";';
INSERT INTO o (x) SELECT a FROM t;
-- pairs: t.a > o.x i
-- codes: RL112
-- case: sql udf and udtf
CREATE FUNCTION f(n INT) RETURNS TABLE (k INT, v INT) AS 'SELECT a, b FROM t WHERE id = n';
INSERT INTO o (x) SELECT v FROM TABLE(f(1));
-- pairs: t.a > f.k i, t.b > f.v i, f.v > o.x i
-- case: session variables
SET cutoff = (SELECT MAX(a) FROM t);
INSERT INTO o (x) SELECT $cutoff;
-- pairs: t.a > o.x a
-- case: identifier and table literals
INSERT INTO IDENTIFIER('db.s.o') (x) SELECT a FROM IDENTIFIER('db.s.src');
INSERT INTO p (x) SELECT a FROM TABLE('db.s.src');
-- pairs: db.s.src.a > db.s.o.x i, db.s.src.a > p.x i
-- case: sequence
CREATE OR REPLACE SEQUENCE seq START = 1;
INSERT INTO o (k, x) SELECT seq.NEXTVAL, a FROM t;
-- pairs: t.a > o.x i
-- reads: seq, t
-- case: generator
INSERT INTO o (x) SELECT SEQ4() FROM TABLE(GENERATOR(ROWCOUNT => 10));
-- pairs:
-- case: pivot and unpivot
CREATE VIEW v AS SELECT * FROM t PIVOT (SUM(b) FOR a IN ('x', 'y')) AS p (id, x, y);
CREATE VIEW w AS SELECT id, k, val FROM t UNPIVOT (val FOR k IN (a, b));
-- pairs: t.id > v.id i, t.b > v.x a, t.a > v.x c, t.b > v.y a, t.a > v.y c, t.id > w.id i, t.a > w.val i, t.b > w.val i
-- case: asof join and match_condition
INSERT INTO o (x, y) SELECT t.a, u.c FROM t ASOF JOIN u MATCH_CONDITION (t.b >= u.d) ON t.id = u.id;
-- pairs: t.a > o.x i, u.c > o.y i
-- case: time travel and changes
INSERT INTO o (x) SELECT a FROM t AT (TIMESTAMP => '2024-01-01'::timestamp) BEFORE_ WHERE b = 1;
INSERT INTO p (x) SELECT a FROM t CHANGES (INFORMATION => DEFAULT) AT (OFFSET => -60);
-- pairs: t.a > o.x i, t.a > p.x i
-- case: swap and undrop and rename across schemas
ALTER TABLE a SWAP WITH b;
ALTER TABLE db.s.o RENAME TO db.s2.o2;
UNDROP TABLE gone;
-- pairs: a.* > b.* i, b.* > a.* i, db.s.o.* > db.s2.o2.* i
-- case: names
INSERT INTO "My Table" ("colA", "COLB") SELECT a, b FROM t;
-- pairs: t.a > My Table.colA i, t.b > My Table.colb i
-- case: object and array construction
INSERT INTO o (x, y) SELECT OBJECT_CONSTRUCT('a', a, 'b', b), ARRAY_AGG(a) WITHIN GROUP (ORDER BY b) FROM t;
-- pairs: t.a > o.x t, t.b > o.x t, t.a > o.y a, t.b > o.y w
-- case: object construct star
INSERT INTO o (x) SELECT OBJECT_CONSTRUCT(*) FROM t;
-- pairs: t.id > o.x t, t.a > o.x t, t.b > o.x t
-- case: secure view with comments, tags and policies
CREATE OR REPLACE SECURE VIEW v (x COMMENT 'it''s', y WITH MASKING POLICY pol) COMMENT = 'c' AS SELECT a, b FROM t;
-- pairs: t.a > v.x i, t.b > v.y i
-- case: table options
CREATE TABLE IF NOT EXISTS o (x NUMBER(38,0) AUTOINCREMENT START 1 INCREMENT 1 COMMENT 'k', y VARIANT, z INT AS (x + 1)) CLUSTER BY (x) DATA_RETENTION_TIME_IN_DAYS = 1;
INSERT INTO o (y) SELECT PARSE_JSON(a) FROM t;
-- pairs: o.x > o.z t, t.a > o.y t
-- case: external table and pipe
CREATE EXTERNAL TABLE e (x INT AS (value:c1::int)) LOCATION = @stg/p/ FILE_FORMAT = (TYPE = PARQUET);
CREATE PIPE pp AUTO_INGEST = TRUE AS COPY INTO o (x) FROM @stg/q/;
-- pairs: external.stage:stg/p/.* > e.* i, external.stage:stg/p/.value > e.x t, external.stage:stg/q/.* > o.x i?
-- case: recursive cte
WITH RECURSIVE h (id, p) AS (SELECT id, a FROM t UNION ALL SELECT t.id, h.p FROM t JOIN h ON t.a = h.id) SELECT id, p FROM h;
-- pairs: t.id > id i, t.a > p i
-- case: result scan
INSERT INTO o (x) SELECT "a" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()));
-- pairs:
-- case: administrative statements
USE ROLE accountadmin;
USE WAREHOUSE wh;
USE DATABASE db;
USE SCHEMA s;
ALTER WAREHOUSE wh SET WAREHOUSE_SIZE = 'SMALL';
CREATE FILE FORMAT ff TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '"';
CREATE STAGE stg URL = 's3://b/p' CREDENTIALS = (AWS_KEY_ID = 'x');
GRANT ROLE r TO USER u;
SHOW TABLES LIKE 'x';
DESC TABLE o;
INSERT INTO o (x) SELECT a FROM t;
-- pairs: db.s.t.a > db.s.o.x i
-- case: update from and delete using
UPDATE o SET x = t.a, y = u.c FROM t JOIN u ON t.id = u.id WHERE o.id = t.id;
DELETE FROM o USING t WHERE o.id = t.id;
-- pairs: t.a > o.x i, u.c > o.y i
-- case: group by all and lateral alias
INSERT INTO o (x, y) SELECT UPPER(a) AS k, COUNT(b) AS n FROM t GROUP BY ALL HAVING n > 1;
-- pairs: t.a > o.x t, t.b > o.y a
-- influences: t.b > o filter, t.a > o group_by
-- case: iceberg and hybrid tables
CREATE ICEBERG TABLE o (x INT) CATALOG = 'SNOWFLAKE' EXTERNAL_VOLUME = 'v' BASE_LOCATION = 'b';
CREATE HYBRID TABLE h (x INT PRIMARY KEY);
INSERT INTO o SELECT a FROM t;
-- pairs: t.a > o.x i
-- case: higher-order functions
INSERT INTO o (x) SELECT TRANSFORM(a, v -> v + b) FROM t;
-- pairs: t.a > o.x t, t.b > o.x t
-- case: create table using template and infer_schema
CREATE TABLE o USING TEMPLATE (SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM TABLE(INFER_SCHEMA(LOCATION => '@stg', FILE_FORMAT => 'ff')));
-- pairs:
-- case: dynamic statements into resultsets
CREATE PROCEDURE p(tab VARCHAR) RETURNS TABLE () LANGUAGE SQL AS
DECLARE
  q VARCHAR DEFAULT 'SELECT a, b FROM t';
  res RESULTSET;
  n INT;
BEGIN
  res := (EXECUTE IMMEDIATE :q);
  LET c CURSOR FOR res;
  FOR r IN c DO INSERT INTO o (x) VALUES (r.a); END FOR;
  SELECT COUNT(*), MAX(b) INTO :n, :q FROM t;
  n := (SELECT MAX(a) FROM t);
  INSERT INTO o (y) VALUES (:n);
  EXECUTE IMMEDIATE 'INSERT INTO ' || tab || ' (x) SELECT a FROM t';
  EXECUTE IMMEDIATE 'INSERT INTO z (x) SELECT a FROM t WHERE b = ?' USING (n);
  RETURN TABLE(res);
END;
-- pairs: t.a > o.x i, t.a > o.y a, t.a > z.x i, t.a > p.a i, t.b > p.b i
-- case: nested blocks, case and while
BEGIN
  LET i INT := 0;
  WHILE (i < 3) DO
    i := i + 1;
    CASE (i) WHEN 1 THEN INSERT INTO o (x) SELECT a FROM t; ELSE INSERT INTO o (y) SELECT b FROM t; END CASE;
  END WHILE;
  REPEAT i := i - 1; UNTIL (i < 0) END REPEAT;
  IF (EXISTS (SELECT 1 FROM t)) THEN DELETE FROM o; ELSEIF (i = 1) THEN NULL; END IF;
  FOR j IN 1 TO 3 DO INSERT INTO o (z) SELECT a + j FROM t; END FOR;
END;
-- pairs: t.a > o.x i, t.b > o.y i, t.a > o.z t
-- case: merge with all columns by name
MERGE INTO o USING t ON o.id = t.id WHEN MATCHED THEN UPDATE ALL BY NAME WHEN NOT MATCHED THEN INSERT ALL BY NAME;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i
-- case: lateral join and correlated scalar subqueries
INSERT INTO o (x, y) SELECT t.a, (SELECT MAX(c) FROM u WHERE u.id = t.id) FROM t, LATERAL (SELECT d FROM u WHERE u.id = t.id) l WHERE l.d > 1;
-- pairs: t.a > o.x i, u.c > o.y a
-- influences: u.d > o filter, u.id > o filter, t.id > o filter
-- case: object wildcard and star in a function
INSERT INTO o (x, y) SELECT {t.*}, HASH(t.*) FROM t;
-- pairs: t.id > o.x t, t.a > o.x t, t.b > o.x t, t.id > o.y m, t.a > o.y m, t.b > o.y m
-- case: semi-structured writes and updates
UPDATE o SET doc = OBJECT_INSERT(o.doc, 'k', t.a:v, TRUE) FROM t WHERE t.id = o.id;
-- pairs: o.doc > o.doc t, t.a > o.doc t
-- case: session variable text
SET q = 'INSERT INTO o (x) SELECT a FROM t';
EXECUTE IMMEDIATE $q;
-- pairs: t.a > o.x i
-- case: identifier of variable
SET tbl = 'db.s.src';
INSERT INTO o (y) SELECT b FROM IDENTIFIER($tbl);
CREATE OR REPLACE TABLE IDENTIFIER($other) AS SELECT a FROM t;
-- pairs: db.s.src.b > o.y i
-- case: identifier of scripting variable
BEGIN
  LET tn STRING := 'src';
  INSERT INTO o (y) SELECT b FROM IDENTIFIER(:tn);
  INSERT INTO IDENTIFIER(:tn) (z) SELECT a FROM t;
END;
-- pairs: src.b > o.y i, t.a > src.z i
-- case: identifier concatenation
SET (db, sch) = ('D', 'S');
INSERT INTO o (y) SELECT b FROM IDENTIFIER($db || '.' || $sch || '.src');
-- pairs: d.s.src.b > o.y i
-- writes: o
-- case: table of variable
SET tbl = 'db.s.src';
INSERT INTO o (z) SELECT b FROM TABLE($tbl);
-- pairs: db.s.src.b > o.z i
-- case: use database variable
SET d = 'mydb';
USE DATABASE IDENTIFIER($d);
INSERT INTO s.o (x) SELECT a FROM s.t;
-- pairs: mydb.s.t.a > mydb.s.o.x i
-- writes: mydb.s.o
-- case: alert
CREATE OR REPLACE ALERT al WAREHOUSE = w SCHEDULE = '1 minute' IF (EXISTS (SELECT 1 FROM u WHERE c > 1)) THEN INSERT INTO o (x) SELECT a FROM t;
CREATE ALERT a2 IF (EXISTS (SELECT 1 FROM u)) THEN BEGIN INSERT INTO p (x) SELECT a FROM t; DELETE FROM q; END;
INSERT INTO r (x) SELECT b FROM t;
-- pairs: t.a > o.x i, t.a > p.x i, t.b > r.x i
-- case: external table
CREATE EXTERNAL TABLE ext (d DATE AS TO_DATE(METADATA$FILENAME), x VARCHAR AS (VALUE:c1::VARCHAR)) PARTITION BY (d) LOCATION = @stg/x FILE_FORMAT = (TYPE = PARQUET);
-- pairs: external.stage:stg/x.value > ext.x t, external.stage:stg/x.* > ext.* i
-- case: stream merge with all metadata
CREATE OR REPLACE STREAM raw.st ON TABLE raw.src SHOW_INITIAL_ROWS = TRUE COMMENT = 'x';
MERGE INTO dw.dim d USING (SELECT *, METADATA$ACTION AS act, METADATA$ISUPDATE upd FROM raw.st QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) = 1) s ON d.k = s.k
WHEN MATCHED AND s.act = 'DELETE' AND NOT s.upd THEN DELETE
WHEN MATCHED THEN UPDATE SET d.v = s.v, d.ts = CURRENT_TIMESTAMP
WHEN NOT MATCHED THEN INSERT (k, v, ts) VALUES (s.k, s.v, CURRENT_TIMESTAMP());
-- pairs: raw.src.* > raw.st.* i, raw.st.v > dw.dim.v i, raw.st.k > dw.dim.k i
-- case: task dag
CREATE OR REPLACE TASK t1 WAREHOUSE = 'WH' SCHEDULE = 'USING CRON 0 9 * * * UTC' USER_TASK_TIMEOUT_MS = 10 AS
  INSERT INTO o (x) SELECT a FROM t;
CREATE TASK t2 WAREHOUSE = WH AFTER t1 WHEN SYSTEM$STREAM_HAS_DATA('s') AS
  MERGE INTO o USING u ON o.id = u.id WHEN MATCHED THEN UPDATE SET y = u.c;
ALTER TASK t2 RESUME;
EXECUTE TASK t1;
-- pairs: t.a > o.x i, u.c > o.y i
-- case: task with block
CREATE TASK tk WAREHOUSE = wh SCHEDULE = '1 minute' AS
BEGIN
  INSERT INTO o (x) SELECT a FROM t;
  CALL p();
  DELETE FROM o WHERE x IN (SELECT c FROM u);
END;
SELECT 1;
-- pairs: t.a > o.x i
-- case: flatten chains
CREATE OR REPLACE VIEW v AS
SELECT t.id, f.value:sku::string AS sku, g.value::number AS qty, f.index AS i, f.this AS th, g.key AS k
FROM t, LATERAL FLATTEN(input => t.a:items) f, TABLE(FLATTEN(input => f.value:qtys, mode => 'ARRAY')) g
WHERE f.value:active = TRUE;
-- pairs: t.id > v.id i, t.a > v.sku t, t.a > v.qty t, t.a > v.i t, t.a > v.th t, t.a > v.k t
-- case: dynamic table chain, hybrid, iceberg
CREATE OR REPLACE DYNAMIC TABLE d1 TARGET_LAG = DOWNSTREAM WAREHOUSE = wh INITIALIZE = ON_CREATE AS SELECT id, a FROM t;
CREATE DYNAMIC ICEBERG TABLE d2 TARGET_LAG = '1 hour' WAREHOUSE = wh EXTERNAL_VOLUME = 'v' CATALOG = 'SNOWFLAKE' BASE_LOCATION = 'x' AS SELECT id, COUNT(a) AS n FROM d1 GROUP BY 1;
CREATE HYBRID TABLE h (id INT PRIMARY KEY, x INT, INDEX ix (x)) AS SELECT id, a FROM t;
-- pairs: t.id > d1.id i, t.a > d1.a i, d1.id > d2.id i, d1.a > d2.n a, t.id > h.id i, t.a > h.x i
-- case: pivot dynamic any
CREATE TABLE o AS SELECT * FROM (SELECT id, a, b FROM t) PIVOT (SUM(b) FOR a IN (ANY ORDER BY a)) AS p;
CREATE TABLE q AS SELECT * FROM (SELECT id, a, b FROM t) PIVOT (SUM(b) FOR a IN (ANY)) AS p;
CREATE TABLE r AS SELECT id AS i, "'x'" AS x FROM (SELECT id, a, b FROM t) PIVOT (SUM(b) FOR a IN (SELECT c FROM u)) AS p;
-- pairs: t.id > o.id i, t.b > o.* a, t.a > o.* c, t.id > q.id i, t.b > q.* a, t.a > q.* c, t.id > r.i i, t.b > r.x a, t.a > r.x c
-- reads: t, u
-- case: pivot with aliases
INSERT INTO o (i, x, y) SELECT * FROM (SELECT id, a, b FROM t) PIVOT (SUM(b) FOR a IN ('q1', 'q2')) AS p (id, q1, q2);
-- pairs: t.id > o.i i, t.b > o.x a, t.a > o.x c, t.b > o.y a, t.a > o.y c
-- case: unpivot
INSERT INTO o (i, m, v) SELECT id, mon, val FROM t UNPIVOT (val FOR mon IN (a, b));
-- pairs: t.id > o.i i, t.a > o.v i, t.b > o.v i
-- case: clone undrop swap rename
CREATE TABLE o CLONE t BEFORE (STATEMENT => 'x');
CREATE SCHEMA s2 CLONE s1;
ALTER TABLE o SWAP WITH o_new;
ALTER TABLE o RENAME TO db.sch.o3;
UNDROP TABLE zz;
DROP TABLE IF EXISTS yy CASCADE;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i, o.id > o_new.id i, o.a > o_new.a i, o.b > o_new.b i, o_new.* > o.* i, o.id > db.sch.o3.id i, o.a > db.sch.o3.a i, o.b > db.sch.o3.b i
-- case: multi-table insert first
INSERT FIRST WHEN a > 10 THEN INTO o1 WHEN a > 5 THEN INTO o2 (x, y) VALUES (id, b) ELSE INTO o3 SELECT id, a, b FROM t;
-- pairs: t.id > o1.id i, t.a > o1.a i, t.b > o1.b i, t.id > o2.x i, t.b > o2.y i, t.id > o3.id i, t.a > o3.a i, t.b > o3.b i
-- case: column list view with comments and policies
CREATE OR REPLACE SECURE VIEW v (x COMMENT 'a b', y WITH MASKING POLICY mp) COPY GRANTS COMMENT = 'zz' AS SELECT a, b FROM t;
-- pairs: t.a > v.x i, t.b > v.y i
-- case: quoted case
CREATE VIEW "V" AS SELECT "a b" AS "C d", A FROM "Sch"."Tab";
-- pairs: Sch.Tab."a b" > v.C d i, Sch.Tab.a > v.a i
-- writes: v
-- reads: Sch.Tab
-- case: group by all, top, sample, values
INSERT INTO o (x, y) SELECT TOP 5 a, SUM(b) FROM t SAMPLE (10) GROUP BY ALL ORDER BY 2;
INSERT INTO o (x) SELECT column1 FROM VALUES (1), (2);
INSERT INTO o (x) SELECT $1 FROM (VALUES (1, 'a'));
-- pairs: t.a > o.x i, t.b > o.y a
-- case: using multiple ctes in update and delete
UPDATE o SET x = q.m FROM (WITH c AS (SELECT id, MAX(a) m FROM t GROUP BY id) SELECT * FROM c) q WHERE q.id = o.id;
DELETE FROM o USING (SELECT id FROM u) z WHERE z.id = o.id;
-- pairs: t.a > o.x a
-- case: insert with cte after into and overwrite
INSERT OVERWRITE INTO o (x) WITH c AS (SELECT a FROM t) SELECT a FROM c;
-- pairs: t.a > o.x i
-- case: at before and changes
SELECT a FROM t AT (TIMESTAMP => '2020-01-01'::timestamp);
SELECT a FROM t CHANGES (INFORMATION => DEFAULT) AT (OFFSET => -60);
-- pairs: t.a > a i
-- case: execute immediate from and with variables
SET tbl = 't';
EXECUTE IMMEDIATE 'INSERT INTO o (x) SELECT a FROM IDENTIFIER($tbl)';
INSERT INTO o (y) SELECT b FROM IDENTIFIER($tbl);
INSERT INTO o (z) SELECT b FROM TABLE($tbl);
-- pairs: t.a > o.x i, t.b > o.y i, t.b > o.z i
-- case: external table, with virtual cols
CREATE EXTERNAL TABLE ext (d DATE AS TO_DATE(METADATA$FILENAME), x VARCHAR AS (VALUE:c1::VARCHAR)) PARTITION BY (d) LOCATION = @stg/x AUTO_REFRESH = TRUE FILE_FORMAT = (TYPE = PARQUET);
-- pairs: external.stage:stg/x.value > ext.x t, external.stage:stg/x.* > ext.* i
-- writes: ext
-- case: semantic / udf sql
CREATE OR REPLACE FUNCTION f(x NUMBER) RETURNS NUMBER AS 'x + 1';
CREATE FUNCTION g(k INT) RETURNS TABLE (m INT) AS $$ SELECT a FROM t WHERE id = k $$;
INSERT INTO o (x) SELECT g.m FROM u, TABLE(g(u.c)) g;
-- pairs: t.a > g.m i, g.m > o.x i
-- case: a star of an unknown table has its columns under their new names
INSERT INTO o (x, y, z, w) SELECT b, a, e, f FROM (SELECT * RENAME (b AS e) FROM (SELECT * EXCLUDE (f) RENAME (a AS b) FROM k));
-- pairs: k.a > o.z i
-- case: variables are columns again after their block
DECLARE a INT DEFAULT (SELECT MAX(b) FROM t); BEGIN INSERT INTO o (x) VALUES (:a); END;
CREATE VIEW v AS SELECT id, a FROM t;
EXECUTE IMMEDIATE $$ DECLARE b INT; BEGIN b := (SELECT MAX(c) FROM u); INSERT INTO o (y) VALUES (:b); END $$;
CREATE VIEW w AS SELECT b FROM t;
-- pairs: t.b > o.x a, t.id > v.id i, t.a > v.a i, u.c > o.y a, t.b > w.b i
-- case: the columns that a procedure says that it returns
CREATE PROCEDURE pr() RETURNS TABLE (x INT, y INT) LANGUAGE SQL AS $$ DECLARE r RESULTSET DEFAULT (SELECT a, b FROM t); BEGIN RETURN TABLE(r); END; $$;
INSERT INTO o SELECT * FROM TABLE(pr());
-- pairs: t.a > pr.x i, t.b > pr.y i, pr.x > o.x i, pr.y > o.y i
-- case: a later definition takes the place of the first
CREATE OR REPLACE TABLE o (x INT);
CREATE OR REPLACE TABLE o (y INT, z INT);
INSERT INTO o SELECT a, b FROM t;
CREATE OR REPLACE VIEW v AS SELECT 1 AS k;
CREATE OR REPLACE VIEW v AS SELECT y FROM o;
CREATE TABLE p AS SELECT * FROM v;
CREATE TABLE q (k INT);
CREATE OR REPLACE TABLE q AS SELECT *, k + 1 AS m FROM q;
-- pairs: t.a > o.y i, t.b > o.z i, o.y > v.y i, v.y > p.y i, q.k > q.k i, q.k > q.m t
-- case: results of earlier queries
SELECT a FROM t; SELECT d AS n FROM u; SET v = (SELECT LAST_QUERY_ID(-2));
INSERT INTO o (x) SELECT a FROM TABLE(RESULT_SCAN($v));
SHOW TABLES;
INSERT INTO o (y) SELECT "name" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()));
SELECT c FROM u;
INSERT INTO o (z) SELECT r.c FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) AS r;
-- pairs: t.a > a i, u.d > n i, u.c > c i, t.a > o.x i, u.c > o.z i
-- case: results of earlier queries in a procedure
CREATE PROCEDURE p() RETURNS INT LANGUAGE SQL AS $$ BEGIN
  SELECT a FROM t; LET q VARCHAR := LAST_QUERY_ID(); SELECT c FROM u; INSERT INTO o (x) SELECT a FROM TABLE(RESULT_SCAN(:q));
END $$;
INSERT INTO o (y) SELECT a FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()));
-- pairs: t.a > p.a i, u.c > p.c i, t.a > o.x i
-- case: the directory of a stage
INSERT INTO o (x) SELECT relative_path FROM DIRECTORY(@s1.stg) AS d;
-- pairs: external."stage:s1.stg".relative_path > o.x i
-- case: a query's id is its procedure's own, whatever the variable is called
CREATE PROCEDURE p() RETURNS VARCHAR LANGUAGE SQL AS BEGIN
  INSERT INTO n (y) SELECT a FROM t; SELECT a FROM t; LET v VARCHAR := LAST_QUERY_ID(); RETURN v;
END;
CREATE PROCEDURE q(v VARCHAR) RETURNS VARCHAR LANGUAGE SQL AS BEGIN
  SELECT c FROM u; INSERT INTO o (x) SELECT * FROM TABLE(RESULT_SCAN(:v)); RETURN v;
END;
-- pairs: t.a > n.y i, t.a > p.a i, u.c > q.c i
-- case: copy files
COPY FILES INTO @a/b FROM @s1.c/d PATTERN = '.*csv';
COPY FILES INTO @e FROM (SELECT a, b FROM t);
COPY INTO k FROM @a;
-- pairs: external."stage:s1.c/d".* > external.stage:a/b.* i, t.a > external.stage:e.a i, t.b > external.stage:e.b i,
--  external.stage:a.* > k.* i
-- case: search services hold what their query finds
CREATE OR REPLACE CORTEX SEARCH SERVICE d.s.svc ON body ATTRIBUTES k WAREHOUSE = w TARGET_LAG = '1 day' AS (SELECT UPPER(body) AS body, k FROM docs);
CREATE CORTEX SEARCH SERVICE IF NOT EXISTS other ON body WAREHOUSE = w TARGET_LAG = '1 day' AS SELECT body FROM docs;
CREATE SERVICE web IN COMPUTE POOL p FROM SPECIFICATION $$ x $$;
-- pairs: docs.body > d.s.svc.body t, docs.k > d.s.svc.k i, docs.body > other.body i
-- case: dynamic tables that are swapped
ALTER DYNAMIC TABLE d SWAP WITH e;
-- pairs: d.* > e.* i, e.* > d.* i
-- case: semantic views
CREATE OR REPLACE SEMANTIC VIEW v TABLES (o AS d.s.orders PRIMARY KEY (id), d.s.clients PRIMARY KEY (cid) COMMENT = 'x')
  RELATIONSHIPS (o (cid) REFERENCES clients)
  FACTS (o.net AS o.price - o.discount, PRIVATE o.spent AS o.cost)
  DIMENSIONS (o.day AS o.created_at WITH SYNONYMS ('d') COMMENT = 'day', clients.name AS clients.name, o.y AS YEAR(o.day))
  METRICS (o.total AS SUM(o.net), o.margin AS SUM(o.spent), ratio AS o.total / o.margin) COMMENT = 'c';
CREATE SEMANTIC VIEW IF NOT EXISTS s.w TABLES (e) DIMENSIONS (e.k AS k);
-- pairs: d.s.orders.price > v.net t, d.s.orders.discount > v.net t, d.s.orders.created_at > v.day i, d.s.clients.name > v.name i,
--  d.s.orders.created_at > v.y t, d.s.orders.price > v.total a, d.s.orders.discount > v.total a, d.s.orders.cost > v.margin a,
--  d.s.orders.price > v.ratio a, d.s.orders.discount > v.ratio a, d.s.orders.cost > v.ratio a, e.k > s.w.k i
-- case: what a procedure puts into its OUT parameters goes on in who calls it
CREATE PROCEDURE s.p(x INT, y OUT INT) RETURNS VARCHAR LANGUAGE SQL AS $$ BEGIN y := (SELECT max(v) FROM src); RETURN 'a'; END $$;
EXECUTE IMMEDIATE $$ DECLARE k int; BEGIN CALL s.p(1, :k); INSERT INTO dst (k) VALUES (:k); END $$;
-- pairs: src.v > s.p.y a, s.p.y > dst.k i
