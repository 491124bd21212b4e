"""``ray_lineage show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ray_lineage.cli.answers import Json, Places, asked, said_of_namesakes
from ray_lineage.cli.output import print_json, styled, visible, write_line, write_table
from ray_lineage.counting import counting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ray_lineage.query.show import Shown, ShownColumn, Use

_HEADINGS = "from, feeds: so many columns at first hand; used to: in so many statements"
_STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}


def show(
    name: Annotated[
        str, typer.Argument(metavar="DATASET", help="A table, view or program; 1+NAME+1: those around it as well.")
    ],
    as_json: Json = False,
) -> None:
    """All of a dataset: columns with types and uses, who writes and reads it, where it is declared, what is said of it."""
    from ray_lineage.query.lineage import selection
    from ray_lineage.query.show import show as ask

    with asked() as (store, project):
        found = [ask(store, one, of) for of, one in selection(store, name, project)]
        places = Places(store, found[0].project)
    found = [_with_owners(shown, places.root) for shown in found]
    if as_json:
        print_json(found[0] if len(found) == 1 else found)
        return
    for number, shown in enumerate(found):
        if number:
            write_line()
        _show(shown, places)


def _with_owners(found: Shown, root: str) -> Shown:
    """As CODEOWNERS names them for the files that declare it."""
    from msgspec.structs import replace

    from ray_lineage.diff.owners import owners_of

    return replace(found, owners=list(owners_of(root, [place.file for place in found.declared]))) if root else found


def _show(found: Shown, places: Places) -> None:
    declared = ", ".join(places(p.file, p.line) for p in found.declared) or "declared nowhere"
    owners = f"  {' '.join(found.owners)}" if found.owners else ""
    write_line(styled(found.said(found.name), "bold"), f"  {found.kind.lower()}  ", styled(declared + owners, "dim"))
    if found.namesakes:
        write_line(styled(said_of_namesakes([found.said(name) for name in found.namesakes]), "yellow"))
    if found.columns:
        write_line()
        write_table([_row(c) for c in found.columns], ("column", "type", "from", "feeds", "used to"))
    _list("written by", _uses(found.writers, found, places))
    _list("read by", _uses(found.readers, found, places))
    for heading in ("reads", "writes", "calls", "called_by", "references"):
        _list(heading.replace("_", " "), [[found.said(name)] for name in getattr(found, heading)])
    if found.diagnostics:
        write_line()
        write_line(styled("diagnostics", "bold"))
    for d in found.diagnostics:
        said = f"{d.code} {d.message}"
        write_line(f"  {visible(places(d.path, d.line))}  ", styled(said, _STYLES[d.severity]))
    write_line()
    write_line(styled(_counted(found), "dim"))
    if found.columns:
        write_line(styled(_HEADINGS, "dim"))


def _row(column: ShownColumn) -> tuple[str, str, str, str, str]:
    uses = ", ".join(f"{use} {n:,}" for use, n in column.uses.items())
    return (column.display or column.name, column.type or "-", f"{column.sources:,}", f"{column.feeds:,}", uses or "-")


def _uses(uses: Sequence[Use], found: Shown, places: Places) -> list[list[str]]:
    """Statements of one kind in one file, which may be thousands of INSERTs, share a line."""
    alike: dict[tuple[str, str, str], list[int]] = {}
    for use in uses:
        alike.setdefault((use.file, use.kind, use.program), []).append(use.line)
    return [
        [
            places(file, lines[0]) + (f" and {len(lines) - 1:,} more" if len(lines) > 1 else ""),
            kind,
            f"in {found.said(program)}" if program else "",
        ]
        for (file, kind, program), lines in alike.items()
    ]


def _list(heading: str, rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    write_line()
    write_line(styled(heading, "bold"))
    write_table([["  " + row[0], *row[1:]] for row in rows])


def _counted(found: Shown) -> str:
    return ", ".join(
        (
            counting(len(found.columns), "column"),
            counting(len(found.writers), "writing statement"),
            counting(len(found.readers), "reading statement"),
        )
    )
