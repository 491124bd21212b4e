"""The dialects of SQL that dbt's adapters speak."""

from __future__ import annotations

from typing import Final

from ray_lineage.dialects import DIALECTS, dialect_named

_SPOKEN: Final = {
    "synapse": "tsql", "azuresynapse": "tsql", "glue": "spark", "fabricspark": "spark", "impala": "hive", "vertica": "postgres",
    "yellowbrick": "postgres", "cratedb": "postgres", "tidb": "mysql", "dremio": "drill", "maxcompute": "hive",
    "motherduck": "duckdb", "firebolt": "postgres", "timescaledb": "postgres", "alloydb": "postgres", "cockroach": "postgres",
    "ibmdb2": "oracle", "db2": "oracle", "netezza": "postgres",
}  # fmt: skip
"""Of engines that are no dialect of ours: the nearest one."""


def dialect_of(adapter: str) -> str:
    """The dialect that an adapter (``type`` of a profile's target, ``adapter_type`` of a manifest) speaks; "" if nobody knows."""
    found = dialect_named(_SPOKEN.get(adapter.lower(), adapter))
    return found if found in DIALECTS else ""
