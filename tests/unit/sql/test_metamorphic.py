"""What is written otherwise is read as the same: the statements of the other tests, in other words.

Real SQL is tried by hand: ``python -m benchmarks.metamorphic FOLDER...``.
"""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import folders, metamorphic
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


STATEMENTS = [
    "CREATE TABLE t (id int, a int, b int)",
    "CREATE TABLE u (id int, c int)",
    "CREATE VIEW v AS SELECT * FROM t",
    "CREATE VIEW w AS SELECT v.*, u.c FROM v JOIN u ON u.id = v.id",
    "INSERT INTO o SELECT a, c FROM w",
    "CREATE TABLE o (x int, y int)",
    "CREATE TABLE p AS SELECT x + y AS z, x FROM o WHERE y IN (SELECT b FROM w)",
]


@settings(max_examples=15, deadline=None)
@given(st.permutations(STATEMENTS), st.lists(st.integers(1, 4), min_size=7, max_size=7), st.sampled_from(folders.LAWS))
def test_files_together(statements: list[str], places: list[int], law: str) -> None:
    files: dict[str, str] = {}
    for statement, place in zip(statements, places, strict=True):
        files[f"{place}.sql"] = files.get(f"{place}.sql", "") + statement + ";\n"
    assert folders.broken(files, "postgres", law) == set()


def test_a_law_that_does_not_hold_is_seen() -> None:
    """Of a table that two files make, the first one's columns count."""
    files = {
        "1.sql": "CREATE TABLE t (a int, b int);",
        "2.sql": "CREATE TABLE t (b int, a int);",
        "3.sql": "INSERT INTO t SELECT x, y FROM s;",
        "4.sql": "CREATE VIEW v AS SELECT x FROM s;",
    }
    assert sorted(folders.shortest(files, "postgres", "order")) == ["1.sql", "2.sql", "3.sql"]
    assert sorted(folders.without_clashes(files, "postgres")) == ["3.sql", "4.sql"]


def test_a_file_is_split_but_not_a_session() -> None:
    files = {
        "1.sql": "CREATE VIEW v AS SELECT a FROM t;\nCREATE VIEW w AS SELECT a FROM v;\n",
        "2.sql": "SET x = 1;\nSELECT 1;\n",
    }
    assert len(folders.split(files, "postgres")) == 3
