"""Catalogs: dumps of INFORMATION_SCHEMA.COLUMNS and its kin, as JSON or CSV, told by the names of their fields; and our own format
of datasets and edges."""

from __future__ import annotations

import re
from typing import Final

from ray_lineage.compile.frontend import Content, FrontEnd, Source
from ray_lineage.compile.options import CompileOptions
from ray_lineage.model import FileFacts

_REVISION: Final = 7
MAX_SIZE: Final = 100_000_000  # bytes
_HEAD: Final = 1 << 16
_KEYS: Final = re.compile(rb'"((?:[^"\\]|\\.){1,64})"\s*+:')


_OWN: Final = re.compile(rb'"format"\s*+:\s*+"ray_lineage/')


def _bytes(content: Content) -> bytes:
    from ray_lineage.compile.jsontext import utf8

    return content.encode(errors="replace") if isinstance(content, str) else utf8(content)


def _is_json(data: bytes) -> bool:
    return data[:_HEAD].lstrip()[:1] in (b"{", b"[")


def claims(stem: str, content: Content) -> bool:
    """Does it list columns? Told by the names of the fields in its beginning."""
    from ray_lineage.compile.catalogs.columns import is_dump
    from ray_lineage.compile.catalogs.rows import csv_head, spelled

    head = _bytes(content)[:_HEAD]
    if _OWN.search(head):
        return True
    if _is_json(head):
        return is_dump({spelled(key.decode(errors="replace")) for key in _KEYS.findall(head)})
    return is_dump(csv_head(head.decode(errors="replace")))


def _compile(source: Source, options: CompileOptions) -> FileFacts:
    from ray_lineage.compile.catalogs.facts import compile_json, compile_rows
    from ray_lineage.compile.catalogs.own import compile_own

    if not claims(options.model, source.content):  # .csv is asked for nobody else
        return FileFacts("", "skipped", diagnostics=source.diagnostics)
    data = _bytes(source.content)
    if _OWN.search(data[:_HEAD]):
        return compile_own(data, options.dialect, source.diagnostics)
    if _is_json(data):
        return compile_json(data, options.dialect, source.diagnostics)
    return compile_rows(data.decode(errors="replace"), options.dialect, source.diagnostics)


def _warm() -> None:
    import ray_lineage.compile.catalogs.facts
    import ray_lineage.compile.catalogs.own  # noqa: F401


CATALOGS: Final = FrontEnd(
    "catalogs", _REVISION, (".json", ".ndjson", ".jsonl", ".csv"), _compile, claims=claims, binary=True, max_size=MAX_SIZE,
    warm=_warm,
)  # fmt: skip
