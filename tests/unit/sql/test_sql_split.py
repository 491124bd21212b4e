"""Where statements begin and end: T-SQL without semicolons, batches, procedures, broken neighbours, hostile depth."""

from __future__ import annotations

import sqlglot.parser

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.model import VALUE, FileFacts, Select
from ray_lineage.model.facts import UNSEEN


def kinds(sql: str, dialect: str = "tsql") -> list[tuple[str, int]]:
    return [(s.kind, s.first_line) for s in compiled(sql, dialect).statements if s.kind not in UNSEEN]


def compiled(sql: str, dialect: str = "tsql") -> FileFacts:
    return compile_source(sql, CompileOptions(dialect))


def test_the_compiled_parser_is_active() -> None:
    assert sqlglot.parser.__file__.endswith((".so", ".pyd"))


def test_statements_without_semicolons() -> None:
    sql = "SELECT a INTO b FROM t\nINSERT INTO g SELECT a FROM b\nUPDATE g SET x = 1\nDELETE g WHERE x = 2\nSELECT 1"
    assert kinds(sql) == [("select_into", 1), ("insert", 2), ("update", 3), ("delete", 4), ("select", 5)]


def test_go_ends_a_batch_and_a_procedure() -> None:
    sql = "CREATE PROCEDURE p @x int AS\nSELECT a INTO b FROM t\nGO\nINSERT INTO g SELECT 1\nGO 5\nDELETE g"
    facts = compiled(sql)
    assert [(s.kind, s.procedure) for s in facts.statements] == [("select_into", "p"), ("insert", ""), ("delete", "")]
    assert [d.kind for d in facts.declarations] == ["Procedure", "Table"]


def test_control_flow_is_not_part_of_statements() -> None:
    sql = """CREATE OR ALTER PROC dbo.p (@a AS int = 1, @b varchar(10) OUTPUT) WITH RECOMPILE AS
BEGIN
    SET NOCOUNT ON
    DECLARE @n int = 0, @t TABLE (x int)
    BEGIN TRY
        IF EXISTS (SELECT 1 FROM t) AND @n = CASE WHEN 1 = 1 THEN 0 END
            INSERT INTO @t SELECT a FROM t
        ELSE IF @n > 1 BEGIN UPDATE g SET x = CASE WHEN y = 1 THEN 2 ELSE 3 END WHERE z = 1 END
        WHILE @n < 10
        BEGIN
            MERGE g USING t ON g.id = t.id WHEN MATCHED THEN UPDATE SET x = 1 WHEN NOT MATCHED THEN INSERT (id) VALUES (t.id);
            SET @n = @n + 1
        END
        PRINT 'INSERT INTO nothing'
        EXEC dbo.other @x = 1
    END TRY
    BEGIN CATCH
        IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION
        RAISERROR ('no', 16, 1)
    END CATCH
    RETURN 0
END"""
    assert kinds(sql) == [("if", 6), ("insert", 7), ("update", 8), ("merge", 11)]


def test_a_cursor_and_a_cte() -> None:
    sql = "DECLARE c CURSOR FOR SELECT a FROM t\nOPEN c\nFETCH NEXT FROM c INTO @x\nWITH q AS (SELECT 1 AS a) INSERT INTO g SELECT a FROM q"
    assert kinds(sql) == [("declare_cursor", 1), ("insert", 4)]


def test_grants_and_triggers_start_nothing() -> None:
    sql = "GRANT SELECT, INSERT ON dbo.t TO reader\nGO\nCREATE TRIGGER tr ON t AFTER INSERT, UPDATE AS IF UPDATE(a) INSERT INTO log SELECT a FROM inserted"
    assert kinds(sql) == [("insert", 3)]


def test_a_broken_statement_costs_only_itself() -> None:
    sql = "INSERT INTO g SELECT 1\nGO\nSELECT FROM WHERE\nGO\nDELETE g"
    facts = compiled(sql)
    assert [s.kind for s in facts.statements] == ["insert", "delete"]
    assert [(d.code, d.line) for d in facts.diagnostics] == [("RL102", 3)]
    assert facts.status == "partial"


def test_a_second_from_is_no_table() -> None:
    facts = compiled(
        "SELECT a FROM FROM t; SELECT b FROM (FROM t)", "duckdb"
    )  # its own parser says: syntax error at FROM
    assert [d.code for d in facts.diagnostics] == ["RL102"]
    assert len(facts.statements) == 1


def test_an_unclosed_string_costs_its_batch() -> None:
    facts = compiled("SELECT 1\nGO\nSELECT 'oops\nGO\nSELECT 2")
    assert [(d.code, d.line) for d in facts.diagnostics] == [("RL101", 3)]
    assert [s.first_line for s in facts.statements] == [1, 5]


