"""Syntax trees of queries -> the relational program of a statement (``model.Relation``s), by one walk of our own.

Nothing is looked up outside the statement: a qualified column becomes a reference to the relation that its qualifier
names, an unqualified one a reference into its scope, a star stays a star. ``link`` settles what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expression

from ray_lineage.compile.sql import functions, pivots
from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.query.scope import (
    AGGREGATION,
    COMPOSED,
    CONDITIONAL,
    DERIVED,
    FILTER,
    GROUP_BY,
    IDENTITY,
    JOIN,
    MASKING,
    SORT,
    TRANSFORMATION,
    WINDOW,
    Collected,
    Scope,
    distinct,
    line_of,
)
from ray_lineage.compile.sql.query.words import (
    FIRST_WORDS,
    MASKING_FUNCTIONS,
    MASKING_NAMES,
    NO_VALUE,
    OF_ROWS,
    PROPERTIES,
    SEQUENCE_COLUMNS,
    SEQUENCE_FUNCTIONS,
)
from ray_lineage.model import (
    OR_COLUMN,
    STAR,
    SYSTEM_SCHEMAS,
    VALUE,
    Alias,
    Influence,
    Merged,
    Name,
    Output,
    Ref,
    Relation,
    Select,
    SetOp,
    TableRef,
)

_LEAVES: Final = frozenset(
    {
        exp.Literal, exp.Identifier, exp.DataType, exp.Var, exp.Null, exp.Boolean, exp.SessionParameter,
        exp.CurrentDate, exp.CurrentTimestamp, exp.Hint, exp.National, exp.HexString,
    }
)  # fmt: skip


_PASS: Final = frozenset({exp.Alias, exp.Paren, exp.Aliases, exp.Tuple, exp.Ordered, exp.Distinct})


_ORDERED_SETS: Final = (exp.PercentileCont, exp.PercentileDisc, exp.Mode, exp.Quantile, exp.ApproxQuantile)


_AROUND_ROWS: Final = (
    exp.Bracket, exp.ArrayAgg, exp.AnyValue, exp.IgnoreNulls, exp.Limit, exp.Order, exp.Distinct,
)  # fmt: skip


_VALUE_WINDOW_FUNCTIONS: Final = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)


_PIPED: Final = "__tmp"
"""The parser makes a CTE of each step of a pipe and gives it such a name."""


_ROWS_READ = 100  # of a VALUES list; later rows repeat the pattern


_Push = Callable[[tuple[Any, int]], None]


_SPECIAL, _DONE = -1, -2


_TREATMENTS: Final[dict[type, int]] = {}


_SPECIAL_KINDS: Final = frozenset(
    {
        exp.Case, exp.If, exp.Nvl2, exp.DecodeCase, exp.Window, exp.Exists, exp.Placeholder, exp.Parameter, exp.Anonymous,
        exp.Dot, exp.Star, exp.Filter, exp.WithinGroup, exp.Lambda, exp.Order, exp.NextValueFor, exp.Comprehension,
    }
)  # fmt: skip


def _treatment(kind: type) -> int:
    """What an expression of a class does to the columns in all its parts; _SPECIAL where that depends."""
    if kind in _SPECIAL_KINDS or issubclass(kind, exp.Query):
        return _SPECIAL
    if kind in _PASS:
        return IDENTITY
    if issubclass(kind, exp.AggFunc) and not issubclass(kind, _VALUE_WINDOW_FUNCTIONS):
        return AGGREGATION
    return MASKING if kind in MASKING_FUNCTIONS else TRANSFORMATION


_WRAPPERS: Final = (exp.Subquery, exp.Paren)


_FROM_ITEMS: Final = (exp.Table, exp.Subquery, exp.TableFromRows, exp.Lateral, exp.Unnest)


def _no_text(node: Expression, at: int) -> str:
    return ""


_STRENGTH: Final = (2, 3, 4, 5, 1, 0)  # masking > aggregation > transformation > identity > conditional > window


class Builder:
    """Builds one statement's arena. ``dataset`` turns a table's written parts into a normalised name."""

    def __init__(
        self, engine: Engine, dataset: Callable[[exp.Table], Name], location: Callable[[str], Name] = lambda text: ()
    ) -> None:
        self.engine = engine
        self.location = location  # name of a file that a query reads
        self.fold = engine.fold
        self.dataset = dataset
        self.relations: list[Relation] = []
        self.pseudo = engine.no_columns | NO_VALUE
        self.dynamic = False  # names may hold UNKNOWN
        self.unknown_is_list = True  # such an item of a select list may be several columns, not just a value
        self.lateral = engine.lateral_aliases
        self.aggregates = engine.aggregates
        self.variables: frozenset[str] = frozenset()  # plain names that are variables, not columns
        self.rows: dict[str, Name] = {}  # names of a trigger's rows (inserted, new...) and their table
        self.assigned: list[tuple[str, Collected]] = []  # SELECT @v = expression
        self.calls: dict[Name, int] = {}  # functions with a schema, and the line
        self.text_of: Callable[[Expression, int], str] = _no_text
        self.piped: set[str] = set()  # names of the tables at the beginning of a pipe
        self.inlined: dict[str, Expression] = {}  # names of ClickHouse's WITH expression AS name
        self.sequences: list[int] = []  # relations that the statement draws numbers from
        self.scopes: dict[int, Scope] = {}  # of the SELECTs
        self.table_function: Callable[[Builder, Name, Expression, tuple[str, ...]], int] = lambda *_: -1
        self.qualified: Callable[[Name], Name] = lambda name: name
        self._variables: dict[str, int] = {}

    # ------------------------------------------------------------------ queries

    def query(self, node: Expression, parent: Scope | None = None, ctes: dict[str, int] | None = None) -> int:
        """Build a query (SELECT, set operation, VALUES, parenthesised query...) and return its arena index."""
        known = ctes if ctes is not None else (parent.ctes if parent else {})
        while isinstance(node, _WRAPPERS):
            known = self.ctes(node, parent, known)
            if _wraps_more(node):
                return self._star_of(node, parent, known, wrapped=True)
            node = node.this
        known = self.ctes(node, parent, known)
        if isinstance(node, exp.Select):
            return self._select(node, parent, known)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent, known)
        if isinstance(node, exp.Values):
            return self._values(node, parent, known)
        if isinstance(node, exp.Pivot) and isinstance(node.this, exp.Expr):
            return pivots.pivot_statement(self, node, parent, known)
        if isinstance(node, exp.Table):
            return self._star_of(node, parent, known)
        return self._expression_only(node, parent, known)

    def variable(self, name: str) -> int:
        """Relation of a variable: a temporary table with one column."""
        name = self.fold(name, False)
        index = self._variables.get(name, -1)
        if index < 0:
            index = self._variables[name] = self._add(TableRef((name,), 0))
        return index

    def _add(self, relation: Relation) -> int:
        self.relations.append(relation)
        return len(self.relations) - 1

    def _reserve(self) -> int:
        return self._add(Alias(-1))

    def ctes(self, node: Expression, parent: Scope | None, known: dict[str, int]) -> dict[str, int]:
        """Build the WITH of a node; return the names that it can see."""
        with_ = node.args.get("with_")
        if not with_:
            return known
        known = dict(known)
        for cte in with_.expressions:
            alias = cte.args.get("alias")
            name = self._identifier(alias.this) if alias is not None else ""
            columns = self._alias_columns(alias)
            body = cte.this
            if cte.args.get("scalar"):  # WITH expression AS name
                self.inlined[name] = body
                continue
            if isinstance(body, exp.DML):
                known[name] = self._returning(body, parent, known, columns)
                continue
            index = self._reserve()
            recursive = isinstance(body, exp.SetOperation) and bool(
                with_.args.get("recursive") or self.engine.recursion_unmarked
            )
            inner = {**known, name: index} if recursive else known
            query = self.query(body, parent, inner)
            self.relations[index] = Alias(query, columns, recursive)
            known[name] = index
            if name.startswith(_PIPED) and query in self.scopes:  # what follows in the pipe still knows its names
                before = self.scopes[query]
                self.piped.update(before.aliases, (table[-1] for table, _ in before.tables))
        return known

    def _returning(
        self, node: Expression, parent: Scope | None, known: dict[str, int], columns: tuple[str, ...]
    ) -> int:
        """What INSERT, UPDATE or DELETE in a CTE gives: its RETURNING over the written table and its other sources."""
        index = self._reserve()
        scope = Scope(index, parent, known)
        sources: list[int] = []
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        using = node.args.get("from_") or node.args.get("using") or ()
        for item in (target, *(using if isinstance(using, list) else (using,))):
            if isinstance(item, exp.Expr):
                self._source(item.this if isinstance(item, exp.From) else item, scope, sources, [], [], [])
        returning = node.args.get("returning")
        subqueries: list[int] = []
        outputs = self._outputs(returning.expressions, scope, sources, subqueries) if returning is not None else ()
        self.relations[index] = Select(tuple(sources), outputs, subqueries=tuple(subqueries))
        return self._add(Alias(index, columns)) if columns else index

    def _match_recognize(self, node: Expression, sources: list[int], scope: Scope) -> int:
        """MATCH_RECOGNIZE as a SELECT over its input: the partition (or all rows' columns) and the measures."""
        index = self._reserve()
        inner = Scope(index, scope.parent, scope.ctes)
        inner.aliases = dict(scope.aliases)
        args = node.args
        defines = args.get("define") or []
        words = str(args["pattern"].name).replace("(", " ").replace(")", " ").split() if args.get("pattern") else []
        for name in (*(d.alias for d in defines), *(w.rstrip("*+?|") for w in words)):
            if name and len(sources) == 1:
                inner.aliases[self.fold(name, False)] = sources[0]
        subqueries: list[int] = []
        influences: list[Influence] = []
        for define in defines:
            self.influence(define.this, inner, FILTER, influences, subqueries)
        items = [m.this for m in args.get("measures") or ()]
        if "ALL ROWS" in str(args.get("rows") or "").upper():
            items = [exp.Star(), *items]
        else:
            items = [*(args.get("partition_by") or ()), *items]
        outputs = self._outputs(items, inner, sources, subqueries)
        self.relations[index] = Select(tuple(sources), outputs, distinct(influences), subqueries=tuple(subqueries))
        alias = args.get("alias")
        for key in [k for k, v in scope.aliases.items() if v in sources]:
            scope.aliases[key] = index
        if isinstance(alias, exp.TableAlias) and alias.this is not None:
            scope.aliases[self._identifier(alias.this)] = index
        return index

    def _select(self, node: exp.Select, parent: Scope | None, known: dict[str, int]) -> int:
        index = self._reserve()
        scope = Scope(index, parent, known)
        args = node.args
        sources: list[int] = []
        merged: list[Merged] = []
        influences: list[Influence] = []
        subqueries: list[int] = []
        from_ = args.get("from_")
        if from_ is not None:
            self._source(from_.this, scope, sources, merged, influences, subqueries)
        for lateral in args.get("laterals") or ():
            self._source(lateral, scope, sources, merged, influences, subqueries)
        for join in args.get("joins") or ():
            self._join(join, scope, sources, merged, influences, subqueries)
        match = args.get("match")
        if match is not None:
            sources = [self._match_recognize(match, sources, scope)]
        for window in args.get("windows") or ():
            scope.windows[self._identifier(window.this)] = window
        items = node.expressions
        how = IDENTITY
        if args.get("kind") == "VALUE" and len(items) == 1:
            items, how = self._fields(items[0], scope)
        outputs = self._outputs(items, scope, sources, subqueries)
        if how != IDENTITY:
            outputs = tuple(
                msgspec.structs.replace(o, refs=tuple(msgspec.structs.replace(r, how=how) for r in o.refs))
                for o in outputs
            )
        self._row_shapers(args, scope, influences, subqueries)
        self.scopes[index] = scope
        self.relations[index] = Select(
            tuple(sources),
            outputs,
            distinct(influences),
            parent.index if parent else -1,
            tuple(merged),
            self.lateral and bool(scope.outputs),
            tuple(subqueries),
        )
        return index

    def _fields(self, value: Expression, scope: Scope) -> tuple[list[Expression], int]:
        """The columns of BigQuery's ``SELECT AS VALUE STRUCT(a AS x, b)`` and of ``SELECT AS VALUE t``, and what was done to
        them: ``ARRAY_AGG(t ORDER BY a LIMIT 1)[OFFSET(0)]`` is one of many rows."""
        if isinstance(value, exp.Struct):
            fields = value.expressions
            return [exp.alias_(f.expression, f.this) if isinstance(f, exp.PropertyEQ) else f for f in fields], IDENTITY
        row, how = value, IDENTITY
        while isinstance(row, _AROUND_ROWS):
            how = AGGREGATION if isinstance(row, exp.AggFunc) else how
            row = row.this or next(iter(row.expressions), None)
        if isinstance(row, exp.Column) and row.args.get("table") is None:
            index = scope.aliases.get(self._identifier(row.this), -1)
            if index >= 0 and self._is_row(index, self._identifier(row.this)):
                return [exp.Column(this=exp.Star(), table=row.this)], how
        return [value], IDENTITY

    def _star_of(self, node: Expression, parent: Scope | None, known: dict[str, int], *, wrapped: bool = False) -> int:
        """A star over a FROM item with its joins, ``(t JOIN u USING (id)) AS x``; or, ``wrapped``, over what is inside of
        ``(SELECT ...) ORDER BY / LIMIT / JOIN / PIVOT``."""
        index = self._reserve()
        scope = Scope(index, parent, known)
        sources: list[int] = []
        merged: list[Merged] = []
        influences: list[Influence] = []
        subqueries: list[int] = []
        self._source(node, scope, sources, merged, influences, subqueries, wrapped=wrapped)
        self._row_shapers(node.args, scope, influences, subqueries)
        output = Output(None, (Ref(-1, index, "*", IDENTITY),), star=True)
        self.relations[index] = Select(
            tuple(sources),
            (output,),
            distinct(influences),
            parent.index if parent else -1,
            tuple(merged),
            False,
            tuple(subqueries),
        )
        return index

    def _expression_only(self, node: Expression, parent: Scope | None, known: dict[str, int]) -> int:
        index = self._reserve()
        scope = Scope(index, parent, known)
        subqueries: list[int] = []
        outputs = self._outputs([node], scope, [], subqueries)
        self.relations[index] = Select((), outputs, (), parent.index if parent else -1, subqueries=tuple(subqueries))
        return index

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None, known: dict[str, int]) -> int:
        index = self._reserve()
        kind = type(node)
        parts: list[Expression] = []
        left: Expression = node
        while type(left) is kind and (left is node or not (left.args.get("with_") or left.args.get("limit"))):
            parts.append(left.args["expression"])
            left = left.this
        parts.append(left)
        parts.reverse()
        built = tuple(self.query(part, parent, known) for part in parts)
        by_name = bool(node.args.get("by_name"))
        if isinstance(node, exp.Union):
            self.relations[index] = SetOp(built, by_name)
        else:
            self.relations[index] = SetOp(built[:1], by_name, built[1:])
        return index

    def _values(self, node: exp.Values, parent: Scope | None, known: dict[str, int]) -> int:
        index = self._reserve()
        scope = Scope(index, parent, known)
        columns: list[Collected] = []
        if (
            self.rows and isinstance(node.expressions[0], exp.Tuple) and node.expressions[0].find(exp.Star)
        ):  # VALUES (r.*)
            outputs = self._outputs(node.expressions[0].expressions, scope, [], [])
            self.relations[index] = Select((), outputs, (), parent.index if parent else -1)
            return index
        for row in node.expressions[:_ROWS_READ]:
            items = row.expressions if isinstance(row, exp.Tuple) else [row]
            while len(columns) < len(items):
                columns.append(Collected())
            for found, item in zip(columns, items, strict=False):
                self.collect(item, scope, IDENTITY, found)
        names = self._alias_columns(node.args.get("alias"))
        outputs = tuple(
            Output(names[i] if i < len(names) else self._values_name(i), tuple(c.refs.values()), c.line)
            for i, c in enumerate(columns)
        )
        subqueries = tuple(s for c in columns for s in c.subqueries)
        self.relations[index] = Select((), outputs, (), parent.index if parent else -1, subqueries=subqueries)
        return index

    def _values_name(self, i: int) -> str | None:
        if self.engine.values_columns is None:
            return None
        prefix, first = self.engine.values_columns
        return f"{prefix}{first + i}"

    # ------------------------------------------------------------------ FROM

    def _source(
        self,
        node: Expression,
        scope: Scope,
        sources: list[int],
        merged: list[Merged],
        influences: list[Influence],
        subqueries: list[int],
        *,
        wrapped: bool = False,
    ) -> None:
        """One FROM item with the joins nested in it."""
        inner = node.this if wrapped else node
        if not wrapped and isinstance(node, exp.Paren):
            inner = node.this
        before = len(sources)
        if isinstance(inner, exp.Subquery) and isinstance(inner.this, _FROM_ITEMS) and not wrapped and not inner.alias:
            self._source(inner.this, scope, sources, merged, influences, subqueries)  # joins in parentheses
        else:
            seen = self._to_the_left(inner, scope, sources)
            sources.extend(self._from_item(inner, seen, shell=node if wrapped else None))
        for pivot in node.args.get("pivots") or ():
            replaced = pivots.pivot(self, pivot, sources[before:], scope, subqueries)
            del sources[before:]
            sources.append(replaced)
        for lateral in node.args.get("laterals") or ():
            self._source(lateral, scope, sources, merged, influences, subqueries)
        for join in node.args.get("joins") or ():
            self._join(join, scope, sources, merged, influences, subqueries)

    def _to_the_left(self, node: Expression, scope: Scope, sources: list[int]) -> Scope:
        """A lateral item or a function sees the items before it, not those after it nor itself."""
        if not isinstance(node, exp.Lateral | exp.Unnest) and not isinstance(node.this, exp.Func):
            return scope
        parent = scope.parent
        seen = Scope(self._add(Select(tuple(sources), (), (), parent.index if parent else -1)), parent, scope.ctes)
        seen.aliases, seen.tables = scope.aliases, scope.tables
        return seen

    def _from_item(self, node: Expression, scope: Scope, shell: Expression | None = None) -> list[int]:
        """Build what one FROM item names; register its alias; return its relation(s)."""
        alias = (shell or node).args.get("alias") or (node.args.get("alias") if shell is None else None)
        name = self._identifier(alias.this) if alias is not None and alias.this is not None else ""
        columns = self._alias_columns(alias)
        if isinstance(node, exp.TableAlias):  # |> AS name: what came through the pipe, which the parser made a CTE
            node = exp.Table(this=node.this)
        if isinstance(node, exp.Table) and node.args.get("rows_from"):
            return [functions.rows_from(self, node, name, columns, scope)]
        if isinstance(node, exp.Table) and isinstance(node.this, DERIVED):
            node = node.this
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Func | exp.SemanticView):
            return [self._table(node, name, columns, scope)]
        if isinstance(node, exp.Subquery) and isinstance(node.this, _FROM_ITEMS) and not alias:
            return self._parenthesised_joins(node, scope)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Summarize | exp.Describe):
            node = node.this
        if isinstance(node, DERIVED):
            index = self.query(node.this if isinstance(node, exp.Subquery) and not node.args.get("with_") else node,
                               scope.parent, scope.ctes)  # fmt: skip
        elif isinstance(node, exp.Lateral):
            return [self._lateral(node, name, columns, scope)]
        elif isinstance(node, exp.Unnest):
            index, columns = self._unnest(node, name, columns, scope), ()
            offset = node.args.get("offset")
            if isinstance(offset, exp.Identifier) and self.engine.unnests_structs:
                position = self._add(Select((), (Output(self._identifier(offset), ()),)))
                return [index, position]
        elif isinstance(node, exp.Paren):
            return self._from_item(node.this, scope, shell)
        elif isinstance(node, exp.Stream | exp.Final):
            inner = node.this.this if isinstance(node.this, exp.Subquery) else node.this
            return self._from_item(inner, scope, node if alias is not None else None)
        else:
            call = node.this if isinstance(node, exp.Table) else node
            if isinstance(call, exp.DynamicIdentifier):
                return [self._table(node, name, columns, scope)]
            if isinstance(call, exp.Anonymous) and call.name.upper() == "TABLE" and len(call.expressions) == 1:
                call = call.expressions[0]  # TABLE(function(...)), TABLE('name')
                if isinstance(call, exp.Literal):
                    return [self._table(exp.Table(this=exp.DynamicIdentifier(this=call)), name, columns, scope)]
            elif isinstance(call, exp.TableFromRows) and isinstance(call.this, exp.Expr):
                call = call.this
                if isinstance(call, exp.Literal):
                    return [self._table(exp.Table(this=exp.DynamicIdentifier(this=call)), name, columns, scope)]
            qualifier = self._qualifier_parts(node) if call is node.this and isinstance(node, exp.Table) else ()
            index = functions.function(self, call, columns, scope, qualifier)
            columns = ()
        if columns:
            index = self._add(Alias(index, columns))
        if name:
            scope.aliases[name] = index
        return [index]

    def _parenthesised_joins(self, node: Expression, scope: Scope) -> list[int]:
        sources: list[int] = []
        unused: list[Influence] = []
        self._source(node.this, scope, sources, [], unused, [])
        return sources

    def _table(self, node: exp.Table, alias: str, columns: tuple[str, ...], scope: Scope) -> int:
        args = node.args
        plain = self._identifier(node.this)
        if not args.get("db") and plain in scope.ctes:
            index = scope.ctes[plain]
            if columns:
                index = self._add(Alias(index, columns))
            scope.aliases[alias or plain] = index
            return index
        if plain.lower() == "dual" and self.engine.dual and self._is_dual(args):
            index = scope.aliases[alias or plain] = self._add(Select((), ()))
            return index
        name = self.dataset(node)
        index = self._add(TableRef(name, line_of(node), columns))
        if alias:
            scope.aliases[alias] = index
        else:
            scope.aliases.setdefault(name[-1], index)
            scope.aliases.setdefault(plain, index)  # as it is written: a temporary table's own name begins with #
            scope.tables.append((name, index))
        return index

    def _is_dual(self, args: dict[str, Any]) -> bool:
        """The table of one row that stands where the grammar wants a FROM: nothing comes from it."""
        return not args.get("db") or (self.engine.system_dual and self._identifier(args["db"]).lower() == "sys")

    def _lateral(self, node: exp.Lateral, alias: str, columns: tuple[str, ...], scope: Scope) -> int:
        inner = node.this
        if isinstance(inner, DERIVED):
            index = self.query(inner, scope, scope.ctes)
            if columns:
                index = self._add(Alias(index, columns))
        elif isinstance(inner, exp.Unnest):
            index = self._unnest(inner, alias, columns, scope)
        else:
            index = functions.function(self, inner, columns, scope)
        if alias:
            scope.aliases[alias] = index
        return index

    def _unnest(self, node: exp.Unnest, alias: str, columns: tuple[str, ...], scope: Scope) -> int:
        """UNNEST: each column comes from the array at its position; BigQuery's single column has the alias's name."""
        found: list[Collected] = []
        for item in node.expressions:
            collected = Collected()
            self.collect(item, scope, TRANSFORMATION, collected)
            found.append(collected)
        names = columns or ((alias,) if alias else ())
        if self.engine.unnests_structs:  # an array of structs gives their fields, whose names we do not know
            refs = tuple(r for c in found for r in c.refs.values())
            if names:
                scope.aliases[names[0]] = len(self.relations)
            return self._add(TableRef((), 0, (*names, STAR), True, refs))
        outputs: list[Output] = []
        for i in range(max(len(names), len(found))):
            source = found[i] if i < len(found) else (found[0] if found and len(found) == 1 else None)
            refs = tuple(source.refs.values()) if source else ()
            outputs.append(Output(names[i] if i < len(names) else None, refs))
        offset = node.args.get("offset")
        if isinstance(offset, exp.Identifier):  # WITH ORDINALITY
            outputs.append(Output(self._identifier(offset), ()))
        return self._add(
            Select((), tuple(outputs), (), scope.index, (), False, tuple(s for c in found for s in c.subqueries))
        )

    def _qualifier_parts(self, node: exp.Table) -> Name:
        return tuple(self._identifier(p) for p in (node.args.get("catalog"), node.args.get("db")) if p is not None)

    def _collected_as(self, node: Expression, scope: Scope, how: int) -> Collected:
        found = Collected()
        self.collect(node, scope, how, found)
        return found

    def _join(
        self,
        join: Expression,
        scope: Scope,
        sources: list[int],
        merged: list[Merged],
        influences: list[Influence],
        subqueries: list[int],
    ) -> None:
        args = join.args
        if args.get("kind") == "ARRAY":
            self._array_join([join.this, *(args.get("expressions") or ())], scope, sources)
            return
        before = len(sources)
        self._source(join.this, scope, sources, merged, influences, subqueries)
        right = sources[before] if len(sources) > before else -1
        if right >= 0:
            using = tuple(self._identifier(i) for i in args.get("using") or ())
            if using:
                merged.append(Merged(using, tuple(sources[:before]), right))
                influences.extend(
                    Influence(Ref(r, scope.index, n, IDENTITY), JOIN) for n in using for r in (*sources[:before], right)
                )
            elif args.get("method") == "NATURAL":
                merged.append(Merged((), tuple(sources[:before]), right))
        on = args.get("on")
        if on is not None:
            self.influence(on, scope, JOIN, influences, subqueries)

    def _array_join(self, items: list[Expression], scope: Scope, sources: list[int]) -> None:
        """``ARRAY JOIN a AS x, b AS n`` of ClickHouse: x is an element of a, ``n.k`` a field of b's. Without a new name the
        column stands for its element."""
        parent = scope.parent
        left = Scope(self._add(Select(tuple(sources), (), (), parent.index if parent else -1)), parent, scope.ctes)
        left.aliases, left.tables = dict(scope.aliases), scope.tables
        for item in items:
            alias = item.args.get("alias") if isinstance(item, exp.Alias) else None
            if alias is None:
                continue
            name, found = self._identifier(alias), Collected()
            self.collect(item.this, left, TRANSFORMATION, found)
            refs = tuple(found.refs.values())
            sources.append(self._add(Select((), (Output(name, refs),), subqueries=tuple(found.subqueries))))
            scope.aliases[name] = self._add(TableRef((), 0, (STAR,), True, refs))

    # ------------------------------------------------------------------ what shapes rows

    def _row_shapers(
        self, args: dict[str, Any], scope: Scope, influences: list[Influence], subqueries: list[int]
    ) -> None:
        for key in ("prewhere", "where", "having", "qualify"):
            node = args.get(key)
            if node is not None:
                aliases = key not in ("where", "prewhere") or self.engine.aliases_in_where
                self.influence(node.this, scope, FILTER, influences, subqueries, aliases=aliases)
        connect = args.get("connect")
        if connect is not None:
            for node in _children(connect):
                self.influence(node, scope, FILTER, influences, subqueries, aliases=True)
        group = args.get("group")
        if group is not None:
            if group.args.get("all") is True:  # by every item that aggregates nothing
                for output in scope.outputs.values():
                    if not any(r.how == AGGREGATION for r in output.refs):
                        influences.extend(Influence(r, GROUP_BY) for r in output.refs)
            for node in _children(group):
                self.influence(node, scope, GROUP_BY, influences, subqueries, aliases=True)
        distinct = args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            self.influence(distinct.args["on"], scope, GROUP_BY, influences, subqueries, aliases=True)
        order = args.get("order")
        if order is not None and (args.get("limit") is not None or args.get("offset") is not None):
            for node in order.expressions:
                self.influence(node, scope, SORT, influences, subqueries, aliases=True)
        elif order is not None:  # a query in it is read at least
            for node in order.expressions:
                if node.this.__class__ is not exp.Column and node.find(exp.Select) is not None:
                    self.influence(node, scope, SORT, [], subqueries)

    def influence(
        self,
        node: Expression | None,
        scope: Scope,
        how: int,
        influences: list[Influence],
        subqueries: list[int],
        *,
        aliases: bool = False,
    ) -> None:
        """What a clause (WHERE, ON, ORDER BY, ...) reads; nothing where there is none."""
        if isinstance(node, exp.Where):
            node = node.this
        if not isinstance(node, exp.Expr):  # the parser marks some empty clauses with True
            return
        literal = node.this if isinstance(node, exp.Ordered) else node
        if aliases and isinstance(literal, exp.Literal) and not literal.args.get("is_string"):
            position = int(literal.this) - 1 if str(literal.this).isdigit() else -1
            outputs = list(scope.outputs.values())
            if 0 <= position < len(outputs):
                influences.extend(Influence(r, how) for r in outputs[position].refs)
            return
        found = Collected()
        self.collect(node, scope, IDENTITY, found, aliases=scope.outputs if aliases else None)
        influences.extend(Influence(r, how) for r in found.refs.values())
        subqueries.extend(found.subqueries)
        # columns that a filtering subquery returns shape rows as well
        for sub in found.subqueries:
            if sub in found.exists:
                continue
            influences.append(Influence(Ref(sub, scope.index, "*", IDENTITY), how))

    # ------------------------------------------------------------------ select list

    def _outputs(
        self, items: list[Expression], scope: Scope, sources: list[int], subqueries: list[int]
    ) -> tuple[Output, ...]:
        outputs: list[Output] = []
        for item in items:
            output = self._output(item, scope, subqueries)
            if isinstance(output, list):
                outputs.extend(output)
                continue
            if output is None:
                continue
            outputs.append(output)
            scope.outputs[output.name or f"\0{len(outputs)}"] = output
        return tuple(outputs)

    def _output(self, item: Expression, scope: Scope, subqueries: list[int]) -> Output | list[Output] | None:
        kind = item.__class__
        if kind is exp.Column and not (self.inlined and self._inlined(item) is not None):
            if isinstance(item.this, exp.Star):
                return self._star(item.this, item, scope, subqueries)
            ref = self._column(item, scope)
            line, column = _position(item.this)
            if self.dynamic and UNKNOWN in item.name and self.unknown_is_list:
                relation = self._qualifier(item, scope) if item.args.get("table") is not None else -1
                return Output(None, (Ref(relation, scope.index, "*", IDENTITY, line),), line, column, True)
            if ref is None:
                return Output(self._identifier(item.this), (), line, column)
            return Output(self._identifier(item.this), (ref,), line, column)
        if kind is exp.Star:
            return self._star(item, None, scope, subqueries)
        if kind is exp.QueryTransform:  # SELECT TRANSFORM (a, b) USING 'script' AS (c, d)
            found = Collected()
            for value in item.expressions:
                self.collect(value, scope, TRANSFORMATION, found)
            subqueries.extend(found.subqueries)
            schema = item.args.get("schema")
            names = [self._identifier(c) for c in schema.expressions] if schema is not None else ["key", "value"]
            return [Output(n, tuple(found.refs.values()), found.line) for n in names]
        if kind is exp.Aliases and isinstance(item.this, exp.Stack):
            return self._stacked(item.this, tuple(self._identifier(a) for a in item.expressions), scope, subqueries)
        if kind is exp.Aliases:  # several columns out of one expression
            found = self._collected(item.this, scope, subqueries)
            return [Output(self._identifier(a), tuple(found.refs.values()), found.line) for a in item.expressions]
        if kind is exp.EQ and self.engine.schema_calls and isinstance(item.this, exp.Literal | exp.National):
            found = self._collected(item.expression, scope, subqueries)  # 'name' = expression
            text = self.text_of(item, found.at) if found.refs else ""
            return Output(self.fold(item.this.name, True), tuple(found.refs.values()), found.line, expression=text)
        if self.engine.schema_calls and _is_assignment(item):
            self.assigned.append(("@" + item.this.name, self._collected(item.expression, scope, subqueries)))
            return None
        if kind is exp.Apply:
            return self._applied(item, scope, subqueries)
        if self.engine.patterns and (columns := item.find(exp.Columns)) is not None:
            return self._columns_star(item, columns, scope, subqueries)
        if kind is exp.Dot and self.engine.patterns and item.expression.name.upper() == "COLUMNS":  # t.COLUMNS('a')
            star = self._star(exp.Star(), exp.Column(this=exp.Star(), table=item.this), scope, subqueries)
            pattern = "~" + "".join(e.name for e in item.expression.expressions[:1])
            return [msgspec.structs.replace(o, like=pattern) for o in (star if isinstance(star, list) else [star])]
        given = item.unalias()
        if given.__class__ is exp.PropertyEQ and isinstance(given.this, exp.Parameter):
            # of MySQL, where @v := expression is a column as well
            value = self._collected(given.expression, scope, subqueries)
            self.assigned.append(("@" + given.this.name, value))
            found = value.through(TRANSFORMATION)
        else:
            found = self._collected(item, scope, subqueries)
        name, line, column = self._output_name(item)
        bare = kind is exp.Alias and item.this.__class__ is exp.Column
        text = self.text_of(item, found.at) if found.refs and not bare else ""
        return Output(name, tuple(found.refs.values()), line or found.line, column, expression=text)

    def _stacked(self, call: exp.Stack, names: tuple[str, ...], scope: Scope, subqueries: list[int]) -> list[Output]:
        """``stack(2, 'a', a, 'b', b) AS (k, v)``: rows of values, each column of them has its own."""
        out: list[Output] = []
        for k, name in enumerate(names):
            found = Collected()
            for value in call.expressions[k :: len(names)]:
                self.collect(value, scope, IDENTITY, found)
            subqueries.extend(found.subqueries)
            out.append(Output(name, tuple(found.refs.values()), found.line))
        return out

    def _applied(self, item: Expression, scope: Scope, subqueries: list[int]) -> list[Output]:
        """``* EXCEPT (a) APPLY(f)`` of ClickHouse: f of every column, which is called ``f(column)``."""
        inner = self._output(item.this, scope, subqueries)
        name = item.expression.name if isinstance(item.expression, exp.Var) else ""
        call = self._called(name)
        how = AGGREGATION if isinstance(call, exp.AggFunc) else TRANSFORMATION
        out: list[Output] = []
        for output in inner if isinstance(inner, list) else [inner] if inner is not None else []:
            refs = tuple(msgspec.structs.replace(r, how=COMPOSED[how][r.how]) for r in output.refs)
            names = output.renamed or {}
            if name:
                names = {**names, STAR: self.fold(f"{name}({names.get(STAR, STAR)})", False)}
            out.append(msgspec.structs.replace(output, refs=refs, renamed=names or None))
        return out

    def _called(self, name: str) -> Expression | None:
        """What the grammar makes of a call of ``name``."""
        try:
            return exp.func(name, exp.column("x"), dialect=self.engine.name) if name else None
        except (ValueError, SqlglotError):
            return None

    def _columns_star(self, item: Expression, columns: Expression, scope: Scope, subqueries: list[int]) -> list[Output]:
        """``f(COLUMNS(* EXCLUDE (a))) [AS b]``: the expression once for every column."""
        given = item.unalias()
        how = IDENTITY if given is columns else TRANSFORMATION
        if any(_treatment(node.__class__) is AGGREGATION for node in given.find_all(exp.AggFunc)):
            how = AGGREGATION
        which = columns.this
        if isinstance(which, exp.Array):
            names = [self.fold(e.name, False) for e in which.expressions]
            outputs = [Output(n, (Ref(-1, scope.index, n, how),)) for n in names]
            return (
                [msgspec.structs.replace(o, name=self._identifier(item.args["alias"])) for o in outputs]
                if item.alias
                else outputs
            )
        if isinstance(which, exp.Column) and isinstance(which.this, exp.Star):
            base = self._star(which.this, which, scope, subqueries)
        else:
            base = self._star(which if isinstance(which, exp.Star) else exp.Star(), None, scope, subqueries)
        pattern = "~" + which.name if isinstance(which, exp.Literal) else ""
        out: list[Output] = []
        for output in base if isinstance(base, list) else [base]:
            refs = tuple(msgspec.structs.replace(r, how=COMPOSED[how][r.how]) for r in output.refs)
            renamed = (
                {STAR: self._identifier(item.args["alias"])}
                if item.alias and "\\" not in item.alias
                else output.renamed
            )
            out.append(msgspec.structs.replace(output, refs=refs, like=pattern, renamed=renamed))
        return out

    def _collected(self, item: Expression, scope: Scope, subqueries: list[int]) -> Collected:
        found = Collected()
        self.collect(item, scope, IDENTITY, found)
        subqueries.extend(found.subqueries)
        return found

    def _output_name(self, item: Expression) -> tuple[str | None, int, int]:
        alias = item.args.get("alias") if item.__class__ is exp.Alias else None
        if isinstance(alias, exp.Identifier):
            line, column = _position(alias)
            return self._identifier(alias), line, column
        return self._implicit_name(item), 0, 0

    def _implicit_name(self, item: Expression) -> str | None:
        """What the engine calls an unnamed expression, where its documentation says."""
        if self.engine.implicit_names:
            node = item
            while isinstance(node, exp.Cast | exp.Paren):
                node = node.this
            if isinstance(node, exp.Column):
                return self._identifier(node.this)
            if isinstance(node, exp.Case):
                return "case"
            if isinstance(node, exp.Anonymous):
                return self._identifier(node.this)
            if isinstance(node, exp.Window):
                return self._implicit_name(node.this)
            if isinstance(node, exp.Func):
                return str(node.sql_name()).lower()
            return "?column?"
        return None

    def _star(
        self, star: Expression, column: Expression | None, scope: Scope, subqueries: list[int]
    ) -> list[Output] | Output:
        relation = -1
        if column is not None and column.args.get("table") is not None:
            relation = self._qualifier(column, scope)
            if relation < 0 and self._identifier(column.args["table"]) in self.rows:
                relation = self._row(self.rows[self._identifier(column.args["table"])])
            if relation < 0:
                if self.engine.structs and column.args.get("db") is None:  # the fields of a struct column
                    ref = Ref(-1, scope.index, self._identifier(column.args["table"]), TRANSFORMATION)
                    return Output(None, (ref,), star=True)
                return Output(None, (), star=True)
        line, position = _position(column.args["table"]) if column is not None and column.args.get("table") else (0, 0)
        excluded = tuple(self._identifier(e) for e in star.args.get("except_") or star.args.get("except") or ())
        renamed = {
            self._identifier(a.this): self._identifier(a.args["alias"])
            for a in star.args.get("rename") or ()
            if a.args.get("alias")
        }
        extra: list[Output] = []
        for replacement in star.args.get("replace") or ():
            output = self._output(replacement, scope, subqueries)
            if isinstance(output, Output):
                extra.append(output)
                excluded = (*excluded, output.name or "")
        ref = Ref(relation, scope.index, "*", IDENTITY, line)
        like = star.args["ilike"].name if isinstance(star.args.get("ilike"), exp.Literal) else ""
        return [Output(None, (ref,), line, position, True, excluded, renamed or None, like=like), *extra]

    # ------------------------------------------------------------------ expressions

    def collect(
        self,
        node: Expression,
        scope: Scope,
        how: int,
        found: Collected,
        aliases: dict[str, Output] | None = None,
    ) -> None:
        """Gather the columns of an expression, each with what is done to it on the way out."""
        stack: list[tuple[Any, int]] = [(node, how)]
        pop, push = stack.pop, stack.append
        leaves, known = _LEAVES, _TREATMENTS
        bound: set[str] = set()  # names of a lambda's parameters
        while stack:
            node, how = pop()
            kind = node.__class__
            if kind is exp.Column:
                if bound and node.name.lower() in bound:
                    continue
                if self.inlined and node.args.get("table") is None and (body := self._inlined(node)) is not None:
                    push((body, COMPOSED[TRANSFORMATION][how]))
                    continue
                self._collect_column(node, scope, how, found, aliases)
                continue
            if kind in leaves:
                continue
            treatment = known.get(kind)
            if treatment is None:
                treatment = known[kind] = _treatment(kind)
            if treatment is _SPECIAL:
                how = self._special(node, how, scope, found, push, bound)
                if how is _DONE:
                    continue
            elif treatment is AGGREGATION and node.args.get("this").__class__ is exp.Star:
                continue
            else:
                how = COMPOSED[treatment][how]
            for value in node.args.values():
                if value.__class__ is list:
                    for item in value:
                        if isinstance(item, exp.Expr):
                            push((item, how))
                elif isinstance(value, exp.Expr):
                    push((value, how))

    def _special(self, node: Any, how: int, scope: Scope, found: Collected, push: _Push, bound: set[str]) -> int:
        """An expression of _SPECIAL_KINDS: what is done to the columns in all its parts, _DONE if they were seen to."""
        kind = node.__class__
        if self._push_parts(node, how, scope, push, bound):
            return _DONE
        if issubclass(kind, exp.Query):
            self._subquery(node, scope, how, found)
            return _DONE
        if kind is exp.Exists and isinstance(node.this, exp.Query):
            inner = self.query(node.this, scope, scope.ctes)
            found.subqueries.append(inner)
            if node.this.__class__ is exp.Select:
                found.exists.append(inner)
            return _DONE
        if kind is exp.Placeholder or kind is exp.Parameter:
            self._parameter(node, how, scope, found)
            return _DONE
        if kind is exp.Star:
            if node.args.get("this") is None and how != IDENTITY:  # OBJECT_CONSTRUCT(*)
                self._note(found, Ref(-1, scope.index, STAR, how))
            return _DONE
        if kind is exp.NextValueFor:
            self._sequence(node, found)
            return _DONE
        if kind is exp.Anonymous:
            return self._special_call(node, how, scope, found, push)
        if kind is exp.Dot:
            if self._is_row_element(node, scope, how, found):
                return _DONE
            self._call(node, scope, found)
            if (column := self._restored(node, scope)) is not None:
                push((column, how or TRANSFORMATION))
        elif kind is exp.Comprehension:  # [x + 1 FOR x IN a IF x > 1]
            bound.add(node.expression.name.lower())
        return how or TRANSFORMATION

    def _special_call(self, node: exp.Anonymous, how: int, scope: Scope, found: Collected, push: _Push) -> int:
        """See :meth:`_special`: a function that the parser does not know."""
        if self._is_row_element(node, scope, how, found):
            return _DONE
        name = node.name.lower()
        if self.engine.lookups and name.startswith(self.engine.lookups):
            self._dictionary(node, scope, how, found)
        if self._is_sequence(node) or self._excluded_value(node, scope, how, found):
            return _DONE
        if name in self.aggregates:
            return COMPOSED[AGGREGATION][how]
        how = COMPOSED[MASKING][how] if name in MASKING_NAMES else how or TRANSFORMATION
        if name.upper() in FIRST_WORDS:
            for item in node.expressions[1:]:
                push((item, how))
            return _DONE
        return how

    def _parameter(self, node: Any, how: int, scope: Scope, found: Collected) -> None:
        """``@v``, ``$1``, ``?``: a variable, if there is one of that name."""
        if node.__class__ is exp.Parameter and self.engine.file_columns and node.name.isdigit():
            self._note(found, Ref(-1, scope.index, f"${node.name}", how))  # a column by its position
        elif node.__class__ is exp.Parameter or self._identifier(node.name) in self.variables:
            self._note(found, Ref(self.variable("@" + node.name), scope.index, VALUE, how))

    def _push_parts(self, node: Any, how: int, scope: Scope, push: _Push, bound: set[str]) -> bool:
        """Something whose parts are used in different ways, each on its own. False if it is something else."""
        kind = node.__class__
        if kind is exp.Case or kind is exp.If or kind is exp.Nvl2 or kind is exp.DecodeCase:
            self._push_case(node, how, push)
        elif kind is exp.Window:
            self._push_window(node, how, push, scope)
        elif kind is exp.Filter:
            push((node.this, how))
            push((node.expression, CONDITIONAL))
        elif kind is exp.WithinGroup:
            push((node.this, how))
            if isinstance(node.this, _ORDERED_SETS) or (
                self.engine.schema_calls
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

    @staticmethod
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

    def _push_window(self, node: Any, how: int, push: _Push, scope: Scope) -> None:
        args = node.args
        push((args["this"], COMPOSED[TRANSFORMATION][how]))
        self._push_frame(args, COMPOSED[WINDOW][how], push, scope, frozenset())

    def _push_frame(
        self,
        args: dict[str, Any],
        shape: int,
        push: _Push,
        scope: Scope,
        seen: frozenset[str],
    ) -> None:
        if args.get("alias") is not None:  # OVER w, OVER (w ORDER BY a)
            name = self._identifier(args["alias"])
            named = scope.windows.get(name)
            if named is not None and name not in seen:
                self._push_frame(named.args, shape, push, scope, seen | {name})
        for item in args.get("partition_by") or ():
            push((item, shape))
        for key in ("order", "spec"):
            if args.get(key) is not None:
                push((args[key], shape))

    def _inlined(self, node: exp.Column) -> Expression | None:
        """The expression of a ClickHouse WITH name; within itself it is not seen."""
        return self.inlined.get(self._identifier(node.this))

    def _excluded_value(self, node: exp.Anonymous, scope: Scope, how: int, found: Collected) -> bool:
        """``VALUES(a)`` in ON DUPLICATE KEY UPDATE: the value that was to be inserted."""
        row = scope.aliases.get("excluded", -1)
        if row < 0 or node.name.upper() != "VALUES" or len(node.expressions) != 1:
            return False
        self._note(found, Ref(row, scope.index, self._identifier(node.expressions[0]), how))
        return True

    def _is_sequence(self, node: exp.Anonymous) -> bool:
        """``nextval('s')`` and ``NEXTVAL(s)``: the statement reads the sequence."""
        if node.name.lower() not in SEQUENCE_FUNCTIONS or len(node.expressions) < 1:
            return False
        first = node.expressions[0]
        while isinstance(first, exp.Cast):
            first = first.this
        if isinstance(first, exp.Literal) and first.args.get("is_string"):
            self._read_sequence(exp.Table(this=exp.DynamicIdentifier(this=first)))
        elif isinstance(first, exp.Column):
            self._read_sequence(exp.Table(this=first.this, db=first.args.get("table"), catalog=first.args.get("db")))
        return True

    def _read_sequence(self, table: exp.Table) -> None:
        self.sequences.append(self._add(TableRef(self.dataset(table), 0)))

    def _dictionary(self, node: exp.Anonymous, scope: Scope, how: int, found: Collected) -> None:
        """``dictGet('db.d', 'attribute', key)``, ``joinGet('db.j', 'column', key)``: a column of the dictionary or table."""
        items = node.expressions
        if len(items) > 1 and all(isinstance(i, exp.Literal) and i.args.get("is_string") for i in items[:2]):
            table = self._add(TableRef(self.dataset(exp.Table(this=exp.DynamicIdentifier(this=items[0]))), 0))
            self._note(found, Ref(table, scope.index, self.fold(items[1].name, True), COMPOSED[TRANSFORMATION][how]))

    def _is_row_element(self, node: Expression, scope: Scope, how: int, found: Collected) -> bool:
        """``rows(i).a`` and ``values(i)`` of PL/SQL: an element of a collection variable."""
        field = ""
        if isinstance(node, exp.Dot):
            field, node = self._identifier(node.expression), node.this
        if not isinstance(node, exp.Anonymous):
            return False
        name = self.fold(node.name, False)
        if field and name in self.rows:
            self._note(found, Ref(self._row(self.rows[name]), scope.index, field, how))
            return True
        if name in self.variables and not field:
            self._note(found, Ref(self.variable("@" + name), scope.index, VALUE, how))
            return True
        return False

    def _subquery(self, node: Expression, scope: Scope, how: int, found: Collected) -> None:
        index = self.query(node, scope, scope.ctes)
        if self.engine.schema_calls and _makes_a_document(node):
            how = COMPOSED[TRANSFORMATION][how]
        found.subqueries.append(index)
        self._note(found, Ref(index, scope.index, "*", how))

    def _call(self, node: exp.Dot, scope: Scope, found: Collected) -> None:
        """``dbo.f(x)``: a function of the user. ``alias.column.Method()`` is none."""
        if not self.engine.schema_calls or not isinstance(node.expression, exp.Anonymous):
            return
        name = functions.function_name(self, node)
        if len(name) > 1 and scope.find(name[0]) < 0:
            first: Expression = node
            while isinstance(first, exp.Dot):
                first = first.this
            self.called(name, _position(first)[0] or found.line)

    def _restored(self, node: exp.Dot, scope: Scope) -> exp.Column | None:
        """Of ``f(a).g()`` the parser makes the columns in ``f`` plain names, and of ``t.a.g()`` all but the call: they become
        columns again. The column that such a chain begins with is returned."""
        parts: list[Expression] = []
        base: Any = node
        while base.__class__ is exp.Dot:
            parts.append(base.expression)
            base = base.this
        for part in (base, *parts):
            if part.__class__ is not exp.Identifier:
                _identifiers_as_columns(part)
        if base.__class__ is not exp.Identifier:
            return None
        names = [base, *(p for p in reversed(parts) if p.__class__ is exp.Identifier)]
        if len(names) > len(parts):
            return None  # no call in it
        if len(names) > 1 and scope.find(self._identifier(base)) >= 0:
            return exp.Column(this=names[1], table=base)
        return exp.Column(this=base) if self.engine.chained_calls else None

    def called(self, name: Name, line: int) -> None:
        """The statement calls a function."""
        if name[-2] not in SYSTEM_SCHEMAS:
            self.calls.setdefault(name, line)

    def _sequence(self, node: exp.NextValueFor, found: Collected) -> None:
        """``NEXT VALUE FOR s`` reads s."""
        column = node.this
        args = column.args if isinstance(column, exp.Column) else {"this": column}
        parts = [args.get(key) for key in ("catalog", "db", "table", "this")]
        name = self.qualified(tuple(self._identifier(p) for p in parts if p is not None))
        found.subqueries.append(self._add(TableRef(name, line_of(column))))

    def _collect_column(
        self, node: exp.Column, scope: Scope, how: int, found: Collected, aliases: dict[str, Output] | None
    ) -> None:
        identifier = node.this
        if identifier.__class__ is exp.Star:
            relation = self._qualifier(node, scope) if node.args.get("table") is not None else -1
            if relation >= 0:  # count(t.*), {t.*}
                self._note(found, Ref(relation, scope.index, STAR, how))
            return
        ref = self._column(node, scope, how)
        if ref is None:
            return
        if not found.line:
            found.line = ref.line
        if found.at < 0 and identifier.__class__ is exp.Identifier and identifier._meta:
            found.at = identifier._meta["start"]
        if aliases and node.args.get("table") is None:
            name = ref.name.removeprefix(OR_COLUMN)
            is_variable = ref.relation >= 0 and name == ref.name
            if name in aliases and not is_variable:
                for inner in aliases[name].refs:
                    self._note(found, inner)
                return
        self._note(found, ref)

    @staticmethod
    def _note(found: Collected, ref: Ref) -> None:
        # the strongest direct and the strongest indirect use: which of them counts depends on what the column is made of
        key = (ref.relation, ref.scope, ref.name, ref.how >= CONDITIONAL)
        known = found.refs.get(key)
        if known is None or _STRENGTH[ref.how] > _STRENGTH[known.how]:
            found.refs[key] = ref

    def _column(self, node: exp.Column, scope: Scope, how: int = IDENTITY) -> Ref | None:
        identifier = node.this
        name = self._identifier(identifier)
        if identifier.__class__ is exp.Parameter:  # $1 of a staged file
            name = f"${name}"
        meta = identifier._meta if isinstance(identifier, exp.Identifier) else None
        line = meta["line"] if meta else 0
        if self.dynamic and UNKNOWN in name:
            return None
        if node.args.get("table") is None:
            if name in self.pseudo and not identifier.args.get("quoted"):
                return None
            if name in self.variables:
                column = OR_COLUMN + name if self.engine.columns_first else VALUE
                return Ref(self.variable("@" + name), scope.index, column, how, line)
            if name in scope.aliases and self.engine.row_values and self._is_row(scope.aliases[name], name):
                return Ref(scope.aliases[name], scope.index, STAR, COMPOSED[TRANSFORMATION][how], line)
            return Ref(-1, scope.index, name, how, line)
        if name in OF_ROWS and name in self.pseudo and not identifier.args.get("quoted"):
            return None
        relation = self._qualifier(node, scope)
        if relation >= 0:
            return Ref(relation, scope.index, name, how, line)
        if name in SEQUENCE_COLUMNS and self.engine.sequence_objects:
            self._read_sequence(
                exp.Table(this=node.args["table"], db=node.args.get("db"), catalog=node.args.get("catalog"))
            )
            return None
        if self.rows and node.args.get("db") is None:
            table = self.rows.get(self._identifier(node.args["table"]))
            if table is not None:
                return Ref(self._row(table), scope.index, name, how, line)
        if self._identifier(node.args["table"]) in self.variables:
            return Ref(self.variable("@" + self._identifier(node.args["table"])), scope.index, VALUE, how, line)
        if name in PROPERTIES and self.engine.schema_calls:
            owner = self._identifier(node.args["table"])
            relation = scope.find(self._identifier(node.args["db"])) if node.args.get("db") is not None else -1
            return Ref(relation, scope.index, owner, COMPOSED[TRANSFORMATION][how], line)
        if self.engine.structs or self.engine.attributes:  # a field of a struct column, an attribute of an object
            first = node.args.get("catalog") or node.args.get("db") or node.args["table"]
            alias = scope.find(self._identifier(first))
            if alias >= 0:
                after = node.args.get("db") if node.args.get("catalog") else node.args["table"]
                return Ref(alias, scope.index, self._identifier(after), COMPOSED[TRANSFORMATION][how], line)
            if self.piped and self._identifier(first) in self.piped:
                after = (
                    identifier
                    if first is node.args["table"]
                    else node.args["table"]
                    if first is node.args.get("db")
                    else node.args["db"]
                )
                plain = after is identifier
                return Ref(
                    -1, scope.index, self._identifier(after), how if plain else COMPOSED[TRANSFORMATION][how], line
                )
            if self.engine.structs:  # the column is the leftmost part
                return Ref(-1, scope.index, self._identifier(first), COMPOSED[TRANSFORMATION][how], line)
        return None

    def _is_row(self, index: int, name: str) -> bool:
        """Is the alias ``name`` of a relation, standing alone, its whole row? A column of that name goes first."""
        row = self.relations[index]
        if isinstance(row, TableRef):
            return bool(row.name) and not row.function and row.name[-1] != name
        while isinstance(row, Alias | SetOp):
            if isinstance(row, Alias) and row.columns:
                return name not in row.columns
            row = self.relations[row.relation if isinstance(row, Alias) else row.branches[0]]
        return isinstance(row, Select) and bool(row.sources) and name not in [o.name for o in row.outputs]

    def _row(self, table: Name) -> int:
        """Relation of a trigger's row."""
        key = "\0".join(table)
        index = self._variables.get(key, -1)
        if index < 0:
            index = self._variables[key] = self._add(TableRef(table, 0))
        return index

    def _qualifier(self, node: Expression, scope: Scope) -> int:
        args = node.args
        db = args.get("db")
        return scope.find(self._identifier(args["table"]), self._identifier(db) if db is not None else "")

    # ------------------------------------------------------------------ names

    def _identifier(self, node: Any) -> str:
        if node.__class__ is exp.Identifier:
            args = node.args
            folded: str = self.fold(args["this"], args.get("quoted", False))
            return folded
        if isinstance(node, str):
            return str(self.fold(node, False))
        if isinstance(node, exp.Expr):
            inner = node.args.get("this")
            quoted = bool(node.args.get("quoted"))
            if isinstance(inner, str):
                return str(self.fold(inner, quoted))
            return self._identifier(inner) if inner is not None else ""
        return ""

    def _alias_columns(self, alias: Any) -> tuple[str, ...]:
        if not isinstance(alias, exp.TableAlias):
            return ()
        return tuple(self._identifier(c) for c in alias.args.get("columns") or ())


_NAMED: Final = (exp.Anonymous, exp.Column, exp.XMLElement, exp.DataType, exp.PropertyEQ, exp.Kwarg, exp.Table)


def _identifiers_as_columns(node: Expression) -> None:
    """Plain names among the arguments of calls become columns, in place."""
    stack = [node]
    while stack:
        node = stack.pop()
        if not isinstance(node, exp.Expr):  # of a broken chain
            continue
        for key, value in list(node.args.items()):
            if key == "alias" or (key == "this" and isinstance(node, _NAMED)):
                continue
            values = value if isinstance(value, list) else [value]
            for i, item in enumerate(values):
                name = item
                while name.__class__ is exp.Dot and name.expression.__class__ is exp.Identifier:
                    name = name.this
                if name.__class__ is exp.Identifier and not (node.__class__ is exp.Dot and key == "expression"):
                    values[i] = exp.Column(this=item) if name is item else exp.Column(this=item.expression, table=name)
                elif isinstance(item, exp.Expr):
                    stack.append(item)
            node.set(key, values if isinstance(value, list) else values[0])


def _makes_a_document(node: Expression) -> bool:
    """``SELECT ... FOR XML`` and ``FOR JSON``."""
    while isinstance(node, exp.Subquery):
        node = node.this
    return node.args.get("for_") is not None


def _wraps_more(node: Expression) -> bool:
    """Does a parenthesised query carry modifiers of its own outside the parentheses?"""
    args = node.args
    return any(args.get(k) for k in ("joins", "laterals", "pivots", "limit", "order", "where", "sample"))


def _children(node: Expression) -> Iterator[Expression]:
    for value in node.args.values():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, exp.Expr):
                yield item


def _is_assignment(item: Expression) -> bool:
    """``SELECT @v = expression`` of T-SQL gives no column."""
    kind = item.__class__
    return (kind is exp.EQ or kind is exp.PropertyEQ) and isinstance(item.this, exp.Parameter | exp.SessionParameter)


def _position(node: Any) -> tuple[int, int]:
    meta = node._meta if node.__class__ is exp.Identifier else None
    if not meta:
        return 0, 0
    width = meta["end"] - meta["start"]
    return meta["line"], max(1, meta["col"] - width)
