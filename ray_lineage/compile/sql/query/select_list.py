"""Select lists: each item's name and columns; stars, and what several columns come of."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.names import NOBODY
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.columns import column_ref, inlined_body
from ray_lineage.compile.sql.query.expressions import collect, treatment_of
from ray_lineage.compile.sql.query.scope import (
    AGGREGATION,
    COMPOSED,
    IDENTITY,
    TRANSFORMATION,
    Collected,
    Scope,
    position_of,
)
from ray_lineage.compile.sql.query.structs import PACKED, field_ref, fields_of
from ray_lineage.model import MODEL, STAR, STAR_OF, Local, Output, Ref, Relation, TableRef


def outputs_of(
    b: Builder, items: list[Expression], scope: Scope, sources: list[int], subqueries: list[int]
) -> tuple[Output, ...]:
    outputs: list[Output] = []
    for item in items:
        output = output_of(b, item, scope, subqueries)
        if b.templated and isinstance(output, Output) and _is_unknown(output, item):
            output = _unknown_output(b, output, item, scope)
        if isinstance(output, list):
            outputs.extend(output)
            continue
        if output is None:
            continue
        outputs.append(output)
        scope.outputs[output.name or f"\0{len(outputs)}"] = output
    return tuple(outputs)


def _is_unknown(output: Output, item: Expression) -> bool:
    """Does a template leave the name open?"""
    if output.name is not None:
        return UNKNOWN in output.name
    return isinstance(item, exp.Anonymous) and UNKNOWN in item.name


def _unknown_output(b: Builder, output: Output, item: Expression, scope: Scope) -> Output:
    """What an unknown macro writes in place of a column: of one column it makes one, called like that; else nobody knows how many
    they are."""
    if isinstance(item, exp.Anonymous) and len(item.expressions) == 1 and isinstance(item.expressions[0], exp.Column):
        return msgspec.structs.replace(output, name=b.identifier(item.expressions[0].this))
    nobody = b.add(TableRef(NOBODY, output.line))
    return Output(None, (Ref(nobody, scope.index, STAR, IDENTITY, output.line),), output.line, output.column, True)


def output_of(b: Builder, item: Expression, scope: Scope, subqueries: list[int]) -> Output | list[Output] | None:
    kind = item.__class__
    if kind is exp.Column and not (b.inlined and inlined_body(b, item) is not None):
        if isinstance(item.this, exp.Star):
            return star_of(b, item.this, item, scope, subqueries)
        ref = column_ref(b, item, scope)
        line, column = (ref.line, ref.column) if ref is not None else position_of(item.this)
        if b.dynamic and UNKNOWN in item.name and b.unknown_is_list and not b.templated:
            relation = b.qualifier(item, scope) if item.args.get("table") is not None else -1
            return Output(None, (Ref(relation, scope.index, "*", IDENTITY, line),), line, column, True)
        if ref is None:
            return Output(b.identifier(item.this), (), line, column)
        return Output(b.identifier(item.this), (ref,), line, column)
    if kind is exp.Star:
        return star_of(b, item, None, scope, subqueries)
    if kind in _SPECIAL_ITEMS or b.engine.patterns:
        output = _special_output(b, item, scope, subqueries)
        if output is not _PLAIN:
            return output
    given = item.args["this"] if kind is exp.Alias else item
    if given.__class__ is exp.PropertyEQ and isinstance(given.this, exp.Parameter):
        # of MySQL, where @v := expression is a column as well
        value = collected_in(b, given.expression, scope, subqueries)
        b.assigned.append((Local.VARIABLE.marked(given.this.name), value))
        found = value.through(TRANSFORMATION)
    else:
        found = collected_in(b, item, scope, subqueries)
    name, line, column = _output_name(b, item)
    bare = kind is exp.Alias and given.__class__ is exp.Column
    text = b.text_of(item, found.at) if found.refs and not bare else ""
    if b.engine.implicit_names and kind is not exp.Alias and _is_call(item) and (called := _CALLED.match(text)):
        name = b.fold(called[1], False)  # by the name that is written, and not by the grammar's
    fields = -1
    if given.__class__ in PACKED and found.refs and (b.engine.structs or b.engine.row_values):
        fields = fields_of(b, given, scope, collect)
    return Output(name, tuple(found.refs.values()), line or found.line, column, expression=text, fields=fields)


_SPECIAL_ITEMS: Final = frozenset(
    {exp.QueryTransform, exp.Aliases, exp.EQ, exp.PropertyEQ, exp.Apply, exp.Dot, exp.Explode}
)
_PLAIN: Final = Output(None, ())


def _special_output(b: Builder, item: Expression, scope: Scope, subqueries: list[int]) -> Output | list[Output] | None:
    """An item that is more than an expression with a name, or none at all; else _PLAIN."""
    kind = item.__class__
    if kind is exp.QueryTransform:  # SELECT TRANSFORM (a, b) USING 'script' AS (c, d)
        found = Collected()
        for value in item.expressions:
            collect(b, value, scope, TRANSFORMATION, found)
        subqueries.extend(found.subqueries)
        schema = item.args.get("schema")
        names = [b.identifier(c) for c in schema.expressions] if schema is not None else ["key", "value"]
        return [Output(n, tuple(found.refs.values()), found.line) for n in names]
    if kind is exp.Aliases and isinstance(item.this, exp.Stack):
        return stacked(b, item.this, tuple(b.identifier(a) for a in item.expressions), scope, subqueries)
    if kind is exp.Aliases:  # several columns out of one expression
        found = collected_in(b, item.this, scope, subqueries)
        return [Output(b.identifier(a), tuple(found.refs.values()), found.line) for a in item.expressions]
    if kind is exp.EQ and b.engine.items_assign and isinstance(item.this, exp.Literal | exp.National):
        found = collected_in(b, item.expression, scope, subqueries)  # 'name' = expression
        text = b.text_of(item, found.at) if found.refs else ""
        return Output(b.fold(item.this.name, True), tuple(found.refs.values()), found.line, expression=text)
    if b.engine.items_assign and _is_assignment(item):
        b.assigned.append((Local.VARIABLE.marked(item.this.name), collected_in(b, item.expression, scope, subqueries)))
        return None
    if kind is exp.Apply:
        return _applied(b, item, scope, subqueries)
    if kind is exp.Dot and isinstance(item.expression, exp.Star):
        return _fields_star(b, item, scope)
    if b.engine.patterns and (columns := item.find(exp.Columns)) is not None:
        return _columns_star(b, item, columns, scope, subqueries)
    if kind is exp.Dot and b.engine.patterns and item.expression.name.upper() == "COLUMNS":  # t.COLUMNS('a')
        star = star_of(b, exp.Star(), exp.Column(this=exp.Star(), table=item.this), scope, subqueries)
        pattern = "~" + "".join(e.name for e in item.expression.expressions[:1])
        return [msgspec.structs.replace(o, like=pattern) for o in (star if isinstance(star, list) else [star])]
    if kind is exp.Explode and isinstance(item.this, exp.Struct):  # unnest({'x': a}) of DuckDB: the fields are columns
        packed = fields_of(b, item.this, scope, collect)
        return Output(None, (Ref(packed, scope.index, STAR, IDENTITY),), star=True)
    return _PLAIN


def _fields_star(b: Builder, item: exp.Dot, scope: Scope) -> Output:
    """``ARRAY_AGG(t)[OFFSET(0)].*``, ``(s.st).*``: all fields of a value."""
    ref = field_ref(b, item, scope, IDENTITY, collect)
    excluded = tuple(b.identifier(e) for e in item.expression.args.get("except_") or ())
    return Output(None, (ref,) if ref is not None else (), star=True, excluded=excluded)


def stacked(b: Builder, call: exp.Stack, names: tuple[str, ...], scope: Scope, subqueries: list[int]) -> list[Output]:
    """``stack(2, 'a', a, 'b', b) AS (k, v)``: rows of values, each column of them has its own."""
    out: list[Output] = []
    for k, name in enumerate(names):
        found = Collected()
        for value in call.expressions[k :: len(names)]:
            collect(b, value, scope, IDENTITY, found)
        subqueries.extend(found.subqueries)
        out.append(Output(name, tuple(found.refs.values()), found.line))
    return out


def _applied(b: Builder, item: Expression, scope: Scope, subqueries: list[int]) -> list[Output]:
    """``* EXCEPT (a) APPLY(f)`` of ClickHouse: f of every column, which is called ``f(column)``."""
    inner = output_of(b, item.this, scope, subqueries)
    name = item.expression.name if isinstance(item.expression, exp.Var) else ""
    call = _called(b, name)
    how = AGGREGATION if isinstance(call, exp.AggFunc) else TRANSFORMATION
    out: list[Output] = []
    for output in inner if isinstance(inner, list) else [inner] if inner is not None else []:
        refs = tuple(msgspec.structs.replace(r, how=COMPOSED[how][r.how]) for r in output.refs)
        names = output.renamed or {}
        if name:
            names = {**names, STAR: b.fold(f"{name}({names.get(STAR, STAR)})", False)}
        out.append(msgspec.structs.replace(output, refs=refs, renamed=names or None))
    return out


def _called(b: Builder, name: str) -> Expression | None:
    """What the grammar makes of a call of ``name``."""
    try:
        return exp.func(name, exp.column("x"), dialect=b.engine.dialect) if name else None
    except (ValueError, SqlglotError):
        return None


def _columns_star(
    b: Builder, item: Expression, columns: Expression, scope: Scope, subqueries: list[int]
) -> list[Output]:
    """``f(COLUMNS(* EXCLUDE (a))) [AS b]``: the expression once for every column."""
    given = item.unalias()
    how = IDENTITY if given is columns else TRANSFORMATION
    if any(treatment_of(node.__class__) is AGGREGATION for node in given.find_all(exp.AggFunc)):
        how = AGGREGATION
    which = columns.this
    if isinstance(which, exp.Array):
        names = [b.fold(e.name, False) for e in which.expressions]
        outputs = [Output(n, (Ref(-1, scope.index, n, how),)) for n in names]
        return (
            [msgspec.structs.replace(o, name=b.identifier(item.args["alias"])) for o in outputs]
            if item.alias
            else outputs
        )
    if isinstance(which, exp.Column) and isinstance(which.this, exp.Star):
        base = star_of(b, which.this, which, scope, subqueries)
    else:
        base = star_of(b, which if isinstance(which, exp.Star) else exp.Star(), None, scope, subqueries)
    pattern = "~" + which.name if isinstance(which, exp.Literal) else ""
    out: list[Output] = []
    for output in base if isinstance(base, list) else [base]:
        refs = tuple(msgspec.structs.replace(r, how=COMPOSED[how][r.how]) for r in output.refs)
        renamed = {STAR: b.identifier(item.args["alias"])} if item.alias and "\\" not in item.alias else output.renamed
        out.append(msgspec.structs.replace(output, refs=refs, like=pattern, renamed=renamed))
    return out


def collected_in(b: Builder, item: Expression, scope: Scope, subqueries: list[int]) -> Collected:
    found = Collected()
    collect(b, item, scope, IDENTITY, found)
    subqueries.extend(found.subqueries)
    return found


def _output_name(b: Builder, item: Expression) -> tuple[str | None, int, int]:
    if item.__class__ is exp.Paren:  # `(a)` is called a, in every engine that was asked
        item = item.unnest()
    if item.__class__ is exp.Column:  # the name of an expression in WITH
        return b.identifier(item.this), *position_of(item.this)
    alias = item.args.get("alias") if item.__class__ is exp.Alias else None
    if isinstance(alias, exp.Identifier):
        line, column = position_of(alias)
        return b.identifier(alias), line, column
    return _implicit_name(b, item), 0, 0


def _is_call(item: Expression) -> bool:
    while isinstance(item, exp.Window | exp.Filter | exp.WithinGroup):
        item = item.this
    return isinstance(item, exp.Func) and not isinstance(item, exp.Binary | exp.Case | exp.Cast)


_CALLED: Final = re.compile(r"([a-z_]\w*)\s?\(", re.IGNORECASE)
"""A call that an expression begins with: of one that is a call its name."""


def _implicit_name(b: Builder, item: Expression) -> str | None:
    """What the engine calls an unnamed expression, where its documentation says."""
    if (
        item.__class__ is exp.Dot
        and (b.engine.structs or b.engine.row_values)
        and isinstance(item.expression, exp.Identifier)
    ):
        return b.identifier(item.expression)
    if b.engine.implicit_names:
        node = item
        while isinstance(node, exp.Cast | exp.Paren | exp.Bracket):
            node = node.this
        if isinstance(node, exp.Column):
            return b.identifier(node.this)
        if isinstance(node, exp.Case):
            return "case"
        if isinstance(node, exp.Anonymous):
            return b.identifier(node.this)
        if isinstance(node, exp.Window):
            return _implicit_name(b, node.this)
        if isinstance(node, exp.Func):
            return str(node.sql_name()).lower()
        return "?column?"
    return None


def star_of(
    b: Builder, star: Expression, column: Expression | None, scope: Scope, subqueries: list[int]
) -> list[Output] | Output:
    relation = -1
    if column is not None and column.args.get("table") is not None:
        relation = b.qualifier(column, scope)
        if relation < 0 and b.templated and b.identifier(column.args["table"]).startswith(STAR_OF):
            relation, column = _named_in(b, b.identifier(column.args["table"]).removeprefix(STAR_OF), scope), None
    if column is not None and column.args.get("table") is not None:
        if relation < 0 and b.identifier(column.args["table"]) in b.rows:
            relation = b.row(b.rows[b.identifier(column.args["table"])])
        if relation < 0 and not b.engine.structs:
            return Output(None, (), star=True)
        if relation < 0:  # the fields of a struct column
            names = [b.identifier(p) for p in b.qualifiers(column)]
            relation = scope.find(names[0])
            path = names[1:] if relation >= 0 else names
            ref = Ref(relation, scope.index, path[0], TRANSFORMATION, path=tuple(path[1:]))
            excluded = tuple(b.identifier(e) for e in star.args.get("except_") or star.args.get("except") or ())
            return Output(None, (ref,), star=True, excluded=excluded)
    line, position = position_of(column.args["table"]) if column is not None and column.args.get("table") else (0, 0)
    excluded = tuple(b.identifier(e) for e in star.args.get("except_") or star.args.get("except") or ())
    renamed = {
        b.identifier(a.this): b.identifier(a.args["alias"])
        for a in star.args.get("rename") or ()
        if a.args.get("alias")
    }
    if STAR in renamed:  # a pattern of names, which a template puts in quotes for its star
        renamed[STAR] = renamed[STAR].strip('"')
    extra: list[Output] = []
    for replacement in star.args.get("replace") or ():
        output = output_of(b, replacement, scope, subqueries)
        if isinstance(output, Output):
            extra.append(msgspec.structs.replace(output, replaces=True))
            excluded = (*excluded, output.name or "")
    ref = Ref(relation, scope.index, "*", IDENTITY, line)
    like = star.args["ilike"].name if isinstance(star.args.get("ilike"), exp.Literal) else ""
    return [Output(None, (ref,), line, position, True, excluded, renamed or None, like=like), *extra]


def _named_in(b: Builder, table: str, scope: Scope) -> int:
    """The relation that is the table of that name, whatever it is called; -1: none is, or several are."""
    found = scope.find(table)
    if found >= 0:
        return found
    plain = [r for r in dict.fromkeys(scope.aliases.values()) if _is_table(b.relations[r], table)]
    return plain[0] if len(plain) == 1 else -1


def _is_table(relation: Relation, table: str) -> bool:
    if not isinstance(relation, TableRef) or not relation.name:
        return False
    return (relation.name[-2] if relation.name[-1] == MODEL else relation.name[-1]) == table


def _is_assignment(item: Expression) -> bool:
    """``SELECT @v = expression`` of T-SQL gives no column."""
    kind = item.__class__
    return (kind is exp.EQ or kind is exp.PropertyEQ) and isinstance(item.this, exp.Parameter | exp.SessionParameter)
