"""Placeholders that are no Jinja: ``${name}``, ``$(name)``, ``:name``, ``%(name)s`` and so on, replaced at their own length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MARKS = re.compile(
    r"\{[{%#]|\$\(\w|\$\{|\{[A-Za-z_][\w.]*\}|%\(\w+\)s|%s\b|:(?<=[\s(,=<>]:)(?=[\d'\"])", re.ASCII
)  # fmt: skip
_OPEN = re.compile(r"--|/\*|['\"`\[]")
_CLOSE: Final = {
    "--": re.compile(r"\n"), "/*": re.compile(r"\*/"), "'": re.compile(r"'"), '"': re.compile(r'"'),
    "`": re.compile(r"`"), "[": re.compile(r"[\]\n]"),
}  # fmt: skip
COMMENTS: Final = ("--", "/*")


class Scan:
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
            if self.state not in COMMENTS:
                stop = found.start() if found and found.group() in COMMENTS else end
                self.code = (self.code + text[max(at, stop - 120) : stop])[-120:]
            elif found is not None:
                self.code += " "
            if found is not None:
                self.state = "" if self.state else found.group()
            at = end


def occurrences(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str, str]]:
    """Matches, each with the code before it and the quote or comment that it stands in (empty: none)."""
    scan = Scan()
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
SIMPLE = re.compile(r"[A-Za-z_]\w*\Z|\d+(\.\d+)?\Z")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")


def fill(text: str) -> str:
    """Replace the placeholders that are no Jinja, at their own length wherever there is room."""
    if MARKS.search(text) is None:
        return text
    parts: list[str] = []
    known: dict[str, str] = {}
    at = 0
    for found, code, state in occurrences(text, _PLAIN):
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
    if state in COMMENTS:
        return None
    name, width = found["sqlcmd"] or found["shell"], len(found.group())
    if name:
        value = known.get(name.lower()) if found["sqlcmd"] else None
        if value is not None and "\n" not in value and (state or SIMPLE.match(value)):
            joined = state or re.match(r"[\w$({]", after)
            return value if joined else value.ljust(width)
    if state:
        return _same_length(found.group()) if name else None
    joins = bool(re.search(r"[\w.$)}\]]\Z", code)) or bool(re.match(r"[\w.($]", after))
    if name or found["brace"]:
        name = name or found["brace"]
        value_here = not joins and re.search(r"[=<>+\-/|]\s*\Z", code) and IDENTIFIER.match(name)
        return f":{name}".ljust(width) if value_here else _same_length(found.group())
    if found["named"]:
        in_name = joins or word_before(code) in NAMES_FOLLOW
        return _same_length(found.group()) if in_name else f":{found['named']}".ljust(width)
    return _positional(found, code, after)


def _positional(found: re.Match[str], code: str, after: str) -> str | None:
    """``%s`` and ``:1`` are also how a modulo and a slice look: only where an operand is missing."""
    if found["percent"] and (code.endswith(("_", ".")) or after == "."):
        return "_s"
    if operand_before(code):
        return None
    if found["psql"]:
        return " " + found["psql"]
    if found["percent"] and word_before(code) in NAMES_FOLLOW:
        return "_s"
    return "?".ljust(len(found.group()))


def _same_length(mark: str) -> str:
    return re.sub(r"\W", "_", mark)


NAMES_FOLLOW: Final = frozenset(
    "as into update table view from join set exists function procedure use schema database merge index truncate".split()
)
"""After these words stands a name, not an expression."""

OPERANDS_FOLLOW: Final = NAMES_FOLLOW | frozenset(
    "select distinct all where and or on by having in not case when then else like ilike between using limit offset top "
    "over values union except intersect returning qualify is with return interval call exec partition escape any some "
    "window filter order within replace ignore only if while print".split()
)
_LAST = re.compile(r"(\w+|\S)\s*\Z")


def word_before(code: str) -> str:
    found = _LAST.search(code)
    return found.group(1).lower() if found else ""


def operand_before(code: str) -> bool:
    """Whether an operand or a name has just ended, so that no other one can stand here."""
    word = word_before(code)
    if word == "*":
        return bool(re.search(r"(\bselect|\bdistinct|,|\.)\s*\*\s*\Z", code, re.IGNORECASE))
    if not word or not (word[0].isalnum() or word[0] == "_"):
        return word != "" and word in ")]\"'`"
    return word not in OPERANDS_FOLLOW
