"""The lines of a source: where nodes of its syntax tree stand, in characters from 1."""

from __future__ import annotations

import ast


class Lines:
    """The tree counts columns in bytes of UTF-8, from 0."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")

    def start(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Line and column of its first character."""
        return node.lineno, self._column(node.lineno, node.col_offset) + 1

    def source(self, node: ast.expr) -> str:
        """Its text, as it is written."""
        first, last = node.lineno, node.end_lineno or node.lineno
        start, end = self._column(first, node.col_offset), self._column(last, node.end_col_offset or 0)
        if not 0 < first <= last <= len(self.lines):
            return ""
        if first == last:
            return self.lines[first - 1][start:end]
        return "\n".join((self.lines[first - 1][start:], *self.lines[first : last - 1], self.lines[last - 1][:end]))

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))
