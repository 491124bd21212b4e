"""A picture as the page reads it: arrays of numbers and lists of names, as JSON, zipped.

A text that occurs often stands once in a list, and its place in the list instead of it. Numbers of columns, tables, files and
statements are written as their differences; files and statements are numbered as they are needed, so that most differences are
small. The source of a flow or influence is told by its table's place among the feeds of the same statement: there are few.
Keys are short, for they are what is left:

====  ====================================================================================
t     tables: s schema, n name, k kind, f file (-1: none), l line, c number of columns,
      d description
c     columns, table after table: n name, y type, d description
s     statements: f file, l line, k kind, q text (only if asked for)
e     feeds: a source table, b target table, s statement
f     flows: k source table (which feed of the statement, -1: none of them) and o source column
      (in that table; of all, where k is -1), b target, s statement, l line after the
      statement's first, h twice the transformation, one more if only possible, x expression
i     influences: k, o, s, l as of flows, b target table, h how
====  ====================================================================================
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any, Final

import msgspec

from ray_lineage.model import INFLUENCE_KINDS, TRANSFORMATIONS
from ray_lineage.viewer.picture import Feed, Flow, Influence, Picture, shown_project, shown_schema

VERSION: Final = 1
_LEVEL: Final = 6


def pack(picture: Picture, head: Mapping[str, Any], *, with_sql: bool = False) -> bytes:
    """Zipped JSON, equal for equal pictures. ``head``: what stands beside (title, focus, ...)."""
    return gzip.compress(msgspec.json.encode(packed(picture, head, with_sql=with_sql)), _LEVEL, mtime=0)


def packed(picture: Picture, head: Mapping[str, Any], *, with_sql: bool = False) -> dict[str, Any]:
    """What is in it."""
    return {"v": VERSION, **head, **_Packing(picture).packed(with_sql=with_sql)}


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


class _Packing:
    """Of one picture: its lists of texts, and the new numbers of its files and statements."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._said = shown_project(picture)
        self._schemas, self._kinds, self._names, self._types, self._verbs, self._texts, self._notes = (
            _Texts() for _ in range(7)
        )
        edges = chain[Flow | Influence | Feed](picture.feeds, picture.flows, picture.influences)
        self._statements = _numbered(edge.statement for edge in edges)
        declaring = (table.file for table in picture.tables if table.file >= 0)
        self.files = _numbered(chain(declaring, (picture.statements[s].file for s in self._statements)))
        self._first = list(accumulate(self._counts(), initial=0))
        self._fed: dict[int, list[int]] = {}
        for feed in picture.feeds:
            self._fed.setdefault(feed.statement, []).append(feed.source)

    def _counts(self) -> list[int]:
        counts = [0] * len(self._picture.tables)
        for column in self._picture.columns:
            counts[column.table] += 1
        return counts

    def packed(self, *, with_sql: bool) -> dict[str, Any]:
        """Everything but the head."""
        self._types.place("")
        self._texts.place("")
        self._notes.place("")
        files = (self._picture.files[f] for f in self.files)
        body = {
            "t": self._tables(), "c": self._columns(), "s": self._statement_rows(with_sql), "e": self._feeds(), "f": self._flows(),
            "i": self._influences(),
        }  # fmt: skip
        return {
            "transformations": TRANSFORMATIONS, "influences": INFLUENCE_KINDS, "sources": len(self._picture.files),
            "files": [shown_schema(self._said(f.project), f.path) for f in files],
            "schemas": self._schemas.texts, "kinds": self._kinds.texts, "names": self._names.texts, "types": self._types.texts,
            "verbs": self._verbs.texts, "texts": self._texts.texts, "notes": self._notes.texts, **body,
        }  # fmt: skip

    def _tables(self) -> dict[str, Any]:
        tables = self._picture.tables
        return {
            "s": [self._schemas.place(shown_schema(self._said(t.project), t.schema)) for t in tables],
            "n": [t.name for t in tables],
            "k": [self._kinds.place(t.kind) for t in tables],
            "f": differences(self.files.get(t.file, -1) for t in tables),
            "l": [t.line for t in tables],
            "c": self._counts(),
            "d": [self._notes.place(t.description) for t in tables],
        }

    def _columns(self) -> dict[str, Any]:
        columns = self._picture.columns
        return {
            "n": [self._names.place(c.name) for c in columns],
            "y": [self._types.place(c.type) for c in columns],
            "d": [self._notes.place(c.description) for c in columns],
        }

    def _statement_rows(self, with_sql: bool) -> dict[str, Any]:
        statements = [self._picture.statements[s] for s in self._statements]
        found: dict[str, Any] = {
            "f": differences(self.files[s.file] for s in statements),
            "l": [s.line for s in statements],
            "k": [self._verbs.place(s.kind) for s in statements],
        }
        return {**found, "q": [s.sql for s in statements]} if with_sql else found

    def _feeds(self) -> dict[str, Any]:
        return {"a": differences(f.source for f in self._picture.feeds), **self._ends(self._picture.feeds)}

    def _flows(self) -> dict[str, Any]:
        hows = {how: 2 * number for number, how in enumerate(TRANSFORMATIONS)}
        flows = self._picture.flows
        return {
            **self._sources(flows),
            **self._ends(flows),
            "h": [hows[f.how] + (f.certainty != "certain") for f in flows],
            "x": [self._texts.place(f.expression) for f in flows],
        }

    def _influences(self) -> dict[str, Any]:
        hows = {how: number for number, how in enumerate(INFLUENCE_KINDS)}
        influences = self._picture.influences
        return {**self._sources(influences), **self._ends(influences), "h": [hows[i.how] for i in influences]}

    def _ends(self, edges: Sequence[Flow] | Sequence[Influence] | Sequence[Feed]) -> dict[str, Any]:
        return {
            "b": differences(e.target for e in edges),
            "s": differences(self._statements[e.statement] for e in edges),
        }

    def _sources(self, edges: Sequence[Flow] | Sequence[Influence]) -> dict[str, Any]:
        places = [self._source(e) for e in edges]
        lines = [e.line - self._picture.statements[e.statement].line if e.line else 0 for e in edges]
        return {"k": [k for k, _ in places], "o": [o for _, o in places], "l": lines}

    def _source(self, edge: Flow | Influence) -> tuple[int, int]:
        """Which feed of its statement, and which column there."""
        table, fed = self._picture.columns[edge.source].table, self._fed.get(edge.statement, [])
        return (fed.index(table), edge.source - self._first[table]) if table in fed else (-1, edge.source)


def _numbered(numbers: Iterable[int]) -> dict[int, int]:
    """New numbers in the order of first use."""
    found: dict[int, int] = {}
    for number in numbers:
        found.setdefault(number, len(found))
    return found


def file_order(picture: Picture) -> list[int]:
    """Which file each number of a packed picture means."""
    return list(_Packing(picture).files)


def differences(numbers: Iterable[int]) -> list[int]:
    """Each number as what it is more than the one before it."""
    return [after - before for before, after in pairwise(chain((0,), numbers))]
