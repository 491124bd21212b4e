"""What one file says, as it is found, and the only place where facts are made: statements get their ordinals here.

Every front end makes its own with these; what several of them, or several texts of one file, found can be put together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from ray_lineage.model import (
    DESCRIBED,
    MODEL,
    ROLES,
    STAR,
    UNKNOWN,
    Assignment,
    Call,
    Declaration,
    DeclaredColumn,
    Diagnostic,
    Effect,
    FileFacts,
    ForeignKey,
    Influence,
    Name,
    Relation,
    Select,
    StatementFacts,
    StatementKind,
    TableRef,
)

_LONGEST: Final = 4_000
"""Characters of a description; what is longer is a document."""


def description(text: str) -> str:
    """What people wrote, as it is kept: without the space around it, and not too much of it."""
    text = text.strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


class Facts:
    """What was found so far."""

    def __init__(self) -> None:
        self.statements: list[StatementFacts] = []
        self.declarations: list[Declaration] = []
        self.diagnostics: list[Diagnostic] = []
        self.calls: list[Call] = []
        self.foreign_keys: list[ForeignKey] = []
        self.covers: list[str] = []
        self.former: list[tuple[Name, str, int]] = []
        self.spelled: dict[Name, Name] = {}  # how the last parts of datasets' names are written, where that differs
        self.failed = 0  # statements that could not be read
        self._before: dict[Name, set[tuple[str, ...]]] = {}  # lists of columns that the text gave and took back
        self._gone: dict[Name, int] = {}  # what was renamed, and is declared elsewhere, if at all: the statement

    def note(self, code: str, severity: str, message: str, line: int, column: int = 0) -> None:
        """One more diagnostic. What stands for an unknown part of the text is shown as dots."""
        self.diagnostics.append(Diagnostic(code, severity, message.replace(UNKNOWN, "..."), line, column))

    def call(self, caller: Name, callee: Name, line: int, choices: tuple[Name, ...] = ()) -> None:
        """``caller`` runs ``callee``, or the first of ``choices`` that runs something (see ``Call``)."""
        self.calls.append(Call(caller, callee, line, choices))

    def foreign_key(
        self, table: Name, columns: tuple[str, ...], other: Name, others: tuple[str, ...], line: int
    ) -> None:
        """``columns`` of ``table`` refer to ``others`` of ``other``."""
        self.foreign_keys.append(ForeignKey(table, columns, other, others, line))

    def statement(
        self,
        kind: StatementKind,
        first_line: int,
        last_line: int,
        relations: Sequence[Relation] = (),
        root: int = -1,
        target: Name = (),
        columns: tuple[str, ...] = (),
        assignments: tuple[Assignment, ...] = (),
        scope: int = -1,
        effect: Effect = Effect.CHANGES,
        influences: Sequence[Influence] = (),
        subqueries: tuple[int, ...] = (),
        routine: str = "",
        sql: str = "",
        first_column: int = 0,
        last_column: int = 0,
        possible: bool = False,
        path: tuple[int, ...] = (),
        preset: tuple[str, ...] = (),
        *,
        declared: int = -1,
        was: Name = (),
    ) -> None:
        """One more statement (see ``StatementFacts``). It makes what was ``declared`` as that number, and gives its target's name to
        what ``was`` called otherwise, if any."""
        if declared >= 0:
            self._redeclare(declared, statement=len(self.statements))
        if was:
            self._rename(was, target, len(self.statements))
        self.statements.append(
            StatementFacts(
                kind,
                first_line,
                last_line,
                tuple(relations),
                root,
                target,
                columns,
                assignments,
                scope,
                effect,
                tuple(influences),
                subqueries,
                routine,
                sql,
                first_column,
                last_column,
                possible,
                path,
                preset,
            )
        )

    def rename_programs(self, names: Mapping[str, str]) -> None:
        """The programs that statements stand in are called otherwise; those that ``names`` does not have keep their name."""
        self.statements[:] = [
            msgspec.structs.replace(s, procedure=names[s.procedure]) if s.procedure in names else s
            for s in self.statements
        ]

    def take(self, facts: FileFacts) -> None:
        """What another text of the file says, behind what was found so far. Its blocks of control flow stay its own."""
        first = len(self.statements)
        blocks = max((step // ROLES for s in self.statements for step in s.path), default=0)
        self.statements.extend(_behind(s, blocks * ROLES) for s in facts.statements)
        self.declarations.extend(
            msgspec.structs.replace(d, statement=d.statement + first) if d.statement >= 0 else d
            for d in facts.declarations
        )
        self.diagnostics.extend(facts.diagnostics)
        self.calls.extend(facts.calls)
        self.foreign_keys.extend(facts.foreign_keys)
        self.covers.extend(facts.covers)
        self.former.extend(facts.former)
        self.failed += facts.status in ("partial", "failed")

    def file(self, dialect: str, diagnostics: Sequence[Diagnostic] = ()) -> FileFacts:
        """All of it; ``diagnostics`` (of reading the file) come first."""
        found = (*diagnostics, *self.diagnostics)
        unreadable = bool(found) and any(d.code == "RL101" for d in found)
        if self.failed and not self.statements and not self.declarations:
            status = "failed"
        else:
            status = "partial" if self.failed or unreadable else "ok"
        return FileFacts(
            dialect, status, tuple(self.statements), tuple(map(self._marked, self.declarations)), found, tuple(dict.fromkeys(self.calls)),
            tuple(self.foreign_keys), covers=tuple(dict.fromkeys(self.covers)),
            former=tuple(self.former),
        )  # fmt: skip

    # ------------------------------------------------------------------ declarations

    def _marked(self, declaration: Declaration) -> Declaration:
        """Says so where the text gave the dataset other columns before."""
        before = self._before.get(declaration.name)
        if before is None or before <= {_listed(declaration)}:
            return declaration
        return msgspec.structs.replace(declaration, changed=True)

    def _take_back(self, declaration: Declaration) -> None:
        if not declaration.temporary and not declaration.adds:
            self._before.setdefault(declaration.name, set()).add(_listed(declaration))

    def declare(
        self,
        name: Name,
        kind: str,
        line: int,
        columns: tuple[DeclaredColumn, ...] = (),
        *,
        temporary: bool = False,
        adds: bool = False,
        like: Name = (),
        owner: str = "",
        parameters: tuple[str, ...] = (),
        weak: bool = False,
        about: str = "",
        namespace: str = "",
        runs: tuple[Name, ...] = (),
    ) -> int:
        """One more declaration; its number is for :meth:`add` of the statement that makes it. ``about``: what people wrote of it."""
        self.declarations.append(
            Declaration(
                name,
                kind,
                line,
                columns,
                -1,
                temporary,
                adds,
                like,
                owner,
                parameters,
                weak,
                0,
                description(about),
                namespace,
                display=self.spelled.get(name, ()),
                runs=runs,
            )
        )
        return len(self.declarations) - 1

    def describe(self, name: Name, text: str = "", columns: Iterable[tuple[str, str]] = (), line: int = 0) -> None:
        """What people wrote about a dataset and its columns; says nothing where they wrote nothing."""
        said = tuple(DeclaredColumn(c, line=line, description=description(d)) for c, d in columns if d.strip())
        text = description(text)
        if text or said:
            self.declarations.append(
                Declaration(name, DESCRIBED, line, said, adds=True, description=text),
            )

    def doubt(self, name: Name, line: int) -> None:
        """The dataset may have other columns than whoever declares it says."""
        self.declarations.append(Declaration(name, DESCRIBED, line, adds=True, changed=True))

    def _rename(self, old: Name, new: Name, statement: int) -> None:
        """That statement gives a dataset another name. If one that had that name was renamed before, and is not declared here, its
        columns were others than those that the name stands for now."""
        at = self._gone.pop(new, -1)
        if self.last_declared(old) is None:
            self._gone[old] = statement
        if at >= 0:
            self._forget_list(at, new)

    def _forget_list(self, at: int, name: Name) -> None:
        statement = self.statements[at]
        relations = tuple(
            msgspec.structs.replace(r, columns=(STAR,)) if isinstance(r, TableRef) and r.name == name else r
            for r in statement.relations
        )
        self.statements[at] = msgspec.structs.replace(statement, relations=relations)

    def listed_by_query(self, declared: int) -> None:
        """The columns of what was declared as that number are those of the query that makes it."""
        self._redeclare(declared, columns=())

    def spell_columns(self, declared: int, written: dict[str, str]) -> None:
        """How the query that makes what was declared as that number writes its columns."""
        if written:
            self._redeclare(declared, spelled=written)

    def makes(self, statement: int, declared: int) -> None:
        """That statement's query makes what was declared as that number."""
        self._redeclare(declared, statement=statement)

    def _redeclare(self, number: int, **changes: object) -> None:
        self.declarations[number] = msgspec.structs.replace(self.declarations[number], **changes)

    def declared(self, name: Name) -> int:
        """The number of a name's first declaration; -1: it has none."""
        return next((k for k, d in enumerate(self.declarations) if d.name == name and d.kind != DESCRIBED), -1)

    def last_declared(self, name: Name) -> Declaration | None:
        """A name's last declaration that is more than an addition of columns."""
        return next((d for d in reversed(self.declarations) if d.name == name and not d.adds), None)

    def pass_out(self, program: Name, parameters: tuple[str, ...]) -> None:
        """What the program's parameters turned out to be called, those that nothing goes out of without a name."""
        for k, d in enumerate(self.declarations):
            if d.name == program and d.parameters:
                self._redeclare(k, parameters=parameters)

    def list_of(self, name: Name) -> tuple[DeclaredColumn, ...]:
        """The columns that a table has so far by what this text says of it; none where it does not make it, or of a query."""
        made = self.last_declared(name)
        if made is None or made.kind != "Table" or not made.columns or made.statement >= 0 or made.temporary:
            return ()
        columns = {c.name: c for c in made.columns}
        for d in self.declarations:
            if d.name == name and d.adds and d.kind == "Table":
                columns.update((c.name, c) for c in d.columns if c.name not in columns)
        return tuple(columns.values())

    def replace(self, old: Declaration) -> None:
        """A declaration is over: its dataset is declared again."""
        self._take_back(old)
        self.declarations.remove(old)

    def forget(self, name: Name, *, temporary: bool = True) -> None:
        """What was declared under this name is over (``temporary``: what is temporary stays)."""
        for d in self.declarations:
            if d.name == name:
                self._take_back(d)
        self.declarations[:] = [d for d in self.declarations if d.name != name or (temporary and d.temporary)]

    def copy_declaration(self, known: Declaration, name: Name) -> None:
        """Another name for what was declared."""
        display = self.spelled.get(name, ())
        self.declarations.append(msgspec.structs.replace(known, name=name, statement=-1, display=display))

    def rename_column(self, table: Name, old: str, new: str, line: int, display: str = "") -> None:
        """In this text's declaration of the table, if there is one. ``display``: see ``DeclaredColumn``."""
        for k, d in enumerate(self.declarations):
            if d.name == table and any(x.name == old for x in d.columns):
                self._take_back(d)
                self.former.append((table, old, line))
                columns = tuple(
                    msgspec.structs.replace(x, name=new, display=display) if x.name == old else x for x in d.columns
                )
                self._redeclare(k, columns=columns)
                if d.kind != DESCRIBED:
                    return
        self.declare(table, "Table", 0, (DeclaredColumn(new, display=display),), adds=True)

    def drop_columns(self, table: Name, gone: Collection[str], line: int) -> None:
        """In this text's declarations of the table. Of one that another text declares, nobody knows when it had them."""
        if gone and not any(d.name == table for d in self.declarations):
            self.doubt(table, line)
        for k, d in enumerate(self.declarations if gone else ()):
            if d.name == table and d.columns and not d.temporary:
                self._take_back(d)
                self.former.extend((table, x.name, line) for x in d.columns if x.name in gone)
                self._redeclare(k, columns=tuple(x for x in d.columns if x.name not in gone))


