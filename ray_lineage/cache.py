"""The parse cache: content hash + what compile depends on -> encoded facts, in LMDB, shared by all processes of a node.

It may make a run faster, never different and never fail: a get that goes wrong in any way is a miss, a put that goes
wrong is dropped. LMDB itself does not notice flipped bits, and dies of a truncated file (SIGBUS), so every value has its
own checksum, and the meta pages are checked with plain reads before the file is mapped.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from ray_lineage.compile.options import CompileOptions
from ray_lineage.sources.mounts import file_system, is_network

logger = logging.getLogger("ray_lineage.cache")

_HEADER: Final = struct.Struct("<BQ16s")  # format, last use (s), checksum
_FORMAT: Final = 1
_STATS_KEY: Final = b"\0stats"
_TURN_KEY: Final = b"\0turn"
_OURS: Final = frozenset({_STATS_KEY, _TURN_KEY})
_FIRST_MAP: Final = 64 * 2**20
_DAY: Final = 86_400
_PAUSE: Final = 60.0  # seconds without writing after the disk was full


def cache_key(sha256: str, options: CompileOptions, compiler_version: str) -> bytes:
    """Key of one file's facts: blake2b-128 over everything that they depend on."""
    return hashlib.blake2b(msgspec.msgpack.encode((sha256, options, compiler_version)), digest_size=16).digest()


class CacheStats(msgspec.Struct, frozen=True):
    """``state`` is ``ok``, ``read_only`` or ``off``; hits and misses are those of all runs."""

    path: str
    state: str
    reason: str
    entries: int
    bytes: int
    hits: int
    misses: int
    hit_rate: float


class VerifyReport(msgspec.Struct, frozen=True):
    """Result of reading every entry in a process of its own. ``crashed``: that process died (a damaged file)."""

    entries: int
    bad: int
    crashed: bool


