"""A process beside this one, for work that may hang where nothing can be raised, of a program that is not ours to fork.

It is begun with the first call, serves one call after another, and is begun anew after it had to be ended. It ends with this
process, whose end of the stream closes; while it works, by its limit of CPU time.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from ray_lineage.handing_on import begun
from ray_lineage.killable import Killed
from ray_lineage.patience import Patience, seen

_ASK: Final = struct.Struct("<Qd")  # length of what is asked, CPU seconds for it
_ANSWER: Final = struct.Struct("<Q?")  # length of the answer, is it one (else: what was raised)
_MEMORY: Final = 2 * 2**30  # of data: a MemoryError instead of the machine's end
_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.5
_CHUNK: Final = 1 << 20


class Beside:
    """The process, seen from here. Calls of several threads wait for one another."""

    def __init__(self, module: str) -> None:
        """``module`` calls :func:`serve` with the number that it is given, when it is run."""
        self._module = module
        self._free = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stream: socket.socket | None = None
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._forget)

    def ask(self, asked: bytes, seconds: float) -> bytes:
        """Its answer. Raises Killed if the work took so many CPU seconds (rounded up), did nothing for as long or killed the
        process; RuntimeError if there is no process to be had, or for what was raised in it."""
        with self._free:
            stream = self._begun()
            done = False
            try:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    stream.sendall(_ASK.pack(len(asked), seconds) + asked)
                patience = Patience(seconds, _LOOK_SECONDS, time.monotonic())
                length, is_answer = _ANSWER.unpack(self._read(stream, _ANSWER.size, patience))
                answer = self._read(stream, length, patience)
                done = True
            finally:
                if not done:  # or interrupted: what comes on that stream is no answer to what is asked next
                    self.close()
        if not is_answer:
            raise RuntimeError(answer.decode("utf-8", "replace"))
        return answer

    def _begun(self) -> socket.socket:
        if self._stream is not None and self._process is not None and self._process.poll() is None:
            return self._stream
        self.close()
        self._stream, theirs = socket.socketpair()
        with theirs:
            self._process = begun(self._module, theirs, subprocess.DEVNULL, None)
        try:
            self._read(self._stream, 1, Patience(_START_SECONDS, _LOOK_SECONDS, time.monotonic()))
        except Killed:
            self.close()
            raise RuntimeError(f"no process could be begun with {sys.executable} -m {self._module}") from None
        return self._stream

    def _read(self, stream: socket.socket, size: int, patience: Patience) -> bytes:
        """So many bytes. Raises Killed."""
        assert self._process is not None
        parts = bytearray()
        while len(parts) < size:
            if select.select([stream], [], [], _LOOK_SECONDS)[0]:
                part = b""
                with contextlib.suppress(ConnectionResetError):
                    part = stream.recv(min(_CHUNK, size - len(parts)))
                if not part:
                    raise Killed("it ended")
                parts += part
            elif patience.is_over(seen(self._process.pid), time.monotonic()):
                raise Killed("it did nothing")
        return bytes(parts)

    def close(self) -> None:
        """End it; it is begun anew when it is asked again."""
        process, stream, self._process, self._stream = self._process, self._stream, None, None
        if stream is not None:
            stream.close()
        if process is not None:
            process.kill()
            process.wait()

    def _forget(self) -> None:
        """In a fork of this process: it is not ours."""
        if self._stream is not None:
            self._stream.close()
        if self._process is not None:
            self._process.returncode = 0  # so that nobody waits for it
        self._process = self._stream = None
        self._free = threading.Lock()


def serve(descriptor: int, work: Callable[[bytes], bytes]) -> None:
    """The process's life: answers until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    with socket.socket(fileno=descriptor) as stream, stream.makefile("rb") as incoming:
        stream.sendall(b"\0")
        while True:
            head = incoming.read(_ASK.size)
            if len(head) < _ASK.size:
                return
            length, seconds = _ASK.unpack(head)
            with contextlib.suppress(ValueError, OSError):  # more than the user's own limit
                resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), most))
            stream.sendall(_answered(work, incoming.read(length)))


def _answered(work: Callable[[bytes], bytes], asked: bytes) -> bytes:
    try:
        answer, good = work(asked), True
    except Exception as error:
        answer, good = f"{type(error).__name__}: {error}".encode("utf-8", "replace"), False
    return _ANSWER.pack(len(answer), good) + answer
