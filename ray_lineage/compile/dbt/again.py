"""A manifest that was cut before, cut again: dbt writes all of it anew when one model changes.

A node's part depends on its text and on what the other nodes make (:class:`.manifest.Brief`). So as long as what changed makes
what it made, all other parts are as they were, and of a node that changed only the text is another one. What does not fit (a node
more or less, another relation, an ephemeral model, a source) is no case for this: then the manifest is cut from nothing, with
the same result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from ray_lineage.compile.dbt.manifest import Manifest, briefs
from ray_lineage.compile.dbt.parts import CutNode, cut_node_of, encoded
from ray_lineage.compile.frontend import Part, Parts
from ray_lineage.compile.jsontext import Fault
from ray_lineage.model import FileFacts, decode_facts, encode_facts

_OTHERS: Final = ("sources", "exposures", "metrics", "semantic_models", "saved_queries", "functions")
"""Sections of which none may differ."""


class _Was(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A node as it was: hashes of its text and of its brief; of its part all but the text, and the hash (empty: it had none)."""

    text: bytes
    brief: bytes
    rest: bytes
    sha256: str


class _Before(msgspec.Struct, frozen=True, array_like=True):
    """``frame``: hash of all but the nodes; ``own`` facts, encoded; the parts of what stands before and behind the nodes."""

    frame: bytes
    own: bytes
    nodes: dict[str, _Was]
    first: tuple[tuple[str, str], ...]
    last: tuple[tuple[str, str], ...]


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Before)


def remembered(manifest: Manifest, dialect: str, own: FileFacts, each: Sequence[Part]) -> bytes:
    """What :func:`cut_again` has to know of a manifest that was cut into these; nothing of one with two nodes of one name."""
    nodes, parts = manifest.each, {part.name: part for part in each}
    if len(parts) < len(each):
        return b""
    was = {
        identity: _was(nodes[identity], b"" if isinstance(brief, Fault) else _digest(brief), parts.get(identity))
        for identity, brief in briefs(nodes)
    }
    first = next((at for at, part in enumerate(each) if part.name in nodes), len(each))
    rest = [(part.name, part.sha256) for part in each if part.name not in nodes]
    return _encoder.encode(
        _Before(_frame(manifest, dialect), encode_facts(own), was, tuple(rest[:first]), tuple(rest[first:]))
    )


def cut_again(manifest: Manifest, dialect: str, before: bytes) -> Parts | None:
    """As :func:`.parts.cut` does, given what was :func:`remembered`; None where that does not tell."""
    try:
        was = _decoder.decode(before)
    except msgspec.DecodeError:
        return None
    nodes = manifest.each
    if len(nodes) != len(was.nodes) or was.frame != _frame(manifest, dialect):
        return None
    now: dict[str, _Was] = {}
    parts: list[Part] = []
    for identity, raw in nodes.items():
        known = was.nodes.get(identity)
        if known is None:
            return None
        part = Part(identity, b"", known.sha256)
        if _hash(raw) != known.text:
            if not known.sha256 or _brief_of(identity, raw) != known.brief:
                return None
            part = Part.of(identity, encoded(msgspec.structs.replace(cut_node_of(known.rest), node=bytes(raw))))
            known = _Was(_hash(raw), known.brief, known.rest, part.sha256)
        now[identity] = known
        if part.sha256:
            parts.append(part)
    left = msgspec.structs.replace(was, nodes=now)
    each = [*_as_were(was.first), *parts, *_as_were(was.last)]
    return Parts(decode_facts(was.own), each, lambda _: _encoder.encode(left))


def _as_were(parts: tuple[tuple[str, str], ...]) -> Iterator[Part]:
    return (Part(name, b"", sha256) for name, sha256 in parts)


def _was(raw: Raw, brief: bytes, part: Part | None) -> _Was:
    if part is None:
        return _Was(_hash(raw), brief, b"", "")
    said: CutNode = msgspec.structs.replace(cut_node_of(part.content), node=b"")
    return _Was(_hash(raw), brief, encoded(said), part.sha256)


def _brief_of(identity: str, raw: Raw) -> bytes:
    ((_, brief),) = briefs({identity: raw})
    return b"" if isinstance(brief, Fault) else _digest(brief)


def _hash(raw: Raw) -> bytes:
    return hashlib.sha256(raw).digest()


def _digest(said: object) -> bytes:
    return hashlib.sha256(_encoder.encode(said)).digest()


def _frame(manifest: Manifest, dialect: str) -> bytes:
    sections = [(name, _section(getattr(manifest, name))) for name in _OTHERS]
    return _digest((dialect, manifest.metadata, sections))


def _section(section: Mapping[str, Raw] | None) -> list[tuple[str, bytes]]:
    return [(identity, bytes(raw)) for identity, raw in (section or {}).items()]
