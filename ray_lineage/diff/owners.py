"""Who owns a file, as CODEOWNERS says: the last line that matches counts. Pure, but for who reads the file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from ray_lineage.settings.trust import working_tree

PLACES: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where the file may be, the first counts."""
MOST_BYTES: Final = 1_000_000
MOST_LINES: Final = 10_000
_MOST: Final = 1_000  # characters of a pattern


class _Line(NamedTuple):
    pattern: Any
    owners: tuple[str, ...]


class Owners:
    """The owners of paths from the top of the repository."""

    def __init__(self, text: str) -> None:
        self._lines = [line for raw in text.splitlines()[:MOST_LINES] for line in _read(raw)]
        self._lines.reverse()
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, path: str) -> tuple[str, ...]:
        """Of one file; a line without owners takes them away."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = next((line.owners for line in self._lines if line.pattern.search(path)), ())
        return found

    def of_all(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Of several files, each owner once, in their order."""
        return tuple(dict.fromkeys(owner for path in paths for owner in self.of(path)))


def owners_on_disk(top: str) -> Owners:
    """As the work tree of a repository has it; nobody, where there is no such file."""
    for place in PLACES:
        path = os.path.join(top, place)
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as file:
                return Owners(file.read(MOST_BYTES).decode("utf-8", "replace"))
    return Owners("")


def owners_of(root: str, files: Iterable[str]) -> tuple[str, ...]:
    """Of files by their paths from a folder, by the CODEOWNERS of the working tree that it is in; else by its own."""
    top = os.fspath(working_tree(Path(root)) or root)
    return owners_on_disk(top).of_all(os.path.relpath(os.path.join(root, file), top) for file in files)


def _read(raw: str) -> Iterable[_Line]:
    """Lines of GitLab's sections, and negations, which GitHub does not know, say nothing."""
    words = _words(raw)
    if not words or words[0].startswith(("[", "^[", "!")) or len(words[0]) > _MOST:
        return
    pattern = _compiled(words[0])
    if pattern is not None:
        yield _Line(pattern, tuple(words[1:]))


def _words(raw: str) -> list[str]:
    text = raw.split(" #", 1)[0].strip() if not raw.lstrip().startswith("#") else ""
    return text.replace("\\ ", "\0").split() if text else []


def _compiled(pattern: str) -> Any:
    """In time that is linear in the path, whatever is written; None for what cannot be read."""
    import re2
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    try:
        regex, _ = GitIgnoreSpecPattern.pattern_to_regex(pattern.replace("\0", "\\ "))
        options = re2.Options()
        options.log_errors = False
        return re2.compile(str(regex), options) if regex is not None else None
    except (ValueError, re2.error):
        return None
