"""A template's structure and values -> SQL of the same lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from jinja2 import nodes

from ray_lineage.compile.text.jinja_macros import Library, Macro, macros_in
from ray_lineage.compile.text.jinja_packages import PACKAGES, Given, Known
from ray_lineage.compile.text.jinja_structure import Block, Do, Item, Reader, Show, Text
from ray_lineage.compile.text.jinja_values import (
    MAX_ITEMS,
    MAX_STEPS,
    MAX_VALUE,
    RESERVED,
    UNKNOWN,
    DateParts,
    Hole,
    Relation,
    Unknown,
    Values,
    dotted,
    safe,
    sequence,
    unknown,
)
from ray_lineage.compile.text.placeholders import (
    COMMENTS,
    IDENTIFIER,
    NAMES_FOLLOW,
    SIMPLE,
    Scan,
    operand_before,
    word_before,
)
from ray_lineage.model import MODEL_SCHEMA, Diagnostic
from ray_lineage.model import UNKNOWN as UNKNOWN_TEXT

MAX_GROWTH: Final = 200_000
"""Characters that unrolled loops and inserted constants may add to a file."""

MAX_VARIANTS: Final = 8
_MAX_CALLS: Final = 20  # macros in macros
_MAX_EXPANDED: Final = 1_000  # calls of macros
_CALL_STEPS: Final = 20

Place = tuple[str, int]
"""A block: the macro it is in (empty: none), and where it begins."""


class _Out:
    """Output that puts each piece of literal text at its own line and, as far as there is room, its own column."""

    def __init__(self, flat: bool = False, scan: Scan | None = None) -> None:
        self.parts: list[str] = []
        self.line = 1
        self.column = 0
        self.flat = flat
        self.scan = scan or Scan()
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
    bare = _FLAT.sub(lambda m: " " if m.group()[:2] in COMMENTS else m.group(), text)
    return re.sub(r"\s*[\r\n]\s*", " ", bare)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


_SILENT: Final = frozenset({"config", "log", "print", "set_sql_header", "return", "debug"})
_STATEMENT = re.compile(
    r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\{\{\s*config\(|\{#.*?#\})*(?P<next>[\w;]+|\Z)?", re.DOTALL
)
_VERBS: Final = frozenset(
    "select with insert update delete merge create alter drop truncate begin declare set use go grant exec call".split()
)


class Run:
    """One template: writes its text, once for each variant."""

    def __init__(self, reader: Reader, model: str, quote: str, library: Library) -> None:
        text = self.source = reader.text
        self.reader = reader
        self.library = library
        self.own = macros_in(reader, library.package)
        self.expanded = False  # a macro was
        self.unexpanded: dict[str, int] = {}  # macros of which only the arguments were read, and where
        self.model = reader.snapshot if IDENTIFIER.match(reader.snapshot) else model
        self.quote = quote
        self.steps = MAX_STEPS + 4 * len(reader.newlines)
        self.diagnostics: dict[tuple[str, int], Diagnostic] = {}
        for found in reader.diagnostics:
            self.diagnostics.setdefault((found.code, found.line), found)
        self.branches: set[tuple[int, int]] = set()
        self.refs: dict[tuple[str, ...], None] = {}
        self.read: dict[tuple[str, ...], int] = {}  # those that were met when the text was written, and their lines
        self.config: dict[str, str | None] = {}
        self.has_sql = any(map(str.strip, _literals(text, reader.items)))
        self._prepare(reader.items)

    def _prepare(self, items: Sequence[Item]) -> None:
        """Find configurations and constant references first: ``this`` may stand before ``config``."""
        values = Values(self.model, self.quote, self.library)
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
                elif call.node.name in ("ref", "source") and not _fails(values.known, call):
                    values.steps = MAX_STEPS
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

    def _text(self, choice: dict[Place, int]) -> tuple[str, list[dict[Place, int]]]:
        """The whole text with these arms of blocks (by start), and the choices of single other arms it met."""
        writing = _Writing(self, choice)
        writing.items(self.reader.items, writing.out)
        out = writing.out
        missing = self.source.count("\n") + 1 - out.line
        return out.text() + "\n" * missing, writing.asked


def _fails(known: Callable[[nodes.Node], object], node: nodes.Node) -> bool:
    try:
        known(node)
    except Unknown:
        return True
    return False


def _literals(text: str, items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Text):
            yield text[item.start : item.end]
        elif isinstance(item, Block) and item.kind in ("if", "for"):
            for _, body in item.arms:
                yield from _literals(text, body)


def _expressions(items: Sequence[Item]) -> Iterator[nodes.Node]:
    for item in items:
        if isinstance(item, Show | Do):
            if item.node is not None:
                yield item.node
        elif isinstance(item, Block) and item.kind in ("if", "for", "set"):
            for head, body in item.arms:
                if head is not None:
                    yield head
                yield from _expressions(body)


class _Returned(Exception):
    """A macro returned a value."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


