"""The Ray job on a real cluster: the same graph as inline, whatever dies."""

from __future__ import annotations

import glob
import os
import random
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks.generate import generate
from ray_lineage.errors import StoreRefused
from ray_lineage.graph.ladybug import LadybugStore
from ray_lineage.runtime.ingest import ingest
from ray_lineage.settings import Settings, load_settings

pytestmark = pytest.mark.ray


def settings(folder: Path, executor: str, **more: object) -> Settings:
    flags = {"data_dir": str(folder), "executor": executor, "project": "p", "dialect": "tsql", "ingest_workers": 2}
    return load_settings({**flags, **more}, environ={}).settings


def dump(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    store = LadybugStore(str(folder / "graph.lbug"), read_only=True)
    found = store.dump("p")
    store.close()
    return found


@contextmanager
def nemesis(attack: Callable[[], None]) -> Iterator[None]:
    """Attack every few milliseconds until the block ends."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.02):
            attack()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def parsers() -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        line = process.info["cmdline"] or []
        if line and line[0].startswith("ray::Parser"):
            found.append(process)
    return found


def test_the_same_graph_as_inline(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 300, 5, "tsql")
    on_ray = ingest(settings(tmp_path / "ray", "ray"), [str(truth.root)])
    inline = ingest(settings(tmp_path / "inline", "inline"), [str(truth.root)])
    assert (on_ray.executor, on_ray.workers, on_ray.compiled) == ("ray", 2, 300)
    assert (on_ray.statements, on_ray.edges) == (inline.statements, inline.edges)
    assert dump(tmp_path / "ray") == dump(tmp_path / "inline")


def test_killed_parse_actors_lose_nothing(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 1500, 6, "tsql")
    chance = random.Random(1)
    killed: list[int] = []

    def attack() -> None:
        alive = parsers()
        if alive and len(killed) < 5 and chance.random() < 0.1:
            victim = chance.choice(alive)
            killed.append(victim.pid)
            victim.kill()

    with nemesis(attack):
        summary = ingest(settings(tmp_path / "ray", "ray", enable_parse_cache=False), [str(truth.root)])
    assert killed
    assert (summary.files, summary.quarantined, summary.by_status) == (1500, 0, {"ok": 1500})
    ingest(settings(tmp_path / "inline", "inline"), [str(truth.root)])
    assert dump(tmp_path / "ray") == dump(tmp_path / "inline")


def test_a_file_that_kills_its_actor_is_set_aside_alone(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 120, 7, "tsql")
    (truth.root / "poison.sql").write_text("SELECT " + " + ".join(["a"] * 80_000) + " AS x FROM t")
    deaths: list[int] = []

    def attack() -> None:
        for crumb in glob.glob(os.path.join(tempfile.gettempdir(), "ray_lineage-run-*", "parse-*")):
            try:
                data = Path(crumb).read_bytes()
            except OSError:  # of another run, which is over
                continue
            if data[4 : 4 + int.from_bytes(data[:4], "little")] == b"poison.sql":
                for process in parsers():
                    # only while it works on it: the next incarnation begins with the same crumb
                    if process.cmdline()[:1] == ["ray::Parser.parse"] and any(
                        f.path == crumb for f in process.memory_maps()
                    ):
                        deaths.append(process.pid)
                        process.kill()

    with nemesis(attack):
        summary = ingest(settings(tmp_path / "ray", "ray"), [str(truth.root)])
    assert len(set(deaths)) >= 3  # more where an actor came back too late to say what its predecessor died on
    assert (summary.quarantined, summary.by_status) == (1, {"ok": 120, "failed": 1})
    assert [(f.path, f.code) for f in summary.findings if f.severity == "error"] == [("poison.sql", "RL193")]
    again = ingest(settings(tmp_path / "ray", "ray"), [str(truth.root)])  # nobody dies for it a second time
    assert (again.quarantined, again.by_status, again.rows_written) == (0, {"ok": 120, "failed": 1}, 0)


def test_what_the_writer_refuses_is_said_as_it_is(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 60, 8, "tsql")
    ingest(settings(tmp_path / "ray", "ray"), [str(truth.root)])
    for path in sorted(truth.root.rglob("*.sql"))[5:]:
        path.unlink()
    with pytest.raises(StoreRefused) as caught:
        ingest(settings(tmp_path / "ray", "ray"), [str(truth.root)])
    assert caught.value.code == "RL223"
