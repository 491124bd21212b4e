"""Runs in this process, as several tests make them, and what is in their embedded graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.settings import Settings, load_settings

Dump = dict[str, list[tuple[Any, ...]]]


def settings(data: Path, executor: str = "ray", **more: object) -> Settings:
    """Of project p in a data folder, with two workers."""
    flags = {"data_dir": str(data), "executor": executor, "project": "p", "dialect": "tsql", "ingest_workers": 2}
    return load_settings({**flags, **more}, environ={}).settings


def dump(data: Path, project: str = "p") -> Dump:
    """What the graph in a data folder holds of a project."""
    store = SqliteStore(str(data / "graph.db"), read_only=True)
    try:
        return store.dump(project)
    finally:
        store.close()
