"""cluster.yaml passes Ray's own checks; rayjob.yaml has what the API of KubeRay (ray.io/v1) requires, and its names agree."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ray_lineage.runtime.rayjob import _DRAIN_SECONDS
from ray_lineage.settings import load_settings

ROOT = Path(__file__).parents[3]


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return found


@pytest.fixture(scope="module")
def cluster() -> dict[str, Any]:
    return load("cluster.yaml")


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    return load("rayjob.yaml")


# --------------------------------------------------------------------------- cluster.yaml


def checked(config: dict[str, Any]) -> dict[str, Any]:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared: dict[str, Any] = prepare_config(config)
    validate_config(prepared)
    return prepared


def test_rays_own_checks(cluster: dict[str, Any]) -> None:
    prepared = checked(cluster)
    assert prepared["available_node_types"]["head"]["resources"] == {"CPU": 0}
    assert prepared["available_node_types"]["head"]["max_workers"] == 0


@pytest.mark.parametrize(
    "wrong",
    [{"hed_node_type": "head"}, {"head_node_type": "none"}, {"max_workers": "many"}],
    ids=lambda w: next(iter(w)),
)
def test_rays_own_checks_do_check(wrong: dict[str, Any]) -> None:
    with pytest.raises(Exception):  # noqa: B017 - of several kinds, all of them from Ray
        checked({**load("cluster.yaml"), **wrong})


def test_the_cluster_is_closed(cluster: dict[str, Any]) -> None:
    starts = [c for k in ("head", "worker") for c in cluster[f"{k}_start_ray_commands"] if "ray start" in c]
    assert len(starts) == 2
    assert all("RAY_AUTH_MODE=token" in c for c in starts)
    assert "--dashboard-host=127.0.0.1" in starts[0]
    assert "/home/ray/.ray/auth_token" in cluster["file_mounts"]
    secret = re.search(r"NEO4J_PASSWORD_FILE=(\S+)", starts[0])
    assert secret is not None
    assert secret[1] in cluster["file_mounts"]


# --------------------------------------------------------------------------- rayjob.yaml


def groups(job: dict[str, Any]) -> list[dict[str, Any]]:
    spec = job["spec"]["rayClusterSpec"]
    return [spec["headGroupSpec"], *spec["workerGroupSpecs"]]


def containers(job: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(pod, container), init containers too."""
    for group in groups(job):
        pod = group["template"]["spec"]
        for container in (*pod.get("initContainers", []), *pod["containers"]):
            yield pod, container


def test_required_fields(job: dict[str, Any]) -> None:
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", job["metadata"]["name"])
    assert len(job["metadata"]["name"]) <= 47  # KubeRay appends five characters and more to it
    known = {
        "entrypoint", "runtimeEnvYAML", "shutdownAfterJobFinishes", "ttlSecondsAfterFinished", "activeDeadlineSeconds",
        "backoffLimit", "rayClusterSpec",
    }  # fmt: skip
    assert set(job["spec"]) == known
    assert set(job["spec"]["rayClusterSpec"]) == {
        "rayVersion", "authOptions", "enableInTreeAutoscaling", "autoscalerOptions", "headGroupSpec", "workerGroupSpecs",
    }  # fmt: skip
    for group in groups(job):
        assert {"rayStartParams", "template"} <= set(group)
        assert all(isinstance(v, str) for v in group["rayStartParams"].values())
    for group in groups(job)[1:]:
        assert group["groupName"]
        assert 0 <= group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    for _, container in containers(job):
        assert {"name", "image"} <= set(container)


def test_the_job_ends_and_cleans_up(job: dict[str, Any]) -> None:
    spec = job["spec"]
    assert spec["shutdownAfterJobFinishes"] is True
    assert spec["backoffLimit"] == 1
    assert spec["activeDeadlineSeconds"] > spec["ttlSecondsAfterFinished"] > 0
    environ = yaml.safe_load(spec["runtimeEnvYAML"])["env_vars"]
    assert float(environ["RAY_JOB_STOP_WAIT_TIME_S"]) > _DRAIN_SECONDS


