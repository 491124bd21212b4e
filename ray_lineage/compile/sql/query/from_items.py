"""FROM: tables, derived tables, functions, joins."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.expressions import collect
from ray_lineage.compile.sql.query.functions import function
from ray_lineage.compile.sql.query.influences import add_influences
from ray_lineage.compile.sql.query.pivots import lower_pivot
from ray_lineage.compile.sql.query.scope import DERIVED, IDENTITY, JOIN, TRANSFORMATION, Collected, Scope
from ray_lineage.model import STAR, Alias, Influence, Merged, Output, Ref, Select, TableRef

_FROM_ITEMS: Final = (exp.Table, exp.Subquery, exp.TableFromRows, exp.Lateral, exp.Unnest)


def add_source(
    b: Builder,
    node: Expression,
    scope: Scope,
    sources: list[int],
    merged: list[Merged],
    influences: list[Influence],
    subqueries: list[int],
    *,
    wrapped: bool = False,
) -> None:
    """One FROM item with the joins nested in it."""
    inner = node.this if wrapped else node
    if not wrapped and isinstance(node, exp.Paren):
        inner = node.this
    before = len(sources)
    if isinstance(inner, exp.Subquery) and isinstance(inner.this, _FROM_ITEMS) and not wrapped and not inner.alias:
        add_source(b, inner.this, scope, sources, merged, influences, subqueries)  # joins in parentheses
    else:
        seen = _to_the_left(b, inner, scope, sources)
        sources.extend(from_item(b, inner, seen, shell=node if wrapped else None))
    for pivot in node.args.get("pivots") or ():
        replaced = lower_pivot(b, pivot, sources[before:], scope, subqueries)
        del sources[before:]
        sources.append(replaced)
    for lateral in node.args.get("laterals") or ():
        add_source(b, lateral, scope, sources, merged, influences, subqueries)
    for join in node.args.get("joins") or ():
        add_join(b, join, scope, sources, merged, influences, subqueries)


def _to_the_left(b: Builder, node: Expression, scope: Scope, sources: list[int]) -> Scope:
    """A lateral item or a function sees the items before it, not those after it nor itself."""
    if _is_named(node) or (not isinstance(node, exp.Lateral | exp.Unnest) and not isinstance(node.this, exp.Func)):
        return scope
    parent = scope.parent
    seen = Scope(b.add(Select(tuple(sources), (), (), parent.index if parent else -1)), parent, scope.ctes)
    seen.aliases, seen.tables = scope.aliases, scope.tables
    return seen


def _is_named(node: Expression) -> bool:
    """Is it a table by its name?"""
    return node.__class__ is exp.Table and node.this.__class__ is exp.Identifier and not node.args.get("rows_from")


def from_item(b: Builder, node: Expression, scope: Scope, shell: Expression | None = None) -> list[int]:
    """Build what one FROM item names; register its alias; return its relation(s)."""
    alias = (shell or node).args.get("alias") or (node.args.get("alias") if shell is None else None)
    name = b.identifier(alias.this) if alias is not None and alias.this is not None else ""
    columns = b.alias_columns(alias)
    if b.engine.element_variables and (found := _navigated(b, node, scope)):
        return found
    if _is_named(node):  # most are: what follows is asked of the others
        return [b.table(node, name, columns, scope)]
    if node.__class__ is exp.Select:  # the parser reads FROM FROM t as FROM (FROM t), which no engine does
        raise ParseError("a table is missing behind FROM")
    if isinstance(node, exp.TableAlias):  # |> AS name: what came through the pipe, which the parser made a CTE
        node = exp.Table(this=node.this)
    if isinstance(node, exp.Table) and node.args.get("rows_from"):
        return [rows_from(b, node, name, columns, scope)]
    if isinstance(node, exp.Table) and isinstance(node.this, DERIVED):
        node = node.this
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Func | exp.SemanticView):
        return [b.table(node, name, columns, scope)]
    if isinstance(node, exp.Subquery) and isinstance(node.this, _FROM_ITEMS) and not alias:
        return _parenthesised_joins(b, node, scope)
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Summarize | exp.Describe):
        node = node.this
    if isinstance(node, DERIVED):
        index = b.query(node.this if isinstance(node, exp.Subquery) and not node.args.get("with_") else node,
                           scope.parent, scope.ctes)  # fmt: skip
    elif isinstance(node, exp.Lateral):
        return [lateral_relation(b, node, name, columns, scope)]
    elif isinstance(node, exp.Unnest):
        index, columns = unnest_relation(b, node, name, columns, scope), ()
        offset = node.args.get("offset")
        if isinstance(offset, exp.Identifier) and b.engine.unnests_structs:
            position = b.add(Select((), (Output(b.identifier(offset), ()),)))
            return [index, position]
    elif isinstance(node, exp.Paren):
        return from_item(b, node.this, scope, shell)
    elif isinstance(node, exp.Stream | exp.Final):
        inner = node.this.this if isinstance(node.this, exp.Subquery) else node.this
        return from_item(b, inner, scope, node if alias is not None else None)
    else:
        call = node.this if isinstance(node, exp.Table) else node
        if isinstance(call, exp.DynamicIdentifier):
            return [b.table(node, name, columns, scope)]
        if isinstance(call, exp.Anonymous) and call.name.upper() == "TABLE" and len(call.expressions) == 1:
            call = call.expressions[0]  # TABLE(function(...)), TABLE('name')
            if isinstance(call, exp.Literal):
                return [b.table(exp.Table(this=exp.DynamicIdentifier(this=call)), name, columns, scope)]
        elif isinstance(call, exp.TableFromRows) and isinstance(call.this, exp.Expr):
            call = call.this
            if isinstance(call, exp.Literal):
                return [b.table(exp.Table(this=exp.DynamicIdentifier(this=call)), name, columns, scope)]
        qualifier = b.qualifier_parts(node) if call is node.this and isinstance(node, exp.Table) else ()
        columns = columns or _generated(b, call, name)
        index = function(b, call, columns, scope, qualifier)
        columns = ()
    if columns:
        index = b.add(Alias(index, columns))
    if name:
        b.call(name, index, scope)
    return [index]


def _parenthesised_joins(b: Builder, node: Expression, scope: Scope) -> list[int]:
    sources: list[int] = []
    unused: list[Influence] = []
    add_source(b, node.this, scope, sources, [], unused, [])
    return sources


def lateral_relation(b: Builder, node: exp.Lateral, alias: str, columns: tuple[str, ...], scope: Scope) -> int:
    inner = node.this
    if isinstance(inner, DERIVED):
        index = b.query(inner, scope, scope.ctes)
        if columns:
            index = b.add(Alias(index, columns))
    elif isinstance(inner, exp.Unnest):
        index = unnest_relation(b, inner, alias, columns, scope)
    else:
        index = function(b, inner, columns or _generated(b, inner, alias), scope)
    if alias:
        scope.aliases[alias] = index
    return index


def _generated(b: Builder, call: object, alias: str) -> tuple[str, ...]:
    """The columns of an engine's function; a single one may be called by the alias."""
    if not b.engine.rowsets or not isinstance(call, exp.Func):
        return ()
    names = b.engine.rowsets.get((call.name if isinstance(call, exp.Anonymous) else call.key).lower(), ())
    return (alias,) if names == (STAR,) and alias else tuple(n for n in names if n != STAR)


