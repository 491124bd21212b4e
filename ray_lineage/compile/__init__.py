"""Compile: the text of one file -> what it says (``FileFacts``). Pure: no I/O, no Ray, nothing looked up elsewhere.

Importing this package is cheap; sqlglot is loaded by the first compile.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from ray_lineage.compile.options import CompileOptions
from ray_lineage.model import Diagnostic, FileFacts

__all__ = ["COMPILER_VERSION", "DIALECTS", "CompileOptions", "compile_text"]

_REVISION: Final = 2
"""Raise with every change of what compile gives: it is part of the cache's key and of every fingerprint."""

COMPILER_VERSION: Final = f"{_REVISION}+sqlglot{version('sqlglot')}"

DIALECTS: Final = (
    "athena", "bigquery", "clickhouse", "databricks", "doris", "drill", "duckdb", "exasol", "fabric", "hive", "materialize",
    "mysql", "oracle", "postgres", "presto", "redshift", "risingwave", "singlestore", "snowflake", "spark", "sqlite",
    "starrocks", "teradata", "trino", "tsql",
)  # fmt: skip


def compile_text(text: str, options: CompileOptions, diagnostics: Sequence[Diagnostic] = ()) -> FileFacts:
    """Compile one file. Never raises on bad input: what cannot be read becomes a diagnostic with its line.

    ``diagnostics`` (of reading the file) are put in front of the facts' own. Raises ValueError for an unknown dialect.
    """
    from ray_lineage.compile.detect import detect
    from ray_lineage.compile.statements import FileCompiler

    dialect = options.dialect or detect(text)[0]
    compiler = FileCompiler(text, dialect, options)
    compiler.run()
    found = (*diagnostics, *compiler.diagnostics)
    unreadable = any(d.code == "RL101" for d in found)
    if compiler.failed and not compiler.statements and not compiler.declarations:
        status = "failed"
    else:
        status = "partial" if compiler.failed or unreadable else "ok"
    return FileFacts(
        dialect, status, tuple(compiler.statements), tuple(compiler.declarations), found, tuple(compiler.calls),
        tuple(compiler.foreign_keys),
    )  # fmt: skip
