"""A graph in memory, as much of a store as a walk asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ray_lineage.graph.store import Edge
from ray_lineage.model import split_column

PROJECT = "p"


class Graph:
    """Edges by kind: ``(source, target)`` with names without the project."""

    numbers = None

    def __init__(
        self,
        flows: Sequence[tuple[str, str]] = (),
        influences: Sequence[tuple[str, str]] = (),
        feeds: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._edges = {
            "FLOWS_TO": [_edge(e, "identity") for e in flows],
            "INFLUENCES": [_edge(e, "filter") for e in influences],
            "FEEDS": [_edge(e, "") for e in feeds],
        }
        self.columns = {n for e in flows for n in e} | {s for s, _ in influences}
        self.datasets = (
            {split_column(c)[0] for c in self.columns} | {t for _, t in influences} | {n for e in feeds for n in e}
        )

    def neighbours(self, rel: str, ids: Sequence[str], direction: str) -> list[Edge]:
        wanted = set(ids)
        return sorted(
            e for e in self._edges[rel] if (e.target if direction == "upstream" else e.source) in wanted
        )  # fmt: skip

    def describe(self, ids: Sequence[str], label: str) -> dict[str, dict[str, Any]]:
        if label == "Dataset":
            return {i: {"id": i, "kind": "Table"} for i in ids if _name(i) in self.datasets}
        return {
            i: {"id": i, "dataset": f"{PROJECT}:{split_column(_name(i))[0]}", "name": _name(i).rpartition(".")[2]}
            for i in ids
            if _name(i) in self.columns
        }

    def columns_of(self, dataset: str) -> list[dict[str, Any]]:
        mine = sorted(c for c in self.columns if split_column(c)[0] == _name(dataset))
        return [{"id": f"{PROJECT}:{c}", "name": c.rpartition(".")[2]} for c in mine]

    def spelled(self, ids: Iterable[str], label: str) -> dict[str, str]:
        return {}

    def find_datasets(self, project: str | None, table: str) -> list[tuple[str, str]]:
        return [(f"{PROJECT}:{d}", d) for d in sorted(self.datasets) if d.rpartition(".")[2] == table]


def _name(identity: str) -> str:
    return identity[len(PROJECT) + 1 :]


def _edge(ends: tuple[str, str], how: str) -> Edge:
    source, target = ends
    return Edge(f"{PROJECT}:{source}", f"{PROJECT}:{target}", f"{PROJECT}:{target}.sql", 0, 1, how, "certain")
