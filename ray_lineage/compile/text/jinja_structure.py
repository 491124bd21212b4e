"""The structure of a Jinja template: text, shown expressions, statements and blocks, read with jinja2's own lexer and parser."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from jinja2 import Environment, TemplateError, nodes

from ray_lineage.compile.text.placeholders import Scan
from ray_lineage.model import Diagnostic

JINJA = re.compile(r"\{[{%#]")
_MAX_EXPRESSION: Final = 20_000
_MAX_DEPTH: Final = 50
_ENVIRONMENT: Final = Environment(keep_trailing_newline=True, autoescape=True)  # parses only, renders nothing
_FAILURES: Final = (TemplateError, RecursionError, ValueError, OverflowError, TypeError, MemoryError)


class Text(NamedTuple):
    start: int
    end: int


class Show(NamedTuple):
    """``{{ expression }}``; ``node`` is None where it cannot be parsed."""

    start: int
    end: int
    node: nodes.Expr | None


class Do(NamedTuple):
    """``{% set x = ... %}`` and ``{% do ... %}``."""

    target: nodes.Expr | None
    node: nodes.Expr


class Block:
    """``if``, ``for``, ``set`` with a body, or a definition (``macro``), which is no part of the text around it."""

    def __init__(self, kind: str, start: int, head: nodes.Node | None) -> None:
        self.kind = kind
        self.start = start
        self.arms: list[tuple[nodes.Node | None, list[Item]]] = [(head, [])]
        self.spans: list[list[int]] = []
        self.has_else = False
        self.end = start


Item: TypeAlias = Text | Show | Do | Block


_Segment: TypeAlias = tuple[str, int, int]  # data, show, tag; comments are left out


_TRIMS: Final = ("{%-", "{{-", "{#-")
_CLOSING: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
_TAG = re.compile(r"\{%\s*(\w+)\s*(.*?)\s*%\}\Z", re.DOTALL)
_PLAIN_TAGS: Final = frozenset(
    "do call endcall filter endfilter with endwith block endblock autoescape endautoescape snapshot endsnapshot include "
    "import from extends break continue trans endtrans pluralize debug".split()
)
_BODIES: Final = {
    "endif": "if",
    "endfor": "for",
    "endset": "set",
    "endmacro": "macro",
    "enddocs": "docs",
    "endcall": "call",
    "endtest": "test",
    "enddata_test": "data_test",
    "endmaterialization": "materialization",
}
_DEFINITIONS: Final = frozenset({"macro", "docs", "test", "data_test", "materialization"})
_RAW = re.compile(r"\{%[-+]?\s*(?:end)?raw\s*[-+]?%\}")
"""What stands between these is a template of the next step, and read as one."""


def expression_of(source: str) -> nodes.Expr | None:
    """An expression of Jinja, None if it is none. To be read only: texts that say the same share it."""
    try:
        return _remembered(source) if len(source) <= _SHORT else _parsed(source)
    except _FAILURES:
        return None


def _parsed(source: str) -> nodes.Expr | None:
    """Raises what jinja2 raises."""
    body = _ENVIRONMENT.parse("{{" + source + "}}").body if len(source) <= _MAX_EXPRESSION else []
    output = body[0] if body else None
    if isinstance(output, nodes.Output) and output.nodes and not isinstance(output.nodes[0], nodes.TemplateData):
        return output.nodes[0]
    return None


_SHORT: Final = 300
"""Characters of an expression that is worth remembering: five of six stand elsewhere in their project, too, and again in the same
file when it is read with what it asked for."""
_remembered: Final = lru_cache(2_000)(_parsed)  # ten kilobytes each at most; no failures, which may be of the moment


class Reader:
    """Template text -> tree of items, with what is wrong in it."""

    def __init__(self, text: str) -> None:
        # whitespace control would take literal text away that has to keep its place
        self.marked = _RAW.sub(lambda m: " " * len(m.group()), text)
        self.text = re.sub(r"(?<=\{[{%#])[-+]|[-+](?=[%}#]\})", " ", self.marked)
        self.newlines = [m.start() for m in re.finditer("\n", text)]
        self.diagnostics: list[Diagnostic] = []
        self._parsed: dict[int, nodes.Expr | None] = {}  # by where they begin
        self._quoted_marks = 0  # opening marks that are text of a string
        self.snapshot = ""
        self.items: list[Item] = []
        self.stack: list[Block] = []
        self.segments = self._segments()
        self._read(self.segments)

    def macros(self) -> Iterator[tuple[nodes.Macro, Block]]:
        """The macros that the text defines, wherever that is."""
        todo = list(self.items)
        while todo:
            item = todo.pop()
            if not isinstance(item, Block):
                continue
            head = item.arms[0][0]
            if item.kind == "macro" and isinstance(head, nodes.Macro):
                yield head, item
            todo.extend(inner for _, body in item.arms for inner in body)

    def edges(self, start: int, end: int) -> tuple[bool, bool]:
        """Does what stands there begin and end with white space, after white space control?"""
        body = self.marked[start:end]
        first, last = body.lstrip(), body.rstrip()
        leads = body[:1].isspace() and not self.marked[:start].endswith(("-%}", "-}}")) and first[:3] not in _TRIMS
        trails = body[-1:].isspace() and self.marked[end : end + 3] not in _TRIMS and not last.endswith(("-%}", "-}}"))
        return leads, trails

    def line(self, at: int) -> int:
        return bisect_right(self.newlines, at - 1) + 1

    def column(self, at: int) -> int:
        line = self.line(at)
        return at - (self.newlines[line - 2] + 1 if line > 1 else 0)

    def _broken(self, line: int, what: str) -> None:
        self.diagnostics.append(Diagnostic("RL121", "warning", f"the template is broken: {what}", line))

    def _segments(self) -> list[_Segment]:
        try:
            found = list(self._lexed())
        except _FAILURES as error:
            cut = list(self._cut())
            if any(kind != "data" for kind, *_ in cut) or not self._quoted_marks:
                self._broken(getattr(error, "lineno", 1) or 1, str(getattr(error, "message", error)))
            return cut
        if all(kind != "show" or self._reads(start, end) for kind, start, end in found):
            return found
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

    def _reads(self, start: int, end: int) -> bool:
        """Is it an expression of Jinja?"""
        found = self._parsed[start] = expression_of(self.text[start + 2 : end - 2])
        return found is not None

    def _cut(self) -> Iterator[_Segment]:
        """Segments of a text that jinja2 refuses: each mark up to the next closing one. In a string of SQL, what is no
        expression is text: ``LIKE '{{%'``."""
        at = 0
        text, gone, scan = self.text, set[str](), Scan()
        for found in JINJA.finditer(text):
            if found.start() < at:
                continue
            mark = found.group()
            close = _CLOSING[mark]
            end = -1 if close in gone else text.find(close, found.end())
            if end < 0:
                gone.add(close)
            scan.feed(text[at : found.start()])
            if scan.state == "'" and (end < 0 or (mark == "{{" and not self._reads(found.start(), end + 2))):
                self._quoted_marks += 1
                yield "data", at, found.end()
                scan.feed(mark)
                at = found.end()
                continue
            yield "data", at, found.start()
            at = found.end() if end < 0 else end + 2
            if end >= 0 and close != "#}":
                yield "show" if close == "}}" else "tag", found.start(), at
        yield "data", at, len(text)

    def _read(self, segments: Sequence[_Segment]) -> None:
        for kind, start, end in segments:
            if kind == "data":
                self._add(Text(start, end))
            elif kind == "show":
                node = self._parsed.get(start) or self._expression(self.text[start + 2 : end - 2], start)
                self._add(Show(start, end, node))
            else:
                self._tag(start, end)
        while self.stack:
            block = self.stack[-1]
            self._broken(self.line(block.start), f"`{block.kind}` is never closed")
            self._close(len(self.text), len(self.text))

    def _add(self, item: Item) -> None:
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
        if name in ("if", "for") or name in _DEFINITIONS or (name == "set" and "=" not in rest):
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
        elif name == "macro":
            head = self._parse("{% macro " + rest + " %}{% endmacro %}", start)
        block = Block(name, start, head)
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
                self._add(Do(None, node))
            return
        parsed = self._parse("{% set " + rest + " %}", start)
        if isinstance(parsed, nodes.Assign) and isinstance(parsed.node, nodes.Expr):
            self._add(Do(parsed.target, parsed.node))
