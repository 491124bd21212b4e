"""Compile: one file -> what it says (``FileFacts``). Pure: no I/O, no Ray, nothing looked up elsewhere.

A front end reads each format (:mod:`ray_lineage.compile.registry`). Importing this package is cheap; what they need is loaded
by the first compile.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from ray_lineage.compile.frontend import Content, Part, Parts, Source
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.registry import (
    FORMATS,
    FRONT_ENDS,
    asks,
    claimed,
    formats_of,
    front_end,
    has_parts,
    max_size_of,
    reads_bytes,
    suffixes_of,
    version_of,
    version_of_parts,
)
from ray_lineage.dialects import DIALECTS
from ray_lineage.model import Diagnostic, FileFacts

__all__ = [
    "DIALECTS", "FORMATS", "CompileOptions", "Part", "asks", "claimed", "compile_source", "few_collections", "formats_of", "has_parts",
    "import_compiler", "max_size_of", "needs_name", "reads_bytes", "split_source", "suffixes_of", "version_of", "version_of_parts",
]  # fmt: skip


def import_compiler() -> None:
    """Import now what a compile needs: it takes a second, and code that is replaced under a running process is not found later."""
    for front in FRONT_ENDS:
        front.warm()


def compile_source(
    content: Content,
    options: CompileOptions,
    diagnostics: Sequence[Diagnostic] = (),
    given: Mapping[str, bytes] | None = None,
) -> FileFacts:
    """Compile one file. Never raises on bad input: what cannot be read becomes a diagnostic with its line.

    ``diagnostics`` (of reading the file) are put in front of the facts' own; ``given``: the files that an earlier compile of it
    asked for (``FileFacts.needs``). Raises ValueError for an unknown dialect.
    """
    front = front_end(options.formats, options.model, content)
    if front is None:
        return FileFacts("", "skipped", diagnostics=tuple(diagnostics))
    if isinstance(content, str):
        content = _encodable(content)
    with few_collections():
        return front.compile(Source(content, tuple(diagnostics), given or {}), options)


def split_source(
    content: bytes, options: CompileOptions, before: bytes = b""
) -> tuple[Parts, Callable[[bytes], FileFacts]] | None:
    """The parts of a file, and how one of them is compiled; None if it is read as a whole. ``before``: what an earlier cut left."""
    front = front_end(options.formats, options.model, content)
    if front is None or front.split is None or front.compile_part is None:
        return None
    compile_part = front.compile_part

    def compiled(part: bytes) -> FileFacts:
        with few_collections():
            return compile_part(part)

    return front.split(Source(content), options, before), compiled


def needs_name(content: Content, options: CompileOptions) -> bool:
    """May what this says depend on its file's name (``CompileOptions.model``)?"""
    if len(options.formats) > 1:  # which of them reads it may
        return True
    front = front_end(options.formats, options.model, content)
    return front is not None and front.named(content)


_YOUNG: Final = 20_000  # objects


@contextmanager
def few_collections() -> Iterator[None]:
    """Python looks for garbage at every 700 new objects. A syntax tree is some (its nodes name their parents) when its file is
    done and not before, and of what is linked and stored hardly anything ever: it would look through all that in vain."""
    usual = gc.get_threshold()
    if not 0 < usual[0] < _YOUNG:
        yield
        return
    gc.set_threshold(_YOUNG, *usual[1:])
    _, before, _ = gc.get_count()
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        young, collections, _ = gc.get_count()
        # after a collection the old that go are taken off the count of the young
        if gc.isenabled() and (young > usual[0] or collections != before):
            gc.collect(0)


def _encodable(text: str) -> str:
    """Files have no lone surrogates any more; a string of a caller may, and no store takes them."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
