"""Templates -> plain SQL with the same lines, because repositories keep SQL as dbt models, sqlcmd scripts and formats.

Jinja is read with jinja2's own lexer and parser and evaluated here, statically: nothing is ever rendered, so no loop,
macro or filter of a hostile repository runs. What is known (constants, loops over constant lists, ``ref``) becomes
text, what is not becomes a placeholder whose name begins with ``__jinja_``, ``__var_`` or ``__env_``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from jinja2 import Environment, TemplateError, nodes

from ray_lineage.model import Diagnostic

MAX_VARIANTS: Final = 8


MAX_ITEMS: Final = 50
"""Longer constant lists are not unrolled."""


MAX_GROWTH: Final = 200_000
"""Characters that unrolled loops and inserted constants may add to a file."""


_MAX_VALUE: Final = 5_000


_MAX_EXPRESSION: Final = 20_000


_MAX_DEPTH: Final = 50


_MAX_STEPS: Final = 50_000


class Template(NamedTuple):
    """``text`` is SQL with as many lines as the template. ``refs`` are ``("ref", [package,] model)`` and
    ``("source", source, table)``. ``branches`` are line ranges (inclusive, from 1) of text that is only possible.
    ``variants`` are whole texts with another branch of some ``if`` chosen. ``snapshot`` is the name that a dbt snapshot gives
    itself."""

    text: str
    refs: tuple[tuple[str, ...], ...] = ()
    config: dict[str, str | None] = {}  # noqa: RUF012  never changed
    branches: tuple[tuple[int, int], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    variants: tuple[str, ...] = ()
    snapshot: str = ""


_MARKS = re.compile(
    r"\{[{%#]|\$\(\w|\$\{|\{[A-Za-z_][\w.]*\}|%\(\w+\)s|%s\b|:(?<=[\s(,=<>]:)(?=[\d'\"])", re.ASCII
)  # fmt: skip


_JINJA = re.compile(r"\{[{%#]")


def untemplate(text: str, model: str = "this_model", quote: str = '"') -> Template | None:
    """The template as plain SQL, or None if it holds no template marks. Never raises on bad input.

    ``model`` is what ``{{ this }}`` means unless an alias is configured; ``quote`` is the dialect's opening quote of
    identifiers. Line ends become ``\\n``.
    """
    if _MARKS.search(text) is None:
        return None
    plain = text.replace("\r\n", " \n").replace("\r", "\n")
    if not _JINJA.search(plain) or _only_in_strings(plain):
        filled = _fill(plain)
        return None if filled == plain else Template(filled)
    reader = _Reader(plain)
    run = _Run(plain, reader, model, quote)
    text, variants = run.all_texts()
    return Template(
        _fill(text),
        tuple(run.refs),
        run.config,
        _merged(run.branches),
        tuple(sorted(run.diagnostics.values(), key=lambda d: d.line)),
        tuple(_fill(v) for v in variants),
        reader.snapshot if _IDENTIFIER.match(reader.snapshot) else "",
    )


def _only_in_strings(text: str) -> bool:
    """Whether every opening mark is text of a string or comment and none is ever closed: ``LIKE '{%'``."""
    if re.search(r"[%}#]\}", text):
        return False
    return all(state for _, _, state in _occurrences(text, _JINJA))


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


_OPEN = re.compile(r"--|/\*|['\"`\[]")


_CLOSE: Final = {
    "--": re.compile(r"\n"), "/*": re.compile(r"\*/"), "'": re.compile(r"'"), '"': re.compile(r'"'),
    "`": re.compile(r"`"), "[": re.compile(r"[\]\n]"),
}  # fmt: skip


_COMMENTS: Final = ("--", "/*")


class _Scan:
    """Follows strings, quoted names and comments through text that comes in pieces. ``code`` is the end of what was
    read, without comments."""

    def __init__(self, state: str = "", code: str = "") -> None:
        self.state = state
        self.code = code

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            pattern = _CLOSE[self.state] if self.state else _OPEN
            found = pattern.search(text, at)
            end = len(text) if found is None else found.end()
            if self.state not in _COMMENTS:
                stop = found.start() if found and found.group() in _COMMENTS else end
                self.code = (self.code + text[max(at, stop - 120) : stop])[-120:]
            elif found is not None:
                self.code += " "
            if found is not None:
                self.state = "" if self.state else found.group()
            at = end


def _occurrences(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str, str]]:
    """Matches, each with the code before it and the quote or comment that it stands in (empty: none)."""
    scan = _Scan()
    at = 0
    for found in pattern.finditer(text):
        scan.feed(text[at : found.start()])
        at = found.start()
        yield found, scan.code, scan.state


_PLAIN = re.compile(
    r"""(?P<setvar>^[ \t]*:setvar[ \t]+(?P<key>\w+)[ \t]*(?P<value>[^\n]*))
      | \$\((?P<sqlcmd>\w[\w.-]*)\)
      | [$\#]\{(?P<shell>[^{}\n'"]{1,100})\}
      | (?<![{$\#])\{(?P<brace>[A-Za-z_][\w.]*)\}(?!\})
      | %\((?P<named>\w+)\)s\b
      | (?P<percent>%s)\b
      | (?<![:\w]):(?:(?P<number>\d+)\b|(?P<psql>['"]))""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE | re.ASCII,
)


_SIMPLE = re.compile(r"[A-Za-z_]\w*\Z|\d+(\.\d+)?\Z")


_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")


def _fill(text: str) -> str:
    """Replace the placeholders that are no Jinja, at their own length wherever there is room."""
    if _MARKS.search(text) is None:
        return text
    parts: list[str] = []
    known: dict[str, str] = {}
    at = 0
    for found, code, state in _occurrences(text, _PLAIN):
        if found["setvar"] is not None:
            known[found["key"].lower()] = found["value"].strip().strip('"')
            new: str | None = " " * len(found.group())
        else:
            new = _placeholder(found, code, state, text[found.end() : found.end() + 1], known)
        if new is not None:
            parts += (text[at : found.start()], new)
            at = found.end()
    return "".join((*parts, text[at:]))


def _placeholder(found: re.Match[str], code: str, state: str, after: str, known: dict[str, str]) -> str | None:
    """What to write instead; None: leave it."""
    if state in _COMMENTS:
        return None
    name, width = found["sqlcmd"] or found["shell"], len(found.group())
    if name:
        value = known.get(name.lower()) if found["sqlcmd"] else None
        if value is not None and "\n" not in value and (state or _SIMPLE.match(value)):
            joined = state or re.match(r"[\w$({]", after)
            return value if joined else value.ljust(width)
    if state:
        return _same_length(found.group()) if name else None
    joins = bool(re.search(r"[\w.$)}\]]\Z", code)) or bool(re.match(r"[\w.($]", after))
    if name or found["brace"]:
        name = name or found["brace"]
        value_here = not joins and re.search(r"[=<>+\-/|]\s*\Z", code) and _IDENTIFIER.match(name)
        return f":{name}".ljust(width) if value_here else _same_length(found.group())
    if found["named"]:
        in_name = joins or _word_before(code) in _NAMES_FOLLOW
        return _same_length(found.group()) if in_name else f":{found['named']}".ljust(width)
    return _positional(found, code, after)


def _positional(found: re.Match[str], code: str, after: str) -> str | None:
    """``%s`` and ``:1`` are also how a modulo and a slice look: only where an operand is missing."""
    if found["percent"] and (code.endswith(("_", ".")) or after == "."):
        return "_s"
    if _operand_before(code):
        return None
    if found["psql"]:
        return " " + found["psql"]
    if found["percent"] and _word_before(code) in _NAMES_FOLLOW:
        return "_s"
    return "?".ljust(len(found.group()))


def _same_length(mark: str) -> str:
    return re.sub(r"\W", "_", mark)


_NAMES_FOLLOW: Final = frozenset(
    "as into update table view from join set exists function procedure use schema database merge index truncate".split()
)
"""After these words stands a name, not an expression."""


_OPERANDS_FOLLOW: Final = _NAMES_FOLLOW | frozenset(
    "select distinct all where and or on by having in not case when then else like ilike between using limit offset top "
    "over values union except intersect returning qualify is with return interval call exec partition escape any some "
    "window filter order within replace ignore only if while print".split()
)


_LAST = re.compile(r"(\w+|\S)\s*\Z")


def _word_before(code: str) -> str:
    found = _LAST.search(code)
    return found.group(1).lower() if found else ""


def _operand_before(code: str) -> bool:
    """Whether an operand or a name has just ended, so that no other one can stand here."""
    word = _word_before(code)
    if word == "*":
        return bool(re.search(r"(\bselect|\bdistinct|,|\.)\s*\*\s*\Z", code, re.IGNORECASE))
    if not word or not (word[0].isalnum() or word[0] == "_"):
        return word != "" and word in ")]\"'`"
    return word not in _OPERANDS_FOLLOW


_ENVIRONMENT: Final = Environment(keep_trailing_newline=True, autoescape=True)  # parses only, renders nothing


_FAILURES: Final = (TemplateError, RecursionError, ValueError, OverflowError, TypeError, MemoryError)


class _Text(NamedTuple):
    start: int
    end: int


class _Show(NamedTuple):
    """``{{ expression }}``; ``node`` is None where it cannot be parsed."""

    start: int
    end: int
    node: nodes.Expr | None


class _Do(NamedTuple):
    """``{% set x = ... %}`` and ``{% do ... %}``."""

    target: nodes.Expr | None
    node: nodes.Expr


class _Block:
    """``if``, ``for``, ``set`` with a body, or a definition (``macro``) that is left out."""

    def __init__(self, kind: str, start: int, head: nodes.Node | None) -> None:
        self.kind = kind
        self.start = start
        self.arms: list[tuple[nodes.Node | None, list[_Item]]] = [(head, [])]
        self.spans: list[list[int]] = []
        self.has_else = False
        self.end = start


_Item: TypeAlias = _Text | _Show | _Do | _Block


_Segment: TypeAlias = tuple[str, int, int]  # data, show, tag; comments are left out


_TAG = re.compile(r"\{%\s*(\w+)\s*(.*?)\s*%\}\Z", re.DOTALL)


_PLAIN_TAGS: Final = frozenset(
    "do call endcall filter endfilter with endwith block endblock autoescape endautoescape snapshot endsnapshot test "
    "endtest data_test enddata_test materialization endmaterialization include import from extends break continue raw "
    "endraw trans endtrans pluralize debug".split()
)


_BODIES: Final = {
    "endif": "if",
    "endfor": "for",
    "endset": "set",
    "endmacro": "macro",
    "enddocs": "docs",
    "endcall": "call",
}


class _Reader:
    """Template text -> tree of items, with what is wrong in it."""

    def __init__(self, text: str) -> None:
        # whitespace control would take literal text away that has to keep its place
        self.text = re.sub(r"(?<=\{[{%#])[-+]|[-+](?=[%}#]\})", " ", text)
        self.newlines = [m.start() for m in re.finditer("\n", text)]
        self.diagnostics: list[Diagnostic] = []
        self.snapshot = ""
        self.items: list[_Item] = []
        self.stack: list[_Block] = []
        self._read(self._segments())

    def line(self, at: int) -> int:
        return bisect_right(self.newlines, at - 1) + 1

    def column(self, at: int) -> int:
        line = self.line(at)
        return at - (self.newlines[line - 2] + 1 if line > 1 else 0)

    def _broken(self, line: int, what: str) -> None:
        self.diagnostics.append(Diagnostic("RL121", "warning", f"the template is broken: {what}", line))

    def _segments(self) -> list[_Segment]:
        try:
            return list(self._lexed())
        except _FAILURES as error:
            self._broken(getattr(error, "lineno", 1) or 1, str(getattr(error, "message", error)))
            return list(self._cut())

    def _lexed(self) -> Iterator[_Segment]:
        """Segments as jinja2 sees them."""
        at = begin = 0
        for _, kind, value in _ENVIRONMENT.lex(self.text):
            if kind == "data":
                yield "data", at, at + len(value)
            elif kind in ("variable_begin", "block_begin"):
                begin = at
            at += len(value)
            if kind in ("variable_end", "block_end"):
                yield "show" if kind == "variable_end" else "tag", begin, at

    def _cut(self) -> Iterator[_Segment]:
        """Segments of a text that jinja2's lexer refuses: each mark up to the next closing one."""
        at = 0
        text = self.text
        gone: set[str] = set()
        for found in _JINJA.finditer(text):
            if found.start() < at:
                continue
            close = {"{{": "}}", "{%": "%}", "{#": "#}"}[found.group()]
            end = -1 if close in gone else text.find(close, found.end())
            if end < 0:
                gone.add(close)
            yield "data", at, found.start()
            at = found.end() if end < 0 else end + 2
            if end >= 0 and close != "#}":
                yield "show" if close == "}}" else "tag", found.start(), at
        yield "data", at, len(text)

    def _read(self, segments: Sequence[_Segment]) -> None:
        for kind, start, end in segments:
            if kind == "data":
                self._add(_Text(start, end))
            elif kind == "show":
                node = self._expression(self.text[start + 2 : end - 2], start)
                self._add(_Show(start, end, node))
            else:
                self._tag(start, end)
        while self.stack:
            block = self.stack[-1]
            self._broken(self.line(block.start), f"`{block.kind}` is never closed")
            self._close(len(self.text), len(self.text))

    def _add(self, item: _Item) -> None:
        (self.stack[-1].arms[-1][1] if self.stack else self.items).append(item)

    def _parse(self, source: str, at: int) -> nodes.Node | None:
        try:
            if len(source) > _MAX_EXPRESSION:
                raise TemplateError("an expression is too long")
            body = _ENVIRONMENT.parse(source).body
            return body[0] if body else None
        except _FAILURES as error:
            what = "an expression is nested too deeply" if isinstance(error, RecursionError) else str(error)
            self._broken(self.line(at), what)
            return None

    def _expression(self, source: str, at: int) -> nodes.Expr | None:
        output = self._parse("{{" + source + "}}", at)
        if isinstance(output, nodes.Output) and output.nodes and not isinstance(output.nodes[0], nodes.TemplateData):
            return output.nodes[0]
        return None

    def _tag(self, start: int, end: int) -> None:
        found = _TAG.match(self.text[start:end])
        name, rest = found.groups() if found else ("", "")
        if name in ("if", "for", "macro", "docs") or (name == "set" and "=" not in rest):
            self._open(name, rest, start, end)
        elif name == "call" and rest.startswith("statement"):  # a statement that is run elsewhere
            self._open("call", rest, start, end)
        elif name == "endcall" and any(block.kind == "call" for block in self.stack):
            self._end(name, start, end)
        elif name in ("elif", "else"):
            self._arm(name, rest, start, end)
        elif name in _BODIES and name != "endcall":
            self._end(name, start, end)
        elif name in ("set", "do"):
            self._assign(name, rest, start)
        elif name == "snapshot":
            self.snapshot = rest
        elif name not in _PLAIN_TAGS:
            what = f"the tag `{name[:50]}` is not known; its text was read as it stands"
            self.diagnostics.append(Diagnostic("RL125", "info", what, self.line(start)))

    def _open(self, name: str, rest: str, start: int, end: int) -> None:
        if len(self.stack) >= _MAX_DEPTH:
            self._broken(self.line(start), "it is nested too deeply")
            return
        head: nodes.Node | None = None
        if name == "if":
            head = self._expression(rest, start)
        elif name == "for":
            head = self._parse("{% for " + rest + " %}{% endfor %}", start)
        elif name == "set":
            head = self._parse("{% set " + rest + " %}{% endset %}", start)
        block = _Block(name, start, head)
        block.spans.append([end, end])
        self._add(block)
        self.stack.append(block)

    def _arm(self, name: str, rest: str, start: int, end: int) -> None:
        block = self.stack[-1] if self.stack else None
        if block is None or block.kind not in ("if", "for") or block.has_else:
            self._broken(self.line(start), f"`{name}` without `if`")
            return
        block.has_else = name == "else"
        block.spans[-1][1] = start
        block.spans.append([end, end])
        block.arms.append((self._expression(rest, start) if name == "elif" else None, []))

    def _end(self, name: str, start: int, end: int) -> None:
        kind = _BODIES[name]
        if all(block.kind != kind for block in self.stack):
            self._broken(self.line(start), f"`{name}` without `{kind}`")
            return
        while self.stack[-1].kind != kind:
            self._broken(self.line(self.stack[-1].start), f"`{self.stack[-1].kind}` is never closed")
            self._close(start, start)
        self._close(start, end)

    def _close(self, start: int, end: int) -> None:
        block = self.stack.pop()
        block.spans[-1][1] = start
        block.end = end

    def _assign(self, name: str, rest: str, start: int) -> None:
        if name == "do":
            node = self._expression(rest, start)
            if node is not None:
                self._add(_Do(None, node))
            return
        parsed = self._parse("{% set " + rest + " %}", start)
        if isinstance(parsed, nodes.Assign) and isinstance(parsed.node, nodes.Expr):
            self._add(_Do(parsed.target, parsed.node))


class _Unknown(Exception):
    """The value is not known without running the template."""


class _Relation(str):
    """SQL text of a dataset's name, as ``ref`` gives it."""

    __slots__ = ()


_UNKNOWN: Final = object()


_DateParts: Final = frozenset(
    "year quarter month week day hour minute second millisecond microsecond date time timestamp string text int integer "
    "float numeric boolean true false null asc desc left right inner outer full cross utc".split()
)


_RESERVED: Final = _OPERANDS_FOLLOW | frozenset(
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
    raise _Unknown


def _bounded(value: object) -> object:
    if _weight(value) > _MAX_VALUE:
        raise _Unknown
    return value


def _joined(value: object, glue: object = "") -> str:
    items = list(map(str, value)) if isinstance(value, list | tuple) else _unknown()
    glue = str(glue)
    if sum(map(len, items)) + len(glue) * len(items) > _MAX_VALUE:
        raise _Unknown
    return glue.join(items)


def _unknown() -> list[str]:
    raise _Unknown


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise _Unknown
    return value


def _replaced(value: object, old: object, new: object) -> str:
    text, before, after = _text_of(value), _text_of(old), _text_of(new)
    if not before or text.count(before) * len(after) + len(text) > _MAX_VALUE:
        raise _Unknown
    return text.replace(before, after)


def _sized(value: object) -> int:
    if isinstance(value, str | list | tuple | dict):
        return len(value)
    raise _Unknown


def _sequence(value: object) -> list[object]:
    if isinstance(value, list | tuple | dict):
        return list(value)
    raise _Unknown


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
    "list": _sequence,
    "first": lambda v: _sequence(v)[0],
    "last": lambda v: _sequence(v)[-1],
    "default": lambda v, *_: v,
    "d": lambda v, *_: v,
    "startswith": lambda v, start: _text_of(v).startswith(_text_of(start)),
    "endswith": lambda v, end: _text_of(v).endswith(_text_of(end)),
}


_METHODS: Final[dict[str, Callable[..., object]]] = {
    **{name: _FILTERS[name] for name in ("upper", "lower", "strip", "replace", "startswith", "endswith")},
    "items": lambda v: [(k, v[k]) for k in v] if isinstance(v, dict) else _unknown(),
    "keys": lambda v: list(v) if isinstance(v, dict) else _unknown(),
    "values": lambda v: list(v.values()) if isinstance(v, dict) else _unknown(),
}


_COMPARISONS: Final[dict[str, Callable[..., object]]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "lteq": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, "gteq": lambda a, b: a >= b, "in": lambda a, b: a in b, "notin": lambda a, b: a not in b,
}  # fmt: skip


def _dotted(node: nodes.Node) -> str:
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


def _safe(name: str) -> str:
    return re.sub(r"[\W]+", "_", name, flags=re.ASCII)[:80]


class _Values:
    """Evaluates expressions of constants, with scopes of what ``set`` and ``for`` bound."""

    def __init__(self, model: str, quote: str) -> None:
        self.model = model
        self.quote = quote
        self.refs: dict[tuple[str, ...], None] = {}
        self.config: dict[str, str | None] = {}
        self.steps = _MAX_STEPS
        self.soft = False  # the last value hangs on a default that a project may override
        self.scopes: list[dict[str, tuple[object, bool]]] = [{}]

    def known(self, node: nodes.Node | None) -> object:
        """The value. Raises _Unknown."""
        if node is None:
            raise _Unknown
        try:
            return self._value(node)
        except (RecursionError, TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
            raise _Unknown from error

    def _value(self, node: nodes.Node) -> object:
        self.steps -= 1
        read = _READERS.get(type(node))
        if read is None or self.steps < 0:
            raise _Unknown
        return _bounded(read(self, node))

    def _const(self, node: nodes.Const) -> object:
        return node.value

    def _name(self, node: nodes.Name) -> object:
        for scope in reversed(self.scopes):
            if node.name in scope:
                value, soft = scope[node.name]
                if value is _UNKNOWN:
                    raise _Unknown
                self.soft |= soft
                return value
        if node.name == "this":
            return self.this()
        raise _Unknown

    def this(self) -> _Relation:
        return self.relation(self.config.get("alias") or self.model)

    def relation(self, *parts: str) -> _Relation:
        return _Relation(".".join(self._quoted(part) for part in parts))

    def _quoted(self, part: str) -> str:
        if _IDENTIFIER.match(part) and part.lower() not in _RESERVED:
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
        owner = self._value(node.node)
        if isinstance(owner, dict):
            return owner[node.attr]
        if isinstance(owner, _Relation) and node.attr in ("identifier", "name", "table"):
            return _Relation(owner.rsplit(".", 1)[-1])
        raise _Unknown

    def _getitem(self, node: nodes.Getitem) -> object:
        owner, key = self._value(node.node), self._value(node.arg)
        if isinstance(owner, dict):
            return owner[key]
        if isinstance(owner, list | tuple | str) and isinstance(key, int):
            return owner[key]
        raise _Unknown

    def _filter(self, node: nodes.Filter) -> object:
        if node.node is None or node.kwargs or node.name not in _FILTERS:
            raise _Unknown
        if node.name in ("default", "d") and node.args:
            try:
                return self._value(node.node)
            except _Unknown:
                self.soft = True
                return self._value(node.args[0])
        return _FILTERS[node.name](self._value(node.node), *map(self._value, node.args))

    def _call(self, node: nodes.Call) -> object:
        if isinstance(node.node, nodes.Name):
            return self._function(node.node.name, node)
        if not isinstance(node.node, nodes.Getattr) or node.kwargs:
            raise _Unknown
        owner = self._value(node.node.node) if node.node.attr in (*_METHODS, "include", "quote") else _unknown()
        if isinstance(owner, _Relation):
            return owner
        return _METHODS[node.node.attr](owner, *map(self._value, node.args))

    def _function(self, name: str, node: nodes.Call) -> object:
        if name in ("ref", "source"):
            return self._ref(name, node)
        if name in ("var", "env_var"):
            default = node.args[1] if len(node.args) > 1 else next((k.value for k in node.kwargs), None)
            self.soft = True
            return self._value(default) if default is not None else _unknown()
        if name == "range":
            return list(range(*(min(int(str(self._value(arg))), 10 * MAX_ITEMS) for arg in node.args)))[:MAX_VALUES]
        raise _Unknown

    def _ref(self, name: str, node: nodes.Call) -> _Relation:
        parts = [_text_of(self._value(arg)) for arg in node.args]
        if not 1 <= len(parts) <= 2 or (name == "source" and len(parts) < 2):
            raise _Unknown
        self.refs[(name, *parts)] = None
        if name == "source":
            return self.relation(*parts)
        version = [self._value(k.value) for k in node.kwargs if k.key in ("v", "version")]
        return self.relation(parts[-1] + "".join(f"_v{v}" for v in version))

    # ---- effects

    def bind(self, target: nodes.Node | None, value: object, soft: bool) -> None:
        if isinstance(target, nodes.Name):
            self.scopes[-1][target.name] = (value, soft)
        elif isinstance(target, nodes.Tuple):
            fits = isinstance(value, list | tuple) and len(value) == len(target.items)
            for at, name in enumerate(target.items):
                self.bind(name, value[at] if fits else _UNKNOWN, soft)  # type: ignore[index]

    def assign(self, target: nodes.Node | None, node: nodes.Node, possible: bool) -> None:
        self.soft = False
        try:
            value = self.known(node)
        except _Unknown:
            value = _UNKNOWN
        self.bind(target, value, self.soft or possible)

    def append(self, node: nodes.Expr) -> None:
        """``{% do names.append(x) %}``; what is done to a list in any other way makes it unknown."""
        call = node.node if isinstance(node, nodes.Call) else None
        if not isinstance(call, nodes.Getattr) or not isinstance(call.node, nodes.Name):
            return
        scope = next((s for s in reversed(self.scopes) if call.node.name in s), None)
        if scope is None:
            return
        value: object = _UNKNOWN
        try:
            old = self.known(call.node)
            if call.attr == "append" and isinstance(old, list) and isinstance(node, nodes.Call):
                value = _bounded([*old, self.known(node.args[0])])
        except (_Unknown, IndexError):
            value = _UNKNOWN
        scope[call.node.name] = (value, scope[call.node.name][1])

    def configure(self, node: nodes.Call) -> None:
        pairs: list[tuple[object, nodes.Expr]] = [(k.key, k.value) for k in node.kwargs]
        for arg in node.args:
            if isinstance(arg, nodes.Dict):
                pairs += [(pair.key.value, pair.value) for pair in arg.items if isinstance(pair.key, nodes.Const)]
        for key, expression in pairs:
            try:
                value = self.known(expression)
            except _Unknown:
                value = None
            text = str(value).lower() if isinstance(value, bool) else str(value)
            self.config[str(key)] = text if isinstance(value, str | int | float) else None


MAX_VALUES: Final = 2 * MAX_ITEMS


_READERS: Final[dict[type[nodes.Node], Callable[..., object]]] = {
    nodes.Const: _Values._const, nodes.Name: _Values._name, nodes.List: _Values._list, nodes.Tuple: _Values._list,
    nodes.Dict: _Values._dict, nodes.Not: _Values._not, nodes.And: _Values._and, nodes.Or: _Values._or,
    nodes.Compare: _Values._compare, nodes.Add: _Values._add, nodes.Sub: _Values._sub, nodes.Concat: _Values._concat,
    nodes.CondExpr: _Values._choice, nodes.Getattr: _Values._getattr, nodes.Getitem: _Values._getitem,
    nodes.Filter: _Values._filter, nodes.Call: _Values._call,
}  # fmt: skip


class _Out:
    """Output that puts each piece of literal text at its own line and, as far as there is room, its own column."""

    def __init__(self, flat: bool = False, scan: _Scan | None = None) -> None:
        self.parts: list[str] = []
        self.line = 1
        self.column = 0
        self.flat = flat
        self.scan = scan or _Scan()
        self.last = ""

    def put(self, text: str) -> None:
        if not text:
            return
        self.parts.append(text)
        self.last = text[-1]
        lines = text.count("\n")
        self.line += lines
        self.column = len(text) - text.rfind("\n") - 1 if lines else self.column + len(text)
        self.scan.feed(text)

    def place(self, text: str, line: int, column: int) -> None:
        """Write ``text`` after moving to its place, unless that would tear a name or a string apart."""
        if text and not (_in_name(self.last) and _in_name(text[0])):
            self._move(line, column)
        self.put(text)

    def literal(self, text: str, line: int, column: int) -> None:
        """Write text of the template that begins at this line and column (from 0) there."""
        at = 0
        if text and not self.flat and not (_in_name(self.last) and _in_name(text[0])):
            self._move(line, column)
        while at < len(text):
            if self.flat or (self.line, self.column) == (line, column):
                self.put(text[at:])
                return
            space = _SPACES.search(text, at)
            stop = space.start() if space else len(text)
            self.put(text[at:stop])
            column += stop - at
            at = stop
            if space:
                at, line, column = self._resume(text, at, space.end(), line, column)

    def _resume(self, text: str, at: int, end: int, line: int, column: int) -> tuple[int, int, int]:
        """At white space: move to the place where it should stand; drop of it what is too much."""
        if text[at] == "\n":
            self.put("\n" * (line - self.line + 1))
            return at + 1, line + 1, 0
        if not self.scan.state:
            drop = min(end - at - 1, self.column - column) if self.line == line else 0
            if drop > 0:
                at += drop
                column += drop
            self._move(line, column)
        self.put(text[at])
        return at + 1, line, column + 1

    def _move(self, line: int, column: int) -> None:
        if self.flat or self.scan.state not in ("", "/*"):
            return
        if self.line < line:
            self.put("\n" * (line - self.line))
        if self.line == line and self.column < column:
            self.put(" " * (column - self.column))

    def text(self) -> str:
        return "".join(self.parts)


_SPACES = re.compile(r"\n|[^\S\n]+")


def _in_name(char: str) -> bool:
    return char != "" and (char.isalnum() or char in "_.$#@\"'`[]")


_FLAT = re.compile(r"'[^']*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


def _flattened(text: str) -> str:
    """The text on one line, without its comments."""
    if "/*" in text and "*/" not in text:
        text = text.replace("/*", "  ")
    bare = _FLAT.sub(lambda m: " " if m.group()[:2] in _COMMENTS else m.group(), text)
    return re.sub(r"\s*[\r\n]\s*", " ", bare)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


_SILENT: Final = frozenset({"config", "log", "print", "set_sql_header", "return", "debug"})


_TYPES: Final = {
    "string": "varchar", "timestamp": "timestamp", "int": "int", "bigint": "bigint", "numeric": "numeric",
    "float": "float", "boolean": "boolean",
}  # fmt: skip


_STATEMENT = re.compile(
    r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\{\{\s*config\(|\{#.*?#\})*(?P<next>[\w;]+|\Z)?", re.DOTALL
)


_VERBS: Final = frozenset(
    "select with insert update delete merge create alter drop truncate begin declare set use go grant exec call".split()
)


class _Run:
    """One template: writes its text, once for each variant."""

    def __init__(self, text: str, reader: _Reader, model: str, quote: str) -> None:
        self.source = text
        self.reader = reader
        self.model = reader.snapshot if _IDENTIFIER.match(reader.snapshot) else model
        self.quote = quote
        self.steps = _MAX_STEPS + 4 * len(reader.newlines)
        self.diagnostics: dict[tuple[str, int], Diagnostic] = {}
        for found in reader.diagnostics:
            self.diagnostics.setdefault((found.code, found.line), found)
        self.branches: set[tuple[int, int]] = set()
        self.refs: dict[tuple[str, ...], None] = {}
        self.config: dict[str, str | None] = {}
        self.has_sql = any(map(str.strip, _literals(text, reader.items)))
        self._prepare(reader.items)

    def _prepare(self, items: Sequence[_Item]) -> None:
        """Find configurations and constant references first: ``this`` may stand before ``config``."""
        values = _Values(self.model, self.quote)
        for node in _expressions(items):
            try:
                calls = [node, *node.find_all(nodes.Call)]
            except RecursionError:
                continue
            for call in calls:
                if not isinstance(call, nodes.Call) or not isinstance(call.node, nodes.Name):
                    continue
                if call.node.name == "config":
                    values.configure(call)
                elif call.node.name in ("ref", "source") and not _fails(values, call):
                    values.steps = _MAX_STEPS
        self.refs = values.refs
        self.config = values.config

    def note(self, code: str, severity: str, message: str, at: int) -> None:
        line = self.reader.line(at)
        self.diagnostics.setdefault((code, line), Diagnostic(code, severity, message, line))

    def all_texts(self) -> tuple[str, list[str]]:
        base, asked = self._text({})
        texts = {base: None}
        queue = list(asked)
        seen = {frozenset(choice.items()) for choice in queue}
        tried = 0
        while queue and len(texts) <= MAX_VARIANTS and tried < 2 * MAX_VARIANTS:
            tried += 1
            text, more = self._text(queue.pop(0))
            texts[text] = None
            for choice in more:
                if (key := frozenset(choice.items())) not in seen:
                    seen.add(key)
                    queue.append(choice)
        if queue:
            what = f"more than {MAX_VARIANTS} alternatives of `if`: the first were read"
            self.note("RL123", "info", what, 0)
        return base, list(texts)[1:]

    def _text(self, choice: dict[int, int]) -> tuple[str, list[dict[int, int]]]:
        """The whole text with these arms of blocks (by start), and the choices of single other arms it met."""
        writing = _Writing(self, choice)
        writing.items(self.reader.items, writing.out)
        out = writing.out
        missing = self.source.count("\n") + 1 - out.line
        return out.text() + "\n" * missing, writing.asked


def _fails(values: _Values, node: nodes.Node) -> bool:
    try:
        values.known(node)
    except _Unknown:
        return True
    return False


def _literals(text: str, items: Sequence[_Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, _Text):
            yield text[item.start : item.end]
        elif isinstance(item, _Block) and item.kind in ("if", "for"):
            for _, body in item.arms:
                yield from _literals(text, body)


def _expressions(items: Sequence[_Item]) -> Iterator[nodes.Node]:
    for item in items:
        if isinstance(item, _Show | _Do):
            if item.node is not None:
                yield item.node
        elif isinstance(item, _Block) and item.kind in ("if", "for", "set"):
            for head, body in item.arms:
                if head is not None:
                    yield head
                yield from _expressions(body)


class _Writing(_Values):
    """One pass over the tree with one choice of arms."""

    def __init__(self, run: _Run, choice: dict[int, int]) -> None:
        super().__init__(run.model, run.quote)
        self.run = run
        self.refs = run.refs
        self.config = run.config
        self.steps = run.steps
        self.choice = choice
        self.asked: list[dict[int, int]] = []
        self.growth = 0
        self.possible = 0
        self.out = _Out()

    def items(self, items: Sequence[_Item], out: _Out) -> None:
        reader, source = self.run.reader, self.run.source
        for item in items:
            self.steps -= 1
            if isinstance(item, _Text):
                out.literal(source[item.start : item.end], reader.line(item.start), reader.column(item.start))
            elif isinstance(item, _Show):
                self._show(item, out)
            elif isinstance(item, _Do):
                if item.target is not None:
                    self.assign(item.target, item.node, self.possible > 0)
                else:
                    self.append(item.node)
            elif item.kind == "if":
                self._if(item, out)
            elif item.kind == "for":
                self._for(item, out)
            elif item.kind == "set":
                self._set(item, out)

    # ---- blocks

    def _mark(self, block: _Block, arms: Iterable[int]) -> None:
        reader = self.run.reader
        for arm in arms:
            start, end = block.spans[arm]
            text = self.run.source[start:end]
            if re.search(r"\w", text):
                first = start + len(text) - len(text.lstrip())
                self.run.branches.add((reader.line(first), reader.line(start + len(text.rstrip()) - 1)))

    def _if(self, block: _Block, out: _Out) -> None:
        open_arms: list[int] = []
        for at, (condition, _) in enumerate(block.arms):
            self.soft = False
            if condition is None and block.has_else and at == len(block.arms) - 1:
                taken: object = True
            else:
                try:
                    taken = self.known(condition)
                except _Unknown:
                    taken = None
                if self.soft:
                    taken = None
            if taken is None or taken:
                open_arms.append(at)
            if taken:
                break
        decided = len(open_arms) == 1 and taken is not None and bool(taken)
        if not open_arms:
            return
        arm = open_arms[0] if decided else self._chosen(block, open_arms)
        if not decided:
            self._mark(block, open_arms)
        self.possible += not decided
        self.items(block.arms[arm][1], out)
        self.possible -= not decided

    def _chosen(self, block: _Block, arms: Sequence[int]) -> int:
        arm = self.choice.get(block.start, -1)
        if arm in arms:
            return arm
        if block.start not in self.choice and len(self.asked) <= MAX_VARIANTS:
            for other in arms[1:]:
                choice = {**self.choice, block.start: other}
                if choice not in self.asked:
                    self.asked.append(choice)
        return arms[0]

    def _for(self, block: _Block, out: _Out) -> None:
        head = block.arms[0][0]
        target, values = self._iteration(head)
        possible = values is None or self.soft
        if possible:
            self._mark(block, range(len(block.arms)))
        if values == []:
            if block.has_else:
                self.items(block.arms[-1][1], out)
            return
        body = block.arms[0][1]
        self.possible += possible
        count = len(values) if values else 1
        for at in range(count):
            value = values[at] if values else _UNKNOWN
            if at and (self.steps < 0 or not self._fits(block, 0)):
                break
            self._scope(target, value, at, count, values is not None)
            if at == 0:
                self.items(body, out)
            elif not self._repeat(block, body, out):
                at = count
            self.scopes.pop()
            if at == count:
                break
        self.possible -= possible

    def _iteration(self, head: nodes.Node | None) -> tuple[nodes.Node | None, list[object] | None]:
        self.soft = False
        if not isinstance(head, nodes.For):
            return None, None
        try:
            values = self.known(head.iter) if head.test is None and not head.recursive else _unknown()
            items = _sequence(values)
            if len(items) > MAX_ITEMS:
                self.run.note("RL124", "info", f"a loop over more than {MAX_ITEMS} items was read once", 0)
                return head.target, None
            return head.target, items
        except _Unknown:
            return head.target, None

    def _scope(self, target: nodes.Node | None, value: object, at: int, count: int, known: bool) -> None:
        loop = {"first": at == 0, "last": at == count - 1, "index": at + 1, "index0": at}
        if known:
            loop |= {"length": count, "revindex": count - at, "revindex0": count - at - 1}
        self.scopes.append({"loop": (loop, False)})
        self.bind(target, value, False)

    def _fits(self, block: _Block, size: int) -> bool:
        self.growth += size
        if self.growth <= MAX_GROWTH:
            return True
        self.run.note("RL124", "info", "loops make this file too long: the rest of them was left out", block.start)
        return False

    def _repeat(self, block: _Block, body: Sequence[_Item], out: _Out) -> bool:
        """One more round of a loop, on the line where the loop ends."""
        if out.scan.state == "--":
            return False
        flat = _Out(flat=True, scan=_Scan(out.scan.state, out.scan.code))
        self.items(body, flat)
        text = _flattened(flat.text())
        if not self._fits(block, len(text)):
            return False
        if not out.flat:
            at = block.spans[0][1]
            out._move(self.run.reader.line(at), 0)
        if _in_name(out.last) and text.strip():
            text = " " + text if _in_name(text[0]) and _separate(self.run.source, block) else text
        out.put(text)
        return True

    def _set(self, block: _Block, out: _Out) -> None:
        head = block.arms[0][0]
        flat = _Out(flat=True)
        self.scopes.append({})
        self.items(block.arms[0][1], flat)
        self.scopes.pop()
        text = _flattened(flat.text()).strip()
        fits = len(text) < _MAX_VALUE and isinstance(head, nodes.AssignBlock) and head.filter is None
        target = head.target if isinstance(head, nodes.AssignBlock) else None
        self.bind(target, text if fits else _UNKNOWN, self.possible > 0)

    # ---- expressions

    def _show(self, item: _Show, out: _Out) -> None:
        source, reader = self.run.source, self.run.reader
        if isinstance(item.node, nodes.Call) and _dotted(item.node) in _SILENT:
            return
        quoted = out.scan.state not in ("", *_COMMENTS)
        after = source[item.end : item.end + 2]
        joins = (out.last != "" and (out.last.isalnum() or out.last == "_")) or bool(re.match(r"\w|\{\{", after))
        code = out.scan.code
        bare = quoted or joins or _word_before(code) in _NAMES_FOLLOW
        text, typed = "", False
        if isinstance(item.node, nodes.Call) and not quoted and not joins:
            text = self._package_macro(item.node, bare)
        if not text:
            text, typed = self._sql(item.node, bare, quoted)
        if typed and not bare and out.scan.state == "":
            text = self._fitting(text, item, code)
        text = _encodable(_flattened(text) if "\n" in text or "\r" in text else text)
        if len(text) > item.end - item.start + 100:
            self.growth += len(text)
            if self.growth > MAX_GROWTH:
                text = "__jinja_" + _safe(_dotted(item.node) if item.node else "expression")
        out.place(text, reader.line(item.start), reader.column(item.start))

    def _package_macro(self, node: nodes.Call, named: bool) -> str:
        """SQL of macros of dbt_utils whose meaning is known; "" of others. ``named``: a table stands here."""
        package, _, name = _dotted(node).rpartition(".")
        if package != "dbt_utils" or name not in _PACKAGE_MACROS:
            return ""
        given: dict[str, object] = {}
        try:
            for key, arg in chain(
                zip(_PACKAGE_MACROS[name], node.args, strict=False), ((k.key, k.value) for k in node.kwargs)
            ):
                given[key] = self.known(arg)
        except _Unknown:
            return ""
        if name == "union_relations" and isinstance(given.get("relations"), list) and not given.get("include"):
            star = "*" + self._except(given.get("exclude"))
            query = " union all by name ".join(f"select {star} from {r}" for r in _sequence(given["relations"]))
        elif name == "deduplicate" and _COLUMN.match(str(given.get("relation", ""))):
            query = f"select * from {given['relation']}"
        elif name == "star" and not given.keys() & {"prefix", "suffix"}:
            alias = f"{given['relation_alias']}." if given.get("relation_alias") else ""
            return f"{alias}*" + self._except(given.get("except"))
        elif name == "pivot" and isinstance(given.get("values"), list):
            return ", ".join(self._pivoted(given, str(v)) for v in _sequence(given["values"]))
        elif name == "group_by" and isinstance(given.get("n"), int):
            return "group by " + ", ".join(map(str, range(1, min(int(str(given["n"])), MAX_ITEMS) + 1)))
        else:
            return ""
        return f"({query})" if named else query

    def _except(self, columns: object) -> str:
        names = ", ".join(self._quoted(str(c)) for c in _sequence(columns or []))
        return f" except ({names})" if names else ""

    def _pivoted(self, given: dict[str, object], value: str) -> str:
        close = {"[": "]"}.get(self.quote, self.quote)
        name = f"{given.get('prefix', '')}{value}{given.get('suffix', '')}".replace(close, close * 2)
        if given.get("quote_identifiers", True):
            name = self.quote + name + close
        text = value.replace("'", "''")
        case = f"case when {given.get('column')} {given.get('cmp', '=')} '{text}' then {given.get('then_value', 1)} else {given.get('else_value', 0)} end"
        return f"{given.get('agg', 'sum')}({case}) as {name}"

    def _fitting(self, text: str, item: _Show, code: str) -> str:
        """A placeholder as it can stand here: as an operand, as a query, or (a clause, a hook) not at all."""
        before = _word_before(code)
        found = _STATEMENT.match(self.run.source, item.end)
        after = (found["next"] or "") if found else ""
        follows = after.lower()
        if before in ("", ";"):
            return f"select * from {text}" if not self.run.has_sql else ""
        is_cte = re.search(r"\bas\s*\(\s*\Z", code, re.IGNORECASE)
        if before == "(" and is_cte and self.run.source[item.end :].lstrip().startswith(")"):
            return f"select * from {text}"
        if re.search(r"\b(union(\s+(all|distinct))?|except|intersect)\s*\Z", code, re.IGNORECASE):
            return f"select * from {text}" if follows not in _VERBS else ""
        return "" if _operand_before(code) else text

    def _sql(self, node: nodes.Expr | None, bare: bool, quoted: bool) -> tuple[str, bool]:
        """SQL for an expression, and whether it is a placeholder that stands for unknown text."""
        if node is None:
            return "__jinja_expression", True
        try:
            value = self.known(node)
            is_default = isinstance(node, nodes.Call) and _dotted(node) in ("var", "env_var")
            if isinstance(value, _Relation):
                return (re.sub(r'^[\["`]|[\]"`]$', "", value) if quoted else value), False
            if not is_default or quoted or _SIMPLE.match(str(value)):
                return (value if isinstance(value, str) else str(value)), False
        except _Unknown:
            pass
        try:
            return self._unknown_sql(node, bare, quoted)
        except RecursionError:
            return "__jinja_expression", True

    def _unknown_sql(self, node: nodes.Expr, bare: bool, quoted: bool) -> tuple[str, bool]:
        if isinstance(node, nodes.Concat):
            return "".join(self._sql(part, True, quoted)[0] for part in node.nodes), True
        if isinstance(node, nodes.Add):
            return self._sql(node.left, True, quoted)[0] + self._sql(node.right, True, quoted)[0], True
        if isinstance(node, nodes.CondExpr):
            return self._sql(node.expr1, bare, quoted)
        if isinstance(node, nodes.Filter) and node.node is not None:
            return self._sql(node.node, bare, quoted)
        if isinstance(node, nodes.Call):
            return self._macro(node, bare)
        return "__jinja_" + _safe(_dotted(node)), True

    def _macro(self, node: nodes.Call, bare: bool) -> tuple[str, bool]:
        name = _dotted(node)
        last = name.rsplit(".", 1)[-1]
        if name in ("var", "env_var"):
            key = node.args[0].value if node.args and isinstance(node.args[0], nodes.Const) else "unknown"
            return f"__{name.removesuffix('_var')}_{_safe(str(key))}", False
        if name in ("ref", "source"):
            self.run.note("RL122", "info", f"the name in {name}() is not a constant", 0)
            return f"__jinja_{name}", False
        if last.startswith("type_") and last[5:] in _TYPES:
            return _TYPES[last[5:]], False
        if name == "adapter.quote" and len(node.args) == 1:
            return self._sql(node.args[0], True, False)
        placeholder = "__jinja_" + _safe(name)
        if bare:
            return placeholder, True
        arguments = chain(node.args, (k.value for k in node.kwargs))
        return f"{placeholder}({', '.join(chain.from_iterable(map(self._arguments, arguments)))})", True

    def _arguments(self, node: nodes.Expr) -> Iterator[str]:
        try:
            yield from _as_sql(self.known(node))
            return
        except _Unknown:
            pass
        if isinstance(node, nodes.List | nodes.Tuple):
            for item in node.items:
                yield from self._arguments(item)
        elif isinstance(node, nodes.Call):
            yield self._macro(node, False)[0]


_PACKAGE_MACROS: Final = {
    "union_relations": ("relations", "column_override", "include", "exclude", "source_column_name", "where"),
    "deduplicate": ("relation", "partition_by", "order_by"),
    "star": ("from", "relation_alias", "except", "prefix", "suffix", "quote_identifiers"),
    "pivot": (
        "column", "values", "alias", "agg", "cmp", "prefix", "suffix", "then_value", "else_value", "quote_identifiers", "distinct",
    ),
    "group_by": ("n",),
}  # fmt: skip
"""Of dbt_utils: their parameters in order."""


def _separate(source: str, block: _Block) -> bool:
    """Whether white space parts the loop's body from its tags, so that rounds are words of their own."""
    start, end = block.spans[0]
    return source[start : start + 1].isspace() or source[end - 1 : end].isspace()


_COLUMN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*){0,3}\Z")


_FORMULA = re.compile(r"(?=.*[A-Za-z_])(?=.*(\(| [+*/<>=-] |\|\|))(?!.*(--|/\*))[\w\s.,()+*/<>=|-]+\Z")


def _as_sql(value: object) -> Iterator[str]:
    """A macro's constant argument as SQL: a string that reads as a column or a formula is taken for one."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _as_sql(item)
    elif isinstance(value, str):
        is_column = _COLUMN.match(value) and value.lower() not in (_DateParts | _RESERVED)
        is_code = not isinstance(value, _Relation) and (is_column or (_FORMULA.match(value) and _parses(value)))
        yield value if is_code else "'" + value.replace("'", "''").replace("\\", "/") + "'"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _parses(text: str) -> bool:
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError

    if len(text) > 500:
        return False
    try:
        parse_one(text)
    except (SqlglotError, RecursionError):
        return False
    return True