def test_dollar_quoted_bodies() -> None:
    sql = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nDECLARE n int;\nBEGIN\n  IF n > 1 THEN\n    INSERT INTO g SELECT a FROM t;\n  END IF;\nEND;\n$$;\nSELECT 1"
    facts = compiled(sql, "postgres")
    assert [(s.kind, s.first_line, s.procedure) for s in facts.statements] == [("insert", 5, "f"), ("select", 9, "")]


def test_a_block_with_inner_semicolons() -> None:
    sql = "CREATE PROCEDURE p()\nBEGIN\n  INSERT INTO g SELECT a FROM t;\n  UPDATE g SET x = 1;\nEND;\nDELETE FROM g"
    assert kinds(sql, "mysql") == [("insert", 3), ("update", 4), ("delete", 6)]


def test_a_function_that_returns_a_table() -> None:
    facts = compiled("CREATE FUNCTION dbo.f (@x int) RETURNS TABLE AS RETURN (SELECT a, b AS c FROM t WHERE id = @x)")
    assert [(d.kind, d.name, d.statement) for d in facts.declarations] == [("Function", ("dbo", "f"), 0)]


def test_thousands_of_rows_are_read_cheaply() -> None:
    rows = ",\n".join(f"({i}, 'x{i}')" for i in range(20_000))
    facts = compiled(f"INSERT INTO g (a, b) VALUES {rows};\nDELETE g")
    assert [s.kind for s in facts.statements] == ["insert", "delete"]
    assert facts.statements[1].first_line == 20_001


def test_depth_is_a_diagnostic() -> None:
    facts = compiled("SELECT " + "(" * 5_000 + "1" + ")" * 5_000 + "\nGO\nDELETE g")
    assert [d.code for d in facts.diagnostics] == ["RL102"]
    assert "deep" in facts.diagnostics[0].message
    assert [s.kind for s in facts.statements] == ["delete"]


def test_literals_do_not_reach_the_excerpt() -> None:
    facts = compiled("INSERT INTO g SELECT a, 'canary-secret', 4711 FROM t -- canary-comment")
    assert "canary" not in facts.statements[0].sql
    assert "4711" not in facts.statements[0].sql


def test_lines_with_every_newline() -> None:
    for newline in ("\n", "\r\n"):
        assert kinds(f"SELECT 1{newline}GO{newline}{newline}DELETE g") == [("select", 1), ("delete", 4)]


def added(sql: str, dialect: str = "tsql") -> list[tuple[str, str]]:
    return [(c.name, c.type) for d in compiled(sql, dialect).declarations if d.adds for c in d.columns]


def test_added_columns() -> None:
    assert added("ALTER TABLE dbo.t ADD a int NOT NULL, [b c] varchar(10)") == [("a", "int"), ("b c", "varchar(10)")]
    assert added("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, ADD COLUMN b text", "postgres") == [
        ("a", "int"),
        ("b", "text"),
    ]
    assert added("ALTER TABLE t ADD (a NUMBER(10, 2), b DATE)", "oracle") == [("a", "number(10, 2)"), ("b", "date")]
    assert added("ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (a)") == []
    assert added("ALTER TABLE t DROP COLUMN a, b") == []


def test_declared_variables_are_no_columns() -> None:
    sql = "CREATE FUNCTION f() RETURNS void AS $$\nDECLARE started timestamptz := now();\nBEGIN\n INSERT INTO g SELECT a, started FROM t;\nEND;\n$$ LANGUAGE plpgsql"
    [statement] = compiled(sql, "postgres").statements
    assert [r.name for o in statement.relations[0].outputs for r in o.refs] == ["a", VALUE]  # type: ignore[union-attr]


def test_spans_of_statements_and_columns() -> None:
    facts = compiled("  SELECT a,\n   b + 1 AS c FROM t\nGO\n DELETE g")
    spans = [(s.first_line, s.first_column, s.last_line, s.last_column) for s in facts.statements]
    assert spans == [(1, 3, 2, 20), (4, 2, 4, 9)]
    [select] = [r for r in facts.statements[0].relations if isinstance(r, Select)]
    assert [(o.name, o.line, o.column) for o in select.outputs] == [("a", 1, 10), ("c", 2, 13)]


def test_what_a_malformed_statement_says_does_not_change_from_run_to_run() -> None:
    """The parser names one of a set of missing parts."""
    facts = compile_source("SELECT a BETWEEN AND FROM t", CompileOptions("tsql"))
    assert [d.message for d in facts.diagnostics] == [
        "this SELECT statement was left out: a part of it is missing near 'FROM'"
    ]
