"""The dialects that can be named in settings and on the command line, without what compiles them."""

from typing import Final

DIALECTS: Final = (
    "athena", "bigquery", "clickhouse", "databricks", "doris", "drill", "duckdb", "exasol", "fabric", "greenplum", "hive", "materialize",
    "mysql", "oracle", "postgres", "presto", "redshift", "risingwave", "singlestore", "snowflake", "spark", "sqlite",
    "starrocks", "teradata", "trino", "tsql",
)  # fmt: skip
