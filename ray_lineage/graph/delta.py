"""What one write changes: the rows that some files should have against the rows that the graph holds for them.

A saved file changes few of its rows, and a relationship that is deleted and made again costs more than one that is left
alone. So Neo4j is asked what it holds of the files, and the difference is written. (The embedded store does the same with
numbers: :mod:`.tables`.) Pure: no store, no clock.

A difference that is too large for one transaction is cut into pieces that may be interrupted after any of them. The first
clears the fingerprints, so that the files count as not whole; then rows are added, each together with the shared nodes
that it mentions; then rows are deleted, each together with the nodes that lost their last mention; the last piece writes
the fingerprints. Whatever piece was the last before a crash, every row in the graph is found again by its file, and every
shared node by a row or by its owner: the next difference mends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set, Sized
from typing import Any, Final

import msgspec

from ray_lineage.graph.schema import FILE, NODES, RELS, Rel
from ray_lineage.model import Contribution, Row, column_id, dataset_id, file_id

_FINGERPRINT: Final = FILE.columns.index("fingerprint")
_SHARED: Final = ("Dataset", "Column")
_REL: Final = {r.type: r for r in RELS}


class Batch:
    """The rows that some files should have. ``removed`` files should have none."""

    def __init__(self, project: str, contributions: Sequence[Contribution], removed: Sequence[str]) -> None:
        self.contributions = contributions
        self.removed = [file_id(project, p) for p in removed]
        self.files = [c.file for c in contributions] + self.removed
        self.nodes: dict[str, dict[str, Row]] = {n.label: {} for n in NODES}
        self.rels: dict[str, list[Row]] = {r.type: [] for r in RELS}
        names: dict[str, None] = {}
        pairs: dict[tuple[str, str], None] = {}
        for contribution in contributions:
            names.update(dict.fromkeys(contribution.datasets))
            pairs.update(dict.fromkeys(contribution.columns))
            for label, into in self.nodes.items():
                into.update((str(r[0]), r) for r in contribution.rows.get(label, ()))
            file = (contribution.file,)
            for kind, found in self.rels.items():
                found.extend(r[:2] + file + r[2:] for r in contribution.rows.get(kind, ()))
        self.datasets = {dataset_id(project, d): d for d in names}
        """Name by id of every dataset that a row mentions."""
        self.columns = {column_id(project, d, c): (dataset_id(project, d), c) for d, c in pairs}
        """Dataset id and name by id of every column that a row mentions."""

    @property
    def rows(self) -> int:
        """Rows of the files, shared nodes included."""
        nodes = sum(len(self.nodes[label]) for label in self.nodes if label not in _SHARED)
        return nodes + sum(map(len, self.rels.values())) + len(self.datasets) + len(self.columns)


class Stored:
    """The rows that the graph holds of some files: nodes by label and id (shared ones only where the file describes them),
    relationships by type, each with the store's handle for it (None where it has none)."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Row]] = {n.label: {} for n in NODES}
        self.rels: dict[str, dict[Row, Any]] = {r.type: {} for r in RELS}
        self.doubled: dict[str, list[tuple[Row, Any]]] = {}

    def add_rel(self, kind: str, row: Row, handle: Any = None) -> None:
        """Note a relationship; one that is there twice is noted to be deleted."""
        known = self.rels[kind]
        if row in known and handle is not None:
            self.doubled.setdefault(kind, []).append((row, handle))
        else:
            known[row] = handle


