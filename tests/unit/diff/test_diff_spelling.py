"""What people read names things as they are written, on the side that has them; what programs read has both."""

from __future__ import annotations

import msgspec

from ray_lineage.diff.owners import Owners
from ray_lineage.diff.report import Impact, Report, counted
from ray_lineage.diff.spelling import as_written, impact_as_written
from tests.unit.diff.sides import compared

BASE = {
    "t.sql": "CREATE TABLE Sales.OrderLines (OrderLineID int, UnitPrice money, Quantity int)\nGO\nCREATE TABLE Sales.Gone (OldID int)",
    "v.sql": "CREATE VIEW Sales.vTotals AS SELECT OrderLineID, unitprice * QUANTITY AS TotalPrice FROM SALES.orderlines",
    "p.sql": "CREATE PROCEDURE dbo.uspLoad AS INSERT INTO Plain SELECT TotalPrice FROM Sales.vTotals; SELECT OldID FROM sales.gone",
}
HEAD = {
    **BASE,
    "t.sql": "CREATE TABLE Sales.OrderLines (OrderLineID int, Quantity bigint, NewOne int)",
    "v.sql": BASE["v.sql"] + " WHERE quantity > 1",
}


def report() -> Report:
    comparing = compared(BASE, HEAD, "tsql")
    try:
        listed = comparing.found(comparing.changes(), Owners(""), "")
        counts = counted((f.change for f in listed), 0)
        display = comparing.spelled(listed)
    finally:
        comparing.pair.close()
    return Report(1, "main", "", "", "", comparing.files(), counts, listed, (), 0, display=display)


def test_changes_are_named_as_they_are_written() -> None:
    said = {(f.change.kind.value, f.change.name): f for f in as_written(report()).changes}
    assert list(said) == [
        ("broken-reader", "Sales.Gone"),
        ("broken-reader", "Sales.OrderLines.UnitPrice"),
        ("rows", "Sales.vTotals"),
        ("type", "Sales.OrderLines.Quantity"),
        ("added", "Sales.OrderLines.NewOne"),
    ]
    lost = said["broken-reader", "Sales.OrderLines.UnitPrice"]
    assert lost.change.says == "the column Sales.OrderLines.UnitPrice is gone, but 1 place still uses it"
    assert [use.target for use in lost.change.uses] == ["Sales.vTotals"]
    assert list(lost.reached.datasets) == ["Sales.vTotals", "plain"]
    rows = said["rows", "Sales.vTotals"].change.says
    assert rows == "the rows of Sales.vTotals are others: Sales.OrderLines.Quantity now shapes its rows (filter)"


def test_what_programs_read_has_the_names_and_how_they_are_written() -> None:
    found = report()
    assert {f.change.name for f in found.changes} >= {"sales.gone", "sales.orderlines.unitprice"}
    assert found.display["sales.orderlines.unitprice"] == "Sales.OrderLines.UnitPrice"
    assert {name for name, written in found.display.items() if name != written.lower()} == set()


def test_without_capitals_nothing_is_another_name() -> None:
    found = msgspec.structs.replace(report(), display={})
    assert as_written(found) is found


def test_what_depends_on_a_name() -> None:
    impact = Impact(1, ("s.t.c",), {"s.v": 1, "x": 2}, 3, (), (), (), False, {"s.t.c": "S.T.c", "s.v": "s.V"})
    shown = impact_as_written(impact)
    assert (shown.of, shown.reached) == (("S.T.c",), {"s.V": 1, "x": 2})
