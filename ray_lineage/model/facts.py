"""What one file says, nothing looked up: from compile to link."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from ray_lineage.model.findings import Diagnostic
from ray_lineage.model.names import Name
from ray_lineage.model.program import OR_COLUMN, Alias, Assignment, Influence, Ref, Relation, Select, SetOp

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

ROLES: Final = 8
THEN, ELSE, LOOP, TRY, CATCH, ANY, ANY_LOOP = range(7)
"""A step of ``StatementFacts.path`` is ``block * ROLES + role``: which block of control flow, and where in it. THEN and
ELSE of one IF share the block's number, as do TRY and CATCH. ANY: the order of what is inside is not known (GOTO, or a
language whose control flow is not read); ANY_LOOP: nor how often it runs."""


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
    confidence: float = 1.0  # in a detected dialect, 0..1
    encoding: str = ""  # where that was guessed; "~" before it: its folder's, "?" behind it: nothing speaks for it
    needs: tuple[str, ...] = ()  # other files that decide about the rest, as paths from its folder or one around that
    provides: tuple[str, ...] = ()  # names by which others ask for it; "+": what those need as well
    evidence: dict[str, int] = {}  # what speaks for dialects, where none was given


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
