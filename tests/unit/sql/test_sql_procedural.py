"""What procedures do besides data statements: variables, cursors, calls, dynamic SQL, triggers, and DDL that moves data."""

from __future__ import annotations

import pytest

import ray_lineage
from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.link import Linker
from ray_lineage.model import Call, ForeignKey, encode_facts
from tests.unit.sql.cases import Case, check

VARIABLES: list[Case] = [
    ("tsql", "CREATE PROC p AS DECLARE @v int SELECT @v = a FROM t INSERT INTO o (c) VALUES (@v)", ["t.a > o.c i"]),
    ("tsql", "DECLARE @v int = (SELECT MAX(a) FROM t) UPDATE o SET c = @v", ["t.a > o.c a"]),
    ("tsql", "DECLARE @v int; SET @v = (SELECT a FROM t); SET @v += 1; INSERT INTO o (c) SELECT @v", ["t.a > o.c t"]),
    ("tsql", "DECLARE @v int, @w int; SELECT @v = a FROM t; SET @w = @v; INSERT INTO o (c) SELECT @w", ["t.a > o.c i"]),
    ("tsql", "CREATE PROC p @x int AS INSERT INTO o (c) SELECT @x", []),
    ("tsql", "DECLARE c CURSOR FOR SELECT a, b FROM t; OPEN c; FETCH NEXT FROM c INTO @x, @y; INSERT INTO o (c, d) VALUES (@x, @y)", ["t.a > o.c i", "t.b > o.d i"]),
    ("postgres", "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE v int; BEGIN SELECT a INTO v FROM t; INSERT INTO o (c) VALUES (v); END $$", ["t.a > o.c i"]),
    ("postgres", "DO $$ DECLARE v int; BEGIN v := (SELECT max(a) FROM t); UPDATE o SET c = v; END $$", ["t.a > o.c a"]),
    ("postgres", "DO $$ DECLARE r record; BEGIN FOR r IN SELECT a FROM t LOOP INSERT INTO o (c) VALUES (r.a); END LOOP; END $$", ["t.a > o.c i"]),
    ("oracle", "CREATE PROCEDURE p IS v NUMBER; BEGIN SELECT a INTO v FROM t; INSERT INTO o (c) VALUES (v); END;\n/", ["t.a > o.c i"]),
    ("oracle", "BEGIN FOR r IN (SELECT a FROM t) LOOP INSERT INTO o (c) VALUES (r.a); END LOOP; END;\n/", ["t.a > o.c i"]),
    ("mysql", "DELIMITER //\nCREATE PROCEDURE p() BEGIN DECLARE v INT; SELECT a INTO v FROM t; INSERT INTO o (c) VALUES (v); END //\nDELIMITER ;", ["t.a > o.c i"]),
    ("snowflake", "CREATE PROCEDURE p() RETURNS int LANGUAGE SQL AS $$ DECLARE v int; BEGIN SELECT a INTO :v FROM t; INSERT INTO o (c) SELECT :v; END; $$", ["t.a > o.c i"]),
    ("bigquery", "DECLARE v INT64 DEFAULT (SELECT MAX(a) FROM d.t); INSERT INTO d.o (c) SELECT v", ["d.t.a > d.o.c a"]),
]  # fmt: skip

