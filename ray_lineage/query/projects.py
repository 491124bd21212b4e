"""Which projects a graph holds; and taking one out, or giving it another name."""

from __future__ import annotations

import os
import socket

from ray_lineage.errors import UsageError
from ray_lineage.graph.deadletters import DEAD_LETTERS, UNREAD, DeadLetters
from ray_lineage.graph.open import open_store
from ray_lineage.graph.store import GraphStore, ProjectInfo
from ray_lineage.settings import Settings


def known_project(store: GraphStore, project: str | None) -> str | None:
    """The project that is asked about, None for all of them. Raises UsageError (RL204) for one that the graph does not hold."""
    if not project:
        return None
    known = store.projects()
    if project in known:
        return project
    there = f"it holds {', '.join(known)}" if known else "run `ray_lineage ingest DIR` first"
    raise UsageError("RL204", f"{store.uri} does not hold project {project!r}", where="--project", help=there)


def list_projects(settings: Settings) -> list[ProjectInfo]:
    """By name. Raises StoreUnavailable."""
    store = open_store(settings, read_only=True)
    try:
        return store.project_infos()
    finally:
        store.close()


def roots_here(store: GraphStore) -> dict[str, str]:
    """The folders that the paths of projects are relative to, of those that were read on this machine."""
    here = socket.gethostname()
    return {p.name: p.origin.root for p in store.project_infos() if p.origin.root and p.origin.host == here}


def look_for(settings: Settings, project: str) -> None:
    """Raises UsageError (RL204) if the graph does not hold the project, StoreUnavailable."""
    store = open_store(settings, read_only=True)
    try:
        known_project(store, project)
    finally:
        store.close()


def forget_project(settings: Settings, project: str) -> None:
    """Take a project out of the graph, and what is noted of it beside. Raises UsageError, StoreUnavailable (also while another
    process writes the graph)."""
    store = open_store(settings)
    try:
        known_project(store, project)
        store.remove_project(project)
    finally:
        store.close()
    _drop_notes(settings, project)


def rename_project(settings: Settings, old: str, new: str) -> None:
    """Raises UsageError (RL204, RL205), StoreUnavailable."""
    store = open_store(settings)
    try:
        known_project(store, old)
        if not new or new in store.projects():
            there = f"there is a project {new!r} already" if new else "a project needs a name"
            raise UsageError("RL205", there, where="NEW", help="give another name, or forget that one first")
        store.rename_project(old, new)
    finally:
        store.close()
    _drop_notes(settings, old)


def _drop_notes(settings: Settings, project: str) -> None:
    """Dead letters, and files that could not be read: the next ingest finds out anew."""
    for name in (DEAD_LETTERS, UNREAD):
        letters = DeadLetters(os.path.join(settings.data_dir, name))
        letters.replace(project, [d.path for d in letters.read() if d.project == project], [])
