"""A project that is watched keeps its name, and its place in the graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from ray_lineage.cli.main import main
from ray_lineage.query.projects import list_projects
from ray_lineage.runtime.status import StatusFile
from ray_lineage.settings import load_settings


def code(*arguments: str) -> object:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    return end.value.code


@pytest.mark.parametrize("watched", ["p", "q"])
def test_a_project_is_not_renamed_under_a_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], watched: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "v.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    assert code("ingest", "sql", "--workers", "0", "--project", "p") == 0
    settings = load_settings({}).settings
    watch = StatusFile.of(settings.data_dir, watched)
    watch.acquire()
    assert code("projects", "rename", "p", "q") == 3
    assert "another process watches this project" in capsys.readouterr().err
    if watched == "p":
        assert code("projects", "forget", "p", "--yes") == 3
    assert [p.name for p in list_projects(settings)] == ["p"]
    watch.close()
    assert code("projects", "rename", "p", "q") == 0
    assert code("projects", "forget", "q", "--yes") == 0
    assert list_projects(settings) == []
