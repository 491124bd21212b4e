"""From an expression to what defines it: names, attributes and subscripts are followed through the module."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from ray_lineage.compile.branches import Path
from ray_lineage.compile.python.others import Others
from ray_lineage.compile.python.scopes import END, Binding, Index, Kind, Scope

_STEPS: Final = 60_000
"""So many expressions are followed in one file: enough for every real one, and an end for what is made to have none."""

_DEEP: Final = 40
_FOLLOWED: Final = frozenset((ast.Name, ast.Attribute, ast.Subscript, ast.Await, ast.NamedExpr, ast.IfExp, ast.BoolOp))
"""Expressions that may be something else; every other one is what it is."""

_SEQUENCES: Final = (ast.Tuple, ast.List)
_WRAPPED: Final = (ast.Await, ast.NamedExpr)
_MANY: Final = 16
"""So many definitions of one expression are told apart."""


class Imported(NamedTuple):
    """What comes from another module, by its dotted name."""

    dotted: str


class Unknown(NamedTuple):
    """Nothing is known; a function's ``parameter``, if it is one: ``function:name``."""

    parameter: str = ""


class Context(NamedTuple):
    """Where an expression is evaluated: which bindings it sees. ``given``: what its function's parameters (or a loop's variables)
    are for the moment."""

    scope: Scope
    order: int
    path: Path = ()
    given: Mapping[str, Bound] = {}
    inner: frozenset[str] = frozenset()  # those of a comprehension, which hide what the function calls so

    def having(self, given: Mapping[str, Bound]) -> Context:
        """The same place with more that is given."""
        return self._replace(given={**self.given, **given})

    def inside(self, given: Mapping[str, Bound]) -> Context:
        """In a comprehension, for one element of what it goes over."""
        return self.having(given)._replace(inner=self.inner | given.keys())

    def gives(self, name: str) -> bool:
        """Is a name what is given for it? A parameter may have been assigned anew since."""
        if name not in self.given or name in self.inner:
            return name in self.given
        last = next(iter(self.scope.reaching(name, self.order, self.path)), None)
        return last is None or last.kind not in _ASSIGNS


class Bound(NamedTuple):
    """A definition and where it is evaluated; ``sure`` is False where it is one of several."""

    thing: Thing
    context: Context
    sure: bool = True


Thing = ast.expr | Imported | Unknown | Scope
_UNKNOWN: Final = Unknown()
SELF: Final = "\0self"
"""Where it is given which class's object a method is of."""
_ASSIGNS: Final = (Kind.VALUE, Kind.AUGMENT)
_RANGE: Final = 24  # elements of a range that are told apart


