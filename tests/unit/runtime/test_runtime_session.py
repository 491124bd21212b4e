"""What a session makes of files that change at every moment of its first pass and of its following."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ray_lineage.errors import Interrupted, StoreForbids, StoreRefused, StoreUnavailable
from ray_lineage.model import FileState
from ray_lineage.runtime.following import Following
from ray_lineage.runtime.load import OldFacts
from ray_lineage.runtime.parse import Meta
from ray_lineage.runtime.session import Session
from ray_lineage.runtime.supervise import Job, Order
from ray_lineage.settings import Settings
from ray_lineage.sources.scan import Walk
from tests.unit.runtime.fakes import FakeCrew, FakeGraph, run, sha, until


class Scene:
    """Files, and a session that follows them."""

    def __init__(self, folder: Path, crew: FakeCrew, *, follow: bool = True, initial: bool = True) -> None:
        self.root = folder / "sql"
        self.root.mkdir(exist_ok=True)
        self.crew = crew
        self.gates = crew.gates
        self.settings = Settings(
            data_dir=str(folder / "data"), enable_batching=False, enable_parse_cache=False, rescan_seconds=3600.0
        )
        self.session = Session(self.settings, [str(self.root)], crew, follow=follow, initial=initial)
        if follow:  # no events: a test says when there is a look
            self.following._listen = self.following._stop.wait  # type: ignore[method-assign,assignment]

    @property
    def graph(self) -> FakeGraph:
        return self.crew.memory_graph

    @property
    def following(self) -> Following:
        assert self.session.following is not None
        return self.session.following

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text)

    def unlink(self, name: str) -> None:
        (self.root / name).unlink()

    async def look(self, *names: str) -> None:
        """As if events had named these files."""
        await self.following._look([str(self.root / n) for n in names])

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The session runs beside; at the end it is drained. Raises what it raised."""
        task = asyncio.create_task(self.session.run())
        try:
            yield
        finally:
            self.session.drain()
            await asyncio.wait([task], timeout=60)
        task.result()


@pytest.fixture
def settles_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray_lineage.runtime.following._SETTLE_SECONDS", 0.1)


def test_a_new_file_that_goes_during_the_first_pass_is_not_written(tmp_path: Path) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())
        scene.write("a.sql", "a")
        scene.write("b.sql", "b")
        scene.gates.shut("parse b.sql")
        scene.session.pool.scheduler.rate = 1.0  # a file a batch
        async with scene.running():
            await until(lambda: "a.sql" in scene.session.hashes)
            scene.unlink("a.sql")
            await scene.look("a.sql")
            scene.gates.open("parse b.sql")
            await until(lambda: scene.following.is_on)
            assert scene.graph.stored == {"b.sql": sha("b")}

    run(story)


@pytest.mark.parametrize("left", [True, False])
def test_files_that_went_with_the_folder_itself_are_not_proven_gone(tmp_path: Path, left: bool) -> None:
    """A file that is gone when it is to be read leaves the graph, unless the whole folder went: a mount, a checkout."""

    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew(stored=dict.fromkeys(("a.sql", "b.sql", "c.sql"), "old")), follow=False)
        for name in ("a.sql", "b.sql", "c.sql", "new.sql"):
            scene.write(name, name[0])
        scene.session.pool.scheduler.rate = 1.0  # a file a batch
        scene.gates.shut("parse c.sql", "parse new.sql")
        task = asyncio.create_task(scene.session.run())
        await until(lambda: {"a.sql", "b.sql"} == scene.session.hashes.keys())
        if left:
            scene.unlink("c.sql")
            scene.unlink("new.sql")
        else:
            scene.root.rename(tmp_path / "away")
        scene.gates.open("parse c.sql", "parse new.sql")
        summary = await task
        kept = {} if left else {"c.sql": "old"}
        assert scene.graph.stored == {"a.sql": sha("a"), "b.sql": sha("b"), **kept}
        assert (summary.files, "RL001" in summary.diagnostics) == (2, not left)
        assert "2 files went away before they were read" in summary.notes

    run(story)