def _listed(declaration: Declaration) -> tuple[str, ...]:
    return tuple(c.name for c in declaration.columns)


def _behind(statement: StatementFacts, steps: int) -> StatementFacts:
    if not steps or not statement.path:
        return statement
    return msgspec.structs.replace(statement, path=tuple(step + steps for step in statement.path))


def known_model(name: Name, made: Name, version: int) -> Declaration:
    """What a dbt model makes, and its version if it is one (see ``model.MODEL``)."""
    return Declaration((*name, MODEL), MODEL, 1, like=made, version=version)


_SNAPSHOT: Final = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")


def snapshot_columns(made: Name, kind: str) -> Declaration:
    """What dbt adds to the columns of a snapshot's query."""
    return Declaration(made, kind, 0, tuple(map(DeclaredColumn, _SNAPSHOT)), adds=True)


def made_unread(kind: str, made: Name, line: int) -> tuple[StatementFacts, Declaration]:
    """A model whose query could not be read is made all the same."""
    statement = StatementFacts(StatementKind.DBT_MODEL, line, line, target=made, effect=Effect.MAKES)
    return statement, Declaration(made, kind, line)


def reading(statement: StatementFacts | None, names: Mapping[Name, int]) -> StatementFacts:
    """The statement (None: a query of which nothing is known) reads these, too, nobody knows which columns."""
    line = min(names.values())
    statement = statement or StatementFacts(StatementKind.SELECT, line, line)
    first = len(statement.relations)
    tables = tuple(TableRef(name, line) for name, line in names.items())
    query = Select(tuple(range(first, first + len(tables))), ())
    return msgspec.structs.replace(
        statement,
        relations=(*statement.relations, *tables, query),
        subqueries=(*statement.subqueries, first + len(tables)),
    )
