"""Where an embedded store lies: whose the file is, which process holds it, and what is moved aside."""

from __future__ import annotations

import contextlib
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

from ray_lineage.errors import StoreRefused, StoreUnavailable

APPLICATION: Final = int.from_bytes(b"RLin", "big")
"""Marks our files in SQLite's header (``PRAGMA application_id``)."""

_MAGIC: Final = b"SQLite format 3\0"
_OLD_SUFFIX: Final = ".lbug"
"""Of graphs that an earlier version wrote with another engine."""


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies there, None if there is none."""
    try:
        found = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Header(NamedTuple):
    """What the first bytes of a database say."""

    application: int
    version: int


def header(data: bytes) -> Header | None:
    """None for what is no SQLite database. Pure."""
    if len(data) < 100 or not data.startswith(_MAGIC):
        return None
    version, application = struct.unpack_from(">I4xI", data, 60)
    return Header(application, version)


class Place:
    """The path of a database, and the files beside it: its log, our lock, and a mark that it was found damaged."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._lock: IO[str] | None = None
        self._ours: dict[str, tuple[int, int]] = {}  # by suffix: which files are open

    def beside(self, suffix: str) -> Path:
        """A file of the same name with more after it."""
        return self.path.with_name(self.path.name + suffix)

    @property
    def _marked(self) -> Path:
        return self.beside(".damaged")

    def header(self) -> Header | None:
        """Of the file, (0, 0) if it is empty or not there; None for one that is ours and cannot be used. Raises StoreRefused
        for one that is not ours."""
        try:
            with self.path.open("rb") as file:
                data = file.read(100)
        except FileNotFoundError:
            return Header(0, 0)
        except OSError as error:
            raise StoreUnavailable(
                "RL211", f"cannot read the graph at {self.path}: {error.strerror}", help="may this user read it?"
            ) from error
        found = header(data) if data else Header(0, 0)
        if data and (found is None or found.application != APPLICATION):
            if not self.beside(".lock").exists():
                raise self._foreign()
            return None
        return found

    def _foreign(self) -> StoreRefused:
        return StoreRefused(
            "RL224",
            f"{self.path} is no graph of this version of ray_lineage, so it is left as it is",
            help="name another --store, or move that file away; `ray_lineage ingest DIR` builds a graph anew",
        )

    def old(self) -> Path | None:
        """The graph of an earlier version that lies where ours would be, while there is none of ours."""
        old = self.path.with_suffix(_OLD_SUFFIX)
        is_begun = self.path.exists() and self.path.stat().st_size > 0
        return old if old.exists() and not is_begun else None

    def lock(self) -> None:
        """Become the only process that writes here. Raises StoreUnavailable, which names the one that is."""
        import fcntl

        path = self.beside(".lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = path.open("a+")
        except OSError as error:
            raise StoreUnavailable(
                "RL213",
                f"cannot write to {path.parent}: {error.strerror}",
                help="choose another place with --store or data_dir",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.seek(0)
            holder = self._lock.read().strip()
            self.release()
            raise StoreUnavailable(
                "RL212",
                f"the graph at {self.path} is in use by {f'process {holder}' if holder else 'another process'}",
                help="wait for that run to end (a watch takes changes by itself; `ray_lineage flush` hurries it), "
                "or use another --store",
            ) from error
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def remember(self) -> None:
        """What lies here now is what this process has open."""
        found = {suffix: _identity(self.beside(suffix)) for suffix in ("", "-wal", ".lock")}
        self._ours = {suffix: which for suffix, which in found.items() if which is not None}

    @property
    def is_replaced(self) -> bool:
        """Does something else lie here now, or nothing?"""
        return any(_identity(self.beside(suffix)) != which for suffix, which in self._ours.items())

    @contextlib.contextmanager
    def others_kept(self) -> Iterator[None]:
        """Closing a database deletes its log by name, whoever's lies there now."""
        log, kept = self.beside("-wal"), self.beside("-wal.kept")
        foreign = "-wal" in self._ours and _identity(log) not in (None, self._ours["-wal"])
        if foreign:
            log.rename(kept)
        try:
            yield
        finally:
            if foreign:
                kept.rename(log)

    def release(self) -> None:
        """Let others write; idempotent."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def mark_damaged(self, reason: str) -> None:
        """Whoever opens it next builds it anew: it can all be made again. Raises OSError."""
        self._marked.write_text(reason, encoding="utf-8")

    def damage(self) -> str:
        """Why the file was marked; empty if it was not."""
        try:
            return self._marked.read_text(encoding="utf-8", errors="replace")[:300]
        except FileNotFoundError:
            return ""

    def set_aside(self, reason: str, mark: str = "broken") -> str:
        """Move the database away, with its log. Returns what to tell."""
        stamp = time.strftime("%Y%m%dT%H%M%S")
        for suffix in ("", "-wal", "-shm", "-journal"):
            file = self.beside(suffix)
            if file.exists():
                file.rename(self.beside(f".{mark}-{stamp}{suffix}"))
        self._marked.unlink(missing_ok=True)
        return f"{self.path} could not be used ({reason}); it was moved aside and is built anew"
