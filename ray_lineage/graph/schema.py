"""The graph, declared once: node types, relationship types and their properties.

Both stores, the constraints, the deletes and the documentation are generated from these declarations. A row of a node
type is a tuple in the order of ``Node.columns``; a row of a relationship type is ``(from id, to id, *properties)`` in
the order of ``Rel.columns``.

``File.changed_at`` (when a file's row was last written, by the store's clock) and, on Neo4j, ``Column.project`` are beside them:
no part of a row, so that equal graphs give equal dumps.

Who owns what: a ``Statement`` and every relationship belong to exactly one file. ``Dataset`` and ``Column`` nodes are
shared; they exist as long as some relationship names them, and one file at most (``owner``) describes them.
"""

from typing import Final, Literal, NamedTuple

from ray_lineage.model import CERTAINTIES, DATASET_KINDS, INFLUENCE_KINDS, TRANSFORMATIONS

SCHEMA_VERSION: Final = 7

PropType = Literal["STRING", "INT64", "BOOL"]


class Prop(NamedTuple):
    """One property: its name, type, what an undescribed node has, and the only texts that it may be, where they are known.
    ``identifies``: an edge with another value is another edge."""

    name: str
    type: PropType = "STRING"
    default: str | int | bool | None = None
    choices: tuple[str, ...] = ()
    identifies: bool = False


class Node(NamedTuple):
    """A node type. ``key`` is always ``id``; ``props`` come after it in a row."""

    label: str
    props: tuple[Prop, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return ("id", *(p.name for p in self.props))


class Rel(NamedTuple):
    """A relationship type. Every relationship has the property ``file``: the id of the file that it belongs to."""

    type: str
    source: str
    target: str
    props: tuple[Prop, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return ("source", "target", *(p.name for p in self.props))

    @property
    def identity(self) -> tuple[int, ...]:
        """Places in a row with its file, ``(from id, to id, file, *properties)``, of what makes it this edge: no line and no number
        of a statement, which move with what is written above."""
        return (0, 1, 2, *(place for place, p in enumerate(self.props, 3) if p.identifies))


FILE: Final = Node(
    "File",
    (
        Prop("project"),
        Prop("path"),
        Prop("sha256"),
        Prop("dialect"),
        Prop("fingerprint"),
        Prop("status"),
        Prop("diagnostics"),  # JSON list
        Prop("statements", "INT64"),
        Prop("origin"),  # path of the file that its lines are those of, where that is another one
    ),
)
STATEMENT: Final = Node(
    "Statement",
    (
        Prop("file"),
        Prop("ordinal", "INT64"),
        Prop("kind"),
        Prop("first_line", "INT64"),
        Prop("last_line", "INT64"),
        Prop("procedure"),
        Prop("sql"),
    ),
)
DATASET: Final = Node(
    "Dataset",
    (
        Prop("project"),
        Prop("name"),  # normalised, all parts
        Prop("catalog"),
        Prop("schema"),
        Prop("table"),  # last part
        Prop("kind", choices=DATASET_KINDS),  # without a declaration model.default_kind
        Prop("declared", "BOOL", default=False),
        Prop("owner"),  # File.id that describes it, or null
        Prop("description"),  # what people wrote about it
        Prop("namespace"),  # of OpenLineage, where the dataset lives
        Prop("display"),  # the name as it is written, where only letters' case differs
    ),
)
COLUMN: Final = Node(
    "Column",
    (
        Prop("dataset"),  # Dataset.id
        Prop("name"),
        Prop("ordinal", "INT64"),
        Prop("type"),
        Prop("declared", "BOOL", default=False),
        Prop("owner"),
        Prop("description"),
        Prop("display"),
    ),
)

NODES: Final = (FILE, STATEMENT, DATASET, COLUMN)

CONTAINS: Final = Rel("CONTAINS", "File", "Statement")
DECLARES: Final = Rel("DECLARES", "File", "Dataset", (Prop("line", "INT64"),))
READS: Final = Rel("READS", "Statement", "Dataset")
WRITES: Final = Rel("WRITES", "Statement", "Dataset")
HAS_COLUMN: Final = Rel("HAS_COLUMN", "Dataset", "Column")
FLOWS_TO: Final = Rel(
    "FLOWS_TO",
    "Column",
    "Column",
    (
        Prop("statement", "INT64"),
        Prop("line", "INT64"),
        Prop("transformation", choices=TRANSFORMATIONS, identifies=True),
        Prop("certainty", choices=CERTAINTIES),
        Prop("expression"),  # text with literals as ?, or null for a bare column
    ),
)
INFLUENCES: Final = Rel(
    "INFLUENCES",
    "Column",
    "Dataset",
    (Prop("statement", "INT64"), Prop("line", "INT64"), Prop("how", choices=INFLUENCE_KINDS, identifies=True)),
)
FEEDS: Final = Rel("FEEDS", "Dataset", "Dataset", (Prop("statement", "INT64"),))
CALLS: Final = Rel("CALLS", "Dataset", "Dataset", (Prop("line", "INT64"),))
REFERENCES: Final = Rel("REFERENCES", "Column", "Column", (Prop("line", "INT64"),))

RELS: Final = (CONTAINS, DECLARES, READS, WRITES, FLOWS_TO, INFLUENCES, FEEDS, CALLS, REFERENCES)
"""Relationships that belong to a file. ``HAS_COLUMN`` is apart: it belongs to its column, and comes and goes with it."""

KINDS: Final = (*(n.label for n in NODES), *(r.type for r in RELS), HAS_COLUMN.type)
"""Everything that a dump holds, in its order."""
