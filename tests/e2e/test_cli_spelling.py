"""Names are printed as they are declared, and found in any case."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from ray_lineage.cli.main import _globals_first, _run

FILES = {
    "tables.sql": "CREATE TABLE Sales.OrderLines (OrderLineID int, UnitPrice money, Quantity int, Note text)\n",
    "view.sql": "CREATE VIEW Sales.vTotals AS\nSELECT OrderLineID, unitprice * QUANTITY AS TotalPrice\nFROM sales.ORDERLINES WHERE Note = 'x'\n",
    "proc.sql": "CREATE PROCEDURE dbo.uspLoad AS INSERT INTO dbo.Report (Total) SELECT totalprice FROM sales.vtotals\n",
}
Ask = Callable[[str], str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small repository of T-SQL, ingested."""
    place = tmp_path_factory.mktemp("spelling")
    for path, text in FILES.items():
        (place / path).write_text(text)
    (place / "ray_lineage.toml").write_text('project = "shop"\ndialect = "tsql"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert _run(["ingest", "--workers", "0"]) == 0
    return place


@pytest.fixture
def ask(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Standard output of a command that succeeds."""
    monkeypatch.chdir(folder)

    def asked(line: str) -> str:
        assert _run(_globals_first(shlex.split(line))) == 0
        return capsys.readouterr().out

    return asked


def test_trees_ends_and_schemas(ask: Ask) -> None:
    assert ask("upstream SALES.VTOTALS.TOTALPRICE").splitlines()[:4] == [
        "Sales.vTotals.TotalPrice  view.sql:2",
        "├─ Sales.OrderLines.Quantity  transformation",
        "└─ Sales.OrderLines.UnitPrice  transformation",
        "~ Sales.OrderLines.Note  filter of Sales.vTotals  view.sql:1",
    ]
    assert ask("downstream orderlines --ends").splitlines()[0] == "dbo.report"
    assert ask("upstream vtotals --by schema").splitlines()[1].split()[0] == "Sales"


def test_one_dataset(ask: Ask) -> None:
    head, *rest = ask("show sales.orderlines").splitlines()
    assert head.startswith("Sales.OrderLines  table")
    assert [line.split()[0] for line in rest[2:6]] == ["OrderLineID", "UnitPrice", "Quantity", "Note"]
    assert "in dbo.uspLoad" in ask("show vtotals")
    assert "  Sales.vTotals" in ask("show usplOAD").splitlines()


def test_names_by_parts_and_what_nobody_reads(ask: Ask) -> None:
    assert ask("find unitprice").splitlines()[0].startswith("Sales.OrderLines.UnitPrice  money")
    assert ask("unused").splitlines()[0] == "Sales.vTotals  OrderLineID"


def test_edges_and_ways(ask: Ask) -> None:
    said = ask("why sales.orderlines.UNITPRICE sales.vtotals.totalprice")
    assert said.startswith("Sales.OrderLines.UnitPrice -> Sales.vTotals.TotalPrice")
    assert ask("path orderlines vtotals").splitlines()[:2] == ["Sales.OrderLines", "-> Sales.vTotals  view.sql:1"]


def test_json_has_the_names_and_how_they_are_written(ask: Ask) -> None:
    found = json.loads(ask("upstream vtotals.totalprice --json"))
    assert found["root"] == "sales.vtotals.totalprice"
    assert found["display"]["sales.orderlines.unitprice"] == "Sales.OrderLines.UnitPrice"
    (hit,) = json.loads(ask("find unitprice --json"))["hits"]
    assert (hit["name"], hit["display"]) == ("sales.orderlines.unitprice", "Sales.OrderLines.UnitPrice")


def test_views_pictures_and_events(ask: Ask) -> None:
    rows = json.loads(
        ask("sql --json \"SELECT name, display FROM columns WHERE dataset = 'sales.orderlines' ORDER BY ordinal\"")
    )
    assert rows[1] == {"name": "unitprice", "display": "UnitPrice"}
    assert '["OrderLines"]' in ask("export --format mermaid")
    events = [json.loads(line) for line in ask("export --format openlineage").splitlines()]
    assert {o["name"] for e in events for o in e["outputs"]} == {"Sales.vTotals", "dbo.report"}
    (flows,) = (
        o["facets"]["columnLineage"]["fields"] for e in events for o in e["outputs"] if o["name"] == "Sales.vTotals"
    )
    assert [f["field"] for f in flows["TotalPrice"]["inputFields"]] == ["Quantity", "UnitPrice"]


def test_what_a_run_suggests_and_what_depends_on_a_name(ask: Ask) -> None:
    assert "upstream Sales.vTotals" in ask("ingest --workers 0")
    assert ask("impact ORDERLINES").splitlines()[:2] == ["1 step", "  Sales.vTotals"]
    assert json.loads(ask("impact orderlines --json"))["display"]["sales.vtotals"] == "Sales.vTotals"
