"""A question in SQL to the embedded graph: one SELECT on its documented views, which can change nothing and ends in time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

from ray_lineage.errors import StoreUnavailable, UsageError, first_line
from ray_lineage.graph.sql import VIEWS

SECONDS: Final = 30.0
_STEPS: Final = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""
_FUNCTIONS_DENIED: Final = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
_OPEN: Final = frozenset({"json_each", "json_tree", "sqlite_master"})
_MEMORY: Final = 2**28
_LIMITS: Final = {sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000, sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000}
"""Of one text, row or pattern: what a function does with two of them grows with the product of their lengths."""
_GRACE: Final = 0.5
"""Seconds that SQLite has to hear that time is up, before it counts as hung inside of a function."""


class Answer:
    """Names of the columns, and the rows as they come."""

    def __init__(self, names: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
        self.names, self.rows = names, rows


class _Clock:
    """Seconds in SQLite; what the reader of the rows does between two of them does not count."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._deadline: float | None = None

    def __enter__(self) -> None:
        self._deadline = time.monotonic() + self._left

    def __exit__(self, *_: object) -> None:
        if self._deadline is not None:
            self._left, self._deadline = self._deadline - time.monotonic(), None

    def is_over(self, grace: float = 0.0) -> bool:
        """Asked by another thread, too."""
        deadline = self._deadline
        return deadline is not None and time.monotonic() > deadline + grace


@contextlib.contextmanager
def ask(path: str, query: str, seconds: float = SECONDS, hung: Callable[[], object] | None = None) -> Iterator[Answer]:
    """The answer of the graph in a file. Raises UsageError (RL248) for what is no query on its views, does not end in
    ``seconds``, or holds a fault; StoreUnavailable if the file cannot be read.

    SQLite looks at no clock inside of one function's call. ``hung`` is called then, in a thread of its own, soon after time is
    up: nothing but the end of the process ends that call."""
    connection = _opened(path)
    clock = _Clock(seconds)
    try:
        connection.set_progress_handler(clock.is_over, _STEPS)
        connection.set_authorizer(_allowed)
        with _watched(clock, hung):
            with _told(seconds), clock:
                cursor = connection.execute(query)
            if cursor.description is None:
                raise UsageError("RL248", "that is no query", where="sql", help="ask with SELECT or WITH")
            yield Answer([column[0] for column in cursor.description], _rows(cursor, clock, seconds))
    finally:
        connection.close()


@contextlib.contextmanager
def _watched(clock: _Clock, hung: Callable[[], object] | None) -> Iterator[None]:
    if hung is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_GRACE / 2):
            if clock.is_over(_GRACE):
                hung()
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _opened(path: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.path.abspath(path))}"
    try:
        connection = _connected(f"{uri}?mode=ro")
    except sqlite3.Error as error:
        try:  # in a folder that cannot be written, where SQLite has no place for what its readers share
            connection = _connected(f"{uri}?immutable=1")
        except sqlite3.Error:
            raise StoreUnavailable("RL211", f"cannot read the graph at {path}: {first_line(error)}") from None
    connection.create_function("fold", 1, str.lower, deterministic=True)
    return connection


def _connected(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        for pragma in ("query_only = ON", "temp_store = MEMORY", f"hard_heap_limit = {_MEMORY}"):
            connection.execute(f"PRAGMA {pragma}")
        for limit, most in _LIMITS.items():
            connection.setlimit(limit, most)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _allowed(action: int, first: str | None, second: str | None, database: str | None, view: str | None) -> int:
    """Reading views, and what these read."""
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second in _FUNCTIONS_DENIED else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ:
        # without a column: that a table is there, as of one whose rows a view only counts, or of a query's own
        is_open = not second or view in VIEWS or first in VIEWS or first in _OPEN
        return sqlite3.SQLITE_OK if is_open else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_DENY


def _rows(cursor: sqlite3.Cursor, clock: _Clock, seconds: float) -> Iterator[tuple[Any, ...]]:
    while True:
        with _told(seconds), clock:
            row = cursor.fetchone()
        if row is None:
            return
        yield row


def late(seconds: float) -> UsageError:
    """What a question that takes too long ends with."""
    return UsageError(
        "RL248", f"no answer within {seconds:g} s", where="sql", help="ask for less, or give it longer with --timeout"
    )


@contextlib.contextmanager
def _told(seconds: float) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning, MemoryError) as error:
        text = str(error)
        if text == "interrupted":
            raise late(seconds) from None
        if "prohibited" in text or "not authorized" in text:
            said, hint = f"that is not allowed: {text}", f"read the views: {', '.join(sorted(VIEWS))}"
        else:
            said, hint = (
                first_line(error),
                f"views: {', '.join(sorted(VIEWS))}; `sqlite_master` has their text",
            )
        raise UsageError("RL248", said, where="sql", help=hint) from None
