"""Which store do the settings mean?"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from ray_lineage.graph.store import GraphStore

if TYPE_CHECKING:
    from ray_lineage.settings import Settings

_BESIDE: Final = (".lock", ".damaged", "-wal", "-shm", "-journal")
_SCHEMES = ("neo4j://", "neo4j+s://", "neo4j+ssc://", "bolt://", "bolt+s://", "bolt+ssc://")


def is_server(store: str) -> bool:
    """Is it the address of a Neo4j server?"""
    return store.startswith(_SCHEMES)


def embedded_path(settings: Settings) -> str:
    """Where the embedded store lies."""
    return settings.store or os.path.join(settings.data_dir, "graph.db")


def is_new(settings: Settings) -> bool:
    """Will the embedded store be made by who opens it?"""
    to_server = is_server(settings.store) or (not settings.store and settings.neo4j_uri)
    return not to_server and not os.path.exists(embedded_path(settings))


def open_store(settings: Settings, *, read_only: bool = False) -> GraphStore:
    """Open the store: Neo4j if ``store`` or ``NEO4J_URI`` gives its address, else the embedded one.

    Raises StoreUnavailable (away, locked, refused), StoreRefused (newer schema) or UsageError (what is there is not ours).
    """
    uri = settings.store if is_server(settings.store) else ("" if settings.store else settings.neo4j_uri)
    if uri:
        from ray_lineage.graph.neo4j import Neo4jStore

        password = settings.neo4j_password.get_secret_value() if settings.neo4j_password is not None else ""
        return Neo4jStore(
            uri, settings.neo4j_username, password, settings.neo4j_database, batch_size=settings.batch_size
        )
    path = embedded_path(settings)
    _check_place(path, None if settings.store else settings.data_dir, read_only=read_only)
    return open_embedded(path, read_only=read_only)


def _check_place(path: str, data_dir: str | None, *, read_only: bool) -> None:
    """Nothing that came with a repository is opened, written or moved aside, nor what a link beside it leads to; what is
    made is for this user alone. Raises UsageError (RL202, RL252)."""
    from ray_lineage.graph.place import APPLICATION, header
    from ray_lineage.ownfolder import is_our_file, make_private, own_folder

    def made_by_us(head: bytes) -> bool:
        found = header(head)
        return found is not None and found.application == APPLICATION

    if data_dir is None:
        is_our_file(path, made_by_us, _BESIDE)
    else:
        name = os.path.basename(path)
        with contextlib.suppress(FileNotFoundError), own_folder(data_dir, create=not read_only) as folder:
            folder.check(name, *(name + suffix for suffix in _BESIDE))
    if not read_only:
        make_private(path, path + ".lock")


def open_embedded(path: str, *, read_only: bool = False) -> GraphStore:
    """Open or make the embedded store that lies there."""
    from ray_lineage.graph.sqlite import SqliteStore

    return SqliteStore(path, read_only=read_only)
