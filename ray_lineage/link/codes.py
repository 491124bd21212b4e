"""How a source enters a column, as a code: the transformation's place in TRANSFORMATIONS * 2, + 1 if it is only possible.

Codes compose along a path, and merge where one source enters twice.
"""

from __future__ import annotations

from typing import Final

from ray_lineage.model import INFLUENCE_KINDS, TRANSFORMATIONS

POSSIBLE: Final = 1
TRANSFORMED: Final = TRANSFORMATIONS.index("transformation") << 1
IDENTITY: Final = TRANSFORMATIONS.index("identity")
_CONDITIONAL: Final = TRANSFORMATIONS.index("conditional")
_STRENGTH: Final = (2, 3, 4, 5, 1, 0)  # masking > aggregation > transformation > identity > conditional > window


def _compose(outer: int, inner: int) -> int:
    a, b = outer >> 1, inner >> 1
    indirect = [x for x in (a, b) if x >= _CONDITIONAL]
    how = min(indirect) if indirect else max(a, b)
    return how << 1 | (outer | inner) & 1


def _merge(a: int, b: int) -> int:
    how = a >> 1 if _STRENGTH[a >> 1] >= _STRENGTH[b >> 1] else b >> 1
    return how << 1 | (a & b & 1)


_CODES: Final = range(2 * len(TRANSFORMATIONS))
COMPOSE: Final = tuple(tuple(_compose(a, b) for b in _CODES) for a in _CODES)
MERGE: Final = tuple(tuple(_merge(a, b) for b in _CODES) for a in _CODES)


def how_text(code: int) -> str:
    """Transformation of a code."""
    return TRANSFORMATIONS[code >> 1]


def certainty_text(code: int) -> str:
    """Certainty of a code."""
    return "possible" if code & 1 else "certain"


def influence_text(how: int) -> str:
    """Name of an influence kind."""
    return INFLUENCE_KINDS[how]
