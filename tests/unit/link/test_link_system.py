"""Unqualified columns of engines' own views; their lists, as the makers' documentation has them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import ray_lineage
from ray_lineage.link import system
from ray_lineage.link.system import has_column, is_system
from tests.factory import contributions

LISTS = Path(system.__file__).with_name("system_views.txt")
KNOWN = [
    # https://learn.microsoft.com/en-us/sql/relational-databases/system-catalog-views/
    (
        "sys.foreign_keys",
        "name parent_object_id delete_referential_action_desc update_referential_action_desc",
        "value",
    ),
    ("sys.indexes", "optimize_for_sequential_key compression_delay filter_definition", "column_id"),
    ("sys.tables", "lock_escalation_desc history_retention_period_unit_desc is_tracked_by_cdc", "rows"),
    ("sys.master_files", "size growth max_size is_percent_growth physical_name", "recovery_model"),
    # .../system-dynamic-management-views/
    ("sys.dm_exec_requests", "reads writes language blocking_session_id percent_complete", "text"),
    ("sys.dm_exec_sessions", "reads writes login_name open_transaction_count", "command"),
    ("sys.dm_exec_sql_text", "dbid objectid number encrypted text", "plan_handle"),
    ("sys.dm_os_spinlock_stats", "name collisions spins spins_per_collision sleep_time backoffs", "wait_type"),
    # .../system-tables/, .../system-compatibility-views/
    ("msdb.dbo.backupset", "backup_size compressed_backup_size", "physical_device_name"),
    ("msdb.dbo.sysjobs", "job_id enabled category_id", "step_name"),
    ("dbo.sysobjects", "xtype crdate parent_obj", "indid"),
    ("sysindexes", "indid rows used reserved", "xtype"),
    ("master.dbo.sysprocesses", "spid blocked waittype hostname loginame", "session_id"),
    # https://dev.mysql.com/doc/refman/en/information-schema.html, performance-schema-tables.html, sys-schema-views.html
    ("information_schema.tables", "auto_increment table_rows data_free create_options", "column_key"),
    ("information_schema.statistics", "index_name seq_in_index cardinality non_unique", "column_key"),
    ("performance_schema.threads", "thread_id processlist_id parent_thread_id", "event_name"),
    ("sys.schema_table_statistics", "rows_fetched io_read_latency", "index_name"),
    # https://docs.snowflake.com/en/sql-reference/info-schema/tables
    ("db.information_schema.tables", "row_count bytes retention_time clustering_key is_transient", "data_type"),
    # https://docs.cloud.google.com/bigquery/docs/information-schema-columns
    ("p.d.information_schema.columns", "is_partitioning_column clustering_ordinal_position", "row_count"),
    # https://www.postgresql.org/docs/current/infoschema-tables.html, infoschema-columns.html
    ("information_schema.tables", "is_insertable_into self_referencing_column_name", "ordinal_position"),
    ("information_schema.columns", "is_updatable udt_schema identity_start", "table_type"),
    ("pg_catalog.pg_stat_io", "backend_type object context", "relid"),
    # https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/ALL_TAB_COLUMNS.html
    ("sys.all_tab_columns", "owner data_precision char_used num_nulls", "tablespace_name"),
    ("sys.user_tables", "table_name num_rows tablespace_name", "owner"),
    # https://www.sqlite.org/schematab.html
    ("sqlite_master", "type name tbl_name rootpage sql", "rowcount"),
]


@pytest.mark.parametrize(("view", "columns", "other"), KNOWN, ids=[k[0] for k in KNOWN])
def test_columns(view: str, columns: str, other: str) -> None:
    name = tuple(view.split("."))
    assert is_system(name)
    assert [c for c in columns.split() if not has_column(name, c)] == []
    assert has_column(name, other) is False


def test_what_is_not_listed_is_not_known() -> None:
    assert has_column(("sys", "view_of_a_coming_version"), "name") is None
    assert not is_system(("dbo", "tables"))


def test_lists_are_sorted_and_each_stands_once() -> None:
    lines = LISTS.read_text("ascii").splitlines()
    names = [line.split(" ")[0] for line in lines]
    assert names == sorted(set(names))
    assert [n for line in lines for n in line.split(" ") if not re.fullmatch(r"[a-z_][a-z0-9_$#.]*", n)] == []
    assert [line for line in lines if (c := line.split(" ")[1:]) != sorted(set(c)) or not c] == []


def edges(dialect: str, sql: str) -> list[str]:
    found = ray_lineage.lineage(sql, dialect)
    assert found.diagnostics == []
    return sorted(f"{c.source}" + " ?" * (c.certainty == "possible") for c in found.columns)


def test_a_column_that_no_list_has_may_be_of_the_only_view_in_sight() -> None:
    """Versions add columns: a list may be older than the server."""
    view, table = "sys.foreign_keys AS f", "(SELECT x FROM dbo.u) AS t"
    assert edges("tsql", f"INSERT dbo.o (a) SELECT coming FROM {view}") == ["sys.foreign_keys.coming"]
    assert edges("tsql", f"INSERT dbo.o (a) SELECT coming FROM {view} JOIN {table} ON t.x = f.object_id") == [
        "sys.foreign_keys.coming"
    ]
    both = "CREATE TABLE dbo.t (x INT); INSERT dbo.o (a) SELECT coming FROM dbo.t JOIN sys.foreign_keys AS f ON t.x = f.object_id"
    assert edges("tsql", both) == ["sys.foreign_keys.coming ?"]


def test_a_column_that_no_list_has_is_of_none_of_two_views() -> None:
    views = "sys.foreign_keys AS f JOIN sys.objects AS o ON o.object_id = f.object_id"
    assert edges("tsql", f"INSERT dbo.o (a) SELECT coming FROM {views}") == []
    assert edges("tsql", f"INSERT dbo.o (a) SELECT delete_referential_action_desc FROM {views}") == [
        "sys.foreign_keys.delete_referential_action_desc"
    ]


def test_the_data_dictionary_of_oracle_needs_no_schema() -> None:
    """https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/about-static-data-dictionary-views.html"""
    sql = "INSERT INTO o (a, b) SELECT column_name, num_rows FROM user_tables t JOIN all_tab_columns c ON c.table_name = t.table_name"
    assert edges("oracle", sql) == ["sys.all_tab_columns.column_name", "sys.user_tables.num_rows"]
    assert edges("tsql", "INSERT dbo.o (a) SELECT x FROM user_tables") == ["user_tables.x"]
    assert edges("oracle", "CREATE TABLE o AS WITH all_users AS (SELECT x FROM t) SELECT x FROM all_users") == ["t.x"]


@pytest.mark.parametrize(
    ("dialect", "column", "view"),
    [
        ("postgres", "relacl", "pg_class"), ("postgres", "attstattarget", "pg_attribute"), ("postgres", "nspacl", "pg_namespace"),
        ("redshift", "attsortkeyord", "pg_attribute"), ("redshift", "reldiststyle", "pg_class"),
    ],
)  # fmt: skip
def test_a_column_is_that_of_the_view_which_has_it(dialect: str, column: str, view: str) -> None:
    sql = (
        f"INSERT INTO s.o (x) SELECT {column} FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid"
    )
    rows = contributions("p", {"a.sql": sql}, dialect)["a.sql"].rows
    assert [(r[0], r[1], r[5]) for r in rows["FLOWS_TO"]] == [(f"p:pg_catalog.{view}.{column}", "p:s.o.x", "certain")]
    assert json.loads(rows["File"][0][7]) == []
