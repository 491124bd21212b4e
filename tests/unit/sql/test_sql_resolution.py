"""Stars and unqualified columns: with a schema, without one, in nested scopes."""

import pytest

from tests.unit.sql.cases import SCHEMA, Case, check

WITHOUT: list[Case] = [
    ("", "SELECT * FROM s", ["s.* > * i"]),
    ("", "CREATE VIEW v AS SELECT * FROM s", ["s.* > v.* i"]),
    ("", "SELECT x FROM (SELECT * FROM s) q", ["s.x > x i"]),
    ("", "SELECT x FROM r, s", ["r.x > x i?", "s.x > x i?"]),
    ("", "SELECT q.x FROM (SELECT *, y + 1 AS x FROM s) q", ["s.y > x t"]),
    ("", "SELECT x FROM r JOIN s USING (x)", ["r.x > x i", "s.x > x i"]),
    ("", "WITH q AS (SELECT * FROM s) SELECT x FROM q", ["s.x > x i"]),
    ("", "SELECT x FROM s UNION SELECT y FROM r", ["s.x > x i", "r.y > x i"]),
    ("", "INSERT INTO g SELECT * FROM s", ["s.* > g.* i"]),
]
WITH: list[Case] = [
    ("", "SELECT * FROM t", ["t.id > id i", "t.a > a i", "t.b > b i"]),
    ("", "SELECT t.* FROM t JOIN u ON t.id = u.id", ["t.id > id i", "t.a > a i", "t.b > b i"]),
    ("", "SELECT a, c FROM t JOIN u ON t.id = u.id", ["t.a > a i", "u.c > c i"]),
    ("", "SELECT a, z FROM t, s", ["t.a > a i", "s.z > z i"]),
    (
        "",
        "SELECT * FROM t JOIN u USING (id)",
        ["t.id > id i", "u.id > id i", "t.a > a i", "t.b > b i", "u.c > c i", "u.d > d i"],
    ),
    ("", "SELECT id, a, c FROM t NATURAL JOIN u", ["t.id > id i", "u.id > id i", "t.a > a i", "u.c > c i"]),
    ("", "SELECT (SELECT MAX(c) FROM u WHERE a = d) AS x FROM t", ["u.c > x a"]),
    ("", "SELECT (SELECT a) AS x FROM t", ["t.a > x i"]),
    ("", "SELECT (SELECT MAX(c + a) FROM u) AS x FROM t", ["u.c > x a", "t.a > x a"]),
    ("", "INSERT INTO u SELECT * FROM t", ["t.id > u.id i", "t.a > u.c i", "t.b > u.d i"]),
    ("", "INSERT INTO u (d, c) SELECT a, b FROM t", ["t.a > u.d i", "t.b > u.c i"]),
    ("", "SELECT * FROM (SELECT * FROM t) q", ["t.id > id i", "t.a > a i", "t.b > b i"]),
    (
        "",
        "SELECT * FROM t UNION ALL SELECT * FROM u",
        ["t.id > id i", "u.id > id i", "t.a > a i", "u.c > a i", "t.b > b i", "u.d > b i"],
    ),
    ("", "WITH q (x, y, z) AS (SELECT * FROM t) SELECT z, x FROM q", ["t.b > z i", "t.id > x i"]),
    ("duckdb", "SELECT * EXCLUDE (a) FROM t", ["t.id > id i", "t.b > b i"]),
    ("bigquery", "SELECT * EXCEPT (a) FROM t", ["t.id > id i", "t.b > b i"]),
    ("duckdb", "SELECT * REPLACE (a + 1 AS a) FROM t", ["t.id > id i", "t.b > b i", "t.a > a t"]),
    ("snowflake", "SELECT * RENAME (a AS z) FROM t", ["t.id > id i", "t.b > b i", "t.a > z i"]),
    ("tsql", "SELECT * FROM T", ["t.id > id i", "t.a > a i", "t.b > b i"]),
    ("tsql", "SELECT A, C FROM T CROSS APPLY (SELECT c FROM u WHERE u.id = t.id) x", ["t.a > a i", "u.c > c i"]),
    ("postgres", "SELECT a, c FROM t, LATERAL (SELECT c FROM u WHERE u.id = t.id) x", ["t.a > a i", "u.c > c i"]),
]


@pytest.mark.parametrize("case", WITHOUT, ids=lambda c: c[1][:60])
def test_without_schema(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", WITH, ids=lambda c: c[1][:60])
def test_with_schema(case: Case) -> None:
    check(case, SCHEMA)


FORMER: list[Case] = [
    ("postgres", "CREATE TABLE w (p int);\nALTER TABLE w ADD COLUMN q int;\nINSERT INTO o (c) SELECT q FROM w;\nALTER TABLE w DROP COLUMN q;", ["w.q > o.c i"]),
    ("postgres", "CREATE TABLE w (p int, q int);\nINSERT INTO o (c) SELECT q FROM w, s;\nALTER TABLE w DROP COLUMN q;", ["w.q > o.c i"]),
    ("postgres", "CREATE TABLE w (p int, q int);\nCREATE TABLE o AS SELECT * FROM w;\nALTER TABLE w DROP COLUMN q;", ["w.p > o.p i", "w.q > o.q i"]),
    ("postgres", "CREATE TABLE w (p int, s int, q int);\nALTER TABLE w ADD COLUMN IF NOT EXISTS s int;\nCREATE TABLE x (LIKE w);\nALTER TABLE x DROP COLUMN s;\nCREATE TABLE o (LIKE x);\nINSERT INTO o SELECT a, b FROM t;\nALTER TABLE w DROP COLUMN p;", ["t.a > o.p i", "t.b > o.q i"]),
    ("tsql", "CREATE TABLE w (p int, q int)\nGO\nINSERT INTO o (c) SELECT q FROM w\nGO\nEXEC sp_rename 'w.q', 'r', 'COLUMN'\nGO\nINSERT INTO o (d) SELECT r FROM w", ["w.q > o.c i", "w.r > o.d i"]),
    ("postgres", "CREATE TABLE w (p int, q int);\nALTER TABLE w DROP COLUMN q;\nINSERT INTO o (c) SELECT q FROM w;", ["w.q > o.c i?"]),
]  # fmt: skip
"""A column is there until it is dropped or renamed."""


@pytest.mark.parametrize("case", FORMER, ids=lambda c: c[1][:60])
def test_columns_that_are_dropped_later(case: Case) -> None:
    check(case)
