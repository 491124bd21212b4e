"""Two states of a repository, read and compared; or one, and what depends on names in it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from ray_lineage.cache import ParseCache
from ray_lineage.compile import split_source
from ray_lineage.compile.wording import Language, worded
from ray_lineage.diff import yaml
from ray_lineage.diff.breaks import Gone, Lacking, Misfit, Use, lacking, mentions, misfits, uses
from ray_lineage.diff.changes import Change, Kind, Material, classify
from ray_lineage.diff.configured import FILES, changed_settings
from ray_lineage.diff.git import Entry, Repository, Revision
from ray_lineage.diff.logic import Said, reworded, unchanged
from ray_lineage.diff.owners import MOST_BYTES, PLACES, Owners, owners_of, owners_on_disk
from ray_lineage.diff.pair import Pair
from ray_lineage.diff.parts import Part, worded_parts
from ray_lineage.diff.reach import ALL_FILES, LEAST_FILES, SOME_FILES, Downstream, Reached, Seeds
from ray_lineage.diff.reading import Reading
from ray_lineage.diff.report import Found, Impact, Report, counted, following, is_own
from ray_lineage.diff.rows import Differences, differences
from ray_lineage.diff.spelling import mentioned
from ray_lineage.diff.tree import sources, texts_of
from ray_lineage.errors import UsageError
from ray_lineage.link.symbols import shorter
from ray_lineage.link.view import FileView
from ray_lineage.model import CONTAINERS, Priority, SourceFile, split_text
from ray_lineage.query.walk import nearest
from ray_lineage.runtime.parse import Task
from ray_lineage.runtime.plan import Plan, Rules, scan_options
from ray_lineage.runtime.project import check_inside, parts_of
from ray_lineage.settings import Settings
from ray_lineage.settings.trust import working_tree
from ray_lineage.sources.artefacts import is_artefact
from ray_lineage.sources.decode import decode
from ray_lineage.sources.scan import SourceFault, escape, read_bytes

_NOWHERE: Final = "/dev/null"  # the root of files that lie on no disk
_RENAMED: Final = re.compile(r"ray_lineage:\s*renamed_from\s+([^\s*;,]+)")


class Where(NamedTuple):
    """The repository, and the project's root in it as git calls it (empty: all of it)."""

    repository: Repository
    root: str
    folder: str


def located(settings: Settings, start: str) -> Where:
    """Raises UsageError (RL253) outside of a working tree of git."""
    root = os.path.realpath(settings.root) if settings.root else ""
    top = working_tree(Path(root or os.path.realpath(start)))
    if top is None or not os.path.lexists(top / ".git"):
        raise UsageError("RL253", f"{root or start} is in no working tree of git", help="run it in a repository")
    folder = os.path.relpath(root, top) if root else "."
    return Where(Repository(top), root or str(top), "" if folder == "." else folder.replace(os.sep, "/"))


def _at(settings: Settings, root: str) -> Settings:
    """The settings at a project's root. Raises UsageError (RL227) if ``roots`` leads out of it."""
    settings = replace(settings, root=root)
    check_inside(parts_of(settings), root)
    return settings


