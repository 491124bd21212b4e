"""What has to be looked at: the files on disk, what is known of them, and the digest that stands for all of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

import msgspec

from ray_lineage.compile import COMPILER_VERSION, CompileOptions
from ray_lineage.graph.schema import SCHEMA_VERSION
from ray_lineage.link.contribute import CONTRIBUTION_REVISION
from ray_lineage.model import Diagnostic
from ray_lineage.runtime.parse import Task
from ray_lineage.settings import FolderRule, Settings, rule_for
from ray_lineage.sources.scan import Scan, ScanOptions
from ray_lineage.sources.statindex import StatIndex


class Plan:
    """One scan of the roots. ``tasks`` in path order; a task's file has its ``sha256`` where the stat index vouches for it."""

    def __init__(self, settings: Settings, roots: Sequence[str]) -> None:
        """Raises UsageError for roots that are missing."""
        self.settings = settings
        self.scan = Scan(roots, ScanOptions(settings.suffixes, settings.ignore))
        self.roots = self.scan.roots
        self.project = settings.project or project_name(self.roots)
        key = msgspec.json.encode([self.project, self.roots]).decode()
        digest = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        self.index = StatIndex.load(os.path.join(settings.data_dir, ".cache", f"stat_index.{digest}"), key)
        self._rules: dict[str, FolderRule] = {}
        self.tasks: list[Task] = []
        self.diagnostics: list[tuple[str, Diagnostic]] = []

    def read(self) -> None:
        """Scan now."""
        for file in self.scan:
            rule = self._rule(file.path)
            if rule.ignore:
                continue
            sha256 = self.index.lookup(file)
            stem = os.path.basename(file.path).partition(".")[0]
            options = CompileOptions(rule.dialect or "", rule.default_catalog or "", rule.default_schema or "", stem)
            self.tasks.append(Task(msgspec.structs.replace(file, sha256=sha256), options, rule.encoding or ""))
        self.tasks.sort(key=lambda t: t.file.path)
        self.diagnostics = list(self.scan.diagnostics)

    def _rule(self, path: str) -> FolderRule:
        """Rules are by folder, so they are looked up once a folder, unless one names files."""
        folder = os.path.dirname(path)
        if any(
            r.path.rstrip("/").lower().endswith(self.settings.suffixes) or "*" in r.path for r in self.settings.folders
        ):
            return rule_for(self.settings, path)
        rule = self._rules.get(folder)
        if rule is None:
            rule = self._rules[folder] = rule_for(self.settings, path)
        return rule

    @property
    def paths(self) -> set[str]:
        """Paths of all files."""
        return {t.file.path for t in self.tasks}

    def is_unlisted(self, path: str) -> bool:
        """Is the file below a folder that could not be listed?"""
        return any(not u or path == u or path.startswith(u + "/") for u in self.scan.unlisted)

    def digest(self, hashes: dict[str, str]) -> str:
        """Hash of all that the graph is a function of. ``hashes``: path -> content hash of every file."""
        out = hashlib.blake2b(digest_size=16)
        out.update(f"{COMPILER_VERSION} {CONTRIBUTION_REVISION} {SCHEMA_VERSION}\n".encode())
        for task in self.tasks:
            path = task.file.path
            parts = (path, hashes.get(path, ""), *msgspec.structs.astuple(task.options), task.encoding)
            out.update("\0".join(parts).encode("utf-8", "replace") + b"\n")
        return out.hexdigest()


def project_name(roots: Sequence[str]) -> str:
    """Name of a project that has none: that of its (first) root folder."""
    root = roots[0] if os.path.isdir(roots[0]) else os.path.dirname(roots[0])
    return os.path.basename(root.rstrip("/")) or "root"
