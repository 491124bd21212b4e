"""Session-wide servers and small factories."""

from __future__ import annotations

import functools
import os
import tempfile
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from ray_lineage.graph.neo4j import Neo4jStore
from ray_lineage.graph.sqlite import SqliteStore
from tests.neo4j_server.server import Neo4jServer

_PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)  # machines may be busy
settings.register_profile("same", _PATIENT, derandomize=True)  # a commit passes or fails, every time
settings.register_profile("explore", _PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test wrote can be written down, whatever it is about: it travels between the processes that run the tests."""
    report = yield
    report.sections = [(n, t.encode("utf-8", "backslashreplace").decode("utf-8")) for n, t in report.sections]
    return report


class _ByServer(LoadScopeScheduling):
    """A file's tests run in one process, one after the other, and so do all that share a Ray cluster or a Neo4j server."""

    def _split_scope(self, nodeid: str) -> str:
        return _scope(nodeid.partition("::")[0])


@functools.cache
def _scope(file: str) -> str:
    text = (Path(__file__).parents[1] / file).read_text("utf-8")
    return next((server for server in ("ray", "neo4j") if f"mark.{server}" in text), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _ByServer(config, log)


@pytest.fixture(scope="session", autouse=True)
def rays_folder() -> Iterator[None]:
    """Keeps out of sight of a head that whoever runs the tests has started, and of those of tests that run beside. The name
    is short: Ray's sockets lie in it."""
    with (
        tempfile.TemporaryDirectory(prefix="rl", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("RAY_TMPDIR", folder)
        yield


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps out of the state folder of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


class ServerAddress:
    """Where the tests' Neo4j is; ``server`` is None when it was given by the environment."""

    def __init__(self, uri: str, username: str, password: str, server: Neo4jServer | None) -> None:
        self.uri, self.username, self.password, self.server = uri, username, password, server

    def store(self) -> Neo4jStore:
        return Neo4jStore(self.uri, self.username, self.password, None)


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddress]:
    """The server of NEO4J_TEST_URI, else one started for the session."""
    given = os.environ.get("NEO4J_TEST_URI")
    if given:
        username = os.environ.get("NEO4J_TEST_USERNAME", "neo4j")
        yield ServerAddress(given, username, os.environ.get("NEO4J_TEST_PASSWORD", ""), None)
        return
    server = Neo4jServer(tmp_path_factory.mktemp("neo4j"))
    server.start()
    yield ServerAddress(server.uri, server.username, server.password, server)
    server.stop()


@pytest.fixture
def project() -> str:
    """A project name that no other test uses."""
    return f"p{uuid.uuid4().hex[:8]}"


@pytest.fixture
def neo4j_store(neo4j_server: ServerAddress, project: str) -> Iterator[Neo4jStore]:
    store = neo4j_server.store()
    yield store
    store.remove_project(project)
    store.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(str(tmp_path / "graph.db"))
    yield store
    store.close()
