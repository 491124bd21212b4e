-- case: insert without a column list takes the known columns
CREATE TABLE o (x int, y text, z int);
INSERT INTO o SELECT a, b FROM t;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: a cte called wrapper
CREATE VIEW v AS SELECT * FROM (WITH wrapper AS (SELECT a FROM t) SELECT a FROM wrapper) q;
-- pairs: t.a > v.a i
-- case: insert returning writes nothing more
INSERT INTO o (x) SELECT a FROM t RETURNING x;
-- pairs: t.a > o.x i
-- case: data-modifying cte with returning
WITH moved AS (
    DELETE FROM t WHERE b < 10 RETURNING id, a
)
INSERT INTO archive (id, val) SELECT id, a FROM moved;
-- pairs: t.id > archive.id i, t.a > archive.val i
-- reads: t
-- writes: t, archive
-- case: update in a cte with returning star
WITH up AS (UPDATE t SET a = a + 1 WHERE id = 1 RETURNING *)
INSERT INTO log (id, val) SELECT up.id, up.a FROM up;
-- pairs: t.a > t.a t, t.id > log.id i, t.a > log.val i
-- writes: t, log
-- case: insert in a cte with returning
WITH ins AS (INSERT INTO o (x) SELECT a FROM t RETURNING id AS new_id)
INSERT INTO child (parent) SELECT new_id FROM ins;
-- pairs: t.a > o.x i, o.id > child.parent i
-- writes: o, child
-- case: data-modifying cte under a select
WITH gone AS (DELETE FROM t WHERE id = 1 RETURNING a) SELECT a FROM gone;
-- pairs: t.a > a i
-- writes: t
-- case: upsert
INSERT INTO o AS cur (k, n) SELECT id, a FROM t
ON CONFLICT (k) DO UPDATE SET n = cur.n + EXCLUDED.n WHERE cur.n IS DISTINCT FROM EXCLUDED.n;
-- pairs: t.id > o.k i, t.a > o.n t, o.n > o.n t
-- influences: o.n > o filter, t.a > o filter
-- case: upsert on constraint, row assignment
INSERT INTO o (k, n, m) SELECT id, a, b FROM t
ON CONFLICT ON CONSTRAINT o_pk DO UPDATE SET (n, m) = (EXCLUDED.n, EXCLUDED.m);
-- pairs: t.id > o.k i, t.a > o.n i, t.b > o.m i
-- case: do nothing
INSERT INTO o (k) SELECT id FROM t ON CONFLICT DO NOTHING;
-- pairs: t.id > o.k i
-- case: update from with join
UPDATE o AS z SET x = t.a, y = u.c FROM t JOIN u ON u.id = t.id WHERE z.id = t.id;
-- pairs: t.a > o.x i, u.c > o.y i
-- influences: o.id > o filter, t.id > o filter, t.id > o join, u.id > o join
-- case: update rows of values
UPDATE o SET x = v.n FROM (VALUES (1, 'a'), (2, 'b')) AS v (id, n) WHERE o.id = v.id;
-- pairs:
-- case: update with row subquery
UPDATE o SET (x, y) = (SELECT a, b FROM t WHERE t.id = o.id);
-- pairs: t.a > o.x i, t.b > o.y i
-- case: delete using
DELETE FROM o USING t WHERE o.id = t.id AND t.a > 5;
-- pairs:
-- influences: o.id > o filter, t.id > o filter, t.a > o filter
-- case: merge with delete and do nothing
MERGE INTO o USING t ON o.id = t.id
WHEN MATCHED AND t.a = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET x = t.a, y = o.y || t.b
WHEN NOT MATCHED AND t.a < 0 THEN DO NOTHING
WHEN NOT MATCHED THEN INSERT (id, x) VALUES (t.id, t.a);
-- pairs: t.a > o.x i, o.y > o.y t, t.b > o.y t, t.id > o.id i
-- influences: o.id > o join, t.id > o join, t.a > o filter
-- case: merge insert without columns
CREATE TABLE o (id int, x int);
MERGE INTO o USING t ON o.id = t.id WHEN NOT MATCHED THEN INSERT VALUES (t.id, t.b);
-- pairs: t.id > o.id i, t.b > o.x i
-- case: nested ctes
INSERT INTO o (x)
WITH outer_q AS (
    WITH inner_q AS (SELECT a AS k FROM t)
    SELECT k + 1 AS m FROM inner_q
)
SELECT m FROM outer_q;
-- pairs: t.a > o.x t
-- case: recursive hierarchy with path
CREATE VIEW tree AS
WITH RECURSIVE h AS (
    SELECT id, a AS parent, b::text AS path, 1 AS lvl FROM t WHERE a IS NULL
    UNION ALL
    SELECT c.id, c.a, h.path || '/' || c.b, h.lvl + 1 FROM t c JOIN h ON c.a = h.id
)
SELECT id, path, lvl FROM h;
-- pairs: t.id > tree.id i, t.b > tree.path t
-- case: materialized cte hint
WITH q AS MATERIALIZED (SELECT a FROM t), r AS NOT MATERIALIZED (SELECT a FROM q) SELECT a FROM r;
-- pairs: t.a > a i
-- case: set operations with parentheses
INSERT INTO o (x) (SELECT a FROM t ORDER BY b LIMIT 5) UNION ALL (SELECT c FROM u EXCEPT SELECT d FROM u) ORDER BY 1;
-- pairs: t.a > o.x i, u.c > o.x i
-- case: values in from
INSERT INTO o (x, y) SELECT t.a, v.lbl FROM t JOIN (VALUES (1, 'one')) AS v (n, lbl) ON v.n = t.b;
-- pairs: t.a > o.x i
-- case: lateral subquery
INSERT INTO o (x, y) SELECT t.id, l.m FROM t LEFT JOIN LATERAL (SELECT max(c) AS m FROM u WHERE u.id = t.id) l ON true;
-- pairs: t.id > o.x i, u.c > o.y a
-- case: named window
INSERT INTO o (x, y) SELECT sum(a) OVER w, rank() OVER (w ORDER BY id) FROM t WINDOW w AS (PARTITION BY b);
-- pairs: t.a > o.x a, t.b > o.x w, t.b > o.y w, t.id > o.y w
-- case: window frame
INSERT INTO o (x) SELECT avg(a) OVER (PARTITION BY b ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM t;
-- pairs: t.a > o.x a, t.b > o.x w, t.id > o.x w
-- case: within group
INSERT INTO o (x) SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t GROUP BY b;
-- pairs: t.a > o.x a
-- case: ordered aggregate
INSERT INTO o (x) SELECT string_agg(a::text, ',' ORDER BY b DESC) FROM t;
-- pairs: t.a > o.x a, t.b > o.x w
-- case: filter in an aggregate with subquery
INSERT INTO o (x) SELECT count(*) FILTER (WHERE a > (SELECT avg(c) FROM u)) FROM t;
-- pairs: t.a > o.x c, u.c > o.x c
-- case: grouping sets and grouping
INSERT INTO o (x, y) SELECT grouping(a), sum(b) FROM t GROUP BY GROUPING SETS ((a, id), CUBE (a), ());
-- pairs: t.a > o.x a, t.b > o.y a
-- influences: t.a > o group_by, t.id > o group_by
-- case: json paths
INSERT INTO o (x, y, z) SELECT a -> 'k' ->> 'n', a #>> '{p,q}', jsonb_array_length(b) FROM t;
-- pairs: t.a > o.x t, t.a > o.y t, t.b > o.z t
-- case: jsonb_to_recordset
INSERT INTO o (x, y) SELECT r.p, r.q FROM t, jsonb_to_recordset(t.a) AS r (p int, q text);
-- pairs: t.a > o.x t, t.a > o.y t
-- case: unnest with ordinality
INSERT INTO o (x, y) SELECT e.v, e.n FROM t, unnest(t.a) WITH ORDINALITY AS e (v, n);
-- pairs: t.a > o.x t
-- case: generate_series
INSERT INTO o (x) SELECT g FROM t, generate_series(t.a, t.b) AS g;
-- pairs: t.a > o.x t, t.b > o.x t
-- case: composite field
INSERT INTO o (x) SELECT (a).street FROM t;
-- pairs: t.a > o.x t
-- case: any of an array subquery
INSERT INTO o (x) SELECT a FROM t WHERE b = ANY (SELECT c FROM u WHERE d = 1);
-- pairs: t.a > o.x i
-- influences: t.b > o filter, u.c > o filter, u.d > o filter
-- case: array of a subquery
INSERT INTO o (x) SELECT ARRAY(SELECT c FROM u WHERE u.id = t.id ORDER BY d) FROM t;
-- pairs: u.c > o.x t
-- case: quoted and mixed-case names
CREATE TABLE "Sales"."Order Items" ("Id" int, "unitPrice" numeric);
INSERT INTO report (x) SELECT "unitPrice" FROM "Sales"."Order Items";
-- pairs: Sales.Order Items.unitPrice > report.x i
-- case: three-part names
INSERT INTO db1.s1.o (x) SELECT a FROM db1.s2.t;
-- pairs: db1.s2.t.a > db1.s1.o.x i
-- case: create table like including all
CREATE TABLE o (LIKE t INCLUDING ALL);
INSERT INTO o SELECT c, d FROM u;
-- pairs: u.c > o.id i, u.d > o.a i
-- case: table command
INSERT INTO o (x, y, z) TABLE t;
-- pairs: t.id > o.x i, t.a > o.y i, t.b > o.z i
-- case: ctas with column list
CREATE TABLE o (x, y) AS SELECT a, b FROM t WITH NO DATA;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: unlogged table and on commit
CREATE UNLOGGED TABLE o AS SELECT a FROM t;
CREATE TEMP TABLE w ON COMMIT DROP AS SELECT a AS k FROM o;
INSERT INTO z (x) SELECT k FROM w;
-- pairs: t.a > o.a i, o.a > z.x i
-- case: select into temp
SELECT a AS k INTO TEMP TABLE w FROM t; INSERT INTO o (x) SELECT k FROM w;
-- pairs: t.a > o.x i
-- case: rename swap
ALTER TABLE o RENAME TO o_old;
ALTER TABLE o_new RENAME TO o;
-- pairs: o.* > o_old.* i, o_new.* > o.* i
-- case: alter table set schema
ALTER TABLE staging.o SET SCHEMA prod;
-- pairs: staging.o.* > prod.o.* i
-- case: attach partition
CREATE TABLE m (id int, ts date) PARTITION BY RANGE (ts);
CREATE TABLE m_2024 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO m_2024 SELECT a, b FROM t;
-- pairs: t.a > m_2024.id i, t.b > m_2024.ts i, m_2024.id > m.id i, m_2024.ts > m.ts i
-- case: copy columns from file
COPY o (x, y) FROM '/data/o.csv' WITH (FORMAT csv, HEADER true);
-- pairs: external."/data/o.csv".* > o.x i?, external."/data/o.csv".* > o.y i?
-- case: copy query to file
COPY (SELECT a, b AS k FROM t WHERE id > 1) TO '/tmp/o.csv' CSV;
-- pairs: t.a > external."/tmp/o.csv".a i, t.b > external."/tmp/o.csv".k i
-- influences: t.id > external."/tmp/o.csv" filter
-- case: pg_dump data blocks
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.o (
    x integer NOT NULL,
    y text DEFAULT 'it''s'::text
);
ALTER TABLE public.o OWNER TO postgres;
CREATE SEQUENCE public.o_x_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.o_x_seq OWNED BY public.o.x;
ALTER TABLE ONLY public.o ALTER COLUMN x SET DEFAULT nextval('public.o_x_seq'::regclass);
COPY public.o (x, y) FROM stdin;
1	it's a "quoted; text
2	\N
3	SELECT 1; DROP TABLE x; /* never
\.

SELECT pg_catalog.setval('public.o_x_seq', 3, true);
ALTER TABLE ONLY public.o ADD CONSTRAINT o_pkey PRIMARY KEY (x);
CREATE INDEX o_y ON public.o USING btree (y);
CREATE VIEW public.v AS
 SELECT o.x,
    o.y
   FROM public.o;
-- pairs: public.o.x > public.v.x i, public.o.y > public.v.y i
-- case: psql meta commands
\set ON_ERROR_STOP on
\echo 'Loading; it''s begun'
\i other.sql
\copy o (x) FROM 'data.csv' WITH CSV HEADER
\if :flag
\set tbl o
\endif
INSERT INTO o (x) SELECT a FROM t WHERE b = :'val' AND id > :lim;
\q
-- pairs: t.a > o.x i, external."data.csv".* > o.x i?
-- case: psql gexec and c
\c mydb
SELECT a FROM t \gset
\timing on
INSERT INTO o (x) SELECT a FROM t;
-- pairs: t.a > a i, t.a > o.x i
-- case: explain
EXPLAIN ANALYZE INSERT INTO o (x) SELECT a FROM t;
EXPLAIN (ANALYZE, BUFFERS) SELECT a FROM t;
-- pairs:
-- case: sequence default and nextval
CREATE SEQUENCE s START 1;
INSERT INTO o (k, x) SELECT nextval('s'), a FROM t;
-- pairs: t.a > o.x i
-- reads: s, t
-- case: trigger function through its trigger
CREATE TABLE t2 (id int, a int);
CREATE FUNCTION log_change() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO audit (id, val) VALUES (OLD.id, OLD.a);
        RETURN OLD;
    END IF;
    INSERT INTO audit (id, val) VALUES (NEW.id, NEW.a);
    NEW.updated_at := now();
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER tr AFTER INSERT OR UPDATE ON t2 FOR EACH ROW EXECUTE FUNCTION log_change();
-- pairs: t2.id > audit.id i, t2.a > audit.val i
-- case: plpgsql variables of a rowtype
CREATE FUNCTION f(p_id int) RETURNS void AS $body$
DECLARE
    r t%ROWTYPE;
    total numeric := 0;
BEGIN
    SELECT * INTO r FROM t WHERE id = p_id;
    INSERT INTO o (x, y) VALUES (r.a, r.b);
END
$body$ LANGUAGE plpgsql;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: plpgsql select into strict two variables
CREATE OR REPLACE PROCEDURE p(p_id int) LANGUAGE plpgsql AS $$
DECLARE v_a int; v_b int;
BEGIN
    SELECT a, b INTO STRICT v_a, v_b FROM t WHERE id = p_id;
    UPDATE o SET x = v_a, y = v_b + 1 WHERE k = p_id;
EXCEPTION WHEN no_data_found THEN
    INSERT INTO errors (msg) VALUES (SQLERRM);
END; $$;
-- pairs: t.a > o.x i, t.b > o.y t
-- case: plpgsql loop over a query, nested if
DO $$
DECLARE rec RECORD;
BEGIN
    FOR rec IN SELECT t.id, u.c FROM t JOIN u ON u.id = t.id LOOP
        IF rec.c > 10 THEN
            UPDATE o SET x = rec.c WHERE o.id = rec.id;
        ELSIF rec.c IS NULL THEN
            CONTINUE;
        ELSE
            INSERT INTO small (v) VALUES (rec.c);
        END IF;
    END LOOP;
END $$;
-- pairs: u.c > o.x i, u.c > small.v i
-- case: plpgsql return query
CREATE FUNCTION f(n int) RETURNS TABLE (k int, v text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT t.id, t.a FROM t WHERE t.b = n;
END $$;
INSERT INTO o (x) SELECT v FROM f(1);
-- pairs: t.id > f.k i, t.a > f.v i, f.v > o.x i
-- case: sql function returning table
CREATE FUNCTION f(n int) RETURNS TABLE (k int, v text) AS $$
    SELECT id, a FROM t WHERE b = n;
$$ LANGUAGE sql STABLE;
-- pairs: t.id > f.k i, t.a > f.v i
-- case: sql-standard function return
CREATE FUNCTION f(n int) RETURNS bigint RETURN (SELECT max(a) FROM t WHERE b = n);
-- pairs: t.a > f.max a
-- case: plpgsql cursor
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    cur CURSOR (key int) FOR SELECT a, b FROM t WHERE id = key;
    v_a int; v_b int;
BEGIN
    OPEN cur(5);
    LOOP
        FETCH cur INTO v_a, v_b;
        EXIT WHEN NOT FOUND;
        INSERT INTO o (x, y) VALUES (v_a, v_b);
    END LOOP;
    CLOSE cur;
END $$;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: plpgsql unbound cursor
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE cur refcursor; r record;
BEGIN
    OPEN cur FOR SELECT a FROM t;
    FETCH NEXT FROM cur INTO r;
    INSERT INTO o (x) VALUES (r.a);
END $$;
-- pairs: t.a > o.x i
-- case: execute format
DO $$
DECLARE tab text := 'o';
BEGIN
    EXECUTE format('INSERT INTO %I (x) SELECT a FROM t WHERE b = %L', tab, 'k');
    EXECUTE 'INSERT INTO ' || quote_ident('o2') || ' (x) SELECT a FROM t WHERE id = $1' USING 5;
END $$;
-- pairs: t.a > o.x i, t.a > o2.x i
-- case: execute into a variable
CREATE FUNCTION f() RETURNS void AS $$
DECLARE n int;
BEGIN
    EXECUTE 'SELECT max(a) FROM t' INTO n;
    INSERT INTO o (x) VALUES (n);
END $$ LANGUAGE plpgsql;
-- pairs: t.a > o.x a
-- case: insert returning into a variable
CREATE FUNCTION f() RETURNS void AS $$
DECLARE new_id int;
BEGIN
    INSERT INTO o (x) SELECT a FROM t RETURNING id INTO new_id;
    INSERT INTO child (parent) VALUES (new_id);
END $$ LANGUAGE plpgsql;
-- pairs: t.a > o.x i, o.id > child.parent i
-- case: perform and get diagnostics
CREATE FUNCTION f() RETURNS int AS $$
DECLARE n int;
BEGIN
    PERFORM refresh_all(a) FROM t;
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE 'rows: %', n;
    RETURN n;
END $$ LANGUAGE plpgsql;
-- pairs: t.a > refresh_all t
-- reads: t
-- case: case statement in plpgsql
DO $$
DECLARE v int;
BEGIN
    CASE v WHEN 1 THEN INSERT INTO o (x) SELECT a FROM t; WHEN 2 THEN INSERT INTO o (y) SELECT b FROM t; ELSE NULL; END CASE;
    INSERT INTO z (x) SELECT a FROM t;
END $$;
-- pairs: t.a > o.x i, t.b > o.y i, t.a > z.x i
-- case: foreach and while
DO $$
DECLARE x int; arr int[] := ARRAY[1,2];
BEGIN
    FOREACH x IN ARRAY arr LOOP
        INSERT INTO o (y) SELECT b FROM t WHERE id = x;
    END LOOP;
    WHILE x > 0 LOOP
        x := x - 1;
        DELETE FROM o WHERE k = x;
    END LOOP;
    <<lbl>> FOR i IN 1..10 LOOP INSERT INTO o (x) SELECT a + i FROM t; EXIT lbl WHEN i = 5; END LOOP lbl;
END $$;
-- pairs: t.b > o.y i, t.a > o.x t
-- case: rules and domains and types are left alone
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN posint AS integer CHECK (VALUE > 0);
CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
COMMENT ON TABLE o IS 'about; it';
CREATE POLICY p ON o USING (true);
VACUUM ANALYZE o;
ANALYZE o;
LOCK TABLE o IN EXCLUSIVE MODE;
REFRESH MATERIALIZED VIEW CONCURRENTLY mv;
CREATE UNIQUE INDEX i ON o (x) WHERE y IS NOT NULL;
INSERT INTO o (x) SELECT a FROM t;
-- pairs: t.a > o.x i
-- case: generated column and identity
CREATE TABLE o (id int GENERATED ALWAYS AS IDENTITY, x numeric, y numeric, total numeric GENERATED ALWAYS AS (x * y) STORED);
-- pairs: o.x > o.total t, o.y > o.total t
-- case: natural and using joins with stars
CREATE VIEW v AS SELECT * FROM t JOIN u USING (id);
-- pairs: t.id > v.id i, u.id > v.id i, t.a > v.a i, t.b > v.b i, u.c > v.c i, u.d > v.d i
-- case: using with an alias
INSERT INTO o (x, y) SELECT j.id, c FROM t JOIN u USING (id) AS j;
-- pairs: t.id > o.x i, u.id > o.x i, u.c > o.y i
-- case: tablesample, for update, fetch first
INSERT INTO o (x) SELECT a FROM t TABLESAMPLE SYSTEM (10) ORDER BY b FETCH FIRST 5 ROWS ONLY FOR UPDATE SKIP LOCKED;
-- pairs: t.a > o.x i
-- influences: t.b > o sort
-- case: row comparison and tuple in
INSERT INTO o (x) SELECT a FROM t WHERE (a, b) IN (SELECT c, d FROM u);
-- pairs: t.a > o.x i
-- influences: t.a > o filter, t.b > o filter, u.c > o filter, u.d > o filter
-- case: whole-row reference
INSERT INTO o (x) SELECT to_jsonb(t) FROM t;
-- pairs: t.id > o.x t, t.a > o.x t, t.b > o.x t
-- case: view alias star and count of table
INSERT INTO o (x, y) SELECT q.k, q.n FROM (SELECT b AS k, count(t) AS n FROM t GROUP BY b) q;
-- pairs: t.b > o.x i, t.id > o.y a, t.a > o.y a, t.b > o.y a
-- case: subquery in having and order by
INSERT INTO o (x) SELECT b FROM t GROUP BY b HAVING sum(a) > (SELECT avg(c) FROM u) ORDER BY (SELECT max(d) FROM u) LIMIT 3;
-- pairs: t.b > o.x i
-- influences: t.a > o filter, u.c > o filter, t.b > o group_by, u.d > o sort
-- case: merge with a query in USING
MERGE INTO o AS z USING (SELECT id, a FROM t) AS s ON z.id = s.id WHEN MATCHED THEN UPDATE SET x = s.a;
-- pairs: t.a > o.x i
-- case: plpgsql trigger function of several tables
CREATE TABLE t1 (a int); CREATE TABLE t2 (a int);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO l (x) VALUES (NEW.a); RETURN NEW; END $$;
CREATE TRIGGER r1 AFTER INSERT ON t1 FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER r2 AFTER INSERT ON t2 FOR EACH ROW EXECUTE FUNCTION f();
-- pairs: t1.a > l.x i, t2.a > l.x i
-- case: plpgsql assigns the new row
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := lower(NEW.a); SELECT c INTO NEW.a FROM u WHERE u.id = NEW.id; RETURN NEW; END $$;
CREATE TRIGGER r BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE PROCEDURE f();
-- pairs: t.a > t.b t, u.c > t.a i
-- case: dynamic sql with bound values
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE v int; w int;
BEGIN
  SELECT a, b INTO v, w FROM t;
  EXECUTE 'INSERT INTO o (x, y) VALUES ($1, $2)' USING w, v;
  EXECUTE format('UPDATE %I SET z = $1 WHERE k = %L', 'p', 'x') USING v;
END $$;
-- pairs: t.b > o.x i, t.a > o.y i, t.a > p.z i
-- case: unknown dynamic table
CREATE FUNCTION f(tab text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('INSERT INTO %I (x) SELECT a FROM t', tab);
  EXECUTE 'INSERT INTO o (x) SELECT a FROM t WHERE ' || tab;
END $$;
-- pairs: t.a > o.x i?
-- case: local procedures and nested blocks
DO $$
DECLARE v int;
BEGIN
  BEGIN
    SELECT a INTO v FROM t;
  EXCEPTION WHEN OTHERS THEN
    RAISE;
  END;
  IF v IS NULL THEN INSERT INTO o (x) SELECT b FROM t; ELSE INSERT INTO o (x) VALUES (v); END IF;
END $$;
INSERT INTO z (x) SELECT a FROM t;
-- pairs: t.a > o.x i, t.b > o.x i, t.a > z.x i
-- case: numbered parameters are no dollar quotes
CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql AS 'SELECT g(g($1) * h(($2)) + h($1)) FROM t
WHERE a = $1 AND b = ($2)';
INSERT INTO o (x) SELECT a FROM t WHERE b = $1 AND
  id = $2;
-- pairs: t.a > o.x i
-- case: update from values and more
UPDATE o SET x = v.n + t.a, y = v.k::oid[] FROM (VALUES (1, '{1}')) AS v (n, k), t, LATERAL (SELECT c FROM u WHERE u.id = t.id) l WHERE o.id = t.id;
-- pairs: t.a > o.x t
-- case: arrays of the catalog's types
INSERT INTO o (x) SELECT f(a::pg_catalog.oid[], b::regtype[]) FROM t;
-- pairs: t.a > o.x t, t.b > o.x t
-- case: rows from several functions
INSERT INTO o (x, y) SELECT f.p, f.q FROM t, ROWS FROM (json_to_recordset(t.a) AS (p int), unnest(t.b)) AS f (p, q);
-- pairs: t.a > o.x t, t.b > o.y t
-- case: transition tables
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO l (x, y) SELECT n.a, o.a FROM newtab n JOIN oldtab o ON o.id = n.id;
  RETURN NULL;
END $$;
CREATE TRIGGER r AFTER UPDATE ON t REFERENCING NEW TABLE AS newtab OLD TABLE AS oldtab FOR EACH STATEMENT EXECUTE FUNCTION f();
-- pairs: t.a > l.x i, t.a > l.y i
-- case: loops over dynamic queries
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS $$
DECLARE r record; q text := 'SELECT a, b FROM t';
BEGIN
  FOR r IN EXECUTE q LOOP INSERT INTO o (x) VALUES (r.a); END LOOP;
  FOR r IN EXECUTE 'SELECT c FROM u' LOOP INSERT INTO o (y) VALUES (r.c); END LOOP;
END $$;
-- pairs: t.a > o.x i, u.c > o.y i
-- case: return next and return query execute
CREATE FUNCTION f() RETURNS TABLE (k int, v int) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE 'SELECT a, b FROM t WHERE id = $1' USING 1;
END $$;
CREATE FUNCTION g() RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN SELECT c, d FROM u LOOP RETURN NEXT r; END LOOP;
END $$;
-- pairs: t.a > f.k i, t.b > f.v i, u.c > g.c i, u.d > g.d i
-- case: whole record from returning
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE r t%ROWTYPE;
BEGIN
  DELETE FROM t WHERE id = 1 RETURNING * INTO r;
  INSERT INTO archive (p, q) VALUES (r.a, r.b);
  INSERT INTO archive2 SELECT r.*;
  INSERT INTO archive3 VALUES (r.*);
END $$;
-- pairs: t.a > archive.p i, t.b > archive.q i, t.id > archive2.id i, t.a > archive2.a i, t.b > archive2.b i, t.id > archive3.id i, t.a > archive3.a i, t.b > archive3.b i
-- case: temporary table in a function
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DROP TABLE IF EXISTS tmp;
  CREATE TEMP TABLE tmp ON COMMIT DROP AS SELECT id, a + 1 AS k FROM t;
  ANALYZE tmp;
  UPDATE tmp SET k = k * 2;
  INSERT INTO o (x) SELECT k FROM tmp;
END $$;
-- pairs: t.a > o.x t
-- case: inherits and foreign tables
CREATE TABLE parent (a int, b int);
CREATE TABLE child (c int) INHERITS (parent);
INSERT INTO child (a, c) SELECT a, b FROM t;
CREATE FOREIGN TABLE ft (x int, y text) SERVER s OPTIONS (table_name 'r');
INSERT INTO o (x) SELECT x FROM ft;
-- pairs: s.r.* > ft.* i, t.a > child.a i, t.b > child.c i, child.a > parent.a i, child.b > parent.b i, ft.x > o.x i
-- case: dblink and typed functions
INSERT INTO o (x, y) SELECT d.p, d.q FROM dblink('conn', 'SELECT a, b FROM remote') AS d (p int, q text);
-- pairs: conn.remote.a > o.x i, conn.remote.b > o.y i
-- case: rule and view with check option
CREATE VIEW v AS SELECT id, a FROM t WHERE b > 1 WITH LOCAL CHECK OPTION;
CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t (id, a) VALUES (NEW.id, NEW.a);
-- pairs: t.id > v.id i, t.a > v.a i
-- case: mimic-like durations with windows
CREATE MATERIALIZED VIEW vent AS
WITH vd1 AS (
  SELECT icustay_id, LAG(charttime, 1) OVER (PARTITION BY icustay_id, mechvent ORDER BY charttime) AS lag_time, charttime, mechvent,
    CASE WHEN mechvent = 1 THEN charttime - LAG(charttime, 1) OVER (PARTITION BY icustay_id, mechvent ORDER BY charttime) ELSE NULL END AS dur
  FROM settings
), vd2 AS (
  SELECT vd1.*, SUM(newvent) OVER (PARTITION BY icustay_id ORDER BY charttime) AS ventnum
  FROM (SELECT *, CASE WHEN dur > interval '8' hour THEN 1 ELSE 0 END AS newvent FROM vd1) vd1
)
SELECT icustay_id, ventnum, MIN(charttime) AS starttime, MAX(charttime) AS endtime
FROM vd2 GROUP BY icustay_id, ventnum HAVING MIN(charttime) <> MAX(charttime);
-- pairs: settings.icustay_id > vent.icustay_id i, settings.charttime > vent.starttime a, settings.charttime > vent.endtime a,
--   settings.icustay_id > vent.ventnum c, settings.charttime > vent.ventnum c, settings.mechvent > vent.ventnum c
-- case: cast of a composite, arrays and slices
INSERT INTO o (x, y, z) SELECT a[1:2], (ARRAY[a, b])[1], ROW(a, b)::pair FROM t;
-- pairs: t.a > o.x t, t.a > o.y t, t.b > o.y t, t.a > o.z t, t.b > o.z t
-- case: operators and special syntax
INSERT INTO o (x, y, z, w) SELECT a IS DISTINCT FROM b, a BETWEEN SYMMETRIC 1 AND b, substring(a from 1 for 2), overlay(a placing b from 1) FROM t;
-- pairs: t.a > o.x t, t.b > o.x t, t.a > o.y t, t.b > o.y t, t.a > o.z t, t.a > o.w t, t.b > o.w t
-- case: on conflict in a cte with select of both
WITH ins AS (INSERT INTO o (k) SELECT id FROM t ON CONFLICT DO NOTHING RETURNING id, k)
SELECT id FROM ins UNION ALL SELECT o.id FROM o JOIN t ON o.k = t.id;
-- pairs: t.id > o.k i, o.id > id i
-- case: calls
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CALL s.q(1); PERFORM s.f(2); INSERT INTO o (x) SELECT a FROM t; END $$;
-- pairs: t.a > o.x i
-- case: order by a query [postgres, mysql, snowflake, tsql]
INSERT INTO o (x) SELECT a FROM t ORDER BY (SELECT MAX(c) FROM u WHERE u.id = t.id);
-- pairs: t.a > o.x i
-- reads: t, u
-- case: plpgsql function with everything
CREATE OR REPLACE FUNCTION etl.load(p_d date, OUT n int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $body$
DECLARE
  r record; v_id t.id%TYPE; cur CURSOR (k int) FOR SELECT a FROM t WHERE id = k; arr int[] := '{}';
BEGIN
  SELECT max(a) INTO STRICT v_id FROM t WHERE b = p_d;
  FOR r IN SELECT id, a FROM t LOOP
    INSERT INTO o (x, y) VALUES (r.id, r.a) ON CONFLICT (x) DO UPDATE SET y = excluded.y, z = o.z + 1 WHERE o.y IS DISTINCT FROM excluded.y RETURNING x INTO v_id;
    CONTINUE WHEN r.id = 1;
    EXIT WHEN NOT FOUND;
  END LOOP;
  FOREACH v_id IN ARRAY arr LOOP RAISE NOTICE 'x %', v_id; END LOOP;
  EXECUTE format('INSERT INTO %I.%I (x) SELECT a FROM t WHERE id = $1', 'sch', 'dyn') USING p_d;
  PERFORM pg_sleep(1);
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN UPDATE p SET x = v_id; ELSIF n < 0 THEN NULL; ELSE DELETE FROM p; END IF;
  CASE n WHEN 1 THEN INSERT INTO q (x) SELECT c FROM u; ELSE NULL; END CASE;
  RETURN;
EXCEPTION WHEN unique_violation OR others THEN
  GET STACKED DIAGNOSTICS n = MESSAGE_TEXT;
  INSERT INTO errs (m) VALUES (SQLERRM);
  RAISE;
END;
$body$;
-- pairs: t.id > o.x i, t.a > o.y i, o.z > o.z t, t.a > sch.dyn.x i, u.c > q.x i, o.x > p.x i, t.a > p.x a
-- case: upsert variants
INSERT INTO o AS tgt (id, x) SELECT id, a FROM t ON CONFLICT ON CONSTRAINT pk DO UPDATE SET (x, y) = (excluded.x, tgt.y || 'z') RETURNING id, x AS newx;
INSERT INTO o (id) SELECT id FROM t ON CONFLICT DO NOTHING;
-- pairs: t.id > o.id i, t.a > o.x i, o.y > o.y t
-- case: writable ctes
WITH del AS (DELETE FROM t WHERE a < 5 RETURNING *), ins AS (INSERT INTO arch SELECT * FROM del RETURNING id)
INSERT INTO log (x) SELECT id FROM ins;
-- pairs: t.id > arch.id i, t.a > arch.a i, t.b > arch.b i, arch.id > log.x i
-- case: lateral, ordinality, function tables
CREATE VIEW v AS SELECT t.id, e.k, e.v, g.n, l.mx FROM t CROSS JOIN LATERAL jsonb_each(t.a) WITH ORDINALITY AS e(k, v, ord) LEFT JOIN LATERAL (SELECT max(c) mx FROM u WHERE u.id = t.id) l ON true, generate_series(1, t.b) AS g(n);
-- pairs: t.id > v.id i, t.a > v.k t, t.a > v.v t, t.b > v.n t, u.c > v.mx a
-- case: trigger function
CREATE FUNCTION trg() RETURNS trigger AS $$ BEGIN IF TG_OP = 'INSERT' THEN INSERT INTO aud (k, nv) VALUES (NEW.id, NEW.x); ELSE INSERT INTO aud (k, ov, nv) SELECT OLD.id, OLD.x, NEW.x; END IF; NEW.updated := now(); NEW.y := NEW.x + 1; RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE TRIGGER tr BEFORE INSERT OR UPDATE OF x ON o FOR EACH ROW WHEN (NEW.x > 0) EXECUTE FUNCTION trg();
-- pairs: o.id > aud.k i, o.x > aud.nv i, o.x > aud.ov i, o.x > o.y t
-- case: ctas temp, select into, on commit
CREATE TEMP TABLE w ON COMMIT DROP AS SELECT a FROM t WITH DATA;
SELECT a AS k INTO TEMP w2 FROM w;
INSERT INTO o (x) TABLE w2;
-- pairs: t.a > o.x i
-- case: recursive view and search cycle
CREATE RECURSIVE VIEW rv (n, p) AS SELECT id, a FROM t UNION ALL SELECT t.id, rv.p FROM t JOIN rv ON t.a = rv.n;
WITH RECURSIVE q(id, p) AS (SELECT id, a FROM t UNION SELECT t.id, q.p FROM t, q WHERE t.a = q.id) SEARCH DEPTH FIRST BY id SET ord CYCLE id SET cyc USING path SELECT id, p FROM q;
-- pairs: t.id > rv.n i, t.a > rv.p i, rv.p > rv.p i, t.id > id i, t.a > p i
-- case: update from with alias and row
UPDATE ONLY o AS x SET (a1, a2) = (SELECT c, d FROM u WHERE u.id = x.id), a3 = DEFAULT, arr[1] = 5 FROM t JOIN w ON w.id = t.id WHERE t.id = x.id RETURNING x.*;
-- pairs: u.c > o.a1 i, u.d > o.a2 i
-- case: merge pg15
MERGE INTO o USING (SELECT id, a FROM t) s ON o.id = s.id WHEN MATCHED AND s.a IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET x = s.a WHEN NOT MATCHED THEN INSERT (id, x) VALUES (s.id, s.a) WHEN NOT MATCHED BY SOURCE THEN DO NOTHING;
-- pairs: t.a > o.x i, t.id > o.id i
-- case: json and arrays
INSERT INTO o (x, y, z) SELECT j->>'k', (j #>> '{a,b}')::int, arr[1] FROM (SELECT to_jsonb(t) AS j, array_agg(a) OVER () AS arr FROM t) q;
-- pairs: t.id > o.x t, t.a > o.x t, t.b > o.x t, t.id > o.y t, t.a > o.y t, t.b > o.y t, t.a > o.z a
-- case: values and unnest multi
INSERT INTO o (x, y) SELECT k, v FROM (VALUES (1, 'a'), (2, 'b')) AS q(k, v);
INSERT INTO o (x, y) SELECT * FROM unnest(ARRAY[1,2], ARRAY['a','b']) AS u2(k, v);
-- pairs:
-- case: no lineage
SET search_path TO a, b; RESET ALL; SHOW all; ANALYZE VERBOSE t; VACUUM (FULL, ANALYZE) t; REINDEX TABLE t; CLUSTER t USING ix; LOCK TABLE t IN EXCLUSIVE MODE;
EXPLAIN ANALYZE SELECT a FROM t; LISTEN ch; NOTIFY ch, 'x'; DISCARD ALL; BEGIN; SAVEPOINT s; ROLLBACK TO s; COMMIT; 
CREATE EXTENSION IF NOT EXISTS pgcrypto; CREATE ROLE r; ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO r;
CREATE INDEX CONCURRENTLY ix ON t USING gin (to_tsvector('english', a)) WHERE b > 1; COMMENT ON COLUMN t.a IS 'select x from y';
CREATE TYPE ty AS ENUM ('a', 'b'); CREATE TYPE comp AS (x int, y text); CREATE DOMAIN dom AS int CHECK (VALUE > 0); CREATE SEQUENCE sq; ALTER SEQUENCE sq OWNED BY t.id;
CREATE POLICY pol ON t FOR SELECT USING (a = current_user); CREATE PUBLICATION pub FOR TABLE t; CREATE SERVER srv FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE ft (x int) SERVER srv;
CREATE AGGREGATE ag (int) (sfunc = int4pl, stype = int); CREATE OPERATOR === (leftarg = int, rightarg = int, procedure = int4eq); CREATE CAST (a AS b) WITH INOUT; DO $$ BEGIN NULL; END $$; DEALLOCATE ALL; REFRESH MATERIALIZED VIEW CONCURRENTLY mv; CREATE RULE rl AS ON INSERT TO t DO INSTEAD NOTHING; CREATE STATISTICS st ON a, b FROM t; ALTER TABLE t ENABLE ROW LEVEL SECURITY; SECURITY LABEL ON TABLE t IS 'x'; IMPORT FOREIGN SCHEMA s FROM SERVER srv INTO p;
-- pairs:
-- writes:
-- case: procedure with call and transaction, sql body
CREATE PROCEDURE pr(a1 int, INOUT b1 int) LANGUAGE SQL BEGIN ATOMIC INSERT INTO o (x) SELECT a FROM t; UPDATE o SET y = b1; END;
CREATE FUNCTION fn(i int) RETURNS SETOF t LANGUAGE sql STABLE RETURN (SELECT 1);
CREATE FUNCTION fn2(i int) RETURNS TABLE (k int, m text) AS 'SELECT id, b FROM t WHERE id = i' LANGUAGE sql;
CALL pr(1, 2);
INSERT INTO p (x) SELECT k FROM fn2(3);
-- pairs: t.a > o.x i, t.id > fn2.k i, t.b > fn2.m i, fn2.k > p.x i
-- case: return query
CREATE FUNCTION rq() RETURNS TABLE (k int) AS $$ BEGIN RETURN QUERY SELECT a FROM t; RETURN QUERY EXECUTE 'SELECT c FROM u'; END $$ LANGUAGE plpgsql;
-- pairs: t.a > rq.k i, u.c > rq.k i
-- case: window, filter, distinct on, fetch, for update
INSERT INTO o (x, y) SELECT DISTINCT ON (id) a, sum(b) FILTER (WHERE a > 1) OVER (PARTITION BY id ORDER BY a RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t ORDER BY id, a FETCH FIRST 5 ROWS WITH TIES FOR UPDATE OF t SKIP LOCKED;
-- pairs: t.a > o.x i, t.b > o.y a, t.a > o.y c, t.id > o.y w
-- case: tablesample, only, star inheritance, cross db
SELECT a FROM ONLY t * TABLESAMPLE BERNOULLI (10) REPEATABLE (1);
-- pairs: t.a > a i
-- case: a table of what a CTE changed
CREATE TEMP TABLE w AS WITH up AS (UPDATE o SET x = t.a FROM t WHERE t.id = o.id RETURNING o.id, o.x) SELECT id, x FROM up;
INSERT INTO p (k, v) SELECT id, x FROM w;
-- pairs: t.a > o.x i, o.id > p.k i, o.x > p.v i
-- case: the system's catalog is searched before the search path
SET search_path TO app;
INSERT INTO o (x, y) SELECT c.relname, n.a FROM pg_class c JOIN n ON n.id = c.oid;
INSERT INTO p (x) SELECT a FROM pg_stat_statements;
-- pairs: pg_catalog.pg_class.relname > app.o.x i, app.n.a > app.o.y i, app.pg_stat_statements.a > app.p.x i
-- reads: app.n, app.pg_stat_statements, pg_catalog.pg_class
-- case: cube is a function of an extension
INSERT INTO o (x, y) SELECT cube(cube(a), b), c::cube FROM k WHERE cube(b) <> c;
SELECT cube(a) FROM t GROUP BY cube(a);
-- pairs: k.a > o.x t, k.b > o.x t, k.c > o.y t, t.a > cube t
-- influences: k.b > o filter, k.c > o filter, t.a > None group_by
-- case: cube is a word of GROUP BY
INSERT INTO o (x, y) SELECT a, SUM(b) FROM t GROUP BY GROUPING SETS ((a), CUBE (a, id)) HAVING cube(a) > '(1)';
INSERT INTO p (x, y) SELECT a, SUM(b) FROM t GROUP BY id, CUBE (a);
-- pairs: t.a > o.x i, t.b > o.y a, t.a > p.x i, t.b > p.y a
-- influences: t.a > o group_by, t.id > o group_by, t.a > o filter, t.id > p group_by, t.a > p group_by
-- case: parameters and variables are columns again after their function
CREATE FUNCTION f(id int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE a int; BEGIN SELECT MAX(c) INTO a FROM u; INSERT INTO o (x, y) VALUES (a, id); RETURN id; END $$;
CREATE VIEW v AS SELECT id, a FROM t;
DO $$ DECLARE b int; BEGIN b := 1; INSERT INTO o (z) SELECT b FROM t; END $$;
CREATE VIEW w AS SELECT b FROM t;
-- pairs: u.c > o.x a, t.id > v.id i, t.a > v.a i, t.b > w.b i
-- case: a derived table's or cte's name is its row
INSERT INTO o (x) SELECT row_to_json(q) FROM (SELECT id, a FROM t) q;
INSERT INTO p (x) WITH c AS (SELECT b FROM t) SELECT to_jsonb(c) FROM c;
INSERT INTO q (x) SELECT q FROM (SELECT id AS q, a FROM t) q;
INSERT INTO r (x) SELECT elem ->> 'k' FROM t, jsonb_array_elements(t.a) elem;
-- pairs: t.id > o.x t, t.a > o.x t, t.b > p.x t, t.id > q.x i, t.a > r.x t
-- case: aggregates of documents
INSERT INTO o (x, y, z, w) SELECT jsonb_agg(a ORDER BY b), every(a), range_agg(b), xmlagg(c ORDER BY d) FROM k;
-- pairs: k.a > o.x a, k.b > o.x w, k.a > o.y a, k.b > o.z a, k.c > o.w a, k.d > o.w w
-- case: rows that RETURN NEXT makes of the variables of the result
CREATE FUNCTION f(p int) RETURNS TABLE (x int, y text) LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN SELECT id, a FROM t WHERE t.id = p LOOP x := r.id; y := upper(r.a); RETURN NEXT; END LOOP;
  RETURN QUERY SELECT c, d FROM u;
END $$;
INSERT INTO o (z) SELECT y FROM f(1);
-- pairs: t.id > f.x i, t.a > f.y t, u.c > f.x i, u.d > f.y i, f.y > o.z i
-- case: out parameters are the columns of the result
CREATE FUNCTION f(p int, OUT x int, OUT y text) LANGUAGE plpgsql AS $$ BEGIN SELECT max(a), min(b) INTO x, y FROM t WHERE id = p; END $$;
CREATE FUNCTION g(OUT x int, OUT y text) AS $$ SELECT a, b FROM t $$ LANGUAGE sql;
CREATE PROCEDURE pr(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN SELECT count(a) INTO n FROM t; INSERT INTO m (x) VALUES (n); END $$;
INSERT INTO o SELECT * FROM f(1);
INSERT INTO p SELECT * FROM g();
-- pairs: t.a > f.x a, t.b > f.y a, f.x > o.x i, f.y > o.y i, t.a > g.x i, t.b > g.y i, g.x > p.x i, g.y > p.y i, t.a > pr.n a,
--  t.a > m.x a
-- case: loops over scalar variables
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE v int; w text; r record;
BEGIN
  FOR v IN SELECT id FROM t LOOP
    INSERT INTO o (x) VALUES (v);
  END LOOP;
  FOR v, w IN (SELECT c, d FROM u) LOOP
    INSERT INTO p (x, y) VALUES (v, w);
  END LOOP;
  FOR r IN SELECT a FROM t LOOP
    INSERT INTO q (x) VALUES (r.a);
  END LOOP;
  FOR w IN EXECUTE 'SELECT b FROM t' LOOP
    INSERT INTO s (x) VALUES (w);
  END LOOP;
  FOR v IN 1..3 LOOP
    INSERT INTO n (x) VALUES (v);
  END LOOP;
END $$;
-- pairs: t.id > o.x i, u.c > p.x i, u.d > p.y i, t.a > q.x i, t.b > s.x i
-- case: variables of one block or overload are not those of the next
DO $$ DECLARE v int; q text := 'INSERT INTO o (x) SELECT a FROM t'; BEGIN SELECT max(b) INTO v FROM t; EXECUTE q; END $$;
DO $$ DECLARE v int; q text; BEGIN INSERT INTO p (x) VALUES (v); q := q || ' WHERE id = 1'; END $$;
CREATE FUNCTION f(id int) RETURNS void LANGUAGE plpgsql AS $$ DECLARE v int; BEGIN SELECT max(a) INTO v FROM t; INSERT INTO q (x, y) VALUES (v, id); END $$;
CREATE FUNCTION f(i text) RETURNS void LANGUAGE plpgsql AS $$ DECLARE v int; BEGIN SELECT max(c) INTO v FROM u; INSERT INTO r (x, y) SELECT v, id FROM t; END $$;
-- pairs: t.a > o.x i, t.a > q.x a, u.c > r.x a, t.id > r.y i
-- case: a trigger function of one table after one of several
CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN INSERT INTO l (x) VALUES (NEW.id); RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE FUNCTION g() RETURNS trigger AS $$ BEGIN NEW.y := NEW.x + 1; RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER b AFTER INSERT ON u FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER c BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION g();
-- pairs: t.id > l.x i, u.id > l.x i, o.x > o.y t
-- case: RETURNING of a statement and of a function of JSON
WITH up AS (UPDATE t SET a = JSON_VALUE(b, '$.k' RETURNING int) WHERE id = 1 RETURNING id, a)
INSERT INTO o (x, y) SELECT id, JSON_QUERY(a, '$.k' WITH WRAPPER) FROM up;
-- pairs: t.b > t.a t, t.id > o.x i, t.a > o.y t
-- case: queries of other databases
INSERT INTO o (x, y) SELECT q.a, q.n FROM dblink('srv', 'SELECT a, b FROM s1.t WHERE c > 1') AS q(a int, n text);
INSERT INTO o (z) SELECT * FROM dblink('dbname=sales host=h password=secret', $$SELECT sum(d) FROM u GROUP BY c$$) AS q(m int);
INSERT INTO p (x) SELECT m FROM dblink('postgresql://me:secret@h:5432/sales', E'SELECT d FROM u', false) AS q(m int);
INSERT INTO p (y) SELECT m FROM dblink('SELECT d FROM u') AS q(m int);
-- pairs: srv.s1.t.a > o.x i, srv.s1.t.b > o.y i, sales.u.d > o.z a, sales.u.d > p.x i, dblink.u.d > p.y i
-- case: a query of another database that cannot be known
INSERT INTO o (x, y) SELECT q.a, t.b FROM t, dblink('srv', 'SELECT ' || 'a FROM s1.t') AS q(a int);
-- pairs: t.b > o.y i
-- case: crosstab
INSERT INTO o SELECT * FROM crosstab('SELECT id, b, a FROM t ORDER BY 1, 2') AS ct(x int, y int, z int);
INSERT INTO p SELECT * FROM crosstab($$SELECT id, a, b, upper(a) FROM t$$, 'SELECT DISTINCT c FROM u') AS ct(x int, y int, z int);
INSERT INTO p (x, y) SELECT row_name, category_2 FROM crosstab2('SELECT id, c, d FROM u');
-- pairs: t.id > o.x i, t.a > o.y i, t.b > o.y c, t.a > o.z i, t.b > o.z c, t.id > p.x i, t.a > p.y i, t.a > p.z t, t.b > p.z c, u.id > p.x i, u.d > p.y i, u.c > p.y c
-- case: foreign tables
CREATE FOREIGN TABLE f (a int OPTIONS (column_name 'z'), b text, server text) SERVER srv OPTIONS (schema_name 's1', table_name 't');
CREATE FOREIGN TABLE IF NOT EXISTS g (a int) SERVER files OPTIONS (filename '/x/y.csv', format 'csv');
CREATE FOREIGN TABLE h (a int) SERVER srv;
INSERT INTO o (x) SELECT b FROM f;
-- pairs: srv.s1.t.* > f.* i, external."/x/y.csv".* > g.* i, f.b > o.x i
-- case: a tree by connectby
INSERT INTO o (x, y, z) SELECT n, m, l FROM connectby('t', 'id', 'b', '1', 0) AS c(n int, m int, l int);
-- pairs: t.id > o.x i, t.b > o.y i, t.id > o.z t, t.b > o.z t
-- case: an expression with FROM
CREATE OR REPLACE PROCEDURE p() AS $$ DECLARE v int; w int := 0; n int; BEGIN
  v := a + b FROM t WHERE id = 1;
  w = max(d) FROM u LIMIT 1;
  n := EXTRACT(year FROM w);
  INSERT INTO o (x, y, z) VALUES (v, w, n);
END; $$ LANGUAGE plpgsql;
-- pairs: t.a > o.x t, t.b > o.x t, u.d > o.y a, u.d > o.z a
-- case: a cursor that goes out is a result
CREATE FUNCTION f (rs refcursor) RETURNS refcursor AS $$ BEGIN OPEN rs FOR SELECT a FROM t; RETURN rs; END; $$ LANGUAGE plpgsql;
CREATE FUNCTION g (OUT n int, OUT rs refcursor) AS $$ BEGIN SELECT c INTO n FROM u; OPEN rs FOR SELECT a, b FROM t; END; $$ LANGUAGE plpgsql;
CREATE FUNCTION h () RETURNS SETOF refcursor AS $$ DECLARE c1 refcursor; c2 refcursor; BEGIN OPEN c1 FOR SELECT a FROM t; RETURN NEXT c1; OPEN c2 FOR SELECT c FROM u; RETURN NEXT c2; END; $$ LANGUAGE plpgsql;
-- pairs: t.a > f.a i, u.c > g.n i, t.a > g.a i, t.b > g.b i, t.a > h.a i, u.c > h.c i
-- case: views that are renamed
CREATE VIEW v AS SELECT a FROM t;
ALTER VIEW v RENAME TO w;
INSERT INTO o SELECT * FROM w;
ALTER MATERIALIZED VIEW IF EXISTS s.m RENAME TO n;
-- pairs: t.a > v.a i, v.a > w.a i, w.a > o.a i, s.m.* > s.n.* i
-- case: clauses that change no columns, and rows that are written as such
INSERT INTO o (x) OVERRIDING SYSTEM VALUE SELECT a FROM t;
INSERT INTO p (x) OVERRIDING USER VALUE VALUES (1);
UPDATE q SET (x, y) = ROW (t.a, t.b) FROM t WHERE t.id = q.id;
-- pairs: t.a > o.x i, t.a > q.x i, t.b > q.y i
-- case: the function of a trigger that another file makes
CREATE FUNCTION f() RETURNS trigger AS $$
DECLARE v int;
BEGIN
  SELECT c, d FROM u WHERE u.id = NEW.id INTO v, NEW.y;
  SELECT a INTO NEW.x FROM t;
  INSERT INTO o (x, y, z) VALUES (v, NEW.y, NEW.x);
  RETURN NEW;
END $$ LANGUAGE plpgsql;
-- pairs: u.c > o.x i, u.d > o.y i, t.a > o.z i
-- writes: o
-- case: the column of a scalar function is called as the function is
CREATE FUNCTION f() RETURNS SETOF int AS $$
DECLARE r record; v int;
BEGIN
  FOR r IN SELECT a, b FROM t LOOP RETURN NEXT r.b; END LOOP;
  FOR v IN SELECT c FROM u LOOP RETURN NEXT v; END LOOP;
END $$ LANGUAGE plpgsql;
INSERT INTO o (x) SELECT f FROM f();
-- pairs: t.b > f.f i, u.c > f.f i, f.f > o.x i
-- case: a loop into the columns of the result
CREATE FUNCTION f() RETURNS TABLE (x int, y int) LANGUAGE plpgsql AS $$
BEGIN FOR x, y IN SELECT a, b FROM t WHERE id > 1 LOOP RETURN NEXT; END LOOP; END $$;
-- pairs: t.a > f.x i, t.b > f.y i
-- case: what a procedure puts into its OUT parameters goes on in who calls it
CREATE PROCEDURE s.p(IN x int, OUT y int) LANGUAGE plpgsql AS $$ BEGIN SELECT max(v) INTO y FROM src; END $$;
DO $$ DECLARE k int; BEGIN CALL s.p(1, k); INSERT INTO dst (k) VALUES (k); END $$;
-- pairs: src.v > s.p.y a, s.p.y > dst.k i
-- case: columns without a name are called as the function that is written [postgres, redshift]
CREATE TABLE o AS SELECT string_agg(t.a, ','), coalesce(t.b, t.id) FROM t;
CREATE TABLE p AS SELECT (t.a), t.b::int, max(t.a) OVER (), count(t.id) + 1 FROM t;
-- pairs: t.a > o.string_agg a, t.b > o.coalesce t, t.id > o.coalesce t, t.a > p.a i, t.b > p.b t, t.a > p.max a,
--   t.id > p.?column? a
