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
from ray_lineage.graph.base import BaseStore, Batch, Params, Permanent, Transient, column_params, dataset_params
from ray_lineage.graph.schema import COLUMN, DATASET, FILE, NODES, RELS, SCHEMA_VERSION, STATEMENT
from ray_lineage.graph.store import ApplyResult
from ray_lineage.model import DATASET_KINDS, Contribution

_CONNECT_SECONDS: Final = 10
_OUTAGE_SECONDS: Final = 30  # the driver's own budget for one transaction
_SLICE: Final = 5_000  # rows of one UNWIND
_DELETED_AT_ONCE: Final = 10_000


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
            return StoreUnavailable("RL217", f"{self.uri} is no usable Neo4j address: {_first_line(error)}", where="NEO4J_URI",
                                    help="use neo4j://, neo4j+s://, bolt:// or bolt+s:// and a host")  # fmt: skip
        if isinstance(error, ClientError) and "Database" in (error.code or ""):
            return StoreUnavailable("RL218", f"Neo4j at {self.uri}: {_first_line(error)}", where="NEO4J_DATABASE",
                                    help="name an existing database, or leave it out for the default one")  # fmt: skip
        if isinstance(error, Neo4jError) and not error.is_retryable():
            return StoreUnavailable(
                "RL220",
                f"Neo4j at {self.uri} refused a query: {_first_line(error)}",
                help="has the user the right to it? Else please report it",
            )
        reason = "it does not answer" if isinstance(error, ServiceUnavailable) else _first_line(error)
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

    def _write(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """One managed write transaction. Raises Transient or Permanent."""
        from neo4j.exceptions import AuthError, DriverError, Neo4jError

        async def run() -> Any:
            async with self._session() as session:
                return await session.execute_write(work)

        try:
            return self._runner.run(run())
        except RayLineageError:
            raise
        except AuthError as error:
            raise self._explained(error) from error
        except Neo4jError as error:
            if error.is_retryable() or "MemoryPool" in (error.code or ""):
                raise Transient(_first_line(error)) from error
            raise Permanent("RL501", _first_line(error)) from error
        except (DriverError, OSError) as error:  # among them IncompleteCommit: the outcome is unknown, so repeat
            raise Transient(_first_line(error)) from error
        except (UnicodeError, OverflowError, TypeError, ValueError) as error:
            raise Permanent("RL502", f"{type(error).__name__}: {_first_line(error)}") from error

    def _plain(self, query: str, **parameters: Any) -> None:
        async def work(tx: Any) -> None:
            result = await tx.run(query, parameters)
            await result.consume()

        for attempt in range(3):
            try:
                self._write(work)
                return
            except Transient:
                if attempt == 2:
                    raise self._away() from None
                self._sleep(1.0)
            except Permanent as error:
                raise StoreUnavailable("RL219", f"Neo4j at {self.uri}: {error}", help="see the server's log") from error

    # ------------------------------------------------------------------ protocol

    def acquire(self, project: str) -> int:
        """See :meth:`GraphStore.acquire`."""
        for statement in cypher.neo4j_schema():
            self._plain(statement)
        _, digest, version = self._meta(project)
        if not self._check_version(version):
            self.remove_project(project)
            digest = ""
        self._plain(
            f"MERGE (m:`{cypher.META}` {{id: $id}}) SET m.epoch = coalesce(m.epoch, 0) + 1, m.digest = $digest, m.schema_version = $version",
            id=project, digest=digest, version=SCHEMA_VERSION,
        )  # fmt: skip
        return self._meta(project)[0]

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
        self._seen_datasets.clear()
        self._seen_columns.clear()
        self._fenced_digest(project, epoch, "")
        return super().apply(project, epoch, contributions, removed, fresh=fresh, on_stored=on_stored)

    def settle(self, project: str, epoch: int, digest: str) -> None:
        """See :meth:`GraphStore.settle`."""
        self._fenced_digest(project, epoch, digest)

    def _fenced_digest(self, project: str, epoch: int, digest: str) -> None:
        self._check_epoch(self._meta(project)[0], epoch, project)
        self._plain(
            f"MATCH (m:`{cypher.META}` {{id: $id}}) WHERE m.epoch = $epoch SET m.digest = $digest",
            id=project,
            epoch=epoch,
            digest=digest,
        )

    def _replace(self, project: str, epoch: int, batch: Batch, fresh: bool) -> int:
        new_datasets = {i: d for i, d in batch.datasets.items() if i not in self._seen_datasets}
        new_columns = {i: c for i, c in batch.columns.items() if i not in self._seen_columns}

        async def work(tx: Any) -> None:
            await self._fence(tx, project, epoch)
            columns, datasets = ([], []) if fresh else await self._take_out(tx, batch)
            await self._put_in(tx, project, batch, new_datasets, new_columns)
            await self._collect(tx, columns, datasets)

        self._write(work)
        if fresh:  # nothing is deleted meanwhile, so what was merged once is there
            self._seen_datasets.update(new_datasets)
            self._seen_columns.update(new_columns)
        return batch.rows - (len(batch.datasets) - len(new_datasets)) - (len(batch.columns) - len(new_columns))

    async def _fence(self, tx: Any, project: str, epoch: int) -> None:
        result = await tx.run(f"MATCH (m:`{cypher.META}` {{id: $id}}) RETURN m.epoch", {"id": project})
        record = await result.single()
        self._check_epoch(record[0] if record is not None else None, epoch, project)

    async def _take_out(self, tx: Any, batch: Batch) -> tuple[list[str], list[str]]:
        files = {"files": batch.files}
        known = await _values(tx, "MATCH (f:`File`) WHERE f.id IN $files RETURN f.id", files)
        if not known:
            return [], []
        columns: set[str] = set()
        datasets: set[str] = set()
        sets = {"Column": columns, "Dataset": datasets}
        for rel in RELS:
            if rel.source in sets or rel.target in sets:
                for a, b in await _values(tx, cypher.touched_by(rel), files):
                    if rel.source in sets:
                        sets[rel.source].add(a)
                    if rel.target in sets:
                        sets[rel.target].add(b)
            await _done(tx, cypher.delete_rels(rel), files)
        await _done(tx, cypher.DELETE_STATEMENTS, files)
        for node, into in ((COLUMN, columns), (DATASET, datasets)):
            into.update(r[0] for r in await _values(tx, cypher.owned(node), files))
            if node is DATASET:
                await self._unlabel(tx, files)
            await _done(tx, cypher.reset_owned(node), files)
        if batch.removed:
            await _done(tx, cypher.DELETE_FILES, {"files": batch.removed})
        return sorted(columns), sorted(datasets)

    @staticmethod
    async def _unlabel(tx: Any, files: dict[str, Any]) -> None:
        labels = ":".join(f"`{k}`" for k in DATASET_KINDS)
        await _done(tx, f"MATCH (n:`Dataset`) WHERE n.owner IN $files REMOVE n:{labels} SET n:`Table`", files)

    async def _put_in(
        self, tx: Any, project: str, batch: Batch, new_datasets: dict[str, str], new_columns: dict[str, tuple[str, str]]
    ) -> None:
        described = {label: {r["id"]: r for r in batch.nodes.get(label, ())} for label in ("Dataset", "Column")}
        await _rows(tx, _mention(DATASET, "Table"), dataset_params(project, new_datasets))
        # a column and its HAS_COLUMN at once: half the work of two statements
        await _rows(tx, _MENTION_COLUMNS, column_params(new_columns))
        await self._describe_datasets(tx, list(described["Dataset"].values()))
        await _rows(tx, cypher.set_nodes(COLUMN), list(described["Column"].values()))
        await _rows(tx, cypher.set_nodes(FILE), batch.nodes.get("File", []))
        await _rows(tx, cypher.create_nodes(STATEMENT), batch.nodes.get("Statement", []))
        for rel in RELS:
            await _rows(tx, cypher.create_rels(rel), batch.rels.get(rel.type, []))

    @staticmethod
    async def _describe_datasets(tx: Any, rows: Params) -> None:
        await _rows(tx, cypher.set_nodes(DATASET), rows)
        labels = ":".join(f"`{k}`" for k in DATASET_KINDS)
        for kind in DATASET_KINDS:
            ids = [{"id": r["id"]} for r in rows if r["kind"] == kind]
            if ids:
                await _rows(
                    tx, f"UNWIND $rows AS r MATCH (n:`Dataset` {{id: r.id}}) REMOVE n:{labels} SET n:`{kind}`", ids
                )

    @staticmethod
    async def _collect(tx: Any, columns: list[str], datasets: list[str]) -> None:
        candidates = set(datasets)
        if columns:
            orphans = await _values(tx, cypher.ORPHAN_COLUMNS, {"ids": columns})
            candidates.update(r[1] for r in orphans)
            if orphans:
                await _done(tx, cypher.delete_nodes("Column"), {"ids": [r[0] for r in orphans]})
        if candidates:
            orphans = await _values(tx, cypher.ORPHAN_DATASETS, {"ids": sorted(candidates)})
            if orphans:
                await _done(tx, cypher.delete_nodes("Dataset"), {"ids": [r[0] for r in orphans]})

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


def _mention(node: Any, label: str) -> str:
    return f"{cypher.mention_nodes(node)}, n:`{label}`"


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


async def _rows(tx: Any, query: str, rows: Params) -> None:
    for start in range(0, len(rows), _SLICE):
        await _done(tx, query, {"rows": rows[start : start + _SLICE]})


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


def _first_line(error: BaseException) -> str:
    """A driver's message; what stands before an @ in an address may be a password."""
    return re.sub(r"//[^/@\s]*@", "//***@", str(error).strip().split("\n")[0])[:300]