class _Writing(Values):
    """One pass over the tree with one choice of arms."""

    def __init__(self, run: Run, choice: dict[Place, int]) -> None:
        super().__init__(run.model, run.quote, run.library)
        self.run = run
        self.reader = run.reader  # of the text at hand
        self.calls: list[str] = []  # macros that are being read
        self.expanded = 0
        self.at = 0  # where in the file's own text
        self.config = run.config
        self.steps = run.steps
        self.choice = choice
        self.asked: list[dict[Place, int]] = []
        self.growth = 0
        self.possible = 0
        self.out = _Out()

    def items(self, items: Sequence[Item], out: _Out) -> None:
        reader = self.reader
        for item in items:
            self.steps -= 1
            if not self.calls:
                self.at = item.start if not isinstance(item, Do) else self.at
            if isinstance(item, Text):
                out.literal(reader.text[item.start : item.end], reader.line(item.start), reader.column(item.start))
            elif isinstance(item, Show):
                self._show(item, out)
            elif isinstance(item, Do):
                self._do(item)
            elif item.kind == "if":
                self._if(item, out)
            elif item.kind == "for":
                self._for(item, out)
            elif item.kind == "set":
                self._set(item, out)

    def _do(self, item: Do) -> None:
        if item.target is not None:
            self.assign(item.target, item.node, self.possible > 0)
        elif self.calls and isinstance(item.node, nodes.Call) and dotted(item.node) == "return":
            self._return(item.node)
        else:
            self.append(item.node)
            self._note_refs(item.node)

    # ---- macros

    def known(self, node: nodes.Node | None) -> object:
        """The value. Raises Unknown; what the expression names is read then, too."""
        try:
            value = super().known(node)
        except Unknown:
            if node is not None:
                self._note_refs(node)
            raise
        self._note_read()
        return value

    def _note_refs(self, node: nodes.Node) -> None:
        for call in (node, *node.find_all(nodes.Call)):
            if (
                isinstance(call, nodes.Call)
                and isinstance(call.node, nodes.Name)
                and call.node.name in ("ref", "source")
            ):
                _fails(super().known, call)
        self._note_read()

    def _note_read(self) -> None:
        for name in self.refs:
            self.run.read.setdefault(name, self.run.reader.line(self.at))
        self.refs = {}

    def called(self, package: str, name: str, node: nodes.Call) -> object:
        """The value of a macro of this file, of the library, or of a manual. Raises Unknown."""
        own = None if package or self.library.closed else self.run.own.get(name)
        if own is None and (package, name) == ("adapter", "quote") and len(node.args) == 1:
            return self.quoted(str(self.known(node.args[0])))
        manual = PACKAGES.get(package, {}).get(name) if own is None else None
        if manual is not None and package:
            return self._manual(manual, node)
        macro = own or self.library.macro(package, name)
        if macro is None and manual is not None:
            return self._manual(manual, node)
        if macro is None:
            raise Unknown
        return self._expand(macro, node)

    def _dispatch(self, dispatch: nodes.Call, node: nodes.Call) -> object:
        if dotted(dispatch) != "adapter.dispatch":
            raise Unknown
        given = {k.key: k.value for k in dispatch.kwargs}
        first = dispatch.args[0] if dispatch.args else given.get("macro_name")
        second = dispatch.args[1] if len(dispatch.args) > 1 else given.get("macro_namespace")
        name, package = str(self.known(first)), self.known(second) if second is not None else ""
        own = self.run.own.get(f"{self.library.adapter}__{name}") or self.run.own.get(f"default__{name}")
        macro = own or self.library.dispatched(name, package if isinstance(package, str) else "")
        if macro is None:
            raise Unknown
        return self._expand(macro, node)

    def _manual(self, known: Known, node: nodes.Call) -> str:
        arguments = self._arguments_of(known.parameters, node)
        return known.write(Given(arguments, self.quote, self.quoted))

    def _arguments_of(self, parameters: Sequence[str], node: nodes.Call) -> dict[str, object]:
        """A call's arguments by parameter; of what is not known the SQL that stands for it."""
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise Unknown
        out: dict[str, object] = {}
        for name, arg in chain(zip(parameters, node.args, strict=False), ((k.key, k.value) for k in node.kwargs)):
            out[name] = self._argument(arg)
        if len(node.args) > len(parameters):
            out["varargs"] = [self._argument(arg) for arg in node.args[len(parameters) :]]
        return out

    def _argument(self, node: nodes.Expr) -> object:
        if isinstance(node, nodes.List):
            return [self._argument(item) for item in node.items]
        try:
            return self.known(node)
        except Unknown as unknown:
            return Hole(unknown.text or self._unknown_sql(node, False, False)[0])

    def _expand(self, macro: Macro, node: nodes.Call) -> object:
        """What a macro's call gives: the value that it returns, or its text on one line."""
        self.expanded += 1
        self.steps -= _CALL_STEPS
        if len(self.calls) >= _MAX_CALLS or self.expanded > _MAX_EXPANDED or self.steps < 0:
            self.run.note("RL124", "info", f"macros call one another too often: {macro.name} was left out", self.at)
            raise Unknown
        given = self._arguments_of(macro.parameters, node)
        outer = self.scopes, self.reader, self.possible
        self.scopes, self.reader = [{}, {}], macro.reader
        self.calls.append(macro.name)
        flat = _Out(flat=True)
        try:
            self._bind_parameters(macro, given)
            self.items(macro.items, flat)
        except _Returned as returned:
            if returned.value is UNKNOWN:
                raise Unknown from None
            return returned.value
        finally:
            self.calls.pop()
            self.scopes, self.reader, self.possible = outer
        text = _flattened(flat.text()).strip()
        self.growth += len(text)
        if self.growth > MAX_GROWTH:
            raise Unknown
        self.run.expanded = True
        leads, trails = macro.edges
        return f"{' ' if leads else ''}{text}{' ' if trails else ''}" if text else ""

    def _bind_parameters(self, macro: Macro, given: dict[str, object]) -> None:
        scope = self.scopes[0]
        for position, name in enumerate(macro.parameters):
            default = macro.default(position)
            if name in given:
                scope[name] = (given[name], False)
            elif default is None:
                scope[name] = ("", False)  # jinja's undefined
            else:
                self.scopes[-1][name] = (UNKNOWN, False)
                self.assign(nodes.Name(name, "store"), default, False)
        scope["varargs"] = (given.get("varargs", []), False)
        scope["kwargs"] = ({k: v for k, v in given.items() if k not in macro.parameters and k != "varargs"}, False)

    def _return(self, node: nodes.Call) -> None:
        arg = node.args[0] if node.args else None
        if arg is None:
            raise _Returned("")
        try:
            value = self.known(arg)
        except Unknown as unknown:
            value = Hole(unknown.text) if unknown.text else UNKNOWN
        raise _Returned(value)

    # ---- blocks

    def _mark(self, block: Block, arms: Iterable[int]) -> None:
        reader = self.reader
        if self.calls:
            return
        for arm in arms:
            start, end = block.spans[arm]
            text = reader.text[start:end]
            if re.search(r"\w", text):
                first = start + len(text) - len(text.lstrip())
                self.run.branches.add((reader.line(first), reader.line(start + len(text.rstrip()) - 1)))

    def _if(self, block: Block, out: _Out) -> None:
        open_arms: list[int] = []
        for at, (condition, _) in enumerate(block.arms):
            self.soft = False
            if condition is None and block.has_else and at == len(block.arms) - 1:
                taken: object = True
            else:
                try:
                    taken = self.known(condition)
                except Unknown:
                    taken = None
                if self.soft:
                    taken = None
            if taken is None or taken:
                open_arms.append(at)
            if taken:
                break
        decided = len(open_arms) == 1 and taken is not None and bool(taken)
        if not open_arms or (not decided and not taken and self.calls and _returns(block)):
            return
        arm = open_arms[0] if decided else self._chosen(block, open_arms)
        if not decided:
            self._mark(block, open_arms)
        self.possible += not decided
        self.items(block.arms[arm][1], out)
        self.possible -= not decided

    def _chosen(self, block: Block, arms: Sequence[int]) -> int:
        place = (self.calls[-1] if self.calls else "", block.start)
        arm = self.choice.get(place, -1)
        if arm in arms:
            return arm
        if place not in self.choice and len(self.asked) <= MAX_VARIANTS:
            for other in arms[1:]:
                choice = {**self.choice, place: other}
                if choice not in self.asked:
                    self.asked.append(choice)
        return arms[0]

    def _for(self, block: Block, out: _Out) -> None:
        head = block.arms[0][0]
        target, values = self._iteration(head)
        possible = values is None or self.soft
        if values is None and self.calls and _writes(self.reader.text, block):
            raise Unknown
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
            value = values[at] if values else UNKNOWN
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
            values = self.known(head.iter) if head.test is None and not head.recursive else unknown()
            items = sequence(values)
            if len(items) > MAX_ITEMS:
                self.run.note("RL124", "info", f"a loop over more than {MAX_ITEMS} items was read once", 0)
                return head.target, None
            return head.target, items
        except Unknown:
            return head.target, None

    def _scope(self, target: nodes.Node | None, value: object, at: int, count: int, known: bool) -> None:
        loop = {"first": at == 0, "last": at == count - 1, "index": at + 1, "index0": at}
        if known:
            loop |= {"length": count, "revindex": count - at, "revindex0": count - at - 1}
        self.scopes.append({"loop": (loop, False)})
        self.bind(target, value, False)

    def _fits(self, block: Block, size: int) -> bool:
        self.growth += size
        if self.growth <= MAX_GROWTH:
            return True
        self.run.note("RL124", "info", "loops make this file too long: the rest of them was left out", block.start)
        return False

    def _repeat(self, block: Block, body: Sequence[Item], out: _Out) -> bool:
        """One more round of a loop, on the line where the loop ends."""
        if out.scan.state == "--":
            return False
        flat = _Out(flat=True, scan=Scan(out.scan.state, out.scan.code))
        self.items(body, flat)
        text = _flattened(flat.text())
        if not self._fits(block, len(text)):
            return False
        if not out.flat:
            at = block.spans[0][1]
            out._move(self.reader.line(at), 0)
        if _in_name(out.last) and text.strip():
            text = " " + text if _in_name(text[0]) and _separate(self.reader.text, block) else text
        out.put(text)
        return True

    def _set(self, block: Block, out: _Out) -> None:
        head = block.arms[0][0]
        flat = _Out(flat=True)
        self.scopes.append({})
        self.items(block.arms[0][1], flat)
        self.scopes.pop()
        text = _flattened(flat.text()).strip()
        fits = len(text) < MAX_VALUE and isinstance(head, nodes.AssignBlock) and head.filter is None
        target = head.target if isinstance(head, nodes.AssignBlock) else None
        self.bind(target, text if fits else UNKNOWN, self.possible > 0)

    # ---- expressions

    def _show(self, item: Show, out: _Out) -> None:
        source, reader = self.reader.text, self.reader
        if isinstance(item.node, nodes.Call):
            name = dotted(item.node)
            if name == "return" and self.calls:
                self._return(item.node)
            if name in _SILENT:
                return
        quoted = out.scan.state not in ("", *COMMENTS)
        after = source[item.end : item.end + 2]
        joins = (out.last != "" and (out.last.isalnum() or out.last == "_")) or bool(re.match(r"\w|\{\{", after))
        code = out.scan.code
        bare = quoted or joins or word_before(code) in NAMES_FOLLOW
        text, typed = self._sql(item.node, bare, quoted)
        if typed and out.scan.state == "" and not joins and _is_type(code, out):
            text, typed = "varchar", False
        if typed and out.scan.state == "" and not joins:
            text = self._fitting(text, item, code, out, bare)
        if UNKNOWN_TEXT in text and _DECIMAL.search(code):
            text = "0"
        if UNKNOWN_TEXT in text:
            text = _UNKNOWN_TYPE.sub(" as varchar)", text)
        text = _encodable(_flattened(text) if "\n" in text or "\r" in text else text)
        if _QUERY.match(text) and word_before(code) in ("from", "join"):
            text = f"({text})"
        if len(text) > item.end - item.start + 100:
            self.growth += len(text)
            if self.growth > MAX_GROWTH:
                text = UNKNOWN_TEXT + safe(dotted(item.node) if item.node else "expression")
        out.place(text, reader.line(item.start), reader.column(item.start))

    def _fitting(self, text: str, item: Show, code: str, out: _Out, bare: bool) -> str:
        """A placeholder as it can stand here: as an operand, as a query, as a CTE, or (a clause, a hook) not at all."""
        if bare:
            return text
        before, query = word_before(code), f"select * from {_name_of(text)}"
        found = _STATEMENT.match(self.reader.text, item.end)
        follows = ((found["next"] or "") if found else "").lower()
        if before in ("", ";"):
            return query if not self.run.has_sql and not self.calls else ""
        is_cte = re.search(r"\bas\s*\(\s*\Z", code, re.IGNORECASE)
        if before == "(" and is_cte and self.reader.text[item.end :].lstrip().startswith(")"):
            return query
        if re.search(r"\b(union(\s+(all|distinct))?|except|intersect)\s*\Z", code, re.IGNORECASE):
            return query if follows not in _VERBS else ""
        if before in (")", ",", "with") and _has_no_body(out.text()):
            if before == ")":
                return query if follows in ("", ";") else ""
            return f"{_name_of(text)} as ({query})"
        return "" if operand_before(code) else text

    def _sql(self, node: nodes.Expr | None, bare: bool, quoted: bool) -> tuple[str, bool]:
        """SQL for an expression, and whether it is a placeholder that stands for unknown text."""
        if node is None:
            return _EXPRESSION, True
        self.soft = False
        try:
            value = self.known(node)
            is_default = isinstance(node, nodes.Call) and dotted(node) in ("var", "env_var")
            if isinstance(value, Relation):
                return (re.sub(r'^[\["`]|[\]"`]$', "", _plain(value)) if quoted else value), False
            if not is_default or quoted or SIMPLE.match(str(value)) or not self.soft:
                return ("" if value is None else str(value)), False
        except Unknown as unknown:
            if unknown.text:
                return unknown.text, True
        try:
            return self._unknown_sql(node, bare, quoted)
        except RecursionError:
            return _EXPRESSION, True

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
        return UNKNOWN_TEXT + safe(dotted(node)), True

    def _macro(self, node: nodes.Call, bare: bool) -> tuple[str, bool]:
        name = dotted(node)
        if name in ("var", "env_var"):
            key = node.args[0].value if node.args and isinstance(node.args[0], nodes.Const) else "unknown"
            return f"{UNKNOWN_TEXT}{name}_{safe(str(key))}", False
        if name in ("ref", "source"):
            self.run.note("RL122", "info", f"the name in {name}() is not a constant", self.at)
            return UNKNOWN_TEXT + name, False
        if name == "adapter.quote" and len(node.args) == 1:
            return self._sql(node.args[0], True, False)
        self.run.unexpanded.setdefault(name, self.run.reader.line(self.at))
        placeholder = UNKNOWN_TEXT + safe(name)
        if bare:
            return placeholder, True
        arguments = chain(node.args, (k.value for k in node.kwargs))
        return f"{placeholder}({', '.join(chain.from_iterable(map(self._arguments, arguments)))})", True

    def _arguments(self, node: nodes.Expr) -> Iterator[str]:
        try:
            yield from _as_sql(self.known(node))
            return
        except Unknown:
            pass
        if isinstance(node, nodes.List | nodes.Tuple):
            for item in node.items:
                yield from self._arguments(item)
        elif isinstance(node, nodes.Call):
            yield self._macro(node, False)[0]


