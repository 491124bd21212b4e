"""What dbt leaves in ``target/``: its manifest and its catalog. A front end of two kinds of file."""

from __future__ import annotations

import re
from typing import Final

from ray_lineage.compile.frontend import Content, FrontEnd, Parts, Source
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.sqlfile import SQL
from ray_lineage.model import FileFacts

_REVISION: Final = 6
MAX_SIZE: Final = 300_000_000
"""Bytes: those of 15,000 nodes are 92 MB."""

_NODES: Final = re.compile(rb'"nodes"\s*+:')
_KIND: Final = re.compile(rb"/dbt/(manifest|catalog)\b")
_MANIFEST: Final = re.compile(rb'"(?:resource_type|adapter_type|depends_on|raw_code|raw_sql)"\s*+:')
_CATALOG: Final = re.compile(rb'"columns"\s*+:')
_HEAD: Final = 4_096
_OTHER: Final = re.compile(rb"/dbt/(?!manifest|catalog)[\w-]++/v")


def _bytes(content: Content) -> bytes:
    from ray_lineage.compile.jsontext import utf8

    return content.encode(errors="replace") if isinstance(content, str) else utf8(content)


def claims(stem: str, content: Content) -> bool:
    """Is it an artefact of dbt that says something of lineage? Told by its fields."""
    data = _bytes(content)
    head = data[:_HEAD]
    if not _NODES.search(data) or _OTHER.search(head):
        return False
    if _KIND.search(head) or _MANIFEST.search(data):
        return True
    return b'"unique_id"' in data and _CATALOG.search(data) is not None


def _compile(source: Source, options: CompileOptions) -> FileFacts:
    from ray_lineage.compile.dbt.facts import compile_catalog, compile_manifest

    data = _bytes(source.content)
    return (compile_catalog if _is_catalog(data) else compile_manifest)(data, options, source.diagnostics)


def _is_catalog(data: bytes) -> bool:
    kind = _KIND.search(data[:_HEAD])
    return kind[1] == b"catalog" if kind else not _MANIFEST.search(data)


def _split(source: Source, options: CompileOptions, before: bytes) -> Parts:
    from ray_lineage.compile.dbt.facts import split_manifest

    data = _bytes(source.content)
    if _is_catalog(data):
        return Parts(_compile(source, options), ())
    return split_manifest(data, options, source.diagnostics, before)


def _compile_part(content: bytes) -> FileFacts:
    from ray_lineage.compile.dbt.facts import compile_part

    return compile_part(content)


def _warm() -> None:
    import ray_lineage.compile.dbt.facts  # noqa: F401


DBT: Final = FrontEnd(
    "dbt",
    _REVISION,
    (".json",),
    _compile,
    claims=claims,
    binary=True,
    max_size=MAX_SIZE,
    embeds=(SQL,),
    warm=_warm,
    split=_split,
    compile_part=_compile_part,
)
