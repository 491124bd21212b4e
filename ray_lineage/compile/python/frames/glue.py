"""The transforms of AWS Glue's dynamic frames, as methods and as classes: ``frame.apply_mapping(m)``,
``ApplyMapping.apply(frame=frame, mappings=m)``."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from ray_lineage.compile.python.follow import Context
from ray_lineage.compile.python.frames.frame import IDENTITY, Column, Frame, Use, select, star
from ray_lineage.compile.python.frames.readers import Frames
from ray_lineage.compile.python.frames.spark import Method

CLASSES: Final[Mapping[str, str]] = {
    "ApplyMapping": "apply_mapping", "SelectFields": "select_fields", "DropFields": "drop_fields", "RenameField": "rename_field",
    "ResolveChoice": "resolveChoice", "DropNullFields": "resolveChoice", "Filter": "resolveChoice",
}  # fmt: skip
"""The methods that do what the classes do; ``resolveChoice`` keeps all columns."""


def _mapped(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    """Columns are those of the mappings: ``(source, its type, target, its type)``, or ``(source, target)``."""
    node = frames.argument(call, 0, "mappings")
    items = frames.followed.items(node, context) if node is not None else []
    rows = [frames.texts_of(i.thing, i.context) for i in items if isinstance(i.thing, ast.expr)]
    known = [row for row in rows if row is not None and len(row) in (2, 4)]
    if not known or len(known) < len(rows):
        return None
    fold = frames.columns_of(frame).fold
    return select(frame, [Column(fold(r[len(r) // 2]), (Use(-1, fold(r[0]), IDENTITY),), call.lineno) for r in known])


def _paths(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> list[str] | None:
    node = frames.argument(call, 0, "paths")
    names = frames.texts_of(node, context) if node is not None else None
    fold = frames.columns_of(frame).fold
    return [fold(n) for n in names] if names is not None else None


def _selected(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    names = _paths(frames, frame, call, context)
    if names is None:
        return None
    return select(frame, [Column(n, (Use(-1, n, IDENTITY),), call.lineno) for n in names])


def _dropped(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    names = _paths(frames, frame, call, context)
    return select(frame, [], star=star(frame.root, names)) if names is not None else None


def _renamed(frames: Frames, frame: Frame, call: ast.Call, context: Context) -> Frame | None:
    nodes = frames.argument(call, 0, "old_name"), frames.argument(call, 1, "new_name")
    old, new = (frames.text(n, context) if n is not None else None for n in nodes)
    if old is None or new is None:
        return None
    fold = frames.columns_of(frame).fold
    return select(frame, [], star=star(frame.root, (), {fold(old.text): fold(new.text)}))


METHODS: Final[Mapping[str, Method]] = {
    "apply_mapping": _mapped,
    "select_fields": _selected,
    "drop_fields": _dropped,
    "rename_field": _renamed,
}
