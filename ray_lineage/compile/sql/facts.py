"""The facts of one text, and the only place where they are made: statements get their ordinals here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import LITERALS
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.model import (
    MODEL,
    Assignment,
    Call,
    Declaration,
    DeclaredColumn,
    Diagnostic,
    ForeignKey,
    Influence,
    Name,
    Relation,
    Select,
    StatementFacts,
    TableRef,
)

_EXCERPT: Final = 300  # characters


class Place(NamedTuple):
    """Where a statement stands: the text that its tokens are of, the branches around it, the routine's key. ``possible``: part
    of the text is unknown."""

    text: str
    path: tuple[int, ...]
    routine: str
    possible: bool


class Facts:
    """What was found so far."""

    def __init__(self) -> None:
        self.statements: list[StatementFacts] = []
        self.declarations: list[Declaration] = []
        self.diagnostics: list[Diagnostic] = []
        self.calls: list[Call] = []
        self.foreign_keys: list[ForeignKey] = []
        self.failed = 0  # statements that could not be read

    def note(self, code: str, severity: str, message: str, line: int, column: int = 0) -> None:
        """One more diagnostic."""
        self.diagnostics.append(Diagnostic(code, severity, message, line, column))

    def call(self, caller: Name, callee: Name, line: int) -> None:
        """``caller`` runs ``callee``."""
        self.calls.append(Call(caller, callee, line))

    def foreign_key(
        self, table: Name, columns: tuple[str, ...], other: Name, others: tuple[str, ...], line: int
    ) -> None:
        """``columns`` of ``table`` refer to ``others`` of ``other``."""
        self.foreign_keys.append(ForeignKey(table, columns, other, others, line))

    def add(
        self,
        place: Place,
        tokens: Sequence[Token],
        kind: str,
        relations: Sequence[Relation],
        *,
        root: int,
        target: Name,
        columns: tuple[str, ...],
        assignments: tuple[Assignment, ...],
        scope: int,
        defines: bool,
        influences: Sequence[Influence],
        subqueries: tuple[int, ...],
        preset: tuple[str, ...],
        declared: int,
        locations: Mapping[Name, int],
    ) -> None:
        """One more statement. It makes what was ``declared`` as that number, if any; locations that it names are datasets."""
        if declared >= 0:
            self._redeclare(declared, statement=len(self.statements))
        if locations:
            named = [target, *(r.name for r in relations if isinstance(r, TableRef))]
            self._declare_locations([n for n in named if n in locations], locations)
        first, last = tokens[0], tokens[-1]
        self.statements.append(
            StatementFacts(
                kind,
                start_line(first),
                last.line,
                tuple(relations),
                root,
                target,
                columns,
                assignments,
                scope,
                defines,
                tuple(influences),
                subqueries,
                place.routine,
                excerpt(place.text, tokens),
                _column_of(place.text, first.start),
                _column_of(place.text, last.end),
                place.possible,
                place.path,
                preset,
            )
        )

    # ------------------------------------------------------------------ declarations

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
    ) -> int:
        """One more declaration; its number is for :meth:`add` of the statement that makes it."""
        self.declarations.append(Declaration(name, kind, line, columns, -1, temporary, adds, like, owner, parameters))
        return len(self.declarations) - 1

    def _declare_locations(self, found: Sequence[Name], locations: Mapping[Name, int]) -> None:
        known = {d.name for d in self.declarations}
        for name in dict.fromkeys(found):
            if name not in known:
                self.declare(name, "External", locations[name])

    def _redeclare(self, number: int, **changes: object) -> None:
        self.declarations[number] = msgspec.structs.replace(self.declarations[number], **changes)

    def declared(self, name: Name) -> int:
        """The number of a name's first declaration; -1: it has none."""
        return next((k for k, d in enumerate(self.declarations) if d.name == name), -1)

    def last_declared(self, name: Name) -> Declaration | None:
        """A name's last declaration that is more than an addition of columns."""
        return next((d for d in reversed(self.declarations) if d.name == name and not d.adds), None)

    def replace(self, old: Declaration) -> None:
        """A declaration is over: its dataset is declared again."""
        self.declarations.remove(old)

    def forget(self, name: Name, *, temporary: bool = True) -> None:
        """What was declared under this name is over (``temporary``: what is temporary stays)."""
        self.declarations[:] = [d for d in self.declarations if d.name != name or (temporary and d.temporary)]

    def copy_declaration(self, known: Declaration, name: Name) -> None:
        """Another name for what was declared."""
        self.declarations.append(msgspec.structs.replace(known, name=name, statement=-1))

    def rename_column(self, table: Name, old: str, new: str) -> None:
        """In this text's declaration of the table, if there is one."""
        for k, d in enumerate(self.declarations):
            if d.name == table and any(x.name == old for x in d.columns):
                columns = tuple(msgspec.structs.replace(x, name=new) if x.name == old else x for x in d.columns)
                self._redeclare(k, columns=columns)
                return
        self.declare(table, "Table", 0, (DeclaredColumn(new),), adds=True)

    def drop_columns(self, table: Name, gone: Collection[str]) -> None:
        """In this text's declarations of the table."""
        for k, d in enumerate(self.declarations if gone else ()):
            if d.name == table and d.columns and not d.temporary:
                self._redeclare(k, columns=tuple(x for x in d.columns if x.name not in gone))


def known_model(name: Name, made: Name, version: int) -> Declaration:
    """What a dbt model makes, and its version if it is one (see ``model.MODEL``)."""
    return Declaration((*name, MODEL), MODEL, 1, like=made, version=version)


def made_unread(kind: str, made: Name, line: int) -> tuple[StatementFacts, Declaration]:
    """A model whose query could not be read is made all the same."""
    return StatementFacts("dbt_model", line, line, target=made, defines=True), Declaration(made, kind, line)


def reading(statement: StatementFacts | None, names: Mapping[Name, int]) -> StatementFacts:
    """The statement (None: a query of which nothing is known) reads these, too, nobody knows which columns."""
    line = min(names.values())
    statement = statement or StatementFacts("select", line, line)
    first = len(statement.relations)
    tables = tuple(TableRef(name, line) for name, line in names.items())
    query = Select(tuple(range(first, first + len(tables))), ())
    return msgspec.structs.replace(
        statement,
        relations=(*statement.relations, *tables, query),
        subqueries=(*statement.subqueries, first + len(tables)),
    )


def excerpt(text: str, tokens: Sequence[Token], most: int = _EXCERPT) -> str:
    """The tokens' beginning without comments, and with literals replaced by ``?``: they may hold secrets."""
    out: list[str] = []
    size, end = 0, -1
    for token in tokens:
        start = token.start
        if start > end + 1 and out:
            out.append(" ")
        end = token.end
        out.append("?" if token.token_type in LITERALS else text[start : end + 1])
        size += end - start + 2
        if size > most:
            return "".join(out)[:most] + "…"
    return "".join(out)


def _column_of(text: str, offset: int) -> int:
    return offset - text.rfind("\n", 0, offset)
