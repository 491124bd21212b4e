"""What a notebook shows is the page, in a frame that cannot reach it."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

import ray_lineage
from ray_lineage.errors import UsageError
from ray_lineage.graph.sqlite import SqliteStore


def shown(store: SqliteStore, name: str = "", depth: int | None = None) -> str:
    page = ray_lineage.picture(name, depth=depth, store=store.uri, project="one")
    return str(page._repr_html_())


def test_a_frame_holds_the_whole_page(store: SqliteStore, tmp_path: Path) -> None:
    page = ray_lineage.picture("mart.total", depth=1, store=store.uri, project="one")
    frame = page._repr_html_()
    assert frame.count("<") == 2
    assert 'sandbox="allow-scripts"' in frame
    assert "allow-same-origin" not in frame
    found = re.search(r'srcdoc="([^"]*)"', frame)
    assert found is not None
    page.save(tmp_path / "page.html")
    assert html.unescape(found[1]) == (tmp_path / "page.html").read_text()


def test_a_part_is_smaller(store: SqliteStore) -> None:
    assert len(shown(store, "mart.far", 1)) < len(shown(store))


def test_unknown_names_are_errors(store: SqliteStore) -> None:
    with pytest.raises(UsageError):
        shown(store, "nowhere")
