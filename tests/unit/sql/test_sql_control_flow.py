"""Variables and temporary tables along branches, loops, handlers and jumps of T-SQL: what may they hold when they are read?"""

from __future__ import annotations

import pytest

from ray_lineage.compile.sql.engines.tsql import TSQL
from ray_lineage.compile.sql.lex.tokens import tokenize
from ray_lineage.compile.sql.split.generic import split
from ray_lineage.model import ANY, ANY_LOOP, CATCH, ELSE, LOOP, ROLES, THEN, TRY
from tests.unit.sql.cases import check

STRAIGHT = [
    ("a new value replaces the old one", "SET @v = (SELECT a FROM t); SET @v = (SELECT b FROM t); INSERT INTO o (c) VALUES (@v)", ["t.b > o.c i"]),
    ("a constant takes the lineage away", "SET @v = (SELECT a FROM t); SET @v = 1; INSERT INTO o (c) VALUES (@v)", []),
    ("each use sees what was set before it", "SET @v = (SELECT a FROM t); INSERT INTO o (c) VALUES (@v); SET @v = (SELECT b FROM t); INSERT INTO o (d) VALUES (@v)", ["t.a > o.c i", "t.b > o.d i"]),
    ("SELECT = of a table may have no row", "SELECT @v = a FROM t; SELECT @v = b FROM t WHERE id = 1; INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i", "t.b > o.c i"]),
    ("SELECT = of an aggregate has one", "SELECT @v = a FROM t; SELECT @v = MAX(b) FROM t WHERE id = 1; INSERT INTO o (c) VALUES (@v)", ["t.b > o.c a"]),
    ("but not by groups", "SELECT @v = a FROM t; SELECT @v = MAX(b) FROM t GROUP BY id; INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i", "t.b > o.c a"]),
    ("SELECT = without FROM has one", "SELECT @v = a FROM t; SELECT @v = NULL; INSERT INTO o (c) VALUES (@v)", []),
    ("DECLARE with a value", "SET @v = (SELECT a FROM t)\nGO\nDECLARE @v int = 1; INSERT INTO o (c) VALUES (@v)", []),
    ("DECLARE without a value", "SET @v = (SELECT a FROM t)\nGO\nDECLARE @v int; INSERT INTO o (c) VALUES (@v)", []),
    ("a value that is made of the old one", "SET @v = (SELECT a FROM t); SET @v = @v + (SELECT b FROM t); INSERT INTO o (c) VALUES (@v)", ["t.a > o.c t", "t.b > o.c t"]),
]  # fmt: skip

BRANCHES = [
    ("a branch adds", "SET @v = (SELECT a FROM t); IF @x = 1 SET @v = (SELECT b FROM t); INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i", "t.b > o.c i"]),
    ("within the branch it replaces", "SET @v = (SELECT a FROM t); IF @x = 1 BEGIN SET @v = (SELECT b FROM t); INSERT INTO o (c) VALUES (@v) END", ["t.b > o.c i"]),
    ("two branches replace", "SET @v = (SELECT a FROM t); IF @x = 1 SET @v = (SELECT b FROM t) ELSE SET @v = 2; INSERT INTO o (c) VALUES (@v)", ["t.b > o.c i"]),
    ("ELSE does not see THEN", "IF @x = 1 SET @v = (SELECT a FROM t) ELSE INSERT INTO o (c) VALUES (@v)", []),
    ("ELSE IF", "SET @v = (SELECT a FROM t); IF @x = 1 SET @v = 1 ELSE IF @x = 2 BEGIN SET @v = (SELECT b FROM t) END; INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i", "t.b > o.c i"]),
    ("TRY may end anywhere", "BEGIN TRY SET @v = (SELECT a FROM t); SET @v = (SELECT b FROM t) END TRY BEGIN CATCH INSERT INTO o (c) VALUES (@v) END CATCH", ["t.a > o.c i", "t.b > o.c i"]),
    ("after the handler either", "SET @v = (SELECT a FROM t); BEGIN TRY SET @v = (SELECT b FROM t) END TRY BEGIN CATCH PRINT 1 END CATCH; INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i", "t.b > o.c i"]),
    ("RETURN ends its branch", "IF @x = 1 BEGIN SET @v = (SELECT a FROM t); RETURN END ELSE SET @v = (SELECT b FROM t); INSERT INTO o (c) VALUES (@v)", ["t.b > o.c i"]),
    ("THROW ends its handler", "BEGIN TRY SET @v = (SELECT a FROM t) END TRY BEGIN CATCH SET @v = (SELECT b FROM t); THROW END CATCH; INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i"]),
    ("RETURN in a loop ends all of it", "WHILE 1 = 1 BEGIN INSERT INTO o (c) VALUES (@v); IF @x = 1 BEGIN SET @v = (SELECT a FROM t); RETURN END END", []),
    ("a text of a branch that ends", "DECLARE @s nvarchar(max) = 'INSERT INTO o (c) SELECT id FROM t'; IF @x = 1 BEGIN SET @s = 'INSERT INTO o (c) SELECT a FROM t'; RETURN END ELSE SET @s = 'INSERT INTO o (c) SELECT b FROM t'; EXEC (@s)", ["t.b > o.c i"]),
    ("a temporary table outlives the batch", "SELECT b AS p INTO #w FROM t WHERE 1 = 0; IF @x = 1 BEGIN INSERT #w SELECT a FROM t; RETURN END\nGO\nINSERT INTO o (c) SELECT p FROM #w", ["t.a > o.c i", "t.b > o.c i"]),
    ("a jump forwards", "SET @v = (SELECT a FROM t)\nGOTO done\nSET @v = 1\ndone:\nINSERT INTO o (c) VALUES (@v)", ["t.a > o.c i"]),
    ("a jump backwards", "again:\nINSERT INTO o (c) VALUES (@v)\nSET @v = (SELECT a FROM t)\nGOTO again", ["t.a > o.c i"]),
]  # fmt: skip

