"""Contributions that could not be written, with the reason: ``data/failed_ingestion.jsonl``, one JSON object a line."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from ray_lineage.graph.store import Rejected

DEAD_LETTERS: Final = "failed_ingestion.jsonl"
UNREAD: Final = "unread_files.jsonl"
"""Of the same form: what could not be read."""


class DeadLetter(msgspec.Struct, frozen=True):
    """One rejected file. ``at`` is UTC, ISO 8601."""

    project: str
    path: str
    code: str
    reason: str
    at: str = ""


class DeadLetters:
    """The file. A torn last line (crash while writing) is passed over when reading and replaced by the next write."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def read(self) -> list[DeadLetter]:
        """All readable entries, oldest first."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        out: list[DeadLetter] = []
        for line in lines:
            try:
                out.append(msgspec.json.decode(line, type=DeadLetter))
            except msgspec.DecodeError:
                continue
        return out

    def replace(self, project: str, settled: Iterable[str], rejected: Iterable[Rejected]) -> int:
        """Drop the project's entries whose paths are ``settled`` (written or gone by now), add the new ones.

        Returns how many entries the project has. Raises OSError if the folder cannot be written.
        """
        new = {r.path: r for r in rejected}
        done = set(settled) | set(new)
        kept = [d for d in self.read() if d.project != project or d.path not in done]
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        entries = [*kept, *(DeadLetter(project, r.path, r.code, r.reason, at) for r in new.values())]
        if not entries and not self.path.exists():
            return 0
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.writelines(msgspec.json.encode(e) + b"\n" for e in entries)
        temporary.replace(self.path)
        return sum(e.project == project for e in entries)
