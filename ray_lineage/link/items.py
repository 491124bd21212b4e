"""The columns of a relation, each with its sources: found by name, renamed, matched by position."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from ray_lineage.link.codes import MERGE, POSSIBLE
from ray_lineage.model import STAR, Output, unnamed

Sources = dict[tuple[str, str], int]
"""(dataset, column) -> code."""
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Item(msgspec.Struct, frozen=True, gc=False):
    """One column of a relation; ``fields`` are those of a struct that the statement puts together. The name ``*`` stands for all
    columns of its sources (whose columns are ``*`` too), but for those that ``others`` has under another name, or under none."""

    name: str | None
    sources: Sources
    line: int = 0
    expression: str = ""
    others: Mapping[str, str] = _NONE
    fields: tuple[Item, ...] = ()


class Everything(Item, frozen=True, gc=False):
    """The single column list of a built-in table function: whatever is asked for comes from its arguments."""


class Element(Item, frozen=True, gc=False):
    """The element of an array of structs, under its own name: what a star gives are its fields."""


def under_star(item: Item, star: Output) -> Mapping[str, str]:
    """What the columns of a star that nobody can list are called, where a star over it leaves them out or renames them."""
    if item.name != STAR or not (star.excluded or star.renamed):
        return item.others
    renames = star.renamed or {}
    out = {**item.others, **dict.fromkeys((*star.excluded, *renames), "")}
    out.update({new: item.others.get(old, old) for old, new in renames.items() if old != STAR})
    return out


def renamed(items: list[Item], columns: tuple[str, ...]) -> list[Item]:
    """Items under new names, by position; without effect past a star that cannot be listed."""
    if not columns:
        return items
    if any(i.name == STAR for i in items):
        if len(items) == 1:
            return [Item(c, dict.fromkeys(items[0].sources, POSSIBLE), items[0].line) for c in columns]
        head = next(k for k, i in enumerate(items) if i.name == STAR)
        return [replace(i, name=columns[k]) if k < min(head, len(columns)) else i for k, i in enumerate(items)]
    return [replace(i, name=columns[k]) if k < len(columns) else i for k, i in enumerate(items)]


def own_names(items: list[Item]) -> tuple[str, ...]:
    """What the columns of a temporary table that a query makes are called: of a cursor, or of what a statement puts out, two
    may have one name, and are told apart by their positions."""
    names = [i.name if i.name is not None else unnamed(k) for k, i in enumerate(items)]
    if len(set(names)) == len(names):
        return tuple(names)
    seen: set[str] = set()
    for k, name in enumerate(names):
        if name in seen and name != STAR:
            names[k] = unnamed(k)
        seen.add(name)
    return tuple(names)


def add_sources(out: Sources, more: Sources, weaken: int) -> None:
    """Merge ``more`` into ``out``; ``weaken`` is POSSIBLE to make what is added only possible."""
    for source, code in more.items():
        code |= weaken
        known = out.get(source)
        out[source] = code if known is None else MERGE[known][code]


def find(items: list[Item], name: str) -> Sources | None:
    """Sources of a column by name: listed, or one of a star's; None if it cannot be there."""
    found = exact(items, name)
    return found if found is not None else through_star(items, name)


def exact(items: list[Item], name: str) -> Sources | None:
    for item in items:
        if item.name == name:
            return item.sources
    return None


def through_star(items: list[Item], name: str) -> Sources | None:
    stars = [i for i in items if i.name == STAR and i.others.get(name, name)]
    if not stars:
        return None
    out: Sources = {}
    weaken = POSSIBLE if len(stars) > 1 else 0
    for item in stars:
        if isinstance(item, Everything):
            add_sources(out, item.sources, weaken)
            continue
        inner = item.others.get(name, name)
        for (dataset, column), code in item.sources.items():
            add_sources(out, {(dataset, inner if column == STAR else column): code}, weaken)
    return out


def union(parts: list[Sources], weaken: int) -> Sources:
    if len(parts) == 1 and not weaken:
        return parts[0]
    out: Sources = {}
    for part in parts:
        add_sources(out, part, weaken)
    return out


def by_position(branches: list[list[Item]]) -> list[Item] | None:
    """Match by position; None where a star makes positions unknown. Extra columns of a longer branch are dropped."""
    first = branches[0]
    shapes = {tuple(i.name == STAR for i in b) for b in branches}
    if any(any(s) for s in shapes) and len(shapes) > 1:
        return None
    out: list[Item] = []
    for position, item in enumerate(first):
        sources = dict(item.sources)
        for branch in branches[1:]:
            if position < len(branch):
                add_sources(sources, branch[position].sources, 0)
        out.append(Item(item.name, sources, item.line, item.expression))
    return out