LOOPS = [
    ("the next turn sees what this one sets", "WHILE 1 = 1 BEGIN INSERT INTO o (c) VALUES (@v); SET @v = (SELECT a FROM t) END", ["t.a > o.c i"]),
    ("set before it is read, in each turn", "SET @v = (SELECT a FROM t); WHILE 1 = 1 BEGIN SET @v = (SELECT b FROM t); INSERT INTO o (c) VALUES (@v) END", ["t.b > o.c i"]),
    ("maybe no turn at all", "SET @v = (SELECT a FROM t); WHILE 1 = 2 SET @v = (SELECT b FROM t); INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i", "t.b > o.c i"]),
    ("through several variables and loops", "WHILE 1 = 1 BEGIN WHILE 1 = 1 BEGIN SET @v = @w; SET @w = @x END SET @x = (SELECT a FROM t) END INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i"]),
    ("a cursor's loop", "DECLARE k CURSOR FOR SELECT a, b FROM t; OPEN k; FETCH NEXT FROM k INTO @v, @w; WHILE @@FETCH_STATUS = 0 BEGIN INSERT INTO o (c, d) VALUES (@v, @w); FETCH NEXT FROM k INTO @v, @w END", ["t.a > o.c i", "t.b > o.d i"]),
    ("a table variable is made once", "WHILE 1 = 1 BEGIN DECLARE @w TABLE (p int); INSERT INTO o (c) SELECT p FROM @w; INSERT INTO @w SELECT a FROM t END", ["t.a > o.c i"]),
]  # fmt: skip

TABLES = [
    ("truncated", "CREATE TABLE #w (p int); INSERT #w SELECT a FROM t; TRUNCATE TABLE #w; INSERT #w SELECT b FROM t; INSERT INTO o (c) SELECT p FROM #w", ["t.b > o.c i"]),
    ("emptied", "CREATE TABLE #w (p int); INSERT #w SELECT a FROM t; DELETE FROM #w; INSERT INTO o (c) SELECT p FROM #w", []),
    ("emptied in part", "CREATE TABLE #w (p int); INSERT #w SELECT a FROM t; DELETE FROM #w WHERE p = 1; INSERT INTO o (c) SELECT p FROM #w", ["t.a > o.c i"]),
    ("emptied up to a number of rows", "CREATE TABLE #w (p int); INSERT #w SELECT a FROM t; DELETE TOP (5) FROM #w; INSERT INTO o (c) SELECT p FROM #w", ["t.a > o.c i"]),
    ("maybe emptied", "CREATE TABLE #w (p int); INSERT #w SELECT a FROM t; IF @x = 1 TRUNCATE TABLE #w; INSERT INTO o (c) SELECT p FROM #w", ["t.a > o.c i"]),
    ("dropped and made anew with other columns", "CREATE TABLE #w (p int); INSERT #w SELECT a FROM t; DROP TABLE #w; CREATE TABLE #w (q int, p int); INSERT #w SELECT a, b FROM t; INSERT INTO o (c) SELECT p FROM #w", ["t.b > o.c i"]),
    ("made in one branch or the other", "IF @x = 1 SELECT a AS p INTO #w FROM t ELSE SELECT b AS p INTO #w FROM t\nINSERT INTO o (c) SELECT p FROM #w", ["t.a > o.c i", "t.b > o.c i"]),
    ("each procedure has its own", "CREATE PROC p AS CREATE TABLE #w (p int); INSERT #w SELECT a FROM t\nGO\nCREATE PROC q AS CREATE TABLE #w (q int, p int); INSERT #w SELECT a, b FROM t; INSERT INTO o (c) SELECT p FROM #w", ["t.b > o.c i"]),
]  # fmt: skip

