"""A stored graph for notebooks: ``ray_lineage.open_graph()``."""

from __future__ import annotations

from types import TracebackType

from ray_lineage.graph.store import Direction, GraphStore
from ray_lineage.query.across import opened
from ray_lineage.query.find import Hits, find
from ray_lineage.query.lineage import selection, walk
from ray_lineage.query.show import Shown, show
from ray_lineage.query.stats import GraphStats, stats
from ray_lineage.query.unused import Unused, unused
from ray_lineage.query.walk import Level, Walk
from ray_lineage.query.why import Path, Why, path, why
from ray_lineage.settings import load_settings


class Graph:
    """Read-only questions to one store; a context manager."""

    def __init__(self, store: GraphStore, project: str | None = None) -> None:
        self._store = store
        self._project = project

    @classmethod
    def open(cls, store: str | None = None, project: str | None = None) -> Graph:
        """Open the store that the settings name, or ``store``. Raises StoreUnavailable, or UsageError for a project that it does not hold."""
        given = {"store": store, "project": project}
        return cls(*opened(load_settings({key: value for key, value in given.items() if value}).settings))

    def upstream(self, name: str, *, depth: int | None = None, level: Level = "auto", influences: bool = True) -> Walk:
        """Where a dataset or column (``dataset.column``) comes from. Raises UsageError for unknown or ambiguous names.

        >>> with ray_lineage.open_graph() as graph:
        ...     graph.upstream("mart.total.total", influences=False).nodes
        {'core.orders.amount': 1, 'raw.orders.amount': 2}
        >>> with ray_lineage.open_graph() as graph:
        ...     steps = graph.upstream("mart.total.total", influences=False).to_pandas()
        >>> steps[["distance", "source", "how"]].values.tolist()
        [[1, 'core.orders.amount', 'aggregation'], [2, 'raw.orders.amount', 'identity']]
        """
        return self._walk(name, "upstream", depth, level, influences)

    def downstream(
        self, name: str, *, depth: int | None = None, level: Level = "auto", influences: bool = True
    ) -> Walk:
        """What depends on a dataset or column; ``influences``: also because it shapes rows, of datasets and so of all their
        columns.

        >>> with ray_lineage.open_graph() as graph:
        ...     graph.downstream("raw.orders.status").nodes
        {'core.orders': 1, 'mart.total.total': 2, 'mart.total': 2}
        >>> with ray_lineage.open_graph() as graph:
        ...     below = graph.downstream("raw.orders.status").to_networkx()
        >>> sorted(networkx.descendants(below, "raw.orders.status"))
        ['core.orders', 'core.orders.amount', 'core.orders.customer_id', 'mart.total', 'mart.total.total']
        """
        return self._walk(name, "downstream", depth, level, influences)

    def _walk(self, name: str, direction: Direction, depth: int | None, level: Level, influences: bool) -> Walk:
        return walk(
            self._store, name, direction, depth=depth, level=level, influences=influences, project=self._project
        )

    def find(self, *words: str, limit: int = 20) -> Hits:
        """Datasets and columns whose names hold all words, the best first; if none does, what looks like them. Raises UsageError.

        >>> with ray_lineage.open_graph() as graph:
        ...     [hit.name for hit in graph.find("order", "amount").hits]
        ['raw.orders.amount', 'core.orders.amount']
        """
        return find(self._store, words, self._project, limit)

    def show(self, name: str) -> Shown:
        """All of a dataset: columns, who reads and writes it, where it is declared, what is said of it. Raises UsageError.

        >>> with ray_lineage.open_graph() as graph:
        ...     [(c.name, c.uses) for c in graph.show("core.orders").columns]
        [('amount', {'select': 1}), ('customer_id', {'group': 1})]
        """
        return show(self._store, name, self._project)

    def why(self, source: str, target: str) -> Why:
        """The statements because of which one depends on the other at first hand. Raises UsageError.

        >>> with ray_lineage.open_graph() as graph:
        ...     [(e.how, e.expression) for e in graph.why("core.orders.amount", "mart.total.total").evidence]
        [('aggregation', 'SUM(amount)')]
        """
        return why(self._store, source, target, self._project)

    def path(self, source: str, target: str) -> Path:
        """A shortest way from one to the other; without steps if there is none. Raises UsageError.

        >>> with ray_lineage.open_graph() as graph:
        ...     graph.path("raw.orders.amount", "mart.total.total").names
        ['raw.orders.amount', 'core.orders.amount', 'mart.total.total']
        """
        return path(self._store, source, target, self._project)

    def select(self, selector: str) -> list[str]:
        """Names of the datasets that a selector as dbt's means: ``+orders``, ``orders+``, ``2+orders+1``. Raises UsageError.

        >>> with ray_lineage.open_graph() as graph:
        ...     graph.select("1+core.orders+1")
        ['core.orders', 'mart.total', 'raw.orders']
        """
        return [name for _, name in selection(self._store, selector, self._project)]

    def unused(self, schema: str | None = None) -> Unused:
        """Datasets and columns that no statement reads; of one schema, if it is named.

        >>> with ray_lineage.open_graph() as graph:
        ...     [u.dataset for u in graph.unused().datasets]
        ['mart.total', 'raw.old']
        """
        return unused(self._store, self._project, schema)

    def stats(self) -> GraphStats:
        """Counts.

        >>> with ray_lineage.open_graph() as graph:
        ...     graph.stats().rows["FLOWS_TO"]
        3
        """
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
