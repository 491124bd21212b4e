"""Files to ingest: from the scan to who reads them."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class SourceFile(msgspec.Struct, frozen=True, array_like=True):
    """One file to ingest. ``path`` is relative to its root, POSIX, undecodable bytes escaped; it is the file's key.

    ``root`` and ``name`` (raw file-system path relative to the root) say where the bytes are. ``sha256`` is known
    (hex) when the stat index vouches for it, else empty.
    """

    path: str
    root: str
    name: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    priority: int
    sha256: str = ""


class Priority(IntEnum):
    CRITICAL = 0
    NORMAL = 1
    BATCH = 2
