"""What dies, is lost, is missing or is told to stop while the Ray job runs: nothing is lost, and nobody waits for ever."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks.generate import generate
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.summary import IngestSummary, Progress
from ray_lineage.settings import load_settings
from tests.environment import environ
from tests.integration.killing import actors, deadly, family, left
from tests.integration.runs import dump, settings
from tests.integration.watching import DEADLINE_SECONDS

pytestmark = pytest.mark.ray

STOP_SECONDS = 45.0  # what hangs hangs for ever

SLOW_FILE = "\n".join(f"INSERT INTO t{n} (a) SELECT a + {n} FROM s;" for n in range(8_000))


class Attack:
    """Kills the actors of a class once, when a run reports that it has come so far."""

    def __init__(self, kind: str, when: Callable[[Progress], bool]) -> None:
        self.kind = kind
        self.when = when
        self.killed: list[int] = []

    def __call__(self, progress: Progress) -> None:
        if not self.killed and self.when(progress):
            for process in actors(self.kind):
                self.killed.append(process.pid)
                process.kill()


def at(phase: str, done: int = 1) -> Callable[[Progress], bool]:
    return lambda p: p.phase == phase and p.done >= done


@pytest.mark.parametrize(
    ("kind", "when"),
    [("Writer", at("compile", 200)), ("Writer", at("link", 200)), ("Driver", at("compile", 200))],
    ids=["writer while compiling", "writer while loading", "driver"],
)
def test_a_killed_owner_of_state_loses_nothing(
    ray_cluster: object, tmp_path: Path, kind: str, when: Callable[[Progress], bool]
) -> None:
    truth = generate(tmp_path, 1_500, 9, "tsql")
    attack = Attack(kind, when)
    summary = ingest(settings(tmp_path / "ray"), [str(truth.root)], progress=attack)
    assert attack.killed
    assert (summary.files, summary.by_status, summary.settled) == (1_500, {"ok": 1_500}, True)
    ingest(settings(tmp_path / "local", "local"), [str(truth.root)])
    assert dump(tmp_path / "ray") == dump(tmp_path / "local")


@pytest.mark.timeout(90)
def test_a_writer_that_dies_when_nothing_is_left_to_cut(ray_cluster: object, tmp_path: Path) -> None:
    root = tmp_path / "sql"
    root.mkdir()
    (root / "a.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    (root / "slow.sql").write_text(SLOW_FILE)  # one lane works on it while the other has nothing to do
    attack = Attack("Writer", at("compile"))
    summary = ingest(settings(tmp_path / "ray", enable_parse_cache=False), [str(root)], progress=attack)
    assert attack.killed
    assert summary.by_status == {"ok": 2}


def test_nobody_waits_for_an_actor_that_finds_no_cpu(ray_cluster: object, tmp_path: Path) -> None:
    import ray

    @ray.remote(num_cpus=1)
    class Hog:
        def up(self) -> bool:
            return True

    hog = Hog.remote()  # type: ignore[attr-defined]
    assert ray.get(hog.up.remote())
    truth = generate(tmp_path, 100, 10, "tsql")
    try:
        summary = ingest(settings(tmp_path / "ray"), [str(truth.root)])
    finally:
        ray.kill(hog)
    assert summary.seconds < 55  # not the minute that a lane waits for its actor
    assert (summary.workers, summary.by_status) == (1, {"ok": 100})
    assert "1 of 2 workers were up" in " ".join(summary.notes)


def test_the_number_of_workers_is_what_was_asked_for(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 40, 11, "tsql")
    assert ingest(settings(tmp_path / "one", ingest_workers=1), [str(truth.root)]).workers == 1
    more = ingest(settings(tmp_path / "many", ingest_workers=5), [str(truth.root)])
    assert more.workers <= 2
    assert "2 workers instead of 5" in " ".join(more.notes)


def test_relative_paths_mean_the_callers_folder(
    ray_cluster: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = generate(tmp_path, 20, 12, "tsql")
    monkeypatch.chdir(tmp_path)  # the cluster was started elsewhere
    found = load_settings({"data_dir": "d", "executor": "ray", "project": "p", "dialect": "tsql"}, environ={}).settings
    assert ingest(found, [str(truth.root)]).files == 20
    assert len(dump(tmp_path / "d")["File"]) == 20


def test_a_file_that_was_set_aside_kills_no_later_run(ray_cluster: object, tmp_path: Path) -> None:
    root = tmp_path / "sql"
    root.mkdir()
    (root / "poison.sql").write_text(SLOW_FILE)
    (root / "a.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    with deadly("poison.sql") as deaths:
        first = ingest(settings(tmp_path / "ray"), [str(root)])
    assert len(deaths) >= 3
    assert (first.quarantined, first.by_status) == (1, {"ok": 1, "failed": 1})
    (root / "b.sql").write_text("CREATE VIEW w AS SELECT a FROM v")
    second = ingest(settings(tmp_path / "ray", "local"), [str(root)])
    assert second.by_status == {"ok": 2, "failed": 1}
    assert [f.code for f in second.findings if f.severity == "error"] == ["RL193"]
    assert second.compiled == 1  # it was not parsed
    (root / "poison.sql").write_text("SELECT a AS x FROM t")
    assert ingest(settings(tmp_path / "ray", "local"), [str(root)]).by_status == {"ok": 3}


# --------------------------------------------------------------------------- signals, seen from outside


@contextmanager
def command(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``ray_lineage`` in a process group of its own, as a terminal starts it; nothing of it outlives the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ray_lineage", "--project", "p", *arguments],
        cwd=folder, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            for child in family(process.pid):
                child.kill()
            process.kill()
        process.communicate()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signum", "reached", "code"),
    [
        (signal.SIGINT, lambda p: bool([c for c in family(p.pid) if "raylet" in c.name()]), 130),  # Ray is starting
        (signal.SIGINT, lambda p: bool(actors("Parser.parse", p.pid)), 130),
        (signal.SIGTERM, lambda p: bool(actors("Parser.link", p.pid)), 143),
    ],
    ids=["while Ray starts", "while compiling", "while linking and loading"],
)
def test_a_signal_drains_and_leaves_nothing_running(
    tmp_path: Path, signum: int, reached: Callable[[subprocess.Popen[str]], bool], code: int
) -> None:
    truth = generate(tmp_path, 1_500, 13, "tsql")
    arguments = ("ingest", str(truth.root), "--dialect", "tsql", "--executor", "ray", "--workers", "2")
    with command(tmp_path, *arguments) as process:
        wait_for(lambda: process.poll() is not None or reached(process))
        children = family(process.pid)
        assert children
        process.send_signal(signum)
        _, errors = process.communicate(timeout=STOP_SECONDS)
        assert process.returncode == code, errors
        assert "Traceback" not in errors
        assert left(children) == []
    ingest(settings(tmp_path / "data", "local"), [str(truth.root)])
    ingest(settings(tmp_path / "clean", "local"), [str(truth.root)])
    assert dump(tmp_path / "data") == dump(tmp_path / "clean")


@pytest.mark.slow
def test_nothing_runs_on_after_a_finished_run(tmp_path: Path) -> None:
    truth = generate(tmp_path, 200, 14, "tsql")
    seen: dict[psutil.Process, str] = {}
    with command(tmp_path, "ingest", str(truth.root), "--executor", "ray", "--json") as process:
        while process.poll() is None:
            for child in family(process.pid):
                with contextlib.suppress(psutil.Error):
                    seen.setdefault(child, child.name())
            time.sleep(0.2)
        assert process.returncode == 0
        assert {"raylet", "gcs_server"} <= set(seen.values())
        assert left(seen) == []


def test_summaries_add_up(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 50, 15, "tsql")

    def accounted(summary: IngestSummary) -> None:
        aside = summary.by_status.get("unreadable", 0)
        assert summary.files_written + summary.unchanged + aside + summary.dead_letters == summary.files

    first = ingest(settings(tmp_path / "ray"), [str(truth.root)])
    accounted(first)
    assert (first.files_written, first.unchanged) == (50, 0)
    assert first.peak_rss_bytes > 200_000_000  # not this process alone
    next(truth.root.rglob("*.sql")).write_text("SELECT 1 AS one")
    second = ingest(settings(tmp_path / "ray"), [str(truth.root)])
    accounted(second)
    assert 1 <= second.files_written < 50
