"""SIGINT, SIGTERM and SIGHUP: the first asks for a stop at the next safe point, the second leaves at once.

SIGHUP comes when the terminal is closed; where it is ignored (``nohup``) it stays so. All are safe: every transaction is whole, and the next run sees from the fingerprints what is missing.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from ray_lineage.errors import Interrupted


class StopSignals:
    """Context manager; call :meth:`check` at safe points. With ``flush`` SIGUSR1 sets :attr:`flush`."""

    def __init__(self, *, flush: bool = False) -> None:
        self.received = 0
        self.flush = False
        self._flushes = flush
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        self.install()
        return self

    def install(self) -> None:
        """Take the handlers, again where somebody else took them meanwhile (starting Ray does). A signal seen stays seen."""
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signum == signal.SIGHUP and signal.getsignal(signum) == signal.SIG_IGN:
                    continue
                before = signal.signal(signum, self._on_signal)
                self._before.setdefault(signum, before)
            if self._flushes:
                self._before.setdefault(signal.SIGUSR1, signal.signal(signal.SIGUSR1, self._on_flush))

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if self.received:
            os._exit(128 + signum)
        self.received = signum

    def _on_flush(self, signum: int, frame: FrameType | None) -> None:
        self.flush = True

    def check(self) -> None:
        """Raise Interrupted if a stop was asked for."""
        if self.received:
            raise Interrupted(self.received)
