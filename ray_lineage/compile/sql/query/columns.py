"""Columns in expressions: which relation they are of, or whether they are none: variables, fields of structs, whole rows."""

from __future__ import annotations

from typing import Any, Final

from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.scope import COMPOSED, IDENTITY, TRANSFORMATION, Collected, Scope, note, position_of
from ray_lineage.compile.sql.query.words import OF_ROWS, SEQUENCE_COLUMNS
from ray_lineage.model import STAR, VALUE, Alias, Local, Output, Ref, Select, SetOp, TableRef, Variable


def inlined_body(b: Builder, node: exp.Column) -> Expression | None:
    """The expression of a ClickHouse WITH name; within itself it is not seen."""
    return b.inlined.get(b.identifier(node.this))


def collect_column(
    b: Builder, node: exp.Column, scope: Scope, how: int, found: Collected, aliases: dict[str, Output] | None
) -> None:
    args = node.args
    identifier = args["this"]
    if identifier.__class__ is exp.Star:
        relation = b.qualifier(node, scope) if args.get("table") is not None else -1
        if relation >= 0:  # count(t.*), {t.*}
            note(found, Ref(relation, scope.index, STAR, how))
        return
    ref = column_ref(b, node, scope, how)
    if ref is None:
        return
    if not found.line:
        found.line = ref.line
    if found.at < 0 and identifier.__class__ is exp.Identifier and identifier._meta:
        found.at = identifier._meta["start"]
    if aliases and args.get("table") is None:
        of = b.relations[ref.relation] if ref.relation >= 0 else None
        may_be_column = of is None or (isinstance(of, Variable) and of.or_column)
        name = ref.name if of is None else b.identifier(identifier)
        if may_be_column and name in aliases:
            for inner in aliases[name].refs:
                note(found, inner)
            return
    note(found, ref)


def column_ref(b: Builder, node: exp.Column, scope: Scope, how: int = IDENTITY) -> Ref | None:
    args = node.args
    identifier = args["this"]
    name = b.identifier(identifier)
    if identifier.__class__ is exp.Parameter:  # $1 of a staged file
        name = f"${name}"
    line, column = position_of(identifier)
    if b.dynamic and UNKNOWN in name:
        return None
    if args.get("table") is None:
        if name in b.pseudo and not identifier.args.get("quoted"):
            return None
        if name in b.variables:
            variable = b.variable(Local.VARIABLE.marked(name), or_column=b.engine.columns_first)
            return Ref(variable, scope.index, VALUE, how, line, column)
        if name in scope.aliases and b.engine.row_values and is_row(b, scope.aliases[name], name):
            return Ref(scope.aliases[name], scope.index, STAR, COMPOSED[TRANSFORMATION][how], line, column)
        return Ref(-1, scope.index, name, how, line, column)
    if name in OF_ROWS and name in b.pseudo and not identifier.args.get("quoted"):
        return None
    relation = b.qualifier(node, scope)
    if relation >= 0:
        if b.engine.structs and (element := element_of(b, relation, b.identifier(args["table"]), name)):
            return Ref(relation, scope.index, element, COMPOSED[TRANSFORMATION][how], line, column, (name,))
        return Ref(relation, scope.index, name, how, line, column)
    if name in SEQUENCE_COLUMNS and b.engine.sequence_objects:
        b.read_sequence(exp.Table(this=args["table"], db=args.get("db"), catalog=args.get("catalog")))
        return None
    if b.rows and args.get("db") is None:
        table = b.rows.get(b.identifier(args["table"]))
        if table is not None:
            return Ref(b.row(table), scope.index, name, how, line, column)
    if b.identifier(args["table"]) in b.variables:
        return Ref(
            b.variable(Local.VARIABLE.marked(b.identifier(args["table"]))), scope.index, VALUE, how, line, column
        )
    if name in b.engine.properties:
        owner = b.identifier(args["table"])
        relation = scope.find(b.identifier(args["db"])) if args.get("db") is not None else -1
        return Ref(relation, scope.index, owner, COMPOSED[TRANSFORMATION][how], line, column)
    if b.engine.structs or b.engine.attributes:  # a field of a struct column, an attribute of an object
        first = args.get("catalog") or args.get("db") or args["table"]
        alias = scope.find(b.identifier(first))
        path = tuple(b.identifier(p) for p in (*b.qualifiers(node)[1:], identifier))
        if alias >= 0:
            element = element_of(b, alias, b.identifier(first), path[0])
            path = (element, *path) if element else path
            return Ref(alias, scope.index, path[0], COMPOSED[TRANSFORMATION][how], line, column, path[1:])
        if b.piped and b.identifier(first) in b.piped:
            after = identifier if first is args["table"] else args["table"] if first is args.get("db") else args["db"]
            plain = after is identifier
            return Ref(
                -1, scope.index, b.identifier(after), how if plain else COMPOSED[TRANSFORMATION][how], line, column
            )
        if b.engine.structs:  # the column is the leftmost part
            return Ref(-1, scope.index, b.identifier(first), COMPOSED[TRANSFORMATION][how], line, column, path)
    return None


