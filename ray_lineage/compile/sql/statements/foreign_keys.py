"""REFERENCES in CREATE TABLE and ALTER TABLE."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import list_items, read_name
from ray_lineage.compile.sql.statements.columns import column_list
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import Name


def foreign_keys(unit: Unit, tokens: list[Token], start: int, end: int, table: Name) -> None:
    """``[FOREIGN KEY (a, b)] REFERENCES other [(x, y)]`` in the items of CREATE TABLE or ALTER TABLE."""
    if not unit.has_keys:
        return
    for at in range(start, end):
        if tokens[at].text.upper() != "REFERENCES" or tokens[at].token_type is T.IDENTIFIER:
            continue
        other, i = read_name(tokens, at + 1)
        if not other:
            continue
        others = column_list(unit, tokens, i)
        if at > start and tokens[at - 1].token_type is T.R_PAREN and _is_key_list(tokens, start, at):
            a = at - 1
            while a > start and tokens[a].token_type is not T.L_PAREN:
                a -= 1
            columns = column_list(unit, tokens, a)
        else:
            a, _ = next(((x, y) for x, y in list_items(tokens, start, end) if x <= at < y), (at, at))
            while a < at and tokens[a].text.upper() in ("ADD", "COLUMN", "WITH", "CHECK", "NOCHECK"):
                a += 1
            columns = (
                (unit.part(tokens[a]),) if a < at and tokens[a].text.upper() not in ("CONSTRAINT", "FOREIGN") else ()
            )
        if columns:
            unit.facts.foreign_key(table, columns, unit.full(other), others, tokens[at].line)


def _is_key_list(tokens: list[Token], start: int, at: int) -> bool:
    a = at - 1
    while a > start and tokens[a].token_type is not T.L_PAREN:
        a -= 1
    before = [t.text.upper() for t in tokens[max(start, a - 3) : a]]
    return "KEY" in " ".join(before).split() and "FOREIGN" in " ".join(before).split()
