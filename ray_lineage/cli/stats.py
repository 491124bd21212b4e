"""``ray_lineage stats``."""

from __future__ import annotations

from typing import Annotated

import typer

from ray_lineage.cli.output import console, print_json, settings, visible


def stats(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """What the graph holds."""
    from ray_lineage.graph.open import open_store
    from ray_lineage.query.stats import stats as count

    loaded = settings().settings
    store = open_store(loaded, read_only=True)
    try:
        found = count(store, loaded.project or None)
    finally:
        store.close()
    if as_json:
        import msgspec

        from ray_lineage.cli.status import job_figures

        print_json({**msgspec.to_builtins(found), "job": job_figures(loaded)})
        return
    from rich.table import Table

    out = console()
    table = Table(box=None, show_header=False)
    table.add_row("store", visible(found.store))
    table.add_row("projects", visible(", ".join(found.projects)))
    for name in ("files", "statements", "datasets", "columns", "edges", "influences"):
        table.add_row("column edges" if name == "edges" else name, f"{getattr(found, name):,}")
    for name, counted in (
        ("by dialect", found.by_dialect),
        ("by status", found.by_status),
        ("diagnostics", found.diagnostics),
    ):
        if counted:
            table.add_row(name, ", ".join(f"{visible(k)} {n:,}" for k, n in counted.items()))
    out.print(table)
