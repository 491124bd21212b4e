"""What is known of the libraries: which calls take SQL, and whose SQL it is."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple


class Takes(NamedTuple):
    """A call that takes SQL, at a position or under one of these keywords. ``common``: the name means other things elsewhere, so
    that the text has to be a whole statement."""

    position: int = 0
    common: bool = False


ATHENA: Final = "athena"
SPARK: Final = "spark"
DATABRICKS: Final = "databricks"
SNOWFLAKE: Final = "snowflake"
BIGQUERY: Final = "bigquery"
DUCKDB: Final = "duckdb"
TSQL: Final = "tsql"

SQL_MAGICS: Final = frozenset(
    [
        "sql",
        "sparksql",
        "read_sql",
        "bigquery",
        "bigquery_sql",
        "snowflake",
        "duckdb",
        "trino",
        "athena",
        "presto",
        "hive",
        "postgres",
        "redshift",
        "sqlite",
        "mysql",
        "oracle",
        "spark.sql",
    ]
)
"""Magics of notebooks that are followed by SQL."""

NAMING_MAGICS: Final = ("bigquery", "read_sql", "sparksql")
"""Those that may be followed by a variable for the result."""

KEYWORDS: Final = (
    "sql", "query", "statement", "operation", "command", "sqltext", "sqlQuery", "stmt", "sql_query", "bql", "hql", "cmd",
    "raw_query", "query_or_table", "select_query", "sql_script", "sql_text", "QueryString", "Sql", "Sqls",
)  # fmt: skip

SQL_CALLS: Final[Mapping[str, Takes]] = {
    # PEP 249, its drivers, SQLAlchemy, asyncpg, databases
    **dict.fromkeys(
        (
            "execute", "executemany", "executescript", "exec_driver_sql", "execute_many", "execute_string", "execute_async",
            "execute_query", "execute_sql", "executeQuery", "execute_fetchall", "copy_expert", "mogrify", "fetch_all", "fetch_one",
            "fetch_val", "fetchrow", "fetchval", "execute_immediate", "execute_statement", "start_query_execution",
            "sql_query", "run_query", "run_sql", "exec_sql", "query_to_df",
        ),
        Takes(),
    ),
    **dict.fromkeys(("execute_values", "execute_batch"), Takes(1)),
    **dict.fromkeys(("scalar", "scalars", "fetch", "fetchall", "fetchone", "stream", "copy", "copy_from_query"), Takes(common=True)),
    # data frames
    **dict.fromkeys(("read_sql", "read_sql_query", "read_gbq", "read_database", "read_database_uri", "fetchdf", "sqldf", "insert_dataframe", "raw_sql"), Takes()),
    **dict.fromkeys(("unload_to_files", "create_ctas_table", "batch_execute_statement"), Takes()),
    "unload": Takes(common=True),
    "sql": Takes(common=True),
    # clients
    **dict.fromkeys(("query_and_wait", "query_df", "query_arrow", "query_np", "query_dataframe", "query_df_stream"), Takes()),
    **dict.fromkeys(("query", "command", "run", "raw", "prepare", "cursor_execute"), Takes(common=True)),
    # Airflow's hooks
    **dict.fromkeys(("get_records", "get_first", "get_df", "get_pandas_df", "get_pandas_df_by_chunks", "insert_job"), Takes()),
    "bigquery_query": Takes(),
    # statements that are made to be run
    **dict.fromkeys(("RunSQL", "text"), Takes(common=True)),
    "add_query_asset": Takes(1),
    "__sql_cell__": Takes(),  # of a notebook
}  # fmt: skip
"""By the name of the function or method."""

RUNS_SQL: Final = frozenset({"sql", "query", "command"})
"""Common names of methods that run SQL where what they are of comes from a driver."""

OPERATOR: Final = re.compile(r"\w*(?:Operator|Sensor|Transfer)$")
"""Airflow's classes take their SQL by keyword."""

OPERATOR_KEYWORDS: Final = (
    "sql",
    "bql",
    "hql",
    "query",
    "select_query",
    "preoperator",
    "postoperator",
    "statement",
    "source_sql",
)

SESSIONS: Final = ("spark", "sqlContext", "sqlc")
"""What people call sessions of Spark."""

