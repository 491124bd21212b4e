"""The reference pages are made from the code, and are those of the code that is there."""

from __future__ import annotations

import pytest

from ray_lineage.cli.reference import pages
from tests.environment import PROJECT

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_of_this_code(name: str) -> None:
    page = PROJECT / "docs" / "reference" / name
    assert page.read_text("utf-8") == PAGES[name], "run `python -m ray_lineage.cli.reference docs/reference`"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_without_words(name: str) -> None:
    rows = [line for line in PAGES[name].splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert [row for row in rows if row.endswith("|  |")] == []
