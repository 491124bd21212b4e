"""StarRocks, which speaks MySQL's protocol."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engine import Shape, rule
from ray_lineage.compile.sql.engines.mysql import MYSQL, MYSQL_REWRITES
from ray_lineage.compile.sql.engines.shared import plain_calls

STARROCKS: Final = MYSQL.extend(
    "starrocks",
    clear_names=False,  # it has semi-joins
    rewrites=(*MYSQL_REWRITES, rule("files", r"\binto\s+files\s*\(", plain_calls)),
    no_columns=frozenset(),
    aggregates=frozenset(),
    table_functions={"files": ("",)},
    foreign=(),
    kin="olap",
    signs="""
6: distributed|by olap
4: duplicate|key aggregate|key refresh|async
3: buckets
""",
    shapes=(Shape(3, "engine", r"\bengine\s*=\s*\w"),),
)
