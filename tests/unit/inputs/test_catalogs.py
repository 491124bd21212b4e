"""Dumps of catalogs are read by the names of their fields, as the systems' documentation has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ray_lineage.compile.catalogs import claims
from ray_lineage.compile.catalogs.rows import Row, csv_rows
from tests.unit.inputs.linked import Graph


def rows(*found: Any) -> str:
    return json.dumps(found)


def listed(content: str | bytes, path: str = "c.json", dialect: str = "") -> dict[str, list[str]]:
    return Graph({path: content}, dialect).columns


# --------------------------------------------------------------------------- systems

SYSTEMS = {
    "PostgreSQL: information_schema.columns": (
        {"table_catalog": "db", "table_schema": "s", "table_name": "t", "column_name": "a", "ordinal_position": 1, "data_type": "int"},
        {"db.s.t": ["a int"]},
    ),
    "Snowflake: upper case": (
        {"TABLE_CATALOG": "DB", "TABLE_SCHEMA": "S", "TABLE_NAME": "T", "COLUMN_NAME": "A", "ORDINAL_POSITION": 1, "DATA_TYPE": "NUMBER"},
        {"db.s.t": ["a NUMBER"]},
    ),
    "Snowflake: SHOW COLUMNS": (
        {"table_name": "T", "schema_name": "S", "column_name": "A", "data_type": '{"type":"FIXED"}', "database_name": "DB"},
        {"db.s.t": ['a {"type":"FIXED"}']},
    ),
    "BigQuery: numbers as strings": (
        {"table_catalog": "p-x", "table_schema": "d", "table_name": "T", "column_name": "A", "ordinal_position": "1", "data_type": "INT64",
         "is_hidden": "NO"},
        {"p-x.d.t": ["a INT64"]},
    ),
    "MySQL: the catalog is def": (
        {"TABLE_CATALOG": "def", "TABLE_SCHEMA": "shop", "TABLE_NAME": "t", "COLUMN_NAME": "a", "ORDINAL_POSITION": 1,
         "DATA_TYPE": "varchar", "COLUMN_TYPE": "varchar(20)"},
        {"shop.t": ["a varchar(20)"]},
    ),
    "Oracle: ALL_TAB_COLUMNS": (
        {"OWNER": "HR", "TABLE_NAME": "EMP", "COLUMN_NAME": "ENAME", "COLUMN_ID": 2, "DATA_TYPE": "VARCHAR2"},
        {"hr.emp": ["ename VARCHAR2"]},
    ),
    "SQL Server": (
        {"TABLE_CATALOG": "Db", "TABLE_SCHEMA": "dbo", "TABLE_NAME": "T", "COLUMN_NAME": "Id", "ORDINAL_POSITION": 1, "DATA_TYPE": "int"},
        {"db.dbo.t": ["id int"]},
    ),
    "JDBC: getColumns": (
        {"TABLE_CAT": None, "TABLE_SCHEM": "S", "TABLE_NAME": "T", "COLUMN_NAME": "A", "TYPE_NAME": "INT", "ORDINAL_POSITION": 1},
        {"s.t": ["a INT"]},
    ),
    "Teradata: DBC.ColumnsV": (
        {"DatabaseName": "dw", "TableName": "t", "ColumnName": "a", "ColumnType": "I", "ColumnId": 1025},
        {"dw.t": ["a I"]},
    ),
    "DB2: SYSCAT.COLUMNS": (
        {"TABSCHEMA": "S", "TABNAME": "T", "COLNAME": "A", "COLNO": 0, "TYPENAME": "INTEGER"},
        {"s.t": ["a INTEGER"]},
    ),
    "ClickHouse: system.columns": (
        {"database": "d", "table": "t", "name": "a", "type": "UInt8", "position": 1},
        {"d.t": ["a UInt8"]},
    ),
    "DuckDB: duckdb_columns()": (
        {"database_name": "m", "schema_name": "main", "table_name": "t", "column_name": "a", "column_index": 1, "data_type": "INTEGER"},
        {"m.main.t": ["a INTEGER"]},
    ),
    "Databricks": (
        {"table_catalog": "main", "table_schema": "s", "table_name": "t", "column_name": "a", "ordinal_position": 0, "data_type": "INT",
         "full_data_type": "int"},
        {"main.s.t": ["a int"]},
    ),
    "Redshift: SVV_COLUMNS": (
        {"table_catalog": "dev", "table_schema": "public", "table_name": "t", "column_name": "a", "ordinal_position": 1,
         "data_type": "integer", "remarks": ""},
        {"dev.public.t": ["a integer"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_systems(system: str) -> None:
    row, means = SYSTEMS[system]
    assert claims("x", rows(row))
    assert listed(rows(row)) == means


@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_as_csv(system: str) -> None:
    row, means = SYSTEMS[system]
    quoted = [
        json.dumps(v).replace('\\"', '""') if isinstance(v, str) else "" if v is None else str(v) for v in row.values()
    ]
    assert listed(",".join(row) + "\n" + ",".join(quoted) + "\n", "c.csv") == means


# --------------------------------------------------------------------------- forms

A = {"table_schema": "s", "table_name": "t", "column_name": "a", "ordinal_position": 1, "data_type": "int"}
B = {**A, "column_name": "b", "ordinal_position": 2, "data_type": "text"}
CSV = "table_schema,table_name,column_name,ordinal_position,data_type\ns,t,b,2,text\ns,t,a,1,int\n"


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (rows(B, A), "c.json"),
        (json.dumps([B, A], indent=2), "c.json"),
        (f"{json.dumps(B)}\n{json.dumps(A)}\n", "c.ndjson"),
        (f"{json.dumps(B)}\n{json.dumps(A)}\n", "c.jsonl"),
        (json.dumps({"rows": [B, A]}), "c.json"),
        (json.dumps({"query": "select ...", "Results": [B, A]}), "c.json"),
        ("\ufeff" + rows(B, A), "c.json"),
        (rows(B, A).encode("utf-16"), "c.json"),
        (CSV, "c.csv"),
        ("\ufeff" + CSV, "c.csv"),
        (CSV.replace(",", ";"), "c.csv"),
        (CSV.replace(",", "\t"), "c.csv"),
        (CSV.replace("\n", "\r\n"), "c.csv"),
        (CSV.upper().replace("INT", "int").replace("TEXT", "text"), "c.csv"),
        (CSV.encode("utf-16"), "c.csv"),
    ],
    ids=["array", "indented", "ndjson", "jsonl", "rows", "Results", "BOM", "UTF-16", "CSV", "CSV BOM", "semicolons", "tabs", "CRLF", "upper",
         "CSV UTF-16"],
)  # fmt: skip
def test_forms(content: str | bytes, path: str) -> None:
    assert listed(content, path) == {"s.t": ["a int", "b text"]}


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ('{"table_name": "t"}', "c.json"),
        ('[{"name": "x", "columns": [{"name": "a"}]}]', "c.json"),
        ('{"table_name": "t", "column_name": "a"}', "c.json"),
        ("id,name\n1,x\n", "c.csv"),
        ("", "c.csv"),
        ("\x00\x01\x02", "c.csv"),
        ('"', "c.csv"),
    ],
)
def test_other_files_are_passed_over_in_silence(content: str, path: str) -> None:
    found = Graph({path: content})
    assert (found.datasets, found.codes) == (set(), [])


def test_lines() -> None:
    found = Graph({"c.csv": CSV, "d.json": json.dumps([{**A, "table_name": "u"}], indent=1)})
    assert {row[1]: row[2] for row in found.rows("DECLARES")} == {"p:s.t": 2, "p:s.u": 2}


# --------------------------------------------------------------------------- columns


def test_columns_are_in_their_order_and_numbers_may_be_texts() -> None:
    found = [{**A, "column_name": f"c{n}", "ordinal_position": str(n)} for n in (10, 9, 1)]
    assert listed(rows(*found)) == {"s.t": ["c1 int", "c9 int", "c10 int"]}


def test_nested_fields_are_no_columns() -> None:
    """BigQuery's COLUMN_FIELD_PATHS."""
    whole = {**A, "column_name": "a", "field_path": "a", "data_type": "STRUCT<x INT64>"}
    inner = {**whole, "field_path": "a.x", "data_type": "INT64"}
    assert listed(rows(inner, whole)) == listed(rows(whole, inner)) == {"s.t": ["a STRUCT<x INT64>"]}


