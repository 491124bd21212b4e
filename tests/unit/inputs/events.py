"""Events of OpenLineage for tests, short to write."""

from __future__ import annotations

import json
from typing import Any

PG = "postgres://db.example.com:5432"


def dataset(name: str, namespace: str = PG, /, **facets: Any) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, "facets": facets}


def field(name: str, column: str, namespace: str = PG, /, *transformations: Any, **more: Any) -> dict[str, Any]:
    found = {"namespace": namespace, "name": name, "field": column, **more}
    return {**found, "transformations": list(transformations)} if transformations else found


def done(type_: str, subtype: str = "", description: str = "", *, masking: bool = False) -> dict[str, Any]:
    return {"type": type_, "subtype": subtype, "description": description, "masking": masking}


def lineage(whole: Any = (), /, **fields: Any) -> dict[str, Any]:
    """A columnLineage facet: output field -> input fields."""
    found: dict[str, Any] = {"fields": {name: {"inputFields": given} for name, given in fields.items()}}
    return {**found, "dataset": list(whole)} if whole else found


def schema(*names: str) -> dict[str, Any]:
    return {"fields": [{"name": n.partition(" ")[0], "type": n.partition(" ")[2] or "int"} for n in names]}


def event(
    inputs: Any = (),
    outputs: Any = (),
    /,
    job: str = "j",
    time: str = "2026-01-01T00:00:00Z",
    kind: str = "COMPLETE",
    **facets: Any,
) -> dict[str, Any]:
    return {
        "eventTime": time,
        "eventType": kind,
        "producer": "https://example.com/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "0190a000-0000-7000-8000-000000000000"},
        "job": {"namespace": "n", "name": job, "facets": facets},
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def lines(*events: Any) -> bytes:
    return b"\n".join(json.dumps(e).encode() for e in events)
