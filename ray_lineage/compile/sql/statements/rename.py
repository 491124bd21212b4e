"""RENAME, sp_rename."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import spelling
from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import list_items, read_name
from ray_lineage.compile.sql.lex.tokens import tokenize
from ray_lineage.compile.sql.statements.move import copy_of, move
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import Name, StatementKind


def read_rename(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``RENAME TABLE a TO b, c TO d`` (MySQL), ``RENAME a TO b`` (Oracle), ``RENAME OBJECT s.a TO b`` (Synapse)."""
    i = 2 if len(tokens) > 2 and tokens[1].text.upper() in ("TABLE", "OBJECT") else 1
    if i == 2 and tokens[2].token_type is T.DCOLON:
        i = 3
    while i < len(tokens):
        old, i = read_name(tokens, i)
        if not old or i >= len(tokens) or tokens[i].text.upper() != "TO":
            return
        new, i = read_name(tokens, i + 1)
        if not new:
            return
        name, renamed = unit.full(old), unit.full(new)
        if unit.engine.renames_in_place and len(new) == 1:
            renamed = (*name[:-1], renamed[-1])
        yield rename_dataset(unit, tokens, name, renamed)
        i += 1


def rename_dataset(unit: Unit, tokens: list[Token], old: Name, new: Name, kind: str = "Table") -> Written:
    """The rows of ``old`` are now ``new``'s, with the columns that this script declared. ``kind``: what it is if nothing here says so."""
    known = unit.facts.last_declared(old)
    if known is not None and known.columns:
        unit.facts.copy_declaration(known, new)
        return move(unit, tokens, old, new, StatementKind.RENAME, was=old)
    return copy_of(unit, tokens, new, known.kind if known else kind, old, StatementKind.RENAME, was=old)


def rename_by_procedure(unit: Unit, tokens: list[Token], at: int) -> Written | None:
    texts: list[str] = []
    for a, b in list_items(tokens, at, len(tokens)):
        if b - a >= 3 and tokens[a].token_type is T.PARAMETER:
            a += 3
        texts.append(tokens[a].text if a < b and tokens[a].token_type in STRINGS else "")
    if len(texts) < 2 or not texts[0] or not texts[1]:
        return None
    kind = texts[2].upper() if len(texts) > 2 else "OBJECT"
    inner, _ = tokenize(texts[0], unit.engine)
    parts, _ = read_name(inner, 0)
    if kind == "COLUMN" and len(parts) > 1:
        new = unit.fold(texts[1], False)
        display = spelling(unit.engine, texts[1], new)
        unit.facts.rename_column(unit.full(parts[:-1]), unit.part(parts[-1]), new, tokens[0].line, display)
    elif kind == "OBJECT" and parts:
        old = unit.full(parts)
        renamed = (*old[:-1], unit.fold(texts[1], False))
        unit.names.spell(renamed, [texts[1]])
        return rename_dataset(unit, tokens, old, renamed)
    return None
