"""The settled catalog for other processes, and linking a file there.

The process that holds the linker settles the catalog once (:meth:`Linker.settle`) and gives it away as bytes; whoever has
them links any share of the files, with the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from ray_lineage.link.catalog import ColumnList, Declared
from ray_lineage.link.contribute import LinkCatalog, contribute
from ray_lineage.model import Contribution, Name, dataset_text, decode_facts

_encoder: Final = msgspec.msgpack.Encoder()


class _Shared(msgspec.Struct, frozen=True, array_like=True):
    """What files may ask, by canonical text. Names that mean themselves are left out, and lists that nobody knows."""

    meanings: dict[str, tuple[str, bool]]
    lists: dict[str, msgspec.Raw]
    declarations: dict[str, msgspec.Raw]


_decoder: Final = msgspec.msgpack.Decoder(_Shared)
_list_decoder: Final = msgspec.msgpack.Decoder(tuple[str, ...])
_declarations_decoder: Final = msgspec.msgpack.Decoder(list[Declared])
_uses_encoder: Final = msgspec.msgpack.Encoder()
_uses_decoder: Final = msgspec.msgpack.Decoder(tuple[str, ...])


def encode_shared(
    meanings: Mapping[str, tuple[str, bool]],
    lists: Mapping[str, ColumnList],
    declarations: Mapping[str, Iterable[Declared]],
) -> bytes:
    """Bytes for :class:`SharedCatalog`."""
    return _encoder.encode((meanings, lists, declarations))


class SharedCatalog:
    """A settled catalog, opened from :meth:`Linker.shared`. Only what is asked for is decoded.

    Raises msgspec.DecodeError on foreign bytes.
    """

    def __init__(self, data: bytes) -> None:
        self._shared = _decoder.decode(data)

    def resolve(self, name: Name) -> str:
        text = dataset_text(name)
        found = self._shared.meanings.get(text)
        return found[0] if found is not None else text

    def ambiguous(self, name: Name) -> bool:
        found = self._shared.meanings.get(dataset_text(name))
        return found is not None and found[1]

    def columns(self, dataset: str) -> ColumnList:
        found = self._shared.lists.get(dataset)
        return _list_decoder.decode(found) if found is not None else None

    def declarations(self, dataset: str) -> list[Declared]:
        found = self._shared.declarations.get(dataset)
        return _declarations_decoder.decode(found) if found is not None else []

    def owner(self, dataset: str) -> Declared | None:
        found = self.declarations(dataset)
        return found[0] if found and not found[0].adds else None


class FileView:
    """A catalog as one file sees it, noting what it used of it."""

    def __init__(self, catalog: LinkCatalog) -> None:
        self._catalog = catalog
        self._lists: set[str] = set()
        self.resolve = catalog.resolve
        self.ambiguous = catalog.ambiguous
        self.owner = catalog.owner
        self.declarations = catalog.declarations

    def columns(self, dataset: str) -> ColumnList:
        self._lists.add(dataset)
        return self._catalog.columns(dataset)

    def uses(self) -> bytes:
        """What was used, for :meth:`Linker.linked`."""
        return _uses_encoder.encode(sorted(self._lists))


def decode_uses(uses: bytes) -> tuple[str, ...]:
    """Inverse of :meth:`FileView.uses`."""
    return _uses_decoder.decode(uses)


class Linked(NamedTuple):
    """A file that was linked. ``uses`` is what :meth:`Linker.linked` wants to know."""

    contribution: Contribution
    uses: bytes


def link_file(project: str, path: str, sha256: str, facts: bytes, catalog: LinkCatalog) -> Linked:
    """Link one file with a settled catalog. Raises msgspec.DecodeError if ``facts`` are none."""
    view = FileView(catalog)
    contribution = contribute(project, path, sha256, decode_facts(facts), view)
    return Linked(contribution, view.uses())
