"""A walk over the embedded graph in numbers, for answers that hold much of it: the same as :func:`.walk.in_words` finds, in a tenth
of its time.

Ends of edges are read for the nodes at hand, or all at once when many have been asked for: reading all is 16 times as fast an
edge, and what is read is at most 16 times what was asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ray_lineage.graph.numbers import NumberedEdge, Numbers
from ray_lineage.graph.store import Direction, GraphStore
from ray_lineage.model import Row, quote_part
from ray_lineage.query.traced import Evidence, Shaping, Traced
from ray_lineage.query.walk import MAX_NODES, PROGRAMS, SCHEMA, Question, Step, Walk

_SHARE: Final = 16


class TooMany(Exception):
    """More nodes are reached than an answer may have."""


class _Ends:
    """What numbers lead to, read when it is asked for."""

    def __init__(self, read: Callable[[Sequence[int] | None], Iterable[tuple[int, int]]], amount: int) -> None:
        self._read, self._amount = read, amount
        self._asked: set[int] = set()
        self._has_all = False
        self.of: defaultdict[int, list[int]] = defaultdict(list)

    def load(self, numbers: Iterable[int]) -> None:
        """These are asked for next."""
        if self._has_all:
            return
        new = set(numbers) - self._asked
        self._asked |= new
        self._has_all = len(self._asked) * _SHARE > self._amount
        if self._has_all:
            self.of.clear()
        elif not new:
            return
        of = self.of
        for number, other in self._read(None if self._has_all else list(new)):
            of[number].append(other)


class _Level(NamedTuple):
    """What was looked at for one distance: nodes that values flow on from, and what rows are looked for of."""

    distance: int
    values: list[int]
    rows: list[int]


class Search:
    """See :class:`ray_lineage.query.walk._Search`. A node is the number of a column or, of a dataset that stands for all of its
    columns, the negative of its number; in a walk over datasets the number of one."""

    def __init__(self, numbers: Numbers, direction: Direction, most: int, *, tables: bool = False) -> None:
        self.numbers, self.tables = numbers, tables
        self.flows = "FEEDS" if tables else "FLOWS_TO"
        self.downstream, self._most = direction == "downstream", most
        self.at: dict[int, int] = {}
        self.shaping: set[int] = set()
        self.datasets: set[int] = set()
        self.levels: list[_Level] = []
        self.values: defaultdict[int, list[int]] = defaultdict(list)
        """By node the far ends of its values' edges; of a dataset, those of columns of which it was found first."""
        self.drawn: dict[int, int] = {}
        """Columns, and the node that their values' edges begin at."""
        self.shaped: dict[int, int] = {}
        """What rows were looked for of (upstream datasets, downstream columns), and the node that they are drawn at."""
        self.shapes: defaultdict[int, dict[int, int]] = defaultdict(dict)
        """By far end the near ends, as in ``shaped``, of edges that shape rows, and the distance."""
        self._members: dict[int, list[int]] = {}
        columns = numbers.amount("Column")
        self._flows = self._ends(self.flows)
        self._influences = self._ends("INFLUENCES")
        self._owners = _Ends(numbers.owners, columns)
        self._stars = _Ends(numbers.stars, columns)

    def _ends(self, rel: str) -> _Ends:
        return _Ends(lambda keys: self.numbers.ends(rel, self.downstream, keys), self.numbers.amount(rel))

    def run(self, starts: Sequence[int], depth: int | None, *, influences: bool) -> None:
        """Walk. Raises TooMany."""
        self.at = dict.fromkeys(starts, 0)
        self._along_values(depth)
        if influences and not self.tables:
            self._along_rows(depth)

    def _along_values(self, depth: int | None) -> None:
        distance, frontier = 0, list(self.at)
        while frontier and (depth is None or distance < depth):
            distance += 1
            columns = self._columns_of(frontier)
            self.levels.append(_Level(distance, columns, []))
            frontier = self._take(distance, columns)

    def _along_rows(self, depth: int | None) -> None:
        by_distance: dict[int, list[int]] = {}
        for node, at in self.at.items():
            by_distance.setdefault(at, []).append(node)
        distance, fresh, last = 0, list[int](), max(by_distance, default=-1)
        while fresh or distance <= last:
            if depth is not None and distance >= depth:
                return
            distance += 1
            columns = self._columns_of(fresh)
            rows = self._rows_of([*by_distance.get(distance - 1, ()), *fresh])
            self.levels.append(_Level(distance, columns, rows))
            fresh = [*self._take(distance, columns), *self._take_rows(distance, rows)]
            self.shaping.update(fresh)

    def _columns_of(self, frontier: Sequence[int]) -> list[int]:
        """The columns of nodes whose values' edges are not taken yet; of a column that is a node itself it is that one's."""
        columns = []
        for column, node in self._with_nodes(frontier):
            if column not in self.drawn:
                self.drawn[column] = node
                columns.append(column)
        return columns

    def _with_nodes(self, frontier: Sequence[int]) -> Iterable[tuple[int, int]]:
        for node in frontier:
            if node > 0:
                yield node, node
        for node in frontier:
            if node < 0:
                for column in self.members(node):
                    yield column, node

    def members(self, node: int) -> list[int]:
        """The columns of a dataset that stands for them."""
        if node not in self._members:
            self._members[node] = self.numbers.columns_of(-node)
        return self._members[node]

    def _rows_of(self, frontier: Sequence[int]) -> list[int]:
        """What shapes rows is looked for of these next: of the datasets of nodes upstream, of their columns downstream."""
        if self.downstream:
            found = self._with_nodes(frontier)
        else:
            self._owners.load(frontier)
            found = ((self._owners.of[node][0], node) for node in frontier)
        new = []
        for number, node in found:
            if number not in self.shaped:
                self.shaped[number] = node
                new.append(number)
        return new

    def _take(self, distance: int, columns: Sequence[int]) -> list[int]:
        """The nodes that are new."""
        stars = self.stars(columns)
        self._flows.load([*columns, *stars.values()])
        at, values, drawn, flows, fresh = self.at, self.values, self.drawn, self._flows.of, list[int]()
        for column in columns:
            fars = flows[column]
            if column in stars:
                fars = [*fars, *flows[stars[column]]]
            if not fars:
                continue
            values[drawn[column]] += fars
            for far in fars:
                if far not in at:
                    at[far] = distance
                    fresh.append(far)
        return self._checked(fresh)

    def stars(self, columns: Sequence[int]) -> dict[int, int]:
        """Columns of datasets whose columns could not all be listed, and the one that stands for any of them."""
        if self.tables:
            return {}
        self._owners.load(columns)
        owner = self._owners.of
        self._stars.load({owner[column][0] for column in columns})
        stars = {dataset: columns[0] for dataset, columns in self._stars.of.items() if columns}
        if not stars:
            return {}
        found = ((column, stars.get(owner[column][0], column)) for column in columns)
        return {column: star for column, star in found if star != column}

    def owner(self, column: int) -> int:
        """The dataset of a column."""
        self._owners.load((column,))
        return self._owners.of[column][0]

    def _take_rows(self, distance: int, rows: Sequence[int]) -> list[int]:
        self._influences.load(rows)
        at, influences, fresh = self.at, self._influences.of, list[int]()
        for near in rows:
            for other in influences[near]:
                far = -other if self.downstream else other
                self.shapes[far].setdefault(near, distance)
                if far not in at:
                    at[far] = distance
                    fresh.append(far)
        if self.downstream:
            self.datasets.update(fresh)
        return self._checked(fresh)

    def _checked(self, fresh: list[int]) -> list[int]:
        if len(self.at) > self._most:
            raise TooMany
        return fresh


