"""What a compile depends on besides the text."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class CompileOptions(msgspec.Struct, frozen=True, array_like=True):
    """Part of the parse cache's key. ``dialect`` "" means: detect; "a|b": it is a, as its folder shows, which may be
    wrong: then it may be b; ``catalog`` and ``schema`` complete short names.

    ``model`` is the name of what the file's query makes if the file is a dbt model (the file's name without suffix).
    ``folder`` is where it lies.
    ``formats``: which front ends may read it; the first that claims it does.
    ``namespaces`` of OpenLineage, and the catalogs that they are.
    """

    dialect: str = ""
    catalog: str = ""
    schema: str = ""
    model: str = ""
    formats: tuple[str, ...] = ("sql",)
    folder: str = ""
    namespaces: tuple[tuple[str, str], ...] = ()


class ModelName(NamedTuple):
    """A dbt model: the parts of its name, and how it is materialized."""

    parts: tuple[str, ...]
    materialized: str
