"""Progress of a run: one line on a terminal that moves by itself and is gone at the end; elsewhere a plain line now and then."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from ray_lineage.cli.output import cells, visible
from ray_lineage.logs import held_back

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ray_lineage.runtime.summary import Progress

PLAIN_EVERY: Final = 2.0
"""Seconds between plain lines."""
_REDRAW: Final = 0.2  # seconds
_BAR: Final = 20  # cells
_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_SPINNER: Final = "|/-\\"
_SAID: Final = {"scan": "looking for files", "load": "write"}


def drawn(progress: Progress, seconds: float, width: int, *, ascii: bool = False) -> str:  # noqa: A002
    """The line of a moment, at most ``width`` cells: what goes on, how far it is, since when, and the file at work. Pure."""
    spinner = _ASCII_SPINNER if ascii else _SPINNER
    parts = [spinner[int(seconds / _REDRAW) % len(spinner)], _SAID.get(progress.phase, progress.phase)]
    if progress.total:
        done = min(progress.done, progress.total)
        full = _BAR * done // progress.total
        parts.append(("#" if ascii else "━") * full + ("-" if ascii else "╌") * (_BAR - full))
        parts.append(f"{done:,}/{progress.total:,}")
    elif progress.done:
        parts.append(f"{progress.done:,} files")
    parts.append(f"{int(seconds) // 60}:{int(seconds) % 60:02}")
    line = " ".join(parts)
    detail = visible(progress.detail)
    room = width - cells(line) - 3
    if detail and room > 12:
        line += f"  {detail if cells(detail) <= room else '...' + detail[-(room - 3) // 2 :]}"
    return line if cells(line) <= width else line[:width]


class Display:
    """A context manager; :meth:`update` hears of progress, in the thread that works."""

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden
        self._on_terminal = not hidden and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._ascii = not (sys.stderr.encoding or "").lower().startswith("utf")
        self._began = self._last = time.monotonic()
        self._progress: Progress | None = None
        self._said = ""
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._logs: AbstractContextManager[None] | None = None

    def __enter__(self) -> Display:
        if self._on_terminal:
            self._logs = held_back()  # what is logged would be written into the line
            self._logs.__enter__()
            self._thread = threading.Thread(target=self._move, name="progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(1)
            self._write("\r\033[K")
        if self._logs is not None:
            self._logs.__exit__(None, None, None)

    def update(self, progress: Progress) -> None:
        """What is drawn from now on; the file at work stays until there is another one."""
        self._progress = progress
        if not self._hidden and not self._on_terminal:
            self._say(progress, time.monotonic())

    def _move(self) -> None:
        while not self._over.wait(_REDRAW):
            if self._progress is not None:
                width = shutil.get_terminal_size().columns - 1
                line = drawn(self._progress, time.monotonic() - self._began, width, ascii=self._ascii)
                self._write(f"\r{line}\033[K")

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # the terminal was closed: what draws must not end the run
            self._over.set()

    def _say(self, progress: Progress, now: float) -> None:
        """A run that is over in a moment says nothing, and none says twice where it stands."""
        text = f"{progress.phase}: {progress.done:,} of {progress.total:,} files\n" if progress.done else ""
        if not progress.total and progress.phase not in _SAID:
            text = f"{progress.phase}\n"  # what is waited for
        if text and text != self._said and now - self._last >= PLAIN_EVERY:
            self._said, self._last = text, now
            sys.stderr.write(text)
