"""SELECT: a result, SELECT INTO, a model."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.options import ModelName
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.statements.variables import has_a_row, selected, store
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import VARIABLES, Effect, Local, StatementKind, is_temporary, local_kind


def lower_select(unit: Unit, tree: Expression, tokens: list[Token]) -> Iterator[Written]:
    into = _take_into(tree)
    builder = unit.builder()
    root = builder.query(tree)
    if builder.assigned:
        yield from each(selected(unit, tokens, builder, root, sure=has_a_row(tree)))
        if unit.engine.items_assign:
            return
    if into is None:
        yield from each(result(unit, tokens, builder, root))
        return
    targets = [i + 1 for i, t in enumerate(tokens[:-1]) if t.token_type is T.INTO]
    if any(tokens[i].text.upper() in ("TEMP", "TEMPORARY") for i in targets):
        unit.names.temporary.add(unit.names.dataset(into)[-1])
    name = unit.names.dataset(into)
    temporary = is_temporary(name)
    kind = "TempTable" if temporary else "Table"
    if unit.engine.into_is_variable and len(name) == 1 and not unit.routine.is_script:
        yield Written(tokens, StatementKind.SELECT, builder, root=root)  # plpgsql: SELECT INTO a variable
        return
    declared = unit.facts.declare(name, kind, start_line(tokens[0]), temporary=temporary)
    yield Written(
        tokens, StatementKind.SELECT_INTO, builder, root=root, target=name, effect=Effect.MAKES, declared=declared
    )


def _take_into(tree: Expression) -> exp.Table | None:
    """The INTO of a SELECT, or of the first branch of a set operation."""
    node = tree
    while isinstance(node, exp.SetOperation | exp.Subquery):
        node = node.this
    into = node.args.get("into") if isinstance(node, exp.Select) else None
    target = into.this if into is not None else None
    return target if isinstance(target, exp.Table) else None


def result(
    unit: Unit,
    tokens: list[Token],
    builder: Builder,
    root: int,
    kind: StatementKind = StatementKind.SELECT,
    *,
    own: bool = False,
) -> Said:
    """A bare query: what a procedure returns, what INSERT ... EXEC of a string takes, or nothing but reading. ``own``: it has columns
    of its own, whatever columns the routine says that it returns."""
    if unit.sink is not None:
        target, columns = unit.sink
        if target == VARIABLES:
            return store(unit, tokens, builder, unit.into, root)
        if local_kind(target) is Local.CURSOR:
            return Written(tokens, StatementKind.DECLARE_CURSOR, builder, root=root, target=target, effect=Effect.MAKES)
        return Written(tokens, StatementKind.INSERT, builder, root=root, target=target, columns=columns)
    if unit.model is not None and unit.routine.is_script and not unit.nested:
        return dbt_model(unit, unit.model, tokens, builder, root)
    name = unit.routine.name
    if unit.routine.kind not in ("Procedure", "Function"):
        return Written(tokens, kind, builder, root=root)
    first = unit.facts.declared(name)
    known = unit.facts.declarations[first] if first >= 0 else None
    defines = known is not None and known.statement < 0 and not known.columns
    made = first if defines else -1
    if known is not None and known.statement >= 0:
        defines = True  # another result set has its own columns
    effect = Effect.MAKES if defines or own else Effect.CHANGES
    return Written(tokens, StatementKind.RESULT_SET, builder, root=root, target=name, effect=effect, declared=made)


def dbt_model(unit: Unit, model: ModelName, tokens: list[Token], builder: Builder, root: int) -> Written:
    """The query of a dbt model makes a table or view of the file's name."""
    name = unit.qualified(tuple(unit.fold(p, False) for p in model.parts))
    unit.names.spell(name, model.parts)
    kind = {"view": "View", "materialized_view": "MaterializedView", "ephemeral": "View"}.get(
        model.materialized, "Table"
    )
    declared = -1
    if unit.facts.declared(name) < 0:
        declared = unit.facts.declare(name, kind, start_line(tokens[0]))
    return Written(
        tokens, StatementKind.DBT_MODEL, builder, root=root, target=name, effect=Effect.MAKES, declared=declared
    )
