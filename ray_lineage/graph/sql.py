"""Every piece of SQL of the embedded store, generated from the schema's declarations.

Only names declared in :mod:`.schema` become text; values are always parameters. What is used has to work with SQLite 3.26.

Inside, everything has a number. What belongs to a file lies together: the number of a statement or relationship is the
file's times 2^24 plus its place in the file, so that a file's rows are one range of keys, and need no index. CONTAINS and
HAS_COLUMN follow from that and from ``column.dataset``; ``declared`` from the owner. Texts of which the schema knows all are
stored as their positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from ray_lineage.graph.pack import PACKED
from ray_lineage.graph.schema import CONTAINS, DATASET, FILE, HAS_COLUMN, STATEMENT, Node, Prop, Rel
from ray_lineage.model import STAR

SHIFT: Final = 24
MOST_PLACES: Final = 1 << SHIFT
"""Rows of one type that a file can have."""

_SHARED: Final = ("Dataset", "Column")
_KIND: Final = DATASET.props[5]

_TABLES: Final = {
    "project": "id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL, digest TEXT NOT NULL",
    "total": "project INTEGER NOT NULL, kind TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (project, kind)",
    "file": "id INTEGER PRIMARY KEY, project INTEGER NOT NULL, path TEXT NOT NULL, sha256 TEXT, dialect TEXT, "
    "fingerprint TEXT, status TEXT, diagnostics TEXT, statements INTEGER, origin TEXT, "
    "changed_at TEXT, UNIQUE (path, project)",
    "statement": "id INTEGER PRIMARY KEY, kind TEXT, first_line INTEGER, last_line INTEGER, procedure TEXT, sql TEXT",
    "dataset": "id INTEGER PRIMARY KEY, project INTEGER NOT NULL, name TEXT NOT NULL, catalog TEXT, schema TEXT, "
    '"table" TEXT NOT NULL, folded TEXT NOT NULL, kind INTEGER NOT NULL, description TEXT, namespace TEXT, display TEXT, owner INTEGER',
    "column": "id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, name TEXT NOT NULL, ordinal INTEGER, type TEXT, description TEXT, display TEXT, owner INTEGER",
}
ORIGIN: Final = "CREATE TABLE IF NOT EXISTS origin (project INTEGER PRIMARY KEY, root TEXT NOT NULL, host TEXT NOT NULL, at TEXT NOT NULL)"
"""Earlier versions made files without it."""
HAS_ORIGIN: Final = "SELECT 1 FROM sqlite_master WHERE name = 'origin'"
PROJECTS: Final = "SELECT p.name, {}, coalesce(t.rows, 0) FROM project p LEFT JOIN total t ON t.project = p.id AND t.kind = 'File' {} ORDER BY 1"
_INDEXES: Final = (
    "CREATE UNIQUE INDEX IF NOT EXISTS dataset_by_name ON dataset (name, project)",
    "CREATE INDEX IF NOT EXISTS dataset_by_table ON dataset (folded)",
    "CREATE INDEX IF NOT EXISTS dataset_by_owner ON dataset (owner) WHERE owner IS NOT NULL",
    'CREATE UNIQUE INDEX IF NOT EXISTS column_by_name ON "column" (dataset, name)',
    'CREATE INDEX IF NOT EXISTS column_by_owner ON "column" (owner) WHERE owner IS NOT NULL',
)


def table(kind: str) -> str:
    """Quoted name of a label's or type's table."""
    return f'"{kind.lower()}"'


def tables() -> list[str]:
    """CREATE TABLE and CREATE VIEW statements."""
    ends = "id INTEGER PRIMARY KEY, source INTEGER NOT NULL, target INTEGER NOT NULL"
    rels = {r.type: ends + "".join(f', "{p.name}" {_type(p)}' for p in r.props) for r in PACKED}
    made = [f"CREATE TABLE {table(name)} ({columns})" for name, columns in {**_TABLES, **rels}.items()]
    return [*made, *(f"CREATE VIEW {name} AS {query}" for name, query in _views().items())]


def _type(prop: Prop) -> str:
    return "TEXT" if prop.type == "STRING" and not prop.choices else "INTEGER"


def indexes() -> list[str]:
    """CREATE INDEX statements of what a first load does without: on names, owners and shared ends."""
    ends = [
        f"CREATE INDEX IF NOT EXISTS {rel.type.lower()}_by_{end} ON {table(rel.type)} ({end})"
        for rel in PACKED
        for end, label in (("source", rel.source), ("target", rel.target))
        if label in _SHARED
    ]
    return [*_INDEXES, *ends]


# --------------------------------------------------------------------------- texts of numbers


def _choice(variable: str, prop: Prop) -> str:
    """A property as text."""
    value = f'{variable}."{prop.name}"'
    if not prop.choices:
        return value
    cases = " ".join(f"WHEN {number} THEN '{text}'" for number, text in enumerate(prop.choices))
    return f"CASE {value} {cases} END"


def _listed(variable: str, props: Sequence[Prop]) -> str:
    return ", ".join(f'{variable}."{p.name}"' for p in props)


def _file(variable: str) -> str:
    """The file to which the row of a variable belongs."""
    return f"({variable}.id >> {SHIFT})"


def _of_file(variable: str) -> str:
    """That it belongs to file ``f``, said in both directions, so that either may be looked up from the other."""
    start = f"f.id << {SHIFT}"
    return f"f.id = {_file(variable)} AND {variable}.id BETWEEN {start} AND ({start}) + {MOST_PLACES - 1}"


def _quoted(name: str) -> str:
    """``model.quote_part``."""
    return (
        f"CASE WHEN {name} = '' OR instr({name}, '.') OR instr({name}, '\"') "
        f"THEN '\"' || replace({name}, '\"', '\"\"') || '\"' ELSE {name} END"
    )


def _end(rel: Rel, end: str) -> tuple[str, str]:
    """Id of the node at one end of relationship ``r`` of file ``f``, and the joins that it needs."""
    label = rel.source if end == "source" else rel.target
    match label:
        case "File":
            return ":prefix || f.path", ""
        case "Statement":
            return f":prefix || f.path || '#' || r.{end}", ""
        case "Dataset":
            return f":prefix || {end}_dataset.name", f" JOIN dataset {end}_dataset ON {end}_dataset.id = r.{end}"
        case _:
            joins = (
                f' JOIN "column" {end}_column ON {end}_column.id = r.{end}'
                f" JOIN dataset {end}_dataset ON {end}_dataset.id = {end}_column.dataset"
            )
            return f":prefix || {end}_dataset.name || '.' || {_quoted(f'{end}_column.name')}", joins


_OWNER: Final = "CASE WHEN owner.id IS NULL THEN NULL ELSE :prefix || owner.path END"
_NODE_ROWS: Final = {
    "File": f"SELECT :prefix || n.path, :project, {_listed('n', FILE.props[1:])} FROM file n",
    "Statement": f"SELECT :prefix || f.path || '#' || (n.id - (f.id << {SHIFT})), :prefix || f.path, n.id - (f.id << {SHIFT}), "
    f"{_listed('n', STATEMENT.props[2:])} FROM file f "
    f"CROSS JOIN statement n ON n.id BETWEEN f.id << {SHIFT} AND (f.id << {SHIFT}) + {MOST_PLACES - 1}",
    "Dataset": f'SELECT :prefix || n.name, :project, n.name, n.catalog, n.schema, n."table", {_choice("n", _KIND)}, '
    f"n.owner IS NOT NULL, {_OWNER}, n.description, n.namespace, n.display FROM dataset n LEFT JOIN file owner ON owner.id = n.owner",
    "Column": f"SELECT :prefix || d.name || '.' || {_quoted('n.name')}, :prefix || d.name, n.name, n.ordinal, n.type, "
    f'n.owner IS NOT NULL, {_OWNER}, n.description, n.display FROM dataset d JOIN "column" n ON n.dataset = d.id LEFT JOIN file owner ON owner.id = n.owner',
}
_NODE_PROJECT: Final = {"File": "n", "Statement": "f", "Dataset": "n", "Column": "d"}


@cache
def nodes_of_project(node: Node) -> str:
    """All rows of a node type of project number ``:key``."""
    return f"{_NODE_ROWS[node.label]} WHERE {_NODE_PROJECT[node.label]}.project = :key"


@cache
def nodes_by_key(node: Node) -> str:
    """The rows of the nodes numbered ``:keys``."""
    file = f" AND f.id = n.id >> {SHIFT}" if node is STATEMENT else ""
    return f"{_NODE_ROWS[node.label]} WHERE n.id IN ({_KEYS}){file}"


@cache
def rels_of_project(rel: Rel) -> str:
    """All rows of a relationship type of project number ``:key``: source, target, file, properties."""
    if rel is CONTAINS:
        statement = f":prefix || f.path || '#' || (n.id - (f.id << {SHIFT}))"
        return f"SELECT :prefix || f.path, {statement}, :prefix || f.path FROM file f {_IN_FILE.format('statement n', 'n')}"
    if rel is HAS_COLUMN:
        column = f":prefix || d.name || '.' || {_quoted('n.name')}"
        return f'SELECT :prefix || d.name, {column} FROM dataset d JOIN "column" n ON n.dataset = d.id WHERE d.project = :key'
    (source, joins), (target, more) = _end(rel, "source"), _end(rel, "target")
    props = "".join(f", {_choice('r', p)}" for p in rel.props)
    ends = (joins + more).replace(" JOIN ", " CROSS JOIN ")  # in this order: the planner would begin with the datasets
    found = _IN_FILE.format(f"{table(rel.type)} r", "r").replace(" WHERE", f"{ends} WHERE")
    return f"SELECT {source}, {target}, :prefix || f.path{props} FROM file f {found}"


_IN_FILE: Final = f"CROSS JOIN {{0}} ON {{1}}.id BETWEEN f.id << {SHIFT} AND (f.id << {SHIFT}) + {MOST_PLACES - 1} WHERE f.project = :key"


@cache
def neighbours(rel: Rel, downstream: bool) -> str:
    """Relationships that start (downstream) or end at the nodes numbered ``:keys``, as the fields of ``store.Edge``. FEEDS
    has no line of its own: its statement has."""
    (source, joins), (target, more) = _end(rel, "source"), _end(rel, "target")
    known = {p.name: _choice("r", p) for p in rel.props}
    how = known.get("transformation", known.get("how", "''"))
    line, certainty = known.get("line", "coalesce(s.first_line, 0)"), known.get("certainty", "'certain'")
    stands = "" if "line" in known else f" LEFT JOIN statement s ON s.id = ({_file('r')} << {SHIFT}) + r.statement"
    return (
        f"SELECT {source}, {target}, :prefix || f.path, r.statement, {line}, {how}, {certainty} FROM {table(rel.type)} r "
        f"JOIN file f ON f.id = {_file('r')}{joins}{more}{stands} WHERE r.{_end_of(downstream)} IN ({_KEYS})"
    )


@cache
def edges(rel: Rel, downstream: bool) -> str:
    """The same of any type, from datasets, columns or statements: source, target, file, properties."""
    (source, joins), (target, more) = _end(rel, "source"), _end(rel, "target")
    props = "".join(f", {_choice('r', p)}" for p in rel.props)
    if downstream and rel.source == "Statement":
        file = f"((k.value >> {SHIFT}) << {SHIFT})"
        return (
            f"SELECT {source}, {target}, :prefix || f.path{props} FROM json_each(:keys) k CROSS JOIN {table(rel.type)} r "
            f"ON r.id BETWEEN {file} AND {file} + {MOST_PLACES - 1} AND r.source = (k.value & {MOST_PLACES - 1}) "
            f"JOIN file f ON f.id = {_file('r')}{joins}{more}"
        )
    return (
        f"SELECT {source}, {target}, :prefix || f.path{props} FROM {table(rel.type)} r "
        f"JOIN file f ON f.id = {_file('r')}{joins}{more} WHERE r.{_end_of(downstream)} IN ({_KEYS})"
    )


_KEYS: Final = "SELECT value FROM json_each(:keys)"


@cache
def ends(rel: Rel, downstream: bool, *, chosen: bool) -> str:
    """Near and far ends of relationships that start (downstream) or end at nodes (``chosen``: at those numbered ``:keys``), as
    two lists."""
    near, far = ("source", "target") if downstream else ("target", "source")
    return _two_lists(near, far, table(rel.type), near, chosen)


def owners(*, chosen: bool) -> str:
    """Columns (those numbered ``:keys``), and their datasets, as two lists."""
    return _two_lists("id", "dataset", table("Column"), "id", chosen)


def stars(*, chosen: bool) -> str:
    """Datasets (those numbered ``:keys``), and their columns ``*``, as two lists."""
    return _two_lists("dataset", "id", table("Column"), "dataset", chosen, f"name = '{STAR}'")


def _two_lists(first: str, second: str, rows: str, key: str, chosen: bool, where: str = "") -> str:
    conditions = [c for c in (where, f"{key} IN ({_KEYS})" if chosen else "") if c]
    only = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT json_group_array({first}), json_group_array({second}) FROM {rows}{only}"


@cache
def numbered(rel: Rel, downstream: bool, *, chosen: bool) -> str:
    """The same relationships as the fields of ``numbers.NumberedEdge``, in numbers all."""
    near, far = ("source", "target") if downstream else ("target", "source")
    known = {p.name for p in rel.props}
    how = next((f"r.{name}" for name in ("transformation", "how") if name in known), "0")
    certainty = "r.certainty" if "certainty" in known else "0"
    line, statement = "r.line", ""
    if "line" not in known:
        line = "coalesce(s.first_line, 0)"
        statement = f" LEFT JOIN statement s ON s.id = ({_file('r')} << {SHIFT}) + r.statement"
    only = f" WHERE r.{near} IN ({_KEYS})" if chosen else ""
    values = f"r.{near}, r.{far}, {_file('r')}, r.statement, {line}, {how}, {certainty}"
    return f"SELECT {values} FROM {table(rel.type)} r{statement}{only}"


@cache
def named(label: str, *, chosen: bool) -> str:
    """Datasets or columns (those numbered ``:keys``) with their names; columns with their datasets, too."""
    owner = "dataset, " if label == "Column" else ""
    return f"SELECT id, {owner}name, display FROM {table(label)}" + (f" WHERE id IN ({_KEYS})" if chosen else "")


NUMBERS_OF_COLUMNS: Final = 'SELECT id FROM "column" WHERE dataset = :dataset'
DATASET_OF_PROJECT: Final = (
    "SELECT d.id FROM dataset d JOIN project p ON p.id = d.project WHERE d.name = :name AND p.name = :project"
)
COLUMN_OF_DATASET: Final = 'SELECT id FROM "column" WHERE dataset = :dataset AND name = :name'
WRITTEN: Final = "SELECT path, origin FROM file WHERE id = :file"
AMOUNT: Final = "SELECT sum(rows) FROM total WHERE kind = :kind"
"""Of all projects."""


def _end_of(downstream: bool) -> str:
    return "source" if downstream else "target"


NUMBERS: Final = {
    "File": "SELECT id FROM file WHERE project = ? AND path = ?",
    "Statement": f"SELECT (id << {SHIFT}) + ?3 FROM file WHERE project = ?1 AND path = ?2",
    "Dataset": "SELECT id FROM dataset WHERE project = ? AND name = ?",
    "Column": 'SELECT c.id FROM dataset d JOIN "column" c ON c.dataset = d.id WHERE d.project = ? AND d.name = ? AND c.name = ?',
}
"""Number of a node of a project (by its number), if it exists: by path (and ordinal), name, or dataset and name."""


# --------------------------------------------------------------------------- rows of files


@cache
def insert(kind: str) -> str:
    """Add a row by its number."""
    values = ["?"] * len(columns(kind)) + ([_NOW] if kind == "File" else [])
    return f"INSERT INTO {table(kind)} VALUES ({', '.join(values)})"


_NOW: Final = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
"""UTC."""


@cache
def columns(kind: str) -> tuple[str, ...]:
    """Names of a table's columns."""
    known = {
        "File": ("id", *(p.name for p in FILE.props)),
        "Statement": ("id", *(p.name for p in STATEMENT.props[2:])),
        "Dataset": (
            "id",
            "project",
            "name",
            "catalog",
            "schema",
            "table",
            "folded",
            "kind",
            "description",
            "namespace",
            "display",
            "owner",
        ),
        "Column": ("id", "dataset", "name", "ordinal", "type", "description", "display", "owner"),
        **{r.type: ("id", "source", "target", *(p.name for p in r.props)) for r in PACKED},
    }
    return known[kind]


