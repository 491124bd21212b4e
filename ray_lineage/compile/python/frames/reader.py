"""Which frame is an expression? Sources, methods and functions of the libraries, followed through the names of a module."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ray_lineage.compile.python.follow import Bound, Context, Followed, Imported
from ray_lineage.compile.python.frames import glue, pandas, spark
from ray_lineage.compile.python.frames.columns import Columns, Place
from ray_lineage.compile.python.frames.frame import (
    IDENTITY,
    Column,
    Frame,
    Library,
    Use,
    select,
    stacked,
    table,
    unknown,
)
from ray_lineage.compile.python.frames.readers import NameOf, RunSql
from ray_lineage.compile.python.libraries import DATABRICKS, DUCKDB, SNOWFLAKE, SPARK
from ray_lineage.compile.python.scopes import Binding, Kind, Scope, Unit
from ray_lineage.compile.python.statements import is_name, is_statement
from ray_lineage.compile.python.texts import GAP, Text, plain, replaced
from ray_lineage.compile.python.values import Values, is_of_dataset, method_called

_DEEP: Final = 200
"""Steps of one chain, which are followed one inside the other."""

_PANDAS_READS: Final = frozenset(
    ("read_sql", "read_sql_query", "read_gbq", "read_sql_table", "read_database", "read_database_uri")
)
_CHUNKS: Final = _PANDAS_READS | {
    "fetch_pandas_batches",
    "to_pandas_batches",
    "get_df_by_chunks",
    "get_pandas_df_by_chunks",
}
"""What may give a frame after the other."""

_UNIONS: Final = frozenset({"union", "unionAll", "unionByName", "union_all", "union_by_name", "union_all_by_name"})
_LIBRARIES: Final = {
    SPARK: Library.SPARK, DATABRICKS: Library.SPARK, "": Library.SPARK, SNOWFLAKE: Library.SNOWPARK, DUCKDB: Library.DUCKDB,
}  # fmt: skip
_POLARS: Final = "polars."
_PANDAS: Final = ("pandas.", "pd.", "awswrangler.")
_VIEWS: Final = ("write", "writeStream", "na", "iloc", "loc", "T")
_HANDS: Final = frozenset(
    [
        "df",
        "fetchdf",
        "fetch_df",
        "fetchall",
        "to_df",
        "to_pandas",
        "toPandas",
        "toDF",
        "to_dataframe",
        "pl",
        "fetch_arrow_table",
        "arrow",
        "to_arrow",
        "collect",
        "lazy",
        "to_polars",
        "from_pandas",
        "from_arrow",
        "createDataFrame",
        "create_dataframe",
        "DataFrame",
        "LazyFrame",
        "result",
    ]
)
"""They hand a result on as another kind of frame."""


class FrameReader:
    """The frames of one module."""

    def __init__(
        self,
        followed: Followed,
        values: Values,
        run_sql: RunSql,
        name_of: NameOf,
        dialect_of: Callable[[ast.Call, Context], str],
    ) -> None:
        self.followed = followed
        self.values = values
        self.run_sql = run_sql
        self.name_of = name_of
        self.dialect_of = dialect_of
        self.depth = 0
        self._known: dict[
            object, tuple[ast.expr, Context, Frame | None]
        ] = {}  # with what its key was made of, so that it lives
        self.spark_columns = Columns(self, str.lower)
        self.pandas_columns = Columns(self, str)

    # ------------------------------------------------------------------ what lowering asks

    def text(self, node: ast.expr, context: Context) -> Text | None:
        """The one text that it is, if all of it is known."""
        found = self.values.texts(node, context)
        return found[0] if len(found) == 1 and found[0].known else None

    def texts_of(self, node: ast.expr, context: Context) -> list[str] | None:
        """A name, or the names of a list that is written down; None where one is not known."""
        one = self.text(node, context)
        if one is not None:
            return [one.text]
        items = self.followed.items(node, context)
        found = [self.text(i.thing, i.context) for i in items if isinstance(i.thing, ast.expr)]
        return [t.text for t in found if t is not None] if found and all(found) else None

    def key(self, node: ast.expr, context: Context) -> int:
        return id(self.followed.one(node, context).thing)

    def columns_of(self, frame: Frame) -> Columns:
        """Who lowers the expressions of its library."""
        return self.pandas_columns if frame.library in (Library.PANDAS, Library.POLARS) else self.spark_columns

    def sql_columns(self, text: Text, frame: Frame) -> list[Column] | None:
        return spark.sql_columns(self.run_sql, text, frame)

    # ------------------------------------------------------------------ one expression

    def frame(self, node: ast.expr, context: Context) -> Frame | None:
        """The frame that an expression is; None: it is none that we know of."""
        key = id(node), id(context.scope), context.order, context.path, id(context.given)
        known = self._known.get(key)
        if known is not None:
            return known[2]
        if self.depth >= _DEEP or not self.followed.spend():
            return None
        self.depth += 1
        try:
            found = self._frame(node, context)
            self._known[key] = node, context, found
            return found
        except RecursionError:
            return None
        finally:
            self.depth -= 1

    def _frame(self, node: ast.expr, context: Context) -> Frame | None:
        if isinstance(node, ast.Name):
            changed = self._changed_in_place(node, context)
            if changed is not None:
                return changed
        found: list[Frame] = []
        for bound in self.followed.all(node, context):
            frame = self._bound(bound)
            if frame is not None:
                key = id(bound.thing)
                found.append(frame._replace(named={**frame.named, key: frame.root}, sure=frame.sure and bound.sure))
        if not found:
            return self._chunk(node, context) if isinstance(node, ast.Name) else None
        return found[0] if len(found) == 1 else stacked(found, by_name=True)._replace(sure=False)

    def _chunk(self, node: ast.Name, context: Context) -> Frame | None:
        """``for chunk in pd.read_sql(query, con, chunksize=1000)``: each is a frame of the same columns."""
        for binding in context.scope.reaching(node.id, context.order, context.path)[:1]:
            if binding.kind is not Kind.ITEM or binding.node is None or binding.unpack:
                return None
            inside = Context(binding.scope, binding.order, binding.path, context.given)
            made = self.followed.one(binding.node, inside)
            if isinstance(made.thing, ast.Call) and _last(made.thing.func) in _CHUNKS:
                return self.frame(made.thing, made.context)
        return None

    def _bound(self, bound: Bound) -> Frame | None:
        thing = bound.thing
        if isinstance(thing, ast.Call):
            return self._call(thing, bound.context)
        if isinstance(thing, ast.Subscript):
            return pandas.subscript(self, thing, bound.context)
        if isinstance(thing, ast.Attribute):
            inner = self.frame(thing.value, bound.context)
            if inner is None or thing.attr in ("columns", "schema", "dtypes", "shape", "empty", "index"):
                return None
            return inner if thing.attr in _VIEWS else unknown(inner.library, [inner]) if thing.attr == "rdd" else None
        return None

    def _changed_in_place(self, node: ast.Name, context: Context) -> Frame | None:
        """pandas: ``df["c"] = ...``, ``df.rename(..., inplace=True)`` after the frame was made."""
        scope: Scope | None = context.scope
        if scope is None or node.id in context.given:
            return None
        bindings = scope.reaching(node.id, context.order, context.path)
        if not bindings or bindings[0].kind is not Kind.KEY:
            return None
        last = bindings[0]
        before = self.frame(node, Context(scope, last.order, last.path, context.given))
        if before is None:
            return None
        return self._with_key(before, last, node, context)

    def _with_key(self, frame: Frame, binding: Binding, node: ast.Name, context: Context) -> Frame:
        inside = Context(binding.scope, binding.order, binding.path, context.given)
        key, value = binding.extra, binding.node
        if isinstance(key, ast.Call) and isinstance(key.func, ast.Attribute):
            return self._method(frame, key.func.attr, key, inside) or frame
        names = self.texts_of(key, inside) if isinstance(key, ast.expr) else None
        if names is None or value is None:
            return unknown(frame.library, [frame])
        named = {**frame.named, self.key(node, inside): frame.root}
        return pandas.with_column(self, frame._replace(named=named), names, value, inside)

    def _call(self, call: ast.Call, context: Context) -> Frame | None:
        source = self._source(call, context)
        if source is not None:
            return source
        function = call.func
        if isinstance(function, ast.Attribute):
            name = function.attr
            frame = self.frame(function.value, context)
            if frame is not None:
                return self._method(frame, name, call, context)
        return self._function(call, context)

    def _method(self, frame: Frame, name: str, call: ast.Call, context: Context) -> Frame | None:
        if name in _HANDS and not call.args:
            library = Library.PANDAS if name in ("toPandas", "to_pandas", "df", "fetchdf") else frame.library
            return frame._replace(library=library)
        methods = pandas.METHODS if frame.library == Library.PANDAS else spark.METHODS
        method = (glue.METHODS.get(name) if frame.library == Library.SPARK else None) or methods.get(name)
        if method is None:
            if name in pandas.NO_FRAMES:
                return None
            others = [f for a in call.args if (f := self.frame(a, context)) is not None]
            return unknown(frame.library, [frame, *others])
        result = method(self, frame, call, context)
        return result if result is not None else unknown(frame.library, [frame])

    # ------------------------------------------------------------------ where frames come from

    def _source(self, call: ast.Call, context: Context) -> Frame | None:
        name = _last(call.func)
        if name in _PANDAS_READS:
            return self._read_sql(call, name, context)
        if name in (
            "sql",
            "execute",
            "query",
            "query_df",
            "sql_query",
            "sqldf",
            "__sql_cell__",
            "fetchdf",
            "execute_query",
            "get_pandas_df",
            "get_df",
        ):
            argument = self._first(call, ("query", "sql", "sqlQuery"))
            return self._of_sql(argument, call, context) if argument is not None else None
        if name == "table" and isinstance(call.func, ast.Attribute) and call.args:
            if is_of_dataset(self.followed, call, context):
                return None
            return self._table(call, call.args[0], context)
        if name in ("forName", "read_table", "read", "read_stream") and call.args:
            return self._named_source(call, name, context)
        if name in ("ref", "source", "resolve_table") and isinstance(call.func, ast.Attribute) and call.args:
            return self._model(call, name, context)
        if name in ("from_options", "create_dynamic_frame_from_options"):
            return self._of_options(call, context)
        if name == "read_parquet_table":
            return self._of_catalog(call, context)
        if name in ("load", "jdbc"):
            return spark.loaded(self, call, context)
        if name in ("from_catalog", "create_dynamic_frame_from_catalog"):
            return self._of_catalog(call, context)
        return None

    def _read_sql(self, call: ast.Call, name: str, context: Context) -> Frame | None:
        of_address = self.followed.origin(call.func, context).startswith("connectorx.")
        argument = self._first(call, ("sql", "query", "query_or_table", "table_name", "table"), 1 if of_address else 0)
        library = Library.POLARS if name.startswith("read_database") else Library.PANDAS
        if argument is None:
            return unknown(library)
        if name != "read_sql_table":
            found = self._of_sql(argument, call, context)
            if found is not None:
                return found._replace(library=library)
        schema = next((k.value for k in call.keywords if k.arg == "schema"), None)
        found = self._table(call, argument, context, schema)
        columns = next((k.value for k in call.keywords if k.arg == "columns"), None)
        names = self.texts_of(columns, context) if columns is not None else None
        if found is None or names is None:
            return found or unknown(library)
        return select(found, [Column(n, (Use(-1, n, IDENTITY),), call.lineno) for n in names])

    @staticmethod
    def _first(call: ast.Call, keywords: Sequence[str], position: int = 0) -> ast.expr | None:
        if position < len(call.args):
            return call.args[position]
        return next((k.value for k in call.keywords if k.arg in keywords), None)

    def _of_sql(self, argument: ast.expr, call: ast.Call, context: Context) -> Frame | None:
        found: list[Frame] = []
        for written in self.values.texts(argument, context):
            text = _with_names(written, call)
            if not is_statement(text.text):
                continue
            dialect = self.dialect_of(call, context)
            statement = self.run_sql(text, dialect)
            if statement is None or statement.root < 0:
                continue
            sure = text.sure and not statement.possible
            found.append(Frame(statement.relations, statement.root, self.library_of(call, context), sure=sure))
        if not found:
            return None
        return found[0] if len(found) == 1 else stacked(found, by_name=True)._replace(sure=False)

    def library_of(self, call: ast.Call, context: Context) -> Library:
        """Whose frames a call gives."""
        origin = self.followed.origin(call.func, context)
        dialect = self.dialect_of(call, context)
        if origin.startswith(_POLARS):
            return Library.POLARS
        if origin.startswith(_PANDAS) or _last(call.func).startswith(("read_sql", "read_gbq", "get_")):
            return Library.PANDAS
        return _LIBRARIES.get(dialect, Library.PANDAS)

    def _table(
        self, call: ast.Call, argument: ast.expr, context: Context, schema: ast.expr | None = None
    ) -> Frame | None:
        dialect = self.dialect_of(call, context)
        library = self.library_of(call, context)
        texts = self.texts_of(argument, context)
        if texts is not None and len(texts) > 1:  # Snowpark: session.table(["db", "schema", "t"])
            name = self.name_of(Text(".".join(texts)), dialect)
            return table(name, call.lineno, library) if name else unknown(library)
        found: list[Frame] = []
        for text in self.values.texts(argument, context):
            if not text.known and not text.text.strip(GAP):
                continue
            whole = text
            if schema is not None:
                front = self.text(schema, context)
                whole = Text(f"{front.text if front else GAP}.{text.text}", text.marks)
            name = self.name_of(whole, dialect)
            if name and (is_name(text.text.replace(GAP, "x")) or ":" in text.text or "-" in text.text):
                found.append(table(name, call.lineno, library)._replace(sure=text.sure and whole.known))
        if not found:
            return unknown(library)
        return found[0] if len(found) == 1 else stacked(found, by_name=True)._replace(sure=False)

    def _named_source(self, call: ast.Call, name: str, context: Context) -> Frame | None:
        origin = self.followed.origin(call.func, context)
        if name == "forName" and len(call.args) > 1:
            return self._table(call, call.args[1], context)
        if name in ("read", "read_stream", "read_table") and origin.partition(".")[0] in ("dlt", "dp"):
            return self._table(call, call.args[0], context)
        return None

    def _model(self, call: ast.Call, name: str, context: Context) -> Frame | None:
        """``dbt.ref("x")``, ``dbt.source("s", "x")``."""
        texts = [self.text(a, context) for a in call.args]
        known = [t.text for t in texts if t is not None]
        if len(known) < len(texts) or _last(call.func.value if isinstance(call.func, ast.Attribute) else call) not in (
            "dbt",
            "context",
        ):
            return None
        parts = known[-1:] if name == "ref" else known
        dataset = self.name_of(Text(".".join(parts)), "")
        return table(dataset, call.lineno, self.library_of(call, context)) if dataset else None

    def _of_catalog(self, call: ast.Call, context: Context) -> Frame | None:
        """Glue's ``create_dynamic_frame.from_catalog(database, table_name)``."""
        named = dict(zip(("database", "table_name"), call.args, strict=False))
        named |= {k.arg: k.value for k in call.keywords if k.arg}
        given = {key: self.text(node, context) for key, node in named.items()}
        if isinstance(call.func, ast.Attribute) and _last(call.func.value) == "write_dynamic_frame":
            return None
        database, name = given.get("database"), given.get("table_name")
        if name is None:
            return unknown(Library.SPARK)
        text = Text(f"{database.text}.{name.text}" if database else f"{GAP}.{name.text}")
        return table(self.name_of(text, SPARK), call.lineno, Library.SPARK)

    def _of_options(self, call: ast.Call, context: Context) -> Frame | None:
        """Glue's ``create_dynamic_frame.from_options(connection_options={"dbtable": "s.t"})``."""
        given = {k.arg: k.value for k in call.keywords if k.arg}
        if "connection_options" not in given or "frame" in given:
            return None
        for key in ("query", "dbtable", "table"):
            entry = self.values.entry(given["connection_options"], key, context)
            if entry is not None and isinstance(entry.thing, ast.expr):
                kind = self.text(given["connection_type"], context) if "connection_type" in given else None
                text = self.values.texts(entry.thing, entry.context)[0]
                return spark.of_text(self, text, kind.text if kind else "", call.lineno)
        return unknown(Library.SPARK)

    # ------------------------------------------------------------------ functions

    def _function(self, call: ast.Call, context: Context) -> Frame | None:
        name = _last(call.func)
        if name == "concat" and call.args:
            frames = [
                self.frame(i.thing, i.context)
                for i in self.followed.items(call.args[0], context)
                if isinstance(i.thing, ast.expr)
            ]
            known = [f for f in frames if f is not None]
            if frames and len(known) == len(frames):
                return stacked(known, by_name=True)
            return unknown(Library.PANDAS, known) if known else None
        if name == "reduce" and len(call.args) > 1:
            return self._reduced(call, context)
        if name == "merge" and len(call.args) > 1 and (left := self.frame(call.args[0], context)) is not None:
            rest = ast.copy_location(ast.Call(call.func, call.args[1:], call.keywords), call)
            return self._method(left, "merge", rest, context)
        if name in _HANDS and call.args:
            return self.frame(call.args[0], context)
        if name == "apply" and isinstance(call.func, ast.Attribute) and _last(call.func.value) in glue.CLASSES:
            return self._transformed(glue.CLASSES[_last(call.func.value)], call, context)
        own = self._own_function(call, context)
        if own is not None:
            return own
        frames_ = [f for a in call.args if (f := self.frame(a, context)) is not None]
        return unknown(frames_[0].library, frames_) if frames_ else None

    def _reduced(self, call: ast.Call, context: Context) -> Frame | None:
        """``reduce(DataFrame.unionByName, frames)``, ``reduce(lambda a, b: a.union(b), frames)``."""
        items = self.followed.items(call.args[1], context)
        found = [self.frame(i.thing, i.context) for i in items if isinstance(i.thing, ast.expr)]
        known = [f for f in found if f is not None]
        how = self.followed.one(call.args[0], context).thing
        step = how.body if isinstance(how, ast.Lambda) else how
        method = _last(step.func if isinstance(step, ast.Call) else step) if isinstance(step, ast.expr) else ""
        if not known or len(known) < len(found) or method not in _UNIONS:
            return unknown(known[0].library, known) if known else None
        return stacked(known, by_name="ame" in method)

    def _transformed(self, method: str, call: ast.Call, context: Context) -> Frame | None:
        """``ApplyMapping.apply(frame=frame, mappings=m)`` of Glue."""
        node = self.argument(call, 0, "frame")
        frame = self.frame(node, context) if node is not None else None
        if frame is None:
            return None
        rest = ast.copy_location(ast.Call(call.func, call.args[1:], call.keywords), call)
        return self._method(frame, method, rest, context)

    def _own_function(self, call: ast.Call, context: Context) -> Frame | None:
        """A function of this module that returns a frame."""
        method = method_called(self.followed, call, context)
        found = self.followed.one(call.func, context)
        if method is None and isinstance(found.thing, ast.Lambda):
            names = [a.arg for a in found.thing.args.args]
            values = {n: Bound(a, context) for n, a in zip(names, call.args, strict=False)}
            return self.frame(found.thing.body, found.context.inside(values))
        scope = method if method is not None else found.thing
        if not isinstance(scope, Scope) or not scope.is_function or len(scope.returns) != 1:
            return None
        value, order, path = scope.returns[0]
        given = self.followed.arguments(scope, call, context, bound=method is not None)
        return self.frame(value, Context(scope, order, path, given))

    def place(self, frame: Frame, context: Context, *, names: bool = True) -> Place:
        return Place(frame, context, names)

    def argument(self, call: ast.Call, position: int, name: str) -> ast.expr | None:
        if position < len(call.args):
            return call.args[position]
        return next((k.value for k in call.keywords if k.arg == name), None)

    def variables(self, unit: Unit) -> Iterator[str]:
        """Names that may hold frames where a statement stands."""
        scope: Scope | None = unit.scope
        while scope is not None:
            yield from scope.bindings
            scope = scope.parent

    def is_imported(self, node: ast.expr, context: Context) -> bool:
        return isinstance(self.followed.one(node, context).thing, Imported)


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _with_names(text: Text, call: ast.Call) -> Text:
    """Frames that a text is given by name are tables of these names: ``spark.sql("... {df}", df=df)``."""
    for keyword in call.keywords:
        if keyword.arg and f"{{{keyword.arg}}}" in text.text:
            text = replaced(text, f"{{{keyword.arg}}}", plain(keyword.arg, call.lineno, call.col_offset + 1))
    return text


def frames_of_context(followed: Followed, node: ast.expr, context: Context) -> Iterator[tuple[str, ast.expr, Context]]:
    """The frames that polars' ``SQLContext(frames={"name": df}, name=df)`` knows."""
    bound = followed.one(node, context)
    if not isinstance(bound.thing, ast.Call) or _last(bound.thing.func) != "SQLContext":
        return
    given = [k.value for k in bound.thing.keywords if k.arg == "frames"] or bound.thing.args[:1]
    for frames in given:
        pairs = followed.one(frames, bound.context)
        if isinstance(pairs.thing, ast.Dict):
            for key, value in zip(pairs.thing.keys, pairs.thing.values, strict=True):
                if isinstance(key, ast.Constant):
                    yield str(key.value), value, pairs.context
    for keyword in bound.thing.keywords:
        if keyword.arg and keyword.arg != "frames":
            yield keyword.arg, keyword.value, bound.context