def _navigated(b: Builder, node: Expression, scope: Scope) -> list[int]:
    """``o.lines AS l AT i``, ``UNPIVOT o.props AS v AT k`` of PartiQL: variables that are made of a column of what stands to the left.
    Nothing if it is no path into that."""
    inner = node.this if isinstance(node, exp.Pivot) and node.args.get("unpivot") else node
    names: list[str] = []
    if isinstance(inner, exp.AtIndex):
        names.append(b.identifier(inner.expression))
        inner = inner.this
    if isinstance(inner, exp.Alias):
        names.insert(0, b.identifier(inner.args["alias"]))
        inner = inner.this
    elif isinstance(inner, exp.Table | exp.Unnest) and (alias := inner.args.get("alias")) is not None:
        names.insert(0, b.identifier(alias.this or alias.columns[0]))
    paths = [_path_of_table(b, inner, scope)] if isinstance(inner, exp.Table) else [inner]
    if isinstance(inner, exp.Unnest):
        paths = inner.expressions
    if not names or not all(isinstance(p, exp.Column) for p in paths):
        return []
    found = Collected()
    for path in paths:
        if path is not None:
            collect(b, path, scope, TRANSFORMATION, found)
    refs = tuple(found.refs.values())
    index = b.add(Select((), tuple(Output(n, refs) for n in names), (), scope.index))
    scope.aliases[names[0]] = index
    return [index]


def _path_of_table(b: Builder, table: exp.Table, scope: Scope) -> exp.Column | None:
    parts = [p for p in (table.args.get(key) for key in ("catalog", "db", "this")) if isinstance(p, exp.Identifier)]
    if len(parts) < 2 or b.identifier(parts[0]) not in scope.aliases:
        return None
    names = dict(zip(("this", "table", "db", "catalog"), reversed(parts), strict=False))
    return exp.Column(**names)