CURSORS: Final = re.compile(
    r"(?i)(?:^|_)(?:cur|curs|cursor|crsr|conn|connection|con|cnx|db|database|session|engine|spark|sqlcontext|client|bq|bigquery|"
    r"hook|ctx|pool|warehouse|snowflake|redshift|postgres|pg|mysql|oracle|duckdb|sqlite|op)\d*(?:_\w+)?$"
)
"""What people call connections and cursors."""

DRIVERS: Final[Mapping[str, str]] = {
    "psycopg": "postgres", "psycopg2": "postgres", "psycopg_pool": "postgres", "asyncpg": "postgres", "aiopg": "postgres",
    "pg8000": "postgres", "redshift_connector": "redshift", "pyodbc": "tsql", "pymssql": "tsql", "pymysql": "mysql",
    "MySQLdb": "mysql", "mysql": "mysql", "aiomysql": "mysql", "sqlite3": "sqlite", "aiosqlite": "sqlite", "apsw": "sqlite",
    "oracledb": "oracle", "cx_Oracle": "oracle", "snowflake": "snowflake", "google.cloud.bigquery": "bigquery",
    "pandas_gbq": "bigquery", "pydata_google_auth": "bigquery", "pyspark": "spark", "delta": "spark", "awsglue": "spark",
    "databricks": "databricks", "dlt": "databricks", "duckdb": "duckdb", "trino": "trino", "prestodb": "presto",
    "clickhouse_connect": "clickhouse", "clickhouse_driver": "clickhouse", "asynch": "clickhouse", "pyathena": "athena",
    "awswrangler.athena": "athena", "awswrangler.redshift": "redshift", "awswrangler.postgresql": "postgres",
    "awswrangler.mysql": "mysql", "awswrangler.sqlserver": "tsql", "awswrangler.oracle": "oracle", "pyhive.hive": "hive",
    "pyhive.presto": "presto", "pyhive.trino": "trino", "impala": "hive", "teradatasql": "teradata", "teradata": "teradata",
    "pyexasol": "exasol", "singlestoredb": "singlestore", "connectorx": "", "pydoris": "doris",
    "airflow.providers.google": "bigquery", "airflow.providers.snowflake": "snowflake",
    "airflow.providers.postgres": "postgres", "airflow.providers.amazon.aws.operators.redshift": "redshift",
    "airflow.providers.amazon.aws.hooks.redshift": "redshift", "airflow.providers.amazon.aws.operators.athena": "athena",
    "airflow.providers.microsoft.mssql": "tsql", "airflow.providers.mysql": "mysql", "airflow.providers.oracle": "oracle",
    "airflow.providers.sqlite": "sqlite", "airflow.providers.databricks": "databricks", "airflow.providers.trino": "trino",
    "airflow.providers.presto": "presto", "airflow.providers.apache.hive": "hive", "airflow.providers.teradata": "teradata",
    "prefect_snowflake": "snowflake", "prefect_gcp.bigquery": "bigquery", "dagster_snowflake": "snowflake",
    "dagster_duckdb": "duckdb", "dagster_gcp": "bigquery", "polars": "", "pandasql": "sqlite",
}  # fmt: skip
"""Modules and the dialect of their SQL."""

SCHEMES: Final[Mapping[str, str]] = {
    "postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mariadb": "mysql", "mssql": "tsql", "oracle": "oracle",
    "sqlite": "sqlite", "snowflake": "snowflake", "bigquery": "bigquery", "redshift": "redshift", "duckdb": "duckdb",
    "trino": "trino", "presto": "presto", "clickhouse": "clickhouse", "clickhousedb": "clickhouse", "databricks": "databricks",
    "hive": "hive", "awsathena": "athena", "teradatasql": "teradata", "jdbc:postgresql": "postgres", "jdbc:mysql": "mysql",
    "jdbc:sqlserver": "tsql", "jdbc:oracle": "oracle", "jdbc:redshift": "redshift", "jdbc:snowflake": "snowflake",
    "cockroachdb": "postgres", "singlestoredb": "singlestore", "starrocks": "starrocks", "doris": "doris",
}  # fmt: skip
"""Schemes of addresses; what follows a plus sign is the driver."""

