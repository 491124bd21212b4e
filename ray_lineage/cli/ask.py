"""``ray_lineage sql``."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterable, Sequence
from itertools import count, islice
from typing import Annotated, Any

import typer

from ray_lineage.cli.answers import Json
from ray_lineage.cli.output import print_error, print_json_rows, settings, styled, write_line, write_table
from ray_lineage.counting import counting
from ray_lineage.errors import UsageError
from ray_lineage.logs import one_line, star


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT; - reads it from standard input.")],
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that it may take.")] = 30.0,
    limit: Annotated[int, typer.Option(min=1, help="Rows of the table; JSON and CSV have all.")] = 1_000,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV (RFC 4180).")] = False,
    as_json: Json = False,
) -> None:
    """Ask the embedded graph in SQL: read-only, on the views that `docs/graph-schema.md` describes."""
    from ray_lineage.graph.ask import ask
    from ray_lineage.graph.open import embedded_path, open_store, server_uri

    loaded = settings().settings
    if server_uri(loaded):
        raise UsageError(
            "RL248", "the graph is in Neo4j", where="--store", help="ask it in Cypher: docs/cookbook.md has both"
        )
    open_store(loaded, read_only=True).close()  # says what is wrong with it, if anything is
    text = sys.stdin.read() if query == "-" else query
    with ask(embedded_path(loaded), text, timeout, lambda: _give_up(timeout)) as answer:
        if as_json:
            names = unique(answer.names)
            print_json_rows(dict(zip(names, map(_plain, row), strict=True)) for row in answer.rows)
        elif as_csv:
            _write_csv(answer.names, answer.rows)
        else:
            _show(answer.names, list(islice(answer.rows, limit + 1)), limit)


def unique(names: Sequence[str]) -> list[str]:
    """Each name once: a later one of the same gets the first number that makes it another one. Pure."""
    left = set(names)
    found: dict[str, None] = {}
    for name in names:
        free = (name if n == 1 else f"{name}_{n}" for n in count(1))
        found[next(f for f in free if f not in found and (f == name or f not in left))] = None
    return list(found)


def _give_up(seconds: float) -> None:
    """The thread that asks is in a function that hears of nothing."""
    from ray_lineage.graph.ask import late

    error = late(seconds)
    print_error(error)
    sys.stderr.flush()
    os._exit(int(error.exit_code))


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _write_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    from ray_lineage.query.export import cell

    writer = csv.writer(sys.stdout)
    writer.writerow(names)
    for row in rows:
        writer.writerow([one_line(star(c)) if isinstance(c := cell(_plain(v)), str) else c for v in row])


def _show(names: Sequence[str], rows: Sequence[Sequence[Any]], limit: int) -> None:
    shown = [["" if v is None else _plain(v) for v in row] for row in rows[:limit]]
    write_table(shown, list(names))
    write_line()
    more = (
        f"{limit:,} of more rows shown: --limit N, --csv or --json"
        if len(rows) > limit
        else f"{counting(len(rows), 'row')}; all shown"
    )
    write_line(styled(more, "dim"))
