"""An answer of bounded size, for readers that pay for every character: lists are cut, and the answer says so.

What is left out is always counted: ``total`` has the full length of every list that was cut, and ``cut`` is true.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

MOST_CHARACTERS: Final = 12_000
"""Of an answer as JSON."""
MOST_OF_A_TEXT: Final = 600
"""Of one value, such as a statement's text."""


def bounded(answer: object, limit: int) -> dict[str, Any]:
    """A struct (or dict) as plain values, at most ``limit`` entries a list, fewer if it would be too large all the same."""
    found: dict[str, Any] = msgspec.to_builtins(answer)
    found.pop("schema", None)
    while True:
        out = _cut(found, limit)
        if len(msgspec.json.encode(out)) <= MOST_CHARACTERS or limit <= 1:
            return out
        limit //= 2


def _cut(found: dict[str, Any], limit: int) -> dict[str, Any]:
    total: dict[str, int] = {}
    out: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, (list, dict)) and len(value) > limit:
            total[name] = len(value)
            value = value[:limit] if isinstance(value, list) else dict(list(value.items())[:limit])
        out[name] = _short(value)
    return {**out, "cut": True, "total": total} if total else {**out, "cut": bool(found.get("cut", False))}


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MOST_OF_A_TEXT:
        return f"{value[:MOST_OF_A_TEXT]}... ({len(value)} characters)"
    if isinstance(value, list):
        return [_short(v) for v in value[:MOST_OF_A_TEXT]]
    if isinstance(value, dict):
        return {k: _short(v) for k, v in value.items()}
    return value
