"""How a running ``watch`` looks: a screen that is drawn over and over on a terminal, log lines elsewhere.

Both are shown :class:`~ray_lineage.runtime.status.Status` objects and nothing else, so that ``ray_lineage status`` in another
terminal looks the same.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from ray_lineage.logs import fields, held_back, one_line
from ray_lineage.runtime.status import FileEvent, Lane, Status

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

REFRESH_SECONDS: Final = 0.25
_SHOWN_FILES: Final = 5
_SHOWN_ERRORS: Final = 3
_MOST_LANES: Final = 64
_NAME: Final = 10  # width of the names at the left
_PROGRESS_SECONDS: Final = 10.0
_PHASES: Final = {"starting": "cyan", "ingesting": "cyan", "following": "green", "draining": "yellow", "stopped": "red"}
_LANES: Final = {"busy": "green", "idle": "dim", "starting": "cyan", "restarting": "yellow", "lost": "red"}
_BAD: Final = frozenset({"unreadable", "quarantined", "dead letter"})

logger = logging.getLogger("ray_lineage.watch")


def render(status: Status, now: float, width: int, height: int = 1_000, hints: str = "") -> list[Text]:
    """The picture of a moment: at most ``height`` lines of at most ``width`` cells. ``now`` is Unix time."""
    top = [*_header(status, now), *_figures(status, now)]
    files = _files(status, now, width)
    errors = _errors(status, now)
    foot = [_line("", hints, "dim")] if hints else []
    room = height - len(top) - len(files) - len(errors) - len(foot)
    out = [*top, *_lanes(status.lanes, room, width), *files, *errors]
    out = [*out[: height - len(foot)], *foot]
    for line in out:
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
    return out


def _line(name: str, text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(f"{name:<{_NAME}}", style="bold").append(one_line(text), style=style)


def _header(status: Status, now: float) -> list[Text]:
    from rich.text import Text

    head = Text(one_line(status.project), style="bold").append("  ")
    head.append(status.phase, style=f"bold {_PHASES.get(status.phase, '')}")
    head.append(f"  up {duration(now - status.started_at)}  ")
    head.append(f"lag {duration(status.lag_seconds)}", style="yellow" if status.lag_seconds > 60 else "")
    if now - status.written_at > 10 and status.written_at:
        head.append(f"  (as of {duration(now - status.written_at)} ago)", style="yellow")
    where = f"{status.store}  ({status.executor or 'in process'}, process {status.pid})"
    more = [_line("dashboard", status.dashboard)] if status.dashboard else []
    return [head, _line("store", where), *(_line("folder", r) for r in status.roots[:2]), *more]


def _figures(status: Status, now: float) -> list[Text]:
    metric = status.metrics.get
    waiting = "  ".join(f"{name} {n:,}" for name, n in status.waiting.items()) or "nothing"
    out = [
        _line("waiting", f"{waiting}   in flight {status.in_flight:,}   known {status.files:,}"),
        _line(
            "speed",
            f"{status.files_per_second:,.0f} files/s  {status.rows_per_second:,.0f} rows/s"
            f"   settled {_ago(status.settled_at, now)}   reconciled {_ago(status.reconciled_at, now)}",
        ),
        _line("memory", _memory(metric("ray_lineage_in_flight_bytes"), metric("ray_lineage_in_flight_budget_bytes"), status)),
    ]  # fmt: skip
    if status.watcher:
        notes = "".join(f"; {n}" for n in status.watcher_notes)
        out.append(_line("watching", status.watcher + notes, "yellow" if notes else ""))
    if status.admission:
        out.append(_line("waits for" if status.phase == "starting" else "held up", status.admission, "yellow"))
    if status.dead_letters or status.quarantined:
        letters = f"{status.dead_letters:,} dead letter{'s' if status.dead_letters != 1 else ''}"
        text = f"{letters}, {status.quarantined:,} quarantined: `ray_lineage failures` says why"
        out.append(_line("failed", text, "red"))
    return out


def _memory(in_flight: float | None, budget: float | None, status: Status) -> str:
    parts = [f"in flight {(in_flight or 0) / 1e6:,.1f}" + (f" of {budget / 1e6:,.0f} MB" if budget else " MB")]
    start = 'ray_lineage_node_memory_share{node="'
    shares = [(k[len(start) : -2], v) for k, v in status.metrics.items() if k.startswith(start)]
    parts.extend(f"{node} {100 * share:.0f} %" for node, share in sorted(shares, key=lambda s: -s[1])[:4])
    if len(shares) > 4:
        parts.append(f"and {len(shares) - 4} more nodes")
    return "   ".join(parts)


def _lanes(lanes: Sequence[Lane], room: int, width: int) -> list[Text]:
    """Busy ones first, the longest at their file first; as many as there is room for."""
    if not lanes or room < 1:
        return []
    busy = sum(lane.state == "busy" for lane in lanes)
    out = [_line("lanes", f"{busy} of {len(lanes)} busy", "bold")]
    if room < 3:
        return out
    ordered = sorted(lanes, key=lambda lane: (lane.state in ("idle", "starting"), -lane.seconds, lane.name))
    most = min(room - 1, _MOST_LANES)
    shown = ordered if len(ordered) <= most else ordered[: most - 1]
    for lane in shown:
        line = _line("", f"{lane.name[:14]:<14} ").append(f"{lane.state:<10}", style=_LANES.get(lane.state, ""))
        if lane.file:
            line.append(f"{duration(lane.seconds):>8}  {tail(lane.file, width - _NAME - 35)}")
        out.append(line)
    if len(shown) < len(ordered):
        out.append(_line("", f"and {len(ordered) - len(shown)} more", "dim"))
    return out


def _files(status: Status, now: float, width: int) -> list[Text]:
    if not status.last_files:
        return []
    out = [_line("files", "last ones first", "bold")]
    for event in reversed(status.last_files[-_SHOWN_FILES:]):
        line = _line("", f"{_ago(event.at, now):<14} ")
        line.append(f"{event.what[:11]:<11}", style="red" if event.what in _BAD else "green")
        line.append(f"{'' if event.latency is None else duration(event.latency):>8} ")
        out.append(line.append(tail(event.path, width - _NAME - 35)))
    return out


def _errors(status: Status, now: float) -> list[Text]:
    if not status.errors:
        return []
    out = [_line("errors", "last ones first", "bold")]
    for error in reversed(status.errors[-_SHOWN_ERRORS:]):
        where = f" ({error.where})" if error.where else ""
        out.append(
            _line("", f"{_ago(error.at, now):<14} ").append(f"{error.code} {one_line(error.message + where)}", "red")
        )
    return out


def duration(seconds: float) -> str:
    """A duration as people say it: ``0.2 s``, ``12 s``, ``3 min``, ``2 h 05 min``, ``4 d 1 h``."""
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def _ago(at: float, now: float) -> str:
    return f"{duration(now - at)} ago" if at else "not yet"


def tail(text: str, width: int) -> str:
    """The end of a path, in at most ``width`` cells of a terminal."""
    from rich.cells import cell_len

    text = one_line(text)
    if cell_len(text) <= width:
        return text
    text = text[-max(1, width) :]
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}" if width > 0 else ""


# --------------------------------------------------------------------------- the two views


class LogView:
    """One log line an event. Events that come and go between two calls are not seen."""

    def __init__(self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        logger.setLevel(logging.ERROR if quiet else logging.INFO)
        self._clock = clock
        self._before: Status | None = None
        self._progress = float("-inf")

    def __enter__(self) -> LogView:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def key(self) -> str:
        """No keys are read here."""
        return ""

    def show(self, status: Status) -> None:
        """Log what is new since the last call."""
        before, now = self._before, self._clock()
        if before is None or before.phase != status.phase:
            extra = fields(project=status.project, store=status.store, files=status.files, pid=status.pid)
            logger.info("watch is %s", status.phase, extra=extra)
        for note in _new(status.watcher_notes, before.watcher_notes if before else []):
            logger.warning("watching: %s", note)
        for event in _new(status.last_files, before.last_files if before else []):
            _log_file(event)
        for error in _new(status.errors, before.errors if before else []):
            logger.error("%s", error.message, extra=fields(code=error.code, where=error.where or None))
        if status.admission != (before.admission if before else ""):
            logger.warning("held up: %s", status.admission) if status.admission else logger.info("goes on")
        if status.settled_at and (before is None or status.settled_at != before.settled_at) and status.at_rest:
            logger.info("the graph equals the files", extra=fields(files=status.files))
        if (status.in_flight or any(status.waiting.values())) and now - self._progress >= _PROGRESS_SECONDS:
            self._progress = now
            extra = fields(in_flight=status.in_flight, files_per_second=round(status.files_per_second, 1))
            logger.info("waiting: %s", " ".join(f"{k}={n}" for k, n in status.waiting.items()) or "none", extra=extra)
        self._before = status


def _new(now: Sequence[Any], before: Sequence[Any]) -> list[Any]:
    known = set(before)
    return [item for item in now if item not in known]


def _log_file(event: FileEvent) -> None:
    level = logging.WARNING if event.what in _BAD else logging.INFO
    latency = None if event.latency is None else round(event.latency, 3)
    logger.log(level, "%s", event.what, extra=fields(file=event.path, latency=latency))


class LiveView:
    """The screen. Log lines wait until it is left, so that nothing is written over it."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.time, hints: str = "") -> None:
        """``hints`` stands at the foot instead of the keys of the job itself."""
        self._console = console
        self._hints = hints
        self._clock = clock
        self._stack = contextlib.ExitStack()
        self._keys = Keys()
        self._live: Any = None
        self._drawn = float("-inf")
        self._status: Status | None = None

    def __enter__(self) -> LiveView:
        from rich.live import Live

        self._stack.enter_context(held_back())
        self._stack.enter_context(self._keys)
        live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._live = self._stack.enter_context(live)
        return self

    def __exit__(self, *_: object) -> None:
        self._live = None
        with contextlib.suppress(OSError):  # the terminal was closed
            self._stack.close()
            if self._status is not None:
                lines = [*_header(self._status, self._clock())[:2], *_errors(self._status, self._clock())]
                self._console.print(*lines, sep="\n")

    def key(self) -> str:
        """A key that was pressed since the last call, empty if none."""
        return self._keys.pressed()

    def show(self, status: Status) -> None:
        """Draw; at most four times a second, but a new phase at once."""
        changed = self._status is None or self._status.phase != status.phase
        self._status = status
        now = self._clock()
        if self._live is not None and (changed or abs(now - self._drawn) >= REFRESH_SECONDS):
            self._drawn = now
            with contextlib.suppress(OSError):  # the terminal was closed: what draws must not end the job
                self._live.update(self.picture(status), refresh=True)

    def picture(self, status: Status) -> Any:
        """What is drawn, in the size that the terminal has now."""
        from rich.console import Group

        size = self._console.size
        return Group(*render(status, self._clock(), size.width, size.height, self._hints or _hints(status)))


