"""Answers as what other libraries work with: data frames of pandas and polars, graphs of networkx.

None of these is needed to ask: each is imported when it is asked for, and installed by the extra of its name.
"""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ray_lineage.errors import UsageError

if TYPE_CHECKING:
    import msgspec
    import networkx
    import pandas
    import polars

_PLAIN: Final[Mapping[Any, type]] = {str: str, str | None: str, int: int, bool: bool}
_POLARS: Final = {str: "String", int: "Int64", bool: "Boolean"}
_PANDAS: Final = {int: "int64", bool: "bool"}
HAS_COLUMN: Final = "has_column"
"""``how`` of the edge that leads from a dataset, whose rows are shaped, to a column of it."""


class Table(NamedTuple):
    """Rows of plain values. ``columns`` are their names, each with the type of all values in it (``object``: any)."""

    columns: Mapping[str, type]
    rows: list[tuple[Any, ...]]


class Link(NamedTuple):
    """An edge between two names, with what is said of it."""

    source: str
    target: str
    said: dict[str, Any]


class Tabular:
    """An answer that is a list of rows."""

    __slots__ = ()

    @abstractmethod
    def table(self) -> Table:
        """The rows, for whatever else takes them."""

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each. Raises UsageError without the extra ``pandas``."""
        library = _library("pandas")
        columns, rows = self.table()
        frame = library.DataFrame(rows, columns=list(columns))
        return frame.astype({name: _PANDAS[kind] for name, kind in columns.items() if kind in _PANDAS})

    def to_polars(self) -> polars.DataFrame:
        """A row for each. Raises UsageError without the extra ``polars``."""
        library = _library("polars")
        columns, rows = self.table()
        schema = {n: getattr(library, _POLARS[kind]) if kind in _POLARS else None for n, kind in columns.items()}
        return library.DataFrame(rows, schema=schema, orient="row", infer_schema_length=None)


class Linked(Tabular):
    """An answer whose rows are edges."""

    __slots__ = ()

    @abstractmethod
    def nodes_and_links(self) -> tuple[Mapping[str, dict[str, Any]], Iterable[Link]]:
        """Names with what is said of them, and the edges between these and others."""

    def to_networkx(self) -> networkx.MultiDiGraph:
        """Nodes are names; edges are parallel where several statements say the same. Raises UsageError without the extra
        ``networkx``."""
        made = _library("networkx").MultiDiGraph()
        nodes, links = self.nodes_and_links()
        made.add_nodes_from(nodes.items())
        made.add_edges_from(links)
        return made


def table_of(kind: type[msgspec.Struct], found: Iterable[msgspec.Struct]) -> Table:
    """A column for each field; what is not a text or a number is of plain lists and dictionaries."""
    import msgspec

    fields = msgspec.structs.fields(kind)
    columns = {f.name: _PLAIN.get(f.type, object) for f in fields}
    return Table(columns, [tuple(msgspec.to_builtins(getattr(one, f.name)) for f in fields) for one in found])


def to_columns(datasets: Iterable[str], owners: Mapping[str, str]) -> Iterator[Link]:
    """From datasets whose rows are shaped to their columns; ``owners``: the dataset of each column that is shown. So what
    follows edges in a graph gets as far as the answer does."""
    shaped = set(datasets)
    for column, owner in owners.items():
        if owner in shaped:
            yield Link(owner, column, {"how": HAS_COLUMN})


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            "RL203", f"{name} is not installed", where=f"to_{name}()", help=f"pip install 'ray-lineage[{name}]'"
        ) from error
