"""Whatever hangs in native code: one file is given up within its limit, the others go on, and a signal ends the command."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.environment import environ
from tests.integration.hanging import BLOCKS, BURNS, CRASHES, hanging
from tests.integration.killing import family, left
from tests.integration.watching import DEADLINE_SECONDS, Watching, command, update, view

FILES = 20
LOCAL = ("--executor", "local", "--workers", "2")
STOP_SECONDS = 20.0  # five are promised; who waits for what hangs waits for ever, however slow the machine is
IMPORTED_SECONDS = 2.0  # of CPU: in one process, that of the first file is also the import of the compiler
LATE = "stopped before every change was taken: the next start takes the others"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sql = tmp_path / "sql"
    sql.mkdir()
    for number in range(FILES):
        (sql / f"v{number}.sql").write_text(view(f"v{number}"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("where", [LOCAL, pytest.param(("--executor", "ray", "--workers", "2"), marks=pytest.mark.ray)])
def test_a_file_that_hangs_is_given_up_at_once_and_the_others_go_on(folder: Path, where: tuple[str, ...]) -> None:
    env = hanging(folder, 0.5)
    (folder / "sql" / "burns.sql").write_text(BURNS)
    (folder / "sql" / "blocks.sql").write_text(BLOCKS)
    done = command(folder, "ingest", "sql", "--json", *where, env=env, seconds=120)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["by_status"] == {"ok": FILES, "unreadable": 2}
    assert [(f["path"], f["code"]) for f in summary["findings"]] == [("blocks.sql", "RL190"), ("burns.sql", "RL190")]
    assert summary["settled"] is False  # the next run tries them again
    (folder / "fault" / "sitecustomize.py").unlink()
    again = json.loads(command(folder, "ingest", "sql", "--json", *where, seconds=120).stdout)
    assert (again["by_status"], again["settled"]) == ({"ok": FILES + 2}, True)


def test_in_one_process_too_a_file_that_hangs_is_given_up_and_the_others_go_on(folder: Path) -> None:
    """It is begun again without the file: two that hang, and one that kills whoever reads it."""
    env = hanging(folder, IMPORTED_SECONDS)
    for name, text in (("blocks", BLOCKS), ("burns", BURNS), ("crashes", CRASHES)):
        (folder / "sql" / f"{name}.sql").write_text(text)
    done = command(folder, "ingest", "sql", "--json", "--workers", "0", env=env, seconds=120)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["by_status"] == {"ok": FILES, "unreadable": 2, "failed": 1}
    found = [(f["path"], f["code"]) for f in summary["findings"]]
    assert found == [("blocks.sql", "RL190"), ("burns.sql", "RL190"), ("crashes.sql", "RL193")]
    assert summary["settled"] is False  # the next run tries those that hung again
    (folder / "fault" / "sitecustomize.py").unlink()
    again = json.loads(command(folder, "ingest", "sql", "--json", "--workers", "0", "--retry-quarantined").stdout)
    assert (again["by_status"], again["settled"]) == ({"ok": FILES + 3}, True)


def test_without_a_cache_what_was_parsed_before_is_parsed_once_more_at_most(folder: Path) -> None:
    """However many files hang: from the first one on it is kept for this run."""
    env = hanging(folder, 1_000)
    shutil.rmtree(folder / "sql")
    (folder / "sql").mkdir()
    for number in range(3):  # large ones, of which each is a batch
        text = view(f"v{number}") + "INSERT INTO m.t (a, b) SELECT s.a + s.b, s.c FROM m.s AS s WHERE s.d = 1;\n" * 450
        (folder / "sql" / f"{number}.sql").write_text(text)
        (folder / "sql" / f"{number}_blocks.sql").write_text(f"{BLOCKS}, {number} AS b")
    temporary = folder / "temporary"
    temporary.mkdir()
    env["TMPDIR"] = str(temporary)
    done = command(
        folder, "ingest", "sql", "--json", "--workers", "0", "--no-cache", "--dialect", "postgres", env=env, seconds=240
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["by_status"] == {"ok": 3, "unreadable": 3}
    begun = Counter((folder / "fault" / "compiled").read_text().splitlines())
    assert max(begun[f"CREATE VIEW m.v{number}"] for number in range(3)) <= 2, begun
    assert list(temporary.iterdir()) == []
    assert not (folder / "data" / ".cache" / "parse_cache.lmdb").exists()


def test_parse_gives_up_what_hangs(folder: Path) -> None:
    (folder / "burns.sql").write_text(BURNS)
    done = command(folder, "parse", "burns.sql", "--json", env=hanging(folder, 1))
    assert done.returncode == 1, done.stderr
    assert [d[0] for d in json.loads(done.stdout)["diagnostics"]] == ["RL190"]


def test_lineage_gives_up_what_hangs(folder: Path) -> None:
    script = (
        "import ray_lineage as r; from tests.integration.hanging import BURNS\n"
        "print([d.code for d in r.lineage(BURNS, seconds=1).diagnostics], r.lineage('SELECT a FROM t').sources)"
    )
    env = environ(**hanging(folder, 1))
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=DEADLINE_SECONDS
    )
    assert done.stdout == "['RL190'] ['t']\n", done.stderr


@pytest.mark.parametrize("name", ["burns", "blocks"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "sql", *LOCAL), ("ingest", "sql", "--workers", "0"), ("watch", "sql", *LOCAL), ("watch", "sql", "--workers", "0"),
        ("verify", "sql"), ("parse", "sql/hangs.sql"),
        pytest.param(("ingest", "sql", "--executor", "ray", "--workers", "2"), marks=[pytest.mark.ray, pytest.mark.slow]),
        pytest.param(("watch", "sql", "--executor", "ray", "--workers", "2"), marks=[pytest.mark.ray, pytest.mark.slow]),
    ],
    ids=lambda arguments: " ".join(arguments),
)  # fmt: skip
def test_a_signal_ends_a_command_that_hangs(folder: Path, arguments: tuple[str, ...], name: str) -> None:
    if arguments[0] == "verify":
        assert command(folder, "ingest", "sql").returncode == 0
    (folder / "sql" / "hangs.sql").write_text(BURNS if name == "burns" else BLOCKS)
    env = environ(**hanging(folder, 1_000))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ray_lineage", "--project", "p", *arguments], cwd=folder, env=env, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (folder / "fault" / "hangs").exists():
            assert time.monotonic() < deadline and process.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        started = family(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
        assert left(started) == []
    finally:
        process.kill()
        process.wait()


def test_what_was_saved_just_before_the_end_is_taken(folder: Path) -> None:
    with Watching(folder, *LOCAL) as watch:
        watch.rest()
        (folder / "sql" / "new.sql").write_text(view("new"))
        (folder / "sql" / "v1.sql").unlink()
        assert watch.end(seconds=STOP_SECONDS) == 143
        late = LATE in watch.said()
    if late:  # on a machine that needs more than a moment for it
        update(folder / "data", folder / "sql")
    assert "new.sql" in watch.paths()
    watch.assert_exact()
