"""What the methods of frames ask of the reader of frames, which is above them; and the options of readers and writers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Protocol

from ray_lineage.compile.python.follow import Context, Followed
from ray_lineage.compile.python.frames.columns import Columns, Place
from ray_lineage.compile.python.frames.frame import Column, Frame
from ray_lineage.compile.python.texts import Text
from ray_lineage.compile.python.values import Values
from ray_lineage.model import Name, StatementFacts

RunSql = Callable[[Text, str], StatementFacts | None]
"""A text and a dialect -> its last statement that is a query."""

NameOf = Callable[[Text, str], Name]
"""The dataset that a text names, in a dialect; empty: it names none that is known."""


class Frames(Protocol):
    """Who knows the frames of a module (:class:`ray_lineage.compile.python.frames.reader.FrameReader`)."""

    followed: Followed
    values: Values
    run_sql: RunSql
    name_of: NameOf

    def text(self, node: ast.expr, context: Context) -> Text | None:
        """The one text that it is, if all of it is known."""
        ...

    def texts_of(self, node: ast.expr, context: Context) -> list[str] | None:
        """A name, or the names of a list that is written down; None where one is not known."""
        ...

    def frame(self, node: ast.expr, context: Context) -> Frame | None:
        """The frame that an expression is; None: it is none that we know of."""
        ...

    def columns_of(self, frame: Frame) -> Columns:
        """Who lowers the expressions of its library."""
        ...

    def sql_columns(self, text: Text, frame: Frame) -> list[Column] | None:
        """The columns of a select list in SQL over a frame."""
        ...

    def place(self, frame: Frame, context: Context, *, names: bool = True) -> Place:
        """Where expressions over a frame stand."""
        ...

    def argument(self, call: ast.Call, position: int, name: str) -> ast.expr | None:
        """An argument of a call, by its position or name."""
        ...


def options_of(node: ast.expr, frames: Frames, context: Context) -> Mapping[str, Text]:
    """``.option("dbtable", ...)``, ``.options(dbtable=...)`` of a reader or writer, and ``format`` and ``mode``; the last one
    of a name counts."""
    out: dict[str, Text] = {}
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Call):
            _options_of_call(out, node, frames, context)
            node = node.func
        else:
            node = node.value
    return out


def _options_of_call(out: dict[str, Text], call: ast.Call, frames: Frames, context: Context) -> None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in ("option", "format", "mode") and call.args:
        key = frames.text(call.args[0], context) if name == "option" else Text(name)
        if key is not None:
            out.setdefault(key.text.lower(), frames.values.texts(call.args[-1], context)[0])
    for keyword in call.keywords:
        if keyword.arg:
            out.setdefault(keyword.arg.lower(), frames.values.texts(keyword.value, context)[0])
            continue
        given = frames.followed.one(keyword.value, context)
        if isinstance(given.thing, ast.Dict):
            for key_, value in zip(given.thing.keys, given.thing.values, strict=True):
                if isinstance(key_, ast.Constant):
                    out.setdefault(str(key_.value).lower(), frames.values.texts(value, given.context)[0])
