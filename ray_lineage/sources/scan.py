"""Directories -> ``SourceFile``s, with git's ignore rules; and the bytes of one file, read safely."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.model import Diagnostic, Priority, SourceFile

IGNORE_FILES: Final = (".gitignore", ".raylineageignore")
MARKER: Final = ".ray_lineage"
"""A folder that holds this file is ours (graph, cache) and is never scanned."""
_SKIPPED_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "venv"})
_MAX_IGNORE_FILE: Final = 1_000_000  # bytes
_READ_TRIES: Final = 3


class ScanOptions(msgspec.Struct, frozen=True):
    """``suffixes`` are lower case with their dot; ``ignore`` are patterns as in a .gitignore."""

    suffixes: tuple[str, ...] = (".sql",)
    ignore: tuple[str, ...] = ()


class Scan:
    """One walk over the roots. Iterate once; ``unlisted`` and ``diagnostics`` are complete after that.

    ``unlisted`` are folders (project paths) that could not be listed: their files are not gone.
    """

    def __init__(self, roots: Sequence[str], options: ScanOptions) -> None:
        """Raises UsageError for a root that is missing or cannot be listed."""
        self.options = options
        self.roots = _distinct(roots)
        self.unlisted: list[str] = []
        self.diagnostics: list[tuple[str, Diagnostic]] = []
        self.skipped: dict[str, int] = {}
        for root in self.roots:
            _check_root(root)

    def __iter__(self) -> Iterator[SourceFile]:
        prefixes = _prefixes(self.roots)
        for root, prefix in zip(self.roots, prefixes, strict=True):
            if os.path.isdir(root):
                yield from self._folder(root, prefix)
            else:
                folder, name = os.path.split(root)
                yield _source(folder, name, prefix + escape(name), os.stat(root))

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def _folder(self, root: str, prefix: str) -> Iterator[SourceFile]:
        base = _Ignore(self.options.ignore, "", self._note)
        stack: list[tuple[str, tuple[_Ignore, ...]]] = [("", (base,) if base.spec else ())]
        suffixes = self.options.suffixes
        while stack:
            relative, rules = stack.pop()
            entries = self._list(root, relative, prefix)
            rules = self._more_rules(root, relative, entries, rules)
            if any(e.name == MARKER for e in entries):
                continue
            folders: list[str] = []
            for entry in sorted(entries, key=lambda e: e.name):
                name = entry.name
                if name.startswith("."):
                    continue
                path = f"{relative}/{name}" if relative else name
                if entry.is_symlink():
                    self._skip("symlink")
                elif entry.is_dir(follow_symlinks=False):
                    if name not in _SKIPPED_FOLDERS and not _ignored(rules, path + "/"):
                        folders.append(path)
                elif name.lower().endswith(suffixes) and not _ignored(rules, path):
                    if not entry.is_file(follow_symlinks=False):
                        self._skip("not a regular file")
                        continue
                    try:
                        yield _source(root, path, prefix + escape(path), entry.stat(follow_symlinks=False))
                    except OSError:
                        self._skip("vanished")
            stack.extend((f, rules) for f in reversed(folders))

    def _list(self, root: str, relative: str, prefix: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(os.path.join(root, relative)) as listing:
                return list(listing)
        except FileNotFoundError:
            return []
        except OSError as error:
            folder = prefix + escape(relative)
            self.unlisted.append(folder)
            text = f"the folder cannot be listed ({error.strerror}); what the graph holds of it stays"
            self.diagnostics.append((folder, Diagnostic("RL001", "error", text)))
            return []

    def _more_rules(
        self, root: str, relative: str, entries: list[os.DirEntry[str]], rules: tuple[_Ignore, ...]
    ) -> tuple[_Ignore, ...]:
        for entry in entries:
            if entry.name in IGNORE_FILES and entry.is_file(follow_symlinks=False):
                lines = _ignore_lines(os.path.join(root, relative, entry.name))
                rules = (*rules, _Ignore(lines, relative, self._note))
        return rules

    def _note(self, folder: str, message: str) -> None:
        self.diagnostics.append((escape(folder), Diagnostic("RL002", "warning", message)))


def _as_git(pattern: str) -> str:
    """``a/**/`` means folders below a to git, but everything below a to pathspec."""
    return pattern + "*/" if pattern.rstrip().endswith("/**/") and pattern.strip("!/*") else pattern


class _Ignore:
    """The patterns of one ignore file, matched below its folder with a linear-time engine."""

    __slots__ = ("prefix", "spec")

    def __init__(self, lines: Sequence[str], folder: str, note: Any) -> None:
        self.prefix = folder + "/" if folder else ""
        self.spec: Any = None
        wanted = [_as_git(line) for line in lines if line.strip() and not line.startswith("#")]
        if not wanted:
            return
        import pathspec

        try:
            self.spec = pathspec.GitIgnoreSpec.from_lines(wanted, backend="re2")
        except Exception:
            good = []
            for line in wanted:
                try:
                    pathspec.GitIgnoreSpec.from_lines([line], backend="re2")
                    good.append(line)
                except Exception:
                    note(folder, f"the ignore pattern {line[:80]!r} cannot be read and is left out")
            self.spec = pathspec.GitIgnoreSpec.from_lines(good, backend="re2") if good else None

    def decides(self, path: str) -> bool | None:
        """True: ignored, False: taken in again, None: says nothing."""
        if self.spec is None:
            return None
        verdict: bool | None = self.spec.check_file(path[len(self.prefix) :]).include
        return verdict


def _ignored(rules: tuple[_Ignore, ...], path: str) -> bool:
    """The innermost rule file that says something decides."""
    for rule in reversed(rules):
        verdict = rule.decides(path)
        if verdict is not None:
            return verdict
    return False


def _ignore_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            return file.read(_MAX_IGNORE_FILE).splitlines()
    except OSError:
        return []


def _check_root(root: str) -> None:
    try:
        mode = os.stat(root).st_mode
    except FileNotFoundError:
        raise UsageError("RL201", f"{root} does not exist", help="give the path of a folder or of a file") from None
    except OSError as error:
        raise UsageError("RL201", f"{root} cannot be read: {error.strerror}", help="check its permissions") from None
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise UsageError("RL201", f"{root} is neither a folder nor a regular file", help="give a folder or a file")
    if stat.S_ISDIR(mode) and not os.access(root, os.R_OK | os.X_OK):
        raise UsageError("RL201", f"{root} cannot be listed: permission denied", help="check its permissions")


def _distinct(roots: Sequence[str]) -> list[str]:
    """Real paths, each once; a root inside another one is part of it."""
    real = list(dict.fromkeys(os.path.realpath(r) for r in roots))
    return [r for r in real if not any(r != o and os.path.isdir(o) and r.startswith(o.rstrip("/") + "/") for o in real)]


def _prefixes(roots: Sequence[str]) -> list[str]:
    """With more than one root, paths begin with the root's name (made unique)."""
    if len(roots) == 1:
        return [""]
    seen: dict[str, int] = {}
    out: list[str] = []
    for root in roots:
        if not os.path.isdir(root):
            out.append("")
            continue
        name = escape(os.path.basename(root)) or "root"
        seen[name] = seen.get(name, 0) + 1
        out.append(f"{name}/" if seen[name] == 1 else f"{name}-{seen[name]}/")
    return out


