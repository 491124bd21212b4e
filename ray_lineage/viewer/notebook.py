"""The page in a notebook: ``ray_lineage.picture()``."""

from __future__ import annotations

import html
import os
from pathlib import Path

from ray_lineage.graph.open import open_store
from ray_lineage.query.projects import known_project
from ray_lineage.settings import load_settings
from ray_lineage.viewer.making import Wanted, html_page, part_of

_HEIGHT = 620
"""Pixels of the frame."""


class Page:
    """A page with its data. A notebook shows it in a frame that can reach neither the notebook nor the network."""

    def __init__(self, text: str) -> None:
        self.text = text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as a file. Raises OSError."""
        Path(path).write_text(self.text, "ascii")

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(self.text)}" width="100%" height="{_HEIGHT}" '
            'style="border:0" title="lineage"></iframe>'
        )


def make_page(
    name: str, *, depth: int | None, store: str | None, project: str | None, with_sql: bool
) -> Page:  # fmt: skip
    """See :func:`ray_lineage.picture`."""
    settings = load_settings({"store": store} if store else {}).settings
    opened = open_store(settings, read_only=True)
    try:
        known = known_project(opened, project or settings.project)
        projects = [known] if known is not None else opened.projects()
        with opened.steady(projects):
            part, focus = part_of(opened, projects, Wanted(name, depth))
    finally:
        opened.close()
    return Page(html_page(part, projects, focus, with_sql=with_sql))
