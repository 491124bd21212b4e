"""Apache Hive."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Shape, rule
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing

_CELL: Final = "-- COMMAND ----------"
"""Between the cells of Databricks's notebooks, whose statements need no other end."""


def without_cells(text: str) -> str:
    """The marks between cells end statements."""
    return text.replace(_CELL, ";" + " " * (len(_CELL) - 1))


def _plain_directory(tokens: list[Token], verb: str) -> list[Token]:
    """``INSERT OVERWRITE DIRECTORY 'path' USING format OPTIONS (...)`` without its format."""
    at = next((i for i, t in enumerate(tokens[:5]) if t.text.upper() == "DIRECTORY"), -1)
    if at < 0 or at + 3 >= len(tokens) or tokens[at + 2].token_type is not T.USING:
        return tokens
    i = at + 4
    if i + 1 < len(tokens) and tokens[i].text.upper() == "OPTIONS":
        i = closing(tokens, i + 1) + 1
    return [*tokens[: at + 2], *tokens[i:]]


DIRECTORY: Final = rule("directory", r"\bdirectory\s+'[^']*'\s+using\b", _plain_directory)
HIVE: Final = Engine(
    name="hive",
    partition_columns=True,
    stores_lower=True,  # "LanguageManual DDL": names of tables and columns are without case
    client=(without_cells,),
    rewrites=(DIRECTORY,),
    quote="`",
    use_is_schema=True,
    no_columns=frozenset({"input__file__name", "block__offset__inside__file"}),
    aggregates=frozenset({"histogram_numeric"}),
    lateral_aliases=True,
    unnamed_fields=("col", 1),
    structs=True,
    rowsets={
        "explode": ("col",),
        "explodeouter": ("col",),
        "posexplode": ("pos", "col"),
        "posexplodeouter": ("pos", "col"),
    },
    options_elsewhere=True,
    partitions_move=True,
    kin="hive",
    signs="""
6: lateral|view insert|overwrite serde serdeproperties msck stored|as collect_set hivevar inputformat
6: outputformat add|jar
4: get_json_object from_unixtime|unix_timestamp
5: row|format clustered|by posexplode explode inpath
4: tblproperties partitioned|by distribute|by named_struct collect_list sort|by
3: from_unixtime load|data
1: string
""",
    shapes=(
        Shape(6, "hive", r"\$\{hive(?:conf|var):", raw=True),
        Shape(2, "struct array", r"\b(?:struct|array)\s*<"),
        Shape(1, "`", r"(?<![.\w])`\w{1,60}`"),
        Shape(6, "set", r"^[ \t]*set\s+(?:hive|mapred)[\w.]*\s*="),
    ),
)
