"""Two states of a project's files in one linker: what of the first is linked otherwise in the second.

Nothing is linked that the change cannot touch. All of BASE is put and its catalog settled; HEAD's changes then name the files
whose names may have other answers; these are linked as they were in BASE, which tells what they do ask; and of them those in
HEAD that asked what is another answer now. What else somebody wants to know of HEAD is linked when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from ray_lineage.diff.reading import Read
from ray_lineage.diff.rows import NOTHING, FileRows, rows_of
from ray_lineage.link import Linker
from ray_lineage.link.contribute import displayed
from ray_lineage.link.view import FileView
from ray_lineage.model import FileFacts, decode_facts


class Pair:
    """See the module. At any time the linker is on one of the two sides."""

    def __init__(self, base: Iterable[tuple[str, Read]]) -> None:
        """``base``: of every file what it says, as it is read."""
        self._linker = Linker("")
        for path, read in base:
            self._linker.put(path, read.sha256, read.facts)
        self._linker.suppose()
        self._before: dict[str, Read] = {}
        self._after: dict[str, Read] = {}
        self._gone: set[str] = set()
        self.base_rows: dict[str, FileRows] = {}
        self.head_rows: dict[str, FileRows] = {}
        """Of the files that are linked otherwise on one side than on the other."""
        self._same: dict[str, FileRows] = {}
        self._view: FileView | None = None

    def change(self, changed: Mapping[str, Read], gone: Iterable[str]) -> None:
        """HEAD has these files otherwise, and those no more."""
        linker = self._linker
        self._after, self._gone = dict(changed), {path for path in gone if path in linker}
        known = (path for path in (*self._after, *self._gone) if path in linker)
        self._before = {path: Read(linker.sha256(path), linker.facts_bytes(path)) for path in known}
        self._to_head()
        touched = {*self._linker.settle(), *self._gone}
        self._to_base()
        self._linker.settle()
        linked = {path: self._linker.contribution(path) for path in sorted(touched) if path in self._linker}
        self._to_head()
        again = self._linker.settle()
        self.base_rows = {p: rows_of(c) for p, c in linked.items() if p in {*again, *self._gone}}
        self._same = {p: rows_of(c) for p, c in linked.items() if p not in self.base_rows}
        self.head_rows = {path: rows_of(self._linker.contribution(path)) for path in again}

    def _to_head(self) -> None:
        for path in sorted(self._gone):
            self._linker.remove(path)
        for path, read in self._after.items():
            self._linker.put(path, read.sha256, read.facts)

    def _to_base(self) -> None:
        for path in (*self._after, *sorted(self._gone)):
            before = self._before.get(path)
            if before is None:
                self._linker.remove(path)
            else:
                self._linker.put(path, before.sha256, before.facts)

    @contextmanager
    def in_base(self) -> Iterator[FileView]:
        """Go back to BASE for a while, and look at its catalog."""
        self._to_base()
        try:
            yield self._linker.view()
        finally:
            self._to_head()
            self._linker.settle()

    def head_view(self) -> FileView:
        """HEAD's catalog."""
        if self._view is None:
            self._view = self._linker.view()
        return self._view

    def spelled(self, datasets: Iterable[str]) -> dict[str, str]:
        """How these and their columns are written, where letters' case differs: in HEAD, of what it has no more in BASE."""
        rows = (*self.base_rows.values(), *self.head_rows.values())
        out = {name: written for file in rows for name, written in file.spelled.items()}
        view = self.head_view()
        for dataset in datasets:
            said = view.descriptions(dataset)
            name = displayed(dataset, said.display)
            if name != dataset:
                out[dataset] = name
            out.update((f"{dataset}.{column}", f"{name}.{written}") for column, written in said.spelled.items())
        return out

    def models(self) -> Iterator[tuple[str, str]]:
        """Every dbt model of HEAD by its plain name, and the dataset that it makes."""
        return self._linker.models()

    def base_facts(self, path: str) -> FileFacts | None:
        """What BASE has of a file that HEAD has otherwise; None if that is nothing."""
        before = self._before.get(path)
        return decode_facts(before.facts) if before is not None else None

    def datasets(self) -> list[str]:
        """The names of all datasets that are known."""
        return self._linker.datasets()

    def facts(self, path: str) -> FileFacts | None:
        """What a file says on the side where the linker is; None if it is not there."""
        return decode_facts(self._linker.facts_bytes(path)) if path in self._linker else None

    def head_of(self, path: str) -> FileRows:
        """A file's rows in HEAD."""
        found = self.head_rows.get(path) or self._same.get(path)
        if found is None:
            found = self._same[path] = rows_of(self._linker.contribution(path)) if path in self._linker else NOTHING
        return found

    def base_of(self, path: str) -> FileRows:
        """A file's rows in BASE."""
        if path in self.base_rows:
            return self.base_rows[path]
        return NOTHING if path in self.head_rows else self.head_of(path)

    def mentioning(self, dataset: str) -> set[str]:
        """Paths of the files that mention a dataset in HEAD, or did in BASE and are linked otherwise since."""
        return self._linker.mentioning(dataset)

    @property
    def linked(self) -> int:
        """So many files were linked so far, each time."""
        return self._linker.counts.files

    def close(self) -> None:
        """Release the linker."""
        self._linker.close()
