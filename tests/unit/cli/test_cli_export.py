"""``export``: which flags go together, and where it writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ray_lineage.cli.export import _PICTURES
from ray_lineage.cli.main import main
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.viewer.drawings import DRAWINGS
from tests.factory import contributions, load

FILES = {"a.sql": "CREATE VIEW v.a AS SELECT x FROM t.b", "c.sql": "CREATE VIEW v.c AS SELECT x + 1 AS y FROM v.a"}
Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    store = SqliteStore(str(tmp_path / "g.db"))
    load(store, "p", store.acquire("p"), contributions("p", FILES).values())
    store.close()
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["--store", str(tmp_path / "g.db"), "export", *arguments])
        return int(str(ended.value.code))

    return run


@pytest.mark.parametrize(
    ("form", "begins"),
    [("html", "<!doctype html>"), ("mermaid", "flowchart LR"), ("dot", "digraph"), ("graphml", "<?xml")],
)
def test_a_picture_is_a_whole_file(
    run: Run, tmp_path: Path, form: str, begins: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--format", form, "-o", "out") == 0
    assert (tmp_path / "out").read_text().startswith(begins)
    assert "3 tables written to out" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("out")) == ["out"]


def test_a_part_of_it_goes_to_stdout(run: Run, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("--format", "mermaid", "--focus", "V.A.x", "--depth", "1") == 0
    out = capfdbinary.readouterr().out.decode().splitlines()
    assert sum("-->" in line for line in out) == 2
    assert any("|transformation|" in line for line in out)


def test_what_was_written_can_be_said_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--format", "html", "-o", "x.html", "--focus", "v.c", "--depth", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "schema": 1, "format": "html", "output": "x.html", "projects": ["p"], "count": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--format", "png"), "png"),
        (("--format", "parquet"), "-o PATH"),
        (("--format", "csv", "-o", "d", "--depth", "2"), "--focus NAME"),
        (("--format", "dot", "--with-sql"), "--with-sql"),
        (("--format", "dot", "--depth", "2"), "--focus NAME"),
        (("--format", "html", "--json"), "-o PATH"),
    ],
)
def test_what_makes_no_sense_is_an_error(
    run: Run, arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert "RL203" in said
    assert named in said


def test_an_unknown_name_has_near_ones(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--format", "html", "-o", "x.html", "--focus", "v.aa") == 2
    assert "RL204" in capsys.readouterr().err
    assert not Path("x.html").exists()


def test_every_drawing_can_be_asked_for() -> None:
    assert ("html", *DRAWINGS) == _PICTURES
