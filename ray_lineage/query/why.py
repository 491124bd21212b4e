"""Why one name depends on another: the statements behind an edge, and the shortest ways where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from ray_lineage.frames import Link, Linked, Table, table_of
from ray_lineage.graph.store import Edge, GraphStore
from ray_lineage.model import STAR, Diagnostic, FileDiagnostic, Row, column_id, dataset_id
from ray_lineage.query.walk import (
    Direction,
    Found,
    Step,
    origins,
    resolve,
    spelled,
    step_links,
    through_stars,
    within,
)

SCHEMA: Final = 1
_diagnostics = msgspec.json.Decoder(list[Diagnostic])


class Evidence(msgspec.Struct, frozen=True):
    """One edge and its statement. ``how`` is empty between datasets; ``sql`` is the beginning of the statement on one line, its
    literals as ``?``. Of what is only possible, ``candidates`` are the other datasets that the statement reads, whose column it
    may be. ``sha256`` is of the file; empty: what was read is another one, that was made of it."""

    source: str
    target: str
    how: str
    certainty: str
    expression: str
    file: str
    line: int
    first_line: int
    last_line: int
    kind: str
    program: str
    sql: str
    sha256: str
    candidates: list[str]
    diagnostics: list[FileDiagnostic]


class _Spelled(msgspec.Struct, frozen=True):
    """``display``: names of the answer as they are written, where letters' case differs."""

    def said(self, name: str) -> str:
        """A name of it as it is written."""
        display: dict[str, str] = getattr(self, "display", {})
        return display.get(name, name)


class Why(_Spelled, Linked, frozen=True):
    """All edges from one to the other; none: there is no edge, though there may be a way (see :func:`path`)."""

    schema: int
    project: str
    source: str
    target: str
    evidence: list[Evidence]
    display: dict[str, str] = {}

    def table(self) -> Table:
        """Its evidence."""
        return table_of(Evidence, self.evidence)

    def nodes_and_links(self) -> tuple[Mapping[str, dict[str, Any]], Iterable[Link]]:
        """An edge for each piece of evidence, with all that it says."""
        said = msgspec.to_builtins(self.evidence)
        return {}, [Link(e.pop("source"), e.pop("target"), e) for e in said]


class Path(_Spelled, Linked, frozen=True):
    """A shortest way: the names on it and an edge for each step; of several the first by name, ``others`` counts them. Empty:
    there is none; ``reverse``: but there is one the other way round."""

    schema: int
    project: str
    source: str
    target: str
    names: list[str]
    steps: list[Step]
    others: int = 0
    reverse: bool = False
    display: dict[str, str] = {}

    def table(self) -> Table:
        """Its steps."""
        return table_of(Step, self.steps)

    def nodes_and_links(self) -> tuple[Mapping[str, dict[str, Any]], Iterable[Link]]:
        """A chain."""
        return {name: {} for name in self.names}, step_links(self.steps)


# --------------------------------------------------------------------------- why


def why(store: GraphStore, source: str, target: str, project: str | None = None) -> Why:
    """What makes ``target`` depend on ``source``, at first hand; both may be datasets or columns. Raises UsageError."""
    start, end = resolve(store, source, project), resolve(store, target, project)
    edges = list(_edges(store, start, end))
    evidence = _Evidences(store, start.project).of(edges)
    more = {dataset_id(start.project, name) for e in evidence for name in (e.program, *e.candidates) if name}
    return Why(SCHEMA, start.project, start.name, end.name, evidence, _display(store, (start, end), edges, more))


def _display(
    store: GraphStore, ends: tuple[Found, Found], edges: Sequence[tuple[str, Row]], more: Iterable[str] = ()
) -> dict[str, str]:
    """Of the ends, of edges with their kinds, and of more datasets."""
    datasets = {*(f.dataset_id for f in ends), *more}
    columns = {column_id(f.project, f.dataset, f.column) for f in ends if f.column is not None}
    for kind, row in edges:
        (datasets if kind == "FEEDS" else columns).add(row[0])
        (columns if kind == "FLOWS_TO" else datasets).add(row[1])
    return spelled(store, ends[0].project, datasets, columns)


