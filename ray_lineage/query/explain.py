"""What a code means: the pages of errors and of diagnostics, which come with the package."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

SCHEMA: Final = 1
PAGES: Final = ("errors.md", "lineage-semantics.md")
"""Errors that end a run, and diagnostics of files."""
_CODE: Final = re.compile(r"RL\d{3}")
_SPAN: Final = re.compile(r"RL(\d{3}) - RL(\d{3})")
_SENTENCE: Final = re.compile(r"(?<=[a-z)`0-9][.])\s+(?=[A-Z*`])")
_CELLS: Final = re.compile(r"(?<!\\)\|")
_EXITS: Final = {
    "1": "done, with findings",
    "2": "could not run: usage, settings, no such path",
    "3": "could not finish; a later try may succeed",
    "4": "refused to protect data",
    "101": "a fault of ray_lineage",
    "129, 130, 143": "stopped by a signal",
}


class Explained(msgspec.Struct, frozen=True):
    """``severity`` is of a diagnostic, ``exit`` of an error that ends a run; the other one is empty. ``about`` are paragraphs of
    the page that speak of it."""

    schema: int
    code: str
    meaning: list[str]
    severity: str
    exit: str
    about: list[str]
    page: str


def explain(code: str) -> Explained | None:
    """None: there is no such code."""
    wanted = f"RL{code}" if code.isdigit() else code.upper()
    for page in PAGES:
        text = page_text(page)
        rows = [cells for cells in _rows(text) if wanted in codes_of(cells[0])]
        if rows:
            ends = page == PAGES[0]
            levels = ", ".join(dict.fromkeys(cells[1] for cells in rows))
            exits = f"{levels}: {_EXITS[levels]}" if levels in _EXITS else levels
            said = [cells[2].replace("\\|", "|") for cells in rows]
            return Explained(
                SCHEMA, wanted, said, "" if ends else levels, exits if ends else "", _about(text, wanted), page
            )
    return None


def known_codes() -> list[str]:
    """All of them, sorted."""
    return sorted({code for page in PAGES for cells in _rows(page_text(page)) for code in codes_of(cells[0])})


def page_text(page: str) -> str:
    """A page, from the package; from ``docs/`` where that is a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "pages" / page
    return (inside if inside.exists() else package.parent / "docs" / page).read_text("utf-8")


def codes_of(cell: str) -> set[str]:
    """Codes of a table's cell; ``RL210 - RL214`` means all five. Pure."""
    spans = {f"RL{n:03}" for first, last in _SPAN.findall(cell) for n in range(int(first), int(last) + 1)}
    return spans | set(_CODE.findall(cell))


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| RL")]
    return [[cell.strip() for cell in _CELLS.split(line)[1:-1]] for line in lines]


def _about(text: str, code: str) -> list[str]:
    """Paragraphs of prose that name it."""
    paragraphs = (
        " ".join(p.split()) for p in re.split(r"\n\s*\n|\n(?=- )", text) if not p.lstrip().startswith(("|", "#"))
    )
    return [_around(p.removeprefix("- "), code) for p in paragraphs if code in codes_of(p)]


def _around(paragraph: str, code: str) -> str:
    """The sentences of a paragraph that name a code, with what it is about: words in bold at its beginning."""
    sentences = _SENTENCE.split(paragraph)
    said = [s for s in sentences if code in codes_of(s)]
    about = re.match(r"\*\*(.+?)\*\*", sentences[0])
    text = " ".join(said if about is None or said[0] == sentences[0] else [f"{about.group(1).rstrip('.')}:", *said])
    return text.replace("**", "")
