"""What a project is called that nobody gave a name."""

from __future__ import annotations

from pathlib import Path

from ray_lineage.runtime.plan import project_name


def test_a_project_is_called_as_its_folder_is_whether_that_is_there_yet_or_not(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").touch()
    assert project_name([str(tmp_path / "sql")]) == "sql"
    assert project_name([str(tmp_path / "sql" / "a.sql")]) == "sql"
    assert project_name([str(tmp_path / "later")]) == "later"