def _source(root: str, name: str, path: str, info: os.stat_result) -> SourceFile:
    return SourceFile(
        path, root, name, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, int(Priority.BATCH)
    )


def escape(name: str) -> str:
    """A file name as key and as text: undecodable bytes and control characters become ``\\xE9``."""
    if name.isprintable():
        return name
    out: list[str] = []
    for char in name:
        code = ord(char)
        if 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02X}")
        elif code < 0x20 or 0x7F <= code < 0xA0:
            out.append(f"\\x{code:02X}")
        elif char.isprintable() or char == " ":
            out.append(char)
        else:
            out.append(f"\\u{code:04X}")
    return "".join(out)


class SourceFault(Exception):
    """A file that cannot be read now. ``status``: ``gone``, ``unreadable`` or ``skipped``."""

    def __init__(self, status: str, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.status = status
        self.diagnostic = diagnostic


def read_bytes(file: SourceFile, limit: int) -> bytes:
    """The content of a regular file below its root, at most ``limit`` bytes; read again if it changes meanwhile.

    Raises SourceFault. Links are not followed, neither the file's nor a folder's that leaves the root.
    """
    path = os.path.join(file.root, file.name)
    parent = os.path.dirname(path)
    if parent != file.root and os.path.realpath(parent) != parent:
        raise SourceFault(
            "skipped", Diagnostic("RL006", "warning", "a folder of its path is a symbolic link; links are not followed")
        )
    try:
        for _ in range(_READ_TRIES):
            data, settled = _read_once(path, limit)
            if settled:
                break
    except FileNotFoundError:
        raise SourceFault("gone", Diagnostic("RL003", "info", "the file vanished before it was read")) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SourceFault(
                "skipped", Diagnostic("RL006", "warning", "it is a symbolic link; links are not followed")
            ) from None
        text = f"cannot be read ({error.strerror}); what the graph holds of it stays. Check its permissions"
        raise SourceFault("unreadable", Diagnostic("RL004", "error", text)) from None
    if len(data) > limit:
        text = f"larger than max_file_size ({limit:,} bytes); it was not read. Raise max_file_size to read it"
        raise SourceFault("skipped", Diagnostic("RL005", "warning", text))
    return data


def _read_once(path: str, limit: int) -> tuple[bytes, bool]:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise SourceFault("skipped", Diagnostic("RL007", "warning", "it is not a regular file"))
        if before.st_size > limit:
            return b"\0" * (limit + 1), True
        parts: list[bytes] = []
        size = 0
        while size <= limit:
            part = os.read(handle, min(1 << 20, limit + 1 - size))
            if not part:
                break
            parts.append(part)
            size += len(part)
        after = os.fstat(handle)
        return b"".join(parts), (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    finally:
        os.close(handle)
