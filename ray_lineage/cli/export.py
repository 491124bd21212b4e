"""``ray_lineage export``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Annotated, Final, Optional

import typer

from ray_lineage.cli.output import Globals, print_json, settings, sink, visible, writable
from ray_lineage.errors import UsageError

if TYPE_CHECKING:
    from ray_lineage.graph.store import GraphStore
    from ray_lineage.query.part import Rows

_ROWS: Final = ("jsonl", "csv", "parquet", "openlineage")
_FOLDERS: Final = ("csv", "parquet")
_PICTURES: Final = ("html", "mermaid", "dot", "graphml")
_COUNTED: Final = {"openlineage": "events", **dict.fromkeys(_PICTURES, "tables")}


def export(
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="PATH", help="File (csv, parquet: folder) to write; default: stdout."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help=f"{', '.join((*_ROWS, *_PICTURES[:-1]))} or {_PICTURES[-1]}.")
    ] = "jsonl",
    focus: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="NAME", help="Only what a dataset or column comes from and what it feeds."),
    ] = None,
    depth: Annotated[
        Optional[int], typer.Option(min=1, help="So many steps around --focus; default: all the way.")  # noqa: UP045
    ] = None,
    with_sql: Annotated[
        bool, typer.Option("--with-sql", help="html: with the beginning of each statement, literals as ?.")
    ] = False,
    namespace: Annotated[
        Optional[str], typer.Option(help="openlineage: namespace of the datasets; default: the project.")  # noqa: UP045
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was written as one JSON object.")] = False,
) -> None:
    """Write the graph: as a page to look at (html), for other programs (jsonl, csv, parquet, openlineage) or as a drawing
    (mermaid, dot, graphml)."""
    _check(output, form, focus, depth, with_sql, as_json)
    from ray_lineage.graph.open import open_store
    from ray_lineage.query import export as made

    loaded = settings().settings
    store = open_store(loaded, read_only=True)
    try:
        projects = made.projects_of(store, loaded.project or None)
        with writable(output), store.steady(projects):
            if form in _PICTURES:
                count = _write_picture(store, projects, form, output, focus, depth, with_sql)
            else:
                count = _write_rows(_rows(store, projects, focus, depth), projects, form, output, namespace)
    finally:
        store.close()
    if as_json:
        print_json({"schema": 1, "format": form, "output": output, "projects": projects, "count": count})
    elif output is not None and not Globals.quiet:
        sys.stderr.write(f"{count:,} {_COUNTED.get(form, 'nodes and edges')} written to {visible(output)}\n")


def _check(output: str | None, form: str, focus: str | None, depth: int | None, with_sql: bool, as_json: bool) -> None:
    if form not in (*_ROWS, *_PICTURES):
        raise UsageError("RL203", f"--format {form}: not a format", help=f"use {', '.join((*_ROWS, *_PICTURES))}")
    if output is None and (form in _FOLDERS or as_json or (form == "html" and sys.stdout.isatty())):
        raise UsageError("RL203", "there is no place to write to", where="--output", help="give -o PATH")
    if with_sql and form != "html":
        raise UsageError(
            "RL203", f"--with-sql says nothing to --format {form}", where="--with-sql", help="leave it out"
        )
    if depth and not focus:
        raise UsageError(
            "RL203", "--depth counts steps from --focus, and there is none", where="--depth", help="give --focus NAME"
        )


def _rows(store: GraphStore, projects: Sequence[str], focus: str | None, depth: int | None) -> Rows:
    from ray_lineage.query.part import around

    return around(store, projects, focus, depth) if focus else store


def _write_rows(store: Rows, projects: Sequence[str], form: str, output: str | None, namespace: str | None) -> int:
    from ray_lineage.query import export as made

    if form == "csv":
        return made.write_csv(store, projects, str(output))
    if form == "parquet":
        from ray_lineage.query.parquet import write_parquet

        return write_parquet(store, projects, str(output))
    with sink(output) as out:
        if form == "jsonl":
            return made.write_jsonl(store, projects, out)
        return made.write_openlineage(store, projects, out, datetime.now(UTC), namespace)


def _write_picture(
    store: GraphStore, projects: Sequence[str], form: str, output: str | None, focus: str | None, depth: int | None, with_sql: bool
) -> int:  # fmt: skip
    from ray_lineage.viewer.making import Wanted, write_picture

    with _text_sink(output) as out:
        picture = write_picture(store, projects, form, Wanted(focus or "", depth, with_sql), out)
    return len(picture.tables)


@contextlib.contextmanager
def _text_sink(output: str | None) -> Iterator[IO[bytes]]:
    """Of texts in which nothing is left that a terminal would obey."""
    if output is not None:
        with sink(output) as out:
            yield out
        return
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
