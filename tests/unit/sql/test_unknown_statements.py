"""What nobody can read is said: a slip of the pen must not look like a file without lineage."""

from __future__ import annotations

import pytest

from ray_lineage.compile import DIALECTS, CompileOptions, compile_source

SLIPS = [
    ("CRATE VIEW v AS SELECT a FROM t", "'CRATE' (is CREATE meant?)"),
    ("INSER INTO t SELECT c FROM d", "'INSER' (is INSERT meant?)"),
    ("SELEC a FROM t", "'SELEC' (is SELECT meant?)"),
    ("UDPATE t SET x = 1", "'UDPATE' (is UPDATE meant?)"),
    ("MEREGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE", "'MEREGE' (is MERGE meant?)"),
    ("WIHT q AS (SELECT 1) SELECT * FROM q", "'WIHT' (is WITH meant?)"),
    ("CREATE VEIW v AS SELECT a FROM t", "'VEIW' (is VIEW meant?)"),
    ("This file holds nothing but prose, as people write it", "no statement begins with 'This'"),
]


@pytest.mark.parametrize("dialect", ["", *DIALECTS])
@pytest.mark.parametrize(("sql", "message"), SLIPS, ids=[sql.split()[0] for sql, _ in SLIPS])
def test_a_slip_is_named(sql: str, message: str, dialect: str) -> None:
    facts = compile_source(sql + ";", CompileOptions(dialect))
    assert [(d.code, d.line) for d in facts.diagnostics] == [("RL113", 1)]
    assert message in facts.diagnostics[0].message
    assert facts.status in ("failed", "partial")


@pytest.mark.parametrize("dialect", ["postgres", "oracle", "mysql", "snowflake", "bigquery", "tsql"])
def test_a_slip_in_a_routine_is_named(dialect: str) -> None:
    head = {"postgres": "AS $$ BEGIN", "tsql": "AS BEGIN", "oracle": "AS BEGIN"}.get(dialect, "() BEGIN")
    end = "END $$ LANGUAGE plpgsql" if dialect == "postgres" else "END"
    text = f"CREATE PROCEDURE p {head}\n INSERT INTO o (x) SELECT a FROM t;\n INSER INTO o (y) SELECT b FROM t;\n{end};"
    facts = compile_source(text, CompileOptions(dialect))
    assert [(d.code, d.line) for d in facts.diagnostics] == [("RL113", 3)]


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("tsql", "sp_help orders"),
        ("tsql", "dbo.updater 5, @x = 'a'"),
        ("tsql", "sp_who2\nGO\nSELECT a FROM t"),
        ("tsql", "CREATE ASSEMBLY RegexFunction FROM 'f.dll'"),
        ("tsql", "CREATE EVENT SESSION ProcedureWaits ON SERVER ADD EVENT sqlos.wait_completed"),
        ("mysql", "FLUSH TABLES"),
        ("snowflake", "LET x := (SELECT a FROM t)"),
        ("bigquery", "DECLARE crate INT64 DEFAULT 1; SET crate = 2"),
        ("oracle", "BEGIN load_one(1); NULL; END;"),
        ("oracle", "DECLARE v t.a%TYPE; w NUMBER; BEGIN SELECT a INTO v FROM t; END;"),
        ("postgres", "DO $$ DECLARE rec record; BEGIN RAISE NOTICE 'a'; rec.a := 1; END $$"),
        ("clickhouse", "SYSTEM RELOAD DICTIONARIES"),
    ],
)
def test_what_is_known_is_not_named(dialect: str, sql: str) -> None:
    assert [d.message for d in compile_source(sql, CompileOptions(dialect)).diagnostics] == []


def test_what_stands_for_an_unknown_part_is_not_shown() -> None:
    facts = compile_source("baseline_{{ app.name }} AS (SELECT 1)\n", CompileOptions("bigquery"))
    assert [d.code for d in facts.diagnostics] == ["RL113"]
    assert "'baseline_..." in facts.diagnostics[0].message


def test_words_that_nobody_knows_are_losses_of_a_reading() -> None:
    """A slip in a script of T-SQL: in another dialect its GO ends nothing, and all of it is one statement or none."""
    script = "USE Sales\nGO\nCREATE OR ALTER VIEW dbo.v AS SELECT a FROM t WHERE b > GETDATE()\nGO\n" * 3
    text = script + "CREATE OR ALTER VIEW dbo.w AS SELECT a AS Annual Usage, ISNULL(c, 0) x FROM t\nGO\n"
    facts = compile_source(text, CompileOptions())
    assert facts.dialect == "tsql"
    assert [(d.code, d.line) for d in facts.diagnostics] == [("RL102", 13)]
