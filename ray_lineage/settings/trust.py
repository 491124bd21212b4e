"""Who may say what: a repository how it is read; its user, everything.

A settings file that is found by looking for it may have come with the repository. It says how files are read, and may lower
limits. Where to write, whom to contact and what to run count only from flags, the environment, a file that the user named,
one of the user's own outside of what is read (which says places on this machine, and contacts nobody), or one that the user has trusted: then its hash is
noted in the user's own state folder, and a change of the file asks again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from ray_lineage.errors import UsageError

Standing = Literal["repository", "own", "trusted"]

READING: Final = frozenset(
    {"project", "dialect", "default_catalog", "default_schema", "encoding", "inputs", "suffixes", "ignore", "folders", "priority", "source",
     "enable_parse_cache", "enable_batching", "debounce_window_seconds", "batch_size_threshold", "rescan_seconds", "poll", "log_format",
     "ignore_diagnostics", "roots", "namespaces", "reads_from"}
)  # fmt: skip
"""How it is read, and how it looks."""
PLACES: Final = frozenset({"store", "data_dir", "parse_cache_path", "organize_to", "root"})
"""Where to write and to look on this machine; ``store`` may also be an address."""
LIMITS: Final = {
    "max_file_size": 20_000_000, "max_delete_percent": 50, "batch_size": 10_000, "object_store_share": 0.3,
    "memory_limit_percent": 80, "queue_limit": 200, "cache_max_bytes": 2 * 2**30, "cache_max_entries": 10_000_000,
    "ingest_workers": min(4, os.cpu_count() or 1), "max_workers": min(4, os.cpu_count() or 1), "min_workers": 1,
}  # fmt: skip
"""What a repository may lower: up to here."""


def forbidden(values: Mapping[str, Any], standing: Standing) -> list[str]:
    """Which of these checked settings a file of that standing may not say."""
    if standing == "trusted":
        return []
    return [key for key, value in values.items() if not _may_say(key, value, standing)]


def _may_say(key: str, value: Any, standing: Standing) -> bool:
    if key in READING:
        return True
    if standing == "own":
        return key in LIMITS or (key in PLACES and "://" not in str(value))
    return key in LIMITS and value is not None and value <= LIMITS[key]


def is_within_reading(file: Path, reads: Sequence[str]) -> bool:
    """Does the file lie in what is read: in a folder of it, or in the same working tree of a version control system?"""
    folder = Path(os.path.realpath(file)).parent
    return any(folder.is_relative_to(_top(Path(os.path.realpath(read)))) for read in reads)


def working_tree(path: Path) -> Path | None:
    """The top of the version control system's working tree around a path."""
    marks = (".git", ".hg", ".svn", ".jj")
    folders = (path, *path.parents)
    return next((f for f in folders if any(os.path.lexists(f / mark) for mark in marks)), None)


def _top(path: Path) -> Path:
    return working_tree(path) or (path if path.is_dir() else path.parent)


def is_owners(info: os.stat_result) -> bool:
    """Is a file this user's (or root's) own, and nobody else may write it?"""
    return info.st_uid in (os.geteuid(), 0) and not info.st_mode & stat.S_IWOTH


# --------------------------------------------------------------------------- what was trusted


def is_trusted(file: Path, content: bytes) -> bool:
    """Has the user trusted this content at this place? Without a state folder: no."""
    try:
        info = os.lstat(_entry(file, content))
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid()


def trust(file: Path, content: bytes) -> None:
    """Note it; what was noted of an earlier content of the file is forgotten. Raises UsageError (RL202)."""
    try:
        folder = _made(state_folder() / "trusted")
        untrust(file)
        handle = os.open(folder / _name(file, content), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(handle, "w", encoding="utf-8", errors="surrogateescape") as entry:
            entry.write(os.path.realpath(file))
    except OSError as error:
        text = f"cannot write to the state folder {state_folder()}: {error.strerror}"
        raise UsageError("RL202", text, where="XDG_STATE_HOME", help="set it to a folder that can be written") from None


def untrust(file: Path) -> bool:
    """Forget the file, whatever its content is. Was it known?"""
    found = [entry for entry, path in _entries() if path == os.path.realpath(file)]
    for entry in found:
        with contextlib.suppress(FileNotFoundError):
            entry.unlink()
    return bool(found)


def noted() -> list[str]:
    """The files that were trusted."""
    return sorted(path for _, path in _entries())


def state_folder() -> Path:
    """The user's own: ``$XDG_STATE_HOME/ray_lineage``, else ``~/.local/state/ray_lineage``."""
    named = os.environ.get("XDG_STATE_HOME", "")
    base = Path(named) if os.path.isabs(named) else Path(os.path.expanduser("~/.local/state"))
    return base / "ray_lineage"


def _made(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(mode=0o700, exist_ok=True)
    info = os.lstat(folder)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o022:
        raise PermissionError(0, f"{folder} is no folder that only this user can write")
    return folder


def _entries() -> Iterator[tuple[Path, str]]:
    folder = state_folder() / "trusted"
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                yield folder / name, (folder / name).read_text("utf-8", "surrogateescape")


def _entry(file: Path, content: bytes) -> Path:
    return state_folder() / "trusted" / _name(file, content)


def _name(file: Path, content: bytes) -> str:
    return hashlib.sha256(os.fsencode(os.path.realpath(file)) + b"\0" + content).hexdigest()
