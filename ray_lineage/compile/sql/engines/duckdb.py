"""DuckDB: PostgreSQL's parser, its own names, types and functions (https://duckdb.org/docs/stable/sql/dialect/overview)."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Roles, Shape, rule
from ray_lineage.compile.sql.engines.postgres import POSTGRES_REWRITES
from ray_lineage.compile.sql.engines.shared import two_words, without_dot_commands
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.query.words import FILE, SERVER_QUERY

_TABLE_FUNCTIONS: Final[Roles] = {
        **dict.fromkeys(
            ("read_csv_auto", "read_json", "read_json_auto", "read_json_objects", "read_ndjson", "read_ndjson_auto",
             "read_ndjson_objects", "parquet_scan", "read_text", "read_blob", "delta_scan", "iceberg_scan", "sniff_csv",
             "read_xlsx", "st_read"), FILE,
        ),
        "postgres_query": SERVER_QUERY,
        "mysql_query": SERVER_QUERY,
        "query": ("query",),
        "query_table": ("table",),
        "postgres_scan": ("server", "schema", "table"),
        "postgres_scan_pushdown": ("server", "schema", "table"),
        "sqlite_scan": ("server", "table"),
    }  # fmt: skip
PIVOT_VERBS: Final = {"PIVOT_WIDER": (T.PIVOT, "PIVOT"), "PIVOT_LONGER": (T.UNPIVOT, "UNPIVOT")}


def _plain_by_name(tokens: list[Token], verb: str) -> list[Token]:
    """``INSERT BY NAME *`` and ``UPDATE BY POSITION`` in DuckDB's MERGE without these words, which are looked for elsewhere;
    ``INSERT INTO t BY POSITION`` is what it is without them."""
    if verb != "MERGE":
        return [
            t
            for i, t in enumerate(tokens)
            if not (
                verb == "INSERT" and 2 < i < 9 and "BY POSITION" in (two_words(tokens, i), two_words(tokens, i - 1))
            )
        ]
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        out.append(tokens[i])
        i += 1
        words = [t.text.upper() for t in tokens[i : i + 2]]
        if tokens[i - 1].token_type in (T.INSERT, T.UPDATE) and words in (["BY", "NAME"], ["BY", "POSITION"]):
            i += 3 if i + 2 < n and tokens[i + 2].token_type is T.STAR else 2
    return out


DUCKDB: Final = Engine(
    name="duckdb",
    fewer_names=True,
    client=(without_dot_commands,),
    dollar_quotes=True,
    short_verbs=PIVOT_VERBS,
    rewrites=(
        rule("merge by", r"\b(?:insert|update)\s+by\s+(?:name|position)\b", _plain_by_name),
        rule("insert by", r"\bby\s+position\b", _plain_by_name),
        *POSTGRES_REWRITES,
    ),
    files_as_tables=True,
    no_columns=frozenset(["current_role", "current_schema"]),
    aggregates=frozenset(
        [
            "arbitrary",
            "bitstring_agg",
            "favg",
            "fsum",
            "geomean",
            "histogram",
            "product",
            "sum_no_overflow",
            "weighted_avg",
            "reservoir_quantile",
            "entropy",
            "mad",
            "sem",
            "json_group_array",
            "json_group_object",
            "kahan_sum",
            "mean",
        ]
    ),
    lateral_aliases=True,
    structs=True,
    row_values=True,
    patterns=True,
    chained_calls=True,
    values_columns=("col", 0),
    table_functions=_TABLE_FUNCTIONS,
    untyped_parameters=True,
    merge_by_position=True,
    signs="""
6: read_csv_auto read_parquet read_json_auto struct_pack hugeint list_transform parquet_scan epoch_ms read_json
6: list_contains list_filter list_sort list_distinct struct_extract strptime sniff_csv read_xlsx install|httpfs load|httpfs
5: read_csv list_value summarize union|by arg_max arg_min regexp_extract_all create|macro
4: asof|join list_aggregate by|name positional|join
3: pragma on|conflict insert|or strftime attach
2: distinct|on generate_series qualify try_cast macro unnest install
1: ilike string_agg exclude
""",
    shapes=(
        Shape(5, "DATE_ date_ DATEDIFF( datediff(", r"\b(?i:date_?(?:diff|sub|part))\s*\(\s*'\w+'\s*,", raw=True),
        Shape(4, "select", r"(?:\A|;)\s*from\s+[\w.\"']+\s+select\b"),
        Shape(4, "columns(", r"\bcolumns\s*\("),
        Shape(2, "::", r"[\w)'\]]::[a-z]"),
        Shape(3, "exclude", r"\*\s+exclude\b"),
        Shape(3, ".", r"^\.(?:mode|headers?|import|read|tables|schema)\b"),
        Shape(6, ".csv .parquet .json", r"\b(?i:FROM)\s+'[^'\n]+\.(?:csv|parquet|json)[^'\n]{0,5}'", raw=True),
    ),
)
