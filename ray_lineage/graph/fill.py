"""A first load of the server store: packs become transactions of CREATE, written over two connections.

Nodes of a pack come before its relationships. So the new nodes of a pack, the relationships between columns, and all others
are three **lanes**: each is written by one connection at a time and in its order, two of them at once. They wait for one
another's locks seldom, because new nodes are nobody else's, and few relationships of the last lane touch columns; what a file
says of a node that an earlier pack mentioned is kept for the end, or they would wait in circles. What is written while nobody
knows whether it was (a connection lost at commit) is repeated safely, because each lane has a node that holds the number of
its last transaction: see ``cypher.LANE``.

Pure but for :class:`Crew`, which has two threads and calls ``write``. Memory: the ids of all shared nodes, the descriptions
that are kept for the end (about 0.3 kB each), and a few packs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from ray_lineage.graph import cypher
from ray_lineage.graph.changes import Write, columns
from ray_lineage.graph.pack import PACKED, Pack, dataset_row
from ray_lineage.graph.schema import COLUMN, CONTAINS, DATASET, FILE, HAS_COLUMN, STATEMENT, Rel
from ray_lineage.model import DATASET_KINDS, Row, column_id, dataset_id, default_kind, file_id, split_text, statement_id

NODES: Final = "nodes"
COLUMNS: Final = "columns"
DATASETS: Final = "datasets"
LANES: Final = (COLUMNS, DATASETS, NODES)
"""What is to be written first, first: relationships make room for the next pack."""

_UNDESCRIBED: Final = (None, None, False, None, None, None)
_CONNECTIONS: Final = 2
_PACKS_AHEAD: Final = 4  # taken from the caller and not yet written


Transaction = list[Write]


def cut(writes: Iterable[Write], rows: int) -> Iterator[Transaction]:
    """Transactions of at most that many rows, in the order of the writes."""
    made: Transaction = []
    room = rows
    for write in writes:
        start = 0
        while start < write.rows:
            part = write.part(start, start + room)
            made.append(part)
            start, room = start + part.rows, room - part.rows
            if not room:
                yield made
                made, room = [], rows
    if made:
        yield made


def halves(writes: Transaction) -> Iterator[Transaction]:
    """The same in two transactions."""
    return cut(writes, max(1, (sum(w.rows for w in writes) + 1) // 2))


class Filling:
    """What was made so far: which shared nodes are there, and so which have to be created; what is to be said of them at
    the end."""

    def __init__(self, project: str) -> None:
        self.project = project
        self._there: dict[str, set[str]] = {DATASET.label: set(), COLUMN.label: set()}
        self._later: dict[str, dict[str, list[Any]]] = {}  # columns by query

    def note(self, done: Transaction) -> None:
        """These are written."""
        for write in done:
            if write.creates:
                self._there[write.creates].update(write.columns["id"])

    def keep(self, writes: Iterable[Write]) -> None:
        """These are to be written at the end."""
        for write in writes:
            columns = self._later.setdefault(write.query, {name: [] for name in write.columns})
            for name, values in write.columns.items():
                columns[name].extend(values)

    @property
    def later(self) -> list[Write]:
        """What was kept."""
        return [Write(query, columns) for query, columns in self._later.items()]

    def job(self, packed: Pack) -> Job:
        """What a pack needs, the nodes that are there left out."""
        return Job(self.project, packed, self._there[DATASET.label], self._there[COLUMN.label])


class Job:
    """The writes of one pack."""

    def __init__(self, project: str, packed: Pack, datasets: set[str], columns: set[str]) -> None:
        self.packed = packed
        self.aside = False  # has it to be written in another way?
        self.left = 2  # lanes of relationships
        self._project = project
        self._files = [file_id(project, p) for p in packed.files.path]
        self._datasets = [dataset_id(project, d) for d in packed.datasets]
        names = packed.datasets
        pairs = zip(packed.columns.dataset, packed.columns.name, strict=True)
        self._columns = [column_id(project, names[d], c) for d, c in pairs]
        self._new_datasets = [n for n, i in enumerate(self._datasets) if i not in datasets]
        self._new_columns = [n for n, i in enumerate(self._columns) if i not in columns]
        self._dataset_descriptions = {
            d: (DATASET_KINDS[k], self._files[f], *said)
            for d, k, *said, f in zip(*_fields(packed.described_datasets), strict=True)
        }
        self._column_descriptions = {
            c: (o, t, True, self._files[f], *said)
            for c, o, t, *said, f in zip(*_fields(packed.described_columns), strict=True)
        }
        self._statements = [
            statement_id(self._files[f], o)
            for f, o in zip(packed.statements.file, packed.statements.ordinal, strict=True)
        ]

    def writes(self, lane: str) -> Iterator[Write]:
        """All of a lane."""
        match lane:
            case "nodes":
                yield from self._new_dataset_writes()
                yield self._new_column_write()
                yield from self._file_writes()
            case "columns":
                yield from (self._rel(r) for r in PACKED if _between_columns(r))
            case _:
                yield self._has_column()
                yield self._contains()
                yield from (self._rel(r) for r in PACKED if not _between_columns(r))

    def later(self) -> Iterator[Write]:
        """What files say of nodes that are not new."""
        known = self._dataset_descriptions.keys() - set(self._new_datasets)
        for kind in DATASET_KINDS:
            rows = [(self._datasets[n], *o) for n in known for k, *o in [self._dataset_descriptions[n]] if k == kind]
            yield Write(cypher.describe_datasets(kind), columns(("id", *DATASET.columns[8:]), rows))
        others = self._column_descriptions.keys() - set(self._new_columns)
        described = [(self._columns[n], *self._column_descriptions[n]) for n in others]
        yield Write(cypher.DESCRIBE_COLUMNS, columns(("id", *COLUMN.columns[3:]), described))

    def _new_dataset_writes(self) -> Iterator[Write]:
        """Nodes of each kind are a statement, because the kind is a label."""
        made: dict[str, list[Row]] = {}
        for number in self._new_datasets:
            name = self.packed.datasets[number]
            kind, *described = self._dataset_descriptions.get(number) or (default_kind(split_text(name)), None)
            made.setdefault(kind, []).append(dataset_row(self._project, name, kind, *described))
        for kind, rows in sorted(made.items()):
            yield Write(cypher.fill_nodes(DATASET, kind), columns(DATASET.columns, rows), DATASET.label)

    def _new_column_write(self) -> Write:
        datasets, names = self.packed.columns.dataset, self.packed.columns.name
        rows = [
            (self._columns[n], self._datasets[datasets[n]], names[n], *self._column_descriptions.get(n, _UNDESCRIBED))
            for n in self._new_columns
        ]
        return Write(cypher.fill_nodes(COLUMN), columns(COLUMN.columns, rows), COLUMN.label)

    def _file_writes(self) -> Iterator[Write]:
        projects = [self._project] * len(self._files)
        files = (self._files, projects, *_fields(self.packed.files))
        yield Write(cypher.fill_nodes(FILE), dict(zip(FILE.columns, files, strict=True)))
        file, *rest = _fields(self.packed.statements)
        statements = (self._statements, _named(self._files, file), *rest)
        yield Write(cypher.fill_nodes(STATEMENT), dict(zip(STATEMENT.columns, statements, strict=True)))

    def _has_column(self) -> Write:
        """A column's relationship is made with the column."""
        datasets, columns = self.packed.columns.dataset, self._columns
        sources = [self._datasets[datasets[n]] for n in self._new_columns]
        return Write(cypher.fill_rels(HAS_COLUMN), {"source": sources, "target": _named(columns, self._new_columns)})

    def _contains(self) -> Write:
        files = _named(self._files, self.packed.statements.file)
        return Write(cypher.fill_rels(CONTAINS), {"source": files, "target": self._statements, "file": files})

    def _rel(self, rel: Rel) -> Write:
        source, target, file, *props = self.packed.rels[PACKED.index(rel)]
        files = _named(self._files, file)
        columns: dict[str, Sequence[Any]] = {"source": self._ends(rel.source, source, files)}
        columns |= {"target": self._ends(rel.target, target, files), "file": files}
        for prop, values in zip(rel.props, props, strict=True):
            columns[prop.name] = _named(prop.choices, values) if prop.choices else values
        return Write(cypher.fill_rels(rel), columns)

    def _ends(self, label: str, numbers: Sequence[Any], files: list[str]) -> list[str]:
        match label:
            case "Dataset":
                return _named(self._datasets, numbers)
            case "Column":
                return _named(self._columns, numbers)
            case "Statement":
                return list(map(statement_id, files, numbers))
            case _:
                return files


