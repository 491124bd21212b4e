"""What of a project of dbt is a source: of its target folder, which git ignores, the artefacts alone.

The rest of that folder holds the SQL of every model again, as it was compiled and as it ran; packages bring models of others,
which the manifest has too.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

_PROJECT: Final = "dbt_project.yml"
_TARGET: Final = "target"
_ARTEFACTS: Final = frozenset({"manifest.json", "catalog.json"})
_COPIES: Final = frozenset({"compiled", "run"})
_MANIFEST: Final = "manifest.json"


def is_target(name: str, beside: Container[str]) -> bool:
    """Is the folder ``name`` the target folder of the project that stands ``beside``?"""
    return name == _TARGET and _PROJECT in beside


def is_artefact(name: str) -> bool:
    """Is a file of a target folder a source? It is one even if it is ignored."""
    return name in _ARTEFACTS


def is_copy(name: str, beside: Container[str]) -> bool:
    """Does the folder ``name`` only repeat what the manifest ``beside`` has?"""
    return name in _COPIES and _MANIFEST in beside
