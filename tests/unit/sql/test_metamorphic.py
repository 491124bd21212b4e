"""What is written otherwise is read as the same: the statements of the other tests, in other words.

Real SQL is tried by hand: ``python -m benchmarks.metamorphic FOLDER...``.
"""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import metamorphic
from benchmarks.metamorphic import shrunk, violation
from benchmarks.rewordings import OF_QUERIES, OF_TEXTS, is_plain, queries
from tests.unit.sql.test_sql_equivalence import QUERIES
from tests.unit.sql.test_sql_scripts import CASES

SCRIPTS = [(script.dialect, script.sql) for _, script in CASES if is_plain(script.sql)]
SEEDS = st.integers(0, 1_000)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(QUERIES), st.sampled_from(sorted(OF_QUERIES)), SEEDS)
def test_queries_in_other_words(query: tuple[str, str], way: str, seed: int) -> None:
    dialect, text = query
    for sql in queries(text, dialect):
        assert violation(way, OF_QUERIES[way], sql, dialect, seed) is None


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(SCRIPTS), st.sampled_from(sorted(OF_TEXTS)), SEEDS)
def test_scripts_in_other_words(script: tuple[str, str], way: str, seed: int) -> None:
    assert violation(way, OF_TEXTS[way], script[1], script[0], seed) is None


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(QUERIES), SEEDS)
def test_a_text_keeps_its_words(query: tuple[str, str], seed: int) -> None:
    dialect, sql = query
    for way in OF_TEXTS.values():
        other = way(sql, dialect, seed)
        assert other is not None
        assert words(other, dialect) == words(sql, dialect)


def words(sql: str, dialect: str) -> str:
    return " ".join(t.text.lower() for t in sqlglot.tokenize(sql, dialect=dialect or None))


WAYS = [
    ("names", "SELECT t.a, (SELECT MAX(u.c) FROM u WHERE u.id = t.id) AS m FROM t",
     "SELECT rn_2.a, (SELECT MAX(rn_1.c) FROM u AS rn_1 WHERE rn_1.id = rn_2.id) AS m FROM t AS rn_2"),
    ("names", "SELECT T.a FROM u JOIN x.t ON t.id = u.id", "SELECT rn_2.a FROM u AS rn_1 JOIN x.t AS rn_2 ON rn_2.id = rn_1.id"),
    ("names", "SELECT t FROM t", None),  # the row of it
    ("parentheses", "SELECT a, b + 1 AS c FROM t WHERE a > 1", "SELECT (a), (b + 1) AS c FROM t WHERE (a > 1)"),
    ("derived table", "INSERT INTO o SELECT a FROM t", "INSERT INTO o SELECT * FROM (SELECT a FROM t) AS dt_1"),
    ("derived table", "SELECT a + 1 FROM t", None),  # a column that nobody can call by its name
    ("CTE", "WITH z AS (SELECT a FROM t) SELECT a FROM z",
     "WITH z AS (SELECT a FROM t), ct_1 AS (SELECT a FROM z) SELECT * FROM ct_1"),
    ("inlined CTE", "WITH y AS (SELECT a FROM t), z AS (SELECT a FROM y) SELECT q.a FROM z AS q",
     "WITH y AS (SELECT a FROM t) SELECT q.a FROM (SELECT a FROM y) AS q"),
    ("inlined CTE", "WITH RECURSIVE z AS (SELECT a FROM t UNION ALL SELECT a FROM z) SELECT a FROM z", None),
]  # fmt: skip


@pytest.mark.parametrize(("way", "sql", "other"), WAYS)
def test_how_queries_are_written_otherwise(way: str, sql: str, other: str | None) -> None:
    seeds = [OF_QUERIES[way](sql, "", seed) for seed in range(20)]  # not every seed changes all
    assert other in seeds


def test_what_is_no_word_stays() -> None:
    text = "SELECT 'a b' /* c d */ FROM [t u] -- e f\nGO 5\n:setvar x y\nSELECT ${p q} FROM t"
    for way in OF_TEXTS.values():
        other = way(text, "tsql", 2) or ""
        for kept in ("'a b'", "/* c d */", "[t u]", "-- e f\nGO 5\n:setvar x y\n", "${p q}"):
            assert kept in other


def test_a_violation_is_found_and_made_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a reader for whom letter case means something."""
    plain = metamorphic.answer
    monkeypatch.setattr(metamorphic, "answer", lambda sql, dialect: plain(sql.replace("LOUD", "quiet"), dialect))
    sql = "CREATE VIEW w AS SELECT b FROM u;\nCREATE VIEW v AS\nSELECT loud\n, c AS d\nFROM t;\n"
    found = violation("letter case", OF_TEXTS["letter case"], sql, "postgres", 0)
    assert found is not None
    short = shrunk(found, OF_TEXTS["letter case"], 0)
    assert (short.lost, short.new) == (
        ["('t.loud', 'loud', 'identity', 'certain')"],
        ["('t.quiet', 'quiet', 'identity', 'certain')"],
    )
    assert short.sql.split() == ["SELECT", "loud", "FROM", "t;"]
