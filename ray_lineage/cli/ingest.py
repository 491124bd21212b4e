"""``ray_lineage ingest``."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ray_lineage.cli.output import (
    Globals,
    Paths,
    Root,
    WholeProject,
    check_writable,
    invocation,
    pasted,
    print_json,
    sentry_of,
    settings,
    styled,
    visible,
    write_line,
)
from ray_lineage.cli.progress import Display
from ray_lineage.counting import counting
from ray_lineage.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from ray_lineage.runtime.cradle import Cradle
    from ray_lineage.runtime.summary import IngestSummary
    from ray_lineage.settings import Settings

_SHOWN_FINDINGS = 8
_SHOWN_RULES = 5


def ingest(
    paths: Paths = None,
    root: Root = None,
    whole_project: WholeProject = False,
    executor: Annotated[Optional[str], typer.Option(help="auto, local or ray.")] = None,  # noqa: UP045
    workers: Annotated[
        int | None, typer.Option(help="Child processes, or parse actors on Ray; 0: all in this process.")
    ] = None,
    ray_address: Annotated[Optional[str], typer.Option(help="A running Ray cluster.")] = None,  # noqa: UP045
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="With --executor ray: start a Ray of its own with its dashboard.")
    ] = False,
    source: Annotated[
        str | None, typer.Option(help="On a cluster: auto, shared (workers read the files) or ship (they are sent).")
    ] = None,
    dialect: Annotated[Optional[str], typer.Option(help="Dialect of all files that no folder rule speaks for.")] = None,  # noqa: UP045
    batch_size: Annotated[Optional[int], typer.Option(help="Rows of one Neo4j transaction.")] = None,  # noqa: UP045
    max_delete_percent: Annotated[
        int | None, typer.Option(help="Share of a project's files that may vanish at once.")
    ] = None,
    min_workers: Annotated[int | None, typer.Option(help="The pool never shrinks below.")] = None,
    max_workers: Annotated[int | None, typer.Option(help="The pool never grows above.")] = None,
    metrics_port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Without Ray: serve metrics for Prometheus on 127.0.0.1.")
    ] = None,
    priority: Annotated[Optional[str], typer.Option(help="critical, normal or batch.")] = None,  # noqa: UP045
    retry_quarantined: Annotated[
        bool, typer.Option("--retry-quarantined", help="Read files again that failed or were set aside.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Write every file again.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the parse cache.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, write nothing.")] = False,
    fail_on: Annotated[
        str, typer.Option(help="Exit 1 for diagnostics of this severity: error, warning or never.")
    ] = "never",
    report: Annotated[Optional[Path], typer.Option(help="Write the summary as JSON to this file.")] = None,  # noqa: UP045
    diagnostics: Annotated[
        Path | None, typer.Option(help="Write the diagnostics to this file: .sarif, .json, else text.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> int:
    """Read the SQL below PATH and bring the graph up to date: what is new, what changed, what is gone.

    A PATH inside a known project is a part of it: the rest of the project stays as it is.
    """
    if fail_on not in ("error", "warning", "never"):
        raise UsageError("RL203", f"--fail-on {fail_on}: not a severity", help="use error, warning or never")
    for flag, path in (("--report", report), ("--diagnostics", diagnostics)):
        if path is not None:
            check_writable(path, flag)
    loaded = settings(
        reads=paths or (),
        root=root,
        executor=executor, ingest_workers=workers, ray_address=ray_address, dashboard=dashboard or None, source=source, dialect=dialect, batch_size=batch_size,
        min_workers=min_workers, max_workers=max_workers, priority=priority, max_delete_percent=max_delete_percent, metrics_port=metrics_port, enable_parse_cache=False if no_cache else None,
    )  # fmt: skip
    with sentry_of(loaded.settings), _begun(loaded.settings) as cradle, _display() as display:
        from ray_lineage.runtime.ingest import ingest as run

        summary = run(
            loaded.settings,
            paths or (),
            progress=display.update,
            full=full,
            dry_run=dry_run,
            retry=retry_quarantined,
            whole=whole_project,
            cradle=cradle,
        )
    if report is not None:
        _write(report, summary)
    if diagnostics is not None:
        from ray_lineage.cli.diagnostics import write_diagnostics

        write_diagnostics(diagnostics, summary.findings)
    if as_json:
        print_json(summary)
    elif not Globals.quiet:
        _show(summary)
    return _exit_code(summary, fail_on)


def _exit_code(summary: IngestSummary, fail_on: str) -> int:
    errors, warnings = summary.severities.get("error", 0), summary.severities.get("warning", 0)
    found = (fail_on == "error" and errors) or (fail_on == "warning" and errors + warnings)
    return int(ExitCode.FINDINGS) if found or summary.dead_letters else int(ExitCode.OK)


def _write(path: Path, summary: IngestSummary) -> None:
    import msgspec

    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
    except OSError as error:
        raise UsageError(
            "RL203", f"cannot write {path}: {error.strerror}", where="--report", help="give a path that can be written"
        ) from None


@contextlib.contextmanager
def _begun(settings: Settings) -> Iterator[Cradle | None]:
    """Where workers come from, begun before the rest is loaded: in a first load they are needed in any case."""
    from ray_lineage.graph.open import is_new
    from ray_lineage.runtime.cradle import Cradle

    local = settings.ingest_workers > 0 and settings.executor != "ray"
    cradle = Cradle() if local and is_new(settings) else None
    try:
        yield cradle
    finally:
        if cradle is not None:
            cradle.close()


def _display() -> Display:
    return Display(hidden=Globals.quiet or Globals.no_progress)


def _line(name: str, text: str, style: str = "") -> None:
    write_line(styled(f"{name:<12}", "bold"), styled(text, style))


def _show(summary: IngestSummary) -> None:
    if summary.files or summary.removed:
        _show_work(summary)
    else:
        write_line(styled(f"{summary.project}: nothing was ingested", "bold yellow"))
    parts = (f"of it {os.path.relpath(part, summary.root)}" for part in summary.parts)
    _line("root", ", ".join([summary.root, *parts]))
    if summary.store:
        _line("store", summary.store)
    if summary.diagnostics:
        _show_diagnostics(summary)
    if summary.dead_letters:
        text = f"{summary.dead_letters:,} files could not be written; they are in failed_ingestion.jsonl and tried again next time"
        _line("failed", text, "red")
    for note in summary.notes:
        _line("note", pasted(note), "yellow")
    if summary.example:
        _line("try", f"{invocation()} upstream {shlex.quote(summary.example)}", "cyan")


def _show_work(summary: IngestSummary) -> None:
    same = summary.unchanged == summary.files and not summary.removed
    done = "unchanged" if same else "looked at" if summary.dry_run else "ingested"
    head = f"{summary.project}: {counting(summary.files, 'file')} {done} in {summary.seconds:.2f} s"
    write_line(styled(head, "bold green"))
    _line("files", _files(summary))
    if len(summary.read_as) > 1:
        counted = ", ".join(f"{n:,} {d or 'without a dialect'}" for d, n in summary.read_as.items())
        _line("read as", f"{counted}; where that is wrong, settings say so:")
        for folder, dialect in summary.folder_rules[:_SHOWN_RULES]:
            write_line(styled(f'  [[folders]]  path = "{visible(folder)}"  dialect = "{dialect}"', "dim"))
    counts = (
        counting(summary.statements, "statement"),
        counting(summary.datasets, "dataset"),
        counting(summary.columns, "column"),
        counting(summary.edges, "column edge"),
    )
    _line("graph", ", ".join(counts) + ("; left as it was" if summary.dry_run else ""))
    hits = summary.cache_hits + summary.cache_misses
    rate = f"{100 * summary.cache_hits / hits:.0f} % of {hits:,} from the cache" if hits else "nothing to look up"
    _line(
        "speed",
        f"{summary.files_per_second:,.0f} files/s, {rate}, {summary.rows_written:,} rows written, {_executor(summary)}",
    )


def _show_diagnostics(summary: IngestSummary) -> None:
    counted = ", ".join(
        f"{n:,} {s}{'s' if n > 1 and s != 'info' else ''}" for s, n in sorted(summary.severities.items())
    )
    codes = ", ".join(f"{c} x{n}" for c, n in sorted(summary.diagnostics.items(), key=lambda i: -i[1])[:8])
    _line("diagnostics", f"{counted} ({codes})")
    shown = [f for f in summary.findings if f.severity != "info"][:_SHOWN_FINDINGS]
    for finding in shown:
        style = "red" if finding.severity == "error" else "yellow"
        place = finding.place
        write_line(styled(f"  {visible(place)}: ", style), styled(f"{finding.code} {finding.message}"))
    if len(summary.findings) > len(shown):
        every = pasted("`ray_lineage diagnostics`")
        write_line(styled(f"  all of them: {every}; in a file: --diagnostics FILE, --json", "dim"))


def _files(summary: IngestSummary) -> str:
    """What became of them: the numbers add up."""
    would = "would be " if summary.dry_run else ""
    statuses = ", ".join(f"{n:,} {s}" for s, n in sorted(summary.by_status.items(), key=lambda i: -i[1]))
    told = (
        f"{summary.files_written:,} {would}written, {summary.unchanged:,} unchanged, {summary.removed:,} {would}removed"
    )
    more = f"{summary.silent:,} more without SQL (Python, JSON...)" if summary.silent else ""
    return "; ".join(filter(None, (statuses, told, more)))


def _executor(summary: IngestSummary) -> str:
    if not summary.workers:
        return "in one process"
    return f"{'on Ray with ' if summary.executor == 'ray' else ''}{counting(summary.workers, 'worker')}"
