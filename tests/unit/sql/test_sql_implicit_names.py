"""What PostgreSQL calls columns that have no name: what PostgreSQL 18 said when it was asked."""

from __future__ import annotations

import pytest

import ray_lineage

NAMES = {
    "string_agg(a, ',')": "string_agg",
    "lower(a) || 'x'": "?column?",
    "coalesce(b, id)": "coalesce",
    "sum(b) FILTER (WHERE b > 1)": "sum",
    "(b)": "b",
    "nullif(b, 1)": "nullif",
    "extract(year from d)": "extract",
    "substring(a from 1 for 2)": "substring",
    "position('a' in a)": "position",
    "greatest(b, id)": "greatest",
    "arr[1]": "arr",
    "(arr)[1:2]": "arr",
    "NOT bo": "?column?",
    "max(b) OVER ()": "max",
    "b::text": "b",
    "(b + 1)::int": "int4",
    "cast(lower(a) as varchar)": "lower",
    "a ~ 'x'": "?column?",
    "lower(a) ~ 'x'": "?column?",
    "j->>'k'": "?column?",
    "(j->'k')::text": "text",
    "trim(a)": "btrim",
    "trim(leading 'x' from a)": "ltrim",
    "case when b > 1 then id end": "case",
    "case when b > 1 then 2 else id end": "id",
    "case when b > 1 then 2 else abs(id) end": "abs",
    "(select max(b) from t)": "max",
    "(select b as zz from t limit 1)": "zz",
    "d at time zone 'UTC'": "timezone",
    "mod(b, 2)": "mod",
    "b % 2": "?column?",
    "power(f, 2)": "power",
    "corr(f, f)": "corr",
    "percentile_cont(0.5) within group (order by f)": "percentile_cont",
    "date_trunc('day', d)": "date_trunc",
    "array_agg(b order by id)": "array_agg",
    "unnest(arr)": "unnest",
    "to_char(d, 'YYYY')": "to_char",
    "(max(b))": "max",
    "max(b) + 1": "?column?",
}


@pytest.mark.parametrize(("expression", "name"), NAMES.items(), ids=list(NAMES))
def test_a_column_is_called_as_the_engine_calls_it(expression: str, name: str) -> None:
    schema = {"t": ["id", "a", "b", "d", "arr", "j", "f", "bo"]}
    found = ray_lineage.lineage(f"CREATE VIEW v AS SELECT {expression} FROM t", "postgres", schema=schema)
    assert {str(c.target) for c in found.columns} == {f"v.{name}"}
