"""What of the environment is handed on to processes of ours that read strangers' files: nothing that says where the graph is, or
with which password."""

from __future__ import annotations

import os
from typing import Final

_KEPT_BACK: Final = ("NEO4J_", "RAY_LINEAGE_NEO4J_", "RAY_LINEAGE_STORE")


def environment(**more: str) -> dict[str, str]:
    """Of this process, with ``more``."""
    return {k: v for k, v in os.environ.items() if not k.startswith(_KEPT_BACK)} | more