class Followed:
    """Follows the expressions of one module."""

    def __init__(self, index: Index, others: Others) -> None:
        self.index = index
        self.others = others
        self.steps = 0
        self.asking = False  # may other files be asked for? Only what a text is made of is worth it
        self._fields: dict[tuple[int, str], list[Binding]] = {}
        self._heirs: dict[Scope, list[Scope]] | None = None

    def spend(self) -> bool:
        """May one more expression be looked at?"""
        self.steps += 1
        return self.steps <= _STEPS

    # ------------------------------------------------------------------ one expression

    def all(self, node: ast.expr, context: Context, depth: int = 0) -> list[Bound]:
        """What the expression may be. Never empty; what is not known is :class:`Unknown`."""
        if type(node) not in _FOLLOWED:
            return [Bound(node, context)]
        found = list(islice(self._some(node, context, depth), _MANY))
        return found or [Bound(_UNKNOWN, context)]

    def one(self, node: ast.expr, context: Context) -> Bound:
        """What it most likely is: the definition that comes last."""
        if type(node) not in _FOLLOWED:
            return Bound(node, context)
        return next(self._some(node, context, 0), None) or Bound(_UNKNOWN, context)

    def _some(self, node: ast.expr, context: Context, depth: int) -> Iterator[Bound]:
        if type(node) not in _FOLLOWED:
            yield Bound(node, context)
        elif depth > _DEEP or not self.spend():
            yield Bound(_UNKNOWN, context)
        elif isinstance(node, ast.Name):
            yield from self._name(node.id, context, depth + 1)
        elif isinstance(node, ast.Attribute):
            yield from self._attribute(node, context, depth + 1)
        elif isinstance(node, ast.Subscript):
            yield from self._subscript(node, context, depth + 1)
        elif isinstance(node, _WRAPPED):
            yield from self._some(node.value, context, depth + 1)
        elif isinstance(node, ast.IfExp):
            for branch in (node.body, node.orelse):
                yield from _doubtful(self._some(branch, context, depth + 1))
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            for k, operand in enumerate(node.values):
                for bound in self._some(operand, context, depth + 1):
                    if not isinstance(bound.thing, Unknown) or k == 0:
                        yield bound._replace(sure=False)
        else:  # another operator than "or"
            yield Bound(node, context)

    # ------------------------------------------------------------------ names

    def _name(self, name: str, context: Context, depth: int) -> Iterator[Bound]:
        if context.gives(name):
            yield from self._again(context.given[name], depth)
            return
        scope: Scope | None = context.scope
        order, path = context.order, context.path
        while scope is not None:
            found = [b for b in scope.reaching(name, order, path) if b.kind is not Kind.KEY]
            if found:
                sure = len(found) == 1
                for binding in found:
                    same = scope is context.scope
                    bounds = self._binding(name, binding, context.given if same else {}, depth)
                    yield from bounds if sure else _doubtful(bounds)
                return
            if name in scope.parameters:
                yield from self._parameter(name, scope, depth)
                return
            scope = scope.parent
            while scope is not None and scope.is_class:
                scope = scope.parent
            order, path = END, ()
        for binding in reversed(context.scope.module.bindings.get("*", ())):  # from module import *
            found_ = self.imported(str(binding.extra).removesuffix("*") + name, context, depth, star=True)
            if not isinstance(found_.thing, Imported):
                yield found_
                return

    def imported(self, dotted: str, context: Context, depth: int, *, star: bool = False) -> Bound:
        """What another module means by a name, if it was given."""
        if depth <= _DEEP and self.spend():
            found = self.others.module(dotted, star=star, ask=self.asking)
            if found is not None:
                scope, rest = found
                inner = self._inside(scope, rest, depth + 1)
                if inner is not None:
                    return inner
        return Bound(Imported(dotted), context)

    def _inside(self, scope: Scope, dotted: str, depth: int) -> Bound | None:
        """The one definition of a dotted name of a module."""
        node: ast.expr | None = None
        for part in dotted.split(".") if dotted else ():
            node = ast.Name(part, ast.Load()) if node is None else ast.Attribute(node, part, ast.Load())
            node.lineno, node.col_offset = 1, 0
        if node is None:
            return None
        bounds = self.all(node, Context(scope, END), depth)
        known = not isinstance(bounds[0].thing, Unknown | ast.Attribute | ast.Name)
        return bounds[0]._replace(sure=len(bounds) == 1) if known else None

    def _again(self, bound: Bound, depth: int) -> Iterator[Bound]:
        if isinstance(bound.thing, ast.expr):
            for inner in self._some(bound.thing, bound.context, depth):
                yield inner if bound.sure else inner._replace(sure=False)
        else:
            yield bound

    def _parameter(self, name: str, scope: Scope, depth: int) -> Iterator[Bound]:
        default = scope.parameters[name]
        key = f"{scope.name}:{name}"
        outside = Context(scope.parent or scope, END)
        known = isinstance(default, ast.expr) and not (isinstance(default, ast.Constant) and not default.value)
        if known and isinstance(default, ast.expr):
            yield from _doubtful(self._some(default, outside, depth))
        yield Bound(Unknown(key), outside, not known)

    def _binding(self, name: str, binding: Binding, given: Mapping[str, Bound], depth: int) -> Iterator[Bound]:
        context = Context(binding.scope, binding.order, binding.path, given)
        if binding.kind is Kind.IMPORT:
            yield self.imported(str(binding.extra), context, depth)
        elif binding.kind is Kind.SCOPE and isinstance(binding.extra, Scope):
            yield Bound(binding.extra, context)
        elif binding.node is None or binding.kind is Kind.UNKNOWN:
            yield Bound(_UNKNOWN, context)
        elif binding.kind is Kind.AUGMENT:
            before: ast.expr = ast.Name(name.rpartition(".")[2], ast.Load())
            if "." in name:  # self.text += more
                of = ast.copy_location(ast.Name(name.partition(".")[0], ast.Load()), binding.node)
                before = ast.Attribute(of, name.partition(".")[2], ast.Load())
            before = ast.copy_location(before, binding.node)
            sum_ = ast.copy_location(ast.BinOp(before, ast.Add(), binding.node), binding.node)
            yield Bound(sum_, context)
        elif binding.kind is Kind.ITEM:
            items = self.items(binding.node, context, depth)
            for item in items:
                yield from _doubtful(self._unpacked(item, binding.unpack, depth))
            whole = self.one(binding.node, context).thing if not items else None
            if isinstance(whole, Unknown) and whole.parameter:  # known where the function is called
                yield Bound(whole, context)
        else:
            yield from self._unpacked(Bound(binding.node, context), binding.unpack, depth)

    def _unpacked(self, bound: Bound, unpack: Sequence[int], depth: int) -> Iterator[Bound]:
        if not unpack:
            yield from self._again(bound, depth)
            return
        for whole in self._again(bound, depth):
            thing = whole.thing
            if isinstance(thing, _SEQUENCES) and 0 <= unpack[0] < len(thing.elts):
                yield from self._unpacked(
                    Bound(thing.elts[unpack[0]], whole.context, whole.sure), unpack[1:], depth + 1
                )
            else:
                yield Bound(_UNKNOWN, whole.context)

    # ------------------------------------------------------------------ what has parts

    def items(self, node: ast.expr, context: Context, depth: int = 0) -> list[Bound]:
        """The elements of a sequence that is written down; empty: it is not."""
        if depth > _DEEP:
            return []
        if isinstance(node, ast.Call):
            return self._items_of_call(node, context, depth)
        bounds = self.all(node, context, depth + 1)
        if len(bounds) != 1:
            return []
        thing, where, _ = bounds[0]
        if isinstance(thing, ast.Tuple | ast.List | ast.Set):
            return [Bound(e, where) for e in thing.elts if not isinstance(e, ast.Starred)]
        if isinstance(thing, ast.Dict):
            return [Bound(k, where) for k in thing.keys if k is not None]
        if isinstance(thing, ast.BinOp) and isinstance(thing.op, ast.Add):
            left, right = (self.items(side, where, depth + 1) for side in (thing.left, thing.right))
            return [*left, *right] if right and (left or self._is_empty(thing.left, where)) else []
        if isinstance(thing, ast.ListComp | ast.GeneratorExp):
            return self._items_of_comprehension(thing, where, depth + 1)
        return self._items_of_call(thing, where, depth + 1) if isinstance(thing, ast.Call) else []

    def _is_empty(self, node: ast.expr, context: Context) -> bool:
        """Is it surely a list of nothing?"""
        found = self.all(node, context)
        return len(found) == 1 and isinstance(found[0].thing, ast.List) and not found[0].thing.elts

    def _items_of_comprehension(
        self, node: ast.ListComp | ast.GeneratorExp, context: Context, depth: int
    ) -> list[Bound]:
        """One element for each of what it goes over, if that is written down."""
        if len(node.generators) != 1:
            return []
        generator = node.generators[0]
        if generator.ifs and _script(generator.iter) is None:
            return []
        items = self.items(generator.iter, context, depth)
        return [Bound(node.elt, context.inside(names_of(generator.target, item))) for item in items]

    def _items_of_call(self, call: ast.Call, context: Context, depth: int) -> list[Bound]:
        """``d.items()``, ``d.values()``, ``enumerate(x)``, ``zip(a, b)``, ``sorted(x)``, ``map(f, x)``, ``range(3)``; the
        statements of a script are that script."""
        function = call.func
        script = _script(call)
        if script is not None:
            return [Bound(script, context)]
        if isinstance(function, ast.Attribute) and function.attr in ("items", "values", "keys") and not call.args:
            found = self.all(function.value, context, depth + 1)
            thing = found[0].thing
            if len(found) != 1 or not isinstance(thing, ast.Dict):
                return []
            pairs = [(k, v) for k, v in zip(thing.keys, thing.values, strict=True) if k is not None]
            if function.attr == "values":
                return [Bound(v, found[0].context) for _, v in pairs]
            if function.attr == "keys":
                return [Bound(k, found[0].context) for k, _ in pairs]
            return [Bound(ast.Tuple([k, v], ast.Load()), found[0].context) for k, v in pairs]
        if not isinstance(function, ast.Name) or not call.args:
            return []
        if function.id in ("sorted", "list", "tuple", "set", "reversed", "tqdm", "iter"):
            return self.items(call.args[0], context, depth + 1)
        if function.id == "range":
            return [Bound(ast.copy_location(ast.Constant(k), call), context) for k in self._range(call, context)]
        if function.id == "map" and len(call.args) == 2:
            return [
                Bound(ast.copy_location(ast.Call(call.args[0], [i.thing], []), call), i.context, i.sure)
                for i in self.items(call.args[1], context, depth + 1)
                if isinstance(i.thing, ast.expr)
            ]
        if function.id == "enumerate":
            inner = self.items(call.args[0], context, depth + 1)
            # an element that is known in another place keeps that place: only the position is new here
            return [
                Bound(ast.Tuple([ast.copy_location(ast.Constant(k), call), i.thing], ast.Load()), i.context, i.sure)
                for k, i in enumerate(inner)
                if isinstance(i.thing, ast.expr)
            ]
        if function.id == "zip":
            columns = [self.items(a, context, depth + 1) for a in call.args]
            contexts = {id(i.context.scope) for c in columns for i in c}
            if not all(columns) or len(contexts) != 1:
                return []
            rows = zip(*columns, strict=False)
            return [
                Bound(ast.Tuple([i.thing for i in row if isinstance(i.thing, ast.expr)], ast.Load()), row[0].context)
                for row in rows
            ]
        return []

    def _range(self, call: ast.Call, context: Context) -> range:
        """The numbers that ``range`` goes over, if they are written down and few."""
        found = [_constant(self.one(a, context).thing) for a in call.args]
        numbers = [n for n in found if isinstance(n, int)]
        if len(numbers) < len(found) or not 0 < len(numbers) < 4 or numbers[2:] == [0]:
            return range(0)
        whole = range(*numbers)
        return whole if len(whole) <= _RANGE else range(0)

    def _attribute(self, node: ast.Attribute, context: Context, depth: int) -> Iterator[Bound]:
        if isinstance(node.value, ast.Name):
            own = context.scope.reaching(f"{node.value.id}.{node.attr}", context.order, context.path)
            if own:
                for binding in own:
                    bounds = self._binding(f"{node.value.id}.{node.attr}", binding, context.given, depth)
                    yield from bounds if len(own) == 1 else _doubtful(bounds)
                return
            if self.is_self(node.value.id, context):
                yield from self._own_field(node, context, depth)
                return
        for owner in self._some(node.value, context, depth):
            thing = owner.thing
            if isinstance(thing, Imported):
                yield self.imported(f"{thing.dotted}.{node.attr}", owner.context, depth)
            elif isinstance(thing, Scope) and thing.is_class:
                yield from self._field(thing, node.attr, depth)
            elif isinstance(thing, ast.Call):
                # the first alone: to follow all would take a path for each way there
                made = next(self._some(thing.func, owner.context, depth), None)
                of = made.thing if made is not None else _UNKNOWN
                if isinstance(of, Scope) and of.is_class:
                    yield from self._instance_field(of, thing, owner.context, node.attr, depth)
                else:
                    yield Bound(node, context)
            elif node.attr == "value" and isinstance(thing, ast.Constant):
                yield owner  # of an enumeration's member
            else:
                yield Bound(node if not isinstance(thing, Unknown) else _UNKNOWN, context)

    def _own_field(self, node: ast.Attribute, context: Context, depth: int) -> Iterator[Bound]:
        """``self.name``, of the class whose method it is; where that leaves it to those that come from it, what they say."""
        of = context.scope.of_class
        given = context.given.get(SELF)
        if given is not None and isinstance(given.thing, Scope):
            of = given.thing
        found = self._field(of, node.attr, depth, {SELF: given} if given is not None else None)
        first = next(found, None)
        if first is not None and not _says_nothing(first.thing):
            yield first
            yield from found
            return
        every = [first, *found] if first is not None else []
        if given is None and of is not None and self.heirs(of) and all(_says_nothing(b.thing) for b in every):
            every = [Bound(Unknown(f"{of.name}:{node.attr}"), context)]
        yield from every

    def heirs(self, of: Scope) -> list[Scope]:
        """The classes of this module that come from a class, and from which no other one does."""
        return [s for s in self._below(of) if not self._below(s)]

    def _below(self, of: Scope) -> list[Scope]:
        if self._heirs is None:
            self._heirs = {}
            for scope in self.index.scopes:
                above = self._above(scope)
                for _ in range(_DEEP):
                    if above is None or above is scope:
                        break
                    self._heirs.setdefault(above, []).append(scope)
                    above = self._above(above)
        return self._heirs.get(of, [])

    def _above(self, of: Scope) -> Scope | None:
        """The class of this module that a class comes from."""
        bases = of.node.bases if isinstance(of.node, ast.ClassDef) else []
        things = (self.one(b, Context(of.parent or of, of.order)).thing for b in bases)
        return next((t for t in things if isinstance(t, Scope) and t.is_class), None)

    def is_self(self, name: str, context: Context) -> bool:
        if context.scope.of_class is None:
            return False
        scope: Scope | None = context.scope
        while scope is not None and scope.parent is not None and not scope.parent.is_class:
            scope = scope.parent
        return scope is not None and next(iter(scope.parameters), "") == name

    def _field(
        self, of: Scope | None, name: str, depth: int, given: Mapping[str, Bound] | None = None
    ) -> Iterator[Bound]:
        found = self._bindings_of(of, name) if of is not None else []
        if not found:
            yield from self._inherited(of, name, depth, given)
        for binding in found:
            bounds = self._binding(name, binding, given or {}, depth)
            yield from bounds if len(found) == 1 else _doubtful(bounds)

    def _inherited(self, of: Scope | None, name: str, depth: int, given: Mapping[str, Bound] | None) -> Iterator[Bound]:
        if of is None or depth > _DEEP or not isinstance(of.node, ast.ClassDef):
            return
        for base in of.node.bases:
            thing = self.all(base, Context(of.parent or of, END), depth + 1)[0].thing
            if isinstance(thing, Scope) and thing is not of:
                inherited = list(self._field(thing, name, depth + 1, given))
                if inherited:
                    yield from inherited
                    return

    def _bindings_of(self, of: Scope, name: str) -> list[Binding]:
        """What a class's attribute is set to: by its methods, else in its body."""
        key = id(of), name
        if key not in self._fields:
            found: list[Binding] = []
            for scope in of.inner:
                if scope.is_function and scope.parameters:
                    first = next(iter(scope.parameters))
                    found.extend(b for b in scope.bindings.get(f"{first}.{name}", ()) if b.kind is not Kind.AUGMENT)
            if not found:
                found = [b for b in reversed(of.bindings.get(name, ())) if b.kind is not Kind.KEY][:1]
            self._fields[key] = found
        return self._fields[key]

    def _instance_field(self, of: Scope, call: ast.Call, context: Context, name: str, depth: int) -> Iterator[Bound]:
        init = self.method(of, "__init__")
        if init is not None:
            yield from self._field(of, name, depth, self.arguments(init, call, context, bound=True))
            return
        keyword = next((k.value for k in call.keywords if k.arg == name), None)
        if keyword is None:
            keyword = _positional(of, call, name)
        if keyword is not None:  # a dataclass, a named tuple
            yield from self._some(keyword, context, depth)
        else:
            yield from self._field(of, name, depth)

    def method(self, of: Scope, name: str) -> Scope | None:
        """A method of a class of this module, or of one that it comes from."""
        seen = 0
        current: Scope | None = of
        while current is not None and seen < _DEEP:
            seen += 1
            for binding in current.bindings.get(name, ()):
                if isinstance(binding.extra, Scope):
                    return binding.extra
            bases = current.node.bases if isinstance(current.node, ast.ClassDef) else []
            outside = Context(current.parent or current, END)
            above = (self.all(b, outside)[0].thing for b in bases)
            current = next((t for t in above if isinstance(t, Scope) and t.is_class), None)
        return None

    def arguments(self, function: Scope, call: ast.Call, context: Context, *, bound: bool) -> dict[str, Bound]:
        """What the function's parameters are in a call of it. ``bound``: its first one is the object."""
        names = list(function.parameters)[1 if bound else 0 :]
        out: dict[str, Bound] = {}
        for name, argument in zip(names, call.args, strict=False):
            if isinstance(argument, ast.Starred):
                return out
            out[name] = Bound(argument, context)
        for keyword in call.keywords:
            if keyword.arg is None:
                return out
            if keyword.arg in function.parameters:
                out[keyword.arg] = Bound(keyword.value, context)
        outside = Context(function.parent or function, END)
        for name in names:
            default = function.parameters[name]
            if name not in out and default is not None:
                out[name] = Bound(default, outside)
        return out

    def _subscript(self, node: ast.Subscript, context: Context, depth: int) -> Iterator[Bound]:
        keys = self.all(node.slice, context, depth)
        key = _constant(keys[0].thing) if len(keys) == 1 else None
        if key is not None and isinstance(node.value, ast.Name):
            set_ = self._set_key(node.value.id, key, context, depth)
            if set_ is not None:
                yield from set_
                return
        for owner in self._some(node.value, context, depth):
            thing = owner.thing
            pairs = dict_of(thing)
            if pairs is not None:
                yield from self._entry(pairs, key, owner, depth)
            elif isinstance(thing, _SEQUENCES) and isinstance(key, int) and -len(thing.elts) <= key < len(thing.elts):
                yield from self._some(thing.elts[key], owner.context, depth)
            else:
                yield Bound(node if isinstance(thing, ast.expr) else _UNKNOWN, context)

    def _set_key(self, name: str, key: object, context: Context, depth: int) -> Iterator[Bound] | None:
        """``d["key"] = value``, the last one before."""
        scope: Scope | None = context.scope
        order, path = context.order, context.path
        while scope is not None:
            for binding in scope.reaching(name, order, path):
                extra = binding.extra
                if binding.kind is not Kind.KEY:
                    return None
                if isinstance(extra, ast.Constant) and extra.value == key:
                    return self._binding(name, binding, context.given, depth)
            if name in scope.bindings or name in scope.parameters:
                return None
            scope, order, path = scope.parent, END, ()
        return None

    def _entry(self, thing: ast.Dict, key: object, owner: Bound, depth: int) -> Iterator[Bound]:
        """The value of a key, the last one of that name; of a key that is not known, each."""
        pairs = list(zip(thing.keys, thing.values, strict=True))
        if key is not None:
            for known, value in reversed(pairs):
                if isinstance(known, ast.Constant) and known.value == key:
                    yield from self._some(value, owner.context, depth)
                    return
                inner = dict_of(self.one(value, owner.context).thing) if known is None and depth < _DEEP else None
                if inner is not None and _has(inner, key):  # {**others}
                    yield from self._entry(inner, key, self.one(value, owner.context), depth + 1)
                    return
            yield Bound(_UNKNOWN, owner.context)
            return
        for _, value in pairs[:_MANY]:
            yield from _doubtful(self._some(value, owner.context, depth))

    # ------------------------------------------------------------------ where something comes from

    def origin(self, node: ast.expr, context: Context, depth: int = 0) -> str:
        """A dotted path of how it came about: ``psycopg2.connect().cursor()``; empty: not known."""
        if depth > _DEEP:
            return ""
        found = next(self._some(node, context, depth), None)
        if found is None:
            return ""
        thing = found.thing
        if isinstance(thing, Imported):
            return thing.dotted
        if isinstance(thing, Scope):
            return f"here.{thing.name}"
        if isinstance(thing, ast.Call):
            inner = self.origin(thing.func, found.context, depth + 1)
            return f"{inner}()" if inner else ""
        if isinstance(thing, ast.Attribute):
            inner = self.origin(thing.value, found.context, depth + 1)
            return f"{inner}.{thing.attr}" if inner else ""
        return ""


