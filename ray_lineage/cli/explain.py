"""``ray_lineage explain``."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from ray_lineage.cli.answers import Json
from ray_lineage.cli.output import print_json, styled, write_line
from ray_lineage.errors import UsageError


def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="As it is printed: RL102.")],
    as_json: Json = False,
) -> None:
    """What the code of an error or of a diagnostic means."""
    from ray_lineage.query.explain import explain as page
    from ray_lineage.query.explain import known_codes

    found = page(code)
    if found is None:
        near = difflib.get_close_matches(code.upper(), known_codes(), 4, 0.5)
        raise UsageError(
            "RL204", f"there is no code {code}", where="CODE", help=f"near: {', '.join(near)}" if near else None
        )
    if as_json:
        print_json(found)
        return
    kind = f"diagnostic of a file, {found.severity}" if found.severity else f"ends a run, exit {found.exit}"
    write_line(styled(found.code, "bold"), f"  {kind}")
    for text in found.meaning:
        write_line(f"  {text}")
    for text in found.about:
        write_line()
        write_line(styled(text, "dim"))
    write_line(styled(f"page: docs/{found.page}", "dim"))