class ParseCache:
    """Use :meth:`open`. Safe for use from one thread at a time of each process."""

    _open: ClassVar[dict[str, ParseCache]] = {}

    def __init__(
        self, path: str, max_bytes: int, max_entries: int | None, ttl_days: int, clock: Callable[[], float]
    ) -> None:
        self.path = path
        self.state = "ok"
        self.reason = ""
        self.hits = self.misses = 0
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._ttl = ttl_days * _DAY
        self._clock = clock
        self._env: Any = None
        self._users = 0
        self._lock = threading.Lock()
        self._pause_until = 0.0
        self._touched: dict[bytes, bytes] = {}
        self._checked_readers = 0.0

    # ------------------------------------------------------------------ life

    @classmethod
    def open(
        cls,
        path: str,
        *,
        max_bytes: int = 2 * 2**30,
        max_entries: int | None = None,
        ttl_days: int = 30,
        clock: Callable[[], float] = time.time,
    ) -> ParseCache:
        """Open or create the cache folder ``path``; never raises. Opening it twice in a process gives the same object."""
        real = os.path.realpath(os.path.expanduser(path))
        known = cls._open.get(real)
        if known is not None:
            known._users += 1
            return known
        cache = cls(real, max_bytes, max_entries, ttl_days, clock)
        cache._start()
        cache._users = 1
        cls._open[real] = cache
        return cache

    def _start(self) -> None:
        try:
            self._place()
            if not self._healthy():
                self._set_aside("it is damaged")
            self._map()
            self._mark()
            self.prune()
        except Exception as error:
            self._degrade("off", f"{type(error).__name__}: {error}")

    def _place(self) -> None:
        """Where the cache really lies: never on a network file system, never over somebody else's file."""
        if os.path.isfile(self.path):
            with open(self.path, "rb") as file:
                head = file.read(16)
            kind = "an SQLite database" if head.startswith(b"SQLite format 3") else "not a cache of ours"
            other = self.path + ".lmdb"
            logger.warning("parse cache: %s is %s and stays as it is; using %s", self.path, kind, other)
            self.path = other
        if is_network(file_system(self.path)):
            local = node_local_path()
            logger.warning("parse cache: %s is on a network file system; using %s", self.path, local)
            self.path = local
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        info = os.stat(self.path)
        if info.st_uid != os.getuid() and os.getuid() != 0:
            raise PermissionError(f"{self.path} belongs to another user")
        if stat.S_IMODE(info.st_mode) & 0o077:
            os.chmod(self.path, 0o700)

    def _healthy(self) -> bool:
        data = os.path.join(self.path, "data.mdb")
        if not os.path.exists(data) or os.path.getsize(data) == 0:
            return True
        if not metas_fit(data):
            return False
        return not self._ended_badly() or not verify(self.path).crashed

    def _ended_badly(self) -> bool:
        """Did a process that had it open die? Each leaves a marker named by its id."""
        bad = False
        for marker in Path(self.path).glob("open.*"):
            pid = marker.suffix[1:]
            if pid.isdigit() and not _alive(int(pid)):
                bad = True
                marker.unlink(missing_ok=True)
        return bad

    def _mark(self) -> None:
        Path(self.path, f"open.{os.getpid()}").touch(mode=0o600)

    def _map(self) -> None:
        import lmdb

        data = os.path.join(self.path, "data.mdb")
        size = max(_FIRST_MAP, os.path.getsize(data) * 2 if os.path.exists(data) else 0)
        options: dict[str, Any] = {"map_size": min(size, self._map_limit()), "max_readers": 512, "mode": 0o600}
        try:
            self._env = lmdb.open(self.path, sync=False, metasync=False, **options)
        except lmdb.ReadonlyError:
            self._env = lmdb.open(self.path, readonly=True, lock=False, **options)
            self._degrade("read_only", "the disk is read-only")
        except (lmdb.InvalidError, lmdb.CorruptedError, lmdb.VersionMismatchError, lmdb.PanicError) as error:
            self._set_aside(str(error))
            self._env = lmdb.open(self.path, sync=False, metasync=False, **options)

    def _map_limit(self) -> int:
        return max(_FIRST_MAP, self._max_bytes + self._max_bytes // 4)

    def _set_aside(self, reason: str) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S")
        for name in ("data.mdb", "lock.mdb"):
            path = os.path.join(self.path, name)
            if os.path.exists(path):
                os.replace(path, f"{path}.broken-{stamp}")
        logger.warning("parse cache: %s was moved aside and begun anew (%s)", self.path, reason)

    def _degrade(self, state: str, reason: str) -> None:
        if self.state != state:
            logger.warning("parse cache: %s (%s: %s); the run goes on without it", state, self.path, reason)
        self.state, self.reason = state, reason

    def close(self) -> None:
        """Write what is outstanding and release it (the last user in this process)."""
        self._users -= 1
        if self._users > 0:
            return
        ParseCache._open.pop(next((k for k, v in ParseCache._open.items() if v is self), ""), None)
        if self._env is None:
            return
        with contextlib.suppress(Exception):
            self._write_touches()
            self._add_statistics()
        with contextlib.suppress(Exception):
            self._env.close()
        self._env = None
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.path, f"open.{os.getpid()}"))

    # ------------------------------------------------------------------ get and put

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Values in the order of the keys; None for what is absent, damaged or out of reach."""
        if self._env is None:
            self.misses += len(keys)
            return [None] * len(keys)
        found: list[bytes | None] = []
        try:
            with self._reader() as transaction:
                found = [self._checked(key, transaction.get(key)) for key in keys]
        except Exception as error:
            self._degrade("off", str(error))
            found = [None] * len(keys)
        hits = sum(v is not None for v in found)
        self.hits += hits
        self.misses += len(keys) - hits
        return found

    def _reader(self) -> Any:
        import lmdb

        now = time.monotonic()
        if now - self._checked_readers > _PAUSE:
            self._checked_readers = now
            self._env.reader_check()
        try:
            return self._env.begin()
        except lmdb.MapResizedError:  # another process made the map larger
            self._env.set_mapsize(0)
            return self._env.begin()

    def _checked(self, key: bytes, stored: bytes | None) -> bytes | None:
        if stored is None or len(stored) < _HEADER.size:
            return None
        form, used, checksum = _HEADER.unpack_from(stored)
        value = stored[_HEADER.size :]
        if form != _FORMAT or checksum != _checksum(key, value):
            return None
        if self._clock() - used > _DAY:
            self._touched[key] = value
        return value

    def contains(self, keys: Sequence[bytes]) -> list[bool]:
        """Which keys are there (their values are not checked)."""
        if self._env is None:
            return [False] * len(keys)
        try:
            with self._reader() as transaction:
                return [transaction.get(key) is not None for key in keys]
        except Exception as error:
            self._degrade("off", str(error))
            return [False] * len(keys)

    def put_many(self, items: Sequence[tuple[bytes, bytes]]) -> None:
        """Store values in one transaction; dropped if that is not possible."""
        if (
            self._env is None
            or self.state != "ok"
            or time.monotonic() < self._pause_until
            or not (items or self._touched)
        ):
            return
        now = int(self._clock())
        touched, self._touched = self._touched, {}
        encoded = [(k, _HEADER.pack(_FORMAT, now, _checksum(k, v)) + v) for k, v in (*touched.items(), *items)]
        with self._lock:
            self._put(encoded)

    def _put(self, encoded: list[tuple[bytes, bytes]]) -> None:
        import lmdb

        for _ in range(8):
            try:
                with self._env.begin(write=True) as transaction:
                    transaction.cursor().putmulti(encoded)
                if self._over_bounds():
                    self._evict(0.9)
                return
            except lmdb.MapFullError:
                if not self._grow():
                    self._evict(0.9)
            except lmdb.MapResizedError:
                self._env.set_mapsize(0)
            except lmdb.ReadonlyError as error:
                self._degrade("read_only", str(error))
                return
            except lmdb.DiskError:
                self._pause_until = time.monotonic() + _PAUSE
                logger.warning("parse cache: the disk is full; nothing is stored for a minute")
                return
            except lmdb.Error as error:
                self._degrade("read_only", str(error))
                return

    def _write_touches(self) -> None:
        self.put_many([])

    def _grow(self) -> bool:
        size = self._env.info()["map_size"]
        limit = self._map_limit()
        if size >= limit:
            return False
        self._env.set_mapsize(min(size * 2, limit))
        return True

    # ------------------------------------------------------------------ bounds

    def _used_bytes(self) -> int:
        s = self._env.stat()
        pages = s["branch_pages"] + s["leaf_pages"] + s["overflow_pages"]
        return int(s["psize"] * pages)

    def _over_bounds(self) -> bool:
        return self._used_bytes() > self._max_bytes or (
            self._max_entries is not None and self._env.stat()["entries"] > self._max_entries
        )

    def prune(self) -> int:
        """Drop what was not used for the time to live, and what is over the bounds, least recently used first."""
        if self._env is None or self.state != "ok":
            return 0
        over = self._over_bounds()
        stamp = Path(self.path, "pruned")
        due = not stamp.exists() or self._clock() - stamp.stat().st_mtime > _DAY
        if not over and not due:
            return 0
        stamp.touch(mode=0o600)
        return self._evict(0.9 if over else 1.0)

    def _evict(self, share: float) -> int:
        """Delete expired entries, then the least recently used until ``share`` of the bounds is left."""
        entries: list[tuple[int, int, bytes]] = []
        with self._env.begin() as transaction:
            for key, value in transaction.cursor():
                if key not in _OURS:
                    used = _HEADER.unpack_from(value)[1] if len(value) >= _HEADER.size else 0
                    entries.append((used, len(key) + len(value) + 64, key))
        entries.sort()
        total, count = sum(e[1] for e in entries), len(entries)
        most_bytes = self._max_bytes * share
        most = self._max_entries * share if self._max_entries is not None else float("inf")
        oldest = self._clock() - self._ttl
        doomed: list[bytes] = []
        for used, size, key in entries:
            if used >= oldest and total <= most_bytes and count <= most:
                break
            doomed.append(key)
            total -= size
            count -= 1
        if doomed:
            with self._env.begin(write=True) as transaction:
                for key in doomed:
                    transaction.delete(key)
            self._turn_over()
        return len(doomed)

    def _turn_over(self) -> None:
        """LMDB gives a transaction's freed pages out again two transactions later: let those be small ones."""
        for turn in range(2):
            with self._env.begin(write=True) as transaction:
                transaction.put(_TURN_KEY, bytes([turn]))

    def clear(self, older_than_days: int | None = None, *, dry_run: bool = False) -> int:
        """Delete all entries, or those not used for so many days. Returns how many."""
        if self._env is None:
            return 0
        limit = float("inf") if older_than_days is None else self._clock() - older_than_days * _DAY
        with self._env.begin() as transaction:
            doomed = [
                k for k, v in transaction.cursor()
                if k not in _OURS and (len(v) < _HEADER.size or _HEADER.unpack_from(v)[1] < limit)
            ]  # fmt: skip
        if doomed and not dry_run:
            with self._env.begin(write=True) as transaction:
                for key in doomed:
                    transaction.delete(key)
        return len(doomed)

    # ------------------------------------------------------------------ statistics

    def _add_statistics(self) -> None:
        if self.state != "ok" or not (self.hits or self.misses):
            return
        with self._env.begin(write=True) as transaction:
            hits, misses = _statistics(transaction.get(_STATS_KEY))
            transaction.put(_STATS_KEY, msgspec.msgpack.encode((hits + self.hits, misses + self.misses)))

    def stats(self) -> CacheStats:
        """Counts of the whole cache; hits and misses of earlier runs and of this one."""
        entries = size = hits = misses = 0
        if self._env is not None:
            with contextlib.suppress(Exception), self._reader() as transaction:
                stored = transaction.get(_STATS_KEY)
                hits, misses = _statistics(stored)
                entries = transaction.stat()["entries"] - sum(transaction.get(k) is not None for k in _OURS)
                size = self._used_bytes()
        hits, misses = hits + self.hits, misses + self.misses
        rate = hits / (hits + misses) if hits + misses else 0.0
        return CacheStats(self.path, self.state, self.reason, entries, size, hits, misses, round(rate, 4))


