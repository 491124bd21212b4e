"""Metrics through a real Ray: what the dashboard asks for is what a node's metrics port says."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from ray_lineage.runtime.dashboard import expressions
from ray_lineage.runtime.metrics import METRICS, RayExporter, Registry

pytestmark = pytest.mark.ray


class Measuring:
    """An actor that measures everything there is."""

    def __init__(self, project: str) -> None:
        self.registry = Registry()
        self.exporter = RayExporter(self.registry, project)
        self.exporter.start()
        self.exporter.start()

    def measure(self) -> None:
        for metric in METRICS:
            labels = dict.fromkeys(metric.labels, "x")
            if metric.kind == "counter":
                self.registry.add(metric.name, 3, **labels)
            elif metric.kind == "gauge":
                self.registry.set(metric.name, 4.5, **labels)
            else:
                for seconds in (0.004, 7.0, 5_000.0):
                    self.registry.observe(metric.name, seconds, **labels)

    def stop(self) -> None:
        self.exporter.stop()


def exported(ray: Any, project: str) -> dict[str, float]:
    """Name (with ``le`` of buckets) -> value, of the series of a project."""
    node = ray.nodes()[0]
    address = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    with urllib.request.urlopen(address, timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    out: dict[str, float] = {}
    for line in lines:
        if f'project="{project}"' in line:
            le = re.search(r'le="([^"]+)"', line)
            out[line.partition("{")[0] + (f":{le[1]}" if le else "")] = float(line.rpartition(" ")[2])
    return out


def wait_for(ray: Any, project: str, holds: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """The first series for which that holds: they arrive one after another."""
    deadline = time.monotonic() + 120
    while not holds(found := exported(ray, project)):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


def test_all_that_the_dashboard_asks_for_is_exported(ray_cluster: Any) -> None:
    actor = ray_cluster.remote(Measuring).options(num_cpus=0).remote("everything")
    ray_cluster.get(actor.measure.remote())
    asked = {
        name for m in METRICS for expression, _ in expressions(m) for name in re.findall(r"\b(ray_\w+)\{", expression)
    }
    found = wait_for(
        ray_cluster,
        "everything",
        lambda f: asked <= {name.partition(":")[0] for name in f} and f["ray_ray_lineage_parse_count_total"] == 3,
    )
    assert found["ray_ray_lineage_rows_written_total"] == 3
    assert found["ray_ray_lineage_lag_seconds"] == 4.5
    name = "ray_ray_lineage_parse"
    assert (found[f"{name}_count_total"], found[f"{name}_seconds_total"]) == (3, 5_007.004)
    buckets = [found[f"{name}_seconds_bucket:{le}"] for le in ("0.0025", "0.005", "5.0", "10.0", "1800.0", "+Inf")]
    assert buckets == [0, 1, 1, 2, 2, 3]  # cumulative, as Prometheus has them

    ray_cluster.get(actor.measure.remote())
    ray_cluster.get(actor.stop.remote())  # tells the rest
    told = ("ray_ray_lineage_rows_written_total", f"{name}_count_total")
    wait_for(ray_cluster, "everything", lambda f: [f.get(name) for name in told] == [6, 6])
    ray_cluster.kill(actor)
