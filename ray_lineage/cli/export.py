"""``ray_lineage export``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Optional

import typer

from ray_lineage.cli.output import Globals, print_json, settings, sink, visible, writable
from ray_lineage.errors import UsageError


def export(
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="PATH", help="File (csv: folder) to write; default: stdout.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="jsonl, csv or openlineage.")] = "jsonl",
    namespace: Annotated[
        Optional[str], typer.Option(help="openlineage: namespace of the datasets; default: the project.")  # noqa: UP045
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was written as one JSON object.")] = False,
) -> None:
    """Write the graph as JSON lines, as CSV files or as OpenLineage events."""
    from ray_lineage.graph.open import open_store
    from ray_lineage.query import export as made

    if form not in made.FORMATS:
        raise UsageError("RL203", f"--format {form}: not a format", help=f"use {', '.join(made.FORMATS)}")
    if output is None and (form == "csv" or as_json):
        raise UsageError("RL203", "there is no place to write to", where="--output", help="give -o PATH")
    loaded = settings().settings
    store = open_store(loaded, read_only=True)
    try:
        projects = made.projects_of(store, loaded.project or None)
        with writable(output), store.steady(projects):
            if form == "csv":
                count = made.write_csv(store, projects, str(output))
            else:
                with sink(output) as out:
                    if form == "jsonl":
                        count = made.write_jsonl(store, projects, out)
                    else:
                        count = made.write_openlineage(store, projects, out, datetime.now(UTC), namespace)
    finally:
        store.close()
    if as_json:
        print_json({"schema": 1, "format": form, "output": output, "projects": projects, "count": count})
    elif output is not None and not Globals.quiet:
        sys.stderr.write(
            f"{count:,} {'events' if form == 'openlineage' else 'nodes and edges'} written to {visible(output)}\n"
        )
