"""RisingWave, which speaks PostgreSQL's protocol and SQL (https://docs.risingwave.com/sql/overview)."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engines.postgres import POSTGRES, POSTGRES_REWRITES

RISINGWAVE: Final = POSTGRES.extend(
    "risingwave",
    rewrites=POSTGRES_REWRITES,
    no_columns=frozenset(),  # it has no system columns
    values_columns=None,
    table_functions={},
    foreign=(),
    kin="streaming",
    signs="""
6: create|sink tumble watermark create|source
3: encode|json
""",
)
