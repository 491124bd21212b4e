"""Expressions: the columns in them, each with what is done to it on the way out."""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType
from typing import Any, Final

from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.calls import call, dictionary, excluded_value, is_row_element, is_sequence, sequence
from ray_lineage.compile.sql.query.columns import collect_column, inlined_body, restored
from ray_lineage.compile.sql.query.scope import (
    AGGREGATION,
    COMPOSED,
    CONDITIONAL,
    IDENTITY,
    MASKING,
    TRANSFORMATION,
    WINDOW,
    Collected,
    Scope,
    note,
)
from ray_lineage.compile.sql.query.structs import note_field
from ray_lineage.compile.sql.query.words import FIRST_WORDS, MASKING_FUNCTIONS, MASKING_NAMES
from ray_lineage.model import STAR, VALUE, Local, Output, Ref

_LEAVES: Final = frozenset(
    {
        exp.Literal, exp.Identifier, exp.DataType, exp.Var, exp.Null, exp.Boolean, exp.SessionParameter,
        exp.CurrentDate, exp.CurrentTimestamp, exp.Hint, exp.National, exp.HexString,
    }
)  # fmt: skip
_EMPTY: Final = _LEAVES | {str, bool, NoneType}
"""Parts of an expression in which there are no columns."""

_PASS: Final = frozenset({exp.Alias, exp.Paren, exp.Aliases, exp.Tuple, exp.Ordered, exp.Distinct})
_ORDERED_SETS: Final = (exp.PercentileCont, exp.PercentileDisc, exp.Mode, exp.Quantile, exp.ApproxQuantile)
_VALUE_WINDOW_FUNCTIONS: Final = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)


_Push = Callable[[tuple[Any, int]], None]


_SPECIAL, _DONE = -1, -2


_TREATMENTS: Final[dict[type, int]] = {}
_SPECIAL_KINDS: Final = frozenset(
    {
        exp.Case, exp.If, exp.Nvl2, exp.DecodeCase, exp.Window, exp.Exists, exp.Placeholder, exp.Parameter, exp.Anonymous,
        exp.Dot, exp.Bracket, exp.JSONExtract, exp.StructExtract, exp.Star, exp.Filter, exp.WithinGroup, exp.Lambda, exp.Order, exp.NextValueFor, exp.Comprehension,
    }
)  # fmt: skip


def treatment_of(kind: type) -> int:
    """What an expression of a class does to the columns in all its parts; _SPECIAL where that depends."""
    if kind in _SPECIAL_KINDS or issubclass(kind, exp.Query):
        return _SPECIAL
    if kind in _PASS:
        return IDENTITY
    if issubclass(kind, exp.AggFunc) and not issubclass(kind, _VALUE_WINDOW_FUNCTIONS):
        return AGGREGATION
    return MASKING if kind in MASKING_FUNCTIONS else TRANSFORMATION


def collected_as(b: Builder, node: Expression, scope: Scope, how: int) -> Collected:
    found = Collected()
    collect(b, node, scope, how, found)
    return found


def collect(
    b: Builder,
    node: Expression,
    scope: Scope,
    how: int,
    found: Collected,
    aliases: dict[str, Output] | None = None,
) -> None:
    """Gather the columns of an expression, each with what is done to it on the way out."""
    stack: list[tuple[Any, int]] = [(node, how)]
    pop, push = stack.pop, stack.append
    leaves, empty, known, expression = _LEAVES, _EMPTY, _TREATMENTS, exp.Expr
    bound: set[str] = set()  # names of a lambda's parameters
    while stack:
        node, how = pop()
        kind = node.__class__
        if kind is exp.Column:
            if bound and node.name.lower() in bound:
                continue
            if b.inlined and node.args.get("table") is None and (body := inlined_body(b, node)) is not None:
                push((body, COMPOSED[TRANSFORMATION][how]))
                continue
            collect_column(b, node, scope, how, found, aliases)
            continue
        if kind in leaves:
            continue
        treatment = known.get(kind)
        if treatment is None:
            treatment = known[kind] = treatment_of(kind)
        if treatment is _SPECIAL:
            how = _special(b, node, how, scope, found, push, bound)
            if how is _DONE:
                continue
        elif treatment is AGGREGATION and node.args.get("this").__class__ is exp.Star:
            continue
        else:
            how = COMPOSED[treatment][how]
        for value in node.args.values():
            kind = value.__class__
            if kind is list:
                for item in value:
                    if item.__class__ not in empty and isinstance(item, expression):
                        push((item, how))
            elif kind not in empty and isinstance(value, expression):
                push((value, how))


