"""A node that really does not see the files: its processes live in a mount namespace where another folder covers them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.generate import generate
from tests.environment import PROJECT, environ
from tests.integration.head import Head, running_head
from tests.integration.runs import Dump, dump

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(400)]

FILES = 120
COVERED = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


def own_mounts() -> list[str]:
    """A command that gives what it runs mounts of its own; none: it may not."""
    for command in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        done = subprocess.run([*command, "sh", "-c", COVERED, "sh", "/mnt", "/mnt", "true"], capture_output=True)
        if done.returncode == 0:
            return command
    return []


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(generate(tmp_path_factory.mktemp("blind"), FILES, 31, "tsql").root)


@pytest.fixture(scope="module")
def head(request: pytest.FixtureRequest, sql: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    """A head without CPUs, and one node that has something else where the files are: nothing, or a clone of its own in
    which every file is longer by a table."""
    unshare = own_mounts() if shutil.which("unshare") else []
    if not unshare:
        pytest.skip("mount namespaces are not allowed here")
    other = tmp_path_factory.mktemp("other") / "sql"
    other.mkdir()
    if request.param == "clone":
        shutil.copytree(sql, other, dirs_exist_ok=True)
        for path in other.rglob("*.sql"):
            path.write_text(path.read_text() + "\nGO\nCREATE TABLE dbo.of_another_day (x int)\n")
    with running_head(cpus=0) as head:
        head.add_node(*unshare, "sh", "-c", COVERED, "sh", str(other), str(sql))
        yield head


def ingest(folder: Path, sql: Path, *flags: str, head: Head | None = None) -> dict[str, Any]:
    more = {k: v for k, v in head.environ.items() if k.startswith("RAY_")} if head is not None else {}
    at = ["--executor", "ray", "--ray-address", head.address] if head is not None else ["--executor", "local"]
    done = subprocess.run(
        [sys.executable, "-m", "ray_lineage", "ingest", str(sql), "--json", "--dialect", "tsql", *at, *flags],
        cwd=folder, env=environ(PYTHONPATH=str(PROJECT), **more), capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def expected(sql: Path, tmp_path_factory: pytest.TempPathFactory) -> Dump:
    folder = tmp_path_factory.mktemp("local")
    summary = ingest(folder, sql)
    return dump(folder / "data", summary["project"])


@pytest.mark.parametrize(
    ("head", "source", "told"),
    [
        ("nothing", "auto", "does not see"),
        ("nothing", "ship", "as set"),
        ("nothing", "shared", ""),  # wrong here: what a worker calls gone is looked at by the driver, and then sent
        ("clone", "auto", "has another"),
        ("clone", "shared", ""),  # so is what it reads that differs from what was found
    ],
    indirect=["head"],
)
def test_the_same_graph(head: Head, sql: Path, tmp_path: Path, expected: Dump, source: str, told: str) -> None:
    summary = ingest(tmp_path, sql, "--source", source, "--no-cache", head=head)
    assert (summary["executor"], summary["files"], summary["removed"]) == ("ray", FILES, 0)
    assert any(told in note for note in summary["notes"]) or not told, summary["notes"]
    assert dump(tmp_path / "data", summary["project"]) == expected
