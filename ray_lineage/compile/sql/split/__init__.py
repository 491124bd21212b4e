"""Tokens -> slices: where each statement begins and ends, and which routine it belongs to."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.split.flow import Slice
from ray_lineage.compile.sql.split.generic import Splitter


def split(tokens: list[Token], engine: Engine, first_block: int = 0) -> list[Slice]:
    """Cut a file's tokens into statements. Blocks of control flow are numbered from ``first_block``."""
    if engine.splitter is not None:
        slices: list[Slice] = engine.splitter(tokens, first_block).run()
        return slices
    return Splitter(tokens).run()
