"""Files of SQL that a program reads: which one, as far as its path is written down."""

from __future__ import annotations

import ast
from typing import Final, Protocol

from ray_lineage.compile.python.follow import Bound, Context, Followed
from ray_lineage.compile.python.statements import is_path
from ray_lineage.compile.python.texts import GAP, Text

_DEEP: Final = 12


class Values(Protocol):
    """Who knows which texts expressions are."""

    followed: Followed

    def texts(self, node: ast.expr, context: Context) -> list[Text]:
        """The texts that it may be, at least one."""
        ...


def path_of(values: Values, node: ast.expr, context: Context) -> str:
    """The path of the file of SQL that a call reads, as seen from one of the folders around; empty: it reads none."""
    return known_path(_path(values, node, context, 0))


def known_path(text: str) -> str:
    """What of a path is known, from the last folder on that is not."""
    shown = text.rpartition(GAP)[2].replace("\\", "/").lstrip("/") if GAP in text else text.replace("\\", "/")
    while shown.startswith("./"):
        shown = shown[2:]
    return shown.lstrip("/") if is_path(shown) else ""


def _path(values: Values, node: ast.expr, context: Context, depth: int) -> str:
    if depth > _DEEP:
        return GAP
    bound = values.followed.one(node, context)
    thing, where = bound.thing, bound.context
    if isinstance(thing, ast.BinOp) and isinstance(thing.op, ast.Div):
        return f"{_path(values, thing.left, where, depth + 1)}/{_path(values, thing.right, where, depth + 1)}"
    if isinstance(thing, ast.Call):
        return _path_of_call(values, thing, bound, depth)
    if isinstance(thing, ast.Attribute):
        return GAP
    return values.texts(node, context)[0].text if isinstance(thing, ast.expr) else GAP


def _path_of_call(values: Values, call: ast.Call, bound: Bound, depth: int) -> str:
    function, context = call.func, bound.context
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    if name in ("join", "joinpath", "Path", "PurePath", "open", "abspath", "realpath", "expanduser", "files", "load_sql", "get_sql",
                "read_sql_file", "read_file", "get_template", "str", "resource_filename", "get_data"):  # fmt: skip
        parts = [_path(values, a, context, depth + 1) for a in call.args]
        if name == "open":
            parts = parts[:1]
        if name in ("joinpath", "open") and isinstance(function, ast.Attribute):
            before = _path(values, function.value, context, depth + 1)
            parts = [before, *(p for p in parts if name == "joinpath")]
        return "/".join(parts) if parts else GAP
    if name in ("read", "read_text", "readlines", "resolve", "absolute", "as_posix") and isinstance(
        function, ast.Attribute
    ):
        return _path(values, function.value, context, depth + 1)
    if isinstance(function, ast.Attribute) and name in ("format", "strip"):
        return values.texts(call, context)[0].text
    return GAP
