"""MERGE."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.expressions import collect
from ray_lineage.compile.sql.query.from_items import add_source
from ray_lineage.compile.sql.query.influences import add_influences
from ray_lineage.compile.sql.query.queries import ctes_of
from ray_lineage.compile.sql.query.scope import FILTER, IDENTITY, JOIN, Collected, Scope
from ray_lineage.compile.sql.statements.assignments import identifier_line, set_clauses, through
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import STAR, Assignment, Influence, Ref, Select, StatementKind


def lower_merge(unit: Unit, tree: exp.Merge, tokens: list[Token]) -> Written:
    builder = unit.builder()
    known = ctes_of(builder, tree, None, {})
    index = builder.reserve()
    scope = Scope(index, None, known)
    sources: list[int] = []
    influences: list[Influence] = []
    subqueries: list[int] = []
    add_source(builder, tree.this, scope, sources, [], influences, subqueries)
    target_at = sources[0]
    if not isinstance(tree.args.get("using"), exp.Expr):
        raise ParseError("it names no source")
    add_source(builder, tree.args["using"], scope, sources, [], influences, subqueries)
    builder.relations[index] = Select(tuple(sources), ())
    add_influences(builder, tree.args.get("on"), scope, JOIN, influences, subqueries)
    for name in tree.args.get("using_cond") or ():  # USING (a)
        column = builder.identifier(name)
        influences.extend(Influence(Ref(s, index, column, IDENTITY), JOIN) for s in sources[:2])
    assignments: list[Assignment] = []
    whens = tree.args.get("whens")
    words = [t.text.upper() for t in tokens] if unit.engine.merge_by_position else []
    by_position = {w for w in ("UPDATE", "INSERT") if words and not _followed(words, (w, "BY", "NAME"))}
    for when in whens.expressions if whens is not None else ():
        _merge_branch(unit, when, builder, scope, sources, assignments, influences, subqueries, by_position)
    target, assignments = through(builder, target_at, assignments)
    return Written(tokens, StatementKind.MERGE, builder, target=target, assignments=tuple(assignments), scope=scope,
                   influences=influences, subqueries=subqueries)  # fmt: skip


def _merge_branch(unit: Unit, when: Expression, builder: Builder, scope: Scope, sources: list[int], assignments: list[Assignment],
    influences: list[Influence], subqueries: list[int], by_position: set[str],
) -> None:  # fmt: skip
    """``by_position``: the verbs that take all of the source's columns by position, as DuckDB's do without BY NAME."""
    add_influences(builder, when.args.get("condition"), scope, FILTER, influences, subqueries)
    then = when.args.get("then")
    add_influences(
        builder, then.args.get("where") if isinstance(then, exp.Expr) else None, scope, FILTER, influences, subqueries
    )
    if isinstance(then, exp.Update):
        clauses = then.args.get("expressions")
        if not isinstance(clauses, list):  # UPDATE *, and DuckDB's UPDATE alone
            clauses = [exp.Star()]
        if any(isinstance(e, exp.Star) for e in clauses):
            assignments.append(_everything(sources[1], by_position="UPDATE" in by_position))
        set_clauses(unit, clauses, builder, scope, sources[0], assignments, subqueries)
    elif isinstance(then, exp.Insert):
        if isinstance(then.this, exp.Star) or not (then.this or then.args.get("expression")):
            assignments.append(_everything(sources[1], by_position="INSERT" in by_position))
        elif isinstance(then.this, exp.Var) and then.this.name.upper() == "ROW":
            assignments.append(_everything(sources[1], by_position=True))
        else:
            _merge_insert(unit, then, builder, scope, sources, assignments, subqueries)


def _merge_insert(unit: Unit, then: exp.Insert, builder: Builder, scope: Scope, sources: list[int], assignments: list[Assignment], subqueries: list[int]
) -> None:  # fmt: skip
    values = then.args.get("expression")
    names = then.this
    items = values.expressions if isinstance(values, exp.Tuple) else [values] if isinstance(values, exp.Expr) else []
    columns = names.expressions if isinstance(names, exp.Tuple | exp.Schema) else []
    for position, value in enumerate(items):
        found = Collected()
        collect(builder, value, scope, IDENTITY, found)
        subqueries.extend(found.subqueries)
        if position < len(columns):
            identifier = columns[position].this if isinstance(columns[position], exp.Column) else columns[position]
            line = identifier_line(identifier) or found.line
            assignments.append(Assignment(builder.identifier(identifier), tuple(found.refs.values()), line))
        else:  # link knows the target's columns
            assignments.append(Assignment("", tuple(found.refs.values()), found.line, position=position))


def _everything(source: int, *, by_position: bool) -> Assignment:
    """All columns of the source."""
    return Assignment(STAR, (Ref(source, -1, STAR, IDENTITY),), position=0 if by_position else -1)


def _followed(words: list[str], wanted: tuple[str, ...]) -> bool:
    """Do these words stand somewhere, one after another?"""
    return any(tuple(words[i : i + len(wanted)]) == wanted for i in range(len(words)))
