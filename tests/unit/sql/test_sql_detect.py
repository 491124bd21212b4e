"""Which dialect is a script in? Ordinary short scripts of each engine, and plain SQL, which must claim nothing."""

from __future__ import annotations

import pytest

from ray_lineage.compile.sql.detect import detect

SCRIPTS: dict[str, list[str]] = {
    "tsql": [
        "CREATE PROCEDURE dbo.Load AS\nBEGIN\n  SET NOCOUNT ON;\n  INSERT INTO dbo.T (a) SELECT a FROM dbo.S;\nEND\nGO",
        "SELECT TOP (10) [Name], [Price] FROM [dbo].[Product] ORDER BY [Price] DESC",
        "DECLARE @n int = 1;\nSELECT * FROM t WHERE id = @n",
        "SELECT a INTO #w FROM t WITH (NOLOCK);\nUPDATE x SET b = #w.a FROM #w",
        "IF OBJECT_ID(N'dbo.t') IS NOT NULL DROP TABLE dbo.t\nGO\nCREATE TABLE dbo.t (id int IDENTITY(1,1) PRIMARY KEY CLUSTERED, n nvarchar(50))",
        "SELECT ISNULL(a, 0), GETDATE(), CONVERT(varchar(10), d, 120) FROM dbo.t",
        "BEGIN TRY\n  EXEC dbo.p @a = 1\nEND TRY\nBEGIN CATCH\n  THROW\nEND CATCH",
        "SELECT t.a, x.b FROM t OUTER APPLY (SELECT TOP 1 b FROM u WHERE u.id = t.id) x",
        "CREATE VIEW dbo.v WITH SCHEMABINDING AS SELECT a FROM dbo.t",
    ],
    "postgres": [
        "CREATE TABLE t (id bigserial PRIMARY KEY, doc jsonb, created timestamptz DEFAULT now());",
        "INSERT INTO t (id, a) SELECT id, a FROM s ON CONFLICT (id) DO UPDATE SET a = excluded.a RETURNING id;",
        "CREATE OR REPLACE FUNCTION f() RETURNS trigger AS $$ BEGIN NEW.a := 1; RETURN NEW; END; $$ LANGUAGE plpgsql;",
        "SELECT DISTINCT ON (a) a, b::text, doc ->> 'name' FROM t ORDER BY a, b;",
        "COPY public.t (a, b) FROM stdin;\n1\tx\n\\.\nALTER TABLE public.t OWNER TO postgres;",
        "\\set ON_ERROR_STOP on\n\\i schema.sql\nSELECT count(*) FROM t;",
        "CREATE EXTENSION IF NOT EXISTS pgcrypto;\nSELECT gen_random_uuid();",
        "DO $$ BEGIN PERFORM refresh(); RAISE NOTICE 'done'; END $$;",
        "SELECT array_agg(a ORDER BY b), generate_series(1, 3)::int FROM t WHERE name ILIKE '%x%';",
    ],
    "mysql": [
        "CREATE TABLE `t` (`id` int unsigned NOT NULL AUTO_INCREMENT, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;",
        "INSERT INTO t (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE b = VALUES(b);",
        "DELIMITER $$\nCREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND SET @d = 1; END$$\nDELIMITER ;",
        "/*!40101 SET NAMES utf8 */;\nLOCK TABLES `t` WRITE;\nINSERT INTO `t` VALUES (1);\nUNLOCK TABLES;",
        "SELECT GROUP_CONCAT(a SEPARATOR ','), IFNULL(b, 0), DATE_FORMAT(c, '%Y') FROM t GROUP BY d;",
        "REPLACE INTO t (a) SELECT a FROM s; INSERT IGNORE INTO u SELECT * FROM t;",
        "UPDATE `o` JOIN `t` ON `o`.`id` = `t`.`id` SET `o`.`x` = `t`.`a`;",
        "SELECT STR_TO_DATE(a, '%d') , CURDATE() FROM t STRAIGHT_JOIN u;",
    ],
    "oracle": [
        "CREATE TABLE t (id NUMBER(10), n VARCHAR2(30));",
        "SELECT NVL(a, 0), SYSDATE FROM t, u WHERE t.id = u.id(+);",
        "SELECT LEVEL, SYS_CONNECT_BY_PATH(a, '/') FROM t START WITH p IS NULL CONNECT BY PRIOR id = p;",
        "CREATE OR REPLACE PACKAGE BODY k AS PROCEDURE p IS v t.a%TYPE; BEGIN NULL; END; END k;\n/",
        "SET SERVEROUTPUT ON\nBEGIN\n  DBMS_OUTPUT.PUT_LINE('x');\nEND;\n/",
        "SELECT s.NEXTVAL FROM dual;",
        "SELECT a FROM (SELECT a FROM t ORDER BY b) WHERE ROWNUM <= 10 MINUS SELECT a FROM u;",
        "DECLARE TYPE r IS TABLE OF t%ROWTYPE; l r; BEGIN SELECT * BULK COLLECT INTO l FROM t; END;\n/",
        "SELECT TO_CHAR(SYSDATE, 'YYYY'), DECODE(a, 1, 2) FROM t;",
    ],
    "snowflake": [
        "CREATE OR REPLACE TRANSIENT TABLE t (id NUMBER(38,0), doc VARIANT, ts TIMESTAMP_NTZ);",
        "USE WAREHOUSE wh; USE ROLE r; SELECT 1;",
        "SELECT f.value:name::string FROM t, LATERAL FLATTEN(input => t.doc) f;",
        "COPY INTO t FROM @stage/path FILE_FORMAT = (TYPE = CSV);",
        "CREATE OR REPLACE DYNAMIC TABLE d TARGET_LAG = '1 minute' WAREHOUSE = wh AS SELECT a FROM t;",
        "SELECT OBJECT_CONSTRUCT('a', a), IFF(b > 1, 1, 0) FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) = 1;",
        "CREATE TASK tk WAREHOUSE = wh WHEN SYSTEM$STREAM_HAS_DATA('S') AS INSERT INTO o SELECT a FROM s;",
        "CREATE OR REPLACE SECURE VIEW v AS SELECT doc:a.b::int AS x FROM t;",
        "MERGE INTO o USING s ON o.id = s.id WHEN MATCHED AND s.METADATA$ACTION = 'DELETE' THEN DELETE;",
    ],
    "bigquery": [
        "SELECT a FROM `proj.ds.t` WHERE _TABLE_SUFFIX > '2024'",
        "CREATE TABLE ds.t (id INT64, s STRUCT<a STRING, b ARRAY<INT64>>) PARTITION BY DATE(ts) OPTIONS (description = 'x')",
        "SELECT SAFE_CAST(a AS INT64), SAFE_DIVIDE(a, b) FROM ds.t",
        "SELECT e, o FROM ds.t, UNNEST(arr) AS e WITH OFFSET AS o",
        "SELECT ARRAY_AGG(STRUCT(a, b) LIMIT 1)[SAFE_OFFSET(0)] FROM `p.d.t`",
        "EXPORT DATA OPTIONS (uri = 'gs://b/x.csv', format = 'CSV') AS SELECT a FROM ds.t",
        "SELECT * EXCEPT (a), TIMESTAMP_DIFF(x, y, HOUR) FROM `p.d.t`",
        "CREATE OR REPLACE MODEL ds.m OPTIONS (model_type = 'linear_reg') AS SELECT a FROM ds.t",
        "SELECT FORMAT_DATE('%Y', d), REGEXP_CONTAINS(a, r'x') FROM ds.t",
    ],
    "redshift": [
        "CREATE TABLE t (id INT ENCODE az64 DISTKEY, b VARCHAR(10) ENCODE lzo) SORTKEY (id);",
        "COPY t FROM 's3://b/k' IAM_ROLE 'arn' FORMAT AS PARQUET;",
        "UNLOAD ('SELECT a FROM t') TO 's3://b/k' IAM_ROLE 'arn';",
        "CREATE TABLE o DISTSTYLE ALL AS SELECT a FROM t;",
        "CREATE VIEW v AS SELECT a FROM t WITH NO SCHEMA BINDING;",
        "CREATE EXTERNAL SCHEMA sp FROM DATA CATALOG DATABASE 'd' IAM_ROLE 'arn';",
        "CREATE TEMP TABLE s (LIKE o); COPY s FROM 's3://b/k' IAM_ROLE 'arn' CSV; DELETE FROM o USING s WHERE o.id = s.id;",
        "SELECT a::int, LISTAGG(b, ',') FROM t; CREATE TABLE x (a INT) DISTKEY (a) COMPOUND SORTKEY (a);",
    ],
    "spark": [
        "INSERT OVERWRITE TABLE o PARTITION (dt = '1') SELECT a FROM t LATERAL VIEW explode(arr) e AS x",
        "CREATE TABLE t (id INT, s STRING) USING PARQUET PARTITIONED BY (id)",
        "CACHE TABLE w AS SELECT a FROM t",
        "CREATE OR REPLACE TEMP VIEW v AS SELECT collect_list(a) AS l FROM t",
        "SELECT a FROM parquet.`/data/x`",
        "SELECT posexplode(arr), named_struct('a', 1) FROM t",
        "SELECT t.a FROM t LEFT SEMI JOIN u ON t.id = u.id DISTRIBUTE BY a SORT BY b",
        "CREATE TEMPORARY VIEW v USING csv OPTIONS (path '/x')",
    ],
    "databricks": [
        "OPTIMIZE t ZORDER BY (a)",
        "CREATE TABLE t USING DELTA TBLPROPERTIES ('delta.x' = '1') AS SELECT a FROM delta.`/d/x`",
        "CREATE OR REFRESH STREAMING TABLE s AS SELECT a FROM STREAM read_files('/x')",
        "CREATE LIVE TABLE l AS SELECT a FROM live.s",
        "USE CATALOG main; CREATE TABLE t SHALLOW CLONE u",
        "DESCRIBE HISTORY t; VACUUM t RETAIN 168 HOURS",
        "APPLY CHANGES INTO live.o FROM STREAM(live.s) KEYS (id) SEQUENCE BY ts",
        "MERGE INTO delta.`/d/o` o USING s ON o.id = s.id WHEN MATCHED THEN UPDATE SET *",
        "-- Databricks notebook source\nSELECT a FROM t\n-- COMMAND ----------\nSELECT b FROM t",
    ],
    "duckdb": [
        "SELECT * FROM read_csv_auto('x.csv')",
        "CREATE TABLE t AS SELECT * EXCLUDE (a) FROM read_parquet('x.parquet')",
        "SELECT * FROM 'data.parquet' WHERE a > 1",
        "SUMMARIZE t; SELECT list_transform(a, x -> x + 1) FROM t",
        "SELECT a FROM t UNION ALL BY NAME SELECT b FROM u",
        "INSTALL httpfs; SELECT * FROM read_json_auto('x.json')",
        "SELECT struct_pack(a := 1), x::HUGEINT FROM t",
        "INSERT INTO o BY NAME SELECT a FROM t ASOF JOIN u ON t.a >= u.a",
    ],
    "sqlite": [
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);",
        "PRAGMA foreign_keys = ON; BEGIN TRANSACTION; COMMIT;",
        "INSERT OR REPLACE INTO t (a) VALUES (1);",
        "SELECT name FROM sqlite_master WHERE type = 'table';",
        "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID;",
        "SELECT julianday('now') - julianday(a) FROM t;",
        "CREATE VIRTUAL TABLE f USING fts5(a, b);",
        "INSERT OR IGNORE INTO t SELECT strftime('%Y', d) FROM u;",
    ],
}  # fmt: skip

