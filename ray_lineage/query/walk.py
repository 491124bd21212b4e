"""Upstream and downstream of a dataset or a column: breadth first, each edge once, cycles end by themselves.

Of columns two things are told apart. **Values** flow from column to column. What **shapes rows** (a filter, a join, a group, a
sort) makes a column depend on another one whose value it does not hold: upstream, on each column that shapes its dataset;
downstream, a column shapes a dataset, and so every column of it, and what these feed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.frames import Link, Linked, Table, table_of, to_columns
from ray_lineage.graph.store import Edge, GraphStore
from ray_lineage.model import (
    INFLUENCE_KINDS,
    STAR,
    Name,
    column_id,
    container_of,
    dataset_text,
    quote_part,
    split_column,
    split_text,
)

MAX_NODES: Final = 20_000
SCHEMA: Final = 2
_NEAR: Final = 8
"""So many names are suggested."""
_TELLING: Final = 3
"""Characters that say something of the name that holds them."""
Direction = Literal["upstream", "downstream"]
Level = Literal["auto", "table", "column"]


class Step(msgspec.Struct, frozen=True):
    """One edge of the answer, at ``distance`` (from 1). Names without the project. ``how``: transformation, influence
    kind (then ``target`` is a dataset), ``reads`` or ``writes`` of a procedure, or empty between datasets. ``line`` 0: not
    known."""

    distance: int
    source: str
    target: str
    how: str
    certainty: str
    file: str
    line: int

    @property
    def shapes(self) -> bool:
        """Does it shape rows, rather than values?"""
        return self.how in INFLUENCE_KINDS


class Walk(Linked, msgspec.Struct, frozen=True):
    """The answer. ``nodes`` maps a name to its distance from the root."""

    schema: int
    root: str
    direction: Direction
    level: str
    nodes: dict[str, int]
    steps: list[Step]
    cut: bool = False
    """More than MAX_NODES nodes: the farthest are not in it."""
    shaping: list[str] = []
    """Those of the nodes that no values lead to, only what shapes rows. Downstream, a dataset among them (see ``datasets``)
    stands for all of its columns."""
    datasets: list[str] = []
    """Those of the nodes of a walk over columns that are datasets: their rows are shaped."""
    starts: list[str] = []
    """Where the walk began: the root, or the columns of it; sorted."""
    kind: str = ""
    """Of the root's dataset: ``Table``, ``View``, ``Procedure``..."""
    project: str = ""
    depth: int | None = None
    """At most so many steps were asked for."""

    display: dict[str, str] = {}
    """Names of it as they are written, where letters' case differs."""

    def said(self, name: str) -> str:
        """A name of it as it is written."""
        return self.display.get(name, name)

    @property
    def stopped(self) -> list[str]:
        """Those of the ends that are none for sure: the walk stopped there, since so many steps were asked for."""
        return [n for n in self.ends if self.depth is not None and self.nodes[n] >= self.depth]

    @property
    def ends(self) -> list[str]:
        """The nodes from which nothing goes on: sources upstream, sinks downstream; sorted."""
        near = {s.target if self.direction == "upstream" else s.source for s in self.steps if s.source != s.target}
        owners = {split_column(name)[0] for name in near} if self.datasets else set[str]()
        return sorted(n for n in self.nodes if n not in near and not (n in self.datasets and n in owners))

    def table(self) -> Table:
        """Its steps."""
        return table_of(Step, self.steps)

    def nodes_and_links(self) -> tuple[Mapping[str, dict[str, Any]], Iterable[Link]]:
        """Names have a ``distance``, and ``display``, how they are written. A dataset that stands for its columns has edges to those that are in the answer."""
        nodes = dict.fromkeys(self.starts, 0) | self.nodes
        said = {name: {"distance": at, "display": self.display.get(name, name)} for name, at in nodes.items()}
        return said, [*step_links(self.steps), *self._columns(nodes)]

    def _columns(self, nodes: Iterable[str]) -> Iterable[Link]:
        if self.level != "column":
            return ()
        shaped = {s.target for s in self.steps if s.shapes}
        named = {n for s in self.steps for n in (s.source, s.target)}
        return to_columns(shaped, {n: split_column(n)[0] for n in sorted({*nodes, *named} - shaped)})