_EXPRESSION: Final = UNKNOWN_TEXT + "expression"
_QUERY = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


def _is_type(code: str, out: _Out) -> bool:
    """Does a type stand here: ``CAST(x AS``, ``x::``?"""
    if word_before(code) != "as":
        return code.rstrip().endswith("::")
    depth = 0
    bare = _FLAT.sub(" ", out.text()[-_MOST:])
    for at in range(len(bare) - 1, -1, -1):
        depth += (bare[at] == ")") - (bare[at] == "(")
        if depth < 0:
            return bool(_CASTS.search(bare[:at][-20:]))
    return False


def _writes(text: str, block: Block) -> bool:
    """Does a loop write anything, or does it only collect values?"""
    todo = list(block.arms[0][1])
    while todo:
        item = todo.pop()
        if isinstance(item, Show) or (isinstance(item, Text) and text[item.start : item.end].strip()):
            return True
        if isinstance(item, Block) and item.kind in ("if", "for"):
            todo.extend(inner for _, body in item.arms for inner in body)
    return False


_UNKNOWN_TYPE = re.compile(rf"\s+as\s+{UNKNOWN_TEXT}\w*(?:\([^()]*\))?\s*\)", re.IGNORECASE)
_DECIMAL = re.compile(r"(?<![\w.])\d+\.\Z")
_CASTS = re.compile(r"cast\s*\Z", re.IGNORECASE)


