"""How much work one file may be: a few lines of SQL can mean more columns and edges than there is memory for.

Counted in steps, not in seconds, so that the same files give the same graph everywhere. A step is a column of a relation, a
source of a value, or a few names that were looked through: two or three microseconds, and at most 250 bytes until the
statement is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

STATEMENT_STEPS: Final = 500_000
FILE_STEPS: Final = 5_000_000
"""Over all statements, each time that one is evaluated: some 15 s. A file of ten thousand usual statements needs a tenth."""

FILE_ROWS: Final = 500_000
"""Column rows of one file: edges, influences, described columns."""

LISTED_COLUMNS: Final = 10_000
"""A query with more columns has a list that nobody knows."""

LIST_STEPS: Final = 1_000_000
"""Column names of all the relations that one list goes through."""

_BETWEEN_LOOKS: Final = 10_000


class TooMuch(Exception):
    """The statement is more work than allowed."""


class Work:
    """Counts the steps of one file. ``look`` is called every 30 ms or so, and may raise to give up."""

    def __init__(self, look: Callable[[], None] | None = None) -> None:
        self._look = look
        self._unseen = 0
        self._statement = 0
        self._file = FILE_STEPS

    @property
    def exhausted(self) -> bool:
        """Has the file had all of its steps?"""
        return self._file <= 0

    def begin(self) -> None:
        """The next statement."""
        self._statement = min(STATEMENT_STEPS, self._file)

    def spend(self, steps: int) -> None:
        """Raises TooMuch when the statement, or the file, has had its steps."""
        self._statement -= steps
        self._file -= steps
        self._unseen += steps
        if self._unseen > _BETWEEN_LOOKS:
            self._seen()
        if self._statement < 0:
            raise TooMuch

    def note(self, steps: int) -> None:
        """Steps between statements."""
        self._file -= steps
        self._unseen += steps
        if self._unseen > _BETWEEN_LOOKS:
            self._seen()

    def _seen(self) -> None:
        self._unseen = 0
        if self._look is not None:
            self._look()
