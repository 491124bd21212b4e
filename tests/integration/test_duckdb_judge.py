"""An engine as judge: DuckDB runs the query, and what it does must agree with the lineage that we claim.

Two checks: the columns that DuckDB returns are ours; and changing a source column's values changes no output column whose
sources (and no row set whose influences) do not name that column.
"""

from __future__ import annotations

from typing import Any

import pytest

duckdb = pytest.importorskip("duckdb")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import ray_lineage  # noqa: E402

TABLES = {"t": ["id", "a", "b"], "u": ["id", "c", "d"], "w": ["id", "e"]}
_ROWS = {
    "t": [(i, i * 3 % 7, i % 3) for i in range(1, 9)],
    "u": [(i, i * 5 % 4, i % 2) for i in range(2, 11)],
    "w": [(i, 10 - i) for i in range(1, 6)],
}

FIXED = [
    "SELECT a, b FROM t",
    "SELECT * FROM t",
    "SELECT t.*, c FROM t JOIN u ON t.id = u.id",
    "SELECT * FROM t JOIN u USING (id)",
    "SELECT * FROM t NATURAL JOIN u",
    "SELECT id, a, c FROM t LEFT JOIN u USING (id)",
    "SELECT id FROM t FULL JOIN u USING (id)",
    "SELECT a AS k, SUM(b) AS s FROM t GROUP BY a",
    "SELECT a AS k, SUM(b) AS s FROM t GROUP BY 1 HAVING MAX(id) > 2",
    "SELECT SUM(a) FILTER (WHERE b > 0) AS s FROM t",
    "SELECT ROW_NUMBER() OVER (PARTITION BY b ORDER BY a, id) AS r, id FROM t",
    "SELECT LAG(a) OVER (ORDER BY id) AS p FROM t",
    "SELECT id, a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY a, id) = 1",
    "SELECT CASE WHEN a > 2 THEN b ELSE id END AS k FROM t",
    "SELECT a + 1 AS k, k * 2 AS m FROM t",
    "WITH q AS (SELECT id, a + b AS k FROM t) SELECT k FROM q WHERE id > 2",
    "WITH q (m, n) AS (SELECT a, b FROM t), r AS (SELECT m + n AS z FROM q) SELECT z FROM r",
    "WITH RECURSIVE q (k) AS (SELECT MIN(a) FROM t UNION ALL SELECT k + 1 FROM q WHERE k < 9) SELECT k FROM q",
    "SELECT a FROM t UNION ALL SELECT c FROM u",
    "SELECT a FROM t UNION SELECT c FROM u",
    "SELECT a FROM t EXCEPT SELECT c FROM u",
    "SELECT a FROM t INTERSECT SELECT c FROM u",
    "SELECT id AS x, a AS y FROM t UNION ALL BY NAME SELECT c AS y, id AS x FROM u",
    "SELECT (SELECT MAX(c) FROM u) AS m FROM t",
    "SELECT (SELECT MAX(c) FROM u WHERE u.id = t.id) AS m FROM t",
    "SELECT a FROM t WHERE b IN (SELECT d FROM u)",
    "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id AND c > 1)",
    "SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.id = t.id)",
    "SELECT a FROM t ORDER BY b, id LIMIT 3",
    "SELECT DISTINCT b FROM t",
    "SELECT DISTINCT ON (b) b, a FROM t ORDER BY b, id",
    "SELECT * EXCLUDE (a) FROM t",
    "SELECT * REPLACE (a + 1 AS a) FROM t",
    "SELECT l.k FROM t, LATERAL (SELECT c + t.a AS k FROM u WHERE u.id = t.id) l",
    "SELECT x.k FROM (SELECT a AS k, id FROM t) x JOIN (SELECT id, e FROM w) y ON x.id = y.id WHERE y.e > 6",
    "SELECT b, SUM(a) AS s FROM t GROUP BY ROLLUP (b)",
    "SELECT b, d, COUNT(*) AS n FROM t JOIN u ON t.id = u.id GROUP BY GROUPING SETS ((b), (d))",
    "SELECT v.x, t.a FROM t JOIN (VALUES (1, 2), (2, 3)) AS v (x, y) ON v.y = t.id",
    "SELECT COALESCE(t.a, u.c) AS k FROM t FULL JOIN u ON t.id = u.id",
    "SELECT a, b FROM t ANTI JOIN u ON t.id = u.id",
    "SELECT a, b FROM t SEMI JOIN u ON t.id = u.id",
    "SELECT MAX(a) - MIN(b) AS r FROM t",
    "SELECT list_transform([a, b], lambda x: x + 1) AS l FROM t",
    "SELECT unnest([a, b]) AS z FROM t",
    "SELECT s.a FROM (SELECT {'a': a, 'b': b} AS s FROM t)",
    "SELECT COUNT(DISTINCT a) AS n FROM t",
    "FROM t SELECT a, b",
    "SELECT t.id FROM t JOIN u ON t.id = u.id JOIN w ON u.id = w.id WHERE w.e > u.c",
    "SELECT first_value(a) OVER (PARTITION BY b ORDER BY id) AS f FROM t",
    "SELECT string_agg(a::VARCHAR, ',' ORDER BY b, id) AS s FROM t",
    "PIVOT t ON b IN (0, 1) USING SUM(a) GROUP BY id",
    "PIVOT t ON b IN (0, 1) USING SUM(a) AS s, MAX(a) AS m GROUP BY id",
    "PIVOT t ON b IN (0, 1), a IN (3, 6) USING SUM(id), MAX(id)",
    "SELECT * FROM t PIVOT (SUM(a) AS s, COUNT(*) AS n FOR b IN (0, 1 AS one))",
    "WITH p AS (PIVOT t ON b IN (0, 1) USING SUM(a) GROUP BY id) SELECT id, \"0\" AS z FROM p",
    "UNPIVOT t ON a, b",
    "UNPIVOT t ON * INTO NAME k VALUE v",
    "UNPIVOT t ON COLUMNS(* EXCLUDE (id)) INTO NAME k VALUE v",
    "UNPIVOT t ON id, COLUMNS('b') INTO NAME k VALUE v",
    "UNPIVOT t ON (id, a) AS p, (b, a) AS q INTO NAME k VALUE v, w",
    "SELECT id, v FROM t UNPIVOT (v FOR k IN (a, b))",
    "SELECT COLUMNS('a|b') FROM t",
    "SELECT MIN(COLUMNS(* EXCLUDE (id))) FROM t",
    "SELECT COLUMNS(['id', 'b']), MAX(COLUMNS(u.*)) OVER () FROM t JOIN u USING (id)",
    "SELECT COLUMNS(* REPLACE (a + b AS a)) FROM t",
    "SELECT q FROM (SELECT a, b FROM t) q",
    "SELECT product(a) AS p, json_group_array(b) AS j FROM t",
]  # fmt: skip


