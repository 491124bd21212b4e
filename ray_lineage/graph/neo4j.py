"""The server store: Neo4j 5.

A **first load** goes through :mod:`.fill`: CREATE over two connections. While it lasts the project's schema version is
:data:`FILLING`, so that whatever a crash leaves counts as no graph at all: the next :meth:`Neo4jStore.acquire` takes it out.
Everything else is **differences**: a transaction reads in one statement what is there of its files, and writes in one
statement what differs.

Managed transactions repeat what the driver knows to be transient. What it does not repeat, a connection lost exactly at
commit (the outcome is unknown), is repeated by us: a difference begins with a look at what is there, and each transaction of
a first load has a number that is stored with it.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec

from ray_lineage.errors import RayLineageError, StoreForbids, StoreRefused, StoreUnavailable
from ray_lineage.graph import cypher, schema
from ray_lineage.graph.base import BaseStore, Permanent, TooLarge, Transient, lost
from ray_lineage.graph.batching import RETRIES, pause
from ray_lineage.graph.changes import Write, changes
from ray_lineage.graph.delta import Batch, Delta, Stored, difference
from ray_lineage.graph.fill import LANES, NODES, Aside, Crew, Filling, Job, Transaction, cut, halves
from ray_lineage.graph.neo4j_faults import explained, judged, masked, wants_memory, without_credentials
from ray_lineage.graph.pack import Pack, unpack
from ray_lineage.graph.schema import COLUMN, DATASET, RELS, SCHEMA_VERSION
from ray_lineage.graph.store import ApplyResult, Origin
from ray_lineage.model import column_id, dataset_id

_CONNECT_SECONDS: Final = 10
_OUTAGE_SECONDS: Final = 30  # the driver's own budget for one transaction
_FIRST_PAUSE_SECONDS: Final = 0.2  # of the driver, before it tries again
_DELETED_AT_ONCE: Final = 10_000
FILLING: Final = 0
"""Schema version of a project whose first load is not complete."""


class Neo4jStore(BaseStore):
    """See :class:`ray_lineage.graph.store.GraphStore`."""

    transaction_rows: ClassVar[int] = 10_000

    def __init__(
        self,
        uri: str,
        username: str,
        password: str,
        database: str | None,
        *,
        batch_size: int | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect. Raises StoreUnavailable naming host and reason; never repeats a refused password (lock-out)."""
        super().__init__(sleep)
        import neo4j

        self.uri = without_credentials(uri)
        self._database = database
        if batch_size:
            self.transaction_rows = batch_size  # type: ignore[misc]
            self._most_rows = 2 * batch_size
        self._numbers: dict[str, int] = {}  # of the last transaction, by lane
        self._driver: Any = None
        try:
            self._driver = _driver(uri, (username, password), neo4j)
            self._driver.verify_connectivity()
            self._check_server()
        except Exception as error:
            self.close()
            raise explained(self.uri, error) from error

    def _check_server(self) -> None:
        version = self._driver.get_server_info().agent.partition("/")[2]
        major = version.split(".")[0]
        if major.isdigit() and int(major) < 5:
            raise StoreForbids(
                "RL216", f"the server at {self.uri} is Neo4j {version}", help="ray_lineage needs Neo4j 5 or later"
            )

    # ------------------------------------------------------------------ running

    def _session(self) -> Any:
        return self._driver.session(database=self._database)

    def _read(self, query: str, **parameters: Any) -> list[Sequence[Any]]:
        try:
            with self._session() as session:
                rows: list[Sequence[Any]] = session.execute_read(_values, query, parameters)
                return rows
        except Exception as error:
            raise explained(self.uri, error) from error

    def _write_managed(self, work: Callable[[Any], Any]) -> Any:
        """One managed write transaction. Raises Transient, TooLarge, Permanent, or what ends the run."""

        def within_memory(tx: Any) -> Any:
            try:
                return work(tx)
            except Exception as error:
                if wants_memory(error):  # the driver would try the same again for half a minute
                    raise TooLarge(masked(error)) from error
                raise

        try:
            with self._session() as session:
                return session.execute_write(within_memory)
        except Exception as error:
            raise judged(self.uri, error) from error

    def _plain(self, query: str, **parameters: Any) -> list[Sequence[Any]]:
        """What one query in a transaction of its own returns."""
        rows: list[Sequence[Any]] = self._repeated(lambda tx: _values(tx, query, parameters))
        return rows

    def _repeated(self, work: Callable[[Any], Any]) -> Any:
        """A small transaction, tried three times. Raises StoreUnavailable."""
        for attempt in range(3):
            try:
                return self._write_managed(work)
            except Transient:
                if attempt == 2:
                    raise self._away() from None
                self.sleep(1.0)
            except (Permanent, TooLarge) as error:
                raise StoreUnavailable("RL219", f"Neo4j at {self.uri}: {error}", help="see the server's log") from error
        raise AssertionError("unreachable")

    # ------------------------------------------------------------------ protocol

    def acquire(self, project: str) -> int:
        """See :meth:`GraphStore.acquire`. What a first load left that did not come to its end is taken out."""
        self.check_version(self._meta(project)[2])
        self._make_schema()
        epoch, version = self._plain(cypher.NEXT_EPOCH, id=project, version=SCHEMA_VERSION)[0]
        if version != SCHEMA_VERSION:
            self._empty(project, int(epoch))
            self._set_version(project, int(epoch), SCHEMA_VERSION)
        return int(epoch)

    def _make_schema(self) -> None:
        """What is there is looked at first: one question in place of twenty."""
        there = {r[0] for r in self._read("SHOW INDEXES YIELD name")}
        missing = [query for name, query in cypher.neo4j_schema().items() if name not in there]
        for query in missing:
            self._plain(query)
        if missing:
            self._plain("CALL db.awaitIndexes(300)")

    def _set_version(self, project: str, epoch: int, version: int) -> None:
        def work(tx: Any) -> None:
            self._fence(tx, project, epoch)
            _done(tx, cypher.SET_VERSION, {"id": project, "version": version})

        self._repeated(work)

    def look(self, project: str, epoch: int, files: int) -> None:
        """See :meth:`GraphStore.look`."""
        (known, there), *_ = self._read(cypher.LOOK, id=project) or [(None, 0)]
        self.check_epoch(known, epoch, project)
        if there != files:
            raise lost(f"project {project!r} at {self.uri}")

    def settle(self, project: str, epoch: int, digest: str, origin: Origin | None = None) -> None:
        """See :meth:`GraphStore.settle`."""

        def work(tx: Any) -> None:
            self._fence(tx, project, epoch)
            _done(tx, cypher.SET_DIGEST, {"id": project, "digest": digest})
            if origin is not None:
                _done(tx, cypher.SET_ORIGIN, {"id": project, **msgspec.structs.asdict(origin)})

        self._repeated(work)

    def _fence(self, tx: Any, project: str, epoch: int) -> None:
        found = _values(tx, cypher.FENCE, {"id": project})
        self.check_epoch(found[0][0] if found else None, epoch, project)

    # ------------------------------------------------------------------ differences

    def _replace(self, project: str, epoch: int, batch: Batch, rows: int) -> Stored | int:
        def work(tx: Any) -> Stored | int:
            stored = self._stored(tx, project, epoch, batch.files)
            delta = difference(batch, stored)
            if delta.size > rows:
                return stored
            _change(tx, project, delta)
            return delta.size

        done: Stored | int = self._write_managed(work)
        return done

    def _write(self, project: str, epoch: int, delta: Delta) -> None:
        def work(tx: Any) -> None:
            self._fence(tx, project, epoch)
            _change(tx, project, delta)

        self._write_managed(work)

    def _stored(self, tx: Any, project: str, epoch: int, files: list[str]) -> Stored:
        """What the graph holds of some files, each relationship with its element id, when other writers are locked out."""
        stored = Stored()
        known = None
        for kind, row, handle in _values(tx, cypher.read_for_change(), {"id": project, "files": files}):
            if kind == cypher.META:
                known = row[0]
            elif handle:
                stored.add_rel(kind, tuple(row), handle)
            else:
                stored.nodes[kind][row[0]] = tuple(row)
        self.check_epoch(known, epoch, project)
        return stored

    # ------------------------------------------------------------------ a first load

    def load(
        self, project: str, epoch: int, packs: Iterable[Pack], on_stored: Callable[[int], None] | None = None
    ) -> ApplyResult:
        """See :meth:`GraphStore.load`."""
        result = ApplyResult(rejected=[])
        told = on_stored or _nobody
        if self._holds_files(project):
            for packed in packs:
                self._apply_pack(project, epoch, packed, result, told)
            return result
        self._begin_load(project, epoch)
        for packed in self._fill(project, packs, result, told):
            self._take_back(project, epoch, packed, result)
            self._apply_pack(project, epoch, packed, result, told)
        self._end_load(project, epoch)
        return result

    def _holds_files(self, project: str) -> bool:
        return bool(self._read("MATCH (f:`File`) WHERE f.project = $project RETURN 1 LIMIT 1", project=project))

    def _apply_pack(
        self, project: str, epoch: int, packed: Pack, result: ApplyResult, told: Callable[[int], None]
    ) -> None:
        done = self.apply(project, epoch, unpack(project, packed), on_stored=told)
        result.rows_written += done.rows_written
        result.transactions += done.transactions
        result.retries += done.retries
        result.rejected += done.rejected

    def _begin_load(self, project: str, epoch: int) -> None:
        def work(tx: Any) -> None:
            self._fence(tx, project, epoch)
            _done(tx, cypher.SET_VERSION, {"id": project, "version": FILLING})
            _done(tx, cypher.BEGIN_LANES, {"ids": _lanes(project)})

        self._empty(project, epoch)  # CREATE wants that nothing is there
        self._repeated(work)
        self._numbers = dict.fromkeys(LANES, 0)

    def _end_load(self, project: str, epoch: int) -> None:
        def work(tx: Any) -> None:
            self._fence(tx, project, epoch)
            _done(tx, cypher.SET_VERSION, {"id": project, "version": SCHEMA_VERSION})
            _done(tx, cypher.END_LANES, {"ids": _lanes(project)})

        self._repeated(work)

    def _take_back(self, project: str, epoch: int, packed: Pack, result: ApplyResult) -> None:
        """What of a pack was written before it failed, so that its files begin with nothing; the other packs are written."""
        paths = packed.files.path
        for start in range(0, len(paths), self.removed_at_once):
            self.remove_files(project, epoch, paths[start : start + self.removed_at_once], result)
        names = packed.datasets
        columns = zip(packed.columns.dataset, packed.columns.name, strict=True)
        mentioned = {
            "Dataset": {dataset_id(project, name) for name in names},
            "Column": {column_id(project, names[d], c) for d, c in columns},
        }
        self._write(project, epoch, Delta(suspects=mentioned))

    def _fill(
        self, project: str, packs: Iterable[Pack], result: ApplyResult, told: Callable[[int], None]
    ) -> list[Pack]:
        """Write packs over two connections; what is returned could not be written so."""
        filling = Filling(project)

        def write(lane: str, job: Job) -> None:
            for transaction in cut(job.writes(lane), self.transaction_rows):
                self._write_in_lane(project, lane, transaction, result)
                filling.note(transaction)
            if lane == NODES:
                filling.keep(job.later())

        crew = Crew(filling, write)
        try:
            for packed in packs:
                _tell(told, crew.add(packed))
            for files in crew.finish():
                _tell(told, files)
        finally:
            crew.end()
        for transaction in cut(filling.later, self.transaction_rows):
            self._write_in_lane(project, NODES, transaction, result)
        return crew.aside

    def _write_in_lane(self, project: str, lane: str, writes: Transaction, result: ApplyResult) -> None:
        """One transaction; what may pass is tried again, what is too large in halves. Raises Aside."""
        attempt = 0
        while True:
            try:
                self._write_once(project, lane, writes)
            except TooLarge as error:
                if sum(w.rows for w in writes) <= self.fewest_rows:
                    raise Aside from error
                for half in halves(writes):
                    self._write_in_lane(project, lane, half, result)
                return
            except Permanent as error:
                raise Aside from error
            except Transient:
                if attempt == RETRIES:
                    raise self._away() from None
                self.sleep(pause(attempt, random.random()))  # noqa: S311 - jitter
                attempt += 1
                result.retries += 1
            else:
                result.transactions += 1
                result.rows_written += sum(w.rows for w in writes)
                return

    def _write_once(self, project: str, lane: str, writes: Transaction) -> None:
        number = self._numbers[lane] + 1

        def work(tx: Any) -> None:
            found = _values(tx, cypher.IN_LANE, {"id": f"{project}:{lane}", "number": number})
            if not found:
                raise _overtaken(project)
            if found[0][0] < number:
                for write in writes:
                    _written(tx, project, write)

        self._write_managed(work)
        self._numbers[lane] = number

    # ------------------------------------------------------------------ taking out

    def remove_project(self, project: str) -> None:
        """See :meth:`GraphStore.remove_project`."""
        self._empty(project, int(self._plain(cypher.NEXT_EPOCH, id=project, version=FILLING)[0][0]))
        self._plain(f"MATCH (m:`{cypher.META}` {{id: $id}}) DETACH DELETE m", id=project)

    def rename_project(self, old: str, new: str) -> None:
        """See :meth:`GraphStore.rename_project`. In transactions of bounded size; what a crash leaves counts as no graph."""
        self._plain(cypher.END_LANES, ids=_lanes(old))
        self._plain(cypher.BEGIN_RENAME, id=old, new=new, version=FILLING)
        values = {"prefix": f"{old}:", "new": f"{new}:", "name": new, "most": _DELETED_AT_ONCE}
        for query in (*map(cypher.rename_rels, RELS), *map(cypher.rename_nodes, schema.NODES)):
            while self._plain(query, **values)[0][0]:
                pass
        self._plain(cypher.END_RENAME, id=old, new=new, version=SCHEMA_VERSION)

    def _empty(self, project: str, epoch: int) -> None:
        """Take out all rows of a project, in transactions of bounded size: no newer writer's; and none that an older one is just
        writing comes after it."""
        self._plain(cypher.END_LANES, ids=_lanes(project))
        queries = [cypher.empty_rels(r) for r in RELS] + [cypher.empty_nodes(n) for n in reversed(schema.NODES)]
        for query in queries:
            while self._take_out(project, epoch, query):
                pass

    def _take_out(self, project: str, epoch: int, query: str) -> bool:
        def work(tx: Any) -> bool:
            self._fence(tx, project, epoch)
            return bool(_values(tx, query, {"prefix": f"{project}:", "most": _DELETED_AT_ONCE})[0][0])

        return bool(self._repeated(work))

    def _away(self) -> RayLineageError:
        return StoreUnavailable(
            "RL219",
            f"Neo4j at {self.uri} stayed away through all retries",
            help="run again when it is back; what was written stays",
        )

    def close(self) -> None:
        """See :meth:`GraphStore.close`."""
        driver, self._driver = self._driver, None
        if driver is not None:
            with contextlib.suppress(Exception):  # whatever a broken server says to a farewell
                driver.close()


