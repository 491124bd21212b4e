"""``ray_lineage watch``."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Annotated, Final, Optional

import typer

from ray_lineage.cli.output import Globals, Paths, Root, WholeProject, sentry_of, settings
from ray_lineage.errors import Interrupted

if TYPE_CHECKING:
    from ray_lineage.runtime.status import Status

_KEYS: Final = {"q": signal.SIGINT, "f": signal.SIGUSR1}


def watch(
    paths: Paths = None,
    root: Root = None,
    whole_project: WholeProject = False,
    realtime: Annotated[bool, typer.Option("--realtime", help="Look at each save at once.")] = False,
    debounce: Annotated[float | None, typer.Option(help="Seconds after the last change.")] = None,
    batch_size_threshold: Annotated[int | None, typer.Option(help="So many changes are looked at, at once.")] = None,
    disable_batching: Annotated[bool, typer.Option("--disable-batching", help="Each change by itself.")] = False,
    no_initial: Annotated[
        bool, typer.Option("--no-initial", help="Leave existing files as the graph has them until they change.")
    ] = False,
    retry_quarantined: Annotated[
        bool, typer.Option("--retry-quarantined", help="Read files again that failed or were set aside.")
    ] = False,
    wait_for_folders: Annotated[
        bool, typer.Option("--wait-for-folders", help="A PATH that is not there yet may come: a late mount.")
    ] = False,
    poll: Annotated[bool | None, typer.Option("--poll/--no-poll", help="Poll instead of listening.")] = None,
    rescan: Annotated[float | None, typer.Option(help="Seconds between comparisons of everything.")] = None,
    executor: Annotated[Optional[str], typer.Option(help="auto, local or ray.")] = None,  # noqa: UP045
    workers: Annotated[
        int | None, typer.Option(help="Child processes, or parse actors on Ray; 0: all in this process.")
    ] = None,
    min_workers: Annotated[int | None, typer.Option(help="The pool never shrinks below.")] = None,
    max_workers: Annotated[int | None, typer.Option(help="The pool never grows above.")] = None,
    ray_address: Annotated[Optional[str], typer.Option(help="A running Ray cluster.")] = None,  # noqa: UP045
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="With --executor ray: start a Ray of its own with its dashboard.")
    ] = False,
    dialect: Annotated[Optional[str], typer.Option(help="Dialect of all files that no folder rule speaks for.")] = None,  # noqa: UP045
    organize_to: Annotated[
        str | None, typer.Option(metavar="DEST", help="Also keep the organizer's output here.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Without Ray: serve metrics for Prometheus on 127.0.0.1.")
    ] = None,
    max_delete_percent: Annotated[
        int | None, typer.Option(help="Share of a project's files that may vanish at once.")
    ] = None,
) -> int:
    """Ingest what is below PATH, then follow every change until Ctrl-C."""
    loaded = settings(
        reads=paths or (),
        root=root,
        executor=executor, ingest_workers=workers, min_workers=min_workers, max_workers=max_workers, ray_address=ray_address, dashboard=dashboard or None,
        dialect=dialect, debounce_window_seconds=0.0 if realtime else debounce, batch_size_threshold=batch_size_threshold,
        enable_batching=False if disable_batching else None, poll=poll, rescan_seconds=rescan, organize_to=organize_to,
        max_delete_percent=max_delete_percent, metrics_port=metrics_port,
    )  # fmt: skip
    from ray_lineage.cli.live import open_view
    from ray_lineage.runtime.watch import watch as run

    with (
        sentry_of(loaded.settings),
        open_view(quiet=Globals.quiet, plain=Globals.no_progress) as view,
    ):

        def look(status: Status) -> None:
            view.show(status)
            key = view.key()
            if key in _KEYS:
                os.kill(os.getpid(), _KEYS[key])

        try:
            run(
                loaded.settings, paths or (), look, initial=not no_initial, retry=retry_quarantined, whole=whole_project,
                wait_for_folders=wait_for_folders,
            )  # fmt: skip
        except Interrupted as stop:  # how a watch ends
            return int(stop.exit_code)
    return 0
