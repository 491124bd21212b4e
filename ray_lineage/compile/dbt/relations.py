"""What the nodes of a manifest make: ``relation_name`` has quotes, aliases, identifiers and schemas as the adapter uses them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ray_lineage.compile.dbt.manifest import Brief
from ray_lineage.compile.naming import folded, typed
from ray_lineage.model import Name

MAKE_TABLES: Final = frozenset({"model", "snapshot", "seed"})
KINDS: Final = {"view": "View", "materialized_view": "MaterializedView", "dynamic_table": "MaterializedView"}
"""Of what materializations make; the others make tables."""

_PART: Final = re.compile(r'"((?:[^"]|"")*)"|`([^`]*)`|\[((?:[^\]]|\]\])*)\]|([^."`\[\]]+)')


def relation(text: str, dialect: str) -> Name:
    """The name of a relation as the adapter writes it into SQL."""
    out: list[str] = []
    for found in _PART.finditer(text.strip()):
        double, ticked, bracketed, plain = found.groups()
        if ticked is not None:
            out.extend(typed(part, dialect, quoted=True) for part in ticked.split("."))
        elif plain is None:
            part = double.replace('""', '"') if double is not None else bracketed.replace("]]", "]")
            out.append(typed(part, dialect, quoted=True))
        elif plain.strip():
            out.append(typed(plain.strip(), dialect, quoted=False))
    return tuple(out)


class Relations:
    """The relations of all nodes, by their ids. ``others`` are read as well, and are none."""

    def __init__(self, nodes: Iterable[tuple[str, Brief]], others: Iterable[str], dialect: str) -> None:
        self._dialect = dialect
        self._names: dict[str, Name] = {}
        self._parents: dict[str, list[str]] = {}  # of what leaves no relation
        self._inlined: dict[str, Name] = {}
        self._called: dict[str, tuple[Name, ...]] = {}
        for identity, node in nodes:
            if node.is_enabled:
                self._take(identity, node)
        for identity in others:
            self._names[identity] = thing(identity)

    def of(self, identity: str) -> Name:
        """What a node makes; empty for what makes nothing."""
        return self._names.get(identity, ())

    def read(self, parents: Iterable[str]) -> Iterator[Name]:
        """The relations behind these nodes, each once: an ephemeral model is the relations that it reads."""
        seen: set[str] = set()
        stack = list(reversed(list(parents)))
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            if at in self._names:
                yield self._names[at]
            else:
                stack.extend(reversed(self._parents.get(at, [])))

    def references(self, nodes: Iterable[str]) -> Iterator[tuple[Name, Name]]:
        """What ``ref`` and ``source`` of these mean: ``(package, name)``, ``(name,)``, ``(source, table)`` -> the relation."""
        for identity in dict.fromkeys(nodes):
            for called in self._called.get(identity, ()):
                yield called, self._names.get(identity) or self._inlined[identity]

    def _take(self, identity: str, node: Brief) -> None:
        kind = node.resource_type or identity.partition(".")[0]
        made = made_by(node, kind, self._dialect)
        if made:
            self._names[identity] = made
        elif kind in MAKE_TABLES:
            self._parents[identity] = node.parents
            self._inlined[identity] = inlined(node)
        if made or kind in MAKE_TABLES:
            keys = (
                ((node.source_name or "", node.name),)
                if kind == "source"
                else ((node.package_name, node.name), (node.name,))
            )
            self._called[identity] = tuple(tuple(k.lower() for k in key) for key in keys)


def made_by(node: Brief, kind: str, dialect: str) -> Name:
    """The relation of a node; none of an ephemeral model, and of what writes nothing."""
    if kind not in MAKE_TABLES and kind not in ("source", "function"):
        return ()
    if node.materialized == "ephemeral":
        return ()
    if node.relation_name:
        return relation(node.relation_name, dialect)
    last = node.identifier or node.alias or node.name
    parts = (node.database, node.schema, last)
    return tuple(folded(p, dialect) for p in parts if p)


def inlined(node: Brief) -> Name:
    """What stands for an ephemeral model: a temporary table, which is looked through."""
    return (f"#{node.package_name}.{node.name}".lower(),)


def thing(identity: str) -> Name:
    """The name of what is no relation: an exposure, a metric, a semantic model. It is one part, so that no table's short name means
    it: a semantic model is often called as its model is."""
    return (identity,)
