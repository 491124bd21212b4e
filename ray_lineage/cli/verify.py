"""``ray_lineage verify``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ray_lineage.cli.output import console, settings, visible
from ray_lineage.errors import ExitCode

if TYPE_CHECKING:
    from ray_lineage.runtime.verify import Verification

_SHOWN = 20


def verify(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="The folders that were ingested.")],
    deep: Annotated[bool, typer.Option("--deep", help="Compare every node and edge, not only fingerprints.")] = False,
    dialect: Annotated[Optional[str], typer.Option(help="As it was given to the ingest or the watch.")] = None,  # noqa: UP045
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on one line.")] = False,
) -> int:
    """Compare the graph with what the files on disk say, all read and compiled anew. Writes nothing; exit 1: different."""
    import msgspec

    from ray_lineage.runtime.verify import verify as compare

    found = compare(settings(dialect=dialect).settings, paths, deep=deep)
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        sys.stdout.flush()
    else:
        _show(found)
    return int(ExitCode.OK if found.equal else ExitCode.FINDINGS)


def _show(found: Verification) -> None:
    from rich.text import Text

    out = console()
    verdict = "the graph equals the files" if found.equal else "the graph differs from the files"
    text = f"{visible(found.project)}: {verdict} ({found.files:,} files, {'deep, ' if found.deep else ''}{found.seconds:.2f} s)"
    out.print(Text(text, style="bold green" if found.equal else "bold red"))
    lists = {
        "missing": found.missing,
        "differing": found.differing,
        "extra": found.extra,
        "unreadable": found.unreadable,
    }
    for name, paths in lists.items():
        for path in paths[:_SHOWN]:
            out.print(Text(f"  {name:<11}", style="yellow"), Text(visible(path)), sep="")
        if found.counts[name] > _SHOWN:
            out.print(Text(f"  {name:<11}and {found.counts[name] - _SHOWN:,} more (--json lists them)", style="dim"))
    for kind, rows in found.rows.items():
        out.print(
            Text(f"  {kind:<11}", style="yellow"),
            Text(f"{rows.missing:,} rows missing, {rows.extra:,} too many"),
            sep="",
        )
        for mark, example in (("-", rows.example_missing), ("+", rows.example_extra)):
            if example:
                out.print(Text(f"    {mark} {visible(example)}", style="dim"))
    if not found.equal:
        again = "`ray_lineage ingest --full` on the same folders writes what they say"
        wait = "a run is writing it, or did not finish: wait for it, or run `ray_lineage ingest` on the same folders"
        out.print(Text(again if found.settled else wait, style="cyan"))
        out.print(
            Text("other settings than those of the ingest (--dialect, --project) look like this, too", style="cyan")
        )
