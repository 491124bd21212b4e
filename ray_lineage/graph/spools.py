"""Rows on their way into the embedded store: CSV files, one a table, which the engine reads faster than parameters."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection
from typing import Any, Final, TextIO

from ray_lineage.errors import StoreUnavailable
from ray_lineage.graph import cypher
from ray_lineage.graph.schema import HAS_COLUMN, NODES, RELS
from ray_lineage.model import Row

_AT_ONCE: Final = 8 * 2**20  # bytes: the engine keeps what is copied in memory until the transaction's checkpoint


class Spools:
    """CSV files, one a table, in a temporary folder of ours."""

    def __init__(self, folder: str, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._open: dict[str, TextIO] = {}
        self.rows = 0
        self._bytes: dict[str, int] = {}

    def path(self, table: str) -> str:
        """Of a table's file."""
        return os.path.join(self._folder, f"{table}.csv")

    def write(self, table: str, rows: Collection[Row]) -> None:
        """Append rows. Raises OSError on a full disk."""
        if not rows:
            return
        out = self._open.get(table)
        if out is None:
            file = open(self.path(table), "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed by the stack
            out = self._open[table] = self._stack.enter_context(file)
        out.writelines(",".join(map(_field, r)) + "\n" for r in rows)
        self.rows += len(rows)

    def flush(self) -> None:
        """To be called once, after the last row. Raises OSError on a full disk."""
        for table, out in self._open.items():
            out.flush()
            self._bytes[table] = out.tell()

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(self._bytes.values())

    @property
    def largest(self) -> int:
        """Bytes of the largest file."""
        return max(self._bytes.values(), default=0)

    def copy(self, run: Callable[[str], Any]) -> None:
        """Copy all files into their tables, which are empty, nodes before relationships; in several transactions. Raises
        RuntimeError. Each table at once: keys that come to many others later may be lost (ladybug 0.22)."""
        order = [*(n.label for n in NODES), *(r.type for r in (*RELS, HAS_COLUMN))]
        run("BEGIN TRANSACTION")
        size = 0
        for table in (t for t in order if t in self._open):
            if size > _AT_ONCE:
                run("COMMIT")
                run("BEGIN TRANSACTION")
                size = 0
            run(cypher.copy_from(self.path(table), table))
            size += self._bytes[table]
        run("COMMIT")


def no_space(error: OSError) -> StoreUnavailable:
    """The error for rows that could not be written."""
    return StoreUnavailable(
        "RL214", f"cannot write a temporary file: {error.strerror}", help="free some space in the temporary folder"
    )


def _field(value: Any) -> str:
    """One CSV field; null is nothing at all, text is always quoted."""
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
