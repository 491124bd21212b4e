"""The embedded store: ladybug, as a projection that may be thrown away and built again.

Rules, each found by crashing it: one process owns the database, one thread uses it; a log that was cut short is replayed
as far as it goes (what is missing shows as work to do, because fingerprints are in the same transaction as the rows);
what cannot be opened is moved aside and built anew; the buffer pool is bounded (its default is 80 % of memory), but large
enough for a checkpoint of a file of that size; COPY only fills empty tables of a new file, because the log does not hold
copied rows, a transaction holds them in memory, and keys that are added to others in very large numbers may be lost. What
is loaded at once, or replaces a good part of the store, goes into such a file, which then takes the place of the old one.
Readers in other processes see pages that a checkpoint rewrites, so they look at the file's time stamp after each query and
read again.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from ray_lineage.errors import StoreUnavailable, first_line
from ray_lineage.graph import cypher
from ray_lineage.graph.base import BaseStore, Permanent, TooLarge, column_rows, dataset_rows
from ray_lineage.graph.batching import batches
from ray_lineage.graph.bulk import Bulk, places_text
from ray_lineage.graph.delta import Batch, Delta, Places, Stored, as_parameters, difference
from ray_lineage.graph.schema import (
    COLUMN,
    DATASET,
    FILE,
    HAS_COLUMN,
    NODES,
    RELS,
    SCHEMA_VERSION,
    STATEMENT,
    Node,
    Rel,
)
from ray_lineage.graph.spools import Spools, no_space
from ray_lineage.graph.store import ApplyResult
from ray_lineage.model import Contribution, Row, file_id

_BUFFER_POOL: Final = 512 * 2**20
_POOL_SHARE: Final = 2
"""Times the size of the file, if that is more. A checkpoint needs memory, and one that found none is not tried again: 256 MB
were too little for the rows of 20,000 files. (With 256 MB a run of many large transactions also ended in "idx ... of the
DiskArray" at 16,000 files, a file of 180 MB; with 1 GB it did not. Whether memory was the cause is not known.)"""
_LOAD_SHARE: Final = 3  # times the size of the largest table's file of rows: a table is copied at once
_FROM_FILE: Final = 500  # rows from which reading a CSV file beats UNWIND
_LOOKED_UP: Final = 5_000  # ids of one look-up
_ASKED_ALONE: Final = 50  # ids that are looked up one by one: 0.05 ms each, an UNWIND costs 5 ms however short it is
_FEW_FILES: Final = 20  # are looked up from their keys: about 3 ms each
_SPREAD: Final = 12  # files between two of a batch, from where looking up is cheaper than reading them all
_DROPPED_ALONE: Final = 1_000  # relationships of one type that are deleted by their keys: 0.1 ms each
_COUNTED: Final = " RETURN count(*)"
"""The engine may lose the key of a node when very many come at once (seen: 1 of 100,000, ladybug 0.22)."""
_SWEEP_FILES: Final = 1_000  # fewer are always replaced where they are
_SWEEP_SHARE: Final = 3
"""A store of which every third file changes is built anew: 10,000 files cost 9 s of CPU so, and as much if half of them are
replaced, or a third of them added, where they are."""
_FILE_BYTES: Final = 10_000  # of disk that the rows of a file need
_PART_NODES: Final = 20_000  # whose rows are read at once
_SPARE_BYTES: Final = 4 * 2**20  # of disk that stay free
_ROW_BYTES: Final = 500  # of disk that a row of a transaction needs, in the log and in the file, with room to spare
_EMPTY_BYTES: Final = 16 * 2**20
_STORED_BYTES: Final = 150  # a row of a file that was built anew
_WASTE: Final = 4  # times as large as it would be if it were built anew: then it is
_LOOK_AGAIN: Final = 1.25  # times as large as when it was last looked at
_OPEN_RETRIES: Final = 8
_CHECKPOINT_SECONDS: Final = 60.0
_CHECKPOINT_BYTES: Final = 4 * 2**20
_LOG_SHARE: Final = 2  # bytes of disk that a checkpoint needs for a byte of the log
_DAMAGED: Final = re.compile(r"corrupt|DiskArray", re.IGNORECASE)
"""Seen after some ten large transactions in a row: the engine then reads and writes nothing more in this file."""
_LOCKED: Final = re.compile(r"lock", re.IGNORECASE)
_NO_ROOM: Final = re.compile(r"No space left|IO exception", re.IGNORECASE)
_NO_MEMORY: Final = re.compile(r"buffer manager exception|out of memory|bad_alloc", re.IGNORECASE)
_NODES: Final = {n.label: n for n in NODES}
_FINGERPRINT: Final = FILE.columns.index("fingerprint")


class LadybugStore(BaseStore):
    """See :class:`ray_lineage.graph.store.GraphStore`."""

    transaction_rows: ClassVar[int] = 120_000
    removed_at_once: ClassVar[int] = 2_000
    bounded: ClassVar[bool] = False

    def __init__(
        self,
        path: str,
        *,
        read_only: bool = False,
        buffer_pool: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open (or create) the database file. ``buffer_pool``: bytes of memory that the engine will need, where that cannot
        be told from the file. Raises StoreUnavailable if the file is locked, or absent and ``read_only``."""
        super().__init__(sleep)
        self._buffer_pool = buffer_pool
        self.path = Path(path)
        self.uri = path
        self.read_only = read_only
        self._db: Any = None
        self._connection: Any = None
        self._lock_file: Any = None
        self._has_failed = False
        self._must_stay_open = False  # to close the engine would write the rest of its log, and end the process
        self._stamp = (0, 0)
        self._checkpointed = self._gave_back = time.monotonic()
        self._tidied = 0  # bytes of the file when it was last looked at
        if read_only:
            self._open_for_reading()
        else:
            self._open_for_writing()

    # ------------------------------------------------------------------ opening

    def _open_for_reading(self) -> None:
        if not self.path.exists():
            raise StoreUnavailable(
                "RL210",
                f"there is no graph at {self.path} yet",
                help="run `ray_lineage ingest DIR` first, or name another --store",
            )
        for attempt in range(_OPEN_RETRIES):
            try:
                self._connect(read_only=True)
                if self._is_older():
                    self._disconnect()
                    raise StoreUnavailable(
                        "RL211",
                        f"an older version of ray_lineage wrote the graph at {self.path}",
                        help="`ray_lineage ingest DIR` builds it anew",
                    )
                return
            except RuntimeError as error:
                self._disconnect()
                if attempt == _OPEN_RETRIES - 1:
                    raise StoreUnavailable(
                        "RL211",
                        f"cannot read the graph at {self.path}: {first_line(error)}",
                        help="if a run is writing it, try again; else `ray_lineage ingest` builds it anew",
                    ) from error
                self._sleep(min(0.1 * 2**attempt, 0.5) * random.uniform(0.7, 1.3))  # noqa: S311 - jitter

    def _open_for_writing(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_lock()
        self._clear_new()
        if self._mark.exists():
            reason = self._mark.read_text(encoding="utf-8", errors="replace")[:300]
            self._mark.unlink()
            self._set_aside(reason)
        try:
            self._connect(read_only=False)
            if self._is_older():
                self._disconnect()
                self._set_aside("an older version of ray_lineage wrote it", "old")
                self._connect(read_only=False)
            self._create_schema()
        except RuntimeError as error:
            self._disconnect()
            if _LOCKED.search(str(error)):
                raise self._held(first_line(error)) from error
            self._set_aside(first_line(error))
            self._connect(read_only=False)
            self._create_schema()

    def _take_lock(self) -> None:
        """Our own lock beside the engine's, so that a second run gets to know whose it is."""
        import fcntl

        path = self.path.with_name(self.path.name + ".lock")
        try:
            self._lock_file = path.open("a+")
        except OSError as error:
            raise StoreUnavailable(
                "RL213",
                f"cannot write to {path.parent}: {error.strerror}",
                help="choose another place with --store or data_dir",
            ) from error
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock_file.seek(0)
            holder = self._lock_file.read().strip()
            self._lock_file.close()
            self._lock_file = None
            raise self._held(f"process {holder}" if holder else "another process") from error
        self._lock_file.seek(0)
        self._lock_file.truncate()
        self._lock_file.write(str(os.getpid()))
        self._lock_file.flush()

    def _held(self, holder: str) -> StoreUnavailable:
        return StoreUnavailable(
            "RL212",
            f"the graph at {self.path} is in use by {holder}",
            help="wait for that run to end, or use another --store",
        )

    def _connect(self, *, read_only: bool) -> None:
        import ladybug

        self._stamp = _stamp(self.path)
        pool = max(_BUFFER_POOL, _POOL_SHARE * self._stamp[1], self._buffer_pool)
        self._db = ladybug.Database(
            str(self.path), buffer_pool_size=pool, read_only=read_only, throw_on_wal_replay_failure=False
        )
        self._connection = ladybug.Connection(self._db)
        if (
            not read_only
        ):  # :meth:`close` makes a checkpoint, if it may; in the engine's own close that may end the process
            self._run("CALL force_checkpoint_on_close=false")

    def _disconnect(self) -> None:
        for thing in (self._connection, self._db):
            if thing is not None and self._must_stay_open:
                _abandon(thing)
            elif thing is not None:
                with contextlib.suppress(RuntimeError):
                    thing.close()
        self._connection = self._db = None
        self._must_stay_open = False

    def _is_older(self) -> bool:
        """Was the file written with an older schema? Its tables have other columns, and all of it can be built again."""
        if cypher.META not in {r[1] for r in self._run("CALL show_tables() RETURN *")}:
            return False
        versions = self._run(f"MATCH (m:`{cypher.META}`) RETURN m.schema_version")
        return any(int(r[0]) < SCHEMA_VERSION for r in versions)

    def _create_schema(self) -> None:
        known = {r[1] for r in self._read("CALL show_tables() RETURN *")}
        for statement in cypher.ladybug_schema():
            name = statement.split("`")[1]
            if name not in known:
                self._run(statement)

    def _set_aside(self, reason: str, mark: str = "broken") -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S")
        for path in sorted(self.path.parent.glob(self.path.name + "*")):
            if path.name.endswith(".lock") or ".broken-" in path.name or ".old-" in path.name:
                continue
            path.rename(path.with_name(f"{path.name}.{mark}-{stamp}"))
        self.rebuilt = f"{self.path} could not be used ({reason}); it was moved aside and is built anew"

    # ------------------------------------------------------------------ running

    def _run(self, query: str, parameters: dict[str, Any] | None = None) -> list[Sequence[Any]]:
        """All rows of the answer. The result is closed at once: an open one holds memory of the buffer pool."""
        result = self._connection.execute(query, parameters)
        try:
            rows: list[Sequence[Any]] = result.get_all()
            return rows
        finally:
            result.close()

    def _read(self, query: str, **parameters: Any) -> list[Sequence[Any]]:
        if any(value == [] for value in parameters.values()):
            return []
        for attempt in range(_OPEN_RETRIES):
            try:
                rows = self._run(query, parameters)
                if not self.read_only or self._stamp == _stamp(self.path):
                    return rows
            except RuntimeError as error:
                if not self.read_only and _DAMAGED.search(str(error)):
                    raise self._damaged(first_line(error)) from error
                if not self.read_only or (attempt and self._stamp == _stamp(self.path)):
                    raise StoreUnavailable(
                        "RL211", f"cannot read {self.path}: {first_line(error)}", help="try again"
                    ) from error
            self._disconnect()  # the writer rewrote pages of the file meanwhile: what was read may be wrong
            self._open_for_reading()
        raise StoreUnavailable(
            "RL211", f"{self.path} is rewritten faster than it can be read", help="try again when the run is over"
        )

    def _rows(self, query: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._run(query, {"rows": _one_type(rows)})

    # ------------------------------------------------------------------ protocol

    def acquire(self, project: str) -> int:
        """See :meth:`GraphStore.acquire`."""
        epoch, digest, version = self._meta(project)
        if not self._check_version(version):
            self.remove_project(project)
            digest = ""
        self._set_meta(project, epoch + 1, digest)
        return epoch + 1

    def _set_meta(self, project: str, epoch: int, digest: str) -> None:
        self._run(
            f"MERGE (m:`{cypher.META}` {{id: $id}}) SET m.epoch = $epoch, m.digest = $digest, m.schema_version = $version",
            {"id": project, "epoch": epoch, "digest": digest, "version": SCHEMA_VERSION},
        )

    def apply(
        self,
        project: str,
        epoch: int,
        contributions: Iterable[Contribution],
        removed: Sequence[str] = (),
        *,
        fresh: bool = False,
        changing: int = 0,
        on_stored: Callable[[int], None] | None = None,
    ) -> ApplyResult:
        """See :meth:`GraphStore.apply`."""
        if fresh or self._is_sweep(changing + len(removed)):
            return self._load(project, epoch, contributions, removed, on_stored)
        result = super().apply(project, epoch, contributions, removed, on_stored=on_stored)
        if time.monotonic() - self._gave_back > _CHECKPOINT_SECONDS:  # where nothing ever settles
            self._give_back()
        return result

    # ------------------------------------------------------------------ building anew

    def _load(
        self,
        project: str,
        epoch: int,
        contributions: Iterable[Contribution],
        removed: Sequence[str],
        on_stored: Callable[[int], None] | None,
    ) -> ApplyResult:
        """Copy all rows into a new file: those that come, and what the store holds of all other files."""
        result = ApplyResult(rejected=[], transactions=1)
        files = 0
        with tempfile.TemporaryDirectory(prefix="ray_lineage-") as folder, contextlib.ExitStack() as stack:
            spools = Spools(folder, stack)
            bulk = Bulk(project, spools, [file_id(project, p) for p in removed])
            try:
                for batch in batches(contributions, self.transaction_rows):
                    bulk.take(Batch(project, batch, ()))
                    files += len(batch)
                came = spools.rows
                bulk.keep(self._parts)
                kept = spools.rows - came
                bulk.finish()
                result.rows_written = spools.rows - kept
            except OSError as error:
                raise no_space(error) from error
            self._build_anew(project, epoch, spools)
        if on_stored is not None:
            on_stored(files)
        return result

    def _is_sweep(self, changing: int) -> bool:
        """Does so much change that to build the file anew costs less? Not on a disk that has no room for both."""
        if changing < _SWEEP_FILES or changing * _SWEEP_SHARE < self._read(cypher.count_nodes(FILE), prefix="")[0][0]:
            return False
        return self._has_room_for(2 * _stamp(self.path)[1] + changing * _FILE_BYTES)

    def _has_room_for(self, needed: int) -> bool:
        """Bytes for rows on their way, and for the file in which they end."""
        return all(_free(p) > needed + _SPARE_BYTES for p in (self.path.parent, tempfile.gettempdir()))

    def _parts(self, table: Node | Rel) -> Iterator[Sequence[Row]]:
        """See :data:`.bulk.Parts`. An answer as a whole could be larger than the buffer pool."""
        label, query = (
            (table.label, cypher.part_of_nodes(table, (cypher.ANCHORS,) if table is FILE else ()))
            if isinstance(table, Node)
            else (table.source, cypher.part_of_rels(table))
        )
        last = self._read(cypher.last_offset(label))[0][0]
        for start in range(0, 0 if last is None else int(last) + 1, _PART_NODES):
            yield [tuple(r) for r in self._read(query, first=start, before=start + _PART_NODES)]

    def _build_anew(self, project: str, epoch: int, spools: Spools) -> None:
        """A file with these rows in the place of the old one, which is whole until then: whoever crashes has either."""
        metas = self._read(cypher.METAS)
        self._check_epoch(next((int(m[1]) for m in metas if m[0] == project), None), epoch, project)
        self._require(spools.bytes)
        try:
            self._run("CHECKPOINT")
            self._disconnect()
            self._clear_new()
            self._fill(spools, [(m[0], int(m[1]), "" if m[0] == project else m[2]) for m in metas])
            _sync(self._new)
            self._log.unlink(missing_ok=True)
            self._new.replace(self.path)
            _sync(self.path.parent)
        except (RuntimeError, OSError) as error:
            raise self._failed(error) from error
        finally:
            self._clear_new()
            if self._connection is None:
                self._connect(read_only=False)
                self._has_failed = self._must_stay_open = False
        self._checkpointed = time.monotonic()

    def _fill(self, spools: Spools, metas: Sequence[tuple[str, int, str]]) -> None:
        """Copy all rows into the new file. Raises RuntimeError."""
        store = LadybugStore(str(self._new), buffer_pool=_LOAD_SHARE * spools.largest)
        try:
            for name, epoch, digest in metas:
                store._set_meta(name, epoch, digest)
            spools.copy(store._run)
            store._run("CHECKPOINT")
        except BaseException as error:
            store._has_failed, store._must_stay_open = True, bool(_NO_ROOM.search(str(error)))
            raise
        finally:
            store.close()

    @property
    def _new(self) -> Path:
        return self.path.with_name(self.path.name + ".new")

    def _clear_new(self) -> None:
        """What is left of a file that was not finished."""
        for path in self.path.parent.glob(glob.escape(self._new.name) + "*"):
            os.truncate(path, 0)  # an engine that was abandoned may have it open
            path.unlink()

    def _failed(self, error: Exception) -> StoreUnavailable:
        failure = self._failure(first_line(error))
        if isinstance(failure, StoreUnavailable):
            return failure
        return StoreUnavailable(
            "RL214",
            f"cannot write the graph at {self.path}: {failure}",
            help="is there enough disk space and memory? Then run again; what it held before is still there",
        )

    def settle(self, project: str, epoch: int, digest: str) -> None:
        """See :meth:`GraphStore.settle`."""
        self._check_epoch(self._meta(project)[0], epoch, project)
        try:
            self._tidy(project, epoch)
            self._set_meta(project, epoch, digest)
            self._checkpoint_sometimes()
        except RuntimeError as error:
            raise self._failed(error) from error

    def _tidy(self, project: str, epoch: int) -> None:
        """The engine uses the space of deleted rows again only in part: the file grows with every replacement. That it could
        not be built anew hurts nobody: it is as it was."""
        size = _stamp(self.path)[1]
        if size <= max(_WASTE * _EMPTY_BYTES, _LOOK_AGAIN * self._tidied):  # rows are not counted each time
            return
        self._tidied = size
        if size > _WASTE * (_EMPTY_BYTES + _STORED_BYTES * sum(self.counts(None).values())) and self._has_room_for(
            2 * size
        ):
            with contextlib.suppress(StoreUnavailable):
                self._load(project, epoch, (), (), None)
                self._tidied = _stamp(self.path)[1]

    def _checkpoint_sometimes(self) -> None:
        """Keep the log short for those who open the file, and checkpoints rare: they disturb readers. (The engine itself
        makes one when the log has 16 MB.)"""
        now = time.monotonic()
        length = _stamp(self._log)[1]
        if now - self._checkpointed > _CHECKPOINT_SECONDS or length > _CHECKPOINT_BYTES:
            self._require(_LOG_SHARE * length)
            self._run("CHECKPOINT")
            self._checkpointed = now
            self._give_back()

    def _give_back(self) -> None:
        """Memory that was freed goes back to the system. The engine's many threads leave glibc's heaps full of holes, of which
        it gives nothing back by itself: a writer that replaced a file every 200 ms held 780 MB after 1,500 of them, and grew
        on by 10 MB a minute; with this it holds 400 MB. It takes 15 ms."""
        self._gave_back = time.monotonic()
        with contextlib.suppress(OSError, AttributeError):  # another libc
            ctypes.CDLL(None).malloc_trim(0)

    @property
    def _log(self) -> Path:
        return self.path.with_name(self.path.name + ".wal")

    def _replace(self, project: str, epoch: int, batch: Batch, rows: int, fresh: bool) -> Stored | int:
        stored = Stored() if fresh else self._stored(batch)
        delta = difference(batch, stored)
        if delta.size > rows:
            return stored
        self._transaction(project, epoch, delta, stored)
        return delta.size

    def _write(self, project: str, epoch: int, delta: Delta) -> None:
        self._transaction(project, epoch, delta, None)

    def _transaction(self, project: str, epoch: int, delta: Delta, stored: Stored | None) -> None:
        self._require(_LOG_SHARE * _stamp(self._log)[1] + _ROW_BYTES * delta.size)
        with self._whole(project, epoch):
            self._drop(delta, stored)
            self._put(project, delta)
            self._collect(delta)
            self._each(cypher.delete_nodes_by_key("File"), delta.removed)

    @contextlib.contextmanager
    def _whole(self, project: str, epoch: int) -> Iterator[None]:
        """One fenced transaction; the engine's errors in our terms."""
        try:
            self._run("BEGIN TRANSACTION")
            try:
                self._fence(project, epoch)
                yield
                self._run("COMMIT")
            except BaseException:
                with contextlib.suppress(RuntimeError):
                    self._run("ROLLBACK")
                raise
        except RuntimeError as error:
            raise self._failure(first_line(error)) from error

    def _failure(self, text: str) -> Exception:
        if _DAMAGED.search(text):
            return self._damaged(text)
        if _NO_ROOM.search(text):
            self._has_failed = self._must_stay_open = True
            return self._full(text)
        return TooLarge(text) if _NO_MEMORY.search(text) else Permanent("RL501", text)

    def _require(self, needed: int) -> None:
        """Raises StoreUnavailable if the disk has not so many bytes free: better than an engine that finds out by itself."""
        if _free(self.path.parent) < needed + _SPARE_BYTES:
            raise self._full(f"{needed + _SPARE_BYTES:,} are needed")

    def _full(self, reason: str) -> StoreUnavailable:
        folder = self.path.parent
        return StoreUnavailable(
            "RL214",
            f"cannot write to {self.path}: {_free(folder):,} bytes are free in {folder}; {reason}",
            help="free some space there, or choose another place with --store or data_dir, and run again; what was "
            "committed before is still there",
        )

    def _damaged(self, text: str) -> StoreUnavailable:
        """The engine lost its way in its own file. Whoever opens it next builds it anew: it can all be made again."""
        with contextlib.suppress(OSError):
            self._mark.write_text(text, encoding="utf-8")
        self._has_failed = True
        return StoreUnavailable(
            "RL211", f"the graph at {self.path} is damaged: {text}", help="run again: it is moved aside and built anew"
        )

    @property
    def _mark(self) -> Path:
        return self.path.with_name(self.path.name + ".damaged")

    def _fence(self, project: str, epoch: int) -> None:
        rows = self._run(cypher.FENCE, {"id": project})
        self._check_epoch(rows[0][0] if rows else None, epoch, project)

    # ------------------------------------------------------------------ what is there

    def _stored(self, batch: Batch) -> Stored:
        """What the graph holds of the batch's files: looked up from the keys of each, or by a pass over every table that
        takes all between the first file and the last, whichever costs less."""
        stored = Stored()
        if not batch.files:
            return stored
        if len(batch.files) <= _FEW_FILES and self._look_up_all(batch.files, stored):
            return stored
        bounds = {"first": min(batch.files), "last": max(batch.files)}
        wanted = set(batch.files)
        between = [tuple(r) for r in self._read(cypher.stored_nodes(FILE), **bounds)]
        known = {r[0]: r for r in between if r[0] in wanted}
        if len(between) > _SPREAD * len(known) and self._look_up_all(list(known), stored):
            return stored
        stored = Stored()
        stored.nodes["File"] = known
        for node, file_at in ((STATEMENT, 1), (DATASET, -1), (COLUMN, -1)):
            rows = map(tuple, self._read(cypher.stored_nodes(node), **bounds))
            stored.nodes[node.label] = {r[0]: r for r in rows if r[file_at] in wanted}
        for rel in RELS:
            rows = map(tuple, self._read(cypher.stored_rels(rel), **bounds))
            stored.rels[rel.type] = dict.fromkeys(r for r in rows if r[2] in wanted)
        return stored

    def _look_up_all(self, files: Sequence[str], stored: Stored) -> bool:
        """Look files up from their keys; False if one is not whole or touches very many datasets."""
        places: dict[str, Places] = {}
        width = len(FILE.columns)
        for file in files:
            for row in self._read(cypher.file_by_key(True), id=file):
                if not row[_FINGERPRINT] or row[width] is None:
                    return False
                stored.nodes["File"][file] = tuple(row[:width])
                places[file] = msgspec.json.decode(row[width], type=Places)
        stored.places = places
        for file in places:
            self._look_up(file, stored)
        return True

    def _look_up(self, file: str, stored: Stored) -> None:
        for row in self._read(cypher.STATEMENTS_FROM, id=file):
            stored.nodes["Statement"][row[0]] = tuple(row)
        for rel in RELS:
            into = stored.rels[rel.type]
            for place in _places(rel, file, stored):
                into.update((tuple(r), None) for r in self._read(cypher.stored_from(rel), id=place, file=file))
        assert stored.places is not None
        for node in cypher.SHARED:
            for dataset in stored.places[file].get(node.label, ()):
                found = self._read(cypher.described_from(node), id=dataset, file=file)
                stored.nodes[node.label].update((r[0], tuple(r)) for r in found)

    # ------------------------------------------------------------------ what changes

    def _drop(self, delta: Delta, stored: Stored | None) -> None:
        for rel in RELS:
            dropped = delta.drop.get(rel.type, ())
            if stored is not None and len(dropped) > _DROPPED_ALONE:
                self._drop_all_but(rel, {r for r, _ in dropped}, stored)
            elif stored is not None and stored.places and len(dropped) == len(stored.rels[rel.type]):
                self._drop_all(rel, stored)
            else:
                for row, _ in dropped:
                    nulls = tuple(p.name for p, v in zip(rel.props, row[3:], strict=True) if v is None)
                    values = dict(zip(_stored_columns(rel), row, strict=True))
                    self._run(cypher.delete_rel(rel, nulls), {k: v for k, v in values.items() if v is not None})
        self._each(cypher.delete_nodes_by_key("Statement"), delta.gone)
        for node in cypher.SHARED:
            self._each(cypher.reset_nodes(node), delta.reset.get(node.label, []))

    def _drop_all(self, rel: Rel, stored: Stored) -> None:
        """Every row of the type that was found, where it was found."""
        for file in stored.places or ():
            for place in _places(rel, file, stored):
                self._run(cypher.delete_from(rel), {"id": place, "file": file})

    def _drop_all_but(self, rel: Rel, dropped: set[Row], stored: Stored) -> None:
        """Delete all rows of the files concerned in one pass, and put back those that stay."""
        files = {str(r[2]) for r in dropped}
        self._run(cypher.delete_rels(rel), {"files": sorted(files), "first": min(files), "last": max(files)})
        kept = [r for r in stored.rels[rel.type] if r[2] in files and r not in dropped]
        self._insert_rels(rel, kept)

    def _put(self, project: str, delta: Delta) -> None:
        described = {n.label: {r[0]: r for r in delta.describe.get(n.label, ())} for n in cypher.SHARED}
        known_datasets = self._existing("Dataset", list(delta.datasets))
        known_columns = self._existing("Column", list(delta.columns))
        datasets = dataset_rows(project, {i: d for i, d in delta.datasets.items() if i not in known_datasets})
        columns = column_rows({i: c for i, c in delta.columns.items() if i not in known_columns})
        self._insert_nodes(DATASET, [described["Dataset"].get(r[0], r) for r in datasets])
        self._insert_nodes(COLUMN, [described["Column"].get(r[0], r) for r in columns])
        self._insert_rels(HAS_COLUMN, [(r[1], r[0]) for r in columns])
        made = {r[0] for r in (*datasets, *columns)}
        self._set_nodes(DATASET, [r for i, r in described["Dataset"].items() if i not in made])
        self._set_nodes(COLUMN, [r for i, r in described["Column"].items() if i not in made])
        self._put_files(delta)
        self._insert_nodes(STATEMENT, delta.statements)
        self._set_nodes(STATEMENT, delta.changed)
        for rel in RELS:
            self._insert_rels(rel, delta.add.get(rel.type, []))

    def _put_files(self, delta: Delta) -> None:
        known = self._existing("File", [r[0] for r in delta.files])
        rows = [(*r, places_text(delta.places.get(r[0]))) for r in delta.files]
        self._insert_nodes(FILE, [r for r in rows if r[0] not in known], (cypher.ANCHORS,))
        self._set_nodes(FILE, [r for r in rows if r[0] in known], (cypher.ANCHORS,))

    def _existing(self, label: str, ids: list[str]) -> set[str]:
        """Which of the ids are there. (A long IN list is quadratic in the engine.)"""
        if len(ids) <= _ASKED_ALONE:
            one = f"MATCH (n:`{label}` {{id: $id}}) RETURN 1"
            return {i for i in ids if self._run(one, {"id": i})}
        found: set[str] = set()
        for start in range(0, len(ids), _LOOKED_UP):
            some = ids[start : start + _LOOKED_UP]
            rows = self._run(f"UNWIND $ids AS i MATCH (n:`{label}` {{id: i}}) RETURN n.id", {"ids": some})
            found.update(r[0] for r in rows)
        return found

    def _each(self, query: str, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), _LOOKED_UP):
            self._run(query, {"ids": list(ids[start : start + _LOOKED_UP])})

    def _set_nodes(self, node: Node, rows: Sequence[Row], more: tuple[str, ...] = ()) -> None:
        """Set the properties of nodes that are there."""
        if len(rows) > _FROM_FILE:
            self._spooled(node.label, rows, lambda path: cypher.update_nodes_from(path, node, more))
        else:
            self._rows(cypher.update_nodes(node, more), as_parameters((*node.columns, *more), rows))

    def _insert_nodes(self, node: Node, rows: Sequence[Row], more: tuple[str, ...] = ()) -> None:
        """Add rows that are not there yet: from a file when they are many."""
        if len(rows) > _FROM_FILE:
            self._spooled(node.label, rows, lambda path: cypher.create_nodes_from(path, node, more))
        else:
            self._rows(cypher.create_nodes(node, more), as_parameters((*node.columns, *more), rows))

    def _insert_rels(self, rel: Rel, rows: Sequence[Row]) -> None:
        if not rows:
            return
        if len(rows) > _FROM_FILE:
            answer = self._spooled(rel.type, rows, lambda path: cypher.create_rels_from(path, rel) + _COUNTED)
        else:
            parameters = as_parameters(_stored_columns(rel), rows)
            answer = self._run(cypher.create_rels(rel) + _COUNTED, {"rows": _one_type(parameters)})
        if answer[0][0] != len(rows):
            raise RuntimeError(
                f"{len(rows)} {rel.type} were to be made, but keys of their ends are lost: a corrupt index"
            )

    def _spooled(self, table: str, rows: Sequence[Row], query: Callable[[str], str]) -> list[Sequence[Any]]:
        """The answer to a query that reads the rows from a file."""
        with tempfile.TemporaryDirectory(prefix="ray_lineage-") as folder, contextlib.ExitStack() as stack:
            spools = Spools(folder, stack)
            try:
                spools.write(table, rows)
                spools.flush()
            except OSError as error:
                raise no_space(error) from error
            return self._run(query(spools.path(table)))

    def _collect(self, delta: Delta) -> None:
        """Delete what no row mentions any more."""
        columns = self._orphans(COLUMN, sorted(delta.suspects["Column"]))
        suspects = delta.suspects["Dataset"] | {r[1] for r in columns}
        self._each(cypher.delete_nodes_by_key("Column"), [r[0] for r in columns])
        datasets = self._orphans(DATASET, sorted(suspects))
        self._each(cypher.delete_nodes_by_key("Dataset"), [r[0] for r in datasets])

    def _orphans(self, node: Node, ids: Sequence[str]) -> list[Sequence[Any]]:
        """Which of the nodes nothing needs: their ids, and of columns the datasets."""
        found: list[Sequence[Any]] = []
        if len(ids) > _ASKED_ALONE:
            for start in range(0, len(ids), _LOOKED_UP):
                found.extend(self._run(cypher.orphans(node), {"ids": list(ids[start : start + _LOOKED_UP])}))
            return found
        for identity in ids:
            if not any(self._run(question, {"id": identity}) for question in cypher.keeps(node.label)):
                found.extend(self._run(cypher.with_dataset(node), {"id": identity}))
        return found

    def remove_project(self, project: str) -> None:
        """See :meth:`GraphStore.remove_project`."""
        for label in (cypher.META, *(n.label for n in NODES)):
            key = "n.id = $project" if label == cypher.META else "n.id STARTS WITH $prefix"
            values = {"project": project} if label == cypher.META else {"prefix": f"{project}:"}
            self._run(f"MATCH (n:`{label}`) WHERE {key} DETACH DELETE n", values)

    def _away(self) -> StoreUnavailable:
        return StoreUnavailable("RL211", f"the graph at {self.path} does not answer", help="run again")

    def close(self) -> None:
        """See :meth:`GraphStore.close`."""
        if self._connection is not None and not self.read_only and not self._has_failed:
            try:
                self._run("CHECKPOINT")
            except RuntimeError:
                self._must_stay_open = True
        self._disconnect()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def _one_type(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The engine takes a list's type from its first row: let that be one with the fewest nulls."""
    best = max(range(len(rows)), key=lambda i: sum(v is not None for v in rows[i].values()))
    return [rows[best], *rows[:best], *rows[best + 1 :]] if best else rows


def _stamp(path: Path) -> tuple[int, int]:
    """Time of the last change (ns) and size; zeros if there is no such file."""
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)


def _abandon(thing: Any) -> None:
    """Never let go of an object of the engine: closing it would write the rest of its log, and end the process if it cannot."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _free(folder: Path | str) -> int:
    """Bytes that are free on its disk."""
    return shutil.disk_usage(folder).free


def _sync(path: Path) -> None:
    """Onto the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stored_columns(rel: Rel) -> tuple[str, ...]:
    return rel.columns if rel is HAS_COLUMN else ("source", "target", "file", *rel.columns[2:])


def _places(rel: Rel, file: str, stored: Stored) -> Sequence[str]:
    """Ids of the nodes at which a looked-up file's relationships of a type are found."""
    assert stored.places is not None
    return (file,) if rel.anchor is None else stored.places[file].get(rel.type, ())
