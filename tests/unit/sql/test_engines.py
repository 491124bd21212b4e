"""Engines descend from one another: what a manual says of the one holds for the other, unless its own manual differs."""

from __future__ import annotations

import pytest

from ray_lineage.compile import DIALECTS, CompileOptions, compile_source
from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.engines import ENGINES, engine_of
from tests.unit.sql.cases import SCHEMA, pairs


def test_every_dialect_is_an_engine() -> None:
    assert sorted(e.name for e in ENGINES if e.name) == sorted(DIALECTS)
    assert all(engine_of(d).name == d for d in DIALECTS)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown dialect 'db3'"):
        compile_source("SELECT 1", CompileOptions("db3"))


def test_signs_are_not_inherited() -> None:
    """Else two engines would share each other's evidence."""
    parent = Engine(name="a", signs="1: x", structs=True)
    child = parent.extend("b", patterns=True)
    assert (child.name, child.structs, child.patterns, child.signs) == ("b", True, True, "")


FAMILIES = [
    # https://trino.io/docs/current/functions/session.html; Athena's functions are Trino's
    ("CREATE VIEW v AS SELECT current_schema AS s, a FROM t", "trino presto athena", "t.a > v.a i"),
    ("INSERT INTO o (x) SELECT SUM(a) FROM TABLE(query(query => 'SELECT 1')) q, t", "trino", "t.a > o.x a"),
    # USER is a function without parentheses in both manuals; only PostgreSQL has system columns
    ("CREATE VIEW v AS SELECT user AS s, a FROM t", "postgres redshift", "t.a > v.a i"),
    ("CREATE VIEW v AS SELECT ctid AS s FROM t", "postgres", ""),
    ("CREATE VIEW v AS SELECT ctid AS s FROM t", "redshift materialize risingwave", "t.ctid > v.s i"),
    # in a procedure SELECT INTO assigns, also what is declared where we do not see it
    ("CREATE PROCEDURE p() AS $$ BEGIN SELECT a INTO w FROM t; INSERT INTO o (x) SELECT k FROM w; END $$ LANGUAGE plpgsql",
     "postgres redshift", "t.a > a i, w.k > o.x i"),
    # UTC_DATE needs no parentheses
    ("CREATE VIEW v AS SELECT utc_date AS s, a FROM t", "mysql singlestore", "t.a > v.a i"),
    ("UPDATE o, t SET o.x = t.a WHERE o.id = t.id", "mysql singlestore starrocks doris", "t.a > o.x i"),
    ("CREATE VIEW v AS SELECT user AS s, a FROM t", "tsql fabric", "t.a > v.a i"),
    ("INSERT INTO o (x) SELECT a FROM parquet.`/d/f`", "spark databricks", "external./d/f.a > o.x i"),
    # https://learn.microsoft.com/en-us/sql/t-sql/statements/create-type-transact-sql: columns of any name
    (("CREATE TYPE dbo.tt AS TABLE (k int, [Order] int)\nGO\nDECLARE @v dbo.tt; INSERT @v SELECT a, b FROM t\n"
      "INSERT o (x) SELECT [Order] FROM @v"), "tsql fabric", "t.b > o.x i"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "dialect", "expected"), [(s, d, e) for s, ds, e in FAMILIES for d in ds.split()])
def test_a_family_reads_alike(sql: str, dialect: str, expected: str) -> None:
    schema = {n: c for n, c in SCHEMA.items() if "ctid" not in sql}
    assert pairs(sql, dialect, schema) == {e.strip() for e in expected.split(",") if e.strip()}
