"""String literals: which character of the value stands where in the file.

The syntax tree does not say it: adjoining literals are one constant, and before Python 3.12 every part of an f-string has the
place of the whole. So a literal's own source is read once more here."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ray_lineage.compile.positions import Mark
from ray_lineage.compile.python.texts import GAP, Text

_OPEN: Final = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_BETWEEN: Final = re.compile(r"(?:[\s()]|\\\r?\n|#[^\n]*)+")
_SIMPLE: Final = {
    "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_HEX: Final = {"x": 2, "u": 4, "U": 8}
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}


def read_literal(source: str, line: int, column: int) -> Text | None:
    """The value of literals, one or several adjoining ones, whose source begins there; a gap stands for each field of an
    f-string. None where this is no literal that we can read."""
    reader = _Reader(source, line, column)
    return reader.result() if reader.read() else None


class _Reader:
    """Reads one source of literals."""

    def __init__(self, source: str, line: int, column: int) -> None:
        self.source = source
        self.line, self.before = (
            line,
            column - 1,
        )  # of the current line, and what stands before its beginning in the source
        self.parts: list[str] = []
        self.marks: list[Mark] = []
        self.size = 0
        self.seen = 0  # up to here lines were counted

    def result(self) -> Text:
        return Text("".join(self.parts), tuple(self.marks))

    def read(self) -> bool:
        at, n = 0, len(self.source)
        while at < n:
            between = _BETWEEN.match(self.source, at)
            if between:
                at = between.end()
                continue
            found = _OPEN.match(self.source, at)
            if found is None:
                return False
            prefix = found.group(1).lower()
            if "b" in prefix or "t" in prefix:
                return False
            at = self._body(found.end(), found.group(2), raw="r" in prefix, fields="f" in prefix)
            if at < 0:
                return False
        return True

    def _mark(self, at: int) -> None:
        """The next character of the value stands there in the source."""
        newlines = self.source.count("\n", self.seen, at)
        if newlines:
            self.line += newlines
            self.before = -(self.source.rfind("\n", 0, at) + 1)
        self.seen = at
        self.marks.append(Mark(self.size, self.line, at + self.before + 1))

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text)

    def _body(self, at: int, quote: str, *, raw: bool, fields: bool) -> int:
        """Read to the closing quote; where it ends, or -1."""
        source = self.source
        stops = quote[0] + "\\" + ("{}" if fields else "")
        stop = _STOPS[stops]
        start = at
        self._mark(at)
        while True:
            end = stop.search(source, at)
            if end is None:
                return -1
            at = end.start()
            what = end.group()
            if what == quote[0]:
                if not source.startswith(quote, at):
                    at += 1
                    continue
                self._add(source[start:at].replace("\r\n", "\n").replace(GAP, "?"))
                return at + len(quote)
            if what == "\\" and raw:
                at += 2 if source[at + 1 : at + 2] not in ("{", "}") or not fields else 1
                continue
            self._add(source[start:at].replace("\r\n", "\n").replace(GAP, "?"))
            if what == "\\":
                value, at = _escape(source, at)
            elif source.startswith(what * 2, at):
                value, at = what, at + 2
            elif what == "{":
                value, at = GAP, _field_end(source, at + 1)
                if at < 0:
                    return -1
                self._add(value)
                self._mark(at)
                start = at
                continue
            else:
                return -1
            self._add(value)
            self._mark(at)
            start = at


_STOPS: Final = {
    quote + "\\" + braces: re.compile("[" + re.escape(quote + "\\" + braces) + "]")
    for quote in "'\""
    for braces in ("", "{}")
}


def _escape(source: str, at: int) -> tuple[str, int]:
    """The character of an escape at ``at``, and where it ends."""
    letter = source[at + 1 : at + 2]
    if letter in _SIMPLE and letter:
        return _SIMPLE[letter], at + 2
    if letter == "\n":
        return "", at + 2
    if letter == "\r":
        return "", at + (3 if source.startswith("\n", at + 2) else 2)
    if letter in _HEX and letter:
        digits = source[at + 2 : at + 2 + _HEX[letter]]
        return _character(digits, 16), at + 2 + len(digits)
    if letter in "01234567" and letter:
        octal = source[at + 1 : at + 4]
        digits = octal[: len(octal) - len(octal.lstrip("01234567"))]
        return _character(digits, 8), at + 1 + len(digits)
    if letter == "N" and (end := source.find("}", at)) > 0:
        try:
            return unicodedata.lookup(source[at + 3 : end]), end + 1
        except KeyError:
            return "?", end + 1
    return "\\", at + 1


def _character(digits: str, base: int) -> str:
    try:
        code = int(digits, base)
        return chr(code) if not 0xD800 <= code < 0xE001 else "?"
    except (ValueError, OverflowError):
        return "?"


def _field_end(source: str, at: int) -> int:
    """Behind the brace that closes a field; -1: there is none."""
    closers: list[str] = []
    n = len(source)
    while at < n:
        char = source[at]
        if char in "'\"":
            quote = char * 3 if source.startswith(char * 3, at) else char
            end = source.find(quote, at + len(quote))
            if end < 0:
                return -1
            at = end + len(quote)
            continue
        if char in _CLOSERS:
            closers.append(_CLOSERS[char])
        elif closers and char == closers[-1]:
            closers.pop()
        elif char == "}":
            return at + 1
        at += 1
    return -1
