"""The server store: Neo4j 5 through its async driver, run by a private event loop so that the protocol stays synchronous.

Managed transactions repeat what the driver knows to be transient. What it does not repeat, a connection lost exactly at
commit (the outcome is unknown), is repeated by :class:`.base.BaseStore`: every transaction begins by taking the files'
old rows out, so that doing it twice changes nothing.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from ray_lineage.errors import RayLineageError, StoreUnavailable
from ray_lineage.graph import cypher
from ray_lineage.graph.base import BaseStore, Permanent, TooLarge, Transient, column_rows, dataset_rows
from ray_lineage.graph.delta import Batch, Delta, Stored, as_parameters, difference
from ray_lineage.graph.schema import COLUMN, DATASET, FILE, NODES, RELS, SCHEMA_VERSION, STATEMENT
from ray_lineage.graph.store import ApplyResult
from ray_lineage.model import DATASET_KINDS, Contribution, Row

_CONNECT_SECONDS: Final = 10
_OUTAGE_SECONDS: Final = 30  # the driver's own budget for one transaction
_SLICE: Final = 5_000  # rows of one UNWIND
_DELETED_AT_ONCE: Final = 10_000
_NO_MEMORY: Final = re.compile(r"Memory|StackOverFlow", re.IGNORECASE)


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
        self._seen_datasets: set[str] = set()
        self._seen_columns: set[str] = set()
        self._runner = asyncio.Runner()
        self._driver: Any = None
        try:
            self._driver = self._runner.run(_driver(uri, (username, password), neo4j))
            self._runner.run(self._driver.verify_connectivity())
            self._check_server()
        except Exception as error:
            self.close()
            raise self._explained(error) from error

    def _check_server(self) -> None:
        info = self._runner.run(self._driver.get_server_info())
        version = info.agent.partition("/")[2]
        major = version.split(".")[0]
        if major.isdigit() and int(major) < 5:
            raise StoreUnavailable(
                "RL216", f"the server at {self.uri} is Neo4j {version}", help="ray_lineage needs Neo4j 5 or later"
            )

    def _explained(self, error: Exception) -> RayLineageError:
        from neo4j.exceptions import AuthError, ClientError, ConfigurationError, Neo4jError, ServiceUnavailable

        if isinstance(error, RayLineageError):
            return error
        if isinstance(error, AuthError):
            return StoreUnavailable(
                "RL215", f"Neo4j at {self.uri} refused the user name or password", where="NEO4J_USERNAME, NEO4J_PASSWORD",
                help="set both to a user of that server",
            )  # fmt: skip
        if isinstance(error, ConfigurationError | ValueError):
            return StoreUnavailable("RL217", f"{self.uri} is no usable Neo4j address: {_masked(error)}", where="NEO4J_URI",
                                    help="use neo4j://, neo4j+s://, bolt:// or bolt+s:// and a host")  # fmt: skip
        if isinstance(error, ClientError) and "Database" in (error.code or ""):
            return StoreUnavailable("RL218", f"Neo4j at {self.uri}: {_masked(error)}", where="NEO4J_DATABASE",
                                    help="name an existing database, or leave it out for the default one")  # fmt: skip
        if isinstance(error, Neo4jError) and not error.is_retryable():
            return StoreUnavailable(
                "RL220",
                f"Neo4j at {self.uri} refused a query: {_masked(error)}",
                help="has the user the right to it? Else please report it",
            )
        reason = "it does not answer" if isinstance(error, ServiceUnavailable) else _masked(error)
        return StoreUnavailable(
            "RL219", f"cannot reach Neo4j at {self.uri}: {reason}", where="NEO4J_URI",
            help="start the server or correct the address; without NEO4J_URI the embedded store is used",
        )  # fmt: skip

    # ------------------------------------------------------------------ running

    def _session(self) -> Any:
        return self._driver.session(database=self._database)

    async def _query(self, query: str, parameters: dict[str, Any]) -> list[Sequence[Any]]:
        async def work(tx: Any) -> list[Sequence[Any]]:
            result = await tx.run(query, parameters)
            return [tuple(record.values()) async for record in result]

        async with self._session() as session:
            rows: list[Sequence[Any]] = await session.execute_read(work)
            return rows

    def _read(self, query: str, **parameters: Any) -> list[Sequence[Any]]:
        try:
            return self._runner.run(self._query(query, parameters))
        except Exception as error:
            raise self._explained(error) from error

    def _write_managed(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """One managed write transaction. Raises Transient, TooLarge or Permanent."""
        from neo4j.exceptions import AuthError, DriverError, Neo4jError

        async def within_memory(tx: Any) -> Any:
            try:
                return await work(tx)
            except Neo4jError as error:
                if _NO_MEMORY.search(error.code or ""):  # the driver would try the same again for half a minute
                    raise TooLarge(_masked(error)) from error
                raise

        async def run() -> Any:
            async with self._session() as session:
                return await session.execute_write(within_memory)

        try:
            return self._runner.run(run())
        except (RayLineageError, TooLarge):
            raise
        except AuthError as error:
            raise self._explained(error) from error
        except Neo4jError as error:
            if _NO_MEMORY.search(error.code or ""):
                raise TooLarge(_masked(error)) from error
            if error.is_retryable():
                raise Transient(_masked(error)) from error
            raise Permanent("RL501", _masked(error)) from error
        except (DriverError, OSError) as error:  # among them IncompleteCommit: the outcome is unknown, so repeat
            raise Transient(_masked(error)) from error
        except (UnicodeError, OverflowError, TypeError, ValueError) as error:
            raise Permanent("RL502", f"{type(error).__name__}: {_masked(error)}") from error

    def _plain(self, query: str, **parameters: Any) -> list[Sequence[Any]]:
        """What one query in a transaction of its own returns."""

        async def work(tx: Any) -> list[Sequence[Any]]:
            return await _values(tx, query, parameters)

        rows: list[Sequence[Any]] = self._repeated(work)
        return rows

    def _repeated(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """A small transaction, tried three times. Raises StoreUnavailable."""
        for attempt in range(3):
            try:
                return self._write_managed(work)
            except Transient:
                if attempt == 2:
                    raise self._away() from None
                self._sleep(1.0)
            except (Permanent, TooLarge) as error:
                raise StoreUnavailable("RL219", f"Neo4j at {self.uri}: {error}", help="see the server's log") from error
        raise AssertionError("unreachable")

    # ------------------------------------------------------------------ protocol

    def acquire(self, project: str) -> int:
        """See :meth:`GraphStore.acquire`."""
        for statement in cypher.neo4j_schema():
            self._plain(statement)
        if not self._check_version(self._meta(project)[2]):
            self.remove_project(project)
        return int(self._plain(cypher.NEXT_EPOCH, id=project, version=SCHEMA_VERSION)[0][0])

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
        self._seen_datasets.clear()
        self._seen_columns.clear()
        return super().apply(project, epoch, contributions, removed, fresh=fresh, on_stored=on_stored)

    def settle(self, project: str, epoch: int, digest: str) -> None:
        """See :meth:`GraphStore.settle`."""

        async def work(tx: Any) -> None:
            await self._fence(tx, project, epoch)
            await _done(tx, cypher.SET_DIGEST, {"id": project, "digest": digest})

        self._repeated(work)

    def _replace(self, project: str, epoch: int, batch: Batch, rows: int, fresh: bool) -> Stored | int:
        async def work(tx: Any) -> Stored | Delta:
            await self._fence(tx, project, epoch)
            stored = Stored() if fresh else await _stored(tx, batch)
            delta = difference(batch, stored)
            if delta.size > rows:
                return stored
            if fresh:
                self._forget_seen(delta)
            await self._change(tx, project, delta)
            return delta

        done = self._write_managed(work)
        if isinstance(done, Stored):
            return done
        if fresh:  # nothing is deleted meanwhile, so what was merged once is there
            self._seen_datasets.update(done.datasets)
            self._seen_columns.update(done.columns)
        return int(done.size)

    def _forget_seen(self, delta: Delta) -> None:
        delta.datasets = {i: d for i, d in delta.datasets.items() if i not in self._seen_datasets}
        delta.columns = {i: c for i, c in delta.columns.items() if i not in self._seen_columns}

    def _write(self, project: str, epoch: int, delta: Delta) -> None:
        async def work(tx: Any) -> None:
            await self._fence(tx, project, epoch)
            await self._change(tx, project, delta)

        self._write_managed(work)

    async def _fence(self, tx: Any, project: str, epoch: int) -> None:
        found = await _values(tx, cypher.FENCE, {"id": project})
        self._check_epoch(found[0][0] if found else None, epoch, project)

    async def _change(self, tx: Any, project: str, delta: Delta) -> None:
        await _ids(tx, cypher.DELETE_BY_HANDLE, [h for dropped in delta.drop.values() for _, h in dropped])
        await _ids(tx, cypher.delete_nodes_by_key("Statement"), delta.gone)
        for node in cypher.SHARED:
            ids = delta.reset.get(node.label, [])
            await _ids(tx, cypher.reset_nodes(node), ids)
            if node is DATASET:
                for kind, condition in (("Table", f"NOT {cypher.is_system('n')}"), ("System", cypher.is_system("n"))):
                    found = f"UNWIND $ids AS i MATCH (n:`Dataset` {{id: i}}) WHERE {condition}"
                    await _ids(tx, f"{found} REMOVE n:{_KINDS} SET n:`{kind}`", ids)
        mentioned = dataset_rows(project, delta.datasets)
        at = DATASET.columns.index("kind")
        for kind in ("Table", "System"):
            await _rows(tx, _mention_datasets(kind), DATASET.columns, [r for r in mentioned if r[at] == kind])
        # a column and its HAS_COLUMN at once: half the work of two statements
        await _rows(tx, _MENTION_COLUMNS, COLUMN.columns, column_rows(delta.columns))
        await self._describe_datasets(tx, delta.describe.get("Dataset", []))
        await _rows(tx, cypher.set_nodes(COLUMN), COLUMN.columns, delta.describe.get("Column", []))
        await _rows(tx, cypher.set_nodes(FILE), FILE.columns, delta.files)
        await _rows(tx, cypher.create_nodes(STATEMENT), STATEMENT.columns, delta.statements)
        await _rows(tx, cypher.set_nodes(STATEMENT), STATEMENT.columns, delta.changed)
        for rel in RELS:
            columns = ("source", "target", "file", *rel.columns[2:])
            await _rows(tx, cypher.create_rels(rel), columns, delta.add.get(rel.type, []))
        await self._collect(tx, delta)
        await _ids(tx, cypher.delete_nodes_by_key("File"), delta.removed)

    @staticmethod
    async def _describe_datasets(tx: Any, rows: list[Row]) -> None:
        await _rows(tx, cypher.set_nodes(DATASET), DATASET.columns, rows)
        kind_at = DATASET.columns.index("kind")
        for kind in DATASET_KINDS:
            ids = [r[0] for r in rows if r[kind_at] == kind]
            await _ids(tx, f"UNWIND $ids AS i MATCH (n:`Dataset` {{id: i}}) REMOVE n:{_KINDS} SET n:`{kind}`", ids)

    @staticmethod
    async def _collect(tx: Any, delta: Delta) -> None:
        suspects = set(delta.suspects["Dataset"])
        if delta.suspects["Column"]:
            found = await _values(tx, cypher.orphans(COLUMN), {"ids": sorted(delta.suspects["Column"])})
            suspects.update(r[1] for r in found)
            await _ids(tx, cypher.delete_nodes_by_key("Column"), [r[0] for r in found])
        if suspects:
            found = await _values(tx, cypher.orphans(DATASET), {"ids": sorted(suspects)})
            await _ids(tx, cypher.delete_nodes_by_key("Dataset"), [r[0] for r in found])

    def remove_project(self, project: str) -> None:
        """See :meth:`GraphStore.remove_project`."""
        for label in (n.label for n in NODES):
            while True:
                found = self._read(
                    f"MATCH (n:`{label}`) WHERE n.id STARTS WITH $prefix RETURN n.id LIMIT {_DELETED_AT_ONCE}",
                    prefix=f"{project}:",
                )
                if not found:
                    break
                self._plain(cypher.delete_nodes(label), ids=[r[0] for r in found])
        self._plain(f"MATCH (m:`{cypher.META}` {{id: $id}}) DETACH DELETE m", id=project)

    def _away(self) -> RayLineageError:
        return StoreUnavailable(
            "RL219",
            f"Neo4j at {self.uri} stayed away through all retries",
            help="run again when it is back; what was written stays",
        )

    def close(self) -> None:
        """See :meth:`GraphStore.close`."""
        if self._driver is not None:
            self._runner.run(self._driver.close())
            self._driver = None
        self._runner.close()


_KINDS: Final = ":".join(f"`{k}`" for k in DATASET_KINDS)


def _mention_datasets(kind: str) -> str:
    return f"{cypher.mention_nodes(DATASET)}, n:`{kind}`"


_MENTION_COLUMNS: Final = (
    "UNWIND $rows AS r MATCH (d:`Dataset` {id: r.dataset}) MERGE (n:`Column` {id: r.id}) "
    "ON CREATE SET n.dataset = r.dataset, n.name = r.name, n.declared = false MERGE (d)-[:`HAS_COLUMN`]->(n)"
)


async def _driver(uri: str, auth: tuple[str, str], neo4j: Any) -> Any:
    return neo4j.AsyncGraphDatabase.driver(
        uri,
        auth=auth,
        connection_timeout=_CONNECT_SECONDS,
        max_transaction_retry_time=_OUTAGE_SECONDS,
        notifications_min_severity="OFF",
        telemetry_disabled=True,
    )


async def _values(tx: Any, query: str, parameters: dict[str, Any]) -> list[Sequence[Any]]:
    result = await tx.run(query, parameters)
    return [tuple(record.values()) async for record in result]


async def _done(tx: Any, query: str, parameters: dict[str, Any]) -> None:
    result = await tx.run(query, parameters)
    await result.consume()


async def _rows(tx: Any, query: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), _SLICE):
        await _done(tx, query, {"rows": as_parameters(columns, rows[start : start + _SLICE])})


async def _ids(tx: Any, query: str, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), _SLICE):
        await _done(tx, query, {"ids": ids[start : start + _SLICE]})


async def _stored(tx: Any, batch: Batch) -> Stored:
    """What the graph holds of the batch's files, each relationship with its element id."""
    stored = Stored()
    for kind, row, handle in await _values(tx, cypher.stored_all(), {"files": batch.files}):
        if handle:
            stored.add_rel(kind, tuple(row), handle)
        else:
            stored.nodes[kind][row[0]] = tuple(row)
    return stored


def without_credentials(uri: str) -> str:
    """The address without ``user:password@``."""
    parts = urlsplit(uri)
    host = parts.hostname or ""
    port = ""
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{host}{port}"


def _masked(error: BaseException) -> str:
    """A driver's message; what stands before an @ in an address may be a password."""
    return re.sub(r"//[^/@\s]*@", "//***@", str(error).strip().split("\n")[0])[:300]
