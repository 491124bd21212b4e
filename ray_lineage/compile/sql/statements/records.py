"""Variables that hold whole rows, and types of such: ``t%ROWTYPE``, RECORD, a cursor's row."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import read_name
from ray_lineage.compile.sql.routine import Shape
from ray_lineage.compile.sql.statements.lifetimes import declare_name
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import DeclaredColumn, Local, Name


def declare_variable(unit: Unit, name: Token, kind: list[Token]) -> None:
    """``name type``: a variable, and whether it holds whole rows."""
    part = unit.part(name)
    declare_name(unit, part)
    unit.routine.rows.pop(part, None)
    shape = shape_of(unit, kind)
    unit.routine.shapes[part] = shape
    if is_record(unit, kind):
        make_record(unit, name, shape)
    else:
        unit.routine.records.discard(part)
    if "RESULTSET" in {t.text.upper() for t in kind[:8]}:
        unit.routine.resultsets.add(part)


def make_record(unit: Unit, name: Token, shape: Shape) -> None:
    """The variable holds whole rows."""
    part = unit.part(name)
    unit.routine.records.add(part)
    row = unit.routine.rows[part] = Local.RECORD.named(part)
    if shape.columns or shape.like:
        columns = tuple(DeclaredColumn(c) for c in shape.columns)
        unit.facts.declare(
            row, "TempTable", name.line, columns, temporary=True, like=shape.like, owner=unit.routine.key
        )


def is_record(unit: Unit, kind: list[Token]) -> bool:
    """Does a type say so: ``t%ROWTYPE``, RECORD, a type of records, or a table that this text declares?"""
    words = {t.text.upper() for t in kind[:8]}
    if words & {"ROWTYPE", "RECORD"} or (kind and unit.part(kind[0]) in unit.routine.row_types):
        return True
    like = shape_of(unit, kind).like
    declared = unit.facts.last_declared(like) if like else None
    return declared is not None and declared.kind in _ROWS


_ROWS: Final = frozenset({"Table", "View", "MaterializedView", "Type"})


def shape_of(unit: Unit, kind: list[Token]) -> Shape:
    """What a type calls the fields of its rows: ``t%ROWTYPE``, ``cursor%ROWTYPE``, a type of records, ``schema.t``."""
    parts, end = read_name(kind, 0)
    if not parts or parts[0].token_type not in _TYPE_NAMES or parts[0].text.upper() == "RECORD":
        return Shape()
    first = unit.part(parts[0])
    if len(parts) == 1 and first in unit.routine.row_types:
        return unit.routine.row_types[first]
    is_attribute = end + 1 < len(kind) and kind[end].token_type is T.MOD
    if is_attribute and kind[end + 1].text.upper() != "ROWTYPE":  # t.a%TYPE
        return Shape()
    if len(parts) == 1 and first in unit.routine.cursors:
        return Shape((), Local.CURSOR.named(first))
    return Shape((), unit.full(parts))


_TYPE_NAMES: Final = frozenset({T.VAR, T.IDENTIFIER})


def row_of(unit: Unit, name: Token) -> Name:
    """The table whose row (or the temporary one that holds the rows) a record variable is."""
    part = unit.part(name)
    if part in unit.routine.rows:
        return unit.routine.rows[part]
    if unit.routine.table and (part == "new" or part in unit.routine.new_names):
        return unit.routine.table
    return ()


def record_of(unit: Unit, name: Token) -> Name:
    """The row that ``name.field`` is a field of, where one is written: then a variable of a type that nobody declares here is a
    record, too."""
    part = unit.part(name)
    if part not in unit.routine.rows and unit.routine.shapes.get(part, Shape()).like:
        make_record(unit, name, unit.routine.shapes[part])
    return row_of(unit, name)
