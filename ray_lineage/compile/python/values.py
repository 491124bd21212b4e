"""Which texts may an expression be? What is not known of them is a gap."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Final

from ray_lineage.compile.positions import Mark
from ray_lineage.compile.python import files
from ray_lineage.compile.python import texts as t
from ray_lineage.compile.python.follow import SELF, Bound, Context, Followed, Unknown, dict_of
from ray_lineage.compile.python.libraries import BIGQUERY, dialect_of_module
from ray_lineage.compile.python.lines import Lines
from ray_lineage.compile.python.literals import read_literal
from ray_lineage.compile.python.scopes import Scope
from ray_lineage.compile.python.texts import Text

_MANY: Final = 8
"""So many texts of one expression are told apart."""

_DEEP: Final = 30
_PERCENT: Final = re.compile(r"%(?:\((\w+)\))?[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?([%diouxXeEfFgGcrsa])")
_FIELD: Final = re.compile(r"\{\{|\}\}|\{([^{}!:]*)(![rsa])?(:[^{}]*(?:\{[^{}]*\}[^{}]*)*)?\}")
_STEPS: Final = re.compile(r"(\w+)((?:\.\w+|\[[^\[\]]+\]){0,4})")
_STEP: Final = re.compile(r"\.(\w+)|\[([^\[\]]+)\]")
_PROPERTIES: Final = ("property", "cached_property")
_BRACES: Final = re.compile(r"\{\{\s*(\w+(?:\.\w+)?)\s*\}\}")
_DOLLAR: Final = re.compile(r"\$\$|\$(\w+)|\$\{(\w+)\}")

Made = Callable[[Text], Text]


class Values:
    """Evaluates the text expressions of one module, as far as they are written down in it or in files that it names. Nothing is
    run. A text of another file stands where it is used."""

    def __init__(self, followed: Followed, lines: Lines) -> None:
        self.followed = followed
        self.lines = lines
        self._literals: dict[int, Text] = {}

    def texts(self, node: ast.expr, context: Context, depth: int = 0) -> list[Text]:
        """The texts that it may be, at least one."""
        asking, self.followed.asking = self.followed.asking, True
        try:
            return self._texts(node, context, depth)
        finally:
            self.followed.asking = asking

    def _texts(self, node: ast.expr, context: Context, depth: int) -> list[Text]:
        if depth > _DEEP or not self.followed.spend():
            return [self.gap(node)]
        if isinstance(node, ast.Constant):
            return [self._constant(node)]
        if isinstance(node, ast.JoinedStr):
            return self._fstring(node, context, depth)
        if isinstance(node, ast.BinOp):
            return self._operation(node, context, depth)
        if isinstance(node, ast.Call):
            return self._call(node, context, depth)
        out: list[Text] = []
        for bound in self.followed.all(node, context):
            found = self.across(self._bound(node, bound, depth), node, context, bound.context)
            out.extend(text if bound.sure else text.doubtful() for text in found)
        return _several(out) or [self.gap(node)]

    def across(self, found: list[Text], node: ast.expr, context: Context, other: Context) -> list[Text]:
        """The same texts; where they are of another module, they stand where they are used."""
        if context.scope.module is other.scope.module:
            return found
        place = Mark(0, *self.lines.start(node))
        return [t.all_at(text, place) for text in found]

    def _bound(self, node: ast.expr, bound: Bound, depth: int) -> list[Text]:
        thing = bound.thing
        if isinstance(thing, Unknown):
            return [self.gap(node, thing.parameter)]
        if isinstance(thing, ast.expr) and not isinstance(thing, ast.Name | ast.Attribute | ast.Subscript):
            return self.texts(thing, bound.context, depth + 1)
        if isinstance(thing, Scope) and any(_last(d) in _PROPERTIES for d in _decorators(thing)):
            return self._returned(thing, bound.context.given, depth)
        return [self.gap(node)]

    def _returned(self, function: Scope, given: Mapping[str, Bound], depth: int) -> list[Text]:
        """What a function returns."""
        if not 0 < len(function.returns) <= _MANY:
            return [t.gap(*self.lines.start(function.node.body[0]))]
        out = [
            text
            for value, order, path in function.returns
            for text in self.texts(value, Context(function, order, path, given), depth + 3)
        ]
        return _several(out if len(function.returns) == 1 else [x.doubtful() for x in out])

    def gap(self, node: ast.expr, parameter: str = "") -> Text:
        """A text of which nothing is known, that an expression stands for."""
        line, column = self.lines.start(node)
        return t.gap(line, column, parameter)

    # ------------------------------------------------------------------ literals

    def _constant(self, node: ast.Constant) -> Text:
        value = node.value
        if isinstance(value, str):
            known = self._literals.get(id(node))
            if known is None:
                known = self._literals[id(node)] = self._literal(node, value)
            return known
        if isinstance(value, bool | int | float):
            return t.plain(str(value), *self.lines.start(node))
        return self.gap(node)

    def _literal(self, node: ast.expr, value: str) -> Text:
        line, column = self.lines.start(node)
        read = read_literal(self.lines.source(node), line, column)
        clean = t.clean(value)
        if read is not None and read.text == clean:
            return read
        return t.plain(clean, line, column)

    def _fstring(self, node: ast.JoinedStr, context: Context, depth: int) -> list[Text]:
        fields = [v for v in node.values if isinstance(v, ast.FormattedValue)]
        line, column = self.lines.start(node)
        read = read_literal(self.lines.source(node), line, column)
        if read is None or read.text.count(t.GAP) != len(fields):
            read = t.concat([self._part(v, line, column) for v in node.values] or [t.NOTHING])
        return self._filled(read, [self._field(f, context, depth) for f in fields])

    def _part(self, node: ast.expr, line: int, column: int) -> Text:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return t.plain(node.value, line, column)
        return t.gap(line, column)

    def _field(self, node: ast.FormattedValue, context: Context, depth: int) -> list[Text]:
        if node.format_spec is not None and not (
            isinstance(node.format_spec, ast.JoinedStr) and not node.format_spec.values
        ):
            return [self.gap(node.value)]
        found = self.texts(node.value, context, depth + 1)
        if node.conversion == ord("r"):
            quote = t.plain("'", *self.lines.start(node.value))
            return [t.concat((quote, text, quote)) for text in found]
        return found

    def _filled(self, text: Text, values: Sequence[list[Text]]) -> list[Text]:
        """With its gaps replaced, in every combination that is not too many."""
        at = [k for k, char in enumerate(text.text) if char == t.GAP]
        return (
            _several(self._replaced(text, [(k, k + 1, v) for k, v in zip(at, values, strict=False)]))
            if values
            else [text]
        )

    # ------------------------------------------------------------------ operators

    def _operation(self, node: ast.BinOp, context: Context, depth: int) -> list[Text]:
        if isinstance(node.op, ast.Mod):
            return self._percent(node, context, depth)
        if not isinstance(node.op, ast.Add):
            return [self.gap(node)]
        operands: list[ast.expr] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and isinstance(
            left.op, ast.Add
        ):  # a chain may be longer than the stack is deep
            operands.append(left.right)
            left = left.left
        operands.append(left)
        parts = [self._operand(o, context, depth) for o in reversed(operands)]
        return _several([t.concat(chosen) for chosen in _combinations(parts)])

    def _operand(self, node: ast.expr, context: Context, depth: int) -> list[Text]:
        found = self.texts(node, context, depth + 1)
        if isinstance(node, ast.Constant | ast.JoinedStr):
            return found
        place = Mark(0, *self.lines.start(node))
        return [t.moved(text, place) for text in found]

    def _percent(self, node: ast.BinOp, context: Context, depth: int) -> list[Text]:
        given = self.followed.one(node.right, context)
        named: dict[str, list[Text]] = {}
        listed: list[list[Text]] = []
        pairs = dict_of(given.thing)
        if pairs is not None:
            named = self._named(pairs, given.context, depth)
        elif isinstance(given.thing, ast.Tuple):
            listed = [self.texts(e, given.context, depth + 1) for e in given.thing.elts]
        else:
            listed = [self.texts(node.right, context, depth + 1)]
        out: list[Text] = []
        for text in self.texts(node.left, context, depth + 1):
            fields: list[tuple[int, int, list[Text]]] = []
            for found in _PERCENT.finditer(text.text):
                name, letter = found.groups()
                if letter == "%":
                    value = [t.plain("%", *self.lines.start(node))]
                elif name:
                    value = named.get(name) or [self.gap(node.right)]
                else:
                    at = sum(1 for _, _, v in fields if v and v[0].text != "%")
                    value = listed[at] if at < len(listed) else [self.gap(node.right)]
                fields.append((*found.span(), value))
            out.extend(self._replaced(text, fields))
        return _several(out)

    def _named(self, node: ast.Dict, context: Context, depth: int) -> dict[str, list[Text]]:
        return {
            str(k.value): self.texts(v, context, depth + 1)
            for k, v in zip(node.keys, node.values, strict=True)
            if isinstance(k, ast.Constant)
        }

    @staticmethod
    def _replaced(text: Text, fields: Sequence[tuple[int, int, list[Text]]]) -> list[Text]:
        """With spans of it replaced. A name that is written into it stands there, wherever it comes from."""
        parts: list[Text] = []
        at = 0
        for start, end, _ in fields:
            parts.append(t.cut(text, at, start))
            at = end
        last = t.cut(text, at, len(text.text))
        values = [[t.moved(v, t.place(text, start)) for v in found] for start, _, found in fields]
        out = []
        for chosen in _combinations(values):
            pieces = [p for part, value in zip(parts, chosen, strict=True) for p in (part, value)]
            out.append(t.concat([*pieces, last]))
        return out

    # ------------------------------------------------------------------ calls

    def _call(self, node: ast.Call, context: Context, depth: int) -> list[Text]:
        function = node.func
        if isinstance(function, ast.Attribute):
            method = _METHODS.get(function.attr)
            if method is not None:
                found = method(self, node, function, context, depth)
                if found is not None:
                    return found
        name = _last(function)
        if name in _READS:
            path = files.path_of(self, node, context)
            content = self.followed.others.text(path) if path else None
            if content is not None:
                return [t.all_at(t.plain(content, 1, 1), Mark(0, *self.lines.start(node)))]
        if name == "Composed" and node.args:
            items = [self._again(node, i, context, depth) for i in self.followed.items(node.args[0], context)]
            if items:
                return [t.concat(chosen) for chosen in _combinations(items)]
        if name in _WRAPPERS and node.args:
            return self.texts(node.args[0], context, depth + 1)
        if name in _DEDENTS and node.args:
            return [t.dedented(text) for text in self.texts(node.args[0], context, depth + 1)]
        if name in ("Identifier", "quoted_name"):
            return self._identifier(node, context, depth)
        if name in ("Template", "JinjaSqlTemplate") and node.args:
            return self.texts(node.args[0], context, depth + 1)
        reference = self._reference(node, name, context, depth)
        if reference is not None:
            return reference
        if name in ("getenv", "get") and len(node.args) == 2 and self._of_environment(function, context):
            return [x.doubtful() for x in self.texts(node.args[1], context, depth + 1)]
        return self._own_function(node, context, depth)

    def _reference(self, node: ast.Call, name: str, context: Context, depth: int) -> list[Text] | None:
        """What BigQuery's references name: ``client.dataset("d", project="p").table("t")``, ``TableReference(d, "t")``."""
        if name in _DATASETS:
            projects = [k.value for k in node.keywords if k.arg == "project"]
            own = node.args[:2] if name != "dataset" else [*projects, *node.args[1:2], *node.args[:1]]
            return self._dotted(own, context, depth)
        if name == "TableReference":
            return self._dotted(node.args[:2], context, depth)
        if name == "table" and is_of_dataset(self.followed, node, context) and isinstance(node.func, ast.Attribute):
            return self._dotted([node.func.value, *node.args[:1]], context, depth)
        if name in ("Table", "get_table") and node.args and self._of_bigquery(node.func, context):
            return self.texts(node.args[0], context, depth + 1)
        return None

    def _of_bigquery(self, function: ast.expr, context: Context) -> bool:
        return dialect_of_module(self.followed.origin(function, context)) == BIGQUERY

    def _dotted(self, nodes: Sequence[ast.expr], context: Context, depth: int) -> list[Text] | None:
        if not nodes:
            return None
        parts = [self.texts(n, context, depth + 1) for n in nodes]
        dot = t.plain(".", *self.lines.start(nodes[0]))
        return [t.joined(dot, list(chosen)) for chosen in _combinations(parts)]

    def _of_environment(self, function: ast.expr, context: Context) -> bool:
        return self.followed.origin(function, context) in ("os.getenv", "os.environ.get")

    def _identifier(self, node: ast.Call, context: Context, depth: int) -> list[Text]:
        """psycopg's ``sql.Identifier("schema", "table")``."""
        place = self.lines.start(node)
        parts = [self.texts(a, context, depth + 1)[0] for a in node.args]
        quoted: list[Text] = []
        for part in parts:
            if quoted:
                quoted.append(t.plain(".", *place))
            mark = t.plain('"' if part.text != t.GAP else "", *place)
            quoted += (mark, part, mark)
        return [t.concat(quoted)] if quoted else [self.gap(node)]

    def _own_function(self, node: ast.Call, context: Context, depth: int) -> list[Text]:
        """A function of this module that returns a text."""
        found = self.followed.one(node.func, context) if not isinstance(node.func, ast.Attribute) else None
        method = self._method_of(node, context) if found is None else None
        scope = method if method is not None else found.thing if found is not None else None
        if found is not None and isinstance(found.thing, ast.Lambda):
            return self._lambda(found.thing, node, found.context, context, depth)
        if not isinstance(scope, Scope) or not scope.is_function or not 0 < len(scope.returns) <= _MANY:
            return [self.gap(node, self._left_to_heirs(scope, node, context))]
        static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in _decorators(scope))
        given = self.followed.arguments(scope, node, context, bound=method is not None and not static)
        if SELF in context.given and method is not None and self._of_self(node, context):
            given[SELF] = context.given[SELF]
        return self.across(self._returned(scope, given, depth), node, context, Context(scope, scope.order))

    def _of_self(self, call: ast.Call, context: Context) -> bool:
        of = call.func.value if isinstance(call.func, ast.Attribute) else None
        return isinstance(of, ast.Name) and self.followed.is_self(of.id, context)

    def _left_to_heirs(self, method: object, call: ast.Call, context: Context) -> str:
        """What stands for a method that says nothing in the class whose object calls it; empty: no other class does, either."""
        if SELF in context.given or not isinstance(method, Scope) or method.returns or not self._of_self(call, context):
            return ""
        of = context.scope.of_class
        return f"{of.name}:{method.name}" if of is not None and self.followed.heirs(of) else ""

    def _lambda(self, function: ast.Lambda, call: ast.Call, made: Context, context: Context, depth: int) -> list[Text]:
        names = [a.arg for a in function.args.args]
        given = {name: Bound(value, context) for name, value in zip(names, call.args, strict=False)}
        given |= {k.arg: Bound(k.value, context) for k in call.keywords if k.arg in names}
        return self.across(self.texts(function.body, made.inside(given), depth + 3), call, context, made)

    def _method_of(self, node: ast.Call, context: Context) -> Scope | None:
        return method_called(self.followed, node, context)

    # ------------------------------------------------------------------ methods of texts

    def _format(self, node: ast.Call, function: ast.Attribute, context: Context, depth: int) -> list[Text] | None:
        listed = [Bound(a, context) for a in node.args if not isinstance(a, ast.Starred)]
        named: dict[str, Bound] = {}
        for keyword in node.keywords:
            if keyword.arg is not None:
                named[keyword.arg] = Bound(keyword.value, context)
            else:
                named |= self.entries(keyword.value, context)
        if function.attr == "format_map" and node.args:
            named |= self.entries(node.args[0], context)
        out: list[Text] = []
        for text in self.texts(function.value, context, depth + 1):
            out.extend(self._formatted(text, node, listed, named, depth))
        return _several(out)

    def entries(self, node: ast.expr, context: Context) -> dict[str, Bound]:
        """The values of a dictionary that is written down, by their keys."""
        whole = self.followed.one(node, context)
        pairs = dict_of(whole.thing)
        if pairs is None:
            return {}
        found = zip(pairs.keys, pairs.values, strict=True)
        return {str(k.value): Bound(v, whole.context) for k, v in found if isinstance(k, ast.Constant)}

    def entry(self, node: ast.expr, key: str, context: Context) -> Bound | None:
        """The value of a key of a dictionary that is written down."""
        return self.entries(node, context).get(key)

    def _formatted(
        self, text: Text, node: ast.Call, listed: Sequence[Bound], named: Mapping[str, Bound], depth: int
    ) -> list[Text]:
        place = self.lines.start(node)
        fields: list[tuple[int, int, list[Text]]] = []
        counted = 0
        for found in _FIELD.finditer(text.text):
            whole, name = found.group(), found.group(1)
            value: list[Text] | None
            if whole in ("{{", "}}"):
                value = [t.plain(whole[0], *place)]
            else:
                if name == "":
                    name, counted = str(counted), counted + 1
                value = self._field_value(name, node, listed, named, depth)
            fields.append((*found.span(), value or [self.gap(node)]))
        return self._replaced(text, fields)

    def _field_value(
        self, name: str, node: ast.Call, listed: Sequence[Bound], named: Mapping[str, Bound], depth: int
    ) -> list[Text] | None:
        """``{0}``, ``{name}``, ``{name.attribute}``, ``{name[key]}``."""
        steps = _STEPS.fullmatch(name)
        if steps is None:
            return None
        first = steps.group(1)
        at = int(first) if first.isdecimal() and len(first) < 5 else -1
        bound = named.get(first) if at < 0 else listed[at] if at < len(listed) else None
        if bound is None or not isinstance(bound.thing, ast.expr):
            return None
        value = bound.thing
        for attribute, key in _STEP.findall(steps.group(2)):
            constant = ast.copy_location(ast.Constant(int(key) if key.isdecimal() and len(key) < 5 else key), node)
            step = (
                ast.Attribute(value, attribute, ast.Load()) if attribute else ast.Subscript(value, constant, ast.Load())
            )
            value = ast.copy_location(step, node)
        return self.texts(value, bound.context, depth + 1)

    def _join(self, node: ast.Call, function: ast.Attribute, context: Context, depth: int) -> list[Text] | None:
        if len(node.args) != 1:
            return None
        separator = self.texts(function.value, context, depth + 1)[0]
        argument = node.args[0]
        lists = self.followed.all(argument, context)[:_MANY]
        out: list[Text] = []
        for bound in lists:
            thing = bound.thing if isinstance(bound.thing, ast.expr) else argument
            items = [self._again(argument, i, context, depth) for i in self.followed.items(thing, bound.context)]
            out += [t.joined(separator, list(chosen)) for chosen in _combinations(items)] if items else [self.gap(node)]
        return _several(out if len(lists) == 1 else [x.doubtful() for x in out])

    def _again(self, node: ast.expr, bound: Bound, context: Context, depth: int) -> list[Text]:
        if not isinstance(bound.thing, ast.expr):
            return [self.gap(node)]
        return self.across(self.texts(bound.thing, bound.context, depth + 1), node, context, bound.context)

    def _strip(self, node: ast.Call, function: ast.Attribute, context: Context, depth: int) -> list[Text] | None:
        what = self._argument(node, 0, context, depth)
        if node.args and what is None:
            return None
        left, right = function.attr != "rstrip", function.attr != "lstrip"
        found = self.texts(function.value, context, depth + 1)
        return [t.stripped(x, what.text if what else None, left=left, right=right) for x in found]

    def _get(self, node: ast.Call, function: ast.Attribute, context: Context, depth: int) -> list[Text] | None:
        """``queries.get("name")`` of a dictionary that is written down."""
        if not node.args or dict_of(self.followed.one(function.value, context).thing) is None:
            return None
        entry = ast.copy_location(ast.Subscript(function.value, node.args[0], ast.Load()), node)
        found = self.texts(entry, context, depth + 1)
        if len(node.args) > 1 and not any(x.known for x in found):
            return [x.doubtful() for x in self.texts(node.args[1], context, depth + 1)]
        return found

    def _argument(self, node: ast.Call, position: int, context: Context, depth: int) -> Text | None:
        if len(node.args) <= position:
            return None
        found = self.texts(node.args[position], context, depth + 1)
        return found[0] if len(found) == 1 and found[0].known else None

    def _replace(self, node: ast.Call, function: ast.Attribute, context: Context, depth: int) -> list[Text] | None:
        if len(node.args) < 2:
            return None
        old = self._argument(node, 0, context, depth)
        if old is None:
            return None
        new = self.texts(node.args[1], context, depth + 1)[0]
        return [t.replaced(x, old.text, new) for x in self.texts(function.value, context, depth + 1)]

    def _case(self, node: ast.Call, function: ast.Attribute, context: Context, depth: int) -> list[Text] | None:
        found = self.texts(function.value, context, depth + 1)
        lower = function.attr in ("lower", "casefold")
        changed = [x._replace(text=x.text.lower() if lower else x.text.upper()) for x in found]
        return [c if len(c.text) == len(x.text) else x for c, x in zip(changed, found, strict=True)]

    def _same(self, node: ast.Call, function: ast.Attribute, context: Context, depth: int) -> list[Text] | None:
        return self.texts(function.value, context, depth + 1)

    def _substitute(self, node: ast.Call, function: ast.Attribute, context: Context, depth: int) -> list[Text] | None:
        """``string.Template(...).substitute(a=...)``."""
        named: dict[str, list[Text]] = {}
        for argument in node.args[:1]:
            given = self.followed.one(argument, context)
            pairs = dict_of(given.thing)
            if pairs is not None:
                named = self._named(pairs, given.context, depth)
        named |= {k.arg: self.texts(k.value, context, depth + 1) for k in node.keywords if k.arg}
        out: list[Text] = []
        for text in self.texts(function.value, context, depth + 1):
            fields = []
            for found in _DOLLAR.finditer(text.text):
                name = found.group(1) or found.group(2)
                dollar = [t.plain("$", *self.lines.start(node))]
                fields.append((*found.span(), (named.get(name) or [self.gap(node)]) if name else dollar))
            out.extend(self._replaced(text, fields))
        return _several(out)

    def _render(self, node: ast.Call, function: ast.Attribute, context: Context, depth: int) -> list[Text] | None:
        """A template of Jinja: names that are given are written into it, the rest is for the reader of templates."""
        named = {k.arg: self.texts(k.value, context, depth + 1)[0] for k in node.keywords if k.arg}
        return [self.rendered(text, named) for text in self.texts(function.value, context, depth + 1)]

    def rendered(self, text: Text, named: Mapping[str, Text]) -> Text:
        """A template of Jinja with what is given for some of its names."""
        fields = [
            (*found.span(), [named[found.group(1)]]) for found in _BRACES.finditer(text.text) if found.group(1) in named
        ]
        return self._replaced(text, fields)[0]


