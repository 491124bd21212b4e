"""What OpenLineage calls datasets -> names as our SQL side has them.

The rules are those of https://openlineage.io/docs/spec/naming: a namespace says of which system a dataset is, and that says how
its name is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from ray_lineage.compile.naming import folded
from ray_lineage.compile.sql.names import location_of
from ray_lineage.model import Name, shorten, split_text


class Identity(NamedTuple):
    """What a dataset is called in events."""

    namespace: str
    name: str


_DIALECTS: Final = {
    "postgres": "postgres", "postgresql": "postgres", "crate": "postgres", "redshift": "redshift", "snowflake": "snowflake",
    "bigquery": "bigquery", "spanner": "bigquery", "mysql": "mysql", "oceanbase": "mysql", "mariadb": "mysql", "mssql": "tsql",
    "sqlserver": "tsql", "fabric-warehouse": "fabric", "oracle": "oracle", "teradata": "teradata", "trino": "trino",
    "presto": "presto", "hive": "hive", "awsathena": "athena", "arn": "athena", "unitycatalog": "databricks",
    "databricks": "databricks", "duckdb": "duckdb", "sqlite": "sqlite", "clickhouse": "clickhouse", "db2": "oracle",
    "spark": "spark", "exasol": "exasol",
}  # fmt: skip
"""Dialect of a scheme; of those without a dialect the one whose rules of upper and lower case are the same."""

_FILES: Final = frozenset(
    {"s3", "s3a", "s3n", "gs", "gcs", "hdfs", "abfs", "abfss", "wasb", "wasbs", "adl", "dbfs", "file", "box", "filenet", "oss",
     "mssharepoint", "viewfs", "http", "https", "ftp", "sftp", "azure"}
)  # fmt: skip
_TOPICS: Final = frozenset({"kafka", "pubsub", "kinesis", "eventhub", "rabbitmq", "mqtt"})
_SCHEME: Final = re.compile(r"[A-Za-z][\w+-]*(?=://|:)")
_PARTITION: Final = re.compile(r"(?:/[^/=]+=[^/]*)+/?\Z")
_EXTERNAL: Final = "external"


def scheme_of(namespace: str) -> str:
    """The kind of system that a namespace is of: what stands before ``://``, or all of it."""
    found = _SCHEME.match(namespace)
    return (found[0] if found else namespace).lower()


def dialect_of(namespace: str) -> str:
    """The dialect of SQL that is spoken there, "" if nobody knows."""
    return _DIALECTS.get(scheme_of(namespace), "")


def is_location(identity: Identity) -> bool:
    """Is it a file, a folder or a topic rather than a table?"""
    scheme, name = scheme_of(identity.namespace), identity.name
    return scheme in _FILES or scheme in _TOPICS or name.startswith("/") or "://" in name


def without_partition(name: str) -> str:
    """The path of a table without that of one partition of it (``/t/day=1``)."""
    return _PARTITION.sub("", name)


def name_of(identity: Identity, dialect: str = "") -> Name:
    """The dataset's name; ``dialect``: of namespaces that do not tell theirs."""
    if is_location(identity):
        return (_EXTERNAL, shorten(_location(identity)))
    return table_name(identity, dialect)


def table_name(identity: Identity, dialect: str = "", catalog: str = "") -> Name:
    """The name of a table, whatever its namespace looks like. ``catalog``: what its namespace is; it takes the place of a
    database that the name says, or else comes before it."""
    spoken = dialect_of(identity.namespace) or dialect
    name = tuple(folded(part, spoken) for part in _parts(identity)) or (shorten(identity.name) or "?",)
    return (catalog, *name[1 if len(name) > _WITHOUT_CATALOG else 0 :]) if catalog else name


_WITHOUT_CATALOG: Final = 2  # parts: schema and table


def catalog_of(identity: Identity, catalogs: Mapping[str, str]) -> str:
    """The catalog that is said to be where a dataset lives: of its database there, or of the whole; empty: none is."""
    namespace = identity.namespace.rstrip("/")
    parts = _parts(identity) if catalogs else []
    if len(parts) > _WITHOUT_CATALOG and f"{namespace}/{parts[0]}" in catalogs:
        return catalogs[f"{namespace}/{parts[0]}"]
    return catalogs.get(namespace, "")


def column_name(identity: Identity, name: str, dialect: str = "") -> str:
    """The name of a column of that dataset."""
    return folded(name, "" if is_location(identity) else dialect_of(identity.namespace) or dialect)


def _parts(identity: Identity) -> list[str]:
    namespace, name = identity
    scheme = scheme_of(namespace)
    if scheme == "arn" and name.startswith("table/"):  # AWS Glue
        return [p for p in name.split("/")[1:] if p]
    if scheme == "azurecosmos":
        database = namespace.rpartition("/dbs/")[2] if "/dbs/" in namespace else ""
        return [p for p in (database, name.removeprefix("colls/")) if p]
    if scheme == "azurekusto":
        return [p for p in name.split("/") if p]
    return [p for p in split_text(name) if p]


def _location(identity: Identity) -> str:
    namespace, name = identity
    scheme = scheme_of(namespace)
    if scheme in _TOPICS:
        return f"{scheme}:{name}"
    if "://" in name or namespace.rstrip("/") == "file" or not namespace:
        return location_of(name)
    if scheme not in _FILES:
        return location_of(name)
    return location_of(f"{namespace.rstrip('/')}/{name.lstrip('/')}")
