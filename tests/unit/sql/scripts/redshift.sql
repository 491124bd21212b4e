-- case: staging upsert
BEGIN;
CREATE TEMP TABLE stage (LIKE o);
COPY stage FROM 's3://b/k/' IAM_ROLE 'arn:aws:iam::1:role/r' FORMAT AS PARQUET;
DELETE FROM o USING stage WHERE o.id = stage.id;
INSERT INTO o SELECT * FROM stage;
END;
-- pairs: external.s3://b/k/.* > o.* i
-- case: table with keys
CREATE TABLE o (x INT ENCODE az64 DISTKEY SORTKEY, y VARCHAR(10) ENCODE lzo, z INT IDENTITY(1,1)) DISTSTYLE KEY COMPOUND SORTKEY (x, y);
INSERT INTO o SELECT a, b FROM t;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: ctas with distribution
CREATE TABLE o DISTKEY (a) SORTKEY (b) AS SELECT a, b FROM t;
CREATE TABLE #w AS SELECT a AS k FROM t;
INSERT INTO p (x) SELECT k FROM #w;
-- pairs: t.a > o.a i, t.b > o.b i, t.a > p.x i
-- case: late binding view
CREATE VIEW v AS SELECT a, b FROM t WITH NO SCHEMA BINDING;
CREATE MATERIALIZED VIEW mv BACKUP NO DISTSTYLE ALL AUTO REFRESH YES AS SELECT SUM(a) AS s FROM t;
-- pairs: t.a > v.a i, t.b > v.b i, t.a > mv.s a
-- case: append and rename
ALTER TABLE o APPEND FROM stage;
ALTER TABLE a RENAME TO b;
-- pairs: stage.* > o.* i, a.* > b.* i
-- case: merge with remove duplicates
MERGE INTO o USING t ON o.id = t.id WHEN MATCHED THEN UPDATE SET x = t.a WHEN NOT MATCHED THEN INSERT VALUES (t.id, t.a);
-- pairs: t.a > o.x i, t.id > o._col0 i, t.a > o._col1 i
-- case: merge remove duplicates
MERGE INTO o USING t ON o.id = t.id REMOVE DUPLICATES;
-- pairs: t.id > o.id i, t.a > o.a i, t.b > o.b i
-- case: unload with quotes
UNLOAD ('SELECT a, b FROM t WHERE b = ''x''') TO 's3://b/out_' IAM_ROLE 'r' PARQUET PARTITION BY (a);
-- pairs: t.a > external.s3://b/out_.a i, t.b > external.s3://b/out_.b i
-- case: unload with a dollar-quoted query
UNLOAD ($$ SELECT a FROM t $$) TO 's3://b/out_' IAM_ROLE 'r';
-- pairs: t.a > external.s3://b/out_.a i
-- case: external schema and table
CREATE EXTERNAL SCHEMA sp FROM DATA CATALOG DATABASE 'd' IAM_ROLE 'r';
CREATE EXTERNAL TABLE sp.e (x INT, y VARCHAR(5)) PARTITIONED BY (dt DATE) STORED AS PARQUET LOCATION 's3://b/e/';
INSERT INTO o (p) SELECT y FROM sp.e;
-- pairs: external.s3://b/e/.* > sp.e.* i, sp.e.y > o.p i
-- case: procedure with nonatomic body
CREATE OR REPLACE PROCEDURE load_o(p_dt DATE) NONATOMIC AS $$
DECLARE
  n INT;
  rec RECORD;
BEGIN
  SELECT INTO n COUNT(*) FROM t WHERE b = p_dt;
  IF n > 0 THEN
    TRUNCATE o;
    INSERT INTO o (x) SELECT a FROM t WHERE b = p_dt;
  END IF;
  FOR rec IN SELECT id, a FROM t LOOP
    UPDATE z SET w = rec.a WHERE k = rec.id;
  END LOOP;
  EXECUTE 'INSERT INTO q (x) SELECT a FROM ' || quote_ident('t');
