"""Amazon Athena: queries are Trino's, DDL is Hive's (https://docs.aws.amazon.com/athena/latest/ug/functions.html, .../ddl-reference.html)."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engine import Shape
from ray_lineage.compile.sql.engines.hive import HIVE
from ray_lineage.compile.sql.engines.trino import TRINO

ATHENA: Final = TRINO.extend(
    "athena",
    grammar=TRINO.name,
    other_grammar=HIVE.name,
    identifier_quotes=('"', "`"),
    signs="""
6: external_location date_parse
5: tblproperties serdeproperties serde
4: stored|as unload row|format partitioned|by
""",
    shapes=(Shape(5, "with", r"\bwith\s*\(\s*(?:format|partitioned_by|external_location|location)\s*="),),
)
