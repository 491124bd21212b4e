"""Every piece of Cypher, generated from the schema's declarations.

The only place where query text is put together, and only from names declared in :mod:`.schema`: values are always
parameters. Those of large statements are columns (a list for each property) in one map, ``$p``: the server plans anew for
lists of other lengths and types, and that takes it longer than the rest, but a map is a map.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from ray_lineage.graph.schema import COLUMN, DATASET, FILE, HAS_COLUMN, NODES, RELS, STATEMENT, Node, Rel
from ray_lineage.model import DATASET_KINDS, STAR

SHARED: Final = (DATASET, COLUMN)
"""Node types that outlive a file's contribution."""

META: Final = "RayLineage"
"""Label of the one node a project has for its epoch, digest and schema version."""


def _columns(variable: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{variable}.`{c}`" for c in columns)


def _row(rel: Rel) -> str:
    return ", ".join(("a.id", "b.id", "r.`file`", *(f"r.`{p.name}`" for p in rel.props)))


_PLANNED_ONCE: Final = "CYPHER replan=skip"
"""The server would plan a large statement anew whenever the graph has grown, which takes it a second or more. Only for
statements that are planned alike, by index, in an empty graph and in a full one (a test looks)."""


@cache
def stored_all() -> str:
    """All nodes and relationships that belong to ``$files``, by index (Neo4j): label or type, row, element id."""
    parts = [_stored_nodes(n, _FILE_OF.get(n.label, "owner")) for n in NODES] + [_stored_rels(r) for r in RELS]
    return " UNION ALL ".join(parts)


def _stored_nodes(node: Node, file: str) -> str:
    found = f"MATCH (n:`{node.label}`) USING INDEX n:`{node.label}`(`{file}`) WHERE n.`{file}` = f"
    return f"UNWIND $files AS f {found} RETURN '{node.label}' AS kind, [{_columns('n', node.columns)}] AS row, '' AS handle"


def _stored_rels(rel: Rel) -> str:
    found = f"MATCH (a:`{rel.source}`)-[r:`{rel.type}`]->(b:`{rel.target}`) USING INDEX r:`{rel.type}`(`file`)"
    return f"UNWIND $files AS f {found} WHERE r.`file` = f RETURN '{rel.type}' AS kind, [{_row(rel)}] AS row, elementId(r) AS handle"


_FILE_OF: Final = {"File": "id", "Statement": "file"}  # property that names a node's file; a shared node's is its owner


@cache
def fill_nodes(node: Node, kind: str = "") -> str:
    """CREATE nodes from parameters that are columns (Neo4j): a first load. A kind is a second label."""
    pairs = ", ".join([*(f"`{c}`: $p.`{c}`[i]" for c in node.columns), *(f"`{c}`: {v}" for c, v in _beside(node))])
    labels = f"`{node.label}`:`{kind}`" if kind else f"`{node.label}`"
    return f"{_each('id')} CREATE (:{labels} {{{pairs}}})"


@cache
def fill_rels(rel: Rel) -> str:
    """The same for relationships between nodes that are there."""
    columns = rel.columns[2:] if rel is HAS_COLUMN else ("file", *rel.columns[2:])
    pairs = ", ".join(f"`{c}`: $p.`{c}`[i]" for c in columns)
    body = f" {{{pairs}}}" if pairs else ""
    return (
        f"{_each('source')} MATCH (a:`{rel.source}` {{id: $p.source[i]}}) MATCH (b:`{rel.target}` {{id: $p.target[i]}}) "
        f"CREATE (a)-[:`{rel.type}`{body}]->(b)"
    )


def _each(column: str) -> str:
    return f"UNWIND range(0, size($p.{column}) - 1) AS i"


_ALL_KINDS: Final = ":".join(f"`{k}`" for k in DATASET_KINDS)


@cache
def describe_datasets(kind: str) -> str:
    """A file describes datasets that were only mentioned so far."""
    sets = f"SET n:`{kind}`, n.kind = '{kind}', n.declared = true, n.owner = $p.owner[i], "
    sets += "n.description = $p.description[i], n.namespace = $p.namespace[i], n.display = $p.display[i]"
    return f"{_each('id')} MATCH (n:`Dataset` {{id: $p.id[i]}}) REMOVE n:{_ALL_KINDS} {sets}"


DESCRIBE_COLUMNS: Final = (
    f"{_each('id')} MATCH (n:`Column` {{id: $p.id[i]}}) "
    "SET n.ordinal = $p.ordinal[i], n.type = $p.type[i], n.declared = $p.declared[i], n.owner = $p.owner[i], "
    "n.description = $p.description[i], n.display = $p.display[i]"
)

LANE: Final = "RayLineageLane"
"""Label of nodes that a first load has while it lasts, one for each sequence of its transactions. Each transaction begins by
noting its number there: whoever repeats it, because nobody knows whether it was committed, waits for it and sees."""

BEGIN_LANES: Final = f"UNWIND $ids AS i MERGE (l:`{LANE}` {{id: i}}) SET l.done = 0"
IN_LANE: Final = (
    f"MATCH (l:`{LANE}` {{id: $id}}) SET l.asked = $number WITH l, l.done AS done SET l.done = $number RETURN done"
)
"""Returns the number of the last transaction that was committed; nothing if the load was ended by another run."""

END_LANES: Final = f"MATCH (l:`{LANE}`) WHERE l.id IN $ids DELETE l"


@cache
def empty_rels(rel: Rel) -> str:
    """Delete at most ``$most`` relationships of a project and say how many they were (Neo4j)."""
    return (
        f"MATCH ()-[r:`{rel.type}`]->() WHERE r.`file` STARTS WITH $prefix WITH r LIMIT $most DELETE r RETURN count(*)"
    )


@cache
def empty_nodes(node: Node) -> str:
    """The same for nodes."""
    return f"MATCH (n:`{node.label}`) WHERE n.id STARTS WITH $prefix WITH n LIMIT $most DETACH DELETE n RETURN count(*)"


@cache
def rename_nodes(node: Node) -> str:
    """Move at most ``$most`` nodes of a project into another one, and say how many they were (Neo4j)."""
    ids = [name for name in node.columns if name in ("id", "file", "dataset", "owner")]
    sets = [f"n.`{name}` = $new + substring(n.`{name}`, size($prefix))" for name in ids]
    known = {*node.columns, *(name for name, _ in _beside(node))}
    sets += [f"n.`{name}` = {value}" for name, value in _RENAMED.items() if name in known]
    found = f"MATCH (n:`{node.label}`) WHERE n.id STARTS WITH $prefix WITH n LIMIT $most"
    return f"{found} SET {', '.join(sets)} RETURN count(*)"


_RENAMED: Final = {"project": "$name", "fingerprint": "''"}


@cache
def rename_rels(rel: Rel) -> str:
    """The same for relationships."""
    found = f"MATCH ()-[r:`{rel.type}`]->() WHERE r.`file` STARTS WITH $prefix WITH r LIMIT $most"
    return f"{found} SET r.`file` = $new + substring(r.`file`, size($prefix)) RETURN count(*)"


@cache
def read_for_change() -> str:
    """Unsettles the project and locks out other writers; then its epoch (kind :data:`META`), and what is stored of
    ``$files``, as label or type, row and handle: one round trip before a change (Neo4j)."""
    fence = f"MATCH (m:`{META}` {{id: $id}}) SET m.digest = '' RETURN '{META}' AS kind, [m.epoch] AS row, '' AS handle"
    return f"{_PLANNED_ONCE} {fence} UNION ALL {stored_all()}"


SET_BY_HANDLE: Final = f"{_each('handle')} MATCH ()-[r]->() WHERE elementId(r) = $p.handle[i] SET r += $p.properties[i]"
"""Give relationships other properties of ours by their element ids; those of others stay."""

DELETE_BY_HANDLE: Final = f"{_each('handle')} MATCH ()-[r]->() WHERE elementId(r) = $p.handle[i] DELETE r"
"""Delete relationships by their element ids. Not part of :func:`change`: planned in an empty graph, it scans."""


@cache
def change() -> str:
    """What most differences consist of, in one statement (Neo4j): one round trip, and one plan that the server keeps. The
    parameters are lists of ids, and columns whose names begin with the part's."""
    parts = [
        "UNWIND $p.gone AS g MATCH (n:`Statement` {id: g}) DETACH DELETE n",
        _set(FILE, "file_"),
        f"{_each('new_id')} CREATE (n:`Statement`) SET {_given(STATEMENT, 'new_', 0)}",
        _set(STATEMENT, "changed_"),
        *(_add(r) for r in RELS),
    ]
    return " ".join((_PLANNED_ONCE, *(f"CALL {{ {part} }}" for part in parts)))


def _given(node: Node, part: str = "", first: int = 1) -> str:
    pairs = [f"n.`{c}` = $p.`{part}{c}`[i]" for c in node.columns[first:]]
    return ", ".join(pairs + [f"n.`{c}` = {value}" for c, value in _beside(node)])


def _beside(node: Node) -> tuple[tuple[str, str], ...]:
    """What people ask for besides a row: see :mod:`.schema`."""
    return _BESIDE.get(node.label, ())


_BESIDE: Final = {"File": (("changed_at", "datetime()"),), "Column": (("project", "$project"),)}


def _set(node: Node, part: str = "") -> str:
    merge = f"MERGE (n:`{node.label}` {{id: $p.{part}id[i]}})"
    return f"{_each(f'{part}id')} {merge} SET {_given(node, part)}"


def _add(rel: Rel) -> str:
    part = f"{rel.type}_"
    pairs = ", ".join(f"`{c}`: $p.`{part}{c}`[i]" for c in ("file", *rel.columns[2:]))
    return (
        f"{_each(f'{part}source')} MATCH (a:`{rel.source}` {{id: $p.{part}source[i]}}) "
        f"MATCH (b:`{rel.target}` {{id: $p.{part}target[i]}}) CREATE (a)-[:`{rel.type}` {{{pairs}}}]->(b)"
    )


@cache
def mention_nodes(node: Node, kind: str = "") -> str:
    """MERGE shared nodes (datasets of one kind), giving their properties only to new ones."""
    merge = f"MERGE (n:`{node.label}` {{id: $p.id[i]}}) ON CREATE SET {_given(node)}"
    if node is DATASET:
        return f"{_each('id')} {merge}, n:`{kind}`"
    return f"{_each('id')} MATCH (d:`Dataset` {{id: $p.dataset[i]}}) {merge} MERGE (d)-[:`{HAS_COLUMN.type}`]->(n)"


@cache
def set_nodes(node: Node, kind: str = "") -> str:
    """MERGE nodes (datasets of one kind) and set all their properties."""
    return f"{_set(node)} REMOVE n:{_ALL_KINDS} SET n:`{kind}`" if kind else _set(node)


@cache
def reset_datasets(kind: str) -> str:
    """Back to the properties of undescribed ones, which are of a kind by their names."""
    sets = f"SET n:`{kind}`, n.kind = '{kind}', n.declared = false, n.owner = NULL, "
    sets += "n.description = NULL, n.namespace = NULL, n.display = NULL"
    return f"{_each('id')} MATCH (n:`Dataset` {{id: $p.id[i]}}) REMOVE n:{_ALL_KINDS} {sets}"


RESET_COLUMNS: Final = (
    f"{_each('id')} MATCH (n:`Column` {{id: $p.id[i]}}) "
    "SET n.ordinal = NULL, n.type = NULL, n.declared = false, n.owner = NULL, n.description = NULL, n.display = NULL"
)


@cache
def collect(node: Node) -> str:
    """Delete those of some shared nodes that nothing needs any more; of columns return the datasets."""
    label = node.label
    needed = "".join(
        f" AND NOT EXISTS {{ MATCH {question} }}"
        for question in (
            *(f"(n)<-[:`{r.type}`]-()" for r in RELS if r.target == label),
            *(f"(n)-[:`{r.type}`]->()" for r in (*RELS, HAS_COLUMN) if r.source == label),
        )
    )
    found = f"{_each('id')} MATCH (n:`{label}` {{id: $p.id[i]}}) WHERE n.owner IS NULL{needed}"
    if node is DATASET:
        return f"{found} DETACH DELETE n"
    return f"{found} WITH n, n.dataset AS dataset DETACH DELETE n RETURN DISTINCT dataset"


@cache
def delete_nodes_by_key(label: str) -> str:
    """Delete nodes by id, each found by its key."""
    return f"{_each('id')} MATCH (n:`{label}` {{id: $p.id[i]}}) DETACH DELETE n"


FENCE: Final = f"MATCH (m:`{META}` {{id: $id}}) SET m.digest = '' WITH m RETURN m.epoch"
"""In every writing transaction: unsettles the project, locks out other writers (Neo4j) and says what the epoch is."""

NEXT_EPOCH: Final = (
    f"MERGE (m:`{META}` {{id: $id}}) ON CREATE SET m.epoch = 0, m.digest = '', m.schema_version = $version "
    "WITH m SET m.epoch = m.epoch + 1 RETURN m.epoch, m.schema_version"
)
"""What is read after a write, and so under its lock, is what nobody else gets: two at once have two epochs."""

LOOK: Final = f"MATCH (m:`{META}` {{id: $id}}) RETURN m.epoch, COUNT {{ MATCH (f:`File`) WHERE f.project = $id }}"
"""The epoch, and how many files there are."""

SET_VERSION: Final = f"MATCH (m:`{META}` {{id: $id}}) SET m.schema_version = $version"
SET_DIGEST: Final = f"MATCH (m:`{META}` {{id: $id}}) SET m.digest = $digest"
SET_ORIGIN: Final = f"MATCH (m:`{META}` {{id: $id}}) SET m.root = $root, m.host = $host, m.ingested_at = $at"
"""These three after :data:`FENCE`, in one transaction with it."""

PROJECTS: Final = (
    f"MATCH (m:`{META}`) RETURN m.id, coalesce(m.root, ''), coalesce(m.host, ''), coalesce(m.ingested_at, ''), "
    "COUNT { MATCH (f:`File`) WHERE f.project = m.id } ORDER BY m.id"
)
BEGIN_RENAME: Final = (
    f"MATCH (m:`{META}` {{id: $id}}) SET m.digest = '', m.schema_version = $version, m.epoch = m.epoch + 1 "
    f"MERGE (n:`{META}` {{id: $new}}) ON CREATE SET n = m {{.*, id: $new}} RETURN m.epoch"
)
"""Whoever finds either of the two as it is now, takes out what is there and begins anew."""
END_RENAME: Final = (
    f"MATCH (n:`{META}` {{id: $new}}) SET n.schema_version = $version WITH n MATCH (m:`{META}` {{id: $id}}) DELETE m"
)

FILE_STATES: Final = "MATCH (f:`File`) WHERE f.project = $project RETURN f.path, f.sha256, f.fingerprint, f.status"
FIND_DATASETS: Final = "MATCH (d:`Dataset`) WHERE d.`table` = $last RETURN d.id, d.name, d.project ORDER BY d.id"
DATASETS_LIKE: Final = (
    "MATCH (d:`Dataset`) WHERE toLower(d.name) CONTAINS $part RETURN d.id, d.name, d.project ORDER BY d.id LIMIT 200"
)
DATASET_NAMES: Final = "MATCH (d:`Dataset`) RETURN d.name, d.project ORDER BY d.id"
_WHOLE: Final = "d.name + '.' + c.name"
_ALL_IN: Final = "all(w IN $words WHERE toLower({}) CONTAINS w)"
FIND_DATASET_NAMES: Final = (
    f"MATCH (d:`Dataset`) WHERE {_ALL_IN.format('d.name')} AND ($project IS NULL OR d.project = $project) "
    "RETURN d.project, d.name, NULL ORDER BY d.id LIMIT $most"
)
FIND_COLUMN_NAMES: Final = (
    f"MATCH (d:`Dataset`)-[:`HAS_COLUMN`]->(c:`Column`) WHERE ($project IS NULL OR d.project = $project) "
    f"AND {_ALL_IN.format(_WHOLE)} AND NOT {_ALL_IN.format('d.name')} "
    "RETURN d.project, d.name, c.name ORDER BY c.id LIMIT $most"
)
LAST_PARTS: Final = (
    "MATCH (d:`Dataset`) WHERE $project IS NULL OR d.project = $project RETURN d.`table` AS part UNION "
    "MATCH (d:`Dataset`)-[:`HAS_COLUMN`]->(c:`Column`) WHERE $project IS NULL OR d.project = $project RETURN c.name AS part"
)
STATEMENTS_IN: Final = (
    "MATCH (s:`Statement`) WHERE s.procedure = $procedure AND s.id STARTS WITH $prefix RETURN s.id ORDER BY s.id"
)
_NO_FLOW: Final = "NOT EXISTS {{ MATCH ({0})-[:`FLOWS_TO`|`INFLUENCES`]->() }}"
UNREAD_DATASETS: Final = (
    "MATCH (d:`Dataset`) WHERE d.owner IS NOT NULL AND ($project IS NULL OR d.project = $project) "
    "AND NOT EXISTS { MATCH (d)-[:`FEEDS`]->() } AND NOT EXISTS { MATCH (d)<-[:`READS`]-() } "
    "AND NOT EXISTS { MATCH (d)-[:`HAS_COLUMN`]->()-[:`FLOWS_TO`|`INFLUENCES`]->() } "
    "RETURN d.project, d.name, NULL, d.kind, d.owner"
)
UNREAD_COLUMNS: Final = (
    "MATCH (d:`Dataset`)-[:`HAS_COLUMN`]->(c:`Column`) WHERE c.owner IS NOT NULL AND ($project IS NULL OR d.project = $project) "
    f"AND {_NO_FLOW.format('c')} AND NOT EXISTS {{ MATCH (d)-[:`HAS_COLUMN`]->(x:`Column` {{name: '{STAR}'}})"
    "-[:`FLOWS_TO`|`INFLUENCES`]->() } RETURN d.project, d.name, c.name, d.kind, c.owner"
)
SPELLED: Final = {
    "Dataset": "MATCH (d:`Dataset`) WHERE d.id IN $ids AND d.display IS NOT NULL RETURN d.id, d.project, d.display",
    "Column": "MATCH (c:`Column`) WHERE c.id IN $ids MATCH (d:`Dataset` {id: c.dataset}) "
    "WHERE c.display IS NOT NULL OR d.display IS NOT NULL "
    "RETURN c.id, d.project, coalesce(d.display, d.name), coalesce(c.display, c.name)",
}
"""Id and project of a node, and how its name is written, where that differs; of a column with its dataset's."""
COLUMNS_OF: Final = "MATCH (d:`Dataset` {id: $dataset})-[:`HAS_COLUMN`]->(c:`Column`) RETURN c.id, c.name, c.ordinal, c.type, c.declared"


@cache
def neighbours(rel: Rel, downstream: bool) -> str:
    """Relationships of one type that start (downstream) or end at given nodes, with their properties."""
    end = "a" if downstream else "b"
    names = [p.name for p in rel.props]

    def prop(name: str) -> str:
        return f"r.`{name}`" if name in names else "NULL"

    how = prop("transformation") if "transformation" in names else prop("how")
    # FEEDS has no line of its own: its statement has
    stands = "" if "line" in names else " OPTIONAL MATCH (s:`Statement` {id: r.file + '#' + toString(r.statement)})"
    line = prop("line") if "line" in names else "s.first_line"
    return (
        f"MATCH (a:`{rel.source}`)-[r:`{rel.type}`]->(b:`{rel.target}`) WHERE {end}.id IN $ids{stands} "
        f"RETURN a.id AS source, b.id AS target, r.file AS file, {prop('statement')} AS statement, "
        f"{line} AS line, {how} AS how, {prop('certainty')} AS certainty"
    )


@cache
def edges(rel: Rel, downstream: bool) -> str:
    """Relationships of any type that start (downstream) or end at given nodes, as rows of a dump."""
    end = "a" if downstream else "b"
    return f"MATCH (a:`{rel.source}`)-[r:`{rel.type}`]->(b:`{rel.target}`) WHERE {end}.id IN $ids RETURN {_row(rel)}"


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
    "MATCH (f:`File`) WHERE f.id STARTS WITH $prefix RETURN f.dialect, f.status, f.diagnostics, f.statements, f.path"
)
FILES_WITH_STATUS: Final = (
    "MATCH (f:`File`) WHERE f.id STARTS WITH $prefix AND f.status = $status RETURN f.project, f.path, f.diagnostics"
)


def neo4j_schema() -> dict[str, str]:
    """Constraints and indexes of the server store, by name."""
    out = {}
    for label in (META, LANE, *(n.label for n in NODES)):
        name = f"ray_lineage_{label.lower()}_id"
        out[name] = f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:`{label}`) REQUIRE n.id IS UNIQUE"
    for label, column in _INDEXED:
        name = f"ray_lineage_{label.lower()}_{column}"
        out[name] = f"CREATE INDEX {name} IF NOT EXISTS FOR (n:`{label}`) ON (n.`{column}`)"
    for rel in RELS:
        name = f"ray_lineage_{rel.type.lower()}_file"
        out[name] = f"CREATE INDEX {name} IF NOT EXISTS FOR ()-[r:`{rel.type}`]-() ON (r.`file`)"
    return out


_INDEXED: Final = (
    ("Statement", "file"),
    ("Dataset", "name"),  # these and the next: what people ask for
    ("Dataset", "table"),
    ("Column", "name"),
    ("File", "path"),
    ("Dataset", "owner"),
    ("Column", "owner"),
    ("File", "project"),
)
