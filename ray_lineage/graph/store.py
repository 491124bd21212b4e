"""What a graph store must be able to do. Two stores implement it: :mod:`.sqlite` (embedded) and :mod:`.neo4j`.

A store is used from one thread. Every method may raise ``StoreUnavailable`` or ``StoreRefused``
(:mod:`ray_lineage.errors`). Every write may be repeated any number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, Protocol

import msgspec

from ray_lineage.graph.numbers import Numbers
from ray_lineage.graph.pack import Pack
from ray_lineage.model import Contribution, FileState, Row

Direction = Literal["upstream", "downstream"]
Label = Literal["File", "Statement", "Dataset", "Column"]


class Origin(msgspec.Struct, frozen=True, array_like=True):
    """Where a project came from: the folder that its paths are relative to, on which host, and when it was last ingested
    (UTC, ISO 8601). All empty: an earlier version wrote it, and did not note it."""

    root: str = ""
    host: str = ""
    at: str = ""


class ProjectState(msgspec.Struct, frozen=True):
    """What the store holds for a project. ``digest`` stands for the settled state (empty: not settled)."""

    digest: str
    epoch: int
    files: dict[str, FileState]  # by path
    origin: Origin = Origin()


class ProjectInfo(msgspec.Struct, frozen=True):
    """A project in a list of them."""

    name: str
    origin: Origin
    files: int


class Rejected(msgspec.Struct, frozen=True):
    """A contribution that could not be written: it goes to the dead letters; its file's fingerprint stays unset."""

    path: str
    code: str
    reason: str


class ApplyResult(msgspec.Struct):
    """What one :meth:`GraphStore.apply` did."""

    rows_written: int = 0
    transactions: int = 0
    retries: int = 0
    rejected: list[Rejected] = []


MOST_NAMES: Final = 10_000
"""So many names are found at once."""

NameRow = tuple[str, str, str | None]
"""Project, dataset, and a column of it or None."""


class Unread(msgspec.Struct, frozen=True):
    """A dataset, or a column of it, that no statement reads; ``kind`` is the dataset's, ``file`` describes it. ``display``: the
    whole name as it is written (a store leaves it empty)."""

    project: str
    dataset: str
    column: str | None
    kind: str
    file: str
    display: str = ""


def unread_order(found: Unread) -> tuple[str, str, str]:
    """By name, a dataset before its columns."""
    return (found.project, found.dataset, found.column or "")


class Edge(msgspec.Struct, frozen=True, order=True):
    """One edge of an answer: ``source`` and ``target`` are ``Column.id`` or ``Dataset.id``."""

    source: str
    target: str
    file: str
    statement: int
    line: int
    how: str  # transformation, influence kind, or "" for FEEDS
    certainty: str


