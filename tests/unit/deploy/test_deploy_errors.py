"""The lists of codes say what the code says: errors of runs in errors.md, diagnostics of files in lineage-semantics.md."""

from __future__ import annotations

import re

import pytest

from tests.environment import PROJECT

_CODE = re.compile(r"RL\d{3}")
_SPAN = re.compile(r"RL(\d{3}) - RL(\d{3})")


def in_code() -> set[str]:
    sources = [*(PROJECT / "ray_lineage").rglob("*.py"), *(PROJECT / "jobs").glob("*.py")]
    return {code for path in sources for code in _CODE.findall(path.read_text("utf-8"))}


def in_table(page: str) -> set[str]:
    """Codes of the first cells of its tables; ``RL210 - RL214`` means all five."""
    lines = (PROJECT / "docs" / page).read_text("utf-8").splitlines()
    cells = " ".join(line.split("|")[1] for line in lines if line.startswith("| RL"))
    spans = {f"RL{n:03}" for first, last in _SPAN.findall(cells) for n in range(int(first), int(last) + 1)}
    return spans | set(_CODE.findall(cells))


@pytest.mark.parametrize(("page", "ends_a_run"), [("errors.md", True), ("lineage-semantics.md", False)])
def test_every_code_is_on_its_page_and_no_other(page: str, ends_a_run: bool) -> None:
    assert in_table(page) == {code for code in in_code() if code.startswith("RL2") == ends_a_run}