DYNAMIC: list[Case] = [
    ("tsql", "EXEC('INSERT INTO o (c) SELECT a FROM t')", ["t.a > o.c i"]),
    ("tsql", "EXEC sp_executesql N'INSERT INTO o (c) SELECT a FROM t WHERE b = @p', N'@p int', @p = 1", ["t.a > o.c i"]),
    ("tsql", "DECLARE @s nvarchar(max) = N'INSERT INTO o (c) '; SET @s = @s + N'SELECT a FROM t'; EXEC (@s)", ["t.a > o.c i"]),
    ("tsql", "DECLARE @s nvarchar(max) = N'INSERT INTO o (c) '; SET @s += N'SELECT a FROM t'; EXEC sp_executesql @s", ["t.a > o.c i"]),
    ("tsql", "EXEC('INSERT INTO o (c) SELECT a FROM t WHERE b = ' + @unknown)", ["t.a > o.c i?"]),
    ("tsql", "EXEC('INSERT INTO o (c) SELECT a FROM ' + @unknown)", []),
    ("tsql", "EXEC('INSERT INTO o (c) SELECT ' + CASE WHEN @x = 1 THEN 'a' ELSE 'b' END + ' FROM t')", ["t.a > o.c i?"]),
    ("tsql", "INSERT INTO o (c) EXEC('SELECT a FROM t')", ["t.a > o.c i"]),
    ("oracle", "BEGIN EXECUTE IMMEDIATE 'INSERT INTO o (c) SELECT a FROM t'; END;", ["t.a > o.c i"]),
    ("postgres", "DO $$ BEGIN EXECUTE 'INSERT INTO o (c) SELECT a FROM t'; END $$", ["t.a > o.c i"]),
    ("mysql", "PREPARE s FROM 'INSERT INTO o (c) SELECT a FROM t'", ["t.a > o.c i"]),
    ("bigquery", "EXECUTE IMMEDIATE 'INSERT INTO d.o (c) SELECT a FROM d.t'", ["d.t.a > d.o.c i"]),
    ("bigquery", "BEGIN EXECUTE IMMEDIATE FORMAT('INSERT INTO d.o (c) SELECT a FROM d.t WHERE b > %i AND e > %5.2f', n, m); END;", ["d.t.a > d.o.c i?"]),
    ("oracle", "CREATE PROCEDURE p IS r t%ROWTYPE; n ns; BEGIN SELECT a INTO r.b FROM t; r.a := n(1)(n(1).first); INSERT INTO o (c, d) VALUES (r.a, r.b); END;\n/", ["t.a > o.d i"]),
    ("oracle", "$ del params.tmp\n! rm params.tmp\nBEGIN EXECUTE IMMEDIATE 'INSERT INTO o (c) SELECT a FROM t'; END;", ["t.a > o.c i"]),
]  # fmt: skip

PROGRAMS: list[Case] = [
    ("tsql", "CREATE PROC q AS SELECT a, b FROM t\nGO\nINSERT INTO z (m, n) EXEC q", ["t.a > q.a i", "t.b > q.b i", "q.a > z.m i", "q.b > z.n i"]),
    ("tsql", "CREATE TRIGGER tr ON t AFTER UPDATE AS INSERT INTO l (x) SELECT i.a FROM inserted i JOIN deleted d ON i.a = d.a", ["t.a > l.x i"]),
    ("oracle", "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN INSERT INTO l (x) VALUES (:new.a); END;", ["t.a > l.x i"]),
    ("mysql", "DELIMITER $$\nCREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW BEGIN INSERT INTO l (x) VALUES (NEW.a); END$$\nDELIMITER ;", ["t.a > l.x i"]),
    ("oracle", "CREATE PACKAGE BODY k AS PROCEDURE p IS BEGIN INSERT INTO o (c) SELECT a FROM t; END p; PROCEDURE q IS BEGIN INSERT INTO o (d) SELECT b FROM t; END; END k;\n/\nINSERT INTO z SELECT a FROM t", ["t.a > o.c i", "t.b > o.d i", "t.a > z.a i"]),
    ("oracle", "CREATE TYPE BODY k AS MEMBER PROCEDURE p IS BEGIN INSERT INTO o (c) SELECT a FROM t; END; MAP MEMBER FUNCTION m RETURN NUMBER IS v NUMBER; BEGIN SELECT b INTO v FROM t; RETURN v; END m; CONSTRUCTOR FUNCTION k(x NUMBER) RETURN SELF AS RESULT IS BEGIN RETURN; END; END;\n/\nINSERT INTO z SELECT a FROM t", ["t.a > o.c i", "t.b > k.m.v i", "t.a > z.a i"]),
    ("postgres", "CREATE FUNCTION f() RETURNS SETOF int LANGUAGE sql BEGIN ATOMIC SELECT a FROM t; END", ["t.a > f.f i"]),
]  # fmt: skip

