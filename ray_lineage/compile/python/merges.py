"""MERGE as a chain of methods: Delta's builder, Spark's ``mergeInto``, Snowpark's ``Table.merge``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ray_lineage.compile.python.follow import Context
from ray_lineage.compile.python.frames.frame import IDENTITY, JOIN, Frame, Library, Use, together
from ray_lineage.compile.python.frames.reader import FrameReader
from ray_lineage.compile.python.libraries import SPARK
from ray_lineage.compile.python.texts import Text, concat
from ray_lineage.model import STAR, Assignment, Influence, Name, Ref, Relation, Select, TableRef

_ALL: Final = ("whenMatchedUpdateAll", "whenNotMatchedInsertAll", "updateAll", "insertAll", "update_all", "insert_all")
_SOME: Final = ("whenMatchedUpdate", "whenNotMatchedInsert", "whenNotMatchedBySourceUpdate", "update", "insert")
_NAMES: Final = re.compile(r"(?:(\w+)\.)?(\w+)\Z")
_PLACES: Final = ("__first__", "__second__")


class Merge(NamedTuple):
    """What a merge writes, as a statement has it."""

    target: Name
    relations: tuple[Relation, ...]
    source: int
    assignments: tuple[Assignment, ...]
    influences: tuple[Influence, ...]
    sure: bool


class _Sides(NamedTuple):
    """The frames of a merge in one arena, and what they are called."""

    both: Frame
    target: int
    source: int
    aliases: dict[str, int]


def read_merge(
    frames: FrameReader, call: ast.Call, steps: list[ast.Call], target: Frame | Name, context: Context
) -> Merge | None:
    """``target.merge(source, condition)`` with the steps that are called on it. None: it is no merge of tables."""
    if isinstance(target, Frame):
        tables = target.tables
        into: Frame = target
        dataset = tables[0].name if len(tables) == 1 else ()
    else:
        dataset, into = target, Frame((TableRef(target, call.lineno),), 0, Library.SPARK)
    source_node = frames.argument(call, 0, "source") if isinstance(target, Frame) else None
    source = frames.frame(source_node, context) if source_node is not None else None
    if not isinstance(target, Frame) and isinstance(call.func, ast.Attribute):
        source = frames.frame(call.func.value, context)
    if not dataset or source is None:
        return None
    relations, roots, named = together([into, source])
    aliases = {k: v for k, v in named.items() if isinstance(k, str)}
    both = Frame((*relations, Select(tuple(roots), ())), len(relations), Library.SPARK, named)
    sides = _Sides(both, roots[0], roots[1], aliases)
    condition = frames.argument(call, 1, "condition") or frames.argument(call, 1, "join_expr")
    influences = [
        Influence(Ref(u.relation, -1, u.name, JOIN), JOIN)
        for u in (_uses(frames, condition, sides, context) if condition is not None else ())
        if u.relation >= 0
    ]
    assignments = tuple(_assignments(frames, [*steps, *_clauses(call)], sides, context))
    return Merge(dataset, tuple(relations), roots[1], assignments, tuple(influences), into.sure and source.sure)


def _clauses(call: ast.Call) -> list[ast.Call]:
    """Snowpark's third argument: ``[when_matched().update({...}), ...]``."""
    if len(call.args) < 3 or not isinstance(call.args[2], ast.List):
        return []
    return [e for e in call.args[2].elts if isinstance(e, ast.Call)]


def _assignments(frames: FrameReader, steps: list[ast.Call], sides: _Sides, context: Context) -> Iterator[Assignment]:
    for step in steps:
        name = step.func.attr if isinstance(step.func, ast.Attribute) else ""
        if name in _ALL:
            yield Assignment(STAR, (Ref(sides.source, -1, STAR, IDENTITY, step.lineno),), step.lineno)
        elif name in _SOME:
            node = next((k.value for k in step.keywords if k.arg in ("set", "values", "assignments")), None)
            node = node or (step.args[-1] if step.args else None)
            given = frames.followed.one(node, context) if node is not None else None
            if given is not None and isinstance(given.thing, ast.Dict):
                yield from _pairs(frames, given.thing, sides, given.context)


def _pairs(frames: FrameReader, node: ast.Dict, sides: _Sides, context: Context) -> Iterator[Assignment]:
    for key, value in zip(node.keys, node.values, strict=True):
        name = _column(frames, key, context)
        if name:
            refs = tuple(
                Ref(u.relation if u.relation >= 0 else sides.source, -1, u.name, u.how, value.lineno)
                for u in _uses(frames, value, sides, context)
            )
            yield Assignment(name, refs, value.lineno)


def _column(frames: FrameReader, node: ast.expr | None, context: Context) -> str:
    text = frames.text(node, context) if node is not None else None
    if text is not None:
        return text.text.rpartition(".")[2].strip("`").lower()
    if isinstance(node, ast.Subscript):
        inner = frames.text(node.slice, context)
        return inner.text.lower() if inner is not None else ""
    return node.attr.lower() if isinstance(node, ast.Attribute) else ""


def _uses(frames: FrameReader, node: ast.expr, sides: _Sides, context: Context) -> list[Use]:
    """The columns of an expression, in SQL or of frames."""
    text = frames.text(node, context) if not isinstance(node, ast.Call) else None
    if text is None:
        place = frames.place(sides.both, context, names=False)
        return frames.spark_columns.uses(node, place, 0) or []
    plain = _NAMES.match(text.text.strip())
    if plain is not None:
        alias, name = plain.groups()
        return [Use(sides.aliases.get((alias or "").lower(), -1), name.lower(), IDENTITY)] if not name.isdigit() else []
    return _uses_of_sql(frames, text, sides)


def _uses_of_sql(frames: FrameReader, text: Text, sides: _Sides) -> list[Use]:
    names = {number: alias for alias, number in sides.aliases.items()}
    froms = ", ".join(
        f"{place} AS {names.get(number, place)}"
        for place, number in zip(_PLACES, (sides.target, sides.source), strict=True)
    )
    statement = frames.run_sql(concat([Text("SELECT "), text, Text(f"\n FROM {froms}")]), SPARK)
    if statement is None or statement.root < 0:
        return []
    root = statement.relations[statement.root]
    if not isinstance(root, Select):
        return []
    of = {
        k: (sides.target, sides.source)[_PLACES.index(r.name[0])]
        for k, r in enumerate(statement.relations)
        if isinstance(r, TableRef) and r.name and r.name[0] in _PLACES
    }
    return [Use(of.get(r.relation, -1), r.name, r.how) for o in root.outputs for r in o.refs]
