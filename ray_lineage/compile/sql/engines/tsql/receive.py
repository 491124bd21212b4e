"""RECEIVE of Service Broker: a queue is read."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, read_name
from ray_lineage.compile.sql.statements.variables import selected
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import Name, StatementKind


def read_waitfor(unit: Unit, tokens: list[Token]) -> Written | None:
    """``WAITFOR (RECEIVE ...)``; a time says nothing."""
    return read_receive(unit, tokens) if [t.text.upper() for t in tokens[1:3]] == ["(", "RECEIVE"] else None


def read_receive(unit: Unit, tokens: list[Token]) -> Written | None:
    """``RECEIVE columns FROM queue [INTO @t] [WHERE ...]``, alone or in ``WAITFOR (...)``: reads a queue."""
    body = tokens[2 : closing(tokens, 1)] if tokens[0].text.upper() == "WAITFOR" else tokens
    first = body[0]
    body = [Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.end), *body[1:]]
    at = next((k for k, t in enumerate(body) if t.token_type is T.INTO), -1)
    target: Name = ()
    if at > 0:
        parts, end = read_name(body, at + 1)
        target = unit.full(parts)
        body = [*body[:at], *body[end:]]
    tree = unit.parse(body, "SELECT")
    builder = unit.builder()
    root = builder.query(tree)
    if builder.assigned:
        return selected(unit, tokens, builder, root, sure=False)
    return Written(tokens, StatementKind.RECEIVE, builder, root=root, target=target)
