"""Directories -> ``SourceFile``s, with git's ignore rules; and the bytes of one file, read safely."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.model import Diagnostic, Priority, SourceFile
from ray_lineage.sources.artefacts import is_artefact, is_copy, is_target
from ray_lineage.sources.ignore import IgnoreRules, read_ignore_file

IGNORE_FILES: Final = (".gitignore", ".raylineageignore")
MARKER: Final = ".ray_lineage"
"""A folder that holds this file is ours (graph, cache) and is never scanned."""
SKIPPED_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "venv"})
_MAX_IGNORE_FILES: Final = 4_096  # that are kept compiled
_RACY_NS: Final = 2_000_000_000
_READ_TRIES: Final = 3


class ScanOptions(msgspec.Struct, frozen=True):
    """``suffixes`` are lower case with their dot; ``ignore`` are patterns as in a .gitignore."""

    suffixes: tuple[str, ...] = (".sql",)
    ignore: tuple[str, ...] = ()


class Look(msgspec.Struct, frozen=True):
    """What is at single paths, by the rules of the full scan.

    ``files``: what is there. Whatever was known below such a path, when it was a folder, is gone.
    ``gone``: project paths that hold no SQL to read, which is proven: the folder was listed without them, or they are
    ignored, hidden, a link. A path may have been a folder: then all that was known below it is gone too.
    ``folders``: project paths that must be looked at as a whole, with ``Tree.subtree``.
    A path that is in none of the three could not be looked at now; what is known of it stays.
    """

    files: tuple[SourceFile, ...]
    gone: tuple[str, ...]
    folders: tuple[str, ...]


class Tree:
    """The roots, for looking again at parts of them. Roots may be missing for a while. One thread at a time."""

    def __init__(self, roots: Sequence[str], options: ScanOptions) -> None:
        self.options = options
        real = _distinct(roots)
        self._roots = [
            _Root(path, prefix, _is_folder(path, options.suffixes))
            for path, prefix in zip(real, _prefixes(real, options.suffixes), strict=True)
        ]
        base = IgnoreRules(options.ignore, "")
        self.base: _Rules = (base,) if base else ()
        self._ignore_files: dict[str, tuple[_Identity, int, IgnoreRules]] = {}

    @property
    def roots(self) -> list[str]:
        """Real paths, each once; a root inside another one is part of it."""
        return [root.path for root in self._roots]

    def project_path(self, absolute: str) -> str | None:
        """The key of a path at or below a root; None outside."""
        found = self._locate(absolute)
        return None if found is None else found[0].key(found[1])

    def absolute(self, path: str) -> str | None:
        """Where the file of a key lies or would lie; None if its name cannot be told from the key (bytes were escaped)."""
        for root in self._roots:
            if not root.folder:
                if path == root.key(""):
                    return root.path
            elif path.startswith(root.prefix) and "\\" not in path:
                return os.path.join(root.path, path[len(root.prefix) :])
        return None

    def located(self, path: str) -> SourceFile | None:
        """The file of a key, without anything that only a look at it tells; None if its name cannot be told from the key."""
        absolute = self.absolute(path)
        found = self._locate(absolute) if absolute is not None else None
        if found is None:
            return None
        root, relative = found
        folder, name = (root.path, relative) if relative else os.path.split(root.path)
        return SourceFile(path, folder, name, 0, 0, 0, 0, int(Priority.BATCH))

    def look(self, absolute_paths: Iterable[str]) -> Look:
        """Look at these paths now. An ignore file or a marker stands for its folder; paths outside count for nothing."""
        looking = _Looking(self)
        for path in dict.fromkeys(absolute_paths):
            found = self._locate(path)
            if found is not None:
                root, relative = found
                folder, _, name = relative.rpartition("/")
                looking.at(root, folder if name in IGNORE_FILES or name == MARKER else relative)
        return Look(
            tuple(looking.files.values()),
            tuple(p for p in looking.gone if p not in looking.files),
            tuple(looking.folders),
        )

    def subtree(self, path: str = "") -> Walk:
        """All files at or below a project path ("" is everything), lazily."""
        return Walk(self, path)

    def missing_roots(self) -> list[str]:
        """Roots that are not there, or cannot be listed, now."""
        return [root.path for root in self._roots if not root.is_there()]

    def below(self, path: str) -> Iterator[tuple[_Root, str]]:
        """(root, path in it) of each place that a project path names. A path that is not there names none."""
        if not path:
            yield from ((root, "") for root in self._roots)
            return
        for root in self._roots:
            if path == root.key(""):
                yield root, ""
            elif root.folder and path.startswith(root.prefix):
                for relative in _unescaped(root.path, path[len(root.prefix) :]):
                    yield root, relative

    def rules_in(self, root: _Root, relative: str, names: Container[str] | None, outer: _Rules) -> _Rules:
        """The rules that hold in a folder. ``names``: its entries if they are known."""
        for name in IGNORE_FILES:
            if names is None or name in names:
                path = os.path.join(root.path, relative, name)
                ignore = self._ignore_file(path, relative)
                if ignore is not None:
                    outer = (*outer, ignore)
        return outer

    def _locate(self, absolute: str) -> tuple[_Root, str] | None:
        path = os.path.normpath(absolute)
        for root in self._roots:
            if path == root.path:
                return root, ""
            inside = root.path.rstrip("/") + "/"
            if root.folder and path.startswith(inside):
                return root, path[len(inside) :]
        return None

    def _ignore_file(self, path: str, folder: str) -> IgnoreRules | None:
        """Compiled once while its file stays the same; a file as young as the clock's tick may still change unseen."""
        now = time.time_ns()
        try:
            info = os.lstat(path)
        except OSError:
            self._ignore_files.pop(path, None)
            return None
        if not stat.S_ISREG(info.st_mode):
            return None
        identity = (info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino)
        known = self._ignore_files.get(path)
        if known is not None and known[0] == identity and known[1] - max(identity[:2]) > _RACY_NS:
            return known[2]
        if len(self._ignore_files) >= _MAX_IGNORE_FILES:
            self._ignore_files.clear()
        ignore = read_ignore_file(path, folder)
        self._ignore_files[path] = (identity, now, ignore)
        return ignore