def step_links(steps: Iterable[Step]) -> Iterable[Link]:
    """As edges."""
    for s in steps:
        yield Link(s.source, s.target, {"how": s.how, "certainty": s.certainty, "file": s.file, "line": s.line})


class Found(msgspec.Struct, frozen=True):
    """What a name means: a dataset, and maybe one of its columns."""

    project: str
    dataset: str
    dataset_id: str
    column: str | None

    @property
    def name(self) -> str:
        """Canonical text."""
        return self.dataset if self.column is None else f"{self.dataset}.{quote_part(self.column)}"


_Row = tuple[str, str]
"""Id and name of a dataset."""


def resolve(store: GraphStore, text: str, project: str | None = None) -> Found:
    """``DATASET`` or ``DATASET.COLUMN`` as people type it: any case, fewer parts than the full name.

    Raises UsageError if it is unknown (with near names) or ambiguous (with the candidates).
    """
    parts = split_text(text)
    whole = _matching(store, project, parts) or (_matching(store, project, (text,)) if len(parts) > 1 else [])
    if len(whole) == 1:
        return _found(whole[0], None)
    if len(parts) > 1:
        owners = _matching(store, project, parts[:-1])
        with_column = _having(store, owners, parts[-1])
        if not with_column:  # the one that is called exactly so may be a mere mention of a longer name
            with_column = _having(store, _fitting(store, project, parts[:-1]), parts[-1])
        if len(with_column) == 1 and not whole:
            return _found(*with_column[0])
        if len(with_column) > 1 and not whole:
            raise _ambiguous(text, [(_project(o), f"{o[1]}.{c}") for o, c in with_column])
        if owners and not whole and not with_column:
            raise _no_column(owners[0][1], parts[-1], [c["name"] for c in store.columns_of(owners[0][0])])
    if len(whole) > 1:
        raise _ambiguous(text, [(_project(w), w[1]) for w in whole])
    alike = store.similar_datasets(project, parts[-1]) if len(parts[-1]) >= _TELLING else []
    near = alike[:_NEAR] or nearest(parts, store.dataset_names(project))
    hint = f"did you mean {', '.join(near)}?" if near else "`ray_lineage find WORDS` looks for names"
    raise UsageError("RL204", f"nothing in the graph is called {text!r}", help=hint)


def _no_column(dataset: str, typed: str, names: Sequence[str]) -> UsageError:
    import difflib

    folded = {name.lower(): name for name in names}
    close = [folded[c] for c in difflib.get_close_matches(typed.lower(), folded, 3)]
    meant = f"did you mean {', '.join(close)}? " if close else ""
    listed = ", ".join(names[:20]) + (f" and {len(names) - 20:,} more" if len(names) > 20 else "")
    return UsageError(
        "RL204", f"{dataset} has no column {typed!r}", help=f"{meant}its columns: {listed or 'none known'}"
    )


def nearest(parts: Name, names: Sequence[str]) -> list[str]:
    """Datasets whose last part looks like one of the last two of what was typed, the best first: it may end in a column."""
    import difflib

    by_table: dict[str, list[str]] = {}
    for name in names:
        by_table.setdefault(split_text(name)[-1].lower(), []).append(name)
    for typed in reversed(parts[-2:]):
        close = difflib.get_close_matches(typed.lower(), by_table, _NEAR)
        if close:
            return [name for table in close for name in by_table[table]][:_NEAR]
    return []


def _found(row: _Row, column: str | None) -> Found:
    identity, name = row
    return Found(_project(row), name, identity, column)


def _project(row: _Row) -> str:
    identity, name = row
    return identity[: len(identity) - len(name) - 1]


def namesakes(store: GraphStore, found: Found) -> list[str]:
    """Of a dataset that nobody declares, other ones of its project whose names end in its name: one of them may be meant."""
    if store.describe([found.dataset_id], "Dataset").get(found.dataset_id, {}).get("declared"):
        return []
    rows = _fitting(store, found.project, split_text(found.dataset))
    return sorted(name for identity, name in rows if identity != found.dataset_id)


