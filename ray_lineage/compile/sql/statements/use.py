"""USE, DATABASE, SET SCHEMA: what completes the names that follow."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.lex.scan import read_name
from ray_lineage.compile.sql.unit import Unit


def read_use(unit: Unit, tokens: list[Token]) -> None:
    """``USE [DATABASE|SCHEMA|CATALOG] [a.]b``: what completes the names that follow."""
    word = tokens[1].text.upper() if len(tokens) > 2 else ""
    name, _ = read_name(tokens, 2 if word in _USED else 1)
    if not name or name[0].text.upper() in ("ROLE", "WAREHOUSE", "SECONDARY"):
        return
    parts = unit.names.name(name)
    for token, part in zip(name, parts, strict=False):
        unit.names.noted(token.text, part)
    if len(parts) > 1:
        unit.names.catalog, unit.names.schema = parts[-2], parts[-1]
    elif word in ("SCHEMA", "NAMESPACE") or (word != "CATALOG" and unit.engine.use_is_schema):
        unit.names.schema = parts[-1]
    else:
        unit.names.use_catalog("" if UNKNOWN in parts[-1] else parts[-1])


def use_database(unit: Unit, tokens: list[Token]) -> None:
    """``DATABASE d`` of Teradata, ``OPEN SCHEMA s`` of Exasol."""
    unit.names.schema = unit.part(tokens[-1])


_USED: Final = frozenset({"DATABASE", "SCHEMA", "CATALOG", "NAMESPACE"})
