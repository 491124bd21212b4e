"""Every command that the pages show exists, with the options that they give it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from ray_lineage.cli.main import _globals_first, app
from tests.environment import PROJECT

PAGES = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/lumen_books/README.md")),
    *sorted((PROJECT / "docs").glob("*.md")),
    *(PROJECT / "docs" / "monitoring").glob("*.yml"),
]
ROOT: Any = typer.main.get_command(app)
CONTEXT = ROOT.make_context("ray_lineage", [], resilient_parsing=True)
_COMMAND = re.compile(r"(?:^|[\s/`$(])(?:ray_lineage|\$RL) ((?:(?!\s#|`|\||;|\)|\\\n| in |$).)+)", re.MULTILINE)


def shown() -> Iterator[tuple[str, str]]:
    """Page and arguments of each command in blocks of shell and in spans of code."""
    for page in PAGES:
        text = page.read_text("utf-8")
        blocks = re.findall(r"```(?:bash|sh|yaml)\n(.*?)```", text, re.DOTALL)
        spans = re.findall(r"`(ray_lineage [^`\n]+(?:\n[^`\n]+)?)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        for found in (*blocks, *(" ".join(span.split()) for span in spans)):
            yield from ((page.name, match.strip()) for match in _COMMAND.findall(found))


SHOWN = sorted(set(shown()))


def test_many_are_found() -> None:
    assert len(SHOWN) > 60


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=lambda value: str(value)[:50])
def test_it_exists(page: str, line: str) -> None:
    words = _globals_first(shlex.split(line.replace("...", ""), comments=True))
    own = {name for p in ROOT.get_params(CONTEXT) for name in (*p.opts, *p.secondary_opts)}
    command, context = ROOT, CONTEXT
    while words and words[0].startswith("-"):
        assert words[0] in own
        words = (
            words[1:]
            if words[0] in {"-q", "-v", "-vv", "--quiet", "--verbose", "--version", "--no-progress"}
            else words[2:]
        )
    while words and hasattr(command, "list_commands") and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, words[0]
        command, words = found, words[1:]
    known = (
        {name for p in command.get_params(context) for name in (*p.opts, *p.secondary_opts)} | {"-h", "--help"} | own
    )
    assert [w for w in words if w.startswith("-") and len(w) > 1 and w.partition("=")[0] not in known] == []
