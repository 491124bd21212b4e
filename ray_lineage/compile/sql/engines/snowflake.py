"""Snowflake."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Shape, fold_upper
from ray_lineage.compile.sql.engines.postgres import POSTGRES_REWRITES
from ray_lineage.compile.sql.lex.scan import after_as, read_name
from ray_lineage.compile.sql.statements.copy import read_copy
from ray_lineage.compile.sql.statements.create import read_create_statement
from ray_lineage.compile.sql.statements.create_semantic_view import read_semantic_view
from ray_lineage.compile.sql.statements.define import define
from ray_lineage.compile.sql.statements.drop import replaced
from ray_lineage.compile.sql.unit import Said, Unit, Written
from ray_lineage.model import StatementKind


def _copy(unit: Unit, tokens: list[Token]) -> Written | None:
    """``COPY FILES INTO @stage FROM @other`` moves files as they are
    (https://docs.snowflake.com/en/sql-reference/sql/copy-files)."""
    of_files = [t.text.upper() for t in tokens[1:3]] == ["FILES", "INTO"]
    return read_copy(unit, [tokens[0], *tokens[2:]] if of_files else tokens)


def _create(unit: Unit, tokens: list[Token]) -> Said:
    """Semantic views, and ``CREATE CORTEX SEARCH SERVICE s ON body ATTRIBUTES k ... AS query``, which keeps the query's rows, as a
    dynamic table does (https://docs.snowflake.com/en/sql-reference/sql/create-cortex-search)."""
    words = [t.text.upper() for t in tokens[:6]]
    if "SEMANTIC VIEW" in words[:4]:  # one word to the tokenizer, if no comment stands in it
        return read_semantic_view(unit, tokens, words.index("SEMANTIC VIEW") + 1)
    if "SEMANTIC" in words[:4]:
        return read_semantic_view(unit, tokens, words.index("SEMANTIC") + 2)
    at = words.index("SERVICE") if "SERVICE" in words else -1
    if at < 2 or tokens[at - 1].text.upper() != "SEARCH":
        return read_create_statement(unit, tokens, "CREATE")
    at += 4 if tokens[at + 1].text.upper() == "IF" else 1  # NOT EXISTS
    parts, end = read_name(tokens, at)
    query = after_as(tokens, end)
    if not parts or not query:
        return None
    name = unit.full(parts)
    replaced(unit, tokens, name, len(tokens) - len(query))
    return define(unit, tokens, query, name, "MaterializedView", (), StatementKind.CREATE_VIEW)


SNOWFLAKE: Final = Engine(
    name="snowflake",
    clear_names=True,
    rewrites=POSTGRES_REWRITES,
    fold=fold_upper,
    default_schema="public",
    names_in_texts=True,
    stages=True,
    no_columns=frozenset(
        [
            "current_date",
            "current_timestamp",
            "metadata$action",
            "metadata$file_row_number",
            "metadata$filename",
            "metadata$isupdate",
            "metadata$row_id",
            "sysdate",
        ]
    ),
    aggregates=frozenset(["hll_accumulate", "hll_combine", "vector_avg"]),
    lateral_aliases=True,
    aliases_in_where=True,
    structs=True,
    columns_first=True,
    sequence_objects=True,
    file_columns=True,
    dual=True,
    recursion_unmarked=True,
    rowsets={"explode": ("seq", "key", "path", "index", "value", "this")},
    table_functions={"result_scan": ("id",)},
    procedures_return_tables=True,
    session_variables=True,
    query_ids=True,
    file_rows=True,
    readers={"COPY": _copy, "CREATE": _create},
    silent_outputs=True,
    signs="""
6: object_construct array_construct to_variant use|warehouse use|role lateral|flatten create|pipe target_lag
6: parse_url flatten|input get_ddl system$typeof seq4 array_size try_parse_json object_keys
6: metadata$action resultset|default create|stage file|format system$stream_has_data try_to_number
5: replace|stage replace|task replace|pipe replace|stream transient timestamp_ntz timestamp_ltz timestamp_tz dynamic|table secure|view create|task copy|into
4: file_format iff create|stream language|javascript parse_json resultset to_varchar autoincrement|start flatten
3: qualify variant
2: charindex to_date listagg zeroifnull decode nvl dateadd datediff connect|by autoincrement array_agg execute|immediate try_cast
2: exclude
3: to_timestamp_ntz try_to_date try_to_timestamp try_to_decimal div0 booland_agg boolor_agg
3: ratio_to_report convert_timezone dayofweekiso sha2_hex is_null_value
1: ilike clone minus to_char ifnull cluster|by date_trunc select|top warehouse stage number
""",
    shapes=(
        Shape(2, "::", r"[\w)'\]]::[a-z]"),
        Shape(2, "$", r"\$\w{0,20}\$"),
        Shape(5, "::", r"\b[a-z_]\w*:[a-z_]\w*(?:[.\[]\w*\]?)*::[a-z]"),
        Shape(
            7,
            "@ metadata$ $",
            r"\bfrom\s+@(?:[~%\"]|[\w.]+/)|(?:\bcopy\s+into\b|\$\d+\b)[^;]{0,400}?\bfrom\s+@|\bmetadata\$\w+|\$\d+:\w+",
        ),
        Shape(3, "exclude", r"\*\s+exclude\b"),
        Shape(6, ':"', r'[\w)\]]:"[^"\n]{1,80}"'),
        Shape(3, "::", r"::(?:variant|number|timestamp_[a-z]+)\b"),
    ),
)