END;
$$ LANGUAGE plpgsql;
CALL load_o('2024-01-01');
-- pairs: t.a > o.x i, t.a > z.w i, t.a > q.x i
-- case: super and partiql
INSERT INTO o (x, y) SELECT t.a.street, e.k FROM t, t.b AS e;
-- pairs: t.a > o.x t, t.b > o.y t
-- case: json functions, qualify, pivot
INSERT INTO o (x, y) SELECT JSON_EXTRACT_PATH_TEXT(a, 'k'), LISTAGG(b, ',') WITHIN GROUP (ORDER BY id) FROM t GROUP BY 1;
-- pairs: t.a > o.x t, t.b > o.y a, t.id > o.y w
-- case: select top and into
SELECT TOP 10 a, b AS k INTO o FROM t ORDER BY b;
-- pairs: t.a > o.a i, t.b > o.k i
-- influences: t.b > o sort
-- case: datashare three-part names
INSERT INTO dev.public.o (x) SELECT a FROM share.sch.t;
-- pairs: share.sch.t.a > dev.public.o.x i
-- case: tpch-like revenue
CREATE VIEW rev AS
SELECT s.id AS supplier, SUM(l.price * (1 - l.discount)) AS total
FROM lineitem l JOIN supplier s ON l.supp = s.id
WHERE l.ship >= '1996-01-01'::date AND l.ship < DATEADD(month, 3, '1996-01-01'::date)
GROUP BY s.id HAVING SUM(l.qty) > 10;
-- pairs: supplier.id > rev.supplier i, lineitem.price > rev.total a, lineitem.discount > rev.total a
-- influences: lineitem.supp > rev join, supplier.id > rev join, lineitem.ship > rev filter, lineitem.qty > rev filter, supplier.id > rev group_by
-- case: copy unload
COPY s.o (x, y) FROM 's3://b/p/manifest' IAM_ROLE 'arn:aws:iam::1:role/x' CSV GZIP IGNOREHEADER 1 DELIMITER '|' REGION 'us-east-1' MANIFEST;
UNLOAD ('SELECT a, b FROM t WHERE b = \'x\'') TO 's3://b/out_' IAM_ROLE 'x' PARALLEL OFF PARQUET PARTITION BY (a);
UNLOAD ($$ SELECT a FROM t $$) TO 's3://b/o2' CREDENTIALS 'x' ALLOWOVERWRITE;
-- pairs: external.s3://b/p/manifest.* > s.o.x i?, external.s3://b/p/manifest.* > s.o.y i?, t.a > external.s3://b/out_.a i, t.b > external.s3://b/out_.b i, t.a > external.s3://b/o2.a i
-- case: ddl
CREATE TABLE o DISTSTYLE KEY DISTKEY(id) COMPOUND SORTKEY(a, b) AS SELECT id, a FROM t;
CREATE TEMP TABLE w (LIKE t INCLUDING DEFAULTS); INSERT INTO w SELECT * FROM t; INSERT INTO p (x) SELECT a FROM w;
CREATE TABLE q (x INT ENCODE az64 IDENTITY(1,1), y VARCHAR(10) ENCODE lzo DEFAULT 'a', PRIMARY KEY (x)) BACKUP NO;
ALTER TABLE q APPEND FROM q_stage FILLTARGET;
CREATE EXTERNAL TABLE spectrum.e (x int) PARTITIONED BY (d date) STORED AS PARQUET LOCATION 's3://b/e/';
CREATE EXTERNAL SCHEMA es FROM DATA CATALOG DATABASE 'd' IAM_ROLE 'x';
CREATE MATERIALIZED VIEW mv DISTKEY (id) AUTO REFRESH YES AS SELECT id, SUM(a) s FROM t GROUP BY id;
CREATE VIEW lv AS SELECT a FROM spectrum.e WITH NO SCHEMA BINDING;
-- pairs: t.id > o.id i, t.a > o.a i, t.a > p.x i, q_stage.* > q.* i, external.s3://b/e/.* > spectrum.e.* i, t.id > mv.id i, t.a > mv.s a, spectrum.e.a > lv.a i?
-- codes: RL302
-- case: stored proc and misc
CREATE OR REPLACE PROCEDURE sp(d IN date, n OUT int) AS $$ DECLARE r RECORD; BEGIN FOR r IN SELECT a FROM t LOOP INSERT INTO o (x) VALUES (r.a); END LOOP; EXECUTE 'INSERT INTO o (y) SELECT b FROM ' || 't'; TRUNCATE stg; SELECT INTO n COUNT(*) FROM t; COMMIT; EXCEPTION WHEN OTHERS THEN RAISE INFO 'x'; END; $$ LANGUAGE plpgsql NONATOMIC;
CALL sp('2020-01-01', 1); VACUUM DELETE ONLY t; ANALYZE COMPRESSION t; GRANT USAGE ON SCHEMA s TO GROUP g; SET query_group TO 'x'; CANCEL 5; SHOW TABLE t; ALTER TABLE t ALTER SORTKEY AUTO; CREATE LIBRARY l LANGUAGE plpythonu FROM 's3://x';
-- pairs: t.a > o.x i, t.b > o.y i
-- case: super, pivot, merge, qualify, top
INSERT INTO o (x, y) SELECT c.item.k, i.z FROM t AS r, r.a AS c, c.items i;
SELECT TOP 5 a FROM t QUALIFY RANK() OVER (ORDER BY b) = 1;
MERGE INTO o USING t ON o.id = t.id WHEN MATCHED THEN UPDATE SET x = t.a WHEN NOT MATCHED THEN INSERT (id, x) VALUES (t.id, t.a);
DELETE FROM o USING t WHERE o.id = t.id; DELETE o WHERE x = 1;
INSERT INTO o (z) SELECT LISTAGG(DISTINCT a, ',') WITHIN GROUP (ORDER BY b) FROM t;
-- pairs: t.a > o.x t, t.a > o.y t, t.a > a i, t.a > o.x i, t.id > o.id i, t.a > o.z a, t.b > o.z w
-- case: an expression with FROM
CREATE OR REPLACE PROCEDURE p() AS $$ DECLARE v int; w int := 0; n int; BEGIN
  v := a + b FROM t WHERE id = 1;
  w = max(d) FROM u LIMIT 1;
  n := EXTRACT(year FROM w);
  INSERT INTO o (x, y, z) VALUES (v, w, n);
END; $$ LANGUAGE plpgsql;
-- pairs: t.a > o.x t, t.b > o.x t, u.d > o.y a, u.d > o.z a
-- case: a cursor that goes out is a result
CREATE PROCEDURE p (k IN int, rs INOUT refcursor) AS $$ BEGIN OPEN rs FOR SELECT a FROM t WHERE b = k; END; $$ LANGUAGE plpgsql;
CREATE PROCEDURE q (k IN int) AS $$ DECLARE c refcursor; v int; BEGIN OPEN c FOR SELECT a FROM t; FETCH c INTO v; END; $$ LANGUAGE plpgsql;
-- pairs: t.a > p.a i
-- case: a prepared statement with types
PREPARE q (varchar, int) AS WITH w AS (SELECT a FROM t WHERE b = $1) SELECT a FROM w;
-- pairs: t.a > a i
