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

UNKNOWN: Final = "__dynamic__"
"""Stands for a part of a text that is not known. A name that holds it is nobody's."""

MODEL: Final = "\0model"
"""Last part of the name of a dbt model, ``([package,] model, MODEL)``, which is no dataset: it means the one that the model makes,
or else the one of its own name. The kind of declarations that say so, too."""

STAR_OF: Final = "__dbt_star_of_"
"""In front of a table's name in text: its columns by whatever name the query knows it; all columns, if it does not."""

MODEL_SCHEMA: Final = "__dbt_model"
"""Stands in front of a model's name in text, where a schema may stand."""


SEVERITIES: Final = ("info", "warning", "error")


class Diagnostic(msgspec.Struct, frozen=True, array_like=True):
    """One finding about one file. ``line`` and ``column`` count from 1; 0 means the whole file."""

    code: str
    severity: str  # a member of SEVERITIES
    message: str
    line: int = 0
    column: int = 0


class FileDiagnostic(msgspec.Struct, frozen=True, order=True):
    """A diagnostic with its file."""

    path: str
    line: int
    column: int
    code: str
    severity: str
    message: str

    @classmethod
    def of(cls, path: str, found: Diagnostic) -> FileDiagnostic:
        """A file's diagnostic."""
        return cls(path, found.line, found.column, found.code, found.severity, found.message)


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
    ``weak``: of a dump or a guess, which counts where nobody else declares it. ``adds``: not a declaration but ALTER TABLE ... ADD of ``columns`` (with the kind ALTERED: a new type). ``like``: a temporary table or variable of ``owner``
    has the columns of that table type. ``parameters`` are a procedure's, in their order. The kind MODEL: the dbt model ``name`` makes
    the dataset ``like``, maybe as one of its versions (``version``; 0: none); it is no dataset itself."""

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
    weak: bool = False
    version: int = 0


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
    encoding: str = ""  # where that was guessed; "~" before it: its folder's, "?" behind it: nothing speaks for it
    needs: tuple[str, ...] = ()  # other files that decide about the rest, as paths from its folder or one around that
    evidence: dict[str, int] = {}  # what speaks for dialects, where none was given


FILE_STATUSES: Final = ("ok", "partial", "failed", "skipped")
"""ok: every statement understood; partial: some; failed: none of at least one; skipped: not read as SQL (see its
diagnostic)."""


class Signature(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What other files may see of a declaration; all but ``line`` as it is compared and kept: encoded. ``name`` is its
    position in ``Outline.names``.

    ``columns``: its column list, if that depends on no other one. ``query``: what gives the list else (:class:`ListQuery`),
    asking for the lists of ``reads``. Neither: nobody knows it. ``details``: :class:`Details`, if there are any.
    """

    name: int
    kind: str
    line: int
    adds: bool
    columns: bytes
    query: bytes
    reads: tuple[str, ...]
    details: bytes
    weak: bool = False