def _special(b: Builder, node: Any, how: int, scope: Scope, found: Collected, push: _Push, bound: set[str]) -> int:
    """An expression of _SPECIAL_KINDS: what is done to the columns in all its parts, _DONE if they were seen to."""
    kind = node.__class__
    if _push_parts(b, node, how, scope, push, bound):
        return _DONE
    if issubclass(kind, exp.Query):
        _subquery(b, node, scope, how, found)
        return _DONE
    if kind is exp.Exists and isinstance(node.this, exp.Query):
        inner = b.query(node.this, scope, scope.ctes)
        found.subqueries.append(inner)
        if node.this.__class__ is exp.Select:
            found.exists.append(inner)
        return _DONE
    if kind is exp.Placeholder or kind is exp.Parameter:
        _parameter(b, node, how, scope, found)
        return _DONE
    if kind is exp.Star:
        if node.args.get("this") is None and how != IDENTITY:  # OBJECT_CONSTRUCT(*)
            note(found, Ref(-1, scope.index, STAR, how))
        return _DONE
    if kind is exp.NextValueFor:
        sequence(b, node, found)
        return _DONE
    if kind is exp.Anonymous:
        return _special_call(b, node, how, scope, found, push)
    if kind is exp.Dot or kind is exp.Bracket or kind is exp.JSONExtract or kind is exp.StructExtract:
        if kind is exp.Dot and is_row_element(b, node, scope, how, found):
            return _DONE
        has_fields = b.engine.structs or b.engine.row_values or kind is not exp.Dot
        if has_fields and not bound and note_field(b, node, scope, how, found, collect):
            return _DONE
        if kind is not exp.Dot:
            return COMPOSED[TRANSFORMATION][how]
        call(b, node, scope, found)
        if (column := restored(b, node, scope)) is not None:
            push((column, how or TRANSFORMATION))
    elif kind is exp.Comprehension:  # [x + 1 FOR x IN a IF x > 1]
        bound.add(node.expression.name.lower())
    return how or TRANSFORMATION


def _special_call(b: Builder, node: exp.Anonymous, how: int, scope: Scope, found: Collected, push: _Push) -> int:
    """See :meth:`_special`: a function that the parser does not know."""
    if is_row_element(b, node, scope, how, found):
        return _DONE
    name = node.name.lower()
    if b.engine.lookups and name.startswith(b.engine.lookups):
        dictionary(b, node, scope, how, found)
    if is_sequence(b, node) or excluded_value(b, node, scope, how, found):
        return _DONE
    if name in b.aggregates:
        return COMPOSED[AGGREGATION][how]
    how = COMPOSED[MASKING][how] if name in MASKING_NAMES else how or TRANSFORMATION
    if name.upper() in FIRST_WORDS:
        for item in node.expressions[1:]:
            push((item, how))
        return _DONE
    return how


def _parameter(b: Builder, node: Any, how: int, scope: Scope, found: Collected) -> None:
    """``@v``, ``$1``, ``?``: a variable, if there is one of that name."""
    if node.__class__ is exp.Parameter and b.engine.file_columns and node.name.isdigit():
        note(found, Ref(-1, scope.index, f"${node.name}", how))  # a column by its position
    elif node.__class__ is exp.Parameter or b.identifier(node.name) in b.variables:
        note(found, Ref(b.variable(Local.VARIABLE.marked(node.name)), scope.index, VALUE, how))


