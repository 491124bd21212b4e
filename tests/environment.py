"""Where the tests are, and the environment of the commands that they start."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).parents[1]
_OURS = ("NEO4J_", "RAY_", "INGEST_", "PARSE_", "DEBOUNCE_", "BATCH_", "ENABLE_")


def environ(**more: str) -> dict[str, str]:
    """What a user's shell would hand on, without the settings of whoever runs the tests; Ray keeps its files where those of
    this session's are."""
    return {k: v for k, v in os.environ.items() if k == "RAY_TMPDIR" or not k.startswith(_OURS)} | more