def test_a_file_made_and_found_gone_by_its_worker_leaves_the_graph(tmp_path: Path) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())
        scene.write("b.sql", "b")
        async with scene.running():
            await until(lambda: scene.following.is_on)
            scene.write("a.sql", "a")
            await scene.look("a.sql")
            await until(lambda: "a.sql" in scene.graph.stored)
            scene.gates.shut("commit")
            scene.write("b.sql", "b2")
            await scene.look("b.sql")
            await scene.gates.reached("commit")
            scene.unlink("a.sql")
            await scene.look("a.sql")
            await until(lambda: scene.session.pool.idle)
            scene.gates.shut("parse a.sql")
            scene.write("a.sql", "a2")
            await scene.look("a.sql")
            await scene.gates.reached("parse a.sql")
            scene.unlink("a.sql")
            scene.gates.open("commit", "parse a.sql")
            await until(lambda: scene.graph.stored == {"b.sql": sha("b2")})

    run(story)


def test_who_asks_for_a_file_is_read_again_when_it_changes_or_goes(tmp_path: Path) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())
        scene.crew.asking = {"a.sql": ("b.sql",)}
        scene.write("a.sql", "a")
        scene.write("b.sql", "b")
        given = scene.crew.given
        async with scene.running():
            await until(lambda: scene.following.is_on)
            assert given["a.sql"] == [("b.sql", sha("b"))]
            scene.write("b.sql", "b2")
            await scene.look("b.sql")
            await until(lambda: given["a.sql"] == [("b.sql", sha("b2"))])
            scene.unlink("b.sql")
            await scene.look("b.sql")
            await until(lambda: given["a.sql"] == [])

    run(story)


def test_a_file_that_changes_before_it_is_set_aside_is_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew(1))
        crew = scene.crew
        crew.deadly = {"a.sql"}

        def change() -> None:
            if len(crew.deaths) == 3:
                crew.deadly = set()
                scene.write("a.sql", "another")

        crew.on_death = change
        scene.write("a.sql", "a")
        async with scene.running():
            await until(lambda: scene.graph.stored == {"a.sql": sha("another")})
            assert (len(crew.deaths), scene.session.summary.quarantined) == (3, 0)

    run(story)


def test_a_file_that_goes_while_it_is_set_aside_is_not_known(tmp_path: Path) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew(1))
        scene.write("b.sql", "b")
        async with scene.running():
            await until(lambda: scene.following.is_on)
            scene.crew.deadly = {"a.sql"}
            scene.gates.shut("put a.sql")
            scene.write("a.sql", "a")
            await scene.look("a.sql")
            await scene.gates.reached("put a.sql")
            scene.unlink("a.sql")
            await scene.look("a.sql")
            scene.gates.open("put a.sql")
            await until(lambda: scene.session.pool.idle)
            await until(lambda: scene.graph.stored == {"b.sql": sha("b")} and not scene.following._removed)
            assert set(scene.session.hashes) == {"b.sql"}

    run(story)


@pytest.mark.usefixtures("settles_soon")
def test_what_was_refused_is_not_settled_until_it_is_written(tmp_path: Path) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())
        scene.write("a.sql", "a")
        scene.write("b.sql", "b")
        scene.graph.refused = {"a.sql"}
        async with scene.running():
            await until(lambda: scene.following.is_on)
            await until(lambda: not scene.following._unsettled)
            assert not scene.graph.digest
            assert not scene.following._settled_at
            scene.graph.refused = set()
            scene.write("a.sql", "a2")
            await scene.look("a.sql")
            await until(lambda: bool(scene.following._settled_at))
            assert scene.graph.digest
            assert scene.graph.stored == {"a.sql": sha("a2"), "b.sql": sha("b")}

    run(story)


def test_a_store_that_does_not_open_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())
        scene.write("a.sql", "x")
        scene.graph.error = StoreUnavailable("RL210", "not there")
        scene.gates.shut("begin")
        running = asyncio.create_task(scene.session.run())
        await scene.gates.reached("begin")
        scene.gates.open("begin")
        with pytest.raises(StoreUnavailable):
            await running

    run(story)


@pytest.mark.parametrize("drained", [False, True], ids=["they vanish after the scan", "drained before it came to them"])
def test_nothing_is_removed_of_many_files_that_a_first_pass_did_not_find(tmp_path: Path, drained: bool) -> None:
    async def story() -> None:
        names = [f"{n}.sql" for n in range(30)]
        scene = Scene(tmp_path, FakeCrew(stored={n: sha("x") for n in names}), follow=False)
        for name in names:
            scene.write(name, "x")
        scene.gates.shut("parse 0.sql")
        running = asyncio.create_task(scene.session.run())
        await scene.gates.reached("parse 0.sql")
        if drained:
            scene.session.drain()
        else:
            for name in names:
                scene.unlink(name)
        scene.gates.open("parse 0.sql")
        with pytest.raises(Interrupted if drained else StoreRefused):
            await running
        assert len(scene.graph.stored) == 30

    run(story)