class Walk:
    """One walk over a tree or a part of it. Iterate once; ``unlisted`` and ``diagnostics`` are complete after that.

    ``unlisted`` are project paths (folders that could not be listed, files that could not be looked at): what is known
    at and below them is not gone.
    """

    def __init__(self, tree: Tree, path: str) -> None:
        self.unlisted: list[str] = []
        self.diagnostics: list[tuple[str, Diagnostic]] = []
        self.skipped: dict[str, int] = {}
        self._tree = tree
        self._path = path

    def __iter__(self) -> Iterator[SourceFile]:
        for root, relative in self._tree.below(self._path):
            if relative:
                yield from self._part(root, relative)
            elif root.folder:
                yield from self._folder(root, "", self._tree.base)
            else:
                yield from self._file_root(root)

    def _part(self, root: _Root, relative: str) -> Iterator[SourceFile]:
        looking = _Looking(self._tree)
        looking.at(root, relative)
        yield from looking.files.values()
        if looking.folders and looking.place(root, relative).state == "target":
            yield from self._target(root, relative)
        elif looking.folders:
            outer = looking.place(root, os.path.dirname(relative)).rules
            yield from self._folder(root, relative, outer)
        elif not looking.files and not looking.gone:
            self._cannot_list(root.key(relative), "it or a folder above it cannot be listed")

    def _file_root(self, root: _Root) -> Iterator[SourceFile]:
        try:
            info = os.stat(root.path)
        except OSError as error:
            self._cannot_look(root.key(""), error)
            return
        if stat.S_ISREG(info.st_mode):
            yield root.source("", info)
        else:
            self._skip("not a regular file")

    def _folder(self, root: _Root, start: str, outer: _Rules) -> Iterator[SourceFile]:
        """All files below a folder. ``outer``: the rules of the folders above it."""
        self._tell_problems(root, outer)
        stack: list[tuple[str, _Rules]] = [(start, outer)]
        while stack:
            relative, rules = stack.pop()
            entries = self._list(root, relative)
            if MARKER in entries:
                continue
            inner = self._tree.rules_in(root, relative, entries, rules)
            self._tell_problems(root, inner[len(rules) :])
            folders: list[str] = []
            for name in sorted(entries):
                if name.startswith("."):
                    continue
                path = f"{relative}/{name}" if relative else name
                is_folder = entries[name].is_dir(follow_symlinks=False)
                if is_folder and is_target(name, entries):
                    yield from self._target(root, path)
                if is_folder and (is_target(name, entries) or is_copy(name, entries)):
                    continue
                try:
                    found = self._entry(root, path, entries[name], inner)
                except FileNotFoundError:
                    self._skip("vanished")
                except OSError as error:
                    self._cannot_look(root.key(path), error)
                else:
                    if isinstance(found, SourceFile):
                        yield found
                    elif found:
                        folders.append(path)
            stack.extend((f, inner) for f in reversed(folders))

    def _target(self, root: _Root, relative: str) -> Iterator[SourceFile]:
        """The artefacts in the target folder of a project of dbt."""
        if _ignored(self._tree.base, relative + "/"):  # by the settings: git's rules do not count here
            return
        entries = self._list(root, relative)
        for name in sorted(filter(is_artefact, entries)):
            path = f"{relative}/{name}"
            try:
                found = self._entry(root, path, entries[name], self._tree.base)
            except FileNotFoundError:
                self._skip("vanished")
            except OSError as error:
                self._cannot_look(root.key(path), error)
            else:
                if isinstance(found, SourceFile):
                    yield found

    def _entry(self, root: _Root, path: str, entry: os.DirEntry[str], rules: _Rules) -> SourceFile | bool:
        """The file to read, or True for a folder to walk. Raises OSError."""
        if entry.is_symlink():
            self._skip("symlink")
            return False
        if entry.is_dir(follow_symlinks=False):
            return entry.name not in SKIPPED_FOLDERS and not _ignored(rules, path + "/")
        if not entry.name.lower().endswith(self._tree.options.suffixes) or _ignored(rules, path):
            return False
        if not entry.is_file(follow_symlinks=False):
            self._skip("not a regular file")
            return False
        return root.source(path, entry.stat(follow_symlinks=False))

    def _list(self, root: _Root, relative: str) -> dict[str, os.DirEntry[str]]:
        try:
            with os.scandir(os.path.join(root.path, relative)) as listing:
                return {entry.name: entry for entry in listing}
        except OSError as error:
            # a folder may vanish during a walk; when the root went, nothing of it is proven to be gone
            if isinstance(error, FileNotFoundError) and relative and os.path.isdir(root.path):
                return {}
            self._cannot_list(root.key(relative), error.strerror or str(error))
            return {}

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def _cannot_list(self, path: str, reason: str) -> None:
        self.unlisted.append(path)
        text = f"the folder cannot be listed ({reason}); what the graph holds of it stays"
        self.diagnostics.append((path, Diagnostic("RL001", "error", text)))

    def _cannot_look(self, path: str, error: OSError) -> None:
        self.unlisted.append(path)
        text = f"cannot be looked at ({error.strerror}); what the graph holds of it stays. Check its permissions"
        self.diagnostics.append((path, Diagnostic("RL004", "error", text)))

    def _tell_problems(self, root: _Root, rules: _Rules) -> None:
        for rule in rules:
            for problem in rule.problems:
                self.diagnostics.append((root.key(rule.folder), Diagnostic("RL002", "warning", problem)))