@cache
def rows_between(kind: str) -> str:
    """Rows of a statement's or relationship's table from one number to another: a file's."""
    return f"SELECT * FROM {table(kind)} WHERE id BETWEEN ? AND ?"


def last(kind: str) -> str:
    """The highest number in a table; null if it is empty."""
    return f"SELECT max(id) FROM {table(kind)}"


@cache
def delete(kind: str) -> str:
    """Delete a row by its number."""
    return f"DELETE FROM {table(kind)} WHERE id = ?"


DESCRIBED: Final = {
    "Dataset": "SELECT id, kind, description, namespace, display FROM dataset WHERE owner = ?",
    "Column": 'SELECT id, ordinal, type, description, display FROM "column" WHERE owner = ?',
}
"""What a file describes, with its description."""
DESCRIBE: Final = {
    "Dataset": "UPDATE dataset SET kind = ?, description = ?, namespace = ?, display = ?, owner = ? WHERE id = ?",
    "Column": 'UPDATE "column" SET ordinal = ?, type = ?, description = ?, display = ?, owner = ? WHERE id = ?',
}
SPELLED: Final = {
    "Dataset": "SELECT display FROM dataset WHERE project = ? AND name = ? AND display IS NOT NULL",
    "Column": "SELECT coalesce(d.display, d.name), coalesce(c.display, c.name) "
    'FROM dataset d JOIN "column" c ON c.dataset = d.id WHERE d.project = ? AND d.name = ? AND c.name = ? '
    "AND (d.display IS NOT NULL OR c.display IS NOT NULL)",
}
"""How a node's name is written, where that differs, of a column with its dataset's. Parameters as of :data:`NUMBERS`."""
FIND_DATASET: Final = "SELECT id FROM dataset WHERE project = ? AND name = ?"
FIND_COLUMN: Final = 'SELECT id FROM "column" WHERE dataset = ? AND name = ?'
FIND_FILE: Final = "SELECT id FROM file WHERE project = ? AND path = ?"
_OF_FILE: Final = {p.name: f"?{n}" for n, p in enumerate(FILE.props[2:], 1)}  # all but project and path
UPDATE_FILE: Final = (
    f"UPDATE file SET {', '.join(f'{name} = {value}' for name, value in _OF_FILE.items())}, changed_at = "
    f"CASE WHEN {' AND '.join(f'{name} IS {value}' for name, value in _OF_FILE.items())} THEN changed_at ELSE {_NOW} END "
    f"WHERE id = ?{len(_OF_FILE) + 1}"
)
_OF_PROJECT: Final = "(:project IS NULL OR p.name = :project)"
_DATASETS: Final = "FROM dataset d JOIN project p ON p.id = d.project WHERE"
DATASETS_BY_TABLE: Final = (
    f"SELECT p.name || ':' || d.name, d.name {_DATASETS} d.folded = :table AND {_OF_PROJECT} ORDER BY 1"
)
DATASETS_LIKE: Final = (
    f"SELECT d.name {_DATASETS} instr(fold(d.name), :part) AND {_OF_PROJECT} ORDER BY p.name, d.name LIMIT 200"
)
_ALL_IN: Final = "NOT EXISTS (SELECT 1 FROM json_each(:words) w WHERE NOT instr({}, w.value))"
FIND_NAMES: Final = (
    f"SELECT p.name, d.name, NULL {_DATASETS} {_ALL_IN.format('fold(d.name)')} AND {_OF_PROJECT} UNION ALL "
    "SELECT project, dataset, name FROM (SELECT p.name AS project, d.name AS dataset, c.name, fold(d.name) AS owner, "
    "fold(d.name || '.' || c.name) AS whole FROM dataset d JOIN project p ON p.id = d.project "
    f'JOIN "column" c ON c.dataset = d.id WHERE {_OF_PROJECT}) '
    f"WHERE {_ALL_IN.format('whole')} AND NOT ({_ALL_IN.format('owner')}) LIMIT :most"
)
"""Datasets whose name holds all words; columns that do so with theirs, and by their own part."""
LAST_PARTS: Final = (
    f'SELECT d."table" {_DATASETS} {_OF_PROJECT} UNION SELECT c.name FROM "column" c JOIN dataset d ON d.id = c.dataset '
    f"JOIN project p ON p.id = d.project WHERE {_OF_PROJECT} ORDER BY 1"
)
STATEMENTS_IN: Final = (
    f"SELECT p.name || ':' || f.path || '#' || (s.id & {MOST_PLACES - 1}) FROM statement s "
    f"JOIN file f ON f.id = s.id >> {SHIFT} JOIN project p ON p.id = f.project "
    f"WHERE s.procedure = :procedure AND p.name = :project"
)
_NO_FLOW: Final = (
    "NOT EXISTS (SELECT 1 FROM flows_to r WHERE r.source = {0}.id) AND "
    "NOT EXISTS (SELECT 1 FROM influences r WHERE r.source = {0}.id)"
)
UNREAD: Final = (
    f"SELECT p.name, d.name, NULL, {_choice('d', _KIND)}, f.path FROM dataset d JOIN project p ON p.id = d.project "
    f"JOIN file f ON f.id = d.owner WHERE {_OF_PROJECT} AND NOT EXISTS (SELECT 1 FROM feeds r WHERE r.source = d.id) "
    "AND NOT EXISTS (SELECT 1 FROM reads r WHERE r.target = d.id) "
    f'AND NOT EXISTS (SELECT 1 FROM "column" c WHERE c.dataset = d.id AND NOT ({_NO_FLOW.format("c")})) UNION ALL '
    f"SELECT p.name, d.name, c.name, {_choice('d', _KIND)}, f.path FROM dataset d JOIN project p ON p.id = d.project "
    f'JOIN "column" c ON c.dataset = d.id JOIN file f ON f.id = c.owner WHERE {_OF_PROJECT} AND {_NO_FLOW.format("c")} '
    f"AND NOT EXISTS (SELECT 1 FROM \"column\" x WHERE x.dataset = d.id AND x.name = '{STAR}' AND NOT ({_NO_FLOW.format('x')}))"
)
"""What is described, and no statement reads: datasets, then columns. A column that is read as one of all is read."""
DATASET_NAMES: Final = f"SELECT d.name {_DATASETS} {_OF_PROJECT} ORDER BY p.name, d.name"
COLUMNS_OF: Final = 'SELECT name, ordinal, type, owner IS NOT NULL FROM "column" WHERE dataset = ?'
FILES: Final = "SELECT {} FROM file f JOIN project p ON p.id = f.project WHERE " + _OF_PROJECT
ADD_TO_TOTAL: Final = "UPDATE total SET rows = rows + ? WHERE project = ? AND kind = ?"
TOTALS: Final = (
    f"SELECT kind, sum(rows) FROM total t JOIN project p ON p.id = t.project WHERE {_OF_PROJECT} GROUP BY kind"
)


