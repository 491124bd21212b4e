"""``ray_lineage diagnostics``: what the graph holds of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Final, Optional

import typer

from ray_lineage.cli.answers import Places
from ray_lineage.cli.output import check_word, print_json, settings, styled, visible, write_line
from ray_lineage.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from ray_lineage.query.diagnostics import File, Stored

_STYLES: Final = {"error": "red", "warning": "yellow", "info": "cyan"}
FORMATS: Final = ("text", "json", "github", "sarif")


def diagnostics(
    paths: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[PATH...]", help="Files or folders as in the graph, or globs; default: all."),
    ] = None,
    code: Annotated[Optional[list[str]], typer.Option(metavar="CODE", help="Only of these codes (RL102,RL1*).")] = None,  # noqa: UP045
    severity: Annotated[str, typer.Option(help="At least so severe: error, warning or info.")] = "info",
    format: Annotated[str, typer.Option(help="text, json, github (commands of its runner) or sarif.")] = "text",  # noqa: A002
    fail_on: Annotated[
        str, typer.Option(help="Exit 1 if there is one of this severity: error, warning, never.")
    ] = "never",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> int:
    """List what is said of the files in the graph. `ignore_diagnostics` in the settings leaves codes out."""
    from ray_lineage.graph.open import open_store
    from ray_lineage.query.diagnostics import SEVERITIES, Ignored, below, by_file, chosen, stored
    from ray_lineage.query.projects import known_project

    check_word("--severity", severity, SEVERITIES)
    check_word("--format", format, FORMATS)
    check_word("--fail-on", fail_on, ("error", "warning", "never"))
    codes = codes_of(code or ())
    loaded = settings().settings
    store = open_store(loaded, read_only=True)
    try:
        files = by_file(store, known_project(store, loaded.project))
        roots = [root for info in store.project_infos() if (root := Places(store, info.name).root)] if paths else []
    finally:
        store.close()
    meant = {path: below(path, files) or _from_here(path, roots, files) for path in paths or ()}
    for path in [path for path, found in meant.items() if not found]:
        raise UsageError(
            "RL201", f"no file of the graph is {path}, or below it", where="PATH", help="paths are as in the graph (relative to the project's root), or from this folder"
        )  # fmt: skip
    if paths:
        files = {file: files[file] for found in meant.values() for file in found}
    found = chosen(stored(files), Ignored(loaded.ignore_diagnostics), codes=codes, least=severity)
    print_found(found, "json" if as_json else format)
    return exit_code(found, fail_on)


def _from_here(path: str, roots: list[str], files: Iterable[File]) -> set[File]:
    """The files that a path from the current folder means, in projects whose root is known."""
    from ray_lineage.query.diagnostics import below

    inside = (os.path.relpath(os.path.realpath(path), root) for root in roots)
    return {file for name in inside if not name.startswith("..") for file in below(name, files)}


def codes_of(given: Iterable[str]) -> list[str]:
    """The codes, and patterns of codes, of options that may name several with commas between them. Raises UsageError (RL204) for
    one that there is not."""
    from fnmatch import fnmatchcase

    from ray_lineage.query.explain import known_codes

    codes = [code.strip().upper() for text in given for code in text.split(",")]
    for code in codes:
        if not any(fnmatchcase(known, code) for known in known_codes()):
            raise UsageError("RL204", f"there is no code {code}", where="--code", help="such as RL102, or RL1*")
    return codes


def exit_code(found: list[Stored], fail_on: str) -> int:
    """FINDINGS if there is one of that severity, or a worse one; ``never``: OK."""
    from ray_lineage.query.diagnostics import SEVERITIES

    bad = fail_on != "never" and any(s.found.severity in SEVERITIES[: SEVERITIES.index(fail_on) + 1] for s in found)
    return int(ExitCode.FINDINGS if bad else ExitCode.OK)


def print_found(found: list[Stored], form: str) -> None:
    """On standard output, in one of FORMATS."""
    if form == "json":
        print_json({"schema": 1, "diagnostics": found})
    elif form == "sarif":
        from ray_lineage.cli.diagnostics import as_sarif

        print_json(as_sarif([s.found for s in found]))
    elif form == "github":
        from ray_lineage.codehosts import github

        for s in (s.found for s in found):
            command = github(s.severity, s.message, file=s.path, line=s.line, column=s.column, title=s.code)
            sys.stdout.write(f"{command}\n")
    else:
        _show(found)


def _show(found: list[Stored]) -> None:
    projects = {s.project for s in found}
    for s in found:
        where = f"{s.project}: {s.found.place}" if len(projects) > 1 else s.found.place
        severity = styled(f"{s.found.severity:<8}", _STYLES[s.found.severity])
        write_line(severity, styled(where, "bold"), f"  {s.found.code} {visible(s.found.message)}")
    if not found:
        write_line(styled("no diagnostics", "green"))
