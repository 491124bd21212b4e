"""The catalog of a live database, as a file of our own format.

One query where the engine has all columns in one place, else what SQLAlchemy's inspector finds, schema by schema. Only catalogs
are read, never a table.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ray_lineage.errors import StoreUnavailable, UsageError, first_line

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

DIALECTS: Final = {
    "postgresql": "postgres", "mssql": "tsql", "mariadb": "mysql", "redshift": "redshift", "snowflake": "snowflake",
    "duckdb": "duckdb", "sqlite": "sqlite", "mysql": "mysql", "oracle": "oracle", "trino": "trino", "databricks": "databricks",
    "bigquery": "bigquery", "clickhouse": "clickhouse", "clickhousedb": "clickhouse", "awsathena": "athena", "hive": "hive",
    "teradatasql": "teradata", "exa": "exasol", "starrocks": "starrocks",
}  # fmt: skip
"""Ours, by what SQLAlchemy calls them."""
_FILES: Final = ("sqlite", "duckdb")
"""Their drivers make the file that an address names."""
_ADDRESS: Final = "driver://user@host/database"


class Row(NamedTuple):
    """One column. ``name``: the parts of its table's."""

    name: tuple[str, ...]
    kind: str
    description: str
    column: str
    type: str
    comment: str


_POSTGRES: Final = """
SELECT current_database(), n.nspname, c.relname, c.relkind::text, obj_description(c.oid, 'pg_class'), a.attname,
       format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND left(n.nspname, 3) <> 'pg_'
ORDER BY 2, 3, a.attnum"""
_DUCKDB: Final = """
SELECT c.database_name, c.schema_name, c.table_name, CASE WHEN v.view_name IS NULL THEN 'r' ELSE 'v' END,
       coalesce(t.comment, v.comment), c.column_name, c.data_type, c.comment
FROM duckdb_columns() c
LEFT JOIN duckdb_tables() t ON (t.database_name, t.schema_name, t.table_name) = (c.database_name, c.schema_name, c.table_name)
LEFT JOIN duckdb_views() v ON (v.database_name, v.schema_name, v.view_name) = (c.database_name, c.schema_name, c.table_name)
WHERE NOT c.internal
ORDER BY 1, 2, 3, c.column_index"""
_STANDARD: Final = """
SELECT c.table_catalog, c.table_schema, c.table_name, t.table_type, NULL, c.column_name, c.data_type, NULL
FROM information_schema.columns c
LEFT JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE lower(c.table_schema) NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys', 'pg_catalog')
ORDER BY c.table_catalog, c.table_schema, c.table_name, c.ordinal_position"""
_QUERIES: Final[Mapping[str, str]] = {
    "postgresql": _POSTGRES, "duckdb": _DUCKDB,
    **dict.fromkeys(("mysql", "mariadb", "mssql", "snowflake", "redshift", "trino", "databricks"), _STANDARD),
}  # fmt: skip
_KINDS: Final = {"v": "View", "m": "MaterializedView", "f": "External"}


def pull(url: str, schemas: Sequence[str] = ()) -> dict[str, Any]:
    """The catalog of the database at ``url``, of these ``schemas`` or all, as ``docs/schemas/lineage-1.schema.json`` says.

    Raises UsageError for an address that is none or lacks its driver, StoreUnavailable if the database does not answer.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            query = _QUERIES.get(engine.dialect.name)
            rows = _queried(connection, query) if query is not None else _inspected(connection)
            wanted = {s.lower() for s in schemas}
            datasets = _datasets(r for r in rows if not wanted or r.name[-2].lower() in wanted)
    except _database_errors() as error:
        text = f"the catalog of {engine.url.render_as_string(hide_password=True)} cannot be read: {first_line(error)}"
        raise StoreUnavailable("RL261", text, help="does the database answer, with these rights?") from error
    finally:
        engine.dispose()
    return {"format": "ray_lineage/1", "dialect": DIALECTS.get(engine.dialect.name, ""), "datasets": datasets}


def _database_errors() -> tuple[type[Exception], ...]:
    from sqlalchemy.exc import SQLAlchemyError

    return (SQLAlchemyError, OSError)


def _engine(url: str) -> Engine:
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import ArgumentError
    except ImportError:
        raise UsageError(
            "RL260",
            "reading the catalog of a database needs SQLAlchemy",
            help="pip install 'ray-lineage[catalog]' and the driver",
        ) from None
    try:
        engine = create_engine(url)
    except (ValueError, TypeError):  # not what it says: the password may stand where the port is looked for
        raise UsageError("RL260", "no address of a database: a part of it has no such value", help=_ADDRESS) from None
    except ArgumentError as error:
        raise UsageError("RL260", f"no address of a database: {first_line(error)}", help=_ADDRESS) from None
    except ImportError as error:
        raise UsageError(
            "RL260", f"the driver is not installed: {first_line(error)}", help="install it with pip"
        ) from None
    file = engine.url.database or ""
    if engine.url.get_backend_name() in _FILES and file and ":" not in file and not os.path.exists(file):
        raise UsageError("RL260", f"there is no database {file}: it would be made", help="check the path")
    return engine


def _queried(connection: Connection, query: str) -> Iterator[Row]:
    for catalog, schema, table, kind, description, column, type_, comment in connection.exec_driver_sql(query):
        parts = (catalog if catalog != "def" else None, schema, table)  # MySQL has no catalogs
        yield Row(
            tuple(str(p) for p in parts if p),
            _kind(kind or ""),
            description or "",
            column,
            str(type_ or ""),
            comment or "",
        )


def _kind(said: str) -> str:
    known = _KINDS.get(said)
    return known if known is not None else "View" if "VIEW" in said.upper() else "Table"


def _inspected(connection: Connection) -> Iterator[Row]:
    from sqlalchemy import inspect
    from sqlalchemy.engine.reflection import ObjectKind

    inspector = inspect(connection)
    usual = inspector.default_schema_name
    for schema in inspector.get_schema_names():
        if schema.lower() in _OWN_SCHEMAS:
            continue
        views = {*inspector.get_view_names(schema)}
        found = inspector.get_multi_columns(schema=schema, kind=ObjectKind.ANY)
        for (_, table), columns in sorted(found.items(), key=lambda f: f[0][1]):
            name = (schema or usual or "", table)
            for column in columns:
                type_ = str(column["type"]) if str(column["type"]) != "NULL" else ""
                yield Row(
                    tuple(filter(None, name)), "View" if table in views else "Table", "", column["name"], type_,
                    column.get("comment") or "",
                )  # fmt: skip


_OWN_SCHEMAS: Final = frozenset(
    {
        "information_schema",
        "pg_catalog",
        "sys",
        "system",
        "mysql",
        "performance_schema",
        "xdb",
        "outln",
        "dbsnmp",
        "ctxsys",
    }
)


def _datasets(rows: Iterable[Row]) -> list[dict[str, Any]]:
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        dataset = found.setdefault(row.name, {"name": list(row.name), "kind": row.kind, "columns": []})
        if row.description:
            dataset["description"] = row.description
        column = {"name": row.column, "type": row.type, "description": row.comment}
        dataset["columns"].append({key: value for key, value in column.items() if value})
    return list(found.values())
