"""Our own format of datasets, columns and edges is what its schema says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from ray_lineage.compile.catalogs.own import FORMAT
from ray_lineage.model import CERTAINTIES, DATASET_KINDS, TRANSFORMATIONS
from tests.unit.inputs.linked import Graph

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "schemas" / "lineage-1.schema.json").read_text("utf-8"))


def graph(**content: Any) -> Graph:
    said = {"format": FORMAT, **content}
    Draft202012Validator(SCHEMA).validate(said)
    return Graph({"l.json": json.dumps(said)})


def edge(source: str, target: str, **more: Any) -> dict[str, Any]:
    ends = ({"dataset": text.rpartition(".")[0], "column": text.rpartition(".")[2]} for text in (source, target))
    return {"source": next(ends), "target": next(ends), **more}


def test_the_schema_knows_what_the_graph_knows() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    found = SCHEMA["$defs"]
    assert tuple(found["Dataset"]["properties"]["kind"]["enum"]) == DATASET_KINDS
    assert tuple(found["Edge"]["properties"]["transformation"]["enum"]) == TRANSFORMATIONS
    assert tuple(found["Edge"]["properties"]["certainty"]["enum"]) == CERTAINTIES
    assert SCHEMA["properties"]["format"]["const"] == FORMAT


def test_datasets() -> None:
    columns = [{"name": "Id", "type": "int"}, {"name": "v", "description": "the value"}]
    found = graph(datasets=[{"name": ["DB", "s", "T"], "kind": "View", "columns": columns}, {"name": "s.u"}])
    assert found.columns == {"db.s.t": ["id int", "v"]}
    assert found.kinds == {"db.s.t": "View", "s.u": "Table"}


def test_edges_of_columns() -> None:
    found = graph(
        edges=[
            edge("s.a.x", "s.b.y", transformation="aggregation", expression="sum(x)"),
            edge("s.a.k", "s.b.z", certainty="possible"),
        ]
    )
    assert found.how == {"s.a.x -> s.b.y: aggregation sum(x)", "s.a.k -> s.b.z: identity"}
    assert found.flows == {"s.a.x -> s.b.y", "s.a.k ->? s.b.z"}
    assert found.feeds == {"s.a -> s.b"}


def test_edges_of_datasets() -> None:
    found = graph(edges=[{"source": {"dataset": "s.a"}, "target": {"dataset": ["s", "b"]}}])
    assert (found.feeds, found.flows) == ({"s.a -> s.b"}, set())


def test_all_columns() -> None:
    found = graph(edges=[edge("s.a.*", "s.b.*")])
    assert found.flows == {"s.a.* -> s.b.*"}


def test_names_follow_the_dialect_unless_they_are_exact() -> None:
    dataset = {"name": ["S", "MixedCase"], "columns": [{"name": "Id"}]}
    assert graph(datasets=[dataset], dialect="postgres").columns == {"S.MixedCase": ["Id"]}
    assert graph(datasets=[dataset], dialect="tsql").columns == {"s.mixedcase": ["id"]}
    assert graph(datasets=[dataset], exact=True).columns == {"S.MixedCase": ["Id"]}


def test_lines() -> None:
    text = json.dumps({"format": FORMAT, "edges": [edge("s.a.x", "s.b.x"), edge("s.a.y", "s.b.y")]}, indent=1)
    numbers = [n for n, line in enumerate(text.splitlines(), 1) if line == "  {"]
    assert list(Graph({"l.json": text}).lines.values()) == numbers


@pytest.mark.parametrize(
    "content",
    [
        {"format": "ray_lineage/2"},
        {"datasets": 5},
        {"datasets": [{"kind": "View"}]},
        {"edges": [{"source": {"dataset": "a"}}]},
        {"edges": [5]},
    ],
)
def test_what_does_not_fit_the_schema_is_named(content: dict[str, Any]) -> None:
    said = {"format": FORMAT, **content}
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(said)
    found = Graph({"l.json": json.dumps(said)})
    assert (found.datasets, found.codes) == (set(), ["RL130"])


def test_a_torn_file_says_where() -> None:
    found = Graph({"l.json": json.dumps({"format": FORMAT, "edges": []})[:-3]})
    assert found.codes == ["RL130"]
