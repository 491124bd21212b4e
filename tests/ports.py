"""Ports for servers that tests start."""

from __future__ import annotations

import itertools
import os
import socket
from typing import Final

_FIRST: Final = 20_000
"""Above those of Ray's workers, and below those that the kernel gives to who connects anywhere: nobody else takes one between
the moment when it is found free and that when its server listens, which may be a minute later."""
_EACH: Final = 1_000
"""For each of the processes that run tests side by side."""

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 12
_ports = itertools.cycle(_FIRST + _worker * _EACH + (os.getpid() + n) % _EACH for n in range(_EACH))


def free_port() -> int:
    """A TCP port of loopback that nobody uses now, another one with each call."""
    for port in itertools.islice(_ports, _EACH):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no port is free")
