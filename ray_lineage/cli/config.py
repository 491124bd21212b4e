"""``ray_lineage config show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ray_lineage.cli.output import console, print_json, settings, visible
from ray_lineage.logs import redact

app = typer.Typer(help="Settings.", no_args_is_help=True)


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """The effective settings, and where each comes from. Secrets are starred."""
    loaded = settings()
    rows: dict[str, dict[str, Any]] = {}
    for name in type(loaded.settings).model_fields:
        value = getattr(loaded.settings, name)
        if name == "neo4j_password":
            value = "***" if value is not None else None
        elif name == "folders":
            value = [f.model_dump(exclude_none=True) for f in value]
        elif isinstance(value, str):
            value = redact(value)  # the address of a server may hold a password, too
        origin = loaded.origins.get(name, "default")
        rows[name] = {"value": value, "origin": origin}
    if as_json:
        print_json({"schema": 1, "file": loaded.file, "settings": rows})
        return
    from rich.table import Table

    table = Table(box=None)
    for heading in ("setting", "value", "origin"):
        table.add_column(heading)
    for name, row in rows.items():
        table.add_row(name, visible(row["value"] if row["value"] is not None else "-"), visible(row["origin"]))
    console().print(table)