_SCHEME: Final = re.compile(r"^((?:jdbc:)?[a-z]+)(?:\+\w+)?:")
_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("bigquery", "bigquery"), ("bq", "bigquery"), ("postgres", "postgres"), ("snowflake", "snowflake"), ("snowpark", "snowflake"),
    ("redshift", "redshift"), ("mssql", "tsql"), ("sqlserver", "tsql"), ("mysql", "mysql"), ("oracle", "oracle"),
    ("sqlite", "sqlite"), ("athena", "athena"), ("presto", "presto"), ("trino", "trino"), ("hive", "hive"),
    ("databricks", "databricks"), ("sparksql", "spark"), ("clickhouse", "clickhouse"), ("teradata", "teradata"),
    ("duckdb", "duckdb"), ("exasol", "exasol"), ("singlestore", "singlestore"), ("gcstobigquery", "bigquery"),
)  # fmt: skip


_KNOWN: Final = frozenset(
    [
        "airflow",
        "pandas",
        "numpy",
        "sqlalchemy",
        "polars",
        "pyspark",
        "dagster",
        "prefect",
        "django",
        "flask",
        "boto3",
        "google",
        "requests",
        "yaml",
        "click",
        "typer",
        "pytest",
        "sqlmodel",
        "alembic",
        "peewee",
        "ibis",
        "great_expectations",
        "feast",
        "snowflake",
        "databricks",
        "dlt",
        "dbt",
        "jinja2",
        "pydantic",
        "streamlit",
        "duckdb",
        "delta",
        "pyarrow",
        "dask",
        "matplotlib",
        "attr",
        "attrs",
        "tqdm",
        "dateutil",
        "pytz",
        "setuptools",
        "sklearn",
        "scipy",
        "torch",
        "tensorflow",
        "botocore",
        "azure",
        "luigi",
        "sqlparse",
        "psycopg_pool",
        "records",
        "sqlglot",
        "modin",
        "pendulum",
        "tenacity",
        "rich",
        "aiohttp",
        "httpx",
        "fastapi",
        "starlette",
        "celery",
        "redis",
        "clickhouse_connect",
        "clickhouse_driver",
        "awswrangler",
        "awsglue",
        "dbutils",
        "IPython",
        "nbformat",
        "papermill",
    ]
)


_DEEPEST: Final = max(name.count(".") + 1 for name in DRIVERS)
_REMEMBERED: Final = 4_096  # names of modules: files ask for the same few again and again


@lru_cache(_REMEMBERED)
def is_library(dotted: str) -> bool:
    """Does a name come from Python's own library or one that everybody knows, and not from a file of the same project?"""
    first = dotted.partition(".")[0]
    return first in _KNOWN or first in sys.stdlib_module_names or dialect_of_module(dotted) is not None


@lru_cache(_REMEMBERED)
def dialect_of_module(dotted: str) -> str | None:
    """The dialect of what a module runs, by its dotted name or what begins with it; None: it is no driver."""
    parts = dotted.replace("()", "").split(".", _DEEPEST)[:_DEEPEST]
    for k in range(len(parts), 0, -1):
        found = DRIVERS.get(".".join(parts[:k]))
        if found is not None:
            return found
    return None


def dialect_of_address(text: str) -> str:
    """The dialect of a URL's scheme; empty: it says nothing."""
    found = _SCHEME.match(text)
    return SCHEMES.get(found.group(1), "") if found else ""


_BEFORE_ADDRESS: Final = re.compile(
    r"[\"'\s](postgresql|postgres|mysql|mariadb|mssql|oracle|sqlite|snowflake|bigquery|redshift|duckdb|trino|presto|clickhouse|"
    r"databricks|hive|awsathena|teradatasql)(?:\+\w+)?\Z"
)
_LONGEST_SCHEME: Final = 64  # characters, with the driver


def dialect_of_scheme(text: str) -> str:
    """The dialect of the one kind of database whose address a module writes down; empty: there is none, or several."""
    found: set[str] = set()
    at = text.find("://")
    while at >= 0:
        scheme = _BEFORE_ADDRESS.search(text, max(0, at - _LONGEST_SCHEME), at)
        if scheme is not None:
            found.add(SCHEMES[scheme.group(1)])
        at = text.find("://", at + 3)
    return next(iter(found)) if len(found) == 1 else ""


def dialect_of_word(name: str) -> str:
    """The dialect that a class, a variable or a connection is named for; empty: none."""
    lower = name.lower()
    return next((dialect for word, dialect in _WORDS if word in lower), "")
