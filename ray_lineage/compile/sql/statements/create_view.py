"""CREATE VIEW."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.columns import CreateHead
from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.lex.scan import closing, read_name
from ray_lineage.compile.sql.query.scope import IDENTITY
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import STAR, Assignment, Name, Ref, StatementKind


def view_to(unit: Unit, tokens: list[Token], head: CreateHead, name: Name) -> Written | None:
    """``CREATE MATERIALIZED VIEW v TO t AS SELECT``: what v selects goes into t, by name. None if it is something else."""
    if not unit.engine.view_into:
        return None
    at = next((k for k in range(2, min(head.query, len(tokens) - 1)) if tokens[k].text.upper() == "TO"), -1)
    if at < 0 or tokens[at].token_type is T.IDENTIFIER:
        return None
    parts, _ = read_name(tokens, at + 1)
    if not parts:
        return None
    unit.facts.declare(name, "MaterializedView", tokens[0].line)
    builder = unit.builder()
    root = builder.query(unit.parse(tokens[head.query :], "SELECT"))
    assignments = (Assignment(STAR, (Ref(root, -1, STAR, IDENTITY),)),)
    return Written(
        tokens, StatementKind.CREATE_VIEW, builder, target=unit.full(parts), assignments=assignments, subqueries=[root]
    )


def without_tail(tokens: list[Token]) -> list[Token]:
    """Cut what follows a query that makes something: WITH CHECK OPTION, WITH [NO] DATA, WITH READ ONLY, WITH NO SCHEMA BINDING, and
    how its rows are spread: DISTRIBUTED BY (a)."""
    for i in range(len(tokens) - 2, max(0, len(tokens) - 60), -1):
        if tokens[i].text.upper() == "DISTRIBUTED" and tokens[i + 1].text.upper() in ("BY", "RANDOMLY", "REPLICATED"):
            tokens = tokens[:i]
            break
    if len(tokens) > 3 and tokens[-2].text.upper() == "COMMENT" and tokens[-1].token_type in LITERALS:
        tokens = tokens[:-2]
    if tokens[0].token_type is T.L_PAREN:  # (query) WITH DATA PRIMARY INDEX ...
        end = closing(tokens, 0)
        if (
            end + 2 < len(tokens)
            and tokens[end + 1].token_type is T.WITH
            and tokens[end + 2].text.upper() in ("DATA", "NO")
        ):
            return tokens[: end + 1]
    for i in range(len(tokens) - 1, max(0, len(tokens) - 6), -1):
        if tokens[i].token_type is T.WITH and i + 1 < len(tokens):
            following = tokens[i + 1].text.upper()
            if following in ("CHECK", "DATA", "NO", "READ", "CASCADED", "LOCAL"):
                return tokens[:i]
    return tokens
