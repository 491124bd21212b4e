"""Identifiers -> normalised name parts, by the rules of the dialect.

Unquoted names fold to lower case everywhere, whatever the engine folds to, so that one spelling stands for one object.
In engines that fold to upper case (Snowflake, Oracle...) a quoted all-upper name is that same object; a quoted
all-lower one is another, and keeps its quotes. In engines that compare without case, quotes change nothing.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final

from ray_lineage.model import Name, shorten

_FOLDS_UPPER: Final = frozenset({"snowflake", "oracle", "db2", "exasol"})
_QUOTES_MATTER: Final = frozenset({"", "postgres", "materialize", "risingwave", "athena_none"})

_NAMES: Final = 1 << 14
"""Names that are remembered folded: a repository repeats its own."""


@cache
def folder(dialect: str) -> Any:
    """``fold(text, quoted) -> str`` of a dialect."""
    if dialect in _FOLDS_UPPER:
        return _fold_upper
    if dialect in _QUOTES_MATTER:
        return _fold_lower
    return _fold_all


@lru_cache(_NAMES)
def _fold_all(text: str, quoted: bool) -> str:
    return shorten(text.lower())


@lru_cache(_NAMES)
def _fold_lower(text: str, quoted: bool) -> str:
    return shorten(text if quoted else text.lower())


@lru_cache(_NAMES)
def _fold_upper(text: str, quoted: bool) -> str:
    if not quoted or text == text.upper():
        return shorten(text.lower())
    return shorten(f'"{text}"' if text == text.lower() else text)


def with_defaults(name: Name, catalog: str, schema: str) -> Name:
    """Fill in missing outer parts; ``db..table`` has an empty middle part that means the default schema."""
    if len(name) == 3 and not name[1]:
        name = (name[0], schema, name[2]) if schema else (name[0], "dbo", name[2])
    if len(name) == 1 and schema:
        name = (schema, *name)
    if len(name) == 2 and catalog:
        name = (catalog, *name)
    return name
