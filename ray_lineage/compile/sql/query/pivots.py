"""PIVOT and UNPIVOT, as clauses and as statements of their own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.expressions import collect, collected_as
from ray_lineage.compile.sql.query.influences import add_influences
from ray_lineage.compile.sql.query.scope import AGGREGATION, CONDITIONAL, GROUP_BY, IDENTITY, Collected, Scope, distinct
from ray_lineage.compile.sql.query.select_list import outputs_of
from ray_lineage.model import STAR, Alias, Influence, Output, Ref, Select


def lower_pivot(b: Builder, node: Expression, inputs: list[int], scope: Scope, subqueries: list[int]) -> int:
    """PIVOT and UNPIVOT as a SELECT over their input: the columns they consume are taken out of the star."""
    index = b.reserve()
    inner = Scope(index, scope.parent, scope.ctes)
    inner.aliases = dict(scope.aliases)
    within: list[int] = []
    outputs = (
        _unpivot_outputs(b, node, index, inner, inputs)
        if node.args.get("unpivot")
        else _pivot_outputs(b, node, index, inner, within)
    )
    influences = groups_of_pivot(b, node, inner, within)
    b.relations[index] = Select(
        tuple(inputs), outputs, influences, scope.parent.index if scope.parent else -1, subqueries=tuple(within)
    )
    alias = node.args.get("alias")
    columns = b.alias_columns(alias)
    result = b.add(Alias(index, columns)) if columns else index
    if alias is not None and alias.this is not None:
        scope.aliases[b.identifier(alias.this)] = result
    for key, value in list(scope.aliases.items()):
        if value in inputs:
            scope.aliases[key] = result
    return result


def _pivot_outputs(b: Builder, node: Expression, index: int, scope: Scope, subqueries: list[int]) -> tuple[Output, ...]:
    values = [collected_as(b, aggregate, scope, AGGREGATION) for aggregate in node.expressions]
    key = Collected()
    listed: list[Expression] = []
    for field in node.args.get("fields") or ():
        collect(b, field.this, scope, CONDITIONAL, key)
        listed.extend(field.expressions)
    names = [c.name for c in node.args.get("columns") or ()] or [e.alias_or_name for e in listed]
    if any(isinstance(e, exp.PivotAny | exp.Query) for e in listed):  # IN (ANY), IN (SELECT ...): nobody knows them
        subqueries.extend(b.query(e, scope, scope.ctes) for e in listed if isinstance(e, exp.Query))
        names = []
    if b.dynamic:
        names = [STAR if UNKNOWN in n else n for n in names]
    kept = kept_by_pivot(b, node, index, scope, values, key)
    return (*kept, *pivoted(b, [b.fold(n, False) for n in names], values, key))


def kept_by_pivot(
    b: Builder, node: Expression, index: int, scope: Scope, values: list[Collected], key: Collected
) -> tuple[Output, ...]:
    """The columns of a PIVOT's input that stay: those it groups by, else all that it does not consume."""
    group = node.args.get("group")
    if isinstance(group, exp.Group):
        return outputs_of(b, group.expressions, scope, [], [])
    consumed = tuple(r.name for found in (*values, key) for r in found.refs.values())
    return (Output(None, (Ref(-1, index, STAR, IDENTITY),), star=True, excluded=consumed),)


def groups_of_pivot(b: Builder, node: Expression, scope: Scope, subqueries: list[int]) -> tuple[Influence, ...]:
    group = node.args.get("group")
    influences: list[Influence] = []
    for item in group.expressions if isinstance(group, exp.Group) else ():
        add_influences(b, item, scope, GROUP_BY, influences, subqueries)
    return distinct(influences)


def pivoted(b: Builder, names: list[str], values: list[Collected], key: Collected) -> Iterator[Output]:
    """The columns that PIVOT makes: for each key one of each aggregate; without names there are some of any name."""
    keys = tuple(key.refs.values())
    each = len(values) if values and len(names) % len(values) == 0 else 1
    for k, name in enumerate(names or [STAR]):
        chosen = [values[k % each]] if each > 1 and names else values
        yield Output(name or STAR, (*(r for found in chosen for r in found.refs.values()), *keys))