def _edges(store: GraphStore, start: Found, end: Found) -> Iterable[tuple[str, Row]]:
    """Kind and row."""
    if start.column is None and end.column is None:
        yield from (
            ("FEEDS", r) for r in store.edges("FEEDS", [start.dataset_id], "downstream") if r[1] == end.dataset_id
        )
        return
    sources, targets = _columns(store, start), set(_columns(store, end))
    yield from (("FLOWS_TO", r) for r in store.edges("FLOWS_TO", sources, "downstream") if r[1] in targets)
    yield from (("INFLUENCES", r) for r in store.edges("INFLUENCES", sources, "downstream") if r[1] == end.dataset_id)


def _columns(store: GraphStore, found: Found) -> list[str]:
    """The column, and what stands for any of its dataset; all columns of a dataset."""
    if found.column is not None:
        return [column_id(found.project, found.dataset, name) for name in dict.fromkeys((found.column, STAR))]
    return [c["id"] for c in store.columns_of(found.dataset_id)]


class _Evidences:
    def __init__(self, store: GraphStore, project: str) -> None:
        self._store, self._project = store, project

    def of(self, edges: Sequence[tuple[str, Row]]) -> list[Evidence]:
        statements = self._store.describe(list({_statement(row) for kind, row in edges}), "Statement")
        files = self._store.describe(list({row[2] for _, row in edges}), "File")
        written = origins(self._store, files)
        reads: dict[str, list[str]] = {}
        for row in self._store.edges("READS", list(statements), "downstream"):
            reads.setdefault(row[0], []).append(row[1])
        return [
            self._one(
                kind, row, statements[_statement(row)], files[row[2]], written[row[2]], reads.get(_statement(row), [])
            )
            for kind, row in edges
        ]

    def _one(
        self, kind: str, row: Row, statement: dict[str, Any], file: dict[str, Any], written: str, reads: Sequence[str]
    ) -> Evidence:
        first, last = int(statement["first_line"] or 0), int(statement["last_line"] or 0)
        line, how, certainty, expression = _said(kind, row)
        path = within(self._project, written)
        told = [d for d in _diagnostics.decode(file["diagnostics"] or "[]") if first <= d.line <= last]
        source = within(self._project, row[0])
        owner = self._store.describe([row[0]], "Column").get(row[0], {}).get("dataset")
        possible = certainty == "possible"
        return Evidence(
            source,
            within(self._project, row[1]),
            how,
            certainty,
            expression,
            path,
            line or first,
            first,
            last,
            str(statement["kind"]),
            statement["procedure"] or "",
            statement["sql"] or "",
            str(file["sha256"]) if written == row[2] else "",
            sorted(within(self._project, r) for r in reads if r != owner) if possible else [],
            [FileDiagnostic.of(path, d) for d in told] if possible else [],
        )


def _statement(row: Row) -> str:
    return f"{row[2]}#{row[3]}"


def _said(kind: str, row: Row) -> tuple[int, str, str, str]:
    """Line, how, certainty and expression."""
    match kind:
        case "FLOWS_TO":
            return (int(row[4] or 0), row[5], row[6], row[7] or "")
        case "INFLUENCES":
            return (int(row[4] or 0), row[5], "certain", "")
    return (0, "", "certain", "")


# --------------------------------------------------------------------------- path


def path(store: GraphStore, source: str, target: str, project: str | None = None) -> Path:
    """A shortest way from one name to another: between datasets, or between columns along values; if there is none, also along
    what shapes rows. Raises UsageError."""
    start, end = resolve(store, source, project), resolve(store, target, project)
    of = start.project
    found = Path(SCHEMA, start.project, start.name, end.name, [], [])
    if start.column is None and end.column is None:
        ways: list[_Hops] = [lambda ids, direction: store.neighbours("FEEDS", ids, direction)]
        sides = ([start.dataset_id], [end.dataset_id])
    else:
        ways = [
            lambda ids, direction: _values(store, ids, direction),
            lambda ids, direction: _all(store, ids, direction),
        ]
        sides = (_columns(store, start), _columns(store, end))
    for hops in ways:
        edges, others = shortest(hops, *sides)
        if edges:
            written = origins(store, {e.file for e in edges})
            steps = [
                Step(
                    i,
                    within(of, e.source),
                    within(of, e.target),
                    e.how,
                    e.certainty,
                    within(of, written[e.file]),
                    e.line,
                )
                for i, e in enumerate(edges, 1)
            ]
            names = [steps[0].source, *(s.target for s in steps)]
            kind = "FEEDS" if len(ways) == 1 else "FLOWS_TO"
            display = _display(store, (start, end), [(kind, (e.source, e.target)) for e in edges])
            return msgspec.structs.replace(found, names=names, steps=steps, others=others, display=display)
    reverse = bool(shortest(ways[-1], *reversed(sides))[0])
    return msgspec.structs.replace(found, reverse=reverse, display=_display(store, (start, end), []))


