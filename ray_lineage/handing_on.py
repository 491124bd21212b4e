"""Processes of ours that read strangers' files: how one is begun, and what of the environment is handed on to it. That is nothing
that says where the graph is, or with which password, and no folder of modules that depends on where it runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import IO, Final

_KEPT_BACK: Final = (
    "NEO4J_",
    "RAY_LINEAGE_NEO4J_",
    "RAY_LINEAGE_STORE",
    "RAY_LINEAGE_CATALOG_URL",
    "OPENLINEAGE_API_KEY",
)


def python(*words: str) -> list[str]:
    """This Python with these arguments; -P: modules that lie in the current folder are not ours."""
    return [sys.executable, "-P", *words]


def environment() -> dict[str, str]:
    """Of this process. Modules are looked for where ours lie, and then where this process does, whatever folder the other one
    runs in."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_KEPT_BACK)}
    return kept | {"PYTHONPATH": os.pathsep.join((ours, *filter(os.path.isabs, sys.path)))}


def begun(
    module: str, stream: socket.socket, log: int | IO[bytes], errors: int | IO[bytes] | None
) -> subprocess.Popen[bytes]:
    """A process that runs a module of ours, which gets the number of its end of a ``stream``. ``log`` and ``errors``: what becomes
    of what it prints (None: as with this process)."""
    return subprocess.Popen(
        python("-m", module, str(stream.fileno())),
        stdin=subprocess.DEVNULL, stdout=log, stderr=errors, pass_fds=[stream.fileno()], process_group=0,
        env=environment(),
    )  # fmt: skip
