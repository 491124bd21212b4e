"""How long a parse actor may take to come up. Ray's part is played by futures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from ray_lineage.errors import RayLineageError
from ray_lineage.runtime import remote
from ray_lineage.runtime.remote import RayWorker, _not_started


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "READY_SECONDS", 0.02)


def worker(up: asyncio.Event, has_cpus: Callable[[], bool]) -> RayWorker:
    parse = SimpleNamespace(options=lambda **_: None)
    actor = SimpleNamespace(parse=parse, link=parse, ready=SimpleNamespace(remote=lambda: up.wait()))
    return RayWorker(actor, "parse-0", "", lambda _: None, has_cpus)


def test_a_cluster_without_a_cpu_gets_time_for_its_first_node(caplog: pytest.LogCaptureFixture) -> None:
    asked = 0

    async def wait() -> None:
        up = asyncio.Event()

        def has_cpus() -> bool:
            nonlocal asked
            asked += 1
            if asked == 3:
                up.set()
            return False

        await asyncio.wait_for(worker(up, has_cpus).ready(), 30)

    asyncio.run(wait())
    assert asked == 3
    assert "waits for its first node" in caplog.text


@pytest.mark.parametrize(
    ("last", "message", "hint"),
    [
        ("ModuleNotFoundError: No module named 'ray_lineage'", "No module named 'ray_lineage'", "on every node"),
        ("PermissionError: [Errno 13] Permission denied: '/x'\nmore of it", "Permission denied: '/x'", "logs of Ray"),
        ("", "because of an error raised in its creation task", "logs of Ray"),
    ],
)
def test_why_an_actor_did_not_start(last: str, message: str, hint: str) -> None:
    first = "The actor died because of an error raised in its creation task, ray::Parser.__init__() (pid=1)"
    error = _not_started(
        Exception(f"{first}\nRuntimeError: The actor failed to import:\n\n    ^^^^\n{last}" if last else first)
    )
    assert error.code == "RL232"
    assert message in error.message
    assert hint in str(error.help)


@pytest.mark.parametrize("has_cpus", [True, False], ids=["with CPUs", "no node comes"])
def test_an_actor_that_does_not_come_up_is_given_up(has_cpus: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "NODE_SECONDS", 0.1)

    async def wait() -> None:
        await asyncio.wait_for(worker(asyncio.Event(), lambda: has_cpus).ready(), 30)

    with pytest.raises(RayLineageError, match="did not start") as raised:
        asyncio.run(wait())
    assert raised.value.code == "RL232"
