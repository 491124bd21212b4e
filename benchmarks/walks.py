"""How a statement goes through ``compile/``: which files take part, and how many ways lead from one to another.

``python -m benchmarks.walks`` traces the three walks that ARCHITECTURE.md tells: a MERGE in a procedure of T-SQL, COPY INTO of
Snowflake, a dbt model. Counted are files of the package with a function that was called, their lines, distinct pairs of a file
that calls and another one that is called, and distinct pairs of such functions; what is imported or made at import time is not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

import ray_lineage.compile as compiler
from ray_lineage.compile import CompileOptions, compile_source

_ROOT = Path(compiler.__file__).parent
WALKS = {
    "MERGE in a procedure": (
        """
CREATE PROCEDURE dbo.p @day int AS
BEGIN
  MERGE INTO dbo.t AS t USING (SELECT id, SUM(a) AS a FROM dbo.s WHERE day = @day GROUP BY id) AS s ON t.id = s.id
  WHEN MATCHED THEN UPDATE SET a = s.a
  WHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a)
  OUTPUT inserted.id, inserted.a INTO dbo.log (id, a);
END
""",
        CompileOptions("tsql"),
    ),
    "COPY INTO": ("COPY INTO db.s.t (a, b) FROM @stage/path/ FILE_FORMAT = (TYPE = CSV);", CompileOptions("snowflake")),
    "dbt model": (
        """
{{ config(materialized='incremental') }}
select o.id, sum(p.amount) as amount
from {{ ref('orders') }} as o join {{ source('shop', 'payments') }} as p on p.order_id = o.id
{% if is_incremental() %} where o.at > (select max(at) from {{ this }}) {% endif %}
group by o.id
""",
        CompileOptions("snowflake", model="totals"),
    ),
}


class Walk(NamedTuple):
    """The files that took part, which called which, and which function of one called which of another."""

    files: frozenset[Path]
    ways: frozenset[tuple[Path, Path]]
    calls: frozenset[tuple[CodeType, CodeType]]


def walk(text: str, options: CompileOptions) -> Walk:
    """Compile a text and look on. What is done once only is done before."""
    files: set[Path] = set()
    ways: set[tuple[Path, Path]] = set()
    calls: set[tuple[CodeType, CodeType]] = set()

    def look(frame: FrameType, event: str, _: object) -> None:
        if event != "call" or (called := _file(frame)) is None:
            return
        files.add(called)
        around = next(_around(frame), None)
        caller = _file(around) if around is not None else None
        if around is not None and caller is not None and caller != called:
            ways.add((caller, called))
            calls.add((around.f_code, frame.f_code))

    compile_source(text, options)
    sys.setprofile(look)
    try:
        compile_source(text, options)
    finally:
        sys.setprofile(None)
    return Walk(frozenset(files), frozenset(ways), frozenset(calls))


def _file(frame: FrameType) -> Path | None:
    path = Path(frame.f_code.co_filename)
    return path if path.is_relative_to(_ROOT) and not frame.f_code.co_name.startswith("<") else None


def _around(frame: FrameType) -> Iterator[FrameType]:
    """The frames that called it; comprehensions are part of their function."""
    around = frame.f_back
    while around is not None:
        if not around.f_code.co_name.startswith("<"):
            yield around
        around = around.f_back


def main() -> None:
    for name, (text, options) in WALKS.items():
        found = walk(text, options)
        lines = sum(len(path.read_text().splitlines()) for path in found.files)
        print(
            f"{name}: {len(found.files)} files, {lines:,} lines, {len(found.ways)} ways from one to another, "
            f"{len(found.calls)} calls on them"
        )
        for path in sorted(str(p.relative_to(_ROOT)) for p in found.files):
            print(f"  {path}")


if __name__ == "__main__":
    main()
