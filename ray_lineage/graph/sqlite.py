"""The embedded store: one SQLite file, as a projection that may be thrown away and built again.

One process writes (:meth:`.place.Place.lock`), any number read: each sees the graph as it was when it began to. A file's rows
are replaced in one transaction by what differs (:func:`.keys.difference`). A first load adds packs without looking for
anything, a transaction each, and makes the indexes when all is in. What turns out to be damaged is moved aside by whoever
opens it next for writing.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote

from ray_lineage.errors import StoreRefused, StoreUnavailable, first_line
from ray_lineage.graph import sql
from ray_lineage.graph.base import Permanent, Transient, Writer, lost, spelled_id
from ray_lineage.graph.keys import Shared
from ray_lineage.graph.numbers import Numbers
from ray_lineage.graph.pack import PACKED, Pack, pack, unpack
from ray_lineage.graph.place import APPLICATION, Place
from ray_lineage.graph.schema import CONTAINS, HAS_COLUMN, KINDS, NODES, RELS, SCHEMA_VERSION, Node
from ray_lineage.graph.store import (
    MOST_NAMES,
    ApplyResult,
    Direction,
    Edge,
    Label,
    NameRow,
    Origin,
    ProjectInfo,
    ProjectState,
    Unread,
    unread_order,
)
from ray_lineage.graph.tables import Replacement, add
from ray_lineage.model import Contribution, FileState, Row, column_id, split_column
from ray_lineage.sources.mounts import file_system, is_network

_LAYOUT: Final = 1
"""Raise with every change of the tables that is none of the graph's schema."""
VERSION: Final = 100 * SCHEMA_VERSION + _LAYOUT
"""``PRAGMA user_version``."""
_OLDEST: Final = (3, 26, 0)
_PATIENCE: Final = 10.0
"""Seconds that a statement waits for another program that holds the file; of ours there is none."""
_CACHE_KB: Final = 32_768
_LOG_PAGES: Final = 4_000
"""Of 4 kB: from there on a commit copies the log into the file."""
_LOG_BYTES: Final = 64 * 2**20
"""What is kept of a log that a long reader let grow."""
_LABELS: Final = {n.label: n for n in NODES}
_TYPES: Final = {r.type: r for r in (*RELS, HAS_COLUMN)}
_COUNTED: Final = (*_LABELS, *(r.type for r in PACKED))
_SIGNS_OF_DAMAGE: Final = ("no such table", "no such column", "malformed", "Could not decode")


