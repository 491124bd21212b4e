"""Values of Jinja expressions, found statically: what is not known stays unknown. Nothing is called that a repository names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

from jinja2 import nodes

from ray_lineage.compile.text.jinja_macros import Library
from ray_lineage.compile.text.jinja_structure import Block, Do, Item, Reader, Show, Text, expression_of
from ray_lineage.compile.text.placeholders import IDENTIFIER, OPERANDS_FOLLOW
from ray_lineage.model import MODEL_SCHEMA

_EXPRESSION = re.compile(r"\{\{(.*)\}\}", re.DOTALL)
MAX_VALUE: Final = 5_000
MAX_STEPS: Final = 50_000
MAX_ITEMS: Final = 50
"""Longer constant lists are not unrolled."""


class Unknown(Exception):
    """The value is not known without running the template. ``text``: SQL that stands for it, if there is any."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


class Hole(str):
    """SQL that stands for a value which is not known: it can be written, and says nothing about the value."""

    __slots__ = ()


class Relation(str):
    """SQL text of a dataset's name, as ``ref`` gives it."""

    __slots__ = ()


UNKNOWN: Final = object()


DateParts: Final = frozenset(
    "year quarter month week day hour minute second millisecond microsecond date time timestamp string text int integer "
    "float numeric boolean true false null asc desc left right inner outer full cross utc".split()
)


RESERVED: Final = OPERANDS_FOLLOW | frozenset(
    "group user column default check primary foreign key create insert delete drop alter grant references end to "
    "constraint left right inner outer full cross natural for fetch null true false current desc asc unique".split()
)


def _weight(value: object) -> int:
    if isinstance(value, str):
        return len(value) + 1
    if isinstance(value, dict):
        return 1 + sum(_weight(v) for v in chain(value, value.values()))
    if isinstance(value, list | tuple):
        return 1 + sum(map(_weight, value))
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 10**18):
        return 1
    raise Unknown


def _bounded(value: object) -> object:
    if _weight(value) > MAX_VALUE:
        raise Unknown
    return value


def _joined(value: object, glue: object = "") -> str:
    items = list(map(str, value)) if isinstance(value, list | tuple) else unknown()
    glue = str(glue)
    if sum(map(len, items)) + len(glue) * len(items) > MAX_VALUE:
        raise Unknown
    return glue.join(items)


def unknown() -> list[str]:
    raise Unknown


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise Unknown
    return value


def _replaced(value: object, old: object, new: object) -> str:
    text, before, after = _text_of(value), _text_of(old), _text_of(new)
    if not before or text.count(before) * len(after) + len(text) > MAX_VALUE:
        raise Unknown
    return text.replace(before, after)


def _sized(value: object) -> int:
    if isinstance(value, str | list | tuple | dict):
        return len(value)
    raise Unknown


def sequence(value: object) -> list[object]:
    if isinstance(value, list | tuple | dict):
        return list(value)
    raise Unknown


