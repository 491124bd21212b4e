"""Files that have parts: which parts each has, as the graph's owner sees it. A pure state machine.

An artefact whose nodes are files of their own (a manifest of dbt) is one file to who looks for changes, and many to who links
and stores. What is told of it reaches its parts: one that it does not name any more is gone, one that is as before is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ray_lineage.model import CONTAINERS, FileState, container_of, part_path


def is_container(path: str) -> bool:
    """May a file have parts?"""
    return path.lower().endswith(CONTAINERS)


def whole_states(states: Mapping[str, FileState]) -> dict[str, FileState]:
    """By path what is stored of files, without their parts. One is not whole while one of its parts is not."""
    files: dict[str, FileState] = {}
    parts: list[tuple[str, FileState]] = []
    for path, state in states.items():
        container = container_of(path)
        if container:
            parts.append((container, state))
        else:
            files[path] = state
    for container, part in parts:
        known = files.get(container) or FileState(container, "", "", part.status)
        if part.status == "failed" or not part.fingerprint:
            known = FileState(container, "", "", "failed" if part.status == "failed" else known.status)
        files[container] = known
    return files


class Parts:
    """See the module. ``stored``: paths of what the store holds, parts and others."""

    def __init__(self, stored: Iterable[str] = ()) -> None:
        self._of: dict[str, set[str]] = {}
        for path in stored:
            container = container_of(path)
            if container:
                self._of.setdefault(container, set()).add(path)
        self._dropped: set[str] = set()  # which their files do not name any more, until that is committed
        self._as_before: set[str] = set()
        self._awaited: dict[str, str] = {}  # content hashes of those whose facts are to come

    def take(self, container: str, parts: Iterable[tuple[str, str]], known: Callable[[str], str]) -> set[str]:
        """The file has these parts now (names and content hashes); their facts are to follow, unless they are as they were.
        ``known(path)``: the hash of one whose facts need not be looked at again. Returns those that it has no more."""
        paths = {part_path(container, name): sha256 for name, sha256 in parts}
        gone = self._of.get(container, set()).difference(paths)
        self._dropped |= gone
        self._dropped.difference_update(paths)
        self._as_before = {path for path, sha256 in paths.items() if known(path) == sha256}
        self._awaited.update((path, sha256) for path, sha256 in paths.items() if path not in self._as_before)
        for path in (*gone, *self._as_before):
            self._awaited.pop(path, None)
        if paths:
            self._of[container] = set(paths)
        else:
            self._of.pop(container, None)
        return gone

    def drop(self, path: str) -> None:
        """The file is there and says nothing (any more)."""
        self._dropped.add(path)

    def keep(self, path: str) -> None:
        """It says something (again)."""
        self._dropped.discard(path)

    def awaited(self) -> dict[str, str]:
        """Content hashes of the parts whose facts did not come; asked once."""
        left, self._awaited = self._awaited, {}
        return left

    def is_as_before(self, path: str) -> bool:
        """Was this part, whose facts come now, told to be what it was?"""
        self._awaited.pop(path, None)
        if path not in self._as_before:
            return False
        self._as_before.discard(path)
        return True

    def gone(self, files: Iterable[str]) -> list[str]:
        """These files are gone: they and their parts, and what others dropped."""
        out = dict.fromkeys(files)
        for path in list(out):
            out.update(dict.fromkeys(sorted(self._of.pop(path, ()))))
        for path in out:
            self._awaited.pop(path, None)
        self._dropped.update(path for path in out if container_of(path))
        return [*out, *sorted(self._dropped.difference(out))]

    def committed(self) -> None:
        """What was dropped is out of the store."""
        self._dropped.clear()
