"""Projects as a user meets them: one root from every folder below it, parts, and the list of them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.test_cli_commands import run


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"CREATE VIEW {path.stem} AS SELECT a FROM raw.{path.stem}")


def test_a_project_from_every_folder_of_it(tmp_path: Path) -> None:
    write(tmp_path, "w/etl/a.sql", "w/rep/b.sql")
    (tmp_path / "w/ray_lineage.toml").write_text('dialect = "postgresql"\n')
    first = run(tmp_path / "w/etl", "ingest")
    assert first.returncode == 0, first.stderr
    assert f"root        {tmp_path}/w" in first.stdout
    assert " 0 of" not in first.stderr
    assert (tmp_path / "w/data/graph.db").exists()
    assert not (tmp_path / "w/etl/data").exists()
    assert "raw.b.a" in run(tmp_path / "w/rep", "upstream", "b.a").stdout
    (tmp_path / "w/etl/a.sql").unlink()
    part = json.loads(run(tmp_path / "w", "ingest", "rep", "--json").stdout)
    assert (part["project"], part["removed"], part["files"]) == ("w", 0, 2)
    assert json.loads(run(tmp_path / "w/rep", "config", "show", "--json").stdout)["settings"]["root"]["value"] == str(
        tmp_path / "w"
    )


def test_list_rename_forget(tmp_path: Path) -> None:
    write(tmp_path, "x/sql/a.sql", "y/sql/b.sql", "y/sql/c.sql")
    assert run(tmp_path, "ingest", "x/sql").returncode == 0
    other = run(tmp_path, "ingest", "y/sql")
    assert (other.returncode, "RL226" in other.stderr, "--project NAME" in other.stderr) == (4, True, True)
    assert run(tmp_path, "ingest", "y/sql", "--project", "second").returncode == 0
    listed = json.loads(run(tmp_path, "projects", "list", "--json").stdout)["projects"]
    assert [(p["name"], p["files"], p["root"]) for p in listed] == [
        ("second", 2, str(tmp_path / "y/sql")), ("sql", 1, str(tmp_path / "x/sql")),
    ]  # fmt: skip
    typo = run(tmp_path, "--project", "secnd", "stats")
    assert (typo.returncode, "it holds second, sql" in typo.stderr) == (2, True)
    assert run(tmp_path, "projects", "rename", "second", "sql").returncode == 2
    assert run(tmp_path, "projects", "rename", "second", "warehouse").returncode == 0
    again = json.loads(run(tmp_path, "ingest", "y/sql", "--json").stdout)  # known by its root
    assert (again["project"], again["compiled"]) == ("warehouse", 0)
    shown = json.loads(run(tmp_path, "projects", "show", "warehouse", "--json").stdout)
    assert (shown["rows"]["File"], shown["settled"]) == (2, True)
    assert run(tmp_path, "projects", "forget", "warehouse").returncode == 2  # nobody to be asked
    assert run(tmp_path, "projects", "forget", "warehouse", "--yes").returncode == 0
    text = run(tmp_path, "projects")
    assert (text.returncode, "warehouse" in text.stdout, "x/sql" in text.stdout) == (0, False, True)
