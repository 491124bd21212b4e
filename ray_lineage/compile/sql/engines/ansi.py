"""No engine at all: what is read where nothing is known of a text, a superset of the engines that is read with sqlglot's own grammar."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engine import Engine, fold_lower, rule
from ray_lineage.compile.sql.engines.bigquery import PIPES, TABLE_ARGUMENTS
from ray_lineage.compile.sql.engines.clickhouse import CLICKHOUSE
from ray_lineage.compile.sql.engines.databricks import DATABRICKS
from ray_lineage.compile.sql.engines.duckdb import PIVOT_VERBS
from ray_lineage.compile.sql.engines.hive import DIRECTORY, without_cells
from ray_lineage.compile.sql.engines.mysql import MYSQL_REWRITES, federated, without_delimiters, without_mysql_commands
from ray_lineage.compile.sql.engines.postgres import (
    JOIN_ALIASES,
    JSON_AGGREGATES,
    PG_CATALOG,
    POSTGRES_REWRITES,
    foreign_wrapped,
    plain_cube,
    without_psql,
)
from ray_lineage.compile.sql.engines.shared import CURRENT_OF
from ray_lineage.compile.sql.engines.spark import EVOLUTION
from ray_lineage.compile.sql.engines.teradata import TERADATA
from ray_lineage.compile.sql.query.words import CROSSTABS, SERVER_QUERY

ANSI: Final = Engine(
    name="",
    partition_columns=True,
    client=(without_psql, without_mysql_commands, without_cells, without_delimiters),
    rewrites=(
        *MYSQL_REWRITES,
        DIRECTORY,
        rule("cube", "", plain_cube),
        CURRENT_OF,
        EVOLUTION,
        PIPES,
        TABLE_ARGUMENTS,
        *POSTGRES_REWRITES,
        JOIN_ALIASES,
    ),
    short_verbs=PIVOT_VERBS,
    readers={**CLICKHOUSE.readers, **TERADATA.readers, **DATABRICKS.readers},
    fold=fold_lower,
    system_tables=PG_CATALOG,
    names_in_texts=True,
    aggregates=frozenset((JSON_AGGREGATES + " json_group_array json_group_object").split()),
    lateral_aliases=True,
    structs=True,
    sequence_objects=True,
    recursion_unmarked=True,
    table_functions={"dblink": SERVER_QUERY, "external_query": SERVER_QUERY, **CROSSTABS},
    plpgsql=True,
    script_variables=True,
    several_targets=True,
    conflict_sees_query=True,
    outfile=True,
    organization=True,
    foreign=(federated, foreign_wrapped),
    options_elsewhere=True,
)
