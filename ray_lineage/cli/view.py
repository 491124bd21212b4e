"""``ray_lineage view``."""

from __future__ import annotations

import html
import os
import secrets
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Annotated, Optional
from urllib.parse import urlencode

import typer

from ray_lineage.cli.output import Globals, settings, visible

if TYPE_CHECKING:
    from ray_lineage.viewer.server import PageServer

_KEPT: float = 20.0
"""Seconds that the file lies there which tells a browser the address."""


def view(
    name: Annotated[Optional[str], typer.Argument(metavar="DATASET[.COLUMN]", help="What to look at first.")] = None,  # noqa: UP045
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen on 127.0.0.1; 0: a free port.")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only print the address; open no browser.")] = False,
) -> None:
    """Look at the lineage in a browser: the page of ``export --format html``, served to this user alone until Ctrl-C."""
    from ray_lineage.viewer.live import LivePicture
    from ray_lineage.viewer.server import PageServer

    shown = LivePicture(settings().settings)
    at, column = shown.named(name) if name else ("", "")
    said = urlencode({key: value for key, value in (("at", at), ("column", column)) if value})
    with PageServer(shown, secrets.token_urlsafe(24), port) as server:
        sys.stdout.write(server.address(said) + "\n")
        sys.stdout.flush()
        if not Globals.quiet:
            sys.stderr.write(f"{visible(shown.title)}: this address is yours alone; Ctrl-C ends it\n")
        timer = None if no_open else open_browser(server, said)
        try:
            server.serve_forever()
        finally:
            if timer is not None and timer.is_alive():
                timer.cancel()
                timer.function()


def open_browser(server: PageServer, said: str) -> threading.Timer:
    """By a file that only this user can read: what a browser is started with, everybody on the machine can. The timer removes it."""
    import webbrowser

    folder = tempfile.mkdtemp(prefix="ray_lineage-view-")
    path = os.path.join(folder, "open.html")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        address = html.escape(server.address(said))
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0;url={address}">\n')

    def remove() -> None:
        os.unlink(path)
        os.rmdir(folder)

    timer = threading.Timer(_KEPT, remove)
    timer.daemon = True
    if not webbrowser.open(f"file://{path}"):
        sys.stderr.write("no browser could be opened: open the address above\n")
    timer.start()
    return timer
