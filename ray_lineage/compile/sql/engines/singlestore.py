"""SingleStore, which speaks MySQL's protocol."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engines.mysql import MYSQL

SINGLESTORE: Final = MYSQL.extend(
    "singlestore",
    aggregates=frozenset(),
    field_paths=True,
    foreign=(),
)
