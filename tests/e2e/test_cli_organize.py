"""``ray_lineage organize`` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.environment import environ


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ray_lineage", "organize", *arguments]
    return subprocess.run(command, cwd=folder, env=environ(), capture_output=True, text=True, timeout=60)


def test_organize_twice_and_wrong_arguments(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.sql").write_text("CREATE TABLE t (x int)\nGO\nCREATE VIEW v AS SELECT x FROM t\nGO\n")
    first = run(tmp_path, "src", "dest", "--dialect", "tsql", "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["written"] == 2
    assert (tmp_path / "dest/views/v.sql").exists()
    again = run(tmp_path, "src", "dest", "--dialect", "tsql")
    assert "0 written, 2 unchanged" in again.stdout
    assert run(tmp_path, "nowhere", "dest").returncode == 2
    assert run(tmp_path, "src", "src/inside").returncode == 2
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/x").write_text("")
    assert run(tmp_path, "src", "foreign").returncode == 4
