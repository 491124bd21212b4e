"""One file, read as an ingest of its repository would read it: in the dialect of its folders, with the files that it asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from ray_lineage.compile import compile_source, reads_bytes
from ray_lineage.model import Diagnostic, FileFacts, SourceFile
from ray_lineage.runtime.needs import Needs
from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.runtime.plan import Rules, scan_options
from ray_lineage.runtime.votes import SURE, Votes, in_dialect
from ray_lineage.settings import Settings
from ray_lineage.sources.decode import decode
from ray_lineage.sources.scan import SourceFault, Tree, read_bytes

_MOST: Final = 2_000
"""Files around it that are looked at, the nearest first: those of larger repositories do not tell more."""
_FOLDERS: Final = 1_000
"""Folders that are listed for them: a file may lie at the top of a disk."""
_ROUNDS: Final = 4
_TOPS: Final = (".git", "ray_lineage.toml")
_PROVIDES: Final = ("{% macro", "{%- macro", "{%macro")


def top_of(path: str) -> str:
    """The folder of the repository that a file is of; its own folder, if it is of none."""
    folder = start = os.path.dirname(os.path.abspath(path))
    while True:
        if any(os.path.exists(os.path.join(folder, name)) for name in _TOPS):
            return folder
        if os.path.dirname(folder) == folder:
            return start
        folder = os.path.dirname(folder)


def read_alone(path: str, settings: Settings, diagnostics: tuple[Diagnostic, ...] = ()) -> FileFacts | None:
    """What the file says; None if an ingest would not look at it. ``diagnostics`` are those of decoding it."""
    tree, rules = Tree([top_of(path)], scan_options(settings)), Rules(settings)
    found = tree.look([os.path.realpath(path)]).files
    own = _text_task(rules, found[0]) if found else None
    return _Reading(own, list(_around(own, tree, rules))).facts(diagnostics) if own is not None else None


def _text_task(rules: Rules, file: SourceFile) -> Task | None:
    task = rules.task(file, "")
    return None if task is None or reads_bytes(task.options.formats) else task


def _around(own: Task, tree: Tree, rules: Rules) -> Iterator[Task]:
    """The files of its folder and below, then those of each folder around it."""
    known, folder, left = {own.file.path}, own.file.path, _FOLDERS
    while folder and left:
        folder = folder.rpartition("/")[0]
        walk = tree.subtree(folder, left)
        for file in walk:
            if file.path not in known and (task := _text_task(rules, file)):
                known.add(file.path)
                yield task
                if len(known) > _MOST:
                    return
        left -= walk.listed


class _Reading:
    def __init__(self, own: Task, around: list[Task]) -> None:
        self.files = {t.file.path: t.file for t in (own, *around)}
        self.own = own
        self.around = around
        self.votes, self.needs = Votes(), Needs()
        self.texts: dict[str, str] = {}

    def facts(self, diagnostics: tuple[Diagnostic, ...]) -> FileFacts:
        from ray_lineage.compile.sql.detect import evidence

        for task in (self.own, *self.around):
            text = self.texts[task.file.path] = _text(task)
            if "sql" in task.options.formats and not task.options.dialect:
                self.votes.note(task, Meta(task.file.path, "facts", confidence=0.5, evidence=evidence(text)))
            if task is not self.own and (task.options.formats == ("dbt_yaml",) or any(m in text for m in _PROVIDES)):
                self.needs.note(task, (), provides=compile_source(text, task.options).provides)
        facts = self._read(self.own, diagnostics)
        for _ in range(_ROUNDS):
            again = next(iter(self._again(facts)), None)
            if again is None:
                break
            facts = self._read(again, diagnostics)
        return facts

    def _again(self, facts: FileFacts) -> Iterator[Task]:
        """The file as it is to be read, if that is not how it was."""
        self.needs.note(self.own, facts.needs)
        hashes = dict.fromkeys(self.texts, "")
        for task in self.needs.due(hashes, self.files.get):
            if task.file.path == self.own.file.path:
                self.own = task
                yield task
        dialect = self.votes.read_in(self.own.file.path)
        if dialect and self.own.options.dialect != dialect and facts.evidence.get(facts.dialect, 0) < SURE:
            self.own = in_dialect(self.own, dialect)
            yield self.own

    def _read(self, task: Task, diagnostics: tuple[Diagnostic, ...]) -> FileFacts:
        given = {g.name: self.texts[g.file.path].encode() for g in task.given if g.file.path in self.texts}
        return compile_source(self.texts[task.file.path], task.options, diagnostics, given)


def _text(task: Task) -> str:
    try:
        return decode(read_bytes(task.file, task.limit), task.encoding).text
    except SourceFault:
        return ""