def _having(store: GraphStore, owners: Sequence[_Row], column: str) -> list[tuple[_Row, str]]:
    """Those that have a column of this name, and how it is written there."""
    return [(o, c) for o in owners if (c := _column(store, o[0], column)) is not None]


def _fitting(store: GraphStore, project: str | None, parts: Name) -> list[_Row]:
    wanted = tuple(p.lower() for p in parts)
    rows = store.find_datasets(project, parts[-1].lower()) or store.find_datasets(project, parts[-1])
    return [r for r in rows if tuple(p.lower() for p in split_text(r[1]))[-len(wanted) :] == wanted]


def _matching(store: GraphStore, project: str | None, parts: Name) -> list[_Row]:
    fitting = _fitting(store, project, parts)
    exact = [r for r in fitting if r[1].lower() == dataset_text(parts).lower()]
    return exact if len(exact) == 1 else fitting


def _column(store: GraphStore, dataset: str, name: str) -> str | None:
    names = [c["name"] for c in store.columns_of(dataset)]
    if name in names:
        return name
    found = next((n for n in names if n.lower() == name.lower()), None)
    # a column that only its dataset's star can stand for
    return found if found is not None or STAR not in names else STAR


def _ambiguous(text: str, found: Sequence[tuple[str, str]]) -> UsageError:
    """``found``: project and name of each."""
    projects = sorted({project for project, _ in found})
    names = sorted({name for _, name in found})
    if len(projects) > 1:
        help_ = f"say which project with --project: {', '.join(projects[:10])}"
        if len(names) > 1:
            help_ += f"; and name one of: {', '.join(names[:10])}"
    else:
        help_ = f"name one of: {', '.join(names[:10])}"
    return UsageError("RL205", f"{text!r} could be {len(found)} different things", help=help_)


class Question(msgspec.Struct, frozen=True):
    """What a walk is asked for; ``kind`` is the root's dataset's, ``level`` ``table`` or ``column``."""

    root: Found
    kind: str
    direction: Direction
    level: str
    depth: int | None
    influences: bool


def asked_for(
    store: GraphStore,
    text: str,
    direction: Direction,
    depth: int | None,
    level: Level,
    influences: bool,
    project: str | None,
) -> Question:
    """See :func:`ray_lineage.query.lineage.walk`. Raises UsageError."""
    root = resolve(store, text, project)
    kind = str(store.describe([root.dataset_id], "Dataset").get(root.dataset_id, {}).get("kind", ""))
    column = level == "column" or (level == "auto" and root.column is not None)
    return Question(root, kind, direction, "column" if column else "table", depth, influences)


def in_words(store: GraphStore, question: Question) -> Walk:
    """The walk, asked of any store."""
    root, direction, depth = question.root, question.direction, question.depth
    if question.level == "column":
        if root.column is not None:
            start = [column_id(root.project, root.dataset, root.column)]
        else:
            start = [c["id"] for c in store.columns_of(root.dataset_id)]
        found = reach(store, start, direction, depth=depth, influences=question.influences)
    else:
        first = _of_program(store, root, direction) if question.kind in PROGRAMS else []
        found = _datasets(store, [root.dataset_id], direction, depth, first)
    return _answer(store, root, direction, question.level, question.kind, found, depth)


PROGRAMS: Final = frozenset({"Procedure", "Function", "Trigger", "Module"})
"""Kinds that read and write by the statements in them."""


class Reach(msgspec.Struct):
    """What is reached from some nodes, by id: distances (0: the starts), the edges with theirs, which nodes only what shapes
    rows leads to, and which of those of a walk over columns are datasets: then each of their columns is reached."""

    nodes: dict[str, int]
    edges: list[tuple[int, Edge]]
    shaping: set[str] = msgspec.field(default_factory=set)
    datasets: set[str] = msgspec.field(default_factory=set)
    cut: bool = False


def reach(
    store: GraphStore,
    starts: Sequence[str],
    direction: Direction,
    *,
    depth: int | None = None,
    influences: bool = True,
    most: int = MAX_NODES,
) -> Reach:
    """From columns (``Column.id``), or downstream also from datasets (``Dataset.id``) whose rows change, which stand for all of
    their columns. First along values as far as they flow, then along what shapes rows of anything that was found."""
    found = _Search(store, direction, most)
    found.begin(starts)
    found.along_values(depth)
    if influences:
        found.along_rows(depth)
    return found.reach


