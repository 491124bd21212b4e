"""What may stand at a place of a text, seen from what was written before it."""

from __future__ import annotations

import re
from typing import Final

from ray_lineage.compile.text.jinja_output import FLAT
from ray_lineage.compile.text.placeholders import word_before

_CASTS = re.compile(r"cast\s*\Z", re.IGNORECASE)
_BODY = re.compile(r"select|insert|update|delete|merge|from|values|table", re.IGNORECASE)
_MOST: Final = 100_000  # characters


def is_type(code: str, written: str) -> bool:
    """Does a type stand here: ``CAST(x AS``, ``x::``?"""
    if word_before(code) != "as":
        return code.rstrip().endswith("::")
    depth = 0
    bare = FLAT.sub(" ", written[-_MOST:])
    for at in range(len(bare) - 1, -1, -1):
        depth += (bare[at] == ")") - (bare[at] == "(")
        if depth < 0:
            return bool(_CASTS.search(bare[:at][-20:]))
    return False


def has_no_body(text: str) -> bool:
    """Has the last statement of a text begun with WITH (or its query, as in ``CREATE VIEW v AS WITH``), and is the query of that
    still to come?"""
    bare = FLAT.sub(" ", text[-_MOST:])
    depth, plain = 0, [""]
    for piece in re.split(r"([();])", bare):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
        elif piece == ";":
            depth, plain = 0, [""]
        elif depth == 0:
            plain.append(piece)
    words = " ".join(plain).lower().split()
    if words[:1] in (["create"], ["insert"]) and "with" in words:
        del words[: words.index("with")]
    return depth == 0 and words[:1] == ["with"] and not any(_BODY.fullmatch(w) for w in words)
