"""Where a linker keeps the encoded facts of all files: a temporary file, so that memory does not grow with them."""

from __future__ import annotations

import os
import tempfile


class Spool:
    """Append-only bytes with random reads; the file has no name on disk and goes with the process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="ray_lineage-")  # noqa: SIM115 - lives as long as the spool
        self._end = 0
        self.wasted = 0
        """Bytes that nobody needs any more."""

    def __len__(self) -> int:
        return self._end

    def add(self, data: bytes) -> tuple[int, int]:
        """Store bytes; the returned place is for :meth:`read`. Raises OSError when the temporary disk is full."""
        place = (self._end, len(data))
        view = memoryview(data)
        offset = self._end
        while view:
            written = os.pwrite(self._file.fileno(), view, offset)
            view = view[written:]
            offset += written
        self._end += len(data)
        return place

    def read(self, place: tuple[int, int]) -> bytes:
        """The bytes stored at a place."""
        start, size = place
        return os.pread(self._file.fileno(), size, start)

    def release(self, place: tuple[int, int]) -> None:
        """The bytes at a place are not needed any more."""
        self.wasted += place[1]

    def close(self) -> None:
        """Release the disk space."""
        self._file.close()
