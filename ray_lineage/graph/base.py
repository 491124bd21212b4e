"""What both stores share: contributions become transactions, failures retries and a ladder; and what stores that are asked
in Cypher share beyond that."""

from __future__ import annotations

import contextlib
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Final

from ray_lineage.errors import StoreRefused, StoreUnavailable
from ray_lineage.graph import cypher
from ray_lineage.graph.batching import RETRIES, batches, pause, smaller
from ray_lineage.graph.delta import Batch, Delta, Stored, pieces
from ray_lineage.graph.pack import Pack, dataset_row, unpack
from ray_lineage.graph.schema import (
    FEEDS,
    FLOWS_TO,
    HAS_COLUMN,
    INFLUENCES,
    KINDS,
    NODES,
    RELS,
    SCHEMA_VERSION,
)
from ray_lineage.graph.store import (
    MOST_NAMES,
    ApplyResult,
    Direction,
    Edge,
    NameRow,
    Origin,
    ProjectInfo,
    ProjectState,
    Rejected,
    Unread,
    unread_order,
)
from ray_lineage.model import Contribution, FileState, Row, column_id, dataset_id, default_kind, split_text

_FEWEST_ROWS: Final = 100


def lost(what: str) -> StoreUnavailable:
    """What was being written is not there any more."""
    return StoreUnavailable(
        "RL228",
        f"{what} was removed or replaced while it was being written",
        help="a watch builds it anew by itself; else run again",
    )


class Transient(Exception):
    """The transaction may succeed if it is repeated."""


class Permanent(Exception):
    """The transaction will fail again as it is; a smaller one may succeed. ``code`` is an RL5xx code."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class TooLarge(Exception):
    """The store has not the memory for a transaction of that many rows."""


def spelled_id(project: str, dataset: str, column: str | None = None) -> str:
    """An id with names as they are written; that of a dataset is text already."""
    return dataset_id(project, dataset) if column is None else column_id(project, dataset, column)


def dataset_rows(project: str, datasets: dict[str, str]) -> list[Row]:
    """Rows of Dataset nodes that nothing describes."""
    return [dataset_row(project, name, default_kind(split_text(name)), None) for name in datasets.values()]


def column_rows(columns: dict[str, tuple[str, str]]) -> list[Row]:
    """Rows of Column nodes that nothing describes."""
    return [(i, d, c, None, None, False, None, None, None) for i, (d, c) in columns.items()]


class Writer(ABC):
    """Batches of whole files, retries, and the ladder."""

    uri = ""
    rebuilt = ""
    transaction_rows: ClassVar[int] = 5_000
    """Rows of one batch of whole files."""
    removed_at_once: ClassVar[int] = 100
    """Files that one transaction removes."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self.sleep = sleep
        self._most_rows = 2 * self.transaction_rows
        """What one transaction writes at most, but for one large file. Lowered when the store has not the memory."""

    @abstractmethod
    def _try(
        self,
        project: str,
        epoch: int,
        files: Sequence[Contribution],
        removed: Sequence[str],
        result: ApplyResult,
    ) -> None:
        """Replace and remove files as a whole, and count it. Raises Transient or Permanent."""

    @abstractmethod
    def _away(self) -> Exception:
        """The error for a store that gave no answer."""

    @abstractmethod
    def state(self, project: str) -> ProjectState:
        """See :meth:`GraphStore.state`."""

    @abstractmethod
    def rows(self, project: str, kind: str) -> list[tuple[Any, ...]]:
        """See :meth:`GraphStore.rows`."""

    def dump(self, project: str) -> dict[str, list[tuple[Any, ...]]]:
        """See :meth:`GraphStore.dump`."""
        return {kind: self.rows(project, kind) for kind in KINDS}

    def apply(
        self,
        project: str,
        epoch: int,
        contributions: Iterable[Contribution],
        removed: Sequence[str] = (),
        *,
        on_stored: Callable[[int], None] | None = None,
    ) -> ApplyResult:
        """See :meth:`GraphStore.apply`."""
        result = ApplyResult(rejected=[])
        for start in range(0, len(removed), self.removed_at_once):
            self.remove_files(project, epoch, removed[start : start + self.removed_at_once], result)
        for batch in batches(contributions, self.transaction_rows):
            for part in batches(batch, self._most_rows):
                self.descend(project, epoch, part, result, len(part), len(part))
            if on_stored is not None:
                on_stored(len(batch))
        return result

    def load(
        self, project: str, epoch: int, packs: Iterable[Pack], on_stored: Callable[[int], None] | None = None
    ) -> ApplyResult:
        """See :meth:`GraphStore.load`."""
        contributions = (c for packed in packs for c in unpack(project, packed))
        return self.apply(project, epoch, contributions, on_stored=on_stored)

    def remove_files(self, project: str, epoch: int, paths: Sequence[str], result: ApplyResult) -> None:
        """In one transaction. Raises StoreUnavailable."""
        try:
            self._write_files(project, epoch, [], paths, result)
        except Permanent as error:
            raise StoreUnavailable(
                error.code,
                f"{len(paths)} files that are gone cannot be taken out of {self.uri}: {error}",
                help="run again",
            ) from error

    def descend(
        self,
        project: str,
        epoch: int,
        files: list[Contribution],
        result: ApplyResult,
        size: int,
        full: int,
    ) -> None:
        """Write files in pieces of ``size``; a piece that fails for good goes down the ladder."""
        for start in range(0, len(files), size):
            piece = files[start : start + size]
            try:
                self._write_files(project, epoch, piece, (), result)
            except Permanent as error:
                step = smaller(len(piece), full)
                if step:
                    self.descend(project, epoch, piece, result, step, full)
                else:
                    result.rejected.append(Rejected(piece[0].path, error.code, str(error)))

    def _write_files(
        self,
        project: str,
        epoch: int,
        files: Sequence[Contribution],
        removed: Sequence[str],
        result: ApplyResult,
    ) -> None:
        """What may pass is tried again, beginning with what the graph holds by then. Raises Permanent."""
        attempt = 0
        while True:
            try:
                self._try(project, epoch, files, removed, result)
                return
            except Transient:
                if attempt == RETRIES:
                    raise self._away() from None
                self.sleep(pause(attempt, random.random()))  # noqa: S311 - jitter
                attempt += 1
            result.retries += 1

    @staticmethod
    def check_epoch(stored: int | None, epoch: int, project: str) -> None:
        if stored is None or stored < epoch:
            raise lost(f"project {project!r}")
        if stored > epoch:
            raise StoreRefused(
                "RL221",
                f"a newer run writes project {project!r} (its epoch is {stored}, ours {epoch})",
                help="this run stops here; the newer one goes on",
            )

    @staticmethod
    def check_version(version: int) -> bool:
        """True if the stored project can be read. Raises StoreRefused for a newer version's."""
        if version > SCHEMA_VERSION:
            raise StoreRefused(
                "RL222",
                f"the stored graph has schema version {version}, this ray_lineage writes {SCHEMA_VERSION}",
                help="upgrade ray_lineage, or ingest into another store (--store)",
            )
        return version == SCHEMA_VERSION


