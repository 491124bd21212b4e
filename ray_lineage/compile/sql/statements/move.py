"""All columns of one dataset become another's."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.scan import read_name
from ray_lineage.compile.sql.query.scope import IDENTITY
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import STAR, Effect, Name, Output, Ref, Select, StatementKind, TableRef


def move(
    unit: Unit,
    tokens: list[Token],
    source: Name,
    target: Name,
    statement: StatementKind,
    *,
    effect: Effect = Effect.CHANGES,
    declared: int = -1,
) -> None:
    """All columns of ``source`` are ``target``'s."""
    builder = unit.builder()
    table = builder.add(TableRef(source, tokens[0].line))
    output = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder.add(Select((table,), (output,)))
    unit.write(tokens, statement, builder, root=root, target=target, effect=effect, declared=declared)


def copy_of(unit: Unit, tokens: list[Token], name: Name, kind: str, source: Name, statement: StatementKind) -> None:
    """A dataset that has all columns of another one."""
    declared = unit.facts.declare(name, kind, tokens[0].line)
    move(unit, tokens, source, name, statement, effect=Effect.MAKES, declared=declared)


def read_apply_changes(unit: Unit, tokens: list[Token]) -> None:
    """``APPLY CHANGES INTO t FROM STREAM(s) ...`` of Databricks: all columns of s."""
    words = [t.text.upper() for t in tokens]
    if "INTO" not in words or "FROM" not in words:
        return
    target, _ = read_name(tokens, words.index("INTO") + 1)
    i = words.index("FROM") + 1
    if i < len(words) and words[i] == "STREAM":
        i += 2 if words[i + 1 : i + 2] == ["("] else 1
    source, _ = read_name(tokens, i)
    if target and source:
        move(unit, tokens, unit.full(source), unit.full(target), StatementKind.APPLY_CHANGES)
