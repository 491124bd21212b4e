"""Calls that name tables: what they write, read or declare, and where the names stand."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from ray_lineage.compile.python.libraries import DUCKDB
from ray_lineage.compile.python.places import USES


class Way(Enum):
    """How a frame comes into a table."""

    CREATE = auto()  # its columns become the table's
    BY_NAME = auto()
    BY_POSITION = auto()
    VIEW = auto()
    TEMPORARY = auto()  # a view of this session
    ROWS = auto()  # of nothing that we know


class Writes(NamedTuple):
    """A call that writes a table. ``table``: position and keywords of its name. ``frame``: position of the frame, -1: what the
    method is called on, -2: there is none. ``mode``: the keyword that says whether rows are added; a builder's ``mode`` does, too."""

    table: int
    keywords: tuple[str, ...]
    way: Way
    frame: int = -1
    mode: str = ""
    schema: str = ""
    database: str = ""
    of: tuple[str, ...] = ()  # the libraries in which it means that; none: everywhere


_TABLE: Final = ("name", "table", "tableName", "table_name", "destination", "destination_table", "view_name")

WRITES: Final[Mapping[str, Writes]] = {
    "saveAsTable": Writes(0, _TABLE, Way.CREATE, mode="mode"),
    "save_as_table": Writes(0, _TABLE, Way.CREATE, mode="mode"),
    "insertInto": Writes(0, _TABLE, Way.BY_POSITION),
    "insert_into": Writes(0, _TABLE, Way.BY_POSITION),
    "toTable": Writes(0, _TABLE, Way.BY_NAME),
    "writeTo": Writes(0, _TABLE, Way.BY_NAME),
    "to_sql": Writes(0, _TABLE, Way.CREATE, mode="if_exists", schema="schema"),
    "to_gbq": Writes(0, _TABLE, Way.CREATE, mode="if_exists"),
    "write_database": Writes(0, _TABLE, Way.CREATE, mode="if_table_exists"),
    "write_pandas": Writes(2, _TABLE, Way.BY_NAME, 1, schema="schema", database="database"),
    "write_dataframe": Writes(1, _TABLE, Way.BY_POSITION, 0),
    "copy_into_table": Writes(0, _TABLE, Way.BY_POSITION),
    "create_or_replace_view": Writes(0, _TABLE, Way.VIEW),
    "create_or_replace_dynamic_table": Writes(0, _TABLE, Way.VIEW),
    **dict.fromkeys(
        (
            "createOrReplaceTempView", "createTempView", "createOrReplaceGlobalTempView", "createGlobalTempView",
            "registerTempTable", "create_or_replace_temp_view", "create_temp_view",
        ),
        Writes(0, _TABLE, Way.TEMPORARY),
    ),
    "registerDataFrameAsTable": Writes(1, _TABLE, Way.TEMPORARY, 0),
    "register": Writes(0, _TABLE, Way.TEMPORARY, 1),
    "load_table_from_dataframe": Writes(1, _TABLE, Way.BY_NAME, 0),
    **dict.fromkeys(
        ("load_table_from_uri", "load_table_from_json", "load_table_from_file"), Writes(1, _TABLE, Way.ROWS, -2)
    ),
    **dict.fromkeys(("insert_rows", "insert_rows_json", "insert_rows_from_dataframe"), Writes(0, _TABLE, Way.ROWS, -2)),
    **dict.fromkeys(
        ("copy_records_to_table", "copy_to_table"), Writes(0, _TABLE, Way.ROWS, -2, schema="schema_name")
    ),
    "copy_from": Writes(1, _TABLE, Way.ROWS, -2, of=("psycopg2",)),
    "copy": Writes(3, _TABLE, Way.BY_NAME, 0, schema="schema", of=("awswrangler",)),
    "copy_from_files": Writes(2, _TABLE, Way.ROWS, -2, schema="schema", of=("awswrangler",)),
    "to_iceberg": Writes(2, _TABLE, Way.BY_NAME, 0, database="database", of=("awswrangler",)),
    "insert_df": Writes(0, _TABLE, Way.BY_NAME, 1, database="database"),
    "bigquery_load_cloud_storage": Writes(1, _TABLE, Way.ROWS, -2, schema="dataset"),
    "create_table": Writes(0, _TABLE, Way.CREATE, 1, database="database", of=("ibis",)),
    "create_view": Writes(0, _TABLE, Way.VIEW, of=(DUCKDB,)),
    "create": Writes(0, _TABLE, Way.CREATE, of=(DUCKDB,)),
    "to_table": Writes(0, _TABLE, Way.CREATE, of=(DUCKDB,)),
    "to_view": Writes(0, _TABLE, Way.VIEW, of=(DUCKDB,)),
    **dict.fromkeys(
        ("to_parquet", "to_csv", "to_json", "to_orc"),
        Writes(99, ("table",), Way.BY_NAME, 0, database="database", of=("awswrangler",)),
    ),
    "insert": Writes(0, _TABLE, Way.ROWS, -2, database="database", of=("clickhouse_connect", "ibis")),
}  # fmt: skip
"""By the name of the method."""

