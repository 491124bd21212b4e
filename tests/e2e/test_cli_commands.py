"""The command line as a user meets it: a subprocess, its output, its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.generate import generate
from tests.environment import PROJECT, environ
from tests.integration.killing import actors, family, left, workers

EXAMPLE = PROJECT / "examples" / "lumen_books"


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ray_lineage", *arguments],
        cwd=folder,
        env=environ(**more),
        capture_output=True,
        text=True,
        timeout=120,
    )


def ingest_example(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(folder, "ingest", str(EXAMPLE), "--json")


def test_help_is_fast_and_light(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom ray_lineage.cli.main import _run\n_run(['--help'])\n"
        "heavy = {'ray', 'sqlglot', 'neo4j', 'pydantic', 'lmdb', 'sqlite3', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "ingest" in done.stdout


def test_ingest_upstream_downstream_stats(tmp_path: Path) -> None:
    done = ingest_example(tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert {
        "files",
        "statements",
        "datasets",
        "columns",
        "edges",
        "rows_written",
        "diagnostics",
        "cache_hits",
        "seconds",
    } <= set(summary)
    assert summary["files"] == 36
    assert summary["by_status"] == {"ok": 35, "partial": 1}

    up = json.loads(run(tmp_path, "upstream", "dw.RoyaltyStatement.RoyaltyDue", "--json").stdout)
    assert up["nodes"]["shop.orderline.unitprice"] == 6
    near = json.loads(run(tmp_path, "upstream", "1+[dw].[RoyaltyStatement].[RoyaltyDue]", "--json").stdout)
    assert [n for n in near["nodes"] if n not in near["shaping"]] == ["dw.vsale.royaltyeur"]
    down = json.loads(run(tmp_path, "downstream", "ExchangeRate.ToEUR", "--json").stdout)
    assert "dw.royaltystatement.royaltydue" in down["nodes"]
    tables = json.loads(run(tmp_path, "downstream", "shop.author", "--json").stdout)
    assert tables["level"] == "table"
    assert "dw.factsale" in tables["nodes"]
    counted = json.loads(run(tmp_path, "stats", "--json").stdout)
    assert (counted["files"], counted["edges"]) == (36, summary["edges"])


def test_text_output_names_the_broken_line(tmp_path: Path) -> None:
    done = run(tmp_path, "ingest", str(EXAMPLE))
    assert "mssql/adhoc/top_authors_2026.sql:9:" in done.stdout
    assert "try" in done.stdout


def test_fail_on(tmp_path: Path) -> None:
    assert run(tmp_path, "ingest", str(EXAMPLE), "--fail-on", "error").returncode == 1
    assert run(tmp_path, "ingest", str(EXAMPLE), "--fail-on", "error").returncode == 1  # unchanged by now
    assert run(tmp_path, "ingest", str(EXAMPLE)).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("ingest", "no/such/folder"), 2, "RL201"),
        (("watch", os.devnull), 2, "RL201"),
        (("parse",), 2, "FILE"),
        (("frobnicate",), 2, "frobnicate"),
        (("ingest", ".", "--dialect", "tsqll"), 2, "did you mean tsql"),
        (("ingest", ".", "--fail-on", "maybe"), 2, "RL203"),
        (("upstream", "orders"), 3, "RL210"),
        (("stats", "--store", "bolt://127.0.0.1:9"), 3, "RL219"),
        (("ingest", ".", "--executor", "ray", "--ray-address", "127.0.0.1:9"), 2, "RL206"),
        (("--config", "none.toml", "stats"), 2, "RL200"),
    ],
)
def test_faults_are_one_clear_message(tmp_path: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1")
    done = run(tmp_path, *arguments)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_and_ambiguous_names(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").write_text(
        "CREATE VIEW x.orders AS SELECT a FROM t; CREATE VIEW y.orders AS SELECT a FROM t"
    )
    assert run(tmp_path, "ingest", "sql").returncode == 0
    unknown = run(tmp_path, "upstream", "order")
    assert (unknown.returncode, "x.orders" in unknown.stderr) == (2, True)
    ambiguous = run(tmp_path, "upstream", "orders")
    assert (ambiguous.returncode, "RL205" in ambiguous.stderr) == (2, True)


def test_config_show_stars_secrets(tmp_path: Path) -> None:
    done = run(tmp_path, "config", "show", "--json", NEO4J_PASSWORD="canary", NEO4J_URI="bolt+s://h")
    shown = json.loads(done.stdout)["settings"]
    assert "canary" not in done.stdout + done.stderr
    assert shown["neo4j_password"] == {"value": "***", "origin": "NEO4J_PASSWORD"}


def test_doctor_and_cache(tmp_path: Path) -> None:
    ingest_example(tmp_path)
    done = run(tmp_path, "doctor", "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["ok"] is True
    stats = json.loads(run(tmp_path, "cache", "stats", "--json").stdout)
    kept = stats["entries"]  # files that say little of their dialect are kept in two
    assert kept >= 36
    assert json.loads(run(tmp_path, "cache", "verify", "--json").stdout) == {
        "entries": kept,
        "bad": 0,
        "crashed": False,
        "foreign": 0,
    }
    assert json.loads(run(tmp_path, "cache", "clear", "--dry-run", "--json").stdout)["entries"] == kept
    assert json.loads(run(tmp_path, "cache", "clear", "--json").stdout)["entries"] == kept
    assert json.loads(run(tmp_path, "cache", "stats", "--json").stdout)["entries"] == 0


def test_verify_reads_in_the_dialect_of_the_ingest(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/v.sql").write_text("CREATE VIEW m.v AS SELECT a FROM m.t")
    assert run(tmp_path, "ingest", "sql", "--dialect", "oracle").returncode == 0
    other = run(tmp_path, "verify", "sql")
    assert (other.returncode, "--dialect" in other.stdout) == (1, True)
    assert run(tmp_path, "verify", "sql", "--dialect", "oracle").returncode == 0


def test_a_store_in_use_is_said(tmp_path: Path) -> None:
    ingest_example(tmp_path)
    code = "import sys\nfrom ray_lineage.graph.sqlite import SqliteStore\ns = SqliteStore('data/graph.db')\nprint('open', flush=True)\nsys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    done = run(tmp_path, "ingest", str(EXAMPLE), "--full")
    assert (done.returncode, "RL212" in done.stderr, str(holder.pid) in done.stderr) == (3, True, True)
    holder.communicate("")


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    ingest_example(tmp_path)
    done = subprocess.run(
        f"{sys.executable} -m ray_lineage config show | head -1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


@pytest.mark.parametrize("executor", ["local", pytest.param("ray", marks=pytest.mark.ray)])
def test_interrupted_and_run_again(tmp_path: Path, executor: str) -> None:
    truth = generate(tmp_path, 2500, 11, "tsql")
    command = [
        sys.executable,
        "-m",
        "ray_lineage",
        "ingest",
        str(truth.root),
        "--dialect",
        "tsql",
        "--executor",
        executor,
        "--workers",
        "2",
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not (workers(process.pid) if executor == "local" else actors("Parser.parse", process.pid)):
        assert process.poll() is None, "it ended before it began"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    children = family(process.pid)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, "RL290" in said) == (130, True), said
    assert left(children) == []
    again = run(tmp_path, "ingest", str(truth.root), "--dialect", "tsql", "--executor", "local", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["by_status"] == {"ok": 2500}


def test_no_command_tells_the_password(tmp_path: Path) -> None:
    """A server that is not there, and its password: in no output of any command that talks to it."""
    canary = "c4n4ry-Zx9"
    (tmp_path / "a.sql").write_text("SELECT 1")
    server = {"NEO4J_PASSWORD": canary, "NEO4J_URI": f"bolt://neo4j:{canary}@127.0.0.1:9"}
    for command in (["stats"], ["doctor"], ["config", "show"], ["failures"], ["status"], ["ingest", "a.sql"]):
        for form in ("text", "json"):
            done = run(tmp_path, "-vv", "--log-format", form, *command, **server)
            assert canary not in done.stdout + done.stderr, command
            assert "No such" not in done.stderr, command


def test_an_interrupt_while_the_command_is_loaded_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    command = [sys.executable, "-m", "ray_lineage", "--version"]
    env = environ(PYTHONPATH=os.pathsep.join((str(tmp_path), str(PROJECT))))
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
