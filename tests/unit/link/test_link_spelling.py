"""The letters' case of names comes into the graph as it is declared, beside names that are compared without it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings

from ray_lineage.link import Linker
from ray_lineage.model import Contribution, encode_facts
from tests.factory import contributions
from tests.unit.inputs.linked import compiled
from tests.unit.link.scripts import rounds_of

Written = dict[str, str]


def put(linker: Linker, files: Mapping[str, str], dialect: str) -> None:
    for path, text in files.items():
        linker.put(path, text, encode_facts(compiled(path, text, dialect)))


def written(files: Mapping[str, str], dialect: str = "tsql") -> Written:
    """How names are written, of datasets and columns of which it differs."""
    linker = Linker("p")
    put(linker, files, dialect)
    found = _written(linker.link())
    linker.close()
    return found


def _written(found: object) -> Written:
    out: Written = {}
    for contribution in found:  # type: ignore[attr-defined]
        out.update({r[2]: r[11] for r in contribution.rows.get("Dataset", ()) if r[11]})
        out.update({r[0][2:]: r[8] for r in contribution.rows.get("Column", ()) if r[8]})
    return out


TABLE = "CREATE TABLE Sales.OrderLines (OrderLineID int, [UnitPrice] money, note text)"
LINES = {"sales.orderlines": "Sales.OrderLines"}
COLUMNS = {"sales.orderlines.orderlineid": "OrderLineID", "sales.orderlines.unitprice": "UnitPrice"}


@pytest.mark.parametrize(
    ("dialect", "sql", "expected"),
    [
        ("tsql", TABLE, {**LINES, **COLUMNS}),
        ("tsql", "USE Shop\nGO\nCREATE TABLE [dbo].[T] (a int)", {"shop.dbo.t": "Shop.dbo.T"}),
        ("tsql", "CREATE TABLE t (A int)\nGO\nSELECT a FROM T", {"t.a": "A"}),
        ("tsql", "DROP TABLE IF EXISTS T\nGO\nCREATE TABLE t (a int)", {}),
        ("tsql", "CREATE TABLE t (a int)\nGO\nALTER TABLE t ADD NewOne int", {"t.newone": "NewOne"}),
        ("tsql", "CREATE TABLE t (A int)\nGO\nEXEC sp_rename 't.A', 'Bee', 'COLUMN'", {"t.bee": "Bee"}),
        ("tsql", "CREATE TABLE T (a int)\nGO\nEXEC sp_rename 'T', 'New'", {"t": "T", "new": "New"}),
        ("tsql", "CREATE VIEW V (One, two) AS SELECT A, B FROM t", {"v": "V", "v.one": "One"}),
        ("tsql", "CREATE VIEW v AS SELECT x.A, B AS [Total Sum], C = d, lower(E) FROM x",
         {"v.a": "A", "v.total sum": "Total Sum", "v.c": "C"}),
        ("tsql", "CREATE VIEW v AS WITH Q AS (SELECT A, B AS Bee FROM x) SELECT * FROM Q", {"v.a": "A", "v.bee": "Bee"}),
        ("tsql", "CREATE VIEW v AS SELECT One FROM a UNION ALL SELECT ONE FROM b", {"v.one": "One"}),
        ("tsql", "CREATE VIEW v AS SELECT A AS 'Bee' FROM x", {"v.bee": "Bee"}),
        ("tsql", "BULK INSERT t FROM 'C:\\In\\A.csv'", {'external."c:\\in\\a.csv"': 'external."C:\\In\\A.csv"'}),
        ("tsql", "SELECT A INTO dbo.[New] FROM x", {"dbo.new": "dbo.New", "dbo.new.a": "A"}),
        ("tsql", "CREATE PROCEDURE dbo.uspDo AS SELECT 1", {"dbo.uspdo": "dbo.uspDo"}),
        ("mysql", "CREATE TABLE `Orders` (`Id` int)", {"orders": "Orders", "orders.id": "Id"}),
        ("bigquery", "CREATE TABLE d.Orders (Id INT64)", {"d.orders": "d.Orders", "d.orders.id": "Id"}),
        ("spark", "CREATE TABLE Orders (Id INT) USING parquet", {"orders": "Orders", "orders.id": "Id"}),
        # these compare quoted names as they are: that is what they are called
        ("snowflake", 'CREATE TABLE Orders (ID int, "Mixed" int, "lower" int)', {"orders": "Orders", "orders.id": "ID"}),
        ("oracle", "CREATE TABLE EMPLOYEES (Name VARCHAR2(9));", {"employees": "EMPLOYEES", "employees.name": "Name"}),
        # and their own catalog has small letters, whatever is written
        # https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
        ("postgres", 'CREATE TABLE Orders (Id int, "Mixed" int)', {}),
        ("redshift", "CREATE TABLE Orders (Id int)", {}),
        ("trino", "CREATE TABLE Orders (Id int)", {}),
        ("hive", "CREATE TABLE Orders (Id int)", {}),
    ],
)  # fmt: skip
def test_as_it_is_declared(dialect: str, sql: str, expected: Written) -> None:
    assert written({"a.sql": sql}, dialect) == expected


def test_the_declaration_has_the_say_in_whatever_file_it_is() -> None:
    files = {"a.sql": "CREATE VIEW v AS SELECT ORDERLINEID FROM SALES.ORDERLINES", "z.sql": TABLE}
    assert written(files) == {**LINES, **COLUMNS, "v.orderlineid": "ORDERLINEID"}
    assert written(dict(reversed(files.items()))) == written(files)


def test_a_column_without_capitals_is_written_so_though_others_write_it_otherwise() -> None:
    files = {"a.sql": "CREATE TABLE t (a int, B int)", "b.sql": "CREATE TABLE T (A int, b int, C int)"}
    assert written(files) == {"t.b": "B"}


def test_a_dump_has_the_say_where_no_ddl_has() -> None:
    dump = "table_schema,table_name,column_name,data_type,ordinal_position\n" + "".join(
        f"Sales,{table},{column},int,1\n" for table, column in (("ORDERLINES", "UNITPRICE"), ("Other", "Id"))
    )
    found = written({"columns.csv": dump, "z.sql": TABLE})
    assert found == {**LINES, **COLUMNS, "sales.other": "Sales.Other", "sales.other.id": "Id"}


STAR = "CREATE VIEW v AS WITH q AS (SELECT * FROM sales.orderlines) SELECT *, 1 AS More FROM q"


def test_columns_of_a_star_are_written_as_those_that_it_stands_for() -> None:
    found = written({"t.sql": TABLE, "v.sql": STAR})
    assert found == {**LINES, **COLUMNS, "v.orderlineid": "OrderLineID", "v.unitprice": "UnitPrice", "v.more": "More"}


def test_other_letters_link_the_file_that_declares_and_those_that_show_its_columns() -> None:
    files = {"t.sql": TABLE, "v.sql": STAR, "w.sql": "CREATE VIEW w AS SELECT UnitPrice FROM Sales.OrderLines"}
    linker = Linker("p")
    put(linker, files, "tsql")
    assert len(list(linker.link())) == 3
    put(linker, {"t.sql": TABLE.replace("UnitPrice", "unitPRICE")}, "tsql")
    again = list(linker.link())
    assert [c.path for c in again] == ["t.sql", "v.sql"]
    assert _written(again)["v.unitprice"] == "unitPRICE"
    linker.close()


def test_a_state_that_was_saved_knows_them() -> None:
    linker = Linker("p")
    put(linker, {"a.sql": "CREATE TABLE T (A int)", "b.sql": "CREATE TABLE t (A int)"}, "tsql")
    list(linker.link())
    facts = {path: linker.facts_bytes(path) for path in ("a.sql", "b.sql")}
    later = Linker("p", facts.__getitem__)
    assert later.restore(linker.save("x"), "x")
    assert list(later.link()) == []
    later.remove("a.sql")
    assert _written(later.link()) == {"t.a": "A"}
    linker.close()
    later.close()


@settings(max_examples=50)
@given(rounds_of("tsql"))
def test_what_is_written_is_the_name_but_for_letters_case(rounds: list[list[tuple[str, str | None]]]) -> None:
    files = {path: sql for edits in rounds for path, sql in edits if sql is not None}
    for name, text in _written(_contributions(files)).items():
        assert text != name
        assert name.endswith(text.lower())


def _contributions(files: Mapping[str, str]) -> list[Contribution]:
    return list(contributions("p", files, "tsql").values())
