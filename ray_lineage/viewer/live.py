"""The graph of a store, packed anew when it has become another one."""

from __future__ import annotations

import os
import threading
from typing import Final

from ray_lineage.graph.open import embedded_path, open_store, server_uri
from ray_lineage.query.export import projects_of
from ray_lineage.query.projects import known_project, roots_here
from ray_lineage.query.walk import resolve
from ray_lineage.settings import Settings
from ray_lineage.viewer.excerpts import Excerpt, excerpt
from ray_lineage.viewer.making import title_of
from ray_lineage.viewer.packing import file_order, pack
from ray_lineage.viewer.picture import Source, read_picture, schema_and_name, shown_name

_BESIDE: Final = ("", "-wal")


class LivePicture:
    """What :class:`.server.PageServer` serves. The store is open only while it is read."""

    def __init__(self, settings: Settings) -> None:
        """Reads it once. Raises StoreUnavailable, UsageError (RL204)."""
        self._settings = settings
        self._lock = threading.Lock()
        self._mark = ""
        self._packed = b""
        self._files: list[Source] = []
        self._roots: dict[str, str] = {}
        self.title = ""
        with self._lock:
            self._refresh()

    def data(self) -> bytes:
        """See :class:`.server.Shown`."""
        with self._lock:
            self._refresh()
            return self._packed

    def state(self) -> str:
        """See :class:`.server.Shown`."""
        with self._lock:
            return self._look()

    def excerpt(self, file: int, line: int) -> Excerpt:
        """See :class:`.server.Shown`."""
        if file < 0 or line < 0:
            raise IndexError(file)
        source = self._files[file]
        return excerpt(source, self._roots.get(source.project, ""), line)

    def named(self, name: str) -> tuple[str, str]:
        """Table and column (or nothing) that a name means, as the page finds them. Raises UsageError (RL204, RL205)."""
        store = open_store(self._settings, read_only=True)
        try:
            found = resolve(store, name, known_project(store, self._settings.project))
            several = len(projects_of(store, self._settings.project or None)) > 1
        finally:
            store.close()
        return shown_name(found.project if several else "", *schema_and_name(found.dataset)), found.column or ""

    def _refresh(self) -> None:
        mark = self._look()
        if mark == self._mark and self._packed:
            return
        store = open_store(self._settings, read_only=True)
        try:
            projects = projects_of(store, self._settings.project or None)
            with store.steady(projects):
                picture = read_picture(store, projects)
            self._roots = roots_here(store)
        finally:
            store.close()
        self.title = title_of(projects)
        self._packed = pack(picture, {"title": self.title, "state": mark})
        self._files = [picture.files[number] for number in file_order(picture)]
        self._mark = mark

    def _look(self) -> str:
        if not server_uri(self._settings):
            return _stamp(embedded_path(self._settings))
        store = open_store(self._settings, read_only=True)
        try:
            return " ".join(f"{project}={store.digest(project)}" for project in store.projects())
        finally:
            store.close()


def _stamp(path: str) -> str:
    """Of a file and its log: another one after every write."""
    found = []
    for name in (path + end for end in _BESIDE):
        try:
            info = os.stat(name)
            found.append(f"{info.st_ino}.{info.st_mtime_ns}.{info.st_size}")
        except OSError:
            found.append("-")
    return " ".join(found)