_Method = Callable[[Values, ast.Call, ast.Attribute, Context, int], list[Text] | None]
_METHODS: Final[Mapping[str, _Method]] = {
    **dict.fromkeys(("format", "format_map"), Values._format),
    "get": Values._get,
    "join": Values._join,
    **dict.fromkeys(("strip", "lstrip", "rstrip"), Values._strip),
    "replace": Values._replace,
    **dict.fromkeys(("lower", "upper", "casefold"), Values._case),
    **dict.fromkeys(
        ("as_string", "bindparams", "columns", "execution_options", "encode", "decode", "__str__", "as_bytes"),
        Values._same,
    ),
    **dict.fromkeys(("substitute", "safe_substitute"), Values._substitute),
    "render": Values._render,
}
_WRAPPERS: Final = frozenset(
    {
        "text",
        "SQL",
        "str",
        "Composed",
        "DDL",
        "RawSQL",
        "RunSQL",
        "literal_column",
        "from_string",
        "LiteralString",
        "resolve_table",
    }
)
_READS: Final = (
    "read",
    "read_text",
    "read_sql_file",
    "load_sql",
    "get_sql",
    "open",
    "readlines",
    "read_file",
    "get_template",
)
_DATASETS: Final = frozenset({"dataset", "DatasetReference", "Dataset", "get_dataset"})
"""What makes or gets a dataset of BigQuery."""

