"""Calls of functions that other modules of the project define, and what these may be called in the graph.

Nothing is looked up: where a module lies is told from where its importer does, as Python finds it (beside it, in a folder around
it, in one of the folders that sources are usually kept in), and linking takes the first of these names that runs something.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Final, NamedTuple

from ray_lineage.compile.python.follow import Context
from ray_lineage.compile.python.libraries import is_library
from ray_lineage.compile.python.module import Module, context_of
from ray_lineage.compile.python.scopes import END, Binding, Kind, Scope, Unit
from ray_lineage.model import Name

HANDED_ON: Final = "python_callable"
"""The argument by which Airflow is given what it calls."""

MAKES: Final = "__init__"
"""Who makes an object; what a package is made of, too."""

_ROOTS: Final = ((), ("src",), ("dags",), ("plugins",), ("lib",))
"""Folders that modules are looked for in, from each folder around."""

_MADE: Final = (Kind.VALUE, Kind.CONTEXT)
_MANY: Final = 400  # calls of other modules, in one file
_DEEP: Final = 8  # parts of a dotted name, steps to what made an object


class Away(NamedTuple):
    """A call of what may be a function of another module. ``callees``: what it may be called, the most likely first."""

    scope: Scope
    callees: tuple[Name, ...]
    line: int


def calls_away(read: Module, names: Set[str], folder: str) -> Iterator[Away]:
    """The calls of imported functions and classes, and of methods of imported classes. ``names``: :func:`project_names`."""
    found = 0
    for unit in read.units(_lines_with_calls(read, names)):
        for call in read.calls_of(unit):
            for dotted in _called(read, call, unit, names):
                yield Away(unit.scope, _places_of(dotted, folder), call.lineno)
                found += 1
                if found >= _MANY:
                    return


def project_names(read: Module) -> Set[str]:
    """What a module calls things that other modules of the project define, and objects of such classes."""
    names = {name for name, dotted in _imported(read) if not is_library(dotted)}
    return names | set(_objects(read, names)) if names else names


def _lines_with_calls(read: Module, names: Iterable[str]) -> Iterator[int]:
    for name in sorted(names):
        yield from read.places.used(name)
    if names:
        yield from read.places.name(HANDED_ON)


def handed_on(read: Module, folder: str) -> Iterator[tuple[str, Away]]:
    """What a package's own module hands on under a name of its own: functions that it imports."""
    for name, bindings in read.index.module.bindings.items():
        dotted = str(bindings[-1].extra)
        if name != "*" and bindings[-1].kind is Kind.IMPORT and not is_library(dotted):
            yield name, Away(read.index.module, _places_of(dotted, folder), 1)


def _imported(read: Module) -> Iterator[tuple[str, str]]:
    for scope in read.index.scopes:
        for name, bindings in scope.bindings.items():
            yield from ((name, str(b.extra)) for b in bindings if b.kind is Kind.IMPORT)


def _objects(read: Module, names: Set[str]) -> Iterator[str]:
    """What objects of imported classes are called: variables, and attributes of ``self``."""
    for scope in read.index.scopes:
        for name, bindings in scope.bindings.items():
            if any(_is_object(read, b, names) for b in bindings):
                yield name.rpartition(".")[2]


def _is_object(read: Module, binding: Binding, names: Set[str]) -> bool:
    node = binding.node
    if binding.kind not in _MADE or not isinstance(node, ast.Call) or not _is_class(node.func):
        return False
    return not names.isdisjoint(words(node.func)) and bool(_class_of(read, node, _context(binding), 0))


def _context(binding: Binding) -> Context:
    return Context(binding.scope, binding.order, binding.path)


def _called(read: Module, call: ast.Call, unit: Unit, names: Set[str]) -> Iterator[str]:
    """The dotted names of what it calls, or hands on to be called, if one of ``names`` takes part."""
    for function in (call.func, *(k.value for k in call.keywords if k.arg == HANDED_ON)):
        if names.isdisjoint(words(function)):
            continue
        dotted = dotted_name(read, function, context_of(unit))
        if dotted and not is_library(dotted):
            yield dotted


def words(node: ast.expr) -> Iterator[str]:
    """The names in a chain of attributes and calls."""
    while True:
        if isinstance(node, ast.Attribute):
            yield node.attr
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            if isinstance(node, ast.Name):
                yield node.id
            return


def dotted_name(read: Module, node: ast.expr, context: Context, depth: int = 0) -> str:
    """Of something that was imported, or is an attribute of that or a method of such a class's object; empty: it is none."""
    if depth > _DEEP:
        return ""
    if isinstance(node, ast.Name):
        imported = _import_of(node.id, context)
        return imported or _class_of(read, node, context, depth)
    if isinstance(node, ast.Attribute):
        inner = dotted_name(read, node.value, context, depth + 1)
        return f"{inner}.{node.attr}" if inner else _class_of(read, node, context, depth)  # self.loader
    return _class_of(read, node, context, depth) if isinstance(node, ast.Call) else ""


def _import_of(name: str, context: Context) -> str:
    """The dotted name of what a name was imported as; empty: it was not, or not surely."""
    scope: Scope | None = context.scope
    order, path = context.order, context.path
    while scope is not None:
        found = scope.reaching(name, order, path)
        if found or name in scope.parameters:
            one = found[0] if len(found) == 1 else None
            return str(one.extra) if one is not None and one.kind is Kind.IMPORT else ""
        scope, order, path = scope.parent, END, ()
    return ""


def _class_of(read: Module, node: ast.expr, context: Context, depth: int) -> str:
    """The dotted name of the class that an object was made of."""
    made = read.followed.one(node, context)
    if not isinstance(made.thing, ast.Call) or not _is_class(made.thing.func):
        return ""
    return dotted_name(read, made.thing.func, made.context, depth + 1)


def _is_class(node: ast.expr) -> bool:
    """By its name, as everybody writes them."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name[:1].isupper()


def _places_of(dotted: str, folder: str) -> tuple[Name, ...]:
    """What a function or class of a module may be called in the graph, by where the module that imports it lies."""
    up = len(dotted) - len(dotted.lstrip("."))
    parts = dotted.lstrip(".").split(".")
    around = [part for part in folder.split("/") if part]
    made = [*parts, MAKES] if parts[-1][:1].isupper() else parts
    if not all(parts) or len(parts) > _DEEP:
        return ()
    if up:
        return (_name([*around[: len(around) - up + 1], *made]),) if up <= len(around) + 1 else ()
    outside = [around[:k] for k in range(len(around), -1, -1)]
    return tuple(_name([*folders, *root, *made]) for root in _ROOTS for folders in outside)


def _name(parts: Sequence[str]) -> Name:
    """As :func:`ray_lineage.compile.python.nodes.module_name` has it: one part."""
    return (".".join(parts),)
