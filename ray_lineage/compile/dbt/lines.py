"""Where the lines of a compiled model were written."""

from __future__ import annotations

from ray_lineage.compile.positions import Mark, Positions


def written(compiled: str, raw: str) -> Positions:
    """Places of the compiled text in the raw one: a line that both have is the same, in their order; what was written by a macro
    or a reference stands where the nearest such line before it does, a line further if there is one for it."""
    places: dict[str, list[int]] = {}
    raw_lines = raw.split("\n")
    for number, text in enumerate(raw_lines, 1):
        places.setdefault(text.strip(), []).append(number)
    for found in places.values():
        found.reverse()
    marks: list[Mark] = []
    at, offset, run = 0, 0, 0
    for text in compiled.split("\n"):
        known = places.get(text.strip()) if text.strip() else None
        while known and known[-1] <= at:
            known.pop()
        if known and known[-1] - at <= _NEAR + run:
            at, run = known.pop(), 0
        elif at + 1 <= len(raw_lines) and (not marks or not raw_lines[at].strip() or _is_template(raw_lines[at])):
            at, run = at + 1, 0
        else:
            run += 1
        marks.append(Mark(offset, max(at, 1), 1))
        offset += len(text) + 1
    return Positions(compiled, marks)


_NEAR = 200


def _is_template(line: str) -> bool:
    return "{" in line
