"""Which columns an expression reads: all that it names, and none of its words, types, parts of dates, formats and functions."""

from __future__ import annotations

import pytest

from ray_lineage.dialects import DIALECTS
from tests.unit.sql.cases import SCHEMA, pairs

# dialect, expression over t (id, a, b), the columns
READ = [
    ("tsql", "JSON_ARRAY(a, b ABSENT ON NULL)", "a b"),
    ("tsql", "USER", ""),
    ("duckdb", "SPLIT(TRIM(SPLIT(a, b)[1]))", "a b"),  # BigQuery's delimiter is a comma where none is given
    ("tsql", "$PARTITION.pf(a)", "a"),
    ("tsql", "geography::Point(a, b, 4326)", "a b"),
    ("tsql", "TRIM(LEADING 'x' FROM a)", "a"),
    ("postgres", "json_query(a, '$.x' WITH CONDITIONAL ARRAY WRAPPER)", "a"),
    ("postgres", "COLLATION FOR (a)", "a"),
    ("postgres", "overlay(a placing 'x' from 1 for 2)", "a"),
    ("postgres", "t.ctid", ""),
    ("mysql", "GET_FORMAT(DATE, 'USA')", ""),
    ("mysql", "UTC_TIMESTAMP", ""),
    ("mysql", "MATCH (a, b) AGAINST ('x' IN BOOLEAN MODE)", "a b"),
    ("oracle", "XMLAGG(XMLELEMENT(E, a || ',') ORDER BY t.b).EXTRACT('//text()').getClobVal()", "a b"),
    ("oracle", "RTRIM(XMLAGG(XMLELEMENT(e, a, ',').EXTRACT('//text()') ORDER BY b).getClobVal(), ',')", "a b"),
    ("oracle", "t.a.attribute", "a"),
    ("oracle", "t.a.method(b)", "a b"),
    ("oracle", "a MULTISET UNION DISTINCT b", "a b"),
    ("oracle", "a AT LOCAL", "a"),
    ("oracle", "JSON_ARRAYAGG(a ORDER BY b RETURNING VARCHAR2(100))", "a b"),
    ("oracle", "JSON_OBJECT('k' VALUE a, KEY 'm' VALUE b ABSENT ON NULL RETURNING CLOB)", "a b"),
    ("oracle", "ORA_ROWSCN", ""),
    ("oracle", "t.ROWID", ""),
    ("oracle", "CONNECT_BY_ISLEAF + LEVEL", ""),
    ("oracle", "CAST(a AS DATE) || SESSIONTIMEZONE", "a"),
    ("exasol", "SYSDATE - a + ROWNUM", "a"),
    ("trino", "current_schema", ""),
    ("postgres", "current_role || a", "a"),
    ("duckdb", "[x + b for x in a if x > 1]", "a b"),
    ("duckdb", "a.upper().lower()", "a"),
    ("duckdb", "t.a.upper()", "a"),
    ("teradata", "(a - b) DAY(4) TO SECOND", "a b"),
    ("teradata", "(a - b) MONTH", "a b"),
    ("teradata", "CASE WHEN a (NOT CASESPECIFIC) = 'x' THEN b END", "a b"),
    ("teradata", "END(a) - BEGIN(b)", "a b"),
    ("teradata", "a - DATE", "a"),
    ("teradata", "SESSION", ""),
    ("hive", "INPUT__FILE__NAME", ""),
    ("sqlite", "t.rowid", ""),
]


@pytest.mark.parametrize(("dialect", "expression", "columns"), READ, ids=[f"{d}: {e}" for d, e, _ in READ])
def test_columns_of_an_expression(dialect: str, expression: str, columns: str) -> None:
    found = pairs(f"INSERT INTO o (x) SELECT {expression} AS y FROM t", dialect, SCHEMA)
    assert {pair.split(" > ")[0] for pair in found} == {f"t.{c}" for c in columns.split()}


@pytest.mark.parametrize(
    "dialect", [d for d in DIALECTS if d not in ("", "athena")]
)  # whose parser makes others of its own
def test_a_type_that_nobody_knows_costs_no_statement(dialect: str) -> None:
    """Redshift's system tables have ``abstime``; lineage is the same whatever the type."""
    sql = "INSERT INTO o (a, b) SELECT CAST(x AS abstime), CAST(y AS sch.mine) FROM s"
    assert pairs(sql, dialect) == {"s.x > o.a t", "s.y > o.b t"}