TEXTS = [
    ("one of two texts", "DECLARE @s nvarchar(max); IF @x = 1 SET @s = 'INSERT INTO o (c) SELECT a FROM t' ELSE SET @s = 'INSERT INTO o (c) SELECT b FROM t'; EXEC (@s)", ["t.a > o.c i", "t.b > o.c i"]),
    ("an end that is added in a branch", "DECLARE @s nvarchar(max) = 'INSERT INTO o (c) SELECT a FROM t'; IF @x = 1 SET @s += ' UNION ALL SELECT b FROM t'; EXEC (@s)", ["t.a > o.c i", "t.b > o.c i"]),
    ("used again for another text", "DECLARE @s nvarchar(max) = 'INSERT INTO o (c) SELECT a FROM t'; EXEC (@s); SET @s = 'INSERT INTO o (d) SELECT b FROM t'; EXEC (@s)", ["t.a > o.c i", "t.b > o.d i"]),
    ("only that of its own branch", "DECLARE @s nvarchar(max); IF @x = 1 SET @s = 'INSERT INTO o (c) SELECT a FROM t' ELSE BEGIN SET @s = 'INSERT INTO o (c) SELECT b FROM t'; EXEC (@s) END", ["t.b > o.c i"]),
    ("a name that depends on a branch", "DECLARE @n sysname = 't'; IF @x = 1 SET @n = 'u'; EXEC ('INSERT INTO o (c) SELECT a FROM ' + @n)", ["t.a > o.c i", "u.a > o.c i"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "expected"),
    [c[1:] for c in (*STRAIGHT, *BRANCHES, *LOOPS, *TABLES, *TEXTS)],
    ids=[c[0] for c in (*STRAIGHT, *BRANCHES, *LOOPS, *TABLES, *TEXTS)],
)
def test_what_is_held(sql: str, expected: list[str]) -> None:
    check(("tsql", sql, expected))


def paths(sql: str) -> list[tuple[int, ...]]:
    """Roles of the branches around every SET."""
    found = split(tokenize(sql, TSQL)[0], TSQL)
    return [tuple(step % ROLES for step in s.path) for s in found if s.verb == "SET"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("IF 1 = 1 SET @a = 1 SET @a = 2", [(THEN,), ()]),
        ("IF 1 = 1 BEGIN SET @a = 1 SET @a = 2 END SET @a = 3", [(THEN,), (THEN,), ()]),
        ("IF 1 = 1 IF 2 = 2 SET @a = 1 ELSE SET @a = 2 ELSE SET @a = 3 SET @a = 4", [(THEN, THEN), (THEN, ELSE), (ELSE,), ()]),
        ("IF 1 = 1 SET @a = CASE WHEN 1 = 1 THEN 1 ELSE 2 END ELSE SET @a = 3", [(THEN,), (ELSE,)]),
        ("WHILE 1 = 1 IF 2 = 2 SET @a = 1 ELSE SET @a = 2 SET @a = 3", [(LOOP, THEN), (LOOP, ELSE), ()]),
        ("BEGIN TRY IF 1 = 1 SET @a = 1; END TRY BEGIN CATCH SET @a = 2 END CATCH SET @a = 3", [(TRY, THEN), (CATCH,), ()]),
        ("IF 1 = 1 BEGIN TRAN SET @a = 1", [()]),
        ("BEGIN SET @a = 1 END SET @a = 2", [(), ()]),
        ("IF 1 = 1 BEGIN SET @a = 1\nGO\nSET @a = 2", [(THEN,), ()]),
        ("SET @a = 1\nx:\nSET @a = 2\nIF 1 = 1 GOTO x", [(ANY_LOOP,), (ANY_LOOP,)]),
        ("IF 1 = 1 GOTO x\nSET @a = 1\nx: SET @a = 2", [(ANY,), (ANY,)]),
    ],
    ids=lambda v: v[:60] if isinstance(v, str) else "",
)  # fmt: skip
def test_branches_of_statements(sql: str, expected: list[tuple[int, ...]]) -> None:
    assert paths(sql) == expected


def test_deep_loops_are_read_in_a_few_passes() -> None:
    sql = "WHILE 1 = 1 BEGIN " * 50 + "INSERT INTO o (c) VALUES (@v) SET @v = (SELECT a FROM t)" + " END" * 50
    check(("tsql", sql, ["t.a > o.c i"]))
