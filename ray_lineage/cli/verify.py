"""``ray_lineage verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ray_lineage.cli.output import (
    Paths,
    Root,
    pasted,
    print_json_line,
    sentry_of,
    settings,
    styled,
    visible,
    write_line,
)
from ray_lineage.errors import ExitCode

if TYPE_CHECKING:
    from ray_lineage.runtime.verify import Verification

_SHOWN = 20


def verify(
    paths: Paths = None,
    root: Root = None,
    deep: Annotated[bool, typer.Option("--deep", help="Compare every node and edge, not only fingerprints.")] = False,
    dialect: Annotated[Optional[str], typer.Option(help="As it was given to the ingest or the watch.")] = None,  # noqa: UP045
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on one line.")] = False,
) -> int:
    """Compare the graph with what the files on disk say, all read and compiled anew. Writes nothing; exit 1: different."""
    from ray_lineage.runtime.verify import verify as compare

    loaded = settings(reads=paths or (), root=root, dialect=dialect).settings
    with sentry_of(loaded):
        found = compare(loaded, paths or (), deep=deep)
    if as_json:
        print_json_line(found)
    else:
        _show(found)
    return int(ExitCode.OK if found.equal else ExitCode.FINDINGS)


def _show(found: Verification) -> None:
    verdict = "the graph equals the files" if found.equal else "the graph differs from the files"
    text = f"{found.project}: {verdict} ({found.files:,} files, {'deep, ' if found.deep else ''}{found.seconds:.2f} s)"
    write_line(styled(text, "bold green" if found.equal else "bold red"))
    lists = {
        "missing": found.missing,
        "differing": found.differing,
        "extra": found.extra,
        "unreadable": found.unreadable,
    }
    for name, paths in lists.items():
        for path in paths[:_SHOWN]:
            write_line(styled(f"  {name:<11}", "yellow"), visible(path))
        if found.counts[name] > _SHOWN:
            write_line(styled(f"  {name:<11}and {found.counts[name] - _SHOWN:,} more (--json lists them)", "dim"))
    for kind, rows in found.rows.items():
        write_line(styled(f"  {kind:<11}", "yellow"), f"{rows.missing:,} rows missing, {rows.extra:,} too many")
        for mark, example in (("-", rows.example_missing), ("+", rows.example_extra)):
            if example:
                write_line(styled(f"    {mark} {example}", "dim"))
    if not found.equal:
        again = "were files edited since the last ingest? `ray_lineage ingest` writes what they say now; if it still differs, `ray_lineage ingest --full` does"
        wait = "a run is writing it, or did not finish: wait for it, or run `ray_lineage ingest` on the same folders"
        write_line(styled(pasted(again if found.settled else wait), "cyan"))
        write_line(styled("other settings than those of the ingest (--dialect, --project) look like this, too", "cyan"))
