"""The dashboard, the runbook and the declared metrics say the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ray_lineage.runtime.dashboard import BEGIN, END, UID, alerts, expressions, grafana, runbook
from ray_lineage.runtime.metrics import METRICS, companions
from ray_lineage.runtime.status import Status

DOCS = Path(__file__).parents[3] / "docs"
EXPORTED = {f"ray_{m.name}": m for m in METRICS if m.kind != "histogram"}
OF_HISTOGRAMS = {
    f"ray_{name}"
    for m in METRICS
    if m.kind == "histogram"
    for name in (f"{m.name}_bucket", *companions(m.name))
}  # fmt: skip


def test_the_files_are_those_that_are_made() -> None:
    again = "python -m ray_lineage.runtime.dashboard"
    assert (DOCS / "monitoring/grafana.json").read_text() == grafana(), (
        f"{again} grafana > docs/monitoring/grafana.json"
    )
    assert (DOCS / "monitoring/alerts.yml").read_text() == alerts(), f"{again} alerts > docs/monitoring/alerts.yml"
    text = (DOCS / "monitoring.md").read_text()
    assert text[text.index(BEGIN) : text.index(END) + len(END) + 1] == runbook(), f"{again} runbook"


def test_every_metric_has_one_panel_and_one_row() -> None:
    panels = [p for p in json.loads(grafana())["panels"] if p["type"] != "row"]
    assert [p["title"] for p in panels] == [m.title for m in METRICS]
    rows = [line for line in runbook().splitlines() if line.startswith("| ") and "`ray_lineage_" in line]
    assert len(rows) == len(METRICS)
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    found = json.loads(grafana())
    assert found["uid"] == UID
    assert isinstance(found["schemaVersion"], int)
    assert "id" not in found, "a dashboard with an id replaces another one when it is imported"
    assert [v["name"] for v in found["templating"]["list"]] == ["datasource", "project"]
    ids = [p["id"] for p in found["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["type"] in ("timeseries", "stat")
        assert panel["targets"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        refs = [t["refId"] for t in panel["targets"]]
        assert len(set(refs)) == len(refs)
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_expressions_ask_for_what_is_exported(metric: object) -> None:
    asked = expressions(metric)  # type: ignore[arg-type]
    assert asked
    for expression, legend in asked:
        names = re.findall(r"\b(ray_\w+)\{", expression)
        assert names
        assert expression.count("(") == expression.count(")")
        assert expression.count('{project=~"$project"}') == len(names)
        for name in names:
            assert name in EXPORTED or name in OF_HISTOGRAMS, name
            changing = bool(re.search(rf"(rate|increase)\({name}\b", expression))
            assert changing == (name.endswith(("_total", "_bucket"))), (
                "counters are asked for their change, gauges are not"
            )
        labels = {"project"} | {label for n in names if n in EXPORTED for label in EXPORTED[n].labels}
        if metric.kind == "histogram":  # type: ignore[attr-defined]
            labels = set(metric.labels)  # type: ignore[attr-defined]
            assert all(label in expression for label in labels)
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) in (labels, set())
        assert "_sum" not in expression, "Ray's sums are wrong"


@pytest.mark.parametrize(("argument", "code"), [("grafana", 0), ("alerts", 0), ("runbook", 0), ("graphite", 2)])
def test_the_command(argument: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ray_lineage.runtime.dashboard", argument], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code
    assert bool(done.stdout) == (code == 0)


def test_every_field_of_the_status_is_described() -> None:
    text = (DOCS / "monitoring.md").read_text()
    rows = [line.split("|")[1] for line in text[: text.index(BEGIN)].splitlines() if line.startswith("| `")]
    described = re.findall(r"`(\w+)`", " ".join(rows))
    assert set(Status.__struct_fields__) <= set(described)


def test_prometheus_reads_the_file_that_ray_writes() -> None:
    text = (DOCS / "monitoring/prometheus.yml").read_text()
    from ray._private.ray_constants import PROMETHEUS_SERVICE_DISCOVERY_FILE

    assert f"/tmp/ray/{PROMETHEUS_SERVICE_DISCOVERY_FILE}" in text


def test_alerts_are_rules_that_ask_for_what_is_exported() -> None:
    (group,) = yaml.safe_load(alerts())["groups"]
    rules = group["rules"]
    assert len(rules) == sum(m.alert is not None for m in METRICS)
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(r"[A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+m", rule["for"])
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "description"}
        (name,) = re.findall(r"\bray_ray_lineage_\w+", rule["expr"])
        metric = EXPORTED[name]
        assert ("increase(" in rule["expr"]) == (metric.kind == "counter")
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert set(re.findall(r"labels\.(\w+)", rule["annotations"]["summary"])) == {"project", *metric.labels}
