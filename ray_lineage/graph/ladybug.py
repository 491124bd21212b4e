"""The embedded store: ladybug, as a projection that may be thrown away and built again.

Rules, each found by crashing it: one process owns the database, one thread uses it; a log that was cut short is replayed
as far as it goes (what is missing shows as work to do, because fingerprints are in the same transaction as the rows);
what cannot be opened is moved aside and built anew; the buffer pool is bounded (its default is 80 % of memory).
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from ray_lineage.errors import RayLineageError, StoreUnavailable
from ray_lineage.graph import cypher
from ray_lineage.graph.base import BaseStore, Batch, Params, Permanent, column_params, dataset_params
from ray_lineage.graph.batching import batches
from ray_lineage.graph.schema import COLUMN, DATASET, FILE, HAS_COLUMN, NODES, RELS, SCHEMA_VERSION, STATEMENT
from ray_lineage.graph.store import ApplyResult
from ray_lineage.model import Contribution

_BUFFER_POOL: Final = 256 * 2**20  # enough for the hash indexes of a million columns
_COPY_FROM: Final = 500  # rows from which a CSV copy beats UNWIND
_LOOKED_UP: Final = 5_000  # ids of one look-up
_OPEN_RETRIES: Final = 5
_LOCKED: Final = re.compile(r"lock", re.IGNORECASE)


class LadybugStore(BaseStore):
    """See :class:`ray_lineage.graph.store.GraphStore`."""

    transaction_rows: ClassVar[int] = 60_000

    def __init__(self, path: str, *, read_only: bool = False, sleep: Callable[[float], None] = time.sleep) -> None:
        """Open (or create) the database file. Raises StoreUnavailable if it is locked, or absent and ``read_only``."""
        super().__init__(sleep)
        self.path = Path(path)
        self.uri = path
        self.read_only = read_only
        self._db: Any = None
        self._connection: Any = None
        self._lock_file: Any = None
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
                        f"cannot read the graph at {self.path}: {_first_line(error)}",
                        help="if a run is writing it, try again; else `ray_lineage ingest` builds it anew",
                    ) from error
                self._sleep(0.1 * 2**attempt)

    def _open_for_writing(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_lock()
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
                raise self._held(_first_line(error)) from error
            self._set_aside(_first_line(error))
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

        self._db = ladybug.Database(
            str(self.path), buffer_pool_size=_BUFFER_POOL, read_only=read_only, throw_on_wal_replay_failure=False
        )
        self._connection = ladybug.Connection(self._db)

    def _disconnect(self) -> None:
        for thing in (self._connection, self._db):
            if thing is not None:
                with contextlib.suppress(RuntimeError):
                    thing.close()
        self._connection = self._db = None

    def _is_older(self) -> bool:
        """Was the file written with an older schema? Its tables have other columns, and all of it can be built again."""
        if cypher.META not in {r[1] for r in self._read("CALL show_tables() RETURN *")}:
            return False
        versions = self._read(f"MATCH (m:`{cypher.META}`) RETURN m.schema_version")
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

    def _run(self, query: str, parameters: dict[str, Any] | None = None) -> Any:
        return self._connection.execute(query, parameters)

    def _read(self, query: str, **parameters: Any) -> list[Sequence[Any]]:
        if any(value == [] for value in parameters.values()):
            return []
        try:
            result = self._run(query, parameters)
            rows: list[Sequence[Any]] = result.get_all()
            result.close()
        except RuntimeError as error:
            raise StoreUnavailable(
                "RL211", f"cannot read {self.path}: {_first_line(error)}", help="try again"
            ) from error
        return rows

    def _rows(self, query: str, rows: Params) -> None:
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
        on_stored: Callable[[int], None] | None = None,
    ) -> ApplyResult:
        """See :meth:`GraphStore.apply`."""
        self._check_epoch(self._meta(project)[0], epoch, project)
        self._set_meta(project, epoch, "")
        if fresh:
            return self._load(project, contributions, on_stored)
        return super().apply(project, epoch, contributions, removed, on_stored=on_stored)

    def _load(
        self, project: str, contributions: Iterable[Contribution], on_stored: Callable[[int], None] | None
    ) -> ApplyResult:
        """A first load: rows of relationships and statements go to disk as they come, shared nodes are gathered, then all
        is copied in one transaction. Five times as fast as batches, because no shared node is written twice."""
        result = ApplyResult(rejected=[])
        described: dict[str, dict[str, dict[str, Any]]] = {"Dataset": {}, "Column": {}}
        datasets: dict[str, str] = {}
        columns: dict[str, tuple[str, str]] = {}
        files = 0
        with tempfile.TemporaryDirectory(prefix="ray_lineage-") as folder, contextlib.ExitStack() as stack:
            spools = _Spools(folder, stack)
            try:
                for batch in batches(contributions, self.transaction_rows):
                    part = Batch(project, batch, ())
                    files += len(batch)
                    for label, found in described.items():
                        found.update((r["id"], r) for r in part.nodes.get(label, ()))
                    datasets.update(part.datasets)
                    columns.update(part.columns)
                    for node in (FILE, STATEMENT):
                        spools.write(node.label, node.columns, part.nodes.get(node.label, []))
                    for rel in RELS:
                        spools.write(
                            rel.type, ("source", "target", "file", *rel.columns[2:]), part.rels.get(rel.type, [])
                        )
                spools.write(
                    "Dataset",
                    DATASET.columns,
                    [described["Dataset"].get(r["id"], r) for r in dataset_params(project, datasets)],
                )
                nodes = column_params(columns)
                spools.write("Column", COLUMN.columns, [described["Column"].get(r["id"], r) for r in nodes])
                spools.write(
                    "HAS_COLUMN", HAS_COLUMN.columns, [{"source": r["dataset"], "target": r["id"]} for r in nodes]
                )
            except OSError as error:
                raise _no_space(error) from error
            result.rows_written = spools.copy(self._run)
        result.transactions = 1
        if on_stored is not None:
            on_stored(files)
        return result

    def settle(self, project: str, epoch: int, digest: str) -> None:
        """See :meth:`GraphStore.settle`."""
        self._check_epoch(self._meta(project)[0], epoch, project)
        self._set_meta(project, epoch, digest)
        self._run("CHECKPOINT")

    def _replace(self, project: str, epoch: int, batch: Batch, fresh: bool) -> int:
        self._run("BEGIN TRANSACTION")
        try:
            touched = ([], []) if fresh else self._take_out(batch)
            self._put_in(project, batch)
            self._collect(*touched)
            self._run("COMMIT")
            return batch.rows
        except RuntimeError as error:
            with contextlib.suppress(RuntimeError):
                self._run("ROLLBACK")
            text = _first_line(error)
            if "No space left" in text or "IO exception" in text:
                raise StoreUnavailable(
                    "RL214",
                    f"cannot write to {self.path}: {text}",
                    help="free some disk space and run again; nothing was lost",
                ) from error
            raise Permanent("RL501", text) from error

    def _take_out(self, batch: Batch) -> tuple[list[str], list[str]]:
        """Delete the files' old rows. Returns the ids of columns and datasets that may have lost their last mention."""
        files = {"files": batch.files}
        if not self._read("MATCH (f:`File`) WHERE f.id IN $files RETURN f.id LIMIT 1", files=batch.files):
            return [], []
        columns: set[str] = set()
        datasets: set[str] = set()
        sets = {"Column": columns, "Dataset": datasets}
        for rel in RELS:
            if rel.source in sets or rel.target in sets:
                for a, b in self._run(cypher.touched_by(rel), files).get_all():
                    if rel.source in sets:
                        sets[rel.source].add(a)
                    if rel.target in sets:
                        sets[rel.target].add(b)
            self._run(cypher.delete_rels(rel), files)
        self._run(cypher.DELETE_STATEMENTS, files)
        for node, into in ((COLUMN, columns), (DATASET, datasets)):
            into.update(r[0] for r in self._run(cypher.owned(node), files).get_all())
            self._run(cypher.reset_owned(node), files)
        if batch.removed:
            self._run(cypher.DELETE_FILES, {"files": batch.removed})
        return sorted(columns), sorted(datasets)

    def _put_in(self, project: str, batch: Batch) -> None:
        described = {n.label: {r["id"]: r for r in batch.nodes.get(n.label, ())} for n in (DATASET, COLUMN)}
        known_datasets = self._existing("Dataset", list(batch.datasets))
        known_columns = self._existing("Column", list(batch.columns))
        new_datasets = dataset_params(project, {i: d for i, d in batch.datasets.items() if i not in known_datasets})
        new_columns = column_params({i: c for i, c in batch.columns.items() if i not in known_columns})
        self._insert("Dataset", DATASET.columns, [described["Dataset"].get(r["id"], r) for r in new_datasets])
        self._insert("Column", COLUMN.columns, [described["Column"].get(r["id"], r) for r in new_columns])
        self._insert(
            "HAS_COLUMN",
            HAS_COLUMN.columns,
            [{"source": r["dataset"], "target": r["id"]} for r in new_columns],
            rel=True,
        )
        self._rows(cypher.set_nodes(DATASET), [r for i, r in described["Dataset"].items() if i in known_datasets])
        self._rows(cypher.set_nodes(COLUMN), [r for i, r in described["Column"].items() if i in known_columns])
        files = batch.nodes.get("File", [])
        known_files = self._existing("File", [r["id"] for r in files])
        self._insert("File", FILE.columns, [r for r in files if r["id"] not in known_files])
        self._rows(cypher.set_nodes(FILE), [r for r in files if r["id"] in known_files])
        self._insert("Statement", STATEMENT.columns, batch.nodes.get("Statement", []))
        for rel in RELS:
            self._insert(
                rel.type, ("source", "target", "file", *rel.columns[2:]), batch.rels.get(rel.type, []), rel=True
            )

    def _existing(self, label: str, ids: list[str]) -> set[str]:
        """Which of the ids are there. (A long IN list is quadratic in the engine.)"""
        found: set[str] = set()
        for start in range(0, len(ids), _LOOKED_UP):
            some = ids[start : start + _LOOKED_UP]
            rows = self._run(f"UNWIND $ids AS i MATCH (n:`{label}` {{id: i}}) RETURN n.id", {"ids": some})
            found.update(r[0] for r in rows.get_all())
        return found

    def _insert(self, table: str, columns: tuple[str, ...], rows: Params, *, rel: bool = False) -> None:
        """Add rows that are not there yet: by CSV copy when they are many."""
        if not rows:
            return
        if len(rows) >= _COPY_FROM:
            self._copy(table, columns, rows)
        elif rel:
            declared = HAS_COLUMN if table == HAS_COLUMN.type else next(r for r in RELS if r.type == table)
            self._rows(cypher.create_rels(declared), rows)
        else:
            self._rows(cypher.create_nodes(next(n for n in NODES if n.label == table)), rows)

    def _copy(self, table: str, columns: tuple[str, ...], rows: Params) -> None:
        with tempfile.TemporaryDirectory(prefix="ray_lineage-") as folder, contextlib.ExitStack() as stack:
            spools = _Spools(folder, stack)
            try:
                spools.write(table, columns, rows)
            except OSError as error:
                raise _no_space(error) from error
            spools.copy(self._run, transaction=False)

    def _collect(self, columns: list[str], datasets: list[str]) -> None:
        """Delete what no file names any more."""
        candidates = set(datasets)
        if columns:
            orphans = self._run(cypher.ORPHAN_COLUMNS, {"ids": columns}).get_all()
            candidates.update(r[1] for r in orphans)
            if orphans:
                self._run(cypher.delete_nodes("Column"), {"ids": [r[0] for r in orphans]})
        if candidates:
            orphans = self._run(cypher.ORPHAN_DATASETS, {"ids": sorted(candidates)}).get_all()
            if orphans:
                self._run(cypher.delete_nodes("Dataset"), {"ids": [r[0] for r in orphans]})

    def remove_project(self, project: str) -> None:
        """See :meth:`GraphStore.remove_project`."""
        for label in (cypher.META, *(n.label for n in NODES)):
            key = "n.id = $project" if label == cypher.META else "n.id STARTS WITH $prefix"
            values = {"project": project} if label == cypher.META else {"prefix": f"{project}:"}
            self._run(f"MATCH (n:`{label}`) WHERE {key} DETACH DELETE n", values)

    def _away(self) -> RayLineageError:
        return StoreUnavailable("RL211", f"the graph at {self.path} does not answer", help="run again")

    def close(self) -> None:
        """See :meth:`GraphStore.close`."""
        if self._connection is not None and not self.read_only:
            with contextlib.suppress(RuntimeError):
                self._run("CHECKPOINT")
        self._disconnect()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


