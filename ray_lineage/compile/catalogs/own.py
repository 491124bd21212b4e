"""Our own format of datasets, columns and edges, for whatever writes no other: ``docs/schemas/lineage-1.schema.json``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from ray_lineage.compile.facts import Facts, description
from ray_lineage.compile.jsontext import Fault, Lines, Piece, decoded, elements, members
from ray_lineage.compile.naming import apart, as_written, folded, is_written
from ray_lineage.dialects import DIALECTS
from ray_lineage.model import (
    DATASET_KINDS,
    STAR,
    TRANSFORMATIONS,
    DeclaredColumn,
    Diagnostic,
    FileFacts,
    Name,
    Output,
    Ref,
    Relation,
    Select,
    StatementKind,
    TableRef,
    split_text,
)

T = TypeVar("T")

FORMAT: Final = "ray_lineage/1"


class OwnColumn(msgspec.Struct, omit_defaults=True):
    name: str
    type: str = ""
    description: str = ""


class OwnDataset(msgspec.Struct, omit_defaults=True):
    """``name``: its parts, or dotted text."""

    name: list[str] | str
    kind: str = "Table"
    description: str = ""
    columns: list[OwnColumn] = []


class OwnEnd(msgspec.Struct, omit_defaults=True):
    """A dataset, or a column of one."""

    dataset: list[str] | str
    column: str = ""


class OwnEdge(msgspec.Struct, omit_defaults=True):
    source: OwnEnd
    target: OwnEnd
    transformation: str = "identity"
    certainty: str = "certain"
    expression: str = ""


class OwnFile(msgspec.Struct, omit_defaults=True):
    """All of a file. ``exact``: names are as this graph has them; else as the database of that ``dialect`` has them."""

    format: str
    dialect: str = ""
    exact: bool = False
    datasets: list[Raw] = []
    edges: list[Raw] = []


class _Edge(NamedTuple):
    edge: OwnEdge
    line: int


_file: Final = msgspec.json.Decoder(OwnFile)
_dataset: Final = msgspec.json.Decoder(OwnDataset)
_edge: Final = msgspec.json.Decoder(OwnEdge)


def compile_own(data: bytes, usual: str, diagnostics: Iterable[Diagnostic] = ()) -> FileFacts:
    """What a file of our own format says; ``usual``: the dialect of one that does not say its own."""
    piece, lines, facts = Piece(data, 0), Lines(data), Facts()
    found, parts = decoded(piece, _file), members(piece)
    if isinstance(found, Fault) or isinstance(parts, Fault):
        fault = found if isinstance(found, Fault) else parts
        assert isinstance(fault, Fault)
        return _broken(facts, fault.message, lines.line(fault.at), diagnostics)
    if found.format != FORMAT:
        return _broken(facts, f"its format is {found.format!r} and not {FORMAT!r}", 1, diagnostics)
    dialect = found.dialect if found.dialect in DIALECTS else usual
    _Reader(facts, lines, dialect, exact=found.exact).read(parts)
    return facts.file(dialect, tuple(diagnostics))


def _broken(facts: Facts, message: str, line: int, diagnostics: Iterable[Diagnostic]) -> FileFacts:
    facts.failed += 1
    facts.note("RL130", "error", f"this file of lineage cannot be read: {message}", line)
    return facts.file("", tuple(diagnostics))


class _Reader:
    def __init__(self, facts: Facts, lines: Lines, dialect: str, *, exact: bool) -> None:
        self._facts = facts
        self._lines = lines
        self._dialect = dialect
        self._exact = exact

    def read(self, parts: Mapping[str, Piece]) -> None:
        """All of a file."""
        for dataset, line in self._each(parts.get("datasets"), _dataset):
            name = self._name(dataset.name)
            kind = dataset.kind if dataset.kind in DATASET_KINDS else "Table"
            if name:
                columns = tuple(self._columns(dataset, line))
                texts = self._parts(dataset.name)
                if is_written(texts, name):
                    self._facts.spelled[name] = texts
                self._facts.declare(name, kind, line, columns, weak=True, about=dataset.description)
        targets: dict[tuple[Name, bool], list[_Edge]] = {}
        for edge, line in self._each(parts.get("edges"), _edge):
            target, source = self._name(edge.target.dataset), self._name(edge.source.dataset)
            if target and source:
                targets.setdefault((target, edge.certainty == "possible"), []).append(_Edge(edge, line))
        for (target, possible), edges in targets.items():
            self._statement(target, edges, possible=possible)

    def _each(self, part: Piece | None, decoder: msgspec.json.Decoder[T]) -> Iterator[tuple[T, int]]:
        listed = elements(part) if part is not None else []
        for piece in listed if isinstance(listed, list) else ():
            found = decoded(piece, decoder)
            line = self._lines.line(piece.at)
            if isinstance(found, Fault):
                self._facts.failed += 1
                self._facts.note(
                    "RL130", "warning", f"this part of a file of lineage cannot be read: {found.message}", line
                )
            else:
                yield found, line

    @staticmethod
    def _parts(given: list[str] | str) -> Name:
        return tuple(filter(None, split_text(given) if isinstance(given, str) else given))

    def _name(self, given: list[str] | str) -> Name:
        parts = self._parts(given)
        return parts if self._exact else tuple(folded(part, self._dialect) for part in parts)

    def _column(self, name: str) -> str:
        return name if self._exact or name == STAR else folded(name, self._dialect)

    def _columns(self, dataset: OwnDataset, line: int) -> Iterator[DeclaredColumn]:
        names = apart([(c.name,) for c in dataset.columns], self._dialect)
        for column in dataset.columns:
            name = column.name if self._exact else names[column.name,][0]
            about = description(column.description)
            yield DeclaredColumn(name, column.type, line, description=about, display=as_written(column.name, name))

    def _statement(self, target: Name, edges: list[_Edge], *, possible: bool) -> None:
        """All edges into one dataset."""
        tables = dict.fromkeys(self._name(e.edge.source.dataset) for e in edges)
        numbers = {name: k for k, name in enumerate(tables, 1)}
        columns = sorted(
            (e for e in edges if e.edge.source.column and e.edge.target.column),
            key=lambda e: e.edge.target.column == STAR,
        )
        outputs = tuple(
            Output(
                self._column(edge.target.column),
                (
                    Ref(
                        numbers[self._name(edge.source.dataset)], -1, self._column(edge.source.column), _how(edge), line
                    ),
                ),
                line,
                expression=edge.expression,
            )
            for edge, line in columns
        )
        lines = [e.line for e in edges]
        relations: tuple[Relation, ...] = (
            Select(tuple(numbers.values()), outputs),
            *(TableRef(name, min(lines)) for name in tables),
        )
        self._facts.statement(
            StatementKind.JOB, min(lines), max(lines), relations, 0, target, tuple(o.name or "" for o in outputs),
            possible=possible,
        )  # fmt: skip


def _how(edge: OwnEdge) -> int:
    return TRANSFORMATIONS.index(edge.transformation) if edge.transformation in TRANSFORMATIONS else 1