class Scan(Walk):
    """One walk over all roots, which must be there."""

    def __init__(self, roots: Sequence[str], options: ScanOptions) -> None:
        """Raises UsageError for a root that is missing or cannot be listed."""
        for root in _distinct(roots):
            check_root(root)
        tree = Tree(roots, options)
        super().__init__(tree, "")
        self.options = options
        self.roots = tree.roots


class _Root(msgspec.Struct, frozen=True):
    """``prefix``: what the project paths of its files begin with, and ``/`` unless it is empty or a file's."""

    path: str
    prefix: str
    folder: bool

    def key(self, relative: str) -> str:
        if relative:
            return self.prefix + escape(relative)
        return self.prefix.rstrip("/") if self.folder else self.prefix

    def source(self, relative: str, info: os.stat_result) -> SourceFile:
        folder, name = (self.path, relative) if relative else os.path.split(self.path)
        key = self.key(relative)
        return SourceFile(
            key, folder, name, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, int(Priority.BATCH)
        )

    def is_there(self) -> bool:
        try:
            if self.folder:
                with os.scandir(self.path):
                    return True
            return stat.S_ISREG(os.stat(self.path).st_mode)
        except OSError:
            return False


class _Place(msgspec.Struct, frozen=True):
    """A folder as a scan would meet it. ``rules`` hold in it if it is ``scanned``; of a ``target`` the artefacts are read."""

    state: Literal["scanned", "target", "left out", "unknown"]
    rules: _Rules = ()


