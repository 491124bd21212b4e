"""Apache Drill."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engine import Engine

DRILL: Final = Engine(
    name="drill",
    files_as_tables=True,
    use_is_schema=True,
)
