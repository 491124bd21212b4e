"""``ray_lineage config show``."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ray_lineage.cli.commands import Command, Group
from ray_lineage.cli.output import print_json, settings, write_table
from ray_lineage.errors import RayLineageError
from ray_lineage.logs import redact

if TYPE_CHECKING:
    from ray_lineage.settings import Loaded

app = typer.Typer(cls=Group, help="Settings.", no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Without it, Typer would take the only command for the group."""


def _say_where(loaded: Loaded, rows: dict[str, dict[str, Any]]) -> None:
    """What root and project would be here, where no setting says so. It tells, and never fails."""
    from ray_lineage.runtime.project import located

    with contextlib.suppress(RayLineageError):
        found = located(loaded.settings, []).settings
        for name in ("root", "project"):
            if not rows[name]["value"]:
                rows[name] = {"value": getattr(found, name), "origin": "found for this folder"}


@app.command(cls=Command)
def show(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """The effective settings, and where each comes from. Secrets are starred."""
    from ray_lineage.settings.check import KEYS

    loaded = settings()
    rows: dict[str, dict[str, Any]] = {}
    for name in KEYS:
        value = getattr(loaded.settings, name)
        if name == "neo4j_password":
            value = "***" if value is not None else None
        elif name == "folders":
            value = [f.written() for f in value]
        elif isinstance(value, str):
            value = redact(value)  # the address of a server may hold a password, too
        origin = loaded.origins.get(name, "default")
        rows[name] = {"value": value, "origin": origin}
    _say_where(loaded, rows)
    if as_json:
        print_json({"schema": 1, "file": loaded.file, "settings": rows})
        return
    shown = [
        (name, row["origin"], "-" if row["value"] in (None, "", {}) else row["value"]) for name, row in rows.items()
    ]
    write_table(shown, ("setting", "origin", "value"))
