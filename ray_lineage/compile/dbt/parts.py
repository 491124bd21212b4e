"""A manifest cut into its nodes: what each of them depends on, and nothing that is another one's.

A manifest is one file that is written anew whenever a model changes. Its nodes are compiled, cached, linked and stored one by
one; so each gets along what it takes from the rest: the names of the relations that it reads, and the ephemeral models that
nobody compiled into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Raw

from ray_lineage.compile.dbt.manifest import Brief, Manifest, briefs, node_of
from ray_lineage.compile.dbt.relations import MAKE_TABLES, Relations, thing
from ray_lineage.compile.facts import Facts
from ray_lineage.compile.frontend import Part, Parts
from ray_lineage.compile.jsontext import Fault
from ray_lineage.model import Name, StatementKind

CONSUMERS: Final = {
    "exposures": ("Exposure", StatementKind.DBT_EXPOSURE),
    "semantic_models": ("SemanticModel", StatementKind.DBT_SEMANTIC_MODEL),
    "metrics": ("Metric", StatementKind.DBT_METRIC),
}
"""Sections of what is made of models outside of the warehouse, and what their nodes are in the graph."""
_CODE: Final = (".sql", ".py")
_PACKAGES: Final = "dbt_packages"


class CutNode(msgspec.Struct, frozen=True, array_like=True):
    """A node with all that its facts depend on. ``section`` of the manifest; ``made``: the relation; ``parents``: those that it
    depends on; ``inlined``: ephemeral models, one before those that read it; ``references``: what templates call these."""

    section: str
    identity: str
    dialect: str
    origin: str
    covers: str
    made: Name
    parents: tuple[Name, ...]
    node: bytes
    inlined: tuple[bytes, ...] = ()
    references: tuple[tuple[Name, Name], ...] = ()


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(CutNode)


def encoded(cut_node: CutNode) -> bytes:
    """The content of a part."""
    return _encoder.encode(cut_node)


def cut_node_of(data: bytes) -> CutNode:
    """Inverse of :func:`encoded`."""
    return _decoder.decode(data)


def cut(manifest: Manifest, dialect: str) -> Parts:
    """What the manifest says as a whole, and its nodes."""
    project = _Project(manifest, dialect)
    facts = project.own()
    return Parts(facts.file(dialect), project.parts())


class _Project:
    def __init__(self, manifest: Manifest, dialect: str) -> None:
        self._manifest = manifest
        self._dialect = dialect
        self._briefs = {i: b for s in ("nodes", "sources", "functions") for i, b in briefs(self._section(s))}
        self._relations = Relations(
            ((i, b) for i, b in self._briefs.items() if not isinstance(b, Fault)), self._named(), dialect
        )
        self._ephemerals: dict[str, Brief | None] = {}
        metadata = manifest.metadata
        self._name = (metadata.project_name if metadata is not None else None) or self._only_package()

    def _section(self, name: str) -> dict[str, Raw]:
        found = getattr(self._manifest, name)
        return found if isinstance(found, dict) else {}

    def _named(self) -> Iterator[str]:
        """What is no relation, and is read all the same."""
        for section in ("semantic_models", "metrics", "saved_queries"):
            yield from (i for i, b in briefs(self._section(section)) if not isinstance(b, Fault))

    def _only_package(self) -> str:
        """The project's name in manifests that do not say it, if they have no packages."""
        nodes = (self._briefs[i] for i in self._section("nodes"))
        names = {b.package_name for b in nodes if not isinstance(b, Fault)}
        return names.pop() if len(names) == 1 else ""

    # ------------------------------------------------------------------ what no node says

    def own(self) -> Facts:
        """Nodes that cannot be read, and the files of those that make nothing: they say nothing else."""
        facts = Facts()
        for identity, brief in self._briefs.items():
            if not isinstance(brief, Fault) and self._relations.of(identity):
                continue
            fault = self._fault(identity, brief)
            if fault is not None:
                facts.note("RL130", "warning", f"{identity} is not as dbt writes it: {fault.message}", 0)
            elif not isinstance(brief, Fault) and (covered := self._covers(brief)):
                facts.covers.append(covered)
        return facts

    def _fault(self, identity: str, brief: Brief | Fault) -> Fault | None:
        """Why a node that makes nothing cannot be read; None: it can, or nobody needs to."""
        if isinstance(brief, Fault) or brief.resource_type not in MAKE_TABLES:
            return brief if isinstance(brief, Fault) else None
        raw = self._section("nodes").get(identity)
        node = node_of(bytes(raw)) if raw is not None else None
        return node if isinstance(node, Fault) else None

    def _origin(self, brief: Brief) -> str:
        """The file that a node was made of, as a path from the project."""
        path = brief.original_file_path.replace("\\", "/")
        if not path or path.startswith(("/", "../")):
            return ""
        return path if brief.package_name in ("", self._name) else f"{_PACKAGES}/{brief.package_name}/{path}"

    def _covers(self, brief: Brief) -> str:
        origin = self._origin(brief)
        return origin if origin.endswith(_CODE) else ""

    # ------------------------------------------------------------------ nodes

    def parts(self) -> Iterator[Part]:
        """Those that say something, one at a time."""
        for section in ("sources", "nodes", "functions"):
            for identity, raw in self._section(section).items():
                brief, made = self._briefs[identity], self._relations.of(identity)
                if made and not isinstance(brief, Fault):
                    yield self._part(section, identity, brief, made, raw)
        for section in CONSUMERS:
            raws = self._section(section)
            for identity, brief in briefs(raws):
                if not isinstance(brief, Fault) and brief.is_enabled and any(self._relations.read(brief.parents)):
                    yield self._part(section, identity, brief, thing(identity), raws[identity])

    def _part(self, section: str, identity: str, brief: Brief, made: Name, raw: Raw) -> Part:
        inlined = list(self._inlined(brief.parents)) if section == "nodes" else []
        cut_node = CutNode(
            section,
            identity,
            self._dialect,
            self._origin(brief),
            self._covers(brief),
            made,
            tuple(self._relations.read(brief.parents)),
            bytes(raw),
            tuple(bytes(self._section("nodes")[i]) for i in inlined),
            tuple(self._relations.references((identity, *brief.parents, *inlined, *self._behind(inlined)))),
        )
        return Part.of(identity, encoded(cut_node))

    def _behind(self, inlined: Iterable[str]) -> Iterator[str]:
        """What ephemeral models read."""
        for identity in inlined:
            brief = self._briefs[identity]
            assert not isinstance(brief, Fault)
            yield from brief.parents

    def _inlined(self, parents: Iterable[str]) -> Iterator[str]:
        """The ephemeral models behind these nodes that were not compiled into what reads them, each before those that read it."""
        done: set[str] = set()
        for start in parents:
            stack = [start]
            while stack:
                brief = self._ephemeral(stack[-1])
                missing = (
                    [p for p in brief.parents if p not in done and p not in stack and self._ephemeral(p) is not None]
                    if brief is not None and stack[-1] not in done
                    else []
                )
                if missing:
                    stack.append(missing[0])
                    continue
                identity = stack.pop()
                if brief is not None and identity not in done:
                    done.add(identity)
                    yield identity

    def _ephemeral(self, identity: str) -> Brief | None:
        """An ephemeral model of which there is nothing but its template."""
        if identity not in self._ephemerals:
            self._ephemerals[identity] = self._if_ephemeral(identity)
        return self._ephemerals[identity]

    def _if_ephemeral(self, identity: str) -> Brief | None:
        brief, raw = self._briefs.get(identity), self._section("nodes").get(identity)
        if brief is None or raw is None or isinstance(brief, Fault) or brief.materialized != "ephemeral":
            return None
        node = node_of(bytes(raw)) if brief.is_enabled else None
        return None if node is None or isinstance(node, Fault) or node.compiled else brief