class _Search:
    """A walk over columns."""

    def __init__(self, store: GraphStore, direction: Direction, most: int) -> None:
        self._store, self._direction, self._most = store, direction, most
        self.reach = Reach({}, [])
        self._seen: set[tuple[str, str, str, str, int]] = set()
        self._columns: dict[str, list[str]] = {}

    def begin(self, starts: Sequence[str]) -> None:
        columns = self._store.describe(starts, "Column")
        self.reach.nodes = dict.fromkeys(starts, 0)
        self.reach.datasets = {s for s in starts if s not in columns}

    def along_values(self, depth: int | None) -> None:
        distance, frontier = 0, list(self.reach.nodes)
        while frontier and (depth is None or distance < depth) and not self.reach.cut:
            distance += 1
            frontier = self._take(distance, self._values(frontier))

    def along_rows(self, depth: int | None) -> None:
        """Each node that values reached has its distance; what shapes rows is looked for from all of them."""
        by_distance: dict[int, list[str]] = {}
        for node, at in self.reach.nodes.items():
            by_distance.setdefault(at, []).append(node)
        distance, fresh = 0, list[str]()
        while (fresh or distance <= max(by_distance, default=-1)) and not self.reach.cut:
            if depth is not None and distance >= depth:
                return
            distance += 1
            edges = self._rows([*by_distance.get(distance - 1, ()), *fresh])
            fresh = self._take(distance, [*self._values(fresh), *edges])
            self.reach.shaping.update(fresh)

    def _take(self, distance: int, edges: Iterable[Edge]) -> list[str]:
        """The nodes that are new."""
        reached: list[str] = []
        for edge in sorted(edges):
            key = (edge.source, edge.target, edge.how, edge.file, edge.statement)
            if key in self._seen:
                continue
            far = edge.source if self._direction == "upstream" else edge.target
            if far not in self.reach.nodes:
                if len(self.reach.nodes) >= self._most:
                    self.reach.cut = True
                    break
                self.reach.nodes[far] = distance
                reached.append(far)
                if edge.how in INFLUENCE_KINDS and self._direction == "downstream":
                    self.reach.datasets.add(far)
            self._seen.add(key)
            self.reach.edges.append((distance, edge))
        return reached

    def _values(self, frontier: Sequence[str]) -> list[Edge]:
        ids = self._all_columns(frontier)
        return [
            *self._store.neighbours("FLOWS_TO", ids, self._direction),
            *through_stars(self._store, ids, self._direction),
        ]

    def _rows(self, frontier: Sequence[str]) -> list[Edge]:
        if self._direction == "downstream":
            return self._store.neighbours("INFLUENCES", self._all_columns(frontier), "downstream")
        datasets = sorted({split_column(node)[0] for node in frontier})
        return self._store.neighbours("INFLUENCES", datasets, "upstream")

    def _all_columns(self, frontier: Sequence[str]) -> list[str]:
        """Columns, in place of datasets all of theirs."""
        out: list[str] = []
        for node in frontier:
            if node not in self.reach.datasets:
                out.append(node)
                continue
            if node not in self._columns:
                self._columns[node] = [c["id"] for c in self._store.columns_of(node)]
            out += self._columns[node]
        return list(dict.fromkeys(out))


def _datasets(
    store: GraphStore, starts: Sequence[str], direction: Direction, depth: int | None, first: Iterable[Edge] = ()
) -> Reach:
    """A walk over datasets; ``first`` are edges of the start beside those in the graph."""
    found = _Search(store, direction, MAX_NODES)
    found.reach.nodes = dict.fromkeys(starts, 0)
    distance, frontier, more = 0, list(starts), list(first)
    while frontier and (depth is None or distance < depth) and not found.reach.cut:
        distance += 1
        frontier = found._take(distance, [*store.neighbours("FEEDS", frontier, direction), *more])
        more = []
    return found.reach


