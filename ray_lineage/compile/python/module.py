"""One module's calls that run SQL, and the texts that they run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ray_lineage.compile.positions import Mark
from ray_lineage.compile.python.candidates import Places
from ray_lineage.compile.python.cells import SQL_CELL
from ray_lineage.compile.python.files import known_path
from ray_lineage.compile.python.follow import SELF, Bound, Context, Followed, Unknown, names_of
from ray_lineage.compile.python.libraries import (
    ATHENA,
    BIGQUERY,
    CURSORS,
    DATABRICKS,
    DUCKDB,
    KEYWORDS,
    OPERATOR,
    OPERATOR_KEYWORDS,
    RUNS_SQL,
    SESSIONS,
    SPARK,
    SQL_CALLS,
    dialect_of_address,
    dialect_of_module,
    dialect_of_word,
)
from ray_lineage.compile.python.lines import Lines
from ray_lineage.compile.python.others import Others
from ray_lineage.compile.python.scopes import END, Index, Kind, Scope, Unit, calls_in, comprehensions_in
from ray_lineage.compile.python.statements import begins_as_sql, is_path, is_statement
from ray_lineage.compile.python.texts import GAP, Text, all_at
from ray_lineage.compile.python.values import Values, method_called
from ray_lineage.model import LOOP, ROLES

_CALLERS: Final = 64
"""So many ways to call one function are told apart."""

_DEEP: Final = 3  # functions that hand SQL on to one another
_ELEMENTS: Final = 200  # of a loop over what is written down


class Run(NamedTuple):
    """A text that is run. ``dialect`` is empty where nothing says it. ``order`` is its place in the module."""

    order: int
    text: Text
    dialect: str
    scope: Scope
    unit: Unit
    schema: str = ""  # that the call itself names
    reads_variables: bool = False  # frames of the program are tables under the names of their variables


class Module:
    """A module that was read. ``unresolved``: lines of calls that surely run SQL, of which nothing is known."""

    def __init__(self, tree: ast.Module, data: bytes, lines: Lines, others: Others, dialect: str = "") -> None:
        self.places = Places(data)
        self.lines = lines
        self.index = Index(tree)
        self.followed = Followed(self.index, others)
        self.values = Values(self.followed, lines)
        self.unresolved: list[int] = []
        self._given: dict[tuple[Scope, int], list[Mapping[str, Bound]]] = {}
        self._generators: dict[int, list[ast.comprehension]] = {}  # by the order of their statement
        self._calls_of: dict[int, list[ast.Call]] = {}  # by the order of their statement
        self._callers: dict[Scope, list[tuple[ast.Call, Unit, bool]]] = {}
        self._dialects = dialects_of_imports(self.index)
        self._imported = next(iter(self._dialects)) if len(self._dialects) == 1 else dialect

    # ------------------------------------------------------------------ what is run

    def calls(self, more: Iterable[int] = ()) -> Iterator[tuple[ast.Call, Unit]]:
        """The calls that may run SQL or name tables, and those on ``more`` lines, in the order in which they are written."""
        for unit in self.units((*self.places.calls(), *more)):
            for call in self.calls_of(unit):
                yield call, unit

    def calls_of(self, unit: Unit) -> list[ast.Call]:
        """The calls of a statement, which several ask for."""
        known = self._calls_of.get(unit.order)
        if known is None:
            known = self._calls_of[unit.order] = calls_in(unit.expressions)
        return known

    def resolve(self, line: int) -> None:
        """What the call on that line runs is known after all."""
        self.unresolved = [other for other in self.unresolved if other != line]

    def units(self, lines: Iterable[int]) -> list[Unit]:
        """The statements on these lines, in their order."""
        found = {id(u): u for line in sorted(set(lines)) for u in self.index.at(line)}
        return sorted(found.values(), key=lambda u: u.order)

    def runs_of(self, call: ast.Call, unit: Unit) -> Iterator[Run]:
        """The texts of SQL that a call runs."""
        name = _last(call.func)
        if OPERATOR.match(name):
            arguments = [k.value for k in call.keywords if k.arg in OPERATOR_KEYWORDS]
            arguments += self._query_of_job(call, unit)
            common = False
        else:
            takes = SQL_CALLS.get(name)
            view = self._query_of_view(call, unit) if name == "create_table" else None
            if view is not None:
                yield from self._runs_of_argument(call, view, unit, common=True)
            if takes is None:
                return
            argument = argument_of(call, self._position(call, takes.position, unit), KEYWORDS)
            arguments = [argument] if argument is not None else []
            common = takes.common
        for argument in arguments:
            yield from self._runs_of_argument(call, argument, unit, common=common)

    def _position(self, call: ast.Call, position: int, unit: Unit) -> int:
        """Where its SQL stands; connectorx has the address in front of it."""
        if not _last(call.func).startswith("read_sql"):
            return position
        return 1 if self.followed.origin(call.func, context_of(unit)).startswith("connectorx.") else position

    def _query_of_view(self, call: ast.Call, unit: Unit) -> ast.expr | None:
        """``view.view_query = "SELECT ..."; client.create_table(view)`` of BigQuery."""
        of = call.args[0] if call.args else None
        if not isinstance(of, ast.Name):
            return None
        names = (f"{of.id}.view_query", f"{of.id}.mview_query")
        return next((b.node for n in names for b in unit.scope.reaching(n, unit.order, unit.path)), None)

    def _query_of_job(self, call: ast.Call, unit: Unit) -> list[ast.expr]:
        """``configuration={"query": {"query": ...}}`` of BigQuery's jobs."""
        node = next((k.value for k in call.keywords if k.arg == "configuration"), None)
        for _ in range(2):
            bound = self.followed.one(node, context_of(unit)) if node is not None else None
            given = bound.thing if bound is not None else None
            if not isinstance(given, ast.Dict):
                return []
            pairs = zip(given.keys, given.values, strict=True)
            node = next((v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "query"), None)
        return [node] if node is not None else []

    def _runs_of_argument(self, call: ast.Call, argument: ast.expr, unit: Unit, *, common: bool) -> Iterator[Run]:
        found: dict[tuple[str, int, int], Text] = {}
        unknown = False
        params = self._params(call, unit)
        for written in self.texts(argument, unit):
            text = self.values.rendered(written, params) if params else written
            shown = text.text
            if not shown.strip(GAP + " \n\t\r;"):
                unknown = unknown or GAP in shown
            elif is_path(shown.strip()):
                content = self.followed.others.text(known_path(shown.strip()))
                if content is not None:
                    found[content, 0, 0] = all_at(Text(content), Mark(0, *self.lines.start(argument)))
            elif is_statement(shown) or (not common and begins_as_sql(shown) and self._is_database(call, unit)):
                place = text.marks[0] if text.marks else None
                found.setdefault((shown, place.line if place else 0, place.column if place else 0), text)
            else:
                unknown = unknown or shown.lstrip().startswith(GAP)
        if unknown and not found and (self._surely_runs(call, unit) if common else self._is_database(call, unit)):
            self.unresolved.append(call.lineno)
        if found:
            dialect = self._dialect(call, unit)
            for text in found.values():
                yield Run(
                    unit.order,
                    text,
                    dialect,
                    unit.scope,
                    unit,
                    self._schema(call, dialect, unit),
                    self._variables(call, dialect, unit),
                )

    def _params(self, call: ast.Call, unit: Unit) -> Mapping[str, Text]:
        """What an operator of Airflow gives its templates: ``params={"table": "t"}``."""
        node = next((k.value for k in call.keywords if k.arg == "params"), None)
        if node is None or not OPERATOR.match(_last(call.func)):
            return {}
        found = self.values.entries(node, context_of(unit))
        texts = {
            f"params.{name}": self.values.texts(b.thing, b.context)
            for name, b in found.items()
            if isinstance(b.thing, ast.expr)
        }
        return {name: of[0] for name, of in texts.items() if len(of) == 1 and of[0].known}

    def _variables(self, call: ast.Call, dialect: str, unit: Unit) -> bool:
        if dialect == DUCKDB or _last(call.func) == "sqldf":
            return True
        return self.followed.origin(call.func, context_of(unit)).startswith("polars.")

    def _schema(self, call: ast.Call, dialect: str, unit: Unit) -> str:
        """The schema that the call's tables are in, with its catalog: Athena's ``database=``, the default dataset of BigQuery's
        job configurations."""
        context = context_of(unit)
        given = {k.arg: k.value for k in call.keywords if k.arg}
        found: Bound | None = None
        if dialect == ATHENA and "database" in given:
            found = Bound(given["database"], context)
        elif dialect == ATHENA and "QueryExecutionContext" in given:
            found = self.values.entry(given["QueryExecutionContext"], "Database", context)
        elif dialect == BIGQUERY and "job_config" in given:
            config = self.followed.one(given["job_config"], context)
            named = config.thing.keywords if isinstance(config.thing, ast.Call) else []
            found = next((Bound(k.value, config.context) for k in named if k.arg == "default_dataset"), None)
        if found is None or not isinstance(found.thing, ast.expr):
            return ""
        texts = self.values.texts(found.thing, found.context)
        return texts[0].text if len(texts) == 1 and texts[0].known else ""

    def _surely_runs(self, call: ast.Call, unit: Unit) -> bool:
        """Is what others call so, too, surely SQL here, whatever its text? ``spark.sql(q)``, ``bigquery.Client().query(q)``."""
        name = _last(call.func)
        if not isinstance(call.func, ast.Attribute) or name not in RUNS_SQL:
            return False
        origin = self.followed.origin(call.func.value, context_of(unit))
        return dialect_of_module(origin) is not None or (name == "sql" and self._is_database(call, unit))

    def _is_database(self, call: ast.Call, unit: Unit) -> bool:
        """Is it surely a database's call? By the import that its receiver comes from, or by what that is called."""
        name = _last(call.func)
        if OPERATOR.match(name) or name.startswith(
            ("read_sql", "read_database", "exec_driver", "executem", "executes")
        ):
            return True
        if not isinstance(call.func, ast.Attribute):
            return False
        origin = self.followed.origin(call.func.value, context_of(unit))
        return dialect_of_module(origin) is not None or CURSORS.search(_last(_innermost(call.func.value))) is not None

    # ------------------------------------------------------------------ texts

    def texts(self, node: ast.expr, unit: Unit) -> list[Text]:
        """The texts that it may be: for each element of the loops around it, and for each way to call its function."""
        own = [t for c in self.contexts(unit, {}) for t in self._each(node, c)]
        if not any(t.parameters for t in own):
            return own
        called = [
            text
            for given in self._givens(unit.scope, 0)
            for context in self.contexts(unit, given)
            for text in self._each(node, context)
        ]
        if not called:
            known = [t for t in own if not t.parameters]
            return known or own
        return [t for t in called if not t.parameters] or called

    def _each(self, node: ast.expr, context: Context) -> list[Text]:
        """The texts of one argument; of a list, those of its elements."""
        self.followed.asking = True
        bound = self.followed.all(node, context)
        self.followed.asking = False
        if len(bound) == 1 and isinstance(bound[0].thing, ast.List | ast.Tuple):
            where = bound[0].context
            elements = [e.elts[0] if isinstance(e, ast.Tuple) and e.elts else e for e in bound[0].thing.elts]
            found = [text for e in elements for text in self.values.texts(e, where)]
            return self.values.across(found, node, context, where)
        return self.values.texts(node, context)

    @staticmethod
    def context(unit: Unit) -> Context:
        """Where a statement stands."""
        return context_of(unit)

    def contexts_of(self, unit: Unit) -> list[Context]:
        """The places of a statement: for each element of the loops around it, and each way to call its function."""
        givens = self._givens(unit.scope, 0) or [{}]
        return [c for given in givens for c in self.contexts(unit, given)]

    def contexts(self, unit: Unit, given: Mapping[str, Bound]) -> list[Context]:
        """The places of a statement: one for each element of the loops around it that are written down."""
        contexts = [context_of(unit, given)]
        for step in unit.path:
            loop = self.index.loops.get(step) if step % ROLES == LOOP else None
            if loop is None or loop.scope is not unit.scope or not isinstance(loop.statement, ast.For | ast.AsyncFor):
                continue
            target, of = loop.statement.target, loop.statement.iter
            more: list[Context] = []
            for context in contexts:
                self.followed.asking = True
                items = self.followed.items(of, context_of(loop, context.given))[:_ELEMENTS]
                self.followed.asking = False
                more.extend(context.having(names_of(target, item)) for item in items)
                if not items:
                    more.append(context)
            contexts = more[:_ELEMENTS]
        for generator in self._generators_of(unit):
            contexts = [inner for c in contexts for inner in self._elements(generator, c)][:_ELEMENTS]
        return contexts

    def _elements(self, generator: ast.comprehension, context: Context) -> list[Context]:
        self.followed.asking = True
        items = self.followed.items(generator.iter, context)[:_ELEMENTS]
        self.followed.asking = False
        return [context.inside(names_of(generator.target, item)) for item in items] or [context]

    def _generators_of(self, unit: Unit) -> list[ast.comprehension]:
        """What the comprehensions of a statement go over in which something is called."""
        if unit.order not in self._generators:
            around = [n for e in unit.expressions for n in comprehensions_in(e)]
            self._generators[unit.order] = [
                g for n in around for g in n.generators if isinstance(n.elt, ast.Call | ast.Await)
            ]
        return self._generators[unit.order]

    def _givens(self, scope: Scope, depth: int) -> list[Mapping[str, Bound]]:
        """What the parameters of a function are, for each call of it in this module."""
        if not scope.is_function or not scope.parameters or depth > _DEEP:
            return []
        if (scope, depth) not in self._given:
            self._given[scope, depth] = []  # it may call itself
            ways = self._ways_to_call(scope, depth)
            self._given[scope, depth] = self._of_heirs(scope, ways) or ways
        return self._given[scope, depth]

    def _of_heirs(self, scope: Scope, ways: Sequence[Mapping[str, Bound]]) -> list[Mapping[str, Bound]]:
        """The ways to call a method of a class that others come from: with an object of each."""
        heirs = self.followed.heirs(scope.of_class) if scope.of_class is not None else []
        objects: list[Mapping[str, Bound]] = [{SELF: Bound(heir, Context(heir, END))} for heir in heirs]
        found: list[Mapping[str, Bound]] = [{**which, **way} for which in objects for way in ways or [{}]]
        return found[:_CALLERS]

    def _ways_to_call(self, scope: Scope, depth: int) -> list[Mapping[str, Bound]]:
        out: list[Mapping[str, Bound]] = []
        for call, unit, bound in self.callers(scope):
            outer = self._givens(unit.scope, depth + 1) if unit.scope is not scope else []
            for given in outer or [{}]:
                for context in self.contexts(unit, given):
                    out.append(self._arguments(scope, call, context, bound=bound))
                    if len(out) >= _CALLERS:
                        return out
        return out

    def _arguments(self, scope: Scope, call: ast.Call, context: Context, *, bound: bool) -> Mapping[str, Bound]:
        if OPERATOR.match(_last(call.func)):  # PythonOperator(python_callable=f, op_kwargs={...})
            given = next((k.value for k in call.keywords if k.arg == "op_kwargs"), None)
            whole = self.followed.one(given, context) if given is not None else None
            if whole is None or not isinstance(whole.thing, ast.Dict):
                return {}
            pairs = zip(whole.thing.keys, whole.thing.values, strict=True)
            return {str(k.value): Bound(v, whole.context) for k, v in pairs if isinstance(k, ast.Constant)}
        if _last(call.func) == "foreachBatch" and isinstance(call.func, ast.Attribute):
            names = list(scope.parameters)[1 if bound else 0 :]
            return {names[0]: Bound(call.func.value, context)} if names else {}
        return self.followed.arguments(scope, call, context, bound=bound)

    def callers(self, scope: Scope) -> list[tuple[ast.Call, Unit, bool]]:
        """The calls of a function in this module; whether its first parameter is the object."""
        if scope not in self._callers:
            found: list[tuple[ast.Call, Unit, bool]] = []
            self._callers[scope] = found
            name = scope.name.rpartition(".")[2]
            for unit in self.units(self.places.name(name)):
                for call in self.calls_of(unit):
                    bound = self._calls(call, unit, scope, name)
                    if bound is not None:
                        found.append((call, unit, bound))
        return self._callers[scope]

    def _calls(self, call: ast.Call, unit: Unit, scope: Scope, name: str) -> bool | None:
        """Does it call this function, and is the first parameter the object then? None: it does not."""
        method = scope.parent is not None and scope.parent.is_class
        static = any(_last(d) == "staticmethod" for d in _decorators(scope))
        context = context_of(unit)
        if OPERATOR.match(_last(call.func)):
            handed = next((k.value for k in call.keywords if k.arg == "python_callable"), None)
            return False if handed is not None and self.followed.one(handed, context).thing is scope else None
        if _last(call.func) == "foreachBatch" and call.args:
            return method if self.followed.one(call.args[0], context).thing is scope else None
        if _last(call.func) != name:
            return None
        if not method:
            return False if self.followed.one(call.func, context).thing is scope else None
        if method_called(self.followed, call, context) is scope:
            return not static
        if isinstance(call.func, ast.Attribute) and name not in SQL_CALLS:
            receiver = self.followed.one(call.func.value, context).thing
            if isinstance(receiver, Unknown) and sum(s.name.endswith(f".{name}") for s in self.index.scopes) == 1:
                return not static
        return None

    # ------------------------------------------------------------------ dialects

    def _dialect(self, call: ast.Call, unit: Unit) -> str:
        """Whose SQL a call takes: by where its receiver comes from, what it is called, or what the module imports."""
        return self.dialect_of(call, context_of(unit))

    def dialect_of(self, call: ast.Call, context: Context) -> str:
        """See :meth:`_dialect`. On Databricks, Spark's SQL is its own."""
        found = self._dialect_at(call, context)
        return DATABRICKS if found == SPARK and DATABRICKS in (self._imported, *self._dialects) else found

    def _dialect_at(self, call: ast.Call, context: Context) -> str:
        name = _last(call.func)
        if OPERATOR.match(name):
            return dialect_of_word(name) or self._dialect_of_connection(call) or self._imported
        if name == SQL_CELL:
            return (
                next(
                    (dialect_of_word(str(k.value.value)) for k in call.keywords if isinstance(k.value, ast.Constant)),
                    "",
                )
                or self._imported
            )
        parts = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        parts += [k.value for k in call.keywords if k.arg in ("con", "conn", "connection", "engine", "uri", "conn_id")]
        parts += call.args[1:2] if name.startswith("read_") else []
        for part in parts:
            found = self._dialect_of(part, context)
            if found:
                return found
        of_function = self.followed.origin(call.func, context)
        return (dialect_of_module(of_function) or "") or self._imported

    def _dialect_of(self, node: ast.expr, context: Context) -> str:
        """The dialect of a connection, engine, cursor or address."""
        origin = self.followed.origin(node, context)
        found = dialect_of_module(origin) if origin else None
        if found:
            return found
        if origin.startswith("sqlalchemy") or "engine" in origin or not origin:
            address = self._address(node, context)
            if address:
                return address
        return dialect_of_word(_last(node)) or (SPARK if _last(node) in SESSIONS else "")

    def _address(self, node: ast.expr, context: Context, depth: int = 0) -> str:
        """The dialect of the address that an engine was made with."""
        bound = self.followed.one(node, context)
        if isinstance(bound.thing, ast.Call) and depth < 6:
            call = bound.thing
            if (
                _last(call.func) in ("create_engine", "create_async_engine", "connect", "URL", "create", "Database")
                and call.args
            ):
                return self._address(call.args[0], bound.context, depth + 1)
            if isinstance(call.func, ast.Attribute):
                return self._address(call.func.value, bound.context, depth + 1)
            return ""
        if isinstance(bound.thing, ast.Constant | ast.JoinedStr | ast.BinOp):
            return dialect_of_address(self.values.texts(bound.thing, bound.context)[0].text)
        return ""

    def _dialect_of_connection(self, call: ast.Call) -> str:
        for keyword in call.keywords:
            if keyword.arg is not None and keyword.arg.endswith("conn_id"):
                named = keyword.value.value if isinstance(keyword.value, ast.Constant) else ""
                found = dialect_of_word(keyword.arg) or dialect_of_word(str(named))
                if found:
                    return found
        return ""


def dialects_of_imports(index: Index) -> set[str]:
    """The dialects of the drivers that a module imports."""
    dotted = [
        str(b.extra)
        for scope in index.scopes
        for found in scope.bindings.values()
        for b in found
        if b.kind is Kind.IMPORT
    ]
    return {d for name in dotted if (d := dialect_of_module(name))}


def argument_of(call: ast.Call, position: int, keywords: Iterable[str]) -> ast.expr | None:
    """An argument by its position, else by one of its keywords."""
    if position < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args[: position + 1]):
        return call.args[position]
    known = tuple(keywords)
    return next((k.value for k in call.keywords if k.arg in known), None)


def context_of(unit: Unit, given: Mapping[str, Bound] | None = None) -> Context:
    return Context(unit.scope, unit.order, unit.path, given or {})


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return _last(node.func)
    return node.id if isinstance(node, ast.Name) else ""


def _innermost(node: ast.expr) -> ast.expr:
    """Without the calls and awaits around it."""
    while isinstance(node, ast.Call | ast.Await):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node


def _decorators(scope: Scope) -> list[ast.expr]:
    return [] if isinstance(scope.node, ast.Module) else scope.node.decorator_list
