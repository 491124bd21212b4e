"""Two nodes of one real cluster are asked whether they see the files. (They share a disk, so blindness is played.)"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import PROJECT, environ

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(240)]

SCRIPT = """
import asyncio, json, os, sys, threading
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
import ray
from ray.cluster_utils import Cluster
from ray_lineage.runtime.shipping import choose, identities, visible_on_all
from ray_lineage.runtime.plan import Plan
from ray_lineage.settings import Settings

settings = Settings(data_dir=sys.argv[2])
plan = Plan(settings, [sys.argv[1]])
plan.read()
files = [t.file for t in plan.tasks]
small = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
cluster = Cluster(initialize_head=True, head_node_args=small)
ray.init(address=cluster.address, log_to_driver=False, logging_level=40)
head = ray.get_runtime_context().get_node_id()
found = {"alone": asyncio.run(choose(settings, plan.tasks)).ship}
cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
cluster.wait_for_nodes()

def blind(samples):
    return identities(samples) if ray.get_runtime_context().get_node_id() == head else [None for _ in samples]

def silent(samples):
    if ray.get_runtime_context().get_node_id() != head:
        threading.Event().wait(100)
    return identities(samples)

found["shared"] = asyncio.run(choose(settings, plan.tasks)).ship
found["forced"] = asyncio.run(choose(Settings(source="ship"), plan.tasks)).ship
found["blind"] = asyncio.run(visible_on_all(files, 60, blind)).reason
found["silent"] = asyncio.run(visible_on_all(files, 1, silent)).reason
os.unlink(os.path.join(files[0].root, files[0].name))
found["vanished"] = asyncio.run(visible_on_all(files, 60)).ship
print(json.dumps(found))
ray.shutdown()
cluster.shutdown()
"""


def test_two_nodes(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / "sql" / name).mkdir(parents=True)
        (tmp_path / "sql" / name / "x.sql").write_text(f"SELECT 1 AS {name}")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "sql"), str(tmp_path / "data")],
        env=environ(PYTHONPATH=str(PROJECT), RAY_AUTH_MODE="disabled"), capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    blind, silent = found.pop("blind"), found.pop("silent")
    assert found == {"alone": False, "shared": False, "forced": True, "vanished": False}
    assert "does not see a/x.sql" in blind
    assert "did not answer in time" in silent
