"""What all commands share: the global flags, the settings, and how errors and JSON are printed."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from ray_lineage import logs
from ray_lineage.errors import RayLineageError

if TYPE_CHECKING:
    from ray_lineage.settings import Loaded


class Globals:
    """Values of the global flags."""

    config_file: str | None = None
    project: str | None = None
    store: str | None = None
    quiet = False
    verbose = 0
    no_progress = False
    log_format: str | None = None

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
    ) -> None:
        """Remember the flags of this invocation."""
        cls.config_file, cls.project, cls.store = config_file, project, store
        cls.quiet, cls.verbose, cls.no_progress, cls.log_format = quiet, verbose, no_progress, log_format

    @classmethod
    def level(cls) -> int:
        """Log lines of this level and above are written."""
        return logging.ERROR if cls.quiet else (logging.INFO if cls.verbose else logging.WARNING)


def settings(**flags: Any) -> Loaded:
    """Effective settings of this invocation; log lines are written as they say. Raises SettingsError."""
    from ray_lineage.settings import load_settings

    given = {"project": Globals.project, "store": Globals.store, "log_format": Globals.log_format, **flags}
    loaded = load_settings(given, config=Globals.config_file)
    logs.configure_for(loaded.settings, Globals.level())
    return loaded


def visible(text: object) -> str:
    """Text for a terminal: control and direction characters are shown, not obeyed."""
    plain = str(text)
    if plain.isprintable():
        return plain
    return "".join(
        c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in plain
    )


def print_json(value: Any) -> None:
    """One JSON object (or list) on stdout."""
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
    sys.stdout.flush()


def print_error(error: RayLineageError) -> None:
    """``error[RL203]: message`` / ``  --> where`` / ``  help: what to do``, on stderr."""
    bold, red, off = ("\033[1m", "\033[31m", "\033[0m") if _colour() else ("", "", "")
    lines = [f"{red}{bold}error[{error.code}]{off}{bold}: {visible(logs.redact(error.message))}{off}"]
    if error.where:
        lines.append(f"  --> {visible(logs.redact(error.where))}")
    if error.help:
        lines.append(f"  help: {visible(logs.redact(error.help))}")
    sys.stderr.write("\n".join(lines) + "\n")


def _colour() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def console(*, stderr: bool = False) -> Any:
    """A rich console that obeys NO_COLOR and keeps plain text plain when not on a terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, soft_wrap=not stream.isatty(), width=None if stream.isatty() else 250)
