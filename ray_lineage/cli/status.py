"""``ray_lineage status``, ``flush`` and ``failures``: what goes on in a running watch, and what did not work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Final, Optional

import typer

from ray_lineage.cli.output import console, local_settings, print_json, print_json_line, styled, visible, write_line
from ray_lineage.errors import ExitCode, NotRunning, StoreUnavailable, UsageError

if TYPE_CHECKING:
    from ray_lineage.query.failures import Failure
    from ray_lineage.runtime.status import Status
    from ray_lineage.settings import Settings

_POLL_SECONDS: Final = 0.2
_START_SECONDS: Final = 3.0  # that a watch may need to say that it runs
_PLAIN_SECONDS: Final = 2.0


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until it ends.")] = False,
    wait: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(metavar="SECONDS", min=0, help="First wait until every change made so far is in the graph."),
    ] = None,
) -> int:
    """What the running watch of this project does. Exit code 1 if none runs."""
    loaded = local_settings()
    if wait is not None:
        found = _wait(loaded, wait)
    else:
        try:
            found = running(loaded)
        except NotRunning:
            if as_json:
                print_json({"schema": 1, "running": False, "last": _last(loaded)})
                return int(ExitCode.FINDINGS)
            raise
    if watch:
        _watch(loaded, found, as_json=as_json)
    else:
        _print(found, as_json=as_json)
    return int(ExitCode.OK)


def running(loaded: Settings) -> Status:
    """The running job that the settings mean. Raises NotRunning (RL241), or UsageError (RL205) if it could be several."""
    from ray_lineage.runtime.status import StatusFile, list_running

    if loaded.project:
        found = StatusFile.of(loaded.data_dir, loaded.project).read()
        all_found = [found] if found is not None else []
    else:
        all_found = list_running(loaded.data_dir)
    if len(all_found) > 1:
        names = ", ".join(s.project for s in all_found)
        raise UsageError("RL205", f"several projects are watched here: {names}", help="say which with --project NAME")
    if not all_found:
        raise _not_running(loaded)
    return all_found[0]


def _is_running(loaded: Settings) -> bool:
    from ray_lineage.runtime.status import list_running

    return any(not loaded.project or s.project == loaded.project for s in list_running(loaded.data_dir))


def _not_running(loaded: Settings) -> NotRunning:
    from ray_lineage.cli.live import duration

    last = _last(loaded)
    what = f"no watch of {loaded.project} is running" if loaded.project else "no watch is running"
    if last is not None:
        how = "stopped" if last.phase == "stopped" else f"ended without a word while {last.phase}"
        what += f"; that of {last.project} (process {last.pid}) {how}, {duration(time.time() - last.written_at)} ago"
    return NotRunning(
        "RL241", what, where=loaded.data_dir, help="start one with `ray_lineage watch PATH`, which first catches up"
    )


def _last(loaded: Settings) -> Status | None:
    from ray_lineage.runtime.status import StatusFile, list_last

    if loaded.project:
        return StatusFile.of(loaded.data_dir, loaded.project).last()
    return next(iter(list_last(loaded.data_dir)), None)


def job_figures(loaded: Settings) -> dict[str, Any] | None:
    """The metrics of the project's running job, else of the one that ran last; None if none ever ran."""
    from ray_lineage.runtime.status import StatusFile

    last = _last(loaded)
    if last is None:
        return None
    alive = StatusFile.of(loaded.data_dir, last.project).read() is not None
    return {
        "running": alive, "project": last.project, "phase": last.phase, "written_at": last.written_at, "metrics": last.metrics,
    }  # fmt: skip


def _print(found: Status, *, as_json: bool) -> None:
    import msgspec

    if as_json:
        print_json({"schema": 1, "running": True, **msgspec.to_builtins(found)})
        return
    from ray_lineage.cli.live import render

    out = console()
    for line in render(found, time.time(), out.width):
        out.print(line)


