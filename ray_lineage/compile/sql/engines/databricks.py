"""Databricks: Spark with a catalog of its own."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engine import Shape, rule
from ray_lineage.compile.sql.engines.bigquery import PIPES
from ray_lineage.compile.sql.engines.hive import DIRECTORY
from ray_lineage.compile.sql.engines.shared import PARTITIONS, plain_calls
from ray_lineage.compile.sql.engines.spark import EVOLUTION, SPARK
from ray_lineage.compile.sql.query.words import FILE
from ray_lineage.compile.sql.statements.move import read_apply_changes

DATABRICKS: Final = SPARK.extend(
    "databricks",
    readers={"APPLY": read_apply_changes, "AUTO": read_apply_changes},
    table_arguments=True,
    rewrites=(PARTITIONS, DIRECTORY, EVOLUTION, rule("vector_search", r"\bvector_search\s*\(", plain_calls), PIPES),
    own_schema="live",
    default_schema="default",
    no_columns=frozenset({"localtimestamp"}),
    aggregates=SPARK.aggregates | {"st_union_agg"},
    remote_database=False,
    table_functions={
        "remote_query": ("server",),
        "read_files": FILE,
        "cloud_files": FILE,
        "read_kafka": ("",),
        "vector_index": ("",),
    },
    silent_outputs=True,
    signs="""
6: zorder using|delta live|table read_files apply|changes lateral|view collect_list collect_set cloud_files
6: describe|history use|catalog insert|overwrite shallow|clone streaming|table delta|live hive_metastore
5: explode posexplode named_struct convert|to set|tags
4: tblproperties partitioned|by temp|view temporary|view cluster|by
3: copy|into qualify
2: ilike try_cast by|name optimize vacuum
1: string identifier
""",
    shapes=(
        Shape(1, "::", r"[\w)'\]]::[a-z]"),
        Shape(4, "::", r"\b[a-z_]\w*:[a-z_]\w*(?:[.\[]\w*\]?)*::[a-z]"),
        Shape(1, "`", r"`[\w-]{1,60}(?:\.[\w-]{1,60}){1,2}(?:\.?[\w*-]{0,60})?`"),
        Shape(2, "struct array", r"\b(?:struct|array)\s*<"),
        Shape(1, "`", r"(?<![.\w])`\w{1,60}`"),
        Shape(5, "delta.`", r"\bdelta\.`"),
        Shape(3, ".`", r"\b(?:parquet|orc|csv|json)\.`"),
        Shape(
            8, "-- Databricks COMMAND MAGIC", "^-- (?:Databricks notebook source|COMMAND ----------|MAGIC )", raw=True
        ),
    ),
)
