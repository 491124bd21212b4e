-- case: predict: a prediction is made of the model and of all columns of the row
DECLARE @model varbinary(max) = (SELECT m FROM dbo.models WHERE id = 1);
INSERT INTO dbo.scores (id, score) SELECT d.id, p.Score FROM PREDICT(MODEL = @model, DATA = t AS d, RUNTIME = ONNX) WITH (Score float) AS p;
-- pairs: t.id > dbo.scores.id i, dbo.models.m > dbo.scores.score t, t.id > dbo.scores.score t, t.a > dbo.scores.score t,
--  t.b > dbo.scores.score t
-- case: a method of what a function gives
SELECT dbo.f(b).g() AS a INTO k FROM t;
-- pairs: t.b > k.a t
-- case: hidden in a check is a column
CREATE TABLE k (a int, b int CHECK (b = 1 OR hidden = 0), c int);
INSERT INTO k SELECT x, y, z FROM s;
-- pairs: s.x > k.a i, s.y > k.b i, s.z > k.c i
-- case: a computed column of a later table of the same name
CREATE PROC p AS
SELECT a, b AS c INTO #w FROM r;
INSERT INTO o (m) SELECT c FROM #w;
DROP TABLE #w;
CREATE TABLE #w (a int, c AS a * 2);
INSERT INTO #w SELECT z FROM s;
GO
CREATE PROC q AS INSERT INTO ##g SELECT a FROM h;
-- pairs: r.b > o.m i
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
-- case: ssms script table with constraints
USE [AdventureWorks]
GO
/****** Object:  Table [dbo].[Orders]    Script Date: 3/4/2021 10:00:00 AM ******/
SET ANSI_NULLS ON
GO
SET QUOTED_IDENTIFIER ON
GO
IF NOT EXISTS (SELECT * FROM sys.objects WHERE object_id = OBJECT_ID(N'[dbo].[Orders]') AND type in (N'U'))
BEGIN
CREATE TABLE [dbo].[Orders](
	[OrderID] [int] IDENTITY(1,1) NOT NULL,
	[Customer ID] [nvarchar](50) COLLATE SQL_Latin1_General_CP1_CI_AS NULL,
	[Total]  AS ([Qty]*[Price]) PERSISTED,
	[Qty] [decimal](18, 2) NOT NULL CONSTRAINT [DF_Orders_Qty] DEFAULT ((0)),
	[Price] [money] NULL,
	[rowguid] [uniqueidentifier] ROWGUIDCOL NOT NULL,
 CONSTRAINT [PK_Orders] PRIMARY KEY CLUSTERED 
(
	[OrderID] ASC
)WITH (PAD_INDEX = OFF, STATISTICS_NORECOMPUTE = OFF, IGNORE_DUP_KEY = OFF, ALLOW_ROW_LOCKS = ON, ALLOW_PAGE_LOCKS = ON) ON [PRIMARY]
) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]
END
GO
ALTER TABLE [dbo].[Orders] ADD  CONSTRAINT [DF_x]  DEFAULT (newid()) FOR [rowguid]
GO
ALTER TABLE [dbo].[Orders]  WITH CHECK ADD  CONSTRAINT [FK_O] FOREIGN KEY([Customer ID])
REFERENCES [dbo].[Customer] ([ID])
GO
ALTER TABLE [dbo].[Orders] CHECK CONSTRAINT [FK_O]
GO
EXEC sys.sp_addextendedproperty @name=N'MS_Description', @value=N'from dbo.Foo select' , @level0type=N'SCHEMA',@level0name=N'dbo', @level1type=N'TABLE',@level1name=N'Orders'
GO
-- pairs: adventureworks.dbo.orders.qty > adventureworks.dbo.orders.total t, adventureworks.dbo.orders.price > adventureworks.dbo.orders.total t
-- case: etl with temp tables error handling
CREATE OR ALTER PROCEDURE etl.usp_Load @BatchId int, @Debug bit = 0
WITH EXECUTE AS OWNER
AS
SET NOCOUNT, XACT_ABORT ON
DECLARE @rc int, @msg nvarchar(2048)
BEGIN TRY
  IF OBJECT_ID('tempdb..#stage') IS NOT NULL DROP TABLE #stage
  CREATE TABLE #stage (id int PRIMARY KEY CLUSTERED, a varchar(10) COLLATE DATABASE_DEFAULT NULL, INDEX ix (a))
  BEGIN TRAN
  INSERT #stage WITH (TABLOCKX) (id, a)
  SELECT DISTINCT s.id, NULLIF(LTRIM(RTRIM(s.a)), '') a
  FROM t s WITH (NOLOCK) LEFT OUTER HASH JOIN u AS x WITH(INDEX(ix_u), NOLOCK) ON x.id = s.id
  WHERE x.id IS NULL OPTION (MAXDOP 4, HASH JOIN)
  SET @rc = @@ROWCOUNT
  ;WITH cte AS (SELECT *, rn = ROW_NUMBER() OVER(PARTITION BY a ORDER BY id DESC) FROM #stage)
  DELETE FROM cte WHERE rn > 1
  UPDATE d SET d.a = s.a, d.loaded = GETDATE() FROM dbo.dim d INNER JOIN #stage s ON s.id = d.id WHERE EXISTS (SELECT s.a EXCEPT SELECT d.a)
  INSERT INTO dbo.dim (id, a, loaded) SELECT id, a, SYSDATETIME() FROM #stage s WHERE NOT EXISTS (SELECT 1 FROM dbo.dim WHERE dim.id = s.id)
  IF @@TRANCOUNT > 0 COMMIT TRANSACTION
END TRY
BEGIN CATCH
  IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
  SELECT @msg = ERROR_MESSAGE();
  INSERT INTO dbo.errlog (msg, ln) VALUES (ERROR_MESSAGE(), ERROR_LINE());
  RAISERROR(@msg, 16, 1) WITH NOWAIT;
  THROW
END CATCH
RETURN 0
GO
-- pairs: t.a > dbo.dim.a t, t.id > dbo.dim.id i
-- reads: t, u, dbo.dim
-- writes: dbo.dim, dbo.errlog
-- case: merge scd2 with output composable
INSERT INTO dbo.dim (bk, name, valid_from, valid_to, cur)
SELECT bk, name, SYSDATETIME(), '99991231', 1
FROM (
  MERGE INTO dbo.dim AS tgt
  USING (SELECT src.id AS bk, src.a AS name FROM t AS src) AS s
    ON tgt.bk = s.bk AND tgt.cur = 1
  WHEN MATCHED AND ISNULL(tgt.name, '') <> ISNULL(s.name, '') THEN UPDATE SET tgt.valid_to = SYSDATETIME(), tgt.cur = 0
  WHEN NOT MATCHED BY TARGET THEN INSERT (bk, name, valid_from, valid_to, cur) VALUES (s.bk, s.name, SYSDATETIME(), '99991231', 1)
  WHEN NOT MATCHED BY SOURCE AND tgt.cur = 1 THEN UPDATE SET cur = 0
  OUTPUT $action AS act, s.bk, s.name
) AS m
WHERE act = 'UPDATE';
-- pairs: t.id > dbo.dim.bk i, t.a > dbo.dim.name i
-- case: dynamic pivot
DECLARE @cols nvarchar(max), @sql nvarchar(max);
SELECT @cols = STUFF((SELECT DISTINCT ',' + QUOTENAME(c) FROM u FOR XML PATH(''), TYPE).value('.', 'nvarchar(max)'), 1, 1, '');
SET @sql = N'SELECT id, ' + @cols + N' INTO dbo.piv FROM (SELECT id, a, b FROM t) x PIVOT (SUM(b) FOR a IN (' + @cols + N')) p';
EXEC sp_executesql @sql;
-- pairs: t.id > dbo.piv.id i?, t.a > dbo.piv.* c?, t.b > dbo.piv.* a?
-- reads: u, t
-- writes: dbo.piv
-- case: string_agg pivot columns and print
DECLARE @c NVARCHAR(MAX) = N'';
SELECT @c += N', p.' + QUOTENAME(a) FROM (SELECT DISTINCT a FROM t) AS x;
PRINT @c;
-- pairs:
-- case: cursor loop
DECLARE @id int, @a varchar(20);
DECLARE cur CURSOR LOCAL FAST_FORWARD READ_ONLY FOR SELECT id, a FROM t WHERE b = 1 ORDER BY id;
OPEN cur;
FETCH NEXT FROM cur INTO @id, @a;
WHILE @@FETCH_STATUS = 0
BEGIN
  UPDATE o SET x = @a WHERE id = @id;
  IF @@ROWCOUNT = 0
    INSERT o (id, x) VALUES (@id, UPPER(@a))
  ELSE
    PRINT 'updated'
  FETCH NEXT FROM cur INTO @id, @a
END
CLOSE cur; DEALLOCATE cur;
-- pairs: t.a > o.x i, t.a > o.x t, t.id > o.id i
-- writes: o
-- case: for xml path concat in select
INSERT INTO o (x, y)
SELECT t.id, STUFF((SELECT ', ' + u.c FROM u WHERE u.id = t.id ORDER BY u.d FOR XML PATH(''), TYPE).value('.', 'NVARCHAR(MAX)'), 1, 2, '')
FROM t GROUP BY t.id
-- pairs: t.id > o.x i, u.c > o.y t
-- case: insert exec and output params
CREATE PROC p @i int, @n int OUTPUT AS BEGIN SELECT id, a FROM t; SELECT @n = MAX(b) FROM t END
GO
DECLARE @v int; CREATE TABLE #r (k int, m int);
INSERT INTO #r EXEC p 1, @v OUT
INSERT INTO o (x, y, z) SELECT k, m, @v FROM #r
-- pairs: t.id > p.id i, t.a > p.a i, t.b > p.@n a, p.id > o.x i, p.a > o.y i, p.@n > o.z i
-- case: while batch delete
WHILE 1=1 BEGIN DELETE TOP (5000) FROM o OUTPUT deleted.x, deleted.y INTO arch (x, y) WHERE d < '2020' IF @@ROWCOUNT < 5000 BREAK; WAITFOR DELAY '00:00:01' END
-- pairs: o.x > arch.x i, o.y > arch.y i
-- writes: o, arch
-- case: recursive cte with maxrecursion and columns
;WITH r (id, lvl, path) AS (
 SELECT id, 0, CAST(a AS varchar(max)) FROM t WHERE b IS NULL
 UNION ALL
 SELECT t.id, r.lvl + 1, r.path + '/' + t.a FROM t INNER JOIN r ON t.b = r.id)
SELECT id, lvl, path INTO #h FROM r OPTION (MAXRECURSION 0);
INSERT o (x, y, z) SELECT h.id, h.lvl, h.path FROM #h AS h
-- pairs: t.id > o.x i, t.a > o.z t
-- case: missing semicolons compound
declare @x int select @x = max(id) from t insert into o(x) select @x if @x > 3 update o set y = @x where z = 1 else delete o select top 1 a from t order by b
-- pairs: t.id > o.x a, t.id > o.y a, t.a > a i
-- case: unpivot and cross apply values
INSERT o (x, y, z) SELECT id, u.k, u.v FROM t UNPIVOT (v FOR k IN (a, b)) AS u
INSERT o2 (x, y) SELECT id, v.val FROM t CROSS APPLY (VALUES ('a', a), ('b', b)) v(k, val)
-- pairs: t.id > o.x i, t.a > o.z i, t.b > o.z i, t.id > o2.x i, t.a > o2.y i, t.b > o2.y i
-- case: update through cte and top and output
WITH c AS (SELECT TOP (10) x, y FROM o WHERE z = 0 ORDER BY d) UPDATE c SET x = y + 1 OUTPUT inserted.x, deleted.y INTO l (p, q);
-- pairs: o.y > o.x t, o.x > l.p i, o.y > l.q i
-- case: trigger
CREATE TRIGGER dbo.trg ON dbo.o AFTER INSERT, UPDATE, DELETE NOT FOR REPLICATION AS
IF @@ROWCOUNT = 0 RETURN
SET NOCOUNT ON
IF UPDATE(x) OR COLUMNS_UPDATED() & 2 = 2
BEGIN
 INSERT INTO dbo.aud (k, old, new, who) SELECT COALESCE(i.id, d.id), d.x, i.x, SUSER_SNAME() FROM inserted i FULL OUTER JOIN deleted d ON i.id = d.id
END
GO
ALTER TABLE dbo.o ENABLE TRIGGER trg
-- pairs: dbo.o.id > dbo.aud.k t, dbo.o.x > dbo.aud.old i, dbo.o.x > dbo.aud.new i
-- case: inline function and multi-statement function
CREATE FUNCTION dbo.f (@d date) RETURNS TABLE WITH SCHEMABINDING AS RETURN ( SELECT a, b FROM dbo.t WHERE d = @d )
GO
CREATE FUNCTION dbo.g () RETURNS @r TABLE (k int NOT NULL, m int) AS BEGIN INSERT @r SELECT id, a FROM dbo.t; UPDATE @r SET m = m + 1; RETURN END
GO
INSERT dbo.o (x, y) SELECT f.a, g.m FROM dbo.f(GETDATE()) f CROSS JOIN dbo.g() AS g
-- codes: RL143
-- pairs: dbo.t.a > dbo.f.a i, dbo.t.b > dbo.f.b i, dbo.t.id > dbo.g.k i, dbo.t.a > dbo.g.m i, dbo.g.m > dbo.g.m t, dbo.f.a > dbo.o.x i, dbo.g.m > dbo.o.y i
-- case: openjson root and nested apply
INSERT o (x, y) SELECT h.k, l.v FROM OPENJSON(@json) WITH (k int, lines nvarchar(max) AS JSON) h CROSS APPLY OPENJSON(h.lines) WITH (v int) l
-- pairs:
-- case: select star into from join
SELECT t.*, u.c INTO dbo.new FROM t JOIN u ON t.id = u.id
-- pairs: t.id > dbo.new.id i, t.a > dbo.new.a i, t.b > dbo.new.b i, u.c > dbo.new.c i
-- case: nolineage statements
USE master; ALTER DATABASE x SET RECOVERY SIMPLE WITH ROLLBACK IMMEDIATE
GRANT SELECT, INSERT ON dbo.o TO [role] WITH GRANT OPTION
DENY UPDATE ON OBJECT::dbo.o(x) TO public
CREATE NONCLUSTERED INDEX ix ON dbo.o (x ASC, y DESC) INCLUDE (z) WHERE x > 1 WITH (ONLINE = ON) ON [PRIMARY]
UPDATE STATISTICS dbo.o WITH FULLSCAN
DBCC CHECKIDENT ('dbo.o', RESEED, 0)
EXEC sp_updatestats
ALTER INDEX ALL ON dbo.o REBUILD PARTITION = ALL WITH (FILLFACTOR = 80)
CREATE STATISTICS st ON dbo.o (x) WITH SAMPLE 10 PERCENT
SET IDENTITY_INSERT dbo.o ON
BACKUP DATABASE x TO DISK = 'c:\x.bak' WITH INIT
CREATE SCHEMA s AUTHORIZATION dbo
-- pairs:
-- codes:
-- case: multi joins nested parentheses
SELECT p.a, q.c FROM ((t p LEFT JOIN u q ON p.id = q.id) INNER JOIN w ON w.id = p.id) CROSS APPLY dbo.fn(p.id) f
-- pairs: t.a > a i, u.c > c i
-- reads: t, u, w, dbo.fn
-- case: temporal and graph and hints
SELECT a FROM t FOR SYSTEM_TIME BETWEEN '2020' AND '2021' AS h WITH (NOLOCK)
SELECT p2.name FROM Person p1, friend f, Person p2 WHERE MATCH(p1-(f)->p2) AND p1.name = 'x'
-- pairs: t.a > a i, person.name > name i
-- case: apply with top and outer
INSERT o (x, y) SELECT t.a, l.d FROM t OUTER APPLY (SELECT TOP 1 d FROM u WHERE u.id = t.id ORDER BY c DESC) l
-- pairs: t.a > o.x i, u.d > o.y i
-- case: window frames
INSERT o (x, y) SELECT SUM(a) OVER (PARTITION BY id ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), FIRST_VALUE(a) OVER (ORDER BY b) FROM t
-- pairs: t.a > o.x a, t.id > o.x w, t.b > o.x w, t.a > o.y t, t.b > o.y w
-- case: global temp table in other procedure
CREATE PROC a1 AS SELECT a INTO ##g FROM t
GO
CREATE PROC a2 AS INSERT o (x) SELECT a FROM ##g
-- pairs: t.a > o.x i
-- case: predict star and cte
WITH q AS (SELECT id, a FROM t) SELECT d.*, p.* INTO dbo.s FROM PREDICT(MODEL = @m, DATA = q AS d) WITH (s float, u varchar(10)) AS p
-- pairs: t.id > dbo.s.id i, t.a > dbo.s.a i, t.id > dbo.s.s t, t.a > dbo.s.s t, t.id > dbo.s.u t, t.a > dbo.s.u t
-- case: exec-less first statement
sp_rename 'dbo.a', 'b'
GO
-- pairs: dbo.a.* > dbo.b.* i
-- case: exec-less own procedure
CREATE PROC dbo.p AS SELECT a FROM t
GO
CREATE PROC dbo.q AS
dbo.p
GO
dbo.p @x = 1, @y = N'z'
GO
EXEC dbo.p
-- pairs: t.a > dbo.p.a i
-- case: temp of caller filled by callee
CREATE PROC dbo.fill AS INSERT #w (k) SELECT a FROM t
GO
CREATE PROC dbo.main AS
CREATE TABLE #w (k int)
EXEC dbo.fill
INSERT o (x) SELECT k FROM #w
-- pairs: t.a > o.x i
-- case: temp of caller read by callee
CREATE PROC dbo.rd AS INSERT o (x) SELECT k FROM #w
GO
CREATE PROC dbo.main AS
SELECT a AS k INTO #w FROM t
EXEC dbo.rd
-- pairs: t.a > o.x i
-- case: computed column of temp
CREATE TABLE #w (k int, m AS (k * 2), n AS k + 1 PERSISTED)
INSERT #w (k) SELECT a FROM t
INSERT o (x, y, z) SELECT k, m, n FROM #w
-- pairs: t.a > o.x i, t.a > o.y t, t.a > o.z t
-- case: computed column of table variable
DECLARE @w TABLE (k int, m AS k * 2)
INSERT @w SELECT a FROM t
INSERT o (x, y) SELECT * FROM @w
-- pairs: t.a > o.x i, t.a > o.y t
-- case: ssms upsert and xact
IF EXISTS (SELECT 1 FROM o WITH (UPDLOCK, SERIALIZABLE) WHERE id = @id) UPDATE o SET x = (SELECT TOP 1 a FROM t WHERE t.id = o.id) WHERE id = @id ELSE INSERT o (x) SELECT a FROM t WHERE id = @id
-- pairs: t.a > o.x i
-- case: nested proc exec string with params
DECLARE @s nvarchar(max) = N'INSERT INTO dbo.o (x) SELECT a FROM dbo.t WHERE id = @p'; EXEC sp_executesql @s, N'@p int', @p = 3
-- pairs: dbo.t.a > dbo.o.x i
-- case: sql output param of sp_executesql
DECLARE @s nvarchar(max) = N'SELECT @r = MAX(a) FROM dbo.t', @o int; EXEC sp_executesql @s, N'@r int OUTPUT', @r = @o OUTPUT; INSERT INTO dbo.o (x) VALUES (@o)
-- pairs: dbo.t.a > dbo.o.x a
-- case: copy into synapse
COPY INTO dbo.o (x 1, y 2) FROM 'https://acc.blob.core.windows.net/c/f.csv' WITH (FILE_TYPE = 'CSV', FIELDTERMINATOR = ',')
-- pairs: external."https://acc.blob.core.windows.net/c/f.csv".* > dbo.o.x i?,
--  external."https://acc.blob.core.windows.net/c/f.csv".* > dbo.o.y i?
-- writes: dbo.o
-- case: string_split and greatest generate_series
INSERT o (x, y) SELECT s.value, g.value FROM t CROSS APPLY STRING_SPLIT(t.a, ',') s CROSS JOIN GENERATE_SERIES(1, 10) g
-- pairs: t.a > o.x t
-- case: window named and ignore nulls
INSERT o (x) SELECT LAST_VALUE(a) IGNORE NULLS OVER (PARTITION BY id ORDER BY b) FROM t
-- pairs: t.a > o.x t, t.id > o.x w, t.b > o.x w
-- case: for json and xml auto
INSERT o (x) SELECT (SELECT u.c, u.d AS [y.z] FROM u WHERE u.id = t.id FOR JSON PATH, WITHOUT_ARRAY_WRAPPER, INCLUDE_NULL_VALUES) FROM t
-- pairs: u.c > o.x t, u.d > o.x t
-- case: update from alias with subquery and apply
UPDATE x SET x.c1 = s.mx, x.c2 = ca.v FROM dbo.o AS x JOIN (SELECT id, MAX(a) mx FROM t GROUP BY id) AS s ON s.id = x.id OUTER APPLY (SELECT TOP 1 d v FROM u WHERE u.id = x.id) ca WHERE x.c3 IS NULL
-- pairs: t.a > dbo.o.c1 a, u.d > dbo.o.c2 i
-- influences: t.id > dbo.o group_by, t.id > dbo.o join, dbo.o.id > dbo.o join, dbo.o.c3 > dbo.o filter, dbo.o.id > dbo.o filter, u.id > dbo.o filter
-- case: delete join
DELETE d FROM dbo.o d INNER JOIN t ON t.id = d.id LEFT JOIN u ON u.id = d.id WHERE u.id IS NULL
-- pairs:
-- writes: dbo.o
-- reads: dbo.o, t, u
-- case: delete from from
DELETE FROM dbo.o FROM dbo.o o INNER JOIN t ON t.id = o.id
-- pairs:
-- writes: dbo.o
-- case: goto and labels
IF @x = 1 GOTO done
INSERT o (x) SELECT a FROM t
done:
PRINT 'x'
-- pairs: t.a > o.x i
-- case: service broker & misc
RECEIVE TOP (1) @h = conversation_handle, @b = message_body FROM dbo.q;
BEGIN DIALOG CONVERSATION @h FROM SERVICE [a] TO SERVICE 'b' ON CONTRACT [c] WITH ENCRYPTION = OFF;
SEND ON CONVERSATION @h MESSAGE TYPE [m] (@b);
END CONVERSATION @h;
-- pairs:
-- case: bulk script of inserts with go count and unicode
SET IDENTITY_INSERT [dbo].[o] ON 
INSERT [dbo].[o] ([x], [y]) VALUES (1, N'it''s -- no comment /* x */')
INSERT [dbo].[o] ([x], [y]) VALUES (2, CAST(N'2001-01-01T00:00:00.000' AS DateTime))
SET IDENTITY_INSERT [dbo].[o] OFF
GO 3
-- pairs:
-- writes: dbo.o
-- case: nested comments
/* outer /* inner */ INSERT x SELECT * FROM y */ INSERT o (x) /* c */ SELECT a -- foo
 , /* drop */ b FROM t -- end
-- codes: RL140
-- pairs: t.a > o.x i
-- case: table hint without with and old joins
INSERT o (x, y) SELECT p.a, q.c FROM t p (NOLOCK), u q (nolock) WHERE p.id *= q.id
-- pairs: t.a > o.x i, u.c > o.y i
-- case: values as derived table and insert default
INSERT INTO o DEFAULT VALUES
INSERT INTO o (x, y) SELECT v.i, v.j FROM (VALUES (1, 'a'), (2, 'b')) AS v(i, j)
-- pairs:
-- case: set ops with parentheses
INSERT o (x) (SELECT a FROM t UNION SELECT c FROM u) EXCEPT (SELECT id FROM t INTERSECT SELECT id FROM u)
-- pairs: t.a > o.x i, u.c > o.x i
-- case: select into from union
SELECT a AS k INTO dbo.n FROM t UNION ALL SELECT c FROM u
-- pairs: t.a > dbo.n.k i, u.c > dbo.n.k i
-- case: exec at, remote proc four part
EXEC [LNK].[db].[dbo].[p] @x = 1
EXEC ('TRUNCATE TABLE db.dbo.o') AT LNK
-- pairs:
-- writes: lnk.db.dbo.o
-- case: dynamic table name
DECLARE @t sysname = 'dbo.' + 't', @q varchar(max)
SET @q = 'INSERT INTO dbo.o (x) SELECT a FROM ' + @t
EXEC (@q)
-- pairs: dbo.t.a > dbo.o.x i
-- case: ledger, graph node/edge, json type
CREATE TABLE dbo.n (id int, j json, v vector(3)) AS NODE
CREATE TABLE dbo.e (CONSTRAINT ec CONNECTION (dbo.n TO dbo.n) ON DELETE CASCADE) AS EDGE
INSERT INTO dbo.e ($from_id, $to_id) SELECT p.$node_id, q.$node_id FROM dbo.n p, dbo.n q
-- pairs: dbo.n.$node_id > dbo.e.$from_id i, dbo.n.$node_id > dbo.e.$to_id i
-- case: create table if with drop if exists, sparse, computed and check
DROP TABLE IF EXISTS dbo.x, dbo.y
CREATE TABLE dbo.x (a int SPARSE NULL CHECK (a > 0), c AS CASE WHEN a > 1 THEN 'y' ELSE 'n' END, xs xml COLUMN_SET FOR ALL_SPARSE_COLUMNS, CONSTRAINT ck CHECK (a < 10))
-- pairs: dbo.x.a > dbo.x.c c
-- case: alter table switch partition
ALTER TABLE dbo.stg SWITCH PARTITION 3 TO dbo.fact PARTITION 3
-- pairs: dbo.stg.* > dbo.fact.* i
-- case: waitfor, if else chain and while break continue
DECLARE @i int = 0
WHILE @i < 10 BEGIN SET @i += 1; IF @i = 5 CONTINUE ELSE IF @i = 7 BREAK; ELSE BEGIN INSERT INTO o (x) SELECT a FROM t WHERE id = @i END END
-- pairs: t.a > o.x i
-- case: security policy, external, fn
CREATE SECURITY POLICY sp ADD FILTER PREDICATE dbo.fn(x) ON dbo.o WITH (STATE = ON)
CREATE EXTERNAL DATA SOURCE ds WITH (LOCATION = 'https://x', CREDENTIAL = c)
CREATE EXTERNAL FILE FORMAT ff WITH (FORMAT_TYPE = PARQUET)
CREATE LOGIN l WITH PASSWORD = 'x'
CREATE FULLTEXT INDEX ON dbo.o (x LANGUAGE 1033) KEY INDEX pk
CREATE PARTITION FUNCTION pf (int) AS RANGE LEFT FOR VALUES (1, 10)
CREATE PARTITION SCHEME ps AS PARTITION pf ALL TO ([PRIMARY])
CREATE XML SCHEMA COLLECTION xs AS N'<x/>'
CREATE ASSEMBLY a FROM 'x.dll'
CREATE PROCEDURE dbo.clr AS EXTERNAL NAME a.b.c
GO
CREATE AGGREGATE dbo.agg (@v nvarchar(10)) RETURNS nvarchar(10) EXTERNAL NAME a.b
GO
CREATE EVENT SESSION es ON SERVER ADD EVENT sqlserver.sql_statement_completed (ACTION (sqlserver.sql_text) WHERE duration > 1) ADD TARGET package0.event_file (SET filename = 'x')
-- pairs:
-- reads:
-- case: select top with ties percent distinct offset fetch
SELECT TOP 10 PERCENT WITH TIES a FROM t ORDER BY b; SELECT DISTINCT a FROM t ORDER BY b OFFSET 10 ROWS FETCH NEXT 5 ROWS ONLY
-- pairs: t.a > a i
-- influences: t.b > None sort
-- case: temp of batch filled by procedure defined before
CREATE PROC fill AS INSERT #w SELECT a FROM t
GO
CREATE TABLE #w (k int)
EXEC fill
INSERT o (x) SELECT k FROM #w
-- pairs: t.a > o.x i
-- case: dml through callee chain
CREATE PROC m1 AS SELECT a AS k INTO #w FROM t; EXEC mid
GO
CREATE PROC mid AS EXEC rd
GO
CREATE PROC rd AS UPDATE #w SET k = k + 1; INSERT p (x) SELECT k FROM #w
-- pairs: t.a > p.x t
-- case: ssms generated alter procedure
USE [DW]
GO
/****** Object:  StoredProcedure [etl].[Load Sales]    Script Date: 1/1/2020 ******/
SET ANSI_NULLS ON
GO
SET QUOTED_IDENTIFIER ON
GO
-- =============================================
-- Author: <Author,,Name>   select * from nothing
-- =============================================
ALTER PROCEDURE [etl].[Load Sales]
	-- Add the parameters for the stored procedure here
	@Start [datetime] = NULL,
	@Rows int = 0 OUTPUT
AS
BEGIN
	-- SET NOCOUNT ON added
	SET NOCOUNT ON;
	SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED
	DECLARE @Err INT, @Proc SYSNAME = OBJECT_NAME(@@PROCID)
	IF @Start IS NULL SELECT @Start = ISNULL(MAX(LoadDate), '19000101') FROM [DW].[dbo].[FactSales]
	TRUNCATE TABLE stg.Sales
	INSERT INTO stg.Sales ([Id], [Amt], Cust)
	SELECT	S.[SalesId]
			,CASE S.Cur WHEN 'EUR' THEN S.Amt * R.Rate ELSE S.Amt END
			,C.Name + N' ' + ISNULL(C.Last, N'')
	FROM	[Src].[dbo].[Sales] AS S
			INNER JOIN Src.dbo.Customer C ON C.Id = S.CustId AND C.Active = 1
			LEFT JOIN (SELECT Cur, MAX(Rate) AS Rate FROM Src..Rates GROUP BY Cur) R ON R.Cur = S.Cur
	WHERE	S.Modified >= @Start
	ORDER BY S.SalesId
	SELECT @Err = @@ERROR, @Rows = @@ROWCOUNT
	IF @Err <> 0 GOTO ErrHandler
	UPDATE F SET F.Amt = S.Amt, F.UpdatedBy = SUSER_SNAME()
	FROM dbo.FactSales F JOIN stg.Sales S ON F.Id = S.Id AND F.Amt <> S.Amt
	INSERT dbo.FactSales (Id, Amt, LoadDate)
	SELECT Id, SUM(Amt), GETDATE() FROM stg.Sales GROUP BY Id HAVING COUNT(*) = 1
	EXEC dbo.LogIt @Proc, @Rows
	RETURN (0)
ErrHandler:
	RAISERROR ('Err %d in %s', 16, 1, @Err, @Proc)
	RETURN (1)
END
GO
EXEC sp_addextendedproperty 'x', 'y'
-- pairs: src.dbo.sales.salesid > dw.stg.sales.id i, src.dbo.sales.cur > dw.stg.sales.amt c, src.dbo.sales.amt > dw.stg.sales.amt t, src.dbo.rates.rate > dw.stg.sales.amt a, src.dbo.customer.name > dw.stg.sales.cust t, src.dbo.customer.last > dw.stg.sales.cust t, dw.stg.sales.amt > dw.dbo.factsales.amt i, dw.stg.sales.id > dw.dbo.factsales.id i, dw.stg.sales.amt > dw.dbo.factsales.amt a
-- case: view with union and cte chain no schema
CREATE VIEW dbo.vAll AS
WITH A AS (SELECT Id, Val = X + Y FROM dbo.T1), B (Id, Val) AS (SELECT K, V FROM dbo.T2 UNION ALL SELECT K2, V2 FROM dbo.T3)
SELECT A.Id, COALESCE(B.Val, A.Val) AS Val, 'src' AS Src FROM A FULL JOIN B ON A.Id = B.Id
UNION
SELECT T4.Id, NULL, T4.Src FROM dbo.T4
GO
-- pairs: dbo.t1.id > dbo.vall.id i, dbo.t2.v > dbo.vall.val t, dbo.t3.v2 > dbo.vall.val t, dbo.t1.x > dbo.vall.val t, dbo.t1.y > dbo.vall.val t, dbo.t4.id > dbo.vall.id i, dbo.t4.src > dbo.vall.src i
-- case: merge output into with temp actions
DECLARE @Changes TABLE (Act nvarchar(10), Id int, OldV int, NewV int);
MERGE dbo.Dim WITH (HOLDLOCK) AS D USING (SELECT Id, V FROM stg.Dim) AS S (Id, V) ON D.Id = S.Id
WHEN MATCHED AND EXISTS (SELECT D.V EXCEPT SELECT S.V) THEN UPDATE SET D.V = S.V, D.N += 1
WHEN NOT MATCHED BY TARGET THEN INSERT (Id, V) VALUES (S.Id, S.V)
WHEN NOT MATCHED BY SOURCE THEN DELETE
OUTPUT $action, ISNULL(inserted.Id, deleted.Id), deleted.V, inserted.V INTO @Changes (Act, Id, OldV, NewV)
OPTION (RECOMPILE);
INSERT INTO dbo.DimHist (Id, OldV, NewV) SELECT Id, OldV, NewV FROM @Changes WHERE Act = N'UPDATE';
-- pairs: stg.dim.v > dbo.dim.v i, dbo.dim.n > dbo.dim.n t, stg.dim.id > dbo.dim.id i, dbo.dim.id > dbo.dimhist.id t, dbo.dim.v > dbo.dimhist.oldv i, dbo.dim.v > dbo.dimhist.newv i
-- case: dynamic sql string building over lines and quotename
DECLARE @sql NVARCHAR(MAX), @tbl SYSNAME = N'Target', @sch SYSNAME = N'dbo';
SET @sql = N'
    INSERT INTO ' + QUOTENAME(@sch) + N'.' + QUOTENAME(@tbl) + N' (Id, Nm)
    SELECT s.Id, UPPER(s.Nm)
    FROM dbo.Source s
    WHERE s.Dt > @d AND s.Nm <> N''O''''Brien''';
PRINT @sql;
EXEC sys.sp_executesql @stmt = @sql, @params = N'@d date', @d = '20200101';
-- pairs: dbo.source.id > dbo.target.id i, dbo.source.nm > dbo.target.nm t
-- case: cursor over tables with dynamic
DECLARE @n sysname, @s nvarchar(max)
DECLARE c CURSOR FOR SELECT name FROM sys.tables WHERE is_ms_shipped = 0
OPEN c
FETCH NEXT FROM c INTO @n
WHILE (@@FETCH_STATUS <> -1) BEGIN
  IF (@@FETCH_STATUS <> -2) BEGIN
   SET @s = 'INSERT INTO dbo.Counts (tbl, n) SELECT ''' + @n + ''', COUNT(*) FROM ' + @n
   EXEC (@s)
  END
  FETCH NEXT FROM c INTO @n
END
CLOSE c DEALLOCATE c
-- pairs:
-- writes: dbo.counts
-- reads: sys.tables
-- case: begin try without semis, throw, nested tran, savepoint
BEGIN TRY
BEGIN TRANSACTION T1 SAVE TRAN sp1
INSERT dbo.o (x) SELECT a FROM t
COMMIT TRAN T1 END TRY
BEGIN CATCH
IF (XACT_STATE()) = -1 ROLLBACK
DECLARE @m nvarchar(4000) = ERROR_MESSAGE()
INSERT dbo.log (m) SELECT @m ;THROW 50001, @m, 1 END CATCH
-- pairs: t.a > dbo.o.x i
-- writes: dbo.o, dbo.log
-- case: scalar function with control flow
CREATE FUNCTION dbo.fn_Get (@id int) RETURNS decimal(10,2) WITH RETURNS NULL ON NULL INPUT AS
BEGIN
 DECLARE @r decimal(10,2)
 SELECT @r = SUM(Amt) FROM dbo.Sales WHERE Id = @id
 IF @r IS NULL SET @r = (SELECT TOP 1 Def FROM dbo.Defaults)
 RETURN ISNULL(@r, 0)
END
GO
SELECT Id, dbo.fn_Get(Id) AS Amt INTO dbo.Out FROM dbo.Cust
-- pairs: dbo.sales.amt > dbo.fn_get._col0 a, dbo.defaults.def > dbo.fn_get._col0 t, dbo.cust.id > dbo.out.id i, dbo.cust.id > dbo.out.amt t
-- case: index hints, option table hint, cross db, is distinct from, window
INSERT INTO dbo.o (x, y) SELECT a.a, LAG(a.b, 1, 0) OVER (PARTITION BY a.id ORDER BY a.b) FROM t AS a WITH (INDEX = ix_1, FORCESEEK) INNER LOOP JOIN u AS b WITH (INDEX(1), NOLOCK) ON a.id IS NOT DISTINCT FROM b.id WHERE a.a = ANY (SELECT c FROM u) AND b.d > ALL (SELECT b FROM t) OPTION (TABLE HINT (a, INDEX(ix)), QUERYTRACEON 9481, USE HINT ('x'))
-- pairs: t.a > dbo.o.x i, t.b > dbo.o.y t, t.id > dbo.o.y w
-- case: select assignment accumulations and csv
DECLARE @csv varchar(max)
SELECT @csv = COALESCE(@csv + ',', '') + a FROM t ORDER BY b
UPDATE dbo.cfg SET v = @csv WHERE k = 'x'
-- pairs: t.a > dbo.cfg.v t
-- case: update statistics of set based loops (quirky update)
DECLARE @run int = 0
UPDATE dbo.o SET @run = run = @run + amt FROM dbo.o WITH (TABLOCKX) OPTION (MAXDOP 1)
-- pairs: dbo.o.amt > dbo.o.run t
-- case: exec with result sets and insert exec dynamic
CREATE TABLE #r (a int, b int)
INSERT INTO #r (a, b) EXEC sp_executesql N'SELECT a, b FROM t WHERE id = @i', N'@i int', @i = 1
INSERT INTO #r EXEC ('SELECT c, d FROM u') AT [LNK]
EXEC dbo.p WITH RESULT SETS ((x int, y varchar(10)))
INSERT INTO o (x, y) SELECT a, b FROM #r
-- pairs: t.a > o.x i, t.b > o.y i, lnk.u.c > o.x i, lnk.u.d > o.y i
-- case: temp procedures and global
CREATE PROC #tp @x int AS SELECT a FROM t WHERE id = @x
GO
CREATE TABLE #k (v int)
INSERT #k EXEC #tp 1
INSERT o (x) SELECT v FROM #k
-- pairs: t.a > o.x i
-- case: openjson default and nested json
INSERT o (x, y) SELECT [key], JSON_VALUE([value], '$.n') FROM t CROSS APPLY OPENJSON(t.a, '$.list')
INSERT o2 (x) SELECT j.[value] FROM OPENJSON((SELECT b FROM t WHERE id = 1)) j WHERE j.[type] = 1
-- pairs: t.a > o.x t, t.a > o.y t, t.b > o2.x t
-- case: 2022 functions
INSERT o (x, y, z) SELECT GREATEST(a, b), DATETRUNC(week, a), STRING_AGG(b, ',') WITHIN GROUP (ORDER BY id) OVER (PARTITION BY a) FROM t WHERE a IS NOT DISTINCT FROM b
INSERT o (w) SELECT LAST_VALUE(a) IGNORE NULLS OVER w1 FROM t WINDOW w1 AS (PARTITION BY b ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
-- pairs: t.a > o.x t, t.b > o.x t, t.a > o.y t, t.b > o.z a, t.id > o.z w, t.a > o.z w, t.a > o.w t, t.b > o.w w, t.id > o.w w
-- case: hierarchy with cross joins and values tally
WITH n10 (n) AS (SELECT 1 FROM (VALUES (1),(1),(1)) AS v(n)), nums AS (SELECT ROW_NUMBER() OVER (ORDER BY (SELECT NULL)) AS n FROM n10 a CROSS JOIN n10 b) INSERT dbo.DimDate (d, y) SELECT DATEADD(day, n, MIN(a)), YEAR(DATEADD(day, n, MIN(a))) FROM nums CROSS JOIN t GROUP BY n
-- pairs: t.a > dbo.dimdate.d a, t.a > dbo.dimdate.y a
-- case: pivot then unpivot then join
SELECT p.id, p.[2020], p.[2021] INTO #p FROM (SELECT id, YEAR(a) AS yr, b FROM t) s PIVOT (SUM(b) FOR yr IN ([2020], [2021])) p
INSERT o (x, y) SELECT q.id, up.v FROM #p q CROSS APPLY (SELECT v FROM (SELECT q.[2020], q.[2021]) z UNPIVOT (v FOR k IN ([2020], [2021])) y) up
-- pairs: t.id > o.x i, t.b > o.y a, t.a > o.y c
-- case: error-prone names
SELECT [a.b].[c d], [x]]y].[z] INTO [dbo].[My Table] FROM [a.b] JOIN [dbo].[x]]y] ON [a.b].[id] = [x]]y].[id]
-- pairs: "a.b".c d > dbo.my table.c d i, dbo.x]y.z > dbo.my table.z i
-- reads: "a.b", dbo.x]y
-- case: union all into temp with order
SELECT * INTO #u FROM (SELECT id, a FROM t UNION ALL SELECT id, c FROM u) q ORDER BY 1
INSERT o (x, y) SELECT * FROM #u
-- pairs: t.id > o.x i, u.id > o.x i, t.a > o.y i, u.c > o.y i
-- case: alter table add then insert star into temp
CREATE TABLE #a (id int)
ALTER TABLE #a ADD v int, w AS (v + 1)
INSERT #a SELECT id, a FROM t
INSERT o (x, y, z) SELECT id, v, w FROM #a
-- pairs: t.id > o.x i, t.a > o.y i, t.a > o.z t
-- case: insert temp identity_insert with list
CREATE TABLE #a (id int IDENTITY(1,1), v int)
SET IDENTITY_INSERT #a ON
INSERT #a (id, v) SELECT id, a FROM t
INSERT o (x, y) SELECT * FROM #a
-- pairs: t.id > o.x i, t.a > o.y i
-- case: if else creating same temp
IF @x = 1 SELECT a AS v INTO #a FROM t ELSE SELECT c AS v INTO #a FROM u
INSERT o (x) SELECT v FROM #a
-- pairs: t.a > o.x i, u.c > o.x i
-- case: proc with default table valued and xml params, readonly
CREATE PROC dbo.p (@a int = 5, @b nvarchar(max) = N'x, y', @c xml = NULL, @d dbo.tt READONLY, @e cursor VARYING OUTPUT, @f decimal(10, 2) OUT) WITH RECOMPILE, EXECUTE AS 'dbo' FOR REPLICATION AS
 INSERT o (x) SELECT a FROM t WHERE id = @a
-- pairs: t.a > o.x i
-- case: natively compiled
CREATE PROCEDURE dbo.n @i int NOT NULL WITH NATIVE_COMPILATION, SCHEMABINDING AS BEGIN ATOMIC WITH (TRANSACTION ISOLATION LEVEL = SNAPSHOT, LANGUAGE = N'us_english')
 INSERT INTO dbo.o (x) SELECT a FROM dbo.t
END
-- pairs: dbo.t.a > dbo.o.x i
-- case: numbered procs and old syntax
CREATE PROC dbo.p;1 AS SELECT a FROM t
GO
CREATE PROC dbo.p;2 AS SELECT b FROM t
GO
-- pairs: t.a > dbo.p.a i, t.b > dbo.p.b i
-- case: print strings containing sql, raiserror
PRINT 'INSERT INTO x SELECT y FROM z' + CHAR(13)
RAISERROR('SELECT * FROM z', 0, 1) WITH NOWAIT
EXEC xp_cmdshell 'bcp "SELECT a FROM db.dbo.t" queryout f.txt -T -c'
EXEC msdb.dbo.sp_send_dbmail @query = 'SELECT a FROM t', @subject = 'x'
-- pairs:
-- writes:
-- case: bcp-like & openrowset update/delete, linked server dml
UPDATE OPENQUERY(LNK, 'SELECT x FROM db.dbo.o WHERE id = 1') SET x = 'y'
INSERT OPENQUERY(LNK, 'SELECT x, y FROM db.dbo.o') SELECT a, b FROM t
DELETE OPENQUERY(LNK, 'SELECT x FROM db.dbo.o')
UPDATE LNK.db.dbo.o SET x = t.a FROM LNK.db.dbo.o o JOIN t ON t.id = o.id
-- pairs: t.a > lnk.db.dbo.o.x i, t.b > lnk.db.dbo.o.y i
-- writes: lnk.db.dbo.o
-- case: update on view / cte chain with output inserted star
UPDATE o SET x += 1, y -= a, z *= 2 OUTPUT deleted.*, inserted.x AS nx INTO h FROM o INNER JOIN t ON t.id = o.id
-- pairs: o.x > o.x t, o.y > o.y t, t.a > o.y t, o.z > o.z t, o.* > h.* i, o.x > h.nx i
-- writes: o, h
-- case: merge with values constructor & cte
WITH src AS (SELECT id, MAX(a) AS a FROM t GROUP BY id) MERGE TOP (10) INTO dbo.o AS o USING src ON src.id = o.id WHEN MATCHED THEN UPDATE SET a = src.a WHEN NOT MATCHED THEN INSERT VALUES (src.id, src.a);
MERGE dbo.o USING (VALUES (1, 'x'), (2, 'y')) AS s (id, nm) ON dbo.o.id = s.id WHEN NOT MATCHED THEN INSERT (id, nm) VALUES (s.id, s.nm);
-- pairs: t.a > dbo.o.a a, t.id > dbo.o._col0 i, t.a > dbo.o._col1 a
-- writes: dbo.o
-- case: if exists pattern with drop create function call in check
IF OBJECT_ID(N'dbo.v', N'V') IS NOT NULL
    DROP VIEW dbo.v;
GO
CREATE VIEW dbo.v AS SELECT a FROM t WHERE a > dbo.f(1)
GO
IF COL_LENGTH('dbo.o', 'x') IS NULL ALTER TABLE dbo.o ADD x int NOT NULL CONSTRAINT df DEFAULT (0) WITH VALUES
-- pairs: t.a > dbo.v.a i
-- case: rows go into a query for another server
INSERT OPENQUERY(LNK, 'SELECT x, y FROM db.dbo.o WHERE 1 = 0') SELECT a, b FROM t
INSERT INTO OPENROWSET('SQLNCLI', 'Server=s;', d.dbo.o) (z) SELECT a FROM t
-- pairs: t.a > lnk.db.dbo.o.x i, t.b > lnk.db.dbo.o.y i, t.a > s.d.dbo.o.z i
-- case: insert without a column list passes over computed columns that were added
CREATE TABLE dbo.m (x int)
ALTER TABLE dbo.m ADD c AS (x + 1), z int
INSERT dbo.m SELECT a, b FROM t
-- pairs: dbo.m.x > dbo.m.c t, t.a > dbo.m.x i, t.b > dbo.m.z i
-- case: clone of fabric [fabric]
CREATE TABLE dbo.c AS CLONE OF t AT '2024-01-01T00:00:00.000';
-- pairs: t.id > dbo.c.id i, t.a > dbo.c.a i, t.b > dbo.c.b i
-- case: variables end with their batch, cursors and temporary tables do not
DECLARE @v dbo.tt, @w int; INSERT @v (k) SELECT a FROM t; SELECT @w = MAX(b) FROM t; SELECT c AS k INTO #k FROM u
DECLARE kept CURSOR FOR SELECT d FROM u
GO
DECLARE @v dbo.tt, @z int; INSERT o (x) SELECT k FROM @v; INSERT o (w) VALUES (@w); INSERT o (y) SELECT k FROM #k
OPEN kept; FETCH kept INTO @z; INSERT o (z) VALUES (@z)
-- pairs: u.c > o.y i, u.d > o.z i
-- case: another version of a procedure takes the place of the first
CREATE PROC dbo.p @n int OUTPUT AS SELECT @n = MAX(a) FROM t; SELECT b INTO #w FROM t; SELECT a FROM t
GO
ALTER PROC dbo.p @i int, @m int OUTPUT, @n int AS INSERT o (x) SELECT b FROM #w; SET @m = @n; SELECT c FROM u
GO
DECLARE @x int; EXEC dbo.p 1, @x OUTPUT, 2; INSERT o (y) VALUES (@x)
INSERT o (z) EXEC dbo.p 1, 2, 3
-- pairs: t.a > dbo.p.@n a, t.a > dbo.p.a i, u.c > dbo.p.c i, dbo.p.@m > o.y i, dbo.p.c > o.z i
-- case: a stub that is altered
IF OBJECT_ID('dbo.p') IS NULL EXEC ('CREATE PROCEDURE dbo.p AS SELECT 1')
GO
ALTER PROCEDURE dbo.p AS SELECT a, b FROM t
GO
CREATE VIEW dbo.v AS SELECT 1 AS x
GO
ALTER VIEW dbo.v AS SELECT a, b FROM t
GO
INSERT o (x, y) EXEC dbo.p
INSERT q SELECT * FROM dbo.v
-- pairs: t.a > dbo.p.a i, t.b > dbo.p.b i, dbo.p.a > o.x i, dbo.p.b > o.y i, t.a > dbo.v.a i, t.b > dbo.v.b i,
--  dbo.v.a > q.a i, dbo.v.b > q.b i
-- case: labels in the middle of a line
GOTO done INSERT o (x) SELECT a FROM t done: INSERT p (x) SELECT b FROM t
-- pairs: t.a > o.x i, t.b > p.x i
-- case: variables of one name and several table types
CREATE TYPE dbo.t1 AS TABLE (k int, m int)
CREATE TYPE dbo.t2 AS TABLE (n int, m int)
GO
DECLARE @v dbo.t1; INSERT @v SELECT a, b FROM t; INSERT o (x) SELECT k FROM @v
GO
DECLARE @v dbo.t2; INSERT @v SELECT c, d FROM u; INSERT p (x) SELECT n FROM @v
-- pairs: t.a > o.x i, u.c > p.x i
-- case: what semantic search finds is made of the documents
SELECT k.keyphrase, k.document_key INTO dbo.k FROM SEMANTICKEYPHRASETABLE(dbo.docs, (title, body)) AS k;
SELECT s.score INTO dbo.s FROM SEMANTICSIMILARITYTABLE(dbo.docs, body, @id) AS s;
SELECT * INTO dbo.d FROM SEMANTICSIMILARITYDETAILSTABLE(dbo.docs, body, @a, body, @b);
SELECT score INTO dbo.e FROM SEMANTICKEYPHRASETABLE(dbo.docs, *);
-- pairs: dbo.docs.title > dbo.k.keyphrase t, dbo.docs.body > dbo.k.keyphrase t, dbo.docs.body > dbo.s.score t,
--  dbo.docs.body > dbo.d.keyphrase t, dbo.docs.body > dbo.d.score t
-- case: functions that read files of the server's own logs
SELECT event_time, statement INTO dbo.audits FROM sys.fn_get_audit_file(N'C:\audit\*.sqlaudit', DEFAULT, DEFAULT);
INSERT INTO dbo.x (e) SELECT CAST(f.event_data AS xml) FROM sys.fn_xe_file_target_read_file(N's*.xel', NULL, NULL, NULL) AS f;
INSERT INTO dbo.y (e) SELECT t.TextData FROM ::fn_trace_gettable('t.trc', DEFAULT) AS t;
INSERT INTO dbo.z (e) SELECT t.TextData FROM sys.traces s CROSS APPLY sys.fn_trace_gettable(s.path, DEFAULT) AS t;
-- pairs: external."C:\audit\*.sqlaudit".event_time > dbo.audits.event_time i,
--  external."C:\audit\*.sqlaudit".statement > dbo.audits.statement i, external."s*.xel".event_data > dbo.x.e t,
--  external."t.trc".textdata > dbo.y.e i, sys.fn_trace_gettable.textdata > dbo.z.e i
-- case: parameters of a template have defaults
USE <database_name, sysname, AdventureWorks>;
GO
CREATE VIEW <schema_name, sysname, dbo>.v_<suffix,,top> AS <select_statement, , SELECT a.au_id FROM dbo.authors a>
GO
-- pairs: adventureworks.dbo.authors.au_id > adventureworks.dbo.v_top.au_id i
-- case: comparisons are no parameters
INSERT INTO o (x) SELECT CASE WHEN a <b THEN a ELSE 2 END FROM t WHERE a <b AND b >a;
-- pairs: t.a > o.x t, t.b > o.x c
-- case: conditions that are added to a text
DECLARE @s nvarchar(max) = N'INSERT o (k) SELECT a FROM t WHERE 1 = 1 ' + @more + N' GROUP BY a';
EXEC (@s);
-- pairs: t.a > o.k i?
-- case: a text of which the beginning is not known
EXEC (@x + N'DROP TABLE z');
-- pairs:
-- codes: RL110
-- case: a file table is like no other one
CREATE TABLE dbo.f AS FILETABLE WITH (FileTable_Directory = 'x');
-- pairs:
-- reads:
