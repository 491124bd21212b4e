"""The relational program of one statement (``model.Relation``s, which name one another by index) while it is built.

Nothing is looked up outside the statement: a qualified column becomes a reference to the relation that its qualifier names, an
unqualified one a reference into its scope, a star stays a star. ``link`` settles what is left."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.query.scope import IDENTITY, Collected, Scope, line_of
from ray_lineage.compile.sql.query.words import NO_VALUE
from ray_lineage.model import STAR, SYSTEM_SCHEMAS, Alias, Name, Output, Ref, Relation, Select, TableRef, Variable


def _no_text(node: Expression, at: int) -> str:
    return ""


@cache
def _pseudo(engine: Engine) -> frozenset[str]:
    """Names that look like columns of that engine and are none."""
    return engine.no_columns | NO_VALUE


Lower = Callable[["Builder", Expression, Scope | None, dict[str, int] | None], int]
"""Lowers a query: :func:`queries.lower_query`, which is above all that asks for it."""


class Builder:
    """Builds one statement's arena. ``dataset`` turns a table's written parts into a normalised name."""

    def __init__(
        self,
        engine: Engine,
        lower: Lower,
        dataset: Callable[[exp.Table], Name],
        location: Callable[[str], Name] = lambda text: (),
    ) -> None:
        self.engine = engine
        self._lower = lower
        self.location = location  # name of a file that a query reads
        self.fold = engine.fold
        self.dataset = dataset
        self.relations: list[Relation] = []
        self.pseudo = _pseudo(engine)
        self.dynamic = False  # names may hold UNKNOWN
        self.templated = False  # what a template leaves unknown is no list of columns that would be known elsewhere
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
        self.variable_relations: dict[tuple[str, bool], int] = {}
        self._row_relations: dict[Name, int] = {}

    def query(self, node: Expression, parent: Scope | None = None, ctes: dict[str, int] | None = None) -> int:
        """Build a query (SELECT, set operation, VALUES, parenthesised query...) and return its arena index."""
        return self._lower(self, node, parent, ctes)

    def variable(self, name: str, *, or_column: bool = False) -> int:
        """Relation of a variable (see :class:`Variable`)."""
        key = self.fold(name, False), or_column
        index = self.variable_relations.get(key, -1)
        if index < 0:
            index = self.variable_relations[key] = self.add(Variable(*key))
        return index

    def add(self, relation: Relation) -> int:
        self.relations.append(relation)
        return len(self.relations) - 1

    def table(self, node: exp.Table, alias: str, columns: tuple[str, ...], scope: Scope) -> int:
        """Relation of a table (or CTE) in FROM, which the scope sees from here on."""
        args = node.args
        plain = self.identifier(node.this)
        if not args.get("db") and plain in scope.ctes:
            index = scope.ctes[plain]
            if columns:
                index = self.add(Alias(index, columns))
            self.call(alias or plain, index, scope)
            return index
        if plain.lower() == "dual" and self.engine.dual and self._is_dual(args):
            index = scope.aliases[alias or plain] = self.add(Select((), ()))
            return index
        name = self.dataset(node)
        index = self.add(TableRef(name, line_of(node), columns))
        if alias:
            self.call(alias, index, scope)
        else:
            scope.aliases.setdefault(name[-1], index)
            scope.aliases.setdefault(plain, index)  # as it is written: a temporary table's own name begins with #
            scope.tables.append((name, index))
        return index

    def call(self, alias: str, index: int, scope: Scope) -> None:
        """A relation of FROM has an alias. Some engines let two have the same: then it means what has the columns of both."""
        before = scope.aliases.get(alias, index)
        if before != index:
            both = (before, index)
            stars = (Output(None, (Ref(k, len(self.relations), STAR, IDENTITY),), star=True) for k in both)
            index = self.add(Select(both, tuple(stars)))
        scope.aliases[alias] = index

    def _is_dual(self, args: dict[str, Any]) -> bool:
        """The table of one row that stands where the grammar wants a FROM: nothing comes from it."""
        return not args.get("db") or (self.engine.system_dual and self.identifier(args["db"]).lower() == "sys")

    def reserve(self) -> int:
        return self.add(Alias(-1))

    def values_name(self, i: int) -> str | None:
        if self.engine.values_columns is None:
            return None
        prefix, first = self.engine.values_columns
        return f"{prefix}{first + i}"

    def qualifier_parts(self, node: exp.Table) -> Name:
        return tuple(self.identifier(p) for p in (node.args.get("catalog"), node.args.get("db")) if p is not None)

    def read_sequence(self, table: exp.Table) -> None:
        self.sequences.append(self.add(TableRef(self.dataset(table), 0)))

    def called(self, name: Name, line: int) -> None:
        """The statement calls a function."""
        if name[-2] not in SYSTEM_SCHEMAS:
            self.calls.setdefault(name, line)

    def row(self, table: Name) -> int:
        """Relation of a trigger's row."""
        index = self._row_relations.get(table, -1)
        if index < 0:
            index = self._row_relations[table] = self.add(TableRef(table, 0))
        return index

    def qualifiers(self, node: Expression) -> list[Expression]:
        """What stands in front of a column's name, the outermost first."""
        return [p for p in (node.args.get(key) for key in ("catalog", "db", "table")) if p is not None]

    def qualifier(self, node: Expression, scope: Scope) -> int:
        args = node.args
        db = args.get("db")
        return scope.find(self.identifier(args["table"]), self.identifier(db) if db is not None else "")

    def identifier(self, node: Any) -> str:
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
            return self.identifier(inner) if inner is not None else ""
        return ""

    def alias_columns(self, alias: Any) -> tuple[str, ...]:
        columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
        return tuple(map(self.identifier, columns)) if columns else ()
