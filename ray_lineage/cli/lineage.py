"""``ray_lineage upstream`` and ``ray_lineage downstream``."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Optional, cast

import typer

from ray_lineage.cli.answers import Json, Places, asked, is_ascii, said_of_namesakes, width, write
from ray_lineage.cli.output import print_json, styled, visible, write_line, write_table
from ray_lineage.counting import counting
from ray_lineage.errors import UsageError

if TYPE_CHECKING:
    from ray_lineage.graph.store import Direction, GraphStore
    from ray_lineage.query.traced import Traced
    from ray_lineage.query.walk import Level, Walk

_Name = Annotated[
    str,
    typer.Argument(
        metavar="DATASET[.COLUMN]",
        help="In any case; the last parts are enough if they are unique. +NAME, NAME+2: so many steps on that side.",
    ),
]
_Depth = Annotated[Optional[int], typer.Option(min=1, help="How many steps; default: all the way.")]  # noqa: UP045
_Level = Annotated[str, typer.Option(help="table, column or auto (column if a column is named).")]
_Influences = Annotated[
    bool, typer.Option("--influences/--no-influences", help="With what shapes rows: filters, joins, groups (~).")
]
_Ends = Annotated[bool, typer.Option("--ends", help="Only the ends: sources upstream, sinks downstream.")]
_By = Annotated[Optional[str], typer.Option("--by", metavar="schema", help="Counted by schema.")]  # noqa: UP045
_Across = Annotated[
    bool, typer.Option("--across", help="Into all projects of the graph; default: those of `reads_from`.")
]
_All = Annotated[bool, typer.Option("--all", help="All of it on a terminal, too.")]
_Ascii = Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only.")]


def upstream(
    name: _Name,
    depth: _Depth = None,
    level: _Level = "auto",
    influences: _Influences = True,
    ends: _Ends = False,
    by: _By = None,
    across: _Across = False,
    everything: _All = False,
    ascii: _Ascii = False,  # noqa: A002
    as_json: Json = False,
) -> None:
    """Where a dataset or column comes from."""
    _answer(_asked_for(name, "upstream", depth, level, influences), _Form(ends, by, everything, ascii, as_json), across)


def downstream(
    name: _Name,
    depth: _Depth = None,
    level: _Level = "auto",
    influences: _Influences = True,
    ends: _Ends = False,
    by: _By = None,
    across: _Across = False,
    everything: _All = False,
    ascii: _Ascii = False,  # noqa: A002
    as_json: Json = False,
) -> None:
    """What depends on a dataset or column."""
    _answer(
        _asked_for(name, "downstream", depth, level, influences), _Form(ends, by, everything, ascii, as_json), across
    )


class _Form:
    """How an answer is shown."""

    def __init__(self, ends: bool, by: str | None, everything: bool, ascii: bool, as_json: bool) -> None:  # noqa: A002
        if by not in (None, "schema"):
            raise UsageError("RL203", f"--by {by}: there is no such one", help="use --by schema")
        self.ends, self.by, self.as_json = ends, by, as_json
        self.everything = everything or not sys.stdout.isatty()
        self.ascii = ascii or is_ascii()


class _Question:
    def __init__(self, name: str, walks: list[tuple[Direction, int | None]], level: Level, influences: bool) -> None:
        self.name, self.walks, self.level, self.influences = name, walks, level, influences

    def ask(self, store: GraphStore, project: str | None) -> list[Traced]:
        from ray_lineage.query.lineage import traced
        from ray_lineage.query.walk import asked_for

        return [
            traced(store, asked_for(store, self.name, way, depth, self.level, self.influences, project))
            for way, depth in self.walks
        ]


def _asked_for(text: str, direction: Direction, depth: int | None, level: str, influences: bool) -> _Question:
    """A selector's steps count for their side; the other side, if it names one, is walked as well."""
    from ray_lineage.query.select import selector

    if level not in ("auto", "table", "column"):
        raise UsageError("RL203", f"--level {level}: not a level", help="use table, column or auto")
    name, *steps = selector(text)
    sides: dict[Direction, int | None] = {"upstream": steps[0], "downstream": steps[1]}
    walks: list[tuple[Direction, int | None]] = [(direction, sides[direction] or depth)]
    walks += [(way, steps) for way, steps in sides.items() if way != direction and steps != 0]
    return _Question(name, walks, cast("Level", level), influences)


