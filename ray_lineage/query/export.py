"""The graph as files: JSON lines, a folder of CSV files, or OpenLineage events (Parquet: :mod:`.parquet`). The order is that of ``GraphStore.dump``,
so that equal graphs give equal files; of the store's rows one kind is in memory at a time (OpenLineage: the edges of a
project, to bring together what belongs to one statement).
"""

from __future__ import annotations

import contextlib
import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import IO, Any, Final

import msgspec

from ray_lineage import __version__
from ray_lineage.errors import UsageError
from ray_lineage.graph.schema import HAS_COLUMN, NODES, RELS, SCHEMA_VERSION
from ray_lineage.graph.store import GraphStore
from ray_lineage.model import STAR
from ray_lineage.query.part import Row, Rows
from ray_lineage.query.projects import known_project

PRODUCER: Final = f"https://github.com/ray-lineage/ray-lineage/tree/{__version__}"
_EVENT: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent"
_FACETS: Final = "https://openlineage.io/spec/facets/"
_OWN_FACET: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetFacet"
FOLDED: Final = "rayLineage_folded"
"""A facet of our own: what the graph calls a dataset (``name``) and its ``fields`` (by the names in the event), where only
letters' case differs. Events name them as they are written."""
_TRANSFORMATIONS: Final = {
    "identity": ("DIRECT", "IDENTITY", False),
    "transformation": ("DIRECT", "TRANSFORMATION", False),
    "aggregation": ("DIRECT", "AGGREGATION", False),
    "masking": ("DIRECT", "TRANSFORMATION", True),
    "conditional": ("INDIRECT", "CONDITIONAL", False),
    "window": ("INDIRECT", "WINDOW", False),
}
_INFLUENCES: Final = {"filter": "FILTER", "join": "JOIN", "group_by": "GROUP_BY", "sort": "SORT"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
_encoder: Final = msgspec.json.Encoder()


def columns() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """``(node | edge, kind, names of its columns)`` of everything, in the order of a dump."""
    for node in NODES:
        yield "node", node.label, node.columns
    for rel in RELS:
        yield "edge", rel.type, ("source", "target", "file", *(p.name for p in rel.props))
    yield "edge", HAS_COLUMN.type, HAS_COLUMN.columns


def projects_of(store: GraphStore, project: str | None) -> list[str]:
    """The project, or all. Raises UsageError (RL204) for one that the store does not hold, or for none at all."""
    chosen = known_project(store, project)
    known = [chosen] if chosen is not None else store.projects()
    if not known:
        raise UsageError("RL204", f"{store.uri} holds no project", help="run `ray_lineage ingest DIR` first")
    return known


# --------------------------------------------------------------------------- JSON lines


def write_jsonl(store: Rows, projects: Sequence[str], out: IO[bytes]) -> int:
    """One object a line: first ``{"graph": ...}``, then ``{"node": LABEL, ...}`` and ``{"edge": TYPE, ...}``.

    Returns how many nodes and edges were written.
    """
    head = {"schema_version": SCHEMA_VERSION, "projects": list(projects), "producer": PRODUCER}
    out.write(_encoder.encode({"graph": head}) + b"\n")
    count = 0
    for type_, kind, names in columns():
        for project in projects:
            for row in store.rows(project, kind):
                out.write(_encoder.encode({type_: kind, **dict(zip(names, row, strict=True))}) + b"\n")
                count += 1
    return count


# --------------------------------------------------------------------------- CSV


def write_csv(store: Rows, projects: Sequence[str], folder: str) -> int:
    """``nodes_<label>.csv`` and ``edges_<type>.csv``, each with a line of names (RFC 4180, UTF-8). Null is empty. A text
    that a spreadsheet would run as a formula gets a ``'`` in front, and so does one that begins with ``'``.

    Raises OSError. Every file appears whole or not at all.
    """
    count = 0
    for type_, kind, names in columns():
        with (
            appearing(folder, f"{type_}s_{kind}.csv") as path,
            open(path, "w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(names)
            for project in projects:
                rows = store.rows(project, kind)
                writer.writerows([cell(v) for v in row] for row in rows)
                count += len(rows)
    return count


@contextlib.contextmanager
def appearing(folder: str, name: str) -> Iterator[str]:
    """Where to write a file of a folder, so that it appears under its name when it is whole. Raises OSError."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    partial = f"{path}.{os.getpid()}"
    try:
        yield partial
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.unlink(partial)


def cell(value: Any) -> Any:
    """A value as it stands in a CSV file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


# --------------------------------------------------------------------------- OpenLineage


class _Statement:
    """What belongs to one statement."""

    __slots__ = ("flows", "influences", "inputs", "outputs", "row")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.inputs: set[str] = set()
        self.outputs: set[str] = set()
        self.flows: list[Row] = []
        self.influences: list[Row] = []


class _Names:
    """Datasets and columns of one project by id, as OpenLineage names them."""

    def __init__(self, store: Rows, project: str, namespace: str) -> None:
        self.namespace = namespace
        rows = store.rows(project, "Dataset")
        self.datasets = {r[0]: str(r[11] or r[2]) for r in rows}
        self.about = {r[0]: str(r[9]) for r in rows if r[9]}
        self.folded = {r[0]: str(r[2]) for r in rows if r[11]}
        self.columns: dict[str, tuple[str, str]] = {}
        self.fields: dict[str, list[tuple[bool, int, str, str, str, str]]] = {}
        for row in store.rows(project, "Column"):
            written = row[8] or row[2]
            self.columns[row[0]] = (row[1], written)
            if row[2] != STAR:
                self.fields.setdefault(row[1], []).append(
                    (row[3] is None, row[3] or 0, row[2], written, row[4] or "", row[7] or "")
                )

    def dataset(self, identity: str) -> dict[str, Any]:
        """A dataset with what is known of its columns."""
        found: dict[str, Any] = {"namespace": self.namespace, "name": self.datasets[identity]}
        known = sorted(self.fields.get(identity, []))
        facets: dict[str, Any] = {}
        if known:
            fields = [_said(name=name, type=type_, description=about) for _, _, _, name, type_, about in known]
            facets["schema"] = facet("1-2-0/SchemaDatasetFacet", fields=fields)
        if identity in self.about:
            facets["documentation"] = facet("1-1-0/DocumentationDatasetFacet", description=self.about[identity])
        folded = {name: key for _, _, key, name, _, _ in known if key != name}
        if folded or identity in self.folded:
            facets[FOLDED] = {"_producer": PRODUCER, "_schemaURL": _OWN_FACET, "fields": folded}
            facets[FOLDED] |= _said(name=self.folded.get(identity, ""))
        return {**found, "facets": facets} if facets else found

    def field(self, identity: str) -> dict[str, str]:
        """A column as an input field."""
        dataset, name = self.columns[identity]
        return {"namespace": self.namespace, "name": self.datasets[dataset], "field": name}


def _said(**fields: str) -> dict[str, str]:
    """Those that say something."""
    return {key: value for key, value in fields.items() if value}


def facet(schema: str, **content: Any) -> dict[str, Any]:
    """A facet of the standard, with what every facet has to say."""
    name = schema.partition("/")[2]
    return {"_producer": PRODUCER, "_schemaURL": f"{_FACETS}{schema}.json#/$defs/{name}", **content}


def write_openlineage(
    store: Rows,
    projects: Sequence[str],
    out: IO[bytes],
    now: datetime,
    namespace: str | None = None,
    locations: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> int:
    """One JobEvent a line for each statement that reads or writes a dataset. Returns how many.

    ``now`` (with its time zone) is the events' time; ``namespace`` that of datasets, by default the project's name,
    which is always the namespace of the jobs. ``locations``: of files (ids), what the facet ``sourceCodeLocation`` says.
    """
    count = 0
    for project in projects:
        names = _Names(store, project, namespace or project)
        for statement in _statements(store, project, names):
            if statement.inputs or statement.outputs:
                event = _event(statement, project, names, now)
                if statement.row[1] in locations:
                    said = locations[statement.row[1]]
                    event["job"]["facets"]["sourceCodeLocation"] = facet("1-1-0/SourceCodeLocationJobFacet", **said)
                out.write(_encoder.encode(event) + b"\n")
                count += 1
    return count


def _statements(store: Rows, project: str, names: _Names) -> list[_Statement]:
    """In the order of paths, then of places in the file."""
    found = {r[0]: _Statement(r) for r in store.rows(project, "Statement")}
    for row in store.rows(project, "READS"):
        found[row[0]].inputs.add(row[1])
    for row in store.rows(project, "WRITES"):
        found[row[0]].outputs.add(row[1])
    for row in store.rows(project, "FEEDS"):
        _of(found, row).inputs.add(row[0])
        _of(found, row).outputs.add(row[1])
    for row in store.rows(project, "FLOWS_TO"):
        statement = _of(found, row)
        statement.flows.append(row)
        statement.inputs.add(names.columns[row[0]][0])
        statement.outputs.add(names.columns[row[1]][0])
    for row in store.rows(project, "INFLUENCES"):
        statement = _of(found, row)
        statement.influences.append(row)
        statement.inputs.add(names.columns[row[0]][0])
        statement.outputs.add(row[1])
    return sorted(found.values(), key=lambda s: (s.row[1], s.row[2]))


def _of(found: dict[str, _Statement], row: Row) -> _Statement:
    """The statement of an edge: (source, target, file, statement, ...)."""
    return found[f"{row[2]}#{row[3]}"]


def _event(statement: _Statement, project: str, names: _Names, now: datetime) -> dict[str, Any]:
    path = str(statement.row[1])[len(project) + 1 :]
    outputs = []
    for identity in sorted(statement.outputs):
        dataset = names.dataset(identity)
        lineage = _column_lineage(statement, identity, names)
        if lineage is not None:
            dataset.setdefault("facets", {})["columnLineage"] = lineage
        outputs.append(dataset)
    kind = facet("2-0-4/JobTypeJobFacet", processingType="BATCH", integration="RAY_LINEAGE", jobType="QUERY")
    facets = {"jobType": kind}
    if statement.row[7]:
        facets["sql"] = facet("1-1-0/SQLJobFacet", query=statement.row[7])
    return {
        "eventTime": now.isoformat(),
        "producer": PRODUCER,
        "schemaURL": _EVENT,
        "job": {"namespace": project, "name": f"{path}#{statement.row[2]}", "facets": facets},
        "inputs": [names.dataset(i) for i in sorted(statement.inputs)],
        "outputs": outputs,
    }


def _column_lineage(statement: _Statement, dataset: str, names: _Names) -> dict[str, Any] | None:
    fields: dict[str, dict[str, dict[str, Any]]] = {}
    for row in statement.flows:
        owner, target = names.columns[row[1]]
        if owner == dataset:
            _merge(fields.setdefault(target, {}), row[0], names, _transformation(row[5], row[7]), row[6])
    whole: dict[str, dict[str, Any]] = {}
    for row in statement.influences:
        if row[1] == dataset:
            _merge(whole, row[0], names, {"type": "INDIRECT", "subtype": _INFLUENCES[row[5]]}, "certain")
    if not fields and not whole:
        return None
    content: dict[str, Any] = {"fields": {t: {"inputFields": list(f.values())} for t, f in sorted(fields.items())}}
    if whole:
        content["dataset"] = list(whole.values())
    return facet("1-2-0/ColumnLineageDatasetFacet", **content)


def _transformation(how: str, expression: str | None) -> dict[str, Any]:
    type_, subtype, masking = _TRANSFORMATIONS[how]
    return {"type": type_, "subtype": subtype, "description": expression or "", "masking": masking}


def _merge(
    into: dict[str, dict[str, Any]], source: str, names: _Names, transformation: dict[str, Any], certainty: str
) -> None:
    """An input field stands once, with all that is done to it; ``certainty`` is ours, and only there if it is not certain."""
    known = into.setdefault(source, {**names.field(source), "transformations": []})
    if transformation not in known["transformations"]:
        known["transformations"].append(transformation)
    if certainty != "certain":
        known["certainty"] = certainty
