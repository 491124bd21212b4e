"""A stored graph for notebooks: ``ray_lineage.open_graph()``."""

from __future__ import annotations

from types import TracebackType
from typing import Literal

from ray_lineage.graph.open import open_store
from ray_lineage.graph.store import GraphStore
from ray_lineage.query.across import across, asking
from ray_lineage.query.projects import known_project
from ray_lineage.query.stats import GraphStats, stats
from ray_lineage.query.walk import Walk, walk
from ray_lineage.settings import load_settings


class Graph:
    """Read-only questions to one store; a context manager."""

    def __init__(self, store: GraphStore, project: str | None = None) -> None:
        self._store = store
        self._project = project

    @classmethod
    def open(cls, store: str | None = None, project: str | None = None) -> Graph:
        """Open the store that the settings name, or ``store``. Raises StoreUnavailable, or UsageError for a project that it does not hold."""
        settings = load_settings({"store": store} if store else {}).settings
        found = open_store(settings, read_only=True)
        try:
            name = known_project(found, project or settings.project)
            asks = name or asking(found, settings.root)
            joined = across(found, asks, settings.reads_from)
            return cls(joined, name if joined is found else asks)
        except BaseException:
            found.close()
            raise

    def upstream(
        self, name: str, *, depth: int | None = None, level: Literal["auto", "table", "column"] = "auto"
    ) -> Walk:
        """Where a dataset or column (``dataset.column``) comes from. Raises UsageError for unknown or ambiguous names."""
        return walk(self._store, name, "upstream", depth=depth, level=level, project=self._project)

    def downstream(
        self, name: str, *, depth: int | None = None, level: Literal["auto", "table", "column"] = "auto"
    ) -> Walk:
        """What depends on a dataset or column."""
        return walk(self._store, name, "downstream", depth=depth, level=level, project=self._project)

    def stats(self) -> GraphStats:
        """Counts."""
        return stats(self._store, self._project)

    def close(self) -> None:
        """Release the store; idempotent."""
        self._store.close()

    def __enter__(self) -> Graph:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
