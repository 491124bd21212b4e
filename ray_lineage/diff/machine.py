"""The answer for programs: annotations of GitHub's runner, SARIF 2.1.0 (OASIS). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from ray_lineage import __version__
from ray_lineage.diff import render
from ray_lineage.diff.changes import RULES, Kind
from ray_lineage.diff.report import Found, Report
from ray_lineage.logs import one_line, star

MOST_RESULTS: Final = 5_000
"""GitHub shows no more, and refuses 25,000."""
_COMMANDS: Final = {"error": "error", "warning": "warning", "note": "notice"}
_RULES: Final[list[Kind]] = [kind for kind in Kind if kind is not Kind.NONE]


def github(report: Report) -> Iterator[str]:
    """One command of the runner for each change, worst first; for a broken reader one for each place."""
    for found in report.own:
        for file, line in _places(found):
            title = f"{RULES[found.change.kind].title}: {found.change.name}"
            fields = {"file": report.folder + file, "line": line, "title": title}
            shown = ",".join(f"{key}={_property(str(value))}" for key, value in fields.items() if value)
            yield f"::{_COMMANDS[found.change.level]} {shown}::{_data(f'{found.change.says}; {render.reach(found)}')}"


def _places(found: Found) -> list[tuple[str, int]]:
    change = found.change
    return list(dict.fromkeys((u.place.file, u.place.line) for u in change.uses)) or [(change.file, change.line)]


def _data(text: str) -> str:
    return one_line(star(text)).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def sarif(report: Report) -> dict[str, Any]:
    """A log with one run; the worst results, where there are too many."""
    results = [_result(found, report, file, line) for found in report.own for file, line in _places(found)]
    driver = {"name": "ray_lineage", "version": __version__, "rules": [_rule(kind) for kind in _RULES]}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": results[:MOST_RESULTS],
    }
    if len(results) > MOST_RESULTS:
        run["properties"] = {"resultsLeftOut": len(results) - MOST_RESULTS}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


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
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote((report.folder + file).encode("utf-8", "backslashreplace"))}
    }
    if line:
        place["region"] = {"startLine": line}
    return {
        "ruleId": change.kind.value,
        "ruleIndex": _RULES.index(change.kind),
        "level": change.level,
        "message": {"text": one_line(star(f"{change.says}; {render.reach(found)}"))},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"change/v1": one_line(f"{change.kind.value} {change.name} {file}")},
    }
