"""What is exported as OpenLineage is what the specification asks for, and reading it gives the same lineage again."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from ray_lineage.compile.facts import Facts
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.link import Linker
from ray_lineage.model import (
    INFLUENCE_KINDS,
    TRANSFORMATIONS,
    Contribution,
    DeclaredColumn,
    FileFacts,
    Influence,
    Output,
    Ref,
    Select,
    StatementKind,
    TableRef,
    encode_facts,
)
from ray_lineage.query.export import FOLDED, write_openlineage
from tests.factory import load
from tests.unit.inputs.linked import Graph

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SPEC = Path(__file__).parent / "openlineage_spec"
SCHEMAS = [json.loads(path.read_text("utf-8")) for path in sorted(SPEC.glob("*.json"))]
REGISTRY: Any = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in SCHEMAS)


def linked(facts: FileFacts) -> list[Contribution]:
    linker = Linker("p")
    linker.put("f.sql", "", encode_facts(facts))
    found = list(linker.link())
    linker.close()
    return found


def exported(contributions: list[Contribution]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(f"{folder}/graph.db")
        try:
            load(store, "p", store.acquire("p"), contributions)
            out = io.BytesIO()
            write_openlineage(store, ["p"], out, NOW, "warehouse")
            return out.getvalue()
        finally:
            store.close()


def edges(contributions: Iterator[Contribution] | list[Contribution]) -> dict[str, set[tuple[Any, ...]]]:
    """What there is of lineage, without lines and statements."""
    out: dict[str, set[tuple[Any, ...]]] = {}
    for contribution in contributions:
        for s, t, _, _, how, sure, text in contribution.rows.get("FLOWS_TO", ()):
            out.setdefault("flows", set()).add((s, t, how, sure, text))
        for s, t, _, _, how in contribution.rows.get("INFLUENCES", ()):
            out.setdefault("influences", set()).add((s, t, how))
        for s, t, _ in contribution.rows.get("FEEDS", ()):
            out.setdefault("feeds", set()).add((s, t))
    return out


TABLES = [("raw", "a"), ("raw", "B c"), ("db", "s", "t.x"), ("external", "s3://b/x.csv"), ("Mart", '"lower"')]
COLUMNS = ["id", "Name", "a.b", "*", "ü", 'q"q']
names = st.sampled_from(TABLES)
columns = st.sampled_from(COLUMNS)
flow = st.tuples(names, columns, columns, st.integers(0, len(TRANSFORMATIONS) - 1), st.sampled_from(["", "a + ?"]))
shape = st.tuples(names, columns, st.integers(0, len(INFLUENCE_KINDS) - 1))
statement = st.tuples(
    names, st.lists(flow, max_size=5), st.lists(shape, max_size=2), st.booleans(), st.sets(names, max_size=2)
)


SPELLED = {("raw", "a"): ("Raw", "A"), ("db", "s", "t.x"): ("T.x",)}


def as_facts(statements: list[Any], declared: set[Any]) -> FileFacts:
    facts = Facts()
    for number, (target, flows, shapes, possible, more) in enumerate(statements, 1):
        tables = sorted({f[0] for f in flows} | {s[0] for s in shapes} | more)
        place = {name: k for k, name in enumerate(tables, 1)}
        # one column of one dataset flows into another one in one way
        once = {(t, c, o): (how, text) for t, c, o, how, text in flows}
        outputs = [
            Output(o, (Ref(place[t], -1, c, how, number),), number, expression=text)
            for (t, c, o), (how, text) in once.items()
        ]
        outputs.sort(key=lambda o: o.name == "*")
        influences = tuple(dict.fromkeys(Influence(Ref(place[t], -1, c, how), how) for t, c, how in shapes))
        select = Select(tuple(place.values()), tuple(outputs), influences)
        facts.statement(
            StatementKind.INSERT, number, number, (select, *(TableRef(t, number) for t in tables)), 0, target,
            tuple(o.name or "" for o in outputs), possible=possible,
        )  # fmt: skip
    for name in sorted(declared):
        facts.spelled[name] = SPELLED.get(name, ())
        columns = (
            DeclaredColumn(c, "int", display={"id": "ID", "a.b": "A.b"}.get(c, ""), description=f"{c}?")
            for c in COLUMNS
            if c != "*"
        )
        facts.declare(name, "Table", 1, tuple(columns), about="What it\nis.")
    return facts.file("")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(statement, max_size=4), st.sets(names, max_size=2))
def test_reader_and_writer_are_inverse(statements: list[Any], declared: set[Any]) -> None:
    contributions = linked(as_facts(statements, declared))
    events = exported(contributions)
    again = Graph({"events.ndjson": events}) if events else Graph({})
    assert edges(list(again.contributions.values())) == edges(contributions)
    assert again.codes == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(statement, min_size=1, max_size=3), st.sets(names, max_size=2))
def test_exported_events_validate_against_the_specification(statements: list[Any], declared: set[Any]) -> None:
    for line in exported(linked(as_facts(statements, declared))).splitlines():
        validate(json.loads(line))


def validate(event: dict[str, Any]) -> None:
    """Raises ValidationError. Facets say themselves which schema is theirs."""
    Draft202012Validator(SCHEMAS_BY_NAME["OpenLineage"], registry=REGISTRY).validate(event)
    for dataset in (*event["inputs"], *event["outputs"], event["job"]):
        for name, facet in dataset.get("facets", {}).items():
            if name == FOLDED:
                Draft202012Validator({"$ref": facet["_schemaURL"]}, registry=REGISTRY).validate(facet)
                continue
            schema = SCHEMAS_BY_NAME[facet["_schemaURL"].rpartition("/")[2]]
            assert facet["_schemaURL"] == f"{schema['$id']}#/$defs/{facet['_schemaURL'].rpartition('/')[2]}"
            Draft202012Validator(schema, registry=REGISTRY).validate({name: facet})


SCHEMAS_BY_NAME = {s["$id"].rpartition("/")[2].removesuffix(".json"): s for s in SCHEMAS}


def test_what_is_written_about_datasets_validates_as_documentation() -> None:
    flows = [(("raw", "a"), "id", "id", 0, "")]
    events = exported(linked(as_facts([(("raw", "B c"), flows, [], False, set())], {("raw", "a"), ("raw", "B c")})))
    written = [d["facets"] for e in map(json.loads, events.splitlines()) for d in (*e["inputs"], *e["outputs"])]
    assert {f["documentation"]["description"] for f in written} == {"What it\nis."}
    assert {f["description"] for facets in written for f in facets["schema"]["fields"]} == {
        f"{c}?" for c in COLUMNS if c != "*"
    }
    for line in events.splitlines():
        validate(json.loads(line))


def test_a_wrong_event_does_not_validate() -> None:
    from jsonschema import ValidationError

    with pytest.raises(ValidationError):
        validate({"eventTime": "x", "job": {}, "inputs": [], "outputs": []})


def test_events_name_things_as_they_are_written_and_the_reader_knows_what_they_are_called() -> None:
    facts = as_facts([(("raw", "a"), [(("db", "s", "t.x"), "id", "id", 0, "")], [], False, set())], {("raw", "a")})
    events = exported(linked(facts))
    (event,) = map(json.loads, events.splitlines())
    (output,) = event["outputs"]
    assert (output["name"], [f["name"] for f in output["facets"]["schema"]["fields"]][:3]) == (
        "Raw.A",
        ["ID", "Name", "A.b"],
    )
    assert list(output["facets"]["columnLineage"]["fields"]) == ["ID"]
    again = Graph({"events.ndjson": events})
    assert again.flows == {'db.s."t.x".id -> raw.a.id'}
    assert {r[2]: r[11] for r in again.rows("Dataset")} == {"raw.a": "Raw.A", 'db.s."t.x"': None}
    assert {r[2]: r[8] for r in again.rows("Column") if r[1] == "p:raw.a"} == {
        "id": "ID",
        "Name": None,
        "a.b": "A.b",
        "ü": None,
        'q"q': None,
    }
