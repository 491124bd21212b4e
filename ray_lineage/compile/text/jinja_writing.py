"""A template's structure and values -> SQL of the same lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from jinja2 import nodes

from ray_lineage.compile.text.jinja_structure import Block, Do, Item, Reader, Show, Text
from ray_lineage.compile.text.jinja_values import (
    MAX_ITEMS,
    MAX_STEPS,
    MAX_VALUE,
    RESERVED,
    UNKNOWN,
    DateParts,
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
from ray_lineage.model import Diagnostic

MAX_GROWTH: Final = 200_000
"""Characters that unrolled loops and inserted constants may add to a file."""

MAX_VARIANTS: Final = 8


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


class Run:
    """One template: writes its text, once for each variant."""

    def __init__(self, text: str, reader: Reader, model: str, quote: str) -> None:
        self.source = text
        self.reader = reader
        self.model = reader.snapshot if IDENTIFIER.match(reader.snapshot) else model
        self.quote = quote
        self.steps = MAX_STEPS + 4 * len(reader.newlines)
        self.diagnostics: dict[tuple[str, int], Diagnostic] = {}
        for found in reader.diagnostics:
            self.diagnostics.setdefault((found.code, found.line), found)
        self.branches: set[tuple[int, int]] = set()
        self.refs: dict[tuple[str, ...], None] = {}
        self.config: dict[str, str | None] = {}
        self.has_sql = any(map(str.strip, _literals(text, reader.items)))
        self._prepare(reader.items)

    def _prepare(self, items: Sequence[Item]) -> None:
        """Find configurations and constant references first: ``this`` may stand before ``config``."""
        values = Values(self.model, self.quote)
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

    def _text(self, choice: dict[int, int]) -> tuple[str, list[dict[int, int]]]:
        """The whole text with these arms of blocks (by start), and the choices of single other arms it met."""
        writing = _Writing(self, choice)
        writing.items(self.reader.items, writing.out)
        out = writing.out
        missing = self.source.count("\n") + 1 - out.line
        return out.text() + "\n" * missing, writing.asked


def _fails(values: Values, node: nodes.Node) -> bool:
    try:
        values.known(node)
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


class _Writing(Values):
    """One pass over the tree with one choice of arms."""

    def __init__(self, run: Run, choice: dict[int, int]) -> None:
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

    def items(self, items: Sequence[Item], out: _Out) -> None:
        reader, source = self.run.reader, self.run.source
        for item in items:
            self.steps -= 1
            if isinstance(item, Text):
                out.literal(source[item.start : item.end], reader.line(item.start), reader.column(item.start))
            elif isinstance(item, Show):
                self._show(item, out)
            elif isinstance(item, Do):
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

    def _mark(self, block: Block, arms: Iterable[int]) -> None:
        reader = self.run.reader
        for arm in arms:
            start, end = block.spans[arm]
            text = self.run.source[start:end]
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
        if not open_arms:
            return
        arm = open_arms[0] if decided else self._chosen(block, open_arms)
        if not decided:
            self._mark(block, open_arms)
        self.possible += not decided
        self.items(block.arms[arm][1], out)
        self.possible -= not decided

    def _chosen(self, block: Block, arms: Sequence[int]) -> int:
        arm = self.choice.get(block.start, -1)
        if arm in arms:
            return arm
        if block.start not in self.choice and len(self.asked) <= MAX_VARIANTS:
            for other in arms[1:]:
                choice = {**self.choice, block.start: other}
                if choice not in self.asked:
                    self.asked.append(choice)
        return arms[0]

    def _for(self, block: Block, out: _Out) -> None:
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
            out._move(self.run.reader.line(at), 0)
        if _in_name(out.last) and text.strip():
            text = " " + text if _in_name(text[0]) and _separate(self.run.source, block) else text
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
        source, reader = self.run.source, self.run.reader
        if isinstance(item.node, nodes.Call) and dotted(item.node) in _SILENT:
            return
        quoted = out.scan.state not in ("", *COMMENTS)
        after = source[item.end : item.end + 2]
        joins = (out.last != "" and (out.last.isalnum() or out.last == "_")) or bool(re.match(r"\w|\{\{", after))
        code = out.scan.code
        bare = quoted or joins or word_before(code) in NAMES_FOLLOW
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
                text = "__jinja_" + safe(dotted(item.node) if item.node else "expression")
        out.place(text, reader.line(item.start), reader.column(item.start))

    def _package_macro(self, node: nodes.Call, named: bool) -> str:
        """SQL of macros of dbt_utils whose meaning is known; "" of others. ``named``: a table stands here."""
        package, _, name = dotted(node).rpartition(".")
        if package != "dbt_utils" or name not in _PACKAGE_MACROS:
            return ""
        given: dict[str, object] = {}
        try:
            for key, arg in chain(
                zip(_PACKAGE_MACROS[name], node.args, strict=False), ((k.key, k.value) for k in node.kwargs)
            ):
                given[key] = self.known(arg)
        except Unknown:
            return ""
        if name == "union_relations" and isinstance(given.get("relations"), list) and not given.get("include"):
            star = "*" + self._except(given.get("exclude"))
            query = " union all by name ".join(f"select {star} from {r}" for r in sequence(given["relations"]))
        elif name == "deduplicate" and _COLUMN.match(str(given.get("relation", ""))):
            query = f"select * from {given['relation']}"
        elif name == "star" and not given.keys() & {"prefix", "suffix"}:
            alias = f"{given['relation_alias']}." if given.get("relation_alias") else ""
            return f"{alias}*" + self._except(given.get("except"))
        elif name == "pivot" and isinstance(given.get("values"), list):
            return ", ".join(self._pivoted(given, str(v)) for v in sequence(given["values"]))
        elif name == "group_by" and isinstance(given.get("n"), int):
            return "group by " + ", ".join(map(str, range(1, min(int(str(given["n"])), MAX_ITEMS) + 1)))
        else:
            return ""
        return f"({query})" if named else query

    def _except(self, columns: object) -> str:
        names = ", ".join(self.quoted(str(c)) for c in sequence(columns or []))
        return f" except ({names})" if names else ""

    def _pivoted(self, given: dict[str, object], value: str) -> str:
        close = {"[": "]"}.get(self.quote, self.quote)
        name = f"{given.get('prefix', '')}{value}{given.get('suffix', '')}".replace(close, close * 2)
        if given.get("quote_identifiers", True):
            name = self.quote + name + close
        text = value.replace("'", "''")
        case = f"case when {given.get('column')} {given.get('cmp', '=')} '{text}' then {given.get('then_value', 1)} else {given.get('else_value', 0)} end"
        return f"{given.get('agg', 'sum')}({case}) as {name}"

    def _fitting(self, text: str, item: Show, code: str) -> str:
        """A placeholder as it can stand here: as an operand, as a query, or (a clause, a hook) not at all."""
        before = word_before(code)
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
        return "" if operand_before(code) else text

    def _sql(self, node: nodes.Expr | None, bare: bool, quoted: bool) -> tuple[str, bool]:
        """SQL for an expression, and whether it is a placeholder that stands for unknown text."""
        if node is None:
            return "__jinja_expression", True
        try:
            value = self.known(node)
            is_default = isinstance(node, nodes.Call) and dotted(node) in ("var", "env_var")
            if isinstance(value, Relation):
                return (re.sub(r'^[\["`]|[\]"`]$', "", value) if quoted else value), False
            if not is_default or quoted or SIMPLE.match(str(value)):
                return (value if isinstance(value, str) else str(value)), False
        except Unknown:
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
        return "__jinja_" + safe(dotted(node)), True

    def _macro(self, node: nodes.Call, bare: bool) -> tuple[str, bool]:
        name = dotted(node)
        last = name.rsplit(".", 1)[-1]
        if name in ("var", "env_var"):
            key = node.args[0].value if node.args and isinstance(node.args[0], nodes.Const) else "unknown"
            return f"__{name.removesuffix('_var')}_{safe(str(key))}", False
        if name in ("ref", "source"):
            self.run.note("RL122", "info", f"the name in {name}() is not a constant", 0)
            return f"__jinja_{name}", False
        if last.startswith("type_") and last[5:] in _TYPES:
            return _TYPES[last[5:]], False
        if name == "adapter.quote" and len(node.args) == 1:
            return self._sql(node.args[0], True, False)
        placeholder = "__jinja_" + safe(name)
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


def _separate(source: str, block: Block) -> bool:
    """Whether white space parts the loop's body from its tags, so that rounds are words of their own."""
    start, end = block.spans[0]
    return source[start : start + 1].isspace() or source[end - 1 : end].isspace()


_LONGEST_FORMULA: Final = 500  # characters
_COLUMN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*){0,3}\Z")
_FORMULA = re.compile(r"(?=.*[A-Za-z_])(?=.*(\(| [+*/<>=-] |\|\|))(?!.*(--|/\*))[\w\s.,()+*/<>=|-]+\Z")


def _as_sql(value: object) -> Iterator[str]:
    """A macro's constant argument as SQL: a string that reads as a column or a formula is taken for one."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _as_sql(item)
    elif isinstance(value, str):
        is_column = _COLUMN.match(value) and value.lower() not in (DateParts | RESERVED)
        is_code = not isinstance(value, Relation) and (is_column or (_FORMULA.match(value) and _parses(value)))
        yield value if is_code else "'" + value.replace("'", "''").replace("\\", "/") + "'"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _parses(text: str) -> bool:
    from ray_lineage.compile.sql.parse import is_expression

    return len(text) <= _LONGEST_FORMULA and is_expression(text)
