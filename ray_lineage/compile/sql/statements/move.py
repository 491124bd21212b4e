"""All columns of one dataset become another's."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.query.scope import IDENTITY
from ray_lineage.compile.sql.unit import Unit, Written
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
    was: Name = (),
) -> Written:
    """All columns of ``source`` are ``target``'s. ``was``: see :class:`Written`."""
    builder = unit.builder()
    table = builder.add(TableRef(source, tokens[0].line))
    output = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder.add(Select((table,), (output,)))
    return Written(tokens, statement, builder, root=root, target=target, effect=effect, declared=declared, was=was)


def swap(unit: Unit, tokens: list[Token], one: Name, other: Name) -> list[Written]:
    """Each has the rows of the other now, and its columns."""
    unit.facts.doubt(one, tokens[0].line)
    unit.facts.doubt(other, tokens[0].line)
    return [move(unit, tokens, *ends, StatementKind.SWAP) for ends in ((one, other), (other, one))]


def copy_of(
    unit: Unit, tokens: list[Token], name: Name, kind: str, source: Name, statement: StatementKind, was: Name = ()
) -> Written:
    """A dataset that has all columns of another one."""
    declared = unit.facts.declare(name, kind, tokens[0].line)
    return move(unit, tokens, source, name, statement, effect=Effect.MAKES, declared=declared, was=was)


def read_apply_changes(unit: Unit, tokens: list[Token]) -> Written | None:
    """``APPLY CHANGES INTO t FROM STREAM(s) ...`` of Databricks: all columns of s."""
    words = [t.text.upper() for t in tokens]
    if "INTO" not in words or "FROM" not in words:
        return None
    target, _ = read_name(tokens, words.index("INTO") + 1)
    i = words.index("FROM") + 1
    if i < len(words) and words[i] == "STREAM":
        i += 2 if words[i + 1 : i + 2] == ["("] else 1
    source, _ = read_name(tokens, i)
    return _apply(unit, tokens, unit.full(source), unit.full(target), words) if target and source else None


def _apply(unit: Unit, tokens: list[Token], source: Name, target: Name, words: list[str]) -> Written:
    """``COLUMNS a, b`` or ``COLUMNS * EXCEPT (c)`` of ``source``; all of them where nothing is said."""
    line = tokens[0].line
    builder = unit.builder()
    table = builder.add(TableRef(source, line))
    at = words.index("COLUMNS") + 1 if "COLUMNS" in words else len(words)
    ref = Ref(table, 1, STAR, IDENTITY, line)
    if words[at : at + 1] in ([], ["*"]):
        excluded = words[at + 1 : at + 2] == ["EXCEPT"]
        names = _names(unit, tokens, at + 2) if excluded else ()
        outputs: tuple[Output, ...] = (Output(None, (ref,), line, star=True, excluded=names),)
    else:
        columns = _names(unit, tokens, at)
        outputs = tuple(Output(c, (Ref(table, 1, c, IDENTITY, line),), line) for c in columns)
    root = builder.add(Select((table,), outputs))
    return Written(tokens, StatementKind.APPLY_CHANGES, builder, root=root, target=target)


def _names(unit: Unit, tokens: list[Token], i: int) -> tuple[str, ...]:
    """``(a, b)`` or ``a, b``."""
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        return tuple(unit.part(tokens[a]) for a, _ in list_items(tokens, i + 1, closing(tokens, i)))
    return tuple(unit.part(tokens[a]) for a, _ in list_items(tokens, i, len(tokens)))
