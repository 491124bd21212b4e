"""A linker's state as bytes, so that a later process links what an edit touches, and nothing else.

Columns of numbers and texts, beneath a head that says what they are, for which state of which store, and whether they are
whole. What does not fit is refused: the caller links from nothing then.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec

from ray_lineage.link.catalog import Catalog
from ray_lineage.link.contribute import CONTRIBUTION_REVISION
from ray_lineage.link.symbols import Declared, File, ModelEntry, Symbol
from ray_lineage.model import Signature

STATE_REVISION: Final = 3
"""Raise with every change of what is written here, or of what the outlines of given facts are."""

_MAGIC: Final = f"ray_lineage linker {STATE_REVISION}.{CONTRIBUTION_REVISION}\n".encode()
_DIGEST: Final = 16


class _Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A declaration; ``file`` is a number."""

    file: int
    position: int
    signature: Signature


class _State(msgspec.Struct, frozen=True, array_like=True):
    """Files and symbols are numbered in their order here."""

    project: str
    tag: str
    paths: list[str]
    sha256: list[str]
    fingerprints: list[str]
    uses: list[bytes]
    declares: list[int]
    sizes: list[int]  # how many symbols each file has
    symbols: list[int]  # of all files, one after another
    copied: dict[int, tuple[tuple[str, str], ...]]
    models: dict[int, tuple[tuple[str, str, int], ...]]
    covers: dict[int, tuple[str, ...]]
    pending: list[str]
    texts: list[str]
    meanings: dict[int, tuple[int, bool]]  # of names that do not mean themselves, or could be several
    declared: dict[int, list[_Entry]]
    lists: dict[int, bytes]  # that are not as the first declaration says
    cycles: list[list[int]]


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_State)


class Saved:
    """What :func:`decode_state` found."""

    def __init__(self, files: dict[str, File], catalog: Catalog, pending: set[str]) -> None:
        self.files = files
        self.catalog = catalog
        self.pending = pending


def encode_state(project: str, tag: str, files: dict[str, File], catalog: Catalog, pending: Iterable[str]) -> bytes:
    """The state of a linker whose catalog is settled."""
    symbols = list(catalog.symbols)
    number = {symbol: n for n, symbol in enumerate(symbols)}
    numbers = {path: n for n, path in enumerate(files)}
    state = _State(
        project,
        tag,
        list(files),
        [f.sha256 for f in files.values()],
        [f.fingerprint for f in files.values()],
        [f.uses for f in files.values()],
        [f.declares for f in files.values()],
        [len(f.symbols) for f in files.values()],
        [number[s] for f in files.values() for s in f.symbols],
        {numbers[p]: f.copied for p, f in files.items() if f.copied},
        {numbers[p]: f.models for p, f in files.items() if f.models},
        {numbers[p]: f.covers for p, f in files.items() if f.covers},
        sorted(pending),
        [s.text for s in symbols],
        {number[s]: (number[s.meaning], s.ambiguous) for s in symbols if s.ambiguous or s.meaning is not s},
        {
            number[s]: [_Entry(numbers[d.path], d.position, d.signature) for d in s.declared]
            for s in symbols if s.declared
        },
        {number[s]: s.columns for s in symbols if s.columns != s.declared_columns()},
        [[number[s] for s in cycle] for cycle in catalog.cycles()],
    )  # fmt: skip
    payload = _encoder.encode(state)
    return b"".join((_MAGIC, _digest(payload), payload))


def decode_state(project: str, tag: str, data: bytes) -> Saved | None:
    """Inverse of :func:`encode_state`; None for what is damaged, of another version, project or tag."""
    head = len(_MAGIC) + _DIGEST
    payload = memoryview(data)[head:]
    if data[:head] != _MAGIC + _digest(payload):
        return None
    with _no_collections():
        try:
            state = _decoder.decode(payload)
        except msgspec.DecodeError:
            return None
        return _built(state) if (state.project, state.tag) == (project, tag) else None


def _digest(payload: bytes | memoryview) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST).digest()


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Nothing of what is built becomes garbage: looking for it again and again takes longer than building."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _built(state: _State) -> Saved:
    catalog = Catalog()
    symbols = [catalog.symbols.known(text) for text in state.texts]
    for number, (meaning, ambiguous) in state.meanings.items():
        symbols[number].meaning, symbols[number].ambiguous = symbols[meaning], ambiguous
    for number, entries in state.declared.items():
        symbols[number].declared = tuple(Declared(state.paths[e.file], e.position, e.signature) for e in entries)
    files = _files(state, symbols)
    for copied in state.copied.values():
        for short, long in copied:
            catalog.symbols.apart(short, long)
    for file in files.values():
        for model in file.models:
            catalog.symbols.aimed(model)
    for number, covers in state.covers.items():
        catalog.cover(files[state.paths[number]], covers)
    catalog.restore(
        {symbols[n]: columns for n, columns in state.lists.items()}, [[symbols[n] for n in c] for c in state.cycles]
    )
    return Saved(files, catalog, set(state.pending))


def _files(state: _State, symbols: list[Symbol]) -> dict[str, File]:
    files: dict[str, File] = {}
    numbers = iter(state.symbols)
    columns = zip(state.paths, state.sha256, state.fingerprints, state.uses, state.declares, state.sizes, strict=True)
    for path, sha256, fingerprint, uses, declares, size in columns:
        file = files[path] = File(path)
        file.sha256, file.fingerprint, file.uses, file.declares = sha256, fingerprint, uses, declares
        file.symbols = tuple([symbols[n] for n in islice(numbers, size)])
        for symbol in file.symbols:
            symbol.users.append(file)
            symbol.count += 1
    for number, copied in state.copied.items():
        files[state.paths[number]].copied = copied
    for number, models in state.models.items():
        files[state.paths[number]].models = tuple(ModelEntry(*m) for m in models)
    return files