class GraphStore(Protocol):
    """See the module. ``project`` is part of every id, so that several projects share one store."""

    uri: str
    """Without credentials, for messages."""
    rebuilt: str
    """Not empty: why an unusable store was set aside and begun anew (embedded only)."""

    @property
    def numbers(self) -> Numbers | None:
        """The same graph asked in numbers, which hold while it is ``steady``; None: it has none."""
        ...

    def acquire(self, project: str) -> int:
        """Raise the project's epoch by one in the store and return it: from now on a writer with an older epoch gets
        ``StoreRefused``. Creates schema, constraints and indexes where missing."""
        ...

    def state(self, project: str) -> ProjectState:
        """Digest, epoch and per file what is stored."""
        ...

    def digest(self, project: str) -> str:
        """Only the digest of :meth:`state`."""
        ...

    def apply(
        self,
        project: str,
        epoch: int,
        contributions: Iterable[Contribution],
        removed: Sequence[str] = (),
        *,
        on_stored: Callable[[int], None] | None = None,
    ) -> ApplyResult:
        """Replace these files' rows and remove the files whose paths are ``removed``; clears the digest first.

        In batched transactions of whole files (on Neo4j a file over a batch's size: fingerprint cleared first, set last).
        ``on_stored(n)`` is called after each commit with the number of files it completed.
        Nodes that no row names any more are collected before it returns.
        """
        ...

    def load(
        self, project: str, epoch: int, packs: Iterable[Pack], on_stored: Callable[[int], None] | None = None
    ) -> ApplyResult:
        """Write a project's first files (if it has some already, as :meth:`apply` does). After a crash a file is whole or
        has no fingerprint. A pack that cannot be written goes file by file through :meth:`apply`."""
        ...

    def look(self, project: str, epoch: int, files: int) -> None:
        """Raises StoreUnavailable (RL228) if this is not any more what this writer left, with so many files: it was removed,
        replaced or emptied. What is written then would be lost, or mixed with something else; so nothing is (each
        transaction looks, too)."""
        ...

    def settle(self, project: str, epoch: int, digest: str, origin: Origin | None = None) -> None:
        """Record the digest of a settled state, and where it came from."""
        ...

    def counts(self, project: str | None) -> dict[str, int]:
        """Rows per node label and relationship type."""
        ...

    def find_datasets(self, project: str | None, table: str) -> list[tuple[str, str]]:
        """``(Dataset.id, Dataset.name)`` of datasets whose last part equals ``table``, ignoring case."""
        ...

    def similar_datasets(self, project: str | None, part: str) -> list[str]:
        """Names of datasets that contain a text, at most 200."""
        ...

    def dataset_names(self, project: str | None) -> list[str]:
        """Of all datasets."""
        ...

    def find_names(self, project: str | None, words: Sequence[str]) -> list[NameRow]:
        """Datasets and columns that hold all words in their names, ignoring case; a column in its own part, too. At most
        MOST_NAMES, in no order."""
        ...

    def last_parts(self, project: str | None) -> list[str]:
        """Last parts of all names, each once: of tables, and of columns."""
        ...

    def statements_in(self, project: str, procedure: str) -> list[str]:
        """Ids of the statements that stand in a procedure (``Dataset.name``), sorted."""
        ...

    def unread(self, project: str | None) -> list[Unread]:
        """What is described and no statement reads."""
        ...

    def projects(self) -> list[str]:
        """Names of the projects in the store."""
        ...

    def project_infos(self) -> list[ProjectInfo]:
        """The projects in the store, by name."""
        ...

    def files_overview(self, project: str | None) -> list[Sequence[Any]]:
        """Per file: dialect, status, diagnostics (JSON), number of statements, path."""
        ...

    def files_with_status(self, project: str | None, status: str) -> list[Sequence[Any]]:
        """Per file of that status: project, path, diagnostics (JSON); sorted."""
        ...

    def columns_of(self, dataset: str) -> list[dict[str, Any]]:
        """Columns of a ``Dataset.id``: id, name, ordinal, type, declared; by ordinal, then name."""
        ...

    def neighbours(
        self, rel: Literal["FLOWS_TO", "FEEDS", "INFLUENCES"], ids: Sequence[str], direction: Direction
    ) -> list[Edge]:
        """Edges of one type that end (upstream) or start (downstream) at any of the ids, sorted."""
        ...

    def edges(self, rel: str, ids: Sequence[str], direction: Direction) -> list[Row]:
        """Relationships of any type that end or start at any of the ids, of datasets or columns: rows of
        :meth:`dump`, sorted."""
        ...

    def describe(self, ids: Sequence[str], label: Label) -> dict[str, dict[str, Any]]:
        """Properties by id of the nodes that exist."""
        ...

    def spelled(self, ids: Iterable[str], label: Literal["Dataset", "Column"]) -> dict[str, str]:
        """Ids -> the same with the names as they are written, of those nodes of which letters' case differs."""
        ...

    def dump(self, project: str) -> dict[str, list[tuple[Any, ...]]]:
        """The project's graph in canonical form: per node label and relationship type (``HAS_COLUMN`` too), sorted rows.
        Two stores with the same graph give equal dumps. Relationship rows are (source id, target id, file, *props)."""
        ...

    def rows(self, project: str, kind: str) -> list[tuple[Any, ...]]:
        """One part of :meth:`dump`: ``kind`` is a member of ``schema.KINDS``."""
        ...

    def steady(self, projects: Sequence[str]) -> AbstractContextManager[None]:
        """What is read inside is one state of the graph. Neo4j raises StoreUnavailable (RL247) if a run wrote it meanwhile."""
        ...

    def check(self) -> str:
        """What is to be said of the store's state, empty if nothing is. Raises StoreUnavailable if it is damaged."""
        ...

    def remove_project(self, project: str) -> None:
        """Delete everything of a project."""
        ...

    def rename_project(self, old: str, new: str) -> None:
        """Give a project another name, which no project has. The name is part of every id and fingerprint: its files count as
        not whole until their next ingest."""
        ...

    def close(self) -> None:
        """Release the store; idempotent."""
        ...
