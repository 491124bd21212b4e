"""Lines of the files that an edge is written in, as they were when the graph was made."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from ray_lineage.logs import escaped
from ray_lineage.sources.decode import decode
from ray_lineage.sources.scan import ScanOptions, SourceFault, Tree, read_bytes
from ray_lineage.viewer.picture import Source

AROUND: Final = 3
"""Lines before and after."""
_LONGEST_LINE: Final = 400
_LARGEST: Final = 64 * 2**20
"""Bytes of a file."""
_NOTEBOOK: Final = ".ipynb"
"""Its statements' lines are those of their cells, which the file holds as JSON."""


class Excerpt(msgspec.Struct, frozen=True):
    """``note``: why there are no lines."""

    lines: list[tuple[int, str]] = []
    note: str = ""


def excerpt(source: Source, root: str, line: int) -> Excerpt:
    """The lines around one. ``root``: the folder that the project's paths are relative to, empty if it is not on this host."""
    if not root:
        return Excerpt(note="the files are not on this machine")
    if not source.sha256:
        return Excerpt(note="it is not known whether the file is still what the graph was made of")
    data = _content(source, root)
    if data is None:
        return Excerpt(note="the file is not there any more, or cannot be read")
    if hashlib.sha256(data).hexdigest() != source.sha256:
        return Excerpt(note="the file has changed since the graph was made")
    if source.path.lower().endswith(_NOTEBOOK):
        return Excerpt(note=f"line {line} of a cell of a notebook")
    return around(decode(data).text, line)


def around(text: str, line: int) -> Excerpt:
    """The lines around one of a text, on which nothing is obeyed."""
    first = max(1, line - AROUND)
    lines = text.split("\n")[first - 1 : line + AROUND]
    return Excerpt([(n, escaped(t.rstrip("\r").expandtabs(4)[:_LONGEST_LINE])) for n, t in enumerate(lines, first)])


def _content(source: Source, root: str) -> bytes | None:
    """A regular file's bytes, whatever else lies there; None if they cannot be had."""
    try:
        found = Tree([root], ScanOptions(), base=root).elsewhere(source.path)
        return read_bytes(found, _LARGEST) if found is not None else None
    except (OSError, ValueError, SourceFault):
        return None