class _Looking:
    """One look at some paths; each folder on the way is looked at once."""

    def __init__(self, tree: Tree) -> None:
        self.files: dict[str, SourceFile] = {}
        self.gone: dict[str, None] = {}
        self.folders: dict[str, None] = {}
        self._tree = tree
        self._places: dict[tuple[str, str], _Place] = {}
        self._names: dict[str, frozenset[str] | None] = {}

    def at(self, root: _Root, relative: str) -> None:
        """Look at one path."""
        folder, _, name = relative.rpartition("/")
        key = root.key(relative)
        if not relative:
            self._root(root, key)
            return
        outer = self.place(root, folder)
        if outer.state == "unknown":
            return
        if outer.state == "left out" or (outer.state == "target" and not is_artefact(name)):
            self.gone[key] = None
            return
        try:
            info = os.lstat(os.path.join(root.path, relative))
        except OSError as error:
            if self._proven_absent(root, folder, name, error):
                self.gone[key] = None
            return
        if stat.S_ISDIR(info.st_mode):
            place = self.place(root, relative)
            (self.gone if place.state == "left out" else self.folders)[key] = None
        elif self._is_wanted(relative, name, info, outer.rules):
            self.files[key] = root.source(relative, info)
        else:
            self.gone[key] = None

    def _root(self, root: _Root, key: str) -> None:
        if root.folder:
            if root.is_there():
                self.folders[key] = None
            return
        with contextlib.suppress(OSError):
            info = os.stat(root.path)
            if stat.S_ISREG(info.st_mode):
                self.files[key] = root.source("", info)

    def _is_wanted(self, relative: str, name: str, info: os.stat_result, rules: _Rules) -> bool:
        return (
            stat.S_ISREG(info.st_mode)
            and not name.startswith(".")
            and name.lower().endswith(self._tree.options.suffixes)
            and not _ignored(rules, relative)
        )

    def place(self, root: _Root, relative: str) -> _Place:
        """How a scan would meet this folder."""
        known = self._places.get((root.path, relative))
        if known is None:
            known = self._places[root.path, relative] = self._place(root, relative)
        return known

    def _place(self, root: _Root, relative: str) -> _Place:
        rules = self._tree.base
        if relative:
            folder, _, name = relative.rpartition("/")
            outer = self.place(root, folder)
            if outer.state != "scanned":
                return _Place("left out") if outer.state == "target" else outer
            beside = _Beside(os.path.join(root.path, folder))
            if is_copy(name, beside):
                return _Place("left out")
            target = is_target(name, beside)
            rules = self._tree.base if target else outer.rules
            if name.startswith(".") or name in SKIPPED_FOLDERS or _ignored(rules, relative + "/"):
                return _Place("left out")
            try:
                if not stat.S_ISDIR(os.lstat(os.path.join(root.path, relative)).st_mode):
                    return _Place("left out")
            except OSError as error:
                return _Place("left out" if self._proven_absent(root, folder, name, error) else "unknown")
            if target:
                return _Place("target", rules)
        try:
            # opened only: what is on the way need not be read to know that it can be
            with os.scandir(os.path.join(root.path, relative)):
                pass
        except OSError:
            return _Place("unknown")
        if os.path.lexists(os.path.join(root.path, relative, MARKER)):
            return _Place("left out")
        return _Place("scanned", self._tree.rules_in(root, relative, None, rules))

    def _proven_absent(self, root: _Root, folder: str, name: str, error: OSError) -> bool:
        """Only a listing of its folder proves it: a stale mount answers "not found" too."""
        if not isinstance(error, FileNotFoundError):
            return False
        path = os.path.join(root.path, folder)
        if path not in self._names:
            self._names[path] = _names(path)
        names = self._names[path]
        return names is not None and name not in names