def _answer(question: _Question, form: _Form, across: bool) -> None:
    from ray_lineage.query.lineage import steadied
    from ray_lineage.query.walk import namesakes, resolve

    with _uncollected(), asked(everyone=across) as (store, project):
        with steadied(store):  # and no longer than it takes to read: who pages through an answer holds nothing
            walks = question.ask(store, project)
            places = Places(store, walks[0].project)
            show = _as_json(walks, form) if form.as_json else _as_text(walks, form, places)
        nothing = not any(found.pairs or found.sections for found in walks)
        alike = namesakes(store, resolve(store, walks[0].root, walks[0].project)) if nothing else []
    show()
    if alike and not form.as_json:
        write_line(styled(said_of_namesakes(alike), "yellow"))


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """An answer is many small objects and no cycles, among which looking for garbage would cost a fifth of its time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _as_json(walks: list[Traced], form: _Form) -> Callable[[], None]:
    said = [_json(found.walk(), form) for found in walks]
    return lambda: print_json(said[0] if len(said) == 1 else said)


def _as_text(walks: list[Traced], form: _Form, places: Places) -> Callable[[], None]:
    parts = [_shown(found, form, places) for found in walks]

    def show() -> None:
        for number, part in enumerate(parts):
            if number:
                write_line()
            part()

    return show


def _json(found: Walk, form: _Form) -> object:
    head = {
        "schema": found.schema,
        "root": found.root,
        "direction": found.direction,
        "level": found.level,
        "cut": found.cut,
    }
    if form.by:
        return {**head, "by_schema": by_schema(found)}
    return {**head, "ends": found.ends, "stopped": found.stopped} if form.ends else found


def _shown(found: Traced, form: _Form, places: Places) -> Callable[[], None]:
    """What writes it, and asks nothing any more."""
    from ray_lineage.cli.tree import LINES, render

    if not (found.pairs or found.sections):
        nothing = _nothing(found)
        return lambda: write_line(styled(nothing))
    if form.by or form.ends:
        walk = found.walk()
        return lambda: _show_schemas(walk) if form.by else _show_ends(walk)
    lines = render(found, width(), None if form.everything else LINES, ascii=form.ascii, place=places)
    return lambda: write(lines, places)


def _nothing(found: Traced) -> str:
    name = found.root_said
    if found.kind in ("Procedure", "Function", "Trigger"):
        return f"{name} ({found.kind.lower()}) {'reads' if found.direction == 'upstream' else 'writes'} nothing that the graph knows"
    return f"{name} {'comes from' if found.direction == 'upstream' else 'feeds'} nothing that the graph knows"


def _show_ends(found: Walk) -> None:
    stopped = set(found.stopped)
    for name in found.ends:
        write_line(styled(found.said(name)), styled("  may go on" if name in stopped else "", "dim"))
    kind = "source" if found.direction == "upstream" else "sink"
    nodes = counting(len(found.nodes), "column" if found.level == "column" else "dataset")
    said = f"{counting(len(found.ends) - len(stopped), kind)} of {nodes} {found.direction}"
    if stopped:
        said += f", and {len(stopped):,} where the walk stopped after {counting(found.depth or 0, 'step')}"
    write_line()
    write_line(styled(f"{said}; {_all_or_not(found)}", "dim"))


def _all_or_not(found: Walk) -> str:
    return "there are more: the farthest are left out" if found.cut else "all shown"


def by_schema(found: Walk) -> list[dict[str, object]]:
    """Schemas with how many nodes of each, and how near the nearest is; the nearest first."""
    groups: dict[str, list[int]] = {}
    for name, distance in found.nodes.items():
        groups.setdefault(_schema(found, name, name), []).append(distance)
    rows = [{"schema": schema, "count": len(at), "nearest": min(at)} for schema, at in groups.items()]
    return sorted(rows, key=lambda r: (r["nearest"], r["schema"]))


def _schema(found: Walk, name: str, written: str) -> str:
    """Of a name of the answer, in a way in which it is written."""
    from ray_lineage.model import split_column, split_text

    column = found.level == "column" and name not in found.datasets
    return ".".join(split_text(split_column(written)[0] if column else written)[:-1])


def _schemas(found: Walk) -> dict[str, str]:
    """Schemas as they are written, of several ways the first."""
    out: dict[str, str] = {}
    for name in found.nodes:
        key, written = (_schema(found, name, way) for way in (name, found.said(name)))
        out[key] = min(out.get(key, written), written)
    return out


def _show_schemas(found: Walk) -> None:
    noun = "columns" if found.level == "column" else "datasets"
    rows = by_schema(found)
    written = _schemas(found)
    shown = [
        (visible(written[str(r["schema"])]) or "(no schema)", f"{r['count']:,}", f"step {r['nearest']}") for r in rows
    ]
    write_table(shown, ("schema", noun, "nearest"))
    write_line()
    total = f"{counting(len(found.nodes), noun[:-1])} {found.direction} in {counting(len(rows), 'schema')}; {_all_or_not(found)}"
    write_line(styled(total, "dim"))
