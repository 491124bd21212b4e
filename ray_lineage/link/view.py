"""What one file may ask of the catalog, and noting what it did ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import msgspec

from ray_lineage.link.lists import ColumnList, decode_list
from ray_lineage.link.symbols import Declared
from ray_lineage.model import ALTERED, DESCRIBED, Details, Name, Remarks, Signature, dataset_text, is_temporary

LIST: Final = 1
SHAPE: Final = 2
MEANING: Final = 4
AMBIGUITY: Final = 8
SPELLING: Final = 16
EVERYTHING: Final = LIST | SHAPE | MEANING | AMBIGUITY | SPELLING
"""Bits of ``File.uses``: what was asked about a name, and about the dataset that it means."""

_details_decoder: Final = msgspec.msgpack.Decoder(Details)
_remarks_decoder: Final = msgspec.msgpack.Decoder(Remarks)
_NO_DETAILS: Final = Details((), (), ())
_NO_REMARKS: Final = Remarks("", {}, "")


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the catalog knows of a dataset: all its declarations, the describing one first, and its list where that is not
    the first one's."""

    declared: tuple[Declared, ...] = ()
    listed: bytes | None = b""

    def columns(self) -> ColumnList:
        """Complete column list."""
        return decode_list(self.declared[0].signature.columns if self.listed is None else self.listed)


NOTHING: Final = Known()


class Shape(NamedTuple):
    """What a statement may depend on, of a dataset that is declared, besides its list."""

    kind: str
    parameters: tuple[str, ...]
    passed: tuple[str, ...]
    """Columns for which an INSERT without a column list has no value."""
    certain: bool
    """Is its list what it surely has: is it declared, in whole and always alike, by DDL that says the list itself? Columns that
    others add are in the list; those that others take away may stay there."""
    doubted: bool = False
    """Does a file take away columns of it, or exchange it with another one?"""


def details(signature: Signature) -> Details:
    """The rest of a signature."""
    return _details_decoder.decode(signature.details) if signature.details else _NO_DETAILS


def owner_of(declared: tuple[Declared, ...]) -> Declared | None:
    """The declaration that describes the dataset: the first in path order, DDL before dumps."""
    return declared[0] if declared and not declared[0].signature.adds else None


def shape_of(declared: tuple[Declared, ...]) -> Shape | None:
    """None if nobody declares it."""
    owner = owner_of(declared)
    if owner is None:
        return None
    more = [details(d.signature) for d in declared]  # the owner's are the first
    passed = tuple(c for m in more for c in m.passed)
    certain = not any(m.changed for m in more) and _is_always_listed(declared)
    doubted = any(m.changed and d.signature.kind == DESCRIBED for m, d in zip(more, declared, strict=True))
    return Shape(owner.signature.kind, more[0].parameters, passed, certain, doubted)


_LISTED: Final = frozenset({"Table", "View", "MaterializedView"})


def _is_always_listed(declared: tuple[Declared, ...]) -> bool:
    whole = [d.signature for d in declared if not d.signature.adds]
    first = whole[0]
    if not first.columns or first.kind not in _LISTED:
        return False
    return all(s.columns == first.columns and not s.weak for s in whole)


def types_of(declared: tuple[Declared, ...]) -> dict[str, str]:
    """Types of columns: as the first one says that has the column, but what is altered counts."""
    altered = [d for d in declared if d.signature.kind == ALTERED]
    first = [d for d in reversed(declared) if d.signature.kind != ALTERED]
    return {
        column: type_
        for d in (*first, *altered)
        for column, type_ in zip(decode_list(d.signature.columns) or (), details(d.signature).types, strict=False)
    }


class Descriptions(NamedTuple):
    """What people wrote about a dataset and its columns, where OpenLineage says that it lives, and how the last parts of its name
    and its columns are written, where that differs."""

    text: str
    columns: dict[str, str]
    namespace: str
    display: Name = ()
    spelled: Mapping[str, str] = MappingProxyType({})


def descriptions_of(declared: tuple[Declared, ...]) -> Descriptions:
    """As the first one says that says something: what declares a dataset before what adds to it, of those of one file the last."""
    text = namespace = ""
    columns: dict[str, str] = {}
    for said in _said(declared):
        text, namespace = text or said.text, namespace or said.namespace
        columns = {**said.columns, **columns}
    return Descriptions(text, columns, namespace, *spelling_of(declared))


