"""Questions in the terminal, asked of what an ingest made: what they print, as text and as JSON, and how they exit."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from ray_lineage.cli.main import _globals_first, _run
from tests.e2e.test_cli_commands import run

FILES = {
    "raw/orders.sql": "CREATE TABLE raw.orders (amount int, customer_id int, status text);\nCREATE TABLE raw.old (a int);\n"
    "CREATE TABLE raw.log (a int);\nUPDATE raw.log SET a = nope;\n" + "INSERT INTO raw.old VALUES (1);\n" * 3,
    "core/orders.sql": "CREATE VIEW core.orders AS\nSELECT amount, customer_id FROM raw.orders\nWHERE status = 'x';\n",
    "mart/total.sql": "CREATE VIEW mart.total AS\nSELECT SUM(amount) AS total FROM core.orders\nGROUP BY customer_id;\n",
    "CODEOWNERS": "* @everybody\ncore/ @core-team\n",
    "evil.sql": 'CREATE VIEW "x\x1b[31m::error y" AS SELECT amount FROM core.orders;\n',
}
Ask = Callable[[str], tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small repository, ingested."""
    place = tmp_path_factory.mktemp("answers")
    for path, text in FILES.items():
        (place / path).parent.mkdir(exist_ok=True)
        (place / path).write_text(text)
    (place / "ray_lineage.toml").write_text('project = "shop"\ndialect = "postgres"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert _run(["ingest", "--workers", "0"]) == 0
    return place


@pytest.fixture
def ask(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Exit code, standard output and standard error of a command."""
    monkeypatch.chdir(folder)

    def asked(line: str) -> tuple[int, str, str]:
        code = _run(_globals_first(shlex.split(line)))
        said = capsys.readouterr()
        return code, said.out, said.err

    return asked


def test_the_tree_of_a_column(ask: Ask) -> None:
    code, out, _ = ask("upstream mart.total.total")
    assert (code, out.splitlines()) == (0, [
        "mart.total.total  mart/total.sql:2",
        "<- core.orders.amount  aggregation  core/orders.sql:2",
        "<- raw.orders.amount",
        "~ core.orders.customer_id  group_by of mart.total  mart/total.sql:1",
        "  <- raw.orders.customer_id  core/orders.sql:2",
        "~ raw.orders.status  filter of core.orders  core/orders.sql:1",
        "",
        "2 columns upstream in 2 steps, 2 edges; 3 more columns shape rows (~)",
    ])  # fmt: skip


def test_paths_are_as_seen_from_here(ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "mart")
    assert "mart.total  total.sql:1" in ask("upstream mart.total")[1]
    assert "core.orders  ../core/orders.sql:1" in ask("upstream core.orders")[1]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("downstream raw.orders.status", "~ core.orders  filter  core/orders.sql:1"),
        ("upstream 1+mart.total --ends", "core.orders  may go on"),
        ("upstream 1+mart.total --ends", "0 sources of 1 dataset upstream, and 1 where the walk stopped after 1 step; all shown"),
        ("downstream raw.orders --ends", "2 sinks of 3 datasets downstream; all shown"), ("downstream raw.orders --by schema", "schema"),
        ("upstream 1+mart.total+", "feeds nothing that the graph knows"), ("upstream mart.total --depth 1", "in 1 step, 1 edge"),
        ("find orders amount", "core.orders.amount"), ("find ordres", "raw.orders"), ("show core.orders", "select 2"),
        ("show 1+core.orders", "raw.orders  table"), ("show raw.old", "raw/orders.sql:5 and 2 more  insert"), ("show core.orders", "from, feeds: so many columns at first hand"),
        ("show core.orders", "core/orders.sql:1  @core-team"), ("why core.orders.amount mart.total.total", "> 2 | SELECT SUM(amount) AS total"),
        ("path raw.orders mart.total", "-> core.orders  core/orders.sql:1"), ("path raw.orders.status mart.total.total", "~> core.orders.amount"),
        ("unused", "raw.old  table, read by nobody"), ("sql 'SELECT path FROM files ORDER BY 1'", "4 rows; all shown"),
        ("explain rl102", "could not be read"), ("find a --limit 2", "2 shown, more with --limit"), ("upstream mart.total.total --ascii", "<- core.orders.amount"),
    ],
)  # fmt: skip
def test_answers(ask: Ask, line: str, says: str) -> None:
    code, out, err = ask(line)
    assert (code, says in out) == (0, True), out + err
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("line", "heads"),
    [
        ("show raw.log", ["raw.log  table  ", "column  type", "written by", "read by", "diagnostics", "2 columns, 1 writing"]),
        ("path raw.orders mart.total", ["raw.orders", "2 steps"]),
        ("downstream raw.orders --ends", ["mart.total", "2 sinks of 3 datasets downstream; all shown"]),
        ("downstream raw.orders --by schema", ["schema ", "3 datasets downstream in"]),
        ("find orders amount", ["raw.orders.amount", "2 names"]),
        ("unused", ["mart.total  view", "3 datasets and"]),
        ("why core.orders.amount mart.total.total", ["core.orders.amount -> mart.total.total", "1 edge"]),
        ("impact raw.old.a", ["nothing in these files"]),
        ("impact core.orders.amount", ["1 step", "2 datasets in 2 files"]),
        ("explain RL126", ["RL126  diagnostic of a file", "Templates: "]),
    ],
)  # fmt: skip
def test_parts_of_an_answer_stand_apart(ask: Ask, line: str, heads: list[str]) -> None:
    parts = ask(line)[1].split("\n\n")
    assert [part.startswith(head) for part, head in zip(parts, heads, strict=True)] == [True] * len(heads), parts


@pytest.mark.parametrize(
    "line",
    [
        "upstream mart.total.total", "downstream raw.orders --ends", "downstream raw.orders --by schema", "find orders", "show core.orders",
        "why core.orders.amount mart.total.total", "path raw.orders mart.total", "unused", "sql 'SELECT * FROM datasets'", "explain RL102",
        "upstream +core.orders+",
    ],
)  # fmt: skip
def test_every_answer_is_json_as_well(ask: Ask, line: str) -> None:
    code, out, _ = ask(f"{line} --json")
    assert code == 0
    assert json.loads(out)
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("upstream mart.totl", 2, "did you mean mart.total"), ("upstream mart.total.totl", 2, "did you mean total?"),
        ("upstream mart.total --by colour", 2, "RL203"), ("find zzzzzzzz", 1, "nothing looks like it"), ("find ''", 2, "nothing to look for"),
        ("why raw.orders.amount mart.total.total", 1, "a way in 2 steps"), ("path mart.total raw.orders", 1, "raw.orders is upstream of mart.total"),
        ("path raw.old mart.total", 1, "no path from raw.old to mart.total"), ("sql 'DELETE FROM files'", 2, "RL248"),
        ("explain RL999", 2, "there is no code RL999"), ("upstream o", 2, "looks for names"),
        ("unused --schema rew", 2, "did you mean raw?"), ("show core.orders.amount", 2, "is a column"),
        ("sql 'SELECT 1' --store bolt://127.0.0.1:9", 2, "in Neo4j"),
    ],
)  # fmt: skip
def test_what_has_no_answer_says_so(ask: Ask, line: str, code: int, says: str) -> None:
    found, out, err = ask(line)
    assert (found, says in out + err) == (code, True), out + err


def test_columns_of_one_name_are_all_in_json(ask: Ask) -> None:
    _, out, _ = ask("sql --json \"SELECT 1 AS a, 2 AS a, x'ff' AS b\"")
    assert json.loads(out) == [{"a": 1, "a_2": 2, "b": "ff"}]


def test_csv(ask: Ask) -> None:
    _, out, _ = ask("sql --csv \"SELECT name, '=1+1' AS formula FROM datasets WHERE name LIKE 'core%'\"")
    assert list(csv.reader(io.StringIO(out))) == [["name", "formula"], ["core.orders", "'=1+1"]]


def test_a_suggested_command_works_when_it_is_pasted(ask: Ask) -> None:
    _, out, _ = ask("why raw.orders.amount mart.total.total")
    command = out.rpartition("`")[0].rpartition("`")[2]
    assert "-> core.orders.amount" in ask(command.partition("ray_lineage ")[2])[1]


def test_names_from_a_repository_start_nothing(ask: Ask) -> None:
    for line in ("find error", "downstream core.orders", "unused", "sql 'SELECT name FROM datasets'"):
        out = ask(line)[1]
        assert "\x1b" not in out and not any(row.startswith("::") for row in out.splitlines())
        assert "\\x1b[31m" in out


def test_what_was_read_is_shown_only_while_it_is_the_same(ask: Ask, folder: Path) -> None:
    place = folder / "mart/total.sql"
    before = place.read_text()
    place.write_text("-- changed\n" + before)
    try:
        out = ask("why core.orders.amount mart.total.total")[1]
    finally:
        place.write_text(before)
    assert "the file has changed since the graph was made" in out and "SUM(amount)" in out


def test_a_function_that_hears_of_no_deadline_ends_with_its_process(folder: Path) -> None:
    done = run(folder, "sql", "--timeout", "0.1", "SELECT instr(zeroblob(999999), zeroblob(500000) || x'01')")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no answer within 0.1 s" in done.stderr
