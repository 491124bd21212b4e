"""``manifest.json`` as dbt writes it: what its nodes are, read by their fields and not by the number of its schema.

Versions 1 to 12 and dbt 2's differ in what a field is called (``compiled_sql``, ``compiled_code``) and in which are there. Nodes
stay undecoded until they are asked for, one at a time: macros, nine tenths of a small manifest, never are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ray_lineage.compile.jsontext import Fault, Piece, decoded


class Metadata(msgspec.Struct):
    """``metadata``."""

    adapter_type: str | None = None
    project_name: str | None = None
    dbt_schema_version: str | None = None


class Manifest(msgspec.Struct):
    """The parts of a manifest that say something of lineage. Without ``nodes`` it is none."""

    nodes: dict[str, Raw] | UnsetType = UNSET
    metadata: Metadata | None = None
    sources: dict[str, Raw] | None = None
    exposures: dict[str, Raw] | None = None
    metrics: dict[str, Raw] | None = None
    semantic_models: dict[str, Raw] | None = None
    saved_queries: dict[str, Raw] | None = None
    functions: dict[str, Raw] | None = None

    @property
    def each(self) -> dict[str, Raw]:
        """Its nodes, by their ids."""
        return self.nodes if isinstance(self.nodes, dict) else {}

    @property
    def adapter(self) -> str:
        """The adapter that it was made with, empty if it does not say."""
        return (self.metadata.adapter_type if self.metadata is not None else None) or ""


class DependsOn(msgspec.Struct):
    nodes: list[str] | None = None


class Contract(msgspec.Struct):
    enforced: bool | None = None


class Config(msgspec.Struct):
    materialized: str | None = None
    enabled: bool | None = None
    contract: Contract | None = None
    alias: str | None = None
    database: str | None = None
    schema: str | None = None
    target_database: str | None = None
    target_schema: str | None = None


class NodeColumn(msgspec.Struct):
    name: str = ""
    description: str | None = None
    data_type: str | None = None
    quote: bool | None = None


class Brief(msgspec.Struct):
    """A node of any kind without its text: what others have to know of it."""

    name: str = ""
    resource_type: str = ""
    package_name: str = ""
    original_file_path: str = ""
    alias: str | None = None
    identifier: str | None = None
    source_name: str | None = None
    database: str | None = None
    schema: str | None = None
    relation_name: str | None = None
    depends_on: DependsOn | None = None
    config: Config | None = None

    @property
    def materialized(self) -> str:
        """How it is made."""
        return (self.config.materialized if self.config is not None else None) or ""

    @property
    def parents(self) -> list[str]:
        """The nodes that it depends on."""
        return (self.depends_on.nodes if self.depends_on is not None else None) or []

    @property
    def is_enabled(self) -> bool:
        return self.config is None or self.config.enabled is not False


class Node(Brief):
    """A node of any kind."""

    compiled_code: str | None = None
    compiled_sql: str | None = None
    raw_code: str | None = None
    raw_sql: str | None = None
    language: str | None = None
    columns: dict[str, NodeColumn] | None = None
    description: str | None = None
    version: int | float | str | None = None
    latest_version: int | float | str | None = None

    @property
    def compiled(self) -> str:
        """The text that ran, empty if nobody compiled it."""
        return self.compiled_code or self.compiled_sql or ""

    @property
    def raw(self) -> str:
        """The text as it was written."""
        return self.raw_code or self.raw_sql or ""


_manifest: Final = msgspec.json.Decoder(Manifest)
_brief: Final = msgspec.json.Decoder(Brief)
_node: Final = msgspec.json.Decoder(Node)


def read_manifest(data: bytes) -> Manifest | Fault:
    """The manifest, its nodes undecoded."""
    return decoded(Piece(data, 0), _manifest)


def briefs(section: Mapping[str, Raw]) -> Iterator[tuple[str, Brief | Fault]]:
    """The nodes of a section by their ids, one at a time, without their texts."""
    for identity, raw in section.items():
        brief = decoded(Piece(bytes(raw), 0), _brief)
        yield identity, brief


def node_of(data: bytes) -> Node | Fault:
    """One node."""
    return decoded(Piece(data, 0), _node)