def spelling_of(declared: tuple[Declared, ...]) -> tuple[Name, dict[str, str]]:
    """As the declaration that describes the dataset writes them, then as others do: a column that one has without a spelling of
    its own is written as it is called."""
    display: Name = ()
    columns: dict[str, str] = {}
    for d in declared:
        said = _remarks_decoder.decode(d.signature.remarks) if d.signature.remarks else _NO_REMARKS
        if d is declared[0]:
            display = said.display
        if said.spelled or columns:
            listed = decode_list(d.signature.columns) or ()
            columns = {**said.spelled, **{c: said.spelled.get(c, c) for c in listed}, **columns}
    return display, {name: written for name, written in columns.items() if name != written}


def _said(declared: tuple[Declared, ...]) -> Iterator[Remarks]:
    """In the order in which they count."""
    found = [d for d in declared if d.signature.remarks]
    for d in sorted(found, key=lambda d: (d.signature.weak, d.signature.adds, d.path, -d.position)):
        yield _remarks_decoder.decode(d.signature.remarks)


class Answers(Protocol):
    """A settled catalog. Names and datasets are canonical text."""

    def meaning(self, name: str) -> tuple[str, bool]:
        """Which dataset a name means, and whether it could be several."""
        ...

    def known(self, dataset: str) -> Known:
        """What is known of a dataset."""
        ...

    def covered(self, path: str) -> str:
        """The file that has the lineage of another one; "": none has."""
        ...


class FileView:
    """The catalog as one file sees it."""

    def __init__(self, catalog: Answers) -> None:
        self._catalog = catalog
        self._meanings: dict[Name, str] = {}
        self._meant: set[str] = set()
        self._doubted: set[str] = set()
        self._known: dict[str, Known] = {}
        self._lists: dict[str, ColumnList] = {}
        self._shapes: dict[str, Shape | None] = {}
        self._spelled: dict[str, dict[str, str]] = {}

    def _look(self, dataset: str) -> Known:
        found = self._known.get(dataset)
        if found is None:
            found = self._known[dataset] = self._catalog.known(dataset)
        return found

    def resolve(self, name: Name) -> str:
        """Canonical text of the dataset that a written name means. A temporary one means itself."""
        found = self._meanings.get(name)
        if found is None:
            text = dataset_text(name)
            self._meant.add(text)
            found = self._meanings[name] = text if is_temporary(name) else self._catalog.meaning(text)[0]
        return found

    def ambiguous(self, name: Name) -> bool:
        """Could it be several datasets?"""
        text = dataset_text(name)
        self._doubted.add(text)
        return self._catalog.meaning(text)[1]

    def columns(self, dataset: str) -> ColumnList:
        """Complete column list of a dataset, None if not known."""
        if dataset not in self._lists:
            self._lists[dataset] = self._look(dataset).columns()
        return self._lists[dataset]

    def shape(self, dataset: str) -> Shape | None:
        """What is declared of it besides the list; None if nobody declares it."""
        if dataset not in self._shapes:
            self._shapes[dataset] = shape_of(self._look(dataset).declared)
        return self._shapes[dataset]

    def owner(self, dataset: str) -> Declared | None:
        """The declaration that describes it. For those that declare it: not noted."""
        return owner_of(self._look(dataset).declared)

    def types(self, dataset: str) -> dict[str, str]:
        """Types of its columns. For the one that describes it: not noted."""
        return types_of(self._look(dataset).declared)

    def spelled(self, dataset: str) -> dict[str, str]:
        """How its declarations write its columns, where letters' case differs."""
        if dataset not in self._spelled:
            self._spelled[dataset] = spelling_of(self._look(dataset).declared)[1]
        return self._spelled[dataset]

    def descriptions(self, dataset: str) -> Descriptions:
        """What is written about it. For the one that describes it: not noted, but for the datasets whose columns a star of its query
        stands for: these are written as there."""
        declared = self._look(dataset).declared
        said, owner = descriptions_of(declared), owner_of(declared)
        if owner is None or not owner.signature.query:
            return said
        return said._replace(spelled={**self._through_stars(dataset, owner.signature.reads), **said.spelled})

    def _through_stars(self, dataset: str, reads: Iterable[str]) -> dict[str, str]:
        sources = [self._catalog.meaning(name)[0] for name in reads]
        out: dict[str, str] = {}
        for column in self.columns(dataset) or ():
            source = next((s for s in sources if column in (self.columns(s) or ())), None)
            if source is not None and column in self.spelled(source):
                out[column] = self.spelled(source)[column]
        return out

    def uses(self, names: Iterable[str]) -> bytes:
        """What was asked about each of the file's names."""
        return bytes(map(self._use, names))

    def _use(self, name: str) -> int:
        meaning = self._catalog.meaning(name)[0]
        return (
            LIST * (meaning in self._lists)
            + SHAPE * (meaning in self._shapes)
            + MEANING * (name in self._meant)
            + AMBIGUITY * (name in self._doubted)
            + SPELLING * (meaning in self._spelled)
        )
