"""The dashboard, the alert rules and the runbook's tables, made from the declared metrics: ``python -m
ray_lineage.runtime.dashboard``.

``grafana`` prints ``docs/monitoring/grafana.json``, ``alerts`` prints ``docs/monitoring/alerts.yml`` (rules for Prometheus),
``runbook`` the generated part of ``docs/monitoring.md``; a test holds the files and the list together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from ray_lineage.runtime.metrics import METRICS, PREFIX, QUANTILES, Alert, Metric, companions

UID: Final = "ray-lineage"
BEGIN: Final = "<!-- made by `python -m ray_lineage.runtime.dashboard runbook` -->"
END: Final = "<!-- end of what is made -->"

_ONLY: Final = '{project=~"$project"}'
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_UNITS: Final = {
    "files": "short", "rows": "short", "count": "short", "bytes": "bytes", "seconds": "s", "share": "percentunit", "timestamp": "s",
    "flag": "bool",
}  # fmt: skip
_PER_SECOND: Final = {"files": "ops", "rows": "wps"}
_WIDTH: Final = 8
_HEIGHT: Final = 8


def main(arguments: Sequence[str]) -> int:
    """Print what is asked for."""
    made = {"grafana": grafana, "alerts": alerts, "runbook": runbook}.get(arguments[0] if len(arguments) == 1 else "")
    if made is None:
        sys.stderr.write("usage: python -m ray_lineage.runtime.dashboard grafana|alerts|runbook\n")
        return 2
    sys.stdout.write(made())
    return 0


def grafana() -> str:
    """The dashboard as JSON, as Grafana imports and provisions it."""
    return json.dumps(_dashboard(), indent=1) + "\n"


def _groups() -> list[str]:
    return list(dict.fromkeys(m.group for m in METRICS))


def _dashboard() -> dict[str, Any]:
    panels: list[dict[str, Any]] = []
    y = 0
    for group in _groups():
        panels.append({"type": "row", "title": group, "collapsed": False, "panels": [], "gridPos": _place(0, y, 24, 1)})
        y += 1
        members = [m for m in METRICS if m.group == group]
        for place, metric in enumerate(members):
            x = place % 3 * _WIDTH
            panels.append(_panel(metric, _place(x, y + place // 3 * _HEIGHT, _WIDTH, _HEIGHT)))
        y += -(-len(members) // 3) * _HEIGHT
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    return {
        "uid": UID, "title": "ray_lineage", "tags": ["ray", "lineage"], "schemaVersion": 39, "version": 1, "editable": True,
        "refresh": "10s", "time": {"from": "now-1h", "to": "now"}, "timezone": "browser", "graphTooltip": 1,
        "annotations": {"list": []}, "links": [], "templating": {"list": _variables()}, "panels": panels,
    }  # fmt: skip


def _place(x: int, y: int, w: int, h: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


def _variables() -> list[dict[str, Any]]:
    query = f"label_values({PREFIX}ray_lineage_heartbeat_timestamp_seconds, project)"
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0},
        {
            "name": "project", "label": "Project", "type": "query", "datasource": _SOURCE, "query": {"query": query, "refId": "project"},
            "definition": query, "refresh": 2, "sort": 1, "includeAll": True, "allValue": ".*", "multi": True, "hide": 0,
            "current": {"text": "All", "value": "$__all"},
        },
    ]  # fmt: skip


def _panel(metric: Metric, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + n), "datasource": _SOURCE, "expr": expr, "legendFormat": legend, "range": True, "editorMode": "code"}
        for n, (expr, legend) in enumerate(expressions(metric))
    ]  # fmt: skip
    return {
        "type": "stat" if metric.unit in ("timestamp", "flag") else "timeseries",
        "title": metric.title, "description": f"{metric.help} {metric.look}", "datasource": _SOURCE, "gridPos": place,
        "fieldConfig": {"defaults": {"unit": _unit(metric), "min": 0}, "overrides": []}, "targets": targets,
    }  # fmt: skip


def _unit(metric: Metric) -> str:
    if metric.kind == "counter":
        return "percentunit" if metric.unit == "seconds" else _PER_SECOND.get(metric.unit, "short")
    return _UNITS[metric.unit]


def expressions(metric: Metric) -> list[tuple[str, str]]:
    """What a panel asks Prometheus, each with its legend. Counters of seconds: the share of time; of files and rows: per
    second; of rare things: how many in five minutes."""
    name = PREFIX + metric.name
    by = ", ".join(("project", *metric.labels))
    legend = " ".join(f"{{{{{label}}}}}" for label in ("project", *metric.labels))
    if metric.kind == "histogram":
        return _latency(metric)
    if metric.unit == "timestamp":
        return [(f"time() - max by ({by}) ({name}{_ONLY})", legend)]
    if metric.kind == "gauge":
        return [(f"max by ({by}) ({name}{_ONLY})", legend)]
    if metric.unit == "count":
        return [(f"sum by ({by}) (increase({name}{_ONLY}[5m]))", legend)]
    return [(f"sum by ({by}) (rate({name}{_ONLY}[$__rate_interval]))", legend)]


def _latency(metric: Metric) -> list[tuple[str, str]]:
    def rate(name: str) -> str:
        return f"(rate({PREFIX}{name}{_ONLY}[$__rate_interval]))"

    seconds, count = companions(metric.name)
    legend = "".join(f" {{{{{label}}}}}" for label in metric.labels)
    of_buckets = f"sum by ({', '.join(('le', *metric.labels))}){rate(metric.name + '_bucket')}"
    by = f" by ({', '.join(metric.labels)}) " if metric.labels else ""
    found = [(f"histogram_quantile({share}, {of_buckets})", name + legend) for name, share in QUANTILES]
    return [*found, (f"sum{by}{rate(seconds)} / sum{by}{rate(count)}", f"mean{legend}")]


def alerts() -> str:
    """Rules of Prometheus, a rule for each metric that has one."""
    lines = [
        "# made by `python -m ray_lineage.runtime.dashboard alerts`",
        "groups:",
        "  - name: ray_lineage",
        "    rules:",
    ]
    for metric in METRICS:
        if metric.alert is not None:
            lines += _rule(metric, metric.alert)
    return "\n".join(lines) + "\n"


def _rule(metric: Metric, alert: Alert) -> list[str]:
    name = "".join(part.capitalize() for part in metric.name.removesuffix("_total").removesuffix("_seconds").split("_"))
    labels = " ".join(f"{label} {{{{ $labels.{label} }}}}" for label in ("project", *metric.labels))
    return [
        f"      - alert: {name}",
        f"        expr: {json.dumps(f'{_watched(metric, alert.only)} {alert.when}')}",
        f"        for: {alert.lasts}",
        "        labels:",
        f"          severity: {alert.severity}",
        "        annotations:",
        f"          summary: {json.dumps(f'{alert.summary} ({labels})')}",
        f"          description: {json.dumps(metric.look)}",
    ]


def _watched(metric: Metric, only: str) -> str:
    """What an alert looks at. Counters: how much in a quarter of an hour."""
    by = ", ".join(("project", *metric.labels))
    selected = f"{PREFIX}{metric.name}{{{only}}}" if only else PREFIX + metric.name
    if metric.kind == "counter":
        return f"sum by ({by}) (increase({selected}[15m]))"
    if metric.unit == "timestamp":
        return f"time() - max by ({by}) ({selected})"
    return f"max by ({by}) ({selected})"


def runbook() -> str:
    """A table a group: panel and metric, what it means, what to do."""
    lines = [BEGIN, ""]
    for group in _groups():
        lines += [f"### {group}", "", "| panel | metric | what it shows | when it looks bad |", "|---|---|---|---|"]
        lines += [_row(m) for m in METRICS if m.group == group]
        lines.append("")
    return "\n".join([*lines, END]) + "\n"


def _row(metric: Metric) -> str:
    labels = f"{{{', '.join(metric.labels)}}}" if metric.labels else ""
    return f"| {metric.title} | `{metric.name}{labels}` ({metric.kind}) | {metric.help} | {metric.look} |"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
