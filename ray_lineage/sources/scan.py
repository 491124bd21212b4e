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
    """The parts of a project that are looked at, for looking again and again. They may be missing for a while. One thread at
    a time.

    Whatever the parts are, paths are relative to one folder, ``base``, and the ignore files from there on count.
    """

    def __init__(self, roots: Sequence[str], options: ScanOptions, base: str = "") -> None:
        """``base``: default: the folder around all roots. Raises UsageError for a root outside of it."""
        self.options = options
        real = _distinct(roots)
        self._root = _Root(os.path.realpath(base) if base else common_folder(real, options.suffixes))
        self._parts = [_part(path, self.base, is_folder(path, options.suffixes)) for path in real]
        rules = IgnoreRules(options.ignore, "")
        self.base_rules: _Rules = (rules,) if rules else ()
        self._ignore_files: dict[str, tuple[_Identity, int, IgnoreRules]] = {}

    @property
    def base(self) -> str:
        """Real path of the folder that paths are relative to."""
        return self._root.path

    @property
    def roots(self) -> list[str]:
        """Real paths of the parts, each once; one inside another one is part of it."""
        return [part.path for part in self._parts]

    @property
    def is_whole(self) -> bool:
        """Is everything below the base looked at?"""
        return any(not part.relative for part in self._parts)

    def covers(self, path: str) -> bool:
        """Is a project path at or below a part?"""
        return any(_is_at_or_below(path, part.key) for part in self._parts)

    def project_path(self, absolute: str) -> str | None:
        """The key of a path at or below a part; None outside."""
        found = self._locate(absolute)
        return None if found is None else escape(found)

    def absolute(self, path: str) -> str | None:
        """Where the file of a key lies or would lie; None if no part covers it, or if its name cannot be told from the key
        (bytes were escaped)."""
        for part in self._parts:
            if path == part.key:
                return part.path
            if part.folder and _is_at_or_below(path, part.key) and "\\" not in path:
                return os.path.join(self.base, path)
        return None

    def elsewhere(self, path: str) -> SourceFile | None:
        """The regular file of a key that no part need cover, None if none is there."""
        for relative in _unescaped(self.base, path):
            with contextlib.suppress(OSError):
                info = os.lstat(os.path.join(self.base, relative))
                if stat.S_ISREG(info.st_mode):
                    return self._root.source(relative, info)
        return None

    def located(self, path: str) -> SourceFile | None:
        """The file of a key, without anything that only a look at it tells; None if its name cannot be told from the key."""
        return None if "\\" in path else SourceFile(path, self.base, path, 0, 0, 0, 0, int(Priority.BATCH))

    def look(self, absolute_paths: Iterable[str]) -> Look:
        """Look at these paths now. An ignore file or a marker stands for its folder; paths outside count for nothing."""
        looking = _Looking(self, self._root)
        for path in dict.fromkeys(absolute_paths):
            relative = self._locate(path)
            if relative is not None:
                folder, _, name = relative.rpartition("/")
                looking.at(folder if name in IGNORE_FILES or name == MARKER else relative)
        return Look(
            tuple(looking.files.values()),
            tuple(p for p in looking.gone if p not in looking.files),
            tuple(looking.folders),
        )

    def subtree(self, path: str = "", folders: int | None = None) -> Walk:
        """All files at or below a project path ("" is everything), lazily; of the first so many ``folders`` only."""
        return Walk(self, self._root, path, folders)

    def missing_roots(self) -> list[str]:
        """Parts that are not there, or cannot be listed, now."""
        return [part.path for part in self._parts if not part.is_there()]

    def below(self, path: str) -> Iterator[str]:
        """Each place, relative to the base, that a project path names. A path that is not there names none."""
        for part in self._parts:
            if _is_at_or_below(part.key, path):
                yield part.relative
            elif part.folder and _is_at_or_below(path, part.key):
                yield from _unescaped(self.base, path)

    def part_at(self, relative: str) -> _Part | None:
        """The part that begins there."""
        return next((part for part in self._parts if part.relative == relative), None)

    def leads_to_part(self, relative: str) -> bool:
        """Is it a folder around a part? What was named is looked at, whatever the rules say of the folders around it."""
        return any(part.relative != relative and _is_at_or_below(part.relative, relative) for part in self._parts)

    def is_part_there(self, relative: str) -> bool:
        """Does a place lie in a part that is there?"""
        inside = (p for p in self._parts if p.relative != relative and _is_at_or_below(relative, p.relative))
        return any(part.folder and os.path.isdir(part.path) for part in inside)

    def rules_around(self, relative: str) -> _Rules:
        """The rules of the folders around a place."""
        rules = self.base_rules
        for folder in _folders_around(relative):
            rules = self.rules_in(folder, None, rules)
        return rules

    def rules_in(self, relative: str, names: Container[str] | None, outer: _Rules) -> _Rules:
        """The rules that hold in a folder. ``names``: its entries if they are known."""
        for name in IGNORE_FILES:
            if names is None or name in names:
                path = os.path.join(self.base, relative, name)
                ignore = self._ignore_file(path, relative)
                if ignore is not None:
                    outer = (*outer, ignore)
        return outer

    def _locate(self, absolute: str) -> str | None:
        path = os.path.normpath(absolute)
        for part in self._parts:
            if path == part.path or (part.folder and path.startswith(part.path.rstrip("/") + "/")):
                return _relative(path, self.base)
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
    at and below them is not gone. ``listed`` is how many folders were.
    """

    def __init__(self, tree: Tree, root: _Root, path: str, folders: int | None = None) -> None:
        self.listed = 0
        self.unlisted: list[str] = []
        self.diagnostics: list[tuple[str, Diagnostic]] = []
        self._tree = tree
        self._root = root
        self._path = path
        self._most = folders

    def __iter__(self) -> Iterator[SourceFile]:
        for relative in self._tree.below(self._path):
            part = self._tree.part_at(relative)
            if part is None:
                yield from self._below_part(relative)
            elif part.folder:
                yield from self._folder(relative, self._tree.rules_around(relative))
            else:
                yield from self._file_part(part)

    def _below_part(self, relative: str) -> Iterator[SourceFile]:
        looking = _Looking(self._tree, self._root)
        looking.at(relative)
        yield from looking.files.values()
        if looking.folders and looking.place(relative).state == "target":
            yield from self._target(relative)
        elif looking.folders:
            yield from self._folder(relative, looking.place(os.path.dirname(relative)).rules)
        elif not looking.files and not looking.gone:
            self._cannot_list(escape(relative), "it or a folder above it cannot be listed")

    def _file_part(self, part: _Part) -> Iterator[SourceFile]:
        try:
            info = os.stat(part.path)
        except OSError as error:
            self._cannot_look(part.key, error)
            return
        if stat.S_ISREG(info.st_mode):
            yield self._root.source(part.relative, info)
        else:
            self._skip(part.relative, "RL007", "it is not a regular file")

    def _folder(self, start: str, outer: _Rules) -> Iterator[SourceFile]:
        """All files below a folder. ``outer``: the rules of the folders above it."""
        self._tell_problems(outer)
        stack: list[tuple[str, _Rules]] = [(start, outer)]
        while stack and self.listed != self._most:
            relative, rules = stack.pop()
            self.listed += 1
            entries = self._list(relative)
            if MARKER in entries:
                continue
            inner = self._tree.rules_in(relative, entries, rules)
            self._tell_problems(inner[len(rules) :])
            folders: list[str] = []
            for name in sorted(entries):
                if name.startswith("."):
                    continue
                path = f"{relative}/{name}" if relative else name
                is_folder = entries[name].is_dir(follow_symlinks=False)
                if is_folder and is_target(name, entries):
                    yield from self._target(path)
                if is_folder and (is_target(name, entries) or is_copy(name, entries)):
                    continue
                found = self._looked(path, entries[name], inner)
                if isinstance(found, SourceFile):
                    yield found
                elif found:
                    folders.append(path)
            stack.extend((f, inner) for f in reversed(folders))

    def _target(self, relative: str) -> Iterator[SourceFile]:
        """The artefacts in the target folder of a project of dbt."""
        if _ignored(self._tree.base_rules, relative + "/"):  # by the settings: git's rules do not count here
            return
        entries = self._list(relative)
        for name in sorted(filter(is_artefact, entries)):
            found = self._looked(f"{relative}/{name}", entries[name], self._tree.base_rules)
            if isinstance(found, SourceFile):
                yield found

    def _looked(self, path: str, entry: os.DirEntry[str], rules: _Rules) -> SourceFile | bool:
        """See :meth:`_entry`; nothing, if it vanished or cannot be looked at, which is noted."""
        try:
            return self._entry(path, entry, rules)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._cannot_look(escape(path), error)
            return False

    def _entry(self, path: str, entry: os.DirEntry[str], rules: _Rules) -> SourceFile | bool:
        """The file to read, or True for a folder to walk. Raises OSError."""
        if entry.is_symlink():
            self._skip_link(path, entry, rules)
            return False
        if entry.is_dir(follow_symlinks=False):
            return entry.name not in SKIPPED_FOLDERS and not _ignored(rules, path + "/")
        if not entry.name.lower().endswith(self._tree.options.suffixes) or _ignored(rules, path):
            return False
        if not entry.is_file(follow_symlinks=False):
            self._skip(path, "RL007", "it is not a regular file")
            return False
        return self._root.source(path, entry.stat(follow_symlinks=False))

    def _list(self, relative: str) -> dict[str, os.DirEntry[str]]:
        try:
            with os.scandir(os.path.join(self._root.path, relative)) as listing:
                return {entry.name: entry for entry in listing}
        except OSError as error:
            # a folder may vanish during a walk; when what was named went, nothing of it is proven to be gone
            if isinstance(error, FileNotFoundError) and self._tree.is_part_there(relative):
                return {}
            self._cannot_list(escape(relative), error.strerror or str(error))
            return {}

    def _skip_link(self, path: str, entry: os.DirEntry[str], rules: _Rules) -> None:
        """Told of what would have been read: a file by its name, or a folder."""
        if entry.name.lower().endswith(self._tree.options.suffixes):
            if not _ignored(rules, path):
                self._skip(path, "RL006", "it is a symbolic link; links are not followed", "info")
        elif entry.name not in SKIPPED_FOLDERS and entry.is_dir() and not _ignored(rules, path + "/"):
            self._skip(path, "RL006", "the folder is a symbolic link; links are not followed", "info")

    def _skip(self, path: str, code: str, why: str, severity: str = "warning") -> None:
        self.diagnostics.append((escape(path), Diagnostic(code, severity, why)))

    def _cannot_list(self, path: str, reason: str) -> None:
        self.unlisted.append(path)
        text = f"the folder cannot be listed ({reason}); what the graph holds of it stays"
        self.diagnostics.append((path, Diagnostic("RL001", "error", text)))

    def _cannot_look(self, path: str, error: OSError) -> None:
        self.unlisted.append(path)
        text = f"cannot be looked at ({error.strerror}); what the graph holds of it stays. Check its permissions"
        self.diagnostics.append((path, Diagnostic("RL004", "error", text)))

    def _tell_problems(self, rules: _Rules) -> None:
        for rule in rules:
            for problem in rule.problems:
                self.diagnostics.append((escape(rule.folder), Diagnostic("RL002", "warning", problem)))


class Scan(Walk):
    """One walk over all roots, which must be there."""

    def __init__(self, roots: Sequence[str], options: ScanOptions, base: str = "") -> None:
        """Raises UsageError for a root that is missing, cannot be listed or lies outside of the base."""
        for root in _distinct(roots):
            check_root(root)
        self.tree = Tree(roots, options, base)
        super().__init__(self.tree, self.tree._root, "")
        self.options = options
        self.roots = self.tree.roots


class _Root(msgspec.Struct, frozen=True):
    """What paths are relative to."""

    path: str

    def source(self, relative: str, info: os.stat_result) -> SourceFile:
        return SourceFile(
            escape(relative), self.path, relative, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino,
            int(Priority.BATCH),
        )  # fmt: skip


class _Part(msgspec.Struct, frozen=True):
    """What is looked at. ``relative`` to the base and empty for all of it; ``key`` is that as project path."""

    path: str
    relative: str
    key: str
    folder: bool

    def is_there(self) -> bool:
        try:
            if self.folder:
                with os.scandir(self.path):
                    return True
            return stat.S_ISREG(os.stat(self.path).st_mode)
        except OSError:
            return False


def _part(path: str, base: str, folder: bool) -> _Part:
    if path != base and not path.startswith(base.rstrip("/") + "/"):
        raise UsageError(
            "RL227",
            f"{path} lies outside of {base}",
            help="name the folder around both with --root, or ingest each by itself",
        )
    relative = _relative(path, base)
    return _Part(path, relative, escape(relative), folder)


class _Place(msgspec.Struct, frozen=True):
    """A folder as a scan would meet it. ``rules`` hold in it if it is ``scanned``; of a ``target`` the artefacts are read."""

    state: Literal["scanned", "target", "left out", "unknown"]
    rules: _Rules = ()


class _Looking:
    """One look at some paths; each folder on the way is looked at once."""

    def __init__(self, tree: Tree, root: _Root) -> None:
        self.files: dict[str, SourceFile] = {}
        self.gone: dict[str, None] = {}
        self.folders: dict[str, None] = {}
        self._tree = tree
        self._root = root
        self._places: dict[str, _Place] = {}
        self._names: dict[str, frozenset[str] | None] = {}

    def at(self, relative: str) -> None:
        """Look at one path."""
        part = self._tree.part_at(relative)
        if part is not None:
            self._at_part(part)
            return
        folder, _, name = relative.rpartition("/")
        key = escape(relative)
        outer = self.place(folder)
        if outer.state == "unknown":
            return
        if outer.state == "left out" or (outer.state == "target" and not is_artefact(name)):
            self.gone[key] = None
            return
        try:
            info = os.lstat(self._path(relative))
        except OSError as error:
            if self._proven_absent(folder, name, error):
                self.gone[key] = None
            return
        if stat.S_ISDIR(info.st_mode):
            place = self.place(relative)
            (self.gone if place.state == "left out" else self.folders)[key] = None
        elif self._is_wanted(relative, name, info, outer.rules):
            self.files[key] = self._root.source(relative, info)
        else:
            self.gone[key] = None

    def _path(self, relative: str) -> str:
        return os.path.join(self._root.path, relative)

    def _at_part(self, part: _Part) -> None:
        if part.folder:
            if part.is_there():
                self.folders[part.key] = None
            return
        with contextlib.suppress(OSError):
            info = os.stat(part.path)
            if stat.S_ISREG(info.st_mode):
                self.files[part.key] = self._root.source(part.relative, info)

    def _is_wanted(self, relative: str, name: str, info: os.stat_result, rules: _Rules) -> bool:
        return (
            stat.S_ISREG(info.st_mode)
            and not name.startswith(".")
            and name.lower().endswith(self._tree.options.suffixes)
            and not _ignored(rules, relative)
        )

    def place(self, relative: str) -> _Place:
        """How a scan would meet this folder."""
        known = self._places.get(relative)
        if known is None:
            known = self._places[relative] = self._place(relative)
        return known

    def _place(self, relative: str) -> _Place:
        if self._tree.part_at(relative) is not None or self._tree.leads_to_part(relative):
            return self._opened(relative, self._tree.rules_around(relative))
        folder, _, name = relative.rpartition("/")
        outer = self.place(folder)
        if outer.state != "scanned":
            return _Place("left out") if outer.state == "target" else outer
        beside = _Beside(self._path(folder))
        if is_copy(name, beside):
            return _Place("left out")
        target = is_target(name, beside)
        rules = self._tree.base_rules if target else outer.rules
        if name.startswith(".") or name in SKIPPED_FOLDERS or _ignored(rules, relative + "/"):
            return _Place("left out")
        try:
            if not stat.S_ISDIR(os.lstat(self._path(relative)).st_mode):
                return _Place("left out")
        except OSError as error:
            return _Place("left out" if self._proven_absent(folder, name, error) else "unknown")
        return _Place("target", rules) if target else self._opened(relative, rules)

    def _opened(self, relative: str, outer: _Rules) -> _Place:
        try:
            # opened only: what is on the way need not be read to know that it can be
            with os.scandir(self._path(relative)):
                pass
        except OSError:
            return _Place("unknown")
        if os.path.lexists(os.path.join(self._path(relative), MARKER)):
            return _Place("left out")
        return _Place("scanned", self._tree.rules_in(relative, None, outer))

    def _proven_absent(self, folder: str, name: str, error: OSError) -> bool:
        """Only a listing of its folder proves it: a stale mount answers "not found" too."""
        if not isinstance(error, FileNotFoundError):
            return False
        path = self._path(folder)
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


def is_folder(root: str, suffixes: tuple[str, ...]) -> bool:
    """Is or will this root be a folder? One that is not there yet tells by its name."""
    return os.path.isdir(root) or not (os.path.exists(root) or root.lower().endswith(suffixes))


def common_folder(roots: Sequence[str], suffixes: tuple[str, ...]) -> str:
    """The folder around all roots: a folder itself, if there is no other."""
    folders = [r if is_folder(r, suffixes) else os.path.dirname(r) for r in map(os.path.realpath, roots)]
    return os.path.commonpath(folders) if folders else os.getcwd()


def _distinct(roots: Sequence[str]) -> list[str]:
    """Real paths, each once; a root inside another one is part of it."""
    real = list(dict.fromkeys(os.path.realpath(r) for r in roots))
    return [r for r in real if not any(r != o and r.startswith(o.rstrip("/") + "/") for o in real)]


def _relative(path: str, base: str) -> str:
    return path[len(base.rstrip("/")) + 1 :]


def _is_at_or_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(folder + "/")


def _folders_around(relative: str) -> list[str]:
    """The base ("") first."""
    parts = relative.split("/")
    return ["/".join(parts[:n]) for n in range(len(parts))] if relative else []


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
    try:
        for _ in range(_READ_TRIES):
            data, settled = _read_once(path, file.root, limit)
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


def read_head(file: SourceFile, size: int) -> bytes:
    """The first bytes of a regular file; none if it cannot be read."""
    try:
        handle = os.open(os.path.join(file.root, file.name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(handle, size) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(handle)


def _read_once(path: str, root: str, limit: int) -> tuple[bytes, bool]:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not _lies_at(handle, path) and _is_linked(os.path.dirname(path), root):
            text = "a folder of its path is a symbolic link; links are not followed"
            raise SourceFault("skipped", Diagnostic("RL006", "warning", text))
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


def _lies_at(handle: int, path: str) -> bool:
    """Does the system itself name an open file so? One question, where a look at each folder of the path is several."""
    try:
        return os.readlink(f"/proc/self/fd/{handle}") == path
    except OSError:
        return False


def _is_linked(folder: str, root: str) -> bool:
    """Does a link lead to a folder below a root?"""
    return folder != root and os.path.realpath(folder) != folder
