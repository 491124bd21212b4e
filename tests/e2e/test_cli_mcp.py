"""``ray_lineage mcp``, asked by the SDK's own client over standard input and output."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

from ray_lineage.agents import TOOLS
from ray_lineage.query.bounded import MOST_CHARACTERS
from tests.e2e.test_cli_commands import EXAMPLE, run
from tests.environment import environ


async def _ask(folder: Path) -> tuple[list[Any], dict[str, Any]]:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "ray_lineage", "mcp"], env=environ(), cwd=folder
    )
    async with Client(command, read_timeout_seconds=60) as client:
        tools = (await client.list_tools()).tools
        questions = {
            "find": ("find", {"words": "royalty due"}),
            "upstream": ("upstream", {"name": "dw.vEverything.NetEUR", "limit": 3}),
            "path": ("path", {"source": "shop.orderline.quantity", "target": "shop.vorderlineeur.grosseur"}),
            "no path": ("path", {"source": "shop.vorderlineeur.grosseur", "target": "shop.orderline.quantity"}),
            "unknown": ("path", {"source": "shop.ordreline", "target": "dw.factsale"}),
            "diagnostics": ("diagnostics", {"code": "RL102"}),
            "wrong": ("show", {"name": "dw.factsale", "limit": "many"}),
            "stats": ("stats", {}),
            "impact": ("impact", {"names": "shop.author.royaltyrate"}),
            "no git": ("diff", {"base": "--upload-pack=x"}),
        }
        return tools, {key: await client.call_tool(name, arguments) for key, (name, arguments) in questions.items()}


def test_an_agent_asks(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data"))
    assert run(tmp_path, "ingest", "-q").returncode == 0
    tools, answers = asyncio.run(_ask(tmp_path))

    assert {t.name for t in tools} == set(TOOLS)
    assert all(t.annotations.read_only_hint and t.description for t in tools)

    def said(key: str) -> dict[str, Any]:
        assert not answers[key].is_error, answers[key]
        assert len(answers[key].content[0].text) < 2 * MOST_CHARACTERS
        found: dict[str, Any] = answers[key].structured_content
        return found

    assert "mart.v_author_royalties.royalty_due" in {hit["name"] for hit in said("find")["hits"]}
    upstream = said("upstream")
    assert (upstream["cut"], len(upstream["nodes"]), len(upstream["steps"])) == (True, 3, 3)
    assert upstream["total"]["nodes"] > 3
    assert said("path")["connected"]
    assert (said("no path")["connected"], said("no path")["reverse"]) == (False, True)
    assert answers["unknown"].is_error
    assert "RL204" in answers["unknown"].content[0].text
    assert "shop.orderline" in answers["unknown"].content[0].text  # the nearest name
    assert [d["path"].rpartition("/")[2] for d in said("diagnostics")["diagnostics"]] == ["top_authors_2026.sql"]
    assert answers["wrong"].is_error
    assert said("stats")["cut"] is False
    assert "mart.v_author_royalties" in said("impact")["reached"] or "dw.dimtitle" in said("impact")["reached"]
    assert answers["no git"].is_error
    assert "git" in answers["no git"].content[0].text
