"""Apache Doris, which speaks MySQL's protocol."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engine import Shape
from ray_lineage.compile.sql.engines.mysql import MYSQL

DORIS: Final = MYSQL.extend(
    "doris",
    clear_names=False,  # it has semi-joins
    no_columns=frozenset(),
    aggregates=frozenset(),
    table_functions={"query": ("server",), **dict.fromkeys(("s3", "hdfs", "local", "file", "http"), ("",))},
    foreign=(),
    kin="olap",
    signs="""
6: distributed|by olap
4: unique|key duplicate|key aggregate|key
3: buckets
""",
    shapes=(Shape(3, "engine", r"\bengine\s*=\s*\w"),),
)
