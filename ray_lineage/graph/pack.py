"""The rows of many files, ready for a store: columns of values, and numbers in place of text ids.

Made where files are linked, in any process; only bytes travel. A store maps a pack's own numbers to its keys with a list
each, and never looks into a row. Relationships are in the order of ``schema.RELS``' columns, with the file's number after
the ends; the source of READS and WRITES is the ordinal of a statement of that file. Texts of which the schema declares all
(``Prop.choices``) are their positions. CONTAINS and HAS_COLUMN follow from statements and columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from ray_lineage.graph.schema import COLUMN, CONTAINS, DATASET, FILE, RELS, STATEMENT, Rel
from ray_lineage.model import (
    DATASET_KINDS,
    Contribution,
    Row,
    column_id,
    dataset_id,
    file_id,
    split_text,
    statement_id,
)

PACKED: Final = tuple(r for r in RELS if r is not CONTAINS)
"""Relationship types that a pack holds rows of."""

_KIND: Final = {kind: position for position, kind in enumerate(DATASET_KINDS)}


class Files(msgspec.Struct, frozen=True, array_like=True):
    """Columns of File rows. A file's number is its position."""

    path: list[str] = []
    sha256: list[str] = []
    dialect: list[str] = []
    fingerprint: list[str] = []
    status: list[str] = []
    diagnostics: list[str] = []
    statements: list[int] = []
    origin: list[str | None] = []


class Columns(msgspec.Struct, frozen=True, array_like=True):
    """Columns that some row mentions: number of the dataset, name. A column's number is its position."""

    dataset: list[int] = []
    name: list[str] = []


class DescribedDatasets(msgspec.Struct, frozen=True, array_like=True):
    """What files say of datasets; the rest of a Dataset row follows from its name."""

    dataset: list[int] = []
    kind: list[int] = []  # position in model.DATASET_KINDS
    description: list[str | None] = []
    namespace: list[str | None] = []
    display: list[str | None] = []
    file: list[int] = []


class DescribedColumns(msgspec.Struct, frozen=True, array_like=True):
    """What files say of columns."""

    column: list[int] = []
    ordinal: list[int | None] = []
    type: list[str | None] = []
    description: list[str | None] = []
    display: list[str | None] = []
    file: list[int] = []


class Statements(msgspec.Struct, frozen=True, array_like=True):
    """Columns of Statement rows; those of a file follow one another."""

    file: list[int] = []
    ordinal: list[int] = []
    kind: list[str] = []
    first_line: list[int] = []
    last_line: list[int] = []
    procedure: list[str | None] = []
    sql: list[str] = []


class Pack(msgspec.Struct, frozen=True, array_like=True):
    """See the module. ``rels`` holds the columns (source, target, file, *props) of each type of :data:`PACKED`."""

    files: Files
    datasets: list[str]  # names; a dataset's number is its position
    described_datasets: DescribedDatasets
    columns: Columns
    described_columns: DescribedColumns
    statements: Statements
    rels: list[list[list[int | str | None]]]

    @property
    def rows(self) -> int:
        """How many rows the graph gets, of shared nodes those that are mentioned here."""
        rels = sum(len(columns[0]) for columns in self.rels)
        return len(self.files.path) + len(self.datasets) + len(self.columns.name) + len(self.statements.file) + rels


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Pack)


def encode_pack(pack: Pack) -> bytes:
    """As it travels between processes."""
    return _encoder.encode(pack)


def decode_pack(data: bytes | memoryview) -> Pack:
    """Inverse of :func:`encode_pack`. Raises ``msgspec.DecodeError`` on foreign bytes."""
    return _decoder.decode(data)


def pack(project: str, contributions: Iterable[Contribution]) -> Pack:
    """Pack the contributions of distinct files."""
    packer = _Packer(project)
    for number, contribution in enumerate(contributions):
        packer.add(number, contribution)
    return packer.packed()


def unpack(project: str, packed: Pack) -> list[Contribution]:
    """What was packed."""
    names = _Names(project, packed)
    found = [_Found(names, number) for number in range(len(names.files))]
    for file, *row in zip(range(len(names.files)), *msgspec.structs.astuple(packed.files), strict=True):
        found[file].add("File", (names.files[file], project, *row))
    for file, *row in zip(*msgspec.structs.astuple(packed.statements), strict=True):
        found[file].state(*row)
    for number, kind, *said, file in zip(*msgspec.structs.astuple(packed.described_datasets), strict=True):
        found[file].describe_dataset(number, DATASET_KINDS[kind], *said)
    for number, ordinal, declared_type, *said, file in zip(
        *msgspec.structs.astuple(packed.described_columns), strict=True
    ):
        found[file].describe_column(number, ordinal, declared_type, *said)
    for rel, columns in zip(PACKED, packed.rels, strict=True):
        for source, target, file, *props in zip(*columns, strict=True):
            found[int(file)].relate(rel, source, target, props)
    return [f.contribution() for f in found]


