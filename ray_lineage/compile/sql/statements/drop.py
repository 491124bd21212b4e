"""DROP, CREATE OR REPLACE: what a script declared of a dataset before is over."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.scan import read_name
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import Effect, Local, Name, StatementKind, local_kind


def read_drop(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """DROP TABLE a, b: what this script declared of them before is over."""
    if len(tokens) < 3 or tokens[1].text.upper() not in ("TABLE", "VIEW", "MATERIALIZED", "SYNONYM", "EXTERNAL"):
        return
    i = 2
    while i < len(tokens) and tokens[i].text.upper() in ("IF", "EXISTS", "VIEW", "TABLE"):
        i += 1
    while i < len(tokens):
        parts, i = read_name(tokens, i)
        if not parts:
            return
        name = unit.full(parts)
        unit.facts.forget(name)
        if local_kind(name) is Local.TABLE:
            yield Written(tokens, StatementKind.DECLARE, target=name, effect=Effect.ENDS)
        i += 1


def replaced(unit: Unit, tokens: list[Token], name: Name, query: int) -> None:
    """``CREATE OR REPLACE``, ``CREATE OR ALTER`` and ``ALTER VIEW``: what this script declared of it before is over, unless
    the query at ``query`` reads that."""
    words = [t.text.upper() for t in tokens[:3]]
    if words[0] not in ("ALTER", "REPLACE") and words[1:] not in (["OR", "REPLACE"], ["OR", "ALTER"]):
        return
    is_whole = words[0] != "ALTER" or query < len(tokens)
    if is_whole and not any(unit.part(t) == name[-1] for t in tokens[query:]):
        unit.facts.forget(name)
