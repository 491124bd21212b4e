"""Where names without a schema are, after what a connection was told: ``USE x``, ``SET search_path TO x``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from ray_lineage.compile.sql.engines import engine_of
from ray_lineage.model import split_text

_USE: Final = re.compile(
    r"\s*use\s+(?:(catalog|database|schema|warehouse|role|secondary)\s+)?([\w.$\"`\[\]-]+)\s*;?\s*\Z", re.IGNORECASE
)
_PATH: Final = re.compile(r"\s*set\s+(?:session\s+)?search_path\s*(?:to|=)\s*['\"]?(\w+)", re.IGNORECASE)


USES: Final[Mapping[str, str]] = {
    "use_schema": "schema", "use_database": "database", "setCurrentDatabase": "schema", "setCurrentCatalog": "catalog",
}  # fmt: skip
"""Methods of Snowpark's sessions and Spark's catalogs that are given a name, and what follows USE in SQL for that."""


class Place(NamedTuple):
    """What completes names."""

    catalog: str = ""
    schema: str = ""


def place_after(text: str, dialect: str, before: Place) -> Place:
    """Where names are after a text was run that only says so."""
    if len(text) > 400:
        return before
    path = _PATH.match(text)
    if path is not None:
        return before._replace(schema=path.group(1))
    found = _USE.match(text)
    if found is None:
        return before
    kind, parts = (found.group(1) or "").lower(), split_text(found.group(2))
    if kind in ("warehouse", "role", "secondary") or not 0 < len(parts) < 3:
        return before
    if len(parts) == 2:
        return Place(*parts)
    engine = engine_of(dialect)
    if kind == "schema" or (kind != "catalog" and engine.use_is_schema):
        return before._replace(schema=parts[0])
    return Place(parts[0], "" if engine.default_is_users else engine.default_schema)