def _checksum(key: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16, key=key).digest()


def _statistics(stored: bytes | None) -> tuple[int, int]:
    if stored is None:
        return 0, 0
    try:
        return msgspec.msgpack.decode(stored, type=tuple[int, int])
    except msgspec.DecodeError:
        return 0, 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def metas_fit(data_file: str) -> bool:
    """Do both meta pages say that the file is as long as it is? (LMDB 0.9: magic at 16, page size at 40, last page at 136.)"""
    size = os.path.getsize(data_file)
    with open(data_file, "rb") as file:
        head = file.read(4096)
        if len(head) < 152:
            return False
        page = struct.unpack_from("<I", head, 40)[0]
        if page not in (4096, 8192, 16384, 32768, 65536):
            return False
        file.seek(page)
        second = file.read(152)
    newest = -1
    last = 0
    for meta in (head, second):
        if len(meta) < 152 or struct.unpack_from("<I", meta, 16)[0] != 0xBEEFC0DE:
            return False
        last_page, transaction = struct.unpack_from("<QQ", meta, 136)
        if transaction > newest:
            newest, last = transaction, last_page
    return bool((last + 1) * page <= size)


def node_local_path() -> str:
    """A folder of this user on a local disk of this node, shared by all our processes here; made if it is not there.

    Raises OSError if there is none, or if somebody else sits on its name.
    """
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108 - what is below is checked
        if os.access(parent, os.W_OK) and not is_network(file_system(parent)):
            return _own_folder(os.path.join(parent, f"ray_lineage-cache-{os.getuid()}"))
    raise OSError("there is no temporary folder on a local disk")


