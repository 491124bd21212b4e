"""The dialects that can be named in settings and on the command line, without what compiles them."""

from collections.abc import Mapping
from typing import Final

DIALECTS: Final = (
    "athena", "bigquery", "clickhouse", "databricks", "doris", "drill", "duckdb", "exasol", "fabric", "greenplum", "hive", "materialize",
    "mysql", "oracle", "postgres", "presto", "redshift", "risingwave", "singlestore", "snowflake", "spark", "sqlite",
    "starrocks", "teradata", "trino", "tsql",
)  # fmt: skip

_OTHER_NAMES: Final[Mapping[str, str]] = {
    "postgresql": "postgres", "mssql": "tsql", "sqlserver": "tsql", "t-sql": "tsql", "synapse": "tsql", "ansi": "", "sparksql": "spark",
    "mariadb": "mysql", "greenplum": "postgres", "alloydb": "postgres", "cockroach": "postgres", "glue": "spark",
}  # fmt: skip


def dialect_of(name: str) -> str:
    """The dialect of an engine or an adapter, whatever it is called there; as it stands, if nobody knows it."""
    return _OTHER_NAMES.get(name.lower(), name.lower())
