"""Diagnostics of a run as a file: text, JSON, or SARIF 2.1.0 (OASIS), which code hosts show beside the lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ray_lineage.codehosts import sarif, sarif_place
from ray_lineage.errors import UsageError
from ray_lineage.logs import one_json, one_line

if TYPE_CHECKING:
    from ray_lineage.model import FileDiagnostic

_PAGES: Final = "https://github.com/ray-lineage/ray-lineage/blob/main/docs/"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}


def write_diagnostics(path: Path, findings: list[FileDiagnostic]) -> None:
    """The format follows the suffix: ``.sarif``, ``.json``, else text. Raises UsageError if it cannot be written."""
    if path.suffix in (".sarif", ".json"):
        encoded = msgspec.json.encode(as_sarif(findings) if path.suffix == ".sarif" else findings)
        text = one_json(msgspec.json.format(encoded, indent=2).decode()) + "\n"
    else:
        lines = (f"{f.place}: {f.severity} {f.code} {f.message}" for f in findings)
        text = "".join(f"{one_line(line)}\n" for line in lines)
    try:
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(
            "RL203",
            f"cannot write {path}: {error.strerror}",
            where="--diagnostics",
            help="give a path that can be written",
        ) from None


def as_sarif(findings: list[FileDiagnostic]) -> dict[str, Any]:
    """A SARIF log with one run."""
    codes = sorted({f.code for f in findings})
    return sarif([_rule(code) for code in codes], [_result(f, codes) for f in findings])


def _rule(code: str) -> dict[str, Any]:
    """With what the code means, as `explain` says it."""
    from ray_lineage.query.explain import explain

    found = explain(code)
    if found is None:
        return {"id": code}
    page = f"{_PAGES}{found.page}"
    return {"id": code, "shortDescription": {"text": "; ".join(found.meaning)}, "helpUri": page}


def _result(finding: FileDiagnostic, codes: list[str]) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [sarif_place(finding.path, finding.line, finding.column)],
    }
