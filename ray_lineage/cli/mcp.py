"""``ray_lineage mcp``."""

from __future__ import annotations

from ray_lineage.cli.output import Globals, settings


def mcp() -> None:
    """Answer coding agents on standard input and output (Model Context Protocol), read-only.

    Needs the extra `mcp`. Agents start it themselves: see docs/agents.md.
    """
    from ray_lineage.agents import server
    from ray_lineage.asking import COMMAND

    given = {"--config": Globals.config_file, "--project": Globals.project, "--store": Globals.store}
    flags = [word for flag, value in given.items() if value is not None for word in (flag, value)]
    server(settings().settings, [*COMMAND, *flags]).run("stdio")