class _Beside:
    """What lies in a folder, looked up name by name."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __contains__(self, name: object) -> bool:
        return os.path.lexists(os.path.join(self._folder, str(name)))


def _names(folder: str) -> frozenset[str] | None:
    """Names of all entries, None if the folder cannot be listed."""
    try:
        with os.scandir(folder) as listing:
            return frozenset(entry.name for entry in listing)
    except OSError:
        return None


_Rules = tuple[IgnoreRules, ...]
_Identity = tuple[int, int, int, int]  # mtime_ns, ctime_ns, size, inode


def _ignored(rules: _Rules, path: str) -> bool:
    """The innermost rule file that says something decides."""
    for rule in reversed(rules):
        verdict = rule.decides(path)
        if verdict is not None:
            return verdict
    return False


def check_kind(root: str) -> None:
    """Raises UsageError if something is there that can be no root."""
    with contextlib.suppress(OSError):
        _check_kind(root, os.stat(root).st_mode)


def _check_kind(root: str, mode: int) -> None:
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise UsageError("RL201", f"{root} is neither a folder nor a regular file", help="give a folder or a file")


def check_root(root: str) -> None:
    """Raises UsageError for what is not there, or cannot be read."""
    try:
        mode = os.stat(root).st_mode
    except FileNotFoundError:
        raise UsageError("RL201", f"{root} does not exist", help="give the path of a folder or of a file") from None
    except OSError as error:
        raise UsageError("RL201", f"{root} cannot be read: {error.strerror}", help="check its permissions") from None
    _check_kind(root, mode)
    if stat.S_ISDIR(mode) and not os.access(root, os.R_OK | os.X_OK):
        raise UsageError("RL201", f"{root} cannot be listed: permission denied", help="check its permissions")


def _is_folder(root: str, suffixes: tuple[str, ...]) -> bool:
    """Is or will this root be a folder? One that is not there yet tells by its name."""
    return os.path.isdir(root) or not (os.path.exists(root) or root.lower().endswith(suffixes))


def _distinct(roots: Sequence[str]) -> list[str]:
    """Real paths, each once; a root inside another one is part of it."""
    real = list(dict.fromkeys(os.path.realpath(r) for r in roots))
    return [r for r in real if not any(r != o and r.startswith(o.rstrip("/") + "/") for o in real)]


def _prefixes(roots: Sequence[str], suffixes: tuple[str, ...]) -> list[str]:
    """With more than one root, paths begin with the root's name, made unique. A file's prefix is its whole path."""
    if len(roots) == 1 and _is_folder(roots[0], suffixes):
        return [""]
    seen: set[str] = set()
    out: list[str] = []
    for root in roots:
        name = wanted = escape(os.path.basename(root)) or "root"
        number = 1
        while name in seen:
            number += 1
            name = f"{wanted}-{number}"
        seen.add(name)
        out.append(f"{name}/" if _is_folder(root, suffixes) else name)
    return out


def _unescaped(root: str, path: str) -> list[str]:
    """The paths below a root that have this project path: one as a rule; two names may be written the same."""
    if "\\" not in path:
        return [path]
    found = [""]
    for part in path.split("/"):
        found = [
            os.path.join(folder, name)
            for folder in found
            for name in sorted(_names(os.path.join(root, folder)) or ())
            if escape(name) == part
        ]
    return found or [path]


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
