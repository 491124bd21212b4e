"""``ray_lineage organize``."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from ray_lineage.cli.output import Globals, print_json, settings, visible, write_line
from ray_lineage.errors import ExitCode, StoreUnavailable


def organize(
    source: Annotated[str, typer.Argument(metavar="SRC", help="Folder of scripts.")],
    destination: Annotated[str, typer.Argument(metavar="DEST", help="Folder for one file per object.")],
    dialect: Annotated[Optional[str], typer.Option(help="Dialect of files that no folder rule speaks for.")] = None,  # noqa: UP045
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as one JSON object.")] = False,
) -> int:
    """Split scripts into one file per object, with a manifest that accounts for every byte. Sources are not changed."""
    from ray_lineage.organize.run import organize as run

    try:
        done = run([source], destination, settings(reads=[source], dialect=dialect).settings)
    except OSError as error:
        raise StoreUnavailable(
            "RL235", f"cannot write below {destination}: {error.strerror}", help="is there space, and permission?"
        ) from None
    if as_json:
        print_json(done)
    elif not Globals.quiet:
        write_line(
            f"{done.sources:,} scripts, {done.objects:,} files: {done.written:,} written, {done.unchanged:,} unchanged, "
            f"{done.removed:,} removed"
        )
        for name in done.kept:
            write_line(f"kept (changed by somebody): {visible(name)}")
        for text in done.skipped:
            write_line(f"not read: {visible(text)}")
    return int(ExitCode.FINDINGS if done.skipped else ExitCode.OK)