class Delta(msgspec.Struct):
    """What one transaction changes, in the order in which a store has to do it."""

    drop: dict[str, list[tuple[Row, Any]]] = {}  # relationships to delete, with their handles
    move: dict[str, list[tuple[Row, Any]]] = {}  # relationships that stay, with other properties
    gone: list[str] = []  # ids of statements to delete
    reset: dict[str, list[str]] = {}  # ids of shared nodes that their owner describes no more
    datasets: dict[str, str] = {}  # mentioned shared nodes, to be made where they are missing
    columns: dict[str, tuple[str, str]] = {}
    describe: dict[str, list[Row]] = {}  # shared nodes with their description
    files: list[Row] = []
    statements: list[Row] = []  # new ones
    changed: list[Row] = []  # statements that are there with other properties
    add: dict[str, list[Row]] = {}
    suspects: dict[str, set[str]] = {}  # ids of shared nodes that may have lost their last mention
    removed: list[str] = []

    @property
    def size(self) -> int:
        """Rows that are written or deleted."""
        lists: tuple[Sized, ...] = (
            *self.drop.values(),
            *self.move.values(),
            *self.reset.values(),
            *self.describe.values(),
            *self.add.values(),
        )
        single: tuple[Sized, ...] = (
            self.gone,
            self.datasets,
            self.columns,
            self.files,
            self.statements,
            self.changed,
            self.removed,
        )
        return sum(map(len, lists)) + sum(map(len, single))


def difference(batch: Batch, stored: Stored) -> Delta:
    """All that has to change so that the graph holds the batch."""
    builder = _Builder(batch, _there(stored))
    if any(stored.nodes.values()) or any(stored.rels.values()):
        for step in _steps(batch, stored):
            builder.take(step)
    else:
        builder.take_all()
    builder.finish(stored)
    return builder.made


def pieces(batch: Batch, stored: Stored, rows: int) -> Iterator[Delta]:
    """The same in transactions of about ``rows`` rows. (A row may bring two datasets and two columns with it.)"""
    first = _Builder(batch)
    first.made.files = [_without_fingerprint(r) for r in batch.nodes["File"].values()]
    first.made.files += [
        _without_fingerprint(r) for i, r in stored.nodes["File"].items() if i not in batch.nodes["File"]
    ]
    yield first.made
    there = _there(stored)
    piece = _Builder(batch, there)
    adding = True
    for step in sorted(_steps(batch, stored), key=_is_deletion):
        if piece.made.size >= rows or (adding and _is_deletion(step) and piece.made.size):
            yield piece.made
            piece = _Builder(batch, there)
        adding = not _is_deletion(step)
        piece.take(step)
    if piece.made.size:
        yield piece.made
    last = _Builder(batch)
    last.finish(Stored())
    yield last.made


def _there(stored: Stored) -> set[str]:
    """Ids of the nodes that must exist, because a stored row mentions them."""
    ids = {i for label in _SHARED for i in stored.nodes[label]}
    for rows in stored.rels.values():
        for row in rows:
            ids.update(row[:2])
    return ids


class _Step(msgspec.Struct, frozen=True):
    """One row's change. ``what`` is a field of :class:`Delta`, ``kind`` a label or type."""

    what: str
    kind: str
    row: Row
    handle: Any = None


def _is_deletion(step: _Step) -> bool:
    return step.what in ("drop", "gone", "reset")


def _steps(batch: Batch, stored: Stored) -> Iterator[_Step]:
    known = stored.nodes["Statement"]
    for identity, row in batch.nodes["Statement"].items():
        if identity not in known:
            yield _Step("statements", "Statement", row)
        elif known[identity] != row:
            yield _Step("changed", "Statement", row)
    for label in _SHARED:
        described = stored.nodes[label]
        for identity, row in batch.nodes[label].items():
            if described.get(identity) != row:
                yield _Step("describe", label, row)
    for kind, rows in batch.rels.items():
        yield from _rel_steps(_REL[kind], rows, stored.rels[kind])
    for kind, doubled in stored.doubled.items():
        yield from (_Step("drop", kind, r, h) for r, h in doubled)
    yield from (_Step("gone", "Statement", r) for i, r in known.items() if i not in batch.nodes["Statement"])
    for label in _SHARED:
        wanted_nodes = batch.nodes[label]
        yield from (_Step("reset", label, r) for i, r in stored.nodes[label].items() if i not in wanted_nodes)


