"""What a stored graph holds, in figures."""

from __future__ import annotations

from collections import Counter

import msgspec

from ray_lineage.frames import Table, Tabular
from ray_lineage.graph.store import GraphStore
from ray_lineage.model import Diagnostic


class GraphStats(Tabular, msgspec.Struct, frozen=True):
    """Counts of one project, or of all."""

    store: str
    projects: list[str]
    files: int
    statements: int
    datasets: int
    columns: int
    edges: int
    influences: int
    by_dialect: dict[str, int]
    by_status: dict[str, int]
    diagnostics: dict[str, int]
    rows: dict[str, int]

    def table(self) -> Table:
        """Its counts: ``of`` what (``rows``, ``dialect``, ``status``, ``diagnostic``), called how, how many."""
        counts = {
            "rows": self.rows, "dialect": self.by_dialect, "status": self.by_status, "diagnostic": self.diagnostics,
        }  # fmt: skip
        columns = {"of": str, "name": str, "count": int}
        return Table(columns, [(of, name, n) for of, named in counts.items() for name, n in named.items()])


def stats(store: GraphStore, project: str | None = None) -> GraphStats:
    """Count."""
    rows = store.counts(project)
    dialects: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    decoder = msgspec.json.Decoder(list[Diagnostic])
    for dialect, status, diagnostics, *_ in store.files_overview(project):
        dialects[dialect or "unknown"] += 1
        statuses[status] += 1
        if diagnostics and diagnostics != "[]":
            codes.update(d.code for d in decoder.decode(diagnostics))
    return GraphStats(
        store.uri, store.projects(), rows["File"], rows["Statement"], rows["Dataset"], rows["Column"], rows["FLOWS_TO"],
        rows["INFLUENCES"], dict(dialects.most_common()), dict(statuses.most_common()), dict(codes.most_common()), rows,
    )  # fmt: skip