def _push_parts(b: Builder, node: Any, how: int, scope: Scope, push: _Push, bound: set[str]) -> bool:
    """Something whose parts are used in different ways, each on its own. False if it is something else."""
    kind = node.__class__
    if kind is exp.Case or kind is exp.If or kind is exp.Nvl2 or kind is exp.DecodeCase:
        _push_case(node, how, push)
    elif kind is exp.Window:
        _push_window(b, node, how, push, scope)
    elif kind is exp.Filter:
        push((node.this, how))
        push((node.expression, CONDITIONAL))
    elif kind is exp.WithinGroup:
        push((node.this, how))
        if isinstance(node.this, _ORDERED_SETS) or (
            b.engine.ordered_is_aggregated
            and isinstance(node.this, exp.AggFunc)
            and isinstance(node.expression, exp.Order)
            and not node.this.args.get("separator")
        ):
            for item in node.expression.expressions:  # PERCENTILE_CONT: what is ordered is what is aggregated
                push((item, COMPOSED[AGGREGATION][how]))
        else:
            push((node.expression, COMPOSED[AGGREGATION][how]))
    elif kind is exp.Lambda:
        bound.update(p.name.lower() for p in node.expressions)
        push((node.this, COMPOSED[TRANSFORMATION][how]))
    elif kind is exp.Order:  # inside an aggregate: what is ordered keeps its use
        if node.args.get("this") is not None:
            push((node.this, how))
        for item in node.expressions:
            push((item, COMPOSED[WINDOW][how]))
    else:
        return False
    return True


def _push_case(node: Any, how: int, push: _Push) -> None:
    condition = COMPOSED[CONDITIONAL][how]
    result = COMPOSED[TRANSFORMATION][how]
    args = node.args
    if node.__class__ is exp.DecodeCase:  # DECODE(value, search, result, ..., default)
        for i, item in enumerate(args["expressions"]):
            push((item, result if i and (i % 2 == 0 or i == len(args["expressions"]) - 1) else condition))
        return
    if node.__class__ is not exp.Case:
        push((args["this"], condition))
        for key in ("true", "false"):
            if args.get(key) is not None:
                push((args[key], result))
        return
    if args.get("this") is not None:
        push((args["this"], condition))
    for branch in args.get("ifs") or ():
        push((branch.args["this"], condition))
        if branch.args.get("true") is not None:
            push((branch.args["true"], result))
    if args.get("default") is not None:
        push((args["default"], result))


def _push_window(b: Builder, node: Any, how: int, push: _Push, scope: Scope) -> None:
    args = node.args
    push((args["this"], COMPOSED[TRANSFORMATION][how]))
    _push_frame(b, args, COMPOSED[WINDOW][how], push, scope, frozenset())


def _push_frame(
    b: Builder,
    args: dict[str, Any],
    shape: int,
    push: _Push,
    scope: Scope,
    seen: frozenset[str],
) -> None:
    if args.get("alias") is not None:  # OVER w, OVER (w ORDER BY a)
        name = b.identifier(args["alias"])
        named = scope.windows.get(name)
        if named is not None and name not in seen:
            _push_frame(b, named.args, shape, push, scope, seen | {name})
    for item in args.get("partition_by") or ():
        push((item, shape))
    for key in ("order", "spec"):
        if args.get(key) is not None:
            push((args[key], shape))


def _subquery(b: Builder, node: Expression, scope: Scope, how: int, found: Collected) -> None:
    index = b.query(node, scope, scope.ctes)
    if _makes_a_document(node):
        how = COMPOSED[TRANSFORMATION][how]
    found.subqueries.append(index)
    note(found, Ref(index, scope.index, "*", how))


def _makes_a_document(node: Expression) -> bool:
    """``SELECT ... FOR XML`` and ``FOR JSON``."""
    while isinstance(node, exp.Subquery):
        node = node.this
    return node.args.get("for_") is not None
