"""All that the graph knows of one dataset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.frames import Table, Tabular
from ray_lineage.graph.store import GraphStore
from ray_lineage.model import STAR, Diagnostic, FileDiagnostic, Row, dataset_id, split_text
from ray_lineage.query.walk import PROGRAMS, Found, namesakes, origins, resolve, spelled, within

SCHEMA: Final = 1
USES: Final = ("select", "join", "filter", "group", "order")
_USE_OF: Final = {"join": "join", "filter": "filter", "group_by": "group", "sort": "order"}
_diagnostics = msgspec.json.Decoder(list[Diagnostic])


class Place(msgspec.Struct, frozen=True, order=True):
    """Where something stands."""

    file: str
    line: int


class Use(msgspec.Struct, frozen=True, order=True):
    """A statement that reads or writes it: of which kind, and in which program it stands (empty: in none)."""

    file: str
    line: int
    kind: str
    program: str


class ShownColumn(msgspec.Struct, frozen=True):
    """``sources`` and ``feeds`` count columns at first hand; ``uses`` counts statements that use it to select, join, filter,
    group or order. ``display``: its name as it is written."""

    name: str
    type: str
    declared: bool
    sources: int
    feeds: int
    uses: dict[str, int]
    display: str = ""


class Shown(Tabular, msgspec.Struct, frozen=True):
    """``reads`` and ``writes`` are what a program's statements do; of other datasets they are empty. ``references`` are columns
    that foreign keys lead to. ``display``: the names of it as they are written, where letters' case differs."""

    schema: int
    project: str
    name: str
    kind: str
    declared: list[Place]
    columns: list[ShownColumn]
    writers: list[Use]
    readers: list[Use]
    reads: list[str]
    writes: list[str]
    calls: list[str]
    called_by: list[str]
    references: list[str]
    diagnostics: list[FileDiagnostic]
    owners: list[str] = []
    display: dict[str, str] = {}
    namesakes: list[str] = []
    """Where nobody declares it: others whose names end in its name, one of which may be meant."""

    def said(self, name: str) -> str:
        """A name of it as it is written."""
        return self.display.get(name, name)

    def table(self) -> Table:
        """Its columns, with a figure for each use."""
        fields = {"name": str, "display": str, "type": str, "declared": bool, "sources": int, "feeds": int}
        rows = [(*(getattr(c, name) for name in fields), *(c.uses.get(use, 0) for use in USES)) for c in self.columns]
        return Table(fields | dict.fromkeys(USES, int), rows)


def show(store: GraphStore, text: str, project: str | None = None) -> Shown:
    """Raises UsageError for unknown and ambiguous names, and for a column."""
    found = resolve(store, text, project)
    if found.column is not None and found.column != "*":
        raise UsageError(
            "RL205",
            f"{text} is a column",
            help=f"`show {found.dataset}` has it; `upstream` and `downstream` say where it comes from and goes",
        )
    return _Showing(store, found).shown()