_Hops = Callable[[list[str], Direction], list[Edge]]


def _values(store: GraphStore, ids: list[str], direction: Direction) -> list[Edge]:
    return [*store.neighbours("FLOWS_TO", ids, direction), *through_stars(store, ids, direction)]


def _all(store: GraphStore, ids: list[str], direction: Direction) -> list[Edge]:
    """What shapes a dataset's rows shapes each of its columns."""
    out = _values(store, ids, direction)
    if direction == "upstream":
        owners: dict[str, list[str]] = {}
        for identity, column in store.describe(ids, "Column").items():
            owners.setdefault(str(column["dataset"]), []).append(identity)
        shaped = store.neighbours("INFLUENCES", sorted(owners), "upstream")
        return out + [msgspec.structs.replace(e, target=c) for e in shaped for c in owners[e.target]]
    shaped = store.neighbours("INFLUENCES", ids, "downstream")
    columns = {d: [c["id"] for c in store.columns_of(d)] for d in {e.target for e in shaped}}
    return out + [msgspec.structs.replace(e, target=c) for e in shaped for c in columns[e.target]]


class _Side:
    """What was reached from one end: distances, numbers of shortest ways, and an edge by which each was reached."""

    def __init__(self, nodes: Iterable[str], direction: Direction) -> None:
        self.direction = direction
        self.frontier = list(dict.fromkeys(nodes))
        self.distance = dict.fromkeys(self.frontier, 0)
        self.ways = dict.fromkeys(self.frontier, 1)
        self.edge: dict[str, Edge] = {}
        self.depth = 0

    def grow(self, hops: _Hops) -> None:
        self.depth += 1
        reached: dict[str, set[str]] = {}
        for edge in sorted(hops(self.frontier, self.direction)):
            near, far = (edge.source, edge.target) if self.direction == "downstream" else (edge.target, edge.source)
            if self.distance.get(far, self.depth) == self.depth and self.distance.get(near) == self.depth - 1:
                if far not in self.distance:
                    self.distance[far] = self.depth
                    self.edge[far] = edge
                reached.setdefault(far, set()).add(near)
        for far, nears in reached.items():
            self.ways[far] = sum(self.ways[near] for near in nears)
        self.frontier = list(reached)

    def trail(self, node: str) -> list[Edge]:
        """From the node to the end."""
        out = []
        while node in self.edge:
            out.append(self.edge[node])
            node = self.edge[node].source if self.direction == "downstream" else self.edge[node].target
        return out


def shortest(hops: _Hops, sources: Sequence[str], targets: Sequence[str]) -> tuple[list[Edge], int]:
    """A shortest chain of at least one edge from any of some nodes to any of others, and how many more are as short. Breadth
    first from both ends, the smaller frontier first. Pure but for ``hops``."""
    down, up = _Side(sources, "downstream"), _Side(targets, "upstream")
    if set(sources) & set(targets):
        return [], 0
    while down.frontier and up.frontier:
        side = down if len(down.frontier) <= len(up.frontier) else up
        side.grow(hops)
        met = [n for n in down.frontier if up.distance.get(n) == up.depth]
        if met:
            ways = sum(down.ways[n] * up.ways[n] for n in met)
            middle = min(met)
            return [*reversed(down.trail(middle)), *up.trail(middle)], ways - 1
    return [], 0
