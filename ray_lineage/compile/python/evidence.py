"""Facts with the lines of another numbering: those of a notebook's cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from ray_lineage.compile.python.cells import Line
from ray_lineage.model import (
    Diagnostic,
    FileFacts,
    Influence,
    Output,
    Ref,
    Relation,
    Select,
    StatementFacts,
    TableRef,
)

_CELL: Final = "cell "


def in_cells(facts: FileFacts, places: Sequence[Line]) -> FileFacts:
    """With each line as that of its cell; statements and diagnostics say which cell that is."""
    cells = _Cells(places)
    statements = tuple(map(cells.statement, facts.statements))
    return msgspec.structs.replace(
        facts,
        statements=statements,
        session=tuple(
            dict.fromkeys((*facts.session, *(s.procedure for s in statements if s.procedure.startswith(_CELL))))
        ),
        declarations=tuple(
            msgspec.structs.replace(
                d,
                line=cells.line(d.line),
                columns=tuple(msgspec.structs.replace(c, line=cells.line(c.line)) for c in d.columns),
            )
            for d in facts.declarations
        ),
        diagnostics=tuple(map(cells.diagnostic, facts.diagnostics)),
        calls=tuple(msgspec.structs.replace(c, line=cells.line(c.line)) for c in facts.calls),
        foreign_keys=tuple(msgspec.structs.replace(k, line=cells.line(k.line)) for k in facts.foreign_keys),
    )


class _Cells:
    """Knows where lines are."""

    def __init__(self, places: Sequence[Line]) -> None:
        self.places = places

    def line(self, number: int) -> int:
        return self.places[number - 1].line if 0 < number <= len(self.places) else number

    def cell(self, number: int) -> str:
        return f"{_CELL}{self.places[number - 1].cell}" if 0 < number <= len(self.places) else ""

    def diagnostic(self, found: Diagnostic) -> Diagnostic:
        cell = self.cell(found.line)
        return msgspec.structs.replace(
            found, line=self.line(found.line), message=f"{cell}: {found.message}" if cell else found.message
        )

    def statement(self, s: StatementFacts) -> StatementFacts:
        return msgspec.structs.replace(
            s,
            first_line=self.line(s.first_line),
            last_line=self.line(s.last_line),
            relations=tuple(map(self._relation, s.relations)),
            assignments=tuple(
                msgspec.structs.replace(a, refs=self._refs(a.refs), line=self.line(a.line)) for a in s.assignments
            ),
            influences=self._influences(s.influences),
            procedure=s.procedure or self.cell(s.first_line),
        )

    def _refs(self, refs: Sequence[Ref]) -> tuple[Ref, ...]:
        return tuple(msgspec.structs.replace(r, line=self.line(r.line)) for r in refs)

    def _influences(self, influences: Sequence[Influence]) -> tuple[Influence, ...]:
        return tuple(Influence(self._refs((i.ref,))[0], i.how) for i in influences)

    def _relation(self, relation: Relation) -> Relation:
        if isinstance(relation, TableRef):
            return msgspec.structs.replace(relation, line=self.line(relation.line), args=self._refs(relation.args))
        if isinstance(relation, Select):
            outputs = tuple(map(self._output, relation.outputs))
            return msgspec.structs.replace(relation, outputs=outputs, influences=self._influences(relation.influences))
        return relation

    def _output(self, output: Output) -> Output:
        return msgspec.structs.replace(output, refs=self._refs(output.refs), line=self.line(output.line))
