"""The graph as a folder of Parquet files, for data frames and warehouses. Needs the extra ``parquet``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ray_lineage.errors import UsageError
from ray_lineage.graph.schema import NODES, RELS
from ray_lineage.query.export import PRODUCER, appearing, columns
from ray_lineage.query.part import Rows

_TYPES: Final = {p.name: p.type for kind in (*NODES, *RELS) for p in kind.props}
"""Of all other columns: text."""


def write_parquet(store: Rows, projects: Sequence[str], folder: str) -> int:
    """``nodes_<label>.parquet`` and ``edges_<type>.parquet``, a row group for each project; returns how many rows. Equal graphs
    give equal files.

    Raises UsageError (RL203) where PyArrow is not installed, OSError. Every file appears whole or not at all.
    """
    library = _pyarrow()
    import pyarrow.parquet

    count = 0
    for type_, kind, names in columns():
        with appearing(folder, f"{type_}s_{kind}.parquet") as path:
            schema = _schema(library, names)
            with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
                for project in projects:
                    rows = store.rows(project, kind)
                    columns_ = map(list, zip(*rows, strict=True)) if rows else ([] for _ in names)
                    writer.write_table(library.table(list(columns_), schema=schema))
                    count += len(rows)
    return count


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise UsageError(
            "RL203", "PyArrow is not installed", where="--format parquet", help="pip install 'ray-lineage[parquet]'"
        ) from error
    return pyarrow


def _schema(library: Any, names: Sequence[str]) -> Any:
    types = {"STRING": library.string(), "INT64": library.int64(), "BOOL": library.bool_()}
    fields = [(name, types[_TYPES.get(name, "STRING")]) for name in names]
    return library.schema(fields, metadata={"producer": PRODUCER})
