"""Upstream and downstream of a dataset or a column: breadth first, each edge once, cycles end by themselves."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.graph.store import Edge, GraphStore
from ray_lineage.model import STAR, Name, column_id, dataset_text, split_text

MAX_NODES: Final = 20_000
SCHEMA: Final = 1
_NEAR: Final = 8
"""So many names are suggested."""
Direction = Literal["upstream", "downstream"]


class Step(msgspec.Struct, frozen=True):
    """One edge of the answer, at ``distance`` (from 1). Names without the project. ``how``: transformation, influence
    kind, or empty between datasets."""

    distance: int
    source: str
    target: str
    how: str
    certainty: str
    file: str
    line: int


class Walk(msgspec.Struct, frozen=True):
    """The answer. ``nodes`` maps a name to its distance from the root."""

    schema: int
    root: str
    direction: str
    level: str
    nodes: dict[str, int]
    steps: list[Step]
    cut: bool = False
    """More than MAX_NODES nodes: the farthest are not in it."""


class Found(msgspec.Struct, frozen=True):
    """What a name means: a dataset, and maybe one of its columns."""

    project: str
    dataset: str
    dataset_id: str
    column: str | None


def resolve(store: GraphStore, text: str, project: str | None = None) -> Found:
    """``DATASET`` or ``DATASET.COLUMN`` as people type it: any case, fewer parts than the full name.

    Raises UsageError if it is unknown (with near names) or ambiguous (with the candidates).
    """
    parts = split_text(text)
    whole = _matching(store, project, parts)
    if len(whole) == 1:
        return _found(whole[0], None)
    if len(parts) > 1:
        owners = _matching(store, project, parts[:-1])
        with_column = [(o, c) for o in owners if (c := _column(store, o[0], parts[-1])) is not None]
        if len(with_column) == 1 and not whole:
            return _found(*with_column[0])
        if len(with_column) > 1 and not whole:
            raise _ambiguous(text, [(_project(o), f"{o[1]}.{c}") for o, c in with_column])
        if owners and not whole and not with_column:
            names = ", ".join(c["name"] for c in store.columns_of(owners[0][0])[:20])
            raise UsageError(
                "RL204", f"{owners[0][1]} has no column {parts[-1]!r}", help=f"its columns: {names or 'none known'}"
            )
    if len(whole) > 1:
        raise _ambiguous(text, [(_project(w), w[1]) for w in whole])
    near = store.similar_datasets(project, parts[-1])[:_NEAR] or nearest(parts, store.dataset_names(project))
    hint = f"did you mean {', '.join(near)}?" if near else "`ray_lineage stats` shows what the graph holds"
    raise UsageError("RL204", f"nothing in the graph is called {text!r}", help=hint)


def nearest(parts: Name, names: Sequence[str]) -> list[str]:
    """Datasets whose last part looks like one of the last two of what was typed, the best first: it may end in a column."""
    by_table: dict[str, list[str]] = {}
    for name in names:
        by_table.setdefault(split_text(name)[-1].lower(), []).append(name)
    for typed in reversed(parts[-2:]):
        close = difflib.get_close_matches(typed.lower(), by_table, _NEAR)
        if close:
            return [name for table in close for name in by_table[table]][:_NEAR]
    return []


def _found(row: tuple[str, str], column: str | None) -> Found:
    identity, name = row
    return Found(_project(row), name, identity, column)


def _project(row: tuple[str, str]) -> str:
    identity, name = row
    return identity[: len(identity) - len(name) - 1]


def _matching(store: GraphStore, project: str | None, parts: Name) -> list[tuple[str, str]]:
    wanted = tuple(p.lower() for p in parts)
    rows = store.find_datasets(project, parts[-1].lower()) or store.find_datasets(project, parts[-1])
    fitting = [r for r in rows if tuple(p.lower() for p in split_text(r[1]))[-len(wanted) :] == wanted]
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


def walk(
    store: GraphStore,
    text: str,
    direction: Direction,
    *,
    depth: int | None = None,
    level: Literal["auto", "table", "column"] = "auto",
    influences: bool = False,
    project: str | None = None,
) -> Walk:
    """Walk the graph. ``level`` ``column`` on a dataset walks all its columns; ``influences`` adds what shapes rows."""
    root = resolve(store, text, project)
    if root.column is not None and level != "table":
        start = [column_id(root.project, root.dataset, root.column)]
        return _walk(store, root, start, direction, depth, True, influences)
    if level == "column":
        start = [c["id"] for c in store.columns_of(root.dataset_id)]
        return _walk(store, root, start, direction, depth, True, influences)
    return _walk(store, root, [root.dataset_id], direction, depth, False, influences)


def _walk(
    store: GraphStore,
    root: Found,
    start: list[str],
    direction: Direction,
    depth: int | None,
    columns: bool,
    influences: bool,
) -> Walk:
    prefix = len(root.project) + 1
    nodes: dict[str, int] = dict.fromkeys(start, 0)
    steps: dict[tuple[str, str, str, str], Step] = {}
    frontier, distance, cut = start, 0, False
    while frontier and (depth is None or distance < depth) and not cut:
        distance += 1
        reached: list[str] = []
        for edge in sorted(_edges(store, frontier, direction, columns, influences)):
            far = edge.source if direction == "upstream" else edge.target
            key = (edge.source, edge.target, edge.how, edge.file)
            if key not in steps:
                steps[key] = Step(
                    distance,
                    edge.source[prefix:],
                    edge.target[prefix:],
                    edge.how,
                    edge.certainty,
                    edge.file[prefix:],
                    edge.line,
                )
            if far not in nodes:
                if len(nodes) >= MAX_NODES:
                    cut = True
                    break
                nodes[far] = distance
                reached.append(far)
        frontier = reached
    name = root.dataset if root.column is None else f"{root.dataset}.{root.column}"
    named = {identity[prefix:]: d for identity, d in nodes.items() if d}
    return Walk(SCHEMA, name, direction, "column" if columns else "table", named, list(steps.values()), cut)


def _edges(store: GraphStore, ids: list[str], direction: Direction, columns: bool, influences: bool) -> list[Edge]:
    if not columns:
        return store.neighbours("FEEDS", ids, direction)
    edges = store.neighbours("FLOWS_TO", ids, direction)
    edges.extend(_through_stars(store, ids, direction))
    if influences:
        edges.extend(_influences(store, ids, direction))
    return edges


def _through_stars(store: GraphStore, ids: list[str], direction: Direction) -> list[Edge]:
    """Where a dataset's columns could not be listed, its ``*`` may stand for any of them."""
    known = store.describe(ids, "Column")
    stars: dict[str, list[str]] = {}
    for identity, column in known.items():
        if column["name"] != STAR:
            stars.setdefault(_star_id(identity, column["name"]), []).append(identity)
    out: list[Edge] = []
    for edge in store.neighbours("FLOWS_TO", list(stars), direction):
        near = edge.target if direction == "upstream" else edge.source
        for identity in stars.get(near, ()):
            changed = {"target" if direction == "upstream" else "source": identity, "certainty": "possible"}
            out.append(msgspec.structs.replace(edge, **changed))
    return out


def _star_id(identity: str, name: str) -> str:
    from ray_lineage.model import quote_part

    return identity[: len(identity) - len(quote_part(name))] + STAR


def _influences(store: GraphStore, ids: list[str], direction: Direction) -> list[Edge]:
    if direction == "downstream":
        return store.neighbours("INFLUENCES", ids, direction)
    datasets = sorted({str(c["dataset"]) for c in store.describe(ids, "Column").values()})
    return store.neighbours("INFLUENCES", datasets, direction)