class _Packer:
    """Rows of all files, each with its file's number, and the numbers that were given out."""

    def __init__(self, project: str) -> None:
        self.project = project
        self._names: list[str] = []  # of datasets
        self._datasets: dict[str, int] = {}  # by Dataset.id
        self._columns: dict[str, int] = {}  # by Column.id
        self._of_columns = Columns([], [])
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._files: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, file: int, contribution: Contribution) -> None:
        for name in contribution.datasets:
            self._dataset(name)
        known, new = self._columns, self._of_columns
        for dataset, name in contribution.columns:
            identity = column_id(self.project, dataset, name)
            if identity not in known:
                known[identity] = len(known)
                new.dataset.append(self._dataset(dataset))
                new.name.append(name)
        for kind, rows in contribution.rows.items():
            self._rows[kind] += rows
            self._files[kind] += [file] * len(rows)

    def _dataset(self, name: str) -> int:
        identity = dataset_id(self.project, name)
        number = self._datasets.get(identity)
        if number is None:
            number = self._datasets[identity] = len(self._datasets)
            self._names.append(name)
        return number

    def packed(self) -> Pack:
        _, _, *files = self._values("File", FILE.columns)
        _, _, *statements = self._values("Statement", STATEMENT.columns)
        datasets = self._values("Dataset", DATASET.columns)
        columns = self._values("Column", COLUMN.columns)
        described = (
            self._ends("Dataset", datasets[0]),
            map(_KIND.__getitem__, datasets[6]),
            *datasets[9:],
            self._files["Dataset"],
        )
        said = self._ends("Column", columns[0]), *columns[3:5], *columns[7:], self._files["Column"]
        return Pack(
            Files(*_lists(files)),
            self._names,
            DescribedDatasets(*_lists(described)),
            self._of_columns,
            DescribedColumns(*_lists(said)),
            Statements(self._files["Statement"], *_lists(statements)),
            [self._related(rel) for rel in PACKED],
        )

    def _values(self, kind: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Of each column."""
        return list(zip(*self._rows[kind], strict=True)) or [()] * len(columns)

    def _related(self, rel: Rel) -> list[list[Any]]:
        sources, targets, *props = self._values(rel.type, rel.columns)
        files = self._files[rel.type]
        values = (map(p.choices.index, v) if p.choices else v for p, v in zip(rel.props, props, strict=True))
        ends = self._ends(rel.source, sources, files), self._ends(rel.target, targets, files)
        return [*_lists(ends), files, *_lists(values)]

    def _ends(self, label: str, ids: Sequence[str], files: Iterable[int] = ()) -> Iterable[int]:
        match label:
            case "Dataset":
                return map(self._datasets.__getitem__, ids)
            case "Column":
                return map(self._columns.__getitem__, ids)
            case "Statement":
                return (int(i.rpartition("#")[2]) for i in ids)
            case _:
                return files


def _lists(columns: Iterable[Iterable[Any]]) -> list[list[Any]]:
    return list(map(list, columns))


class _Names:
    """The ids that a pack's numbers stand for."""

    def __init__(self, project: str, packed: Pack) -> None:
        self.project = project
        self.packed = packed
        self.files = [file_id(project, p) for p in packed.files.path]
        self.datasets = [dataset_id(project, d) for d in packed.datasets]
        self.pairs = [(packed.datasets[d], c) for d, c in zip(packed.columns.dataset, packed.columns.name, strict=True)]
        self.columns = [column_id(project, d, c) for d, c in self.pairs]


class _Found:
    """One file's rows, as they are found in a pack."""

    def __init__(self, names: _Names, file: int) -> None:
        self._names = names
        self._number = file
        self._file = names.files[file]
        self._rows: dict[str, list[Row]] = {}
        self._datasets: set[int] = set()
        self._columns: set[int] = set()

    def add(self, kind: str, row: Row) -> None:
        self._rows.setdefault(kind, []).append(row)

    def state(self, ordinal: int, *row: Any) -> None:
        identity = statement_id(self._file, ordinal)
        self.add("Statement", (identity, self._file, ordinal, *row))
        self.add("CONTAINS", (self._file, identity))

    def describe_dataset(self, number: int, kind: str, *said: str | None) -> None:
        self._datasets.add(number)
        name = self._names.packed.datasets[number]
        self.add("Dataset", dataset_row(self._names.project, name, kind, self._file, *said))

    def describe_column(self, number: int, ordinal: int | None, declared_type: str | None, *said: str | None) -> None:
        self._columns.add(number)
        dataset, name = self._names.pairs[number]
        row = (dataset_id(self._names.project, dataset), name, ordinal, declared_type, True, self._file, *said)
        self.add("Column", (self._names.columns[number], *row))

    def relate(self, rel: Rel, source: Any, target: Any, props: Sequence[Any]) -> None:
        texts = (p.choices[v] if p.choices else v for p, v in zip(rel.props, props, strict=True))
        self.add(rel.type, (self._end(rel.source, source), self._end(rel.target, target), *texts))

    def _end(self, label: str, number: int) -> str:
        match label:
            case "Dataset":
                self._datasets.add(number)
                return self._names.datasets[number]
            case "Column":
                self._columns.add(number)
                return self._names.columns[number]
            case "Statement":
                return statement_id(self._file, number)
            case _:
                return self._file

    def contribution(self) -> Contribution:
        packed = self._names.packed
        datasets = self._datasets | {packed.columns.dataset[c] for c in self._columns}
        return Contribution(
            self._file,
            packed.files.path[self._number],
            packed.files.fingerprint[self._number],
            self._rows,
            sorted(packed.datasets[d] for d in datasets),
            sorted(self._names.pairs[c] for c in self._columns),
        )


def dataset_row(
    project: str,
    name: str,
    kind: str,
    owner: str | None,
    description: str | None = None,
    namespace: str | None = None,
    display: str | None = None,
) -> Row:
    """A Dataset row; described if it has an owner."""
    parts = split_text(name)
    catalog = parts[-3] if len(parts) > 2 else None
    schema = parts[-2] if len(parts) > 1 else None
    described = (kind, owner is not None, owner, description, namespace, display)
    return (dataset_id(project, name), project, name, catalog, schema, parts[-1], *described)