def test_a_file_that_can_be_read_again_is_not_taken_back_to_its_old_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew(stored={"a.sql": "old", "b.sql": "old"}))
        scene.write("a.sql", "a")
        scene.write("b.sql", "b")
        scene.crew.unreadable.update(("a.sql", "b.sql"))
        scene.gates.shut("put a.sql")
        async with scene.running():
            await scene.gates.reached("put a.sql")  # its old facts, after all others were looked at
            scene.crew.unreadable.discard("b.sql")
            scene.write("b.sql", "b2")
            await scene.look("b.sql")
            await until(lambda: scene.graph.held.get("b.sql") == sha("b2"))
            scene.gates.open("put a.sql")
            await until(lambda: scene.following.is_on)
            assert scene.graph.stored == {"a.sql": "old", "b.sql": sha("b2")}

    def cached(
        paths: set[str], states: dict[str, FileState], tasks: object, cache: object, votes: object
    ) -> Iterator[OldFacts]:
        yield from (OldFacts(p, states[p].sha256, b"", []) for p in sorted(paths) if p in states)

    monkeypatch.setattr("ray_lineage.runtime.session.old_facts", cached)
    monkeypatch.setattr("ray_lineage.runtime.session.refuted", lambda task, meta: False)
    monkeypatch.setattr("ray_lineage.runtime.session.open_cache", lambda settings: io.BytesIO())
    run(story)


def test_only_what_no_event_had_named_counts_as_found_by_comparing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())

        def found() -> float:
            readings = scene.following._telemetry.registry.read()
            return sum(r.value for r in readings if r.metric.name == "ray_lineage_reconcile_found_files_total")

        async def compared() -> None:
            before = scene.following._reconciled_at
            scene.following.flush()
            await until(lambda: scene.following._reconciled_at > before)

        async with scene.running():
            await until(lambda: scene.following.is_on and scene.following._reconciled_at > 0)
            for name in ("a.sql", "b.sql", "f/c.sql"):
                scene.write(name, name)
            monkeypatch.setattr("ray_lineage.runtime.following._LOOKS", 1)
            await scene.look("a.sql", "b.sql")  # so many that everything is compared instead
            scene.following._compare_soon("f", 0.0)  # an event named the folder
            await compared()
            await until(lambda: set(scene.session.hashes) == {"a.sql", "b.sql", "f/c.sql"})
            assert found() == 0
            scene.write("d.sql", "d")
            await compared()
            assert found() == 1

    run(story)


@pytest.mark.usefixtures("settles_soon")
def test_a_state_with_a_folder_that_cannot_be_listed_is_not_settled_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = {"f"}
    listed = Walk._list

    def listing(self: Walk, relative: str) -> dict[str, os.DirEntry[str]]:
        if relative in shut:
            self._cannot_list(relative, "permission denied")
            return {}
        return listed(self, relative)

    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew(stored={"f/a.sql": "a", "f/b.sql": "b"}))
        scene.write("f/a.sql", "a")
        scene.write("c.sql", "c")
        async with scene.running():
            await until(lambda: scene.following.is_on and scene.following._reconciled_at > 0)
            scene.following._touched_at = -1e9
            assert not scene.following._quiet()
            assert not scene.graph.digest
            assert scene.graph.stored == {"f/a.sql": "a", "f/b.sql": "b", "c.sql": sha("c")}
            shut.clear()
            scene.following.flush()
            await until(lambda: bool(scene.graph.digest))
            assert scene.graph.stored == {"f/a.sql": sha("a"), "c.sql": sha("c")}

    monkeypatch.setattr(Walk, "_list", listing)
    run(story)


