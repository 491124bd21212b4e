"""``ray_lineage upstream`` and ``ray_lineage downstream``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final, Literal, Optional, cast

import typer

from ray_lineage.cli.output import counting, print_json, settings, styled, write_line
from ray_lineage.errors import UsageError
from ray_lineage.model import INFLUENCE_KINDS, quote_part, split_text

if TYPE_CHECKING:
    from ray_lineage.query.walk import Step, Walk

_GUIDES: Final = ("├── ", "└── ", "│   ", "    ")
_ASCII_GUIDES: Final = ("|-- ", "`-- ", "|   ", "    ")

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
    from ray_lineage.query.projects import known_project
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
            project=known_project(store, loaded.project),
        )
    finally:
        store.close()
    if as_json:
        print_json(found)
        return
    _show(found)
    if influences and found.level == "table":
        write_line(styled("influences are of columns: name one, or add --level column", "yellow"))


def _show(found: Walk) -> None:
    word = "comes from" if found.direction == "upstream" else "feeds"
    if not found.steps:
        write_line(styled(f"{found.root} {word} nothing that the graph knows"))
        return
    children: dict[str, list[Step]] = {}
    shaping: dict[str, list[Step]] = {}
    for step in found.steps:
        near = step.target if found.direction == "upstream" else step.source
        of_dataset = step.how in INFLUENCE_KINDS and found.direction == "upstream"
        (shaping if of_dataset else children).setdefault(near, []).append(step)
    sys.stdout.writelines(f"{line}\n" for line in _tree(found, children, shaping))
    kind = "column" if found.level == "column" else "dataset"
    counted = f"{counting(len(found.nodes), kind)}, {counting(len(found.steps), 'edge')}"
    write_line(styled(counted + (" (cut: too many)" if found.cut else ""), "dim"))


def _tree(found: Walk, children: dict[str, list[Step]], shaping: dict[str, list[Step]]) -> Iterator[str]:
    """Each name's branches are drawn once, where it stands first; further places point there. ``shaping``: by dataset, what
    shapes its rows; that stands below the first of its columns. Lines are whole, whatever the terminal's width. Without
    recursion: chains may be long."""
    fork, last, beside, below = _GUIDES if (sys.stdout.encoding or "").lower().startswith("utf") else _ASCII_GUIDES
    drawn: set[str] = set()
    starts = [found.root] if found.root in children else sorted({n for n in children if found.nodes.get(n) is None})
    starts = starts or [found.root]

    def branches(name: str) -> list[Step]:
        return [*children.get(name, ()), *shaping.pop(_dataset_of(name), ()), *shaping.pop(name, ())]

    if starts != [found.root]:
        yield styled(found.root, "bold")
    for start in starts:
        yield styled(start, "bold")
        drawn.add(start)
        stack = [("", step, i == 0) for i, step in enumerate(reversed(branches(start)))]
        while stack:
            lead, step, is_last = stack.pop()
            far = step.source if found.direction == "upstream" else step.target
            again = far in drawn and bool(children.get(far))
            yield f"{lead}{last if is_last else fork}{_label(far, step, again=again)}"
            if far not in drawn:
                drawn.add(far)
                inner = lead + (below if is_last else beside)
                stack.extend((inner, s, i == 0) for i, s in enumerate(reversed(branches(far))))


def _dataset_of(column: str) -> str:
    return column[: -len(quote_part(split_text(column)[-1])) - 1]


def _label(far: str, step: Step, *, again: bool) -> str:
    how = step.how if step.how and step.how != "identity" else ""
    shapes = how in INFLUENCE_KINDS
    if shapes:
        how = f"{how} of {step.target}"
    marks = ", ".join(m for m in (how, "possible" if step.certainty == "possible" else "") if m)
    place = f"  {step.file}" + (f":{step.line}" if step.line else "") + ("  (see above)" if again else "")
    return (
        ("~ " if shapes else "")
        + styled(far)
        + (styled(f"  {marks}", "yellow") if marks else "")
        + styled(place, "dim")
    )
