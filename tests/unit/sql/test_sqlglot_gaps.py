"""Rewrites of tokens close gaps of the parser's grammar. Each has here the smallest inputs that show its gaps: without the rewrite
they give other facts or none. When one of these tests fails after an upgrade of sqlglot, the rewrite (or that part of it) goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ray_lineage.compile import CompileOptions
from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.engines import ENGINES, engine_of
from ray_lineage.compile.sql.script import compile_sql
from ray_lineage.model import FileFacts

GAPS: dict[str, list[tuple[str, str]]] = {
    "plain_functions": [
        ("oracle", "SELECT JSON_ARRAY(a RETURNING CLOB FORMAT JSON) FROM t"),
        ("oracle", "SELECT JSON_OBJECT('k' : a RETURNING CLOB) FROM t"),
        ("oracle", "SELECT a MULTISET UNION b FROM t"),
        ("oracle", "SELECT a AT LOCAL FROM t"),
        ("postgres", "SELECT JSON_QUERY(a, '$.x' WITH WRAPPER) FROM t"),
        ("postgres", "SELECT COLLATION FOR (a) FROM t"),
    ],
    "_plain_tests": [
        ("postgres", "SELECT a FROM t WHERE b IS NOT NFC NORMALIZED"),
        ("postgres", "SELECT a FROM t WHERE b IS NORMALIZED"),
        ("postgres", "SELECT a FROM t WHERE b IS DOCUMENT"),
    ],
    "plain_cube": [("postgres", "SELECT cube(a, b) AS c FROM t"), ("postgres", "SELECT a::cube FROM t")],
    "_without_current": [("postgres", "UPDATE t SET a = b WHERE CURRENT OF c")],
    "_plain_update_from": [("postgres", "UPDATE o SET a = v.b FROM (VALUES (1)) AS v (b), t")],
    "_plain_insert": [
        ("postgres", "INSERT INTO o (a) OVERRIDING SYSTEM VALUE SELECT a FROM t"),
        ("mysql", "REPLACE INTO o SELECT a FROM t"),
        ("mysql", "INSERT LOW_PRIORITY IGNORE o SELECT a FROM t"),
    ],
    "_plain_set": [("postgres", "UPDATE o SET (a, b) = ROW (t.a, t.b) FROM t")],
    "_plain_array_casts": [("postgres", "SELECT a::oid[] FROM t")],
    "_plain_using": [("postgres", "SELECT j.id FROM t JOIN u USING (id) AS j")],
    "_plain_changes": [("bigquery", "SELECT a FROM CHANGES(TABLE d.t, NULL, NULL)")],
    "_plain_pipes": [("bigquery", f"FROM t |> {step}") for step in ("SET a = b", "DROP a", "RENAME a AS c")],
    "_plain_table_arguments": [("bigquery", "SELECT a FROM f(TABLE t, 1)")],
    "_next_values": [("mysql", "INSERT INTO o (a) VALUES (NEXT VALUE FOR s)")],
    "plain_oracle": [
        ("oracle", "INSERT INTO o SELECT a FROM t LOG ERRORS"),
        ("oracle", "SELECT a FROM t WHERE b = :1"),
        ("oracle", "MERGE INTO o USING t ON (o.a = t.a) WHEN MATCHED THEN UPDATE SET b = t.b DELETE WHERE o.b = 1"),
    ],
    "plain_model": [("oracle", "SELECT a, m FROM t MODEL DIMENSION BY (a) MEASURES (b AS m) RULES (m[1] = m[2])")],
    "plain_pivot": [("oracle", "SELECT * FROM t PIVOT XML (SUM(a) FOR b IN (ANY))")],
    "plain_tables": [
        ("oracle", "SELECT a FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE"),
        ("oracle", "SELECT a FROM t AS OF PERIOD FOR p SYSDATE"),
        ("oracle", "SELECT a FROM t PARTITION FOR (1)"),
        ("oracle", "SELECT a FROM ONLY (t)"),
    ],
    "plain_json": [
        ("oracle", "SELECT JSON {'a' : b, 'c' : d} FROM t"),
        (
            "oracle",
            "CREATE JSON RELATIONAL DUALITY VIEW v AS SELECT JSON {'_id' : a, 'b' : [SELECT JSON {'c' : u.c} FROM u WITH INSERT UPDATE]} FROM t",
        ),
    ],
    "plain_delete": [("oracle", "DELETE t x FROM u WHERE x.a = u.a")],
    "without_clauses": [
        ("oracle", "SELECT PREDICTION(m USING a, b) FROM t"),
        ("oracle", "SELECT CLUSTER_ID(m USING a) FROM t"),
        ("oracle", "SELECT FEATURE_ID(m USING a) FROM t"),
        ("oracle", "SELECT VECTOR_EMBEDDING(m USING a AS data) FROM t"),
        ("oracle", "SELECT TRANSLATE(a USING CHAR_CS) FROM t"),
    ],
    "without_new": [("oracle", "SELECT NEW typ(a) FROM t")],
    "without_search": [
        (
            "oracle",
            f"WITH r (a) AS (SELECT a FROM t UNION ALL SELECT t.a FROM t JOIN r ON t.b = r.a) {clause} SELECT a FROM r",
        )
        for clause in ("SEARCH DEPTH FIRST BY a DESC SET o", "CYCLE a, b SET c TO 'Y' DEFAULT 'N'")
    ],
    "without_collations": [("tsql", "SELECT a FROM t WHERE a LIKE 'x' ESCAPE '|' COLLATE Latin1_General_BIN")],
    "_plain_returning": [("postgres", "UPDATE o SET a = b RETURNING WITH (OLD AS x, NEW AS y) x.a, y.a")],
    "_plain_models": [
        ("bigquery", "SELECT a FROM ML.EVALUATE(MODEL d.m, (SELECT a FROM d.t))"),
        ("bigquery", "SELECT a FROM ML.WEIGHTS(MODEL d.m)"),
    ],
    "_plain_values": [("mysql", "INSERT INTO t (a) SELECT b FROM u ON DUPLICATE KEY UPDATE t.a = VALUES(t.a)")],
    "without_partitions": [("trino", "SELECT a FROM TABLE(f(input => TABLE(t) PARTITION BY b ORDER BY c))")],
    "keyed_pairs": [("trino", "SELECT JSON_OBJECT(t.a : value) AS j FROM t")],
    "_ternaries": [("clickhouse", "SELECT a FROM t WHERE a ? b : c")],
    "_plain_ranks": [("teradata", "SELECT RANK(a DESC) FROM t"), ("teradata", "SELECT CSUM(a, b DESC) FROM t")],
    "_without_normalize": [("teradata", "SELECT NORMALIZE ON MEETS OR OVERLAPS a FROM t")],
    "_plain_directory": [("spark", "INSERT OVERWRITE DIRECTORY '/p' USING parquet SELECT a FROM t")],
    "_without_evolution": [
        ("spark", "MERGE WITH SCHEMA EVOLUTION INTO o USING t ON o.a = t.a WHEN MATCHED THEN UPDATE SET b = t.b")
    ],
    "_plain_merge": [
        ("redshift", "MERGE INTO o USING t ON o.a = t.a REMOVE DUPLICATES"),
        (
            "redshift",
            "MERGE INTO o USING t ON o.a = t.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (t.a)",
        ),
    ],
    "plain_calls": [
        ("clickhouse", "SELECT a FROM dictionary('d')"),
        ("starrocks", "INSERT INTO FILES('path' = 's3://b') SELECT a FROM t"),
        ("databricks", "SELECT a FROM vector_search(index => 'c.s.i', query_text => 'x')"),
    ],
    "_plain_update": [("sqlite", "UPDATE OR IGNORE o SET a = b")],
    "_plain_by_name": [
        ("duckdb", "MERGE INTO o USING t ON o.a = t.a WHEN NOT MATCHED THEN INSERT BY NAME *"),
        ("duckdb", "INSERT INTO o BY POSITION SELECT a FROM t"),
    ],
    "_plain_teradata": [("teradata", "SELECT a (INTEGER) FROM t"), ("teradata", "SELECT a (NAMED b) FROM t")],
    "_plain_times": [
        ("teradata", "SELECT (a - b) DAY(4) TO SECOND FROM t"),
        ("teradata", "SELECT a (NOT CASESPECIFIC) FROM t"),
        ("teradata", "SELECT BEGIN(p) FROM t"),
    ],
    "_plain_table_functions": [("teradata", "SELECT x FROM TABLE (f(t.a) RETURNS (x INT)) AS d")],
    "_plain_expand": [("teradata", "SELECT p FROM t EXPAND ON PERIOD(a, b) AS p BY INTERVAL '1' DAY")],
    "_without_local": [("exasol", "SELECT a AS x, local.x + 1 AS y FROM t")],
    "_plain_imports": [("exasol", "SELECT c FROM (IMPORT INTO (c INT) FROM JDBC AT x STATEMENT 'SELECT a FROM t')")],
}
"""By the rewrite's name."""