_OUT = "CREATE PROCEDURE q(m OUT NUMBER, k IN NUMBER, n IN OUT NUMBER) IS BEGIN SELECT a INTO m FROM t; SELECT b INTO n FROM t; END;\n/\n"
_PUT = ["t.a > q.m i", "t.b > q.n i"]
OUTPUTS: list[Case] = [
    ("oracle", _OUT + "CREATE PROCEDURE p IS v NUMBER; w NUMBER; x NUMBER; BEGIN q(v, x, w); INSERT INTO o (c, d, e) VALUES (v, w, x); END;\n/", [*_PUT, "q.m > o.c i", "q.n > o.d i"]),
    ("oracle", _OUT + "CREATE PROCEDURE p IS v NUMBER; w NUMBER; x NUMBER; BEGIN q(n => v, k => x, m => w); INSERT INTO o (c, d, e) VALUES (v, w, x); END;\n/", [*_PUT, "q.n > o.c i", "q.m > o.d i"]),
    ("oracle", "CREATE PACKAGE BODY k AS PROCEDURE p IS v NUMBER; BEGIN q(v); INSERT INTO o (c) VALUES (v); END; PROCEDURE q(x OUT NUMBER) IS BEGIN SELECT a INTO x FROM t; END; END;\n/", ["t.a > k.q.x i", "k.q.x > o.c i"]),
    ("oracle", "CREATE PROCEDURE q(x OUT NUMBER) IS BEGIN SELECT a INTO x FROM t; IF x = 1 THEN RETURN; END IF; SELECT b INTO x FROM t; END;\n/", ["t.a > q.x i", "t.b > q.x i"]),
    ("oracle", "CREATE PACKAGE BODY k AS m NUMBER; PROCEDURE q(x OUT NUMBER) IS BEGIN SELECT a INTO x FROM t; END; PROCEDURE r(x OUT NUMBER) IS BEGIN x := 1; END; PROCEDURE s(x IN OUT NUMBER) IS BEGIN x := x + 1; END; PROCEDURE p IS BEGIN q(m); s(m); INSERT INTO o (c) VALUES (m); r(m); INSERT INTO o (d) VALUES (m); END; END;\n/", ["t.a > k.q.x i", "k.q.x > o.c i"]),
    ("oracle", "CREATE PROCEDURE p IS v NUMBER; BEGIN SELECT a INTO v FROM t; unknown(v, v); INSERT INTO o (c) VALUES (v); END;\n/", ["t.a > o.c i"]),
]  # fmt: skip
"""What a procedure of PL/SQL puts into its OUT parameters, by position or by name (Oracle's PL/SQL Language Reference, 8.7)."""

MOVES: list[Case] = [
    ("tsql", "CREATE SYNONYM s FOR t\nGO\nINSERT INTO o (c) SELECT a FROM s", ["t.* > s.* i", "s.a > o.c i"]),
    ("postgres", "ALTER TABLE a RENAME TO b", ["a.* > b.* i"]),
    ("tsql", "ALTER TABLE a SWITCH PARTITION 1 TO b", ["a.* > b.* i"]),
    ("snowflake", "ALTER TABLE a SWAP WITH b", ["a.* > b.* i", "b.* > a.* i"]),
    ("mysql", "RENAME TABLE a TO b", ["a.* > b.* i"]),
    ("tsql", "INSERT INTO o (h) SELECT HASHBYTES('SHA2_256', a) FROM t", ["t.a > o.h m"]),
    ("postgres", "INSERT INTO o (h) SELECT md5(a) FROM t", ["t.a > o.h m"]),
    ("snowflake", "INSERT INTO o (h) SELECT sha2(upper(a)) FROM t", ["t.a > o.h m"]),
]  # fmt: skip

OUTSIDE: list[Case] = [
    ("hive", "FROM t INSERT INTO TABLE o (x) SELECT a WHERE b = 1 INSERT OVERWRITE TABLE p SELECT b AS y", ["t.a > o.x i", "t.b > p.y i"]),
    ("snowflake", "COPY INTO o FROM @stage/path/", ["external.stage:stage/path/.* > o.* i"]),
    ("snowflake", "COPY INTO 's3://b/k' FROM (SELECT a FROM t)", ["t.a > external.s3://b/k.a i"]),
    ("redshift", "COPY o FROM 's3://b/k?sig=1' IAM_ROLE 'r'", ["external.s3://b/k.* > o.* i"]),
    ("redshift", "UNLOAD ('SELECT a FROM t') TO 's3://b/k'", ["t.a > external.s3://b/k.a i"]),
    ("postgres", "COPY t TO '/tmp/f'", ["t.* > external./tmp/f.* i"]),
]  # fmt: skip


@pytest.mark.parametrize(
    "case", [*OUTSIDE, *VARIABLES, *DYNAMIC, *PROGRAMS, *OUTPUTS, *MOVES], ids=lambda c: f"{c[0]}: {c[1][:50]}"
)
def test_procedural(case: Case) -> None:
    check(case)