def element_of(b: Builder, index: int, alias: str, name: str) -> str:
    """The column that ``alias.name`` is a field of, where the alias stands for a function's rows that have no such column: the one
    that has the alias's own name, or the only one."""
    made = b.relations[index]
    if not b.engine.structs or (isinstance(made, TableRef) and not made.function):
        return ""
    if isinstance(made, TableRef):
        names = made.columns
    elif isinstance(made, Select) and not made.sources and not any(o.star for o in made.outputs):
        names = tuple(o.name or "" for o in made.outputs)
    else:
        return ""
    if not names or name in names or STAR in names:
        return ""
    return alias if alias in names else names[0] if len(names) == 1 else ""


def is_row(b: Builder, index: int, name: str) -> bool:
    """Is the alias ``name`` of a relation, standing alone, its whole row? A column of that name goes first."""
    row = b.relations[index]
    if isinstance(row, TableRef):
        return bool(row.name) and not row.function and row.name[-1] != name
    while isinstance(row, Alias | SetOp):
        if isinstance(row, Alias) and row.columns:
            return name not in row.columns
        row = b.relations[row.relation if isinstance(row, Alias) else row.branches[0]]
    return isinstance(row, Select) and bool(row.sources) and name not in [o.name for o in row.outputs]


def restored(b: Builder, node: exp.Dot, scope: Scope) -> exp.Column | None:
    """Of ``f(a).g()`` the parser makes the columns in ``f`` plain names, and of ``t.a.g()`` all but the call: they become
    columns again. The column that such a chain begins with is returned."""
    parts: list[Expression] = []
    base: Any = node
    while base.__class__ is exp.Dot:
        parts.append(base.expression)
        base = base.this
    for part in (base, *parts):
        if part.__class__ is not exp.Identifier:
            _identifiers_as_columns(part, chained=b.engine.chained_calls)
    if base.__class__ is not exp.Identifier:
        return None
    names = [base, *(p for p in reversed(parts) if p.__class__ is exp.Identifier)]
    if len(names) > len(parts):
        return None  # no call in it
    if len(names) > 1 and scope.find(b.identifier(base)) >= 0:
        return exp.Column(this=names[1], table=base)
    return exp.Column(this=base) if b.engine.chained_calls else None


_NAMED: Final = (exp.Anonymous, exp.Column, exp.XMLElement, exp.DataType, exp.PropertyEQ, exp.Kwarg, exp.Table)


def _identifiers_as_columns(node: Expression, *, chained: bool) -> None:
    """Plain names among the arguments of calls become columns, in place. What a call follows is its schema, if calls are not
    ``chained``."""
    stack = [node]
    while stack:
        node = stack.pop()
        if not isinstance(node, exp.Expr):  # of a broken chain
            continue
        for key, value in list(node.args.items()):
            if key == "alias" or (key == "this" and isinstance(node, _NAMED)):
                continue
            values = value if isinstance(value, list) else [value]
            for i, item in enumerate(values):
                name = item
                while name.__class__ is exp.Dot and name.expression.__class__ is exp.Identifier:
                    name = name.this
                if (
                    node.__class__ is exp.Dot
                    and (key == "expression" or not chained)
                    and name.__class__ is exp.Identifier
                ):
                    continue
                if name.__class__ is exp.Identifier:
                    values[i] = exp.Column(this=item) if name is item else exp.Column(this=item.expression, table=name)
                elif isinstance(item, exp.Expr):
                    stack.append(item)
            node.set(key, values if isinstance(value, list) else values[0])
