"""Text that is written where it stood: at its own line and, as far as there is room, its own column."""

from __future__ import annotations

import re

from ray_lineage.compile.text.placeholders import COMMENTS, Scan


class Output:
    """Output that puts each piece of literal text at its own line and, as far as there is room, its own column."""

    def __init__(self, flat: bool = False, scan: Scan | None = None) -> None:
        self.parts: list[str] = []
        self.line = 1
        self.column = 0
        self.flat = flat
        self.scan = scan or Scan()
        self.last = ""

    def put(self, text: str) -> None:
        if not text:
            return
        self.parts.append(text)
        self.last = text[-1]
        lines = text.count("\n")
        self.line += lines
        self.column = len(text) - text.rfind("\n") - 1 if lines else self.column + len(text)
        self.scan.feed(text)

    def place(self, text: str, line: int, column: int) -> None:
        """Write ``text`` after moving to its place, unless that would tear a name or a string apart."""
        if text and not (in_name(self.last) and in_name(text[0])):
            self.move(line, column)
        self.put(text)

    def literal(self, text: str, line: int, column: int) -> None:
        """Write text of the template that begins at this line and column (from 0) there."""
        at = 0
        if text and not self.flat and not (in_name(self.last) and in_name(text[0])):
            self.move(line, column)
        while at < len(text):
            if self.flat or (self.line, self.column) == (line, column):
                self.put(text[at:])
                return
            space = _SPACES.search(text, at)
            stop = space.start() if space else len(text)
            self.put(text[at:stop])
            column += stop - at
            at = stop
            if space:
                at, line, column = self._resume(text, at, space.end(), line, column)

    def _resume(self, text: str, at: int, end: int, line: int, column: int) -> tuple[int, int, int]:
        """At white space: move to the place where it should stand; drop of it what is too much."""
        if text[at] == "\n":
            self.put("\n" * (line - self.line + 1))
            return at + 1, line + 1, 0
        if not self.scan.state:
            drop = min(end - at - 1, self.column - column) if self.line == line else 0
            if drop > 0:
                at += drop
                column += drop
            self.move(line, column)
        self.put(text[at])
        return at + 1, line, column + 1

    def move(self, line: int, column: int) -> None:
        if self.flat or self.scan.state not in ("", "/*"):
            return
        if self.line < line:
            self.put("\n" * (line - self.line))
        if self.line == line and self.column < column:
            self.put(" " * (column - self.column))

    def text(self) -> str:
        return "".join(self.parts)


_SPACES = re.compile(r"\n|[^\S\n]+")


def in_name(char: str) -> bool:
    return char != "" and (char.isalnum() or char in "_.$#@\"'`[]")


FLAT = re.compile(r"'[^']*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


def flattened(text: str) -> str:
    """The text on one line, without its comments."""
    if "/*" in text and "*/" not in text:
        text = text.replace("/*", "  ")
    bare = FLAT.sub(lambda m: " " if m.group()[:2] in COMMENTS else m.group(), text)
    return re.sub(r"\s*[\r\n]\s*", " ", bare)


def encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text
