"""Microsoft Fabric's warehouse: Transact-SQL (https://learn.microsoft.com/fabric/data-warehouse/tsql-surface-area)."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engines.tsql import TSQL

FABRIC: Final = TSQL.extend(
    "fabric",
)
