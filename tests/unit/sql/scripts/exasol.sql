-- case: merge and names
MERGE INTO o USING t ON o.id = t.id WHEN MATCHED THEN UPDATE SET x = t.a WHEN NOT MATCHED THEN INSERT (id, x) VALUES (t.id, t.a);
-- pairs: t.a > o.x i, t.id > o.id i
-- case: import and export
IMPORT INTO o (x, y) FROM CSV AT 'https://h' FILE 'f.csv' COLUMN SEPARATOR = ';' SKIP = 1;
EXPORT (SELECT a, b FROM t) INTO CSV AT 'https://h' FILE 'g.csv';
EXPORT t INTO LOCAL CSV FILE 'h.csv';
-- pairs: external."f.csv".* > o.x i?, external."f.csv".* > o.y i?, t.a > external."g.csv".a i, t.b > external."g.csv".b i, t.id > external."h.csv".id i, t.a > external."h.csv".a i, t.b > external."h.csv".b i
-- case: local aliases and open schema
OPEN SCHEMA s1;
INSERT INTO o (x, y) SELECT a + 1 AS k, local.k * 2 FROM t;
-- pairs: s1.t.a > s1.o.x t, s1.t.a > s1.o.y t
-- case: create table as and like
CREATE OR REPLACE TABLE o AS SELECT a, b FROM t WITH DATA;
CREATE TABLE p LIKE t INCLUDING DEFAULTS;
-- pairs: t.a > o.a i, t.b > o.b i
-- case: connect by and listagg
INSERT INTO o (x) SELECT SYS_CONNECT_BY_PATH(a, '/') FROM t START WITH b IS NULL CONNECT BY PRIOR id = b;
-- pairs: t.a > o.x t
-- case: scripts
CREATE OR REPLACE LUA SCRIPT sc (x) AS
query([[INSERT INTO o VALUES (1)]])
/
INSERT INTO o (x) SELECT a FROM t;
-- pairs: t.a > o.x i
-- case: import from other engines
IMPORT INTO o (x, y) FROM JDBC AT c STATEMENT 'SELECT a, b FROM s1.t';
IMPORT INTO p FROM EXA AT c USER 'me' IDENTIFIED BY 'secret' TABLE s1.t (a, b);
INSERT INTO q (x) SELECT n FROM (IMPORT INTO (n int, m int) FROM ORA AT c STATEMENT 'SELECT d, c FROM s1.u') AS i;
-- pairs: c.s1.t.a > o.x i, c.s1.t.b > o.y i, c.s1.t.a > p.a i, c.s1.t.b > p.b i, c.s1.u.d > q.x i
