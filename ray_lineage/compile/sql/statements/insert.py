"""INSERT in all its forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, outermost, read_name
from ray_lineage.compile.sql.names import NOBODY
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.influences import add_influences
from ray_lineage.compile.sql.query.queries import ctes_of
from ray_lineage.compile.sql.query.scope import FILTER, IDENTITY, Scope
from ray_lineage.compile.sql.query.select_list import outputs_of
from ray_lineage.compile.sql.query.sources import target
from ray_lineage.compile.sql.statements.assignments import base_table, quoted, set_clauses, written_column
from ray_lineage.compile.sql.statements.columns import column_list
from ray_lineage.compile.sql.statements.variables import selected
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import (
    STAR,
    Alias,
    Assignment,
    Influence,
    Name,
    Output,
    Ref,
    Select,
    StatementKind,
    TableRef,
    unnamed,
)


def lower_insert(unit: Unit, tree: exp.Insert, tokens: list[Token]) -> Iterator[Written]:
    builder = unit.builder()
    target, columns = insert_target(unit, tree.this)
    if not target:
        raise ParseError("it names no table")
    known = ctes_of(builder, tree, None, {})
    if len(target) == 1 and target[0] in known:  # into a CTE: into the table that it selects from
        written = known[target[0]]
        columns = tuple(written_column(builder, written, column)[1] for column in columns)
        target = base_table(builder, written)
    source = tree.args.get("expression") or tree.args.get("source")  # of TABLE t in Spark
    if isinstance(source, exp.Select) and columns:
        builder.unknown_is_list = len(source.expressions) != len(columns)
        if len(columns) == 1:  # SELECT AS VALUE STRUCT(...) is one value here
            source.args.pop("kind", None)
    root = (
        builder.query(source, None, known) if isinstance(source, exp.Query | exp.Table | exp.Paren | exp.Values) else -1
    )
    assignments: list[Assignment] = []
    influences: list[Influence] = []
    subqueries: list[int] = []
    conflict = tree.args.get("conflict")
    if conflict is not None:
        table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        excluded = Alias(root, columns, inserted=not tree.args.get("by_name"))
        scope = _conflict_scope(unit, builder, target, excluded, table, source)
        set_clauses(unit, conflict.expressions, builder, scope, scope.tables[0][1], assignments, subqueries)
        add_influences(builder, conflict.args.get("where"), scope, FILTER, influences, subqueries)
    preset, dynamic = _partition(unit, tree)
    star = next((e for e in tree.this.expressions if isinstance(e, exp.Star)), None)
    if star is not None and isinstance(tree.this, exp.Schema):  # INTO t (* EXCEPT (a))
        columns = ()
        preset += tuple(unit.fold(e.name, bool(quoted(e))) for e in star.args.get("except_") or ())
    if columns and dynamic:
        columns = (*columns, *dynamic)
    elif dynamic and root >= 0:
        root = _last_into(builder, root, dynamic)
    if builder.assigned and root >= 0:  # MySQL's SELECT @v := a
        yield from each(selected(unit, tokens, builder, root, sure=False))
    if tree.args.get("by_name") and root >= 0:
        assignments.append(Assignment(STAR, (Ref(root, -1, STAR, IDENTITY),)))
        subqueries.append(root)
        root = -1
    yield Written(
        tokens, StatementKind.INSERT_OVERWRITE if tree.args.get("overwrite") else StatementKind.INSERT, builder, root=root, target=target,
        columns=columns, assignments=tuple(assignments), influences=influences, subqueries=subqueries, preset=preset,
    )  # fmt: skip


def _partition(unit: Unit, tree: exp.Insert) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """``PARTITION (a = 1, b)``: the columns that get constants, and those that the query's last columns go into."""
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    partition = tree.args.get("partition") or table.args.get("partition")
    items = partition.expressions if isinstance(partition, exp.Partition) else []
    preset = tuple(unit.fold(i.this.name, False) for i in items if isinstance(i, exp.EQ))
    dynamic = items if unit.engine.partition_columns else []
    return preset, tuple(unit.fold(i.name, bool(quoted(i))) for i in dynamic if isinstance(i, exp.Column))


def insert_target(unit: Unit, node: Expression) -> tuple[Name, tuple[str, ...]]:
    if isinstance(node, exp.Schema):
        columns = tuple(unit.fold(e.name, bool(quoted(e))) for e in node.expressions)
        if unit.nested:  # what follows an unknown name has no position
            columns = columns[: next((k for k, column in enumerate(columns) if UNKNOWN in column), len(columns))]
        return unit.names.dataset(node.this), columns
    if isinstance(node, exp.Table):
        return unit.names.dataset(node), ()
    if isinstance(node, exp.Anonymous):  # INSERT INTO FUNCTION s3(...), or another table function
        return target(unit, unit.builder(), node) or NOBODY, ()
    if isinstance(node, exp.Directory):
        return unit.names.location(node.this.name, 0), ()
    return (), ()