def names_of(target: ast.expr, item: Bound) -> dict[str, Bound]:
    """What the names of a loop's target are for one element."""
    if isinstance(target, ast.Name):
        return {target.id: item}
    if isinstance(target, _SEQUENCES) and isinstance(item.thing, _SEQUENCES):
        out: dict[str, Bound] = {}
        for part, element in zip(target.elts, item.thing.elts, strict=False):
            out |= names_of(part, Bound(element, item.context, item.sure))
        return out
    return {}


def _positional(of: Scope, call: ast.Call, name: str) -> ast.expr | None:
    """The argument that a dataclass or a named tuple takes for a field by its position."""
    body = of.node.body if isinstance(of.node, ast.ClassDef) else []
    fields = [s.target.id for s in body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
    at = fields.index(name) if name in fields else len(call.args)
    return call.args[at] if at < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args) else None


def _says_nothing(thing: Thing) -> bool:
    """What a class leaves to those that come from it: None, an empty text, a property without a value."""
    if isinstance(thing, Scope):
        return thing.is_function and not thing.returns
    return isinstance(thing, ast.Constant) and not thing.value


def dict_of(thing: Thing) -> ast.Dict | None:
    """A dictionary that is written down: ``{...}``, ``dict(a=...)``."""
    if isinstance(thing, ast.Dict):
        return thing
    if not isinstance(thing, ast.Call) or not isinstance(thing.func, ast.Name) or thing.func.id != "dict" or thing.args:
        return None
    keys: list[ast.expr | None] = [ast.Constant(k.arg) if k.arg else None for k in thing.keywords]
    return ast.copy_location(ast.Dict(keys, [k.value for k in thing.keywords]), thing)


def _has(thing: ast.Dict, key: object) -> bool:
    return any(isinstance(known, ast.Constant) and known.value == key for known in thing.keys)


def _script(node: ast.expr) -> ast.expr | None:
    """``script.split(";")``, ``sqlparse.split(script)``: all of its elements, one after another, are the script."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "split":
        return None
    first = node.args[0] if len(node.args) == 1 else None
    if isinstance(node.func.value, ast.Name) and node.func.value.id == "sqlparse":
        return first
    cuts = isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.strip() == ";"
    return node.func.value if cuts else None


def _constant(thing: Thing) -> object:
    """A constant, or a number with its sign; None: it is none."""
    if isinstance(thing, ast.UnaryOp) and isinstance(thing.op, ast.USub) and isinstance(thing.operand, ast.Constant):
        value = thing.operand.value
        return -value if isinstance(value, int) else None
    return thing.value if isinstance(thing, ast.Constant) else None


def _doubtful(bounds: Iterator[Bound]) -> Iterator[Bound]:
    for bound in bounds:
        yield bound._replace(sure=False) if bound.sure else bound
