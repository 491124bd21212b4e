"""The dialects that can be named in settings and on the command line, without what compiles them."""

from collections.abc import Mapping
from typing import Final

DIALECTS: Final = (
    "athena", "bigquery", "clickhouse", "databricks", "doris", "drill", "duckdb", "exasol", "fabric", "greenplum", "hive", "materialize",
    "mysql", "oracle", "postgres", "presto", "redshift", "risingwave", "singlestore", "snowflake", "spark", "sqlite",
    "starrocks", "teradata", "trino", "tsql",
)  # fmt: skip
_OTHER_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "bigquery": ("bq", "googlebigquery", "googlesql", "standardsql"),
    "databricks": ("databrickssql",),
    "hive": ("hiveql", "hql"),
    "mysql": ("mariadb",),
    "oracle": ("plsql", "oracledb"),
    "postgres": ("postgresql", "pg", "psql", "plpgsql"),
    "presto": ("prestodb",),
    "singlestore": ("memsql", "singlestoredb"),
    "spark": ("sparksql", "pyspark"),
    "sqlite": ("sqlite3",),
    "trino": ("prestosql",),
    "tsql": ("mssql", "sqlserver", "microsoftsqlserver", "transactsql", "azuresql"),
}
_BY_OTHER_NAME: Final = {name: dialect for dialect, names in _OTHER_NAMES.items() for name in names}


def dialect_named(text: str) -> str:
    """A dialect as we call it, by what people call it (``T-SQL``, ``SQL Server``, ``PostgreSQL``); what is none stays as it is."""
    folded = text.strip().lower()
    plain = "".join(c for c in folded if c.isalnum())
    if folded in DIALECTS:
        return folded
    return plain if plain in DIALECTS else _BY_OTHER_NAME.get(plain, folded)
