"""The parse cache: content hash + what compile depends on -> encoded facts, in LMDB, shared by all processes of a node.

It may make a run faster, never different and never fail: a get that goes wrong in any way is a miss, a put that goes
wrong is dropped. LMDB itself does not notice flipped bits, and dies of a truncated file (SIGBUS), so every value has its
own checksum, and the meta pages are checked with plain reads before the file is mapped. The checksum is keyed with a secret of
the user: what somebody else made, such as a cache that came with a repository, is a miss.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from ray_lineage.compile.options import CompileOptions
from ray_lineage.errors import UsageError
from ray_lineage.handing_on import environment, python
from ray_lineage.ownfolder import own_folder
from ray_lineage.signing import private_folder, user_key
from ray_lineage.sources.mounts import file_system, is_network

logger = logging.getLogger("ray_lineage.cache")

_HEADER: Final = struct.Struct("<BQ4s16s")  # format, time of the put (s), whose it is, checksum
_STAMP: Final = struct.Struct("<Q")  # last use (s)
_FORMAT: Final = 2
_PLAIN: Final = 16  # bytes of a key that know no file name
_STATS_KEY: Final = b"stats"
_TURN_KEY: Final = b"turn"
_FIRST_MAP: Final = 64 * 2**20
_DAY: Final = 86_400
_RECENT: Final = 300  # seconds: a use is noted once in this time
_PAUSE: Final = 60.0  # seconds without writing after the disk was full


def cache_key(sha256: str, options: CompileOptions, compiler_version: str) -> bytes:
    """Key of one file's facts: blake2b-128 over everything that they may depend on but the file's name, and 64 bits of that.

    Facts that depend on the name (few do) are put under the whole key, others under its first part, :func:`nameless`.
    """
    plain = msgspec.structs.replace(options, model="", folder="")
    content = msgspec.msgpack.encode((sha256, plain, compiler_version))
    path = f"{options.folder}/{options.model}"
    name = hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=8)
    return hashlib.blake2b(content, digest_size=_PLAIN).digest() + name.digest()


def nameless(key: bytes) -> bytes:
    """The key under which facts lie that do not depend on their file's name."""
    return key[:_PLAIN]


_TABLES: Final = (b"values", b"uses")
_OPENED: Final[dict[str, Any]] = {"max_readers": 512, "mode": 0o600, "max_dbs": len(_TABLES)}


class CacheStats(msgspec.Struct, frozen=True):
    """``state`` is ``ok``, ``read_only``, ``off`` or ``damaged``; hits and misses are those of all runs. ``bad`` values are
    damaged; ``foreign`` ones were made by another user, or with a key that was lost. None of both is ever used."""

    path: str
    state: str
    reason: str
    entries: int
    bytes: int
    hits: int
    misses: int
    hit_rate: float
    bad: int = 0
    foreign: int = 0


class VerifyReport(msgspec.Struct, frozen=True):
    """Result of reading every entry in a process of its own. ``crashed``: that process died (a damaged file)."""

    entries: int
    bad: int
    crashed: bool
    foreign: int = 0


