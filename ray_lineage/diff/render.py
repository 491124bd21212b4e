"""The answer as text. Names are never cut. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from ray_lineage.counting import counting
from ray_lineage.diff.changes import Change, Kind
from ray_lineage.diff.report import Found, Impact, Report, grouped

_NEAREST: Final = 5
"""Datasets that are named of what is reached."""
_USES: Final = 5
_MOST: Final = 60
"""Changes that are shown of each level, if not all are asked for."""
_STYLES: Final = {"error": "bold red", "warning": "yellow", "note": "cyan"}
Style = Callable[[str, str], str]
Seen = Callable[[str], str]
"""A path from the top of the repository, as seen from where it is shown."""


def render(report: Report, style: Style, seen: Seen = str, *, everything: bool = False) -> Iterator[str]:
    """Lines. ``style(text, words)`` makes a text safe to show, in a style."""
    yield style(head_line(report), "bold")
    shown = list(report.changes) if everything else report.own
    for level in ("error", "warning", "note"):
        some = [f for f in shown if f.change.level == level]
        groups = grouped(some)
        for group in groups if everything else groups[:_MOST]:
            yield ""
            yield from _change(group, report, style, seen)
        if not everything and len(groups) > _MOST:
            yield ""
            yield style(f"{counting(sum(map(len, groups[_MOST:])), level)} more: --all", "dim")
    yield ""
    yield style(verdict(report), "bold")
    if any(found.reached.cut for found in shown):
        yield style("where it says at least, there is more downstream: --all walks to the end", "dim")
    hidden = report.counts["following"]
    if hidden and not everything:
        yield style(f"{counting(hidden, 'more change')} in files that nobody changed follow from these: --all", "dim")


def head_line(report: Report) -> str:
    """What was compared."""
    files = report.files
    parts = [counting(files["changed"], "file") + " changed"]
    parts += [f"{files[what]:,} {what}" for what in ("added", "removed") if files[what]]
    if files["silent"]:
        parts.append(f"{files['silent']:,} in comments, white space or place alone")
    return f"{_side(report.base, report.base_commit)} -> {_side(report.head, report.head_commit)}: {', '.join(parts)}"


def _side(name: str, commit: str) -> str:
    return f"{name} ({commit[:10]})" if commit and not commit.startswith(name) else name


def verdict(report: Report) -> str:
    """One line that says how bad it is."""
    counts = report.counts
    words = {
        Kind.BROKEN: ("broken reader", ""), Kind.UNKNOWN: ("change that cannot be judged", "changes that cannot be judged"),
        Kind.REMOVED: ("removal that nobody here reads", "removals that nobody here reads"), Kind.TYPE: ("other type", ""),
        Kind.ROWS: ("change of rows", "changes of rows"), Kind.VALUES: ("change of values", "changes of values"), Kind.ADDED: ("addition", ""),
    }  # fmt: skip
    said = [counting(counts[kind.value], *names) for kind, names in words.items() if counts[kind.value]]
    return ", ".join(said) if said else "no change of the lineage"


def reach(*group: Found) -> str:
    """What changes reach together, in one line."""
    datasets: dict[str, int] = {}
    for found in group:
        for dataset, distance in found.reached.datasets.items():
            datasets[dataset] = min(distance, datasets.get(dataset, distance))
    cut = any(found.reached.cut for found in group)
    if not datasets:
        return "reaches nothing in these files" if not cut else "what it reaches was not looked at"
    near = sorted(datasets, key=lambda d: (datasets[d], d))
    names = ", ".join(near[:_NEAREST]) + (f" and {len(near) - _NEAREST:,} more" if len(near) > _NEAREST else "")
    columns = f"{counting(group[0].reached.columns, 'column')} of " if len(group) == 1 else ""
    what = f"{columns}{counting(len(near), 'dataset')} in {counting(max(datasets.values()), 'step')}"
    return f"reaches {'at least ' if cut else ''}{what}: {names}"


def likewise(group: Sequence[Found]) -> list[str]:
    """The columns of a group but the first."""
    return [found.change.column for found in group[1:]]


def place(found: Found, report: Report, seen: Seen = str) -> str:
    """Where it is."""
    return _at(report, found.change.file, found.change.line, seen)


def _at(report: Report, file: str, line: int, seen: Seen) -> str:
    return seen(f"{report.folder}{file}") + (f":{line}" if line else "")


def uses(found: Found, report: Report, seen: Seen = str) -> list[str]:
    """The places that break."""
    return [
        _at(report, u.place.file, u.place.line, seen) + (f" ({u.target})" if u.target else "")
        for u in found.change.uses
    ]


def called(change: Change, report: Report, seen: Seen) -> str:
    """Its name, where that is a file as it is seen."""
    return change.name if change.dataset else seen(f"{report.folder}{change.file}")


def _change(group: Sequence[Found], report: Report, style: Style, seen: Seen) -> Iterator[str]:
    change = group[0].change
    head = style(f"{change.level:<8}", _STYLES[change.level])
    name, where = called(change, report, seen), place(group[0], report, seen)
    yield f"{head} {style(change.kind.value, 'bold')} {style(name, 'bold')}  {style(where, '')}"
    of_file = not change.dataset and change.says.startswith(f"{change.file} ")
    yield style(f"         {name + change.says.removeprefix(change.file) if of_file else change.says}", "")
    yield from (style(line, "") for line in _details(group, report, seen))


def _details(group: Sequence[Found], report: Report, seen: Seen) -> Iterable[str]:
    found = group[0]
    if len(group) > 1:
        yield f"         likewise {', '.join(likewise(group))}"
    broken = uses(found, report, seen)
    for use in broken[:_USES] if len(broken) > 1 else ():
        yield f"         breaks {use}"
    if len(broken) > _USES:
        yield f"         and {counting(len(broken) - _USES, 'more place')}"
    yield f"         {reach(*group)}"
    if owners := dict.fromkeys(o for one in group for o in one.owners):
        yield f"         owners: {' '.join(owners)}"
    if found.change.follows:
        yield f"         follows from {found.change.follows}"


def render_impact(impact: Impact, style: Style) -> Iterator[str]:
    """Datasets by their distance, then what they are together."""
    steps: dict[int, list[str]] = {}
    for dataset, distance in impact.reached.items():
        steps.setdefault(distance, []).append(dataset)
    for distance in sorted(steps):
        yield style(counting(distance, "step"), "bold")
        yield from (style(f"  {name}", "") for name in sorted(steps[distance]))
    if steps:
        yield ""
    least = "at least " if impact.cut else ""
    of = ", ".join(impact.of[:_NEAREST]) + (
        f" and {len(impact.of) - _NEAREST:,} more" if len(impact.of) > _NEAREST else ""
    )
    what = counting(len(impact.reached), "dataset") if impact.reached else "nothing in these files"
    files = f" in {counting(len(impact.files), 'file')}" if impact.files else ""
    yield style(
        f"{least}{what}{files} depend{'s' if len(impact.reached) < 2 else ''} on {of or 'what changed'}", "bold"
    )
    if impact.owners:
        yield style(f"owners: {' '.join(impact.owners)}", "")
