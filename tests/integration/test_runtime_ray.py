"""The Ray job on a real cluster: the same graph as inline, whatever dies."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.generate import generate
from ray_lineage.errors import StoreRefused
from ray_lineage.runtime.ingest import ingest
from tests.integration.killing import actors, deadly, nemesis
from tests.integration.runs import dump, settings

pytestmark = pytest.mark.ray


def test_the_same_graph_as_inline(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 300, 5, "tsql")
    on_ray = ingest(settings(tmp_path / "ray"), [str(truth.root)])
    inline = ingest(settings(tmp_path / "local", "local"), [str(truth.root)])
    assert (on_ray.executor, on_ray.compiled) == ("ray", 300)
    # with so few files one worker may be done before the other is up
    assert on_ray.workers == 2 or "1 of 2 workers were up before the work was done" in " ".join(on_ray.notes)
    assert (on_ray.statements, on_ray.edges) == (inline.statements, inline.edges)
    assert dump(tmp_path / "ray") == dump(tmp_path / "local")


def test_killed_parse_actors_lose_nothing(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 1500, 6, "tsql")
    chance = random.Random(1)
    killed: list[int] = []

    def attack() -> None:
        alive = actors("Parser")
        if alive and len(killed) < 5 and chance.random() < 0.1:
            victim = chance.choice(alive)
            killed.append(victim.pid)
            victim.kill()

    with nemesis(attack):
        summary = ingest(settings(tmp_path / "ray", enable_parse_cache=False), [str(truth.root)])
    assert killed
    assert (summary.files, summary.quarantined, summary.by_status) == (1500, 0, {"ok": 1500})
    ingest(settings(tmp_path / "local", "local"), [str(truth.root)])
    assert dump(tmp_path / "ray") == dump(tmp_path / "local")


def test_a_file_that_kills_its_actor_is_set_aside_alone(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 120, 7, "tsql")
    (truth.root / "poison.sql").write_text("SELECT " + " + ".join(["a"] * 80_000) + " AS x FROM t")
    with deadly("poison.sql") as deaths:
        summary = ingest(settings(tmp_path / "ray"), [str(truth.root)])
    assert len(deaths) >= 3
    assert (summary.quarantined, summary.by_status) == (1, {"ok": 120, "failed": 1})
    assert [(f.path, f.code) for f in summary.findings if f.severity == "error"] == [("poison.sql", "RL193")]
    again = ingest(settings(tmp_path / "ray"), [str(truth.root)])  # nobody dies for it a second time
    assert (again.quarantined, again.by_status, again.rows_written) == (0, {"ok": 120, "failed": 1}, 0)


def test_what_the_writer_refuses_is_said_as_it_is(ray_cluster: object, tmp_path: Path) -> None:
    truth = generate(tmp_path, 60, 8, "tsql")
    ingest(settings(tmp_path / "ray"), [str(truth.root)])
    for path in sorted(truth.root.rglob("*.sql"))[5:]:
        path.unlink()
    with pytest.raises(StoreRefused) as caught:
        ingest(settings(tmp_path / "ray"), [str(truth.root)])
    assert caught.value.code == "RL223"