def test_what_is_not_resolved_is_said() -> None:
    found = ray_lineage.lineage("EXEC (@s)", "tsql")
    assert [(d.code, d.severity) for d in found.diagnostics] == [("RL110", "warning")]


def test_a_body_in_another_language_is_no_sql() -> None:
    sql = "CREATE FUNCTION f() RETURNS int AS $$ var x = 1; INSERT $$ LANGUAGE plv8"
    assert [d.code for d in ray_lineage.lineage(sql, "postgres").diagnostics] == ["RL112"]


def test_calls_and_foreign_keys() -> None:
    facts = compile_source(
        "CREATE PROC dbo.a AS EXEC dbo.b; EXEC @r = dbo.c 1\nGO\n"
        "CREATE TABLE o (x int REFERENCES p (id), y int, CONSTRAINT k FOREIGN KEY (y, x) REFERENCES q (m, n))\n"
        "ALTER TABLE o ADD CONSTRAINT z FOREIGN KEY (y) REFERENCES r (id)",
        CompileOptions("tsql"),
    )
    assert facts.calls == (Call(("dbo", "a"), ("dbo", "b"), 1), Call(("dbo", "a"), ("dbo", "c"), 1))
    assert facts.foreign_keys == (
        ForeignKey(("o",), ("x",), ("p",), ("id",), 3),
        ForeignKey(("o",), ("y", "x"), ("q",), ("m", "n"), 3),
        ForeignKey(("o",), ("y",), ("r",), ("id",), 4),
    )


@pytest.mark.parametrize("dialect", ["", "oracle", "tsql", "snowflake"])
def test_delete_without_from(dialect: str) -> None:
    facts = compile_source("DELETE t WHERE a = 1", CompileOptions(dialect))
    assert [(s.kind, s.target) for s in facts.statements] == [("delete", ("t",))]


@pytest.mark.parametrize(
    "sql",
    ["MERGE INS s.id WHEN MATCHED THEN UPDATE SET x = s.k", "SELECT HASHBYTES(a) FROM t", "SELECT a\ud800b FROM t"],
)
def test_broken_statements_are_diagnostics_and_no_faults_of_ours(sql: str) -> None:
    assert not [d for d in compile_source(sql, CompileOptions("tsql")).diagnostics if "report" in d.message]


def test_drop_ends_a_declaration() -> None:
    facts = compile_source("CREATE TABLE t (a int); DROP TABLE t; CREATE TABLE u (a int)", CompileOptions("postgres"))
    assert [d.name for d in facts.declarations] == [("u",)]


def test_expressions_are_kept_without_their_literals() -> None:
    sql = "INSERT INTO o (c, d) SELECT a + COALESCE(b, 17) AS c, a FROM t; UPDATE o SET d = UPPER(c) || 'secret'"
    facts = compile_source(sql, CompileOptions("postgres"))
    first, second = facts.statements
    assert [o.expression for o in first.relations[first.root].outputs] == ["a + COALESCE(b, ?)", ""]  # type: ignore[union-attr]
    assert [a.expression for a in second.assignments] == ["UPPER(c) || ?"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO t (x) SELECT a + b AS x FROM s", {"a + b"}),
        ("INSERT INTO t (x) SELECT a AS x FROM s", {None}),
        ("INSERT INTO t (x) SELECT d.x FROM (SELECT a + b AS x FROM s) d", {"a + b"}),
        ("INSERT INTO t (x) SELECT x FROM (SELECT a + b AS x FROM s) d", {"a + b"}),
        ("WITH q AS (SELECT SUM(a) AS x FROM s), r AS (SELECT * FROM q) INSERT INTO t (x) SELECT x FROM r", {"SUM(a)"}),
        ("INSERT INTO t (x) SELECT x * 2 FROM (SELECT a + b AS x FROM s) d", {"x * ?"}),  # the outermost says most
        (
            "INSERT INTO t (x) SELECT x FROM (SELECT a + 1 AS x FROM s) d, (SELECT b + 1 AS x FROM r) e",
            {None},
        ),  # which?
    ],
)
def test_an_edge_carries_the_expression_that_made_it(sql: str, expected: set[str | None]) -> None:
    linker = Linker("p")
    linker.put("f.sql", "", encode_facts(compile_source(sql, CompileOptions("tsql"))))
    rows = [row for c in linker.link() for row in c.rows.get("FLOWS_TO", [])]
    linker.close()
    assert {row[6] for row in rows} == expected
