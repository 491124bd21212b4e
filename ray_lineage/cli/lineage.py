"""``ray_lineage upstream`` and ``ray_lineage downstream``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, cast

import typer

from ray_lineage.cli.output import console, print_json, settings, visible
from ray_lineage.errors import UsageError

if TYPE_CHECKING:
    from ray_lineage.query.walk import Step, Walk

_Name = Annotated[
    str, typer.Argument(metavar="DATASET[.COLUMN]", help="In any case; the last parts are enough if they are unique.")
]
_Depth = Annotated[Optional[int], typer.Option(min=1, help="How many steps; default: all the way.")]  # noqa: UP045
_Level = Annotated[str, typer.Option(help="table, column or auto (column if a column is named).")]
_Influences = Annotated[bool, typer.Option("--influences", help="Also what shapes rows (filters, joins, groups).")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def upstream(
    name: _Name, depth: _Depth = None, level: _Level = "auto", influences: _Influences = False, as_json: _Json = False
) -> None:
    """Where a dataset or column comes from."""
    _answer(name, "upstream", depth, level, influences, as_json)


def downstream(
    name: _Name, depth: _Depth = None, level: _Level = "auto", influences: _Influences = False, as_json: _Json = False
) -> None:
    """What depends on a dataset or column."""
    _answer(name, "downstream", depth, level, influences, as_json)


def _answer(
    name: str,
    direction: Literal["upstream", "downstream"],
    depth: int | None,
    level: str,
    influences: bool,
    as_json: bool,
) -> None:
    if level not in ("auto", "table", "column"):
        raise UsageError("RL203", f"--level {level}: not a level", help="use table, column or auto")
    from ray_lineage.graph.open import open_store
    from ray_lineage.query.walk import walk

    loaded = settings().settings
    store = open_store(loaded, read_only=True)
    try:
        found = walk(
            store,
            name,
            direction,
            depth=depth,
            level=cast(Literal["auto", "table", "column"], level),
            influences=influences,
            project=loaded.project or None,
        )
    finally:
        store.close()
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: Walk) -> None:
    from rich.text import Text
    from rich.tree import Tree

    out = console()
    word = "comes from" if found.direction == "upstream" else "feeds"
    if not found.steps:
        out.print(Text(f"{visible(found.root)} {word} nothing that the graph knows"))
        return
    children: dict[str, list[Step]] = {}
    for step in found.steps:
        near = step.target if found.direction == "upstream" else step.source
        children.setdefault(near, []).append(step)
    tree = Tree(Text(visible(found.root), style="bold"))
    drawn: set[str] = set()
    roots = [found.root] if found.root in children else sorted({n for n in children if found.nodes.get(n) is None})
    for root in roots:
        branch = tree if root == found.root else tree.add(Text(visible(root), style="bold"))
        _grow(branch, root, children, found.direction, drawn)
    out.print(tree)
    counted = f"{len(found.nodes):,} {'columns' if found.level == 'column' else 'datasets'}, {len(found.steps):,} edges"
    out.print(Text(counted + (" (cut: too many)" if found.cut else ""), style="dim"))


def _grow(tree: Any, name: str, children: dict[str, list[Step]], direction: str, drawn: set[str]) -> None:
    """Each name's branches are drawn once; further places point there. Without recursion: chains may be long."""
    from rich.text import Text

    stack = [(tree, name)]
    while stack:
        branch, node = stack.pop()
        if node in drawn:
            continue
        drawn.add(node)
        for step in children.get(node, ()):
            far = step.source if direction == "upstream" else step.target
            label = Text(visible(far))
            how = step.how if step.how and step.how != "identity" else ""
            marks = ", ".join(m for m in (how, "possible" if step.certainty == "possible" else "") if m)
            if marks:
                label.append(f"  {marks}", style="yellow")
            label.append(f"  {visible(step.file)}" + (f":{step.line}" if step.line else ""), style="dim")
            if far in drawn and children.get(far):
                label.append("  (see above)", style="dim")
            stack.append((branch.add(label), far))
