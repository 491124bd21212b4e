"""Texts that a program puts together: what is known of them, what is not, and where each character stands in the file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ray_lineage.compile.positions import Mark

GAP: Final = "\ue000"
"""Stands in a text where a part of it is not known; one each."""

MAX_TEXT: Final = 500_000  # characters


class Text(NamedTuple):
    """``marks`` say where characters stand (see :class:`Positions`). ``sure`` is False where this is one of several texts that
    it may be. ``parameters`` are those of functions that gaps stand for."""

    text: str
    marks: tuple[Mark, ...] = ()
    sure: bool = True
    parameters: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """Is all of it known?"""
        return GAP not in self.text

    def doubtful(self) -> Text:
        """The same as one of several."""
        return self._replace(sure=False) if self.sure else self


NOTHING: Final = Text("")


def clean(text: str) -> str:
    """Without what is no text, and what stands for gaps."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode().replace(GAP, "?")


def plain(text: str, line: int, column: int) -> Text:
    """Text that stands for something at this place."""
    return Text(clean(text), (Mark(0, line, column),))


def gap(line: int, column: int, parameter: str = "") -> Text:
    """A text of which nothing is known."""
    return Text(GAP, (Mark(0, line, column),), True, frozenset((parameter,)) if parameter else frozenset())


def concat(texts: Sequence[Text]) -> Text:
    """One behind the other."""
    if len(texts) == 1:
        return texts[0]
    parts: list[str] = []
    marks: list[Mark] = []
    size = 0
    for text in texts:
        parts.append(text.text)
        marks.extend(Mark(size + m.offset, m.line, m.column) for m in text.marks)
        size += len(text.text)
        if size > MAX_TEXT:
            break
    sure = all(t.sure for t in texts)
    return Text("".join(parts), tuple(marks), sure, frozenset[str]().union(*(t.parameters for t in texts)))


def joined(separator: Text, texts: Sequence[Text]) -> Text:
    """``separator.join(texts)``."""
    parts: list[Text] = []
    for text in texts:
        if parts:
            parts.append(separator)
        parts.append(text)
    return concat(parts) if parts else NOTHING


def place(text: Text, offset: int) -> Mark:
    """Where the character at ``offset`` stands."""
    at = bisect_right(text.marks, offset, key=lambda m: m.offset) - 1
    if at < 0:
        return Mark(0, 1, 1)
    mark = text.marks[at]
    newlines = text.text.count("\n", mark.offset, offset)
    if not newlines:
        return Mark(0, mark.line, mark.column + offset - mark.offset)
    return Mark(0, mark.line + newlines, offset - text.text.rfind("\n", 0, offset))


def moved(text: Text, to: Mark) -> Text:
    """A name or a number as it stands where it is used; what is longer stands where it is written."""
    if not text.marks or text.text == GAP or any(c.isspace() for c in text.text):
        return text
    return text._replace(marks=(Mark(0, to.line, to.column),))


def all_at(text: Text, to: Mark) -> Text:
    """A text whose every character stands at one place: it is written in another file."""
    starts = [0, *(k + 1 for k, char in enumerate(text.text) if char == "\n")]
    return text._replace(marks=tuple(Mark(k, to.line, to.column) for k in starts))


def cut(text: Text, start: int, end: int) -> Text:
    """A part of it."""
    if start <= 0 and end >= len(text.text):
        return text
    if start >= end:
        return text._replace(text="", marks=())
    marks = [place(text, start)]
    marks.extend(Mark(m.offset - start, m.line, m.column) for m in text.marks if start < m.offset < end)
    return text._replace(text=text.text[start:end], marks=tuple(marks))


def pieces(text: Text, spans: Iterable[tuple[int, int]]) -> Text:
    """Several parts of it, one behind the other."""
    found = [cut(text, start, end) for start, end in spans if start < end]
    return concat(found) if found else text._replace(text="", marks=())


def stripped(text: Text, what: str | None, *, left: bool, right: bool) -> Text:
    """``strip``, ``lstrip`` or ``rstrip``."""
    start = len(text.text) - len(text.text.lstrip(what)) if left else 0
    end = len(text.text.rstrip(what)) if right else len(text.text)
    return cut(text, start, end)


def dedented(text: Text) -> Text:
    """``textwrap.dedent``: what stands in front of all lines is gone. Lines stay."""
    lines = text.text.split("\n")
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip(" \t")]
    width = min(indents, default=0)
    if not width:
        return text
    spans: list[tuple[int, int]] = []
    at = 0
    for line in lines:
        blank = not line.strip(" \t")
        spans.append((at + (len(line) if blank else width), at + len(line) + 1))
        at += len(line) + 1
    return pieces(text, ((a, min(b, len(text.text))) for a, b in spans))


def replaced(text: Text, old: str, new: Text) -> Text:
    """``text.replace(old, new)``."""
    if not old or old not in text.text:
        return text
    parts: list[Text] = []
    at = size = 0
    while size <= MAX_TEXT and (found := text.text.find(old, at)) >= 0:
        parts += (cut(text, at, found), new)
        size += found - at + len(new.text)
        at = found + len(old)
    parts.append(cut(text, at, len(text.text)))
    return concat([p for p in parts if p.text or p is new] or [NOTHING])
