"""Queries: SELECT, set operations, VALUES, WITH, and what stands in parentheses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.columns import is_row
from ray_lineage.compile.sql.query.expressions import collect, collected_as
from ray_lineage.compile.sql.query.from_items import add_join, add_source
from ray_lineage.compile.sql.query.influences import add_influences, row_shapers
from ray_lineage.compile.sql.query.pivots import groups_of_pivot, kept_by_pivot, names_of_pivot, pivoted, unpivoted
from ray_lineage.compile.sql.query.scope import AGGREGATION, CONDITIONAL, FILTER, IDENTITY, Collected, Scope, distinct
from ray_lineage.compile.sql.query.select_list import outputs_of
from ray_lineage.compile.sql.query.words import OF_HIERARCHIES
from ray_lineage.model import OF_ALL, OF_FIRST, Alias, Influence, Merged, Output, Ref, Select, SetOp

_WRAPPERS: Final = (exp.Subquery, exp.Paren)
_PIPED: Final = "__tmp"
"""The parser makes a CTE of each step of a pipe and gives it such a name."""

_ROWS_READ = 100  # of a VALUES list; later rows repeat the pattern


def lower_query(b: Builder, node: Expression, parent: Scope | None = None, ctes: dict[str, int] | None = None) -> int:
    """Build a query (SELECT, set operation, VALUES, parenthesised query...) and return its arena index."""
    known = ctes if ctes is not None else (parent.ctes if parent else {})
    while isinstance(node, _WRAPPERS):
        known = ctes_of(b, node, parent, known)
        if _wraps_more(node):
            return _star_of(b, node, parent, known, wrapped=True)
        node = node.this
    known = ctes_of(b, node, parent, known)
    if isinstance(node, exp.Select):
        return _select(b, node, parent, known)
    if isinstance(node, exp.SetOperation):
        return _set_operation(b, node, parent, known)
    if isinstance(node, exp.Values):
        return _values(b, node, parent, known)
    if isinstance(node, exp.Pivot) and isinstance(node.this, exp.Expr):
        return pivot_statement(b, node, parent, known)
    if isinstance(node, exp.Table):
        return _star_of(b, node, parent, known)
    return _expression_only(b, node, parent, known)


def ctes_of(b: Builder, node: Expression, parent: Scope | None, known: dict[str, int]) -> dict[str, int]:
    """Build the WITH of a node; return the names that it can see."""
    with_ = node.args.get("with_")
    if not with_:
        return known
    known = dict(known)
    for cte in with_.expressions:
        alias = cte.args.get("alias")
        name = b.identifier(alias.this) if alias is not None else ""
        columns = b.alias_columns(alias)
        body = cte.this
        if cte.args.get("scalar"):  # WITH expression AS name
            b.inlined[name] = body
            continue
        if isinstance(body, exp.DML):
            known[name] = _returning(b, body, parent, known, columns)
            continue
        index = b.reserve()
        recursive = isinstance(body, exp.SetOperation) and bool(
            with_.args.get("recursive") or b.engine.recursion_unmarked
        )
        inner = {**known, name: index} if recursive else known
        query = b.query(body, parent, inner)
        b.relations[index] = Alias(query, columns, recursive and _is_used(b, index))
        known[name] = index
        if name.startswith(_PIPED) and query in b.scopes:  # what follows in the pipe still knows its names
            before = b.scopes[query]
            b.piped.update(before.aliases, (table[-1] for table, _ in before.tables))
    return known


def _is_used(b: Builder, index: int) -> bool:
    """Does what was built since name this relation?"""
    return any(
        (isinstance(r, Select) and index in r.sources) or (isinstance(r, Alias) and r.relation == index)
        for r in b.relations[index + 1 :]
    )


def _returning(
    b: Builder, node: Expression, parent: Scope | None, known: dict[str, int], columns: tuple[str, ...]
) -> int:
    """What INSERT, UPDATE or DELETE in a CTE gives: its RETURNING over the written table and its other sources."""
    index = b.reserve()
    scope = Scope(index, parent, known)
    sources: list[int] = []
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    using = node.args.get("from_") or node.args.get("using") or ()
    for item in (target, *(using if isinstance(using, list) else (using,))):
        if isinstance(item, exp.Expr):
            add_source(b, item.this if isinstance(item, exp.From) else item, scope, sources, [], [], [])
    for row in b.engine.returned_rows:  # RETURNING old.a, new.a
        scope.aliases.setdefault(row, sources[0])
    returning = node.args.get("returning")
    subqueries: list[int] = []
    outputs = outputs_of(b, returning.expressions, scope, sources, subqueries) if returning is not None else ()
    b.relations[index] = Select(tuple(sources), outputs, subqueries=tuple(subqueries))
    return b.add(Alias(index, columns)) if columns else index


def _match_recognize(b: Builder, node: Expression, sources: list[int], scope: Scope) -> int:
    """MATCH_RECOGNIZE as a SELECT over its input: the partition (or all rows' columns) and the measures."""
    index = b.reserve()
    inner = Scope(index, scope.parent, scope.ctes)
    inner.aliases = dict(scope.aliases)
    args = node.args
    defines = args.get("define") or []
    words = str(args["pattern"].name).replace("(", " ").replace(")", " ").split() if args.get("pattern") else []
    for name in (*(d.alias for d in defines), *(w.rstrip("*+?|") for w in words)):
        if name and len(sources) == 1:
            inner.aliases[b.fold(name, False)] = sources[0]
    subqueries: list[int] = []
    influences: list[Influence] = []
    for define in defines:
        add_influences(b, define.this, inner, FILTER, influences, subqueries)
    items = [m.this for m in args.get("measures") or ()]
    if "ALL ROWS" in str(args.get("rows") or "").upper():
        items = [exp.Star(), *items]
    else:
        items = [*(args.get("partition_by") or ()), *items]
    outputs = outputs_of(b, items, inner, sources, subqueries)
    b.relations[index] = Select(tuple(sources), outputs, distinct(influences), subqueries=tuple(subqueries))
    alias = args.get("alias")
    for key in [k for k, v in scope.aliases.items() if v in sources]:
        scope.aliases[key] = index
    if isinstance(alias, exp.TableAlias) and alias.this is not None:
        scope.aliases[b.identifier(alias.this)] = index
    return index


def _select(b: Builder, node: exp.Select, parent: Scope | None, known: dict[str, int]) -> int:
    index = b.reserve()
    scope = Scope(index, parent, known)
    args = node.args
    sources: list[int] = []
    merged: list[Merged] = []
    influences: list[Influence] = []
    subqueries: list[int] = []
    from_ = args.get("from_")
    if from_ is not None:
        add_source(b, from_.this, scope, sources, merged, influences, subqueries)
    for lateral in args.get("laterals") or ():
        add_source(b, lateral, scope, sources, merged, influences, subqueries)
    joins: Sequence[Expression] = args.get("joins") or ()
    for join in joins:
        add_join(b, join, scope, sources, merged, influences, subqueries, more=join is not joins[-1])
    match = args.get("match")
    if match is not None:
        sources = [_match_recognize(b, match, sources, scope)]
    for window in args.get("windows") or ():
        scope.windows[b.identifier(window.this)] = window
    items = node.expressions
    how = IDENTITY
    pseudo = b.pseudo
    if args.get("connect") is not None:
        b.pseudo = pseudo | OF_HIERARCHIES
    if args.get("kind") == "VALUE" and len(items) == 1:
        items, how = _fields(b, items[0], scope)
    outputs = outputs_of(b, items, scope, sources, subqueries)
    if how != IDENTITY:
        outputs = tuple(
            msgspec.structs.replace(o, refs=tuple(msgspec.structs.replace(r, how=how) for r in o.refs)) for o in outputs
        )
    row_shapers(b, args, scope, influences, subqueries)
    b.pseudo = pseudo
    b.scopes[index] = scope
    b.relations[index] = Select(
        tuple(sources),
        outputs,
        distinct(influences),
        parent.index if parent else -1,
        tuple(merged),
        b.lateral and bool(scope.outputs),
        tuple(subqueries),
    )
    return index


_AROUND_ROWS: Final = (
    exp.Bracket, exp.ArrayAgg, exp.AnyValue, exp.IgnoreNulls, exp.Limit, exp.Order, exp.Distinct,
)  # fmt: skip


def _fields(b: Builder, value: Expression, scope: Scope) -> tuple[list[Expression], int]:
    """The columns of BigQuery's ``SELECT AS VALUE STRUCT(a AS x, b)`` and of ``SELECT AS VALUE t``, and what was done to
    them: ``ARRAY_AGG(t ORDER BY a LIMIT 1)[OFFSET(0)]`` is one of many rows."""
    if isinstance(value, exp.Struct):
        fields = value.expressions
        return [exp.alias_(f.expression, f.this) if isinstance(f, exp.PropertyEQ) else f for f in fields], IDENTITY
    row, how = value, IDENTITY
    while isinstance(row, _AROUND_ROWS):
        how = AGGREGATION if isinstance(row, exp.AggFunc) else how
        row = row.this or next(iter(row.expressions), None)
    if isinstance(row, exp.Column) and row.args.get("table") is None:
        index = scope.aliases.get(b.identifier(row.this), -1)
        if index >= 0 and is_row(b, index, b.identifier(row.this)):
            return [exp.Column(this=exp.Star(), table=row.this)], how
    return [value], IDENTITY


def _star_of(
    b: Builder, node: Expression, parent: Scope | None, known: dict[str, int], *, wrapped: bool = False
) -> int:
    """A star over a FROM item with its joins, ``(t JOIN u USING (id)) AS x``; or, ``wrapped``, over what is inside of
    ``(SELECT ...) ORDER BY / LIMIT / JOIN / PIVOT``."""
    index = b.reserve()
    scope = Scope(index, parent, known)
    sources: list[int] = []
    merged: list[Merged] = []
    influences: list[Influence] = []
    subqueries: list[int] = []
    add_source(b, node, scope, sources, merged, influences, subqueries, wrapped=wrapped)
    row_shapers(b, node.args, scope, influences, subqueries)
    output = Output(None, (Ref(-1, index, "*", IDENTITY),), star=True)
    b.relations[index] = Select(
        tuple(sources),
        (output,),
        distinct(influences),
        parent.index if parent else -1,
        tuple(merged),
        False,
        tuple(subqueries),
    )
    return index


def _expression_only(b: Builder, node: Expression, parent: Scope | None, known: dict[str, int]) -> int:
    index = b.reserve()
    scope = Scope(index, parent, known)
    subqueries: list[int] = []
    outputs = outputs_of(b, [node], scope, [], subqueries)
    b.relations[index] = Select((), outputs, (), parent.index if parent else -1, subqueries=tuple(subqueries))
    return index


def _set_operation(b: Builder, node: exp.SetOperation, parent: Scope | None, known: dict[str, int]) -> int:
    index = b.reserve()
    kind = type(node)
    parts: list[Expression] = []
    left: Expression = node
    while type(left) is kind and (
        left is node or not (left.args.get("with_") or left.args.get("limit") or _matched(left) != _matched(node))
    ):
        parts.append(left.args["expression"])
        left = left.this
    parts.append(left)
    parts.reverse()
    built = tuple(b.query(part, parent, known) for part in parts)
    by_name = bool(node.args.get("by_name"))
    kept = OF_ALL if node.args.get("kind") == "INNER" else OF_FIRST if node.args.get("side") == "LEFT" else 0
    if isinstance(node, exp.Union):
        b.relations[index] = SetOp(built, by_name, (), kept if by_name else 0)
    else:
        b.relations[index] = SetOp(built[:1], by_name, built[1:])
    listed = node.args.get("on") if by_name else None
    if not listed:
        return index
    selected = b.reserve()  # BY NAME ON (a, b)
    names = [b.identifier(n) for n in (listed.expressions if isinstance(listed, exp.Expr) else listed)]
    b.relations[selected] = Select((index,), tuple(Output(n, (Ref(index, selected, n, IDENTITY),)) for n in names))
    return selected


def _matched(node: Expression) -> tuple[object, ...]:
    """How a set operation matches the columns of its branches."""
    args = node.args
    return bool(args.get("by_name")), args.get("kind"), args.get("side"), args.get("on")


def _values(b: Builder, node: exp.Values, parent: Scope | None, known: dict[str, int]) -> int:
    index = b.reserve()
    scope = Scope(index, parent, known)
    columns: list[Collected] = []
    if b.rows and isinstance(node.expressions[0], exp.Tuple) and node.expressions[0].find(exp.Star):  # VALUES (r.*)
        outputs = outputs_of(b, node.expressions[0].expressions, scope, [], [])
        b.relations[index] = Select((), outputs, (), parent.index if parent else -1)
        return index
    for row in node.expressions[:_ROWS_READ]:
        items = row.expressions if isinstance(row, exp.Tuple) else [row]
        if (
            len(items) == 1 and isinstance(items[0], exp.Anonymous) and items[0].name.upper() == "ROW"
        ):  # VALUES ROW(1, 2)
            items = items[0].expressions
        while len(columns) < len(items):
            columns.append(Collected())
        for found, item in zip(columns, items, strict=False):
            collect(b, item, scope, IDENTITY, found)
    names = b.alias_columns(node.args.get("alias"))
    outputs = tuple(
        Output(names[i] if i < len(names) else b.values_name(i), tuple(c.refs.values()), c.line)
        for i, c in enumerate(columns)
    )
    subqueries = tuple(s for c in columns for s in c.subqueries)
    b.relations[index] = Select((), outputs, (), parent.index if parent else -1, subqueries=subqueries)
    return index


def _wraps_more(node: Expression) -> bool:
    """Does a parenthesised query carry modifiers of its own outside the parentheses?"""
    args = node.args
    return any(args.get(k) for k in ("joins", "laterals", "pivots", "limit", "order", "where", "sample"))


def pivot_statement(b: Builder, node: exp.Pivot, parent: Scope | None, known: dict[str, int]) -> int:
    """``PIVOT t ON a IN (...) USING SUM(b) GROUP BY c`` and ``UNPIVOT t ON a, b INTO NAME n VALUE v`` of DuckDB."""
    index = b.reserve()
    scope = Scope(index, parent, known)
    sources: list[int] = []
    subqueries: list[int] = []
    add_source(b, node.this, scope, sources, [], [], [])
    args = node.args
    if args.get("unpivot"):
        into = args.get("into")
        names = [b.identifier(e) for e in into.expressions] if into is not None else ["value"]
        kept, made = unpivoted(b, args.get("expressions") or [], names, index, scope, sources)
        outputs = (*kept, Output(b.identifier(into.this) if into is not None else "name", ()), *made)
    else:
        using = args.get("using") or []
        values = [collected_as(b, aggregate, scope, AGGREGATION) for aggregate in using]
        key = Collected()
        for item in args.get("expressions") or ():
            collect(b, item.this if isinstance(item, exp.In) else item, scope, CONDITIONAL, key)
        made_names = names_of_pivot(b, args.get("expressions") or [], using)
        outputs = (
            *kept_by_pivot(b, node, index, scope, values, key),
            *pivoted(b, [b.fold(n, False) for n in made_names], values, key),
        )
        for item in args.get("expressions") or ():
            query = item.args.get("query") if isinstance(item, exp.In) else None
            if query is not None:
                subqueries.append(b.query(query, scope, known))
    influences = groups_of_pivot(b, node, scope, subqueries)
    b.relations[index] = Select(
        tuple(sources), outputs, influences, parent.index if parent else -1, subqueries=tuple(subqueries)
    )
    return index