def _hints(status: Status) -> str:
    if status.phase in ("draining", "stopped"):
        return "finishing what is in flight; Ctrl-C again stops at once, which loses nothing"
    return f"q, Ctrl-C: finish and stop   f, kill -USR1 {status.pid}: look now"


class Keys:
    """Single keys of the terminal, without waiting. Off a terminal, and in the background, there are none."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def __enter__(self) -> Keys:
        import termios
        import tty

        with contextlib.suppress(OSError, termios.error, ValueError):
            handle = sys.stdin.fileno()
            if sys.stdin.isatty() and os.tcgetpgrp(handle) == os.getpgrp():
                self._before = termios.tcgetattr(handle)
                tty.setcbreak(handle, termios.TCSANOW)
        return self

    def __exit__(self, *_: object) -> None:
        import termios

        if self._before is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._before)
            self._before = None

    def pressed(self) -> str:
        """One key (a letter in lower case), or empty."""
        if self._before is None:
            return ""
        with contextlib.suppress(OSError):
            handle = sys.stdin.fileno()
            if os.tcgetpgrp(handle) == os.getpgrp() and select.select([handle], [], [], 0)[0]:
                return os.read(handle, 1).decode("ascii", "ignore").lower()
        return ""


def open_view(*, quiet: bool, plain: bool) -> LiveView | LogView:
    """The view for where standard error goes. ``plain``: lines even on a terminal."""
    from ray_lineage.cli.output import console

    out: Console = console(stderr=True)
    if quiet or plain or not out.is_terminal or out.is_dumb_terminal:
        return LogView(quiet=quiet)
    return LiveView(out)
