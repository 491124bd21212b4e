"""Several projects asked as one: a name that a project does not declare is the dataset of another one that does.

Each project's rows stay its own. What is the same dataset is found out while it is asked for, by name, so that a project that
is ingested again, renamed or forgotten is followed at once. Of such a dataset the project that is asked for has the say in
names: it is called as that calls it, else as the project that declares it does, with that in front (``core:dim.customer``).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from ray_lineage.graph.open import open_store
from ray_lineage.graph.store import Direction, Edge, GraphStore
from ray_lineage.model import dataset_id, dataset_text, quote_part, split_column, split_text
from ray_lineage.query.projects import known_project
from ray_lineage.settings import Settings

_Rel = Literal["FLOWS_TO", "FEEDS", "INFLUENCES"]
_Dataset = tuple[str, str]
"""Project and name."""
_logger = logging.getLogger("ray_lineage.query")
_ENDS: Final = {"FLOWS_TO": ("Column", "Column"), "FEEDS": ("Dataset", "Dataset"), "INFLUENCES": ("Column", "Dataset")}


def opened(settings: Settings, *, everyone: bool = False) -> tuple[GraphStore, str | None]:
    """The graph that the settings mean, for reading, and the project that is asked about (None: all). That is joined with those
    that it reads from, or with ``everyone`` with all that there are. The caller closes it. Raises StoreUnavailable, UsageError
    (RL204) for a project that it does not hold."""
    store = open_store(settings, read_only=True)
    try:
        named = known_project(store, settings.project)
        project = named or asking(store, settings.root)
        joined = across(store, project, store.projects() if everyone else settings.reads_from)
        return joined, named if joined is store else project
    except BaseException:
        store.close()
        raise


@contextlib.contextmanager
def asked(settings: Settings, *, everyone: bool = False) -> Iterator[tuple[GraphStore, str | None]]:
    """:func:`opened`, closed at the end; of names that were not joined, because several projects declare them, the log tells."""
    store, project = opened(settings, everyone=everyone)
    try:
        yield store, project
        for name, candidates in getattr(store, "ambiguous", {}).items():
            _logger.warning("%s could be %s", name, " or ".join(candidates))
    finally:
        store.close()


class Across:
    """A store as ``project`` sees it that reads from ``others``: what a :class:`GraphStore` answers, with datasets of several
    projects joined. Everything that is not about datasets and columns is the store's own answer."""

    def __init__(self, store: GraphStore, project: str, others: Iterable[str]) -> None:
        self._store = store
        self._project = project
        self._projects = list(dict.fromkeys((project, *others)))
        self._meant: dict[_Dataset, _Dataset] = {}
        self._same: dict[_Dataset, list[_Dataset]] = {}
        self._columns: dict[_Dataset, dict[str, str]] = {}
        self.ambiguous: dict[str, list[str]] = {}
        """Names (with their project) that several other projects declare, and which: none of them is taken."""

    numbers: Final = None
    """Datasets of several projects are joined by names."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    # ------------------------------------------------------------------ what is the same

    def declaring(self, dataset: _Dataset) -> _Dataset:
        """The dataset that a name of a project means: its own, if it declares that or nobody else does."""
        found = self._meant.get(dataset)
        if found is None:
            found = self._meant[dataset] = self._declaring(dataset)
        return found

    def _declaring(self, dataset: _Dataset) -> _Dataset:
        project, name = dataset
        if project not in self._projects or self._declared([dataset]):
            return dataset
        candidates = [d for other in self._projects if other != project for d in self._called(other, name)]
        declared = self._declared([d for d in candidates if _ends_with(d[1], name)])
        exact = [d for d in declared if d[1].lower() == name.lower()]
        found = exact or declared
        if len(found) > 1:
            self.ambiguous[_text(dataset)] = [_text(d) for d in found]
        return found[0] if len(found) == 1 else dataset

    def _called(self, project: str, name: str) -> list[_Dataset]:
        """Datasets of a project whose last part is that of a name."""
        table = split_text(name)[-1]
        rows = self._store.find_datasets(project, table.lower()) or self._store.find_datasets(project, table)
        return [(project, found) for _, found in rows]

    def _declared(self, datasets: Sequence[_Dataset]) -> list[_Dataset]:
        ids = {dataset_id(*d): d for d in datasets}
        known = self._store.describe(list(ids), "Dataset") if ids else {}
        return [d for identity, d in ids.items() if known.get(identity, {}).get("declared")]

    def same(self, dataset: _Dataset) -> list[_Dataset]:
        """All datasets that are this one; the declaring one is the first."""
        first = self.declaring(dataset)
        if first not in self._same:
            others = [d for p in self._projects if p != first[0] for d in self._called(p, first[1])]
            joined = [d for d in others if _ends_with(first[1], d[1]) and self.declaring(d) == first]
            self._same[first] = [first, *joined]
        return self._same[first]

    def called(self, dataset: _Dataset) -> _Dataset:
        """As the asking project calls it."""
        same = self.same(dataset)
        return next((d for d in same if d[0] == self._project), same[0])

    def find_datasets(self, project: str | None, table: str) -> list[tuple[str, str]]:
        """See :meth:`GraphStore.find_datasets`. Those of other projects, too, which the asking one does not mention."""
        own = self._store.find_datasets(project, table)
        if project != self._project:
            return own
        others = [(p, n) for p in self._projects[1:] for _, n in self._store.find_datasets(p, table)]
        return [*own, *((dataset_id(*d), d[1]) for d in others if self.called(d) == d)]

    # ------------------------------------------------------------------ ids

    def _of(self, identity: str) -> _Dataset:
        """Project and the rest of an id. A project may have a colon in its name."""
        for project in self._projects:
            if identity.startswith(f"{project}:"):
                return project, identity[len(project) + 1 :]
        project, _, rest = identity.partition(":")
        return project, rest

    def _of_column(self, identity: str) -> tuple[_Dataset, str]:
        project, rest = self._of(identity)
        dataset, column = split_column(rest)
        return (project, dataset), column

    def _columns_of(self, dataset: _Dataset) -> dict[str, str]:
        """Ids of its columns, by name in lower case."""
        if dataset not in self._columns:
            rows = self._store.columns_of(dataset_id(*dataset))
            self._columns[dataset] = {str(r["name"]).lower(): str(r["id"]) for r in rows}
        return self._columns[dataset]

    def _all(self, identity: str, label: str) -> list[str]:
        """The ids that mean the same."""
        if label == "Dataset":
            return [dataset_id(*d) for d in self.same(self._of(identity))]
        dataset, column = self._of_column(identity)
        found = [self._columns_of(d).get(column.lower()) for d in self.same(dataset)]
        return list(dict.fromkeys([*filter(None, found), identity]))

    def _one(self, identity: str, label: str) -> str:
        """The id that stands for all that mean the same."""
        if label == "Dataset":
            return dataset_id(*self.called(self._of(identity)))
        dataset, column = self._of_column(identity)
        called = self.called(dataset)
        if called == dataset:
            return identity
        name = f"{dataset_id(*called)}.{quote_part(column)}"
        return self._columns_of(called).get(column.lower(), name)

    # ------------------------------------------------------------------ what a store answers

    def neighbours(self, rel: _Rel, ids: Sequence[str], direction: Direction) -> list[Edge]:
        """See :meth:`GraphStore.neighbours`."""
        source, target = _ENDS[rel]
        near = target if direction == "upstream" else source
        wanted = list(dict.fromkeys(same for i in ids for same in self._all(i, near)))
        found = self._store.neighbours(rel, wanted, direction)
        return sorted(
            msgspec.structs.replace(e, source=self._one(e.source, source), target=self._one(e.target, target))
            for e in found
        )

    def columns_of(self, dataset: str) -> list[dict[str, Any]]:
        """See :meth:`GraphStore.columns_of`. Those that the declaring project knows are the first."""
        found: dict[str, dict[str, Any]] = {}
        for same in self._all(dataset, "Dataset"):
            for row in self._store.columns_of(same):
                found.setdefault(str(row["name"]).lower(), {**row, "id": self._one(str(row["id"]), "Column")})
        return list(found.values())

    def describe(self, ids: Sequence[str], label: Literal["Dataset", "Column"]) -> dict[str, dict[str, Any]]:
        """See :meth:`GraphStore.describe`. Of what is the same the declaring project describes it."""
        if label not in ("Dataset", "Column"):
            return self._store.describe(ids, label)
        wanted = {i: self._all(i, label) for i in ids}
        known = self._store.describe(list(dict.fromkeys(s for same in wanted.values() for s in same)), label)
        out: dict[str, dict[str, Any]] = {}
        for identity, same in wanted.items():
            row = next((known[s] for s in same if s in known), None)
            if row is not None:
                out[identity] = {**row, "dataset": self._one(row["dataset"], "Dataset")} if label == "Column" else row
        return out

    def spelled(self, ids: Iterable[str], label: Literal["Dataset", "Column"]) -> dict[str, str]:
        """See :meth:`GraphStore.spelled`. As the declaring project writes it, as much of the name as the asking one says."""
        wanted = {i: self._all(i, label) for i in ids}
        known = self._store.spelled((s for same in wanted.values() for s in same), label)
        out: dict[str, str] = {}
        for identity, same in wanted.items():
            project, name = self._of(identity)
            found = (_last(self._of(known[s])[1], name) for s in same if s in known)
            written = next((w for w in found if w.lower() == name.lower()), None)
            if written is not None:
                out[identity] = f"{project}:{written}"
        return out


def _last(longer: str, name: str) -> str:
    """As many of the last parts as the name has."""
    return dataset_text(split_text(longer)[-len(split_text(name)) :])


def across(store: GraphStore, project: str | None, others: Iterable[str]) -> Any:
    """The store as a project sees it that reads from others; of those only what the store holds. The store itself, if there is
    nothing to be joined."""
    there = set(store.projects())
    others = [o for o in others if o in there and o != project]
    return Across(store, project, others) if project and others else store


def asking(store: GraphStore, root: str) -> str | None:
    """The project that was read from this folder, for who says no name."""
    found = [p.name for p in store.project_infos() if root and p.origin.root == root]
    return found[0] if len(found) == 1 else None


def _ends_with(longer: str, shorter: str) -> bool:
    """Is a name the last parts of another one, in any case?"""
    parts, wanted = split_text(longer.lower()), split_text(shorter.lower())
    return parts[-len(wanted) :] == wanted


def _text(dataset: _Dataset) -> str:
    return dataset_id(*dataset)
