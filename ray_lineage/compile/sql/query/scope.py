"""What a walk over a query knows (the names that can be seen) and what it finds (references)."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlglot import exp
from sqlglot.expressions import Expression

from ray_lineage.model import Influence, Name, Output, Ref

IDENTITY, TRANSFORMATION, AGGREGATION, MASKING, CONDITIONAL, WINDOW = range(6)


FILTER, JOIN, GROUP_BY, SORT = range(4)


def _composed(how: int, parent: int) -> int:
    if how >= CONDITIONAL or parent >= CONDITIONAL:
        return min(x for x in (how, parent) if x >= CONDITIONAL)
    return max(how, parent)


COMPOSED: Final = tuple(tuple(_composed(a, b) for b in range(6)) for a in range(6))
"""Composition of transformations: what the second does with a value that the first already did something to."""


class Scope:
    """The names that a SELECT's expressions can see: its FROM relations by alias, then its parents'."""

    __slots__ = ("aliases", "ctes", "index", "outputs", "parent", "tables", "windows")

    def __init__(self, index: int, parent: Scope | None, ctes: dict[str, int]) -> None:
        self.index = index
        self.parent = parent
        self.ctes = ctes
        self.aliases: dict[str, int] = {}
        self.tables: list[tuple[Name, int]] = []
        self.outputs: dict[str, Output] = {}
        self.windows: dict[str, Expression] = {}  # of the WINDOW clause

    def find(self, alias: str, db: str = "") -> int:
        scope: Scope | None = self
        while scope is not None:
            if not db:
                found = scope.aliases.get(alias, -1)
                if found >= 0:
                    return found
            for name, index in scope.tables:
                if name[-1] == alias and (not db or (len(name) > 1 and name[-2] == db)):
                    return index
            scope = scope.parent
        return -1


class Collected:
    """What a walk over an expression found."""

    __slots__ = ("at", "exists", "line", "refs", "subqueries")

    def __init__(self) -> None:
        self.refs: dict[tuple[int, int, str, bool], Ref] = {}
        self.subqueries: list[int] = []
        self.exists: list[int] = []  # of them, those of which only the rows count
        self.line = 0
        self.at = -1  # offset of some column's name

    def through(self, how: int) -> Collected:
        """The same columns, after something more was done to them."""
        out = Collected()
        out.line, out.at = self.line, self.at
        out.refs = {k: msgspec.structs.replace(r, how=COMPOSED[how][r.how]) for k, r in self.refs.items()}
        return out


DERIVED: Final = (exp.Subquery, exp.Select, exp.SetOperation, exp.Values)


def distinct(influences: list[Influence]) -> tuple[Influence, ...]:
    seen: dict[tuple[int, int, str, int], Influence] = {}
    for influence in influences:
        ref = influence.ref
        name = "\0".join((ref.name, *ref.path)) if ref.path else ref.name
        seen.setdefault((ref.relation, ref.scope, name, influence.how), influence)
    return tuple(seen.values())


def line_of(node: Expression) -> int:
    identifier = node.this
    meta = identifier._meta if isinstance(identifier, exp.Identifier) else None
    return int(meta.get("line") or 0) if meta else 0


_STRENGTH: Final = (2, 3, 4, 5, 1, 0)  # masking > aggregation > transformation > identity > conditional > window


def note(found: Collected, ref: Ref) -> None:
    # the strongest direct and the strongest indirect use: which of them counts depends on what the column is made of
    name = "\0".join((ref.name, *ref.path)) if ref.path else ref.name
    key = (ref.relation, ref.scope, name, ref.how >= CONDITIONAL)
    known = found.refs.get(key)
    if known is None or _STRENGTH[ref.how] > _STRENGTH[known.how]:
        found.refs[key] = ref


def position_of(node: Any) -> tuple[int, int]:
    """The line and column of a name's first character; 0: not known."""
    meta = node._meta if node.__class__ is exp.Identifier else None
    if not meta:
        return 0, 0
    column = meta["col"] - meta["end"] + meta["start"]
    return meta["line"], column if column > 0 else min(1, meta["col"])
