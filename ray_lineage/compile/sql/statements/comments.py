"""What people wrote about tables and columns: COMMENT, OPTIONS (description = ...), extended properties."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.columns import CreateHead, comment_at
from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import list_items, outermost, read_name
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import Name, is_temporary

_OF_TABLES: Final = frozenset({"TABLE", "VIEW", "FUNCTION", "PROCEDURE", "SEQUENCE", "SYNONYM", "TYPE", "DICTIONARY"})
_BEFORE: Final = frozenset({"MATERIALIZED", "FOREIGN", "EXTERNAL", "DYNAMIC", "MATERIALIZED VIEW"})
_PROPERTY: Final = "ms_description"
_LEVELS: Final = ("level0", "level1", "level2")


def read_comment(unit: Unit, tokens: list[Token]) -> None:
    """``COMMENT [IF EXISTS] ON TABLE|VIEW|COLUMN... name IS 'text'``."""
    at = next((k for k, t in enumerate(tokens[:5]) if t.text.upper() == "ON"), -1) + 1
    while 0 < at < len(tokens) and tokens[at].text.upper() in _BEFORE:
        at += 1
    if not 0 < at < len(tokens):
        return
    what = tokens[at].text.upper()
    parts, i = read_name(tokens, at + 1)
    text = _after_is(tokens, i)
    if not parts or not text:
        return
    if what == "COLUMN" and len(parts) > 1:
        _describe(unit, unit.full(parts[:-1]), "", {unit.part(parts[-1]): text}, tokens[0].line)
    elif what in _OF_TABLES or what == "MATERIALIZED VIEW":
        _describe(unit, unit.full(parts), text, {}, tokens[0].line)


def _after_is(tokens: list[Token], start: int) -> str:
    for k, token in outermost(tokens, start):
        if token.text.upper() == "IS" and k + 1 < len(tokens):
            return tokens[k + 1].text if tokens[k + 1].token_type in STRINGS else ""
    return ""


def describe_created(unit: Unit, tokens: list[Token], head: CreateHead, name: Name) -> None:
    """What CREATE TABLE or VIEW says about the whole, outside of its columns and its query."""
    for k, _ in outermost(tokens, 0, head.query):
        text = comment_at(tokens, k, len(tokens))
        if text:
            _describe(unit, name, text, {}, tokens[0].line)
            return


def read_property(unit: Unit, tokens: list[Token], at: int) -> None:
    """``sp_addextendedproperty N'MS_Description', N'text', N'SCHEMA', N'dbo', N'TABLE', N't', N'COLUMN', N'c'``, of which each
    may be named."""
    given = _given(tokens, at)
    if given.get("name", "").lower() != _PROPERTY or not given.get("value"):
        return
    found = {given[f"{k}type"].lower(): given.get(f"{k}name", "") for k in _LEVELS if given.get(f"{k}type")}
    inside = next((found[kind] for kind in ("table", "view", "function", "procedure") if found.get(kind)), "")
    if not inside:
        return
    schema = found.get("schema") or found.get("user") or ""
    parts = tuple(unit.fold(part, True) for part in (schema, inside) if part)
    column = found.get("column")
    described = {unit.fold(column, True): given["value"]} if column else {}
    _describe(unit, unit.names.qualified(parts), "" if column else given["value"], described, tokens[0].line)


_ORDER: Final = ("name", "value", *(f"{k}{what}" for k in _LEVELS for what in ("type", "name")))


def _given(tokens: list[Token], at: int) -> dict[str, str]:
    """The texts that are passed, by the parameters' names."""
    out: dict[str, str] = {}
    for position, (a, b) in enumerate(list_items(tokens, at, len(tokens))):
        key = _ORDER[position] if position < len(_ORDER) else ""
        if b - a >= 3 and tokens[a].token_type is T.PARAMETER and tokens[a + 2].token_type is T.EQ:
            key, a = tokens[a + 1].text.lower(), a + 3
        if a < b and tokens[a].token_type not in (T.COMMA, T.PARAMETER):
            out[key] = tokens[a].text
    return out


def _describe(unit: Unit, name: Name, text: str, columns: dict[str, str], line: int) -> None:
    if name and not is_temporary(name):
        unit.facts.describe(name, text, columns.items(), line)