def _of_program(store: GraphStore, root: Found, direction: Direction) -> list[Edge]:
    """What the statements in a program read (upstream) or write."""
    inside = store.statements_in(root.project, root.dataset)
    described = store.describe(inside, "Statement")
    rel, how = ("READS", "reads") if direction == "upstream" else ("WRITES", "writes")
    out = []
    for statement, dataset, file in _uses(store, inside, rel):
        ends = (dataset, root.dataset_id) if direction == "upstream" else (root.dataset_id, dataset)
        said = described[statement]
        out.append(Edge(*ends, file, int(said["ordinal"]), int(said["first_line"] or 0), how, "certain"))
    return out


def _uses(store: GraphStore, statements: Sequence[str], rel: str) -> list[tuple[str, str, str]]:
    """Statement, dataset and file."""
    return [(r[0], r[1], r[2]) for r in store.edges(rel, statements, "downstream")]


def _answer(
    store: GraphStore, root: Found, direction: Direction, level: str, kind: str, found: Reach, depth: int | None
) -> Walk:
    return Walk(
        SCHEMA,
        root.name,
        direction,
        level,
        {within(root.project, node): at for node, at in found.nodes.items() if at},
        _steps(store, root, found),
        found.cut,
        sorted(within(root.project, n) for n in found.shaping),
        sorted(within(root.project, n) for n in found.datasets),
        sorted(within(root.project, node) for node, at in found.nodes.items() if not at),
        kind,
        root.project,
        depth,
        _spelled(store, root, level, found),
    )


def _spelled(store: GraphStore, root: Found, level: str, found: Reach) -> dict[str, str]:
    """Of all that the answer names."""
    named = {root.dataset_id, *found.nodes, *(end for _, e in found.edges for end in (e.source, e.target))}
    if level == "table":
        return spelled(store, root.project, named)
    datasets = {root.dataset_id, *found.datasets, *(e.target for _, e in found.edges if e.how in INFLUENCE_KINDS)}
    own = [column_id(root.project, root.dataset, root.column)] if root.column is not None else []
    return spelled(store, root.project, datasets, {*named.difference(datasets), *own})


def spelled(store: GraphStore, project: str, datasets: Iterable[str], columns: Iterable[str] = ()) -> dict[str, str]:
    """How names of datasets and columns (by ids) are written, by the names that a project says; of those where it differs."""
    found = {**store.spelled(datasets, "Dataset"), **store.spelled(columns, "Column")}
    return {within(project, identity): within(project, written) for identity, written in found.items()}


def within(project: str, identity: str) -> str:
    """A name as a project says it: what is of another one has that one's name in front."""
    return identity.removeprefix(f"{project}:")


def _steps(store: GraphStore, root: Found, found: Reach) -> list[Step]:
    written = origins(store, {e.file for _, e in found.edges})
    return [
        Step(
            at,
            within(root.project, e.source),
            within(root.project, e.target),
            e.how,
            e.certainty,
            within(root.project, written[e.file]),
            e.line,
        )
        for at, e in found.edges
    ]


def origins(store: GraphStore, files: Iterable[str]) -> dict[str, str]:
    """The file whose lines are meant, for each of these (ids, both): itself, but for those that are nodes of another file."""
    found = {file: file for file in files}
    parts = sorted(file for file in found if container_of(file))
    for part, said in (store.describe(parts, "File") if parts else {}).items():
        if said["origin"]:
            found[part] = part.removesuffix(said["path"]) + said["origin"]
    return found


def through_stars(store: GraphStore, ids: list[str], direction: Direction) -> list[Edge]:
    """Where a dataset's columns could not be listed, its ``*`` may stand for any of them."""
    stars: dict[str, list[str]] = {}
    for identity in ids:
        if not identity.endswith(f".{STAR}"):
            stars.setdefault(f"{split_column(identity)[0]}.{STAR}", []).append(identity)
    out: list[Edge] = []
    for edge in store.neighbours("FLOWS_TO", list(stars), direction):
        near = edge.target if direction == "upstream" else edge.source
        for identity in stars.get(near, ()):
            changed = {"target" if direction == "upstream" else "source": identity, "certainty": "possible"}
            out.append(msgspec.structs.replace(edge, **changed))
    return out