def database() -> Any:
    """A new database in memory with the tables."""
    con = duckdb.connect(":memory:")
    for table, columns in TABLES.items():
        con.execute(f"CREATE TABLE {table} ({', '.join(f'{c} INTEGER' for c in columns)})")
        con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", _ROWS[table])
    return con


def run(con: Any, sql: str) -> tuple[list[str], list[list[Any]]]:
    """Names, and each column's values as a sorted list."""
    found = con.execute(sql)
    names = [d[0] for d in found.description]
    rows = found.fetchall()
    return names, [sorted(map(repr, column)) for column in zip(*rows, strict=True)] or [[] for _ in names]


def judge(sql: str) -> None:
    lineage = ray_lineage.lineage(f"CREATE VIEW o AS {sql}", "duckdb", schema=TABLES)
    assert [d for d in lineage.diagnostics if d.severity == "error"] == []
    con = database()
    names, before = run(con, sql)
    named: dict[str, set[str]] = {n.lower(): set() for n in names}
    for edge in lineage.columns:
        assert edge.target.column in named, f"{edge.target.column} is no column of {sql}: {names}"
        named[edge.target.column].add(str(edge.source))
    influences = {str(i.source) for i in lineage.influences}
    for table, columns in TABLES.items():
        for column in columns:
            changed = database()
            changed.execute(f"UPDATE {table} SET {column} = {column} * 7 + 100 - id")
            _, after = run(changed, sql)
            changed.close()
            source = f"{table}.{column}"
            if source in influences:
                continue
            for name, old, new in zip(names, before, after, strict=True):
                assert old == new or source in named[name.lower()], f"{source} shapes {name} of {sql}"
    con.close()


@pytest.mark.parametrize("sql", FIXED)
def test_fixed(sql: str) -> None:
    judge(sql)


_column = {t: st.sampled_from(c) for t, c in TABLES.items()}


@st.composite
def _query(draw: Any, depth: int = 0) -> tuple[str, int]:
    """A query with columns c0, c1...; returns its text and their number."""
    kind = draw(
        st.sampled_from(["plain", "join", "group", "window", "union", "derived", "case"] if depth < 2 else ["plain"])
    )
    p, q = draw(st.sampled_from(list(TABLES))), draw(st.sampled_from(list(TABLES)))
    x, y = draw(_column[p]), draw(_column[p])
    z = draw(_column[q])
    if kind == "join":
        how = draw(st.sampled_from(["JOIN", "LEFT JOIN", "FULL JOIN"]))
        return f"SELECT l.{x} AS c0, r.{z} + 1 AS c1 FROM {p} l {how} {q} r ON l.id = r.id", 2
    if kind == "group":
        return f"SELECT {x} AS c0, SUM({y}) AS c1 FROM {p} GROUP BY {x}", 2
    if kind == "window":
        return f"SELECT {x} AS c0, SUM({y}) OVER (PARTITION BY {x}) AS c1 FROM {p}", 2
    if kind == "case":
        return f"SELECT CASE WHEN {x} > 3 THEN {y} END AS c0, {x} AS c1 FROM {p} WHERE {y} > 1", 2
    if kind == "union":
        left, n = draw(_query(depth + 1))
        right, m = draw(_query(depth + 1))
        k = min(n, m)
        pick = ", ".join(f"c{i}" for i in range(k))
        return f"SELECT {pick} FROM ({left}) UNION ALL SELECT {pick} FROM ({right})", k
    if kind == "derived":
        inner, n = draw(_query(depth + 1))
        return f"WITH s AS ({inner}) SELECT c{n - 1} AS c0, c0 + c{n - 1} AS c1 FROM s WHERE c0 IS NOT NULL", 2
    return f"SELECT {x} AS c0, {x} + {y} AS c1 FROM {p}", 2


@settings(max_examples=30)
@given(_query())
def test_generated(query: tuple[str, int]) -> None:
    judge(query[0])
