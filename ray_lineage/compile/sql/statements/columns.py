"""Columns of tables that are made or changed: lists of names, computed ones, defaults."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.columns import ColumnItem
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.expressions import collect
from ray_lineage.compile.sql.query.scope import IDENTITY, Collected, Scope
from ray_lineage.compile.sql.statements.call import functions_in
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import Assignment, DeclaredColumn, Effect, Name, Select, StatementKind, TableRef, passed_over


def column_list(unit: Unit, tokens: list[Token], i: int) -> tuple[str, ...]:
    if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
        return ()
    return tuple(unit.part(tokens[a]) for a, _ in list_items(tokens, i + 1, closing(tokens, i)))


def listed_names(unit: Unit, tokens: list[Token], i: int) -> list[str]:
    out: list[str] = []
    for a, _ in list_items(tokens, i + 1, closing(tokens, i)):
        parts, _ = read_name(tokens, a)
        out.append(unit.part(parts[0]) if parts else "")
    return out


def make_empty(unit: Unit, tokens: list[Token], name: Name, columns: tuple[DeclaredColumn, ...]) -> Written:
    """From here on there is an empty temporary table with these columns."""
    names = tuple(x.name for x in columns)
    passed = passed_over(columns)
    return Written(tokens, StatementKind.DECLARE, target=name, columns=names, effect=Effect.MAKES, preset=passed)


def computed_columns(
    unit: Unit, tokens: list[Token], columns: list[ColumnItem], name: Name, rows: Name = ()
) -> Written | None:
    """``rows`` are what the columns are made of, if not the table's own."""
    computed = [x for x in columns if x.computed[1] > x.computed[0]]
    if not computed:
        return None
    builder = unit.builder()
    table = builder.add(TableRef(rows or name, start_line(tokens[0])))
    scope_index = builder.add(Select((table,), ()))
    scope = Scope(scope_index, None, {})
    scope.aliases[name[-1]] = table
    assignments: list[Assignment] = []
    for column in computed:
        a, b = column.computed
        select = Token(T.SELECT, "SELECT", tokens[a].line, tokens[a].col, tokens[a].start, tokens[a].start)
        tree = unit.parse([select, *tokens[a:b]], "SELECT")
        found = Collected()
        collect(builder, tree.expressions[0], scope, IDENTITY, found)
        refs = tuple(r for r in found.refs.values())
        assignments.append(Assignment(unit.part(column.name), refs, column.name.line))
    return Written(tokens, StatementKind.CREATE_TABLE, builder, target=name, assignments=tuple(assignments))


def defaults(unit: Unit, tokens: list[Token], name: Name, kind: StatementKind) -> Written | None:
    """Defaults and checks of a table call functions and read sequences."""
    found = functions_in(unit, tokens)
    unit.calls(found, name, start_line(tokens[0]))
    builder = unit.builder()
    sequences: list[int] = []
    words = [t.text.upper() for t in tokens]
    for i, token in enumerate(tokens[:-2] if "NEXT" in words else ()):
        if words[i : i + 3] == ["NEXT", "VALUE", "FOR"]:
            parts, _ = read_name(tokens, i + 3)
            if parts:
                sequences.append(builder.add(TableRef(unit.full(parts), token.line)))
    return Written(tokens, kind, builder, target=name, subqueries=sequences) if sequences else None