def _rel_steps(rel: Rel, rows: Sequence[Row], there: Mapping[Row, Any]) -> Iterator[_Step]:
    """An edge whose line is another one is still the same: what else its users have written on it stays."""
    wanted = set(rows)
    left: dict[Row, list[Row]] = {}
    for row in sorted((r for r in there if r not in wanted), key=_in_order, reverse=True):
        left.setdefault(_identity(rel, row), []).append(row)
    for row in sorted((r for r in rows if r not in there), key=_in_order):
        same = left.get(_identity(rel, row))
        yield _Step("move", rel.type, row, there[same.pop()]) if same else _Step("add", rel.type, row)
    yield from (_Step("drop", rel.type, r, there[r]) for found in left.values() for r in found)


def _identity(rel: Rel, row: Row) -> Row:
    return tuple(row[place] for place in rel.identity)


def _in_order(row: Row) -> tuple[tuple[bool, Any], ...]:
    return tuple((value is not None, value) for value in row)


class _Builder:
    """Collects steps into a :class:`Delta`: what added rows mention, what deleted ones may have orphaned."""

    def __init__(self, batch: Batch, there: Set[str] = frozenset()) -> None:
        self.batch = batch
        self.there = there
        self.made = Delta(suspects={label: set() for label in _SHARED})

    def take(self, step: _Step) -> None:
        match step.what:
            case "add":
                self.made.add.setdefault(step.kind, []).append(step.row)
                self._mention_ends(_REL[step.kind], step.row)
            case "describe":
                self.made.describe.setdefault(step.kind, []).append(step.row)
                self._mention(step.kind, str(step.row[0]))
            case "statements":
                self.made.statements.append(step.row)
            case "changed":
                self.made.changed.append(step.row)
            case "move":
                self.made.move.setdefault(step.kind, []).append((step.row, step.handle))
            case "drop":
                self.made.drop.setdefault(step.kind, []).append((step.row, step.handle))
                rel = _REL[step.kind]
                self._suspect(rel.source, str(step.row[0]))
                self._suspect(rel.target, str(step.row[1]))
            case "gone":
                self.made.gone.append(str(step.row[0]))
            case _:
                self.made.reset.setdefault(step.kind, []).append(str(step.row[0]))
                self._suspect(step.kind, str(step.row[0]))

    def take_all(self) -> None:
        """Every row of the batch, as if nothing were there."""
        batch = self.batch
        self.made.statements = list(batch.nodes["Statement"].values())
        self.made.describe = {label: list(batch.nodes[label].values()) for label in _SHARED}
        self.made.add = batch.rels
        self.made.datasets, self.made.columns = batch.datasets, batch.columns

    def finish(self, stored: Stored) -> None:
        """What makes the files whole."""
        known = stored.nodes["File"]
        self.made.files = [r for i, r in self.batch.nodes["File"].items() if known.get(i) != r]
        self.made.removed = self.batch.removed

    def _mention_ends(self, rel: Rel, row: Row) -> None:
        self._mention(rel.source, str(row[0]))
        self._mention(rel.target, str(row[1]))

    def _mention(self, label: str, identity: str) -> None:
        if identity in self.there:
            return
        if label == "Column" and identity not in self.made.columns:
            self.made.columns[identity] = self.batch.columns[identity]
            self._mention("Dataset", self.batch.columns[identity][0])
        elif label == "Dataset" and identity not in self.made.datasets:
            self.made.datasets[identity] = self.batch.datasets[identity]

    def _suspect(self, label: str, identity: str) -> None:
        mentioned: Mapping[str, Any] = self.batch.columns if label == "Column" else self.batch.datasets
        if label in _SHARED and identity not in mentioned:
            self.made.suspects[label].add(identity)


def _without_fingerprint(row: Row) -> Row:
    return (*row[:_FINGERPRINT], "", *row[_FINGERPRINT + 1 :])
