"""Diagnostics: what is said about files, by whoever reads them."""

from __future__ import annotations

from typing import Final

import msgspec

SEVERITIES: Final = ("info", "warning", "error")


class Diagnostic(msgspec.Struct, frozen=True, array_like=True):
    """One finding about one file. ``line`` and ``column`` count from 1; 0 means the whole file."""

    code: str
    severity: str  # a member of SEVERITIES
    message: str
    line: int = 0
    column: int = 0


class Resting(Diagnostic, frozen=True, array_like=True):
    """A diagnostic that is wrong where the columns of one of ``lists`` (datasets) are others than is declared. ``named``: these,
    as the statement names them."""

    lists: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


class FileDiagnostic(msgspec.Struct, frozen=True, order=True):
    """A diagnostic with its file."""

    path: str
    line: int
    column: int
    code: str
    severity: str
    message: str

    @classmethod
    def of(cls, path: str, found: Diagnostic) -> FileDiagnostic:
        """A file's diagnostic."""
        return cls(path, found.line, found.column, found.code, found.severity, found.message)

    @property
    def place(self) -> str:
        """``path:line:column``, as much of it as is known."""
        return ":".join(map(str, filter(None, (self.path, self.line, self.line and self.column))))
