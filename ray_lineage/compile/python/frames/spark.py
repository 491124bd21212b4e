"""The methods of Spark's data frames, and of those that are made after them (Snowpark, polars, DuckDB's relations)."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ray_lineage.compile.python.follow import Context
from ray_lineage.compile.python.frames.frame import (
    FILTER,
    GROUP,
    MANY,
    SORT,
    SUMMED,
    Column,
    Frame,
    Join,
    Library,
    Use,
    columns_of,
    joined,
    kind_of_join,
    select,
    stacked,
    star,
    suffixed,
    table,
    unknown,
)
from ray_lineage.compile.python.frames.readers import Frames, options_of
from ray_lineage.compile.python.libraries import BIGQUERY, SPARK, dialect_of_address, dialect_of_word
from ray_lineage.compile.python.texts import GAP, Text, concat
from ray_lineage.model import STAR, Alias, Output, Ref, Select, SetOp, StatementFacts

Method = Callable[[Frames, Frame, ast.Call, Context], Frame | None]
_FRAME: Final = "__frame__"


def sql_columns(run_sql: Callable[[Text, str], StatementFacts | None], text: Text, frame: Frame) -> list[Column] | None:
    """The columns of a select list in SQL over a frame."""
    statement = run_sql(concat([Text("SELECT "), text, Text(f"\n FROM {_FRAME}")]), SPARK)
    if statement is None or statement.root < 0:
        return None
    root = statement.relations[statement.root]
    if not isinstance(root, Select) or len(root.sources) != 1 or root.subqueries:
        return None
    return [c for o in root.outputs if (c := _column(o, frame)) is not None]


def _column(output: Output, frame: Frame) -> Column | None:
    if output.star:
        return Column(STAR, (), output.line)
    uses = tuple(_use(r, frame) for r in output.refs)
    return Column(output.name, uses, output.line, output.expression)


def _use(ref: Ref, frame: Frame) -> Use:
    return Use(-1, ref.name, ref.how)


# --------------------------------------------------------------------------- methods


def _select(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    place = frames.place(frame, context)
    columns = frames.columns_of(frame).all(call.args, place)
    named = _named_columns(frames, frame, call, context)
    if columns is None or named is None:
        return None
    return select(frame, [*columns, *named])


def _named_columns(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> list[Column] | None:
    """``name=expression``, as polars has it."""
    lower = frames.columns_of(frame)
    out: list[Column] = []
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        found = lower.one(keyword.value, frames.place(frame, context))
        out.append((found or Column(None, ()))._replace(name=lower.fold(keyword.arg), line=keyword.value.lineno))
    return out


def _select_expr(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    out: list[Column] = []
    for argument in call.args:
        texts = frames.texts_of(argument.value if isinstance(argument, ast.Starred) else argument, context)
        one = frames.text(argument, context) if not isinstance(argument, ast.Starred) else None
        for text in [one] if one is not None else [Text(t) for t in texts or ()]:
            found = frames.sql_columns(text, frame)
            if found is None:
                return None
            out.extend(found)
        if texts is None and one is None:
            return None
    return select(frame, out)


def _with_column(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    if len(call.args) < 2:
        return None
    name = frames.text(call.args[0], context)
    if name is None:
        return None
    lower = frames.columns_of(frame)
    found = lower.one(call.args[1], frames.place(frame, context)) or Column(None, ())
    column = found._replace(name=lower.fold(name.text), line=call.args[1].lineno)
    return adding(frame, [column])


def adding(frame: Frame, columns: Sequence[Column]) -> Frame:
    """All columns of a frame, and these, some of which may take the place of one."""
    names = [c.name for c in columns if c.name is not None]
    return select(frame, columns, star=star(frame.root, names))


def _with_columns(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    lower = frames.columns_of(frame)
    place = frames.place(frame, context)
    out = _named_columns(frames, frame, call, context)
    if out is None:
        return None
    given = frames.followed.one(call.args[0], context) if len(call.args) == 1 else None
    if given is not None and isinstance(given.thing, ast.Dict):
        inside = place._replace(context=given.context)
        for key, value in zip(given.thing.keys, given.thing.values, strict=True):
            name = frames.text(key, given.context) if key is not None else None
            if name is None:
                return None
            found = lower.one(value, inside) or Column(None, ())
            out.append(found._replace(name=lower.fold(name.text), line=value.lineno))
    elif call.args:
        columns = lower.all(call.args, place)
        if columns is None:
            return None
        out.extend(columns)
    return adding(frame, out)


def _renamed(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """``withColumnRenamed(old, new)``, ``withColumnsRenamed({old: new})``, polars' and Snowpark's ``rename``."""
    fold = frames.columns_of(frame).fold
    pairs: dict[str, str] = {}
    if len(call.args) >= 2:
        texts = [frames.text(a, context) for a in call.args[:2]]
        if texts[0] is None or texts[1] is None:
            return None
        pairs[fold(texts[0].text)] = fold(texts[1].text)
    elif call.args:
        given = frames.followed.one(call.args[0], context)
        if not isinstance(given.thing, ast.Dict):
            return None
        for key, value in zip(given.thing.keys, given.thing.values, strict=True):
            old, new = (frames.text(n, given.context) if n is not None else None for n in (key, value))
            if old is None or new is None:
                return None
            pairs[fold(old.text)] = fold(new.text)
    return select(frame, [], star=star(frame.root, (), pairs))


def _drop(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    columns = frames.columns_of(frame).all(call.args, frames.place(frame, context))
    if columns is None:
        return None
    uses = [u for c in columns for u in c.uses]
    if any(u.relation >= 0 and u.relation != frame.root for u in uses):  # of one side of a join
        root = frame.relations[frame.root]
        if not isinstance(root, Select) or len(frame.relations) > MANY:
            return None
        gone = {(u.relation, u.name) for u in uses}
        outputs = tuple(_without(o, gone) for o in root.outputs)
        changed = Select(
            root.sources, outputs, root.influences, root.parent, root.merged, root.lateral, root.subqueries
        )
        return frame._replace(relations=(*frame.relations[: frame.root], changed, *frame.relations[frame.root + 1 :]))
    return select(frame, [], star=star(frame.root, [u.name for u in uses]))


def _without(output: Output, gone: set[tuple[int, str]]) -> Output:
    if not output.star or not output.refs:
        return output
    names = tuple(name for relation, name in gone if relation == output.refs[0].relation)
    return star(output.refs[0].relation, (*output.excluded, *names), output.renamed) if names else output


def _filter(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    lower = frames.columns_of(frame)
    place = frames.place(frame, context)
    uses: list[Use] = []
    for argument in call.args:
        text = frames.text(argument, context)
        if text is not None:
            found = frames.sql_columns(text, frame)
            uses.extend(u for c in found or () for u in c.uses)
        else:
            uses.extend(lower.uses(argument, place._replace(names=False), 0) or ())
    return select(frame, [], star=star(frame.root), influences=[(u, FILTER) for u in uses])


def _sorted(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    columns = frames.columns_of(frame).all(call.args, frames.place(frame, context)) or ()
    return select(frame, [], star=star(frame.root), influences=[(u, SORT) for c in columns for u in c.uses])


def _same(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    return frame


def _aliased(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    name = frames.text(call.args[0], context) if call.args else None
    if name is None:
        return frame
    return frame._replace(named={**frame.named, name.text.lower(): frame.root})


def _group(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    columns = frames.columns_of(frame).all(call.args, frames.place(frame, context))
    return None if columns is None else frame._replace(grouped=tuple(columns))


def _aggregate(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    lower = frames.columns_of(frame)
    keys = frame.grouped or ()
    out: list[Column] | None
    given = frames.followed.one(call.args[0], context) if len(call.args) == 1 else None
    if given is not None and isinstance(given.thing, ast.Dict):
        out = []
        for key, value in zip(given.thing.keys, given.thing.values, strict=True):
            column, function = (frames.text(n, given.context) if n is not None else None for n in (key, value))
            if column is None or function is None:
                return None
            out.append(_summed(function.text, lower.fold(column.text), value.lineno))
    else:
        out = lower.all(call.args, frames.place(frame, context))
        named = _named_columns(frames, frame, call, context)
        if out is None or named is None:
            return None
        out = [*out, *named]
    influences = [(u, GROUP) for k in keys for u in k.uses]
    return select(frame, [*keys, *out], influences=influences)


def _summed(function: str, column: str, line: int) -> Column:
    if column == STAR:
        return Column("count(1)", (), line)
    return Column(f"{function}({column})", (Use(-1, column, SUMMED),), line)


def _short_aggregate(name: str) -> Method:
    """``groupBy(...).sum("a")``, ``.count()``."""

    def aggregate(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
        if frame.grouped is None:
            return None
        keys = frame.grouped
        influences = [(u, GROUP) for k in keys for u in k.uses]
        if name == "count" and not call.args:
            return select(frame, [*keys, Column("count", (), call.lineno)], influences=influences)
        columns = frames.columns_of(frame).all(call.args, frames.place(frame, context))
        if not columns:
            return None
        spark_name = {"mean": "avg"}.get(name, name)
        out = [_summed(spark_name, c.name or "", call.lineno) for c in columns]
        return select(frame, [*keys, *out], influences=influences)

    return aggregate


def _join(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    if not call.args:
        return None
    right = frames.frame(call.args[0], context)
    if right is None:
        return None
    sure = frame.sure and right.sure
    on = frames.argument(call, 1, "on")
    how = frames.argument(call, 2, "how") or next((k.value for k in call.keywords if k.arg == "join_type"), None)
    kind = frames.text(how, context) if how is not None else None
    side = kind_of_join(kind.text) if kind is not None else Join.LEFT
    fold = frames.columns_of(frame).fold
    keys = [fold(k) for k in (frames.texts_of(on, context) or ())] if on is not None else []
    if frame.library is Library.POLARS:  # what both sides have is called so of the right one
        text = next((frames.text(k.value, context) for k in call.keywords if k.arg == "suffix"), None)
        right = suffixed(right, set(columns_of(frame) or ()) - set(keys), text.text if text else "_right")
    relations, relation, named = joined(frame, right, keys, [], side)
    if len(relations) > MANY:
        return unknown(frame.library, [frame, right])
    at = len(relations)
    if on is not None and not keys:
        both = Frame((*relations, relation), at, frame.library, named)
        used = frames.columns_of(frame).uses(on, frames.place(both, context, names=False), 0) or []
        used = used or [
            u
            for e in _elements(on)
            for u in frames.columns_of(frame).uses(e, frames.place(both, context, names=False), 0) or ()
        ]
        _, relation, _ = joined(frame, right, keys, [u for u in used if u.relation >= 0], side)
    return Frame((*relations, relation), at, frame.library, named, sure)


def _elements(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.List | ast.Tuple) else []


def _union(*, by_name: bool) -> Method:
    def union(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
        other = frames.frame(call.args[0], context) if call.args else None
        return stacked([frame, other], by_name=by_name) if other is not None else None

    return union


def _difference(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """The values are those of the first one."""
    other = frames.frame(call.args[0], context) if call.args else None
    if other is None:
        return None
    both = stacked([frame, other], by_name=False)
    last = both.relations[both.root]
    if not isinstance(last, SetOp):
        return both
    relation = SetOp(last.branches[:1], False, last.branches[1:])
    return both._replace(relations=(*both.relations[:-1], relation))


def _to_df(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """``toDF("a", "b")``: new names by position."""
    if not call.args:
        return frame
    given = [a.value if isinstance(a, ast.Starred) else a for a in call.args]
    names = [t for a in given for t in (frames.texts_of(a, context) or [GAP])]
    if GAP in names or len(frame.relations) > MANY:
        return None
    relation = Alias(frame.root, tuple(frames.columns_of(frame).fold(n) for n in names))
    return frame._replace(relations=(*frame.relations, relation), root=len(frame.relations))


def _transform(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """``df.transform(f)`` of a function of this module: ``f(df)``."""
    if not call.args or not isinstance(call.func, ast.Attribute):
        return None
    rest = [*call.args[1:]]
    applied = ast.copy_location(ast.Call(call.args[0], [call.func.value, *rest], call.keywords), call)
    return frames.frame(applied, context)


def loaded(frames: Frames, call: ast.Call, context: Context) -> Frame | None:
    """``read.format(...).option("dbtable", ...).load()``, ``read.jdbc(url, table)``."""
    if not isinstance(call.func, ast.Attribute) or frames.frame(call.func.value, context) is not None:
        return None
    given = options_of(call, frames, context)
    if call.func.attr == "jdbc":
        positional = frames.argument(call, 1, "table")
        name = frames.values.texts(positional, context)[0] if positional is not None else None
        address = frames.argument(call, 0, "url")
        url = frames.values.texts(address, context)[0].text if address is not None else ""
    else:
        name = given.get("query") or given.get("dbtable") or given.get("table")
        if name is None and call.args and given.get("format", Text("")).text == BIGQUERY:
            name = frames.values.texts(call.args[0], context)[0]
        url = given["url"].text if "url" in given else given["format"].text if "format" in given else ""
    if name is None:
        return unknown(Library.SPARK)
    return of_text(frames, name, url, call.lineno)


def of_text(frames: Frames, text: Text, address: str, line: int) -> Frame:
    """A table, a query, or a query in parentheses with an alias, of another database."""
    dialect = dialect_of_address(address) or dialect_of_word(address)
    query = text.text.strip()
    if query.startswith("(") or " " in query:
        shown = concat([Text("SELECT * FROM "), text]) if query.startswith("(") else text
        statement = frames.run_sql(shown, dialect)
        if statement is None or statement.root < 0:
            return unknown(Library.SPARK)
        return Frame(statement.relations, statement.root, Library.SPARK, sure=text.sure and not statement.possible)
    name = frames.name_of(text, dialect)
    return table(name, line, Library.SPARK) if name else unknown(Library.SPARK)


METHODS: Final[Mapping[str, Method]] = {
    "select": _select,
    "selectExpr": _select_expr,
    "select_expr": _select_expr,
    "project": _select_expr,
    **dict.fromkeys(("withColumn", "with_column"), _with_column),
    **dict.fromkeys(("withColumns", "with_columns"), _with_columns),
    **dict.fromkeys(
        ("withColumnRenamed", "withColumnsRenamed", "with_column_renamed", "rename", "rename_field"), _renamed
    ),
    "drop": _drop,
    **dict.fromkeys(("filter", "where"), _filter),
    **dict.fromkeys(("orderBy", "sort", "order_by", "sortWithinPartitions", "order"), _sorted),
    **dict.fromkeys(
        (
            "distinct", "dropDuplicates", "drop_duplicates", "dropDuplicatesWithinWatermark", "unique", "limit", "cache", "persist",
            "unpersist", "repartition", "repartitionByRange", "coalesce", "hint", "checkpoint", "localCheckpoint", "sample", "fillna",
            "fill", "dropna", "drop_nulls", "fill_null", "na", "replace", "observe", "withWatermark", "head", "tail", "collect", "lazy", "clone",
            "cache_result", "toDF_", "to_df", "option", "options", "mode", "format", "partitionBy", "bucketBy", "sortBy", "outputMode",
            "trigger", "queryName", "write", "resolveChoice", "result", "apply_mapping_", "copy", "fetchdf", "using", "tableProperty", "partitionedBy",
        ),
        _same,
    ),
    **dict.fromkeys(("alias", "as_"), _aliased),
    **dict.fromkeys(("groupBy", "groupby", "group_by", "rollup", "cube"), _group),
    **dict.fromkeys(("agg", "aggregate"), _aggregate),
    **{n: _short_aggregate(n) for n in ("count", "sum", "avg", "mean", "min", "max")},
    **dict.fromkeys(("join", "crossJoin", "cross_join", "natural_join"), _join),
    **dict.fromkeys(("union", "unionAll", "union_all"), _union(by_name=False)),
    **dict.fromkeys(("unionByName", "union_by_name", "union_all_by_name", "vstack"), _union(by_name=True)),
    **dict.fromkeys(("subtract", "exceptAll", "except_", "intersect", "intersectAll", "minus"), _difference),
    **dict.fromkeys(("toDF", "to_df"), _to_df),
    **dict.fromkeys(("transform", "pipe"), _transform),
}  # fmt: skip