_FILTERS: Final[dict[str, Callable[..., object]]] = {
    "upper": lambda v: _text_of(v).upper(),
    "lower": lambda v: _text_of(v).lower(),
    "trim": lambda v: _text_of(v).strip(),
    "strip": lambda v: _text_of(v).strip(),
    "length": _sized,
    "count": _sized,
    "join": _joined,
    "replace": _replaced,
    "string": str,
    "int": lambda v: int(str(v)),
    "title": lambda v: _text_of(v).title(),
    "as_bool": lambda v: v,
    "as_native": lambda v: v,
    "as_text": str,
    "as_number": lambda v: v,
    "indent": lambda v, *_: _text_of(v),
    "unique": lambda v: list(dict.fromkeys(sequence(v))),
    "sort": lambda v: sorted(map(_text_of, sequence(v))),
    "reverse": lambda v: sequence(v)[::-1],
    "list": sequence,
    "first": lambda v: sequence(v)[0],
    "last": lambda v: sequence(v)[-1],
    "default": lambda v, *_: v,
    "d": lambda v, *_: v,
    "startswith": lambda v, start: _text_of(v).startswith(_text_of(start)),
    "endswith": lambda v, end: _text_of(v).endswith(_text_of(end)),
}
_METHODS: Final[dict[str, Callable[..., object]]] = {
    **{name: _FILTERS[name] for name in ("upper", "lower", "strip", "replace", "startswith", "endswith")},
    "get": lambda v, key, default=None: v.get(key, default) if isinstance(v, dict) else unknown(),
    "split": lambda v, at=None: _text_of(v).split(at),
    "items": lambda v: [(k, v[k]) for k in v] if isinstance(v, dict) else unknown(),
    "keys": lambda v: list(v) if isinstance(v, dict) else unknown(),
    "values": lambda v: list(v.values()) if isinstance(v, dict) else unknown(),
}
_TESTS: Final[dict[str, Callable[[object], bool]]] = {
    "none": lambda v: v is None,
    "string": lambda v: isinstance(v, str),
    "mapping": lambda v: isinstance(v, dict),
    "sequence": lambda v: isinstance(v, str | list | tuple | dict),
    "number": lambda v: isinstance(v, int | float),
    "boolean": lambda v: isinstance(v, bool),
    "true": lambda v: v is True,
    "false": lambda v: v is False,
}
_COMPARISONS: Final[dict[str, Callable[..., object]]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "lteq": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, "gteq": lambda a, b: a >= b, "in": lambda a, b: a in b, "notin": lambda a, b: a not in b,
}  # fmt: skip


def dotted(node: nodes.Node) -> str:
    """A name for an expression: ``a.b['c'](x)`` is ``a.b.c``."""
    parts: list[str] = []
    while True:
        if isinstance(node, nodes.Getattr):
            parts.append(node.attr)
            node = node.node
        elif isinstance(node, nodes.Getitem):
            if isinstance(node.arg, nodes.Const):
                parts.append(str(node.arg.value))
            node = node.node
        elif isinstance(node, nodes.Call | nodes.Test | nodes.Not) or (isinstance(node, nodes.Filter) and node.node):
            assert node.node is not None
            node = node.node
        else:
            break
    parts.append(node.name if isinstance(node, nodes.Name) else "expression")
    return ".".join(reversed(parts))


def safe(name: str) -> str:
    return re.sub(r"[\W]+", "_", name, flags=re.ASCII)[:80]


