"""Engines as judges of random queries and DML: what they do agrees with the lineage. Thousands by hand: ``benchmarks/judge.py``."""

from __future__ import annotations

import pytest

from benchmarks.judge import Case, Engine, duckdb, judge, sqlite, tried

CASES = 50


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An engine with its databases."""
    if request.param == "sqlite":
        return sqlite()
    pytest.importorskip("duckdb")
    return duckdb()


def test_random_cases(engine: Engine) -> None:
    done = tried(engine, 7, CASES)
    assert [(case.sql, wrong) for case, wrong in done.wrong] == []
    assert done.judged > 0.9 * CASES
    assert done.seen > 0.6 * done.named  # sources are not named for the sake of it


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT x.n FROM (SELECT COUNT(*) AS n FROM t WHERE a IN (SELECT c FROM u)) AS x",
        "WITH RECURSIVE z (k, n) AS (SELECT c, d FROM u UNION ALL SELECT k + 1, n FROM z WHERE k < 5) SELECT k, n FROM z",
        "SELECT SUM(a) FILTER (WHERE b > 1) AS s FROM t GROUP BY id",
    ],
)
def test_what_was_found(engine: Engine, sql: str) -> None:
    assert judge(Case(sql), engine).wrong == []


def test_a_wrong_answer_is_seen(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    import benchmarks.judge as program

    forgetful = program.Named([("k", set())], set(), [])
    monkeypatch.setattr(program, "named", lambda case, dialect: forgetful)
    assert judge(Case("SELECT a AS k FROM t"), engine).wrong == ["t.a changes k"]
    assert judge(Case("SELECT a AS m FROM t"), engine).wrong == ["columns ['m'], and not ['k']"]
