"""The program's own parts in the graph: the module and its functions that run something, and who calls whom.

Impact ends at the code that runs it: a statement stands in its function as one of SQL stands in its procedure. A name has one
part (``"etl.load.run"``), so that no table's short name means it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.python.module import Module
from ray_lineage.compile.python.scopes import Scope, calls_in
from ray_lineage.model import Name, dataset_text

_MODULE: Final = ""
"""What the module itself is called within it."""
_PACKAGE: Final = "__init__"
_MAKES: Final = "__init__"
_HANDED_ON: Final = "python_callable"


class _Edge(NamedTuple):
    caller: str
    callee: str
    line: int


def module_name(options: CompileOptions) -> str:
    """The dotted name of a file's module by its path; empty: nobody says where it lies. It has a dot, as no table's name has."""
    if not options.model:
        return ""
    parts = [part for part in options.folder.split("/") if part]
    if options.model != _PACKAGE or not parts:
        parts.append(options.model)
    return ".".join(parts) if len(parts) > 1 else f"{parts[0]}.py"


def place_in_programs(facts: Facts, session: Sequence[str], read: Module, module: str) -> Sequence[str]:
    """Statements stand in functions of the graph: these are declared, and who calls them. The programs of ``session``, as the
    graph calls them."""
    if not facts.statements:
        return session
    scopes = {scope.name: scope for scope in read.index.scopes if scope.is_function}
    inside = {s.procedure for s in facts.statements if s.procedure in scopes or not s.procedure}
    edges = sorted(set(_leading_to(inside, read, scopes)))
    found = sorted({*inside, *(e.caller for e in edges), *(e.callee for e in edges)})
    names = {name: _named(module, name) for name in found}
    texts = {name: dataset_text(names[name]) for name in found}
    facts.rename_programs({name: texts[name] for name in inside})
    for name in found:
        facts.declare(names[name], "Function" if name else "Module", _line(scopes.get(name)))
    for edge in edges:
        facts.call(names[edge.caller], names[edge.callee], edge.line)
    return [texts.get(name, name) for name in (*session, *({_MODULE} & inside))]


def _line(scope: Scope | None) -> int:
    return scope.node.lineno if scope is not None and not isinstance(scope.node, ast.Module) else 1


def _named(module: str, function: str) -> Name:
    return (f"{module.removesuffix('.py')}.{function}" if function else module,)


def _leading_to(inside: set[str], read: Module, scopes: dict[str, Scope]) -> Iterator[_Edge]:
    """The calls that lead to a function that runs something."""
    seen, todo = set(inside), list(inside)
    while todo:
        for edge in _calls_of(todo.pop(), read, scopes):
            yield edge
            if edge.caller not in seen:
                seen.add(edge.caller)
                todo.append(edge.caller)


def _calls_of(callee: str, read: Module, scopes: dict[str, Scope]) -> Iterator[_Edge]:
    """Where a function of the module is called in it."""
    for unit in read.units(_lines_that_name(callee, read)):
        caller = _function_of(unit.scope)
        for call in calls_in(unit.expressions) if caller != callee else ():
            handed = (k.value for k in call.keywords if k.arg == _HANDED_ON)
            if any(_meant(function, unit.scope, scopes) == callee for function in (call.func, *handed)):
                yield _Edge(caller, callee, call.lineno)


def _lines_that_name(function: str, read: Module) -> list[int]:
    """Those on which it may be called; who makes an object is called as its class."""
    of, _, name = function.rpartition(".")
    return (read.places.name(name) if name else []) + (
        read.places.name(of.rpartition(".")[2]) if name == _MAKES else []
    )


def _function_of(scope: Scope) -> str:
    """The function that code of a scope runs in; a class's body runs where it stands."""
    at: Scope | None = scope
    while at is not None and not at.is_function:
        at = at.parent
    return at.name if at is not None else _MODULE


def _meant(function: ast.expr, scope: Scope, scopes: dict[str, Scope]) -> str:
    """The function of the module that is called so there; empty: it is none."""
    if isinstance(function, ast.Name):
        return next((name for name in _around(function.id, scope) if name in scopes), "") or _made(function.id, scopes)
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        owner = function.value.id
        of_class = scope.of_class if owner in ("self", "cls") else None
        name = f"{of_class.name if of_class is not None else owner}.{function.attr}"
        return name if name in scopes else ""
    return ""


def _around(name: str, scope: Scope) -> Iterator[str]:
    """What a name may be called within the module, the nearest first: methods are not seen from inside of their class."""
    at: Scope | None = scope
    while at is not None and at.name:
        if not at.is_class:
            yield f"{at.name}.{name}"
        at = at.parent
    yield name


def _made(name: str, scopes: dict[str, Scope]) -> str:
    """Who makes an object of a class."""
    return f"{name}.{_MAKES}" if f"{name}.{_MAKES}" in scopes else ""
