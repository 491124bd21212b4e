"""How SQL tests are written: a script and the column pairs that it has.

A pair reads ``source > target how?``; ``how`` is the first letter of the transformation (i, t, a, c, w), ``?`` after it
means possible. Expectations come from the meaning of the SQL, never from our output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ray_lineage

Case = tuple[str, str, Sequence[str]]
"""dialect, script, pairs."""

SCHEMA: Mapping[str, Sequence[str]] = {"t": ["id", "a", "b"], "u": ["id", "c", "d"]}


def pairs(sql: str, dialect: str, schema: Mapping[str, Sequence[str]] | None = None) -> set[str]:
    """The pairs that we find, in the notation of the cases."""
    found = ray_lineage.lineage(sql, dialect or None, schema=schema)
    assert [d for d in found.diagnostics if d.severity == "error"] == []
    return {
        f"{c.source} > {c.target} {c.transformation[0]}{'?' if c.certainty == 'possible' else ''}"
        for c in found.columns
    }


def check(case: Case, schema: Mapping[str, Sequence[str]] | None = None) -> None:
    dialect, sql, expected = case
    assert pairs(sql, dialect, schema) == set(expected)
