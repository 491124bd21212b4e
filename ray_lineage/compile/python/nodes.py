"""The program's own parts in the graph: the module and its functions that run something, and who calls whom.

Impact ends at the code that runs it: a statement stands in its function as one of SQL stands in its procedure. A name has one
part (``"etl.load.run"``), so that no table's short name means it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Final, NamedTuple

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.python.imports import HANDED_ON, MAKES, Away, calls_away, handed_on
from ray_lineage.compile.python.module import Module
from ray_lineage.compile.python.scopes import Scope
from ray_lineage.model import Name, dataset_text

_MODULE: Final = ""
"""What the module itself is called within it."""


class _Edge(NamedTuple):
    caller: str
    callee: str
    line: int


def _package(folder: str) -> str:
    """The dotted name of the package that a folder is."""
    return module_name(CompileOptions(model=MAKES, folder=folder)) if folder else ""


def module_name(options: CompileOptions) -> str:
    """The dotted name of a file's module by its path; empty: nobody says where it lies. It has a dot, as no table's name has."""
    if not options.model:
        return ""
    parts = [part for part in options.folder.split("/") if part]
    if options.model != MAKES or not parts:
        parts.append(options.model)
    return ".".join(parts) if len(parts) > 1 else f"{parts[0]}.py"


def place_in_programs(
    facts: Facts, session: Sequence[str], read: Module, imported: Set[str], module: str, folder: str
) -> Sequence[str]:
    """Statements stand in functions of the graph: these are declared, and who calls them. Those that only call functions of other
    modules are declared on condition: that one of these runs something. ``imported``: what is of other modules (:func:`project_names`). The programs of ``session``, as the graph calls them."""
    scopes = {scope.name: scope for scope in read.index.scopes if scope.is_function}
    inside = {s.procedure for s in facts.statements if s.procedure in scopes or not s.procedure}
    away = _away(read, imported, module, folder)
    if not inside and not away:
        return session
    edges = sorted(set(_leading_to({*inside, *(name for name, _ in away)}, read, scopes)))
    sure, maybe = _up(dict.fromkeys(inside, ()), edges), _up(_callees(away), edges)
    names = {name: _named(module, name) for name in sorted({*sure, *maybe})}
    texts = {name: dataset_text(names[name]) for name in names}
    facts.rename_programs({name: texts[name] for name in inside})
    for name, called in names.items():
        kind = "Function" if name else "Module"
        facts.declare(called, kind, _line(scopes.get(name)), runs=(called,) if name in sure else maybe[name])
    for edge in edges:
        callee = names[edge.callee]
        facts.call(names[edge.caller], callee, edge.line, () if edge.callee in sure else (callee,))
    for caller, call in away:
        facts.call(names[caller], call.callees[0], call.line, call.callees)
    return [texts.get(name, name) for name in (*session, *({_MODULE} & inside))]


def _away(read: Module, imported: Set[str], module: str, folder: str) -> list[tuple[str, Away]]:
    """The calls of other modules, by which function of this one makes them; of a package, by what it hands on."""
    found = [(_function_of(away.scope), away) for away in calls_away(read, imported, folder) if away.callees]
    if module == _package(folder):
        found += ((name, away) for name, away in handed_on(read, folder) if away.callees)
    return sorted(set(found), key=lambda f: (f[0], f[1].line, f[1].callees))


def _callees(away: Iterable[tuple[str, Away]]) -> dict[str, tuple[Name, ...]]:
    """By function what it may call in other modules."""
    out: dict[str, tuple[Name, ...]] = {}
    for caller, call in away:
        out[caller] = (*out.get(caller, ()), *call.callees)
    return out


def _up(seeds: Mapping[str, tuple[Name, ...]], edges: Iterable[_Edge]) -> dict[str, tuple[Name, ...]]:
    """These functions and those that lead to them; each with all that those have which it leads to."""
    callers: dict[str, list[str]] = {}
    for edge in edges:
        callers.setdefault(edge.callee, []).append(edge.caller)
    out: dict[str, dict[Name, None]] = {}
    for seed, names in seeds.items():
        seen, todo = {seed}, [seed]
        while todo:
            name = todo.pop()
            out.setdefault(name, {}).update(dict.fromkeys(names))
            more = set(callers.get(name, ())) - seen
            seen |= more
            todo.extend(more)
    return {name: tuple(sorted(found)) for name, found in out.items()}


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
        for call in read.calls_of(unit) if caller != callee else ():
            handed = (k.value for k in call.keywords if k.arg == HANDED_ON)
            if any(_meant(function, unit.scope, scopes) == callee for function in (call.func, *handed)):
                yield _Edge(caller, callee, call.lineno)


def _lines_that_name(function: str, read: Module) -> list[int]:
    """Those on which it may be called; who makes an object is called as its class."""
    of, _, name = function.rpartition(".")
    return (read.places.name(name) if name else []) + (read.places.name(of.rpartition(".")[2]) if name == MAKES else [])


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
    return f"{name}.{MAKES}" if f"{name}.{MAKES}" in scopes else ""
