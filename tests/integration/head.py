"""A real Ray head on loopback, with the jobs server, as tests start it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.environment import PROJECT, environ
from tests.ports import free_port

# `ray start` refuses a second node on loopback; this is what it would do
NODE = """
import signal, sys
from ray._private.node import Node
from ray._private.parameter import RayParams
params = RayParams(gcs_address=sys.argv[1], num_cpus=int(sys.argv[2]), object_store_memory=100 * 2**20, node_ip_address="127.0.0.1",
                   node_manager_port=0, min_worker_port=0, max_worker_port=0, include_log_monitor=False)
params.dashboard_agent_listen_port = None
node = Node(params, head=False, shutdown_at_exit=True, spawn_reaper=True)
print("up", flush=True)
signal.pause()
"""


_HEAD_ID = "f" * 51 + "0" * 5  # Ray's fake cloud knows its head by it


def _autoscaling(gcs: str, most: int) -> dict[str, Any]:
    """Ray's autoscaler with the cloud of its own tests: each of its nodes is a raylet of this machine, with one CPU."""
    provider = "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider"
    empty = ("initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands", "rsync_exclude",
             "rsync_filter", "head_start_ray_commands", "worker_start_ray_commands", "cluster_synced_files")  # fmt: skip
    return {
        "cluster_name": "test",
        "max_workers": most,
        "idle_timeout_minutes": 0.1,
        "provider": {"type": "external", "module": provider, "launch_multiple": True, "head_node_id": _HEAD_ID, "gcs_address": gcs},
        "auth": {"ssh_user": "nobody"},
        "head_node_type": "ray.head.default",
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "parse": {"resources": {"CPU": 1, "object_store_memory": 80 * 2**20}, "node_config": {}, "min_workers": 0, "max_workers": most},
        },
        **{name: [] for name in empty},
        "docker": {}, "file_mounts": {}, "upscaling_speed": 1.0, "file_mounts_sync_continuously": False,
    }  # fmt: skip


