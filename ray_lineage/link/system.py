"""Columns of engines' own views: an unqualified column that one of them has is its, one that it has not is not.

``system_views.txt`` beside this module has a view a line, by its name as it is looked up here, and all columns that it has in any
version or engine: SQL Server's catalog views, dynamic management views and ``msdb``
(https://learn.microsoft.com/en-us/sql/relational-databases/system-catalog-views), PostgreSQL's (what 15 and 18 have, and what
older ones had; https://www.postgresql.org/docs/current/catalogs.html) with what Redshift has besides, MySQL's
(https://dev.mysql.com/doc/refman/en/information-schema.html, performance-schema.html, sys-schema.html) and MariaDB's, SQLite's,
and INFORMATION_SCHEMA as DuckDB, Snowflake, BigQuery and Databricks have it, too. Versions add columns: of a view that is not
listed, or where it is the only one that is in FROM, nothing is ruled out."""

from __future__ import annotations

import functools
from pathlib import Path

from ray_lineage.model import Name, default_kind


def is_system(name: Name) -> bool:
    """Is it a view of the engine's own?"""
    return bool(name) and default_kind(name) == "System"


def has_column(name: Name, column: str) -> bool | None:
    """Has a system view the column? None: its columns are not listed here."""
    columns = _columns(_listed_as(name))
    return None if columns is None else column in columns


def _listed_as(name: Name) -> str:
    whole = ".".join(name[-3:])
    if whole in _lists():  # in a database of the engine's own, and a schema that every one has
        return whole
    if name[-1].startswith("sys") and name[-2:-1] in ((), ("dbo",)):  # SQL Server's older names
        return f"sys.{name[-1]}"
    return ".".join(name[-2:])


@functools.cache
def _columns(view: str) -> frozenset[str] | None:
    text = _lists().get(view)
    return None if text is None else frozenset(text.split())


@functools.cache
def _lists() -> dict[str, str]:
    lines = Path(__file__).with_name("system_views.txt").read_text("ascii").splitlines()
    return dict(line.split(" ", 1) for line in lines)
