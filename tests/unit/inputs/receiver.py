"""A server that collects events of OpenLineage as the specification says: over real sockets, on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """``status`` 0: none, the connection is closed."""

    status: int = 201
    body: str = ""
    headers: Mapping[str, str] = {}


class Receiver(ThreadingHTTPServer):
    """Gives ``answers`` in turn, then 201."""

    daemon_threads = True

    def __init__(self, answers: Sequence[Answer] = ()) -> None:
        self.answers = list(answers)
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        self.events: list[Any] = []
        self.connections: set[Any] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.answers.pop(0) if self.server.answers else Answer()
        self.server.paths.append(self.path)
        self.server.keys.append(self.headers["Authorization"])
        self.server.connections.add(self.client_address)
        if not answer.status:
            self.close_connection = True
            return
        if answer.status < 300:
            assert self.headers["Content-Type"] == "application/json"
            self.server.events.append(json.loads(content))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body.encode())))
        self.end_headers()
        self.wfile.write(answer.body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def receiving(*answers: Answer) -> Iterator[Receiver]:
    with Receiver(answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