def test_lag_is_the_age_of_the_oldest_change_whatever_it_waits_for(tmp_path: Path) -> None:
    """A save, a burst (BATCH) and a removal, while a commit hangs; then the next version of a file that is being committed."""

    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())
        for name in ("old.sql", "hot.sql", *(f"burst{n}.sql" for n in range(80))):
            scene.write(name, name)
        async with scene.running():
            await until(lambda: scene.following.is_on)
            lag = scene.following._lag
            await until(lambda: len(lag) == 0)
            scene.gates.shut("commit")
            scene.write("hot.sql", "v2")
            first = (scene.root / "hot.sql").stat().st_ctime
            await scene.look("hot.sql")
            await scene.gates.reached("commit")
            for n in range(80):
                scene.write(f"burst{n}.sql", "v2")
            await scene.look(*(f"burst{n}.sql" for n in range(80)))
            scene.unlink("old.sql")
            await scene.look("old.sql")
            scene.write("hot.sql", "v3")
            await scene.look("hot.sql")
            assert len(lag) == 82
            assert lag.oldest() == pytest.approx(first)
            status = scene.following._telemetry.status(scene.session, "following")
            assert 0 < status.lag_seconds <= time.time() - first
            scene.gates.open("commit")
            await until(lambda: scene.graph.stored.get("hot.sql") == sha("v3") and "old.sql" not in scene.graph.stored)
            await until(lambda: len(lag) == 0)
            assert lag.seconds(time.time()) == 0

    run(story)


def test_lag_outlives_a_session_whose_store_went_away(tmp_path: Path) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())
        scene.write("a.sql", "a")
        scene.gates.shut("begin")
        scene.graph.error = StoreUnavailable("RL219", "away")
        lag = scene.following._lag
        running = asyncio.create_task(scene.session.run())
        await scene.gates.reached("begin")
        scene.write("b.sql", "b")
        await scene.look("b.sql")
        changed = lag.oldest()
        assert changed is not None
        scene.gates.open("begin")
        with pytest.raises(StoreUnavailable):
            await running
        assert lag.oldest() == changed
        again = Scene(tmp_path, FakeCrew())
        again.following._lag = lag
        async with again.running():
            await until(lambda: again.following.is_on)
            await until(lambda: len(lag) == 0)

    run(story)


def test_a_file_that_cannot_be_linked_is_in_the_graph_as_failed_and_the_state_is_not_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ray_lineage.runtime.session.SHARED_FROM", 1)

    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew(), follow=False)
        for name in ("a.sql", "b.sql", "endless.sql"):
            scene.write(name, name)
        scene.crew.endless = {"endless.sql"}
        graph, put = scene.graph, scene.graph.put

        async def noted(metas: Sequence[Meta], payload: Sequence[bytes], *, more: bool = False) -> None:
            scene.crew.endless -= {m.path for m, f in zip(metas, payload, strict=True) if b"RL195" in f}
            await put(metas, payload, more=more)

        monkeypatch.setattr(graph, "put", noted)
        summary = await scene.session.run()
        assert b"RL195" in graph.facts_of["endless.sql"]
        assert set(graph.stored) == {"a.sql", "b.sql", "endless.sql"}
        assert graph.plans == 2  # with what takes its place
        assert not summary.settled

    run(story)