def _conflict_scope(
    unit: Unit,
    builder: Builder,
    target: Name,
    inserted: Alias,
    node: Expression,
    source: Expression | None,
) -> Scope:
    """ON CONFLICT DO UPDATE and ON DUPLICATE KEY UPDATE: ``excluded`` (and MySQL's row alias) is the row that was to be
    ``inserted``; MySQL also sees the tables of the query."""
    root = inserted.relation
    table = builder.add(TableRef(target, 0))
    outer = builder.scopes.get(root) if unit.engine.conflict_sees_query else None
    index = builder.add(Select((table,), (), parent=outer.index if outer else -1))
    scope = Scope(index, outer, {})
    scope.aliases[target[-1] if target else ""] = table
    scope.tables.append((target, table))
    alias = node.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.this is not None:
        scope.aliases[builder.identifier(alias.this)] = table
    if root >= 0:
        excluded = builder.add(inserted)
        scope.aliases["excluded"] = excluded
        row = source.args.get("alias") if isinstance(source, exp.Values) else None
        if isinstance(row, exp.TableAlias) and row.this is not None:
            names = builder.alias_columns(row)
            scope.aliases[builder.identifier(row.this)] = builder.add(Alias(root, names)) if names else excluded
    return scope


def _last_into(builder: Builder, root: int, names: tuple[str, ...]) -> int:
    """The query with the names of the dynamic partitions, which take its last columns, where its columns are listed."""
    query = builder.relations[root]
    if not isinstance(query, Select) or any(o.star for o in query.outputs) or len(query.outputs) < len(names):
        return root
    first = query.outputs[: len(query.outputs) - len(names)]
    return builder.add(Alias(root, (*(o.name or unnamed(k) for k, o in enumerate(first)), *names)))


def lower_multitable(unit: Unit, tree: exp.MultitableInserts, tokens: list[Token]) -> Iterator[Written]:
    """``INSERT ALL|FIRST [WHEN c THEN] INTO a (x) VALUES (y) INTO b SELECT ...``: a statement for each target.

    The conditions in front of a branch shape its rows too: with FIRST and in ELSE it gets what those left over.
    """
    conditions: list[exp.Expr] = []
    first = str(tree.args.get("kind") or "").upper() == "FIRST"
    last: exp.Expr | None = None
    for branch in tree.expressions:
        condition = branch.args.get("expression")
        if condition is not None and condition is not last:
            last = condition
            conditions.append(condition)
        if branch.args.get("else_"):
            last = None
        builder = unit.builder()
        root = builder.query(tree.args["source"], None, ctes_of(builder, tree, None, {}))
        index = builder.reserve()
        scope = Scope(index, None, {})
        influences: list[Influence] = []
        subqueries: list[int] = []
        builder.relations[index] = Select((root,), ())
        shaping = conditions if first or branch.args.get("else_") else [last] if last is not None else []
        for node in shaping:
            add_influences(builder, node, scope, FILTER, influences, subqueries)
        insert = branch.this
        target, columns = insert_target(unit, insert.this)
        values = insert.args.get("expression")
        rows = values.expressions if isinstance(values, exp.Values) else []
        if not rows:
            yield Written(tokens, StatementKind.INSERT, builder, root=root, target=target, columns=columns, influences=influences,
                          subqueries=subqueries)  # fmt: skip
            continue
        outputs = outputs_of(builder, list(rows[0].expressions), scope, [root], subqueries)
        builder.relations[index] = Select((root,), outputs)
        yield Written(tokens, StatementKind.INSERT, builder, root=index, target=target, columns=columns, influences=influences,
                      subqueries=subqueries)  # fmt: skip


def multi_insert(unit: Unit, tokens: list[Token]) -> Said:
    """Hive's ``FROM t INSERT INTO a SELECT x WHERE ... INSERT INTO b SELECT y``. None if it is something else."""
    starts: list[int] = []
    begin = -1
    for i, token in outermost(tokens):
        kind = token.token_type
        if kind is T.FROM and begin < 0:
            begin = i
        elif kind is T.SELECT and begin < 0:
            return None
        elif kind is T.INSERT:
            if begin < 0:
                return None
            starts.append(i)
    if not starts:
        return None
    ctes, head = tokens[:begin], tokens[begin : starts[0]]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        part = tokens[start:end]
        cut = next((i for i, token in outermost(part) if token.token_type in _AFTER_FROM), len(part))
        unit.run([*ctes, *part[:cut], *head, *part[cut:]], "INSERT")
    return ()


