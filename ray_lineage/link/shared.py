"""The settled catalog for other processes, and linking a file there.

The process that holds the linker settles the catalog once (:meth:`Linker.settle`) and gives it away as bytes; whoever has
them links any share of the files, with the same result.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ray_lineage.link.contribute import contribute
from ray_lineage.link.view import NOTHING, Answers, FileView, Known
from ray_lineage.model import Contribution, Diagnostic, FileFacts, decode_facts, decode_head, decode_outline

if TYPE_CHECKING:
    from ray_lineage.link.catalog import Catalog


class _Shared(msgspec.Struct, frozen=True, array_like=True):
    """All answers, by canonical text. Names that mean themselves and datasets that nobody declares are left out."""

    meanings: dict[str, tuple[str, bool]]
    known: dict[str, msgspec.Raw]
    covered: dict[str, str]


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Shared)
_known_decoder: Final = msgspec.msgpack.Decoder(Known)


def encode_shared(catalog: Catalog) -> bytes:
    """Bytes for :class:`SharedCatalog`."""
    meanings = {s.text: (s.meaning.text, s.ambiguous) for s in catalog.symbols if s.ambiguous or s.meaning is not s}
    return _encoder.encode(
        (meanings, {s.text: catalog.known(s.text) for s in catalog.symbols if s.found}, catalog.all_covered())
    )


class SharedCatalog:
    """A settled catalog, opened from :meth:`Linker.shared`. Only what is asked for is decoded.

    Raises msgspec.DecodeError on foreign bytes.
    """

    def __init__(self, data: bytes) -> None:
        shared = _decoder.decode(data)
        self._meanings = shared.meanings
        self._encoded = shared.known
        self._covered = shared.covered
        self._known: dict[str, Known] = {}

    def meaning(self, name: str) -> tuple[str, bool]:
        """Which dataset a name means, and whether it could be several."""
        return self._meanings.get(name) or (name, False)

    def known(self, dataset: str) -> Known:
        """What is known of a dataset."""
        found = self._known.get(dataset)
        if found is None:
            encoded = self._encoded.get(dataset)
            found = self._known[dataset] = _known_decoder.decode(encoded) if encoded is not None else NOTHING
        return found

    def covered(self, path: str) -> str:
        """The file that has the lineage of another one; "": none has."""
        return self._covered.get(path, "")


class Linked(NamedTuple):
    """A file that was linked. ``uses`` is what :meth:`Linker.linked` wants to know."""

    contribution: Contribution
    uses: bytes


def link_file(
    project: str, path: str, sha256: str, facts: bytes, catalog: Answers, look: Callable[[], None] | None = None
) -> Linked:
    """Link one file with a settled catalog. ``look`` is called every now and then (each 30 ms or so of work), and may raise
    to give up. Raises msgspec.DecodeError if ``facts`` are none. A fault of ours costs this file its lineage, and the others
    nothing."""
    view = FileView(catalog)
    by = catalog.covered(path)
    said = decode_facts(facts) if not by else _covered(decode_head(facts).dialect, by)
    try:
        contribution = contribute(project, path, sha256, said, view, look)
    except Exception as error:
        if isinstance(error, MemoryError) or look is not None:  # whoever looks may have raised it, to give up
            raise
        contribution = contribute(project, path, sha256, without_lineage(said, error), view)
    return Linked(contribution, view.uses(decode_outline(facts).names) if not by else b"")


def without_lineage(said: FileFacts, error: Exception) -> FileFacts:
    """What is left of a file that we fail at: where, in words that are the same each time."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
    text = f"a fault of ray_lineage ({type(error).__name__}, {place}): it has no lineage; please report it"
    return FileFacts(said.dialect, "failed", diagnostics=(*said.diagnostics, Diagnostic("RL199", "error", text)))


def _covered(dialect: str, by: str) -> FileFacts:
    """What is left of a file whose lineage another one has."""
    text = f"{by} has this as dbt compiled it: that counts, also where this file is newer"
    return FileFacts(dialect, "skipped", diagnostics=(Diagnostic("RL307", "info", text),))
