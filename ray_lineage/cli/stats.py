"""``ray_lineage stats``."""

from __future__ import annotations

from typing import Annotated

import typer

from ray_lineage.cli.output import print_json, settings, write_table


def stats(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """What the graph holds."""
    from ray_lineage.graph.open import open_store
    from ray_lineage.query.projects import known_project
    from ray_lineage.query.stats import stats as count

    loaded = settings().settings
    store = open_store(loaded, read_only=True)
    try:
        found = count(store, known_project(store, loaded.project))
    finally:
        store.close()
    if as_json:
        import msgspec

        from ray_lineage.cli.status import job_figures

        print_json({**msgspec.to_builtins(found), "job": job_figures(loaded)})
        return
    rows = [("store", found.store), ("projects", ", ".join(found.projects))]
    for name in ("files", "statements", "datasets", "columns", "edges", "influences"):
        rows.append(("column edges" if name == "edges" else name, f"{getattr(found, name):,}"))
    for name, counted in (
        ("by dialect", found.by_dialect),
        ("by status", found.by_status),
        ("diagnostics", found.diagnostics),
    ):
        if counted:
            rows.append((name, ", ".join(f"{k} {n:,}" for k, n in counted.items())))
    write_table(rows)
