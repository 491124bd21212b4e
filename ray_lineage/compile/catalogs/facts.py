"""A dump of a catalog -> its facts: datasets with their columns, for what no DDL says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ray_lineage.compile.catalogs.columns import Table, tables
from ray_lineage.compile.catalogs.rows import Row, csv_rows, json_rows
from ray_lineage.compile.facts import Facts, description
from ray_lineage.compile.naming import apart, as_written, is_written
from ray_lineage.model import DeclaredColumn, Diagnostic, FileFacts

_MAX_FAULTS: Final = 20


def compile_rows(text: str, dialect: str, diagnostics: Iterable[Diagnostic] = ()) -> FileFacts:
    """What a dump in CSV says."""
    return _facts(csv_rows(text), dialect, diagnostics)


def compile_json(data: bytes, dialect: str, diagnostics: Iterable[Diagnostic] = ()) -> FileFacts:
    """What a dump in JSON says."""
    return _facts(json_rows(data), dialect, diagnostics)


def _facts(found: Iterable[Row | tuple[str, int]], dialect: str, diagnostics: Iterable[Diagnostic]) -> FileFacts:
    facts = Facts()
    listed = tables(_rows(found, facts))
    names = apart([table.name for table in listed], dialect)
    for table in listed:
        if is_written(table.name, names[table.name]):
            facts.spelled[names[table.name]] = table.name
        facts.declare(names[table.name], "Table", table.line, tuple(_columns(table, dialect)), weak=True)
    return facts.file(dialect, tuple(diagnostics))


def _rows(found: Iterable[Row | tuple[str, int]], facts: Facts) -> Iterator[Row]:
    for row in found:
        if isinstance(row, Row):
            yield row
        elif facts.failed < _MAX_FAULTS:
            message, line = row
            facts.failed += 1
            facts.note("RL130", "warning", f"this row of a catalog cannot be read: {message}", line)


def _columns(table: Table, dialect: str) -> Iterator[DeclaredColumn]:
    names = apart([(column.name,) for column in table.columns], dialect)
    for column in table.columns:
        about = description(column.comment)
        name = names[column.name,][0]
        display = as_written(column.name, name)
        yield DeclaredColumn(name, column.type, column.line, description=about, display=display)
