"""``ray_lineage doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from ray_lineage.cli.output import console, print_json, settings, visible
from ray_lineage.errors import ExitCode


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> int:
    """Check every part, and say what mends what is wrong."""
    from ray_lineage.query.health import checkup

    checks = checkup(settings())
    failed = any(c.verdict == "FAIL" for c in checks)
    if as_json:
        print_json({"schema": 1, "ok": not failed, "checks": checks})
    else:
        from rich.text import Text

        colours = {"OK": "green", "WARN": "yellow", "FAIL": "red"}
        for check in checks:
            line = Text(f"{check.verdict:<5}", style=colours[check.verdict])
            line.append(f"{check.part:<14}", style="bold")
            line.append(visible(check.message))
            if check.help:
                line.append(f"  -> {visible(check.help)}", style="dim")
            console().print(line)
    return int(ExitCode.FINDINGS if failed else ExitCode.OK)
