"""One pass over a repository: scan, compile what is not known, link all, write what differs, remove what is gone."""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from ray_lineage.errors import StoreRefused
from ray_lineage.model import FileState
from ray_lineage.runtime.cluster import under_job
from ray_lineage.runtime.load import Loader, decode_settled, has_failed, note, old_facts, open_cache, trim
from ray_lineage.runtime.parse import Meta, Task, shown
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.summary import IngestSummary, Progress
from ray_lineage.runtime.votes import Votes, in_dialect
from ray_lineage.settings import Settings
from ray_lineage.sources.scan import MARKER

if TYPE_CHECKING:
    from ray_lineage.cache import ParseCache

RAY_COSTS: Final = 10.0
"""Seconds that Ray costs before its first batch and at its end; it pays when spreading the parsing saves more."""
_SECONDS_PER_BYTE: Final = 1.0 / 1_000_000  # cold compile, the mean of the corpora
_CHUNK: Final = 500  # keys of one cache look-up
_BATCH_FILES: Final = 64
_BATCH_BYTES: Final = 256_000

Report = Callable[[Progress], None]


def ingest(
    settings: Settings,
    roots: Sequence[str],
    *,
    progress: Report | None = None,
    full: bool = False,
    dry_run: bool = False,
    retry: bool = False,
) -> IngestSummary:
    """Bring the graph up to date with the files below ``roots``.

    ``full`` writes every file again; ``dry_run`` writes nothing; ``retry`` reads files again that failed, whatever the cache
    knows of them (on Ray, unless ``executor`` is inline: they may have killed their worker). Raises UsageError, StoreUnavailable, StoreRefused, or
    Interrupted after a signal; whatever is raised, the graph holds whole files only and the next run goes on from there.
    """
    started = time.monotonic()
    summary = IngestSummary(workers=settings.ingest_workers)
    report: Report = progress or (lambda _: None)
    with StopSignals() as stop:
        prepare_data_dir(settings.data_dir)
        plan = Plan(settings, roots)
        report(Progress("scan", 0, 0))
        plan.read()
        summary.project, summary.files = plan.project, len(plan.tasks)
        report(Progress("scan", len(plan.tasks), len(plan.tasks)))
        stop.check()
        loader = Loader(settings, plan.project)
        try:
            summary.store = loader.uri
            if loader.rebuilt:
                summary.notes.append(loader.rebuilt)
            if retry:
                _forget_failed(plan, loader)
            if full or retry or not _unchanged(plan, loader, summary):
                run = _Run(settings, plan, loader, summary, report, stop)
                if choose_executor(settings, math.inf if retry else run.cold_bytes()) == "inline":
                    run.run(full=full, dry_run=dry_run)
                else:
                    loader.close()  # the writer actor opens it
                    from ray_lineage.runtime.rayjob import ingest_with_ray

                    summary = ingest_with_ray(
                        settings, plan.roots, report, stop, full=full, dry_run=dry_run, retry=retry
                    )
        finally:
            loader.close()
    trim(summary)
    summary.seconds = time.monotonic() - started
    summary.files_per_second = summary.files / summary.seconds if summary.seconds else 0.0
    summary.peak_rss_bytes = max(summary.peak_rss_bytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    return summary


def prepare_data_dir(path: str) -> None:
    """Make the folder for everything local; what is in it is nobody else's business (mode, git, our own scan)."""
    from ray_lineage.errors import UsageError

    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        for name, text in ((".gitignore", "*\n"), (MARKER, "made by ray_lineage; may be deleted at any time\n")):
            target = os.path.join(path, name)
            if not os.path.exists(target):
                with open(target, "w", encoding="utf-8") as file:
                    file.write(text)
    except OSError as error:
        raise UsageError(
            "RL202", f"cannot write to the data folder {path}: {error.strerror}", where="data_dir", help="set RAY_LINEAGE_DATA_DIR to a folder that can be written"
        ) from None  # fmt: skip


def _unchanged(plan: Plan, loader: Loader, summary: IngestSummary) -> bool:
    """Is everything on disk what the settled graph was made of? Then there is nothing to load, link or write."""
    hashes = {t.file.path: t.file.sha256 for t in plan.tasks}
    if not plan.tasks or not all(hashes.values()) or plan.scan.unlisted:
        return False
    settled = decode_settled(loader.settled())
    if settled is None or settled.digest != plan.rules.digest(hashes):
        return False
    summary.unchanged = len(plan.tasks)
    summary.by_status, summary.diagnostics, summary.severities = (
        settled.by_status,
        settled.diagnostics,
        settled.severities,
    )
    summary.statements, summary.datasets = settled.statements, settled.datasets
    summary.columns, summary.edges, summary.example = settled.columns, settled.edges, settled.example
    summary.settled = True
    return True


def _forget_failed(plan: Plan, loader: Loader) -> None:
    """Files that failed are read again."""
    states = loader.store.state(plan.project).files
    plan.tasks = [
        msgspec.structs.replace(t, fresh=True, file=msgspec.structs.replace(t.file, sha256=""))
        if has_failed(states.get(t.file.path))
        else t
        for t in plan.tasks
    ]


def choose_executor(settings: Settings, cold_bytes: float) -> str:
    """``inline`` or ``ray``: as set, else Ray under a Ray job or address, or when the parsing to do is long enough."""
    if settings.ingest_workers == 0:
        return "inline"
    if settings.executor != "auto":
        return settings.executor
    if settings.ray_address or under_job():
        return "ray"
    cores = os.cpu_count() or 1
    saved = cold_bytes * _SECONDS_PER_BYTE * (1 - 1 / min(cores, settings.ingest_workers))
    return "ray" if saved > RAY_COSTS else "inline"


class _Run:
    """A run that has something to look at."""

    def __init__(
        self, settings: Settings, plan: Plan, loader: Loader, summary: IngestSummary, report: Report, stop: StopSignals
    ) -> None:
        self.settings = settings
        self.plan = plan
        self.loader = loader
        self.summary = summary
        self.report = report
        self.stop = stop
        self.hashes: dict[str, str] = {}
        self.unreadable: set[str] = set()
        self.gone: set[str] = set()
        self.parsed = 0
        self.votes = Votes()
        self._by_path = {t.file.path: t for t in plan.tasks}

    def cold_bytes(self) -> int:
        """Source bytes that neither the index nor the cache knows: what there is to parse."""
        from ray_lineage.cache import cache_key
        from ray_lineage.compile import COMPILER_VERSION

        if self.settings.executor != "auto":
            return 0
        tasks = [t for t in self.plan.tasks if t.file.size <= self.settings.max_file_size]
        cold = sum(t.file.size for t in tasks if not t.file.sha256)
        known = [t for t in tasks if t.file.sha256]
        cache = open_cache(self.settings) if known else None
        if cache is None:
            return cold + sum(t.file.size for t in known)
        keys = [cache_key(t.file.sha256, t.options, COMPILER_VERSION + t.encoding) for t in known]
        present = cache.contains(keys)
        cache.close()
        return cold + sum(t.file.size for t, p in zip(known, present, strict=True) if not p)

    def run(self, *, full: bool, dry_run: bool) -> None:
        for path, diagnostic in self.plan.diagnostics:
            note(self.summary, path, [diagnostic])
        cache = open_cache(self.settings)
        try:
            states = self.loader.begin()
            removed = self._removed(states)
            cold = self._from_cache(cache)
            self.parsed = len(self.plan.tasks) - len(cold)
            self._compile(cold, cache)
            self._vote(cache)
            self._keep_unreadable(states, cache)
            self._vote(cache)
            self._account()
            removed.extend(sorted(p for p in self.gone if p in states))
            self.loader.check_removal(removed, len(self.hashes))  # more may have gone before it was read
            self._finish(removed, full=full, dry_run=dry_run)
        finally:
            if cache is not None:
                cache.close()
        self.plan.index.keep_only(self.plan.paths)
        self.plan.index.save()

    def _removed(self, states: dict[str, FileState]) -> list[str]:
        """Files of the graph that are proven gone: their folder was listed and they were not in it."""
        present = self.plan.paths
        removed = sorted(p for p in states if p not in present and not self.plan.is_unlisted(p))
        if not present and states and len(states) > len(removed):
            raise StoreRefused(
                "RL223", "no folder could be listed; nothing was removed", help="check the permissions of the folder"
            )
        self.loader.check_removal(removed, len(present))
        return removed

    def _from_cache(self, cache: ParseCache | None) -> list[Task]:
        """Feed the linker with what the cache knows of files whose content is known; return the rest."""
        from ray_lineage.cache import cache_key
        from ray_lineage.compile import COMPILER_VERSION

        known = [t for t in self.plan.tasks if t.file.sha256] if cache is not None else []
        cold = [t for t in self.plan.tasks if cache is None or not t.file.sha256]
        for start in range(0, len(known), _CHUNK):
            self.stop.check()
            chunk = known[start : start + _CHUNK]
            keys = [cache_key(t.file.sha256, t.options, COMPILER_VERSION + t.encoding) for t in chunk]
            assert cache is not None
            for task, facts in zip(chunk, cache.get_many(keys), strict=True):
                if facts is None:
                    cold.append(task)
                    continue
                self.hashes[task.file.path] = task.file.sha256
                self.votes.note(task, shown(task, Meta(task.file.path, "facts"), facts))
                self.loader.put(task.file.path, task.file.sha256, facts)
                self.summary.cache_hits += 1
        cold.sort(key=lambda t: t.file.path)
        return cold

    def _compile(self, cold: list[Task], cache: ParseCache | None) -> None:
        if not cold:
            return
        from ray_lineage.runtime.parse import parse_batch

        self.summary.workers = 1
        total = len(self.plan.tasks)
        for batch in cut(cold):
            self.stop.check()
            metas, payload = parse_batch(batch, cache, self.settings.max_file_size)
            self._take(metas, payload)
            self.report(Progress("compile", self.parsed, total, metas[-1].path))

    def _vote(self, cache: ParseCache | None) -> None:
        """Files that say little of their dialect are read in that of their folder; they count once."""
        summary = self.summary
        counted = summary.compiled, summary.cache_hits, summary.cache_misses
        while due := self.votes.due():
            self.parsed -= len(due)
            self._compile([in_dialect(task, dialect) for task, dialect in due], cache)
        summary.compiled, summary.cache_hits, summary.cache_misses = counted

    def _take(self, metas: Sequence[Meta], payload: Sequence[bytes]) -> None:
        """Results of one batch: facts to the linker, hashes to the index."""
        for meta, facts in zip(metas, payload, strict=True):
            self.parsed += 1
            if meta.outcome != "facts":
                (self.gone if meta.outcome == "gone" else self.unreadable).add(meta.path)
                if meta.diagnostic is not None:
                    note(self.summary, meta.path, [meta.diagnostic])
                continue
            self.hashes[meta.path] = meta.sha256
            self.votes.note(self._by_path[meta.path], meta)
            self.plan.index.record(self._by_path[meta.path].file, meta.sha256, meta.read_at_ns)
            self.loader.put(meta.path, meta.sha256, facts)
            if meta.hit:
                self.summary.cache_hits += 1
            else:
                self.summary.compiled += 1
                self.summary.cache_misses += 1

    def _keep_unreadable(self, states: dict[str, FileState], cache: ParseCache | None) -> None:
        for path, sha256, facts in old_facts(self.unreadable, states, self._by_path, cache, self.votes):
            self.loader.put(path, sha256, facts)

    def _account(self) -> None:
        """Nothing may be dropped: every scanned file was linked, is gone, or is set aside with a diagnostic."""
        done = len(self.hashes) + len(self.gone) + len(self.unreadable)
        if done != len(self.plan.tasks):
            raise AssertionError(f"{len(self.plan.tasks)} files were scanned but {done} accounted for")

    def _finish(self, removed: list[str], *, full: bool, dry_run: bool) -> None:
        total = len(self.hashes)
        stored = 0
        self.report(Progress("link", 0, total))

        def on_linked(number: int) -> None:
            self.stop.check()
            self.report(Progress("link", number, total))

        def on_stored(files: int) -> None:
            nonlocal stored
            stored += files
            self.report(Progress("load", stored, total))
            self.stop.check()

        settle = not self.unreadable and not self.gone and not self.plan.scan.unlisted
        digest = self.plan.rules.digest(self.hashes)
        self.loader.finish(
            digest,
            removed,
            full=full,
            settle=settle,
            summary=self.summary,
            dry_run=dry_run,
            kept=frozenset(self.unreadable),
            on_linked=on_linked,
            on_stored=on_stored,
        )
        if self.unreadable:
            self.summary.by_status["unreadable"] = len(self.unreadable)
        self.summary.unchanged = total - self.summary.files_written


def cut(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Batches of at most 64 files and 256 kB; a larger file travels alone."""
    batch: list[Task] = []
    size = 0
    for task in tasks:
        if batch and (len(batch) >= _BATCH_FILES or size + task.file.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(task)
        size += task.file.size
    if batch:
        yield batch
