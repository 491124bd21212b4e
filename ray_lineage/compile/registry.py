"""All front ends, and which of them reads a file: by its suffix, then by its content."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache, lru_cache
from typing import Final

from ray_lineage.compile.catalogs import CATALOGS
from ray_lineage.compile.dbt.artefacts import DBT
from ray_lineage.compile.dbt.yaml import DBT_YAML
from ray_lineage.compile.frontend import Content, FrontEnd
from ray_lineage.compile.openlineage import OPENLINEAGE
from ray_lineage.compile.python import NOTEBOOK, PYTHON
from ray_lineage.compile.sqlfile import SQL

FRONT_ENDS: Final[tuple[FrontEnd, ...]] = (SQL, PYTHON, NOTEBOOK, DBT, OPENLINEAGE, CATALOGS, DBT_YAML)
"""To add a format: its package, and its front end here. Of two that claim a file the first one reads it."""

_SUFFIXES: Final = 64  # that are remembered

FORMATS: Final = tuple(front.name for front in FRONT_ENDS)
"""Their names, as the setting ``inputs`` has them."""


@cache
def _named(name: str) -> FrontEnd:
    return next(front for front in FRONT_ENDS if front.name == name)


def suffixes_of(formats: Collection[str]) -> tuple[str, ...]:
    """What the files of these formats end in."""
    return tuple(dict.fromkeys(s for front in FRONT_ENDS if front.name in formats for s in front.suffixes))


def formats_of(path: str, formats: Collection[str] = FORMATS) -> tuple[str, ...]:
    """Which of these formats a file may be, by its name. What ends in nothing that any of them knows is taken for SQL."""
    lower = path.lower()
    ending = with_suffix(lower[lower.rfind(".") :])
    return tuple([front.name for front in ending if front.name in formats and front.located(path)])


@lru_cache(_SUFFIXES)
def with_suffix(suffix: str) -> tuple[FrontEnd, ...]:
    """Who may read files that end so. Asked of each of thousands that end alike."""
    return tuple(front for front in FRONT_ENDS if suffix in front.suffixes) or (SQL,)


def front_end(formats: Sequence[str], stem: str, content: Content) -> FrontEnd | None:
    """Who reads it; None if it is of none of these formats. A single one reads what it gets."""
    fronts = [_named(name) for name in formats]
    return fronts[0] if len(fronts) == 1 else next((f for f in fronts if f.claims(stem, content)), None)


def claimed(formats: Sequence[str], stem: str, head: bytes) -> bool:
    """Does a file that begins so seem to be of one of these formats?"""
    return any(_named(name).claims(stem, head) for name in formats)


@cache
def reads_bytes(formats: tuple[str, ...]) -> bool:
    """Is it for the front end to decode a file of these formats?"""
    return any(_named(name).binary for name in formats)


@cache
def asks(formats: tuple[str, ...]) -> bool:
    """May the facts of a file of these formats depend on other files?"""
    return any(_named(name).asks for name in formats)


@cache
def has_parts(formats: tuple[str, ...]) -> bool:
    """May a file of these formats have parts that are files of their own?"""
    return any(_named(name).split is not None for name in formats)


@cache
def version_of_parts() -> str:
    """What the facts of parts depend on besides their content."""
    return "|".join(front.version for front in FRONT_ENDS if front.split is not None)


@cache
def version_of(formats: tuple[str, ...]) -> str:
    """What the facts of a file of these formats depend on besides its content and the options."""
    return "|".join(_named(name).version for name in formats)


@cache
def max_size_of(formats: tuple[str, ...], usual: int) -> int:
    """So many bytes are read of a file of these formats; ``usual`` where none says otherwise."""
    return max((_named(name).max_size for name in formats), default=0) or usual