def test_hidden_columns_are_in_no_star() -> None:
    assert listed(rows(A, {**B, "is_hidden": "YES"})) == {"s.t": ["a int"]}


def test_names_that_differ_in_case_alone_stay_apart() -> None:
    assert listed(rows({**A, "column_name": "Id"}, {**B, "column_name": "ID"})) == {"s.t": ["Id int", "ID text"]}
    assert set(listed(rows({**A, "table_name": "T"}, A))) == {"s.T", "s.t"}


def test_the_dialect_says_how_names_are_folded() -> None:
    assert listed(rows({**A, "column_name": "Id"}), dialect="postgres") == {"s.t": ["Id int"]}
    assert listed(rows({**A, "column_name": "Id"}), dialect="tsql") == {"s.t": ["id int"]}


def test_the_same_row_twice_is_one_column() -> None:
    assert listed(rows(A, A)) == {"s.t": ["a int"]}


# --------------------------------------------------------------------------- with SQL


def test_a_dump_expands_stars() -> None:
    found = Graph({"c.csv": CSV, "v.sql": "CREATE VIEW v AS SELECT * FROM s.t"})
    assert found.flows == {"s.t.a -> v.a", "s.t.b -> v.b"}


def test_a_dump_fills_the_list_of_a_view_that_nobody_can_tell() -> None:
    view = {**A, "table_name": "v", "column_name": "x"}
    found = Graph(
        {
            "c.json": rows(view),
            "v.sql": "CREATE VIEW s.v AS SELECT * FROM elsewhere",
            "w.sql": "CREATE VIEW w AS SELECT * FROM s.v",
        }
    )
    assert "s.v.x -> w.x" in found.flows
    assert found.codes == []


