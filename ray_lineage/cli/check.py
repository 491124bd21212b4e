"""``ray_lineage check``: what is wrong in files of SQL, without a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ray_lineage.cli.findings import FORMATS, codes_of, exit_code, print_found
from ray_lineage.cli.output import Globals, Root, check_word, sentry_of, settings, styled
from ray_lineage.counting import counting
from ray_lineage.errors import UsageError

if TYPE_CHECKING:
    from ray_lineage.runtime.check import Checked, Text
    from ray_lineage.settings import Settings


def check(
    paths: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(
            metavar="[PATH...|-]",
            help="Files or folders, or - for SQL from standard input; default: all of the project around here.",
        ),
    ] = None,
    root: Root = None,
    dialect: Annotated[Optional[str], typer.Option(help="Dialect of all files that no folder rule speaks for.")] = None,  # noqa: UP045
    workers: Annotated[int | None, typer.Option(help="Child processes; 0: all in this process.")] = None,
    code: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="CODE", help="Only of these codes (RL102,RL14*)."),
    ] = None,
    severity: Annotated[str, typer.Option(help="At least so severe: error, warning or info.")] = "warning",
    format: Annotated[str, typer.Option(help="text, json, github (commands of its runner) or sarif.")] = "text",  # noqa: A002
    fail_on: Annotated[
        str, typer.Option(help="Exit 1 if there is one of this severity: error, warning, never.")
    ] = "error",
) -> int:
    """Say what is wrong in files of SQL: compiled and linked in memory, with all of their project around them. Needs no graph and
    writes none."""
    from ray_lineage.query.diagnostics import SEVERITIES, Ignored, Stored, chosen
    from ray_lineage.runtime.check import check as run

    check_word("--severity", severity, SEVERITIES)
    check_word("--format", format, FORMATS)
    check_word("--fail-on", fail_on, ("error", "warning", "never"))
    codes = codes_of(code or ())
    piped = paths == ["-"]
    if not piped and "-" in (paths or ()):
        raise UsageError(
            "RL203", "- is SQL from standard input, and stands alone", where="PATH", help="give - or paths"
        )
    loaded = settings(reads=[] if piped else paths or (), root=root, dialect=dialect, ingest_workers=workers).settings
    text = _given(loaded) if piped else None
    with sentry_of(loaded):
        done = run(loaded, [] if piped else paths or [], text)
    found = chosen((Stored("", f) for f in done.found), Ignored(()), codes=codes, least=severity)
    print_found(found, format)
    if format == "text" and not Globals.quiet:
        _conclude(done, len(found), len(done.found) - len(found) if not code else 0)
    return exit_code(found, fail_on)


def _conclude(done: Checked, said: int, less: int) -> None:
    import sys

    around = f" of {done.files:,}" if done.files > done.looked_at else ""
    text = f"{counting(done.looked_at, 'file')}{around} checked, {counting(said, 'diagnostic')}"
    text += f"; {less:,} less severe: --severity info" if less else ""
    sys.stderr.write(styled(text, "yellow" if said else "green", stderr=True) + "\n")


def _given(loaded: Settings) -> Text:
    """The text of standard input, compiled within the limits of a file."""
    import sys

    from ray_lineage.compile import CompileOptions
    from ray_lineage.killable import Killed, killable
    from ray_lineage.model import Diagnostic, FileFacts, encode_facts
    from ray_lineage.runtime.check import Text
    from ray_lineage.runtime.parse import compile_bytes, soft_seconds

    data = sys.stdin.buffer.read(loaded.max_file_size + 1)
    if len(data) > loaded.max_file_size:
        raise UsageError("RL203", f"the text is larger than max_file_size ({loaded.max_file_size:,} bytes)", where="-",
                         help="raise it to read it")  # fmt: skip
    options = CompileOptions(loaded.dialect, "", loaded.default_schema, formats=("sql",))
    seconds = soft_seconds(len(data))
    try:
        facts = killable(lambda: encode_facts(compile_bytes(data, options).facts), seconds)
    except Killed:
        found = Diagnostic("RL190", "error", f"it was given up after {seconds:.0f} s of work. Split the text")
        facts = encode_facts(FileFacts("", "failed", diagnostics=(found,)))
    return Text("-", facts)
