"""The page, served to the browser of whoever started the command, and to nobody else.

Loopback alone. What tells of the graph is given to those alone who know the token; it stands in the part of the address that a
browser sends to no server, and comes back in a header that no other page may set. A page of another origin gets nothing, and
neither does one that calls this machine by another name (DNS rebinding).
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from ray_lineage import __version__
from ray_lineage.errors import RayLineageError, UsageError
from ray_lineage.viewer.excerpts import Excerpt
from ray_lineage.viewer.page import page, policy

HOST: Final = "127.0.0.1"
TOKEN: Final = "X-Ray-Lineage-Token"  # noqa: S105
_PATIENCE: Final = 30.0
"""Seconds that a client may be silent."""


class Shown(Protocol):
    """What is served. Methods are called from several threads; they may raise RayLineageError."""

    title: str

    def data(self) -> bytes:
        """The picture of the graph as it is now, packed."""
        ...

    def state(self) -> str:
        """Another text whenever the graph is another one."""
        ...

    def excerpt(self, file: int, line: int) -> Excerpt:
        """Lines of a file of the picture last packed. Raises IndexError."""
        ...


class PageServer(ThreadingHTTPServer):
    """Listens from its making on; ``serve_forever`` answers."""

    daemon_threads = True
    request_queue_size = 32

    def __init__(self, shown: Shown, token: str, port: int = 0) -> None:
        """``port`` 0: a free one. Raises UsageError (RL209) if it is taken."""
        self.shown = shown
        self.token = token
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            text = f"port {port} of {HOST} cannot be listened on: {error.strerror or error}"
            raise UsageError("RL209", text, where="--port", help="give another port, or none") from None
        self.hosts = {f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"}

    def address(self, fragment: str = "") -> str:
        """What to open in a browser, token included."""
        more = f"&{fragment}" if fragment else ""
        return f"http://{HOST}:{self.server_port}/#token={self.token}{more}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def running(self) -> _Running:
        """A context in which it answers, in a thread."""
        return _Running(self)


class _Running:
    def __init__(self, server: PageServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> PageServer:
        self._thread.start()
        return self._server

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = f"ray_lineage/{__version__}"
    sys_version = ""
    timeout = _PATIENCE
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """One of five routes."""
        try:
            parts = urlsplit(self.path)
        except ValueError:  # of an address whole: http://[::1
            self._say(HTTPStatus.BAD_REQUEST, "that is no address")
            return
        refused = self._refusal(parts.path)
        if refused is not None:
            self._say(*refused)
            return
        routes: dict[str, Callable[[dict[str, list[str]]], None]] = {
            "/": self._page, "/data": self._data, "/state": self._state, "/excerpt": self._excerpt, "/favicon.ico": self._icon,
        }  # fmt: skip
        answer = routes.get(parts.path)
        if answer is None:
            self._say(HTTPStatus.NOT_FOUND, "there is no such page")
            return
        try:
            answer(parse_qs(parts.query))
        except RayLineageError as error:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, error.message)

    def _refusal(self, path: str) -> tuple[HTTPStatus, str] | None:
        """Why this request gets nothing."""
        if self.headers.get("Host", "") not in self.server.hosts:
            return HTTPStatus.MISDIRECTED_REQUEST, "this server has another name"
        if path in ("/", "/favicon.ico"):
            return None if self._is_visit() else (HTTPStatus.FORBIDDEN, "not for other sites")
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return HTTPStatus.FORBIDDEN, "not for other sites"
        given = self.headers.get(TOKEN, "").encode("latin-1", "replace")
        return (
            None
            if hmac.compare_digest(given, self.server.token.encode())
            else (HTTPStatus.FORBIDDEN, "the token is missing")
        )

    def _is_visit(self) -> bool:
        """The page itself says nothing of the graph: a link may lead to it, a frame or script of another site may not."""
        if self.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin"):
            return True
        return self.headers.get("Sec-Fetch-Mode") == "navigate" and self.headers.get("Sec-Fetch-Dest") == "document"

    # --- routes

    def _page(self, _: dict[str, list[str]]) -> None:
        self._send("text/html; charset=utf-8", page(self.server.shown.title).encode())

    def _data(self, _: dict[str, list[str]]) -> None:
        self._send("application/gzip", self.server.shown.data())

    def _state(self, _: dict[str, list[str]]) -> None:
        self._send("text/plain; charset=utf-8", self.server.shown.state().encode())

    def _excerpt(self, query: dict[str, list[str]]) -> None:
        try:
            file, line = (int(query[name][0]) for name in ("file", "line"))
            found = self.server.shown.excerpt(file, line)
        except (KeyError, ValueError, IndexError):
            self._say(HTTPStatus.BAD_REQUEST, "file and line are numbers of the picture")
            return
        self._send("application/json", msgspec.json.encode(found))

    def _icon(self, _: dict[str, list[str]]) -> None:
        self._send("image/svg+xml", _ICON)

    # --- sending

    def _say(self, status: HTTPStatus, text: str) -> None:
        self._send("text/plain; charset=utf-8", text.encode(), status)

    def _send(self, kind: str, content: bytes, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(content))), *_guards()):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses (another method, a broken request), with the same headers."""
        self.close_connection = True
        self._say(HTTPStatus(code), message or HTTPStatus(code).phrase)

    def log_message(self, *_: object) -> None:
        """Addresses of pages are no log lines."""


def _guards() -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Security-Policy", policy(served=True) + "; frame-ancestors 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
    )


_ICON: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 4h4v3H2zm8-2h4v3h-4zm0 7h4v3h-4zM6 5.5C8.5 5.5 7.5 3.5 '
    b'10 3.5M6 5.5c2.500 0 1.500 5 4 5" fill="none" stroke="#2e9c86" stroke-width="1.400"/></svg>'
)
