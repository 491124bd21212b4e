"""What one file says, nothing looked up: from compile to link."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from typing import Final

import msgspec

from ray_lineage.model.findings import Diagnostic
from ray_lineage.model.names import Name
from ray_lineage.model.program import (
    Alias,
    Assignment,
    Influence,
    Parameter,
    Relation,
    Select,
    SetOp,
    TableRef,
    Variable,
)

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
    "Exposure",
    "Metric",
    "SemanticModel",
    "Module",
)
"""``Dataset.kind``; on Neo4j also an extra label."""

ROLES: Final = 8
THEN, ELSE, LOOP, TRY, CATCH, ANY, ANY_LOOP, ENDING = range(8)
"""A step of ``StatementFacts.path`` is ``block * ROLES + role``: which block of control flow, and where in it. THEN and
ELSE of one IF share the block's number, as do TRY and CATCH. ANY: the order of what is inside is not known (GOTO);
ANY_LOOP: nor how often it runs; ENDING: what is inside ends the routine, or raises, and does not go on behind it."""


class StatementKind(StrEnum):
    """What a statement is; on the graph's statements as text."""

    ALTER_TABLE = "alter_table"
    APPEND = "append"
    APPLY_CHANGES = "apply_changes"
    ASSIGN = "assign"
    ASSIGN_ROW = "assign_row"
    ATTACH_PARTITION = "attach_partition"
    COPY = "copy"
    CREATE_DICTIONARY = "create_dictionary"
    CREATE_EXTERNAL = "create_external"
    CREATE_FUNCTION = "create_function"
    CREATE_MODEL = "create_model"
    CREATE_SINK = "create_sink"
    CREATE_SOURCE = "create_source"
    CREATE_STREAM = "create_stream"
    CREATE_SYNONYM = "create_synonym"
    CREATE_TABLE = "create_table"
    CREATE_TABLE_AS = "create_table_as"
    CREATE_TABLE_CLONE = "create_table_clone"
    CREATE_TABLE_LIKE = "create_table_like"
    CREATE_VIEW = "create_view"
    DBT_EXPOSURE = "dbt_exposure"
    DBT_METRIC = "dbt_metric"
    DBT_MODEL = "dbt_model"
    DBT_SEMANTIC_MODEL = "dbt_semantic_model"
    DECLARE = "declare"
    DECLARE_CURSOR = "declare_cursor"
    DELETE = "delete"
    DROP = "drop"
    EXCHANGE = "exchange"
    EXPORT = "export"
    IF = "if"
    IMPORT = "import"
    INSERT = "insert"
    INSERT_OVERWRITE = "insert_overwrite"
    JOB = "job"
    LOAD = "load"
    MERGE = "merge"
    OUTPUT = "output"
    OUTPUT_INTO = "output_into"
    OUTPUT_PARAMETERS = "output_parameters"
    RECEIVE = "receive"
    RENAME = "rename"
    RESULT_SET = "result_set"
    SELECT = "select"
    SELECT_INTO = "select_into"
    SWAP = "swap"
    SWITCH = "switch"
    TRIGGER = "trigger"
    TRUNCATE = "truncate"
    UNLOAD = "unload"
    UPDATE = "update"
    WHILE = "while"


UNSEEN: Final = frozenset({StatementKind.ASSIGN, StatementKind.DECLARE})
"""What is no statement to people: variables get values, temporary tables are declared."""


class Effect(IntEnum):
    """What a statement does to its target, or to the variables of its assignments."""

    CHANGES = 0
    """Rows come in or are others, beside those that are there. Variables may get the values, or keep what they hold."""
    MAKES = 1
    """The target is made: the outputs define its columns (CREATE VIEW, CTAS, SELECT INTO), or ``columns`` do."""
    EXTENDS = 2
    """A temporary table gets more ``columns``."""
    EMPTIES = 3
    """Nothing is left in it."""
    SETS = 4
    """The variables surely get the values."""
    ENDS = 5
    """The target, or the variables and temporary tables that are assigned to, are no more."""


class StatementFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One statement. ``target`` is the written dataset; its columns come either from ``root`` (the arena index of the
    query whose outputs are written, with ``columns`` the explicit column list, empty if none) or from
    ``assignments`` (whose names are looked up in the scope ``scope``), or both.

    An assignment (ASSIGN) has no target: the columns of its ``assignments`` are variables.
    ``preset`` columns get constants (static partitions), or values of their own (identities of a temporary table that is
    made), and take no part in the matching by position.
    ``subqueries`` are arena indexes of queries inside the statement's own expressions. Lines and columns count from 1
    and are those of the first and last character. ``path`` names the branches and loops around it, outermost first (see
    ROLES); statements of one block follow one another.
    """

    kind: StatementKind
    first_line: int
    last_line: int
    relations: tuple[Relation, ...] = ()
    root: int = -1
    target: Name = ()
    columns: tuple[str, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    scope: int = -1
    effect: Effect = Effect.CHANGES
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
    """A procedure or trigger runs another program. ``choices``: it runs the first of these that runs something itself (see
    ``Declaration.runs``), or none that is in the graph."""

    caller: Name
    callee: Name
    line: int = 0
    choices: tuple[Name, ...] = ()


class ForeignKey(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``columns`` of ``table`` refer to ``others`` of ``other``, by position; no ``others``: its primary key."""

    table: Name
    columns: tuple[str, ...]
    other: Name
    others: tuple[str, ...]
    line: int = 0


