"""Shares on their way into the store: others link while one is being written.

A store takes what it is to write from an iterator, in a thread of its own; linked shares come one after another. Few wait at a
time, so that memory is bounded and whoever links faster than the store writes is held up.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Final

from ray_lineage.graph.store import ApplyResult
from ray_lineage.runtime.linking import Share

WAITING: Final = 4
"""Shares, each of half a megabyte or so."""
_LOOK_SECONDS: Final = 0.2

Write = Callable[[Iterator[Share]], ApplyResult]


class Aborted(Exception):
    """What the store is writing is not wanted any more: it undoes its transaction."""


class Writing:
    """One writing, begun with the object. To be ended by :meth:`finish` or :meth:`abort`."""

    def __init__(self, write: Write) -> None:
        self._queue: queue.Queue[Share | Aborted | None] = queue.Queue(WAITING)
        self._result: ApplyResult | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(write,), name="writing", daemon=True)
        self._thread.start()

    def _run(self, write: Write) -> None:
        try:
            self._result = write(self._shares())
        except BaseException as error:
            self._error = error

    def _shares(self) -> Iterator[Share]:
        while True:
            share = self._queue.get()
            if share is None:
                return
            if isinstance(share, Aborted):
                raise share
            yield share

    def add(self, share: Share) -> None:
        """Hand over a share. Raises what the store raised meanwhile."""
        self._put(share)

    def _put(self, item: Share | Aborted | None) -> None:
        while self._thread.is_alive():
            try:
                self._queue.put(item, timeout=_LOOK_SECONDS)
                return
            except queue.Full:
                continue
        if self._error is not None:
            raise self._error

    def finish(self) -> ApplyResult:
        """Wait until all is written. Raises what the store raised."""
        self._put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def abort(self) -> None:
        """Write nothing more; what was committed stays."""
        if self._error is None and self._result is None:
            try:
                self._put(Aborted())
            except BaseException:
                return
        self._thread.join()
