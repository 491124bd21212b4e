"""UPDATE."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.from_items import add_join, add_source
from ray_lineage.compile.sql.query.influences import add_influences
from ray_lineage.compile.sql.query.queries import ctes_of
from ray_lineage.compile.sql.query.scope import FILTER, IDENTITY, Scope
from ray_lineage.compile.sql.statements.assignments import set_clauses, target_relation, through
from ray_lineage.compile.sql.statements.variables import selected
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import Alias, Assignment, Influence, Name, Select, StatementKind, TableRef


def lower_update(unit: Unit, tree: exp.Update, tokens: list[Token]) -> Iterator[Written]:
    builder = unit.builder()
    known = ctes_of(builder, tree, None, {})
    index = builder.reserve()
    scope = Scope(index, None, known)
    sources: list[int] = []
    influences: list[Influence] = []
    subqueries: list[int] = []
    from_ = tree.args.get("from_")
    table = tree.this
    if from_ is not None:
        add_source(builder, from_.this, scope, sources, [], influences, subqueries)
        for join in from_.args.get("joins") or ():
            add_join(builder, join, scope, sources, [], influences, subqueries)
    at = target_relation(unit, table, scope, builder) if from_ is not None else -1
    if at < 0:
        at = len(builder.relations)
        add_source(builder, table, scope, sources, [], influences, subqueries)
        at = sources[-1] if len(sources) == 1 else at
    for join in tree.args.get("joins") or ():
        add_join(builder, join, scope, sources, [], influences, subqueries)
    builder.relations[index] = Select(tuple(sources), ())
    add_influences(builder, tree.args.get("where"), scope, FILTER, influences, subqueries)
    for written, clauses in _written_tables(unit, tree, builder, scope, at):
        assignments: list[Assignment] = []
        set_clauses(unit, clauses, builder, scope, written, assignments, subqueries)
        target, assignments = through(builder, written, assignments)
        yield Written(tokens, StatementKind.UPDATE, builder, target=target, assignments=tuple(assignments), scope=scope,
                      influences=influences, subqueries=subqueries)  # fmt: skip
    if builder.assigned:
        yield from each(selected(unit, tokens, builder, index, sure=False))


def _written_tables(
    unit: Unit, tree: exp.Update, builder: Builder, scope: Scope, at: int
) -> list[tuple[int, list[Expression]]]:
    """Which relation each assignment writes: MySQL updates several tables at once."""
    if not unit.engine.several_targets:
        return [(at, tree.expressions)]
    written: dict[int, list[Expression]] = {}
    for clause in tree.expressions:
        column = clause.this
        table = column.args.get("table") if isinstance(column, exp.Column) else None
        found = scope.find(builder.identifier(table)) if table is not None else at
        written.setdefault(found if found >= 0 else at, []).append(clause)
    return list(written.items()) or [(at, [])]


def is_statistics(unit: Unit, tokens: list[Token]) -> Said:
    """``UPDATE STATISTICS t`` writes nothing. None if it is something else."""
    return () if len(tokens) > 1 and tokens[1].text.upper() == "STATISTICS" else None


def update_of_a_query(unit: Unit, tokens: list[Token]) -> Said:
    """``UPDATE (SELECT o.x AS a, t.y AS b FROM o JOIN t ...) SET a = b``: the columns behind the query's are written. None if
    it is something else."""
    if len(tokens) < 4 or tokens[1].token_type is not T.L_PAREN:
        return None
    end = closing(tokens, 1)
    at = next((i for i in range(end, len(tokens)) if tokens[i].token_type is T.SET), -1)
    if at < 0 or at - end > 3:
        return None
    builder = unit.builder()
    query = builder.query(unit.parse(tokens[2:end], "SELECT"))
    name = [tokens[at - 1]] if at - end > 1 else [Token(T.VAR, "q", tokens[0].line)]
    tree = unit.parse([tokens[0], *name, *tokens[at:]], "UPDATE")
    index = builder.reserve()
    scope = Scope(index, None, {})
    scope.aliases[unit.part(name[0])] = query
    builder.relations[index] = Select((query,), ())
    assignments: list[Assignment] = []
    subqueries: list[int] = []
    set_clauses(unit, tree.expressions, builder, scope, query, assignments, subqueries)
    written: dict[Name, list[Assignment]] = {}
    for assignment in assignments:
        target, column = _base_column(builder, query, assignment.column)
        written.setdefault(target, []).append(
            Assignment(column, assignment.refs, assignment.line, assignment.expression)
        )
    return [
        Written(
            tokens, StatementKind.UPDATE, builder, target=target, assignments=tuple(found), scope=scope, subqueries=subqueries
        )
        for target, found in written.items()
        if target
    ]  # fmt: skip


def _base_column(builder: Builder, index: int, column: str) -> tuple[Name, str]:
    """The dataset and column behind a query's column that is a plain one."""
    relation = builder.relations[index]
    if isinstance(relation, TableRef):
        return relation.name, column
    if isinstance(relation, Alias):
        return _base_column(builder, relation.relation, column)
    if not isinstance(relation, Select):
        return (), column
    for output in relation.outputs:
        if output.star and relation.sources:
            return _base_column(builder, relation.sources[0], column)
        if output.name == column and len(output.refs) == 1 and output.refs[0].how == IDENTITY:
            ref = output.refs[0]
            source = ref.relation if ref.relation >= 0 else relation.sources[0] if relation.sources else -1
            return _base_column(builder, source, ref.name) if source >= 0 else ((), column)
    return (), column


def without_else(unit: Unit, tokens: list[Token]) -> list[Token]:
    """``UPDATE ... ELSE INSERT ...`` of Teradata: two statements."""
    at = next((i for i, t in enumerate(tokens) if t.token_type is T.ELSE and tokens[i + 1 : i + 2]), -1)
    if at < 0 or tokens[at + 1].text.upper() not in ("INSERT", "INS"):
        return tokens
    unit.run(tokens[at + 1 :], "INSERT")
    return tokens[:at]