class DeclaredColumn(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``passed``: INSERT without a column list has no value for it (T-SQL's identities and computed columns).
    ``description``: what people wrote about it. ``display``: its name as it is written, where only letters' case differs."""

    name: str
    type: str = ""
    line: int = 0
    passed: bool = False
    description: str = ""
    display: str = ""


def passed_over(columns: Iterable[DeclaredColumn]) -> tuple[str, ...]:
    """Names of those for which an INSERT without a column list has no value."""
    return tuple(c.name for c in columns if c.passed)


ALTERED: Final = "Altered"
DESCRIBED: Final = "Described"
"""Kinds of declarations that only add to what others declare: types of columns; descriptions."""


class Declaration(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A dataset that the file creates. ``columns`` is empty where they come from the query of ``statement`` (index into
    ``FileFacts.statements``), which is -1 where there is none. ``temporary`` datasets belong to this file alone.
    ``weak``: of a dump or a guess, which counts where nobody else declares it. ``adds``: not a declaration but ALTER TABLE ... ADD of ``columns`` (with the kind ALTERED: a new type). ``like``: a temporary table or variable of ``owner``
    has the columns of that table type. ``parameters`` are a procedure's, in their order. The kind MODEL: the dbt model ``name`` makes
    the dataset ``like``, maybe as one of its versions (``version``; 0: none); it is no dataset itself. The kind DESCRIBED (``adds``):
    only the ``description``, and those of ``columns``, are said. ``namespace``: of OpenLineage, where the dataset lives.
    ``changed``: the file gives it several lists of columns, one after another, or (with the kind DESCRIBED) another table's.
    ``display``: the last parts of the name as they are written, where letters' case differs; ``spelled``: so the columns of the
    query that makes it, by their names. ``runs``: a function of a program is in the graph if one of these is that runs something;
    its own name: it does so itself."""

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
    description: str = ""
    namespace: str = ""
    changed: bool = False
    display: Name = ()
    spelled: dict[str, str] = {}
    runs: tuple[Name, ...] = ()

    @property
    def is_conditional(self) -> bool:
        """Is it for linking to say whether it is there?"""
        return bool(self.runs) and self.name not in self.runs


CHECKED: Final = 1
"""The text is what runs: it was no template, and has no gaps."""
BARE_NAMES: Final = 2
"""A name without a qualifier is a column's where nothing else is known of it: no word of an engine that is not known."""
MARKED_VARIABLES: Final = 4
"""... in routines as well, since variables are marked."""
CLEAR_NAMES: Final = 8
"""A name that two tables of one FROM have is refused, and each table of FROM is seen (the engine has no semi-joins)."""


FILE_STATUSES: Final = ("ok", "partial", "failed", "skipped")
"""ok: every statement understood; partial: some; failed: none of at least one; skipped: not read as SQL (see its
diagnostic)."""


class FileFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All that one file says, with nothing looked up elsewhere. A pure function of (text, dialect, options)."""

    dialect: str
    status: str  # a member of FILE_STATUSES
    statements: tuple[StatementFacts, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    calls: tuple[Call, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    confidence: float = 1  # in a detected dialect, 0..1; a whole number takes a byte, a fraction nine
    encoding: str = ""  # where that was guessed; "~" before it: its folder's, "?" behind it: nothing speaks for it
    needs: tuple[str, ...] = ()  # other files that decide about the rest, as paths from its folder or one around that
    covers: tuple[str, ...] = ()  # files whose lineage it has, as paths from the project of dbt: theirs does not count
    session: tuple[
        str, ...
    ] = ()  # programs (``StatementFacts.procedure``) that share one session, with its temporary tables
    provides: tuple[str, ...] = ()  # names by which others ask for it; "+": what those need as well
    evidence: dict[str, int] = {}  # what speaks for dialects, where none was given
    parts: tuple[tuple[str, str], ...] = ()  # names and content hashes of those that are files of their own
    origin: str = ""  # of a part: the file that its lines are those of, as a path from the project of dbt
    checked: int = 0  # what may be checked of it at link: CHECKED and its like, together
    former: tuple[
        tuple[Name, str, int], ...
    ] = ()  # columns of its tables that it drops or renames: they are there up to that line


def reachable(statement: StatementFacts) -> set[int]:
    """Relations that the statement's data or row choice goes through (a CTE that nobody names is not among them)."""
    relations = statement.relations
    if not relations:
        return set()
    either = {k for k, r in enumerate(relations) if type(r) is Variable and r.or_column}  # they may yet be columns
    stack = [statement.root, statement.scope, *statement.subqueries]
    for assignment in statement.assignments:
        for ref in assignment.refs:
            stack += (ref.relation if ref.relation not in either else -1, ref.scope)
    for influence in statement.influences:
        ref = influence.ref
        stack += (ref.relation if ref.relation not in either else -1, ref.scope)
    seen: set[int] = set()
    while stack:
        index = stack.pop()
        if index < 0 or index in seen:
            continue
        seen.add(index)
        relation = relations[index]
        if type(relation) is Select:
            stack.extend(relation.sources)
            stack.extend(relation.subqueries)
            for output in relation.outputs:
                for ref in output.refs:
                    if ref.relation >= 0 and ref.relation not in either:
                        stack.append(ref.relation)
                if output.fields >= 0:
                    stack.append(output.fields)
            for influence in relation.influences:
                if influence.ref.relation >= 0 and influence.ref.relation not in either:
                    stack.append(influence.ref.relation)
        elif type(relation) is SetOp:
            stack.extend(relation.branches)
            stack.extend(relation.filters)
        elif type(relation) is Alias:
            stack.append(relation.relation)
        elif type(relation) is TableRef:
            stack.extend(r.relation for r in relation.args)
        elif type(relation) is Parameter:
            stack.append(relation.program)
    return seen
