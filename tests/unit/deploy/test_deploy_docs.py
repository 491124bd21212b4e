"""The pages say what there is: every module is on the code map; prose is at most 128 columns wide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.environment import PROJECT

PAGES = [PROJECT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")] + sorted(
    (PROJECT / "docs").glob("*.md")
)


def test_every_module_is_on_the_code_map() -> None:
    text = (PROJECT / "ARCHITECTURE.md").read_text("utf-8").partition("## Code map")[2].partition("\n## ")[0]
    rows: dict[str, set[str]] = {}
    for row in text.splitlines():
        if row.startswith("| `"):
            room, *rest = row.split("|")[1:]
            name = re.findall(r"`([^`]+)`", room)[0]
            rows.setdefault(name, set()).update(re.findall(r"`(\w+)`", " ".join(rest)))
    package = PROJECT / "ray_lineage"
    missing = {f"{p.name}" for p in package.glob("[!_]*.py")} - set(rows)
    missing |= {
        str(p.relative_to(package)) for p in package.glob("*/[!_]*.py") if p.stem not in rows[f"{p.parent.name}/"]
    }
    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_prose_is_wrapped(page: Path) -> None:
    lines = page.read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 128 and not line.startswith("|")] == []