OTHERS: dict[str, list[str]] = {
    "clickhouse": [
        "CREATE TABLE t (a UInt64, b LowCardinality(String)) ENGINE = MergeTree ORDER BY a",
        "SELECT toDate(a), uniqExact(b) FROM t PREWHERE c = 1",
        "CREATE MATERIALIZED VIEW v ON CLUSTER c TO t AS SELECT sumIf(a, b > 1) AS s FROM u",
    ],
    "hive": [
        "set hive.exec.dynamic.partition=true;\nINSERT OVERWRITE TABLE o SELECT a FROM t",
        "CREATE EXTERNAL TABLE t (a INT) ROW FORMAT SERDE 'x' STORED AS TEXTFILE LOCATION '/x'",
        "MSCK REPAIR TABLE t",
    ],
    "trino": [
        "CREATE TABLE o WITH (format = 'ORC') AS SELECT approx_distinct(a) AS n FROM t",
        "SELECT date_parse(a, '%Y'), element_at(m, 'k') FROM t",
        "SELECT map_agg(a, b), e FROM t CROSS JOIN UNNEST(arr) AS x (e)",
    ],
    "teradata": [
        "CREATE MULTISET VOLATILE TABLE w AS (SELECT a FROM t) WITH DATA PRIMARY INDEX (a)",
        "SEL a FROM t; COLLECT STATISTICS COLUMN (a) ON t;",
        ".LOGON x\nLOCKING ROW FOR ACCESS SELECT a FROM t;",
    ],
}

