-- case: predict: a prediction is made of the model and of all columns of the row
DECLARE @model varbinary(max) = (SELECT m FROM dbo.models WHERE id = 1);
INSERT INTO dbo.scores (id, score) SELECT d.id, p.Score FROM PREDICT(MODEL = @model, DATA = t AS d, RUNTIME = ONNX) WITH (Score float) AS p;
-- pairs: t.id > dbo.scores.id i, dbo.models.m > dbo.scores.score t, t.id > dbo.scores.score t, t.a > dbo.scores.score t,
--  t.b > dbo.scores.score t
-- case: predict with a cte and several columns
WITH q AS (SELECT id, a FROM t)
SELECT d.id, p.* INTO dbo.s FROM PREDICT(MODEL = @m, DATA = q AS d) WITH (s float, u varchar(10)) AS p
-- pairs: t.id > dbo.s.id i, t.id > dbo.s.s t, t.a > dbo.s.s t, t.id > dbo.s.u t, t.a > dbo.s.u t
-- case: first statement of a batch calls a procedure without EXEC
sp_rename 'dbo.a', 'b'
GO
[dbo].sp_rename @objname = 'dbo.c', @newname = 'd'
INSERT INTO o (x) SELECT a FROM t
GO
dbo.p 1, N'x'
GO
-- pairs: dbo.a.* > dbo.b.* i, dbo.c.* > dbo.d.* i, t.a > o.x i
-- case: dynamic text that calls without EXEC
EXEC ('sp_executesql N''INSERT INTO o (x) SELECT a FROM t''')
-- pairs: t.a > o.x i
-- case: temporary table of the caller, filled by a procedure that comes later
CREATE PROC dbo.main AS
CREATE TABLE #w (k int)
EXEC dbo.fill
INSERT o (x) SELECT k FROM #w
GO
CREATE PROC dbo.fill AS INSERT #w SELECT a FROM t
-- pairs: t.a > o.x i
-- case: temporary table of the caller, read by a procedure that comes first
CREATE PROC dbo.rd AS INSERT o (x) SELECT k FROM #w
GO
CREATE PROC dbo.main AS
SELECT a AS k INTO #w FROM t
EXEC dbo.mid
GO
CREATE PROC dbo.mid AS EXEC dbo.rd
-- pairs: t.a > o.x i
-- case: temporary table of a batch, filled by a procedure
CREATE PROC fill AS INSERT #w SELECT a FROM t
GO
CREATE TABLE #w (k int)
EXEC fill
INSERT INTO o (x) SELECT k FROM #w
-- pairs: t.a > o.x i
-- case: tables of the same name in programs that do not call one another
CREATE PROC m1 AS CREATE TABLE #w (k int); INSERT #w SELECT a FROM t; INSERT o (x) SELECT k FROM #w
GO
CREATE PROC m2 AS CREATE TABLE #w (k int); INSERT #w SELECT c FROM u; EXEC rd
GO
CREATE PROC rd AS INSERT p (x) SELECT k FROM #w
-- pairs: t.a > o.x i, u.c > p.x i
-- case: global temporary table of another procedure
CREATE PROC a2 AS INSERT o (x) SELECT k FROM ##g
GO
CREATE PROC a1 AS CREATE TABLE ##g (k int); INSERT ##g SELECT a FROM t
-- pairs: t.a > o.x i
-- reads: t
-- case: computed columns of temporary tables and table variables
CREATE TABLE #w (k int, m AS (k * 2), n AS k + 1 PERSISTED)
DECLARE @w TABLE (k int, m AS k * 2)
INSERT #w (k) SELECT a FROM t
INSERT @w SELECT b FROM t
INSERT o (x, y, z) SELECT k, m, n FROM #w
INSERT p SELECT * FROM @w
UPDATE #w SET k = (SELECT MAX(c) FROM u)
INSERT q (x) SELECT m FROM #w
-- pairs: t.a > o.x i, t.a > o.y t, t.a > o.z t, t.b > p.k i, t.b > p.m t, t.a > q.x t, u.c > q.x a
-- case: insert without a column list passes over identities and computed columns
CREATE TABLE dbo.o (i int IDENTITY(1,1) NOT NULL, x int, y AS x + 1, z int)
CREATE TABLE #o (x int, i bigint NOT NULL IDENTITY PRIMARY KEY, z int)
DECLARE @o TABLE (i int IDENTITY(1, 1), x int, z int)
INSERT dbo.o SELECT a, b FROM t
INSERT #o SELECT a, b FROM t
INSERT @o SELECT a, b FROM t
INSERT p (x, z) SELECT x, z FROM #o
INSERT q (x, z) SELECT x, z FROM @o
MERGE dbo.o USING u ON u.id = dbo.o.i WHEN NOT MATCHED THEN INSERT VALUES (u.c, u.d);
-- pairs: dbo.o.x > dbo.o.y t, t.a > dbo.o.x i, t.b > dbo.o.z i, t.a > p.x i, t.b > p.z i, t.a > q.x i, t.b > q.z i,
--  u.c > dbo.o.x i, u.d > dbo.o.z i
-- case: insert without a column list passes over hidden columns
CREATE TABLE dbo.o (x int, s datetime2 GENERATED ALWAYS AS ROW START HIDDEN NOT NULL, e datetime2 GENERATED ALWAYS AS ROW END HIDDEN NOT NULL,
  z int CHECK (z > 0), PERIOD FOR SYSTEM_TIME (s, e)) WITH (SYSTEM_VERSIONING = ON)
INSERT dbo.o SELECT a, b FROM t
-- pairs: t.a > dbo.o.x i, t.b > dbo.o.z i
-- case: insert without a column list into a table type's variable
CREATE TYPE dbo.tt AS TABLE (i int IDENTITY, k int)
GO
DECLARE @v dbo.tt
INSERT @v SELECT a FROM t
INSERT o (x) SELECT k FROM @v
-- pairs: t.a > o.x i
-- case: identity function of select into
SELECT IDENTITY(int, 1, 1) AS rid, a INTO #w FROM t
INSERT o (x) SELECT a FROM #w
-- pairs: t.a > o.x i
-- case: rename object of synapse
CREATE TABLE dbo.o WITH (DISTRIBUTION = HASH(id), CLUSTERED COLUMNSTORE INDEX) AS SELECT id, a AS x FROM t;
RENAME OBJECT dbo.o TO o2;
-- pairs: t.id > dbo.o.id i, t.a > dbo.o.x i, dbo.o.id > dbo.o2.id i, dbo.o.x > dbo.o2.x i
-- case: a table goes to another schema
CREATE TABLE dbo.m (x int, y int)
GO
ALTER SCHEMA arch TRANSFER OBJECT::dbo.m
ALTER SCHEMA arch TRANSFER stage.n
ALTER SCHEMA arch TRANSFER TYPE::dbo.ty
-- pairs: dbo.m.x > arch.m.x i, dbo.m.y > arch.m.y i, stage.n.* > arch.n.* i
