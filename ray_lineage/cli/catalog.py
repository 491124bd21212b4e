"""``ray_lineage catalog pull``."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

import typer

from ray_lineage.cli.commands import Command, Group
from ray_lineage.cli.output import Globals, print_json, sink, writable
from ray_lineage.errors import UsageError
from ray_lineage.logs import hide

_URL: Final = "RAY_LINEAGE_CATALOG_URL"
_SECRETS: Final = frozenset({"password", "passwd", "pwd"})
"""Of an address's query, for drivers that take it there."""

app = typer.Typer(
    cls=Group,
    help="The catalog of a database, which tells columns that no file in a repository declares.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """A group, although it has one command."""


@app.command(cls=Command)
def pull(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help=f"Address of the database, as SQLAlchemy has it; default: {_URL}, which may have a password.",
        ),
    ] = "",
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="File to write; default: stdout.")
    ] = None,
    schemas: Annotated[
        list[str], typer.Option("--schema", metavar="NAME", help="Only this schema; may be repeated.")
    ] = [],  # noqa: B006
    as_json: Annotated[bool, typer.Option("--json", help="Say what was written as one JSON object.")] = False,
) -> None:
    """Write tables, views and columns of a live database into a file that `ingest` reads. Nothing but its catalog is read.

    Needs SQLAlchemy (the extra `catalog`) and the database's driver.
    """
    if as_json and output is None:
        raise UsageError("RL203", "there is no place to write to", where="--output", help="give -o FILE")
    import msgspec

    from ray_lineage.databases import pull as pulled

    found = pulled(_address(url), schemas)
    count = {"datasets": len(found["datasets"]), "columns": sum(len(d["columns"]) for d in found["datasets"])}
    with writable(output), sink(output) as out:
        out.write(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    if as_json:
        print_json({"schema": 1, "output": output, **count})
    elif output is not None and not Globals.quiet:
        sys.stderr.write(f"{count['datasets']:,} datasets with {count['columns']:,} columns written to {output}\n")


def _address(given: str) -> str:
    """Raises UsageError (RL251) for one with a password that everybody on this machine can read, RL203 for none."""
    url = given or os.environ.get(_URL, "")
    if not url:
        raise UsageError("RL203", "there is no address of a database", where="URL", help=f"give it, or set {_URL}")
    try:
        parts = urlsplit(url)
        secrets = [parts.password, *(v for k, vs in parse_qs(parts.query).items() if k.lower() in _SECRETS for v in vs)]
    except ValueError:  # no address, which is said where it is used
        return url
    for secret in filter(None, secrets):
        hide(secret)
        if given:
            raise UsageError(
                "RL251", "a password on the command line can be read by every user of this machine", where="URL",
                help=f"set {_URL} to this address, or leave the password to the driver (PGPASSWORD, ~/.pgpass)",
            )  # fmt: skip
    return url