class Values:
    """Evaluates expressions of constants, with scopes of what ``set`` and ``for`` bound."""

    def __init__(self, model: str, quote: str, library: Library | None = None) -> None:
        self.model = model
        self.quote = quote
        self.library = library or Library()
        self.refs: dict[tuple[str, ...], None] = {}
        self.config: dict[str, str | None] = {}
        self.steps = MAX_STEPS
        self.soft = False  # the last value hangs on a default that a project may override
        self.target: Mapping[str, str] = {}  # what is known of the target that dbt runs against
        self.naming = False  # what is read gives a name, for which defaults hold
        self.scopes: list[dict[str, tuple[object, bool]]] = [{}]

    def known(self, node: nodes.Node | None) -> object:
        """The value. Raises _Unknown."""
        if node is None:
            raise Unknown
        try:
            return self._value(node)
        except (RecursionError, TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
            raise Unknown from error

    def _value(self, node: nodes.Node) -> object:
        self.steps -= 1
        read = _READERS.get(type(node))
        if read is None or self.steps < 0:
            raise Unknown
        value = read(self, node)
        if isinstance(value, Hole):
            raise Unknown(value)
        return value if isinstance(value, str) and isinstance(node, nodes.Call) else _bounded(value)

    def _const(self, node: nodes.Const) -> object:
        return node.value

    def _name(self, node: nodes.Name) -> object:
        for scope in reversed(self.scopes):
            if node.name in scope:
                value, soft = scope[node.name]
                if value is UNKNOWN:
                    raise Unknown
                self.soft |= soft
                return value
        if node.name == "this":
            return self.this()
        if node.name == "execute":  # what is read is what runs, not what dbt parses before
            return True
        if node.name == "target" and self.target:
            return dict(self.target)
        raise Unknown

    def this(self) -> Relation:
        """What the model makes, as other models know it: its alias alone may be a CTE's name too, and says no schema."""
        return self.model_of(self.model)

    def relation(self, *parts: str) -> Relation:
        """Text of a dataset's name."""
        return Relation(".".join(self.quoted(part) for part in parts))

    def model_of(self, *parts: str) -> Relation:
        """Text of the name of a dbt model, ``([package,] model)``."""
        own = (self.library.package,) if len(parts) == 1 and self.library.package else ()
        return self.relation(MODEL_SCHEMA, *own, *parts)

    def quoted(self, part: str) -> str:
        """A name as SQL, in quotes where it needs them."""
        if IDENTIFIER.match(part) and part.lower() not in RESERVED:
            return part
        close = {"[": "]"}.get(self.quote, self.quote)
        return self.quote + part.replace(close, close * 2) + close

    def _list(self, node: nodes.List | nodes.Tuple) -> object:
        items = [self._value(item) for item in node.items]
        return tuple(items) if isinstance(node, nodes.Tuple) else items

    def _dict(self, node: nodes.Dict) -> object:
        return {self._value(pair.key): self._value(pair.value) for pair in node.items}

    def _not(self, node: nodes.Not) -> object:
        return not self._value(node.node)

    def _and(self, node: nodes.And) -> object:
        return self._value(node.left) and self._value(node.right)

    def _or(self, node: nodes.Or) -> object:
        return self._value(node.left) or self._value(node.right)

    def _test(self, node: nodes.Test) -> object:
        if not self.naming or node.args or node.kwargs or node.name not in _TESTS:
            raise Unknown
        return _TESTS[node.name](self._value(node.node))

    def _compare(self, node: nodes.Compare) -> object:
        left = self._value(node.expr)
        for operand in node.ops:
            right = self._value(operand.expr)
            if not _COMPARISONS[operand.op](left, right):
                return False
            left = right
        return True

    def _add(self, node: nodes.Add) -> object:
        left, right = self._value(node.left), self._value(node.right)
        return left + right  # type: ignore[operator]  # a TypeError is an unknown value

    def _sub(self, node: nodes.Sub) -> object:
        left, right = self._value(node.left), self._value(node.right)
        return left - right  # type: ignore[operator]

    def _concat(self, node: nodes.Concat) -> object:
        return _joined([self._value(part) for part in node.nodes])

    def _choice(self, node: nodes.CondExpr) -> object:
        if self._value(node.test):
            return self._value(node.expr1)
        return self._value(node.expr2) if node.expr2 is not None else ""

    def _getattr(self, node: nodes.Getattr) -> object:
        if dotted(node) == "target.type" and self.library.adapter:
            return self.library.adapter
        owner = self._value(node.node)
        if isinstance(owner, dict):
            return owner[node.attr]
        if isinstance(owner, Relation) and node.attr in ("identifier", "name", "table"):
            own = owner == self.this() and self.config.get("alias")
            return self.relation(own) if own else Relation(owner.rsplit(".", 1)[-1])
        raise Unknown

    def _getitem(self, node: nodes.Getitem) -> object:
        owner, key = self._value(node.node), self._value(node.arg)
        if isinstance(owner, dict):
            return owner[key]
        if isinstance(owner, list | tuple | str) and isinstance(key, int):
            return owner[key]
        raise Unknown

    def _filter(self, node: nodes.Filter) -> object:
        if node.node is None or node.kwargs or node.name not in _FILTERS:
            raise Unknown
        if node.name in ("default", "d") and node.args:
            try:
                return self._value(node.node)
            except Unknown:
                self.soft = True
                return self._value(node.args[0])
        return _FILTERS[node.name](self._value(node.node), *map(self._value, node.args))

    def _call(self, node: nodes.Call) -> object:
        if isinstance(node.node, nodes.Name):
            return self._function(node.node.name, node)
        if isinstance(node.node, nodes.Call):
            return self._dispatch(node.node, node)
        if not isinstance(node.node, nodes.Getattr):
            raise Unknown
        if dotted(node) == "api.Relation.create":
            return self._created(node)
        if dotted(node) == "api.Column.translate_type":
            return str(self._value(node.args[0]) if node.args else unknown())
        owner = node.node.node
        if isinstance(owner, nodes.Name) and not self.is_bound(owner.name):
            return self.called(owner.name, node.node.attr, node)
        if node.kwargs:
            raise Unknown
        value = self._value(owner) if node.node.attr in (*_METHODS, "include", "quote") else unknown()
        if isinstance(value, Relation):
            return value
        return _METHODS[node.node.attr](value, *map(self._value, node.args))

    def _created(self, node: nodes.Call) -> Relation:
        given = {k.key: self._value(k.value) for k in node.kwargs}
        parts = [given.get(key) for key in ("database", "schema", "identifier")]
        return self.relation(*(str(p) for p in parts if p))

    def is_bound(self, name: str) -> bool:
        """Does the template itself say what the name is, here?"""
        return any(name in scope for scope in self.scopes) or name == "this"

    def _function(self, name: str, node: nodes.Call) -> object:
        if name in ("ref", "source"):
            return self._ref(name, node)
        if name in ("var", "env_var"):
            return self._variable(name, node)
        if name == "range":
            return list(range(*(min(int(str(self._value(arg))), 10 * MAX_ITEMS) for arg in node.args)))[:MAX_VALUES]
        if name in ("namespace", "dict"):
            return {k.key: self._value(k.value) for k in node.kwargs}
        return self.called("", name, node)

    def called(self, package: str, name: str, node: nodes.Call) -> object:
        """The value of a macro's call. Raises Unknown."""
        raise Unknown

    def _dispatch(self, dispatch: nodes.Call, node: nodes.Call) -> object:
        """``adapter.dispatch('name', 'package')(arguments)``."""
        raise Unknown

    def _variable(self, name: str, node: nodes.Call) -> object:
        """``var`` of dbt_project.yml, which may be a template itself, or the default."""
        key = self._value(node.args[0]) if node.args else unknown()
        self.library.asked_variables |= name == "var"
        if name == "var" and isinstance(key, str) and key in self.library.variables:
            return self.rendered(self.library.variables[key])
        default = node.args[1] if len(node.args) > 1 else next((k.value for k in node.kwargs), None)
        self.soft = True
        return self._value(default) if default is not None else unknown()

    def rendered(self, value: object) -> object:
        """A variable's value, where that is a template what it gives: dbt reads ``"{{ ref('a') }}"`` so."""
        if not isinstance(value, str) or "{{" not in value:
            return value
        found = _EXPRESSION.fullmatch(value.strip())
        parsed = expression_of(found.group(1)) if found else None
        return self._value(parsed) if parsed is not None else unknown()

    def _ref(self, name: str, node: nodes.Call) -> Relation:
        parts = [_text_of(self._value(arg)) for arg in node.args]
        if not 1 <= len(parts) <= 2 or (name == "source" and len(parts) < 2):
            raise Unknown
        if name == "source":
            self.refs[("source", *parts)] = None
            return self.relation(*self.library.sources.get((parts[0], parts[1]), tuple(parts)))
        version = [self._value(k.value) for k in node.kwargs if k.key in ("v", "version")]
        parts[-1] += "".join(f"_v{v}" for v in version)
        self.refs[("ref", *parts)] = None
        return self.model_of(*parts)

    # ---- effects

    def bind(self, target: nodes.Node | None, value: object, soft: bool) -> None:
        if isinstance(target, nodes.Name):
            self.scopes[-1][target.name] = (value, soft)
        elif isinstance(target, nodes.NSRef):
            self._bind_in(target, value, soft)
        elif isinstance(target, nodes.Tuple):
            fits = isinstance(value, list | tuple) and len(value) == len(target.items)
            for at, name in enumerate(target.items):
                self.bind(name, value[at] if fits else UNKNOWN, soft)  # type: ignore[index]

    def _bind_in(self, target: nodes.NSRef, value: object, soft: bool) -> None:
        """``{% set namespace.attribute = value %}``"""
        scope = next((s for s in reversed(self.scopes) if target.name in s), None)
        if scope is None:
            return
        old, was_soft = scope[target.name]
        known = isinstance(old, dict) and value is not UNKNOWN
        scope[target.name] = ({**old, target.attr: value} if known else UNKNOWN, soft or was_soft)  # type: ignore[dict-item]

    def assign(self, target: nodes.Node | None, node: nodes.Node, possible: bool) -> None:
        self.soft = False
        try:
            value = self.known(node)
        except Unknown as unknown:
            value = Hole(unknown.text) if unknown.text else UNKNOWN
        self.bind(target, value, self.soft or possible)

    def append(self, node: nodes.Expr) -> None:
        """``{% do names.append(x) %}``; what is done to a list in any other way makes it unknown."""
        call = node.node if isinstance(node, nodes.Call) else None
        if not isinstance(call, nodes.Getattr) or not isinstance(call.node, nodes.Name):
            return
        scope = next((s for s in reversed(self.scopes) if call.node.name in s), None)
        if scope is None:
            return
        value: object = UNKNOWN
        try:
            old = self.known(call.node)
            if call.attr == "append" and isinstance(old, list) and isinstance(node, nodes.Call):
                value = _bounded([*old, self.known(node.args[0])])
        except (Unknown, IndexError):
            value = UNKNOWN
        scope[call.node.name] = (value, scope[call.node.name][1])

    def configure(self, node: nodes.Call) -> None:
        pairs: list[tuple[object, nodes.Expr]] = [(k.key, k.value) for k in node.kwargs]
        for arg in node.args:
            if isinstance(arg, nodes.Dict):
                pairs += [(pair.key.value, pair.value) for pair in arg.items if isinstance(pair.key, nodes.Const)]
        for key, expression in pairs:
            try:
                value = self.known(expression)
            except Unknown:
                value = None
            text = str(value).lower() if isinstance(value, bool) else str(value)
            self.config[str(key)] = text if isinstance(value, str | int | float) else None


MAX_VALUES: Final = 2 * MAX_ITEMS
_READERS: Final[dict[type[nodes.Node], Callable[..., object]]] = {
    nodes.Const: Values._const, nodes.Name: Values._name, nodes.List: Values._list, nodes.Tuple: Values._list,
    nodes.Dict: Values._dict, nodes.Not: Values._not, nodes.And: Values._and, nodes.Or: Values._or,
    nodes.Compare: Values._compare, nodes.Add: Values._add, nodes.Sub: Values._sub, nodes.Concat: Values._concat,
    nodes.Test: Values._test, nodes.CondExpr: Values._choice, nodes.Getattr: Values._getattr, nodes.Getitem: Values._getitem,
    nodes.Filter: Values._filter, nodes.Call: Values._call,
}  # fmt: skip


def constant(text: str, variables: Mapping[str, object], target: Mapping[str, str] | None = None) -> str | None:
    """A text that may be a template: what it gives if that hangs on ``variables`` and the ``target`` alone, else None. Defaults
    count as what is meant."""
    if "{" not in text:
        return text
    values = Values("", '"', Library(variables=variables))
    values.target, values.naming = target or {}, True
    reader = _setting(text)
    if reader.diagnostics:
        return None
    try:
        written = "".join(_constants(values, reader, reader.items))
    except Unknown:
        return None
    return "".join(written.split()) if "{%" in text else written.strip()


_setting: Final = lru_cache(500)(Reader)
"""All models below a folder are configured by the same texts."""


def _constants(values: Values, reader: Reader, items: Sequence[Item]) -> Iterator[str]:
    """What items write. Raises Unknown."""
    for item in items:
        if isinstance(item, Text):
            yield reader.text[item.start : item.end]
        elif isinstance(item, Show):
            value = values.known(item.node)
            yield "" if value is None else str(value)
        elif isinstance(item, Do) and item.target is not None:
            values.assign(item.target, item.node, False)
        elif isinstance(item, Block) and item.kind == "if":
            yield from _constants(values, reader, _arm(values, item))
        else:
            raise Unknown


def _arm(values: Values, block: Block) -> Sequence[Item]:
    """What is written of an ``if``. Raises Unknown."""
    for at, (condition, items) in enumerate(block.arms):
        if (block.has_else and at == len(block.arms) - 1) or values.known(condition):
            return items
    return ()
