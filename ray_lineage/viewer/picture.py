"""What a picture shows: tables, their columns and what runs between them, with numbers instead of ids, and the part of it
around one name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from ray_lineage.graph.schema import HAS_COLUMN, NODES, RELS
from ray_lineage.graph.store import GraphStore
from ray_lineage.model import dataset_text, split_text
from ray_lineage.query.walk import resolve

Rows = Iterable[Sequence[Any]]


class Table(NamedTuple):
    """A dataset. ``file``: which one declares it, -1 if none does; ``line``: where, 0 if that is not known."""

    project: str
    schema: str
    name: str
    kind: str
    file: int
    line: int
    description: str = ""


class Column(NamedTuple):
    """The columns of a table follow one another, in its order."""

    table: int
    name: str
    type: str
    description: str = ""


class Statement(NamedTuple):
    """Where an edge is written. ``sql`` has ``?`` for literals and is cut."""

    file: int
    line: int
    kind: str
    sql: str


class Flow(NamedTuple):
    """Between columns."""

    source: int
    target: int
    statement: int
    line: int
    how: str
    certainty: str
    expression: str


class Influence(NamedTuple):
    """From a column to a table whose rows it shapes."""

    source: int
    target: int
    statement: int
    line: int
    how: str


class Feed(NamedTuple):
    """Between tables."""

    source: int
    target: int
    statement: int


class Source(NamedTuple):
    """A file. ``path`` is the one that lines are of; ``sha256`` is empty where that is not the file that was read."""

    project: str
    path: str
    sha256: str


class Picture(msgspec.Struct, frozen=True):
    """All lists in one order for equal graphs; edges by their targets, statements by file and place."""

    files: list[Source]
    statements: list[Statement]
    tables: list[Table]
    columns: list[Column]
    flows: list[Flow]
    influences: list[Influence]
    feeds: list[Feed]


class Focus(NamedTuple):
    """What a picture is about: numbers in it; ``column`` is -1 for all of the table."""

    table: int
    column: int


# --------------------------------------------------------------------------- from a store


def read_picture(store: GraphStore, projects: Sequence[str]) -> Picture:
    """All of these projects. Raises StoreUnavailable."""
    reading = _Reading(store, projects)
    return Picture(
        reading.files, reading.statements, reading.tables, reading.columns,
        sorted(reading.flows(), key=_by_target), sorted(reading.influences(), key=_by_target),
        sorted(reading.feeds(), key=_by_target),
    )  # fmt: skip


def _by_target(edge: Flow | Influence | Feed) -> tuple[Any, ...]:
    return (edge.target, edge.statement, *edge)


_FIELDS = {
    **{node.label: node.columns for node in NODES},
    **{rel.type: ("source", "target", "file", *(p.name for p in rel.props)) for rel in RELS},
    HAS_COLUMN.type: HAS_COLUMN.columns,
}


def _picked(kind: str, rows: Rows, *names: str) -> list[tuple[Any, ...]]:
    """These fields of each row."""
    places = [_FIELDS[kind].index(name) for name in names]
    return [tuple(row[place] for place in places) for row in rows]


class _Reading:
    """Rows of the store, and which number each of their ids became."""

    def __init__(self, store: GraphStore, projects: Sequence[str]) -> None:
        self._rows: Callable[[str], Rows] = lambda kind: (row for p in projects for row in store.rows(p, kind))
        self._file: dict[str, int] = {}
        self._statement: dict[str, int] = {}
        self._table: dict[str, int] = {}
        self._column: dict[str, int] = {}
        self.files = self._read_files()
        self.statements = self._read_statements()
        self.tables = self._read_tables()
        self.columns = self._read_columns()

    def _all(self, kind: str, *names: str) -> list[tuple[Any, ...]]:
        return _picked(kind, self._rows(kind), *names)

    def _read_files(self) -> list[Source]:
        rows = sorted(self._all("File", "project", "path", "sha256", "origin", "id"), key=lambda row: row[:2])
        self._file = {row[4]: number for number, row in enumerate(rows)}
        return [
            Source(project, origin or path, "" if origin else sha256 or "") for project, path, sha256, origin, _ in rows
        ]

    def _read_statements(self) -> list[Statement]:
        rows = self._all("Statement", "file", "ordinal", "id", "first_line", "kind", "sql")
        rows.sort(key=lambda row: (self._file[row[0]], row[1]))
        self._statement = {row[2]: number for number, row in enumerate(rows)}
        return [Statement(self._file[file], line or 0, kind, sql or "") for file, _, _, line, kind, sql in rows]

    def _read_tables(self) -> list[Table]:
        rows = sorted(
            self._all("Dataset", "project", "name", "kind", "owner", "id", "description", "display"),
            key=lambda row: row[:2],
        )
        schemas = _spelled_schemas((project, name, display or name) for project, name, *_, display in rows)
        self._table = {row[4]: number for number, row in enumerate(rows)}
        lines = {(file, dataset): line for file, dataset, line in self._all("DECLARES", "source", "target", "line")}
        return [
            Table(
                project,
                schemas[project, schema_and_name(name)[0]],
                schema_and_name(display or name)[1],
                kind,
                self._file.get(owner, -1),
                lines.get((owner, identity)) or 0,
                described or "",
            )
            for project, name, kind, owner, identity, described, display in rows
        ]

    def _read_columns(self) -> list[Column]:
        rows = self._all("Column", "dataset", "ordinal", "name", "type", "id", "description", "display")
        rows.sort(key=lambda row: (self._table[row[0]], row[1] is None, row[1] or 0, row[2]))
        self._column = {row[4]: number for number, row in enumerate(rows)}
        return [
            Column(self._table[dataset], display or name, type_ or "", said or "")
            for dataset, _, name, type_, _, said, display in rows
        ]

    def _at(self, file: str, ordinal: int) -> int:
        return self._statement[f"{file}#{ordinal}"]

    def flows(self) -> list[Flow]:
        names = ("source", "target", "file", "statement", "line", "transformation", "certainty", "expression")
        column = self._column
        return [
            Flow(column[a], column[b], self._at(file, n), line or 0, how, certainty, expression or "")
            for a, b, file, n, line, how, certainty, expression in self._all("FLOWS_TO", *names)
        ]

    def influences(self) -> list[Influence]:
        rows = self._all("INFLUENCES", "source", "target", "file", "statement", "line", "how")
        return [
            Influence(self._column[a], self._table[b], self._at(file, n), line or 0, how)
            for a, b, file, n, line, how in rows
        ]

    def feeds(self) -> list[Feed]:
        rows = self._all("FEEDS", "source", "target", "file", "statement")
        return [Feed(self._table[a], self._table[b], self._at(file, n)) for a, b, file, n in rows]


def _spelled_schemas(tables: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], str]:
    """Schemas as they are written, by project and name: there is one of each, of several ways the first."""
    out: dict[tuple[str, str], str] = {}
    for project, name, display in tables:
        key, written = (project, schema_and_name(name)[0]), schema_and_name(display)[0]
        out[key] = min(out.get(key, written), written)
    return out


def schema_and_name(full: str) -> tuple[str, str]:
    """What stands small above a table, and its own name."""
    parts = split_text(full)
    return (dataset_text(parts[:-1]) if len(parts) > 1 else ""), dataset_text(parts[-1:])


def shown_schema(project: str, schema: str) -> str:
    """``project``: only where a picture has several."""
    return f"{project}: {schema}" if project else schema


def shown_name(project: str, schema: str, name: str) -> str:
    """A table as pictures call it."""
    above = shown_schema(project, schema)
    return f"{above}.{name}" if above else name


def shown_project(picture: Picture) -> Callable[[str], str]:
    """The project where it has to be said: nothing if the picture has only one."""
    several = len({t.project for t in picture.tables}) > 1
    return lambda project: project if several else ""


# --------------------------------------------------------------------------- a part of it


def find_focus(store: GraphStore, picture: Picture, name: str, project: str | None) -> Focus:
    """What a name as people type it means in the picture. Raises UsageError (RL204, RL205) as the queries do."""
    found = resolve(store, name, project)
    named = [(t.project, t.schema, t.name) for t in picture.tables]
    table = _place(named, (found.project, *schema_and_name(found.dataset)))
    columns = {n: (c.name,) for n, c in enumerate(picture.columns) if c.table == table}
    at = -1 if found.column is None else _place([*columns.values()], (found.column,))
    return Focus(table, -1 if at < 0 else [*columns][at])


def _place(names: Sequence[tuple[str, ...]], wanted: tuple[str, ...]) -> int:
    """Which of the names it is: in these letters, else in others; -1: none."""
    if wanted in names:
        return names.index(wanted)
    return next((n for n, name in enumerate(names) if _folded(name) == _folded(wanted)), -1)


def _folded(name: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.lower() for part in name)


def around(picture: Picture, focus: Focus, depth: int | None) -> tuple[Picture, Focus]:
    """What the focus comes from and what it feeds, in so many steps (None: all the way), and where the focus is in that."""
    upstream, downstream = _neighbours(picture)
    kept = sorted(_reached(focus.table, upstream, depth) | _reached(focus.table, downstream, depth))
    tables = {old: new for new, old in enumerate(kept)}
    columns = {old: new for new, old in enumerate(n for n, c in enumerate(picture.columns) if c.table in tables)}
    return _only(picture, tables, columns), Focus(tables[focus.table], columns.get(focus.column, -1))


def table_pairs(picture: Picture) -> list[tuple[int, int]]:
    """Which table feeds which, once each, whether columns say so or only tables; in order."""
    pairs = {(feed.source, feed.target) for feed in picture.feeds}
    pairs.update((picture.columns[f.source].table, picture.columns[f.target].table) for f in picture.flows)
    return sorted(pairs)


def _neighbours(picture: Picture) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    upstream: dict[int, list[int]] = {}
    downstream: dict[int, list[int]] = {}
    for source, target in table_pairs(picture):
        upstream.setdefault(target, []).append(source)
        downstream.setdefault(source, []).append(target)
    return upstream, downstream


def _reached(start: int, neighbours: dict[int, list[int]], depth: int | None) -> set[int]:
    seen, rim = {start}, {start}
    while rim and (depth is None or depth > 0):
        rim = {far for near in rim for far in neighbours.get(near, ())} - seen
        seen |= rim
        depth = None if depth is None else depth - 1
    return seen


def _only(picture: Picture, tables: dict[int, int], columns: dict[int, int]) -> Picture:
    flows = [f for f in picture.flows if f.source in columns and f.target in columns]
    influences = [i for i in picture.influences if i.source in columns and i.target in tables]
    feeds = [f for f in picture.feeds if f.source in tables and f.target in tables]
    said = _numbered(edge.statement for edges in (flows, influences, feeds) for edge in edges)
    files = _numbered([picture.statements[s].file for s in said] + [picture.tables[t].file for t in tables])
    files.pop(-1, None)
    files = _numbered(files)
    return Picture(
        [picture.files[f] for f in files],
        [picture.statements[s]._replace(file=files[picture.statements[s].file]) for s in said],
        [picture.tables[t]._replace(file=files.get(picture.tables[t].file, -1)) for t in tables],
        [picture.columns[c]._replace(table=tables[picture.columns[c].table]) for c in columns],
        [f._replace(source=columns[f.source], target=columns[f.target], statement=said[f.statement]) for f in flows],
        [i._replace(source=columns[i.source], target=tables[i.target], statement=said[i.statement]) for i in influences],
        [f._replace(source=tables[f.source], target=tables[f.target], statement=said[f.statement]) for f in feeds],
    )  # fmt: skip


def _numbered(numbers: Iterable[int]) -> dict[int, int]:
    """Old number to new one, in order."""
    return {old: new for new, old in enumerate(sorted(set(numbers)))}


def column_path(picture: Picture, column: int) -> set[int]:
    """The column, what it comes from and what it feeds."""
    upstream: dict[int, list[int]] = {}
    downstream: dict[int, list[int]] = {}
    for flow in picture.flows:
        upstream.setdefault(flow.target, []).append(flow.source)
        downstream.setdefault(flow.source, []).append(flow.target)
    return _reached(column, upstream, None) | _reached(column, downstream, None)


def columns_by_table(picture: Picture) -> dict[int, list[int]]:
    """The columns of each table that has some."""
    numbered = enumerate(picture.columns)
    return {table: [n for n, _ in group] for table, group in groupby(numbered, key=lambda pair: pair[1].table)}
