"""Calls of other modules' functions that run the text which they are given: ``run_sql(conn, "INSERT ...")``, imported from a module
of helpers. That module is asked for where a text of SQL is handed to something that is imported; what the call runs is what the
helper runs, with the text in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from ray_lineage.compile.positions import Mark
from ray_lineage.compile.python.follow import Bound, Context
from ray_lineage.compile.python.imports import project_names, words
from ray_lineage.compile.python.libraries import KEYWORDS, SQL_CALLS
from ray_lineage.compile.python.module import Module, Run, argument_of, context_of
from ray_lineage.compile.python.scopes import Scope, Unit, calls_in
from ray_lineage.compile.python.statements import begins_as_sql, is_statement
from ray_lineage.compile.python.texts import Text, all_at
from ray_lineage.compile.python.values import method_called

_LITERALS: Final = (ast.Constant, ast.JoinedStr)
_DEEP: Final = 3  # helpers that hand a text on to one another


class _Helper(NamedTuple):
    """A function of another module; ``bound``: its first parameter is the object."""

    scope: Scope
    bound: bool


class Wrappers:
    """The calls of one module that hand texts to functions of others."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self.imported = project_names(module)
        """What the module calls things of other modules."""

    def lines(self) -> Iterator[int]:
        """Those on which there may be one."""
        for name in sorted(self.imported):
            yield from self._module.places.used(name)

    def runs_of(self, call: ast.Call, unit: Unit) -> Iterator[Run]:
        """What a call of another module's function runs of the texts that it is given."""
        if self.imported.isdisjoint(words(call.func)) or not self._is_given_sql(call, unit):
            return
        context = context_of(unit)
        helper = self._helper(call, context)
        if helper is None:
            return
        given = self._module.followed.arguments(helper.scope, call, context, bound=helper.bound)
        for text, dialect in self._runs_inside(helper.scope, given, 0):
            shown = self._in_place(text, call, unit)
            if is_statement(shown.text):
                yield Run(unit.order, shown, dialect or self._module.dialect_of(call, context), unit.scope, unit)

    def _is_given_sql(self, call: ast.Call, unit: Unit) -> bool:
        """Is one of its arguments a statement, as far as this module says?"""
        return next(self._sql(call, unit), None) is not None

    def _sql(self, call: ast.Call, unit: Unit) -> Iterator[tuple[ast.expr, Text]]:
        followed, context = self._module.followed, context_of(unit)
        for node in (*call.args, *(k.value for k in call.keywords)):
            thing = followed.one(node, context).thing
            if isinstance(thing, ast.expr) and begins_as_sql(_beginning(thing)):
                found = self._module.values.texts(node, context)
                yield from ((node, text) for text in found if is_statement(text.text))

    def _helper(self, call: ast.Call, context: Context) -> _Helper | None:
        followed = self._module.followed
        asking, followed.asking = followed.asking, True
        try:
            method = method_called(followed, call, context)
            thing = method if method is not None else followed.one(call.func, context).thing
        finally:
            followed.asking = asking
        if not isinstance(thing, Scope) or not thing.is_function or thing.module is context.scope.module:
            return None
        return _Helper(thing, method is not None and not _is_static(thing))

    def _runs_inside(self, scope: Scope, given: Mapping[str, Bound], depth: int) -> Iterator[tuple[Text, str]]:
        """The texts that a function runs, if its parameters have part in them, and their dialect."""
        index = self._module.followed.others.index_of(scope)
        for unit in index.units if index is not None else ():
            if unit.scope is not scope:
                continue
            for inner in calls_in(unit.expressions):
                context = Context(scope, unit.order, unit.path, given)
                argument = self._argument(inner)
                if argument is not None and self._is_of_parameters(argument, unit):
                    dialect = self._module.dialect_of(inner, context)
                    yield from ((text, dialect) for text in self._module.values.texts(argument, context))
                elif argument is None and depth < _DEEP:
                    yield from self._handed_on(inner, context, depth)

    def _handed_on(self, call: ast.Call, context: Context, depth: int) -> Iterator[tuple[Text, str]]:
        followed = self._module.followed
        method = method_called(followed, call, context)
        thing = method if method is not None else followed.one(call.func, context).thing
        if isinstance(thing, Scope) and thing.is_function and thing is not context.scope:
            bound = method is not None and not _is_static(thing)
            given = followed.arguments(thing, call, context, bound=bound)
            yield from self._runs_inside(thing, given, depth + 1)

    @staticmethod
    def _argument(call: ast.Call) -> ast.expr | None:
        takes = SQL_CALLS.get(_last(call.func))
        return argument_of(call, takes.position, KEYWORDS) if takes is not None else None

    def _is_of_parameters(self, argument: ast.expr, unit: Unit) -> bool:
        """Does what its function is given decide about the text?"""
        found = self._module.values.texts(argument, Context(unit.scope, unit.order, unit.path))
        return any(key.partition(":")[0] == unit.scope.name for text in found for key in text.parameters)

    def _in_place(self, text: Text, call: ast.Call, unit: Unit) -> Text:
        """A text that is handed on as it is stands where it is written, others where the call is."""
        whole = next((own for _, own in self._sql(call, unit) if own.text == text.text), None)
        return whole if whole is not None else all_at(text, Mark(0, *self._module.lines.start(call)))


def _beginning(node: ast.expr) -> str:
    """The literal that a text begins with, as it is written; empty: it begins with something else."""
    while True:
        if isinstance(node, ast.BinOp):
            node = node.left
        elif isinstance(node, ast.JoinedStr) and node.values:
            node = node.values[0]
        elif isinstance(node, ast.Call) and (node.args or isinstance(node.func, ast.Attribute)):
            of_text = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, _LITERALS)
            node = (
                node.func.value if of_text and isinstance(node.func, ast.Attribute) else (node.args or [node.func])[0]
            )
        else:
            return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_static(scope: Scope) -> bool:
    decorators = [] if isinstance(scope.node, ast.Module) else scope.node.decorator_list
    return any(_last(d) == "staticmethod" for d in decorators)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
