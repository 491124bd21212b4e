"""``ray_lineage find`` and ``ray_lineage unused``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ray_lineage.cli.answers import Json, Places, asked
from ray_lineage.cli.output import print_json, styled, visible, write_line, write_table
from ray_lineage.counting import counting
from ray_lineage.errors import ExitCode

if TYPE_CHECKING:
    from ray_lineage.graph.store import Unread


def find(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="Parts of the name, in any case.")],
    limit: Annotated[int, typer.Option(min=1, help="So many names.")] = 20,
    as_json: Json = False,
) -> int:
    """Find datasets and columns by parts of their names. Exit 1: nothing is called so, or looks like it."""
    from ray_lineage.query.find import find as search

    with asked() as (store, project):
        found = search(store, words, project, limit)
        places = {hit.project: Places(store, hit.project) for hit in found.hits}
    if as_json:
        print_json(found)
        return int(ExitCode.OK if found.hits else ExitCode.FINDINGS)
    several = len(places) > 1
    rows = [
        (
            f"{hit.project}: {hit.display}" if several else hit.display,
            hit.kind or ("column" if hit.is_column else ""),
            places[hit.project](hit.file, hit.line) if hit.file else "",
        )
        for hit in found.hits
    ]
    if rows:
        write_table(rows)
        write_line()
    what = "" if found.exact else f"nothing holds {visible(' '.join(words))}; "
    left_out = found.total > len(found.hits)
    shown = f"{len(found.hits):,} shown, more with --limit" if left_out else "all shown"
    said = f"{counting(found.total, 'name')}{'' if found.exact else ' like it'}; {shown}"
    write_line(styled(f"{what}{said}" if found.total else f"{what}nothing looks like it", "dim"))
    return int(ExitCode.OK if found.hits else ExitCode.FINDINGS)


def unused(
    schema: Annotated[Optional[str], typer.Option(help="Only of this schema.")] = None,  # noqa: UP045
    as_json: Json = False,
) -> None:
    """Tables, views and columns that no statement in the graph reads; filters, joins and groups read, too."""
    from ray_lineage.query.unused import unused as ask

    with asked() as (store, project):
        found = ask(store, project, schema)
    if as_json:
        print_json(found)
        return
    several = len({u.project for u in (*found.datasets, *found.columns)}) > 1
    for u in found.datasets:
        write_line(styled(_named(u, several), "bold"), styled(f"  {u.kind.lower()}, read by nobody  {u.file}", "dim"))
    for owner, columns in _by_dataset(found.columns, several).items():
        write_line(styled(owner), styled(f"  {', '.join(columns)}", "yellow"))
    if found.datasets or found.columns:
        write_line()
    total = f"{counting(len(found.datasets), 'dataset')} and {counting(len(found.columns), 'column')} of others that nothing reads"
    write_line(styled(f"{total}; all shown", "dim"))
    write_line(styled(found.unknown, "dim"))


def _named(u: Unread, several: bool) -> str:
    return f"{u.project}: {u.display}" if several else u.display


def _by_dataset(columns: list[Unread], several: bool) -> dict[str, list[str]]:
    from msgspec.structs import replace

    from ray_lineage.model import split_column

    out: dict[str, list[str]] = {}
    for u in columns:
        owner = replace(u, display=split_column(u.display)[0])
        out.setdefault(_named(owner, several), []).append(split_column(u.display)[1])
    return out
