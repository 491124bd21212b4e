"""``ray_lineage parse`` and ``ray_lineage dialects``: what is read in one file, without a graph."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import msgspec
import typer

from ray_lineage.api import Lineage
from ray_lineage.cli.output import print_json, settings, visible, write_line, write_table
from ray_lineage.counting import counting
from ray_lineage.errors import ExitCode, UsageError
from ray_lineage.model import UNSEEN, Diagnostic, FileFacts, decode_facts, encode_facts
from ray_lineage.settings import rule_for

if TYPE_CHECKING:
    from ray_lineage.settings import Settings


def parse(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="A file of any format that is read, or - for SQL from standard input."),
    ],
    dialect: Annotated[Optional[str], typer.Option(help="Its dialect; detected without.")] = None,  # noqa: UP045
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Show the statements, lineage and diagnostics of one file. Nothing is stored."""
    from ray_lineage.compile import formats_of, max_size_of
    from ray_lineage.killable import Killed, killable
    from ray_lineage.runtime.parse import soft_seconds

    options = settings(reads=[] if file == "-" else [file], dialect=dialect).settings
    wanted = options.dialect if dialect or file == "-" else _as_ingested(options, file)
    data = _read(file, max_size_of(formats_of(file), options.max_file_size))
    alone = file == "-" or dialect is not None
    try:
        found = killable(lambda: _parsed(file, data, wanted, options, alone=alone), soft_seconds(len(data)))
    except Killed:
        found = _given_up(soft_seconds(len(data)))
    skipped, encoded, lineage = msgspec.msgpack.decode(found, type=tuple[str, bytes, Lineage])
    if skipped:
        raise UsageError("RL203", f"{file} is no SQL text", help=skipped)
    facts = decode_facts(encoded)
    confidence = round(float(facts.confidence), 2)
    print_json(_as_json(file, facts, lineage, confidence)) if as_json else _show(file, facts, lineage, confidence)
    return int(ExitCode.FINDINGS if any(d.severity == "error" for d in facts.diagnostics) else ExitCode.OK)


def _given_up(seconds: float) -> bytes:
    """As :func:`_parsed`."""
    found = Diagnostic("RL190", "error", f"it was given up after {seconds:.0f} s of work. Split the file")
    facts = FileFacts("", "failed", diagnostics=(found,))
    return msgspec.msgpack.encode(("", encode_facts(facts), Lineage([], [], [], [], [found], "")))


def _parsed(file: str, data: bytes, dialect: str, settings: Settings, *, alone: bool) -> bytes:
    """Why it is no text (empty: it is), and encoded facts and lineage of the file, by the format that its name ends in and, if it
    is not ``alone``, by the files around it."""
    from ray_lineage.api import lineage_of
    from ray_lineage.compile import CompileOptions, compile_source, formats_of, reads_bytes
    from ray_lineage.runtime.alone import read_alone
    from ray_lineage.sources.decode import decode

    formats = formats_of(file)
    options = CompileOptions(dialect, model=Path(file).stem if file != "-" else "", formats=formats)
    if reads_bytes(formats):
        facts = compile_source(data, options)
    else:
        decoded = decode(data)
        if decoded.skip:
            return msgspec.msgpack.encode((decoded.diagnostics[0].message, b"", Lineage([], [], [], [], [], "")))
        around = None if alone else read_alone(file, settings, decoded.diagnostics)
        facts = around if around is not None else compile_source(decoded.text, options, decoded.diagnostics)
    return msgspec.msgpack.encode(("", encode_facts(facts), lineage_of(facts)))


def _as_ingested(options: Settings, file: str) -> str:
    """The dialect that the settings say of the file's folder."""
    path = os.path.relpath(os.path.realpath(file), options.root or None)
    return (rule_for(options, path).dialect or "") if not path.startswith("..") else options.dialect


def _read(file: str, most: int) -> bytes:
    try:
        if file == "-":
            found = sys.stdin.buffer.read(most + 1)
        else:
            with Path(file).open("rb") as source:
                found = source.read(most + 1)
    except OSError as error:
        raise UsageError("RL201", f"cannot read {file}: {error.strerror}", help="give a file of SQL, or -") from None
    if len(found) > most:
        raise UsageError(
            "RL203", f"{file} is larger than max_file_size ({most:,} bytes)", help="raise it to read the file"
        )
    return found


def _as_json(file: str, facts: FileFacts, lineage: Lineage, confidence: float) -> dict[str, Any]:
    return {
        "schema": 1,
        "file": file,
        "dialect": facts.dialect,
        "dialect_confidence": confidence,
        "status": facts.status,
        "statements": [
            {
                "kind": s.kind,
                "first_line": s.first_line,
                "last_line": s.last_line,
                "target": ".".join(s.target),
                "procedure": s.procedure,
                "sql": s.sql,
            }
            for s in facts.statements
            if s.kind not in UNSEEN
        ],
        "sources": lineage.sources,
        "targets": lineage.targets,
        "columns": [
            {
                "source": str(c.source),
                "target": str(c.target),
                "transformation": c.transformation,
                "certainty": c.certainty,
                "line": c.line,
            }
            for c in lineage.columns
        ],
        "influences": [{"source": str(i.source), "target": i.target, "how": i.how} for i in lineage.influences],
        "diagnostics": lineage.diagnostics,
    }


def _show(file: str, facts: FileFacts, lineage: Lineage, confidence: float) -> None:
    read = [s for s in facts.statements if s.kind not in UNSEEN]
    write_line(
        f"{visible(file)}: {facts.dialect or 'any dialect'} (confidence {confidence}), {facts.status}, {counting(len(read), 'statement')}"
    )
    _table(("line", "statement", "writes", "in"),
           [(str(s.first_line), s.kind, ".".join(s.target), s.procedure) for s in read])  # fmt: skip
    _table(("line", "from", "to", "how"),
           [(str(c.line), str(c.source), str(c.target), c.transformation + (" ?" if c.certainty == "possible" else ""))
            for c in lineage.columns])  # fmt: skip
    for d in lineage.diagnostics:
        write_line(f"{d.severity} {d.code} line {d.line}: {visible(d.message)}")


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if rows:
        write_line()
        write_table(rows, headings)


def dialects(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False) -> None:
    """The dialects that can be set, per folder or with --dialect."""
    from ray_lineage.dialects import DIALECTS

    if as_json:
        print_json(list(DIALECTS))
        return
    sys.stdout.write("\n".join(DIALECTS) + "\n")
