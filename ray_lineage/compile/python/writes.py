"""Calls that write frames into tables, or only read or name tables, as statements."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.python.follow import Context
from ray_lineage.compile.python.frames.frame import Frame, Library, is_opaque, table, unknown
from ray_lineage.compile.python.frames.reader import FrameReader
from ray_lineage.compile.python.frames.readers import options_of
from ray_lineage.compile.python.frames.spark import of_text
from ray_lineage.compile.python.libraries import (
    ATHENA,
    BIGQUERY,
    DATABRICKS,
    DUCKDB,
    OPERATOR,
    SESSIONS,
    SPARK,
    dialect_of_module,
    dialect_of_word,
)
from ray_lineage.compile.python.merges import read_merge
from ray_lineage.compile.python.scopes import Unit, calls_in
from ray_lineage.compile.python.statements import is_name, is_path
from ray_lineage.compile.python.tables import (
    DESTINATIONS,
    FLOWS,
    GLUE_WRITES,
    NAMED_READS,
    OPERATORS,
    READS,
    WRITES,
    Way,
    Writes,
)
from ray_lineage.compile.python.texts import GAP, Text, concat, joined
from ray_lineage.compile.python.values import is_of_dataset
from ray_lineage.model import STAR, Assignment, Effect, Local, Name, Ref, Relation, Select, StatementKind, dataset_text

_ENDS_MERGE: Final = ("execute", "merge")
_APPENDS: Final = ("append", "append_only", "into")
_SAVES: Final = ("append", "overwritePartitions", "overwrite")
_KNOWN: Final = frozenset(
    (
        *WRITES,
        *READS,
        "jdbc",
        "save",
        "from_options",
        "from_catalog",
        "from_jdbc_conf",
        "copy_table",
        *FLOWS,
        *GLUE_WRITES,
        "read_sql",
        "merge",
        "mergeInto",
    )
)
_OF_FRAMES: Final = ("jdbc", "save", "merge", "mergeInto")
_CREATES: Final = ("create", "createOrReplace", "replace")


class Written:
    """Says what calls write. ``temporary``: the views of the session, which are added to."""

    def __init__(self, facts: Facts, frames: FrameReader, temporary: set[str]) -> None:
        self.facts = facts
        self.frames = frames
        self.temporary = temporary
        self.unit: Unit | None = None
        self._said: set[object] = set()

    @staticmethod
    def knows(call: ast.Call) -> bool:
        """Is it a call that may write or name tables?"""
        name = _last(call.func)
        return name in _KNOWN or OPERATOR.match(name) is not None

    def view_of(self, name: str, node: ast.expr, context: Context) -> bool:
        """Something of the program that SQL reads as a table of this name, if it is a frame."""
        frame = self.frames.frame(node, context)
        if frame is not None:
            self._view(node, (name.lower(),), frame, sure=frame.sure)
        return frame is not None

    def read(
        self, call: ast.Call, unit: Unit, contexts: Sequence[Context], more: Callable[[], Sequence[Context]]
    ) -> None:
        """Look at one call at its places; ``more`` of them, for each way to call its function, if its table depends on that."""
        name = _last(call.func)
        self.unit = unit
        if unit.scope.parameters and self._depends(call, name, contexts):
            contexts = more() or contexts
        for context in contexts:
            if name in WRITES:
                self._write(call, WRITES[name], name, context)
            elif OPERATOR.match(name):
                self._operator(call, name, context)
            elif name in ("jdbc", "save"):
                self._saved(call, name, context)
            elif name in FLOWS:
                self._flow(call, name, context)
            elif name in ("from_options", "from_catalog", "from_jdbc_conf", *GLUE_WRITES):
                self._glue(call, name, context)
            elif name in ("merge", "mergeInto"):
                self._merged(call, name, context)
            elif name == "copy_table":
                self._copied(call, context)
            elif name in READS or name == "read_sql":
                self._read(call, name, context)

    def _depends(self, call: ast.Call, name: str, contexts: Sequence[Context]) -> bool:
        """Do the parameters of the function around it decide which table it is, or what comes into it?"""
        how = WRITES.get(name)
        if how is None:
            return name in _OF_FRAMES
        frames = [self._frame(call, how, self._shift(call, how, c), c) for c in contexts]
        if how.frame != -2 and any(f is None or is_opaque(f) for f in frames):
            return True
        names = [*call.args[: how.table + 3], *(k.value for k in call.keywords if k.arg in (*how.keywords, how.schema))]
        asked = [n for n in names if isinstance(n, ast.Name | ast.Attribute | ast.JoinedStr | ast.BinOp | ast.Call)]
        return any(t.parameters for n in asked for c in contexts for t in self.frames.values.texts(n, c))

    # ------------------------------------------------------------------ writes

    def _write(self, call: ast.Call, how: Writes, name: str, context: Context) -> None:
        shift = self._shift(call, how, context)
        table_node = self.frames.argument(call, how.table + shift, "") or next(
            (k.value for k in call.keywords if k.arg in how.keywords), None
        )
        frame = self._frame(call, how, shift, context)
        if table_node is None or ((frame is None or how.of) and not self._surely(call, name, context)):
            return
        way = self._way(call, how, context)
        for target in self._targets(call, table_node, how, context, unknown_too=frame is not None):
            self.say(call, name, way, target, frame or unknown(Library.PANDAS))

    def _surely(self, call: ast.Call, name: str, context: Context) -> bool:
        """Is it a call that writes a table, though nothing is known of what it writes?"""
        of = WRITES[name].of
        if name != "register" and not of:
            return True
        value = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        origin = self.frames.followed.origin(value, context)
        return origin.startswith(of) if of else dialect_of_module(origin) == DUCKDB

    def _shift(self, call: ast.Call, how: Writes, context: Context) -> int:
        """``pandas_gbq.to_gbq(df, table)`` and ``wr.redshift.to_sql(df, con, table)`` have the frame first."""
        function = call.func
        if how.frame != -1 or not isinstance(function, ast.Attribute | ast.Name):
            return -1 if self._has_receiver(call, how, context) else 0
        if isinstance(function, ast.Name) or self.frames.is_imported(function.value, context):
            return 1 if _last(function) != "to_sql" else 2
        return 0

    def _has_receiver(self, call: ast.Call, how: Writes, context: Context) -> bool:
        """Snowpark's ``session.write_pandas(df, table)``: there is no connection in front."""
        if _last(call.func) != "write_pandas" or not isinstance(call.func, ast.Attribute):
            return False
        return not self.frames.is_imported(call.func.value, context)

    def _frame(self, call: ast.Call, how: Writes, shift: int, context: Context) -> Frame | None:
        if how.frame == -1 and shift <= 0 and isinstance(call.func, ast.Attribute):
            return self.frames.frame(call.func.value, context)
        if how.frame == -2:
            return None
        position = 0 if how.frame == -1 else how.frame + shift
        node = self.frames.argument(call, position, "df") or next(
            (k.value for k in call.keywords if k.arg in ("dataframe", "data", "python_object")), None
        )
        return self.frames.frame(node, context) if node is not None else None

    def _way(self, call: ast.Call, how: Writes, context: Context) -> Way:
        if how.mode:
            mode = next((k.value for k in call.keywords if k.arg == how.mode), None)
            if mode is None and how.mode == "mode" and isinstance(call.func, ast.Attribute):
                found: Text | None = options_of(call.func.value, self.frames, context).get("mode")
            else:
                found = self.frames.text(mode, context) if mode is not None else None
            if found is not None and found.text.lower() in _APPENDS:
                return Way.BY_NAME
        if _last(call.func) == "writeTo":
            after = self._methods_after(call)
            return Way.CREATE if any(m in _CREATES for m in after) else Way.BY_NAME
        return how.way

    def _methods_after(self, call: ast.Call) -> list[str]:
        return [_last(c.func) for c in self._calls_after(call)]

    def _calls_after(self, call: ast.Call) -> list[ast.Call]:
        """The calls of methods on the result of a call."""
        out: list[ast.Call] = []
        for other in calls_in(self.unit.expressions if self.unit is not None else ()):
            node: ast.expr = other.func
            while isinstance(node, ast.Attribute | ast.Call) and node is not call:
                node = node.value if isinstance(node, ast.Attribute) else node.func
            if node is call and other is not call:
                out.append(other)
        return out

    def _targets(
        self, call: ast.Call, node: ast.expr, how: Writes, context: Context, *, unknown_too: bool
    ) -> list[tuple[Name, bool]]:
        """The tables that a call names, and whether each is surely the one."""
        front = [
            next((k.value for k in call.keywords if k.arg == keyword), None) if keyword else None
            for keyword in (how.database, how.schema)
        ]
        listed = self.frames.texts_of(node, context)
        texts = [Text(".".join(listed))] if listed and len(listed) > 1 else self.frames.values.texts(node, context)
        dialect = self.frames.dialect_of(call, context)
        out: list[tuple[Name, bool]] = []
        for text in texts:
            whole = text
            for part in reversed(front):
                if part is not None:
                    whole = concat([self.frames.values.texts(part, context)[0], Text("."), whole])
            name = self.frames.name_of(whole, dialect)
            if name:
                out.append((name, text.sure and whole.known))
            elif unknown_too:
                self.facts.note(
                    "RL131", "info", "the table that this call writes cannot be told from the file", call.lineno
                )
        return out

    def say(self, call: ast.expr, name: str, way: Way, target: tuple[Name, bool], frame: Frame) -> None:
        dataset, sure = target
        sure = sure and frame.sure
        if way is Way.TEMPORARY:
            self._view(call, dataset, frame, sure=sure)
        elif way in (Way.CREATE, Way.VIEW):
            kind = StatementKind.CREATE_VIEW if way is Way.VIEW else StatementKind.CREATE_TABLE_AS
            number = -1
            if sure and not is_opaque(frame):
                number = self.facts.declare(dataset, "View" if way is Way.VIEW else "Table", call.lineno)
            self.statement(call, kind, frame, dataset, effect=Effect.MAKES, sure=sure, declared=number, name=name)
        elif way is Way.BY_NAME and not is_opaque(frame):
            star = Assignment(STAR, (Ref(frame.root, -1, STAR, 0, call.lineno),), call.lineno)
            self.statement(call, StatementKind.INSERT, frame, dataset, assignments=(star,), sure=sure, name=name)
        else:
            self.statement(call, StatementKind.INSERT, frame, dataset, sure=sure, name=name)

    def _view(self, call: ast.expr, dataset: Name, frame: Frame, *, sure: bool) -> None:
        local = dataset[-1].removeprefix(Local.TABLE)
        self.temporary.add(local)
        target = Local.TABLE.named(local)
        number = self.facts.declare(target, "TempTable", call.lineno, temporary=True)
        self.statement(
            call, StatementKind.CREATE_VIEW, frame, target, effect=Effect.MAKES, sure=sure, declared=number, name=""
        )

    def statement(
        self,
        call: ast.expr,
        kind: StatementKind,
        frame: Frame,
        target: Name,
        *,
        effect: Effect = Effect.CHANGES,
        assignments: tuple[Assignment, ...] = (),
        sure: bool = True,
        declared: int = -1,
        name: str = "",
    ) -> None:
        """What a frame gives comes into a target: a statement at ``call``."""
        first, last = call.lineno, call.end_lineno or call.lineno
        said = (id(call), kind, target, msgspec.msgpack.encode(frame.relations))
        if declared < 0 and said in self._said:
            return
        self._said.add(said)
        relations: tuple[Relation, ...] = frame.relations
        by_name = bool(assignments)
        shown = f"{name}({dataset_text(target)})" if name and target else name
        self.facts.statement(
            kind,
            first,
            last,
            relations,
            -1 if by_name else frame.root,
            target,
            (),
            assignments,
            -1,
            effect,
            (),
            (frame.root,) if by_name else (),
            sql=shown,
            possible=not sure,
            declared=declared,
        )

    # ------------------------------------------------------------------ other forms

    def _saved(self, call: ast.Call, name: str, context: Context) -> None:
        """``write.jdbc(url, table)``, ``write.format("jdbc").option("dbtable", t).save()``."""
        if not isinstance(call.func, ast.Attribute):
            return
        frame = self.frames.frame(call.func.value, context)
        if frame is None:
            return
        given = options_of(call, self.frames, context)
        address = given["url"].text if "url" in given else given["format"].text if "format" in given else ""
        if name == "jdbc":
            node = self.frames.argument(call, 1, "table")
            text = self.frames.values.texts(node, context)[0] if node is not None else None
            first = self.frames.argument(call, 0, "url")
            address = self.frames.values.texts(first, context)[0].text if first is not None else ""
        else:
            text = given.get("dbtable") or given.get("table")
            if text is None and call.args and address == BIGQUERY:
                text = self.frames.values.texts(call.args[0], context)[0]
        if text is None:
            return
        target = of_text(self.frames, text, address, call.lineno).relations[0]
        dataset = getattr(target, "name", ())
        if dataset:
            mode = given.get("mode")
            way = Way.BY_NAME if mode is not None and mode.text == "append" else Way.CREATE
            self.say(call, name, way, (dataset, text.sure and text.known), frame)

    def _glue(self, call: ast.Call, name: str, context: Context) -> None:
        given = {k.arg: k.value for k in call.keywords if k.arg}
        if "frame" not in given:
            if name == "from_catalog":
                self._read(call, name, context)
            return
        frame = self.frames.frame(given["frame"], context) or unknown(Library.SPARK)
        texts = {
            key: self.frames.text(node, context) for key, node in given.items() if key in ("database", "table_name")
        }
        name_text = texts.get("table_name")
        if name_text is None and "connection_options" in given:
            bound = self.frames.followed.one(given["connection_options"], context)
            if isinstance(bound.thing, ast.Dict):
                for key, value in zip(bound.thing.keys, bound.thing.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in ("dbtable", "table"):
                        name_text = self.frames.text(value, bound.context)
        if name_text is None:
            return
        database = texts.get("database")
        whole = Text(f"{database.text}.{name_text.text}") if database is not None else name_text
        dataset = self.frames.name_of(whole, SPARK)
        if dataset:
            self.say(call, name, Way.BY_NAME, (dataset, True), frame)

    def _merged(self, call: ast.Call, name: str, context: Context) -> None:
        steps = self._calls_after(call)
        target: Frame | Name | None
        if name == "mergeInto":
            node = self.frames.argument(call, 0, "table")
            text = self.frames.values.texts(node, context)[0] if node is not None else Text(GAP)
            target = self.frames.name_of(text, SPARK)
        else:
            target = self.frames.frame(call.func.value, context) if isinstance(call.func, ast.Attribute) else None
            if target is None or target.library == Library.PANDAS:
                return
        merge = read_merge(self.frames, call, steps, target, context) if target else None
        if merge is None or not (merge.assignments or any(_last(s.func) in _ENDS_MERGE for s in steps)):
            return
        last = steps[-1] if steps else call
        self.facts.statement(
            StatementKind.MERGE, call.lineno, last.end_lineno or call.lineno, merge.relations, -1, merge.target, (), merge.assignments, -1,
            Effect.CHANGES, merge.influences, (merge.source,), sql=f"{name}({dataset_text(merge.target)})", possible=not merge.sure,
        )  # fmt: skip

    def _flow(self, call: ast.Call, name: str, context: Context) -> None:
        """``dlt.apply_changes(target=, source=)``: the rows of one table are kept up to date in another one."""
        if dialect_of_module(self.frames.followed.origin(call.func, context)) is None:
            return
        given = {k.arg: k.value for k in call.keywords if k.arg}
        target, source = (given.get(k) or self.frames.argument(call, p, k) for p, k in enumerate(("target", "source")))
        names = [
            self.frames.name_of(self.frames.values.texts(n, context)[0], DATABRICKS) if n is not None else ()
            for n in (target, source)
        ]
        if all(names):
            whole = table(names[1], call.lineno, Library.SPARK)
            kept = unknown(Library.SPARK, [whole]) if {"column_list", "except_column_list"} & given.keys() else whole
            self.say(call, name, Way.BY_NAME, (names[0], True), kept)

    def _copied(self, call: ast.Call, context: Context) -> None:
        source, target = self.frames.argument(call, 0, "sources"), self.frames.argument(call, 1, "destination")
        if source is None or target is None:
            return
        dialect = self.frames.dialect_of(call, context) or BIGQUERY
        to = self.frames.texts_of(target, context)
        dataset = self.frames.name_of(Text(to[0]), dialect) if to else ()
        for text in self.frames.texts_of(source, context) or ():
            name = self.frames.name_of(Text(text), dialect)
            if name and dataset:
                self.say(call, "copy_table", Way.BY_NAME, (dataset, True), table(name, call.lineno, Library.SPARK))

    def _operator(self, call: ast.Call, name: str, context: Context) -> None:
        reads, writes = OPERATORS.get(name, ((), ()))
        given = {k.arg: k.value for k in call.keywords if k.arg}
        dialect = dialect_of_word(name) or self.frames.dialect_of(call, context)
        sources = [n for k in reads if k in given for n in self._names(given, k, dialect, context)]
        targets = [n for k in writes if k in given for n in self._names(given, k, dialect, context)]
        if "configuration" in given:
            sources, targets = self._job(given["configuration"], context)
        frames = [table(n, call.lineno, Library.SPARK) for n in sources]
        for target in targets:
            for frame in frames or [unknown(Library.SPARK)]:
                self.say(call, name, Way.BY_NAME, (target, True), frame)
        if not targets:
            for frame in frames:
                self.statement(call, StatementKind.SELECT, _all_of(frame), (), name=name)

    def _names(self, given: dict[str, ast.expr], keyword: str, dialect: str, context: Context) -> list[Name]:
        texts = self.frames.texts_of(given[keyword], context) or [
            t.text for t in self.frames.values.texts(given[keyword], context)
        ]
        schema = given.get("schema")
        front = self.frames.text(schema, context) if schema is not None and "." not in texts[0] else None
        whole = [Text(f"{front.text}.{t}" if front is not None else t) for t in texts]
        return [n for t in whole if (n := self.frames.name_of(t, dialect))]

    def _job(self, node: ast.expr, context: Context) -> tuple[list[Name], list[Name]]:
        """BigQuery's job configurations: ``load`` and ``copy``."""
        sources: list[Name] = []
        targets: list[Name] = []
        for kind in ("load", "copy", "extract"):
            job = self._entry(node, kind, context)
            if job is None:
                continue
            for key, found in (("sourceTable", sources), ("sourceTables", sources), ("destinationTable", targets)):
                entry = self._entry(job[0], key, job[1])
                name = self._reference(*entry) if entry is not None else ()
                if name:
                    found.append(name)
        return sources, targets

    def _entry(self, node: ast.expr, key: str, context: Context) -> tuple[ast.expr, Context] | None:
        bound = self.frames.followed.one(node, context)
        if isinstance(bound.thing, ast.Dict):
            for known, value in zip(bound.thing.keys, bound.thing.values, strict=True):
                if isinstance(known, ast.Constant) and known.value == key:
                    return value, bound.context
        return None

    def _reference(self, node: ast.expr, context: Context) -> Name:
        """``{"projectId": ..., "datasetId": ..., "tableId": ...}``."""
        parts: list[str] = []
        for key in ("projectId", "datasetId", "tableId"):
            entry = self._entry(node, key, context)
            if entry is not None:
                parts.append(self.frames.values.texts(*entry)[0].text)
        return self.frames.name_of(Text(".".join(parts)), BIGQUERY) if len(parts) > 1 else ()

    def destination(self, call: ast.Call, context: Context) -> Name:
        """Where the result of a query goes, by the arguments of the call that runs it."""
        given = {k.arg: k.value for k in call.keywords if k.arg}
        for keyword in DESTINATIONS:
            if keyword in given and OPERATOR.match(_last(call.func)):
                dialect = BIGQUERY if keyword == "destination_dataset_table" else dialect_of_word(keyword)
                return next(iter(self._names(given, keyword, dialect, context)), ())
        if "ctas_table" in given:  # awswrangler's create_ctas_table
            fronts = [given[k] for k in ("ctas_database", "database") if k in given][:1]
            parts = [self.frames.values.texts(n, context)[0] for n in (*fronts, given["ctas_table"])]
            return self.frames.name_of(joined(Text("."), parts), ATHENA)
        if "configuration" in given:
            query = self._entry(given["configuration"], "query", context)
            entry = self._entry(query[0], "destinationTable", query[1]) if query is not None else None
            return self._reference(*entry) if entry is not None else ()
        if _last(call.func) == "bigquery_query" and {"dataset", "table"} <= given.keys():  # Prefect's
            parts = [self.frames.values.texts(given[k], context)[0] for k in ("dataset", "table")]
            return self.frames.name_of(joined(Text("."), parts), BIGQUERY)
        if _last(call.func) == "create_table" and call.args and not given.get("schema"):
            return self.frames.name_of(self.frames.values.texts(call.args[0], context)[0], BIGQUERY)
        if "job_config" in given:
            return self._job_destination(given["job_config"], context)
        return ()

    def _job_destination(self, node: ast.expr, context: Context) -> Name:
        """``QueryJobConfig(destination=...)``, or set later."""
        bound = self.frames.followed.one(node, context)
        target: ast.expr | None = None
        where = bound.context
        if isinstance(node, ast.Name):
            later = context.scope.reaching(f"{node.id}.destination", context.order, context.path)
            if later and later[0].node is not None:
                target, where = later[0].node, Context(later[0].scope, later[0].order, later[0].path, context.given)
        if target is None and isinstance(bound.thing, ast.Call):
            target = next((k.value for k in bound.thing.keywords if k.arg == "destination"), None)
        if target is None:
            return ()
        return self.frames.name_of(self.frames.values.texts(target, where)[0], BIGQUERY)

    def _read(self, call: ast.Call, name: str, context: Context) -> None:
        """A table that is read, whatever becomes of it."""
        if name == "table" and not self._is_read(call, context):
            return
        if name == "read_sql" and not self._is_table(call, context):
            return
        if name in ("extract_table", "list_rows", "add_table_asset"):
            node = next((k.value for k in call.keywords if k.arg in ("table_name", "source", "table")), None)
            node = node or (call.args[0] if call.args and name != "add_table_asset" else None)
            text = self.frames.values.texts(node, context)[0] if node is not None else Text(GAP)
            dataset = self.frames.name_of(text, self.frames.dialect_of(call, context))
            if dataset and "." in text.text + "." * (name == "add_table_asset"):
                self.statement(
                    call, StatementKind.SELECT, _all_of(table(dataset, call.lineno, Library.SPARK)), (), name=name
                )
            return
        how = NAMED_READS.get(name)
        if how is not None:
            node = self.frames.argument(call, how.table, "") or next(
                (k.value for k in call.keywords if k.arg in how.keywords), None
            )
            for target, sure in self._targets(call, node, how, context, unknown_too=False) if node is not None else ():
                read = _all_of(table(target, call.lineno, Library.SPARK))
                self.statement(call, StatementKind.SELECT, read, (), name=name, sure=sure)
            return
        frame = self.frames.frame(call, context)
        if frame is not None and frame.tables:
            self.statement(call, StatementKind.SELECT, _all_of(frame), (), name=name, sure=frame.sure)

    def _is_table(self, call: ast.Call, context: Context) -> bool:
        """pandas reads a whole table if it is given a name."""
        node = self.frames.argument(call, 0, "sql")
        text = self.frames.text(node, context) if node is not None else None
        return text is not None and is_name(text.text) and not is_path(text.text)

    def _is_read(self, call: ast.Call, context: Context) -> bool:
        """Is it ``table`` of a session, and not of anything else that has tables?"""
        if not isinstance(call.func, ast.Attribute) or not call.args:
            return False
        value = call.func.value
        if is_of_dataset(self.frames.followed, call, context):
            return False
        origin = self.frames.followed.origin(value, context)
        if dialect_of_module(origin) is not None:
            return True
        return _last(value) in (
            "read",
            "readStream",
            "session",
            "spark_session",
            *SESSIONS,
        ) and not origin.startswith("rich")


def _all_of(frame: Frame) -> Frame:
    """The frame as the result of a query."""
    outputs = Select((frame.root,), ())
    return frame._replace(relations=(*frame.relations, outputs), root=len(frame.relations))


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