def names_of_pivot(b: Builder, keys: list[Expression], using: list[Expression]) -> list[str]:
    """The columns of DuckDB's ``PIVOT ... ON keys USING aggregates``; none where a key has no list of values."""
    parts: list[list[str]] = []
    for item in keys:
        if not isinstance(item, exp.In) or not item.expressions:
            return []
        parts.append([e.alias_or_name for e in item.expressions])
    if len(using) > 1 or (using and using[0].alias):
        parts.append([e.alias or e.sql(b.engine.dialect, comments=False).lower() for e in using])
    return ["_".join(combination) for combination in product(*parts)]


def _unpivot_outputs(b: Builder, node: Expression, index: int, scope: Scope, inputs: list[int]) -> tuple[Output, ...]:
    names: list[str] = []
    for expression in node.expressions:
        several = expression.expressions if isinstance(expression, exp.Tuple) else [expression]
        names.extend(b.identifier(i) for i in several)
    fields = node.args.get("fields") or []
    items = [item.this if isinstance(item, exp.PivotAlias) else item for f in fields for item in f.expressions]
    kept, made = unpivoted(b, items, names, index, scope, inputs)
    keys = [i for f in fields for i in (f.this.expressions if isinstance(f.this, exp.Tuple) else [f.this])]
    named = [Output(b.identifier(key), ()) for key in keys]
    return (*kept, *made, *named) if b.engine.unpivot_values_first else (*kept, *named, *made)


def unpivoted(
    b: Builder, items: list[Expression], names: list[str], index: int, scope: Scope, inputs: list[int]
) -> tuple[list[Output], list[Output]]:
    """The columns of an UNPIVOT's input that stay, and those that take the values of ``items``: of a tuple each takes
    its own. ``COLUMNS(* EXCLUDE (a))`` and ``COLUMNS('pattern')`` stand for columns that nobody may know."""
    values: list[dict[tuple[int, int, str, bool], Ref]] = [{} for _ in names]
    consumed: list[str] = []
    patterns: list[str] = []
    rest: tuple[str, ...] | None = None  # what a star leaves out
    for item in items:
        item = item.unalias()
        star = item.this if isinstance(item, exp.Columns) else item
        if isinstance(star, exp.Star) or (isinstance(item, exp.Columns) and isinstance(star, exp.Literal)):
            excluded = tuple(b.identifier(e) for e in star.args.get("except_") or ())
            pattern = "~" + star.name if isinstance(star, exp.Literal) else ""
            spread = b.reserve()
            output = Output(None, (Ref(-1, spread, STAR, IDENTITY),), star=True, excluded=excluded, like=pattern)
            b.relations[spread] = Select(tuple(inputs), (output,))
            for refs in values:
                refs[spread, -1, STAR, False] = Ref(spread, -1, STAR, IDENTITY)
            if pattern:
                patterns.append(star.name)
            else:
                rest = excluded if rest is None else tuple(n for n in rest if n in excluded)
            continue
        several = item.expressions if isinstance(item, exp.Tuple) and len(item.expressions) == len(names) else []
        for k, refs in enumerate(values):
            refs.update(collected_as(b, several[k] if several else item, scope, IDENTITY).refs)
        consumed.extend(r.name for r in collected_as(b, item, scope, IDENTITY).refs.values())
    made = [Output(n, tuple(refs.values())) for n, refs in zip(names, values, strict=True)]
    if rest is not None:
        return [Output(n, (Ref(-1, index, n, IDENTITY),)) for n in rest if n not in consumed], made
    other = "~^(?!.*(?:" + "|".join(patterns) + "))" if patterns else ""
    star_ref = Ref(-1, index, STAR, IDENTITY)
    return [Output(None, (star_ref,), star=True, excluded=tuple(consumed), like=other)], made
