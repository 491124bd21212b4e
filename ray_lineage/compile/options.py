"""What a compile depends on besides the text."""

from __future__ import annotations

import msgspec


class CompileOptions(msgspec.Struct, frozen=True, array_like=True):
    """Part of the parse cache's key. ``dialect`` "" means: detect; ``catalog`` and ``schema`` complete short names."""

    dialect: str = ""
    catalog: str = ""
    schema: str = ""
