"""What is refused before any work is done, and what a run that nobody looks at says."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.cli.ask import unique
from ray_lineage.cli.diagnostics import as_sarif
from ray_lineage.cli.main import _run
from ray_lineage.cli.output import Globals, cells, check_writable, invocation, pasted, print_json_rows, sink
from ray_lineage.cli.progress import Display, drawn
from ray_lineage.errors import UsageError
from ray_lineage.model import FileDiagnostic
from ray_lineage.runtime.summary import Progress


@pytest.mark.parametrize(
    ("path", "says"), [("-", "no name"), (".", "a folder"), ("none/d.sarif", "no folder"), ("sub", "a folder")]
)
def test_a_place_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, says: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    with pytest.raises(UsageError, match=says):
        check_writable(Path(path), "--diagnostics")
    (tmp_path / "a.sql").write_text("SELECT 1")
    assert _run(["ingest", ".", "--diagnostics", path, "--workers", "0"]) == 2
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("called", "found", "says"),
    [
        ("/usr/bin/ray_lineage", "/usr/bin/ray_lineage", "ray_lineage"),
        (".venv/bin/ray_lineage", None, ".venv/bin/ray_lineage"),
        ("/x/ray_lineage/__main__.py", None, "/usr/bin/python -m ray_lineage"),
        ("/x/ray_lineage/__main__.py", "/usr/bin/python", "python -m ray_lineage"),
    ],
)
def test_the_next_command_is_one_that_works(
    monkeypatch: pytest.MonkeyPatch, called: str, found: str | None, says: str
) -> None:
    monkeypatch.setattr("sys.argv", [called, "ingest"])
    monkeypatch.setattr("sys.executable", "/usr/bin/python")
    monkeypatch.setattr("shutil.which", lambda _: found)
    monkeypatch.setattr(Globals, "config_file", "a b.toml")
    monkeypatch.setattr(Globals, "project", None)
    monkeypatch.setattr(Globals, "store", "bolt://neo4j:secret@h")
    assert invocation() == f"{says} --config 'a b.toml' --store 'bolt://neo4j:***@h'"
    assert pasted("see `ray_lineage stats` or `x`") == f"see `{invocation()} stats` or `x`"


def test_a_place_that_can(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.json", "--report")
    (tmp_path / "old.json").write_text("")
    check_writable(tmp_path / "old.json", "--report")


def test_progress_off_a_terminal_is_only_said_of_what_takes_long(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(hidden=False)
    began = display._last
    for seconds, progress in (
        (0.0, Progress("scan", 0, 0)), (1.5, Progress("compile", 5, 9)), (2.1, Progress("compile", 0, 9)),
        (2.2, Progress("compile", 6, 9)), (3.0, Progress("compile", 7, 9)), (4.3, Progress("compile", 6, 9)),
        (4.4, Progress("link", 9, 9)),
        (9.0, Progress("starting Ray", 0, 0)), (19.0, Progress("scan", 0, 0)),
    ):  # fmt: skip
        display._say(progress, began + seconds)
    assert capsys.readouterr().err.splitlines() == ["compile: 6 of 9 files", "link: 9 of 9 files", "starting Ray"]


def test_progress_on_a_terminal_moves_and_names_the_file_at_work() -> None:
    at_work = Progress("compile", 12, 48, "etl/load.sql")
    assert drawn(at_work, 65.0, 80) == f"⠴ compile {'━' * 5}{'╌' * 15} 12/48 1:05  etl/load.sql"
    assert drawn(at_work, 65.2, 80) != drawn(at_work, 65.0, 80)
    assert drawn(Progress("starting Ray", 0, 0), 3.0, 80, ascii=True) == "\\ starting Ray 0:03"
    assert drawn(Progress("compile", 9, 9, "x\x1b[2J\n.sql"), 0, 80).endswith("9/9 0:00  x\\x1b[2J\\n.sql")


@given(st.integers(0, 200), st.integers(0, 200), st.text(max_size=90), st.integers(10, 120), st.floats(0, 1e5))
def test_progress_never_takes_a_second_line(done: int, total: int, detail: str, width: int, seconds: float) -> None:
    assert cells(drawn(Progress("compile", done, total, detail), seconds, width)) <= width


def test_an_export_to_a_terminal_or_a_runner_is_obeyed_by_neither(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with sink(None) as out:
        out.write('{"name":"##[error]x\u202e\x9b31m"}\n'.encode())
    found = capfdbinary.readouterr().out.decode()
    assert found == '{"name":"\\u0023#[error]x\\u202e\\u009b31m"}\n'
    assert os.linesep in found


def test_a_file_is_parsed_as_it_is_ingested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "etl").mkdir()
    (tmp_path / "etl" / "a.sql").write_text("SELECT a FROM t")
    (tmp_path / "ray_lineage.toml").write_text('dialect = "postgres"\n[[folders]]\npath = "etl"\ndialect = "mysql"\n')
    monkeypatch.chdir(tmp_path / "etl")
    for more, dialect in ([], "mysql"), (["--dialect", "mssql"], "tsql"):
        assert _run(["parse", "a.sql", "--json", *more]) == 0
        assert json.loads(capsys.readouterr().out)["dialect"] == dialect


def test_rules_of_sarif_say_what_they_mean_and_where_it_is_written() -> None:
    log = as_sarif([FileDiagnostic("a.sql", 3, 1, code, "error", "x") for code in ("RL102", "RL999")])
    known, unknown = log["runs"][0]["tool"]["driver"]["rules"]
    assert "could not be read" in known["shortDescription"]["text"]
    assert known["helpUri"].endswith("/docs/lineage-semantics.md")
    assert unknown == {"id": "RL999"}


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b", "b_2"]), max_size=9))
def test_columns_of_one_name_are_told_apart(names: list[str]) -> None:
    found = unique(names)
    assert len(set(found)) == len(found) == len(names)
    assert all(
        new == name or (new.startswith(f"{name}_") and new not in names) for new, name in zip(found, names, strict=True)
    )
    assert unique(["a", "b", "a", "a"]) == ["a", "b", "a_2", "a_3"]
    assert unique(["a", "a", "a_2"]) == ["a", "a_3", "a_2"]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_rows_are_written_before_the_next_is_asked_for(capsys: pytest.CaptureFixture[str], number: int) -> None:
    written = []

    def rows() -> Iterator[dict[str, object]]:
        for n in range(number):
            yield {"n": n, "text": "\x1b ::error"}
            written.append(capsys.readouterr().out)

    print_json_rows(rows())
    assert all(f'"n":{n}' in out and "\x1b" not in out for n, out in enumerate(written))
    rest = capsys.readouterr().out
    assert [row["n"] for row in json.loads("".join(written) + rest)] == list(range(number))


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """As root, a file in the place of ``/dev/null`` or ``/dev/stdout`` would be the machine's end."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with sink(str(path)) as out:
        out.write(b"{}\n")
    assert os.read(reader, 100) == b"{}\n"
    assert path.is_fifo()
    os.close(reader)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_leads_to_what_is_written(tmp_path: Path, there: bool) -> None:
    target, link = tmp_path / "far" / "graph.jsonl", tmp_path / "link"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    link.symlink_to(target)
    with sink(str(link)) as out:
        out.write(b"{}\n")
        assert not there or target.read_text() == "old"  # it appears whole
    assert (link.is_symlink(), target.read_text()) == (True, "{}\n")
    assert [p.name for p in target.parent.iterdir()] == ["graph.jsonl"]