_AFTER_FROM: Final = frozenset(
    {
        T.WHERE,
        T.GROUP_BY,
        T.ORDER_BY,
        T.HAVING,
        T.LIMIT,
        T.LATERAL,
        T.CLUSTER_BY,
        T.DISTRIBUTE_BY,
        T.SORT_BY,
        T.QUALIFY,
        T.WINDOW,
    }
)


def insert_format(unit: Unit, tokens: list[Token]) -> Written | None:
    """``INSERT INTO t [(a, b)] [SETTINGS ...] FORMAT CSV data`` of ClickHouse. None if it is something else."""
    i = 1
    while i < len(tokens) and tokens[i].text.upper() in ("INTO", "TABLE"):
        i += 1
    parts, i = read_name(tokens, i)
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        i = closing(tokens, i) + 1
    if i < len(tokens) and tokens[i].text.upper() == "SETTINGS":
        i = next((k for k in range(i, len(tokens)) if tokens[k].text.upper() in ("FORMAT", "SELECT", "VALUES")), i)
    if (
        not parts
        or i + 1 >= len(tokens)
        or tokens[i].text.upper() != "FORMAT"
        or "VALUES" in tokens[i + 1].text.upper()
    ):
        return None
    return Written(tokens, StatementKind.INSERT, target=unit.full(parts))


def insert_row(unit: Unit, tokens: list[Token]) -> Written | None:
    """``INSERT INTO t VALUES r`` and ``VALUES rows(i)`` of PL/SQL. None if it is something else."""
    at = next((i for i, t in enumerate(tokens) if t.token_type is T.VALUES), -1)
    if (
        at < 0
        or at + 1 >= len(tokens)
        or unit.part(tokens[at + 1]) not in unit.routine.rows
        or tokens[1].token_type is not T.INTO
    ):
        return None
    if at + 2 < len(tokens) and tokens[at + 2].token_type is T.DOT:
        return None
    parts, i = read_name(tokens, 2)
    columns = column_list(unit, tokens, i) if i < at else ()
    builder = unit.builder()
    table = builder.add(TableRef(unit.routine.rows[unit.part(tokens[at + 1])], tokens[0].line))
    output = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder.add(Select((table,), (output,)))
    return Written(tokens, StatementKind.INSERT, builder, root=root, target=unit.full(parts), columns=columns)


def plain_columns(tokens: list[Token]) -> list[Token]:
    """``INSERT INTO s.t (t.a, s.t.b)`` -> ``INSERT INTO s.t (a, b)``, also by an alias of t."""
    i = next((k for k in range(1, min(5, len(tokens))) if tokens[k].token_type is T.INTO), 0) + 1
    name, i = read_name(tokens, i)
    owners = {name[-1].text.lower()} if name else set()
    while i < len(tokens) and tokens[i].token_type in (T.ALIAS, T.VAR, T.IDENTIFIER):
        owners.add(tokens[i].text.lower())
        i += 1
    if not name or i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
        return tokens
    end = closing(tokens, i)
    columns = tokens[i + 1 : end]
    if T.DOT not in [t.token_type for t in columns]:
        return tokens
    kept: list[Token] = []
    for a, b in list_items(columns, 0, len(columns)):
        parts, stop = read_name(columns, a)
        owned = stop == b and len(parts) > 1 and parts[-2].text.lower() in owners
        kept.extend([*([columns[a - 1]] if a else []), *(parts[-1:] if owned else columns[a:b])])
    return [*tokens[: i + 1], *kept, *tokens[end:]]


def first_rows(tokens: list[Token]) -> list[Token]:
    """Of INSERT ... VALUES with thousands of rows, the first hundred: the others say the same."""
    if len(tokens) < 2000:
        return tokens
    at = next((i for i, t in enumerate(tokens) if t.token_type is T.VALUES), -1)
    if at < 0:
        return tokens
    rows, i = 0, at + 1
    while i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        end = closing(tokens, i)
        rows += 1
        if rows == _ROWS or end + 1 >= len(tokens) or tokens[end + 1].token_type is not T.COMMA:
            tail = tokens[end + 1 :]
            return tokens[: end + 1] if rows == _ROWS else [*tokens[: end + 1], *tail]
        i = end + 2
    return tokens


_ROWS: Final = 100  # of INSERT ... VALUES that are parsed
