"""The ``ray_lineage`` command: its groups, its global flags, and how faults become messages and exit codes."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import sys
import threading
from typing import Annotated, Final, Optional

import typer

from ray_lineage import __version__, logs
from ray_lineage.cli.commands import AllCommands
from ray_lineage.cli.output import Globals, print_error
from ray_lineage.errors import ExitCode, Interrupted, RayLineageError

app = typer.Typer(
    name="ray_lineage",
    cls=AllCommands,
    help="Know, for every column in your SQL, where it comes from and what depends on it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich costs 200 ms of every --help
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"ray_lineage {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    config_file: Annotated[Optional[str], typer.Option("--config", metavar="FILE", help="Settings file.")] = None,  # noqa: UP045
    project: Annotated[Optional[str], typer.Option(help="Name of the project in the graph.")] = None,  # noqa: UP045
    store: Annotated[
        str | None, typer.Option(metavar="URI", help="Path of the embedded graph, or neo4j://host.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="More; twice: tracebacks.")] = 0,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="No progress display.")] = False,
    log_format: Annotated[Optional[str], typer.Option(help="Log lines as text or json.")] = None,  # noqa: UP045
    allow_unencrypted: Annotated[
        bool, typer.Option("--allow-unencrypted", help="Reach a Neo4j server on another machine without encryption.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    Globals.set(
        config_file=config_file,
        project=project,
        store=store,
        quiet=quiet,
        verbose=verbose,
        no_progress=no_progress,
        log_format=log_format,
        allow_unencrypted=allow_unencrypted,
    )


_WITH_VALUE = frozenset({"--config", "--project", "--store", "--log-format"})
_ALONE = frozenset({"-q", "--quiet", "-v", "-vv", "--verbose", "--no-progress", "--allow-unencrypted"})


def _globals_first(arguments: list[str]) -> list[str]:
    """Global flags may stand after the verb: move them to the front."""
    front: list[str] = []
    rest: list[str] = []
    i = 0
    while i < len(arguments):
        word = arguments[i]
        if word == "--":
            rest.extend(arguments[i:])
            break
        if word in _WITH_VALUE and i + 1 < len(arguments):
            front.extend(arguments[i : i + 2])
            i += 2
            continue
        if word in _ALONE or word.partition("=")[0] in _WITH_VALUE:
            front.append(word)
        else:
            rest.append(word)
        i += 1
    return front + rest


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code (see ``errors.ExitCode``)."""
    _complete_streams()
    given = sys.argv[1:] if arguments is None else arguments
    Globals.owns_process = arguments is None
    ended: list[int] = []
    if arguments is None:
        atexit.register(_leave, ended)  # before all others, so that it comes after them
    code = _run(_globals_first(list(given)))
    ended.append(code)
    if arguments is None:
        _end_process(code)
    sys.exit(code)


def _complete_streams() -> None:
    """What starts commands may have closed their standard streams (cron, daemons): nobody reads them then."""
    for name, descriptor, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != descriptor:
                os.dup2(handle, descriptor)
                os.close(handle)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _end_process(code: int) -> None:
    """At once, where a store that does not answer or a Ray that has lost its head would be waited for."""
    ray = sys.modules.get("ray_lineage.runtime.cluster")
    others = [t for t in threading.enumerate() if not t.daemon and t is not threading.main_thread()]
    if others or (ray is not None and ray.is_lost()):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _leave(code: list[int]) -> None:
    """When all is done that is to be done at the end: Python would free every object, which takes 0.2 s after a large run. What
    cannot be written out is left for it to tell of."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
        if code:
            os._exit(code[0])


def _run(arguments: list[str]) -> int:
    try:
        result = app(args=arguments, prog_name="ray_lineage", standalone_mode=False)
        return int(result) if isinstance(result, int) else 0
    except typer.Exit as stop:
        return int(stop.exit_code)
    except RayLineageError as error:
        print_error(error)
        _trace()
        return int(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        print_error(Interrupted(2))
        return int(ExitCode.INTERRUPTED)
    except (BrokenPipeError, SystemExit):
        # the reader of our output went away (SystemExit is what Typer makes of that): nothing is wrong, and flushing at exit
        # must not say so
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        refused = refusal(error) if isinstance(error, OSError) else None
        if refused is None:
            return _unexpected(error)
        print_error(refused)
        _trace()
        return int(refused.exit_code)


_REFUSALS: Final = {
    errno.EACCES: "may this user read and write it?",
    errno.EPERM: "may this user read and write it?",
    errno.EISDIR: "a folder lies where a file of ours belongs: take it away",
    errno.EROFS: "its file system can only be read; name another place",
    errno.ENOSPC: "free some space there, and run again",
    errno.EDQUOT: "free some space there, and run again",
    errno.EIO: "is that disk damaged, or away?",
    errno.ESTALE: "is that file system mounted?",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
    errno.ENFILE: "close other programs: the system has no more open files to give",
}


def refusal(error: OSError) -> RayLineageError | None:
    """What is said where the system refuses a file; None for what is rather our fault. Pure."""
    hint = _REFUSALS.get(error.errno or 0)
    if hint is None:
        return None
    place = error.filename2 or error.filename
    named = f"{os.fsdecode(place)}: " if isinstance(place, str | bytes) else ""
    return RayLineageError("RL298", f"{named}{error.strerror}", help=hint)


def _unexpected(error: Exception) -> int:
    show = getattr(error, "show", None)  # typer's own copy of click raises usage errors
    if callable(show) and hasattr(error, "exit_code"):
        show()
        return int(ExitCode.USAGE)
    import tempfile
    import traceback

    handle, path = tempfile.mkstemp(prefix="ray_lineage-report-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(f"ray_lineage {__version__}, Python {sys.version}\n\n")
        out.write(logs.redact(traceback.format_exc()))
    print_error(
        RayLineageError(
            "RL299",
            f"a fault of ray_lineage: {type(error).__name__}: {error}",
            help=f"please report it; details are in {path}",
        )
    )
    _trace()
    return int(ExitCode.BUG)


def _trace() -> None:
    """With ``-vv``: where the error being handled comes from."""
    if Globals.verbose > 1:
        import traceback

        lines = logs.redact(traceback.format_exc()).split("\n")
        sys.stderr.write("\n".join(map(logs.one_line, lines)))
