"""``ray_lineage parse``, ``ray_lineage dialects`` and the diagnostics' formats, as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.environment import environ


def run(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ray_lineage", *arguments]
    return subprocess.run(command, cwd=folder, env=environ(), input=stdin, capture_output=True, text=True, timeout=60)


SQL = "CREATE PROC p AS SELECT a FROM t\nGO\nINSERT INTO z (m) EXEC p\n"


def test_parse_shows_statements_and_lineage(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(SQL)
    shown = run(tmp_path, "parse", "a.sql", "--dialect", "tsql")
    assert shown.returncode == 0
    assert "result_set" in shown.stdout
    assert "p.a" in shown.stdout
    assert not (tmp_path / "data").exists()


def test_parse_reads_standard_input(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, "parse", "-", "--json", "--dialect", "tsql", stdin=SQL).stdout)
    assert [(c["source"], c["target"]) for c in found["columns"]] == [("t.a", "p.a"), ("p.a", "z.m")]
    assert [s["first_line"] for s in found["statements"]] == [1, 3]


def test_parse_says_what_cannot_be_read(tmp_path: Path) -> None:
    missing = run(tmp_path, "parse", "nowhere.sql")
    assert (missing.returncode, "error[RL201]" in missing.stderr) == (2, True)
    broken = run(tmp_path, "parse", "-", "--dialect", "postgres", stdin="SELECT FROM WHERE (;")
    assert broken.returncode == 1
    assert "RL102" in broken.stdout


def test_dialects_are_listed(tmp_path: Path) -> None:
    assert {"tsql", "postgres", "snowflake"} <= set(run(tmp_path, "dialects").stdout.split())


def test_diagnostics_as_text_json_and_sarif(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a b.sql").write_text("SELECT 1;\nINSERT INTO t SELECT FROM WHERE (")
    for name in ("d.txt", "d.json", "d.sarif"):
        done = run(tmp_path, "ingest", "sql", "--dialect", "postgres", "--full", "--diagnostics", name)
        assert done.returncode == 0, done.stderr
    assert "a b.sql:2:" in (tmp_path / "d.txt").read_text()
    assert json.loads((tmp_path / "d.json").read_text())[0]["code"] == "RL102"
    [result] = json.loads((tmp_path / "d.sarif").read_text())["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("RL102", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.sql"
    assert place["region"]["startLine"] == 2
