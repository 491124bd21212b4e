"""The data that flows: ``SourceFile`` -> ``FileFacts`` -> ``Contribution``; and what identifies things.

Everything here is frozen data (msgspec Structs, encoded as arrays); nothing here does I/O or knows sqlglot, Ray or a
store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Final

import msgspec

DATASET_KINDS: Final = (
    "Table",
    "View",
    "MaterializedView",
    "TempTable",
    "Procedure",
    "Function",
    "Synonym",
    "External",
    "Sequence",
    "Trigger",
    "Type",
    "System",
)
"""``Dataset.kind``; on Neo4j also an extra label."""

SYSTEM_SCHEMAS: Final = ("information_schema", "performance_schema", "pg_catalog", "pg_toast", "sys")
SYSTEM_PARTS: Final = (
    ("snowflake", "account_usage"),
    ("snowflake", "organization_usage"),
    ("snowflake", "reader_account_usage"),
    ("msdb", "dbo"),
)
"""Catalog and schema of datasets that the engine itself has."""

SYSTEM_TABLES: Final = (
    "spt_values", "sysaltfiles", "syscolumns", "syscomments", "sysconfigures", "sysconstraints", "sysdatabases", "sysdepends",
    "sysfilegroups", "sysfiles", "sysforeignkeys", "sysindexes", "sysindexkeys", "syslockinfo", "syslogins", "sysmembers",
    "sysmessages", "sysobjects", "sysperfinfo", "syspermissions", "sysprocesses", "sysprotects", "sysreferences",
    "sysservers", "systypes", "sysusers",
)  # fmt: skip
"""SQL Server's older names of its own tables, without a schema or in ``dbo``."""

TRANSFORMATIONS: Final = ("identity", "transformation", "aggregation", "masking", "conditional", "window")
"""How a column shapes another one's value. The first four are direct (OpenLineage's words; ``masking``: a hash or mask
function was applied), the last two indirect."""

CERTAINTIES: Final = ("certain", "possible")
INFLUENCE_KINDS: Final = ("filter", "join", "group_by", "sort")
"""How a column shapes which rows a dataset gets."""

MAX_NAME: Final = 1_000
"""Longer names are cut and hashed: Neo4j refuses an indexed value over about 8 kB."""

VALUE: Final = "value"
"""Name of a variable's only column: a variable is a temporary table ``@name`` of one row."""

OR_COLUMN: Final = "\0|"
"""In front of a name that is a variable's where no relation in its scope surely has such a column."""

VARIABLES: Final = ("@",)
"""Target of statements that assign variables; the assigned columns are their names."""

ROLES: Final = 8
THEN, ELSE, LOOP, TRY, CATCH, ANY, ANY_LOOP = range(7)
"""A step of ``StatementFacts.path`` is ``block * ROLES + role``: which block of control flow, and where in it. THEN and
ELSE of one IF share the block's number, as do TRY and CATCH. ANY: the order of what is inside is not known (GOTO, or a
language whose control flow is not read); ANY_LOOP: nor how often it runs."""

PARAMETER: Final = "@\0"
"""Before the name or position of an output parameter, in references to a procedure."""

STAR: Final = "*"
"""Column name of "all columns, which we cannot list"."""


SEVERITIES: Final = ("info", "warning", "error")


class Diagnostic(msgspec.Struct, frozen=True, array_like=True):
    """One finding about one file. ``line`` and ``column`` count from 1; 0 means the whole file."""

    code: str
    severity: str  # a member of SEVERITIES
    message: str
    line: int = 0
    column: int = 0


class SourceFile(msgspec.Struct, frozen=True, array_like=True):
    """One file to ingest. ``path`` is relative to its root, POSIX, undecodable bytes escaped; it is the file's key.

    ``root`` and ``name`` (raw file-system path relative to the root) say where the bytes are. ``sha256`` is known
    (hex) when the stat index vouches for it, else empty.
    """

    path: str
    root: str
    name: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    priority: int
    sha256: str = ""


class Priority(IntEnum):
    CRITICAL = 0
    NORMAL = 1
    BATCH = 2


# --------------------------------------------------------------------------- facts of one file (made by compile)
#
# A statement's queries are kept as a small relational program, so that link can settle `SELECT *` and unqualified
# columns with the catalog of all files. `relations` is an arena: relations name one another by index.

Name = tuple[str, ...]
"""A dataset's name as normalised parts, outermost first: (catalog, schema, name) or fewer."""