class _Said:
    """What is said of edges of one type, by near end."""

    def __init__(self, numbers: Numbers, rel: str, downstream: bool) -> None:
        self._numbers, self._rel, self._downstream = numbers, rel, downstream
        self._of: dict[int, list[NumberedEdge]] = {}

    def load(self, near: Iterable[int]) -> None:
        """These are asked for next."""
        of = self._of
        new = [n for n in near if n not in of]
        if not new:
            return
        of.update((n, []) for n in new)
        is_most = len(new) * _SHARE > self._numbers.amount(self._rel)
        for edge in self._numbers.edges(self._rel, self._downstream, None if is_most else new):
            if edge.near in of:
                of[edge.near].append(edge)

    def of(self, near: int) -> list[NumberedEdge]:
        """All edges of one."""
        found = self._of.get(near)
        if found is None:
            self.load((near,))
            found = self._of[near]
        return found


class Numbered(Traced):
    """What a search found."""

    def __init__(self, search: Search, question: Question) -> None:
        self._search, self._numbers, self._question = search, search.numbers, question
        self._root = question.root
        self.root, self.project = question.root.name, question.root.project
        self.kind, self.direction, self.level = question.kind, question.direction, question.level
        self.cut = False
        self._written: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._flows = _Said(self._numbers, search.flows, search.downstream)
        self._influences = _Said(self._numbers, "INFLUENCES", search.downstream)
        self._stars: dict[int, int] | None = None
        self._drawn_at: dict[int, list[int]] = {}
        self._evidence: dict[int, dict[int, list[Evidence]]] = {}
        self._number_nodes()

    def _number_nodes(self) -> None:
        found = self._search
        named = list(found.at)
        if not found.downstream:  # the datasets whose rows are shaped are named, too
            named += [-dataset for dataset in {near for nears in found.shapes.values() for near in nears}]
        names = self._named(named)
        self._nodes = sorted(named, key=names.__getitem__)
        self.names = [names[node] for node in self._nodes]
        number = self._number = {node: n for n, node in enumerate(self._nodes)}
        self.at = [found.at.get(node, -1) for node in self._nodes]
        self.starts = [n for n, at in enumerate(self.at) if not at]
        self.nodes = [n for n, at in enumerate(self.at) if at > 0]
        self.shaping = {number[node] for node in found.shaping}
        self.datasets = {number[node] for node in found.datasets}
        size = len(named)
        self.pairs = sorted({number[n] * size + number[far] for n, fars in found.values.items() for far in fars})
        self.edges = self._count_edges(size)
        self.sections = sorted((min(nears.values()), number[far]) for far, nears in found.shapes.items())

    def _count_edges(self, size: int) -> int:
        """Those that begin at a node that values lead to; a dataset may stand for such a column, too."""
        found = self._search
        by_values = [at >= 0 and n not in self.shaping for n, at in enumerate(self.at)]
        edges = sum(1 for pair in self.pairs if by_values[pair // size])
        if found.datasets:
            standing = [c for c, node in found.drawn.items() if node < 0 and c in found.at and c not in found.shaping]
            edges += len({(e.near, e.far) for e in self._flowing(standing)})
        return edges

    # ------------------------------------------------------------------ names

    def _named(self, nodes: Sequence[int]) -> dict[int, str]:
        """Names of nodes that were not asked for before, too."""
        new = [node for node in nodes if node not in self._names]
        if self._search.tables:
            for key, name, display in self._rows(self._numbers.datasets, new, "Dataset"):
                self._note(key, name, display or name)
            return self._names
        columns = self._rows(self._numbers.columns, [n for n in new if n > 0], "Column")
        owners = sorted({row[1] for row in columns} | {-n for n in new if n < 0})
        datasets = {row[0]: (row[1], row[2] or row[1]) for row in self._rows(self._numbers.datasets, owners, "Dataset")}
        for key, owner, name, display in columns:
            dataset, written = datasets[owner]
            self._note(key, f"{dataset}.{quote_part(name)}", f"{written}.{quote_part(display or name)}")
        for node in new:
            if node < 0:
                self._note(node, *datasets[-node])
        return self._names

    def _rows(self, read: Callable[[Sequence[int] | None], list[Row]], keys: Sequence[int], label: str) -> list[Row]:
        if not keys:
            return []
        if len(keys) * _SHARE <= self._numbers.amount(label):
            return read(keys)
        wanted = set(keys)
        return [row for row in read(None) if row[0] in wanted]

    def _note(self, node: int, name: str, written: str) -> None:
        self._names[node] = name
        if written != name:
            self._written[node] = written

    def said(self, number: int) -> str:
        """See :meth:`Traced.said`."""
        return self._written.get(self._nodes[number], self.names[number])

    @property
    def root_said(self) -> str:
        """See :meth:`Traced.root_said`."""
        (found,) = self._numbers.datasets([self._numbers.dataset(self.project, self._root.dataset)])
        if self._root.column is None:
            return str(found[2] or found[1])
        return self.said(self.starts[0])

    def owner(self, number: int) -> int:
        """See :meth:`Traced.owner`."""
        node = self._nodes[number]
        return self._number.get(-self._search.owner(node), -1) if self.datasets and node > 0 else -1

    # ------------------------------------------------------------------ what is said of edges

    def load(self) -> None:
        """See :meth:`Traced.load`."""
        found = self._search
        self._stars = found.stars(list(found.drawn))
        self._flows.load([*found.drawn, *self._stars.values()])
        self._influences.load(found.shaped)

    def evidence(self, near: int) -> Mapping[int, Sequence[Evidence]]:
        """See :meth:`Traced.evidence`."""
        said = self._evidence.get(near)
        if said is None:
            said = self._evidence[near] = self._read_evidence(self._nodes[near])
        return said

    def _read_evidence(self, node: int) -> dict[int, list[Evidence]]:
        if node not in self._search.values:
            return {}
        columns = [node] if node > 0 else self._columns_drawn_at(node)
        said: dict[int, list[Evidence]] = {}
        number, files = self._number, self._numbers.files
        for _, far, file, _, line, how, certainty in self._flowing(columns):
            said.setdefault(number[far], []).append(Evidence(how, certainty, files[file].file, line))
        return said

    def _columns_drawn_at(self, dataset: int) -> list[int]:
        if not self._drawn_at:
            for column, node in self._search.drawn.items():
                self._drawn_at.setdefault(node, []).append(column)
        return self._drawn_at[dataset]

    def _flowing(self, columns: Sequence[int]) -> Iterable[NumberedEdge]:
        """The edges of values of near ends, each once. What goes through a star may be of any column."""
        stars = self._search.stars(columns) if self._stars is None else self._stars
        if self._stars is None:
            self._flows.load([*columns, *stars.values()])
        for column in columns:
            edges = self._flows.of(column)
            if column in stars:
                more = self._flows.of(stars[column])
                edges = [*edges, *(e._replace(near=column, certainty="possible") for e in more)]
            yield from edges if len(edges) < 2 else _each_once(edges)

    def shaped(self, far: int) -> Sequence[Shaping]:
        """See :meth:`Traced.shaped`."""
        node = self._nodes[far]
        found = self._search
        nears, other = found.shapes[node], abs(node)
        if len(nears) > 1:
            self._influences.load(nears)
        edges = [e for near in nears for e in self._influences.of(near) if e.far == other]
        if len(edges) > 1:
            names = self._ranks(nears)
            edges = sorted(_each_once(edges), key=lambda e: (nears[e.near], names[e.near], *self._order(e)[2:]))
        return [self._shaping(e) for e in edges]

    def _ranks(self, nears: Iterable[int]) -> Mapping[int, str | int]:
        """What sorts near ends by name."""
        if self._search.downstream:
            return self._named(list(nears))
        return {dataset: self._number[-dataset] for dataset in nears}

    def _named_nears(self, nears: Iterable[int]) -> Mapping[int, str]:
        if self._search.downstream:
            return self._named(list(nears))
        names = self._named([-dataset for dataset in nears])
        return {dataset: names[-dataset] for dataset in nears}

    def _shaping(self, edge: NumberedEdge) -> Shaping:
        drawn = self._search.shaped[edge.near] if self._search.downstream else -edge.near
        return Shaping(self._number[drawn], edge.near, edge.how, self._numbers.files[edge.file].file, edge.line)

    def _order(self, edge: NumberedEdge) -> tuple[int, int, str, int, int, str, str]:
        """As edges are sorted, but for the names of their ends."""
        return (
            edge.near,
            edge.far,
            self._numbers.files[edge.file].path,
            edge.statement,
            edge.line,
            edge.how,
            edge.certainty,
        )

    # ------------------------------------------------------------------ in words

    def walk(self) -> Walk:
        """See :meth:`Traced.walk`."""
        self.load()
        steps = [step for level in self._search.levels for step in self._steps(level)]
        nodes: dict[str, int] = {}
        distances = {name: at for name, at in zip(self.names, self.at, strict=True) if at > 0}
        for step in steps:
            far = step.source if self.direction == "upstream" else step.target
            if far in distances:
                nodes.setdefault(far, distances[far])
        return Walk(
            SCHEMA, self.root, self.direction, self.level, nodes, steps, self.cut,
            self._sorted_names(self.shaping), self._sorted_names(self.datasets), self._sorted_names(self.starts),
            self.kind, self.project, self._question.depth, self._display(),
        )  # fmt: skip

    def _steps(self, level: _Level) -> list[Step]:
        flows, rows = list(self._flowing(level.values)), self._shaping_rows(level.rows)
        names = self._named([*level.values, *(e.far for e in flows)])
        ends = [(names[e.near], names[e.far], e) for e in flows]
        nears = self._named_nears({e.near for e in rows})
        sign = -1 if self._search.downstream else 1
        ends += [(nears[e.near], names[sign * e.far], e) for e in rows]
        if not self._search.downstream:
            ends = [(far, near, e) for near, far, e in ends]
        ends.sort(key=lambda end: (end[0], end[1], *self._order(end[2])[2:]))
        files = self._numbers.files
        return [
            Step(level.distance, source, target, e.how, e.certainty, files[e.file].file, e.line)
            for source, target, e in ends
        ]

    def _shaping_rows(self, nears: Sequence[int]) -> list[NumberedEdge]:
        return [edge for near in nears for edge in _each_once(self._influences.of(near))]

    def _sorted_names(self, numbers: Iterable[int]) -> list[str]:
        return [self.names[number] for number in sorted(numbers)]

    def _display(self) -> dict[str, str]:
        found = {self._names[node]: written for node, written in self._written.items()}
        dataset = self._numbers.datasets([self._numbers.dataset(self.project, self._root.dataset)])
        return found | {name: display for _, name, display in dataset if display}


def _each_once(edges: Sequence[NumberedEdge]) -> list[NumberedEdge]:
    """Of edges of one statement that say the same the one that is written first."""
    found: dict[tuple[int, int, str, int, int], NumberedEdge] = {}
    for edge in edges:
        key = (edge.near, edge.far, edge.how, edge.file, edge.statement)
        other = found.get(key)
        if other is None or (edge.line, edge.certainty) < (other.line, other.certainty):
            found[key] = edge
    return list(found.values())


def numbered(store: GraphStore, question: Question) -> Numbered | None:
    """A walk, of a store that can be asked in numbers. It reads from it as long as it is asked, of one state of it. None for
    what :func:`ray_lineage.query.walk.in_words` has to answer: another store; what a program reads and writes; more than
    ``MAX_NODES`` nodes, where the order of names says which are left out."""
    numbers, root = store.numbers, question.root
    tables = question.level == "table"
    if numbers is None or (tables and question.kind in PROGRAMS):
        return None
    dataset = numbers.dataset(root.project, root.dataset)
    starts = [dataset]
    if not tables:
        starts = numbers.columns_of(dataset) if root.column is None else [numbers.column(dataset, root.column)]
    search = Search(numbers, question.direction, MAX_NODES, tables=tables)
    try:
        search.run(starts, question.depth, influences=question.influences)
    except TooMany:
        return None
    return Numbered(search, question)
