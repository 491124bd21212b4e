"""What commands that ask the graph share: opening it, where its files lie from here, and how an answer's lines are written."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

import typer

from ray_lineage.cli.output import is_coloured, settings, styled, write_line

if TYPE_CHECKING:
    from ray_lineage.cli.tree import Line, Span
    from ray_lineage.graph.store import GraphStore

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[
    str, typer.Argument(metavar="DATASET[.COLUMN]", help="In any case; the last parts are enough if they are unique.")
]
_STYLES: Final = {"name": "", "how": "yellow", "place": "dim", "mark": "cyan", "note": "dim"}
_NAMESAKES: Final = 8
_BLOCK: Final = 1_000
"""Lines that are written at once."""
_PIPE: Final = 250
"""Cells of a line where there is no terminal: what does not fit stands on a line of its own."""


def asked(*, everyone: bool = False) -> AbstractContextManager[tuple[GraphStore, str | None]]:
    """See :func:`ray_lineage.query.across.asked`; of the settings of this command."""
    from ray_lineage.query.across import asked as ask

    return ask(settings().settings, everyone=everyone)


def said_of_namesakes(names: Sequence[str]) -> str:
    """Of a dataset that nobody declares."""
    more = f" and {len(names) - _NAMESAKES:,} more" if len(names) > _NAMESAKES else ""
    return f"others are called so, too: {', '.join(names[:_NAMESAKES])}{more}"


def width() -> int:
    """Cells of a line."""
    return shutil.get_terminal_size((_PIPE, 24)).columns


def is_ascii() -> bool:
    """Can standard output not show more?"""
    return not (sys.stdout.encoding or "").lower().startswith("utf")


class Places:
    """Paths of the graph as seen from the current folder, where the project's root is known and on this machine."""

    def __init__(self, store: GraphStore, project: str) -> None:
        from ray_lineage.query.projects import roots_here

        root = roots_here(store).get(project, "")
        self.root = os.path.realpath(root) if root and os.path.isdir(root) else ""
        here = os.path.realpath(os.curdir)
        self._here = here if self.root and here != self.root and is_around(self.root, here) else ""

    def __call__(self, file: str, line: int) -> str:
        """``path:line``."""
        path = os.path.relpath(os.path.join(self.root, file), self._here) if self._here else file
        return f"{path}:{line}" if line else path

    def link(self, file: str) -> str:
        """The address of a file; empty where the root is not known."""
        return f"file://{os.uname().nodename}{quote(os.path.join(self.root, file))}" if self.root and file else ""


def is_around(root: str, here: str) -> bool:
    """Is one in the other?"""
    return os.path.commonpath((root, here)) in (root, here)


def write(lines: Iterable[Line], places: Places | None = None) -> None:
    """Lines with their styles, and with links to files, where there is a terminal for them."""
    if not is_coloured():
        texts = ("".join([span.text for span in line]) + "\n" for line in lines)
        while block := "".join(
            islice(texts, _BLOCK)
        ):  # where nothing buffers, a line each would be a call of the system each
            sys.stdout.write(block)
        return
    for line in lines:
        write_line(*(_written(span, places) for span in line))


def _written(span: Span, places: Places | None) -> str:
    shown = styled(span.text, _STYLES.get(span.role, ""))
    link = places.link(span.file) if places is not None and span.file else ""
    if not link:
        return shown
    return f"\033]8;;{link}\033\\{shown}\033]8;;\033\\"