class BaseStore(Writer):
    """A store that is asked in Cypher: transactions bounded by its memory, and the reading half of the protocol over
    :meth:`_read`."""

    numbers: ClassVar[None] = None
    """See :attr:`GraphStore.numbers`."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(sleep)
        self.fewest_rows = _FEWEST_ROWS

    # what a store implements

    @abstractmethod
    def _read(self, query: str, **parameters: Any) -> list[Sequence[Any]]:
        """All rows of an answer. Raises StoreUnavailable."""

    @abstractmethod
    def _replace(self, project: str, epoch: int, batch: Batch, rows: int) -> Stored | int:
        """Write a batch's difference in one transaction and return its rows; if they are more than ``rows``, return what is
        stored of the batch instead. Raises Transient, TooLarge or Permanent."""

    @abstractmethod
    def _write(self, project: str, epoch: int, delta: Delta) -> None:
        """Write in one transaction. Raises Transient, TooLarge or Permanent."""

    # ------------------------------------------------------------------ writing

    def _try(
        self,
        project: str,
        epoch: int,
        files: Sequence[Contribution],
        removed: Sequence[str],
        result: ApplyResult,
    ) -> None:
        """What is too large for the store goes in smaller transactions."""
        batch = Batch(project, files, removed)
        while True:
            try:
                self._in_transactions(project, epoch, batch, result)
                return
            except TooLarge as error:
                if self._most_rows <= self.fewest_rows:
                    raise Permanent(
                        "RL503", f"the store has not the memory for {self._most_rows} rows: {error}"
                    ) from error
                self._most_rows = max(self.fewest_rows, min(self._most_rows, batch.rows) // 4)
            result.retries += 1

    def _in_transactions(self, project: str, epoch: int, batch: Batch, result: ApplyResult) -> None:
        most = self._most_rows
        done = self._replace(project, epoch, batch, most)
        result.transactions += 1
        if isinstance(done, int):
            result.rows_written += done
            return
        for delta in pieces(batch, done, max(1, most // 2)):
            self._write(project, epoch, delta)
            result.transactions += 1
            result.rows_written += delta.size

    # ------------------------------------------------------------------ reading

    def _files(self, project: str) -> dict[str, FileState]:
        rows = self._read(cypher.FILE_STATES, project=project)
        return {r[0]: FileState(r[0], r[1] or "", r[2] or "", r[3] or "") for r in rows}

    def _meta(self, project: str) -> tuple[int, str, int]:
        rows = self._read(
            f"MATCH (m:`{cypher.META}` {{id: $id}}) RETURN m.epoch, m.digest, m.schema_version", id=project
        )
        return (int(rows[0][0]), rows[0][1] or "", int(rows[0][2])) if rows else (0, "", SCHEMA_VERSION)

    def state(self, project: str) -> ProjectState:
        """See :meth:`GraphStore.state`."""
        epoch, digest, version = self._meta(project)
        if not self.check_version(version):
            return ProjectState("", epoch, {})
        origin = next((p.origin for p in self.project_infos() if p.name == project), Origin())
        return ProjectState(digest, epoch, self._files(project), origin)

    def digest(self, project: str) -> str:
        """See :meth:`GraphStore.digest`."""
        _, digest, version = self._meta(project)
        return digest if self.check_version(version) else ""

    def projects(self) -> list[str]:
        """Projects in the store."""
        return sorted(r[0] for r in self._read(f"MATCH (m:`{cypher.META}`) RETURN m.id"))

    def project_infos(self) -> list[ProjectInfo]:
        """See :meth:`GraphStore.project_infos`."""
        return [ProjectInfo(name, Origin(*origin), files) for name, *origin, files in self._read(cypher.PROJECTS)]

    def counts(self, project: str | None) -> dict[str, int]:
        """See :meth:`GraphStore.counts`."""
        prefix = f"{project}:" if project is not None else ""
        out = {n.label: int(self._read(cypher.count_nodes(n), prefix=prefix)[0][0]) for n in NODES}
        out |= {r.type: int(self._read(cypher.count_rels(r), prefix=prefix)[0][0]) for r in (*RELS, HAS_COLUMN)}
        return out

    def files_overview(self, project: str | None) -> list[Sequence[Any]]:
        """See :meth:`GraphStore.files_overview`."""
        return self._read(cypher.FILES_OVERVIEW, prefix=f"{project}:" if project is not None else "")

    def files_with_status(self, project: str | None, status: str) -> list[Sequence[Any]]:
        """Per file: project, path, diagnostics (JSON)."""
        prefix = f"{project}:" if project is not None else ""
        rows = self._read(cypher.FILES_WITH_STATUS, prefix=prefix, status=status)
        return sorted(rows, key=lambda r: (r[0], r[1]))

    def find_datasets(self, project: str | None, table: str) -> list[tuple[str, str]]:
        """See :meth:`GraphStore.find_datasets`. Falls back on a scan for other spellings."""
        rows = self._read(cypher.FIND_DATASETS, last=table)
        if not rows:
            folded = table.lower()
            rows = [
                r for r in self._read(cypher.DATASETS_LIKE, part=folded) if split_text(str(r[1]))[-1].lower() == folded
            ]
        return [(r[0], r[1]) for r in rows if project is None or r[2] == project]

    def similar_datasets(self, project: str | None, part: str) -> list[str]:
        """Names of datasets that contain a text."""
        rows = self._read(cypher.DATASETS_LIKE, part=part.lower())
        return [r[1] for r in rows if project is None or r[2] == project]

    def dataset_names(self, project: str | None) -> list[str]:
        """See :meth:`GraphStore.dataset_names`."""
        return [r[0] for r in self._read(cypher.DATASET_NAMES) if project is None or r[1] == project]

    def find_names(self, project: str | None, words: Sequence[str]) -> list[NameRow]:
        """See :meth:`GraphStore.find_names`."""
        given = {"project": project, "words": [w.lower() for w in words], "most": MOST_NAMES}
        rows = [*self._read(cypher.FIND_DATASET_NAMES, **given), *self._read(cypher.FIND_COLUMN_NAMES, **given)]
        return [(r[0], r[1], r[2]) for r in rows[:MOST_NAMES]]

    def last_parts(self, project: str | None) -> list[str]:
        """See :meth:`GraphStore.last_parts`."""
        return sorted(r[0] for r in self._read(cypher.LAST_PARTS, project=project))

    def statements_in(self, project: str, procedure: str) -> list[str]:
        """See :meth:`GraphStore.statements_in`."""
        rows = self._read(cypher.STATEMENTS_IN, procedure=procedure, prefix=f"{project}:")
        return sorted(r[0] for r in rows)

    def unread(self, project: str | None) -> list[Unread]:
        """See :meth:`GraphStore.unread`."""
        rows = [r for q in (cypher.UNREAD_DATASETS, cypher.UNREAD_COLUMNS) for r in self._read(q, project=project)]
        found = [Unread(r[0], r[1], r[2], r[3], str(r[4])[len(r[0]) + 1 :]) for r in rows]
        return sorted(found, key=unread_order)

    def columns_of(self, dataset: str) -> list[dict[str, Any]]:
        """See :meth:`GraphStore.columns_of`."""
        rows = self._read(cypher.COLUMNS_OF, dataset=dataset)
        found = [dict(zip(("id", "name", "ordinal", "type", "declared"), r, strict=True)) for r in rows]
        return sorted(found, key=lambda c: (c["ordinal"] is None, c["ordinal"] or 0, c["name"]))

    def neighbours(self, rel: str, ids: Sequence[str], direction: Direction) -> list[Edge]:
        """See :meth:`GraphStore.neighbours`."""
        declared = {r.type: r for r in (FLOWS_TO, FEEDS, INFLUENCES)}[rel]
        out: list[Edge] = []
        query = cypher.neighbours(declared, direction == "downstream")
        for start in range(0, len(ids), 1_000):
            rows = self._read(query, ids=list(ids[start : start + 1_000]))
            out.extend(Edge(r[0], r[1], r[2] or "", r[3] or 0, r[4] or 0, r[5] or "", r[6] or "certain") for r in rows)
        return sorted(out)

    def edges(self, rel: str, ids: Sequence[str], direction: Direction) -> list[Row]:
        """See :meth:`GraphStore.edges`."""
        query = cypher.edges(_TYPES[rel], direction == "downstream")
        out: list[Row] = []
        for start in range(0, len(ids), 1_000):
            out.extend(tuple(r) for r in self._read(query, ids=list(ids[start : start + 1_000])))
        return sorted(out, key=repr)

    def describe(self, ids: Sequence[str], label: str) -> dict[str, dict[str, Any]]:
        """See :meth:`GraphStore.describe`."""
        node = _LABELS[label]
        out: dict[str, dict[str, Any]] = {}
        for start in range(0, len(ids), 1_000):
            rows = self._read(cypher.describe(node), ids=list(ids[start : start + 1_000]))
            out.update((r[0], dict(zip(node.columns, r, strict=True))) for r in rows)
        return out

    def spelled(self, ids: Iterable[str], label: str) -> dict[str, str]:
        """See :meth:`GraphStore.spelled`."""
        wanted = list(dict.fromkeys(ids))
        out: dict[str, str] = {}
        for start in range(0, len(wanted), 1_000):
            rows = self._read(cypher.SPELLED[label], ids=wanted[start : start + 1_000])
            out.update((r[0], spelled_id(*r[1:])) for r in rows)
        return out

    def rows(self, project: str, kind: str) -> list[tuple[Any, ...]]:
        """See :meth:`GraphStore.rows`."""
        query = cypher.dump_nodes(_LABELS[kind]) if kind in _LABELS else cypher.dump_rels(_TYPES[kind])
        return sorted((tuple(r) for r in self._read(query, prefix=f"{project}:")), key=repr)

    @contextlib.contextmanager
    def steady(self, projects: Sequence[str]) -> Iterator[None]:
        """See :meth:`GraphStore.steady`."""

        def marks() -> list[tuple[int, str]]:
            return [(s.epoch, s.digest) for s in map(self.state, projects)]

        before = marks()
        try:
            yield
            disturbed = marks() != before
        except KeyError:  # an edge of the new state, a node of the old one; in a settled graph it is a fault of ours
            disturbed = marks() != before or not all(digest for _, digest in before)
            if not disturbed:
                raise
        if disturbed:
            raise StoreUnavailable(
                "RL247", f"a run wrote to {self.uri} while it was read", help="try again when the run is over"
            )

    def check(self) -> str:
        """See :meth:`GraphStore.check`."""
        return ""


_LABELS = {n.label: n for n in NODES}
_TYPES = {r.type: r for r in (*RELS, HAS_COLUMN)}