def test_names_refer_to_one_another(job: dict[str, Any]) -> None:
    for pod, container in containers(job):
        volumes = {v["name"] for v in pod.get("volumes", [])}
        mounts = {m["name"] for m in container.get("volumeMounts", [])}
        assert mounts <= volumes
        assert len({m["mountPath"] for m in container.get("volumeMounts", [])}) == len(
            container.get("volumeMounts", [])
        )
    head = groups(job)[0]["template"]["spec"]
    secrets = {v["secret"]["secretName"] for v in head["volumes"] if "secret" in v}
    asked = {e["valueFrom"]["secretKeyRef"]["name"] for e in head["containers"][0]["env"] if "valueFrom" in e}
    assert secrets == asked == {"ray-lineage-neo4j"}
    assert "ray-lineage-neo4j" in (ROOT / "rayjob.yaml").read_text().partition("apiVersion")[0]  # how to make it


def test_the_entry_point(job: dict[str, Any]) -> None:
    python, script, path, *flags = shlex.split(job["spec"]["entrypoint"])
    assert python == "python"
    assert (ROOT / script).is_file()
    head = groups(job)[0]["template"]["spec"]
    assert path in {m["mountPath"] for m in head["containers"][0]["volumeMounts"]}
    assert path in head["initContainers"][0]["args"]
    assert flags == ["--source", "ship"]  # the workers have no repository


def test_the_environment_is_understood(job: dict[str, Any], tmp_path: Path) -> None:
    head = groups(job)[0]["template"]["spec"]["containers"][0]
    environ = {e["name"]: e.get("value", "x") for e in head["env"]}
    mounted = [m["mountPath"] for m in head["volumeMounts"]]
    assert any(environ["NEO4J_PASSWORD_FILE"].startswith(m + "/") for m in mounted)
    environ["NEO4J_PASSWORD_FILE"] = str(tmp_path / "password")
    (tmp_path / "password").write_text("hidden\n")
    settings = load_settings({"source": "ship"}, cwd=str(tmp_path), environ=environ).settings
    assert settings.neo4j_uri.startswith("neo4j://")
    for group in groups(job):  # the cache's path holds on every node, on a disk of its own
        pod = group["template"]["spec"]
        local = {v["name"] for v in pod["volumes"] if "emptyDir" in v}
        paths = {m["mountPath"] for c in pod["containers"] for m in c["volumeMounts"] if m["name"] in local}
        assert any(settings.parse_cache_path.startswith(p + "/") for p in paths)


def test_secrets_are_nowhere_in_it(job: dict[str, Any]) -> None:
    assert "NEO4J" not in job["spec"]["runtimeEnvYAML"]
    names = [e["name"] for _, c in containers(job) for e in c.get("env", []) if "value" in e]
    assert not [n for n in names if n.endswith(("PASSWORD", "TOKEN"))]


def test_one_version_of_ray(cluster: dict[str, Any], job: dict[str, Any]) -> None:
    version = job["spec"]["rayClusterSpec"]["rayVersion"]
    images = {c["image"] for _, c in containers(job) if c["name"].startswith("ray-")} | {cluster["docker"]["image"]}
    assert images == {f"rayproject/ray:{version}-py311"}
    assert f"ray[default]=={version}" in cluster["setup_commands"][0]
    pinned = re.search(r"(?m)^ray(?:\[\w+\])?==([\d.]+)", (ROOT / "requirements" / "runtime.txt").read_text())
    assert pinned is not None
    assert pinned[1] == version


def test_one_version_of_ours(job: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    environment = yaml.safe_load(job["spec"]["runtimeEnvYAML"])
    assert environment["pip"] == [f"ray-lineage=={version}"]
    assert environment["working_dir"].endswith(f"/v{version}.zip")
