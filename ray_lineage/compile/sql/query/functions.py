"""Functions in FROM: what they read, and which columns they give."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.calls import function_name
from ray_lineage.compile.sql.query.expressions import collect
from ray_lineage.compile.sql.query.influences import add_influences
from ray_lineage.compile.sql.query.scope import (
    AGGREGATION,
    DERIVED,
    FILTER,
    IDENTITY,
    TRANSFORMATION,
    Collected,
    Scope,
    distinct,
    line_of,
    note,
)
from ray_lineage.compile.sql.query.select_list import stacked
from ray_lineage.compile.sql.query.words import (
    CHANGES,
    DESCRIPTION,
    SUMMARY,
    SUMMARY_NAMES,
    WINDOWING,
)
from ray_lineage.model import STAR, Alias, Influence, Name, Output, Ref, Select, TableRef


def function(b: Builder, call: Expression, columns: tuple[str, ...], scope: Scope, qualifier: Name = ()) -> int:
    """Relation of a function that stands for rows; ``qualifier`` is what stands before its name."""
    if not isinstance(call, exp.Expr) or (isinstance(call, exp.Dot) and not isinstance(call.expression, exp.Expr)):
        raise ParseError("a part of it is missing")
    collected = Collected()
    name: Name = ()
    if isinstance(call, exp.Anonymous | exp.Dot):
        name = (*qualifier, *function_name(b, call))
    if isinstance(call, exp.ReadCSV | exp.ReadParquet) or (name and name[-1].lower() in b.engine.table_functions):
        index = b.table_function(b, name, call, columns)
        if index >= 0:
            return index
    if len(name) > 1:
        name = b.qualified(name)
    elif b.engine.schema_calls and not _is_of_the_system(call):  # the engine's own
        name = ()
    if isinstance(call, exp.Stack):
        subqueries: list[int] = []
        width = (
            -(-len(call.expressions) // int(call.this.name))
            if call.this.name.isdigit() and call.this.name != "0"
            else 1
        )
        names = columns or tuple(f"col{k}" for k in range(width))
        outputs = tuple(stacked(b, call, names, scope, subqueries))
        return b.add(Select((), outputs, (), scope.index, subqueries=tuple(subqueries)))
    special = _known_function(b, call, collected, scope)
    if special >= 0:
        return b.add(Alias(special, columns)) if columns else special
    schema = list(call.find_all(exp.OpenJSONColumnDef, exp.ColumnDef, exp.JSONColumnDef))
    if not columns and not name and not schema:
        columns = b.engine.own_rowsets.get(str(call.name if isinstance(call, exp.Anonymous) else call.key).lower(), ())
    if b.engine.view_parameters and name:  # v(parameter = value)
        for argument in call.find_all(exp.EQ):
            collect(b, argument.expression, scope, TRANSFORMATION, collected)
    elif b.engine.constant_arguments and isinstance(call, exp.Anonymous):
        for argument in call.expressions:
            value = argument.expression if isinstance(argument, exp.EQ) else argument  # NAME = value
            if value.name.upper() not in b.engine.constant_arguments or value.args.get("table"):
                collect(b, value, scope, TRANSFORMATION, collected)
    else:
        collect(b, call, scope, TRANSFORMATION, collected)
    if not columns and schema:
        columns = tuple(b.identifier(c.this) for c in schema if c.this is not None)
        name = ()
    if len(name) > 1 and b.engine.schema_calls:
        b.called(name, collected.line)
    if columns and not name:
        refs = tuple(collected.refs.values())
        numbers = {b.identifier(c.this) for c in schema if c.args.get("ordinality")}
        return b.add(Select((), tuple(Output(c, () if c in numbers else refs) for c in columns), (), scope.index,
                                subqueries=tuple(collected.subqueries)))  # fmt: skip
    is_dataset = b.engine.schema_calls and bool(name) and _is_of_the_system(call)
    return b.add(TableRef(name, collected.line, columns, not is_dataset, tuple(collected.refs.values())))


def _is_of_the_system(call: Expression) -> bool:
    """``::fn_traces()`` of T-SQL, which was written as a name in quotes: a set of the server's own rows."""
    return isinstance(call, exp.Anonymous) and isinstance(call.this, exp.Identifier)


def _known_function(b: Builder, call: Expression, collected: Collected, scope: Scope) -> int:
    """Relation of a function whose tables the parser knows; else -1, and what it makes of them is ``collected``."""
    if isinstance(call, exp.VectorSearch):
        return _vector_search(b, call, scope)
    if isinstance(call, exp.SemanticView):
        return _semantic_view(b, call, scope)
    if isinstance(call, exp.Summarize | exp.Describe):
        return _summary(b, call, scope)
    if not isinstance(call, exp.Anonymous | exp.Dot | exp.GapFill):
        tables = [(k, t) for k, t in call.args.items() if isinstance(t, exp.Table)]
        given = call.args.get("expression")
        if "params_struct" in call.arg_types and isinstance(given, (exp.Table, *DERIVED)):
            return _predicted(b, call, given, scope)
        if isinstance(call, exp.FeaturesAtTime) and tables:
            return _columns_of(b, [b.table(tables[0][1], "", (), scope)])
        for key, table in tables:
            index = b.add(TableRef(b.dataset(table), line_of(table)))
            if key == "this" and not isinstance(call, exp.AIForecast):  # a model
                b.sequences.append(index)
            else:
                note(collected, Ref(index, scope.index, STAR, TRANSFORMATION))
    return _table_arguments(b, call, scope)