class Side(ABC):
    """The files of one state: their tasks, without contents, and how to get these."""

    name = ""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}

    @abstractmethod
    def filled(self, paths: Iterable[str]) -> Iterator[Task]:
        """The tasks of these, with what they hold if that lies on no disk."""

    @abstractmethod
    def contents(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """What these hold, by path, of those that lie on no disk."""

    @abstractmethod
    def text(self, path: str) -> str:
        """The text of a file; empty if it cannot be read."""


class OfCommit(Side):
    """A commit."""

    def __init__(self, where: Where, revision: Revision, rules: Rules) -> None:
        super().__init__()
        self.name = revision.name
        self.revision = revision
        self._repository = where.repository
        most = rules.settings.max_file_size
        entries = self._repository.entries(revision, where.folder)
        texts = texts_of(entries, lambda names: {b.name: b.data for b in self._repository.blobs(names, most) if b.data})
        self.blobs: dict[str, str] = {}
        for entry in sources(entries, scan_options(rules.settings), texts):
            self._take(entry, rules)

    def _take(self, entry: Entry, rules: Rules) -> None:
        path = escape(entry.path)
        file = SourceFile(path, _NOWHERE, entry.path, 0, 0, 0, 0, int(Priority.BATCH))
        task = rules.task(file, "")
        if task is not None:
            self.tasks[path], self.blobs[path] = task, entry.blob

    def filled(self, paths: Iterable[str]) -> Iterator[Task]:
        """See :class:`Side`."""
        asked = list(paths)
        most = max((self.tasks[p].limit for p in asked), default=0)
        for path, blob in zip(asked, self._repository.blobs((self.blobs[p] for p in asked), most), strict=True):
            task = self.tasks[path]
            if blob.data is not None and blob.size <= task.limit:
                yield msgspec.structs.replace(task, content=blob.data)

    def contents(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See :class:`Side`."""
        return {
            t.file.path: t.content for t in self.filled(p for p in paths if p in self.blobs) if t.content is not None
        }

    def text(self, path: str) -> str:
        """See :class:`Side`."""
        return _text(self.contents([path]).get(path, b""), self.tasks[path])


class OnDisk(Side):
    """The working tree, as an ingest would find it, without artefacts that are in no commit."""

    name = "the working tree"

    def __init__(self, where: Where, settings: Settings, known: Iterable[str]) -> None:
        super().__init__()
        plan = Plan(settings, [where.root])
        plan.read()
        kept = frozenset(known)
        self.tasks = {
            t.file.path: t for t in plan.tasks if t.file.path in kept or not is_artefact(os.path.basename(t.file.path))
        }

    def filled(self, paths: Iterable[str]) -> Iterator[Task]:
        """See :class:`Side`."""
        return (self.tasks[path] for path in paths)

    def contents(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See :class:`Side`. Those too that lie on the disk: what did not change has the task of the commit, which lies nowhere."""
        found = ((path, self._bytes(path)) for path in paths if path in self.tasks)
        return {path: data for path, data in found if data is not None}

    def text(self, path: str) -> str:
        """See :class:`Side`."""
        return _text(self._bytes(path) or b"", self.tasks[path])

    def _bytes(self, path: str) -> bytes | None:
        """None if it cannot be read."""
        task = self.tasks[path]
        try:
            return read_bytes(task.file, task.limit)
        except SourceFault:
            return None

    def differs(self, path: str, sha256: str) -> bool:
        """Does a file hold something else than what has this hash?"""
        known = self.tasks[path].file.sha256
        return (known or hashlib.sha256(self._bytes(path) or b"").hexdigest()) != sha256


def _text(data: bytes, task: Task) -> str:
    return decode(data, task.encoding).text


def diff(
    settings: Settings, start: str, base: str | None, head: str | None, cache: ParseCache | None, *, merge_base: bool = False,
    everything: bool = False, look: Callable[[Report, Pair], None] | None = None,
) -> Report:  # fmt: skip
    """Compare. ``base`` None: where the branch left what it follows; ``head`` None: the working tree. ``everything``: follow what
    changes reach to the end, however many files that takes; ``look``: is called while both sides are there. Raises UsageError."""
    where = located(settings, start)
    settings = _at(settings, where.root)
    rules = Rules(settings)
    repository = where.repository
    to = repository.commit(head) if head is not None else None
    at = _base(repository, base, head or "HEAD", merge_base=merge_base)
    before = OfCommit(where, at, rules)
    after: Side = OfCommit(where, to, rules) if to is not None else OnDisk(where, settings, before.tasks)
    comparing = Comparing(before, after, cache)
    try:
        owners = _owners(repository, to)
        listed = comparing.found(comparing.changes(), owners, where.folder, everything=everything)
        listed = _with_settings(
            listed, changed_settings(_settings_of(where, at), _settings_of(where, to)), where, owners
        )
        report = Report(
            1, at.name, after.name, at.commit, to.commit if to is not None else "", comparing.files(),
            counted((f.change for f in listed), len(comparing.silent)), listed, comparing.models(listed), comparing.pair.linked,
            f"{where.folder}/" if where.folder else "", comparing.spelled(listed),
        )  # fmt: skip
        if look is not None:
            look(report, comparing.pair)
        return report
    finally:
        comparing.pair.close()


def _settings_of(where: Where, revision: Revision | None) -> dict[str, bytes]:
    """The files of settings at the project's root, in a commit or (None) on the disk."""
    if revision is not None:
        entries = [e for e in where.repository.entries(revision, where.folder) if e.path in FILES]
        blobs = where.repository.blobs((e.blob for e in entries), MOST_BYTES)
        return {e.path: b.data or b"" for e, b in zip(entries, blobs, strict=True)}
    found = {}
    for name in FILES:
        file = SourceFile(name, where.root, name, 0, 0, 0, 0, int(Priority.BATCH))
        with contextlib.suppress(SourceFault):
            found[name] = read_bytes(file, MOST_BYTES)
    return found


def _with_settings(
    found: tuple[Found, ...], changes: Iterable[Change], where: Where, owners: Owners
) -> tuple[Found, ...]:
    """Behind what surely breaks."""
    prefix = f"{where.folder}/" if where.folder else ""
    more = [Found(c, Reached({}, 0, (), cut=False), owners.of(prefix + c.file)) for c in changes]
    at = sum(f.change.level == "error" for f in found)
    return (*found[:at], *more, *found[at:])


def _base(repository: Repository, base: str | None, head: str, *, merge_base: bool) -> Revision:
    if base is None:
        return repository.default_base(head)
    return repository.merge_base(base, head) if merge_base else repository.commit(base)


def _owners(repository: Repository, to: Revision | None) -> Owners:
    """By HEAD's CODEOWNERS."""
    if to is None:
        return owners_on_disk(repository.top)
    found = {e.path: e.blob for e in repository.entries(to) if e.path in PLACES}
    blobs = [found[p] for p in PLACES if p in found][:1]
    return Owners("".join((b.data or b"").decode("utf-8", "replace") for b in repository.blobs(blobs, MOST_BYTES)))


def impact(settings: Settings, start: str, names: Sequence[str], cache: ParseCache | None) -> Impact:
    """What depends on datasets and columns, in the files as they are on disk. Raises UsageError for a name that is not there."""
    root = (
        os.path.realpath(settings.root) if settings.root else str(working_tree(Path(os.path.realpath(start))) or start)
    )
    settings = _at(settings, root)
    plan = Plan(settings, [root])
    plan.read()
    reading = Reading(cache)
    pair = Pair(reading.take(plan.tasks, (), lambda paths: {}))
    try:
        view = pair.head_view()
        graph = Downstream(pair.mentioning, pair.head_of, lambda d: view.columns(d) or ())
        seeds = Seeds()
        called = [_meant_by(name, pair.datasets(), graph, seeds) for name in names]
        reached = graph.walk(seeds)
        owners = owners_of(root, reached.files)
        begun = {*seeds.rows, *(d for d, _ in seeds.columns)}
        models = tuple(sorted({m for m, makes in pair.models() if makes in {*reached.datasets, *begun}}))
        display = pair.spelled({*reached.datasets, *begun})
        return Impact(
            1, tuple(called), reached.datasets, reached.columns, models, reached.files, owners, reached.cut, display
        )
    finally:
        pair.close()


def _meant_by(text: str, datasets: Sequence[str], graph: Downstream, seeds: Seeds) -> str:
    """The dataset, or the column of one, that a name means; it is added to the seeds."""
    parts = split_text(text.lower())
    whole = _ending_in(parts, datasets)
    if len(whole) == 1:
        seeds.rows.add(whole[0])
        return whole[0]
    owners = _ending_in(parts[:-1], datasets) if len(parts) > 1 and not whole else []
    columns = [(d, c) for d in owners for c in graph.all_columns_of(d) if c.lower() == parts[-1]]
    if len(columns) == 1:
        seeds.columns.add(columns[0])
        return ".".join(columns[0])
    several = whole or [".".join(c) for c in columns]
    if several:
        raise UsageError(
            "RL205",
            f"{text!r} could be {len(several)} different things",
            help=f"name one of: {', '.join(several[:10])}",
        )
    near = nearest(parts, datasets)
    hint = f"did you mean {', '.join(near)}?" if near else "name a dataset, or dataset.column"
    raise UsageError("RL204", f"nothing in these files is called {text!r}", help=hint)


def _ending_in(parts: tuple[str, ...], datasets: Iterable[str]) -> list[str]:
    found = [d for d in datasets if split_text(d.lower())[-len(parts) :] == parts]
    exact = [d for d in found if len(split_text(d)) == len(parts)]
    return sorted(exact if len(exact) == 1 else found)


class Comparing:
    """Two sides, put into one linker and compared."""

    def __init__(self, before: Side, after: Side, cache: ParseCache | None) -> None:
        self.before, self.after = before, after
        self._reading = reading = Reading(cache)
        self.pair = Pair(reading.take(before.filled(before.tasks), (), before.contents))
        self.changed = {p for p in after.tasks if p not in before.tasks or self._differs(p)}
        self.gone = set(before.tasks) - set(after.tasks)
        self._tasks = {p: before.tasks[p] for p in (*self.changed, *self.gone) if p in before.tasks}
        reads = dict(reading.take(after.filled(sorted(self.changed)), self.gone, after.contents))
        self.pair.change(reads, self.gone)
        self.silent: set[str] = set()

    def _differs(self, path: str) -> bool:
        if isinstance(self.before, OfCommit) and isinstance(self.after, OfCommit):
            return self.before.blobs[path] != self.after.blobs[path]
        return isinstance(self.after, OnDisk) and self.after.differs(path, self._reading.hashes.get(path, ""))

    def files(self) -> dict[str, int]:
        """How many changed, and how."""
        added = sum(p not in self.before.tasks for p in self.changed)
        return {
            "changed": len(self.changed | self.gone),
            "added": added,
            "removed": len(self.gone),
            "silent": len(self.silent),
        }

    def changes(self) -> list[Change]:
        """All of them, worst first."""
        pair = self.pair
        base = {p: said for p in sorted(self._tasks) if (said := self._said(p, is_head=False)) is not None}
        head = {p: said for p in sorted(self.changed) if (said := self._said(p, is_head=True)) is not None}
        self.silent = unchanged(base, head) | {p for p in base.keys() & head.keys() if self._is_same_yaml(p)}
        logic = reworded(_without(base, self.silent), _without(head, self.silent))
        found = differences(pair.base_rows, pair.head_rows)
        view = pair.head_view()
        gone = _gone(found, lambda dataset: view.columns(dataset) is not None)
        readers = self._readers(gone, found)
        used = tuple(u for p in readers for u in self._uses(p, gone))
        listed = frozenset(d for d in found.head.datasets if view.columns(d) is not None)
        statuses = {p: head[p].facts.status for p in head if p not in self.silent}
        statuses.update(dict.fromkeys(self.changed & self._reading.given_up.keys(), "failed"))
        renamed = dict(self._renamed(found))
        material = Material(
            found,
            used,
            tuple(self._misfits(readers)),
            logic,
            listed,
            frozenset(self.changed | self.gone),
            statuses,
            renamed,
            tuple(self._lacking(used)),
        )
        return classify(material)

    def _is_same_yaml(self, path: str) -> bool:
        return path.lower().endswith(yaml.SUFFIXES) and yaml.is_same(self.before.text(path), self.after.text(path))

    def _said(self, path: str, *, is_head: bool) -> Said | None:
        side = self.after if is_head else self.before
        facts = self.pair.facts(path) if is_head else self.pair.base_facts(path)
        if facts is None or path not in side.tasks:
            return None
        rows = self.pair.head_of(path) if is_head else self.pair.base_of(path)
        parts = self._parts(side, path)
        if parts:
            other = self._parts(self.before if is_head else self.after, path)
            return Said(facts, worded_parts(parts, other, rows.targets, len(facts.statements)), rows.targets)
        return Said(facts, worded(side.text(path), facts, _language(side.tasks[path])), rows.targets)

    def _parts(self, side: Side, path: str) -> dict[str, Part]:
        """Of a file that is cut into some; none: it is read as a whole, or is not there."""
        task = side.tasks.get(path)
        data = side.contents([path]).get(path) if task is not None and path.endswith(CONTAINERS) else None
        found = split_source(data, task.options) if task is not None and data is not None else None
        if found is None:
            return {}
        parts, compiled = found
        return {part.name: Part(part.content, compiled) for part in parts.each}

    def _readers(self, gone: Gone, found: Differences) -> list[str]:
        """Files of HEAD that may use what is gone, or whose columns may no longer fit."""
        names = {*gone.columns, *gone.datasets, *(s for d in gone.datasets for s in shorter(d))}
        names |= {d for d, _ in found.base.columns.keys() ^ found.head.columns.keys()}
        files = {p for name in names for p in self.pair.mentioning(name)}
        return sorted({*files, *self.pair.head_rows})

    def _uses(self, path: str, gone: Gone) -> Iterator[Use]:
        facts = self.pair.facts(path)
        if facts is not None:
            yield from uses(path, facts, gone, self.pair.head_view())

    def _misfits(self, readers: Iterable[str]) -> Iterator[Misfit]:
        """Of HEAD, those that were none in BASE."""
        view = self.pair.head_view()
        found = {p: f for p in readers if (facts := self.pair.facts(p)) is not None and (f := misfits(p, facts, view))}
        if not found:
            return
        with self.pair.in_base() as old:
            before = {p: misfits(p, facts, old) for p in found if (facts := self.pair.facts(p)) is not None}
        for path, some in found.items():
            known = {target for _, target in before.get(path, {})}
            yield from (misfit for (_, target), misfit in some.items() if target not in known and path in before)

    def _lacking(self, used: Iterable[Use]) -> Iterator[Lacking]:
        """Of changed files, what BASE did not have there; no column that was lost, and none that others always named as well: what
        makes its table is not all here then."""
        lost = {(u.place.file, dataset, u.column) for u in used for dataset in (u.dataset, "")}
        view = self.pair.head_view()
        found: list[Lacking] = []
        for path in sorted(self.changed & self.pair.head_rows.keys()):
            known = {message for message, _ in self.pair.base_of(path).lacking}
            said = [(m, line) for m, line in self.pair.head_of(path).lacking if m not in known]
            facts = self.pair.facts(path) if said else None
            new = lacking(path, facts, said, view) if facts is not None else ()
            found.extend(n for n in new if (path, n.dataset, n.column) not in lost and not self._is_agreed(n))
        if found:
            with self.pair.in_base() as old:
                found = [n for n in found if not self._had(n, old)]
        yield from found

    def _is_agreed(self, new: Lacking) -> bool:
        others = self.pair.mentioning(new.dataset) - self.changed if new.dataset else set[str]()
        return any(new.says == said for p in others for said, _ in self.pair.head_of(p).lacking)

    def _had(self, new: Lacking, old: FileView) -> bool:
        """Did BASE read it too, when nobody could tell that there is no such column?"""
        facts = self.pair.facts(new.place.file)
        is_told = old.columns(new.dataset) is not None
        return facts is not None and not is_told and mentions(facts, (new.dataset, new.column), old)

    def _renamed(self, found: Differences) -> Iterator[tuple[str, str]]:
        """What is written to be called otherwise now: a comment on the line of a column, or in front of what is declared."""
        for path in sorted(self.changed):
            text = self.after.text(path)
            for number, line in enumerate(text.splitlines() if "renamed_from" in text else (), 1):
                for match in _RENAMED.finditer(line):
                    yield from _meant(match[1], path, number, line, found)

    # ------------------------------------------------------------------ what is reached

    def found(
        self, changes: Sequence[Change], owners: Owners, folder: str, *, everything: bool = True
    ) -> tuple[Found, ...]:
        """The changes, with what each reaches (``everything``: however far that is); consequences know what they follow from."""
        own = sum(map(is_own, changes))
        most = ALL_FILES if everything else max(LEAST_FILES, SOME_FILES // max(1, own))
        prefix = f"{folder}/" if folder else ""
        out: list[Found] = []
        for change in changes:
            graph = self._base_graph if change.base else self._head_graph
            reached = graph.walk(self._seeds(change), most if everything or is_own(change) else 0)
            files = dict.fromkeys((change.file, *(u.place.file for u in change.uses), *reached.files))
            out.append(Found(change, reached, owners.of_all(prefix + path for path in files if path)))
        return following(out)

    def _seeds(self, change: Change) -> Seeds:
        seeds = Seeds(readers={u.target for u in change.uses if u.target and u.target != change.dataset})
        if change.kind is Kind.UNKNOWN and not change.dataset:
            seeds.rows.update(
                self.pair.head_of(change.file).targets.values(), self.pair.base_of(change.file).targets.values()
            )
        elif change.dataset and (change.rows or not change.column):
            seeds.rows.add(change.dataset)
        elif change.dataset:
            seeds.columns.add((change.dataset, change.column))
        return seeds

    @property
    def _head_graph(self) -> Downstream:
        if not hasattr(self, "_head"):
            view = self.pair.head_view()
            self._head = Downstream(self.pair.mentioning, self.pair.head_of, lambda d: view.columns(d) or ())
            self._head.load(sorted(self.pair.head_rows))
        return self._head

    @property
    def _base_graph(self) -> Downstream:
        if not hasattr(self, "_base"):
            view = self.pair.head_view()
            lists = differences(self.pair.base_rows, {}).base.lists
            self._base = Downstream(
                self.pair.mentioning, self.pair.base_of, lambda d: lists.get(d) or view.columns(d) or ()
            )
            self._base.load(sorted({*self.pair.base_rows, *self.pair.head_rows}))
        return self._base

    def spelled(self, found: Sequence[Found]) -> dict[str, str]:
        """How what changes name is written."""
        rows = (*self.pair.base_rows.values(), *self.pair.head_rows.values())
        return self.pair.spelled(sorted(mentioned(rows, found)))

    def models(self, found: Iterable[Found]) -> tuple[str, ...]:
        """Names of the dbt models that changes make or reach."""
        named = {d for f in found for d in (f.change.dataset, *f.reached.datasets) if d}
        return tuple(sorted({m for m, makes in self.pair.models() if makes in named}))


def _without(side: Mapping[str, Said], paths: set[str]) -> dict[str, Said]:
    return {p: said for p, said in side.items() if p not in paths}


def _gone(found: Differences, is_listed: Callable[[str], bool]) -> Gone:
    datasets = frozenset(found.base.datasets.keys() - found.head.datasets.keys())
    columns: dict[str, set[str]] = {}
    for dataset, column in found.base.columns.keys() - found.head.columns.keys():
        if dataset in found.head.datasets and is_listed(dataset):
            columns.setdefault(dataset, set()).add(column)
    return Gone({d: frozenset(c) for d, c in columns.items()}, datasets)


def _language(task: Task) -> Language:
    first = task.options.formats[0] if task.options.formats else ""
    return "sql" if first == "sql" else "python" if task.file.path.endswith(".py") else "other"


def _meant(old: str, path: str, number: int, line: str, found: Differences) -> Iterator[tuple[str, str]]:
    gone = found.base.datasets.keys() - found.head.datasets.keys()
    for dataset in sorted(gone):
        if old == dataset or old in shorter(dataset):
            below = [
                (p.line, n)
                for n, (_, p) in found.head.datasets.items()
                if p.file == path and n not in found.base.datasets
            ]
            near = min(below, key=lambda item: (item[0] < number, abs(item[0] - number)), default=None)
            if near is not None:
                yield dataset, near[1]
    words = set(re.findall(r"\w+", line.lower()))
    for dataset, column in sorted(found.base.columns.keys() - found.head.columns.keys()):
        if old in (column, f"{dataset}.{column}"):
            new = [
                c
                for c in found.head.lists.get(dataset, ())
                if (dataset, c) not in found.base.columns and c.lower() in words
            ]
            if len(new) == 1:
                yield f"{dataset}.{column}", f"{dataset}.{new[0]}"
