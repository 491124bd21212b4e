"""Functions that are tables: Delta Live Tables and pipelines, dbt's and SQLMesh's models in Python."""

from __future__ import annotations

import ast
from typing import Final

from ray_lineage.compile.python.follow import Context
from ray_lineage.compile.python.frames.frame import Frame, Library, unknown
from ray_lineage.compile.python.frames.reader import FrameReader
from ray_lineage.compile.python.libraries import DATABRICKS
from ray_lineage.compile.python.scopes import END, Scope
from ray_lineage.compile.python.tables import Way
from ray_lineage.compile.python.texts import Text
from ray_lineage.compile.python.writes import Written
from ray_lineage.model import Name

_TABLES: Final = ("table", "materialized_view", "create_table", "streaming_table")
_VIEWS: Final = ("view", "temporary_view", "create_view")


class Programs:
    """Says what the functions of one module make. ``model``: what the file's own model is called."""

    def __init__(self, written: Written, frames: FrameReader, model: str) -> None:
        self.written = written
        self.frames = frames
        self.model = model

    def read(self, scope: Scope) -> bool:
        """Look at one function; is it one that makes a table?"""
        node = scope.node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
        for decorator in node.decorator_list:
            if self._decorated(scope, node, decorator):
                return True
        if node.name == "model" and list(scope.parameters)[:1] == ["dbt"] and self.model and scope.returns:
            self._say(scope, node, self._dbt_name(scope), Way.CREATE)
            return True
        return False

    def _decorated(self, scope: Scope, node: ast.FunctionDef | ast.AsyncFunctionDef, decorator: ast.expr) -> bool:
        call = decorator if isinstance(decorator, ast.Call) else None
        function = call.func if call is not None else decorator
        outside = Context(scope.parent or scope, scope.order + 1)
        origin = self.frames.followed.origin(function, outside)
        name = origin.rpartition(".")[2]
        if origin.startswith(("dlt.", "pyspark.pipelines.", "dp.", "databricks.declarative_pipelines.")):
            own = self._keyword(call, "target" if name == "append_flow" else "name", outside) or node.name
            if name in _TABLES or name == "append_flow":
                self._say(
                    scope,
                    node,
                    self.frames.name_of(Text(own), DATABRICKS),
                    Way.CREATE if name in _TABLES else Way.BY_NAME,
                )
                return True
            if name in _VIEWS:
                self._say(scope, node, (own.lower(),), Way.TEMPORARY)
                return True
        if (
            origin in ("sqlmesh.model", "sqlmesh.core.model.model", "sqlmesh.core.model.decorator.model")
            and call is not None
            and call.args
        ):
            text = self.frames.text(call.args[0], outside)
            if text is not None:
                self._say(scope, node, self.frames.name_of(text, ""), Way.CREATE)
                return True
        return False

    def _keyword(self, call: ast.Call | None, name: str, context: Context) -> str:
        for keyword in call.keywords if call is not None else ():
            if keyword.arg == name:
                text = self.frames.text(keyword.value, context)
                return text.text if text is not None else ""
        return ""

    def _dbt_name(self, scope: Scope) -> Name:
        """The file's name, or what ``dbt.config(alias=..., schema=...)`` says."""
        given: dict[str, str] = {}
        for statement in ast.walk(scope.node):
            if (
                isinstance(statement, ast.Call)
                and isinstance(statement.func, ast.Attribute)
                and statement.func.attr == "config"
            ):
                for keyword in statement.keywords:
                    if keyword.arg and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
                        given[keyword.arg] = keyword.value.value
        parts = (given.get("database"), given.get("schema"), given.get("alias") or self.model)
        return self.frames.name_of(Text(".".join(p for p in parts if p)), "")

    def _say(self, scope: Scope, node: ast.FunctionDef | ast.AsyncFunctionDef, target: Name, way: Way) -> None:
        if not target:
            return
        found: list[Frame] = []
        for value, order, path in scope.returns:
            frame = self.frames.frame(value, Context(scope, order, path))
            if frame is not None:
                found.append(frame)
        frame = found[0] if len(found) == 1 else unknown(Library.SPARK, found)
        at = scope.returns[-1][0] if scope.returns else None
        place = ast.copy_location(ast.Name(node.name, ast.Load()), at if at is not None else node)
        self.written.say(place, node.name, way, (target, True), frame)


def in_order(scope: Scope) -> int:
    """When what a function makes is there: behind all that it does."""
    return scope.returns[-1][1] if scope.returns else END
