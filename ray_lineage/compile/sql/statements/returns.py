"""RETURN: what a routine gives back."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing
from ray_lineage.compile.sql.lex.tokens import like
from ray_lineage.compile.sql.query.scope import IDENTITY
from ray_lineage.compile.sql.statements.define import define
from ray_lineage.compile.sql.statements.select import result
from ray_lineage.compile.sql.statements.variables import may_carry, variable_name
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import (
    STAR,
    VALUE,
    Assignment,
    Local,
    Name,
    Output,
    Ref,
    Select,
    StatementKind,
    TableRef,
)


def read_return(unit: Unit, tokens: list[Token]) -> Said:
    """RETURN (SELECT ...) of an inline table-valued function defines the function's columns."""
    if not unit.routine.is_script and (said := return_rows(unit, tokens)) is not None:
        return said
    i, end = 1, len(tokens)
    while i < end and tokens[i].token_type is T.L_PAREN and closing(tokens, i) == end - 1:
        i, end = i + 1, end - 1
    if i >= end or unit.routine.is_script:
        return None
    if tokens[i].text.upper() not in ("SELECT", "WITH"):
        if unit.routine.kind != "Function" or _is_row_of_trigger(unit, tokens[i:end]):
            return None
        return return_value(unit, tokens, tokens[1:])
    declared = unit.facts.last_declared(unit.routine.name)
    if declared is None or declared.kind != "Function":
        return None
    return define(
        unit, tokens, tokens[i:end], declared.name, "Function", (), StatementKind.CREATE_FUNCTION, redeclare=declared
    )


def _is_row_of_trigger(unit: Unit, value: list[Token]) -> bool:
    """``RETURN NEW`` lets the row pass, and is no result."""
    return unit.engine.plpgsql and len(value) == 1 and unit.part(value[0]) in unit.engine.trigger_rows


def return_value(unit: Unit, tokens: list[Token], value: list[Token]) -> Said:
    """``RETURN expression`` of a scalar function."""
    if not value or not may_carry(unit, "", value):
        return None
    first = value[0]
    select = Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    tree = unit.parse([select, *value, *_called(unit, value)], "SELECT")
    builder = unit.builder()
    return result(unit, tokens, builder, builder.query(tree))


def _called(unit: Unit, value: list[Token]) -> list[Token]:
    """What the one column of a scalar function is called in FROM: as the function is, where the manual says so."""
    is_row = len(value) == 1 and unit.part(value[0]) in unit.routine.rows
    if not unit.engine.implicit_names or is_row or not unit.routine.name:
        return []
    return [like(value[-1], T.ALIAS, "AS"), like(value[-1], T.IDENTIFIER, unit.routine.name[-1])]


def return_rows(unit: Unit, tokens: list[Token]) -> Said:
    """``RETURN NEXT r`` and ``RETURN NEXT r.a`` of plpgsql, ``RETURN TABLE(res)`` of Snowflake, ``RETURN c`` of a cursor. None if it
    is something else."""
    words = [t.text.upper() for t in tokens[1:3]]
    row: Name = ()
    if words == ["NEXT"]:
        return each(return_variables(unit, tokens))
    if words[:1] == ["NEXT"]:
        row = unit.routine.rows.get(unit.part(tokens[2]), ()) if len(tokens) == 3 else ()
        if not row and len(tokens) == 3 and (rows := _cursor(unit, tokens[2])):
            return whole_rows(unit, tokens, rows, own=True)
        if not row:
            return return_value(unit, tokens, tokens[2:]) or ()
    elif words == ["TABLE", "("] and len(tokens) > 3:
        row = Local.CURSOR.named(unit.part(tokens[3]))
    elif len(tokens) == 2 and (rows := _cursor(unit, tokens[1])):
        return whole_rows(unit, tokens, rows, own=True)
    return whole_rows(unit, tokens, row) if row else None


def _cursor(unit: Unit, name: Token) -> Name:
    """The rows of a cursor; nothing if it is none."""
    part = unit.part(name)
    return Local.CURSOR.named(part) if part in unit.routine.cursors else ()


def whole_rows(unit: Unit, tokens: list[Token], row: Name, *, own: bool = False) -> Said:
    """The rows of a cursor or of a record are the routine's result (``own``: one with columns of its own)."""
    builder = unit.builder()
    table = builder.add(TableRef(row, tokens[0].line))
    output = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    return result(unit, tokens, builder, builder.add(Select((table,), (output,))), own=own)


def return_variables(unit: Unit, tokens: list[Token]) -> Written | None:
    """``RETURN NEXT`` of plpgsql, and the end of a program that has OUT parameters: the columns of the result are what the
    variables of their names hold."""
    carriers = unit.routine.carriers
    given = [name for name in unit.routine.returned_columns if variable_name(unit, name) in carriers]
    if not given:
        return None
    builder = unit.builder()
    line = tokens[0].line
    assignments = tuple(
        Assignment(n, (Ref(builder.variable(Local.VARIABLE.marked(n)), -1, VALUE, IDENTITY, line),), line)
        for n in given
    )
    return Written(tokens, StatementKind.RESULT_SET, builder, target=unit.routine.name, assignments=assignments)