def unnest_relation(b: Builder, node: exp.Unnest, alias: str, columns: tuple[str, ...], scope: Scope) -> int:
    """UNNEST: each column comes from the array at its position; BigQuery's single column has the alias's name."""
    found = [_elements(b, items, scope) for items in _unnested(b, node)]
    names = columns or ((alias,) if alias else ())
    if b.engine.unnests_structs:  # an array of structs gives their fields, whose names we do not know
        refs = tuple(r for c in found for r in c.refs.values())
        if names:
            scope.aliases[names[0]] = len(b.relations)
        return b.add(TableRef((), 0, (*names, STAR), True, refs))
    outputs: list[Output] = []
    for i in range(max(len(names), len(found))):
        source = found[i] if i < len(found) else (found[0] if found and len(found) == 1 else None)
        refs = tuple(source.refs.values()) if source else ()
        outputs.append(Output(names[i] if i < len(names) else None, refs))
    offset = node.args.get("offset")
    if isinstance(offset, exp.Identifier):  # WITH ORDINALITY
        outputs.append(Output(b.identifier(offset), ()))
    return b.add(Select((), tuple(outputs), (), scope.index, (), False, tuple(s for c in found for s in c.subqueries)))


def _unnested(b: Builder, node: exp.Unnest) -> list[list[Expression]]:
    """What each column of UNNEST is made of: an array, or (of arrays of rows that are written down) the values at its position."""
    out: list[list[Expression]] = []
    for item in node.expressions:
        rows = item.expressions if isinstance(item, exp.Array) and b.engine.unnests_rows else []
        if rows and all(isinstance(r, exp.Struct) and len(r.expressions) == len(rows[0].expressions) for r in rows):
            out.extend([list(values) for values in zip(*(r.expressions for r in rows), strict=True)])
        else:
            out.append([item])
    return out


def _elements(b: Builder, items: list[Expression], scope: Scope) -> Collected:
    found = Collected()
    for item in items:
        collect(b, item, scope, TRANSFORMATION, found)
    return found


def add_join(
    b: Builder,
    join: Expression,
    scope: Scope,
    sources: list[int],
    merged: list[Merged],
    influences: list[Influence],
    subqueries: list[int],
    *,
    more: bool = False,
) -> None:
    """``more``: other relations follow, which its condition does not see."""
    args = join.args
    if args.get("kind") == "ARRAY":
        _array_join(b, [join.this, *(args.get("expressions") or ())], scope, sources)
        return
    before = len(sources)
    add_source(b, join.this, scope, sources, merged, influences, subqueries)
    right = sources[before] if len(sources) > before else -1
    if right >= 0:
        using = tuple(map(b.identifier, args.get("using") or ()))
        if using:
            merged.append(Merged(using, tuple(sources[:before]), right))
            influences.extend(
                Influence(Ref(r, scope.index, n, IDENTITY), JOIN) for n in using for r in (*sources[:before], right)
            )
        elif args.get("method") == "NATURAL":
            merged.append(Merged((), tuple(sources[:before]), right))
    on = args.get("on")
    if on is not None:
        first = len(influences)
        add_influences(b, on, scope, JOIN, influences, subqueries)
        if more and any(i.ref.relation < 0 for i in influences[first:]):
            influences[first:] = _joined_so_far(b, influences[first:], scope, sources, merged)


def _joined_so_far(
    b: Builder, found: list[Influence], scope: Scope, sources: list[int], merged: list[Merged]
) -> list[Influence]:
    """A column without a table is looked for in what is joined already, and only then in all of it (as SQLite does)."""
    seen = b.add(Select(tuple(sources), (), (), scope.index, tuple(merged)))
    replace = msgspec.structs.replace
    return [i if i.ref.relation >= 0 else replace(i, ref=replace(i.ref, scope=seen)) for i in found]


def _array_join(b: Builder, items: list[Expression], scope: Scope, sources: list[int]) -> None:
    """``ARRAY JOIN a AS x, b AS n`` of ClickHouse: x is an element of a, ``n.k`` a field of b's. Without a new name the
    column stands for its element."""
    parent = scope.parent
    left = Scope(b.add(Select(tuple(sources), (), (), parent.index if parent else -1)), parent, scope.ctes)
    left.aliases, left.tables = dict(scope.aliases), scope.tables
    for item in items:
        alias = item.args.get("alias") if isinstance(item, exp.Alias) else None
        if alias is None:
            continue
        name, found = b.identifier(alias), Collected()
        collect(b, item.this, left, TRANSFORMATION, found)
        refs = tuple(found.refs.values())
        sources.append(b.add(Select((), (Output(name, refs),), subqueries=tuple(found.subqueries))))
        scope.aliases[name] = b.add(TableRef((), 0, (STAR,), True, refs))


def rows_from(b: Builder, node: exp.Table, alias: str, columns: tuple[str, ...], scope: Scope) -> int:
    """``ROWS FROM (f(a) AS (b int), g(c))``: the columns of the functions, side by side."""
    sources = [i for item in node.args["rows_from"] for i in from_item(b, item, scope)]
    index = b.reserve()
    b.relations[index] = Select(tuple(sources), (Output(None, (Ref(-1, index, STAR, IDENTITY),), star=True),))
    if columns:
        index = b.add(Alias(index, columns))
    if alias:
        scope.aliases[alias] = index
    return index
