"""What all commands share: the global flags, the settings, and how errors and JSON are printed."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final, TextIO, cast

import typer

from ray_lineage import logs
from ray_lineage.errors import RayLineageError, UsageError

if TYPE_CHECKING:
    from ray_lineage.settings import Loaded, Settings


Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH...", help="Folders (or files) with SQL; default: all of the project around here."),
]
Root = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="What paths in the graph are relative to; default: the settings file's folder, "
                 "what the graph knows, the repository, PATH."),
]  # fmt: skip
WholeProject = Annotated[
    bool, typer.Option("--whole-project", help="PATH is all of the project: what the graph has of other folders goes.")
]


class Globals:
    """Values of the global flags, and whether the process is this command's alone."""

    owns_process = False
    config_file: str | None = None
    project: str | None = None
    store: str | None = None
    quiet = False
    verbose = 0
    no_progress = False
    log_format: str | None = None
    allow_unencrypted = False

    @classmethod
    def set(
        cls,
        *,
        config_file: str | None,
        project: str | None,
        store: str | None,
        quiet: bool,
        verbose: int,
        no_progress: bool,
        log_format: str | None,
        allow_unencrypted: bool,
    ) -> None:
        """Remember the flags of this invocation."""
        cls.config_file, cls.project, cls.store = config_file, project, store
        cls.quiet, cls.verbose, cls.no_progress, cls.log_format = quiet, verbose, no_progress, log_format
        cls.allow_unencrypted = allow_unencrypted

    @classmethod
    def level(cls) -> int:
        """Log lines of this level and above are written."""
        return logging.ERROR if cls.quiet else (logging.INFO if cls.verbose else logging.WARNING)


def sentry_of(settings: Settings) -> contextlib.AbstractContextManager[None]:
    """Who watches over a command that does everything itself; nobody, where workers can be ended, or where the process is not
    ours to leave behind."""
    if settings.ingest_workers or not Globals.owns_process:
        return contextlib.nullcontext()
    from ray_lineage.runtime.sentry import watched_over

    return watched_over()


def settings(*, reads: Sequence[str] = (), **flags: Any) -> Loaded:
    """Effective settings of this invocation; log lines are written as they say. ``reads``: what is about to be read.

    Raises SettingsError.
    """
    from ray_lineage.settings import load_settings

    given = {
        "project": Globals.project, "store": Globals.store, "log_format": Globals.log_format,
        "allow_unencrypted": Globals.allow_unencrypted or None, **flags,
    }  # fmt: skip
    loaded = load_settings(given, config=Globals.config_file, reads=reads)
    logs.configure_for(loaded.settings, Globals.level())
    for note in loaded.notes:
        logging.getLogger("ray_lineage.settings").warning("%s", note)
    return loaded


def local_settings() -> Settings:
    """Settings of a command that believes what it finds in the data folder. Raises SettingsError; UsageError (RL252) if that
    folder came with a repository."""
    from ray_lineage.ownfolder import own_folder

    loaded = settings().settings
    with contextlib.suppress(FileNotFoundError):
        own_folder(loaded.data_dir, create=False).close()
    return loaded


def invocation() -> str:
    """How this command was called, with the flags that say which graph: for a next one that is to be copied."""
    import shlex
    import shutil

    called = sys.argv[0]
    if os.path.basename(called) != "ray_lineage":  # python -m
        python = os.path.basename(sys.executable)
        words = [python if shutil.which(python) == sys.executable else sys.executable, "-m", "ray_lineage"]
    else:
        words = ["ray_lineage" if shutil.which("ray_lineage") else os.path.relpath(called)]
    for flag, value in (("--config", Globals.config_file), ("--project", Globals.project), ("--store", Globals.store)):
        words += [flag, logs.redact(value)] if value else []
    return shlex.join(words)


def pasted(text: str) -> str:
    """A text whose commands (`` `ray_lineage ...` ``) are called as this one was, so that they can be copied."""
    return text.replace("`ray_lineage ", f"`{invocation()} ") if "`ray_lineage " in text else text


def check_writable(path: Path, flag: str) -> None:
    """Before the work is done whose result is to be written there. Raises UsageError (RL203)."""
    folder = path.absolute().parent
    why = ""
    if str(path) == "-":
        why = "it is no name of a file"
    elif path.is_dir():
        why = "it is a folder"
    elif not folder.is_dir():
        why = f"there is no folder {folder}"
    elif not os.access(path if path.exists() else folder, os.W_OK):
        why = "permission denied"
    if why:
        raise UsageError("RL203", f"cannot write {path}: {why}", where=flag, help="give a path that can be written")


