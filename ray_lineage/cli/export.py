"""``ray_lineage export``."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Annotated, Final, NamedTuple, Optional

import typer

from ray_lineage.cli.output import Globals, print_json, settings, sink, visible, writable
from ray_lineage.errors import UsageError

if TYPE_CHECKING:
    from ray_lineage.graph.store import GraphStore
    from ray_lineage.query.part import Rows
    from ray_lineage.settings import Settings

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
    to: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="URL", help="openlineage: post the events there, with the key of OPENLINEAGE_API_KEY."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was written as one JSON object.")] = False,
) -> None:
    """Write the graph: as a page to look at (html), for other programs (jsonl, csv, parquet, openlineage) or as a drawing
    (mermaid, dot, graphml)."""
    asked = _Asked(form, output, focus, depth, with_sql, namespace, to)
    _check(asked, as_json)
    from ray_lineage.graph.open import open_store
    from ray_lineage.query import export as made

    loaded = settings().settings
    with _Posting(to, loaded) if to is not None else contextlib.nullcontext() as posting:
        store = open_store(loaded, read_only=True)
        try:
            projects = made.projects_of(store, loaded.project or None)
            with writable(output), store.steady(projects):
                count = _write(store, projects, asked, loaded, posting)
        finally:
            store.close()
        if posting is not None:
            posting.send()
    if as_json:
        said = {"schema": 1, "format": form, "output": output, "projects": projects, "count": count}
        print_json(said if posting is None else {**said, "to": str(posting.to)})
    elif (output is not None or posting is not None) and not Globals.quiet:
        did = f"sent to {posting.to}" if posting is not None else f"written to {visible(str(output))}"
        sys.stderr.write(f"{count:,} {_COUNTED.get(form, 'nodes and edges')} {did}\n")


class _Asked(NamedTuple):
    """What is to be written, and where to."""

    form: str
    output: str | None
    focus: str | None
    depth: int | None
    with_sql: bool
    namespace: str | None
    to: str | None


class _Posting:
    """Events are gathered in a file while the graph is read, and sent when that is done: all are of one state of it, and a slow
    receiver holds up nobody who writes it. Raises SettingsError before anything is read."""

    def __init__(self, to: str, loaded: Settings) -> None:
        from ray_lineage.posting import KEY, Sender, receiver

        self.to = receiver(to, "--to", allow_unencrypted=loaded.allow_unencrypted)
        self._sender = Sender(self.to, os.environ.get(KEY))
        self.spool = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with this

    def send(self) -> None:
        """Raises UsageError (RL262), StoreUnavailable (RL263)."""
        self.spool.seek(0)
        self._sender.send(line.rstrip(b"\n") for line in self.spool)

    def __enter__(self) -> _Posting:
        return self

    def __exit__(self, *_: object) -> None:
        self.spool.close()


def _check(asked: _Asked, as_json: bool) -> None:
    form = asked.form
    if form not in (*_ROWS, *_PICTURES):
        raise UsageError("RL203", f"--format {form}: not a format", help=f"use {', '.join((*_ROWS, *_PICTURES))}")
    if asked.to is not None and form != "openlineage":
        raise _says_nothing("--to", form)
    if asked.to is not None and asked.output is not None:
        raise UsageError("RL203", "-o and --to are two places", where="--to", help="leave one of them out")
    if (
        asked.to is None
        and asked.output is None
        and (form in _FOLDERS or as_json or (form == "html" and sys.stdout.isatty()))
    ):
        raise UsageError("RL203", "there is no place to write to", where="--output", help="give -o PATH")
    if asked.with_sql and form != "html":
        raise _says_nothing("--with-sql", form)
    if asked.depth and not asked.focus:
        raise UsageError(
            "RL203", "--depth counts steps from --focus, and there is none", where="--depth", help="give --focus NAME"
        )


def _says_nothing(flag: str, form: str) -> UsageError:
    return UsageError("RL203", f"{flag} says nothing to --format {form}", where=flag, help="leave it out")


def _write(
    store: GraphStore, projects: Sequence[str], asked: _Asked, loaded: Settings, posting: _Posting | None
) -> int:  # fmt: skip
    """Returns how many of what is counted."""
    if asked.form in _PICTURES:
        return _write_picture(store, projects, asked)
    from ray_lineage.query.part import around

    rows: Rows = around(store, projects, asked.focus, asked.depth) if asked.focus else store
    if asked.form != "openlineage":
        return _write_rows(rows, projects, asked)
    from ray_lineage.query.export import write_openlineage

    locations = _locations(store, projects, loaded)
    with sink(asked.output) if posting is None else contextlib.nullcontext(posting.spool) as out:
        return write_openlineage(rows, projects, out, datetime.now(UTC), asked.namespace, locations)


def _write_rows(rows: Rows, projects: Sequence[str], asked: _Asked) -> int:
    from ray_lineage.query import export as made

    if asked.form == "csv":
        return made.write_csv(rows, projects, str(asked.output))
    if asked.form == "parquet":
        from ray_lineage.query.parquet import write_parquet

        return write_parquet(rows, projects, str(asked.output))
    with sink(asked.output) as out:
        return made.write_jsonl(rows, projects, out)


def _locations(store: GraphStore, projects: Sequence[str], loaded: Settings) -> dict[str, dict[str, str]]:
    """By file (id): where it stands at its code host. Of a project whose folder is not here, the current root is looked at: a
    place is said only of what the commit has with the same contents."""
    from ray_lineage.diff.hosted import located
    from ray_lineage.model import file_id

    found: dict[str, dict[str, str]] = {}
    for project in projects:
        state = store.state(project)
        root = state.origin.root if os.path.isdir(state.origin.root) else loaded.root
        hashes = {path: file.sha256 for path, file in state.files.items()}
        try:
            places = located(root, hashes, os.environ, loaded.max_file_size) if root else {}
        except UsageError as error:
            sys.stderr.write(f"warning: events say nothing of git: {error.message}\n")
            continue
        found |= {file_id(project, path): place.said() for path, place in places.items()}
    return found


def _write_picture(store: GraphStore, projects: Sequence[str], asked: _Asked) -> int:
    from ray_lineage.viewer.making import Wanted, write_picture

    with _text_sink(asked.output) as out:
        wanted = Wanted(asked.focus or "", asked.depth, asked.with_sql)
        picture = write_picture(store, projects, asked.form, wanted, out)
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
