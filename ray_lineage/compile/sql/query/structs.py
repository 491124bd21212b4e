"""Fields of structs: which ones a value has, where it is put together in the statement, and what a path of names leads to.

A value's fields are a relation like any other: ``STRUCT(a AS x, b AS y)`` gives the columns x and y, a row those of its table,
``ARRAY_AGG(row)[OFFSET(0)]`` those of the row, aggregated. ``link`` finds the fields of columns; where nobody knows them, a field
is made of its whole column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.columns import column_ref, is_row
from ray_lineage.compile.sql.query.scope import AGGREGATION, COMPOSED, IDENTITY, TRANSFORMATION, Collected, Scope, note
from ray_lineage.model import STAR, Alias, Output, Ref, Select, TableRef

Collect = Callable[[Builder, Expression, Scope, int, Collected], None]
"""Gathers the columns of an expression: ``expressions.collect``, which is above all this."""

_OF_ROWS: Final = (
    exp.ArrayAgg, exp.AnyValue, exp.ArgMax, exp.ArgMin, exp.First, exp.Last, exp.FirstValue, exp.LastValue, exp.Max, exp.Min,
    exp.Lag, exp.Lead,
)  # fmt: skip
_AROUND: Final = (
    exp.Paren,
    exp.IgnoreNulls,
    exp.RespectNulls,
    exp.Limit,
    exp.Order,
    exp.Distinct,
    exp.HavingMax,
    exp.Window,
)
_PICKED: Final = (exp.Bracket, exp.Explode, exp.Inline)
PACKED: Final = frozenset(
    {exp.Struct, exp.Tuple, exp.Cast, exp.Array, exp.Column, exp.Subquery, exp.Anonymous, *_OF_ROWS, *_AROUND, *_PICKED}
)
"""What may have fields."""

_ROW_FUNCTIONS: Final = frozenset({"ROW", "OBJECT", "TUPLE"})


def fields_of(b: Builder, node: Expression, scope: Scope, collect: Collect, *, columns: bool = False) -> int:
    """The relation of a value's fields; -1 where nobody knows them. ``columns``: a column's are looked up by ``link``."""
    how = IDENTITY
    while isinstance(node, (_OF_ROWS, _AROUND, _PICKED)):
        how = COMPOSED[AGGREGATION if isinstance(node, exp.AggFunc) else IDENTITY][how]
        columns = columns or isinstance(node, _PICKED)
        node = node.this or next(iter(node.expressions), None)
    index = _fields(b, node, scope, collect, columns=columns) if isinstance(node, exp.Expr) else -1
    if index < 0 or how == IDENTITY:
        return index
    around = b.reserve()
    star = Output(None, (Ref(index, around, STAR, how),), star=True)
    b.relations[around] = Select((index,), (star,))
    return around


def _fields(b: Builder, node: Expression, scope: Scope, collect: Collect, *, columns: bool) -> int:
    if isinstance(node, exp.Struct | exp.Tuple):
        return _packed(b, node.expressions, scope, collect)
    if isinstance(node, exp.Cast):
        return _typed(b, node, scope, collect)
    if isinstance(node, exp.Array) and len(node.expressions) == 1:
        return fields_of(b, node.expressions[0], scope, collect)
    if isinstance(node, exp.Subquery | exp.Select):
        inner = node.unnest() if isinstance(node, exp.Subquery) else node
        return b.query(node, scope, scope.ctes) if inner.args.get("kind") == "STRUCT" else -1
    if isinstance(node, exp.Anonymous) and node.name.upper() in _ROW_FUNCTIONS:
        items = node.expressions
        if node.name.upper() == "OBJECT":  # ('x', a, 'y', b)
            items = [exp.PropertyEQ(this=k, expression=v) for k, v in zip(items[::2], items[1::2], strict=False)]
        return _packed(b, items, scope, collect)
    if isinstance(node, exp.Column):
        return _of_column(b, node, scope, columns=columns)
    return -1


def _packed(b: Builder, items: list[Expression], scope: Scope, collect: Collect) -> int:
    outputs: list[Output] = []
    for k, item in enumerate(items):
        name, value = None, item
        if isinstance(item, exp.PropertyEQ | exp.Alias):
            named = item.this if isinstance(item, exp.PropertyEQ) else item.args["alias"]
            name = _name(b, named)
            value = item.expression if isinstance(item, exp.PropertyEQ) else item.this
        elif isinstance(item, exp.Column) and b.engine.fields_have_names:
            name = b.identifier(item.this)
        prefix, first = b.engine.unnamed_fields
        found = Collected()
        collect(b, value, scope, IDENTITY, found)
        inner = fields_of(b, value, scope, collect) if value.__class__ in PACKED else -1
        outputs.append(Output(name or f"{prefix}{first + k}", tuple(found.refs.values()), found.line, fields=inner))
    return b.add(Select((), tuple(outputs), (), scope.index))


def _typed(b: Builder, node: exp.Cast, scope: Scope, collect: Collect) -> int:
    """``CAST(ROW(a, b) AS ROW(x INT, y INT))``: the type gives the names."""
    names = [b.identifier(c.this) for c in node.args["to"].expressions if isinstance(c, exp.ColumnDef)]
    index = fields_of(b, node.this, scope, collect) if names else -1
    return b.add(Alias(index, tuple(names))) if index >= 0 else -1


def _of_column(b: Builder, node: exp.Column, scope: Scope, *, columns: bool) -> int:
    name = b.identifier(node.this)
    if node.args.get("table") is None and b.engine.row_values:
        row = scope.aliases.get(name, -1)
        if row >= 0 and (is_row(b, row, name) or isinstance(b.relations[row], TableRef)):
            return row
    if not columns or isinstance(node.this, exp.Star):
        return -1
    ref = column_ref(b, node, scope, IDENTITY)
    if ref is None or ref.name == STAR:
        return -1
    star = Output(None, (ref,), star=True)
    return b.add(Select((), (star,), (), scope.index))


def path_of(node: Expression) -> tuple[Expression, list[Expression]]:
    """``a.b[0].c``, ``a['b']`` and ``a:b.c``: what the path begins with, and its names."""
    path: list[Expression] = []
    while True:
        if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier | exp.Star | exp.Literal):
            path.append(node.expression)
        elif isinstance(node, exp.Bracket) and _is_text(node.expressions[:1]):
            path.append(node.expressions[0])
        elif isinstance(node, exp.StructExtract) and isinstance(node.expression, exp.Literal):
            path.append(node.expression)
        elif isinstance(node, exp.JSONExtract) and node.args.get("variant_extract"):
            keys = node.expression.expressions if isinstance(node.expression, exp.JSONPath) else []
            path.extend(reversed([k for k in keys if isinstance(k, exp.JSONPathKey)]))
        elif not (path and isinstance(node, exp.Paren)):
            break
        node = node.this
    path.reverse()
    return node, path


def _is_text(items: list[Expression]) -> bool:
    return bool(items) and isinstance(items[0], exp.Literal) and bool(items[0].args.get("is_string"))


def field_ref(b: Builder, node: Expression, scope: Scope, how: int, collect: Collect) -> Ref | None:
    """The field that a path leads to (``*``: all fields of what it leads to); None where it is no such path."""
    base, path = path_of(node)
    if not path:
        return None
    names = tuple(STAR if isinstance(p, exp.Star) else _name(b, p) for p in path)
    how = COMPOSED[TRANSFORMATION][how]
    if isinstance(base, exp.Column) or (isinstance(base, exp.Bracket) and isinstance(base.this, exp.Column)):
        column = base if isinstance(base, exp.Column) else base.this
        ref = column_ref(b, column, scope, how) if not isinstance(column.this, exp.Star) else None
        if ref is None or ref.name == STAR or ref.relation in b.variable_relations.values():
            return None
        whole = tuple(n for n in names if n != STAR)
        return msgspec.structs.replace(ref, path=(*ref.path, *whole), how=COMPOSED[how][ref.how])
    index = fields_of(b, base, scope, collect, columns=True) if base.__class__ in PACKED else -1
    if index < 0:
        return None
    return Ref(index, scope.index, names[0], how if names[0] != STAR else IDENTITY, path=names[1:])


def _name(b: Builder, part: Expression) -> str:
    return str(part.name).lower() if isinstance(part, exp.Literal | exp.JSONPathKey) else b.identifier(part)


def note_field(b: Builder, node: Expression, scope: Scope, how: int, found: Collected, collect: Collect) -> bool:
    """A path's field is read. False where it is no such path."""
    ref = field_ref(b, node, scope, how, collect)
    if ref is None:
        return False
    note(found, ref)
    if not found.line:
        found.line = ref.line
    return True
