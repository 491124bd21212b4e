"""OpenLineage: events in files -> facts (https://openlineage.io/spec)."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.frontend import Content, FrontEnd, Source
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.sqlfile import SQL
from ray_lineage.model import FileFacts

_REVISION: Final = 6
MAX_SIZE: Final = 100_000_000  # bytes
_SPEC: Final = b"openlineage.io/spec"
_SIGNS: Final = (
    (b'"eventTime"', b'"eventType"'),
    (b'"job"', b'"dataset"'),
    (b'"inputs"', b'"outputs"', b'"producer"', b'"schemaURL"'),
)
"""Fields of which an event has one of each row."""


def claims(stem: str, content: Content) -> bool:
    """Are these events? Told by the names of their fields."""
    from ray_lineage.compile.jsontext import utf8

    data = content.encode(errors="replace") if isinstance(content, str) else utf8(content)
    return _SPEC in data or all(any(s in data for s in signs) for signs in _SIGNS)


def _compile(source: Source, options: CompileOptions) -> FileFacts:
    from ray_lineage.compile.openlineage.facts import compile_events

    content = source.content
    data = content.encode(errors="replace") if isinstance(content, str) else content
    return compile_events(data, options.dialect, source.diagnostics, dict(options.namespaces))


def _warm() -> None:
    import ray_lineage.compile.openlineage.facts  # noqa: F401


OPENLINEAGE: Final = FrontEnd(
    "openlineage", _REVISION, (".json", ".ndjson", ".jsonl"), _compile, claims=claims, binary=True, max_size=MAX_SIZE,
    embeds=(SQL,), warm=_warm,
)  # fmt: skip
