"""The entry scripts of ``ray job submit``, as processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.environment import PROJECT, environ


def job(folder: Path, script: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and last line of an entry script, run as Ray would."""
    done = subprocess.run(
        [sys.executable, str(PROJECT / "jobs" / script), *arguments], cwd=folder, capture_output=True, text=True,
        env=environ(PYTHONPATH=str(PROJECT), RAY_LINEAGE_DIALECT="postgres"), timeout=100,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_verify_and_export(tmp_path: Path) -> None:
    sql = tmp_path / "sql"
    sql.mkdir()
    (sql / "a.sql").write_text("CREATE TABLE raw.t (a int, b int)")
    (sql / "b.sql").write_text("CREATE VIEW core.v AS SELECT * FROM raw.t")
    assert job(tmp_path, "ingest.py", "--executor", "local", "--store", str(tmp_path / "data/graph.db"), "sql")[0] == 0
    code, line = job(tmp_path, "verify.py", "--deep", "sql")
    assert (code, line["exit_code"], line["equal"]) == (0, 0, True)
    (sql / "d.sql").write_text("SELECT 1")
    code, line = job(tmp_path, "verify.py", "sql")
    assert (code, line["exit_code"], line["missing"]) == (1, 1, ["d.sql"])
    assert job(tmp_path, "verify.py", "--store", "none.db", "sql") == (3, {"exit_code": 3})
    code, line = job(tmp_path, "export.py", "-o", "out.jsonl")
    assert (code, line["exit_code"], line["format"]) == (0, 0, "jsonl")
    assert (tmp_path / "out.jsonl").exists()
    assert job(tmp_path, "export.py") == (2, {"exit_code": 2})
