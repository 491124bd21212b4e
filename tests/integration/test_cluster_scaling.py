"""A real autoscaler: a cluster without a CPU gets nodes as far as there is work, and may take them away afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.head import Head, running_head

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(300)]

NODES = 2
EMPTY = """
import sys, time
import ray
ray.init(sys.argv[1], logging_level=40, log_to_driver=False)
deadline = time.monotonic() + 90
while ray.cluster_resources().get("CPU", 0):
    assert time.monotonic() < deadline, ray.cluster_resources()
    time.sleep(0.5)
"""


@pytest.fixture
def head() -> Iterator[Head]:
    with running_head(scaling=NODES) as head:
        yield head


def test_a_job_brings_its_nodes_and_gives_them_back(head: Head, tmp_path: Path) -> None:
    columns = ", ".join(f"a.c{k} + b.d{k} AS e{k}" for k in range(60))
    (tmp_path / "sql").mkdir()
    for number in range(300):
        text = f"CREATE TABLE o{number} AS SELECT {columns} FROM s{number} a JOIN r b ON a.id = b.id;\n"
        (tmp_path / "sql" / f"{number}.sql").write_text(text * 12)
    done = head.submit(
        "grows", str(tmp_path / "sql"), "--dialect", "postgres", "--store", str(tmp_path / "g.db"),
        "--report", str(tmp_path / "report.json"), send_code=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["files"], report["workers"]) == (300, NODES)
    assert report["by_status"] == {"ok": 300}
    assert any("waited for its first node" in note for note in report["notes"])
    gone = subprocess.run(
        [sys.executable, "-c", EMPTY, head.address], env=head.environ, capture_output=True, text=True, timeout=150
    )
    assert gone.returncode == 0, gone.stderr
