"""doctor: network file systems, the kernel's limits, and Ray's ports. Answers of Ray are those seen from Ray 2.60."""

from __future__ import annotations

import os
import tempfile
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import grpc
import pytest

from ray_lineage import cache
from ray_lineage.graph.open import embedded_path
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.query import exposure
from ray_lineage.query.exposure import Listener, asks_for_token, exposed, is_reachable, judge, listening
from ray_lineage.runtime import health
from ray_lineage.settings import Loaded, load_settings
from tests.factory import load, wide


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    return load_settings({"data_dir": str(tmp_path / "data")}, cwd=str(tmp_path), environ={})


def on_network(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let everything below a folder be on NFS."""
    for module in (cache, health):
        monkeypatch.setattr(module, "file_system", lambda path: "nfs4" if str(path).startswith(str(folder)) else "ext4")


def verdict(loaded: Loaded, part: str) -> health.Check:
    return next(c for c in health.checkup(loaded) if c.part == part)


def test_folders_on_a_network(loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict(loaded, "data folder").verdict == verdict(loaded, "cache").verdict == "OK"
    on_network(monkeypatch, tmp_path / "data")
    data, lmdb = verdict(loaded, "data folder"), verdict(loaded, "cache")
    assert (data.verdict, lmdb.verdict) == ("WARN", "WARN")
    assert "nfs4" in data.message
    assert "nfs4" in lmdb.message
    assert str(tmp_path / "temp") in lmdb.message
    assert "PARSE_CACHE_PATH" in lmdb.help


@pytest.mark.parametrize(
    ("watches", "instances", "expected", "remedy"),
    [
        ("524288", "128", "OK", ""),
        ("8192", "128", "WARN", "sysctl -w fs.inotify.max_user_watches=65536"),
        ("524288", "8", "WARN", "sysctl -w fs.inotify.max_user_instances=64"),
        ("8192", "8", "WARN", "sysctl -w fs.inotify.max_user_watches=65536 fs.inotify.max_user_instances=64"),
        (None, None, "OK", ""),
        ("many", "128", "OK", ""),
    ],
)
def test_limits_of_inotify(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    watches: str | None, instances: str | None, expected: str, remedy: str,
) -> None:  # fmt: skip
    for name, value in (("max_user_watches", watches), ("max_user_instances", instances)):
        if value is not None:
            (tmp_path / name).write_text(value + "\n")
    monkeypatch.setattr(health, "_INOTIFY_LIMITS", str(tmp_path))
    found = verdict(loaded, "watching")
    assert (found.verdict, found.help) == (expected, remedy)


# --------------------------------------------------------------------------- ports


@pytest.mark.parametrize(
    ("address", "reachable"),
    [
        ("127.0.0.1", False), ("127.9.9.9", False), ("::1", False), ("::ffff:127.0.0.1", False),
        ("0.0.0.0", True), ("::", True), ("10.0.0.5", True), ("::ffff:10.0.0.5", True), ("fe80::1%eth0", True), ("?", True),
    ],
)  # fmt: skip
def test_addresses(address: str, reachable: bool) -> None:
    assert is_reachable(address) is reachable


def test_only_what_is_ray_and_can_be_reached() -> None:
    asked: list[tuple[str, str, int]] = []

    def ask(part: str, host: str, port: int) -> bool | None:
        asked.append((part, host, port))
        return {8265: False, 6379: None, 10001: True}[port]

    found = [
        ("0.0.0.0", 8265),
        ("::", 6379),
        ("10.0.0.5", 10001),
        ("127.0.0.1", 8265),
        ("0.0.0.0", 80),
        ("0.0.0.0", 8265),
    ]
    assert exposed(found, ask) == [
        Listener(8265, "0.0.0.0", "dashboard", False), Listener(10001, "10.0.0.5", "Ray Client", True)
    ]  # fmt: skip
    assert sorted(asked) == [
        ("Ray Client", "10.0.0.5", 10001), ("dashboard", "127.0.0.1", 8265), ("head", "127.0.0.1", 6379)
    ]  # fmt: skip


DASHBOARD, HEAD = Listener(8265, "0.0.0.0", "dashboard", False), Listener(6379, "::", "head", True)


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        (None, "OK", "not checked"),
        ([], "OK", "no Ray"),
        ([HEAD], "OK", "asks for a token: head (:::6379)"),
        ([DASHBOARD], "FAIL", "dashboard (0.0.0.0:8265)"),
        ([HEAD, DASHBOARD], "FAIL", "no token on dashboard (0.0.0.0:8265):"),
        ([Listener(8265, "0.0.0.0", "dashboard", True)], "WARN", "asks for a token"),
    ],
)
def test_judgement(found: list[Listener] | None, expected: str, words: str) -> None:
    verdict, message, remedy = judge(found)
    assert verdict == expected
    assert words in message
    assert bool(remedy) is (verdict != "OK")


def website(status: int, body: bytes) -> ThreadingHTTPServer:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.parametrize(
    ("status", "body", "guarded"),
    [
        (200, b'{"version": "4", "ray_version": "2.60.0"}', False),
        (401, b"Unauthorized: Missing authentication token", True),
        (200, b"<html>a web site</html>", None),
        (401, b"<html>log in</html>", None),
        (404, b"", None),
    ],
)
def test_asking_a_dashboard(status: int, body: bytes, guarded: bool | None) -> None:
    server = website(status, body)
    try:
        assert asks_for_token("dashboard", "127.0.0.1", server.server_port) is guarded
        assert asks_for_token("head", "127.0.0.1", server.server_port) is None
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("code", "guarded"),
    [
        (None, False),
        (grpc.StatusCode.UNAUTHENTICATED, True),
        (grpc.StatusCode.NOT_FOUND, False),
        (grpc.StatusCode.UNIMPLEMENTED, None),
    ],
)
@pytest.mark.parametrize("part", ["head", "Ray Client"])
def test_asking_over_grpc(part: str, code: grpc.StatusCode | None, guarded: bool | None) -> None:
    def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
        if code is not None:
            context.abort(code, "as Ray does")
        return b""

    class Handler(grpc.GenericRpcHandler):
        def service(self, _: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=(Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert asks_for_token(part, "127.0.0.1", port) is guarded
    finally:
        server.stop(0).wait(10)


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure, "_SECONDS", 0.5)
    assert asks_for_token("dashboard", "127.0.0.1", 1) is None
    assert asks_for_token("head", "127.0.0.1", 1) is None


def test_what_listens_on_this_machine() -> None:
    server = website(200, b"")
    try:
        found = listening()
        assert found is None or ("127.0.0.1", server.server_port) in found
    finally:
        server.shutdown()
        server.server_close()


def test_the_embedded_graph_is_read_as_a_whole(loaded: Loaded) -> None:
    assert verdict(loaded, "store").verdict == "WARN"  # none is there yet
    path = embedded_path(loaded.settings)
    store = SqliteStore(path)
    load(store, "p", store.acquire("p"), [wide("p", f"f{i}", 200) for i in range(20)])
    store.close()
    good = verdict(loaded, "store")
    assert good.verdict == "OK"
    assert all(word in good.message for word in ("p (SQLite", "journal wal", "intact"))
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"\xff" * 3 * 4096)
    bad = verdict(loaded, "store")
    assert (bad.verdict, "damaged" in bad.message, "ingest" in bad.help) == ("FAIL", True, True)