def test_ddl_wins_and_a_stale_dump_is_named() -> None:
    found = Graph(
        {"c.csv": CSV, "t.sql": "CREATE TABLE s.t (a int, c int)", "v.sql": "CREATE VIEW v AS SELECT * FROM s.t"}
    )
    assert found.flows == {"s.t.a -> v.a", "s.t.c -> v.c"}
    assert [(d.code, d.severity) for d in found.diagnostics] == [("RL306", "info")]
    assert "t.sql:1" in found.diagnostics[0].message


def test_a_dump_in_front_of_the_ddl_by_its_path_is_a_dump_still() -> None:
    found = Graph({"a.csv": CSV, "z.sql": "CREATE TABLE s.t (a bigint, b text)"})
    assert found.columns == {"s.t": ["a bigint", "b text"]}
    assert found.codes == []


def test_two_dumps_are_added_up() -> None:
    other = {**A, "column_name": "c", "ordinal_position": 3}
    found = Graph({"c.csv": CSV, "d.json": rows(A, other)})
    assert found.columns == {"s.t": ["a int", "b text", "c int"]}
    assert found.codes == []


def test_names_with_a_catalog_are_those_of_sql_without_one() -> None:
    found = Graph({"c.json": rows({**A, "table_catalog": "db"}), "v.sql": "CREATE VIEW v AS SELECT * FROM s.t"})
    assert found.flows == {"db.s.t.a -> v.a"}


# --------------------------------------------------------------------------- what is broken


def test_a_torn_file_keeps_what_was_whole() -> None:
    found = Graph({"c.json": f"[{json.dumps(A)},\n{json.dumps(B)[:30]}"})
    assert found.columns == {"s.t": ["a int"]}
    assert found.codes == ["RL130"]


@pytest.mark.parametrize("value", [None, 5, 1.5, True, [], {}, "NaN", "1e999", "-1", "9" * 400])
@pytest.mark.parametrize("field", list(A))
def test_whatever_stands_where_something_else_should(field: str, value: Any) -> None:
    assert set(Graph({"c.json": rows(A, {**B, field: value})}).codes) <= {"RL130"}


def test_a_csv_of_other_lengths() -> None:
    found = Graph({"c.csv": CSV + "s,t\n,,,,,,,\n" + "s,t,c,3,int,more,more\n"})
    assert found.columns == {"s.t": ["a int", "b text", "c int"]}
    assert [(d.code, d.line) for d in found.diagnostics] == [("RL130", 4)]


@pytest.mark.parametrize(
    ("torn", "line"), [('s,t,"c,3,int\ns,t,d,4,int\n', 4), ('s,t,"c"x,3,int\ns,t,d,4,int\n', 4), ("s,t,d,4,int\ns,t,cu", 5)],
    ids=["a quote that nothing closes", "text behind a quote", "the end is gone"],
)  # fmt: skip
def test_a_torn_csv_costs_the_row_alone_and_says_so(torn: str, line: int) -> None:
    found = Graph({"c.csv": CSV + torn})
    assert found.columns == {"s.t": ["a int", "b text", "d int"]}
    assert [(d.code, d.line) for d in found.diagnostics] == [("RL130", line)]


def test_rows_behind_many_torn_ones_are_read_from_where_the_reader_stands() -> None:
    found = list(csv_rows("a,b\n" + '"x"y,1\n' * 30 + "1,2\n"))
    assert found[-1] == Row({"a": "1", "b": "2"}, 32)
    assert [line for _, line in found[:-1]] == list(range(2, 32))


def test_a_long_field_of_csv_costs_no_row() -> None:
    assert [row.line for row in csv_rows("a,b\n" + "x" * 200_000 + ",1\n2,3\n") if isinstance(row, Row)] == [2, 3]


def test_rows_of_oracles_tools_stand_beside_the_names_of_their_columns() -> None:
    """``SET SQLFORMAT JSON`` of SQLcl and SQL Developer."""
    columns = [{"name": "OWNER", "type": "VARCHAR2"}, {"name": "TABLE_NAME", "type": "VARCHAR2"}]
    item = {"owner": "HR", "table_name": "EMP", "column_name": "ID", "column_id": 1, "data_type": "NUMBER"}
    assert listed(json.dumps({"results": [{"columns": columns, "items": [item]}]})) == {"hr.emp": ["id NUMBER"]}
