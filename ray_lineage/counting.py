"""How many there are of something, in words."""

from __future__ import annotations


def counting(number: int, noun: str, plural: str = "") -> str:
    """``1 file``, ``2 files``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