_DEDENTS: Final = frozenset({"dedent", "cleandoc"})


def _decorators(scope: Scope) -> list[ast.expr]:
    node = scope.node
    return [] if isinstance(node, ast.Module) else node.decorator_list


def is_of_dataset(followed: Followed, call: ast.Call, context: Context) -> bool:
    """Is it ``table`` of one of BigQuery's datasets: a reference, and nothing that is read?"""
    if not isinstance(call.func, ast.Attribute):
        return False
    of = followed.one(call.func.value, context).thing
    return isinstance(of, ast.Call) and _last(of.func) in _DATASETS


def method_called(followed: Followed, call: ast.Call, context: Context) -> Scope | None:
    """The method of a class of this module that ``self.name(...)`` or ``Class(...).name(...)`` calls."""
    function = call.func
    if not isinstance(function, ast.Attribute):
        return None
    value = function.value
    if isinstance(value, ast.Name) and context.scope.of_class is not None and followed.is_self(value.id, context):
        given = context.given.get(SELF)
        heir = given.thing if given is not None else None
        return followed.method(heir if isinstance(heir, Scope) else context.scope.of_class, function.attr)
    thing = followed.one(value, context)
    of: object = thing.thing
    if isinstance(of, ast.Call):
        of = followed.one(of.func, thing.context).thing
    return followed.method(of, function.attr) if isinstance(of, Scope) and of.is_class else None


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _combinations(values: Sequence[list[Text]]) -> Iterable[tuple[Text, ...]]:
    """One of each, in every combination; of too many, only the first of each."""
    size = 1
    for found in values:
        size *= len(found)
        if size > _MANY:
            return (tuple(_first(v) for v in values),)
    return product(*values)


def _first(found: list[Text]) -> Text:
    """The first one, as one of several."""
    if len(found) == 1:
        return found[0]
    parameters = frozenset[str]().union(*(text.parameters for text in found))
    return found[0]._replace(sure=False, parameters=parameters)


def _several(found: Iterable[Text]) -> list[Text]:
    """Each text once; what is one of several is not sure."""
    out: dict[str, Text] = {}
    for text in found:
        out.setdefault(text.text, text)
    few = list(out.values())[:_MANY]
    return few if len(few) == 1 else [x.doubtful() for x in few]
