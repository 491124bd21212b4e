"""The reference pages, made from the code: ``python -m ray_lineage.cli.reference FOLDER`` writes ``commands.md`` and
``settings.md`` there; a test holds ``docs/reference`` and the code together."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from ray_lineage.settings import FolderRule, Settings, model
from ray_lineage.settings.trust import LIMITS, READING

_MACHINE: Final = ("ingest_workers",)
"""Their defaults depend on the machine."""


def main(arguments: list[str]) -> int:
    """Write the pages; 2 without a folder."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m ray_lineage.cli.reference FOLDER\n")
        return 2
    for name, text in pages().items():
        Path(arguments[0], name).write_text(text, "utf-8")
    return 0


def pages() -> dict[str, str]:
    """Texts of the pages, by file name."""
    return {"commands.md": commands(), "settings.md": settings()}


# --------------------------------------------------------------------------- commands


def commands() -> str:
    """Every command with its arguments and options."""
    import typer

    from ray_lineage.cli.main import app  # all commands, of which the settings have no need

    root = typer.main.get_command(app)
    context = root.make_context("ray_lineage", [], resilient_parsing=True)
    parts = ["# Commands\n", "Options that stand before the command, for all of them:\n", _options(root, context)]
    for names, command in _commands(root, context, ()):
        path = " ".join(("ray_lineage", *names))
        usage = " ".join(command.collect_usage_pieces(_context(command)))
        parts += [
            f"## {' '.join(names)}\n",
            f"```\n{path} {usage}\n```\n",
            _prose(command.help or ""),
            _options(command, context),
        ]
    return "\n".join(part for part in parts if part)


def _context(command: Any) -> Any:
    return command.make_context(command.name, [], resilient_parsing=True)


def _commands(group: Any, context: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from _commands(command, context, (*above, name))
        elif not command.hidden:
            yield (*above, name), command


def _options(command: Any, context: Any) -> str:
    rows = [_row(p) for p in command.get_params(context) if not getattr(p, "hidden", False) and p.name != "help"]
    return "| | |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        names = ", ".join(f"`{n}`" for n in (*parameter.opts, *parameter.secondary_opts))
    else:
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    return f"| {names} | {_cell(parameter.help or '')} |"


# --------------------------------------------------------------------------- settings


def settings() -> str:
    """Every setting: what it is, its default, and who may say it."""
    rule = [f"| `{name}` | {text} |" for name, text in _says(FolderRule).items() if not name.startswith("_")]
    rows = [_setting(f.name, _default(f), _says(Settings)[f.name]) for f in fields(Settings) if f.name != "written"]
    return "\n".join(
        (
            "# Settings\n",
            "Flags, then the environment (`RAY_LINEAGE_<NAME>`), then `ray_lineage.toml`, then `[tool.ray_lineage]` of",
            "`pyproject.toml`, then defaults. `ray_lineage config show` says what holds, and why. *Who* is who may say it: a settings",
            "file that came with a `repository`, one that may only `lower` it, or only its `user` ([security](../security.md)).\n",
            "| setting | default | who | |\n|---|---|---|---|",
            *rows,
            "\n## `[[folders]]`\n",
            "| key | |\n|---|---|",
            *rule,
            "",
        )
    )


def _setting(name: str, default: str, says: str) -> str:
    who = "repository" if name in READING else "lower" if name in LIMITS else "user"
    return f"| `{name}` | {default} | {who} | {says} |"


def _default(field: Any) -> str:
    if field.name in _MACHINE:
        return "cores, at most 4"
    value = field.default if field.default is not MISSING else field.default_factory()
    return "-" if value in ("", None, (), {}) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _says(kind: type) -> dict[str, str]:
    """The docstrings behind the fields of a class of :mod:`ray_lineage.settings.model`."""
    found: dict[str, str] = {}
    body = next(
        n.body
        for n in ast.parse(inspect.getsource(model)).body
        if isinstance(n, ast.ClassDef) and n.name == kind.__name__
    )
    for field, after in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            found[field.target.id] = _cell(str(after.value.value)) if said else ""  # type: ignore[attr-defined]
    return found


# --------------------------------------------------------------------------- text


def _prose(text: str) -> str:
    """Paragraphs of a help text, as Markdown."""
    return re.sub(r"\n?\x08\n?", "\n", inspect.cleandoc(text)) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
