"""The SQL that a job ran, where its events say nothing of columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from ray_lineage.compile.embedded import also_reading, making, query_of, renamed
from ray_lineage.compile.fragment import compile_fragment
from ray_lineage.compile.positions import Mark, Positions
from ray_lineage.model import Effect, FileFacts, Name, StatementKind, is_temporary


def understood(
    text: str, dialect: str, line: int, outputs: Sequence[Name], inputs: Collection[Name]
) -> tuple[FileFacts, set[Name]]:
    """What the SQL says of how ``inputs`` become ``outputs``, and the outputs that it says so of. In JSON it stands in one line. A
    query that writes nothing is where the only output comes from."""
    said = compile_fragment(text, dialect, at=_in_one_line(text, line))
    known = {*outputs, *inputs}
    said = renamed(said, lambda name: _known(name, known))
    query = query_of(said)
    if len(outputs) == 1 and query >= 0 and all(s.target not in outputs for s in said.statements):
        said = making(said, query, outputs[0], StatementKind.JOB, Effect.CHANGES)
    statements = [k for k, s in enumerate(said.statements) if s.target in outputs]
    written = {said.statements[k].target for k in statements}
    if len(outputs) == 1 and statements:
        said = also_reading(said, statements[-1], inputs)
    kept = tuple(s for s in said.statements if s.target in written or is_temporary(s.target))
    declared = tuple(d for d in said.declarations if d.temporary)
    return msgspec.structs.replace(said, statements=kept, declarations=declared, calls=(), foreign_keys=()), written


def _in_one_line(text: str, line: int) -> Positions:
    starts = [0, *(k + 1 for k, c in enumerate(text) if c == "\n")]
    return Positions(text, [Mark(start, line, 1) for start in starts])


def _known(name: Name, known: Collection[Name]) -> Name:
    """The dataset of the event that a name in its SQL is: they end alike."""
    found = [other for other in known if other[-len(name) :] == name]
    return found[0] if len(found) == 1 else name