def _name_of(text: str) -> str:
    """A placeholder without its arguments."""
    return text.partition("(")[0]


def _plain(value: str) -> str:
    """The name of a model, where text stands and not a name."""
    return value.rpartition(".")[2] if value.startswith(MODEL_SCHEMA) else value


def _returns(block: Block) -> bool:
    """Does an arm of it return from the macro?"""
    return any(
        isinstance(item, Show | Do) and isinstance(item.node, nodes.Call) and dotted(item.node) == "return"
        for _, body in block.arms
        for item in body
    )


_BODY = re.compile(r"select|insert|update|delete|merge|from|values|table", re.IGNORECASE)
_MOST: Final = 100_000  # characters


def _has_no_body(text: str) -> bool:
    """Has the last statement of a text begun with WITH, and is its own query still to come?"""
    bare = _FLAT.sub(" ", text[-_MOST:])
    depth, plain = 0, [""]
    for piece in re.split(r"([();])", bare):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
        elif piece == ";":
            depth, plain = 0, [""]
        elif depth == 0:
            plain.append(piece)
    words = " ".join(plain).split()
    return depth == 0 and bool(words) and words[0].lower() == "with" and not any(_BODY.fullmatch(w) for w in words)


def _separate(source: str, block: Block) -> bool:
    """Whether white space parts the loop's body from its tags, so that rounds are words of their own."""
    start, end = block.spans[0]
    return source[start : start + 1].isspace() or source[end - 1 : end].isspace()


_LONGEST_FORMULA: Final = 500  # characters
_COLUMN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*){0,3}\Z")
_FORMULA = re.compile(r"\(| [+*/<>=-] |\|\||\bcase\b", re.IGNORECASE)
_NO_FORMULA: Final = ("--", "/*", ";")


def _as_sql(value: object) -> Iterator[str]:
    """A macro's constant argument as SQL: a string that reads as a column or a formula is taken for one."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _as_sql(item)
    elif isinstance(value, Relation):
        yield "'" + _plain(value).replace("'", "''") + "'"
    elif isinstance(value, str):
        is_column = _COLUMN.match(value) and value.lower() not in (DateParts | RESERVED)
        is_code = is_column or _parses(value)
        yield value if is_code else "'" + value.replace("'", "''").replace("\\", "/") + "'"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _parses(text: str) -> bool:
    """Is it an expression of SQL that is more than a word?"""
    from ray_lineage.compile.sql.parse import is_expression

    if len(text) > _LONGEST_FORMULA or not _FORMULA.search(text) or any(mark in text for mark in _NO_FORMULA):
        return False
    return is_expression(text)
