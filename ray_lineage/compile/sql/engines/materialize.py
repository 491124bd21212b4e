"""Materialize, which speaks PostgreSQL's protocol and SQL (https://materialize.com/docs/sql/)."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engines.postgres import POSTGRES, POSTGRES_REWRITES

MATERIALIZE: Final = POSTGRES.extend(
    "materialize",
    rewrites=POSTGRES_REWRITES,
    no_columns=frozenset(),  # it has no system columns
    table_functions={},
    foreign=(),
    kin="streaming",
    signs="""
6: envelope in|cluster create|sink create|source
3: subscribe
""",
)