class Details(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``types`` are those of the declared columns, ``passed`` the columns that INSERT without a column list passes over,
    ``parameters`` a program's."""

    types: tuple[str, ...]
    passed: tuple[str, ...]
    parameters: tuple[str, ...]


class ListQuery(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """So much of a query as gives the names of its columns, nothing of lines and expressions."""

    relations: tuple[Relation, ...]
    root: int


class Outline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What has to be known of a file before any is linked, made where it is compiled: whoever collects the facts of all
    files need not look into their statements. Names are canonical text.

    ``names``: every dataset and program that is named, but those of the file alone; those that it declares come first.
    ``models``: names of dbt models, what they make, and a version (0: none).
    ``copied``: a name and a longer one that ends in it, where a statement copies from one to the other.
    """

    names: tuple[str, ...]
    declared: tuple[Signature, ...]
    copied: tuple[tuple[str, str], ...]
    models: tuple[tuple[str, str, int], ...] = ()


class FactsHead(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Facts as :func:`encode_facts` wrote them, with their outline; the rest of what is long is left undecoded."""

    dialect: str
    status: str
    statements: msgspec.Raw
    declarations: msgspec.Raw
    diagnostics: msgspec.Raw
    calls: msgspec.Raw
    foreign_keys: msgspec.Raw
    confidence: float
    encoding: str
    needs: tuple[str, ...]
    evidence: dict[str, int]
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


def decode_outline(data: bytes | memoryview) -> Outline:
    """The outline in :func:`encode_facts`. Raises ``msgspec.DecodeError`` on foreign bytes."""
    return _head_decoder.decode(data).outline


def decode_head(data: bytes | memoryview) -> FactsHead:
    """A cheap look into :func:`encode_facts`. Raises ``msgspec.DecodeError`` on foreign bytes."""
    return _head_decoder.decode(data)


def is_temporary(name: Name) -> bool:
    """Is it a temporary table or variable, which belongs to its file alone?"""
    return len(name) == 1 and name[0][:1] in ("#", "@")


def _outline(facts: FileFacts) -> Outline:
    declared = [d for d in facts.declarations if d.name and not d.temporary and d.kind != MODEL]
    names: dict[Name, None] = {d.name: None for d in declared}
    copied: dict[tuple[Name, Name], None] = {}
    for statement in facts.statements:
        read = _reads(statement)
        names.update(read)
        if statement.target and not is_temporary(statement.target):
            names[statement.target] = None
        copied.update(dict.fromkeys(_copied(statement, read)))
    for call in facts.calls:
        names[call.caller] = names[call.callee] = None
    for key in facts.foreign_keys:
        names[key.table] = names[key.other] = None
    models = [d for d in facts.declarations if d.kind == MODEL]
    names.update(dict.fromkeys(d.name for d in models))
    for name in [n for n in names if n[-1] == MODEL]:  # a model that nobody makes is taken for a dataset
        names[name[-2:-1]] = None
    for declaration in facts.declarations:
        if declaration.like:
            names[declaration.like] = None
    numbers = {name: number for number, name in enumerate(names)}
    signatures = tuple(_signature(d, numbers[d.name], facts.statements) for d in declared)
    pairs = tuple((dataset_text(short), dataset_text(long)) for short, long in copied)
    made = tuple((dataset_text(d.name), dataset_text(d.like), d.version) for d in models)
    return Outline(tuple(map(dataset_text, names)), signatures, pairs, made)


def _signature(declaration: Declaration, name: int, statements: tuple[StatementFacts, ...]) -> Signature:
    columns, query = b"", b""
    reads: tuple[str, ...] = ()
    listed = declaration.columns
    statement = statements[declaration.statement] if declaration.statement >= 0 else None
    if listed:
        columns = _facts_encoder.encode([c.name for c in listed])
    elif statement is not None and statement.root >= 0:
        names = listed_names(statement.relations, statement.root)
        if names is not None:
            columns = _facts_encoder.encode(names)
        else:
            asked = _list_query(statement.relations, statement.root)
            query, reads = _facts_encoder.encode(asked), _asked_names(asked)
    details = Details(tuple(c.type for c in listed), passed_over(listed), declaration.parameters)
    return Signature(
        name, declaration.kind, declaration.line, declaration.adds, columns, query, reads,
        _facts_encoder.encode(details) if any(msgspec.structs.astuple(details)) else b"", declaration.weak,
    )  # fmt: skip


def listed_names(relations: tuple[Relation, ...], index: int) -> list[str] | None:
    """The columns of a query that lists them, without a star; None for others."""
    over: tuple[str, ...] = ()
    for _ in relations:
        relation = relations[index] if index >= 0 else None
        if isinstance(relation, Alias):
            over = (*over, *relation.columns[len(over) :])
            index = relation.relation
        elif isinstance(relation, SetOp) and not relation.by_name:
            index = relation.branches[0]
        elif isinstance(relation, Select) and not any(o.star or o.name == STAR for o in relation.outputs):
            names = [o.name if o.name is not None else unnamed(i) for i, o in enumerate(relation.outputs)]
            return [*over, *names[len(over) :]]
        else:
            break
    return None


def _list_query(relations: tuple[Relation, ...], root: int) -> ListQuery:
    """The relations that the names of a query's columns depend on, in their order, under new numbers."""
    needed: set[int] = set()
    stack = [root]
    while stack:
        index = stack.pop()
        if index >= 0 and index not in needed:
            needed.add(index)
            stack.extend(_named_by(relations[index]))
    numbers = {old: new for new, old in enumerate(sorted(needed))}
    return ListQuery(tuple(_only_names(relations[i], numbers) for i in numbers), numbers.get(root, -1))


def _named_by(relation: Relation) -> tuple[int, ...]:
    """The relations whose column names are this one's, or decide about them."""
    if isinstance(relation, Alias):
        return (relation.relation,)
    if isinstance(relation, SetOp):
        return relation.branches if relation.by_name else relation.branches[:1]
    if isinstance(relation, TableRef):
        return ()
    stars = [o.refs[0] for o in relation.outputs if o.star and o.refs and o.refs[0].name == STAR]
    named = tuple(r.relation for r in stars if r.relation >= 0)
    return named if len(named) == len(stars) else (*named, *relation.sources, *_merged_by(relation))


def _merged_by(relation: Select) -> tuple[int, ...]:
    return tuple(i for m in relation.merged if not m.names for i in (*m.left, m.right))


def _only_names(relation: Relation, numbers: dict[int, int]) -> Relation:
    if isinstance(relation, TableRef):
        return TableRef(relation.name, 0, relation.columns)
    if isinstance(relation, Alias):
        return Alias(numbers.get(relation.relation, -1), relation.columns)
    if isinstance(relation, SetOp):
        return SetOp(tuple(numbers[b] for b in relation.branches if b in numbers), relation.by_name)
    merged = tuple(
        Merged(m.names, tuple(numbers.get(i, -1) for i in m.left), numbers.get(m.right, -1)) for m in relation.merged
    )
    sources = tuple(numbers[s] for s in relation.sources if s in numbers)
    return Select(sources, tuple(_only_name(o, numbers) for o in relation.outputs), merged=merged)


def _only_name(output: Output, numbers: dict[int, int]) -> Output:
    if not output.star:
        return Output(output.name, ())
    refs = tuple(Ref(numbers.get(r.relation, -1), 0, r.name, 0) for r in output.refs[:1])
    return Output(None, refs, star=True, excluded=output.excluded, renamed=output.renamed, like=output.like)


def _asked_names(query: ListQuery) -> tuple[str, ...]:
    names = (r.name for r in query.relations if isinstance(r, TableRef) and r.name and not is_temporary(r.name))
    return tuple(dict.fromkeys(map(dataset_text, names)))


def _reads(statement: StatementFacts) -> dict[Name, None]:
    return {r.name: None for r in statement.relations if type(r) is TableRef and r.name and not is_temporary(r.name)}


def _surely_read(ref: Ref) -> int:
    """The relation of a reference, but for a variable that may yet be a column."""
    return ref.relation if ref.name[:2] != OR_COLUMN else -1


def reachable(statement: StatementFacts) -> set[int]:
    """Relations that the statement's data or row choice goes through (a CTE that nobody names is not among them)."""
    refs = [*(r for a in statement.assignments for r in a.refs), *(i.ref for i in statement.influences)]
    stack = [
        statement.root,
        statement.scope,
        *statement.subqueries,
        *map(_surely_read, refs),
        *(r.scope for r in refs),
    ]
    seen: set[int] = set()
    while stack:
        index = stack.pop()
        if index < 0 or index in seen:
            continue
        seen.add(index)
        relation = statement.relations[index]
        if isinstance(relation, Select):
            stack.extend(relation.sources)
            stack.extend(relation.subqueries)
            stack.extend([_surely_read(r) for o in relation.outputs for r in o.refs if r.relation >= 0])
            stack.extend([_surely_read(i.ref) for i in relation.influences if i.ref.relation >= 0])
        elif isinstance(relation, SetOp):
            stack.extend(relation.branches)
            stack.extend(relation.filters)
        elif isinstance(relation, Alias):
            stack.append(relation.relation)
        else:
            stack.extend(r.relation for r in relation.args)
    return seen


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
