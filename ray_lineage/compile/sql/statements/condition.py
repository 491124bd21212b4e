"""IF and WHILE: the queries in their conditions."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import StatementKind


def condition(unit: Unit, tokens: list[Token], kind: StatementKind) -> Written | None:
    """The queries in the condition of IF or WHILE are read; what they give goes nowhere."""
    if T.SELECT not in [t.token_type for t in tokens]:
        return None
    builder = unit.builder()
    roots: list[int] = []
    i = 1
    while i < len(tokens) - 1:
        if tokens[i].token_type is T.L_PAREN and tokens[i + 1].token_type in (T.SELECT, T.WITH):
            end = closing(tokens, i)
            roots.append(builder.query(unit.parse(tokens[i + 1 : end], "SELECT")))
            i = end
        i += 1
    return Written(tokens, kind, builder, subqueries=roots) if roots else None
