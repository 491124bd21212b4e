"""INSERT, UPDATE, DELETE, MERGE and SELECT INTO: the tree of one statement -> what it writes, and out of what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.options import ModelName
from ray_lineage.compile.sql import procedural, tablefuncs
from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.lex.kinds import DELIMITED, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.scope import FILTER, IDENTITY, JOIN, TRANSFORMATION, Collected, Scope
from ray_lineage.compile.sql.relations import Builder
from ray_lineage.compile.sql.rewrite import OutputClause
from ray_lineage.compile.sql.words import STRUCTS
from ray_lineage.model import STAR, Alias, Assignment, Declaration, Influence, Name, Ref, Select, TableRef, unnamed

if TYPE_CHECKING:
    from ray_lineage.compile.sql.statements import FileCompiler


_FROM_TWICE: Final = frozenset({"tsql", "fabric"})


def select(c: FileCompiler, tree: Expression, tokens: list[Token], owner: str) -> None:
    into = _take_into(tree)
    builder = c._builder()
    root = builder.query(tree)
    if builder.assigned:
        procedural.selected(c, tokens, builder, owner, root, sure=_gives_a_row(tree))
        if c.is_tsql:
            return
    if into is None:
        c._result(tokens, builder, root, owner)
        return
    if any(
        t.text.upper() in ("TEMP", "TEMPORARY") and tokens[i - 1].token_type is T.INTO for i, t in enumerate(tokens)
    ):
        c.temporary.add(c.dataset(into)[-1])
    name = c.dataset(into)
    temporary = name[0][:1] in ("#", "@")
    kind = "TempTable" if temporary else "Table"
    if c.dialect == "postgres" and c.owners and len(name) == 1 and owner:
        c._add(tokens, "select", builder, owner, root=root)  # plpgsql: SELECT INTO a variable
        return
    c.declarations.append(Declaration(name, kind, start_line(tokens[0]), (), len(c.statements), temporary))
    c._add(tokens, "select_into", builder, owner, root=root, target=name, defines=True)


def dbt_model(c: FileCompiler, model: ModelName, tokens: list[Token], builder: Builder, root: int) -> None:
    """The query of a dbt model makes a table or view of the file's name."""
    name = c._qualified(tuple(c.fold(p, False) for p in model.parts))
    kind = {"view": "View", "materialized_view": "MaterializedView", "ephemeral": "View"}.get(
        model.materialized, "Table"
    )
    if not any(d.name == name for d in c.declarations):
        c.declarations.append(Declaration(name, kind, start_line(tokens[0]), (), len(c.statements)))
    c._add(tokens, "dbt_model", builder, "", root=root, target=name, defines=True)


def insert(c: FileCompiler, tree: exp.Insert, tokens: list[Token], owner: str) -> None:
    builder = c._builder()
    target, columns = insert_target(c, tree.this)
    if not target:
        raise ParseError("it names no table")
    known = builder.ctes(tree, None, {})
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
        scope = _conflict_scope(c, builder, target, root, columns, table, source)
        set_clauses(c, conflict.expressions, builder, scope, scope.tables[0][1], assignments, subqueries)
        builder.influence(conflict.args.get("where"), scope, FILTER, influences, subqueries)
    preset, dynamic = _partition(c, tree)
    star = next((e for e in tree.this.expressions if isinstance(e, exp.Star)), None)
    if star is not None and isinstance(tree.this, exp.Schema):  # INTO t (* EXCEPT (a))
        columns = ()
        preset += tuple(c.fold(e.name, bool(_quoted(e))) for e in star.args.get("except_") or ())
    if columns and dynamic:
        columns = (*columns, *dynamic)
    elif dynamic and root >= 0:
        root = _last_into(builder, root, dynamic)
    if builder.assigned and root >= 0 and not c.is_tsql:  # MySQL's SELECT @v := a
        procedural.selected(c, tokens, builder, owner, root, sure=False)
    if tree.args.get("by_name") and root >= 0:
        assignments.append(Assignment(STAR, (Ref(root, -1, STAR, IDENTITY),)))
        subqueries.append(root)
        root = -1
    c._add(
        tokens, "insert_overwrite" if tree.args.get("overwrite") else "insert", builder, owner, root=root, target=target,
        columns=columns, assignments=tuple(assignments), influences=influences, subqueries=subqueries, preset=preset,
    )  # fmt: skip


