"""Diagnostics as a user meets them: silence never means that all is well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.test_cli_commands import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sql/old").mkdir(parents=True)
    (tmp_path / "sql/good.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    (tmp_path / "sql/old/bad.sql").write_text("SELECT FROM WHERE\n")
    return tmp_path


def sarif(folder: Path, *more: str) -> list[tuple[str, str]]:
    done = run(folder, "ingest", "sql", "--diagnostics", "d.sarif", *more)
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "d.sarif").read_text())["runs"][0]["results"]
    return [(r["ruleId"], r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) for r in results]


def test_an_unchanged_run_keeps_alerts_open(folder: Path) -> None:
    first = sarif(folder)
    assert first
    assert sarif(folder) == sarif(folder) == first
    again = run(folder, "ingest", "sql", "--json", "--fail-on", "error")
    assert again.returncode == 1
    assert {f["path"] for f in json.loads(again.stdout)["findings"]} == {"old/bad.sql"}


def test_diagnostics_of_the_graph(folder: Path) -> None:
    expected = sarif(folder)
    found = json.loads(run(folder, "diagnostics", "--format", "sarif").stdout)["runs"][0]["results"]
    assert [r["ruleId"] for r in found] == [code for code, _ in expected]
    listed = json.loads(run(folder, "diagnostics", "old", "--format", "json", "--severity", "error").stdout)
    assert {d["found"]["path"] for d in listed["diagnostics"]} == {"old/bad.sql"}
    assert run(folder, "diagnostics", "good.sql").stdout == "no diagnostics\n"
    assert "::error file=old/bad.sql,line=1" in run(folder, "diagnostics", "--format", "github").stdout
    assert run(folder, "diagnostics", "--fail-on", "error").returncode == 1
    assert run(folder, "diagnostics", "--code", "RL12*", "--fail-on", "error").returncode == 0
    both = run(folder, "diagnostics", "--code", f"RL12*, {expected[0][0].lower()}", "--fail-on", "error")
    assert (both.returncode, expected[0][0] in both.stdout) == (1, True)
    refused = run(folder, "diagnostics", "--severity", "bad")
    assert (refused.returncode, "RL203" in refused.stderr) == (2, True)


def test_what_the_settings_ignore(folder: Path) -> None:
    (folder / "ray_lineage.toml").write_text('ignore_diagnostics = ["RL1*:sql/old"]\n')  # relative to the file
    assert sarif(folder) == []
    assert run(folder, "diagnostics").stdout == "no diagnostics\n"
    assert run(folder, "ingest", "sql", "--fail-on", "error").returncode == 0
    assert "sql/old/bad.sql" in run(folder, "failures").stdout


def test_failures_say_what_to_do(folder: Path) -> None:
    run(folder, "ingest", "sql")
    lines = run(folder, "failures").stdout.splitlines()
    assert lines[0].startswith("failed      old/bad.sql:1")
    assert "ray_lineage parse" in lines[1]


def test_a_path_that_means_nothing_is_an_error_and_the_ingested_folder_means_its_files(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").write_text("SELECT a FROM")
    run(tmp_path, "ingest", "sql", "--dialect", "postgres")
    wrong = run(tmp_path, "diagnostics", "slq", "--fail-on", "error")
    assert (wrong.returncode, "RL201" in wrong.stderr) == (2, True)
    assert run(tmp_path, "diagnostics", "sql", "--fail-on", "error").returncode == 1
    (tmp_path / "sql" / "deep").mkdir()
    (tmp_path / "sql" / "deep" / "b.sql").write_text("SELECT b FROM")
    run(tmp_path, "ingest", "sql", "--dialect", "postgres")
    here = run(tmp_path / "sql" / "deep", "--store", "../../data/graph.db", "diagnostics", "b.sql", "../deep")
    assert [line.split()[1].split(":")[0] for line in here.stdout.splitlines()] == ["deep/b.sql"], here.stderr
    assert "RL204" in run(tmp_path, "diagnostics", "--code", "FOO").stderr
