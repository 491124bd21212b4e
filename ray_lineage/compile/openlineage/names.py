"""What the datasets of one file are called: each has one name, by whichever of its identities an event speaks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ray_lineage.compile.naming import is_written
from ray_lineage.compile.openlineage.events import Dataset
from ray_lineage.compile.openlineage.naming import (
    Identity,
    catalog_of,
    column_name,
    is_location,
    name_of,
    scheme_of,
    table_name,
    without_partition,
)
from ray_lineage.model import Name, shorten, split_text

_ALIASED_NAMESPACES: Final = frozenset({"snowflake"})
"""Systems where one account has several namespaces: equal names there are one dataset."""


class Names:
    """Names of the datasets that ``datasets`` are. Spark calls a table by its path and says its name in a symlink: all
    identities of one dataset are aliases, and the table's name stands for it.

    ``catalogs``: those that namespaces are. ``exact``: the events are our own, whose names need no translation.
    """

    def __init__(
        self,
        datasets: Iterable[Dataset],
        dialect: str = "",
        catalogs: Mapping[str, str] = MappingProxyType({}),
        *,
        exact: bool = False,
    ) -> None:
        self._dialect = dialect
        self._catalogs = {namespace.rstrip("/"): catalog for namespace, catalog in catalogs.items()}
        self._exact = exact
        self._folded: dict[Identity, str] = {}
        self._fields: dict[Identity, dict[str, str]] = {}
        self._groups: dict[Identity, list[Identity]] = {}
        self._tables: set[Identity] = set()
        for dataset in datasets:
            self._take(dataset)
            if exact and dataset.folded is not None:
                self._folded[dataset.identity] = dataset.folded.name or dataset.identity.name
                self._fields.setdefault(dataset.identity, {}).update(dataset.folded.fields)
        self._names: dict[int, Name] = {}
        self._settle()

    def of(self, identity: Identity) -> Name:
        """The name of a dataset."""
        group = self._groups.get(identity)
        if group is None and is_location(identity):
            shorter = Identity(identity.namespace, without_partition(identity.name))
            identity, group = (shorter, self._groups[shorter]) if shorter in self._groups else (identity, None)
        if group is None:
            return self._plain(identity)
        return self._names[id(group)]

    def column(self, identity: Identity, name: str) -> str:
        """The name of a column of a dataset."""
        if self._exact:
            return self._fields.get(identity, {}).get(name, name)
        group = self._groups.get(identity)
        return column_name(self._chosen(group) if group else identity, name, self._dialect)

    def written(self, identity: Identity) -> Name:
        """The last parts of a dataset's name as the events write it; empty where that is how it is called."""
        group = self._groups.get(identity)
        written = split_text((self._chosen(group) if group else identity).name)
        name = self.of(identity)
        return written if is_written(written, name) else ()

    def namespace(self, identity: Identity) -> str:
        """Where a dataset lives; empty in our own events, which are of no other system."""
        if self._exact:
            return ""
        group = self._groups.get(identity)
        return (self._chosen(group) if group else identity).namespace

    # ------------------------------------------------------------------ groups

    def _take(self, dataset: Dataset) -> None:
        group = self._groups.setdefault(dataset.identity, [dataset.identity])
        for link, kind in dataset.symlinks:
            if kind == "TABLE":
                self._tables.add(link)
            other = self._groups.get(link, [link])
            if other is not group:
                group.extend(other)
                self._groups.update(dict.fromkeys(other, group))

    def _settle(self) -> None:
        """Two datasets of one name in two places are two: both say then where they are."""
        groups = {id(g): g for g in self._groups.values()}
        places: dict[Name, dict[str, None]] = {}
        for key, group in groups.items():
            chosen = self._chosen(group)
            self._names[key] = self._plain(chosen)
            places.setdefault(self._names[key], {})[chosen.namespace] = None
        for key, group in groups.items():
            name, namespace = self._names[key], self._chosen(group).namespace
            apart = len(places[name]) > 1 and scheme_of(namespace) not in _ALIASED_NAMESPACES
            apart = apart and not catalog_of(self._chosen(group), self._catalogs)
            if apart and not self._exact and name[0] != "external":
                self._names[key] = (shorten(namespace.rpartition("://")[2].rstrip("/")), *name)

    def _chosen(self, group: list[Identity]) -> Identity:
        """The identity that stands for the dataset: its table's name, of several the longest."""
        return min(group, key=lambda i: (self._is_location(i), -i.name.count("."), i))

    def _is_location(self, identity: Identity) -> bool:
        return identity not in self._tables and is_location(identity)

    def _plain(self, identity: Identity) -> Name:
        if self._exact:
            return split_text(self._folded.get(identity, identity.name))
        if self._is_location(identity):
            return name_of(identity)
        return table_name(identity, self._dialect, catalog_of(identity, self._catalogs))
