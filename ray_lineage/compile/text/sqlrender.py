"""Scripts of OHDSI's SqlRender: ``@parameter`` anywhere, ``{DEFAULT @x = value}``, ``{condition} ? {text} : {other text}``
(https://ohdsi.github.io/SqlRender/articles/UsingSqlRender.html). They are written in SQL Server's dialect.

Parameters that are part of a name become part of one, at their own length; those that stand for a value stay the variables that
they look like. Of a condition both texts are read, each as possible: nobody knows here which one it will be. Conditions that
exclude one another (``{@v == '4'} ? {...} {@v == '5'} ? {...}``) hold in readings of their own.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from ray_lineage.compile.text.placeholders import COMMENTS, NAMES_FOLLOW, Scan, operand_before, word_before

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


_MOST: Final = 4
"""Readings of a script: those of more would hardly tell more."""


class Rendered(NamedTuple):
    """``text`` with the first text of each condition that can hold beside those before it, ``others`` with the texts that were
    left out of it; ``branches`` are the lines (inclusive, from 1) that a condition decides about. Line ends are those of the
    script."""

    text: str
    others: tuple[str, ...]
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
    first, *others = (_text(text, conditions, holds) for holds in _readings(text, conditions))
    return Rendered(first, tuple(others), branches)


class _Condition(NamedTuple):
    """Where ``{``, ``}?{``, ``}:{`` (0: none) and ``}`` begin, and the length of the two in the middle."""

    start: int
    then: int
    then_width: int
    other: int
    other_width: int
    end: int


def _conditions(text: str) -> list[_Condition]:
    """The whole ones, in the order of their starts. Comments are text as all else is: ``--{@x} ? {`` begins one."""
    found: list[_Condition] = []
    open_: list[list[re.Match[str]]] = []
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind in ("default", "name"):
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
    return sorted(found)


def _readings(text: str, conditions: list[_Condition]) -> list[list[bool]]:
    """Which conditions hold in each: in the first one all that can, in the others what had not its turn."""
    predicates = [_predicate(text[c.start + 1 : c.then]) for c in conditions]
    inside = _parents(conditions)
    readings = [_reading(predicates, {}, wish=True)]
    seen = _shown(readings[0], inside)
    for k, c in enumerate(conditions):
        for wish in (True, False):
            if len(readings) < _MOST and (wish or c.other) and (k, wish) not in seen:
                readings.append(_reading(predicates, _chosen(k, wish, inside), wish=wish))
                seen |= _shown(readings[-1], inside)
    return readings


def _chosen(k: int, wish: bool, inside: list[tuple[int, bool]]) -> dict[int, bool]:
    """What has to hold so that a text is there, the outermost condition first."""
    chain = [(k, wish)]
    while inside[chain[-1][0]][0] >= 0:
        chain.append(inside[chain[-1][0]])
    return dict(reversed(chain))


def _reading(predicates: list[_Predicate], chosen: dict[int, bool], *, wish: bool) -> list[bool]:
    """All hold if they can (``wish``; else none does); what is ``chosen`` is decided first."""
    world = _World()
    decided = {k: world.holds(predicates[k], wanted) for k, wanted in chosen.items()}
    return [decided[k] if k in decided else world.holds(p, wish) for k, p in enumerate(predicates)]


def _parents(conditions: list[_Condition]) -> list[tuple[int, bool]]:
    """Of each the one that it stands in (-1: none), and if it does so in its first text."""
    around: list[int] = []
    found: list[tuple[int, bool]] = []
    for k, c in enumerate(conditions):
        while around and conditions[around[-1]].end < c.start:
            around.pop()
        outer = around[-1] if around else -1
        found.append((outer, outer >= 0 and not 0 < conditions[outer].other < c.start))
        around.append(k)
    return found


def _shown(holds: list[bool], inside: list[tuple[int, bool]]) -> set[tuple[int, bool]]:
    """The texts that stay: of which condition, and if it is its first one."""
    shown: set[tuple[int, bool]] = set()
    for k, parent in enumerate(inside):
        if parent[0] < 0 or parent in shown:
            shown.add((k, holds[k]))
    return shown


class _Atom(NamedTuple):
    """``@parameter`` is one of ``values``, or is ``not``."""

    parameter: str
    values: tuple[str, ...]
    negated: bool


_Predicate = tuple[tuple[_Atom | None, ...], ...]
"""Alternatives of what must hold together; None is what cannot be read."""

_ATOM: Final = re.compile(
    r"(?P<negated>!?)\s*@(?P<flag>\w+)|@(?P<name>\w+)\s*(?:(?P<equals>==?|!=|<>)(?P<value>[^()=<>!]*)|in\s*\((?P<values>[^()]*)\))",
    re.IGNORECASE,
)


def _predicate(text: str) -> _Predicate:
    return tuple(tuple(_atom(part.strip()) for part in alternative.split("&")) for alternative in text.split("|"))


def _atom(text: str) -> _Atom | None:
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    found = _ATOM.fullmatch(text)
    if found is None:
        return None
    if found["flag"]:
        return _Atom(found["flag"].lower(), ("true",), bool(found["negated"]))
    given = (found["value"],) if found["equals"] else tuple(found["values"].split(","))
    values = tuple(value.strip().strip("'\"").lower() for value in given)
    return _Atom(found["name"].lower(), values, found["equals"] in ("!=", "<>"))


class _World:
    """What is taken to hold of the parameters."""

    def __init__(self) -> None:
        self._equal: dict[str, str] = {}
        self._different: set[tuple[str, str]] = set()

    def holds(self, predicate: _Predicate, wish: bool) -> bool:
        """As was taken before, else as is wished for."""
        return any(all(self._is(atom, wish) for atom in alternative) for alternative in predicate)

    def _is(self, atom: _Atom | None, wish: bool) -> bool:
        if atom is None:
            return wish
        wanted = wish != atom.negated
        return any(self._equals(atom.parameter, value, wanted) for value in atom.values) != atom.negated

    def _equals(self, parameter: str, value: str, wish: bool) -> bool:
        if (known := self._equal.get(parameter)) is not None:
            return known == value
        if (parameter, value) in self._different:
            return False
        if wish:
            self._equal[parameter] = value
        else:
            self._different.add((parameter, value))
        return wish


def _line(ends: Sequence[int], at: int) -> int:
    """``ends``: where lines end."""
    return bisect_left(ends, at) + 1


def _text(text: str, conditions: list[_Condition], holds: list[bool]) -> str:
    """All characters keep their places; what is left out becomes blanks."""
    characters = list(text)
    for c, first in zip(conditions, holds, strict=True):
        _blank(characters, c.start, c.then + c.then_width)
        _blank(characters, c.end, c.end + 1)
        if c.other:
            _blank(characters, c.other, c.other + c.other_width)
        if not first:
            _blank(characters, c.then + c.then_width, c.other or c.end)
        elif c.other:
            _blank(characters, c.other, c.end)
    return _names("".join(characters))


def _blank(characters: list[str], start: int, end: int) -> None:
    for k in range(start, end):
        if characters[k] != "\n":
            characters[k] = " "


def _names(text: str) -> str:
    """Defaults go; parameters in names become names; those that stand where no value can are clauses that nobody knows."""
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
        elif found["name"] and not scan.state and _is_clause(text, found, scan.code):
            _blank(characters, *found.span())
    return "".join(characters)


_ENDED: Final = re.compile(r"(?:[)']|(?<!\w)(?:null|\d+|@\w+))\s*\Z", re.IGNORECASE)
"""A value that is whole: another one behind it is none (``WHERE a = 1 @andMore``)."""
_BEGINS: Final = re.compile(
    r";|\b(?:from|join|where|on|and|or|having|exec|execute|declare|proc|procedure|set)\b", re.IGNORECASE
)
_OF_QUERIES: Final = ("from", "join", "where", "on", "and", "or", "having")


def _is_clause(text: str, found: re.Match[str], code: str) -> bool:
    """Behind a whole value, or on a line of its own behind a name of a query's."""
    if _ENDED.search(code):
        return True
    before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
    after = text[found.end() : found.end() + 80].lstrip(" \t")[:1]
    if before.strip() or after not in ("", "\n", ";", ")") or not operand_before(code):
        return False
    return next((m.group().lower() for m in reversed(list(_BEGINS.finditer(code)))), "") in _OF_QUERIES


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