def _predicted(b: Builder, call: Expression, given: Expression, scope: Scope) -> int:
    """``ML.PREDICT(MODEL m, (SELECT ...))`` of BigQuery: the columns of the query, and others that are made of all of them."""
    if isinstance(call.this, exp.Table):
        b.sequences.append(b.add(TableRef(b.dataset(call.this), line_of(call.this))))
    rows = b.table(given, "", (), scope) if isinstance(given, exp.Table) else b.query(given, scope.parent, scope.ctes)
    made = b.add(TableRef((), line_of(call), (STAR,), True, (Ref(rows, -1, STAR, TRANSFORMATION),)))
    return _columns_of(b, [rows, made])


def _columns_of(b: Builder, sources: list[int], own: tuple[Output, ...] = ()) -> int:
    """All columns of some relations, and more."""
    index = b.reserve()
    star = Output(None, (Ref(-1, index, STAR, IDENTITY),), star=True)
    b.relations[index] = Select(tuple(sources), (star, *own))
    return index


def _vector_search(b: Builder, call: exp.VectorSearch, scope: Scope) -> int:
    """BigQuery: a row of the base table and one of the query's, each as a struct, and how far they are from each other."""
    found: dict[str, int] = {}
    for name, given in (("base", call.this), ("query", call.args.get("query_table"))):
        if isinstance(given, exp.Table):
            found[name] = b.add(TableRef(b.dataset(given), line_of(given)))
        elif isinstance(given, DERIVED):
            found[name] = b.query(given, scope.parent, scope.ctes)
    index = b.reserve()
    outputs = [Output(n, (Ref(i, index, STAR, TRANSFORMATION),)) for n, i in found.items()]
    compared = (("base", "column_to_search"), ("query", "query_column_to_search"))
    keys = [(n, call.args.get(key)) for n, key in compared]
    refs = tuple(
        Ref(found[n], index, b.fold(key.name, False), TRANSFORMATION)
        for n, key in keys
        if n in found and isinstance(key, exp.Literal)
    )
    b.relations[index] = Select(tuple(found.values()), (*outputs, Output("distance", refs)))
    for name, relation in found.items():
        scope.aliases.setdefault(name, relation)
    return index


def _semantic_view(b: Builder, call: exp.SemanticView, scope: Scope) -> int:
    """Snowflake: the metrics, dimensions and facts that are asked for, under their own names."""
    view = b.add(TableRef(b.dataset(call.this), line_of(call)))
    index = b.reserve()
    inner = Scope(index, scope.parent, scope.ctes)
    outputs: list[Output] = []
    inner.aliases = {b.identifier(c.args["table"]): view for c in call.find_all(exp.Column) if c.args.get("table")}
    for item in (i for key in ("dimensions", "metrics", "facts") for i in call.args.get(key) or ()):
        collected = Collected()
        collect(b, item, inner, IDENTITY, collected)
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            outputs.append(Output(STAR, (Ref(view, index, STAR, IDENTITY),)))
        else:
            outputs.append(Output(b.fold(item.alias_or_name, False) or None, tuple(collected.refs.values())))
    influences: list[Influence] = []
    add_influences(b, call.args.get("where"), inner, FILTER, influences, [])
    b.relations[index] = Select((view,), tuple(outputs), distinct(influences))
    return index


def _summary(b: Builder, call: exp.Summarize | exp.Describe, scope: Scope) -> int:
    """DuckDB's SUMMARIZE and DESCRIBE as a table: figures about all columns, or just what these are."""
    given = call.this
    index = b.reserve()
    if isinstance(given, exp.Table):
        source = b.table(given, "", (), Scope(index, scope.parent, scope.ctes))
    else:
        source = b.query(given, scope.parent, scope.ctes)
    everything = (Ref(source, index, STAR, AGGREGATION),)
    counted = SUMMARY if isinstance(call, exp.Summarize) else ()
    named = SUMMARY_NAMES if counted else DESCRIPTION
    outputs = (*(Output(n, ()) for n in named), *(Output(n, everything) for n in counted))
    b.relations[index] = Select((source,), outputs)
    return index


def _table_arguments(b: Builder, call: Expression, scope: Scope) -> int:
    """``f(input => TABLE(t))`` and ``TUMBLE(t, ...)`` give the columns of t (and some of their own); else -1."""
    found: list[exp.Column] = []
    if isinstance(call, exp.Anonymous) and call.name.lower() in WINDOWING and call.expressions:
        found = [c for c in call.expressions[:1] if isinstance(c, exp.Column)]
    given = call.args.get("this") if isinstance(call, exp.GapFill) else None
    queries: list[int] = []
    for inner in call.find_all(exp.Anonymous) if b.engine.table_arguments else ():
        if inner.name.upper() == "TABLE" and len(inner.expressions) == 1:
            found.extend(c for c in inner.expressions if isinstance(c, exp.Column))
            queries.extend(b.query(q, scope.parent, scope.ctes) for q in inner.expressions if isinstance(q, DERIVED))
    sources = [b.table(given, "", (), scope)] if isinstance(given, exp.Table) else []
    own = WINDOWING.get(call.name.lower(), ())
    if isinstance(call, exp.Anonymous) and call.name.lower() in CHANGES:  # ('table', from, to)
        named = [e for e in call.expressions[:1] if isinstance(e, exp.Literal) and e.is_string]
        sources = [b.table(exp.Table(this=exp.DynamicIdentifier(this=e)), "", (), scope) for e in named]
    for column in found:
        args = column.args
        sources.append(
            b.table(exp.Table(this=column.this, db=args.get("table"), catalog=args.get("db")), "", (), scope)
        )
    sources.extend(queries)
    if not sources:
        return -1
    if queries and not own:  # a function of the user's gives what it likes
        sources.append(
            b.add(TableRef((), line_of(call), (STAR,), True, tuple(Ref(q, -1, STAR, TRANSFORMATION) for q in queries)))
        )
    return _columns_of(b, sources, tuple(Output(n, ()) for n in own))
