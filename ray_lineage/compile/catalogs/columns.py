"""Rows of a catalog -> its tables: which fields say what, in each system's own words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from ray_lineage.compile.catalogs.rows import Row

_TABLE: Final = ("tablename", "tabname", "table")
_COLUMN: Final = ("columnname", "colname", "name")
_SCHEMA: Final = ("tableschema", "tableschem", "owner", "schemaname", "tabschema", "schema", "databasename", "database")
_CATALOG: Final = ("tablecatalog", "tablecat", "catalogname", "databasename", "databasename1")
_PLACE: Final = ("ordinalposition", "columnid", "columnindex", "position", "colno", "internalcolumnid")
_TYPE: Final = ("fulldatatype", "columntype", "datatype", "typename", "type")
_COMMENT: Final = ("columncomment", "comment", "comments", "description", "remarks")
_LAST: Final = 1 << 30
_NO_CATALOG: Final = "def"
"""What MySQL says where others have a catalog."""


class Column(NamedTuple):
    """One column as the system has it."""

    name: str
    type: str
    place: int
    comment: str
    line: int


class Table(NamedTuple):
    """A table as the system has it: the parts of its name, and its columns in their order."""

    name: tuple[str, ...]
    line: int
    columns: list[Column]


def is_dump(fields: Collection[str]) -> bool:
    """Do rows with these fields (spelled) list columns?"""
    has = set(fields)
    if has.isdisjoint(_TABLE) or has.isdisjoint(_COLUMN):
        return False
    says_more = not has.isdisjoint(_PLACE) or not has.isdisjoint(_TYPE)
    if "columnname" in has or "colname" in has:
        return says_more and ("tablename" in has or "tabname" in has)
    return {"database", "table", "name", "type", "position"} <= has  # ClickHouse: system.columns


def tables(rows: Iterable[Row]) -> list[Table]:
    """The tables of a dump, in the order in which it names them."""
    found: dict[tuple[str, ...], dict[str, Column]] = {}
    lines: dict[tuple[str, ...], int] = {}
    for row in rows:
        name, column = _name(row.fields), _column(row)
        if column is None or not name or _is_hidden(row.fields):
            continue
        lines.setdefault(name, row.line)
        columns = found.setdefault(name, {})
        path = _text(row.fields, ("fieldpath",))
        if column.name not in columns or path == column.name:  # of a column with fields its own row
            columns[column.name] = column
    return [Table(name, lines[name], sorted(c.values(), key=lambda c: c.place)) for name, c in found.items()]


def _is_hidden(fields: Mapping[str, Any]) -> bool:
    return _text(fields, ("ishidden", "hiddencolumn")).upper() == "YES"


def _name(fields: Mapping[str, Any]) -> tuple[str, ...]:
    table = _text(fields, _TABLE)
    schema_key = next((key for key in _SCHEMA if _text(fields, (key,))), "")
    schema = _text(fields, (schema_key,)) if schema_key else ""
    catalog = _text(fields, tuple(key for key in _CATALOG if key != schema_key))
    if not table:
        return ()
    return tuple(part for part in (catalog if catalog != _NO_CATALOG else "", schema, table) if part)


def _column(row: Row) -> Column | None:
    name = _text(row.fields, tuple(c for c in _COLUMN if c != "name" or "columnname" not in row.fields))
    if not name:
        return None
    place = _text(row.fields, _PLACE)
    return Column(
        name,
        _text(row.fields, _TYPE),
        int(float(place)) if _is_number(place) else _LAST,
        _text(row.fields, _COMMENT),
        row.line,
    )


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal() and len(text) < len(str(_LAST))


def _text(fields: Mapping[str, Any], keys: Iterable[str]) -> str:
    """The first of these fields that says something, as text."""
    return next(_texts(fields, keys), "")


def _texts(fields: Mapping[str, Any], keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        value = fields.get(key)
        if isinstance(value, str):
            text = value.strip()
            if text and text.upper() not in ("NULL", "\\N"):
                yield text
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield str(value)
