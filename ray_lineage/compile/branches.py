"""Where one statement stands to another in control flow, by their paths (see ``model.ROLES``). Pure."""

from __future__ import annotations

from ray_lineage.model import ELSE, ENDING, ROLES, THEN

Path = tuple[int, ...]


def excludes(where: Path, path: Path) -> bool:
    """Are they in different branches of one IF? Or does the way to ``path`` never come from ``where``, which ends before it?"""
    for a, b in zip(where, path, strict=False):
        if a != b:
            return (a // ROLES == b // ROLES and {a % ROLES, b % ROLES} == {THEN, ELSE}) or bool(ended(where, path))
    return bool(ended(where, path))


def ended(where: Path, path: Path) -> Path:
    """The branch around ``where`` that ends before ``path``, if one does."""
    for k, step in enumerate(where):
        if step % ROLES == ENDING and path[: k + 1] != where[: k + 1]:
            return where[:k]
    return ()


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