PLAIN = [
    "CREATE OR REPLACE VIEW dbo.v AS SELECT a FROM dbo.t",  # a schema of that name, but no T-SQL
    "SELECT a, b FROM t WHERE a > 1 ORDER BY b",
    "SELECT t.a, SUM(u.b) AS s FROM t JOIN u ON t.id = u.id GROUP BY t.a HAVING SUM(u.b) > 10",
    "INSERT INTO o (x, y) SELECT a, b FROM t",
    "UPDATE o SET x = 1 WHERE id IN (SELECT id FROM t)",
    "DELETE FROM o WHERE EXISTS (SELECT 1 FROM t WHERE t.id = o.id)",
    "CREATE TABLE t (id INTEGER NOT NULL, name VARCHAR(50), price DECIMAL(10, 2), PRIMARY KEY (id))",
    "CREATE VIEW v AS WITH q AS (SELECT a FROM t) SELECT a FROM q UNION ALL SELECT b FROM u",
    "SELECT CASE WHEN a = 1 THEN 'x' ELSE COALESCE(b, 'y') END, ROW_NUMBER() OVER (PARTITION BY c ORDER BY d) FROM t",
    "MERGE INTO o USING t ON (o.id = t.id) WHEN MATCHED THEN UPDATE SET x = t.a WHEN NOT MATCHED THEN INSERT (id) VALUES (t.id)",
    "-- SELECT TOP 1 FROM dbo.t; GETDATE()\nSELECT 'ENGINE=InnoDB AUTO_INCREMENT', a FROM t",
    "SELECT a FROM t WHERE b IN ('Y', 'N') AND c = 'n'",
]

ALL = [(d, s) for table in (SCRIPTS, OTHERS) for d, scripts in table.items() for s in scripts]


@pytest.mark.parametrize(("dialect", "script"), ALL, ids=[f"{d}: {s[:40]}" for d, s in ALL])
def test_a_script_shows_its_dialect(dialect: str, script: str) -> None:
    found, confidence = detect(script)
    assert (found, confidence >= 0.5) == (dialect, True), (found, confidence)


@pytest.mark.parametrize("script", PLAIN, ids=lambda s: s[:40])
def test_plain_sql_claims_nothing(script: str) -> None:
    assert detect(script) == ("", 0.0)


def test_weak_signs_are_no_certainty() -> None:
    assert detect("SELECT a::int FROM t")[1] < 0.5
    assert detect("SELECT NVL(a, 0) FROM t")[1] < 0.6
    assert detect("SELECT a FROM t WHERE b ILIKE 'x' QUALIFY c = 1")[1] < 0.6
