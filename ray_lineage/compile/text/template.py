"""Templates -> plain SQL with the same lines, because repositories keep SQL as dbt models, sqlcmd scripts and formats.

Jinja is read with jinja2's own lexer and parser and evaluated here, statically: nothing is ever rendered, so no loop,
macro or filter of a hostile repository runs. What is known (constants, loops over constant lists, ``ref``) becomes
text, what is not becomes a placeholder whose name holds ``model.UNKNOWN``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ray_lineage.compile.text import sqlrender
from ray_lineage.compile.text.jinja_macros import Library, calls_in
from ray_lineage.compile.text.jinja_run import Run
from ray_lineage.compile.text.jinja_structure import JINJA, Reader
from ray_lineage.compile.text.jinja_writing import all_texts
from ray_lineage.compile.text.placeholders import IDENTIFIER, MARKS, fill, occurrences
from ray_lineage.model import Diagnostic


class Template(NamedTuple):
    """``text`` is SQL with as many lines as the template. ``refs`` are ``("ref", [package,] model)`` and
    ``("source", source, table)``. ``branches`` are line ranges (inclusive, from 1) of text that is only possible.
    ``variants`` are whole texts with another branch of some ``if`` chosen. ``snapshot`` is the name that a dbt snapshot gives
    itself. ``read`` are the refs that running the template evaluates, and their lines; ``unexpanded`` are macros of which nobody
    knows what they write; ``defines`` are those that it defines; ``expanded``: some were; ``passes``: what
    those that it defines may call."""

    text: str
    refs: tuple[tuple[str, ...], ...] = ()
    config: dict[str, str | None] = {}  # noqa: RUF012  never changed
    branches: tuple[tuple[int, int], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    variants: tuple[str, ...] = ()
    snapshot: str = ""
    read: dict[tuple[str, ...], int] = {}  # noqa: RUF012
    unexpanded: dict[str, int] = {}  # noqa: RUF012
    defines: tuple[str, ...] = ()
    expanded: bool = False
    passes: tuple[str, ...] = ()


def untemplate(
    text: str, model: str = "this_model", quote: str = '"', library: Library | None = None, stages: bool = False
) -> Template | None:
    """The template as plain SQL, or None if it holds no template marks. Never raises on bad input.

    ``model`` is what ``{{ this }}`` refers to; ``quote`` is the dialect's opening quote of
    identifiers; ``stages``: a name behind an @ is a stage of its engine. Line ends become ``\\n``.
    """
    if "@" in text and sqlrender.speaks(text, stages):
        return _of_sqlrender(text)
    if MARKS.search(text) is None:
        return None
    plain = text.replace("\r\n", " \n").replace("\r", "\n")
    if not JINJA.search(plain) or _only_in_strings(plain):
        filled = fill(plain)
        return None if filled == plain else Template(filled)
    reader = Reader(plain)
    run = Run(reader, model, quote, library or Library())
    text, variants = all_texts(run)
    return Template(
        fill(text),
        tuple(dict.fromkeys((*run.refs, *run.read))),
        run.config,
        _merged(run.branches),
        tuple(sorted(run.diagnostics.values(), key=lambda d: d.line)),
        tuple(fill(v) for v in variants),
        reader.snapshot if IDENTIFIER.match(reader.snapshot) else "",
        run.read,
        run.unexpanded,
        tuple(run.own),
        run.expanded,
        tuple(dict.fromkeys(calls_in(run.own.values()))),
    )


def _of_sqlrender(text: str) -> Template:
    found = sqlrender.render(text.replace("\r\n", " \n").replace("\r", "\n"))
    return Template(found.text, branches=_merged(found.branches), variants=found.others)


def _only_in_strings(text: str) -> bool:
    """Whether every opening mark is text of a string or comment and none is ever closed: ``LIKE '{%'``."""
    if re.search(r"[%}#]\}", text):
        return False
    return all(state for _, _, state in occurrences(text, JINJA))


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)
