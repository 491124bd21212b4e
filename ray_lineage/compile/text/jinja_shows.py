"""``{{ ... }}``: what an expression is as SQL at the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from jinja2 import nodes

from ray_lineage.compile.text.jinja_calls import MAX_GROWTH, Calls
from ray_lineage.compile.text.jinja_output import Output, encodable, flattened
from ray_lineage.compile.text.jinja_places import has_no_body, is_type
from ray_lineage.compile.text.jinja_structure import Show
from ray_lineage.compile.text.jinja_values import RESERVED, DateParts, Relation, Unknown, dotted, safe
from ray_lineage.compile.text.placeholders import COMMENTS, NAMES_FOLLOW, SIMPLE, operand_before, word_before
from ray_lineage.model import MODEL_SCHEMA
from ray_lineage.model import UNKNOWN as UNKNOWN_TEXT

_RELATIONS: Final = ("ref", "source")
_SILENT: Final = frozenset({"config", "log", "print", "set_sql_header", "return", "debug"})
_STATEMENT = re.compile(
    r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\{\{\s*config\(|\{#.*?#\})*(?P<next>[\w;]+|\Z)?", re.DOTALL
)
_VERBS: Final = frozenset(
    "select with insert update delete merge create alter drop truncate begin declare set use go grant exec call".split()
)


class Shows(Calls):
    """Writes expressions."""

    def show(self, item: Show, out: Output) -> None:
        source, reader = self.reader.text, self.reader
        if isinstance(item.node, nodes.Call):
            name = dotted(item.node)
            if name == "return" and self.calls:
                self.give_back(item.node)
            if name in _SILENT:
                return
        quoted = out.scan.state not in ("", *COMMENTS)
        after = source[item.end : item.end + 2]
        joins = (out.last != "" and (out.last.isalnum() or out.last == "_")) or bool(re.match(r"\w|\{\{", after))
        code = out.scan.code
        bare = quoted or joins or word_before(code) in NAMES_FOLLOW
        text, typed = self._sql(item.node, bare, quoted)
        if typed and out.scan.state == "" and not joins and is_type(code, out.text()):
            text, typed = "varchar", False
        if typed and out.scan.state == "" and not joins:
            text = self._fitting(text, item, code, out, bare)
        if UNKNOWN_TEXT in text and _DECIMAL.search(code):
            text = "0"
        if UNKNOWN_TEXT in text:
            text = _UNKNOWN_TYPE.sub(" as varchar)", text)
        text = encodable(flattened(text) if "\n" in text or "\r" in text else text)
        if _QUERY.match(text) and word_before(code) in ("from", "join"):
            text = f"({text})"
        if len(text) > item.end - item.start + 100:
            self.growth += len(text)
            if self.growth > MAX_GROWTH:
                text = UNKNOWN_TEXT + safe(dotted(item.node) if item.node else "expression")
        if joins and not quoted and isinstance(item.node, nodes.Call) and dotted(item.node) in _RELATIONS:
            text = _apart(text, code, after)
        out.place(text, reader.line(item.start), reader.column(item.start))

    def _fitting(self, text: str, item: Show, code: str, out: Output, bare: bool) -> str:
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
        if before in (")", ",", "with") and has_no_body(out.text()):
            if before == ")":
                return query if follows in ("", ";") else ""
            return _name_of(text) if follows == "as" else f"{_name_of(text)} as ({query})"
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
            return self.unknown_sql(node, bare, quoted)
        except RecursionError:
            return _EXPRESSION, True

    def unknown_sql(self, node: nodes.Expr, bare: bool, quoted: bool) -> tuple[str, bool]:
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
_UNKNOWN_TYPE = re.compile(rf"\s+as\s+{UNKNOWN_TEXT}\w*(?:\([^()]*\))?\s*\)", re.IGNORECASE)
_DECIMAL = re.compile(r"(?<![\w.])\d+\.\Z")


def _name_of(text: str) -> str:
    """A placeholder without its arguments."""
    return text.partition("(")[0]


def _plain(value: str) -> str:
    """The name of a model, where text stands and not a name."""
    return value.rpartition(".")[2] if value.startswith(MODEL_SCHEMA) else value


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


def _apart(text: str, code: str, after: str) -> str:
    """A relation beside words without a blank (``left join{{ ref('a') }}``): dbt quotes it, so that it stands apart."""
    before = " " if code[-1:].isalnum() and word_before(code) in NAMES_FOLLOW else ""
    return f"{before}{text}{' ' if after[:1].isalpha() else ''}"
