"""Calls that name something: sequences, dictionaries, functions of a schema, elements of collections."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.scope import COMPOSED, TRANSFORMATION, Collected, Scope, line_of, note, position_of
from ray_lineage.compile.sql.query.words import SEQUENCE_FUNCTIONS
from ray_lineage.model import VALUE, Local, Name, Ref, TableRef


def excluded_value(b: Builder, node: exp.Anonymous, scope: Scope, how: int, found: Collected) -> bool:
    """``VALUES(a)`` in ON DUPLICATE KEY UPDATE: the value that was to be inserted."""
    row = scope.aliases.get("excluded", -1)
    if row < 0 or node.name.upper() != "VALUES" or len(node.expressions) != 1:
        return False
    note(found, Ref(row, scope.index, b.identifier(node.expressions[0]), how))
    return True


def is_sequence(b: Builder, node: exp.Anonymous) -> bool:
    """``nextval('s')`` and ``NEXTVAL(s)``: the statement reads the sequence."""
    if node.name.lower() not in SEQUENCE_FUNCTIONS or len(node.expressions) < 1:
        return False
    first = node.expressions[0]
    while isinstance(first, exp.Cast):
        first = first.this
    if isinstance(first, exp.Literal) and first.args.get("is_string"):
        b.read_sequence(exp.Table(this=exp.DynamicIdentifier(this=first)))
    elif isinstance(first, exp.Column):
        b.read_sequence(exp.Table(this=first.this, db=first.args.get("table"), catalog=first.args.get("db")))
    return True


def dictionary(b: Builder, node: exp.Anonymous, scope: Scope, how: int, found: Collected) -> None:
    """``dictGet('db.d', 'attribute', key)``, ``joinGet('db.j', 'column', key)``: a column of the dictionary or table."""
    items = node.expressions
    if len(items) > 1 and all(isinstance(i, exp.Literal) and i.args.get("is_string") for i in items[:2]):
        table = b.add(TableRef(b.dataset(exp.Table(this=exp.DynamicIdentifier(this=items[0]))), 0))
        note(found, Ref(table, scope.index, b.fold(items[1].name, True), COMPOSED[TRANSFORMATION][how]))


def is_row_element(b: Builder, node: Expression, scope: Scope, how: int, found: Collected) -> bool:
    """``rows(i).a`` and ``values(i)`` of PL/SQL: an element of a collection variable."""
    field = ""
    if isinstance(node, exp.Dot):
        field, node = b.identifier(node.expression), node.this
    if not isinstance(node, exp.Anonymous):
        return False
    name = b.fold(node.name, False)
    if field and name in b.rows:
        note(found, Ref(b.row(b.rows[name]), scope.index, field, how))
        return True
    if name in b.variables and not field:
        note(found, Ref(b.variable(Local.VARIABLE.marked(name)), scope.index, VALUE, how))
        return True
    return False


def call(b: Builder, node: exp.Dot, scope: Scope, found: Collected) -> None:
    """``dbo.f(x)``: a function of the user. ``alias.column.Method()`` is none."""
    if not b.engine.schema_calls or not isinstance(node.expression, exp.Anonymous):
        return
    name = function_name(b, node)
    if len(name) > 1 and scope.find(name[0]) < 0:
        first: Expression = node
        while isinstance(first, exp.Dot):
            first = first.this
        b.called(name, position_of(first)[0] or found.line)


def sequence(b: Builder, node: exp.NextValueFor, found: Collected) -> None:
    """``NEXT VALUE FOR s`` reads s."""
    column = node.this
    args = column.args if isinstance(column, exp.Column) else {"this": column}
    parts = [args.get(key) for key in ("catalog", "db", "table", "this")]
    name = b.qualified(tuple(b.identifier(p) for p in parts if p is not None))
    found.subqueries.append(b.add(TableRef(name, line_of(column))))


def function_name(b: Builder, call: Expression) -> Name:
    parts: list[str] = []
    node: Expression | None = call
    while isinstance(node, exp.Dot):
        last = node.expression
        parts.append(b.identifier(last.this) if isinstance(last, exp.Anonymous) else b.identifier(last))
        node = node.this
    if isinstance(node, exp.Anonymous):
        parts.append(b.identifier(node.this))
    elif node is not None:
        parts.append(b.identifier(node))
    parts.reverse()
    return tuple(p for p in parts if p)
