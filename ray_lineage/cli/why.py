"""``ray_lineage why`` and ``ray_lineage path``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ray_lineage.cli.answers import Json, Places, asked
from ray_lineage.cli.output import invocation, print_json, styled, visible, write_line
from ray_lineage.counting import counting
from ray_lineage.errors import ExitCode

if TYPE_CHECKING:
    from ray_lineage.graph.store import GraphStore
    from ray_lineage.query.walk import Step
    from ray_lineage.query.why import Evidence, Path, Why

_From = Annotated[str, typer.Argument(metavar="SOURCE", help="A dataset, or a column of one.")]
_To = Annotated[str, typer.Argument(metavar="TARGET", help="What depends on it.")]


def why(source: _From, target: _To, as_json: Json = False) -> int:
    """Why TARGET depends on SOURCE at first hand: the statements, their lines, and what is not certain. Exit 1: it does not."""
    from ray_lineage.query.why import path as way
    from ray_lineage.query.why import why as ask

    with asked() as (store, project):
        found = ask(store, source, target, project)
        places = Places(store, found.project)
        further = None if found.evidence else way(store, source, target, project)
    if as_json:
        print_json(found)
    else:
        for number, one in enumerate(found.evidence):
            if number:
                write_line()
            _show(one, found, places)
        if found.evidence:
            write_line()
        write_line(styled(_told(found, further), "dim"))
    return int(ExitCode.OK if found.evidence else ExitCode.FINDINGS)


def path(source: _From, target: _To, as_json: Json = False) -> int:
    """A shortest way on which TARGET depends on SOURCE. Exit 1: there is none."""
    from ray_lineage.query.why import path as ask

    with asked() as (store, project):
        found = ask(store, source, target, project)
        places = Places(store, found.project)
        kept = [_hop(store, project, step) for step in found.steps]
    if as_json:
        print_json(found)
        return int(ExitCode.OK if found.steps else ExitCode.FINDINGS)
    if not found.steps:
        write_line(styled(_no_way(found)))
        return int(ExitCode.FINDINGS)
    write_line(styled(found.said(found.names[0]), "bold"))
    for step, expression in zip(found.steps, kept, strict=True):
        marks = ", ".join(m for m in (step.how, "possible" if step.certainty == "possible" else "", expression) if m)
        write_line(
            f"{'~' if step.shapes else '-'}> {visible(found.said(step.target))}",
            styled(f"  {marks}" if marks else "", "yellow"),
            styled(f"  {places(step.file, step.line)}", "dim"),
        )
    others = f", and {counting(found.others, 'other')} as short" if found.others else ""
    write_line()
    write_line(styled(f"{counting(len(found.steps), 'step')}{others}", "dim"))
    return int(ExitCode.OK)


def _hop(store: GraphStore, project: str | None, step: Step) -> str:
    """The expression of a step, if it has one."""
    from ray_lineage.query.why import why as ask

    if not step.how or step.shapes or step.certainty == "possible":
        return ""
    evidence = ask(store, step.source, step.target, project).evidence
    return next((e.expression for e in evidence if (e.file, e.line) == (step.file, step.line)), "")


def _told(found: Why, further: Path | None) -> str:
    if found.evidence:
        return counting(len(found.evidence), "edge")
    if further is not None and further.steps:
        return (
            f"no edge, but a way in {counting(len(further.steps), 'step')}: "
            f"`{invocation()} path {_word(found.said(found.source))} {_word(found.said(found.target))}`"
        )
    return _no_way(further) if further is not None else "no edge"


def _word(name: str) -> str:
    import shlex

    return shlex.quote(name)


def _no_way(found: Path) -> str:
    source, target = found.said(found.source), found.said(found.target)
    said = f"no path from {source} to {target}"
    return f"{said}; {target} is upstream of {source}" if found.reverse else said


def _show(one: Evidence, why: Why, places: Places) -> None:
    from ray_lineage.viewer.excerpts import AROUND, excerpt
    from ray_lineage.viewer.picture import Source

    kinds = ", ".join(k for k in (one.how, one.certainty if one.how else "") if k)
    write_line(
        styled(f"{why.said(one.source)} -> {why.said(one.target)}", "bold"),
        styled(f"  {kinds}" if kinds else "", "yellow"),
    )
    program = f"  in {why.said(one.program)}" if one.program else ""
    place = f"  {places(one.file, one.line)}  {one.kind}{program}"
    write_line(styled(place, "dim"), visible(f"  {one.expression}" if one.expression else ""))
    found = excerpt(Source(why.project, one.file, one.sha256), places.root, one.line)
    width = len(str(one.line + AROUND))
    for number, text in found.lines:
        mark = ">" if number == one.line else " "
        write_line(styled(f"  {mark} {number:>{width}} | {text}", "bold" if mark == ">" else ""))
    if found.note:
        write_line(styled(f"    {found.note}: {one.sql}", "dim"))
    if one.candidates:
        write_line(styled(f"  the column may also be one of: {', '.join(map(why.said, one.candidates))}", "yellow"))
    for d in one.diagnostics:
        write_line(styled(f"  {places(d.path, d.line)}  {d.code} {d.message}", "yellow"))
