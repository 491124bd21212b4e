"""The same construct in every dialect whose manual has it: the lineage does not depend on the engine.

Each line is one construct, its meaning by the SQL standard (or by the manuals of the engines named), and the engines.
"""

from __future__ import annotations

from itertools import chain

import pytest

from tests.unit.sql.cases import SCHEMA, Case, pairs

ALL = (
    "tsql postgres mysql oracle snowflake bigquery redshift databricks spark duckdb trino hive clickhouse sqlite teradata"
).split()  # fmt: skip
CTE_IN_INSERT = "postgres redshift snowflake databricks spark duckdb trino sqlite oracle bigquery".split()
FULL_SET = "postgres snowflake redshift databricks spark duckdb trino sqlite tsql".split()
WINDOWS = ALL

Row = tuple[str, str, str, list[str]]

COMMON: list[Row] = [
    ("bare column", "INSERT INTO o (x) SELECT a FROM t", "t.a > o.x i", ALL),
    ("alias", "INSERT INTO o (x) SELECT a AS y FROM t", "t.a > o.x i", ALL),
    ("arithmetic", "INSERT INTO o (x) SELECT a + b FROM t", "t.a > o.x t, t.b > o.x t", ALL),
    ("cast", "INSERT INTO o (x) SELECT CAST(a AS INT) FROM t", "t.a > o.x t", ALL),
    ("coalesce", "INSERT INTO o (x) SELECT COALESCE(a, b) FROM t", "t.a > o.x t, t.b > o.x t", ALL),
    ("aggregate", "INSERT INTO o (x, y) SELECT a, SUM(b) FROM t GROUP BY a", "t.a > o.x i, t.b > o.y a", ALL),
    ("count star", "INSERT INTO o (x) SELECT COUNT(*) FROM t", "", ALL),
    ("count column", "INSERT INTO o (x) SELECT COUNT(a) FROM t", "t.a > o.x a", ALL),
    ("count distinct", "INSERT INTO o (x) SELECT COUNT(DISTINCT a) FROM t", "t.a > o.x a", ALL),
    ("constant", "INSERT INTO o (x) SELECT 1 FROM t", "", ALL),
    ("searched case", "INSERT INTO o (x) SELECT CASE WHEN a = 1 THEN b ELSE id END FROM t", "t.a > o.x c, t.b > o.x t, t.id > o.x t", ALL),
    ("simple case", "INSERT INTO o (x) SELECT CASE a WHEN 1 THEN b END FROM t", "t.a > o.x c, t.b > o.x t", ALL),
    ("where shapes rows only", "INSERT INTO o (x) SELECT a FROM t WHERE b > 1", "t.a > o.x i", ALL),
    ("having shapes rows only", "INSERT INTO o (x) SELECT a FROM t GROUP BY a HAVING MAX(b) > 1", "t.a > o.x i", ALL),
    ("inner join", "INSERT INTO o (x, y) SELECT t.a, u.c FROM t INNER JOIN u ON t.id = u.id", "t.a > o.x i, u.c > o.y i", ALL),
    ("left join", "INSERT INTO o (x, y) SELECT p.a, q.c FROM t p LEFT JOIN u q ON p.id = q.id", "t.a > o.x i, u.c > o.y i", ALL),
    ("unqualified columns of a join", "INSERT INTO o (x, y) SELECT a, c FROM t JOIN u ON t.id = u.id", "t.a > o.x i, u.c > o.y i", ALL),
    ("cross join", "INSERT INTO o (x, y) SELECT a, d FROM t CROSS JOIN u", "t.a > o.x i, u.d > o.y i", ALL),
    ("comma join", "INSERT INTO o (x, y) SELECT a, d FROM t, u WHERE t.id = u.id", "t.a > o.x i, u.d > o.y i", ALL),
    ("self join", "INSERT INTO o (x, y) SELECT p.a, q.b FROM t p JOIN t q ON p.id = q.id", "t.a > o.x i, t.b > o.y i", ALL),
    ("derived table", "INSERT INTO o (x) SELECT k FROM (SELECT a + 1 AS k FROM t) s", "t.a > o.x t", ALL),
    ("nested derived tables", "INSERT INTO o (x) SELECT k FROM (SELECT j AS k FROM (SELECT a AS j FROM t) r) s", "t.a > o.x i", ALL),
    ("union all by position", "INSERT INTO o (x) SELECT a FROM t UNION ALL SELECT c FROM u", "t.a > o.x i, u.c > o.x i", ALL),
    ("star of a known table", "INSERT INTO o (x, y, z) SELECT * FROM t", "t.id > o.x i, t.a > o.y i, t.b > o.z i", ALL),
    ("qualified star", "INSERT INTO o (x, y, z) SELECT t.* FROM t JOIN u ON t.id = u.id", "t.id > o.x i, t.a > o.y i, t.b > o.z i", ALL),
    ("scalar subquery", "INSERT INTO o (x) SELECT (SELECT MAX(c) FROM u) FROM t", "u.c > o.x a", ALL),
    ("in subquery shapes rows only", "INSERT INTO o (x) SELECT a FROM t WHERE b IN (SELECT c FROM u)", "t.a > o.x i", ALL),
    ("exists shapes rows only", "INSERT INTO o (x) SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id)", "t.a > o.x i", ALL),
    ("view", "CREATE VIEW v AS SELECT a, b AS k FROM t", "t.a > v.a i, t.b > v.k i", ALL),
    ("chain through a view", "CREATE VIEW v AS SELECT a AS k FROM t; INSERT INTO o (x) SELECT k FROM v", "t.a > v.k i, v.k > o.x i", ALL),
    ("row number", "INSERT INTO o (x) SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) FROM t", "t.a > o.x w, t.b > o.x w", WINDOWS),
    ("window sum", "INSERT INTO o (x) SELECT SUM(a) OVER (PARTITION BY b) FROM t", "t.a > o.x a, t.b > o.x w", WINDOWS),
    ("lag", "INSERT INTO o (x) SELECT LAG(a) OVER (ORDER BY b) FROM t", "t.a > o.x t, t.b > o.x w", WINDOWS),
    ("cte", "WITH q AS (SELECT a AS k FROM t) SELECT k FROM q", "t.a > k i", [d for d in ALL if d != "teradata"]),
    ("chained ctes", "WITH q AS (SELECT a AS k FROM t), r AS (SELECT k + 1 AS m FROM q) SELECT m FROM r", "t.a > m t", ALL),
    ("cte columns", "WITH q (k, m) AS (SELECT a, b FROM t) SELECT m FROM q", "t.b > m i", [d for d in ALL if d != "bigquery"]),
    ("cte shadows a table", "WITH t AS (SELECT c AS a FROM u) SELECT a FROM t", "u.c > a i", ALL),
    ("between", "INSERT INTO o (x) SELECT CASE WHEN a BETWEEN 1 AND 2 THEN 1 END FROM t", "t.a > o.x c", ALL),
    ("min and max", "INSERT INTO o (x, y) SELECT MIN(a), MAX(b) FROM t", "t.a > o.x a, t.b > o.y a", ALL),
    ("aggregate of an expression", "INSERT INTO o (x) SELECT SUM(a * b) FROM t", "t.a > o.x a, t.b > o.x a", ALL),
    ("expression of an aggregate", "INSERT INTO o (x) SELECT SUM(a) / COUNT(b) FROM t", "t.a > o.x a, t.b > o.x a", ALL),
    ("upper", "INSERT INTO o (x) SELECT UPPER(a) FROM t", "t.a > o.x t", ALL),
]  # fmt: skip

