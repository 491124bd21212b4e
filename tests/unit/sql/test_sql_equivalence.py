"""What means the same has the same lineage: a query, the same behind a name (derived table, CTE, temporary table), and the same
over temporary copies of its tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import ray_lineage
from tests.unit.sql import test_cases_by_dialect, test_sql_expressions, test_sql_select
from tests.unit.sql.cases import SCHEMA

_QUERY = re.compile(r"(?:INSERT INTO o \([^)]*\) )?(SELECT .*)", re.DOTALL)
_NO_TEMPORARY = frozenset({"tsql", "oracle", "clickhouse", "trino", "teradata", "exasol"})
"""Where temporary tables are made in another way, or only their rows are temporary."""

Found = tuple[set[tuple[str, str, str, str]], set[tuple[str, str]]]


def queries() -> Iterator[tuple[str, str]]:
    by_dialect = [case for _, case in test_cases_by_dialect.CASES]
    expressions = [(d, f"SELECT {text} AS y FROM t") for d, text, _ in test_sql_expressions.READ]
    for dialect, sql in (*(c[:2] for c in (*by_dialect, *test_sql_select.CASES)), *expressions):
        match = _QUERY.fullmatch(sql)
        if match and not any(word in sql for word in ("@", ";", "ON CONFLICT")):  # what a view may hold
            yield dialect, match[1]


QUERIES = sorted(set(queries()))


def found(sql: str, dialect: str, schema: dict[str, list[str]], copies: bool = False) -> Found:
    """Column edges and influences. ``copies``: what comes from ``t0`` is taken for ``t``."""
    lineage = ray_lineage.lineage(sql, dialect or None, schema=schema)
    assert [d for d in lineage.diagnostics if d.severity == "error"] == []

    def source(name: object) -> str:
        return re.sub(r"^([a-z])0\.", r"\1.", str(name)) if copies else str(name)

    edges = {(source(c.source), str(c.target), c.transformation, c.certainty) for c in lineage.columns}
    return edges, {(source(i.source), i.how) for i in lineage.influences}


KNOWN = {name: list(columns) for name, columns in SCHEMA.items()}
COPIED = {f"{name}0": list(columns) for name, columns in SCHEMA.items()}


DIALECTS = sorted({d for d, _ in QUERIES})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_name_in_between_changes_nothing(dialect: str) -> None:
    for query in (q for d, q in QUERIES if d == dialect):
        plain = found(f"CREATE VIEW v AS {query}", dialect, KNOWN)
        same = [
            f"CREATE VIEW v AS SELECT * FROM ({query}) zz",
            f"CREATE VIEW v AS SELECT zz.* FROM ({query}) zz",
            f"CREATE VIEW v AS WITH zz AS ({query}) SELECT * FROM zz",
        ]
        if dialect == "tsql":
            same.append(f"SELECT * INTO #zz FROM ({query}) AS q; EXEC ('CREATE VIEW v AS SELECT * FROM #zz')")
        elif dialect not in _NO_TEMPORARY:
            same.append(f"CREATE TEMPORARY TABLE zz AS {query}; CREATE VIEW v AS SELECT zz.* FROM zz")
        for sql in same:
            assert found(sql, dialect, KNOWN) == plain, sql


_NO_COPIES = ("`", '"', "b ELSE c END")  # quoted names, and a column that the table is known not to have


@pytest.mark.parametrize("dialect", [d for d in DIALECTS if d not in _NO_TEMPORARY])
def test_temporary_copies_are_looked_through(dialect: str) -> None:
    copies = "".join(f"CREATE TEMPORARY TABLE {name} AS SELECT * FROM {name}0; " for name in SCHEMA)
    for query in (q for d, q in QUERIES if d == dialect and not any(mark in q for mark in _NO_COPIES)):
        plain = found(f"CREATE VIEW v AS {query}", dialect, KNOWN)
        assert found(f"{copies}CREATE VIEW v AS {query}", dialect, COPIED, copies=True) == plain, query
