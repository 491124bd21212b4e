"""Where one statement stands to another in control flow, by their paths (see ``model.ROLES``). Pure."""

from __future__ import annotations

from ray_lineage.model import ELSE, ROLES, THEN

Path = tuple[int, ...]


def excludes(where: Path, path: Path) -> bool:
    """Are they in different branches of one IF?"""
    for a, b in zip(where, path, strict=False):
        if a != b:
            return a // ROLES == b // ROLES and {a % ROLES, b % ROLES} == {THEN, ELSE}
    return False


def dominates(where: Path, path: Path, closed: set[Path]) -> bool:
    """Does every way to ``path`` pass ``where``, or the other branches that were seen (``closed``)?"""
    while where != path[: len(where)]:
        closed.add(where)
        *outer, step = where
        other = step // ROLES * ROLES + (ELSE if step % ROLES == THEN else THEN)
        if step % ROLES not in (THEN, ELSE) or (*outer, other) not in closed:
            return False
        where = tuple(outer)
    return True
