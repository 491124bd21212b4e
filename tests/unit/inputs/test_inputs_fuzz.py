"""Whatever stands in a file, reading it gives facts and diagnostics, never an error; and what is read is linked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ray_lineage.compile.jsontext import Fault, Lines, Piece, elements, members, values
from tests.unit.inputs.events import dataset, event, field, lineage, schema
from tests.unit.inputs.linked import Graph
from tests.unit.inputs.manifests import catalog, manifest, model, source

SEEDS = {
    "e.json": json.dumps(
        event(
            [dataset("d.s.a", schema=schema("x"))], [dataset("d.s.b", columnLineage=lineage(x=[field("d.s.a", "x")]))]
        )
    ),
    "manifest.json": manifest(source("o"), model("m", "select id from db.raw.o", "source.shop.raw.o")),
    "catalog.json": catalog(m={"id": "int"}),
    "c.json": json.dumps(
        [{"table_schema": "s", "table_name": "t", "column_name": "a", "ordinal_position": 1, "data_type": "int"}]
    ),
    "c.csv": "table_schema,table_name,column_name,ordinal_position,data_type\ns,t,a,1,int\n",
    "l.json": json.dumps(
        {"format": "ray_lineage/1", "edges": [{"source": {"dataset": "a"}, "target": {"dataset": "b"}}]}
    ),
}
CODES = {"RL130"}
LENIENT = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for key, held in inner for p in paths_of(held, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = put(value[path[0]], path[1:], new)
    return copied


@pytest.mark.parametrize("name", [name for name in SEEDS if name.endswith(".json")])
@LENIENT
@given(st.data())
def test_any_value_anywhere(name: str, data: st.DataObject) -> None:
    seed = json.loads(SEEDS[name])
    changed = put(seed, data.draw(st.sampled_from(paths_of(seed))), data.draw(junk))
    assert set(Graph({name: json.dumps(changed)}).codes) <= CODES


@pytest.mark.parametrize("name", SEEDS)
@LENIENT
@given(st.data())
def test_any_bytes_cut_out_and_put_in(name: str, data: st.DataObject) -> None:
    seed = SEEDS[name].encode()
    begin = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(begin, min(len(seed), begin + 20)))
    changed = (
        seed[:begin]
        + data.draw(st.binary(max_size=6) | st.sampled_from([b"", b"{", b"]", b'"', b"\n", b"NaN", b"\\ud800"]))
        + seed[end:]
    )
    assert set(Graph({name: changed}).codes) <= CODES


@LENIENT
@given(
    st.lists(st.dictionaries(st.text(max_size=4), junk, max_size=4), max_size=4),
    st.sampled_from(["array", "indented", "lines"]),
)
def test_every_value_is_found_in_its_place(found: list[Any], form: str) -> None:
    clean = json.loads(json.dumps(found, allow_nan=False, default=str)) if not has_nan(found) else []
    whole = json.dumps(clean, indent=2 if form == "indented" else None)
    text = whole if form != "lines" else "\n".join(map(json.dumps, clean))
    data = text.encode()
    pieces = list(values(data))
    assert [json.loads(p.text) for p in pieces if isinstance(p, Piece)] == clean
    lines = Lines(data)
    for piece in pieces:
        assert isinstance(piece, Piece)
        assert data[piece.at : piece.at + len(piece.text)] == piece.text
        assert lines.line(piece.at) == data.count(b"\n", 0, piece.at) + 1
        inner = members(piece)
        assert isinstance(inner, dict)
        for part in inner.values():
            assert data[part.at : part.at + len(part.text)] == part.text
            if part.text.startswith(b"["):
                listed = elements(part)
                assert isinstance(listed, list)
                assert all(data[e.at : e.at + len(e.text)] == e.text for e in listed)


def has_nan(value: Any) -> bool:
    if isinstance(value, float):
        return value != value or value in (float("inf"), float("-inf"))
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(has_nan, inner))


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    assert all(isinstance(found, Piece | Fault) for found in values(data))
