"""Which columns does a pattern mean, and what does a star call them?"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from itertools import takewhile
from typing import Final

from ray_lineage.model import STAR, Output

_REPEATS: Final = re.compile(r"[*+{]")
_MANY_REPEATS: Final = 5
"""A regular expression with more of them, or with one of a group, may try a name in more ways than there is time for."""


def like(name: str, pattern: str) -> bool:
    """``name ILIKE pattern``; after ``~`` it is a regular expression. What cannot be tried may be meant: True."""
    if pattern.startswith("~"):
        pattern = pattern[1:]
        if re.search(r"\)[*+{]", pattern) or len(_REPEATS.findall(pattern)) > _MANY_REPEATS:
            return True
        try:
            return re.search(pattern, name) is not None
        except re.error:
            return True
    first, *rest = ("".join("." if c == "_" else re.escape(c) for c in part) for part in pattern.split("%"))
    for number, part in enumerate(rest, 1):  # what lies between two % is sought once, from where the last one ended
        first += f".*{part}" if number == len(rest) else f"(?>.*?{part})"
    return re.fullmatch(first, name, re.IGNORECASE | re.DOTALL) is not None


def renamed_by(star: Output, name: str | None) -> str | None:
    """What a star calls a column: RENAME says so for one, and ``f(*)`` for all others."""
    if not star.renamed or not name or name == STAR:
        return name
    return star.renamed.get(name) or star.renamed.get(STAR, STAR).replace(STAR, name)


def replaced_in(outputs: Sequence[Output], star: int) -> Set[str | None]:
    """The columns of a star in whose places the outputs behind it stand: ``* REPLACE (x AS a)``."""
    return (
        {o.name for o in takewhile(lambda o: o.replaces, outputs[star + 1 :])}
        if outputs[star].excluded
        else frozenset()
    )
