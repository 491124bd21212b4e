"""Presto, which Trino was forked from."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engines.trino import TRINO

PRESTO: Final = TRINO.extend(
    "presto",
)
