"""SET clauses of UPDATE, MERGE and INSERT, and which table's columns they write."""

from __future__ import annotations

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.expressions import collect
from ray_lineage.compile.sql.query.scope import IDENTITY, TRANSFORMATION, Collected, Scope
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import STAR, Alias, Assignment, Local, Name, Ref, Select, TableRef


def set_clauses(
    unit: Unit,
    clauses: list[Expression],
    builder: Builder,
    scope: Scope,
    target: int,
    assignments: list[Assignment],
    subqueries: list[int],
) -> None:
    """The assignments of SET. A bare name that is assigned to is a column of the ``target`` relation wherever it stands."""
    first = len(assignments)
    assign_clause(unit, clauses, builder, scope, assignments, subqueries)
    own = {a.column for a in assignments[first:]}
    for i in range(first, len(assignments)):
        refs = tuple(
            msgspec.structs.replace(r, relation=target)
            if r.relation < 0 and r.scope == scope.index and r.name in own and target >= 0
            else r
            for r in assignments[i].refs
        )
        assignments[i] = msgspec.structs.replace(assignments[i], refs=refs)


def assign_clause(
    unit: Unit,
    clauses: list[Expression],
    builder: Builder,
    scope: Scope,
    assignments: list[Assignment],
    subqueries: list[int],
) -> None:
    for clause in clauses:
        if not isinstance(clause, exp.EQ | exp.PropertyEQ):
            continue
        left, right = clause.this, clause.expression
        if isinstance(left, exp.Parameter):  # SET @v = expression, SET @v = column = expression
            if isinstance(right, exp.EQ) and isinstance(right.this, exp.Column):
                left, right = right.this, right.expression
            found = Collected()
            collect(builder, right, scope, IDENTITY, found)
            builder.assigned.append((Local.VARIABLE.marked(clause.this.name), found))
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
            pairs = list(zip(left.expressions, right.expressions, strict=False))
        elif isinstance(left, exp.Tuple):
            if isinstance(right, exp.Subquery | exp.Select):
                _assign_row(unit, left, right, builder, scope, assignments, subqueries)
                continue
            pairs = [(column, right) for column in left.expressions]
        else:
            pairs = [(left, right)]
        for column, value in pairs:
            if not isinstance(column, exp.Column | exp.Identifier | exp.Dot):
                continue
            if unit.engine.sets_rows and _is_row(column):
                assignments.append(_row_assignment(builder, column, value, scope))
                continue
            identifier, how = _assigned_column(unit, column, builder, scope)
            found = Collected()
            collect(builder, value, scope, how, found)
            subqueries.extend(found.subqueries)
            line = identifier_line(identifier) or found.line
            text = "" if isinstance(value, exp.Column) or not found.refs else builder.text_of(value, found.at)
            assignments.append(Assignment(builder.identifier(identifier), tuple(found.refs.values()), line, text))


def _assigned_column(unit: Unit, column: Expression, builder: Builder, scope: Scope) -> tuple[Expression, int]:
    """The assigned column's name; of ``SET column.field = ...`` the column is transformed."""
    if not isinstance(column, exp.Column):
        return column, IDENTITY
    first = column.args.get("table")
    if first is not None and unit.engine.structs and scope.find(builder.identifier(first)) < 0:
        return first, TRANSFORMATION
    return column.this, IDENTITY


def _is_row(column: Expression) -> bool:
    """``ROW`` is no name of a column where it is all of them."""
    return isinstance(column, exp.Column) and column.name.upper() == "ROW" and not quoted(column)


def _row_assignment(builder: Builder, column: Expression, value: Expression, scope: Scope) -> Assignment:
    """``SET ROW = r`` and ``SET ROW = rows(i)`` of PL/SQL: all columns by position; of a record of another program nothing is
    known."""
    name = ""
    if isinstance(value, exp.Column) and value.args.get("table") is None:
        name = builder.identifier(value.this)
    elif isinstance(value, exp.Anonymous):
        name = builder.fold(value.name, False)
    line = identifier_line(column.this)
    rows = [builder.row(builder.rows[name])] if name in builder.rows else []
    return Assignment(STAR, tuple(Ref(r, scope.index, STAR, IDENTITY, line) for r in rows), line, position=0)


