"""What the names of a module are bound to, and where: one pass over its statements, which looks into no expression.

Branches and loops are kept as steps of a path (see ``model.ROLES``), so that a use of a name finds those bindings that may reach
it: all that came before it, back to the one that surely took place."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from ray_lineage.compile.branches import Path, dominates, excludes
from ray_lineage.model import ELSE, LOOP, ROLES, THEN

END: Final = 1 << 60
"""The order of what comes behind all statements."""

# tuples, because a union is made anew whenever it is written
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_SEQUENCES: Final = (ast.Tuple, ast.List)
_GROWS: Final = frozenset(("append", "extend"))


class Kind(Enum):
    """How a name came to its value."""

    VALUE = auto()  # name = node
    AUGMENT = auto()  # name += node
    ITEM = auto()  # for name in node
    CONTEXT = auto()  # with node as name
    KEY = auto()  # name[key] = node
    IMPORT = auto()
    SCOPE = auto()  # def, class
    UNKNOWN = auto()


class Binding(NamedTuple):
    """``unpack``: which part of the value it is, where several names share one. ``extra``: the key of KEY, the dotted name of
    IMPORT, the :class:`Scope` of SCOPE."""

    kind: Kind
    node: ast.expr | None
    scope: Scope
    order: int
    path: Path
    unpack: tuple[int, ...] = ()
    extra: ast.expr | str | Scope | None = None


class Scope:
    """A module, class or function. ``name`` is what it is called within the module: ``Class.method``."""

    __slots__ = ("bindings", "inner", "module", "name", "node", "order", "parameters", "parent", "path", "returns")

    def __init__(
        self,
        node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
        name: str,
        parent: Scope | None,
        order: int,
        path: Path,
    ) -> None:
        self.node = node
        self.name = name
        self.parent = parent
        self.module: Scope = parent.module if parent is not None else self
        self.order = order
        self.path = path
        self.bindings: dict[str, list[Binding]] = {}
        self.inner: list[Scope] = []
        self.returns: list[tuple[ast.expr, int, Path]] = []
        self.parameters: dict[str, ast.expr | None] = (
            {} if isinstance(node, ast.Module | ast.ClassDef) else _parameters(node)
        )

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, _FUNCTIONS)

    @property
    def of_class(self) -> Scope | None:
        """The class that it is a method of (or is in one)."""
        scope: Scope | None = self
        while scope is not None and not scope.is_class:
            scope = scope.parent
        return scope

    def bind(self, name: str, binding: Binding) -> None:
        self.bindings.setdefault(name, []).append(binding)

    def reaching(self, name: str, order: int, path: Path) -> list[Binding]:
        """The bindings that a use there may see, the last one first. See :func:`reaching`."""
        found = self.bindings.get(name)
        return reaching(found, order, path) if found else []


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, ast.expr | None]:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    out: dict[str, ast.expr | None] = {a.arg: None for a in positional}
    for argument, default in zip(positional[::-1], arguments.defaults[::-1], strict=False):
        out[argument.arg] = default
    out.update((a.arg, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    return out


def reaching(bindings: Sequence[Binding], order: int, path: Path) -> list[Binding]:
    """Those of ``bindings`` that a use at ``order`` and ``path`` may see, the last one first; up to the one that surely is."""
    out: list[Binding] = []
    closed: set[Path] = set()
    for binding in reversed(bindings):
        if binding.order >= order or excludes(binding.path, path):
            continue
        out.append(binding)
        if binding.kind is not Kind.KEY and dominates(binding.path, path, closed):
            break
    return out


class Unit(NamedTuple):
    """A simple statement, or the head of a compound one: its expressions, and where it is."""

    first_line: int
    last_line: int
    statement: ast.stmt
    expressions: tuple[ast.expr, ...]
    scope: Scope
    order: int
    path: Path


Blocks = Sequence[tuple[list[ast.stmt], Scope, Path]]


class Index:
    """All scopes and statements of a module."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = Scope(tree, "", None, 0, ())
        self.scopes: list[Scope] = [self.module]
        self.units: list[Unit] = []
        self.loops: dict[int, Unit] = {}  # by their step
        self._blocks = 0
        self._order = 0
        self._read(tree.body)
        self._starts = [u.first_line for u in self.units]
        self._longest = max((u.last_line - u.first_line for u in self.units), default=0)

    def at(self, line: int) -> Iterator[Unit]:
        """The statements that a line belongs to."""
        k = bisect_right(self._starts, line) - 1
        while k >= 0 and self._starts[k] >= line - self._longest:
            if self.units[k].last_line >= line:
                yield self.units[k]
            k -= 1

    def forget(self) -> None:
        """Take it apart when all is said. Scopes name one another, and what names itself waits for Python's search for garbage,
        which looks at every node of the tree."""
        for scope in self.scopes:
            for name in Scope.__slots__:
                delattr(scope, name)
        self.scopes, self.units, self.loops = [], [], {}

    # ------------------------------------------------------------------ statements

    def _read(self, body: Sequence[ast.stmt]) -> None:
        stack: list[tuple[ast.stmt, Scope, Path]] = [(s, self.module, ()) for s in reversed(body)]
        while stack:
            statement, scope, path = stack.pop()
            self._order += 1
            for block, inner, way in self._statement(statement, scope, path):
                stack.extend((s, inner, way) for s in reversed(block))

    def _statement(self, s: ast.stmt, scope: Scope, path: Path) -> Blocks:
        """Note one statement. Its blocks, the last one first."""
        reader = _READERS.get(type(s))
        return reader(self, s, scope, path) if reader is not None else ()

    def _expression(self, s: ast.Expr, scope: Scope, path: Path) -> Blocks:
        self._unit(s, (s.value,), scope, path)
        if isinstance(s.value, ast.Call):
            self._grown(s.value, scope, path)
            self._changed(s.value, scope, path)
        return ()

    def _assign(self, s: ast.Assign, scope: Scope, path: Path) -> Blocks:
        self._unit(s, (s.value, *(t for t in s.targets if not isinstance(t, ast.Name))), scope, path)
        for target in s.targets:
            self._bind(target, Kind.VALUE, s.value, scope, path)
            if isinstance(target, ast.Attribute) and target.attr == "columns":
                self._change(target.value, "set_axis", [s.value], scope, path)
        return ()

    def _annotated(self, s: ast.AnnAssign, scope: Scope, path: Path) -> Blocks:
        if s.value is not None:
            self._unit(s, (s.value,), scope, path)
            self._bind(s.target, Kind.VALUE, s.value, scope, path)
        elif isinstance(s.target, ast.Name):
            self._unit(s, (s.annotation,), scope, path)
        return ()

    def _augmented(self, s: ast.AugAssign, scope: Scope, path: Path) -> Blocks:
        self._unit(s, (s.value,), scope, path)
        kind = Kind.AUGMENT if isinstance(s.op, ast.Add) else Kind.UNKNOWN
        self._bind(s.target, kind, s.value, scope, path)
        return ()

    def _return(self, s: ast.Return, scope: Scope, path: Path) -> Blocks:
        if s.value is not None:
            self._unit(s, (s.value,), scope, path)
            scope.returns.append((s.value, self._order, path))
        return ()

    def _if(self, s: ast.If, scope: Scope, path: Path) -> Blocks:
        self._unit(s, (s.test,), scope, path, s.body)
        block = self._block()
        return (s.orelse, scope, (*path, block + ELSE)), (s.body, scope, (*path, block + THEN))

    def _for(self, s: ast.For | ast.AsyncFor, scope: Scope, path: Path) -> Blocks:
        step = self._block() + LOOP
        self.loops[step] = self._unit(s, (s.iter,), scope, path, s.body)
        self._bind(s.target, Kind.ITEM, s.iter, scope, (*path, step))
        return (s.orelse, scope, path), (s.body, scope, (*path, step))

    def _while(self, s: ast.While, scope: Scope, path: Path) -> Blocks:
        self._unit(s, (s.test,), scope, path, s.body)
        return (s.orelse, scope, path), (s.body, scope, (*path, self._block() + LOOP))

    def _with(self, s: ast.With | ast.AsyncWith, scope: Scope, path: Path) -> Blocks:
        self._unit(s, tuple(i.context_expr for i in s.items), scope, path, s.body)
        for item in s.items:
            if item.optional_vars is not None:
                self._bind(item.optional_vars, Kind.CONTEXT, item.context_expr, scope, path)
        return ((s.body, scope, path),)

    def _try(self, s: ast.Try | ast.TryStar, scope: Scope, path: Path) -> Blocks:
        handlers = [(h.body, scope, (*path, self._block() + THEN)) for h in s.handlers]
        return (s.finalbody, scope, path), *handlers[::-1], (s.orelse, scope, path), (s.body, scope, path)

    def _match(self, s: ast.Match, scope: Scope, path: Path) -> Blocks:
        self._unit(s, (s.subject,), scope, path, s.cases[0].body)
        return [(case.body, scope, (*path, self._block() + THEN)) for case in s.cases][::-1]

    def _delete(self, s: ast.Delete, scope: Scope, path: Path) -> Blocks:
        for target in s.targets:
            if isinstance(target, ast.Subscript):
                self._change(target.value, "__delitem__", [target.slice], scope, path)
        return self._other(s, scope, path)

    def _other(self, s: ast.stmt, scope: Scope, path: Path) -> Blocks:
        self._unit(s, tuple(n for n in ast.iter_child_nodes(s) if isinstance(n, ast.expr)), scope, path)
        return ()

    def _block(self) -> int:
        self._blocks += 1
        return self._blocks * ROLES

    def _unit(
        self,
        s: ast.stmt,
        expressions: tuple[ast.expr, ...],
        scope: Scope,
        path: Path,
        body: Sequence[ast.stmt] = (),
    ) -> Unit:
        last = max(body[0].lineno - 1, s.lineno) if body else s.end_lineno or s.lineno
        unit = Unit(s.lineno, last, s, expressions, scope, self._order, path)
        self.units.append(unit)
        return unit

    def _scope(self, s: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: Scope, path: Path) -> Blocks:
        name = f"{scope.name}.{s.name}" if scope.name else s.name
        inner = Scope(s, name, scope, self._order, path)
        self.scopes.append(inner)
        scope.inner.append(inner)
        scope.bind(s.name, Binding(Kind.SCOPE, None, scope, self._order, path, (), inner))
        if isinstance(s, ast.ClassDef):
            heads = (*s.decorator_list, *s.bases, *(k.value for k in s.keywords))
        else:
            heads = (*s.decorator_list, *s.args.defaults, *(d for d in s.args.kw_defaults if d is not None))
        first = min((d.lineno for d in s.decorator_list), default=s.lineno)
        self.units.append(Unit(first, max(s.body[0].lineno - 1, s.lineno), s, heads, scope, self._order, path))
        return ((s.body, inner, ()),)

    def _import(self, s: ast.Import | ast.ImportFrom, scope: Scope, path: Path) -> Blocks:
        for alias in s.names:
            if isinstance(s, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                dotted = alias.name if alias.asname else name
            else:
                name = alias.asname or alias.name
                dotted = f"{'.' * s.level}{s.module or ''}.{alias.name}" if s.module else "." * s.level + alias.name
            scope.bind(name, Binding(Kind.IMPORT, None, scope, self._order, path, (), dotted))
        return ()

    def _grown(self, call: ast.Call, scope: Scope, path: Path) -> None:
        """``parts.append(x)`` is ``parts += [x]``, ``parts.extend(more)`` is ``parts += more``."""
        function = call.func
        if not isinstance(function, ast.Attribute) or function.attr not in _GROWS or len(call.args) != 1:
            return
        if isinstance(function.value, ast.Name | ast.Attribute):
            more = call.args[0]
            if function.attr == "append":
                more = ast.copy_location(ast.List([more], ast.Load()), call)
            self._grow(function.value, more, scope, path)

    def _grow(self, target: ast.expr, more: ast.expr, scope: Scope, path: Path) -> None:
        """``for x in xs: parts.append(f(x))`` is ``parts += [f(x) for x in xs]``; in other loops nothing is known of how often."""
        of = target.value if isinstance(target, ast.Attribute) else target
        front = of.id if isinstance(of, ast.Name) else ""
        made = scope.bindings.get(f"{front}.{target.attr}" if isinstance(target, ast.Attribute) else front)
        since = path[len(made[-1].path) :] if made and path[: len(made[-1].path)] == made[-1].path else path
        if all(step % ROLES != LOOP for step in since):
            self._bind(target, Kind.AUGMENT, more, scope, path)
            return
        loop = self.loops[since[0]].statement if len(since) == 1 and since[0] in self.loops else None
        if isinstance(loop, ast.For) and isinstance(more, ast.List):
            each = ast.ListComp(more.elts[0], [ast.comprehension(loop.target, loop.iter, [], 0)])
            self._bind(target, Kind.AUGMENT, ast.copy_location(each, more), scope, path[: -len(since)])
        else:
            self._bind(target, Kind.UNKNOWN, more, scope, path)

    def _changed(self, call: ast.Call, scope: Scope, path: Path) -> None:
        """``df.rename(..., inplace=True)``, ``df.insert(0, "c", value)``: a frame is another one from there on."""
        function = call.func
        if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
            return
        in_place = any(
            k.arg == "inplace" and isinstance(k.value, ast.Constant) and k.value.value for k in call.keywords
        )
        if in_place or (function.attr == "insert" and len(call.args) == 3):
            scope.bind(function.value.id, Binding(Kind.KEY, call, scope, self._order, path, (), call))

    def _change(self, frame: ast.expr, method: str, given: list[ast.expr], scope: Scope, path: Path) -> None:
        """What is written otherwise, as the method that does so."""
        if isinstance(frame, ast.Name):
            call = ast.copy_location(ast.Call(ast.Attribute(frame, method, ast.Load()), given, []), frame)
            scope.bind(frame.id, Binding(Kind.KEY, call, scope, self._order, path, (), call))

    def _bind(self, target: ast.expr, kind: Kind, value: ast.expr, scope: Scope, path: Path) -> None:
        stack: list[tuple[ast.expr, tuple[int, ...]]] = [(target, ())]
        while stack:
            node, unpack = stack.pop()
            if isinstance(node, ast.Name):
                scope.bind(node.id, Binding(kind, value, scope, self._order, path, unpack))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                scope.bind(f"{node.value.id}.{node.attr}", Binding(kind, value, scope, self._order, path, unpack))
            elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                binding = Binding(Kind.KEY, value, scope, self._order, path, unpack, node.slice)
                scope.bind(node.value.id, binding)
            elif isinstance(node, _SEQUENCES):
                stack.extend((part, (*unpack, k)) for k, part in enumerate(node.elts))
            elif isinstance(node, ast.Starred):
                stack.append((node.value, (*unpack, -1)))


_READERS: Final[Mapping[type[ast.stmt], Callable[[Index, Any, Scope, Path], Blocks]]] = {
    ast.Expr: Index._expression, ast.Assign: Index._assign, ast.AnnAssign: Index._annotated, ast.AugAssign: Index._augmented,
    ast.Return: Index._return, ast.Import: Index._import, ast.ImportFrom: Index._import, ast.FunctionDef: Index._scope,
    ast.AsyncFunctionDef: Index._scope, ast.ClassDef: Index._scope, ast.If: Index._if, ast.For: Index._for,
    ast.AsyncFor: Index._for, ast.While: Index._while, ast.With: Index._with, ast.AsyncWith: Index._with, ast.Try: Index._try,
    ast.TryStar: Index._try, ast.Match: Index._match, ast.Delete: Index._delete, ast.Assert: Index._other, ast.Raise: Index._other,
}  # fmt: skip
"""Who notes a statement, by its class: most are of one that a chain of questions asks for late."""


def comprehensions_in(node: ast.expr) -> Iterator[ast.ListComp | ast.GeneratorExp]:
    """What a statement does for each element of something: itself, or given to the calls around it."""
    stack: list[ast.expr] = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.ListComp | ast.GeneratorExp):
            yield inner
        elif isinstance(inner, ast.Call):
            stack.extend(inner.args)
        elif isinstance(inner, ast.Await | ast.Starred):
            stack.append(inner.value)


_LEAVES: Final = frozenset((ast.Constant, ast.Name, ast.Load, ast.Store, ast.Del))


def calls_in(expressions: Iterable[ast.expr]) -> list[ast.Call]:
    """All calls in expressions, the inner ones first, those on the left before those on the right."""
    out: list[ast.Call] = []
    stack: list[ast.AST] = list(expressions)
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind in _LEAVES:
            continue
        if kind is ast.Attribute or kind is ast.keyword:  # most nodes are these, and calls
            stack.append(node.value)  # type: ignore[attr-defined]
            continue
        if isinstance(node, ast.Call):
            out.append(node)
            stack.append(node.func)
            stack += node.args
            stack += node.keywords
            continue
        for value in node.__dict__.values():  # its fields in their order, and numbers
            if isinstance(value, ast.AST):
                stack.append(value)
            elif isinstance(value, list):
                stack.extend([v for v in value if isinstance(v, ast.AST)])
    out.reverse()
    return out