SOME: list[Row] = [
    ("except: the first branch's values", "INSERT INTO o (x) SELECT a FROM t EXCEPT SELECT c FROM u", "t.a > o.x i", FULL_SET),
    ("intersect: the first branch's values", "INSERT INTO o (x) SELECT a FROM t INTERSECT SELECT c FROM u", "t.a > o.x i", FULL_SET),
    ("minus", "INSERT INTO o (x) SELECT a FROM t MINUS SELECT c FROM u", "t.a > o.x i", ["oracle", "snowflake", "spark", "databricks"]),
    ("join using: both sides", "INSERT INTO o (x) SELECT id FROM t JOIN u USING (id)", "t.id > o.x i, u.id > o.x i", "postgres mysql oracle snowflake redshift duckdb trino spark databricks bigquery sqlite".split()),
    ("natural join", "INSERT INTO o (x, y) SELECT a, c FROM t NATURAL JOIN u", "t.a > o.x i, u.c > o.y i", "postgres mysql oracle duckdb sqlite snowflake".split()),
    ("full join", "INSERT INTO o (x) SELECT COALESCE(t.a, u.c) FROM t FULL JOIN u ON t.id = u.id", "t.a > o.x t, u.c > o.x t", "tsql postgres oracle snowflake redshift duckdb trino spark databricks bigquery".split()),
    ("qualify shapes rows only", "INSERT INTO o (x) SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY id) = 1", "t.a > o.x i", "snowflake bigquery databricks duckdb teradata redshift".split()),
    ("lateral alias", "INSERT INTO o (x, y) SELECT a + 1 AS k, k * 2 AS m FROM t", "t.a > o.x t, t.a > o.y t", "snowflake redshift databricks duckdb clickhouse teradata".split()),
    ("filter clause", "INSERT INTO o (x) SELECT SUM(a) FILTER (WHERE b > 1) FROM t", "t.a > o.x a, t.b > o.x c", "postgres duckdb sqlite trino spark databricks".split()),
    ("star except", "INSERT INTO o (x, y) SELECT * EXCEPT (a) FROM t", "t.id > o.x i, t.b > o.y i", ["bigquery", "databricks", "clickhouse"]),
    ("star exclude", "INSERT INTO o (x, y) SELECT * EXCLUDE (a) FROM t", "t.id > o.x i, t.b > o.y i", ["snowflake", "duckdb"]),
    ("star replace", "CREATE VIEW v AS SELECT * REPLACE (a + 1 AS a) FROM t", "t.id > v.id i, t.a > v.a t, t.b > v.b i", ["bigquery", "duckdb"]),
    ("star rename", "CREATE VIEW v AS SELECT * RENAME (a AS k) FROM t", "t.id > v.id i, t.a > v.k i, t.b > v.b i", ["snowflake"]),
    ("create table as", "CREATE TABLE o AS SELECT a, b AS k FROM t", "t.a > o.a i, t.b > o.k i", "postgres mysql oracle snowflake bigquery redshift databricks spark duckdb trino hive sqlite".split()),
    ("select into", "SELECT a, b AS k INTO o FROM t", "t.a > o.a i, t.b > o.k i", ["tsql", "postgres", "redshift"]),
    ("temporary table looked through", "CREATE TEMPORARY TABLE w AS SELECT a AS k FROM t; INSERT INTO o (x) SELECT k FROM w", "t.a > o.x i", "postgres mysql snowflake redshift duckdb sqlite".split()),
    ("temp table of T-SQL", "SELECT a AS k INTO #w FROM t; INSERT INTO o (x) SELECT k FROM #w", "t.a > o.x i", ["tsql"]),
    ("table variable", "DECLARE @w TABLE (k int); INSERT INTO @w SELECT a FROM t; INSERT INTO o (x) SELECT k FROM @w", "t.a > o.x i", ["tsql"]),
    ("recursive cte", "WITH RECURSIVE q (k) AS (SELECT a FROM t UNION ALL SELECT q.k + 1 FROM q) SELECT k FROM q", "t.a > k t", "postgres mysql snowflake duckdb sqlite redshift trino".split()),
    ("recursive cte without the word", "WITH q (k) AS (SELECT a FROM t UNION ALL SELECT q.k + 1 FROM q) SELECT k FROM q", "t.a > k t", ["tsql", "oracle"]),
    ("lateral join", "INSERT INTO o (x) SELECT l.k FROM t, LATERAL (SELECT c + t.a AS k FROM u) l", "u.c > o.x t, t.a > o.x t", ["postgres", "mysql", "snowflake", "duckdb", "oracle", "databricks"]),
    ("cross apply", "INSERT INTO o (x) SELECT l.k FROM t CROSS APPLY (SELECT c AS k FROM u WHERE u.id = t.id) l", "u.c > o.x i", ["tsql", "oracle"]),
    ("outer apply", "INSERT INTO o (x) SELECT l.k FROM t OUTER APPLY (SELECT TOP 1 c AS k FROM u WHERE u.id = t.id) l", "u.c > o.x i", ["tsql"]),
    ("update from", "UPDATE o SET x = t.a FROM t WHERE o.id = t.id", "t.a > o.x i", ["tsql", "postgres", "redshift", "snowflake", "duckdb", "sqlite"]),
    ("update alias from", "UPDATE z SET x = t.a FROM o z JOIN t ON z.id = t.id", "t.a > o.x i", ["tsql"]),
    ("update join", "UPDATE o JOIN t ON o.id = t.id SET o.x = t.a", "t.a > o.x i", ["mysql"]),
    ("update with a subquery", "UPDATE o SET x = (SELECT MAX(a) FROM t WHERE t.id = o.id)", "t.a > o.x a", ALL),
    ("update from own columns", "UPDATE o SET x = y + 1", "o.y > o.x t", ALL),
    ("merge", "MERGE INTO o USING t ON o.id = t.id WHEN MATCHED THEN UPDATE SET x = t.a WHEN NOT MATCHED THEN INSERT (id, y) VALUES (t.id, t.b)", "t.a > o.x i, t.id > o.id i, t.b > o.y i", "tsql postgres oracle snowflake bigquery databricks spark redshift teradata duckdb".split()),
    ("merge with a query", "MERGE INTO o USING (SELECT id, a + 1 AS k FROM t) s ON o.id = s.id WHEN MATCHED THEN UPDATE SET x = s.k", "t.a > o.x t", "tsql postgres oracle snowflake bigquery databricks spark redshift".split()),
    ("delete writes no values", "DELETE FROM o WHERE id IN (SELECT id FROM t)", "", ALL),
    ("delete using", "DELETE FROM o USING t WHERE o.id = t.id", "", ["postgres", "redshift", "snowflake", "duckdb"]),
    ("truncate", "TRUNCATE TABLE o", "", "tsql postgres mysql oracle snowflake redshift databricks spark bigquery".split()),
    ("on conflict", "INSERT INTO o (id, x) SELECT id, a FROM t ON CONFLICT (id) DO UPDATE SET x = EXCLUDED.x", "t.id > o.id i, t.a > o.x i", ["postgres", "sqlite", "duckdb"]),
    ("insert overwrite", "INSERT OVERWRITE TABLE o SELECT a AS x FROM t", "t.a > o.x i", ["hive", "spark", "databricks"]),
    ("materialized view", "CREATE MATERIALIZED VIEW v AS SELECT a AS k FROM t", "t.a > v.k i", ["postgres", "oracle", "snowflake", "bigquery", "redshift", "databricks"]),
    ("view with a column list", "CREATE VIEW v (m, n) AS SELECT a, b FROM t", "t.a > v.m i, t.b > v.n i", [d for d in ALL if d != "hive"]),
    ("or replace view", "CREATE OR REPLACE VIEW v AS SELECT a FROM t", "t.a > v.a i", "postgres mysql oracle snowflake bigquery redshift databricks spark duckdb trino".split()),
    ("create or alter view", "CREATE OR ALTER VIEW v AS SELECT a FROM t", "t.a > v.a i", ["tsql"]),
    ("alter view", "ALTER VIEW v AS SELECT a FROM t", "t.a > v.a i", ["tsql", "mysql", "databricks", "hive"]),
    ("grouping sets", "INSERT INTO o (x, y) SELECT a, SUM(b) FROM t GROUP BY GROUPING SETS ((a), ())", "t.a > o.x i, t.b > o.y a", "tsql postgres oracle snowflake redshift databricks spark duckdb trino bigquery".split()),
    ("rollup", "INSERT INTO o (x, y) SELECT a, SUM(b) FROM t GROUP BY ROLLUP (a)", "t.a > o.x i, t.b > o.y a", "tsql postgres oracle snowflake redshift databricks spark duckdb trino bigquery".split()),
    ("top", "INSERT INTO o (x) SELECT TOP (10) a FROM t ORDER BY b", "t.a > o.x i", ["tsql"]),
    ("limit", "INSERT INTO o (x) SELECT a FROM t ORDER BY b LIMIT 10", "t.a > o.x i", "postgres mysql snowflake bigquery redshift databricks spark duckdb trino sqlite hive clickhouse".split()),
    ("hints", "INSERT INTO o WITH (TABLOCK) (x) SELECT a FROM t WITH (NOLOCK) OPTION (RECOMPILE)", "t.a > o.x i", ["tsql"]),
    ("distinct on", "INSERT INTO o (x) SELECT DISTINCT ON (b) a FROM t ORDER BY b, id", "t.a > o.x i", ["postgres", "duckdb"]),
    ("iif", "INSERT INTO o (x) SELECT IIF(a > 1, b, id) FROM t", "t.a > o.x c, t.b > o.x t, t.id > o.x t", ["tsql", "sqlite"]),
    ("nvl", "INSERT INTO o (x) SELECT NVL(a, b) FROM t", "t.a > o.x t, t.b > o.x t", ["oracle", "snowflake", "redshift", "spark"]),
    ("cast operator", "INSERT INTO o (x) SELECT a::int FROM t", "t.a > o.x t", ["postgres", "redshift", "snowflake", "duckdb"]),
    ("string concatenation", "INSERT INTO o (x) SELECT a || b FROM t", "t.a > o.x t, t.b > o.x t", "postgres oracle snowflake redshift duckdb trino sqlite teradata bigquery databricks".split()),
    ("output into", "INSERT INTO o (x) OUTPUT inserted.x INTO l (y) SELECT a FROM t", "t.a > o.x i, o.x > l.y i", ["tsql"]),
    ("temporal table", "INSERT INTO o (x) SELECT a FROM t FOR SYSTEM_TIME AS OF '2020-01-01'", "t.a > o.x i", ["tsql"]),
    ("sequence", "INSERT INTO o (x, y) SELECT NEXT VALUE FOR s, a FROM t", "t.a > o.y i", ["tsql"]),
    ("at time zone", "INSERT INTO o (x) SELECT a AT TIME ZONE 'UTC' FROM t", "t.a > o.x t", ["tsql", "postgres", "duckdb", "trino"]),
    ("computed column", "CREATE TABLE o (x int, y AS x + 1)", "o.x > o.y t", ["tsql"]),
    ("generated column", "CREATE TABLE o (x int, y int GENERATED ALWAYS AS (x + 1) STORED)", "o.x > o.y t", ["postgres", "mysql", "duckdb"]),
    ("multi-table from of hive", "INSERT INTO TABLE o SELECT a AS x FROM t", "t.a > o.x i", ["hive", "spark", "databricks"]),
    ("values", "INSERT INTO o (x) VALUES (1), (2)", "", ALL),
    ("select without from", "INSERT INTO o (x) SELECT 1", "", [d for d in ALL if d != "oracle"]),
    ("explode", "INSERT INTO o SELECT e AS x FROM t LATERAL VIEW explode(a) v AS e", "t.a > o.x t", ["hive", "spark", "databricks"]),
    ("flatten", "INSERT INTO o (x) SELECT f.value FROM t, LATERAL FLATTEN(input => t.a) f", "t.a > o.x t", ["snowflake"]),
    ("unnest", "INSERT INTO o (x) SELECT e FROM t CROSS JOIN UNNEST(a) AS w (e)", "t.a > o.x t", ["postgres", "trino", "duckdb"]),
    ("unnest of bigquery", "INSERT INTO o (x) SELECT e FROM t CROSS JOIN UNNEST(a) AS e", "t.a > o.x t", ["bigquery"]),
]  # fmt: skip


def cases() -> list[tuple[str, Case]]:
    out: list[tuple[str, Case]] = []
    for construct, sql, expected, dialects in chain(COMMON, SOME):
        wanted = [e.strip() for e in expected.split(",") if e.strip()]
        out.extend((f"{construct}: {dialect}", (dialect, sql, wanted)) for dialect in dialects)
    return out


CASES = cases()


@pytest.mark.parametrize("case", [c for _, c in CASES], ids=[name for name, _ in CASES])
def test_construct(case: Case) -> None:
    dialect, sql, expected = case
    assert pairs(sql, dialect, SCHEMA) == set(expected)
