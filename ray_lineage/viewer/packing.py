"""A picture as the page reads it: arrays of numbers and lists of names, as JSON, zipped.

A text that occurs often stands once in a list, and its place in the list instead of it. Numbers of columns, tables and statements
are written as their differences, and statements are numbered as their edges come, so that most differences are small. Keys are
short, for they are what is left:

====  ====================================================================================
t     tables: s schema, n name, k kind, f file (-1: none), l line, c number of columns
c     columns, table after table: n name, y type
s     statements: f file, l line, k kind, q text (only if asked for)
f     flows: a source, b target, s statement, l line after the statement's first,
      h twice the transformation, one more if only possible, x expression
i     influences: a source, b target table, s statement, l line, h how
e     feeds: a source table, b target table, s statement
====  ====================================================================================
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, Final

import msgspec

from ray_lineage.model import INFLUENCE_KINDS, TRANSFORMATIONS
from ray_lineage.viewer.picture import Feed, Flow, Influence, Picture, Statement, shown_project, shown_schema

VERSION: Final = 1
_LEVEL: Final = 6


def pack(picture: Picture, head: Mapping[str, Any], *, with_sql: bool = False) -> bytes:
    """Zipped JSON, equal for equal pictures. ``head``: what stands beside (title, focus, ...)."""
    return gzip.compress(msgspec.json.encode(packed(picture, head, with_sql=with_sql)), _LEVEL, mtime=0)


def packed(picture: Picture, head: Mapping[str, Any], *, with_sql: bool = False) -> dict[str, Any]:
    """What is in it."""
    lists: dict[str, _Texts] = {name: _Texts() for name in ("schemas", "kinds", "names", "types", "verbs", "texts")}
    numbers = _statement_numbers(picture)
    lists["types"].place("")
    lists["texts"].place("")
    said = shown_project(picture)
    body = {
        "t": _tables(picture, lists, said),
        "c": {
            "n": [lists["names"].place(c.name) for c in picture.columns],
            "y": [lists["types"].place(c.type) for c in picture.columns],
        },
        "s": _statements([picture.statements[s] for s in numbers], lists, with_sql),
        "f": _flows(picture, lists, numbers),
        "i": _influences(picture, numbers),
        "e": _ends(picture.feeds, numbers),
    }
    files = [shown_schema(said(f.project), f.path) for f in picture.files]
    hows = {"transformations": TRANSFORMATIONS, "influences": INFLUENCE_KINDS}
    return {"v": VERSION, **head, **hows, "files": files, **{k: v.texts for k, v in lists.items()}, **body}


class _Texts:
    """Distinct texts in order of first use."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        found = self._places.get(text)
        if found is None:
            found = self._places[text] = len(self.texts)
            self.texts.append(text)
        return found


def _tables(picture: Picture, lists: Mapping[str, _Texts], said: Callable[[str], str]) -> dict[str, Any]:
    counts = [0] * len(picture.tables)
    for column in picture.columns:
        counts[column.table] += 1
    schemas = (shown_schema(said(t.project), t.schema) for t in picture.tables)
    return {
        "s": [lists["schemas"].place(s) for s in schemas],
        "n": [t.name for t in picture.tables],
        "k": [lists["kinds"].place(t.kind) for t in picture.tables],
        "f": [t.file for t in picture.tables],
        "l": [t.line for t in picture.tables],
        "c": counts,
    }


def _statement_numbers(picture: Picture) -> dict[int, int]:
    """Those that an edge is written in, in the order in which edges name them."""
    numbers: dict[int, int] = {}
    for edge in chain[Flow | Influence | Feed](picture.feeds, picture.flows, picture.influences):
        numbers.setdefault(edge.statement, len(numbers))
    return numbers


def _statements(statements: Sequence[Statement], lists: Mapping[str, _Texts], with_sql: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "f": differences(s.file for s in statements),
        "l": [s.line for s in statements],
        "k": [lists["verbs"].place(s.kind) for s in statements],
    }
    return {**found, "q": [s.sql for s in statements]} if with_sql else found


def _ends(edges: Sequence[Flow] | Sequence[Influence] | Sequence[Feed], numbers: Mapping[int, int]) -> dict[str, Any]:
    return {
        "a": differences(e.source for e in edges),
        "b": differences(e.target for e in edges),
        "s": differences(numbers[e.statement] for e in edges),
    }


def _flows(picture: Picture, lists: Mapping[str, _Texts], numbers: Mapping[int, int]) -> dict[str, Any]:
    hows = {how: 2 * number for number, how in enumerate(TRANSFORMATIONS)}
    return {
        **_ends(picture.flows, numbers),
        "l": [_after(picture, f.statement, f.line) for f in picture.flows],
        "h": [hows[f.how] + (f.certainty != "certain") for f in picture.flows],
        "x": [lists["texts"].place(f.expression) for f in picture.flows],
    }


def _influences(picture: Picture, numbers: Mapping[int, int]) -> dict[str, Any]:
    hows = {how: number for number, how in enumerate(INFLUENCE_KINDS)}
    return {
        **_ends(picture.influences, numbers),
        "l": [_after(picture, i.statement, i.line) for i in picture.influences],
        "h": [hows[i.how] for i in picture.influences],
    }


def _after(picture: Picture, statement: int, line: int) -> int:
    return line - picture.statements[statement].line if line else 0


def differences(numbers: Iterable[int]) -> list[int]:
    """Each number as what it is more than the one before it."""
    return [after - before for before, after in pairwise(chain((0,), numbers))]
