"""TRUNCATE."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.scan import list_items, read_name
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import Effect, StatementKind


def read_truncate(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``TRUNCATE [TABLE] [IF EXISTS] [ONLY] a, b`` writes datasets (no rows of them have a source)."""
    i = 2 if len(tokens) > 2 and tokens[1].text.upper() == "TABLE" else 1
    if i < len(tokens) and tokens[i].text.upper() in ("DATABASE", "ALL"):  # of ClickHouse: which tables is not said
        return
    for a, b in list_items(tokens, i, len(tokens)):
        while a < b - 1 and tokens[a].text.upper() in ("IF", "EXISTS", "ONLY"):
            a += 1
        parts, _ = read_name(tokens, a)
        if parts:
            yield Written(
                tokens, StatementKind.TRUNCATE, unit.builder(), target=unit.full(parts), effect=Effect.EMPTIES
            )
