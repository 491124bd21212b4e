"""Processes of ours that read strangers' files: how one is begun, and what of the environment is handed on to it. That is nothing
that says where the graph is, or with which password."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from typing import IO, Final

_KEPT_BACK: Final = ("NEO4J_", "RAY_LINEAGE_NEO4J_", "RAY_LINEAGE_STORE", "OPENLINEAGE_API_KEY")


def environment(**more: str) -> dict[str, str]:
    """Of this process, with ``more``."""
    return {k: v for k, v in os.environ.items() if not k.startswith(_KEPT_BACK)} | more


def begun(
    module: str, stream: socket.socket, path: Iterable[str], log: int | IO[bytes], errors: int | IO[bytes] | None
) -> subprocess.Popen[bytes]:
    """A process that runs a module of ours, which gets the number of its end of a ``stream``. ``path``: where it looks for modules
    besides where ours lie; ``log`` and ``errors``: what becomes of what it prints (None: as with this process)."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # -P: modules that lie in the current folder are not the compiler's
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, str(stream.fileno())],
        stdin=subprocess.DEVNULL, stdout=log, stderr=errors, pass_fds=[stream.fileno()], process_group=0,
        env=environment(PYTHONPATH=os.pathsep.join((ours, *filter(None, path)))),
    )  # fmt: skip
