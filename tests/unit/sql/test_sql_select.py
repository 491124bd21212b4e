"""Select lists: aliases, expressions, CASE, windows, subqueries."""

import pytest

from tests.unit.sql.cases import Case, check, pairs

CASES: list[Case] = [
    ("", "SELECT a FROM t", ["t.a > a i"]),
    ("", "SELECT a AS x, b y FROM t", ["t.a > x i", "t.b > y i"]),
    ("", "SELECT (a) AS x FROM t", ["t.a > x i"]),
    ("duckdb", "SELECT (a), ((t.b)) FROM t", ["t.a > a i", "t.b > b i"]),  # as SQLite and PostgreSQL say as well
    ("", "SELECT t.a, s.b FROM t, s", ["t.a > a i", "s.b > b i"]),
    # two of one alias, as SQLite and DuckDB take it: each column is of the one that has it
    (
        "sqlite",
        "SELECT x.a, x.c FROM (SELECT a FROM t) x JOIN (SELECT c FROM s) x ON x.a = x.c",
        ["t.a > a i", "s.c > c i"],
    ),
    ("oracle", "SELECT x.a FROM t x JOIN s x ON x.b = x.c", ["t.a > a i?", "s.a > a i?"]),
    ("", "SELECT a + b AS x FROM t", ["t.a > x t", "t.b > x t"]),
    ("", "SELECT CAST(a AS int) AS x FROM t", ["t.a > x t"]),
    ("", "SELECT 1 AS one, 'x' AS s, NULL AS n FROM t", []),
    ("", "SELECT SUM(a) AS x, MAX(b) AS y, COUNT(*) AS n FROM t", ["t.a > x a", "t.b > y a"]),
    ("", "SELECT SUM(a) / COUNT(b) AS x FROM t", ["t.a > x a", "t.b > x a"]),
    ("", "SELECT COUNT(DISTINCT a) AS x FROM t", ["t.a > x a"]),
    ("", "SELECT CASE WHEN a > 1 THEN b ELSE c END AS x FROM t", ["t.a > x c", "t.b > x t", "t.c > x t"]),
    ("", "SELECT CASE a WHEN 1 THEN 'x' END AS x FROM t", ["t.a > x c"]),
    ("", "SELECT CASE WHEN a > 1 THEN a END AS x FROM t", ["t.a > x t"]),
    ("", "SELECT COALESCE(a, b) AS x FROM t", ["t.a > x t", "t.b > x t"]),
    ("", "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) AS x FROM t", ["t.a > x w", "t.b > x w"]),
    ("", "SELECT SUM(a) OVER (PARTITION BY b) AS x FROM t", ["t.a > x a", "t.b > x w"]),
    ("", "SELECT LAG(a) OVER (ORDER BY b) AS x FROM t", ["t.a > x t", "t.b > x w"]),
    ("", "SELECT (SELECT MAX(c) FROM u WHERE u.id = t.id) AS x FROM t", ["u.c > x a"]),
    ("", "SELECT x.a FROM (SELECT a, b FROM t) x", ["t.a > a i"]),
    ("", "SELECT x.s FROM (SELECT SUM(a) AS s FROM t) x", ["t.a > s a"]),
    ("", "SELECT y + 1 AS z FROM (SELECT CASE WHEN a THEN b END AS y FROM t) x", ["t.a > z c", "t.b > z t"]),
    ("", "SELECT a IN (SELECT c FROM u) AS x FROM t", ["t.a > x t", "u.c > x t"]),
    ("", "SELECT EXISTS (SELECT 1 FROM u WHERE u.c = t.a) AS x FROM t", []),
    ("", "SELECT DISTINCT a FROM t ORDER BY b", ["t.a > a i"]),
    ("tsql", "SELECT x = a, [y] = b + 1 FROM t", ["t.a > x i", "t.b > y t"]),
    ("tsql", "SELECT TOP (10) a FROM t WITH (NOLOCK) ORDER BY b", ["t.a > a i"]),
    ("tsql", "SELECT IIF(a > 1, b, c) AS x FROM t", ["t.a > x c", "t.b > x t", "t.c > x t"]),
    ("tsql", "SELECT ISNULL(a, b) AS x, DATEADD(day, 1, c) AS y FROM t", ["t.a > x t", "t.b > x t", "t.c > y t"]),
    ("tsql", "SELECT @v = a FROM t", []),
    ("tsql", "SELECT A FROM T", ["t.a > a i"]),
    ("postgres", 'SELECT "A", b FROM "T"', ["T.A > A i", "T.b > b i"]),
    ("postgres", "SELECT a::int AS x FROM t", ["t.a > x t"]),
    ("postgres", "SELECT array_agg(a ORDER BY b) AS x FROM t", ["t.a > x a", "t.b > x w"]),
    ("postgres", "SELECT sum(a) FILTER (WHERE b > 1) AS x FROM t", ["t.a > x a", "t.b > x c"]),
    ("postgres", "SELECT count(a) FROM t", ["t.a > count a"]),
    ("snowflake", 'SELECT "A", b FROM T', ["t.a > a i", "t.b > b i"]),
    ("snowflake", "SELECT a + 1 AS x, x * 2 AS y FROM t", ["t.a > x t", "t.a > y t"]),
    ("oracle", "SELECT a, SYSDATE AS d FROM t", ["t.a > a i"]),
    ("bigquery", "SELECT s.f AS x FROM `p.d.t`", ["p.d.t.s > x t"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[1][:60])
def test_select(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("dialect", ["duckdb", "bigquery", "snowflake", "clickhouse"])
def test_a_replaced_column_stays_where_it_is(dialect: str) -> None:
    """DuckDB: "allows us to replace columns in place"; BigQuery: "does not change the names or order of columns"."""
    schema = {"t": ["a", "b", "x"], "u": ["a", "k"], "o": ["p", "q", "r"]}
    star = "* EXCLUDE (k) REPLACE" if dialect in ("duckdb", "snowflake") else "* EXCEPT (k) REPLACE"
    insert = "INSERT INTO o SELECT * REPLACE (x + 1 AS a) FROM t"
    assert pairs(insert, dialect, schema) == {"t.x > o.p t", "t.b > o.q i", "t.x > o.r i"}
    nested = f"INSERT INTO o SELECT * FROM (SELECT {star} (x AS a) FROM t CROSS JOIN (SELECT k FROM u) v) w"
    assert pairs(nested, dialect, schema) == {"t.x > o.p i", "t.b > o.q i", "t.x > o.r i"}
    assert pairs("CREATE TABLE n AS SELECT * REPLACE (y AS c) FROM unknown", dialect) >= {"unknown.y > n.c i"}
