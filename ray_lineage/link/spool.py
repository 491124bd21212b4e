"""Where a linker keeps the encoded facts of all files: a temporary file, so that memory does not grow with them."""

from __future__ import annotations

import os
import tempfile
from typing import Final

_GATHERED: Final = 256 * 2**10
"""Bytes that are written at once."""


class Spool:
    """Append-only bytes with random reads; the file has no name on disk and goes with the process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="ray_lineage-")  # noqa: SIM115 - lives as long as the spool
        self._written = 0
        self._gathered = bytearray()
        self.wasted = 0
        """Bytes that nobody needs any more."""

    def __len__(self) -> int:
        return self._written + len(self._gathered)

    def add(self, data: bytes) -> tuple[int, int]:
        """Store bytes; the returned place is for :meth:`read`. Raises OSError when the temporary disk is full."""
        if len(self._gathered) >= _GATHERED:
            self._write()
        place = (len(self), len(data))
        self._gathered += data
        return place

    def _write(self) -> None:
        view, end = memoryview(self._gathered), self._written
        while view:
            written = os.pwrite(self._file.fileno(), view, end)
            view = view[written:]
            end += written
        self._written, self._gathered = end, bytearray()  # only now: what failed in the middle is written again

    def read(self, place: tuple[int, int]) -> bytes:
        """The bytes stored at a place."""
        start, size = place
        if start >= self._written:
            start -= self._written
            return bytes(self._gathered[start : start + size])
        return os.pread(self._file.fileno(), size, start)

    def release(self, place: tuple[int, int]) -> None:
        """The bytes at a place are not needed any more."""
        self.wasted += place[1]

    def close(self) -> None:
        """Release the disk space."""
        self._file.close()