class SqliteStore(Writer):
    """See :class:`ray_lineage.graph.store.GraphStore`."""

    transaction_rows: ClassVar[int] = 20_000
    removed_at_once: ClassVar[int] = 2_000

    def __init__(self, path: str, *, read_only: bool = False, sleep: Callable[[float], None] = time.sleep) -> None:
        """Open (or create) the database file. Raises StoreUnavailable if another process writes it, or if it is absent and
        ``read_only``; StoreRefused if it is not ours, or of a newer version."""
        super().__init__(sleep)
        self.uri = path
        self.read_only = read_only
        self._place = Place(path)
        self._connection: Any = None
        self._is_indexed = False
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StoreUnavailable(
                "RL211",
                f"this Python has SQLite {sqlite3.sqlite_version}, the embedded graph needs {'.'.join(map(str, _OLDEST))}",
                help="use a newer Python, or a Neo4j server (NEO4J_URI)",
            )
        if read_only:
            self._open_for_reading()
        else:
            self._open_for_writing()

    # ------------------------------------------------------------------ opening

    def _open_for_reading(self) -> None:
        found = self._place.header()
        path = self._place.path
        if found == (0, 0):
            raise StoreUnavailable(
                "RL210",
                f"there is no graph at {path} yet",
                help="run `ray_lineage ingest DIR` first, or name another --store",
            )
        if found is None or self._place.damage():
            raise self._unusable("it is damaged")
        if self._refuse_newer(found.version) != VERSION:
            raise self._unusable("an older version of ray_lineage wrote it")
        try:
            self._connect("mode=rw")
        except StoreUnavailable:
            if self._place.beside("-wal").exists():
                raise
            self._connect(
                "immutable=1"
            )  # a folder that cannot be written, which SQLite's shared memory would have to be

    def _unusable(self, reason: str) -> StoreUnavailable:
        return StoreUnavailable(
            "RL211",
            f"cannot use the graph at {self._place.path}: {reason}",
            help="`ray_lineage ingest DIR` builds it anew",
        )

    def _refuse_newer(self, version: int) -> int:
        if version > VERSION:
            raise StoreRefused(
                "RL222",
                f"the graph at {self._place.path} has version {version}, this ray_lineage writes {VERSION}",
                help="upgrade ray_lineage, or ingest into another store (--store)",
            )
        return version

    def _open_for_writing(self) -> None:
        place = self._place
        found = place.header()
        if found is not None:
            self._refuse_newer(found.version)
        old = place.old()
        place.lock()
        try:
            if place.damage() or found is None:
                self.rebuilt = place.set_aside(place.damage() or "it is no database any more")
            elif found != (0, 0) and found.version != VERSION:
                self.rebuilt = place.set_aside("an older version of ray_lineage wrote it", "old")
            elif old is not None:
                self.rebuilt = (
                    f"{old} is of an earlier version and not used any more; the graph is built anew in {place.path}"
                )
            self._begin_or_begin_anew()
        except BaseException:
            self.close()
            raise

    def _begin_or_begin_anew(self) -> None:
        try:
            self._begin()
        except StoreUnavailable:
            if not self._place.damage():
                raise
            self._disconnect()
            self.rebuilt = self._place.set_aside(self._place.damage())
            self._begin()

    def _begin(self) -> None:
        self._connect("mode=rwc")
        with self._waited():
            if not self._connection.execute("PRAGMA user_version").fetchone()[0]:
                self._create()  # before there is a log, so that the file itself says whose it is
            self._set(*self._how_to_write())
            self._connection.execute(sql.ORIGIN)
            if self._holds_files():
                self._index()

    def _connect(self, mode: str) -> None:
        with self._waited():
            self._connection = sqlite3.connect(
                f"file:{quote(str(self._place.path.absolute()))}?{mode}",
                uri=True,
                timeout=_PATIENCE,
                isolation_level=None,
                check_same_thread=False,  # one at a time, but a job's threads take turns
                cached_statements=256,
            )
            self._connection.create_function("fold", 1, str.lower, deterministic=True)
            self._set("trusted_schema = OFF", "cell_size_check = ON", f"cache_size = -{_CACHE_KB}")
            if self.read_only:
                self._set("query_only = ON")
            self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def _set(self, *pragmas: str) -> None:
        for pragma in pragmas:
            self._connection.execute(f"PRAGMA {pragma}").fetchall()

    def _how_to_write(self) -> tuple[str, ...]:
        """A log beside the file needs memory that all processes share, which a network does not give."""
        if is_network(file_system(str(self._place.path))):
            return ("journal_mode = TRUNCATE", "synchronous = FULL")
        return (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            f"wal_autocheckpoint = {_LOG_PAGES}",
            f"journal_size_limit = {_LOG_BYTES}",
        )

    def _create(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for statement in (
            *sql.tables(),
            f"PRAGMA application_id = {APPLICATION}",
            f"PRAGMA user_version = {VERSION}",
        ):
            self._connection.execute(statement)
        self._connection.execute("COMMIT")

    def _index(self) -> None:
        """Make the indexes that are not there. Raises Transient."""
        with self._translated():
            for statement in sql.indexes():
                self._connection.execute(statement)
        self._is_indexed = True

    def _holds_files(self) -> bool:
        return bool(self._connection.execute("SELECT 1 FROM file LIMIT 1").fetchone())

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error), self._place.others_kept():
                self._connection.close()
            self._connection = None

    # ------------------------------------------------------------------ failing

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors in our terms."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._failure(error) from error
        except (UnicodeError, OverflowError) as error:
            raise Permanent("RL502", f"{type(error).__name__}: {first_line(error)}") from error

    def _failure(self, error: sqlite3.Error) -> Exception:
        text = first_line(error)
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
                return Transient(text)
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return self._full(text)
            case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
                return StoreUnavailable(
                    "RL211" if self.read_only else "RL213",
                    f"cannot open the graph at {self._place.path}: {text}",
                    help="may this user read and write that file, those beside it (-wal, -shm) and its folder?",
                )
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                return self._damaged(text)
        return self._damaged(text) if text.startswith(_SIGNS_OF_DAMAGE) else Permanent("RL501", text)

    def _full(self, reason: str) -> StoreUnavailable:
        folder = self._place.path.parent
        return StoreUnavailable(
            "RL214",
            f"cannot write to {self._place.path}: {reason}; {shutil.disk_usage(folder).free:,} bytes are free in {folder}",
            help="free some space there, or choose another place with --store or data_dir, and run again; what was "
            "committed before is still there",
        )

    def _damaged(self, text: str) -> StoreUnavailable:
        with contextlib.suppress(OSError):
            self._place.mark_damaged(text)
        return StoreUnavailable(
            "RL211",
            f"the graph at {self._place.path} is damaged: {text}",
            help="run `ray_lineage ingest DIR`: it is moved aside and built anew",
        )

    def _away(self) -> StoreUnavailable:
        return StoreUnavailable(
            "RL212", f"another program holds the graph at {self._place.path}", help="close it, and run again"
        )

    # ------------------------------------------------------------------ writing

    @contextlib.contextmanager
    def _atomic(self) -> Iterator[None]:
        """One writing transaction. Raises Transient or Permanent."""
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite has undone it itself where the disk was full
                    self._connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _transaction(self, project: str, epoch: int) -> Iterator[int]:
        """The same, fenced, with the project's number; unsettles it. Raises StoreUnavailable if its files are not ours any more."""
        self.look(project, epoch, 0)
        with self._atomic():
            row = self._connection.execute("SELECT id, epoch FROM project WHERE name = ?", (project,)).fetchone()
            self.check_epoch(row[1] if row is not None else None, epoch, project)
            self._connection.execute("UPDATE project SET digest = '' WHERE id = ? AND digest <> ''", row[:1])
            yield int(row[0])

    @contextlib.contextmanager
    def _waited(self) -> Iterator[None]:
        """For what is small: SQLite has waited as long as it should. Raises StoreUnavailable."""
        try:
            with self._translated():
                yield
        except Transient as error:
            raise self._away() from error
        except Permanent as error:
            raise self._unusable(str(error)) from error

    def acquire(self, project: str) -> int:
        """See :meth:`GraphStore.acquire`."""
        run = self._connection.execute
        with self._waited(), self._atomic():
            run("INSERT OR IGNORE INTO project (name, epoch, digest) VALUES (?, 0, '')", (project,))
            run("UPDATE project SET epoch = epoch + 1 WHERE name = ?", (project,))
            key, epoch = run("SELECT id, epoch FROM project WHERE name = ?", (project,)).fetchone()
            self._connection.executemany("INSERT OR IGNORE INTO total VALUES (?, ?, 0)", [(key, k) for k in _COUNTED])
        self._place.remember()
        return int(epoch)

    def look(self, project: str, epoch: int, files: int) -> None:
        """See :meth:`GraphStore.look`. Nobody else writes what is in the file."""
        if self._place.is_replaced:
            raise lost(f"the graph at {self._place.path}")

    def settle(self, project: str, epoch: int, digest: str, origin: Origin | None = None) -> None:
        """See :meth:`GraphStore.settle`."""
        with self._waited(), self._transaction(project, epoch) as key:
            self._connection.execute("UPDATE project SET digest = ? WHERE id = ?", (digest, key))
            if origin is not None:
                values = (key, origin.root, origin.host, origin.at)
                self._connection.execute("INSERT OR REPLACE INTO origin VALUES (?, ?, ?, ?)", values)

    def load(
        self, project: str, epoch: int, packs: Iterable[Pack], on_stored: Callable[[int], None] | None = None
    ) -> ApplyResult:
        """See :meth:`GraphStore.load`."""
        if self.counts(project)["File"]:
            return super().load(project, epoch, packs, on_stored)
        result = ApplyResult(rejected=[])
        with self._waited(), self._transaction(project, epoch) as key:
            shared = Shared(self._connection, key, complete=not self.counts(project)["Dataset"])
        for packed in packs:
            self._load(project, epoch, packed, shared, result)
            if on_stored is not None:
                on_stored(len(packed.files.path))
        with self._waited():
            self._index()
        return result

    def _load(self, project: str, epoch: int, packed: Pack, shared: Shared, result: ApplyResult) -> None:
        try:
            with self._transaction(project, epoch) as key:
                result.rows_written += add(self._connection, key, packed, shared).total()
            result.transactions += 1
        except (Transient, Permanent):
            files = unpack(project, packed)
            self.descend(project, epoch, files, result, len(files), len(files))
            shared.forget()
        if shared.is_full:
            with self._waited():
                self._index()
            shared.forget()

    def _try(
        self,
        project: str,
        epoch: int,
        files: Sequence[Contribution],
        removed: Sequence[str],
        result: ApplyResult,
    ) -> None:
        if not self._is_indexed:
            self._index()
        with self._transaction(project, epoch) as key:
            result.rows_written += Replacement(self._connection, key, pack(project, files), removed).write()
        result.transactions += 1

    def remove_project(self, project: str) -> None:
        """See :meth:`GraphStore.remove_project`."""
        with self._waited(), self._atomic():
            for key in self._connection.execute("SELECT id FROM project WHERE name = ?", (project,)).fetchall():
                for statement in sql.delete_project():
                    self._connection.execute(statement, {"key": key[0]})

    def rename_project(self, old: str, new: str) -> None:
        """See :meth:`GraphStore.rename_project`."""
        with self._waited(), self._atomic():
            for statement in sql.RENAME:
                self._connection.execute(statement, {"old": old, "new": new})

    # ------------------------------------------------------------------ reading

    def _read(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """All rows of an answer. Raises StoreUnavailable."""
        with self._waited():
            rows: list[Row] = self._connection.execute(query, parameters).fetchall()
            return rows

    @contextlib.contextmanager
    def steady(self, projects: Sequence[str]) -> Iterator[None]:
        """See :meth:`GraphStore.steady`. Inside of one it is that one."""
        if self._connection.in_transaction:
            yield
            return
        self._read("BEGIN")
        try:
            self._read("SELECT 1 FROM project")  # what is seen from here on stays as it is
            yield
        finally:
            self._read("ROLLBACK")

    def check(self) -> str:
        """See :meth:`GraphStore.check`."""
        found = self._read("PRAGMA quick_check(1)")[0][0]
        if found != "ok":
            raise self._damaged(first_line(Exception(found)))
        mode = self._read("PRAGMA journal_mode")[0][0]
        pages = self._read("PRAGMA page_count")[0][0] * self._read("PRAGMA page_size")[0][0]
        return f"SQLite {sqlite3.sqlite_version}, version {VERSION}, journal {mode}, {pages / 1e6:.1f} MB, intact"

    def state(self, project: str) -> ProjectState:
        """See :meth:`GraphStore.state`."""
        rows = self._read("SELECT id, epoch, digest FROM project WHERE name = ?", (project,))
        if not rows:
            return ProjectState("", 0, {})
        files = self._read("SELECT path, sha256, fingerprint, status FROM file WHERE project = ?", rows[0][:1])
        origin = next((p.origin for p in self.project_infos() if p.name == project), Origin())
        return ProjectState(rows[0][2], rows[0][1], {r[0]: FileState(*r) for r in files}, origin)

    def digest(self, project: str) -> str:
        """See :meth:`GraphStore.digest`."""
        rows = self._read("SELECT digest FROM project WHERE name = ?", (project,))
        return str(rows[0][0]) if rows else ""

    def projects(self) -> list[str]:
        """See :meth:`GraphStore.projects`."""
        return [r[0] for r in self._read("SELECT name FROM project ORDER BY name")]

    def project_infos(self) -> list[ProjectInfo]:
        """See :meth:`GraphStore.project_infos`."""
        known = bool(self._read(sql.HAS_ORIGIN))
        columns = "coalesce(o.root, ''), coalesce(o.host, ''), coalesce(o.at, '')" if known else "'', '', ''"
        rows = self._read(sql.PROJECTS.format(columns, "LEFT JOIN origin o ON o.project = p.id" if known else ""))
        return [ProjectInfo(name, Origin(root, host, at), files) for name, root, host, at, files in rows]

    def counts(self, project: str | None) -> dict[str, int]:
        """See :meth:`GraphStore.counts`."""
        found: dict[str, int] = dict(self._read(sql.TOTALS, {"project": project}))
        found |= {CONTAINS.type: found.get("Statement", 0), HAS_COLUMN.type: found.get("Column", 0)}
        return {kind: int(found.get(kind, 0)) for kind in KINDS}

    def files_overview(self, project: str | None) -> list[Sequence[Any]]:
        """See :meth:`GraphStore.files_overview`."""
        query = sql.FILES.format("f.dialect, f.status, f.diagnostics, f.statements, f.path")
        return [*self._read(query, {"project": project})]

    def files_with_status(self, project: str | None, status: str) -> list[Sequence[Any]]:
        """See :meth:`GraphStore.files_with_status`."""
        query = sql.FILES.format("p.name, f.path, f.diagnostics") + " AND f.status = :status ORDER BY 1, 2"
        return [*self._read(query, {"project": project, "status": status})]

    def find_datasets(self, project: str | None, table: str) -> list[tuple[str, str]]:
        """See :meth:`GraphStore.find_datasets`."""
        rows = self._read(sql.DATASETS_BY_TABLE, {"table": table.lower(), "project": project})
        return [(r[0], r[1]) for r in rows]

    def similar_datasets(self, project: str | None, part: str) -> list[str]:
        """See :meth:`GraphStore.similar_datasets`."""
        return [r[0] for r in self._read(sql.DATASETS_LIKE, {"part": part.lower(), "project": project})]

    def dataset_names(self, project: str | None) -> list[str]:
        """See :meth:`GraphStore.dataset_names`."""
        return [r[0] for r in self._read(sql.DATASET_NAMES, {"project": project})]

    def find_names(self, project: str | None, words: Sequence[str]) -> list[NameRow]:
        """See :meth:`GraphStore.find_names`."""
        given = {"project": project, "words": json.dumps([w.lower() for w in words]), "most": MOST_NAMES}
        return [(r[0], r[1], r[2]) for r in self._read(sql.FIND_NAMES, given)]

    def last_parts(self, project: str | None) -> list[str]:
        """See :meth:`GraphStore.last_parts`."""
        return [r[0] for r in self._read(sql.LAST_PARTS, {"project": project})]

    def statements_in(self, project: str, procedure: str) -> list[str]:
        """See :meth:`GraphStore.statements_in`."""
        return sorted(r[0] for r in self._read(sql.STATEMENTS_IN, {"project": project, "procedure": procedure}))

    def unread(self, project: str | None) -> list[Unread]:
        """See :meth:`GraphStore.unread`."""
        return sorted((Unread(*row) for row in self._read(sql.UNREAD, {"project": project})), key=unread_order)

    def columns_of(self, dataset: str) -> list[dict[str, Any]]:
        """See :meth:`GraphStore.columns_of`."""
        names = ("name", "ordinal", "type", "declared")
        found = [
            {"id": column_id(project, name, row[0]), **dict(zip(names, (*row[:3], bool(row[3])), strict=True))}
            for project, key, name in self._dataset(dataset)
            for row in self._read(sql.COLUMNS_OF, (key,))
        ]
        return sorted(found, key=lambda c: (c["ordinal"] is None, c["ordinal"] or 0, c["name"]))

    def neighbours(
        self, rel: Literal["FLOWS_TO", "FEEDS", "INFLUENCES"], ids: Sequence[str], direction: Direction
    ) -> list[Edge]:
        """See :meth:`GraphStore.neighbours`."""
        declared, downstream = _TYPES[rel], direction == "downstream"
        query = sql.neighbours(declared, downstream)
        return sorted(Edge(*row) for row in self._about(declared.source if downstream else declared.target, ids, query))

    def edges(self, rel: str, ids: Sequence[str], direction: Direction) -> list[Row]:
        """See :meth:`GraphStore.edges`."""
        declared, downstream = _TYPES[rel], direction == "downstream"
        query = sql.edges(declared, downstream)
        return sorted(self._about(declared.source if downstream else declared.target, ids, query), key=repr)

    def describe(self, ids: Sequence[str], label: Label) -> dict[str, dict[str, Any]]:
        """See :meth:`GraphStore.describe`."""
        node = _LABELS[label]
        rows = self._about(label, ids, sql.nodes_by_key(node))
        return {row[0]: dict(zip(node.columns, _typed(node, row), strict=True)) for row in rows}

    def spelled(self, ids: Iterable[str], label: Literal["Dataset", "Column"]) -> dict[str, str]:
        """See :meth:`GraphStore.spelled`."""
        wanted, out = list(dict.fromkeys(ids)), {}
        for project, key in self._read("SELECT name, id FROM project"):
            own = [i for i in wanted if i.startswith(f"{project}:")]
            with self._waited():
                run = self._connection.execute
                for identity in own:
                    row = run(sql.SPELLED[label], (key, *_key(label, identity[len(project) + 1 :]))).fetchone()
                    if row is not None:
                        out[identity] = spelled_id(project, *row)
        return out

    @property
    def numbers(self) -> Numbers:
        """See :attr:`GraphStore.numbers`."""
        return Numbers(self._read)

    def _about(self, label: str, ids: Iterable[str], query: str) -> Iterator[Row]:
        """What a query says of the nodes that exist."""
        for project, numbers in self._numbers(label, ids):
            yield from self._read(query, {"prefix": f"{project}:", "project": project, "keys": json.dumps(numbers)})

    def _numbers(self, label: str, ids: Iterable[str]) -> Iterator[tuple[str, list[int]]]:
        """By project, the numbers of the nodes that exist. A project's name may hold a colon."""
        wanted = list(dict.fromkeys(ids))
        for project, key in self._read("SELECT name, id FROM project"):
            names = [_key(label, i[len(project) + 1 :]) for i in wanted if i.startswith(f"{project}:")]
            with self._waited():
                run = self._connection.execute
                found = [row[0] for name in names for row in run(sql.NUMBERS[label], (key, *name))]
            if found:
                yield project, found

    def _dataset(self, identity: str) -> list[tuple[str, int, str]]:
        """Project, number and name of a dataset, if it exists. A project's name may hold a colon."""
        for project, key in self._read("SELECT name, id FROM project"):
            if identity.startswith(f"{project}:"):
                name = identity[len(project) + 1 :]
                found = self._read(sql.FIND_DATASET, (key, name))
                if found:
                    return [(project, found[0][0], name)]
        return []

    def rows(self, project: str, kind: str) -> list[Row]:
        """See :meth:`GraphStore.rows`."""
        node = _LABELS.get(kind)
        query = sql.nodes_of_project(node) if node is not None else sql.rels_of_project(_TYPES[kind])
        keys = self._read("SELECT id FROM project WHERE name = ?", (project,))
        found = self._read(query, {"prefix": f"{project}:", "project": project, "key": keys[0][0]}) if keys else []
        return sorted((_typed(node, r) for r in found) if node is not None else found, key=repr)

    def close(self) -> None:
        """See :meth:`GraphStore.close`."""
        self._disconnect()
        self._place.release()


def _key(label: str, name: str) -> tuple[str | int, ...]:
    """What is looked up of an id without its project."""
    if label == "Statement":
        path, _, ordinal = name.rpartition("#")
        return (path, int(ordinal))
    if label != "Column":
        return (name,)
    return split_column(name)


def _typed(node: Node, row: Row) -> Row:
    """A row of a query with its truth values as such."""
    at = next((i for i, p in enumerate(node.props, 1) if p.type == "BOOL"), None)
    return row if at is None else (*row[:at], bool(row[at]), *row[at + 1 :])
