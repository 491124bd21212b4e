"""Every piece of Cypher, generated from the schema's declarations.

The only place where query text is put together, and only from names declared in :mod:`.schema`: values are always
parameters. The generated subset runs on Neo4j 5 and on ladybug; where they differ there are two functions.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from ray_lineage.graph.schema import COLUMN, DATASET, HAS_COLUMN, NODES, RELS, Node, Rel

SHARED: Final = (DATASET, COLUMN)
"""Node types that outlive a file's contribution."""

META: Final = "RayLineage"
"""Label of the one node a project has for its epoch, digest and schema version."""


def _properties(variable: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{variable}.`{c}` = r.`{c}`" for c in columns)


@cache
def set_nodes(node: Node) -> str:
    """MERGE rows of a node type and set all their properties."""
    columns = node.columns[1:]
    return f"UNWIND $rows AS r MERGE (n:`{node.label}` {{id: r.id}}) SET {_properties('n', columns)}"


@cache
def create_nodes(node: Node) -> str:
    """CREATE rows of a node type that cannot exist yet."""
    pairs = ", ".join(f"`{c}`: r.`{c}`" for c in node.columns)
    return f"UNWIND $rows AS r CREATE (:`{node.label}` {{{pairs}}})"


@cache
def mention_nodes(node: Node) -> str:
    """MERGE shared nodes, giving their properties only to new ones."""
    columns = node.columns[1:]
    return f"UNWIND $rows AS r MERGE (n:`{node.label}` {{id: r.id}}) ON CREATE SET {_properties('n', columns)}"


@cache
def create_rels(rel: Rel) -> str:
    """CREATE relationships between existing nodes. Two MATCH clauses: one is a hundred times slower on ladybug."""
    return _rels(rel, "CREATE")


@cache
def merge_rels(rel: Rel) -> str:
    """The same, repeatable."""
    return _rels(rel, "MERGE")


def _rels(rel: Rel, verb: str) -> str:
    columns = rel.columns[2:] if rel is HAS_COLUMN else ("file", *rel.columns[2:])
    pairs = ", ".join(f"`{c}`: r.`{c}`" for c in columns)
    body = f" {{{pairs}}}" if pairs else ""
    return (
        f"UNWIND $rows AS r MATCH (a:`{rel.source}` {{id: r.source}}) MATCH (b:`{rel.target}` {{id: r.target}}) "
        f"{verb} (a)-[:`{rel.type}`{body}]->(b)"
    )


@cache
def touched_by(rel: Rel) -> str:
    """Ends of the relationships that belong to some files."""
    return f"MATCH (a:`{rel.source}`)-[r:`{rel.type}`]->(b:`{rel.target}`) WHERE r.file IN $files RETURN DISTINCT a.id, b.id"


@cache
def delete_rels(rel: Rel) -> str:
    """Delete the relationships that belong to some files."""
    return f"MATCH (:`{rel.source}`)-[r:`{rel.type}`]->(:`{rel.target}`) WHERE r.file IN $files DELETE r"


DELETE_STATEMENTS: Final = "MATCH (s:`Statement`) WHERE s.file IN $files DETACH DELETE s"
DELETE_FILES: Final = "MATCH (f:`File`) WHERE f.id IN $files DETACH DELETE f"


@cache
def owned(node: Node) -> str:
    """Ids of the shared nodes that some files describe."""
    return f"MATCH (n:`{node.label}`) WHERE n.owner IN $files RETURN n.id"


@cache
def reset_owned(node: Node) -> str:
    """Back to the properties of an undescribed node; identifying ones stay."""
    changed = [p for p in node.props if p.name in ("kind", "declared", "ordinal", "type", "owner")]
    sets = ", ".join(f"n.`{p.name}` = {_literal(p.default)}" for p in changed)
    return f"MATCH (n:`{node.label}`) WHERE n.owner IN $files SET {sets}"


def _literal(value: str | int | bool | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}'" if isinstance(value, str) else str(value)


ORPHAN_COLUMNS: Final = (
    "MATCH (c:`Column`) WHERE c.id IN $ids AND c.owner IS NULL "
    "AND NOT EXISTS { MATCH (c)-[:`FLOWS_TO`]-() } AND NOT EXISTS { MATCH (c)-[:`INFLUENCES`]->() } "
    "AND NOT EXISTS { MATCH (c)-[:`REFERENCES`]-() } RETURN c.id, c.dataset"
)
ORPHAN_DATASETS: Final = (
    "MATCH (d:`Dataset`) WHERE d.id IN $ids AND d.owner IS NULL "
    + " ".join(f"AND NOT EXISTS {{ MATCH (d)<-[:`{r.type}`]-() }}" for r in RELS if r.target == "Dataset")
    + " AND NOT EXISTS { MATCH (d)-[:`FEEDS`]->() } AND NOT EXISTS { MATCH (d)-[:`CALLS`]->() } AND NOT EXISTS { MATCH (d)-[:`HAS_COLUMN`]->() } RETURN d.id"
)


@cache
def delete_nodes(label: str) -> str:
    """Delete nodes by id."""
    return f"MATCH (n:`{label}`) WHERE n.id IN $ids DETACH DELETE n"


FILE_STATES: Final = "MATCH (f:`File`) WHERE f.project = $project RETURN f.path, f.sha256, f.fingerprint, f.status"
FIND_DATASETS: Final = "MATCH (d:`Dataset`) WHERE d.`table` = $last RETURN d.id, d.name, d.project ORDER BY d.id"
DATASETS_LIKE: Final = (
    "MATCH (d:`Dataset`) WHERE toLower(d.name) CONTAINS $part RETURN d.id, d.name, d.project ORDER BY d.id LIMIT 200"
)
COLUMNS_OF: Final = "MATCH (d:`Dataset` {id: $dataset})-[:`HAS_COLUMN`]->(c:`Column`) RETURN c.id, c.name, c.ordinal, c.type, c.declared"


@cache
def neighbours(rel: Rel, downstream: bool) -> str:
    """Relationships of one type that start (downstream) or end at given nodes, with their properties."""
    end = "a" if downstream else "b"
    names = [p.name for p in rel.props]

    def prop(name: str) -> str:
        return f"r.`{name}`" if name in names else "NULL"

    how = prop("transformation") if "transformation" in names else prop("how")
    return (
        f"MATCH (a:`{rel.source}`)-[r:`{rel.type}`]->(b:`{rel.target}`) WHERE {end}.id IN $ids "
        f"RETURN a.id AS source, b.id AS target, r.file AS file, {prop('statement')} AS statement, "
        f"{prop('line')} AS line, {how} AS how, {prop('certainty')} AS certainty"
    )


@cache
def describe(node: Node) -> str:
    """Properties of nodes by id."""
    columns = ", ".join(f"n.`{c}`" for c in node.columns)
    return f"MATCH (n:`{node.label}`) WHERE n.id IN $ids RETURN {columns}"


@cache
def dump_nodes(node: Node) -> str:
    """All nodes of a project."""
    columns = ", ".join(f"n.`{c}`" for c in node.columns)
    return f"MATCH (n:`{node.label}`) WHERE n.id STARTS WITH $prefix RETURN {columns}"


@cache
def dump_rels(rel: Rel) -> str:
    """All relationships of a project."""
    columns = rel.columns[2:] if rel is HAS_COLUMN else ("file", *rel.columns[2:])
    more = "".join(f", r.`{c}`" for c in columns)
    return f"MATCH (a:`{rel.source}`)-[r:`{rel.type}`]->(b:`{rel.target}`) WHERE a.id STARTS WITH $prefix RETURN a.id, b.id{more}"


@cache
def count_nodes(node: Node) -> str:
    """How many nodes of a project (empty prefix: all)."""
    return f"MATCH (n:`{node.label}`) WHERE n.id STARTS WITH $prefix RETURN count(*)"


@cache
def count_rels(rel: Rel) -> str:
    """How many relationships of a project."""
    return (
        f"MATCH (a:`{rel.source}`)-[r:`{rel.type}`]->(:`{rel.target}`) WHERE a.id STARTS WITH $prefix RETURN count(*)"
    )


FILES_OVERVIEW: Final = (
    "MATCH (f:`File`) WHERE f.id STARTS WITH $prefix RETURN f.dialect, f.status, f.diagnostics, f.statements"
)
FILES_WITH_STATUS: Final = (
    "MATCH (f:`File`) WHERE f.id STARTS WITH $prefix AND f.status = $status RETURN f.project, f.path, f.diagnostics"
)


def ladybug_schema() -> list[str]:
    """CREATE TABLE statements of the embedded store."""
    statements = [
        f"CREATE NODE TABLE IF NOT EXISTS `{META}`(id STRING, epoch INT64, digest STRING, schema_version INT64, PRIMARY KEY(id))"
    ]
    for node in NODES:
        columns = ", ".join(f"`{p.name}` {p.type}" for p in node.props)
        statements.append(f"CREATE NODE TABLE IF NOT EXISTS `{node.label}`(id STRING, {columns}, PRIMARY KEY(id))")
    for rel in (*RELS, HAS_COLUMN):
        columns = "" if rel is HAS_COLUMN else ", `file` STRING"
        columns += "".join(f", `{p.name}` {p.type}" for p in rel.props)
        statements.append(
            f"CREATE REL TABLE IF NOT EXISTS `{rel.type}`(FROM `{rel.source}` TO `{rel.target}`{columns})"
        )
    return statements


def neo4j_schema() -> list[str]:
    """Constraints and indexes of the server store."""
    statements = [
        f"CREATE CONSTRAINT ray_lineage_{label.lower()}_id IF NOT EXISTS FOR (n:`{label}`) REQUIRE n.id IS UNIQUE"
        for label in (META, *(n.label for n in NODES))
    ]
    for label, name in (
        ("Statement", "file"),
        ("Dataset", "table"),
        ("Dataset", "owner"),
        ("Column", "owner"),
        ("File", "project"),
    ):
        statements.append(
            f"CREATE INDEX ray_lineage_{label.lower()}_{name} IF NOT EXISTS FOR (n:`{label}`) ON (n.`{name}`)"
        )
    for rel in RELS:
        statements.append(
            f"CREATE INDEX ray_lineage_{rel.type.lower()}_file IF NOT EXISTS FOR ()-[r:`{rel.type}`]-() ON (r.`file`)"
        )
    return statements