def _own_folder(path: str) -> str:
    """Everybody may write beside it, so it must be a real folder (no link), ours, and closed to others."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise PermissionError(f"{path} is not a folder of this user")
    if stat.S_IMODE(info.st_mode) & 0o077:
        os.chmod(path, 0o700)
    return path


def verify(path: str, timeout: float = 120.0) -> VerifyReport:
    """Read every entry in a child process: its death by a signal is a verdict, not an accident."""
    code = "import sys; from ray_lineage.cache import _verify_here; _verify_here(sys.argv[1])"
    try:
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, timeout=timeout, check=False)
        entries, bad = (int(n) for n in done.stdout.split())
    except (ValueError, subprocess.TimeoutExpired):
        return VerifyReport(0, 0, True)
    return VerifyReport(entries, bad, False)


def _entries(path: str) -> Iterator[tuple[bytes, bytes]]:
    import lmdb

    with lmdb.open(path, readonly=True, lock=False, create=False) as env, env.begin() as transaction:
        yield from transaction.cursor()


def _verify_here(path: str) -> None:
    if not metas_fit(os.path.join(path, "data.mdb")):
        sys.exit(1)
    entries = bad = 0
    for key, value in _entries(path):
        if key in _OURS:
            continue
        entries += 1
        whole = len(value) >= _HEADER.size and _HEADER.unpack_from(value)[2] == _checksum(key, value[_HEADER.size :])
        bad += not whole
    sys.stdout.write(f"{entries} {bad}\n")
