"""Which content does an unchanged file have? Size, times and inode -> SHA-256, so that it is not read again.

As in git's index, an entry whose file was modified within two seconds of when it was recorded is not trusted ("racily
clean"): a later write in the same tick of the clock would leave the same times.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Set
from typing import Final

import msgspec

from ray_lineage.model import SourceFile

_RACY_NS: Final = 2_000_000_000
_MAGIC: Final = b"ray_lineage stat index 1\n"

_Entry = tuple[int, int, int, int, str, int]  # size, mtime_ns, ctime_ns, inode, sha256, recorded at (ns)
_decoder = msgspec.msgpack.Decoder(tuple[str, dict[str, _Entry]])


class StatIndex:
    """One project's index, in one file. Whatever is wrong with the file, the index is then empty."""

    def __init__(self, path: str, key: str, entries: dict[str, _Entry] | None = None) -> None:
        self._path = path
        self._key = key
        self._entries = entries or {}
        self._changed = False

    @classmethod
    def load(cls, path: str, key: str) -> StatIndex:
        """Read the index. ``key`` binds it to a project and its roots."""
        try:
            with open(path, "rb") as file:
                data = file.read()
            head = len(_MAGIC)
            body = data[head + 16 :]
            if data[:head] != _MAGIC or hashlib.blake2b(body, digest_size=16).digest() != data[head : head + 16]:
                return cls(path, key)
            stored, entries = _decoder.decode(body)
        except (OSError, msgspec.DecodeError, ValueError, RecursionError):
            return cls(path, key)
        return cls(path, key, entries if stored == key else None)

    def lookup(self, file: SourceFile) -> str:
        """SHA-256 (hex) of a file's content if it is certainly unchanged, else empty."""
        entry = self._entries.get(file.path)
        if entry is None or entry[:4] != (file.size, file.mtime_ns, file.ctime_ns, file.inode):
            return ""
        if entry[5] - max(file.mtime_ns, file.ctime_ns) < _RACY_NS:
            return ""
        return entry[4]

    def recent(self, file: SourceFile, seconds: float, now_ns: int) -> str:
        """SHA-256 (hex) of a file that was read within so many seconds and has the same times, else empty. If it is young,
        a later write may have left them the same: whoever relies on this looks again later."""
        entry = self._entries.get(file.path)
        if entry is None or entry[:4] != (file.size, file.mtime_ns, file.ctime_ns, file.inode):
            return ""
        return entry[4] if now_ns - entry[5] < seconds * 1e9 else ""

    def record(self, file: SourceFile, sha256: str, now_ns: int) -> None:
        """A file's content was read at ``now_ns`` (wall clock, before the read)."""
        self._entries[file.path] = (file.size, file.mtime_ns, file.ctime_ns, file.inode, sha256, now_ns)
        self._changed = True

    def forget(self, path: str) -> None:
        """The file is gone."""
        self._changed = self._entries.pop(path, None) is not None or self._changed

    def keep_only(self, paths: Set[str]) -> None:
        """Forget all other files."""
        gone = self._entries.keys() - paths
        for path in gone:
            del self._entries[path]
        self._changed = self._changed or bool(gone)

    def save(self) -> None:
        """Write the index if it changed. A disk that cannot be written costs speed, never the run."""
        if not self._changed:
            return
        body = msgspec.msgpack.encode((self._key, self._entries))
        temporary = f"{self._path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self._path) or ".", mode=0o700, exist_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(_MAGIC + hashlib.blake2b(body, digest_size=16).digest() + body)
            os.replace(temporary, self._path)
            self._changed = False
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
