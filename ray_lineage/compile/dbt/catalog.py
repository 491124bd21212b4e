"""``catalog.json`` as dbt writes it: the columns that the warehouse has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from ray_lineage.compile.jsontext import Fault, Piece, decoded


class CatalogColumn(msgspec.Struct):
    name: str = ""
    type: str | None = None
    index: int | str | None = None
    comment: str | None = None

    @property
    def place(self) -> int:
        """Its place in the table; behind all others if nobody says."""
        try:
            return int(self.index) if self.index is not None else _LAST
        except ValueError:
            return _LAST


class TableMetadata(msgspec.Struct):
    type: str | None = None
    database: str | None = None
    schema: str | None = None
    name: str = ""
    comment: str | None = None

    @property
    def kind(self) -> str:
        """One of DATASET_KINDS."""
        said = (self.type or "").upper()
        if "VIEW" not in said:
            return "Table"
        return "MaterializedView" if "MATERIALIZED" in said else "View"


class CatalogTable(msgspec.Struct):
    metadata: TableMetadata
    columns: dict[str, CatalogColumn] | None = None

    @property
    def listed(self) -> list[tuple[str, CatalogColumn]]:
        """Its columns by their names, in their order."""
        found = [(column.name or key, column) for key, column in (self.columns or {}).items()]
        return sorted(found, key=lambda c: c[1].place)


class Catalog(msgspec.Struct):
    nodes: dict[str, Raw] | None = None
    sources: dict[str, Raw] | None = None


_LAST: Final = 1 << 30
_catalog: Final = msgspec.json.Decoder(Catalog)
_table: Final = msgspec.json.Decoder(CatalogTable)


def read_catalog(data: bytes) -> Catalog | Fault:
    """The catalog, its tables undecoded."""
    return decoded(Piece(data, 0), _catalog)


def tables(catalog: Catalog) -> Iterator[tuple[str, CatalogTable | Fault]]:
    """The tables by the ids of their nodes, one at a time."""
    for part in (catalog.nodes, catalog.sources):
        for identity, raw in (part or {}).items():
            table = decoded(Piece(bytes(raw), 0), _table)
            yield identity, table