def _watch(loaded: Settings, found: Status | None, *, as_json: bool) -> None:
    """Until the job ends. As JSON: one object a line."""
    from ray_lineage.cli.live import LiveView
    from ray_lineage.runtime.status import StatusFile

    assert found is not None
    file = StatusFile.of(loaded.data_dir, found.project)
    out = console()
    if as_json or not out.is_terminal or out.is_dumb_terminal:
        while found is not None:
            _print_line(found) if as_json else _print(found, as_json=False)
            time.sleep(_PLAIN_SECONDS)
            found = file.read()
        return
    with LiveView(out, hints="q: leave this view") as view:
        while found is not None and view.key() != "q":
            view.show(found)
            time.sleep(_POLL_SECONDS)
            found = file.read()


def _print_line(found: Status) -> None:
    import msgspec

    print_json_line({"schema": 1, "running": True, **msgspec.to_builtins(found)})


def _running_soon(loaded: Settings, seconds: float) -> Status:
    """``watch ... & status --wait 60``: one that was started a moment ago may not have said so yet. Raises NotRunning."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return running(loaded)
        except NotRunning:
            if time.monotonic() > deadline:
                raise
        time.sleep(_POLL_SECONDS)


def _wait(loaded: Settings, seconds: float) -> Status:
    """Until the job is at rest and has compared the folders after now. Raises NotRunning (RL241, RL242)."""
    from ray_lineage.runtime.status import StatusFile, ask_to_flush

    began = time.time()
    deadline = time.monotonic() + seconds
    found: Status | None = _running_soon(loaded, min(seconds, _START_SECONDS))
    assert found is not None
    file, pid, asked = StatusFile.of(loaded.data_dir, found.project), found.pid, ""
    while True:
        if found is None or found.pid != pid:
            raise _not_running(loaded)
        if found.at_rest and found.reconcile_began_at >= began and not (found.missing_roots or found.held_back):
            return found
        if asked != found.phase and (not asked or found.phase == "following"):
            ask_to_flush(found)  # again when it begins to follow: it may not have listened before
            asked = found.phase
        if time.monotonic() > deadline:
            waits = sum(found.waiting.values()) + found.in_flight
            raise NotRunning(
                "RL242", f"after {seconds:g} s the watch is {found.phase}, {waits:,} files are not done"
                + "".join(f", {root} cannot be reached" for root in found.missing_roots)
                + (f", {found.held_back:,} that are gone are held back" if found.held_back else "")
                + (f", held up: {found.admission}" if found.admission else ""),
                help="give it longer, or see what it does with `ray_lineage status`",
            )  # fmt: skip
        time.sleep(min(_POLL_SECONDS, seconds))
        found = file.read()


def flush(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Tell the running watch to look now: take the changes that wait, and compare the folders with what it knows."""
    from ray_lineage.runtime.status import ask_to_flush

    found = running(local_settings())
    ask_to_flush(found)
    if as_json:
        print_json({"schema": 1, "project": found.project, "pid": found.pid})
    else:
        write_line(f"asked the watch of {visible(found.project)} (process {found.pid}) to look now")


def failures(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Files that did not make it whole: set aside, refused by the store, given up, unreadable, not understood, skipped."""
    from ray_lineage.query.failures import dead_letters, failed_files, unread_files

    loaded = local_settings()
    found = [*dead_letters(loaded.data_dir, loaded.project), *unread_files(loaded.data_dir, loaded.project)]
    note = ""
    try:
        found += failed_files(loaded)
    except StoreUnavailable as error:
        if not _is_running(loaded):
            raise
        note = f"{error.message}: the watch is writing it; only files that were refused or not read are listed"
    found.sort()
    if as_json:
        print_json({"schema": 1, "failures": found, "note": note})
        return
    _show_failures(found, note)


def _show_failures(found: list[Failure], note: str) -> None:
    for failure in found:
        place = f"{failure.path}:{failure.line}" if failure.line else failure.path
        kind = styled(f"{failure.kind:<12}", "bold red")
        more = f" (and {failure.more:,} more)" if failure.more else ""
        write_line(kind, styled(place, "bold"), f"  {failure.code} {visible(failure.message)}{more}")
        write_line(" " * 12, styled(failure.help, "dim"))
    if not found and not note:
        write_line(styled("no failures", "green"))
    if note:
        write_line(styled(note, "yellow"))
