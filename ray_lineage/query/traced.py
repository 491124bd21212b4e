"""A walk in numbers: what has to be known of all of it to draw a part of it. What is said of an edge is looked up when it is
drawn.

A node's number is its place among the names of the answer by name, so that numbers are in the order of names.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ray_lineage.graph.store import Direction
from ray_lineage.model import split_column
from ray_lineage.query.walk import Step, Walk


class Evidence(NamedTuple):
    """What is said of an edge that values flow along, or that is between datasets."""

    how: str
    certainty: str
    file: str
    line: int


class Shaping(NamedTuple):
    """What is said of an edge that shapes rows. ``other``: upstream the dataset whose rows these are, downstream the column that
    shapes them or the dataset that stands for it. ``way``: equal where both ends of two edges are."""

    other: int
    way: object
    how: str
    file: str
    line: int


class Traced(ABC):
    """One walk."""

    root: str
    """Its name."""
    kind: str
    direction: Direction
    level: str
    cut: bool
    project: str
    names: Sequence[str]
    """By number; sorted."""
    at: list[int]
    """By number, the distance: of starts 0, of what is no node of the answer -1."""
    nodes: list[int]
    """Those that are reached, and not where it starts."""
    starts: list[int]
    shaping: set[int]
    """Nodes that no values lead to."""
    datasets: set[int]
    """Nodes of a walk over columns that are datasets, and stand for all of their columns."""
    pairs: list[int]
    """Edges of values, each once, as ``near * len(names) + far``; sorted."""
    sections: list[tuple[int, int]]
    """What shapes rows, with the distance at which it does first; sorted."""
    edges: int
    """How many there are of values only, by their ends."""

    @abstractmethod
    def said(self, number: int) -> str:
        """The name as it is written."""

    @property
    @abstractmethod
    def root_said(self) -> str:
        """The root's."""

    @abstractmethod
    def owner(self, number: int) -> int:
        """The dataset of a column, if it is a node that stands for its columns; -1: it is not."""

    @abstractmethod
    def evidence(self, near: int) -> Mapping[int, Sequence[Evidence]]:
        """Edges of values of a near end, by far end."""

    @abstractmethod
    def shaped(self, far: int) -> Sequence[Shaping]:
        """Edges of one that shapes rows; first those that do at the smallest distance, then by name."""

    @abstractmethod
    def load(self) -> None:
        """All of it is going to be asked for."""

    @abstractmethod
    def walk(self) -> Walk:
        """In words."""


class OfWalk(Traced):
    """Made from a walk in words."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self.root, self.kind, self.direction, self.level = walk.root, walk.kind, walk.direction, walk.level
        self.cut, self.project = walk.cut, walk.project
        starts = walk.starts or [walk.root]
        self._distance = {**walk.nodes, **dict.fromkeys(starts, 0)}
        self._standing = frozenset(walk.datasets)
        shapes = [s for s in walk.steps if s.shapes]
        flows = [(self._near(s), self._far(s), s) for s in walk.steps if not s.shapes]
        named = {walk.root, *self._distance, *(n for near, far, _ in flows for n in (near, far))}
        named.update(name for s in shapes for name in (s.source, s.target))
        self.names = sorted(named)
        self._number = {name: number for number, name in enumerate(self.names)}
        self.at = [self._distance.get(name, -1) for name in self.names]
        self.starts = self._numbers(starts)
        self.nodes = self._numbers(walk.nodes)
        self.shaping = set(self._numbers(walk.shaping))
        self.datasets = set(self._numbers(walk.datasets))
        self.edges = _edges(walk)
        self._sort_in(flows, shapes)

    def _numbers(self, names: Iterable[str]) -> list[int]:
        return [self._number[name] for name in names]

    def _far(self, step: Step) -> str:
        return step.source if self.direction == "upstream" else step.target

    def _near(self, step: Step) -> str:
        """The node that an edge begins at: a column, or the dataset that stands for it."""
        name = step.target if self.direction == "upstream" else step.source
        at = step.distance - 1
        if self._standing and self._distance.get(name) != at:
            owner = split_column(name)[0]
            if owner in self._standing and (self._distance.get(owner) == at or name not in self._distance):
                return owner
        return name

    def _sort_in(self, flows: Sequence[tuple[str, str, Step]], shapes: Sequence[Step]) -> None:
        self._evidence: dict[int, dict[int, list[Evidence]]] = {}
        for near, far, s in flows:
            fars = self._evidence.setdefault(self._number[near], {})
            fars.setdefault(self._number[far], []).append(Evidence(s.how, s.certainty, s.file, s.line))
        self.pairs = sorted(near * len(self.names) + far for near, fars in self._evidence.items() for far in fars)
        self._shaped: dict[int, list[Shaping]] = {}
        first: dict[int, int] = {}
        for s in shapes:
            number = self._number[self._far(s)]
            first.setdefault(number, s.distance)
            other = s.target if self.direction == "upstream" else self._near(s)
            said = Shaping(self._number[other], (s.source, s.target), s.how, s.file, s.line)
            self._shaped.setdefault(number, []).append(said)
        self.sections = sorted((at, far) for far, at in first.items())

    def said(self, number: int) -> str:
        """See :meth:`Traced.said`."""
        return self._walk.said(self.names[number])

    @property
    def root_said(self) -> str:
        """See :meth:`Traced.root_said`."""
        return self._walk.said(self.root)

    def owner(self, number: int) -> int:
        """See :meth:`Traced.owner`."""
        name = split_column(self.names[number])[0] if self._standing else ""
        return self._number[name] if name in self._standing else -1

    def evidence(self, near: int) -> Mapping[int, Sequence[Evidence]]:
        """See :meth:`Traced.evidence`."""
        return self._evidence.get(near, {})

    def shaped(self, far: int) -> Sequence[Shaping]:
        """See :meth:`Traced.shaped`."""
        return self._shaped[far]

    def load(self) -> None:
        """See :meth:`Traced.load`. It is there."""

    def walk(self) -> Walk:
        """See :meth:`Traced.walk`."""
        return self._walk


def _edges(walk: Walk) -> int:
    shaping, starts = set(walk.shaping), set(walk.starts)

    def by_values(near: str) -> bool:
        return near in starts or (near in walk.nodes and near not in shaping)

    upstream = walk.direction == "upstream"
    return len(
        {(s.source, s.target) for s in walk.steps if not s.shapes and by_values(s.target if upstream else s.source)}
    )