@cache
def orphan(label: str) -> str:
    """Is shared node number ``?1`` needed by nothing? Then one row: of a column its dataset, of a dataset itself."""
    needed = [
        f"SELECT 1 FROM {table(rel.type)} WHERE {end} = n.id"
        for rel in PACKED
        for end, at in (("source", rel.source), ("target", rel.target))
        if at == label
    ]
    if label == "Dataset":
        needed.append('SELECT 1 FROM "column" WHERE dataset = n.id')
    nothing = "".join(f" AND NOT EXISTS ({n})" for n in needed)
    found = "n.dataset" if label == "Column" else "n.id"
    return f"SELECT {found} FROM {table(label)} n WHERE n.id = ?1 AND n.owner IS NULL{nothing}"


def delete_project() -> list[str]:
    """Statements that delete all of project number ``:key``."""
    files = "(SELECT id FROM file WHERE project = :key)"
    owned = [f"DELETE FROM {table(k)} WHERE id >> {SHIFT} IN {files}" for k in ("Statement", *(r.type for r in PACKED))]
    return [
        *owned,
        'DELETE FROM "column" WHERE dataset IN (SELECT id FROM dataset WHERE project = :key)',
        *(f"DELETE FROM {name} WHERE project = :key" for name in ("dataset", "file", "total", "origin")),
        "DELETE FROM project WHERE id = :key",
    ]


