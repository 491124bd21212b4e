"""A wire to a Bolt server that breaks at commits."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from typing import Final, Literal

_COMMIT: Final = b"\x00\x02\xb0\x12\x00\x00"  # a chunk of two bytes (a message without fields, COMMIT), and its end
_BYTES: Final = 1 << 16

Break = Literal["before", "after", ""]
"""Is the connection lost before the server hears of a commit, after it answered, or not at all?"""


class Wire:
    """Listens at ``uri``. ``breaks(n)`` says what happens to the n-th commit (from 1)."""

    def __init__(self, port: int, breaks: Callable[[int], Break]) -> None:
        self._port = port
        self._breaks = breaks
        self._lock = threading.Lock()
        self.commits = 0
        self.broken = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"bolt://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            other = {client: server, server: client}
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    try:
                        data = ready.recv(_BYTES)
                        kind = self._kind(data) if ready is client else ""
                        if not data or kind == "before":
                            return
                        other[ready].sendall(data)
                        if kind == "after":
                            server.recv(_BYTES)
                            return
                    except OSError:
                        return

    def _kind(self, data: bytes) -> Break:
        if _COMMIT not in data:
            return ""
        with self._lock:
            self.commits += 1
            kind = self._breaks(self.commits)
            self.broken += bool(kind)
            return kind

    def close(self) -> None:
        """No new connections."""
        self._listener.close()
