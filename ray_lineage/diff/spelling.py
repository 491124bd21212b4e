"""Names of an answer as they are written: in all that people read. What programs read has both. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from ray_lineage.diff.changes import Change
from ray_lineage.diff.report import Found, Impact, Report
from ray_lineage.diff.rows import FileRows

Spelled = Mapping[str, str]
"""Datasets and columns (``dataset.column``) -> the same as they are written, where only letters' case differs."""


def mentioned(rows: Iterable[FileRows], found: Iterable[Found]) -> set[str]:
    """The datasets that an answer may name: those of the rows that were compared, and what changes reach."""
    out: set[str] = set()
    for file in rows:
        out.update(file.datasets)
        out.update(dataset for flow, _ in file.flows for dataset, _ in flow[:2])
        out.update(name for influence, _ in file.influences for name in (influence.source[0], influence.target))
        out.update(end for feed, _ in file.feeds for end in feed)
    for one in found:
        out.update((one.change.dataset, *one.reached.datasets, *(use.target for use in one.change.uses)))
    return out - {""}


def as_written(report: Report) -> Report:
    """The report with names as they are written."""
    if not report.display:
        return report
    said = _in_texts(report.display)
    changes = tuple(_found(found, report.display, said) for found in report.changes)
    return msgspec.structs.replace(report, changes=changes)


def impact_as_written(impact: Impact) -> Impact:
    """The same of what depends on names."""
    names = impact.display
    reached = {names.get(name, name): distance for name, distance in impact.reached.items()}
    return msgspec.structs.replace(impact, of=tuple(names.get(name, name) for name in impact.of), reached=reached)


def _found(found: Found, names: Spelled, said: Callable[[str], str]) -> Found:
    reached = {names.get(name, name): distance for name, distance in found.reached.datasets.items()}
    return msgspec.structs.replace(
        found,
        change=_change(found.change, names, said),
        reached=msgspec.structs.replace(found.reached, datasets=reached),
    )


def _change(change: Change, names: Spelled, said: Callable[[str], str]) -> Change:
    dataset = names.get(change.dataset, change.dataset)
    whole = names.get(change.name, "") if change.column else ""
    return msgspec.structs.replace(
        change,
        dataset=dataset,
        column=whole[-len(change.column) :] if whole else change.column,
        says=said(change.says) if change.dataset else change.says,
        uses=tuple(use._replace(target=names.get(use.target, use.target)) for use in change.uses),
        renamed=names.get(change.renamed, change.renamed),
        follows=names.get(change.follows, change.follows),
    )


def _in_texts(names: Spelled) -> Callable[[str], str]:
    """Names in sentences: those of several parts, which are no words."""
    known = sorted(_dotted(names), key=len, reverse=True)
    if not known:
        return str
    pattern = re.compile(rf'(?<![\w."])(?:{"|".join(map(re.escape, known))})(?![\w"])')
    return lambda text: pattern.sub(lambda found: names[found[0]], text)


def _dotted(names: Spelled) -> Iterator[str]:
    return (name for name in names if "." in name)
