"""What code hosts show beside the lines of a file: commands of GitHub's runner, and SARIF 2.1.0 (OASIS); and pages of
files. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

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


# --------------------------------------------------------------------------- pages of files

_SCP: Final = re.compile(r"(?:[^@/\s]+@)?([\w.-]+):(?!//)/?(.+)")
_AZURE_SSH: Final = re.compile(r"v3/([^/]+)/([^/]+)/(.+)")


def web_address(remote: str) -> str:
    """Of the repository that git calls ``remote``, without user and password; empty for one that is on no host."""
    text = remote.strip()
    if "://" in text:
        try:
            parts = urlsplit(text)
            port = f":{parts.port}" if parts.port and parts.scheme in ("http", "https") else ""
        except ValueError:
            return ""
        if parts.scheme not in ("http", "https", "ssh", "git", "git+ssh") or not parts.hostname:
            return ""
        scheme = "http" if parts.scheme == "http" else "https"
        return _at_host(scheme, parts.hostname, port, parts.path)
    found = _SCP.fullmatch(text)
    return _at_host("https", found[1], "", found[2]) if found and "." in found[1] else ""


def _at_host(scheme: str, host: str, port: str, path: str) -> str:
    path = path.strip("/").removesuffix(".git")
    if host == "ssh.dev.azure.com" and (found := _AZURE_SSH.fullmatch(path)):
        host, path = "dev.azure.com", f"{found[1]}/{found[2]}/_git/{found[3]}"
    return f"{scheme}://{host}{port}/{quote(path, safe='/%')}"


def file_page(repository: str, commit: str, path: str) -> str:
    """Where a code host shows a file of a commit; ``repository`` is a :func:`web_address`. A host that has another way is
    taken for one of GitHub's kind."""
    host, quoted = urlsplit(repository).hostname or "", quote(path.encode("utf-8", "surrogateescape"))
    if "gitlab" in host:
        return f"{repository}/-/blob/{commit}/{quoted}"
    if "bitbucket" in host:
        return f"{repository}/src/{commit}/{quoted}"
    if host == "dev.azure.com" or host.endswith(".visualstudio.com"):
        return f"{repository}?path=/{quoted}&version=GC{commit}"
    if "gitea" in host or host == "codeberg.org":
        return f"{repository}/src/commit/{commit}/{quoted}"
    return f"{repository}/blob/{commit}/{quoted}"
