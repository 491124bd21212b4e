"""Pictures of a store as files: which part of it, and in which form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, NamedTuple

from ray_lineage.graph.store import GraphStore
from ray_lineage.viewer.drawings import DRAWINGS
from ray_lineage.viewer.packing import pack
from ray_lineage.viewer.page import page
from ray_lineage.viewer.picture import Focus, Picture, around, find_focus, read_picture


class Wanted(NamedTuple):
    """``name``: what the picture is about, empty for everything; ``depth``: steps around it, None for all the way."""

    name: str = ""
    depth: int | None = None
    with_sql: bool = False


def write_picture(store: GraphStore, projects: Sequence[str], form: str, wanted: Wanted, out: IO[bytes]) -> Picture:
    """``form``: ``html``, or one of ``DRAWINGS``. Returns what was drawn. Raises UsageError (RL204, RL205), StoreUnavailable."""
    picture, focus = part_of(store, projects, wanted)
    if form == "html":
        out.write(html_page(picture, projects, focus, with_sql=wanted.with_sql).encode())
    else:
        out.writelines(f"{line}\n".encode() for line in DRAWINGS[form](picture, focus))
    return picture


def part_of(store: GraphStore, projects: Sequence[str], wanted: Wanted) -> tuple[Picture, Focus | None]:
    """What is to be drawn."""
    picture = read_picture(store, projects)
    if not wanted.name:
        return picture, None
    focus = find_focus(store, picture, wanted.name, projects[0] if len(projects) == 1 else None)
    return around(picture, focus, wanted.depth)


def html_page(picture: Picture, projects: Sequence[str], focus: Focus | None, *, with_sql: bool = False) -> str:
    """The page with its data."""
    title = title_of(projects)
    return page(title, pack(picture, {"title": title, "focus": focus}, with_sql=with_sql))


def title_of(projects: Sequence[str]) -> str:
    """What stands above a picture of them."""
    return "Lineage of " + ", ".join(projects)
