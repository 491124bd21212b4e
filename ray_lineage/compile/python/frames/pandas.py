"""The methods of pandas' data frames."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ray_lineage.compile.python.follow import Bound, Context
from ray_lineage.compile.python.frames.frame import (
    FILTER,
    GROUP,
    IDENTITY,
    MANY,
    SUMMED,
    Column,
    Frame,
    Join,
    Use,
    columns_of,
    joined,
    kind_of_join,
    select,
    star,
    suffixed,
    unknown,
)
from ray_lineage.compile.python.frames.readers import Frames
from ray_lineage.model import Alias, Influence, Output, Ref, Select

Method = Callable[[Frames, Frame, ast.Call, Context], Frame | None]

NO_FRAMES: Final = frozenset(
    [
        "show",
        "display",
        "printSchema",
        "info",
        "describe",
        "count",
        "collect_",
        "first",
        "take",
        "isEmpty",
        "items",
        "iterrows",
        "itertuples",
        "to_dict",
        "to_json",
        "to_csv",
        "to_parquet",
        "to_excel",
        "to_markdown",
        "plot",
        "foreach",
        "foreachPartition",
        "explain",
        "createOrReplaceTempView",
        "tolist",
        "iloc",
        "unique",
        "nunique",
    ]
)
"""Their results are no frames."""


def subscript(frames: Frames, node: ast.Subscript, context: Context) -> Frame | None:
    """``df[["a", "b"]]``, ``df[condition]``; ``df["a"]`` is a column, no frame."""
    frame = frames.frame(node.value, context)
    if frame is None:
        return None
    if isinstance(node.slice, ast.Tuple) and isinstance(node.value, ast.Attribute) and node.value.attr == "loc":
        return _located(frames, frame, node, node.slice.elts, context)
    key = frames.followed.one(node.slice, context)
    if frame.grouped is not None:
        names = frames.texts_of(node.slice, context)
        return frame._replace(picked=tuple(names)) if names else None
    if isinstance(key.thing, ast.List):
        names = frames.texts_of(node.slice, context)
        if names is None:
            return unknown(frame.library, [frame])
        return select(frame, [Column(n, (Use(-1, n, IDENTITY),), node.lineno) for n in names])
    if frames.text(node.slice, context) is not None:
        return None
    uses = frames.columns_of(frame).uses(node.slice, frames.place(frame, context, names=False), 0)
    if uses is None:
        return unknown(frame.library, [frame])
    return select(frame, [], star=star(frame.root), influences=[(u, FILTER) for u in uses])


def _located(
    frames: Frames, frame: Frame, node: ast.Subscript, parts: Sequence[ast.expr], context: Context
) -> Frame | None:
    """``df.loc[rows, ["a", "b"]]``; ``df.loc[rows, "a"]`` is a column."""
    which = frames.followed.one(parts[-1], context).thing
    names = frames.texts_of(parts[-1], context) if not isinstance(parts[-1], ast.Slice) else None
    if len(parts) != 2 or names is None or not isinstance(which, ast.List):
        whole = isinstance(parts[-1], ast.Slice) and parts[-1].lower is None and parts[-1].upper is None
        return frame if whole else None if isinstance(which, ast.Constant) else unknown(frame.library, [frame])
    uses: Sequence[Use] = ()
    if not isinstance(parts[0], ast.Slice):
        uses = frames.columns_of(frame).uses(parts[0], frames.place(frame, context, names=False), 0) or ()
    columns = [Column(n, (Use(-1, n, IDENTITY),), node.lineno) for n in names]
    return select(frame, columns, influences=[(u, FILTER) for u in uses])


def with_column(frames: Frames, frame: Frame, names: Sequence[str], value: ast.expr, context: Context) -> Frame:
    """``df["c"] = value``."""
    uses = frames.columns_of(frame).uses(value, frames.place(frame, context, names=False), 0)
    columns = [Column(n, tuple(dict.fromkeys(uses or ())), value.lineno) for n in names]
    return select(frame, columns, star=star(frame.root, names), first=True)


def _assign(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """``assign(c=..., d=lambda x: ...)``: what stands later sees what stands before."""
    result = frame
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        bound = frames.followed.one(keyword.value, context)
        value, inside = bound.thing, bound.context
        if not isinstance(value, ast.expr):
            result = select(result, [Column(keyword.arg, ())], star=star(result.root, [keyword.arg]))
            continue
        if isinstance(value, ast.Lambda):
            arguments = value.args.args
            receiver = call.func.value if isinstance(call.func, ast.Attribute) else value
            if arguments:
                inside = inside.having({arguments[0].arg: Bound(receiver, context)})
            named = {k: v for k, v in result.named.items() if v != frame.root}
            uses = frames.columns_of(result).uses(
                value.body, frames.place(result._replace(named=named), inside, names=False), 0
            )
        else:
            uses = frames.columns_of(result).uses(value, frames.place(result, inside, names=False), 0)
        column = Column(keyword.arg, tuple(dict.fromkeys(uses or ())), keyword.value.lineno)
        result = select(result, [column], star=star(result.root, [keyword.arg]))
    return result


def _pairs(frames: Frames, node: ast.expr, context: Context) -> dict[str, str] | None:
    given = frames.followed.one(node, context)
    if not isinstance(given.thing, ast.Dict):
        return None
    out: dict[str, str] = {}
    for key, value in zip(given.thing.keys, given.thing.values, strict=True):
        old, new = (frames.text(n, given.context) if n is not None else None for n in (key, value))
        if old is None or new is None:
            return None
        out[old.text] = new.text
    return out


def _rename(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    node = next((k.value for k in call.keywords if k.arg in ("columns", "mapper")), None)
    if node is None:
        return frame if call.keywords else None
    pairs = _pairs(frames, node, context)
    return None if pairs is None else select(frame, [], star=star(frame.root, (), pairs))


def _drop(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    node = next((k.value for k in call.keywords if k.arg == "columns"), None)
    if node is None:
        node = frames.argument(call, 0, "labels")
        axis = frames.argument(call, 1, "axis")
        text = frames.text(axis, context) if axis is not None else None
        if text is None or text.text not in ("1", "columns"):
            return frame
    names = frames.texts_of(node, context) if node is not None else None
    return None if names is None else select(frame, [], star=star(frame.root, names))


def _removed(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """``del df["c"]``."""
    names = frames.texts_of(call.args[0], context)
    return None if names is None else select(frame, [], star=star(frame.root, names))


def _inserted(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """``df.insert(0, "c", value)``."""
    names = frames.texts_of(call.args[1], context) if len(call.args) == 3 else None
    return None if names is None else with_column(frames, frame, names, call.args[2], context)


def _relabelled(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """``df.columns = [...]``, ``df.set_axis([...], axis=1)``: new names by position."""
    axis = frames.argument(call, 1, "axis")
    text = frames.text(axis, context) if axis is not None else None
    if axis is not None and (text is None or text.text not in ("1", "columns")):
        return frame
    items = frames.followed.items(call.args[0], context) if call.args else []
    names = [frames.text(i.thing, i.context) for i in items if isinstance(i.thing, ast.expr)]
    known = [n.text for n in names if n is not None]
    if not known or len(known) < len(names) or len(frame.relations) > MANY:
        return None
    relation = Alias(frame.root, tuple(known))
    return Frame((*frame.relations, relation), len(frame.relations), frame.library, sure=frame.sure)


def _same(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    return frame


def _query(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    return select(frame, [], star=star(frame.root))


def _group(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    node = frames.argument(call, 0, "by")
    names = frames.texts_of(node, context) if node is not None else None
    if names is None:
        return None
    return frame._replace(grouped=tuple(Column(n, (Use(-1, n, IDENTITY),), call.lineno) for n in names))


def _aggregate(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    keys = frame.grouped
    if keys is None:
        return None
    out: list[Column] = []
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        pair = frames.followed.one(keyword.value, context)
        thing = pair.thing
        of: ast.expr | None = None
        if isinstance(thing, ast.Tuple) and thing.elts:
            of = thing.elts[0]
        elif isinstance(thing, ast.Call) and _last(thing.func) == "NamedAgg":
            of = frames.argument(thing, 0, "column")
        elif frame.picked:
            out.append(Column(keyword.arg, (Use(-1, frame.picked[0], SUMMED),), keyword.value.lineno))
            continue
        name = frames.text(of, pair.context) if of is not None else None
        if name is None:
            return None
        out.append(Column(keyword.arg, (Use(-1, name.text, SUMMED),), keyword.value.lineno))
    if call.args:
        given = frames.followed.one(call.args[0], context)
        if isinstance(given.thing, ast.Dict):
            for key, value in zip(given.thing.keys, given.thing.values, strict=True):
                name = frames.text(key, given.context) if key is not None else None
                if name is None or isinstance(value, ast.List | ast.Tuple):
                    return None
                out.append(Column(name.text, (Use(-1, name.text, SUMMED),), value.lineno))
        elif frame.picked and frames.text(call.args[0], context) is not None:
            out.extend(Column(n, (Use(-1, n, SUMMED),), call.lineno) for n in frame.picked)
        else:
            return None
    return select(frame, [*keys, *out], influences=[(u, GROUP) for k in keys for u in k.uses])


def _short(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """``groupby(k)["a"].sum()``, ``groupby(k).sum()``."""
    keys = frame.grouped
    if keys is None:
        return None
    if _last(call.func) in ("size", "count") and not frame.picked:
        return select(frame, list(keys), influences=[(u, GROUP) for k in keys for u in k.uses])
    if not frame.picked:
        return None
    out = [Column(n, (Use(-1, n, SUMMED),), call.lineno) for n in frame.picked]
    return select(frame, [*keys, *out], influences=[(u, GROUP) for k in keys for u in k.uses])


def _reset_index(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    return frame


def _merge(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    node = frames.argument(call, 0, "right")
    right = frames.frame(node, context) if node is not None else None
    if right is None:
        return None
    given = {k.arg: frames.texts_of(k.value, context) for k in call.keywords if k.arg}
    on = given.get("on") or (frames.texts_of(call.args[2], context) if len(call.args) > 2 else None)
    left_on, right_on = given.get("left_on"), given.get("right_on")
    keys = on or []
    how = given.get("how")
    suffixes = given.get("suffixes") or ["_x", "_y"]
    shared = set(columns_of(frame) or ()) & set(columns_of(right) or ()) - set(keys)
    if left_on and right_on:
        shared -= {n for n, m in zip(left_on, right_on, strict=False) if n == m}
    if shared and len(suffixes) == 2:
        frame, right = suffixed(frame, shared, suffixes[0]), suffixed(right, shared, suffixes[1])
        left_on, right_on = (
            [n + s if n in shared else n for n in side] if side else side
            for side, s in ((left_on, suffixes[0]), (right_on, suffixes[1]))
        )
    relations, relation, named = joined(frame, right, keys, [], kind_of_join(how[0]) if how else Join.LEFT)
    if len(relations) > MANY or (on is None and left_on is None and "left_index" not in given):
        return unknown(frame.library, [frame, right])
    if left_on and right_on:
        roots = relation.sources
        influences = [Influence(Ref(roots[0], -1, n, 1), 1) for n in left_on]
        influences += [Influence(Ref(roots[1], -1, n, 1), 1) for n in right_on]
        same = [n for n, m in zip(left_on, right_on, strict=False) if n == m]
        outputs: tuple[Output, ...] = (star(roots[0]), star(roots[1], same))
        relation = Select(roots, outputs, tuple(influences))
    sure = frame.sure and right.sure
    return Frame((*relations, relation), len(relations), frame.library, named, sure)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""


def _pipe(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    if not call.args or not isinstance(call.func, ast.Attribute):
        return None
    applied = ast.copy_location(ast.Call(call.args[0], [call.func.value, *call.args[1:]], call.keywords), call)
    return frames.frame(applied, context)


METHODS: Final[Mapping[str, Method]] = {
    "assign": _assign,
    "rename": _rename,
    "__delitem__": _removed,
    "insert": _inserted,
    "set_axis": _relabelled,
    "drop": _drop,
    "query": _query,
    "groupby": _group,
    **dict.fromkeys(("agg", "aggregate"), _aggregate),
    **dict.fromkeys(("sum", "mean", "min", "max", "count", "size", "median", "std", "first", "last", "nunique"), _short),
    "reset_index": _reset_index,
    "merge": _merge,
    "pipe": _pipe,
    **dict.fromkeys(
        (
            "copy", "head", "tail", "sort_values", "drop_duplicates", "fillna", "astype", "dropna", "sort_index", "sample",
            "replace", "convert_dtypes", "infer_objects", "ffill", "bfill", "to_frame", "round", "nlargest", "nsmallest", "interpolate",
        ),
        _same,
    ),
}  # fmt: skip
