"""What is not known of a text of SQL: each gap gets what the language has for it at its place, so that the rest can be read.

What it gets shows in the facts, and is taken out of them again (:mod:`ray_lineage.compile.python.known`)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ray_lineage.compile.python.texts import GAP, Text, concat, cut, plain

NAME: Final = re.compile(r"__gap\d+__|__jinja_\w|__var_\w|__env_\w")
"""A name, or a part of one, that is not known."""

_TOKEN: Final = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^'\\]|''|\\.)*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|`[^`]*(?:`|\Z)"
    rf"|{GAP}+|[\w$@#]+|%%|\S",
    re.DOTALL,
)
_COMMENT: Final = ("--", "/*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NAMES: Final = _words(
    "copy from join into update table view database schema catalog use truncate index procedure function call "
    "exec execute overwrite describe desc using only merge exists to rename macro stage warehouse role "
    "sequence type trigger explode unnest"
)
_QUERIES: Final = _words("union except intersect minus all explain")
_CONDITIONS: Final = _words("where on having and or not qualify when")
_COMPARED: Final = frozenset(
    ("=", "<", ">", "!", "+", "-", "*", "/", "|", "%", "in", "is", "between", "like", "ilike", "not", "::")
)
_VALUES: Final = _words("limit offset top interval like ilike between rows escape fetch first next return")
_PER_CENT: Final = "%%"
_BEFORE_QUERY: Final = _words(
    "from join as using exists any some in insert lateral with cross union all except intersect"
)
_CLAUSES: Final = _words(
    "select from join into update table view where on having by set values using with limit as merge insert "
    "create delete returning group order partition"
)
_QUERY: Final = "SELECT * FROM "
_ENDS: Final = ("", ";", ")")


class Filled(NamedTuple):
    """A text without gaps. ``doubtful``: what was not known may change what the statement does."""

    text: Text
    doubtful: bool


class _Level(NamedTuple):
    """What stands around parentheses: the clause and the word in front of them."""

    clause: str
    word: str


_PLACEHOLDER: Final = re.compile(r"\$\{[^{}\n]{1,100}\}|(?<![{$])\{[A-Za-z_][\w.]*\}(?!\})")
_SIMPLE_JINJA: Final = re.compile(r"\{\{.{0,300}?\}\}", re.DOTALL)


def opened(text: Text) -> Text:
    """With gaps for what is filled in when it is run: ``${name}``, ``{name}``, ``{{ name }}``. Other templates stay."""
    if "{" not in text.text:
        return text
    if "{{" in text.text and "{%" not in text.text:
        text = _with_gaps(text, _SIMPLE_JINJA)
    return _with_gaps(text, _PLACEHOLDER)


def _with_gaps(text: Text, pattern: re.Pattern[str]) -> Text:
    parts: list[Text] = []
    at = 0
    for found in pattern.finditer(text.text):
        place = cut(text, found.start(), found.end()).marks
        parts += (cut(text, at, found.start()), Text(GAP, place[:1]))
        at = found.end()
    return concat([*parts, cut(text, at, len(text.text))]) if parts else text


def fill(text: Text) -> Filled:
    """Fill the gaps. ``%%`` in it is one per cent sign, as drivers have it."""
    if GAP not in text.text and "%%" not in text.text:
        return Filled(text, doubtful=False)
    return _Filler(text).result()


class _Filler:
    """One pass over a text."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.parts: list[Text] = []
        self.at = 0  # up to here it is in the parts
        self.count = 0
        self.doubtful = False
        self.before: list[str] = []  # tokens in front, in lower case, of which the last ones count
        self.verb = ""
        self.clause = ""
        self.seen: set[str] = set()  # clauses of the statement
        self.levels: list[_Level] = []

    def result(self) -> Filled:
        source = self.text.text
        tokens = list(_TOKEN.finditer(source))
        for k, found in enumerate(tokens):
            token = found.group()
            if token.startswith(_COMMENT):
                self._inside(found, "_")
            elif token[0] == "'":
                self._inside(found, "")
                self.before.append("''")
            elif token[0] in '"`':
                self._inside(found, "")
                self.before.append("name")
            elif token[0] == GAP:
                after = tokens[k + 1].group().lower() if k + 1 < len(tokens) else ""
                self._gap(found, after)
            elif token == _PER_CENT:
                self._write(found.start(), found.end(), "%")
                self.before.append("%")
            else:
                self._word(token.lower())
        self.parts.append(cut(self.text, self.at, len(source)))
        return Filled(concat(self.parts), self.doubtful)

    def _word(self, word: str) -> None:
        if word == "(":
            self.levels.append(_Level(self.clause, self._last()))
            self.clause = ""
        elif word == ")":
            self.clause = self.levels.pop().clause if self.levels else ""
        elif word == ";":
            self.verb, self.clause, self.seen, self.levels = "", "", set(), []
        elif word in _CLAUSES and not (word == "as" and self.clause in ("select", "from", "join")):
            self.clause = word
            self.seen.add(word)
        if not self.verb and word != ";":
            self.verb = word
        self.before.append(word)

    def _last(self) -> str:
        return self.before[-1] if self.before else ""

    # ------------------------------------------------------------------ gaps

    def _write(self, start: int, end: int, what: str) -> None:
        self.parts.append(cut(self.text, self.at, start))
        mark = cut(self.text, start, start + 1).marks
        self.parts.append(plain(what, mark[0].line, mark[0].column) if mark else plain(what, 1, 1))
        self.at = end

    def _name(self) -> str:
        self.count += 1
        return f"__gap{self.count}__"

    def _inside(self, found: re.Match[str], what: str) -> None:
        """Gaps in quotes or comments."""
        at = found.group().find(GAP)
        while at >= 0:
            self._write(found.start() + at, found.start() + at + 1, what or self._name())
            at = found.group().find(GAP, at + 1)

    def _gap(self, found: re.Match[str], after: str) -> None:
        source = self.text.text
        start, end = found.span()
        left = source[start - 1 : start] if start else ""
        right = source[end : end + 1]
        what = self._name() if _joins(left, right) or left == "[" else self._alone(after)
        self._write(start, end, what)
        if what.strip():
            self.before.append("name")

    def _alone(self, after: str) -> str:
        """What stands for a gap that is no part of a name."""
        last = self._last()
        if last in ("", ";"):
            self.doubtful = True
            return ""
        if last == "(":
            return self._in_parentheses(after)
        if last == ",":
            return self._listed(after)
        if last in _NAMES and not (last == "to" and self.verb == "set"):
            return self._name()
        if last in _CONDITIONS:
            return self._condition(after)
        if last in ("select", "distinct"):
            return self._item(after)
        return self._after_word(last, after)

    def _after_word(self, last: str, after: str) -> str:
        if last == "as" and self._defines():
            self.doubtful = True
            return _QUERY + self._name()
        if last == "in":
            return "(0)"
        if last == "values":
            return "(0)"
        if last == "set":
            return self._assigned(after)
        if last == "with":
            self.doubtful = True
            return f"{self._name()} AS (SELECT 0 AS x)" + ("," if after not in ("select", "insert", "merge") else "")
        if last in _QUERIES and after in _ENDS:
            self.doubtful = True
            return _QUERY + self._name()
        if last in _VALUES or not (last[0].isalnum() or last[0] in "_@#$)*'"):
            return "0"
        if last in ("as", "by", "then", "else", "case", "to", "add", "column", "partition"):
            return self._name()
        return self._behind_operand(after)

    def _defines(self) -> bool:
        """Is what follows AS the query of CREATE ... AS, with nothing of it there yet?"""
        return self.verb in ("create", "replace", "cache") and "select" not in self.seen and not self.levels

    def _in_parentheses(self, after: str) -> str:
        level = self.levels[-1] if self.levels else _Level("", "")
        if level.word == "in":
            return "0"
        if level.word in _BEFORE_QUERY or (level.word == "," and level.clause == "from"):
            self.doubtful = True
            return _QUERY + self._name()
        if level.word == "values" or level.clause == "values":
            return "0"
        if self.verb == "create" and level.clause == "table" and "select" not in self.seen:
            return f"{self._name()} INT"
        return self._name()

    def _listed(self, after: str) -> str:
        if self.clause == "select":
            return self._item(after)
        if self.clause == "set":
            return self._assigned(after)
        level = self.levels[-1] if self.levels else _Level("", "")
        if level.word in ("values", "in") or "values" in (self.clause, level.clause):
            return "0"
        return self._name()

    def _assigned(self, after: str) -> str:
        if after == "=":
            return self._name()
        self.doubtful = True
        return f"{self._name()} = 0"

    def _item(self, after: str) -> str:
        """An item of a select list, or several."""
        if after in (",", "from", "into", *_ENDS):
            self.doubtful = True
        return self._name()

    def _condition(self, after: str) -> str:
        if after[:1] in _COMPARED or after in _COMPARED:
            return self._name()
        self.doubtful = True
        return "0 = 0"

    def _behind_operand(self, after: str) -> str:
        """A clause, an alias, anything."""
        self.doubtful = True
        if self.verb == "insert" and "select" not in self.seen and "values" not in self.seen and after in _ENDS:
            return _QUERY + self._name()
        if self.verb == "create" and self.seen <= {"create", "table"} and after in _ENDS and not self.levels:
            return f"({self._name()} INT)"
        return ""


def _joins(left: str, right: str) -> bool:
    return bool(left and (left.isalnum() or left in '_.$#@`"]')) or bool(
        right and (right.isalnum() or right in '_.(`"')
    )