class _Showing:
    def __init__(self, store: GraphStore, found: Found) -> None:
        self._store, self._found = store, found
        self._written: dict[str, str] = {}

    def shown(self) -> Shown:
        store, identity = self._store, self._found.dataset_id
        kind = str(store.describe([identity], "Dataset")[identity]["kind"])
        reads, writes = (store.edges(rel, [identity], "upstream") for rel in ("READS", "WRITES"))
        declared = store.edges("DECLARES", [identity], "upstream")
        inside = store.statements_in(self._found.project, self._found.dataset) if kind in PROGRAMS else []
        statements = store.describe([r[0] for r in (*reads, *writes)] + inside, "Statement")
        columns = store.columns_of(identity)
        rels = {rel: store.edges(rel, inside, "downstream") for rel in ("READS", "WRITES")}
        calls, called = (store.edges("CALLS", [identity], way) for way in ("downstream", "upstream"))
        others = namesakes(store, self._found)
        references = store.edges("REFERENCES", [c["id"] for c in columns], "downstream")
        self._written = origins(store, {*(r[2] for r in declared), *(s["file"] for s in statements.values())})
        return Shown(
            SCHEMA,
            self._found.project,
            self._found.dataset,
            kind,
            sorted(Place(self._path(r[2]), int(r[3])) for r in declared),
            self._columns(columns),
            self._uses(writes, statements),
            self._uses(reads, statements),
            self._ends(rels["READS"], 1),
            self._ends(rels["WRITES"], 1),
            self._ends(calls, 1),
            self._ends(called, 0),
            self._ends(references, 1),
            self._diagnostics(declared, statements.values()),
            namesakes=others,
            display=spelled(
                store,
                self._found.project,
                {
                    identity,
                    *(dataset_id(self._found.project, name) for name in others),
                    *(edge[1] for edges in (*rels.values(), calls) for edge in edges),
                    *(edge[0] for edge in called),
                    *(dataset_id(self._found.project, s["procedure"]) for s in statements.values() if s["procedure"]),
                },
                {edge[1] for edge in references},
            ),
        )

    def _name(self, identity: str) -> str:
        return within(self._found.project, identity)

    def _path(self, file: str) -> str:
        return self._name(self._written[file])

    def _ends(self, edges: Iterable[Row], end: int) -> list[str]:
        return sorted({self._name(edge[end]) for edge in edges})

    def _uses(self, edges: Iterable[Row], statements: dict[str, dict[str, Any]]) -> list[Use]:
        found = (statements[edge[0]] for edge in edges if edge[0] in statements)
        return sorted(
            Use(self._path(s["file"]), int(s["first_line"] or 0), str(s["kind"]), s["procedure"] or "") for s in found
        )

    def _columns(self, columns: Sequence[dict[str, Any]]) -> list[ShownColumn]:
        ids = [c["id"] for c in columns]
        written = self._store.spelled(ids, "Column")
        sources: dict[str, set[str]] = defaultdict(set)
        feeds: dict[str, set[str]] = defaultdict(set)
        uses: dict[str, dict[str, set[tuple[str, int]]]] = defaultdict(lambda: defaultdict(set))
        for edge in self._store.edges("FLOWS_TO", ids, "upstream"):
            sources[edge[1]].add(edge[0])
        for edge in self._store.edges("FLOWS_TO", ids, "downstream"):
            feeds[edge[0]].add(edge[1])
            uses[edge[0]]["select"].add((edge[2], edge[3]))
        for edge in self._store.edges("INFLUENCES", ids, "downstream"):
            uses[edge[0]][_USE_OF[edge[5]]].add((edge[2], edge[3]))
        return [
            ShownColumn(
                c["name"],
                c["type"] or "",
                c["declared"],
                len(sources[c["id"]]),
                len(feeds[c["id"]]),
                {use: len(uses[c["id"]][use]) for use in USES if uses[c["id"]][use]},
                split_text(written[c["id"]])[-1] if c["id"] in written else c["name"],
            )
            for c in columns
            if c["name"] != STAR or any(c["id"] in known for known in (sources, feeds, uses))
        ]

    def _diagnostics(self, declared: Sequence[Row], statements: Iterable[dict[str, Any]]) -> list[FileDiagnostic]:
        """Those on the lines of the declaration, and of the statements that read or write it."""
        spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row in declared:
            spans[row[2]].append((int(row[3]), int(row[3])))
        for s in statements:
            spans[s["file"]].append((int(s["first_line"] or 0), int(s["last_line"] or 0)))
        files = self._store.describe(list(spans), "File")
        return sorted(
            {
                FileDiagnostic.of(self._path(identity), d)
                for identity, file in files.items()
                for d in _diagnostics.decode(file["diagnostics"] or "[]")
                if any(first <= d.line <= last for first, last in spans[identity])
            }
        )
