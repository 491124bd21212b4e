"""The commands by name, and a group that imports one when it is called: a query pays for itself alone.

Typer converts every parameter by pydantic, whose import takes a tenth of a second. Most have no need of that: they were not
given, are text, or have their type already.
"""

from __future__ import annotations

from importlib import import_module
from inspect import cleandoc
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS: Final = {
    "ingest": "ingest", "watch": "watch", "upstream": "lineage", "downstream": "lineage", "find": "find", "show": "show",
    "why": "why", "path": "why", "unused": "find", "sql": "ask", "mcp": "mcp", "explain": "explain", "stats": "stats",
    "status": "status", "flush": "status", "failures": "status", "parse": "parse", "organize": "organize",
    "dialects": "parse", "verify": "verify", "export": "export", "view": "view", "doctor": "doctor",
    "trust": "trust", "untrust": "trust", "diagnostics": "findings", "check": "check", "diff": "diff",
    "impact": "diff",
}  # fmt: skip
"""Each is the function of that name in a module of ``ray_lineage.cli``."""
GROUPS: Final = ("cache", "catalog", "config", "projects")
"""Each is the ``app`` of a module of that name."""


class _ConvertsLate:
    """Of a command: its parameters are converted by :class:`_Late`."""

    def get_params(self, ctx: Any) -> list[Any]:
        """All of them, ``--help`` and what Typer added later included."""
        found: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in found:
            if not isinstance(parameter._runtime_param, _Late):
                parameter._runtime_param = _Late(parameter.type_descriptor)
        return found


class Command(_ConvertsLate, TyperCommand):
    """A command of ours."""


class Group(_ConvertsLate, TyperGroup):
    """A group of commands of ours."""


class AllCommands(Group):
    """Knows the names of all commands, and imports one when it is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = dict.fromkeys((*COMMANDS, *GROUPS))  # None: not imported

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """None if there is no such command."""
        if cmd_name in self.commands and self.commands[cmd_name] is None:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """By what they say of themselves: making all their parameters would cost more than all the rest of ``--help``."""
        Group(commands={name: _outline(name) for name in self.commands}).format_commands(ctx, formatter)


def _outline(name: str) -> Any:
    module = _module(name)
    says = module.app.info.help if name in GROUPS else cleandoc(getattr(module, name).__doc__ or "")
    return Command(name, help=says)


def _module(name: str) -> Any:
    return import_module(f"ray_lineage.cli.{COMMANDS.get(name, name)}")


def _load(name: str) -> Any:
    module = _module(name)
    if name in GROUPS:
        group = typer.main.get_command(module.app)
        group.name = name
        return group
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, cls=Command)(getattr(module, name))
    return typer.main.get_command(app)


class _Late:
    """Stands where Typer keeps a parameter's converter, and makes the real one when a value needs it."""

    def __init__(self, descriptor: Any) -> None:
        self._descriptor = descriptor

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as the command's function takes it. Raises BadParameter."""
        kind = self._descriptor.annotation
        if value is None or value == ():
            return () if param.multiple or param.nargs == -1 else None
        if type(value) is kind:
            return value
        if kind == list[str] and isinstance(value, tuple):
            return list(value)
        if kind is int and (number := _counted(value, self._descriptor.parameter_info)) is not None:
            return number
        from typer._coercion import build_runtime_param

        return build_runtime_param(self._descriptor).coerce(value, param=param, ctx=ctx)


def _counted(value: Any, bounds: Any) -> int | None:
    """A number that is plainly one and within its bounds; None for what is worth an error."""
    if not isinstance(value, str) or not value.isdecimal():
        return None
    number = int(value)
    return number if (bounds.min or 0) <= number and (bounds.max is None or number <= bounds.max) else None