def _partition(c: FileCompiler, tree: exp.Insert) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """``PARTITION (a = 1, b)``: the columns that get constants, and those that the query's last columns go into."""
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    partition = tree.args.get("partition") or table.args.get("partition")
    items = partition.expressions if isinstance(partition, exp.Partition) else []
    preset = tuple(c.fold(i.this.name, False) for i in items if isinstance(i, exp.EQ))
    return preset, tuple(c.fold(i.name, bool(_quoted(i))) for i in items if isinstance(i, exp.Column))


def insert_target(c: FileCompiler, node: Expression) -> tuple[Name, tuple[str, ...]]:
    if isinstance(node, exp.Schema):
        columns = tuple(c.fold(e.name, bool(_quoted(e))) for e in node.expressions)
        if c.nested:  # what follows an unknown name has no position
            columns = columns[: next((k for k, column in enumerate(columns) if UNKNOWN in column), len(columns))]
        return c.dataset(node.this), columns
    if isinstance(node, exp.Table):
        return c.dataset(node), ()
    if isinstance(node, exp.Anonymous):  # INSERT INTO FUNCTION s3(...), or another table function
        return tablefuncs.target(c, c._builder(), node) or ("#" + UNKNOWN,), ()
    if isinstance(node, exp.Directory):
        return procedural.external(c, node.this.name, 0), ()
    return (), ()


def _conflict_scope(
    c: FileCompiler,
    builder: Builder,
    target: Name,
    root: int,
    columns: tuple[str, ...],
    node: Expression,
    source: Expression | None,
) -> Scope:
    """ON CONFLICT DO UPDATE and ON DUPLICATE KEY UPDATE: ``excluded`` (and MySQL's row alias) is the row that was to be
    inserted; MySQL also sees the tables of the query."""
    table = builder._add(TableRef(target, 0))
    outer = builder.scopes.get(root) if c.dialect in DELIMITED else None
    index = builder._add(Select((table,), (), parent=outer.index if outer else -1))
    scope = Scope(index, outer, {})
    scope.aliases[target[-1] if target else ""] = table
    scope.tables.append((target, table))
    alias = node.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.this is not None:
        scope.aliases[builder._identifier(alias.this)] = table
    if root >= 0:
        excluded = builder._add(Alias(root, columns))
        scope.aliases["excluded"] = excluded
        row = source.args.get("alias") if isinstance(source, exp.Values) else None
        if isinstance(row, exp.TableAlias) and row.this is not None:
            names = builder._alias_columns(row)
            scope.aliases[builder._identifier(row.this)] = builder._add(Alias(root, names)) if names else excluded
    return scope


def set_clauses(
    c: FileCompiler,
    clauses: list[Expression],
    builder: Builder,
    scope: Scope,
    target: int,
    assignments: list[Assignment],
    subqueries: list[int],
) -> None:
    """The assignments of SET. A bare name that is assigned to is a column of the ``target`` relation wherever it stands."""
    first = len(assignments)
    _assign(c, clauses, builder, scope, assignments, subqueries)
    own = {a.column for a in assignments[first:]}
    for i in range(first, len(assignments)):
        refs = tuple(
            msgspec.structs.replace(r, relation=target)
            if r.relation < 0 and r.scope == scope.index and r.name in own and target >= 0
            else r
            for r in assignments[i].refs
        )
        assignments[i] = msgspec.structs.replace(assignments[i], refs=refs)