def _driver(uri: str, auth: tuple[str, str], neo4j: Any) -> Any:
    return neo4j.GraphDatabase.driver(
        uri,
        auth=auth,
        connection_timeout=_CONNECT_SECONDS,
        max_transaction_retry_time=_OUTAGE_SECONDS,
        initial_retry_delay=_FIRST_PAUSE_SECONDS,
        notifications_min_severity="OFF",
        telemetry_disabled=True,
    )


def _values(tx: Any, query: str, parameters: dict[str, Any]) -> list[Sequence[Any]]:
    return [tuple(record.values()) for record in tx.run(query, parameters)]


def _done(tx: Any, query: str, parameters: Mapping[str, Any]) -> None:
    tx.run(query, parameters).consume()


def _written(tx: Any, project: str, write: Write) -> None:
    _done(tx, write.query, {"p": write.columns, "project": project})


def _change(tx: Any, project: str, delta: Delta) -> None:
    for write in changes(project, delta):
        _written(tx, project, write)
    suspects = dict(delta.suspects)
    if suspects["Column"]:
        found = _values(tx, cypher.collect(COLUMN), {"p": {"id": sorted(suspects["Column"])}})
        suspects["Dataset"] = suspects["Dataset"].union(r[0] for r in found)
    if suspects["Dataset"]:
        _done(tx, cypher.collect(DATASET), {"p": {"id": sorted(suspects["Dataset"])}})
    if delta.removed:
        _done(tx, cypher.delete_nodes_by_key("File"), {"p": {"id": delta.removed}})


def _lanes(project: str) -> list[str]:
    return [f"{project}:{lane}" for lane in LANES]


def _overtaken(project: str) -> RayLineageError:
    return StoreRefused(
        "RL221", f"a newer run writes project {project!r}", help="this run stops here; the newer one goes on"
    )


def _nobody(files: int) -> None:
    """Is told."""


def _tell(told: Callable[[int], None], files: int) -> None:
    if files:
        told(files)
