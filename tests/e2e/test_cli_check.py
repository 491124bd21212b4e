"""``check`` as a user meets it: no graph, the whole project around what is named, formats and exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.e2e.test_cli_commands import run
from tests.environment import PROJECT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "ddl").mkdir()
    (tmp_path / "ray_lineage.toml").write_text('project = "p"\ndialect = "postgres"\n')
    (tmp_path / "ddl/t.sql").write_text("CREATE TABLE s.t (a int, b int);\n")
    (tmp_path / "wrong.sql").write_text("SELECT 1;\nINSERT INTO s.t (a, b) SELECT 1;\n")
    (tmp_path / "typo.sql").write_text("SELECT t.c FROM s.t;\n")
    return tmp_path


def test_what_is_wrong_is_said_and_nothing_is_written(project: Path) -> None:
    before = {p.name for p in project.iterdir()}
    done = run(project, "check")
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            "warning typo.sql:1:10  RL143 there is no column 'c' in s.t",
            "error   wrong.sql:2  RL140 s.t gets 1 column for the 2 that are listed",
        ],
    )
    assert done.stderr == "3 files checked, 2 diagnostics\n"
    assert {p.name for p in project.iterdir()} == before
    only = run(project, "check", "typo.sql", "ddl")
    assert (only.returncode, only.stderr) == (0, "2 files of 3 checked, 1 diagnostic\n")
    assert run(project, "check", "typo.sql", "--fail-on", "warning").returncode == 1
    assert run(project, "check", "ddl").stdout == "no diagnostics\n"
    run(project, "ingest")
    again = run(project, "check")
    assert (again.returncode, again.stdout) == (1, done.stdout)


def test_lists_of_tables_that_share_a_name_are_not_rested_on(project: Path) -> None:
    """A script may mean a third one of that name, if it does not say whose: what the statement itself says is wrong whatever the
    list is, and so is what is said of a table that is named with its schema."""
    (project / "ddl/other.sql").write_text("CREATE TABLE d.s.t (c int);\n")
    (project / "by_position.sql").write_text("INSERT INTO s.t SELECT 1, 2, 3;\n")
    assert run(project, "check").stdout == "error   wrong.sql:2  RL140 s.t gets 1 column for the 2 that are listed\n"
    (project / "ddl/other.sql").write_text("CREATE TABLE u.t (c int);\n")
    assert run(project, "check").stdout.splitlines() == [
        "warning by_position.sql:1  RL140 s.t gets 3 columns, and has 2",
        "warning typo.sql:1:10  RL143 there is no column 'c' in s.t",
        "error   wrong.sql:2  RL140 s.t gets 1 column for the 2 that are listed",
    ]


def test_formats(project: Path) -> None:
    listed = json.loads(run(project, "check", "--format", "json").stdout)["diagnostics"]
    assert [(d["found"]["path"], d["found"]["code"]) for d in listed] == [("typo.sql", "RL143"), ("wrong.sql", "RL140")]
    sarif = json.loads(run(project, "check", "--format", "sarif").stdout)["runs"][0]["results"]
    assert [r["ruleId"] for r in sarif] == ["RL143", "RL140"]
    assert "::error file=wrong.sql,line=2" in run(project, "check", "--format", "github").stdout


def test_standard_input_has_the_project_around_it(project: Path) -> None:
    def piped(folder: Path, sql: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ray_lineage", "check", "-", "--fail-on", "warning"]
        return subprocess.run(command, cwd=folder, input=sql, capture_output=True, text=True, check=False)

    done = piped(project, "SELECT t.d\nFROM s.t")
    assert (done.returncode, done.stdout) == (1, "warning -:1:10  RL143 there is no column 'd' in s.t\n")
    assert piped(project, "SELECT t.a FROM s.t").returncode == 0


def test_what_cannot_be_checked(project: Path) -> None:
    for arguments, code in ((("nowhere.sql",), "RL201"), (("-", "typo.sql"), "RL203"), (("--fail-on", "bad"), "RL203")):
        done = run(project, "check", *arguments)
        assert (done.returncode, code in done.stderr) == (2, True)


def test_the_hook_of_pre_commit_looks_at_all_suffixes_of_sql() -> None:
    from ray_lineage.compile.sqlfile import SQL

    [hook] = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "ray_lineage check"
    assert all(re.search(hook["files"], f"a/b{suffix}") for suffix in SQL.suffixes)
    assert not re.search(hook["files"], "a/b.sqlite")
