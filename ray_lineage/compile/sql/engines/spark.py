"""Apache Spark, whose SQL began as Hive's (https://spark.apache.org/docs/latest/sql-migration-guide.html#compatibility-with-apache-hive)."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Shape, rule
from ray_lineage.compile.sql.engines.bigquery import PIPES
from ray_lineage.compile.sql.engines.hive import DIRECTORY, HIVE
from ray_lineage.compile.sql.query.words import FILE

_AGGREGATES: Final = "count_min_sketch every histogram_numeric hll_sketch_agg hll_union_agg mean some std try_avg try_sum schema_of_json_agg"


def _without_evolution(tokens: list[Token], verb: str) -> list[Token]:
    """``MERGE WITH SCHEMA EVOLUTION INTO t`` -> ``MERGE INTO t``."""
    evolves = [t.text.upper() for t in tokens[1:4]] == ["WITH", "SCHEMA", "EVOLUTION"]
    return [tokens[0], *tokens[4:]] if evolves else tokens


EVOLUTION: Final = rule("evolution", "", _without_evolution)
SPARK: Final = HIVE.extend(
    "spark",
    stores_lower=False,
    rewrites=(DIRECTORY, EVOLUTION, PIPES),
    files_as_tables=True,
    names_in_texts=True,
    default_schema="default",
    aggregates=frozenset(_AGGREGATES.split()),
    columns_first=True,
    table_functions={"read_files": FILE},
    script_variables=True,
    signs="""
6: lateral|view using|parquet cache|table collect_list collect_set posexplode insert|overwrite
5: using|delta explode named_struct inpath using|csv using|json
4: get_json_object
4: tblproperties partitioned|by stored|as temp|view distribute|by temporary|view sort|by
3: from_unixtime semi|join monotonically_increasing_id row|format
2: to_date date_format nvl qualify array_contains
1: string minus
""",
    shapes=(
        Shape(1, "`", r"`[\w-]{1,60}(?:\.[\w-]{1,60}){1,2}(?:\.?[\w*-]{0,60})?`"),
        Shape(2, "struct array", r"\b(?:struct|array)\s*<"),
        Shape(1, "`", r"(?<![.\w])`\w{1,60}`"),
        Shape(3, "delta.`", r"\bdelta\.`"),
        Shape(5, ".`", r"\b(?:parquet|orc|csv|json)\.`"),
    ),
)
