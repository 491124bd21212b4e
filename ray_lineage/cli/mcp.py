"""``ray_lineage mcp``."""

from __future__ import annotations

from ray_lineage.cli.output import settings


def mcp() -> None:
    """Answer coding agents on standard input and output (Model Context Protocol), read-only.

    Needs the extra `mcp`. Agents start it themselves: see docs/agents.md.
    """
    from ray_lineage.agents import server

    server(settings().settings).run("stdio")