def _assign_row(
    unit: Unit,
    left: exp.Tuple,
    right: Expression,
    builder: Builder,
    scope: Scope,
    assignments: list[Assignment],
    subqueries: list[int],
) -> None:
    """``SET (a, b) = (SELECT x, y ...)``: by position."""
    query = builder.query(right, scope, scope.ctes)
    subqueries.append(query)
    positions = tuple(f"c{n}" for n in range(len(left.expressions)))
    row = builder.add(Alias(query, positions))
    for column, position in zip(left.expressions, positions, strict=True):
        identifier = column.this if isinstance(column, exp.Column) else column
        line = identifier_line(identifier)
        ref = Ref(row, scope.index, position, IDENTITY, line)
        assignments.append(Assignment(builder.identifier(identifier), (ref,), line))


def target_relation(unit: Unit, table: Expression, scope: Scope, builder: Builder) -> int:
    """``UPDATE a ... FROM t AS a``: the written table is what the alias stands for."""
    if not isinstance(table, exp.Table):
        return -1
    name = unit.fold(table.name, bool(quoted(table.this)))
    if table.args.get("db") is None and not table.args.get("alias"):
        found = scope.aliases.get(name, -1)
        if found >= 0:
            return found
    if table.args.get("alias"):
        return -1
    full = unit.names.dataset(table)
    return next((i for n, i in scope.tables if n == full), -1)


def base_table(builder: Builder, index: int) -> Name:
    """The dataset that writing to a relation writes to: CTEs and derived tables over one table are looked through."""
    for _ in range(len(builder.relations) + 1):
        if not 0 <= index < len(builder.relations):
            return ()
        relation = builder.relations[index]
        if isinstance(relation, TableRef):
            return relation.name
        if isinstance(relation, Alias):
            index = relation.relation
        elif isinstance(relation, Select) and relation.sources:
            index = relation.sources[0]
        else:
            return ()
    return ()


def written_column(builder: Builder, index: int, name: str) -> tuple[int, str]:
    """The base table (its relation, -1 if not found) and column that writing to a column of a relation writes to."""
    for _ in range(len(builder.relations) + 1):
        relation = builder.relations[index] if 0 <= index < len(builder.relations) else None
        if isinstance(relation, Alias) and name in relation.columns:
            position = relation.columns.index(name)
            inner = builder.relations[relation.relation]
            if not isinstance(inner, Select) or position >= len(inner.outputs):
                return -1, name
            index, name = relation.relation, inner.outputs[position].name or name
        elif isinstance(relation, Alias):
            index = relation.relation
        elif isinstance(relation, Select):
            output = next((o for o in relation.outputs if o.name == name), None)
            if output is None:  # through a star
                index = relation.sources[0] if len(relation.sources) == 1 else -1
            elif len(output.refs) == 1 and output.refs[0].how == IDENTITY:
                ref = output.refs[0]
                index = ref.relation if ref.relation >= 0 else relation.sources[0] if len(relation.sources) == 1 else -1
                name = ref.name
            else:
                return -1, name
        else:
            return (index if isinstance(relation, TableRef) else -1), name
    return -1, name


def through(builder: Builder, at: int, assignments: list[Assignment]) -> tuple[Name, list[Assignment]]:
    """The dataset and columns that are written where the written relation is a CTE or a derived table."""
    if not 0 <= at < len(builder.relations) or isinstance(builder.relations[at], TableRef):
        return base_table(builder, at), assignments
    table = -1
    out: list[Assignment] = []
    for assignment in assignments:
        found, name = written_column(builder, at, assignment.column)
        table = found if table < 0 else table
        out.append(msgspec.structs.replace(assignment, column=name))
    return base_table(builder, table if table >= 0 else at), out


def identifier_line(node: Expression) -> int:
    meta = node._meta if isinstance(node, exp.Identifier) else None
    return int(meta["line"]) if meta else 0


def quoted(node: Expression) -> bool:
    if isinstance(node, exp.Column):
        node = node.this
    return bool(node.args.get("quoted")) if isinstance(node, exp.Identifier) else False
