"""Very many rows at once into the embedded store: a file's own rows go to disk as they come, what files share is gathered
until the last of them is known, and then all is copied. No shared node is written twice, and no row is looked for.

What replaces a good part of a store is put together with the rows that stay, into a file that takes the place of the old
one (:meth:`Bulk.keep`): the engine copies a row in a tenth of the time in which it finds, deletes and creates one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

import msgspec

from ray_lineage.graph import cypher
from ray_lineage.graph.base import column_rows, dataset_rows
from ray_lineage.graph.delta import Batch, Places, anchors
from ray_lineage.graph.schema import COLUMN, DATASET, FILE, HAS_COLUMN, RELS, STATEMENT, Node, Rel
from ray_lineage.graph.spools import Spools
from ray_lineage.model import Row

_MOST_PLACES: Final = 500  # of a file that is looked up: 0.1 ms each
Parts = Callable[[Node | Rel], Iterator[Sequence[Row]]]
"""All rows of a table of the store, a part at a time; those of files with their anchors."""


class Bulk:
    """The rows of one load. ``removed`` are ids of files that go."""

    def __init__(self, project: str, spools: Spools, removed: Collection[str] = ()) -> None:
        self._project = project
        self._spools = spools
        self._replaced = set(removed)
        self._described: dict[str, dict[str, Row]] = {n.label: {} for n in cypher.SHARED}
        self._datasets: dict[str, str] = {}
        self._columns: dict[str, tuple[str, str]] = {}

    def take(self, part: Batch) -> None:
        """What some files should have. Raises OSError on a full disk."""
        for label, found in self._described.items():
            found.update(part.nodes[label])
        self._datasets.update(part.datasets)
        self._columns.update(part.columns)
        self._replaced.update(part.files)
        places = anchors(part)
        self._spools.write("File", [(*r, places_text(places.get(i))) for i, r in part.nodes["File"].items()])
        self._spools.write("Statement", part.nodes["Statement"].values())
        for kind, rows in part.rels.items():
            self._spools.write(kind, rows)

    def keep(self, parts: Parts) -> None:
        """What the store holds of all other files, once all that replaces something was taken. Raises OSError on a full
        disk, and what ``parts`` raises."""
        mentioned: set[str] = set()
        for rel in RELS:
            for rows in parts(rel):
                stay = [r for r in rows if r[2] not in self._replaced]
                for end, label in enumerate((rel.source, rel.target)):
                    if label in self._described:
                        mentioned.update(str(r[end]) for r in stay)
                self._spools.write(rel.type, stay)
        for node, file_at in ((FILE, 0), (STATEMENT, 1)):
            for rows in parts(node):
                self._spools.write(node.label, [r for r in rows if r[file_at] not in self._replaced])
        for rows in parts(COLUMN):
            for row in rows:
                if self._stays(COLUMN, row, mentioned):
                    self._columns.setdefault(row[0], (row[1], row[2]))
                    mentioned.add(row[1])
        for rows in parts(DATASET):
            for row in rows:
                if self._stays(DATASET, row, mentioned):
                    self._datasets.setdefault(row[0], row[2])

    def _stays(self, node: Node, row: Row, mentioned: Collection[str]) -> bool:
        """Does a file that stays mention or describe a shared node? If the one that described it is replaced, it falls back
        to the defaults, unless its successor describes it."""
        owner = row[-1]
        described = owner is not None and owner not in self._replaced
        if not described and row[0] not in mentioned:
            return False
        if described or owner is None:
            self._described[node.label].setdefault(row[0], row)
        return True

    def finish(self) -> None:
        """The shared nodes. Raises OSError on a full disk."""
        datasets, columns = self._described["Dataset"], self._described["Column"]
        self._spools.write("Dataset", [datasets.get(r[0], r) for r in dataset_rows(self._project, self._datasets)])
        nodes = column_rows(self._columns)
        self._spools.write("Column", [columns.get(r[0], r) for r in nodes])
        self._spools.write(HAS_COLUMN.type, [(r[1], r[0]) for r in nodes])
        self._spools.flush()


def places_text(places: Places | None) -> str | None:
    """A file's anchors as they are stored; None if they are too many."""
    if places is None or sum(map(len, places.values())) > _MOST_PLACES:
        return None
    return msgspec.json.encode(places).decode()