def test_the_store_is_down_from_its_loss_until_another_session_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is tried again meanwhile is counted while it is away, not once it is back."""
    monkeypatch.setattr("ray_lineage.runtime.supervise._PAUSES", (0.01,))

    async def away(*_: object) -> Any:
        raise StoreUnavailable("RL219", "away")

    async def story() -> None:
        (tmp_path / "sql").mkdir()
        crews: list[FakeCrew] = []

        def crew() -> FakeCrew:
            crews.append(FakeCrew())
            crews[-1].memory_graph.error = StoreUnavailable("RL219", "away") if 1 < len(crews) < 5 else None
            return crews[-1]

        job = Job(Settings(data_dir=str(tmp_path / "data")), [str(tmp_path / "sql")], Order(follow=True), crew)
        metrics = ("ray_lineage_store_up", "ray_lineage_store_retries_total")

        def told() -> tuple[float, ...]:
            found = job.status().metrics
            return tuple(found.get(name, 0.0) for name in metrics)

        running = asyncio.create_task(job.run())
        await until(lambda: job.phase == "following")
        assert told() == (1, 0)
        crews[0].memory_graph.prepare = away  # type: ignore[method-assign]
        (tmp_path / "sql" / "a.sql").write_text("a")
        job.flush()
        await until(lambda: len(crews) > 1)
        seen = set()
        waits: dict[float, set[str]] = {}

        def back() -> bool:
            seen.add(told())
            status = job.status()
            waits.setdefault(status.metrics["ray_lineage_store_up"], set()).add(status.admission)
            return len(crews) == 5 and job.phase == "following"

        await until(back)
        assert {up for up, _ in seen} == {0, 1}
        assert waits == {0: {f"{crews[0].memory_graph.uri} has not answered"}, 1: {""}}
        assert told() == (1, 4)
        job.drain()
        with contextlib.suppress(Interrupted):
            await running

    run(story)


def test_a_refused_password_is_not_tried_again_for_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server locks an account that is tried more often."""
    rests: list[float] = []

    async def rest(job: Job, seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(Job, "_rest", rest)

    async def refuse(*_: object) -> Any:
        raise StoreForbids("RL215", "wrong password")

    async def story() -> None:
        (tmp_path / "sql").mkdir()
        crews: list[FakeCrew] = []

        def crew() -> FakeCrew:
            crews.append(FakeCrew())
            crews[-1].memory_graph.error = StoreForbids("RL215", "wrong password") if len(crews) == 2 else None
            return crews[-1]

        job = Job(Settings(data_dir=str(tmp_path / "data")), [str(tmp_path / "sql")], Order(follow=True), crew)
        running = asyncio.create_task(job.run())
        await until(lambda: job.phase == "following")
        crews[0].memory_graph.prepare = refuse  # type: ignore[method-assign]
        (tmp_path / "sql" / "a.sql").write_text("a")
        job.flush()
        await until(lambda: len(crews) == 3 and job.phase == "following")
        assert rests == [60.0, 60.0]
        job.drain()
        with contextlib.suppress(Interrupted):
            await running

    run(story)


def test_a_small_project_is_guarded_as_a_large_one_is(tmp_path: Path) -> None:
    """Two of three files that go are held back until one is back; the only file of a project may be renamed."""

    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())
        for name in ("a", "b", "c"):
            scene.write(f"{name}.sql", name)
        async with scene.running():
            await until(lambda: scene.following.is_on)
            scene.unlink("a.sql")
            scene.unlink("b.sql")
            await scene.look("a.sql", "b.sql")
            await until(lambda: scene.following.held == {"a.sql", "b.sql"})
            assert len(scene.graph.stored) == 3
            scene.write("a.sql", "a")
            await scene.look("a.sql")
            scene.following.flush()
            await until(lambda: set(scene.graph.stored) == {"a.sql", "c.sql"})
            assert not scene.following.held

    run(story)


def test_the_only_file_may_be_renamed(tmp_path: Path) -> None:
    async def story() -> None:
        scene = Scene(tmp_path, FakeCrew())
        scene.write("a.sql", "a")
        async with scene.running():
            await until(lambda: scene.following.is_on)
            (scene.root / "a.sql").rename(scene.root / "b.sql")
            await scene.look("a.sql", "b.sql")
            await until(lambda: set(scene.graph.stored) == {"b.sql"})

    run(story)


def test_a_part_is_followed_and_the_rest_stays(tmp_path: Path) -> None:
    """Files of the rest are known to the linker, are not looked at, and are not gone because nobody sees them."""

    async def story() -> None:
        scene = Scene(
            tmp_path, FakeCrew(stored={"sql/a.sql": "old", "rest/x.sql": sha("x"), "rest/gone.sql": sha("y")})
        )
        (tmp_path / "rest").mkdir()
        (tmp_path / "rest" / "x.sql").write_text("x")
        scene.settings = replace(scene.settings, root=str(tmp_path))
        scene.session = Session(scene.settings, [str(scene.root)], scene.crew, follow=True)
        scene.following._listen = scene.following._stop.wait  # type: ignore[method-assign,assignment]
        scene.write("a.sql", "a")
        async with scene.running():
            await until(lambda: scene.following.is_on)
            assert scene.graph.stored == {"sql/a.sql": sha("a"), "rest/x.sql": sha("x"), "rest/gone.sql": sha("y")}
            (tmp_path / "rest" / "x.sql").unlink()
            scene.write("b.sql", "b")
            scene.following.flush()
            await until(lambda: "sql/b.sql" in scene.graph.stored)
            assert set(scene.graph.stored) == {"sql/a.sql", "sql/b.sql", "rest/x.sql", "rest/gone.sql"}

    run(story)
