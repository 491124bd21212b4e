"""Bytes of a Python file -> text -> syntax tree, and why there is none."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from typing import Final


def decoded(data: bytes) -> str | None:
    """The text, by its byte order mark or its coding cookie, else UTF-8. Lines end in newlines only. None: this is no text."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        text = data.decode(encoding)
    except (SyntaxError, LookupError, UnicodeError, ValueError):
        text = data.decode("utf-8", "replace")
    if "\0" in text:
        return None
    text = text.encode("utf-8", "replace").decode() if not text.isascii() else text
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ")


_LONGEST_NAME: Final = 5_000
"""Parts of a name: for a module's Python keeps each of its beginnings, which of 60,000 parts are 4 GB."""
_DOTTED: Final = re.compile(r"\w+(?:\s*\.\s*\w+)*")


class NoPython(Exception):
    """Why a text is no Python that we can read."""

    def __init__(self, why: str, line: int, column: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.line = line
        self.column = column


def parse(text: str) -> ast.Module:
    """The syntax tree. Raises NoPython."""
    if text.count(".") > _LONGEST_NAME and any(n.group().count(".") > _LONGEST_NAME for n in _DOTTED.finditer(text)):
        raise NoPython("a name in this Python has too many parts to be read", 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise NoPython(
            f"this is no Python that we can read: {_why(text, error)}", error.lineno or 1, error.offset or 0
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise NoPython("this Python is nested too deeply to be read", 0) from None


def parsed(text: str) -> ast.Module | None:
    """The syntax tree; None where there is none."""
    try:
        return parse(text)
    except NoPython:
        return None


_TEMPLATE: Final = re.compile(r"\{\{.{0,200}?\}\}|\{%.{0,200}?%\}|<%.{0,200}?%>")
_BLOCK: Final = re.compile(r"^[ \t]*\{%.{0,200}?%\}", re.MULTILINE)
_PYTHON_2: Final = re.compile(
    r"^\s*(?:print\s+[^\s(=]|exec\s+[\"'\w]|raise\s+\w+\s*,|except\s+\w[\w.]*\s*,)|\bur[\"']|\b0[0-7]+L?\b|<>|\d+L\b|`\w+`"
)


def _why(text: str, error: SyntaxError) -> str:
    lines = text.split("\n")
    line = lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else ""
    if _TEMPLATE.search(line) or _BLOCK.search(text):
        return "it is a template"
    if "Missing parentheses" in str(error.msg) or _PYTHON_2.search(line[:2000]):
        return "it is Python 2"
    return f"{error.msg} (its syntax may be newer than this Python's)"
