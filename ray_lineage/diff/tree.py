"""Which files of a git tree are sources: those that a scan of it, checked out, would find. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ray_lineage.diff.git import Entry
from ray_lineage.sources.artefacts import is_artefact, is_copy, is_target
from ray_lineage.sources.ignore import IgnoreRules
from ray_lineage.sources.scan import IGNORE_FILES, MARKER, SKIPPED_FOLDERS, ScanOptions

_Folder = dict[str, "_Folder | Entry"]


def ignore_files(entries: Iterable[Entry]) -> list[Entry]:
    """The files with rules, whose contents :func:`sources` wants to know."""
    return [e for e in entries if e.path.rpartition("/")[2] in IGNORE_FILES]


def sources(entries: Iterable[Entry], options: ScanOptions, rules: Mapping[str, str]) -> list[Entry]:
    """``rules``: the text of each ignore file by its path."""
    top: _Folder = {}
    for entry in entries:
        folder = top
        *folders, name = entry.path.split("/")
        for part in folders:
            inner = folder.setdefault(part, {})
            if isinstance(inner, Entry):
                break
            folder = inner
        else:
            folder[name] = entry
    own = IgnoreRules(options.ignore, "")
    base = (own,) if own else ()
    return list(_Walk(options, rules, base).folder("", top, base))


class _Walk:
    def __init__(self, options: ScanOptions, texts: Mapping[str, str], base: tuple[IgnoreRules, ...]) -> None:
        self.suffixes = options.suffixes
        self.texts = texts
        self.base = base

    def folder(self, path: str, entries: _Folder, outer: tuple[IgnoreRules, ...]) -> Iterator[Entry]:
        if MARKER in entries:
            return
        rules = (*outer, *self._rules(path, entries))
        for name, entry in sorted(entries.items(), key=lambda item: item[0]):
            below = f"{path}/{name}" if path else name
            if name.startswith("."):
                continue
            if isinstance(entry, Entry):
                if self._is_wanted(below, name, rules):
                    yield entry
            elif is_target(name, entries):
                if not _ignored(self.base, below + "/"):
                    yield from self._artefacts(below, entry)
            elif not is_copy(name, entries) and name not in SKIPPED_FOLDERS and not _ignored(rules, below + "/"):
                yield from self.folder(below, entry, rules)

    def _rules(self, path: str, entries: _Folder) -> Iterator[IgnoreRules]:
        for name in IGNORE_FILES:
            text = self.texts.get(f"{path}/{name}" if path else name) if name in entries else None
            if text is not None:
                yield IgnoreRules(text.splitlines(), path)

    def _artefacts(self, path: str, entries: _Folder) -> Iterator[Entry]:
        for name in sorted(filter(is_artefact, entries)):
            entry = entries[name]
            if isinstance(entry, Entry) and self._is_wanted(f"{path}/{name}", name, self.base):
                yield entry

    def _is_wanted(self, path: str, name: str, rules: tuple[IgnoreRules, ...]) -> bool:
        return name.lower().endswith(self.suffixes) and not _ignored(rules, path)


def _ignored(rules: Iterable[IgnoreRules], path: str) -> bool:
    """The innermost file of rules that says something decides."""
    verdicts: Iterable[bool | None] = (rule.decides(path) for rule in reversed(tuple(rules)))
    return next((v for v in verdicts if v is not None), False)


def texts_of(entries: Iterable[Entry], read: Callable[[Iterable[str]], Mapping[str, bytes]]) -> dict[str, str]:
    """Contents of the ignore files, by path."""
    asked = ignore_files(entries)
    found = read(e.blob for e in asked)
    return {e.path: found[e.blob].decode("utf-8-sig", "replace") for e in asked if e.blob in found}