OPERATORS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "BigQueryInsertJobOperator": ((), ()),
    "GCSToBigQueryOperator": ((), ("destination_project_dataset_table",)),
    "GoogleCloudStorageToBigQueryOperator": ((), ("destination_project_dataset_table",)),
    "BigQueryToGCSOperator": (("source_project_dataset_table",), ()),
    "BigQueryToCloudStorageOperator": (("source_project_dataset_table",), ()),
    "BigQueryToBigQueryOperator": (("source_project_dataset_tables",), ("destination_project_dataset_table",)),
    "S3ToRedshiftOperator": ((), ("table",)),
    "RedshiftToS3Operator": (("table",), ()),
    "S3ToSqlOperator": ((), ("table",)),
    "CopyFromExternalStageToSnowflakeOperator": ((), ("table",)),
    "DatabricksCopyIntoOperator": ((), ("table_name",)),
    "SQLColumnCheckOperator": (("table",), ()),
    "SQLTableCheckOperator": (("table",), ()),
    "SQLInsertRowsOperator": ((), ("table_name",)),
    "GenericTransfer": ((), ("destination_table",)),
}
"""Airflow's classes: the keywords of what they read, and of what they write."""

DESTINATIONS: Final = (
    "destination_dataset_table", "destination_table", "mysql_table", "mssql_table", "oracle_table", "vertica_table", "target_table",
)  # fmt: skip
"""Keywords of operators that run a query whose result goes there."""

READS: Final = (
    "table", "read_sql_table", "forName", "extract_table", "list_rows", "add_table_asset", "from_catalog", "read_table",
    "copy_from_table", "read_parquet_table", "create_dynamic_frame_from_catalog",
)  # fmt: skip
"""They name a table that is read."""

FLOWS: Final = ("apply_changes", "create_auto_cdc_flow")
"""Functions of Databricks that keep one table as another one is."""

NAMED_READS: Final[Mapping[str, Writes]] = {
    "copy_from_table": Writes(0, _TABLE, Way.ROWS, -2, schema="schema_name"),
    "read_parquet_table": Writes(0, _TABLE, Way.ROWS, -2, database="database"),
}
"""Those of :data:`READS` that are told schema and table apart."""

GLUE_WRITES: Final = (
    "write_dynamic_frame_from_catalog",
    "write_dynamic_frame_from_options",
    "write_dynamic_frame_from_jdbc_conf",
)

TABLE_CALLS: Final = (
    *FLOWS, *GLUE_WRITES, "create_dynamic_frame_from_options",
    *(name for name, how in WRITES.items() if name != "register" and not how.of), *(name for name in READS if name != "table"), "mergeInto", "copy_table",
    "from_jdbc_conf", "from_options", "whenMatched\\w*", "whenNotMatched\\w*", "temporary_view", "materialized_view",
    "append_flow",
)  # fmt: skip
"""Names (patterns) that need no SQL beside them."""

COMMON_CALLS: Final = (
    "table", "save", "merge", "view", "jdbc", "register", *USES, *(name for name, how in WRITES.items() if how.of),
)  # fmt: skip
"""Names that mean something beside one of the libraries only."""
