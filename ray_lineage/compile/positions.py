"""Where the characters of a text stand in the file that holds it: a cell, a string literal, one that is put together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple


class Mark(NamedTuple):
    """From the character at ``offset`` on the text is written in the file as it is, from ``line`` and ``column`` (from 1) on."""

    offset: int
    line: int
    column: int


class Positions:
    """A map from a text's characters to places in a file. Between two marks the text runs on as it does in the file: a line
    that ends here ends there. So a plain block of text needs one mark; a literal one after each escape that is more than one
    character in the file, and one where each adjoining literal or known value begins."""

    def __init__(self, text: str, marks: Iterable[Mark]) -> None:
        self._starts = [0, *_after_newlines(text)]
        self._marks = _with_lines(sorted(marks), self._starts)
        self._offsets = [mark.offset for mark in self._marks]

    @classmethod
    def block(cls, text: str, line: int, column: int = 1) -> Positions:
        """Of a text that begins there and is written as it is."""
        return cls(text, (Mark(0, line, column),))

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of a character."""
        mark = self._marks[max(bisect_right(self._offsets, offset) - 1, 0)]
        return mark.line, mark.column + offset - mark.offset

    def line(self, number: int) -> int:
        """Where the text's line of that number (from 1) begins."""
        return self.at(self._starts[min(max(number, 1), len(self._starts)) - 1])[0]

    def by_lines(self, text: str) -> Positions:
        """Of another text with the same lines, in which other characters stand."""
        starts = [0, *_after_newlines(text)]
        return Positions(text, (Mark(new, *self.at(old)) for new, old in zip(starts, self._starts, strict=False)))


def _after_newlines(text: str) -> list[int]:
    found: list[int] = []
    at = text.find("\n")
    while at >= 0:
        found.append(at + 1)
        at = text.find("\n", at + 1)
    return found


def _with_lines(marks: list[Mark], starts: list[int]) -> list[Mark]:
    """With a mark where each line begins that runs on from the one before it."""
    marked = {mark.offset for mark in marks}
    out = [Mark(0, 1, 1)] if 0 not in marked else []
    ahead = iter(starts[1:])
    start = next(ahead, None)
    for mark in (*marks, None):
        while start is not None and (mark is None or start < mark.offset):
            out.append(Mark(start, out[-1].line + 1, 1))
            start = next(ahead, None)
        if mark is None:
            break
        if start == mark.offset:
            start = next(ahead, None)
        out.append(mark)
    return out
