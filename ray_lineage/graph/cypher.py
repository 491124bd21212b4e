"""Every piece of Cypher, generated from the schema's declarations.

The only place where query text is put together, and only from names declared in :mod:`.schema`: values are always
parameters.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from ray_lineage.graph.schema import COLUMN, DATASET, HAS_COLUMN, NODES, RELS, Node, Prop, Rel
from ray_lineage.model import SYSTEM_PARTS, SYSTEM_SCHEMAS, SYSTEM_TABLES

SHARED: Final = (DATASET, COLUMN)
"""Node types that outlive a file's contribution."""

META: Final = "RayLineage"
"""Label of the one node a project has for its epoch, digest and schema version."""


def _properties(variable: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{variable}.`{c}` = r.`{c}`" for c in columns)


def _columns(variable: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{variable}.`{c}`" for c in columns)


def _row(rel: Rel) -> str:
    return ", ".join(("a.id", "b.id", "r.`file`", *(f"r.`{p.name}`" for p in rel.props)))


@cache
def set_nodes(node: Node) -> str:
    """MERGE rows of a node type and set all their properties."""
    return f"UNWIND $rows AS r MERGE (n:`{node.label}` {{id: r.id}}) SET {_properties('n', node.columns[1:])}"


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
    """CREATE relationships between existing nodes."""
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
def stored_all() -> str:
    """All nodes and relationships that belong to ``$files``, by index (Neo4j): label or type, row, element id."""
    parts = [
        f"UNWIND $files AS f MATCH (n:`{n.label}`) WHERE n.`{_FILE_OF.get(n.label, 'owner')}` = f "
        f"RETURN '{n.label}' AS kind, [{_columns('n', n.columns)}] AS row, '' AS handle"
        for n in NODES
    ]
    parts += [
        f"UNWIND $files AS f MATCH (a:`{r.source}`)-[r:`{r.type}`]->(b:`{r.target}`) WHERE r.`file` = f "
        f"RETURN '{r.type}' AS kind, [{_row(r)}] AS row, elementId(r) AS handle"
        for r in RELS
    ]
    return " UNION ALL ".join(parts)


_FILE_OF: Final = {"File": "id", "Statement": "file"}  # property that names a node's file; a shared node's is its owner


DELETE_BY_HANDLE: Final = "UNWIND $ids AS i MATCH ()-[r]->() WHERE elementId(r) = i DELETE r"
"""Delete relationships by their element ids (Neo4j)."""


@cache
def delete_nodes_by_key(label: str) -> str:
    """Delete nodes by id, each found by its key."""
    return f"UNWIND $ids AS i MATCH (n:`{label}` {{id: i}}) DETACH DELETE n"


@cache
def reset_nodes(node: Node) -> str:
    """Back to the properties of an undescribed node; identifying ones stay."""
    changed = [p for p in node.props if p.name in ("kind", "declared", "ordinal", "type", "owner")]
    sets = ", ".join(f"n.`{p.name}` = {_default(p)}" for p in changed)
    return f"UNWIND $ids AS i MATCH (n:`{node.label}` {{id: i}}) SET {sets}"


def _default(prop: Prop) -> str:
    if prop.name == "kind":
        return f"CASE WHEN {is_system('n')} THEN 'System' ELSE 'Table' END"
    return _literal(prop.default)


def is_system(variable: str) -> str:
    """``model.default_kind`` as a condition."""
    n = variable
    parts = " OR ".join(f"({n}.`catalog` = '{c}' AND {n}.`schema` = '{s}')" for c, s in SYSTEM_PARTS)
    return (
        f"(coalesce({n}.`schema` IN {list(SYSTEM_SCHEMAS)}, false) OR coalesce({parts}, false) "
        f"OR ({n}.`table` IN {list(SYSTEM_TABLES)} AND coalesce({n}.`schema`, 'dbo') = 'dbo'))"
    )


def _literal(value: str | int | bool | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}'" if isinstance(value, str) else str(value)


@cache
def orphans(node: Node) -> str:
    """Which of some shared nodes nothing needs any more: their ids, and of columns the datasets."""
    label = node.label
    needed = "".join(
        f" AND NOT EXISTS {{ MATCH {question} }}"
        for question in (
            *(f"(n)<-[:`{r.type}`]-()" for r in RELS if r.target == label),
            *(f"(n)-[:`{r.type}`]->()" for r in (*RELS, HAS_COLUMN) if r.source == label),
        )
    )
    found = "n.id, n.dataset" if node is COLUMN else "n.id"
    return f"UNWIND $ids AS i MATCH (n:`{label}` {{id: i}}) WHERE n.owner IS NULL{needed} RETURN {found}"


@cache
def delete_nodes(label: str) -> str:
    """Delete nodes by id."""
    return f"MATCH (n:`{label}`) WHERE n.id IN $ids DETACH DELETE n"


FENCE: Final = f"MATCH (m:`{META}` {{id: $id}}) SET m.digest = '' WITH m RETURN m.epoch"
"""In every writing transaction: unsettles the project, locks out other writers (Neo4j) and says what the epoch is."""

METAS: Final = f"MATCH (m:`{META}`) RETURN m.id, m.epoch, m.digest, m.schema_version"
NEXT_EPOCH: Final = (
    f"MERGE (m:`{META}` {{id: $id}}) ON CREATE SET m.epoch = 0, m.digest = '' SET m.schema_version = $version "
    "WITH m SET m.epoch = m.epoch + 1 RETURN m.epoch"
)
"""What is read after a write, and so under its lock, is what nobody else gets: two at once have two epochs."""

SET_DIGEST: Final = f"MATCH (m:`{META}` {{id: $id}}) SET m.digest = $digest"
"""After :data:`FENCE`, in one transaction with it."""

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
