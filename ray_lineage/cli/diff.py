"""``ray_lineage diff`` and ``ray_lineage impact``."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Optional

import msgspec
import typer

from ray_lineage.cli.answers import is_around
from ray_lineage.cli.output import (
    Root,
    check_word,
    check_writable,
    invocation,
    print_json,
    print_json_line,
    sentry_of,
    settings,
    sink,
    styled,
    visible,
    writable,
    write_line,
)
from ray_lineage.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from ray_lineage.cache import ParseCache
    from ray_lineage.diff.pair import Pair
    from ray_lineage.diff.render import Seen
    from ray_lineage.diff.report import Impact, Report
    from ray_lineage.settings import Settings

_FORMATS: Final = ("text", "json", "markdown", "github", "sarif")
_YOUNG_AND_OLD: Final = (100_000, 50, 100)  # objects, collections
_SELECTOR: Final = "dbt-selector"
_FAIL_ON: Final = ("broken", "warning", "never")
_PAGES: Final = "text, json, markdown (a comment), github (commands of its runner) or sarif"
FailOn = Annotated[str, typer.Option(help="Exit 1 at a broken reader (broken), at any warning (warning), or never.")]
Everything = Annotated[bool, typer.Option("--all", help="Also what merely follows from other changes, and no limit.")]
MergeBase = Annotated[
    bool, typer.Option("--merge-base", help="Compare with where HEAD left BASE, not with BASE itself.")
]
Dialect = Annotated[Optional[str], typer.Option(help="As for an ingest.")]  # noqa: UP045
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json.")]


def diff(
    base: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(metavar="[BASE", help="A revision; default: where the branch left what it follows."),
    ] = None,
    head: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(metavar="[HEAD]]", help="A revision; default: the working tree."),
    ] = None,
    format: Annotated[str, typer.Option(help=_PAGES + ".")] = "text",  # noqa: A002
    fail_on: FailOn = "broken",
    everything: Everything = False,
    merge_base: MergeBase = False,
    root: Root = None,
    dialect: Dialect = None,
    as_json: AsJson = False,
    page: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="FILE", help="Also write both sides as a page to look at, with what changed marked."),
    ] = None,
) -> int:
    """What changed between two states of the repository, in the lineage: who breaks, whose rows and values are others. Needs git,
    and no graph; nothing is checked out."""
    form = check_word("--format", "json" if as_json else format, _FORMATS)
    check_word("--fail-on", fail_on, _FAIL_ON)
    look = None if page is None else _page_writer(page)
    report, seen = _compared(
        base, head, merge_base=merge_base, root=root, dialect=dialect, everything=everything, look=look
    )
    _print(report, form, seen, everything=everything)
    return int(ExitCode.FINDINGS if report.is_bad(fail_on) else ExitCode.OK)


def _page_writer(path: str) -> Callable[[Report, Pair], None]:
    """Raises UsageError (RL203) if it could not write there."""
    check_writable(Path(path), "--page")

    def write(report: Report, pair: Pair) -> None:
        from ray_lineage.viewer.changes import Change, Sides, changes_page

        around = {p for f in report.changes for p in f.reached.files} - set(pair.head_rows) - set(pair.base_rows)
        same = [pair.head_of(path) for path in sorted(around)]
        sides = Sides(list(pair.base_rows.values()), list(pair.head_rows.values()), same)
        changes = [
            Change(
                f.change.level, f.change.kind, f.change.says, f.change.dataset, f.change.column, f.change.file, f.change.line,
                len(f.reached.datasets), f.owners, f.change.follows,
            )
            for f in report.changes
        ]  # fmt: skip
        with writable(path), sink(path) as out:
            out.write(changes_page("Changes of the lineage", report.base, report.head, sides, changes).encode())

    return write


def impact(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[NAME...]", help="Datasets, or columns as dataset.column."),
    ] = None,
    base: Annotated[Optional[str], typer.Option(metavar="REV", help="Instead of names: what changed since.")] = None,  # noqa: UP045
    format: Annotated[str, typer.Option(help=_PAGES + "; or dbt-selector.")] = "text",  # noqa: A002
    fail_on: FailOn = "broken",
    merge_base: MergeBase = False,
    root: Root = None,
    dialect: Dialect = None,
    as_json: AsJson = False,
) -> int:
    """What depends on these names, or on what changed since a revision, in the files as they are: by values, and by what filters,
    joins, groups or sorts. Needs no graph."""
    form = check_word("--format", "json" if as_json else format, (*(_FORMATS if base else _FORMATS[:2]), _SELECTOR))
    check_word("--fail-on", fail_on, _FAIL_ON)
    if bool(names) == bool(base):
        raise UsageError("RL203", "impact takes names, or --base REV", help="name a dataset or a column, or a revision")
    if base is None:
        _print_impact(_depending(names or [], root=root, dialect=dialect), form)
        return int(ExitCode.OK)
    report, seen = _compared(base, None, merge_base=merge_base, root=root, dialect=dialect, everything=True)
    if form in ("text", "json", _SELECTOR):
        from ray_lineage.diff.render import called
        from ray_lineage.diff.report import together

        found = together(report)
        if form == "text":
            found = msgspec.structs.replace(
                found, of=tuple(dict.fromkeys(called(f.change, report, seen) for f in report.own))
            )
        _print_impact(found, form)
    else:
        _print(report, form, seen, everything=True)
    return int(ExitCode.FINDINGS if report.is_bad(fail_on) else ExitCode.OK)


def _compared(
    base: str | None, head: str | None, *, merge_base: bool, root: str | None, dialect: str | None, everything: bool,
    look: Callable[[Report, Pair], None] | None = None,
) -> tuple[Report, Seen]:  # fmt: skip
    from ray_lineage.diff.run import diff as compare
    from ray_lineage.diff.run import located

    here = os.path.realpath(os.curdir)
    with _reading(root, dialect) as (loaded, cache):
        report = compare(loaded, here, base, head, cache, merge_base=merge_base, everything=everything, look=look)
        return report, partial(_seen, str(located(loaded, here).repository.top), here)


def _seen(top: str, here: str, path: str) -> str:
    """From the current folder, if that is in or around the repository."""
    return os.path.relpath(os.path.join(top, path), here) if is_around(top, here) else path


def _depending(names: list[str], *, root: str | None, dialect: str | None) -> Impact:
    from ray_lineage.diff.run import impact as depending

    with _reading(root, dialect) as (loaded, cache):
        return depending(loaded, os.getcwd(), names, cache)


@contextlib.contextmanager
def _reading(root: str | None, dialect: str | None) -> Iterator[tuple[Settings, ParseCache | None]]:
    """The settings, and the parse cache if there is to be one. Nearly all that is made is needed to the end: Python is not to look
    through it for garbage again and again."""
    from ray_lineage.runtime.load import open_cache, with_cache

    gc.set_threshold(*_YOUNG_AND_OLD)
    loaded = settings(reads=(os.getcwd(),), root=root, dialect=dialect).settings
    with sentry_of(replace(loaded, ingest_workers=0)):  # all is compiled here
        cache = open_cache(with_cache(loaded)[0])
        try:
            yield loaded, cache
        finally:
            if cache is not None:
                cache.close()


def _print_impact(impact: Impact, form: str) -> None:
    if form == "json":
        print_json_line(impact)
    elif form == _SELECTOR:
        write_line(visible(" ".join(impact.models)))
    else:
        from ray_lineage.diff.render import render_impact
        from ray_lineage.diff.spelling import impact_as_written

        for line in render_impact(impact_as_written(impact), styled):
            write_line(line)


def _print(report: Report, form: str, seen: Seen, *, everything: bool) -> None:
    from ray_lineage.diff.spelling import as_written

    if form == "json":
        print_json_line(report)
    elif form == "sarif":
        from ray_lineage.diff.machine import sarif

        print_json(sarif(report))
    elif form == "github":
        from ray_lineage.diff.machine import github

        sys.stdout.writelines(f"{line}\n" for line in github(as_written(report)))
    elif form == "markdown":
        from ray_lineage.diff.markdown import markdown

        words = " ".join(w for w in (report.base_commit, report.head_commit) if w)
        sys.stdout.write(markdown(as_written(report), f"{invocation()} diff {words} --all"))
    else:
        from ray_lineage.diff.render import render

        for line in render(as_written(report), styled, seen, everything=everything):
            write_line(line)
