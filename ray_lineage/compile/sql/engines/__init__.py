"""The engines, a file each. Of two with the same evidence for a text the one in front is meant."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.engines.ansi import ANSI
from ray_lineage.compile.sql.engines.athena import ATHENA
from ray_lineage.compile.sql.engines.bigquery import BIGQUERY
from ray_lineage.compile.sql.engines.clickhouse import CLICKHOUSE
from ray_lineage.compile.sql.engines.databricks import DATABRICKS
from ray_lineage.compile.sql.engines.doris import DORIS
from ray_lineage.compile.sql.engines.drill import DRILL
from ray_lineage.compile.sql.engines.duckdb import DUCKDB
from ray_lineage.compile.sql.engines.exasol import EXASOL
from ray_lineage.compile.sql.engines.fabric import FABRIC
from ray_lineage.compile.sql.engines.greenplum import GREENPLUM
from ray_lineage.compile.sql.engines.hive import HIVE
from ray_lineage.compile.sql.engines.materialize import MATERIALIZE
from ray_lineage.compile.sql.engines.mysql import MYSQL
from ray_lineage.compile.sql.engines.oracle import ORACLE
from ray_lineage.compile.sql.engines.postgres import POSTGRES
from ray_lineage.compile.sql.engines.presto import PRESTO
from ray_lineage.compile.sql.engines.redshift import REDSHIFT
from ray_lineage.compile.sql.engines.risingwave import RISINGWAVE
from ray_lineage.compile.sql.engines.singlestore import SINGLESTORE
from ray_lineage.compile.sql.engines.snowflake import SNOWFLAKE
from ray_lineage.compile.sql.engines.spark import SPARK
from ray_lineage.compile.sql.engines.sqlite import SQLITE
from ray_lineage.compile.sql.engines.starrocks import STARROCKS
from ray_lineage.compile.sql.engines.teradata import TERADATA
from ray_lineage.compile.sql.engines.trino import TRINO
from ray_lineage.compile.sql.engines.tsql import TSQL

ENGINES: Final = (
    TSQL, POSTGRES, SNOWFLAKE, BIGQUERY, MYSQL, ORACLE, SPARK, REDSHIFT, DATABRICKS, SQLITE, DUCKDB, CLICKHOUSE, TRINO, HIVE, TERADATA,
    ATHENA, PRESTO, STARROCKS, DORIS, EXASOL, GREENPLUM, MATERIALIZE, RISINGWAVE, FABRIC, SINGLESTORE, DRILL, ANSI,
)  # fmt: skip
_BY_NAME: Final = {engine.name: engine for engine in ENGINES}


def engine_of(name: str) -> Engine:
    """The engine of a name; empty: a superset of all. Raises ValueError for a name that is none."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise ValueError(f"Unknown dialect {name!r}") from None
