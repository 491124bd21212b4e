"""Facts without what was only written into gaps: nothing is said of a table, column or program whose name is not known.

A table whose schema is not known is that table, and what is said of it is possible; one whose own name is not known is nobody's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from ray_lineage.compile.python.gaps import NAME
from ray_lineage.model import (
    STAR,
    Alias,
    Assignment,
    Declaration,
    FileFacts,
    Influence,
    Local,
    Name,
    Output,
    Ref,
    Relation,
    Select,
    StatementFacts,
    TableRef,
)

_MARK: Final = f"{Local.TABLE}?"
"""Begins the names of temporary tables that nothing comes into."""

_NOBODY: Final = -2
"""For the moment, the number of the table that nothing comes from."""


def only_known(facts: FileFacts, first: int) -> FileFacts:
    """``first``: a number for the first of its unknown tables, so that they differ from those of other texts."""
    return _Filter(first).facts(facts)


def unknown_tables(facts: FileFacts) -> int:
    """How many tables of it have names that are not known (see :func:`only_known`)."""
    names = {n for s in facts.statements for n in (s.target, *(r.name for r in s.relations if isinstance(r, TableRef)))}
    return sum(1 for name in names if name and name[0].startswith(_MARK))


class _Filter:
    """Takes unknown names out of the facts of one text."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.numbers: dict[Name, int] = {}
        self.doubtful = False

    def facts(self, facts: FileFacts) -> FileFacts:
        declarations = tuple(self._declaration(d) for d in facts.declarations)
        kept = tuple(d for d in declarations if not self._nobody(d.name))
        return msgspec.structs.replace(
            facts,
            statements=tuple(map(self._statement, facts.statements)),
            declarations=kept,
            diagnostics=tuple(
                msgspec.structs.replace(d, message=NAME.sub("{…}", d.message)) for d in facts.diagnostics
            ),
            calls=tuple(c for c in facts.calls if not _unknown(*c.caller, *c.callee)),
            foreign_keys=tuple(
                k for k in facts.foreign_keys if not _unknown(*k.table, *k.columns, *k.other, *k.others)
            ),
        )

    @staticmethod
    def _nobody(name: Name) -> bool:
        return bool(name) and name[0].startswith(_MARK)

    def _name(self, name: Name) -> Name:
        """The known end of a name; of one that is not known, a temporary table that nothing comes into."""
        if not _unknown(*name):
            return name
        for k in range(len(name) - 1, -1, -1):
            if _unknown(name[k]):
                if k < len(name) - 1 and name[0] != "external" and name[-1] != STAR:
                    self.doubtful = True
                    return name[k + 1 :]
                break
        return (f"{_MARK}{self.first + self.numbers.setdefault(name, len(self.numbers))}",)

    def _declaration(self, declaration: Declaration) -> Declaration:
        name = self._name(declaration.name)
        columns = declaration.columns
        if any(_unknown(c.name) for c in columns):
            columns = ()
        if name == declaration.name and columns == declaration.columns:
            return declaration
        return msgspec.structs.replace(declaration, name=name, columns=columns)

    # ------------------------------------------------------------------ statements

    def _statement(self, s: StatementFacts) -> StatementFacts:
        self.doubtful = False
        target = self._name(s.target)
        relations = [self._relation(r) for r in s.relations]
        columns = s.columns
        if s.root >= 0 and _unknown(*columns):
            columns = ()
            relations[s.root] = _without_outputs(relations[s.root])
        return msgspec.structs.replace(
            s,
            target=target,
            relations=tuple(self._with_nobody(relations)),
            columns=columns,
            assignments=tuple(
                Assignment(a.column, _known_refs(a.refs), a.line, NAME.sub("?", a.expression))
                for a in s.assignments
                if not _unknown(a.column)
            ),
            influences=_known_influences(s.influences),
            procedure="" if _unknown(s.procedure) else s.procedure,
            sql=NAME.sub("{…}", s.sql),
            possible=s.possible or self.doubtful,
            preset=tuple(p for p in s.preset if not _unknown(p)),
        )

    def _relation(self, relation: Relation) -> Relation:
        if isinstance(relation, TableRef):
            name = self._name(relation.name)
            return msgspec.structs.replace(relation, name=name, args=_known_refs(relation.args))
        if isinstance(relation, Alias):
            return relation
        if isinstance(relation, Select):
            outputs = tuple(_output(o) for o in relation.outputs)
            return msgspec.structs.replace(relation, outputs=outputs, influences=_known_influences(relation.influences))
        return relation

    @staticmethod
    def _with_nobody(relations: list[Relation]) -> list[Relation]:
        """With the table that stands for what gives unknown columns, if there are any."""
        nobody = len(relations)
        out: list[Relation] = []
        used = False
        for relation in relations:
            if isinstance(relation, Select) and any(_of_nobody(o) for o in relation.outputs):
                used = True
                outputs = tuple(
                    msgspec.structs.replace(o, refs=(Ref(nobody, -1, STAR, 0, o.line),)) if _of_nobody(o) else o
                    for o in relation.outputs
                )
                out.append(msgspec.structs.replace(relation, outputs=outputs))
            else:
                out.append(relation)
        return [*out, TableRef((_MARK,), 0)] if used else out


def _unknown(*names: str) -> bool:
    return any(NAME.search(name) for name in names)


def _known_refs(refs: Iterable[Ref]) -> tuple[Ref, ...]:
    return tuple(r for r in refs if not _unknown(r.name))


def _known_influences(influences: Iterable[Influence]) -> tuple[Influence, ...]:
    return tuple(i for i in influences if not _unknown(i.ref.name))


def _of_nobody(output: Output) -> bool:
    return output.star and bool(output.refs) and output.refs[0].relation == _NOBODY


def _output(output: Output) -> Output:
    """Of an output that is nothing but unknown nobody can say how many it is: all columns of nobody."""
    if output.name is not None and _unknown(output.name):
        return Output(None, (Ref(_NOBODY, -1, STAR, 0, output.line),), output.line, output.column, star=True)
    refs = _known_refs(output.refs)
    if refs == output.refs and not _unknown(output.expression):
        return output
    return msgspec.structs.replace(output, refs=refs, expression=NAME.sub("?", output.expression))


def _without_outputs(relation: Relation) -> Relation:
    return msgspec.structs.replace(relation, outputs=()) if isinstance(relation, Select) else relation
