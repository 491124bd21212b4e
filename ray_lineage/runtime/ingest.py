"""One pass over a repository: scan, compile what is not known, link, write what differs, remove what is gone."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.graph.open import is_new
from ray_lineage.logs import one_line
from ray_lineage.query.failures import note_unread
from ray_lineage.query.projects import forget_project
from ray_lineage.runtime.cluster import NO_HEAD, running_head, under_job, use_own_token
from ray_lineage.runtime.cradle import Cradle
from ray_lineage.runtime.datadir import prepare_data_dir
from ray_lineage.runtime.here import run_here
from ray_lineage.runtime.load import Loader, decode_settled, note, trim
from ray_lineage.runtime.plan import Plan
from ray_lineage.runtime.project import holds_project, located
from ray_lineage.runtime.signals import StopSignals
from ray_lineage.runtime.summary import IngestSummary, Progress
from ray_lineage.runtime.supervise import Job, Order
from ray_lineage.settings import Settings, matches

Report = Callable[[Progress], None]


def ingest(
    settings: Settings,
    roots: Sequence[str],
    *,
    progress: Report | None = None,
    full: bool = False,
    dry_run: bool = False,
    retry: bool = False,
    whole: bool = False,
    cradle: Cradle | None = None,
) -> IngestSummary:
    """Bring the graph up to date with the files below ``roots``: all of a project, or a part of it; what they are a part of
    stays as it is, unless they are the ``whole`` of it now.

    ``full`` writes every file again; ``dry_run`` writes nothing; ``retry`` reads files again that failed, whatever the cache
    knows of them. ``cradle``: where local workers come from, if that was begun; it is the caller's to close. Raises UsageError, StoreUnavailable, StoreRefused, or Interrupted after a signal; whatever is raised, the
    graph holds whole files only and the next run goes on from there.
    """
    started = time.monotonic()
    report: Report = progress or (lambda _: None)
    with StopSignals() as stop:
        place = located(settings, roots)
        settings = place.settings
        plan = Plan(settings, place.parts)
        report(Progress("scan", 0, 0))
        plan.read()
        report(Progress("scan", len(plan.tasks), len(plan.tasks)))
        stop.check()
        if _is_nothing(settings, plan):
            summary = IngestSummary(project=plan.project)
        else:
            prepare_data_dir(settings.data_dir)
            order = Order(full=full, dry_run=dry_run, retry=retry, whole=whole)
            summary = _brought_up(settings, plan, order, report, stop, cradle)
        summary.root, summary.parts = settings.root, [] if plan.scan.tree.is_whole else plan.roots
        summary.notes.extend([*place.notes, *_idle_rules(settings, plan)])
        if not plan.tasks or (not summary.files and summary.silent == len(plan.tasks)):
            summary.notes.append(_nothing_found(plan))
    trim(summary)
    summary.seconds = time.monotonic() - started
    summary.files_per_second = summary.files / summary.seconds if summary.seconds else 0.0
    summary.peak_rss_bytes = max(summary.peak_rss_bytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    return summary


def _is_nothing(settings: Settings, plan: Plan) -> bool:
    """Is there nothing to read, and nothing in the graph that might be gone?"""
    if plan.tasks or plan.scan.unlisted:
        return False
    return is_new(settings) or holds_project(settings, plan.project) is False


def _idle_rules(settings: Settings, plan: Plan) -> list[str]:
    """A rule that no file of the project lies below is most often a slip: its folder is called otherwise."""
    if not plan.scan.tree.is_whole or not plan.tasks:
        return []
    paths = [task.file.path for task in plan.tasks]
    rules = (r.path for r in settings.folders if not r.ignore and not any(matches(r.path, p) for p in paths))
    return [
        f"no file lies below the path {one_line(path)!r} of [[folders]]: its settings change nothing" for path in rules
    ]


def _nothing_found(plan: Plan) -> str:
    suffixes = " ".join(plan.scan.tree.options.suffixes)
    return f"nothing with SQL was found: what is read are files named {suffixes}; see `suffixes`, `inputs` and `ignore` in the settings"


def _brought_up(
    settings: Settings, plan: Plan, order: Order, report: Report, stop: StopSignals, cradle: Cradle | None
) -> IngestSummary:
    """The graph is brought up to date, or what that would do is said. A project that it did not know stays unknown if nothing
    of it is written."""
    reads = order.dry_run and not is_new(settings)
    found = _settled(settings, plan, whole=order.whole, reads=reads)
    summary = found.summary
    if order.full or order.retry or summary is None:
        summary = _pass(settings, plan, order, report, stop, cradle)
    if found.rebuilt:
        summary.notes.append(found.rebuilt)
    if not order.dry_run:
        _remember_unread(settings, plan, summary)
    if not (found.known or order.dry_run or summary.files):
        forget_project(settings, plan.project)
    return summary


def _pass(
    settings: Settings, plan: Plan, order: Order, report: Report, stop: StopSignals, cradle: Cradle | None
) -> IngestSummary:
    where, note = choose_executor(settings), ""
    if where.kind == "ray":
        from ray_lineage.runtime.rayjob import ingest_with_ray

        report(Progress("starting Ray" if not where.settings.ray_address else "reaching Ray", 0, 0))
        try:
            return ingest_with_ray(where.settings, plan.roots, report, stop, order)
        except UsageError as error:
            if not where.found or error.code not in NO_HEAD:
                raise
            note = f"{error.message}; the work was done without it"

    def look(job: Job) -> None:
        report(Progress(*job.progress, job.at_work))

    summary = run_here(settings, plan.roots, order, stop, look, plan, cradle=cradle)
    if note:
        summary.notes.append(note)
    return summary


class _Found(NamedTuple):
    """What the graph says before a run. ``summary``: if everything on disk is what the settled graph was made of, what an
    unchanged run has to show; then there is nothing to load, link or write. ``rebuilt``: why the store was begun anew, if it
    was. ``known``: does it hold the project?"""

    summary: IngestSummary | None
    rebuilt: str
    known: bool = True


def _settled(settings: Settings, plan: Plan, *, whole: bool, reads: bool) -> _Found:
    loader = Loader(settings, plan.project, reads)
    try:
        settled = decode_settled(loader.settled())
        hashes = {t.file.path: t.file.sha256 for t in plan.tasks}
        hashed = bool(hashes) and all(hashes.values()) and not plan.scan.unlisted
        if settled is None or not hashed or settled.root != settings.root:
            return _Found(None, loader.rebuilt, settled is not None or plan.project in loader.store.projects())
        if not (whole or plan.scan.tree.is_whole):
            hashes = {**_rest(loader, plan), **hashes}
        if settled.digest != plan.rules.digest(hashes):
            return _Found(None, loader.rebuilt)
        files = sum(settled.by_status.values())
        summary = IngestSummary(
            project=plan.project, store=loader.uri, executor="local", files=files, unchanged=files, silent=len(hashes) - files,
            by_status=settled.by_status, diagnostics=settled.diagnostics, severities=settled.severities,
            statements=settled.statements, datasets=settled.datasets, columns=settled.columns, edges=settled.edges,
            example=settled.example, settled=True,
        )  # fmt: skip
        summary.findings.extend(settled.whole)
        for path, diagnostic in plan.diagnostics:
            note(summary, path, [diagnostic])
        if summary.diagnostics:
            loader.report(summary)
        return _Found(summary, loader.rebuilt)
    finally:
        loader.close()


def _rest(loader: Loader, plan: Plan) -> dict[str, str]:
    """Content hashes of what the graph holds of the project and nobody looks at now."""
    covers = plan.scan.tree.covers
    return {p: s.sha256 for p, s in loader.store.state(plan.project).files.items() if not covers(p)}


def _remember_unread(settings: Settings, plan: Plan, summary: IngestSummary) -> None:
    try:
        note_unread(settings.data_dir, plan.project, summary.findings, plan.scan.tree.covers)
    except OSError as error:
        summary.notes.append(f"`ray_lineage failures` will not name what could not be read ({error.strerror})")


class Executor(msgspec.Struct, frozen=True):
    """Who works: ``kind`` is ``local`` or ``ray``, with the settings that say where. ``found``: a head that nobody named."""

    kind: str
    settings: Settings
    found: bool = False


def choose_executor(settings: Settings) -> Executor:
    """As set, else Ray under a Ray job, at an address, or where a head of this user runs on this machine, so that its
    dashboard shows the work."""
    if settings.ingest_workers == 0:
        return Executor("local", settings)
    if settings.executor != "auto":
        return Executor(settings.executor, settings)
    if settings.ray_address or under_job():
        return Executor("ray", settings)
    head = running_head()
    if head:
        use_own_token()
        return Executor("ray", replace(settings, ray_address=head), found=True)
    return Executor("local", settings)
