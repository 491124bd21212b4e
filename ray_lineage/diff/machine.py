"""The answer for programs: annotations of GitHub's runner, SARIF 2.1.0 (OASIS). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ray_lineage import codehosts
from ray_lineage.diff import render
from ray_lineage.diff.changes import RULES, Kind
from ray_lineage.diff.report import Found, Report
from ray_lineage.logs import one_line, star

MOST_RESULTS: Final = 5_000
"""GitHub shows no more, and refuses 25,000."""
_RULES: Final[list[Kind]] = [kind for kind in Kind if kind is not Kind.NONE]


def github(report: Report) -> Iterator[str]:
    """One command of the runner for each change, worst first; for a broken reader one for each place."""
    for found in report.own:
        title = f"{RULES[found.change.kind].title}: {found.change.name}"
        says = f"{found.change.says}; {render.reach(found)}"
        for file, line in _places(found):
            yield codehosts.github(found.change.level, says, file=report.folder + file, line=line, title=title)


def _places(found: Found) -> list[tuple[str, int]]:
    change = found.change
    return list(dict.fromkeys((u.place.file, u.place.line) for u in change.uses)) or [(change.file, change.line)]


def sarif(report: Report) -> dict[str, Any]:
    """A log with one run; the worst results, where there are too many."""
    results = [_result(found, report, file, line) for found in report.own for file, line in _places(found)]
    left_out = {"resultsLeftOut": len(results) - MOST_RESULTS} if len(results) > MOST_RESULTS else {}
    return codehosts.sarif([_rule(kind) for kind in _RULES], results[:MOST_RESULTS], **left_out)


def _rule(kind: Kind) -> dict[str, Any]:
    rule = RULES[kind]
    return {
        "id": kind.value,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.says},
        "defaultConfiguration": {"level": rule.level},
    }


def _result(found: Found, report: Report, file: str, line: int) -> dict[str, Any]:
    change = found.change
    return {
        "ruleId": change.kind.value,
        "ruleIndex": _RULES.index(change.kind),
        "level": change.level,
        "message": {"text": one_line(star(f"{change.says}; {render.reach(found)}"))},
        "locations": [codehosts.sarif_place(report.folder + file, line)],
        "partialFingerprints": {"change/v1": one_line(f"{change.kind.value} {change.name} {file}")},
    }