def _between_columns(rel: Rel) -> bool:
    return rel.source == rel.target == "Column"


def _fields(columns: Any) -> tuple[Any, ...]:
    return tuple(getattr(columns, name) for name in columns.__struct_fields__)


def _named(names: Sequence[str], numbers: Sequence[Any]) -> list[str]:
    return [names[n] for n in numbers]


class Aside(Exception):
    """A pack cannot be written as it is."""


class Crew:
    """Threads that write the lanes of a few packs. Used by one thread: :meth:`add` for each pack, :meth:`finish`, and
    :meth:`end` whatever happened."""

    def __init__(self, filling: Filling, write: Callable[[str, Job], None]) -> None:
        """``write`` writes one lane of a job; no lane is written twice at once. Raises :class:`Aside` if the pack has to be
        written in another way, and anything else to end all."""
        self.aside: list[Pack] = []
        """Packs of which nothing, or not everything, is written."""
        self._filling = filling
        self._write = write
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Pack | Job]] = {lane: deque() for lane in LANES}
        self._busy: set[str] = set()
        self._open = 0
        self._whole = 0  # files that are written and not yet told
        self._ended = False
        self._error: BaseException | None = None
        names = (f"neo4j-{n}" for n in range(_CONNECTIONS))
        self._threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        for thread in self._threads:
            thread.start()

    def add(self, packed: Pack) -> int:
        """Take one more pack as soon as there is room. Returns how many files became whole since the last call; raises what
        ``write`` raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._error or self._open < _PACKS_AHEAD)
            told = self._told()
            self._open += 1
            self._waiting[NODES].append(packed)
            self._changed.notify_all()
            return told

    def finish(self) -> Iterator[int]:
        """Wait until all is written; files and errors as in :meth:`add`."""
        left = 1
        while left:
            with self._changed:
                self._changed.wait_for(lambda: self._error or self._whole or not self._open)
                told, left = self._told(), self._open
            yield told

    def end(self) -> None:
        """What is being written is finished, nothing else begun; idempotent."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _told(self) -> int:
        if self._error is not None:
            raise self._error
        files, self._whole = self._whole, 0
        return files

    def _work(self) -> None:
        try:
            while (found := self._next()) is not None:
                lane, taken = found
                job = taken if isinstance(taken, Job) else self._filling.job(taken)
                try:
                    if not job.aside:
                        self._write(lane, job)
                except Aside:
                    job.aside = True
                self._done(lane, job)
        except BaseException as error:  # the caller's thread raises it
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _next(self) -> tuple[str, Pack | Job] | None:
        with self._changed:
            while not self._ended and self._error is None:
                for lane in LANES:
                    if self._waiting[lane] and lane not in self._busy:
                        self._busy.add(lane)
                        return lane, self._waiting[lane].popleft()
                self._changed.wait()
            return None

    def _done(self, lane: str, job: Job) -> None:
        with self._changed:
            self._busy.discard(lane)
            if lane == NODES and not job.aside:
                self._waiting[COLUMNS].append(job)
                self._waiting[DATASETS].append(job)
            else:
                job.left -= 1
                if lane == NODES or not job.left:
                    self._close(job)
            self._changed.notify_all()

    def _close(self, job: Job) -> None:
        self._open -= 1
        if job.aside:
            self.aside.append(job.packed)
        else:
            self._whole += len(job.packed.files.path)
