"""SQL that stands in another format: a string of a program, a cell of a notebook, a field of an artefact."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.positions import Positions
from ray_lineage.compile.sqlfile import compile_text
from ray_lineage.model import UNKNOWN, FileFacts, Local, local_kind

HOLE: Final = UNKNOWN
"""Write this where a part of the text is not known: a name that it makes up is no dataset, one that ends in a known part is
that dataset. (For a value that is not known write what the language has for it, ``?``.)"""


def compile_fragment(
    text: str,
    dialect: str,
    line: int = 1,
    column: int = 1,
    *,
    at: Positions | None = None,
    catalog: str = "",
    schema: str = "",
    temporary: Collection[str] = (),
    possible: bool = False,
) -> FileFacts:
    """What SQL says that begins at ``line`` and ``column`` of its file, or whose characters stand ``at`` these places, with all
    lines and columns those of the file. ``dialect``: "" to detect it; ``catalog`` and ``schema`` complete names.

    ``temporary``: the temporary tables that are there already (:func:`temporary_tables` of what the same connection ran
    before). ``possible``: it is not sure that this is the text.
    """
    options = CompileOptions(dialect, catalog, schema)
    return compile_text(
        text, options, host=at or Positions.block(text, line, column), temporary=temporary, possible=possible
    )


def temporary_tables(facts: FileFacts) -> set[str]:
    """Names of those that are left when this was run."""
    return {
        d.name[0].lstrip(Local.TABLE) for d in facts.declarations if d.temporary and local_kind(d.name) is Local.TABLE
    }
