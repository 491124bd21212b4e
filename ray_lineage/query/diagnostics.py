"""What the graph holds of diagnostics: by file and code, but for what the settings ignore.

A run tells of the files that it looked at; the graph knows all of them. So what is reported at the end of any run, also of one
that found nothing to do, is read from here: an alert that somebody keeps open is closed by nothing but its mending.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

import msgspec

from ray_lineage.model import FILE_STATUSES, Diagnostic, FileDiagnostic
from ray_lineage.settings import matches

if TYPE_CHECKING:
    from ray_lineage.graph.store import GraphStore

SEVERITIES: Final = ("error", "warning", "info")
"""The worst first."""
_diagnostics = msgspec.json.Decoder(list[Diagnostic])


class Stored(msgspec.Struct, frozen=True):
    """A diagnostic in the graph, with the project of its file."""

    project: str
    found: FileDiagnostic


class Ignored:
    """The setting ``ignore_diagnostics``: ``RL110``, or ``RL3*:legacy`` for the files below a folder (or those of a glob)."""

    def __init__(self, rules: Iterable[str]) -> None:
        self._rules = [(code.strip(), folder.strip()) for code, _, folder in (rule.partition(":") for rule in rules)]

    def hides(self, code: str, path: str) -> bool:
        """Is nothing to be said of this code in this file?"""
        return any(fnmatchcase(code, wanted) and matches(folder, path) for wanted, folder in self._rules)


File = tuple[str, str]
"""Project and path."""


def by_file(store: GraphStore, project: str | None) -> dict[File, list[Diagnostic]]:
    """Of all files of a project (of all projects: None), in no order. Raises StoreUnavailable."""
    found = {
        (of, path): _diagnostics.decode(text) if text and text != "[]" else []
        for status in FILE_STATUSES
        for of, path, text in store.files_with_status(project, status)
    }
    for of in {of for of, _ in found}:
        for path, diagnostic in _of_the_whole(store, of):
            if (of, path) in found:
                found[of, path].append(diagnostic)
    return found


class _Settled(msgspec.Struct):
    """What of the record of a settled state is of interest here."""

    whole: list[FileDiagnostic] = []


def _of_the_whole(store: GraphStore, project: str) -> Iterator[tuple[str, Diagnostic]]:
    """What is said of a project, at the file where it shows. While the project is not settled, nothing is."""
    try:
        settled = msgspec.json.decode(store.digest(project) or "{}", type=_Settled)
    except msgspec.DecodeError:
        return
    for f in settled.whole:
        yield f.path, Diagnostic(f.code, f.severity, f.message, f.line, f.column)


def stored(files: Mapping[File, Iterable[Diagnostic]]) -> Iterator[Stored]:
    """Each diagnostic with its file."""
    for (project, path), diagnostics in files.items():
        for d in diagnostics:
            yield Stored(project, FileDiagnostic.of(path, d))


def below(path: str, files: Iterable[File]) -> set[File]:
    """The files that a path means: as in the graph, or a glob of those; else behind a folder that is called as their project
    is, which is how a project gets its name. Pure."""
    files = list(files)
    found = {file for file in files if matches(path, file[1])}
    parts = path.strip("/").split("/")
    for number, part in enumerate(parts, 1):
        rest = "/".join(parts[number:])
        found = found or {file for file in files if file[0] == part and matches(rest, file[1])}
    return found


def chosen(
    found: Iterable[Stored],
    ignored: Ignored,
    *,
    codes: Sequence[str] = (),
    least: str = "info",
) -> list[Stored]:
    """Those of these codes (``RL1*``), at least so severe; by file."""
    wanted = SEVERITIES[: SEVERITIES.index(least) + 1]
    out = [
        s
        for s in found
        if s.found.severity in wanted
        and (not codes or any(fnmatchcase(s.found.code, code.upper()) for code in codes))
        and not ignored.hides(s.found.code, s.found.path)
    ]
    return sorted(out, key=lambda s: (s.project, s.found))


def reported(own: Iterable[FileDiagnostic], store: GraphStore, project: str, ignored: Ignored) -> list[FileDiagnostic]:
    """All that is to be said of a project at the end of a run: what the graph holds, and what the run itself found (``own``)
    that no file in the graph knows: files that cannot be read or written, folders that cannot be listed."""
    known = {FileDiagnostic.of(path, d) for (_, path), of in by_file(store, project).items() for d in of}
    return sorted(f for f in {*own, *known} if not ignored.hides(f.code, f.path))
