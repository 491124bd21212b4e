"""The local crew: child processes parse and link as one process does, and may hang or die at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks.generate import generate
from ray_lineage import patience
from ray_lineage.runtime.cradle import Cradle
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.verify import verify
from tests.integration.killing import family, left, nemesis, workers
from tests.integration.runs import dump, settings
from tests.integration.watching import DEADLINE_SECONDS

STOP_SECONDS = (
    20.0  # five are promised; who waits for a worker that is stopped waits for ever, however slow the machine is
)
FILES = 600  # so many are linked by the workers, too


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("generated"), FILES, 31, "tsql").root


@pytest.fixture(scope="module")
def clean(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    data = tmp_path_factory.mktemp("clean")
    ingest(settings(data, "local", ingest_workers=0), [str(repository)])
    return dump(data)


@contextmanager
def command(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ray_lineage", *arguments], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(holds: object) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_workers_give_the_graph_of_one_process(repository: Path, clean: object, tmp_path: Path) -> None:
    summary = ingest(settings(tmp_path, "local"), [str(repository)])
    assert (summary.executor, summary.workers, summary.files_written) == ("local", 2, FILES)
    assert dump(tmp_path) == clean
    assert not list(tmp_path.rglob("open.*")), "the next one would read the whole cache to see that it is whole"
    assert verify(settings(tmp_path, "local"), [str(repository)], deep=True).equal
    assert left(workers()) == []


def test_a_second_run_links_what_an_edit_touches(repository: Path, tmp_path: Path) -> None:
    copy = tmp_path / "sql"
    subprocess.run(["cp", "-r", str(repository), str(copy)], check=True)
    run = settings(tmp_path / "data", "local", project="p")
    ingest(run, [str(copy)])
    chance = random.Random(5)
    paths = sorted(copy.rglob("*.sql"))
    for round_ in range(4):
        for path in chance.sample(paths, 2):
            path.write_text(chance.choice(paths).read_text() if round_ % 2 else path.read_text() + "\n-- seen")
        summary = ingest(run, [str(copy)])
        assert summary.compiled <= 2
        assert verify(run, [str(copy)], deep=True).equal


def test_workers_that_are_killed_cost_nothing(repository: Path, clean: object, tmp_path: Path) -> None:
    chance, killed = random.Random(7), 0

    def attack() -> None:
        nonlocal killed
        # a batch has to come through now and then, and no file be met three times, on a busy machine, too
        if not killed or (killed < 8 and chance.random() < 0.03):
            for process in chance.sample(found, 1) if (found := workers()) else []:
                with contextlib.suppress(psutil.Error):
                    process.kill()
                    killed += 1

    with nemesis(attack):
        summary = ingest(settings(tmp_path, "local", enable_parse_cache=False), [str(repository)])
    assert killed > 0
    assert summary.by_status == {"ok": FILES}
    assert dump(tmp_path) == clean


def test_a_nursery_that_is_killed_is_made_again(repository: Path, clean: object, tmp_path: Path) -> None:
    killed: set[int] = set()

    def attack() -> None:
        for process in workers():
            with contextlib.suppress(psutil.Error):
                nursery = process.parent()
                if nursery is not None and len(killed) < 2 and nursery.pid not in killed:
                    killed.add(nursery.pid)
                    nursery.kill()

    with nemesis(attack):
        summary = ingest(settings(tmp_path, "local", enable_parse_cache=False), [str(repository)])
    assert len(killed) == 2
    assert summary.by_status == {"ok": FILES}
    assert dump(tmp_path) == clean


def test_workers_get_no_password(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_PASSWORD", "c4n4ry")
    monkeypatch.setenv("RAY_LINEAGE_STORE", "bolt://u:c4n4ry@h")
    seen: dict[int, str] = {}

    def look() -> None:
        for process in family():
            with contextlib.suppress(psutil.Error):
                seen[process.pid] = " ".join([*process.cmdline(), *process.environ().values()])

    with nemesis(look):
        ingest(settings(tmp_path, "local"), [str(repository)])
    assert len(seen) >= 2
    assert not [said for said in seen.values() if "c4n4ry" in said]


def test_a_worker_that_is_stopped_for_longer_than_one_may_hang_goes_on(
    repository: Path, clean: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HANGS_SECONDS", 1.0)
    stopped: dict[int, float] = {}
    seen: set[int] = set()

    def attack() -> None:
        for process in workers():
            with contextlib.suppress(psutil.Error):
                seen.add(process.pid)
                if process.pid not in stopped:
                    process.suspend()
                    stopped[process.pid] = time.monotonic()
                elif time.monotonic() - stopped[process.pid] > 4:
                    process.resume()

    with nemesis(attack):
        summary = ingest(settings(tmp_path, "local"), [str(repository)])
    assert len(seen) == 2
    assert (summary.by_status, summary.settled) == ({"ok": FILES}, True)
    assert dump(tmp_path) == clean


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_whose_workers_hang(repository: Path, tmp_path: Path, signum: int) -> None:
    with command(tmp_path, "ingest", str(repository), "--dialect", "tsql", "--workers", "2") as process:
        until(lambda: len(workers(process.pid)) == 2)
        children = family(process.pid)
        for worker in workers(process.pid):
            worker.suspend()
        process.send_signal(signum)
        assert process.wait(STOP_SECONDS) == 128 + signum
        assert left(children) == []


def test_workers_end_with_a_command_that_is_killed(repository: Path, tmp_path: Path) -> None:
    with command(tmp_path, "ingest", str(repository), "--dialect", "tsql", "--workers", "2") as process:
        until(lambda: len(workers(process.pid)) == 2)
        children = family(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        assert left(children) == []


def test_modules_in_the_current_folder_are_not_the_compilers(tmp_path: Path) -> None:
    (tmp_path / "sqlglot.py").write_text("raise SystemExit('a repository ran code')")
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    script = "import sys; sys.path = [p for p in sys.path if p]; from ray_lineage.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, "ingest", "sql", "--workers", "1", "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["by_status"] == {"ok": 1}


def test_what_workers_come_from_may_be_begun_by_the_caller(repository: Path, clean: object, tmp_path: Path) -> None:
    cradle = Cradle()
    begun = [c.pid for c in psutil.Process().children() if "ray_lineage.runtime.nursery" in c.cmdline()]
    seen: set[int] = set()

    def look() -> None:
        for process in workers():
            with contextlib.suppress(psutil.Error):
                seen.update(p.pid for p in process.parents() if p.pid in begun)

    with nemesis(look):
        ingest(settings(tmp_path, "local", enable_parse_cache=False), [str(repository)], cradle=cradle)
    assert seen == set(begun)
    assert not os.path.exists(cradle.folder)
    cradle.close()
    assert dump(tmp_path) == clean