RENAME: Final = (
    "UPDATE file SET fingerprint = '' WHERE project = (SELECT id FROM project WHERE name = :old)",
    "UPDATE project SET name = :new, epoch = epoch + 1, digest = '' WHERE name = :old",
)


# --------------------------------------------------------------------------- views for people


def _views() -> dict[str, str]:
    """The documented views: what is stored, in words."""
    flows = {p.name: _choice("r", p) for r in PACKED if r.type == "FLOWS_TO" for p in r.props}
    influences = {p.name: _choice("r", p) for r in PACKED if r.type == "INFLUENCES" for p in r.props}
    return {
        "files": "SELECT p.name AS project, f.path, f.dialect, f.status, f.statements, f.sha256, f.diagnostics, f.origin, f.changed_at "
        "FROM file f JOIN project p ON p.id = f.project",
        "datasets": f'SELECT p.name AS project, d.name, d.catalog, d.schema, d."table", {_choice("d", _KIND)} AS kind, '
        "d.owner IS NOT NULL AS declared, f.path AS file, d.description, d.namespace, coalesce(d.display, d.name) AS display "
        "FROM dataset d JOIN project p ON p.id = d.project LEFT JOIN file f ON f.id = d.owner",
        "columns": "SELECT p.name AS project, d.name AS dataset, c.name, c.ordinal, c.type, c.owner IS NOT NULL AS declared, "
        'f.path AS file, c.description, coalesce(c.display, c.name) AS display FROM "column" c JOIN dataset d ON d.id = c.dataset JOIN project p ON p.id = d.project '
        "LEFT JOIN file f ON f.id = c.owner",
        "statements": f"SELECT p.name AS project, f.path AS file, s.id & {MOST_PLACES - 1} AS ordinal, s.kind, s.first_line, "
        f"s.last_line, s.procedure, s.sql FROM statement s JOIN file f ON {_of_file('s')} JOIN project p ON p.id = f.project",
        "diagnostics": "SELECT p.name AS project, f.path AS file, json_extract(j.value, '$[0]') AS code, "
        "json_extract(j.value, '$[1]') AS severity, json_extract(j.value, '$[2]') AS message, "
        "json_extract(j.value, '$[3]') AS line, json_extract(j.value, '$[4]') AS \"column\" "
        "FROM file f JOIN project p ON p.id = f.project JOIN json_each(f.diagnostics) j",
        "column_lineage": "SELECT p.name AS project, sd.name AS source_dataset, sc.name AS source_column, "
        "td.name AS target_dataset, tc.name AS target_column, "
        f"{flows['transformation']} AS transformation, {flows['certainty']} AS certainty, r.expression, f.path AS file, "
        f'r.statement, r.line FROM flows_to r JOIN "column" sc ON sc.id = r.source JOIN dataset sd ON sd.id = sc.dataset '
        f'JOIN "column" tc ON tc.id = r.target JOIN dataset td ON td.id = tc.dataset JOIN file f ON {_of_file("r")} '
        "JOIN project p ON p.id = f.project",
        "table_lineage": "SELECT p.name AS project, s.name AS source, t.name AS target, f.path AS file, r.statement "
        f"FROM feeds r JOIN dataset s ON s.id = r.source JOIN dataset t ON t.id = r.target JOIN file f ON {_of_file('r')} "
        "JOIN project p ON p.id = f.project",
        "table_access": " UNION ALL ".join(
            f"SELECT p.name AS project, d.name AS dataset, '{access}' AS access, f.path AS file, r.source AS statement, s.kind, "
            f"s.first_line AS line, s.procedure FROM {access}s r JOIN dataset d ON d.id = r.target JOIN file f ON {_of_file('r')} "
            f"JOIN statement s ON s.id = (f.id << {SHIFT}) + r.source JOIN project p ON p.id = f.project"
            for access in ("read", "write")
        ),
        "program_calls": "SELECT p.name AS project, s.name AS caller, t.name AS called, f.path AS file, r.line "
        f"FROM calls r JOIN dataset s ON s.id = r.source JOIN dataset t ON t.id = r.target JOIN file f ON {_of_file('r')} "
        "JOIN project p ON p.id = f.project",
        "foreign_keys": 'SELECT p.name AS project, sd.name AS dataset, sc.name AS "column", td.name AS referenced_dataset, '
        "tc.name AS referenced_column, f.path AS file, r.line "
        'FROM "references" r JOIN "column" sc ON sc.id = r.source JOIN dataset sd ON sd.id = sc.dataset '
        f'JOIN "column" tc ON tc.id = r.target JOIN dataset td ON td.id = tc.dataset JOIN file f ON {_of_file("r")} '
        "JOIN project p ON p.id = f.project",
        "row_influences": "SELECT p.name AS project, sd.name AS source_dataset, sc.name AS source_column, t.name AS target, "
        f'{influences["how"]} AS how, f.path AS file, r.statement, r.line FROM influences r JOIN "column" sc ON sc.id = r.source '
        f"JOIN dataset sd ON sd.id = sc.dataset JOIN dataset t ON t.id = r.target JOIN file f ON {_of_file('r')} "
        "JOIN project p ON p.id = f.project",
    }


VIEWS: Final = frozenset(_views())
"""Names of the views that are documented."""
