"""Facts as they travel between processes and lie in the cache."""

from __future__ import annotations

from typing import Final

import msgspec

from ray_lineage.model.facts import FileFacts
from ray_lineage.model.outline import Outline, outline_of


class FactsHead(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Facts as :func:`encode_facts` wrote them, with their outline; the rest of what is long is left undecoded."""

    dialect: str
    status: str
    statements: msgspec.Raw
    declarations: msgspec.Raw
    diagnostics: msgspec.Raw
    calls: msgspec.Raw
    foreign_keys: msgspec.Raw
    confidence: float
    encoding: str
    needs: tuple[str, ...]
    covers: tuple[str, ...]
    session: tuple[str, ...]
    provides: tuple[str, ...]
    evidence: dict[str, int]
    parts: tuple[tuple[str, str], ...]
    origin: str
    checked: int
    former: msgspec.Raw
    outline: Outline


_facts_encoder = msgspec.msgpack.Encoder()

_facts_decoder = msgspec.msgpack.Decoder(FileFacts)

_head_decoder = msgspec.msgpack.Decoder(FactsHead)


def encode_facts(facts: FileFacts) -> bytes:
    """Encode facts, with their outline, as they travel and as they lie in the cache."""
    return _facts_encoder.encode((*msgspec.structs.astuple(facts), outline_of(facts)))


SILENT: Final = encode_facts(FileFacts("", "skipped"))
"""Facts of a file that says nothing, not even why: such as Python without SQL. It is in no graph."""


def decode_facts(data: bytes | memoryview) -> FileFacts:
    """Decode :func:`encode_facts`. Raises ``msgspec.DecodeError`` (or its subclass ValidationError) on foreign bytes."""
    return _facts_decoder.decode(data)


def decode_outline(data: bytes | memoryview) -> Outline:
    """The outline in :func:`encode_facts`. Raises ``msgspec.DecodeError`` on foreign bytes."""
    return _head_decoder.decode(data).outline


def decode_head(data: bytes | memoryview) -> FactsHead:
    """A cheap look into :func:`encode_facts`. Raises ``msgspec.DecodeError`` on foreign bytes."""
    return _head_decoder.decode(data)