TSQL_GAPS = [
    "SELECT TOP (5) WITH APPROXIMATE a FROM t ORDER BY b",
    "SELECT CONVERT(vector(4, float32), a) AS v FROM t",
    "SELECT s.distance FROM VECTOR_SEARCH(TABLE = t, COLUMN = v, SIMILAR_TO = @q) AS s WITH (FORCE_ANN_ONLY)",
    "UPDATE t SET a += b",
    "SELECT @v += a FROM t",
    "UPDATE TOP (5) t SET a = b",
    "SELECT t.a.value('x', 'int') AS b FROM t",
    "SELECT TRY_PARSE(a AS int USING 'en') AS b FROM t",
    "SELECT a FROM CONTAINSTABLE(t, (a, b), 'x') AS k",
    "SELECT k.rank FROM FREETEXTTABLE(t, b, 'x') AS k",
    "SELECT keyphrase FROM SEMANTICKEYPHRASETABLE(t, b) AS k",
    "SELECT c.id FROM CHANGETABLE(CHANGES t, 0) AS c",
    "SELECT x.a FROM OPENXML(@h, '/r', 2) WITH (a int) AS x",
    "SELECT a FROM OPENROWSET(BULK 'x.csv', FORMAT = 'CSV') WITH (a int) AS r",
    "SELECT p.s FROM PREDICT(MODEL = @m, DATA = t AS d) WITH (s float) AS p",
    "SELECT JSON_ARRAY(a NULL ON NULL) FROM t",
    "SELECT a FROM {oj t LEFT OUTER JOIN u ON t.id = u.id}",
    "SELECT name FROM ::fn_helpcollations()",
    "SELECT a.n FROM p a, l FOR PATH b WHERE MATCH(a-(l)->b)",
    "SELECT LAST_VALUE(b.n) WITHIN GROUP (GRAPH PATH) AS c FROM p b",
]
"""Of what T-SQL prepares of each statement."""


def facts(engine: Engine, sql: str) -> FileFacts:
    return compile_sql(sql, engine, CompileOptions(engine.name)).file(engine.name)


def without(engine: Engine, rewrite: str) -> Engine:
    return replace(engine, rewrites=tuple(r for r in engine.rewrites if r.rewrite.__name__ != rewrite))


@pytest.mark.parametrize(
    ("rewrite", "engine", "sql"), [(name, engine, sql) for name, gaps in GAPS.items() for engine, sql in gaps]
)
def test_the_gap_is_still_there(rewrite: str, engine: str, sql: str) -> None:
    closed = facts(engine_of(engine), sql)
    assert closed.status == "ok" and closed.statements
    assert facts(without(engine_of(engine), rewrite), sql) != closed


def test_every_rewrite_says_its_gap() -> None:
    assert {rule.rewrite.__name__ for engine in ENGINES for rule in engine.rewrites} == set(GAPS)


@pytest.mark.parametrize("sql", TSQL_GAPS)
def test_the_gap_in_tsql_is_still_there(sql: str) -> None:
    engine = engine_of("tsql")
    closed = facts(engine, sql)
    assert closed.status == "ok" and closed.statements
    assert facts(replace(engine, prepare=None), sql) != closed
