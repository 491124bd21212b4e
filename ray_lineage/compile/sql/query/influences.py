"""What shapes rows: WHERE, ON, GROUP BY, ORDER BY with LIMIT and so on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.expressions import collect
from ray_lineage.compile.sql.query.scope import AGGREGATION, FILTER, GROUP_BY, IDENTITY, SORT, Collected, Scope
from ray_lineage.model import Influence, Ref


def row_shapers(
    b: Builder, args: dict[str, Any], scope: Scope, influences: list[Influence], subqueries: list[int]
) -> None:
    for key in ("prewhere", "where", "having", "qualify"):
        node = args.get(key)
        if node is not None:
            aliases = key not in ("where", "prewhere") or b.engine.aliases_in_where
            add_influences(b, node.this, scope, FILTER, influences, subqueries, aliases=aliases)
    connect = args.get("connect")
    if connect is not None:
        for node in _children(connect):
            add_influences(b, node, scope, FILTER, influences, subqueries, aliases=True)
    group = args.get("group")
    if group is not None:
        if group.args.get("all") is True:  # by every item that aggregates nothing
            for output in scope.outputs.values():
                if not any(r.how == AGGREGATION for r in output.refs):
                    influences.extend(Influence(r, GROUP_BY) for r in output.refs)
        for node in _children(group):
            add_influences(b, node, scope, GROUP_BY, influences, subqueries, aliases=True)
    distinct = args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        add_influences(b, distinct.args["on"], scope, GROUP_BY, influences, subqueries, aliases=True)
    order = args.get("order")
    if order is not None and (args.get("limit") is not None or args.get("offset") is not None):
        for node in order.expressions:
            add_influences(b, node, scope, SORT, influences, subqueries, aliases=True)
    elif order is not None:  # a query in it is read at least
        for node in order.expressions:
            if node.this.__class__ is not exp.Column and node.find(exp.Select) is not None:
                add_influences(b, node, scope, SORT, [], subqueries)


def add_influences(
    b: Builder,
    node: Expression | None,
    scope: Scope,
    how: int,
    influences: list[Influence],
    subqueries: list[int],
    *,
    aliases: bool = False,
) -> None:
    """What a clause (WHERE, ON, ORDER BY, ...) reads; nothing where there is none."""
    if isinstance(node, exp.Where):
        node = node.this
    if not isinstance(node, exp.Expr):  # the parser marks some empty clauses with True
        return
    literal = node.this if isinstance(node, exp.Ordered) else node
    if aliases and isinstance(literal, exp.Literal) and not literal.args.get("is_string"):
        position = int(literal.this) - 1 if str(literal.this).isdigit() else -1
        outputs = list(scope.outputs.values())
        if 0 <= position < len(outputs):
            influences.extend(Influence(r, how) for r in outputs[position].refs)
        return
    found = Collected()
    collect(b, node, scope, IDENTITY, found, aliases=scope.outputs if aliases else None)
    influences.extend(Influence(r, how) for r in found.refs.values())
    subqueries.extend(found.subqueries)
    # columns that a filtering subquery returns shape rows as well
    for sub in found.subqueries:
        if sub in found.exists:
            continue
        influences.append(Influence(Ref(sub, scope.index, "*", IDENTITY), how))


def _children(node: Expression) -> Iterator[Expression]:
    for value in node.args.values():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, exp.Expr):
                yield item
