"""CREATE SEMANTIC VIEW: facts, dimensions and metrics over tables
(https://docs.snowflake.com/en/sql-reference/sql/create-semantic-view)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlglot.errors import ParseError
from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, outermost, read_name
from ray_lineage.compile.sql.lex.tokens import made
from ray_lineage.compile.sql.statements.define import define
from ray_lineage.compile.sql.statements.drop import replaced
from ray_lineage.compile.sql.unit import Said, Unit
from ray_lineage.model import StatementKind

_ITEMS: Final = ("FACTS", "DIMENSIONS", "METRICS")
_LONGEST: Final = 5_000  # tokens of an expression


class _Item(NamedTuple):
    """``[PRIVATE] table.name AS expression``."""

    key: tuple[str, ...]
    name: Token
    private: bool
    expression: list[Token]


def read_semantic_view(unit: Unit, tokens: list[Token], i: int) -> Said:
    """``[IF NOT EXISTS] v TABLES (o AS s.orders ...) FACTS (o.net AS price - discount) METRICS (o.total AS SUM(o.net))``: what is
    asked of it is what a query of those tables selects. Facts stand for their expressions in others."""
    parts, i = read_name(tokens, i + 3 if tokens[i].text.upper() == "IF" else i)
    clauses = _clauses(tokens, i)
    tables = [_table(tokens, a, b) for a, b in clauses.get("TABLES", ())]
    items = [item for clause in _ITEMS for a, b in clauses.get(clause, ()) if (item := _item(unit, tokens, a, b))]
    if not parts or not tables or not items:
        return None
    known = {item.key: item.expression for item in items}
    at = tokens[0]
    query: list[Token] = []
    for item in (item for item in items if not item.private):
        value = _expanded(unit, item.expression, known, frozenset([item.key]))
        query += [*made(at, "," if query else "SELECT"), *value, *made(at, "AS"), item.name]
    for position, table in enumerate(tables):
        query += [*made(at, "," if position else "FROM"), *table]
    name = unit.full(parts)
    replaced(unit, tokens, name, len(tokens))
    return define(unit, tokens, query, name, "View", (), StatementKind.CREATE_VIEW)


def _clauses(tokens: list[Token], i: int) -> Mapping[str, list[tuple[int, int]]]:
    """What is listed in each clause."""
    found: dict[str, list[tuple[int, int]]] = {}
    for k, token in outermost(tokens, i, len(tokens) - 1):
        if tokens[k + 1].token_type is T.L_PAREN:
            found.setdefault(token.text.upper(), list_items(tokens, k + 2, closing(tokens, k + 1)))
    return found


def _table(tokens: list[Token], a: int, b: int) -> list[Token]:
    """``[o AS] s.orders [PRIMARY KEY (id)] ...`` -> ``s.orders [AS o]``."""
    _, end = read_name(tokens, a)
    if end < b and tokens[end].token_type is T.ALIAS:
        _, last = read_name(tokens, end + 1)
        return [*tokens[end + 1 : last], tokens[end], tokens[a]]
    return tokens[a:end]


def _item(unit: Unit, tokens: list[Token], a: int, b: int) -> _Item | None:
    private = tokens[a].text.upper() in ("PRIVATE", "PUBLIC") and tokens[a + 1].token_type is not T.DOT
    parts, i = read_name(tokens, a + private)
    at = next((k for k, token in outermost(tokens, i, b) if token.token_type is T.ALIAS), b)
    if not parts or at + 1 >= b:
        return None
    ends = (k for k, token in outermost(tokens, at + 1, b) if token.text.upper() in ("WITH", "COMMENT", "LABELS"))
    key = tuple(unit.part(p) for p in parts)
    return _Item(key, parts[-1], tokens[a].text.upper() == "PRIVATE", tokens[at + 1 : next(ends, b)])


def _expanded(
    unit: Unit, tokens: list[Token], known: Mapping[tuple[str, ...], list[Token]], seen: frozenset[tuple[str, ...]]
) -> list[Token]:
    """An expression with those of the items that it names in their places. An item that has a column's name is that column. Raises
    ParseError where it grows too long."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        parts, end = read_name(tokens, i) if tokens[i].token_type in (T.VAR, T.IDENTIFIER) else ([], i)
        key = tuple(unit.part(p) for p in parts)
        if key in known and key not in seen:
            out += made(tokens[i], "(", _expanded(unit, known[key], known, seen | {key}), ")")
        else:
            out += tokens[i : max(end, i + 1)]
        i = max(end, i + 1)
        if len(out) > _LONGEST:
            raise ParseError("its metrics are made of one another too often")
    return out
