"""What code hosts show beside the lines of a file: commands of GitHub's runner, and SARIF 2.1.0 (OASIS). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from ray_lineage import __version__
from ray_lineage.logs import one_line, star

_COMMANDS: Final = {"error": "error", "warning": "warning", "note": "notice", "info": "notice"}


def github(level: str, message: str, *, file: str, line: int = 0, column: int = 0, title: str) -> str:
    """A command of the runner that annotates a place (0: it is not known). ``level``: one of SARIF's, or our severities."""
    place = {"file": file, "line": line, "col": column, "title": title}
    fields = ",".join(f"{key}={_field(str(value))}" for key, value in place.items() if value)
    return f"::{_COMMANDS[level]} {fields}::{_text(message)}"


def _text(text: str) -> str:
    return one_line(star(text)).replace("%", "%25")


def _field(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")


def sarif(
    rules: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]], **properties: object
) -> dict[str, Any]:
    """A log with one run; a result's ``ruleIndex`` is that of its rule."""
    driver = {"name": "ray_lineage", "version": __version__, "rules": list(rules)}
    run: dict[str, Any] = {"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "results": list(results)}
    if properties:
        run["properties"] = properties
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def sarif_place(path: str, line: int = 0, column: int = 0) -> dict[str, Any]:
    """A location; 0: it is not known."""
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path.encode("utf-8", "backslashreplace"))}}
    if line > 0:
        place["region"] = {"startLine": line, **({"startColumn": column} if column > 0 else {})}
    return {"physicalLocation": place}