def check_word(flag: str, value: str, known: tuple[str, ...]) -> str:
    """The value of a flag that takes one of some words. Raises UsageError (RL203) if it is none of them."""
    if value not in known:
        raise UsageError("RL203", f"{flag} {value}: there is no such one", help=f"use one of {', '.join(known)}")
    return value


def visible(text: object) -> str:
    """Text for a terminal, as one line: control and direction characters are shown, not obeyed; secrets are starred."""
    return logs.one_line(logs.star(str(text)))


_STYLES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def styled(text: object, style: str = "", *, stderr: bool = False) -> str:
    """The text as :func:`visible` shows it, in a style (words of ``_STYLES``) where there is a terminal for it."""
    shown = visible(text)
    if not style or not _colour(sys.stderr if stderr else sys.stdout):
        return shown
    return f"\033[{';'.join(_STYLES[word] for word in style.split())}m{shown}\033[0m"


def write_line(*parts: str) -> None:
    """A line on stdout: whole, however narrow the terminal is."""
    sys.stdout.write("".join(parts) + "\n")


def write_table(rows: Sequence[Sequence[object]], headings: Sequence[str] = ()) -> None:
    """Columns one under another, two spaces between them; the last one is as long as it is."""
    shown = [[visible(cell) for cell in row] for row in rows]
    titled = [list(headings), *shown] if headings else shown
    widths = [max(map(cells, column)) for column in zip(*titled, strict=True)]
    for number, row in enumerate(titled):
        padded = [cell + " " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)]
        write_line(styled("  ".join(padded).rstrip(), "bold" if headings and not number else ""))


@lru_cache(maxsize=8_192)  # guides and names come again and again
def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def print_json(value: Any) -> None:
    """One JSON object (or list) on stdout."""
    import msgspec

    _write_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_json_line(value: Any) -> None:
    """One JSON object on one line of stdout."""
    import msgspec

    _write_json(msgspec.json.encode(value).decode())


def print_json_rows(rows: Iterable[Any]) -> None:
    """A JSON list on stdout, one row a line, each written before the next is asked for."""
    import msgspec

    before = "[\n"
    for row in rows:
        sys.stdout.write(before + logs.one_json(logs.star(msgspec.json.encode(row).decode())))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")
    sys.stdout.flush()


def _write_json(text: str) -> None:
    sys.stdout.write(logs.one_json(logs.star(text)) + "\n")
    sys.stdout.flush()


def print_error(error: RayLineageError) -> None:
    """``error[RL203]: message`` / ``  --> where`` / ``  help: what to do``, on stderr."""
    code = styled(f"error[{error.code}]", "bold red", stderr=True)
    first, *more = logs.redact(error.message).splitlines() or [""]
    lines = [code + styled(f": {first}", "bold", stderr=True), *(f"  {visible(line)}" for line in more)]
    if error.where:
        lines.append(f"  --> {visible(logs.redact(error.where))}")
    if error.help:
        lines.append(f"  help: {visible(logs.redact(pasted(error.help)))}")
    sys.stderr.write("\n".join(lines) + "\n")


def is_coloured() -> bool:
    """Is standard output a terminal that wants escapes?"""
    return _colour(sys.stdout)


def _colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def console(*, stderr: bool = False) -> Any:
    """A rich console, for what is drawn over and over; it obeys NO_COLOR and keeps plain text plain off a terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, soft_wrap=not stream.isatty(), width=None if stream.isatty() else 250)


@contextlib.contextmanager
def writable(output: str | None) -> Iterator[None]:
    """What the system refuses, in words. Raises UsageError (RL203)."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        text = f"cannot write {output or 'to stdout'}: {error.strerror or error}"
        raise UsageError("RL203", text, where="--output", help="give a path that can be written") from None


class _Harmless:
    """Standard output, on which names from repositories are escaped as JSON may, so that no terminal or CI runner obeys them."""

    def write(self, line: bytes) -> int:
        """One or more whole lines."""
        return sys.stdout.buffer.write(logs.one_json(line.decode()).encode())


@contextlib.contextmanager
def sink(output: str | None) -> Iterator[IO[bytes]]:
    """Of lines of JSON: the file, which appears when it is whole; or stdout. Pipes and devices are written to as they are, and a
    link stays one: to put a file in their place is what nobody means."""
    if output is None:
        yield cast(IO[bytes], _Harmless())
        sys.stdout.buffer.flush()
        return
    if os.path.exists(output) and not os.path.isfile(output):
        with open(output, "wb") as file:
            yield file
        return
    place = os.path.realpath(output)
    partial = f"{place}.{os.getpid()}"
    try:
        with open(partial, "wb") as file:
            yield file
        os.replace(partial, place)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
