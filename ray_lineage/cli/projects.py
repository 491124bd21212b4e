"""``ray_lineage projects list|show|forget|rename``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ray_lineage.cli.commands import Command, Group
from ray_lineage.cli.output import local_settings, print_json, settings, styled, visible, write_line, write_table
from ray_lineage.errors import UsageError

if TYPE_CHECKING:
    from ray_lineage.graph.store import ProjectInfo
    from ray_lineage.settings import Settings

app = typer.Typer(
    cls=Group,
    help="The projects in the graph: where each was read from; forget one, or give it another name.",
    add_completion=False,
    rich_markup_mode=None,
)
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="A project, as `projects list` names it.")]


@app.callback(invoke_without_command=True)
def _all(context: typer.Context) -> None:
    """Without a command: the list."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list", cls=Command)
def list_(as_json: _Json = False) -> None:
    """Name, root, host, time of the last ingest and number of files of each."""
    from ray_lineage.query.projects import list_projects

    found = list_projects(settings().settings)
    if as_json:
        print_json({"schema": 1, "projects": [_row(project) for project in found]})
        return
    rows = [(p.name, f"{p.files:,}", p.origin.at or "-", p.origin.root or "-", p.origin.host or "-") for p in found]
    if rows:
        write_table(rows, ("project", "files", "last ingest", "root", "host"))
    else:
        write_line(styled("the graph holds no project"))


@app.command(cls=Command)
def show(name: _Name, as_json: _Json = False) -> None:
    """One project, with what the graph holds of it."""
    from ray_lineage.graph.open import open_store
    from ray_lineage.query.projects import known_project

    store = open_store(settings().settings, read_only=True)
    try:
        known_project(store, name)
        row = next(_row(p) for p in store.project_infos() if p.name == name)
        row["rows"] = {kind: count for kind, count in store.counts(name).items() if count}
        row["settled"] = bool(store.digest(name))
    finally:
        store.close()
    if as_json:
        print_json({"schema": 1, **row})
        return
    counted = ", ".join(f"{count:,} {kind}" for kind, count in row.pop("rows").items())
    write_table([(key.replace("_", " "), "-" if value == "" else value) for key, value in row.items()])
    write_line(visible(counted))


def _row(project: ProjectInfo) -> dict[str, Any]:
    found = project.origin
    return {
        "name": project.name,
        "files": project.files,
        "root": found.root,
        "host": found.host,
        "last_ingest": found.at,
    }


@app.command(cls=Command)
def forget(
    name: _Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Take a project out of the graph. Its files on disk stay as they are."""
    from ray_lineage.query.projects import forget_project, look_for

    loaded = local_settings()
    look_for(loaded, name)  # nobody is asked about what is not there
    if not yes:
        _ask(name)
    with _unwatched(loaded, name):
        forget_project(loaded, name)
    if as_json:
        print_json({"schema": 1, "forgotten": name})
    else:
        write_line(f"project {visible(name)} is no longer in the graph")


@contextlib.contextmanager
def _unwatched(settings: Settings, project: str) -> Iterator[None]:
    """No watch of the project runs here, nor begins meanwhile: it would write the old one anew beside the new one. Raises
    RayLineageError (RL240)."""
    from ray_lineage.runtime.status import StatusFile

    file = StatusFile.of(settings.data_dir, project)
    try:
        if file.path.parent.is_dir():
            file.acquire()
        yield
    finally:
        file.close()


def _ask(name: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("RL203", "nobody is there to be asked", where="projects forget", help="say --yes")
    typer.confirm(f"Take all of project {visible(name)} out of the graph?", abort=True, err=True)


@app.command(cls=Command)
def rename(
    old: _Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    as_json: _Json = False,
) -> None:
    """Give a project another name. Its next ingest, with that name, writes its files again."""
    from ray_lineage.query.projects import rename_project

    loaded = local_settings()
    with _unwatched(loaded, old), _unwatched(loaded, new):
        rename_project(loaded, old, new)
    if as_json:
        print_json({"schema": 1, "renamed": old, "to": new})
    else:
        write_line(
            f"project {visible(old)} is called {visible(new)} now: ingest it with --project {visible(new)}, or from where it was read"
        )
