"""What has to be looked at: the files on disk, what is known of them, and the digest that stands for all of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence

import msgspec

from ray_lineage.compile import FORMATS, CompileOptions, formats_of, max_size_of, suffixes_of, version_of
from ray_lineage.errors import SettingsError
from ray_lineage.graph.schema import SCHEMA_VERSION
from ray_lineage.link.contribute import CONTRIBUTION_REVISION
from ray_lineage.model import Diagnostic, Priority, SourceFile, container_of
from ray_lineage.runtime.parse import Task, stand_in
from ray_lineage.runtime.project import project_name
from ray_lineage.settings import FolderRule, Settings, rule_for
from ray_lineage.sources.scan import Scan, ScanOptions
from ray_lineage.sources.statindex import StatIndex


def scan_options(settings: Settings) -> ScanOptions:
    """Which files are looked at: those of a format that is read anywhere."""
    inputs = {*(settings.inputs or FORMATS), *(name for rule in settings.folders for name in rule.inputs or ())}
    return ScanOptions(settings.suffixes or suffixes_of(inputs), settings.ignore)


class Rules:
    """What the settings say about a file, by its path."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError for a format that nobody reads."""
        self.settings = settings
        for name in (*settings.inputs, *(name for rule in settings.folders for name in rule.inputs or ())):
            if name not in FORMATS:
                raise SettingsError("RL200", f"no such format of input: {name!r}", help=f"known: {', '.join(FORMATS)}")
        self._namespaces = tuple(sorted(settings.namespaces.items()))
        self._by_folder: dict[str, FolderRule] = {}
        self._by_file = any(
            r.path.rstrip("/").lower().endswith(scan_options(settings).suffixes) or "*" in r.path
            for r in settings.folders
        )

    def rule(self, path: str) -> FolderRule:
        """Rules are by folder, so they are looked up once a folder, unless one names files."""
        if self._by_file:
            return rule_for(self.settings, path)
        folder = path.rpartition("/")[0]
        rule = self._by_folder.get(folder)
        if rule is None:
            rule = self._by_folder[folder] = rule_for(self.settings, path)
        return rule

    def guesses(self, path: str) -> bool:
        """Is it a file of SQL of which nothing says in which dialect?"""
        return not self.rule(path).dialect and "sql" in formats_of(path)

    def options(self, path: str) -> tuple[CompileOptions, str]:
        """How to compile a file, and the encoding to try first."""
        rule = self.rule(path)
        folder, _, name = path.rpartition("/")
        formats = formats_of(path, rule.inputs or FORMATS)
        options = CompileOptions(
            rule.dialect or "",
            rule.default_catalog or "",
            rule.default_schema or "",
            name.partition(".")[0],
            formats,
            folder,
            self._namespaces if "openlineage" in formats else (),
        )
        return options, rule.encoding or ""

    def task(self, file: SourceFile, sha256: str, priority: Priority = Priority.BATCH) -> Task | None:
        """The work on a file that was found, None if a rule leaves it out. A rule's priority counts if it is more urgent."""
        rule = self.rule(file.path)
        if rule.ignore or container_of(file.path):  # what is called as a part of another one would be taken for it
            return None
        if rule.priority is not None:
            priority = min(priority, Priority[rule.priority.upper()])
        options, encoding = self.options(file.path)
        if not options.formats:
            return None
        limit = self.limit(options.formats)
        if file.size > limit:  # whatever its content was when there was another limit
            sha256 = stand_in(file, limit)
        return Task(
            msgspec.structs.replace(file, sha256=sha256, priority=int(priority)), options, encoding, limit=limit
        )

    def limit(self, formats: tuple[str, ...]) -> int:
        """So many bytes are read of a file of these formats: what is set holds for all, else some have limits of their own."""
        most = self.settings.max_file_size
        return most if "max_file_size" in self.settings.written else max_size_of(formats, most)

    def digest(self, hashes: Mapping[str, str]) -> str:
        """Hash of all that the graph is a function of. ``hashes``: path -> content hash of every file."""
        out = hashlib.blake2b(digest_size=16)
        out.update(f"{CONTRIBUTION_REVISION} {SCHEMA_VERSION}\n".encode())
        for path in sorted(hashes):
            options, encoding = self.options(path)
            *texts, formats, folder, namespaces = msgspec.structs.astuple(options)
            said = (text for pair in namespaces for text in pair)
            parts = (path, hashes[path], *texts, version_of(formats), folder, encoding, *said)
            out.update("\0".join(parts).encode("utf-8", "replace") + b"\n")
        return out.hexdigest()


def stat_index(settings: Settings, project: str, root: str) -> StatIndex:
    """The index of a project's files below its root."""
    key = msgspec.json.encode([project, root]).decode()
    digest = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return StatIndex.load(os.path.join(settings.data_dir, ".cache", f"stat_index.{digest}"), key)


class Plan:
    """One scan of a project, or of parts of it (``roots``). ``tasks`` in path order; a task's file has its ``sha256`` where the stat index vouches for it."""

    def __init__(self, settings: Settings, roots: Sequence[str]) -> None:
        """Raises UsageError for roots that are missing."""
        self.settings = settings
        self.rules = Rules(settings)
        self.scan = Scan(roots, scan_options(settings), settings.root)
        self.roots = self.scan.roots
        self.project = settings.project or project_name(self.scan.tree.base)
        self.index = stat_index(settings, self.project, self.scan.tree.base)
        self.tasks: list[Task] = []
        self.diagnostics: list[tuple[str, Diagnostic]] = []

    def read(self) -> None:
        """Scan now."""
        for file in self.scan:
            task = self.rules.task(file, self.index.lookup(file), Priority[self.settings.priority.upper()])
            if task is not None:
                self.tasks.append(task)
        self.tasks.sort(key=lambda t: t.file.path)
        self.diagnostics = list(self.scan.diagnostics)

    @property
    def paths(self) -> set[str]:
        """Paths of all files."""
        return {t.file.path for t in self.tasks}


def below_any(path: str, folders: Sequence[str]) -> bool:
    """Is the path one of the folders (project paths), or below one? An empty one stands for everything."""
    return any(not u or path == u or path.startswith(u.rstrip("/") + "/") for u in folders)
