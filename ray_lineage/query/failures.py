"""Which files did not make it into the graph whole, why, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from ray_lineage.graph.deadletters import DEAD_LETTERS, UNREAD, DeadLetters
from ray_lineage.graph.open import open_store
from ray_lineage.graph.store import Rejected
from ray_lineage.model import Diagnostic, FileDiagnostic
from ray_lineage.query.projects import known_project
from ray_lineage.settings import Settings

_QUARANTINE: Final = "RL193"
_GIVEN_UP: Final = frozenset({"RL190", "RL191"})
_UNREADABLE: Final = frozenset({"RL001", "RL004"})
_PASSED_OVER: Final = frozenset({"RL006", "RL007"})
"""Links, pipes and devices: a scan finds them, the graph has no row of them."""
_KINDS: Final = ("quarantined", "dead letter", "given up", "unreadable", "failed", "partial", "skipped")
_AGAIN: Final = "the next `ray_lineage ingest` tries it again"
_DO: Final = {
    "quarantined": "`ray_lineage ingest --retry-quarantined` tries it again, as does a change of the file",
    "dead letter": _AGAIN,
    "given up": f"split the file, or leave it out with `ignore`; {_AGAIN}",
    "unreadable": f"check permissions and mounts; {_AGAIN}",
    "failed": "is the dialect right? `ray_lineage parse FILE` says what was read; set `dialect` for its folder, or `ignore` it",
    "partial": "`ray_lineage parse FILE` says what was read; set `dialect` for its folder if it is another one",
    "skipped": "leave it out with `ignore` if it is meant to be there",
    "RL005": "raise `max_file_size` to read it, or leave it out with `ignore`",
    "RL006": "give the folder that the link leads to as a folder of its own",
    "RL011": "run `git lfs pull`",
    "RL199": "it is our fault: please report it; a new version and `ray_lineage ingest --full` may read it",
}
"""By code, else by kind."""


class Failure(msgspec.Struct, frozen=True):
    """``kind``: ``quarantined`` (it killed its worker three times), ``dead letter`` (the store refused its rows), ``given up``
    (for want of time or memory), ``unreadable``, ``failed`` (nothing of it was understood), ``partial`` (some was not),
    ``skipped`` (not read as SQL). ``line`` 0: the whole file; ``more``: so many further errors of it. ``at`` is UTC, ISO 8601,
    empty where it is not known."""

    kind: str
    project: str
    path: str
    code: str
    message: str
    line: int = 0
    at: str = ""
    help: str = ""
    more: int = 0

    def __lt__(self, other: Failure) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[int, str, str, int]:
        return (_KINDS.index(self.kind), self.project, self.path, self.line)


def dead_letters(data_dir: str, project: str) -> list[Failure]:
    """Those of a project; of all if it is empty."""
    return _noted(data_dir, DEAD_LETTERS, project)


def unread_files(data_dir: str, project: str) -> list[Failure]:
    """Files that the last run could not read, gave up or passed over; of all projects if it is empty."""
    return _noted(data_dir, UNREAD, project)


def _noted(data_dir: str, name: str, project: str) -> list[Failure]:
    found = DeadLetters(os.path.join(data_dir, name)).read()
    return [
        _failure(_kind(d.code), d.project, d.path, Diagnostic(d.code, "error", d.reason), d.at)
        for d in found
        if not project or d.project == project
    ]


def _kind(code: str) -> str:
    kinds = {"given up": _GIVEN_UP, "unreadable": _UNREADABLE, "skipped": _PASSED_OVER}
    return next((kind for kind, codes in kinds.items() if code in codes), "dead letter")


def note_unread(
    data_dir: str, project: str, findings: Iterable[FileDiagnostic], looked_at: Callable[[str], bool] = lambda _: True
) -> None:
    """Remember which files a run could not read, gave up or passed over: the graph knows nothing of them, or something older.
    What was noted of paths that it did not look at stays. Raises OSError."""
    letters = DeadLetters(os.path.join(data_dir, UNREAD))
    unread = [Rejected(f.path, f.code, f.message) for f in findings if f.code in _GIVEN_UP | _UNREADABLE | _PASSED_OVER]
    before = [d.path for d in letters.read() if d.project == project and looked_at(d.path)]
    if unread or before:
        letters.replace(project, before, unread)


def failed_files(settings: Settings) -> list[Failure]:
    """Files whose text was not understood as a whole, by the graph, each with the worst that is said of it. Raises
    StoreUnavailable."""
    decoder = msgspec.json.Decoder(list[Diagnostic])
    store = open_store(settings, read_only=True)
    try:
        project = known_project(store, settings.project)
        rows = [
            (status, *row)
            for status in ("failed", "partial", "skipped")
            for row in store.files_with_status(project, status)
        ]
    finally:
        store.close()
    found = ((status, project, path, decoder.decode(text or "[]")) for status, project, path, text in rows)
    # what was skipped without a word is nothing that anybody meant to be read, such as a .json of another kind
    return [_of_file(*row) for row in found if row[0] != "skipped" or row[3]]


def _of_file(status: str, project: str, path: str, diagnostics: Sequence[Diagnostic]) -> Failure:
    told = [d for d in diagnostics if d.severity == "error"] or list(diagnostics)
    told = told or [Diagnostic("", "error", "no reason is known")]
    first = next((d for d in told if d.code == _QUARANTINE), told[0])
    kind = "quarantined" if first.code == _QUARANTINE else status
    return msgspec.structs.replace(_failure(kind, project, path, first), more=len(told) - 1)


def _failure(kind: str, project: str, path: str, why: Diagnostic, at: str = "") -> Failure:
    return Failure(kind, project, path, why.code, why.message, why.line, at, _DO.get(why.code, _DO[kind]))
