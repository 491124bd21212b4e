"""Trino."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engine import Engine, Shape
from ray_lineage.compile.sql.engines.shared import PAIRS, PARTITIONS

TRINO: Final = Engine(
    name="trino",
    stores_lower=True,  # "SQL language: identifiers": they have no case
    clear_names=True,
    rewrites=(PARTITIONS, PAIRS),
    use_is_schema=True,
    no_columns=frozenset(["current_path", "current_schema"]),
    aggregates=frozenset(
        [
            "checksum",
            "every",
            "geometric_mean",
            "histogram",
            "map_agg",
            "map_union",
            "multimap_agg",
            "approx_most_frequent",
            "approx_set",
            "merge",
            "numeric_histogram",
            "qdigest_agg",
            "tdigest_agg",
            "reduce_agg",
            "set_union",
        ]
    ),
    structs=True,
    unnests_rows=True,
    table_functions={"query": ("query",), "table_changes": ("schema", "table")},
    table_arguments=True,
    system_functions=True,
    kin="trino",
    signs="""
6: date_parse map_agg from_iso8601_timestamp approx_distinct external_location match_number
6: split_to_map multimap_agg map_agg arbitrary json_format from_iso8601_date to_unixtime
4: day_of_week from_hex zip_with
4: element_at join|unnest json_extract_scalar format_datetime with|ordinality partitioned_by date_add
3: max_by at|timezone grace|period
2: unnest try_cast cardinality
1: transform
""",
    shapes=(
        Shape(4, "DATE_ date_", r"\b(?i:date_(?:add|diff|trunc))\s*\(\s*'\w+'\s*,", raw=True),
        Shape(3, "row", r"\bas\s+(?:array\s*\(\s*)?row\s*\("),
        Shape(3, "unnest", r"\bunnest\s*\([^()]{0,200}\)\s*(?:with\s+ordinality\s+)?(?:as\s+)?\w+\s*\(\w"),
        Shape(3, "x'", r"\b0x[0-9a-f]{8,}\b"),
        Shape(5, "with", r"\bwith\s*\(\s*(?:format|partitioned_by|external_location|location)\s*="),
    ),
)
