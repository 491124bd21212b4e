"""A watch without Ray, as Prometheus sees it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from ray_lineage.runtime.metrics import METRICS
from tests.environment import environ

SECONDS = 120.0


@contextmanager
def watched(folder: Path) -> Iterator[Callable[[], dict[str, float]]]:
    """A watch of the folder; what is given reads its metrics, summed over all labels."""
    command = [
        sys.executable,
        "-m",
        "ray_lineage",
        "watch",
        "sql",
        "--executor",
        "local",
        "--workers",
        "1",
        "--realtime",
    ]
    with subprocess.Popen(
        [*command, "--metrics-port", "0"], cwd=folder, env=environ(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:  # fmt: skip
        assert process.stderr is not None
        try:
            address = next(
                found[0] for line in process.stderr if (found := re.findall(r"http://127\.0\.0\.1:\d+/metrics", line))
            )
            yield lambda: scraped(address)
        finally:
            process.terminate()
            process.stderr.read()


def scraped(address: str) -> dict[str, float]:
    with urlopen(address, timeout=60) as answer:
        text = answer.read().decode()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


def test_a_local_watch_is_monitored_like_a_job(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    with watched(tmp_path) as read:
        until(lambda: read().get("ray_ray_lineage_last_settled_timestamp_seconds", 0) > 0)
        found = read()
        assert found["ray_ray_lineage_store_up"] == 1
        assert found["ray_ray_lineage_lag_seconds"] == 0
        assert found["ray_ray_lineage_actor_restarts_total"] == 0
        counters = {f"ray_{m.name}" for m in METRICS if m.kind == "counter"}
        assert counters <= set(found)
        written = found["ray_ray_lineage_save_to_commit_count_total"]
        (tmp_path / "sql" / "a.sql").write_text("CREATE VIEW v AS SELECT a, b FROM t")
        until(lambda: read()["ray_ray_lineage_save_to_commit_count_total"] > written)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.1)