def _assign(
    c: FileCompiler,
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
            builder.collect(right, scope, IDENTITY, found)
            builder.assigned.append(("@" + clause.this.name, found))
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
            pairs = list(zip(left.expressions, right.expressions, strict=False))
        elif isinstance(left, exp.Tuple):
            if isinstance(right, exp.Subquery | exp.Select):
                _assign_row(c, left, right, builder, scope, assignments, subqueries)
                continue
            pairs = [(column, right) for column in left.expressions]
        else:
            pairs = [(left, right)]
        for column, value in pairs:
            if not isinstance(column, exp.Column | exp.Identifier | exp.Dot):
                continue
            identifier, how = _assigned_column(c, column, builder, scope)
            found = Collected()
            builder.collect(value, scope, how, found)
            subqueries.extend(found.subqueries)
            line = _identifier_line(identifier) or found.line
            text = "" if isinstance(value, exp.Column) or not found.refs else builder.text_of(value, found.at)
            assignments.append(Assignment(builder._identifier(identifier), tuple(found.refs.values()), line, text))


def _assigned_column(c: FileCompiler, column: Expression, builder: Builder, scope: Scope) -> tuple[Expression, int]:
    """The assigned column's name; of ``SET column.field = ...`` the column is transformed."""
    if not isinstance(column, exp.Column):
        return column, IDENTITY
    first = column.args.get("table")
    if first is not None and c.dialect in STRUCTS and scope.find(builder._identifier(first)) < 0:
        return first, TRANSFORMATION
    return column.this, IDENTITY


def _assign_row(
    c: FileCompiler,
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
    row = builder._add(Alias(query, positions))
    for column, position in zip(left.expressions, positions, strict=True):
        identifier = column.this if isinstance(column, exp.Column) else column
        line = _identifier_line(identifier)
        ref = Ref(row, scope.index, position, IDENTITY, line)
        assignments.append(Assignment(builder._identifier(identifier), (ref,), line))


def update(c: FileCompiler, tree: exp.Update, tokens: list[Token], owner: str) -> tuple[Builder, Scope]:
    builder = c._builder()
    known = builder.ctes(tree, None, {})
    index = builder._reserve()
    scope = Scope(index, None, known)
    sources: list[int] = []
    influences: list[Influence] = []
    subqueries: list[int] = []
    from_ = tree.args.get("from_")
    table = tree.this
    if from_ is not None:
        builder._source(from_.this, scope, sources, [], influences, subqueries)
        for join in from_.args.get("joins") or ():
            builder._join(join, scope, sources, [], influences, subqueries)
    at = _target_relation(c, table, scope, builder) if from_ is not None else -1
    if at < 0:
        at = len(builder.relations)
        builder._source(table, scope, sources, [], influences, subqueries)
        at = sources[-1] if len(sources) == 1 else at
    for join in tree.args.get("joins") or ():
        builder._join(join, scope, sources, [], influences, subqueries)
    builder.relations[index] = Select(tuple(sources), ())
    builder.influence(tree.args.get("where"), scope, FILTER, influences, subqueries)
    for written, clauses in _written_tables(c, tree, builder, scope, at):
        assignments: list[Assignment] = []
        set_clauses(c, clauses, builder, scope, written, assignments, subqueries)
        target, assignments = _through(builder, written, assignments)
        c._add(tokens, "update", builder, owner, target=target, assignments=tuple(assignments), scope=index,
                  influences=influences, subqueries=subqueries)  # fmt: skip
    if builder.assigned:
        procedural.selected(c, tokens, builder, owner, index, sure=False)
    return builder, scope


def _written_tables(
    c: FileCompiler, tree: exp.Update, builder: Builder, scope: Scope, at: int
) -> list[tuple[int, list[Expression]]]:
    """Which relation each assignment writes: MySQL updates several tables at once."""
    if c.dialect not in DELIMITED:
        return [(at, tree.expressions)]
    written: dict[int, list[Expression]] = {}
    for clause in tree.expressions:
        column = clause.this
        table = column.args.get("table") if isinstance(column, exp.Column) else None
        found = scope.find(builder._identifier(table)) if table is not None else at
        written.setdefault(found if found >= 0 else at, []).append(clause)
    return list(written.items()) or [(at, [])]


def _target_relation(c: FileCompiler, table: Expression, scope: Scope, builder: Builder) -> int:
    """``UPDATE a ... FROM t AS a``: the written table is what the alias stands for."""
    if not isinstance(table, exp.Table):
        return -1
    name = c.fold(table.name, bool(_quoted(table.this)))
    if table.args.get("db") is None and not table.args.get("alias"):
        found = scope.aliases.get(name, -1)
        if found >= 0:
            return found
    if table.args.get("alias"):
        return -1
    full = c.dataset(table)
    return next((i for n, i in scope.tables if n == full), -1)


def delete(c: FileCompiler, tree: exp.Delete, tokens: list[Token], owner: str) -> tuple[Builder, Scope]:
    builder = c._builder()
    known = builder.ctes(tree, None, {})
    index = builder._reserve()
    scope = Scope(index, None, known)
    sources: list[int] = []
    influences: list[Influence] = []
    subqueries: list[int] = []
    named = tree.args.get("tables") or []
    using = tree.args.get("using")
    more_sources: list[Expression] = using if isinstance(using, list) else [using] if using else []
    if isinstance(tree.this, exp.Expr):
        builder._source(tree.this, scope, sources, [], influences, subqueries)
    elif named:  # DELETE t, without FROM
        builder._source(named[0], scope, sources, [], influences, subqueries)
    for item in more_sources:
        builder._source(item.this if isinstance(item, exp.From) else item, scope, sources, [], influences, subqueries)
    for join in tree.args.get("joins") or ():
        builder._join(join, scope, sources, [], influences, subqueries)
    if isinstance(tree.this, exp.Expr) and c.dialect in _FROM_TWICE:
        for item in named:
            if _target_relation(c, item, scope, builder) < 0:  # DELETE t FROM u: t is none of what FROM names
                builder._source(item, scope, sources, [], influences, subqueries)
    builder.relations[index] = Select(tuple(sources), ())
    builder.influence(tree.args.get("where"), scope, FILTER, influences, subqueries)
    first = sources[0] if sources else -1
    everything = (
        tree.args.get("where") is None and len(sources) == 1 and not any(t.token_type is T.TOP for t in tokens[:3])
    )
    for item in named or (None,):
        found = _target_relation(c, item, scope, builder) if item is not None else -1
        target = base_table(builder, found if found >= 0 else first)
        c._add(tokens, "delete", builder, owner, target=target, scope=index, influences=influences,
                  subqueries=subqueries, defines=everything)  # fmt: skip
    return builder, scope


def merge(c: FileCompiler, tree: exp.Merge, tokens: list[Token], owner: str) -> tuple[Builder, Scope]:
    builder = c._builder()
    known = builder.ctes(tree, None, {})
    index = builder._reserve()
    scope = Scope(index, None, known)
    sources: list[int] = []
    influences: list[Influence] = []
    subqueries: list[int] = []
    builder._source(tree.this, scope, sources, [], influences, subqueries)
    target_at = sources[0]
    if not isinstance(tree.args.get("using"), exp.Expr):
        raise ParseError("it names no source")
    builder._source(tree.args["using"], scope, sources, [], influences, subqueries)
    builder.relations[index] = Select(tuple(sources), ())
    builder.influence(tree.args.get("on"), scope, JOIN, influences, subqueries)
    for name in tree.args.get("using_cond") or ():  # USING (a)
        column = builder._identifier(name)
        influences.extend(Influence(Ref(s, index, column, IDENTITY), JOIN) for s in sources[:2])
    assignments: list[Assignment] = []
    whens = tree.args.get("whens")
    words = [t.text.upper() for t in tokens] if c.dialect == "duckdb" else []
    by_position = {w for w in ("UPDATE", "INSERT") if words and not _followed(words, (w, "BY", "NAME"))}
    for when in whens.expressions if whens is not None else ():
        _merge_branch(c, when, builder, scope, sources, assignments, influences, subqueries, by_position)
    target, assignments = _through(builder, target_at, assignments)
    c._add(tokens, "merge", builder, owner, target=target, assignments=tuple(assignments), scope=index,
              influences=influences, subqueries=subqueries)  # fmt: skip
    return builder, scope


def _merge_branch(c: FileCompiler, when: Expression, builder: Builder, scope: Scope, sources: list[int], assignments: list[Assignment],
    influences: list[Influence], subqueries: list[int], by_position: set[str],
) -> None:  # fmt: skip
    """``by_position``: the verbs that take all of the source's columns by position, as DuckDB's do without BY NAME."""
    builder.influence(when.args.get("condition"), scope, FILTER, influences, subqueries)
    then = when.args.get("then")
    builder.influence(
        then.args.get("where") if isinstance(then, exp.Expr) else None, scope, FILTER, influences, subqueries
    )
    if isinstance(then, exp.Update):
        clauses = then.args.get("expressions")
        if not isinstance(clauses, list):  # UPDATE *, and DuckDB's UPDATE alone
            clauses = [exp.Star()]
        if any(isinstance(e, exp.Star) for e in clauses):
            every = "\0*" if "UPDATE" in by_position else STAR
            assignments.append(Assignment(every, (Ref(sources[1], -1, STAR, IDENTITY),)))
        set_clauses(c, clauses, builder, scope, sources[0], assignments, subqueries)
    elif isinstance(then, exp.Insert):
        if isinstance(then.this, exp.Star) or not (then.this or then.args.get("expression")):
            every = "\0*" if "INSERT" in by_position else STAR
            assignments.append(Assignment(every, (Ref(sources[1], -1, STAR, IDENTITY),)))
        elif isinstance(then.this, exp.Var) and then.this.name.upper() == "ROW":
            assignments.append(Assignment("\0*", (Ref(sources[1], -1, STAR, IDENTITY),)))
        else:
            _merge_insert(c, then, builder, scope, sources, assignments, subqueries)


def _merge_insert(c: FileCompiler, then: exp.Insert, builder: Builder, scope: Scope, sources: list[int], assignments: list[Assignment], subqueries: list[int]
) -> None:  # fmt: skip
    values = then.args.get("expression")
    names = then.this
    items = values.expressions if isinstance(values, exp.Tuple) else [values] if isinstance(values, exp.Expr) else []
    columns = names.expressions if isinstance(names, exp.Tuple | exp.Schema) else []
    for position, value in enumerate(items):
        found = Collected()
        builder.collect(value, scope, IDENTITY, found)
        subqueries.extend(found.subqueries)
        if position < len(columns):
            identifier = columns[position].this if isinstance(columns[position], exp.Column) else columns[position]
            name, line = builder._identifier(identifier), _identifier_line(identifier)
        else:
            name, line = f"\0{position}", found.line  # by position; link knows the target's columns
        assignments.append(Assignment(name, tuple(found.refs.values()), line or found.line))


def output(
    c: FileCompiler,
    clause: OutputClause,
    written: Name,
    scope: tuple[Builder, Scope] | None,
    tokens: list[Token],
    owner: str,
) -> None:
    """``OUTPUT inserted.a, s.b INTO log (x, y)``: a second dataset written by the same statement. Without INTO it is the
    result of the statement."""
    target, at = read_name(clause.into, 0)
    if not clause.items:
        return
    columns: list[str] = []
    if at < len(clause.into) and clause.into[at].token_type is T.L_PAREN:
        columns = [c._part(clause.into[a]) for a, _ in list_items(clause.into, at + 1, closing(clause.into, at))]
    first = clause.items[0]
    select = Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    tree = c._parse([select, *clause.items], "SELECT")
    builder, outer = scope if scope is not None else (c._builder(), None)
    table = builder._add(TableRef(written, start_line(tokens[0])))
    index = builder._reserve()
    inner = Scope(index, outer, {})
    inner.aliases.update({"inserted": table, "deleted": table})
    subqueries: list[int] = []
    outputs = builder._outputs(tree.expressions, inner, [table], subqueries)
    sources = (table,)
    builder.relations[index] = Select(sources, outputs, (), outer.index if outer else -1, subqueries=tuple(subqueries))
    if not target:
        c._result(tokens, builder, index, owner, kind="output")
        return
    name = c._full(target)
    c._add(tokens, "output_into", builder, owner, root=index, target=name, columns=tuple(columns),
              defines=name[0].startswith("#output:"))  # fmt: skip


def _followed(words: list[str], wanted: tuple[str, ...]) -> bool:
    """Do these words stand somewhere, one after another?"""
    return any(tuple(words[i : i + len(wanted)]) == wanted for i in range(len(words)))


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


def _through(builder: Builder, at: int, assignments: list[Assignment]) -> tuple[Name, list[Assignment]]:
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


def _identifier_line(node: Expression) -> int:
    meta = node._meta if isinstance(node, exp.Identifier) else None
    return int(meta["line"]) if meta else 0


def _last_into(builder: Builder, root: int, names: tuple[str, ...]) -> int:
    """The query with the names of the dynamic partitions, which take its last columns, where its columns are listed."""
    query = builder.relations[root]
    if not isinstance(query, Select) or any(o.star for o in query.outputs) or len(query.outputs) < len(names):
        return root
    first = query.outputs[: len(query.outputs) - len(names)]
    return builder._add(Alias(root, (*(o.name or unnamed(k) for k, o in enumerate(first)), *names)))


def _quoted(node: Expression) -> bool:
    if isinstance(node, exp.Column):
        node = node.this
    return bool(node.args.get("quoted")) if isinstance(node, exp.Identifier) else False


def _take_into(tree: Expression) -> exp.Table | None:
    """The INTO of a SELECT, or of the first branch of a set operation."""
    node = tree
    while isinstance(node, exp.SetOperation | exp.Subquery):
        node = node.this
    into = node.args.get("into") if isinstance(node, exp.Select) else None
    target = into.this if into is not None else None
    return target if isinstance(target, exp.Table) else None


def _gives_a_row(tree: Expression) -> bool:
    """Does a SELECT have a row in any case? Without FROM, and where it only aggregates."""
    if not isinstance(tree, exp.Select):
        return False
    args = tree.args
    if any(args.get(key) is not None for key in ("where", "having", "group")):
        return args.get("from_") is not None and not args.get("group") and not args.get("having") and _aggregates(tree)
    return args.get("from_") is None or _aggregates(tree)


def _aggregates(tree: exp.Select) -> bool:
    for item in tree.expressions:
        for node in item.walk(prune=lambda n: isinstance(n, exp.Query | exp.Window)):
            if isinstance(node, exp.AggFunc):
                return True
    return False
