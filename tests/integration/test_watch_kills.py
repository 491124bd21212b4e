"""A watch on Ray whose processes are killed while files change: nothing is lost, and the graph is exact at the end."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ray_lineage.runtime.status import MAX_FILES
from tests.integration.killing import deadly, workers
from tests.integration.test_watch_edits import INLINE, fill
from tests.integration.watching import Watching, table, view, watching

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(280)]


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    folder = tmp_path_factory.mktemp("kills")
    fill(folder / "sql")
    with watching(folder, "--realtime", "--executor", "ray", "--workers", "2", "--max-delete-percent", "100") as watch:
        yield watch


def storm(root: Path, name: str, files: int = 150) -> None:
    """New files, of which the first and the last ones read one another."""
    (root / name).mkdir()
    for number in range(files):
        text = view(f"{name}{number}", f"{name}{(number + 1) % files}")
        (root / name / f"{number}.sql").write_text(text + f"SELECT {'a + ' * 300} b AS x FROM m.{name}{number};\n")


@pytest.mark.parametrize("kind", ["Parser", "Writer", "Driver"])
def test_a_process_is_killed_during_a_storm(watch: Watching, kind: str) -> None:
    dice = random.Random(kind)
    for number in range(2):
        storm(watch.root, f"{kind.lower()}{number}")
        seen = dice.randrange(0, 120)
        watch.until_status(
            lambda s, seen=seen: (s.in_flight + sum(s.waiting.values()) > 0 and s.files % 150 >= seen) or s.at_rest
        )
        watch.until(lambda: watch.kill(kind))
    watch.rest()
    watch.assert_exact()


def test_the_writer_dies_in_the_middle_of_transactions(watch: Watching) -> None:
    for number in range(2):
        (watch.root / "t.sql").write_text(
            table() + f"ALTER TABLE m.t ADD n{number} int;\n"
        )  # everything is linked again
        for path in watch.root.glob("core/*.sql"):
            path.write_text(path.read_text() + f"-- {number}\n")
        watch.until(lambda: bool(watch.actors("Writer.commit")) or watch.status().at_rest)
        watch.until(lambda: watch.kill("Writer"))
    watch.rest()
    watch.assert_exact()


NEIGHBOURS = MAX_FILES // 2
"""The status tells of so many files that whatever becomes of them leaves room for one more."""


def test_a_poison_file_is_set_aside_and_tried_again_when_it_changes(watch: Watching) -> None:
    poison = watch.root / "poison.sql"
    with deadly("poison.sql", watch.process.pid) as deaths:
        poison.write_text("SELECT " + " + ".join(["a"] * 80_000) + " AS x FROM t")
        for number in range(NEIGHBOURS):
            (watch.root / f"neighbour{number}.sql").write_text(view(f"neighbour{number}"))
        watch.until(watch.has(*(f"neighbour{n}.sql" for n in range(NEIGHBOURS))))
        status = watch.until_status(lambda s: s.quarantined == 1)
    assert len(deaths) >= 3
    assert "quarantined" in {e.what for e in status.last_files if e.path == "poison.sql"}
    watch.rest()
    poison.write_text("SELECT a AS x FROM t")
    watch.rest()
    assert watch.status().quarantined == 0
    watch.assert_exact()


SEED = int(os.environ.get("WATCH_HISTORY_SEED", "1"))
"""The same history every time; another one by the variable."""


class History:
    """Random operations on a folder, and on the processes that follow it."""

    def __init__(self, watch: Watching, seed: int) -> None:
        self.watch, self.dice, self.count = watch, random.Random(seed), 0
        self.outside = watch.folder / f"outside{seed}"
        self.outside.mkdir()

    def step(self) -> None:
        self.count += 1
        files = sorted(self.watch.root.rglob("*.sql"))
        operations = [self.create, self.create, self.edit, self.edit, self.edit, self.delete, self.rename, self.replace]
        operations += [self.folder_out, self.folder_in, self.ignore, self.kill, self.kill, self.look]
        path = self.dice.choice(files) if files else self.watch.root / "none.sql"
        self.dice.choice(operations if files else [self.create])(path)

    def text(self) -> str:
        n, m = self.dice.randrange(60), self.dice.randrange(60)
        return self.dice.choice(
            [view(f"h{n}", f"h{m}"), f"CREATE VIEW m.h{n} AS SELECT * FROM m.h{m}", table(f"h{n}"), "SELECT FROM"]
        )

    def create(self, path: Path) -> None:
        (path.parent / f"h{self.count}.sql").write_text(self.text())

    def edit(self, path: Path) -> None:
        path.write_text(self.text())

    def delete(self, path: Path) -> None:
        path.unlink()
        self.create(path)

    def rename(self, path: Path) -> None:
        path.rename(path.with_name(f"r{self.count}.sql"))

    def replace(self, path: Path) -> None:
        temporary = path.with_name(f".{self.count}.tmp")
        temporary.write_text(self.text())
        temporary.replace(path)

    def folder_out(self, path: Path) -> None:
        folders = [p for p in self.watch.root.rglob("*") if p.is_dir()]
        if len(folders) > 2:
            self.dice.choice(sorted(folders)).rename(self.outside / f"d{self.count}")

    def folder_in(self, path: Path) -> None:
        folder = self.outside / f"n{self.count}"
        (folder / "deep").mkdir(parents=True)
        for number in range(3):
            (folder / f"deep/{number}.sql").write_text(self.text())
        folder.rename(path.parent / folder.name)

    def ignore(self, path: Path) -> None:
        rule = path.parent / ".gitignore"
        rule.unlink() if rule.exists() else rule.write_text("h*1.sql\n")

    def look(self, path: Path) -> None:
        """Let it come to something: what follows meets it at work, or at rest."""
        self.watch.until_status(lambda s: s.at_rest or (s.phase == "following" and s.in_flight > 0))

    def kill(self, path: Path) -> None:
        self.watch.kill(self.dice.choice(["Parser", "Parser", "Writer", "Driver"]))


def test_any_history_ends_in_the_graph_of_a_clean_ingest(watch: Watching) -> None:
    print(f"WATCH_HISTORY_SEED={SEED}")
    for path in watch.root.iterdir():
        if path.name != "core":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    history = History(watch, SEED)
    for _ in range(100):
        history.step()
    watch.rest()
    watch.assert_exact()


def test_a_worker_that_is_killed_while_it_is_idle_is_counted(tmp_path: Path) -> None:
    fill(tmp_path / "sql")
    with watching(tmp_path, *INLINE) as watch:
        before = watch.status().metrics.get('ray_lineage_actor_restarts_total{actor="parse"}', 0.0)
        watch.until(lambda: bool(workers(watch.process.pid)))
        workers(watch.process.pid)[0].kill()
        watch.until_status(
            lambda s: s.metrics.get('ray_lineage_actor_restarts_total{actor="parse"}', 0.0) == before + 1
        )
        assert "it died while it had nothing to do" in watch.said()
        (tmp_path / "sql/core/v3.sql").write_text(view("v3", "later"))
        watch.rest()
        watch.assert_exact()