class ParseCache:
    """Use :meth:`open`. Safe for use from one thread at a time of each process; any may open and close it."""

    _open: ClassVar[dict[str, ParseCache]] = {}
    _opening: ClassVar[threading.Lock] = threading.Lock()

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
        self._values: Any = None
        self._uses: Any = None
        self._secret = b""
        self._users = 0
        self._lock = threading.Lock()
        self._pause_until = 0.0
        self._touched: dict[bytes, int] = {}  # when (s) each was used that is not noted yet
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
        wanted = os.path.expanduser(path)
        real = os.path.join(os.path.realpath(os.path.dirname(wanted)), os.path.basename(wanted))
        with cls._opening:  # LMDB does not open a file twice in a process
            cache = cls._open.get(real)
            if cache is None:
                cache = cls(real, max_bytes, max_entries, ttl_days, clock)
                cache._start()
                cls._open[real] = cache
            cache._users += 1
            return cache

    def _start(self) -> None:
        try:
            self._secret = user_key()
            self._place()
            if not self._healthy():
                self._set_aside("it is damaged")
            self._map()
            self._mark()
            self.prune()
        except Exception as error:
            self._degrade("off", f"{type(error).__name__}: {error}")

    def _place(self) -> None:
        """Where the cache really lies: never on a network file system, never in what is not ours."""
        if is_network(file_system(self.path)):
            self._move("it is on a network file system")
            return
        try:
            own_folder(self.path).close()
        except UsageError as error:
            if error.code != "RL252":  # something of somebody else's is there
                raise
            self._move(f"it stays as it is: {error.message}")

    def _move(self, reason: str) -> None:
        local = node_local_path()
        logger.warning("parse cache: %s is not used, %s; using %s", self.path, reason, local)
        self.path = local

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
        Path(_marker(self.path, os.getpid())).touch(mode=0o600)

    def _map(self) -> None:
        import lmdb

        data = os.path.join(self.path, "data.mdb")
        size = max(_FIRST_MAP, os.path.getsize(data) * 2 if os.path.exists(data) else 0)
        options = {**_OPENED, "map_size": min(size, self._map_limit())}
        try:
            self._env = lmdb.open(self.path, sync=False, metasync=False, **options)
        except lmdb.ReadonlyError:
            self._env = lmdb.open(self.path, readonly=True, lock=False, **options)
            self._degrade("read_only", "the disk is read-only")
        except (lmdb.InvalidError, lmdb.CorruptedError, lmdb.VersionMismatchError, lmdb.PanicError) as error:
            self._set_aside(str(error))
            self._env = lmdb.open(self.path, sync=False, metasync=False, **options)
        self._values, self._uses = (self._env.open_db(name, create=self.state == "ok") for name in _TABLES)

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
        with ParseCache._opening:
            self._users -= 1
            if self._users == 0:
                self._end()

    def _end(self) -> None:
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
            os.unlink(_marker(self.path, os.getpid()))

    # ------------------------------------------------------------------ get and put

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Values in the order of the keys; None for what is absent, damaged or out of reach."""
        if self._env is None:
            self.misses += len(keys)
            return [None] * len(keys)
        found: list[bytes | None] = []
        try:
            with self._reader() as transaction:
                found = [self._get(transaction, key) for key in keys]
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

    def _get(self, transaction: Any, key: bytes) -> bytes | None:
        """What lies under the key's first part, or, if that says so (empty), under all of it."""
        plain = nameless(key)
        value = self._checked(plain, transaction.get(plain, db=self._values))
        if value == b"" and plain != key:
            value = self._checked(key, transaction.get(key, db=self._values))
        return value

    def _checked(self, key: bytes, stored: bytes | None) -> bytes | None:
        if stored is None or len(stored) < _HEADER.size:
            return None
        form, put, _, checksum = _HEADER.unpack_from(stored)
        value = stored[_HEADER.size :]
        if form != _FORMAT or checksum != _checksum(self._secret, key, value):
            return None
        now = int(self._clock())
        if now - put > _RECENT:
            self._touched[key] = now
        return value

    def contains(self, keys: Sequence[bytes], *, used: bool = False) -> list[bool]:
        """Which keys are there (their values are not checked). ``used``: as if they were got, they are not to be dropped soon."""
        if self._env is None:
            return [False] * len(keys)
        try:
            with self._reader() as transaction:
                found = [self._has(transaction, key) for key in keys]
        except Exception as error:
            self._degrade("off", str(error))
            return [False] * len(keys)
        if used:
            self._touched.update(dict.fromkeys(chain(keys, map(nameless, keys)), int(self._clock())))
        return found

    def _has(self, transaction: Any, key: bytes) -> bool:
        stored = transaction.get(nameless(key), db=self._values)
        if stored is not None and len(stored) == _HEADER.size:
            stored = transaction.get(key, db=self._values)
        return stored is not None

    def put_many(self, items: Sequence[tuple[bytes, bytes]]) -> None:
        """Store values in one transaction, each under a whole key or under its :func:`nameless` part; dropped if that is
        not possible."""
        if (
            self._env is None
            or self.state != "ok"
            or time.monotonic() < self._pause_until
            or not (items or self._touched)
        ):
            return
        now = int(self._clock())
        pointers = [(nameless(k), b"") for k, _ in items if len(k) > _PLAIN]
        encoded = [(k, self._sealed(k, v, now)) for k, v in (*pointers, *items)]
        with self._lock:
            self._put(encoded)

    def _sealed(self, key: bytes, value: bytes, now: int) -> bytes:
        return _HEADER.pack(_FORMAT, now, _whose(self._secret), _checksum(self._secret, key, value)) + value

    def _put(self, encoded: list[tuple[bytes, bytes]]) -> None:
        import lmdb

        for _ in range(8):
            try:
                with self._env.begin(write=True) as transaction:
                    transaction.cursor(db=self._values).putmulti(encoded)
                    self._note_uses(transaction)
                self._touched.clear()
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

    def _note_uses(self, transaction: Any) -> None:
        """When values were used last: apart from them, so that a hit rewrites 8 bytes."""
        for key, used in self._touched.items():
            if used - _stamp(transaction.get(key, db=self._uses)) > _RECENT:
                transaction.put(key, _STAMP.pack(used), db=self._uses)

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

    def _stat(self) -> dict[str, int]:
        with self._env.begin() as transaction:
            found: dict[str, int] = transaction.stat(self._values)
        return found

    def _used_bytes(self) -> int:
        s = self._stat()
        return s["psize"] * (s["branch_pages"] + s["leaf_pages"] + s["overflow_pages"])

    def _over_bounds(self) -> bool:
        return self._used_bytes() > self._max_bytes or (
            self._max_entries is not None and self._stat()["entries"] > self._max_entries
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
        entries = sorted(self._by_use())
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
            self._delete(doomed)
            self._turn_over()
        return len(doomed)

    def _by_use(self) -> Iterator[tuple[int, int, bytes]]:
        """(last use, bytes, key) of each entry."""
        with self._env.begin() as transaction:
            for key, value in transaction.cursor(db=self._values):
                put = _HEADER.unpack_from(value)[1] if len(value) >= _HEADER.size else 0
                noted = _stamp(transaction.get(key, db=self._uses))
                yield max(put, noted, self._touched.get(key, 0)), len(key) + len(value) + 64, key

    def _delete(self, keys: Sequence[bytes]) -> None:
        with self._env.begin(write=True) as transaction:
            for key in keys:
                transaction.delete(key, db=self._values)
                transaction.delete(key, db=self._uses)

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
        doomed = [key for used, _, key in self._by_use() if used < limit]
        if doomed and not dry_run:
            self._delete(doomed)
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
                entries = transaction.stat(self._values)["entries"]
                size = self._used_bytes()
        hits, misses = hits + self.hits, misses + self.misses
        rate = hits / (hits + misses) if hits + misses else 0.0
        return CacheStats(self.path, self.state, self.reason, entries, size, hits, misses, round(rate, 4))


def _checksum(secret: bytes, key: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16, key=secret + key).digest()


def _whose(secret: bytes) -> bytes:
    """Tells users apart, without showing the secret."""
    return hashlib.blake2b(key=secret, digest_size=4, person=b"whose").digest()


def _stamp(stored: bytes | None) -> int:
    return int(_STAMP.unpack(stored)[0]) if stored is not None and len(stored) == _STAMP.size else 0


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
            return private_folder(os.path.join(parent, f"ray_lineage-cache-{os.getuid()}"))
    raise OSError("there is no temporary folder on a local disk")


def left_idle(path: str, pid: int) -> None:
    """A process that had the cache open was ended while it did nothing with it: whoever opens it next need not look whether
    it is whole."""
    with contextlib.suppress(OSError):
        os.unlink(_marker(path, pid))


def _marker(path: str, pid: int) -> str:
    return os.path.join(path, f"open.{pid}")


def verify(path: str, timeout: float = 120.0) -> VerifyReport:
    """Read every entry in a child process: its death by a signal is a verdict, not an accident."""
    code = "import sys; from ray_lineage.cache import _verify_here; _verify_here(sys.argv[1])"
    try:
        done = subprocess.run(
            python("-c", code, path), capture_output=True, timeout=timeout, check=False, env=environment()
        )
        entries, bad, foreign = (int(n) for n in done.stdout.split())
    except (ValueError, subprocess.TimeoutExpired):
        return VerifyReport(0, 0, True)
    return VerifyReport(entries, bad, False, foreign)


def examined(found: CacheStats) -> CacheStats:
    """With what :func:`verify` says of the values: a cache is not ``ok`` because it can be opened."""
    if found.state == "off" or not os.path.exists(os.path.join(found.path, "data.mdb")):
        return found
    report = verify(found.path)
    counted = msgspec.structs.replace(found, bad=report.bad, foreign=report.foreign)
    if report.crashed:
        return msgspec.structs.replace(counted, state="damaged", reason="it cannot be read to its end")
    if report.bad or report.foreign:
        reason = "values that are bad or foreign are never used; `ray_lineage cache clear` removes them"
        return msgspec.structs.replace(counted, state="damaged", reason=reason)
    return counted


def _entries(path: str) -> Iterator[tuple[bytes, bytes]]:
    import lmdb

    with lmdb.open(path, readonly=True, lock=False, create=False, **_OPENED) as env:
        try:
            values = env.open_db(_TABLES[0], create=False)
        except lmdb.NotFoundError:
            return
        with env.begin() as transaction:
            yield from transaction.cursor(db=values)


def _verify_here(path: str) -> None:
    if not metas_fit(os.path.join(path, "data.mdb")):
        sys.exit(1)
    secret = user_key()
    entries = bad = foreign = 0
    for key, stored in _entries(path):
        entries += 1
        form, _, whose, checksum = _HEADER.unpack_from(stored.ljust(_HEADER.size, b"\0"))
        if form == _FORMAT and checksum == _checksum(secret, key, stored[_HEADER.size :]):
            continue
        if form == _FORMAT and whose != _whose(secret):
            foreign += 1
        else:
            bad += 1
    sys.stdout.write(f"{entries} {bad} {foreign}\n")
