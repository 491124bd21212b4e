"""Which files did not make it into the graph, or only as failed, and why."""

from __future__ import annotations

import os
from typing import Final

import msgspec

from ray_lineage.graph.deadletters import DeadLetters
from ray_lineage.graph.open import open_store
from ray_lineage.model import Diagnostic
from ray_lineage.settings import Settings

DEAD_LETTERS: Final = "failed_ingestion.jsonl"
_QUARANTINE: Final = "RL193"
_KINDS: Final = ("quarantined", "dead letter", "failed")


class Failure(msgspec.Struct, frozen=True):
    """``kind``: ``quarantined`` (it killed its actor three times), ``dead letter`` (the store refused its rows), ``failed``
    (nothing of it was understood). ``line`` 0: the whole file. ``at`` is UTC, ISO 8601, empty where it is not known."""

    kind: str
    project: str
    path: str
    code: str
    message: str
    line: int = 0
    at: str = ""

    def __lt__(self, other: Failure) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[int, str, str, int]:
        return (_KINDS.index(self.kind), self.project, self.path, self.line)


def dead_letters(data_dir: str, project: str) -> list[Failure]:
    """Those of a project; of all if it is empty."""
    found = DeadLetters(os.path.join(data_dir, DEAD_LETTERS)).read()
    return [
        Failure("dead letter", d.project, d.path, d.code, d.reason, at=d.at)
        for d in found
        if not project or d.project == project
    ]


def failed_files(settings: Settings) -> list[Failure]:
    """Files with the status ``failed`` in the graph, each with the error that made it so. Raises StoreUnavailable."""
    decoder = msgspec.json.Decoder(list[Diagnostic])
    store = open_store(settings, read_only=True)
    try:
        rows = store.files_with_status(settings.project or None, "failed")
    finally:
        store.close()
    out: list[Failure] = []
    for project, path, text in rows:
        diagnostics = decoder.decode(text) if text else []
        errors = [d for d in diagnostics if d.severity == "error"] or [Diagnostic("", "error", "no reason is known")]
        first = next((d for d in errors if d.code == _QUARANTINE), errors[0])
        kind = "quarantined" if first.code == _QUARANTINE else "failed"
        out.append(Failure(kind, project, path, first.code, first.message, first.line))
    return out