class Head:
    """A Ray head on loopback, with the jobs server, in a folder of its own. ``scaling``: it begins without a CPU, and its
    autoscaler may add so many nodes of one."""

    def __init__(self, folder: Path, cpus: int, scaling: int) -> None:
        self.folder = folder
        port, self.jobs = free_port(), f"http://127.0.0.1:{free_port()}"
        self.address = f"127.0.0.1:{port}"
        self.environ = {
            **environ(),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": "t" * 32,
            "RAY_JOB_STOP_WAIT_TIME_S": "20",
            "PYTHONPATH": str(PROJECT),
            "TMPDIR": str(folder),  # the nodes' caches, among others
            "XDG_STATE_HOME": str(folder / "state"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        more: list[str] = []
        own = dict(self.environ)
        if scaling:
            cpus = 0
            (folder / "autoscaling.json").write_text(json.dumps(_autoscaling(self.address, scaling)))
            more = [f"--autoscaling-config={folder / 'autoscaling.json'}"]
            own |= {"RAY_FAKE_CLUSTER": "1", "RAY_enable_autoscaler_v2": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1",
                    "RAY_CLOUD_INSTANCE_ID": _HEAD_ID, "RAY_OVERRIDE_NODE_ID_FOR_TESTING": _HEAD_ID}  # fmt: skip
        self.nodes: list[subprocess.Popen[str]] = []
        self.process = subprocess.Popen(
            ["ray", "start", "--head", "--block", f"--port={port}", f"--num-cpus={cpus}", "--object-store-memory=150000000",
             "--dashboard-host=127.0.0.1", f"--dashboard-port={self.jobs.rpartition(':')[2]}", f"--temp-dir={folder}",
             f"--dashboard-agent-listen-port={free_port()}", "--include-dashboard=true", *more],
            env=own, stdout=(folder / "head.log").open("w"), stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def add_node(self, *before: str, cpus: int = 2) -> None:
        """One more node, started through a command that ends in ours (``unshare ...``); returns when it is up."""
        command = [*before, sys.executable, "-c", NODE, self.address, str(cpus)]
        node = subprocess.Popen(command, env=self.environ, stdout=subprocess.PIPE, start_new_session=True, text=True)
        self.nodes.append(node)
        assert node.stdout is not None
        assert node.stdout.readline() == "up\n"

    def ray(self, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ray", *arguments], env={**self.environ, "RAY_ADDRESS": self.jobs}, cwd=self.folder, capture_output=True,
            text=True, timeout=seconds,
        )  # fmt: skip

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + 150
        while self.ray("job", "list").returncode:
            assert time.monotonic() < deadline, (self.folder / "head.log").read_text()
            time.sleep(0.5)

    def submit(
        self, name: str, *arguments: str, wait: bool = True, send_code: bool = True, changed: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Submit jobs/ingest.py. ``send_code``: with a copy of our code, else with what is installed. (Ray keeps one copy a
        machine: a second node of this one unpacks its own over that of the first.) ``changed``: the code is other than before."""
        flags, script = [] if wait else ["--no-wait"], str(PROJECT / "jobs/ingest.py")
        if send_code:
            code, script = self.folder / "code", "jobs/ingest.py"
            for part in ("ray_lineage", "jobs"):
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(PROJECT / part, code / part, ignore=ignored, dirs_exist_ok=True)
            if changed:
                (code / "changed.txt").write_text(name)
            flags += ["--working-dir", str(code)]
        return self.ray(
            "job", "submit", "--submission-id", name, *flags, "--", sys.executable, script, *arguments, seconds=200
        )

    def job(self, name: str) -> dict[str, Any]:
        """What the jobs API says of one."""
        return self._get(f"/api/jobs/{name}")

    def job_logs(self, name: str) -> str:
        """What it has printed so far."""
        return str(self._get(f"/api/jobs/{name}/logs")["logs"])

    def metrics(self, project: str) -> dict[str, float]:
        """Series of a project as Prometheus finds them on this head: name and labels, without the project's."""
        services = json.loads((self.folder / "prom_metrics_service_discovery.json").read_text())
        found: dict[str, float] = {}
        for target in {t for service in services for t in service["targets"]}:
            with urllib.request.urlopen(f"http://{target}/metrics", timeout=60) as answer:
                for line in answer.read().decode().splitlines():
                    if f'project="{project}"' in line:
                        name, _, value = line.rpartition(" ")
                        found[name] = float(value)
        return found

    def actor_names(self) -> list[str]:
        """Of the actors that there were, as the dashboard shows them."""
        found = self._get("/api/v0/actors?limit=1000")["data"]["result"]["result"]
        return [str(actor["name"]) for actor in found]

    def stop_job(self, name: str) -> None:
        """Ask for its end, as ``ray job stop`` does, without the seconds that this command takes to start."""
        self._ask(f"/api/jobs/{name}/stop", "POST")

    def _get(self, path: str) -> dict[str, Any]:
        return self._ask(path, "GET")

    def _ask(self, path: str, method: str) -> dict[str, Any]:
        authorized = {"Authorization": f"Bearer {self.environ['RAY_AUTH_TOKEN']}"}
        asked = urllib.request.Request(self.jobs + path, headers=authorized, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def status(self, name: str) -> str:
        return self.ray("job", "status", name).stdout

    def stop(self) -> None:
        """End what this head started, and nothing else."""
        for started in (*self.nodes, self.process):
            ours = psutil.Process(started.pid).children(recursive=True) if started.poll() is None else []
            started.terminate()
            for process in ours:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            started.kill()
            started.wait(60)


@contextlib.contextmanager
def running_head(cpus: int = 2, scaling: int = 0) -> Iterator[Head]:
    """A head that is up, with a folder of its own that goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="rl-head-", dir=os.path.realpath("/tmp")))  # paths of sockets must be short
    head = Head(folder, cpus, scaling)
    try:
        head.wait_until_up()
        yield head
    finally:
        head.stop()
        shutil.rmtree(folder, ignore_errors=True)