class Ref(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One use of a column: ``relation`` >= 0 is that relation of the arena; -1 means unqualified, to be looked up in
    the scope of ``scope`` (a Select's index). ``how`` indexes TRANSFORMATIONS (for influences: INFLUENCE_KINDS).
    ``name`` may be ``*``: every column of the relation (of the scope's relations when unqualified)."""

    relation: int
    scope: int
    name: str
    how: int
    line: int = 0


class Output(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One item of a select list. ``name`` is None for an unnamed expression.

    A star has ``star`` True: ``refs`` holds one Ref with name ``*`` (of another name: the fields of that struct column);
    ``excluded`` names its EXCEPT columns, ``renamed`` maps old to new names (``*`` to what all others are called, such as
    ``f(*)``), ``like`` is the pattern of ``* ILIKE``.
    REPLACE is an exclusion plus an ordinary output.
    """

    name: str | None
    refs: tuple[Ref, ...]
    line: int = 0
    column: int = 0
    star: bool = False
    excluded: tuple[str, ...] = ()
    renamed: dict[str, str] | None = None
    expression: str = ""  # text, literals as ``?``; empty for a bare column
    like: str = ""


class Influence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A column that shapes rows. ``how`` indexes INFLUENCE_KINDS."""

    ref: Ref
    how: int


class TableRef(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="t"):
    """A dataset used in FROM. ``columns`` are its alias's column names, if any; ``function`` marks the call of a
    table-valued function, whose argument columns are in ``args``. An empty ``name`` with ``function`` (or one that nobody
    declares) is a built-in one, whose every column comes from its arguments; ``*`` at the end of its ``columns`` means
    that it may have more."""

    name: Name
    line: int
    columns: tuple[str, ...] = ()
    function: bool = False
    args: tuple[Ref, ...] = ()


class Merged(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Columns that a join makes one of: ``names`` of JOIN USING (empty for NATURAL: all common ones), which every
    relation of ``left`` that has them shares with ``right``."""

    names: tuple[str, ...]
    left: tuple[int, ...]
    right: int


class Select(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="s"):
    """A SELECT. ``sources`` are arena indexes in FROM order; ``parent`` is the enclosing Select that correlated names
    may refer to (-1: none). ``lateral`` says that the dialect lets select items use earlier items' aliases.
    ``subqueries`` are queries inside expressions, whose influences are this one's too."""

    sources: tuple[int, ...]
    outputs: tuple[Output, ...]
    influences: tuple[Influence, ...] = ()
    parent: int = -1
    merged: tuple[Merged, ...] = ()
    lateral: bool = False
    subqueries: tuple[int, ...] = ()


class SetOp(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="u"):
    """UNION: branches matched by position (``by_name``: by name). EXCEPT and INTERSECT: the values are those of the
    first branch, ``filters`` holds the others, which shape rows only."""

    branches: tuple[int, ...]
    by_name: bool = False
    filters: tuple[int, ...] = ()


class Alias(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="a"):
    """A relation under new column names (by position), as CTEs are. ``recursive``: the relation names this one."""

    relation: int
    columns: tuple[str, ...] = ()
    recursive: bool = False


Relation = TableRef | Select | SetOp | Alias


class Assignment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``column = expression`` of UPDATE and MERGE, or one column of INSERT's values. The column ``*`` takes all columns of
    its one ref by their names; a name that begins with NUL is a position in the target (``\0*``: all, by position)."""

    column: str
    refs: tuple[Ref, ...]
    line: int = 0
    expression: str = ""


class StatementFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One statement. ``target`` is the written dataset; its columns come either from ``root`` (the arena index of the
    query whose outputs are written, with ``columns`` the explicit column list, empty if none) or from
    ``assignments`` (whose names are looked up in the scope ``scope``), or both.

    ``defines`` marks statements whose outputs define the target's columns: CREATE VIEW, CTAS, SELECT INTO.
    Of assignments to variables it says that they surely take place, of DELETE that nothing is left. Variables and temporary
    tables that are in the ``columns`` of an assignment end there.
    ``preset`` columns get constants (static partitions), or values of their own (identities of a temporary table that is
    made), and take no part in the matching by position.
    ``subqueries`` are arena indexes of queries inside the statement's own expressions. Lines and columns count from 1
    and are those of the first and last character. ``path`` names the branches and loops around it, outermost first (see
    ROLES); statements of one block follow one another.
    """

    kind: str
    first_line: int
    last_line: int
    relations: tuple[Relation, ...] = ()
    root: int = -1
    target: Name = ()
    columns: tuple[str, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    scope: int = -1
    defines: bool = False
    influences: tuple[Influence, ...] = ()
    subqueries: tuple[int, ...] = ()
    procedure: str = ""
    sql: str = ""
    first_column: int = 0
    last_column: int = 0
    possible: bool = False  # part of the text is unknown (dynamic SQL), or only one of several variants
    path: tuple[int, ...] = ()
    preset: tuple[str, ...] = ()


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A procedure or trigger runs another program."""

    caller: Name
    callee: Name
    line: int = 0


class ForeignKey(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``columns`` of ``table`` refer to ``others`` of ``other``, by position; no ``others``: its primary key."""

    table: Name
    columns: tuple[str, ...]
    other: Name
    others: tuple[str, ...]
    line: int = 0


class DeclaredColumn(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``passed``: INSERT without a column list has no value for it (T-SQL's identities and computed columns)."""

    name: str
    type: str = ""
    line: int = 0
    passed: bool = False


def passed_over(columns: Iterable[DeclaredColumn]) -> tuple[str, ...]:
    """Names of those for which an INSERT without a column list has no value."""
    return tuple(c.name for c in columns if c.passed)


def unnamed(position: int) -> str:
    """Name of an output column that has none, by its position."""
    return f"_col{position}"


ALTERED: Final = "Altered"


class Declaration(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A dataset that the file creates. ``columns`` is empty where they come from the query of ``statement`` (index into
    ``FileFacts.statements``), which is -1 where there is none. ``temporary`` datasets belong to this file alone.
    ``adds``: not a declaration but ALTER TABLE ... ADD of ``columns`` (with the kind ALTERED: a new type). ``like``: a temporary table or variable of ``owner``
    has the columns of that table type. ``parameters`` are a procedure's, in their order."""

    name: Name
    kind: str
    line: int
    columns: tuple[DeclaredColumn, ...] = ()
    statement: int = -1
    temporary: bool = False
    adds: bool = False
    like: Name = ()
    owner: str = ""
    parameters: tuple[str, ...] = ()


class FileFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All that one file says, with nothing looked up elsewhere. A pure function of (text, dialect, options)."""

    dialect: str
    status: str  # a member of FILE_STATUSES
    statements: tuple[StatementFacts, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    calls: tuple[Call, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    confidence: float = 1.0  # in a detected dialect, 0..1


FILE_STATUSES: Final = ("ok", "partial", "failed", "skipped")
"""ok: every statement understood; partial: some; failed: none of at least one; skipped: not read as SQL (see its
diagnostic)."""


class Outline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What has to be known of a file before any is linked, made where it is compiled: whoever collects the facts of all
    files need not look into their statements.

    ``mentioned``: every dataset and program that is named, but those of the file alone. ``reads``: of each declaration, what
    its query reads. ``copied``: a name and a longer one that ends in it, where a statement copies from one to the other.
    """

    mentioned: tuple[Name, ...]
    reads: tuple[tuple[Name, ...], ...]
    copied: tuple[tuple[Name, Name], ...]


class FactsHead(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Facts as :func:`encode_facts` wrote them, with their outline; statements and diagnostics are left undecoded."""

    dialect: str
    status: str
    statements: msgspec.Raw
    declarations: tuple[Declaration, ...]
    diagnostics: msgspec.Raw
    calls: msgspec.Raw
    foreign_keys: msgspec.Raw
    confidence: float
    outline: Outline


_facts_encoder = msgspec.msgpack.Encoder()
_facts_decoder = msgspec.msgpack.Decoder(FileFacts)
_head_decoder = msgspec.msgpack.Decoder(FactsHead)


def encode_facts(facts: FileFacts) -> bytes:
    """Encode facts, with their outline, as they travel and as they lie in the cache."""
    return _facts_encoder.encode((*msgspec.structs.astuple(facts), _outline(facts)))


def decode_facts(data: bytes | memoryview) -> FileFacts:
    """Decode :func:`encode_facts`. Raises ``msgspec.DecodeError`` (or its subclass ValidationError) on foreign bytes."""
    return _facts_decoder.decode(data)


def decode_head(data: bytes | memoryview) -> FactsHead:
    """A cheap look into :func:`encode_facts`. Raises ``msgspec.DecodeError`` on foreign bytes."""
    return _head_decoder.decode(data)


def is_temporary(name: Name) -> bool:
    """Is it a temporary table or variable, which belongs to its file alone?"""
    return len(name) == 1 and name[0][:1] in ("#", "@")


def _outline(facts: FileFacts) -> Outline:
    mentioned: dict[Name, None] = {}
    copied: dict[tuple[Name, Name], None] = {}
    reads = [_reads(s) for s in facts.statements]
    for statement, read in zip(facts.statements, reads, strict=True):
        mentioned.update(read)
        if statement.target and not is_temporary(statement.target):
            mentioned[statement.target] = None
        copied.update(dict.fromkeys(_copied(statement, read)))
    for call in facts.calls:
        mentioned[call.caller] = mentioned[call.callee] = None
    for key in facts.foreign_keys:
        mentioned[key.table] = mentioned[key.other] = None
    for declaration in facts.declarations:
        if declaration.like:
            mentioned[declaration.like] = None
    of_declarations = (tuple(reads[d.statement]) if d.statement >= 0 else () for d in facts.declarations)
    return Outline(tuple(mentioned), tuple(of_declarations), tuple(copied))


def _reads(statement: StatementFacts) -> dict[Name, None]:
    return {r.name: None for r in statement.relations if type(r) is TableRef and r.name and not is_temporary(r.name)}


_COPIES: Final = frozenset(
    {"insert", "insert_overwrite", "merge", "select_into", "create_table_as", "create_view", "copy"}
)


def _copied(statement: StatementFacts, reads: dict[Name, None]) -> list[tuple[Name, Name]]:
    """A name and a longer one that ends in it, where the statement copies from one to the other: ``INSERT INTO dbo.t
    SELECT ... FROM old.dbo.t``. Nobody writes one table in two ways there."""
    target = statement.target
    if statement.kind not in _COPIES or not target:
        return []
    out: list[tuple[Name, Name]] = []
    for read in reads:
        if read[-1] != target[-1]:
            continue
        short, long = (read, target) if len(read) < len(target) else (target, read)
        if len(short) < len(long) and long[-len(short) :] == short:
            out.append((short, long))
    return out


# --------------------------------------------------------------------------- contributions (made by link)

Row = tuple[Any, ...]


class Contribution(msgspec.Struct, frozen=True, array_like=True):
    """The graph rows that one file is responsible for, fully resolved.

    ``rows`` maps a node label or relationship type of ``graph.schema`` to sorted, distinct tuples in the order of its
    ``columns``. ``rows["File"]`` is one row; ``rows["Dataset"]`` and ``rows["Column"]`` hold only what this file
    *describes* (``owner`` is this file). Every dataset or column that some relationship row names, described or not,
    is in ``datasets`` / ``columns``, which the store creates where they do not exist yet (with the schema's default
    properties).
    """

    file: str  # File.id
    path: str
    fingerprint: str  # hex, over everything else here
    rows: dict[str, list[Row]]
    datasets: list[str]  # Dataset names (canonical text, see dataset_text)
    columns: list[tuple[str, str]]  # (Dataset name, column name)

    @property
    def row_count(self) -> int:
        return sum(map(len, self.rows.values())) + len(self.datasets) + len(self.columns)


class FileState(msgspec.Struct, frozen=True, array_like=True):
    """What the store says it holds for one file."""

    path: str
    sha256: str
    fingerprint: str  # empty: its contribution is not whole
    status: str


# --------------------------------------------------------------------------- identity


def quote_part(part: str) -> str:
    """A name part as it stands in dotted text: quoted when it holds a dot or a quote, so that text is unambiguous."""
    if "." in part or '"' in part or not part:
        return '"' + part.replace('"', '""') + '"'
    return part


def shorten(part: str) -> str:
    """Cut a part over MAX_NAME characters and mark it with a hash of the whole, so that distinct names stay distinct."""
    if len(part) <= MAX_NAME:
        return part
    digest = hashlib.blake2b(part.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{part[: MAX_NAME - 20]}~{digest}"


def dataset_text(name: Name) -> str:
    """Canonical dotted text of a dataset's name: ``catalog.schema.table``."""
    return ".".join(map(quote_part, name))


def default_kind(name: Name) -> str:
    """Kind of a dataset that no file declares."""
    table, schema = name[-1], name[-2] if len(name) > 1 else ""
    system = (
        schema in SYSTEM_SCHEMAS
        or (len(name) > 2 and (name[-3], schema) in SYSTEM_PARTS)
        or (schema in ("", "dbo") and table in SYSTEM_TABLES)
    )
    return "System" if system else "Table"


def split_text(text: str) -> Name:
    """Inverse of :func:`dataset_text`; also accepts ``[bracketed]`` and back-ticked parts, as people type them."""
    parts: list[str] = []
    i, n = 0, len(text)
    while True:
        if i < n and text[i] in '"[`':
            close = {'"': '"', "[": "]", "`": "`"}[text[i]]
            i += 1
            part = ""
            while i < n:
                if text[i] == close:
                    if i + 1 < n and text[i + 1] == close:
                        part += close
                        i += 2
                        continue
                    i += 1
                    break
                part += text[i]
                i += 1
            parts.append(part)
        else:
            j = i
            while j < n and text[j] != ".":
                j += 1
            parts.append(text[i:j])
            i = j
        if i >= n:
            return tuple(parts)
        i += 1  # the dot


def file_id(project: str, path: str) -> str:
    """``File.id``."""
    return f"{project}:{path}"


def dataset_id(project: str, name: str) -> str:
    """``Dataset.id`` of canonical dataset text."""
    return f"{project}:{name}"


def column_id(project: str, dataset: str, column: str) -> str:
    """``Column.id``; unique because a part that holds a dot is quoted."""
    return f"{project}:{dataset}.{quote_part(column)}"


def statement_id(file: str, ordinal: int) -> str:
    """``Statement.id``."""
    return f"{file}#{ordinal}"
