"""Which store do the settings mean?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ray_lineage.graph.store import GraphStore

if TYPE_CHECKING:
    from ray_lineage.settings import Settings

_SCHEMES = ("neo4j://", "neo4j+s://", "neo4j+ssc://", "bolt://", "bolt+s://", "bolt+ssc://")


def is_server(store: str) -> bool:
    """Is it the address of a Neo4j server?"""
    return store.startswith(_SCHEMES)


def embedded_path(settings: Settings) -> str:
    """Where the embedded store lies."""
    return settings.store or os.path.join(settings.data_dir, "graph.db")


def open_store(settings: Settings, *, read_only: bool = False) -> GraphStore:
    """Open the store: Neo4j if ``store`` or ``NEO4J_URI`` gives its address, else the embedded one.

    Raises StoreUnavailable (away, locked, refused) or StoreRefused (newer schema).
    """
    uri = settings.store if is_server(settings.store) else ("" if settings.store else settings.neo4j_uri)
    if uri:
        from ray_lineage.graph.neo4j import Neo4jStore

        password = settings.neo4j_password.get_secret_value() if settings.neo4j_password is not None else ""
        return Neo4jStore(
            uri, settings.neo4j_username, password, settings.neo4j_database, batch_size=settings.batch_size
        )
    return open_embedded(embedded_path(settings), read_only=read_only)


def open_embedded(path: str, *, read_only: bool = False) -> GraphStore:
    """Open or make the embedded store that lies there."""
    from ray_lineage.graph.sqlite import SqliteStore

    return SqliteStore(path, read_only=read_only)
