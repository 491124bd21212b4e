"""Which words of an engine a text has: as if each was looked for by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.compile.sql.engine import lowered
from ray_lineage.compile.sql.engines import engine_of
from ray_lineage.compile.sql.engines.tsql.rewrites import CLAUSE_WORDS, NAME_WORDS, has_clauses
from ray_lineage.compile.sql.engines.tsql.rowsets import ROWSET_WORDS
from ray_lineage.compile.sql.words import Words

_PIECES = st.sampled_from(["a", "ab", "b", "*=", " ", "\n", "é", "\0", "\ud800", "(", "[a", "\\"])


@given(st.lists(st.text(min_size=1) | _PIECES, min_size=1, max_size=9), st.lists(_PIECES | st.text()).map("".join))
def test_they_are_found_together_as_each_alone(words: list[str], text: str) -> None:
    words = [w for w in words if not any("\ud800" <= c <= "\udfff" for c in w)]
    assert Words(words).within(text) == {w for w in words if w in text}


@pytest.mark.parametrize("engine", ["tsql", "postgres", "oracle", "snowflake", "bigquery", ""])
def test_an_engine_looks_for_what_its_rewrites_need(engine: str) -> None:
    words = {word for needle, _, _ in engine_of(engine).rewrites for word in needle}
    assert lowered(" ".join(words).upper(), engine_of(engine)).words >= words


def test_what_transact_sql_asks_for_is_looked_for() -> None:
    assert engine_of("tsql").words >= ROWSET_WORDS | NAME_WORDS | CLAUSE_WORDS


@pytest.mark.parametrize(
    ("sql", "may"),
    [
        ("WITH a AS (SELECT 1 AS b) SELECT b FROM a", False),
        ("WITH\n  [a] AS (SELECT 1 AS b) SELECT b FROM a", False),
        ("SELECT withdrawn FROM t", False),
        ("SELECT a FROM t WITH (NOLOCK)", True),
        ("SELECT a FROM t WITH/* why */(NOLOCK)", True),
        ("SELECT a FROM t WITH -- why\n(NOLOCK)", True),
        ("WITH XMLNAMESPACES ('u' AS n) SELECT a FROM t", True),
        ("SET @q = 'SELECT a FROM t WITH' + ' (NOLOCK)'", True),
        ("SELECT a FROM t OPTION (RECOMPILE)", True),
        ("UPDATE t SET a += 1", True),
    ],
)
def test_with_is_a_clause_unless_it_begins_a_query(sql: str, may: bool) -> None:
    assert has_clauses(lowered(sql, engine_of("tsql"))) is may
