"""The process that workers come from, seen from the command, and the folder of a run: begun before all else is loaded.

What workers need takes as long to load as what the command needs: beside it, it costs no time. So this imports nothing heavy of ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import shutil
import socket
import tempfile
import time
from typing import Final

from ray_lineage.handing_on import begun

_FOLDERS: Final = "ray_lineage-local-"
_SURELY_LOCKED: Final = 60.0  # seconds after which a folder's owner has locked it


class Cradle:
    """A run's folder, which holds breadcrumbs and what workers say on stderr, and a :mod:`.nursery`'s process."""

    def __init__(self) -> None:
        """Begins it; nothing is waited for."""
        self.folder, self._lock = _run_folder()
        self.log = os.path.join(self.folder, "workers.log")
        self.begin()

    def begin(self) -> None:
        """Begin the process (again, if it was ended)."""
        self.socket, theirs = socket.socketpair()
        self.socket.setblocking(False)
        with theirs, open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as log:
            self._process = begun("ray_lineage.runtime.nursery", theirs, log, log)

    def end(self) -> None:
        """End the process, and all that it made."""
        self.socket.close()
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it, and take the folder away; idempotent."""
        if self._lock < 0:
            return
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)
        self._lock = -1


def _run_folder() -> tuple[str, int]:
    """A folder for this run, and a handle that keeps it locked as long as this process lives. Those of processes that were
    killed are taken away."""
    for entry in glob.glob(os.path.join(tempfile.gettempdir(), _FOLDERS + "*")):
        with contextlib.suppress(OSError):
            info = os.lstat(entry)
            if info.st_uid == os.getuid() and time.time() - info.st_mtime > _SURELY_LOCKED:
                handle = _locked(entry)
                shutil.rmtree(entry, ignore_errors=True)
                os.close(handle)
    folder = tempfile.mkdtemp(prefix=_FOLDERS)
    return folder, _locked(folder)


def _locked(folder: str) -> int:
    """Raises OSError if another process holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle
