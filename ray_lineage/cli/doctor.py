"""``ray_lineage doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from ray_lineage.cli.output import print_json, settings, styled, write_line
from ray_lineage.errors import ExitCode


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> int:
    """Check every part, and say what mends what is wrong."""
    from ray_lineage.runtime.health import checkup

    checks = checkup(settings())
    failed = any(c.verdict == "FAIL" for c in checks)
    if as_json:
        print_json({"schema": 1, "ok": not failed, "checks": checks})
    else:
        colours = {"OK": "green", "WARN": "yellow", "FAIL": "red"}
        for check in checks:
            hint = styled(f"  -> {check.help}", "dim") if check.help else ""
            verdict = styled(f"{check.verdict:<5}", colours[check.verdict])
            write_line(verdict, styled(f"{check.part:<14}", "bold"), styled(check.message), hint)
    return int(ExitCode.FINDINGS if failed else ExitCode.OK)
