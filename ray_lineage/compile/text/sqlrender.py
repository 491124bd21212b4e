"""Scripts of OHDSI's SqlRender: ``@parameter`` anywhere, ``{DEFAULT @x = value}``, ``{condition} ? {text} : {other text}``
(https://ohdsi.github.io/SqlRender/articles/UsingSqlRender.html). They are written in SQL Server's dialect.

Parameters that are part of a name become part of one, at their own length; those that stand for a value stay the variables that
they look like. Of a condition both texts are read, each as possible: nobody knows here which one it will be.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from ray_lineage.compile.text.placeholders import COMMENTS, NAMES_FOLLOW, Scan, occurrences, word_before

_GAP: Final = r"(?:\s|/\*(?>[\s\S]*?\*/)|--[^\n]*+)++"
_NAMED: Final = re.compile(
    rf"\b(?:from|join|into|update){_GAP}@\w+(?:@\w+)*\.\w[\w@]*(?![\w.@]*\s*[(/])"
    rf"|\b(?:table|exists|view|insert\s+into){_GAP}@\w+(?:@\w+)*\.\w",
    re.IGNORECASE,
)
"""A stage of Snowflake may have options or a path behind it where rows come from or go to files, and is never made."""
_DOTTED: Final = re.compile(r"@\w+\.")  # looked for first: it begins with a character, and is found ten times faster
_WRITTEN: Final = re.compile(r"\{\s*DEFAULT\s+@|\}\s*\?\s*\{", re.IGNORECASE)
_STAGES: Final = re.compile(
    r"\$\d|\bcopy\s+into\b|\bmetadata\$|\bfile_format\b|\b(?:create|alter)\b[\w\s]{0,40}\bstage\b|\b(?:list|ls|put)\s+[@']|\bparse_json\b|\bvalue:"
    rf"|\bprepare{_GAP}\w+{_GAP}from{_GAP}@",
    re.IGNORECASE,
)
"""Where a name behind an @ is a stage of Snowflake, or a variable of MySQL."""
_TOKEN: Final = re.compile(
    r"(?P<default>\{\s*DEFAULT\s+@\w+\s*=[^{}\n]{0,1000}\})|(?P<then>\}\s*\?\s*\{)|(?P<other>\}\s*:\s*\{)|(?P<open>\{)|(?P<close>\})|(?P<name>@\w+)",
    re.IGNORECASE,
)
_DEEP: Final = 50
"""Conditions in conditions."""


class Rendered(NamedTuple):
    """``text`` with the first text of each condition, ``other`` with the second one (None: no condition has one); ``branches``
    are the lines (inclusive, from 1) that a condition decides about. Line ends are those of the script."""

    text: str
    other: str | None
    branches: tuple[tuple[int, int], ...]


def speaks(text: str, stages: bool = False) -> bool:
    """Is it such a script? ``stages``: in its dialect a name behind an @ is a stage."""
    if "{" in text and _WRITTEN.search(text) is not None:
        return True
    return (
        not stages
        and _DOTTED.search(text) is not None
        and _NAMED.search(text) is not None
        and _STAGES.search(text) is None
    )


def render(text: str) -> Rendered:
    """Never raises: braces that belong to nothing stay."""
    conditions = _conditions(text)
    ends = [found.start() for found in re.finditer("\n", text)] if conditions else []
    branches = tuple(sorted((_line(ends, c.then), _line(ends, c.end)) for c in conditions))
    first = _text(text, conditions, second=False)
    return Rendered(first, _text(text, conditions, second=True) if any(c.other for c in conditions) else None, branches)


class _Condition(NamedTuple):
    """Where ``{``, ``}?{``, ``}:{`` (0: none) and ``}`` begin, and the length of the two in the middle."""

    start: int
    then: int
    then_width: int
    other: int
    other_width: int
    end: int


def _conditions(text: str) -> list[_Condition]:
    """The whole ones, in the order of their ends."""
    found: list[_Condition] = []
    open_: list[list[re.Match[str]]] = []
    for token, _, state in occurrences(text, _TOKEN):
        kind = token.lastgroup
        if state in COMMENTS or kind in ("default", "name"):
            continue
        if kind == "open":
            open_.append([token])
        elif open_ and len(open_[-1]) == {"then": 1, "other": 2}.get(str(kind), 0):
            open_[-1].append(token)
        elif kind == "close" and open_:
            parts = open_.pop()
            if len(parts) >= 2 and len(open_) < _DEEP:
                then, other = parts[1], parts[2] if len(parts) > 2 else None
                found.append(
                    _Condition(parts[0].start(), then.start(), len(then.group()), other.start() if other else 0, len(other.group()) if other else 0, token.start())
                )  # fmt: skip
    return found


def _line(ends: Sequence[int], at: int) -> int:
    """``ends``: where lines end."""
    return bisect_left(ends, at) + 1


def _text(text: str, conditions: list[_Condition], *, second: bool) -> str:
    """All characters keep their places; what is left out becomes blanks."""
    characters = list(text)
    for c in conditions:
        _blank(characters, c.start, c.then + c.then_width)
        _blank(characters, c.end, c.end + 1)
        if c.other:
            _blank(characters, c.other, c.other + c.other_width)
        if second:
            _blank(characters, c.then + c.then_width, c.other or c.end)
        elif c.other:
            _blank(characters, c.other, c.end)
    return _names("".join(characters))


def _blank(characters: list[str], start: int, end: int) -> None:
    for k in range(start, end):
        if characters[k] != "\n":
            characters[k] = " "


def _names(text: str) -> str:
    """Defaults go; parameters in names become names."""
    characters = list(text)
    scan, at = Scan(), 0
    for found in _TOKEN.finditer(text):
        scan.feed(text[at : found.start()])
        at = found.start()
        if scan.state in COMMENTS:
            continue
        if found["default"]:
            _blank(characters, *found.span())
        elif found["name"] and (_in_text(text, found) if scan.state else _in_name(text, found, scan.code)):
            characters[found.start()] = "_"
    return "".join(characters)


def _in_text(text: str, found: re.Match[str]) -> bool:
    """Does a literal begin with a name that it is part of? So the names are that procedures are given (``sp_rename '@s.t'``)."""
    return text[found.start() - 1 : found.start()] == "'" and text[found.end() : found.end() + 1] == "."


def _in_name(text: str, found: re.Match[str], code: str) -> bool:
    """Does it stand where a name does, or touch one?"""
    after = text[found.end() : found.end() + 1]
    return (
        after in (".", "@")
        or code[-1:] in (".", "_")
        or code[-1:].isalnum()
        or word_before(code) in NAMES_FOLLOW - {"set", "as", "procedure"}
    )
