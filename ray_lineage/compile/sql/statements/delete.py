"""DELETE."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.query.from_items import add_join, add_source
from ray_lineage.compile.sql.query.influences import add_influences
from ray_lineage.compile.sql.query.queries import ctes_of
from ray_lineage.compile.sql.query.scope import FILTER, Scope
from ray_lineage.compile.sql.statements.assignments import base_table, target_relation
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import Effect, Influence, Select, StatementKind


def lower_delete(unit: Unit, tree: exp.Delete, tokens: list[Token]) -> Iterator[Written]:
    builder = unit.builder()
    known = ctes_of(builder, tree, None, {})
    index = builder.reserve()
    scope = Scope(index, None, known)
    sources: list[int] = []
    influences: list[Influence] = []
    subqueries: list[int] = []
    named = tree.args.get("tables") or []
    using = tree.args.get("using")
    more_sources: list[Expression] = using if isinstance(using, list) else [using] if using else []
    if isinstance(tree.this, exp.Expr):
        add_source(builder, tree.this, scope, sources, [], influences, subqueries)
    elif named:  # DELETE t, without FROM
        add_source(builder, named[0], scope, sources, [], influences, subqueries)
    for item in more_sources:
        add_source(
            builder, item.this if isinstance(item, exp.From) else item, scope, sources, [], influences, subqueries
        )
    for join in tree.args.get("joins") or ():
        add_join(builder, join, scope, sources, [], influences, subqueries)
    if isinstance(tree.this, exp.Expr) and unit.engine.from_twice:
        for item in named:
            if target_relation(unit, item, scope, builder) < 0:  # DELETE t FROM u: t is none of what FROM names
                add_source(builder, item, scope, sources, [], influences, subqueries)
    builder.relations[index] = Select(tuple(sources), ())
    add_influences(builder, tree.args.get("where"), scope, FILTER, influences, subqueries)
    first = sources[0] if sources else -1
    everything = (
        tree.args.get("where") is None and len(sources) == 1 and not any(t.token_type is T.TOP for t in tokens[:3])
    )
    for item in named or (None,):
        found = target_relation(unit, item, scope, builder) if item is not None else -1
        target = base_table(builder, found if found >= 0 else first)
        yield Written(tokens, StatementKind.DELETE, builder, target=target, scope=scope, influences=influences,
                      subqueries=subqueries, effect=Effect.EMPTIES if everything else Effect.CHANGES)  # fmt: skip
