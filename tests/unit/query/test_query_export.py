"""What is exported is complete, in order, and safe to open; OpenLineage events say what the standard asks for.

The requirements are those of https://openlineage.io/spec/2-0-2/OpenLineage.json (JobEvent) and of the facets' own schemas.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from ray_lineage.cli.main import main
from ray_lineage.errors import UsageError
from ray_lineage.graph.schema import HAS_COLUMN, RELS
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.query.export import (
    cell,
    columns,
    projects_of,
    write_csv,
    write_jsonl,
    write_openlineage,
)
from ray_lineage.query.parquet import write_parquet
from ray_lineage.query.part import Part, around
from ray_lineage.viewer.making import Wanted, part_of
from tests.factory import contributions, load

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FILES = {
    "a.sql": "CREATE TABLE raw.o (id int, total int, region text); CREATE TABLE raw.r (k text)",
    "b/c.sql": "CREATE TEMP TABLE t AS SELECT id, total FROM raw.o;\n"
    "INSERT INTO core.x (a, b) SELECT SUM(total), id FROM t WHERE id > 1 GROUP BY id;\nSELECT 1",
    "d.sql": 'CREATE VIEW core.v AS SELECT MD5(region) AS "=m", CASE WHEN id = 1 THEN total END AS "+c", '
    "ROW_NUMBER() OVER (ORDER BY id) AS n FROM raw.o JOIN raw.r ON region = k ORDER BY total LIMIT 9",
    "e.sql": "INSERT INTO core.y SELECT * FROM raw.unknown",
    "f.sql": "CREATE PROCEDURE p() LANGUAGE sql AS $$ DELETE FROM core.x $$; CALL p()",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    store = SqliteStore(str(tmp_path_factory.mktemp("export") / "g.db"))
    for project in ("one", "two"):
        load(store, project, store.acquire(project), contributions(project, FILES).values())
    yield store
    store.close()


def exported(store: SqliteStore, projects: list[str]) -> bytes:
    out = io.BytesIO()
    assert write_jsonl(store, projects, out) == out.getvalue().count(b"\n") - 1
    return out.getvalue()


def dumps(store: SqliteStore) -> list[tuple[str, tuple[Any, ...]]]:
    one, two = store.dump("one"), store.dump("two")
    return [(kind, row) for kind in one for row in (*one[kind], *two[kind])]


def test_json_lines_hold_the_whole_dump_in_its_order(store: SqliteStore) -> None:
    head, *rest = map(json.loads, exported(store, ["one", "two"]).splitlines())
    assert head["graph"]["projects"] == ["one", "two"]
    assert [(next(iter(x.values())), tuple(x.values())[1:]) for x in rest] == dumps(store)
    assert {next(iter(x)) for x in rest} == {"node", "edge"}


def test_json_lines_name_what_they_hold(store: SqliteStore) -> None:
    rest = [json.loads(line) for line in exported(store, ["one"]).splitlines()]
    column = next(x for x in rest if x.get("node") == "Column" and x["id"] == "one:raw.o.total")
    assert column == {
        "node": "Column", "id": "one:raw.o.total", "dataset": "one:raw.o", "name": "total", "ordinal": 1, "type": "int",
        "declared": True, "owner": "one:a.sql", "description": None, "display": None,
    }  # fmt: skip
    flow = next(x for x in rest if x.get("edge") == "FLOWS_TO" and x["target"] == "one:core.x.a")
    assert flow == {
        "edge": "FLOWS_TO", "source": "one:raw.o.total", "target": "one:core.x.a", "file": "one:b/c.sql", "statement": 1,
        "line": 2, "transformation": "aggregation", "certainty": "certain", "expression": flow["expression"],
    }  # fmt: skip


def plain(value: Any) -> str:
    """How CSV shows a value, by RFC 4180 and our own rule for formulas."""
    return {None: "", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)


def test_csv_holds_the_whole_dump(store: SqliteStore, tmp_path: Path) -> None:
    count = write_csv(store, ["one", "two"], str(tmp_path / "out"))
    found: list[tuple[str, tuple[str, ...]]] = []
    for kind in dict.fromkeys(k for k, _ in dumps(store)):
        (path,) = (tmp_path / "out").glob(f"*s_{kind}.csv")
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        found += [(kind, tuple(c.removeprefix("'") for c in row)) for row in rows[1:]]
        assert not [c for row in rows for c in row if c.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert found == [(kind, tuple(map(plain, row))) for kind, row in dumps(store)]
    assert count == len(found)
    assert len(list((tmp_path / "out").iterdir())) == 14  # every kind has a file, and nothing else is there


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"), ("\rx", "'\rx"),
        ("'=1", "''=1"), ("a=1", "a=1"), ("", ""), (None, None), (True, "true"), (False, "false"), (-1, -1),
    ],
)  # fmt: skip
def test_cells(value: Any, text: Any) -> None:
    assert cell(value) == text


# --------------------------------------------------------------------------- OpenLineage


def events(store: SqliteStore, namespace: str | None = None) -> dict[str, dict[str, Any]]:
    out = io.BytesIO()
    count = write_openlineage(store, ["one"], out, NOW, namespace)
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert count == len(found)
    assert [e["job"]["name"] for e in found] == sorted(e["job"]["name"] for e in found)
    return {e["job"]["name"]: e for e in found}


def test_events_have_what_the_standard_requires(store: SqliteStore) -> None:
    for event in events(store).values():
        assert {"eventTime", "producer", "schemaURL", "job", "inputs", "outputs"} == set(
            event
        )  # "run" must not be there
        assert datetime.fromisoformat(event["eventTime"]) == NOW
        assert event["schemaURL"].endswith("#/$defs/JobEvent")
        assert {"namespace", "name"} <= set(event["job"])
        datasets = event["inputs"] + event["outputs"]
        assert all({"namespace", "name"} <= set(d) for d in datasets)
        facets = [event["job"]["facets"], *(d.get("facets", {}) for d in datasets)]
        for name, content in ((n, c) for f in facets for n, c in f.items()):
            assert content["_producer"] == event["producer"]
            assert content["_schemaURL"].startswith("https://openlineage.io/spec/facets/")
            needed = {"schema": "fields", "sql": "query", "columnLineage": "fields", "jobType": "processingType"}
            assert needed[name] in content
        for lineage in (
            d["facets"]["columnLineage"] for d in event["outputs"] if "columnLineage" in d.get("facets", {})
        ):
            inputs = [i for f in lineage["fields"].values() for i in f["inputFields"]] + lineage.get("dataset", [])
            assert all({"namespace", "name", "field", "transformations"} <= set(i) for i in inputs)
            kinds = {t["type"] for i in inputs for t in i["transformations"]}
            assert kinds <= {"DIRECT", "INDIRECT"}


def test_one_event_a_statement_that_touches_data(store: SqliteStore) -> None:
    assert list(events(store)) == ["b/c.sql#0", "b/c.sql#1", "d.sql#0", "e.sql#0", "f.sql#0"]


def names(datasets: list[dict[str, Any]]) -> list[str]:
    return [d["name"] for d in datasets]


def test_a_statement_over_a_temporary_table_reads_what_is_behind_it(store: SqliteStore) -> None:
    event = events(store)["b/c.sql#1"]
    assert (names(event["inputs"]), names(event["outputs"])) == (["raw.o"], ["core.x"])
    assert event["job"]["namespace"] == event["inputs"][0]["namespace"] == "one"
    schema = event["inputs"][0]["facets"]["schema"]["fields"]
    assert schema == [
        {"name": "id", "type": "int"}, {"name": "total", "type": "int"}, {"name": "region", "type": "text"}
    ]  # fmt: skip


def lineage(event: dict[str, Any]) -> tuple[dict[str, list[tuple[str, str, str]]], set[tuple[str, str, str]]]:
    """(target -> [(input, type, subtype)]) and the same for the whole dataset."""
    content = event["outputs"][0]["facets"]["columnLineage"]

    def flat(inputs: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
        return sorted(
            (f"{i['name']}.{i['field']}", t["type"], t["subtype"]) for i in inputs for t in i["transformations"]
        )

    return {t: flat(f["inputFields"]) for t, f in content["fields"].items()}, set(flat(content.get("dataset", [])))


def test_columns_and_what_shapes_the_rows(store: SqliteStore) -> None:
    fields, whole = lineage(events(store)["b/c.sql#1"])
    assert fields == {"a": [("raw.o.total", "DIRECT", "AGGREGATION")], "b": [("raw.o.id", "DIRECT", "IDENTITY")]}
    assert whole == {("raw.o.id", "INDIRECT", "FILTER"), ("raw.o.id", "INDIRECT", "GROUP_BY")}


def test_masks_conditions_windows_joins_and_sorting(store: SqliteStore) -> None:
    event = events(store)["d.sql#0"]
    fields, whole = lineage(event)
    assert fields == {
        "=m": [("raw.o.region", "DIRECT", "TRANSFORMATION")],
        "+c": [("raw.o.id", "INDIRECT", "CONDITIONAL"), ("raw.o.total", "DIRECT", "TRANSFORMATION")],
        "n": [("raw.o.id", "INDIRECT", "WINDOW")],
    }
    assert whole >= {
        ("raw.o.region", "INDIRECT", "JOIN"),
        ("raw.r.k", "INDIRECT", "JOIN"),
        ("raw.o.total", "INDIRECT", "SORT"),
    }
    (mask,) = event["outputs"][0]["facets"]["columnLineage"]["fields"]["=m"]["inputFields"]
    assert mask["transformations"][0]["masking"] is True


def test_stars_of_unknown_tables_stay_stars(store: SqliteStore) -> None:
    event = events(store)["e.sql#0"]
    assert lineage(event)[0] == {"*": [("raw.unknown.*", "DIRECT", "IDENTITY")]}
    assert "schema" not in event["inputs"][0].get("facets", {})


def test_a_namespace_of_the_datasets(store: SqliteStore) -> None:
    event = events(store, "mssql://host:1433")["d.sql#0"]
    fields = event["outputs"][0]["facets"]["columnLineage"]["fields"]
    assert {d["namespace"] for d in event["inputs"] + event["outputs"]} == {"mssql://host:1433"}
    assert {i["namespace"] for f in fields.values() for i in f["inputFields"]} == {"mssql://host:1433"}
    assert event["job"]["namespace"] == "one"


# --------------------------------------------------------------------------- around it


def test_projects(store: SqliteStore, tmp_path: Path) -> None:
    assert projects_of(store, None) == ["one", "two"]
    assert projects_of(store, "two") == ["two"]
    empty = SqliteStore(str(tmp_path / "empty.db"))
    for place, project in ((store, "three"), (empty, None)):
        with pytest.raises(UsageError) as caught:
            projects_of(place, project)
        assert caught.value.code == "RL204"
    empty.close()


def test_a_run_that_writes_meanwhile_is_not_seen(tmp_path: Path) -> None:
    path = str(tmp_path / "g.db")
    writer = SqliteStore(path)
    epoch = writer.acquire("p")
    load(writer, "p", epoch, contributions("p", FILES).values())
    reader = SqliteStore(path, read_only=True)
    expected = exported(reader, ["p"])
    with reader.steady(["p"]):
        assert reader.rows("p", "File")
        writer.apply("p", epoch, [], sorted(FILES))
        assert exported(reader, ["p"]) == expected
    assert not reader.rows("p", "File")
    reader.close()
    writer.close()


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.chdir(folder)
    for name in ("NEO4J_URI", "RAY_LINEAGE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as end:
        main(["export", *arguments])
    return int(end.value.code or 0)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "g.db"
    store = SqliteStore(str(path))
    load(store, "p", store.acquire("p"), contributions("p", FILES).values())
    expected = exported(store, ["p"])
    store.close()
    there = ("--store", str(path))
    assert run(tmp_path, monkeypatch, *there, "-o", "out.jsonl") == 0
    assert (tmp_path / "out.jsonl").read_bytes() == expected
    capsys.readouterr()
    assert run(tmp_path, monkeypatch, *there, "--format", "csv", "-o", "out", "--json") == 0
    assert json.loads(capsys.readouterr().out)["count"] == expected.count(b"\n") - 1
    assert run(tmp_path, monkeypatch, *there, "--format", "openlineage", "-o", "ol.jsonl") == 0
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("g.db")) == [
        "ol.jsonl",
        "out",
        "out.jsonl",
    ]
    for wrong in (("--format", "xml"), ("--format", "csv"), ("--json",), ("-o", "not/there/x"), ("--project", "q")):
        assert run(tmp_path, monkeypatch, *there, *wrong) == 2, wrong
    assert run(tmp_path, monkeypatch, "--store", "none.db") == 3


# --------------------------------------------------------------------------- Parquet, a part


def test_parquet_files_hold_the_rows_of_a_dump_with_their_types(store: SqliteStore, tmp_path: Path) -> None:
    written = write_parquet(store, ["one", "two"], str(tmp_path / "out"))
    assert written == len(dumps(store))
    read = {path.name: pyarrow.parquet.read_table(path) for path in (tmp_path / "out").iterdir()}
    assert len(read) == len(list(columns()))
    for type_, kind, names in columns():
        table = read[f"{type_}s_{kind}.parquet"]
        assert table.column_names == list(names)
        rows = [tuple(row.values()) for row in table.to_pylist()]
        assert rows == [row for found, row in dumps(store) if found == kind]
    column = read["nodes_Column.parquet"].schema
    assert [str(column.field(name).type) for name in ("id", "ordinal", "declared")] == ["string", "int64", "bool"]


def test_equal_graphs_give_equal_parquet_files(store: SqliteStore, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_parquet(store, ["one"], str(tmp_path / name))
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_parquet_says_which_extra_is_missing(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError) as raised:
        write_parquet(store, ["one"], str(tmp_path / "out"))
    assert raised.value.help == "pip install 'ray-lineage[parquet]'"
    assert not (tmp_path / "out").exists()


def part_ids(part: Part, kind: str) -> list[str]:
    return [row[0] for row in part.rows("one", kind)]


def test_a_part_holds_what_is_between_its_datasets_and_who_says_so(store: SqliteStore) -> None:
    part = around(store, ["one"], "core.x", 1)
    assert part_ids(part, "Dataset") == ["one:core.x", "one:raw.o"]
    assert {i.rpartition(".")[0] for i in part_ids(part, "Column")} == {"one:core.x", "one:raw.o"}
    assert part_ids(part, "Statement") == ["one:b/c.sql#1"]
    assert part_ids(part, "File") == ["one:a.sql", "one:b/c.sql"]
    assert [row[:2] for row in part.rows("one", "WRITES")] == [("one:b/c.sql#1", "one:core.x")]


def test_no_row_of_a_part_leads_out_of_it(store: SqliteStore) -> None:
    for name in ("core.x", "raw.o.id", "core.y", "core.v"):
        for depth in (1, 2, None):
            part = around(store, ["one"], name, depth)
            there = {row[0] for kind in ("File", "Statement", "Dataset", "Column") for row in part.rows("one", kind)}
            for rel in (*RELS, HAS_COLUMN):
                for row in part.rows("one", rel.type):
                    assert {row[0], row[1]} <= there
                    assert rel is HAS_COLUMN or row[2] in there
            assert part.rows("two", "Dataset") == []


def test_a_part_is_what_a_picture_of_it_shows(store: SqliteStore) -> None:
    for name in ("core.x", "raw.o.id", "core.y", "core.v"):
        for depth in (1, 2, None):
            picture, _ = part_of(store, ["one"], Wanted(name, depth))
            part = around(store, ["one"], name, depth)
            assert len(part.rows("one", "Dataset")) == len(picture.tables)
            assert len(part.rows("one", "Column")) == len(picture.columns)
            assert len(part.rows("one", "FLOWS_TO")) == len(picture.flows)
            assert len(part.rows("one", "Statement")) == len(picture.statements)


def test_events_of_a_part_are_those_of_its_statements(store: SqliteStore) -> None:
    out = io.BytesIO()
    assert write_openlineage(around(store, ["one"], "core.x", 1), ["one"], out, NOW) == 1
    assert json.loads(out.getvalue())["job"]["name"] == "b/c.sql#1"
