"""What Ray says when it cannot connect -> what we say. Ray's texts are those of Ray 2.60."""

from __future__ import annotations

import os
import socket
import types
from pathlib import Path
from typing import Any

import pytest

from ray_lineage.errors import UsageError
from ray_lineage.runtime import cluster
from ray_lineage.runtime.cluster import _start, check_form, explained, probe

MISMATCH = """Version mismatch: The cluster was started with:
    Ray: 2.59.1
    Python: 3.12.4
This process on node 10.0.0.7 was started with:
    Ray: 2.60.0
    Python: 3.11.7
"""
NO_TOKEN = "Token authentication is enabled but no authentication token was found. Ensure that"


class AuthenticationError(Exception):
    """As Ray's, by name."""


def _caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RuntimeError(MISMATCH), "RL245", ("Ray 2.59.1 and Python 3.12.4", "Ray 2.60.0 and Python 3.11.7")),
        (RuntimeError("Version mismatch: Ray: 2.59.1, Ray: 2.60.0"), "RL245", ("runs Ray 2.59.1", "process Ray 2.60.0")),
        (RuntimeError("Version mismatch: who knows"), "RL245", ("another version",)),
        (RuntimeError("Unauthenticated: InvalidAuthToken: Authentication token is missing"), "RL246", ("token",)),
        (AuthenticationError(NO_TOKEN), "RL246", ("token",)),
        (ConnectionError("Connection refused"), "RL206", ("head:6379: Connection refused",)),
        (
            _caused(ConnectionError("Failed to connect to Ray cluster at head:6379"),
                    RuntimeError("No node info found matching attributes: '' when trying to resolve node to connect to.")),
            "RL206", ("no node of it runs on this machine",),
        ),
        (TimeoutError(), "RL206", ("TimeoutError",)),
    ],
)  # fmt: skip
def test_explained(error: Exception, code: str, words: tuple[str, ...]) -> None:
    found = explained("head:6379", error)
    assert found.code == code
    assert found.help
    assert "\n" not in found.message
    for word in words:
        assert word in found.message


@pytest.mark.parametrize("address", ["auto", "10.0.0.5:6379", "head.example:6379", "[::1]:6379"])
def test_addresses_of_heads(address: str) -> None:
    check_form(address)


@pytest.mark.parametrize(
    "address",
    ["head", "head:", ":6379", "head:port", "head:99999", "ray://head:10001", "http://head:8265", "redis://h:1"],
)
def test_addresses_of_something_else(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_form(address)
    assert caught.value.code == "RL206"
    assert address in caught.value.message


def test_the_probe_of_a_port_that_nobody_has() -> None:
    with pytest.raises(ConnectionError):
        probe("127.0.0.1:1", 5)


@pytest.mark.parametrize(("asked", "cpus"), [(0, 1), (1, 1), (3, 3), (99, 3)])
def test_a_private_ray_has_no_more_cpus_than_the_machine(
    monkeypatch: pytest.MonkeyPatch, asked: int, cpus: int
) -> None:
    told: dict[str, Any] = {}
    ray = types.SimpleNamespace(init=lambda **options: told.update(options))
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    _start(ray, asked, dashboard=False)
    assert told["num_cpus"] == cpus


def test_whose_a_port_is() -> None:
    table = [
        "   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0",
        "   1: 00000000:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0",
        "   2: 0100007F:18EB 0100007F:A000 01 00000000:00000000 00:00000000 00000000  1001        0 3 1 0 100 0 0 10 0",
        "garbage",
    ]
    assert cluster.listeners(6379, table) == {0, 1000}
    assert cluster.listeners(6380, table) == set()


def test_a_head_of_this_user_that_listens_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert cluster.running_head() == ""
    (tmp_path / "ray").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (tmp_path / "ray" / "ray_current_cluster").write_text(f"192.0.2.9:{port}")  # as of one on loopback alone
        assert cluster.running_head() == f"127.0.0.1:{port}"
        monkeypatch.setattr(cluster, "listeners", lambda port, sockets: {os.getuid() + 1})
        assert cluster.running_head() == ""
    monkeypatch.undo()
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert cluster.running_head() == ""  # it is gone