class _Spools:
    """CSV files, one a table, in a temporary folder of ours."""

    def __init__(self, folder: str, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._open: dict[str, Any] = {}
        self._rows = 0

    def write(self, table: str, columns: tuple[str, ...], rows: Params) -> None:
        """Append rows. Raises OSError on a full disk."""
        if not rows:
            return
        out = self._open.get(table)
        if out is None:
            path = os.path.join(self._folder, f"{table}.csv")
            file = open(path, "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed by the stack
            out = self._open[table] = self._stack.enter_context(file)
        out.writelines(",".join([_field(r[c]) for c in columns]) + "\n" for r in rows)
        self._rows += len(rows)

    def copy(self, run: Callable[[str], Any], *, transaction: bool = True) -> int:
        """Copy all files into their tables, nodes before relationships. Returns the number of rows."""
        try:
            for out in self._open.values():
                out.flush()
        except OSError as error:
            raise _no_space(error) from error
        order = [*(n.label for n in NODES), *(r.type for r in (*RELS, HAS_COLUMN))]
        if transaction:
            run("BEGIN TRANSACTION")
        try:
            for table in (t for t in order if t in self._open):
                path = os.path.join(self._folder, f"{table}.csv").replace("'", "\\'")
                # the folder is ours (mkdtemp), the table is of the schema
                run(f"COPY `{table}` FROM '{path}' (PARALLEL=FALSE, HEADER=FALSE, DELIM=',', QUOTE='\"', ESCAPE='\"')")
            if transaction:
                run("COMMIT")
        except RuntimeError as error:
            if not transaction:
                raise
            with contextlib.suppress(RuntimeError):
                run("ROLLBACK")
            raise StoreUnavailable(
                "RL214",
                f"the graph could not be loaded: {_first_line(error)}",
                help="free some disk space and run again; nothing was lost",
            ) from error
        return self._rows


def _no_space(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        "RL214", f"cannot write a temporary file: {error.strerror}", help="free some space in the temporary folder"
    )


def _field(value: Any) -> str:
    """One CSV field; null is nothing at all, text is always quoted."""
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _one_type(rows: Params) -> Params:
    """The engine takes a list's type from its first row: let that be one with the fewest nulls."""
    best = max(range(len(rows)), key=lambda i: sum(v is not None for v in rows[i].values()))
    return [rows[best], *rows[:best], *rows[best + 1 :]] if best else rows


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:300]
